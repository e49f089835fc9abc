//! What goes wrong, one thing after another.

use std::time::Duration;

use super::proxy::Fault;
use super::stage::Stage;

/// One thing that goes wrong, for a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Nothing,
    /// The link between gateway and engine.
    Link(Fault),
    /// The link between tills and gateway.
    TillLink(Fault),
    /// The engine is stopped (SIGSTOP).
    EngineStopped,
    /// The engine is killed (-KILL) or told to end (-TERM), and starts again.
    EngineEnded(&'static str),
    /// The gateway is stopped.
    GatewayStopped,
    /// The gateway is killed or told to end, and starts again.
    GatewayEnded(&'static str),
    /// The gateway is killed while there is no engine.
    GatewayEndedAlone,
    /// Both are killed.
    BothEnded,
    /// Nothing can be written to the gateway's disk, while there is no engine.
    GatewayDiskFull,
    /// Nothing can be written to the engine's disk.
    EngineDiskFull,
    /// A new revision starts.
    Published,
}

/// Every scenario with its name.
pub(super) fn all() -> Vec<(String, Trouble)> {
    let mut all: Vec<(String, Trouble)> = vec![("nothing".to_owned(), Trouble::Nothing)];
    for ms in [100, 300, 1_000, 2_000, 3_000, 10_000] {
        let late = Duration::from_millis(ms);
        all.push((format!("link late by {ms} ms"), Trouble::Link(Fault::Delay(late))));
        all.push((format!("tills' link late by {ms} ms"), Trouble::TillLink(Fault::Delay(late))));
    }
    for ms in [400, 4_000] {
        let late = Fault::Jitter(Duration::from_millis(ms));
        all.push((format!("link late by 0 to {ms} ms"), Trouble::Link(late)));
        all.push((format!("tills' link late by 0 to {ms} ms"), Trouble::TillLink(late)));
    }
    let faults = [
        ("silent", Fault::Silence),
        ("half open", Fault::HalfOpen),
        ("in drops of 16 bytes", Fault::Drip(16)),
        ("in drops of 200 bytes", Fault::Drip(200)),
        ("resets every connection", Fault::Reset),
        ("resets once", Fault::ResetOnce),
    ];
    for (name, fault) in faults {
        all.push((format!("link {name}"), Trouble::Link(fault)));
        all.push((format!("tills' link {name}"), Trouble::TillLink(fault)));
    }
    let processes = [
        ("engine stopped", Trouble::EngineStopped),
        ("engine killed", Trouble::EngineEnded("-KILL")),
        ("engine restarted", Trouble::EngineEnded("-TERM")),
        ("gateway stopped", Trouble::GatewayStopped),
        ("gateway killed", Trouble::GatewayEnded("-KILL")),
        ("gateway restarted", Trouble::GatewayEnded("-TERM")),
        ("gateway killed without an engine", Trouble::GatewayEndedAlone),
        ("both killed", Trouble::BothEnded),
        ("gateway's disk full without an engine", Trouble::GatewayDiskFull),
        ("engine's disk full", Trouble::EngineDiskFull),
        ("a new revision", Trouble::Published),
    ];
    all.extend(processes.map(|(name, trouble)| (name.to_owned(), trouble)));
    all
}

impl Trouble {
    /// Whether it can be made here.
    pub(super) fn is_possible(self, stage: &Stage) -> bool {
        match self {
            Self::GatewayDiskFull => stage.gateway_disk.is_own,
            Self::EngineDiskFull => stage.engine_disk.is_own,
            Self::Nothing
            | Self::Link(_)
            | Self::TillLink(_)
            | Self::EngineStopped
            | Self::EngineEnded(_)
            | Self::GatewayStopped
            | Self::GatewayEnded(_)
            | Self::GatewayEndedAlone
            | Self::BothEnded
            | Self::Published => true,
        }
    }

    /// Makes it.
    pub(super) fn begin(self, stage: &mut Stage, number: usize) {
        match self {
            Self::Nothing => {}
            Self::Link(fault) => stage.link.set(fault),
            Self::TillLink(fault) => stage.till_link.set(fault),
            Self::EngineStopped => stage.engine.signal("-STOP"),
            Self::EngineEnded(signal) => stage.end_engine(signal),
            Self::GatewayStopped => stage.gateway.signal("-STOP"),
            Self::GatewayEnded(signal) => stage.gateway.signal(signal),
            Self::GatewayEndedAlone => {
                stage.link.set(Fault::Reset);
                stage.gateway.signal("-KILL");
                stage.restart_gateway();
            }
            Self::BothEnded => {
                stage.end_engine("-KILL");
                stage.gateway.signal("-KILL");
            }
            Self::GatewayDiskFull => {
                stage.link.set(Fault::Reset);
                stage.gateway_disk.fill();
            }
            Self::EngineDiskFull => stage.engine_disk.fill(),
            Self::Published => stage.publish(number),
        }
    }

    /// Mends it; the links are mended by whoever waits for the recovery.
    pub(super) fn end(self, stage: &mut Stage) {
        match self {
            Self::Nothing | Self::Link(_) | Self::TillLink(_) | Self::Published => {}
            Self::EngineStopped => stage.engine.signal("-CONT"),
            Self::EngineEnded(_) => stage.restart_engine(),
            Self::GatewayStopped => stage.gateway.signal("-CONT"),
            Self::GatewayEnded(_) => stage.restart_gateway(),
            Self::GatewayEndedAlone => {
                stage.gateway.signal("-KILL");
                stage.restart_gateway();
            }
            Self::BothEnded => {
                stage.restart_engine();
                stage.restart_gateway();
            }
            Self::GatewayDiskFull => stage.gateway_disk.free(),
            Self::EngineDiskFull => {
                stage.engine_disk.free();
                stage.restart_engine();
            }
        }
    }
}

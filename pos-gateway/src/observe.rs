//! What the gateway counts: answers by call and by who made them, how long they took, and what went
//! wrong behind.

use metrics::{counter, histogram};
use tonic::Code;

use crate::call::Call;
use crate::clock::CallClock;

/// Who made an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Maker {
    /// The engine answered.
    Engine,
    /// The engine refused; its error was passed on.
    EngineRefused,
    /// The gateway's last answer.
    Unchanged,
    /// The gateway's error.
    Gateway,
}

/// Counts a call's end.
pub(crate) fn answered(call: Call, maker: Maker, clock: &CallClock) {
    let basis = match maker {
        Maker::Engine => "engine",
        Maker::EngineRefused => "engine_refused",
        Maker::Unchanged => "unchanged",
        Maker::Gateway => "gateway_error",
    };
    counter!("tessera_gateway_answers_total", "call" => call.name(), "basis" => basis).increment(1);
    histogram!("tessera_gateway_answer_seconds", "call" => call.name()).record(clock.taken().as_secs_f64());
}

/// Counts an attempt that failed; `link`: no engine answered at all.
pub(crate) fn attempt_failed(call: Call, code: Code, link: bool) {
    let code = i32::from(code).to_string();
    let link = if link { "true" } else { "false" };
    counter!("tessera_gateway_upstream_errors_total", "call" => call.name(), "code" => code, "link" => link).increment(1);
}

/// Counts a second attempt.
pub(crate) fn repeated(call: Call) {
    counter!("tessera_gateway_repeats_total", "call" => call.name()).increment(1);
}

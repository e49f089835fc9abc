//! Delivers what the spool holds while an engine answers: slowly enough that tills notice nothing, in the order that
//! the spool gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use metrics::counter;
use tessera_contract::Refusal;
use tessera_contract::refusal::{call_error, retry_after};
use tessera_proto::billing::v1::ErrorReason;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tonic::{Code, Status};

use crate::advice::with_route;
use crate::forward::Forwarder;
use crate::limits::{
    DELIVERIES_BESIDE_CALLS_MAX, DELIVERIES_MAX, DELIVERY_MAX, DELIVERY_PAUSE, LOOK_EVERY, QUIET_AFTER, TRIES_MAX,
    TRY_AGAIN_AFTER, UPGRADE_WAIT,
};
use crate::spool::{Spool, Taken};
use crate::upstream::Failed;

mod faults;

use faults::{Faults, Shared};

/// What becomes of an entry after one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The engine has it.
    Delivered,
    /// A repeat would be refused too.
    Park(String),
    /// Its own fault, which may pass.
    TryAgain(String),
    /// The engine's or the link's: the same entry after so long, and every other too.
    Wait(Duration),
    /// Only this entry waits.
    Later(Duration),
}

/// How live calls fare, with and without deliveries beside them: moving averages of engine answers, microseconds.
#[derive(Debug)]
pub(crate) struct Live {
    began: Instant,
    calm_us: AtomicU64,
    now_us: AtomicU64,
    /// When the last one ended, microseconds since `began`.
    last_us: AtomicU64,
    deliveries: AtomicUsize,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            calm_us: AtomicU64::new(0),
            now_us: AtomicU64::new(0),
            last_us: AtomicU64::new(0),
            deliveries: AtomicUsize::new(0),
        }
    }
}

impl Live {
    /// A live call was answered by an engine after so long.
    pub(crate) fn answered(&self, took: Duration) {
        let took_us = micros(took);
        self.last_us.store(micros(self.began.elapsed()), Ordering::Relaxed);
        let average = if self.deliveries.load(Ordering::Relaxed) == 0 { &self.calm_us } else { &self.now_us };
        let before = average.load(Ordering::Relaxed);
        // Lost updates of calls that end together do not matter to an average.
        average.store(if before == 0 { took_us } else { (before * 15 + took_us) / 16 }, Ordering::Relaxed);
    }

    /// A live call had no answer because the engine has too much to do. However soon that was told, it counts as a
    /// whole budget; beside no delivery it says nothing of how fast calls are in calm.
    pub(crate) fn choked(&self, budget: Duration) {
        if self.deliveries.load(Ordering::Relaxed) > 0 {
            self.answered(budget);
        } else {
            self.last_us.store(micros(self.began.elapsed()), Ordering::Relaxed);
        }
    }

    fn tills_call(&self) -> bool {
        let last = self.last_us.load(Ordering::Relaxed);
        last != 0 && micros(self.began.elapsed()).saturating_sub(last) < micros(QUIET_AFTER)
    }

    /// Whether live calls are slower than without deliveries: by a quarter and a millisecond.
    fn is_disturbed(&self) -> bool {
        let (calm, now) = (self.calm_us.load(Ordering::Relaxed), self.now_us.load(Ordering::Relaxed));
        calm != 0 && now > calm + calm / 4 + 1_000
    }
}

/// How fast entries go.
#[derive(Debug)]
struct Pace {
    window: usize,
    /// Nothing is begun before then.
    not_before: Instant,
    /// When the spool was looked at last, how much waited then, and whether that was no less than before: then
    /// deliveries come first, since a spool that only grows is never delivered.
    looked_at: Instant,
    waited: usize,
    grows: bool,
}

impl Pace {
    fn new() -> Self {
        let now = Instant::now();
        Self { window: 1, not_before: now, looked_at: now, waited: usize::MAX, grows: false }
    }

    /// Looks once a second whether the spool becomes less.
    fn look(&mut self, waiting: usize) {
        if self.looked_at.elapsed() >= LOOK_EVERY {
            self.grows = waiting >= self.waited;
            self.looked_at = Instant::now();
            self.waited = waiting;
        }
    }

    /// One more at a time after each that the engine has ended, half as many where tills or the engine feel it.
    fn after(&mut self, verdict: &Verdict, live: &Live) {
        let now = Instant::now();
        if let Verdict::Wait(pause) = verdict {
            self.window = (self.window / 2).max(1);
            self.not_before = now + *pause;
        } else if !self.grows && live.tills_call() && live.is_disturbed() {
            self.window = (self.window / 2).max(1);
            self.not_before = now + DELIVERY_PAUSE;
        } else {
            let limit = if !self.grows && live.tills_call() { DELIVERIES_BESIDE_CALLS_MAX } else { DELIVERIES_MAX };
            let more = matches!(verdict, Verdict::Delivered | Verdict::Park(_));
            self.window = (self.window + usize::from(more)).min(limit);
        }
    }
}

/// Drains until the gateway goes down; what is on its way then is delivered once more after the next start.
pub(crate) async fn run(forwarder: Arc<Forwarder>, spool: Arc<Spool>, mut going_down: watch::Receiver<bool>) {
    let mut reachable = forwarder.upstream().reachable();
    let mut pace = Pace::new();
    let mut faults = Faults::new();
    let mut deliveries = JoinSet::new();
    loop {
        let may_begin = *reachable.borrow_and_update() && Instant::now() >= pace.not_before;
        if may_begin
            && deliveries.len() < pace.window
            && let Some(taken) = take(&spool, forwarder.config().now()).await
        {
            forwarder.live().deliveries.fetch_add(1, Ordering::Relaxed);
            deliveries.spawn(deliver(Arc::clone(&forwarder), taken));
            continue;
        }
        let has_room = may_begin && deliveries.len() < pace.window;
        tokio::select! {
            Some(ended) = deliveries.join_next() => {
                forwarder.live().deliveries.fetch_sub(1, Ordering::Relaxed);
                if let Ok((taken, verdict)) = ended {
                    let verdict = conclude((&spool, forwarder.config().now()), &taken, verdict, &mut faults);
                    pace.look(spool.waiting());
                    pace.after(&verdict, forwarder.live());
                }
            }
            () = spool.work(), if has_room => {}
            () = sleep_until(pace.not_before), if Instant::now() < pace.not_before => {}
            _ = reachable.changed() => {}
            // The sender lives as long as the gateway.
            _ = going_down.wait_for(|down| *down) => return,
        }
    }
}

async fn take(spool: &Arc<Spool>, now: Timestamp) -> Option<Taken> {
    let spool = Arc::clone(spool);
    tokio::task::spawn_blocking(move || spool.take(now)).await.ok().flatten()
}

async fn deliver(forwarder: Arc<Forwarder>, taken: Taken) -> (Taken, Verdict) {
    let request = with_route(taken.call, &taken.request, forwarder.config().spool_route(), taken.accepted_ms);
    let answered = forwarder.deliver(taken.call, request, DELIVERY_MAX).await;
    let verdict = verdict(answered.as_ref().err());
    (taken, verdict)
}

/// Carries out what a delivery means for its entry; says what it means for all.
fn conclude((spool, now): (&Spool, Timestamp), taken: &Taken, verdict: Verdict, faults: &mut Faults) -> Verdict {
    match &verdict {
        Verdict::TryAgain(reason) => {
            if let Some(Shared { pause, entry_pause }) = faults.seen(taken.number) {
                tracing::error!(
                    call = taken.call.name(),
                    entry = taken.number,
                    reason,
                    ?pause,
                    "the engine refuses one entry of the spool after another"
                );
                spool.put_back(taken.number, Instant::now() + entry_pause);
                return Verdict::Wait(pause);
            }
        }
        Verdict::Delivered => spool.hasten(&faults.ended()),
        Verdict::Park(_) | Verdict::Wait(_) | Verdict::Later(_) => {}
    }
    carry_out((spool, now), taken, &verdict);
    verdict
}

fn carry_out((spool, now): (&Spool, Timestamp), taken: &Taken, verdict: &Verdict) {
    let (call, number) = (taken.call.name(), taken.number);
    let park = |reason: &String| {
        tracing::error!(call, entry = number, receipt = %taken.id, reason, "an entry of the spool is parked");
        counter!("tessera_gateway_spool_parked_total", "call" => call).increment(1);
        spool.park(number, reason.clone(), now);
    };
    match verdict {
        Verdict::Delivered => {
            counter!("tessera_gateway_spool_delivered_total", "call" => call).increment(1);
            spool.delivered(number, now);
        }
        Verdict::Park(reason) => park(reason),
        Verdict::TryAgain(reason) => {
            let faults = spool.count_fault(number);
            if faults >= TRIES_MAX {
                park(reason);
            } else {
                let pause = TRY_AGAIN_AFTER * 2_u32.saturating_pow(faults.saturating_sub(1));
                spool.put_back(number, Instant::now() + pause);
            }
        }
        Verdict::Wait(pause) | Verdict::Later(pause) => {
            spool.put_back(number, Instant::now() + *pause);
        }
    }
}

/// What an attempt means for its entry.
pub(crate) fn verdict(failed: Option<&Failed>) -> Verdict {
    let status = match failed {
        None => return Verdict::Delivered,
        Some(Failed::Link(_)) => return Verdict::Wait(TRY_AGAIN_AFTER),
        Some(Failed::Overdue) => return Verdict::Later(TRY_AGAIN_AFTER),
        Some(Failed::Unread(status)) => return Verdict::TryAgain(format!("the answer cannot be read: {}", status.message())),
        Some(Failed::Engine(status)) => status,
    };
    let reason = Refusal::from_status(status);
    match status.code() {
        Code::FailedPrecondition if reason == Some(ErrorReason::UpgradeEngine) => Verdict::Later(UPGRADE_WAIT),
        Code::ResourceExhausted if reason != Some(ErrorReason::LimitExceeded) => {
            Verdict::Wait(retry_after(status).unwrap_or(TRY_AGAIN_AFTER))
        }
        Code::Unavailable => Verdict::Wait(retry_after(status).unwrap_or(TRY_AGAIN_AFTER)),
        Code::Aborted | Code::DeadlineExceeded | Code::Cancelled => {
            Verdict::Later(retry_after(status).unwrap_or(TRY_AGAIN_AFTER))
        }
        Code::InvalidArgument
        | Code::AlreadyExists
        | Code::NotFound
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::ResourceExhausted => Verdict::Park(told(status)),
        Code::PermissionDenied
        | Code::Unauthenticated
        | Code::Unimplemented
        | Code::Internal
        | Code::Unknown
        | Code::DataLoss
        | Code::Ok => Verdict::TryAgain(told(status)),
    }
}

/// An error in words; an engine's errors hold no value that a till sent.
fn told(status: &Status) -> String {
    let error = call_error(status);
    let mut text = format!("{:?}", status.code());
    if !error.reason.is_empty() {
        text.push_str(&format!(" {}", error.reason));
    }
    text.push_str(&format!(": {}", error.message));
    for fault in error.field_violations.iter().take(3) {
        text.push_str(&format!("; {} {}", fault.field, fault.description));
    }
    text
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

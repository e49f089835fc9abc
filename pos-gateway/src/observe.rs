//! What the gateway counts: answers by call and by who made them, how long they took, and what went
//! wrong behind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
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
    /// The gateway, from its rule pack.
    Pack,
    /// The gateway's last answer.
    Unchanged,
    /// The gateway's spool.
    Spool,
    /// The gateway's error.
    Gateway,
}

impl Maker {
    /// Its name in metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::EngineRefused => "engine_refused",
            Self::Pack => "pack",
            Self::Unchanged => "unchanged",
            Self::Spool => "spool",
            Self::Gateway => "gateway_error",
        }
    }
}

/// How often each call was answered by whom, and when last.
pub(crate) type Answers = BTreeMap<(&'static str, &'static str), (u64, Timestamp)>;

/// Answers since the start, for whoever asks how the gateway stands.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    answers: Mutex<Answers>,
}

impl Tally {
    /// How often each call was answered by whom, and when last.
    pub(crate) fn answers(&self) -> Answers {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a call's end.
    pub(crate) fn answered(&self, call: Call, maker: Maker, (clock, now): (&CallClock, Timestamp)) {
        let (call, basis) = (call.name(), maker.name());
        counter!("tessera_gateway_answers_total", "call" => call, "basis" => basis).increment(1);
        histogram!("tessera_gateway_answer_seconds", "call" => call).record(clock.taken().as_secs_f64());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = answers.entry((call, basis)).or_default();
        *count += 1;
        *last = now;
    }
}

/// Counts an attempt that failed; `link`: no engine answered at all.
pub(crate) fn attempt_failed(call: Call, code: Code, link: bool) {
    let code = i32::from(code).to_string();
    let link = if link { "true" } else { "false" };
    counter!("tessera_gateway_upstream_errors_total", "call" => call.name(), "code" => code, "link" => link).increment(1);
}

/// Counts a read that a second engine was asked beside the first.
pub(crate) fn hedged(call: Call) {
    counter!("tessera_gateway_hedged_total", "call" => call.name()).increment(1);
}

/// Counts a second attempt.
pub(crate) fn repeated(call: Call) {
    counter!("tessera_gateway_repeats_total", "call" => call.name()).increment(1);
}

//! How many calls are on their way to an engine at once: as many as it answers without making them wait, found by
//! measuring, and shared by class so that what matters most is never behind what can wait (H50).
//!
//! The limit follows the gradient of Netflix's concurrency-limits: where answers take longer than they can, it becomes less in the
//! same measure; where it is used and they do not, it grows by its square root. What they can take is the least of the last
//! windows; each window begins with half the limit, so that a queue at the engine is never taken for its nature.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::call::{Call, Kind};
use crate::limits::{IN_FLIGHT_MAX, IN_FLIGHT_MIN, IN_FLIGHT_START};

/// How much longer than it can an answer may take before the limit becomes less.
const TOLERANCE: f64 = 1.5;
/// What one answer changes of the limit.
const SMOOTHING: f64 = 0.2;
/// How long the least is looked for.
const WINDOW: Duration = Duration::from_secs(10);
/// What the begin of a window leaves of the limit.
const AT_A_WINDOWS_BEGIN: f64 = 0.5;
/// What a refusal for want of room leaves of the limit.
const AFTER_CHOKED: f64 = 0.9;

/// What a call is to others that wait: earlier ones go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// A fact of a till that waits: settle, void, return, and what writes.
    Fact,
    /// A question of a till that waits.
    Question,
    /// From the spool: nobody waits.
    Delivery,
}

const CLASSES: [Class; 3] = [Class::Fact, Class::Question, Class::Delivery];

impl Class {
    /// The class of a till's call.
    pub(crate) fn of(call: Call) -> Self {
        match call.kind() {
            Kind::Advice | Kind::Write => Self::Fact,
            Kind::Quote | Kind::Read => Self::Question,
        }
    }

    /// The share of the limit that must be free of all classes for it to begin: the rest is kept for those before it.
    fn share(self) -> f64 {
        match self {
            Self::Fact => 1.0,
            Self::Question => 0.8,
            Self::Delivery => 0.4,
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Fact => 0,
            Self::Question => 1,
            Self::Delivery => 2,
        }
    }
}

/// The limit of one engine.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    /// The shortest that answers took by class, seconds, in the last window and in this one; infinite: none has come.
    last: [f64; CLASSES.len()],
    least: [f64; CLASSES.len()],
    window_began: Instant,
    /// What answers take of late, by class, seconds: a moving average; 0: none has come.
    of_late: [f64; CLASSES.len()],
    under_way: [u32; CLASSES.len()],
    waiting: [VecDeque<Waiting>; CLASSES.len()],
}

/// Who waits, and until when its caller must have been answered.
#[derive(Debug)]
struct Waiting {
    until: Instant,
    turn: oneshot::Sender<Permit>,
}

/// A call may be on its way as long as this is held.
#[derive(Debug)]
pub(crate) struct Permit {
    in_flight: InFlight,
    class: Class,
    began: Instant,
}

impl Default for InFlight {
    fn default() -> Self {
        let state = State {
            limit: IN_FLIGHT_START,
            last: [f64::INFINITY; CLASSES.len()],
            least: [f64::INFINITY; CLASSES.len()],
            window_began: Instant::now(),
            of_late: [0.0; CLASSES.len()],
            under_way: [0; CLASSES.len()],
            waiting: Default::default(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }
}

impl InFlight {
    /// Waits for its turn; a future that is dropped gives it up. None: there is not the time left that an answer takes, so
    /// the engine is spared the work (H48).
    pub(crate) async fn enter(&self, class: Class, until: Instant) -> Option<Permit> {
        let turn = {
            let mut state = self.state();
            if state.has_room(class) && state.goes_before_all_that_wait(class) {
                state.begin(class);
                return Some(self.permit(class));
            }
            let (turn, told) = oneshot::channel();
            if let Some(waiting) = state.waiting.get_mut(class.place()) {
                waiting.push_back(Waiting { until, turn });
            }
            told
        };
        timeout_at(until, turn).await.ok()?.ok()
    }

    /// How many may be under way, and how many are.
    pub(crate) fn now(&self) -> (f64, u32) {
        let state = self.state();
        (state.limit, state.all())
    }

    fn permit(&self, class: Class) -> Permit {
        Permit { in_flight: self.clone(), class, began: Instant::now() }
    }

    /// Lets in whoever may begin now, the first class first.
    fn let_in(&self) {
        loop {
            let next = {
                let mut state = self.state();
                let class = CLASSES.into_iter().find(|class| state.waits(*class) && state.has_room(*class));
                let Some(class) = class else { return };
                let first = state.waiting.get_mut(class.place()).and_then(VecDeque::pop_front);
                let in_time = first.filter(|first| !first.turn.is_closed() && state.has_time(class, first.until));
                in_time.map(|first| {
                    state.begin(class);
                    (class, first.turn)
                })
            };
            // Whoever has left, or has no time left, is passed over.
            let Some((class, turn)) = next else { continue };
            // One that leaves at this moment drops its permit, which lets in the next.
            let _ = turn.send(self.permit(class));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of it is one call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn all(&self) -> u32 {
        self.under_way.iter().fold(0, |all, count| all.saturating_add(*count))
    }

    fn of(&self, class: Class) -> u32 {
        self.under_way.get(class.place()).copied().unwrap_or_default()
    }

    fn waits(&self, class: Class) -> bool {
        self.waiting.get(class.place()).is_some_and(|waiting| !waiting.is_empty())
    }

    /// One of each class may always be under way: nothing waits for ever.
    fn has_room(&self, class: Class) -> bool {
        self.of(class) == 0 || f64::from(self.all()) + 1.0 <= self.limit * class.share()
    }

    fn goes_before_all_that_wait(&self, class: Class) -> bool {
        !CLASSES.into_iter().any(|other| other <= class && self.waits(other))
    }

    fn begin(&mut self, class: Class) {
        if let Some(count) = self.under_way.get_mut(class.place()) {
            *count = count.saturating_add(1);
        }
    }

    fn end(&mut self, class: Class) {
        if let Some(count) = self.under_way.get_mut(class.place()) {
            *count = count.saturating_sub(1);
        }
    }

    /// The shortest that an answer takes, seconds; infinite: nobody knows.
    fn least(&self, class: Class) -> f64 {
        let of = |times: &[f64; CLASSES.len()]| times.get(class.place()).copied().unwrap_or(f64::INFINITY);
        of(&self.last).min(of(&self.least))
    }

    /// Whether an answer can come by then, as far as anybody knows.
    fn has_time(&self, class: Class, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now()).as_secs_f64();
        left >= self.of_late.get(class.place()).copied().unwrap_or_default() * TOLERANCE
    }

    fn answered(&mut self, class: Class, took: Duration) {
        let took = took.as_secs_f64().max(0.000_1);
        let is_used = f64::from(self.all()) * 2.0 >= self.limit;
        if self.window_began.elapsed() >= WINDOW {
            self.window_began = Instant::now();
            self.last = std::mem::replace(&mut self.least, [f64::INFINITY; CLASSES.len()]);
            if is_used {
                self.set(self.limit * AT_A_WINDOWS_BEGIN);
            }
        }
        if let Some(least) = self.least.get_mut(class.place()) {
            *least = least.min(took);
        }
        if let Some(of_late) = self.of_late.get_mut(class.place()) {
            *of_late += (took - *of_late) * SMOOTHING;
        }
        // An engine that could take more says nothing of how much.
        if is_used {
            let gradient = (TOLERANCE * self.least(class) / took).clamp(0.5, 1.0);
            let next = self.limit * gradient + self.limit.sqrt();
            self.set(self.limit + (next - self.limit) * SMOOTHING);
        }
    }

    fn set(&mut self, limit: f64) {
        self.limit = limit.clamp(IN_FLIGHT_MIN, IN_FLIGHT_MAX);
    }
}

impl Permit {
    /// The engine has answered.
    pub(crate) fn answered(&self) {
        self.in_flight.state().answered(self.class, self.began.elapsed());
    }

    /// The engine has more to do than it can.
    pub(crate) fn choked(&self) {
        let mut state = self.in_flight.state();
        let less = state.limit * AFTER_CHOKED;
        state.set(less);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.in_flight.state().end(self.class);
        self.in_flight.let_in();
    }
}

#[cfg(test)]
mod tests;

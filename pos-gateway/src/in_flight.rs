//! How many calls are on their way to an engine at once: as many as it answers without making them wait, found by
//! measuring, and shared by class so that what matters most is never behind what can wait (H50).
//!
//! The limit follows the gradient of Netflix's concurrency-limits: where answers take longer than they can, it becomes less in the
//! same measure; where it is used and they do not, it grows by its square root. What they take is the mean of some dozens of
//! answers to calls that began under the limit of now, since calls and links differ by nature from one to the next; what they
//! can take is the least such mean of the last windows. Each window begins with a moment of the smallest limit, so that a
//! queue at the engine is never taken for its nature.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::call::{Call, Kind};
use crate::limits::{IN_FLIGHT_MAX, IN_FLIGHT_MIN, IN_FLIGHT_START};

/// How much longer than it can an answer may take before the limit becomes less.
const TOLERANCE: f64 = 1.5;
/// What one answer changes of what answers take of late.
const SMOOTHING: f64 = 0.2;
/// Answers of which the mean is taken: of a link with jitter their means lie within a third of one another.
const BATCH: u32 = 50;
/// What the mean of a batch changes of the limit.
const BATCH_SMOOTHING: f64 = 0.5;
/// How long the least is looked for.
const WINDOW: Duration = Duration::from_secs(10);
/// How long the smallest limit holds at the begin of a window, at most: until then so many have mostly been answered.
const PROBE: Duration = Duration::from_secs(1);
/// Answers that at least make a mean when that time is over.
const PROBE_BATCH_MIN: u32 = 8;
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

    /// Whether a call says how long those of its class take: what is rare and another kind of work does not.
    pub(crate) fn is_measured_by(self, call: Call) -> bool {
        match self {
            Self::Fact | Self::Delivery => call == Call::Settle,
            Self::Question => call == Call::Quote,
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
    /// The shortest mean of a batch by class, seconds, in the last window and in this one; infinite: none has come.
    last: [f64; CLASSES.len()],
    least: [f64; CLASSES.len()],
    batches: [Batch; CLASSES.len()],
    window_began: Instant,
    /// The limit that comes back, while the smallest one holds.
    put_aside: Option<f64>,
    /// What answers take of late, by class, seconds: a moving average; 0: none has come.
    of_late: [f64; CLASSES.len()],
    under_way: [u32; CLASSES.len()],
    waiting: [VecDeque<Waiting>; CLASSES.len()],
}

/// Answers of a class since the last mean.
#[derive(Debug, Clone, Copy)]
struct Batch {
    /// Calls that began before were made under another limit.
    since: Instant,
    count: u32,
    /// Of those, how many came while the limit was used.
    used: u32,
    /// What they took together, seconds.
    took: f64,
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
            batches: [Batch::begin(); CLASSES.len()],
            window_began: Instant::now(),
            put_aside: None,
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

    /// The shortest that answers take, seconds; infinite: nobody knows.
    fn least(&self, class: Class) -> f64 {
        let of = |times: &[f64; CLASSES.len()]| times.get(class.place()).copied().unwrap_or(f64::INFINITY);
        of(&self.last).min(of(&self.least))
    }

    /// Whether an answer can come by then, as far as anybody knows.
    fn has_time(&self, class: Class, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now()).as_secs_f64();
        left >= self.of_late.get(class.place()).copied().unwrap_or_default() * TOLERANCE
    }

    fn answered(&mut self, class: Class, began: Instant) {
        let took = began.elapsed().as_secs_f64().max(0.000_1);
        let is_used = f64::from(self.all()) * 2.0 >= self.limit;
        if self.put_aside.is_some() && self.window_began.elapsed() >= PROBE {
            self.end_probe();
        }
        if self.window_began.elapsed() >= WINDOW {
            self.begin_window(is_used);
        }
        if let Some(of_late) = self.of_late.get_mut(class.place()) {
            *of_late += (took - *of_late) * SMOOTHING;
        }
        if let Some(batch) = self.batches.get_mut(class.place()).filter(|batch| began >= batch.since) {
            batch.count += 1;
            batch.used += u32::from(is_used);
            batch.took += took;
            if batch.count >= BATCH {
                let whole = std::mem::replace(batch, Batch::begin());
                self.measured(class, whole);
            }
        }
    }

    /// What came under another limit says nothing of this one.
    fn begin_window(&mut self, is_used: bool) {
        self.window_began = Instant::now();
        self.last = std::mem::replace(&mut self.least, [f64::INFINITY; CLASSES.len()]);
        if is_used {
            self.batches = [Batch::begin(); CLASSES.len()];
            self.put_aside = Some(self.limit);
            self.set(IN_FLIGHT_MIN);
        }
    }

    fn end_probe(&mut self) {
        let Some(limit) = self.put_aside.take() else { return };
        let batches = std::mem::replace(&mut self.batches, [Batch::begin(); CLASSES.len()]);
        for (least, batch) in self.least.iter_mut().zip(batches).filter(|(_, batch)| batch.count >= PROBE_BATCH_MIN) {
            *least = least.min(batch.mean());
        }
        self.set(limit);
    }

    fn measured(&mut self, class: Class, batch: Batch) {
        if let Some(least) = self.least.get_mut(class.place()) {
            *least = least.min(batch.mean());
        }
        if self.put_aside.is_some() {
            self.end_probe();
        } else if batch.used * 2 >= batch.count {
            // An engine that could take more says nothing of how much.
            let gradient = (TOLERANCE * self.least(class) / batch.mean()).clamp(0.5, 1.0);
            let next = self.limit * gradient + self.limit.sqrt();
            self.set(self.limit + (next - self.limit) * BATCH_SMOOTHING);
        }
    }

    fn set(&mut self, limit: f64) {
        self.limit = limit.clamp(IN_FLIGHT_MIN, IN_FLIGHT_MAX);
    }
}

impl Batch {
    fn begin() -> Self {
        Self { since: Instant::now(), count: 0, used: 0, took: 0.0 }
    }

    fn mean(&self) -> f64 {
        self.took / f64::from(self.count)
    }
}

impl Permit {
    /// The engine has answered what this call takes as others of its class do.
    pub(crate) fn answered(&self) {
        self.in_flight.state().answered(self.class, self.began);
    }

    /// The engine has more to do than it can.
    pub(crate) fn choked(&self) {
        let mut state = self.in_flight.state();
        let less = state.limit * AFTER_CHOKED;
        state.set(less);
        state.put_aside = state.put_aside.map(|limit| limit * AFTER_CHOKED);
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

//! Where the engine's time comes from: an argument of everything below the service.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// A source of time.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, never running back within one process (H70).
#[derive(Debug, Default)]
pub struct SystemClock {
    last_nanos: AtomicI64,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let nanos = i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
        let last = self.last_nanos.fetch_max(nanos, Ordering::AcqRel);
        Timestamp::from_nanosecond(i128::from(last.max(nanos))).unwrap_or(Timestamp::MAX)
    }
}

/// A clock that stands still until it is set: for tests and simulations.
#[derive(Debug)]
pub struct ManualClock {
    nanos: AtomicI64,
}

impl ManualClock {
    /// Stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { nanos: AtomicI64::new(i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX)) }
    }

    /// Puts it to `now`, earlier or later.
    pub fn set(&self, now: Timestamp) {
        self.nanos.store(i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX), Ordering::Release);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.nanos.load(Ordering::Acquire))).unwrap_or(Timestamp::MAX)
    }
}

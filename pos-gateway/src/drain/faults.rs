//! Whose a fault is: entry after entry with a fault that looks like its own, and none delivered between them, says
//! that the fault is the engine's or the route's. Then nothing is parked for it, and deliveries only feel their way.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{FAULTY_ENTRIES_MIN, FEEL_EVERY_MAX, TRY_AGAIN_AFTER};

/// The entries that had a fault since one was delivered.
#[derive(Debug)]
pub(super) struct Faults {
    entries: BTreeSet<u64>,
    pause: Duration,
    until: Instant,
}

/// A fault that is not its entry's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shared {
    /// How long nothing at all is delivered.
    pub(super) pause: Duration,
    /// How long this entry lets all others go before it.
    pub(super) entry_pause: Duration,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self { entries: BTreeSet::new(), pause: Duration::ZERO, until: Instant::now() }
    }

    /// An entry had a fault that looks like its own. None: it is.
    pub(super) fn seen(&mut self, number: u64) -> Option<Shared> {
        self.entries.insert(number);
        if self.entries.len() < FAULTY_ENTRIES_MIN {
            return None;
        }
        let now = Instant::now();
        // Those that were on their way together count as one.
        if now >= self.until {
            self.pause = (self.pause * 2).clamp(TRY_AGAIN_AFTER, FEEL_EVERY_MAX);
            self.until = now + self.pause;
        }
        // One that comes later is tried before the same one comes again.
        let turns = u32::try_from(self.entries.len()).unwrap_or(u32::MAX).saturating_add(1);
        Some(Shared { pause: self.pause, entry_pause: self.pause.saturating_mul(turns) })
    }

    /// One was delivered: the engine is well. Hands out those that were held back although the fault was not theirs.
    pub(super) fn ended(&mut self) -> BTreeSet<u64> {
        let held_back = self.entries.len() >= FAULTY_ENTRIES_MIN;
        let entries = std::mem::take(&mut self.entries);
        self.pause = Duration::ZERO;
        if held_back { entries } else { BTreeSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn h58_faults_of_many_entries_are_the_engines_until_one_is_delivered() {
        let mut faults = Faults::new();
        let second = Duration::from_secs(1);
        for number in [1, 2, 3, 4, 1, 2] {
            assert_eq!(faults.seen(number), None, "entry {number}");
        }
        assert_eq!(faults.seen(5), Some(Shared { pause: second, entry_pause: second * 6 }));
        assert_eq!(faults.seen(5).unwrap().pause, second, "it was on its way already");
        for expected in [2, 4, 8, 16, 32, 60, 60] {
            tokio::time::advance(faults.pause).await;
            let shared = faults.seen(1).unwrap();
            assert_eq!(shared, Shared { pause: second * expected, entry_pause: second * expected * 6 });
        }
        assert_eq!(faults.ended(), BTreeSet::from([1, 2, 3, 4, 5]));
        assert_eq!((faults.seen(9), faults.ended()), (None, BTreeSet::new()));
    }
}

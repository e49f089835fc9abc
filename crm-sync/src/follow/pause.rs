//! Pauses before a new connection: longer each time, never longer than a bound, and different for each follower.

use std::time::Duration;

/// Pause before the first new connection, milliseconds.
const PAUSE_MS_MIN: u64 = 100;
/// Longest pause before chance is added, milliseconds.
const PAUSE_MS_MAX: u64 = 15_000;

const _: () = assert!(PAUSE_MS_MIN > 0 && PAUSE_MS_MIN < PAUSE_MS_MAX);

/// Counts what failed in a row.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    failed: u32,
}

impl Pauses {
    /// The stream delivers: the next failure begins with the shortest pause again.
    pub(super) fn worked(&mut self) {
        self.failed = 0;
    }

    /// The pause before the next try.
    pub(super) fn next(&mut self) -> Duration {
        let failed = self.failed;
        self.failed = failed.saturating_add(1);
        // Without a source of chance the pauses are only less spread.
        pause(failed, getrandom::u32().unwrap_or(0))
    }
}

/// Doubles with each failure up to the bound; chance adds up to as much again, so that many followers that lost
/// the same engine come back apart.
fn pause(failed: u32, chance: u32) -> Duration {
    let doubled = PAUSE_MS_MIN.saturating_mul(2_u64.saturating_pow(failed)).min(PAUSE_MS_MAX);
    let jitter = u64::from(chance).checked_rem(doubled.saturating_add(1)).unwrap_or(0);
    Duration::from_millis(doubled.saturating_add(jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound_and_chance_adds_at_most_as_much() {
        for (failed, chance, expected_ms) in [
            (0, 0, 100),
            (0, 100, 200),
            (0, 101, 100),
            (1, 0, 200),
            (3, 0, 800),
            (7, 0, 12_800),
            (8, 0, 15_000),
            (u32::MAX, 0, 15_000),
            (u32::MAX, 15_000, 30_000),
        ] {
            assert_eq!(pause(failed, chance), Duration::from_millis(expected_ms), "{failed} {chance}");
        }
    }

    #[test]
    fn a_delivery_begins_with_the_shortest_pause_again() {
        let mut pauses = Pauses::default();
        for _ in 0..20 {
            pauses.next();
        }
        assert!(pauses.next() >= Duration::from_secs(15));
        pauses.worked();
        assert!(pauses.next() <= Duration::from_millis(200));
    }
}

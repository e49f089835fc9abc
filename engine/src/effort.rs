//! How much a quote may search, by the time that its caller leaves it. Steps and not clocks end an evaluation, so that it
//! can be done again: what was chosen stands in the token.

use std::time::Duration;

use tessera_rules::effort::Effort;

/// Steps in a millisecond that are counted on: a quarter of what was measured on two idle cores.
const STEPS_PER_MS: u64 = 1_000;
/// How often the full effort may be halved: below a thousand steps it would not be worth to begin.
const HALVINGS_MAX: u32 = 8;

/// The full effort, halved as often as it takes to need no more than half of the time that is left; none: no limit.
pub(crate) fn effort(left: Option<Duration>) -> Effort {
    let full = Effort::default().steps_max;
    let Some(left) = left else { return Effort::within(full) };
    let afforded = u64::try_from(left.as_millis() / 2).unwrap_or(u64::MAX).saturating_mul(STEPS_PER_MS);
    let halved = (0..HALVINGS_MAX).map(|times| full >> times).find(|steps| *steps <= afforded);
    Effort::within(halved.unwrap_or(full >> HALVINGS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_time_is_less_effort_in_few_and_fixed_grades() {
        let table = [
            (None, 200_000),
            (Some(60_000), 200_000),
            (Some(2_025), 200_000),
            (Some(400), 200_000),
            (Some(399), 100_000),
            (Some(200), 100_000),
            (Some(60), 25_000),
            (Some(4), 1_562),
            (Some(2), 781),
            (Some(0), 781),
        ];
        for (left_ms, steps_max) in table {
            assert_eq!(effort(left_ms.map(Duration::from_millis)), Effort::within(steps_max), "{left_ms:?}");
        }
    }
}

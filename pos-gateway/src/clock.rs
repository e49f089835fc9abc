//! The one clock of a call: when it began, and when the till must have been answered.

use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::MetadataMap;

use crate::limits::{PACK_RESERVE_MAX, RESERVE_MAX, SPOOL_RESERVE_MAX};

/// The clock of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallClock {
    started: Instant,
    spool_at: Instant,
    pack_at: Instant,
    answer_at: Instant,
}

impl CallClock {
    /// Starts now. The till may give less than the gateway's budget, never more.
    pub(crate) fn start(given: Option<Duration>, budget: Duration) -> Self {
        let started = Instant::now();
        let whole = given.map_or(budget, |given| given.min(budget));
        let answer_at = started + whole.saturating_sub(RESERVE_MAX.min(whole / 10));
        let spool_at = answer_at.checked_sub(SPOOL_RESERVE_MAX.min(whole / 5)).map_or(started, |at| at.max(started));
        let pack_at = answer_at.checked_sub(PACK_RESERVE_MAX.min(whole / 10)).map_or(started, |at| at.max(started));
        Self { started, spool_at, pack_at, answer_at }
    }

    /// When the answer must leave.
    pub(crate) fn answer_at(&self) -> Instant {
        self.answer_at
    }

    /// When engines have had their time and an advice goes to the spool.
    pub(crate) fn spool_at(&self) -> Instant {
        self.spool_at
    }

    /// When the rule pack begins to decide, should no engine have answered by then.
    pub(crate) fn pack_at(&self) -> Instant {
        self.pack_at
    }

    /// How long until the answer must leave.
    pub(crate) fn left(&self) -> Duration {
        self.answer_at.saturating_duration_since(Instant::now())
    }

    /// How long the call has taken.
    pub(crate) fn taken(&self) -> Duration {
        self.started.elapsed()
    }
}

/// What the caller gives by `grpc-timeout`: up to eight digits and a unit. None: nothing readable.
pub(crate) fn given(metadata: &MetadataMap) -> Option<Duration> {
    let value = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse::<u64>().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number.checked_mul(3_600)?)),
        "M" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_a_timeout_is_read_and_anything_else_is_none() {
        let table = [
            ("2H", Some(Duration::from_secs(7_200))),
            ("3M", Some(Duration::from_secs(180))),
            ("4S", Some(Duration::from_secs(4))),
            ("2250m", Some(Duration::from_millis(2_250))),
            ("5u", Some(Duration::from_micros(5))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("", None),
            ("m", None),
            ("+5m", None),
            ("999999999m", None),
            ("5", None),
            ("5 m", None),
        ];
        for (text, expected) in table {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", text.parse().unwrap());
            assert_eq!(given(&metadata), expected, "{text:?}");
        }
        assert_eq!(given(&MetadataMap::new()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn p1_a_tenth_and_at_most_150_ms_is_left_for_the_way_back() {
        let budget = Duration::from_millis(2_250);
        let table = [(None, 2_100, 400), (Some(5_000), 2_100, 400), (Some(1_000), 900, 200), (Some(100), 90, 20)];
        for (given, expected, spool) in table {
            let clock = CallClock::start(given.map(Duration::from_millis), budget);
            assert_eq!(clock.left(), Duration::from_millis(expected), "{given:?}");
            assert_eq!(clock.answer_at() - clock.spool_at(), Duration::from_millis(spool), "{given:?}");
        }
    }
}

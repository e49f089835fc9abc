//! How a route is: how fast it may be used, and whether it is away. Pure: every time is an argument.

use jiff::{SignedDuration, Timestamp};

/// Rest after the first failure, milliseconds.
const REST_MS_MIN: i64 = 1_000;
/// Longest rest of a provider that says no, or is not there: trying costs nothing.
const REST_MS_MAX: i64 = 60_000;
/// Longest rest of one that takes messages and says nothing: each try may cost a message of unknown fate.
const SILENT_REST_MS_MAX: i64 = 600_000;
/// Messages a second for a route, in thousandths: the least, and the step back up is a hundredth of what is allowed.
const RATE_MILLI_MIN: i64 = 100;
/// Who found no room comes again after so long, milliseconds: some messages at a time cost less than each for itself.
const ROOM_PAUSE_MS: i64 = 50;
/// Microseconds of a second, times thousandths of a message.
const MICROS_MILLI: i64 = 1_000_000_000;

/// How a route is now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It works, or did when it was last used.
    Works,
    /// It is away; one message may try it now.
    MayTry,
    /// It is away, and somebody tries it, or tried it a moment ago: not before this time.
    Rests(Timestamp),
}

/// The health of one route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Health {
    window: usize,
    in_flight: usize,
    allowed_milli: i64,
    rate_milli: i64,
    /// When the next message would come at an even rate.
    even_at: Timestamp,
    away: Option<Away>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Away {
    since: Timestamp,
    rests_until: Timestamp,
    rest_ms: i64,
    is_tried: bool,
}

impl Health {
    /// Of a route that takes so many messages a second, and so many at once, at least one of each.
    #[must_use]
    pub fn new(per_second: u32, window: usize, now: Timestamp) -> Self {
        let allowed_milli = i64::from(per_second.max(1)).saturating_mul(1_000);
        Self { window: window.max(1), in_flight: 0, allowed_milli, rate_milli: allowed_milli, even_at: now, away: None }
    }

    /// How it is.
    #[must_use]
    pub fn condition(&self, now: Timestamp) -> Condition {
        match &self.away {
            None => Condition::Works,
            Some(away) if away.is_tried || now < away.rests_until => Condition::Rests(away.rests_until.max(now)),
            Some(_) => Condition::MayTry,
        }
    }

    /// Since when it is away; none: it is not.
    #[must_use]
    pub fn away_since(&self) -> Option<Timestamp> {
        self.away.as_ref().map(|away| away.since)
    }

    /// Takes leave to send one message now; else says when to ask again.
    ///
    /// # Errors
    /// Not before this time.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.in_flight >= self.window {
            return Err(later(now, ROOM_PAUSE_MS));
        }
        match (self.condition(now), &mut self.away) {
            (Condition::Rests(until), _) => return Err(until.max(later(now, REST_MS_MIN))),
            (Condition::MayTry, Some(away)) => {
                away.is_tried = true;
                self.in_flight = self.in_flight.saturating_add(1);
                return Ok(());
            }
            (Condition::MayTry | Condition::Works, _) => {}
        }
        // Up to a second's messages at once, then evenly.
        let even_at = self.even_at.max(now);
        let ahead = even_at.duration_since(now);
        if ahead >= SignedDuration::from_secs(1) {
            let room_at = now.saturating_add(ahead - SignedDuration::from_millis(999)).unwrap_or(now);
            return Err(room_at.max(later(now, ROOM_PAUSE_MS)));
        }
        self.even_at = even_at.saturating_add(SignedDuration::from_micros(self.gap_micros())).unwrap_or(even_at);
        self.in_flight = self.in_flight.saturating_add(1);
        Ok(())
    }

    fn gap_micros(&self) -> i64 {
        // Rounded up: never more than is allowed.
        MICROS_MILLI.saturating_add(self.rate_milli.saturating_sub(1)).checked_div(self.rate_milli).unwrap_or(MICROS_MILLI).max(1)
    }

    /// How many messages may be sent by it now.
    #[must_use]
    pub fn room(&self, now: Timestamp) -> usize {
        let free = self.window.saturating_sub(self.in_flight);
        match self.condition(now) {
            Condition::Rests(_) => 0,
            Condition::MayTry => free.min(1),
            Condition::Works => {
                let ahead = self.even_at.max(now).duration_since(now).as_micros();
                let (left, gap) = (1_000_000_i128.saturating_sub(ahead).max(0), i128::from(self.gap_micros()));
                usize::try_from(left.saturating_add(gap - 1).checked_div(gap).unwrap_or(0)).unwrap_or(0).min(free)
            }
        }
    }

    /// Leave was taken and not used.
    pub fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(away) = &mut self.away {
            away.is_tried = false;
        }
    }

    /// The provider answered as one that works.
    pub fn worked(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.away = None;
        self.rate_milli = self.rate_milli.saturating_add(self.allowed_milli / 100).min(self.allowed_milli);
    }

    /// It could not be reached, said that it cannot, or (`is_silent`) said nothing.
    pub fn failed(&mut self, now: Timestamp, is_silent: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let rest_ms_max = if is_silent { SILENT_REST_MS_MAX } else { REST_MS_MAX };
        let (since, rest_ms) = match &self.away {
            // Others that were under way when it went fail with it.
            Some(away) if !away.is_tried => return,
            Some(away) => (away.since, away.rest_ms.saturating_mul(2).min(rest_ms_max)),
            None => (now, REST_MS_MIN),
        };
        self.away = Some(Away { since, rests_until: later(now, rest_ms), rest_ms, is_tried: false });
    }

    /// It wants fewer: half as many from now on, none for a moment. That is no failure (H63).
    pub fn throttled(&mut self, now: Timestamp, retry_after: Option<SignedDuration>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.away = None;
        self.rate_milli = (self.rate_milli / 2).max(RATE_MILLI_MIN);
        let pause =
            retry_after.unwrap_or(SignedDuration::from_secs(1)).clamp(SignedDuration::ZERO, SignedDuration::from_hours(1));
        // A second's messages may come at once: the pause begins behind them.
        let even_at = now.saturating_add(pause + SignedDuration::from_secs(1)).unwrap_or(now);
        self.even_at = self.even_at.max(even_at);
    }
}

fn later(at: Timestamp, ms: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
    }

    /// How many messages it takes in so many milliseconds, asked for each millisecond.
    fn taken(health: &mut Health, ms: std::ops::Range<i64>) -> usize {
        ms.map(|ms| std::iter::from_fn(|| health.take(at(ms)).ok()).count()).sum()
    }

    #[test]
    fn h63_no_more_than_a_second_of_messages_at_once_and_then_evenly() {
        let mut health = Health::new(30, usize::MAX, at(0));
        assert_eq!(health.room(at(0)), 30);
        assert_eq!(taken(&mut health, 0..1), 30);
        assert!((290..=300).contains(&taken(&mut health, 1..10_001)));
        let refused = std::iter::repeat_with(|| health.take(at(10_001))).find_map(Result::err).unwrap();
        assert!(refused > at(10_001) && refused <= at(11_001), "{refused}");
    }

    #[test]
    fn h63_a_provider_that_throttles_gets_half_and_then_slowly_more_and_is_not_away() {
        let mut health = Health::new(40, usize::MAX, at(0));
        taken(&mut health, 0..10);
        health.throttled(at(10), None);
        assert_eq!((health.condition(at(10)), taken(&mut health, 10..1_000)), (Condition::Works, 0));
        assert_eq!(taken(&mut health, 1_011..11_011), 20 * 10);
        for _ in 0..50 {
            health.worked();
        }
        assert_eq!(health.rate_milli, 40_000);
        for _ in 0..50 {
            health.throttled(at(0), Some(SignedDuration::MAX));
        }
        assert_eq!(health.rate_milli, RATE_MILLI_MIN);
    }

    #[test]
    fn a_route_that_is_away_rests_longer_each_time_and_one_message_tries_it() {
        for (is_silent, longest) in [(false, REST_MS_MAX), (true, SILENT_REST_MS_MAX)] {
            let mut health = Health::new(10, usize::MAX, at(0));
            health.failed(at(0), is_silent);
            health.failed(at(1), is_silent);
            assert_eq!(health.condition(at(999)), Condition::Rests(at(1_000)), "those under way fail with the first");
            let (mut now, mut rest) = (0, REST_MS_MIN);
            for _ in 0..20 {
                now += rest;
                assert_eq!(health.condition(at(now)), Condition::MayTry, "{now}");
                assert_eq!(health.take(at(now)), Ok(()));
                assert!(health.take(at(now)).is_err(), "one at a time");
                health.failed(at(now), is_silent);
                rest = (rest * 2).min(longest);
            }
            assert_eq!((rest, health.away_since()), (longest, Some(at(0))));
            assert_eq!(health.take(at(now + rest)), Ok(()));
            health.worked();
            assert_eq!((health.condition(at(now)), health.away_since()), (Condition::Works, None));
        }
    }

    #[test]
    fn h63_no_more_are_under_way_than_the_provider_takes_at_once() {
        let mut health = Health::new(1_000, 3, at(0));
        assert_eq!((health.room(at(0)), taken(&mut health, 0..1), health.room(at(0))), (3, 3, 0));
        health.worked();
        health.throttled(at(0), Some(SignedDuration::ZERO));
        assert_eq!((taken(&mut health, 1_000..1_001), health.room(at(1_000))), (2, 0));
        for _ in 0..3 {
            health.failed(at(1_000), true);
        }
        assert_eq!((health.room(at(1_999)), health.room(at(2_000))), (0, 1));
    }

    #[test]
    fn leave_that_was_not_used_is_there_for_the_next() {
        let mut health = Health::new(10, usize::MAX, at(0));
        health.failed(at(0), false);
        assert_eq!(health.take(at(1_000)), Ok(()));
        health.give_back();
        assert_eq!(health.take(at(1_000)), Ok(()));
    }
}

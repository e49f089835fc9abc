//! When a campaign is on: dates, weekdays and hours in its program's time zone, all half-open.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Hours of a day, from the first up to the second without it; over midnight where the second is not later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Hours {
    pub(crate) from: Time,
    pub(crate) until: Time,
}

/// A set of weekdays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Weekdays(u8);

impl Weekdays {
    pub(crate) fn with(self, day: Weekday) -> Self {
        Self(self.0 | Self::bit(day))
    }

    pub(crate) fn contains(self, day: Weekday) -> bool {
        self.0 & Self::bit(day) != 0
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(day: Weekday) -> u8 {
        1_u8.rotate_left(u32::from(day.to_monday_zero_offset().unsigned_abs()))
    }
}

/// When a campaign is on. Empty sets do not restrict.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Validity {
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) weekdays: Weekdays,
    pub(crate) hours: Vec<Hours>,
}

/// Why a campaign is not on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OutOfTime {
    NotYet,
    Over,
    Weekday,
    Hours,
}

impl Validity {
    /// Whether the campaign is on at an instant, whose local time is worked out only where it is needed.
    pub(crate) fn check(&self, at: Timestamp, local: impl FnOnce() -> DateTime) -> Result<(), OutOfTime> {
        if self.from.is_some_and(|from| at < from) {
            return Err(OutOfTime::NotYet);
        }
        if self.until.is_some_and(|until| at >= until) {
            return Err(OutOfTime::Over);
        }
        if self.weekdays.is_empty() && self.hours.is_empty() {
            return Ok(());
        }
        self.check_local(local())
    }

    /// Whether its dates leave no day of its weekdays.
    pub(crate) fn never_on(&self, zone: &TimeZone) -> bool {
        let (Some(from), Some(until), false) = (self.from, self.until, self.weekdays.is_empty()) else { return false };
        let first = zone.to_datetime(from).date();
        // Hours over midnight begin on the day before.
        let first =
            if self.hours.iter().any(|hours| hours.until <= hours.from) { first.yesterday().unwrap_or(first) } else { first };
        let last = until.checked_sub(SignedDuration::from_nanos(1)).map_or(first, |last| zone.to_datetime(last).date());
        first.series(1.day()).take(7).take_while(|day| *day <= last).all(|day| !self.weekdays.contains(day.weekday()))
    }

    fn check_local(&self, now: DateTime) -> Result<(), OutOfTime> {
        let on = |day: Weekday| self.weekdays.is_empty() || self.weekdays.contains(day);
        let today = now.date().weekday();
        if self.hours.is_empty() {
            return if on(today) { Ok(()) } else { Err(OutOfTime::Weekday) };
        }
        let time = now.time();
        let mut wrong_day = false;
        for hours in &self.hours {
            // Hours over midnight belong to the day on which they began.
            let day = if hours.from < hours.until {
                (hours.from <= time && time < hours.until).then_some(today)
            } else if time >= hours.from {
                Some(today)
            } else {
                (time < hours.until).then(|| today.previous())
            };
            match day {
                Some(day) if on(day) => return Ok(()),
                Some(_) => wrong_day = true,
                None => {}
            }
        }
        Err(if wrong_day || !on(today) { OutOfTime::Weekday } else { OutOfTime::Hours })
    }
}

/// The instant of a local time; where clocks are put forward the one after the gap, where back the first of the two.
pub(crate) fn instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    zone.to_timestamp(local).ok()
}

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

/// Hours of a week in local time, from Monday's first: 0 to 167.
pub(crate) const HOURS_OF_WEEK: u8 = 168;

/// The hour of the week in which a local time lies.
pub(crate) fn hour_of_week(local: DateTime) -> u8 {
    let day = local.date().weekday().to_monday_zero_offset().unsigned_abs();
    day.saturating_mul(24).saturating_add(local.hour().unsigned_abs())
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

    /// The hours of the week in some moment of which it may be on, ascending; none: its weekdays and hours say nothing.
    pub(crate) fn hours_of_week(&self) -> Option<Vec<u8>> {
        if self.weekdays.is_empty() && self.hours.is_empty() {
            return None;
        }
        let all_day = [Hours { from: Time::MIN, until: Time::MIN }];
        let hours = if self.hours.is_empty() { all_day.as_slice() } else { self.hours.as_slice() };
        let begins = |day: u8| {
            let weekday = Weekday::from_monday_zero_offset(i8::try_from(day).unwrap_or(0)).unwrap_or(Weekday::Monday);
            self.weekdays.is_empty() || self.weekdays.contains(weekday)
        };
        let is_on = |slot: &u8| {
            let (day, hour) = (slot.checked_div(24).unwrap_or(0), slot.checked_rem(24).unwrap_or(0));
            let before = day.checked_sub(1).unwrap_or(6);
            hours.iter().any(|own| {
                let (in_first, in_last) =
                    (u8::try_from(own.from.hour()).is_ok_and(|from| from <= hour), reaches(own.until, hour));
                if own.from < own.until {
                    in_first && in_last && begins(day)
                } else {
                    in_first && begins(day) || in_last && begins(before)
                }
            })
        };
        Some((0..HOURS_OF_WEEK).filter(is_on).collect())
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

/// Whether what ends then goes on into an hour of the day.
fn reaches(until: Time, hour: u8) -> bool {
    i8::try_from(hour).ok().and_then(|hour| Time::new(hour, 0, 0, 0).ok()).is_some_and(|begin| begin < until)
}

/// The instant of a local time; where clocks are put forward the one after the gap, where back the first of the two.
pub(crate) fn instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    zone.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_of_a_week_are_those_in_which_some_minute_is_on() {
        let time = |minute: i16| jiff::civil::time(i8::try_from(minute / 60).unwrap(), i8::try_from(minute % 60).unwrap(), 0, 0);
        let hours = |from, until| Hours { from: time(from), until: time(until) };
        let days = |days: &[Weekday]| days.iter().fold(Weekdays::default(), |all, day| all.with(*day));
        let table = [
            (days(&[]), vec![]),
            (days(&[Weekday::Sunday]), vec![]),
            (days(&[]), vec![hours(9 * 60, 11 * 60)]),
            (days(&[Weekday::Monday]), vec![hours(22 * 60 + 30, 60 + 1)]),
            (days(&[Weekday::Sunday, Weekday::Tuesday]), vec![hours(23 * 60, 0), hours(600, 601)]),
            (days(&[Weekday::Saturday]), vec![hours(0, 0), hours(5 * 60, 6 * 60)]),
            (days(&[Weekday::Friday]), vec![hours(60, 30)]),
        ];
        for (weekdays, hours) in table {
            let validity = Validity { weekdays, hours, ..Validity::default() };
            let monday = jiff::civil::date(2026, 11, 23).at(0, 0, 0, 0);
            let minutes = (0..7 * 24 * 60_i64).map(|minute| monday + jiff::SignedDuration::from_mins(minute));
            let mut on: Vec<u8> = minutes.filter(|now| validity.check_local(*now).is_ok()).map(hour_of_week).collect();
            on.dedup();
            match validity.hours_of_week() {
                Some(hours) => assert_eq!(hours, on, "{validity:?}"),
                None => assert_eq!(on.len(), usize::from(HOURS_OF_WEEK), "{validity:?}"),
            }
        }
    }
}

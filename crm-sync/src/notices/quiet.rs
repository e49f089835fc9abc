//! Quiet hours: when a customer is not to be woken, by the clock where they live.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// A part of each day, from its first minute to before its last; it may go over midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QuietHours {
    from: Time,
    to: Time,
}

impl QuietHours {
    /// From a text such as `21:00-09:00`; none: it is no such text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let read = |time: &str| time.trim().parse::<Time>().ok();
        let hours = Self { from: read(from)?, to: read(to)? };
        (hours.from != hours.to).then_some(hours)
    }

    /// When it is quiet no longer; none: it is not quiet now.
    #[must_use]
    pub fn end(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = zone.to_datetime(now);
        let (time, over_midnight) = (local.time(), self.from > self.to);
        let is_quiet = if over_midnight { time >= self.from || time < self.to } else { time >= self.from && time < self.to };
        if !is_quiet {
            return None;
        }
        let ends_tomorrow = over_midnight && time >= self.from;
        let day = if ends_tomorrow { local.date().tomorrow().ok()? } else { local.date() };
        // Where clocks go forward over the end, it ends with the gap; where they go back, at the first of both.
        let end = day.to_datetime(self.to).to_zoned(zone.clone()).ok()?.timestamp();
        // A clock that was set back can show a quiet time again behind the end of it.
        Some(end).filter(|end| *end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::at;
    use super::*;

    fn check(hours: &str, zone: &str, now: &str, end: Option<&str>) {
        let zone = TimeZone::get(zone).unwrap();
        assert_eq!(QuietHours::parse(hours).unwrap().end(at(now), &zone), end.map(at), "{hours} {now}");
    }

    #[test]
    fn h71_quiet_hours_go_by_the_clock_where_the_customer_lives() {
        let night = "21:00-09:00";
        for (zone, now, end) in [
            ("Europe/London", "2026-11-23T20:59:59Z", None),
            ("Europe/London", "2026-11-23T21:00:00Z", Some("2026-11-24T09:00:00Z")),
            ("Europe/London", "2026-11-24T08:59:59Z", Some("2026-11-24T09:00:00Z")),
            ("Europe/London", "2026-11-24T09:00:00Z", None),
            ("Asia/Tokyo", "2026-11-23T12:00:00Z", Some("2026-11-24T00:00:00Z")),
            ("America/New_York", "2026-11-24T01:00:00Z", None),
            // The night in which clocks go back has an hour more.
            ("Europe/Berlin", "2026-10-24T20:00:00Z", Some("2026-10-25T08:00:00Z")),
            ("Europe/Berlin", "2026-10-23T20:00:00Z", Some("2026-10-24T07:00:00Z")),
        ] {
            check(night, zone, now, end);
        }
        check("13:00-15:00", "UTC", "2026-11-23T14:00:00Z", Some("2026-11-23T15:00:00Z"));
        check("13:00-15:00", "UTC", "2026-11-23T15:00:00Z", None);
        // 02:30 is not there on this night: the gap ends at 03:30 of the new time.
        check("21:00-02:30", "Europe/Berlin", "2027-03-28T00:00:00Z", Some("2027-03-28T01:30:00Z"));
    }

    #[test]
    fn what_is_no_time_of_day_is_refused() {
        for text in ["", "21-9-1", "21:00", "25:00-09:00", "09:00-09:00"] {
            assert_eq!(QuietHours::parse(text), None, "{text}");
        }
    }
}

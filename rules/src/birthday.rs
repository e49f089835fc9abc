//! Birthdays: a month and a day, kept in every year.

use jiff::civil::Date;

/// Of `YYYY-MM-DD` or `MM-DD`.
pub(crate) fn month_and_day(value: &str) -> Option<(i8, i8)> {
    let mut parts = value.rsplit('-');
    let (day, month) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    // A leap year has every day that there is.
    Date::new(2000, month, day).ok().map(|date| (date.month(), date.day()))
}

/// The birthday of a year: the 29th of February is kept on the 28th where there is none.
pub(crate) fn in_year(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).or_else(|_| Date::new(year, month, day.saturating_sub(1))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_is_read_with_or_without_its_year_and_leap_days_fall_on_the_28th() {
        let table = [
            ("1990-02-28", Some((2, 28))),
            ("02-29", Some((2, 29))),
            ("1990-02-30", None),
            ("13-01", None),
            ("yes", None),
            ("", None),
        ];
        for (value, expected) in table {
            assert_eq!(month_and_day(value), expected, "{value}");
        }
        assert_eq!(in_year(2027, 2, 29).unwrap().to_string(), "2027-02-28");
        assert_eq!(in_year(2028, 2, 29).unwrap().to_string(), "2028-02-29");
    }
}

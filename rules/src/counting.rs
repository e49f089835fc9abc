//! What a campaign counts over receipts, and in what time.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::id::AssetId;
use crate::mechanic::Give;
use crate::program::Reached;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Counted {
    Units,
    /// Minor units of money paid.
    Money,
    Visits,
    /// Units of an asset that the receipt is given.
    Points,
    /// Different stretches of the calendar with a visit in them.
    Stretches(Calendar),
}

/// The stretches into which the calendar of a program is divided, numbered one after another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Calendar {
    Days,
    /// From Monday on.
    Weeks,
    Months,
    Quarters,
    Years,
}

/// The newest stretches of which something counts, that of the receipt among them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Within {
    pub(crate) calendar: Calendar,
    /// Above zero.
    pub(crate) stretches: i32,
    /// So many are remembered: beyond those counted, what tiers are kept by.
    pub(crate) remembered: u16,
}

/// What a campaign counts over receipts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Counting {
    pub(crate) counted: Counted,
    /// Of what asset, where points are counted.
    pub(crate) asset: Option<AssetId>,
    /// None: for ever.
    pub(crate) within: Option<Within>,
    /// One stretch after another: one left out, and counting begins anew.
    pub(crate) in_a_row: bool,
    /// Something for every so many: units, minor units of money, visits, units of an asset, or stretches.
    pub(crate) give: Option<(i64, Give)>,
}

impl Counting {
    /// How the calendar is divided for it; none: it counts for ever.
    pub(crate) fn calendar(&self) -> Option<Calendar> {
        match self.counted {
            Counted::Stretches(calendar) => Some(calendar),
            Counted::Units | Counted::Money | Counted::Visits | Counted::Points => self.within.map(|within| within.calendar),
        }
    }

    /// Remembers as many stretches as a tier is kept by.
    pub(crate) fn remember_for(&mut self, reached: &Reached) {
        if let Some(within) = &mut self.within {
            let grace = within.calendar.stretches_in(reached.grace_days);
            let stretches = within.stretches.saturating_add(reached.keeps).saturating_add(grace);
            within.remembered = within.remembered.max(u16::try_from(stretches).unwrap_or(u16::MAX));
        }
    }
}

/// A Monday; weeks are numbered from it.
const FIRST: Date = Date::constant(1970, 1, 5);

impl Calendar {
    /// The number of the stretch in which a day lies.
    pub(crate) fn number(self, day: Date) -> i32 {
        let (year, month) = (i32::from(day.year()), i32::from(day.month()));
        let days = || day.since(FIRST).map_or(0, |span| span.get_days());
        let months = year.saturating_mul(12).saturating_add(month).saturating_sub(1);
        match self {
            Self::Days => days(),
            Self::Weeks => days().div_euclid(7),
            Self::Months => months,
            Self::Quarters => months.div_euclid(3),
            Self::Years => year,
        }
    }

    /// The most stretches into which so many days reach.
    pub(crate) fn stretches_in(self, days: i32) -> i32 {
        let shortest = match self {
            Self::Days => 1,
            Self::Weeks => 7,
            Self::Months => 28,
            Self::Quarters => 90,
            Self::Years => 365,
        };
        days.saturating_add(shortest).saturating_sub(1).checked_div(shortest).unwrap_or(days)
    }

    /// The first day of a stretch; none beyond the calendar.
    pub(crate) fn first_day(self, number: i32) -> Option<Date> {
        let of_month = |months: i32| {
            let month = i8::try_from(months.rem_euclid(12).saturating_add(1)).ok()?;
            Date::new(i16::try_from(months.div_euclid(12)).ok()?, month, 1).ok()
        };
        match self {
            Self::Days => FIRST.checked_add(number.days()).ok(),
            Self::Weeks => FIRST.checked_add(number.weeks()).ok(),
            Self::Months => of_month(number),
            Self::Quarters => of_month(number.checked_mul(3)?),
            Self::Years => of_month(number.checked_mul(12)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_follow_one_another_and_begin_with_their_first_day() {
        let table = [
            (Calendar::Days, "2026-03-02", "2026-03-01"),
            (Calendar::Weeks, "2026-03-02", "2026-03-01"),
            (Calendar::Weeks, "1969-12-29", "1969-12-28"),
            (Calendar::Months, "2027-01-01", "2026-12-31"),
            (Calendar::Quarters, "2026-04-01", "2026-03-31"),
            (Calendar::Years, "2027-01-01", "2026-12-31"),
        ];
        for (calendar, first, last) in table {
            let (first, last): (Date, Date) = (first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(calendar.number(first), calendar.number(last) + 1, "{calendar:?} {first}");
            assert_eq!(calendar.first_day(calendar.number(first)), Some(first), "{calendar:?}");
        }
        assert_eq!(Calendar::Years.first_day(i32::MAX), None);
    }
}

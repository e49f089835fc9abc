//! What a campaign counts over receipts, and in what time.

use std::borrow::Cow;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::AssetId;
use crate::mechanic::Give;
use crate::program::Reached;
use crate::standing::CountedStretch;

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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Calendar {
    /// From Monday, 5 January 1970, which is 0.
    Days,
    /// From Monday on; that of 5 January 1970 is 0.
    Weeks,
    /// From January of the year 0.
    Months,
    /// From the first of the year 0.
    Quarters,
    /// By themselves.
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
    #[must_use]
    pub fn number(self, day: Date) -> i32 {
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

    /// What was counted in stretches of one calendar, by those of this one: each counts where it began. Ascending, as they
    /// were.
    #[must_use]
    pub fn restretched(self, stretches: &[CountedStretch], from: Option<Self>) -> Cow<'_, [CountedStretch]> {
        let Some(from) = from.filter(|from| *from != self) else { return Cow::Borrowed(stretches) };
        let mut own: Vec<CountedStretch> = Vec::with_capacity(stretches.len());
        for known in stretches {
            let Some(stretch) = self.begun_in(known.stretch, from) else { continue };
            match own.last_mut().filter(|last| last.stretch == stretch) {
                Some(last) => {
                    last.counted_milli = last.counted_milli.saturating_add(known.counted_milli);
                    last.rewarded = last.rewarded.saturating_add(known.rewarded);
                }
                None => own.push(CountedStretch { stretch, ..*known }),
            }
        }
        Cow::Owned(own)
    }

    /// The stretch in which one of another calendar began; none beyond the calendar.
    #[must_use]
    pub fn begun_in(self, stretch: i32, from: Self) -> Option<i32> {
        if from == self { Some(stretch) } else { from.first_day(stretch).map(|day| self.number(day)) }
    }

    /// The first day of a stretch; none beyond the calendar.
    #[must_use]
    pub fn first_day(self, number: i32) -> Option<Date> {
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

    #[test]
    fn what_was_counted_in_another_calendar_counts_where_it_began() {
        let on = |calendar: Calendar, day: &str, counted_milli: i64, rewarded: i64| CountedStretch {
            stretch: calendar.number(day.parse().unwrap()),
            counted_milli,
            rewarded,
        };
        let months = [on(Calendar::Months, "2026-01-31", 3, 1), on(Calendar::Months, "2026-03-01", 4, 0)];
        let days = [on(Calendar::Days, "2026-01-01", 3, 1), on(Calendar::Days, "2026-03-01", 4, 0)];
        let quarters = [on(Calendar::Quarters, "2026-02-01", 7, 1)];
        assert_eq!(*Calendar::Days.restretched(&months, Some(Calendar::Months)), days);
        assert_eq!(*Calendar::Quarters.restretched(&months, Some(Calendar::Months)), quarters);
        assert_eq!(*Calendar::Months.restretched(&days, Some(Calendar::Days)), months);
        for same in [None, Some(Calendar::Months)] {
            assert!(matches!(Calendar::Months.restretched(&months, same), Cow::Borrowed(own) if own == months));
        }
        let beyond = [CountedStretch { stretch: i32::MAX, counted_milli: 1, rewarded: 0 }];
        assert!(Calendar::Days.restretched(&beyond, Some(Calendar::Years)).is_empty());
    }
}

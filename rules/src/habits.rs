//! What rules of behaviour know of a customer: when they came and how much they spent, by day, in constant space.
//!
//! The last 91 days stand one by one; what is older is folded into weeks, and what is older than 26 weeks is forgotten.

use compact_str::CompactString;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::counting::Calendar;

/// Days back from the newest that stand one by one.
pub const SINGLE_DAYS: i32 = 91;
/// Days back from the newest that are known at all: 26 weeks.
pub const KNOWN_DAYS: i32 = 182;
/// Days and weeks that are kept, at most.
pub const STRETCHES_MAX: usize = 105;
/// From so many gaps on there is something usual.
const GAPS_MIN: usize = 3;

/// A day on which the customer bought, or a week of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DaySpent {
    /// The trading day's number in the calendar; of a week that of its first day.
    pub day: i32,
    /// Receipts.
    pub receipts: u16,
    /// Minor units paid for them less refunds; may be below zero.
    pub spent_minor: i64,
}

/// The customer's habits.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Habits {
    /// The currency of all amounts: that of the first receipt. What is paid in another counts as a receipt alone.
    pub currency: Option<CompactString>,
    /// Days and weeks with receipts, ascending.
    pub days: Vec<DaySpent>,
    /// Days between visits, the newest last; two receipts of one trading day are one visit.
    pub gap_days: Vec<u16>,
    /// The trading day of the last visit, by its number.
    pub last_day: Option<i32>,
}

/// What a span of days held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// Receipts.
    pub receipts: i64,
    /// Minor units.
    pub spent_minor: i64,
}

const _: () =
    assert!(SINGLE_DAYS == 91 && KNOWN_DAYS == 182 && STRETCHES_MAX > 91 + 13, "91 days and the 13 weeks behind them fit");

impl Habits {
    /// A receipt of a trading day.
    pub fn visit(&mut self, date: Date, gaps_max: usize) {
        let day = Calendar::Days.number(date);
        if let Some(gap) = self.last_day.map(|last| day.saturating_sub(last)).filter(|gap| *gap > 0) {
            if self.gap_days.len() >= gaps_max {
                self.gap_days.remove(0);
            }
            self.gap_days.push(u16::try_from(gap).unwrap_or(u16::MAX));
        }
        self.last_day = Some(self.last_day.map_or(day, |last| last.max(day)));
        self.add(DaySpent { day, receipts: 1, spent_minor: 0 });
    }

    /// So much was paid on a receipt of a trading day; below zero: refunded of it.
    pub fn spend(&mut self, date: Date, currency: &str, minor: i64) {
        let known = self.currency.get_or_insert_with(|| CompactString::from(currency));
        if known == currency && minor != 0 {
            self.add(DaySpent { day: Calendar::Days.number(date), receipts: 0, spent_minor: minor });
        }
    }

    /// What another account knows that turned out to be the same customer's.
    pub fn join(&mut self, other: &Self) {
        if other.last_day > self.last_day {
            self.gap_days.clone_from(&other.gap_days);
            self.last_day = other.last_day;
        }
        let same = self.currency.is_none() || other.currency.is_none() || self.currency == other.currency;
        self.currency = self.currency.take().or_else(|| other.currency.clone());
        for day in &other.days {
            self.add(DaySpent { spent_minor: if same { day.spent_minor } else { 0 }, ..*day });
        }
    }

    /// What was bought in so many days, the last of which is `back` days before a date.
    #[must_use]
    pub fn within(&self, date: Date, (back, days): (i32, i32)) -> Span {
        let last = Calendar::Days.number(date).saturating_sub(back);
        let first = last.saturating_sub(days);
        let within = self.days.iter().filter(|known| first < known.day && known.day <= last);
        within.fold(Span::default(), |sum, known| Span {
            receipts: sum.receipts.saturating_add(known.receipts.into()),
            spent_minor: sum.spent_minor.saturating_add(known.spent_minor),
        })
    }

    /// Days from the last visit to a date; none: there was none before it.
    #[must_use]
    pub fn days_since(&self, date: Date) -> Option<i64> {
        let days = Calendar::Days.number(date).saturating_sub(self.last_day?);
        (days >= 0).then(|| days.into())
    }

    /// After how many days the customer usually comes again: the median of the gaps that are kept, of two in the middle the longer.
    #[must_use]
    pub fn usual_gap_days(&self) -> Option<i64> {
        if self.gap_days.len() < GAPS_MIN {
            return None;
        }
        let mut gaps = self.gap_days.clone();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).map(|gap| i64::from(*gap))
    }

    /// Adds to a day, folds what has grown old, and forgets what is too old. What is about a day that is forgotten is lost.
    fn add(&mut self, one: DaySpent) {
        let newest = [self.last_day, self.days.last().map(|known| known.day)].into_iter().flatten().fold(one.day, i32::max);
        insert(&mut self.days, one);
        let old = self.days.partition_point(|known| known.day <= newest.saturating_sub(SINGLE_DAYS));
        let single = self.days.split_off(old);
        for known in std::mem::take(&mut self.days) {
            let week = DaySpent { day: known.day.saturating_sub(known.day.rem_euclid(7)), ..known };
            if week.day > newest.saturating_sub(KNOWN_DAYS) {
                insert(&mut self.days, week);
            }
        }
        self.days.extend(single);
        assert!(self.days.len() <= STRETCHES_MAX, "days and weeks are bounded");
    }
}

fn insert(days: &mut Vec<DaySpent>, one: DaySpent) {
    match days.binary_search_by_key(&one.day, |known| known.day) {
        Ok(place) => {
            if let Some(known) = days.get_mut(place) {
                known.receipts = known.receipts.saturating_add(one.receipts);
                known.spent_minor = known.spent_minor.saturating_add(one.spent_minor);
            }
        }
        Err(place) => days.insert(place, one),
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;

    fn date(day: i32) -> Date {
        jiff::civil::date(2026, 1, 1).checked_add(day.days()).unwrap()
    }

    /// The first day of a day's week, or the day itself where it stands for itself.
    fn stands_at(day: i32, newest: i32) -> i32 {
        let number = Calendar::Days.number(date(day));
        if day > newest - SINGLE_DAYS { number } else { number - number.rem_euclid(7) }
    }

    #[derive(Clone, Debug)]
    struct Bought {
        day: i32,
        minor: i64,
    }

    fn bought() -> impl Strategy<Value = Vec<Bought>> {
        let one = (0..9_i32, -500..5_000_i64).prop_map(|(gap, minor)| Bought { day: gap, minor });
        proptest::collection::vec(one, 1..120).prop_map(|mut all| {
            let mut day = 0;
            for one in &mut all {
                day += one.day;
                one.day = day;
            }
            all
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Against a list that forgets nothing: whatever came when, each window has exactly what lies in it, what is older
        /// than 91 days by its week.
        #[test]
        fn windows_of_spend_and_visits_are_what_a_list_of_all_receipts_says(all in bought(), later in 0..40_i32) {
            let mut habits = Habits::default();
            for one in &all {
                habits.visit(date(one.day), 16);
                habits.spend(date(one.day), "EUR", one.minor);
                habits.spend(date(one.day), "USD", 77);
                prop_assert!(habits.days.len() <= STRETCHES_MAX && habits.days.is_sorted_by(|a, b| a.day < b.day));
            }
            let newest = all.last().unwrap().day;
            let today = newest + later;
            for (back, days) in [(0, 30), (0, 90), (90, 90), (0, 180)] {
                let last = Calendar::Days.number(date(today)) - back;
                let lies = |one: &&Bought| {
                    let day = stands_at(one.day, newest);
                    last - days < day && day <= last && day > Calendar::Days.number(date(newest)) - KNOWN_DAYS
                };
                let slow = all.iter().filter(lies).fold(Span::default(), |sum, one| Span {
                    receipts: sum.receipts + 1,
                    spent_minor: sum.spent_minor + one.minor,
                });
                prop_assert_eq!(habits.within(date(today), (back, days)), slow, "{} {}", back, days);
            }
            prop_assert_eq!(habits.days_since(date(today)), Some(i64::from(later)));
            let mut visits: Vec<i32> = all.iter().map(|one| one.day).collect();
            visits.dedup();
            let mut gaps: Vec<i32> = visits.windows(2).map(|pair| pair[1] - pair[0]).collect();
            gaps.drain(..gaps.len().saturating_sub(16));
            gaps.sort_unstable();
            let slow = (gaps.len() >= GAPS_MIN).then(|| i64::from(gaps[gaps.len() / 2]));
            prop_assert_eq!(habits.usual_gap_days(), slow);
        }
    }

    #[test]
    fn who_came_every_week_and_has_not_come_for_three_is_told_from_their_habit() {
        let mut habits = Habits::default();
        for week in 0..10 {
            habits.visit(date(week * 7), 16);
        }
        assert_eq!((habits.usual_gap_days(), habits.days_since(date(63 + 21))), (Some(7), Some(21)));
        assert_eq!(habits.days_since(date(62)), None, "a day before the last visit knows nothing of it");
    }

    #[test]
    fn what_comes_late_counts_on_its_own_day_and_a_refund_on_the_day_of_its_sale() {
        let mut habits = Habits::default();
        for day in [100, 40, 99] {
            habits.visit(date(day), 16);
            habits.spend(date(day), "EUR", 1_000);
        }
        habits.spend(date(40), "EUR", -400);
        assert_eq!(habits.within(date(100), (0, 30)), Span { receipts: 2, spent_minor: 2_000 });
        assert_eq!(habits.within(date(100), (0, 90)), Span { receipts: 3, spent_minor: 2_600 });
        assert_eq!(habits.gap_days, [], "nobody came again on an earlier day");
    }

    #[test]
    fn p11_refunds_of_ever_earlier_days_ahead_find_room() {
        let mut habits = Habits::default();
        habits.visit(date(0), 16);
        for day in (1..300).rev() {
            habits.spend(date(day), "EUR", -1);
        }
        habits.visit(date(1), 16);
        assert!(habits.days.len() <= STRETCHES_MAX, "{}", habits.days.len());
    }

    #[test]
    fn two_customers_who_are_one_have_bought_what_both_have() {
        let (mut one, mut other) = (Habits::default(), Habits::default());
        for (habits, days) in [(&mut one, [1, 8, 15]), (&mut other, [8, 20, 40])] {
            for day in days {
                habits.visit(date(day), 16);
                habits.spend(date(day), "EUR", 100);
            }
        }
        one.join(&other);
        assert_eq!(one.within(date(40), (0, 90)), Span { receipts: 6, spent_minor: 600 });
        assert_eq!((one.gap_days, one.last_day), (vec![12, 20], other.last_day));
    }
}

//! Counters over receipts: how they move, and what they forget.

use tessera_rules::decision::{CounterMove, CounterTime};
use tessera_rules::money::Quantity;
use tessera_rules::standing::CountedStretch;

use crate::account::Counter;
use crate::limits::{COUNTERS_MAX, STRETCHES_TOTAL_MAX};

/// Moves a counter. Returns the step as it was taken: a stretch that was counted already counts nothing. None: the
/// account counts for as many campaigns as it can.
pub(crate) fn count(counters: &mut Vec<Counter>, step: &CounterMove) -> Option<CounterMove> {
    let place = match counters.binary_search_by(|counter| counter.campaign.cmp(&step.campaign)) {
        Ok(place) => place,
        Err(_) if counters.len() >= COUNTERS_MAX => return None,
        Err(place) => {
            let campaign = step.campaign.clone();
            counters.insert(place, Counter { campaign, counted_milli: 0, rewarded: 0, calendar: None, stretches: Vec::new() });
            place
        }
    };
    let counted_milli = counters.get_mut(place).map_or(0, |counter| counter.step(step));
    forget(counters);
    let counted_on = if counted_milli == step.counted_milli { step.counted_on.clone() } else { Vec::new() };
    Some(CounterMove { campaign: step.campaign.clone(), counted_milli, counted_on, ..*step })
}

/// Keeps all counters' stretches within their number: the counter that has most forgets its oldest.
fn forget(counters: &mut [Counter]) {
    let count = |counters: &[Counter]| counters.iter().map(|counter| counter.stretches.len()).sum::<usize>();
    while count(counters) > STRETCHES_TOTAL_MAX {
        let Some(most) = counters.iter_mut().max_by_key(|counter| counter.stretches.len()) else { return };
        most.stretches.remove(0);
    }
}

impl Counter {
    /// Returns what was counted.
    fn step(&mut self, step: &CounterMove) -> i64 {
        self.divide_as(step.time);
        match step.time {
            CounterTime::Ever => self.add(step.counted_milli, step.rewarded),
            CounterTime::Within { stretch, remembered, .. } => {
                if let Some(known) = self.stretch(stretch) {
                    known.counted_milli = known.counted_milli.saturating_add(step.counted_milli).max(0);
                    known.rewarded = known.rewarded.saturating_add(step.rewarded).max(0);
                }
                let newest = self.stretches.last().map_or(stretch, |last| last.stretch);
                self.stretches.retain(|known| newest.saturating_sub(known.stretch) < i32::from(remembered));
            }
            CounterTime::Stretches { stretch, in_a_row, .. } => return self.count_stretch(step, stretch, in_a_row),
        }
        step.counted_milli
    }

    /// Goes on by the calendar of what is counted now: what was counted in stretches of another one counts where they
    /// began; where stretches are counted themselves, they begin anew.
    fn divide_as(&mut self, time: CounterTime) {
        let Some(calendar) = time.calendar() else { return };
        if let Some(before) = self.calendar.filter(|before| *before != calendar) {
            match time {
                CounterTime::Ever | CounterTime::Within { .. } => {
                    self.stretches = calendar.restretched(&self.stretches, Some(before)).into_owned();
                }
                CounterTime::Stretches { .. } => {
                    (self.counted_milli, self.rewarded) = (0, 0);
                    self.stretches.clear();
                }
            }
        }
        self.calendar = Some(calendar);
    }

    fn add(&mut self, counted_milli: i64, rewarded: i64) {
        self.counted_milli = self.counted_milli.saturating_add(counted_milli).max(0);
        self.rewarded = self.rewarded.saturating_add(rewarded).max(0);
    }

    /// A stretch counts once, whatever two open quotes were told; one that is late counts no more.
    fn count_stretch(&mut self, step: &CounterMove, stretch: i32, in_a_row: bool) -> i64 {
        let last = self.stretches.last().map(|last| last.stretch);
        let counts = step.counted_milli > 0 && last.is_none_or(|last| last < stretch);
        if counts && in_a_row && last.is_some_and(|last| last < stretch.saturating_sub(1)) {
            (self.counted_milli, self.rewarded) = (0, 0);
        }
        let counted_milli = if counts { step.counted_milli } else { 0 };
        self.add(counted_milli, step.rewarded);
        if counts {
            self.stretches = vec![CountedStretch { stretch, counted_milli: 0, rewarded: 0 }];
        }
        counted_milli
    }

    /// The last stretch came back: it can be counted again.
    fn step_back(&mut self, stretch: i32, lowered_milli: i64) {
        if self.counted_milli == 0 {
            self.stretches.clear();
        } else if let Some(last) = self.stretches.last_mut().filter(|last| lowered_milli > 0 && last.stretch == stretch) {
            last.stretch = stretch.saturating_sub(1);
        }
    }

    /// What is known of a stretch, made where there is nothing.
    fn stretch(&mut self, stretch: i32) -> Option<&mut CountedStretch> {
        let place = match self.stretches.binary_search_by_key(&stretch, |known| known.stretch) {
            Ok(place) => place,
            Err(place) => {
                self.stretches.insert(place, CountedStretch { stretch, counted_milli: 0, rewarded: 0 });
                place
            }
        };
        self.stretches.get_mut(place)
    }

    /// Lowers it by what came back of a step, where it still remembers that. Stretches stay counted until all of the
    /// receipt has come back.
    pub(crate) fn take_back(&mut self, step: &CounterMove, lowered_milli: i64, rewarded: i64) -> bool {
        match step.time {
            CounterTime::Ever => self.add(lowered_milli.saturating_neg(), rewarded.saturating_neg()),
            CounterTime::Within { calendar, stretch, .. } => {
                let now = self.calendar.unwrap_or(calendar);
                let Some(stretch) = now.begun_in(stretch, calendar) else { return false };
                let Ok(place) = self.stretches.binary_search_by_key(&stretch, |known| known.stretch) else { return false };
                let Some(known) = self.stretches.get_mut(place) else { return false };
                known.counted_milli = known.counted_milli.saturating_sub(lowered_milli).max(0);
                known.rewarded = known.rewarded.saturating_sub(rewarded).max(0);
            }
            CounterTime::Stretches { calendar, stretch, in_a_row } => {
                if self.calendar.is_some_and(|now| now != calendar) {
                    return false;
                }
                let counted = self.counted_milli.checked_div(Quantity::ONE.milli()).unwrap_or(0);
                let is_of_row = |last: i32| i64::from(last.saturating_sub(stretch)) < counted;
                if in_a_row && !self.stretches.last().is_some_and(|last| is_of_row(last.stretch)) {
                    return false;
                }
                self.add(lowered_milli.saturating_neg(), rewarded.saturating_neg());
                self.step_back(stretch, lowered_milli);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use tessera_rules::decision::Calendar;

    use super::*;
    use crate::testing::campaign;

    fn within(stretch: i32, units: i64, rewarded: i64) -> CounterMove {
        let time = CounterTime::Within { calendar: Calendar::Months, stretch, remembered: 3 };
        CounterMove { campaign: campaign("c"), counted_milli: units * 1_000, rewarded, time, counted_on: Vec::new() }
    }

    fn week(stretch: i32, in_a_row: bool) -> CounterMove {
        let time = CounterTime::Stretches { calendar: Calendar::Weeks, stretch, in_a_row };
        CounterMove { campaign: campaign("c"), counted_milli: 1_000, rewarded: 0, time, counted_on: Vec::new() }
    }

    fn after(steps: &[CounterMove]) -> Counter {
        let mut counters = Vec::new();
        for step in steps {
            assert!(count(&mut counters, step).is_some());
        }
        counters.remove(0)
    }

    fn remembered(counter: &Counter) -> Vec<(i32, i64, i64)> {
        counter.stretches.iter().map(|known| (known.stretch, known.counted_milli / 1_000, known.rewarded)).collect()
    }

    #[test]
    fn the_newest_stretches_are_remembered_and_a_late_receipt_counts_where_it_belongs() {
        let table = [
            (vec![within(1, 5, 0), within(1, 2, 1)], vec![(1, 7, 1)]),
            (vec![within(1, 5, 0), within(3, 2, 0)], vec![(1, 5, 0), (3, 2, 0)]),
            (vec![within(1, 5, 0), within(4, 2, 0)], vec![(4, 2, 0)]),
            (vec![within(4, 5, 0), within(2, 2, 0)], vec![(2, 2, 0), (4, 5, 0)]),
            (vec![within(4, 5, 0), within(1, 2, 0)], vec![(4, 5, 0)]),
        ];
        for (steps, expected) in table {
            assert_eq!(remembered(&after(&steps)), expected, "{steps:?}");
        }
    }

    #[test]
    fn a_counter_goes_on_by_the_calendar_in_force_and_what_comes_back_of_another_one_is_found() {
        let in_calendar = |calendar: Calendar, day: &str, units: i64, rewarded: i64| {
            let stretch = match calendar {
                Calendar::Days => 20_454 + day.parse::<i32>().unwrap(),
                Calendar::Weeks | Calendar::Months | Calendar::Quarters | Calendar::Years => day.parse().unwrap(),
            };
            let time = CounterTime::Within { calendar, stretch, remembered: 40 };
            CounterMove { campaign: campaign("c"), counted_milli: units * 1_000, rewarded, time, counted_on: Vec::new() }
        };
        // 20,454 is 5 January 2026, a Monday; 24,312 is that month; a month's number is above that of all its days.
        let (month, day) = (in_calendar(Calendar::Months, "24312", 5, 1), in_calendar(Calendar::Days, "10", 2, 0));
        let mut counter = after(&[month.clone(), day.clone()]);
        assert_eq!(remembered(&counter), [(20_450, 5, 1), (20_464, 2, 0)], "by days now");
        assert!(counter.take_back(&month, 3_000, 1), "counted by months, and comes back");
        assert_eq!(remembered(&counter), [(20_450, 2, 0), (20_464, 2, 0)]);
        let back = after(&[day, month]);
        assert_eq!(remembered(&back), [(24_312, 7, 1)], "by months again");
        let weeks = after(&[week(7, true), week(8, true)]);
        let time = CounterTime::Stretches { calendar: Calendar::Months, stretch: 24_312, in_a_row: true };
        let mut counters = vec![weeks];
        assert!(count(&mut counters, &CounterMove { time, ..week(0, true) }).is_some());
        assert_eq!((counters[0].counted_milli, counters[0].stretches[0].stretch), (1_000, 24_312), "weeks are no months");
        assert!(!counters[0].take_back(&week(8, true), 1_000, 0));
    }

    #[test]
    fn a_stretch_counts_once_and_a_row_begins_anew_where_one_is_left_out() {
        let table = [
            (vec![week(7, true), week(7, true)], 1, 7),
            (vec![week(7, true), week(8, true), week(9, true)], 3, 9),
            (vec![week(7, true), week(8, true), week(10, true)], 1, 10),
            (vec![week(7, false), week(8, false), week(10, false)], 3, 10),
            (vec![week(7, true), week(6, true)], 1, 7),
        ];
        for (steps, counted, last) in table {
            let counter = after(&steps);
            assert_eq!((counter.counted_milli, counter.stretches[0].stretch), (counted * 1_000, last), "{steps:?}");
        }
    }

    #[test]
    fn p4_a_stretch_that_was_counted_already_is_recorded_as_not_counted_and_one_that_came_back_counts_again() {
        for in_a_row in [false, true] {
            let mut counters = Vec::new();
            assert_eq!(count(&mut counters, &week(6, in_a_row)).unwrap().counted_milli, 1_000);
            assert_eq!(count(&mut counters, &week(7, in_a_row)).unwrap().counted_milli, 1_000);
            let second = count(&mut counters, &week(7, in_a_row)).unwrap();
            assert_eq!((second.counted_milli, counters[0].counted_milli), (0, 2_000), "another receipt of the week");
            assert!(counters[0].take_back(&week(7, in_a_row), 1_000, 0), "the first of them came back");
            assert_eq!(counters[0].counted_milli, 1_000);
            assert_eq!(count(&mut counters, &week(7, in_a_row)).unwrap().counted_milli, 1_000);
            assert_eq!((counters[0].counted_milli, counters[0].stretches[0].stretch), (2_000, 7), "in a row: {in_a_row}");
        }
    }

    #[test]
    fn what_comes_back_is_taken_from_its_own_stretch_and_not_from_a_later_one() {
        let mut counter = after(&[within(1, 5, 0), within(2, 4, 1)]);
        assert!(counter.take_back(&within(1, 5, 0), 3_000, 0));
        assert_eq!(remembered(&counter), [(1, 2, 0), (2, 4, 1)]);
        assert!(!counter.take_back(&within(0, 9, 0), 9_000, 0), "forgotten");
        assert_eq!(remembered(&counter), [(1, 2, 0), (2, 4, 1)]);
        let mut row = after(&[week(7, true), week(9, true)]);
        assert!(!row.take_back(&week(7, true), 1_000, 0), "that row was broken");
        assert!(row.take_back(&week(9, true), 1_000, 0));
        assert_eq!(row.counted_milli, 0);
    }

    #[test]
    fn all_counters_together_remember_no_more_than_an_account_has_room_for() {
        let mut counters = Vec::new();
        for stretch in 0..40 {
            for name in 0..20 {
                let time = CounterTime::Within { calendar: Calendar::Days, stretch, remembered: 60 };
                let step = CounterMove {
                    campaign: campaign(&format!("c{name}")),
                    counted_milli: 1,
                    rewarded: 0,
                    time,
                    counted_on: Vec::new(),
                };
                assert!(count(&mut counters, &step).is_some());
            }
        }
        let counts: Vec<usize> = counters.iter().map(|counter| counter.stretches.len()).collect();
        assert_eq!(counts.iter().sum::<usize>(), STRETCHES_TOTAL_MAX);
        assert!(counters.iter().all(|counter| counter.stretches.last().is_some_and(|last| last.stretch == 39)));
    }
}

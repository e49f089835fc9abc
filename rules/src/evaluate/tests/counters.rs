//! Counters that remember stretches of the calendar.

use super::fixture::{decide, known, receipt};
use crate::counting::Calendar;
use crate::id::CampaignId;
use crate::standing::{CountedStretch, CounterStanding};

/// Months by their distance from the receipt's own, each with what was counted in it and how often it was rewarded.
type Months = &'static [(i32, i64, i64)];

#[test]
fn p4_what_a_later_stretch_was_rewarded_for_is_not_rewarded_again_to_a_receipt_that_is_late() {
    // What is known, how many months count, and how often the receipt is rewarded.
    let table: [(Months, i32, i64); 6] = [
        (&[], 2, 0),
        (&[(0, 9, 0)], 2, 1),
        (&[(0, 9, 0), (1, 1, 1)], 2, 0),
        (&[(0, 9, 0), (1, 11, 1)], 2, 0),
        (&[(0, 9, 0), (1, 12, 1)], 1, 1),
        (&[(-1, 9, 0), (0, 10, 1), (1, 1, 1)], 2, 0),
    ];
    for (months, within, rewarded) in table {
        let now = Calendar::Months.number("2026-11-22".parse().unwrap());
        let stretches = months.iter().map(|(month, bottles, rewarded)| CountedStretch {
            stretch: now + month,
            counted_milli: bottles * 1_000,
            rewarded: *rewarded,
        });
        let counter = CounterStanding {
            campaign: CampaignId::parse("t").unwrap(),
            counted_milli: 0,
            rewarded: 0,
            calendar: None,
            stretches: stretches.collect(),
        };
        let standing = known(|customer| customer.counters = vec![counter]);
        let body = format!(
            "campaigns:\n- {{id: t, name: T, on: {{sku: MILK}}, count: {{every: 10, within: {{months: {within}}}, give: {{points: {{units: 5, asset: points}}}}}}}}\n"
        );
        let decision = decide(&body, &standing, &receipt("MILK 1x1.00"));
        assert_eq!(decision.counters[0].rewarded, rewarded, "{months:?} within {within}");
    }
}

#[test]
fn a_counter_goes_on_by_the_calendar_of_the_revision_in_force() {
    type Counted = (&'static str, i64, i64);
    // Counted by what it was before, on these days; the receipt of 22 November adds one.
    let table: [(Calendar, &[Counted], &str, i64); 6] = [
        (Calendar::Months, &[("2026-11-01", 9, 0)], "within: {days: 30}, every: 10", 1),
        (Calendar::Months, &[("2026-11-01", 9, 0)], "within: {days: 7}, every: 10", 0),
        (Calendar::Days, &[("2026-11-01", 5, 0), ("2026-11-21", 4, 0)], "within: {months: 1}, every: 10", 1),
        (Calendar::Days, &[("2026-10-31", 5, 0), ("2026-11-21", 4, 0)], "within: {months: 1}, every: 10", 0),
        (Calendar::Days, &[("2026-11-01", 10, 1), ("2026-11-21", 4, 0)], "within: {months: 1}, every: 10", 0),
        (Calendar::Years, &[("2026-05-05", 9, 0)], "within: {years: 1}, every: 10", 1),
    ];
    for (calendar, counted, count, rewarded) in table {
        let stretches = counted.iter().map(|(day, bottles, rewarded)| CountedStretch {
            stretch: calendar.number(day.parse().unwrap()),
            counted_milli: bottles * 1_000,
            rewarded: *rewarded,
        });
        let counter = CounterStanding {
            campaign: CampaignId::parse("t").unwrap(),
            counted_milli: 0,
            rewarded: 0,
            calendar: Some(calendar),
            stretches: stretches.collect(),
        };
        let standing = known(|customer| customer.counters = vec![counter]);
        let body = format!(
            "campaigns:\n- {{id: t, name: T, on: {{sku: MILK}}, count: {{{count}, give: {{points: {{units: 5, asset: points}}}}}}}}\n"
        );
        let decision = decide(&body, &standing, &receipt("MILK 1x1.00"));
        assert_eq!(decision.counters[0].rewarded, rewarded, "{counted:?} by {calendar:?}, {count}");
    }
}

#[test]
fn stretches_of_another_calendar_are_not_counted_as_if_they_were_of_this_one() {
    let weeks = |calendar: Option<Calendar>| {
        let last_week = Calendar::Weeks.number("2026-11-15".parse().unwrap());
        let last = CountedStretch { stretch: last_week, counted_milli: 0, rewarded: 0 };
        let campaign = CampaignId::parse("t").unwrap();
        let counter = CounterStanding { campaign, counted_milli: 3_000, rewarded: 0, calendar, stretches: vec![last] };
        let standing = known(|customer| customer.counters = vec![counter]);
        let body = "campaigns:\n- {id: t, name: T, count: {counted: weeks, in_a_row: true, every: 4, give: {points: {units: 5, asset: points}}}}\n";
        let decision = decide(body, &standing, &receipt("MILK 1x1.00"));
        (decision.counters[0].counted_milli, decision.counters[0].rewarded)
    };
    assert_eq!(weeks(Some(Calendar::Weeks)), (1_000, 1), "the fourth week in a row");
    assert_eq!(weeks(Some(Calendar::Days)), (1_000, 0), "days are no weeks: it begins anew");
}

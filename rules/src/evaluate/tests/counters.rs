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

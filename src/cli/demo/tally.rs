//! What the simulated tills have done so far.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use tessera_proto::billing::v1::{Outcome, Totals};

use super::till::{Ended, Told};

/// Longest time that is kept apart from longer ones, microseconds: a minute.
const MICROSECONDS_MAX: u64 = 60_000_000;
/// Digits of a time that are kept.
const DIGITS: u8 = 3;

/// What one campaign gave.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Given {
    /// Receipts on which it was applied.
    pub(super) receipts: u64,
    /// Taken off lines, minor units, 0 or more.
    pub(super) discount_minor: i64,
    /// Worth of what was given on the spot, price changes and goods, minor units.
    pub(super) worth_minor: i64,
    /// Units by asset, less what was taken back.
    pub(super) units: BTreeMap<String, i64>,
}

/// Counts and sums.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) settled: u64,
    pub(super) returned: u64,
    pub(super) voided: u64,
    pub(super) sent_twice: u64,
    /// Sent twice and not the same outcome: a broken promise.
    differed: u64,
    failed: u64,
    pub(super) before_minor: i64,
    pub(super) after_minor: i64,
    pub(super) given_back_minor: i64,
    pub(super) by_campaign: BTreeMap<String, Given>,
    pub(super) quote_us: Histogram<u64>,
    pub(super) settle_us: Histogram<u64>,
    /// The first text of a failure.
    pub(super) first_failure: Option<String>,
}

impl Tally {
    pub(super) fn new() -> Result<Self, CreationError> {
        Ok(Self {
            settled: 0,
            returned: 0,
            voided: 0,
            sent_twice: 0,
            differed: 0,
            failed: 0,
            before_minor: 0,
            after_minor: 0,
            given_back_minor: 0,
            by_campaign: BTreeMap::new(),
            quote_us: Histogram::new_with_bounds(1, MICROSECONDS_MAX, DIGITS)?,
            settle_us: Histogram::new_with_bounds(1, MICROSECONDS_MAX, DIGITS)?,
            first_failure: None,
        })
    }

    /// Visits so far.
    pub(super) fn visits(&self) -> u64 {
        [self.settled, self.returned, self.voided, self.failed].into_iter().fold(0, u64::saturating_add)
    }

    /// Visits that did not end as the contract says.
    pub(super) fn failed(&self) -> u64 {
        self.failed.saturating_add(self.differed)
    }

    pub(super) fn add(&mut self, told: &Told) {
        match &told.end {
            Ended::Settled { outcome, quote, settle, same_again } => {
                self.settled = self.settled.saturating_add(1);
                self.before_minor = self.before_minor.saturating_add(amount(outcome.totals_before.as_ref()));
                self.after_minor = self.after_minor.saturating_add(amount(outcome.totals_after.as_ref()));
                self.quote_us.saturating_record(microseconds(*quote));
                self.settle_us.saturating_record(microseconds(*settle));
                if let Some(same) = same_again {
                    self.sent_twice = self.sent_twice.saturating_add(1);
                    self.differed = self.differed.saturating_add(u64::from(!same));
                }
                self.add_given(outcome);
            }
            Ended::Returned { outcome } => {
                self.returned = self.returned.saturating_add(1);
                // What is deducted from a refund is not given back.
                let due = outcome.totals_after.as_ref().map_or(0, |totals| totals.due_minor);
                self.given_back_minor = self.given_back_minor.saturating_add(due);
                self.add_given(outcome);
            }
            Ended::Voided => self.voided = self.voided.saturating_add(1),
            Ended::Failed => {
                self.failed = self.failed.saturating_add(1);
                self.first_failure.get_or_insert_with(|| told.text.clone());
            }
        }
    }

    fn add_given(&mut self, outcome: &Outcome) {
        for applied in &outcome.applied_campaigns {
            let given = self.by_campaign.entry(applied.campaign_id.clone()).or_default();
            given.receipts = given.receipts.saturating_add(1);
            given.discount_minor = given.discount_minor.saturating_add(applied.discount_minor);
        }
        for reward in &outcome.rewards {
            let given = self.by_campaign.entry(reward.campaign_id.clone()).or_default();
            if reward.asset_id.is_empty() {
                given.worth_minor = given.worth_minor.saturating_add(reward.amount_minor);
                continue;
            }
            let units = given.units.entry(reward.asset_id.clone()).or_default();
            *units = units.saturating_add(reward.units);
        }
    }
}

fn amount(totals: Option<&Totals>) -> i64 {
    totals.map_or(0, |totals| totals.amount_minor)
}

fn microseconds(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tessera_proto::billing::v1::{AppliedCampaign, Reward};

    use super::*;

    fn told(end: Ended) -> Told {
        Told { till: 1, text: "text".to_owned(), end }
    }

    fn outcome(before: i64, after: i64, units: i64) -> Box<Outcome> {
        let totals = |amount_minor| Some(Totals { amount_minor, due_minor: amount_minor, ..Totals::default() });
        Box::new(Outcome {
            totals_before: totals(before),
            totals_after: totals(after),
            rewards: vec![Reward { campaign_id: "base".into(), asset_id: "points".into(), units, ..Reward::default() }],
            applied_campaigns: vec![AppliedCampaign { campaign_id: "off".into(), times: 1, discount_minor: before - after }],
            ..Outcome::default()
        })
    }

    fn settled(same_again: Option<bool>) -> Told {
        let took = Duration::from_millis(2);
        told(Ended::Settled { outcome: outcome(1_000, 900, 9), quote: took, settle: took, same_again })
    }

    #[test]
    fn every_end_is_counted_and_what_was_given_is_summed_by_campaign() {
        let mut tally = Tally::new().unwrap();
        for one in [settled(None), settled(Some(true)), told(Ended::Voided), told(Ended::Failed)] {
            tally.add(&one);
        }
        let mut back = outcome(0, 0, -4);
        back.totals_after = Some(Totals { amount_minor: 500, due_minor: 460, ..Totals::default() });
        tally.add(&told(Ended::Returned { outcome: back }));
        assert_eq!(tally.given_back_minor, 460);
        assert_eq!((tally.settled, tally.returned, tally.voided, tally.sent_twice, tally.visits()), (2, 1, 1, 1, 5));
        assert_eq!((tally.before_minor, tally.after_minor, tally.failed()), (2_000, 1_800, 1));
        assert_eq!(tally.by_campaign["off"].discount_minor, 200);
        assert_eq!(tally.by_campaign["base"].units["points"], 14);
        assert_eq!(tally.quote_us.len(), 2);
        assert_eq!(tally.first_failure.as_deref(), Some("text"));
    }

    #[test]
    fn p2_another_outcome_for_the_same_settle_is_a_failure() {
        let mut tally = Tally::new().unwrap();
        tally.add(&settled(Some(false)));
        assert_eq!(tally.failed(), 1);
    }
}

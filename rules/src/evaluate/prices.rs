//! How often thresholds are reached.

use super::candidates::{Candidate, Reason};
use super::draft::Draft;
use crate::decision::Missing;
use crate::limits::NEAR_MISS_PERCENT_MIN;
use crate::money::Amount;

impl Draft<'_, '_> {
    /// How often a spend threshold is reached by the candidate's goods after line offers.
    pub(super) fn times_spent(&mut self, candidate: &Candidate<'_>, at_least: Amount, repeating: bool) -> Result<i64, Reason> {
        let merchandise =
            candidate.lines.iter().filter(|line| self.basket.lines.get(**line).is_some_and(|line| line.merchandise));
        let spent = merchandise.map(|line| self.threshold_amount(candidate, *line)).fold(0, i64::saturating_add);
        let times = spent.checked_div(at_least.minor()).unwrap_or(0);
        if times == 0 || repeating {
            let rest = spent.checked_rem(at_least.minor()).unwrap_or(0);
            let near = i128::from(rest).saturating_mul(100)
                >= i128::from(at_least.minor()).saturating_mul(i128::from(NEAR_MISS_PERCENT_MIN));
            if near && times < self.left(candidate).uses {
                self.near_miss(
                    candidate,
                    Missing::Spend(Amount::from_minor(at_least.minor().saturating_sub(rest))),
                    &candidate.campaign.on,
                );
            }
        }
        let most = if repeating { self.left(candidate).uses } else { 1 };
        if times == 0 { Err(Reason::SpendMore) } else { Ok(times.min(most)) }
    }
}

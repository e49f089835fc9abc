//! A return's step through its original: which share of a value falls to it.

use tessera_rules::conventions::ReturnedRewards;
use tessera_rules::decision::LineShare;
use tessera_rules::id::RewardId;
use tessera_rules::money::{Quantity, split};
use tessera_rules::receipt::Measure;

use crate::account::Account;
use crate::arithmetic::{share, share_step};
use crate::lot::LotId;
use crate::outcome::{Outcome, OutcomeLine, OutcomeReward, Right};
use crate::return_goods::ReturnedSoFar;
use crate::terms::AssetTerms;

/// A unit, in thousandths.
const ONE_UNIT_MILLI: i64 = Quantity::ONE.milli();

/// A return's step through its original: what had come back before and what has now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) original: &'a Outcome,
    pub(super) before: &'a ReturnedSoFar,
    pub(super) after: &'a ReturnedSoFar,
    pub(super) assets: &'a [AssetTerms],
}

/// A part of a whole, both not negative, the whole above zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fraction {
    pub(super) part: i64,
    pub(super) whole: i64,
}

impl Fraction {
    pub(super) fn of(self, value: i64) -> i64 {
        if self.part == 0 { 0 } else { share(value, self.part, self.whole) }
    }
}

impl<'a> Step<'a> {
    /// What a reward of the sale that waited was given as; none: it was not, as far as anybody remembers.
    pub(super) fn given_later(&self, account: &'a Account, reward: &RewardId) -> Option<&'a Right> {
        let known = account.waiting_for(&self.original.receipt, reward).and_then(|waiting| waiting.given.as_ref());
        known.or_else(|| self.before.given.iter().find(|given| given.reward == *reward).map(|given| &given.right))
    }

    /// Whether the sale earned a lot, at once or later.
    pub(super) fn has_earned(&self, account: &Account, lot: &LotId) -> bool {
        *account.earned_by(lot) == self.original.receipt || self.before.given.iter().any(|given| given.lot.as_ref() == Some(lot))
    }
}

impl Step<'_> {
    /// How much of what lies on those lines has come back; without lines, of the whole receipt by value.
    pub(super) fn fraction(&self, so_far: &ReturnedSoFar, shares: &[LineShare]) -> Fraction {
        if so_far.is_whole(self.original) {
            return Fraction { part: 1, whole: 1 };
        }
        let lines = &self.original.lines;
        let returned = |line: &OutcomeLine, value: i64| {
            let quantity = so_far.quantity(&line.id);
            if quantity.is_zero() { 0 } else { share(value, quantity.milli(), line.quantity.milli()) }
        };
        let sum = |values: &mut dyn Iterator<Item = i64>| values.fold(0_i64, i64::saturating_add);
        let on_lines = sum(&mut shares.iter().map(|share| share.units.max(0)));
        if on_lines > 0 {
            let part = sum(&mut shares.iter().map(|share| {
                let line = lines.iter().find(|line| line.id == share.line);
                line.map_or(0, |line| returned(line, share.units.max(0)))
            }));
            return Fraction { part, whole: on_lines };
        }
        let paid = sum(&mut lines.iter().map(|line| line.paid.minor()));
        if paid > 0 {
            return Fraction { part: sum(&mut lines.iter().map(|line| returned(line, line.paid.minor()))), whole: paid };
        }
        let sold = sum(&mut lines.iter().map(|line| line.quantity.milli()));
        Fraction { part: sum(&mut lines.iter().map(|line| so_far.quantity(&line.id).milli())), whole: sold.max(1) }
    }

    /// How much of what is kept back of a refund goes with what has come back: as the goods that it paid, or as the refund
    /// where what stays is priced anew.
    pub(super) fn kept_back(&self, so_far: &ReturnedSoFar, shares: &[LineShare]) -> Fraction {
        let paid = self.original.lines.iter().map(|line| line.paid.minor()).fold(0_i64, i64::saturating_add);
        if so_far.repriced.is_none() || so_far.is_whole(self.original) || paid <= 0 || !shares.is_empty() {
            return self.fraction(so_far, shares);
        }
        Fraction { part: self.refunded(so_far), whole: paid }
    }

    /// How much of a reward goes with what has come back, by the terms of its program.
    pub(super) fn reward(&self, so_far: &ReturnedSoFar, reward: &OutcomeReward) -> Fraction {
        let terms = self.original.return_terms.iter().find(|terms| terms.program == reward.program);
        match terms.map(|terms| terms.rewards).unwrap_or_default() {
            ReturnedRewards::EqualShares => self.units(so_far, &reward.earned_on),
            // What is priced anew is not asked for here, unless nobody could do it.
            ReturnedRewards::InProportion | ReturnedRewards::RepricedKept => self.fraction(so_far, &reward.earned_on),
        }
    }

    /// What of `value` of a reward falls to this step.
    pub(super) fn of_reward(&self, value: i64, reward: &OutcomeReward) -> i64 {
        let (before, after) = self.gone(value, reward);
        after.saturating_sub(before)
    }

    /// What of `value` of a reward is gone before this step and after it.
    pub(super) fn gone(&self, value: i64, reward: &OutcomeReward) -> (i64, i64) {
        let repriced = |so_far: &ReturnedSoFar| so_far.repriced.as_ref().and_then(|repriced| repriced.reward(reward));
        match repriced(self.after) {
            Some(stands) => (value.saturating_sub(repriced(self.before).unwrap_or(value)), value.saturating_sub(stands)),
            None => (self.reward(self.before, reward).of(value), self.reward(self.after, reward).of(value)),
        }
    }

    /// How many units of those lines have come back; without lines, of the whole receipt. A measured line is one unit.
    fn units(&self, so_far: &ReturnedSoFar, shares: &[LineShare]) -> Fraction {
        if so_far.is_whole(self.original) {
            return Fraction { part: 1, whole: 1 };
        }
        let (mut part, mut whole) = (0_i64, 0_i64);
        let earned = |line: &&OutcomeLine| shares.is_empty() || shares.iter().any(|share| share.line == line.id);
        for line in self.original.lines.iter().filter(earned) {
            let (back, sold) = (so_far.quantity(&line.id).milli(), line.quantity.milli());
            let (back, sold) = match line.measure {
                Measure::Counted => (back, sold),
                Measure::Measured => (if back == 0 { 0 } else { share(ONE_UNIT_MILLI, back, sold) }, ONE_UNIT_MILLI),
            };
            part = part.saturating_add(back);
            whole = whole.saturating_add(sold);
        }
        Fraction { part, whole: whole.max(1) }
    }

    /// What has been refunded of the lines.
    pub(super) fn refunded(&self, so_far: &ReturnedSoFar) -> i64 {
        if let Some(repriced) = &so_far.repriced {
            return repriced.refunded.minor();
        }
        let of = |line: &OutcomeLine| {
            let quantity = so_far.quantity(&line.id);
            if quantity.is_zero() { 0 } else { share(line.paid.minor(), quantity.milli(), line.quantity.milli()) }
        };
        self.original.lines.iter().map(of).fold(0_i64, i64::saturating_add)
    }

    /// What of `value` falls to this step.
    pub(super) fn of(&self, value: i64, shares: &[LineShare]) -> i64 {
        self.fraction(self.after, shares).of(value).saturating_sub(self.fraction(self.before, shares).of(value))
    }

    /// How `taken` of a reward lies on the lines that came back in this step, by the original's line ids.
    pub(super) fn shares_of(&self, taken: i64, shares: &[LineShare]) -> Vec<LineShare> {
        let came_back = |share_of: &LineShare| {
            let line = self.original.lines.iter().find(|line| line.id == share_of.line)?;
            let quantity = |so_far: &ReturnedSoFar| so_far.quantity(&line.id).milli();
            Some(share_step(share_of.units.max(0), quantity(self.before), quantity(self.after), line.quantity.milli()))
        };
        let weights: Vec<i64> = shares.iter().map(|share| came_back(share).unwrap_or(0).max(0)).collect();
        let parts = split(taken, &weights);
        let lines = shares.iter().zip(parts).map(|(share, units)| LineShare { line: share.line.clone(), units });
        lines.filter(|share| share.units != 0).collect()
    }

    /// Whether the last of the goods came back with this step.
    pub(super) fn completes(&self) -> bool {
        self.after.is_whole(self.original) && !self.before.is_whole(self.original)
    }
}

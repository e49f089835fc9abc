//! A receipt that is paid: what would have changed its lines becomes its fallback, less what the receipt already shows.
//!
//! What a campaign shows lessens its own fallback first. What it shows beyond what it gives now (another campaign has
//! outdone it since) lessens the fallback of campaigns of the same stacking group on the same lines: units used by one of
//! them are not there for the others, so both together would be more than anybody could have had.

use super::basket::By;
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::campaign::Fallback;
use crate::decision::RewardKind;
use crate::money::{Amount, Units, split};
use crate::receipt::Given;

/// What the receipt shows of a campaign on one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    /// The campaign's place in the revision; none: the revision has no such campaign.
    campaign: Option<usize>,
    /// The stacking group for which it uses units up; none: 0.
    group_bit: u64,
    line: Option<usize>,
    /// In minor units, less what fallbacks have been lessened by.
    left: i64,
}

impl Shown {
    /// Takes at most so much of it.
    fn take(&mut self, minor: i64) -> i64 {
        let taken = self.left.min(minor).max(0);
        self.left = self.left.saturating_sub(taken);
        taken
    }
}

impl Draft<'_, '_> {
    /// Prices stand as they are, campaigns that would have changed them become their fallback, and what the receipt
    /// already shows of them earns nothing.
    pub(super) fn too_late(&mut self, changed: &[(&Candidate<'_>, Effect)]) {
        for (candidate, effect) in changed {
            self.note_late(candidate.campaign, effect);
        }
        self.shown = self.shown();
        let worths: Vec<i64> = changed.iter().map(|(candidate, effect)| self.less_own(candidate, effect)).collect();
        self.basket.reset(self.case);
        self.forget_common();
        self.after_lines = self.basket.amounts();
        for ((candidate, effect), worth) in changed.iter().zip(worths) {
            match self.fall_back(candidate, *effect, worth) {
                Ok(effect) => {
                    self.use_common(candidate, &effect);
                    self.effects.push(effect);
                }
                Err(reason) => self.refuse(candidate.place, reason),
            }
        }
        let given = self.case.receipt.given.iter().map(|given| given.amount.minor()).fold(0, i64::saturating_add);
        // What it shows of largest prices is off its lines already.
        let lines = self.basket.lines.iter();
        let lowered = lines.map(|line| line.line.amount.minor().saturating_sub(line.amount())).fold(0, i64::saturating_add);
        let given = given.saturating_sub(lowered).max(0);
        let weights: Vec<i64> =
            self.basket.lines.iter().map(|line| if line.takes_discount { line.amount() } else { 0 }).collect();
        for (line, minor) in self.basket.lines.iter_mut().zip(split(given, &weights)) {
            line.not_earning = minor.min(line.amount());
        }
    }

    /// Whether a candidate would change lines that cannot change any more.
    pub(super) fn comes_too_late(&self, candidate: &Candidate<'_>) -> bool {
        self.case.is_too_late(candidate.act) && candidate.campaign.mechanic.changes_lines()
    }

    /// An effect on lines stands, unless it comes too late.
    pub(super) fn or_fall_back(&mut self, candidate: &Candidate<'_>, effect: Effect) -> Result<Effect, Reason> {
        if self.comes_too_late(candidate) {
            let worth = self.less_own(candidate, &effect);
            self.fall_back(candidate, effect, worth)
        } else {
            Ok(effect)
        }
    }

    /// What the receipt shows, by campaign and line.
    fn shown(&self) -> Vec<Shown> {
        let receipt = self.case.receipt;
        let mut places: Vec<_> = receipt.lines.iter().enumerate().map(|(place, line)| (&line.id, place)).collect();
        places.sort_unstable();
        let of = |given: &Given| {
            let found = given.line.as_ref().and_then(|id| places.binary_search_by(|(known, _)| (*known).cmp(id)).ok());
            let campaign = self.case.revision.campaign(&given.campaign);
            Shown {
                campaign: self.case.revision.place_of(&given.campaign),
                group_bit: campaign.map_or(0, |campaign| self.used_bit_of(campaign)),
                line: found.and_then(|found| places.get(found)).map(|(_, place)| *place),
                left: given.amount.minor().saturating_add(self.worth_of_added(&given.added)),
            }
        };
        receipt.given.iter().map(of).collect()
    }

    /// What an effect is worth beyond what the receipt shows of its campaign: each line's share of what it takes off is
    /// lessened by what is shown there first.
    fn less_own(&mut self, candidate: &Candidate<'_>, effect: &Effect) -> i64 {
        let by = By::Campaign(candidate.place);
        let mut worth = effect.discount.saturating_add(effect.added_worth);
        for shown in self.shown.iter_mut().filter(|shown| shown.campaign == Some(candidate.place)) {
            let runs = shown.line.and_then(|line| self.basket.lines.get(line)).into_iter().flat_map(|line| &line.runs);
            let changes = runs.flat_map(|run| &run.changes).filter(|change| change.by == by);
            let here = changes.map(|change| change.minor).fold(0, i64::saturating_sub);
            worth = worth.saturating_sub(shown.take(here.min(worth)));
        }
        for shown in self.shown.iter_mut().filter(|shown| shown.campaign == Some(candidate.place)) {
            worth = worth.saturating_sub(shown.take(worth));
        }
        worth
    }

    /// What is left of a worth once others of the campaign's stacking group have been counted that the receipt shows on
    /// its lines.
    fn less_others(&mut self, candidate: &Candidate<'_>, mut worth: i64) -> i64 {
        let bit = self.used_bit(candidate);
        for shown in self.shown.iter_mut().filter(|shown| shown.group_bit & bit != 0) {
            if shown.line.is_some_and(|line| candidate.lines.binary_search(&line).is_ok()) {
                worth = worth.saturating_sub(shown.take(worth));
            }
        }
        worth
    }

    /// What a campaign that comes too late to change lines becomes: points for the worth that its own part of the
    /// receipt leaves of it, or a coupon where anything is left.
    fn fall_back(&mut self, candidate: &Candidate<'_>, effect: Effect, worth: i64) -> Result<Effect, Reason> {
        let fallback = candidate.campaign.fallback.as_ref().ok_or(Reason::TooLate)?;
        if self.case.customer.is_none() {
            return Err(Reason::NoCustomer);
        }
        let worth = self.less_others(candidate, worth);
        let reward = match fallback {
            Fallback::Points(asset) => {
                let asset = self.asset(asset).ok_or(Reason::TooLate)?;
                let units = asset.units_for(Amount::from_minor(worth)).map_or(0, Units::units);
                self.reward_units(candidate, 0, asset, units)
            }
            Fallback::Coupon { campaign, days } if worth > 0 => {
                let until = self.until(candidate, *days);
                let mut reward = self.reward(candidate, 0, RewardKind::DiscountLater { coupon: campaign.clone() }, None);
                if let Some(reward) = &mut reward {
                    reward.expires_at = until;
                }
                reward
            }
            Fallback::Coupon { .. } => None,
        };
        reward.ok_or(Reason::TooLate)?.fallback = true;
        Ok(Effect { discount: 0, ..effect })
    }
}

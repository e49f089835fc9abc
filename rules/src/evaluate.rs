//! The one pure call: revision, catalogue, standing, receipt and time in; decision out.
//!
//! Order of work: line offers → basket offers → redemption → rewards → offers → prompts. Within a level campaigns
//! act by priority, then by id. No clock, no randomness, no input or output (P7).

mod added;
mod basket;
mod candidates;
mod case;
mod draft;
mod explain;
mod finish;
mod offers;
mod prices;
mod prompts;
mod redeem;
mod rewards;
mod sets;

use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::decision::{Decision, Note, RewardKind};
use crate::effort::Effort;
use crate::mechanic::{Act, Mechanic};
use crate::money::{Amount, split};
use crate::receipt::Receipt;
use crate::revision::Revision;
use crate::standing::Standing;

use candidates::{Candidate, Reason};
use case::Case;
use draft::{Draft, Effect};

/// Decides what to do with a receipt that has been validated against [`crate::limits`].
///
/// Total and deterministic: the same arguments give the same decision on any machine. `at` is the time of sale by
/// which campaigns are valid; the receipt's own times are data.
#[must_use]
pub fn evaluate(
    revision: &Revision,
    catalogue: &Catalogue,
    standing: &Standing,
    receipt: &Receipt,
    at: Timestamp,
    effort: Effort,
) -> Decision {
    let case = Case::new(revision, catalogue, standing, receipt, at);
    let mut draft = Draft::new(&case, effort.steps_max);
    draft.note_unknown_articles();
    let found = candidates::find(&case, &draft.basket);
    draft.refused = found.refused;
    draft.steps = found.steps;
    draft.note_left_out();
    draft.prices(&found.candidates);
    draft.redeem();
    draft.rewards(&found.candidates);
    draft.suggest(&found.candidates);
    draft.prompt();
    draft.finish()
}

impl Draft<'_, '_> {
    fn note_unknown_articles(&mut self) {
        let unknown = self.basket.lines.iter().filter(|line| line.product.is_none());
        self.notes.extend(unknown.map(|line| Note::UnknownSku { line: line.line.id.clone() }));
    }

    fn note_left_out(&mut self) {
        for (place, reason) in &self.refused {
            if let (Reason::TooManyOpenQuotes, Some(campaign)) = (reason, self.case.revision.campaigns().get(*place)) {
                self.notes.push(Note::TooManyOpenQuotes { campaign: campaign.id.clone() });
            }
        }
    }

    /// Line offers, then basket offers. On a receipt that is paid they are worked out as if it were not, and become
    /// their fallback.
    fn prices(&mut self, candidates: &[Candidate<'_>]) {
        self.after_lines = self.basket.amounts();
        let mut changed: Vec<(&Candidate<'_>, Effect)> = Vec::new();
        for act in [Act::Lines, Act::Basket] {
            let contested = self.contested(candidates, act);
            for candidate in candidates.iter().filter(|candidate| candidate.act == act) {
                match self.act_price(candidate) {
                    Ok(effect) => changed.push((candidate, effect)),
                    Err(reason) => self.refuse(candidate.place, reason),
                }
            }
            self.bound_of(&contested);
            if act == Act::Lines {
                self.after_lines = self.basket.amounts();
            }
        }
        if self.case.paid() {
            return self.too_late(&changed);
        }
        for (candidate, effect) in changed {
            if effect.discount > 0 {
                self.worth = self.worth.saturating_add(effect.discount);
                self.reward(candidate, 0, RewardKind::DiscountNow { amount: Amount::from_minor(effect.discount) }, None);
            }
            self.effects.push(effect);
        }
    }

    fn act_price(&mut self, candidate: &Candidate<'_>) -> Result<Effect, Reason> {
        if !self.step(candidate.lines.len()) {
            return Err(Reason::StepsUsedUp);
        }
        self.spent_enough(candidate)?;
        match &candidate.campaign.mechanic {
            Mechanic::Off { off, per } => self.off(candidate, *off, *per),
            Mechanic::Set { groups, gain } => self.set(candidate, groups, *gain),
            Mechanic::PriceList { .. } | Mechanic::Ladder { .. } => Err(Reason::NothingToTakeOff),
            Mechanic::ExtraUnits { every, add } => self.extra_units(candidate, *every, *add),
            Mechanic::Spend { at_least, give, repeating } => self.spend_prices(candidate, *at_least, give, *repeating),
            // These change no prices.
            Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Count { .. }
            | Mechanic::Grant { .. }
            | Mechanic::Offer { .. } => Err(Reason::NothingToTakeOff),
        }
    }

    /// The campaign's own condition on the basket: before line offers by what was rung up, after them by what they left.
    fn spent_enough(&self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        let Some(least) = candidate.campaign.spend_at_least else { return Ok(()) };
        let lines = self.basket.lines.iter().zip(&self.after_lines).filter(|(line, _)| line.merchandise);
        let spent = lines.map(|(_, amount)| *amount).fold(0, i64::saturating_add);
        if spent >= least.minor() { Ok(()) } else { Err(Reason::SpendMore) }
    }

    /// The lines for whose units two campaigns of one priority and stacking group compete. As long as campaigns act
    /// in their order alone, a better combination may exist there.
    fn contested(&self, candidates: &[Candidate<'_>], act: Act) -> Vec<usize> {
        let mut contested = Vec::new();
        let mut seen = vec![0_u64; self.basket.lines.len()];
        let mut priority = None;
        for candidate in candidates.iter().filter(|candidate| candidate.act == act && self.could_act(candidate)) {
            if priority != Some(candidate.campaign.priority) {
                priority = Some(candidate.campaign.priority);
                seen.fill(0);
            }
            for line in &candidate.lines {
                let takes =
                    self.basket.lines.get(*line).is_some_and(|line| line.takes_discount && line.line.amount.is_positive());
                let Some(groups) = seen.get_mut(*line).filter(|_| takes) else { continue };
                if *groups & candidate.campaign.group_bit != 0 {
                    contested.push(*line);
                }
                *groups |= candidate.campaign.group_bit;
            }
        }
        contested.sort_unstable();
        contested.dedup();
        contested
    }

    /// Whether there are enough units for it at all.
    fn could_act(&self, candidate: &Candidate<'_>) -> bool {
        let units = || candidate.lines.iter().filter_map(|line| self.basket.lines.get(*line)).map(basket::BasketLine::units_rung);
        self.spent_enough(candidate).is_ok()
            && match &candidate.campaign.mechanic {
                Mechanic::Set { groups, .. } => {
                    units().fold(0, i64::saturating_add) >= groups.iter().map(|group| group.units).fold(0, i64::saturating_add)
                }
                Mechanic::ExtraUnits { every, .. } => units().any(|units| units >= *every),
                Mechanic::Off { .. }
                | Mechanic::PriceList { .. }
                | Mechanic::Ladder { .. }
                | Mechanic::Spend { .. }
                | Mechanic::Points { .. }
                | Mechanic::Multiply { .. }
                | Mechanic::Count { .. }
                | Mechanic::Grant { .. }
                | Mechanic::Offer { .. } => true,
            }
    }

    /// Where the best deal is not proven, no other can be better by more than what is left to take off.
    fn bound_of(&mut self, contested: &[usize]) {
        let exhausted = self.steps > self.steps_max;
        if contested.is_empty() && !exhausted {
            return;
        }
        self.proven = false;
        let lines = self.basket.lines.iter().enumerate().filter(|(place, _)| exhausted || contested.binary_search(place).is_ok());
        let spots = lines.flat_map(|(place, line)| (0..line.runs.len()).map(move |run| (place, run)));
        let room = spots.map(|spot| self.basket.room(spot)).fold(0, i64::saturating_add);
        self.bound = self.bound.saturating_add(room);
    }

    /// A paid receipt: prices stand as they are, campaigns that would have changed them become their fallback, and
    /// what the receipt already shows of them earns nothing.
    fn too_late(&mut self, changed: &[(&Candidate<'_>, Effect)]) {
        self.basket.reset();
        self.after_lines = self.basket.amounts();
        for (candidate, effect) in changed {
            match self.fall_back(candidate, *effect) {
                Ok(effect) => self.effects.push(effect),
                Err(reason) => self.refuse(candidate.place, reason),
            }
        }
        let given = self.case.receipt.given.iter().map(|given| given.amount.minor()).fold(0, i64::saturating_add);
        let weights: Vec<i64> =
            self.basket.lines.iter().map(|line| if line.takes_discount { line.amount() } else { 0 }).collect();
        for (line, minor) in self.basket.lines.iter_mut().zip(split(given, &weights)) {
            line.not_earning = minor.min(line.amount());
        }
    }

    fn rewards(&mut self, candidates: &[Candidate<'_>]) {
        for candidate in candidates.iter().filter(|candidate| candidate.act == Act::Rewards) {
            let effect = if self.step(candidate.lines.len()) {
                self.spent_enough(candidate).and_then(|()| self.act_reward(candidate))
            } else {
                Err(Reason::StepsUsedUp)
            };
            match effect {
                Ok(effect) => self.effects.push(effect),
                Err(reason) => self.refuse(candidate.place, reason),
            }
        }
    }

    fn suggest(&mut self, candidates: &[Candidate<'_>]) {
        for candidate in candidates.iter().filter(|candidate| candidate.act == Act::Offers) {
            let Mechanic::Offer { suggest, limit } = &candidate.campaign.mechanic else { continue };
            match self.offer(candidate, suggest, *limit) {
                Ok(effect) => self.effects.push(effect),
                Err(reason) => self.refuse(candidate.place, reason),
            }
        }
    }
}

#[cfg(test)]
mod tests;

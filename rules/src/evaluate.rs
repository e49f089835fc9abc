//! The one pure call: revision, catalogue, standing, receipt and time in; decision out.
//!
//! Order of work: line offers → basket offers → redemption → rewards → prompts → instructions → offers; what there are
//! no steps for is left out from the end ([`parts`]). Line and basket offers of one
//! priority and stacking group are a level, in which the best combination is sought ([`deal`]). No clock, no
//! randomness, no input or output (P7).

mod added;
mod basket;
mod brakes;
mod candidates;
mod caps;
mod case;
mod cashier;
mod conditions;
mod costs;
mod count;
mod deal;
mod declinable;
mod draft;
mod earning;
mod explain;
mod finish;
mod free;
mod late;
mod limits_shared;
mod offers;
mod parts;
mod price_max;
mod prices;
mod prompts;
mod redeem;
mod rewards;
mod scope;
mod segments;
mod tiers;
mod used;

pub use tiers::{TierNow, tiers_now};

use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::conventions::Order;
use crate::decision::{AnswerPart, Decision, Note, RewardKind};
use crate::effort::Effort;
use crate::mechanic::{Act, Mechanic};
use crate::money::Amount;
use crate::receipt::Receipt;
use crate::revision::Revision;
use crate::standing::Standing;

use candidates::{Candidate, Found, Reason};
use case::Case;
use draft::{Draft, Effect};

pub use segments::segments;

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
    let draft = Draft::new(&case, effort);
    let found = candidates::find(&case, &draft.basket, &draft.facts);
    decide(draft, found)
}

/// [`evaluate`] by looking at every campaign: what the index saves is measured against it.
#[cfg(feature = "naive")]
#[must_use]
pub fn evaluate_naively(
    revision: &Revision,
    catalogue: &Catalogue,
    standing: &Standing,
    receipt: &Receipt,
    at: Timestamp,
    effort: Effort,
) -> Decision {
    let case = Case::new(revision, catalogue, standing, receipt, at);
    let draft = Draft::new(&case, effort);
    let found = candidates::find_naively(&case, &draft.basket, &draft.facts);
    decide(draft, found)
}

/// Decides with the candidates found.
fn decide<'a>(mut draft: Draft<'a, '_>, found: Found<'a>) -> Decision {
    draft.note_unknown_articles();
    draft.note_too_dear();
    draft.effects.reserve(found.candidates.len());
    draft.rewards.reserve(found.candidates.len());
    draft.refused = found.refused;
    draft.common = found.common;
    draft.depends_on_tenders = found.depends_on_tenders;
    draft.steps = found.steps.saturating_add(draft.facts.steps());
    draft.note_left_out();
    let (steps_max, kept) = (draft.steps_max, draft.kept_steps(&found.candidates));
    draft.steps_max = steps_max.saturating_sub(kept);
    draft.prices(&found.candidates);
    draft.steps_max = if draft.leaves_out { steps_max.max(draft.steps.saturating_add(kept)) } else { u64::MAX };
    draft.behind_lines(&found.candidates);
    draft.finish()
}

/// A candidate with its place among the levels.
#[derive(Clone, Copy, Debug)]
struct Ranked<'k> {
    rank: (i64, i64),
    candidate: &'k Candidate<'k>,
}

impl Ranked<'_> {
    /// Whether both are of one level.
    fn is_with(&self, other: &Self) -> bool {
        (self.rank, self.candidate.campaign.group_bit) == (other.rank, other.candidate.campaign.group_bit)
    }
}

impl<'a> Draft<'a, '_> {
    /// What comes behind the lines, as far as there are steps for it.
    fn behind_lines(&mut self, candidates: &[Candidate<'a>]) {
        for part in AnswerPart::ALL {
            if !self.has_steps_for(part, candidates) {
                continue;
            }
            match part {
                AnswerPart::Redemption => self.redeem(),
                AnswerPart::Rewards => self.rewards(candidates),
                AnswerPart::Prompts => self.prompt(),
                AnswerPart::Instructions => self.instruct(),
                AnswerPart::Offers => self.suggest(candidates),
            }
        }
    }

    fn note_unknown_articles(&mut self) {
        let unknown = self.basket.lines.iter().filter(|line| line.product.is_none());
        self.notes.extend(unknown.map(|line| Note::UnknownSku { line: line.line.id.clone() }));
    }

    fn note_left_out(&mut self) {
        for (place, reason) in &self.refused {
            let Some(campaign) = self.case.revision.campaigns().get(*place) else { continue };
            if let Reason::NotPromised(why) = reason {
                self.notes.push(why.of(campaign.id.clone()));
            } else if matches!(reason, Reason::Failed(..)) {
                self.notes.push(Note::ConditionFailed { campaign: campaign.id.clone() });
            }
        }
    }

    /// Line offers and basket offers, level by level. On a receipt that is paid they are worked out as if it were not,
    /// and become their fallback.
    fn prices(&mut self, candidates: &[Candidate<'_>]) {
        self.after_lines = self.basket.amounts();
        let mut effects = Vec::with_capacity(candidates.len());
        let by_priority = self.order() == Order::ByPriority;
        let mut able: Vec<&Candidate<'_>> = Vec::with_capacity(candidates.len());
        let mut lines_done = by_priority;
        for level in self.levels(candidates).chunk_by(|a, b| a.is_with(b)) {
            able.clear();
            self.begin_level();
            if !lines_done && level.first().is_some_and(|ranked| ranked.candidate.act == Act::Basket) {
                self.after_lines = self.basket.amounts();
                lines_done = true;
            }
            for candidate in level.iter().map(|ranked| ranked.candidate) {
                match self.may_act(candidate) {
                    Ok(()) => able.push(candidate),
                    Err(reason) => self.refuse(candidate.place, reason),
                }
            }
            match level.first().map(|ranked| ranked.candidate.act) {
                Some(Act::Lines) if by_priority => self.line_offers(&able, &mut effects),
                Some(Act::Lines) => self.line_level(&able, &mut effects),
                Some(Act::Basket) => self.basket_level(&able, &mut effects),
                Some(Act::Rewards | Act::Offers) | None => {}
            }
        }
        if !lines_done {
            self.after_lines = self.basket.amounts();
        }
        effects.sort_by_key(|(candidate, _)| {
            let priority = if by_priority { candidate.campaign.priority.saturating_neg() } else { 0 };
            (priority, candidate.act, candidate.place)
        });
        if self.case.paid() {
            return self.too_late(&effects);
        }
        for (candidate, effect) in effects {
            if effect.discount > 0 {
                self.worth = self.worth.saturating_add(effect.discount);
                self.reward(candidate, 0, RewardKind::DiscountNow { amount: Amount::from_minor(effect.discount) }, None);
            }
            self.effects.push(effect);
        }
    }

    /// A level of line offers among others of the basket: thresholds look at what line offers have left so far.
    fn line_offers<'k>(&mut self, level: &[&'k Candidate<'k>], effects: &mut Vec<(&'k Candidate<'k>, Effect)>) {
        let before = self.basket.amounts();
        self.line_level(level, effects);
        for ((left, before), line) in self.after_lines.iter_mut().zip(before).zip(&self.basket.lines) {
            *left = left.saturating_sub(before).saturating_add(line.amount());
        }
    }

    /// In which order campaigns of all programs act.
    fn order(&self) -> Order {
        self.case.revision.programs().first().map(|program| program.conventions.order).unwrap_or_default()
    }

    /// The campaign's own condition on the basket: a line offer's looks at what was rung up, every other at what line
    /// offers left.
    fn spent_enough(&self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        let Some(least) = candidate.campaign.spend_at_least else { return Ok(()) };
        let lines = self.basket.lines.iter().enumerate().filter(|(_, line)| line.merchandise);
        let spent = lines.map(|(place, line)| match candidate.act {
            Act::Lines => line.original(),
            Act::Basket | Act::Rewards | Act::Offers => self.threshold_amount(candidate, place),
        });
        if spent.fold(0, i64::saturating_add) >= least.minor() { Ok(()) } else { Err(Reason::SpendMore) }
    }

    /// The candidates that change prices, level after level, by id within one.
    fn levels<'k>(&self, candidates: &'k [Candidate<'k>]) -> Vec<Ranked<'k>> {
        let by_priority = self.order() == Order::ByPriority;
        let priced = candidates.iter().filter(|candidate| matches!(candidate.act, Act::Lines | Act::Basket));
        let mut ranked: Vec<Ranked<'k>> = priced
            .map(|candidate| {
                let (act, priority) = (i64::from(candidate.act == Act::Basket), candidate.campaign.priority.saturating_neg());
                let rank = if by_priority { (priority, act) } else { (act, priority) };
                Ranked { rank, candidate }
            })
            .collect();
        // Groups have their bits in the order of their names.
        ranked.sort_unstable_by_key(|ranked| (ranked.rank, ranked.candidate.campaign.group_bit, ranked.candidate.place));
        ranked
    }

    fn may_act(&mut self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        if !self.step(candidate.lines.len()) {
            self.may_lack(candidate);
            return Err(Reason::StepsUsedUp);
        }
        self.within_common(candidate)?;
        self.spent_enough(candidate)?;
        self.may_cost(candidate)
    }

    /// Where the steps have run out before a campaign could act, all that its lines could become cheaper may be missing.
    fn may_lack(&mut self, candidate: &Candidate<'_>) {
        let lines = candidate.lines.iter().filter_map(|place| Some((*place, self.basket.lines.get(*place)?)));
        let spots = lines.flat_map(|(place, line)| (0..line.runs.len()).map(move |run| (place, run)));
        let room = spots.map(|spot| self.basket.room(spot)).fold(0, i64::saturating_add);
        self.proven = false;
        self.bound = self.bound.saturating_add(room);
    }

    fn suggest(&mut self, candidates: &[Candidate<'_>]) {
        for candidate in candidates.iter().filter(|candidate| candidate.act == Act::Offers) {
            let Mechanic::Offer { suggest, limit, .. } = &candidate.campaign.mechanic else { continue };
            match self.offer(candidate, suggest, *limit) {
                Ok(effect) => self.effects.push(effect),
                Err(reason) => {
                    if matches!(reason, Reason::Failed(..)) {
                        self.notes.push(Note::ConditionFailed { campaign: candidate.campaign.id.clone() });
                    }
                    self.refuse(candidate.place, reason);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

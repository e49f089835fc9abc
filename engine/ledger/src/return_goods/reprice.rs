//! What a return refunds and takes back where a program prices anew what is kept: what was paid less what the goods kept
//! would have cost by themselves, and of rewards what those would not have earned.
//!
//! Everything is kept as what has come of the sale so far, so that partial returns in any order sum to the whole: a step
//! that would refund less than nothing refunds nothing, and what it leaves is made up for by later ones.

use tessera_rules::campaign::REDEEM_PREFIX;
use tessera_rules::conventions::ReturnedRewards;
use tessera_rules::decision::{CounterMove, DecidedLine, Reward, RewardKind};
use tessera_rules::id::{CampaignId, ProgramId, RewardId};
use tessera_rules::money::{Amount, split};

use crate::arithmetic::{amount_minus, amount_plus, share};
use crate::outcome::{Flag, Outcome, OutcomeLine, OutcomeReward};
use crate::return_goods::refund::Refund;
use crate::return_goods::unwind::{explained, program_of_campaign};
use crate::return_goods::{DiscountTaken, RepricedSoFar, Repricing, Return, ReturnedSoFar};
use crate::settle::change::by_campaign;
use crate::settle::gain::units_of;

/// Whether some program of the sale prices anew what is kept. What a gateway decided alone never is: its prices are those
/// of its rule pack, and by the whole program the goods kept might cost less than was paid for them.
#[must_use]
pub fn is_repriced(original: &Outcome) -> bool {
    !original.flags.contains(&Flag::DecidedByPack)
        && original.return_terms.iter().any(|terms| terms.rewards == ReturnedRewards::RepricedKept)
}

fn is_of(original: &Outcome, program: &ProgramId) -> bool {
    let mut terms = original.return_terms.iter();
    terms.any(|terms| terms.program == *program && terms.rewards == ReturnedRewards::RepricedKept)
}

/// Prices the refund anew, where that was asked for: now, or when goods of the sale came back before.
pub(super) fn apply(refund: &mut Refund, goods: &Return<'_>) {
    let Some(sale) = goods.original else { return };
    if goods.repricing.is_none() && sale.so_far.repriced.is_none() {
        return;
    }
    let before = sale.so_far.repriced.clone().unwrap_or_default();
    let after = match &goods.repricing {
        // Nothing is kept; rewards that were not judged so before are not now.
        _ if refund.so_far.is_whole(sale.outcome) => so_far(sale.outcome, &refund.so_far, &before, before.judges_rewards(), None),
        Some(repricing) => so_far(sale.outcome, &refund.so_far, &before, repricing.rewards, Some(repricing)),
        // Nobody knows what the goods kept would cost: nothing more is due for now.
        None => before.clone(),
    };
    refund.place(amount_minus(after.refunded, before.refunded));
    refund.so_far.repriced = Some(after);
}

/// What has come of the sale with what has come back of it; without a pricing nothing is kept.
fn so_far(
    original: &Outcome,
    returned: &ReturnedSoFar,
    before: &RepricedSoFar,
    with_rewards: bool,
    repricing: Option<&Repricing<'_>>,
) -> RepricedSoFar {
    let sum = |of: &dyn Fn(&OutcomeLine) -> Amount| original.lines.iter().map(of).fold(Amount::ZERO, amount_plus);
    let kept = repricing.map_or(Amount::ZERO, |repricing| repricing.kept.total());
    let rung_up = amount_minus(sum(&|line| line.rung_up), kept);
    let unexplained = sum(&|line| Amount::from_minor(returned_of(line, line.unexplained.minor(), returned)));
    let mut discounts = discounts(original, returned, repricing);
    let taken = discounts.iter().map(|taken| taken.amount).fold(Amount::ZERO, amount_plus);
    let paid = sum(&|line| line.paid);
    let target = amount_minus(amount_plus(rung_up, unexplained), taken);
    let refunded = if repricing.is_none() { paid } else { target.max(before.refunded).min(paid) };
    // What is refunded beyond or below that is discount that was left or could not be taken.
    spread(&mut discounts, amount_minus(target, refunded));
    let mut so_far = RepricedSoFar { refunded, discounts, ..RepricedSoFar::default() };
    if with_rewards {
        so_far.rewards = rewards(original, before, repricing);
        so_far.thresholds = thresholds(original, before, repricing);
    }
    so_far
}

/// How much of each campaign's discounts has been taken back.
fn discounts(original: &Outcome, returned: &ReturnedSoFar, repricing: Option<&Repricing<'_>>) -> Vec<DiscountTaken> {
    let mut all: Vec<DiscountTaken> = Vec::new();
    let mut add = |campaign: &CampaignId, program: Option<ProgramId>, minor: i64| {
        let amount = Amount::from_minor(minor);
        match all.iter_mut().find(|known| known.campaign == *campaign) {
            Some(known) => known.amount = amount_plus(known.amount, amount),
            None => all.push(DiscountTaken { campaign: campaign.clone(), program, amount }),
        }
    };
    for line in &original.lines {
        for (campaign, change) in explained(line) {
            let Some(campaign) = campaign else { continue };
            let program = program_of_campaign(original, Some(&campaign));
            let whole = is_anew(original, &campaign, program.as_ref());
            let taken = if whole { change } else { returned_of(line, change, returned) };
            add(&campaign, program, taken.saturating_neg());
        }
    }
    for (line, repricing) in repricing.iter().flat_map(|own| own.decision.lines.iter().map(move |line| (line, own))) {
        for (campaign, change) in changes_of(line, repricing) {
            let of_sale = program_of_campaign(original, Some(campaign));
            let program = of_sale.or_else(|| program_of(repricing, campaign));
            if is_anew(original, campaign, program.as_ref()) {
                // Below zero: as much is left of it.
                add(campaign, program, change.minor());
            }
        }
    }
    all
}

/// Whether a campaign's discounts are priced anew. What points paid comes back in proportion, whatever is kept.
fn is_anew(original: &Outcome, campaign: &CampaignId, program: Option<&ProgramId>) -> bool {
    !campaign.as_str().starts_with(REDEEM_PREFIX) && program.is_some_and(|program| is_of(original, program))
}

/// What campaigns change on a line that is kept; what they would add is not there.
fn changes_of<'d>(line: &'d DecidedLine, repricing: &Repricing<'_>) -> Vec<(&'d CampaignId, Amount)> {
    if repricing.kept.lines.iter().any(|kept| kept.id == line.id) { by_campaign(&line.parts) } else { Vec::new() }
}

fn program_of(repricing: &Repricing<'_>, campaign: &CampaignId) -> Option<ProgramId> {
    let mut rewards = repricing.decision.rewards.iter();
    rewards.find(|reward| reward.campaign == *campaign).map(|reward| reward.program.clone())
}

/// What of a value of a line has come back with it.
fn returned_of(line: &OutcomeLine, value: i64, returned: &ReturnedSoFar) -> i64 {
    let back = returned.quantity(&line.id);
    if back.is_zero() { 0 } else { share(value, back.milli(), line.quantity.milli()) }
}

/// Takes so much more back of discounts, in proportion to what is; less where it is below zero.
fn spread(discounts: &mut [DiscountTaken], more: Amount) {
    let weights: Vec<i64> = discounts.iter().map(|taken| taken.amount.minor().saturating_abs()).collect();
    let shares = split(more.minor().saturating_abs(), &weights);
    for (taken, share) in discounts.iter_mut().zip(shares) {
        let share = Amount::from_minor(share.saturating_mul(more.minor().signum()));
        taken.amount = amount_plus(taken.amount, share);
    }
}

/// The sale's own rewards that are judged anew.
fn judged(original: &Outcome) -> impl Iterator<Item = &OutcomeReward> {
    original.rewards.iter().filter(|reward| reward.is_own() && is_of(original, &reward.program))
}

/// What still stands of rewards: no more than before, and than the goods kept earn by themselves.
fn rewards(original: &Outcome, before: &RepricedSoFar, repricing: Option<&Repricing<'_>>) -> Vec<(RewardId, i64)> {
    let given = judged(original).filter(|reward| !matches!(reward.kind, RewardKind::DiscountNow { .. }));
    let stands = |reward: &OutcomeReward| {
        let stood = before.reward(reward).unwrap_or_else(|| value_of(&reward.kind));
        let same = |known: &&Reward| known.id == reward.id && is_alike(&known.kind, reward);
        let earned = repricing.and_then(|own| own.decision.rewards.iter().find(same)).map_or(0, |known| value_of(&known.kind));
        (reward.id.clone(), stood.min(earned))
    };
    given.map(stands).collect()
}

/// How many thresholds still stand that counters crossed and were rewarded for.
fn thresholds(original: &Outcome, before: &RepricedSoFar, repricing: Option<&Repricing<'_>>) -> Vec<(CampaignId, i64)> {
    let rewarded =
        |counted: &&CounterMove| counted.rewarded > 0 && judged(original).any(|reward| reward.campaign == counted.campaign);
    let moves = repricing.map(|own| own.decision.counters.as_slice()).unwrap_or_default();
    let stands = |counted: &CounterMove| {
        let stood = before.thresholds(&counted.campaign).unwrap_or(counted.rewarded);
        let crossed = moves.iter().find(|known| known.campaign == counted.campaign).map_or(0, |known| known.rewarded);
        (counted.campaign.clone(), stood.min(crossed).max(0))
    };
    original.counters.iter().filter(rewarded).map(stands).collect()
}

/// How much a reward is: units, tickets, or one.
fn value_of(kind: &RewardKind) -> i64 {
    match kind {
        RewardKind::Ticket { count, .. } => i64::from(*count),
        RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. }
        | RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::Prize { .. }
        | RewardKind::Status { .. } => units_of(kind).map_or(1, |(_, units)| units.units()),
    }
}

/// Whether both give the same thing, however much of it.
fn is_alike(kind: &RewardKind, reward: &OutcomeReward) -> bool {
    match (units_of(kind), units_of(&reward.kind)) {
        (Some((a, _)), Some((b, _))) => a == b,
        (None, None) => std::mem::discriminant(kind) == std::mem::discriminant(&reward.kind),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

impl RepricedSoFar {
    fn judges_rewards(&self) -> bool {
        !self.rewards.is_empty() || !self.thresholds.is_empty()
    }

    /// What still stands of a reward; none: it is not judged so.
    pub(super) fn reward(&self, reward: &OutcomeReward) -> Option<i64> {
        self.rewards.iter().find(|(id, _)| *id == reward.id).map(|(_, value)| *value)
    }

    /// How many of a counter's thresholds still stand; none: they are not judged so.
    pub(super) fn thresholds(&self, campaign: &CampaignId) -> Option<i64> {
        self.thresholds.iter().find(|(known, _)| known == campaign).map(|(_, count)| *count)
    }
}

impl Refund {
    /// Lays what is refunded for goods of the sale on the lines that came back.
    fn place(&mut self, refunded: Amount) {
        let base: Vec<i64> = self.of_sale.iter().map(|amount| amount.minor()).collect();
        let sum = base.iter().copied().fold(0_i64, i64::saturating_add);
        let more = refunded.minor().saturating_sub(sum);
        let quantities = || self.lines.iter().map(|line| line.quantity.milli()).collect();
        let shares = split(more.saturating_abs(), &if sum > 0 { base } else { quantities() });
        for ((line, of_sale), share) in self.lines.iter_mut().zip(&mut self.of_sale).zip(shares) {
            let share = Amount::from_minor(share.saturating_mul(more.signum()));
            *of_sale = amount_plus(*of_sale, share);
            line.paid = amount_plus(line.paid, share);
            line.rung_up = line.paid;
            self.total = amount_plus(self.total, share);
        }
    }
}

#[cfg(test)]
mod tests;

//! What a return unwinds: discounts of returned goods in the books, counters, and what was used of limited campaigns.

use tessera_rules::campaign::COST_PREFIX;
use tessera_rules::decision::{CounterMove, CounterTime, LineShare};
use tessera_rules::id::{CampaignId, CustomerId, ProgramId};
use tessera_rules::money::{Amount, Units, split};
use tessera_rules::receipt::RedeemMode;
use tessera_rules::usage::Usage;

use crate::account::Account;
use crate::arithmetic::{amount_minus, share, share_step};
use crate::booking::{BookSides, Booking};
use crate::outcome::{Outcome, OutcomeLine, OutcomeRedemption, UseMove};
use crate::posting::{Book, PostingReason};
use crate::return_goods::step::Step;
use crate::return_goods::{DiscountTaken, RepricedSoFar, ReturnedLine, ReturnedSoFar};
use crate::settle::change::by_campaign;
use crate::terms::money_asset;
use crate::uses;

/// Takes discounts of returned goods out of the books again.
pub(super) fn discounts(step: Step<'_>, booking: &mut Booking) {
    if let Some(repriced) = &step.after.repriced {
        return repriced_discounts(step, repriced, booking);
    }
    let mut sums: Vec<(Option<CampaignId>, i64)> = Vec::new();
    for line in &step.original.lines {
        let (before, after, whole) = (step.before.quantity(&line.id), step.after.quantity(&line.id), line.quantity);
        if before == after {
            continue;
        }
        for (campaign, amount) in explained(line) {
            let part = |quantity: i64| {
                if quantity == 0 { 0 } else { share(amount, quantity, whole.milli()) }
            };
            let change = part(after.milli()).saturating_sub(part(before.milli()));
            match sums.iter_mut().find(|(known, _)| *known == campaign) {
                Some((_, sum)) => *sum = sum.saturating_add(change),
                None => sums.push((campaign, change)),
            }
        }
    }
    let asset = money_asset(step.original.currency);
    for (campaign, change) in sums {
        let program = program_of_campaign(step.original, campaign.as_ref());
        let cheaper = Units::from_units(change.saturating_neg());
        booking.post_books(&asset, campaign.as_ref(), program.as_ref(), cheaper, TAKEN_BACK);
    }
}

const TAKEN_BACK: BookSides = BookSides { from: Book::Redeemed, to: Book::Returned, reason: PostingReason::Clawback };

/// The same where what is kept is priced anew: what is taken back of each campaign by now, and what nothing explained in
/// proportion.
fn repriced_discounts(step: Step<'_>, repriced: &RepricedSoFar, booking: &mut Booking) {
    let asset = money_asset(step.original.currency);
    let before = step.before.repriced.as_ref().map(|before| before.discounts.as_slice()).unwrap_or_default();
    let amount_of = |all: &[DiscountTaken], campaign: &CampaignId| {
        all.iter().find(|known| known.campaign == *campaign).map_or(Amount::ZERO, |known| known.amount)
    };
    let gone = before.iter().filter(|known| repriced.discounts.iter().all(|other| other.campaign != known.campaign));
    for taken in repriced.discounts.iter().chain(gone) {
        let change = amount_minus(amount_of(&repriced.discounts, &taken.campaign), amount_of(before, &taken.campaign));
        let units = Units::from_units(change.minor());
        booking.post_books(&asset, Some(&taken.campaign), taken.program.as_ref(), units, TAKEN_BACK);
    }
    let of = |line: &OutcomeLine| {
        let quantity = |so_far: &ReturnedSoFar| so_far.quantity(&line.id).milli();
        share_step(line.unexplained.minor(), quantity(step.before), quantity(step.after), line.quantity.milli())
    };
    let unexplained = step.original.lines.iter().filter(|line| !line.unexplained.is_zero()).map(of);
    let unexplained = unexplained.fold(0_i64, i64::saturating_add);
    booking.post_books(&asset, None, None, Units::from_units(unexplained.saturating_neg()), TAKEN_BACK);
}

pub(super) fn program_of_campaign(original: &Outcome, campaign: Option<&CampaignId>) -> Option<ProgramId> {
    let posting = original.postings.iter().find(|posting| campaign.is_some() && posting.campaign.as_ref() == campaign)?;
    posting.program.clone()
}

/// The change of a line per campaign as it was posted, and without a campaign what nothing explained.
pub(super) fn explained(line: &OutcomeLine) -> Vec<(Option<CampaignId>, i64)> {
    let shown = by_campaign(&line.parts);
    let sum = shown.iter().map(|(_, amount)| amount.minor()).fold(0_i64, i64::saturating_add);
    let total = amount_minus(amount_minus(line.paid, line.rung_up), line.unexplained).minor();
    let amounts: Vec<i64> = if sum == total {
        shown.iter().map(|(_, amount)| amount.minor()).collect()
    } else {
        let weights: Vec<i64> = shown.iter().map(|(_, amount)| amount.minor().saturating_abs()).collect();
        split(total, &weights)
    };
    let mut changes: Vec<_> = shown.into_iter().map(|(campaign, _)| Some(campaign.clone())).zip(amounts).collect();
    if !line.unexplained.is_zero() {
        changes.push((None, line.unexplained.minor()));
    }
    changes
}

/// Lowers counters by what came back of the lines that they counted, else of the receipt.
pub(super) fn counters(step: Step<'_>, account: &mut Account) -> Vec<CounterMove> {
    let mut moves = Vec::new();
    for counted in &step.original.counters {
        let shares = counted.counted_on.as_slice();
        let lowered = step.of(counted.counted_milli, shares);
        // A threshold is taken back only when all that crossed it has come back.
        let is_back = |so_far| {
            let fraction = step.fraction(so_far, shares);
            fraction.part >= fraction.whole
        };
        let stands = |so_far: &ReturnedSoFar| so_far.repriced.as_ref().and_then(|own| own.thresholds(&counted.campaign));
        let rewarded = match stands(step.after) {
            Some(stands_now) => stands(step.before).unwrap_or(counted.rewarded).saturating_sub(stands_now),
            None if is_back(step.after) && !is_back(step.before) => counted.rewarded,
            None => 0,
        };
        let lowered = match counted.time {
            CounterTime::Ever | CounterTime::Within { .. } => lowered,
            // A week is visited or not.
            CounterTime::Stretches { .. } if step.completes() => counted.counted_milli,
            CounterTime::Stretches { .. } => 0,
        };
        let Some(counter) = account.counters.iter_mut().find(|counter| counter.campaign == counted.campaign) else {
            continue;
        };
        if (lowered == 0 && rewarded == 0) || !counter.take_back(counted, lowered, rewarded) {
            continue;
        }
        moves.push(CounterMove {
            campaign: counted.campaign.clone(),
            counted_milli: lowered.saturating_neg(),
            rewarded: rewarded.saturating_neg(),
            time: counted.time,
            counted_on: step.shares_of(lowered.saturating_neg(), shares),
        });
    }
    moves
}

/// Frees what the sale used of limited campaigns, and of limits that several share: uses when everything has come back,
/// units and value in proportion to what came back of the lines on which the campaign lies that used them. What a
/// redemption used of a limit is free when everything has come back, since it lies on no lines.
pub(super) fn uses(step: Step<'_>, account: &mut Account) -> Vec<UseMove> {
    uses_of(step, account, |campaign| campaign.is_none_or(|campaign| !step.before.refused.contains(campaign)))
}

/// Frees what campaigns of a sale had used per customer whose rewards were held and are refused: as if all that is left of
/// its goods had come back. Returns free nothing of it again.
pub fn free_refused(
    account: &mut Account,
    (sale, so_far): (&Outcome, &mut ReturnedSoFar),
    campaigns: &[CampaignId],
) -> Vec<UseMove> {
    let lines = sale.lines.iter().map(|line| ReturnedLine { line: line.id.clone(), quantity: line.quantity });
    let whole = ReturnedSoFar { lines: lines.collect(), ..so_far.clone() };
    let step = Step { original: sale, before: so_far, after: &whole, assets: &[] };
    let is_new = |campaign: &CampaignId| campaigns.contains(campaign) && !step.before.refused.contains(campaign);
    let moves = uses_of(step, account, |campaign| campaign.is_some_and(is_new));
    so_far.refused.extend(campaigns.iter().cloned());
    so_far.refused.sort();
    so_far.refused.dedup();
    moves
}

fn uses_of(step: Step<'_>, account: &mut Account, is_meant: impl Fn(Option<&CampaignId>) -> bool) -> Vec<UseMove> {
    let mut moves = Vec::new();
    for used in &step.original.uses {
        let by_campaign = used.by.as_ref().or_else(|| (!used.campaign.is_common_limit()).then_some(&used.campaign));
        if !is_meant(by_campaign) {
            continue;
        }
        let usage = match by_campaign {
            None if step.completes() => used.usage,
            None => Usage::NONE,
            Some(campaign) => {
                let shares = shares_of(step.original, campaign);
                Usage {
                    uses: if step.completes() { used.usage.uses } else { 0 },
                    units: step.of(used.usage.units, &shares),
                    value: step.of(used.usage.value, &shares),
                }
            }
        };
        let by = if used.per_member { bought_by(account, step.original) } else { None };
        if usage.is_something()
            && uses::free(&mut account.uses, (&used.campaign, by.as_ref()), usage, step.original.business_date)
        {
            moves.push(UseMove { usage: usage.negated(), ..used.clone() });
        }
    }
    moves
}

/// Who of the account bought it, as they are called now; where they were merged into somebody of a household nobody can tell.
fn bought_by(account: &Account, original: &Outcome) -> Option<CustomerId> {
    let bought = account.members.iter().find(|member| Some(&member.customer) == original.customer.as_ref());
    let alone = || account.members.first().filter(|_| account.members.len() == 1);
    bought.or_else(alone).map(|member| member.customer.clone())
}

/// How a campaign lies on lines: what it took off them, else what they earned of its reward.
fn shares_of(original: &Outcome, campaign: &CampaignId) -> Vec<LineShare> {
    let mut shares = Vec::new();
    for line in &original.lines {
        let off = by_campaign(&line.parts).into_iter().find(|(known, _)| *known == campaign);
        if let Some((_, amount)) = off.filter(|(_, amount)| amount.is_negative()) {
            shares.push(LineShare { line: line.id.clone(), units: amount.minor().saturating_neg() });
        }
    }
    if !shares.is_empty() {
        return shares;
    }
    let mut rewards = original.rewards.iter().filter(|reward| reward.campaign == *campaign && !reward.earned_on.is_empty());
    rewards.next().map(|reward| reward.earned_on.clone()).unwrap_or_default()
}

/// How a redemption lies on lines: what it paid of them as a tender, or took off them. What a campaign cost goes with the
/// goods that it made cheaper.
pub(super) fn shares_of_redemption(original: &Outcome, redemption: &OutcomeRedemption) -> Vec<LineShare> {
    match redemption.mode {
        RedeemMode::Tender => redemption.paid_on.clone(),
        RedeemMode::Discount => {
            let id = redemption.id.as_str();
            let campaign = CampaignId::parse(id.strip_prefix(COST_PREFIX).unwrap_or(id)).ok();
            campaign.map(|campaign| shares_of(original, &campaign)).unwrap_or_default()
        }
    }
}

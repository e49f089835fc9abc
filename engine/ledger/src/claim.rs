//! Claim: a customer is attached to a sale that had none. It gives what the sale would have given and changes
//! nothing of what was paid.

use std::mem;

use compact_str::{CompactString, format_compact};
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::decision::{Decision, LineShare, Promise, Reward, RewardKind};
use tessera_rules::id::{LineId, ReceiptId};
use tessera_rules::money::{Amount, UnitPrice, split};
use tessera_rules::receipt::Place;

use crate::account::Account;
use crate::arithmetic::{self, amount_minus, amount_plus};
use crate::booking::Booking;
use crate::outcome::{Flag, Outcome, OutcomeKind, OutcomeLine};
use crate::posting::is_balanced;
use crate::return_goods::ReturnedSoFar;
use crate::settle::commit::braked;
use crate::settle::{Settle, Settled, gain};

/// What follows a sale's id in the id of its claim's outcome: one sale has one claim.
const CLAIM: &str = "#claim";

/// A claim of a sale.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The sale as it is evaluated for the claim, with what [`claimable`] leaves of the decision. Its content hash
    /// is the claim's, and nothing of it stands for how lines were sold.
    pub settle: &'a Settle<'a>,
    /// What the sale did.
    pub sale: &'a Outcome,
    /// What of the sale has come back.
    pub so_far: &'a ReturnedSoFar,
    /// The minted id of the claim's request.
    pub request: &'a ReceiptId,
    /// Where it was claimed.
    pub place: &'a Place,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// The day on which it was claimed.
    pub business_date: Date,
}

/// The id of the outcome of a sale's claim.
#[must_use]
pub fn outcome_id(sale: &ReceiptId) -> CompactString {
    format_compact!("{sale}{CLAIM}")
}

/// What of a fresh decision on a sale that is claimed its claim gives: nothing that the sale gave already.
#[must_use]
pub fn claimable(decision: Decision, sale: &Outcome, so_far: &ReturnedSoFar) -> Decision {
    let is_given = |reward: &Reward| sale.rewards.iter().any(|given| given.id == reward.id);
    let mut decision = decision;
    let (given, due): (Vec<_>, Vec<_>) = decision.rewards.into_iter().partition(is_given);
    decision.rewards = due;
    decision.promises.retain(|promise| match promise {
        Promise::Uses { campaign, by, .. } | Promise::Budget { campaign, by, .. } => {
            let by = by.as_ref().unwrap_or(campaign);
            given.iter().all(|reward| reward.campaign != *by)
        }
        Promise::Units { .. } | Promise::Threshold { .. } | Promise::Code { .. } => true,
    });
    decision.redemptions.clear();
    if !so_far.returns.is_empty() {
        for reward in decision.rewards.iter_mut().filter(|reward| reward.earned_on.is_empty()) {
            reward.earned_on = spread(units_of(&reward.kind), sale, so_far);
        }
        for step in decision.counters.iter_mut().filter(|step| step.counted_on.is_empty()) {
            step.counted_on = spread(step.counted_milli, sale, so_far);
        }
    }
    decision
}

/// What no lines earned or counted is taken back with the whole of what was sold. Where some of that is back already,
/// it lies on the rest, so that it goes when the rest does.
fn spread(units: i64, sale: &Outcome, so_far: &ReturnedSoFar) -> Vec<LineShare> {
    let weights: Vec<i64> = lines_left(sale, so_far).map(|line| line.paid.minor().max(0)).collect();
    let shares = lines_left(sale, so_far).zip(split(units, &weights));
    shares.map(|(line, units)| LineShare { line: line.id.clone(), units }).filter(|share| share.units != 0).collect()
}

/// What of a reward goes in shares; nothing of one that cannot be divided.
fn units_of(kind: &RewardKind) -> i64 {
    match kind {
        RewardKind::Ticket { count, .. } => i64::from(*count),
        RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. }
        | RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::Prize { .. }
        | RewardKind::Status { .. } => gain::units_of(kind).map_or(0, |(_, units)| units.units()),
    }
}

/// The sale with its claim, as a return of it sees it: the sale's lines, and what both gave.
#[must_use]
pub fn claimed_sale(sale: Outcome, claim: Outcome) -> Outcome {
    let mut both = sale;
    both.customer = claim.customer;
    both.account = claim.account;
    both.rewards.extend(claim.rewards);
    both.postings.extend(claim.postings);
    both.counters.extend(claim.counters);
    both.uses.extend(claim.uses);
    both
}

/// Lines of which nothing has come back: those that a claim can still give something for.
pub fn lines_left<'o>(sale: &'o Outcome, so_far: &'o ReturnedSoFar) -> impl Iterator<Item = &'o OutcomeLine> {
    sale.lines.iter().filter(|line| so_far.quantity(&line.id).is_zero())
}

/// Whether nothing of a line has come back.
#[must_use]
pub fn is_left(line: &LineId, so_far: &ReturnedSoFar) -> bool {
    so_far.quantity(line).is_zero()
}

/// What was paid for a line, less what was refunded for what came back of it.
fn kept_of(line: &OutcomeLine, so_far: &ReturnedSoFar) -> Amount {
    let back = so_far.quantity(&line.id);
    let refunded = if back.is_zero() { 0 } else { arithmetic::share(line.paid.minor(), back.milli(), line.quantity.milli()) };
    amount_minus(line.paid, Amount::from_minor(refunded))
}

/// Gives the account what the sale would have given.
#[must_use]
pub fn claim(account: &Account, claim: &Claim<'_>) -> Settled {
    let settle = claim.settle;
    let now = account.booked_at(settle.booked_at);
    let mut next = account.clone();
    // Lots are the sale's, so that a return of it finds them.
    let mut booking = Booking::new(mem::take(&mut next.lots), &settle.receipt.id, now);
    let paid = claim.sale.lines.iter().fold(Amount::ZERO, |sum, line| amount_plus(sum, kept_of(line, claim.so_far)));
    settle.renewals.iter().for_each(|(asset, until)| booking.renew(asset, *until));
    let gain = gain::give(Some(&mut next), settle, &mut booking, paid);
    next.booked_at_last = now;
    next.outcomes = next.outcomes.saturating_add(1);
    booking.store(&mut next);
    assert!(next.check().is_ok(), "a claim keeps the account's invariants: {:?}", next.check());
    assert!(is_balanced(&booking.postings), "postings sum to zero per asset (P5)");
    let mut flags: Vec<Flag> = settle.decision.brakes.iter().map(|brake| braked(*brake)).collect();
    flags.extend(gain.is_short.then_some(Flag::SettledWithShortfall));
    flags.sort();
    let outcome = Outcome {
        id: outcome_id(&settle.receipt.id),
        kind: OutcomeKind::Claim,
        receipt: claim.request.clone(),
        original: Some(settle.receipt.id.clone()),
        content_hash: settle.content_hash,
        attempt: 0,
        place: Some(claim.place.clone()),
        sold_at: claim.claimed_at,
        booked_at: now,
        business_date: claim.business_date,
        booking_date: settle.booking_date,
        currency: settle.receipt.currency,
        customer: settle.customer.clone(),
        account: Some(next.id.clone()),
        basis: settle.basis.clone(),
        applied: Vec::new(),
        lines: lines_left(claim.sale, claim.so_far).map(without_amounts).collect(),
        rewards: gain.rewards,
        redemptions: Vec::new(),
        tenders: Vec::new(),
        before: Amount::ZERO,
        after: Amount::ZERO,
        cash_rounding: Amount::ZERO,
        postings: booking.postings,
        counters: gain.counters,
        uses: gain.uses,
        // A return is judged by the sale's.
        return_terms: Vec::new(),
        follow_ups: Vec::new(),
        facts: Vec::new(),
        flags,
    };
    Settled { account: Some(next), outcome, aside: booking.aside }
}

/// A line of the sale to which shares of rewards belong; what was paid for it stands with the sale alone.
fn without_amounts(line: &OutcomeLine) -> OutcomeLine {
    OutcomeLine {
        unit_price: UnitPrice::ZERO,
        rung_up: Amount::ZERO,
        paid: Amount::ZERO,
        parts: Vec::new(),
        unexplained: Amount::ZERO,
        ..line.clone()
    }
}

#[cfg(test)]
mod tests;

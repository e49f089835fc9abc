//! The one commit of a return: refund, rewards taken back, used units given back, then the rest.

use std::mem;

use jiff::Timestamp;
use tessera_rules::decision::CounterMove;
use tessera_rules::money::{Amount, split};
use tessera_rules::receipt::{RedeemMode, Tender, TenderKind, trading_day};

use crate::account::Account;
use crate::arithmetic::{amount_minus, amount_negated, amount_plus};
use crate::booking::Booking;
use crate::erase::emptied;
use crate::outcome::{Flag, Outcome, OutcomeKind, OutcomeRedemption, OutcomeReward, UseMove};
use crate::posting::is_balanced;
use crate::return_goods::refund::{self, Refund};
use crate::return_goods::step::Step;
use crate::return_goods::take_back::{self, TakenBack};
use crate::return_goods::{Return, Returned, give_back, reprice, unwind};
use crate::settle::gain;

/// What a return did beside the refund.
#[derive(Default)]
struct Effects {
    taken: TakenBack,
    given: Vec<OutcomeRedemption>,
    counters: Vec<CounterMove>,
    uses: Vec<UseMove>,
    /// Of the refund, what assets paid that do not come back; below zero where they come back later.
    kept_back: Amount,
}

/// Carries out a return.
pub(super) fn commit(account: Option<&Account>, goods: &Return<'_>) -> Returned {
    let now = account.map_or(goods.booked_at, |account| account.booked_at(goods.booked_at));
    let mut refund = refund::compute(goods);
    reprice::apply(&mut refund, goods);
    let mut booking = Booking::new(account.map(|account| account.lots.clone()).unwrap_or_default(), &goods.id, now);
    let mut next = account.cloned();
    let effects = apply(next.as_mut(), goods, &refund, &mut booking);
    let deducted = amount_plus(effects.taken.deducted, effects.kept_back);
    let restored = effects.taken.restored.clone();
    let mut so_far = refund.so_far.clone();
    if goods.original.is_some() {
        so_far.lapsed.clone_from(&effects.taken.lapsed);
        so_far.lapsed.retain(|lot| lot.left.is_positive());
    }
    assert!(deducted <= refund.total, "no more is deducted than is refunded");
    let due = amount_minus(refund.total, deducted);
    if let Some(next) = next.as_mut() {
        // What a sale is claimed for is what was left of it then.
        if goods.original.is_none_or(|sale| sale.outcome.account.is_some()) {
            let (date, at) = goods
                .original
                .as_ref()
                .map_or((goods.business_date, now), |sale| (sale.outcome.business_date, sale.outcome.sold_at));
            let bought_on = trading_day(date, at);
            gain::spend(&mut next.statistics, goods.currency.code(), (bought_on, amount_negated(due).minor()));
        }
        next.open_quotes.retain(|quote| quote.is_open(now));
        next.booked_at_last = now;
        next.outcomes = next.outcomes.saturating_add(1);
        if let Some(since) = next.erased_at {
            // Nobody is there whom it could come back to: it lapses, and nothing of it is kept (H80).
            booking.forfeit_all();
            *next = emptied(next.clone(), since);
        }
        booking.store(next);
        assert!(next.check().is_ok(), "a return keeps the account's invariants: {:?}", next.check());
    }
    assert!(is_balanced(&booking.postings), "postings sum to zero per asset (P5)");
    let paid = refund.lines.iter().map(|line| line.paid).fold(Amount::ZERO, amount_plus);
    assert_eq!(paid, refund.total, "lines sum to the total (P6)");
    let aside = mem::take(&mut booking.aside);
    let outcome = render(goods, (account, now), (&refund, due), effects, booking);
    Returned { account: next, outcome, so_far, aside, beyond: refund.beyond, deducted: deducted.max(Amount::ZERO), restored }
}

fn apply(account: Option<&mut Account>, goods: &Return<'_>, refund: &Refund, booking: &mut Booking) -> Effects {
    let Some(sale) = goods.original else {
        return Effects::default();
    };
    let step = Step { original: sale.outcome, before: sale.so_far, after: &refund.so_far, assets: goods.assets };
    unwind::discounts(step, booking);
    let Some(account) = account else {
        return Effects { taken: take_back::rewards(step, None, booking, refund.total), ..Effects::default() };
    };
    // What was used comes back first: it can then be taken for the rewards.
    let given = give_back::redemptions(step, booking);
    let kept_back = give_back::kept_back(step, booking);
    let refund_left = amount_minus(refund.total, kept_back.max(Amount::ZERO));
    let taken = take_back::rewards(step, Some(account), booking, refund_left);
    let counters = unwind::counters(step, account);
    let uses = unwind::uses(step, account);
    Effects { taken, given, counters, uses, kept_back }
}

fn render(
    goods: &Return<'_>,
    (account, now): (Option<&Account>, Timestamp),
    (refund, due): (&Refund, Amount),
    effects: Effects,
    booking: Booking,
) -> Outcome {
    let tenders = tenders(goods, due, &effects);
    Outcome {
        id: goods.id.as_str().into(),
        kind: OutcomeKind::Return,
        receipt: goods.id.clone(),
        original: goods.original.map(|sale| sale.outcome.receipt.clone()),
        content_hash: goods.content_hash,
        attempt: goods.attempt,
        place: Some(goods.place.clone()),
        sold_at: goods.returned_at,
        booked_at: now,
        business_date: goods.business_date,
        booking_date: goods.booking_date,
        currency: goods.currency,
        customer: goods.customer.clone().or_else(|| goods.original.and_then(|sale| sale.outcome.customer.clone())),
        account: account.map(|account| account.id.clone()),
        basis: goods.basis.clone(),
        lines: refund.lines.clone(),
        rewards: on_own_lines(effects.taken.rewards, refund),
        redemptions: effects.given,
        applied: Vec::new(),
        tenders,
        before: amount_negated(refund.total),
        after: amount_negated(due),
        cash_rounding: goods.cash_rounding,
        postings: booking.postings,
        counters: effects.counters,
        uses: effects.uses,
        return_terms: Vec::new(),
        follow_ups: Vec::new(),
        facts: Vec::new(),
        flags: flags(goods, refund),
    }
}

/// The shares of what was taken back, on the return's own lines: the first one of each line of the original.
fn on_own_lines(mut rewards: Vec<OutcomeReward>, refund: &Refund) -> Vec<OutcomeReward> {
    for share in rewards.iter_mut().flat_map(|reward| &mut reward.earned_on) {
        if let Some(line) = refund.lines.iter().find(|line| line.original.as_ref() == Some(&share.line)) {
            share.line = line.id.clone();
        }
    }
    rewards
}

fn flags(goods: &Return<'_>, refund: &Refund) -> Vec<Flag> {
    let mut flags = Vec::new();
    if !refund.beyond.is_empty() {
        flags.push(Flag::ReturnedBeyondSale);
    }
    if goods.original.is_none() {
        flags.push(Flag::ReturnWithoutReceipt);
    }
    flags.sort();
    flags
}

/// As the till says, else what is due in proportion to how the original was paid: points and certificates
/// come back as such.
fn tenders(goods: &Return<'_>, due: Amount, effects: &Effects) -> Vec<Tender> {
    let Some(sale) = goods.original.filter(|_| goods.tenders.is_empty()) else {
        return goods.tenders.to_vec();
    };
    let paid = &sale.outcome.tenders;
    let weights = |which: &dyn Fn(TenderKind) -> bool| -> Vec<i64> {
        paid.iter().map(|tender| if which(tender.kind) { tender.amount.minor().max(0) } else { 0 }).collect()
    };
    let by_assets = |kind| matches!(kind, TenderKind::Asset | TenderKind::Certificate);
    let lies_on_lines = sale.outcome.redemptions.iter().any(|redemption| !redemption.paid_on.is_empty());
    let in_proportion = effects.kept_back.is_zero() && !lies_on_lines;
    let minors = if in_proportion || !paid.iter().any(|tender| by_assets(tender.kind)) {
        split(due.minor(), &weights(&|_| true))
    } else {
        // By assets only what came back as such.
        let given = effects.given.iter().filter(|given| given.mode == RedeemMode::Tender);
        let given = given.map(|given| given.amount.minor().saturating_neg()).fold(0_i64, i64::saturating_add).min(due.minor());
        let others = split(due.minor().saturating_sub(given), &weights(&|kind| !by_assets(kind)));
        others.into_iter().zip(split(given, &weights(&by_assets))).map(|(a, b)| a.saturating_add(b)).collect()
    };
    let parts = paid.iter().zip(minors);
    let refunds = parts.map(|(tender, minor)| Tender { kind: tender.kind, amount: Amount::from_minor(minor) });
    refunds.filter(|tender| !tender.amount.is_zero()).collect()
}

//! The one commit of a settle: lines, redemptions, rewards, then the rest of the account.

use std::mem;

use jiff::Timestamp;
use tessera_rules::decision::{Brake, Decision, Promise, Redemption};
use tessera_rules::id::{AssetId, CampaignId, ProgramId};
use tessera_rules::money::Units;

use crate::account::Account;
use crate::arithmetic::{amount_negated, minus};
use crate::booking::{BookSides, Booking, Debit};
use crate::hold::is_something;
use crate::outcome::{Flag, Outcome, OutcomeKind, OutcomeRedemption};
use crate::posting::{Book, PostingReason, is_balanced};
use crate::settle::change::{self, Change};
use crate::settle::gain::{self, Gain};
use crate::settle::{Relation, Settle, Settled};
use crate::standing::{View, units_held};
use crate::terms::{money_asset, program_of};

/// Commits a receipt.
pub(super) fn commit(account: Option<&Account>, settle: &Settle<'_>) -> Settled {
    let now = account.map_or(settle.booked_at, |account| account.booked_at(settle.booked_at));
    let change = change::read(settle);
    let mut next = account.cloned();
    let lots = next.as_mut().map(|next| mem::take(&mut next.lots)).unwrap_or_default();
    let mut booking = Booking::new(lots, &settle.receipt.id, now);
    post_change(&mut booking, settle, &change);
    let mut flags = flags_of(account, settle, &change, now);
    let redemptions = redeem(account, settle, &mut booking);
    settle.renewals.iter().for_each(|(asset, until)| booking.renew(asset, *until));
    let gain = gain::give(next.as_mut(), settle, &mut booking, change.after);
    if gain.is_short || redemptions.iter().any(|redemption| redemption.shortfall.is_positive()) {
        flags.push(Flag::SettledWithShortfall);
    }
    flags.sort();
    flags.dedup();
    if let Some(next) = next.as_mut() {
        next.open_quotes.retain(|quote| quote.is_open(now) && quote.receipt != settle.receipt.id);
        next.booked_at_last = now;
        next.outcomes = next.outcomes.saturating_add(1);
        booking.store(next);
        assert!(next.check().is_ok(), "a settle keeps the account's invariants: {:?}", next.check());
    }
    assert!(is_balanced(&booking.postings), "postings sum to zero per asset (P5)");
    let aside = mem::take(&mut booking.aside);
    let outcome = render(settle, (account, now), Parts { change, redemptions, gain, booking, flags });
    Settled { account: next, outcome, aside }
}

struct Parts {
    change: Change,
    redemptions: Vec<OutcomeRedemption>,
    gain: Gain,
    booking: Booking,
    flags: Vec<Flag>,
}

fn render(settle: &Settle<'_>, (account, now): (Option<&Account>, Timestamp), parts: Parts) -> Outcome {
    let receipt = settle.receipt;
    Outcome {
        id: receipt.id.as_str().into(),
        kind: OutcomeKind::Settle,
        receipt: receipt.id.clone(),
        original: None,
        content_hash: settle.content_hash,
        attempt: settle.attempt,
        place: Some(receipt.place.clone()),
        sold_at: receipt.sold_at,
        booked_at: now,
        business_date: receipt.business_date,
        booking_date: settle.booking_date,
        currency: receipt.currency,
        customer: settle.customer.clone(),
        account: account.map(|account| account.id.clone()),
        basis: settle.basis.clone(),
        applied: parts.change.applied(settle),
        lines: parts.change.lines,
        rewards: parts.gain.rewards,
        redemptions: parts.redemptions,
        tenders: receipt.tenders.clone(),
        before: parts.change.before,
        after: parts.change.after,
        cash_rounding: settle.cash_rounding,
        postings: parts.booking.postings,
        counters: parts.gain.counters,
        uses: parts.gain.uses,
        return_terms: settle.return_terms.to_vec(),
        follow_ups: Vec::new(),
        facts: Vec::new(),
        flags: parts.flags,
    }
}

/// Posts price changes between books: a discount is given and used at once.
fn post_change(booking: &mut Booking, settle: &Settle<'_>, change: &Change) {
    let asset = money_asset(settle.receipt.currency);
    for (campaign, amount) in &change.explained {
        let cheaper = Units::from_units(amount_negated(*amount).minor());
        let sides = BookSides { from: Book::Issued, to: Book::Redeemed, reason: PostingReason::Issue };
        booking.post_books(&asset, Some(campaign), program_of_campaign(settle, campaign).as_ref(), cheaper, sides);
    }
    let cheaper = Units::from_units(amount_negated(change.unexplained).minor());
    let sides = BookSides { from: Book::Unexplained, to: Book::Redeemed, reason: PostingReason::Unexplained };
    booking.post_books(&asset, None, None, cheaper, sides);
}

fn program_of_campaign(settle: &Settle<'_>, campaign: &CampaignId) -> Option<ProgramId> {
    let decisions = [Some(settle.decision), settle.promised];
    let mut rewards = decisions.into_iter().flatten().flat_map(|decision| &decision.rewards);
    rewards.find(|reward| reward.campaign == *campaign).map(|reward| reward.program.clone())
}

/// Takes what was redeemed: this receipt's own hold first counts for it, the rest of the hold is free (H10).
fn redeem(account: Option<&Account>, settle: &Settle<'_>, booking: &mut Booking) -> Vec<OutcomeRedemption> {
    let mut used: Vec<(AssetId, Units)> = Vec::new();
    let mut redeemed = Vec::new();
    for redemption in settle.decision.redemptions.iter().filter(|redemption| redemption.units.is_positive()) {
        let shortfall = match account {
            Some(account) => spend(account, settle, booking, redemption, &mut used),
            None => redemption.units,
        };
        redeemed.push(OutcomeRedemption {
            id: redemption.id.clone(),
            asset: redemption.asset.clone(),
            units: redemption.units,
            amount: redemption.amount,
            mode: redemption.mode,
            paid_on: redemption.paid_on.clone(),
            shortfall,
        });
    }
    redeemed
}

fn spend(
    account: &Account,
    settle: &Settle<'_>,
    booking: &mut Booking,
    redemption: &Redemption,
    used: &mut Vec<(AssetId, Units)>,
) -> Units {
    let view = view(settle);
    let others: Vec<&Promise> = account.held_by_others(&view).collect();
    let own: Vec<&Promise> = account
        .open_quotes
        .iter()
        .filter(|quote| quote.receipt == settle.receipt.id && quote.is_open(booking.now))
        .flat_map(|quote| &quote.holds)
        .collect();
    let spent = used.iter().filter(|(asset, _)| *asset == redemption.asset).map(|(_, units)| *units).sum();
    let held = minus(units_held(&own, &redemption.asset), spent).max(Units::ZERO);
    let available = booking.spendable(&redemption.asset, held, &others);
    used.push((redemption.asset.clone(), redemption.units));
    let program = program_of(settle.assets, &redemption.asset, &booking.lots);
    booking.spend(
        Debit {
            asset: &redemption.asset,
            program: &program,
            campaign: None,
            of: Some(&redemption.id),
            units: redemption.units,
            book: Book::Redeemed,
            reason: PostingReason::Redeem,
        },
        available,
    )
}

fn view<'s>(settle: &'s Settle<'_>) -> View<'s> {
    View {
        customer: settle.customer.as_ref(),
        receipt: &settle.receipt.id,
        supersedes: None,
        now: settle.booked_at,
        business_date: settle.receipt.business_date,
        lists: &[],
    }
}

fn flags_of(account: Option<&Account>, settle: &Settle<'_>, change: &Change, now: Timestamp) -> Vec<Flag> {
    let mut flags = Vec::new();
    match settle.relation {
        Relation::AsQuoted => {}
        Relation::Differs => flags.push(Flag::DiffersFromQuote),
        Relation::WithoutQuote => flags.push(Flag::WithoutQuote),
        Relation::ByPack => flags.push(Flag::DecidedByPack),
        Relation::DiffersFromPack => flags.extend([Flag::DecidedByPack, Flag::DiffersFromQuote]),
        Relation::TokenRejected => flags.push(Flag::TokenRejected),
    }
    let conditions = [
        (settle.after_void, Flag::PaidAfterVoid),
        (settle.deferred, Flag::Deferred),
        (settle.till_clock_off, Flag::TillClockOff),
        (settle.delivery_unproven, Flag::DeliveryUnproven),
        (change.is_unexplained, Flag::Unexplained),
        (knows_not_all(settle.decision), Flag::UnknownSku),
        (account.is_some_and(|account| is_hold_expired(account, settle, now)), Flag::HoldExpired),
    ];
    flags.extend(conditions.into_iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag));
    if account.is_some() {
        flags.extend(settle.decision.brakes.iter().map(|brake| braked(*brake)));
    }
    flags
}

/// How an outcome says that a brake took hold.
pub(crate) const fn braked(brake: Brake) -> Flag {
    match brake {
        Brake::Velocity => Flag::CardUsedOften,
        Brake::OwnTill => Flag::CardAtOwnTill,
        Brake::UnitsAbove => Flag::UnitsAboveLimit,
    }
}

fn knows_not_all(decision: &Decision) -> bool {
    decision.notes.iter().any(|note| matches!(note, tessera_rules::decision::Note::UnknownSku { .. }))
}

/// A quote promised something scarce and its hold is not there any more; a void that let it go is told apart.
fn is_hold_expired(account: &Account, settle: &Settle<'_>, now: Timestamp) -> bool {
    let quoted = match settle.relation {
        Relation::AsQuoted | Relation::Differs => !settle.after_void,
        Relation::WithoutQuote | Relation::ByPack | Relation::DiffersFromPack | Relation::TokenRejected => false,
    };
    let promised = settle.promised.unwrap_or(settle.decision);
    let holds = account.open_quotes.iter().any(|quote| quote.receipt == settle.receipt.id && quote.is_open(now));
    quoted && !holds && promised.promises.iter().any(is_something)
}

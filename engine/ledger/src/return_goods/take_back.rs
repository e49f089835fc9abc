//! Rewards that a return takes back: units, tickets, coupons.

use compact_str::CompactString;
use tessera_rules::decision::{RewardKind, Shortfall};
use tessera_rules::id::AssetId;
use tessera_rules::money::{Amount, Rounding, Units, divide};

use crate::account::Account;
use crate::arithmetic::{amount_minus, amount_plus, minus, negated, plus};
use crate::booking::{BookSides, Booking, Debit};
use crate::lot::{Lot, LotId};
use crate::outcome::OutcomeReward;
use crate::posting::{Book, PostingReason};
use crate::return_goods::rights;
use crate::return_goods::step::Step;
use crate::settle::gain::units_of;
use crate::terms::AssetTerms;

/// What was taken back.
#[derive(Debug, Default)]
pub(super) struct TakenBack {
    pub(super) rewards: Vec<OutcomeReward>,
    /// What is taken off the refund.
    pub(super) deducted: Amount,
    /// Codes of coupons that are free again.
    pub(super) restored: Vec<CompactString>,
    /// What of the sale's lapsed lots no return has taken back.
    pub(super) lapsed: Vec<Lot>,
}

/// Takes rewards back: first from the receipt's own lots, then from the oldest, never what is promised
/// to an open quote; what is missing goes by the reward's own rule.
pub(super) fn rewards(step: Step<'_>, account: Option<&mut Account>, booking: &mut Booking, refund: Amount) -> TakenBack {
    let mut taken = TakenBack { lapsed: step.before.lapsed.clone(), ..TakenBack::default() };
    let Some(account) = account else {
        return taken;
    };
    for reward in step.original.rewards.iter().filter(|reward| reward.is_own()) {
        let Some((asset, units)) = units_of(&reward.kind) else {
            continue;
        };
        if reward.is_waiting() && step.given_later(account, &reward.id).is_none() {
            taken.rewards.extend(rights::waiting(step, account, reward, (asset, units)));
            continue;
        }
        let due = Units::from_units(step.of_reward(units.units(), reward));
        if !due.is_positive() {
            continue;
        }
        let left = amount_minus(refund, taken.deducted);
        let lots = Lots { account, lapsed: &mut taken.lapsed };
        let (gone, deducted) = take_units(step, lots, booking, (reward, asset, due), left);
        taken.deducted = amount_plus(taken.deducted, deducted);
        if gone.is_positive() {
            let earned_on = step.shares_of(gone.units(), &reward.earned_on);
            taken.rewards.push(OutcomeReward { kind: with_units(&reward.kind, negated(gone)), earned_on, ..record(reward) });
        }
    }
    taken.rewards.extend(rights::take_back(step, account, booking.now));
    taken.restored = rights::restored_coupons(step, account);
    taken
}

/// Where units of a reward may be taken from beside what is booked.
struct Lots<'l> {
    account: &'l Account,
    lapsed: &'l mut [Lot],
}

/// Returns the units taken back, by whatever way, and what is deducted from the refund for them.
fn take_units(
    step: Step<'_>,
    lots: Lots<'_>,
    booking: &mut Booking,
    (reward, asset, due): (&OutcomeReward, &AssetId, Units),
    refund_left: Amount,
) -> (Units, Amount) {
    let debit = Debit {
        asset,
        program: &reward.program,
        campaign: Some(&reward.campaign),
        of: Some(&reward.id),
        units: due,
        book: Book::Returned,
        reason: PostingReason::Clawback,
    };
    let is_erased = lots.account.erased_at.is_some();
    let found = take_lots(step, lots, booking, &debit);
    let short = minus(due, found);
    if !short.is_positive() {
        return (found, Amount::ZERO);
    }
    let (covered, deducted) = match reward.on_return {
        Shortfall::Zero => return (found, Amount::ZERO),
        // What they had lapsed with their erasure: nobody owes it.
        Shortfall::Negative | Shortfall::DeductFromRefund if is_erased => return (found, Amount::ZERO),
        Shortfall::Negative => (Units::ZERO, Amount::ZERO),
        Shortfall::DeductFromRefund => worth_of(step.assets, asset, short, refund_left),
    };
    let sides = BookSides { from: Book::Redeemed, to: Book::Returned, reason: PostingReason::Clawback };
    booking.post_books(asset, Some(&reward.campaign), Some(&reward.program), covered, sides);
    let owed = minus(short, covered);
    if owed.is_positive() {
        booking.owe(&debit, owed);
    }
    (due, deducted)
}

/// The sale's own lots first, lapsed or not, posted or not; then the oldest of the others.
fn take_lots(step: Step<'_>, lots: Lots<'_>, booking: &mut Booking, debit: &Debit<'_>) -> Units {
    let Lots { account, lapsed } = lots;
    let now = booking.now;
    let is_own = |id: &LotId| step.has_earned(account, id);
    let fits = |lot: &&Lot| lot.asset == *debit.asset && lot.left.is_positive();
    let lots: Vec<(LotId, bool)> = {
        let there = booking.lots.iter().filter(fits).filter(|lot| is_own(&lot.id) || !lot.is_lapsed(now));
        let mut known: Vec<&Lot> = there.chain(lapsed.iter().filter(fits)).collect();
        let place = |lot: &Lot| {
            let own = is_own(&lot.id);
            (!own, own && lot.campaign.as_ref() != debit.campaign, lot.booked_at)
        };
        known.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.id.cmp(&b.id)));
        known.into_iter().map(|lot| (lot.id.clone(), lot.is_usable(now))).collect()
    };
    let holds: Vec<_> = account.open_quotes.iter().filter(|quote| quote.is_open(now)).flat_map(|quote| &quote.holds).collect();
    let mut taken = Units::ZERO;
    for (id, usable) in lots {
        let wanted = minus(debit.units, taken);
        if !wanted.is_positive() {
            break;
        }
        let step = match lapsed.iter_mut().find(|lot| lot.id == id) {
            Some(lot) => take_lapsed(lot, booking, debit, wanted),
            None if usable => booking.take(debit, &[id], booking.free(debit.asset, &holds).min(wanted)),
            None => booking.take(debit, &[id], wanted),
        };
        taken = plus(taken, step);
    }
    assert!(taken <= debit.units, "no more is taken back than is due");
    taken
}

/// Takes back what lapsed and was posted so: between the two books, for the account does not have it any more.
fn take_lapsed(lot: &mut Lot, booking: &mut Booking, debit: &Debit<'_>, wanted: Units) -> Units {
    let step = lot.left.min(wanted);
    lot.left = minus(lot.left, step);
    let sides = BookSides { from: Book::Expired, to: Book::Returned, reason: debit.reason };
    booking.post_books(debit.asset, debit.campaign, Some(debit.program), step, sides);
    step
}

/// Units whose worth is taken off the refund, and that worth; none where no worth is declared.
fn worth_of(assets: &[AssetTerms], asset: &AssetId, short: Units, refund_left: Amount) -> (Units, Amount) {
    let worth = assets.iter().find(|known| known.asset == *asset).and_then(|known| known.worth);
    let Some(worth) = worth.filter(|worth| worth.units.is_positive() && worth.amount.is_positive()) else {
        return (Units::ZERO, Amount::ZERO);
    };
    let scaled = |value: i64, by: i64, over: i64, rounding| {
        divide(i128::from(value).saturating_mul(i128::from(by)), i128::from(over), rounding)
    };
    let (units, amount) = (worth.units.units(), worth.amount.minor());
    let wanted = scaled(short.units(), amount, units, Rounding::HalfUp).unwrap_or(i64::MAX);
    if wanted <= refund_left.minor() {
        return (short, Amount::from_minor(wanted));
    }
    let covered = scaled(refund_left.minor().max(0), units, amount, Rounding::Down).unwrap_or(0).min(short.units());
    (Units::from_units(covered), Amount::from_minor(refund_left.minor().max(0)))
}

/// The record that a reward was taken back that had been given, with its sale or since: it waits for nothing.
pub(super) fn record(reward: &OutcomeReward) -> OutcomeReward {
    OutcomeReward { taken_back: true, waits_for: Vec::new(), awaits: None, held: None, ..reward.clone() }
}

/// The record that a reward was taken back that nobody has been given yet.
pub(super) fn record_waiting(reward: &OutcomeReward) -> OutcomeReward {
    OutcomeReward { waits_for: reward.waits_for.clone(), awaits: reward.awaits.clone(), held: reward.held, ..record(reward) }
}

/// The same kind with other units.
pub(super) fn with_units(kind: &RewardKind, units: Units) -> RewardKind {
    let mut kind = kind.clone();
    match &mut kind {
        RewardKind::BonusMoney { units: known, .. }
        | RewardKind::Points { units: known, .. }
        | RewardKind::Certificate { units: known, .. }
        | RewardKind::Money { units: known, .. } => *known = units,
        RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::Prize { .. }
        | RewardKind::Status { .. }
        | RewardKind::Ticket { .. } => {}
    }
    kind
}

//! What a return takes back and gives back: rewards, discounts in the books, used units, counters, coupons.

use jiff::{SignedDuration, Timestamp};
use tessera_rules::decision::{CounterMove, LineShare, RewardKind, Shortfall};
use tessera_rules::id::{AssetId, CampaignId, ProgramId};
use tessera_rules::money::{Amount, Rounding, Units, divide, split};

use crate::account::Account;
use crate::arithmetic::{amount_minus, amount_plus, minus, negated, plus, share, share_step};
use crate::booking::{BookSides, Booking, Credit, Debit};
use crate::limits::RESTORED_DAYS_MIN;
use crate::lot::{Lot, LotId};
use crate::outcome::{Outcome, OutcomeLine, OutcomeRedemption, OutcomeReward};
use crate::posting::{Book, Posting, PostingPlace, PostingReason};
use crate::return_goods::ReturnedSoFar;
use crate::settle::change::by_campaign;
use crate::settle::gain::units_of;
use crate::terms::{AssetTerms, money_asset, program_of};

/// A return's step through its original: what had come back before and what has now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) original: &'a Outcome,
    pub(super) before: &'a ReturnedSoFar,
    pub(super) after: &'a ReturnedSoFar,
    pub(super) assets: &'a [AssetTerms],
}

/// What was taken back.
#[derive(Debug, Default)]
pub(super) struct TakenBack {
    pub(super) rewards: Vec<OutcomeReward>,
    /// What is taken off the refund.
    pub(super) deducted: Amount,
}

/// A part of a whole, both not negative, the whole above zero.
#[derive(Clone, Copy, Debug)]
struct Fraction {
    part: i64,
    whole: i64,
}

impl Fraction {
    fn of(self, value: i64) -> i64 {
        if self.part == 0 { 0 } else { share(value, self.part, self.whole) }
    }
}

impl Step<'_> {
    /// How much of what lies on those lines has come back; without lines, of the whole receipt by value.
    fn fraction(&self, so_far: &ReturnedSoFar, shares: &[LineShare]) -> Fraction {
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

    /// What of `value` falls to this step.
    fn of(&self, value: i64, shares: &[LineShare]) -> i64 {
        self.fraction(self.after, shares).of(value).saturating_sub(self.fraction(self.before, shares).of(value))
    }

    /// Whether the last of the goods came back with this step.
    fn completes(&self) -> bool {
        self.after.is_whole(self.original) && !self.before.is_whole(self.original)
    }
}

/// Takes rewards back: first from the receipt's own lots, then from the oldest, never what is promised
/// to an open quote; what is missing goes by the reward's own rule.
pub(super) fn rewards(step: Step<'_>, account: Option<&mut Account>, booking: &mut Booking, refund: Amount) -> TakenBack {
    let mut taken = TakenBack::default();
    let posted = posted_rewards(step.original);
    let Some(account) = account else {
        taken.rewards = tickets(step);
        return taken;
    };
    let originals = step.original.rewards.iter().zip(posted);
    for (reward, _) in originals.filter(|(reward, posted)| *posted && !reward.taken_back) {
        let Some((asset, units)) = units_of(&reward.kind) else { continue };
        let due = Units::from_units(step.of(units.units(), &reward.earned_on));
        if !due.is_positive() {
            continue;
        }
        let left = amount_minus(refund, taken.deducted);
        let (gone, deducted) = take_units(step, account, booking, (reward, asset, due), left);
        taken.deducted = amount_plus(taken.deducted, deducted);
        if gone.is_positive() {
            taken.rewards.push(OutcomeReward { kind: with_units(&reward.kind, negated(gone)), ..record(reward) });
        }
    }
    taken.rewards.extend(tickets(step));
    taken.rewards.extend(coupons(step, account));
    taken
}

/// Returns the units taken back, by whatever way, and what is deducted from the refund for them.
fn take_units(
    step: Step<'_>,
    account: &Account,
    booking: &mut Booking,
    (reward, asset, due): (&OutcomeReward, &AssetId, Units),
    refund_left: Amount,
) -> (Units, Amount) {
    let debit = Debit {
        asset,
        program: &reward.program,
        campaign: Some(&reward.campaign),
        units: due,
        book: Book::Returned,
        reason: PostingReason::Clawback,
    };
    let found = take_lots(step.original, account, booking, &debit);
    let short = minus(due, found);
    if !short.is_positive() {
        return (found, Amount::ZERO);
    }
    let (covered, deducted) = match reward.on_return {
        Shortfall::Zero => return (found, Amount::ZERO),
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

fn take_lots(original: &Outcome, account: &Account, booking: &mut Booking, debit: &Debit<'_>) -> Units {
    let now = booking.now;
    let is_own = |id: &LotId| id.receipt == original.receipt;
    let lots: Vec<(LotId, bool)> = {
        let fits = |lot: &&Lot| lot.asset == *debit.asset && lot.left.is_positive() && (is_own(&lot.id) || !lot.is_lapsed(now));
        let mut known: Vec<&Lot> = booking.lots.iter().filter(fits).collect();
        known.sort_by_key(|lot| {
            let own = is_own(&lot.id);
            (!own, own && lot.campaign.as_ref() != debit.campaign, lot.booked_at, lot.id.clone())
        });
        known.into_iter().map(|lot| (lot.id.clone(), lot.is_usable(now))).collect()
    };
    let holds: Vec<_> = account.open_quotes.iter().filter(|quote| quote.is_open(now)).flat_map(|quote| &quote.holds).collect();
    let mut taken = Units::ZERO;
    for (id, usable) in lots {
        let wanted = minus(debit.units, taken);
        let most = if usable { booking.free(debit.asset, &holds).min(wanted) } else { wanted };
        taken = plus(taken, booking.take(debit, &[id], most));
    }
    assert!(taken <= debit.units, "no more is taken back than is due");
    taken
}

/// Units whose worth is taken off the refund, and that worth; none where no worth is declared.
fn worth_of(assets: &[AssetTerms], asset: &AssetId, short: Units, refund_left: Amount) -> (Units, Amount) {
    let worth = assets.iter().find(|known| known.asset == *asset).and_then(|known| known.worth);
    let Some(worth) = worth.filter(|worth| worth.units.is_positive() && worth.amount.is_positive()) else {
        return (Units::ZERO, Amount::ZERO);
    };
    let scaled = |value: i64, by: i64, over: i64, rounding| divide(i128::from(value).saturating_mul(i128::from(by)), i128::from(over), rounding);
    let (units, amount) = (worth.units.units(), worth.amount.minor());
    let wanted = scaled(short.units(), amount, units, Rounding::HalfUp).unwrap_or(i64::MAX);
    if wanted <= refund_left.minor() {
        return (short, Amount::from_minor(wanted));
    }
    let covered = scaled(refund_left.minor().max(0), units, amount, Rounding::Down).unwrap_or(0).min(short.units());
    (Units::from_units(covered), Amount::from_minor(refund_left.minor().max(0)))
}

/// Which rewards became lots: those that wait for answers are recorded without postings.
fn posted_rewards(original: &Outcome) -> Vec<bool> {
    let mut issues: Vec<&Posting> =
        original.postings.iter().filter(|posting| posting.place == PostingPlace::Book(Book::Issued)).collect();
    let mut is_posted = |reward: &OutcomeReward| {
        let Some((asset, units)) = units_of(&reward.kind) else { return true };
        let same = |posting: &&Posting| {
            posting.asset == *asset && posting.units == negated(units) && posting.campaign.as_ref() == Some(&reward.campaign)
        };
        let place = issues.iter().position(same);
        place.map(|place| issues.remove(place)).is_some()
    };
    original.rewards.iter().map(&mut is_posted).collect()
}

fn tickets(step: Step<'_>) -> Vec<OutcomeReward> {
    let taken = step.original.rewards.iter().filter_map(|reward| match &reward.kind {
        RewardKind::Ticket { draw, count } => {
            let due = u32::try_from(step.of(i64::from(*count), &reward.earned_on)).ok().filter(|due| *due > 0)?;
            Some(OutcomeReward { kind: RewardKind::Ticket { draw: draw.clone(), count: due }, ..record(reward) })
        }
        RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Prize { .. }
        | RewardKind::Status { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. } => None,
    });
    taken.collect()
}

/// When everything came back: coupons that the receipt issued and nobody used go, the one it used is free again.
fn coupons(step: Step<'_>, account: &mut Account) -> Vec<OutcomeReward> {
    if !step.completes() {
        return Vec::new();
    }
    let receipt = &step.original.receipt;
    for coupon in account.coupons.iter_mut().filter(|coupon| coupon.used_by.as_ref() == Some(receipt)) {
        coupon.used_by = None;
    }
    let mut withdrawn = Vec::new();
    for reward in &step.original.rewards {
        let code = crate::settle::coupon_code(receipt, &reward.id);
        let count = account.coupons.len();
        account.coupons.retain(|coupon| coupon.code != code || coupon.used_by.is_some());
        if account.coupons.len() < count {
            withdrawn.push(record(reward));
        }
    }
    withdrawn
}

fn record(reward: &OutcomeReward) -> OutcomeReward {
    OutcomeReward { taken_back: true, ..reward.clone() }
}

fn with_units(kind: &RewardKind, units: Units) -> RewardKind {
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

/// Takes discounts of returned goods out of the books again.
pub(super) fn discounts(step: Step<'_>, booking: &mut Booking) {
    let mut sums: Vec<(Option<CampaignId>, i64)> = Vec::new();
    for line in &step.original.lines {
        let (before, after, whole) = (step.before.quantity(&line.id), step.after.quantity(&line.id), line.quantity);
        if before == after {
            continue;
        }
        for (campaign, amount) in explained(line) {
            let part = |quantity: i64| if quantity == 0 { 0 } else { share(amount, quantity, whole.milli()) };
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
        let sides = BookSides { from: Book::Redeemed, to: Book::Returned, reason: PostingReason::Clawback };
        booking.post_books(&asset, campaign.as_ref(), program.as_ref(), cheaper, sides);
    }
}

fn program_of_campaign(original: &Outcome, campaign: Option<&CampaignId>) -> Option<ProgramId> {
    let posting = original.postings.iter().find(|posting| campaign.is_some() && posting.campaign.as_ref() == campaign)?;
    posting.program.clone()
}

/// The change of a line per campaign as it was posted, and without a campaign what nothing explained.
fn explained(line: &OutcomeLine) -> Vec<(Option<CampaignId>, i64)> {
    let shown = by_campaign(&line.parts);
    let sum = shown.iter().map(|(_, amount)| amount.minor()).fold(0_i64, i64::saturating_add);
    let total = amount_minus(amount_minus(line.paid, line.rung_up), line.unexplained).minor();
    let amounts: Vec<i64> = if sum == total {
        shown.iter().map(|(_, amount)| amount.minor()).collect()
    } else {
        let weights: Vec<i64> = shown.iter().map(|(_, amount)| amount.minor().saturating_abs()).collect();
        split(total, &weights)
    };
    let mut changes: Vec<_> = shown.into_iter().map(|(campaign, _)| Some(campaign)).zip(amounts).collect();
    if !line.unexplained.is_zero() {
        changes.push((None, line.unexplained.minor()));
    }
    changes
}

/// Gives used units back, each with the expiry of the lot that it was taken from, but some days at least.
pub(super) fn redemptions(step: Step<'_>, booking: &mut Booking) -> Vec<OutcomeRedemption> {
    let mut debits: Vec<(AssetId, Vec<Debited>)> = Vec::new();
    let mut given = Vec::new();
    for redemption in step.original.redemptions.iter().filter(|redemption| redemption.units.is_positive()) {
        let place = debits.iter().position(|(asset, _)| *asset == redemption.asset).unwrap_or_else(|| {
            debits.push((redemption.asset.clone(), debited(step.original, &redemption.asset)));
            debits.len().saturating_sub(1)
        });
        let Some((_, queue)) = debits.get_mut(place) else { continue };
        let mine = cut(queue, redemption.units);
        let whole = redemption.units.units();
        let (from, to) = (step.fraction(step.before, &[]).of(whole), step.fraction(step.after, &[]).of(whole));
        if to <= from {
            continue;
        }
        let program = program_of(step.assets, &redemption.asset, &booking.lots);
        for (units, debited) in within(&mine, from, to) {
            booking.credit(Credit {
                asset: redemption.asset.clone(),
                program: debited.program.clone().unwrap_or_else(|| program.clone()),
                campaign: None,
                units,
                vests_at: booking.now,
                expires_at: debited.expires_at.map(|expires_at| expires_at.max(restored_until(booking.now))),
                book: Book::Redeemed,
                reason: PostingReason::Restore,
            });
        }
        given.push(OutcomeRedemption {
            units: Units::from_units(from.saturating_sub(to)),
            amount: Amount::from_minor(share_step(redemption.amount.minor(), from, to, whole).saturating_neg()),
            shortfall: Units::ZERO,
            ..redemption.clone()
        });
    }
    given
}

/// Units that a receipt took from one lot.
#[derive(Clone, Debug)]
struct Debited {
    units: Units,
    expires_at: Option<Timestamp>,
    program: Option<ProgramId>,
}

fn debited(original: &Outcome, asset: &AssetId) -> Vec<Debited> {
    let is_debit = |posting: &&Posting| {
        posting.asset == *asset
            && posting.reason == PostingReason::Redeem
            && posting.units.is_negative()
            && matches!(posting.place, PostingPlace::Lot(_))
    };
    let debits = original.postings.iter().filter(is_debit);
    debits.map(|posting| Debited { units: negated(posting.units), expires_at: posting.expires_at, program: posting.program.clone() }).collect()
}

/// Takes the first `units` out of the queue.
fn cut(queue: &mut Vec<Debited>, units: Units) -> Vec<Debited> {
    let mut left = units;
    let mut mine = Vec::new();
    for debited in queue.iter_mut() {
        let step = left.min(debited.units);
        if step.is_positive() {
            mine.push(Debited { units: step, ..debited.clone() });
            debited.units = minus(debited.units, step);
            left = minus(left, step);
        }
    }
    if left.is_positive() {
        mine.push(Debited { units: left, expires_at: None, program: None });
    }
    queue.retain(|debited| debited.units.is_positive());
    mine
}

/// The parts of the debits that lie between two places of their sum.
fn within(debits: &[Debited], from: i64, to: i64) -> Vec<(Units, &Debited)> {
    let mut place = 0_i64;
    let mut parts = Vec::new();
    for debited in debits {
        let end = place.saturating_add(debited.units.units());
        let units = end.min(to).saturating_sub(place.max(from));
        if units > 0 {
            parts.push((Units::from_units(units), debited));
        }
        place = end;
    }
    parts
}

fn restored_until(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(RESTORED_DAYS_MIN.saturating_mul(24))).unwrap_or(Timestamp::MAX)
}

/// Lowers counters by what came back of the lines that the campaign's reward lies on, else of the receipt.
pub(super) fn counters(step: Step<'_>, account: &mut Account) -> Vec<CounterMove> {
    let mut moves = Vec::new();
    for counted in &step.original.counters {
        let mut rewards = step.original.rewards.iter().filter(|reward| reward.campaign == counted.campaign);
        let shares = rewards.find(|reward| !reward.earned_on.is_empty()).map(|reward| reward.earned_on.as_slice()).unwrap_or_default();
        let lowered = step.of(counted.counted_milli, shares);
        // A threshold is taken back only when all that crossed it has come back.
        let is_back = |so_far| {
            let fraction = step.fraction(so_far, shares);
            fraction.part >= fraction.whole
        };
        let rewarded = if is_back(step.after) && !is_back(step.before) { counted.rewarded } else { 0 };
        let Some(counter) = account.counters.iter_mut().find(|counter| counter.campaign == counted.campaign) else { continue };
        if lowered == 0 && rewarded == 0 {
            continue;
        }
        counter.counted_milli = counter.counted_milli.saturating_sub(lowered).max(0);
        counter.rewarded = counter.rewarded.saturating_sub(rewarded).max(0);
        moves.push(CounterMove {
            campaign: counted.campaign.clone(),
            counted_milli: lowered.saturating_neg(),
            rewarded: rewarded.saturating_neg(),
        });
    }
    moves
}

//! Used units that a return gives back, with the expiry of the lots that they were taken from.

use jiff::{SignedDuration, Timestamp};
use tessera_rules::conventions::ReturnedPayment;
use tessera_rules::decision::LineShare;
use tessera_rules::id::{AssetId, ProgramId};
use tessera_rules::money::{Amount, Units};
use tessera_rules::receipt::RedeemMode;

use crate::arithmetic::{minus, negated, share_step};
use crate::booking::{Booking, Credit};
use crate::limits::RESTORED_DAYS_MIN;
use crate::outcome::{Outcome, OutcomeRedemption};
use crate::posting::{Book, Posting, PostingPlace, PostingReason};
use crate::return_goods::ReturnedSoFar;
use crate::return_goods::step::Step;
use crate::return_goods::unwind::shares_of_redemption;
use crate::terms::program_of;

/// Gives used units back, each with the expiry of the lot that it was taken from, but some days at least.
pub(super) fn redemptions(step: Step<'_>, booking: &mut Booking) -> Vec<OutcomeRedemption> {
    let mut debits: Vec<(AssetId, Vec<Debited>)> = Vec::new();
    let mut given = Vec::new();
    for redemption in step.original.redemptions.iter().filter(|redemption| redemption.units.is_positive()) {
        let place = debits.iter().position(|(asset, _)| *asset == redemption.asset).unwrap_or_else(|| {
            debits.push((redemption.asset.clone(), debited(step.original, &redemption.asset)));
            debits.len().saturating_sub(1)
        });
        let Some((_, queue)) = debits.get_mut(place) else {
            continue;
        };
        let mine = cut(queue, redemption.units);
        let whole = redemption.units.units();
        let program = program_of(step.assets, &redemption.asset, &booking.lots);
        let rule = rule_of(step, &program);
        let shares = shares_of_redemption(step.original, redemption);
        let come_back = |so_far: &ReturnedSoFar| match rule {
            ReturnedPayment::InProportion => step.fraction(so_far, &shares).of(whole),
            ReturnedPayment::WholeReturnOnly if so_far.is_whole(step.original) => whole,
            ReturnedPayment::WholeReturnOnly | ReturnedPayment::Never => 0,
        };
        let (from, to) = (come_back(step.before), come_back(step.after));
        if to <= from {
            continue;
        }
        for (units, debited) in within(&mine, from, to) {
            booking.credit(Credit {
                asset: redemption.asset.clone(),
                program: debited.program.clone().unwrap_or_else(|| program.clone()),
                campaign: None,
                of: Some(redemption.id.clone()),
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
            paid_on: Vec::new(),
            shortfall: Units::ZERO,
            ..redemption.clone()
        });
    }
    given
}

fn rule_of(step: Step<'_>, program: &ProgramId) -> ReturnedPayment {
    let terms = step.original.return_terms.iter().find(|terms| terms.program == *program);
    terms.map(|terms| terms.payment).unwrap_or_default()
}

/// What of the refund this step keeps back since it was paid by assets that do not come back with it; below zero where
/// the last of the goods brings back what earlier steps kept.
pub(super) fn kept_back(step: Step<'_>, booking: &Booking) -> Amount {
    let tenders = step.original.redemptions.iter().filter(|redemption| redemption.mode == RedeemMode::Tender);
    let tenders: Vec<_> = tenders
        .map(|redemption| (redemption, rule_of(step, &program_of(step.assets, &redemption.asset, &booking.lots))))
        .collect();
    // No more than was refunded, in all and in this step.
    let kept = |so_far: &ReturnedSoFar| {
        let stays_away = |rule: &ReturnedPayment| match rule {
            ReturnedPayment::InProportion => false,
            ReturnedPayment::WholeReturnOnly => !so_far.is_whole(step.original),
            ReturnedPayment::Never => true,
        };
        let mut paid: Vec<(&[LineShare], i64)> = Vec::new();
        for (redemption, _) in tenders.iter().filter(|(_, rule)| stays_away(rule)) {
            let minor = redemption.amount.minor().max(0);
            // What lies on the whole receipt is one sum, rounded once.
            match paid.iter_mut().find(|(shares, _)| shares.is_empty() && redemption.paid_on.is_empty()) {
                Some((_, sum)) => *sum = sum.saturating_add(minor),
                None => paid.push((&redemption.paid_on, minor)),
            }
        }
        let kept = paid.into_iter().map(|(shares, minor)| step.kept_back(so_far, shares).of(minor));
        kept.fold(0_i64, i64::saturating_add).min(step.refunded(so_far))
    };
    let refunded = step.refunded(step.after).saturating_sub(step.refunded(step.before)).max(0);
    Amount::from_minor(kept(step.after).saturating_sub(kept(step.before)).min(refunded))
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
    debits
        .map(|posting| Debited {
            units: negated(posting.units),
            expires_at: posting.expires_at,
            program: posting.program.clone(),
        })
        .collect()
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

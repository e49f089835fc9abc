//! Rights that a return takes back: coupons, prizes, tiers, tickets, and the share of what still waits for answers.

use compact_str::CompactString;
use jiff::Timestamp;
use tessera_rules::decision::RewardKind;
use tessera_rules::id::AssetId;
use tessera_rules::money::Units;

use crate::account::Account;
use crate::arithmetic::{minus, negated};
use crate::outcome::{OutcomeReward, Right};
use crate::return_goods::step::Step;
use crate::return_goods::take_back::{record, record_waiting, with_units};
use crate::right::{PrizeState, WaitingReward, void_tickets};
use crate::settle::gain::units_of;
use crate::tier::TakenBack;

/// Takes back what is no asset. Tickets go in proportion; what cannot be divided goes with the last of its goods.
pub(super) fn take_back(step: Step<'_>, account: &mut Account, now: Timestamp) -> Vec<OutcomeReward> {
    let mut taken = Vec::new();
    for reward in step.original.rewards.iter().filter(|reward| reward.is_own()) {
        let back = match &reward.kind {
            RewardKind::Ticket { draw, count } => tickets(step, account, reward, (draw, *count)),
            RewardKind::DiscountLater { .. } => withdrawn_coupon(step, account, reward),
            RewardKind::Prize { .. } => cancelled_prize(step, account, reward),
            RewardKind::Status { .. } => lost_tier(step, account, reward, now),
            RewardKind::DiscountNow { .. }
            | RewardKind::BonusMoney { .. }
            | RewardKind::Points { .. }
            | RewardKind::Certificate { .. }
            | RewardKind::Money { .. } => None,
        };
        taken.extend(back);
        if is_back(step, reward) {
            let is_it = |waiting: &WaitingReward| waiting.receipt == step.original.receipt && waiting.reward == reward.id;
            account.waiting.retain(|waiting| waiting.given.is_some() || !is_it(waiting));
        }
    }
    taken
}

/// Coupons that were used on goods of which all have come back by now: they are free again.
pub(super) fn restored_coupons(step: Step<'_>, account: &mut Account) -> Vec<CompactString> {
    if !step.completes() {
        return Vec::new();
    }
    let receipt = &step.original.receipt;
    let mut restored = Vec::new();
    for coupon in account.coupons.iter_mut().filter(|coupon| coupon.used_by.as_ref() == Some(receipt)) {
        coupon.used_by = None;
        restored.push(coupon.code.clone());
    }
    restored
}

/// The share of what still waits; what is left waits on.
pub(super) fn waiting(
    step: Step<'_>,
    account: &mut Account,
    reward: &OutcomeReward,
    (_, units): (&AssetId, Units),
) -> Option<OutcomeReward> {
    let due = Units::from_units(step.of_reward(units.units(), reward));
    let receipt = &step.original.receipt;
    let place = account.waiting.iter().position(|waiting| waiting.receipt == *receipt && waiting.reward == reward.id)?;
    let waiting = account.waiting.get_mut(place).filter(|_| due.is_positive())?;
    let left = units_of(&waiting.kind).map_or(Units::ZERO, |(_, left)| minus(left, due));
    waiting.kind = with_units(&waiting.kind, left.max(Units::ZERO));
    if !left.is_positive() {
        account.waiting.remove(place);
    }
    let earned_on = step.shares_of(due.units(), &reward.earned_on);
    Some(OutcomeReward { kind: with_units(&reward.kind, negated(due)), earned_on, ..record_waiting(reward) })
}

/// Whether the last of a reward's goods came back with this step.
fn is_back(step: Step<'_>, reward: &OutcomeReward) -> bool {
    if step.after.repriced.as_ref().is_some_and(|repriced| repriced.reward(reward).is_some()) {
        return step.gone(1, reward) == (0, 1);
    }
    let whole = |so_far| {
        let fraction = step.fraction(so_far, &reward.earned_on);
        fraction.part >= fraction.whole
    };
    whole(step.after) && !whole(step.before)
}

/// The last numbers of the receipt's tickets: those that it was given at once, or when the answers came that they waited
/// for.
fn tickets(
    step: Step<'_>,
    account: &mut Account,
    reward: &OutcomeReward,
    (draw, count): (&CompactString, u32),
) -> Option<OutcomeReward> {
    let tickets = |gone: i64| u32::try_from(gone).unwrap_or(0).min(count);
    let (before, after) = step.gone(i64::from(count), reward);
    let (before, after) = (tickets(before), tickets(after));
    let due = after.checked_sub(before).filter(|due| *due > 0)?;
    let given_as = if reward.is_waiting() { step.given_later(account, &reward.id).cloned() } else { Some(reward.right.clone()) };
    let (right, back) = match given_as {
        Some(Right::Tickets { first, of }) => {
            let first = first.saturating_add(count).saturating_sub(after);
            // Tickets keep their numbers, and those are of the account that they were given to.
            let of = of.or_else(|| step.original.account.clone()).filter(|of| *of != account.id);
            if of.is_none() {
                void_tickets(&mut account.tickets, draw, due);
            }
            (Right::Tickets { first, of }, record(reward))
        }
        // They wait on, and are fewer.
        None => {
            let is_it = |waiting: &&mut WaitingReward| waiting.receipt == step.original.receipt && waiting.reward == reward.id;
            let RewardKind::Ticket { count, .. } = &mut account.waiting.iter_mut().find(is_it)?.kind else { return None };
            *count = count.saturating_sub(due);
            (Right::None, record_waiting(reward))
        }
        // They never had numbers.
        Some(Right::None | Right::Coupon { .. } | Right::Prize { .. }) => return None,
    };
    let earned_on = step.shares_of(i64::from(due), &reward.earned_on);
    let kind = RewardKind::Ticket { draw: draw.clone(), count: due };
    Some(OutcomeReward { kind, earned_on, right, ..back })
}

fn withdrawn_coupon(step: Step<'_>, account: &mut Account, reward: &OutcomeReward) -> Option<OutcomeReward> {
    if !is_back(step, reward) {
        return None;
    }
    let issued = |coupon: &crate::account::PersonalCoupon| {
        coupon.issued_by == step.original.receipt && coupon.reward == reward.id && coupon.used_by.is_none()
    };
    let place = account.coupons.iter().position(issued)?;
    let code = account.coupons.remove(place).code;
    Some(OutcomeReward { right: Right::Coupon { code }, ..record(reward) })
}

/// A prize that is still due will not be handed over any more.
fn cancelled_prize(step: Step<'_>, account: &mut Account, reward: &OutcomeReward) -> Option<OutcomeReward> {
    if !is_back(step, reward) {
        return None;
    }
    let due = account
        .prizes
        .iter_mut()
        .find(|prize| prize.receipt == step.original.receipt && prize.reward == reward.id && prize.state == PrizeState::Due);
    due?.state = PrizeState::Cancelled;
    Some(OutcomeReward { right: Right::Prize { state: PrizeState::Cancelled }, ..record(reward) })
}

/// The tier that the receipt gave goes, or the part of its time that the receipt gave.
fn lost_tier(step: Step<'_>, account: &mut Account, reward: &OutcomeReward, now: Timestamp) -> Option<OutcomeReward> {
    if !is_back(step, reward) {
        return None;
    }
    let place = account.tiers.iter().position(|held| held.program == reward.program)?;
    match account.tiers.get_mut(place)?.take_back(&step.original.receipt, now) {
        TakenBack::Nothing => return None,
        TakenBack::Less => {}
        TakenBack::All => {
            account.tiers.remove(place);
        }
    }
    Some(record(reward))
}

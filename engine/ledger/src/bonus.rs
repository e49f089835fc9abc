//! Bonuses: what a customer gets for something else than goods, such as enrolling or answering.

use std::mem;

use jiff::civil::Date;
use tessera_rules::id::{CustomerId, ReceiptId};
use tessera_rules::occasion::Bonus;
use tessera_rules::usage::{Usage, UsageLimits};

use crate::account::Account;
use crate::aside::Aside;
use crate::booking::Booking;
use crate::code::CodeKey;
use crate::grant::Grant;
use crate::outcome::{Outcome, OutcomeReward, Right};
use crate::posting::{PostingPlace, is_balanced};
use crate::right::PrizeState;
use crate::settle::gain::units_of;
use crate::uses;

/// Gives what is within its limits, as a part of that outcome. Returns what the account forgot to make room.
///
/// What was used of limits is counted in the account alone: no return of goods frees it.
pub fn give(account: &mut Account, outcome: &mut Outcome, bonuses: &[Bonus], codes: &CodeKey) -> Aside {
    let booking = Booking::new(mem::take(&mut account.lots), &outcome.receipt, outcome.booked_at);
    let mut booking = booking.places_from(place_next(outcome));
    for bonus in bonuses {
        if !is_within_limits(account, (bonus, outcome.customer.as_ref()), outcome.business_date) {
            continue;
        }
        let reward = &bonus.reward;
        let grant = Grant {
            receipt: &outcome.receipt,
            reward: &reward.id,
            program: &reward.program,
            campaign: &reward.campaign,
            kind: &reward.kind,
            vests_at: reward.vests_at,
            expires_at: reward.expires_at,
            prize: PrizeState::Due,
        };
        let right = grant.give(account, codes, &mut booking);
        outcome.rewards.push(as_reward(bonus, right, &outcome.receipt));
    }
    booking.store(account);
    outcome.postings.append(&mut booking.postings);
    assert!(is_balanced(&outcome.postings), "postings sum to zero per asset (P5)");
    assert!(account.check().is_ok(), "a bonus keeps the account's invariants");
    booking.aside
}

/// The place behind those of all lots that the outcome has opened: one that paid what was owed is in no account any more,
/// and its name is taken all the same.
fn place_next(outcome: &Outcome) -> u16 {
    let places = outcome.postings.iter().filter_map(|posting| match &posting.place {
        PostingPlace::Lot(lot) if lot.receipt == outcome.receipt => Some(lot.place.saturating_add(1)),
        PostingPlace::Lot(_) | PostingPlace::Book(_) => None,
    });
    places.max().unwrap_or(0)
}

/// Counts one more use where the limits of the bonus allow it, for who gets it.
pub(crate) fn is_within_limits(account: &mut Account, (bonus, customer): (&Bonus, Option<&CustomerId>), day: Date) -> bool {
    if bonus.limits == UsageLimits::NONE {
        return true;
    }
    let value = units_of(&bonus.reward.kind).map_or(0, |(_, units)| units.units());
    let mut counts = account.uses.clone();
    let member = customer.filter(|_| bonus.per_member);
    let used = uses::count(&mut counts, (&bonus.reward.campaign, member), Usage { uses: 1, units: 0, value }, day);
    let is_within = uses::is_within(&used, &bonus.limits);
    if is_within {
        account.uses = counts;
    }
    is_within
}

/// The bonus as an outcome records it. No goods earned it, so it names what caused it, and a return of goods leaves it.
pub(crate) fn as_reward(bonus: &Bonus, right: Right, cause: &ReceiptId) -> OutcomeReward {
    let reward = &bonus.reward;
    OutcomeReward {
        id: reward.id.clone(),
        campaign: reward.campaign.clone(),
        program: reward.program.clone(),
        kind: reward.kind.clone(),
        taken_back: false,
        vests_at: reward.vests_at,
        expires_at: reward.expires_at,
        earned_on: Vec::new(),
        on_return: reward.on_return,
        fallback: false,
        text: reward.text.clone(),
        waits_for: Vec::new(),
        awaits: None,
        held: None,
        right,
        earned_by: Some(cause.clone()),
    }
}

#[cfg(test)]
mod tests {
    use tessera_rules::decision::RewardKind;

    use super::*;
    use crate::testing::*;

    #[test]
    fn p5_a_bonus_takes_no_name_of_a_lot_that_paid_what_was_owed() {
        let receipt = receipt("sale", vec![line("1", 1, 100)]);
        let mut decision = unchanged(&receipt);
        decision.rewards = vec![points("earned.0", 5)];
        let mut sale = settled(Some(&with_lots(vec![lot("owed", -5, 0, None)])), &settle_of(&receipt, &decision, at(1)));
        let mut account = sale.account.take().unwrap();
        assert_eq!(account.lots, [], "all that was earned paid what was owed");
        let kind = RewardKind::Points { asset: asset(POINTS), units: units(7) };
        let bonus = Bonus { reward: reward("told.0", kind), limits: UsageLimits::NONE, per_member: false };
        give(&mut account, &mut sale.outcome, &[bonus], &CODES);
        assert_eq!(account.lots.iter().map(|lot| (lot.id.place, lot.left.units())).collect::<Vec<_>>(), [(1, 7)]);
    }
}

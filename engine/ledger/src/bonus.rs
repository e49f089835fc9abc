//! Bonuses: what a customer gets for something else than goods, such as enrolling or answering.

use std::mem;

use jiff::civil::Date;
use tessera_rules::id::ReceiptId;
use tessera_rules::occasion::Bonus;
use tessera_rules::usage::{Usage, UsageLimits};

use crate::account::Account;
use crate::booking::Booking;
use crate::code::CodeKey;
use crate::grant::Grant;
use crate::lot::Lot;
use crate::outcome::{Outcome, OutcomeReward, Right};
use crate::posting::is_balanced;
use crate::right::PrizeState;
use crate::settle::gain::units_of;
use crate::uses;

/// Gives what is within its limits, as a part of that outcome. Returns the lots whose lapse it posted to make room.
///
/// What was used of limits is counted in the account alone: no return of goods frees it.
pub fn give(account: &mut Account, outcome: &mut Outcome, bonuses: &[Bonus], codes: &CodeKey) -> Vec<Lot> {
    let mut booking = Booking::new(mem::take(&mut account.lots), &outcome.receipt, outcome.booked_at);
    for bonus in bonuses {
        if !is_within_limits(account, bonus, outcome.business_date) {
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
    booking.lapsed
}

/// Counts one more use where the limits of the bonus allow it.
pub(crate) fn is_within_limits(account: &mut Account, bonus: &Bonus, day: Date) -> bool {
    if bonus.limits == UsageLimits::NONE {
        return true;
    }
    let value = units_of(&bonus.reward.kind).map_or(0, |(_, units)| units.units());
    let mut counts = account.uses.clone();
    let used = uses::count(&mut counts, &bonus.reward.campaign, Usage { uses: 1, units: 0, value }, day);
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
        right,
        earned_by: Some(cause.clone()),
    }
}

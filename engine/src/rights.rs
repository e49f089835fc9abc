//! Rights of an account on the wire: coupons, prizes, tickets, and what waits for answers.

use jiff::Timestamp;
use tessera_contract::convert::{awaited_event, brake_to_wire, reward_kind_to_wire, reward_wait, timestamp_to_wire};
use tessera_ledger::account::Account;
use tessera_ledger::code::ticket_number;
use tessera_ledger::outcome::Right;
use tessera_ledger::right::{PrizeHeld, PrizeState, WaitingReward};
use tessera_proto::billing::v1;
use tessera_rules::revision::Revision;

use crate::coupons;

/// Where the prize of a reward stands; of any other right, and of what waits, that it is due.
pub(crate) const fn prize_state(right: &Right) -> v1::PrizeState {
    match right {
        Right::Prize { state } => prize_state_to_wire(*state),
        Right::None | Right::Coupon { .. } | Right::Tickets { .. } => v1::PrizeState::Due,
    }
}

/// Where a prize stands.
pub(crate) const fn prize_state_to_wire(state: PrizeState) -> v1::PrizeState {
    match state {
        PrizeState::Due => v1::PrizeState::Due,
        PrizeState::HandedOver => v1::PrizeState::HandedOver,
        PrizeState::Cancelled => v1::PrizeState::Cancelled,
    }
}

/// Puts what an account has a right to into the answer about its customer.
pub(crate) fn show(response: &mut v1::IdentifyResponse, account: &Account, revision: &Revision, now: Timestamp) {
    let mut usable: Vec<_> = account
        .coupons
        .iter()
        .filter(|coupon| coupon.used_by.is_none() && coupon.valid_until.is_none_or(|until| now < until))
        .collect();
    usable.sort_by_key(|coupon| (coupon.valid_until.unwrap_or(Timestamp::MAX), coupon.code.clone()));
    response.coupons = usable.into_iter().map(|coupon| coupons::of_account(coupon, revision)).collect();
    response.prizes = account.prizes.iter().map(prize).collect();
    response.tickets = account
        .tickets
        .iter()
        .map(|held| v1::HeldTickets {
            draw_id: held.draw.to_string(),
            good: held.good,
            numbered: held.numbered,
            first_ticket: ticket_number(&account.id, &held.draw, 1).to_string(),
        })
        .collect();
    response.waiting_rewards = account.waiting.iter().filter(|waiting| waiting.given.is_none()).map(waiting).collect();
}

fn prize(held: &PrizeHeld) -> v1::HeldPrize {
    v1::HeldPrize {
        receipt_id: held.receipt.as_str().to_owned(),
        reward_id: held.reward.as_str().to_owned(),
        program_id: held.program.as_str().to_owned(),
        campaign_id: held.campaign.as_str().to_owned(),
        prize: Some(v1::Prize {
            prize_id: held.prize.to_string(),
            quantity: i64::from(held.count),
            state: i32::from(prize_state_to_wire(held.state)),
        }),
    }
}

pub(crate) fn waiting(waiting: &WaitingReward) -> v1::WaitingReward {
    v1::WaitingReward {
        receipt_id: waiting.receipt.as_str().to_owned(),
        reward: Some(v1::Reward {
            reward_id: waiting.reward.as_str().to_owned(),
            program_id: waiting.program.as_str().to_owned(),
            campaign_id: waiting.campaign.as_str().to_owned(),
            vests_at: Some(timestamp_to_wire(waiting.vests_at)),
            expires_at: waiting.expires_at.map(timestamp_to_wire),
            requires_answers: waiting.facts.iter().map(|fact| fact.as_str().to_owned()).collect(),
            waits_for: i32::from(reward_wait(!waiting.facts.is_empty(), waiting.awaits.as_ref(), waiting.held)),
            awaited_event_id: awaited_event(waiting.awaits.as_ref()).to_owned(),
            held_by: i32::from(brake_to_wire(waiting.held)),
            fallback: waiting.fallback,
            ..reward_kind_to_wire(&waiting.kind)
        }),
    }
}

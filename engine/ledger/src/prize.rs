//! A prize that is due is handed over or cancelled.

use tessera_rules::decision::RewardKind;
use tessera_rules::id::{ReceiptId, RewardId};

use crate::account::Account;
use crate::outcome::{OutcomeKind, OutcomeReward, Right};
use crate::profile::{ProfileRequest, Profiled, finish};
use crate::right::{PrizeHeld, PrizeState};

/// What became of a prize.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandedOver {
    /// Where the prize stands now.
    pub state: PrizeState,
    /// The account after it and the record; none: the prize was not due any more, nothing changed.
    pub changed: Option<Profiled>,
}

/// The account knows no such prize: it was never won, its goods came back, or it was closed long ago.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("names no prize of this customer")]
pub struct UnknownPrize;

/// Hands a prize over, or cancels it.
///
/// # Errors
/// The account knows no such prize.
pub fn hand_over(
    account: &Account,
    request: &ProfileRequest<'_>,
    (receipt, reward): (&ReceiptId, &RewardId),
    state: PrizeState,
) -> Result<HandedOver, UnknownPrize> {
    let mut next = account.clone();
    let mut known = next.prizes.iter_mut();
    let prize = known.find(|prize| prize.receipt == *receipt && prize.reward == *reward).ok_or(UnknownPrize)?;
    if prize.state != PrizeState::Due || state == PrizeState::Due {
        return Ok(HandedOver { state: prize.state, changed: None });
    }
    prize.state = state;
    let record = record(prize, request);
    let mut done = finish(next, request, OutcomeKind::HandOver, Vec::new());
    done.outcome.original = Some(receipt.clone());
    done.outcome.rewards = vec![record];
    Ok(HandedOver { state, changed: Some(done) })
}

fn record(prize: &PrizeHeld, request: &ProfileRequest<'_>) -> OutcomeReward {
    OutcomeReward {
        id: prize.reward.clone(),
        campaign: prize.campaign.clone(),
        program: prize.program.clone(),
        kind: RewardKind::Prize { prize: prize.prize.clone(), count: prize.count },
        taken_back: false,
        vests_at: request.booked_at,
        expires_at: None,
        earned_on: Vec::new(),
        on_return: tessera_rules::decision::Shortfall::default(),
        fallback: false,
        text: compact_str::CompactString::default(),
        waits_for: Vec::new(),
        awaits: None,
        held: None,
        right: Right::Prize { state: prize.state },
        earned_by: None,
    }
}

#[cfg(test)]
mod tests;

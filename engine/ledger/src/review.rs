//! Review: somebody has looked at a receipt whose rewards a brake holds. They are given, or never will be.

use tessera_rules::id::ReceiptId;
use tessera_rules::money::Units;

use crate::account::Account;
use crate::arithmetic::plus;
use crate::outcome::OutcomeKind;
use crate::profile::{ProfileRefusal, ProfileRequest, Profiled, Release, finish, released};
use crate::right::WaitingReward;
use crate::settle::gain::units_of;

/// What somebody found who looked at a receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Nothing is wrong with it: its rewards are given.
    Release,
    /// They will not be given.
    Refuse,
}

impl Account {
    /// Rewards that wait until somebody has looked at their receipt, the oldest first.
    pub fn held(&self) -> impl Iterator<Item = &WaitingReward> {
        self.waiting.iter().filter(|waiting| waiting.held.is_some())
    }

    /// All units that are held of one receipt, whatever their asset: what a person lets go by one word.
    #[must_use]
    pub fn units_held_of(&self, receipt: &ReceiptId) -> Units {
        let held = self.held().filter(|waiting| waiting.receipt == *receipt);
        held.filter_map(|waiting| units_of(&waiting.kind)).map(|(_, units)| units).fold(Units::ZERO, plus)
    }
}

/// Gives what is held of a receipt, or takes it away. What waits for answers or an event besides waits on for those. None:
/// nothing of the receipt is held.
///
/// # Errors
/// The customer is not of this account.
pub fn review(
    account: &Account,
    request: &ProfileRequest<'_>,
    (receipt, finding): (&ReceiptId, Finding),
    release: Release<'_>,
) -> Result<Option<Profiled>, ProfileRefusal> {
    if !account.members.iter().any(|member| member.customer == request.customer) {
        return Err(ProfileRefusal::NotAMember);
    }
    let is_meant = |waiting: &WaitingReward| waiting.held.is_some() && waiting.receipt == *receipt;
    if !account.waiting.iter().any(is_meant) {
        return Ok(None);
    }
    let mut next = account.clone();
    Ok(Some(match finding {
        Finding::Release => {
            next.waiting.iter_mut().filter(|waiting| is_meant(waiting)).for_each(|waiting| waiting.held = None);
            released(next, request, (OutcomeKind::Review, Vec::new()), release)
        }
        Finding::Refuse => {
            let (refused, kept) = next.waiting.into_iter().partition(is_meant);
            next.waiting = kept;
            let mut done = finish(next, request, OutcomeKind::Review, Vec::new());
            let refused: Vec<WaitingReward> = refused;
            done.outcome.rewards = refused.into_iter().map(WaitingReward::taken_away).collect();
            done
        }
    }))
}

#[cfg(test)]
mod tests;

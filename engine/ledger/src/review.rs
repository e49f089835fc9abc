//! Review: somebody has looked at a receipt whose rewards a brake holds. They are given, or never will be.

use tessera_rules::id::{CampaignId, ReceiptId, RewardId};
use tessera_rules::money::Units;
use tessera_rules::usage::Usage;

use crate::account::Account;
use crate::arithmetic::plus;
use crate::outcome::{Outcome, OutcomeKind};
use crate::profile::{ProfileRefusal, ProfileRequest, Profiled, Release, finish, released};
use crate::right::WaitingReward;
use crate::settle::change::by_campaign;
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

    /// Campaigns that gave nothing of a sale but what is held of it: where that is refused, they were not used.
    #[must_use]
    pub fn held_alone(&self, sale: &Outcome) -> Vec<CampaignId> {
        let held: Vec<&WaitingReward> = self.held().filter(|waiting| waiting.receipt == sale.receipt).collect();
        let is_held = |reward: &RewardId| held.iter().any(|waiting| waiting.reward == *reward);
        let changes_prices = |campaign: &CampaignId| {
            sale.lines.iter().any(|line| by_campaign(&line.parts).iter().any(|(known, _)| *known == campaign))
        };
        let mut campaigns: Vec<CampaignId> = held.iter().map(|waiting| waiting.campaign.clone()).collect();
        campaigns.sort();
        campaigns.dedup();
        campaigns.retain(|campaign| {
            let mut own = sale.rewards.iter().filter(|reward| reward.campaign == *campaign);
            own.all(|reward| is_held(&reward.id)) && !changes_prices(campaign)
        });
        campaigns
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

/// What a campaign that gave rewards alone used of its limits over all customers: as it was promised with the sale.
#[must_use]
pub fn gave(sale: &Outcome, campaign: &CampaignId) -> Usage {
    let times = sale.applied.iter().filter(|applied| applied.campaign == *campaign).map(|applied| i64::from(applied.times));
    let own = sale.rewards.iter().filter(|reward| reward.campaign == *campaign && !reward.fallback);
    let units = own.filter_map(|reward| units_of(&reward.kind)).map(|(_, units)| units.units());
    Usage { uses: times.fold(0, i64::saturating_add), units: 0, value: units.fold(0, i64::saturating_add) }
}

#[cfg(test)]
mod tests;

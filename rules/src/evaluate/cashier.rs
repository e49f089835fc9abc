//! What the cashier reads of rewards: texts in the store's language, where the customer's is another.

use compact_str::CompactString;

use super::draft::Draft;
use crate::decision::{Reward, RewardKind};
use crate::id::RewardId;

impl Draft<'_, '_> {
    /// The texts of rewards that the cashier reads otherwise than the customer.
    pub(super) fn cashier_texts(&self) -> Vec<(RewardId, CompactString)> {
        // Who names no language reads the store's.
        if self.case.receipt.language.is_none() {
            return Vec::new();
        }
        let apart = |reward: &Reward| {
            let own = self.cashier_text(reward)?;
            (*own != reward.text).then(|| (reward.id.clone(), own.clone()))
        };
        self.rewards.iter().filter_map(apart).collect()
    }

    /// The text of its campaign, or the name of the tier that was reached.
    fn cashier_text(&self, reward: &Reward) -> Option<&CompactString> {
        let place = self.case.place_of(&reward.program);
        let text = match &reward.kind {
            RewardKind::Status { tier, reached: true } => {
                let program = self.case.revision.programs().get(place)?;
                &program.tiers.iter().find(|known| known.id == *tier)?.name
            }
            RewardKind::Status { reached: false, .. }
            | RewardKind::DiscountNow { .. }
            | RewardKind::DiscountLater { .. }
            | RewardKind::BonusMoney { .. }
            | RewardKind::Points { .. }
            | RewardKind::Prize { .. }
            | RewardKind::Ticket { .. }
            | RewardKind::Certificate { .. }
            | RewardKind::Money { .. } => &self.case.revision.campaign(&reward.campaign)?.text,
        };
        Some(self.case.cashier_words(place, text))
    }
}

//! What a decision uses of campaigns that are limited beyond the receipt: it is scarce, so it is promised.

use super::draft::{Draft, Effect};
use crate::campaign::Campaign;
use crate::decision::{Promise, RewardKind};
use crate::usage::Usage;

impl Draft<'_, '_> {
    /// Promises what limited campaigns use.
    pub(super) fn promise_uses(&mut self) {
        for effect in &self.effects {
            let Some(campaign) = self.case.revision.campaigns().get(effect.place).filter(|one| one.limits.is_scarce()) else {
                continue;
            };
            let usage = self.usage(campaign, effect);
            if !usage.is_something() {
                continue;
            }
            if campaign.limits.per_customer.is_some() {
                let member = campaign.limits.member(self.case.customer);
                self.promises.push(Promise::Uses { campaign: campaign.id.clone(), by: None, member, usage });
            }
            if campaign.limits.shared.is_some() {
                self.promises.push(Promise::Budget { campaign: campaign.id.clone(), by: None, usage });
            }
        }
        self.promise_common();
    }

    /// Remembers what a limited campaign would have used of lines that are paid.
    pub(super) fn note_late(&mut self, campaign: &Campaign, effect: &Effect) {
        if campaign.limits.is_scarce() || !campaign.common_limits.is_empty() {
            let units = self.units_changed(effect.place);
            self.late.push((effect.place, Usage { uses: effect.times, units, value: effect.discount }));
        }
    }

    pub(super) fn usage(&self, campaign: &Campaign, effect: &Effect) -> Usage {
        if let Some((_, late)) = self.late.iter().find(|(place, _)| *place == effect.place) {
            return *late;
        }
        let own = self.rewards.iter().filter(|reward| reward.campaign == campaign.id && !reward.fallback);
        let given = own.filter_map(|reward| units_of(&reward.kind)).fold(0, i64::saturating_add);
        let value = if effect.discount > 0 { effect.discount } else { given };
        Usage { uses: effect.times, units: self.units_changed(effect.place), value }
    }
}

fn units_of(kind: &RewardKind) -> Option<i64> {
    match kind {
        RewardKind::Points { units, .. }
        | RewardKind::BonusMoney { units, .. }
        | RewardKind::Certificate { units, .. }
        | RewardKind::Money { units, .. } => Some(units.units()),
        RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::Prize { .. }
        | RewardKind::Status { .. }
        | RewardKind::Ticket { .. } => None,
    }
}

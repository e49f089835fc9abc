//! What brakes do to rewards: they wait until somebody has looked at the receipt, or none are given.

use super::draft::Draft;
use crate::brakes::{Then, can_wait};
use crate::decision::{Brake, Reward, RewardKind};
use crate::id::ProgramId;

impl Draft<'_, '_> {
    /// Whether the program at this place gives no rewards on this receipt.
    pub(super) fn gives_nothing(&self, program_place: usize) -> bool {
        self.tripped.iter().any(|tripped| tripped.program_place == program_place && tripped.then == Then::Nothing)
    }

    /// Marks rewards that must be looked at, and leaves out those of programs that give nothing here. Which brakes took
    /// hold, sorted, each once.
    pub(super) fn hold_back(&mut self) -> Vec<Brake> {
        let mut brakes: Vec<Brake> = self.tripped.iter().map(|tripped| tripped.brake).collect();
        let programs = self.case.revision.programs();
        let by = |reward: &Reward, then: Then| {
            let of = |place: usize| programs.get(place).is_some_and(|program| program.id == reward.program);
            self.tripped.iter().find(|tripped| tripped.then == then && of(tripped.program_place)).map(|tripped| tripped.brake)
        };
        let mut rewards = std::mem::take(&mut self.rewards);
        rewards.retain(|reward| !can_wait(&reward.kind) || by(reward, Then::Nothing).is_none());
        for reward in rewards.iter_mut().filter(|reward| can_wait(&reward.kind)) {
            reward.held = by(reward, Then::Review);
        }
        if self.case.customer.is_some() {
            for program in programs {
                if hold_above(&mut rewards, &program.id, &program.brakes.review_above) {
                    brakes.push(Brake::UnitsAbove);
                }
            }
        }
        self.rewards = rewards;
        brakes.sort_unstable();
        brakes.dedup();
        brakes
    }
}

/// Holds all rewards of an asset of which the receipt gives more than it may. Whether there is one.
fn hold_above(rewards: &mut [Reward], program: &ProgramId, limits: &[(crate::id::AssetId, crate::money::Units)]) -> bool {
    let mut any = false;
    for (asset, most) in limits {
        let units_of = |reward: &Reward| match &reward.kind {
            RewardKind::BonusMoney { asset: given, units }
            | RewardKind::Points { asset: given, units }
            | RewardKind::Certificate { asset: given, units }
            | RewardKind::Money { asset: given, units }
                if given == asset && reward.program == *program =>
            {
                Some(units.units())
            }
            RewardKind::BonusMoney { .. }
            | RewardKind::Points { .. }
            | RewardKind::Certificate { .. }
            | RewardKind::Money { .. }
            | RewardKind::DiscountNow { .. }
            | RewardKind::DiscountLater { .. }
            | RewardKind::Prize { .. }
            | RewardKind::Status { .. }
            | RewardKind::Ticket { .. } => None,
        };
        let sum = rewards.iter().filter_map(units_of).fold(0, i64::saturating_add);
        if sum > most.units() {
            any = true;
            for reward in rewards.iter_mut().filter(|reward| units_of(reward).is_some()) {
                reward.held.get_or_insert(Brake::UnitsAbove);
            }
        }
    }
    any
}

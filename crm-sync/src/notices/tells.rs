//! What a notice tells: the rewards of a receipt and what became of them, folded from outcomes of its chain.

use serde::{Deserialize, Serialize};
use tessera_proto::billing::v1::{Reward, RewardKind, RewardWait};

/// What is given.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// Units of an asset, with its digits after the point.
    Asset {
        /// The asset.
        id: String,
        /// Its digits.
        digits: u32,
    },
    /// Coupons, by what they are.
    Coupon,
    /// A prize.
    Prize(String),
    /// A tier.
    Tier(String),
    /// Tickets of a draw.
    Tickets,
}

/// How much of something is given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Told {
    /// What.
    pub given: Given,
    /// How many, smallest units; never 0.
    pub count: i64,
}

/// Adds what an outcome gave, or took back below zero. What waits for answers is not given yet, and what made the receipt
/// cheaper the customer has seen.
pub fn add(tells: &mut Vec<Told>, rewards: &[Reward], digits: impl Fn(&str) -> u32) {
    for reward in rewards.iter().filter(|reward| reward.waits_for() == RewardWait::Unspecified) {
        let Some((given, count)) = given(reward, &digits) else { continue };
        match tells.iter_mut().find(|told| told.given == given) {
            Some(told) => told.count = told.count.saturating_add(count),
            None => tells.push(Told { given, count }),
        }
    }
    tells.retain(|told| told.count != 0);
}

/// Nothing is left that would please anybody to hear.
#[must_use]
pub fn is_nothing(tells: &[Told]) -> bool {
    !tells.iter().any(|told| told.count > 0)
}

fn given(reward: &Reward, digits: &impl Fn(&str) -> u32) -> Option<(Given, i64)> {
    let is_back = reward.units < 0 || reward.amount_minor < 0;
    let one = if is_back { -1 } else { 1 };
    match reward.kind() {
        RewardKind::Unspecified | RewardKind::DiscountNow => None,
        RewardKind::BonusMoney | RewardKind::Points | RewardKind::GiftCertificate | RewardKind::MoneyToAccount => {
            let id = reward.asset_id.clone();
            let digits = digits(&id);
            (reward.units != 0).then_some((Given::Asset { id, digits }, reward.units))
        }
        RewardKind::DiscountLater => Some((Given::Coupon, one)),
        RewardKind::Prize => {
            let prize = reward.prize.as_ref()?;
            Some((Given::Prize(prize.prize_id.clone()), prize.quantity.saturating_mul(one)))
        }
        RewardKind::Status => Some((Given::Tier(reward.tier_id.clone()), one)),
        RewardKind::DrawTicket => Some((Given::Tickets, reward.draw_tickets)),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn points(units: i64) -> Reward {
        Reward { kind: i32::from(RewardKind::Points), asset_id: "points".to_owned(), units, ..Reward::default() }
    }

    #[test]
    fn h66_what_came_back_is_not_told_and_what_waits_is_not_given_yet() {
        let ticket = |draw_tickets| Reward { kind: i32::from(RewardKind::DrawTicket), draw_tickets, ..Reward::default() };
        let waits_for = i32::from(RewardWait::Answers);
        let waiting = Reward { requires_answers: vec!["surname".to_owned()], waits_for, ..points(900) };
        let mut tells = Vec::new();
        add(&mut tells, &[points(150), waiting, ticket(2), points(30)], |_| 1);
        let asset = Given::Asset { id: "points".to_owned(), digits: 1 };
        let (all, tickets) = (Told { given: asset.clone(), count: 180 }, Told { given: Given::Tickets, count: 2 });
        assert_eq!(tells, [all, tickets]);
        add(&mut tells, &[points(-80), ticket(-2)], |_| 1);
        assert_eq!(tells, [Told { given: asset, count: 100 }]);
        add(&mut tells, &[points(-100)], |_| 1);
        assert!(tells.is_empty() && is_nothing(&tells));
        add(&mut tells, &[points(-1)], |_| 1);
        assert!(is_nothing(&tells), "a debt is no reward");
    }
}

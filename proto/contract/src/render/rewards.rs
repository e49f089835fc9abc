//! Rewards and redemptions.

use tessera_proto::billing::v1;
use tessera_rules::decision::{Decision, RedeemCap};

use super::{AnswerContext, fit};
use crate::convert::{redemption_to_wire, reward_to_wire};

/// What the customer gets beside changed lines.
pub(super) fn rewards(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::Reward> {
    decision.rewards.iter().map(|reward| reward_to_wire(reward, fit::text(&reward.text, &context.display))).collect()
}

/// Assets that are spent.
pub(super) fn redemptions(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::Redemption> {
    decision.redemptions.iter().map(|redemption| redemption_to_wire(redemption, context.program(&redemption.asset))).collect()
}

/// How much of each asset may be spent here.
pub(super) fn redeemable_max(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::RedeemableMax> {
    let to_wire = |redeemable: &tessera_rules::decision::Redeemable| {
        let cap = match redeemable.cap {
            RedeemCap::Balance => v1::RedeemCap::Balance,
            RedeemCap::Share => v1::RedeemCap::Share,
            RedeemCap::BelowMinimum | RedeemCap::Limit => v1::RedeemCap::Limit,
            RedeemCap::NotAllowed => v1::RedeemCap::ExcludedGoods,
            RedeemCap::Code => v1::RedeemCap::ConfirmationWanted,
            RedeemCap::PriceMin => v1::RedeemCap::PriceMin,
        };
        v1::RedeemableMax {
            program_id: context.program(&redeemable.asset).map(|program| program.as_str().to_owned()).unwrap_or_default(),
            asset_id: redeemable.asset.as_str().to_owned(),
            units: redeemable.units.units(),
            amount_minor: redeemable.amount.minor(),
            cap: i32::from(cap),
            text: String::new(),
        }
    };
    decision.redeemable.iter().map(to_wire).collect()
}

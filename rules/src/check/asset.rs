//! Assets of a program file.

use super::Checker;
use super::keys::program::{AFTER_DAYS, ASSET, REDEEM};
use super::program::Scope;
use super::read::Fields;
use crate::asset::{Asset, AssetKind, Expiry, RedeemRule, Vesting};
use crate::id::AssetId;
use crate::limits::{ASSET_SCALE_MAX, DAYS_MAX};
use crate::money::Units;
use crate::ratio::Ratio;
use crate::tree::{Kind, Node};

/// What lasts for ever, and what can be used from the sale on.
pub(super) const NEVER: &str = "never";
pub(super) const AT_ONCE: &str = "at_once";
pub(super) const KINDS: [(&str, AssetKind); 4] = [
    ("points", AssetKind::Points),
    ("bonus_money", AssetKind::BonusMoney),
    ("certificate", AssetKind::Certificate),
    ("money", AssetKind::Money),
];

/// The asset id that means the sale's own currency everywhere else.
const RESERVED: &str = "money";

impl Checker<'_> {
    pub(super) fn asset(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &ASSET) else { return };
        let id = fields.get("id").and_then(|node| {
            let id = self.id(node, AssetId::parse)?;
            if id.as_str() == RESERVED {
                self.error_with_help(
                    node.at,
                    "the id `money` is taken by the currency itself",
                    "choose another id, such as `cashback`",
                );
            }
            self.define("asset", id.as_str(), node.at);
            Some(id)
        });
        let kind = fields.get("kind").and_then(|node| self.choice(node, &KINDS));
        let scale = fields
            .get("scale")
            .and_then(|node| self.integer(node, 0..=i64::from(ASSET_SCALE_MAX)))
            .and_then(|scale| u8::try_from(scale).ok())
            .unwrap_or(0);
        let expiry = fields.get("expires").and_then(|node| self.days_after(node, NEVER)).map_or(Expiry::Never, Expiry::AfterDays);
        let vesting =
            fields.get("vests").and_then(|node| self.days_after(node, AT_ONCE)).map_or(Vesting::AtOnce, Vesting::AfterDays);
        let worth = self.worth(&fields, scale);
        let redeem = fields.get("redeem").and_then(|node| self.redeem(node, scale));
        if redeem.is_some() && worth.is_none() {
            self.error_with_help(
                fields.place_of("redeem"),
                "what has no worth cannot be redeemed",
                "add `worth_minor`: what one unit is worth in minor units of money",
            );
        }
        let (Some(id), Some(kind)) = (id, kind) else { return };
        let program = scope.program.id.clone();
        let (currency, time_zone) = (scope.program.currency, scope.program.time_zone.clone());
        scope.assets.push(Asset { id, program, kind, scale, currency, worth, expiry, vesting, redeem, time_zone });
    }

    /// Minor units per smallest unit; written per whole unit.
    fn worth(&mut self, fields: &Fields<'_>, scale: u8) -> Option<Ratio> {
        let worth = self.factor(fields.get("worth_minor")?, "the worth", 1_000_000_000)?;
        worth.divided_by(10_i64.checked_pow(u32::from(scale))?)
    }

    /// `never`, or a map `after_days: N`; none where the word stands.
    fn days_after(&mut self, node: &Node, otherwise: &str) -> Option<u32> {
        if let Kind::Scalar { .. } = &node.kind {
            self.choice(node, &[(otherwise, ())])?;
            return None;
        }
        let fields = self.fields(node, &AFTER_DAYS)?;
        let days = fields.get("after_days").and_then(|node| self.integer(node, 1..=DAYS_MAX))?;
        u32::try_from(days).ok()
    }

    fn redeem(&mut self, node: &Node, scale: u8) -> Option<RedeemRule> {
        let fields = self.fields(node, &REDEEM)?;
        let help = format!("the asset has {scale} digits after the point");
        let mut units = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.scaled(node, u32::from(scale), &help))
                .map_or(Units::from_units(1), Units::from_units)
        };
        let (units_min, units_step) = (units("minimum_units"), units("step_units"));
        let share_max = fields.get("share_percent_max").and_then(|node| self.percent(node)).unwrap_or(Ratio::ONE);
        Some(RedeemRule { units_min, units_step, share_max })
    }
}

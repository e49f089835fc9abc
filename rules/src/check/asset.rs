//! Assets of a program file.

use jiff::civil::Date;

use super::Checker;
use super::keys::campaign::REDEEM_ON;
use super::keys::program::{AFTER_DAYS, ASSET, EXPIRES, REDEEM, REDEEM_CODE};
use super::program::Scope;
use super::read::Fields;
use crate::asset::{Asset, AssetKind, Expiry, RedeemCode, RedeemRule, Vesting};
use crate::id::AssetId;
use crate::limits::{ASSET_SCALE_MAX, DAYS_MAX, MONTHS_MAX};
use crate::money::Units;
use crate::program::Confirm;
use crate::ratio::Ratio;
use crate::text::Text;
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

/// What the cashier asks where the program does not say.
const CODE_TEXT: &str = "Ask for the code we have sent.";

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
        let expiry = fields.get("expires").and_then(|node| self.expiry(node)).unwrap_or(Expiry::Never);
        let vesting = fields.get("vests").and_then(|node| self.vesting(node)).unwrap_or(Vesting::AtOnce);
        let worth = self.worth(&fields, scale);
        let redeem = fields.get("redeem").and_then(|node| self.redeem(node, scale, scope));
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

    /// `never`, or a map of one key.
    fn expiry(&mut self, node: &Node) -> Option<Expiry> {
        if let Kind::Scalar { .. } = &node.kind {
            return self.choice(node, &[(NEVER, Expiry::Never)]);
        }
        let fields = self.fields(node, &EXPIRES)?;
        let only = self.only(&fields)?;
        let node = &only.value;
        let mut whole = |range| self.integer(node, range).and_then(|number| u32::try_from(number).ok());
        match only.key.as_str() {
            "after_days" => whole(1..=DAYS_MAX).map(Expiry::AfterDays),
            "end_of_month" => whole(0..=MONTHS_MAX).map(Expiry::EndOfMonth),
            "after_idle_days" => whole(1..=DAYS_MAX).map(Expiry::AfterIdleDays),
            _ => self.day(node).map(Expiry::On),
        }
    }

    /// `at_once`, or a map `after_days: N`.
    fn vesting(&mut self, node: &Node) -> Option<Vesting> {
        if let Kind::Scalar { .. } = &node.kind {
            return self.choice(node, &[(AT_ONCE, Vesting::AtOnce)]);
        }
        let fields = self.fields(node, &AFTER_DAYS)?;
        let days = fields.get("after_days").and_then(|node| self.integer(node, 1..=DAYS_MAX))?;
        u32::try_from(days).ok().map(Vesting::AfterDays)
    }

    /// A day, such as `2027-03-31`.
    fn day(&mut self, node: &Node) -> Option<Date> {
        let word = self.word(node)?;
        let day = word.parse::<Date>().ok();
        if day.is_none() {
            self.error_with_help(node.at, format!("`{word}` is no date that exists"), "write `2027-03-31`");
        }
        day
    }

    fn redeem(&mut self, node: &Node, scale: u8, scope: &Scope) -> Option<RedeemRule> {
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
        let on = fields.get("on").map(|node| self.selector(node, &REDEEM_ON)).unwrap_or_default();
        let code = fields.get("code").and_then(|node| self.redeem_code(node, scope));
        Some(RedeemRule { units_min, units_step, share_max, on, code })
    }

    fn redeem_code(&mut self, node: &Node, scope: &Scope) -> Option<RedeemCode> {
        let fields = self.fields(node, &REDEEM_CODE)?;
        let above = fields.get("above").and_then(|node| self.money(node, scope.program.currency));
        let text = fields.get("text").and_then(|node| self.shown(node, scope, None));
        let node = fields.get("to")?;
        let to = self.reference(node, "fact", scope.facts.iter().map(|fact| fact.id.as_str()))?;
        let rule = scope.facts.iter().find(|fact| fact.id.as_str() == to)?;
        if !rule.confirm.is_some_and(Confirm::is_by_code) {
            let help = format!("add `confirm: phone` or `confirm: email` to the fact `{to}`");
            self.error_with_help(node.at, "no code can be sent to this fact", &help);
            return None;
        }
        let text = text.unwrap_or_else(|| Text::plain(CODE_TEXT));
        Some(RedeemCode { above: above?, to: rule.id.clone(), text })
    }
}

//! Conditions, limits, caps and budget of a campaign, and who pays for it.

use compact_str::CompactString;

use super::campaign::USES_MAX;
use super::keys::campaign::{BIRTHDAY, BUDGET, CAPS, COUNTED, LIMIT, LIMITS, TENDER, VISITS, WHEN};
use super::program::Scope;
use super::read::Fields;
use super::{Checker, Later};
use crate::asset::Asset;
use crate::campaign::{Birthday, Budget, Caps, Conditions, Limits, TenderShare};
use crate::cel::Subject;
use crate::id::{CampaignId, FactId};
use crate::limits::DAYS_MAX;
use crate::mechanic::{Give, Mechanic};
use crate::money::{Amount, Quantity, Units};
use crate::ratio::Ratio;
use crate::receipt::TenderKind;
use crate::tree::{Kind, Node};

pub(super) const TENDERS: [(&str, TenderKind); 6] = [
    ("cash", TenderKind::Cash),
    ("card", TenderKind::Card),
    ("certificate", TenderKind::Certificate),
    ("asset", TenderKind::Asset),
    ("transfer", TenderKind::Transfer),
    ("other", TenderKind::Other),
];
/// Half a year: more days around a birthday would meet the next one.
const BIRTHDAY_DAYS_MAX: i64 = 180;

impl Checker<'_> {
    pub(super) fn when(&mut self, node: &Node, scope: &Scope) -> (Option<Amount>, Conditions) {
        if let Kind::Scalar { .. } = &node.kind {
            let free = self.free_condition(node, Subject::Receipt, scope);
            return (None, Conditions { free, ..Conditions::default() });
        }
        let Some(fields) = self.fields(node, &WHEN) else { return Default::default() };
        let spend = fields.get("spend_at_least").and_then(|node| self.money(node, scope.program.currency));
        let counted = fields.get("counted").and_then(|node| self.counted(node));
        let enrolled = fields.get("enrolled_days_max").and_then(|node| self.integer(node, 1..=DAYS_MAX));
        let conditions = Conditions {
            units_at_least: fields.get("units_at_least").and_then(|node| self.integer(node, 1..=USES_MAX)),
            tender: fields.get("tender").and_then(|node| self.tender(node)),
            birthday: fields.get("birthday").and_then(|node| self.birthday(node, scope)),
            visits: fields.get("visits").and_then(|node| self.visits(node)),
            enrolled_days_max: enrolled.and_then(|days| u32::try_from(days).ok()),
            counted,
            free: fields.get("condition").and_then(|node| self.free_condition(node, Subject::Receipt, scope)),
        };
        (spend, conditions)
    }

    fn tender(&mut self, node: &Node) -> Option<TenderShare> {
        let fields = self.fields(node, &TENDER)?;
        let nodes = self.list(fields.get("kind")?);
        let mut kinds: Vec<TenderKind> = nodes.into_iter().filter_map(|node| self.choice(node, &TENDERS)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let at_least = fields.get("share_percent_at_least").and_then(|node| self.percent(node));
        Some(TenderShare { kinds, at_least })
    }

    fn birthday(&mut self, node: &Node, scope: &Scope) -> Option<Birthday> {
        let fields = self.fields(node, &BIRTHDAY)?;
        let known = scope.facts.iter().map(|fact| fact.id.as_str());
        let fact = fields.get("fact").and_then(|node| self.reference(node, "fact", known)).and_then(|id| FactId::parse(id).ok());
        let mut days = |key: &str| {
            let days = fields.get(key).map_or(Some(0), |node| self.integer(node, 0..=BIRTHDAY_DAYS_MAX));
            days.and_then(|days| i32::try_from(days).ok())
        };
        let (days_before, days_after) = (days("days_before"), days("days_after"));
        Some(Birthday { fact: fact?, days_before: days_before?, days_after: days_after? })
    }

    fn visits(&mut self, node: &Node) -> Option<(u32, u32)> {
        let fields = self.fields(node, &VISITS)?;
        let mut bound = |key: &str, otherwise: u32| {
            let value = fields.get(key).map(|node| self.integer(node, 0..=USES_MAX));
            value.map_or(Some(otherwise), |value| value.and_then(|value| u32::try_from(value).ok()))
        };
        let (least, most) = (bound("at_least", 0)?, bound("at_most", u32::MAX)?);
        if least > most {
            self.error_with_help(fields.at, "`at_least` is above `at_most`: it would never hold", "exchange the two");
        }
        Some((least, most))
    }

    fn counted(&mut self, node: &Node) -> Option<(CampaignId, i64)> {
        let fields = self.fields(node, &COUNTED)?;
        let named = fields.get("campaign")?;
        let campaign = self.id(named, CampaignId::parse);
        let least = fields.get("at_least").and_then(|node| self.integer(node, 1..=USES_MAX));
        let campaign = campaign?;
        self.later.push((Later::Counter, campaign.clone(), named.at));
        Some((campaign, least?.saturating_mul(Quantity::ONE.milli())))
    }

    /// Limits, and the cap that a limit in money is.
    pub(super) fn limits(&mut self, node: &Node, scope: &Scope) -> (Limits, Option<Amount>) {
        let Some(fields) = self.fields(node, &LIMITS) else { return Default::default() };
        let (per_receipt, units_per_receipt, value) = self.limit(&fields, "per_receipt", scope);
        let (per_customer, units, money) = self.limit(&fields, "per_customer", scope);
        let (per_customer_day, day_units, day_money) = self.limit(&fields, "per_customer_day", scope);
        for (key, units, money) in [("per_customer", units, money), ("per_customer_day", day_units, day_money)] {
            if units.is_some() || money.is_some() {
                self.not_yet_served(fields.place_of(key), "a limit per customer in units or money");
            }
        }
        for key in ["per_customer_month", "per_day"] {
            if fields.has(key) {
                self.limit(&fields, key, scope);
                self.not_yet_served(fields.place_of(key), &format!("`{key}`"));
            }
        }
        let limits = Limits { per_receipt, per_customer, per_customer_day, units_per_receipt };
        self.agree(&fields, &limits);
        (limits, value)
    }

    fn limit(&mut self, fields: &Fields<'_>, key: &str, scope: &Scope) -> (Option<u32>, Option<i64>, Option<Amount>) {
        let Some(node) = fields.get(key) else { return (None, None, None) };
        if let Kind::Scalar { .. } = &node.kind {
            let uses = self.integer(node, 1..=USES_MAX).and_then(|uses| u32::try_from(uses).ok());
            return (uses, None, None);
        }
        let Some(fields) = self.fields(node, &LIMIT) else { return (None, None, None) };
        let uses = fields.get("uses").and_then(|node| self.integer(node, 1..=USES_MAX));
        let units = fields.get("units").and_then(|node| self.integer(node, 1..=USES_MAX));
        let value = fields.get("value").and_then(|node| self.money(node, scope.program.currency));
        (uses.and_then(|uses| u32::try_from(uses).ok()), units, value)
    }

    /// A wider limit inside a narrower one is never reached.
    fn agree(&mut self, fields: &Fields<'_>, limits: &Limits) {
        let order = [
            ("per_receipt", limits.per_receipt, "per_customer_day", limits.per_customer_day),
            ("per_receipt", limits.per_receipt, "per_customer", limits.per_customer),
            ("per_customer_day", limits.per_customer_day, "per_customer", limits.per_customer),
        ];
        for (inner, narrow, outer, wide) in order {
            if let (Some(narrow), Some(wide)) = (narrow, wide)
                && narrow > wide
            {
                self.warn(
                    fields.place_of(inner),
                    format!("`{inner}: {narrow}` is never reached: `{outer}` allows {wide}"),
                    format!("write at most {wide}, or raise `{outer}`"),
                );
            }
        }
    }

    pub(super) fn caps(&mut self, node: &Node, mechanic: Option<&Mechanic>, scope: &Scope) -> Caps {
        let Some(fields) = self.fields(node, &CAPS) else { return Caps::default() };
        let mut money = |key: &str| fields.get(key).and_then(|node| self.money(node, scope.program.currency));
        let (per_line, per_receipt) = (money("per_line"), money("per_receipt"));
        let basket_share = fields.get("percent_of_basket").and_then(|node| self.percent(node));
        let asset = given_asset(mechanic).and_then(|id| scope.assets.iter().find(|asset| asset.id == *id));
        let units = fields.get("points_per_receipt").and_then(|node| self.units_capped(node, asset));
        if let (Some(line), Some(receipt)) = (per_line, per_receipt)
            && line > receipt
        {
            self.warn(
                fields.place_of("per_line"),
                "`per_line` is never reached: `per_receipt` is less",
                "lower it, or remove it",
            );
        }
        Caps { per_line, per_receipt, basket_share, units }
    }

    fn units_capped(&mut self, node: &Node, asset: Option<&Asset>) -> Option<Units> {
        let Some(asset) = asset else {
            self.error_with_help(node.at, "this campaign gives no points", "cap money with `per_receipt`");
            return None;
        };
        let help = format!("the asset has {} digits after the point", asset.scale);
        self.scaled(node, u32::from(asset.scale), &help).map(Units::from_units)
    }

    pub(super) fn budget(&mut self, node: &Node, mechanic: Option<&Mechanic>, scope: &Scope) -> Option<Budget> {
        let fields = self.fields(node, &BUDGET)?;
        let only = self.only(&fields)?;
        match only.key.as_str() {
            "uses" => self.integer(&only.value, 1..=1_000_000_000).map(Budget::Uses),
            "amount" => self.money(&only.value, scope.program.currency).map(Budget::Money),
            _ => {
                let asset = given_asset(mechanic).and_then(|id| scope.assets.iter().find(|asset| asset.id == *id));
                self.units_capped(&only.value, asset).map(Budget::Units)
            }
        }
    }

    /// `funded_by: Supplier`, or shares in percent that sum to 100.
    pub(super) fn funding(&mut self, node: &Node) -> Vec<(CompactString, Ratio)> {
        let Kind::Map(shares) = &node.kind else {
            return self.word(node).map(|word| (CompactString::from(word), Ratio::ONE)).into_iter().collect();
        };
        let mut funding = Vec::with_capacity(shares.len());
        let mut sum = rust_decimal::Decimal::ZERO;
        for share in shares {
            let Some(ratio) = self.percent(&share.value) else { continue };
            sum = self.decimal(&share.value).and_then(|percent| sum.checked_add(percent)).unwrap_or(sum);
            funding.push((CompactString::from(share.key.as_str()), ratio));
        }
        if funding.len() == shares.len() && sum != rust_decimal::Decimal::ONE_HUNDRED {
            self.error_with_help(node.at, format!("the shares sum to {sum} and not to 100"), "write `{own: 50, Supplier: 50}`");
        }
        funding.sort_by(|a, b| a.0.cmp(&b.0));
        funding
    }
}

/// The asset of which a mechanic gives units.
fn given_asset(mechanic: Option<&Mechanic>) -> Option<&crate::id::AssetId> {
    match mechanic? {
        Mechanic::Points { asset, .. } => Some(asset),
        Mechanic::Spend { give: Give::Points { asset, .. }, .. }
        | Mechanic::Count { give: Give::Points { asset, .. }, .. }
        | Mechanic::Grant { give: Give::Points { asset, .. } } => Some(asset),
        Mechanic::Off { .. }
        | Mechanic::PriceList { .. }
        | Mechanic::Ladder { .. }
        | Mechanic::Set { .. }
        | Mechanic::ExtraUnits { .. }
        | Mechanic::Spend { .. }
        | Mechanic::Multiply { .. }
        | Mechanic::Count { .. }
        | Mechanic::Grant { .. }
        | Mechanic::Offer { .. } => None,
    }
}

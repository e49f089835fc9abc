//! Limits, caps and budget of a campaign.

use rust_decimal::Decimal;

use super::Checker;
use super::campaign::USES_MAX;
use super::keys::campaign::{BUDGET, CAPS, LIMIT, LIMITS};
use super::program::Scope;
use super::read::Fields;
use crate::asset::Asset;
use crate::campaign::{Caps, Limits};
use crate::mechanic::Mechanic;
use crate::money::{Amount, Units};
use crate::tree::{Kind, Node};
use crate::usage::{Usage, UsageLimits};

/// The most uses of a budget.
pub(super) const BUDGET_USES_MAX: i64 = 1_000_000_000;

/// A campaign whose limits are read.
#[derive(Clone, Copy)]
pub(super) struct Limited<'c> {
    /// Whether it may take money off.
    pub(super) takes_money: bool,
    /// Whose units it gives.
    pub(super) asset: Option<&'c Asset>,
    pub(super) scope: &'c Scope,
}

/// What may be used on one receipt, by one customer, and by all together.
#[derive(Clone, Copy)]
pub(super) struct Spans {
    pub(super) per_receipt: Usage,
    pub(super) customer: UsageLimits,
    pub(super) shared: UsageLimits,
    /// Of a household each has their own.
    pub(super) per_member: bool,
}

impl Spans {
    pub(super) fn limits(self) -> Limits {
        Limits { per_member: self.per_member, ..Limits::of(self.per_receipt, self.customer, self.shared) }
    }
}

/// Whose uses are counted together; whether each member's.
pub(crate) const WHOSE: [(&str, bool); 2] = [("account", false), ("member", true)];

impl Checker<'_> {
    /// How much may be used, and the caps that limits on one receipt in money or points are.
    pub(super) fn limits(&mut self, fields: &Fields<'_>, mechanic: Option<&Mechanic>, scope: &Scope) -> (Limits, Caps) {
        let takes_money = mechanic.is_none_or(|mechanic| mechanic.takes_money_off(scope.program.conventions.free_units));
        let of = Limited { takes_money, asset: asset_of(mechanic, scope), scope };
        let budget = fields.get("budget").and_then(|node| self.budget(node, of));
        let inner = fields.get("limits").and_then(|node| self.fields(node, &LIMITS));
        let spans = self.spans(inner.as_ref(), budget, of);
        let value = Some(spans.per_receipt.value).filter(|value| *value < i64::MAX);
        let caps = match of.asset {
            Some(_) => Caps { units: value.map(Units::from_units), ..Caps::default() },
            None => Caps { per_receipt: value.map(Amount::from_minor), ..Caps::default() },
        };
        let per_receipt = Usage { value: i64::MAX, ..spans.per_receipt };
        (Spans { per_receipt, ..spans }.limits(), caps)
    }

    /// The limits in these fields.
    pub(super) fn spans(&mut self, inner: Option<&Fields<'_>>, budget: Option<Usage>, of: Limited<'_>) -> Spans {
        let mut limit = |key: &str| inner.map_or(Usage::UNLIMITED, |fields| self.limit(fields, key, of));
        let per_receipt = limit("per_receipt");
        let customer =
            UsageLimits { ever: limit("per_customer"), day: limit("per_customer_day"), month: limit("per_customer_month") };
        let shared = UsageLimits { ever: budget.unwrap_or(Usage::UNLIMITED), day: limit("per_day"), ..UsageLimits::NONE };
        if let Some(fields) = inner {
            let customer =
                [("per_customer_day", customer.day), ("per_customer_month", customer.month), ("per_customer", customer.ever)];
            self.agree(fields, ("per_receipt", per_receipt), of, &customer);
            self.agree(fields, customer[0], of, &customer[1..]);
            self.agree(fields, customer[1], of, &customer[2..]);
            self.agree(fields, ("per_receipt", per_receipt), of, &[("per_day", shared.day)]);
            self.agree(fields, customer[0], of, &[("per_day", shared.day)]);
        }
        let per = inner.and_then(|fields| fields.get("per"));
        if let Some(node) = per.filter(|_| customer == UsageLimits::NONE) {
            self.error_with_help(node.at, "nothing here is limited per customer", "add `per_customer`, or leave `per` out");
        }
        let per_member = per.and_then(|node| self.choice(node, &WHOSE)).unwrap_or(false);
        Spans { per_receipt, customer, shared, per_member }
    }

    /// A number alone counts uses.
    fn limit(&mut self, fields: &Fields<'_>, key: &str, of: Limited<'_>) -> Usage {
        let Some(node) = fields.get(key) else { return Usage::UNLIMITED };
        if let Kind::Scalar { .. } = &node.kind {
            let uses = self.integer(node, 1..=USES_MAX).unwrap_or(i64::MAX);
            return Usage { uses, ..Usage::UNLIMITED };
        }
        let Some(fields) = self.fields(node, &LIMIT) else { return Usage::UNLIMITED };
        let mut number = |key: &str| fields.get(key).and_then(|node| self.integer(node, 1..=USES_MAX)).unwrap_or(i64::MAX);
        let (uses, units) = (number("uses"), number("units"));
        let value = fields.get("value").and_then(|node| self.money_limited(node, of));
        let points = fields.get("points").and_then(|node| self.units_capped(node, of.asset)).map(Units::units);
        Usage { uses, units, value: value.or(points).unwrap_or(i64::MAX) }
    }

    /// Money off, for what takes money off.
    fn money_limited(&mut self, node: &Node, of: Limited<'_>) -> Option<i64> {
        if !of.takes_money {
            let help = if of.asset.is_some() { "limit the `points`" } else { "limit the `uses`" };
            self.error_with_help(node.at, "nothing here takes money off", help);
            return None;
        }
        self.money(node, of.scope.program.currency).map(Amount::minor)
    }

    /// A narrow limit above a wider one is never reached.
    fn agree(&mut self, fields: &Fields<'_>, inner: (&str, Usage), of: Limited<'_>, wider: &[(&str, Usage)]) {
        let (name, narrow) = inner;
        let value_digits = of.asset.map_or(of.scope.program.currency.minor_digits(), |asset| u32::from(asset.scale));
        let value_key = if of.asset.is_some() { "points" } else { "value" };
        for (outer, wide) in wider {
            let table = [
                ("uses", narrow.uses, wide.uses, 0),
                ("units", narrow.units, wide.units, 0),
                (value_key, narrow.value, wide.value, value_digits),
            ];
            for (key, narrow, wide, digits) in table {
                if narrow == i64::MAX || narrow <= wide {
                    continue;
                }
                let shown = |number: i64| Decimal::try_from_i128_with_scale(i128::from(number), digits).unwrap_or_default();
                let (narrow, wide) = (shown(narrow), shown(wide));
                let what = if key == "uses" { format!("{name}: {narrow}") } else { format!("{name}: {{{key}: {narrow}}}") };
                self.warn(
                    fields.place_of(name),
                    format!("`{what}` is never reached: `{outer}` allows {wide}"),
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
        let asset = asset_of(mechanic, scope);
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
            self.error_with_help(node.at, "nothing here gives points", "limit the money or the uses");
            return None;
        };
        let help = format!("the asset has {} digits after the point", asset.scale);
        self.scaled(node, u32::from(asset.scale), &help).map(Units::from_units)
    }

    pub(super) fn budget(&mut self, node: &Node, of: Limited<'_>) -> Option<Usage> {
        let fields = self.fields(node, &BUDGET)?;
        let only = self.only(&fields)?;
        match only.key.as_str() {
            "uses" => self.integer(&only.value, 1..=BUDGET_USES_MAX).map(|uses| Usage { uses, ..Usage::UNLIMITED }),
            "amount" => self.money_limited(&only.value, of).map(|value| Usage { value, ..Usage::UNLIMITED }),
            _ => {
                let units = self.units_capped(&only.value, of.asset)?;
                Some(Usage { value: units.units(), ..Usage::UNLIMITED })
            }
        }
    }
}

fn asset_of<'c>(mechanic: Option<&Mechanic>, scope: &'c Scope) -> Option<&'c Asset> {
    mechanic?.gives().and_then(|id| scope.assets.iter().find(|asset| asset.id == *id))
}

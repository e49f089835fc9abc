//! The one mechanic of a campaign, and what makes things cheaper.

use super::Checker;
use super::keys::campaign::{MECHANICS, SUGGEST};
use super::keys::mechanic::{EXTRA_UNITS, GRANT, OFFER, SPEND};
use super::program::Scope;
use super::read::Fields;
use crate::cel::Subject;
use crate::id::Sku;
use crate::limits::{EARN_UNITS_PER_MINOR_MAX, OFFERS_MAX, UNIT_PRICE_MAX};
use crate::mechanic::{Give, Mechanic, Off, Per};
use crate::money::UnitPrice;
use crate::ratio::Ratio;
use crate::tree::{Field, Node};

pub(super) const LEVELS: [(&str, Per); 2] = [("line", Per::Line), ("basket", Per::Basket)];
pub(super) const PER: [(&str, Per); 3] = [("unit", Per::Unit), ("line", Per::Line), ("basket", Per::Basket)];
pub(super) const UNITS_MAX: i64 = 1_000_000;

impl Checker<'_> {
    pub(super) fn mechanic(&mut self, fields: &Fields<'_>, scope: &Scope) -> Option<Mechanic> {
        let mut given = MECHANICS.into_iter().filter(|key| fields.has(key));
        let (Some(key), None) = (given.next(), given.next()) else {
            let found: Vec<&str> = MECHANICS.into_iter().filter(|key| fields.has(key)).collect();
            let message = if found.is_empty() {
                "a campaign needs a mechanic".to_owned()
            } else {
                format!("a campaign has one mechanic, not {}: {}", found.len(), found.join(", "))
            };
            self.error_with_help(fields.at, message, format!("write exactly one of {}", MECHANICS.join(", ")));
            return None;
        };
        self.level_and_per(fields, key);
        let node = fields.get(key)?;
        match key {
            "percent_off" => {
                let level = fields.get("level").and_then(|node| self.choice(node, &LEVELS)).unwrap_or(Per::Line);
                Some(Mechanic::Off { off: Off::Percent(self.percent(node)?), per: level })
            }
            "amount_off" => {
                let amount = self.money(node, scope.program.currency);
                Some(Mechanic::Off { off: Off::Amount(amount?), per: self.per(fields) })
            }
            "fixed_price" => Some(Mechanic::Off { off: Off::Price(self.unit_price(node)?), per: Per::Unit }),
            "price_list" => self.price_list(node),
            "ladder" => self.ladder(node, scope),
            "n_for_m" => self.n_for_m(node),
            "nth_unit" => self.nth_unit(node, scope),
            "buy_get" => self.buy_get(node, scope),
            "mix_and_match" | "bundle" => self.set_of_groups(node, scope),
            "extra_units" => self.extra_units(node),
            "spend" => self.spend(node, scope),
            "points" => self.points(node, scope),
            "multiply_points" => self.multiply_points(node, scope),
            "count" => self.count(node, scope),
            "grant" => {
                let fields = self.fields(node, &GRANT)?;
                let give = fields.get("give").and_then(|node| self.give(node, scope));
                Some(Mechanic::Grant { give: give? })
            }
            _ => self.offer(node, scope),
        }
    }

    fn level_and_per(&mut self, fields: &Fields<'_>, key: &str) {
        if fields.has("level") && !matches!(key, "percent_off" | "amount_off") {
            self.error_with_help(fields.place_of("level"), "`level` belongs to `percent_off` and `amount_off`", "remove it");
        }
        if fields.has("per") && !matches!(key, "amount_off" | "fixed_price") {
            self.error_with_help(fields.place_of("per"), "`per` belongs to `amount_off`", "remove it");
        }
        if let (Some(node), "fixed_price") = (fields.get("per"), key)
            && self.choice(node, &PER).is_some_and(|per| per != Per::Unit)
        {
            self.error_with_help(node.at, "a fixed price is always that of one unit", "remove `per`, or use `bundle`");
        }
    }

    fn per(&mut self, fields: &Fields<'_>) -> Per {
        let level = fields.get("level").and_then(|node| self.choice(node, &LEVELS));
        let per = fields.get("per").and_then(|node| self.choice(node, &PER));
        match (level, per) {
            (Some(Per::Basket), Some(Per::Unit | Per::Line)) | (Some(Per::Line), Some(Per::Basket)) => {
                self.error_with_help(fields.place_of("per"), "`per` and `level` contradict each other", "write one of them");
                Per::Basket
            }
            (Some(Per::Basket), _) => Per::Basket,
            (_, per) => per.unwrap_or(Per::Unit),
        }
    }

    /// `percent_off`, `amount_off`, `fixed_price` or `free: true`.
    pub(super) fn off(&mut self, field: &Field, scope: &Scope) -> Option<Off> {
        match field.key.as_str() {
            "percent_off" => self.percent(&field.value).map(Off::Percent),
            "amount_off" => self.money(&field.value, scope.program.currency).map(Off::Amount),
            "fixed_price" => self.unit_price(&field.value).map(Off::Price),
            _ => self.yes(field).then_some(Off::Percent(Ratio::ONE)),
        }
    }

    /// A key that says nothing unless it says yes.
    pub(super) fn yes(&mut self, field: &Field) -> bool {
        let yes = self.boolean(&field.value);
        if yes == Some(false) {
            self.error_with_help(
                field.value.at,
                format!("`{}: false` says nothing", field.key),
                "write `true`, or remove the key",
            );
        }
        yes == Some(true)
    }

    /// The price of one unit: finer than a minor unit, since fuel costs 1.459 a litre.
    pub(super) fn unit_price(&mut self, node: &Node) -> Option<UnitPrice> {
        let micros = self.scaled(node, 6, "a unit price has at most 6 digits after the point")?;
        if micros > UNIT_PRICE_MAX.micros() {
            self.error(node.at, "the price is too large");
            return None;
        }
        Some(UnitPrice::from_micros(micros))
    }

    fn price_list(&mut self, node: &Node) -> Option<Mechanic> {
        let fields = self.pairs(node, "`price_list`")?;
        let mut prices = Vec::with_capacity(fields.len());
        for field in fields {
            let price = self.unit_price(&field.value);
            match Sku::parse(&field.key) {
                Ok(sku) => prices.extend(price.map(|price| (sku, price))),
                Err(error) => self.error(field.at, format!("`{}` is no identifier: it {error}", field.key)),
            }
        }
        if fields.is_empty() {
            self.error_with_help(node.at, "the price list is empty", "write lines such as `4006381333931: 1.99`");
            return None;
        }
        prices.sort();
        Some(Mechanic::PriceList { prices })
    }

    fn extra_units(&mut self, node: &Node) -> Option<Mechanic> {
        let fields = self.fields(node, &EXTRA_UNITS)?;
        let every = fields.get("every").and_then(|node| self.integer(node, 1..=UNITS_MAX));
        let add = fields.get("add").and_then(|node| self.integer(node, 1..=UNITS_MAX));
        Some(Mechanic::ExtraUnits { every: every?, add: add? })
    }

    fn spend(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &SPEND)?;
        let at_least = fields.get("at_least").and_then(|node| self.money(node, scope.program.currency));
        let give = fields.get("give").and_then(|node| self.give(node, scope));
        let repeating = fields.get("repeating").and_then(|node| self.boolean(node)).unwrap_or(false);
        if repeating && matches!(give, Some(Give::Percent(_) | Give::Status { .. })) {
            self.error_with_help(
                fields.place_of("repeating"),
                "this cannot be given repeatedly",
                "give an amount, points or a gift, or remove `repeating`",
            );
        }
        let (at_least, give) = (at_least?, give?);
        self.not_too_many(&fields, &give, at_least.minor().saturating_mul(EARN_UNITS_PER_MINOR_MAX));
        self.worth_of_spend(fields.place_of("give"), (at_least, &give), scope);
        Some(Mechanic::Spend { at_least, give, repeating })
    }

    fn offer(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &OFFER)?;
        let most = i64::try_from(OFFERS_MAX).unwrap_or(i64::MAX);
        let limit = fields.get("limit").map_or(Some(1), |node| self.integer(node, 1..=most));
        let suggest_at = fields.get("suggest")?;
        let suggest = self.selector(suggest_at, &SUGGEST);
        if suggest.clauses.is_empty() {
            self.error_with_help(suggest_at.at, "`suggest` names no products", "name them by `sku`, `category` or `attribute`");
        }
        let suggest_where = self.goods_where(suggest_at, Subject::Product, scope);
        Some(Mechanic::Offer { suggest, suggest_where, limit: usize::try_from(limit?).ok()? })
    }
}

//! The one mechanic of a campaign.

use super::Checker;
use super::program::Scope;
use super::read::Fields;
use crate::asset::Asset;
use crate::id::{AssetId, Sku};
use crate::limits::{ADDED_UNITS_MAX, EARN_UNITS_PER_MINOR_MAX, OFFERS_MAX};
use crate::mechanic::{Counted, EarnPer, Gain, Give, Group, Mechanic, Off, Per, Which};
use crate::money::{Quantity, Units};
use crate::ratio::Ratio;
use crate::tree::Node;

/// The keys of which a campaign has exactly one.
pub(super) const MECHANICS: [&str; 8] =
    ["percent_off", "amount_off", "n_for_m", "extra_units", "spend", "points", "count", "offer"];

const LEVELS: [(&str, Per); 2] = [("line", Per::Line), ("basket", Per::Basket)];
const PER: [(&str, Per); 3] = [("unit", Per::Unit), ("line", Per::Line), ("basket", Per::Basket)];
const FREE: [(&str, Which); 2] = [("cheapest", Which::Cheapest), ("dearest", Which::Dearest)];
const UNITS_MAX: i64 = 1_000_000;

impl Checker<'_> {
    pub(super) fn mechanic(&mut self, fields: &Fields<'_>, scope: &Scope) -> Option<Mechanic> {
        let mut given = MECHANICS.into_iter().filter(|key| fields.get(key).is_some());
        let (Some(key), None) = (given.next(), given.next()) else {
            let found: Vec<&str> = MECHANICS.into_iter().filter(|key| fields.get(key).is_some()).collect();
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
            "n_for_m" => self.n_for_m(node),
            "extra_units" => self.extra_units(node),
            "spend" => self.spend(node, scope),
            "points" => self.points(node, scope),
            "count" => self.count(node, scope),
            _ => self.offer(node),
        }
    }

    fn level_and_per(&mut self, fields: &Fields<'_>, key: &str) {
        if fields.get("level").is_some() && !matches!(key, "percent_off" | "amount_off") {
            self.error_with_help(fields.place_of("level"), "`level` belongs to `percent_off` and `amount_off`", "remove it");
        }
        if fields.get("per").is_some() && key != "amount_off" {
            self.error_with_help(fields.place_of("per"), "`per` belongs to `amount_off`", "remove it");
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

    fn n_for_m(&mut self, node: &Node) -> Option<Mechanic> {
        let fields = self.fields(node, "`n_for_m`", &["take", "pay", "free"])?;
        let take = self.require(&fields, "take").and_then(|node| self.integer(node, 2..=UNITS_MAX));
        let pay = self.require(&fields, "pay").and_then(|node| self.integer(node, 1..=UNITS_MAX));
        let free = fields.get("free").map_or(Some(Which::Cheapest), |node| self.choice(node, &FREE));
        let (take, pay, free) = (take?, pay?, free?);
        if pay >= take {
            self.error_with_help(
                fields.place_of("pay"),
                "`pay` is not less than `take`: nothing would be free",
                "three for two is `take: 3, pay: 2`",
            );
            return None;
        }
        let groups = vec![Group { on: None, units: take }];
        let units = take.saturating_sub(pay);
        Some(Mechanic::Set { groups, gain: Gain::Units { group: 0, units, which: free, off: Off::Percent(Ratio::ONE) } })
    }

    fn extra_units(&mut self, node: &Node) -> Option<Mechanic> {
        let fields = self.fields(node, "`extra_units`", &["every", "add"])?;
        let every = self.require(&fields, "every").and_then(|node| self.integer(node, 1..=UNITS_MAX));
        let add = self.require(&fields, "add").and_then(|node| self.integer(node, 1..=UNITS_MAX));
        Some(Mechanic::ExtraUnits { every: every?, add: add? })
    }

    fn spend(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, "`spend`", &["at_least", "give", "repeating"])?;
        let at_least = self.require(&fields, "at_least").and_then(|node| self.money(node, scope.program.currency));
        let give = self.require(&fields, "give").and_then(|node| self.give(node, scope));
        let repeating = fields.get("repeating").and_then(|node| self.boolean(node)).unwrap_or(false);
        if repeating && matches!(give, Some(Give::Percent(_))) {
            self.error_with_help(
                fields.place_of("repeating"),
                "a percentage cannot be given repeatedly",
                "give an amount, points or a gift, or remove `repeating`",
            );
        }
        let (at_least, give) = (at_least?, give?);
        self.not_too_many(&fields, &give, at_least.minor().saturating_mul(EARN_UNITS_PER_MINOR_MAX));
        Some(Mechanic::Spend { at_least, give, repeating })
    }

    fn count(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, "`count`", &["every", "give"])?;
        let every = self.require(&fields, "every").and_then(|node| self.integer(node, 1..=UNITS_MAX));
        let give = self.require(&fields, "give").and_then(|node| self.give(node, scope));
        if matches!(give, Some(Give::Percent(_) | Give::Amount(_))) {
            self.error_with_help(
                fields.place_of("give"),
                "a counter gives points or a gift",
                "write `points` or `gift` under `give`",
            );
            return None;
        }
        let (every, give) = (every?, give?);
        self.not_too_many(&fields, &give, every.saturating_mul(UNITS_MAX));
        Some(Mechanic::Count { counted: Counted::Units, every, give })
    }

    /// The points of the largest receipt must fit 64 bits.
    fn not_too_many(&mut self, fields: &Fields<'_>, give: &Give, most: i64) {
        if let Give::Points { units, .. } = give
            && units.units() > most
        {
            self.error(fields.place_of("give"), format!("these are too many units for so little: at most {most}"));
        }
    }

    fn give(&mut self, node: &Node, scope: &Scope) -> Option<Give> {
        let fields = self.fields(node, "`give`", &["percent", "amount", "points", "gift"])?;
        let found: Vec<_> = fields.iter().collect();
        let [only] = found.as_slice() else {
            self.error_with_help(
                fields.at,
                "`give` needs exactly one of `percent`, `amount`, `points` and `gift`",
                "write two campaigns where two things are meant",
            );
            return None;
        };
        match only.key.as_str() {
            "percent" => self.percent(&only.value).map(Give::Percent),
            "amount" => self.money(&only.value, scope.program.currency).map(Give::Amount),
            "points" => {
                let fields = self.fields(&only.value, "`points`", &["units", "asset"])?;
                let asset = self.asset_of(&fields, scope);
                let units = self.units_of(&fields, asset);
                Some(Give::Points { asset: asset.map(|asset| asset.id.clone())?, units: units? })
            }
            "gift" => {
                let fields = self.fields(&only.value, "`gift`", &["sku", "quantity"])?;
                let sku = self.require(&fields, "sku").and_then(|node| self.id(node, Sku::parse));
                let pieces = fields.get("quantity").map_or(Some(1), |node| self.integer(node, 1..=ADDED_UNITS_MAX));
                let quantity = Quantity::from_milli(pieces?.saturating_mul(Quantity::ONE.milli()));
                Some(Give::Gift { sku: sku?, quantity })
            }
            _ => None,
        }
    }

    /// The asset named, or the only one that there is.
    fn asset_of<'s>(&mut self, fields: &Fields<'_>, scope: &'s Scope) -> Option<&'s Asset> {
        if let (None, [only]) = (fields.get("asset"), scope.assets.as_slice()) {
            return Some(only);
        }
        let node = self.require(fields, "asset")?;
        let id: AssetId = self
            .reference(node, "asset", scope.assets.iter().map(|asset| asset.id.as_str()))
            .and_then(|id| AssetId::parse(id).ok())?;
        scope.assets.iter().find(|asset| asset.id == id)
    }

    fn units_of(&mut self, fields: &Fields<'_>, asset: Option<&Asset>) -> Option<Units> {
        let scale = asset.map_or(0, |asset| asset.scale);
        let node = self.require(fields, "units")?;
        let units = self.scaled(node, u32::from(scale), &format!("the asset has {scale} digits after the point"))?;
        if units > UNITS_MAX.saturating_mul(UNITS_MAX) {
            self.error(node.at, "these are too many units");
            return None;
        }
        Some(Units::from_units(units))
    }

    fn points(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, "`points`", &["per", "units", "asset"])?;
        let per = self.require(&fields, "per").and_then(|node| self.money(node, scope.program.currency));
        let asset = self.asset_of(&fields, scope);
        let units = self.units_of(&fields, asset);
        let (per, asset, units) = (per?, asset.map(|asset| asset.id.clone())?, units?);
        // Rounded up, so that the true product is never above the limit.
        let largest = scope.program.tiers.iter().map(|tier| tier.multiplier).map(multiplier_up).max().unwrap_or(1);
        let units_most = units.units().saturating_mul(largest);
        if units_most > per.minor().saturating_mul(EARN_UNITS_PER_MINOR_MAX) {
            self.error(
                fields.at,
                format!(
                    "with the highest tier's multiplier one minor unit would earn more than {EARN_UNITS_PER_MINOR_MAX} units"
                ),
            );
        }
        Some(Mechanic::Points { per: EarnPer::Money(per), units, asset })
    }

    fn offer(&mut self, node: &Node) -> Option<Mechanic> {
        let fields = self.fields(node, "`offer`", &["to", "suggest", "limit"])?;
        let most = i64::try_from(OFFERS_MAX).unwrap_or(i64::MAX);
        let limit = fields.get("limit").map_or(Some(1), |node| self.integer(node, 1..=most));
        let suggest_at = self.require(&fields, "suggest")?;
        let suggest = self.selector(suggest_at, "`suggest`");
        if suggest.clauses.is_empty() {
            self.error_with_help(suggest_at.at, "`suggest` names no products", "name them by `sku`, `category` or `attribute`");
        }
        Some(Mechanic::Offer { suggest, limit: usize::try_from(limit?).ok()? })
    }
}

/// The next whole number.
fn multiplier_up(multiplier: Ratio) -> i64 {
    multiplier
        .numerator()
        .saturating_add(multiplier.denominator().saturating_sub(1))
        .checked_div(multiplier.denominator())
        .unwrap_or(i64::MAX)
}

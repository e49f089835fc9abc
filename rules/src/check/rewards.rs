//! Mechanics that give rewards: points, multipliers, and everything that can stand under `give`.

use compact_str::CompactString;

use super::keys::mechanic::{CHOICE, COUPON, EARN_PER, GIFT, GIVE, GIVE_POINTS, MULTIPLY_POINTS, POINTS, PRIZE, STATUS, TICKETS};
use super::mechanic::UNITS_MAX;
use super::program::Scope;
use super::read::Fields;
use super::{Checker, Later};
use crate::asset::Asset;
use crate::id::{AssetId, CampaignId, SeriesId, Sku, TierId};
use crate::limits::{
    ADDED_UNITS_MAX, CHOICE_OPTIONS_MAX, DAYS_MAX, EARN_UNITS_PER_MINOR_MAX, LINE_QUANTITY_MAX, TIER_MULTIPLIER_MAX,
};
use crate::mechanic::{EarnPer, Give, Mechanic};
use crate::money::{Quantity, Units};
use crate::tree::{Field, Kind, Node};

pub(super) const PIECES_MAX: i64 = 1_000;

impl Checker<'_> {
    /// The points of the largest receipt must fit 64 bits.
    pub(super) fn not_too_many(&mut self, fields: &Fields<'_>, give: &Give, most: i64) {
        if let Give::Points { units, .. } = give
            && units.units() > most
        {
            self.error(fields.place_of("give"), format!("these are too many units for so little: at most {most}"));
        }
    }

    pub(super) fn give(&mut self, node: &Node, scope: &Scope) -> Option<Give> {
        let fields = self.fields(node, &GIVE)?;
        let only = self.only(&fields)?;
        let node = &only.value;
        match only.key.as_str() {
            "percent" => self.percent(node).map(Give::Percent),
            "amount" => self.money(node, scope.program.currency).map(Give::Amount),
            "points" => {
                let fields = self.fields(node, &GIVE_POINTS)?;
                let asset = self.asset_of(&fields, scope);
                let units = self.units_of(&fields, asset);
                Some(Give::Points { asset: asset.map(|asset| asset.id.clone())?, units: units? })
            }
            "gift" => {
                let fields = self.fields(node, &GIFT)?;
                let sku = fields.get("sku").and_then(|node| self.id(node, Sku::parse));
                let quantity = self.pieces(&fields);
                Some(Give::Gift { sku: sku?, quantity: quantity? })
            }
            "choice" => self.product_choice(node),
            "prize" => {
                let (prize, count) = self.named(only, &PRIZE, "id")?;
                Some(Give::Prize { prize, count, series: self.series_of(&only.value, scope)? })
            }
            "coupon" => self.coupon(node).map(|(campaign, days)| Give::Coupon { campaign, days }),
            "status" => self.status(node, scope),
            _ => {
                let (draw, count) = self.named(only, &TICKETS, "draw")?;
                Some(Give::Tickets { draw, count })
            }
        }
    }

    fn pieces(&mut self, fields: &Fields<'_>) -> Option<Quantity> {
        let pieces = fields.get("quantity").map_or(Some(1), |node| self.integer(node, 1..=ADDED_UNITS_MAX));
        Some(Quantity::from_milli(pieces?.saturating_mul(Quantity::ONE.milli())))
    }

    fn product_choice(&mut self, node: &Node) -> Option<Give> {
        let fields = self.fields(node, &CHOICE)?;
        let quantity = self.pieces(&fields);
        let at = fields.get("skus")?;
        let nodes = self.list(at);
        let mut skus: Vec<Sku> = nodes.into_iter().filter_map(|node| self.id(node, Sku::parse)).collect();
        skus.sort();
        skus.dedup();
        if skus.len() < 2 || skus.len() > CHOICE_OPTIONS_MAX {
            self.error_with_help(
                at.at,
                format!("a choice has 2 to {CHOICE_OPTIONS_MAX} different products"),
                "write `gift` where there is nothing to choose",
            );
            return None;
        }
        Some(Give::Choice { skus, quantity: quantity? })
    }

    /// A name alone, or with a count.
    fn named(&mut self, field: &Field, keys: &'static super::keys::Keys, key: &str) -> Option<(CompactString, u32)> {
        if let Kind::Scalar { .. } = &field.value.kind {
            return self.word(&field.value).map(|word| (CompactString::from(word), 1));
        }
        let fields = self.fields(&field.value, keys)?;
        let name = fields.get(key).and_then(|node| self.word(node)).map(CompactString::from);
        let count = fields.get("count").map_or(Some(1), |node| self.integer(node, 1..=PIECES_MAX));
        Some((name?, u32::try_from(count?).ok()?))
    }

    /// The series of a prize, where one stands; none where it is wrong.
    #[expect(clippy::option_option, reason = "outside: whether it is right; inside: whether it stands")]
    fn series_of(&mut self, node: &Node, scope: &Scope) -> Option<Option<SeriesId>> {
        let Kind::Map(fields) = &node.kind else { return Some(None) };
        let Some(field) = fields.iter().find(|field| field.key == "series") else { return Some(None) };
        self.series_named(&field.value, scope).map(Some)
    }

    /// The campaign that a coupon opens, and for how many days.
    pub(super) fn coupon(&mut self, node: &Node) -> Option<(CampaignId, Option<u32>)> {
        let fields = if let Kind::Scalar { .. } = &node.kind { None } else { Some(self.fields(node, &COUPON)?) };
        let named = fields.map_or(Some(node), |fields| fields.get("campaign"))?;
        let campaign = self.id(named, CampaignId::parse);
        let days = self.days(fields);
        let campaign = campaign?;
        self.later.push((Later::Coupon, campaign.clone(), named.at));
        Some((campaign, days?))
    }

    fn status(&mut self, node: &Node, scope: &Scope) -> Option<Give> {
        let fields = if let Kind::Scalar { .. } = &node.kind { None } else { Some(self.fields(node, &STATUS)?) };
        let named = fields.map_or(Some(node), |fields| fields.get("tier"))?;
        let known = scope.program.tiers.iter().map(|tier| tier.id.as_str());
        let tier = self.reference(named, "tier", known).and_then(|id| TierId::parse(id).ok());
        let days = self.days(fields);
        let extends = fields.and_then(|fields| fields.get("extends")).and_then(|node| self.boolean(node)).unwrap_or(false);
        if extends && days == Some(None) {
            self.error_with_help(node.at, "`extends` says nothing without `days`: it lasts for ever", "add `days`, or remove it");
        }
        Some(Give::Status { tier: tier?, days: days?, extends })
    }

    /// `days`, where it stands; none where it is wrong.
    #[expect(clippy::option_option, reason = "outside: whether it is right; inside: whether it stands")]
    fn days(&mut self, fields: Option<Fields<'_>>) -> Option<Option<u32>> {
        let Some(node) = fields.and_then(|fields| fields.get("days")) else { return Some(None) };
        let days = self.integer(node, 1..=DAYS_MAX)?;
        Some(u32::try_from(days).ok())
    }

    /// The asset named, or the only one that there is.
    pub(super) fn asset_of<'s>(&mut self, fields: &Fields<'_>, scope: &'s Scope) -> Option<&'s Asset> {
        if let (None, [only]) = (fields.get("asset"), scope.assets.as_slice()) {
            return Some(only);
        }
        let Some(node) = fields.get("asset") else {
            let help = if scope.assets.is_empty() { "define one under `assets`" } else { "add a line `asset: …`" };
            self.error_with_help(fields.at, "it does not say of which asset", help);
            return None;
        };
        let id: AssetId = self
            .reference(node, "asset", scope.assets.iter().map(|asset| asset.id.as_str()))
            .and_then(|id| AssetId::parse(id).ok())?;
        scope.assets.iter().find(|asset| asset.id == id)
    }

    pub(super) fn units_of(&mut self, fields: &Fields<'_>, asset: Option<&Asset>) -> Option<Units> {
        let scale = asset.map_or(0, |asset| asset.scale);
        let node = fields.get("units")?;
        let units = self.scaled(node, u32::from(scale), &format!("the asset has {scale} digits after the point"))?;
        if units > UNITS_MAX.saturating_mul(UNITS_MAX) {
            self.error(node.at, "these are too many units");
            return None;
        }
        Some(Units::from_units(units))
    }

    pub(super) fn points(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &POINTS)?;
        let per = fields.get("per").and_then(|node| self.earn_per(node, scope));
        let asset = self.asset_of(&fields, scope);
        let units = self.units_of(&fields, asset);
        let (per, asset, units) = (per?, asset?, units?);
        if let EarnPer::Money(money) = per {
            self.worth_of_points(fields.at, (money, units), asset, scope);
        } else if units.units() > UNITS_MAX {
            self.error(fields.place_of("units"), format!("at most {UNITS_MAX} units can be given for one of these"));
        }
        Some(Mechanic::Points { per, units, asset: asset.id.clone() })
    }

    fn earn_per(&mut self, node: &Node, scope: &Scope) -> Option<EarnPer> {
        if let Kind::Scalar { .. } = &node.kind {
            return self.money(node, scope.program.currency).map(EarnPer::Money);
        }
        let fields = self.fields(node, &EARN_PER)?;
        let only = self.only(&fields)?;
        match only.key.as_str() {
            "money" => self.money(&only.value, scope.program.currency).map(EarnPer::Money),
            "units" => self.integer(&only.value, 1..=UNITS_MAX).map(EarnPer::Units),
            "measure" => {
                let milli = self.scaled(&only.value, 3, "a measure has at most 3 digits after the point")?;
                if milli > LINE_QUANTITY_MAX.milli() {
                    self.error(only.value.at, "the measure is too large");
                    return None;
                }
                Some(EarnPer::Measure(Quantity::from_milli(milli)))
            }
            _ => self.yes(only).then_some(EarnPer::Visit),
        }
    }

    pub(super) fn multiply_points(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &MULTIPLY_POINTS)?;
        let by = fields.get("by").and_then(|node| self.factor(node, "a multiplier", TIER_MULTIPLIER_MAX));
        let asset = self.asset_of(&fields, scope).map(|asset| asset.id.clone());
        let by = by?;
        if by.denominator() > 1_000_000 {
            self.error(fields.place_of("by"), "a multiplier has at most 6 digits after the point");
        }
        Some(Mechanic::Multiply { asset: asset?, by })
    }
}

const _: () = assert!(EARN_UNITS_PER_MINOR_MAX <= UNITS_MAX, "a minor unit earns no more than a unit of goods may");

//! `brakes`: what a program does about a card that is used too often, at its owner's own till, or for too much.

use super::Checker;
use super::keys::program::{BRAKES, REVIEW_ABOVE, VELOCITY};
use super::program::Scope;
use crate::brakes::{Brakes, SeenAt, Then, Velocity};
use crate::id::AssetId;
use crate::limits::{BRAKE_DAYS_MAX, BRAKE_RECEIPTS_MAX, VELOCITIES_MAX};
use crate::money::Units;
use crate::tree::Node;

/// What becomes of rewards.
pub(crate) const THEN: [(&str, Then); 2] = [("review", Then::Review), ("nothing", Then::Nothing)];
/// Where receipts are counted.
pub(crate) const AT: [(&str, SeenAt); 3] = [("anywhere", SeenAt::Anywhere), ("cashier", SeenAt::Cashier), ("till", SeenAt::Till)];

impl Checker<'_> {
    pub(super) fn brakes(&mut self, node: &Node, scope: &Scope) -> Brakes {
        let mut brakes = Brakes::default();
        let Some(fields) = self.fields(node, &BRAKES) else { return brakes };
        if let Some(node) = fields.get("velocity") {
            let items = self.list(node);
            if items.len() > VELOCITIES_MAX {
                self.error(node.at, format!("a program has at most {VELOCITIES_MAX} of these"));
                return brakes;
            }
            brakes.velocity = items.into_iter().filter_map(|item| self.velocity(item)).collect();
        }
        brakes.own_till = fields.get("own_till").and_then(|node| self.choice(node, &THEN));
        if let Some(node) = fields.get("review_above") {
            brakes.review_above = self.list(node).into_iter().filter_map(|item| self.review_above(item, scope)).collect();
        }
        brakes
    }

    fn velocity(&mut self, node: &Node) -> Option<Velocity> {
        let fields = self.fields(node, &VELOCITY)?;
        let receipts = fields.get("receipts_max").and_then(|node| self.integer(node, 1..=BRAKE_RECEIPTS_MAX));
        let at = fields.get("at").map_or(Some(SeenAt::Anywhere), |node| self.choice(node, &AT));
        let days = fields.get("days").map_or(Some(1), |node| self.integer(node, 1..=BRAKE_DAYS_MAX));
        let then = fields.get("then").map_or(Some(Then::Review), |node| self.choice(node, &THEN));
        Some(Velocity { at: at?, receipts_max: u32::try_from(receipts?).ok()?, days: i32::try_from(days?).ok()?, then: then? })
    }

    fn review_above(&mut self, node: &Node, scope: &Scope) -> Option<(AssetId, Units)> {
        let fields = self.fields(node, &REVIEW_ABOVE)?;
        let named = fields.get("asset")?;
        let id = self.reference(named, "asset", scope.assets.iter().map(|asset| asset.id.as_str()))?;
        let asset = scope.assets.iter().find(|asset| asset.id.as_str() == id)?;
        let help = format!("the asset has {} digits after the point", asset.scale);
        let units = fields.get("units").and_then(|node| self.scaled(node, u32::from(asset.scale), &help))?;
        Some((asset.id.clone(), Units::from_units(units)))
    }
}

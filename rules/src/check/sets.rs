//! Mechanics of units that belong together: n for m, every nth unit, buy and get, mix and match, bundles.

use super::Checker;
use super::keys::campaign::GROUP_ON;
use super::keys::mechanic::{BUY_GET, GET, GROUP, N_FOR_M, NTH_UNIT, SETS};
use super::mechanic::UNITS_MAX;
use super::program::Scope;
use super::read::Fields;
use crate::limits::SET_GROUPS_MAX;
use crate::mechanic::{Gain, Group, Mechanic, Off, Which};
use crate::ratio::Ratio;
use crate::tree::Node;

pub(super) const WHICH: [(&str, Which); 2] = [("cheapest", Which::Cheapest), ("dearest", Which::Dearest)];

impl Checker<'_> {
    pub(super) fn n_for_m(&mut self, node: &Node) -> Option<Mechanic> {
        let fields = self.fields(node, &N_FOR_M)?;
        let take = fields.get("take").and_then(|node| self.integer(node, 2..=UNITS_MAX));
        let pay = fields.get("pay").and_then(|node| self.integer(node, 1..=UNITS_MAX));
        let free = self.which(&fields, "free");
        let (take, pay, free) = (take?, pay?, free?);
        if pay >= take {
            self.error_with_help(
                fields.place_of("pay"),
                "`pay` is not less than `take`: nothing would be free",
                "three for two is `take: 3, pay: 2`",
            );
            return None;
        }
        let gain = Gain::Units { group: 0, units: take.saturating_sub(pay), which: free, off: Off::Percent(Ratio::ONE) };
        Some(Mechanic::Set { groups: vec![Group { on: None, lines_where: None, units: take }], gain })
    }

    fn which(&mut self, fields: &Fields<'_>, key: &str) -> Option<Which> {
        fields.get(key).map_or(Some(Which::Cheapest), |node| self.choice(node, &WHICH))
    }

    pub(super) fn nth_unit(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &NTH_UNIT)?;
        let nth = fields.get("nth").and_then(|node| self.integer(node, 2..=UNITS_MAX));
        let off = self.only(&fields).and_then(|field| self.off(field, scope));
        let which = self.which(&fields, "which");
        let gain = Gain::Units { group: 0, units: 1, which: which?, off: off? };
        Some(Mechanic::Set { groups: vec![Group { on: None, lines_where: None, units: nth? }], gain })
    }

    pub(super) fn buy_get(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &BUY_GET)?;
        let mut groups = fields.get("buy").map_or_else(Vec::new, |node| self.groups(node, scope));
        let get = self.fields(fields.get("get")?, &GET)?;
        let off = self.only(&get).and_then(|field| self.off(field, scope));
        let which = self.which(&get, "which");
        let units = self.units(&get);
        let on = get.get("on").map(|node| self.selector(node, &GROUP_ON));
        let lines_where = get.get("on").and_then(|node| self.lines_where(node, scope));
        let (off, which, units) = (off?, which?, units?);
        if groups.is_empty() {
            return None;
        }
        let group = groups.len();
        groups.push(Group { on, lines_where, units });
        Some(Mechanic::Set { groups, gain: Gain::Units { group, units, which, off } })
    }

    pub(super) fn set_of_groups(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &SETS)?;
        let groups = fields.get("groups").map_or_else(Vec::new, |node| self.groups(node, scope));
        let only = self.only(&fields)?;
        let gain = match only.key.as_str() {
            "price" => Gain::Price(self.money(&only.value, scope.program.currency)?),
            "percent_off" => Gain::Percent(self.percent(&only.value)?),
            _ => Gain::Amount(self.money(&only.value, scope.program.currency)?),
        };
        (!groups.is_empty()).then_some(Mechanic::Set { groups, gain })
    }

    fn groups(&mut self, node: &Node, scope: &Scope) -> Vec<Group> {
        let nodes = self.list(node);
        // One more is added where something is got for what is bought.
        if nodes.len() >= SET_GROUPS_MAX {
            self.error(node.at, format!("a set has less than {SET_GROUPS_MAX} groups"));
        }
        if nodes.is_empty() {
            self.error_with_help(node.at, "a set needs at least one group", "write `[{on: {category: …}, units: 2}]`");
        }
        let mut groups = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(fields) = self.fields(node, &GROUP) else { continue };
            let on = fields.get("on").map(|node| self.selector(node, &GROUP_ON));
            let lines_where = fields.get("on").and_then(|node| self.lines_where(node, scope));
            groups.extend(self.units(&fields).map(|units| Group { on, lines_where, units }));
        }
        groups
    }

    fn units(&mut self, fields: &Fields<'_>) -> Option<i64> {
        fields.get("units").map_or(Some(1), |node| self.integer(node, 1..=UNITS_MAX))
    }
}

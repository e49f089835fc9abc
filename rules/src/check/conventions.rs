//! The conventions and stacking groups of a program file.

use compact_str::CompactString;

use super::Checker;
use super::keys::program::{CONVENTIONS, STACKING};
use super::program::Scope;
use super::read::Fields;
use crate::conventions::{
    Conventions, FreeUnits, Leftover, LimitedUnits, Order, PercentOf, ReturnedPayment, ReturnedRewards, RoundedPer, Thresholds,
    UnitsAre, Unplaced,
};
use crate::money::Rounding;
use crate::program::{BestBy, StackingGroup};
use crate::tree::Node;

pub(super) const LEFTOVER: [(&str, Leftover); 3] = [
    ("largest_remainder", Leftover::LargestRemainder),
    ("first_lines", Leftover::FirstLines),
    ("last_lines", Leftover::LastLines),
];
pub(super) const ROUNDING: [(&str, Rounding); 3] =
    [("half_up", Rounding::HalfUp), ("half_even", Rounding::HalfEven), ("down", Rounding::Down)];
pub(super) const ROUNDED_PER: [(&str, RoundedPer); 4] = [
    ("adjustment", RoundedPer::Adjustment),
    ("unit", RoundedPer::Unit),
    ("line", RoundedPer::Line),
    ("receipt", RoundedPer::Receipt),
];
pub(super) const PERCENT_OF: [(&str, PercentOf); 2] = [("remainder", PercentOf::Remainder), ("original", PercentOf::Original)];
pub(super) const ORDER: [(&str, Order); 2] =
    [("line_before_basket", Order::LineBeforeBasket), ("by_priority", Order::ByPriority)];
pub(super) const THRESHOLDS: [(&str, Thresholds); 2] =
    [("after_line_offers", Thresholds::AfterLineOffers), ("as_rung_up", Thresholds::AsRungUp)];
pub(super) const UNITS: [(&str, UnitsAre); 2] = [("used_up", UnitsAre::UsedUp), ("shared", UnitsAre::Shared)];
pub(super) const FREE_UNITS: [(&str, FreeUnits); 2] = [("from_basket", FreeUnits::FromBasket), ("added", FreeUnits::Added)];
pub(super) const LIMITED_UNITS: [(&str, LimitedUnits); 2] =
    [("dearest", LimitedUnits::Dearest), ("cheapest", LimitedUnits::Cheapest)];
pub(super) const UNPLACED: [(&str, Unplaced); 2] = [("redistributed", Unplaced::Redistributed), ("dropped", Unplaced::Dropped)];
pub(super) const RETURNED_REWARDS: [(&str, ReturnedRewards); 3] = [
    ("in_proportion", ReturnedRewards::InProportion),
    ("equal_shares", ReturnedRewards::EqualShares),
    ("repriced_kept", ReturnedRewards::RepricedKept),
];
pub(super) const RETURNED_PAYMENT: [(&str, ReturnedPayment); 3] = [
    ("in_proportion", ReturnedPayment::InProportion),
    ("whole_return_only", ReturnedPayment::WholeReturnOnly),
    ("never", ReturnedPayment::Never),
];
pub(super) const BEST_BY: [(&str, BestBy); 2] = [("money", BestBy::Money), ("money_and_worth", BestBy::MoneyAndWorth)];

impl Checker<'_> {
    pub(super) fn conventions(&mut self, node: &Node) -> Conventions {
        let Some(fields) = self.fields(node, &CONVENTIONS) else { return Conventions::default() };
        let returned_rewards = self.option(&fields, "returned_rewards", &RETURNED_REWARDS);
        let returned_payment = self.option(&fields, "returned_payment", &RETURNED_PAYMENT);
        Conventions {
            leftover: self.option(&fields, "leftover", &LEFTOVER),
            rounding: self.option(&fields, "rounding", &ROUNDING),
            rounded_per: self.option(&fields, "rounded_per", &ROUNDED_PER),
            percent_of: self.option(&fields, "percent_of", &PERCENT_OF),
            order: self.option(&fields, "order", &ORDER),
            thresholds: self.option(&fields, "thresholds", &THRESHOLDS),
            units: self.option(&fields, "units", &UNITS),
            free_units: self.option(&fields, "free_units", &FREE_UNITS),
            limited_units: self.option(&fields, "limited_units", &LIMITED_UNITS),
            redeemed_earns: fields.get("redeemed_earns").and_then(|node| self.boolean(node)).unwrap_or(false),
            unplaced: self.option(&fields, "unplaced", &UNPLACED),
            returned_rewards,
            returned_payment,
        }
    }

    /// A word out of a few, or the default where the key does not stand.
    pub(super) fn option<T: Copy + Default>(&mut self, fields: &Fields<'_>, key: &str, choices: &[(&str, T)]) -> T {
        fields.get(key).and_then(|node| self.choice(node, choices)).unwrap_or_default()
    }

    pub(super) fn stacking(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &STACKING) else { return };
        let best_by = self.option(&fields, "best_by", &BEST_BY);
        let Some(node) = fields.get("id") else { return };
        let Some(id) = self.word(node).map(CompactString::from) else { return };
        self.define("stacking group", &id, node.at);
        let groups = &mut scope.program.groups;
        let place = groups.partition_point(|known| known.id < id);
        groups.insert(place, StackingGroup { id, best_by });
    }
}

//! Counters over receipts, and the tiers that they reach.

use std::collections::BTreeMap;

use super::Checker;
use super::keys::mechanic::{COUNT, WITHIN};
use super::keys::program::REACHED;
use super::mechanic::UNITS_MAX;
use super::program::Scope;
use super::read::Fields;
use crate::asset::Asset;
use crate::campaign::Campaign;
use crate::counting::{Calendar, Counted, Counting, Within};
use crate::id::CampaignId;
use crate::limits::STRETCHES_MAX;
use crate::mechanic::{Give, Mechanic};
use crate::money::{Amount, Quantity};
use crate::program::Reached;
use crate::tree::{Kind, Node};

pub(super) const COUNTED_WORDS: [(&str, Counted); 7] = [
    ("units", Counted::Units),
    ("money", Counted::Money),
    ("visits", Counted::Visits),
    ("points", Counted::Points),
    ("days", Counted::Stretches(Calendar::Days)),
    ("weeks", Counted::Stretches(Calendar::Weeks)),
    ("months", Counted::Stretches(Calendar::Months)),
];

impl Checker<'_> {
    pub(super) fn count(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &COUNT)?;
        let counted = fields.get("counted").map_or(Some(Counted::Units), |node| self.choice(node, &COUNTED_WORDS))?;
        let asset = if counted == Counted::Points { Some(self.asset_of(&fields, scope)?) } else { None };
        if asset.is_none() && fields.has("asset") {
            self.error_with_help(
                fields.place_of("asset"),
                "only points are of an asset",
                "write `counted: points`, or remove it",
            );
        }
        let within = match fields.get("within") {
            Some(node) => Some(self.within(node)?),
            None => None,
        };
        let in_a_row = fields.get("in_a_row").and_then(|node| self.boolean(node)).unwrap_or(false);
        self.time_fits(&fields, counted, in_a_row);
        let give = match (fields.get("every"), fields.get("give")) {
            (None, None) => None,
            (Some(every), Some(give)) => {
                let every = self.counted_number(every, (counted, asset), scope);
                let give = self.given_by_counter(&fields, give, scope);
                Some((every?, give?))
            }
            (every, _) => {
                let (has, lacks) = if every.is_some() { ("every", "give") } else { ("give", "every") };
                let help = format!("add `{lacks}`, or remove `{has}` where it only counts");
                self.error_with_help(fields.place_of(has), format!("`{has}` says nothing without `{lacks}`"), help);
                return None;
            }
        };
        if let Some((every, give)) = &give {
            self.not_too_many(&fields, give, every.saturating_mul(UNITS_MAX));
            if counted == Counted::Money {
                self.worth_of_spend(fields.place_of("give"), (Amount::from_minor(*every), give), scope);
            }
        }
        let asset = asset.map(|asset| asset.id.clone());
        Some(Mechanic::Count(Counting { counted, asset, within, in_a_row, give }))
    }

    fn given_by_counter(&mut self, fields: &Fields<'_>, node: &Node, scope: &Scope) -> Option<Give> {
        let give = self.give(node, scope)?;
        if matches!(give, Give::Percent(_) | Give::Amount(_)) {
            self.error_with_help(
                fields.place_of("give"),
                "a counter cannot lower prices",
                "give points or a gift, or a coupon that opens a campaign with a discount",
            );
            return None;
        }
        Some(give)
    }

    fn time_fits(&mut self, fields: &Fields<'_>, counted: Counted, in_a_row: bool) {
        let stretches = matches!(counted, Counted::Stretches(_));
        if in_a_row && !stretches {
            let help = "write `counted: weeks`, `days` or `months`";
            self.error_with_help(fields.place_of("in_a_row"), "only days, weeks and months follow one another", help);
        }
        if stretches && fields.has("within") {
            let help = "remove `within`; `in_a_row: true` begins anew where one is left out";
            self.error_with_help(fields.place_of("within"), "days, weeks and months are counted for ever", help);
        }
    }

    fn within(&mut self, node: &Node) -> Option<Within> {
        let fields = self.fields(node, &WITHIN)?;
        let only = self.only(&fields)?;
        let calendar = match only.key.as_str() {
            "days" => Calendar::Days,
            "weeks" => Calendar::Weeks,
            "months" => Calendar::Months,
            "quarters" => Calendar::Quarters,
            _ => Calendar::Years,
        };
        let stretches = self.integer(&only.value, 1..=i64::from(STRETCHES_MAX))?;
        let remembered = u16::try_from(stretches).ok()?;
        Some(Within { calendar, stretches: i32::from(remembered), remembered })
    }

    /// A number of what is counted: money in minor units, points in the asset's smallest unit, all else whole.
    fn counted_number(&mut self, node: &Node, (counted, asset): (Counted, Option<&Asset>), scope: &Scope) -> Option<i64> {
        match counted {
            Counted::Money => self.money(node, scope.program.currency).map(Amount::minor),
            Counted::Points => {
                let scale = asset.map_or(0, |asset| asset.scale);
                let units = self.scaled(node, u32::from(scale), &format!("the asset has {scale} digits after the point"))?;
                if units > UNITS_MAX.saturating_mul(UNITS_MAX) {
                    self.error(node.at, "these are too many units");
                    return None;
                }
                Some(units)
            }
            Counted::Units | Counted::Visits | Counted::Stretches(_) => self.integer(node, 1..=UNITS_MAX),
        }
    }

    /// Conditions on counters name whole units: of money in major units, of points as the program counts them.
    pub(super) fn in_units_of_counters(campaigns: &mut [Campaign], scope: &Scope) {
        let mut factors: BTreeMap<CampaignId, i64> = BTreeMap::new();
        for campaign in campaigns.iter() {
            let Some(counting) = campaign.counting() else { continue };
            let digits = match counting.counted {
                Counted::Money => scope.program.currency.minor_digits(),
                Counted::Points => {
                    let asset = scope.assets.iter().find(|asset| counting.asset.as_ref() == Some(&asset.id));
                    asset.map_or(0, |asset| u32::from(asset.scale))
                }
                Counted::Units | Counted::Visits | Counted::Stretches(_) => 0,
            };
            factors.insert(campaign.id.clone(), 10_i64.saturating_pow(digits));
        }
        for (counter, least) in campaigns.iter_mut().filter_map(|campaign| campaign.conditions.counted.as_mut()) {
            *least = least.saturating_mul(factors.get(counter).copied().unwrap_or(1));
        }
    }

    /// What tiers are reached by: known only when all counters are.
    pub(super) fn reached_tiers(&mut self, node: &Node, campaigns: &[Campaign], scope: &mut Scope) {
        let mut counters: Vec<&Campaign> = campaigns.iter().collect();
        counters.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for item in self.list(node) {
            let Kind::Map(tier) = &item.kind else { continue };
            let value = |key: &str| tier.iter().find(|field| field.key == key).map(|field| &field.value);
            let (Some(id), Some(reached)) = (value("id"), value("reached")) else { continue };
            let Kind::Scalar { text: id, .. } = &id.kind else { continue };
            let Some(reached) = self.reached(reached, &counters, scope) else { continue };
            if let Some(tier) = scope.program.tiers.iter_mut().find(|tier| tier.id.as_str() == id.as_str()) {
                tier.reached = Some(reached);
            }
        }
    }

    /// `counters` are campaigns sorted by id.
    fn reached(&mut self, node: &Node, counters: &[&Campaign], scope: &Scope) -> Option<Reached> {
        let fields = self.fields(node, &REACHED)?;
        let named = fields.get("counter")?;
        let id = self.id(named, CampaignId::parse)?;
        let found = counters.binary_search_by(|campaign| campaign.id.cmp(&id)).ok().and_then(|place| counters.get(place));
        let Some(counting) = found.and_then(|campaign| campaign.counting()) else {
            let counting = counters.iter().filter(|campaign| campaign.counts());
            self.reference(named, "counter", counting.map(|campaign| campaign.id.as_str()));
            return None;
        };
        let asset = counting.asset.as_ref().and_then(|id| scope.assets.iter().find(|asset| asset.id == *id));
        let at_least = fields.get("at_least").and_then(|node| self.counted_number(node, (counting.counted, asset), scope));
        let mut small = |key: &str, most: i64| {
            let value = fields.get(key).map_or(Some(0), |node| self.integer(node, 0..=most));
            value.and_then(|value| i32::try_from(value).ok())
        };
        let (keeps, grace_days) = (small("keeps", i64::from(STRETCHES_MAX)), small("grace_days", 366));
        let at_least_milli = at_least?.saturating_mul(Quantity::ONE.milli());
        let reached = Reached { counter: id, counter_place: usize::MAX, at_least_milli, keeps: keeps?, grace_days: grace_days? };
        self.kept_fits(&fields, counting, &reached);
        Some(reached)
    }

    fn kept_fits(&mut self, fields: &Fields<'_>, counting: &Counting, reached: &Reached) {
        if let Counted::Stretches(_) = counting.counted {
            let help = "name a campaign that counts units, money, visits or points";
            self.error_with_help(fields.place_of("counter"), "a tier is not reached by days, weeks or months", help);
            return;
        }
        let Some(within) = counting.within else {
            if reached.keeps > 0 || reached.grace_days > 0 {
                let help = "add `within` to the campaign that counts, or remove it here";
                self.error_with_help(fields.at, "what is counted for ever is kept for ever", help);
            }
            return;
        };
        let grace = within.calendar.stretches_in(reached.grace_days);
        let remembered = within.stretches.saturating_add(reached.keeps).saturating_add(grace);
        if remembered > i32::from(STRETCHES_MAX) {
            let message =
                format!("{remembered} stretches of the calendar would have to be remembered, at most {STRETCHES_MAX} are");
            self.error_with_help(fields.at, message, "count by longer ones, such as months instead of weeks");
        }
    }
}

//! Campaigns of a program file: everything but the mechanic.

use compact_str::CompactString;

use super::Checker;
use super::keys::campaign::{AWAITED, CAMPAIGN, COSTS, FALLBACK, ON, TO};
use super::program::Scope;
use super::read::Fields;
use super::texts::longest_missing;
use crate::attribute::SKU;
use crate::campaign::{Barcode, COST_PREFIX, Campaign, Code, Cost, Fallback, PRICE_PREFIX, REDEEM_PREFIX, ShowAs, reward_id};
use crate::cel::Subject;
use crate::common_limit::LIMIT_PREFIX;
use crate::condition::FreeCondition;
use crate::decision::{Awaited, Shortfall};
use crate::id::{CampaignId, EventId, FactId, StoreId};
use crate::mechanic::Mechanic;
use crate::ratio::Ratio;
use crate::selector::{Clause, Selector};
use crate::tree::{Kind, Node};

pub(super) const PRIORITY_MAX: i64 = 1_000_000;
pub(super) const USES_MAX: i64 = 1_000_000;
pub(super) const SHOW_AS: [(&str, ShowAs); 3] =
    [("free_unit", ShowAs::FreeUnit), ("spread", ShowAs::Spread), ("minimum_unit", ShowAs::MinimumUnit)];
pub(super) const BARCODES: [(&str, Barcode); 4] =
    [("code128", Barcode::Code128), ("ean13", Barcode::Ean13), ("qr", Barcode::Qr), ("none", Barcode::Nothing)];
pub(super) const ON_RETURN: [(&str, Shortfall); 3] =
    [("negative", Shortfall::Negative), ("zero", Shortfall::Zero), ("deduct_from_refund", Shortfall::DeductFromRefund)];

/// What no id of a campaign begins with.
const KEPT: [&str; 8] = [REDEEM_PREFIX, COST_PREFIX, LIMIT_PREFIX, PRICE_PREFIX, "collect:", "check:", "show:", "+"];

/// What a reward may wait for: whether it is a visit.
pub(crate) const WAITS_FOR: [(&str, bool); 2] = [("next_visit", true), ("enrolment", false)];

impl Checker<'_> {
    pub(super) fn campaign(&mut self, node: &Node, scope: &Scope) -> Option<Campaign> {
        let errors_before = self.errors;
        let fields = self.fields(node, &CAMPAIGN)?;
        let program = &scope.program;
        let id = fields.get("id").and_then(|node| self.campaign_id(node));
        let name = fields.get("name").and_then(|node| self.text(node, &program.language_default));
        let mechanic = self.mechanic(&fields, scope);
        let text = fields.get("text").and_then(|node| self.shown(node, scope, None));
        let missing = longest_missing(mechanic.as_ref(), scope);
        let near_text = fields.get("near_text").and_then(|node| self.shown(node, scope, Some(&missing)));
        let on = self.on(&fields, mechanic.as_ref());
        let (spend_at_least, conditions) = fields.get("when").map(|node| self.when(node, scope)).unwrap_or_default();
        let (limits, on_receipt) = self.limits(&fields, mechanic.as_ref(), scope);
        let mut caps = fields.get("caps").map(|node| self.caps(node, mechanic.as_ref(), scope)).unwrap_or_default();
        caps.per_receipt = [caps.per_receipt, on_receipt.per_receipt].into_iter().flatten().min();
        caps.units = [caps.units, on_receipt.units].into_iter().flatten().min();
        let codes = self.codes(&fields, scope);
        let id = id?;
        let campaign = Campaign {
            first_reward: reward_id(&id, 0)?,
            id,
            program: program.id.clone(),
            program_place: usize::MAX,
            currency: program.currency,
            text: text.or_else(|| name.clone())?,
            name: name?,
            near_text,
            priority: fields.get("priority").and_then(|node| self.integer(node, -PRIORITY_MAX..=PRIORITY_MAX)).unwrap_or(0),
            group: fields.get("group").and_then(|node| self.word(node)).map_or(CompactString::const_new("default"), Into::into),
            group_bit: 0,
            validity: fields.get("valid").map(|node| self.validity(node, &program.time_zone)).unwrap_or_default(),
            stores: self.places(&fields, scope),
            channels: fields.get("channels").map_or_else(Vec::new, |node| self.channels(node, scope)),
            segments: self.segments(&fields, scope),
            tiers: fields.get("tiers").map_or_else(Vec::new, |node| self.tiers(node, scope)),
            codes,
            coupon_only: self.flag(&fields, "coupon_only"),
            barcode: self.option(&fields, "barcode", &BARCODES),
            customers_only: self.flag(&fields, "customers_only"),
            cost: fields.get("costs").and_then(|node| self.cost(node, scope)),
            spend_at_least,
            conditions,
            control_group: fields.get("control_group").and_then(|node| self.percent(node)),
            on,
            lines_where: bought(&fields).or(fields.get("on")).and_then(|node| self.lines_where(node, scope)),
            show_as: self.show_as(&fields, mechanic.as_ref()),
            fallback: self.fallback(&fields, scope),
            limits,
            common_limits: Vec::new(),
            caps,
            on_return: self.option(&fields, "on_return", &ON_RETURN),
            funded_by: fields.get("funded_by").map_or_else(own, |node| self.funding(node)),
            requires_answers: self.answers(&fields, scope),
            cashier: fields.get("cashier").map_or_else(Vec::new, |node| self.duties(node, scope)),
            awaits: fields.get("waits_for").and_then(|node| self.awaited(node, scope)),
            occasion: fields.get("for").and_then(|node| self.occasion(node, scope)),
            mechanic: mechanic?,
        };
        // What is wrong in its parts says nothing about the whole.
        if self.errors == errors_before {
            self.whole_campaign(&fields, &campaign, scope);
        }
        Some(campaign)
    }

    /// What each use costs.
    fn cost(&mut self, node: &Node, scope: &Scope) -> Option<Cost> {
        let fields = self.fields(node, &COSTS)?;
        let asset = self.asset_of(&fields, scope);
        let units = self.units_of(&fields, asset);
        Some(Cost { asset: asset?.id.clone(), units: units? })
    }

    fn flag(&mut self, fields: &Fields<'_>, key: &str) -> bool {
        fields.get(key).and_then(|node| self.boolean(node)).unwrap_or(false)
    }

    fn campaign_id(&mut self, node: &Node) -> Option<CampaignId> {
        let id = self.id(node, CampaignId::parse)?;
        if let Some(prefix) = KEPT.iter().find(|prefix| id.as_str().starts_with(**prefix)) {
            self.error_with_help(node.at, format!("an id must not begin with `{prefix}`: such ids name redemptions, costs, limits, prices, instructions and added lines"), "choose another id");
        }
        self.define("campaign", id.as_str(), node.at);
        Some(id)
    }

    /// Its products; those of an offer stand in the offer itself.
    fn on(&mut self, fields: &Fields<'_>, mechanic: Option<&Mechanic>) -> Selector {
        if let (Some(node), Some(_)) = (fields.get("on"), fields.get("offer")) {
            self.error_with_help(node.at, "an offer names its products under `to`", "move them into `offer: {to: …}`");
        }
        let mut on = match (bought(fields), fields.get("on")) {
            (Some(node), _) => self.selector(node, &TO),
            (None, Some(node)) => self.selector(node, &ON),
            (None, None) => Selector::default(),
        };
        if let Some(Mechanic::PriceList { prices }) = mechanic {
            on.clauses.extend(Clause::any_of(SKU, prices.iter().map(|(sku, _)| sku.as_str())));
        }
        on
    }

    /// A further condition on each line of some goods.
    pub(super) fn lines_where(&mut self, on: &Node, scope: &Scope) -> Option<Box<FreeCondition>> {
        self.goods_where(on, Subject::Line, scope)
    }

    /// `where` among the keys that choose goods.
    pub(super) fn goods_where(&mut self, on: &Node, subject: Subject, scope: &Scope) -> Option<Box<FreeCondition>> {
        let Kind::Map(on) = &on.kind else { return None };
        let node = on.iter().find(|field| field.key == "where").map(|field| &field.value)?;
        self.free_condition(node, subject, scope)
    }

    /// Stores named and those of the zones named, together; of them only the pilot stores, where there are any.
    pub(super) fn places(&mut self, fields: &Fields<'_>, scope: &Scope) -> Option<Vec<StoreId>> {
        let pilot = fields.get("pilot_stores").map(|node| self.stores(node));
        if !fields.has("stores") && !fields.has("zones") {
            return pilot.map(sorted);
        }
        let mut stores = fields.get("stores").map_or_else(Vec::new, |node| self.stores(node));
        if let Some(node) = fields.get("zones") {
            for item in self.list(node) {
                let known = scope.program.zones.iter().map(|zone| zone.id.as_str());
                let zone = self.reference(item, "zone", known);
                let zone = scope.program.zones.iter().find(|known| zone.is_some_and(|zone| known.id == zone));
                stores.extend(zone.into_iter().flat_map(|zone| zone.stores.iter().cloned()));
            }
        }
        if let Some(pilot) = pilot {
            stores.retain(|store| pilot.contains(store));
        }
        Some(sorted(stores))
    }

    pub(super) fn segments(&mut self, fields: &Fields<'_>, scope: &Scope) -> Vec<usize> {
        fields.get("segments").map_or_else(Vec::new, |node| self.segments_named(node, scope))
    }

    /// Segments by name, as their places.
    pub(super) fn segments_named(&mut self, node: &Node, scope: &Scope) -> Vec<usize> {
        let known = scope.program.segments.iter().map(|segment| segment.id.as_str());
        let nodes = self.list(node);
        let found = nodes.into_iter().filter_map(|node| self.reference(node, "segment", known.clone()));
        found.filter_map(|id| scope.program.segments.iter().position(|segment| segment.id.as_str() == id)).collect()
    }

    fn codes(&mut self, fields: &Fields<'_>, scope: &Scope) -> Vec<Code> {
        let nodes = fields.get("code").into_iter().chain(fields.get("codes"));
        let mut codes = Vec::new();
        for node in nodes {
            let items = self.list(node);
            let texts: Vec<CompactString> = items.into_iter().filter_map(|item| self.code_text(item)).collect();
            codes.extend(texts.into_iter().map(|text| {
                let known = scope.codes.iter().find(|code| code.code == text);
                known.cloned().unwrap_or(Code { code: text, single_use: false, from: None, until: None })
            }));
        }
        codes.sort();
        codes.dedup();
        codes
    }

    /// What a reward waits for: a word, or an event of the program.
    fn awaited(&mut self, node: &Node, scope: &Scope) -> Option<Awaited> {
        if let Kind::Scalar { .. } = &node.kind {
            let is_visit = self.choice(node, &WAITS_FOR)?;
            return Some(if is_visit { Awaited::NextVisit } else { Awaited::Event(EventId::enrolment()) });
        }
        let fields = self.fields(node, &AWAITED)?;
        let known = scope.program.events.iter().map(EventId::as_str);
        let id = self.reference(fields.get("event")?, "event", known)?;
        EventId::parse(id).ok().map(Awaited::Event)
    }

    fn answers(&mut self, fields: &Fields<'_>, scope: &Scope) -> Vec<FactId> {
        let Some(node) = fields.get("requires_answers") else { return Vec::new() };
        let known = scope.facts.iter().map(|fact| fact.id.as_str());
        let nodes = self.list(node);
        nodes
            .into_iter()
            .filter_map(|node| self.reference(node, "fact", known.clone()).and_then(|id| FactId::parse(id).ok()))
            .collect()
    }

    fn show_as(&mut self, fields: &Fields<'_>, mechanic: Option<&Mechanic>) -> ShowAs {
        let Some(node) = fields.get("show_as") else { return ShowAs::default() };
        if mechanic.is_some_and(|mechanic| !matches!(mechanic, Mechanic::Set { .. })) {
            let help = "it belongs to `n_for_m`, `nth_unit`, `buy_get`, `mix_and_match` and `bundle`";
            self.warn(fields.place_of("show_as"), "`show_as` says nothing here", help);
        }
        self.choice(node, &SHOW_AS).unwrap_or_default()
    }

    /// What it becomes when the receipt was paid without a quote: `none`, points of an asset with a worth, or a coupon.
    fn fallback(&mut self, fields: &Fields<'_>, scope: &Scope) -> Option<Fallback> {
        let node = fields.get("fallback")?;
        if let Kind::Scalar { .. } = &node.kind {
            self.choice(node, &[("none", ())])?;
            return None;
        }
        let inner = self.fields(node, &FALLBACK)?;
        let only = self.only(&inner)?;
        let node = &only.value;
        if only.key == "coupon" {
            let (campaign, days) = self.coupon(node)?;
            return Some(Fallback::Coupon { campaign, days });
        }
        let id = self.reference(node, "asset", scope.assets.iter().map(|asset| asset.id.as_str()))?;
        let asset = scope.assets.iter().find(|asset| asset.id.as_str() == id)?;
        if asset.worth.is_none() {
            self.error_with_help(
                node.at,
                format!("the asset `{id}` has no worth, so nothing is worth the same in it"),
                "add `worth_minor` to the asset",
            );
        }
        Some(Fallback::Points(asset.id.clone()))
    }
}

/// Who buys these is offered something.
fn bought<'n>(fields: &Fields<'n>) -> Option<&'n Node> {
    match &fields.get("offer")?.kind {
        Kind::Map(offer) => offer.iter().find(|field| field.key == "to").map(|field| &field.value),
        Kind::Scalar { .. } | Kind::List(_) => None,
    }
}

/// The business itself pays.
fn own() -> Vec<(CompactString, Ratio)> {
    vec![(CompactString::const_new("own"), Ratio::ONE)]
}

fn sorted(mut stores: Vec<StoreId>) -> Vec<StoreId> {
    stores.sort();
    stores.dedup();
    stores
}

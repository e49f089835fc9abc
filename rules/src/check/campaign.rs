//! Campaigns of a program file: everything but the mechanic.

use compact_str::CompactString;

use super::Checker;
use super::mechanic::MECHANICS;
use super::program::Scope;
use super::read::Fields;
use crate::campaign::{Campaign, Code, Limits, REDEEM_PREFIX, ShowAs};
use crate::decision::Shortfall;
use crate::id::{AssetId, CampaignId, FactId, StoreId};
use crate::mechanic::Mechanic;
use crate::money::Amount;
use crate::selector::Selector;
use crate::tree::{Kind, Node};

/// The keys of a campaign beside its mechanic.
const KEYS: [&str; 24] = [
    "id",
    "name",
    "text",
    "near_text",
    "valid",
    "stores",
    "zones",
    "segments",
    "tiers",
    "code",
    "codes",
    "customers_only",
    "when",
    "on",
    "priority",
    "group",
    "show_as",
    "fallback",
    "limits",
    "on_return",
    "funded_by",
    "requires_answers",
    "level",
    "per",
];
const PRIORITY_MAX: i64 = 1_000_000;
const USES_MAX: i64 = 1_000_000;
const SHOW_AS: [(&str, ShowAs); 3] =
    [("free_unit", ShowAs::FreeUnit), ("spread", ShowAs::Spread), ("minimum_unit", ShowAs::MinimumUnit)];
const ON_RETURN: [(&str, Shortfall); 3] =
    [("negative", Shortfall::Negative), ("zero", Shortfall::Zero), ("deduct_from_refund", Shortfall::DeductFromRefund)];

impl Checker<'_> {
    pub(super) fn campaign(&mut self, node: &Node, scope: &Scope) -> Option<Campaign> {
        let known: Vec<&str> = KEYS.into_iter().chain(MECHANICS).collect();
        let fields = self.fields(node, "a campaign", &known)?;
        let program = &scope.program;
        let language = &program.language_default;
        let id = self.require(&fields, "id").and_then(|node| self.campaign_id(node));
        let name = self.require(&fields, "name").and_then(|node| self.text(node, language));
        let text = fields.get("text").and_then(|node| self.text(node, language));
        let near_text = fields.get("near_text").and_then(|node| self.text(node, language));
        let mechanic = self.mechanic(&fields, scope);
        let on = self.on(&fields);
        let priority = fields.get("priority").and_then(|node| self.integer(node, -PRIORITY_MAX..=PRIORITY_MAX)).unwrap_or(0);
        let validity = fields.get("valid").map(|node| self.validity(node, &program.time_zone)).unwrap_or_default();
        let customers_only = fields.get("customers_only").and_then(|node| self.boolean(node)).unwrap_or(false);
        let limits = fields.get("limits").map(|node| self.limits(node)).unwrap_or_default();
        let word = |checker: &mut Self, key: &str, otherwise: &'static str| {
            fields
                .get(key)
                .and_then(|node| checker.word(node))
                .map_or_else(|| CompactString::const_new(otherwise), CompactString::from)
        };
        let (group, funded_by) = (word(self, "group", "default"), word(self, "funded_by", "own"));
        let spend_at_least = fields.get("when").and_then(|node| self.when(node, scope));
        let stores = self.places(&fields, scope);
        let segments = self.segments(&fields, scope);
        let tiers = fields.get("tiers").map_or_else(Vec::new, |node| self.tiers(node, scope));
        let codes = self.codes(&fields, scope);
        let requires_answers = self.answers(&fields, scope);
        let show_as = self.show_as(&fields, mechanic.as_ref());
        let fallback = self.fallback(&fields, scope);
        let on_return = fields.get("on_return").and_then(|node| self.choice(node, &ON_RETURN)).unwrap_or_default();
        let name = name?;
        Some(Campaign {
            id: id?,
            program: program.id.clone(),
            program_place: usize::MAX,
            currency: program.currency,
            text: text.unwrap_or_else(|| name.clone()),
            name,
            near_text,
            priority,
            group,
            group_bit: 0,
            validity,
            stores,
            segments,
            tiers,
            codes,
            customers_only,
            spend_at_least,
            on,
            mechanic: mechanic?,
            show_as,
            fallback,
            limits,
            on_return,
            funded_by,
            requires_answers,
        })
    }

    fn campaign_id(&mut self, node: &Node) -> Option<CampaignId> {
        let id = self.id(node, CampaignId::parse)?;
        if id.as_str().starts_with(REDEEM_PREFIX) || id.as_str().starts_with('+') {
            self.error_with_help(
                node.at,
                format!("an id must not begin with `{REDEEM_PREFIX}` or `+`, which name redemptions and added lines"),
                "choose another id",
            );
        }
        self.define("campaign", id.as_str(), node.at);
        Some(id)
    }

    /// Its products; those of an offer stand in the offer itself.
    fn on(&mut self, fields: &Fields<'_>) -> Selector {
        if let (Some(node), Some(_)) = (fields.get("on"), fields.get("offer")) {
            self.error_with_help(node.at, "an offer names its products under `to`", "move them into `offer: {to: …}`");
        }
        let to = fields.get("offer").and_then(|node| match &node.kind {
            Kind::Map(offer) => offer.iter().find(|field| field.key == "to").map(|field| &field.value),
            Kind::Scalar { .. } | Kind::List(_) => None,
        });
        match (to, fields.get("on")) {
            (Some(node), _) => self.selector(node, "`to`"),
            (None, Some(node)) => self.selector(node, "`on`"),
            (None, None) => Selector::default(),
        }
    }

    fn when(&mut self, node: &Node, scope: &Scope) -> Option<Amount> {
        let fields = self.fields(node, "`when`", &["spend_at_least"])?;
        let node = self.require(&fields, "spend_at_least")?;
        self.money(node, scope.program.currency)
    }

    /// Stores named and those of the zones named, together.
    fn places(&mut self, fields: &Fields<'_>, scope: &Scope) -> Option<Vec<StoreId>> {
        if fields.get("stores").is_none() && fields.get("zones").is_none() {
            return None;
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
        stores.sort();
        stores.dedup();
        Some(stores)
    }

    fn segments(&mut self, fields: &Fields<'_>, scope: &Scope) -> Vec<usize> {
        let Some(node) = fields.get("segments") else { return Vec::new() };
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
                known.cloned().unwrap_or(Code { code: text, single_use: false, until: None })
            }));
        }
        codes.sort();
        codes.dedup();
        codes
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
            self.warn(fields.place_of("show_as"), "`show_as` says nothing here", "it belongs to `n_for_m`");
        }
        self.choice(node, &SHOW_AS).unwrap_or_default()
    }

    /// What it becomes when the receipt was paid without a quote: `none`, or points of an asset with a worth.
    fn fallback(&mut self, fields: &Fields<'_>, scope: &Scope) -> Option<AssetId> {
        let node = fields.get("fallback")?;
        if let Kind::Scalar { .. } = &node.kind {
            self.choice(node, &[("none", ())])?;
            return None;
        }
        let inner = self.fields(node, "`fallback`", &["points"])?;
        let node = self.require(&inner, "points")?;
        let id = self.reference(node, "asset", scope.assets.iter().map(|asset| asset.id.as_str()))?;
        let asset = scope.assets.iter().find(|asset| asset.id.as_str() == id)?;
        if asset.worth.is_none() {
            self.error_with_help(
                node.at,
                format!("the asset `{id}` has no worth, so nothing is worth the same in it"),
                "add `worth_minor` to the asset",
            );
        }
        Some(asset.id.clone())
    }

    fn limits(&mut self, node: &Node) -> Limits {
        let Some(fields) = self.fields(node, "`limits`", &["per_receipt", "per_customer", "per_customer_day"]) else {
            return Limits::default();
        };
        let mut uses = |key: &str| {
            fields.get(key).and_then(|node| self.integer(node, 1..=USES_MAX)).and_then(|uses| u32::try_from(uses).ok())
        };
        Limits {
            per_receipt: uses("per_receipt"),
            per_customer: uses("per_customer"),
            per_customer_day: uses("per_customer_day"),
        }
    }
}

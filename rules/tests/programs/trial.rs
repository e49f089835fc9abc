//! Shows that a campaign can be had: goods, customer, time, place, code and tender are made up from what the program
//! file says of it, until it is applied.

use compact_str::CompactString;
use jiff::{Timestamp, ToSpan};
use tessera_rules::campaign::Campaign;
use tessera_rules::catalogue::{Catalogue, Product};
use tessera_rules::decision::{CounterMove, Explained};
use tessera_rules::habits::Habits;
use tessera_rules::id::{
    CampaignId, ChannelId, CustomerId, FactId, LineId, ProgramId, ReceiptId, RewardId, SegmentId, Sku, StoreId, TierId, TillId,
};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice, Units};
use tessera_rules::occasion::{Brought, Happening};
use tessera_rules::program::AnswerForm;
use tessera_rules::receipt::{Attribute, Chosen, Explain, Line, Measure, Place, PriceReason, Receipt, Stage, Tender, TenderKind};
use tessera_rules::standing::{CodeStanding, CodeState, CounterStanding, CustomerStanding, FactStanding, Standing};
use tessera_rules::tree::{self, Field, Kind, Node};
use tessera_rules::{Effort, Revision, evaluate};

/// Of somebody who came every week until summer and has spent nothing for long.
fn gone_quiet() -> Habits {
    let mut habits = Habits::default();
    for week in 0..6 {
        let day = jiff::civil::date(2026, 7, 1).checked_add((7 * week).days()).expect("a date");
        habits.visit(day, 16);
        habits.spend(day, "GBP", 10_000);
    }
    habits
}

/// One file and what its campaigns may need.
pub(crate) struct Trial {
    root: Node,
    catalogue: Catalogue,
}

/// Goods that a selector asks for, and whether they are weighed.
struct Wanted {
    product: Product,
    measured: bool,
}

fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Kind::Map(fields) = &node.kind else { return None };
    fields.iter().find(|field| field.key == key).map(|field| &field.value)
}

fn fact(id: &str) -> FactId {
    FactId::parse(id).expect("a fact")
}

fn word(node: &Node) -> &str {
    let Kind::Scalar { text, .. } = &node.kind else { panic!("a word") };
    text
}

fn words(node: &Node) -> Vec<String> {
    match &node.kind {
        Kind::List(nodes) => nodes.iter().map(|node| word(node).to_owned()).collect(),
        Kind::Scalar { .. } | Kind::Map(_) => vec![word(node).to_owned()],
    }
}

fn items(node: Option<&Node>) -> Vec<&Node> {
    match node.map(|node| &node.kind) {
        Some(Kind::List(nodes)) => nodes.iter().collect(),
        Some(Kind::Scalar { .. } | Kind::Map(_)) | None => Vec::new(),
    }
}

/// Every selector below a node but exceptions, in the order of the file.
fn selectors(node: &Node, found: &mut Vec<Wanted>) {
    let fields: &[Field] = match &node.kind {
        Kind::Map(fields) => fields,
        Kind::List(nodes) => return nodes.iter().for_each(|node| selectors(node, found)),
        Kind::Scalar { .. } => return,
    };
    let has = |key: &str| fields.iter().any(|field| field.key == key);
    if has("category") || has("attribute") || has("measured") || (has("sku") && !has("quantity")) {
        found.push(wanted(node, found.len()));
    }
    for field in fields {
        match field.key.as_str() {
            "price_list" => {
                let Kind::Map(prices) = &field.value.kind else { panic!("prices") };
                found.extend(prices.iter().map(|price| Wanted { product: article(&price.key), measured: false }));
            }
            "except" | "give" => {}
            _ => selectors(&field.value, found),
        }
    }
}

fn article(sku: &str) -> Product {
    let mut product = Product::new(Sku::parse(sku).expect("an article"), sku);
    product.price = Some(UnitPrice::from_micros(5_000_000));
    product
}

fn wanted(selector: &Node, number: usize) -> Wanted {
    let sku = field(selector, "sku").map_or_else(|| format!("GOODS-{number}"), |node| words(node).remove(0));
    let mut product = article(&sku);
    if let Some(node) = field(selector, "category") {
        product.categories = words(node).remove(0).split('/').map(Into::into).collect();
    }
    if let Some(Kind::Map(fields)) = field(selector, "attribute").map(|node| &node.kind) {
        // Of numbers between two, one of the ends is meant too.
        let end = |range: &Node| field(range, "at_least").or_else(|| field(range, "at_most")).map(word).map(str::to_owned);
        let value = |node: &Node| match node.kind {
            Kind::Map(_) => end(node).expect("an end"),
            Kind::List(_) | Kind::Scalar { .. } => words(node).remove(0),
        };
        let attribute = |field: &Field| Attribute { name: field.key.as_str().into(), value: value(&field.value).into() };
        product.attributes = fields.iter().map(attribute).collect();
    }
    Wanted { product, measured: field(selector, "measured").is_some_and(|node| word(node) == "true") }
}

/// The same article once, with all that is asked of it.
fn merged(all: Vec<Wanted>) -> Vec<Wanted> {
    let mut merged: Vec<Wanted> = Vec::new();
    for one in all {
        match merged.iter_mut().find(|known| known.product.sku == one.product.sku) {
            Some(known) => {
                known.product.attributes.extend(one.product.attributes);
                if known.product.categories.is_empty() {
                    known.product.categories = one.product.categories;
                }
            }
            None => merged.push(one),
        }
    }
    merged
}

impl Trial {
    pub(crate) fn of(text: &str) -> Self {
        let root = tree::parse(text).unwrap_or_else(|error| panic!("{error:?}"));
        let mut all = Vec::new();
        for campaign in items(field(&root, "campaigns")) {
            let mut own = Vec::new();
            selectors(campaign, &mut own);
            let id = word(field(campaign, "id").expect("an id"));
            all.extend(own.into_iter().map(|mut wanted| {
                named_for(id, &mut wanted.product);
                wanted
            }));
        }
        all.push(Wanted { product: article("ANY"), measured: false });
        let catalogue = Catalogue::new(1, merged(all).into_iter().map(|wanted| wanted.product).collect()).expect("a catalogue");
        Self { root, catalogue }
    }

    /// Campaigns that no receipt tried was given, with the last reason why not.
    pub(crate) fn never_applied(&self, revision: &Revision) -> Vec<String> {
        let campaigns = items(field(&self.root, "campaigns"));
        let refused = campaigns.into_iter().filter_map(|campaign| self.try_out(campaign, revision));
        refused.map(|explained| format!("{}: {}", explained.campaign, explained.why)).collect()
    }

    /// The answers that a fact itself lists.
    fn values_of(&self, fact: &FactId) -> Option<&Node> {
        let mut facts = items(field(&self.root, "facts")).into_iter();
        facts.find(|node| field(node, "id").is_some_and(|id| word(id) == fact.as_str())).and_then(|node| field(node, "values"))
    }

    /// None where it was applied.
    fn try_out(&self, campaign: &Node, revision: &Revision) -> Option<Explained> {
        let id = word(field(campaign, "id").expect("an id"));
        if let Some(occasion) = field(campaign, "for")
            && self.is_given(id, occasion, revision)
        {
            return None;
        }
        let currency = Currency::from_code(word(field(&self.root, "currency").expect("a currency"))).expect("one");
        let mut last = None;
        for standing in self.standings(id, revision) {
            let mut basket = self.basket(campaign, id, currency);
            basket.codes = self.codes(&standing);
            for store in self.stores() {
                basket.place.store = StoreId::parse(&store).expect("a store");
                // Every hour of a week of November, and noon of a day in each season.
                let hours = (0..168).map(|hour| (168 - hour).hours());
                for (place, ago) in (0_u8..).zip(hours.chain([(24 * 60).hours(), (24 * 45).hours()])) {
                    // Whoever tries often enough wins.
                    let standing = Standing { draw: Some([place; 32]), ..standing.clone() };
                    let noon: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
                    let at = noon.checked_sub(ago).expect("a time");
                    let decision = evaluate(revision, &self.catalogue, &standing, &basket, at, Effort::default());
                    let explained = decision.explained.into_iter().next()?;
                    if explained.applied() || only_counted(&decision.counters, revision.campaign(&explained.campaign)) {
                        return None;
                    }
                    last = Some(explained);
                }
            }
        }
        last
    }

    /// Whether a campaign that is not for receipts is given, once what it is for has happened.
    fn is_given(&self, id: &str, occasion: &Node, revision: &Revision) -> bool {
        let answers: Vec<FactId> = field(occasion, "answers").map(words).unwrap_or_default().iter().map(|id| fact(id)).collect();
        let happening = match field(occasion, "referral").map(word) {
            Some("first_receipt") => Happening::Referred(Brought::FirstReceipt),
            Some(_) => Happening::Referred(Brought::Enrolled),
            None if answers.is_empty() => Happening::Enrolled,
            None => Happening::Answered { now: &answers, known: &answers },
        };
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
        let given = |store: &StoreId| revision.bonuses(happening, noon, store, None);
        let stores = self.stores().into_iter().map(|store| StoreId::parse(&store).expect("a store"));
        stores.flat_map(|store| given(&store)).any(|bonus| bonus.reward.campaign.as_str() == id)
    }

    fn stores(&self) -> Vec<String> {
        let zones = items(field(&self.root, "zones")).into_iter().filter_map(|zone| field(zone, "stores"));
        let campaigns = items(field(&self.root, "campaigns")).into_iter();
        let own = campaigns.flat_map(|campaign| ["stores", "pilot_stores"].map(|key| field(campaign, key))).flatten();
        let mut stores: Vec<String> = zones.chain(own).flat_map(words).collect();
        stores.push("ELSEWHERE".to_owned());
        stores.sort();
        stores.dedup();
        stores
    }

    fn codes(&self, standing: &Standing) -> Vec<CompactString> {
        let named = items(field(&self.root, "campaigns"));
        let named = named.into_iter().flat_map(|campaign| ["code", "codes"].map(|key| field(campaign, key))).flatten();
        named.flat_map(words).map(CompactString::from).chain(standing.codes.iter().map(|code| code.code.clone())).collect()
    }

    /// A hundred units of what it asks for, paid by card.
    fn basket(&self, campaign: &Node, id: &str, currency: Currency) -> Receipt {
        let mut own = Vec::new();
        match field(campaign, "offer") {
            Some(offer) => field(offer, "to").map_or((), |to| selectors(&in_list(to), &mut own)),
            None => selectors(campaign, &mut own),
        }
        own.iter_mut().for_each(|wanted| named_for(id, &mut wanted.product));
        let mut own = merged(own);
        if own.is_empty() {
            own.push(Wanted { product: article("ANY"), measured: false });
        }
        let price = UnitPrice::from_micros(if own.iter().any(|wanted| wanted.measured) { 1_500_000 } else { 60_000_000 });
        let lines = own.iter().enumerate().map(|(number, wanted)| Line {
            id: LineId::parse(&number.to_string()).expect("an id"),
            sku: wanted.product.sku.clone(),
            quantity: Quantity::from_milli(100_000),
            measure: if wanted.measured { Measure::Measured } else { Measure::Counted },
            unit_price: price,
            amount: tessera_rules::money::extend(Quantity::from_milli(100_000), price, currency).expect("it fits"),
            regular_unit_price: None,
            price_reason: PriceReason::Regular,
            tax_code: None,
            marks: Vec::new(),
            no_discount: false,
            no_earn: false,
            attributes: Vec::new(),
        });
        let lines: Vec<Line> = lines.collect();
        let total: Amount = lines.iter().map(|line| line.amount).sum();
        let campaign_id = CampaignId::parse(id).expect("an id");
        let choice = |sku: &str| Chosen {
            choice: RewardId::parse(&format!("{id}.0")).expect("an id"),
            sku: Sku::parse(sku).expect("one"),
        };
        Receipt {
            id: ReceiptId::parse("r1").expect("an id"),
            place: Place {
                store: StoreId::parse("ELSEWHERE").expect("one"),
                till: TillId::parse("T1").expect("one"),
                cashier: None,
            },
            sold_at: Timestamp::UNIX_EPOCH,
            business_date: "2026-11-22".parse().expect("a date"),
            currency,
            stage: Stage::Tender,
            choices: match field(campaign, "costs").and_then(|_| lines.first()) {
                Some(line) => vec![choice(line.sku.as_str())],
                None => first_choice(campaign).iter().map(|sku| choice(sku)).collect(),
            },
            lines,
            codes: Vec::new(),
            redeem: Vec::new(),
            tenders: vec![Tender { kind: TenderKind::Card, amount: total }],
            declined: Vec::new(),
            given: Vec::new(),
            training: false,
            offers_max: None,
            channel: ChannelId::till(),
            language: None,
            explain: Explain::Named(vec![campaign_id]),
        }
    }

    /// Customers who are on every list and whose answers are each of those that segments ask for: first-comers and
    /// regulars, of every tier and of none.
    fn standings(&self, id: &str, revision: &Revision) -> Vec<Standing> {
        let program = ProgramId::parse(word(field(&self.root, "program").expect("a program"))).expect("one");
        let segments = items(field(&self.root, "segments"));
        let mut lists: Vec<SegmentId> = segments
            .iter()
            .filter_map(|segment| field(segment, "list"))
            .map(|list| SegmentId::parse(word(list)).expect("one"))
            .collect();
        lists.sort();
        let known_at: Timestamp = "2026-11-01T00:00:00Z".parse().expect("a time");
        let values = segments.iter().filter_map(|segment| field(segment, "fact"));
        let value_of = |fact: &FactId| {
            let own = values.clone().find(|node| field(node, "id").is_some_and(|id| word(id) == fact.as_str()));
            let own = own.and_then(|node| field(node, "values")).or_else(|| self.values_of(fact));
            own.map_or_else(|| "11-20".to_owned(), |values| words(values).remove(0))
        };
        let fact = |rule: &tessera_rules::program::FactRule| FactStanding {
            fact: rule.id.clone(),
            known_at,
            confirmed: true,
            code_sent: false,
            redeem_code: tessera_rules::standing::CodeForRedeem::CanBeSent,
            value: Some(answer_of(rule.form).unwrap_or_else(|| value_of(&rule.id)).into()),
        };
        let campaign = CampaignId::parse(id).expect("an id");
        let coupon = CodeStanding { code: "COUPON".into(), state: CodeState::Open, campaign: Some(campaign) };
        let mut counters: Vec<CounterStanding> = revision
            .campaigns()
            .iter()
            .filter_map(|campaign| {
                let every = campaign.counts_every().or_else(|| campaign.counts().then_some(1_000))?;
                Some(CounterStanding {
                    campaign: campaign.id().clone(),
                    counted_milli: (every * 3 - 1) * 1_000,
                    rewarded: 2,
                    calendar: None,
                    stretches: Vec::new(),
                })
            })
            .collect();
        counters.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        let tiers = items(field(&self.root, "tiers"))
            .into_iter()
            .map(|tier| TierId::parse(word(field(tier, "id").expect("an id"))).expect("one"));
        let mut standings = Vec::new();
        for tier in std::iter::once(None).chain(tiers.map(Some)) {
            for (visits, name) in [(0, "c1"), (0, "c2"), (9, "c3"), (9, "c4")] {
                let customer = CustomerStanding {
                    customer: CustomerId::parse(name).expect("an id"),
                    blocked: false,
                    tiers: tier.clone().map(|tier| (program.clone(), tier)).into_iter().collect(),
                    tiers_until: Vec::new(),
                    available: revision.assets().iter().map(|asset| (asset.id.clone(), Units::from_units(1_000_000))).collect(),
                    counters: counters.clone(),
                    counters_promised: Vec::new(),
                    uses: Vec::new(),
                    uses_by_member: Vec::new(),
                    facts: revision.facts().iter().map(fact).collect(),
                    lists: lists.clone(),
                    enrolled_at: Some(known_at),
                    visits,
                    habits: gone_quiet(),
                    seen: Vec::new(),
                    staff: Vec::new(),
                };
                let shared = revision.nothing_shared();
                standings.push(Standing { customer: Some(customer), codes: vec![coupon.clone()], shared, ..Standing::default() });
            }
        }
        standings
    }
}

/// The first product of a choice.
fn first_choice(campaign: &Node) -> Vec<String> {
    match &campaign.kind {
        Kind::Map(fields) => {
            let own = fields.iter().find(|field| field.key == "skus").map(|field| words(&field.value).remove(0));
            own.into_iter().chain(fields.iter().flat_map(|field| first_choice(&field.value))).collect()
        }
        Kind::List(_) | Kind::Scalar { .. } => Vec::new(),
    }
}

/// A selector below a list, so that it is looked at itself.
fn in_list(selector: &Node) -> Node {
    Node { kind: Kind::List(vec![selector.clone()]), at: selector.at }
}

/// Goods without a number of their own are the campaign's.
fn named_for(campaign: &str, product: &mut Product) {
    if product.sku.as_str().starts_with("GOODS-") {
        product.sku = Sku::parse(&format!("{campaign}-{}", product.sku)).expect("an article");
    }
}

/// Whether a campaign that only counts has done so.
fn only_counted(counters: &[CounterMove], campaign: Option<&Campaign>) -> bool {
    let Some(campaign) = campaign.filter(|campaign| campaign.counts() && campaign.counts_every().is_none()) else { return false };
    counters.iter().any(|moved| moved.campaign == *campaign.id() && moved.counted_milli > 0)
}

/// An answer of the form that a fact asks for; none: any text is one.
fn answer_of(form: AnswerForm) -> Option<String> {
    match form {
        AnswerForm::Text => None,
        AnswerForm::YesNo => Some("yes".to_owned()),
        AnswerForm::Number { most, .. } => Some(most.to_string()),
    }
}

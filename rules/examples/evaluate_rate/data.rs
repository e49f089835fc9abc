//! A receipt of 12 lines and 100 campaigns, about 15 of which are candidates: what an evaluation is measured on.

use std::fmt::Write;

use jiff::Timestamp;
use tessera_rules::catalogue::{Catalogue, Product};
use tessera_rules::id::{ChannelId, CustomerId, LineId, ReceiptId, Sku, StoreId, TillId};
use tessera_rules::money::{Currency, Quantity, UnitPrice, extend};
use tessera_rules::receipt::{Attribute, Explain, Line, Measure, Place, PriceReason, Receipt, Stage};
use tessera_rules::standing::{CustomerStanding, Standing};
use tessera_rules::{Revision, Source};

pub(crate) fn revision() -> Revision {
    revision_with(10)
}

/// Campaigns of every kind, those off a price by so many percent.
pub(crate) fn revision_with(percent: usize) -> Revision {
    let mut text = String::from(
        "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nassets:\n- {id: points, kind: points, worth_minor: 1}\ncampaigns:\n",
    );
    for number in 0..100 {
        let manner = format!("- {{id: c{number}, name: Campaign number {number}, group: g{}, ", number % 20);
        let what = match number % 10 {
            0 if number < 20 => "points: {per: 1.00, units: 1}".to_owned(),
            1 if number < 20 => "spend: {at_least: 20.00, give: {amount: 2.00}}".to_owned(),
            2 => format!("on: {{attribute: {{brand: B{number}}}}}, n_for_m: {{take: 3, pay: 2}}"),
            3 => format!("on: {{category: c{}/s{number}}}, count: {{every: 10, give: {{points: {{units: 5}}}}}}", number % 7),
            4 => format!("on: {{sku: [P{number}, P{}]}}, extra_units: {{every: 2, add: 1}}", number + 100),
            _ => format!("on: {{sku: [P{number}, P{}, P{}]}}, percent_off: {percent}", number + 100, number + 200),
        };
        writeln!(text, "{manner}{what}}}").unwrap();
    }
    Revision::compile(1, Timestamp::UNIX_EPOCH, &[Source { name: "rate".into(), text }]).unwrap().revision
}

pub(crate) fn catalogue() -> Catalogue {
    let product = |number: usize| {
        let mut product = Product::new(Sku::parse(&format!("P{number}")).unwrap(), "Something");
        product.categories = vec![format!("c{}", number % 7).into(), format!("c{}/s{}", number % 7, number % 100).into()];
        product.attributes = [("brand", number % 100), ("colour", number % 10), ("size", number % 5)]
            .map(|(name, value)| Attribute { name: name.into(), value: format!("B{value}").into() })
            .to_vec();
        product
    };
    Catalogue::new(1, (0..10_000).map(product).collect()).unwrap()
}

pub(crate) fn receipt() -> Receipt {
    let currency = Currency::from_code("GBP").unwrap();
    let line = |place: usize| {
        let (quantity, unit_price) = (Quantity::from_milli(3_000), UnitPrice::from_micros(1_990_000));
        Line {
            id: LineId::parse(&(place + 1).to_string()).unwrap(),
            sku: Sku::parse(&format!("P{}", [5, 12, 24, 37, 46, 58, 103, 122, 134, 166, 9_001, 9_002][place])).unwrap(),
            quantity,
            measure: Measure::Counted,
            unit_price,
            amount: extend(quantity, unit_price, currency).unwrap(),
            regular_unit_price: None,
            price_reason: PriceReason::Regular,
            tax_code: None,
            marks: Vec::new(),
            no_discount: false,
            no_earn: false,
            attributes: Vec::new(),
        }
    };
    Receipt {
        id: ReceiptId::parse("r").unwrap(),
        place: Place { store: StoreId::parse("S").unwrap(), till: TillId::parse("T").unwrap(), cashier: None },
        sold_at: Timestamp::UNIX_EPOCH,
        business_date: "2026-11-22".parse().unwrap(),
        currency,
        stage: Stage::Total,
        lines: (0..12).map(line).collect(),
        codes: Vec::new(),
        redeem: Vec::new(),
        tenders: Vec::new(),
        declined: Vec::new(),
        choices: Vec::new(),
        given: Vec::new(),
        training: false,
        offers_max: None,
        channel: ChannelId::till(),
        language: None,
        explain: Explain::Nothing,
    }
}

pub(crate) fn standing() -> Standing {
    let customer = CustomerStanding {
        customer: CustomerId::parse("c").unwrap(),
        blocked: false,
        tiers: Vec::new(),
        tiers_until: Vec::new(),
        available: Vec::new(),
        counters: Vec::new(),
        counters_promised: Vec::new(),
        uses: Vec::new(),
        uses_by_member: Vec::new(),
        facts: Vec::new(),
        lists: Vec::new(),
        enrolled_at: None,
        visits: 1,
        habits: tessera_rules::habits::Habits::default(),
        seen: Vec::new(),
        staff: Vec::new(),
    };
    Standing { customer: Some(customer), ..Standing::default() }
}

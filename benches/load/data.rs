//! The program, the products and the receipts: 100 campaigns, about 15 of which are candidates on a receipt
//! of 12 lines, as in `rules/examples/evaluate_rate`; beside them a prompt and offers.

use std::fmt::Write as _;

use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::sold::sold_as_quoted;
use tessera_proto::billing::v1;
use tessera_rules::catalogue::Product;
use tessera_rules::id::Sku;
use tessera_rules::receipt::Attribute;
use tessera_rules::revision::Source;

const LINES: usize = 12;
/// What is bought that a campaign is on, the rest of the lines being on none.
const LINES_WITH_CAMPAIGN: usize = 10;

/// The program.
pub(crate) fn program(campaigns: usize) -> Source {
    let mut text = String::from(
        "program: load\nlanguage: 1\nname: Load\ncurrency: GBP\nassets:\n- {id: points, kind: points, worth_minor: 1}\n\
         facts:\n- {id: surname, valid_for_days: 365, ask: {when: always}, text: Your surname?}\ncampaigns:\n",
    );
    for number in 0..campaigns {
        let head = format!("- {{id: c{number}, name: Campaign number {number}, group: g{}, ", number % 20);
        writeln!(text, "{head}{}}}", mechanic(number)).unwrap();
    }
    Source { name: "load.yaml".to_owned(), text }
}

fn mechanic(number: usize) -> String {
    match number % 10 {
        0 if number < 20 => "points: {per: 1.00, units: 1}".to_owned(),
        1 if number < 20 => "spend: {at_least: 20.00, give: {amount: 2.00}}".to_owned(),
        2 => format!("on: {{attribute: {{brand: B{number}}}}}, n_for_m: {{take: 3, pay: 2}}"),
        3 => format!("on: {{category: c{}/s{number}}}, count: {{every: 10, give: {{points: {{units: 5}}}}}}", number % 7),
        4 => format!("on: {{sku: [P{number}, P{}]}}, extra_units: {{every: 2, add: 1}}", number + 100),
        9 if number == 99 => "offer: {to: {category: c1}, suggest: {attribute: {brand: B99}}, limit: 3}".to_owned(),
        _ => format!("on: {{sku: [P{number}, P{}, P{}]}}, percent_off: 10", number + 100, number + 200),
    }
}

/// The products.
pub(crate) fn products(count: usize) -> Vec<Product> {
    let product = |number: usize| {
        let mut product = Product::new(Sku::parse(&format!("P{number}")).unwrap(), "Something");
        product.categories = vec![format!("c{}", number % 7).into(), format!("c{}/s{}", number % 7, number % 100).into()];
        product.attributes = [("brand", number % 100), ("colour", number % 10), ("size", number % 5)]
            .map(|(name, value)| Attribute { name: name.into(), value: format!("B{value}").into() })
            .to_vec();
        product
    };
    (0..count).map(product).collect()
}

/// Whether a product below 200 has a campaign of its own that promises nothing scarce: a counter's
/// threshold is held on disk, and that is not what a quote's figure is about.
fn has_plain_campaign(number: usize) -> bool {
    let campaign = number % 100;
    campaign % 10 != 3 && campaign != 99 && (campaign >= 20 || campaign % 10 > 1)
}

/// What a customer buys: other products than the next customer.
fn skus(customer: usize) -> Vec<usize> {
    let with: Vec<usize> = (0..200).filter(|number| has_plain_campaign(*number)).collect();
    // A stride that shares no divisor with the count of products takes none twice.
    let campaign = (0..LINES_WITH_CAMPAIGN).map(|line| with[(customer * 31 + line * 37) % with.len()]);
    let plain = (LINES_WITH_CAMPAIGN..LINES).map(|line| 2_001 + (customer % 20) * 100 + line * 10);
    campaign.chain(plain).collect()
}

/// A customer's receipt, with an id that is still to be given.
pub(crate) fn receipt(customer: usize, now: Timestamp) -> v1::Receipt {
    let line = |(place, number): (usize, usize)| v1::Line {
        line_id: (place + 1).to_string(),
        sku: format!("P{number}"),
        quantity_milli: 3_000,
        unit_price_micros: 1_990_000,
        amount_minor: 597,
        tax_code: if place % 4 == 0 { "B" } else { "A" }.to_owned(),
        ..Default::default()
    };
    let identity = v1::customer_identity::Identity::CardNumber(format!("LOAD{customer:08}"));
    v1::Receipt {
        sold_at: Some(timestamp_to_wire(now)),
        business_date: now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string(),
        store_id: format!("S{}", customer % 40),
        till_id: format!("T{}", customer % 1_000),
        cashier_id: "C7".to_owned(),
        customer: Some(v1::CustomerIdentity { identity: Some(identity), entry_method: 0 }),
        currency_code: "GBP".to_owned(),
        lines: skus(customer).into_iter().enumerate().map(line).collect(),
        ..Default::default()
    }
}

/// A receipt id that none had before in this storage.
pub(crate) fn receipt_id(sequence: u64) -> String {
    format!("S1/T1/{sequence}/LOAD")
}

/// The first quote of a receipt.
pub(crate) fn quote(receipt: v1::Receipt) -> v1::QuoteRequest {
    v1::QuoteRequest { receipt: Some(receipt), stage: i32::from(v1::QuoteStage::Total), quote_no: 1, ..Default::default() }
}

/// The receipt paid as quoted.
pub(crate) fn settle(request: v1::QuoteRequest, quoted: &v1::QuoteResponse) -> v1::SettleRequest {
    let answer = quoted.answer.as_ref().unwrap();
    let (mut receipt, added_lines) = sold_as_quoted(&request.receipt.unwrap(), answer);
    receipt.tenders = vec![v1::Tender {
        kind: i32::from(v1::TenderKind::Card),
        amount_minor: answer.totals_after.as_ref().unwrap().due_minor,
        ..Default::default()
    }];
    v1::SettleRequest { receipt: Some(receipt), added_lines, quote_token: quoted.quote_token.clone(), ..Default::default() }
}

/// The receipt paid as rung up, without having been quoted.
pub(crate) fn settle_unquoted(receipt: v1::Receipt) -> v1::SettleRequest {
    v1::SettleRequest { receipt: Some(receipt), ..Default::default() }
}

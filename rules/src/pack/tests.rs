//! What is in a pack and what is not, and that it decides as the whole revision does on a sale to nobody known.

use jiff::Timestamp;

use super::{LeftOut, Pack, pack, reasons};
use crate::catalogue::{Catalogue, Product};
use crate::id::{Sku, StoreId};
use crate::limits::PACK_CAMPAIGNS_MAX;
use crate::receipt::Attribute;
use crate::revision::{Revision, Source};

const HEAD: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nfour_eyes: true\nclaim_within_hours: 3\nassets:\n- {id: points, kind: points, worth_minor: 1}\ntiers:\n- {id: gold, reached: {counter: counts, at_least: 3}}\nfacts:\n- {id: born, text: Born?}\nsegments:\n- {id: golden, tier: gold}\nzones:\n- {id: city, stores: [S1, S2]}\ncodes:\n- {code: ONCE, single_use: true}\n";
const LIMITS: &str = "limits:\n- {id: basket, per_receipt: {value: 5.00}, campaigns: [cheap, narrow, points]}\n- {id: wide, per_day: {value: 50.00}, campaigns: [daily]}\n";

fn compiled(sources: &[Source]) -> Revision {
    Revision::compile(7, Timestamp::UNIX_EPOCH, sources).unwrap_or_else(|error| panic!("{error}")).revision
}

fn source(text: String) -> Vec<Source> {
    vec![Source { name: "p.yaml".into(), text }]
}

fn packed(text: String, products: Vec<Product>, stores: &[&str]) -> Pack {
    let sources = source(text);
    let stores: Vec<StoreId> = stores.iter().map(|store| StoreId::parse(store).unwrap()).collect();
    let made = pack(&compiled(&sources), &sources, &Catalogue::new(1, products).unwrap(), &stores).unwrap();
    let again = compiled(&made.sources);
    let ids: Vec<_> = again.campaigns().iter().map(|campaign| campaign.id().clone()).collect();
    assert_eq!(ids, made.campaigns, "a pack compiles to its campaigns in their order");
    made
}

#[test]
fn each_campaign_is_in_the_pack_or_left_out_with_its_reason() {
    let table = [
        ("percent_off: 5, fallback: {points: points}", None),
        ("percent_off: 5, when: {condition: receipt.lines.size() > 2}", None),
        ("percent_off: 5, zones: [city]", None),
        ("percent_off: 5, when: \"receipt.tenders.exists(t, t.amount > 3)\"", None),
        ("spend: {at_least: 5.00, give: {gift: {sku: MUG}}}", None),
        ("percent_off: 5, limits: {per_receipt: 2}", None),
        ("percent_off: 5, segments: [golden]", Some(LeftOut::Customer)),
        ("percent_off: 5, tiers: gold", Some(LeftOut::Customer)),
        ("percent_off: 5, customers_only: true", Some(LeftOut::Customer)),
        ("percent_off: 5, coupon_only: true", Some(LeftOut::Customer)),
        ("percent_off: 5, control_group: 10", Some(LeftOut::Customer)),
        ("percent_off: 5, requires_answers: born", Some(LeftOut::Customer)),
        ("percent_off: 5, limits: {per_customer: 2}", Some(LeftOut::Customer)),
        ("percent_off: 5, when: account.visits > 2", Some(LeftOut::Customer)),
        ("points: {per: 1.00, units: 1}", Some(LeftOut::Customer)),
        ("percent_off: 5, code: ONCE", Some(LeftOut::Code)),
        ("percent_off: 5, budget: {uses: 9}", Some(LeftOut::Limit)),
        ("offer: {to: {category: a}, suggest: {category: b}}", Some(LeftOut::Offer)),
        ("offer: {to: {category: a}, suggest: {category: b, where: account.visits > 2}}", Some(LeftOut::Customer)),
        ("percent_off: 5, stores: [S9]", Some(LeftOut::Elsewhere)),
    ];
    for (what, reason) in table {
        let counter = "- {id: counts, name: C, count: {every: 3, give: {points: {units: 1, asset: points}}}}\n";
        let made = packed(format!("{HEAD}campaigns:\n{counter}- {{id: one, name: N, {what}}}\n"), vec![], &["S1"]);
        let found = made.left_out.iter().find(|(id, _)| id.as_str() == "one").map(|(_, reason)| *reason);
        assert_eq!(found, reason, "{what}");
        assert_eq!(made.campaigns.len(), usize::from(reason.is_none()), "{what}");
    }
}

#[test]
fn limits_that_campaigns_share_are_in_the_pack_where_they_are_about_the_receipt() {
    let text = format!(
        "{HEAD}{LIMITS}campaigns:\n- {{id: counts, name: C, count: {{every: 3, give: {{points: {{units: 1, asset: points}}}}}}}}\n- {{id: cheap, name: N, percent_off: 5}}\n- {{id: narrow, name: N, percent_off: 5}}\n- {{id: daily, name: N, percent_off: 5}}\n- {{id: points, name: N, percent_off: 5, tiers: gold}}\n"
    );
    let made = packed(text, vec![], &[]);
    let ids: Vec<_> = made.campaigns.iter().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["cheap", "narrow"]);
    assert_eq!(reasons(&made.left_out).into_iter().collect::<Vec<_>>(), [(LeftOut::Customer, 2), (LeftOut::Limit, 1)]);
    assert!(made.sources[0].text.contains("basket") && !made.sources[0].text.contains("wide"), "{}", made.sources[0].text);
}

#[test]
fn texts_of_any_characters_come_through_the_cut() {
    let name = "He said: \\\"5 % off\\\", 日本 – 'yes' # no\\u2028{x}";
    let text = format!(
        "{HEAD}campaigns:\n- {{id: counts, name: C, count: {{every: 3, give: {{points: {{units: 1, asset: points}}}}}}}}\n- {{id: one, name: \"{name}\", percent_off: 5, text: {{en: \"- a: b\", de: \"ja\\\\nein\"}}}}\n"
    );
    let sources = source(text.clone());
    let (whole, cut) = (compiled(&sources), compiled(&packed(text, vec![], &[]).sources));
    let find = |revision: &Revision| {
        let one = revision.campaigns().iter().find(|campaign| campaign.id().as_str() == "one").unwrap();
        (one.name().clone(), one.text().clone())
    };
    assert_eq!(find(&whole), find(&cut));
}

#[test]
fn a_pack_has_the_products_that_its_campaigns_are_about_and_those_that_behave_otherwise() {
    let product = |sku: &str, change: fn(&mut Product)| {
        let mut product = Product::new(Sku::parse(sku).unwrap(), sku);
        change(&mut product);
        product
    };
    let products = vec![
        product("APPLE", |product| product.categories = vec!["fruit".into()]),
        product("BRICK", |product| product.categories = vec!["tools".into()]),
        product("WINE", |product| product.no_discount = true),
        product("MUG", |_| {}),
        product("RED", |product| product.attributes = vec![Attribute { name: "colour".into(), value: "red".into() }]),
        product("BLUE", |product| product.attributes = vec![Attribute { name: "colour".into(), value: "blue".into() }]),
    ];
    let table = [
        ("percent_off: 5, on: {category: fruit}", &["APPLE", "WINE"][..]),
        ("percent_off: 5, on: {category: fruit, except: {attribute: {colour: red}}}", &["APPLE", "RED", "WINE"]),
        ("spend: {at_least: 5.00, give: {gift: {sku: MUG}}}", &["MUG", "WINE"]),
        (
            "mix_and_match: {groups: [{units: 1, on: {sku: RED}}, {units: 1, on: {sku: BLUE}}], price: 2.00}",
            &["BLUE", "RED", "WINE"],
        ),
        ("percent_off: 5, on: {where: line.amount > 5}", &["APPLE", "BLUE", "BRICK", "MUG", "RED", "WINE"]),
        ("points: {per: 1.00, units: 1}", &[]),
    ];
    for (what, expected) in table {
        let counter = "- {id: counts, name: C, count: {every: 3, give: {points: {units: 1, asset: points}}}}\n";
        let made = packed(format!("{HEAD}campaigns:\n{counter}- {{id: one, name: N, {what}}}\n"), products.clone(), &[]);
        let skus: Vec<_> = made.products.iter().map(|product| product.sku.as_str()).collect();
        assert_eq!(skus, expected, "{what}");
    }
}

#[test]
fn more_than_a_pack_may_have_is_left_out_from_the_end_and_the_same_is_made_again() {
    let campaigns: String =
        (0..PACK_CAMPAIGNS_MAX + 3).map(|number| format!("- {{id: c{number:05}, name: N, percent_off: 5}}\n")).collect();
    let text = format!("program: p\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n{campaigns}");
    let made = packed(text.clone(), vec![], &[]);
    assert_eq!(made.campaigns.len(), PACK_CAMPAIGNS_MAX);
    let left: Vec<_> = made.left_out.iter().map(|(id, reason)| (id.as_str(), *reason)).collect();
    assert_eq!(left, [("c05000", LeftOut::Full), ("c05001", LeftOut::Full), ("c05002", LeftOut::Full)]);
    assert_eq!(packed(text, vec![], &[]), made);

    // More products than there is room for leave no campaign that needs them.
    let long = "x".repeat(500);
    let many: Vec<Product> = (0..40_000).map(|n| Product::new(Sku::parse(&format!("A{n}")).unwrap(), &long)).collect();
    let text = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n- {id: one, name: N, percent_off: 5, on: {where: line.amount > 5}}\n";
    let made = packed(text.to_owned(), many, &[]);
    assert_eq!((made.campaigns.len(), made.products.len()), (0, 0));
}

#[test]
fn of_too_many_products_as_many_campaigns_are_in_the_pack_as_fit() {
    // Each campaign needs a tenth of the products, of which a pack has room for about seven tenths.
    let long = "x".repeat(500);
    let product = |number: usize| {
        let mut product = Product::new(Sku::parse(&format!("A{number}")).unwrap(), &long);
        product.categories = vec![format!("c{}", number % 10).into()];
        product
    };
    let campaigns: String =
        (0..10).map(|number| format!("- {{id: c{number}, name: N, percent_off: 5, on: {{category: c{number}}}}}\n")).collect();
    let text = format!("program: p\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n{campaigns}");
    let made = packed(text, (0..40_000).map(product).collect(), &[]);
    let room = crate::limits::PACK_BYTES_MAX / (super::products::bytes(&made.products) / made.campaigns.len());
    assert_eq!(made.campaigns.len(), room);
    assert!((6..10).contains(&room), "{room}: halves and tenths are told apart");
}

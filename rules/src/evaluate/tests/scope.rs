//! Conditions on a whole case: every declared variable is provided, and has the value that people expect.

use super::fixture::{catalogue, customer, known, noon, points, receipt, revision};
use crate::cel::{Environment, EvalFault, Kind, Scalar, Subject, Value, check, condition, parse};
use crate::evaluate::case::Case;
use crate::evaluate::scope::Facts;
use crate::id::{CampaignId, FactId, SegmentId, TierId};
use crate::money::{Amount, UnitPrice};
use crate::receipt::{Attribute, PriceReason, Receipt, Tender, TenderKind};
use crate::standing::{CounterStanding, FactStanding, Standing, Uses};

const BODY: &str = "time_zone: Europe/Zurich\ntiers: [{id: gold, name: Gold}]\nsegments:\n- {id: seniors, list: seniors}\n- {id: golden, tier: [gold]}\nzones:\n- {id: city, stores: [S1, S2]}\n- {id: country, stores: [S3]}\n";

fn basket() -> Receipt {
    let mut receipt = receipt("MILK 3x0.99 CHEESE 0.250kgx9.98 PENNE 1x1.50 DEPOSIT 1x0.25");
    receipt.lines[2].regular_unit_price = Some(UnitPrice::from_micros(2_000_000));
    receipt.lines[2].price_reason = PriceReason::Markdown;
    receipt.lines[2].attributes =
        ["Own", "Best", "Own"].map(|value| Attribute { name: "brand".into(), value: value.into() }).to_vec();
    receipt.codes = vec!["X1".into()];
    receipt.tenders = vec![Tender { kind: TenderKind::Card, amount: Amount::from_minor(500) }];
    receipt
}

fn uses(uses: i64) -> crate::usage::Usage {
    crate::usage::Usage { uses, ..crate::usage::Usage::NONE }
}

fn member() -> Standing {
    known(|customer| {
        customer.tiers = vec![(crate::id::ProgramId::parse("p").unwrap(), TierId::parse("gold").unwrap())];
        customer.available = vec![points(150)];
        for day in [1, 8, 15, 20] {
            customer.habits.visit(jiff::civil::date(2026, 11, day), 16);
        }
        let campaign = CampaignId::parse("bottles").unwrap();
        customer.counters = vec![CounterStanding {
            campaign: campaign.clone(),
            counted_milli: 7_000,
            rewarded: 0,
            calendar: None,
            stretches: Vec::new(),
        }];
        customer.uses = vec![Uses { campaign, ever: uses(4), today: uses(1), this_month: uses(2) }];
        let fact = |name: &str, value: Option<&str>| FactStanding {
            fact: FactId::parse(name).unwrap(),
            known_at: noon(),
            confirmed: value.is_some(),
            code_sent: false,
            redeem_code: crate::standing::CodeForRedeem::CanBeSent,
            value: value.map(Into::into),
        };
        customer.facts = vec![
            fact("birthday", Some("1990-11-22")),
            fact("children", Some("3")),
            fact("runner", Some("yes")),
            fact("surname", None),
        ];
        customer.lists = vec![SegmentId::parse("seniors").unwrap()];
        customer.enrolled_at = Some("2026-11-20T13:00:00Z".parse().unwrap());
    })
}

fn check_all(subject: Subject, line: Option<usize>, standing: &Standing, table: &[(&str, Result<bool, EvalFault>)]) {
    let (revision, catalogue, receipt) = (revision(BODY), catalogue(), basket());
    let case = Case::new(&revision, &catalogue, standing, &receipt, noon());
    let facts = Facts::new(&case);
    for (text, expected) in table {
        let expression = condition(text, &Environment::of_program(subject)).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let found = expression.holds(&facts.scope(0, line), &mut 10_000).map_err(|error| error.fault);
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn conditions_on_lines_see_what_was_rung_up_and_what_the_catalogue_says() {
    let penne = [
        ("line.sku == 'PENNE' && line.id == '3'", Ok(true)),
        ("line.amount == 1.5 && line.unit_price == 1.50 && line.regular_price == 2", Ok(true)),
        ("line.price_reason == 'markdown' && !line.measured && line.quantity == 1", Ok(true)),
        ("line.attribute['brand'] == 'Best' && line.values['brand'] == ['Best', 'Own', 'Own']", Ok(true)),
        ("'Own' in line.values.brand && !('brands' in line.values)", Ok(true)),
        ("line.category == 'food/pasta' && line.categories == ['food', 'food/pasta']", Ok(true)),
        ("has(line.attribute.price) || has(line.attribute['sku']) || has(line.tax_code)", Ok(false)),
        ("line.kind == 'goods' && line.takes_discount && line.earns", Ok(true)),
        ("receipt.lines.exists(l, l.id != line.id && l.amount < line.amount)", Ok(true)),
        ("receipt.lines[0].attribute['kind'] == 'bottle' && lines[0].quantity == 3", Ok(true)),
        ("line.attribute['colour'] == 'red'", Err(EvalFault::Missing)),
    ];
    check_all(Subject::Line, Some(2), &customer(), &penne);
    let cheese = [
        ("line.measured && line.quantity == 0.250 && line.unit_price == 9.98", Ok(true)),
        ("has(line.name) || has(line.category)", Ok(false)),
        ("line.categories.size() == 0 && line.kind == 'goods' && line.regular_price == line.unit_price", Ok(true)),
    ];
    check_all(Subject::Line, Some(1), &customer(), &cheese);
    let deposit = [("line.kind == 'deposit' && !line.takes_discount && !line.earns", Ok(true))];
    check_all(Subject::Line, Some(3), &customer(), &deposit);
    check_all(Subject::Line, None, &customer(), &[("line.sku == 'MILK'", Err(EvalFault::Missing))]);
}

#[test]
fn conditions_on_receipts_see_receipt_store_and_local_time() {
    let table = [
        ("receipt.amount == 7.22 && receipt.amount == lines.sum(l, l.amount)", Ok(true)),
        ("receipt.store == 'S1' && receipt.till == 'T1' && receipt.?cashier.orValue('') == 'C1'", Ok(true)),
        ("receipt.currency == 'GBP' && receipt.stage == 'total' && !receipt.training", Ok(true)),
        ("receipt.codes == ['X1'] && 'X1' in receipt.codes && has(receipt.language)", Ok(false)),
        ("receipt.tenders.exists(t, t.kind == 'card' && t.amount == 5)", Ok(true)),
        ("receipt.business_date == date('2026-11-22') && receipt.sold_at == time.now", Ok(true)),
        ("store.id == 'S1' && store.zones == ['city']", Ok(true)),
        ("time.hour == 13 && time.minute == 0 && time.weekday == 'sunday'", Ok(true)),
        ("time.year == 2026 && time.month == 11 && time.day == 22 && time.date == time.now.toDate()", Ok(true)),
        ("time.now.getHours() == time.hour && time.date.getDayOfWeek() == 0", Ok(true)),
    ];
    check_all(Subject::Receipt, None, &customer(), &table);
}

#[test]
fn conditions_on_customers_see_the_account() {
    let table = [
        ("customer.known && customer.tier == 'gold' && customer.segments == ['seniors', 'golden']", Ok(true)),
        ("'seniors' in customer.lists && customer.enrolled_days == 1", Ok(true)),
        ("time.now - customer.enrolled_at == duration('47h')", Ok(true)),
        ("account.balance['points'] == 150 && account.balance.fine == 0 && !('gems' in account.balance)", Ok(true)),
        ("account.counter['bottles'] == 7 && account.counter['boxes'] == 0", Ok(true)),
        ("account.uses.bottles == 4 && account.uses_today.bottles == 1 && account.visits == 3", Ok(true)),
        ("date(customer.fact.birthday).getMonth() == time.date.getMonth()", Ok(true)),
        ("has(customer.fact.surname) || customer.confirmed.surname || !customer.confirmed.birthday", Ok(false)),
        ("customer.fact.surname == 'x'", Err(EvalFault::Missing)),
        ("customer.number['children'] > 2 && customer.yes['runner'] && !has(customer.number.runner)", Ok(true)),
    ];
    check_all(Subject::Customer, None, &member(), &table);
}

#[test]
fn without_a_customer_or_with_a_blocked_one_nothing_is_known_and_nothing_is_owned() {
    let table = [
        ("customer.known || has(customer.tier) || has(customer.enrolled_at) || has(customer.enrolled_days)", Ok(false)),
        ("customer.segments.size() + customer.lists.size() + account.visits + account.uses['bottles'] == 0", Ok(true)),
        ("account.balance['points'] == 0 && account.counter['bottles'] == 0", Ok(true)),
        ("customer.tier == 'gold'", Err(EvalFault::Missing)),
        ("has(customer.fact.birthday) || has(customer.confirmed.birthday)", Ok(false)),
    ];
    check_all(Subject::Customer, None, &Standing::default(), &table);
    let mut blocked = member();
    blocked.customer.as_mut().unwrap().blocked = true;
    check_all(Subject::Customer, None, &blocked, &table);
}

#[test]
fn every_declared_variable_is_provided_in_its_kind() {
    let (revision, catalogue, standing) = (revision(BODY), catalogue(), member());
    let mut receipt = basket();
    receipt.language = Some("en".into());
    receipt.lines[2].tax_code = Some(crate::id::TaxCode::parse("T1").unwrap());
    let case = Case::new(&revision, &catalogue, &standing, &receipt, noon());
    let facts = Facts::new(&case);
    let records = |subject: Subject| Environment::of_program(subject).records().to_vec();
    let names = [
        ("attribute", "brand"),
        ("values", "brand"),
        ("fact", "birthday"),
        ("confirmed", "birthday"),
        ("number", "children"),
        ("yes", "runner"),
        ("balance", "points"),
    ];
    let products = records(Subject::Product).into_iter().filter(|record| record.name == "product");
    let about =
        records(Subject::Line).into_iter().filter(|record| record.name != "product").map(|record| (Subject::Line, record));
    for (subject, record) in about.chain(products.map(|record| (Subject::Product, record))) {
        let environment = Environment::of_program(subject);
        let owner = if record.name == "tender" { "receipt.tenders[0]" } else { record.name.as_str() };
        for field in &record.fields {
            let name = names.iter().find(|(known, _)| *known == field.name).map_or("bottles", |(_, name)| name);
            let (text, kind) = match field.kind {
                Kind::One(kind) => (format!("{owner}.{}", field.name), kind),
                Kind::Named(kind) => (format!("{owner}.{}['{name}']", field.name), kind),
                Kind::List(kind) => (format!("{owner}.{}[0]", field.name), kind),
                Kind::NamedList(kind) => (format!("{owner}.{}['{name}'][0]", field.name), kind),
            };
            let expr = parse(&text).unwrap();
            let expression = check(&expr, &environment, kind).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
            let scope = match subject {
                Subject::Product => facts.product_scope(0, catalogue.entry(&receipt.lines[2].sku).unwrap()),
                Subject::Line | Subject::Receipt | Subject::Customer => facts.scope(0, Some(2)),
            };
            let value = expression.eval(&scope, &mut 100).unwrap_or_else(|error| panic!("{text}: {error}"));
            let found = match value {
                Value::Bool(_) => Scalar::Bool,
                Value::Int(_) => Scalar::Int,
                Value::Decimal(_) => Scalar::Decimal,
                Value::Text(_) => Scalar::Text,
                Value::Timestamp(_) => Scalar::Timestamp,
                Value::Duration(_) => Scalar::Duration,
                Value::Date(_) => Scalar::Date,
                Value::Record(_) => continue,
            };
            assert_eq!(found, kind, "{text}");
        }
    }
}

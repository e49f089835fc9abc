//! What a settle says was sold.

use tessera_proto::billing::v1;
use tessera_rules::money::Amount;

use super::settle_faults;
use crate::read::read_settle;
use crate::sample;
use crate::sold::is_own_change;

fn first_line(settle: &mut v1::SettleRequest) -> &mut v1::Line {
    &mut settle.receipt.as_mut().expect("is there").lines[0]
}

#[test]
fn p6_parts_that_do_not_sum_to_the_line_are_refused() {
    type Row = (&'static str, fn(&mut v1::SettleRequest), &'static [&'static str]);
    let table: &[Row] = &[
        ("less than the line", |s| first_line(s).sold_parts[0].quantity_milli = 1_000, &["receipt.lines[0].sold_parts"]),
        ("more, by nobody", |s| first_line(s).sold_parts = vec![part(4_000, 597)], &["receipt.lines[0].sold_parts"]),
        ("amount without adjustment", |s| first_line(s).sold_parts[0].amount_minor = 399, &["receipt.lines[0].sold_parts"]),
        (
            "adjustment without amount",
            |s| first_line(s).sold_parts[1].adjustments[0].amount_minor = -200,
            &["receipt.lines[0].sold_parts"],
        ),
        ("negative part", |s| first_line(s).sold_parts[0].amount_minor = -1, &["receipt.lines[0].sold_parts[0].amount_minor"]),
        (
            "part of nothing",
            |s| first_line(s).sold_parts[0].quantity_milli = 0,
            &["receipt.lines[0].sold_parts[0].quantity_milli"],
        ),
        ("half a piece", |s| first_line(s).sold_parts[0].quantity_milli = 2_500, &["receipt.lines[0].sold_parts"]),
        ("65 parts", |s| first_line(s).sold_parts = vec![part(1_000, 0); 65], &["receipt.lines[0].sold_parts"]),
        (
            "another tax code",
            |s| first_line(s).sold_parts[1].adjustments[0].tax_code = "B".to_owned(),
            &["receipt.lines[0].sold_parts[1].adjustments[0].tax_code"],
        ),
        (
            "kept campaign id",
            |s| first_line(s).sold_parts[1].adjustments[0].campaign_id = "+till".to_owned(),
            &["receipt.lines[0].sold_parts[1].adjustments[0].campaign_id"],
        ),
        (
            "overflow",
            |s| first_line(s).sold_parts[1].adjustments[0].amount_minor = i64::MIN,
            &["receipt.lines[0].sold_parts[1].adjustments[0].amount_minor"],
        ),
        ("added line without parts", |s| s.added_lines[0].sold_parts.clear(), &["added_lines[0].sold_parts"]),
        ("added line of the till", |s| s.added_lines[0].line_id = "L9".to_owned(), &["added_lines[0].line_id"]),
        ("added line twice", |s| s.added_lines = vec![s.added_lines[0].clone(); 2], &["added_lines[1].line_id"]),
        (
            "added line with a price of nobody",
            |s| s.added_lines[0].sold_parts[0].amount_minor = 1,
            &["added_lines[0].sold_parts"],
        ),
        ("token too large", |s| s.quote_token = vec![0; 65_537].into(), &["quote_token"]),
        ("101 results", |s| s.instruction_results = vec![s.instruction_results[0].clone(); 101], &["instruction_results"]),
        ("11 offers", |s| s.offer_results = vec![s.offer_results[0].clone(); 11], &["offer_results"]),
    ];
    for (name, change, expected) in table {
        assert_eq!(settle_faults(change), *expected, "{name}");
    }
}

fn part(quantity_milli: i64, amount_minor: i64) -> v1::SoldPart {
    v1::SoldPart { quantity_milli, unit_price_micros: 0, amount_minor, adjustments: Vec::new() }
}

#[test]
fn p6_sold_lines_show_what_was_rung_up_what_was_paid_and_what_each_campaign_gave() {
    let input = read_settle(&sample::settle(), &sample::context()).expect("is good");
    let [first, second, added] = &*input.sold else { panic!("two lines and an added one") };
    assert_eq!((first.rung_up.minor(), first.paid().minor(), first.quantity().milli()), (597, 398, 3_000));
    assert_eq!(
        (second.rung_up, second.paid(), second.parts.len(), second.parts_were_sent),
        (second.rung_up, second.rung_up, 1, false)
    );
    assert_eq!((added.added, added.id.as_str(), added.paid()), (true, "+3.1", Amount::ZERO));
    assert_eq!(added.added_by.as_ref().map(|campaign| campaign.as_str()), Some("gift"));
    let given: Vec<(&str, i64)> =
        input.receipt.given.iter().map(|given| (given.campaign.as_str(), given.amount.minor())).collect();
    assert_eq!(given, [("three-for-two", 199), ("gift", 0)]);
    let lines: Vec<_> = input.receipt.given.iter().map(|given| given.line.as_ref()).collect();
    assert_eq!(lines, [Some(&first.id), None]);
    assert!(input.receipt.given[0].added.is_empty(), "the same goods for less");
    let [gift] = &*input.receipt.given[1].added else { panic!("one gift") };
    assert_eq!((&gift.sku, gift.quantity, gift.unit_price), (&added.sku, added.quantity(), None));
}

#[test]
fn p6_the_tills_own_change_is_kept_apart_from_campaigns() {
    let mut request = sample::settle();
    first_line(&mut request).sold_parts[1].adjustments[0].campaign_id.clear();
    let input = read_settle(&request, &sample::context()).expect("is good");
    assert!(is_own_change(&input.sold[0].parts[1].adjustments[0].campaign));
    assert_eq!(input.receipt.given.len(), 1, "the gift only");
}

#[test]
fn p6_units_that_a_campaign_added_may_exceed_the_line() {
    let mut request = sample::settle();
    let line = first_line(&mut request);
    line.sold_parts[1].quantity_milli = 2_000;
    let input = read_settle(&request, &sample::context()).expect("is good");
    assert_eq!(input.sold[0].quantity().milli(), 4_000);
}

#[test]
fn units_added_are_told_of_the_campaign_that_a_part_names_with_an_amount_of_zero() {
    let mut request = sample::settle();
    let line = first_line(&mut request);
    let free = v1::Adjustment { campaign_id: "one-more".to_owned(), ..Default::default() };
    line.sold_parts.push(v1::SoldPart { adjustments: vec![free], ..part(2_000, 0) });
    let input = read_settle(&request, &sample::context()).expect("is good");
    let told = input.receipt.given.iter().find(|given| given.campaign.as_str() == "one-more").expect("is told");
    let [units] = &*told.added else { panic!("once") };
    let rung_up = &input.receipt.lines[0];
    assert_eq!((told.amount, &units.sku, units.quantity.milli()), (Amount::ZERO, &rung_up.sku, 2_000));
    assert_eq!(units.unit_price, Some(rung_up.unit_price));
}

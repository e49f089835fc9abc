//! What one customer's outcome does to another's account, over the wire: the till, the carrier, the mirror, the reports.

use std::fs;

use serde_json::{Value, json};

use super::crm::{NOBODY, Shop, ledger_of, total};
use super::server::{printed, said};

const PROGRAM: &str = "
program: club
language: 1
name: Club
currency: GBP
time_zone: Europe/London
assets:
  - {id: points, kind: points, scale: 0, worth_minor: 1, expires: {after_days: 365}}
campaigns:
  - {id: base, name: One for a pound, points: {per: 1.00, units: 1}}
  - {id: welcome, name: Welcome, for: enrolment, grant: {give: {points: {units: 20}}}}
  - {id: soon, name: A friend enrolled, for: {referral: enrolment}, grant: {give: {points: {units: 3}}}}
  - {id: friend, name: A friend bought, for: {referral: first_receipt}, grant: {give: {points: {units: 500}}}}
";

/// Asks the till with a request in a file.
fn ask(shop: &Shop, call: &str, request: &Value) -> Value {
    let file = shop.folder.path().join("request.json");
    fs::write(&file, request.to_string()).unwrap();
    let ended = shop.till(&[call, file.to_str().unwrap()]);
    assert!(ended.status.success(), "{}", said(&ended));
    serde_json::from_slice(&ended.stdout).unwrap()
}

fn receipt(id: &str, card: &str) -> Value {
    json!({
        "receiptId": id, "storeId": "S1", "tillId": "T1", "currencyCode": "GBP",
        "customer": {"cardNumber": card, "entryMethod": "ENTRY_METHOD_SCANNED"},
        "lines": [{"lineId": "1", "sku": "TEA", "quantityMilli": "1000", "unitPriceMicros": "2000000", "amountMinor": "200"}],
    })
}

fn card_in(shop: &Shop, mirror_at: &str, card: &str) -> Value {
    serde_json::from_str(&printed(shop.crm(mirror_at, &["card", "--card", card, "--json"]))).unwrap()
}

#[test]
fn p5_p9_who_brings_a_customer_gets_it_once_in_the_mirror_the_reports_and_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("club.yaml");
    fs::write(&program, PROGRAM).unwrap();
    let shop = Shop::new(Some(&program));
    let (mirror, at) = shop.mirror();
    ask(&shop, "settle", &receipt("S1/T1/20261122/1/old", "4000100"));
    let enrolment = json!({
        "requestId": "S1/T1/20261122/2/enrol", "cardNumber": "4000200", "storeId": "S1", "dataConsent": true,
        "referredBy": {"cardNumber": "4000100"},
    });
    let enrolled = ask(&shop, "enrol", &enrolment);
    assert_eq!(enrolled["outcome"]["followUps"].as_array().map(Vec::len), Some(1), "{enrolled:#}");
    ask(&shop, "settle", &receipt("S1/T1/20261122/3/new", "4000200"));

    let referrer = loop {
        let card = card_in(&shop, &at, "4000100");
        if card["history"].as_array().is_some_and(|history| history.len() == 3) {
            break card;
        }
    };
    let kinds = referrer["history"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap());
    assert_eq!(kinds.filter(|kind| *kind == "OUTCOME_KIND_FOLLOW_UP").count(), 2, "{referrer:#}");
    assert_eq!(card_in(&shop, &at, "4000200")["history"].as_array().unwrap().len(), 2);

    let mut command = shop.asked(&at, "report", &["accrual", "--by", "campaign"]);
    let year: i32 = enrolled["outcome"]["bookingDate"].as_str().unwrap()[..4].parse().unwrap();
    command.args(["--from", &format!("{year}-01-01"), "--to", &format!("{}-12-31", year + 1), "--format", "json"]);
    let accrual: Value = serde_json::from_str(&printed(command)).unwrap();
    assert_eq!(accrual["check"]["agrees"], true, "{:#}", accrual["check"]);
    assert_eq!((total(&accrual, "issued"), total(&accrual, "closing")), (527, 527), "2 + 20 + 2, and 3 + 500: {accrual:#}");
    let balance: Value = serde_json::from_str(&printed(ledger_of(&shop))).unwrap();
    let mut rows = balance["rows"].as_array().unwrap().iter();
    assert!(rows.all(|row| row["book"] != "BOOK_KIND_TRANSFER"), "all of it has arrived: {balance:#}");

    drop(mirror);
    let rebuilt = printed(shop.crm(NOBODY, &["rebuild"]));
    assert!(rebuilt.starts_with("5 outcomes folded again") && rebuilt.contains("are equal"), "{rebuilt}");
    assert!(printed(shop.asked(NOBODY, "ledger", &["verify"])).contains("everything agrees"));
}

//! Brakes: cards that are used too often, at their owner's till, or for too much, and whoever looks at what they hold.

use std::sync::Arc;
use std::time::Duration;

use tessera_contract::signing::PrivateKey;
use tessera_ledger::review::Finding;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::card_service_server::CardService as _;
use tessera_proto::admin::v1::customer_service_server::CustomerService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::brakes::StaffOf;
use tessera_rules::id::{CashierId, CustomerId, ReceiptId};
use tessera_rules::revision::Source;
use tonic::{Code, Request, Status};

use super::super::testing::*;
use crate::directory::derived;
use crate::ledger::verify;
use crate::programs::people::{People, Person, Role};
use crate::{CardStatement, Cards, Customers, ReviewStatement};

const CARD: &str = "1001";
const PROGRAM: &str = "
program: careful
language: 1
name: Careful
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1}]
brakes:
  velocity: [{receipts_max: 2, at: cashier}]
  own_till: nothing
  review_above: [{asset: points, units: 1000}]
campaigns:
  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}
  - {id: cake, name: Cake, on: {sku: CAKE}, percent_off: 10}
";

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

async fn rig() -> Rig {
    let plain = Rig::new().await;
    let source = Source { name: "careful.yaml".to_owned(), text: PROGRAM.to_owned() };
    plain.engine.programs().publish(&[source], begin()).await.unwrap();
    let person = |name: &str, seed: u8, role| Person { name: name.to_owned(), key: key(seed).public(), roles: vec![role] };
    let finance = [person("Fia", 1, Role::Finance), person("Finn", 2, Role::Finance), person("Mark", 3, Role::Marketer)];
    let settings = crate::Settings { people: People::new(finance.into()).unwrap(), adjust_alone_units_max: 1_000, ..settings() };
    Rig::reopened(Arc::clone(&plain.storage), settings).await
}

fn bought(id: &str, pounds: i64) -> v1::Receipt {
    receipt(id, Some(CARD), vec![line("1", "OTHER", 1, pounds * 100)])
}

/// What is unusual, but for articles that no catalogue knows here.
fn flags(outcome: &v1::Outcome) -> Vec<v1::OutcomeFlag> {
    outcome.flags().filter(|flag| *flag != v1::OutcomeFlag::UnknownSku).collect()
}

fn signatures(text: &str, signers: &[u8]) -> Vec<admin::PersonSignature> {
    let sign = |seed: &u8| admin::PersonSignature {
        public_key: key(*seed).public().as_bytes().to_vec(),
        signature: key(*seed).sign(text).to_vec(),
    };
    signers.iter().map(sign).collect()
}

fn customer_of(rig: &Rig) -> CustomerId {
    derived(&rig.engine.core.keys.directory_name("card", CARD)).customer
}

async fn review(rig: &Rig, id: &str, (receipt, finding): (&str, Finding), signers: &[u8]) -> Result<v1::Outcome, Status> {
    let statement = ReviewStatement {
        id: ReceiptId::parse(id).unwrap(),
        customer: customer_of(rig),
        receipt: ReceiptId::parse(receipt).unwrap(),
        finding,
        reason: "looked at it".to_owned(),
    };
    let wire = match finding {
        Finding::Release => admin::ReviewFinding::Release,
        Finding::Refuse => admin::ReviewFinding::Refuse,
    };
    let request = admin::ReviewReceiptRequest {
        request_id: id.to_owned(),
        customer_id: statement.customer.to_string(),
        receipt_id: receipt.to_owned(),
        finding: i32::from(wire),
        reason: "looked at it".to_owned(),
        signatures: signatures(&statement.text(), signers),
    };
    let done = Customers::new(rig.engine.clone()).review_receipt(Request::new(request)).await?;
    Ok(done.into_inner().outcome.unwrap())
}

/// Receipts that are held, with the units of each.
async fn held(rig: &Rig, days: i32) -> Vec<(String, i64)> {
    let request = admin::ListHeldReceiptsRequest { days };
    let held = Customers::new(rig.engine.clone()).list_held_receipts(Request::new(request)).await.unwrap().into_inner();
    let units = |receipt: &admin::HeldReceipt| receipt.rewards.iter().map(|reward| reward.units).sum();
    held.receipts.iter().map(|receipt| (receipt.receipt_id.clone(), units(receipt))).collect()
}

/// What is held as the card shows it.
async fn on_card(rig: &Rig) -> Vec<(v1::Brake, i64)> {
    let request = v1::IdentifyRequest { customer: Some(customer(CARD)), store_id: "S1".to_owned(), ..Default::default() };
    let known = rig.billing.identify(Request::new(request)).await.unwrap().into_inner();
    let rewards = known.waiting_rewards.into_iter().filter_map(|waiting| waiting.reward);
    rewards.map(|reward| (reward.held_by(), reward.units)).collect()
}

async fn verified(rig: &Rig) {
    rig.outcomes().await;
    let verified = verify(rig.storage.as_ref(), 2, |_| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[tokio::test]
async fn h75_who_has_many_quotes_open_at_once_has_all_of_them_counted_when_they_are_paid() {
    let rig = rig().await;
    let mut quoted = Vec::new();
    for number in 0..4 {
        let cake = v1::Line { line_id: "2".to_owned(), ..line("2", "CAKE", 1, 1_000) };
        let mut sale = bought(&format!("r{number}"), 100);
        sale.lines.push(cake);
        let answer = rig.quote(quote(sale.clone())).await.unwrap();
        assert_eq!(answer.answer.as_ref().unwrap().rewards.iter().filter(|reward| reward.held_by != 0).count(), 0);
        quoted.push((sale, answer));
    }
    for (number, (sale, answer)) in quoted.into_iter().enumerate() {
        let outcome = rig.settle(as_quoted(sale, &answer)).await.unwrap().outcome.unwrap();
        let often = [v1::OutcomeFlag::DiffersFromQuote, v1::OutcomeFlag::CardUsedOften];
        let beyond = number >= 2;
        assert_eq!(flags(&outcome), if beyond { often.to_vec() } else { Vec::new() }, "{number}");
        assert_eq!(outcome.totals_after.as_ref().unwrap().amount_minor, 10_900, "prices stand");
        let earned = outcome.rewards.iter().find(|reward| reward.campaign_id == "earn").unwrap();
        let held = (v1::RewardWait::Review, v1::Brake::Velocity);
        let given = (v1::RewardWait::Unspecified, v1::Brake::Unspecified);
        assert_eq!((earned.waits_for(), earned.held_by()), if beyond { held } else { given });
    }
    assert_eq!(rig.points(CARD).await, 218);
    assert_eq!(on_card(&rig).await, [(v1::Brake::Velocity, 109); 2]);
    verified(&rig).await;
}

#[tokio::test]
async fn h75_h78_p5_what_is_held_is_seen_and_let_go_by_as_many_people_as_a_correction_of_as_much_needs() {
    let rig = rig().await;
    let sold = rig.sell(bought("large", 1_500)).await.outcome.unwrap();
    assert_eq!((flags(&sold), sold.postings.len()), (vec![v1::OutcomeFlag::UnitsAboveLimit], 0));
    assert_eq!((rig.points(CARD).await, held(&rig, 0).await), (0, vec![("large".to_owned(), 1_500)]));
    assert_eq!(on_card(&rig).await, [(v1::Brake::UnitsAbove, 1_500)]);
    for (signers, code) in [
        (&[][..], Code::Unauthenticated),
        (&[1], Code::Unauthenticated),
        (&[3], Code::PermissionDenied),
        (&[1, 3], Code::PermissionDenied),
        (&[1, 1], Code::PermissionDenied),
    ] {
        let refused = review(&rig, "go", ("large", Finding::Release), signers).await.unwrap_err();
        assert_eq!(refused.code(), code, "{signers:?}");
    }
    let other = review(&rig, "go", ("small", Finding::Release), &[1, 2]).await.unwrap_err();
    assert_eq!(other.code(), Code::InvalidArgument);
    let back = give_back("back", Some("large"), vec![("1", line("1", "OTHER", 1, 150_000))]);
    let preview = v1::ReturnRequest { mode: i32::from(v1::ReturnMode::Preview), ..back.clone() };
    rig.give_back(preview).await.unwrap();
    assert_eq!(held(&rig, 0).await.len(), 1, "a preview takes nothing");
    let released = review(&rig, "go", ("large", Finding::Release), &[1, 2]).await.unwrap();
    assert_eq!((released.kind(), released.adjusted_by.len()), (v1::OutcomeKind::Review, 2));
    assert_eq!(
        (released.adjustment_reason.as_str(), released.rewards[0].earned_by_receipt_id.as_str()),
        ("looked at it", "large")
    );
    assert_eq!((rig.points(CARD).await, held(&rig, 0).await.len(), on_card(&rig).await.len()), (1_500, 0, 0));
    assert_eq!(review(&rig, "go", ("large", Finding::Release), &[1, 2]).await.unwrap(), released, "a repeat");
    let conflict = review(&rig, "go", ("large", Finding::Refuse), &[1, 2]).await.unwrap_err();
    assert_eq!(reason(&conflict), v1::ErrorReason::Conflict);
    rig.give_back(back).await.unwrap();
    assert_eq!(rig.points(CARD).await, 0, "goods that come back take along what was released for them");
    verified(&rig).await;
}

#[tokio::test]
async fn h69_h75_a_trading_day_that_cannot_be_does_not_switch_a_brake_off() {
    let rig = rig().await;
    let on = |id: &str, day: &str| v1::Receipt { business_date: day.to_owned(), ..bought(id, 100) };
    let today = bought("any", 1).business_date;
    for (id, day) in [("r0", today.as_str()), ("far", "9999-12-31"), ("r1", &today), ("again", "9999-12-31"), ("r2", &today)] {
        rig.sell(on(id, day)).await;
    }
    // Two that were rung up far ahead are counted on the last day that they can be of; the third of today is one too many.
    assert_eq!(on_card(&rig).await.len(), 1, "{:?}", held(&rig, 1).await);
    rig.sell(on("once-more", "9999-12-31")).await;
    assert_eq!(on_card(&rig).await.len(), 2);
    verified(&rig).await;
}

#[tokio::test]
async fn h75_one_person_refuses_whatever_is_held_and_the_list_forgets_days_that_are_looked_through() {
    let rig = rig().await;
    rig.sell(bought("large", 5_000)).await;
    rig.pass(Duration::from_secs(24 * 60 * 60));
    assert!(held(&rig, 1).await.is_empty(), "it was not booked today");
    assert_eq!(held(&rig, 2).await, [("large".to_owned(), 5_000)]);
    let refused = review(&rig, "no", ("large", Finding::Refuse), &[2]).await.unwrap();
    assert!(refused.postings.is_empty() && refused.rewards.iter().all(|reward| reward.units == -5_000), "{refused:?}");
    assert!(held(&rig, 2).await.is_empty() && on_card(&rig).await.is_empty() && rig.points(CARD).await == 0);
    let gone = review(&rig, "late", ("large", Finding::Release), &[1, 2]).await.unwrap_err();
    assert_eq!(gone.code(), Code::InvalidArgument);
    let back = give_back("back", Some("large"), vec![("1", line("1", "OTHER", 1, 500_000))]);
    let outcome = rig.give_back(back).await.unwrap().outcome.unwrap();
    assert!(outcome.postings.iter().all(|posting| posting.asset_id != "points"), "{:?}", outcome.postings);
    verified(&rig).await;
}

#[tokio::test]
async fn p4_h75_refused_rewards_give_limits_and_budgets_back_to_the_next_sale() {
    let rig = rig().await;
    let limited = "points: {per: 1.00, units: 1, asset: points}, limits: {per_customer: 1}, budget: {uses: 1}}";
    let text = PROGRAM.replace("points: {per: 1.00, units: 1, asset: points}}", limited);
    rig.engine.programs().publish(&[Source { name: "careful.yaml".to_owned(), text }], begin()).await.unwrap();
    rig.sell(bought("large", 5_000)).await;
    assert_eq!(held(&rig, 1).await, [("large".to_owned(), 5_000)]);
    rig.sell(bought("second", 10)).await;
    assert_eq!(rig.points(CARD).await, 0, "it was used, by whom and for whatever");
    let refused = review(&rig, "no", ("large", Finding::Refuse), &[1]).await.unwrap();
    assert_eq!(refused.use_changes.iter().map(|change| change.uses).collect::<Vec<_>>(), [-1]);
    assert_eq!(review(&rig, "no", ("large", Finding::Refuse), &[1]).await.unwrap(), refused, "a repeat");
    let third = v1::Receipt { business_date: "2026-11-23".to_owned(), ..bought("third", 10) };
    rig.sell(third).await;
    assert_eq!(rig.points(CARD).await, 10);
    // Goods of the refused one free nothing that the third has used.
    rig.give_back(give_back("back", Some("large"), vec![("1", line("1", "OTHER", 1, 500_000))])).await.unwrap();
    let fourth = v1::Receipt { business_date: "2026-11-24".to_owned(), ..bought("fourth", 10) };
    rig.sell(fourth).await;
    assert_eq!(rig.points(CARD).await, 10);
    verified(&rig).await;
}

async fn staff(rig: &Rig, id: &str, cashier: Option<&str>) -> Result<v1::Outcome, Status> {
    let staff = cashier.map(|cashier| StaffOf { store: None, cashier: CashierId::parse(cashier).unwrap() });
    let act = if staff.is_some() { v1::CardAct::Staff } else { v1::CardAct::NotStaff };
    let statement = CardStatement {
        id: ReceiptId::parse(id).unwrap(),
        act,
        card: CARD.to_owned(),
        new_card: None,
        staff,
        reason: "hired".to_owned(),
    };
    let request = admin::ChangeCardRequest {
        request_id: id.to_owned(),
        act: i32::from(act),
        card_number: CARD.to_owned(),
        new_card_number: String::new(),
        reason: "hired".to_owned(),
        signatures: signatures(&statement.text(), &[1]),
        cashier_id: cashier.unwrap_or_default().to_owned(),
        store_id: String::new(),
    };
    Cards::new(rig.engine.clone()).change_card(Request::new(request)).await.map(|done| done.into_inner().outcome.unwrap())
}

#[tokio::test]
async fn h75_a_cashiers_own_card_earns_nothing_at_their_till_and_everything_elsewhere() {
    let rig = rig().await;
    let told = staff(&rig, "s1", Some("anna")).await.unwrap();
    assert_eq!((told.kind(), told.card_act()), (v1::OutcomeKind::Adjustment, v1::CardAct::Staff));
    let card = admin::GetCardRequest { card_number: CARD.to_owned() };
    let known = Cards::new(rig.engine.clone()).get_card(Request::new(card)).await.unwrap().into_inner();
    assert_eq!((known.staff_cashier_id.as_str(), known.state()), ("anna", admin::CardState::Good));
    let own = rig.sell(bought("own", 100)).await.outcome.unwrap();
    assert_eq!((flags(&own), own.rewards.len()), (vec![v1::OutcomeFlag::CardAtOwnTill], 0));
    let late = rig.settle(unquoted(bought("late", 100))).await.unwrap().outcome.unwrap();
    assert_eq!(flags(&late), [v1::OutcomeFlag::WithoutQuote, v1::OutcomeFlag::CardAtOwnTill]);
    assert!(late.rewards.is_empty(), "not even late");
    let other = v1::Receipt { cashier_id: "ben".to_owned(), ..bought("other", 100) };
    assert!(flags(&rig.sell(other).await.outcome.unwrap()).is_empty());
    assert_eq!(rig.points(CARD).await, 100);
    staff(&rig, "s2", None).await.unwrap();
    let after = v1::Receipt { business_date: "2026-11-23".to_owned(), ..bought("after", 50) };
    rig.sell(after).await;
    assert_eq!(rig.points(CARD).await, 150, "no cashier any more");
    verified(&rig).await;
}

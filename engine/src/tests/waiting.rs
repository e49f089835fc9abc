//! Rewards that wait: for the next visit, for the enrolment, for an event that people report.

use std::time::Duration;

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::profile_service_server::ProfileService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::revision::Source;
use tonic::{Request, Status};

use super::super::testing::*;
use super::calls::enrolment;
use crate::Profiles;

const PROGRAM: &str = "
program: later
language: 1
name: Later
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1}]
events: [delivered]
campaigns:
  - {id: again, name: Again, on: {sku: MILK}, waits_for: next_visit, points: {per: 1.00, units: 1, asset: points}}
  - {id: member, name: Member, on: {sku: CAKE}, waits_for: enrolment, grant: {give: {points: {units: 30, asset: points}}}}
  - {id: home, name: Home, on: {sku: SOFA}, waits_for: {event: delivered}, grant: {give: {points: {units: 400, asset: points}}}}
";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn rig() -> Rig {
    let rig = Rig::new().await;
    let source = Source { name: "later.yaml".to_owned(), text: PROGRAM.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig
}

fn bought(id: &str, sku: &str, pence: i64) -> v1::Receipt {
    receipt(id, Some("1001"), vec![line("1", sku, 1, pence)])
}

/// The same on a later trading day.
fn later(days: i32, receipt: v1::Receipt) -> v1::Receipt {
    let date = begin().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(days));
    let sold_at = begin().saturating_add(jiff::SignedDuration::from_hours(24 * i64::from(days))).unwrap();
    v1::Receipt { business_date: date.to_string(), sold_at: Some(timestamp_to_wire(sold_at)), ..receipt }
}

async fn waiting(rig: &Rig) -> Vec<(v1::RewardWait, String)> {
    let request = v1::IdentifyRequest { customer: Some(customer("1001")), store_id: "S1".to_owned(), ..Default::default() };
    let known = rig.billing.identify(Request::new(request)).await.unwrap().into_inner();
    let rewards = known.waiting_rewards.into_iter().filter_map(|waiting| waiting.reward);
    rewards.map(|reward| (reward.waits_for(), reward.awaited_event_id)).collect()
}

async fn report(rig: &Rig, id: &str, event: &str, receipt: &str) -> Result<Option<v1::Outcome>, Status> {
    let request = admin::ReportEventRequest {
        request_id: id.to_owned(),
        customer: Some(customer("1001")),
        event_id: event.to_owned(),
        receipt_id: receipt.to_owned(),
    };
    let done = Profiles::new(rig.engine.clone()).report_event(Request::new(request)).await?;
    Ok(done.into_inner().outcome)
}

#[tokio::test]
async fn what_waits_for_the_next_visit_is_given_with_a_receipt_of_a_later_day() {
    let rig = rig().await;
    let quoted = rig.quote(quote(bought("A", "MILK", 500))).await.unwrap().answer.unwrap();
    assert_eq!(quoted.rewards[0].waits_for(), v1::RewardWait::SecondVisit);
    rig.sell(bought("A", "MILK", 500)).await;
    rig.sell(bought("B", "OTHER", 100)).await;
    assert_eq!((rig.points("1001").await, waiting(&rig).await), (0, vec![(v1::RewardWait::SecondVisit, String::new())]));
    rig.pass(DAY);
    let next = rig.sell(later(1, bought("C", "OTHER", 100))).await;
    let given = next.outcome.unwrap().rewards;
    assert_eq!(
        (given[0].earned_by_receipt_id.as_str(), given[0].units, given[0].waits_for()),
        ("A", 5, v1::RewardWait::Unspecified)
    );
    assert_eq!(rig.points("1001").await, 5);
    // What came with the visit stays when that one's goods come back; with its own goods it goes.
    rig.give_back(give_back("RC", Some("C"), vec![("1", later(1, bought("C", "OTHER", 100)).lines[0].clone())])).await.unwrap();
    assert_eq!(rig.points("1001").await, 5);
    rig.give_back(give_back("RA", Some("A"), vec![("1", bought("A", "MILK", 500).lines[0].clone())])).await.unwrap();
    assert_eq!(rig.points("1001").await, 0);
}

#[tokio::test]
async fn a_return_before_the_visit_takes_its_share_off_what_waits() {
    let rig = rig().await;
    rig.sell(receipt("A", Some("1001"), vec![line("1", "MILK", 1, 500), line("2", "MILK", 1, 300)])).await;
    rig.give_back(give_back("R", Some("A"), vec![("1", line("1", "MILK", 1, 500))])).await.unwrap();
    rig.pass(DAY);
    rig.sell(later(1, bought("B", "OTHER", 100))).await;
    assert_eq!(rig.points("1001").await, 3);
}

#[tokio::test]
async fn a_card_that_is_enrolled_later_gets_what_has_waited_for_it_and_who_is_enrolled_waits_for_nothing() {
    let rig = rig().await;
    rig.sell(bought("A", "CAKE", 500)).await;
    assert_eq!(waiting(&rig).await, [(v1::RewardWait::Event, "enrolment".to_owned())]);
    let enrolled = rig.billing.enrol(Request::new(enrolment("E1", "1001", "+4930123456"))).await.unwrap().into_inner();
    assert_eq!((enrolled.outcome.unwrap().rewards.len(), rig.points("1001").await), (1, 30));
    rig.sell(bought("B", "CAKE", 500)).await;
    assert_eq!(rig.points("1001").await, 60);
}

#[tokio::test]
async fn p2_p4_an_event_gives_what_waited_for_it_once_and_of_the_receipt_that_it_is_about() {
    let rig = rig().await;
    rig.sell(bought("A", "SOFA", 50_000)).await;
    rig.sell(bought("B", "SOFA", 50_000)).await;
    for (id, event) in [("e#1", "delivered"), ("e-1", "deliverd"), ("e-1", "enrolment")] {
        assert!(report(&rig, id, event, "").await.is_err(), "{id} {event}");
    }
    assert_eq!(report(&rig, "e-0", "delivered", "C").await.unwrap(), None);
    let first = report(&rig, "e-1", "delivered", "A").await.unwrap().unwrap();
    assert_eq!((first.kind(), first.rewards.len(), rig.points("1001").await), (v1::OutcomeKind::Event, 1, 400));
    assert_eq!(report(&rig, "e-1", "delivered", "A").await.unwrap(), Some(first));
    assert!(report(&rig, "e-1", "delivered", "B").await.is_err(), "the same id, another content");
    assert_eq!(report(&rig, "e-2", "delivered", "A").await.unwrap(), None, "it has been given");
    report(&rig, "e-3", "delivered", "").await.unwrap().unwrap();
    assert_eq!(rig.points("1001").await, 800);
    for outcome in rig.outcomes().await {
        check_outcome(&outcome);
    }
}

#[tokio::test]
async fn nobody_known_gets_nothing_that_waits() {
    let rig = rig().await;
    let settled = rig.sell(receipt("A", None, vec![line("1", "MILK", 1, 500), line("2", "SOFA", 1, 900)])).await;
    assert_eq!(settled.outcome.unwrap().rewards, []);
}

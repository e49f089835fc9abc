//! Nobody is enrolled before a code has come back that was sent to their phone.

use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::contact_service_server::ContactService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::revision::Source;
use tonic::{Request, Status};

use super::super::testing::*;
use super::calls::enrolment;
use crate::Contacts;

const PROGRAM: &str = "
program: codes
language: 1
name: Codes
currency: GBP
enrolment_code: mobile
facts: [{id: mobile, confirm: phone, text: Your mobile?}]
assets: [{id: points, kind: points, worth_minor: 1}]
campaigns:
  - {id: hello, name: Hello, for: enrolment, grant: {give: {points: {units: 30, asset: points}}}}
  - {id: phone, name: Phone, for: {answers: mobile}, grant: {give: {points: {units: 7, asset: points}}}}
";
const PHONE: &str = "+447700900123";

async fn rig() -> Rig {
    let rig = Rig::new().await;
    let source = Source { name: "codes.yaml".to_owned(), text: PROGRAM.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig
}

async fn enrol(rig: &Rig, request: v1::EnrolRequest, code: &str) -> Result<v1::EnrolResponse, Status> {
    let request = v1::EnrolRequest { confirmation_code: code.to_owned(), ..request };
    rig.billing.enrol(Request::new(request)).await.map(tonic::Response::into_inner)
}

/// The number and the value of the codes that were sent: where to, and what.
async fn sent(rig: &Rig) -> (usize, String, String) {
    let outcomes = rig.outcomes().await;
    let codes: Vec<_> = outcomes.iter().filter(|outcome| outcome.kind() == v1::OutcomeKind::Code).collect();
    let Some(last) = codes.last() else { return (0, String::new(), String::new()) };
    let code = Some(admin::CodeWanted { fact_id: "mobile".to_owned(), asked_by_id: last.outcome_id.clone() });
    let request = admin::GetContactRequest { customer_id: last.customer_id.clone(), fact_ids: vec!["mobile".to_owned()], code };
    let told = Contacts::new(rig.engine.clone()).get_contact(Request::new(request)).await.unwrap().into_inner();
    assert!(last.recorded_answers[0].code_until.is_some() && last.recorded_answers[0].code_to() == v1::AnswerKind::Phone);
    (codes.len(), told.values[0].value.clone(), told.code)
}

fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn a_customer_is_enrolled_by_the_code_that_was_sent_to_their_phone_and_not_before() {
    let rig = rig().await;
    let request = enrolment("E1", "1001", PHONE);
    let waits = enrol(&rig, request.clone(), "").await.unwrap();
    assert_eq!((waits.status(), waits.customer_id.as_str(), waits.outcome), (v1::EnrolStatus::CodeSent, "", None));
    let (count, to, code) = sent(&rig).await;
    assert_eq!((count, to.as_str(), code.len()), (1, PHONE, 6));
    // Again it sends no second code, and a wrong one enrols nobody.
    for tried in ["", &other_than(&code)] {
        let again = enrol(&rig, request.clone(), tried).await.unwrap();
        assert_eq!((again.status(), sent(&rig).await.0, rig.points("1001").await), (v1::EnrolStatus::CodeSent, 1, 0));
    }
    let done = enrol(&rig, request.clone(), &code).await.unwrap();
    assert_eq!((done.status(), rig.points("1001").await), (v1::EnrolStatus::Enrolled, 37));
    let outcome = done.outcome.unwrap();
    let trusts: Vec<_> =
        outcome.recorded_answers.iter().map(|told| (told.fact_id.as_str(), told.trust(), told.code_wrong)).collect();
    let (stated, confirmed) = (v1::FactTrust::Stated, v1::FactTrust::Confirmed);
    assert_eq!(trusts, [("surname", stated, false), ("mobile", confirmed, false)]);
    // A repeat is answered by the same outcome, with or without the code.
    for again in ["", &code] {
        assert_eq!(enrol(&rig, request.clone(), again).await.unwrap().outcome.unwrap(), outcome);
    }
    for outcome in rig.outcomes().await {
        check_outcome(&outcome);
    }
}

#[tokio::test]
async fn h76_five_wrong_codes_enrol_nobody_and_a_code_is_for_one_phone() {
    let rig = rig().await;
    let request = enrolment("E1", "1001", PHONE);
    enrol(&rig, request.clone(), "").await.unwrap();
    let first = sent(&rig).await.2;
    rig.pass(std::time::Duration::from_secs(1));
    for _ in 0..5 {
        let tried = enrol(&rig, request.clone(), &other_than(&first)).await.unwrap();
        assert_eq!(tried.status(), v1::EnrolStatus::CodeSent);
    }
    assert_eq!(sent(&rig).await.0, 2, "the fifth has another one sent");
    assert_eq!(enrol(&rig, request, &first).await.unwrap().status(), v1::EnrolStatus::CodeSent);
    // Of the same card, with another phone: the code of the first phone is none for it.
    let second = sent(&rig).await.2;
    let other = enrolment("E2", "1001", "+447700900124");
    assert_eq!(enrol(&rig, other.clone(), &second).await.unwrap().status(), v1::EnrolStatus::CodeSent);
    let (count, to, third) = sent(&rig).await;
    assert_eq!((count, to.as_str()), (3, "+447700900124"));
    assert_eq!(enrol(&rig, other, &third).await.unwrap().status(), v1::EnrolStatus::Enrolled);
}

#[tokio::test]
async fn h76_a_wrong_code_counts_whatever_route_and_time_its_request_names() {
    let rig = rig().await;
    let request = enrolment("E1", "1001", PHONE);
    enrol(&rig, request.clone(), "").await.unwrap();
    let first = sent(&rig).await.2;
    rig.pass(std::time::Duration::from_secs(1));
    let spooled = v1::Delivery { route: i32::from(v1::DeliveryRoute::Spool), ..request.delivery.clone().unwrap_or_default() };
    let spooled = v1::EnrolRequest { delivery: Some(spooled), ..request.clone() };
    for _ in 0..5 {
        let tried = enrol(&rig, spooled.clone(), &other_than(&first)).await.unwrap();
        assert_eq!(tried.status(), v1::EnrolStatus::CodeSent);
    }
    // The code is used up: the right one says no more than a wrong one.
    for code in [&first, &other_than(&first)] {
        assert!(enrol(&rig, spooled.clone(), code).await.unwrap_err().message().contains("too long ago"));
    }
    assert_eq!(enrol(&rig, request, &first).await.unwrap().status(), v1::EnrolStatus::CodeSent);
    assert_eq!(rig.points("1001").await, 0);
}

#[tokio::test]
async fn h76_no_more_codes_are_sent_to_a_phone_in_a_day_whatever_cards_and_requests_ask_for_them() {
    let rig = rig().await;
    for number in 0..8 {
        let card = if number % 2 == 0 { format!("200{number}") } else { String::new() };
        let asked = enrol(&rig, enrolment(&format!("E{number}"), &card, PHONE), "").await.unwrap();
        assert_eq!(asked.status(), v1::EnrolStatus::CodeSent);
    }
    assert_eq!(sent(&rig).await.0, 5);
    enrol(&rig, enrolment("other", "", "+447700900124"), "").await.unwrap();
    assert_eq!(sent(&rig).await.0, 6, "another phone has a day of its own");
}

#[tokio::test]
async fn without_a_phone_or_long_after_nobody_is_enrolled() {
    let rig = rig().await;
    assert!(enrol(&rig, enrolment("E1", "1001", ""), "").await.unwrap_err().message().contains("phone"));
    rig.pass(std::time::Duration::from_secs(15 * 60));
    let late = enrol(&rig, enrolment("E2", "1001", PHONE), "").await.unwrap_err();
    assert!(late.message().contains("too long ago"), "{}", late.message());
    assert_eq!(sent(&rig).await.0, 0);
}

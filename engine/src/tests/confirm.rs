//! What customers stated is confirmed: by a code that was sent to it, or by people.

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::contact_service_server::ContactService as _;
use tessera_proto::admin::v1::profile_service_server::ProfileService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::revision::Source;
use tonic::{Request, Status};

use super::super::testing::*;
use crate::{Contacts, Profiles};

const PROGRAM: &str = "
program: confirmed
language: 1
name: Confirmed
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1}]
facts:
  - {id: mobile, confirm: phone, text: Your mobile?}
  - {id: email, confirm: email, text: Your e-mail?}
  - {id: pass, confirm: true, text: Your passport?}
campaigns:
  - {id: told, name: Told, requires_answers: mobile, limits: {per_customer: 1}, grant: {give: {points: {units: 50, asset: points}}}}
  - {id: many, name: Many, for: {answers: email}, limits: {per_customer_month: 5}, grant: {give: {points: {units: 3, asset: points}}}}
  - {id: both, name: Both, for: {answers: [mobile, pass]}, grant: {give: {points: {units: 7, asset: points}}}}
  - {id: checked, name: Checked, when: \"customer.confirmed[?'mobile'].orValue(false)\", on: {sku: CAKE}, percent_off: 10}
";
const MOBILE: &str = "+447700900123";

async fn rig() -> Rig {
    let rig = Rig::new().await;
    let source = Source { name: "confirmed.yaml".to_owned(), text: PROGRAM.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig.sell(receipt("S", Some("1001"), vec![line("1", "MILK", 1, 500)])).await;
    rig
}

pub(super) fn value(fact: &str, value: &str) -> v1::PromptAnswer {
    v1::PromptAnswer { fact_id: fact.to_owned(), value: value.to_owned(), ..Default::default() }
}

pub(super) fn code(fact: &str, code: &str) -> v1::PromptAnswer {
    v1::PromptAnswer { fact_id: fact.to_owned(), confirmation_code: code.to_owned(), ..Default::default() }
}

pub(super) async fn answer(rig: &Rig, id: &str, answers: Vec<v1::PromptAnswer>) -> Result<v1::AnswerPromptsResponse, Status> {
    let request = v1::AnswerPromptsRequest {
        request_id: id.to_owned(),
        customer: Some(customer("1001")),
        answers,
        store_id: "S1".to_owned(),
        answered_at: Some(timestamp_to_wire(begin())),
        ..Default::default()
    };
    rig.billing.answer_prompts(Request::new(request)).await.map(tonic::Response::into_inner)
}

/// What would be sent now; empty: nothing.
pub(super) async fn code_sent(rig: &Rig, fact: &str, asked_by: &str) -> String {
    let customer_id = rig.outcomes().await[0].customer_id.clone();
    let code = Some(admin::CodeWanted { fact_id: fact.to_owned(), asked_by_id: asked_by.to_owned() });
    let request = admin::GetContactRequest { customer_id, fact_ids: Vec::new(), code };
    Contacts::new(rig.engine.clone()).get_contact(Request::new(request)).await.unwrap().into_inner().code
}

fn asked(response: &v1::AnswerPromptsResponse) -> Vec<(&str, v1::PromptReason)> {
    response.prompts.iter().map(|prompt| (prompt.fact_id.as_str(), prompt.reason())).collect()
}

fn recorded(response: &v1::AnswerPromptsResponse) -> v1::RecordedAnswer {
    response.outcome.as_ref().unwrap().recorded_answers[0].clone()
}

#[tokio::test]
async fn a_phone_is_confirmed_by_the_code_that_was_sent_to_it_and_what_waited_for_it_is_given() {
    let rig = rig().await;
    let told = answer(&rig, "q-1", vec![value("mobile", MOBILE)]).await.unwrap();
    let (missing, sent) = (v1::PromptReason::Missing, v1::PromptReason::CodeSent);
    assert_eq!(asked(&told), [("email", missing), ("mobile", sent), ("pass", missing)]);
    let answered = recorded(&told);
    assert_eq!((answered.trust(), answered.code_to()), (v1::FactTrust::Stated, v1::AnswerKind::Phone));
    assert!(answered.code_until.is_some() && rig.points("1001").await == 0);
    let sent = code_sent(&rig, "mobile", "q-1").await;
    let (first, second) = sent.split_at(3);
    let spaced = format!("{first}-{second}");
    let right = answer(&rig, "q-2", vec![code("mobile", &spaced)]).await.unwrap();
    assert_eq!((recorded(&right).trust(), recorded(&right).code_wrong), (v1::FactTrust::Confirmed, false));
    assert_eq!(asked(&right), [("email", missing), ("pass", missing)]);
    assert_eq!(rig.points("1001").await, 50);
    assert_eq!(code_sent(&rig, "mobile", "q-1").await, "", "it is used");
    // Rules see it.
    let cake = receipt("C", Some("1001"), vec![line("1", "CAKE", 1, 500)]);
    let quoted = rig.quote(quote(cake)).await.unwrap().answer.unwrap();
    assert_eq!(quoted.totals_after.unwrap().amount_minor, 450);
}

#[tokio::test]
async fn h76_wrong_codes_are_counted_answered_alike_and_never_told_from_no_code_at_all() {
    let rig = rig().await;
    let none_sent = recorded(&answer(&rig, "q-0", vec![code("mobile", "123456")]).await.unwrap());
    answer(&rig, "q-1", vec![value("mobile", MOBILE)]).await.unwrap();
    let sent = code_sent(&rig, "mobile", "q-1").await;
    let wrong = format!("{:06}", (sent.parse::<u32>().unwrap() + 1) % 1_000_000);
    for number in 0..5 {
        let tried = answer(&rig, &format!("w-{number}"), vec![code("mobile", &wrong)]).await.unwrap();
        assert_eq!(recorded(&tried), none_sent, "{number}");
        assert!(recorded(&tried).code_wrong);
    }
    let late = answer(&rig, "q-2", vec![code("mobile", &sent)]).await.unwrap();
    assert_eq!(recorded(&late), none_sent, "the right one comes after too many tries");
    assert_eq!(asked(&late)[1], ("mobile", v1::PromptReason::Unconfirmed));
    // A repeat is one try, and the same id with another code is no repeat (H2).
    let repeated = answer(&rig, "w-0", vec![code("mobile", &wrong)]).await.unwrap();
    assert_eq!(recorded(&repeated), none_sent);
    let conflict = answer(&rig, "w-0", vec![code("mobile", &sent)]).await.unwrap_err();
    assert_eq!(reason(&conflict), v1::ErrorReason::Conflict);
}

#[tokio::test]
async fn a_code_comes_with_a_sale_too_and_is_none_after_its_time() {
    let rig = rig().await;
    let asking = v1::SettleRequest {
        answers: vec![value("mobile", MOBILE)],
        ..unquoted(receipt("A", Some("1001"), vec![line("1", "MILK", 1, 500)]))
    };
    rig.settle(asking).await.unwrap();
    let sent = code_sent(&rig, "mobile", "A").await;
    assert_eq!(sent.len(), 6);
    let confirming = v1::SettleRequest {
        answers: vec![code("mobile", &sent)],
        ..unquoted(receipt("B", Some("1001"), vec![line("1", "MILK", 1, 500)]))
    };
    let outcome = rig.settle(confirming).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.recorded_answers[0].trust(), v1::FactTrust::Confirmed);
    assert_eq!(rig.points("1001").await, 50);
    answer(&rig, "q-1", vec![value("mobile", "+447700900124")]).await.unwrap();
    let sent = code_sent(&rig, "mobile", "q-1").await;
    rig.pass(std::time::Duration::from_secs(15 * 60));
    assert_eq!(code_sent(&rig, "mobile", "q-1").await, "");
    assert!(recorded(&answer(&rig, "q-2", vec![code("mobile", &sent)]).await.unwrap()).code_wrong);
}

#[tokio::test]
async fn h76_a_wrong_code_for_what_is_confirmed_is_wrong_too_and_no_bonus_comes_of_it() {
    let rig = rig().await;
    answer(&rig, "q-1", vec![value("email", "ann@example.org")]).await.unwrap();
    let sent = code_sent(&rig, "email", "q-1").await;
    let right = answer(&rig, "q-2", vec![code("email", &sent)]).await.unwrap();
    assert_eq!((recorded(&right).code_wrong, rig.points("1001").await), (false, 3));
    for tried in ["w-1", "w-2"] {
        let wrong = recorded(&answer(&rig, tried, vec![code("email", &sent)]).await.unwrap());
        assert_eq!((wrong.code_wrong, wrong.trust()), (true, v1::FactTrust::Confirmed), "it is used up");
    }
    let settled = rig.settle(sale_with("A", vec![code("email", "123456")])).await.unwrap().outcome.unwrap();
    assert!(settled.recorded_answers[0].code_wrong);
    assert_eq!(rig.points("1001").await, 3);
    // Whoever answers and confirms anew gets it again: the limits allow it.
    answer(&rig, "q-3", vec![value("email", "bob@example.org")]).await.unwrap();
    let sent = code_sent(&rig, "email", "q-3").await;
    answer(&rig, "q-4", vec![code("email", &sent)]).await.unwrap();
    assert_eq!(rig.points("1001").await, 6);
}

fn sale_with(id: &str, answers: Vec<v1::PromptAnswer>) -> v1::SettleRequest {
    v1::SettleRequest { answers, ..unquoted(receipt(id, Some("1001"), vec![line("1", "MILK", 1, 500)])) }
}

#[tokio::test]
async fn h76_a_sale_in_training_tells_no_right_code_from_a_wrong_one_and_takes_no_try() {
    let rig = rig().await;
    answer(&rig, "q-1", vec![value("mobile", MOBILE)]).await.unwrap();
    let sent = code_sent(&rig, "mobile", "q-1").await;
    let wrong = format!("{:06}", (sent.parse::<u32>().unwrap() + 1) % 1_000_000);
    let mut told = Vec::new();
    for (number, tried) in [&wrong, &wrong, &wrong, &wrong, &wrong, &sent].into_iter().enumerate() {
        let mut sale = sale_with(&format!("T-{number}"), vec![code("mobile", tried), value("email", "ann@example.org")]);
        sale.receipt.as_mut().unwrap().training = true;
        let outcome = rig.settle(sale).await.unwrap().outcome.unwrap();
        assert!(outcome.recorded_answers.iter().all(|answer| answer.code_until.is_none()), "no code is sent for training");
        told.push((outcome.recorded_answers, outcome.rewards.len()));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let right = answer(&rig, "q-2", vec![code("mobile", &sent)]).await.unwrap();
    assert_eq!(recorded(&right).trust(), v1::FactTrust::Confirmed, "its tries are left");
}

#[tokio::test]
async fn answers_that_an_account_has_no_room_for_change_no_value_that_it_knows() {
    let rig = rig().await;
    answer(&rig, "q-1", vec![value("mobile", MOBILE)]).await.unwrap();
    let sent = code_sent(&rig, "mobile", "q-1").await;
    answer(&rig, "q-2", vec![code("mobile", &sent)]).await.unwrap();
    for batch in 0..7 {
        let facts = (0..9).map(|number| value(&format!("f-{}", batch * 9 + number), "x")).collect();
        answer(&rig, &format!("f-{batch}"), facts).await.unwrap();
    }
    let sale = sale_with("A", vec![value("mobile", "+447700900999"), value("one-more", "x")]);
    let outcome = rig.settle(sale).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.recorded_answers, []);
    let customer_id = rig.outcomes().await[0].customer_id.clone();
    let request = admin::GetContactRequest { customer_id, fact_ids: vec!["mobile".to_owned()], code: None };
    let known = Contacts::new(rig.engine.clone()).get_contact(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(known.values[0].value, MOBILE);
}

#[tokio::test]
async fn no_code_is_sent_to_an_answer_that_comes_late() {
    let rig = rig().await;
    let code_until = |outcome: Option<v1::Outcome>| outcome.unwrap().recorded_answers[0].code_until;
    let mut spooled = sale_with("A", vec![value("mobile", MOBILE)]);
    spooled.delivery =
        Some(v1::Delivery { route: i32::from(v1::DeliveryRoute::Spool), gateway_id: "g1".to_owned(), ..Default::default() });
    assert_eq!(code_until(rig.settle(spooled).await.unwrap().outcome), None);
    rig.pass(std::time::Duration::from_secs(14 * 60));
    let waited = rig.settle(sale_with("B", vec![value("mobile", MOBILE)])).await.unwrap();
    assert!(code_until(waited.outcome).is_some());
    rig.pass(std::time::Duration::from_secs(60));
    assert_eq!(code_until(rig.settle(sale_with("C", vec![value("mobile", MOBILE)])).await.unwrap().outcome), None);
    assert_eq!(code_until(answer(&rig, "q-1", vec![value("mobile", MOBILE)]).await.unwrap().outcome), None);
}

#[tokio::test]
async fn a_code_goes_to_what_has_the_form_of_a_phone_or_an_address_alone() {
    let rig = rig().await;
    for (number, (fact, said, kind)) in [
        ("mobile", "077009", v1::AnswerKind::Unspecified),
        ("email", "nobody", v1::AnswerKind::Unspecified),
        ("email", "ann@example.org", v1::AnswerKind::Email),
        ("pass", "+447700900123", v1::AnswerKind::Unspecified),
    ]
    .into_iter()
    .enumerate()
    {
        let told = answer(&rig, &format!("q-{number}"), vec![value(fact, said)]).await.unwrap();
        assert_eq!(recorded(&told).code_to(), kind, "{said}");
    }
}

async fn stated(rig: &Rig) -> Vec<admin::StatedFact> {
    let request = admin::ListFactsRequest { customer: Some(customer("1001")) };
    Profiles::new(rig.engine.clone()).list_facts(Request::new(request)).await.unwrap().into_inner().facts
}

/// Of what was read, these facts.
fn checked(read: &[admin::StatedFact], facts: &[&str]) -> Vec<admin::CheckedFact> {
    let known_at = |fact: &str| read.iter().find(|read| read.fact_id == fact).and_then(|read| read.known_at);
    let never = Some(timestamp_to_wire(begin()));
    facts.iter().map(|fact| admin::CheckedFact { fact_id: (*fact).to_owned(), known_at: known_at(fact).or(never) }).collect()
}

async fn confirm(rig: &Rig, id: &str, card: &str, facts: Vec<admin::CheckedFact>) -> Result<v1::Outcome, Status> {
    let request = admin::ConfirmFactsRequest { request_id: id.to_owned(), customer: Some(customer(card)), facts };
    let done = Profiles::new(rig.engine.clone()).confirm_facts(Request::new(request)).await?;
    Ok(done.into_inner().outcome.unwrap())
}

#[tokio::test]
async fn people_confirm_what_was_stated_once_and_its_bonus_is_given() {
    let rig = rig().await;
    answer(&rig, "q-1", vec![value("mobile", MOBILE), value("pass", "X1")]).await.unwrap();
    let read = stated(&rig).await;
    let told: Vec<_> = read.iter().map(|fact| (fact.fact_id.as_str(), fact.value.as_str(), fact.trust())).collect();
    assert_eq!(told, [("mobile", MOBILE, v1::FactTrust::Stated), ("pass", "X1", v1::FactTrust::Stated)]);
    for (id, card, facts) in [
        ("c-1", "1001", &["email"][..]),
        ("c-1", "1001", &[]),
        ("c-1", "1001", &["pass", "pass"]),
        ("c#1", "1001", &["pass"]),
        ("c-1", "9999", &["pass"]),
    ] {
        assert!(confirm(&rig, id, card, checked(&read, facts)).await.is_err(), "{id} {card} {facts:?}");
    }
    let untimed = vec![admin::CheckedFact { fact_id: "pass".to_owned(), known_at: None }];
    assert!(confirm(&rig, "c-1", "1001", untimed).await.is_err());
    let first = confirm(&rig, "c-1", "1001", checked(&read, &["pass", "mobile"])).await.unwrap();
    let trusts: Vec<_> = first.recorded_answers.iter().map(v1::RecordedAnswer::trust).collect();
    assert_eq!((trusts, rig.points("1001").await), (vec![v1::FactTrust::Confirmed; 2], 57));
    let again = confirm(&rig, "c-1", "1001", checked(&read, &["mobile", "pass"])).await.unwrap();
    assert_eq!((again, rig.points("1001").await), (first, 57));
    assert!(confirm(&rig, "c-1", "1001", checked(&read, &["pass"])).await.is_err(), "the same id, another content");
    assert_eq!(code_sent(&rig, "mobile", "q-1").await, "", "it has nothing left to confirm");
}

#[tokio::test]
async fn people_confirm_what_they_have_read_and_nothing_that_was_answered_since() {
    let rig = rig().await;
    answer(&rig, "q-1", vec![value("pass", "X1"), value("mobile", MOBILE)]).await.unwrap();
    let read = stated(&rig).await;
    rig.pass(std::time::Duration::from_secs(1));
    answer(&rig, "q-2", vec![value("pass", "X2")]).await.unwrap();
    let refused = confirm(&rig, "c-1", "1001", checked(&read, &["mobile", "pass"])).await.unwrap_err();
    assert!(refused.message().contains("pass is not what was checked any more"), "{}", refused.message());
    assert!(stated(&rig).await.iter().all(|fact| fact.trust() == v1::FactTrust::Stated), "none of them is confirmed");
    confirm(&rig, "c-1", "1001", checked(&stated(&rig).await, &["mobile", "pass"])).await.unwrap();
    assert_eq!(rig.points("1001").await, 57);
}

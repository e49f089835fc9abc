//! How a customer is reached, and when a notice is due.

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::contact_service_server::ContactService as _;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_proto::billing::v1::{Delivery, DeliveryRoute, EnrolRequest, OutcomeFlag, SettleRequest};
use tonic::{Request, Response, Status};

use super::calls::enrolment;
use crate::Contacts;
use crate::testing::{Rig, begin, line, receipt, unquoted};

async fn ask(rig: &Rig, customer: &str, facts: &[&str]) -> Result<v1::GetContactResponse, Status> {
    let fact_ids = facts.iter().map(|fact| (*fact).to_owned()).collect();
    let request = v1::GetContactRequest { customer_id: customer.to_owned(), fact_ids, code: None };
    Contacts::new(rig.engine.clone()).get_contact(Request::new(request)).await.map(Response::into_inner)
}

#[tokio::test]
async fn an_enrolled_customer_is_reached_as_they_said_and_no_more_is_told_than_was_asked_for() {
    let rig = Rig::new().await;
    let request =
        EnrolRequest { language: "de".to_owned(), marketing_consent: true, ..enrolment("E1", "77001001", "+4930123456") };
    let customer = rig.billing.enrol(Request::new(request)).await.unwrap().into_inner().customer_id;
    let told = ask(&rig, &customer, &[]).await.unwrap();
    assert_eq!((told.phone.as_str(), told.language.as_str(), told.values.len()), ("+4930123456", "de", 0));
    assert!(told.data_consent && told.marketing_consent);
    let told = ask(&rig, &customer, &["surname", "shoe-size"]).await.unwrap();
    let values: Vec<_> = told.values.iter().map(|value| (value.fact_id.as_str(), value.value.as_str())).collect();
    assert_eq!(values, [("surname", "Planted-Surname")]);
}

#[tokio::test]
async fn nobody_is_an_answer_and_bad_ids_are_named() {
    let rig = Rig::new().await;
    rig.sell(receipt("A", Some("77009009"), vec![line("1", "OTHER", 1, 700)])).await;
    let customer = rig.outcomes().await[0].customer_id.clone();
    let told = ask(&rig, &customer, &["surname"]).await.unwrap();
    assert_eq!((told.status(), told.phone.as_str(), told.data_consent), (v1::ContactStatus::Known, "", false));
    assert_eq!(ask(&rig, "c-nobody", &[]).await.unwrap().status(), v1::ContactStatus::Unknown);
    for (customer, facts) in [("", vec![]), ("c-x", vec!["a b"]), ("c-x", vec!["a"; 33])] {
        assert!(ask(&rig, customer, &facts).await.is_err(), "{customer} {facts:?}");
    }
}

#[tokio::test]
async fn p8_h61_what_the_till_could_not_tell_has_its_notice_in_the_same_commit() {
    let table = [
        (Delivery::default(), false),
        (Delivery { deferred: true, ..Delivery::default() }, true),
        (Delivery { customer_told: true, ..Delivery::default() }, true),
        (Delivery { route: i32::from(DeliveryRoute::Spool), ..Delivery::default() }, true),
        (Delivery { route: i32::from(DeliveryRoute::Export), ..Delivery::default() }, true),
    ];
    for (number, (delivery, is_due)) in table.into_iter().enumerate() {
        for card in [Some("77001001"), None] {
            let rig = Rig::new().await;
            let request = unquoted(receipt(&format!("R{number}"), card, vec![line("1", "OTHER", 1, 700)]));
            let settled = rig.settle(SettleRequest { delivery: Some(delivery.clone()), ..request }).await.unwrap();
            let outcome = settled.outcome.unwrap();
            let due_at = begin().saturating_add(jiff::SignedDuration::from_hours(24)).unwrap();
            let expected = (is_due && card.is_some()).then(|| timestamp_to_wire(due_at));
            assert_eq!(outcome.notice_due_at, expected, "{delivery:?} {card:?}");
            assert_eq!(outcome.flags.contains(&i32::from(OutcomeFlag::Deferred)), is_due, "{delivery:?} {card:?}");
            assert_eq!(rig.outcomes().await, [outcome]);
        }
    }
}

#[tokio::test]
async fn p8_a_sale_that_was_quoted_in_time_needs_no_notice_however_late_its_settle_comes() {
    let rig = Rig::new().await;
    let sold = receipt("A", Some("77001001"), vec![line("1", "OTHER", 1, 700)]);
    let quoted = rig.quote(crate::testing::quote(sold.clone())).await.unwrap();
    let delivery = Some(Delivery { route: i32::from(DeliveryRoute::Spool), ..Delivery::default() });
    let request = SettleRequest { delivery, ..crate::testing::as_quoted(sold, &quoted) };
    assert_eq!(rig.settle(request).await.unwrap().outcome.unwrap().notice_due_at, None);
}

//! A customer wants to be forgotten: keys, phones, lists and what rules read go; books stay.

use std::sync::Arc;
use std::time::Duration;

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::signing::PrivateKey;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::contact_service_server::ContactService as _;
use tessera_proto::admin::v1::customer_service_server::CustomerService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::id::{CustomerId, ReceiptId};
use tessera_rules::revision::Source;
use tessera_storage::{Cursor, Fault, Storage as _, Wanted};
use tonic::{Code, Request, Status};

use super::super::testing::*;
use crate::clock::Clock as _;
use crate::directory::derived;
use crate::follow_ups::Carrier;
use crate::ledger::{Finding, verify};
use crate::programs::people::{People, Person, Role};
use crate::{Between, Contacts, CustomerStatement, Customers, EraseStatement, layout};

pub(super) const ONE: &str = "1001";
pub(super) const OTHER: &str = "2002";
const PROGRAM: &str = "
program: known
language: 1
name: Known
currency: GBP
time_zone: Europe/London
assets: [{id: points, kind: points, worth_minor: 1, redeem: {minimum_units: 1, step_units: 1, share_percent_max: 100}}]
facts:
  - {id: favourite, text: Which aisle do you like best?}
  - {id: birthday, text: When is your birthday?}
segments:
  - {id: gingerbread, fact: {id: favourite, values: [gingerbread]}}
campaigns:
  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}
  - {id: price, name: For who likes it, segments: [gingerbread], on: {sku: CAKE}, percent_off: 20}
  - {id: cake, name: Birthday, when: {birthday: {fact: birthday, days_before: 180, days_after: 180}}, on: {sku: MUG}, percent_off: 50}
";

pub(super) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

pub(super) fn staff() -> crate::Settings {
    let person = |name: &str, seed: u8, role| Person { name: name.to_owned(), key: key(seed).public(), roles: vec![role] };
    let finance = [person("Fia", 1, Role::Finance), person("Finn", 2, Role::Finance), person("Mark", 3, Role::Marketer)];
    crate::Settings { people: People::new(finance.into()).unwrap(), adjust_alone_units_max: 1_000, ..settings() }
}

/// Two customers with phones and answers, and a hundred points on the one card.
pub(super) async fn rig() -> Rig {
    let plain = Rig::new().await;
    let source = Source { name: "known.yaml".to_owned(), text: PROGRAM.to_owned() };
    plain.engine.programs().publish(&[source], begin()).await.unwrap();
    let rig = Rig::reopened(Arc::clone(&plain.storage), staff()).await;
    enrol(&rig, "E1", ONE, "+447700900123", &[("favourite", "gingerbread")]).await;
    enrol(&rig, "E2", OTHER, "+447700900456", &[("birthday", "1961-12-24")]).await;
    rig.sell(sale(&rig, "first", ONE, "OTHER", 100)).await;
    rig
}

pub(super) async fn enrol(rig: &Rig, id: &str, card: &str, phone: &str, answers: &[(&str, &str)]) -> v1::EnrolResponse {
    let answer = |(fact, value): &(&str, &str)| v1::PromptAnswer {
        fact_id: (*fact).to_owned(),
        value: (*value).to_owned(),
        ..Default::default()
    };
    let request = v1::EnrolRequest {
        request_id: id.to_owned(),
        card_number: card.to_owned(),
        phone: phone.to_owned(),
        data_consent: true,
        store_id: "S1".to_owned(),
        enrolled_at: Some(timestamp_to_wire(rig.clock.now())),
        answers: answers.iter().map(answer).collect(),
        ..Default::default()
    };
    rig.billing.enrol(Request::new(request)).await.unwrap().into_inner()
}

pub(super) fn sale(rig: &Rig, id: &str, card: &str, sku: &str, pounds: i64) -> v1::Receipt {
    let sold_at = Some(timestamp_to_wire(rig.clock.now()));
    v1::Receipt { sold_at, ..receipt(id, Some(card), vec![line("1", sku, 1, pounds * 100)]) }
}

pub(super) fn found(rig: &Rig, card: &str) -> crate::directory::Found {
    derived(&rig.engine.core.keys.directory_name("card", card))
}

pub(super) async fn erase(rig: &Rig, id: &str, card: &str, signers: &[u8]) -> Result<v1::Outcome, Status> {
    let statement = EraseStatement {
        id: ReceiptId::parse(id).unwrap(),
        customer: found(rig, card).customer,
        reason: "their wish".to_owned(),
    };
    let sign = |seed: &u8| admin::PersonSignature {
        public_key: key(*seed).public().as_bytes().to_vec(),
        signature: key(*seed).sign(&statement.text()).to_vec(),
    };
    let request = admin::EraseCustomerRequest {
        request_id: id.to_owned(),
        customer_id: statement.customer.to_string(),
        reason: statement.reason.clone(),
        signatures: signers.iter().map(sign).collect(),
    };
    let done = Customers::new(rig.engine.clone()).erase_customer(Request::new(request)).await;
    done.map(|done| done.into_inner().outcome.unwrap())
}

pub(super) async fn merge(rig: &Rig, from: &str, into: &str) {
    send_merge(rig, from, into).await;
    Carrier::open(rig.engine.clone()).await.unwrap().catch_up().await.unwrap();
}

async fn send_merge(rig: &Rig, from: &str, into: &str) {
    let statement = CustomerStatement {
        id: ReceiptId::parse("m").unwrap(),
        from: found(rig, from).customer,
        to: found(rig, into).customer,
        act: Between::Merge,
        reason: "one person".to_owned(),
    };
    let signature = admin::PersonSignature {
        public_key: key(1).public().as_bytes().to_vec(),
        signature: key(1).sign(&statement.text()).to_vec(),
    };
    let request = admin::MergeCustomersRequest {
        request_id: "m".to_owned(),
        from_customer_id: statement.from.to_string(),
        into_customer_id: statement.to.to_string(),
        reason: statement.reason.clone(),
        signatures: vec![signature],
    };
    Customers::new(rig.engine.clone()).merge_customers(Request::new(request)).await.unwrap();
}

async fn contact(rig: &Rig, customer: &CustomerId) -> admin::GetContactResponse {
    let request = admin::GetContactRequest {
        customer_id: customer.to_string(),
        fact_ids: vec!["favourite".to_owned(), "birthday".to_owned()],
        code: None,
    };
    Contacts::new(rig.engine.clone()).get_contact(Request::new(request)).await.unwrap().into_inner()
}

pub(super) async fn by_phone(rig: &Rig, phone: &str) -> v1::CustomerStatus {
    let identity = v1::customer_identity::Identity::Phone(phone.to_owned());
    let customer = Some(v1::CustomerIdentity { identity: Some(identity), entry_method: 0 });
    let request = v1::IdentifyRequest { customer, store_id: "S1".to_owned(), ..Default::default() };
    rig.billing.identify(Request::new(request)).await.unwrap().into_inner().customer_status()
}

/// Everything that lies in heads, and every row that the feed shows, as it was when it was committed.
async fn all_that_is_kept(rig: &Rig) -> String {
    let mut kept = String::new();
    for space in layout::SPACES.into_iter().filter(|space| *space != layout::PROGRAMS) {
        for (_, head) in rig.storage.heads(space, None, 1_000).await.unwrap() {
            kept.push_str(&String::from_utf8_lossy(&head.value));
        }
    }
    for entry in rig.storage.feed(&Cursor::default(), 1_000, Wanted::All).await.unwrap() {
        entry.rows.iter().for_each(|row| kept.push_str(&String::from_utf8_lossy(&row.value)));
    }
    kept
}

/// What is there in place of the keys of customers.
async fn keys(rig: &Rig) -> Vec<usize> {
    let heads = rig.storage.heads(layout::KEYS, None, 1_000).await.unwrap();
    heads.iter().map(|(_, head)| head.value.len()).collect()
}

#[tokio::test]
async fn h80_an_erased_customer_is_nobody_at_tills_and_to_whoever_sends_messages() {
    let rig = rig().await;
    let before = rig.get("first").await.outcome.unwrap();
    let outcome = erase(&rig, "x", ONE, &[1]).await.unwrap();
    assert_eq!((outcome.kind(), outcome.adjustment_reason.as_str()), (v1::OutcomeKind::Erasure, "their wish"));
    assert_eq!(erase(&rig, "x", ONE, &[1]).await.unwrap(), outcome, "a repeat");
    assert_eq!(erase(&rig, "x2", ONE, &[1]).await.unwrap_err().code(), Code::InvalidArgument, "they were erased");
    assert_eq!((rig.points(ONE).await, by_phone(&rig, "+447700900123").await), (0, v1::CustomerStatus::Unknown));
    assert_eq!(contact(&rig, &found(&rig, ONE).customer).await.status(), admin::ContactStatus::Unknown);
    // Their card buys as nobody's, quoted and unquoted; what was sold before is repeated as it was.
    let quoted = rig.quote(quote(sale(&rig, "second", ONE, "CAKE", 10))).await.unwrap();
    assert_eq!(quoted.answer.as_ref().unwrap().customer_status(), v1::CustomerStatus::Blocked);
    let sold = rig.settle(as_quoted(sale(&rig, "second", ONE, "CAKE", 10), &quoted)).await.unwrap().outcome.unwrap();
    let bare = rig.settle(unquoted(sale(&rig, "third", ONE, "CAKE", 10))).await.unwrap().outcome.unwrap();
    for outcome in [&sold, &bare] {
        assert_eq!((outcome.customer_id.as_str(), outcome.account_id.as_str(), outcome.rewards.len()), ("", "", 0));
        assert!(outcome.flags().any(|flag| flag == v1::OutcomeFlag::CustomerBlocked), "{:?}", outcome.flags);
        assert_eq!(outcome.totals_after.as_ref().unwrap().amount_minor, 1_000, "nothing is known of what they like");
    }
    let again = rig.settle(unquoted(receipt("first", Some(ONE), vec![line("1", "OTHER", 1, 10_000)]))).await.unwrap();
    assert_eq!((again.repeated_before, again.outcome.unwrap()), (true, before), "p2");
    let repeated = enrol(&rig, "E1", ONE, "+447700900123", &[("favourite", "gingerbread")]).await;
    assert_eq!((repeated.status(), repeated.outcome.unwrap().outcome_id.as_str()), (v1::EnrolStatus::Enrolled, "E1"), "p2");
    // Whoever they are, they begin anew with a new card, and their phone is free.
    assert_eq!(enrol(&rig, "E3", ONE, "+447700900123", &[]).await.status(), v1::EnrolStatus::AlreadyKnown);
    let anew = enrol(&rig, "E4", "3003", "+447700900123", &[]).await;
    assert_eq!((anew.status(), rig.points("3003").await), (v1::EnrolStatus::Enrolled, 0));
    assert_eq!(contact(&rig, &found(&rig, "3003").customer).await.phone, "+447700900123");
    assert_eq!(verify(rig.storage.as_ref(), 2, |_| {}).await.unwrap().findings, Vec::<Finding>::new());
    rig.outcomes().await;
}

#[tokio::test]
async fn h47_h80_after_a_merge_both_are_forgotten_and_no_head_or_row_tells_what_rules_read() {
    let rig = rig().await;
    merge(&rig, ONE, OTHER).await;
    for (id, sku) in [("q1", "CAKE"), ("q2", "MUG")] {
        let quoted = rig.quote(quote(sale(&rig, id, ONE, sku, 10))).await.unwrap();
        let due = quoted.answer.unwrap().totals_after.unwrap().amount_minor;
        assert!(due < 1_000, "what both have said is known of the one who stays: {sku} {due}");
    }
    let kept = all_that_is_kept(&rig).await;
    assert!(kept.contains("gingerbread") && kept.contains("12-24"), "rules read it of the account");
    assert_eq!(keys(&rig).await.len(), 2);
    // Whichever of their names is said.
    erase(&rig, "x", ONE, &[1]).await.unwrap();
    let kept = all_that_is_kept(&rig).await;
    for planted in ["gingerbread", "12-24", "1961", "447700900"] {
        assert!(!kept.contains(planted), "{planted}");
    }
    assert_eq!(keys(&rig).await, [1, 1], "both keys are gone, and with them what they sealed, wherever it lies");
    for (card, phone) in [(ONE, "+447700900123"), (OTHER, "+447700900456")] {
        assert_eq!(by_phone(&rig, phone).await, v1::CustomerStatus::Unknown, "{phone}");
        assert_eq!(contact(&rig, &found(&rig, card).customer).await.status(), admin::ContactStatus::Unknown);
    }
    // Who reads the feed from its beginning finds the merge again, carried out, and nothing to open.
    let late = Rig::reopened(Arc::clone(&rig.storage), staff()).await;
    Carrier::open(late.engine.clone()).await.unwrap().catch_up().await.unwrap();
    assert_eq!((late.points(ONE).await, keys(&late).await), (0, vec![1, 1]));
}

#[tokio::test]
async fn h47_h80_a_merge_that_arrives_at_who_was_erased_brings_nothing_and_leaves_no_key() {
    let rig = rig().await;
    let late = Rig::reopened(Arc::clone(&rig.storage), staff()).await;
    // The erasure had begun when the merge was made: it did not see it.
    let (customer, now) = (found(&rig, OTHER), rig.clock.now());
    let case = crate::desk::EraseCase {
        id: ReceiptId::parse("x").unwrap(),
        found: customer.clone(),
        reason: "their wish".to_owned(),
        units_max: 1_000,
        signers: vec![[1; 32]],
        content_hash: [1; 32],
        now,
        phones: vec![tessera_contract::Pii::new("+447700900456".into())],
    };
    send_merge(&rig, ONE, OTHER).await;
    late.engine.at_desk(crate::engine::account_key(&customer), crate::desk::Case::Erase(Box::new(case))).await.unwrap();
    Carrier::open(late.engine.clone()).await.unwrap().catch_up().await.unwrap();
    let kept = all_that_is_kept(&late).await;
    assert!(!kept.contains("gingerbread") && !kept.contains("12-24"));
    assert_eq!((keys(&late).await, late.points(ONE).await), (vec![1, 1], 0));
    assert_eq!(verify(late.storage.as_ref(), 2, |_| {}).await.unwrap().findings, Vec::<Finding>::new());
    late.outcomes().await;
}

#[tokio::test]
async fn h13_h80_an_erasure_whose_commit_was_lost_is_whole_when_it_is_repeated() {
    for nth in 1..=4 {
        for fault in [Fault::UnknownAfterApplying, Fault::UnknownBeforeApplying] {
            let rig = rig().await;
            rig.storage.inject(nth, fault);
            let first = erase(&rig, "x", ONE, &[1]).await;
            let outcome = erase(&rig, "x", ONE, &[1]).await.unwrap();
            assert!(first.is_err() || first.unwrap() == outcome, "{nth} {fault:?}");
            assert_eq!(by_phone(&rig, "+447700900123").await, v1::CustomerStatus::Unknown, "{nth} {fault:?}");
            assert_eq!(keys(&rig).await.iter().filter(|bytes| **bytes == 1).count(), 1, "{nth} {fault:?}");
            assert_eq!(rig.points(ONE).await, 0);
            rig.outcomes().await;
        }
    }
}

#[tokio::test]
async fn h78_h80_nobody_is_erased_by_too_few_or_while_they_pay() {
    let rig = rig().await;
    let asked =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let basket = v1::Receipt { redeem_requested: vec![asked], ..sale(&rig, "held", ONE, "OTHER", 10) };
    rig.quote(quote(basket)).await.unwrap();
    for (signers, code) in [(&[][..], Code::Unauthenticated), (&[3], Code::PermissionDenied), (&[1], Code::InvalidArgument)] {
        assert_eq!(erase(&rig, "x", ONE, signers).await.unwrap_err().code(), code, "{signers:?}");
    }
    assert_eq!(by_phone(&rig, "+447700900123").await, v1::CustomerStatus::Known, "nothing was taken away");
    rig.pass(Duration::from_secs(60 * 60));
    rig.sell(sale(&rig, "dear", ONE, "OTHER", 5_000)).await;
    assert_eq!(erase(&rig, "x", ONE, &[1]).await.unwrap_err().code(), Code::Unauthenticated, "it is too much for one");
    erase(&rig, "x", ONE, &[1, 2]).await.unwrap();
    let back = rig.give_back(give_back("back", Some("dear"), vec![("1", line("1", "OTHER", 1, 500_000))])).await.unwrap();
    let back = back.outcome.unwrap();
    assert_eq!(
        (back.receipt_id.as_str(), back.postings.len()),
        ("back", 0),
        "goods come back all the same, and nobody owes points"
    );
    assert_eq!(verify(rig.storage.as_ref(), 2, |_| {}).await.unwrap().findings, Vec::<Finding>::new());
}

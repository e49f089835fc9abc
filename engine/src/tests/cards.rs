//! Cards that are blocked, unblocked and replaced: at the till, in the books, and whoever may not.

use std::sync::Arc;
use std::time::Duration;

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::signing::PrivateKey;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::card_service_server::CardService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::id::ReceiptId;
use tessera_storage::{Fault, Storage as _};
use tonic::{Request, Status};

use super::super::testing::*;
use crate::clock::Clock as _;
use crate::programs::people::{People, Person, Role};
use crate::{CardStatement, Cards};

const OLD: &str = "1001";
const NEW: &str = "2002";

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

/// With Fia of finance and Mark, a marketer, and a hundred points on a card.
async fn staffed() -> Rig {
    let person = |name: &str, seed: u8, role| Person { name: name.to_owned(), key: key(seed).public(), roles: vec![role] };
    let people = People::new(vec![person("Fia", 1, Role::Finance), person("Mark", 2, Role::Marketer)]).unwrap();
    let plain = Rig::new().await;
    plain.publish("  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}\n").await;
    plain.sell(sale(&plain, "first", Some(OLD))).await;
    Rig::reopened(Arc::clone(&plain.storage), crate::Settings { people, ..settings() }).await
}

fn sale(rig: &Rig, id: &str, card: Option<&str>) -> v1::Receipt {
    v1::Receipt { sold_at: Some(timestamp_to_wire(rig.clock.now())), ..receipt(id, card, vec![line("1", "OTHER", 1, 10_000)]) }
}

fn request(id: &str, act: v1::CardAct, (card, new_card): (&str, &str), signer: u8) -> admin::ChangeCardRequest {
    let (card, new_card) = (card.to_owned(), new_card.to_owned());
    let statement = CardStatement {
        staff: None,
        id: ReceiptId::parse(id).unwrap(),
        act,
        card: card.clone(),
        new_card: Some(new_card.clone()).filter(|number| !number.is_empty()),
        reason: "lost".to_owned(),
    };
    let signature = admin::PersonSignature {
        public_key: key(signer).public().as_bytes().to_vec(),
        signature: key(signer).sign(&statement.text()).to_vec(),
    };
    admin::ChangeCardRequest {
        request_id: id.to_owned(),
        act: i32::from(act),
        card_number: card,
        new_card_number: new_card,
        reason: "lost".to_owned(),
        cashier_id: String::new(),
        store_id: String::new(),
        signatures: vec![signature],
    }
}

async fn change(rig: &Rig, id: &str, act: v1::CardAct, card: &str, new: &str) -> Result<v1::Outcome, Status> {
    send(rig, request(id, act, (card, new), 1)).await
}

async fn send(rig: &Rig, request: admin::ChangeCardRequest) -> Result<v1::Outcome, Status> {
    Cards::new(rig.engine.clone()).change_card(Request::new(request)).await.map(|done| done.into_inner().outcome.unwrap())
}

async fn told(rig: &Rig, card: &str) -> admin::GetCardResponse {
    let request = admin::GetCardRequest { card_number: card.to_owned() };
    Cards::new(rig.engine.clone()).get_card(Request::new(request)).await.unwrap().into_inner()
}

/// Points that are earned or burnt, and what the card is told to be.
async fn sold(rig: &Rig, id: &str, card: &str) -> (v1::CustomerStatus, v1::Outcome) {
    let asked =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let receipt = v1::Receipt { redeem_requested: vec![asked], ..sale(rig, id, Some(card)) };
    let quoted = rig.quote(quote(receipt.clone())).await.unwrap();
    let status = quoted.answer.as_ref().unwrap().customer_status();
    let answer = quoted.answer.as_ref().unwrap();
    let noted = answer.notes.iter().any(|note| note.code() == v1::NoteCode::CardBlocked && !note.text.is_empty());
    assert_eq!(noted, status == v1::CustomerStatus::Blocked);
    assert_eq!(noted, answer.screen_texts.iter().any(|row| row.contains("not valid")), "{:?}", answer.screen_texts);
    (status, rig.settle(as_quoted(receipt, &quoted)).await.unwrap().outcome.unwrap())
}

#[tokio::test]
async fn p4_a_blocked_card_buys_as_nobody_until_it_is_unblocked_and_its_points_stay() {
    let rig = staffed().await;
    let before = rig.points(OLD).await;
    let blocked = change(&rig, "b1", v1::CardAct::Block, OLD, "").await.unwrap();
    assert_eq!((blocked.kind(), blocked.card_act()), (v1::OutcomeKind::Adjustment, v1::CardAct::Block));
    assert_eq!((blocked.adjustment_reason.as_str(), blocked.postings.len()), ("lost", 0));
    assert_eq!(blocked.adjusted_by, [key(1).public().as_bytes().to_vec()]);
    assert_eq!(change(&rig, "b1", v1::CardAct::Block, OLD, "").await.unwrap(), blocked, "a repeat");
    let (status, outcome) = sold(&rig, "stolen", OLD).await;
    assert_eq!(status, v1::CustomerStatus::Blocked);
    assert!(outcome.customer_id.is_empty() && outcome.rewards.is_empty() && outcome.redemptions.is_empty(), "{outcome:?}");
    assert!(outcome.flags.contains(&i32::from(v1::OutcomeFlag::CustomerBlocked)));
    let asked = v1::IdentifyRequest {
        customer: receipt("x", Some(OLD), Vec::new()).customer,
        store_id: "S1".to_owned(),
        ..Default::default()
    };
    let identified = rig.billing.identify(Request::new(asked)).await.unwrap().into_inner();
    assert_eq!((identified.customer_status(), identified.customer_id.as_str()), (v1::CustomerStatus::Blocked, ""));
    assert_eq!(told(&rig, OLD).await.state(), admin::CardState::Blocked);
    change(&rig, "u1", v1::CardAct::Unblock, OLD, "").await.unwrap();
    assert_eq!(rig.points(OLD).await, before, "nothing was earned or burnt meanwhile");
    let (status, outcome) = sold(&rig, "own", OLD).await;
    assert_eq!((status, outcome.customer_id.is_empty()), (v1::CustomerStatus::Known, false));
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_a_replaced_card_leads_nowhere_and_the_new_one_to_the_same_account() {
    let rig = staffed().await;
    let (before, account) = (rig.points(OLD).await, told(&rig, OLD).await.account_id);
    let replaced = change(&rig, "r1", v1::CardAct::Replace, OLD, NEW).await.unwrap();
    assert_eq!((replaced.card_act(), replaced.account_id.as_str()), (v1::CardAct::Replace, account.as_str()));
    assert_eq!((told(&rig, NEW).await.account_id, rig.points(NEW).await), (account.clone(), before));
    let (status, outcome) = sold(&rig, "old", OLD).await;
    assert_eq!((status, outcome.account_id.as_str()), (v1::CustomerStatus::Blocked, ""));
    let (status, outcome) = sold(&rig, "new", NEW).await;
    assert_eq!((status, outcome.account_id), (v1::CustomerStatus::Known, account));
    let other = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    assert!(other.points(NEW).await > 0, "it is kept");
    let refused = [
        ("x1", v1::CardAct::Unblock, OLD, "", "card_number"),
        ("x2", v1::CardAct::Replace, OLD, "3003", "card_number"),
        ("x3", v1::CardAct::Replace, NEW, OLD, "new_card_number"),
        ("x4", v1::CardAct::Unblock, NEW, "", "card_number"),
    ];
    for (id, act, card, new, field) in refused {
        let status = change(&rig, id, act, card, new).await.unwrap_err();
        let faults = tonic_types::StatusExt::get_details_bad_request(&status).unwrap().field_violations;
        assert_eq!(faults[0].field, field, "{id}");
    }
    // A card that has bought has an account of its own.
    rig.sell(sale(&rig, "other", Some("4004"))).await;
    assert!(change(&rig, "x5", v1::CardAct::Replace, NEW, "4004").await.is_err());
    rig.outcomes().await;
}

#[tokio::test]
async fn h6_what_was_paid_or_promised_before_a_card_was_blocked_is_the_customers() {
    let rig = staffed().await;
    let receipt = sale(&rig, "promised", Some(OLD));
    let quoted = rig.quote(quote(receipt.clone())).await.unwrap();
    let before = sale(&rig, "before", Some(OLD));
    rig.pass(Duration::from_secs(60));
    change(&rig, "b1", v1::CardAct::Block, OLD, "").await.unwrap();
    rig.pass(Duration::from_secs(60));
    let late = v1::Receipt { sold_at: Some(timestamp_to_wire(rig.clock.now())), ..receipt };
    let sales = [unquoted(before), as_quoted(late, &quoted), unquoted(sale(&rig, "after", Some(OLD)))];
    let mut known = Vec::new();
    for request in sales {
        let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
        known.push(!outcome.customer_id.is_empty());
    }
    assert_eq!(known, [true, true, false]);
    rig.outcomes().await;
}

#[tokio::test]
async fn h13_a_change_whose_commit_was_lost_is_made_again_by_the_same_request_alone() {
    for fault in [Fault::UnknownAfterApplying, Fault::UnknownBeforeApplying] {
        let rig = staffed().await;
        rig.storage.inject(1, fault);
        let replaced = change(&rig, "r1", v1::CardAct::Replace, OLD, NEW).await.unwrap();
        assert_eq!(change(&rig, "r1", v1::CardAct::Replace, OLD, NEW).await.unwrap(), replaced, "{fault:?}");
        let conflict = change(&rig, "r1", v1::CardAct::Replace, OLD, "3003").await.unwrap_err();
        assert_eq!(reason(&conflict), v1::ErrorReason::Conflict);
        assert_eq!(told(&rig, NEW).await.state(), admin::CardState::Good);
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn h78_only_people_of_finance_change_cards_and_sign_exactly_what_they_do() {
    let rig = staffed().await;
    let act = v1::CardAct::Block;
    let good = request("b1", act, (OLD, ""), 1);
    let table = [
        (admin::ChangeCardRequest { signatures: Vec::new(), ..good.clone() }, tonic::Code::Unauthenticated),
        (request("b1", act, (OLD, ""), 2), tonic::Code::PermissionDenied),
        (request("b1", act, (OLD, ""), 9), tonic::Code::PermissionDenied),
        (admin::ChangeCardRequest { card_number: "1003".to_owned(), ..good.clone() }, tonic::Code::PermissionDenied),
        (admin::ChangeCardRequest { reason: String::new(), ..good.clone() }, tonic::Code::InvalidArgument),
        (admin::ChangeCardRequest { act: 0, ..good.clone() }, tonic::Code::InvalidArgument),
        (request("b1", act, (OLD, NEW), 1), tonic::Code::InvalidArgument),
        (request("b1", v1::CardAct::Replace, (OLD, ""), 1), tonic::Code::InvalidArgument),
        (request("b1", act, ("4111111111111111", ""), 1), tonic::Code::InvalidArgument),
    ];
    for (number, (request, code)) in table.into_iter().enumerate() {
        let refused = send(&rig, request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{number}: {refused:?}");
        assert!(!format!("{refused:?}").contains("4111"), "h79: no number of a payment card is repeated");
    }
    assert_eq!(told(&rig, OLD).await.state(), admin::CardState::Good, "nothing changed");
    let nobody = Rig::new().await;
    assert_eq!(send(&nobody, good).await.unwrap_err().code(), tonic::Code::FailedPrecondition);
}

#[tokio::test]
async fn h81_the_numbers_of_cards_are_kept_nowhere() {
    let rig = staffed().await;
    let outcome = change(&rig, "r1", v1::CardAct::Replace, OLD, "9876543210").await.unwrap();
    assert!(!format!("{outcome:?}").contains("9876543210"));
    let kept = rig.storage.heads(crate::layout::DIRECTORY, None, 100).await.unwrap();
    assert_eq!(kept.len(), 2);
    for (name, head) in kept {
        for bytes in [&name[..], &head.value[..]] {
            assert!(!bytes.windows(10).any(|window| window == b"9876543210"));
        }
    }
}

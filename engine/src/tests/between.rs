//! What concerns two customers: merges and transfers, cut between their two commits, repeated, raced and refused.

use std::sync::Arc;
use std::time::Duration;

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::signing::PrivateKey;
use tessera_ledger::account::Account;
use tessera_ledger::day::Side;
use tessera_ledger::posting::Book;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::card_service_server::CardService as _;
use tessera_proto::admin::v1::contact_service_server::ContactService as _;
use tessera_proto::admin::v1::customer_service_server::CustomerService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::id::{AssetId, ReceiptId};
use tessera_rules::money::Units;
use tessera_storage::{Fault, MemoryStorage, Storage as _};
use tonic::{Code, Request, Status};

use super::super::testing::*;
use crate::clock::Clock as _;
use crate::directory::derived;
use crate::follow_ups::Carrier;
use crate::ledger::{Finding, verify};
use crate::programs::people::{People, Person, Role};
use crate::{Between, CustomerStatement, Customers, layout};

/// Who goes, and who stays.
pub(super) const ONE: &str = "1001";
pub(super) const OTHER: &str = "2002";
pub(super) const CAMPAIGNS: &str = "
  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}
  - {id: friend, name: Friend, for: {referral: first_receipt}, grant: {give: {points: {units: 500}}}}
";

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

pub(super) fn staff() -> crate::Settings {
    let person = |name: &str, seed: u8, role| Person { name: name.to_owned(), key: key(seed).public(), roles: vec![role] };
    let finance = [person("Fia", 1, Role::Finance), person("Finn", 2, Role::Finance), person("Mark", 3, Role::Marketer)];
    crate::Settings { people: People::new(finance.into()).unwrap(), adjust_alone_units_max: 1_000, ..settings() }
}

/// A hundred points on the one card and fifty on the other.
pub(super) async fn rig() -> Rig {
    let plain = Rig::new().await;
    plain.publish(CAMPAIGNS).await;
    plain.sell(sale(&plain, "first", Some(ONE), 100)).await;
    plain.sell(sale(&plain, "second", Some(OTHER), 50)).await;
    Rig::reopened(Arc::clone(&plain.storage), staff()).await
}

pub(super) fn sale(rig: &Rig, id: &str, card: Option<&str>, pounds: i64) -> v1::Receipt {
    let sold_at = Some(timestamp_to_wire(rig.clock.now()));
    v1::Receipt { sold_at, ..receipt(id, card, vec![line("1", "OTHER", 1, pounds * 100)]) }
}

pub(super) fn found(rig: &Rig, card: &str) -> crate::directory::Found {
    derived(&rig.engine.core.keys.directory_name("card", card))
}

pub(super) fn signatures(statement: &CustomerStatement, signers: &[u8]) -> Vec<admin::PersonSignature> {
    let sign = |seed: &u8| admin::PersonSignature {
        public_key: key(*seed).public().as_bytes().to_vec(),
        signature: key(*seed).sign(&statement.text()).to_vec(),
    };
    signers.iter().map(sign).collect()
}

fn merge_request(rig: &Rig, id: &str, (from, into): (&str, &str), signers: &[u8]) -> admin::MergeCustomersRequest {
    let (from, to) = (found(rig, from).customer, found(rig, into).customer);
    let id = ReceiptId::parse(id).unwrap();
    let statement = CustomerStatement { id, from, to, act: Between::Merge, reason: "one person".to_owned() };
    admin::MergeCustomersRequest {
        request_id: statement.id.to_string(),
        from_customer_id: statement.from.to_string(),
        into_customer_id: statement.to.to_string(),
        reason: statement.reason.clone(),
        signatures: signatures(&statement, signers),
    }
}

pub(super) async fn merge(rig: &Rig, id: &str, from: &str, into: &str) -> Result<v1::Outcome, Status> {
    send(rig, merge_request(rig, id, (from, into), &[1])).await
}

async fn send(rig: &Rig, request: admin::MergeCustomersRequest) -> Result<v1::Outcome, Status> {
    let done = Customers::new(rig.engine.clone()).merge_customers(Request::new(request)).await;
    done.map(|done| done.into_inner().outcome.unwrap())
}

async fn transfer(rig: &Rig, id: &str, (from, to): (&str, &str), units: i64, signers: &[u8]) -> Result<v1::Outcome, Status> {
    let asset = AssetId::parse("points").unwrap();
    let statement = CustomerStatement {
        id: ReceiptId::parse(id).unwrap(),
        from: found(rig, from).customer,
        to: found(rig, to).customer,
        act: Between::Transfer { asset, units: Units::from_units(units) },
        reason: "a gift".to_owned(),
    };
    let request = admin::TransferUnitsRequest {
        request_id: id.to_owned(),
        from_customer_id: statement.from.to_string(),
        to_customer_id: statement.to.to_string(),
        asset_id: "points".to_owned(),
        units,
        reason: statement.reason.clone(),
        signatures: signatures(&statement, signers),
    };
    let done = Customers::new(rig.engine.clone()).transfer_units(Request::new(request)).await;
    done.map(|done| done.into_inner().outcome.unwrap())
}

pub(super) async fn carry(rig: &Rig) -> usize {
    Carrier::open(rig.engine.clone()).await.unwrap().catch_up().await.unwrap()
}

/// What the transfer book holds; the whole ledger agrees.
pub(super) async fn under_way(rig: &Rig) -> i128 {
    let verified = verify(rig.storage.as_ref(), 2, |_| {}).await.unwrap();
    assert_eq!(verified.findings, Vec::<Finding>::new());
    let book = verified.held.iter().filter(|held| held.place.side == Side::Book(Book::Transfer));
    book.map(|held| held.units).sum()
}

/// What lies in an account, as the storage has it, whoever would be led on from it.
async fn kept(rig: &Rig, card: &str) -> i64 {
    let head = rig.storage.head(&layout::account(&found(rig, card).account)).await.unwrap().unwrap();
    Account::decode(&head.value).unwrap().lots.iter().map(|lot| lot.left.units()).sum()
}

#[tokio::test]
async fn h47_p5_cut_between_its_two_commits_a_merge_is_whole_for_whoever_comes_first() {
    type Step = fn(&Rig) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
    let carried: Step = |rig| Box::pin(async move { assert_eq!(carry(rig).await, 1) });
    let told: Step = |rig| Box::pin(async move { assert_eq!(rig.points(ONE).await, 150) });
    let sold: Step = |rig| {
        Box::pin(async move {
            let settled = rig.sell(sale(rig, "between", Some(ONE), 0)).await;
            assert_eq!(settled.balances[0].available_units, 150, "the till is told all of it");
            assert_eq!(settled.outcome.unwrap().account_id, found(rig, OTHER).account.to_string());
        })
    };
    let asked: Step = |rig| {
        Box::pin(async move {
            let quoted = rig.quote(quote(sale(rig, "asked", Some(ONE), 1))).await.unwrap();
            assert_eq!(quoted.answer.unwrap().balances[0].available_units, 150);
        })
    };
    for (what, step) in [("carried out", carried), ("told", told), ("sold", sold), ("quoted", asked)] {
        let begun = rig().await;
        let outcome = merge(&begun, "m", ONE, OTHER).await.unwrap();
        assert_eq!((outcome.kind(), outcome.adjustment_reason.as_str()), (v1::OutcomeKind::Adjustment, "one person"), "{what}");
        assert_eq!((kept(&begun, ONE).await, kept(&begun, OTHER).await, under_way(&begun).await), (0, 50, 100), "{what}");
        // Whoever was at work is gone here, with all that was in memory.
        let again = Rig::reopened(Arc::clone(&begun.storage), staff()).await;
        step(&again).await;
        assert_eq!((kept(&again, ONE).await, kept(&again, OTHER).await, under_way(&again).await), (0, 150, 0), "{what}");
        carry(&again).await;
        assert_eq!(merge(&again, "m", ONE, OTHER).await.unwrap(), outcome, "a repeat");
        assert_eq!((again.points(ONE).await, again.points(OTHER).await, under_way(&again).await), (150, 150, 0), "{what}");
        again.outcomes().await;
    }
}

#[tokio::test]
async fn h47_what_was_promised_before_a_merge_and_a_block_is_burnt_all_the_same() {
    let rig = rig().await;
    let asked =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let basket = v1::Receipt { redeem_requested: vec![asked], ..sale(&rig, "held", Some(ONE), 10) };
    let quoted = rig.quote(quote(basket.clone())).await.unwrap();
    let held = quoted.answer.as_ref().unwrap().redemptions[0].units;
    merge(&rig, "m", ONE, OTHER).await.unwrap();
    rig.pass(Duration::from_secs(1));
    block(&rig, ONE).await;
    let late = v1::Receipt { sold_at: Some(timestamp_to_wire(rig.clock.now())), ..basket };
    let outcome = rig.settle(as_quoted(late, &quoted)).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.account_id, found(&rig, OTHER).account.to_string());
    assert_eq!(outcome.redemptions[0].units, held);
}

/// The card is lost.
async fn block(rig: &Rig, card: &str) {
    let statement = crate::CardStatement {
        id: ReceiptId::parse("lost").unwrap(),
        act: v1::CardAct::Block,
        card: card.to_owned(),
        new_card: None,
        staff: None,
        reason: "lost".to_owned(),
    };
    let signature = admin::PersonSignature {
        public_key: key(1).public().as_bytes().to_vec(),
        signature: key(1).sign(&statement.text()).to_vec(),
    };
    let request = admin::ChangeCardRequest {
        request_id: "lost".to_owned(),
        act: i32::from(v1::CardAct::Block),
        card_number: card.to_owned(),
        reason: "lost".to_owned(),
        signatures: vec![signature],
        ..Default::default()
    };
    crate::Cards::new(rig.engine.clone()).change_card(Request::new(request)).await.unwrap();
}

#[tokio::test]
async fn h13_h47_a_merge_whose_commits_were_lost_is_made_once() {
    for fault in [Fault::UnknownAfterApplying, Fault::UnknownBeforeApplying] {
        let rig = rig().await;
        rig.storage.inject(1, fault);
        let outcome = merge(&rig, "m", ONE, OTHER).await.unwrap();
        rig.storage.inject(1, fault);
        assert_eq!(rig.points(ONE).await, 150, "{fault:?}");
        assert_eq!(merge(&rig, "m", ONE, OTHER).await.unwrap(), outcome);
        assert_eq!((kept(&rig, ONE).await, kept(&rig, OTHER).await, under_way(&rig).await), (0, 150, 0), "{fault:?}");
        let conflict = merge(&rig, "m", OTHER, ONE).await.unwrap_err();
        assert_eq!(reason(&conflict), v1::ErrorReason::Conflict);
    }
}

#[tokio::test]
async fn h47_what_was_promised_to_the_one_is_kept_by_the_other() {
    let rig = rig().await;
    let asked =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let basket = v1::Receipt { redeem_requested: vec![asked], ..sale(&rig, "held", Some(ONE), 10) };
    let quoted = rig.quote(quote(basket.clone())).await.unwrap();
    let held = quoted.answer.as_ref().unwrap().redemptions[0].units;
    assert!(held > 0);
    merge(&rig, "m", ONE, OTHER).await.unwrap();
    assert_eq!((rig.points(ONE).await, rig.points(OTHER).await), (150 - held, 150 - held), "it is seen by everybody");
    let outcome = rig.settle(as_quoted(basket.clone(), &quoted)).await.unwrap().outcome.unwrap();
    assert!(!outcome.flags.contains(&i32::from(v1::OutcomeFlag::SettledWithShortfall)), "{:?}", outcome.flags);
    assert_eq!((outcome.redemptions[0].units, outcome.account_id), (held, found(&rig, OTHER).account.to_string()));
    let again = rig.settle(as_quoted(basket, &quoted)).await.unwrap();
    assert!(again.repeated_before);
    assert_eq!(under_way(&rig).await, 0);
}

#[tokio::test]
async fn h47_h12_goods_that_the_one_bought_come_back_to_the_other() {
    let rig = rig().await;
    let two = v1::Receipt { lines: vec![line("1", "OTHER", 2, 3_000)], ..sale(&rig, "shoes", Some(ONE), 0) };
    rig.sell(two).await;
    let back = |id: &str| give_back(id, Some("shoes"), vec![("1", line("1", "OTHER", 1, 3_000))]);
    let before = rig.give_back(back("back-1")).await.unwrap().outcome.unwrap();
    merge(&rig, "m", ONE, OTHER).await.unwrap();
    let repeated = rig.give_back(back("back-1")).await.unwrap();
    assert_eq!((repeated.repeated_before, repeated.outcome.unwrap()), (true, before));
    assert_eq!(rig.points(ONE).await, 180);
    let preview = v1::ReturnRequest { mode: i32::from(v1::ReturnMode::Preview), ..back("back-2") };
    assert_eq!(rig.give_back(preview).await.unwrap().answer.unwrap().taken_back[0].units, -30);
    let after = rig.give_back(back("back-2")).await.unwrap().outcome.unwrap();
    assert_eq!(after.account_id, found(&rig, OTHER).account.to_string());
    let of_lot = after.postings.iter().find_map(|posting| match &posting.side {
        Some(v1::posting::Side::LotId(lot)) => Some((lot.clone(), posting.units)),
        _ => None,
    });
    assert_eq!(of_lot, Some(("shoes~0".to_owned(), -30)), "first from the sale's own lot");
    assert_eq!((rig.points(ONE).await, under_way(&rig).await), (150, 0));
    let third = rig.give_back(v1::ReturnRequest { mode: i32::from(v1::ReturnMode::Preview), ..back("back-3") }).await;
    assert!(third.is_err(), "both came back already");
    rig.outcomes().await;
}

#[tokio::test]
async fn h47_h5_an_engine_that_remembers_the_one_account_is_led_to_the_other() {
    let rig = rig().await;
    let late = Rig::reopened(Arc::clone(&rig.storage), staff()).await;
    assert_eq!(late.points(ONE).await, 100, "it remembers");
    merge(&rig, "m", ONE, OTHER).await.unwrap();
    let outcome = late.sell(sale(&late, "late", Some(ONE), 5)).await.outcome.unwrap();
    assert_eq!(outcome.account_id, found(&rig, OTHER).account.to_string());
    assert_eq!(outcome.customer_id, found(&rig, OTHER).customer.to_string());
    let fresh = Rig::reopened(Arc::clone(&rig.storage), staff()).await;
    assert_eq!((fresh.points(ONE).await, under_way(&fresh).await), (155, 0));
}

#[tokio::test]
async fn h47_accounts_are_never_merged_in_a_circle_and_a_chain_leads_to_its_end() {
    let rig = rig().await;
    let both = tokio::join!(merge(&rig, "m1", ONE, OTHER), merge(&rig, "m2", OTHER, ONE));
    assert!(both.0.is_ok() != both.1.is_ok(), "{both:?}");
    let rig = self::rig().await;
    rig.sell(sale(&rig, "third", Some("3003"), 7)).await;
    merge(&rig, "m1", ONE, OTHER).await.unwrap();
    merge(&rig, "m2", OTHER, "3003").await.unwrap();
    assert_eq!((rig.points(ONE).await, rig.points(OTHER).await, rig.points("3003").await), (157, 157, 157));
    let last = rig.engine.core.account(&found(&rig, "3003").account).await.unwrap().account.unwrap();
    assert_eq!((last.members.len(), last.merged.len()), (1, 2), "one person, whatever was on its way when the second began");
    assert_eq!(merge(&rig, "m3", "3003", ONE).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(merge(&rig, "m4", ONE, "3003").await.unwrap_err().code(), Code::InvalidArgument, "it is gone already");
    let back = rig.give_back(give_back("back", Some("first"), vec![("1", line("1", "OTHER", 1, 10_000))])).await.unwrap();
    assert_eq!(back.outcome.unwrap().account_id, found(&rig, "3003").account.to_string());
    assert_eq!((rig.points("3003").await, under_way(&rig).await), (57, 0));
    rig.outcomes().await;
}

#[tokio::test]
async fn h47_what_was_on_its_way_to_the_one_arrives_at_the_other() {
    let rig = rig().await;
    let brought = v1::SettleRequest { referred_by: Some(customer(ONE)), ..unquoted(sale(&rig, "new", Some("4004"), 0)) };
    rig.settle(brought).await.unwrap();
    merge(&rig, "m", ONE, OTHER).await.unwrap();
    assert_eq!(carry(&rig).await, 2, "the bonus and the merge, in whatever order");
    assert_eq!((rig.points(OTHER).await, under_way(&rig).await), (650, 0));
    let again = Rig::reopened(Arc::clone(&rig.storage), staff()).await;
    carry(&again).await;
    assert_eq!(again.points(OTHER).await, 650);
}

#[tokio::test]
async fn h78_a_merge_needs_the_people_that_a_correction_of_as_much_needs() {
    let rig = rig().await;
    rig.sell(sale(&rig, "dear", Some(ONE), 5_000)).await;
    for (signers, code) in [
        (&[][..], Code::Unauthenticated),
        (&[1], Code::Unauthenticated),
        (&[1, 3], Code::PermissionDenied),
        (&[1, 1], Code::PermissionDenied),
    ] {
        let refused = send(&rig, merge_request(&rig, "m", (ONE, OTHER), signers)).await.unwrap_err();
        assert_eq!(refused.code(), code, "{signers:?}");
    }
    let other = admin::MergeCustomersRequest { reason: "another".to_owned(), ..merge_request(&rig, "m", (ONE, OTHER), &[1, 2]) };
    assert_eq!(send(&rig, other).await.unwrap_err().code(), Code::PermissionDenied);
    for (from, into) in [(ONE, ONE), (ONE, "9999"), ("9999", ONE)] {
        let refused = send(&rig, merge_request(&rig, "m", (from, into), &[1, 2])).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{from} into {into}");
    }
    assert_eq!((kept(&rig, ONE).await, kept(&rig, OTHER).await), (5_100, 50), "nothing changed");
    send(&rig, merge_request(&rig, "m", (ONE, OTHER), &[1, 2])).await.unwrap();
    assert_eq!((rig.points(ONE).await, rig.points(OTHER).await), (5_150, 5_150));
}

#[tokio::test]
async fn h47_h80_how_the_one_is_reached_is_sealed_anew_for_the_other() {
    let rig = rig().await;
    let enrol = v1::EnrolRequest {
        request_id: "enrol".to_owned(),
        card_number: ONE.to_owned(),
        phone: "+447700900123".to_owned(),
        data_consent: true,
        store_id: "S1".to_owned(),
        enrolled_at: Some(timestamp_to_wire(begin())),
        ..Default::default()
    };
    rig.billing.enrol(Request::new(enrol)).await.unwrap();
    merge(&rig, "m", ONE, OTHER).await.unwrap();
    let contacts = crate::contact::Contacts::new(rig.engine.clone());
    for card in [ONE, OTHER] {
        let request = admin::GetContactRequest { customer_id: found(&rig, card).customer.to_string(), ..Default::default() };
        let told = contacts.get_contact(Request::new(request)).await.unwrap().into_inner();
        assert_eq!((told.phone.as_str(), told.data_consent), ("+447700900123", true), "{card}");
    }
}

#[tokio::test]
async fn p2_p4_p5_points_that_are_given_leave_once_and_arrive_once() {
    let rig = rig().await;
    let sent = transfer(&rig, "t", (ONE, OTHER), 30, &[1]).await.unwrap();
    assert_eq!(transfer(&rig, "t", (ONE, OTHER), 30, &[1]).await.unwrap(), sent, "a repeat");
    assert_eq!((rig.points(ONE).await, rig.points(OTHER).await, under_way(&rig).await), (70, 50, 30));
    let again = Rig::reopened(Arc::clone(&rig.storage), staff()).await;
    assert_eq!((carry(&again).await, carry(&again).await), (1, 0));
    assert_eq!((again.points(ONE).await, again.points(OTHER).await, under_way(&again).await), (70, 80, 0));
    let table = [
        ("more than there is", (ONE, OTHER), 71, &[1], Code::InvalidArgument),
        ("nothing", (ONE, OTHER), 0, &[1], Code::InvalidArgument),
        ("to nobody", (ONE, "9999"), 1, &[1], Code::InvalidArgument),
        ("to themselves", (ONE, ONE), 1, &[1], Code::InvalidArgument),
        ("above what one may", (ONE, OTHER), 1_001, &[1], Code::Unauthenticated),
    ];
    for (what, who, units, signers, code) in table {
        assert_eq!(transfer(&again, "t2", who, units, signers).await.unwrap_err().code(), code, "{what}");
    }
    transfer(&again, "t3", (ONE, OTHER), 20, &[1]).await.unwrap();
    merge(&again, "m", OTHER, ONE).await.unwrap();
    carry(&again).await;
    assert_eq!((again.points(ONE).await, again.points(OTHER).await, under_way(&again).await), (150, 150, 0), "it came back");
    let own = transfer(&again, "t4", (ONE, OTHER), 1, &[1]).await.unwrap_err();
    assert_eq!(own.code(), Code::InvalidArgument, "they are one now");
}

#[tokio::test]
async fn p5_a_day_that_is_closed_between_the_two_commits_holds_what_is_under_way() {
    let rig = rig().await;
    merge(&rig, "m", ONE, OTHER).await.unwrap();
    rig.pass(Duration::from_secs(24 * 60 * 60));
    while rig.engine.close_day(rig.clock.now()).await.unwrap().is_some() {}
    assert_eq!(under_way(&rig).await, 100);
    carry(&rig).await;
    rig.pass(Duration::from_secs(24 * 60 * 60));
    while rig.engine.close_day(rig.clock.now()).await.unwrap().is_some() {}
    assert_eq!((under_way(&rig).await, rig.points(ONE).await), (0, 150));
    let _: &Arc<MemoryStorage> = &rig.storage;
}

//! What is left of a customer who was forgotten, in every space and every kind of row; and what comes late to them.

use std::sync::Arc;
use std::time::Duration;

use tessera_contract::Pii;
use tessera_contract::convert::timestamp_to_wire;
use tessera_ledger::account::{Account, Statistics};
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::card_service_server::CardService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::brakes::StaffOf;
use tessera_rules::id::{CashierId, ReceiptId};
use tessera_rules::revision::Source;
use tessera_storage::{Fault, Storage as _};
use tonic::{Code, Request};

use super::super::testing::*;
use super::claims::{claim, claim_of};
use super::erase::{ONE, OTHER, by_phone, enrol, erase, found, key, merge, rig, sale, staff};
use crate::clock::Clock as _;
use crate::kept::{Forgotten, HEADS, ROWS};
use crate::{CardStatement, Cards, layout};

const PHONE: &str = "+447700900123";

/// Returns price anew what is kept, tiers and staff are known, and sales can be claimed.
const HABITS: &str = "
program: habits
language: 1
name: Habits
currency: GBP
claim_within_hours: 48
conventions: {returned_rewards: repriced_kept}
assets: [{id: points, kind: points, worth_minor: 1, redeem: {minimum_units: 1, step_units: 1, share_percent_max: 100}}]
tiers: [{id: planted-tier, multiplier: 1}]
facts:
  - {id: favourite, text: Which aisle do you like best?}
  - {id: birthday, text: When is your birthday?}
segments:
  - {id: gingerbread, fact: {id: favourite, values: [gingerbread]}}
campaigns:
  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}
  - {id: socks, name: Three for two, on: {sku: [SOCKS]}, n_for_m: {take: 3, pay: 2}}
  - {id: likes, name: For who likes it, segments: [gingerbread], on: {sku: CAKE}, percent_off: 20}
  - {id: status, name: Status, on: {sku: [SOCKS]}, grant: {give: {status: {tier: planted-tier}}}}
";

async fn with_habits() -> Rig {
    let rig = rig().await;
    rig.pass(Duration::from_secs(1));
    let source = Source { name: "habits.yaml".to_owned(), text: HABITS.to_owned() };
    rig.engine.programs().publish(&[source], rig.clock.now()).await.unwrap();
    rig
}

async fn is_staff(rig: &Rig, card: &str, cashier: &str) {
    let statement = CardStatement {
        id: ReceiptId::parse("staff").unwrap(),
        act: v1::CardAct::Staff,
        card: card.to_owned(),
        new_card: None,
        staff: Some(StaffOf { store: None, cashier: CashierId::parse(cashier).unwrap() }),
        reason: "hired".to_owned(),
    };
    let signature = admin::PersonSignature {
        public_key: key(1).public().as_bytes().to_vec(),
        signature: key(1).sign(&statement.text()).to_vec(),
    };
    let request = admin::ChangeCardRequest {
        request_id: "staff".to_owned(),
        act: i32::from(v1::CardAct::Staff),
        card_number: card.to_owned(),
        reason: "hired".to_owned(),
        signatures: vec![signature],
        cashier_id: cashier.to_owned(),
        ..Default::default()
    };
    Cards::new(rig.engine.clone()).change_card(Request::new(request)).await.unwrap();
}

/// Every head and every row as it lies there now, with what it is.
async fn everything(rig: &Rig) -> Vec<(String, Forgotten, Vec<u8>)> {
    let mut all = Vec::new();
    for (space, how) in HEADS {
        for (name, head) in rig.storage.heads(space, None, 10_000).await.unwrap() {
            all.push((format!("a head of {space:?}"), how, head.value.to_vec()));
            let partition = tessera_storage::Partition { space, key: name };
            for (kind, how) in ROWS {
                let rows = rig.storage.rows(&partition, kind, None, 10_000).await.unwrap();
                all.extend(rows.into_iter().map(|row| (format!("row {kind} in {space:?}"), how, row.value.to_vec())));
            }
        }
    }
    all
}

fn places(all: &[(String, Forgotten, Vec<u8>)], planted: &str) -> Vec<String> {
    let holds = |value: &[u8]| value.windows(planted.len()).any(|window| window == planted.as_bytes());
    let found = all.iter().filter(|(_, how, value)| !matches!(how, Forgotten::IsNobodys | Forgotten::Stays) && holds(value));
    found.map(|(place, ..)| place.clone()).collect()
}

async fn account(rig: &Rig, card: &str) -> Account {
    let head = rig.storage.head(&layout::account(&found(rig, card).account)).await.unwrap().unwrap();
    Account::decode(&head.value).unwrap()
}

#[tokio::test]
async fn h80_nothing_in_any_space_or_row_tells_of_who_was_forgotten_with_what_was_merged_into_them() {
    let rig = with_habits().await;
    is_staff(&rig, ONE, "planted-cashier").await;
    for number in 0..3 {
        let socks =
            v1::Receipt { lines: vec![line("1", "SOCKS", 3, 1_000)], ..sale(&rig, &format!("s{number}"), ONE, "OTHER", 1) };
        rig.sell(socks).await;
    }
    let kept = everything(&rig).await;
    assert!(kept.iter().any(|(_, how, _)| *how == Forgotten::WithTheKey), "what the sales were decided with is kept");
    for planted in ["planted-tier", "planted-cashier", "gingerbread"] {
        assert_eq!(places(&kept, planted), ["a head of Space(\"accounts\")"], "{planted}: rules read it of the account alone");
    }
    merge(&rig, ONE, OTHER).await;
    assert!(account(&rig, OTHER).await.members[0].staff.is_some(), "all of it has arrived");
    // What was decided before the merge is there for returns: two of three are kept and cost as much.
    let back = give_back("b0", Some("s0"), vec![("1", line("1", "SOCKS", 1, 1_000))]);
    assert_eq!(rig.give_back(back).await.unwrap().outcome.unwrap().totals_after.unwrap().due_minor, 0);
    erase(&rig, "x", OTHER, &[1, 2]).await.unwrap();
    let left = everything(&rig).await;
    for planted in ["planted-tier", "planted-cashier", "gingerbread", "12-24", "1961", "447700900"] {
        assert_eq!(places(&left, planted), Vec::<String>::new(), "{planted}");
    }
    // Goods come back all the same, in proportion: nobody knows what the others would have cost.
    let back = give_back("b1", Some("s1"), vec![("1", line("1", "SOCKS", 1, 1_000))]);
    assert_eq!(rig.give_back(back).await.unwrap().outcome.unwrap().totals_after.unwrap().due_minor, 667);
    assert_eq!((account(&rig, OTHER).await.lots.len(), account(&rig, OTHER).await.statistics), (0, Statistics::default()));
    rig.outcomes().await;
}

#[tokio::test]
async fn h13_h80_an_erasure_that_was_cut_when_its_keys_were_deleted_is_repeated_after_a_new_answer() {
    let rig = rig().await;
    let other = Rig::reopened(Arc::clone(&rig.storage), staff()).await;
    assert_eq!(other.points(ONE).await, 100);
    // The other engine remembers the account as it was, so that its claims are written and its commit is refused.
    rig.sell(sale(&rig, "meanwhile", ONE, "OTHER", 1)).await;
    rig.storage.inject(3, Fault::Unavailable);
    assert_eq!(erase(&other, "x", ONE, &[1]).await.unwrap_err().code(), Code::Unavailable);
    let told = v1::AnswerPromptsRequest {
        request_id: "again".to_owned(),
        customer: Some(customer(ONE)),
        answers: vec![v1::PromptAnswer { fact_id: "favourite".to_owned(), value: "bread".to_owned(), ..Default::default() }],
        store_id: "S1".to_owned(),
        answered_at: Some(timestamp_to_wire(rig.clock.now())),
        ..Default::default()
    };
    rig.billing.answer_prompts(Request::new(told)).await.unwrap();
    erase(&rig, "x", ONE, &[1]).await.unwrap();
    assert!(account(&rig, ONE).await.erased_at.is_some());
}

#[tokio::test]
async fn h80_p5_what_was_paid_with_points_does_not_come_back_to_who_was_forgotten() {
    let rig = rig().await;
    let all =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let paid = rig.sell(v1::Receipt { redeem_requested: vec![all], ..sale(&rig, "paid", ONE, "OTHER", 50) }).await;
    assert!(!paid.outcome.unwrap().redemptions.is_empty());
    erase(&rig, "x", ONE, &[1]).await.unwrap();
    rig.give_back(give_back("back", Some("paid"), vec![("1", line("1", "OTHER", 1, 5_000))])).await.unwrap();
    let left = account(&rig, ONE).await;
    assert_eq!((left.lots.len(), left.statistics, left.uses.len(), left.counters.len()), (0, Statistics::default(), 0, 0));
    rig.outcomes().await;
    let verified = crate::ledger::verify(rig.storage.as_ref(), 2, |_| {}).await.unwrap();
    assert_eq!(verified.findings, Vec::<crate::ledger::Finding>::new());
}

#[tokio::test]
async fn h80_a_claim_that_waited_gives_nothing_to_who_was_forgotten_and_leaves_the_sale_to_others() {
    let rig = with_habits().await;
    let goods = || v1::Receipt { customer: None, ..sale(&rig, "A", ONE, "OTHER", 20) };
    let quoted = rig.quote(quote(goods())).await.unwrap();
    let code = quoted.answer.as_ref().unwrap().claim_code.clone();
    let asked = v1::ClaimRequest { claimed_at: Some(timestamp_to_wire(rig.clock.now())), ..claim_of("C1", "A", &code, ONE) };
    assert_eq!(claim(&rig, asked.clone()).await.unwrap().status(), v1::ClaimStatus::Parked);
    erase(&rig, "x", ONE, &[1]).await.unwrap();
    let before = account(&rig, ONE).await;
    for _ in 0..2 {
        rig.settle(as_quoted(goods(), &quoted)).await.unwrap();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
    assert!(claim(&rig, asked.clone()).await.is_err(), "nobody is there");
    assert_eq!(account(&rig, ONE).await, before);
    let request = v1::ClaimRequest { request_id: "C2".to_owned(), customer: Some(customer("3003")), ..asked };
    assert_eq!(claim(&rig, request).await.unwrap().status(), v1::ClaimStatus::Committed);
    assert_eq!(rig.points("3003").await, 20);
}

#[tokio::test]
async fn h2_h80_an_id_that_was_used_takes_nothing_away() {
    let rig = rig().await;
    assert_eq!(erase(&rig, "first", ONE, &[1]).await.unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(by_phone(&rig, PHONE).await, v1::CustomerStatus::Known);
    erase(&rig, "x", ONE, &[1]).await.unwrap();
}

#[tokio::test]
async fn h80_a_phone_that_is_said_while_they_are_forgotten_leads_nowhere_either() {
    let rig = rig().await;
    // Somebody began to forget a customer who had said no phone, and one comes before the commit.
    assert_eq!(enrol(&rig, "E9", "9009", PHONE, &[]).await.status(), v1::EnrolStatus::AlreadyKnown);
    let case = |phones| crate::desk::EraseCase {
        id: ReceiptId::parse("x").unwrap(),
        found: found(&rig, ONE),
        reason: "their wish".to_owned(),
        units_max: 1_000,
        signers: vec![[1; 32]],
        content_hash: [1; 32],
        now: rig.clock.now(),
        phones,
    };
    let forget = async |phones| {
        let case = crate::desk::Case::Erase(Box::new(case(phones)));
        rig.engine.at_desk(crate::engine::account_key(&found(&rig, ONE)), case).await.map(|_| ())
    };
    forget(Vec::new()).await.unwrap_err();
    assert!(account(&rig, ONE).await.erased_at.is_none(), "the phone must be taken out first");
    forget(vec![Pii::new(PHONE.into())]).await.unwrap();
    // Had the phone not been taken out after all, it would be free for whoever has it.
    assert_eq!(enrol(&rig, "E9", "9009", PHONE, &[]).await.status(), v1::EnrolStatus::Enrolled);
    assert_eq!(by_phone(&rig, PHONE).await, v1::CustomerStatus::Known);
}

//! Claims: a sale without a customer finds one, once, and never for more than it was worth.

use std::time::Duration;

use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::revision::Source;
use tessera_storage::{Fault, Storage as _};
use tonic::{Request, Status};

use super::super::testing::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// When the program that lets sales be claimed is in force, and everything is sold.
pub(super) fn opened() -> Timestamp {
    begin().checked_add(Duration::from_secs(1)).unwrap()
}

/// An engine whose program lets sales be claimed for two days.
async fn rig() -> Rig {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(1));
    let text = PROGRAM.replace("currency: GBP", "currency: GBP\nclaim_within_hours: 48");
    rig.engine.programs().publish(&[Source { name: "club.yaml".to_owned(), text }], opened()).await.unwrap();
    rig
}

fn goods(id: &str, card: Option<&str>) -> v1::Receipt {
    let lines = vec![line("1", "OTHER", 2, 500), line("2", "OTHER", 1, 700), line("3", "BOTTLE", 2, 100)];
    v1::Receipt { sold_at: Some(timestamp_to_wire(opened())), ..receipt(id, card, lines) }
}

/// Sells without a customer; the code that the answer says to print.
async fn sold(rig: &Rig, id: &str) -> String {
    let quoted = rig.quote(quote(goods(id, None))).await.unwrap();
    let code = quoted.answer.as_ref().unwrap().claim_code.clone();
    rig.settle(as_quoted(goods(id, None), &quoted)).await.unwrap();
    code
}

pub(super) fn claim_of(request: &str, receipt: &str, code: &str, card: &str) -> v1::ClaimRequest {
    v1::ClaimRequest {
        request_id: request.to_owned(),
        receipt_id: receipt.to_owned(),
        claim_code: code.to_owned(),
        customer: Some(customer(card)),
        claimed_at: Some(timestamp_to_wire(opened())),
        ..Default::default()
    }
}

pub(super) async fn claim(rig: &Rig, request: v1::ClaimRequest) -> Result<v1::ClaimResponse, Status> {
    rig.billing.claim(Request::new(request)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn h74_a_sale_without_a_customer_is_claimed_once_and_every_repeat_gets_the_same() {
    let rig = rig().await;
    let code = sold(&rig, "A").await;
    assert_eq!(code.len(), 11, "two groups of five: {code}");
    rig.pass(HOUR);
    let first = claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap();
    assert_eq!(first.status(), v1::ClaimStatus::Committed);
    let outcome = first.outcome.unwrap();
    assert_eq!((outcome.kind(), outcome.outcome_id.as_str()), (v1::OutcomeKind::Claim, "A#claim"));
    assert_eq!((outcome.original_receipt_id.as_str(), outcome.revision), ("A", 2));
    assert_eq!(rig.points("1001").await, 19, "a point for each of nineteen pounds");
    assert!(first.balances.iter().any(|balance| balance.available_units == 19));
    // As people type it, with another request id, and as it was sent first.
    let typed = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    for (request, code) in [("C1", &code), ("C2", &typed), ("C2", &typed)] {
        let again = claim(&rig, claim_of(request, "A", code, "1001")).await.unwrap();
        assert_eq!(again.outcome.as_ref(), Some(&outcome), "{request}");
    }
    let other = claim(&rig, claim_of("C3", "A", &code, "2002")).await.unwrap_err();
    assert_eq!(reason(&other), v1::ErrorReason::AlreadyClaimed);
    assert_eq!((rig.points("1001").await, rig.points("2002").await), (19, 0));
    assert_eq!(rig.outcomes().await.len(), 2);
    // The counter counts on: the third bottle is the next one.
    let third = v1::Receipt { lines: vec![line("1", "BOTTLE", 1, 100)], ..goods("B", Some("1001")) };
    rig.sell(third).await;
    assert_eq!(rig.points("1001").await, 19 + 1 + 50);
}

#[tokio::test]
async fn h74_who_may_not_claim_is_refused_with_a_reason_and_nothing_has_changed() {
    let rig = rig().await;
    let code = sold(&rig, "A").await;
    let of_another = sold(&rig, "B").await;
    let known = rig.quote(quote(goods("K", Some("1001")))).await.unwrap();
    rig.settle(as_quoted(goods("K", Some("1001")), &known)).await.unwrap();
    let code_of_known = known.answer.unwrap().claim_code;
    let points = rig.points("1001").await;
    let by_anna = v1::ClaimRequest { cashier_id: "anna".to_owned(), ..claim_of("C1", "A", &code, "2002") };
    let table = [
        ("no code of ours", claim_of("C1", "A", "ABCDE-FGHJK", "2002"), v1::ErrorReason::WrongClaimCode),
        ("another receipt's code", claim_of("C1", "A", &of_another, "2002"), v1::ErrorReason::WrongClaimCode),
        ("a wrong code of a sale with a customer", claim_of("C1", "K", &code, "2002"), v1::ErrorReason::WrongClaimCode),
        ("a sale with a customer", claim_of("C1", "K", &code_of_known, "2002"), v1::ErrorReason::AlreadyClaimed),
        ("the cashier who sold it", by_anna, v1::ErrorReason::SellingCashier),
        ("nothing said", v1::ClaimRequest::default(), v1::ErrorReason::InvalidReceipt),
    ];
    for (what, request, expected) in table {
        assert_eq!(reason(&claim(&rig, request).await.unwrap_err()), expected, "{what}");
    }
    rig.pass(HOUR * 48);
    claim(&rig, claim_of("C2", "B", &of_another, "3003")).await.unwrap();
    rig.pass(HOUR);
    let late = claim(&rig, claim_of("C3", "A", &code, "2002")).await.unwrap_err();
    assert_eq!(reason(&late), v1::ErrorReason::ClaimClosed, "whatever the till says of the time");
    let same_id = claim(&rig, claim_of("C2", "A", &code, "3003")).await.unwrap_err();
    assert_eq!(reason(&same_id), v1::ErrorReason::Conflict, "a request id stands for one claim");
    assert_eq!((rig.points("1001").await, rig.points("2002").await), (points, 0));
    rig.outcomes().await;
}

#[tokio::test]
async fn h74_a_program_without_hours_lets_nothing_be_claimed_and_keeps_nothing() {
    let rig = Rig::new().await;
    let quoted = rig.sell(receipt("A", None, vec![line("1", "OTHER", 2, 500)])).await;
    assert_eq!(quoted.status(), v1::SettleStatus::Committed);
    let code = rig.quote(quote(receipt("Z", None, vec![line("1", "OTHER", 2, 500)]))).await.unwrap().answer.unwrap().claim_code;
    assert!(!code.is_empty());
    let code = rig
        .engine
        .core
        .keys
        .claim_code(&tessera_rules::id::StoreId::parse("S1").unwrap(), &tessera_rules::id::ReceiptId::parse("A").unwrap());
    let refused = claim(&rig, claim_of("C1", "A", &code.to_string(), "1001")).await.unwrap_err();
    assert_eq!(reason(&refused), v1::ErrorReason::ClaimClosed);
}

#[tokio::test]
async fn h5_h74_of_two_customers_who_claim_at_once_one_gets_it() {
    for round in 0..10 {
        let rig = rig().await;
        let code = sold(&rig, "A").await;
        let (one, other) =
            tokio::join!(claim(&rig, claim_of("C1", "A", &code, "1001")), claim(&rig, claim_of("C2", "A", &code, "2002")),);
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "round {round}");
        let refused = one.err().or(other.err()).unwrap();
        assert_eq!(reason(&refused), v1::ErrorReason::AlreadyClaimed);
        assert_eq!(rig.points("1001").await + rig.points("2002").await, 19);
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn h13_h74_a_claim_cut_off_between_its_two_commits_is_healed_by_a_repeat() {
    for second_id in ["C1", "C9"] {
        let rig = rig().await;
        let code = sold(&rig, "A").await;
        rig.storage.inject(2, Fault::Unavailable);
        let cut = claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap_err();
        assert_eq!(reason(&cut), v1::ErrorReason::StorageStopped);
        assert_eq!(rig.points("1001").await, 0);
        let other = claim(&rig, claim_of("C2", "A", &code, "2002")).await.unwrap_err();
        assert_eq!(reason(&other), v1::ErrorReason::AlreadyClaimed, "it is promised already");
        // The hours are over meanwhile; what was promised stays.
        rig.pass(HOUR * 100);
        for _ in 0..2 {
            let healed = claim(&rig, claim_of(second_id, "A", &code, "1001")).await.unwrap();
            assert_eq!(healed.status(), v1::ClaimStatus::Committed);
            assert_eq!(rig.points("1001").await, 19);
        }
        assert_eq!(rig.outcomes().await.len(), 2);
    }
}

#[tokio::test]
async fn h12_h74_a_claim_before_its_receipt_waits_and_is_carried_out_with_it() {
    let rig = rig().await;
    let quoted = rig.quote(quote(goods("A", None))).await.unwrap();
    let code = quoted.answer.as_ref().unwrap().claim_code.clone();
    for _ in 0..2 {
        let waits = claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap();
        assert_eq!((waits.status(), waits.outcome), (v1::ClaimStatus::Parked, None));
    }
    let wrong = claim(&rig, claim_of("C2", "A", "ABCDE-FGHJK", "2002")).await.unwrap();
    assert_eq!(wrong.status(), v1::ClaimStatus::Parked, "nothing is told of a receipt that is not there");
    assert_eq!(rig.get("C1").await.state(), v1::ReceiptState::Parked);
    // It comes days late; the claim was in time when it was made.
    rig.pass(HOUR * 100);
    rig.settle(as_quoted(goods("A", None), &quoted)).await.unwrap();
    while rig.points("1001").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((rig.points("1001").await, rig.points("2002").await), (19, 0));
    let told = claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap();
    assert_eq!(told.status(), v1::ClaimStatus::Committed);
    rig.outcomes().await;
}

#[tokio::test]
async fn h74_goods_of_a_claimed_sale_come_back_and_with_them_what_the_claim_gave() {
    let rig = rig().await;
    let code = sold(&rig, "A").await;
    let before = give_back("R1", Some("A"), vec![("2", line("r1", "OTHER", 1, 700))]);
    rig.give_back(before.clone()).await.unwrap();
    claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap();
    assert_eq!(rig.points("1001").await, 12, "what came back before earns nothing");
    let after = give_back("R2", Some("A"), vec![("1", line("r1", "OTHER", 1, 500))]);
    let first = rig.give_back(after.clone()).await.unwrap();
    assert_eq!(rig.points("1001").await, 7);
    for _ in 0..2 {
        let again = rig.give_back(after.clone()).await.unwrap();
        assert_eq!(again.outcome, first.outcome, "p2: the same return, the same outcome");
        assert!(rig.give_back(before.clone()).await.unwrap().repeated_before, "and the one of before the claim");
    }
    let rest = vec![("1", line("r1", "OTHER", 1, 500)), ("3", line("r2", "BOTTLE", 2, 100))];
    rig.give_back(give_back("R3", Some("A"), rest)).await.unwrap();
    assert_eq!(rig.points("1001").await, 0);
    let stands = rig.get("A").await;
    assert_eq!(
        (stands.state(), stands.return_receipt_ids),
        (v1::ReceiptState::FullyReturned, vec!["R1".to_owned(), "R2".to_owned(), "R3".to_owned()])
    );
    rig.outcomes().await;
}

#[tokio::test]
async fn h74_a_return_between_the_two_commits_of_a_claim_is_not_lost() {
    let rig = rig().await;
    let code = sold(&rig, "A").await;
    rig.storage.inject(2, Fault::Unavailable);
    claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap_err();
    rig.give_back(give_back("R1", Some("A"), vec![("2", line("r1", "OTHER", 1, 700))])).await.unwrap();
    assert_eq!(rig.points("1001").await, 0);
    claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap();
    assert_eq!(rig.points("1001").await, 12);
    assert_eq!(rig.get("A").await.return_receipt_ids, ["R1"]);
    rig.outcomes().await;
}

#[tokio::test]
async fn h2_h74_the_id_of_a_claims_request_stands_for_the_claim_and_for_nothing_else() {
    let rig = rig().await;
    let code = sold(&rig, "A").await;
    let own = claim(&rig, claim_of("A", "A", &code, "1001")).await.unwrap_err();
    assert_eq!(reason(&own), v1::ErrorReason::InvalidReceipt, "a claim is not its receipt");
    let outcome = claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap().outcome.unwrap();
    let known = rig.get("C1").await;
    assert_eq!((known.state(), known.outcome), (v1::ReceiptState::Settled, Some(outcome)));
    let sale = rig.settle(unquoted(goods("C1", Some("1001")))).await.unwrap_err();
    assert_eq!(reason(&sale), v1::ErrorReason::Conflict);
    let back = rig.give_back(give_back("C1", None, vec![("", line("1", "OTHER", 1, 500))])).await.unwrap_err();
    assert_eq!(reason(&back), v1::ErrorReason::Conflict);
    let enrolled = v1::EnrolRequest {
        request_id: "C1".to_owned(),
        card_number: "3003".to_owned(),
        data_consent: true,
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        enrolled_at: Some(timestamp_to_wire(opened())),
        ..Default::default()
    };
    let enrolled = rig.billing.enrol(Request::new(enrolled)).await.unwrap_err();
    assert_eq!(reason(&enrolled), v1::ErrorReason::Conflict);
    assert_eq!(rig.outcomes().await.len(), 2);
}

/// Whether a text stands anywhere in what is stored.
async fn is_stored(rig: &Rig, text: &str) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    for id in ["A", "B", "C1"] {
        let partition = crate::layout::receipt(&tessera_rules::id::ReceiptId::parse(id).unwrap());
        let head = rig.storage.head(&partition).await.unwrap();
        let sale = crate::layout::sale_row(&tessera_rules::id::ReceiptId::parse(id).unwrap());
        let row = rig.storage.row(&partition, &sale).await.unwrap();
        if head.is_some_and(|head| holds(&head.value)) || row.is_some_and(|row| holds(&row)) {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn h80_h81_what_is_kept_for_a_claim_has_no_personal_data_in_the_open() {
    let rig = rig().await;
    let phone = v1::customer_identity::Identity::Phone("+4930123456".to_owned());
    let typed = v1::CustomerIdentity { identity: Some(phone), entry_method: 0 };
    let answer = v1::PromptAnswer { fact_id: "surname".to_owned(), value: "Planted".to_owned(), ..Default::default() };
    // A phone that nobody is known by: the sale can be claimed.
    let receipt = v1::Receipt { customer: Some(typed), ..goods("A", None) };
    let settled = rig.settle(v1::SettleRequest { answers: vec![answer], ..unquoted(receipt) }).await.unwrap();
    assert_eq!(settled.status(), v1::SettleStatus::Committed);
    let code = rig.quote(quote(goods("B", None))).await.unwrap().answer.unwrap().claim_code;
    claim(&rig, claim_of("C1", "B", &code, "9876543210")).await.unwrap();
    for planted in ["4930123456", "Planted", "9876543210"] {
        assert!(!is_stored(&rig, planted).await, "{planted}");
    }
    rig.settle(unquoted(goods("B", None))).await.unwrap();
    while rig.points("9876543210").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.points("9876543210").await, 19, "who claimed is known all the same");
}

#[tokio::test]
async fn h74_claims_that_wait_leave_room_for_returns() {
    let rig = rig().await;
    let mut parked = 0;
    for number in 0..8 {
        let waits = claim(&rig, claim_of(&format!("C{number}"), "A", "ABCDE-FGHJK", "2002")).await;
        match waits {
            Ok(waits) => {
                assert_eq!(waits.status(), v1::ClaimStatus::Parked);
                parked += 1;
            }
            Err(refused) => assert_eq!(reason(&refused), v1::ErrorReason::LimitExceeded),
        }
    }
    assert_eq!(parked, tessera_ledger::limits::PARKED_CLAIMS_MAX);
    let again = claim(&rig, claim_of("C0", "A", "ABCDE-FGHJK", "2002")).await.unwrap();
    assert_eq!(again.status(), v1::ClaimStatus::Parked, "what waits already waits on");
    let back = rig.give_back(give_back("R1", Some("A"), vec![("2", line("r1", "OTHER", 1, 700))])).await.unwrap();
    assert_eq!(back.status(), v1::ReturnStatus::Parked);
}

//! Codes that work once: one sale gets what such a code opens, whoever presents it and however it is sold.

use std::sync::Arc;
use std::time::Duration;

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1;
use tessera_rules::revision::Source;
use tessera_storage::{Fault, MemoryStorage, Storage as _};

use super::super::testing::*;
use super::claims::{claim, claim_of, opened};
use crate::layout;

const CODE: &str = "SORRY-7K2M";

/// A pound off where it is quoted, points where it comes too late; one code works once, the other always.
fn program() -> String {
    PROGRAM.replace(
        "campaigns:\n",
        "claim_within_hours: 48
codes:
  - {code: SORRY-7K2M, single_use: true}
campaigns:
  - {id: sorry, name: Sorry, codes: [SORRY-7K2M, ALWAYS], level: basket, amount_off: 1.00, fallback: {points: points}}
  - id: thanks
    name: Thanks
    customers_only: true
    code: SORRY-7K2M
    points: {per: 1.00, units: 10, asset: points}
",
    )
}

async fn over(storage: Arc<MemoryStorage>) -> Rig {
    let rig = Rig::over(storage, settings()).await;
    rig.pass(Duration::from_secs(1));
    rig.engine.programs().publish(&[Source { name: "club.yaml".to_owned(), text: program() }], opened()).await.unwrap();
    rig
}

pub(super) async fn rig() -> Rig {
    over(Arc::new(MemoryStorage::new(&layout::SPACES))).await
}

fn with(id: &str, card: Option<&str>, code: &str) -> v1::Receipt {
    let codes = vec![v1::PresentedCode { code: code.to_owned(), ..Default::default() }];
    v1::Receipt { codes, sold_at: Some(timestamp_to_wire(opened())), ..receipt(id, card, vec![line("1", "OTHER", 1, 500)]) }
}

pub(super) fn basket(id: &str, card: Option<&str>) -> v1::Receipt {
    with(id, card, CODE)
}

/// What the code is told to be, and what is to be paid.
fn answered(quoted: &v1::QuoteResponse) -> (v1::CodeState, i64) {
    let answer = quoted.answer.as_ref().unwrap();
    (answer.code_verdicts[0].state(), answer.totals_after.as_ref().unwrap().amount_minor)
}

const APPLIED: (v1::CodeState, i64) = (v1::CodeState::Applied, 400);
pub(super) const USED: (v1::CodeState, i64) = (v1::CodeState::Used, 500);

pub(super) async fn asked(rig: &Rig, id: &str, card: Option<&str>) -> (v1::CodeState, i64) {
    answered(&rig.quote(quote(basket(id, card))).await.unwrap())
}

fn is_short(outcome: &v1::Outcome) -> bool {
    outcome.flags.contains(&i32::from(v1::OutcomeFlag::SettledWithShortfall))
}

async fn settled(rig: &Rig, request: v1::SettleRequest) -> v1::Outcome {
    rig.settle(request).await.unwrap().outcome.unwrap()
}

#[tokio::test]
async fn p4_a_code_that_works_once_is_used_up_for_every_customer_and_for_nobody_known() {
    for first in [Some("1001"), None] {
        let rig = rig().await;
        let quoted = rig.quote(quote(basket("A", first))).await.unwrap();
        assert_eq!(answered(&quoted), APPLIED);
        for (id, other) in [("B", Some("2002")), ("C", None), ("D", first)] {
            assert_eq!(asked(&rig, id, other).await, USED, "{first:?} holds it, then {other:?} asks");
        }
        let sold = settled(&rig, as_quoted(basket("A", first), &quoted)).await;
        assert!(!is_short(&sold), "{first:?}");
        rig.pass(Duration::from_secs(16 * 60));
        for (id, other) in [("E", Some("2002")), ("F", None), ("G", first)] {
            assert_eq!(asked(&rig, id, other).await, USED, "{first:?} used it, then {other:?} asks");
            let late = settled(&rig, unquoted(basket(&format!("{id}-late"), other))).await;
            assert!(late.applied_campaigns.iter().all(|known| known.campaign_id == "earn"), "{other:?}: {late:?}");
        }
        let always = rig.quote(quote(with("H", None, "ALWAYS"))).await.unwrap();
        assert_eq!(answered(&always), APPLIED, "the other code of the campaign works for ever");
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn p4_h8_a_void_a_later_quote_and_time_free_a_code_that_works_once() {
    for card in [Some("1001"), None] {
        let rig = rig().await;
        assert_eq!(asked(&rig, "A", card).await, APPLIED);
        assert_eq!(asked(&rig, "A", card).await, APPLIED, "the same quote holds it once");
        rig.void(void("A", 1)).await.unwrap();
        assert_eq!(asked(&rig, "B", Some("2002")).await, APPLIED, "a void lets go");
        let without = v1::QuoteRequest { quote_no: 2, ..quote(receipt("B", Some("2002"), vec![line("1", "OTHER", 1, 500)])) };
        rig.quote(without).await.unwrap();
        assert_eq!(asked(&rig, "C", card).await, APPLIED, "a quote without it lets go");
        rig.pass(Duration::from_secs(16 * 60));
        assert_eq!(asked(&rig, "D", Some("2002")).await, APPLIED, "a hold lapses");
    }
}

#[tokio::test]
async fn p4_of_two_sales_of_a_code_that_works_once_the_unquoted_gets_nothing_and_the_promised_is_flagged() {
    let rig = rig().await;
    let promised = rig.quote(quote(basket("A", None))).await.unwrap();
    rig.pass(Duration::from_secs(16 * 60));
    let first = settled(&rig, unquoted(basket("B", Some("1001")))).await;
    assert!(!is_short(&first));
    let given = rig.points("1001").await;
    assert!(given > 100, "its fallback and the points for the code: {given}");
    let second = settled(&rig, unquoted(basket("C", Some("2002")))).await;
    assert!(!is_short(&second));
    assert_eq!(rig.points("2002").await, 5, "a point for each pound, and none for a code that is used up");
    let late = settled(&rig, as_quoted(basket("A", None), &promised)).await;
    assert!(is_short(&late), "it was paid as promised, and the code had been used");
    rig.outcomes().await;
}

#[tokio::test]
async fn p3_p4_a_code_that_works_once_stays_used_after_a_restart() {
    let rig = rig().await;
    rig.sell(basket("A", Some("1001"))).await;
    let again = over(Arc::clone(&rig.storage)).await;
    assert_eq!(asked(&again, "B", None).await, USED);
    assert_eq!(asked(&again, "C", Some("2002")).await, USED);
}

#[tokio::test]
async fn p4_h13_a_code_that_works_once_is_used_once_and_given_back_once_whatever_became_of_the_commit() {
    let all = || give_back("Z", Some("A"), vec![("1", line("1", "OTHER", 1, 400))]);
    for fault in [Fault::UnknownAfterApplying, Fault::UnknownBeforeApplying] {
        for card in [None, Some("1001")] {
            let rig = rig().await;
            let quoted = rig.quote(quote(basket("A", card))).await.unwrap();
            rig.storage.inject(1, fault);
            rig.settle(as_quoted(basket("A", card), &quoted)).await.unwrap();
            rig.pass(Duration::from_secs(16 * 60));
            assert_eq!(asked(&rig, "B", None).await, USED, "{fault:?}, {card:?}");
            rig.storage.inject(1, fault);
            rig.give_back(all()).await.unwrap();
            rig.give_back(all()).await.unwrap();
            assert_eq!(asked(&rig, "C", None).await, APPLIED, "{fault:?}, {card:?}: free again");
            assert_eq!(asked(&rig, "D", None).await, USED, "{fault:?}, {card:?}: for one");
            let key = format!("code/{}/ever/uses", blake3::hash(CODE.as_bytes()).to_hex());
            assert_eq!(rig.storage.counter(key.as_bytes()).await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn p4_a_code_that_works_once_is_free_again_when_all_that_it_was_used_on_has_come_back() {
    for card in [None, Some("1001")] {
        let storage = Arc::new(MemoryStorage::new(&layout::SPACES));
        let rig = over(Arc::clone(&storage)).await;
        let two =
            |id: &str| v1::Receipt { lines: vec![line("1", "OTHER", 1, 500), line("2", "OTHER", 1, 500)], ..basket(id, card) };
        rig.sell(two("A")).await;
        let part = rig.give_back(give_back("R1", Some("A"), vec![("1", line("1", "OTHER", 1, 450))])).await.unwrap();
        assert!(part.answer.unwrap().restored_codes.is_empty());
        assert_eq!(asked(&rig, "B", Some("2002")).await, USED, "{card:?}: part of the goods are kept");
        // What gives it back first must know that it was used.
        let rig = over(storage).await;
        let rest = rig.give_back(give_back("R2", Some("A"), vec![("2", line("2", "OTHER", 1, 450))])).await.unwrap();
        assert_eq!(rest.answer.unwrap().restored_codes, [CODE], "{card:?}");
        assert_eq!(asked(&rig, "C", Some("2002")).await, APPLIED, "{card:?}");
        assert_eq!(asked(&rig, "D", None).await, USED, "{card:?}: once");
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn p4_h74_a_claim_has_the_code_that_its_sale_used_and_none_that_another_sale_used() {
    let rig = rig().await;
    let mut codes = Vec::new();
    for id in ["A", "B"] {
        let quoted = rig.quote(quote(basket(id, None))).await.unwrap();
        codes.push(quoted.answer.as_ref().unwrap().claim_code.clone());
        rig.settle(as_quoted(basket(id, None), &quoted)).await.unwrap();
    }
    let own = claim(&rig, claim_of("C1", "A", &codes[0], "1001")).await.unwrap().outcome.unwrap();
    assert!(!is_short(&own));
    assert!(own.rewards.iter().any(|reward| reward.campaign_id == "thanks"), "{:?}", own.rewards);
    let other = claim(&rig, claim_of("C2", "B", &codes[1], "2002")).await.unwrap().outcome.unwrap();
    assert!(other.rewards.iter().all(|reward| reward.campaign_id == "earn"), "{:?}", other.rewards);
    let back = rig.give_back(give_back("R", Some("A"), vec![("1", line("1", "OTHER", 1, 400))])).await.unwrap();
    assert_eq!(back.answer.unwrap().restored_codes, [CODE]);
    assert_eq!(asked(&rig, "D", None).await, APPLIED, "used once, given back once");
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_a_code_that_two_sales_were_promised_is_told_to_be_free_when_both_have_come_back() {
    for order in [["A", "B"], ["B", "A"]] {
        let rig = rig().await;
        let promised = rig.quote(quote(basket("A", Some("1001")))).await.unwrap();
        rig.pass(Duration::from_secs(16 * 60));
        rig.sell(basket("B", Some("2002"))).await;
        assert!(is_short(&settled(&rig, as_quoted(basket("A", Some("1001")), &promised)).await));
        for (id, free) in order.into_iter().zip([false, true]) {
            let request = give_back(&format!("R-{id}"), Some(id), vec![("1", line("1", "OTHER", 1, 400))]);
            let preview = v1::ReturnRequest { mode: i32::from(v1::ReturnMode::Preview), ..request.clone() };
            for request in [preview, request] {
                let codes = rig.give_back(request).await.unwrap().answer.unwrap().restored_codes;
                assert_eq!(codes, if free { vec![CODE] } else { vec![] }, "{id} of {order:?}");
            }
            let expected = if free { APPLIED } else { USED };
            assert_eq!(asked(&rig, &format!("Q-{id}"), None).await, expected, "{id} of {order:?}");
        }
        rig.outcomes().await;
    }
}

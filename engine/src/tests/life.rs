//! The life of a receipt: every order that the network makes, each message once and twice.

use std::time::Duration;

use super::super::testing::*;
use tessera_proto::billing::v1;

#[tokio::test]
async fn a_receipt_is_quoted_settled_and_returned_to_the_last_unit() {
    let rig = Rig::new().await;
    let sold = rig.sell(receipt("R1", Some("1001"), vec![line("1", "PACK", 10, 250), line("2", "SOCKS", 2, 400)])).await;
    let outcome = sold.outcome.unwrap();
    assert_eq!(outcome.lines[0].quantity_milli, 11_000, "ten packs become eleven");
    assert_eq!(outcome.totals_after.as_ref().unwrap().amount_minor, 2_500 + 720);
    assert_eq!(rig.points("1001").await, 32, "a point for each whole pound");
    let back = rig.give_back(give_back("R2", Some("R1"), vec![("2", line("1", "SOCKS", 2, 400))])).await.unwrap();
    let answer = back.answer.unwrap();
    assert_eq!(answer.lines[0].refund_minor, 720, "what was paid comes back, not what was rung up");
    assert_eq!(rig.points("1001").await, 25, "points in proportion");
    let taken = &answer.taken_back[0];
    assert_eq!((taken.reward_id.as_str(), taken.units), ("earn.0", -7), "what is taken back is below zero");
    assert_eq!(back.outcome.unwrap().lines[0].rewards[0].units, -7);
    let state = rig.get("R1").await;
    assert_eq!(state.state(), v1::ReceiptState::PartlyReturned);
    assert_eq!(state.return_receipt_ids, vec!["R2"]);
    rig.outcomes().await;
}

#[tokio::test]
async fn p2_h1_a_repeated_settle_gets_the_same_bytes_and_nothing_happens_twice() {
    let rig = Rig::new().await;
    let goods = receipt("R1", Some("1001"), vec![line("1", "BOTTLE", 3, 500)]);
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    let first = rig.settle(as_quoted(goods.clone(), &quoted)).await.unwrap();
    rig.pass(Duration::from_secs(3_600));
    for _ in 0..3 {
        let again = rig.settle(as_quoted(goods.clone(), &quoted)).await.unwrap();
        assert!(again.repeated_before);
        assert_eq!(
            prost::Message::encode_to_vec(&again.outcome.unwrap()),
            prost::Message::encode_to_vec(first.outcome.as_ref().unwrap())
        );
    }
    // The envelope may differ: it is no content.
    let mut other_way = as_quoted(goods, &quoted);
    other_way.quote_token.clear();
    other_way.delivery = Some(v1::Delivery { gateway_id: "g".to_owned(), ..Default::default() });
    assert!(rig.settle(other_way).await.unwrap().repeated_before);
    assert_eq!(rig.points("1001").await, 15 + 50);
    assert_eq!(rig.outcomes().await.len(), 1);
}

#[tokio::test]
async fn h2_same_id_other_content_is_a_conflict_and_overwrites_nothing() {
    let rig = Rig::new().await;
    rig.sell(receipt("R1", Some("1001"), vec![line("1", "SOCKS", 1, 500)])).await;
    let others = [
        receipt("R1", Some("1001"), vec![line("1", "SOCKS", 2, 500)]),
        receipt("R1", Some("2002"), vec![line("1", "SOCKS", 1, 500)]),
        receipt("R1", None, vec![line("1", "SOCKS", 1, 500)]),
    ];
    for other in others {
        let status = rig.settle(unquoted(other)).await.unwrap_err();
        assert_eq!(reason(&status), v1::ErrorReason::Conflict);
    }
    assert_eq!(rig.outcomes().await.len(), 1);
    assert_eq!(rig.points("2002").await, 0);
}

#[tokio::test]
async fn h3_a_receipt_older_than_ids_are_remembered_goes_to_people() {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(401 * 86_400));
    let status = rig.settle(unquoted(receipt("R1", None, vec![line("1", "SOCKS", 1, 500)]))).await.unwrap_err();
    assert_eq!(reason(&status), v1::ErrorReason::TooOld);
    assert!(rig.outcomes().await.is_empty());
}

#[tokio::test]
async fn h4_an_error_is_not_remembered_and_the_same_id_goes_through_later() {
    let rig = Rig::new().await;
    let mut bad = receipt("R1", None, vec![line("1", "SOCKS", 1, 500)]);
    bad.lines[0].amount_minor = 7;
    assert!(rig.settle(unquoted(bad)).await.is_err());
    let good = rig.settle(unquoted(receipt("R1", None, vec![line("1", "SOCKS", 1, 500)]))).await.unwrap();
    assert_eq!(good.status(), v1::SettleStatus::Committed);
}

#[tokio::test]
async fn h7_h8_h10_p4_a_hold_is_seen_by_others_replaced_by_its_own_and_lapses() {
    let rig = Rig::new().await;
    rig.sell(receipt("R0", Some("1001"), vec![line("1", "OTHER", 1, 10_000)])).await;
    assert_eq!(rig.points("1001").await, 100);
    let redeeming = |id: &str, units: i64| {
        let mut receipt = receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 5_000)]);
        let amount = Some(v1::redeem_request::Amount::Units(units));
        receipt.redeem_requested =
            vec![v1::RedeemRequest { asset_id: "points".to_owned(), amount, redeem_as: i32::from(v1::RedeemAs::Tender) }];
        receipt
    };
    let redeemed = |quoted: &v1::QuoteResponse| {
        quoted.answer.as_ref().unwrap().redemptions.iter().map(|redemption| redemption.units).sum::<i64>()
    };
    let first = rig.quote(quote(redeeming("A", 80))).await.unwrap();
    assert_eq!(redeemed(&first), 80);
    assert!(first.held_until.is_some());
    let again = rig.quote(v1::QuoteRequest { quote_no: 2, ..quote(redeeming("A", 80)) }).await.unwrap();
    assert_eq!(redeemed(&again), 80, "h7: the same receipt does not hold twice");
    let other = rig.quote(quote(redeeming("B", 80))).await.unwrap();
    assert_eq!(redeemed(&other), 20, "p4: only what is not held");
    let late = rig.quote(quote(redeeming("A", 80))).await.unwrap();
    assert_eq!(late.status(), v1::QuoteStatus::Superseded, "a late copy of the first quote");
    rig.pass(Duration::from_secs(15 * 60));
    let after = rig.quote(quote(redeeming("C", 80))).await.unwrap();
    assert_eq!(redeemed(&after), 80, "h8: holds lapse by themselves");
    let settled = rig.settle(as_quoted(redeeming("C", 80), &after)).await.unwrap();
    assert_eq!(settled.outcome.unwrap().redemptions[0].units, 80);
    assert_eq!(rig.points("1001").await, 20 + 49, "points are earned on what money paid");
    rig.outcomes().await;
}

#[tokio::test]
async fn h9_h6_a_settle_after_its_hold_ran_out_takes_what_is_there_and_records_the_rest() {
    let rig = Rig::new().await;
    rig.sell(receipt("R0", Some("1001"), vec![line("1", "OTHER", 1, 10_000)])).await;
    let mut goods = receipt("A", Some("1001"), vec![line("1", "OTHER", 1, 5_000)]);
    let amount = Some(v1::redeem_request::Amount::Units(100));
    goods.redeem_requested =
        vec![v1::RedeemRequest { asset_id: "points".to_owned(), amount, redeem_as: i32::from(v1::RedeemAs::Tender) }];
    let mut rival = goods.clone();
    rival.receipt_id = "B".to_owned();
    let first = rig.quote(quote(goods.clone())).await.unwrap();
    rig.pass(Duration::from_secs(16 * 60));
    let second = rig.quote(quote(rival.clone())).await.unwrap();
    rig.settle(as_quoted(rival, &second)).await.unwrap();
    let late = rig.settle(as_quoted(goods, &first)).await.unwrap().outcome.unwrap();
    assert!(late.flags().any(|flag| flag == v1::OutcomeFlag::SettledWithShortfall), "{:?}", late.flags);
    assert!(rig.points("1001").await < 0, "the only way below zero");
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_h7_h11_a_receipt_that_is_resumed_at_another_till_is_not_paid_at_the_first_unless_its_cashier_decides_so() {
    let rig = Rig::new().await;
    rig.sell(receipt("earned", Some("1001"), vec![line("1", "OTHER", 1, 10_000)])).await;
    let all =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let basket = |id: &str, till: &str| v1::Receipt {
        till_id: till.to_owned(),
        redeem_requested: vec![all.clone()],
        ..receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 5_000)])
    };
    let parked = rig.quote(quote(basket("parked", "T1"))).await.unwrap();
    let held = parked.answer.as_ref().unwrap().redemptions[0].units;
    let request = v1::QuoteRequest { supersedes_receipt_id: "parked".to_owned(), ..quote(basket("resumed", "T2")) };
    let resumed = rig.quote(request).await.unwrap();
    assert_eq!(resumed.answer.as_ref().unwrap().redemptions[0].units, held, "the same points, once");
    let late = rig.quote(v1::QuoteRequest { quote_no: 2, ..quote(basket("parked", "T1")) }).await.unwrap();
    assert_eq!((late.status(), late.answer), (v1::QuoteStatus::Superseded, None));
    let known = rig.get("parked").await;
    assert_eq!((known.state(), known.superseded_by_receipt_id.as_str()), (v1::ReceiptState::Voided, "resumed"));
    for _ in 0..2 {
        let settled = rig.settle(as_quoted(basket("parked", "T1"), &parked)).await.unwrap();
        assert_eq!((settled.status(), settled.outcome), (v1::SettleStatus::Voided, None));
    }
    let paid = rig.settle(as_quoted(basket("resumed", "T2"), &resumed)).await.unwrap().outcome.unwrap();
    assert_eq!(paid.redemptions[0].units, held);
    assert!(!paid.flags().any(|flag| flag == v1::OutcomeFlag::SettledWithShortfall), "{:?}", paid.flags);
    // The first till's cashier took the money all the same.
    let again = v1::SettleRequest { attempt: 1, ..as_quoted(basket("parked", "T1"), &parked) };
    let twice = rig.settle(again).await.unwrap().outcome.unwrap();
    for flag in [v1::OutcomeFlag::PaidAfterVoid, v1::OutcomeFlag::SettledWithShortfall] {
        assert!(twice.flags().any(|known| known == flag), "{flag:?} in {:?}", twice.flags);
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn h7_what_was_voided_and_resumed_is_superseded_by_the_decision_under_which_it_was_quoted() {
    let rig = Rig::new().await;
    rig.sell(receipt("earned", Some("1001"), vec![line("1", "OTHER", 1, 10_000)])).await;
    let all =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let basket = |id: &str, till: &str| v1::Receipt {
        till_id: till.to_owned(),
        redeem_requested: vec![all.clone()],
        ..receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 5_000)])
    };
    rig.void(void("parked", 1)).await.unwrap();
    let asked = v1::QuoteRequest { attempt: 2, ..quote(basket("parked", "T1")) };
    let parked = rig.quote(asked).await.unwrap();
    let resumed = v1::QuoteRequest { supersedes_receipt_id: "parked".to_owned(), ..quote(basket("resumed", "T2")) };
    rig.quote(resumed).await.unwrap();
    for (attempt, status) in [(2, v1::SettleStatus::Voided), (3, v1::SettleStatus::Committed)] {
        let request = v1::SettleRequest { attempt, ..as_quoted(basket("parked", "T1"), &parked) };
        assert_eq!(rig.settle(request).await.unwrap().status(), status, "attempt {attempt}");
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn h73_a_till_of_another_store_takes_nothing_over() {
    let rig = Rig::new().await;
    rig.sell(receipt("earned", Some("1001"), vec![line("1", "OTHER", 1, 10_000)])).await;
    let all =
        v1::RedeemRequest { asset_id: "points".to_owned(), amount: Some(v1::redeem_request::Amount::Max(true)), redeem_as: 0 };
    let basket = |id: &str, store: &str| v1::Receipt {
        store_id: store.to_owned(),
        redeem_requested: vec![all.clone()],
        ..receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 5_000)])
    };
    let parked = rig.quote(quote(basket("parked", "S1"))).await.unwrap();
    let request = v1::QuoteRequest { supersedes_receipt_id: "parked".to_owned(), ..quote(basket("foreign", "S9")) };
    let foreign = rig.quote(request).await.unwrap().answer.unwrap();
    assert!(foreign.redemptions.iter().all(|redemption| redemption.units == 0), "{:?}", foreign.redemptions);
    let paid = rig.settle(as_quoted(basket("parked", "S1"), &parked)).await.unwrap();
    assert_eq!(paid.status(), v1::SettleStatus::Committed);
    assert_eq!(paid.outcome.unwrap().redemptions[0].units, parked.answer.unwrap().redemptions[0].units);
    rig.outcomes().await;
}

#[tokio::test]
async fn what_an_asset_paid_comes_back_in_its_units_and_the_rest_as_it_was_paid() {
    let rig = Rig::new().await;
    rig.sell(receipt("earned", Some("1001"), vec![line("1", "OTHER", 1, 10_000)])).await;
    let amount = Some(v1::redeem_request::Amount::Units(80));
    let redeem = v1::RedeemRequest { asset_id: "points".to_owned(), amount, redeem_as: i32::from(v1::RedeemAs::Tender) };
    let goods = v1::Receipt { redeem_requested: vec![redeem], ..receipt("A", Some("1001"), vec![line("1", "OTHER", 2, 1_000)]) };
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    let mut request = as_quoted(goods, &quoted);
    let tender = |kind, amount_minor, asset: &str| v1::Tender {
        kind: i32::from(kind),
        amount_minor,
        asset_id: asset.to_owned(),
        ..Default::default()
    };
    let paid = vec![tender(v1::TenderKind::Asset, 80, "points"), tender(v1::TenderKind::Cash, 1_920, "")];
    request.receipt.as_mut().unwrap().tenders.clone_from(&paid);
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.tenders, paid, "as it was paid");
    for id in ["B1", "B2"] {
        let back = rig.give_back(give_back(id, Some("A"), vec![("1", line("1", "OTHER", 1, 1_000))])).await.unwrap();
        let answer = back.answer.unwrap();
        let refunds: Vec<_> = answer
            .tenders
            .iter()
            .map(|refund| (refund.kind(), refund.amount_minor, refund.asset_id.as_str(), refund.units))
            .collect();
        assert_eq!(refunds, [(v1::TenderKind::Cash, 960, "", 0), (v1::TenderKind::Asset, 40, "points", 40)], "{id}");
        assert_eq!(answer.restored[0].units, -40, "{id}");
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn h11_void_and_settle_in_every_order() {
    let rig = Rig::new().await;
    let goods = |id: &str| receipt(id, Some("1001"), vec![line("1", "SOCKS", 1, 500)]);
    // Void first: a settle of the same decision has no effect, a later one was really paid.
    assert_eq!(rig.void(void("A", 1)).await.unwrap().status(), v1::VoidStatus::Voided);
    assert_eq!(rig.void(void("A", 1)).await.unwrap().status(), v1::VoidStatus::AlreadyVoided);
    let early = rig.settle(v1::SettleRequest { attempt: 1, ..unquoted(goods("A")) }).await.unwrap();
    assert_eq!(early.status(), v1::SettleStatus::Voided);
    assert_eq!(rig.get("A").await.state(), v1::ReceiptState::Voided);
    let resumed = rig.settle(v1::SettleRequest { attempt: 2, ..unquoted(goods("A")) }).await.unwrap();
    assert!(resumed.outcome.unwrap().flags().any(|flag| flag == v1::OutcomeFlag::PaidAfterVoid));
    // Settle first: a void changes nothing, a quote answers the outcome.
    rig.sell(goods("B")).await;
    let late = rig.void(void("B", 9)).await.unwrap();
    assert_eq!(late.status(), v1::VoidStatus::AlreadySettled);
    assert_eq!(late.outcome.unwrap().receipt_id, "B");
    let quoted = rig.quote(v1::QuoteRequest { quote_no: 7, ..quote(goods("B")) }).await.unwrap();
    assert_eq!(quoted.status(), v1::QuoteStatus::AlreadySettled);
    assert_eq!(rig.outcomes().await.len(), 2);
}

#[tokio::test]
async fn a_void_with_its_token_releases_what_the_quote_held() {
    let rig = Rig::new().await;
    let bottles = |id: &str| receipt(id, Some("1001"), vec![line("1", "BOTTLE", 3, 500)]);
    let crossings = |quoted: &v1::QuoteResponse| {
        quoted.answer.as_ref().unwrap().rewards.iter().filter(|reward| reward.campaign_id == "bottles").count()
    };
    let first = rig.quote(quote(bottles("A"))).await.unwrap();
    assert_eq!(crossings(&first), 1);
    rig.void(v1::VoidRequest { quote_token: first.quote_token.clone(), ..void("A", 1) }).await.unwrap();
    let two = receipt("B", Some("1001"), vec![line("1", "BOTTLE", 2, 500)]);
    assert_eq!(crossings(&rig.quote(quote(two)).await.unwrap()), 0, "the voided bottles are not counted");
    assert_eq!(crossings(&rig.quote(quote(bottles("C"))).await.unwrap()), 1);
}

#[tokio::test]
async fn p4_the_third_bottle_is_promised_to_one_open_quote_only() {
    let rig = Rig::new().await;
    rig.sell(receipt("R0", Some("1001"), vec![line("1", "BOTTLE", 2, 500)])).await;
    let one = |id: &str| receipt(id, Some("1001"), vec![line("1", "BOTTLE", 1, 500)]);
    let crossings = |quoted: &v1::QuoteResponse| {
        quoted.answer.as_ref().unwrap().rewards.iter().filter(|reward| reward.campaign_id == "bottles").count()
    };
    let first = rig.quote(quote(one("A"))).await.unwrap();
    let second = rig.quote(quote(one("B"))).await.unwrap();
    assert_eq!((crossings(&first), crossings(&second)), (1, 0));
    rig.settle(as_quoted(one("B"), &second)).await.unwrap();
    rig.settle(as_quoted(one("A"), &first)).await.unwrap();
    assert_eq!(rig.points("1001").await, 10 + 5 + 5 + 50);
    rig.outcomes().await;
}

#[tokio::test]
async fn h12_a_return_before_its_sale_waits_and_is_carried_out_with_it() {
    for card in [Some("1001"), None] {
        let rig = Rig::new().await;
        let back = || give_back("B", Some("A"), vec![("1", line("1", "SOCKS", 1, 500))]);
        for _ in 0..2 {
            let parked = rig.give_back(back()).await.unwrap();
            assert_eq!(parked.status(), v1::ReturnStatus::Parked);
            assert_eq!(rig.get("B").await.state(), v1::ReceiptState::Parked);
        }
        rig.settle(unquoted(receipt("A", card, vec![line("1", "SOCKS", 1, 500)]))).await.unwrap();
        assert_eq!(rig.get("A").await.state(), v1::ReceiptState::FullyReturned, "{card:?}");
        let done = rig.give_back(back()).await.unwrap();
        assert_eq!((done.status(), done.repeated_before), (v1::ReturnStatus::Committed, true));
        assert!(done.outcome.unwrap().flags().any(|flag| flag == v1::OutcomeFlag::WasParked));
        let outcomes = rig.outcomes().await;
        assert_eq!(outcomes.len(), 2);
        assert_eq!(rig.points("1001").await, 0, "what the sale gave the return took");
    }
}

#[tokio::test]
async fn h12_more_than_sold_is_refused_as_a_preview_and_recorded_as_a_fact() {
    let rig = Rig::new().await;
    for (id, card) in [("A", Some("1001")), ("B", None)] {
        rig.sell(receipt(id, card, vec![line("1", "OTHER", 2, 500)])).await;
        let mut preview = give_back(&format!("{id}1"), Some(id), vec![("1", line("1", "OTHER", 3, 500))]);
        preview.mode = i32::from(v1::ReturnMode::Preview);
        let status = rig.give_back(preview.clone()).await.unwrap_err();
        assert_eq!(reason(&status), v1::ErrorReason::MoreThanSold);
        assert!(
            tonic_types::StatusExt::get_error_details(&status).bad_request().unwrap().field_violations[0]
                .field
                .contains("lines[0]")
        );
        preview.lines[0].quantity_milli = 2_000;
        let allowed = rig.give_back(preview).await.unwrap();
        assert_eq!(allowed.answer.unwrap().lines[0].refund_minor, 1_000);
        assert_eq!(rig.get(id).await.state(), v1::ReceiptState::Settled, "a preview writes nothing");
        let done = rig.give_back(give_back(&format!("{id}2"), Some(id), vec![("1", line("1", "OTHER", 3, 500))])).await.unwrap();
        assert!(done.outcome.unwrap().flags().any(|flag| flag == v1::OutcomeFlag::ReturnedBeyondSale));
        assert_eq!(rig.get(id).await.state(), v1::ReceiptState::FullyReturned);
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn partial_returns_of_an_anonymous_receipt_sum_to_the_whole() {
    let rig = Rig::new().await;
    rig.sell(receipt("A", None, vec![line("1", "SOCKS", 3, 333)])).await;
    let mut refunds = 0;
    for number in 1..=3 {
        let back =
            rig.give_back(give_back(&format!("A{number}"), Some("A"), vec![("1", line("1", "SOCKS", 1, 333))])).await.unwrap();
        refunds += back.answer.unwrap().lines[0].refund_minor;
    }
    assert_eq!(refunds, 899, "three at 3.33 less a tenth: 9.99 − 1.00");
    assert_eq!(rig.get("A").await.return_receipt_ids.len(), 3);
    rig.outcomes().await;
}

#[tokio::test]
async fn a_return_without_a_receipt_is_priced_from_its_lines() {
    let rig = Rig::new().await;
    let back = rig.give_back(give_back("C1", None, vec![("", line("1", "OTHER", 1, 499))])).await.unwrap();
    let outcome = back.outcome.unwrap();
    assert_eq!(outcome.totals_after.as_ref().unwrap().amount_minor, 499);
    assert!(outcome.flags().any(|flag| flag == v1::OutcomeFlag::ReturnedWithoutReceipt));
    let mut unknown = give_back("C2", Some("NOWHERE"), vec![("1", line("1", "OTHER", 1, 499))]);
    unknown.mode = i32::from(v1::ReturnMode::Preview);
    assert_eq!(reason(&rig.give_back(unknown).await.unwrap_err()), v1::ErrorReason::UnknownOriginal);
}

#[tokio::test]
async fn a_training_receipt_is_answered_and_never_written() {
    let rig = Rig::new().await;
    let mut goods = receipt("T", Some("1001"), vec![line("1", "BOTTLE", 3, 500)]);
    goods.training = true;
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    assert!(quoted.held_until.is_none());
    let settled = rig.settle(as_quoted(goods, &quoted)).await.unwrap();
    assert_eq!(settled.status(), v1::SettleStatus::Training);
    assert!(settled.outcome.is_some());
    assert!(rig.outcomes().await.is_empty());
    assert_eq!(rig.get("T").await.state(), v1::ReceiptState::Unknown);
}

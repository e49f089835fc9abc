//! Receipt ids do not say whose they are: what a till of another store says of one changes nothing for its own till (H73).

use std::time::Duration;

use tessera_proto::billing::v1;

use super::super::testing::*;
use super::single_use;

/// From the till of another store.
fn from_elsewhere(request: v1::VoidRequest) -> v1::VoidRequest {
    v1::VoidRequest { store_id: "S2".to_owned(), ..request }
}

/// From another till of the same store.
fn from_beside(request: v1::VoidRequest) -> v1::VoidRequest {
    v1::VoidRequest { till_id: "T2".to_owned(), ..request }
}

fn sale(id: &str) -> v1::Receipt {
    receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 500)])
}

#[tokio::test]
async fn h73_a_void_from_another_till_leaves_no_tombstone_for_the_receipts_own() {
    for foreign in [from_elsewhere, from_beside] {
        let rig = Rig::new().await;
        for card in [None, Some("1001")] {
            let id = if card.is_some() { "A" } else { "B" };
            let told = rig.void(foreign(void(id, 1))).await.unwrap();
            assert_eq!(told.status(), v1::VoidStatus::Voided, "nobody knows whose it is");
            let own = v1::Receipt { customer: card.and(sale(id).customer), ..sale(id) };
            let quoted = rig.quote(quote(own.clone())).await.unwrap();
            assert_eq!(quoted.status(), v1::QuoteStatus::Ok);
            assert_eq!(reason(&rig.void(void(id, 1)).await.unwrap_err()), v1::ErrorReason::ForeignStore, "the first one stays");
            let outcome = rig.settle(as_quoted(own, &quoted)).await.unwrap().outcome.unwrap();
            assert!(!outcome.flags.contains(&i32::from(v1::OutcomeFlag::PaidAfterVoid)), "{:?}", outcome.flags);
        }
        rig.void(void("C", 1)).await.unwrap();
        assert_eq!(reason(&rig.void(foreign(void("C", 5))).await.unwrap_err()), v1::ErrorReason::ForeignStore);
        let late = rig.settle(unquoted(sale("C"))).await.unwrap();
        assert_eq!(late.status(), v1::SettleStatus::Voided, "the till's own void counts");
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn h73_p4_what_a_quote_holds_is_not_released_by_another_till_of_the_same_store_or_of_another() {
    let others: [fn(v1::VoidRequest) -> v1::VoidRequest; 2] = [from_elsewhere, from_beside];
    for (card, other) in [Some("1001"), None].into_iter().flat_map(|card| others.map(|other| (card, other))) {
        let rig = single_use::rig().await;
        let quoted = rig.quote(quote(single_use::basket("A", card))).await.unwrap();
        let foreign = v1::VoidRequest { quote_token: quoted.quote_token.clone(), ..other(void("A", 1)) };
        assert_eq!(reason(&rig.void(foreign.clone()).await.unwrap_err()), v1::ErrorReason::ForeignStore);
        assert_eq!(single_use::asked(&rig, "B", Some("2002")).await, single_use::USED, "{card:?} holds the code");
        let outcome = rig.settle(as_quoted(single_use::basket("A", card), &quoted)).await.unwrap().outcome.unwrap();
        let short = i32::from(v1::OutcomeFlag::SettledWithShortfall);
        assert!(!outcome.flags.contains(&short), "{:?}", outcome.flags);
        rig.pass(Duration::from_secs(16 * 60));
        assert_eq!(rig.void(foreign).await.unwrap().status(), v1::VoidStatus::AlreadySettled);
    }
}

#[tokio::test]
async fn h73_p4_a_quote_from_another_store_takes_no_hold_over_and_the_receipts_own_till_can_void_it() {
    for card in [Some("1001"), None] {
        let rig = single_use::rig().await;
        let own = single_use::basket("A", card);
        assert_eq!(rig.quote(quote(own.clone())).await.unwrap().status(), v1::QuoteStatus::Ok);
        for lines in [own.lines.clone(), vec![line("1", "OTHER", 1, 1)]] {
            let place = v1::Receipt { store_id: "S2".to_owned(), till_id: "T9".to_owned(), ..own.clone() };
            let foreign = v1::Receipt { lines, codes: Vec::new(), ..place };
            let told = rig.quote(v1::QuoteRequest { quote_no: u64::from(u32::MAX), ..quote(foreign) }).await.unwrap();
            assert_eq!((told.status(), told.held_until), (v1::QuoteStatus::Ok, None), "it is answered, and promised nothing");
            assert_eq!(single_use::asked(&rig, "B", Some("2002")).await, single_use::USED, "{card:?} holds the code");
        }
        let again = rig.quote(v1::QuoteRequest { quote_no: 2, ..quote(own) }).await.unwrap();
        assert_eq!((again.status(), again.held_until.is_some()), (v1::QuoteStatus::Ok, true));
        let void = v1::VoidRequest { quote_token: again.quote_token, ..void("A", 1) };
        assert_eq!(rig.void(void).await.unwrap().status(), v1::VoidStatus::Voided);
        assert_ne!(single_use::asked(&rig, "C", Some("2002")).await, single_use::USED, "it is free");
    }
}

#[tokio::test]
async fn h73_p4_what_a_till_was_promised_it_can_let_go_whoever_voided_the_receipt_before() {
    for card in [Some("1001"), None] {
        let rig = single_use::rig().await;
        let foreign = v1::VoidRequest { till_id: "T2".to_owned(), ..void("A", 1) };
        assert_eq!(rig.void(foreign).await.unwrap().status(), v1::VoidStatus::Voided, "nobody knows whose it is");
        let quoted = rig.quote(quote(single_use::basket("A", card))).await.unwrap();
        assert_eq!(single_use::asked(&rig, "B", Some("2002")).await, single_use::USED, "{card:?} holds the code");
        let own = v1::VoidRequest { quote_token: quoted.quote_token.clone(), ..void("A", 1) };
        assert_eq!(rig.void(own.clone()).await.unwrap().status(), v1::VoidStatus::Voided);
        assert_eq!(rig.void(own).await.unwrap().status(), v1::VoidStatus::AlreadyVoided);
        assert_ne!(single_use::asked(&rig, "C", Some("2002")).await, single_use::USED, "it is free");
        let late = rig.settle(as_quoted(single_use::basket("A", card), &quoted)).await.unwrap();
        assert_eq!(late.status(), v1::SettleStatus::Voided, "the till's own void counts");
    }
}

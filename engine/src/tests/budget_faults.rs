//! Budgets when something goes wrong: a settle that fails spends nothing, one of unknown fate spends once, and a late
//! copy of a quote, or another customer's, takes away nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tessera_proto::billing::v1;
use tessera_storage::{Commit, Fault, Head, MemoryStorage, Partition, Storage as _};

use super::super::testing::*;
use crate::layout;

/// Five uses in all.
const USES: &str = "  - {id: off, name: Off, level: basket, amount_off: 1.00, budget: {uses: 5}}";
/// Five pounds in all.
const MONEY: &str = "  - {id: off, name: Off, percent_off: 50, budget: {amount: 5.00}}";

async fn plain(campaigns: &str) -> Rig {
    let rig = Rig::over(Arc::new(MemoryStorage::new(&layout::SPACES)), settings()).await;
    rig.publish(campaigns).await;
    rig
}

fn basket(id: &str, card: Option<&str>, pence: i64) -> v1::Receipt {
    receipt(id, card, vec![line("1", "SOCKS", 1, pence)])
}

fn due(quoted: &v1::QuoteResponse) -> i64 {
    quoted.answer.as_ref().unwrap().totals_after.as_ref().unwrap().amount_minor
}

async fn used(rig: &Rig) -> i64 {
    rig.storage.counter(b"budget/off/ever/uses").await.unwrap()
}

/// Settles as quoted, with an answer whose value must be sealed.
async fn told(rig: &Rig, id: &str) -> Result<v1::SettleResponse, tonic::Status> {
    let goods = basket(id, Some("1001"), 500);
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    let answer = v1::PromptAnswer { fact_id: "surname".to_owned(), value: "Smith".to_owned(), ..Default::default() };
    rig.settle(v1::SettleRequest { answers: vec![answer], ..as_quoted(goods, &quoted) }).await
}

#[tokio::test]
async fn p4_h4_a_settle_that_fails_after_it_was_decided_spends_nothing_of_a_budget() {
    let rig = plain(USES).await;
    told(&rig, "A").await.unwrap();
    let (key, Head { version, .. }) = rig.storage.heads(layout::KEYS, None, 1).await.unwrap().remove(0);
    let rotten = Commit::of_head(Partition { space: layout::KEYS, key }, version, Bytes::from_static(b"rotten"));
    rig.storage.commit(rotten).await.unwrap();
    for _ in 0..3 {
        assert_eq!(told(&rig, "B").await.unwrap_err().code(), tonic::Code::Internal);
        assert_eq!(used(&rig).await, 1, "what was not sold is not spent");
    }
    rig.settle(unquoted(basket("B", Some("1001"), 500))).await.unwrap();
    assert_eq!(rig.outcomes().await.len(), 2);
}

#[tokio::test]
async fn p4_h13_a_settle_of_unknown_fate_is_counted_once_whether_it_was_applied_or_not() {
    for fault in [Fault::UnknownAfterApplying, Fault::UnknownBeforeApplying] {
        for card in [None, Some("1001")] {
            let rig = plain(MONEY).await;
            let quoted = rig.quote(quote(basket("A", card, 800))).await.unwrap();
            rig.storage.inject(1, fault);
            rig.settle(as_quoted(basket("A", card, 800), &quoted)).await.unwrap();
            rig.pass(Duration::from_secs(16 * 60));
            let next = rig.quote(quote(basket("B", None, 800))).await.unwrap();
            assert_eq!(due(&next), 700, "{fault:?}, {card:?}: one pound is left");
            assert_eq!(used(&rig).await, 1);
        }
    }
}

#[tokio::test]
async fn p4_h7_a_late_copy_of_an_earlier_quote_takes_nothing_from_the_later_one() {
    let rig = plain(MONEY).await;
    let numbered = |quote_no, pence| v1::QuoteRequest { quote_no, ..quote(basket("A", None, pence)) };
    assert_eq!(due(&rig.quote(numbered(1, 200)).await.unwrap()), 100);
    let later = rig.quote(numbered(2, 1_000)).await.unwrap();
    assert_eq!(due(&later), 500);
    let late = rig.quote(numbered(1, 200)).await.unwrap();
    assert_eq!((late.status(), late.answer), (v1::QuoteStatus::Superseded, None));
    assert_eq!(due(&rig.quote(quote(basket("B", None, 1_000))).await.unwrap()), 1_000, "all of it is still promised");
}

#[tokio::test]
async fn p4_a_quote_takes_over_what_its_customer_or_nobody_held_and_nothing_of_another_customer() {
    let table = [
        (Some("1001"), Some("2002"), 1_000),
        (Some("1001"), None, 1_000),
        (Some("1001"), Some("1001"), 500),
        (None, Some("1001"), 500),
        (None, None, 500),
    ];
    for (first, second, expected) in table {
        let rig = plain(MONEY).await;
        let quoted = rig.quote(quote(basket("A", first, 1_000))).await.unwrap();
        assert_eq!(due(&quoted), 500);
        let other = v1::QuoteRequest { supersedes_receipt_id: "A".to_owned(), ..quote(basket("B", second, 1_000)) };
        assert_eq!(due(&rig.quote(other).await.unwrap()), expected, "{first:?}, then {second:?}");
    }
}

//! Whether the engine that settles has kept the token or must open it changes nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tessera_proto::billing::v1;
use tessera_rules::id::ReceiptId;
use tessera_storage::{Cursor, MemoryStorage, Storage as _};

use super::super::testing::*;
use crate::layout;

/// What may change between quote and settle.
type Change = fn(&mut v1::SettleRequest);

/// A receipt with something of all that a token has: units added, a tenth off, points, a threshold that is scarce.
fn goods(id: &str) -> v1::Receipt {
    let lines = vec![
        line("1", "SOCKS", 2, 500),
        line("2", "PACK", 10, 100),
        line("3", "BOTTLE", 3, 200),
        line("4", "an-article-with-a-number-longer-than-most", 1, 100),
    ];
    v1::Receipt {
        codes: vec![v1::PresentedCode { code: "NOBODYS".to_owned(), ..Default::default() }],
        ..receipt(id, Some("1001"), lines)
    }
}

/// Quotes, lets time pass and settles what `change` makes of it, by an engine with so much room for tokens. The outcome
/// as it is stored, and its flags.
async fn settled(room: u64, passed: Duration, change: Change) -> (Bytes, Vec<v1::OutcomeFlag>) {
    let settings = crate::Settings { tokens_in_memory_bytes_max: room, ..settings() };
    let rig = Rig::over(Arc::new(MemoryStorage::with_claims_first(&layout::SPACES)), settings).await;
    let quoted = rig.quote(quote(goods("A"))).await.unwrap();
    let promised = quoted.answer.as_ref().unwrap().rewards.iter().any(|reward| reward.campaign_id == "bottles");
    assert!(promised && quoted.held_until.is_some(), "something scarce is promised");
    rig.pass(passed);
    let mut request = as_quoted(goods("A"), &quoted);
    change(&mut request);
    let receipt = ReceiptId::parse(&request.receipt.as_ref().unwrap().receipt_id).unwrap();
    let kept = &rig.engine.core.kept_tokens;
    assert_eq!(kept.holds(&ReceiptId::parse("A").unwrap()), room > 0, "what this test compares");
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert!(!kept.holds(&receipt), "what is settled is not kept");
    rig.outcomes().await;
    let feed = rig.storage.feed(&Cursor::default(), 10).await.unwrap();
    let rows: Vec<Bytes> = feed.iter().flat_map(|entry| &entry.rows).map(|row| row.value.clone()).collect();
    let [stored] = rows.as_slice() else { panic!("{} outcomes", rows.len()) };
    (stored.clone(), outcome.flags().collect())
}

#[tokio::test]
async fn h15_a_kept_token_and_one_that_is_opened_come_to_the_same_outcome_to_the_byte() {
    let minute = Duration::from_secs(60);
    let day = Duration::from_secs(24 * 3_600);
    let table: [(&str, Duration, Change, Option<v1::OutcomeFlag>); 8] = [
        ("sold as quoted", minute, |_| (), None),
        ("after its holds have ended", day, |_| (), None),
        (
            "a line less",
            minute,
            |request| drop(request.receipt.as_mut().unwrap().lines.remove(0)),
            Some(v1::OutcomeFlag::DiffersFromQuote),
        ),
        ("the eleventh pack declined", minute, decline_all, Some(v1::OutcomeFlag::DiffersFromQuote)),
        ("forged in its last byte", minute, |request| flip(request, true), Some(v1::OutcomeFlag::TokenRejected)),
        ("forged in its first byte", minute, |request| flip(request, false), Some(v1::OutcomeFlag::TokenRejected)),
        (
            "cut",
            minute,
            |request| request.quote_token.truncate(request.quote_token.len() - 1),
            Some(v1::OutcomeFlag::TokenRejected),
        ),
        (
            "another receipt's",
            minute,
            |request| "B".clone_into(&mut request.receipt.as_mut().unwrap().receipt_id),
            Some(v1::OutcomeFlag::TokenRejected),
        ),
    ];
    for (case, passed, change, expected) in table {
        let (kept, flags) = settled(256 << 20, passed, change).await;
        let (opened, _) = settled(0, passed, change).await;
        assert_eq!(kept, opened, "{case}");
        for flag in [v1::OutcomeFlag::DiffersFromQuote, v1::OutcomeFlag::TokenRejected] {
            assert_eq!(flags.contains(&flag), expected == Some(flag), "{case}: {flags:?}");
        }
    }
}

fn decline_all(request: &mut v1::SettleRequest) {
    request.declined_ids = vec!["packs.2".to_owned()];
    let lines = &mut request.receipt.as_mut().unwrap().lines;
    lines.iter_mut().for_each(|line| line.sold_parts.retain(|part| part.amount_minor > 0));
}

fn flip(request: &mut v1::SettleRequest, last: bool) {
    let mut token = request.quote_token.to_vec();
    let place = if last { token.len() - 1 } else { 0 };
    token[place] ^= 1;
    request.quote_token = token.into();
}

#[tokio::test]
async fn a_voided_receipt_is_not_kept_and_a_restart_opens_what_was_sealed_before() {
    let rig = Rig::new().await;
    let (voided, paid) = (ReceiptId::parse("A").unwrap(), ReceiptId::parse("B").unwrap());
    let kept = |rig: &Rig, receipt: &ReceiptId| rig.engine.core.kept_tokens.holds(receipt);
    let first = rig.quote(quote(goods("A"))).await.unwrap();
    let second = rig.quote(quote(goods("B"))).await.unwrap();
    assert!(kept(&rig, &voided) && kept(&rig, &paid));
    rig.void(v1::VoidRequest { quote_token: first.quote_token.clone(), ..void("A", 1) }).await.unwrap();
    assert!(!kept(&rig, &voided));
    let again = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    assert!(!kept(&again, &paid));
    let outcome = again.settle(as_quoted(goods("B"), &second)).await.unwrap().outcome.unwrap();
    assert!(!outcome.flags().any(|flag| flag == v1::OutcomeFlag::TokenRejected), "{:?}", outcome.flags);
}

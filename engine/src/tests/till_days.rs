//! Days of tills: what counts, what differs, and the close.

use bytes::Bytes;
use tessera_contract::canonical::ContentHash;
use tessera_contract::limits::TILL_DAY_RECEIPTS_MAX;
use tessera_contract::till_day::{DayKind, DayReceipt, DayReceipts, TillDay, of_return, of_settle};
use tessera_proto::billing::v1;
use tessera_proto::gateway::v1::gateway_service_server::GatewayService as _;
use tessera_proto::gateway::v1::{CloseTillDayRequest, CloseTillDayResponse, TillDayDifferenceKind, TillDayStatus};
use tessera_rules::id::{ReceiptId, StoreId, TillId};
use tessera_storage::{Commit, CommitError, Row, Storage as _, Version};
use tonic::{Code, Request};

use crate::packs::GatewayCalls;
use crate::testing::*;
use crate::{layout, till_days};

impl Rig {
    async fn close_day(&self, request: CloseTillDayRequest) -> Result<CloseTillDayResponse, tonic::Status> {
        let calls = GatewayCalls::new(self.engine.clone(), self.closing.subscribe());
        calls.close_till_day(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    async fn sold(&self, receipt: v1::Receipt, book: &mut DayReceipts) {
        let quoted = self.quote(quote(receipt.clone())).await.unwrap();
        let request = as_quoted(receipt, &quoted);
        let (_, id, noted) = of_settle(&request).unwrap();
        book.insert(id, noted);
        self.settle(request).await.unwrap();
    }

    async fn came_back(&self, request: v1::ReturnRequest, book: &mut DayReceipts) {
        let (_, id, noted) = of_return(&request).unwrap();
        book.insert(id, noted);
        self.give_back(request).await.unwrap();
    }
}

fn day(till: &str, date: &str) -> TillDay {
    TillDay { store: StoreId::parse("S1").unwrap(), till: TillId::parse(till).unwrap(), date: date.parse().unwrap() }
}

fn socks(id: &str, card: Option<&str>) -> v1::Receipt {
    receipt(id, card, vec![line("1", "SOCKS", 3, 333)])
}

fn kinds(response: &CloseTillDayResponse) -> Vec<(&str, TillDayDifferenceKind)> {
    response.differences.iter().map(|difference| (difference.receipt_id.as_str(), difference.kind())).collect()
}

#[tokio::test]
async fn h60_a_day_is_what_was_settled_and_returned_at_its_till_and_nothing_else() {
    let rig = Rig::new().await;
    let (mut first, mut second, mut before) = (DayReceipts::default(), DayReceipts::default(), DayReceipts::default());
    rig.sold(socks("A", Some("1001")), &mut first).await;
    rig.sold(socks("B", None), &mut first).await;
    rig.came_back(give_back("C", Some("A"), vec![("1", line("1", "SOCKS", 1, 333))]), &mut first).await;
    rig.came_back(give_back("D", Some("not-yet-seen"), vec![("1", line("1", "SOCKS", 1, 333))]), &mut first).await;
    rig.sold(v1::Receipt { till_id: "T2".to_owned(), ..socks("E", Some("1001")) }, &mut second).await;
    // Rung up after midnight, on the trading day that had not ended.
    rig.sold(v1::Receipt { business_date: "2026-11-21".to_owned(), ..socks("F", None) }, &mut before).await;
    rig.sell(v1::Receipt { training: true, ..socks("G", Some("1001")) }).await;
    rig.quote(quote(socks("H", Some("1001")))).await.unwrap();
    rig.void(void("H", 1)).await.unwrap();
    rig.void(void("I", 1)).await.unwrap();
    rig.give_back(v1::ReturnRequest {
        mode: v1::ReturnMode::Preview.into(),
        ..give_back("J", Some("B"), vec![("1", line("1", "SOCKS", 1, 333))])
    })
    .await
    .unwrap();
    let days = [
        (day("T1", "2026-11-22"), first, (2, 2)),
        (day("T2", "2026-11-22"), second, (1, 0)),
        (day("T1", "2026-11-21"), before, (1, 0)),
        (day("T3", "2026-11-22"), DayReceipts::default(), (0, 0)),
    ];
    for (day, book, counts) in days {
        let closed = rig.close_day(book.to_request(&day, "G1", false)).await.unwrap();
        assert_eq!(closed.status(), TillDayStatus::Agreed, "{day:?}: {closed:?}");
        assert_eq!((closed.engine_settled_count, closed.engine_returned_count), counts, "{day:?}");
        assert_eq!((closed.close_number, closed.differences.len()), (1, 0));
        rig.pass(std::time::Duration::from_secs(60));
        assert_eq!(rig.close_day(book.to_request(&day, "", true)).await.unwrap(), closed, "a repeat gets the same answer");
    }
}

#[tokio::test]
async fn h60_what_differs_is_named_and_changes_nothing_and_what_is_found_late_closes_under_the_next_number() {
    let rig = Rig::new().await;
    let day = day("T1", "2026-11-22");
    let mut book = DayReceipts::default();
    for id in ["A", "B", "C"] {
        rig.sold(socks(id, Some("1001")), &mut book).await;
    }
    rig.void(void("V", 1)).await.unwrap();
    let other = |book: &DayReceipts, id: &str, content| {
        let mut book = book.clone();
        book.insert(ReceiptId::parse(id).unwrap(), DayReceipt { kind: DayKind::Settled, content: ContentHash([content; 32]) });
        book
    };
    let without = |id: &str| {
        let mut book = book.clone();
        book.remove(&ReceiptId::parse(id).unwrap());
        book
    };
    let cases = [
        (other(&book, "X", 1), vec![("X", TillDayDifferenceKind::Missing)]),
        (other(&book, "B", 1), vec![("B", TillDayDifferenceKind::OtherContent)]),
        (other(&book, "V", 1), vec![("V", TillDayDifferenceKind::Voided)]),
        (without("C"), vec![("C", TillDayDifferenceKind::NotNamed)]),
        (other(&without("A"), "X", 1), vec![("A", TillDayDifferenceKind::NotNamed), ("X", TillDayDifferenceKind::Missing)]),
    ];
    for (said, expected) in cases {
        let answered = rig.close_day(said.to_request(&day, "G1", true)).await.unwrap();
        assert_eq!((answered.status(), answered.close_number), (TillDayStatus::Differs, 0));
        assert_eq!(kinds(&answered), expected);
        let unnamed = rig.close_day(said.to_request(&day, "G1", false)).await.unwrap();
        assert_eq!((unnamed.status(), unnamed.differences.len()), (TillDayStatus::Differs, 0));
    }
    assert_eq!(rig.close_day(book.to_request(&day, "G1", false)).await.unwrap().close_number, 1);
    let early = book.clone();
    rig.sold(socks("late", Some("1001")), &mut book).await;
    let answered = rig.close_day(early.to_request(&day, "G1", true)).await.unwrap();
    assert_eq!(kinds(&answered), [("late", TillDayDifferenceKind::NotNamed)]);
    assert_eq!(rig.close_day(book.to_request(&day, "G1", false)).await.unwrap().close_number, 2);
}

#[tokio::test]
async fn h60_a_hint_without_its_commit_counts_nothing() {
    let rig = Rig::new().await;
    let day = day("T1", "2026-11-22");
    let id = ReceiptId::parse("A").unwrap();
    let hinted = till_days::hint(&day, &id, DayReceipt { kind: DayKind::Settled, content: ContentHash([7; 32]) });
    let refused = Commit {
        partition: layout::receipt(&id),
        expected: Version(9),
        head: Bytes::from_static(b"never"),
        rows: Vec::new(),
        claims: Vec::new(),
        hints: vec![hinted.clone()],
        deltas: Vec::new(),
        feed_kinds: Vec::new(),
    };
    assert!(matches!(rig.storage.commit(refused).await, Err(CommitError::Conflict { .. })));
    assert_eq!(rig.storage.hints(hinted.bucket, None, 10).await.unwrap(), [hinted], "it is there without its commit");
    let closed = rig.close_day(DayReceipts::default().to_request(&day, "G1", false)).await.unwrap();
    assert_eq!((closed.status(), closed.engine_settled_count), (TillDayStatus::Agreed, 0));
}

#[tokio::test]
async fn h60_a_day_of_more_receipts_than_are_read_at_once_is_whole() {
    let rig = Rig::new().await;
    let mut book = DayReceipts::default();
    for number in 0..600 {
        rig.sold(socks(&format!("R{number}"), None), &mut book).await;
    }
    let closed = rig.close_day(book.to_request(&day("T1", "2026-11-22"), "G1", false)).await.unwrap();
    assert_eq!((closed.status(), closed.engine_settled_count), (TillDayStatus::Agreed, 600));
}

#[tokio::test]
async fn h60_a_day_of_more_receipts_than_can_be_compared_is_refused_and_says_so() {
    let rig = Rig::new().await;
    let (day, first) = (day("T1", "2026-11-22"), ReceiptId::parse("A").unwrap());
    let mut book = DayReceipts::default();
    rig.sold(socks("A", None), &mut book).await;
    // As many again as the first one, each with its entry, its outcome and its place in the day.
    let entry = rig.storage.head(&layout::receipt(&first)).await.unwrap().unwrap().value;
    let noted = *book.get(&first).unwrap();
    for number in 1..=TILL_DAY_RECEIPTS_MAX {
        if number == TILL_DAY_RECEIPTS_MAX {
            let closed = rig.close_day(book.to_request(&day, "G1", false)).await.unwrap();
            assert_eq!((closed.status(), closed.engine_settled_count), (TillDayStatus::Agreed, 10_000));
        }
        let id = ReceiptId::parse(&format!("B{number}")).unwrap();
        let commit = Commit {
            partition: layout::receipt(&id),
            expected: Version::NONE,
            head: entry.clone(),
            rows: vec![Row { key: layout::outcome_row(id.as_str()), value: Bytes::from_static(b"sold") }],
            claims: Vec::new(),
            hints: vec![till_days::hint(&day, &id, noted)],
            deltas: Vec::new(),
            feed_kinds: Vec::new(),
        };
        rig.storage.commit(commit).await.unwrap();
        book.insert(id, noted);
    }
    let refused = rig.close_day(DayReceipts::default().to_request(&day, "G1", false)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("10000") || refused.message().contains("10,000"), "{refused:?}");
}

#[tokio::test]
async fn p11_a_close_that_does_not_fit_itself_is_an_error_that_names_the_field() {
    let rig = Rig::new().await;
    let good = DayReceipts::default().to_request(&day("T1", "2026-11-22"), "G1", false);
    let wrong = [
        CloseTillDayRequest { gateway_id: "a b".to_owned(), ..good.clone() },
        CloseTillDayRequest { receipts_hash: Vec::new(), ..good.clone() },
        CloseTillDayRequest { store_id: String::new(), ..good.clone() },
        CloseTillDayRequest { contract_minor: 99, ..good },
    ];
    let codes = [Code::InvalidArgument, Code::InvalidArgument, Code::InvalidArgument, Code::FailedPrecondition];
    for (request, code) in wrong.into_iter().zip(codes) {
        assert_eq!(rig.close_day(request).await.unwrap_err().code(), code);
    }
}

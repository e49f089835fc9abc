//! Settle, void and return arrive, whatever happens on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prost::Message as _;
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::{
    Receipt, ReturnMode, ReturnRequest, ReturnResponse, SettleRequest, SettleResponse, SettleStatus, VoidRequest, VoidResponse,
};
use tessera_till::{AdviceAnswer, Answered, CallOptions, Journal, TillError};
use tonic::Code;

use crate::server::{Act, nobody, refusal, start, till};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);
const ID: &str = "s1/t1/20261122/1/n";

fn settle() -> SettleRequest {
    SettleRequest {
        receipt: Some(Receipt { receipt_id: ID.to_owned(), ..Receipt::default() }),
        quote_token: vec![1, 2, 3].into(),
        attempt: 1,
        ..SettleRequest::default()
    }
}

fn committed() -> Reply {
    Reply::Settle(SettleResponse { status: SettleStatus::Committed.into(), ..SettleResponse::default() })
}

#[tokio::test]
async fn h1_a_lost_answer_is_repeated_with_the_same_id_and_bytes() {
    let server = start(|number, _| match number {
        0 => Act::Cut,
        _ => Act::Answer(committed()),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let till = till(server.address, LONG, journal.clone());
    let end = till.settle(settle(), CallOptions::default()).await.unwrap();
    assert!(matches!(end, Answered::Server(_)), "{end:?}");
    let sent: Vec<_> = server
        .seen()
        .into_iter()
        .map(|seen| match seen.call {
            Call::Settle(request) => request.encode_to_vec(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sent, [settle().encode_to_vec(), settle().encode_to_vec()]);
    assert!(journal.open_advices().is_empty(), "its outcome is known");
}

#[tokio::test]
async fn h1_an_advice_is_on_disk_before_the_server_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let file = folder.path().join("advices.journal");
    let server = start(move |_, _| {
        let written = std::fs::read(&file).unwrap();
        let there = written.windows(ID.len()).any(|bytes| bytes == ID.as_bytes());
        assert!(there, "sent before it was written");
        Act::Answer(committed())
    })
    .await;
    let till = till(server.address, LONG, journal);
    let end = till.settle(settle(), CallOptions::default()).await.unwrap();
    assert!(!end.is_unknown(), "{end:?}");
}

#[tokio::test]
async fn h13_unknown_after_the_deadline_is_kept_and_resolved_by_the_same_id() {
    let answering = Arc::new(AtomicBool::new(false));
    let server = start({
        let answering = Arc::clone(&answering);
        move |_, _| if answering.load(Ordering::Relaxed) { Act::Answer(committed()) } else { Act::Hang }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    {
        let journal = Journal::open(folder.path()).unwrap();
        let till = till(server.address, SHORT, journal);
        let end = till.settle(settle(), CallOptions::default()).await.unwrap();
        let Answered::Unknown(unknown) = end else {
            panic!("{end:?}");
        };
        assert_eq!(unknown.receipt_id, ID);
        assert!(unknown.kept);
        assert_eq!(unknown.cause.code, Code::DeadlineExceeded);
    }

    answering.store(true, Ordering::Relaxed);
    let journal = Journal::open(folder.path()).unwrap();
    let till = till(server.address, LONG, journal.clone());
    let ends = till.resend_open(CallOptions::default()).await.unwrap();
    assert_eq!(ends.len(), 1);
    assert!(matches!(&ends[0].result, Ok(Answered::Server(AdviceAnswer::Settle(_)))));
    assert!(journal.open_advices().is_empty());
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.call == Call::Settle(settle())));
    assert!(till.resend_open(CallOptions::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_advice_is_unknown_and_kept_when_nothing_listens() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let till = till(nobody().await, LONG, journal.clone());
    let end = till.settle(settle(), CallOptions::default()).await.unwrap();
    assert!(end.is_unknown(), "{end:?}");
    assert_eq!(journal.open_advices()[0].receipt_id, ID);
}

#[tokio::test]
async fn only_a_refusal_of_the_content_ends_the_keeping() {
    let table = [
        (Code::InvalidArgument, "INVALID_RECEIPT", false),
        (Code::AlreadyExists, "CONFLICT", false),
        (Code::FailedPrecondition, "TOO_OLD", false),
        (Code::FailedPrecondition, "UPGRADE_ENGINE", true),
        (Code::ResourceExhausted, "LIMIT_EXCEEDED", false),
        (Code::ResourceExhausted, "TOO_MANY_WAITING", true),
        (Code::PermissionDenied, "FOREIGN_STORE", true),
        (Code::DataLoss, "ACCOUNT_QUARANTINED", true),
        (Code::Internal, "INTERNAL_FAULT", true),
        (Code::Unavailable, "STORAGE_STOPPED", true),
        (Code::Aborted, "IN_PROGRESS", true),
        (Code::DeadlineExceeded, "DEADLINE_TOO_SHORT", true),
        (Code::Unimplemented, "", true),
    ];
    for (code, reason, kept) in table {
        let server = start(move |_, _| Act::Fail(refusal(code, reason, None))).await;
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let till = till(server.address, LONG, journal.clone());
        let end = till.settle(settle(), CallOptions::default()).await;
        assert_eq!(journal.open_advices().len(), usize::from(kept), "{reason}");
        match end {
            Ok(Answered::Unknown(unknown)) => {
                assert!(kept, "{reason}");
                assert_eq!(unknown.cause.reason, reason);
            }
            Err(TillError::Refused { refusal, .. }) => {
                assert!(!kept, "{reason}");
                assert_eq!(refusal.reason, reason);
            }
            other => panic!("{reason}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_full_journal_sends_nothing() {
    let server = start(|_, _| Act::Hang).await;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open_with(folder.path(), 1).unwrap();
    let till = till(server.address, SHORT, journal);
    till.settle(settle(), CallOptions::default()).await.unwrap();
    let void = VoidRequest { receipt_id: "another".to_owned(), ..VoidRequest::default() };
    let end = till.void(void, CallOptions::default()).await;
    assert!(matches!(end, Err(TillError::Journal(_))), "{end:?}");
    assert!(!server.seen().iter().any(|seen| matches!(seen.call, Call::VoidReceipt(_))));
}

#[tokio::test]
async fn void_and_return_are_advices_and_a_preview_is_not() {
    let server = start(|_, call| match call {
        Call::VoidReceipt(_) => Act::Answer(Reply::VoidReceipt(VoidResponse::default())),
        Call::ReturnGoods(request) if request.mode() == ReturnMode::Preview => {
            Act::Fail(refusal(Code::NotFound, "UNKNOWN_ORIGINAL", None))
        }
        _ => Act::Answer(Reply::ReturnGoods(ReturnResponse::default())),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let till = till(server.address, LONG, journal.clone());
    let options = CallOptions::default();
    let voided = till.void(VoidRequest::default(), options).await.unwrap();
    assert!(!voided.is_unknown());
    let goods = |mode: ReturnMode| ReturnRequest { receipt_id: ID.to_owned(), mode: mode.into(), ..ReturnRequest::default() };
    let done = till.return_goods(goods(ReturnMode::Done), options).await.unwrap();
    assert!(!done.is_unknown());
    let preview = till.return_goods(goods(ReturnMode::Preview), options).await.unwrap_err();
    assert_eq!(preview.refusal().unwrap().reason, "UNKNOWN_ORIGINAL");
    assert!(journal.open_advices().is_empty());
}

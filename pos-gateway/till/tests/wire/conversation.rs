//! Many callers share one stream.

use std::sync::Arc;
use std::time::Duration;

use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::{
    BasisReason, GetReceiptRequest, GetReceiptResponse, IdentifyRequest, QuoteRequest, Receipt, SettleRequest, SettleResponse,
    get_receipt_request,
};
use tessera_till::{Answered, CallOptions, Conversation, Journal, TillClient, TillError};
use tonic::Code;

use crate::server::{Act, FakeServer, config, nobody, refusal, start};

const LONG: Duration = Duration::from_secs(30);

fn till_over(server: &FakeServer, journal: Journal) -> TillClient {
    let conversation = Conversation::connect(&format!("http://{}", server.address), None).unwrap();
    TillClient::over(conversation, config(server.address, LONG, journal))
}

fn get(receipt_id: &str) -> GetReceiptRequest {
    GetReceiptRequest {
        receipt: Some(get_receipt_request::Receipt::ReceiptId(receipt_id.to_owned())),
        ..GetReceiptRequest::default()
    }
}

/// Answers each read with the id that it asks for.
fn echo(call: &Call) -> Act {
    let Call::GetReceipt(GetReceiptRequest { receipt: Some(get_receipt_request::Receipt::ReceiptId(receipt_id)), .. }) = call
    else {
        return Act::Hang;
    };
    Act::Answer(Reply::GetReceipt(GetReceiptResponse { receipt_id: receipt_id.clone(), ..GetReceiptResponse::default() }))
}

#[tokio::test]
async fn a_slow_call_never_blocks_a_fast_one_and_each_gets_its_own_answer() {
    let server = start(|_, call| echo(call)).await;
    let till = Arc::new(till_over(&server, Journal::none()));
    let slow = tokio::spawn({
        let till = Arc::clone(&till);
        async move { till.identify(IdentifyRequest::default(), CallOptions::default()).await }
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut fast = tokio::task::JoinSet::new();
    for number in 0..100 {
        let till = Arc::clone(&till);
        fast.spawn(async move {
            let id = format!("r{number}");
            let read = till.get_receipt(get(&id), CallOptions::default()).await;
            assert_eq!(read.unwrap().receipt_id, id);
        });
    }
    while let Some(end) = fast.join_next().await {
        end.unwrap();
    }
    assert!(!slow.is_finished());
    slow.abort();
    assert!(server.seen().iter().all(|seen| seen.stream == 1));
}

#[tokio::test]
async fn closing_lets_open_calls_end_and_sends_the_next_one_on_another_stream() {
    let server = start(|number, call| match (number, echo(call)) {
        (0, Act::Answer(reply)) => Act::CloseThenAnswer(reply),
        (_, act) => act,
    })
    .await;
    let till = till_over(&server, Journal::none());
    for id in ["r1", "r2", "r3"] {
        let read = till.get_receipt(get(id), CallOptions::default()).await;
        assert_eq!(read.unwrap().receipt_id, id);
    }
    let streams: Vec<_> = server.seen().iter().map(|seen| seen.stream).collect();
    assert_eq!(streams, [1, 2, 2]);
}

#[tokio::test]
async fn h1_a_stream_that_breaks_is_replaced_and_the_advice_repeated() {
    let server = start(|number, _| match number {
        0 => Act::Cut,
        _ => Act::Answer(Reply::Settle(SettleResponse::default())),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let till = till_over(&server, journal.clone());
    let request = SettleRequest {
        receipt: Some(Receipt { receipt_id: "r1".to_owned(), ..Receipt::default() }),
        ..SettleRequest::default()
    };
    let end = till.settle(request, CallOptions::default()).await.unwrap();
    assert!(matches!(end, Answered::Server(_)), "{end:?}");
    let seen = server.seen();
    assert_eq!((seen[0].stream, seen[1].stream), (1, 2));
    assert_eq!(seen[0].call, seen[1].call);
    assert!(journal.open_advices().is_empty());
}

#[tokio::test]
async fn a_call_that_is_refused_leaves_the_stream_alone() {
    let server = start(|number, call| match number {
        0 => Act::Fail(refusal(Code::InvalidArgument, "INVALID_RECEIPT", None)),
        _ => echo(call),
    })
    .await;
    let till = till_over(&server, Journal::none());
    let refused = till.get_receipt(get(""), CallOptions::default()).await;
    assert!(matches!(refused, Err(TillError::Refused { .. })), "{refused:?}");
    till.get_receipt(get("r1"), CallOptions::default()).await.unwrap();
    assert!(server.seen().iter().all(|seen| seen.stream == 1));
}

#[tokio::test]
async fn p1_a_quote_on_a_stream_to_nowhere_is_answered_by_the_till() {
    let address = nobody().await;
    let conversation = Conversation::connect(&format!("http://{address}"), None).unwrap();
    let till = TillClient::over(conversation, config(address, LONG, Journal::none()));
    let request = QuoteRequest { receipt: Some(Receipt::default()), ..QuoteRequest::default() };
    let end = till.quote(request, CallOptions::default()).await.unwrap();
    let Answered::Unchanged(answer) = end else {
        panic!("{end:?}");
    };
    assert_eq!(answer.basis_reason(), BasisReason::GatewayDown);
}

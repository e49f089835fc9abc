//! Quotes always end in an answer, or in an error that names what is wrong with the request.

use std::time::Duration;

use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::{
    AnswerBasis, BasisReason, GetReceiptRequest, IdentifyRequest, Line, QuoteRequest, QuoteResponse, Receipt,
};
use tessera_till::{Answered, CallOptions, Journal, TillError};
use tonic::{Code, Status};

use crate::server::{Act, nobody, refusal, start, till};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);

fn request() -> QuoteRequest {
    QuoteRequest {
        receipt: Some(Receipt {
            receipt_id: "s1/t1/20261122/1/n".to_owned(),
            lines: vec![Line { amount_minor: 1_234, ..Line::default() }],
            ..Receipt::default()
        }),
        quote_no: 1,
        ..QuoteRequest::default()
    }
}

fn from_engine() -> Reply {
    Reply::Quote(QuoteResponse { basis: AnswerBasis::Engine.into(), ..QuoteResponse::default() })
}

fn own_answer(end: Answered<QuoteResponse>) -> (BasisReason, i64) {
    let Answered::Unchanged(answer) = end else {
        panic!("not the till's own answer: {end:?}");
    };
    assert_eq!(answer.basis(), AnswerBasis::Unchanged);
    let reason = answer.basis_reason();
    let totals = answer.answer.unwrap().totals_after.unwrap();
    (reason, totals.due_minor)
}

#[tokio::test]
async fn the_servers_answer_is_passed_on_with_budget_and_replay_time_told_to_it() {
    let server = start(|_, _| Act::Answer(from_engine())).await;
    let till = till(server.address, LONG, Journal::none());
    let time = "2010-12-01T08:26:00Z".parse().unwrap();
    let options = CallOptions::replay(time, Duration::from_secs(20));
    let end = till.quote(request(), options).await.unwrap();
    assert!(matches!(end, Answered::Server(_)), "{end:?}");
    let seen = server.seen();
    let metadata = &seen[0].metadata;
    assert_eq!(metadata.get("tessera-replay-time").unwrap(), "2010-12-01T08:26:00Z");
    assert!(metadata.contains_key("grpc-timeout"));
}

#[tokio::test]
async fn p1_the_till_answers_itself_when_nothing_listens() {
    let till = till(nobody().await, LONG, Journal::none());
    let end = till.quote(request(), CallOptions::default()).await.unwrap();
    assert_eq!(own_answer(end), (BasisReason::GatewayDown, 1_234));
}

#[tokio::test]
async fn p1_the_till_answers_itself_when_the_server_hangs() {
    let server = start(|_, _| Act::Hang).await;
    let till = till(server.address, SHORT, Journal::none());
    let end = till.quote(request(), CallOptions::default()).await.unwrap();
    assert_eq!(own_answer(end), (BasisReason::Deadline, 1_234));
}

#[tokio::test]
async fn p1_the_till_answers_itself_when_the_engine_is_at_fault() {
    let failures: [fn() -> Status; 4] = [
        || refusal(Code::Internal, "INTERNAL_FAULT", None),
        || refusal(Code::ResourceExhausted, "TOO_MANY_WAITING", None),
        || refusal(Code::Unavailable, "SHUTTING_DOWN", None),
        || refusal(Code::FailedPrecondition, "UPGRADE_ENGINE", None),
    ];
    for failure in failures {
        let server = start(move |_, _| Act::Fail(failure())).await;
        let till = till(server.address, LONG, Journal::none());
        let end = till.quote(request(), CallOptions::default()).await.unwrap();
        assert_eq!(own_answer(end), (BasisReason::EngineError, 1_234));
    }
}

#[tokio::test]
async fn p11_bad_input_comes_back_with_its_field_and_is_never_repeated() {
    let server = start(|_, _| {
        let field = Some("receipt.lines[0].sku");
        Act::Fail(refusal(Code::InvalidArgument, "INVALID_RECEIPT", field))
    })
    .await;
    let till = till(server.address, LONG, Journal::none());
    let end = till.quote(request(), CallOptions::default()).await;
    let Err(TillError::Refused { refusal, .. }) = end else {
        panic!("{end:?}");
    };
    assert_eq!(refusal.reason, "INVALID_RECEIPT");
    assert_eq!(refusal.field_violations[0].field, "receipt.lines[0].sku");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_broken_connection_is_repaired_once_inside_the_budget() {
    let server = start(|number, _| match number {
        0 => Act::Cut,
        _ => Act::Answer(from_engine()),
    })
    .await;
    let till = till(server.address, LONG, Journal::none());
    let end = till.quote(request(), CallOptions::default()).await.unwrap();
    assert!(matches!(end, Answered::Server(_)), "{end:?}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn h49_repeats_are_at_most_one_a_call_and_end_when_their_share_is_used_up() {
    let server = start(|_, _| Act::Fail(refusal(Code::Unavailable, "SHUTTING_DOWN", None))).await;
    let till = till(server.address, LONG, Journal::none());
    till.quote(request(), CallOptions::default()).await.unwrap();
    assert_eq!(server.seen().len(), 2, "one call, one repeat");
    for _ in 0..49 {
        till.quote(request(), CallOptions::default()).await.unwrap();
    }
    let repeats = server.seen().len() - 50;
    assert!(repeats < 30, "{repeats} of 50 calls were repeated");
}

#[tokio::test]
async fn reads_end_in_an_error_when_nobody_answers() {
    let till = till(nobody().await, LONG, Journal::none());
    let identified = till.identify(IdentifyRequest::default(), CallOptions::default()).await;
    assert!(matches!(identified, Err(TillError::NotAnswered { .. })));
    let read = till.get_receipt(GetReceiptRequest::default(), CallOptions::default()).await;
    assert!(matches!(read, Err(TillError::NotAnswered { .. })));
}

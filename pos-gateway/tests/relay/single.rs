//! Single calls.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tessera_gateway::MESSAGE_BYTES_MAX;
use tessera_proto::billing::v1::{AnswerBasis, BasisReason, Line, QuoteRequest, QuoteResponse, Receipt, SettleResponse};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

use crate::engine::{Act, FakeEngine, LONG, SHORT, answer, gateway, nobody, refusal, send, start};

/// A field that no contract has yet: number 2,000, a varint.
const UNKNOWN_FIELD: [u8; 3] = [0x80, 0x7d, 0x2a];

fn quote() -> Bytes {
    let request = QuoteRequest {
        receipt: Some(Receipt { lines: vec![Line { amount_minor: 1_234, ..Line::default() }], ..Receipt::default() }),
        ..QuoteRequest::default()
    };
    let mut bytes = request.encode_to_vec();
    bytes.extend_from_slice(&UNKNOWN_FIELD);
    bytes.into()
}

fn unchanged(answer: Response<Bytes>) -> BasisReason {
    let answer = QuoteResponse::decode(answer.into_inner()).unwrap();
    assert_eq!(answer.basis(), AnswerBasis::Unchanged);
    let reason = answer.basis_reason();
    let totals = answer.answer.unwrap().totals_after.unwrap();
    assert_eq!(totals.due_minor, 1_234);
    reason
}

#[tokio::test]
async fn bytes_cross_unchanged_both_ways_even_what_the_contract_does_not_know() {
    let mut answered = SettleResponse::default().encode_to_vec();
    answered.extend_from_slice(&UNKNOWN_FIELD);
    let answered = Bytes::from(answered);
    let engine = start({
        let answered = answered.clone();
        move |_, _| {
            let mut response = Response::new(answered.clone());
            let metadata = response.metadata_mut();
            metadata.insert("tessera-engine", "e1".parse().unwrap());
            metadata.insert("x-internal", "secret".parse().unwrap());
            Act::Answer(response)
        }
    })
    .await;
    let gateway = gateway(&[engine.address], LONG).await;
    let mut request = Request::new(quote());
    let metadata = request.metadata_mut();
    metadata.insert("tessera-replay-time", "2010-12-01T08:26:00Z".parse().unwrap());
    metadata.insert("tessera-gateway-id", "forged".parse().unwrap());
    metadata.insert("traceparent", "00-1-2-03".parse().unwrap());
    metadata.insert("cookie", "private".parse().unwrap());
    request.set_timeout(Duration::from_secs(10));

    let response = send(&gateway, "Settle", request).await.unwrap();
    assert_eq!(response.metadata().get("tessera-engine").unwrap(), "e1");
    assert!(!response.metadata().contains_key("x-internal"));
    assert_eq!(response.into_inner(), answered);

    let seen = &engine.seen()[0];
    assert_eq!(seen.method, "Settle");
    assert_eq!(seen.body, quote());
    let metadata = &seen.metadata;
    assert_eq!(metadata.get("tessera-replay-time").unwrap(), "2010-12-01T08:26:00Z");
    assert_eq!(metadata.get("traceparent").unwrap(), "00-1-2-03");
    let ids: Vec<_> = metadata.get_all("tessera-gateway-id").iter().collect();
    assert_eq!(ids, ["g1"]);
    assert!(!metadata.contains_key("cookie"));
    // What is left of ten seconds, less the reserve of 150 ms.
    let told = metadata.get("grpc-timeout").unwrap().to_str().unwrap();
    let (number, unit) = told.split_at(told.len() - 1);
    assert_eq!(unit, "u", "{told}");
    assert!(number.parse::<u64>().unwrap() <= 9_850_000, "{told}");
}

#[tokio::test]
async fn p1_a_quote_is_answered_whatever_the_engine_does() {
    let hangs = start(|_, _| Act::Hang).await;
    let unavailable = start(|_, _| Act::Fail(refusal(Code::Unavailable, "SHUTTING_DOWN"))).await;
    let faulty = start(|_, _| Act::Fail(Status::internal("a fault"))).await;
    let breaks = start(|_, _| Act::Cut).await;
    let table = [
        (hangs.address, SHORT, BasisReason::Deadline),
        (unavailable.address, LONG, BasisReason::EngineError),
        (faulty.address, LONG, BasisReason::EngineError),
        (breaks.address, LONG, BasisReason::LinkDown),
        (nobody().await, LONG, BasisReason::LinkDown),
    ];
    for (engine, budget, reason) in table {
        let gateway = gateway(&[engine], budget).await;
        let answer = send(&gateway, "Quote", Request::new(quote())).await;
        assert_eq!(unchanged(answer.unwrap()), reason);
    }
}

#[tokio::test]
async fn p1_the_tills_own_shorter_budget_counts() {
    let engine = start(|_, _| Act::Hang).await;
    let gateway = gateway(&[engine.address], LONG).await;
    let mut request = Request::new(quote());
    request.set_timeout(Duration::from_secs(1));
    let answer = send(&gateway, "Quote", request).await.unwrap();
    assert_eq!(unchanged(answer), BasisReason::Deadline);
}

#[tokio::test]
async fn h13_a_write_that_no_engine_answers_is_unknown_and_never_accepted() {
    let hangs = start(|_, _| Act::Hang).await;
    let table = [(hangs.address, SHORT, Code::DeadlineExceeded), (nobody().await, LONG, Code::Unavailable)];
    for (engine, budget, code) in table {
        let gateway = gateway(&[engine], budget).await;
        for method in ["Settle", "Void", "Return", "Enrol"] {
            let status = send(&gateway, method, Request::new(quote())).await.unwrap_err();
            assert_eq!(status.code(), code, "{method}");
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.reason, "OUTCOME_UNKNOWN", "{method}");
            let retry = status.get_details_retry_info().unwrap();
            assert!(retry.retry_delay.is_some());
        }
        let status = send(&gateway, "GetReceipt", Request::new(Bytes::new())).await;
        assert_eq!(status.unwrap_err().code(), code);
    }
}

async fn attempts(engine: &FakeEngine, method: &str) -> (usize, Result<Response<Bytes>, Status>) {
    let gateway = gateway(&[engine.address], LONG).await;
    let end = send(&gateway, method, Request::new(quote())).await;
    let seen = engine.seen();
    assert!(seen.iter().all(|call| call.body == quote()));
    (seen.len(), end)
}

#[tokio::test]
async fn h1_a_write_whose_answer_was_lost_is_repeated_once_with_the_same_bytes() {
    let failures: [fn() -> Act; 3] = [
        || Act::Cut,
        || Act::Fail(refusal(Code::Unavailable, "STORAGE_STOPPED")),
        || Act::Fail(refusal(Code::Aborted, "IN_PROGRESS")),
    ];
    for failure in failures {
        let engine = start(move |number, _| match number {
            0 => failure(),
            _ => answer(SettleResponse::default()),
        })
        .await;
        let (count, end) = attempts(&engine, "Settle").await;
        assert_eq!(count, 2);
        assert!(end.is_ok(), "{end:?}");

        let engine = start(move |_, _| failure()).await;
        let (count, end) = attempts(&engine, "Settle").await;
        assert_eq!(count, 2, "once, not more");
        assert!(end.is_err());
    }
}

#[tokio::test]
async fn p11_an_engines_error_crosses_with_its_details_and_is_never_repeated() {
    let table = [
        (Code::InvalidArgument, "INVALID_RECEIPT"),
        (Code::AlreadyExists, "CONFLICT"),
        (Code::FailedPrecondition, "TOO_OLD"),
        (Code::NotFound, "UNKNOWN_ORIGINAL"),
        (Code::ResourceExhausted, "LIMIT_EXCEEDED"),
        (Code::PermissionDenied, "FOREIGN_STORE"),
    ];
    for (code, reason) in table {
        for method in ["Quote", "Settle", "GetReceipt"] {
            let engine = start(move |_, _| Act::Fail(refusal(code, reason))).await;
            let (count, end) = attempts(&engine, method).await;
            let status = end.unwrap_err();
            assert_eq!(count, 1, "{method} {reason}");
            assert_eq!(status.code(), code, "{method} {reason}");
            assert_eq!(status.message(), "no");
            assert_eq!(status.details(), refusal(code, reason).details());
        }
    }
}

#[tokio::test]
async fn a_quote_goes_to_the_other_engine_when_the_first_is_not_there() {
    let engine = start(|_, _| answer(QuoteResponse { basis: AnswerBasis::Engine.into(), ..QuoteResponse::default() })).await;
    let gateway = gateway(&[nobody().await, engine.address], LONG).await;
    let response = send(&gateway, "Quote", Request::new(quote())).await.unwrap();
    let response = QuoteResponse::decode(response.into_inner()).unwrap();
    assert_eq!(response.basis(), AnswerBasis::Engine);
}

#[tokio::test]
async fn p11_a_message_over_the_limit_is_refused_with_a_reason_and_goes_no_further() {
    let engine = start(|_, _| answer(SettleResponse::default())).await;
    let gateway = gateway(&[engine.address], LONG).await;
    for bytes in [MESSAGE_BYTES_MAX + 1, 16 * MESSAGE_BYTES_MAX] {
        let large = Bytes::from(vec![0; bytes]);
        let status = send(&gateway, "Settle", Request::new(large)).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{bytes}");
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.reason, "LIMIT_EXCEEDED");
    }
    assert!(engine.seen().is_empty());
}

#[tokio::test]
async fn h13_an_answer_too_long_to_be_read_leaves_a_write_unknown_and_never_refused() {
    let engine = start(|_, _| Act::Answer(Response::new(vec![0; MESSAGE_BYTES_MAX + 1].into()))).await;
    let (sent, end) = attempts(&engine, "Settle").await;
    let status = end.unwrap_err();
    assert_eq!((sent, status.code()), (1, Code::DeadlineExceeded), "a repeat would be no shorter");
    assert_eq!(status.get_details_error_info().unwrap().reason, "OUTCOME_UNKNOWN");
    let (_, end) = attempts(&engine, "Quote").await;
    assert_eq!(unchanged(end.unwrap()), BasisReason::EngineError, "the link is well");
}

#[tokio::test]
async fn p11_bytes_that_are_no_quote_are_an_error_even_without_an_engine() {
    let gateway = gateway(&[nobody().await], LONG).await;
    let garbage = Bytes::from_static(b"\xff\xff\xff");
    let status = send(&gateway, "Quote", Request::new(garbage)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "receipt");
}

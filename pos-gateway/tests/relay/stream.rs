//! Calls on a stream.

use bytes::Bytes;
use prost::Message as _;
use tessera_gateway::{GatewayConfig, MESSAGE_BYTES_MAX, Unread};
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::{
    AnswerBasis, BasisReason, ConverseRequest, ConverseResponse, GetReceiptRequest, GetReceiptResponse, IdentifyRequest,
    QuoteRequest, Receipt, SettleRequest,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::engine::{Act, LONG, Running, Seen, channel, gateway, gateway_with, nobody, refusal, start};

struct Till {
    requests: mpsc::Sender<ConverseRequest>,
    answers: Streaming<ConverseResponse>,
}

impl Till {
    async fn open(gateway: &Running) -> Self {
        let (requests, stream) = mpsc::channel(16);
        let mut client = BillingServiceClient::new(channel(gateway.address));
        let answers = client.converse(ReceiverStream::new(stream)).await.unwrap();
        Self { requests, answers: answers.into_inner() }
    }

    async fn send(&self, correlation_id: u64, budget_ms: u32, call: Option<Call>) {
        let request = ConverseRequest { correlation_id, budget_ms, call };
        self.requests.send(request).await.unwrap();
    }

    async fn next(&mut self) -> (u64, Reply) {
        let answer = tokio::time::timeout(LONG, self.answers.message()).await.expect("an answer").unwrap().unwrap();
        (answer.correlation_id, answer.result.unwrap())
    }
}

/// Reads are answered with their own bytes' length, everything else hangs.
fn reads_only(seen: &Seen) -> Act {
    if seen.method != "GetReceipt" {
        return Act::Hang;
    }
    let response = GetReceiptResponse { receipt_id: format!("{} bytes", seen.body.len()), ..GetReceiptResponse::default() };
    Act::Answer(Response::new(response.encode_to_vec().into()))
}

fn read() -> Option<Call> {
    Some(Call::GetReceipt(GetReceiptRequest { contract_minor: 7, ..GetReceiptRequest::default() }))
}

fn error_of(reply: Reply) -> (Code, String) {
    let Reply::Error(error) = reply else {
        panic!("{reply:?}");
    };
    let field = error.field_violations.into_iter().next();
    let field = field.map_or_else(String::new, |fault| fault.field);
    (Code::from(error.code), field)
}

#[tokio::test]
async fn a_slow_call_never_blocks_a_fast_one_and_answers_name_their_call() {
    let engine = start(|_, seen| reads_only(seen)).await;
    let gateway = gateway(&[engine.address], LONG).await;
    let mut till = Till::open(&gateway).await;
    till.send(1, 0, Some(Call::Identify(IdentifyRequest::default()))).await;
    for correlation_id in 2..50 {
        till.send(correlation_id, 0, read()).await;
    }
    let mut answered: Vec<u64> = Vec::new();
    for _ in 2..50 {
        let (correlation_id, reply) = till.next().await;
        assert!(matches!(reply, Reply::GetReceipt(ref read) if read.receipt_id == "2 bytes"));
        answered.push(correlation_id);
    }
    answered.sort_unstable();
    assert_eq!(answered, (2..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn p1_each_message_has_its_own_deadline_and_last_answer() {
    let engine = start(|_, _| Act::Hang).await;
    let gateway = gateway(&[engine.address], LONG).await;
    let mut till = Till::open(&gateway).await;
    let quote = QuoteRequest { receipt: Some(Receipt::default()), ..QuoteRequest::default() };
    till.send(1, 60_000, Some(Call::Settle(SettleRequest::default()))).await;
    till.send(2, 200, Some(Call::Quote(quote))).await;
    till.send(3, 200, Some(Call::Settle(SettleRequest::default()))).await;
    let mut ends = [till.next().await, till.next().await];
    ends.sort_by_key(|(correlation_id, _)| *correlation_id);
    let [(2, Reply::Quote(answer)), (3, unknown)] = ends else {
        panic!("{ends:?}");
    };
    assert_eq!(answer.basis(), AnswerBasis::Unchanged);
    assert_eq!(answer.basis_reason(), BasisReason::Deadline);
    let Reply::Error(unknown) = unknown else {
        panic!("{unknown:?}");
    };
    assert_eq!(unknown.reason, "OUTCOME_UNKNOWN");
    assert!(unknown.retry_after.is_some());
}

#[tokio::test]
async fn a_failed_call_and_a_faulty_envelope_leave_the_stream_alone() {
    let engine = start(|_, seen| match seen.method.as_str() {
        "Settle" => Act::Fail(refusal(Code::InvalidArgument, "INVALID_RECEIPT")),
        _ => reads_only(seen),
    })
    .await;
    let gateway = gateway(&[engine.address], LONG).await;
    let mut till = Till::open(&gateway).await;
    let settle = || Some(Call::Settle(SettleRequest::default()));
    let hanging = || Some(Call::Identify(IdentifyRequest::default()));
    till.send(9, 0, hanging()).await;
    let table = [
        (1, 0, settle(), "receipt.lines[0].sku"),
        (0, 0, read(), "correlation_id"),
        (9, 0, read(), "correlation_id"),
        (2, 60_001, read(), "budget_ms"),
        (3, 0, None, "call"),
    ];
    for (correlation_id, budget_ms, call, field) in table {
        till.send(correlation_id, budget_ms, call).await;
        let (answered, reply) = till.next().await;
        assert_eq!(answered, correlation_id);
        let expected = (Code::InvalidArgument, field.to_owned());
        assert_eq!(error_of(reply), expected);
    }
    till.send(4, 0, read()).await;
    assert!(matches!(till.next().await, (4, Reply::GetReceipt(_))));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_ends_the_stream() {
    let gateway = gateway(&[nobody().await], LONG).await;
    let table = [
        (Bytes::from_static(b"\xff\xff\xff"), Code::InvalidArgument, "INVALID_RECEIPT"),
        (vec![0; MESSAGE_BYTES_MAX + 1].into(), Code::ResourceExhausted, "LIMIT_EXCEEDED"),
    ];
    for (garbage, code, reason) in table {
        let mut grpc = tonic::client::Grpc::new(channel(gateway.address));
        grpc.ready().await.unwrap();
        let path = "/tessera.billing.v1.BillingService/Converse".parse().unwrap();
        let stream = grpc.streaming(Request::new(tokio_stream::once(garbage)), path, Unread).await;
        let end: Result<_, Status> = stream.unwrap().into_inner().message().await;
        let status = end.unwrap_err();
        assert_eq!(status.code(), code);
        assert_eq!(status.get_details_error_info().unwrap().reason, reason);
    }
}

#[tokio::test]
async fn the_stream_ends_after_the_last_answer_when_the_till_half_closes() {
    let engine = start(|_, seen| reads_only(seen)).await;
    let gateway = gateway(&[engine.address], LONG).await;
    let mut till = Till::open(&gateway).await;
    till.send(1, 0, read()).await;
    let (idle, _) = mpsc::channel(1);
    drop(std::mem::replace(&mut till.requests, idle));
    assert!(matches!(till.next().await, (1, Reply::GetReceipt(_))));
    assert!(till.answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn h53_a_shutdown_says_closing_answers_what_is_open_and_ends() {
    let engine = start(|_, seen| reads_only(seen)).await;
    let mut gateway = gateway(&[engine.address], LONG).await;
    let mut till = Till::open(&gateway).await;
    till.send(1, 0, read()).await;
    assert!(matches!(till.next().await, (1, Reply::GetReceipt(_))));
    gateway.stop.take().unwrap().send(()).unwrap();
    let (0, Reply::Closing(closing)) = till.next().await else {
        panic!("not closing");
    };
    assert!(closing.within.is_some());
    till.send(2, 0, read()).await; // It was on its way.
    assert!(matches!(till.next().await, (2, Reply::GetReceipt(_))));
    drop(till);
    gateway.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn h53_a_call_that_never_ends_does_not_hold_up_a_shutdown() {
    let engine = start(|_, _| Act::Hang).await;
    let uri = format!("http://{}", engine.address).parse().unwrap();
    let mut gateway = gateway_with(GatewayConfig {
        budget: LONG,
        shutdown_max: std::time::Duration::from_millis(100),
        ..GatewayConfig::new("g1", vec![uri])
    })
    .await;
    let till = Till::open(&gateway).await;
    till.send(1, 60_000, Some(Call::Identify(IdentifyRequest::default()))).await;
    while engine.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    gateway.stop.take().unwrap().send(()).unwrap();
    gateway.served.await.unwrap().unwrap();
    drop(till);
}

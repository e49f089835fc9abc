//! Quotes that the rule pack decides, from an engine that sends one and then does not answer.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use tempfile::TempDir;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::pack::{PackContent, PackHead, stores_hash};
use tessera_contract::signing::PrivateKey;
use tessera_gateway::{GatewayConfig, PackConfig};
use tessera_proto::billing::v1::{AnswerBasis, BasisReason, QuoteRequest, QuoteResponse, SettleRequest};
use tessera_proto::gateway::v1::gateway_service_server::{GatewayService, GatewayServiceServer};
use tessera_proto::gateway::v1::operator_service_client::OperatorServiceClient;
use tessera_proto::gateway::v1::{self as wire, CloseTillDayRequest, CloseTillDayResponse, GetStatusRequest, PackStatus};
use tessera_proto::gateway::v1::{FollowPackRequest, FollowPackResponse};
use tessera_rules::revision::Source;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};

use crate::engine::{Act, FakeEngine, LONG, Running, SHORT, Seen, channel, gateway_with, nobody, refusal, send, start_with};
use crate::spooled::settle;

const PROGRAM: &str = "program: p\nlanguage: 1\nname: P\ncurrency: EUR\ncampaigns: [{id: ten, name: Ten, percent_off: 10}]\n";
/// Bytes of a chunk, so that the pack has some.
const CHUNK_BYTES: usize = 50;

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[3; 32])
}

/// Sends one pack to each gateway, in chunks.
struct Packs;

#[tonic::async_trait]
impl GatewayService for Packs {
    type FollowPackStream = Pin<Box<dyn Stream<Item = Result<FollowPackResponse, Status>> + Send>>;

    async fn follow_pack(&self, request: Request<FollowPackRequest>) -> Result<Response<Self::FollowPackStream>, Status> {
        let request = request.into_inner();
        let content = PackContent { sources: vec![Source { name: "p".into(), text: PROGRAM.into() }], products: vec![] }.encode();
        let now = Timestamp::now();
        let valid_until = now + SignedDuration::from_hours(1);
        let pack = PackContent::hash_of(&content);
        let head = PackHead { pack, revision: 7, catalogue: 2, stores: stores_hash(&[]), stated_at: now, valid_until };
        let signed = head.signed(&key());
        let head = wire::PackHead {
            pack_hash: pack.0.to_vec(),
            revision: 7,
            catalogue: 2,
            stores_hash: signed.head.stores.to_vec(),
            stated_at: Some(timestamp_to_wire(now)),
            valid_until: Some(timestamp_to_wire(valid_until)),
        };
        let chunks: Vec<Bytes> = if request.pack_hash == pack.0 {
            Vec::new()
        } else {
            content.chunks(CHUNK_BYTES).map(Bytes::copy_from_slice).collect()
        };
        let count = u32::try_from(chunks.len()).unwrap();
        let (responses, stream) = tokio::sync::mpsc::channel(100);
        for index in 0..count.max(1) {
            let chunk = chunks.get(usize::try_from(index).unwrap()).cloned().unwrap_or_default();
            let signature = signed.signature.to_vec();
            let response =
                FollowPackResponse { head: Some(head.clone()), signature, chunk_index: index, chunk_count: count, chunk };
            responses.send(Ok(response)).await.unwrap();
        }
        tokio::spawn(async move {
            responses.closed().await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn close_till_day(&self, _: Request<CloseTillDayRequest>) -> Result<Response<CloseTillDayResponse>, Status> {
        Err(Status::unimplemented("no"))
    }
}

async fn engine(script: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> FakeEngine {
    start_with(script, |engine| Routes::new(engine).add_service(GatewayServiceServer::new(Packs))).await
}

async fn with_pack(engine: std::net::SocketAddr, folder: &TempDir, change: impl FnOnce(&mut PackConfig)) -> Running {
    let mut pack = PackConfig {
        folder: folder.path().to_owned(),
        key: key().public(),
        stores: Vec::new(),
        age_max: Duration::from_secs(3_600),
    };
    change(&mut pack);
    let uri = format!("http://{engine}").parse().unwrap();
    gateway_with(GatewayConfig { budget: SHORT, pack: Some(pack), ..GatewayConfig::new("g1", vec![uri]) }).await
}

async fn status(gateway: &Running) -> PackStatus {
    let mut client = OperatorServiceClient::new(channel(gateway.address));
    client.get_status(GetStatusRequest {}).await.unwrap().into_inner().pack.unwrap()
}

async fn until(gateway: &Running, is_so: impl Fn(&PackStatus) -> bool) -> PackStatus {
    let waiting = async {
        loop {
            let status = status(gateway).await;
            if is_so(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("it comes to be so")
}

/// A pack decides before it is on disk; whoever is started next on that folder needs it there, its head last of all.
async fn until_on_disk(folder: &TempDir) {
    let waiting = async {
        while !folder.path().join("head").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("the pack comes to be on disk");
}

fn quote(receipt: &str) -> Bytes {
    let mut receipt = SettleRequest::decode(settle(receipt, "4711001")).unwrap().receipt.unwrap();
    let now = Timestamp::now();
    receipt.sold_at = Some(timestamp_to_wire(now));
    receipt.business_date = now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    QuoteRequest { receipt: Some(receipt), quote_no: 1, ..QuoteRequest::default() }.encode_to_vec().into()
}

async fn quoted(gateway: &Running, body: Bytes) -> QuoteResponse {
    QuoteResponse::decode(send(gateway, "Quote", Request::new(body)).await.unwrap().into_inner()).unwrap()
}

fn due(answer: &QuoteResponse) -> (i64, i64) {
    let answer = answer.answer.as_ref().unwrap();
    let sum = |totals: &Option<tessera_proto::billing::v1::Totals>| totals.as_ref().unwrap().amount_minor;
    (sum(&answer.totals_before), sum(&answer.totals_after))
}

#[tokio::test]
async fn p1_a_quote_that_no_engine_answers_is_decided_by_the_pack_and_says_so_and_why() {
    let acts: [(_, fn() -> Act, _); 3] = [
        ("hangs", || Act::Hang, BasisReason::Deadline),
        ("is cut", || Act::Cut, BasisReason::LinkDown),
        ("fails", || Act::Fail(refusal(Code::Internal, "INTERNAL")), BasisReason::EngineError),
    ];
    for (what, act, reason) in acts {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(move |_, _| act()).await;
        let gateway = with_pack(engine.address, &folder, |_| {}).await;
        let held = until(&gateway, |pack| pack.unusable_reason.is_empty()).await;
        assert_eq!((held.revision, held.catalogue, held.campaign_count, held.product_count), (7, 2, 1, 0));
        let answer = quoted(&gateway, quote("R1")).await;
        assert_eq!((answer.basis(), answer.basis_reason()), (AnswerBasis::Pack, reason), "{what}");
        let (before, after) = due(&answer);
        assert_eq!(after, before - before / 10, "{what}: a tenth off {before}");
        assert!(!answer.quote_token.is_empty());
    }
}

#[tokio::test]
async fn a_pack_decides_after_a_restart_without_an_engine_until_it_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(|_, _| Act::Hang).await;
    let first = with_pack(engine.address, &folder, |_| {}).await;
    until_on_disk(&folder).await;
    drop(first);

    let alone = with_pack(nobody().await, &folder, |_| {}).await;
    let held = until(&alone, |pack| pack.unusable_reason.is_empty()).await;
    assert_eq!(held.revision, 7);
    assert_eq!(quoted(&alone, quote("R1")).await.basis(), AnswerBasis::Pack);

    let strict = with_pack(nobody().await, &folder, |pack| pack.age_max = Duration::ZERO).await;
    let held = until(&strict, |pack| pack.revision == 7).await;
    assert!(held.unusable_reason.contains("pack_hours"), "{}", held.unusable_reason);
    assert_eq!(quoted(&strict, quote("R1")).await.basis(), AnswerBasis::Unchanged);
}

#[tokio::test]
async fn h72_a_pack_that_another_key_signed_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(|_, _| Act::Hang).await;
    let gateway = with_pack(engine.address, &folder, |pack| pack.key = PrivateKey::from_seed(&[9; 32]).public()).await;
    let answer = quoted(&gateway, quote("R1")).await;
    assert_eq!((answer.basis(), answer.basis_reason()), (AnswerBasis::Unchanged, BasisReason::Deadline));
    assert!(!status(&gateway).await.unusable_reason.is_empty());
}

#[tokio::test]
async fn what_an_engine_says_of_the_receipt_is_passed_on_and_a_request_at_fault_is_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = engine(|_, _| Act::Fail(refusal(Code::InvalidArgument, "INVALID_RECEIPT"))).await;
    let gateway = with_pack(refusing.address, &folder, |_| {}).await;
    until(&gateway, |pack| pack.unusable_reason.is_empty()).await;
    let refused = send(&gateway, "Quote", Request::new(quote("R1"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);

    until_on_disk(&folder).await;
    let alone = with_pack(nobody().await, &folder, |_| {}).await;
    until(&alone, |pack| pack.unusable_reason.is_empty()).await;
    let mut request = QuoteRequest::decode(quote("R1")).unwrap();
    request.quote_no = 0;
    let answer = quoted(&alone, request.encode_to_vec().into()).await;
    assert_eq!(answer.basis(), AnswerBasis::Unchanged);
}

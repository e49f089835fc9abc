//! Advices that no engine answers: accepted, found again, delivered in their order, parked and tried again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tempfile::TempDir;
use tessera_gateway::{GatewayConfig, MESSAGE_BYTES_MAX, SpoolConfig, export, import};
use tessera_proto::Timestamp;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{
    AnswerPromptsRequest, AnswerPromptsResponse, ClaimRequest, ClaimResponse, ClaimStatus, CustomerIdentity, DeliveryRoute,
    GetReceiptRequest, GetReceiptResponse, Line, PromptAnswer, Receipt, ReceiptState, ReturnMode, ReturnRequest, ReturnResponse,
    ReturnStatus, ReturnedLine, SettleRequest, SettleResponse, SettleStatus, VoidRequest, VoidResponse, VoidStatus,
    get_receipt_request,
};
use tessera_proto::gateway::v1::operator_service_client::OperatorServiceClient;
use tessera_proto::gateway::v1::{GetStatusRequest, GetStatusResponse, LinkState, ListParkedRequest, RetryParkedRequest};
use tokio::sync::watch;
use tonic::{Code, Request, Response};
use tonic_types::StatusExt as _;

use crate::engine::{Act, FakeEngine, LONG, Running, SHORT, Seen, answer, channel, gateway_with, nobody, refusal, send, start};

const SOLD: Timestamp = Timestamp { seconds: 1_800_000_000, nanos: 0 };

fn customer(card: &str) -> Option<CustomerIdentity> {
    Some(CustomerIdentity { identity: Some(Identity::CardNumber(card.to_owned())), entry_method: 0 })
}

pub(crate) fn settle(id: &str, card: &str) -> Bytes {
    let line = Line {
        line_id: "1".to_owned(),
        sku: "MILK".to_owned(),
        quantity_milli: 1_000,
        unit_price_micros: 1_000_000,
        amount_minor: 100,
        ..Line::default()
    };
    let receipt = Receipt {
        receipt_id: id.to_owned(),
        sold_at: Some(SOLD),
        business_date: "2027-01-15".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        currency_code: "EUR".to_owned(),
        customer: customer(card),
        lines: vec![line],
        ..Receipt::default()
    };
    SettleRequest { receipt: Some(receipt), ..SettleRequest::default() }.encode_to_vec().into()
}

/// A gateway with a spool in this folder.
async fn spooling(folder: &TempDir, engine: std::net::SocketAddr, budget: Duration) -> Running {
    let uris = vec![format!("http://{engine}").parse().unwrap()];
    let spool = Some(SpoolConfig::new(folder.path().join("spool")));
    gateway_with(GatewayConfig { spool, budget, ..GatewayConfig::new("g1", uris) }).await
}

async fn stop(mut gateway: Running) {
    gateway.stop.take().unwrap().send(()).unwrap();
    gateway.served.await.unwrap().unwrap();
}

fn operator(gateway: &Running) -> OperatorServiceClient<tonic::transport::Channel> {
    OperatorServiceClient::new(channel(gateway.address))
}

/// Asks how the gateway stands until it stands so.
async fn until(gateway: &Running, stands: impl Fn(&GetStatusResponse) -> bool) -> GetStatusResponse {
    loop {
        let status = operator(gateway).get_status(GetStatusRequest {}).await.unwrap().into_inner();
        if stands(&status) {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

fn waiting(status: &GetStatusResponse) -> u64 {
    status.spool.as_ref().unwrap().waiting_count
}

async fn settled(gateway: &Running, id: &str, card: &str) -> SettleStatus {
    let response = send(gateway, "Settle", Request::new(settle(id, card))).await.unwrap();
    SettleResponse::decode(response.into_inner()).unwrap().status()
}

fn committed() -> Act {
    answer(SettleResponse { status: SettleStatus::Committed.into(), ..SettleResponse::default() })
}

fn id_of(seen: &Seen) -> String {
    SettleRequest::decode(seen.body.clone()).unwrap().receipt.unwrap().receipt_id
}

fn ids(engine: &FakeEngine) -> Vec<String> {
    engine.seen().iter().map(id_of).collect()
}

type IsAccepted = fn(Bytes) -> bool;

/// One of each advice, and what says that its answer is accepted.
fn advices() -> Vec<(&'static str, Bytes, IsAccepted)> {
    let returned = ReturnedLine {
        line_id: "1".to_owned(),
        sku: "MILK".to_owned(),
        quantity_milli: 1_000,
        unit_price_micros: 1_000_000,
        amount_minor: 100,
        ..ReturnedLine::default()
    };
    let goods_back = ReturnRequest {
        receipt_id: "B1".to_owned(),
        mode: ReturnMode::Done.into(),
        returned_at: Some(SOLD),
        business_date: "2027-01-15".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        currency_code: "EUR".to_owned(),
        lines: vec![returned],
        ..ReturnRequest::default()
    };
    let void = VoidRequest {
        receipt_id: "V1".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        ..VoidRequest::default()
    };
    let claim = ClaimRequest {
        request_id: "C1".to_owned(),
        receipt_id: "R9".to_owned(),
        claim_code: "ABCDEFGHJK".to_owned(),
        customer: customer("4713"),
        claimed_at: Some(SOLD),
        ..ClaimRequest::default()
    };
    let told = PromptAnswer { fact_id: "children".to_owned(), value: "two".to_owned(), ..PromptAnswer::default() };
    let answers = AnswerPromptsRequest {
        request_id: "A1".to_owned(),
        customer: customer("4714"),
        answers: vec![told],
        store_id: "S1".to_owned(),
        answered_at: Some(SOLD),
        ..AnswerPromptsRequest::default()
    };
    vec![
        ("Settle", settle("R1", "4711"), |bytes| SettleResponse::decode(bytes).unwrap().status() == SettleStatus::Accepted),
        ("Void", void.encode_to_vec().into(), |bytes| VoidResponse::decode(bytes).unwrap().status() == VoidStatus::Accepted),
        ("Return", goods_back.encode_to_vec().into(), |bytes| {
            ReturnResponse::decode(bytes).unwrap().status() == ReturnStatus::Accepted
        }),
        ("Claim", claim.encode_to_vec().into(), |bytes| ClaimResponse::decode(bytes).unwrap().status() == ClaimStatus::Accepted),
        ("AnswerPrompts", answers.encode_to_vec().into(), |bytes| {
            AnswerPromptsResponse::decode(bytes).unwrap().accepted.unwrap().gateway_id == "g1"
        }),
    ]
}

#[tokio::test]
async fn h56_every_advice_without_an_engine_is_accepted_and_delivered_by_the_next_gateway_on_the_same_disk() {
    let folder = tempfile::tempdir().unwrap();
    let alone = spooling(&folder, nobody().await, LONG).await;
    for (method, request, is_accepted) in advices() {
        let response = send(&alone, method, Request::new(request)).await.unwrap();
        assert!(is_accepted(response.into_inner()), "{method}");
    }
    stop(alone).await;

    let engine = start(|_, _| Act::Answer(tonic::Response::new(Bytes::new()))).await;
    let again = spooling(&folder, engine.address, LONG).await;
    until(&again, |status| waiting(status) == 0).await;
    let mut seen = engine.seen();
    seen.sort_by_key(|call| call.method.clone());
    let mut sent = advices();
    sent.sort_by_key(|(method, ..)| *method);
    assert_eq!(seen.len(), sent.len());
    for (call, (method, request, _)) in seen.iter().zip(sent) {
        assert_eq!(call.method, method);
        assert!(call.body.starts_with(&request), "the till's bytes, and the route behind them");
        assert_eq!(call.metadata.get("tessera-gateway-id").unwrap(), "g1");
    }
    let delivery = seen.iter().find(|call| call.method == "Settle").unwrap();
    let delivery = SettleRequest::decode(delivery.body.clone()).unwrap().delivery.unwrap();
    assert_eq!((delivery.route(), delivery.gateway_id.as_str()), (DeliveryRoute::Spool, "g1"));
    assert!(delivery.spooled_at.is_some());
}

#[tokio::test]
async fn a_preview_and_a_call_that_cannot_wait_are_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = spooling(&folder, nobody().await, LONG).await;
    let preview = ReturnRequest { mode: ReturnMode::Preview.into(), ..ReturnRequest::default() };
    for (method, request) in [("Return", preview.encode_to_vec().into()), ("Enrol", Bytes::new()), ("HandOver", Bytes::new())] {
        let status = send(&gateway, method, Request::new(request)).await.unwrap_err();
        assert_eq!(status.get_details_error_info().unwrap().reason, "OUTCOME_UNKNOWN", "{method}");
    }
    let faulty = SettleRequest::default().encode_to_vec();
    let status = send(&gateway, "Settle", Request::new(faulty.into())).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "receipt");
}

#[tokio::test]
async fn p1_an_engine_that_hangs_or_fails_leaves_time_for_the_disk() {
    let hangs = start(|_, _| Act::Hang).await;
    let stopped = start(|_, _| Act::Fail(refusal(Code::Unavailable, "STORAGE_STOPPED"))).await;
    let crowded = start(|_, _| Act::Fail(refusal(Code::ResourceExhausted, "TOO_MANY_WAITING"))).await;
    let older = start(|_, _| Act::Fail(refusal(Code::FailedPrecondition, "UPGRADE_ENGINE"))).await;
    for (engine, budget) in [(hangs, SHORT), (stopped, LONG), (crowded, LONG), (older, LONG)] {
        let folder = tempfile::tempdir().unwrap();
        let gateway = spooling(&folder, engine.address, budget).await;
        assert_eq!(settled(&gateway, "R1", "4711").await, SettleStatus::Accepted);
    }
}

#[tokio::test]
async fn h58_a_request_of_a_later_contract_with_an_endless_id_is_refused_and_the_gateway_goes_on() {
    let older = start(|_, _| Act::Fail(refusal(Code::FailedPrecondition, "UPGRADE_ENGINE"))).await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = spooling(&folder, older.address, LONG).await;
    let mut endless = SettleRequest::decode(settle(&"x".repeat(500_000), "4711")).unwrap();
    endless.contract_minor = 99;
    let refused = send(&gateway, "Settle", Request::new(endless.encode_to_vec().into())).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(settled(&gateway, "R1", "4711").await, SettleStatus::Accepted);
}

#[tokio::test]
async fn h58_an_answer_too_long_to_be_read_is_no_broken_link_and_stops_nobody_else() {
    let away = Arc::new(AtomicBool::new(true));
    let engine = start({
        let away = Arc::clone(&away);
        move |_, call| match id_of(call).as_str() {
            _ if away.load(Ordering::SeqCst) => Act::Fail(refusal(Code::Unavailable, "SHUTTING_DOWN")),
            "R1" => Act::Answer(Response::new(vec![0; MESSAGE_BYTES_MAX + 1].into())),
            _ => committed(),
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = spooling(&folder, engine.address, LONG).await;
    for (id, card) in [("R1", "4711"), ("R2", "4712")] {
        assert_eq!(settled(&gateway, id, card).await, SettleStatus::Accepted);
    }
    away.store(false, Ordering::SeqCst);
    let status = until(&gateway, |status| waiting(status) == 1).await;
    assert_eq!(ids(&engine).last().unwrap(), "R2");
    assert!(status.engines[0].up, "{status:?}");
}

async fn state_of(gateway: &Running, id: &str) -> ReceiptState {
    let request = GetReceiptRequest {
        receipt: Some(get_receipt_request::Receipt::ReceiptId(id.to_owned())),
        ..GetReceiptRequest::default()
    };
    let response = send(gateway, "GetReceipt", Request::new(request.encode_to_vec().into())).await.unwrap();
    let response = GetReceiptResponse::decode(response.into_inner()).unwrap();
    assert_eq!(response.accepted.is_some(), response.state() == ReceiptState::Accepted);
    response.state()
}

#[tokio::test]
async fn h57_what_follows_a_waiting_advice_of_the_same_customer_waits_behind_it_and_nobody_else_does() {
    let open = Arc::new(AtomicBool::new(false));
    let engine = start({
        let open = Arc::clone(&open);
        move |_, call| match call.method.as_str() {
            "GetReceipt" => answer(GetReceiptResponse { state: ReceiptState::Unknown.into(), ..GetReceiptResponse::default() }),
            _ if id_of(call) == "R1" && !open.load(Ordering::SeqCst) => Act::Fail(refusal(Code::Aborted, "IN_PROGRESS")),
            _ => committed(),
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = spooling(&folder, engine.address, LONG).await;
    assert_eq!(settled(&gateway, "R1", "4711").await, SettleStatus::Accepted);
    assert_eq!(settled(&gateway, "R2", "4711").await, SettleStatus::Accepted);
    assert_eq!(settled(&gateway, "R3", "4712").await, SettleStatus::Committed);
    assert_eq!(settled(&gateway, "R1", "4711").await, SettleStatus::Accepted, "a repeat is told the same");
    assert_eq!(state_of(&gateway, "R2").await, ReceiptState::Accepted);
    assert_eq!(state_of(&gateway, "R4").await, ReceiptState::Unknown);
    let mut other = SettleRequest::decode(settle("R2", "4711")).unwrap();
    other.receipt.as_mut().unwrap().lines[0].sku = "BREAD".to_owned();
    let conflict = send(&gateway, "Settle", Request::new(other.encode_to_vec().into())).await.unwrap_err();
    assert_eq!(conflict.get_details_error_info().unwrap().reason, "CONFLICT");

    let status = until(&gateway, |_| true).await;
    assert_eq!((waiting(&status), status.link_state()), (2, LinkState::Draining));
    open.store(true, Ordering::SeqCst);
    let status = until(&gateway, |status| waiting(status) == 0).await;
    assert_eq!(status.link_state(), LinkState::Online);
    let settles: Vec<String> = engine.seen().iter().filter(|call| call.method == "Settle").map(id_of).collect();
    assert_eq!(settles[settles.len() - 2..], ["R1", "R2"]);
    assert!(!settles[..settles.len() - 2].contains(&"R2".to_owned()));
}

#[tokio::test]
async fn h58_a_poison_entry_is_parked_with_its_reason_listed_and_tried_again_and_stops_nobody() {
    let away = Arc::new(AtomicBool::new(true));
    let mended = Arc::new(AtomicBool::new(false));
    let engine = start({
        let (away, mended) = (Arc::clone(&away), Arc::clone(&mended));
        move |_, call| {
            if away.load(Ordering::SeqCst) {
                Act::Fail(refusal(Code::Unavailable, "SHUTTING_DOWN"))
            } else if id_of(call) == "poison" && !mended.load(Ordering::SeqCst) {
                Act::Fail(refusal(Code::InvalidArgument, "INVALID_RECEIPT"))
            } else {
                committed()
            }
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = spooling(&folder, engine.address, LONG).await;
    for id in ["R1", "poison", "R2"] {
        assert_eq!(settled(&gateway, id, "4711").await, SettleStatus::Accepted);
    }
    away.store(false, Ordering::SeqCst);
    until(&gateway, |status| waiting(status) == 0).await;
    assert_eq!(ids(&engine).last().unwrap(), "R2");

    let mut operator = operator(&gateway);
    let parked = operator.list_parked(ListParkedRequest::default()).await.unwrap().into_inner().entries;
    let told: Vec<_> = parked.iter().map(|entry| (entry.call.as_str(), entry.id.as_str())).collect();
    assert_eq!(told, [("settle", "poison")]);
    assert!(parked[0].reason.contains("INVALID_RECEIPT") && parked[0].reason.contains("receipt.lines[0].sku"), "{parked:?}");

    mended.store(true, Ordering::SeqCst);
    let retried = operator.retry_parked(RetryParkedRequest { entry_numbers: vec![parked[0].entry_number] }).await.unwrap();
    assert_eq!(retried.into_inner().retried_count, 1);
    let status = until(&gateway, |status| waiting(status) == 0).await;
    assert_eq!(status.spool.unwrap().parked_count, 0);
    assert_eq!(ids(&engine).last().unwrap(), "poison");
}

#[tokio::test]
async fn what_was_accepted_is_never_unknown_although_it_is_parked_or_delivered_while_the_engine_is_asked() {
    let away = Arc::new(AtomicBool::new(true));
    let (say, said) = watch::channel(false);
    let engine = start({
        let away = Arc::clone(&away);
        move |_, call| match call.method.as_str() {
            "GetReceipt" => {
                let unknown = GetReceiptResponse { state: ReceiptState::Unknown.into(), ..GetReceiptResponse::default() };
                Act::AnswerAfter(said.clone(), tonic::Response::new(unknown.encode_to_vec().into()))
            }
            _ if away.load(Ordering::SeqCst) => Act::Fail(refusal(Code::Unavailable, "SHUTTING_DOWN")),
            _ if id_of(call) == "parked" => Act::Fail(refusal(Code::InvalidArgument, "INVALID_RECEIPT")),
            _ => committed(),
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = spooling(&folder, engine.address, LONG).await;
    for (id, card) in [("parked", "4711"), ("delivered", "4712")] {
        assert_eq!(settled(&gateway, id, card).await, SettleStatus::Accepted);
    }
    let delivered_meanwhile = async {
        while !engine.seen().iter().any(|call| call.method == "GetReceipt") {
            tokio::task::yield_now().await;
        }
        away.store(false, Ordering::SeqCst);
        until(&gateway, |status| waiting(status) == 0).await;
        say.send(true).unwrap();
    };
    let (state, ()) = tokio::join!(state_of(&gateway, "delivered"), delivered_meanwhile);
    assert_eq!(state, ReceiptState::Accepted);
    assert_eq!(state_of(&gateway, "parked").await, ReceiptState::Accepted);
    assert_eq!(state_of(&gateway, "nobody's").await, ReceiptState::Unknown);
}

async fn exported(folder: &TempDir) -> std::path::PathBuf {
    let gateway = spooling(folder, nobody().await, LONG).await;
    for number in 1..=3 {
        settled(&gateway, &format!("R{number}"), "4711").await;
    }
    let file = folder.path().join("store.spool");
    // The gateway is running.
    assert_eq!(export(&folder.path().join("spool"), &file, None).unwrap().entries, 3);
    file
}

async fn delivered_from(file: &Path, engine: &FakeEngine) -> tessera_gateway::Imported {
    import(file, (&format!("http://{}", engine.address).parse().unwrap(), None), "g1").await.unwrap()
}

#[tokio::test]
async fn an_export_reaches_an_engine_by_another_way_in_its_order_and_tells_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = exported(&folder).await;
    let engine = start(|number, call| match (number, id_of(call).as_str()) {
        (0, _) => Act::Fail(refusal(Code::Aborted, "IN_PROGRESS")),
        (_, "R2") => Act::Fail(refusal(Code::AlreadyExists, "CONFLICT")),
        _ => committed(),
    })
    .await;
    let imported = delivered_from(&file, &engine).await;
    assert_eq!((imported.entries, imported.delivered, imported.damaged), (3, 2, false));
    assert_eq!(imported.refused[0].id, "R2");
    assert_eq!(ids(&engine), ["R1", "R1", "R2", "R3"]);
    let delivery = SettleRequest::decode(engine.seen()[1].body.clone()).unwrap().delivery.unwrap();
    assert_eq!((delivery.route(), delivery.gateway_id.as_str()), (DeliveryRoute::Export, "g1"));
    let again = delivered_from(&file, &engine).await;
    assert_eq!(again.delivered, 2, "a repeat is delivered as often as it likes");
}

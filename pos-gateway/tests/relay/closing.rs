//! The close of a till's day at the gateway: what the engine lacks is told with where it is (H60).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::stream::Stream;
use prost::Message as _;
use tempfile::TempDir;
use tessera_contract::till_day::{DayReceipts, TillDay, of_settle};
use tessera_gateway::{GatewayConfig, SpoolConfig};
use tessera_proto::billing::v1::{SettleRequest, SettleResponse, SettleStatus};
use tessera_proto::gateway::v1::gateway_service_client::GatewayServiceClient;
use tessera_proto::gateway::v1::gateway_service_server::{GatewayService, GatewayServiceServer};
use tessera_proto::gateway::v1::operator_service_client::OperatorServiceClient;
use tessera_proto::gateway::v1::{
    CloseTillDayRequest, CloseTillDayResponse, CloseTillDaysRequest, FollowPackRequest, FollowPackResponse, GetStatusRequest,
    TillDayDifference, TillDayDifferenceKind, TillDayStatus,
};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use crate::engine::{Act, FakeEngine, LONG, Seen, answer, channel, gateway_with, nobody, refusal, send, start_with};
use crate::spooled::settle;

/// Agrees where every receipt that is named has been committed by the engine beside it.
struct Days {
    engine: FakeEngine,
}

impl Days {
    fn has(&self, id: &str) -> bool {
        let seen = self.engine.seen();
        seen.iter().any(|seen| id_of(seen) == id && !matches!(id, "parked" | "waiting" | "only-the-till"))
    }
}

#[tonic::async_trait]
impl GatewayService for Days {
    type FollowPackStream = Pin<Box<dyn Stream<Item = Result<FollowPackResponse, Status>> + Send>>;

    async fn follow_pack(&self, _: Request<FollowPackRequest>) -> Result<Response<Self::FollowPackStream>, Status> {
        Err(Status::unimplemented("no"))
    }

    async fn close_till_day(&self, request: Request<CloseTillDayRequest>) -> Result<Response<CloseTillDayResponse>, Status> {
        let request = request.into_inner();
        assert_eq!(request.gateway_id, "g1");
        if request.till_id == "T0" {
            return Err(refusal(Code::PermissionDenied, "FOREIGN_STORE"));
        }
        let missing = request.receipts.iter().filter(|receipt| !self.has(&receipt.receipt_id));
        let differences: Vec<TillDayDifference> = missing
            .map(|receipt| TillDayDifference {
                receipt_id: receipt.receipt_id.clone(),
                kind: TillDayDifferenceKind::Missing.into(),
            })
            .collect();
        let difference_count = u32::try_from(differences.len()).unwrap();
        let status = if differences.is_empty() { TillDayStatus::Agreed } else { TillDayStatus::Differs };
        Ok(Response::new(CloseTillDayResponse {
            status: status.into(),
            differences,
            difference_count,
            ..CloseTillDayResponse::default()
        }))
    }
}

fn id_of(seen: &Seen) -> String {
    SettleRequest::decode(seen.body.clone()).unwrap().receipt.unwrap().receipt_id
}

fn committed() -> Act {
    answer(SettleResponse { status: SettleStatus::Committed.into(), ..SettleResponse::default() })
}

fn day_of(ids: &[&str]) -> (TillDay, DayReceipts) {
    let mut receipts = DayReceipts::default();
    for id in ids {
        let (_, id, receipt) = of_settle(&SettleRequest::decode(settle(id, "4711")).unwrap()).unwrap();
        receipts.insert(id, receipt);
    }
    (TillDay::parse("S1", "T1", "2027-01-15").unwrap(), receipts)
}

#[tokio::test]
async fn h60_what_the_engine_lacks_is_told_as_waiting_parked_or_missing_and_the_till_is_answered_by_name() {
    let folder = TempDir::new().unwrap();
    let away = Arc::new(AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    let script = move |_: usize, seen: &Seen| match (is_away.load(Ordering::Relaxed), id_of(seen).as_str()) {
        (true, _) | (false, "waiting") => Act::Fail(refusal(Code::Unavailable, "SHUTTING_DOWN")),
        (false, "parked") => Act::Fail(refusal(Code::InvalidArgument, "INVALID_ARGUMENT")),
        (false, _) => committed(),
    };
    let days = |engine: FakeEngine| Routes::new(engine.clone()).add_service(GatewayServiceServer::new(Days { engine }));
    let engine = start_with(script, days).await;
    let uris = vec![format!("http://{}", engine.address).parse().unwrap()];
    let spool = Some(SpoolConfig::new(folder.path().join("spool")));
    let gateway = gateway_with(GatewayConfig { spool, budget: LONG, ..GatewayConfig::new("g1", uris) }).await;
    for id in ["parked", "waiting"] {
        let answered = send(&gateway, "Settle", Request::new(settle(id, &format!("47{:04}", id.len())))).await.unwrap();
        assert_eq!(SettleResponse::decode(answered.into_inner()).unwrap().status(), SettleStatus::Accepted);
    }
    away.store(false, Ordering::Relaxed);
    let mut operator = OperatorServiceClient::new(channel(gateway.address));
    loop {
        let status = operator.get_status(GetStatusRequest {}).await.unwrap().into_inner();
        if status.spool.unwrap().parked_count == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    send(&gateway, "Settle", Request::new(settle("sold", "4711"))).await.unwrap();

    let (day, receipts) = day_of(&["parked", "waiting", "sold", "only-the-till"]);
    let mut till = GatewayServiceClient::new(channel(gateway.address));
    let answered = till.close_till_day(receipts.to_request(&day, "", true)).await.unwrap().into_inner();
    let told: Vec<_> = answered.differences.iter().map(|told| (told.receipt_id.as_str(), told.kind())).collect();
    assert_eq!(
        told,
        [
            ("only-the-till", TillDayDifferenceKind::Missing),
            ("parked", TillDayDifferenceKind::Parked),
            ("waiting", TillDayDifferenceKind::Waiting),
        ]
    );
    let own = operator.close_till_days(CloseTillDaysRequest::default()).await.unwrap().into_inner();
    assert_eq!((own.days.len(), own.days[0].gateway_settled_count), (1, 3), "{own:?}");
    let engine = own.days[0].engine.as_ref().unwrap();
    assert_eq!((engine.difference_count, engine.differences.len()), (2, 0), "of all days, differences are counted");
    let alone = CloseTillDaysRequest {
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        business_date: "2027-01-15".to_owned(),
        ..CloseTillDaysRequest::default()
    };
    let own = operator.close_till_days(alone).await.unwrap().into_inner();
    assert_eq!(own.days[0].engine.as_ref().unwrap().differences.len(), 2, "of one day they are named");
    assert_eq!(open_days(&mut operator).await, 1);

    let (day, receipts) = day_of(&["sold"]);
    let answered = till.close_till_day(receipts.to_request(&day, "", true)).await.unwrap().into_inner();
    assert_eq!(answered.status(), TillDayStatus::Agreed, "till and engine agree");
    send(&gateway, "Settle", Request::new(settle_at("sold-too", "T2"))).await.unwrap();
    let own = operator.close_till_days(CloseTillDaysRequest::default()).await.unwrap().into_inner();
    assert_eq!(own.days.len(), 2, "the till has lost two receipts, so this gateway's day is still open: {own:?}");
}

async fn open_days(operator: &mut OperatorServiceClient<Channel>) -> u32 {
    operator.get_status(GetStatusRequest {}).await.unwrap().into_inner().till_days.unwrap().open_count
}

fn settle_at(id: &str, till: &str) -> Bytes {
    let mut request = SettleRequest::decode(settle(id, "4711")).unwrap();
    request.receipt.as_mut().unwrap().till_id = till.to_owned();
    request.encode_to_vec().into()
}

#[tokio::test]
async fn h60_a_day_that_the_engine_refuses_says_why_and_all_the_others_are_closed() {
    let folder = TempDir::new().unwrap();
    let days = |engine: FakeEngine| Routes::new(engine.clone()).add_service(GatewayServiceServer::new(Days { engine }));
    let engine = start_with(|_, _| committed(), days).await;
    let uris = vec![format!("http://{}", engine.address).parse().unwrap()];
    let spool = Some(SpoolConfig::new(folder.path().join("spool")));
    let gateway = gateway_with(GatewayConfig { spool, budget: LONG, ..GatewayConfig::new("g1", uris) }).await;
    for number in 0..=101 {
        send(&gateway, "Settle", Request::new(settle_at(&format!("R{number}"), &format!("T{number}")))).await.unwrap();
    }
    let mut operator = OperatorServiceClient::new(channel(gateway.address));
    while open_days(&mut operator).await < 102 {
        tokio::task::yield_now().await;
    }
    let first = operator.close_till_days(CloseTillDaysRequest::default()).await.unwrap().into_inner();
    let (refused, agreed) = first.days.split_first().unwrap();
    assert_eq!((refused.till_id.as_str(), refused.fault.as_str()), ("T0", "FOREIGN_STORE: no"));
    assert!(refused.engine.is_none());
    assert_eq!(agreed.len(), 99);
    assert!(agreed.iter().all(|day| day.engine.as_ref().unwrap().status() == TillDayStatus::Agreed && day.fault.is_empty()));
    let next = CloseTillDaysRequest { page_token: first.next_page_token, ..CloseTillDaysRequest::default() };
    let next = operator.close_till_days(next).await.unwrap().into_inner();
    assert_eq!((next.days.len(), next.next_page_token.as_str()), (2, ""));
    while open_days(&mut operator).await > 1 {
        tokio::task::yield_now().await;
    }
    let unfit = CloseTillDaysRequest { page_token: "behind".to_owned(), ..CloseTillDaysRequest::default() };
    assert_eq!(operator.close_till_days(unfit).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn h60_a_day_that_no_engine_can_compare_is_not_closed() {
    let folder = TempDir::new().unwrap();
    let uris = vec![format!("http://{}", nobody().await).parse().unwrap()];
    let spool = Some(SpoolConfig::new(folder.path().join("spool")));
    let gateway = gateway_with(GatewayConfig { spool, ..GatewayConfig::new("g1", uris) }).await;
    let (day, receipts) = day_of(&["sold"]);
    let mut till = GatewayServiceClient::new(channel(gateway.address));
    let refused = till.close_till_day(receipts.to_request(&day, "", true)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let unfit = CloseTillDayRequest { settled_count: 2, ..receipts.to_request(&day, "", true) };
    assert_eq!(till.close_till_day(unfit).await.unwrap_err().code(), Code::InvalidArgument);
}

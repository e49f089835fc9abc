//! Tests of the driver against a service that keeps outcomes in a map and can be told to misbehave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use tessera_proto::billing::v1::billing_service_server::{BillingService, BillingServiceServer};
use tessera_proto::billing::v1::*;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};

use super::super::summary::Summary;
use super::*;
use crate::receipt_files::online_retail;

/// What the service does beside answering.
#[derive(Clone, Copy, Default)]
struct Manner {
    /// The first settle of each receipt is committed, and its answer is lost.
    loses_answers: bool,
    /// Receipts whose quote is refused with CONFLICT.
    refuses: &'static [&'static str],
    /// Nothing is ever answered but "unavailable".
    is_down: bool,
}

#[derive(Default)]
struct Kept {
    outcomes: BTreeMap<String, Outcome>,
    quoted: BTreeSet<String>,
    lost: BTreeSet<String>,
    calls: Vec<(&'static str, String)>,
}

#[derive(Clone, Default)]
struct Service {
    manner: Manner,
    kept: Arc<Mutex<Kept>>,
}

impl Service {
    fn begin<T>(
        &self,
        call: &'static str,
        request: &Request<T>,
        receipt_id: &str,
        at: Option<&tessera_proto::Timestamp>,
    ) -> Result<(), Status> {
        if self.manner.is_down {
            return Err(Status::unavailable("down"));
        }
        let time = request.metadata().get("tessera-replay-time").expect("a replay sends its time").to_str().unwrap();
        assert_eq!(
            time.parse::<Timestamp>().unwrap().as_second(),
            at.unwrap().seconds,
            "the time of the call is that of the receipt"
        );
        self.kept.lock().unwrap().calls.push((call, receipt_id.to_owned()));
        Ok(())
    }
}

/// What the service takes off each refund.
const DEDUCTED: i64 = 5;

fn totals(minor: i64) -> Option<Totals> {
    Some(Totals { amount_minor: minor, due_minor: minor, tax_totals: Vec::new() })
}

#[tonic::async_trait]
impl BillingService for Service {
    async fn quote(&self, request: Request<QuoteRequest>) -> Result<Response<QuoteResponse>, Status> {
        let receipt = request.get_ref().receipt.clone().unwrap();
        self.begin("quote", &request, &receipt.receipt_id, receipt.sold_at.as_ref())?;
        if self.manner.refuses.contains(&receipt.receipt_id.as_str()) {
            return Err(Status::already_exists("it came with other content before"));
        }
        let mut kept = self.kept.lock().unwrap();
        if let Some(outcome) = kept.outcomes.get(&receipt.receipt_id) {
            let outcome = Some(outcome.clone());
            return Ok(Response::new(QuoteResponse {
                status: QuoteStatus::AlreadySettled.into(),
                outcome,
                ..QuoteResponse::default()
            }));
        }
        kept.quoted.insert(receipt.receipt_id.clone());
        let answer = Some(Answer { totals_before: totals(0), totals_after: totals(0), ..Answer::default() });
        let quote_token = receipt.receipt_id.into_bytes().into();
        let (status, basis) = (QuoteStatus::Ok.into(), AnswerBasis::Engine.into());
        Ok(Response::new(QuoteResponse { status, basis, answer, quote_token, ..QuoteResponse::default() }))
    }

    async fn settle(&self, request: Request<SettleRequest>) -> Result<Response<SettleResponse>, Status> {
        let settle = request.get_ref().clone();
        let receipt = settle.receipt.unwrap();
        self.begin("settle", &request, &receipt.receipt_id, receipt.sold_at.as_ref())?;
        assert_eq!(settle.quote_token, receipt.receipt_id.as_bytes(), "the token of this receipt's quote comes back");
        let mut kept = self.kept.lock().unwrap();
        assert!(kept.quoted.contains(&receipt.receipt_id), "a receipt is quoted before it is settled");
        let sum = receipt.lines.iter().map(|line| line.amount_minor).sum();
        let reward = Reward { asset_id: "points".to_owned(), units: 1, ..Reward::default() };
        let outcome = Outcome {
            outcome_id: receipt.receipt_id.clone(),
            totals_before: totals(sum),
            totals_after: totals(sum),
            rewards: vec![reward],
            ..Outcome::default()
        };
        let outcome = kept.outcomes.entry(receipt.receipt_id.clone()).or_insert(outcome).clone();
        if self.manner.loses_answers && kept.lost.insert(receipt.receipt_id) {
            return Err(Status::deadline_exceeded("the answer was lost"));
        }
        Ok(Response::new(SettleResponse {
            status: SettleStatus::Committed.into(),
            outcome: Some(outcome),
            ..SettleResponse::default()
        }))
    }

    async fn r#return(&self, request: Request<ReturnRequest>) -> Result<Response<ReturnResponse>, Status> {
        let back = request.get_ref().clone();
        self.begin("return", &request, &back.receipt_id, back.returned_at.as_ref())?;
        let sum = back.lines.iter().map(|line| line.amount_minor).sum();
        let outcome = Outcome {
            outcome_id: back.receipt_id.clone(),
            totals_before: totals(sum),
            totals_after: Some(Totals { amount_minor: sum, due_minor: sum - DEDUCTED, tax_totals: Vec::new() }),
            ..Outcome::default()
        };
        self.kept.lock().unwrap().outcomes.insert(back.receipt_id, outcome.clone());
        Ok(Response::new(ReturnResponse {
            status: ReturnStatus::Committed.into(),
            outcome: Some(outcome),
            ..ReturnResponse::default()
        }))
    }

    async fn void(&self, _: Request<VoidRequest>) -> Result<Response<VoidResponse>, Status> {
        Err(Status::unimplemented("void"))
    }
    async fn claim(&self, _: Request<ClaimRequest>) -> Result<Response<ClaimResponse>, Status> {
        Err(Status::unimplemented("claim"))
    }
    async fn identify(&self, _: Request<IdentifyRequest>) -> Result<Response<IdentifyResponse>, Status> {
        Err(Status::unimplemented("identify"))
    }
    async fn enrol(&self, _: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        Err(Status::unimplemented("enrol"))
    }
    async fn answer_prompts(&self, _: Request<AnswerPromptsRequest>) -> Result<Response<AnswerPromptsResponse>, Status> {
        Err(Status::unimplemented("answer_prompts"))
    }
    async fn hand_over(&self, _: Request<HandOverRequest>) -> Result<Response<HandOverResponse>, Status> {
        Err(Status::unimplemented("hand_over"))
    }
    async fn get_receipt(&self, _: Request<GetReceiptRequest>) -> Result<Response<GetReceiptResponse>, Status> {
        Err(Status::unimplemented("get_receipt"))
    }
    type ConverseStream = ReceiverStream<Result<ConverseResponse, Status>>;
    async fn converse(&self, _: Request<Streaming<ConverseRequest>>) -> Result<Response<Self::ConverseStream>, Status> {
        Err(Status::unimplemented("converse"))
    }
}

fn sample() -> Import {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/online-retail-ii.csv");
    online_retail::import(&file, &ProgressBar::hidden()).unwrap()
}

/// Replays the sample against a service and answers what the driver says.
async fn driven(service: &Service, in_flight: u16) -> Result<Ended, ReplayError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = tonic::transport::Server::builder().add_service(BillingServiceServer::new(service.clone()));
    let serving = tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    let ended = drive(&sample(), &connect(&endpoint, in_flight).unwrap(), usize::from(in_flight), &ProgressBar::hidden()).await;
    serving.abort();
    ended
}

fn summary(ended: &Ended) -> Summary {
    Summary::new(&sample(), &ended.tally, ended.elapsed)
}

#[tokio::test]
async fn every_receipt_is_quoted_then_settled_and_cancellations_are_returned() {
    let service = Service::default();
    let ended = driven(&service, 1).await.unwrap();
    let summary = summary(&ended);
    assert_eq!((summary.receipts.settled, summary.receipts.returned), (24, 3));
    assert_eq!((summary.lines.settled, summary.lines.returned), (72, 4));
    assert_eq!((summary.money_minor.settled_before, summary.money_minor.returned), (282_089, -3_355 + 3 * DEDUCTED));
    assert_eq!(summary.assets_issued, BTreeMap::from([("points".to_owned(), 24)]));
    let sent: Vec<(&str, String)> = service.kept.lock().unwrap().calls.clone();
    let expected = sample().sales.into_iter().flat_map(|sale| match sale.kind {
        crate::receipt_files::sale::SaleKind::Settle => {
            vec![("quote", sale.receipt_id.clone()), ("settle", sale.receipt_id.clone())]
        }
        crate::receipt_files::sale::SaleKind::Return => vec![("return", sale.receipt_id.clone())],
    });
    assert_eq!(sent, expected.collect::<Vec<_>>(), "one at a time is the file's own order");
}

#[tokio::test]
async fn p2_a_repeat_gets_the_same_outcomes_and_settles_nothing_again() {
    let service = Service::default();
    let first = driven(&service, 16).await.unwrap();
    let settled_first = service.kept.lock().unwrap().calls.iter().filter(|(call, _)| *call == "settle").count();
    let second = driven(&service, 16).await.unwrap();
    let settled = service.kept.lock().unwrap().calls.iter().filter(|(call, _)| *call == "settle").count();
    assert_eq!((settled_first, settled), (24, 24));
    assert_eq!(summary(&first).outcomes_hash, summary(&second).outcomes_hash);
    assert_eq!(summary(&second).receipts.settled, 24);
    assert_eq!(summary(&second).money_minor.settled_after, 282_089);
}

#[tokio::test]
async fn h1_a_lost_answer_is_resolved_by_sending_the_same_receipt_again() {
    let calm = summary(&driven(&Service::default(), 8).await.unwrap());
    let manner = Manner { loses_answers: true, ..Manner::default() };
    let rough = summary(&driven(&Service { manner, ..Service::default() }, 8).await.unwrap());
    assert_eq!(rough.outcomes_hash, calm.outcomes_hash);
    assert_eq!(rough.receipts.settled, 24);
    assert!(rough.refused.is_empty());
}

#[tokio::test]
async fn a_refused_receipt_is_counted_and_the_others_go_on() {
    let manner = Manner { refuses: &["WEB/1/20240303/700102/0"], ..Manner::default() };
    let ended = driven(&Service { manner, ..Service::default() }, 4).await.unwrap();
    let (summary, refused) = (summary(&ended), ended.tally.refused().next().map(|(_, refusals)| refusals.example.0.clone()));
    assert_eq!((summary.receipts.settled, summary.receipts.returned), (23, 3));
    assert_eq!(summary.refused.values().sum::<u64>(), 1);
    assert_eq!(refused.as_deref(), Some("WEB/1/20240303/700102/0"));
}

#[tokio::test]
async fn a_service_that_is_down_ends_the_replay_with_an_error() {
    let manner = Manner { is_down: true, ..Manner::default() };
    let error = driven(&Service { manner, ..Service::default() }, 4).await.unwrap_err();
    assert!(matches!(error, ReplayError::NoAnswer { done: 0, .. }), "{error}");
}

//! A server that does what a test tells it, behind a proxy that can cut its connections.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tessera_proto::billing::v1::billing_service_server::{BillingService, BillingServiceServer};
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::*;
use tessera_till::{Journal, TillClient, TillConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What the server does with one call.
pub(crate) enum Act {
    Answer(Reply),
    Fail(Status),
    Hang,
    /// The call took effect, and the connection breaks before the answer is out.
    Cut,
    /// Only on a stream: tells that it closes, then answers.
    CloseThenAnswer(Reply),
}

/// A call as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) call: Call,
    pub(crate) metadata: MetadataMap,
    /// On which stream, from 1; 0: a single call.
    pub(crate) stream: u64,
}

type Script = Box<dyn Fn(usize, &Call) -> Act + Send + Sync>;

#[derive(Clone)]
pub(crate) struct FakeServer {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    script: Script,
    seen: Mutex<Vec<Seen>>,
    streams: Mutex<u64>,
    cut: watch::Sender<u64>,
}

/// Starts a server; the script gets the number of the call, from 0, and the call.
pub(crate) async fn start(script: impl Fn(usize, &Call) -> Act + Send + Sync + 'static) -> FakeServer {
    let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cut = watch::Sender::new(0);
    let server = FakeServer {
        address: front.local_addr().unwrap(),
        inner: Arc::new(Inner { script: Box::new(script), seen: Mutex::default(), streams: Mutex::new(0), cut: cut.clone() }),
    };
    let to = behind.local_addr().unwrap();
    let service = BillingServiceServer::new(server.clone());
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(behind)));
    tokio::spawn(async move {
        loop {
            let (mut near, _) = front.accept().await.unwrap();
            let mut cut = cut.subscribe();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    _ = cut.changed() => {}
                }
            });
        }
    });
    server
}

/// An address where nothing listens.
pub(crate) async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

pub(crate) fn config(address: SocketAddr, budget: Duration, journal: Journal) -> TillConfig {
    TillConfig { budget, ..TillConfig::new(format!("http://{address}"), "s1", "t1", journal) }
}

pub(crate) fn till(address: SocketAddr, budget: Duration, journal: Journal) -> TillClient {
    TillClient::connect(config(address, budget, journal)).unwrap()
}

/// A refusal as the engine makes it.
pub(crate) fn refusal(code: Code, reason: &str, field: Option<&str>) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, "tessera", []);
    if let Some(field) = field {
        details.add_bad_request_violation(field, "is wrong");
    }
    Status::with_error_details(code, "no", details)
}

impl FakeServer {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }

    async fn act(&self, call: Call, metadata: MetadataMap, stream: u64) -> (bool, Result<Reply, Status>) {
        let act = {
            let mut seen = self.inner.seen.lock().unwrap();
            let act = (self.inner.script)(seen.len(), &call);
            seen.push(Seen { call, metadata, stream });
            act
        };
        match act {
            Act::Answer(reply) => (false, Ok(reply)),
            Act::CloseThenAnswer(reply) => (true, Ok(reply)),
            Act::Fail(status) => (false, Err(status)),
            Act::Hang => std::future::pending().await,
            Act::Cut => {
                self.inner.cut.send_modify(|cuts| *cuts += 1);
                std::future::pending().await
            }
        }
    }

    async fn single(&self, call: Call, metadata: MetadataMap) -> Result<Reply, Status> {
        self.act(call, metadata, 0).await.1
    }
}

/// The methods as `async_trait` writes them, which does not look into a macro.
macro_rules! single_calls {
    ($($name:ident, $request:ident, $response:ident, $variant:ident;)*) => { $(
        fn $name<'server, 'call>(
            &'server self,
            request: Request<$request>,
        ) -> Pin<Box<dyn Future<Output = Result<Response<$response>, Status>> + Send + 'call>>
        where
            'server: 'call,
            Self: 'call,
        {
            Box::pin(async move {
                let metadata = request.metadata().clone();
                match self.single(Call::$variant(request.into_inner()), metadata).await? {
                    Reply::$variant(response) => Ok(Response::new(response)),
                    other => panic!("the script answers {other:?}"),
                }
            })
        }
    )* };
}

#[tonic::async_trait]
impl BillingService for FakeServer {
    single_calls! {
        quote, QuoteRequest, QuoteResponse, Quote;
        settle, SettleRequest, SettleResponse, Settle;
        void, VoidRequest, VoidResponse, VoidReceipt;
        r#return, ReturnRequest, ReturnResponse, ReturnGoods;
        claim, ClaimRequest, ClaimResponse, Claim;
        identify, IdentifyRequest, IdentifyResponse, Identify;
        enrol, EnrolRequest, EnrolResponse, Enrol;
        answer_prompts, AnswerPromptsRequest, AnswerPromptsResponse, AnswerPrompts;
        hand_over, HandOverRequest, HandOverResponse, HandOver;
        get_receipt, GetReceiptRequest, GetReceiptResponse, GetReceipt;
    }

    type ConverseStream = Pin<Box<dyn tokio_stream::Stream<Item = Result<ConverseResponse, Status>> + Send>>;

    async fn converse(&self, request: Request<Streaming<ConverseRequest>>) -> Result<Response<Self::ConverseStream>, Status> {
        let stream = {
            let mut streams = self.inner.streams.lock().unwrap();
            *streams += 1;
            *streams
        };
        let metadata = request.metadata().clone();
        let mut inbound = request.into_inner();
        let (outbound, answers) = mpsc::channel(16);
        let server = self.clone();
        tokio::spawn(async move {
            while let Ok(Some(message)) = inbound.message().await {
                let (server, outbound) = (server.clone(), outbound.clone());
                let metadata = metadata.clone();
                tokio::spawn(async move {
                    let call = message.call.unwrap();
                    let (closing, end) = server.act(call, metadata, stream).await;
                    if closing {
                        let closing = Reply::Closing(Closing { within: None });
                        outbound.send(Ok(respond(0, closing))).await.unwrap();
                    }
                    let result = end.unwrap_or_else(|status| Reply::Error(call_error(&status)));
                    let response = respond(message.correlation_id, result);
                    let _ = outbound.send(Ok(response)).await;
                });
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }
}

fn respond(correlation_id: u64, result: Reply) -> ConverseResponse {
    ConverseResponse { correlation_id, result: Some(result) }
}

fn call_error(status: &Status) -> CallError {
    let details = status.get_error_details();
    CallError {
        code: status.code().into(),
        message: status.message().to_owned(),
        reason: details.error_info().map_or_else(String::new, |info| info.reason.clone()),
        ..CallError::default()
    }
}

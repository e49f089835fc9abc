//! Gateway and engine, each of which can be ended and started again, over one disk and one storage.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tessera_engine::clock::Clock;
use tessera_engine::keys::Keys;
use tessera_engine::{Billing, ConverseLimits, Engine, Feed, Settings, layout};
use tessera_gateway::{Dialler, Gateway, GatewayConfig, GatewayError, SpoolConfig, TimeOfDay};
use tessera_identity::Listener;
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::billing_service_server::BillingServiceServer;
use tessera_proto::feed::v1::feed_service_client::FeedServiceClient;
use tessera_proto::feed::v1::feed_service_server::FeedServiceServer;
use tessera_proto::feed::v1::{FollowRequest, FollowResponse};
use tessera_rules::money::Currency;
use tessera_rules::revision::Source;
use tessera_storage::MemoryStorage;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;

use super::link::Link;

/// Points on what is paid: whoever answers a quote, a receipt earns the same.
const PROGRAM: &str = "program: club\nlanguage: 1\nname: Club\ncurrency: EUR\nassets: [{id: points, kind: points, worth_minor: 1}]\n\
    campaigns:\n- {id: earn, name: Points, points: {per: 1.00, units: 1}}\n";

/// When every play begins.
pub(super) const BEGIN: &str = "2026-11-22T06:00:00Z";

/// The simulated time as all see it.
#[derive(Debug)]
pub(super) struct Time(Instant);

impl Time {
    /// Begins now.
    pub(super) fn begin() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        BEGIN.parse::<Timestamp>().unwrap() + self.0.elapsed()
    }
}

/// What tills call; none: the gateway is down. Whoever has called must let go when it changes.
pub(super) type Counter = watch::Receiver<Option<Routes>>;

struct Running {
    gateway: Gateway,
    serving: JoinHandle<Result<(), GatewayError>>,
}

pub(super) struct World {
    pub(super) time: Arc<Time>,
    pub(super) link: Link,
    storage: Arc<MemoryStorage>,
    spool: PathBuf,
    engine: Mutex<Option<(Engine, JoinHandle<()>)>>,
    gateway: Mutex<Option<Running>>,
    counter: watch::Sender<Option<Routes>>,
    /// Never said: what ends an engine is the end of its task.
    closing: watch::Sender<bool>,
}

impl World {
    pub(super) async fn new(time: Arc<Time>, link: Link, spool: PathBuf) -> Self {
        let storage = Arc::new(MemoryStorage::with_claims_first(&layout::SPACES));
        let world = Self {
            time,
            link,
            storage,
            spool,
            engine: Mutex::default(),
            gateway: Mutex::default(),
            counter: watch::Sender::new(None),
            closing: watch::Sender::new(false),
        };
        world.start_engine().await;
        let source = Source { name: "club.yaml".to_owned(), text: PROGRAM.to_owned() };
        let engine = world.engine();
        engine.programs().publish(&[source], BEGIN.parse().unwrap()).await.unwrap();
        world
    }

    pub(super) fn counter(&self) -> Counter {
        self.counter.subscribe()
    }

    /// The engine that runs, past gateway and link.
    pub(super) fn engine(&self) -> Engine {
        self.engine.lock().unwrap().as_ref().expect("an engine runs").0.clone()
    }

    /// A client of the engine, past gateway and link.
    pub(super) fn straight(&self) -> BillingServiceClient<Routes> {
        BillingServiceClient::new(Routes::new(BillingServiceServer::new(self.billing(&self.engine()))))
    }

    fn billing(&self, engine: &Engine) -> Billing {
        Billing::new(engine.clone(), self.closing.subscribe(), ConverseLimits::default())
    }

    /// Starts an engine over the storage that the last one left.
    pub(super) async fn start_engine(&self) {
        let settings = Settings::new(Currency::from_code("EUR").unwrap());
        let storage: Arc<MemoryStorage> = Arc::clone(&self.storage);
        let clock: Arc<Time> = Arc::clone(&self.time);
        let engine = Engine::open(storage, clock, Keys::for_replay(), settings).await.unwrap();
        let (door, arriving) = mpsc::channel(16);
        let serving = Server::builder()
            .add_service(BillingServiceServer::new(self.billing(&engine)))
            .serve_with_incoming(ReceiverStream::new(arriving));
        let serving = tokio::spawn(async move { serving.await.unwrap() });
        self.link.lead_to(Some(door));
        *self.engine.lock().unwrap() = Some((engine, serving));
    }

    /// Ends the engine as a power cut does: whoever waits hears nothing more, and what is committed stays.
    pub(super) fn end_engine(&self) {
        self.link.lead_to(None);
        if let Some((_, serving)) = self.engine.lock().unwrap().take() {
            serving.abort();
        }
    }

    /// Starts a gateway over the spool that the last one left.
    pub(super) async fn start_gateway(&self) {
        let (link, time) = (self.link.clone(), Arc::clone(&self.time));
        let config = GatewayConfig {
            time_of_day: TimeOfDay::new(move || time.now()),
            dialler: Some(Dialler::new(move |_| link.clone().dial())),
            spool: Some(SpoolConfig::new(&self.spool)),
            ..GatewayConfig::new("g1", vec!["http://engine".parse().unwrap()])
        };
        let gateway = loop {
            match Gateway::new(config.clone()) {
                Ok(gateway) => break gateway,
                // Calls of the last one are being let go.
                Err(GatewayError::Spool(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        };
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        let served = gateway.clone();
        let serving = tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        self.counter.send_replace(Some(gateway.routes()));
        *self.gateway.lock().unwrap() = Some(Running { gateway, serving });
    }

    pub(super) fn end_gateway(&self) {
        self.counter.send_replace(None);
        if let Some(Running { serving, .. }) = self.gateway.lock().unwrap().take() {
            serving.abort();
        }
    }

    /// What the engine has committed behind a cursor.
    pub(super) async fn feed_after(&self, cursor: Bytes) -> Vec<FollowResponse> {
        let feed = Feed::new(&self.engine(), self.closing.subscribe());
        let mut feed = FeedServiceClient::new(Routes::new(FeedServiceServer::new(feed)));
        let request = FollowRequest { cursor, until_caught_up: true, batch_limit: 0 };
        let mut stream = feed.follow(request).await.unwrap().into_inner();
        let mut responses = Vec::new();
        while let Some(response) = stream.message().await.unwrap() {
            responses.push(response);
        }
        responses
    }

    /// Whether nothing waits in the gateway's spool; parked is nothing ever.
    pub(super) fn is_drained(&self) -> bool {
        self.waiting() == 0
    }

    /// How many advices wait in the gateway's spool.
    pub(super) fn waiting(&self) -> u64 {
        let running = self.gateway.lock().unwrap();
        let status = running.as_ref().expect("a gateway runs").gateway.status();
        let spool = status.spool.unwrap();
        assert_eq!((spool.parked_count, spool.lost_record_count), (0, 0));
        spool.waiting_count
    }
}

/// Lets simulated time pass. It moves a millisecond when every task has had its turn, and the threads that write to the disk
/// and decide have had some real time: were it left to move by itself, it would run past a disk at once.
pub(super) async fn pass(mut over: watch::Receiver<bool>) {
    while !*over.borrow_and_update() {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        std::thread::park_timeout(Duration::from_micros(20));
        tokio::time::advance(Duration::from_millis(1)).await;
    }
}

/// How often every task may run between two milliseconds.
const TURNS: usize = 60;

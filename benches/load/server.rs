//! A server process: the engine as the product runs it, or the yardstick with the same server settings.

use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use metrics_exporter_prometheus::PrometheusBuilder;
use prost::Message as _;
use tessera_engine::clock::SystemClock;
use tessera_engine::keys::Keys;
use tessera_engine::{Engine, Settings, layout, server};
use tessera_identity::Listener;
use tessera_proto::billing::v1;
use tessera_rules::money::Currency;
use tessera_storage::{EmbeddedStorage, Options as StorageOptions, Storage};
use tokio::sync::watch;
use tonic::transport::Server;

use crate::child::Role;
use crate::data;
use crate::echo::Echo;
use crate::options::Options;

/// The echo's answers in its folder.
pub(crate) const QUOTE_ANSWER: &str = "quote_response.bin";
/// The same for settles.
pub(crate) const SETTLE_ANSWER: &str = "settle_response.bin";
/// How often the recorder of metrics sums up what it was told.
const UPKEEP: Duration = Duration::from_secs(1);

/// Serves until the process that started this one is gone or closes its end.
pub(crate) fn run(role: &Role, options: &Options) {
    tracing_subscriber::fmt().with_env_filter("error").with_ansi(false).with_writer(std::io::stderr).init();
    crate::runtime().block_on(async {
        let metrics = PrometheusBuilder::new().install_recorder().unwrap();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                metrics.run_upkeep();
            }
        });
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await.unwrap();
        match role {
            Role::Engine(folder) => serve_engine(folder, options, listener).await,
            Role::Echo(folder) => serve_echo(folder, listener).await,
        }
    });
}

/// Becomes true when the standard input ends.
fn closing() -> watch::Receiver<bool> {
    let (close, closing) = watch::channel(false);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        close.send_replace(true);
    });
    closing
}

fn say_where(listener: &Listener) {
    println!("http://{}", listener.local_addr().unwrap());
}

async fn serve_engine(folder: &Path, options: &Options, listener: Listener) {
    let opened = EmbeddedStorage::open(&folder.join("storage"), StorageOptions::new(&layout::SPACES)).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(opened.storage);
    let settings = Settings::new(Currency::from_code("GBP").unwrap());
    let clock = Arc::new(SystemClock::default());
    let engine = Engine::open(Arc::clone(&storage), clock, Keys::for_replay(), settings).await.unwrap();
    let yesterday = Timestamp::now() - SignedDuration::from_hours(24);
    engine.programs().load_catalogue(data::products(options.products), yesterday).await.unwrap();
    engine.programs().publish(&[data::program(options.campaigns)], yesterday).await.unwrap();
    say_where(&listener);
    server::serve(engine, listener, closing()).await.unwrap();
    storage.close().await.unwrap();
}

/// The settings are those of `tessera_engine::server::serve`.
async fn serve_echo(folder: &Path, listener: Listener) {
    let echo = Echo {
        quote: v1::QuoteResponse::decode(fs::read(folder.join(QUOTE_ANSWER)).unwrap().as_slice()).unwrap(),
        settle: v1::SettleResponse::decode(fs::read(folder.join(SETTLE_ANSWER)).unwrap().as_slice()).unwrap(),
    };
    let mut closing = closing();
    say_where(&listener);
    let serving = Server::builder()
        .tcp_nodelay(true)
        .max_concurrent_streams(1_024)
        .http2_max_pending_accept_reset_streams(Some(20))
        .http2_max_header_list_size(8 * 1024)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(5)))
        .add_service(echo.service())
        .serve_with_incoming(listener.incoming());
    tokio::select! {
        served = serving => served.unwrap(),
        closed = closing.wait_for(|closing| *closing) => drop(closed.unwrap()),
    }
}

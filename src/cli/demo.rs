//! `tessera demo`: engine, gateway and simulated tills on this machine; shows live what happens and ends by itself.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use tessera_rules::revision::Source;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{Failure, print, start_log};
use crate::config::{Config, LogFormat};
use crate::node::{Node, Roles};
use crate::product_file;

mod chance;
mod goods;
mod proof;
mod screen;
mod shopper;
mod summary;
mod tally;
mod till;
mod words;

use goods::Goods;
use screen::Screen;
use tally::Tally;
use till::SimulatedTill;

/// The sample program, as it stands in the repository.
const PROGRAM: &str = include_str!("../../deploy/programs/sample.yaml");
/// The sample products, as they stand in the repository.
const PRODUCTS: &str = include_str!("../../deploy/sample-products.csv");
/// Most simulated tills.
const TILLS_MAX: u16 = 200;
/// Longest demo, seconds: a day.
const SECONDS_MAX: u64 = 86_400;
/// Visits told and not yet shown.
const TOLD_IN_FLIGHT_MAX: usize = 1_024;

/// Arguments of `tessera demo`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Simulated tills.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=i64::from(TILLS_MAX)))]
    tills: u16,
    /// For how long they sell.
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    seconds: u64,
    /// How long a till waits between two customers, milliseconds; 0: as fast as answers come.
    #[arg(long, value_name = "MS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pause: u64,
    /// The same number brings the same customers.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Folder that keeps what happens, to go on with it another time. None: a temporary one.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Stay until Ctrl-C when the tills have ended, to send receipts by hand.
    #[arg(long)]
    keep_running: bool,
}

/// Runs the demo; 0 at its end, and after Ctrl-C.
pub(crate) async fn run(args: DemoArgs) -> Result<ExitCode, Failure> {
    start_log(LogFormat::Text, "error");
    let temporary = tempfile::Builder::new().prefix("tessera-demo-").tempdir()?;
    let folder = args.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    let products = product_file::read_text("deploy/sample-products.csv", PRODUCTS)?;
    let node = start(folder.clone(), products.clone()).await?;
    print(&intro(&node));

    let stop = watch::Sender::new(false);
    let goods = Arc::new(Goods::new(products.clone()));
    let (told, mut tellings) = mpsc::channel(TOLD_IN_FLIGHT_MAX);
    let mut tills = JoinSet::new();
    for number in 1..=usize::from(args.tills) {
        let shoppers = shopper::Shoppers::new(args.seed, number, &products);
        let till = SimulatedTill::open(&node.gateway_endpoint(), &folder.join("tills"), number, Arc::clone(&goods))?;
        tills.spawn(till.run(shoppers, Duration::from_millis(args.pause), told.clone(), stop.subscribe()));
    }
    drop(told);

    let mut tally = Tally::new()?;
    let mut screen = Screen::new(usize::from(args.tills), Duration::from_secs(args.seconds));
    let began = Instant::now();
    let interrupted = watch_tills(&args, &mut tellings, &mut tally, &mut screen, &stop).await?;
    while tills.join_next().await.is_some() {}
    let elapsed = began.elapsed();
    screen.finish();

    let proof = proof::prove(&node.endpoint(), &node.gateway_endpoint()).await?;
    print(&summary::text(&tally, &proof, elapsed, args.data.as_deref()));
    if args.keep_running && !interrupted {
        print("\nThe tills have ended; engine and gateway stay until Ctrl-C.\n");
        tokio::signal::ctrl_c().await?;
    }
    node.shutdown().await;
    Ok(if proof.holds() && tally.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows and counts until the time is over or Ctrl-C, then until every till has ended; true after Ctrl-C.
async fn watch_tills(
    args: &DemoArgs,
    tellings: &mut mpsc::Receiver<till::Told>,
    tally: &mut Tally,
    screen: &mut Screen,
    stop: &watch::Sender<bool>,
) -> Result<bool, Failure> {
    let mut interrupted = false;
    let mut over = std::pin::pin!(tokio::time::sleep(Duration::from_secs(args.seconds)));
    loop {
        let stopping = *stop.borrow();
        tokio::select! {
            told = tellings.recv() => {
                let Some(told) = told else { return Ok(interrupted) };
                tally.add(&told);
                screen.show(&told, tally);
            }
            () = &mut over, if !stopping => { stop.send_replace(true); }
            pressed = tokio::signal::ctrl_c(), if !interrupted => {
                pressed?;
                interrupted = true;
                stop.send_replace(true);
            }
        }
    }
}

/// Engine and gateway on the usual ports where they are free, with the sample program and products.
async fn start(folder: PathBuf, products: Vec<tessera_rules::catalogue::Product>) -> Result<Node, Failure> {
    let mut config = Config { data: folder, ..Config::defaults()? };
    config.listen_engine = free(config.listen_engine);
    config.listen_gateway = free(config.listen_gateway);
    let node = Node::start(&config, Roles { engine: true, gateway: true }).await?;
    if let Some(engine) = node.engine() {
        let source = Source { name: "deploy/programs/sample.yaml".to_owned(), text: PROGRAM.to_owned() };
        // Valid since ever, so that the examples' dates lie in their time too.
        engine.programs().publish(&[source], Timestamp::UNIX_EPOCH).await?;
        engine.programs().load_catalogue(products, Timestamp::UNIX_EPOCH).await?;
    }
    Ok(node)
}

/// The address itself, or one with a port that the system chooses where it is taken.
fn free(address: SocketAddr) -> SocketAddr {
    match TcpListener::bind(address) {
        Ok(_) => address,
        Err(_) => SocketAddr::new(address.ip(), 0),
    }
}

/// Where everything is and how to send a receipt by hand.
fn intro(node: &Node) -> String {
    let (engine, gateway) = (node.endpoint(), node.gateway_endpoint());
    let authority = gateway.strip_prefix("http://").unwrap_or(&gateway);
    format!(
        "engine   {engine}\ngateway  {gateway}\n\n\
         Send a receipt by hand, from another terminal in the checkout:\n  \
         tessera till quote deploy/examples/receipt.json --endpoint {gateway}\n  \
         grpcurl -plaintext -d @ {authority} tessera.billing.v1.BillingService/Quote < deploy/examples/quote.json\n\n"
    )
}

#[cfg(test)]
mod tests;

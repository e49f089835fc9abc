//! A play: tills sell in a weather that a seed makes, then it clears up, and everything must be as if it had never been bad.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tessera_proto::billing::v1::{
    GetReceiptRequest, IdentifyRequest, ReceiptState, ReturnRequest, SettleRequest, get_receipt_request,
};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::chance::Chance;
use super::link::{Link, Weather};
use super::till::{Book, Till, card};
use super::world::{Time, World, pass};

/// Cards in use: few, so that advices of one customer meet.
const CARDS: u64 = 7;
const TILLS: u64 = 6;
/// Plays where nothing else is asked for.
const RUNS: u64 = 3;
/// Within this simulated time everything is delivered once the weather is good.
const DRAINED_MAX: Duration = Duration::from_secs(600);

pub(super) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Says how a play that failed is played again.
struct Said(u64);

impl Drop for Said {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("played again by TESSERA_SIMULATE_SEED={} TESSERA_SIMULATE_RUNS=1", self.0);
        }
    }
}

#[test]
fn p1_p2_p3_whatever_chance_makes_of_link_gateway_and_engine_nothing_is_lost_or_doubled() {
    let first = number("TESSERA_SIMULATE_SEED", 1);
    let sales = number("TESSERA_SIMULATE_SALES", 8);
    for seed in first..first + number("TESSERA_SIMULATE_RUNS", RUNS) {
        let said = Said(seed);
        runtime().block_on(simulated(play(seed, sales)));
        drop(said);
    }
}

/// One thread, on which simulated time stands still until it is moved.
pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// A folder of a gateway; in memory where there is one, since nobody waits for a disk here.
pub(super) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Runs while simulated time passes by the hand of [`pass`] alone: it does not move by itself while a thread is at work, and
/// here one always is.
pub(super) async fn simulated(play: impl Future<Output = ()>) {
    let (over, at_work) = mpsc::sync_channel::<()>(1);
    tokio::task::spawn_blocking(move || at_work.recv());
    let ended = watch::Sender::new(false);
    let passing = tokio::spawn(pass(ended.subscribe()));
    play.await;
    ended.send_replace(true);
    passing.await.unwrap();
    drop(over);
}

async fn play(seed: u64, sales: u64) {
    let chance = Chance::of(seed);
    let folder = folder();
    let world = Arc::new(World::new(Time::begin(), Link::new(chance.part(1)), folder.path().join("spool")).await);
    world.start_gateway().await;
    let book = Arc::new(Book::default());
    let mut selling = JoinSet::new();
    for number in 0..TILLS {
        let till =
            Till { world: Arc::clone(&world), number, cards: CARDS, chance: chance.part(100 + number), book: Arc::clone(&book) };
        selling.spawn(till.sell(sales));
    }
    let began = Instant::now();
    let mut bad = Box::pin(weather(&world, chance.part(2)));
    loop {
        tokio::select! {
            ended = selling.join_next() => match ended {
                Some(ended) => ended.unwrap(),
                None => break,
            },
            () = &mut bad => {}
        }
    }
    drop(bad);
    clear_up(&world).await;
    let took = began.elapsed();
    let paid = std::mem::take(&mut *book.paid.lock().unwrap());
    assert_eq!(u64::try_from(paid.len()).unwrap(), TILLS * sales);
    let returned = std::mem::take(&mut *book.returned.lock().unwrap());
    each_is_settled_once(&world, || paid.iter().cloned(), &returned, CARDS).await;
    println!(
        "seed {seed}: {} receipts, {} of them brought back, {} calls in {} simulated seconds, the slowest answer after {} ms",
        paid.len(),
        returned.len(),
        book.calls.lock().unwrap(),
        took.as_secs(),
        book.slowest.lock().unwrap().as_millis()
    );
}

/// The link changes, gateway and engine end and start again; it never ends.
async fn weather(world: &World, mut chance: Chance) {
    loop {
        let weather = match chance.below(8) {
            0..3 => Weather::Good,
            3 => Weather::Late(Duration::from_millis(200)),
            4 => Weather::Late(Duration::from_secs(3)),
            5 => Weather::Silent,
            6 => Weather::HalfOpen,
            _ => Weather::Down,
        };
        world.link.set(weather);
        sleep(chance.millis(50, 2_500)).await;
        let (gateway, engine) = (chance.once_in(5), chance.once_in(5));
        if gateway {
            world.end_gateway();
        }
        if engine {
            world.end_engine();
        }
        if gateway || engine {
            sleep(chance.millis(0, 1_500)).await;
        }
        // An end in the middle of this is one that the drop of this future would leave half done: see `clear_up`.
        if engine {
            world.start_engine().await;
        }
        if gateway {
            world.start_gateway().await;
        }
    }
}

/// Both run on a good link, and nothing waits any more.
async fn clear_up(world: &World) {
    world.link.set(Weather::Good);
    world.end_gateway();
    world.end_engine();
    world.start_engine().await;
    world.start_gateway().await;
    let began = Instant::now();
    while !world.is_drained() {
        assert!(began.elapsed() < DRAINED_MAX, "what waits is never delivered");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The engine has one outcome of every receipt and none of any other, and each card has what it has in an engine that got each
/// receipt once and in peace.
pub(super) async fn each_is_settled_once<I>(world: &World, paid: impl Fn() -> I, returned: &[ReturnRequest], cards: u64)
where
    I: Iterator<Item = SettleRequest>,
{
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for response in world.feed_after(Bytes::new()).await {
        *outcomes.entry(response.outcome.unwrap().receipt_id).or_default() += 1;
    }
    let mut engine = world.straight();
    for settle in paid() {
        let id = settle.receipt.unwrap().receipt_id;
        assert_eq!(outcomes.remove(&id), Some(1), "outcomes of {id}");
        let receipt = Some(get_receipt_request::Receipt::ReceiptId(id.clone()));
        let answer = engine.get_receipt(GetReceiptRequest { receipt, contract_minor: 0 }).await.unwrap().into_inner();
        assert!(matches!(answer.state(), ReceiptState::Settled | ReceiptState::FullyReturned), "{id} is {:?}", answer.state());
    }
    for back in returned {
        assert_eq!(outcomes.remove(&back.receipt_id), Some(1), "outcomes of {}", back.receipt_id);
    }
    assert!(outcomes.is_empty(), "outcomes of receipts that nobody paid: {outcomes:?}");
    let undisturbed = World::new(Arc::clone(&world.time), Link::new(Chance::of(0)), PathBuf::new()).await;
    let mut other = undisturbed.straight();
    for settle in paid() {
        let settle = SettleRequest { quote_token: Bytes::new(), ..settle };
        other.settle(settle).await.unwrap();
    }
    for back in returned {
        other.r#return(back.clone()).await.unwrap();
    }
    let expected = balances(&undisturbed, cards).await;
    assert!(expected.values().sum::<i64>() > 0);
    assert_eq!(balances(world, cards).await, expected);
}

async fn balances(world: &World, cards: u64) -> BTreeMap<u64, i64> {
    let mut engine = world.straight();
    let mut balances = BTreeMap::new();
    for number in 0..cards {
        let request = IdentifyRequest { customer: Some(card(number)), store_id: "S1".to_owned(), ..IdentifyRequest::default() };
        let answer = engine.identify(request).await.unwrap().into_inner();
        let points = answer.balances.iter().map(|balance| balance.available_units + balance.vesting_units).sum();
        balances.insert(number, points);
    }
    balances
}

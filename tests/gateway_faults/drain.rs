//! Tills that sell beside a full spool which is being delivered, and beside an empty one, turn by turn: what the drain costs them.
//! The figures are told and not asserted; that everything arrives, once, is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::{SettleRequest, SettleStatus};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use super::proxy::Fault;
use super::run::{ALONE, nothing_is_lost_or_doubled, number};
use super::stage::Stage;
use super::tills::{Book, CARDS, Who, backlog_receipt, sell};

/// Pairs, spooled receipts of each, and seconds of each half where nothing else is asked for.
const PAIRS: u64 = 1;
const SPOOLED: u64 = 300;
const SECONDS: u64 = 1;
const TILLS: u64 = 12;
/// Customers of what is spooled; none of them is at a till meanwhile.
const CUSTOMERS: u64 = 5_000;
/// Settles that are given to the spool at once: as many as one connection may carry, less some.
const AT_ONCE: u64 = 100;

/// What tills met in one half of a pair.
struct Half {
    p50_ms: f64,
    p99_ms: f64,
    answers: usize,
    by_engine: usize,
    /// What was delivered from the spool meanwhile, a second.
    delivered_per_second: f64,
    /// The spool was not empty at the end.
    is_draining: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn h57_beside_a_full_spool_that_is_delivered_tills_are_answered_and_all_of_it_arrives_once() {
    let _alone = ALONE.lock().await;
    let (pairs, spooled) = (number("TESSERA_FAULT_PAIRS", PAIRS), number("TESSERA_FAULT_SPOOLED", SPOOLED));
    let lasts = Duration::from_secs(number("TESSERA_FAULT_SECONDS", SECONDS));
    let mut stage = Stage::set().await;
    let book = Arc::new(Book::default());
    let (mut ratios, mut slower_ms) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let calm = sold_for(&stage, &book, 2 * pair, lasts).await;
        fill(&stage, &book, pair * spooled..(pair + 1) * spooled).await;
        stage.gateway.signal("-KILL");
        let starting = Instant::now();
        stage.restart_gateway();
        println!("pair {pair}: a gateway with {spooled} spooled starts in {} ms", starting.elapsed().as_millis());
        stage.link.set(Fault::None);
        let beside = sold_for(&stage, &book, 2 * pair + 1, lasts).await;
        stage.recover().await;
        for (name, half) in [("empty spool", &calm), ("beside a drain", &beside)] {
            println!(
                "pair {pair}, {name}: {} answers, {} of them the engine's, {:.1} ms in the middle, {:.1} ms of 99 in 100; \
                 {:.0} delivered a second, still draining at the end: {}",
                half.answers, half.by_engine, half.p50_ms, half.p99_ms, half.delivered_per_second, half.is_draining
            );
        }
        ratios.push(beside.p99_ms / calm.p99_ms);
        slower_ms.push(beside.p99_ms - calm.p99_ms);
    }
    println!("the gateway's memory at most {}", stage.gateway.memory_max());
    println!("of {pairs} pairs in the middle: {:.2} times, {:+.1} ms", middle(ratios), middle(slower_ms));
    let spool = stage.recover().await.spool.expect("the gateway has a spool");
    assert_eq!((spool.parked_count, spool.lost_record_count), (0, 0));
    nothing_is_lost_or_doubled(&stage, &book).await;
}

/// Tills sell for so long, and send what is open to its end.
async fn sold_for(stage: &Stage, book: &Arc<Book>, half: u64, lasts: Duration) -> Half {
    let half = usize::try_from(half).unwrap();
    let tills = usize::try_from(number("TESSERA_FAULT_TILLS", TILLS)).unwrap();
    book.scenario.store(half, Ordering::SeqCst);
    book.closing.store(false, Ordering::SeqCst);
    let waiting = async || stage.status().await.and_then(|status| status.spool).map_or(0, |spool| spool.waiting_count);
    let (before, began) = (waiting().await, Instant::now());
    let mut selling = JoinSet::new();
    for till in 0..tills {
        let endpoint = format!("http://{}", stage.till_link.address);
        // Another till each time: its receipts have other ids.
        selling.spawn(sell(endpoint, stage.folder.path().join("tills"), half * tills + till, PAUSE, Arc::clone(book)));
    }
    sleep(lasts).await;
    let (after, took) = (waiting().await, began.elapsed());
    book.closing.store(true, Ordering::SeqCst);
    while let Some(ended) = selling.join_next().await {
        ended.expect("a till ended with a fault");
    }
    let told = book.told.lock().unwrap();
    let of_half = || told.iter().filter(|told| told.scenario == half);
    let mut times: Vec<f64> = of_half().map(|told| (told.ended - told.began).as_secs_f64() * 1_000.0).collect();
    times.sort_by(f64::total_cmp);
    assert!(!times.is_empty(), "no till was answered");
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    let delivered = u32::try_from(before.saturating_sub(after)).unwrap();
    Half {
        p50_ms: at(50),
        p99_ms: at(99),
        answers: times.len(),
        by_engine: of_half().filter(|told| told.who == Who::Engine).count(),
        delivered_per_second: f64::from(delivered) / took.as_secs_f64(),
        is_draining: after > 0,
    }
}

/// What a till waits between two sales.
const PAUSE: Duration = Duration::from_millis(100);

/// Cuts the link and lays so many settles into the spool.
async fn fill(stage: &Stage, book: &Arc<Book>, numbers: std::ops::Range<u64>) {
    stage.link.set(Fault::Reset);
    let client = BillingServiceClient::connect(format!("http://{}", stage.gateway.address)).await.unwrap();
    let mut giving = JoinSet::new();
    for lane in 0..AT_ONCE {
        let (client, numbers, book) = (client.clone(), numbers.clone(), Arc::clone(book));
        giving.spawn(async move {
            for number in numbers.filter(|number| number % AT_ONCE == lane) {
                give(client.clone(), number, &book).await;
            }
        });
    }
    while let Some(ended) = giving.join_next().await {
        ended.unwrap();
    }
}

async fn give(mut client: BillingServiceClient<Channel>, number: u64, book: &Book) {
    let card = CARDS + usize::try_from(number % CUSTOMERS).unwrap();
    let (receipt, points) = backlog_receipt(number, card);
    let id = receipt.receipt_id.clone();
    let settle = SettleRequest { receipt: Some(receipt), attempt: 1, ..SettleRequest::default() };
    loop {
        match client.settle(settle.clone()).await {
            Ok(answer) => {
                let status = answer.get_ref().status();
                assert!(matches!(status, SettleStatus::Accepted | SettleStatus::Committed), "{answer:?}");
                break;
            }
            // Nobody knows: it is sent again.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
    book.paid.lock().unwrap().push((id, card, points));
}

fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

//! The gateway is killed again and again under tills that never stop, mostly without an engine: whatever it has acknowledged is
//! settled in the end, once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::proxy::Fault;
use super::run::{ALONE, nothing_is_lost_or_doubled, number};
use super::stage::Stage;
use super::tills::{Book, Who, sell};

/// Kills where nothing else is asked for.
const KILLS: u64 = 12;
/// Of so many kills one comes while the spool drains; the others find a gateway without an engine.
const ONLINE_EVERY: u64 = 4;
/// Advices that each gateway takes into its spool before it is killed.
const TAKEN: usize = 3;
/// The longest time from then to the kill, milliseconds.
const PAUSE_MS_MAX: u64 = 40;
/// After which time a gateway that takes nothing never will.
const TAKES_MAX: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn p3_h20_whatever_a_gateway_acknowledged_outlives_its_kills() {
    let _alone = ALONE.lock().await;
    let kills = number("TESSERA_FAULT_KILLS", KILLS);
    let mut chance = number("TESSERA_FAULT_SEED", 1);
    println!("{kills} kills, TESSERA_FAULT_SEED={chance}");
    let tills = usize::try_from(number("TESSERA_FAULT_TILLS", 12)).unwrap();
    let mut stage = Stage::set().await;
    let book = Arc::new(Book::default());
    let mut selling = JoinSet::new();
    for till in 0..tills {
        let endpoint = format!("http://{}", stage.till_link.address);
        let folder = stage.folder.path().join("tills");
        selling.spawn(sell(endpoint, folder, till, Duration::from_millis(50), Arc::clone(&book)));
    }
    let (began, mut slowest) = (Instant::now(), Duration::ZERO);
    for kill in 1..=kills {
        stage.link.set(if kill % ONLINE_EVERY == 0 { Fault::None } else { Fault::Reset });
        wait_for_load(&book, kill % ONLINE_EVERY == 0).await;
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis((chance >> 33) % PAUSE_MS_MAX)).await;
        stage.gateway.signal("-KILL");
        let starting = Instant::now();
        stage.restart_gateway();
        slowest = slowest.max(starting.elapsed());
        if kill % 100 == 0 {
            println!("{kill} kills in {:.0} s, {} answers", began.elapsed().as_secs_f64(), book.told.lock().unwrap().len());
        }
    }
    let took = began.elapsed();
    stage.link.set(Fault::None);
    book.closing.store(true, Ordering::SeqCst);
    while let Some(ended) = selling.join_next().await {
        ended.expect("a till ended with a fault");
    }
    let spool = stage.recover().await.spool.expect("the gateway has a spool");
    assert_eq!((spool.parked_count, spool.lost_record_count), (0, 0));
    let count = |who| book.told.lock().unwrap().iter().filter(|told| told.who == who).count();
    println!(
        "{kills} kills in {:.0} s; settles acknowledged by the spool {}, answers of the engine {}; slowest start {} ms",
        took.as_secs_f64(),
        count(Who::Spool),
        count(Who::Engine),
        slowest.as_millis()
    );
    assert!(count(Who::Spool) > 0, "nothing was ever in the spool");
    nothing_is_lost_or_doubled(&stage, &book).await;
}

/// Waits until the gateway that runs now has taken some advices: each kill hits one that is at work.
async fn wait_for_load(book: &Book, online: bool) {
    let taken = || {
        let told = book.told.lock().unwrap();
        told.iter().filter(|told| told.who == Who::Spool || online && told.who == Who::Engine).count()
    };
    let (began, before) = (Instant::now(), taken());
    while taken() < before + TAKEN {
        assert!(began.elapsed() < TAKES_MAX, "the gateway takes nothing");
        sleep(Duration::from_millis(2)).await;
    }
}

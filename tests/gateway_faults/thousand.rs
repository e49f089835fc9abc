//! A thousand tills over twenty streams, each with one receipt under way and none of them pausing: they are served in turn.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tessera_till::Conversation;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::run::number;
use super::stage::Stage;
use super::tills::{Book, Told, Who, sell_over};

const STREAMS: usize = 20;
/// Sales that the till in the middle has made when the play is over.
const SALES: u64 = 8;
/// After which time nobody is served.
const LASTS_MAX: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tills_on_twenty_streams_are_served_in_turn() {
    let _alone = super::run::ALONE.lock().await;
    let count = usize::try_from(number("TESSERA_FAULT_TILLS", 1_000)).unwrap();
    let sales = usize::try_from(number("TESSERA_FAULT_SALES", SALES)).unwrap();
    let stage = Stage::set().await;
    let endpoint = format!("http://{}", stage.gateway.address);
    let streams: Vec<Conversation> = (0..STREAMS).map(|_| Conversation::connect(&endpoint, None).unwrap()).collect();
    let book = Arc::new(Book::default());
    let began = Instant::now();
    let mut selling = JoinSet::new();
    for till in 0..count {
        selling.spawn(sell_over(streams[till % STREAMS].clone(), till, Arc::clone(&book)));
    }
    while middle(&sold(&book, count)) < sales {
        assert!(began.elapsed() < LASTS_MAX, "the till in the middle has made {} sales", middle(&sold(&book, count)));
        sleep(Duration::from_millis(100)).await;
    }
    let (took, sold) = (began.elapsed(), sold(&book, count));
    let told = std::mem::take(&mut *book.told.lock().unwrap());
    book.closing.store(true, Ordering::SeqCst);
    while selling.join_next().await.is_some() {}
    report(&stage, &told, &sold, took);
    let least = sold.iter().min().copied().unwrap();
    assert!(least * 2 >= middle(&sold), "the slowest till has made {least} sales, the one in the middle {}", middle(&sold));
}

/// Sales of each till so far.
fn sold(book: &Book, tills: usize) -> Vec<usize> {
    let mut sold = vec![0; tills];
    for (_, till) in book.sold.lock().unwrap().iter() {
        sold[*till] += 1;
    }
    sold
}

fn middle(sold: &[usize]) -> usize {
    let mut sorted = sold.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn report(stage: &Stage, told: &[Told], sold: &[usize], took: Duration) {
    let all: usize = sold.iter().sum();
    let per_second = u128::try_from(all).unwrap() * 1_000 / took.as_millis().max(1);
    println!("{} tills on {STREAMS} streams, {all} sales in {:.1} s: {per_second} a second", sold.len(), took.as_secs_f64());
    let (least, most) = (sold.iter().min().unwrap(), sold.iter().max().unwrap());
    println!("sales of a till: {least} least, {} in the middle, {most} most", middle(sold));
    let mut times: Vec<Duration> = told.iter().map(|told| told.ended - told.began).collect();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_millis();
    println!("an answer: {} ms in the middle, {} ms of 99 in 100, {} ms the slowest", at(50), at(99), at(100));
    let mut by: BTreeMap<Who, usize> = BTreeMap::new();
    for told in told {
        *by.entry(told.who).or_default() += 1;
    }
    println!("answered by: {by:?}; the gateway's memory at most {}", stage.gateway.memory_max());
}

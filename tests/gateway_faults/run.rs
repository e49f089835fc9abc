//! The play: all scenarios under tills that never stop, then the proof that nothing was lost and nothing doubled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::{GetReceiptRequest, IdentifyRequest, ReceiptState, get_receipt_request};
use tessera_till::BUDGET_DEFAULT;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::heartbeat::Heartbeat;
use super::stage::Stage;
use super::tills::{Book, CARDS, Told, Who, card, sell};
use super::{report, scenarios};

/// Within this every till asks something and is answered: a call that was open, a pause, and a call.
const ANSWERED_MAX: Duration = Duration::from_secs(30);

/// A number of the environment.
pub(super) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Both plays measure, so one waits for the other.
pub(super) static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn p1_p2_p3_every_till_is_answered_in_time_whatever_fails_and_nothing_is_lost_or_doubled() {
    let _alone = ALONE.lock().await;
    let seconds = number("TESSERA_FAULT_SECONDS", 0);
    let lasts = if seconds == 0 { Duration::from_secs(1) } else { Duration::from_secs(seconds) };
    let tills = usize::try_from(number("TESSERA_FAULT_TILLS", 12)).unwrap();
    let pause = if tills > 100 { Duration::from_secs(5) } else { Duration::from_millis(100) };

    let mut stage = Stage::set().await;
    let heartbeat = Heartbeat::start();
    let book = Arc::new(Book::default());
    let mut selling = JoinSet::new();
    for till in 0..tills {
        let endpoint = format!("http://{}", stage.till_link.address);
        selling.spawn(sell(endpoint, stage.folder.path().join("tills"), till, pause, Arc::clone(&book)));
    }
    let mut names = Vec::new();
    for (name, trouble) in scenarios::all() {
        if !trouble.is_possible(&stage) {
            continue;
        }
        book.scenario.store(names.len(), Ordering::SeqCst);
        names.push(name);
        trouble.begin(&mut stage, names.len());
        let scenario = names.len() - 1;
        let began = Instant::now();
        // It lasts until every till has asked something while it lasted, and has its answer.
        while began.elapsed() < lasts || book.tills_answered(scenario) < tills {
            assert!(began.elapsed() < lasts + ANSWERED_MAX, "{}: a till got no answer at all", names[scenario]);
            sleep(Duration::from_millis(20)).await;
        }
        trouble.end(&mut stage);
        let status = stage.recover().await;
        let spool = status.spool.expect("the gateway has a spool");
        assert_eq!((spool.parked_count, spool.lost_record_count), (0, 0), "{}", names.last().unwrap());
    }
    book.closing.store(true, Ordering::SeqCst);
    while let Some(ended) = selling.join_next().await {
        ended.expect("a till ended with a fault");
    }
    stage.recover().await;
    let told = book.told.lock().unwrap().clone();
    the_pack_decides(&names, &told);
    let late = report::print(&names, &told, &heartbeat, BUDGET_DEFAULT);
    nothing_is_lost_or_doubled(&stage, &book).await;
    assert!(late.is_empty(), "{}", late.join("\n"));
}

/// While the engine is gone tills are answered by the rule pack, also by a gateway that was started without an engine.
fn the_pack_decides(names: &[String], told: &[Told]) {
    for scenario in ["engine killed", "engine stopped", "link silent", "gateway killed without an engine"] {
        let place = names.iter().position(|name| name == scenario).unwrap();
        let by = |who: Who| told.iter().filter(|told| told.scenario == place && told.who == who).count();
        assert!(by(Who::Pack) > 0, "{scenario}: no quote was decided by the pack, {} were left unchanged", by(Who::Gateway));
    }
}

/// Every receipt that was paid is settled, and each card has what its receipts earned, once.
pub(super) async fn nothing_is_lost_or_doubled(stage: &Stage, book: &Book) {
    let mut engine = BillingServiceClient::connect(format!("http://{}", stage.engine.address)).await.unwrap();
    let paid = book.paid.lock().unwrap().clone();
    let mut earned: BTreeMap<usize, i64> = BTreeMap::new();
    for (id, card, points) in &paid {
        let receipt = Some(get_receipt_request::Receipt::ReceiptId(id.clone()));
        let answer = engine.get_receipt(GetReceiptRequest { receipt, contract_minor: 0 }).await.unwrap().into_inner();
        assert_eq!(answer.state(), ReceiptState::Settled, "{id} is lost");
        *earned.entry(*card).or_default() += points;
    }
    for number in 0..CARDS {
        let request = IdentifyRequest { customer: card(number), store_id: "S1".to_owned(), ..IdentifyRequest::default() };
        let answer = engine.identify(request).await.unwrap().into_inner();
        let points: i64 = answer.balances.iter().map(|balance| balance.available_units + balance.vesting_units).sum();
        assert_eq!(points, earned.get(&number).copied().unwrap_or_default(), "card {number}");
    }
    println!("{} receipts paid, each settled once", paid.len());
}

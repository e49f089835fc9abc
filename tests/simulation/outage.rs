//! Three days without the link, and what comes of them when it is back: everything is settled once, who has waited for more than a
//! day is told at once, also at night, and listed as late because of the link; everybody else is told in time.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tessera_crm::notices::notice::{Fault, Notice, NoticeKind};
use tessera_engine::clock::Clock as _;
use tessera_proto::billing::v1::SettleRequest;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

use super::chance::Chance;
use super::link::{Link, Weather};
use super::notices::Crm;
use super::play::{each_is_settled_once, folder, number, runtime, simulated};
use super::till::{Book, receipt, settled};
use super::world::{BEGIN, Time, World};

/// Receipts where nothing else is asked for.
const RECEIPTS: u64 = 600;
const OUTAGE: Duration = Duration::from_secs(72 * 3_600);
/// Groups in which they come: within one each is a till's, and its time of sale that of the group.
const GROUPS: u64 = 200;
const TILLS: u64 = 40;
/// After this simulated time, and a second for each ten receipts, something that waits is never delivered.
const DRAINED_MAX: Duration = Duration::from_secs(600);
/// How soon after it was booked «at once» is.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(5);
/// When the link comes back everybody sleeps; an hour before they wake what is due in the day is not yet urgent.
const QUIET: &str = "21:00-08:00";
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[test]
fn h57_p8_of_three_days_without_the_link_nothing_is_lost_and_what_is_older_than_a_day_is_told_at_once_and_listed_as_late_by_the_link()
 {
    let receipts = number("TESSERA_SIMULATE_RECEIPTS", RECEIPTS);
    runtime().block_on(simulated(outage(receipts)));
}

/// What the receipts are, by number.
#[derive(Clone, Copy, Debug)]
struct Sales {
    begin: Timestamp,
    receipts: u64,
    cards: u64,
}

impl Sales {
    fn group(&self) -> u64 {
        self.receipts.div_ceil(GROUPS)
    }

    fn sold_at(&self, number: u64) -> Timestamp {
        let share = OUTAGE / u32::try_from(self.receipts.div_ceil(self.group())).unwrap();
        self.begin + share * u32::try_from(number / self.group()).unwrap()
    }

    fn id(number: u64) -> String {
        format!("S1/T{}/{number}/o", number % TILLS)
    }

    fn settle(&self, number: u64) -> SettleRequest {
        let (holder, units) = (number.wrapping_mul(7_919) % self.cards, 1 + number % 9);
        let receipt = receipt((Self::id(number), number % TILLS), self.sold_at(number), holder, units);
        SettleRequest { receipt: Some(receipt), attempt: 1, ..SettleRequest::default() }
    }
}

async fn outage(receipts: u64) {
    let folder = folder();
    let world = Arc::new(World::new(Time::begin(), Link::new(Chance::of(1)), folder.path().join("spool")).await);
    let sales = Sales { begin: BEGIN.parse().unwrap(), receipts, cards: (receipts / 20).clamp(7, 9_999) };
    world.link.set(Weather::Down);
    world.start_gateway().await;
    let book = Arc::new(Book::default());
    for first in (0..receipts).step_by(usize::try_from(sales.group()).unwrap()) {
        until(&world, sales.sold_at(first)).await;
        sell(&world, &book, sales, first..receipts.min(first + sales.group())).await;
    }
    until(&world, sales.begin + OUTAGE).await;
    assert_eq!(world.waiting(), receipts, "everything was accepted, and nothing could be delivered");

    let mut crm = Crm::open(Arc::clone(&world.time), QUIET).await;
    let (back, began) = (world.time.now(), Instant::now());
    world.link.set(Weather::Good);
    while !world.is_drained() {
        assert!(began.elapsed() < DRAINED_MAX + Duration::from_millis(receipts * 100), "{} wait", world.waiting());
        sleep(Duration::from_millis(200)).await;
        crm.work(&world).await;
    }
    let drained = began.elapsed();
    crm.work(&world).await;
    // They wake up.
    until(&world, back + SignedDuration::from_hours(2)).await;
    crm.work(&world).await;
    each_is_settled_once(&world, || (0..receipts).map(|number| sales.settle(number)), &[], sales.cards).await;
    let late = told_once_and_in_time(&crm, sales, back).await;
    println!(
        "{receipts} receipts in {} h, drained in {} simulated seconds; {late} told at once and late because of the link; \
         the slowest answer after {} ms",
        OUTAGE.as_secs() / 3_600,
        drained.as_secs(),
        book.slowest.lock().unwrap().as_millis()
    );
}

/// Lets simulated time pass until then, in one leap: nobody waits for an answer.
async fn until(world: &World, at: Timestamp) {
    let left = Duration::try_from(at.duration_since(world.time.now())).unwrap_or_default();
    advance(left).await;
}

/// Tills send the settles of these numbers at once, until each is acknowledged.
async fn sell(world: &Arc<World>, book: &Arc<Book>, sales: Sales, numbers: std::ops::Range<u64>) {
    let mut selling = JoinSet::new();
    for number in numbers {
        let (book, mut counter) = (Arc::clone(book), world.counter());
        selling.spawn(async move {
            while !settled(&book, &mut counter, &sales.settle(number)).await {
                sleep(Duration::from_millis(500)).await;
            }
        });
    }
    while let Some(ended) = selling.join_next().await {
        ended.unwrap();
    }
}

/// Each customer had one message for each receipt, and those whom the link made late are listed so; how many they are.
async fn told_once_and_in_time(crm: &Crm, sales: Sales, back: Timestamp) -> i64 {
    let mut late = 0;
    let mut told = crm.told();
    for number in 0..sales.receipts {
        let id = Sales::id(number);
        let notice = crm.notice(&id).await;
        let times = told.remove(&Notice::mark(NoticeKind::Deferred, &id)).unwrap_or_default();
        let [told_at] = times[..] else { panic!("{id} was told at {times:?}: {notice:?}") };
        let due_at = sales.sold_at(number) + DAY;
        assert_eq!(notice.due_at, due_at);
        assert!(notice.booked_at >= back);
        let expected = (told_at > due_at).then_some(Fault::Link);
        assert_eq!(notice.late, expected, "{id}, booked at {}, told at {told_at}", notice.booked_at);
        if due_at < notice.booked_at {
            assert!(
                told_at.duration_since(notice.booked_at) <= AT_ONCE,
                "{id}, booked at {}, told at {told_at}",
                notice.booked_at
            );
        }
        late += i64::from(expected.is_some());
    }
    assert!(told.is_empty(), "{told:?}");
    assert!(late > 0 && late < i64::try_from(sales.receipts).unwrap());
    crm.lists_as_late(late).await;
    late
}

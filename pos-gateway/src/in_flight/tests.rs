//! Tests of the limit, under a clock that stands still: an engine that works on so many calls at once and lets the rest wait.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::*;

const WORK: Duration = Duration::from_millis(10);
const SECOND: Duration = Duration::from_secs(1);

/// An engine that works on so many at once.
fn engine(at_once: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(at_once))
}

/// Callers of a class that call without a pause, and count what was answered within the budget.
fn load(limit: &InFlight, engine: &Arc<Semaphore>, class: Class, (callers, budget): (usize, Duration)) -> Arc<AtomicU32> {
    let good = Arc::new(AtomicU32::new(0));
    for _ in 0..callers {
        let (limit, engine, good) = (limit.clone(), Arc::clone(engine), Arc::clone(&good));
        tokio::spawn(async move {
            loop {
                let one = async {
                    let permit = limit.enter(class, Instant::now() + budget).await?;
                    let _place = engine.acquire().await.unwrap();
                    sleep(WORK).await;
                    permit.answered();
                    Some(())
                };
                if timeout(budget, one).await == Ok(Some(())) {
                    good.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    good
}

/// What was answered in one second.
async fn in_a_second(good: &AtomicU32) -> u32 {
    let before = good.load(Ordering::Relaxed);
    sleep(SECOND).await;
    good.load(Ordering::Relaxed) - before
}

#[tokio::test(start_paused = true)]
async fn h50_three_times_the_load_leaves_nine_tenths_of_what_the_engine_can_do_in_time() {
    let peak = 20 * 100;
    // Without a limit 300 callers would wait 150 ms each in the engine, and nobody would be answered in time.
    for callers in [20, 60, 300] {
        let (limit, engine) = (InFlight::default(), engine(20));
        let good = load(&limit, &engine, Class::Fact, (callers, Duration::from_millis(100)));
        sleep(SECOND * 22).await;
        let goodput = in_a_second(&good).await;
        assert!(goodput * 10 >= peak * 9, "{callers} callers: {goodput} of {peak} in time, limit {:?}", limit.now());
        assert!(limit.now().0 < 100.0, "{callers} callers: the limit stays near what the engine can do: {:?}", limit.now());
    }
}

#[tokio::test(start_paused = true)]
async fn h50_an_engine_that_becomes_slow_is_sent_less_and_a_fast_one_more() {
    let (limit, engine) = (InFlight::default(), engine(400));
    let _good = load(&limit, &engine, Class::Fact, (900, SECOND));
    sleep(SECOND * 5).await;
    let (wide, _) = limit.now();
    assert!(wide > 300.0, "{wide}");
    let taken = engine.acquire_many(390).await.unwrap();
    sleep(SECOND * 5).await;
    let (narrow, _) = limit.now();
    assert!(narrow < wide / 2.0, "from {wide} to {narrow}");
    drop(taken);
}

/// Numbers from 0 to 1, the same in every run.
fn chance(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// Questions that come by chance, so many a second over two windows, to an engine that has room for all of them and takes
/// as long as is said; the share that an engine does not answer within the budget, and is the rule pack's.
async fn left_to_the_pack(a_second: f64, mut takes: impl FnMut() -> f64) -> f64 {
    let limit = InFlight::default();
    let mut chance = chance(0x7E55_E7A5);
    let mut asked = tokio::task::JoinSet::new();
    let until = Instant::now() + SECOND * 15;
    let mut next = Instant::now();
    while next < until {
        next += Duration::from_secs_f64(-chance().max(1e-9).ln() / a_second);
        tokio::time::sleep_until(next).await;
        let (limit, work) = (limit.clone(), Duration::from_secs_f64(takes()));
        asked.spawn(async move {
            let one = async {
                let permit = limit.enter(Class::Question, Instant::now() + SECOND).await?;
                sleep(work).await;
                permit.answered();
                Some(())
            };
            timeout(SECOND, one).await == Ok(Some(()))
        });
    }
    let all = asked.join_all().await;
    let left = u32::try_from(all.iter().filter(|answered| !**answered).count()).unwrap();
    f64::from(left) / f64::from(u32::try_from(all.len()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn h50_an_idle_engine_is_asked_everything_however_its_answers_differ_by_nature() {
    let mut by = chance(1);
    // A fifth of them are answered from memory.
    let mixed = left_to_the_pack(3_000.0, || if by() < 0.2 { 0.001 } else { 0.010 }).await;
    assert!(mixed < 0.001, "of mixed times {mixed}");
    let mut by = chance(2);
    // A mobile link, of which each answer waits some time by chance.
    let jittered = left_to_the_pack(200.0, || 0.060 - 0.060 * by().max(1e-9).ln()).await;
    assert!(jittered < 0.001, "of a link with jitter {jittered}");
}

#[tokio::test(start_paused = true)]
async fn h50_deliveries_and_questions_never_take_what_is_kept_for_settles() {
    let (limit, engine) = (InFlight::default(), engine(20));
    let deliveries = load(&limit, &engine, Class::Delivery, (200, SECOND));
    let questions = load(&limit, &engine, Class::Question, (200, SECOND));
    sleep(SECOND * 3).await;
    // Ten tills settle, one after another: each is answered as if nobody else were there, but for what is under way.
    let settles = load(&limit, &engine, Class::Fact, (10, Duration::from_millis(100)));
    let settled = in_a_second(&settles).await;
    assert!(settled >= 150, "{settled} settles in a second");
    assert!(in_a_second(&questions).await > 0 && in_a_second(&deliveries).await > 0, "each class goes on");
}

#[tokio::test(start_paused = true)]
async fn h50_who_waits_is_let_in_by_class_and_who_has_left_keeps_no_place() {
    let limit = InFlight::default();
    let mut held = Vec::new();
    while limit.state().has_room(Class::Fact) {
        held.push(limit.enter(Class::Fact, Instant::now()).await.unwrap());
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    for class in [Class::Delivery, Class::Question, Class::Fact, Class::Delivery, Class::Fact] {
        // Each class has one under way, so that none is let in for being alone.
        limit.state().begin(class);
        let (limit, order) = (limit.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let _permit = limit.enter(class, Instant::now() + SECOND).await.unwrap();
            order.lock().unwrap().push(class);
        });
    }
    assert!(limit.enter(Class::Fact, Instant::now() + WORK).await.is_none(), "there is no room");
    held.clear();
    sleep(WORK).await;
    assert_eq!(*order.lock().unwrap(), [Class::Fact, Class::Fact, Class::Question, Class::Delivery, Class::Delivery]);
    assert_eq!(limit.now().1, 5, "what has left has left nothing behind");
}

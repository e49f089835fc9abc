//! Stops: at any commit, and while a provider has the message.

use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::*;

/// Runs workers, each until its storage fails, until then.
async fn run_anew(world: &World, until: &str) {
    loop {
        let Ok(mut worker) = Worker::open(world.tools.clone()).await else { continue };
        loop {
            match worker.pass().await {
                Ok(wake) if wake >= at(until) => return,
                Ok(wake) => world.clock.set(wake.max(world.clock.now())),
                Err(_) => break,
            }
        }
    }
}

#[tokio::test]
async fn p8_h62_a_stop_at_any_commit_loses_no_notice_and_repeats_only_what_is_counted() {
    for fault in [StorageFault::Unavailable, StorageFault::UnknownAfterApplying, StorageFault::UnknownBeforeApplying] {
        for nth in 1..24 {
            let mut world = World::new(vec![(route("a"), vec![])]);
            drop(world.worker().await);
            world.feed(vec![sale("A", "c-1"), sale("B", "c-2"), sale("C", "c-nophone")]).await;
            world.storage.inject(nth, fault);
            run_anew(&world, TOMORROW).await;
            for chain in ["A", "B"] {
                let notice = world.notice(chain).await;
                let times = world.times(chain);
                assert_eq!(notice.state, State::Unconfirmed, "{fault:?} {nth}: {notice:?}");
                assert_eq!(notice.late, None);
                assert!((1..=1 + notice.unknowns()).contains(&times), "{fault:?} {nth}: {times} times, {notice:?}");
                assert!(notice.unknowns() <= 1);
            }
            assert_eq!(world.notice("C").await.state, State::Undeliverable(Reason::NoAddress));
        }
    }
}

/// Takes every message and never answers the first.
#[derive(Debug, Default)]
struct NeverAnswers {
    taken: Mutex<Vec<Message>>,
    has_taken: Notify,
}

#[async_trait]
impl Carrier for NeverAnswers {
    async fn send(&self, message: &Message) -> Answer {
        let is_first = {
            let mut taken = self.taken.lock().unwrap();
            taken.push(message.clone());
            taken.len() == 1
        };
        self.has_taken.notify_one();
        if is_first {
            std::future::pending::<()>().await;
        }
        Answer::Accepted { provider_id: String::new() }
    }
}

#[tokio::test]
async fn h62_a_process_that_ends_while_the_provider_has_the_message_repeats_it_once_with_its_mark_after_ten_minutes() {
    let mut world = World::new(vec![(route("a"), vec![])]);
    let carrier = Arc::new(NeverAnswers::default());
    world.tools.routes[0].carrier = carrier.clone();
    let mut worker = world.worker().await;
    world.feed(vec![sale("A", "c-1")]).await;
    {
        let (pass, taken) = (pin!(worker.pass()), pin!(carrier.has_taken.notified()));
        let ended = select(pass, taken).await;
        assert!(matches!(ended, Either::Right(_)), "the provider has it and does not answer");
    }
    assert_eq!(world.notice("A").await.state, State::Sending, "it was written down before it was sent");
    let mut worker = world.worker().await;
    world.run(&mut worker, "2026-11-23T12:09:59Z").await;
    assert_eq!(carrier.taken.lock().unwrap().len(), 1);
    world.run(&mut worker, TOMORROW).await;
    let taken = carrier.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 2);
    assert_eq!((&taken[0].mark, taken[0].is_again, taken[1].is_again), (&taken[1].mark, false, true));
    assert_eq!(world.notice("A").await.state, State::Unconfirmed);
}

#[tokio::test]
async fn h62_what_is_unknown_twice_goes_to_people_and_a_receipt_settles_it() {
    let mut world = World::new(vec![(route("a"), vec![(NOON.."2026-11-24T12:00:00Z", Trouble::TakesInSilence)])]);
    let mut worker = world.worker().await;
    world.feed(vec![sale("A", "c-1")]).await;
    world.run(&mut worker, "2026-11-24T11:30:00Z").await;
    let notice = world.notice("A").await;
    assert_eq!((world.times("A"), notice.unknowns()), (2, 2));
    // The second one was sent when it had become urgent: a route that is silent is tried by new messages.
    assert!(notice.attempts[1].started_at >= at("2026-11-24T11:00:00Z"), "{notice:?}");
    world.run(&mut worker, TOMORROW).await;
    assert_eq!(world.notice("A").await.state, State::Unknown);
    let now = world.clock.now();
    let delivered = |notice: &mut Notice| progress::receipt(notice, "a", Receipt::Delivered, now, &[]);
    world.book.change(&notice.own_mark(), delivered).await.unwrap().unwrap();
    assert_eq!(world.notice("A").await.state, State::Delivered);
    assert!(world.book.hints(layout::FOR_PEOPLE, None, 10).await.unwrap().is_empty());
}

//! A provider that is away for most of a day, an engine that does not answer, and who goes first afterwards.

use super::*;

/// How many notices; `TESSERA_NOTICES=1000000` for the long run.
fn count() -> usize {
    std::env::var("TESSERA_NOTICES").ok().and_then(|count| count.parse().ok()).unwrap_or(3_000)
}

/// Sales of every minute of so many hours, evenly.
async fn sell(world: &mut World, worker: &mut Worker, hours: usize, count: usize) {
    let minutes = hours * 60;
    let mut sold = 0;
    for minute in 0..minutes {
        let now = at(NOON).saturating_add(SignedDuration::from_mins(i64::try_from(minute).unwrap())).unwrap();
        world.run(worker, &now.to_string()).await;
        let until = count * (minute + 1) / minutes;
        let outcomes = (sold..until).map(|number| deferred(&format!("R{number}"), &format!("c-{number}"), now, 5)).collect();
        world.feed(outcomes).await;
        sold = until;
    }
}

#[tokio::test]
async fn p8_h65_twenty_hours_without_the_provider_make_no_notice_late_and_tell_none_twice() {
    let outage = "2026-11-23T12:00:00Z".."2026-11-24T08:00:00Z";
    let fast = RouteSettings { per_second: 200, ..route("a") };
    let mut world = World::new(vec![(fast, vec![(outage, Trouble::Gone)])]);
    let mut worker = world.worker().await;
    let count = count();
    sell(&mut world, &mut worker, 20, count).await;
    let (commits, _) = world.storage.tip();
    // Each notice was written once, and the place in the feed each minute; beside these only what tried the route out.
    let tries = u64::try_from(world.providers[0].asked.load(Ordering::SeqCst)).unwrap();
    let tries_max = u64::try_from(20 * 60 + 10 + PAGE_MAX).unwrap();
    assert!(tries <= tries_max, "{tries} tries in twenty hours");
    let made = u64::try_from(count + 20 * 60).unwrap();
    assert!(commits <= made + 2 * tries + 40, "{commits} commits for {made} and {tries} tries");
    world.run(&mut worker, "2026-11-24T12:00:00Z").await;
    let got = world.got();
    assert_eq!((got.len(), got.values().filter(|times| **times > 1).count()), (count, 0));
    let counts = world.book.counts().await.unwrap();
    let told = i64::try_from(count).unwrap();
    assert_eq!((counts["unconfirmed"], counts["late_ours"], counts["late_provider"]), (told, 0, 0), "{counts:?}");
    assert_eq!(worker.outages().len(), 1);
}

#[tokio::test]
async fn h62_a_provider_that_takes_messages_in_silence_for_hours_gets_few_and_all_are_told() {
    let outage = "2026-11-23T12:00:00Z".."2026-11-23T18:00:00Z";
    let mut world = World::new(vec![(route("a"), vec![(outage, Trouble::TakesInSilence)])]);
    let mut worker = world.worker().await;
    sell(&mut world, &mut worker, 6, 600).await;
    let unknown = world.got().len();
    assert!(unknown < 6 * 6 + 15 + PAGE_MAX, "{unknown} notices of unknown fate in six hours");
    world.run(&mut worker, "2026-11-23T18:15:00Z").await;
    let got = world.got();
    assert_eq!(got.len(), 600, "a quarter of an hour after it was back");
    assert!(got.values().all(|times| *times <= 2));
    assert_eq!(got.values().filter(|times| **times == 2).count(), unknown, "each of them once more, and no other");
    let counts = world.book.counts().await.unwrap();
    assert_eq!((counts["unconfirmed"], counts["unknown"], counts["late_ours"]), (600, 0, 0), "{counts:?}");
}

#[tokio::test]
async fn h65_of_a_backlog_the_earliest_deadline_goes_first_and_who_is_late_has_somebody_at_fault() {
    let outage = "2026-11-23T12:00:00Z".."2026-11-24T12:10:00Z";
    let slow = RouteSettings { per_second: 1, ..route("a") };
    let mut world = World::new(vec![(slow, vec![(outage, Trouble::Gone)])]);
    let mut worker = world.worker().await;
    sell(&mut world, &mut worker, 20, 2_000).await;
    // One that was sold long ago and comes now, and one that comes when it is too late already.
    world.run(&mut worker, "2026-11-24T11:20:00Z").await;
    let booked = |receipt: &str, sold_at: &str| {
        let booked_at = Some(tessera_contract::convert::timestamp_to_wire(at("2026-11-24T11:20:00Z")));
        Outcome { booked_at, ..deferred(receipt, "c-1", at(sold_at), 5) }
    };
    world.feed(vec![booked("soon", "2026-11-23T11:55:00Z"), booked("missed", "2026-11-22T12:00:00Z")]).await;
    world.run(&mut worker, "2026-11-24T14:00:00Z").await;
    let order: Vec<String> = world.providers[0].got.lock().unwrap().iter().map(|(mark, ..)| mark.clone()).collect();
    let place = |chain: &str| order.iter().position(|mark| *mark == Notice::mark(NoticeKind::Deferred, chain)).unwrap();
    assert_eq!((place("missed"), place("soon")), (0, 1));
    assert!(place("R0") < place("R1000") && place("R1000") < place("R1999"));
    let provider = Some(Fault::Provider);
    for (chain, fault) in [("missed", Some(Fault::Link)), ("soon", provider), ("R0", provider), ("R1999", None)] {
        assert_eq!(world.notice(chain).await.late, fault, "{chain}");
    }
    let counts = world.book.counts().await.unwrap();
    assert_eq!((counts["unconfirmed"], counts["late_ours"], counts["late_link"]), (2_002, 0, 1), "{counts:?}");
    let late = usize::try_from(counts["late_link"] + counts["late_provider"]).unwrap();
    assert_eq!(world.book.hints(layout::LATE, None, 10_000).await.unwrap().len(), late);
    assert!((15..40).contains(&late), "{late} were due before the provider was back");
}

#[tokio::test]
async fn notices_wait_for_an_engine_that_does_not_answer() {
    let mut world = World::new(vec![(route("a"), vec![])]);
    let mut worker = world.worker().await;
    world.people.is_away.store(true, Ordering::SeqCst);
    world.feed(vec![sale("A", "c-1")]).await;
    world.run(&mut worker, "2026-11-23T12:05:00Z").await;
    assert_eq!((world.notice("A").await.state, world.times("A")), (State::Due, 0));
    world.people.is_away.store(false, Ordering::SeqCst);
    world.run(&mut worker, "2026-11-23T12:05:10Z").await;
    assert_eq!(world.times("A"), 1);
}

#[tokio::test]
async fn h63_a_provider_that_throttles_loses_nothing_and_is_not_away() {
    let until = "2026-11-23T12:10:00Z";
    let mut world = World::new(vec![(RouteSettings { per_second: 50, ..route("a") }, vec![(NOON..until, Trouble::Throttles)])]);
    let mut worker = world.worker().await;
    world.feed((0..500).map(|number| sale(&format!("R{number}"), "c-1")).collect()).await;
    world.run(&mut worker, until).await;
    let asked = world.providers[0].asked.load(Ordering::SeqCst);
    assert!(asked < 300, "{asked} asked in ten minutes of throttling");
    assert!(worker.outages().is_empty());
    world.run(&mut worker, "2026-11-23T14:00:00Z").await;
    assert_eq!(world.got().len(), 500);
    assert!(world.got().values().all(|times| *times == 1));
}

//! What each end of a delivery means for its entry, and how fast entries go.

use super::*;
use crate::call::Call;

fn engine(refusal: Refusal) -> Failed {
    Failed::Engine(refusal.into_status())
}

#[test]
fn h58_a_refusal_that_a_repeat_would_not_change_parks_and_what_may_pass_does_not() {
    let second = Duration::from_secs(1);
    let table = [
        (None, Verdict::Delivered),
        (Some(Failed::Link(Status::unavailable("gone"))), Verdict::Wait(second)),
        (Some(Failed::Overdue), Verdict::Later(second)),
        (Some(engine(Refusal::TooManyWaiting { retry_after: second * 3 })), Verdict::Wait(second * 3)),
        (Some(engine(Refusal::ShuttingDown)), Verdict::Wait(second)),
        (Some(engine(Refusal::InProgress)), Verdict::Later(second)),
        (Some(engine(Refusal::UpgradeEngine { theirs: 9, ours: 1 })), Verdict::Later(UPGRADE_WAIT)),
    ];
    for (failed, expected) in table {
        assert_eq!(verdict(failed.as_ref()), expected, "{failed:?}");
    }
    for refusal in [Refusal::Conflict, Refusal::TooOld { remembered_days: 400 }, Refusal::WrongClaimCode, Refusal::ClaimClosed] {
        let reason = refusal.reason_name();
        let parked = verdict(Some(&engine(refusal)));
        assert!(matches!(&parked, Verdict::Park(text) if text.contains(reason)), "{parked:?}");
    }
    let fault = engine(Refusal::fault("receipt.lines[3].sku", "is required"));
    assert!(matches!(verdict(Some(&fault)), Verdict::Park(text) if text.contains("receipt.lines[3].sku is required")));
    let unread = verdict(Some(&Failed::Unread(Status::out_of_range("too long"))));
    assert!(matches!(&unread, Verdict::TryAgain(text) if text.contains("too long")), "{unread:?}");
    for refusal in [Refusal::Quarantined, Refusal::Internal { support_number: 1 }, Refusal::ForeignStore] {
        let own = verdict(Some(&engine(refusal)));
        assert!(matches!(own, Verdict::TryAgain(_)), "{own:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h57_deliveries_go_one_more_at_a_time_and_half_as_many_where_live_calls_feel_it() {
    let live = Live::default();
    let mut pace = Pace::new();
    for _ in 0..40 {
        pace.after(&Verdict::Delivered, &live);
    }
    assert_eq!(pace.window, DELIVERIES_MAX, "nobody calls");

    tokio::time::advance(Duration::from_secs(5)).await;
    live.answered(Duration::from_millis(2));
    pace.after(&Verdict::Delivered, &live);
    assert_eq!(pace.window, DELIVERIES_BESIDE_CALLS_MAX, "tills call");

    live.deliveries.store(1, Ordering::Relaxed);
    for _ in 0..40 {
        live.answered(Duration::from_millis(20));
    }
    for expected in [2, 1, 1] {
        pace.after(&Verdict::Delivered, &live);
        assert_eq!((pace.window, pace.not_before), (expected, Instant::now() + DELIVERY_PAUSE));
    }
    for _ in 0..80 {
        live.answered(Duration::from_millis(2));
    }
    pace.after(&Verdict::Delivered, &live);
    assert_eq!(pace.window, 2, "they are as fast as before");

    pace.after(&Verdict::Wait(Duration::from_secs(7)), &live);
    assert_eq!((pace.window, pace.not_before), (1, Instant::now() + Duration::from_secs(7)), "the engine asks for a pause");
}

#[tokio::test(start_paused = true)]
async fn h57_live_calls_that_get_no_answer_slow_deliveries_down_and_what_did_not_go_well_makes_them_no_more() {
    let budget = Duration::from_millis(2_250);
    let live = Live::default();
    let mut pace = Pace::new();
    tokio::time::advance(Duration::from_secs(5)).await;
    live.answered(Duration::from_millis(2));
    live.choked(budget);
    for _ in 0..3 {
        pace.after(&Verdict::Delivered, &live);
    }
    assert_eq!(pace.window, 4, "without deliveries they are no cause");
    for verdict in [Verdict::Later(budget), Verdict::TryAgain("Internal".to_owned())] {
        pace.window = 2;
        pace.after(&verdict, &live);
        assert_eq!(pace.window, 2, "{verdict:?}");
    }

    live.deliveries.store(1, Ordering::Relaxed);
    live.choked(budget);
    pace.window = 4;
    for expected in [2, 1] {
        pace.after(&Verdict::Delivered, &live);
        assert_eq!((pace.window, pace.not_before), (expected, Instant::now() + DELIVERY_PAUSE));
    }
}

#[test]
fn h57_what_says_that_an_engine_has_too_much_to_do_counts_against_deliveries_and_nothing_else_does() {
    let table = [
        (Failed::Overdue, true),
        (engine(Refusal::TooManyWaiting { retry_after: Duration::from_secs(1) }), true),
        (Failed::Engine(Status::deadline_exceeded("late")), true),
        (Failed::Link(Status::unavailable("gone")), false),
        (Failed::Unread(Status::out_of_range("too long")), false),
        (engine(Refusal::Conflict), false),
        (engine(Refusal::ShuttingDown), false),
    ];
    for (failed, expected) in table {
        assert_eq!(crate::forward::is_choked(&failed), expected, "{failed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h57_a_spool_that_only_grows_is_delivered_whatever_live_calls_feel() {
    let live = Live::default();
    tokio::time::advance(LOOK_EVERY).await;
    live.answered(Duration::from_millis(2));
    live.deliveries.store(1, Ordering::Relaxed);
    let mut pace = Pace::new();
    for (waiting, expected) in [(100, 1), (100, 2), (101, 3), (90, 1)] {
        tokio::time::advance(LOOK_EVERY).await;
        live.answered(Duration::from_millis(900));
        pace.look(waiting);
        pace.after(&Verdict::Delivered, &live);
        assert_eq!(pace.window, expected, "{waiting} wait");
    }
}

/// Accepts a void of each of these customers.
async fn filled(folder: &tempfile::TempDir, count: usize) -> Spool {
    let spool = Spool::open(crate::spool::SpoolConfig::new(folder.path())).unwrap();
    for number in 1..=count {
        let id = format!("R{number}");
        let advice =
            crate::advice::Advice { id, attempt: 1, content_hash: None, keys: [u32::try_from(number).unwrap(), 0, 0], due_ms: 0 };
        spool.accept(Call::Void, &advice, bytes::Bytes::new(), Timestamp::UNIX_EPOCH).await.unwrap();
    }
    spool
}

#[tokio::test]
async fn h58_an_engine_that_refuses_every_entry_parks_none_and_one_that_is_well_again_gets_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let spool = filled(&folder, 12).await;
    let mut faults = Faults::new();
    let refused = || Verdict::TryAgain("Unimplemented".to_owned());
    let mut meant = Vec::new();
    while let Some(taken) = spool.take(Timestamp::UNIX_EPOCH) {
        if taken.id == "R12" {
            assert_eq!(conclude((&spool, Timestamp::now()), &taken, Verdict::Delivered, &mut faults), Verdict::Delivered);
            break;
        }
        meant.push(conclude((&spool, Timestamp::now()), &taken, refused(), &mut faults));
    }
    assert_eq!(meant.len(), 11);
    assert!(meant[..4].iter().all(|verdict| *verdict == refused()), "{meant:?}");
    assert!(meant[4..].iter().all(|verdict| matches!(verdict, Verdict::Wait(_))), "{meant:?}");
    assert_eq!((spool.state().parked, spool.state().waiting), (0, 11));
    let again = std::iter::from_fn(|| spool.take(Timestamp::UNIX_EPOCH)).map(|taken| taken.id);
    assert_eq!(again.count(), 11, "none of them waits for anything but its turn");
}

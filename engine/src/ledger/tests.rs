//! Ledger days, closed and proven, over the storage in memory.

mod adjusting;
mod proofs;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, date};
use tessera_ledger::day::{LedgerDay, Side};
use tessera_ledger::posting::{Book, PostingReason};
use tessera_proto::billing::v1;
use tessera_rules::revision::Source;
use tessera_storage::{Fault, MemoryStorage, Storage as _};
use tokio::task::JoinSet;

use super::verify::{Verified, verify};
use crate::clock::Clock as _;
use crate::layout;
use crate::testing::*;

/// Points that have to wait a day and end after three, and some that never end.
const PROGRAM: &str = "
program: days
language: 1
name: Days
currency: GBP
assets:
  - {id: points, kind: points, worth_minor: 1, vests: {after_days: 1}, expires: {after_days: 3}, redeem: {minimum_units: 1, step_units: 1, share_percent_max: 100}}
  - {id: stamps, kind: points}
campaigns:
  - {id: earn, name: A point for each pound, points: {per: 1.00, units: 1, asset: points}}
  - {id: stamp, name: A stamp for each visit, grant: {give: {points: {units: 1, asset: stamps}}}}
  - {id: off, name: A tenth off socks, on: {sku: SOCKS}, percent_off: 10}
";
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The ledger day on which every test begins.
const FIRST: Date = date(2026, 11, 22);

pub(super) async fn rig() -> Rig {
    let rig = Rig::over(Arc::new(MemoryStorage::new(&layout::SPACES)), settings()).await;
    let source = Source { name: "days.yaml".to_owned(), text: PROGRAM.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig
}

/// A sale of so many pounds, to a customer or to nobody, on the day of the rig's clock.
pub(super) fn sale(rig: &Rig, id: &str, card: Option<&str>, pounds: i64) -> v1::Receipt {
    let now = rig.clock.now();
    v1::Receipt {
        sold_at: Some(tessera_contract::convert::timestamp_to_wire(now)),
        business_date: jiff::tz::TimeZone::UTC.to_datetime(now).date().to_string(),
        ..receipt(id, card, vec![line("1", "SOCKS", 1, pounds * 100)])
    }
}

pub(super) async fn close_all(rig: &Rig) -> Vec<LedgerDay> {
    let mut days = Vec::new();
    while let Some(day) = rig.engine.close_day(rig.clock.now()).await.unwrap() {
        days.push(day);
    }
    days
}

async fn proven(rig: &Rig) -> Verified {
    let verified = verify(rig.storage.as_ref(), 3, |_| {}).await.unwrap();
    assert_eq!(verified.findings, [], "p5: everything agrees");
    verified
}

/// What moved in an asset on a day: (side, reason, units).
fn moved(day: &LedgerDay, asset: &str) -> Vec<(Side, PostingReason, i128)> {
    let of_asset = day.movements.iter().filter(|movement| movement.place.asset.as_str() == asset);
    of_asset.map(|movement| (movement.place.side, movement.reason, movement.units)).collect()
}

fn held(day: &LedgerDay, asset: &str, side: Side) -> i128 {
    day.held.iter().find(|held| held.place.asset.as_str() == asset && held.place.side == side).map_or(0, |held| held.units)
}

#[tokio::test]
async fn p5_what_lapses_is_posted_on_its_day_and_each_day_opens_with_what_the_one_before_it_held() {
    let rig = rig().await;
    rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
    rig.settle(unquoted(sale(&rig, "B", None, 70))).await.unwrap();
    assert_eq!(close_all(&rig).await, [], "a day that is not over is not closed");
    rig.pass(4 * DAY);
    let days = close_all(&rig).await;
    let dates: Vec<Date> = days.iter().map(|day| day.date).collect();
    assert_eq!(dates, (22..=25).map(|day| date(2026, 11, day)).collect::<Vec<_>>(), "days without a sale are closed as well");
    let (lots, issued, expired) = (Side::Lots, Side::Book(Book::Issued), Side::Book(Book::Expired));
    assert_eq!(moved(&days[0], "points"), [(lots, PostingReason::Issue, 50), (issued, PostingReason::Issue, -50)]);
    assert_eq!(days[1].outcomes, 1, "on the second day the points became usable, which moves nothing");
    assert_eq!((days[1].postings, moved(&days[1], "points")), (2, vec![]));
    assert_eq!(days[2].outcomes, 0);
    assert_eq!(moved(&days[3], "points"), [], "to the end of the third day after: they lapse with the fourth");
    rig.pass(DAY);
    let last = close_all(&rig).await.remove(0);
    assert_eq!(moved(&last, "points"), [(lots, PostingReason::Expire, -50), (expired, PostingReason::Expire, 50)]);
    assert_eq!((held(&last, "points", lots), held(&last, "points", issued), held(&last, "points", expired)), (0, -50, 50));
    assert_eq!(held(&last, "stamps", lots), 1);
    let verified = proven(&rig).await;
    assert_eq!((verified.days, verified.outcomes, verified.accounts, verified.lots), (5, 4, 1, 1));
    assert_eq!(verified.held, last.held);
    rig.outcomes().await;
}

#[tokio::test]
async fn before_the_first_close_the_first_day_is_found_also_where_it_comes_late_to_the_feed() {
    let rig = rig().await;
    rig.pass(DAY);
    rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
    let mut book = rig.engine.core.ledger.book().await;
    assert_eq!(book.next_to_close(rig.storage.as_ref()).await.unwrap(), Some(date(2026, 11, 23)));
    rig.clock.set(begin());
    rig.settle(unquoted(sale(&rig, "B", Some("1002"), 70))).await.unwrap();
    assert_eq!(book.next_to_close(rig.storage.as_ref()).await.unwrap(), Some(FIRST));
    drop(book);
    rig.pass(2 * DAY);
    let dates: Vec<Date> = close_all(&rig).await.iter().map(|day| day.date).collect();
    assert_eq!(dates, [FIRST, date(2026, 11, 23)]);
    proven(&rig).await;
}

#[tokio::test]
async fn h70_a_clock_that_runs_back_books_nothing_on_a_day_that_is_closed() {
    let rig = rig().await;
    rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
    rig.pass(DAY);
    let closed = close_all(&rig).await.remove(0);
    rig.clock.set(begin());
    let late = sale(&rig, "B", None, 10);
    for request in [unquoted(late), unquoted(sale(&rig, "C", Some("1001"), 20)), unquoted(sale(&rig, "D", Some("2002"), 30))] {
        let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
        assert_eq!(outcome.booking_date, "2026-11-23");
        assert_eq!(outcome.booked_at.unwrap().seconds, "2026-11-23T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second());
        assert_eq!(outcome.business_date, "2026-11-22", "the till's day is the till's");
    }
    // A new process knows it too.
    let again = Rig::over(Arc::clone(&rig.storage), settings()).await;
    assert_eq!(again.engine.closed_through().await, Some(FIRST));
    let outcome = again.settle(unquoted(sale(&rig, "E", None, 10))).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.booking_date, "2026-11-23");
    assert_eq!(super::book::closed_day(rig.storage.as_ref(), FIRST).await.unwrap(), Some(closed), "a closed day never changes");
    proven(&rig).await;
}

#[tokio::test]
async fn a_close_that_was_cut_short_goes_on_and_posts_nothing_twice() {
    let rig = rig().await;
    for number in 0..20 {
        rig.settle(unquoted(sale(&rig, &format!("R{number}"), Some(&format!("10{number:02}")), 10))).await.unwrap();
    }
    rig.pass(6 * DAY);
    let mut cut_short = 0;
    for fault in [Fault::Unavailable, Fault::UnknownAfterApplying, Fault::UnknownBeforeApplying] {
        // One commit more each time before the storage goes away.
        (1..=12).for_each(|commits| rig.storage.inject(commits * 5, fault));
        for _ in 0..12 {
            cut_short += usize::from(rig.engine.close_day(rig.clock.now()).await.is_err());
        }
    }
    assert!(cut_short >= 3, "{cut_short} closes were cut short");
    while !matches!(rig.engine.close_day(rig.clock.now()).await, Ok(None)) {}
    let verified = proven(&rig).await;
    assert_eq!((verified.days, verified.lots), (6, 20), "the stamps are left");
    // 20 sales, 20 accounts in which points became usable, and 20 in which they lapsed.
    assert_eq!(rig.outcomes().await.len(), 60);
}

#[tokio::test]
async fn h18_accounts_of_before_days_were_closed_are_found_all_the_same() {
    let rig = rig().await;
    rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
    // As an earlier version has left it: under no day.
    for days in 0..10 {
        rig.storage.close_hint(layout::due_bucket(FIRST.checked_add(jiff::ToSpan::days(days)).unwrap()), b"").await.unwrap();
        let bucket = layout::due_bucket(FIRST.checked_add(jiff::ToSpan::days(days)).unwrap());
        for hint in rig.storage.hints(bucket, None, 100).await.unwrap() {
            rig.storage.close_hint(bucket, &hint.key).await.unwrap();
        }
    }
    rig.pass(6 * DAY);
    let last = close_all(&rig).await.pop().unwrap();
    assert_eq!(held(&last, "points", Side::Book(Book::Expired)), 50);
    proven(&rig).await;
}

#[tokio::test]
async fn h31_a_broken_account_does_not_keep_a_day_from_being_closed_and_is_tried_again() {
    let rig = rig().await;
    for card in ["1001", "2002"] {
        rig.settle(unquoted(sale(&rig, card, Some(card), 50))).await.unwrap();
    }
    let heads = rig.storage.heads(layout::ACCOUNTS, None, 10).await.unwrap();
    let (key, sound) = heads[0].clone();
    proofs::overwrite(&rig, &key, b"\x01rotten").await;
    let again = Rig::over(Arc::clone(&rig.storage), settings()).await;
    again.pass(6 * DAY);
    let days = close_all(&again).await;
    assert_eq!(days.len(), 6);
    assert!(days.iter().all(|day| day.set_aside.len() == 1));
    assert_eq!(held(&days[5], "points", Side::Book(Book::Expired)), 50, "the other account's");
    // Restored from a copy, it is caught up with.
    proofs::overwrite(&rig, &key, &sound.value).await;
    let restored = Rig::over(Arc::clone(&rig.storage), settings()).await;
    restored.pass(7 * DAY);
    let day = close_all(&restored).await.remove(0);
    assert_eq!((day.set_aside.len(), held(&day, "points", Side::Book(Book::Expired))), (0, 100));
    proven(&restored).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_h5_days_are_closed_while_tills_sell_and_nothing_is_booked_behind_them() {
    let rig = Arc::new(rig().await);
    let mut tasks = JoinSet::new();
    for till in 0..4 {
        let rig = Arc::clone(&rig);
        tasks.spawn(async move {
            for number in 0..60 {
                let card = format!("10{:02}", number % 5);
                let goods = sale(&rig, &format!("R{till}-{number}"), (number % 3 > 0).then_some(card.as_str()), 10);
                rig.settle(unquoted(goods)).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    let closing = Arc::clone(&rig);
    tasks.spawn(async move {
        for _ in 0..12 {
            closing.pass(DAY / 2);
            close_all(&closing).await;
            assert_eq!(verify(closing.storage.as_ref(), 2, |_| {}).await.unwrap().findings, [], "proven while tills sell");
        }
    });
    tasks.join_all().await;
    rig.pass(5 * DAY);
    let last = close_all(&rig).await.pop().unwrap();
    let verified = proven(&rig).await;
    assert_eq!(verified.held, last.held);
    assert_eq!(held(&last, "stamps", Side::Lots), 160);
    let balance = rig.engine.trial_balance(None, None).await.unwrap();
    assert_eq!((balance.from, balance.through, balance.hash), (FIRST, last.date, Some(last.hash())));
    let closing: Vec<_> =
        balance.rows.iter().filter(|row| row.closing != 0).map(|row| (row.place.clone(), row.closing)).collect();
    let wanted: Vec<_> = last.held.iter().map(|held| (held.place.clone(), held.units)).collect();
    assert_eq!(closing, wanted, "the trial balance ends with what the last day holds");
    assert!(balance.rows.iter().all(|row| row.opening + row.moved.iter().map(|(_, units)| units).sum::<i128>() == row.closing));
}

#[tokio::test]
async fn no_till_takes_the_name_under_which_a_day_is_posted_in_an_account() {
    let rig = rig().await;
    rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
    let account = rig.get("A").await.outcome.unwrap().account_id;
    for day in 22..=27 {
        let named = sale(&rig, &format!("ledger/2026-11-{day}/{account}"), Some("1001"), 1);
        rig.settle(unquoted(named)).await.unwrap();
        let taken = sale(&rig, &format!("ledger@2026-11-{day}@{account}"), Some("1001"), 1);
        assert_eq!(rig.settle(unquoted(taken)).await.unwrap_err().code(), tonic::Code::InvalidArgument);
    }
    rig.pass(5 * DAY);
    let last = close_all(&rig).await.pop().unwrap();
    assert_eq!(held(&last, "points", Side::Book(Book::Expired)), 56);
    proven(&rig).await;
}

#[tokio::test]
async fn a_day_that_began_out_of_order_keeps_all_its_outcomes_over_a_restart() {
    let rig = rig().await;
    for (id, day) in [("A", 0), ("B", 2), ("C", 1)] {
        rig.clock.set(begin());
        rig.pass(day * DAY);
        rig.settle(unquoted(sale(&rig, id, None, 10))).await.unwrap();
    }
    // The days go one by one, each closed by a process of its own.
    for day in 1..=3 {
        let again = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
        again.clock.set(begin());
        again.pass(day * DAY);
        let closed = close_all(&again).await;
        assert_eq!(closed.iter().map(|day| day.outcomes).collect::<Vec<_>>(), [1], "day {day}");
    }
    assert_eq!(proven(&rig).await.days, 3);
}

#[tokio::test]
async fn a_return_after_its_points_lapsed_owes_nothing_whether_or_not_the_day_was_closed() {
    let mut ends = Vec::new();
    for closes_first in [false, true] {
        let rig = rig().await;
        let goods = sale(&rig, "A", Some("1001"), 50);
        rig.settle(unquoted(goods.clone())).await.unwrap();
        rig.pass(5 * DAY);
        if closes_first {
            close_all(&rig).await;
        }
        // What was earned since stays.
        rig.settle(unquoted(sale(&rig, "B", Some("1001"), 20))).await.unwrap();
        rig.pass(DAY);
        rig.give_back(give_back("C", Some("A"), vec![("1", goods.lines[0].clone())])).await.unwrap();
        assert_eq!(rig.points("1001").await, 20, "closed first: {closes_first}");
        rig.pass(DAY);
        ends.push(close_all(&rig).await.pop().unwrap().held);
        proven(&rig).await;
    }
    assert_eq!(ends[0], ends[1], "the books end alike");
}

#[tokio::test]
async fn a_return_after_its_points_lapsed_to_make_room_owes_nothing() {
    let rig = rig().await;
    let goods = sale(&rig, "A", Some("1001"), 50);
    rig.settle(unquoted(goods.clone())).await.unwrap();
    rig.pass(5 * DAY);
    for number in 0..tessera_ledger::limits::LOTS_MAX {
        rig.settle(unquoted(sale(&rig, &format!("R{number}"), Some("1001"), 1))).await.unwrap();
    }
    let outcomes = rig.outcomes().await;
    let expired =
        outcomes.iter().flat_map(|outcome| &outcome.postings).filter(|posting| posting.reason() == v1::PostingReason::Expired);
    assert_eq!(expired.count(), 2, "the sales have posted it, into the book and out of the lot");
    rig.pass(DAY);
    rig.give_back(give_back("C", Some("A"), vec![("1", goods.lines[0].clone())])).await.unwrap();
    assert_eq!(rig.points("1001").await, 128);
    proven(&rig).await;
}

#[tokio::test]
async fn a_trial_balance_of_some_days_opens_with_those_before_and_of_an_open_day_says_that_it_may_grow() {
    let rig = rig().await;
    rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
    rig.pass(DAY);
    close_all(&rig).await;
    rig.settle(unquoted(sale(&rig, "B", Some("1001"), 20))).await.unwrap();
    let second = FIRST.tomorrow().unwrap();
    let balance = rig.engine.trial_balance(Some(second), None).await.unwrap();
    assert_eq!((balance.through, balance.hash), (second, None));
    let lots = balance.rows.iter().find(|row| row.place.asset.as_str() == "points" && row.place.side == Side::Lots).unwrap();
    assert_eq!((lots.opening, &lots.moved, lots.closing), (50, &vec![(PostingReason::Issue, 20)], 70));
    let first = rig.engine.trial_balance(None, Some(FIRST)).await.unwrap();
    assert!(first.hash.is_some());
    for (from, through) in [(Some(second), Some(FIRST)), (None, Some(second.tomorrow().unwrap()))] {
        assert!(rig.engine.trial_balance(from, through).await.is_err(), "{from:?} {through:?}");
    }
}

//! What the close of a day posts, and what it leaves alone.

use jiff::SignedDuration;
use tessera_rules::money::Units;

use super::*;
use crate::posting::{Book, Posting, PostingPlace, PostingReason};
use crate::testing::*;

/// The day of the tests: minute 0 is 9 o'clock, so the day ends with minute 900.
fn span() -> DaySpan {
    DaySpan { date: day(), from: at(-540), last: at(900) - SignedDuration::from_nanos(1) }
}

fn posted(account: &Account) -> Option<DayPosted> {
    account.post_day(&receipt_id("ledger/day/a-1"), &span(), gbp())
}

fn sides(postings: &[Posting]) -> Vec<(String, i64, PostingReason)> {
    let side = |posting: &Posting| match &posting.place {
        PostingPlace::Lot(lot) => lot.to_string(),
        PostingPlace::Book(book) => format!("{book:?}"),
    };
    postings.iter().map(|posting| (side(posting), posting.units.units(), posting.reason)).collect()
}

#[test]
fn p5_what_lapsed_by_the_end_of_the_day_is_posted_and_what_lapses_at_its_end_belongs_to_the_next() {
    let lots = vec![
        lot("long-ago", 5, 0, Some(10)),
        lot("last-moment", 7, 0, Some(899)),
        lot("midnight", 11, 0, Some(900)),
        lot("for-ever", 13, 0, None),
        lot("owed", -3, 0, None),
    ];
    let before = with_lots(lots);
    let done = posted(&before).unwrap();
    let mut names: Vec<&str> = done.account.lots.iter().map(|lot| lot.id.receipt.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["for-ever", "midnight", "owed"]);
    let expired: Units = done
        .outcome
        .postings
        .iter()
        .filter(|posting| posting.place == PostingPlace::Book(Book::Expired))
        .map(|posting| posting.units)
        .sum();
    assert_eq!(expired, units(12));
    assert_eq!((done.outcome.booking_date, done.outcome.kind), (day(), OutcomeKind::Expiry));
    assert_eq!(done.account.balances(at(2_000)), before.balances(at(2_000)), "posting changes no balance");
    assert_eq!(posted(&done.account), None, "once posted there is nothing left to post");
}

#[test]
fn what_became_usable_within_the_day_is_marked_once_and_only_what_had_to_wait() {
    let wait = |name: &str, vests: i64| Lot { vests_at: at(vests), ..lot(name, 10, 0, None) };
    let yesterday = Lot { booked_at: at(-9_000), vests_at: at(-600), ..lot("yesterday", 10, 0, None) };
    let before = with_lots(vec![wait("today", 60), wait("tomorrow", 900), lot("at-once", 10, 0, None), yesterday]);
    let done = posted(&before).unwrap();
    let vest = |units| ("today~0".to_owned(), units, PostingReason::Vest);
    assert_eq!(sides(&done.outcome.postings), [vest(-10), vest(10)]);
    assert_eq!(done.account.lots, before.lots);
}

#[test]
fn h70_an_account_that_was_booked_after_the_day_keeps_its_time() {
    let mut before = with_lots(vec![lot("l", 5, 0, Some(10))]);
    before.booked_at_last = at(1_000);
    let done = posted(&before).unwrap();
    assert_eq!(done.account.booked_at_last, at(1_000));
    assert_eq!(done.outcome.booked_at, span().last, "the record stands on the day that it closes");
}

#[test]
fn an_account_without_lots_has_nothing_to_post() {
    assert_eq!(posted(&account()), None);
}

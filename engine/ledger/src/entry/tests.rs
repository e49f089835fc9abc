//! Tests of `entry`.

use tessera_rules::id::{StoreId, TillId};

use crate::entry::{Aggregate, EntryState, ParkRefusal, ReceiptEntry, TillPlace, is_too_old};
use crate::limits::{PARKED_BYTES_MAX, PARKED_MAX};
use crate::testing::*;

#[test]
fn h3_a_receipt_older_than_ids_are_remembered_is_too_old() {
    let today = jiff::civil::date(2027, 4, 6);
    for (date, old) in [("2026-03-02", false), ("2026-03-01", true), ("2027-04-06", false), ("2027-05-01", false)] {
        assert_eq!(is_too_old(date.parse().unwrap(), today), old, "{date}");
    }
}

#[test]
fn returns_wait_once_each_and_not_without_bound() {
    let mut entry = ReceiptEntry::new(Aggregate::Own, EntryState::Awaited, [0; 32], 0, day());
    for number in 0..PARKED_MAX {
        entry.park(receipt_id(&format!("b-{number}")), vec![1]).unwrap();
        entry.park(receipt_id(&format!("b-{number}")), vec![1]).unwrap();
    }
    assert_eq!(entry.parked.len(), PARKED_MAX);
    assert_eq!(entry.park(receipt_id("more"), vec![1]), Err(ParkRefusal::Full));
    assert!(matches!(entry.park(receipt_id("long"), vec![0; PARKED_BYTES_MAX + 1]), Err(ParkRefusal::TooLong { .. })));
}

#[test]
fn a_tombstone_keeps_what_waits_and_the_greatest_attempt() {
    let mut awaited = ReceiptEntry::new(Aggregate::Own, EntryState::Awaited, [0; 32], 0, day());
    awaited.park(receipt_id("b"), vec![1]).unwrap();
    let first = ReceiptEntry::voided(Some(&awaited), Aggregate::Own, 3, day(), till());
    let second = ReceiptEntry::voided(Some(&first), Aggregate::Own, 2, day(), till());
    assert_eq!((second.attempt, second.parked.len()), (3, 1));
}

#[test]
fn h73_a_void_counts_for_the_till_that_sent_it_and_for_no_other() {
    let mut awaited = ReceiptEntry::new(Aggregate::Own, EntryState::Awaited, [0; 32], 0, day());
    awaited.park(receipt_id("b"), vec![1]).unwrap();
    let voided = ReceiptEntry::voided(Some(&awaited), Aggregate::Own, 3, day(), till());
    assert_eq!(voided.clone().seen_from(&till()), voided);
    let of = |store: &str, till: &str| TillPlace { store: StoreId::parse(store).unwrap(), till: TillId::parse(till).unwrap() };
    for other in [of("s-1", "t-2"), of("s-2", "t-1")] {
        assert!(voided.is_voided_elsewhere(&other) && !awaited.is_voided_elsewhere(&other));
        assert_eq!(voided.clone().seen_from(&other), awaited, "what waits is still there");
    }
}

//! Days that follow each other, and every way in which one that was changed is found.

use tessera_rules::money::Units;

use super::*;
use crate::testing::*;

fn posting(side: PostingPlace, units: i64, reason: PostingReason) -> Posting {
    Posting {
        asset: asset(POINTS),
        units: Units::from_units(units),
        place: side,
        program: Some(program()),
        campaign: None,
        of: None,
        reason,
        expires_at: None,
        vests_at: None,
    }
}

/// So many points into a lot, from a book.
fn entry(units: i64, book: Book, reason: PostingReason) -> Vec<Posting> {
    let lot = PostingPlace::Lot(lot("l", 1, 0, None).id);
    vec![posting(lot, units, reason), posting(PostingPlace::Book(book), -units, reason)]
}

fn tally(entries: &[(&str, Vec<Posting>)]) -> Tally {
    let mut tally = Tally::default();
    entries.iter().for_each(|(bytes, postings)| tally.add(bytes.as_bytes(), postings));
    tally
}

fn earned(units: i64) -> Vec<Posting> {
    entry(units, Book::Issued, PostingReason::Issue)
}

fn days() -> (Tally, LedgerDay, Tally, LedgerDay) {
    let first = tally(&[("a", earned(100)), ("b", entry(-30, Book::Redeemed, PostingReason::Redeem))]);
    let one = LedgerDay::close(None, day(), &first, Vec::new(), at(900)).unwrap();
    let second = tally(&[("c", entry(-70, Book::Expired, PostingReason::Expire))]);
    let two = LedgerDay::close(Some(&one), day().tomorrow().unwrap(), &second, Vec::new(), at(2_000)).unwrap();
    (first, one, second, two)
}

fn held(day: &LedgerDay) -> Vec<(Side, i128)> {
    day.held.iter().map(|held| (held.place.side, held.units)).collect()
}

#[test]
fn p5_a_day_opens_with_what_the_one_before_it_held_and_sums_to_zero() {
    let (first, one, second, two) = days();
    assert_eq!(held(&one), [(Side::Lots, 70), (Side::Book(Book::Issued), -100), (Side::Book(Book::Redeemed), 30)]);
    let books = [(Book::Issued, -100), (Book::Redeemed, 30), (Book::Expired, 70)].map(|(book, units)| (Side::Book(book), units));
    let mut seen = held(&two);
    seen.sort();
    let mut wanted = books.to_vec();
    wanted.sort();
    assert_eq!(seen, wanted, "lots that hold nothing are left out");
    assert_eq!((one.check(None), two.check(Some(&one))), (Ok(()), Ok(())));
    assert_eq!((one.check_content(&first), two.check_content(&second)), (Ok(()), Ok(())));
    assert_eq!(LedgerDay::decode(&two.encode()), Ok(two));
}

#[test]
fn a_day_that_was_changed_is_found_by_what_it_says_or_by_the_days_behind_it() {
    let (first, one, second, two) = days();
    let date = two.date;
    let other = LedgerDay { closed_at: at(901), ..one.clone() };
    assert_eq!(two.check(Some(&other)), Err(BrokenDay::Chain { date }));
    assert_eq!(two.check(None), Err(BrokenDay::Chain { date }));
    assert_eq!(one.check(Some(&two)), Err(BrokenDay::Order { date: one.date }));
    let mut more = two.clone();
    more.held[0].units += 1;
    assert_eq!(more.check(Some(&one)), Err(BrokenDay::RollForward { date }));
    let mut uneven = one.clone();
    uneven.movements[0].units += 1;
    uneven.held = roll_forward(&[], &uneven.movements);
    let unbalanced = Err(BrokenDay::Balance { date: one.date, asset: asset(POINTS) });
    assert_eq!(uneven.check(None), unbalanced);
    let half = tally(&[("a", earned(100)[..1].to_vec())]);
    assert_eq!(LedgerDay::close(None, day(), &half, Vec::new(), at(900)).map(drop), unbalanced, "no such day is closed");
    assert!(one.check_content(&second).unwrap_err().to_string().contains("2 outcomes with 4 postings"));
    let bytes = tally(&[("a", earned(100)), ("B", entry(-30, Book::Redeemed, PostingReason::Redeem))]);
    assert!(one.check_content(&bytes).unwrap_err().to_string().contains("bytes"), "equal sums of another outcome");
    let sums = tally(&[("a", earned(70)), ("b", entry(0, Book::Redeemed, PostingReason::Redeem))]);
    assert!(one.check_content(&sums).unwrap_err().to_string().contains("sums"));
    assert_eq!(one.check_content(&first), Ok(()));
}

#[test]
fn outcomes_are_summed_in_any_order_and_in_any_parts() {
    let entries = [("a", earned(1)), ("b", earned(20)), ("c", earned(300))];
    let whole = tally(&entries);
    let mut turned = entries.to_vec();
    turned.reverse();
    assert_eq!(tally(&turned), whole);
    let mut parts = tally(&entries[2..]);
    parts.merge(&tally(&entries[..2]));
    assert_eq!(parts, whole);
    assert_ne!(tally(&[("ab", earned(321)), ("", earned(0)), ("c", earned(0))]), whole);
}

#[test]
fn h18_what_closed_days_hold_is_numbered_as_it_always_was() {
    let (_, one, ..) = days();
    insta::assert_snapshot!(blake3::Hash::from_bytes(one.hash()).to_hex(), @"74d618d921e185613b3fa4477a4139b1f232f4ae8230b68afaf5a4972367c38a");
    let last = (postcard::to_allocvec(&PostingReason::Adjust).unwrap(), postcard::to_allocvec(&Book::Unexplained).unwrap());
    assert_eq!(last, (vec![10], vec![6]));
}

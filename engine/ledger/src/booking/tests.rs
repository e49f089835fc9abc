//! Tests of `booking`.

use crate::account::UseCount;
use crate::booking::{Booking, exceeds_bytes};
use crate::limits::{ACCOUNT_BYTES_MAX, COUPONS_MAX, LOTS_MAX, OPEN_QUOTES_MAX, PRIZES_MAX, USES_MAX};
use crate::lot::{Lot, LotId};
use crate::posting::{PostingReason, is_balanced};
use crate::quote::{OpenQuoteCommand, QuoteRefusal, open_quote};
use crate::testing::*;

fn many(count: usize, expires: impl Fn(i64) -> Option<i64>, name: &str) -> Vec<Lot> {
    let number = |place: usize| i64::try_from(place).unwrap();
    (0..count).map(|place| lot(&format!("{name}{place:04}"), 1 + number(place), number(place), expires(number(place)))).collect()
}

#[test]
fn the_two_earliest_lots_of_equal_expiry_become_one() {
    let mut account = account();
    let mut booking = Booking::new(Vec::new(), &receipt_id("r"), at(5_000));
    booking.lots = many(LOTS_MAX + 1, |_| None, "l");
    booking.store(&mut account);
    assert_eq!(account.lots.len(), LOTS_MAX);
    let kept = account.lots.iter().find(|lot| lot.id == LotId { receipt: receipt_id("l0000"), place: 0 }).unwrap();
    assert_eq!(kept.left, units(1 + 2));
    assert!(
        is_balanced(&booking.postings) && booking.postings.iter().all(|posting| posting.reason == PostingReason::Consolidate)
    );
    account.check().unwrap();
}

#[test]
fn lots_of_different_expiry_take_the_later_one_and_lapsed_ones_go_first() {
    let mut account = account();
    let mut booking = Booking::new(Vec::new(), &receipt_id("r"), at(5_000));
    booking.lots = many(LOTS_MAX + 5, |number| Some(if number < 3 { 4_000 } else { 6_000 + number }), "l");
    booking.lots.sort_by(crate::lot::spending_order);
    booking.store(&mut account);
    let total: i64 = account.lots.iter().map(|lot| lot.left.units()).sum();
    let all: i64 = (1..=i64::try_from(LOTS_MAX + 5).unwrap()).sum();
    assert_eq!((account.lots.len(), total), (LOTS_MAX, all - 6), "only the three lapsed lots are gone");
    assert!(is_balanced(&booking.postings));
    account.check().unwrap();
}

fn fact(number: usize) -> crate::account::FactKnown {
    crate::account::FactKnown {
        fact: tessera_rules::id::FactId::parse(&format!("{number:04}{}", "f".repeat(28))).unwrap(),
        known_at: at(0),
        source: crate::account::FactSource::Till,
        confirmed: false,
        refused: false,
        readable: None,
        code: None,
    }
}

/// An account with full lists of the longest ids.
fn longest(long: &str) -> crate::account::Account {
    let mut account = account();
    account.uses = (0..USES_MAX)
        .map(|number| UseCount {
            campaign: campaign(&format!("{number:04}{}", "c".repeat(44))),
            member: None,
            ever: uses(1),
            day: day(),
            on_day: uses(1),
            in_month: uses(1),
        })
        .collect();
    account.counters = (0..128)
        .map(|number| crate::account::Counter {
            campaign: campaign(&format!("{number:04}{}", "c".repeat(44))),
            counted_milli: 1,
            rewarded: 0,
            calendar: None,
            stretches: Vec::new(),
        })
        .collect();
    let mut member = account.members[0].clone();
    member.facts = (0..48).map(fact).collect();
    account.members = (0..4)
        .map(|number| {
            let customer = tessera_rules::id::CustomerId::parse(&format!("c-{number}")).unwrap();
            crate::account::Member { customer, ..member.clone() }
        })
        .collect();
    account.coupons = (0..COUPONS_MAX)
        .map(|number| crate::account::PersonalCoupon {
            code: format!("{number:016}").into(),
            campaign: campaign(&"c".repeat(48)),
            issued_by: receipt_id(long),
            reward: tessera_rules::id::RewardId::parse("c.0").unwrap(),
            valid_from: at(0),
            valid_until: None,
            used_by: None,
        })
        .collect();
    account.prizes = (0..PRIZES_MAX)
        .map(|_| crate::right::PrizeHeld {
            receipt: receipt_id(long),
            reward: tessera_rules::id::RewardId::parse(&"r".repeat(48)).unwrap(),
            program: tessera_rules::id::ProgramId::parse(&"p".repeat(32)).unwrap(),
            campaign: campaign(&"c".repeat(48)),
            prize: "m".repeat(64).into(),
            count: 1,
            state: crate::right::PrizeState::Due,
        })
        .collect();
    let hold =
        tessera_rules::decision::Promise::Uses { campaign: campaign(&"h".repeat(48)), by: None, member: None, usage: uses(1) };
    account.open_quotes = (0..64)
        .map(|number| crate::hold::OpenQuote {
            receipt: receipt_id(&format!("{number:04}{long}")),
            till: till(),
            quote_no: 1,
            attempt: 0,
            holds: vec![hold.clone(); 2],
            until: at(9_000),
        })
        .collect();
    account
}

fn longest_lots(long: &str) -> Vec<crate::lot::Lot> {
    let mut lots = many(LOTS_MAX, |_| None, long);
    for lot in &mut lots {
        lot.campaign = Some(campaign(&"c".repeat(48)));
        lot.program = tessera_rules::id::ProgramId::parse(&"p".repeat(32)).unwrap();
    }
    lots
}

#[test]
fn an_account_of_very_long_ids_is_kept_within_its_bytes() {
    let long = "n".repeat(60);
    let mut account = longest(&long);
    let mut booking = Booking::new(Vec::new(), &receipt_id("r"), at(5_000));
    booking.lots = longest_lots(&long);
    let all: i64 = booking.lots.iter().map(|lot| lot.left.units()).sum();
    account.lots.clone_from(&booking.lots);
    assert!(exceeds_bytes(&account), "the test has a case");
    booking.store(&mut account);
    assert!(account.encode().len() <= ACCOUNT_BYTES_MAX);
    assert_eq!(account.lots.iter().map(|lot| lot.left.units()).sum::<i64>(), all, "not a unit is lost");
    assert!(account.lots.len() < LOTS_MAX && account.uses.len() == USES_MAX, "lots become fewer first");
}

#[test]
fn p4_an_account_of_its_size_promises_nothing_more_and_is_told_from_one_with_too_many_quotes() {
    let long = "n".repeat(60);
    let mut account = longest(&long);
    account.open_quotes.clear();
    account.lots = longest_lots(&long);
    while exceeds_bytes(&account) {
        account.lots.pop().expect("without lots it has room");
    }
    let promise =
        |name: &str| tessera_rules::decision::Promise::Uses { campaign: campaign(name), by: None, member: None, usage: uses(1) };
    let promises = ["h", "i"].map(|letter| promise(&letter.repeat(48)));
    let refused = (0..OPEN_QUOTES_MAX).find_map(|number| {
        let receipt = receipt_id(&format!("{number:04}{long}"));
        let command = OpenQuoteCommand {
            receipt: &receipt,
            place: here(),
            quote_no: 1,
            attempt: 0,
            now: at(0),
            until: at(15),
            promises: &promises,
            supersedes: None,
        };
        match open_quote(&account, &command) {
            Ok(next) => account = next,
            Err(refusal) => return Some((number, refusal)),
        }
        None
    });
    let (held, why) = refused.expect("there is no room for all of them");
    assert_eq!((why, account.open_quotes.len()), (QuoteRefusal::AccountFull, held));
    assert!(account.encode().len() <= ACCOUNT_BYTES_MAX);
}

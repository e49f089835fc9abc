//! Tests of `quote`.

use crate::account::Account;
use crate::hold::OpenQuote;
use crate::limits::OPEN_QUOTES_MAX;
use crate::quote::{OpenQuoteCommand, QuoteRefusal, must_write, open_quote};
use crate::standing::View;
use crate::testing::*;
use tessera_rules::decision::{CounterTime, Promise};
use tessera_rules::id::{ReceiptId, StoreId, TillId};
use tessera_rules::receipt::Place;

fn quote(account: &Account, id: &str, no: u32, promises: &[Promise], now: i64) -> Result<Account, QuoteRefusal> {
    let receipt = receipt_id(id);
    open_quote(
        account,
        &OpenQuoteCommand {
            receipt: &receipt,
            place: here(),
            quote_no: no,
            attempt: 0,
            now: at(now),
            until: at(now + 15),
            promises,
            supersedes: None,
        },
    )
}

fn available(account: &Account, receipt: &ReceiptId, supersedes: Option<&ReceiptId>, now: i64) -> i64 {
    let view = View { customer: None, receipt, supersedes, now: at(now), business_date: day(), lists: &[] };
    account.standing(&view).available.first().map_or(0, |(_, units)| units.units())
}

fn hundred() -> Account {
    with_lots(vec![lot("a", 100, 0, None)])
}

#[test]
fn h7_the_same_quote_twice_holds_once() {
    let once = quote(&hundred(), "r-1", 1, &[hold(60)], 0).unwrap();
    let twice = quote(&once, "r-1", 1, &[hold(60)], 0).unwrap();
    assert_eq!(once, twice);
    assert_eq!(available(&twice, &receipt_id("r-2"), None, 1), 40);
    assert_eq!(available(&twice, &receipt_id("r-1"), None, 1), 100, "its own hold is available to it");
}

#[test]
fn h7_a_later_quote_replaces_all_holds_and_an_earlier_one_is_superseded() {
    let second = quote(&quote(&hundred(), "r-1", 1, &[hold(60)], 0).unwrap(), "r-1", 2, &[hold(10)], 1).unwrap();
    assert_eq!(available(&second, &receipt_id("r-2"), None, 2), 90);
    assert_eq!(quote(&second, "r-1", 1, &[hold(60)], 2), Err(QuoteRefusal::Superseded { highest: 2 }));
    // The entry remembers the number although it holds nothing any more, until its time is over.
    let empty = quote(&second, "r-1", 3, &[], 2).unwrap();
    assert_eq!(available(&empty, &receipt_id("r-2"), None, 3), 100);
    assert_eq!(quote(&empty, "r-1", 2, &[], 3), Err(QuoteRefusal::Superseded { highest: 3 }));
    assert!(quote(&empty, "r-1", 2, &[], 16).unwrap().open_quotes.is_empty());
}

#[test]
fn h73_a_quote_of_another_till_takes_no_hold_over_before_its_time_is_over() {
    let held = quote(&hundred(), "r-1", 1, &[hold(60)], 0).unwrap();
    let receipt = receipt_id("r-1");
    let beside = Place { till: TillId::parse("t-2").unwrap(), ..place() };
    let elsewhere = Place { store: StoreId::parse("s-2").unwrap(), ..place() };
    let (nothing, something) = ([], [hold(5)]);
    for (promises, other) in [(nothing.as_slice(), &beside), (&something, &beside), (&something, &elsewhere)] {
        let asked = |now| OpenQuoteCommand {
            receipt: &receipt,
            place: other,
            quote_no: u32::MAX,
            attempt: 0,
            now: at(now),
            until: at(now + 15),
            promises,
            supersedes: None,
        };
        assert!(must_write(&held, &asked(1)), "it must be looked at");
        assert_eq!(open_quote(&held, &asked(1)), Err(QuoteRefusal::QuotedElsewhere));
        assert!(open_quote(&held, &asked(15)).is_ok(), "what is not held any more is nobody's");
    }
    assert!(quote(&held, "r-1", 2, &[hold(10)], 1).is_ok(), "its own till goes on");
}

#[test]
fn h8_a_hold_ends_with_its_time_whoever_looks() {
    let account = quote(&hundred(), "r-1", 1, &[hold(60)], 0).unwrap();
    for (minute, left) in [(0, 40), (14, 40), (15, 100), (16, 100)] {
        assert_eq!(available(&account, &receipt_id("r-2"), None, minute), left, "minute {minute}");
    }
}

#[test]
fn a_quote_takes_over_the_holds_of_the_receipt_that_it_supersedes() {
    let account = quote(&hundred(), "r-1", 5, &[hold(60)], 0).unwrap();
    let (old, new) = (receipt_id("r-1"), receipt_id("r-2"));
    assert_eq!(available(&account, &new, Some(&old), 1), 100);
    let command = OpenQuoteCommand {
        receipt: &new,
        place: here(),
        quote_no: 1,
        attempt: 0,
        now: at(1),
        until: at(16),
        promises: &[hold(100)],
        supersedes: Some(&old),
    };
    assert!(must_write(&account, &command));
    let taken = open_quote(&account, &command).unwrap();
    assert_eq!(taken.open_quotes.iter().map(|quote| quote.receipt.clone()).collect::<Vec<_>>(), [new]);
    assert_eq!(available(&taken, &old, None, 2), 0);
}

#[test]
fn h7_a_limit_that_many_campaigns_use_is_held_once() {
    let usage = |uses| tessera_rules::usage::Usage { uses, ..tessera_rules::usage::Usage::NONE };
    let of = |number: usize| (campaign("limit:l"), Some(campaign(&format!("c-{number}"))), usage(1));
    let promises: Vec<Promise> = (0..crate::limits::HOLDS_MAX)
        .map(of)
        .flat_map(|(campaign, by, usage)| {
            [
                Promise::Uses { campaign: campaign.clone(), by: by.clone(), member: None, usage },
                Promise::Budget { campaign, by, usage },
            ]
        })
        .collect();
    let account = quote(&hundred(), "r-1", 1, &promises, 0).unwrap();
    let all = usage(i64::try_from(crate::limits::HOLDS_MAX).unwrap());
    let campaign = campaign("limit:l");
    let held = [
        Promise::Uses { campaign: campaign.clone(), by: None, member: None, usage: all },
        Promise::Budget { campaign, by: None, usage: all },
    ];
    assert_eq!(account.open_quotes[0].holds, held);
}

#[test]
fn a_quote_that_promises_nothing_and_replaces_nothing_is_not_written() {
    let receipt = receipt_id("r-1");
    let (nothing, something) = ([hold(0)], [hold(1)]);
    let command = |promises| OpenQuoteCommand {
        receipt: &receipt,
        place: here(),
        quote_no: 1,
        attempt: 0,
        now: at(0),
        until: at(15),
        promises,
        supersedes: None,
    };
    assert!(!must_write(&hundred(), &command(&[])));
    assert!(!must_write(&hundred(), &command(&nothing)));
    assert!(must_write(&hundred(), &command(&something)));
    let held = open_quote(&hundred(), &command(&something)).unwrap();
    assert!(must_write(&held, &command(&[])));
}

#[test]
fn the_sixty_fifth_open_quote_is_told_to_promise_nothing() {
    let mut account = hundred();
    for number in 0..OPEN_QUOTES_MAX {
        account = quote(&account, &format!("r-{number}"), 1, &[hold(1)], 0).unwrap();
    }
    let exhausted = |id: &str, minute: i64| {
        let receipt = receipt_id(id);
        account.promises_exhausted(&View {
            customer: None,
            receipt: &receipt,
            supersedes: None,
            now: at(minute),
            business_date: day(),
            lists: &[],
        })
    };
    assert!(exhausted("more", 1) && !exhausted("r-5", 1) && !exhausted("more", 15));
    assert_eq!(quote(&account, "more", 1, &[hold(1)], 1), Err(QuoteRefusal::TooManyOpenQuotes));
    assert!(quote(&account, "more", 1, &[], 1).is_ok());
    assert!(quote(&account, "more", 1, &[hold(1)], 15).is_ok());
}

#[test]
fn p4_counts_uses_and_codes_of_other_quotes_are_seen() {
    let promises = [
        Promise::Threshold { campaign: campaign("tenth"), counted_milli: 3_000, rewarded: 1, time: CounterTime::Ever },
        Promise::Uses { campaign: campaign("daily"), by: None, member: None, usage: uses(2) },
        Promise::Code { code: "ABC".into() },
    ];
    let mut account = account();
    account.counters = vec![crate::account::Counter {
        campaign: campaign("tenth"),
        counted_milli: 8_000,
        rewarded: 0,
        calendar: None,
        stretches: Vec::new(),
    }];
    let account = quote(&account, "r-1", 1, &promises, 0).unwrap();
    let other = receipt_id("r-2");
    let view = View { customer: None, receipt: &other, supersedes: None, now: at(1), business_date: day(), lists: &[] };
    let standing = account.standing(&view);
    let promised = &standing.counters_promised[0];
    assert_eq!((promised.counted_milli, promised.rewarded), (11_000, 1));
    assert_eq!((standing.counters[0].counted_milli, standing.counters[0].rewarded), (8_000, 0), "what is booked");
    assert_eq!((standing.uses[0].today, standing.uses[0].ever), (uses(2), uses(2)));
    let own = account.standing(&View { receipt: &receipt_id("r-1"), ..view });
    assert_eq!((own.counters_promised.len(), own.uses.len()), (0, 0));
}

#[test]
fn entries_out_of_time_are_dropped_by_the_next_write() {
    let account = quote(&hundred(), "r-1", 1, &[hold(60)], 0).unwrap();
    let account = quote(&account, "r-2", 1, &[hold(60)], 20).unwrap();
    let left: Vec<&OpenQuote> = account.open_quotes.iter().collect();
    assert_eq!(left.len(), 1);
}

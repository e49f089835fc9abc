//! Issued, handed out, accounted for: tables, and a slow twin that keeps every serial number by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn issue(second: i64, cashier: &str, first: &str, count: u32, taken_back: bool) -> Issue {
    let (request, cashier) = (format_compact!("r{second}"), CashierId::parse(cashier).unwrap());
    Issue { request, cashier, run: Run::parse(first, count).unwrap(), taken_back, at: at(second) }
}

fn told(second: i64, cashier: &str, serial: &str, quantity: u32, went: Went) -> Told {
    let (receipt, cashier) = (format_compact!("R{second}"), CashierId::parse(cashier).ok());
    Told { receipt, cashier, went, serial: serial.into(), quantity, at: at(second) }
}

/// What each cashier must still have, in words.
fn left(account: &Account) -> Vec<String> {
    let runs = account.cashiers.iter().flat_map(|(cashier, count)| count.left.iter().map(move |run| (cashier, run)));
    let name = |cashier: &Option<CashierId>| cashier.as_ref().map_or("-".to_owned(), |id| id.as_str().to_owned());
    runs.map(|(cashier, run)| format!("{} {}+{}", name(cashier), run.first.text(), run.count)).collect()
}

fn differs(account: &Account) -> Vec<(Differs, &str, u32)> {
    account.differences.iter().map(|one| (one.differs, one.serial.as_str(), one.quantity)).collect()
}

#[test]
fn a_serial_number_is_counted_by_its_last_digits() {
    let table = [("A0099", 1, Some("A0100")), ("7", 2, Some("9")), ("A99", 1, None), ("A9-000", 999, Some("A9-999"))];
    for (first, places, expected) in table {
        let behind = Serial::parse(first).unwrap().behind(places);
        assert_eq!(behind.map(|serial| serial.text()).as_deref(), expected, "{first}");
    }
    assert_eq!(Serial::parse("").or(Serial::parse("12A")), None);
    let long = Serial::parse("1234567890123456789").unwrap();
    assert_eq!((long.prefix.as_str(), long.number), ("1", 234_567_890_123_456_789));
    assert_eq!(Run::parse("A98", 3), Err(IssueRefusal::TooMany));
    assert_eq!(Run::parse("A", 3), Err(IssueRefusal::NoSerial));
}

#[test]
fn what_is_issued_and_handed_out_one_after_another_leaves_the_rest() {
    let issues = [issue(1, "ann", "A001", 100, false), issue(2, "bob", "A101", 50, false), issue(9, "ann", "A091", 10, true)];
    let done = [
        told(3, "ann", "A001", 2, Went::Done),
        told(4, "ann", "A003", 1, Went::Done),
        told(5, "ann", "A010", 1, Went::Done),
        told(6, "bob", "", 1, Went::Refused),
    ];
    let account = account(&issues, &done);
    assert_eq!(left(&account), ["ann A004+6", "ann A011+80", "bob A101+50"]);
    assert_eq!(account.differences, []);
    let ann = &account.cashiers[&CashierId::parse("ann").ok()];
    assert_eq!((ann.issued, ann.taken_back, ann.handed_over), (100, 10, 4));
    assert_eq!(account.cashiers[&CashierId::parse("bob").ok()].refused, 1);
}

#[test]
fn what_does_not_agree_is_told_with_its_serial_number() {
    let issues = [issue(1, "ann", "A001", 10, false), issue(2, "bob", "A011", 10, false)];
    type Row = (&'static str, Told, &'static [(Differs, &'static str, u32)]);
    let table: [Row; 7] = [
        ("nobody had it", told(3, "ann", "A050", 1, Went::Done), &[(Differs::NotIssued, "A050", 1)]),
        ("another roll", told(3, "ann", "B001", 1, Went::Done), &[(Differs::NotIssued, "B001", 1)]),
        ("another's", told(3, "ann", "A012", 1, Went::Done), &[(Differs::OtherCashier, "A012", 1)]),
        ("half another's", told(3, "ann", "A010", 2, Went::Done), &[(Differs::OtherCashier, "A011", 1)]),
        ("without a number", told(3, "ann", "", 1, Went::Done), &[(Differs::NoSerial, "", 1)]),
        ("some were left", told(3, "ann", "", 1, Went::NoneLeft), &[(Differs::SomeWereLeft, "", 1)]),
        ("beyond the end", told(3, "bob", "A020", 2, Went::Done), &[(Differs::NotIssued, "A020", 1)]),
    ];
    for (what, told, expected) in table {
        assert_eq!(differs(&account(&issues, &[told])), expected, "{what}");
    }
    let twice = [told(3, "ann", "A001", 1, Went::Done), told(4, "ann", "A001", 2, Went::Done)];
    assert_eq!(differs(&account(&issues, &twice)), [(Differs::Twice, "A001", 1)], "the second one is right");
    let none = [told(3, "eve", "", 1, Went::NoneLeft), told(4, "", "A001", 1, Went::Done)];
    assert_eq!(differs(&account(&issues, &none)), [(Differs::OtherCashier, "A001", 1)], "eve never had any");
}

#[test]
fn p4_nothing_is_issued_twice_and_nothing_comes_back_from_who_does_not_have_it() {
    let issues = [issue(1, "ann", "A001", 10, false)];
    let handed = [told(2, "ann", "A001", 1, Went::Done)];
    let table = [
        ("behind them", issue(3, "bob", "A011", 5, false), Ok(())),
        ("overlapping", issue(3, "bob", "A010", 5, false), Err(IssueRefusal::AlreadyIssued)),
        ("a customer has it", issue(3, "bob", "A001", 1, false), Err(IssueRefusal::AlreadyIssued)),
        ("other digits", issue(3, "bob", "A0001", 5, false), Ok(())),
        ("back", issue(3, "ann", "A002", 9, true), Ok(())),
        ("back with one that a customer has", issue(3, "ann", "A001", 2, true), Err(IssueRefusal::NotWithCashier)),
        ("back from another", issue(3, "bob", "A002", 1, true), Err(IssueRefusal::NotWithCashier)),
    ];
    for (what, new, expected) in table {
        assert_eq!(may_issue(&issues, &handed, &new), expected, "{what}");
    }
}

/// Every serial number by itself.
#[test]
fn stretches_say_what_single_numbers_say_in_random_histories() {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for round in 0..200 {
        let (mut issues, mut handed) = (Vec::new(), Vec::new());
        let (mut with, mut gone): (BTreeMap<u64, &str>, BTreeSet<u64>) = (BTreeMap::new(), BTreeSet::new());
        for second in 0..60 {
            let (cashier, from, count) = (["ann", "bob"][usize::try_from(next(2)).unwrap()], next(40), 1 + next(9));
            let all = from..from + count;
            let (first, many) = (format!("S{from:02}"), u32::try_from(count).unwrap());
            if next(3) == 0 {
                handed.push(told(second, cashier, &first, many, Went::Done));
                all.for_each(|number| {
                    with.remove(&number);
                    gone.insert(number);
                });
                continue;
            }
            let new = issue(second, cashier, &first, many, next(3) == 0);
            let right = if new.taken_back {
                all.clone().all(|number| with.get(&number) == Some(&cashier))
            } else {
                all.clone().all(|number| !with.contains_key(&number) && !gone.contains(&number))
            };
            assert_eq!(may_issue(&issues, &handed, &new).is_ok(), right, "round {round}, second {second}: {new:?}");
            if right {
                all.for_each(|number| {
                    let _before = if new.taken_back { with.remove(&number) } else { with.insert(number, cashier) };
                });
                issues.push(new);
            }
        }
        let account = account(&issues, &handed);
        let mut found: BTreeMap<u64, &str> = BTreeMap::new();
        for (cashier, count) in &account.cashiers {
            for run in &count.left {
                let numbers = run.first.number..run.first.number + u64::from(run.count);
                found.extend(numbers.map(|number| (number, cashier.as_ref().unwrap().as_str())));
            }
        }
        assert_eq!(found, with, "round {round}");
    }
}

//! Tests of `encode`.

use crate::account::{Account, PersonalCoupon};
use crate::aside::GivenLater;
use crate::encode::{ACCOUNT_VERSION, Damaged};
use crate::entry::{Aggregate, EntryState, ReceiptEntry};
use crate::hold::OpenQuote;
use crate::outcome::Right;
use crate::return_goods::{DecidedWith, RepricedSoFar, ReturnedLine, ReturnedSoFar};
use crate::standing::View;
use crate::testing::*;
use tessera_rules::decision::AnswerPart;
use tessera_rules::effort::Effort;
use tessera_rules::id::{AccountId, RewardId};
use tessera_rules::money::Quantity;

fn sample() -> Account {
    let mut account = with_lots(vec![lot("a", 100, 0, Some(50)), lot("b", 30, 2, None), lot("d", -5, 3, None)]);
    account.open_quotes =
        vec![OpenQuote { receipt: receipt_id("q"), till: till(), quote_no: 3, attempt: 0, holds: vec![hold(5)], until: at(15) }];
    account.coupons = vec![PersonalCoupon {
        code: "ABC".into(),
        campaign: campaign("spring"),
        issued_by: receipt_id("a"),
        reward: RewardId::parse("c.0").unwrap(),
        valid_from: at(0),
        valid_until: None,
        used_by: None,
    }];
    account.statistics.spent_minor = vec![("GBP".into(), 1_234)];
    account
}

#[test]
fn what_is_written_is_read() {
    let account = sample();
    assert_eq!(Account::decode(&account.encode()), Ok(account));
    let mut entry = ReceiptEntry::new(Aggregate::Own, EntryState::Parked { original: receipt_id("r") }, [9; 32], 2, day());
    entry.park(receipt_id("b"), vec![1, 2, 3]).unwrap();
    assert_eq!(ReceiptEntry::decode(&entry.encode()), Ok(entry));
    let so_far = ReturnedSoFar {
        lines: vec![ReturnedLine { line: line_id("1"), quantity: Quantity::ONE }],
        returns: vec![receipt_id("b")],
        lapsed: vec![lot("a", 5, 0, Some(10))],
        given: vec![GivenLater {
            reward: RewardId::parse("c.0").unwrap(),
            right: Right::Tickets { first: 3, of: Some(AccountId::parse("a-1").unwrap()) },
            lot: Some(lot("a", 5, 0, None).id),
        }],
        repriced: Some(RepricedSoFar { refunded: money(5), ..RepricedSoFar::default() }),
        refused: vec![campaign("c")],
    };
    assert_eq!(ReturnedSoFar::decode(&so_far.encode()), Ok(so_far));
    let receipt = receipt_id("r");
    let view = View { customer: None, receipt: &receipt, supersedes: None, now: at(1), business_date: day(), lists: &[] };
    for customer in [None, Some(sample().standing(&view))] {
        let decided = DecidedWith::of((at(1), Effort::within(500)), customer, vec!["SOCK-A".into()]);
        for part in [None, Some(AnswerPart::Rewards)] {
            let decided = decided.clone().untold_from(part);
            assert_eq!(DecidedWith::decode(&decided.encode()), Ok(decided));
        }
    }
}

#[test]
fn an_unknown_version_an_empty_record_and_bytes_left_over_are_refused() {
    let mut bytes = sample().encode();
    bytes.push(0);
    assert_eq!(Account::decode(&bytes), Err(Damaged::Trailing { bytes: 1 }));
    bytes[0] = ACCOUNT_VERSION + 1;
    assert_eq!(Account::decode(&bytes), Err(Damaged::UnknownVersion { found: ACCOUNT_VERSION + 1 }));
    bytes[0] = ACCOUNT_VERSION - 1;
    assert_eq!(Account::decode(&bytes), Err(Damaged::UnknownVersion { found: ACCOUNT_VERSION - 1 }));
    assert_eq!(Account::decode(&[]), Err(Damaged::Empty));
    assert!(matches!(Account::decode(&vec![ACCOUNT_VERSION; 70_000]), Err(Damaged::TooLong { .. })));
}

/// Every flip of one bit and every cut ends in a checked account or in a value that says what is wrong.
#[test]
fn damaged_bytes_are_a_value_and_never_a_panic() {
    let bytes = sample().encode();
    let (mut read, mut refused) = (0, 0);
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            match Account::decode(&damaged) {
                Ok(account) => {
                    account.check().unwrap();
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert!(Account::decode(&bytes[..place]).is_err(), "cut at {place}");
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}

#[test]
fn a_broken_invariant_is_named() {
    let mut account = sample();
    account.lots[0].left = units(0);
    assert!(matches!(Account::decode(&account.encode()), Err(Damaged::Invariant(_))));
    let mut account = sample();
    account.lots.swap(0, 1);
    assert!(matches!(Account::decode(&account.encode()), Err(Damaged::Invariant(_))));
}

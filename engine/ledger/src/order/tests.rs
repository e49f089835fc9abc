//! The table of orders.

use crate::entry::{Aggregate, EntryState, ReceiptEntry, Taken};
use crate::order::{
    ClaimAdmission, OriginalKnown, QuoteAdmission, ReturnAdmission, SettleAdmission, VoidAdmission, admit_claim, admit_quote,
    admit_return, admit_settle, admit_void,
};
use crate::testing::*;
use tessera_rules::id::AccountId;

const CONTENT: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [9; 32];

fn entry(state: EntryState, attempt: u32) -> ReceiptEntry {
    ReceiptEntry::new(Aggregate::Own, state, CONTENT, attempt, day())
}

fn parked() -> EntryState {
    EntryState::Parked { original: receipt_id("x") }
}

#[test]
fn h2_same_id_other_content_is_a_conflict() {
    let settled = entry(EntryState::Settled, 1);
    assert_eq!(admit_settle(Some(&settled), true, &CONTENT, 1), SettleAdmission::Repeat);
    assert_eq!(admit_settle(Some(&settled), true, &CONTENT, 7), SettleAdmission::Repeat);
    for attempt in [0, 1, 2] {
        assert_eq!(admit_settle(Some(&settled), true, &OTHER, attempt), SettleAdmission::Conflict);
    }
    for state in [parked(), EntryState::Returned] {
        assert_eq!(admit_settle(Some(&entry(state, 1)), true, &CONTENT, 2), SettleAdmission::Conflict);
    }
}

#[test]
fn h4_an_entry_whose_commit_was_refused_counts_as_not_there() {
    let settled = entry(EntryState::Settled, 1);
    assert_eq!(admit_settle(Some(&settled), false, &OTHER, 1), SettleAdmission::New { after_void: false });
    assert_eq!(admit_void(Some(&settled), false, 1), VoidAdmission::New);
    assert_eq!(admit_quote(Some(&settled), false, 1), QuoteAdmission::Open);
    let returned = entry(EntryState::Returned, 1);
    assert_eq!(admit_return(Some(&returned), false, &OTHER, 1, OriginalKnown::Settled), ReturnAdmission::New);
}

#[test]
fn h11_of_void_and_settle_the_higher_attempt_wins() {
    let voided = entry(EntryState::Voided, 2);
    let cases = [(1, SettleAdmission::Voided), (2, SettleAdmission::Voided), (3, SettleAdmission::New { after_void: true })];
    for (attempt, expected) in cases {
        assert_eq!(admit_settle(Some(&voided), false, &CONTENT, attempt), expected, "attempt {attempt}");
    }
    assert_eq!(admit_void(Some(&entry(EntryState::Settled, 1)), true, 9), VoidAdmission::AlreadySettled);
    assert_eq!(admit_void(Some(&voided), false, 2), VoidAdmission::Repeat);
    assert_eq!(admit_void(Some(&voided), false, 3), VoidAdmission::New);
    assert_eq!(admit_void(Some(&entry(parked(), 0)), false, 3), VoidAdmission::Conflict);
}

#[test]
fn h12_a_return_before_its_settle_is_parked_once_and_applied_on_arrival() {
    use OriginalKnown::{NotNamed, NotSettled, Settled};
    let cases = [
        (None, false, CONTENT, Settled, ReturnAdmission::New),
        (None, false, CONTENT, NotNamed, ReturnAdmission::New),
        (None, false, CONTENT, NotSettled, ReturnAdmission::Park),
        (Some(parked()), false, CONTENT, NotSettled, ReturnAdmission::RepeatParked),
        (Some(parked()), false, CONTENT, Settled, ReturnAdmission::New),
        (Some(parked()), false, OTHER, Settled, ReturnAdmission::Conflict),
        (Some(EntryState::Returned), true, CONTENT, Settled, ReturnAdmission::Repeat),
        (Some(EntryState::Returned), true, OTHER, Settled, ReturnAdmission::Conflict),
        (Some(EntryState::Settled), true, CONTENT, Settled, ReturnAdmission::Conflict),
        (Some(EntryState::Voided), false, CONTENT, Settled, ReturnAdmission::Voided),
    ];
    for (number, (state, present, hash, original, expected)) in cases.into_iter().enumerate() {
        let known = state.map(|state| entry(state, 1));
        assert_eq!(admit_return(known.as_ref(), present, &hash, 1, original), expected, "case {number}");
    }
}

#[test]
fn a_quote_after_the_end_of_its_receipt_says_how_it_ended() {
    let mut superseded = entry(EntryState::Voided, 1);
    superseded.superseded_by = Some(receipt_id("new"));
    let cases = [
        (None, 1, QuoteAdmission::Open),
        (Some(entry(EntryState::Settled, 1)), 2, QuoteAdmission::AlreadySettled),
        (Some(entry(EntryState::Voided, 1)), 1, QuoteAdmission::Voided),
        (Some(entry(EntryState::Voided, 1)), 2, QuoteAdmission::Open),
        (Some(entry(EntryState::Returned, 1)), 2, QuoteAdmission::Conflict),
        (Some(superseded), 1, QuoteAdmission::Superseded { by: receipt_id("new") }),
    ];
    for (known, attempt, expected) in cases {
        assert_eq!(admit_quote(known.as_ref(), true, attempt), expected);
    }
}

#[test]
fn h74_a_claim_waits_is_free_own_or_taken() {
    let account = |id: &str| AccountId::parse(id).unwrap();
    let claimed =
        |by: &str| ReceiptEntry { claimed: Some(Taken { by: account(by), at: at(0) }), ..entry(EntryState::Settled, 1) };
    let of_a_customer = ReceiptEntry { aggregate: Aggregate::Account(account("a-2")), ..entry(EntryState::Settled, 1) };
    let table = [
        (None, false, ClaimAdmission::Park),
        (Some(entry(EntryState::Awaited, 0)), false, ClaimAdmission::Park),
        (Some(entry(EntryState::Voided, 1)), false, ClaimAdmission::Park),
        (Some(entry(EntryState::Settled, 1)), false, ClaimAdmission::Park),
        (Some(entry(EntryState::Settled, 1)), true, ClaimAdmission::Free),
        (Some(claimed("a-1")), true, ClaimAdmission::Own),
        (Some(claimed("a-2")), true, ClaimAdmission::Taken),
        (Some(of_a_customer), true, ClaimAdmission::Taken),
        (Some(entry(EntryState::Returned, 1)), true, ClaimAdmission::Conflict),
        (Some(entry(parked(), 1)), false, ClaimAdmission::Conflict),
        (Some(entry(EntryState::ParkedClaim { receipt: receipt_id("x") }, 1)), false, ClaimAdmission::Conflict),
    ];
    for (entry, outcome_present, expected) in table {
        assert_eq!(admit_claim(entry.as_ref(), outcome_present, &account("a-1")), expected, "{entry:?}");
    }
}

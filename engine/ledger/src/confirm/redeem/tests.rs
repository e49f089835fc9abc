//! Tests of `confirm::redeem`.

use compact_str::CompactString;
use tessera_rules::receipt::Place;

use super::*;
use crate::account::FactSource;
use crate::confirm::CODE_LASTS;
use crate::limits::{CODE_TRIES_MAX, CODE_WINDOW_CODES_MAX};
use crate::profile::{Answer, Recording, Told, record_facts};
use crate::testing::*;

fn phone() -> FactId {
    FactId::parse("phone").unwrap()
}

fn say(account: &Account, minute: i64, told: Told) -> Account {
    let customer = account.members[0].customer.clone();
    let answers = [Answer { fact: phone(), source: FactSource::Till, told }];
    let recording = Recording { id: &receipt_id("q"), customer: &customer, codes: &CODES, now: at(minute) };
    record_facts(account, &answers, recording).unwrap().account
}

/// An account whose phone people have confirmed.
fn confirmed() -> Account {
    let told = say(&account(), 1, Told::Value { readable: None, takes_code: false });
    say(&told, 2, Told::Checked { known_at: at(1), had_lapsed: false })
}

fn view(receipt: &ReceiptId, minute: i64) -> View<'_> {
    View { customer: None, receipt, supersedes: None, now: at(minute), business_date: day(), lists: &[] }
}

fn sent(account: &Account, receipt: &str, minute: i64) -> Option<Account> {
    let (place, receipt): (Place, _) = (place(), receipt_id(receipt));
    let request = ProfileRequest {
        id: CODES.asking(&receipt, at(minute)),
        customer: account.members[0].customer.clone(),
        place: Some(&place),
        told_at: at(minute),
        business_date: day(),
        currency: gbp(),
        content_hash: [0; 32],
        basis: basis(),
        booked_at: at(minute),
        booking_date: day(),
    };
    let done = send(account, &request, (&phone(), &view(&receipt, minute)))?;
    assert_eq!((done.outcome.kind, &done.outcome.facts, &done.outcome.postings), (OutcomeKind::Code, &vec![], &vec![]));
    Some(done.account)
}

fn code(account: &Account) -> CompactString {
    let known = &account.members[0].facts[0];
    CODES.confirmation(&account.members[0].customer, &phone(), &known.code.as_ref().unwrap().asked_by)
}

fn brought(account: &Account, receipt: &str, given: &str, minute: i64) -> Option<Account> {
    bring(account, given, (&view(&receipt_id(receipt), minute), &CODES))
}

fn stands_for(account: &Account, receipt: &str, minute: i64) -> CodeForRedeem {
    stands(&account.members[0].facts[0], &view(&receipt_id(receipt), minute), at(minute))
}

#[test]
fn a_code_is_for_one_receipt_works_once_and_is_not_sent_again_meanwhile() {
    let asked = sent(&confirmed(), "A", 10).unwrap();
    assert_eq!(sent(&asked, "A", 11), None, "it is on its way");
    let right = brought(&asked, "A", &code(&asked), 12).unwrap();
    assert_eq!(stands_for(&right, "A", 12), CodeForRedeem::CameBack);
    assert_eq!(stands_for(&right, "A", 500), CodeForRedeem::CameBack, "the receipt may take its time");
    assert_eq!((sent(&right, "A", 13), brought(&right, "A", &code(&asked), 13)), (None, None), "nothing is wanted any more");
    assert_eq!(stands_for(&right, "B", 12), CodeForRedeem::CanBeSent);
    // Another receipt gets another code, and the one of before is none for it.
    let other = sent(&right, "B", 14).unwrap();
    assert_eq!(stands_for(&brought(&other, "B", &code(&asked), 15).unwrap(), "B", 15), CodeForRedeem::CanBeSent);
    assert_eq!(brought(&other, "A", &code(&other), 15), None, "a code is another receipt's");
}

#[test]
fn h76_a_code_for_a_redemption_is_tried_a_few_times_within_its_time_and_few_are_sent_a_day() {
    let asked = sent(&confirmed(), "A", 10).unwrap();
    let right = code(&asked);
    let wrong = format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000);
    let late = 10 + CODE_LASTS.as_secs() / 60;
    assert_eq!(brought(&asked, "A", &right, late), None, "too late");
    assert!(brought(&asked, "A", &right, late - 1).is_some());
    let mut tried = asked;
    for _ in 0..CODE_TRIES_MAX {
        tried = brought(&tried, "A", &wrong, 11).unwrap();
        assert_eq!(stands_for(&tried, "A", 11), CodeForRedeem::CanBeSent);
    }
    assert_eq!(brought(&tried, "A", &right, 12), None, "none is left");
    for number in 1..CODE_WINDOW_CODES_MAX {
        tried = sent(&tried, &format!("B-{number}"), 20 + i64::from(number)).unwrap();
    }
    assert_eq!(sent(&tried, "C", 100), None);
    assert_eq!(stands_for(&tried, "C", 100), CodeForRedeem::UsedUp);
    assert!(sent(&tried, "C", 10 + 24 * 60).is_some(), "a day later");
}

#[test]
fn a_code_goes_to_what_is_confirmed_and_confirms_no_answer_nor_the_other_way_round() {
    let stated = say(&account(), 1, Told::Value { readable: None, takes_code: true });
    assert_eq!(sent(&stated, "A", 2), None, "nobody has confirmed it");
    assert_eq!(brought(&stated, "q", &code(&stated), 2), None, "that code confirms the answer");
    let asked = sent(&confirmed(), "A", 10).unwrap();
    let answered = say(&asked, 11, Told::Code(code(&asked)));
    assert_eq!(answered.members[0].facts[0].known_at, at(2), "it is a wrong code for the answer");
    // Another answer takes the code with it.
    let anew = say(&asked, 12, Told::Value { readable: None, takes_code: true });
    assert_eq!(brought(&anew, "A", &code(&asked), 13), None);
}

//! Tests of `confirm`.

use compact_str::CompactString;
use tessera_rules::id::{CustomerId, FactId};

use super::*;
use crate::account::{Account, FactSource};
use crate::code::CodeKey;
use crate::profile::{Answer, ProfileRefusal, Recording, Told, record_facts};
use crate::testing::*;

fn phone() -> FactId {
    FactId::parse("phone").unwrap()
}

/// What is said in a request at a minute.
fn say(account: &Account, id: &str, minute: i64, told: Told) -> Account {
    let customer = account.members[0].customer.clone();
    let answers = [Answer { fact: phone(), source: FactSource::Till, told }];
    let recording = Recording { id: &receipt_id(id), customer: &customer, codes: &CODES, now: at(minute) };
    record_facts(account, &answers, recording).unwrap().account
}

fn value() -> Told {
    Told::Value { readable: None, takes_code: true }
}

fn known(account: &Account) -> &FactKnown {
    &account.members[0].facts[0]
}

fn code(account: &Account) -> CompactString {
    let asked_by = &known(account).code.as_ref().unwrap().asked_by;
    CODES.confirmation(&account.members[0].customer, &phone(), asked_by)
}

fn wrong(account: &Account) -> Told {
    let right: u32 = code(account).parse().unwrap();
    Told::Code(format!("{:06}", (right + 1) % 1_000_000).into())
}

#[test]
fn a_code_confirms_the_answer_that_it_was_sent_to_and_no_later_one() {
    let asked = say(&account(), "q-1", 1, value());
    assert!(!known(&asked).confirmed && known(&asked).code.as_ref().unwrap().is_open(at(15)));
    let right = Told::Code(code(&asked));
    let confirmed = say(&asked, "q-2", 5, right.clone());
    assert_eq!((known(&confirmed).confirmed, known(&confirmed).known_at), (true, at(5)));
    assert_eq!(known(&confirmed).code.as_ref().unwrap().open_until, None, "it works once");
    // Another answer is not confirmed, and the code of before is none for it.
    let other = say(&confirmed, "q-3", 6, value());
    assert!(!known(&other).confirmed);
    assert_ne!(Told::Code(code(&other)), right);
    assert!(!known(&say(&other, "q-4", 7, right)).confirmed);
}

#[test]
fn h76_a_code_is_tried_a_few_times_and_within_its_time_only() {
    let asked = say(&account(), "q-1", 1, value());
    let right = Told::Code(code(&asked));
    let mut tried = asked.clone();
    for _ in 1..CODE_TRIES_MAX {
        tried = say(&tried, "q-2", 2, wrong(&tried));
    }
    assert!(known(&say(&tried, "q-3", 3, right.clone())).confirmed, "one try is left");
    let used_up = say(&tried, "q-2", 2, wrong(&tried));
    assert!(!known(&say(&used_up, "q-3", 3, right.clone())).confirmed, "none is left");
    assert!(known(&say(&asked, "q-3", 15, right.clone())).confirmed, "the last minute");
    assert!(!known(&say(&asked, "q-3", 16, right)).confirmed, "too late");
}

#[test]
fn h67_h76_no_more_than_a_few_codes_are_sent_in_a_day_whatever_is_said_in_between() {
    let mut told = account();
    for number in 0..=CODE_WINDOW_CODES_MAX {
        told = say(&told, &format!("q-{number}"), i64::from(number) * 20, value());
        let is_sent = known(&told).code.as_ref().unwrap().open_until.is_some();
        assert_eq!(is_sent, number < CODE_WINDOW_CODES_MAX, "{number}");
        told = say(&told, "no", i64::from(number) * 20 + 1, Told::Refused);
        assert_eq!(known(&told).code.as_ref().unwrap().open_until, None, "a refusal takes the code away");
    }
    let next_day = say(&told, "q-x", 24 * 60, value());
    assert!(known(&next_day).code.as_ref().unwrap().is_open(at(24 * 60)));
}

#[test]
fn codes_are_six_digits_and_differ_by_customer_fact_request_and_key() {
    let code = |key: &CodeKey, customer: &str, fact: &str, id: &str| {
        key.confirmation(&CustomerId::parse(customer).unwrap(), &FactId::parse(fact).unwrap(), &receipt_id(id))
    };
    let first = code(&CODES, "c-1", "phone", "q-1");
    assert!(first.len() == 6 && first.bytes().all(|byte| byte.is_ascii_digit()), "{first}");
    assert_eq!(first, code(&CODES, "c-1", "phone", "q-1"));
    for other in [
        code(&CODES, "c-2", "phone", "q-1"),
        code(&CODES, "c-1", "email", "q-1"),
        code(&CODES, "c-1", "phone", "q-2"),
        code(&CodeKey::new([9; 32]), "c-1", "phone", "q-1"),
    ] {
        assert_ne!(first, other);
    }
}

#[test]
fn a_code_without_an_answer_confirms_nothing_and_people_confirm_what_was_said_alone() {
    let code = Told::Code("123456".into());
    assert!(say(&account(), "q-1", 1, code.clone()).members[0].facts.is_empty());
    let refused = say(&account(), "q-1", 1, Told::Refused);
    assert!(!known(&say(&refused, "q-2", 2, code)).confirmed);
    let customer = account().members[0].customer.clone();
    let check = |account: &Account, known_at, had_lapsed| {
        let answers = [Answer { fact: phone(), source: FactSource::Till, told: Told::Checked { known_at, had_lapsed } }];
        record_facts(account, &answers, Recording { id: &receipt_id("q-3"), customer: &customer, codes: &CODES, now: at(3) })
    };
    let never = Err(ProfileRefusal::NeverAnswered(phone()));
    assert_eq!((check(&account(), at(1), false), check(&refused, at(1), false)), (never.clone(), never));
    let told = say(&account(), "q-1", 1, value());
    let checked = check(&told, at(1), false).unwrap();
    assert!(known(&checked.account).confirmed && checked.changed == [phone()]);
    assert!(known(&checked.account).code.as_ref().unwrap().open_until.is_none(), "the code that is on its way is none any more");
    // What has been said since is not what was read.
    let anew = say(&told, "q-2", 2, value());
    assert_eq!(check(&anew, at(1), false), Err(ProfileRefusal::AnsweredAnew(phone())));
    // Checked again it is no news, unless it had lapsed.
    let again = |had_lapsed| check(&checked.account, at(3), had_lapsed).unwrap().changed;
    assert_eq!((again(false), again(true)), (vec![], vec![phone()]));
}

#[test]
fn a_code_that_is_wrong_changes_no_fact_whether_it_is_confirmed_or_not() {
    let customer = account().members[0].customer.clone();
    let tried = |account: &Account, told| {
        let answers = [Answer { fact: phone(), source: FactSource::Till, told }];
        let recording = Recording { id: &receipt_id("q-3"), customer: &customer, codes: &CODES, now: at(3) };
        record_facts(account, &answers, recording).unwrap()
    };
    let asked = say(&account(), "q-1", 1, value());
    let right = tried(&asked, Told::Code(code(&asked)));
    assert_eq!((tried(&asked, wrong(&asked)).changed, &right.changed), (vec![], &vec![phone()]));
    for again in [wrong(&asked), Told::Code(code(&asked))] {
        let tried = tried(&right.account, again);
        assert!(tried.changed.is_empty() && known(&tried.account).confirmed);
    }
}

#[test]
fn h81_a_code_does_not_show_itself() {
    assert_eq!(format!("{:?}", Told::Code("123456".into())), "Code(***)");
}

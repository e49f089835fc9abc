//! Tests of `profile`.

use crate::account::FactSource;
use crate::limits::FACTS_MAX;
use crate::outcome::OutcomeKind;
use crate::posting::is_balanced;
use crate::profile::{Agreed, Answer, ProfileRefusal, ProfileRequest, Release, Told, enrol, record_answers};
use crate::testing::*;
use tessera_rules::id::{AccountId, CustomerId, FactId};

fn request<'a>(place: &'a tessera_rules::receipt::Place, customer: &str, minute: i64) -> ProfileRequest<'a> {
    ProfileRequest {
        id: receipt_id("e-1"),
        customer: CustomerId::parse(customer).unwrap(),
        place: Some(place),
        told_at: at(minute),
        business_date: day(),
        currency: gbp(),
        content_hash: [3; 32],
        basis: basis(),
        booked_at: at(minute),
        booking_date: day(),
    }
}

fn answer(fact: &str, refused: bool) -> Answer {
    let told = if refused { Told::Refused } else { Told::Value { readable: None, takes_code: false } };
    Answer { fact: FactId::parse(fact).unwrap(), source: FactSource::Till, told }
}

fn release() -> Release<'static> {
    Release { codes: &CODES, must_confirm: &[] }
}

#[test]
fn a_customer_is_enrolled_once_and_consents_are_apart() {
    let place = place();
    let id = AccountId::parse("a-1").unwrap();
    let first = enrol(None, id.clone(), &request(&place, "c-1", 1), Agreed { data: true, marketing: false }).unwrap();
    assert_eq!((first.outcome.kind, is_balanced(&first.outcome.postings)), (OutcomeKind::Enrolment, true));
    let second = enrol(Some(&first.account), id, &request(&place, "c-1", 5), Agreed { data: true, marketing: true }).unwrap();
    let member = &second.account.members[0];
    assert_eq!(
        (member.enrolled_at, member.consents.data_since, member.consents.marketing_since),
        (Some(at(1)), Some(at(1)), Some(at(5)))
    );
}

#[test]
fn the_later_answer_stands_and_a_refused_one_is_not_known() {
    let place = place();
    let account = account();
    let first =
        record_answers(&account, &request(&place, "c-1", 1), &[answer("phone", false), answer("birthday", false)], release())
            .unwrap();
    let second = record_answers(&first.account, &request(&place, "c-1", 2), &[answer("phone", true)], release()).unwrap();
    let facts: Vec<_> =
        second.account.members[0].facts.iter().map(|fact| (fact.fact.as_str(), fact.known_at, fact.refused)).collect();
    assert_eq!(facts, [("birthday", at(1), false), ("phone", at(2), true)]);
    assert_eq!(second.outcome.facts, [FactId::parse("phone").unwrap()]);
}

#[test]
fn what_cannot_be_recorded_is_refused_and_changes_nothing() {
    let place = place();
    let many: Vec<Answer> = (0..=FACTS_MAX).map(|number| answer(&format!("f-{number}"), false)).collect();
    assert_eq!(record_answers(&account(), &request(&place, "c-1", 1), &many, release()), Err(ProfileRefusal::TooManyFacts));
    assert_eq!(record_answers(&account(), &request(&place, "c-2", 1), &many, release()), Err(ProfileRefusal::NotAMember));
}

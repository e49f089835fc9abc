//! Codes that confirm what customers stated: sent at once, to the answer, once.

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1::{AnswerKind, OutcomeKind, RecordedAnswer};

use super::*;
use crate::notices::codes::CodeTo;
use crate::notices::plan::Channel;

const LATER: &str = "2026-11-23T18:00:00Z";

/// Answers in which a code is asked for; the customer's id says what the engine knows.
fn asking(id: &str, customer: &str, to: AnswerKind) -> Outcome {
    let until = at(NOON).saturating_add(SignedDuration::from_mins(15)).unwrap();
    let fact_id = if to == AnswerKind::Phone { "mobile" } else { "email" };
    Outcome {
        kind: i32::from(OutcomeKind::Answers),
        outcome_id: id.to_owned(),
        customer_id: customer.to_owned(),
        booked_at: Some(timestamp_to_wire(at(NOON))),
        recorded_answers: vec![RecordedAnswer {
            fact_id: fact_id.to_owned(),
            customer_id: customer.to_owned(),
            code_to: i32::from(to),
            code_until: Some(timestamp_to_wire(until)),
            ..RecordedAnswer::default()
        }],
        ..Outcome::default()
    }
}

impl World {
    async fn code(&self, id: &str, fact: &str) -> Notice {
        let mark = Notice::mark(NoticeKind::Code, &format!("{id}#{fact}"));
        self.book.notice(&mark).await.unwrap().unwrap().value
    }
}

fn mail(name: &str) -> RouteSettings {
    RouteSettings { channel: Channel::Email, ..route(name) }
}

#[tokio::test]
async fn a_code_goes_to_the_answer_at_once_in_quiet_hours_too() {
    let mut world = World::new(vec![(mail("m"), vec![]), (route("a"), vec![])]);
    world.tools.rules.quiet = QuietHours::parse("00:00-23:00");
    let mut worker = world.worker().await;
    world.feed(vec![asking("q-1", "c-code", AnswerKind::Phone), asking("q-2", "c-code", AnswerKind::Email)]).await;
    world.feed(vec![asking("q-1", "c-code", AnswerKind::Phone)]).await;
    world.run(&mut worker, LATER).await;
    let got = |place: usize| -> Vec<_> {
        let got = world.providers[place].got.lock().unwrap();
        got.iter().map(|(_, when, text, is_again)| (*when, text.clone(), *is_again)).collect()
    };
    let text = "Your code is 123456. Tell it at the till within 15 minutes, and to nobody else.".to_owned();
    assert_eq!((got(0), got(1)), (vec![(at(NOON), text.clone(), false)], vec![(at(NOON), text, false)]));
    let notice = world.code("q-1", "mobile").await;
    assert_eq!((notice.state, notice.code.as_ref().map(|code| code.to)), (State::Unconfirmed, Some(CodeTo::Phone)));
    assert!(!format!("{notice:?}").contains("123456"), "h81: it is kept nowhere");
}

#[tokio::test]
async fn h62_a_code_that_may_have_arrived_is_never_sent_again() {
    let mut world = World::new(vec![(route("a"), vec![(NOON..LATER, Trouble::TakesInSilence)]), (route("b"), vec![])]);
    let mut worker = world.worker().await;
    world.feed(vec![asking("q-1", "c-code", AnswerKind::Phone)]).await;
    world.run(&mut worker, LATER).await;
    assert_eq!(world.got().values().sum::<usize>(), 1);
    assert_eq!(world.code("q-1", "mobile").await.state, State::Ended(Ending::Lapsed));
}

#[tokio::test]
async fn a_code_that_is_used_or_too_old_or_has_no_route_is_not_sent_and_says_why() {
    let gone = (NOON.."2026-11-23T12:20:00Z", Trouble::Gone);
    let mut world = World::new(vec![(route("a"), vec![gone])]);
    let mut worker = world.worker().await;
    world.feed(vec![asking("used", "c-1", AnswerKind::Phone), asking("mail", "c-code", AnswerKind::Email)]).await;
    world.feed(vec![asking("old", "c-code", AnswerKind::Phone)]).await;
    world.run(&mut worker, LATER).await;
    world.feed(vec![asking("late", "c-code", AnswerKind::Phone)]).await;
    world.run(&mut worker, TOMORROW).await;
    for (id, fact, state) in [
        ("used", "mobile", State::Ended(Ending::Lapsed)),
        ("mail", "email", State::Undeliverable(Reason::NoAddress)),
        ("old", "mobile", State::Ended(Ending::Lapsed)),
        ("late", "mobile", State::Ended(Ending::Lapsed)),
    ] {
        assert_eq!(world.code(id, fact).await.state, state, "{id}");
    }
    assert!(world.got().is_empty());
}

#[tokio::test]
async fn h67_codes_beyond_the_cap_are_not_sent_and_are_for_people() {
    let mut world = World::new(vec![(route("a"), vec![])]);
    world.tools.rules.codes_hour_max = 2;
    let mut worker = world.worker().await;
    world.feed((0..4).map(|number| asking(&format!("q-{number}"), "c-code", AnswerKind::Phone)).collect()).await;
    world.run(&mut worker, LATER).await;
    assert_eq!(world.got().values().sum::<usize>(), 2);
    let mut refused = 0;
    for number in 0..4 {
        let state = world.code(&format!("q-{number}"), "mobile").await.state;
        refused += usize::from(state == State::Undeliverable(Reason::TooManyCodes));
    }
    assert_eq!(refused, 2);
}

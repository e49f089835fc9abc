//! Tests of the schedule, on acts made by hand.

use tessera_contract::signing::PrivateKey;

use super::*;

const ORIGIN: Hash = Hash::from_bytes([7; 32]);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn content(text: &str) -> Hash {
    blake3::hash(text.as_bytes())
}

/// A history being made: each act follows the one before.
struct History {
    schedule: Schedule,
}

impl History {
    fn new() -> Self {
        Self { schedule: Schedule::empty(ORIGIN) }
    }

    fn act(&mut self, second: i64, by: By, done: Done) -> Result<(), Broken> {
        let act = Act { at: at(second), by, done, previous: self.schedule.last_act() };
        let hash = super::super::act::hash_of(&act.encode().unwrap());
        self.schedule = self.schedule.after(vec![(act, hash)])?;
        Ok(())
    }

    fn made(&self, text: &str, starts: Option<i64>) -> Publication {
        Publication {
            revision: self.schedule.next_number(),
            content: content(text),
            starts: starts.map(at),
            restores: None,
            four_eyes: false,
            needs_approval: false,
            campaigns: 1,
            note: String::new(),
        }
    }

    fn publish(&mut self, second: i64, text: &str, starts: Option<i64>) {
        let made = self.made(text, starts);
        self.act(second, By::Nobody, Done::Published(made)).unwrap();
    }

    fn publish_awaiting(&mut self, second: i64, text: &str, starts: Option<i64>) {
        let made = Publication { needs_approval: true, ..self.made(text, starts) };
        self.act(second, By::Nobody, Done::Published(made)).unwrap();
    }

    fn roll_back(&mut self, second: i64, to: u64) {
        let content = self.schedule.entry(to).unwrap().content();
        let made = Publication { restores: Some(to), content, ..self.made("", None) };
        self.act(second, By::Nobody, Done::Published(made)).unwrap();
    }

    /// Which revision is in force at each second.
    fn check(&self, expected: &[(i64, u64)]) {
        for (second, number) in expected {
            assert_eq!(self.schedule.at(at(*second)), *number, "at {second} in {:?}", self.schedule.line);
        }
    }

    fn states(&self, second: i64) -> Vec<State> {
        self.schedule.revisions().iter().map(|entry| self.schedule.state(entry, at(second))).collect()
    }
}

#[test]
fn a_scheduled_revision_starts_at_its_time_although_another_was_published_after_it() {
    let mut history = History::new();
    history.publish(10, "autumn", None);
    history.publish(20, "advent", Some(100));
    history.publish(30, "autumn, corrected", None);
    history.check(&[(9, 0), (10, 1), (29, 1), (30, 3), (99, 3), (100, 2), (900, 2)]);
    assert_eq!(history.states(50), [State::Past, State::Scheduled, State::Live]);
    assert_eq!(history.states(100), [State::Past, State::Live, State::Past]);
    assert_eq!(history.schedule.ends_at(3), Some(at(100)));
    assert_eq!(history.schedule.next_after(at(50)), Some((at(100), 2)));
    assert_eq!(history.schedule.before(at(100)), Some(3));
}

#[test]
fn of_two_with_one_start_the_one_published_last_counts() {
    let mut history = History::new();
    history.publish(10, "first", Some(100));
    history.publish(20, "second", Some(100));
    history.check(&[(99, 0), (100, 2)]);
    assert_eq!(history.states(100), [State::Replaced, State::Live]);
}

#[test]
fn a_revision_that_waits_starts_when_it_was_approved_and_never_before() {
    let mut history = History::new();
    history.publish(10, "old", None);
    history.publish_awaiting(20, "now", None);
    history.publish_awaiting(21, "later", Some(100));
    history.check(&[(50, 1), (200, 1)]);
    assert_eq!(history.states(200), [State::Live, State::Awaiting, State::Awaiting]);
    history.act(60, By::Nobody, Done::Approved { revision: 3 }).unwrap();
    history.act(70, By::Nobody, Done::Approved { revision: 2 }).unwrap();
    history.check(&[(69, 1), (70, 2), (99, 2), (100, 3)]);
}

#[test]
fn what_was_taken_back_never_starts() {
    let mut history = History::new();
    history.publish(10, "old", None);
    history.publish(20, "advent", Some(100));
    history.act(30, By::Nobody, Done::Withdrawn { revision: 2 }).unwrap();
    history.check(&[(100, 1), (900, 1)]);
    assert_eq!(history.states(900), [State::Live, State::Withdrawn]);
}

#[test]
fn p11_an_act_that_comes_too_late_does_not_follow() {
    let mut history = History::new();
    history.publish(10, "old", None);
    history.publish(20, "advent", Some(100));
    history.publish_awaiting(30, "waits", None);
    let table = [
        (99, Done::Withdrawn { revision: 2 }, Ok(())),
        (100, Done::Withdrawn { revision: 2 }, Err(Broken::Started(2))),
        (50, Done::Withdrawn { revision: 1 }, Err(Broken::Started(1))),
        (900, Done::Withdrawn { revision: 3 }, Ok(())),
        (900, Done::Approved { revision: 3 }, Ok(())),
        (50, Done::Approved { revision: 2 }, Err(Broken::NotAwaiting(2))),
    ];
    for (second, done, expected) in table {
        let mut history = History { schedule: history.schedule.clone() };
        assert_eq!(history.act(second, By::Nobody, done.clone()), expected, "{done:?} at {second}");
        if expected.is_ok() {
            let again = history.act(second, By::Nobody, done.clone()).unwrap_err();
            assert!(matches!(again, Broken::NotAwaiting(_) | Broken::Started(_)), "{done:?} twice: {again}");
        }
    }
}

#[test]
fn going_back_again_goes_further_back_and_not_forth() {
    let mut history = History::new();
    for (second, text) in [(10, "one"), (20, "two"), (30, "three")] {
        history.publish(second, text, None);
    }
    assert_eq!(history.schedule.rollback_target(at(35)), Some(2));
    history.roll_back(40, 2);
    assert_eq!(history.schedule.entry(history.schedule.at(at(45))).unwrap().content(), content("two"));
    assert_eq!(history.schedule.rollback_target(at(45)), Some(1));
    history.roll_back(50, 1);
    assert_eq!(history.schedule.rollback_target(at(55)), None);
    // Forth again, by its number: and then back to where that one had come from.
    history.roll_back(60, 3);
    assert_eq!(history.schedule.rollback_target(at(65)), Some(2));
    history.check(&[(15, 1), (25, 2), (35, 3), (45, 4), (55, 5), (65, 6)]);
}

#[test]
fn p11_acts_that_were_tampered_with_are_refused() {
    let key = PrivateKey::from_seed(&[1; 32]);
    let mut history = History::new();
    history.publish(10, "one", None);
    let good = history.made("two", None);
    let signature = key.sign(&good.statement(history.schedule.newest_act()).text());
    let by = By::person("Anna", &key.public(), &signature);
    let next = |act: Act| history.schedule.after(vec![(act, ORIGIN)]).map(drop).unwrap_err();
    let act = |made: Publication| Act {
        at: at(20),
        by: by.clone(),
        done: Done::Published(made),
        previous: history.schedule.last_act(),
    };
    assert_eq!(next(Act { previous: ORIGIN, ..act(good.clone()) }), Broken::Chain);
    assert_eq!(next(Act { at: at(9), ..act(good.clone()) }), Broken::Chain);
    assert_eq!(next(act(Publication { content: content("other"), ..good.clone() })), Broken::Signature);
    assert_eq!(next(act(Publication { starts: Some(at(5)), ..good.clone() })), Broken::Signature);
    assert_eq!(next(act(Publication { revision: 4, ..good.clone() })), Broken::Number { given: 4, next: 2 });
    assert_eq!(next(Act { done: Done::Approved { revision: 9 }, ..act(good.clone()) }), Broken::Unknown(9));
    assert_eq!(next(Act { done: Done::Approved { revision: 1 }, ..act(good.clone()) }), Broken::Signature);
    assert!(history.schedule.after(vec![(act(good), ORIGIN)]).is_ok());
}

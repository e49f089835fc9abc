//! How a notice moves on: an attempt begins, is answered, is left behind, is told of later. Pure changes of a notice.

use jiff::{SignedDuration, Timestamp};

use super::carrier::{Answer, Receipt};
use super::notice::{Attempt, AttemptResult, Hindrance, Notice, Outage, State};

/// How long what is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waits {
    /// For a delivery receipt after an attempt of unknown fate, before it is sent once more.
    pub unknown: SignedDuration,
    /// For a delivery receipt of what was accepted; none: the route gives no receipts.
    pub receipt: Option<SignedDuration>,
}

/// An attempt is about to be made.
pub fn begin(notice: &mut Notice, attempt: Attempt) {
    notice.state = State::Sending;
    notice.attempts.push(attempt);
}

/// The attempt that is under way was answered. Where a receipt came first, that has said more.
pub fn answered(notice: &mut Notice, answer: Answer, now: Timestamp, waits: Waits, outages: &[Outage]) {
    let fault = notice.fault_at(now, outages);
    let Some(attempt) = notice.attempts.last_mut() else { return };
    if attempt.result != AttemptResult::Started {
        if let Answer::Accepted { provider_id } = answer {
            attempt.provider_id = provider_id;
        }
        return;
    }
    attempt.ended_at = Some(now);
    match answer {
        Answer::Accepted { provider_id } => {
            attempt.result = AttemptResult::Accepted;
            attempt.provider_id = provider_id;
            notice.late = fault;
            match waits.receipt {
                Some(wait) => set(notice, State::Sent, after(now, wait)),
                None => set(notice, State::Unconfirmed, now),
            }
        }
        Answer::Unknown { why } => {
            attempt.result = AttemptResult::Unknown(why);
            set(notice, State::Unsure, after(now, waits.unknown));
        }
        Answer::Refused { code } => {
            attempt.result = AttemptResult::Refused(code);
            set(notice, State::Due, now);
        }
        Answer::NotTaken { why } => not_taken(notice, now, why),
        Answer::Throttled { .. } => not_taken(notice, now, "the provider wants fewer messages".to_owned()),
    }
}

/// The process ended while an attempt was under way: nobody knows what became of it.
pub fn left_behind(notice: &mut Notice, unknown_wait: SignedDuration) {
    let Some(attempt) = notice.attempts.last_mut() else { return };
    if attempt.result == AttemptResult::Started {
        attempt.result = AttemptResult::Unknown("the process ended before the provider had answered".to_owned());
    }
    let look_at = after(attempt.started_at, unknown_wait);
    set(notice, State::Unsure, look_at);
}

/// The provider says what became of a message of this route. Receipts come late, twice, in any order (H64): what is
/// delivered stays delivered. False: nothing has changed.
pub fn receipt(notice: &mut Notice, route: &str, receipt: Receipt, now: Timestamp, outages: &[Outage]) -> bool {
    let fault = notice.fault_at(now, outages);
    let was_taken = notice.attempts.iter().any(|attempt| attempt.result == AttemptResult::Accepted);
    let waits = |attempt: &&mut Attempt| {
        let is_over =
            matches!(attempt.result, AttemptResult::Delivered | AttemptResult::NotDelivered(_) | AttemptResult::Refused(_));
        attempt.route == route && !is_over
    };
    let Some(attempt) = notice.attempts.iter_mut().rev().find(waits) else { return false };
    match receipt {
        Receipt::Delivered => {
            attempt.result = AttemptResult::Delivered;
            if !was_taken {
                notice.late = fault;
            }
            set(notice, State::Delivered, now);
        }
        Receipt::NotDelivered(code) => {
            attempt.result = AttemptResult::NotDelivered(code);
            let others_may_have_told = notice.attempts.iter().any(Attempt::may_have_told);
            if notice.state != State::Delivered && !others_may_have_told {
                notice.late = None;
                set(notice, State::Due, now);
            }
        }
    }
    true
}

/// No receipt came in its time.
pub fn said_no_more(notice: &mut Notice, now: Timestamp) {
    set(notice, State::Unconfirmed, now);
}

/// People let it be tried anew. False: it is not one that waits for people.
pub fn retry(notice: &mut Notice, now: Timestamp) -> bool {
    let may = notice.is_for_people();
    if may {
        notice.current_from = notice.attempts.len();
        notice.retries = notice.retries.saturating_add(1);
        set(notice, State::Due, now);
    }
    may
}

/// It has come to an end, with what its attempts have shown.
pub fn end(notice: &mut Notice, state: State, now: Timestamp) {
    set(notice, state, now);
}

fn not_taken(notice: &mut Notice, now: Timestamp, why: String) {
    notice.attempts.pop();
    notice.misses = notice.misses.saturating_add(1);
    notice.hindrance = Some(Hindrance { at: now, why });
    set(notice, State::Due, now);
}

fn set(notice: &mut Notice, state: State, look_at: Timestamp) {
    notice.state = state;
    notice.look_at = look_at;
}

fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::{at, notice};
    use super::super::notice::{Fault, Reason};
    use super::*;

    const NOW: &str = "2026-11-23T12:30:00Z";

    fn waits() -> Waits {
        Waits { unknown: SignedDuration::from_mins(10), receipt: Some(SignedDuration::from_hours(2)) }
    }

    fn begun() -> Notice {
        let mut notice = notice("A");
        begin(
            &mut notice,
            Attempt {
                route: "a".to_owned(),
                started_at: at(NOW),
                ended_at: None,
                result: AttemptResult::Started,
                provider_id: String::new(),
                parts: 1,
                cost_micros: 5,
                in_quiet_hours: false,
            },
        );
        notice
    }

    fn accepted(id: &str) -> Answer {
        Answer::Accepted { provider_id: id.to_owned() }
    }

    #[test]
    fn each_answer_leads_to_its_state() {
        let why = || "x".to_owned();
        for (answer, state, look_at, attempts) in [
            (accepted("7"), State::Sent, "2026-11-23T14:30:00Z", 1),
            (Answer::Unknown { why: why() }, State::Unsure, "2026-11-23T12:40:00Z", 1),
            (Answer::Refused { code: why() }, State::Due, NOW, 1),
            (Answer::NotTaken { why: why() }, State::Due, NOW, 0),
            (Answer::Throttled { retry_after: None }, State::Due, NOW, 0),
        ] {
            let mut notice = begun();
            answered(&mut notice, answer, at(NOW), waits(), &[]);
            assert_eq!((notice.state, notice.look_at, notice.attempts.len()), (state, at(look_at), attempts));
            assert_eq!(notice.misses > 0, attempts == 0);
        }
        let mut notice = begun();
        answered(&mut notice, accepted(""), at(NOW), Waits { receipt: None, ..waits() }, &[]);
        assert_eq!((notice.state, notice.late), (State::Unconfirmed, None));
        let mut notice = begun();
        answered(&mut notice, accepted(""), at("2026-11-24T11:00:01Z"), waits(), &[]);
        assert_eq!(notice.late, Some(Fault::Ours));
    }

    #[test]
    fn h64_receipts_come_to_the_same_in_any_order_also_twice() {
        let steps: [fn(&mut Notice) -> bool; 4] = [
            |notice| {
                answered(notice, accepted("7"), at(NOW), waits(), &[]);
                true
            },
            |notice| receipt(notice, "a", Receipt::Delivered, at(NOW), &[]),
            |notice| receipt(notice, "a", Receipt::Delivered, at(NOW), &[]),
            |notice| receipt(notice, "b", Receipt::NotDelivered("2".to_owned()), at(NOW), &[]),
        ];
        for order in [[0, 1, 2, 3], [1, 0, 2, 3], [1, 2, 0, 3], [3, 1, 0, 2], [1, 3, 2, 0]] {
            let mut notice = begun();
            for step in order {
                steps[step](&mut notice);
            }
            let attempt = &notice.attempts[0];
            assert_eq!((notice.state, attempt.provider_id.as_str()), (State::Delivered, "7"), "{order:?}");
            assert_eq!(attempt.result, AttemptResult::Delivered);
        }
    }

    #[test]
    fn h64_what_did_not_arrive_goes_on_to_the_next_route_and_what_arrived_does_not() {
        let failed = || Receipt::NotDelivered("2".to_owned());
        let mut notice = begun();
        answered(&mut notice, accepted("7"), at(NOW), waits(), &[]);
        assert!(receipt(&mut notice, "a", failed(), at(NOW), &[]));
        assert_eq!(notice.state, State::Due);
        assert!(!receipt(&mut notice, "a", failed(), at(NOW), &[]), "a second one changes nothing");
        let mut notice = begun();
        assert!(receipt(&mut notice, "a", Receipt::Delivered, at(NOW), &[]));
        assert!(!receipt(&mut notice, "a", failed(), at(NOW), &[]));
        assert_eq!(notice.state, State::Delivered);
        // It did not arrive, and is said so before the provider's own answer is here.
        let mut notice = begun();
        assert!(receipt(&mut notice, "a", failed(), at(NOW), &[]));
        answered(&mut notice, accepted("7"), at(NOW), waits(), &[]);
        assert_eq!((notice.state, notice.attempts[0].provider_id.as_str()), (State::Due, "7"));
    }

    #[test]
    fn h62_an_attempt_that_was_left_behind_is_unknown_and_waits_from_its_beginning() {
        let mut notice = begun();
        left_behind(&mut notice, waits().unknown);
        assert_eq!((notice.state, notice.look_at, notice.unknowns()), (State::Unsure, at("2026-11-23T12:40:00Z"), 1));
        assert!(receipt(&mut notice, "a", Receipt::Delivered, at("2026-11-24T12:00:00Z"), &[]));
        assert_eq!((notice.state, notice.late), (State::Delivered, Some(Fault::Ours)));
    }

    #[test]
    fn people_retry_what_waits_for_them_and_nothing_else() {
        for (state, may) in [
            (State::Unknown, true),
            (State::Undeliverable(Reason::Refused), true),
            (State::Sent, false),
            (State::Delivered, false),
            (State::Due, false),
        ] {
            let mut notice = Notice { state, ..begun() };
            assert_eq!(retry(&mut notice, at(NOW)), may, "{state:?}");
            assert_eq!((notice.current().is_empty(), notice.retries), (may, u32::from(may)));
        }
    }
}

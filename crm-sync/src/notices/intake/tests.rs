//! Outcomes of a feed, in every order in which they may come again, and the notices that come of them.

use bytes::Bytes;
use jiff::SignedDuration;
use tessera_contract::convert::timestamp_to_wire;
use tessera_storage::MemoryStorage;

use super::super::notice::Reason;
use super::super::notice::tests::at;
use super::super::tells::tests::points;
use super::*;

/// A response of the feed that is a commit of its own.
pub(crate) fn response(sequence: u64, outcome: Outcome) -> FollowResponse {
    let cursor = Bytes::from(sequence.to_string());
    FollowResponse { sequence, cursor, outcome: Some(outcome), ..FollowResponse::default() }
}

/// A sale that was booked then, whose customer is to be told of so many points.
pub(crate) fn deferred(receipt: &str, customer: &str, booked_at: Timestamp, units: i64) -> Outcome {
    let due_at = booked_at.saturating_add(SignedDuration::from_hours(24)).unwrap();
    Outcome {
        format: 1,
        kind: i32::from(OutcomeKind::Settle),
        receipt_id: receipt.to_owned(),
        customer_id: customer.to_owned(),
        store_id: "S1".to_owned(),
        booked_at: Some(timestamp_to_wire(booked_at)),
        notice_due_at: Some(timestamp_to_wire(due_at)),
        rewards: if units == 0 { Vec::new() } else { vec![points(units)] },
        revision: 1,
        ..Outcome::default()
    }
}

fn returned(receipt: &str, units: i64) -> Outcome {
    Outcome {
        kind: i32::from(OutcomeKind::Return),
        receipt_id: format!("{receipt}/return{units}"),
        original_receipt_id: receipt.to_owned(),
        rewards: vec![points(-units)],
        ..Outcome::default()
    }
}

/// What a sale gave to who had brought its customer.
fn given_to_another(receipt: &str, units: i64) -> Outcome {
    Outcome {
        kind: i32::from(OutcomeKind::FollowUp),
        receipt_id: format!("{receipt}#0"),
        original_receipt_id: receipt.to_owned(),
        rewards: vec![Reward { earned_by_receipt_id: receipt.to_owned(), ..points(units) }],
        ..Outcome::default()
    }
}

const KNOWN: Known<'static> = Known { digits: &Digits::new(), now: Timestamp::UNIX_EPOCH };

fn sale(receipt: &str, units: i64) -> Outcome {
    deferred(receipt, "c-1", at("2026-11-23T12:00:00Z"), units)
}

fn book() -> Arc<Book> {
    Arc::new(Book::new(Arc::new(MemoryStorage::new(&layout::SPACES))))
}

async fn kept(book: &Book, chain: &str) -> Option<Notice> {
    book.notice(&Notice::mark(NoticeKind::Deferred, chain)).await.unwrap().map(|kept| kept.value)
}

fn units(notice: &Notice) -> i64 {
    notice.tells.iter().map(|told| told.count).sum()
}

#[tokio::test]
async fn h61_h66_a_chain_has_one_notice_however_often_and_in_whatever_pieces_its_outcomes_come() {
    let feed = [
        response(1, sale("A", 150)),
        response(2, sale("B", 0)),
        response(3, Outcome { customer_id: String::new(), ..sale("C", 5) }),
        response(4, Outcome { notice_due_at: None, ..sale("D", 5) }),
        response(5, returned("A", 50)),
        response(6, returned("D", 5)),
        response(7, sale("E", 20)),
        response(8, returned("E", 20)),
        response(
            9,
            Outcome { rewards: vec![Reward { earned_by_receipt_id: "A".to_owned(), ..points(7) }], ..Outcome::default() },
        ),
        response(10, given_to_another("A", 500)),
    ];
    for piece in 1..=feed.len() {
        for again in [false, true] {
            let book = book();
            for part in feed.chunks(piece) {
                Intake::open(Arc::clone(&book)).await.unwrap().take(part, KNOWN).await.unwrap();
                if again {
                    // As after a stop before the position was written.
                    let mut intake = Intake::open(Arc::clone(&book)).await.unwrap();
                    intake.read.place = Place { sequence: part[0].sequence - 1, number: 0 };
                    intake.take(part, KNOWN).await.unwrap();
                }
            }
            let a = kept(&book, "A").await.unwrap();
            assert_eq!((a.state, units(&a), a.came_back_after), (State::Due, 107, false), "{piece} {again}");
            assert_eq!(kept(&book, "B").await.unwrap().state, State::Ended(Ending::NoReward));
            assert_eq!(kept(&book, "E").await.unwrap().state, State::Ended(Ending::CameBack));
            assert_eq!((kept(&book, "C").await, kept(&book, "D").await), (None, None));
            let counts = book.counts().await.unwrap();
            assert_eq!((counts["due"], counts["ended"]), (1, 2), "{counts:?}");
            let open = book.hints(layout::hour(a.look_at), None, 10).await.unwrap();
            assert_eq!(open.len(), 1, "{open:?}");
        }
    }
}

#[tokio::test]
async fn h66_what_comes_back_after_it_was_told_changes_no_state_and_is_noted() {
    for (state, came_back_after, expected) in [
        (State::Sending, true, State::Sending),
        (State::Delivered, true, State::Delivered),
        (State::Due, false, State::Ended(Ending::CameBack)),
        (State::Undeliverable(Reason::NoAddress), false, State::Ended(Ending::CameBack)),
    ] {
        let book = book();
        let mut intake = Intake::open(Arc::clone(&book)).await.unwrap();
        intake.take(&[response(1, sale("A", 9))], KNOWN).await.unwrap();
        let mark = Notice::mark(NoticeKind::Deferred, "A");
        let set = |notice: &mut Notice| {
            notice.state = state;
            true
        };
        book.change(&mark, set).await.unwrap().unwrap();
        intake.take(&[response(2, returned("A", 9))], KNOWN).await.unwrap();
        let notice = kept(&book, "A").await.unwrap();
        assert_eq!((notice.state, notice.came_back_after), (expected, came_back_after), "{state:?}");
    }
}

#[tokio::test]
async fn digits_are_those_of_the_revision_of_the_sale() {
    let book = book();
    let mut intake = Intake::open(Arc::clone(&book)).await.unwrap();
    let digits = Digits::from([(1, BTreeMap::from([("points".to_owned(), 2)]))]);
    let known = Known { digits: &digits, ..KNOWN };
    let batch = [response(1, sale("A", 900))];
    assert_eq!(Intake::revisions(&batch), [1]);
    intake.take(&batch, known).await.unwrap();
    intake.take(&[response(2, returned("A", 100))], known).await.unwrap();
    let asset = Given::Asset { id: "points".to_owned(), digits: 2 };
    assert_eq!(kept(&book, "A").await.unwrap().tells, [Told { given: asset, count: 800 }]);
}

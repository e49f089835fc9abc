//! What people and providers call, against a book in memory.

use axum::body::Body;
use axum::http::Request;
use jiff::SignedDuration;
use tessera_storage::MemoryStorage;
use tokio::sync::watch;

use super::*;
use crate::fresh::Fresh;
use crate::mirror::Folded;
use crate::mirror::read::Reader;
use crate::notices::intake::tests::{deferred, response};
use crate::notices::intake::{Digits, Intake, Known};
use crate::notices::layout;
use crate::notices::notice::{Attempt, AttemptResult, Notice, NoticeKind, Reason, State as NoticeState};

/// Nobody answers there: what needs the engine says so.
const NO_ENGINE: &str = "http://127.0.0.1:9";

async fn served(notices: &[(&str, NoticeState)]) -> NoticesServed {
    let book = Arc::new(Book::new(Arc::new(MemoryStorage::new(&layout::SPACES))));
    let mut intake = Intake::open(Arc::clone(&book)).await.unwrap();
    let now = Timestamp::now();
    let booked = now.saturating_sub(SignedDuration::from_hours(30)).unwrap();
    let sales = (1..).zip(notices).map(|(number, (chain, _))| response(number, deferred(chain, "c-1", booked, 5)));
    intake.take(&sales.collect::<Vec<_>>(), Known { digits: &Digits::new(), now }).await.unwrap();
    for (chain, state) in notices {
        let set = |notice: &mut Notice| {
            notice.state = *state;
            notice.attempts.push(Attempt {
                route: "main".to_owned(),
                started_at: now,
                ended_at: None,
                result: AttemptResult::Accepted,
                provider_id: String::new(),
                parts: 1,
                cost_micros: 1,
                in_quiet_hours: false,
            });
            true
        };
        book.change(&mark(chain), set).await.unwrap().unwrap();
    }
    let fresh = Fresh::new(NO_ENGINE, watch::Sender::new(Folded::default()).subscribe());
    let reader = Reader::new(Arc::new(MemoryStorage::new(&crate::mirror::layout::SPACES)));
    NoticesServed { book, look_up: LookUp::new(reader, fresh, NO_ENGINE).unwrap(), has_routes: true }
}

fn mark(chain: &str) -> String {
    Notice::mark(NoticeKind::Deferred, chain)
}

async fn call(served: &NoticesServed, method: &str, path: &str, body: &str) -> (u16, String) {
    use tower::ServiceExt as _;
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
    let answer = routes(served.clone()).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn state(served: &NoticesServed, chain: &str) -> NoticeState {
    served.book.notice(&mark(chain)).await.unwrap().unwrap().value.state
}

const REFUSED: NoticeState = NoticeState::Undeliverable(Reason::Refused);

#[tokio::test]
async fn lists_say_what_is_due_late_or_for_people_and_why() {
    let served = served(&[("A<b>", NoticeState::Due), ("B", REFUSED), ("C", NoticeState::Delivered)]).await;
    for (path, wanted) in [
        ("/v1/notices", &["A<b>"][..]),
        ("/v1/notices?list=late", &["A<b>"]),
        ("/v1/notices?list=undeliverable&limit=5", &["B"]),
        ("/v1/notices?list=undeliverable&limit=0", &[]),
    ] {
        let (status, body) = call(&served, "GET", path, "").await;
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        let chains: Vec<&str> = told["notices"].as_array().unwrap().iter().map(|one| one["chain"].as_str().unwrap()).collect();
        assert_eq!((status, chains.as_slice()), (200, wanted), "{path}: {body}");
        assert_eq!((&told["counts"]["due"], &told["counts"]["undeliverable"]), (&1.into(), &1.into()));
    }
    let (status, page) = call(&served, "GET", "/notices", "").await;
    assert_eq!(status, 200);
    assert!(page.contains("A&lt;b&gt;") && !page.contains("A<b>") && page.contains("every provider refused it"), "{page}");
    for path in ["/v1/notices?list=all", "/v1/notices?limit=x", "/v1/notices?lists=due"] {
        assert_eq!(call(&served, "GET", path, "").await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn what_waits_for_people_is_tried_anew_and_nothing_else_is() {
    let served = served(&[("A", REFUSED), ("B", NoticeState::Unknown), ("C", NoticeState::Delivered), ("D", REFUSED)]).await;
    let by_mark = |chain: &str| format!("{{\"mark\": \"{}\"}}", mark(chain));
    for (body, status, told) in [
        (by_mark("A"), 200, "{\"retried\":1}"),
        (by_mark("A"), 404, "does not wait for people"),
        (by_mark("C"), 404, "does not wait for people"),
        ("{}".to_owned(), 400, "name one notice"),
        ("x".to_owned(), 400, "names no notices"),
        ("{\"all\": true}".to_owned(), 200, "{\"retried\":2}"),
    ] {
        let answer = call(&served, "POST", "/v1/notices/retry", &body).await;
        assert!(answer.0 == status && answer.1.contains(told), "{body}: {answer:?}");
    }
    assert_eq!((state(&served, "C").await, state(&served, "D").await), (NoticeState::Delivered, NoticeState::Due));
}

#[tokio::test]
async fn h64_receipts_of_providers_are_taken_by_mark_and_route_and_those_of_nobody_do_no_harm() {
    let sent = NoticeState::Sent;
    let served = served(&[("A", sent), ("B", sent), ("C", sent), ("D", sent)]).await;
    for (chain, route, code, expected) in [
        ("A", "main", 1, NoticeState::Delivered),
        ("A", "main", 2, NoticeState::Delivered),
        ("B", "main", 2, NoticeState::Due),
        ("C", "main", 8, sent),
        ("D", "other", 1, sent),
    ] {
        let path = format!("/v1/notices/receipts/{route}?mark={}&type={code}", mark(chain));
        assert_eq!(call(&served, "GET", &path, "").await.0, 204);
        assert_eq!(state(&served, chain).await, expected, "{chain} {code}");
    }
    assert_eq!(call(&served, "GET", "/v1/notices/receipts/main?mark=nobody&type=1", "").await.0, 204);
    assert_eq!(call(&served, "GET", "/v1/notices/receipts/main?mark=x&type=nonsense", "").await.0, 400);
}

#[tokio::test]
async fn customers_stop_messages_and_choose_their_channels() {
    let served = served(&[]).await;
    let wish = r#"{"customer": "c-1", "stopped": true, "channels": ["telegram", "sms"]}"#;
    let (status, told) = call(&served, "POST", "/v1/notices/customers", wish).await;
    assert!(status == 200 && told.contains("[\"telegram\",\"sms\"]") && told.contains("stopped_at\":\"2"), "{told}");
    let (_, told) = call(&served, "POST", "/v1/notices/customers", r#"{"customer": "c-1", "stopped": false}"#).await;
    assert!(told.contains("\"stopped_at\":null") && told.contains("telegram"), "{told}");
    for (body, status) in [
        (r#"{"phone": "+4930123456", "stopped": true}"#, 503),
        (r#"{"stopped": true}"#, 400),
        (r#"{"customer": "c-1", "phone": 5}"#, 400),
        (r#"{"customer": "c-1", "channels": ["pigeon"]}"#, 400),
    ] {
        let answer = call(&served, "POST", "/v1/notices/customers", body).await;
        assert_eq!(answer.0, status, "{body}: {answer:?}");
        assert!(!answer.1.contains("4930123456"), "h81: {answer:?}");
    }
    // Who only says thank you is not asked for.
    assert_eq!(call(&served, "GET", "/v1/notices/incoming?from=%2B4930123456&text=thanks", "").await.0, 204);
    assert_eq!(call(&served, "GET", "/v1/notices/incoming?from=%2B4930123456&text=STOP.", "").await.0, 503);
}

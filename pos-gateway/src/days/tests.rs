//! Tests of the book on a disk.

use prost::Message as _;
use tempfile::TempDir;
use tessera_proto::billing::v1::{
    Receipt, ReturnMode, ReturnRequest, ReturnResponse, ReturnStatus, SettleRequest, SettleResponse, SettleStatus,
};
use tessera_rules::id::{StoreId, TillId};

use super::*;

fn settle(id: &str, till: &str, training: bool) -> Bytes {
    let receipt = Receipt {
        receipt_id: id.to_owned(),
        business_date: "2027-01-15".to_owned(),
        store_id: "S/1".to_owned(),
        till_id: till.to_owned(),
        training,
        ..Receipt::default()
    };
    SettleRequest { receipt: Some(receipt), ..SettleRequest::default() }.encode_to_vec().into()
}

fn give_back(id: &str, mode: ReturnMode) -> Bytes {
    let request = ReturnRequest {
        receipt_id: id.to_owned(),
        mode: mode.into(),
        business_date: "2027-01-15".to_owned(),
        store_id: "S/1".to_owned(),
        till_id: "T1".to_owned(),
        ..ReturnRequest::default()
    };
    request.encode_to_vec().into()
}

fn settled(status: SettleStatus) -> Bytes {
    SettleResponse { status: status.into(), ..SettleResponse::default() }.encode_to_vec().into()
}

fn returned(status: ReturnStatus) -> Bytes {
    ReturnResponse { status: status.into(), ..ReturnResponse::default() }.encode_to_vec().into()
}

fn day(till: &str) -> TillDay {
    TillDay { store: StoreId::parse("S/1").unwrap(), till: TillId::parse(till).unwrap(), date: "2027-01-15".parse().unwrap() }
}

async fn ids(book: &Book, till: &str) -> Vec<String> {
    book.day(&day(till)).await.receipts.keys().map(ToString::to_string).collect()
}

fn open(folder: &TempDir) -> Book {
    Book::open(folder.path().join("till-days")).unwrap()
}

#[tokio::test]
async fn h60_what_was_answered_is_in_its_tills_day_once_and_is_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    book.note(Call::Settle, settle("A", "T1", false), settled(SettleStatus::Committed));
    book.note(Call::Settle, settle("A", "T1", false), settled(SettleStatus::Committed));
    book.note(Call::Settle, settle("B", "T1", false), settled(SettleStatus::Accepted));
    book.note(Call::Settle, settle("C", "T2", false), settled(SettleStatus::Committed));
    book.note(Call::Return, give_back("D", ReturnMode::Done), returned(ReturnStatus::Parked));
    // None of these is in a day.
    book.note(Call::Settle, settle("E", "T1", true), settled(SettleStatus::Training));
    book.note(Call::Settle, settle("F", "T1", false), settled(SettleStatus::Voided));
    book.note(Call::Return, give_back("G", ReturnMode::Preview), returned(ReturnStatus::Previewed));
    book.note(Call::Void, settle("H", "T1", false), settled(SettleStatus::Committed));
    let first = book.day(&day("T1")).await.receipts;
    assert_eq!(first.keys().map(ReceiptId::as_str).collect::<Vec<_>>(), ["A", "B", "D"]);
    assert_eq!(as_said(&first).sum().returned, 1);
    let accepted: Vec<bool> = first.values().map(|noted| noted.accepted_ms.is_some()).collect();
    assert_eq!(accepted, [false, true, false]);
    assert_eq!(first.values().next().unwrap().request, settle("A", "T1", false));
    drop(book);
    let again = open(&folder);
    assert_eq!((ids(&again, "T1").await, ids(&again, "T2").await), (vec!["A".into(), "B".into(), "D".into()], vec!["C".into()]));
    assert_eq!(again.days(|_, is_open| is_open), [day("T1"), day("T2")]);
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn sold(book: &Book, when: &str, id: &str, till: &str) {
    book.note_at(at(when), Call::Settle, settle(id, till, false), settled(SettleStatus::Committed));
}

/// How many days are open and overdue, and the oldest one.
fn told(book: &Book, when: &str) -> (u32, u32, String) {
    let status = book.status(at(when));
    (status.open_count, status.overdue_count, status.oldest_open_date)
}

async fn close(book: &Book, till: &str) {
    book.closed(&day(till), &book.day(&day(till)).await);
}

fn file_of_t1(folder: &TempDir) -> std::path::PathBuf {
    let date_folder = folder.path().join("till-days/2027-01-15");
    let files = std::fs::read_dir(date_folder).unwrap().map(|file| file.unwrap().path());
    files.into_iter().find(|file| file.to_str().unwrap().ends_with("-5431.day")).unwrap()
}

#[tokio::test]
async fn h60_a_closed_day_that_gets_a_receipt_is_open_again_and_a_day_that_nobody_closes_is_told() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    // The till's clock stands years behind, or ahead: what counts is when the gateway noted it.
    sold(&book, "2026-11-20T06:00:00Z", "A", "T1");
    sold(&book, "2026-11-20T06:00:00Z", "C", "T2");
    sold(&book, "2026-11-21T20:00:00Z", "D", "T2");
    close(&book, "T1").await;
    assert_eq!(ids(&book, "T1").await, ["A"]);
    assert_eq!(told(&book, "2026-11-22T05:59:59Z"), (1, 0, "2027-01-15".to_owned()));
    assert_eq!(told(&book, "2026-11-22T06:00:00Z"), (1, 1, "2027-01-15".to_owned()));
    drop(book);
    let book = open(&folder);
    assert_eq!(book.days(|_, is_open| is_open), [day("T2")], "a close outlives a restart");
    assert_eq!(told(&book, "2026-11-22T06:00:00Z"), (1, 1, "2027-01-15".to_owned()), "and so does a day's age");
    sold(&book, "2026-11-23T06:00:00Z", "late", "T1");
    assert_eq!(ids(&book, "T1").await, ["A", "late"]);
    drop(book);
    assert_eq!(open(&folder).days(|_, is_open| is_open), [day("T1"), day("T2")]);
}

#[tokio::test]
async fn h60_a_day_that_gets_a_receipt_while_it_is_compared_stays_open() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    sold(&book, "2026-11-20T06:00:00Z", "A", "T1");
    let compared = book.day(&day("T1")).await;
    sold(&book, "2026-11-20T06:00:01Z", "B", "T1");
    book.closed(&day("T1"), &compared);
    assert_eq!(ids(&book, "T1").await, ["A", "B"]);
    assert_eq!(book.days(|_, is_open| is_open), [day("T1")]);
    close(&book, "T1").await;
    assert_eq!(ids(&book, "T1").await, ["A", "B"]);
    assert_eq!(book.days(|_, is_open| is_open), []);
}

#[tokio::test]
async fn h60_a_receipt_that_comes_again_is_noted_once_and_opens_no_day_that_was_closed() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    sold(&book, "2026-11-20T06:00:00Z", "A", "T1");
    sold(&book, "2026-11-20T06:00:00Z", "B", "T1");
    let compared = book.day(&day("T1")).await;
    let bytes = std::fs::metadata(file_of_t1(&folder)).unwrap().len();
    book.closed(&day("T1"), &compared);
    for _ in 0..100 {
        sold(&book, "2026-11-20T06:00:01Z", "A", "T1");
    }
    assert_eq!(ids(&book, "T1").await, ["A", "B"]);
    assert_eq!(book.days(|_, is_open| is_open), []);
    assert_eq!(std::fs::metadata(file_of_t1(&folder)).unwrap().len(), bytes);
    drop(book);
    let book = open(&folder);
    sold(&book, "2026-11-20T06:00:02Z", "B", "T1");
    assert_eq!(ids(&book, "T1").await, ["A", "B"]);
    assert_eq!(book.days(|_, is_open| is_open), [], "not after a restart either");
}

/// Gives the thread occasions to look after what is old: one receipt of another till, one day.
async fn later(book: &Book, when: &str) {
    for id in ["X", "Y", "Z"] {
        sold(book, when, id, "other");
    }
    ids(book, "other").await;
}

#[tokio::test]
async fn h60_a_closed_day_loses_its_requests_first_and_what_comes_late_is_compared_with_all_of_it() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    sold(&book, "2026-11-20T06:00:00Z", "A", "T1");
    sold(&book, "2026-11-20T06:00:00Z", "B", "T1");
    sold(&book, "2026-11-20T06:00:00Z", "C", "T2");
    close(&book, "T1").await;
    let requests = async |book: &Book, till: &str| {
        let noted = book.day(&day(till)).await.receipts;
        noted.values().map(|noted| !noted.request.is_empty()).collect::<Vec<_>>()
    };
    later(&book, "2026-11-23T06:00:00Z").await;
    assert_eq!(requests(&book, "T1").await, [true, true], "three days are not over");
    later(&book, "2026-11-24T06:00:00Z").await;
    assert_eq!(requests(&book, "T1").await, [false, false]);
    assert_eq!(requests(&book, "T2").await, [true], "what is not closed may yet be delivered from here");
    sold(&book, "2026-11-24T06:00:00Z", "A", "T1");
    ids(&book, "T1").await;
    assert_eq!(book.days(|day, is_open| is_open && day.till.as_str() == "T1"), []);
    sold(&book, "2026-11-24T06:00:00Z", "late", "T1");
    assert_eq!(ids(&book, "T1").await, ["A", "B", "late"]);
    assert_eq!(book.days(|day, is_open| is_open && day.till.as_str() == "T1"), [day("T1")]);
}

#[tokio::test]
async fn h60_a_day_is_kept_by_when_it_was_noted_whatever_its_tills_clock_says() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    // Of this till the date is weeks ahead of the gateway's; of the other one it would be long over.
    for (when, id, till) in [("2026-11-20T06:00:00Z", "A", "T1"), ("2027-06-01T06:00:00Z", "C", "T2")] {
        sold(&book, when, id, till);
        sold(&book, when, "first", "other");
        later(&book, when).await;
    }
    // A day of January, noted in June, of which nobody has closed anything.
    later(&book, "2027-07-06T06:00:00Z").await;
    assert_eq!(book.days(|_, is_open| is_open), [day("T2"), day("other")]);
    later(&book, "2027-07-07T06:00:00Z").await;
    assert_eq!(book.days(|_, is_open| is_open), [day("other")]);
}

#[tokio::test]
async fn h60_what_is_beyond_the_largest_day_is_counted_and_the_day_stays_open() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    let most = tessera_contract::limits::TILL_DAY_RECEIPTS_MAX;
    for number in 0..=most {
        let wait = number % 1_000 == 999;
        sold(&book, "2026-11-20T06:00:00Z", &format!("R{number}"), "T1");
        if wait {
            book.day(&day("T1")).await;
        }
    }
    let compared = book.day(&day("T1")).await;
    assert_eq!(compared.receipts.len(), most);
    assert_eq!(book.status(at("2026-11-20T06:00:00Z")).not_noted_count, 1);
}

#[tokio::test]
async fn h60_what_a_power_cut_damaged_costs_that_record_and_none_behind_it() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    for id in ["A", "B", "C"] {
        book.note(Call::Settle, settle(id, "T1", false), settled(SettleStatus::Committed));
    }
    assert_eq!(ids(&book, "T1").await.len(), 3);
    let date_folder = folder.path().join("till-days/2027-01-15");
    let file = std::fs::read_dir(date_folder).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    assert_eq!(ids(&book, "T1").await, ["A", "C"]);
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    book.note(Call::Settle, settle("D", "T1", false), settled(SettleStatus::Committed));
    assert_eq!(ids(&book, "T1").await, ["A", "B", "D"]);
}

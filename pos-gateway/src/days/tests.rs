//! Tests of the book on a disk.

use tempfile::TempDir;
use tessera_proto::billing::v1::{Receipt, ReturnMode, ReturnResponse, SettleResponse};
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
    book.receipts(&day(till)).await.keys().map(ToString::to_string).collect()
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
    let first = book.receipts(&day("T1")).await;
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

#[tokio::test]
async fn h60_a_closed_day_that_gets_a_receipt_is_open_again_and_a_day_that_nobody_closes_is_told() {
    let folder = TempDir::new().unwrap();
    let book = open(&folder);
    book.note(Call::Settle, settle("A", "T1", false), settled(SettleStatus::Committed));
    book.note(Call::Settle, settle("C", "T2", false), settled(SettleStatus::Committed));
    book.closed(&day("T1"));
    assert_eq!(ids(&book, "T1").await, ["A"]);
    let told = |book: &Book, at: &str| {
        let status = book.status(at.parse().unwrap());
        (status.open_count, status.overdue_count, status.oldest_open_date)
    };
    assert_eq!(told(&book, "2027-01-16T23:00:00Z"), (1, 0, "2027-01-15".to_owned()));
    assert_eq!(told(&book, "2027-01-17T00:00:00Z"), (1, 1, "2027-01-15".to_owned()));
    drop(book);
    let book = open(&folder);
    assert_eq!(book.days(|_, is_open| is_open), [day("T2")], "a close outlives a restart");
    book.note(Call::Settle, settle("late", "T1", false), settled(SettleStatus::Committed));
    assert_eq!(ids(&book, "T1").await, ["A", "late"]);
    drop(book);
    assert_eq!(open(&folder).days(|_, is_open| is_open), [day("T1"), day("T2")]);
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

//! Tests of the journal: reopening, damage, limits, rewriting.

use std::fs;

use tessera_proto::billing::v1::{Receipt, SettleRequest, VoidRequest};

use super::*;
use crate::limits::JOURNAL_REWRITE_BYTES;

fn settle(receipt_id: &str) -> Advice {
    Advice::Settle(SettleRequest {
        receipt: Some(Receipt { receipt_id: receipt_id.to_owned(), ..Receipt::default() }),
        attempt: 3,
        ..SettleRequest::default()
    })
}

fn waiting(journal: &Journal) -> Vec<String> {
    let open = journal.open_advices();
    open.into_iter().map(|open| open.receipt_id).collect()
}

#[tokio::test]
async fn h1_an_advice_survives_reopening_until_it_is_struck_out() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let first = journal.keep(&settle("r1")).await.unwrap().unwrap();
    let void = Advice::Void(VoidRequest { receipt_id: "r2".to_owned(), ..VoidRequest::default() });
    journal.keep(&void).await.unwrap();
    drop(journal);

    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(waiting(&journal), ["r1", "r2"]);
    let open = journal.open_advices();
    assert_eq!(open[0].attempt, 3);
    assert_eq!(Advice::decode(open[0].call, &open[0].request), Some(settle("r1")));
    assert_eq!(Advice::decode(open[1].call, &open[1].request), Some(void));
    journal.strike(first).await.unwrap();
    drop(journal);

    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(waiting(&journal), ["r2"]);
    let next = journal.keep(&settle("r3")).await.unwrap().unwrap();
    assert!(next > first, "numbers are not used again");
}

#[tokio::test]
async fn the_same_advice_once_more_is_one_entry_and_another_decision_is_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let first = journal.keep(&settle("r1")).await.unwrap();
    assert_eq!(journal.keep(&settle("r1")).await.unwrap(), first);
    let Advice::Settle(mut again) = settle("r1") else { unreachable!() };
    again.attempt = 4;
    assert_ne!(journal.keep(&Advice::Settle(again)).await.unwrap(), first);
    assert_eq!(journal.open_advices().len(), 2);
}

#[tokio::test]
async fn a_full_journal_says_how_many_wait_and_takes_more_when_one_is_struck_out() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open_with(folder.path(), 2).unwrap();
    let first = journal.keep(&settle("r1")).await.unwrap().unwrap();
    journal.keep(&settle("r2")).await.unwrap();
    let full = journal.keep(&settle("r3")).await.unwrap_err();
    assert!(matches!(full, JournalError::Full { open: 2, limit: 2 }), "{full}");
    assert!(full.to_string().starts_with("2 receipts wait for the server"));
    journal.strike(first).await.unwrap();
    journal.keep(&settle("r3")).await.unwrap();
    assert_eq!(waiting(&journal), ["r2", "r3"]);
}

#[tokio::test]
async fn a_damaged_end_is_cut_off_kept_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advices.journal");
    let journal = Journal::open(folder.path()).unwrap();
    journal.keep(&settle("r1")).await.unwrap();
    let whole = fs::read(&path).unwrap().len();
    journal.keep(&settle("r2")).await.unwrap();
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();

    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(waiting(&journal), ["r1"]);
    let damage = journal.damage().unwrap();
    assert_eq!(damage.at_byte, u64::try_from(whole).unwrap());
    assert_eq!(fs::read(&damage.kept_in).unwrap(), bytes[whole..bytes.len() - 1]);
    journal.keep(&settle("r3")).await.unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(waiting(&journal), ["r1", "r3"]);
    assert_eq!(journal.damage(), None);
}

#[tokio::test]
async fn a_journal_in_use_and_another_format_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let second = Journal::open(folder.path()).unwrap_err();
    assert!(matches!(second, JournalError::InUse { .. }), "{second}");
    drop(journal);
    fs::write(folder.path().join("advices.journal"), "something else").unwrap();
    let other = Journal::open(folder.path()).unwrap_err();
    assert!(matches!(other, JournalError::OtherFormat { .. }), "{other}");
}

#[tokio::test]
async fn what_is_struck_out_does_not_grow_the_file_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let Advice::Settle(mut large) = settle("large") else { unreachable!() };
    large.quote_token = vec![7; 512 * 1024].into();
    journal.keep(&settle("small")).await.unwrap();
    for attempt in 0..12 {
        large.attempt = attempt;
        let entry = journal.keep(&Advice::Settle(large.clone())).await.unwrap();
        journal.strike(entry.unwrap()).await.unwrap();
    }
    // It waits until the file that was begun is in its place.
    drop(journal);
    let bytes = fs::metadata(folder.path().join("advices.journal")).unwrap().len();
    assert!(bytes < JOURNAL_REWRITE_BYTES + 1024 * 1024, "{bytes}");
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(waiting(&journal), ["small"]);
}

#[tokio::test]
async fn without_a_journal_nothing_is_kept() {
    let journal = Journal::none();
    assert_eq!(journal.keep(&settle("r1")).await.unwrap(), None);
    assert!(journal.open_advices().is_empty());
}

fn sold(receipt_id: &str, date: &str) -> Advice {
    let receipt = Receipt {
        receipt_id: receipt_id.to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        business_date: date.to_owned(),
        ..Receipt::default()
    };
    Advice::Settle(SettleRequest { receipt: Some(receipt), ..SettleRequest::default() })
}

fn of_day(journal: &Journal, date: &str) -> Vec<(String, bool)> {
    let day = TillDay::parse("S1", "T1", date).unwrap();
    journal.of_day(&day).into_iter().map(|done| (done.id.to_string(), done.request.is_some())).collect()
}

#[tokio::test]
async fn h60_what_was_sold_is_remembered_with_its_request_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for (id, date) in [("a", "2027-01-15"), ("b", "2027-01-16"), ("c", "2027-01-15")] {
        let entry = journal.keep(&sold(id, date)).await.unwrap().unwrap();
        journal.done(entry).await.unwrap();
    }
    let refused = journal.keep(&sold("refused", "2027-01-15")).await.unwrap().unwrap();
    journal.strike(refused).await.unwrap();
    journal.keep(&sold("open", "2027-01-15")).await.unwrap();
    let whole = |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), true)).collect::<Vec<_>>();
    assert_eq!(of_day(&journal, "2027-01-15"), whole(&["a", "c", "open"]));
    drop(journal);
    // Opened twice: what was read is what is written anew.
    drop(Journal::open(folder.path()).unwrap());
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(waiting(&journal), ["open"]);
    assert_eq!(of_day(&journal, "2027-01-15"), whole(&["a", "c", "open"]));
    assert_eq!(of_day(&journal, "2027-01-16"), whole(&["b"]));
}

#[tokio::test]
async fn h56_the_newest_receipts_keep_their_requests_and_older_ones_their_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for number in 0..502 {
        let entry = journal.keep(&sold(&format!("r{number:03}"), "2027-01-15")).await.unwrap().unwrap();
        journal.done(entry).await.unwrap();
    }
    drop(journal);
    let all = of_day(&Journal::open(folder.path()).unwrap(), "2027-01-15");
    assert_eq!(all.len(), 502);
    let without: Vec<&str> = all.iter().filter(|(_, whole)| !whole).map(|(id, _)| id.as_str()).collect();
    assert_eq!(without, ["r000", "r001"]);
}

/// A settle of half a mebibyte.
fn large(receipt_id: &str) -> Advice {
    let Advice::Settle(mut large) = sold(receipt_id, "2027-01-15") else { unreachable!() };
    large.quote_token = vec![7; 512 * 1024].into();
    Advice::Settle(large)
}

#[tokio::test]
async fn h56_large_receipts_keep_fewer_requests_so_that_the_file_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    for number in 0..20 {
        let entry = journal.keep(&large(&format!("r{number:02}"))).await.unwrap().unwrap();
        journal.done(entry).await.unwrap();
    }
    drop(journal);
    let all = of_day(&Journal::open(folder.path()).unwrap(), "2027-01-15");
    assert_eq!(all.len(), 20);
    let without: Vec<&str> = all.iter().filter(|(_, whole)| !whole).map(|(id, _)| id.as_str()).collect();
    assert_eq!(without, ["r00", "r01", "r02", "r03", "r04"], "fifteen and their receipts are less than 8 MiB");
    let bytes = fs::metadata(folder.path().join("advices.journal")).unwrap().len();
    assert!(bytes <= 8 * 1024 * 1024, "{bytes}");
}

#[tokio::test]
async fn h1_what_is_kept_and_struck_out_while_the_file_is_written_anew_is_in_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let disk = journal.disk().unwrap();
    let before = journal.keep(&sold("before", "2027-01-15")).await.unwrap().unwrap();
    journal.keep(&settle("waits")).await.unwrap();
    let begun = file::begin_anew(&disk);
    journal.keep(&settle("meanwhile")).await.unwrap();
    journal.done(before).await.unwrap();
    file::end_anew(&disk, begun);
    journal.keep(&settle("behind")).await.unwrap();
    drop((journal, disk));
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(waiting(&journal), ["waits", "meanwhile", "behind"]);
    assert_eq!(of_day(&journal, "2027-01-15"), [("before".to_owned(), true)]);
    assert_eq!(journal.damage(), None);
}

/// The new file is a pipe that nobody reads: a disk that stands still.
#[cfg(unix)]
#[tokio::test]
async fn p1_nobody_waits_for_a_file_that_is_written_anew_and_without_it_the_old_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let pipe = folder.path().join("advices.journal.new");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for number in 0..12 {
        let entry = journal.keep(&large(&format!("r{number:02}"))).await.unwrap().unwrap();
        journal.strike(entry).await.unwrap();
    }
    while lock(&journal.disk().unwrap()).since.is_none() {
        tokio::task::yield_now().await;
    }
    let last = journal.keep(&sold("last", "2027-01-15")).await.unwrap().unwrap();
    let reading = std::thread::spawn(move || fs::read(pipe).unwrap().len());
    journal.done(last).await.unwrap();
    let path = folder.path().to_owned();
    tokio::task::spawn_blocking(move || drop(journal)).await.unwrap();
    assert!(reading.join().unwrap() > 0);
    fs::remove_file(path.join("advices.journal.new")).unwrap();
    let journal = Journal::open(&path).unwrap();
    assert_eq!(of_day(&journal, "2027-01-15"), [("last".to_owned(), true)]);
    assert!(waiting(&journal).is_empty());
}

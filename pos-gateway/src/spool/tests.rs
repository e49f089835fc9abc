//! The spool on a real disk: what survives, in which order it comes back, and what it refuses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prost::Message as _;
use tempfile::TempDir;
use tessera_contract::canonical::ContentHash;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{CustomerIdentity, VoidRequest};

use super::*;

fn void(id: &str, card: &str, attempt: u32) -> Bytes {
    let identity = (!card.is_empty()).then(|| Identity::CardNumber(card.to_owned()));
    let request = VoidRequest {
        receipt_id: id.to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        attempt,
        customer: identity.map(|identity| CustomerIdentity { identity: Some(identity), entry_method: 0 }),
        ..VoidRequest::default()
    };
    request.encode_to_vec().into()
}

fn open(folder: &TempDir) -> Spool {
    Spool::open(SpoolConfig::new(folder.path().join("spool"))).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// Accepts a void, with a deadline where one is given.
async fn accept(spool: &Spool, id: &str, card: &str, due: Option<i64>) {
    let request = void(id, card, 1);
    let mut advice = Advice::read(Call::Void, &request).unwrap().unwrap();
    advice.due_ms = due.map_or(0, |due| at(due).as_millisecond());
    spool.accept(Call::Void, &advice, request, at(0)).await.unwrap();
}

/// Takes everything that can be taken, each delivered before the next is asked for.
fn drained(spool: &Spool, now: i64) -> Vec<String> {
    let mut ids = Vec::new();
    while let Some(taken) = spool.take(at(now)) {
        spool.delivered(taken.number, at(now));
        ids.push(taken.id);
    }
    ids
}

#[tokio::test]
async fn h56_what_was_accepted_is_there_after_the_process_ended_and_what_was_delivered_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let spool = open(&folder);
        assert_eq!(spool.state().waiting, round * 8);
        for number in 0..10 {
            accept(&spool, &format!("R{round}-{number}"), "", None).await;
        }
        let mut taken: Vec<String> = Vec::new();
        for _ in 0..2 {
            let next = spool.take(at(0)).unwrap();
            assert_eq!(next.request, void(&next.id, "", 1));
            spool.delivered(next.number, at(0));
            taken.push(next.id);
        }
        // A third is on its way when the process ends, and comes again.
        let third = spool.take(at(0)).unwrap().id;
        assert!(!taken.contains(&third));
        drop(spool);
    }
    let spool = open(&folder);
    assert_eq!(spool.state().lost, 0);
    assert_eq!(drained(&spool, 0).len(), 24);
}

#[tokio::test]
async fn h57_entries_of_one_customer_or_receipt_go_in_their_order_and_the_earliest_deadline_that_can_be_met_first() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    for (id, card, due) in [
        ("late", "", Some(-10)),
        ("anna-1", "4711", Some(300)),
        ("bert-1", "4712", Some(100)),
        ("anna-2", "4711", Some(50)),
        ("never", "", None),
        ("carl-1", "4713", Some(200)),
    ] {
        accept(&spool, id, card, due).await;
    }
    // Every fourth place is for what has no deadline that can be met.
    assert_eq!(drained(&spool, 0), ["bert-1", "carl-1", "anna-1", "late", "anna-2", "never"]);
}

#[tokio::test]
async fn h57_nothing_goes_while_an_older_one_of_the_same_customer_is_on_its_way_or_waits_to_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    accept(&spool, "first", "4711", None).await;
    accept(&spool, "second", "4711", None).await;
    let first = spool.take(at(0)).unwrap();
    assert!(spool.take(at(0)).is_none(), "the second goes behind the first");
    spool.put_back(first.number, Instant::now() + Duration::from_secs(3_600));
    assert!(spool.take(at(0)).is_none(), "also while the first waits to be tried again");
    assert_eq!([spool.count_fault(first.number), spool.count_fault(first.number)], [1, 2]);
    spool.delivered(first.number, at(0));
    assert_eq!(drained(&spool, 0), ["second"]);
}

#[tokio::test]
async fn h58_a_parked_entry_lets_those_behind_it_go_and_goes_again_when_it_is_told_to_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    for id in ["poison", "good"] {
        accept(&spool, id, "4711", None).await;
    }
    let poison = spool.take(at(0)).unwrap();
    spool.park(poison.number, "InvalidArgument: no".to_owned(), at(7));
    assert_eq!(drained(&spool, 0), ["good"]);
    drop(spool);

    let spool = open(&folder);
    assert!(spool.take(at(0)).is_none());
    let parked = spool.parked(10);
    let listed: Vec<_> = parked.iter().map(|entry| (entry.id.as_str(), entry.reason.as_str(), entry.parked_ms)).collect();
    assert_eq!(listed, [("poison", "InvalidArgument: no", at(7).as_millisecond())]);
    assert_eq!(spool.retry(&[parked[0].number + 1], at(8)), 0);
    assert_eq!(spool.retry(&[parked[0].number], at(8)), 1);
    assert_eq!(spool.retry(&[], at(8)), 0);
    assert_eq!(drained(&spool, 0), ["poison"]);
}

/// A content's hash; 0: it is not known.
fn of(content: u8) -> Option<ContentHash> {
    (content > 0).then_some(ContentHash([content; 32]))
}

#[tokio::test]
async fn h2_a_repeat_in_the_spool_is_told_the_same_and_another_content_under_its_id_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    let advice =
        |attempt, content| Advice { id: "R1".to_owned(), attempt, content_hash: of(content), keys: [7, 0, 0], due_ms: 0 };
    let request = void("R1", "", 1);
    let accept = |attempt, content, now| spool_accept(&spool, advice(attempt, content), request.clone(), now);
    assert_eq!(accept(1, 5, 0).await.unwrap(), at(0));
    assert_eq!(accept(1, 5, 9).await.unwrap(), at(0), "a repeat was accepted when the first was");
    assert_eq!(accept(2, 5, 9).await.unwrap(), at(9), "the cashier's next decision is none");
    assert!(matches!(accept(1, 6, 9).await, Err(NotAccepted::Conflict)));
    assert_eq!(accept(1, 0, 9).await.unwrap(), at(9), "of a later contract nothing can be said");
    assert_eq!(spool.state().waiting, 3);
}

#[tokio::test]
async fn h2_of_two_with_one_id_that_come_at_once_one_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    let request = void("R", "", 1);
    let advice = |number: u32, content| Advice {
        id: format!("R{number}"),
        attempt: 1,
        content_hash: of(content),
        keys: [0; 3],
        due_ms: 0,
    };
    let accept = |number, content, now| spool_accept(&spool, advice(number, content), request.clone(), now);
    let accept = &accept;
    // While the first is being written, the others are in one group behind it.
    let at_once = futures_util::future::join_all(
        (0..60).map(|number| async move { tokio::join!(accept(number, 5, 0), accept(number, 5, 9), accept(number, 6, 9)) }),
    );
    for (number, (first, repeat, other)) in at_once.await.into_iter().enumerate() {
        assert_eq!((first.unwrap(), repeat.unwrap()), (at(0), at(0)), "R{number}");
        assert!(matches!(other, Err(NotAccepted::Conflict)), "R{number}: {other:?}");
    }
    assert_eq!(spool.state().waiting, 60);
}

async fn spool_accept(spool: &Spool, advice: Advice, request: Bytes, now: i64) -> Result<Timestamp, NotAccepted> {
    spool.accept(Call::Settle, &advice, request, at(now)).await
}

#[tokio::test]
async fn h56_damage_in_the_middle_costs_what_it_hit_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    for number in 0..20 {
        accept(&spool, &format!("R{number}"), "", None).await;
    }
    drop(spool);
    let path = segment_path(&folder.path().join("spool"), 1);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    let spool = open(&folder);
    assert_eq!(spool.state().lost, 1);
    assert_eq!(drained(&spool, 0).len(), 19);
}

/// A spool whose new files are on a full device while the switch is on.
fn on_a_disk_that_fills(folder: &TempDir) -> (Spool, Arc<AtomicBool>) {
    let full = Arc::new(AtomicBool::new(false));
    let create: Create = Box::new({
        let full = Arc::clone(&full);
        move |path| {
            if full.load(Ordering::SeqCst) { OpenOptions::new().write(true).open("/dev/full") } else { create_private(path) }
        }
    });
    (Spool::open_with(SpoolConfig::new(folder.path().join("spool")), create).unwrap(), full)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn h56_h21_a_full_disk_accepts_nothing_and_the_spool_goes_on_in_a_new_file_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, full) = on_a_disk_that_fills(&folder);
    full.store(true, Ordering::SeqCst);
    let request = void("R1", "", 1);
    let advice = Advice::read(Call::Void, &request).unwrap().unwrap();
    for _ in 0..3 {
        let refused = spool.accept(Call::Void, &advice, request.clone(), at(0)).await;
        assert!(matches!(refused, Err(NotAccepted::Disk)), "{refused:?}");
        assert!(spool.state().disk_error.unwrap().contains("space"));
    }
    full.store(false, Ordering::SeqCst);
    accept(&spool, "R1", "", None).await;
    assert_eq!(spool.state().disk_error, None);
    drop(spool);
    let spool = open(&folder);
    assert_eq!((spool.state().waiting, spool.state().lost), (1, 0));
}

#[tokio::test]
async fn h56_what_was_written_without_having_been_acknowledged_is_not_believed_behind_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    accept(&spool, "R1", "", None).await;
    drop(spool);
    // A second start writes to a new file; what the first file has behind its end then counts for nothing.
    let spool = open(&folder);
    accept(&spool, "R2", "", None).await;
    drop(spool);
    let first = segment_path(&folder.path().join("spool"), 1);
    let mut bytes = fs::read(&first).unwrap();
    let place = u64::try_from(bytes.len()).unwrap();
    let ghost = Record { sequence: 2, entry: 2, call: 2, id: "ghost".to_owned(), ..Record::default() }.of_kind(Kind::Entry);
    record::append(&mut bytes, 1, place, &ghost);
    fs::write(&first, bytes).unwrap();
    let spool = open(&folder);
    assert_eq!(spool.state().lost, 0);
    assert_eq!(drained(&spool, 0), ["R1", "R2"]);
}

#[tokio::test]
async fn a_spool_is_bounded_in_entries_and_gives_its_files_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = SpoolConfig { entries_max: 40, ..SpoolConfig::new(folder.path().join("spool")) };
    let spool = Spool::open(config).unwrap();
    let large = "x".repeat(1 << 20);
    let mut full = 0;
    for number in 0..45 {
        let id = format!("R{number}");
        let request = void(&id, "", 1);
        let advice = Advice { id, attempt: 1, content_hash: of(1), keys: [number + 1, 0, 0], due_ms: 0 };
        let bytes = [request.as_ref(), large.as_bytes()].concat();
        full += usize::from(matches!(
            spool.accept(Call::Void, &advice, bytes[..1 << 20].to_vec().into(), at(0)).await,
            Err(NotAccepted::Full)
        ));
    }
    assert_eq!(full, 5);
    let files = || fs::read_dir(folder.path().join("spool")).unwrap().count() - 1;
    assert!(files() > 2, "{} files", files());
    let first = spool.take(at(0)).unwrap();
    spool.park(first.number, "no".to_owned(), at(0));
    drained(&spool, 0);
    // The parked entry, which was in the first file, has moved to the newest.
    accept(&spool, "last", "", None).await;
    drop(spool);
    assert_eq!(files(), 1, "only the newest file is left");
    let spool = open(&folder);
    assert_eq!(spool.parked(10)[0].id, "R0");
    assert_eq!(drained(&spool, 0), ["last"]);
}

#[tokio::test]
async fn h28_a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    let second = Spool::open(spool.config().clone());
    assert!(matches!(second, Err(SpoolError::InUse { .. })));
}

#[tokio::test]
async fn an_export_holds_what_waits_and_is_parked_and_says_where_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    for id in ["delivered", "parked", "waiting"] {
        accept(&spool, id, "", None).await;
    }
    let delivered = spool.take(at(0)).unwrap();
    spool.delivered(delivered.number, at(0));
    let parked = spool.take(at(0)).unwrap();
    spool.park(parked.number, "no".to_owned(), at(0));
    accept(&spool, "synced", "", None).await;

    let file = folder.path().join("store.spool");
    let exported = export(&folder.path().join("spool"), &file, None).unwrap();
    assert_eq!((exported.entries, exported.bytes), (3, fs::metadata(&file).unwrap().len()));
    let (entries, whole) = read_export(&file).unwrap();
    assert!(whole);
    assert_eq!(entries.iter().map(ExportedEntry::id).collect::<Vec<_>>(), ["parked", "waiting", "synced"]);
    assert_eq!(entries[1].request, void("waiting", "", 1));

    assert!(matches!(export(&folder.path().join("spool"), &file, None), Err(SpoolError::Io { .. })), "never over another file");
    let bytes = fs::read(&file).unwrap();
    for cut in record::HEADER_BYTES..bytes.len() {
        fs::write(&file, &bytes[..cut]).unwrap();
        assert!(!read_export(&file).unwrap().1, "cut at {cut}, also between two records");
    }
    fs::write(&file, b"something else").unwrap();
    assert!(matches!(read_export(&file), Err(SpoolError::NoExport { .. })));
}

#[tokio::test]
async fn an_export_has_its_name_when_it_is_whole_and_one_that_failed_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    for id in ["first", "second"] {
        accept(&spool, id, "", None).await;
    }
    let (from, file) = (folder.path().join("spool"), folder.path().join("store.spool"));
    let part = folder.path().join("store.spool.part");
    assert!(export(&folder.path().join("nowhere"), &file, None).is_err());
    assert!(!file.exists() && !part.exists());

    fs::write(&part, b"of an export that was ended").unwrap();
    assert_eq!(export(&from, &file, None).unwrap().entries, 2);
    assert!(!part.exists());
    let (entries, whole) = read_export(&file).unwrap();
    assert_eq!((entries.len(), whole), (2, true));
}

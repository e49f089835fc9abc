//! A store that lost something it acknowledged never opens as if nothing had happened.

use fjall::{Database, KeyspaceCreateOptions, PersistMode};

use super::*;
use crate::envelope::{self, Place, Stamp};

async fn filled(count: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    fill(&opened.storage, 0, count).await;
    image(folder.path())
}

#[tokio::test]
async fn h24_a_store_behind_the_watermark_is_refused_and_its_journals_are_kept() {
    let copy = filled(30).await;
    let (path, used) = journal(copy.path());
    let whole = fs::read(&path).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(u64::try_from(used * 2 / 3).unwrap()).unwrap();
    let cut = fs::read(&path).unwrap();
    for attempt in 0..2 {
        let error = refusal(copy.path());
        let OpenError::BehindWatermark { recovered, watermark: 30, journals, .. } = &error else { panic!("{error}") };
        assert!((1..30).contains(recovered), "{recovered}");
        assert_eq!(fs::read(journals.join(path.file_name().unwrap())).unwrap(), cut, "as found, attempt {attempt}");
        let text = error.to_string();
        for part in [copy.path().to_str().unwrap(), "journals-aside", "restore it from a copy", "commit 30"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    // With what was lost put back, it opens, and the kept journals go.
    fs::write(&path, whole).unwrap();
    assert_filled(&open(copy.path()).storage, 30).await;
    assert!(!copy.path().join("journals-aside").exists());
}

#[tokio::test]
async fn h23_a_torn_tail_behind_the_watermark_opens_wherever_it_is_torn() {
    let good = filled(6).await;
    let watermark = fs::read(good.path().join("watermark")).unwrap();
    let opened = open(good.path());
    let (path, before) = journal(good.path());
    fill(&opened.storage, 6, 7).await;
    let after = journal(good.path()).1;
    for torn_at in (before + 1..after).step_by((after - before) / 12) {
        let copy = image(good.path());
        fs::write(copy.path().join("watermark"), &watermark).unwrap();
        let torn = copy.path().join("store").join(path.file_name().unwrap());
        let mut bytes = fs::read(&torn).unwrap();
        bytes.truncate(after + 4096);
        bytes[torn_at..].fill(0);
        fs::write(&torn, bytes).unwrap();
        let recovered = open(copy.path());
        assert_eq!((recovered.sequence, recovered.unclean), (6, true), "torn at {torn_at}");
        fill(&recovered.storage, 6, 8).await;
        drop(recovered);
        assert_filled(&open(copy.path()).storage, 8).await;
    }
}

#[tokio::test]
async fn h24_a_journal_that_rotted_after_a_clean_stop_is_refused_untouched() {
    let copy = filled(12).await;
    drop(open(copy.path()));
    let (path, used) = journal(copy.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[used / 2] ^= 1;
    fs::write(&path, &bytes).unwrap();
    for _ in 0..2 {
        let error = refusal(copy.path());
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "not a byte is touched");
    }
}

#[tokio::test]
async fn h24_no_flipped_bit_in_the_journal_loses_a_commit_silently() {
    const COUNT: u64 = 12;
    let good = filled(COUNT).await;
    let (_, used) = journal(good.path());
    let mut refused = 0;
    for step in 0..24 {
        let copy = image(good.path());
        let (path, _) = journal(copy.path());
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(used);
        bytes[used * step / 24] ^= 1 << (step % 8);
        fs::write(&path, &bytes).unwrap();
        match EmbeddedStorage::open(copy.path(), Options::new(&SPACES)) {
            Ok(opened) => assert_filled(&opened.storage, COUNT).await,
            Err(OpenError::BehindWatermark { .. } | OpenError::Damaged { .. }) => refused += 1,
            Err(other) => panic!("flip {step}: {other}"),
        }
    }
    assert!(refused > 0, "some flip must have met a commit");
}

#[tokio::test]
async fn h24_another_commit_at_the_place_of_an_acknowledged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    fill(&opened.storage, 0, 5).await;
    let fork = image(folder.path());
    fill(&opened.storage, 5, 6).await;
    let forked = open(fork.path());
    forked.storage.commit(commit(thing("other"), 0, "other")).await.unwrap();
    drop(forked);
    fs::copy(folder.path().join("watermark"), fork.path().join("watermark")).unwrap();
    let error = refusal(fork.path());
    assert!(matches!(error, OpenError::BehindWatermark { recovered: 6, watermark: 6, .. }), "{error}");
    assert!(error.to_string().contains("chain hash differs"), "{error}");
}

#[tokio::test]
async fn a_store_ahead_of_its_watermark_opens_and_the_watermark_follows() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    fill(&opened.storage, 0, 4).await;
    let old = fs::read(folder.path().join("watermark")).unwrap();
    fill(&opened.storage, 4, 6).await;
    let copy = image(folder.path());
    fs::write(copy.path().join("watermark"), old).unwrap();
    for _ in 0..2 {
        let recovered = open(copy.path());
        assert_eq!(recovered.sequence, 6);
        assert_filled(&recovered.storage, 6).await;
    }
}

#[tokio::test]
async fn h27_a_torn_watermark_slot_does_not_keep_the_storage_from_opening() {
    let good = filled(9).await;
    for slot in 0..2 {
        let copy = image(good.path());
        let path = copy.path().join("watermark");
        let mut bytes = fs::read(&path).unwrap();
        bytes[slot * 4096 + 50] ^= 0xFF;
        fs::write(&path, bytes).unwrap();
        assert_filled(&open(copy.path()).storage, 9).await;
    }
}

/// Changes a table behind the storage's back.
fn tamper(folder: &Path, table: &str, change: impl FnOnce(&fjall::Keyspace)) {
    let database = Database::builder(folder.join("store")).open().unwrap();
    change(&database.keyspace(table, KeyspaceCreateOptions::default).unwrap());
    database.persist(PersistMode::SyncAll).unwrap();
}

#[tokio::test]
async fn h24_a_value_that_the_log_names_and_the_tables_lost_is_noticed() {
    let row_key = layout::row_key(b"1", &full(5).rows[0].key);
    let cases: [(&str, &[u8], &str); 6] = [
        ("heads-things", &layout::head_key(b"2"), "a head that commit"),
        ("heads-codes", &layout::head_key(b"3"), "a head that commit"),
        ("rows-things", &row_key, "a row that commit 6 wrote"),
        ("counters", b"count", "a counter that commit"),
        ("log", &4u64.to_be_bytes(), "commit 4 is missing"),
        ("log", &1u64.to_be_bytes(), "commit 1 is missing"),
    ];
    let good = filled(8).await;
    for (table, key, words) in cases {
        let copy = image(good.path());
        tamper(copy.path(), table, |keyspace| {
            assert!(keyspace.get(key).unwrap().is_some(), "{table} has it");
            keyspace.remove(key).unwrap();
        });
        let error = refusal(copy.path());
        assert!(error.to_string().contains(words), "{table}: {error}");
    }
}

#[tokio::test]
async fn h24_a_value_older_than_the_log_names_is_noticed() {
    let row_key = layout::row_key(b"1", &full(5).rows[1].key);
    let good = filled(8).await;
    let head_key = layout::head_key(b"1");
    for (table, key) in [("heads-things", &head_key[..]), ("rows-things", &row_key), ("counters", b"count")] {
        let copy = image(good.path());
        tamper(copy.path(), table, |keyspace| {
            let place = Place { table, key };
            let stored = keyspace.get(key).unwrap().unwrap();
            let now = envelope::open(place, &stored).unwrap();
            let before = Stamp { version: Version(now.stamp.version.0 - 1), ..now.stamp };
            let mut sealed = Vec::new();
            envelope::seal(place, before, now.value, &mut sealed);
            keyspace.insert(key, sealed.as_slice()).unwrap();
        });
        let error = refusal(copy.path());
        assert!(matches!(error, OpenError::BehindWatermark { .. }), "{table}: {error}");
    }
}

#[tokio::test]
async fn h24_a_record_of_the_log_that_does_not_follow_its_forerunner_is_noticed() {
    let copy = filled(8).await;
    tamper(copy.path(), "log", |keyspace| {
        let key = 3u64.to_be_bytes();
        let place = Place { table: "log", key: &key };
        let stored = keyspace.get(key).unwrap().unwrap();
        let mut value = envelope::open(place, &stored).unwrap().value.to_vec();
        value[45] ^= 1;
        let mut sealed = Vec::new();
        envelope::seal(place, Stamp { version: Version(3), mark: 0 }, &value, &mut sealed);
        keyspace.insert(key, sealed.as_slice()).unwrap();
    });
    let error = refusal(copy.path());
    assert!(error.to_string().contains("commit 3 does not follow"), "{error}");
}

#[tokio::test]
async fn h25_a_value_that_rotted_is_damage_for_its_readers_and_nobody_else() {
    let copy = filled(8).await;
    drop(open(copy.path()));
    tamper(copy.path(), "heads-things", |keyspace| {
        let key = layout::head_key(b"1");
        let mut stored = keyspace.get(&key).unwrap().unwrap().to_vec();
        *stored.last_mut().unwrap() ^= 4;
        keyspace.insert(&key, stored.as_slice()).unwrap();
    });
    let opened = open(copy.path());
    let read = opened.storage.head(&thing("1")).await;
    assert!(
        matches!(&read, Err(StorageError::Damaged { place, .. }) if place.starts_with("heads-things/") && place.ends_with("31")),
        "{read:?}"
    );
    let written = opened.storage.commit(commit(thing("1"), 2, "over it")).await;
    assert!(matches!(written, Err(CommitError::Storage(StorageError::Damaged { .. }))), "{written:?}");
    opened.storage.commit(commit(thing("2"), 2, "fine")).await.unwrap();
    assert!(opened.storage.head(&thing("3")).await.unwrap().is_some());
}

//! Laws of rows, hints and counters.
#![expect(clippy::expect_used, reason = "a law that does not hold ends the test")]

use super::{Subject, commit, delta, hint, key, row, thing};
use crate::{Partition, Row};

/// Rows are put with their commit and replaced by key; the same id under another kind is another row.
pub async fn rows_are_put_replaced_and_read(storage: Subject) {
    let mut first = commit(thing("a"), 0, "head");
    first.rows = vec![row(1, "x", "one"), row(2, "x", "two"), row(1, "", "empty id"), row(1, "empty value", "")];
    storage.commit(first).await.expect("commit");
    let mut second = commit(thing("a"), 1, "head");
    second.rows = vec![row(1, "x", "three")];
    storage.commit(second).await.expect("commit");
    let cases = [
        (1, "x", Some("three")),
        (2, "x", Some("two")),
        (1, "", Some("empty id")),
        (1, "empty value", Some("")),
        (3, "x", None),
        (1, "y", None),
    ];
    for (kind, id, expected) in cases {
        let found = storage.row(&thing("a"), &key(kind, id)).await.expect("read");
        assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{kind} {id}");
        assert_eq!(storage.has_row(&thing("a"), &key(kind, id)).await.expect("read"), expected.is_some(), "{kind} {id}");
    }
}

/// A scan gives one kind by ascending bytes of the id, behind a place, up to a limit.
pub async fn rows_are_scanned_in_order_behind_a_place(storage: Subject) {
    let ids: [&[u8]; 7] = [b"", b"\x00", b"a", b"a\x00", b"ab", b"b", b"\xFF\xFF"];
    for (version, ids) in ids.chunks(3).enumerate() {
        let version = u64::try_from(version).expect("small");
        let mut put = commit(thing("a"), version, "head");
        for id in ids.iter().rev() {
            put.rows.push(Row { key: crate::RowKey { kind: 5, id: bytes::Bytes::copy_from_slice(id) }, value: "v".into() });
        }
        put.rows.push(row(4, "other kind", ""));
        put.rows.push(row(6, "other kind", ""));
        storage.commit(put).await.expect("commit");
    }
    for limit in [0, 1, 3, 100] {
        for (place, after) in std::iter::once((0, None)).chain(ids.iter().enumerate().map(|(i, id)| (i + 1, Some(*id)))) {
            let found = storage.rows(&thing("a"), 5, after, limit).await.expect("scan");
            let found: Vec<_> = found.iter().map(|row| &*row.key.id).collect();
            let expected: Vec<_> = ids.iter().skip(place).take(limit).copied().collect();
            assert_eq!(found, expected, "after {after:?}, limit {limit}");
        }
    }
}

/// Partitions whose keys are prefixes of one another, and of keys with a row's kind and id, stay apart.
pub async fn rows_of_neighbouring_partitions_do_not_mix(storage: Subject) {
    let keys: [&'static [u8]; 6] = [b"a", b"ab", b"a\x01", b"a\x01r", b"\x00\x01a", b"a\xFF"];
    let partition = |key: &'static [u8]| Partition { space: super::THINGS, key: bytes::Bytes::from_static(key) };
    for key in keys {
        let mut put = commit(partition(key), 0, "head");
        put.rows = vec![Row { key: super::key(1, "r"), value: bytes::Bytes::from_static(key) }];
        storage.commit(put).await.expect("commit");
    }
    for key in keys {
        let rows = storage.rows(&partition(key), 1, None, 100).await.expect("scan");
        assert_eq!(rows.len(), 1, "{key:?}");
        assert!(rows.iter().all(|row| *row.value == *key), "{key:?}: {rows:?}");
        for kind in [0, 2, 255] {
            assert!(storage.rows(&partition(key), kind, None, 100).await.expect("scan").is_empty(), "{key:?}");
        }
    }
}

/// Hints lie in their bucket by ascending key until they are closed; the same key replaces the value.
pub async fn hints_are_kept_by_bucket_until_closed(storage: Subject) {
    let mut first = commit(thing("a"), 0, "head");
    first.hints = vec![hint(7, "b", "1"), hint(7, "a", "1"), hint(8, "c", "1"), hint(u32::MAX, "z", "1")];
    storage.commit(first).await.expect("commit");
    let mut second = commit(thing("a"), 1, "head");
    second.hints = vec![hint(7, "a", "2"), hint(7, "c", "2")];
    storage.commit(second).await.expect("commit");
    let read = async |bucket, after: Option<&str>, limit| {
        let hints = storage.hints(bucket, after.map(str::as_bytes), limit).await.expect("scan");
        assert!(hints.iter().all(|hint| hint.bucket == bucket));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        hints.iter().map(|hint| format!("{}{}", text(&hint.key), text(&hint.value))).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(read(7, None, 10).await, "a2 b1 c2");
    assert_eq!(read(7, None, 2).await, "a2 b1");
    assert_eq!(read(7, Some("a"), 10).await, "b1 c2");
    assert_eq!(read(8, None, 10).await, "c1");
    assert_eq!(read(u32::MAX, None, 10).await, "z1");
    assert_eq!(read(6, None, 10).await, "");
    storage.close_hint(7, b"b").await.expect("close");
    storage.close_hint(7, b"not there").await.expect("closing what is not there");
    assert_eq!(read(7, None, 10).await, "a2 c2");
    let mut third = commit(thing("a"), 2, "head");
    third.hints = vec![hint(7, "b", "3")];
    storage.commit(third).await.expect("commit");
    assert_eq!(read(7, None, 10).await, "a2 b3 c2", "a closed hint can be put again");
}

/// Counters begin at 0 and change by what commits of any partition say.
pub async fn counters_add_up(storage: Subject) {
    assert_eq!(storage.counter(b"left").await.expect("read"), 0);
    let mut first = commit(thing("a"), 0, "head");
    first.deltas = vec![delta("left", 10), delta("left", -3), delta("other", -5)];
    storage.commit(first).await.expect("commit");
    let mut second = commit(thing("b"), 0, "head");
    second.deltas = vec![delta("left", -20)];
    storage.commit(second.clone()).await.expect("commit");
    storage.commit(second).await.expect_err("a refused commit changes no counter");
    assert_eq!(storage.counter(b"left").await.expect("read"), -13);
    assert_eq!(storage.counter(b"other").await.expect("read"), -5);
}

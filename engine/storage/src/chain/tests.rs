//! The chain tells every field apart, and its encoding is the documented one.

use bytes::Bytes;

use super::*;
use crate::{Claim, Delta, Hint, Row, RowKey, Space};

fn sample() -> Commit {
    let partition = |key: &'static str| Partition { space: Space("things"), key: Bytes::from_static(key.as_bytes()) };
    let row = |kind, id: &'static str| Row {
        key: RowKey { kind, id: Bytes::from_static(id.as_bytes()) },
        value: Bytes::from_static(b"row"),
    };
    Commit {
        partition: partition("a"),
        expected: Version(3),
        head: Bytes::from_static(b"head"),
        rows: vec![row(1, "x"), row(2, "y")],
        claims: vec![Claim { partition: partition("b"), expected: Version::NONE, head: Bytes::from_static(b"claim") }],
        hints: vec![Hint { bucket: 9, key: Bytes::from_static(b"hint"), value: Bytes::new() }],
        deltas: vec![Delta { key: Bytes::from_static(b"count"), amount: -4 }],
        feed_kinds: vec![1],
    }
}

#[test]
fn every_field_changes_the_content() {
    type Change = fn(&mut Commit);
    let changes: [(&str, Change); 17] = [
        ("space", |c| c.partition.space = Space("other")),
        ("key", |c| c.partition.key = Bytes::from_static(b"aa")),
        ("version", |c| c.expected = Version(4)),
        ("head", |c| c.head = Bytes::from_static(b"heap")),
        ("row kind", |c| c.rows[0].key.kind = 3),
        ("row id", |c| c.rows[0].key.id = Bytes::from_static(b"z")),
        ("row value", |c| c.rows[1].value = Bytes::new()),
        ("row order", |c| c.rows.reverse()),
        ("row left out", |c| c.rows.truncate(1)),
        ("claim", |c| c.claims[0].head = Bytes::new()),
        ("claim version", |c| c.claims[0].expected = Version(1)),
        ("hint bucket", |c| c.hints[0].bucket = 8),
        ("hint value", |c| c.hints[0].value = Bytes::from_static(b"v")),
        ("delta key", |c| c.deltas[0].key = Bytes::from_static(b"cOunt")),
        ("delta amount", |c| c.deltas[0].amount = 4),
        ("feed kinds", |c| c.feed_kinds = vec![2]),
        ("no feed", |c| c.feed_kinds.clear()),
    ];
    let mut seen = vec![content(&sample())];
    for (name, change) in changes {
        let mut commit = sample();
        change(&mut commit);
        let hash = content(&commit);
        assert!(!seen.contains(&hash), "{name} is not covered");
        seen.push(hash);
    }
}

#[test]
fn a_byte_moved_between_neighbouring_fields_changes_the_content() {
    let mut left = sample();
    left.rows[0].key.id = Bytes::from_static(b"ab");
    left.rows[0].value = Bytes::from_static(b"c");
    let mut right = sample();
    right.rows[0].key.id = Bytes::from_static(b"a");
    right.rows[0].value = Bytes::from_static(b"bc");
    assert_ne!(content(&left), content(&right));
}

#[test]
fn the_encoding_is_the_documented_one() {
    let mut out = Vec::new();
    let mut field = |bytes: &[u8]| {
        out.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
        out.extend_from_slice(bytes);
    };
    field(b"tessera.storage.content.v1");
    field(b"things");
    field(b"a");
    out.extend_from_slice(&4u64.to_be_bytes());
    out.extend_from_slice(b"\0\0\0\x04head");
    out.extend_from_slice(b"\0\0\0\x02\x01\0\0\0\x01x\0\0\0\x03row\x02\0\0\0\x01y\0\0\0\x03row");
    out.extend_from_slice(b"\0\0\0\x01\0\0\0\x06things\0\0\0\x01b\0\0\0\0\0\0\0\x01\0\0\0\x05claim");
    out.extend_from_slice(b"\0\0\0\x01\0\0\0\x09\0\0\0\x04hint\0\0\0\0");
    out.extend_from_slice(b"\0\0\0\x01\0\0\0\x05count");
    out.extend_from_slice(&(-4i64).to_be_bytes());
    out.extend_from_slice(b"\0\0\0\x01\x01");
    assert_eq!(content(&sample()).0, *blake3::hash(&out).as_bytes());
}

#[test]
fn a_link_depends_on_the_chain_before_it_the_sequence_and_the_content() {
    let hash = content(&sample());
    let first = link(ChainHash::START, 1, hash);
    assert_ne!(first, link(ChainHash::START, 2, hash));
    assert_ne!(first, link(first, 1, hash));
    assert_ne!(first, link(ChainHash::START, 1, ContentHash([0; 32])));
    assert_eq!(first, link(ChainHash::START, 1, hash));
}

//! Laws of what is refused.
#![expect(clippy::expect_used, reason = "a law that does not hold ends the test")]

use bytes::Bytes;

use super::{Subject, claim, code, commit, delta, hint, key, row, thing};
use crate::limits::{
    COMMIT_BYTES_MAX, COMMIT_CLAIMS_MAX, COMMIT_DELTAS_MAX, COMMIT_FEED_KINDS_MAX, COMMIT_HINTS_MAX, COMMIT_ROWS_MAX,
    KEY_BYTES_MAX, VALUE_BYTES_MAX,
};
use crate::{Commit, CommitError, Partition, Space, StorageError, Version};

/// Lets one part of a commit grow to a size.
type Grow = fn(&mut Commit, usize);

/// Every limit of one part of a commit.
fn limits() -> [(usize, Grow); 12] {
    [
        (KEY_BYTES_MAX, |commit, size| commit.partition.key = Bytes::from(vec![b'k'; size])),
        (VALUE_BYTES_MAX, |commit, size| commit.head = Bytes::from(vec![1; size])),
        (KEY_BYTES_MAX, |commit, size| commit.rows = vec![row(1, &"i".repeat(size), "")]),
        (VALUE_BYTES_MAX, |commit, size| commit.rows = vec![row(1, "r", &"v".repeat(size))]),
        (KEY_BYTES_MAX, |commit, size| commit.claims = vec![claim(code(&"c".repeat(size)), 0, "")]),
        (KEY_BYTES_MAX, |commit, size| commit.hints = vec![hint(1, &"h".repeat(size), "")]),
        (KEY_BYTES_MAX, |commit, size| commit.deltas = vec![delta(&"d".repeat(size), 1)]),
        (COMMIT_ROWS_MAX, |commit, size| commit.rows = (0..size).map(|n| row(2, &n.to_string(), "")).collect()),
        (COMMIT_CLAIMS_MAX, |commit, size| {
            commit.claims = (0..size).map(|n| claim(code(&format!("many {n}")), 0, "")).collect();
        }),
        (COMMIT_HINTS_MAX, |commit, size| commit.hints = vec![hint(1, "h", ""); size]),
        (COMMIT_DELTAS_MAX, |commit, size| commit.deltas = vec![delta("d", 1); size]),
        (COMMIT_FEED_KINDS_MAX, |commit, size| commit.feed_kinds = vec![1; size]),
    ]
}

/// At each limit a commit is taken, beyond it it is refused with the limit's value and changes nothing.
pub async fn a_commit_over_a_limit_is_refused_whole(storage: Subject) {
    for (case, (limit, grow)) in limits().into_iter().enumerate() {
        let mut over = commit(thing(&format!("case {case}")), 0, "head");
        let mut at = over.clone();
        grow(&mut over, limit + 1);
        grow(&mut at, limit);
        let answer = storage.commit(over.clone()).await;
        let matches =
            matches!(&answer, Err(CommitError::TooLarge { limit: of, actual, .. }) if *of == limit && *actual == limit + 1);
        assert!(matches, "case {case}: {answer:?}");
        assert_eq!(storage.head(&over.partition).await.expect("read"), None, "case {case}");
        let partition = at.partition.clone();
        storage.commit(at).await.expect("at the limit");
        assert_eq!(storage.head(&partition).await.expect("read").map(|head| head.version), Some(Version(1)));
    }
    let mut sum = commit(thing("sum"), 0, "head");
    let rows = COMMIT_BYTES_MAX / VALUE_BYTES_MAX;
    sum.rows = (0..rows).map(|n| row(1, &n.to_string(), &"v".repeat(VALUE_BYTES_MAX))).collect();
    let answer = storage.commit(sum).await;
    assert!(matches!(answer, Err(CommitError::TooLarge { limit: COMMIT_BYTES_MAX, .. })), "{answer:?}");
}

/// A batch that writes one place twice, or a place without a name, has no meaning.
pub async fn a_commit_that_writes_one_place_twice_is_refused(storage: Subject) {
    type Spoil = fn(&mut Commit);
    let cases: [(&str, Spoil); 6] = [
        ("a row twice", |commit| commit.rows = vec![row(1, "r", "1"), row(2, "r", "2"), row(1, "r", "3")]),
        ("a claim twice", |commit| commit.claims = vec![claim(code("c"), 0, "1"), claim(code("c"), 1, "2")]),
        ("its own partition", |commit| commit.claims = vec![claim(thing("a"), 0, "1")]),
        ("no key", |commit| commit.partition.key = Bytes::new()),
        ("no claimed key", |commit| commit.claims = vec![claim(code(""), 0, "1")]),
        ("no counter key", |commit| commit.deltas = vec![delta("", 1)]),
    ];
    for (name, spoil) in cases {
        let mut spoiled = commit(thing("a"), 0, "head");
        spoil(&mut spoiled);
        let answer = storage.commit(spoiled).await;
        assert!(matches!(answer, Err(CommitError::Storage(StorageError::Misuse(_)))), "{name}: {answer:?}");
    }
    assert_eq!(storage.head(&thing("a")).await.expect("read"), None);
    assert_eq!(storage.head(&code("c")).await.expect("read"), None);
}

/// A change that a counter cannot take refuses its commit.
pub async fn a_counter_does_not_overflow(storage: Subject) {
    let mut first = commit(thing("a"), 0, "head");
    first.deltas = vec![delta("high", i64::MAX), delta("low", i64::MIN)];
    storage.commit(first).await.expect("commit");
    for (name, amount) in [("high", 1), ("low", -1)] {
        let mut over = commit(thing("b"), 0, "head");
        over.deltas = vec![delta(name, amount)];
        let answer = storage.commit(over).await;
        assert!(matches!(answer, Err(CommitError::Storage(StorageError::Misuse(_)))), "{name}: {answer:?}");
    }
    assert_eq!(storage.head(&thing("b")).await.expect("read"), None);
    assert_eq!(storage.counter(b"high").await.expect("read"), i64::MAX);
}

/// Every call refuses a space that the storage was not opened with, and says its name.
pub async fn a_space_that_was_not_opened_is_refused(storage: Subject) {
    let elsewhere = Space("elsewhere");
    let partition = Partition { space: elsewhere, key: Bytes::from_static(b"k") };
    let mut claiming = commit(thing("a"), 0, "head");
    claiming.claims = vec![claim(partition.clone(), 0, "x")];
    let refusals = [
        storage.head(&partition).await.map(drop),
        storage.row(&partition, &key(1, "r")).await.map(drop),
        storage.rows(&partition, 1, None, 10).await.map(drop),
        storage.heads(elsewhere, None, 10).await.map(drop),
        storage.commit(commit(partition.clone(), 0, "head")).await.map(drop).map_err(refusal),
        storage.commit(claiming).await.map(drop).map_err(refusal),
    ];
    for (call, refused) in refusals.into_iter().enumerate() {
        let named = matches!(&refused, Err(StorageError::Misuse(text)) if text.contains("elsewhere"));
        assert!(named, "call {call}: {refused:?}");
    }
    assert_eq!(storage.head(&thing("a")).await.expect("read"), None);
}

fn refusal(error: CommitError) -> StorageError {
    let CommitError::Storage(error) = error else { unreachable!("a misuse is the storage's refusal: {error}") };
    error
}

/// After closing, every call says that the storage has stopped.
pub async fn closed_means_stopped(storage: Subject) {
    storage.commit(commit(thing("a"), 0, "head")).await.expect("commit");
    storage.close().await.expect("close");
    let refusals = [
        storage.head(&thing("a")).await.map(drop),
        storage.row(&thing("a"), &key(1, "r")).await.map(drop),
        storage.rows(&thing("a"), 1, None, 10).await.map(drop),
        storage.heads(super::THINGS, None, 10).await.map(drop),
        storage.hints(1, None, 10).await.map(drop),
        storage.close_hint(1, b"h").await,
        storage.counter(b"c").await.map(drop),
        storage.feed(&crate::Cursor::default(), 10, crate::Wanted::All).await.map(drop),
        storage.commit(commit(thing("b"), 0, "head")).await.map(drop).map_err(refusal),
        storage.close().await,
    ];
    for (call, refused) in refusals.into_iter().enumerate() {
        assert!(matches!(refused, Err(StorageError::Stopped(_))), "call {call}: {refused:?}");
    }
}

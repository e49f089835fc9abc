//! Laws of heads, versions and claims.
#![expect(clippy::expect_used, reason = "a law that does not hold ends the test")]

use super::{CODES, Subject, THINGS, claim, code, commit, hint, thing};
use crate::{CommitError, Version};

/// Nothing is there before the first commit.
pub async fn a_head_that_was_never_committed_is_absent(storage: Subject) {
    assert_eq!(storage.head(&thing("a")).await.expect("read"), None);
    storage.commit(commit(thing("a"), 0, "one")).await.expect("create");
    assert_eq!(storage.head(&thing("aa")).await.expect("read"), None, "a longer key");
    assert_eq!(storage.head(&thing("b")).await.expect("read"), None, "another key");
    assert_eq!(storage.head(&code("a")).await.expect("read"), None, "another space");
}

/// Create, conflict on creating again, update, conflict on an old version; a refused commit changes nothing.
pub async fn a_commit_replaces_a_head_of_the_expected_version_only(storage: Subject) {
    let created = storage.commit(commit(thing("a"), 0, "one")).await.expect("create");
    assert_eq!((created.version, created.sequence), (Version(1), 1));
    let head = storage.head(&thing("a")).await.expect("read").expect("present");
    assert_eq!((head.version, &*head.value), (Version(1), &b"one"[..]));

    for (expected, name) in [(0, "again created"), (2, "from the future")] {
        let refused = storage.commit(commit(thing("a"), expected, "wrong")).await;
        assert!(matches!(&refused, Err(CommitError::Conflict { found: Some(found) }) if *found == head), "{name}: {refused:?}");
    }
    let refused = storage.commit(commit(thing("b"), 1, "wrong")).await;
    assert!(matches!(refused, Err(CommitError::Conflict { found: None })), "{refused:?}");
    assert_eq!(storage.head(&thing("a")).await.expect("read"), Some(head));
    assert_eq!(storage.head(&thing("b")).await.expect("read"), None);

    let updated = storage.commit(commit(thing("a"), 1, "two")).await.expect("update");
    assert_eq!((updated.version, updated.sequence), (Version(2), 2), "refused commits took no sequence");
    let head = storage.head(&thing("a")).await.expect("read").expect("present");
    assert_eq!((head.version, &*head.value), (Version(2), &b"two"[..]));
}

/// The version goes up by one with each commit, also with the same and with empty values.
pub async fn version_counts_commits(storage: Subject) {
    for expected in 0..50 {
        let committed = storage.commit(commit(thing("a"), expected, "")).await.expect("commit");
        assert_eq!(committed.version, Version(expected + 1));
        let head = storage.head(&thing("a")).await.expect("read").expect("present");
        assert_eq!((head.version, head.value.len()), (Version(expected + 1), 0));
    }
}

/// A scan over heads meets every one of its space exactly once, however it is cut.
pub async fn heads_are_scanned_by_space(storage: Subject) {
    for number in 0..25 {
        storage.commit(commit(thing(&format!("k{number:02}")), 0, "value")).await.expect("commit");
        storage.commit(commit(code(&format!("c{number:02}")), 0, "value")).await.expect("commit");
    }
    for limit in [1, 7, 100] {
        let mut seen = Vec::new();
        let mut after: Option<bytes::Bytes> = None;
        loop {
            let page = storage.heads(THINGS, after.as_deref(), limit).await.expect("scan");
            assert!(page.len() <= limit);
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            assert!(page.iter().all(|(_, head)| head.version == Version(1) && *head.value == *b"value"));
            seen.extend(page.into_iter().map(|(key, _)| key));
        }
        seen.sort();
        let expected: Vec<_> = (0..25).map(|number| format!("k{number:02}")).collect();
        assert_eq!(seen, expected, "limit {limit}");
    }
    assert_eq!(storage.heads(CODES, None, 100).await.expect("scan").len(), 25);
    assert!(storage.heads(THINGS, None, 0).await.expect("scan").is_empty());
}

/// When a commit was acknowledged, its claims are there; they count as commits of their partitions.
pub async fn a_claim_is_there_with_its_commit(storage: Subject) {
    let mut first = commit(thing("a"), 0, "one");
    first.claims = vec![claim(code("x"), 0, "a claims x"), claim(thing("b"), 0, "a claims b")];
    storage.commit(first).await.expect("commit");
    for (partition, value) in [(code("x"), "a claims x"), (thing("b"), "a claims b")] {
        let head = storage.head(&partition).await.expect("read").expect("claimed");
        assert_eq!((head.version, &*head.value), (Version(1), value.as_bytes()));
    }
    let mut second = commit(thing("a"), 1, "two");
    second.claims = vec![claim(code("x"), 1, "a keeps x")];
    storage.commit(second).await.expect("commit");
    let head = storage.head(&code("x")).await.expect("read").expect("claimed");
    assert_eq!((head.version, &*head.value), (Version(2), &b"a keeps x"[..]));
    let own = storage.commit(commit(thing("b"), 1, "b itself")).await.expect("a claimed partition can be committed to");
    assert_eq!(own.version, Version(2));
}

/// A claim on a partition of another version refuses the commit; the partition of the commit stays as
/// it was. Other claims and hints of it may be there or not: that is the contract.
pub async fn a_taken_claim_refuses_the_commit_and_says_which(storage: Subject) {
    storage.commit(commit(code("taken"), 0, "by somebody")).await.expect("commit");
    let mut refused = commit(thing("a"), 0, "one");
    refused.rows = vec![super::row(1, "r", "row")];
    refused.claims = vec![claim(code("free"), 0, "a claims free"), claim(code("taken"), 0, "a claims taken")];
    refused.hints = vec![hint(1, "h", "")];
    refused.deltas = vec![super::delta("count", 1)];
    refused.feed_kinds = vec![1];
    let answer = storage.commit(refused).await;
    let Err(CommitError::ClaimTaken { index: 1, found: Some(found) }) = answer else {
        unreachable!("claim 1 is taken: {answer:?}")
    };
    assert_eq!((found.version, &*found.value), (Version(1), &b"by somebody"[..]));
    assert_eq!(storage.head(&code("taken")).await.expect("read"), Some(found));
    assert_eq!(storage.head(&thing("a")).await.expect("read"), None);
    assert_eq!(storage.row(&thing("a"), &super::key(1, "r")).await.expect("read"), None);
    assert_eq!(storage.counter(b"count").await.expect("read"), 0);
    assert!(storage.feed(&crate::Cursor::default(), 10, crate::Wanted::All).await.expect("feed").is_empty());
    let free = storage.head(&code("free")).await.expect("read");
    assert!(free.is_none_or(|head| head.version == Version(1) && *head.value == *b"a claims free"));

    let mut absent = commit(thing("a"), 0, "one");
    absent.claims = vec![claim(code("nobody"), 3, "x")];
    let answer = storage.commit(absent).await;
    assert!(matches!(answer, Err(CommitError::ClaimTaken { index: 0, found: None })), "{answer:?}");
}

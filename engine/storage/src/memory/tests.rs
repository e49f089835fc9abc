//! What only this implementation does: injected faults, and claims that stay behind.

use super::*;

const THINGS: Space = Space("things");
const CLAIMED: Space = Space("claimed");

fn commit(key: &'static str, expected: u64) -> Commit {
    Commit {
        partition: Partition { space: THINGS, key: Bytes::from_static(key.as_bytes()) },
        expected: Version(expected),
        head: Bytes::from_static(b"head"),
        rows: Vec::new(),
        claims: vec![Claim {
            partition: Partition { space: CLAIMED, key: Bytes::from_static(b"code") },
            expected: Version::NONE,
            head: Bytes::from_static(b"claim"),
        }],
        hints: vec![Hint { bucket: 1, key: Bytes::from_static(b"hint"), value: Bytes::new() }],
        deltas: Vec::new(),
        feed_kinds: Vec::new(),
    }
}

#[tokio::test]
async fn claims_and_hints_of_a_refused_commit_stay_only_where_claims_come_first() {
    for claims_first in [false, true] {
        let storage = if claims_first {
            MemoryStorage::with_claims_first(&[THINGS, CLAIMED])
        } else {
            MemoryStorage::new(&[THINGS, CLAIMED])
        };
        let refused = storage.commit(commit("a", 5)).await;
        assert!(matches!(refused, Err(CommitError::Conflict { found: None })), "{refused:?}");
        let claim = storage.head(&commit("a", 0).claims[0].partition).await.unwrap();
        assert_eq!(claim.is_some(), claims_first);
        assert_eq!(storage.hints(1, None, 9).await.unwrap().len(), usize::from(claims_first));
        assert_eq!(storage.tip(), (0, ChainHash::START), "a refused commit takes no sequence");
    }
}

#[tokio::test]
async fn an_injected_fault_meets_the_nth_commit_and_no_other() {
    type Check = fn(&Result<Committed, CommitError>) -> bool;
    let cases: [(Fault, Check, u64); 4] = [
        (Fault::UnknownAfterApplying, |r| matches!(r, Err(CommitError::Unknown(_))), 1),
        (Fault::UnknownBeforeApplying, |r| matches!(r, Err(CommitError::Unknown(_))), 0),
        (Fault::Busy, |r| matches!(r, Err(CommitError::Busy)), 0),
        (Fault::Unavailable, |r| matches!(r, Err(CommitError::Storage(StorageError::Unavailable(_)))), 0),
    ];
    for (fault, expected, version) in cases {
        let storage = MemoryStorage::new(&[THINGS, CLAIMED]);
        storage.inject(2, fault);
        storage.commit(commit("a", 0)).await.unwrap();
        let mut second = commit("b", 0);
        second.claims.clear();
        let answer = storage.commit(second.clone()).await;
        assert!(expected(&answer), "{fault:?}: {answer:?}");
        let head = storage.head(&second.partition).await.unwrap();
        assert_eq!(head.map_or(0, |head| head.version.0), version, "{fault:?}");
        second.expected = Version(version);
        storage.commit(second).await.unwrap();
    }
}

//! Laws of many commits at once: one order, no gaps, one winner.
#![expect(clippy::expect_used, reason = "a law that does not hold ends the test")]

use std::collections::BTreeMap;

use super::{Subject, claim, code, commit, delta, hint, row, thing};
use crate::{ChainHash, Commit, CommitError, Committed, Cursor, FeedEntry, Version, Wanted, chain};

/// Two commits that expect the same: one is applied, the other learns what it lost to.
pub async fn of_two_commits_with_one_expectation_exactly_one_wins(storage: Subject) {
    for version in 0..40 {
        let race = [commit(thing("a"), version, "left"), commit(thing("a"), version, "right")].map(|contender| {
            let storage = storage.clone();
            tokio::spawn(async move { storage.commit(contender).await })
        });
        let mut won = 0;
        let mut lost_to = None;
        for contender in race {
            match contender.await.expect("the task ends") {
                Ok(_) => won += 1,
                Err(CommitError::Conflict { found }) => lost_to = found,
                Err(other) => unreachable!("a lost race is a conflict: {other}"),
            }
        }
        assert_eq!(won, 1, "version {version}");
        assert_eq!(lost_to.map(|head| head.version), Some(Version(version + 1)), "the loser sees the winner");
    }
}

/// A thousand commits over fifty partitions, at once: the versions add up, the feed has every commit
/// once and in order, the counters have every change, and sequences have no gaps.
pub async fn thousand_commits_agree_with_versions_feed_and_counters(storage: Subject) {
    const PARTITIONS: u64 = 50;
    const COMMITS: u64 = 20;
    let mut writers = tokio::task::JoinSet::new();
    for partition in 0..PARTITIONS {
        // Two writers for each partition, who get in each other's way.
        for writer in 0..2 {
            let storage = storage.clone();
            writers.spawn(async move { write(&storage, partition, writer, COMMITS / 2).await });
        }
    }
    let mut acknowledged = Vec::new();
    while let Some(done) = writers.join_next().await {
        acknowledged.extend(done.expect("the writer ends"));
    }
    let mut sequences: Vec<_> = acknowledged.iter().map(|committed| committed.sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=PARTITIONS * COMMITS).collect::<Vec<_>>());

    let feed = storage.feed(&Cursor::default(), 10_000, Wanted::All).await.expect("feed");
    let mut next: BTreeMap<_, u64> = BTreeMap::new();
    for entry in &feed {
        let version = next.entry(entry.partition.clone()).or_insert(0);
        *version += 1;
        assert_eq!(entry.committed.version, Version(*version), "commits of one partition keep their order");
        assert!(acknowledged.contains(&entry.committed));
    }
    assert_eq!(feed.len(), acknowledged.len());
    for partition in 0..PARTITIONS {
        let partition = thing(&partition.to_string());
        let head = storage.head(&partition).await.expect("read").expect("present");
        assert_eq!(head.version, Version(COMMITS));
        assert_eq!(storage.rows(&partition, 1, None, 1_000).await.expect("scan").len(), 20);
    }
    assert_eq!(storage.counter(b"sum").await.expect("read"), 1_000);
}

async fn write(storage: &Subject, partition: u64, writer: u64, commits: u64) -> Vec<Committed> {
    let partition = thing(&partition.to_string());
    let mut expected = 0;
    let mut acknowledged = Vec::new();
    for number in 0..commits {
        loop {
            let mut put = commit(partition.clone(), expected, "head");
            put.rows = vec![row(1, &format!("{writer} {number}"), "value")];
            put.deltas = vec![delta("sum", 1)];
            put.feed_kinds = vec![1];
            match storage.commit(put).await {
                Ok(committed) => {
                    expected = committed.version.0;
                    acknowledged.push(committed);
                    break;
                }
                Err(CommitError::Conflict { found }) => expected = found.map_or(0, |head| head.version.0),
                Err(CommitError::Busy) => tokio::task::yield_now().await,
                Err(other) => unreachable!("no other refusal is expected: {other}"),
            }
        }
    }
    acknowledged
}

/// Whoever has the list of commits can compute every chain hash that was answered and shown.
pub async fn the_chain_can_be_computed_from_the_commits(storage: Subject) {
    let mut hash = ChainHash::START;
    let mut shown = Vec::new();
    for number in 0..30u64 {
        let mut put = commit(thing(&format!("{}", number % 4)), number / 4, &format!("head {number}"));
        put.rows = vec![row(1, &format!("{number}"), "value"), row(2, "same", "value")];
        put.claims = vec![claim(code(&format!("{number}")), 0, "claim")];
        put.hints = vec![hint(1, &format!("{number}"), "")];
        put.deltas = vec![delta("count", -1)];
        put.feed_kinds = if number % 3 == 0 { vec![1] } else { Vec::new() };
        // A refused commit in between leaves no trace in the chain.
        let refused = commit(thing("0"), 1_000, "refused");
        storage.commit(refused).await.expect_err("no such version");
        let committed = storage.commit(put.clone()).await.expect("commit");
        hash = chain::link(hash, number + 1, chain::content(&put));
        assert_eq!((committed.sequence, committed.chain), (number + 1, hash), "commit {number}");
        shown.extend((!put.feed_kinds.is_empty()).then_some(committed));
    }
    let feed: Vec<FeedEntry> = storage.feed(&Cursor::default(), 100, Wanted::All).await.expect("feed");
    assert_eq!(feed.iter().map(|entry| entry.committed).collect::<Vec<_>>(), shown);
}

/// A caller that gives up while it waits has committed nevertheless.
pub async fn a_dropped_commit_is_still_done(storage: Subject) {
    let put: Commit = commit(thing("a"), 0, "head");
    let mut waiting = Box::pin(storage.commit(put));
    let polled_once = std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context))).await;
    drop(waiting);
    // Whatever was asked later is done later: once this one is through, the first one is.
    let later = storage.commit(commit(thing("b"), 0, "head")).await.expect("commit");
    let head = storage.head(&thing("a")).await.expect("read");
    assert_eq!(head.map(|head| head.version), Some(Version(1)), "polled once: {polled_once:?}");
    assert_eq!(later.sequence, 2);
}

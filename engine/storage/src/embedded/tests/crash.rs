//! After a stop at any moment, what was acknowledged is there and the order goes on without a gap.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

#[tokio::test]
async fn h20_acknowledged_commits_are_in_an_image_taken_right_after() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    for count in [1, 5, 40] {
        let before = opened.storage.feed(&Cursor::default(), 100, Wanted::All).await.unwrap().len();
        fill(&opened.storage, u64::try_from(before).unwrap(), count).await;
        let copy = image(folder.path());
        let recovered = open(copy.path());
        assert!(recovered.unclean && !recovered.created);
        assert_eq!(recovered.sequence, count);
        assert_filled(&recovered.storage, count).await;
        assert!(!copy.path().join("journals-aside").exists(), "taken away after a whole recovery");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h20_images_taken_while_commits_run_hold_what_was_acknowledged_before() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(open(folder.path()).storage);
    let acknowledged = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let writer = tokio::spawn({
        let (storage, acknowledged) = (Arc::clone(&storage), Arc::clone(&acknowledged));
        async move {
            for number in 0..400 {
                fill(&storage, number, number + 1).await;
                acknowledged.store(number + 1, Ordering::SeqCst);
            }
        }
    });
    for _ in 0..5 {
        let before = acknowledged.load(Ordering::SeqCst);
        let path = folder.path().to_owned();
        let copy = tokio::task::spawn_blocking(move || image(&path)).await.unwrap();
        let recovered = open(copy.path());
        assert!(recovered.sequence >= before);
        assert_filled(&recovered.storage, before).await;
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn sequence_chain_cursor_facts_and_epoch_go_on_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut cursor = Cursor::default();
    let mut chain = ChainHash::START;
    for round in 0..4 {
        let mut options = Options::new(&SPACES);
        options.facts = Bytes::from(format!("facts of round {round}"));
        let opened = EmbeddedStorage::open(folder.path(), options).unwrap();
        assert_eq!((opened.created, opened.unclean, opened.epoch), (round == 0, false, round + 1));
        assert_eq!(opened.facts, "facts of round 0");
        assert_eq!((opened.sequence, opened.chain), (round * 5, chain));
        fill(&opened.storage, round * 5, round * 5 + 5).await;
        let feed = opened.storage.feed(&cursor, 100, Wanted::All).await.unwrap();
        assert_eq!(feed.len(), 5, "behind the cursor of the round before");
        cursor = feed[4].cursor.clone();
        chain = feed[4].committed.chain;
        // Dropped without close: the queue is worked off and the stop is a clean one.
        drop(opened);
    }
    let opened = open(folder.path());
    assert_filled(&opened.storage, 20).await;
    opened.storage.close().await.unwrap();
    assert!(!open(folder.path()).unclean, "closed, and the old handle still there");
}

#[tokio::test]
async fn dropping_the_storage_does_what_is_in_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let waiting: Vec<_> = (0..200).map(|number| opened.storage.enqueue(full(number)).unwrap()).collect();
    drop(opened);
    for (number, answer) in (0..).zip(waiting) {
        assert_eq!(answer.await.unwrap().unwrap().sequence, number + 1);
    }
    assert_filled(&open(folder.path()).storage, 200).await;
}

const CHILD: &str = "TESSERA_STORAGE_TEST_CHILD";

/// Does nothing unless it was started by the test below: then it commits until it is killed.
#[tokio::test]
async fn child_that_commits_until_it_is_killed() {
    let Ok(folder) = std::env::var(CHILD) else {
        return;
    };
    let opened = open(Path::new(&folder));
    let mut number = opened.sequence;
    loop {
        fill(&opened.storage, number, number + 1).await;
        number += 1;
        eprintln!("acknowledged {number}");
    }
}

#[tokio::test]
async fn p3_h20_acknowledged_commits_survive_kill_minus_nine() {
    let folder = tempfile::tempdir().unwrap();
    let mut total = 0;
    for round in 1..4u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "embedded::tests::crash::child_that_commits_until_it_is_killed", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acknowledged = 0;
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut take = |until: u64| {
            for line in lines.by_ref() {
                let line = line.unwrap();
                let number = line.strip_prefix("acknowledged ").and_then(|number| number.parse::<u64>().ok());
                acknowledged = number.unwrap_or(acknowledged);
                if acknowledged >= until {
                    break;
                }
            }
            acknowledged
        };
        take(total + 30 * round);
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died counts as well.
        let acknowledged = take(u64::MAX);
        assert!(acknowledged >= total + 30 * round);
        let opened = open(folder.path());
        assert!(opened.unclean, "round {round}");
        assert!(opened.sequence >= acknowledged, "round {round}: {} of {acknowledged}", opened.sequence);
        assert_filled(&opened.storage, opened.sequence).await;
        total = opened.sequence;
    }
}

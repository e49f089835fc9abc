//! The embedded storage answers every sequence of commits as the reference model does.
#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

use std::sync::Arc;

use proptest::prelude::*;
use tessera_storage::conformance::{CODES, SPACES, claim, code, commit, delta, hint, row, thing};
use tessera_storage::{
    Commit, CommitError, Committed, Cursor, EmbeddedStorage, FeedEntry, MemoryStorage, Options, Storage, StorageError, Wanted,
};

#[derive(Clone, Debug)]
enum Step {
    Commit(Box<Commit>),
    CloseHint(u8),
    /// The embedded storage is closed and opened again.
    Reopen,
}

fn commits() -> impl Strategy<Value = Commit> {
    let small = || 0u8..4;
    let rows = prop::collection::vec((small(), small(), 0u8..9), 0..3);
    let claims = prop::collection::vec((small(), 0u64..3), 0..2);
    let hints = prop::collection::vec((small(), 0u8..9), 0..2);
    let deltas = prop::collection::vec((0u8..2, prop_oneof![-9i64..9, Just(i64::MAX), Just(i64::MIN)]), 0..3);
    let kinds = prop::collection::vec(small(), 0..2);
    (small(), 0u64..6, rows, claims, hints, deltas, kinds).prop_map(|(key, expected, rows, claims, hints, deltas, kinds)| {
        Commit {
            rows: rows.iter().map(|(kind, id, value)| row(*kind, &id.to_string(), &value.to_string())).collect(),
            claims: claims.iter().map(|(key, expected)| claim(code(&key.to_string()), *expected, "claim")).collect(),
            hints: hints.iter().map(|(key, value)| hint(1, &key.to_string(), &value.to_string())).collect(),
            deltas: deltas.iter().map(|(key, amount)| delta(&key.to_string(), *amount)).collect(),
            feed_kinds: kinds,
            ..commit(thing(&key.to_string()), expected, "head")
        }
    })
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = prop_oneof![
        40 => commits().prop_map(|commit| Step::Commit(Box::new(commit))),
        2 => (0u8..4).prop_map(Step::CloseHint),
        1 => Just(Step::Reopen),
    ];
    // Steps of one burst are in flight together, so that they share groups.
    prop::collection::vec(prop::collection::vec(step, 1..12), 1..8)
}

/// The expected version is mostly taken from the model, so that commits get through.
async fn aimed(model: &MemoryStorage, mut commit: Commit) -> Commit {
    if commit.expected.0 < 4 {
        commit.expected = model.head(&commit.partition).await.unwrap().map_or_else(Default::default, |head| head.version);
    }
    for claim in &mut commit.claims {
        if claim.expected.0 < 2 {
            claim.expected = model.head(&claim.partition).await.unwrap().map_or_else(Default::default, |head| head.version);
        }
    }
    commit
}

fn comparable(answer: Result<Committed, CommitError>) -> String {
    match answer {
        // The words of a misuse are for people.
        Err(CommitError::Storage(StorageError::Misuse(_))) => "misuse".to_owned(),
        other => format!("{other:?}"),
    }
}

async fn state(storage: &dyn Storage) -> String {
    let mut out = String::new();
    for space in SPACES {
        // Each storage has an order of its own.
        let mut heads = storage.heads(space, None, 100).await.unwrap();
        heads.sort_by(|a, b| a.0.cmp(&b.0));
        out += &format!("{heads:?}\n");
    }
    for key in 0..4 {
        for kind in 0..4 {
            out += &format!("{:?}\n", storage.rows(&thing(&key.to_string()), kind, None, 100).await.unwrap());
        }
        out += &format!("{:?}\n", storage.counter(key.to_string().as_bytes()).await.unwrap());
    }
    out += &format!("{:?}\n", storage.hints(1, None, 100).await.unwrap());
    let feed = storage.feed(&Cursor::default(), 1_000, Wanted::All).await.unwrap();
    let feed = feed.into_iter().map(|entry| FeedEntry { cursor: Cursor::default(), ..entry });
    out + &format!("{:?}\n", feed.collect::<Vec<_>>())
}

async fn compare(bursts: Vec<Vec<Step>>) {
    let folder = tempfile::tempdir().unwrap();
    let open = || Arc::new(EmbeddedStorage::open(folder.path(), Options::new(&SPACES)).unwrap().storage);
    let model = MemoryStorage::new(&SPACES);
    let mut storage = open();
    for burst in bursts {
        let mut answers = Vec::new();
        for step in burst {
            match step {
                Step::Commit(commit) => {
                    let commit = aimed(&model, *commit).await;
                    let expected = comparable(model.commit(commit.clone()).await);
                    let (storage, context) = (Arc::clone(&storage), format!("{commit:?}"));
                    let mut answer = Box::pin(async move { storage.commit(commit).await });
                    // The first poll puts it into the queue: the order is the model's.
                    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx))).await;
                    answers.push((polled, answer, expected, context));
                }
                Step::CloseHint(key) => {
                    model.close_hint(1, key.to_string().as_bytes()).await.unwrap();
                    storage.close_hint(1, key.to_string().as_bytes()).await.unwrap();
                }
                Step::Reopen => {
                    finish(std::mem::take(&mut answers)).await;
                    storage.close().await.unwrap();
                    storage = open();
                }
            }
        }
        finish(answers).await;
        assert_eq!(state(&*storage).await, state(&model).await);
    }
    assert!(storage.heads(CODES, None, 1).await.is_ok());
}

type Asked<F> = (std::task::Poll<Result<Committed, CommitError>>, std::pin::Pin<Box<F>>, String, String);

async fn finish<F: Future<Output = Result<Committed, CommitError>>>(answers: Vec<Asked<F>>) {
    for (polled, answer, expected, context) in answers {
        let answer = match polled {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => answer.await,
        };
        assert_eq!(comparable(answer), expected, "{context}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn embedded_answers_as_the_model_does(bursts in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(bursts));
    }
}

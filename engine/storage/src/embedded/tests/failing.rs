//! What happens when the disk fails or cannot keep up.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::*;

#[tokio::test]
async fn h21_after_a_failed_write_nothing_is_acknowledged_shown_or_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let called = Arc::new((AtomicUsize::new(0), Mutex::new(String::new())));
    let mut options = Options::new(&SPACES);
    options.on_fatal = Box::new({
        let called = Arc::clone(&called);
        move |reason| {
            called.0.fetch_add(1, Ordering::SeqCst);
            reason.clone_into(&mut called.1.lock().unwrap());
        }
    });
    let storage = EmbeddedStorage::open(folder.path(), options).unwrap().storage;
    fill(&storage, 0, 3).await;
    let moved = storage.feed_moved();
    storage.broken_watermark.store(true, Ordering::SeqCst);
    let waiting: Vec<_> = (3..200).filter_map(|number| storage.enqueue(full(number)).ok()).collect();
    for answer in waiting {
        let answer = answer.await.unwrap_or_else(|_| Err(CommitError::Unknown("the queue is gone".to_owned())));
        assert!(matches!(answer, Err(CommitError::Unknown(_))), "{answer:?}");
    }
    let told = *moved.borrow();
    assert!(told <= 3, "followers are not told of what may be lost: {told}");

    storage.broken_watermark.store(false, Ordering::SeqCst);
    let later = storage.commit(full(3)).await;
    assert!(matches!(&later, Err(CommitError::Storage(StorageError::Stopped(why))) if why.contains("watermark")), "{later:?}");
    let read = storage.head(&thing("0")).await;
    assert!(matches!(read, Err(StorageError::Stopped(_))), "{read:?}");
    assert!(matches!(storage.close().await, Err(StorageError::Stopped(_))));
    drop(storage);
    assert_eq!(called.0.load(Ordering::SeqCst), 1, "the hook is called once");
    assert!(called.1.lock().unwrap().contains("writing the watermark failed"));

    let recovered = open(folder.path());
    assert!(recovered.unclean, "a failed stop is no clean one");
    assert!(recovered.sequence >= 3);
    assert_filled(&recovered.storage, recovered.sequence).await;
}

/// A storage whose commit thread never comes.
fn stuck(places: usize) -> (EmbeddedStorage, mpsc::Receiver<Job>) {
    let (jobs, queue) = mpsc::channel(places);
    let storage = EmbeddedStorage {
        id: [1; 16],
        names: Names::new(&SPACES),
        shared: Arc::new(Shared {
            visible: ArcSwapOption::empty(),
            stopped: OnceLock::new(),
            feed_moved: watch::Sender::new(0),
            queued_bytes: 0.into(),
            on_fatal: Box::new(|_| {}),
        }),
        jobs: Some(jobs),
        thread: Mutex::new(None),
        broken_watermark: Arc::new(AtomicBool::new(false)),
    };
    (storage, queue)
}

#[tokio::test]
async fn h30_a_full_queue_is_busy_and_takes_commits_again_when_it_has_room() {
    let (storage, mut queue) = stuck(2);
    let _first = storage.enqueue(full(0)).unwrap();
    let _second = storage.enqueue(full(1)).unwrap();
    assert!(matches!(storage.commit(full(2)).await, Err(CommitError::Busy)));
    drop(queue.recv().await);
    storage.enqueue(full(2)).unwrap();
    drop(queue);
    let answer = storage.commit(full(3)).await;
    assert!(matches!(answer, Err(CommitError::Storage(StorageError::Stopped(_)))), "{answer:?}");
}

#[tokio::test]
async fn h30_the_queue_is_bounded_in_bytes_too() {
    let (storage, _queue) = stuck(100);
    let mut large = commit(thing("a"), 0, "head");
    let value = Bytes::from(vec![0; crate::limits::VALUE_BYTES_MAX]);
    large.rows = (0..7).map(|id| Row { value: value.clone(), ..row(1, &id.to_string(), "") }).collect();
    let each = crate::check::commit(&large, &SPACES).unwrap();
    let room = QUEUE_BYTES_MAX / each;
    storage.shared.queued_bytes.store((room - 1) * each, Ordering::SeqCst);
    storage.enqueue(large.clone()).unwrap();
    for _ in 0..2 {
        assert!(matches!(storage.enqueue(large.clone()), Err(CommitError::Busy)), "refused and not counted");
    }
    assert_eq!(storage.shared.queued_bytes.load(Ordering::SeqCst), room * each);
}

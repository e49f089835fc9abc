//! The embedded storage: one folder, nothing to install, acknowledged means on disk.
//!
//! Callers prepare their commits on their own threads; one commit thread checks, writes and fsyncs
//! them in groups; readers see a snapshot that the watermark covers. `committer` holds the order of
//! things, `layout` the tables, `recovery`, `journal` and `verify` what happens at the start.

mod committer;
mod error;
mod folder;
mod group;
mod journal;
mod layout;
mod options;
mod prepare;
mod reader;
mod record;
mod recovery;
mod seen;
mod verify;
mod watermark;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use bytes::Bytes;
use fjall::Slice;
use tokio::sync::{mpsc, oneshot, watch};

pub use self::committer::OnFatal;
pub use self::error::OpenError;
pub use self::options::{Opened, Options};

use self::committer::{Committer, Job, Shared};
use self::layout::Names;
use self::reader::Visible;
use crate::cursor::StorageId;
use crate::limits::{QUEUE_BYTES_MAX, QUEUE_COMMITS_MAX};
use crate::{
    Commit, CommitError, Committed, Cursor, FeedEntry, Head, Hint, Partition, Row, RowKey, Space, Storage, StorageError, Wanted,
};

/// A storage in a folder of this machine.
///
/// Dropping it without [`Storage::close`] does what closing does: the queue is worked off first, which
/// blocks for as long as that takes.
pub struct EmbeddedStorage {
    id: StorageId,
    names: Names,
    shared: Arc<Shared>,
    /// None only while the storage is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    #[cfg(test)]
    broken_watermark: Arc<std::sync::atomic::AtomicBool>,
}

impl std::fmt::Debug for EmbeddedStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStorage").field("spaces", &self.names.spaces()).finish_non_exhaustive()
    }
}

impl EmbeddedStorage {
    /// Opens the storage in a folder, or makes one in a folder that is empty or not there.
    ///
    /// Reads and fsyncs: not for a thread that serves others.
    ///
    /// # Errors
    ///
    /// [`OpenError`], each with what to do. Nothing acknowledged is given up in order to open.
    pub fn open(folder: &Path, options: Options) -> Result<Opened, OpenError> {
        options.check()?;
        let recovered = recovery::recover(folder, &options)?;
        #[cfg(test)]
        let broken_watermark = Arc::clone(&recovered.watermark.broken);
        let (jobs, queue) = mpsc::channel(QUEUE_COMMITS_MAX);
        let names = recovered.tables.names.clone();
        let visible = Visible::new(Arc::clone(&recovered.tables), recovered.tip.sequence);
        let shared = Arc::new(Shared {
            visible: ArcSwapOption::from_pointee(visible),
            stopped: OnceLock::new(),
            feed_moved: watch::Sender::new(recovered.tip.sequence),
            queued_bytes: 0.into(),
            on_fatal: options.on_fatal,
        });
        let committer = Committer {
            shared: Arc::clone(&shared),
            tables: recovered.tables,
            watermark: recovered.watermark,
            tip: recovered.tip,
            jobs: queue,
        };
        let thread = std::thread::Builder::new()
            .name("storage-commit".to_owned())
            .spawn(move || committer.run())
            .map_err(|error| OpenError::io(folder, "starting the commit thread", error))?;
        let storage = Self {
            id: recovered.id,
            names,
            shared,
            jobs: Some(jobs),
            thread: Mutex::new(Some(thread)),
            #[cfg(test)]
            broken_watermark,
        };
        Ok(Opened {
            storage,
            created: recovered.created,
            unclean: recovered.unclean,
            facts: Bytes::from(recovered.facts),
            epoch: recovered.epoch,
            sequence: recovered.tip.sequence,
            chain: recovered.tip.chain,
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Visible) -> Result<T, StorageError>) -> Result<T, StorageError> {
        match &*self.shared.visible.load() {
            Some(visible) => read(visible),
            None => Err(self.stopped()),
        }
    }

    fn stopped(&self) -> StorageError {
        StorageError::Stopped(self.shared.reason())
    }

    /// Puts a commit into the queue; the answer comes once it is on the disk.
    fn enqueue(&self, commit: Commit) -> Result<oneshot::Receiver<Result<Committed, CommitError>>, CommitError> {
        if self.shared.stopped.get().is_some() {
            return Err(self.stopped().into());
        }
        let jobs = self.jobs.as_ref().ok_or_else(|| self.stopped())?;
        let prepared = Box::new(prepare::prepare(&self.names, commit)?);
        let bytes = prepared.bytes;
        let queued = self.shared.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let give_back = |error| {
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            Err(error)
        };
        if queued.saturating_add(bytes) > QUEUE_BYTES_MAX {
            return give_back(CommitError::Busy);
        }
        let (answer, answered) = oneshot::channel();
        match jobs.try_send(Job::Commit { prepared, answer }) {
            Ok(()) => Ok(answered),
            Err(mpsc::error::TrySendError::Full(_)) => give_back(CommitError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => give_back(self.stopped().into()),
        }
    }

    /// Sends a job for which the caller waits for a place in the queue.
    async fn ask(&self, job: impl FnOnce(oneshot::Sender<Result<(), StorageError>>) -> Job) -> Result<(), StorageError> {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(|| self.stopped())?;
        jobs.send(job(answer)).await.map_err(|_| self.stopped())?;
        answered.await.map_err(|_| self.stopped())?
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id()) {
            // Its panic was reported by the hook and by everybody's answers.
            let _ = thread.join();
        }
    }
}

impl Drop for EmbeddedStorage {
    fn drop(&mut self) {
        self.jobs = None;
        self.join();
    }
}

#[async_trait]
impl Storage for EmbeddedStorage {
    async fn head(&self, partition: &Partition) -> Result<Option<Head>, StorageError> {
        self.read(|visible| visible.head(partition))
    }

    async fn row(&self, partition: &Partition, key: &RowKey) -> Result<Option<Bytes>, StorageError> {
        self.read(|visible| visible.row(partition, key))
    }

    async fn has_row(&self, partition: &Partition, key: &RowKey) -> Result<bool, StorageError> {
        self.read(|visible| visible.has_row(partition, key))
    }

    async fn rows(&self, partition: &Partition, kind: u8, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StorageError> {
        self.read(|visible| visible.rows(partition, kind, after, limit))
    }

    async fn heads(&self, space: Space, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Head)>, StorageError> {
        self.read(|visible| visible.heads(space, after, limit))
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let answered = self.enqueue(commit)?;
        answered.await.unwrap_or_else(|_| Err(CommitError::Unknown(self.shared.reason())))
    }

    async fn hints(&self, bucket: u32, after: Option<&[u8]>, limit: usize) -> Result<Vec<Hint>, StorageError> {
        self.read(|visible| visible.hints(bucket, after, limit))
    }

    async fn close_hint(&self, bucket: u32, key: &[u8]) -> Result<(), StorageError> {
        let key = Slice::from(layout::hint_key(bucket, key));
        self.ask(|answer| Job::CloseHint { key, answer }).await
    }

    async fn counter(&self, key: &[u8]) -> Result<i64, StorageError> {
        self.read(|visible| visible.counter(key))
    }

    async fn feed(&self, after: &Cursor, limit: usize, wanted: Wanted) -> Result<Vec<FeedEntry>, StorageError> {
        self.read(|visible| visible.feed(&self.id, after, limit, wanted))
    }

    fn feed_moved(&self) -> watch::Receiver<u64> {
        self.shared.feed_moved.subscribe()
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.ask(|answer| Job::Close { answer }).await?;
        self.join();
        Ok(())
    }
}

#[cfg(test)]
mod tests;

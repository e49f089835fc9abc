//! The commit thread: takes what waits, makes it durable with one batch, shows it, answers.
//!
//! INVARIANT: journal fsync → watermark fsync → visible → acknowledged. A write or fsync that fails is
//! never tried again (H21): the storage stops and everybody who waits is told that nobody knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use fjall::{OwnedWriteBatch, Slice};
use tokio::sync::{mpsc, oneshot, watch};

use super::group::{Group, Tip};
use super::layout::Tables;
use super::prepare::Prepared;
use super::reader::Visible;
use super::watermark::Watermark;
use crate::limits::{GROUP_COMMITS_MAX, STALL_MS};
use crate::{CommitError, Committed, StorageError};

/// Called once, with the reason, when the storage stops because a write failed.
pub type OnFatal = Box<dyn Fn(&str) + Send + Sync>;

/// What the handle and the commit thread share.
pub(crate) struct Shared {
    /// None once the storage has stopped.
    pub(crate) visible: ArcSwapOption<Visible>,
    /// Why it stopped; set before `visible` is taken away.
    pub(crate) stopped: std::sync::OnceLock<String>,
    pub(crate) feed_moved: watch::Sender<u64>,
    /// Bytes of all commits in the queue.
    pub(crate) queued_bytes: AtomicUsize,
    pub(crate) on_fatal: OnFatal,
}

impl Shared {
    /// Why nothing can be done any more.
    pub(crate) fn reason(&self) -> String {
        self.stopped.get().map_or_else(|| "it is stopping".to_owned(), Clone::clone)
    }

    /// Stops reads; the first reason is kept.
    fn stop(&self, reason: &str) {
        let _ = self.stopped.set(reason.to_owned());
        self.visible.store(None);
    }
}

/// Something for the commit thread to do.
#[derive(Debug)]
pub(crate) enum Job {
    Commit { prepared: Box<Prepared>, answer: oneshot::Sender<Result<Committed, CommitError>> },
    CloseHint { key: Slice, answer: oneshot::Sender<Result<(), StorageError>> },
    Close { answer: oneshot::Sender<Result<(), StorageError>> },
}

/// An answer that waits for the disk.
enum Waiting {
    Commit(oneshot::Sender<Result<Committed, CommitError>>, Result<Committed, CommitError>),
    Hint(oneshot::Sender<Result<(), StorageError>>),
}

/// The state of the commit thread.
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) watermark: Watermark,
    pub(crate) tip: Tip,
    pub(crate) jobs: mpsc::Receiver<Job>,
}

impl Committer {
    /// Works until it is told to close, the last handle is gone, or a write fails.
    pub(crate) fn run(mut self) {
        let _guard = PanicGuard(Arc::clone(&self.shared));
        let mut jobs = Vec::with_capacity(GROUP_COMMITS_MAX);
        let mut closing = Vec::new();
        loop {
            if self.jobs.blocking_recv_many(&mut jobs, GROUP_COMMITS_MAX) == 0 {
                return self.end(closing);
            }
            metrics::gauge!("storage_queue_commits").set(depth(self.jobs.len()));
            if let Err(reason) = self.group(&mut jobs, &mut closing) {
                return self.fail(&reason, closing);
            }
            if !closing.is_empty() {
                // Nobody can join the queue any more; what is in it is still done.
                self.jobs.close();
            }
        }
    }

    /// Does all that was taken from the queue, durably, and answers.
    fn group(&mut self, jobs: &mut Vec<Job>, closing: &mut Vec<oneshot::Sender<Result<(), StorageError>>>) -> Result<(), String> {
        let started = Instant::now();
        let tables = Arc::clone(&self.tables);
        let mut group = Group::new(&tables, self.tip);
        let mut waiting = Vec::with_capacity(jobs.len());
        for job in jobs.drain(..) {
            match job {
                Job::Commit { prepared, answer } => {
                    self.shared.queued_bytes.fetch_sub(prepared.bytes, Ordering::Relaxed);
                    waiting.push(Waiting::Commit(answer, group.commit(*prepared)));
                }
                Job::CloseHint { key, answer } => {
                    group.close_hint(key);
                    waiting.push(Waiting::Hint(answer));
                }
                Job::Close { answer } => closing.push(answer),
            }
        }
        let (tip, feed_grew) = (group.tip(), group.feed_grew());
        let checked = Instant::now();
        let durable = self.make_durable(group.into_batch(), tip, checked);
        if let Err(reason) = &durable {
            self.shared.stop(reason);
        }
        answer(waiting, durable.as_ref().err());
        if durable.is_ok() && feed_grew {
            self.shared.feed_moved.send_replace(tip.sequence);
        }
        metrics::histogram!("storage_commit_seconds", "phase" => "check").record(checked.duration_since(started));
        durable
    }

    /// Journal, then watermark, then readers.
    fn make_durable(&mut self, batch: Option<OwnedWriteBatch>, tip: Tip, started: Instant) -> Result<(), String> {
        assert!(tip.sequence >= self.tip.sequence, "the log only grows");
        let Some(batch) = batch else { return Ok(()) };
        batch.commit().map_err(|error| format!("writing the journal failed: {error}"))?;
        let journalled = Instant::now();
        if tip.sequence > self.tip.sequence {
            self.watermark.advance(tip.sequence, tip.chain).map_err(|error| format!("writing the watermark failed: {error}"))?;
        }
        let marked = Instant::now();
        let commits = tip.sequence.saturating_sub(self.tip.sequence);
        self.tip = tip;
        assert!(self.watermark.last().sequence >= tip.sequence, "readers see nothing that the watermark does not cover");
        self.shared.visible.store(Some(Arc::new(Visible::new(Arc::clone(&self.tables), tip.sequence))));
        measure(commits, journalled.duration_since(started), marked.duration_since(journalled));
        Ok(())
    }

    /// The orderly end: everything in the queue has been done.
    fn end(self, closing: Vec<oneshot::Sender<Result<(), StorageError>>>) {
        self.shared.stop("it was closed");
        let Self { shared, tables, watermark, tip, .. } = self;
        assert_eq!(watermark.last().sequence, tip.sequence, "the watermark covers every commit");
        let outcome = tables.folder.end().map_err(|error| format!("writing the marker of a clean stop failed: {error}"));
        // At once, unless a reader is still at it: then the reader lets go of the folder when done.
        drop(Arc::into_inner(tables));
        drop(shared);
        for answer in closing {
            let _ = answer.send(outcome.clone().map_err(StorageError::Stopped));
        }
    }

    /// The end after a write that failed.
    fn fail(mut self, reason: &str, closing: Vec<oneshot::Sender<Result<(), StorageError>>>) {
        tracing::error!(reason, "the storage has stopped: what the disk holds is not known until it is opened again");
        self.shared.stop(reason);
        self.jobs.close();
        while let Ok(job) = self.jobs.try_recv() {
            match job {
                Job::Commit { answer, .. } => drop(answer.send(Err(CommitError::Unknown(reason.to_owned())))),
                Job::CloseHint { answer, .. } | Job::Close { answer } => {
                    drop(answer.send(Err(StorageError::Stopped(reason.to_owned()))));
                }
            }
        }
        for answer in closing {
            let _ = answer.send(Err(StorageError::Stopped(reason.to_owned())));
        }
        (self.shared.on_fatal)(reason);
    }
}

/// Answers in the order of the queue.
fn answer(waiting: Vec<Waiting>, failure: Option<&String>) {
    for waiting in waiting {
        // A caller that has gone away no longer wants to know.
        match (waiting, failure) {
            (Waiting::Commit(answer, result), None) => drop(answer.send(result)),
            (Waiting::Commit(answer, _), Some(reason)) => drop(answer.send(Err(CommitError::Unknown(reason.clone())))),
            (Waiting::Hint(answer), None) => drop(answer.send(Ok(()))),
            (Waiting::Hint(answer), Some(reason)) => drop(answer.send(Err(StorageError::Stopped(reason.clone())))),
        }
    }
}

fn measure(commits: u64, journal: Duration, watermark: Duration) {
    metrics::histogram!("storage_group_commits").record(depth(usize::try_from(commits).unwrap_or(usize::MAX)));
    metrics::counter!("storage_commits_total").increment(commits);
    metrics::histogram!("storage_commit_seconds", "phase" => "journal").record(journal);
    metrics::histogram!("storage_commit_seconds", "phase" => "watermark").record(watermark);
    let stall = Duration::from_millis(STALL_MS);
    if journal.saturating_add(watermark) > stall {
        metrics::counter!("storage_stalls_total").increment(1);
        tracing::warn!(?journal, ?watermark, commits, "a group of commits took longer on the disk than it should");
    }
}

/// A count as a metric wants it.
fn depth(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A broken assertion in the commit thread must not leave readers and callers waiting.
struct PanicGuard(Arc<Shared>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = "the commit thread has broken one of its own rules";
            self.0.stop(reason);
            (self.0.on_fatal)(reason);
        }
    }
}

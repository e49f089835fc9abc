//! The book of tills' days: what this gateway has answered, so that a receipt that was lost anywhere is found when its
//! till's day is closed (H60).
//!
//! A thread notes it without fsync and no till waits for it: what a power cut takes from the book is with an engine, in
//! the spool, or with the till. What cannot be noted is counted. How old a day is says this gateway's clock, by when it
//! noted something of it: the date is the till's, whose clock may be years off.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use metrics::{counter, gauge};
use tessera_contract::canonical::ContentHash;
use tessera_contract::till_day::{DayKind, DayReceipt, DayReceipts, TillDay};
use tessera_proto::gateway::v1::TillDaysStatus;
use tessera_rules::id::ReceiptId;
use tokio::sync::oneshot;

use crate::call::Call;
use crate::limits::{DAY_OVERDUE_AFTER, DAY_QUEUE_MAX, SPOOL_END_MAX};
use crate::spool::SpoolError;

mod file;
mod writer;

use file::Noted;
use writer::Writer;

/// The book. Dropping it waits a moment until what it was given is noted.
#[derive(Debug)]
pub(crate) struct Book {
    folder: PathBuf,
    shared: Arc<Shared>,
    /// None: it is being dropped.
    jobs: Option<SyncSender<Job>>,
    /// Closed when the thread that notes has ended.
    ended: Mutex<Receiver<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    days: Mutex<BTreeMap<TillDay, DayState>>,
    not_noted: AtomicU64,
}

/// How a day of the book stands. The times are this gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DayState {
    /// It is not closed, or has got a receipt since.
    is_open: bool,
    /// When its first receipt was noted; of one that was closed at the last start, its last one.
    first_noted: Timestamp,
    last_noted: Timestamp,
    /// Its requests are gone: ids and hashes are what is kept.
    is_short: bool,
    /// Bytes of its file that count as requests kept.
    bytes: u64,
}

/// What the thread is asked to do.
#[derive(Debug)]
enum Job {
    Note(Answered),
    /// A day is closed as the book had it when its file had so many bytes.
    Closed(TillDay, u64),
    /// To be told when all before it is done.
    Tell(oneshot::Sender<()>),
}

/// An advice that was answered.
#[derive(Debug)]
struct Answered {
    call: Call,
    request: Bytes,
    response: Bytes,
    at: Timestamp,
}

/// A receipt or return of a day as it is noted.
#[derive(Debug, Clone)]
pub(crate) struct NotedReceipt {
    receipt: DayReceipt,
    /// The request as it came; empty: the book had no room for it.
    pub(crate) request: Bytes,
    /// When the spool had it; none: an engine answered it.
    pub(crate) accepted_ms: Option<i64>,
}

/// What the book has of a day.
#[derive(Debug, Clone, Default)]
pub(crate) struct BookedDay {
    pub(crate) receipts: BTreeMap<ReceiptId, NotedReceipt>,
    /// Length of the file that was read.
    bytes: u64,
}

impl Book {
    /// Opens or makes a book in this folder.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub(crate) fn open(folder: PathBuf) -> Result<Self, SpoolError> {
        let failed = |action| {
            let path = folder.clone();
            move |source| SpoolError::Io { action, path, source }
        };
        let days = file::days(&folder).map_err(failed("read"))?;
        let shared = Arc::new(Shared { days: Mutex::new(days), not_noted: AtomicU64::new(0) });
        let (jobs, taken) = sync_channel(DAY_QUEUE_MAX);
        let (ending, ended) = sync_channel(0);
        let writer = Writer::new(folder.clone(), Arc::clone(&shared));
        let started = std::thread::Builder::new().name("till-days".to_owned()).spawn(move || {
            let _ending: SyncSender<()> = ending;
            writer.run(&taken);
        });
        started.map_err(failed("start the thread of"))?;
        Ok(Self { folder, shared, jobs: Some(jobs), ended: Mutex::new(ended) })
    }

    #[cfg(test)]
    fn note(&self, call: Call, request: Bytes, response: Bytes) {
        self.note_at(Timestamp::now(), call, request, response);
    }

    /// Notes an advice that was answered then; no other call is noted.
    pub(crate) fn note_at(&self, at: Timestamp, call: Call, request: Bytes, response: Bytes) {
        if !matches!(call, Call::Settle | Call::Return) {
            return;
        }
        let answered = Answered { call, request, response, at };
        let sent = self.jobs.as_ref().and_then(|jobs| jobs.try_send(Job::Note(answered)).ok());
        if sent.is_none() {
            self.shared.not_noted();
        }
    }

    /// What the book has of a day, with all that was answered before.
    pub(crate) async fn day(&self, day: &TillDay) -> BookedDay {
        let (told, done) = oneshot::channel();
        let (folder, day, jobs) = (self.folder.clone(), day.clone(), self.jobs.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let _ = jobs.map(|jobs| jobs.send(Job::Tell(told)));
            let _ = done.blocking_recv();
            file::read(&folder, &day)
        });
        let (noted, bytes) = reading.await.ok().and_then(Result::ok).unwrap_or_default();
        BookedDay { receipts: noted.into_iter().filter_map(known).collect(), bytes }
    }

    /// The days of the book that are asked for, by store, till and date ascending.
    pub(crate) fn days(&self, is_meant: impl Fn(&TillDay, bool) -> bool) -> Vec<TillDay> {
        let days = self.shared.days();
        let meant = days.iter().filter(|(day, state)| is_meant(day, state.is_open));
        meant.map(|(day, _)| day.clone()).collect()
    }

    /// A day is closed as the book had it; where it has got a receipt since, it stays open.
    pub(crate) fn closed(&self, day: &TillDay, booked: &BookedDay) {
        // One that finds no room is closed once more later, under the same number.
        let _ = self.jobs.as_ref().map(|jobs| jobs.try_send(Job::Closed(day.clone(), booked.bytes)));
    }

    /// How the days stand.
    pub(crate) fn status(&self, now: Timestamp) -> TillDaysStatus {
        let days = self.shared.days();
        let open: Vec<_> = days.iter().filter(|(_, state)| state.is_open).collect();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let oldest = open.iter().map(|(day, _)| day.date).min();
        let is_overdue = |state: &DayState| now.duration_since(state.first_noted) >= DAY_OVERDUE_AFTER;
        TillDaysStatus {
            open_count: count(open.len()),
            overdue_count: count(open.iter().filter(|(_, state)| is_overdue(state)).count()),
            oldest_open_date: oldest.map(|date| date.to_string()).unwrap_or_default(),
            not_noted_count: self.shared.not_noted.load(Ordering::Relaxed),
        }
    }

    /// Puts it into the metrics.
    pub(crate) fn note_metrics(&self, now: Timestamp) {
        let status = self.status(now);
        gauge!("tessera_gateway_till_days_open").set(f64::from(status.open_count));
        gauge!("tessera_gateway_till_days_overdue").set(f64::from(status.overdue_count));
    }
}

impl NotedReceipt {
    /// Which of the two it is.
    pub(crate) fn kind(&self) -> DayKind {
        self.receipt.kind
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        self.jobs = None;
        // A disk that stands still holds nobody up for longer.
        let _ = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(SPOOL_END_MAX);
    }
}

/// The receipts of a day as they are compared.
pub(crate) fn as_said(noted: &BTreeMap<ReceiptId, NotedReceipt>) -> DayReceipts {
    let mut receipts = DayReceipts::default();
    for (id, noted) in noted {
        receipts.insert(id.clone(), noted.receipt);
    }
    receipts
}

fn known(noted: Noted) -> Option<(ReceiptId, NotedReceipt)> {
    let kind = if noted.is_return { DayKind::Returned } else { DayKind::Settled };
    let receipt = DayReceipt { kind, content: ContentHash(noted.content.as_slice().try_into().ok()?) };
    let id = ReceiptId::parse(&noted.receipt_id).ok()?;
    Some((id, NotedReceipt { receipt, request: noted.request, accepted_ms: noted.accepted_ms }))
}

impl Shared {
    fn days(&self) -> MutexGuard<'_, BTreeMap<TillDay, DayState>> {
        // Each change of it is one call.
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_noted(&self) {
        self.not_noted.fetch_add(1, Ordering::Relaxed);
        counter!("tessera_gateway_till_days_not_noted_total").increment(1);
    }
}

#[cfg(test)]
mod tests;

//! The book of tills' days: what this gateway has answered, so that a receipt that was lost anywhere is found when its
//! till's day is closed (H60).
//!
//! A thread notes it without fsync and no till waits for it: what a power cut takes from the book is with an engine, in
//! the spool, or with the till. What cannot be noted is counted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use metrics::{counter, gauge};
use prost::Message as _;
use tessera_contract::canonical::ContentHash;
use tessera_contract::till_day::{DayKind, DayReceipt, DayReceipts, TillDay, of_return, of_settle};
use tessera_proto::billing::v1::{ReturnRequest, ReturnStatus, SettleRequest, SettleStatus};
use tessera_proto::gateway::v1::TillDaysStatus;
use tessera_rules::id::ReceiptId;
use tokio::sync::oneshot;

use crate::call::Call;
use crate::limits::{DAY_CLOSED_KEPT_DAYS, DAY_OPEN_KEPT_DAYS, DAY_QUEUE_MAX, DAYS_BYTES_MAX, SPOOL_END_MAX};
use crate::spool::SpoolError;

mod file;

use file::Noted;

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

/// How a day of the book stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayState {
    /// It is not closed, or has got a receipt since.
    Open,
    Closed,
}

/// What the thread is asked to do.
#[derive(Debug)]
enum Job {
    Note(Answered),
    /// A day is closed as the book has it.
    Closed(TillDay),
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

/// The answer of an advice, as far as the book reads it.
#[derive(Clone, PartialEq, prost::Message)]
struct OfStatus {
    #[prost(int32, tag = "1")]
    status: i32,
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
        let (days, bytes) = file::days(&folder).map_err(failed("read"))?;
        let state = |is_closed| if is_closed { DayState::Closed } else { DayState::Open };
        let days = days.into_iter().map(|(day, is_closed)| (day, state(is_closed))).collect();
        let shared = Arc::new(Shared { days: Mutex::new(days), not_noted: AtomicU64::new(0) });
        let (jobs, taken) = sync_channel(DAY_QUEUE_MAX);
        let (ending, ended) = sync_channel(0);
        let writer = Writer { folder: folder.clone(), shared: Arc::clone(&shared), bytes, pruned_on: Date::MIN };
        let started = std::thread::Builder::new().name("till-days".to_owned()).spawn(move || {
            let _ending: SyncSender<()> = ending;
            writer.run(&taken);
        });
        started.map_err(failed("start the thread of"))?;
        Ok(Self { folder, shared, jobs: Some(jobs), ended: Mutex::new(ended) })
    }

    /// Notes an advice that was answered; no other call is noted.
    pub(crate) fn note(&self, call: Call, request: Bytes, response: Bytes) {
        if !matches!(call, Call::Settle | Call::Return) {
            return;
        }
        let answered = Answered { call, request, response, at: Timestamp::now() };
        let sent = self.jobs.as_ref().and_then(|jobs| jobs.try_send(Job::Note(answered)).ok());
        if sent.is_none() {
            self.shared.not_noted();
        }
    }

    /// What the book has of a day, with all that was answered before.
    pub(crate) async fn receipts(&self, day: &TillDay) -> BTreeMap<ReceiptId, NotedReceipt> {
        let (told, done) = oneshot::channel();
        let (folder, day, jobs) = (self.folder.clone(), day.clone(), self.jobs.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let _ = jobs.map(|jobs| jobs.send(Job::Tell(told)));
            let _ = done.blocking_recv();
            file::read(&folder, &day)
        });
        let noted = reading.await.ok().and_then(Result::ok).unwrap_or_default();
        noted.into_iter().filter_map(known).collect()
    }

    /// The days of the book that are asked for, by store, till and date ascending.
    pub(crate) fn days(&self, is_meant: impl Fn(&TillDay, bool) -> bool) -> Vec<TillDay> {
        let days = self.shared.days();
        let meant = days.iter().filter(|(day, state)| is_meant(day, **state == DayState::Open));
        meant.map(|(day, _)| day.clone()).collect()
    }

    /// A day is closed as the book has it.
    pub(crate) fn closed(&self, day: &TillDay) {
        // One that finds no room is closed once more later, under the same number.
        let _ = self.jobs.as_ref().map(|jobs| jobs.try_send(Job::Closed(day.clone())));
    }

    /// How the days stand.
    pub(crate) fn status(&self, now: Timestamp) -> TillDaysStatus {
        let open = self.days(|_, is_open| is_open);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let oldest = open.iter().map(|day| day.date).min();
        TillDaysStatus {
            open_count: count(open.len()),
            overdue_count: count(open.iter().filter(|day| is_overdue(day.date, now)).count()),
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

/// Whether a day ended more than a day ago, wherever its store is.
fn is_overdue(date: Date, now: Timestamp) -> bool {
    let today = TimeZone::UTC.to_datetime(now).date();
    date.checked_add(2.days()).is_ok_and(|due| due <= today)
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

/// The thread's own part.
struct Writer {
    folder: PathBuf,
    shared: Arc<Shared>,
    /// Bytes of all files.
    bytes: u64,
    /// When old days were looked for last.
    pruned_on: Date,
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Note(answered) => self.note(&answered),
                Job::Closed(day) => self.close(&day),
                Job::Tell(told) => {
                    // Whoever asked may have left.
                    let _ = told.send(());
                }
            }
        }
    }

    fn note(&mut self, answered: &Answered) {
        let Some((day, mut noted)) = read(answered) else { return };
        self.prune(answered.at);
        if self.bytes >= DAYS_BYTES_MAX {
            noted.request = Bytes::new();
        }
        // First: a day that has got a receipt since is not closed, whatever becomes of the next write.
        let state = self.shared.days().insert(day.clone(), DayState::Open);
        let opened = if state == Some(DayState::Closed) { file::open_again(&self.folder, &day) } else { Ok(()) };
        match opened.and_then(|()| file::append(&self.folder, &day, &noted)) {
            Ok(bytes) => self.bytes += bytes,
            Err(error) => {
                tracing::error!(%error, folder = %self.folder.display(), "a receipt cannot be noted in its till's day");
                self.shared.not_noted();
            }
        }
    }

    fn close(&self, day: &TillDay) {
        match file::close(&self.folder, day) {
            Ok(()) => drop(self.shared.days().insert(day.clone(), DayState::Closed)),
            Err(error) => tracing::error!(%error, folder = %self.folder.display(), "the close of a till's day cannot be noted"),
        }
    }

    /// Once a day: what was closed some days ago is not needed any more, what was never closed is kept for weeks.
    fn prune(&mut self, now: Timestamp) {
        let today = TimeZone::UTC.to_datetime(now).date();
        if self.pruned_on == today {
            return;
        }
        self.pruned_on = today;
        let kept = |state| if state == DayState::Closed { DAY_CLOSED_KEPT_DAYS } else { DAY_OPEN_KEPT_DAYS };
        let is_old = |day: &TillDay, state| day.date.checked_add(kept(state).days()).is_ok_and(|until| until < today);
        let old: Vec<TillDay> =
            self.shared.days().iter().filter(|(day, state)| is_old(day, **state)).map(|(day, _)| day.clone()).collect();
        for day in old {
            match file::remove(&self.folder, &day) {
                Ok(bytes) => {
                    self.bytes = self.bytes.saturating_sub(bytes);
                    self.shared.days().remove(&day);
                }
                Err(error) => tracing::warn!(%error, "a till's day that is over cannot be removed"),
            }
        }
    }
}

/// What is noted of an answer. None: it is of no day, as that of a training receipt or of one that was voided.
fn read(answered: &Answered) -> Option<(TillDay, Noted)> {
    let status = OfStatus::decode(answered.response.clone()).ok()?.status;
    let (is_accepted, of_day) = if answered.call == Call::Return {
        let counts = match ReturnStatus::try_from(status).ok()? {
            ReturnStatus::Committed | ReturnStatus::Parked => false,
            ReturnStatus::Accepted => true,
            ReturnStatus::Unspecified | ReturnStatus::Previewed | ReturnStatus::Training => return None,
        };
        (counts, of_return(&ReturnRequest::decode(answered.request.clone()).ok()?)?)
    } else {
        let counts = match SettleStatus::try_from(status).ok()? {
            SettleStatus::Committed => false,
            SettleStatus::Accepted => true,
            SettleStatus::Unspecified | SettleStatus::Voided | SettleStatus::Training => return None,
        };
        (counts, of_settle(&SettleRequest::decode(answered.request.clone()).ok()?)?)
    };
    let (day, id, receipt) = of_day;
    let noted = Noted {
        receipt_id: id.to_string(),
        is_return: receipt.kind == DayKind::Returned,
        content: receipt.content.0.to_vec(),
        request: answered.request.clone(),
        accepted_ms: is_accepted.then(|| answered.at.as_millisecond()),
    };
    Some((day, noted))
}

#[cfg(test)]
mod tests;

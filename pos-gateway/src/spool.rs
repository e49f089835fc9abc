//! Advices that no engine has yet: on disk before a till is told that they are accepted, handed out again in order
//! per customer, until an engine has them. The bytes stand in `SPOOL.md`.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::advice::Advice;
use crate::call::Call;
use crate::limits::{SPOOL_BYTES_DEFAULT, SPOOL_END_MAX, SPOOL_ENTRIES_MAX, SPOOL_QUEUE_MAX};

mod export;
mod index;
mod pages;
mod read;
mod record;
mod writer;

pub use export::{Exported, ExportedEntry, export, read_export};

use index::{Entry, Index, Known};
use record::{Kind, Place, Record};
use writer::{Create, Job, Writer};

pub(crate) use writer::create_private;

/// Where a spool lies and how much it may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolConfig {
    /// Its folder; made where it is not there.
    pub folder: PathBuf,
    /// Entries that may wait or be parked.
    pub entries_max: usize,
    /// Bytes that its files may take.
    pub bytes_max: u64,
}

impl SpoolConfig {
    /// A spool of this folder with the limits of a region.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), entries_max: SPOOL_ENTRIES_MAX, bytes_max: SPOOL_BYTES_DEFAULT }
    }
}

/// What a spool cannot do.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// A file or folder cannot be used.
    #[error("the spool: cannot {action} {}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has the spool open.
    #[error("the spool in {} is in use by another process", folder.display())]
    InUse {
        /// Its folder.
        folder: PathBuf,
    },
    /// The file is no export of a spool.
    #[error("{} is no export of a spool of this version", path.display())]
    NoExport {
        /// The file.
        path: PathBuf,
    },
}

/// Why an advice was not accepted.
#[derive(Debug)]
pub(crate) enum NotAccepted {
    /// The same id waits with other content.
    Conflict,
    /// As much waits as may.
    Full,
    /// The disk cannot be written, or not as fast as advices come.
    Disk,
}

/// An entry on its way to an engine.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) number: u64,
    pub(crate) call: Call,
    pub(crate) id: String,
    /// The request as the till sent it.
    pub(crate) request: Bytes,
    pub(crate) accepted_ms: i64,
}

/// A parked entry, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParkedEntry {
    pub(crate) number: u64,
    pub(crate) call: Call,
    pub(crate) id: String,
    pub(crate) reason: String,
    pub(crate) accepted_ms: i64,
    pub(crate) parked_ms: i64,
}

/// How a spool stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpoolState {
    pub(crate) waiting: usize,
    pub(crate) parked: usize,
    pub(crate) oldest_ms: Option<i64>,
    pub(crate) file_bytes: u64,
    /// Records that were found missing at the start.
    pub(crate) lost: u64,
    /// Why the last write failed; none: it did not.
    pub(crate) disk_error: Option<String>,
}

/// A spool. Dropping it waits a moment until what it was given is written.
#[derive(Debug)]
pub(crate) struct Spool {
    config: SpoolConfig,
    shared: Arc<Shared>,
    /// None: it is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    /// Closed when the thread that writes has ended.
    ended: Mutex<std::sync::mpsc::Receiver<()>>,
    lost: u64,
    _lock: File,
}

/// What the thread that writes and all others share.
#[derive(Debug, Default)]
struct Shared {
    index: Mutex<Index>,
    disk_error: Mutex<Option<String>>,
    /// Something came that can be delivered.
    work: Notify,
}

impl Spool {
    /// Opens or creates a spool.
    ///
    /// # Errors
    /// The folder cannot be used or read, or another process has it. Damage is no error: it is counted and told.
    pub(crate) fn open(config: SpoolConfig) -> Result<Self, SpoolError> {
        Self::open_with(config, Box::new(create_private))
    }

    fn open_with(config: SpoolConfig, create: Create) -> Result<Self, SpoolError> {
        let folder = &config.folder;
        make_private(folder).map_err(failure("create the folder", folder))?;
        let held = hold(folder)?;
        let log = read::log(folder, |_| ()).map_err(failure("read", folder))?;
        if log.lost > 0 {
            tracing::error!(records = log.lost, folder = %folder.display(), "the spool's disk has lost records; the close of the till's day finds them");
            metrics::counter!("tessera_gateway_spool_lost_records_total").increment(log.lost);
        }
        let shared = Arc::new(Shared { index: Mutex::new(log.index), ..Shared::default() });
        let (jobs, taken) = mpsc::channel(SPOOL_QUEUE_MAX);
        let writer = Writer {
            folder: folder.clone(),
            create,
            shared: Arc::clone(&shared),
            next_sequence: log.next_sequence,
            newest: log.newest_segment,
            next_segment: log.newest_segment + 1,
            good_bytes: log.good_bytes,
            current: None,
        };
        let (ending, ended) = std::sync::mpsc::sync_channel(0);
        let started = std::thread::Builder::new().name("spool".to_owned()).spawn(move || {
            let _ending: std::sync::mpsc::SyncSender<()> = ending;
            writer.run(taken);
        });
        started.map_err(failure("start the thread of", folder))?;
        Ok(Self { shared, jobs: Some(jobs), ended: Mutex::new(ended), lost: log.lost, _lock: held, config })
    }

    /// Accepts an advice: when this returns it is on disk, and it was accepted at the time that is told. A repeat of
    /// one that is here already is told when that was accepted.
    pub(crate) async fn accept(
        &self,
        call: Call,
        advice: &Advice,
        request: Bytes,
        now: Timestamp,
    ) -> Result<Timestamp, NotAccepted> {
        let record = Record {
            at_ms: now.as_millisecond(),
            call: call_number(call).unwrap_or_default(),
            id: advice.id.clone(),
            attempt: advice.attempt,
            content: advice.content(),
            keys: advice.keys.to_vec(),
            due_ms: advice.due_ms,
            request,
            ..Record::default()
        }
        .of_kind(Kind::Entry);
        let nowhere = Place { segment: 0, at: 0, bytes: 0 };
        let Some(entry) = entry_of(&record, nowhere) else { return Err(NotAccepted::Disk) };
        {
            let index = lock(&self.shared.index);
            match index.known(&entry) {
                Known::Same { accepted_ms } => return Ok(time(accepted_ms)),
                Known::Other => return Err(NotAccepted::Conflict),
                Known::No => {}
            }
            if index.count() >= self.config.entries_max || index.file_bytes() >= self.config.bytes_max {
                return Err(NotAccepted::Full);
            }
        }
        // Another of the same id may be on its way to the disk: the thread that writes looks once more.
        let (told, on_disk) = oneshot::channel();
        self.ask(Job::Accept { record, entry, told })?;
        on_disk.await.unwrap_or(Err(NotAccepted::Disk)).map(time)
    }

    /// Nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    /// Something waits or is parked.
    pub(crate) fn holds_any(&self) -> bool {
        lock(&self.shared.index).count() > 0
    }

    /// How much waits.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.shared.index).waiting_count()
    }

    /// Whether an advice must wait behind another one.
    pub(crate) fn holds_back(&self, advice: &Advice) -> bool {
        lock(&self.shared.index).holds_back(&advice.keys)
    }

    /// When the settle or return of this id was accepted. None: neither is here.
    pub(crate) fn accepted_at(&self, receipt_id: &str) -> Option<Timestamp> {
        let index = lock(&self.shared.index);
        let accepted = [Call::Settle, Call::Return].map(|call| index.accepted_ms(crate::advice::id_hash(call, receipt_id)));
        accepted.into_iter().flatten().max().map(time)
    }

    /// Whether the settle or return of this id is here and refused for good. None: neither is here.
    pub(crate) fn is_parked(&self, receipt_id: &str) -> Option<bool> {
        let index = lock(&self.shared.index);
        let held = [Call::Settle, Call::Return].map(|call| index.is_parked(crate::advice::id_hash(call, receipt_id)));
        held.into_iter().flatten().max()
    }

    /// The next entry to deliver. One that cannot be read is parked.
    pub(crate) fn take(&self, now: Timestamp) -> Option<Taken> {
        loop {
            let (number, entry) = lock(&self.shared.index).take(now.as_millisecond(), Instant::now())?;
            // It may just have moved.
            let place = || lock(&self.shared.index).entry(number).map_or(entry.place, |entry| entry.place);
            let record = read::record(&self.config.folder, place()).or_else(|| read::record(&self.config.folder, place()));
            if let Some(record) = record {
                let Record { id, request, .. } = record;
                return Some(Taken { number, call: entry.call, id, request, accepted_ms: entry.accepted_ms });
            }
            self.park(number, "the disk does not give it back whole".to_owned(), now);
        }
    }

    /// An engine has it.
    pub(crate) fn delivered(&self, number: u64, now: Timestamp) {
        lock(&self.shared.index).remove(number);
        self.mark(Kind::Delivered, number, now, String::new());
    }

    /// It was refused for good.
    pub(crate) fn park(&self, number: u64, reason: String, now: Timestamp) {
        lock(&self.shared.index).park(number, reason.clone(), now.as_millisecond());
        self.mark(Kind::Parked, number, now, reason);
        self.shared.work.notify_one();
    }

    /// It is not to be tried before then.
    pub(crate) fn put_back(&self, number: u64, until: Instant) {
        lock(&self.shared.index).put_back(number, until);
    }

    /// They may be tried now, where they were not to be tried yet.
    pub(crate) fn hasten(&self, numbers: &BTreeSet<u64>) {
        let mut index = lock(&self.shared.index);
        for number in numbers {
            index.hasten(*number);
        }
    }

    /// A fault was its own; says how many such it has had.
    pub(crate) fn count_fault(&self, number: u64) -> u32 {
        lock(&self.shared.index).count_fault(number)
    }

    /// Puts parked entries back in their places, all or those of these numbers; says how many.
    pub(crate) fn retry(&self, numbers: &[u64], now: Timestamp) -> usize {
        let parked: Vec<u64> = lock(&self.shared.index).parked().keys().copied().collect();
        let chosen = parked.into_iter().filter(|number| numbers.is_empty() || numbers.contains(number));
        let mut count = 0;
        for number in chosen {
            if lock(&self.shared.index).unpark(number) {
                self.mark(Kind::WaitingAgain, number, now, String::new());
                count += 1;
            }
        }
        self.shared.work.notify_one();
        count
    }

    /// What is parked, oldest first, at most so many.
    pub(crate) fn parked(&self, limit: usize) -> Vec<ParkedEntry> {
        let parked: Vec<(u64, index::Parked)> =
            lock(&self.shared.index).parked().iter().take(limit).map(|(number, parked)| (*number, parked.clone())).collect();
        let listed = parked.into_iter().map(|(number, parked)| ParkedEntry {
            number,
            call: parked.entry.call,
            id: read::record(&self.config.folder, parked.entry.place).map(|record| record.id).unwrap_or_default(),
            reason: parked.reason,
            accepted_ms: parked.entry.accepted_ms,
            parked_ms: parked.parked_ms,
        });
        listed.collect()
    }

    /// How it stands.
    pub(crate) fn state(&self) -> SpoolState {
        let disk_error = lock(&self.shared.disk_error).clone();
        let index = lock(&self.shared.index);
        SpoolState {
            waiting: index.waiting_count(),
            parked: index.parked().len(),
            oldest_ms: index.oldest_ms(),
            file_bytes: index.file_bytes(),
            lost: self.lost,
            disk_error,
        }
    }

    /// Its limits.
    pub(crate) fn config(&self) -> &SpoolConfig {
        &self.config
    }

    /// Waits until there may be something to take.
    pub(crate) async fn work(&self) {
        let ripe = lock(&self.shared.index).next_ripe();
        match ripe {
            None => self.shared.work.notified().await,
            Some(at) => {
                // Either way there is something to look at.
                let _ = tokio::time::timeout_at(at, self.shared.work.notified()).await;
            }
        }
    }

    /// A mark that finds no room is left out: the entry is then delivered or refused once more after a restart.
    fn mark(&self, kind: Kind, number: u64, now: Timestamp, reason: String) {
        let _ = self.ask(Job::Mark(Record::mark(kind, number, now.as_millisecond(), reason)));
    }

    fn ask(&self, job: Job) -> Result<(), NotAccepted> {
        self.jobs.as_ref().and_then(|jobs| jobs.try_send(job).ok()).ok_or(NotAccepted::Disk)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.jobs = None;
        // A disk that stands still holds nobody up for longer.
        let _ = lock(&self.ended).recv_timeout(SPOOL_END_MAX);
    }
}

/// What is kept in memory of a record. None: a call of a later version.
fn entry_of(record: &Record, place: Place) -> Option<Entry> {
    let call = call_of(record.call)?;
    let mut keys = [0; 3];
    for (to, from) in keys.iter_mut().zip(&record.keys) {
        *to = *from;
    }
    Some(Entry {
        place,
        call,
        id: crate::advice::id_hash(call, &record.id),
        attempt: record.attempt,
        content: record.content,
        keys,
        due_ms: record.due_ms,
        accepted_ms: record.at_ms,
    })
}

/// The number of a call in a record. None: it is never kept.
fn call_number(call: Call) -> Option<u32> {
    match call {
        Call::Settle => Some(1),
        Call::Void => Some(2),
        Call::Return => Some(3),
        Call::Claim => Some(4),
        Call::AnswerPrompts => Some(5),
        Call::Quote | Call::Identify | Call::Enrol | Call::HandOver | Call::GetReceipt => None,
    }
}

fn call_of(number: u32) -> Option<Call> {
    match number {
        1 => Some(Call::Settle),
        2 => Some(Call::Void),
        3 => Some(Call::Return),
        4 => Some(Call::Claim),
        5 => Some(Call::AnswerPrompts),
        _ => None,
    }
}

fn segment_path(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:020}.spool"))
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Held as long as the spool is open; the system gives it up with the process.
fn hold(folder: &Path) -> Result<File, SpoolError> {
    let path = folder.join("spool.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failure("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failure("lock", &path)(source)),
    }
}

fn failure(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.to_owned();
    move |source| SpoolError::Io { action, path, source }
}

/// A time that was written in milliseconds.
fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// A holder that panicked has left a whole index: each change of it is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

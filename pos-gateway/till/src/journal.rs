//! Advices that wait for their outcome, on disk: written and fsynced before the first send (H1), struck
//! out when the outcome arrives, listed and sent again after a restart.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use prost::Message as _;
use tessera_contract::till_day::TillDay;
use thiserror::Error;

use crate::advice::Advice;
use crate::frame;
use crate::limits::OPEN_ADVICES_MAX;
use crate::refusal::CallName;

mod done;
mod file;

pub(crate) use done::Done;
pub(crate) use file::replace as replace_file;

use done::{DoneList, DoneRecord};

/// Where advices wait for their outcome. Cheap to clone; clones are one journal.
#[derive(Debug, Clone)]
pub struct Journal {
    kept: Option<Arc<Kept>>,
}

/// The last one that is dropped waits until a file that is being written anew is in its place.
#[derive(Debug)]
struct Kept {
    disk: Arc<Mutex<Disk>>,
    rewriting: Mutex<Option<JoinHandle<()>>>,
}

/// An advice that waits for its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAdvice {
    /// Its number in the journal.
    pub entry: EntryNumber,
    /// Settle, Void or Return.
    pub call: CallName,
    /// The receipt or return.
    pub receipt_id: String,
    /// The cashier's decisions so far.
    pub attempt: u32,
    /// The request as it was sent, encoded.
    pub request: Vec<u8>,
}

/// Number of an advice in its journal; grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryNumber(u64);

/// A damaged end of a journal that was cut off when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it began, bytes from the beginning of the file.
    pub at_byte: u64,
    /// How long it was, bytes.
    pub bytes: u64,
    /// The file that it was kept in.
    pub kept_in: PathBuf,
}

/// What a journal cannot do.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has the journal open.
    #[error("the journal in {} is in use by another process", folder.display())]
    InUse {
        /// Its folder.
        folder: PathBuf,
    },
    /// The file is something else, or was written by a later version.
    #[error("{} is no journal of this version", path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
    },
    /// Too many advices wait for their outcome.
    #[error("{open} receipts wait for the server, and no more than {limit} can; restore the connection first")]
    Full {
        /// How many wait.
        open: usize,
        /// How many can.
        limit: usize,
    },
    /// One advice is larger than a message may be.
    #[error("the request of receipt {receipt_id} is larger than 1 MiB")]
    TooLarge {
        /// The receipt or return.
        receipt_id: String,
    },
    /// An earlier write failed; what is on disk since is not known, and nothing is written after it.
    #[error("the journal failed before and must be opened again")]
    Failed,
}

#[derive(Debug)]
struct Disk {
    folder: PathBuf,
    file: File,
    /// Held as long as the journal is open; the system gives it up with the process.
    _lock: File,
    bytes: u64,
    open: BTreeMap<EntryNumber, OpenAdvice>,
    done: DoneList,
    next_entry: EntryNumber,
    open_max: usize,
    damage: Option<Damage>,
    failed: bool,
    /// The length from which on it is worth a look whether the file must be written anew.
    rewrite_from: u64,
    /// What was written since a new file was begun. None: none is being written.
    since: Option<Vec<u8>>,
}

impl Journal {
    /// No journal: an unknown advice is the caller's to repeat. For replay and load, which can begin
    /// anew.
    pub fn none() -> Self {
        Self { kept: None }
    }

    /// Opens or creates the journal of this folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be used, another process has it, or the file is no journal. A damaged end is
    /// no error: it is cut off, kept aside and told by `damage`.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        Self::open_with(folder, OPEN_ADVICES_MAX)
    }

    /// As `open`, with at most so many advices waiting.
    ///
    /// # Errors
    ///
    /// As `open`.
    pub fn open_with(folder: &Path, open_max: usize) -> Result<Self, JournalError> {
        let disk = file::open(folder, open_max)?;
        let kept = Kept { disk: Arc::new(Mutex::new(disk)), rewriting: Mutex::new(None) };
        Ok(Self { kept: Some(Arc::new(kept)) })
    }

    /// The advices that wait for their outcome, oldest first.
    pub fn open_advices(&self) -> Vec<OpenAdvice> {
        self.kept.as_ref().map_or_else(Vec::new, |kept| lock(&kept.disk).open.values().cloned().collect())
    }

    /// The damaged end that was cut off when the journal was opened.
    pub fn damage(&self) -> Option<Damage> {
        self.kept.as_ref().and_then(|kept| lock(&kept.disk).damage.clone())
    }

    /// Writes an advice and waits until it is on disk. The same advice once more gets the same number.
    /// None: there is no journal.
    pub(crate) async fn keep(&self, advice: &Advice) -> Result<Option<EntryNumber>, JournalError> {
        let Some(disk) = self.disk() else {
            return Ok(None);
        };
        let call = advice.call_name();
        let receipt_id = advice.receipt_id().to_owned();
        let attempt = advice.attempt();
        let request = advice.encode();
        let write = move || lock(&disk).keep(call, receipt_id, attempt, request);
        on_a_thread_of_its_own(write).await.map(Some)
    }

    /// What has happened at the till on a day: with its outcome or without.
    pub(crate) fn of_day(&self, day: &TillDay) -> Vec<Done> {
        self.kept.as_ref().map_or_else(Vec::new, |kept| lock(&kept.disk).of_day(day))
    }

    /// As `strike`, and remembers for the close of its day that it has happened.
    pub(crate) async fn done(&self, entry: EntryNumber) -> Result<(), JournalError> {
        let Some(disk) = self.disk() else { return Ok(()) };
        let done = on_a_thread_of_its_own(move || lock(&disk).done(entry)).await;
        self.rewrite_behind();
        done
    }

    /// Strikes out an advice whose outcome is known. Needs no fsync: an advice that is struck out only
    /// in memory is sent once more after a crash, and gets the same outcome.
    pub(crate) async fn strike(&self, entry: EntryNumber) -> Result<(), JournalError> {
        let Some(disk) = self.disk() else {
            return Ok(());
        };
        let struck = on_a_thread_of_its_own(move || lock(&disk).strike(entry)).await;
        self.rewrite_behind();
        struck
    }

    fn disk(&self) -> Option<Arc<Mutex<Disk>>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.disk))
    }

    /// Writes the file anew without what is struck out, where that is worth it: on a thread that nobody waits for, and which
    /// holds up nobody who keeps an advice meanwhile.
    fn rewrite_behind(&self) {
        let Some(kept) = self.kept.as_ref().filter(|kept| lock(&kept.disk).is_mostly_struck_out()) else { return };
        let mut rewriting = lock(&kept.rewriting);
        if rewriting.as_ref().is_some_and(|before| !before.is_finished()) {
            return;
        }
        let disk = Arc::clone(&kept.disk);
        // Without a thread it is tried with the next one that is struck out.
        *rewriting = std::thread::Builder::new().name("journal".to_owned()).spawn(move || file::rewrite(&disk)).ok();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Of one that has panicked the old file is whole.
        let _ = lock(&self.rewriting).take().map(JoinHandle::join);
    }
}

impl Disk {
    fn keep(&mut self, call: CallName, receipt_id: String, attempt: u32, request: Vec<u8>) -> Result<EntryNumber, JournalError> {
        let same = self.open.values().find(|open| open.call == call && open.receipt_id == receipt_id && open.request == request);
        if let Some(same) = same {
            return Ok(same.entry);
        }
        if self.open.len() >= self.open_max {
            return Err(JournalError::Full { open: self.open.len(), limit: self.open_max });
        }
        let entry = self.next_entry;
        let advice = OpenAdvice { entry, call, receipt_id, attempt, request };
        let mut bytes = Vec::new();
        frame::append(&mut bytes, &Record::kept(&advice).encode_to_vec())
            .ok_or_else(|| JournalError::TooLarge { receipt_id: advice.receipt_id.clone() })?;
        self.write(&bytes, true)?;
        self.next_entry = EntryNumber(entry.0.saturating_add(1));
        self.open.insert(entry, advice);
        Ok(entry)
    }

    fn strike(&mut self, entry: EntryNumber) -> Result<(), JournalError> {
        if self.open.remove(&entry).is_none() {
            return Ok(());
        }
        self.strike_out(&Record::struck(entry))
    }

    fn done(&mut self, entry: EntryNumber) -> Result<(), JournalError> {
        let Some(open) = self.open.remove(&entry) else { return Ok(()) };
        let Some(done) = open.done() else { return self.strike_out(&Record::struck(entry)) };
        self.done.insert(entry, done);
        self.strike_out(&Record { has_happened: true, ..Record::struck(entry) })
    }

    /// What a file without what is struck out would take, about.
    fn kept_bytes(&self) -> u64 {
        let waiting: usize = self.open.values().map(|open| open.request.len()).sum();
        u64::try_from(waiting.saturating_add(self.done.bytes())).unwrap_or(u64::MAX)
    }

    fn of_day(&self, day: &TillDay) -> Vec<Done> {
        let open = self.open.values().filter_map(OpenAdvice::done).filter(|done| done.day == *day);
        self.done.of_day(day).into_iter().chain(open).collect()
    }

    fn strike_out(&mut self, record: &Record) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        let written = frame::append(&mut bytes, &record.encode_to_vec());
        assert!(written.is_some(), "a number is shorter than a message");
        self.write(&bytes, false)
    }

    fn is_mostly_struck_out(&self) -> bool {
        !self.failed && self.since.is_none() && self.bytes > self.rewrite_from && self.bytes / 2 > self.kept_bytes()
    }

    /// After a write or fsync that failed nobody knows what is on disk, so nothing is written after it.
    fn write(&mut self, bytes: &[u8], sync: bool) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed);
        }
        let written = self.file.write_all(bytes).and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        self.failed = written.is_err();
        if let Some(since) = &mut self.since {
            since.extend_from_slice(bytes);
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        written.map_err(|source| JournalError::Io { action: "write", path: file::journal_path(&self.folder), source })
    }
}

impl OpenAdvice {
    /// What is kept of it once its outcome is known. None: it is in no day.
    fn done(&self) -> Option<Done> {
        Done::of(&Advice::decode(self.call, &self.request)?, self.request.clone())
    }
}

/// One record of the file: an advice, one that is done, or the number of one that is struck out (no request).
#[derive(Clone, PartialEq, prost::Message)]
struct Record {
    #[prost(uint64, tag = "1")]
    entry: u64,
    /// 1 settle, 2 void, 3 return; 0: struck out.
    #[prost(uint32, tag = "2")]
    call: u32,
    #[prost(string, tag = "3")]
    receipt_id: String,
    #[prost(uint32, tag = "4")]
    attempt: u32,
    #[prost(bytes = "vec", tag = "5")]
    request: Vec<u8>,
    /// Of one that is struck out: it has happened.
    #[prost(bool, tag = "6")]
    has_happened: bool,
    /// What is kept of one that has happened.
    #[prost(message, optional, tag = "7")]
    done: Option<DoneRecord>,
}

impl Record {
    fn kept(advice: &OpenAdvice) -> Self {
        Self {
            entry: advice.entry.0,
            call: call_number(advice.call),
            receipt_id: advice.receipt_id.clone(),
            attempt: advice.attempt,
            request: advice.request.clone(),
            ..Self::default()
        }
    }

    fn struck(entry: EntryNumber) -> Self {
        Self { entry: entry.0, ..Self::default() }
    }

    /// Carries the record out on the lists. None: a record of a later version.
    fn apply(self, open: &mut BTreeMap<EntryNumber, OpenAdvice>, done: &mut DoneList) -> Option<()> {
        let entry = EntryNumber(self.entry);
        let call = match self.call {
            0 => {
                let struck = open.remove(&entry).filter(|_| self.has_happened);
                if let Some(happened) = struck.and_then(|struck| struck.done()) {
                    done.insert(entry, happened);
                }
                return Some(());
            }
            1 => CallName::Settle,
            2 => CallName::Void,
            3 => CallName::Return,
            _ => return None,
        };
        if let Some(record) = self.done {
            done.insert(entry, record.read(call, &self.receipt_id, self.request)?);
            return Some(());
        }
        let advice = OpenAdvice { entry, call, receipt_id: self.receipt_id, attempt: self.attempt, request: self.request };
        open.insert(entry, advice);
        Some(())
    }
}

fn call_number(call: CallName) -> u32 {
    match call {
        CallName::Settle => 1,
        CallName::Void => 2,
        CallName::Return => 3,
        CallName::Quote
        | CallName::Claim
        | CallName::Identify
        | CallName::Enrol
        | CallName::AnswerPrompts
        | CallName::HandOver
        | CallName::GetReceipt
        | CallName::CloseTillDay => 0,
    }
}

/// Runs a blocking write; it is carried out to its end even when the caller leaves.
async fn on_a_thread_of_its_own<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, JournalError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(JournalError::Failed))
}

/// A holder that panicked may have left a half-written record: `failed` says so, or the hash will.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

//! The files of a journal: lock, open, keep a damaged end aside, rewrite without what is struck out for good.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use prost::Message as _;

use super::{Damage, Disk, DoneList, EntryNumber, JournalError, OpenAdvice, Record};
use crate::frame::{self, FILE_HEADER};
use crate::limits::JOURNAL_REWRITE_BYTES;

pub(super) fn journal_path(folder: &Path) -> PathBuf {
    folder.join("advices.journal")
}

/// Opens or creates a journal; it comes back rewritten, so it is whole and holds only what waits.
pub(super) fn open(folder: &Path, open_max: usize) -> Result<Disk, JournalError> {
    fs::create_dir_all(folder).map_err(failure("create the folder", folder))?;
    let lock = lock(folder)?;
    let path = journal_path(folder);
    let (open, done, next_entry, damage) = match fs::read(&path) {
        Ok(bytes) => read(folder, &bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => (BTreeMap::new(), DoneList::default(), EntryNumber(1), None),
        Err(error) => return Err(failure("read", &path)(error)),
    };
    let (file, bytes) = write_anew(folder, &open, &done)?;
    Ok(Disk {
        folder: folder.to_owned(),
        file,
        _lock: lock,
        bytes,
        open,
        done,
        next_entry,
        open_max,
        damage,
        failed: false,
        rewrite_from: JOURNAL_REWRITE_BYTES,
        since: None,
    })
}

/// Writes the journal without what is struck out. What is written meanwhile goes into the old file, which is the journal
/// until the new one has its name, and behind that into the new one.
pub(super) fn rewrite(disk: &Mutex<Disk>) {
    end_anew(disk, begin_anew(disk));
}

/// The new file and its length.
pub(super) type Begun = Result<(File, u64), JournalError>;

pub(super) fn begin_anew(disk: &Mutex<Disk>) -> Begun {
    let (folder, open, done) = {
        let mut disk = super::lock(disk);
        disk.since = Some(Vec::new());
        (disk.folder.clone(), disk.open.clone(), disk.done.clone())
    };
    begin(&folder, &open, &done)
}

pub(super) fn end_anew(disk: &Mutex<Disk>, begun: Begun) {
    let mut disk = super::lock(disk);
    let since = disk.since.take().unwrap_or_default();
    if let Err(error) = begun.and_then(|(file, bytes)| put_in_place(&mut disk, file, bytes, &since)) {
        // Most often there is no room for two: it is tried again when it is worth twice as much.
        disk.rewrite_from = disk.bytes.saturating_mul(2);
        tracing::warn!(%error, folder = %disk.folder.display(), "the journal cannot be written anew; it goes on in its file");
    }
}

fn put_in_place(disk: &mut Disk, mut file: File, bytes: u64, since: &[u8]) -> Result<(), JournalError> {
    let (beside, path) = (beside(&disk.folder), journal_path(&disk.folder));
    if disk.failed {
        // What is in the old file is not known, and the new one must not say that it is.
        return Err(JournalError::Failed);
    }
    file.write_all(since).and_then(|()| file.sync_data()).map_err(failure("write", &beside))?;
    fs::rename(&beside, &path).map_err(failure("rename", &beside))?;
    // Whatever fails from here on, it is the new file that has the name, and perhaps only until a power cut.
    disk.failed = true;
    sync_folder(&disk.folder)?;
    disk.file = file;
    disk.bytes = bytes.saturating_add(count(since.len()));
    disk.rewrite_from = JOURNAL_REWRITE_BYTES;
    disk.failed = false;
    Ok(())
}

fn lock(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join("advices.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failure("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failure("lock", &path)(source)),
    }
}

type Read = (BTreeMap<EntryNumber, OpenAdvice>, DoneList, EntryNumber, Option<Damage>);

fn read(folder: &Path, bytes: &[u8]) -> Result<Read, JournalError> {
    let other_format = || JournalError::OtherFormat { path: journal_path(folder) };
    let body = bytes.strip_prefix(&FILE_HEADER).ok_or_else(other_format)?;
    let (records, whole_bytes) = frame::whole_records(body);
    let (mut open, mut done) = (BTreeMap::new(), DoneList::default());
    let mut last = 0;
    for payload in records {
        let record = Record::decode(payload).map_err(|_| other_format())?;
        last = last.max(record.entry);
        record.apply(&mut open, &mut done).ok_or_else(other_format)?;
    }
    let next_entry = EntryNumber(last.saturating_add(1));
    let tail = body.get(whole_bytes..).unwrap_or_default();
    if tail.is_empty() {
        return Ok((open, done, next_entry, None));
    }
    let at_byte = count(FILE_HEADER.len().saturating_add(whole_bytes));
    let damage = keep_aside(folder, tail, at_byte)?;
    tracing::warn!(
        at_byte, bytes = damage.bytes, kept_in = %damage.kept_in.display(),
        "the journal's end was damaged and is cut off"
    );
    Ok((open, done, next_entry, Some(damage)))
}

/// A cut end may hold records behind the damage: it is kept under a name that nothing else has.
fn keep_aside(folder: &Path, tail: &[u8], at_byte: u64) -> Result<Damage, JournalError> {
    let mut number = 1_u32;
    loop {
        let path = folder.join(format!("advices.damaged-{number}"));
        match OpenOptions::new().create_new(true).write(true).open(&path) {
            Ok(mut file) => {
                file.write_all(tail).and_then(|()| file.sync_all()).map_err(failure("write", &path))?;
                return Ok(Damage { at_byte, bytes: count(tail.len()), kept_in: path });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number = number.saturating_add(1);
            }
            Err(error) => return Err(failure("create", &path)(error)),
        }
    }
}

/// Writes a whole journal beside the old one and puts it in its place.
fn write_anew(folder: &Path, open: &BTreeMap<EntryNumber, OpenAdvice>, done: &DoneList) -> Result<(File, u64), JournalError> {
    let (file, bytes) = begin(folder, open, done)?;
    let beside = beside(folder);
    fs::rename(&beside, journal_path(folder)).map_err(failure("rename", &beside))?;
    sync_folder(folder)?;
    Ok((file, bytes))
}

/// Writes a journal beside the old one, and says how long it is.
fn begin(folder: &Path, open: &BTreeMap<EntryNumber, OpenAdvice>, done: &DoneList) -> Result<(File, u64), JournalError> {
    let mut bytes = FILE_HEADER.to_vec();
    for record in done.records().chain(open.values().map(Record::kept)) {
        frame::append(&mut bytes, &record.encode_to_vec())
            .ok_or_else(|| JournalError::TooLarge { receipt_id: record.receipt_id.clone() })?;
    }
    let beside = beside(folder);
    let mut file = File::create(&beside).map_err(failure("create", &beside))?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failure("write", &beside))?;
    Ok((file, count(bytes.len())))
}

fn beside(folder: &Path) -> PathBuf {
    folder.join("advices.journal.new")
}

/// Puts a file in place so that after a power cut it is the old one or the new one, whole.
pub(crate) fn replace(folder: &Path, beside: &Path, path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let mut file = File::create(beside).map_err(failure("create", beside))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failure("write", beside))?;
    fs::rename(beside, path).map_err(failure("rename", beside))?;
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failure("sync the folder", folder))
}

fn failure(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { action, path, source }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

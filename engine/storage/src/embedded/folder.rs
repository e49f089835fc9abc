//! The storage folder itself: what lies in it, the lock on it, and files that are written whole.
//!
//! ```text
//! storage           marker: layout number and storage id
//! lock              locked while open; process id and start of the holder
//! watermark         unless it was given a folder of its own
//! store/            the tables, written by the store
//! clean             there only between a clean stop and the next start
//! journals-aside/   the journals as an unclean stop left them, until the recovery was found whole
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{OpenError, journal};
use crate::cursor::StorageId;

/// The layout that this program reads and writes.
pub(crate) const LAYOUT: u32 = 3;

const MARKER: &str = "storage";
const LOCK: &str = "lock";
const CLEAN: &str = "clean";
const STORE: &str = "store";
const ASIDE: &str = "journals-aside";
const ASIDE_UNFINISHED: &str = "journals-aside.unfinished";
const WATERMARK: &str = "watermark";
const TITLE: &str = "tessera storage";

/// An existing folder, locked for this process.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Held for its lock, which the system gives back with the last handle.
    _lock: File,
}

impl Folder {
    /// Makes the folder where it is not there, looks whether it is ours, and locks it.
    pub(crate) fn lock(path: &Path) -> Result<Self, OpenError> {
        if path.exists() && !path.is_dir() {
            return Err(OpenError::NotAFolder { folder: path.to_owned() });
        }
        fs::create_dir_all(path).map_err(|error| OpenError::io(path, "making the folder", error))?;
        refuse_foreign_files(path)?;
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path.join(LOCK));
        let mut lock = lock.map_err(|error| OpenError::io(path, "opening the lock", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.read_to_string(&mut holder);
                return Err(OpenError::Locked { folder: path.to_owned(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(OpenError::io(path, "locking", error)),
        }
        write_holder(&mut lock).map_err(|error| OpenError::io(path, "writing the lock", error))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The folder's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the tables lie.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    /// Whether the store was made: it writes this file last.
    pub(crate) fn store_is_made(&self) -> bool {
        self.store().join("version").exists()
    }

    /// The watermark's file where it has no folder of its own.
    pub(crate) fn watermark(&self) -> PathBuf {
        self.path.join(WATERMARK)
    }

    /// Where journals are kept after an unclean stop.
    pub(crate) fn aside(&self) -> PathBuf {
        self.path.join(ASIDE)
    }

    /// The storage's id, or none where no storage was made here yet.
    pub(crate) fn read_marker(&self) -> Result<Option<StorageId>, OpenError> {
        let text = match fs::read(self.path.join(MARKER)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpenError::io(&self.path, "reading the marker", error)),
        };
        let mut lines = text.lines();
        let layout = match lines.next() {
            Some(TITLE) => lines.next().and_then(|line| line.strip_prefix("layout ")),
            Some(_) | None => None,
        };
        let Some(layout) = layout else {
            return Err(self.damaged("the file «storage» is not a storage's marker"));
        };
        if layout != LAYOUT.to_string() {
            return Err(OpenError::OtherLayout { folder: self.path.clone(), found: layout.to_owned(), wanted: LAYOUT });
        }
        let id = lines.next().and_then(|line| line.strip_prefix("id ")).and_then(|hex| u128::from_str_radix(hex, 16).ok());
        let id = id.ok_or_else(|| self.damaged("the file «storage» names no storage id"))?;
        Ok(Some(id.to_be_bytes()))
    }

    /// Names this folder a storage.
    pub(crate) fn write_marker(&self, id: &StorageId) -> Result<(), OpenError> {
        let text = format!("{TITLE}\nlayout {LAYOUT}\nid {:032x}\n", u128::from_be_bytes(*id));
        write_whole(&self.path.join(MARKER), text.as_bytes())
            .map_err(|error| OpenError::io(&self.path, "writing the marker", error))
    }

    /// Whether the last stop was a clean one. Only a stop that drained the queue and saw no failure
    /// leaves the marker.
    pub(crate) fn stopped_cleanly(&self) -> bool {
        self.path.join(CLEAN).exists()
    }

    /// Takes the marker of a clean stop away, durably, before anything is written.
    pub(crate) fn begin(&self) -> Result<(), OpenError> {
        remove(&self.path.join(CLEAN))
            .and_then(|()| sync_folder(&self.path))
            .map_err(|error| OpenError::io(&self.path, "removing the marker of a clean stop", error))
    }

    /// Leaves the marker of a clean stop.
    pub(crate) fn end(&self) -> io::Result<()> {
        write_whole(&self.path.join(CLEAN), b"stopped cleanly\n")
    }

    /// Bytes of all journals that lie in the store now.
    pub(crate) fn journal_bytes(&self) -> Result<u64, OpenError> {
        let doing = |error| OpenError::io(&self.path, "looking at the journals", error);
        let mut total = 0u64;
        for path in self.journals().map_err(doing)? {
            total = total.saturating_add(fs::metadata(&path).map_err(doing)?.len());
        }
        Ok(total)
    }

    /// Looks through the journals: the torn tail that a power cut leaves is cut, all other damage is
    /// refused and left as it is.
    ///
    /// INVARIANT: after an unclean stop the journals have been copied aside before.
    pub(crate) fn mend_journals(&self, unclean: bool) -> Result<(), OpenError> {
        let doing = |error| OpenError::io(&self.path, "looking through the journals", error);
        let mut journals = self.journals().map_err(doing)?;
        let last = journals.pop();
        for path in journals.iter().chain(&last) {
            let scanned = journal::scan(path).map_err(doing)?;
            if !scanned.torn {
                continue;
            }
            if !unclean || last.as_ref() != Some(path) {
                return Err(OpenError::Damaged {
                    folder: self.path.clone(),
                    what: format!("the journal {} does not read beyond byte {}", path.display(), scanned.whole_bytes),
                    journals: if unclean { self.aside() } else { self.store() },
                });
            }
            tracing::warn!(journal = %path.display(), at = scanned.whole_bytes, "cutting the torn tail of the last journal");
            assert!(self.aside().exists(), "a journal is only cut when it was copied aside");
            journal::cut(path, &scanned).map_err(doing)?;
        }
        Ok(())
    }

    /// Copies the journals aside before the store sees them: it cuts them at the first damage.
    ///
    /// Copies that lie there already are from before an earlier attempt, and better than these.
    pub(crate) fn copy_journals_aside(&self) -> Result<(), OpenError> {
        if self.aside().exists() {
            return Ok(());
        }
        self.copy_journals().map_err(|error| OpenError::io(&self.path, "copying the journals aside", error))
    }

    /// Takes the copies away, after the recovery was found whole.
    pub(crate) fn remove_aside(&self) -> Result<(), OpenError> {
        match fs::remove_dir_all(self.aside()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(OpenError::io(&self.path, "removing the copied journals", error)),
        }
    }

    /// The error for damage in this folder.
    pub(crate) fn damaged(&self, what: &str) -> OpenError {
        OpenError::Damaged { folder: self.path.clone(), what: what.to_owned(), journals: self.aside() }
    }

    fn copy_journals(&self) -> io::Result<()> {
        let unfinished = self.path.join(ASIDE_UNFINISHED);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir(&unfinished)?;
        for journal in self.journals()? {
            let copy = unfinished.join(journal.file_name().unwrap_or_default());
            fs::copy(&journal, &copy)?;
            File::open(&copy)?.sync_all()?;
        }
        sync_folder(&unfinished)?;
        fs::rename(&unfinished, self.aside())?;
        sync_folder(&self.path)
    }

    fn journals(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.store())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jnl") {
                found.push(path);
            }
        }
        // In the order in which they were begun; the last one is being written.
        found.sort_by_key(|path| path.file_stem().and_then(|stem| stem.to_string_lossy().parse::<u64>().ok()));
        Ok(found)
    }
}

/// A folder without a marker may hold what an unfinished creation left, and nothing else.
fn refuse_foreign_files(path: &Path) -> Result<(), OpenError> {
    let doing = |error| OpenError::io(path, "listing the folder", error);
    if path.join(MARKER).exists() {
        return Ok(());
    }
    let unfinished = format!("{MARKER}.unfinished");
    let ours = [LOCK, unfinished.as_str(), "lost+found"];
    let mut foreign = Vec::new();
    for entry in fs::read_dir(path).map_err(doing)? {
        let name = entry.map_err(doing)?.file_name().to_string_lossy().into_owned();
        if !ours.contains(&name.as_str()) {
            foreign.push(name);
        }
    }
    if foreign.is_empty() {
        return Ok(());
    }
    foreign.sort();
    let more = if foreign.len() > 3 { ", …" } else { "" };
    foreign.truncate(3);
    Err(OpenError::ForeignFiles { folder: path.to_owned(), names: foreign.join(", ") + more })
}

fn write_holder(lock: &mut File) -> io::Result<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(format!("{}, since {since} s after 1970\n", std::process::id()).as_bytes())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a file so that after a power cut it is there whole or not at all (H27).
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

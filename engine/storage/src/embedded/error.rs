//! Why a storage folder could not be opened, in words for the operator who has to mend it.

use std::io;
use std::path::{Path, PathBuf};

/// A storage folder that could not be opened. Nothing in it was changed beyond what the text says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open.
    #[error("the storage folder {folder} is in use by process {holder}: stop that process, or give this one a folder of its own")]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// Process id and start, as the holder wrote them.
        holder: String,
    },
    /// There is something else at its path.
    #[error("the storage folder {folder} is not a folder: name a folder, or a path where one can be made")]
    NotAFolder {
        /// The path.
        folder: PathBuf,
    },
    /// It cannot be written.
    #[error("the storage folder {folder} cannot be written ({source}): give the process's user the right to write there")]
    ReadOnly {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full.
    #[error(
        "the disk under the storage folder {folder} is full ({source}): make room, then start again; nothing acknowledged is lost"
    )]
    Full {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("{doing} failed in the storage folder {folder}: {source}")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It holds files that no storage wrote.
    #[error("the folder {folder} holds no storage but other files ({names}): name an empty folder, or the storage's own")]
    ForeignFiles {
        /// The folder.
        folder: PathBuf,
        /// Some of them.
        names: String,
    },
    /// It was written by a version of this program with another layout.
    #[error(
        "the storage folder {folder} has layout {found}, this program reads layout {wanted}: use the program version that wrote it, or export and import"
    )]
    OtherLayout {
        /// The folder.
        folder: PathBuf,
        /// Its layout.
        found: String,
        /// Ours.
        wanted: u32,
    },
    /// Its files are damaged.
    #[error(
        "the storage in {folder} is damaged ({what}): restore the folder from a copy; before that keep all its files, the journals as they were found are in {journals}"
    )]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// What was found.
        what: String,
        /// Where journals are kept after an unclean stop.
        journals: PathBuf,
    },
    /// The watermark cannot be used.
    #[error(
        "the watermark {file} of the storage in {folder} cannot be used ({what}): put back the watermark that belongs to this storage; without it nobody can tell whether acknowledged commits are missing"
    )]
    Watermark {
        /// The storage folder.
        folder: PathBuf,
        /// The watermark's file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Acknowledged commits are missing.
    #[error(
        "the storage in {folder} has lost acknowledged commits ({what}): it does not open, so that none is lost for good. Keep the folder as it is, its journals as they were found are in {journals}; restore it from a copy that reaches commit {watermark}, then start again"
    )]
    BehindWatermark {
        /// The folder.
        folder: PathBuf,
        /// The last commit that was found.
        recovered: u64,
        /// The last commit that was acknowledged, or later ones of the same group.
        watermark: u64,
        /// How it was noticed.
        what: String,
        /// Where journals are kept after an unclean stop.
        journals: PathBuf,
    },
    /// The options make no sense.
    #[error("the storage cannot be opened with these options: {0}")]
    Options(String),
}

impl OpenError {
    /// The error for a failure of the file system.
    pub(crate) fn io(folder: &Path, doing: &'static str, source: io::Error) -> Self {
        let folder = folder.to_owned();
        let is = |kinds: &[io::ErrorKind]| kinds.contains(&source.kind());
        if is(&[io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded]) {
            return Self::Full { folder, source };
        }
        if is(&[io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem]) {
            return Self::ReadOnly { folder, source };
        }
        if is(&[io::ErrorKind::NotADirectory, io::ErrorKind::AlreadyExists]) {
            return Self::NotAFolder { folder };
        }
        Self::Io { folder, doing, source }
    }

    /// The error for a failure of the store while a folder was opened.
    pub(crate) fn store(folder: &Path, journals: PathBuf, doing: &'static str, error: fjall::Error) -> Self {
        let (fjall::Error::Io(source) | fjall::Error::Storage(fjall::LsmError::Io(source))) = error else {
            let folder = folder.to_owned();
            if matches!(error, fjall::Error::Locked) {
                return Self::Locked { folder, holder: "that is still closing it".to_owned() };
            }
            return Self::Damaged { folder, what: error.to_string(), journals };
        };
        Self::io(folder, doing, source)
    }
}

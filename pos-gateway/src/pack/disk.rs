//! The pack on this gateway's disk: `HASH.pack`, its content, and `head`, the last word on it with its signature. Content is
//! on disk before a head that names it is, and each file is renamed into place once it is whole.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_contract::limits::PACK_CONTENT_BYTES_MAX;
use tessera_contract::pack::{OpenedPack, PackError, PackHash, SignedPackHead, stores_hash};

use super::{Held, PackConfig};
use crate::spool::create_private;

/// The file of the head.
const HEAD: &str = "head";
/// How the names of contents end.
const CONTENT: &str = "pack";
/// How the names of files end that are being written.
const PART: &str = "part";
/// Bytes of a head's file: nine lines.
const HEAD_BYTES_MAX: u64 = 4 << 10;

/// Why there is no pack on the disk that could be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum DiskError {
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("the head in {} is none that the engines' key has signed for the stores of this gateway", .0.display())]
    Head(PathBuf),
    #[error("{}: {source}", path.display())]
    Content { path: PathBuf, source: PackError },
}

/// Reads what was kept; none: nothing was.
pub(super) fn load(config: &PackConfig) -> Result<Option<Held>, DiskError> {
    let path = config.folder.join(HEAD);
    let Some(text) = read(&path, HEAD_BYTES_MAX)? else { return Ok(None) };
    let signed = str::from_utf8(&text).ok().and_then(SignedPackHead::from_file);
    let Some(signed) = signed.filter(|signed| is_for(config, signed)) else { return Err(DiskError::Head(path)) };
    let path = content_file(config, signed.head.pack);
    let most = u64::try_from(PACK_CONTENT_BYTES_MAX).unwrap_or(u64::MAX);
    let Some(content) = read(&path, most)? else { return Ok(None) };
    let opened = OpenedPack::open(signed.head.pack, &content).map_err(|source| DiskError::Content { path, source })?;
    Ok(Some(Held { opened: Arc::new(opened), signed }))
}

/// Whether an engine said this, and to this gateway's stores.
pub(super) fn is_for(config: &PackConfig, signed: &SignedPackHead) -> bool {
    signed.is_of(&config.key) && signed.head.stores == stores_hash(&config.stores)
}

/// Keeps content; the head that names it comes after.
pub(super) fn keep_content(config: &PackConfig, pack: PackHash, content: &[u8]) -> Result<(), DiskError> {
    let folder = &config.folder;
    let made = fs::create_dir_all(folder).map_err(failed("make", folder));
    made.and_then(|()| replace(folder, &content_file(config, pack), content))
}

/// Keeps a head, and lets go of every content but the one that it names.
pub(super) fn keep_head(config: &PackConfig, signed: &SignedPackHead) -> Result<(), DiskError> {
    replace(&config.folder, &config.folder.join(HEAD), signed.to_file().as_bytes())?;
    let kept = content_file(config, signed.head.pack);
    let entries = fs::read_dir(&config.folder).map_err(failed("list", &config.folder))?;
    let old = |path: &PathBuf| *path != kept && path.extension().is_some_and(|end| end == CONTENT || end == PART);
    // What cannot be deleted now is at the next time.
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(old).for_each(|path| drop(fs::remove_file(path)));
    Ok(())
}

fn content_file(config: &PackConfig, pack: PackHash) -> PathBuf {
    config.folder.join(format!("{pack}.{CONTENT}"))
}

/// Puts bytes in the place of a file: after a power cut there is the old one or the new one.
fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let part = path.with_extension(PART);
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("delete", &part)(error)),
        Ok(()) | Err(_) => {}
    }
    let mut file = create_private(&part).map_err(failed("make", &part))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", &part))?;
    fs::rename(&part, path).map_err(failed("rename", &part))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))
}

/// A file's bytes, at most so many; none: it is not there.
fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, DiskError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mut bytes = Vec::new();
    // One more than there may be: what is longer is read as what it is.
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(Some(bytes))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError::Io { action, path, source }
}

//! Opening: from a folder to a storage that is known to hold everything it acknowledged, or to an error
//! that says what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fjall::{Database, PersistMode, Slice};

use super::folder::{Folder, LAYOUT};
use super::group::Tip;
use super::layout::{TableId, Tables};
use super::reader::Visible;
use super::verify;
use super::watermark::{Mark, Unusable, Watermark};
use super::{OpenError, Options};
use crate::StorageError;
use crate::codec::{Fields, put_bytes};
use crate::cursor::StorageId;
use crate::envelope::Stamp;
use crate::limits::{JOURNAL_BYTES_MAX, STORE_WORKERS};

const IDENTITY: &[u8] = b"identity";
const EPOCH: &[u8] = b"epoch";

/// Everything that the commit thread needs to begin.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) id: StorageId,
    pub(crate) tables: Arc<Tables>,
    pub(crate) watermark: Watermark,
    pub(crate) tip: Tip,
    pub(crate) created: bool,
    pub(crate) unclean: bool,
    pub(crate) facts: Vec<u8>,
    pub(crate) epoch: u64,
}

/// Opens a folder, or makes a storage in it.
pub(crate) fn recover(path: &Path, options: &Options) -> Result<Recovered, OpenError> {
    let folder = Folder::lock(path)?;
    let (id, mut watermark) = identify(&folder, options)?;
    let created = !folder.store_is_made();
    if created {
        refuse_lost_store(&folder, &watermark.last())?;
    }
    let unclean = !created && !folder.stopped_cleanly();
    let journal_bytes = if created { 0 } else { folder.journal_bytes()? };
    if unclean {
        tracing::warn!(folder = %path.display(), "the storage was not stopped cleanly: checking what it acknowledged");
        folder.copy_journals_aside()?;
    }
    if !created {
        folder.mend_journals(unclean)?;
    }
    folder.begin()?;
    let tables = Arc::new(open_tables(folder, options)?);
    let recovering = Recovering { visible: Visible::new(Arc::clone(&tables), 0) };
    let facts = recovering.facts(&id)?.unwrap_or_else(|| options.facts.to_vec());
    let tip = recovering.tip(&watermark.last())?;
    verify::tail(&recovering.visible, tip, watermark.last().sequence, journal_bytes)
        .map_err(|failure| recovering.behind(failure, tip.sequence, &watermark.last()))?;
    let epoch = recovering.begin_epoch(&id, &facts)?;
    drop(recovering);
    if tip.sequence > watermark.last().sequence {
        let doing = |error| OpenError::io(path, "moving the watermark", error);
        watermark.advance(tip.sequence, tip.chain).map_err(doing)?;
    }
    tables.folder.remove_aside()?;
    assert_eq!(watermark.last().sequence, tip.sequence, "the watermark stands at the end of the log");
    Ok(Recovered { id, tables, watermark, tip, created, unclean, facts, epoch })
}

/// Reads whose storage this is and opens its watermark; makes both in an empty folder.
fn identify(folder: &Folder, options: &Options) -> Result<(StorageId, Watermark), OpenError> {
    let file = watermark_file(folder, options)?;
    let unusable =
        |what: &str| OpenError::Watermark { folder: folder.path().to_owned(), file: file.clone(), what: what.to_owned() };
    let id = match folder.read_marker()? {
        Some(id) => id,
        None => {
            let mut id = StorageId::default();
            getrandom::fill(&mut id).map_err(|error| OpenError::Options(format!("drawing an id failed: {error}")))?;
            if file.exists() {
                return Err(unusable("it is there, but the folder holds no storage"));
            }
            folder.write_marker(&id)?;
            id
        }
    };
    let watermark = match Watermark::open(&file, &id) {
        Err(Unusable::Missing) if !folder.store_is_made() => {
            Watermark::create(&file, &id).map_err(|error| OpenError::io(folder.path(), "making the watermark", error))?;
            Watermark::open(&file, &id)
        }
        other => other,
    };
    let watermark = watermark.map_err(|error| match error {
        Unusable::Missing => unusable("it is missing"),
        Unusable::Bad(what) => unusable(&what),
        Unusable::Io(error) => OpenError::io(folder.path(), "opening the watermark", error),
    })?;
    Ok((id, watermark))
}

fn watermark_file(folder: &Folder, options: &Options) -> Result<PathBuf, OpenError> {
    let Some(own) = &options.watermark_folder else {
        return Ok(folder.watermark());
    };
    std::fs::create_dir_all(own).map_err(|error| OpenError::io(own, "making the watermark's folder", error))?;
    Ok(own.join("watermark"))
}

/// A store that is not there is only good news where nothing was ever acknowledged: then what an
/// unfinished creation left is taken away, so that it can begin anew.
fn refuse_lost_store(folder: &Folder, mark: &Mark) -> Result<(), OpenError> {
    if mark.sequence > 0 {
        return Err(OpenError::BehindWatermark {
            folder: folder.path().to_owned(),
            recovered: 0,
            watermark: mark.sequence,
            what: "its tables are not there".to_owned(),
            journals: folder.aside(),
        });
    }
    match std::fs::remove_dir_all(folder.store()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(OpenError::io(folder.path(), "removing an unfinished store", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn open_tables(folder: Folder, options: &Options) -> Result<Tables, OpenError> {
    let (path, journals) = (folder.path().to_owned(), folder.aside());
    let failed = |error| OpenError::store(&path, journals.clone(), "opening the tables", error);
    let database = Database::builder(folder.store())
        .cache_size(options.cache_bytes)
        .max_journaling_size(JOURNAL_BYTES_MAX)
        .worker_threads(STORE_WORKERS)
        .open()
        .map_err(failed)?;
    Tables::open(database, &options.spaces, folder).map_err(failed)
}

/// The open tables of a storage that nobody can use yet.
struct Recovering {
    visible: Visible,
}

impl Recovering {
    /// The facts that the storage was made with, if its tables are those of this folder; none where
    /// its creation was not finished.
    fn facts(&self, id: &StorageId) -> Result<Option<Vec<u8>>, OpenError> {
        let known = self.visible.meta(IDENTITY).map_err(|error| self.damaged(&error))?;
        match known.as_deref().map(read_identity) {
            Some(Some((layout, of, facts))) if layout == LAYOUT && of == *id => Ok(Some(facts)),
            Some(_) => Err(self.folder().damaged("its tables belong to another storage or layout")),
            None => Ok(None),
        }
    }

    /// Writes the identity and the next epoch, durably.
    fn begin_epoch(&self, id: &StorageId, facts: &[u8]) -> Result<u64, OpenError> {
        let tables = self.visible.tables();
        let before = self.visible.meta(EPOCH).map_err(|error| self.damaged(&error))?;
        let before = before.and_then(|bytes| <[u8; 8]>::try_from(bytes.as_slice()).ok()).map_or(0, u64::from_be_bytes);
        let epoch = before.saturating_add(1);
        assert!(epoch > before, "no two openings share an epoch");
        let mut batch = tables.database.batch().durability(Some(PersistMode::SyncAll));
        for (key, value) in [(IDENTITY, write_identity(id, facts)), (EPOCH, epoch.to_be_bytes().to_vec())] {
            let value = tables.names.seal(TableId::META, key, Stamp::default(), &value, &mut Vec::new());
            batch.insert(tables.keyspace(TableId::META), Slice::from(key), value);
        }
        let folder = self.folder();
        batch.commit().map_err(|error| OpenError::store(folder.path(), folder.aside(), "writing the epoch", error))?;
        Ok(epoch)
    }

    fn folder(&self) -> &Folder {
        &self.visible.tables().folder
    }

    /// The end of the log, if it reaches the watermark and agrees with it.
    fn tip(&self, mark: &Mark) -> Result<Tip, OpenError> {
        let sequence = self.visible.last_in_log().map_err(|error| self.damaged(&error))?.unwrap_or(0);
        if sequence < mark.sequence {
            let what = format!("it ends at commit {sequence}, commit {} was made durable", mark.sequence);
            return Err(self.behind(what, sequence, mark));
        }
        if mark.sequence > 0 {
            let record = self.visible.record(mark.sequence).map_err(|error| self.damaged(&error))?;
            if record.is_none_or(|record| record.chain != mark.chain) {
                let what = format!("commit {} is not the one that was acknowledged: its chain hash differs", mark.sequence);
                return Err(self.behind(what, sequence, mark));
            }
        }
        if sequence == 0 {
            return Ok(Tip::START);
        }
        let record = self.visible.record(sequence).map_err(|error| self.damaged(&error))?;
        let record = record.ok_or_else(|| self.folder().damaged("the last record of its log is missing"))?;
        Ok(Tip { sequence, chain: record.chain, bytes_so_far: record.bytes_so_far })
    }

    fn damaged(&self, error: &StorageError) -> OpenError {
        self.folder().damaged(&error.to_string())
    }

    fn behind(&self, what: String, recovered: u64, mark: &Mark) -> OpenError {
        OpenError::BehindWatermark {
            folder: self.folder().path().to_owned(),
            recovered,
            watermark: mark.sequence,
            what,
            journals: self.folder().aside(),
        }
    }
}

fn write_identity(id: &StorageId, facts: &[u8]) -> Vec<u8> {
    let mut out = LAYOUT.to_be_bytes().to_vec();
    out.extend_from_slice(id);
    put_bytes(&mut out, facts);
    out
}

fn read_identity(bytes: &[u8]) -> Option<(u32, StorageId, Vec<u8>)> {
    let mut fields = Fields::new(bytes);
    let layout = u32::from_be_bytes(fields.array()?);
    let id = fields.array()?;
    let facts = fields.bytes()?.to_vec();
    fields.end().map(|()| (layout, id, facts))
}

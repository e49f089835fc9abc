//! Revisions and catalogues: which is valid when, and how they come to be.
//!
//! INVARIANT: a number once given keeps its content for ever; what is stored under it is never replaced.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tessera_ledger::outcome::Basis;
use tessera_rules::catalogue::{Catalogue, CatalogueError, Product};
use tessera_rules::diagnostic::Diagnostics;
use tessera_rules::revision::{Revision, Source};
use tessera_storage::{Storage, StorageError};
use tokio::sync::Mutex;

use crate::blob::{self, BlobError};
use crate::layout::{self, PROGRAMS};

/// How many compiled revisions and catalogues stay in memory beside the live ones.
const OLDER_IN_MEMORY_MAX: u64 = 3;
/// How many numbers are listed at once when the engine starts.
const LIST_MAX: usize = 1_000;

/// A revision and a catalogue that belong together.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The programs.
    pub revision: Arc<Revision>,
    /// The products.
    pub catalogue: Arc<Catalogue>,
}

impl Rules {
    /// With what an outcome is computed.
    pub(crate) fn basis(&self) -> Basis {
        Basis { revision: self.revision.number(), revision_hash: self.revision.hash(), catalogue: self.catalogue.number() }
    }
}

/// All revisions and catalogues of a storage.
pub struct Programs {
    storage: Arc<dyn Storage>,
    live: ArcSwap<Live>,
    revisions: Cache<u64, Arc<Revision>>,
    catalogues: Cache<u64, Arc<Catalogue>>,
    publishing: Mutex<()>,
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Programs").field("live", &self.live.load()).finish_non_exhaustive()
    }
}

/// The newest of each and since when every number has been valid.
#[derive(Clone, Debug)]
struct Live {
    rules: Rules,
    revisions: Vec<Since>,
    catalogues: Vec<Since>,
}

#[derive(Clone, Copy, Debug)]
struct Since {
    number: u64,
    valid_from: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredRevision {
    valid_from: Timestamp,
    sources: Vec<StoredSource>,
}

#[derive(Serialize, Deserialize)]
struct StoredSource {
    name: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct StoredCatalogue {
    valid_from: Timestamp,
    products: Vec<Product>,
}

/// Programs or products could not be published or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramsError {
    /// The program files have mistakes; what was live stays live.
    #[error("{0}")]
    Mistakes(Diagnostics),
    /// The products contradict each other; what was live stays live.
    #[error("{0}")]
    Products(#[from] CatalogueError),
    /// The storage could not keep or read it.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The storage could not list it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What is stored under a number cannot be read any more.
    #[error("{what} {number} cannot be read: {why}")]
    Unreadable {
        /// Revision or catalogue.
        what: &'static str,
        /// Its number.
        number: u64,
        /// Why not.
        why: String,
    },
}

/// What publishing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Published {
    /// A new number was given.
    New(u64),
    /// The newest one already says exactly this.
    Unchanged(u64),
}

impl Programs {
    /// Reads which numbers there are and makes the newest ones live; without any, a revision without
    /// campaigns and a catalogue without products, both numbered 0.
    ///
    /// # Errors
    /// The storage cannot be read, or the newest revision or catalogue in it cannot.
    pub async fn open(storage: Arc<dyn Storage>) -> Result<Self, ProgramsError> {
        let rules = Rules { revision: Arc::new(Revision::empty(0, Timestamp::MIN)), catalogue: Arc::new(Catalogue::empty(0)) };
        let programs = Self {
            storage,
            live: ArcSwap::from_pointee(Live { rules: rules.clone(), revisions: Vec::new(), catalogues: Vec::new() }),
            revisions: Cache::new(OLDER_IN_MEMORY_MAX),
            catalogues: Cache::new(OLDER_IN_MEMORY_MAX),
            publishing: Mutex::new(()),
        };
        let mut live = Live { rules, revisions: Vec::new(), catalogues: Vec::new() };
        for (what, number) in programs.numbers().await? {
            match what {
                What::Revision => {
                    if let Some(stored) = programs.stored::<StoredRevision>(what, number).await? {
                        live.revisions.push(Since { number, valid_from: stored.valid_from });
                    }
                }
                What::Catalogue => {
                    if let Some(stored) = programs.stored::<StoredCatalogue>(what, number).await? {
                        live.catalogues.push(Since { number, valid_from: stored.valid_from });
                    }
                }
            }
        }
        if let Some(newest) = live.revisions.last() {
            live.rules.revision = programs.read_revision(newest.number).await?;
        }
        if let Some(newest) = live.catalogues.last() {
            live.rules.catalogue = programs.read_catalogue(newest.number).await?;
        }
        programs.live.store(Arc::new(live));
        Ok(programs)
    }

    /// The newest rules, whether valid already or not.
    #[must_use]
    pub fn newest(&self) -> Rules {
        self.live.load().rules.clone()
    }

    /// The rules that are valid at `at`.
    ///
    /// # Errors
    /// An older revision or catalogue cannot be read.
    pub async fn at(&self, at: Timestamp) -> Result<Rules, ProgramsError> {
        let live = self.live.load_full();
        let revision = live.revisions.iter().rev().find(|since| since.valid_from <= at).map_or(0, |since| since.number);
        let catalogue = live.catalogues.iter().rev().find(|since| since.valid_from <= at).map_or(0, |since| since.number);
        self.numbered(revision, catalogue).await
    }

    /// The rules with these numbers.
    ///
    /// # Errors
    /// There are none with these numbers, or they cannot be read.
    pub async fn numbered(&self, revision: u64, catalogue: u64) -> Result<Rules, ProgramsError> {
        let live = self.live.load();
        let revision = if live.rules.revision.number() == revision {
            Arc::clone(&live.rules.revision)
        } else {
            self.read_revision(revision).await?
        };
        let catalogue = if live.rules.catalogue.number() == catalogue {
            Arc::clone(&live.rules.catalogue)
        } else {
            self.read_catalogue(catalogue).await?
        };
        Ok(Rules { revision, catalogue })
    }

    /// Checks, stores and makes live a revision, unless the newest one has the same sources.
    ///
    /// # Errors
    /// Mistakes in the files, all at once; or the storage refuses.
    pub async fn publish(&self, sources: &[Source], valid_from: Timestamp) -> Result<Published, ProgramsError> {
        let _turn = self.publishing.lock().await;
        let live = self.live.load_full();
        let number = live.revisions.last().map_or(1, |since| since.number.saturating_add(1));
        let compiled = Revision::compile(number, valid_from, sources).map_err(ProgramsError::Mistakes)?;
        if !live.revisions.is_empty() && compiled.revision.hash() == live.rules.revision.hash() {
            return Ok(Published::Unchanged(live.rules.revision.number()));
        }
        let sources =
            sources.iter().map(|source| StoredSource { name: source.name.clone(), text: source.text.clone() }).collect();
        self.store(What::Revision, number, &StoredRevision { valid_from, sources }).await?;
        let mut next = Live::clone(&live);
        next.revisions.push(Since { number, valid_from });
        next.rules.revision = Arc::new(compiled.revision);
        self.live.store(Arc::new(next));
        Ok(Published::New(number))
    }

    /// Checks, stores and makes live a catalogue, unless the newest one has the same products.
    ///
    /// # Errors
    /// Products that contradict each other; or the storage refuses.
    pub async fn load_catalogue(&self, products: Vec<Product>, valid_from: Timestamp) -> Result<Published, ProgramsError> {
        let _turn = self.publishing.lock().await;
        let live = self.live.load_full();
        let number = live.catalogues.last().map_or(1, |since| since.number.saturating_add(1));
        let catalogue = Catalogue::new(number, products.clone())?;
        if !live.catalogues.is_empty() && catalogue.hash() == live.rules.catalogue.hash() {
            return Ok(Published::Unchanged(live.rules.catalogue.number()));
        }
        self.store(What::Catalogue, number, &StoredCatalogue { valid_from, products }).await?;
        let mut next = Live::clone(&live);
        next.catalogues.push(Since { number, valid_from });
        next.rules.catalogue = Arc::new(catalogue);
        self.live.store(Arc::new(next));
        Ok(Published::New(number))
    }

    async fn read_revision(&self, number: u64) -> Result<Arc<Revision>, ProgramsError> {
        if number == 0 {
            return Ok(Arc::new(Revision::empty(0, Timestamp::MIN)));
        }
        if let Some(known) = self.revisions.get(&number) {
            return Ok(known);
        }
        let unreadable = |why: String| ProgramsError::Unreadable { what: "revision", number, why };
        let stored: StoredRevision =
            self.stored(What::Revision, number).await?.ok_or_else(|| unreadable("it is not there".to_owned()))?;
        let sources: Vec<Source> =
            stored.sources.into_iter().map(|source| Source { name: source.name, text: source.text }).collect();
        let compiled =
            Revision::compile(number, stored.valid_from, &sources).map_err(|mistakes| unreadable(mistakes.to_string()))?;
        let revision = Arc::new(compiled.revision);
        self.revisions.insert(number, Arc::clone(&revision));
        Ok(revision)
    }

    async fn read_catalogue(&self, number: u64) -> Result<Arc<Catalogue>, ProgramsError> {
        if number == 0 {
            return Ok(Arc::new(Catalogue::empty(0)));
        }
        if let Some(known) = self.catalogues.get(&number) {
            return Ok(known);
        }
        let unreadable = |why: String| ProgramsError::Unreadable { what: "catalogue", number, why };
        let stored: StoredCatalogue =
            self.stored(What::Catalogue, number).await?.ok_or_else(|| unreadable("it is not there".to_owned()))?;
        let catalogue = Arc::new(Catalogue::new(number, stored.products)?);
        self.catalogues.insert(number, Arc::clone(&catalogue));
        Ok(catalogue)
    }

    async fn store<T: Serialize>(&self, what: What, number: u64, value: &T) -> Result<(), ProgramsError> {
        let bytes = serde_json::to_vec(value).map_err(|error| what.unreadable(number, &error))?;
        Ok(blob::store(&*self.storage, &layout::program(&what.key(number)), &bytes).await?)
    }

    async fn stored<T: for<'de> Deserialize<'de>>(&self, what: What, number: u64) -> Result<Option<T>, ProgramsError> {
        match blob::load(&*self.storage, &layout::program(&what.key(number))).await? {
            Some(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(|error| what.unreadable(number, &error))?)),
            None => Ok(None),
        }
    }

    /// Every number in storage, ascending by kind and number.
    async fn numbers(&self) -> Result<Vec<(What, u64)>, ProgramsError> {
        let mut numbers = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.storage.heads(PROGRAMS, after.as_deref(), LIST_MAX).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.to_vec());
            numbers.extend(page.iter().filter_map(|(key, _)| What::parse(key)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Revision,
    Catalogue,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Revision => "revision",
            Self::Catalogue => "catalogue",
        }
    }

    fn key(self, number: u64) -> String {
        format!("{}/{number:012}", self.name())
    }

    fn parse(key: &[u8]) -> Option<(Self, u64)> {
        let text = std::str::from_utf8(key).ok()?;
        let (name, number) = text.split_once('/')?;
        let what = [Self::Revision, Self::Catalogue].into_iter().find(|what| what.name() == name)?;
        Some((what, number.parse().ok()?))
    }

    fn unreadable(self, number: u64, error: &serde_json::Error) -> ProgramsError {
        ProgramsError::Unreadable { what: self.name(), number, why: error.to_string() }
    }
}

#[cfg(test)]
mod tests;

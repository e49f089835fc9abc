//! Revisions and catalogues: which is valid when, and how they come to be.
//!
//! INVARIANT: a number once given keeps its content for ever; what is stored under it is never replaced.
//! INVARIANT: what was in force at a time that has passed stays what was in force then.

mod act;
mod change;
mod documents;
mod entry;
mod error;
mod in_memory;
mod keeper;
pub mod people;
mod publish;
mod schedule;
pub mod statement;
mod told;

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tessera_ledger::outcome::Basis;
use tessera_rules::catalogue::{Catalogue, Product};
use tessera_rules::revision::{Compiled, Revision, Source};
use tessera_storage::Storage;
use tokio::sync::Mutex;

pub use act::By;
pub use change::{Approval, Authority, Signed};
pub use entry::Entry;
pub use error::{ProgramsError, RevisionRefusal};
pub use in_memory::IN_MEMORY_MAX;
pub use publish::{Configured, Draft};
pub use schedule::State;
pub use told::{Standing, Told};

use crate::clock::Clock;
use documents::{Documents, missing};
use in_memory::InMemory;
use people::People;
use schedule::Schedule;

/// Characters of what a revision was published for.
pub const NOTE_CHARACTERS_MAX: usize = 200;

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
    documents: Documents,
    clock: Arc<dyn Clock>,
    people: People,
    schedule: ArcSwap<Schedule>,
    /// From when each catalogue is valid, by number.
    catalogues: ArcSwap<Vec<(Timestamp, u64)>>,
    revisions_made: Arc<InMemory<Revision>>,
    catalogues_made: Arc<InMemory<Catalogue>>,
    /// Before the first of each.
    nothing: Rules,
    /// In force when this was last looked at.
    present: ArcSwap<Rules>,
    /// Changes are made one after another.
    writing: Arc<Mutex<()>>,
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Programs").field("revisions", &self.revisions_made).finish_non_exhaustive()
    }
}

/// What publishing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Published {
    /// A new number was given.
    New(u64),
    /// This one already says exactly this.
    Unchanged(u64),
}

impl Published {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::New(number) | Self::Unchanged(number) => number,
        }
    }
}

impl Programs {
    /// Reads what was done and makes ready what is in force; without any, a revision without campaigns and a
    /// catalogue without products, both numbered 0.
    ///
    /// # Errors
    /// The storage cannot be read, its acts were tampered with, or what is in force cannot be compiled.
    pub async fn open(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, people: People) -> Result<Self, ProgramsError> {
        let nothing = Rules { revision: Arc::new(Revision::empty(0, Timestamp::MIN)), catalogue: Arc::new(Catalogue::empty(0)) };
        let documents = Documents::new(storage);
        let origin = documents.origin().await?;
        let programs = Self {
            documents,
            clock,
            people,
            schedule: ArcSwap::from_pointee(Schedule::empty(origin)),
            catalogues: ArcSwap::from_pointee(Vec::new()),
            revisions_made: Arc::new(InMemory::new("revision")),
            catalogues_made: Arc::new(InMemory::new("catalogue")),
            present: ArcSwap::from_pointee(nothing.clone()),
            nothing,
            writing: Arc::new(Mutex::new(())),
        };
        programs.refresh().await?;
        Ok(programs)
    }

    /// Who may change the programs; nobody is configured: whoever is at this machine.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// The rules in force as they were last looked at: for names and scales of assets. What is decided
    /// names its time and uses [`Programs::at`].
    #[must_use]
    pub fn in_force(&self) -> Rules {
        Rules::clone(&self.present.load())
    }

    /// The rules that are valid at `at`.
    ///
    /// # Errors
    /// An older revision or catalogue cannot be read.
    pub async fn at(&self, at: Timestamp) -> Result<Rules, ProgramsError> {
        let (revision, catalogue) = self.numbers_at(at);
        self.numbered(revision, catalogue).await
    }

    /// The rules with these numbers. What is not in memory is read and compiled by a thread that no call
    /// waits on but those who need it.
    ///
    /// # Errors
    /// There are none with these numbers, or they cannot be read.
    pub async fn numbered(&self, revision: u64, catalogue: u64) -> Result<Rules, ProgramsError> {
        let revision = match revision {
            0 => Arc::clone(&self.nothing.revision),
            number => match self.revisions_made.get(number) {
                Some(there) => there,
                None => self.make_known(number).await?,
            },
        };
        let catalogue = match catalogue {
            0 => Arc::clone(&self.nothing.catalogue),
            number => match self.catalogues_made.get(number) {
                Some(there) => there,
                None => self.make_catalogue(number).await?,
            },
        };
        Ok(Rules { revision, catalogue })
    }

    /// The sources of a revision.
    ///
    /// # Errors
    /// There is none with this number, or it cannot be read.
    pub async fn sources(&self, number: u64) -> Result<Vec<Source>, ProgramsError> {
        let content = self.schedule.load().entry(number).map(Entry::content);
        let content = content.ok_or(RevisionRefusal::UnknownRevision { revision: number })?;
        self.documents.sources(number, content).await
    }

    /// Numbers of the revisions that are compiled in memory, ascending; at most [`IN_MEMORY_MAX`].
    #[must_use]
    pub fn compiled(&self) -> Vec<u64> {
        self.revisions_made.numbers()
    }

    /// Stores a catalogue, unless the newest one has the same products.
    ///
    /// # Errors
    /// Products that contradict each other; or the storage refuses.
    pub async fn load_catalogue(&self, products: Vec<Product>, valid_from: Timestamp) -> Result<Published, ProgramsError> {
        let _turn = self.writing.lock().await;
        self.find_catalogues().await?;
        let mut known = Vec::clone(&self.catalogues.load());
        let newest = known.last().map_or(0, |(_, number)| *number);
        let number = newest.saturating_add(1);
        let catalogue = catalogue(number, products.clone()).await?;
        if newest > 0 && self.numbered(0, newest).await?.catalogue.hash() == catalogue.hash() {
            return Ok(Published::Unchanged(newest));
        }
        self.documents.put_catalogue(number, valid_from, products).await?;
        self.catalogues_made.put(number, Arc::new(catalogue));
        known.push((valid_from, number));
        self.catalogues.store(Arc::new(known));
        self.look_at_present();
        Ok(Published::New(number))
    }

    /// The numbers of the revision and the catalogue that are valid at `at`; 0: none.
    #[must_use]
    pub fn numbers_at(&self, at: Timestamp) -> (u64, u64) {
        (self.schedule.load().at(at), self.catalogue_at(at))
    }

    /// When another revision or catalogue starts next, as far as that is known.
    #[must_use]
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let revision = self.schedule.load().next_after(after).map(|(at, _)| at);
        let catalogue = self.catalogues.load().iter().map(|(valid_from, _)| *valid_from).filter(|at| *at > after).min();
        revision.into_iter().chain(catalogue).min()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn catalogue_at(&self, at: Timestamp) -> u64 {
        self.catalogues.load().iter().rev().find(|(valid_from, _)| *valid_from <= at).map_or(0, |(_, number)| *number)
    }

    /// A revision that is not in memory. One that nobody here knows was published by another engine.
    async fn make_known(&self, number: u64) -> Result<Arc<Revision>, ProgramsError> {
        if self.schedule.load().entry(number).is_none() {
            self.refresh().await?;
        }
        let schedule = self.schedule.load_full();
        let entry = schedule.entry(number).ok_or_else(|| missing("revision", number))?;
        self.make_revision(entry).await
    }

    async fn make_revision(&self, entry: &Entry) -> Result<Arc<Revision>, ProgramsError> {
        let (number, content) = (entry.number(), entry.content());
        let starts_at = entry.starts_at().unwrap_or(entry.published.0);
        let documents = self.documents.clone();
        let making = async move {
            let sources = documents.sources(number, content).await?;
            let unreadable = |why: String| ProgramsError::Unreadable { what: "revision", number, why };
            let compiled = compile(number, starts_at, sources).await.map_err(|error| unreadable(error.to_string()))?;
            if compiled.revision.hash() != *content.as_bytes() {
                return Err(unreadable("its sources do not have its hash".to_owned()));
            }
            Ok(compiled.revision)
        };
        self.revisions_made.get_or_make(number, making).await
    }

    async fn make_catalogue(&self, number: u64) -> Result<Arc<Catalogue>, ProgramsError> {
        let documents = self.documents.clone();
        let making = async move {
            let (_, products) = documents.catalogue(number).await?.ok_or_else(|| missing("catalogue", number))?;
            catalogue(number, products).await
        };
        self.catalogues_made.get_or_make(number, making).await
    }
}

/// Compiles by a thread of its own: a hundred thousand campaigns take seconds.
async fn compile(number: u64, starts_at: Timestamp, sources: Vec<Source>) -> Result<Compiled, ProgramsError> {
    apart("revision", number, move || Revision::compile(number, starts_at, &sources).map_err(ProgramsError::Mistakes)).await
}

async fn catalogue(number: u64, products: Vec<Product>) -> Result<Catalogue, ProgramsError> {
    apart("catalogue", number, move || Catalogue::new(number, products).map_err(ProgramsError::Products)).await
}

async fn apart<T: Send + 'static>(
    what: &'static str,
    number: u64,
    work: impl FnOnce() -> Result<T, ProgramsError> + Send + 'static,
) -> Result<T, ProgramsError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(ProgramsError::Unreadable { what, number, why: error.to_string() }))
}

#[cfg(test)]
mod tests;

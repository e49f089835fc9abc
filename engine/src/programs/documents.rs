//! Where acts, sources and products lie in the storage. Nothing that was written is written again.
//!
//! An act is one conditional write of a document that must not be there, so that of two engines that
//! publish at once one is told to look again. Sources lie under the hash of their content, before the act
//! that names them.

use std::sync::Arc;

use blake3::Hash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::catalogue::Product;
use tessera_rules::revision::Source;
use tessera_storage::{Commit, CommitError, Partition, Storage, Version};

use super::act::Act;
use super::error::ProgramsError;
use crate::blob;
use crate::layout;

/// Documents of one storage.
#[derive(Clone, Debug)]
pub(super) struct Documents {
    storage: Arc<dyn Storage>,
}

/// What became of a document that is written once.
pub(super) enum Appended {
    /// It is on disk.
    Done,
    /// Another engine wrote one of this name first.
    Taken,
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

impl Documents {
    pub(super) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage }
    }

    /// The acts behind the first so many.
    pub(super) async fn acts_after(&self, count: u64) -> Result<Vec<(Act, Hash)>, ProgramsError> {
        let mut acts = Vec::new();
        for number in count.saturating_add(1).. {
            let Some(head) = self.storage.head(&layout::program(&act_key(number))).await? else { break };
            acts.push(Act::decode(&head.value).map_err(|error| unreadable("act", number, &error))?);
        }
        Ok(acts)
    }

    /// The origin of this storage's history, from randomness at the first look. A history that was begun without
    /// one keeps the zeros that it began with.
    pub(super) async fn origin(&self) -> Result<Hash, ProgramsError> {
        let place = layout::program(ORIGIN_KEY);
        if let Some(head) = self.storage.head(&place).await? {
            return origin_of(&head.value);
        }
        let mut origin = [0_u8; 32];
        if self.storage.head(&layout::program(&act_key(1))).await?.is_none() {
            getrandom::fill(&mut origin)?;
        }
        match self.write_once(place.clone(), origin.to_vec()).await? {
            Appended::Done => Ok(Hash::from_bytes(origin)),
            Appended::Taken => match self.storage.head(&place).await? {
                Some(head) => origin_of(&head.value),
                None => Err(missing("origin of the history", 0)),
            },
        }
    }

    /// Writes an encoded act under a number that no act has.
    pub(super) async fn append(&self, number: u64, act: Vec<u8>) -> Result<Appended, ProgramsError> {
        self.write_once(layout::program(&act_key(number)), act).await
    }

    async fn write_once(&self, partition: Partition, bytes: Vec<u8>) -> Result<Appended, ProgramsError> {
        let commit = Commit::of_head(partition.clone(), Version::NONE, bytes.clone());
        match self.storage.commit(commit).await {
            Ok(_) => Ok(Appended::Done),
            Err(CommitError::Conflict { .. }) => Ok(Appended::Taken),
            Err(CommitError::Unknown(why)) => match self.storage.head(&partition).await? {
                Some(head) if head.value == bytes => Ok(Appended::Done),
                Some(_) => Ok(Appended::Taken),
                None => Err(ProgramsError::Commit(CommitError::Unknown(why))),
            },
            Err(
                error @ (CommitError::ClaimTaken { .. }
                | CommitError::Busy
                | CommitError::TooLarge { .. }
                | CommitError::Storage(_)),
            ) => Err(ProgramsError::Commit(error)),
        }
    }

    /// Stores sources under the hash of their content, where they are not there.
    pub(super) async fn put_sources(&self, content: Hash, sources: &[Source]) -> Result<(), ProgramsError> {
        let place = layout::program(&content_key(content));
        let stored: Vec<StoredSource> =
            sources.iter().map(|source| StoredSource { name: source.name.clone(), text: source.text.clone() }).collect();
        let bytes = serde_json::to_vec(&stored).map_err(|error| unreadable("sources", 0, &error))?;
        Ok(blob::store(&*self.storage, &place, &bytes).await?)
    }

    /// The sources of a revision.
    pub(super) async fn sources(&self, revision: u64, content: Hash) -> Result<Vec<Source>, ProgramsError> {
        let bytes = blob::load(&*self.storage, &layout::program(&content_key(content))).await?;
        let bytes = bytes.ok_or_else(|| missing("revision", revision))?;
        let stored: Vec<StoredSource> =
            serde_json::from_slice(&bytes).map_err(|error| unreadable("revision", revision, &error))?;
        Ok(stored.into_iter().map(|source| Source { name: source.name, text: source.text }).collect())
    }

    /// Stores a catalogue.
    pub(super) async fn put_catalogue(
        &self,
        number: u64,
        valid_from: Timestamp,
        products: Vec<Product>,
    ) -> Result<(), ProgramsError> {
        let stored = StoredCatalogue { valid_from, products };
        let bytes = serde_json::to_vec(&stored).map_err(|error| unreadable("catalogue", number, &error))?;
        Ok(blob::store(&*self.storage, &layout::program(&catalogue_key(number)), &bytes).await?)
    }

    /// The products of a catalogue and from when it is valid; none where an interrupted attempt left it.
    pub(super) async fn catalogue(&self, number: u64) -> Result<Option<(Timestamp, Vec<Product>)>, ProgramsError> {
        let Some(bytes) = blob::load(&*self.storage, &layout::program(&catalogue_key(number))).await? else {
            return Ok(None);
        };
        let stored: StoredCatalogue = serde_json::from_slice(&bytes).map_err(|error| unreadable("catalogue", number, &error))?;
        Ok(Some((stored.valid_from, stored.products)))
    }
}

/// Where the origin of the history lies.
const ORIGIN_KEY: &str = "origin";

fn origin_of(bytes: &[u8]) -> Result<Hash, ProgramsError> {
    Hash::from_slice(bytes).map_err(|error| ProgramsError::Unreadable {
        what: "origin of the history",
        number: 0,
        why: error.to_string(),
    })
}

fn act_key(number: u64) -> String {
    format!("act/{number:012}")
}

fn catalogue_key(number: u64) -> String {
    format!("catalogue/{number:012}")
}

fn content_key(content: Hash) -> String {
    format!("sources/{}", content.to_hex())
}

fn unreadable(what: &'static str, number: u64, error: &serde_json::Error) -> ProgramsError {
    ProgramsError::Unreadable { what, number, why: error.to_string() }
}

pub(super) fn missing(what: &'static str, number: u64) -> ProgramsError {
    ProgramsError::Unreadable { what, number, why: "it is not there".to_owned() }
}

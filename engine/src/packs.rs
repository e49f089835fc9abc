//! Rule packs: made of what is in force, kept under the hash of their content for as long as the storage is, and
//! opened again when a till brings what was decided by one.
//!
//! INVARIANT: a pack is in the storage before any gateway hears of it, so that no engine meets one that it cannot open.

mod follow;
mod lately;
mod service;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tessera_contract::limits::PACK_CONTENT_BYTES_MAX;
use tessera_contract::pack::{OpenedPack, PackContent, PackHash, PackHead, PackToken, SignedPackHead, stores_hash};
use tessera_contract::signing::{PrivateKey, PublicKey};
use tessera_rules::id::StoreId;
use tessera_rules::pack::pack;
use tessera_storage::Storage;
use tokio::task::JoinHandle;

pub(crate) use service::GatewayCalls;

use crate::blob;
use crate::layout;
use crate::programs::{Programs, ProgramsError, Rules};
use lately::Lately;

/// How long an engine's word is good, where nothing else starts before.
const VALID: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How far the clock of a gateway may be behind that of its engine.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How far a till's time of sale may be from the gateway's time of the answer.
const SOLD_APART_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How long before a settle that comes straight from its till a gateway may have answered it.
const QUOTED_BEFORE_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Contents kept in memory for gateways that come: as many as there are different sets of stores, mostly.
const MADE_MAX: usize = 16;
/// Packs kept compiled for what comes back: those of all gateways that come, since what comes back names any of them.
const OPENED_MAX: usize = MADE_MAX;

/// The packs of an engine.
#[derive(Debug)]
pub(crate) struct Packs {
    storage: Arc<dyn Storage>,
    programs: Arc<Programs>,
    key: PrivateKey,
    made: Lately<Of, Made>,
    opened: Lately<PackHash, OpenedPack>,
}

/// A pack of what is in force.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) hash: PackHash,
    pub(crate) content: Bytes,
}

/// What a pack is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Of {
    revision: u64,
    catalogue: u64,
    stores: [u8; 32],
}

/// A pack cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PacksError {
    #[error(transparent)]
    Programs(#[from] ProgramsError),
    #[error("the rule pack of revision {revision} has {bytes} bytes, more than a pack may have")]
    TooLarge { revision: u64, bytes: usize },
    #[error("the rule pack of revision {revision} cannot be made: {why}")]
    Making { revision: u64, why: String },
    #[error("the rule pack {pack} cannot be opened: {why}")]
    Opening { pack: PackHash, why: String },
}

impl Packs {
    pub(crate) fn new(storage: Arc<dyn Storage>, programs: Arc<Programs>, key: PrivateKey) -> Self {
        Self { storage, programs, key, made: Lately::new(MADE_MAX), opened: Lately::new(OPENED_MAX) }
    }

    /// What every head of this storage's engines is signed with.
    pub(crate) fn key(&self) -> PublicKey {
        self.key.public()
    }

    /// Which revision and catalogue are in force.
    pub(crate) fn in_force(&self, now: Timestamp) -> (u64, u64) {
        self.programs.numbers_at(now)
    }

    /// The pack of what is in force, for some stores; none named: for every store.
    ///
    /// # Errors
    /// What is in force cannot be read, or the pack is larger than one may be.
    pub(crate) async fn current(&self, stores: &[StoreId], now: Timestamp) -> Result<(Arc<Made>, SignedPackHead), PacksError> {
        let rules = self.programs.at(now).await?;
        let of = Of { revision: rules.revision.number(), catalogue: rules.catalogue.number(), stores: stores_hash(stores) };
        let made = self.made(of, rules, stores).await?;
        let end = now.saturating_add(VALID).unwrap_or(Timestamp::MAX);
        let valid_until = self.programs.next_change(now).map_or(end, |next| next.min(end));
        let Of { revision, catalogue, stores } = of;
        let head = PackHead { pack: made.hash, revision, catalogue, stores, stated_at: now, valid_until };
        Ok((made, head.signed(&self.key)))
    }

    async fn made(&self, of: Of, rules: Rules, stores: &[StoreId]) -> Result<Arc<Made>, PacksError> {
        let cell = self.made.place(of);
        cell.get_or_try_init(|| self.make(of, rules, stores)).await.map(Arc::clone)
    }

    async fn make(&self, of: Of, rules: Rules, stores: &[StoreId]) -> Result<Arc<Made>, PacksError> {
        let sources = if of.revision == 0 { Vec::new() } else { self.programs.sources(of.revision).await? };
        let stores = stores.to_vec();
        let content = apart(of.revision, move || {
            let cut = pack(&rules.revision, &sources, &rules.catalogue, &stores).map_err(|error| error.message)?;
            Ok(PackContent { sources: cut.sources, products: cut.products }.encode())
        });
        let content = content.await?;
        if content.len() > PACK_CONTENT_BYTES_MAX {
            return Err(PacksError::TooLarge { revision: of.revision, bytes: content.len() });
        }
        let hash = PackContent::hash_of(&content);
        self.keep(hash, &content).await?;
        let made = Arc::new(Made { hash, content });
        // What comes back by it finds it open.
        drop(self.opening(hash));
        tracing::info!(revision = of.revision, catalogue = of.catalogue, pack = %made.hash, bytes = made.content.len(), "rule pack made");
        Ok(made)
    }

    /// Stores content under its hash, where it is not there.
    async fn keep(&self, hash: PackHash, content: &[u8]) -> Result<(), PacksError> {
        let place = layout::program(&content_key(hash));
        let is_there = async || blob::load(&*self.storage, &place).await.is_ok_and(|there| there.is_some());
        if is_there().await {
            return Ok(());
        }
        match blob::store(&*self.storage, &place, content).await {
            // Another engine stored the same at the same time.
            Err(_) if is_there().await => Ok(()),
            stored => Ok(stored.map_err(ProgramsError::from)?),
        }
    }

    /// What a gateway promised, if it could have: an engine of this storage said that its pack was in force then, and the
    /// sale was not far from it, nor is now, where the settle comes straight from its till. None: a token that stands for
    /// nothing.
    ///
    /// # Errors
    /// The storage cannot read the pack.
    pub(crate) async fn promised(
        &self,
        token: &[u8],
        sold_at: Timestamp,
        straight: Option<Timestamp>,
    ) -> Result<Option<(PackToken, Arc<OpenedPack>)>, PacksError> {
        let could = |token: &PackToken| self.could_promise(token, sold_at) && is_of_this_hour(token, straight);
        let Some(token) = PackToken::decode(token).filter(could) else { return Ok(None) };
        Ok(self.opened(token.signed.head.pack).await?.map(|pack| (token, pack)))
    }

    fn could_promise(&self, token: &PackToken, sold_at: Timestamp) -> bool {
        let head = &token.signed.head;
        let earliest = head.stated_at.saturating_sub(CLOCKS_APART_MAX).unwrap_or(Timestamp::MIN);
        let is_in_force = earliest <= token.decided_at && token.decided_at < head.valid_until;
        let apart = sold_at.duration_since(token.decided_at).abs();
        is_in_force && apart <= SOLD_APART_MAX && token.signed.is_of(&self.key())
    }

    /// A pack that was made here or by another engine of this storage; none: there is none of this hash.
    async fn opened(&self, hash: PackHash) -> Result<Option<Arc<OpenedPack>>, PacksError> {
        if let Some(opened) = self.opened.place(hash).get() {
            return Ok(Some(Arc::clone(opened)));
        }
        self.opening(hash).await.map_err(|error| PacksError::Opening { pack: hash, why: error.to_string() })?
    }

    /// Opens a pack in a task of its own, which goes on although nobody waits for it any more.
    fn opening(&self, hash: PackHash) -> JoinHandle<Result<Option<Arc<OpenedPack>>, PacksError>> {
        let (cell, storage) = (self.opened.place(hash), Arc::clone(&self.storage));
        tokio::spawn(async move {
            match cell.get_or_try_init(|| open(&*storage, hash)).await {
                Ok(opened) => Ok(Some(Arc::clone(opened))),
                Err(None) => Ok(None),
                Err(Some(error)) => Err(error),
            }
        })
    }
}

/// Nothing but the gateway says when it decided; what comes straight from its till was decided just now.
fn is_of_this_hour(token: &PackToken, straight: Option<Timestamp>) -> bool {
    straight.is_none_or(|now| {
        let age = now.duration_since(token.decided_at);
        -CLOCKS_APART_MAX <= age && age <= QUOTED_BEFORE_MAX
    })
}

/// Reads a pack and opens it by a thread of its own. No error: there is none of this hash.
async fn open(storage: &dyn Storage, hash: PackHash) -> Result<Arc<OpenedPack>, Option<PacksError>> {
    let content = blob::load(storage, &layout::program(&content_key(hash))).await;
    let content = content.map_err(|error| Some(ProgramsError::from(error).into()))?.ok_or(None)?;
    let failed = |why: String| PacksError::Opening { pack: hash, why };
    let opening = tokio::task::spawn_blocking(move || OpenedPack::open(hash, &content));
    let opened = opening.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    Ok(Arc::new(opened))
}

/// Makes a pack by a thread of its own.
fn apart(
    revision: u64,
    work: impl FnOnce() -> Result<Bytes, String> + Send + 'static,
) -> impl Future<Output = Result<Bytes, PacksError>> {
    let failed = move |why: String| PacksError::Making { revision, why };
    let done = tokio::task::spawn_blocking(work);
    async move { done.await.map_err(|error| failed(error.to_string()))?.map_err(failed) }
}

fn content_key(hash: PackHash) -> String {
    format!("pack/{hash}")
}

#[cfg(test)]
mod tests;

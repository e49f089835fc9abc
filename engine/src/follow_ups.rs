//! The carrier: carries follow-ups out on their accounts, from the feed, each once.
//!
//! It reads the feed from a cursor that is on disk. A follow-up is carried out through the queue of its account, as
//! everything is, and found there by its id: whatever is read again after a stop is done already. The cursor only moves
//! behind a page when all of it is carried out or parked, so nothing is passed over, and no call waits for any of it.

use std::time::Duration;

use bytes::Bytes;
use compact_str::CompactString;
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use tessera_contract::refusal::Refusal;
use tessera_ledger::follow_up::FollowUp;
use tessera_rules::id::AccountId;
use tessera_storage::{Commit, CommitError, Cursor, FeedEntry, StorageError, Version, Wanted};

use crate::desk::{Case, FollowUpCase};
use crate::engine::Engine;
use crate::layout::{self, ACCOUNTS, AggregateKey, FOLLOW_UP};

/// Feed entries read at once.
const PAGE: usize = 1_000;
/// Follow-ups that are carried out at the same time.
const AT_ONCE: usize = 32;
/// Entries read until the cursor is written, where nothing was carried out: what is read again after a stop.
const UNSAVED_MAX: usize = 10_000;
/// Follow-ups that are set aside. Beyond it the carrier stands still, which its lag shows.
const PARKED_MAX: usize = 1_000;
/// What is waited between two looks at the feed: it is not read for each commit by itself.
const PAUSE: Duration = Duration::from_millis(100);
/// After this long what was set aside is tried again, and whatever failed.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// The version in which what the carrier knows is written.
const HEAD_VERSION: u8 = 1;

/// Why the carrier stopped before the end of the feed; what it has not done it does later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CarrierError {
    /// The storage cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The cursor could not be written, or somebody else has written it.
    #[error("the place in the feed could not be written: {0}")]
    Commit(#[from] CommitError),
    /// What it knows is unreadable: it would begin anew, which is right but long.
    #[error("what is known of follow-ups is unreadable: {0}")]
    Unreadable(#[from] postcard::Error),
    /// A call of the desk failed that may pass.
    #[error("follow-up {id} waits: {refusal:?}")]
    Waits {
        /// Which.
        id: CompactString,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// Too many are set aside.
    #[error("{PARKED_MAX} follow-ups are set aside: those accounts need people first")]
    Full,
}

/// A follow-up that could not be carried out, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Parked {
    /// Its id.
    pub(crate) id: CompactString,
    /// In the partition of which account it lies.
    pub(crate) source: AccountId,
    /// Why, for people.
    pub(crate) why: CompactString,
}

#[derive(Default, Serialize, Deserialize)]
struct Head {
    cursor: Vec<u8>,
    /// Of the commit at the cursor, so that a carrier that begins again knows how far it is behind.
    sequence: u64,
    parked: Vec<Parked>,
}

/// What is known of follow-ups, as the storage has it.
pub(crate) struct Carrier {
    engine: Engine,
    version: Version,
    cursor: Cursor,
    parked: Vec<Parked>,
    sequence: u64,
    unsaved: usize,
}

/// A follow-up as it was found.
struct Found {
    id: CompactString,
    source: AccountId,
    row: Bytes,
}

impl Carrier {
    /// As the storage has it.
    pub(crate) async fn open(engine: Engine) -> Result<Self, CarrierError> {
        let stored = engine.core.storage.head(&layout::follow_ups()).await?;
        let (version, head) = match stored.as_ref().map(|stored| (stored.version, stored.value.split_first())) {
            None => (Version::NONE, Head::default()),
            Some((version, Some((&HEAD_VERSION, body)))) => (version, postcard::from_bytes(body)?),
            Some((_, Some(_) | None)) => return Err(postcard::Error::DeserializeBadEncoding.into()),
        };
        let cursor = Cursor(Bytes::from(head.cursor));
        Ok(Self { engine, version, cursor, parked: head.parked, sequence: head.sequence, unsaved: 0 })
    }

    /// Those that are set aside.
    #[cfg(test)]
    pub(crate) fn parked(&self) -> &[Parked] {
        &self.parked
    }

    /// Carries out everything that the feed has by now. Returns how many there were.
    pub(crate) async fn catch_up(&mut self) -> Result<usize, CarrierError> {
        let mut all: usize = 0;
        loop {
            // Read before the page: commits without rows for the feed are behind us too where it ends.
            let tip = self.tip();
            let page = self.engine.core.storage.feed(&self.cursor, PAGE, Wanted::Kind(FOLLOW_UP)).await?;
            let Some(last) = page.last() else {
                self.sequence = self.sequence.max(tip);
                break;
            };
            let found: Vec<Found> = page.iter().flat_map(follow_ups_of).collect();
            let count = found.len();
            self.carry_all(found).await?;
            all = all.saturating_add(count);
            self.cursor = last.cursor.clone();
            self.sequence = last.committed.sequence;
            self.unsaved = self.unsaved.saturating_add(page.len());
            if count > 0 || self.unsaved >= UNSAVED_MAX {
                self.save().await?;
            }
            self.show();
        }
        self.show();
        Ok(all)
    }

    /// Tries again what was set aside.
    pub(crate) async fn try_parked(&mut self) -> Result<(), CarrierError> {
        let parked = std::mem::take(&mut self.parked);
        let before = parked.clone();
        for one in parked {
            let row = layout::follow_up_row(&one.id);
            let stored = match self.engine.core.storage.row(&layout::account(&one.source), &row).await {
                Ok(stored) => stored,
                Err(error) => {
                    self.parked = before;
                    return Err(error.into());
                }
            };
            let Some(row) = stored else {
                self.parked.push(one);
                continue;
            };
            if let Err(error) = self.carry_all(vec![Found { id: one.id, source: one.source, row }]).await {
                self.parked = before;
                return Err(error);
            }
        }
        if self.parked != before {
            self.save().await?;
        }
        self.show();
        Ok(())
    }

    /// All of them at the end are carried out or set aside.
    async fn carry_all(&mut self, found: Vec<Found>) -> Result<(), CarrierError> {
        let engine = &self.engine;
        let carrying = stream::iter(found).map(|found| async move {
            let done = carry(engine, &found.row).await;
            (found, done)
        });
        let done: Vec<(Found, Result<(), Refusal>)> = carrying.buffer_unordered(AT_ONCE).collect().await;
        for (found, result) in done {
            match result {
                Ok(()) => metrics::counter!("tessera_follow_ups_carried_total").increment(1),
                Err(refusal @ (Refusal::Quarantined | Refusal::Internal { .. })) => {
                    if self.parked.len() >= PARKED_MAX {
                        return Err(CarrierError::Full);
                    }
                    tracing::error!(follow_up = %found.id, ?refusal, "a follow-up was set aside");
                    let why = compact_str::format_compact!("{refusal:?}");
                    self.parked.push(Parked { id: found.id, source: found.source, why });
                }
                Err(refusal) => return Err(CarrierError::Waits { id: found.id, refusal: Box::new(refusal) }),
            }
        }
        Ok(())
    }

    async fn save(&mut self) -> Result<(), CarrierError> {
        let head = Head { cursor: self.cursor.0.to_vec(), sequence: self.sequence, parked: self.parked.clone() };
        let commit = Commit::of_head(layout::follow_ups(), self.version, postcard::to_extend(&head, vec![HEAD_VERSION])?);
        self.version = self.engine.core.storage.commit(commit).await?.version;
        self.unsaved = 0;
        Ok(())
    }

    /// The sequence of the last commit; 0 where the storage has no one order of all.
    fn tip(&self) -> u64 {
        *self.engine.core.storage.feed_moved().borrow()
    }

    /// How far it is behind the feed, in commits.
    fn behind_commits(&self) -> u64 {
        self.tip().saturating_sub(self.sequence)
    }

    fn show(&self) {
        let behind = u32::try_from(self.behind_commits()).unwrap_or(u32::MAX);
        metrics::gauge!("tessera_follow_ups_behind_commits").set(f64::from(behind));
        metrics::gauge!("tessera_follow_ups_parked").set(f64::from(u32::try_from(self.parked.len()).unwrap_or(u32::MAX)));
    }
}

fn follow_ups_of(entry: &FeedEntry) -> impl Iterator<Item = Found> {
    let source = (entry.partition.space == ACCOUNTS).then(|| std::str::from_utf8(&entry.partition.key).ok()).flatten();
    let source = source.and_then(|key| AccountId::parse(key).ok());
    entry.rows.iter().filter_map(move |row| {
        let id = std::str::from_utf8(&row.key.id).ok()?.into();
        Some(Found { id, source: source.clone()?, row: row.value.clone() })
    })
}

pub(crate) async fn carry(engine: &Engine, row: &Bytes) -> Result<(), Refusal> {
    let core = &engine.core;
    let follow_up = FollowUp::decode(row).map_err(|damaged| core.quarantined("a follow-up", &damaged))?;
    let key = AggregateKey::Account(follow_up.account.clone());
    // A storage made for replay lives in the time of its receipts.
    let now = if core.settings.replay { follow_up.at } else { core.clock.now() };
    engine.at_desk(key, Case::FollowUp(FollowUpCase { follow_up, now })).await.map(|_| ())
}

/// Carries follow-ups out as they come, until it is dropped.
pub(crate) async fn keep_carrying_out(engine: Engine) {
    let mut moved = engine.core.storage.feed_moved();
    loop {
        match Carrier::open(engine.clone()).await {
            Ok(mut carrier) => {
                if let Err(error) = follow(&mut carrier, &mut moved).await {
                    failed(&error);
                }
            }
            Err(error) => failed(&error),
        }
        tokio::time::sleep(PAUSE.saturating_mul(10)).await;
    }
}

fn failed(error: &CarrierError) {
    metrics::counter!("tessera_follow_ups_failed_total").increment(1);
    tracing::warn!(%error, "follow-ups wait");
}

async fn follow(carrier: &mut Carrier, moved: &mut tokio::sync::watch::Receiver<u64>) -> Result<(), CarrierError> {
    loop {
        carrier.try_parked().await?;
        let again = tokio::time::sleep(TRY_AGAIN);
        tokio::pin!(again);
        loop {
            // Marked as seen before reading, so that what is committed while reading wakes us again.
            moved.borrow_and_update();
            carrier.catch_up().await?;
            tokio::time::sleep(PAUSE).await;
            tokio::select! {
                changed = moved.changed() => if changed.is_err() { return Ok(()) },
                () = &mut again => break,
            }
        }
    }
}

#[cfg(test)]
mod tests;

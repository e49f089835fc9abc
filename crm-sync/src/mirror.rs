//! The mirror: the feed folded into cards, histories and sums of days, never read to decide a reward.
//!
//! Each outcome is folded once, in the order of the feed. A batch is written in three steps, rows, then cards, then the
//! position; rows and cards carry the place of the last outcome in them, so that whatever comes again after a stop
//! between any two commits is left out where it is in already (P9, H68).

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tessera_proto::feed::v1::FollowResponse;
use tessera_storage::{Commit, CommitError, Partition, Row, Storage, StorageError, Version};
use tokio::sync::watch;

pub mod assets;
mod batch;
pub mod card;
pub mod compare;
pub mod day;
pub mod entry;
pub mod layout;
pub mod lots;
pub mod place;
pub mod read;
mod recent;
pub mod tier;
mod write;

use crate::follow;
use crate::limits::{CARDS_CACHED_MAX, DAYS_CACHED_MAX};
use batch::Batch;
use place::Place;
use recent::Recent;
use write::{CardKept, DayKept};

/// What stands before every value of the mirror: a reader that meets another number does not guess.
const FORMAT: u8 = 2;

/// The mirror cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The storage could not read.
    #[error("the mirror's storage cannot be read")]
    Storage(#[from] StorageError),
    /// The storage did not take a commit.
    #[error("the mirror's storage did not take a commit")]
    Commit(#[from] CommitError),
    /// A value is not what a mirror writes.
    #[error("{what} in the mirror cannot be read: make the mirror again with `tessera crm rebuild --replace`")]
    Unreadable {
        /// Which value.
        what: &'static str,
    },
    /// The mirror counts days of another time zone.
    #[error("the mirror counts days in {found} and was opened for {wanted}: the time zone of a ledger never changes")]
    TimeZone {
        /// As it was made.
        found: String,
        /// As it was opened.
        wanted: String,
    },
    /// The engine's feed is one that a mirror cannot fold.
    #[error("the outcome {outcome_id} has format {format}, and this mirror knows format 1: install a newer one")]
    Format {
        /// Which.
        outcome_id: String,
        /// Its format.
        format: u32,
    },
}

/// How far the feed is folded.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Folded {
    /// Where to go on in the feed.
    cursor: Vec<u8>,
    /// The last outcome.
    pub place: Place,
    /// Outcomes so far.
    pub outcomes: u64,
    /// When the last of them was booked.
    pub booked_at: Option<Timestamp>,
    /// The ledger's time zone.
    pub time_zone: String,
}

impl Folded {
    /// Where a follower goes on.
    #[must_use]
    pub fn position(&self) -> follow::Position {
        follow::Position::after(self.cursor.clone())
    }
}

/// The one writer of a mirror.
#[derive(Debug)]
pub struct Mirror {
    storage: Arc<dyn Storage>,
    zone: TimeZone,
    folded: Folded,
    version: Version,
    cards: Recent<String, CardKept>,
    days: Recent<layout::DayOfStore, DayKept>,
    told: watch::Sender<Folded>,
}

impl Mirror {
    /// The mirror in a storage that was opened with [`layout::SPACES`]; a new one begins before the feed. The time zone
    /// is the ledger's.
    ///
    /// # Errors
    /// The storage cannot be read, or holds the mirror of another ledger.
    pub async fn open(storage: Arc<dyn Storage>, zone: TimeZone) -> Result<Self, MirrorError> {
        let wanted = zone.iana_name().unwrap_or("UTC").to_owned();
        let head = storage.head(&layout::position()).await?;
        let (version, folded) = match head {
            Some(head) => (head.version, decode::<Folded>("the position", &head.value)?),
            None => (Version::NONE, Folded { time_zone: wanted.clone(), ..Folded::default() }),
        };
        if folded.time_zone != wanted {
            return Err(MirrorError::TimeZone { found: folded.time_zone, wanted });
        }
        Ok(Self {
            storage,
            zone,
            version,
            cards: Recent::new(CARDS_CACHED_MAX),
            days: Recent::new(DAYS_CACHED_MAX),
            told: watch::Sender::new(folded.clone()),
            folded,
        })
    }

    /// How far the feed is folded.
    #[must_use]
    pub fn folded(&self) -> &Folded {
        &self.folded
    }

    /// Changes with every batch.
    #[must_use]
    pub fn told(&self) -> watch::Receiver<Folded> {
        self.told.subscribe()
    }

    /// Reads what is written.
    #[must_use]
    pub fn reader(&self) -> read::Reader {
        read::Reader::new(Arc::clone(&self.storage))
    }

    /// Keeps what a revision says of assets.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn keep_assets(&self, revision: u64, told: &[assets::AssetTold]) -> Result<(), MirrorError> {
        assets::keep(&*self.storage, revision, told).await
    }

    /// Folds outcomes in the order of the feed, whole commits: the last response carries a cursor. When this
    /// returns, they are on disk. After an error the mirror is to be opened anew; nothing is lost or counted twice.
    ///
    /// # Errors
    /// The storage failed, or an outcome is of a later format.
    pub async fn fold(&mut self, responses: &[FollowResponse]) -> Result<(), MirrorError> {
        let Some(last) = responses.last() else { return Ok(()) };
        assert!(!last.cursor.is_empty(), "a batch ends with a whole commit");
        let mut batch = Batch::default();
        let mut folded = self.folded.clone();
        for response in responses {
            folded.place = folded.place.next(response.sequence);
            folded.outcomes = folded.outcomes.saturating_add(1);
            let Some(outcome) = &response.outcome else { continue };
            if outcome.format > 1 {
                return Err(MirrorError::Format { outcome_id: outcome.outcome_id.clone(), format: outcome.format });
            }
            folded.booked_at = outcome.booked_at.as_ref().and_then(tessera_contract::convert::timestamp_from_wire);
            self.take(&mut batch, response, folded.place).await?;
        }
        folded.cursor = last.cursor.to_vec();
        self.write(batch).await?;
        self.write_position(folded).await
    }

    async fn write_position(&mut self, folded: Folded) -> Result<(), MirrorError> {
        let commit = commit(layout::position(), self.version, encode(&folded), Vec::new());
        self.version = self.storage.commit(commit).await?.version;
        self.folded = folded.clone();
        self.told.send_replace(folded);
        Ok(())
    }
}

/// A commit that no feed shows.
fn commit(partition: Partition, expected: Version, head: Bytes, rows: Vec<Row>) -> Commit {
    Commit { rows, ..Commit::of_head(partition, expected, head) }
}

/// A value with its format in front.
fn encode<T: Serialize>(value: &T) -> Bytes {
    #[expect(clippy::expect_used, reason = "texts, numbers and lists in memory are always written")]
    let bytes = postcard::to_extend(value, vec![FORMAT]).expect("a value of the mirror is written");
    Bytes::from(bytes)
}

/// What [`encode`] wrote.
fn decode<T: for<'a> Deserialize<'a>>(what: &'static str, bytes: &[u8]) -> Result<T, MirrorError> {
    let unreadable = MirrorError::Unreadable { what };
    match bytes.split_first() {
        Some((&FORMAT, value)) => postcard::from_bytes(value).map_err(|_| unreadable),
        Some(_) | None => Err(unreadable),
    }
}

#[cfg(test)]
pub(crate) mod tests;

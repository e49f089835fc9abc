//! Reads the mirror: cards, histories and days as they are on disk.

use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;
use tessera_storage::limits::SCAN_ENTRIES_MAX;
use tessera_storage::{Storage, Version};

use super::assets::{self, AssetTold};
use super::card::Card;
use super::day::Sum;
use super::entry::Entry;
use super::layout::{self, Basis, DAYS, DayOfStore, ENTRY};
use super::write::read_sums;
use super::{Folded, MirrorError, decode};
use crate::limits::HISTORY_MAX;

/// Reads a mirror; any number of them at the same time.
#[derive(Clone, Debug)]
pub struct Reader {
    storage: Arc<dyn Storage>,
}

impl Reader {
    /// Over a storage that was opened with [`layout::SPACES`].
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage }
    }

    /// How far the feed is folded; none: not at all.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn folded(&self) -> Result<Option<Folded>, MirrorError> {
        let head = self.storage.head(&layout::position()).await?;
        head.map(|head| decode("the position", &head.value)).transpose()
    }

    /// The card of an account; none: no outcome named it.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn card(&self, account: &str) -> Result<Option<Card>, MirrorError> {
        let head = self.storage.head(&layout::card(account)).await?;
        head.map(|head| decode("a card", &head.value)).transpose()
    }

    /// The account that a customer belongs to; none: no outcome named them.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn account_of(&self, customer: &str) -> Result<Option<String>, MirrorError> {
        let head = self.storage.head(&layout::customer(customer)).await?;
        let unreadable = MirrorError::Unreadable { what: "a customer" };
        head.map(|head| String::from_utf8(head.value.to_vec()).map_err(|_| unreadable)).transpose()
    }

    /// The newest entries of an account's history, the newest first.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn history(&self, account: &str, count: usize) -> Result<Vec<Entry>, MirrorError> {
        let rows = self.storage.rows(&layout::history(account), ENTRY, None, count.min(HISTORY_MAX)).await?;
        rows.iter().map(|row| decode("an entry of a history", &row.value)).collect()
    }

    /// The newest receipts of a store's till day, the newest first.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn receipts(&self, day: Date, store: &str, count: usize) -> Result<Vec<Entry>, MirrorError> {
        let day = DayOfStore { basis: Basis::Till, day, store: store.to_owned() };
        let rows = self.storage.rows(&day.partition(), ENTRY, None, count.min(HISTORY_MAX)).await?;
        rows.iter().map(|row| decode("a receipt of a day", &row.value)).collect()
    }

    /// Days that something was counted for, up to `to`, in their order, each with its stores in theirs.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn days(&self, basis: Basis, to: Date) -> Result<Vec<DayOfStore>, MirrorError> {
        let mut days = Vec::new();
        let mut after: Option<Bytes> = None;
        loop {
            let heads = self.storage.heads(DAYS, after.as_deref(), SCAN_ENTRIES_MAX).await?;
            let Some((last, _)) = heads.last() else { break };
            after = Some(last.clone());
            let known = heads.iter().filter(|(_, head)| head.version > Version::NONE);
            let read = known.filter_map(|(key, _)| DayOfStore::read(key));
            days.extend(read.filter(|day| day.basis == basis && day.day <= to));
        }
        days.sort_unstable();
        Ok(days)
    }

    /// What a day counts.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn sums(&self, day: &DayOfStore) -> Result<Vec<Sum>, MirrorError> {
        read_sums(&*self.storage, &day.partition()).await
    }

    /// What a revision says of assets; none: it is not known.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn assets(&self, revision: u64) -> Result<Option<Vec<AssetTold>>, MirrorError> {
        assets::read(&*self.storage, revision).await
    }
}

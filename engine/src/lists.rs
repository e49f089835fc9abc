//! Imported lists of customers: who is on which, as segments of programs ask.
//!
//! A list has a record ([`record`]): its versions and which of them is in force. What loads said of a customer lies under
//! the customer, for all lists together ([`membership`]), so that a till's call reads one partition, and none where
//! nothing was ever loaded or no program asks. A load writes customer by customer and nobody sees it before the record
//! puts it in force.

mod load;
mod membership;
mod record;
mod service;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_rules::id::{CustomerId, SegmentId};
use tessera_rules::revision::Revision;
use tessera_storage::{Storage, StorageError, Version};

use crate::core::Core;
use crate::heads::{BACK_OFF, Written};
use crate::layout;
use membership::Memberships;
use record::{InForce, ListRecord};

pub use service::Lists;

/// Lists of one storage.
const LISTS_MAX: usize = 1_000;
/// How often it is looked what other engines on the storage have loaded.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// Lists that are read at once.
const PAGE: usize = 100;

/// What calls need of the records of all lists.
#[derive(Debug)]
pub(crate) struct ListTable {
    in_force: ArcSwap<BTreeMap<SegmentId, InForce>>,
}

impl ListTable {
    /// The lists of a storage.
    ///
    /// # Errors
    /// The storage cannot read, or a record in it is broken.
    pub(crate) async fn open(storage: &dyn Storage) -> Result<Self, StorageError> {
        let table = Self { in_force: ArcSwap::default() };
        table.refresh(storage).await?;
        Ok(table)
    }

    async fn refresh(&self, storage: &dyn Storage) -> Result<(), StorageError> {
        let records = all(storage).await?;
        let in_force = records.iter().map(|(list, record)| (list.clone(), record.in_force()));
        self.in_force.store(Arc::new(in_force.filter(|(_, known)| known.newest > 0).collect()));
        Ok(())
    }

    /// Looks after the table until the engine is gone. A server runs it beside its calls.
    pub(crate) async fn keep_fresh(core: Weak<Core>) {
        loop {
            tokio::time::sleep(REFRESH_EVERY).await;
            let Some(core) = core.upgrade() else { return };
            if let Err(error) = core.lists.refresh(core.storage.as_ref()).await {
                tracing::error!(%error, "what other engines loaded could not be looked up");
            }
        }
    }
}

impl Core {
    /// The lists that a customer is on at a time, sorted.
    ///
    /// # Errors
    /// The storage cannot read it, or what it reads is broken.
    pub(crate) async fn lists_of(&self, customer: &CustomerId, now: Timestamp) -> Result<Vec<SegmentId>, Refusal> {
        let in_force = self.lists.in_force.load_full();
        if in_force.is_empty() {
            return Ok(Vec::new());
        }
        let (_, said) = self.memberships(customer).await?;
        let on = said.lists().filter(|list| in_force.get(*list).is_some_and(|known| said.on(list, known, now).is_some()));
        Ok(on.cloned().collect())
    }

    /// Whether the programs ask for a list that was ever loaded: else no customer's need be read.
    pub(crate) fn is_any_list_asked_for(&self, revision: &Revision) -> bool {
        let in_force = self.lists.in_force.load();
        !in_force.is_empty() && revision.lists().any(|list| in_force.contains_key(list))
    }

    async fn memberships(&self, customer: &CustomerId) -> Result<(Version, Memberships), Refusal> {
        let head = self.storage.head(&layout::memberships(customer)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok((Version::NONE, Memberships::default())) };
        let broken = || self.quarantined(customer.as_str(), &damaged("memberships", customer.as_str()));
        Ok((head.version, Memberships::decode(&head.value).ok_or_else(broken)?))
    }

    /// Forgets what loads said of a customer.
    ///
    /// # Errors
    /// The storage cannot read or write, or a load writes the same just now.
    pub(crate) async fn forget_memberships(&self, customer: &CustomerId) -> Result<(), Refusal> {
        let (version, known) = self.memberships(customer).await?;
        if known == Memberships::default() {
            return Ok(());
        }
        let head = Memberships::default().encode().map_err(|error| self.internal(&error.to_string()))?;
        match self.write_head(layout::memberships(customer), version, head).await? {
            Written::Done => Ok(()),
            Written::Beaten | Written::Unknown => Err(Refusal::TooManyWaiting { retry_after: BACK_OFF }),
        }
    }

    async fn list_record(&self, list: &SegmentId) -> Result<(Version, ListRecord), Refusal> {
        let head = self.storage.head(&layout::list(list)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok((Version::NONE, ListRecord::default())) };
        let broken = || self.quarantined(list.as_str(), &damaged("list", list.as_str()));
        Ok((head.version, ListRecord::decode(&head.value).ok_or_else(broken)?))
    }
}

/// All records, by name.
async fn all(storage: &dyn Storage) -> Result<BTreeMap<SegmentId, ListRecord>, StorageError> {
    let mut records = BTreeMap::new();
    let mut after: Option<Bytes> = None;
    loop {
        let page = storage.heads(layout::LISTS, after.as_deref(), PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(records) };
        after = Some(last.clone());
        for (key, head) in page {
            let name = std::str::from_utf8(&key).ok().and_then(|name| SegmentId::parse(name).ok());
            let name = name.ok_or_else(|| damaged("list", "a name"))?;
            let record = ListRecord::decode(&head.value).ok_or_else(|| damaged("list", name.as_str()))?;
            records.insert(name, record);
        }
    }
}

fn damaged(what: &'static str, place: &str) -> StorageError {
    StorageError::Damaged { place: place.to_owned(), what: format!("no {what} of this program") }
}

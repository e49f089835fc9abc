//! Writes what a batch changed: many commits at a time, those of one partition one after the other.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tessera_storage::limits::SCAN_ENTRIES_MAX;
use tessera_storage::{Partition, Row, Storage, Version};

use super::batch::{Additions, Batch, CardChange, DayChange};
use super::card::Card;
use super::day::{Counted, Sum};
use super::layout::{DayOfStore, SUM};
use super::{Mirror, MirrorError, commit, decode, encode, layout};
use crate::limits::{COMMIT_ROW_BYTES_MAX, COMMIT_ROWS_MAX, COMMITS_IN_FLIGHT_MAX};

/// A day as it is in the storage.
#[derive(Debug, Default)]
pub(super) struct DayKept {
    version: Version,
    sums: HashMap<Counted, Sum>,
}

/// A card as it is in the storage, and the version of its history.
#[derive(Debug, Default)]
pub(super) struct CardKept {
    pub(super) version: Version,
    pub(super) history: Version,
    pub(super) card: Card,
}

impl Mirror {
    /// Rows first, then cards: what days count is read from cards as they were before.
    pub(super) async fn write(&mut self, batch: Batch) -> Result<(), MirrorError> {
        self.write_days(batch.days).await?;
        let mut cards = batch.cards.into_iter().collect::<Vec<_>>();
        self.write_histories(&mut cards).await?;
        self.name_customers(&batch.customers).await?;
        self.write_cards(cards).await
    }

    async fn write_days(&mut self, days: BTreeMap<DayOfStore, DayChange>) -> Result<(), MirrorError> {
        let mut changes = Vec::with_capacity(days.len());
        for (day, change) in days {
            let mut kept = match self.days.take(&day) {
                Some(kept) => kept,
                None => read_day(&*self.storage, &day).await?,
            };
            let mut rows: Vec<Row> = change.sums.into_iter().filter_map(|(counted, added)| kept.add(counted, added)).collect();
            rows.extend(change.entries);
            changes.push((day, kept, rows));
        }
        let storage = &*self.storage;
        let writes = changes.into_iter().map(|(day, mut kept, rows)| async move {
            kept.version = put_rows(storage, day.partition(), kept.version, rows).await?;
            Ok::<_, MirrorError>((day, kept))
        });
        let written: Vec<_> = stream::iter(writes).buffer_unordered(COMMITS_IN_FLIGHT_MAX).try_collect().await?;
        for (day, kept) in written {
            self.days.put(day, kept);
        }
        Ok(())
    }

    async fn write_histories(&self, cards: &mut [(String, CardChange)]) -> Result<(), MirrorError> {
        let storage = &*self.storage;
        let writes = cards.iter_mut().map(|(account, change)| async move {
            let rows = change.entries.clone();
            change.kept.history = put_rows(storage, layout::history(account), change.kept.history, rows).await?;
            Ok::<_, MirrorError>(())
        });
        stream::iter(writes).buffer_unordered(COMMITS_IN_FLIGHT_MAX).try_collect().await
    }

    /// Cards last. One that nothing new came to is as it was.
    async fn write_cards(&mut self, cards: Vec<(String, CardChange)>) -> Result<(), MirrorError> {
        let storage = &*self.storage;
        let writes = cards.into_iter().map(|(account, CardChange { mut kept, entries })| async move {
            if !entries.is_empty() {
                let card = commit(layout::card(&account), kept.version, encode(&kept.card), Vec::new());
                kept.version = storage.commit(card).await?.version;
            }
            Ok::<_, MirrorError>((account, kept))
        });
        let written: Vec<_> = stream::iter(writes).buffer_unordered(COMMITS_IN_FLIGHT_MAX).try_collect().await?;
        for (account, kept) in written {
            self.cards.put(account, kept);
        }
        Ok(())
    }

    /// Which account a customer belongs to: the last one whose card came to name them.
    async fn name_customers(&self, customers: &BTreeMap<String, String>) -> Result<(), MirrorError> {
        let storage = &*self.storage;
        let writes = customers.iter().map(|(customer, account)| async move {
            let partition = layout::customer(customer);
            let head = storage.head(&partition).await?;
            let (version, known) = head.map_or((Version::NONE, Bytes::new()), |head| (head.version, head.value));
            if known != account.as_bytes() {
                let account = Bytes::copy_from_slice(account.as_bytes());
                storage.commit(commit(partition, version, account, Vec::new())).await?;
            }
            Ok::<_, MirrorError>(())
        });
        stream::iter(writes).buffer_unordered(COMMITS_IN_FLIGHT_MAX).try_collect().await
    }
}

impl DayKept {
    /// The sum's row after what is new of these was added; none: it has them all.
    fn add(&mut self, counted: Counted, additions: Additions) -> Option<Row> {
        let new = || Sum { counted: counted.clone(), folded: super::Place::default(), numbers: Vec::new() };
        let sum = self.sums.entry(counted.clone()).or_insert_with(new);
        let before = sum.folded;
        // One outcome may add to a sum more than once: all of it is new, or none.
        for (place, numbers) in additions.into_iter().filter(|(place, _)| *place > before) {
            sum.folded = place;
            sum.numbers.resize(numbers.len().max(sum.numbers.len()), 0);
            for (total, number) in sum.numbers.iter_mut().zip(numbers) {
                *total = total.saturating_add(number);
            }
        }
        (sum.folded > before).then(|| Row { key: Sum::row_key(&counted), value: encode(&*sum) })
    }
}

/// Puts rows beside an empty head, in as many commits as they take: each row stands for itself.
async fn put_rows(
    storage: &dyn Storage,
    partition: Partition,
    mut version: Version,
    rows: Vec<Row>,
) -> Result<Version, MirrorError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let (mut some, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = rows.next_if(|row| {
            some.is_empty() || (some.len() < COMMIT_ROWS_MAX && row.value.len().saturating_add(bytes) <= COMMIT_ROW_BYTES_MAX)
        }) {
            bytes = bytes.saturating_add(row.value.len());
            some.push(row);
        }
        version = storage.commit(commit(partition.clone(), version, Bytes::new(), some)).await?.version;
    }
    Ok(version)
}

async fn read_day(storage: &dyn Storage, day: &DayOfStore) -> Result<DayKept, MirrorError> {
    let partition = day.partition();
    let Some(head) = storage.head(&partition).await? else { return Ok(DayKept::default()) };
    let sums = read_sums(storage, &partition).await?.into_iter().map(|sum| (sum.counted.clone(), sum));
    Ok(DayKept { version: head.version, sums: sums.collect() })
}

/// Every sum of a day.
pub(super) async fn read_sums(storage: &dyn Storage, partition: &Partition) -> Result<Vec<Sum>, MirrorError> {
    let mut sums = Vec::new();
    let mut after: Option<Bytes> = None;
    loop {
        let rows = storage.rows(partition, SUM, after.as_deref(), SCAN_ENTRIES_MAX).await?;
        let Some(last) = rows.last() else { return Ok(sums) };
        after = Some(last.key.id.clone());
        for row in &rows {
            sums.push(decode("a sum of a day", &row.value)?);
        }
    }
}

//! Compares two mirrors, value by value: one that was made again equals the one before (P9).

use std::fmt;

use bytes::Bytes;
use tessera_storage::limits::SCAN_ENTRIES_MAX;
use tessera_storage::{Partition, Row, Space, Storage};

use super::MirrorError;
use super::layout::{KINDS, SPACES};

/// The first difference between two mirrors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The table.
    pub space: &'static str,
    /// The partition's key, as text.
    pub partition: String,
    /// What is there otherwise.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.space, self.partition, self.what)
    }
}

/// How much was compared, and the first difference; none: both are equal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Compared {
    /// Partitions that were looked at.
    pub partitions: u64,
    /// Rows that were looked at.
    pub rows: u64,
    /// The first difference.
    pub difference: Option<Difference>,
}

/// Compares everything in two mirrors that are folded equally far.
///
/// # Errors
/// One of the storages cannot be read.
pub async fn compare(one: &dyn Storage, other: &dyn Storage) -> Result<Compared, MirrorError> {
    let mut compared = Compared::default();
    for space in SPACES {
        let (keys, others) = (keys(one, space).await?, keys(other, space).await?);
        if let Some(key) = keys.iter().find(|key| others.binary_search(key).is_err()) {
            return Ok(compared.found(space, key, "is in the first mirror alone".to_owned()));
        }
        if let Some(key) = others.iter().find(|key| keys.binary_search(key).is_err()) {
            return Ok(compared.found(space, key, "is in the second mirror alone".to_owned()));
        }
        for key in keys {
            let partition = Partition { space, key };
            if let Some(what) = compare_partition(one, other, &partition, &mut compared).await? {
                return Ok(compared.found(space, &partition.key, what));
            }
        }
    }
    Ok(compared)
}

impl Compared {
    fn found(self, space: Space, key: &[u8], what: String) -> Self {
        let partition = String::from_utf8_lossy(key).into_owned();
        Self { difference: Some(Difference { space: space.0, partition, what }), ..self }
    }
}

/// Keys of a space, ascending.
async fn keys(storage: &dyn Storage, space: Space) -> Result<Vec<Bytes>, MirrorError> {
    let mut keys: Vec<Bytes> = Vec::new();
    let mut after: Option<Bytes> = None;
    loop {
        let heads = storage.heads(space, after.as_deref(), SCAN_ENTRIES_MAX).await?;
        let Some((last, _)) = heads.last() else { break };
        after = Some(last.clone());
        keys.extend(heads.into_iter().map(|(key, _)| key));
    }
    keys.sort_unstable();
    Ok(keys)
}

async fn compare_partition(
    one: &dyn Storage,
    other: &dyn Storage,
    partition: &Partition,
    compared: &mut Compared,
) -> Result<Option<String>, MirrorError> {
    compared.partitions = compared.partitions.saturating_add(1);
    let value = |head: Option<tessera_storage::Head>| head.map(|head| head.value);
    if value(one.head(partition).await?) != value(other.head(partition).await?) {
        return Ok(Some("the head differs".to_owned()));
    }
    for kind in KINDS {
        let mut after: Option<Bytes> = None;
        loop {
            let rows = one.rows(partition, kind, after.as_deref(), SCAN_ENTRIES_MAX).await?;
            let others = other.rows(partition, kind, after.as_deref(), SCAN_ENTRIES_MAX).await?;
            compared.rows = compared.rows.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
            if let Some(what) = first_difference(&rows, &others) {
                return Ok(Some(what));
            }
            let Some(last) = rows.last() else { break };
            after = Some(last.key.id.clone());
        }
    }
    Ok(None)
}

fn first_difference(rows: &[Row], others: &[Row]) -> Option<String> {
    if let Some((row, _)) = rows.iter().zip(others).find(|(row, other)| row != other) {
        return Some(format!("{} differs", name(row)));
    }
    let longer = if rows.len() > others.len() { rows.get(others.len()) } else { others.get(rows.len()) };
    longer.map(|row| format!("{} is in one of them alone", name(row)))
}

fn name(row: &Row) -> String {
    let id: String = row.key.id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("row {} {id}", row.key.kind)
}

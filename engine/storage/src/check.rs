//! What a commit must look like before anybody looks into the tables: limits and form.

use std::collections::BTreeSet;

use crate::limits::{
    COMMIT_BYTES_MAX, COMMIT_CLAIMS_MAX, COMMIT_DELTAS_MAX, COMMIT_FEED_KINDS_MAX, COMMIT_HINTS_MAX, COMMIT_ROWS_MAX,
    KEY_BYTES_MAX, VALUE_BYTES_MAX,
};
use crate::{Commit, CommitError, Partition, Space, StorageError};

/// Checks a commit against the limits and the spaces that the storage was opened with.
///
/// Answers the bytes of all its keys and values.
pub(crate) fn commit(commit: &Commit, spaces: &[Space]) -> Result<usize, CommitError> {
    counts(commit)?;
    let mut total = Total(0);
    partition(&commit.partition, spaces)?;
    total.key("the partition's key", &commit.partition.key)?;
    total.value("the head", &commit.head)?;
    for row in &commit.rows {
        total.id("a row's id", &row.key.id)?;
        total.value("a row's value", &row.value)?;
    }
    for claim in &commit.claims {
        partition(&claim.partition, spaces)?;
        total.key("a claimed partition's key", &claim.partition.key)?;
        total.value("a claim's head", &claim.head)?;
    }
    for hint in &commit.hints {
        total.id("a hint's key", &hint.key)?;
        total.value("a hint's value", &hint.value)?;
    }
    for delta in &commit.deltas {
        total.key("a counter's key", &delta.key)?;
    }
    at_most("the sum of all keys and values, in bytes,", total.0, COMMIT_BYTES_MAX)?;
    no_doubles(commit)?;
    Ok(total.0)
}

/// Checks that a space is one that the storage was opened with.
pub(crate) fn space(space: Space, spaces: &[Space]) -> Result<usize, StorageError> {
    spaces
        .iter()
        .position(|known| *known == space)
        .ok_or_else(|| StorageError::Misuse(format!("the storage was not opened with the space «{}»", space.0)))
}

fn partition(partition: &Partition, spaces: &[Space]) -> Result<(), CommitError> {
    space(partition.space, spaces)?;
    Ok(())
}

fn counts(commit: &Commit) -> Result<(), CommitError> {
    at_most("the list of rows", commit.rows.len(), COMMIT_ROWS_MAX)?;
    at_most("the list of claims", commit.claims.len(), COMMIT_CLAIMS_MAX)?;
    at_most("the list of hints", commit.hints.len(), COMMIT_HINTS_MAX)?;
    at_most("the list of counter changes", commit.deltas.len(), COMMIT_DELTAS_MAX)?;
    at_most("the list of feed kinds", commit.feed_kinds.len(), COMMIT_FEED_KINDS_MAX)
}

/// A batch that writes one place twice has no meaning that a CQL cluster shares.
fn no_doubles(commit: &Commit) -> Result<(), CommitError> {
    let mut rows = BTreeSet::new();
    if commit.rows.len() > 1 && !commit.rows.iter().all(|row| rows.insert(&row.key)) {
        return Err(misuse("a commit puts the same row twice"));
    }
    if commit.claims.is_empty() {
        return Ok(());
    }
    let mut partitions = BTreeSet::from([&commit.partition]);
    if !commit.claims.iter().all(|claim| partitions.insert(&claim.partition)) {
        return Err(misuse("a commit claims the same partition twice, or its own"));
    }
    Ok(())
}

fn misuse(what: &str) -> CommitError {
    CommitError::Storage(StorageError::Misuse(what.to_owned()))
}

fn at_most(what: &'static str, actual: usize, limit: usize) -> Result<(), CommitError> {
    if actual > limit {
        return Err(CommitError::TooLarge { what, actual, limit });
    }
    Ok(())
}

/// The bytes counted so far.
struct Total(usize);

impl Total {
    fn key(&mut self, what: &'static str, bytes: &[u8]) -> Result<(), CommitError> {
        if bytes.is_empty() {
            return Err(misuse(&format!("{what} is empty")));
        }
        self.id(what, bytes)
    }

    fn id(&mut self, what: &'static str, bytes: &[u8]) -> Result<(), CommitError> {
        self.0 = self.0.saturating_add(bytes.len());
        at_most(what, bytes.len(), KEY_BYTES_MAX)
    }

    fn value(&mut self, what: &'static str, bytes: &[u8]) -> Result<(), CommitError> {
        self.0 = self.0.saturating_add(bytes.len());
        at_most(what, bytes.len(), VALUE_BYTES_MAX)
    }
}

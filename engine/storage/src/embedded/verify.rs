//! At every start: does everything that the log names really lie in the tables?
//!
//! The tables are written out one by one, so a journal that lost its middle can leave a log that
//! reaches the watermark beside heads and rows that do not. The log's records name every key that a
//! commit wrote; whatever can still have been in a journal is looked up.

use super::group::Tip;
use super::layout::{self, TableId};
use super::reader::Visible;
use super::record::{HeadWritten, Record};
use crate::{ChainHash, StorageError, Version, chain};

/// Checks the log's tail backwards: the chain without gaps, and every value that it names.
///
/// It goes back to `watermark` at least, and as far as `journal_bytes` of journals can reach: their
/// commits have at most as many bytes as they. Answers what is wrong, in words.
pub(crate) fn tail(visible: &Visible, tip: Tip, watermark: u64, journal_bytes: u64) -> Result<(), String> {
    let mut next: Option<(u64, Record)> = None;
    let mut sequence = tip.sequence;
    while sequence > 0 {
        let record = visible.record(sequence).map_err(|error| error.to_string())?;
        let record = record.ok_or_else(|| format!("commit {sequence} is missing from the log"))?;
        if let Some((later, after)) = &next {
            linked(record.chain, *later, after)?;
        }
        written(visible, sequence, &record).map_err(|error| error.to_string())??;
        let reached = tip.bytes_so_far.saturating_sub(record.bytes_so_far) > journal_bytes;
        if reached && sequence <= watermark {
            return Ok(());
        }
        next = Some((sequence, record));
        sequence = sequence.saturating_sub(1);
    }
    next.map_or(Ok(()), |(first, record)| linked(ChainHash::START, first, &record))
}

fn linked(before: ChainHash, sequence: u64, record: &Record) -> Result<(), String> {
    if chain::link(before, sequence, record.content) == record.chain {
        return Ok(());
    }
    Err(format!("commit {sequence} does not follow the one before it: the hash chain is broken"))
}

/// Every value that a commit wrote must be there, of that version or a later one.
fn written(visible: &Visible, sequence: u64, record: &Record) -> Result<Result<(), String>, StorageError> {
    for head in std::iter::once(&record.head).chain(&record.claims) {
        if let Some(table) = table(visible, head, |names, space| names.heads(space))?
            && !reaches(visible, table, &layout::head_key(&head.key), head.version)?
        {
            return Ok(Err(format!("a head that commit {sequence} wrote is missing")));
        }
    }
    if let Some(table) = table(visible, &record.head, |names, space| names.rows(space))? {
        for row in &record.rows {
            if !reaches(visible, table, &layout::row_key(&record.head.key, row), record.head.version)? {
                return Ok(Err(format!("a row that commit {sequence} wrote is missing")));
            }
        }
    }
    for counter in &record.counters {
        if !reaches(visible, TableId::COUNTERS, counter, Version(sequence))? {
            return Ok(Err(format!("a counter that commit {sequence} changed has lost the change")));
        }
    }
    Ok(Ok(()))
}

/// A value that rotted is there: it is damage for its readers, and no reason to serve nobody.
fn reaches(visible: &Visible, table: TableId, key: &[u8], version: Version) -> Result<bool, StorageError> {
    match visible.version(table, key) {
        Ok(found) => Ok(found.is_some_and(|found| found >= version)),
        Err(StorageError::Damaged { place, what }) => {
            tracing::error!(place, what, "a stored value is damaged: restore it from a copy");
            Ok(true)
        }
        Err(other) => Err(other),
    }
}

/// The table of a written head's space; none where this opening does not use the space.
fn table(
    visible: &Visible,
    head: &HeadWritten,
    find: impl Fn(&layout::Names, crate::Space) -> Result<TableId, StorageError>,
) -> Result<Option<TableId>, StorageError> {
    let names = &visible.tables().names;
    names.space(&head.space).map(|space| find(names, space)).transpose()
}

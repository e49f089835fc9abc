//! A commit made ready for the commit thread, on the thread of its caller.
//!
//! Everything that costs and does not depend on the commit's place in the order is done here:
//! checks, hashes, envelopes, keys. What is left for the one commit thread is to compare and to put.

use bytes::Bytes;
use fjall::Slice;

use super::layout::{self, Names, TableId};
use super::record;
use crate::chain::{self, ContentHash};
use crate::envelope::Stamp;
use crate::{Commit, CommitError, Delta, Space, Version, check};

/// The mark of a row, and of a commit in the log, that is shown in the feed.
pub(crate) const SHOWN: u8 = 1;

/// A value on its way into a table.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) table: TableId,
    pub(crate) key: Slice,
    /// In its envelope.
    pub(crate) value: Slice,
}

/// A head on its way, with the version that must be there.
#[derive(Clone, Debug)]
pub(crate) struct HeadPut {
    pub(crate) expected: Version,
    pub(crate) put: Put,
}

/// A commit ready for the commit thread.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) space: Space,
    pub(crate) content: ContentHash,
    pub(crate) head: HeadPut,
    pub(crate) claims: Vec<HeadPut>,
    pub(crate) rows: Vec<Put>,
    pub(crate) hints: Vec<Put>,
    pub(crate) deltas: Vec<Delta>,
    pub(crate) in_feed: bool,
    /// Of the log's record: all that does not depend on the order.
    pub(crate) record_body: Vec<u8>,
    /// Keys and values of the commit.
    pub(crate) bytes: usize,
}

/// Checks a commit and makes it ready.
pub(crate) fn prepare(names: &Names, commit: Commit) -> Result<Prepared, CommitError> {
    let bytes = check::commit(&commit, names.spaces())?;
    let content = chain::content(&commit);
    let mut record_body = Vec::with_capacity(256);
    record::encode_body(&commit, content, &mut record_body);
    let mut sealer = Sealer { names, scratch: Vec::with_capacity(bytes) };
    let head = sealer.head(commit.partition.space, &commit.partition.key, commit.expected, &commit.head)?;
    let version = Version(commit.expected.0.saturating_add(1));
    let rows_table = names.rows(commit.partition.space)?;
    let rows = commit.rows.iter().map(|row| {
        let mark = if commit.feed_kinds.contains(&row.key.kind) { SHOWN } else { 0 };
        let key = layout::row_key(&commit.partition.key, &row.key);
        sealer.put(rows_table, &key, Stamp { version, mark }, &row.value)
    });
    let rows = rows.collect();
    let hints = commit.hints.iter().map(|hint| {
        let key = layout::hint_key(hint.bucket, &hint.key);
        sealer.put(TableId::HINTS, &key, Stamp::default(), &hint.value)
    });
    let hints = hints.collect();
    let mut claims = Vec::with_capacity(commit.claims.len());
    for claim in &commit.claims {
        claims.push(sealer.head(claim.partition.space, &claim.partition.key, claim.expected, &claim.head)?);
    }
    assert_eq!(claims.len(), commit.claims.len(), "no claim is left out");
    Ok(Prepared {
        space: commit.partition.space,
        content,
        head,
        claims,
        rows,
        hints,
        in_feed: !commit.feed_kinds.is_empty(),
        deltas: commit.deltas,
        record_body,
        bytes,
    })
}

/// Puts values into envelopes, with one buffer for all of them.
struct Sealer<'a> {
    names: &'a Names,
    scratch: Vec<u8>,
}

impl Sealer<'_> {
    fn put(&mut self, table: TableId, key: &[u8], stamp: Stamp, value: &[u8]) -> Put {
        let value = self.names.seal(table, key, stamp, value, &mut self.scratch);
        Put { table, key: Slice::from(key), value }
    }

    fn head(&mut self, space: Space, key: &Bytes, expected: Version, value: &[u8]) -> Result<HeadPut, CommitError> {
        let stamp = Stamp { version: Version(expected.0.saturating_add(1)), mark: 0 };
        let put = self.put(self.names.heads(space)?, &layout::head_key(key), stamp, value);
        Ok(HeadPut { expected, put })
    }
}

//! The log's record of one commit: where it stands in the chain and which keys it wrote.
//!
//! One is kept for every commit, for ever: with it the whole chain can be checked without the values,
//! recovery can tell which values must be there, and the feed finds its rows.
//!
//! ```text
//! 32 bytes chain · u64 bytes of all commits so far · 32 bytes content
//! · bytes space · bytes key · u64 version · bytes feed kinds
//! · list rows: u8 kind, bytes id · list claims: bytes space, bytes key, u64 version
//! · list counters: bytes key
//! ```
//!
//! *bytes*, lists and numbers as in [`crate::chain`].

use bytes::Bytes;

use crate::chain::ContentHash;
use crate::codec::{Fields, count, put_bytes};
use crate::{ChainHash, Commit, RowKey, Version};

/// A head that a commit wrote: space, key, version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HeadWritten {
    pub(crate) space: Vec<u8>,
    pub(crate) key: Bytes,
    pub(crate) version: Version,
}

/// The record of one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) chain: ChainHash,
    /// Keys and values of all commits up to this one, in bytes: never more than their journals had.
    pub(crate) bytes_so_far: u64,
    pub(crate) content: ContentHash,
    pub(crate) head: HeadWritten,
    pub(crate) feed_kinds: Vec<u8>,
    pub(crate) rows: Vec<RowKey>,
    pub(crate) claims: Vec<HeadWritten>,
    pub(crate) counters: Vec<Bytes>,
}

/// The part of the record that is known before the commit has its place in the order.
pub(crate) fn encode_body(commit: &Commit, content: ContentHash, out: &mut Vec<u8>) {
    out.extend_from_slice(&content.0);
    put_bytes(out, commit.partition.space.0.as_bytes());
    put_bytes(out, &commit.partition.key);
    out.extend_from_slice(&commit.expected.0.saturating_add(1).to_be_bytes());
    put_bytes(out, &commit.feed_kinds);
    out.extend_from_slice(&count(commit.rows.len()));
    for row in &commit.rows {
        out.push(row.key.kind);
        put_bytes(out, &row.key.id);
    }
    out.extend_from_slice(&count(commit.claims.len()));
    for claim in &commit.claims {
        put_bytes(out, claim.partition.space.0.as_bytes());
        put_bytes(out, &claim.partition.key);
        out.extend_from_slice(&claim.expected.0.saturating_add(1).to_be_bytes());
    }
    out.extend_from_slice(&count(commit.deltas.len()));
    for delta in &commit.deltas {
        put_bytes(out, &delta.key);
    }
}

/// The whole record, over what is in `out`.
pub(crate) fn encode(chain: ChainHash, bytes_so_far: u64, body: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&chain.0);
    out.extend_from_slice(&bytes_so_far.to_be_bytes());
    out.extend_from_slice(body);
}

/// Reads a record; none where the bytes are not one.
pub(crate) fn decode(bytes: &[u8]) -> Option<Record> {
    let mut fields = Fields::new(bytes);
    let record = Record {
        chain: ChainHash(fields.array()?),
        bytes_so_far: fields.u64()?,
        content: ContentHash(fields.array()?),
        head: head(&mut fields)?,
        feed_kinds: fields.bytes()?.to_vec(),
        rows: list(&mut fields, |fields| Some(RowKey { kind: fields.u8()?, id: Bytes::copy_from_slice(fields.bytes()?) }))?,
        claims: list(&mut fields, head)?,
        counters: list(&mut fields, |fields| fields.bytes().map(Bytes::copy_from_slice))?,
    };
    fields.end().map(|()| record)
}

fn head(fields: &mut Fields<'_>) -> Option<HeadWritten> {
    Some(HeadWritten {
        space: fields.bytes()?.to_vec(),
        key: Bytes::copy_from_slice(fields.bytes()?),
        version: Version(fields.u64()?),
    })
}

fn list<T>(fields: &mut Fields<'_>, item: impl Fn(&mut Fields<'_>) -> Option<T>) -> Option<Vec<T>> {
    let count = fields.count()?;
    (0..count).map(|_| item(fields)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Claim, Delta, Partition, Row, Space};

    #[test]
    fn a_record_comes_back_and_a_cut_one_does_not() {
        let key = |key: &'static str| Bytes::from_static(key.as_bytes());
        let commit = Commit {
            partition: Partition { space: Space("things"), key: key("a") },
            expected: Version(4),
            head: key("head"),
            rows: vec![Row { key: RowKey { kind: 2, id: key("id") }, value: key("value") }],
            claims: vec![Claim {
                partition: Partition { space: Space("codes"), key: key("c") },
                expected: Version::NONE,
                head: key("claim"),
            }],
            hints: Vec::new(),
            deltas: vec![Delta { key: key("left"), amount: 3 }],
            feed_kinds: vec![2, 3],
        };
        let mut body = Vec::new();
        encode_body(&commit, ContentHash([9; 32]), &mut body);
        let mut bytes = Vec::new();
        encode(ChainHash([1; 32]), 77, &body, &mut bytes);
        let record = decode(&bytes).unwrap();
        assert_eq!((record.chain, record.bytes_so_far, record.content), (ChainHash([1; 32]), 77, ContentHash([9; 32])));
        assert_eq!(record.head, HeadWritten { space: b"things".to_vec(), key: key("a"), version: Version(5) });
        assert_eq!(record.feed_kinds, [2, 3]);
        assert_eq!(record.rows, [RowKey { kind: 2, id: key("id") }]);
        assert_eq!(record.claims, [HeadWritten { space: b"codes".to_vec(), key: key("c"), version: Version(1) }]);
        assert_eq!(record.counters, [key("left")]);
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None, "cut at {cut}");
        }
    }
}

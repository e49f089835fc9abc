//! Large values in storage: cut into pieces, complete once the head says so.

use blake3::Hash;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tessera_storage::{Commit, CommitError, Head, Partition, Row, RowKey, Storage, StorageError, Version};

use crate::layout::PIECE;

/// Bytes of a piece: a quarter of the largest value of a storage.
const PIECE_BYTES: usize = 256 * 1024;

/// The head of a large value.
#[derive(Serialize, Deserialize)]
struct Manifest {
    complete: bool,
    pieces: u32,
    length: u64,
    hash: [u8; 32],
}

/// A large value could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The storage refused a piece.
    #[error("storing {name}: {source}")]
    Commit {
        /// The value's name.
        name: String,
        /// Why.
        source: CommitError,
    },
    /// The storage could not read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A complete value that is another stands there.
    #[error("{name} holds another value already")]
    Taken {
        /// The value's name.
        name: String,
    },
    /// The pieces do not make the value that the head describes.
    #[error("{name} is damaged: its pieces do not fit its head")]
    Damaged {
        /// The value's name.
        name: String,
    },
}

fn name(partition: &Partition) -> String {
    format!("{}/{}", partition.space.0, String::from_utf8_lossy(&partition.key))
}

fn piece_key(number: u32) -> RowKey {
    RowKey { kind: PIECE, id: Bytes::copy_from_slice(&number.to_be_bytes()) }
}

/// Stores `value`, replacing what an interrupted attempt left there. A complete value is never replaced by another; the
/// same is taken as stored, and stored again only where its pieces are damaged.
///
/// # Errors
/// The storage refuses, somebody else stores there at the same time, or another complete value stands there.
pub(crate) async fn store(storage: &dyn Storage, partition: &Partition, value: &[u8]) -> Result<(), BlobError> {
    let hash = *blake3::hash(value).as_bytes();
    let pieces: Vec<&[u8]> = value.chunks(PIECE_BYTES).collect();
    let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let mut version = Version::NONE;
    if let Some(head) = storage.head(partition).await? {
        let there = manifest(partition, &head)?;
        if there.complete && there.hash != hash {
            return Err(BlobError::Taken { name: name(partition) });
        }
        if there.complete && pieces_of(storage, partition, &there).await?.is_some() {
            return Ok(());
        }
        version = head.version;
    }
    for (number, piece) in (0_u32..).zip(&pieces) {
        let manifest = Manifest { complete: false, pieces: count, length: 0, hash };
        let row = Row { key: piece_key(number), value: Bytes::copy_from_slice(piece) };
        version = put(storage, partition, version, &manifest, vec![row]).await?;
    }
    let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
    put(storage, partition, version, &Manifest { complete: true, pieces: count, length, hash }, Vec::new()).await?;
    Ok(())
}

async fn put(
    storage: &dyn Storage,
    partition: &Partition,
    expected: Version,
    manifest: &Manifest,
    rows: Vec<Row>,
) -> Result<Version, BlobError> {
    let head = postcard::to_stdvec(manifest).map_err(|_| BlobError::Damaged { name: name(partition) })?;
    let commit = Commit { rows, ..Commit::of_head(partition.clone(), expected, head) };
    let committed = storage.commit(commit).await.map_err(|source| BlobError::Commit { name: name(partition), source })?;
    Ok(committed.version)
}

/// Reads a large value; none where there is none or it was never completed.
///
/// # Errors
/// The storage cannot read, or the pieces do not fit.
pub(crate) async fn load(storage: &dyn Storage, partition: &Partition) -> Result<Option<Vec<u8>>, BlobError> {
    let Some(head) = storage.head(partition).await? else { return Ok(None) };
    let manifest = manifest(partition, &head)?;
    if !manifest.complete {
        return Ok(None);
    }
    let value = pieces_of(storage, partition, &manifest).await?;
    value.map(Some).ok_or_else(|| BlobError::Damaged { name: name(partition) })
}

fn manifest(partition: &Partition, head: &Head) -> Result<Manifest, BlobError> {
    postcard::from_bytes(&head.value).map_err(|_| BlobError::Damaged { name: name(partition) })
}

/// The value that a head describes; none where its pieces do not make it.
async fn pieces_of(storage: &dyn Storage, partition: &Partition, manifest: &Manifest) -> Result<Option<Vec<u8>>, BlobError> {
    let mut value = Vec::with_capacity(usize::try_from(manifest.length).unwrap_or(0));
    for number in 0..manifest.pieces {
        let Some(piece) = storage.row(partition, &piece_key(number)).await? else { return Ok(None) };
        value.extend_from_slice(&piece);
    }
    Ok((blake3::hash(&value) == Hash::from_bytes(manifest.hash)).then_some(value))
}

#[cfg(test)]
mod tests {
    use tessera_storage::MemoryStorage;

    use super::*;
    use crate::layout;

    #[tokio::test]
    async fn a_large_value_comes_back_whole_and_an_unfinished_one_does_not() {
        let storage = MemoryStorage::new(&layout::SPACES);
        let place = layout::program("revision/unfinished");
        assert_eq!(load(&storage, &place).await.unwrap(), None);
        for length in [0, 1, PIECE_BYTES, PIECE_BYTES * 3 + 7] {
            let place = layout::program(&format!("revision/{length}"));
            let value: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            store(&storage, &place, &value).await.unwrap();
            assert_eq!(load(&storage, &place).await.unwrap(), Some(value));
        }
        let unfinished = Manifest { complete: false, pieces: 1, length: 0, hash: [0; 32] };
        put(&storage, &place, Version::NONE, &unfinished, Vec::new()).await.unwrap();
        assert_eq!(load(&storage, &place).await.unwrap(), None);
        store(&storage, &place, b"again").await.unwrap();
        assert_eq!(load(&storage, &place).await.unwrap(), Some(b"again".to_vec()));
    }

    #[tokio::test]
    async fn a_complete_value_is_never_replaced_by_another() {
        let storage = MemoryStorage::new(&layout::SPACES);
        let place = layout::program("revision/1");
        store(&storage, &place, b"first").await.unwrap();
        let stored = storage.tip();
        store(&storage, &place, b"first").await.unwrap();
        assert_eq!(storage.tip(), stored, "the same is there already");
        let refused = store(&storage, &place, b"second").await.unwrap_err();
        assert!(matches!(refused, BlobError::Taken { .. }), "{refused}");
        assert_eq!(load(&storage, &place).await.unwrap(), Some(b"first".to_vec()));
        // Pieces that are damaged are mended by the same value.
        let version = storage.head(&place).await.unwrap().unwrap().version;
        let hash = *blake3::hash(b"first").as_bytes();
        let head = Manifest { complete: true, pieces: 1, length: 5, hash };
        let rotten = Row { key: piece_key(0), value: Bytes::from_static(b"fir") };
        put(&storage, &place, version, &head, vec![rotten]).await.unwrap();
        assert!(matches!(load(&storage, &place).await, Err(BlobError::Damaged { .. })));
        store(&storage, &place, b"first").await.unwrap();
        assert_eq!(load(&storage, &place).await.unwrap(), Some(b"first".to_vec()));
    }
}

//! Cursors: the id of the storage that made them and the sequence behind which to go on.

use bytes::Bytes;

use crate::codec::Fields;
use crate::{Cursor, StorageError};

/// The id of one storage, drawn when it is created.
pub(crate) type StorageId = [u8; 16];

/// The cursor behind a sequence.
pub(crate) fn encode(storage: &StorageId, sequence: u64) -> Cursor {
    let mut bytes = Vec::with_capacity(24);
    bytes.extend_from_slice(storage);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    assert_eq!(bytes.len(), 24, "a cursor has its fixed length");
    Cursor(Bytes::from(bytes))
}

/// The sequence behind which to go on; `tip` is the last there is.
pub(crate) fn decode(storage: &StorageId, tip: u64, cursor: &Cursor) -> Result<u64, StorageError> {
    if cursor.0.is_empty() {
        return Ok(0);
    }
    let mut fields = Fields::new(&cursor.0);
    let (Some(id), Some(sequence), Some(())) = (fields.array::<16>(), fields.u64(), fields.end()) else {
        return Err(StorageError::Misuse("this is not a cursor of a storage's feed".to_owned()));
    };
    if id != *storage {
        return Err(StorageError::Misuse(
            "the cursor was made by another storage: follow this one from its beginning".to_owned(),
        ));
    }
    if sequence > tip {
        return Err(StorageError::Misuse(format!(
            "the cursor stands at {sequence} and the storage ends at {tip}: it was restored from an older copy, \
             follow it from its beginning"
        )));
    }
    Ok(sequence)
}

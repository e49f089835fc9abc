//! The second route of a store whose link stays down: what waits as one file, and that file read again.

use std::io::{self, Write as _};
use std::path::Path;

use bytes::Bytes;

use super::record::{HEADER_BYTES, Header, Kind, Record, append, each_record};
use super::{Place, SpoolError, call_of, failure, read};
use crate::call::Call;
use crate::limits::EXPORT_ATTEMPTS_MAX;

/// Number of the one segment that an export is.
const SEGMENT: u64 = 1;

/// What an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Entries that were written.
    pub entries: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// One entry of an export.
#[derive(Debug, Clone)]
pub struct ExportedEntry {
    pub(crate) call: Call,
    pub(crate) id: String,
    pub(crate) request: Bytes,
    pub(crate) accepted_ms: i64,
}

impl ExportedEntry {
    /// The receipt id or request id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Writes everything that waits or is parked in a spool's folder to a new file, also while a gateway has it open.
///
/// # Errors
/// The folder cannot be read, or the file is there already or cannot be written.
pub fn export(folder: &Path, file: &Path) -> Result<Exported, SpoolError> {
    let numbers = entries_of(folder).map_err(failure("read", folder))?;
    let mut out = super::create_private(file).map_err(failure("create", file))?;
    let header = Header { segment: SEGMENT, first_sequence: 1, before: 0, before_bytes: 0 };
    let mut exported = Exported { entries: 0, bytes: u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX) };
    out.write_all(&header.encode()).map_err(failure("write", file))?;
    for place in numbers {
        // What was delivered since then need not travel.
        let Some(record) = read::record(folder, place) else { continue };
        exported.entries += 1;
        let record = Record { sequence: exported.entries, entry: exported.entries, ..record.of_kind(Kind::Entry) };
        let mut bytes = Vec::new();
        let length = append(&mut bytes, SEGMENT, exported.bytes, &record);
        out.write_all(&bytes).map_err(failure("write", file))?;
        exported.bytes += u64::try_from(length).unwrap_or(u64::MAX);
    }
    out.sync_all().map_err(failure("write", file))?;
    Ok(exported)
}

/// Where the entries of a folder lie, oldest first. A gateway that runs deletes files while this reads: then once more.
fn entries_of(folder: &Path) -> io::Result<Vec<Place>> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match read::log(folder, |_| ()) {
            Ok(log) => return Ok(log.index.places()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() && attempts < EXPORT_ATTEMPTS_MAX => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads an export, in the order in which its entries were accepted, and says how many of its records are damaged
/// or missing at its end or in its middle.
///
/// # Errors
/// The file cannot be read, or is no export.
pub fn read_export(file: &Path) -> Result<(Vec<ExportedEntry>, bool), SpoolError> {
    let bytes = Bytes::from(std::fs::read(file).map_err(failure("read", file))?);
    if Header::decode(&bytes).is_none_or(|header| header.segment != SEGMENT) {
        return Err(SpoolError::NoExport { path: file.to_owned() });
    }
    let mut entries = Vec::new();
    let mut read_bytes = HEADER_BYTES;
    let end = each_record(&bytes, SEGMENT, |place, record| {
        read_bytes += usize::try_from(place.bytes).unwrap_or_default();
        if let (Some(Kind::Entry), Some(call)) = (record.kind(), call_of(record.call)) {
            entries.push(ExportedEntry { call, id: record.id, request: record.request, accepted_ms: record.at_ms });
        }
    });
    Ok((entries, read_bytes == end && end == bytes.len()))
}

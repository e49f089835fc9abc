//! The second route of a store whose link stays down: what waits as one file, and that file read again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tessera_identity::Identity;
use tessera_proto::billing::v1::DeliveryRoute;

use super::record::{HEADER_BYTES, Header, Kind, Record, append, each_record};
use super::{Place, SpoolError, call_of, failure, read};
use crate::advice::{Route, with_route};
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

/// Writes everything that waits or is parked in a spool's folder to a new file, also while a gateway has it open. It
/// is written as `FILE.part` and gets its name when it is whole and on disk. Where there is a signer, each entry is signed: whoever
/// carries the file changes nothing in it that an engine would not notice.
///
/// # Errors
/// The folder cannot be read, or the file is there already or cannot be written.
pub fn export(folder: &Path, file: &Path, signer: Option<&Identity>) -> Result<Exported, SpoolError> {
    if file.try_exists().map_err(failure("look at", file))? {
        return Err(failure("create", file)(io::ErrorKind::AlreadyExists.into()));
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    // What an export left there that was ended before its end.
    if let Err(error) = fs::remove_file(&part)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(failure("replace", &part)(error));
    }
    let written = write_export(folder, &part, signer).and_then(|exported| {
        fs::rename(&part, file).map_err(failure("name", file))?;
        Ok(exported)
    });
    if written.is_err() {
        // The error that is told is the first one.
        let _ = fs::remove_file(&part);
    }
    let exported = written?;
    let above = file.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(above).and_then(|above| above.sync_all()).map_err(failure("write", above))?;
    Ok(exported)
}

fn write_export(folder: &Path, file: &Path, signer: Option<&Identity>) -> Result<Exported, SpoolError> {
    let mut places = entries_of(folder).map_err(failure("read", folder))?;
    let mut out = super::create_private(file).map_err(failure("create", file))?;
    let header = Header { segment: SEGMENT, first_sequence: 1, before: 0, before_bytes: 0 };
    let mut exported = Exported { entries: 0, bytes: u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX) };
    out.write_all(&header.encode()).map_err(failure("write", file))?;
    let numbers: Vec<u64> = places.keys().copied().collect();
    for number in numbers {
        // What was delivered since then need not travel.
        let Some(record) = entry(folder, &mut places, number)? else { continue };
        exported.entries += 1;
        let record = signed(record, signer);
        let record = Record { sequence: exported.entries, entry: exported.entries, ..record.of_kind(Kind::Entry) };
        write_record(&mut out, &mut exported.bytes, &record).map_err(failure("write", file))?;
    }
    let end = Record::mark(Kind::ExportEnd, exported.entries, 0, String::new());
    let end = Record { sequence: exported.entries.saturating_add(1), ..end };
    write_record(&mut out, &mut exported.bytes, &end).map_err(failure("write", file))?;
    out.sync_all().map_err(failure("write", file))?;
    Ok(exported)
}

/// An entry with the signature of the gateway that took it.
fn signed(mut record: Record, signer: Option<&Identity>) -> Record {
    if let (Some(_), Some(call)) = (signer, call_of(record.call)) {
        let route = Route { by: DeliveryRoute::Export, gateway_id: "", signer };
        record.request = with_route(call, &record.request, route, record.at_ms);
    }
    record
}

fn write_record(out: &mut File, at: &mut u64, record: &Record) -> io::Result<()> {
    let mut bytes = Vec::new();
    let length = append(&mut bytes, SEGMENT, *at, record);
    out.write_all(&bytes)?;
    *at += u64::try_from(length).map_err(io::Error::other)?;
    Ok(())
}

/// An entry's record. A gateway that runs may have moved it since `places` were read: then they are read again.
/// None: it was delivered.
fn entry(folder: &Path, places: &mut BTreeMap<u64, Place>, number: u64) -> Result<Option<Record>, SpoolError> {
    for _ in 0..EXPORT_ATTEMPTS_MAX {
        let Some(place) = places.get(&number) else { return Ok(None) };
        if let Some(record) = read::record(folder, *place) {
            return Ok(Some(record));
        }
        *places = entries_of(folder).map_err(failure("read", folder))?;
    }
    Err(failure("read all entries of", folder)(io::ErrorKind::InvalidData.into()))
}

/// Where the entries of a folder lie, oldest first. A gateway that runs deletes files while this reads: then once more.
fn entries_of(folder: &Path) -> io::Result<BTreeMap<u64, Place>> {
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

/// Reads an export, in the order in which its entries were accepted, and says whether it is whole: none of its records
/// is damaged or missing in its middle or at its end.
///
/// # Errors
/// The file cannot be read, or is no export.
pub fn read_export(file: &Path) -> Result<(Vec<ExportedEntry>, bool), SpoolError> {
    let bytes = Bytes::from(fs::read(file).map_err(failure("read", file))?);
    if Header::decode(&bytes).is_none_or(|header| header.segment != SEGMENT) {
        return Err(SpoolError::NoExport { path: file.to_owned() });
    }
    let mut entries = Vec::new();
    let mut read_bytes = HEADER_BYTES;
    let mut said = None;
    let end = each_record(&bytes, SEGMENT, |place, record| {
        read_bytes += usize::try_from(place.bytes).unwrap_or_default();
        match (record.kind(), call_of(record.call)) {
            (Some(Kind::Entry), Some(call)) => {
                entries.push(ExportedEntry { call, id: record.id, request: record.request, accepted_ms: record.at_ms });
            }
            (Some(Kind::ExportEnd), _) => said = usize::try_from(record.entry).ok(),
            (Some(Kind::Entry | Kind::Delivered | Kind::Parked | Kind::WaitingAgain) | None, _) => {}
        }
    });
    let whole = said == Some(entries.len()) && read_bytes == end && end == bytes.len();
    Ok((entries, whole))
}

//! Reads a folder of segments: at the start of a gateway, and for an export from one that runs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::index::Index;
use super::record::{FRAME_BYTES, HEADER_BYTES, Header, Kind, Place, Record, each_record, record_alone};
use super::{entry_of, segment_path};

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) index: Index,
    /// Records that are missing in the middle.
    pub(super) lost: u64,
    pub(super) next_sequence: u64,
    /// 0: there is none.
    pub(super) newest_segment: u64,
    /// How far the newest segment is to be believed, bytes.
    pub(super) good_bytes: u64,
}

/// Reads all segments of a folder; `also` sees each entry's record.
///
/// # Errors
/// The folder or a file in it cannot be read; not found: a file was done and deleted while this read.
pub(super) fn log(folder: &Path, mut also: impl FnMut(&Record)) -> io::Result<Log> {
    let segments = segments(folder)?;
    let headers: Vec<Option<Header>> = segments.iter().map(|segment| header(folder, *segment)).collect::<io::Result<_>>()?;
    let good: BTreeMap<u64, u64> = headers.iter().flatten().map(|header| (header.before, header.before_bytes)).collect();
    let mut log = Log { next_sequence: 1, ..Log::default() };
    let mut expected = None;
    for (segment, header) in segments.into_iter().zip(headers) {
        let mut file = Bytes::from(fs::read(segment_path(folder, segment))?);
        if let Some(good) = good.get(&segment) {
            file.truncate(usize::try_from(*good).unwrap_or(usize::MAX));
        }
        if let Some(header) = header {
            // Segments before the first one were done and deleted.
            let first = *expected.get_or_insert(header.first_sequence);
            log.lost += header.first_sequence.saturating_sub(first);
            expected = Some(first.max(header.first_sequence));
        }
        let end = each_record(&file, segment, |place, record| {
            let first = *expected.get_or_insert(record.sequence);
            log.lost += record.sequence.saturating_sub(first);
            expected = Some(first.max(record.sequence.saturating_add(1)));
            apply(&mut log.index, place, record, &mut also);
        });
        log.index.segments.entry(segment).or_default().file_bytes = u64::try_from(file.len()).unwrap_or(u64::MAX);
        log.good_bytes = u64::try_from(end).unwrap_or(u64::MAX);
        log.newest_segment = segment;
    }
    log.next_sequence = expected.unwrap_or(1);
    Ok(log)
}

fn apply(index: &mut Index, place: Place, record: Record, also: &mut impl FnMut(&Record)) {
    match record.kind() {
        Some(Kind::Entry) => {
            if let Some(entry) = entry_of(&record, place) {
                also(&record);
                index.insert(record.entry, entry);
            } else {
                tracing::error!(entry = record.entry, "an entry of a later version cannot be delivered by this one");
            }
        }
        Some(Kind::Delivered) => index.remove(record.entry),
        Some(Kind::Parked) => index.park(record.entry, record.reason, record.at_ms),
        Some(Kind::WaitingAgain) => drop(index.unpark(record.entry)),
        Some(Kind::ExportEnd) | None => {}
    }
}

/// One record from its place. None: it is damaged, or lies there no more.
pub(super) fn record(folder: &Path, place: Place) -> Option<Record> {
    let file = File::open(segment_path(folder, place.segment)).ok()?;
    let length = usize::try_from(place.bytes).ok().filter(|length| *length > FRAME_BYTES)?;
    // The hash covers the place, so the record is put where it lay.
    let mut bytes = vec![0; length];
    read_at(&file, &mut bytes, u64::from(place.at)).ok()?;
    record_alone(bytes.into(), place)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

/// The numbers of a folder's segments, in their order.
fn segments(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for file in fs::read_dir(folder)? {
        let name = file?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".spool"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn header(folder: &Path, segment: u64) -> io::Result<Option<Header>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    let limit = u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX);
    File::open(segment_path(folder, segment))?.take(limit).read_to_end(&mut bytes)?;
    Ok(Header::decode(&bytes).filter(|header| header.segment == segment))
}

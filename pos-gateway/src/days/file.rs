//! The files of the book: one a till and day, in a folder a date, each record under its length and hash. A record that a
//! power cut damaged is passed over.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use prost::Message as _;
use tessera_contract::till_day::TillDay;
use tessera_rules::id::{StoreId, TillId};

use super::DayState;
use crate::limits::RECORD_BYTES_MAX;

const MARK: [u8; 4] = *b"DAY1";
const LENGTH_BYTES: usize = 4;
const HASH_BYTES: usize = 16;
/// What the mark of a closed day says when its requests are gone.
const SHORT: &[u8] = b"ids";

/// A receipt or return as it is noted.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Noted {
    #[prost(string, tag = "1")]
    pub(super) receipt_id: String,
    #[prost(bool, tag = "2")]
    pub(super) is_return: bool,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) content: Vec<u8>,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) request: Bytes,
    #[prost(sint64, optional, tag = "5")]
    pub(super) accepted_ms: Option<i64>,
    /// When it was noted, milliseconds since 1970 by the gateway's clock.
    #[prost(sint64, tag = "6")]
    pub(super) noted_ms: i64,
}

impl Noted {
    pub(super) fn at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.noted_ms).ok()
    }
}

/// The days of a folder.
pub(super) fn days(folder: &Path) -> io::Result<BTreeMap<TillDay, DayState>> {
    let mut days = BTreeMap::new();
    fs::create_dir_all(folder)?;
    for date_folder in fs::read_dir(folder)? {
        let date_folder = date_folder?;
        let Some(date) = date_folder.file_name().to_str().and_then(|name| name.parse::<Date>().ok()) else { continue };
        for file in fs::read_dir(date_folder.path())? {
            let file = file?;
            let Some(day) = file.file_name().to_str().and_then(|name| day_of(name, date)) else { continue };
            let state = state(folder, &day, &file.metadata()?)?;
            days.insert(day, state);
        }
    }
    Ok(days)
}

fn state(folder: &Path, day: &TillDay, metadata: &Metadata) -> io::Result<DayState> {
    let last_noted = Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)?;
    let closed = match fs::read(path(folder, day, "closed")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        closed => Some(closed?),
    };
    let is_short = closed.as_deref() == Some(SHORT);
    let is_open = closed.is_none();
    let first_noted = if is_open { first_noted(&path(folder, day, "day"))? } else { None };
    let bytes = if is_short { 0 } else { metadata.len() };
    Ok(DayState { is_open, first_noted: first_noted.unwrap_or(last_noted), last_noted, is_short, bytes })
}

/// None: the first record is damaged.
fn first_noted(path: &Path) -> io::Result<Option<Timestamp>> {
    let most = MARK.len() + LENGTH_BYTES + HASH_BYTES + RECORD_BYTES_MAX;
    let mut bytes = Vec::new();
    File::open(path)?.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(first(&Bytes::from(bytes)).and_then(|(noted, _)| noted.at()))
}

/// Notes a receipt behind the last whole one; says by how many bytes.
pub(super) fn append(folder: &Path, day: &TillDay, noted: &Noted) -> io::Result<u64> {
    let path = path(folder, day, "day");
    if let Some(date_folder) = path.parent() {
        fs::create_dir_all(date_folder)?;
    }
    let record = record(noted)?;
    let mut file = for_us_alone().create(true).append(true).open(path)?;
    let before = file.seek(SeekFrom::End(0))?;
    if let Err(error) = file.write_all(&record) {
        // What is half written would hide what is noted behind it.
        file.set_len(before)?;
        return Err(error);
    }
    u64::try_from(record.len()).map_err(io::Error::other)
}

fn record(noted: &Noted) -> io::Result<Vec<u8>> {
    let payload = noted.encode_to_vec();
    let mut record = MARK.to_vec();
    record.extend_from_slice(&u32::try_from(payload.len()).map_err(io::Error::other)?.to_le_bytes());
    record.extend_from_slice(&hash(&payload));
    record.extend_from_slice(&payload);
    Ok(record)
}

fn for_us_alone() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Length of the file of a day; 0: there is none.
pub(super) fn bytes(folder: &Path, day: &TillDay) -> io::Result<u64> {
    match fs::metadata(path(folder, day, "day")) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// What was noted of a day, oldest first, and the length of what was read.
pub(super) fn read(folder: &Path, day: &TillDay) -> io::Result<(Vec<Noted>, u64)> {
    let mut bytes = Vec::new();
    match File::open(path(folder, day, "day")) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let length = u64::try_from(bytes.len()).map_err(io::Error::other)?;
    let mut rest = Bytes::from(bytes);
    let mut all = Vec::new();
    while !rest.is_empty() {
        match first(&rest) {
            Some((noted, length)) => {
                all.push(noted);
                rest = rest.slice(length..);
            }
            None => rest = rest.slice(next_mark(&rest)..),
        }
    }
    Ok((all, length))
}

/// Takes the requests out of a closed day.
pub(super) fn shorten(folder: &Path, day: &TillDay) -> io::Result<()> {
    let (whole, new) = (path(folder, day, "day"), path(folder, day, "new"));
    let noted_last = fs::metadata(&whole)?.modified()?;
    let (all, _) = read(folder, day)?;
    let mut file = for_us_alone().create(true).truncate(true).write(true).open(&new)?;
    for noted in all {
        file.write_all(&record(&Noted { request: Bytes::new(), ..noted })?)?;
    }
    file.set_modified(noted_last)?;
    file.sync_all()?;
    fs::rename(&new, &whole)?;
    fs::write(path(folder, day, "closed"), SHORT)
}

/// A day is closed as it is noted.
pub(super) fn close(folder: &Path, day: &TillDay) -> io::Result<()> {
    let marker = path(folder, day, "closed");
    if let Some(date_folder) = marker.parent() {
        fs::create_dir_all(date_folder)?;
    }
    File::create(marker).map(drop)
}

/// A day is closed no more.
pub(super) fn open_again(folder: &Path, day: &TillDay) -> io::Result<()> {
    match fs::remove_file(path(folder, day, "closed")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes a day out of the book.
pub(super) fn remove(folder: &Path, day: &TillDay) -> io::Result<()> {
    let path = path(folder, day, "day");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // Behind it: a mark without its day is none.
    open_again(folder, day)?;
    if let Some(date_folder) = path.parent() {
        // It goes with its last day.
        let _ = fs::remove_dir(date_folder);
    }
    Ok(())
}

/// Where the next record may begin, behind the first byte.
fn next_mark(bytes: &Bytes) -> usize {
    let behind = bytes.get(1..).unwrap_or_default();
    behind.windows(MARK.len()).position(|window| window == MARK).map_or(bytes.len(), |place| place + 1)
}

fn first(bytes: &Bytes) -> Option<(Noted, usize)> {
    let (length, rest) = bytes.strip_prefix(&MARK)?.split_first_chunk::<LENGTH_BYTES>()?;
    let (expected, rest) = rest.split_first_chunk::<HASH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length == 0 || length > RECORD_BYTES_MAX {
        return None;
    }
    let payload = rest.get(..length)?;
    if hash(payload) != *expected {
        return None;
    }
    let begin = MARK.len() + LENGTH_BYTES + HASH_BYTES;
    let noted = Noted::decode(bytes.slice(begin..begin + length)).ok()?;
    Some((noted, begin + length))
}

fn hash(payload: &[u8]) -> [u8; HASH_BYTES] {
    let mut short = [0; HASH_BYTES];
    let mut hasher = blake3::Hasher::new();
    hasher.update(payload).finalize_xof().fill(&mut short);
    short
}

/// Ids may hold what no file name can: they are written as hex digits.
fn path(folder: &Path, day: &TillDay, kind: &str) -> PathBuf {
    let hex = |id: &str| id.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let name = format!("{}-{}.{kind}", hex(day.store.as_str()), hex(day.till.as_str()));
    folder.join(day.date.to_string()).join(name)
}

fn day_of(name: &str, date: Date) -> Option<TillDay> {
    let (store, till) = name.strip_suffix(".day")?.split_once('-')?;
    Some(TillDay { store: StoreId::parse(&unhex(store)?).ok()?, till: TillId::parse(&unhex(till)?).ok()?, date })
}

fn unhex(text: &str) -> Option<String> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2).map(|pair| pair.iter().fold(0_u8, |byte, digit| (byte << 4) | digit));
    (digits.len() % 2 == 0).then(|| String::from_utf8(pairs.collect()).ok())?
}

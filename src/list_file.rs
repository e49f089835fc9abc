//! Files of customers for lists: CSV with a header that says what names them, one customer a row. Read row by row, so a
//! file of any size takes little memory; every fault is told with its line.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use blake3::Hasher;
use csv::ByteRecord;
use indicatif::ProgressBar;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::{ReadContext, read_list_rows};
use tessera_contract::refusal::Refusal;
use tessera_crm::notices::phone::{Region, normalised};
use tessera_proto::admin::v1::ListRow;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::customer_identity::Identity;

use crate::product_file::Faults;

mod encoding;

pub(crate) use encoding::Encoding;

/// Bytes that are looked at to tell commas from semicolons.
const LOOKED_AT_BYTES: usize = 4_096;
/// Columns that a header may have.
const COLUMNS: [(&str, Column); 7] = [
    ("card", Column::Card),
    ("card_number", Column::Card),
    ("phone", Column::Phone),
    ("qr", Column::Qr),
    ("customer", Column::Customer),
    ("customer_id", Column::Customer),
    ("until", Column::Until),
];

/// How a file is meant.
#[derive(Clone, Debug)]
pub(crate) struct Meant {
    /// Its characters.
    pub(crate) encoding: Encoding,
    /// The country of phone numbers that say none.
    pub(crate) region: Option<Region>,
    /// Until when customers are on the list whose row does not say it.
    pub(crate) until: Option<Timestamp>,
    /// The time zone of days.
    pub(crate) zone: TimeZone,
}

/// Why a file of customers cannot be used. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListFileError {
    /// It cannot be opened or read.
    #[error("the file {} cannot be read", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing is in it.
    #[error("the file {} names no customer; to empty a list: tessera segment clear NAME", file.display())]
    Empty {
        /// Which file.
        file: PathBuf,
    },
    /// It has faults.
    #[error("the file {} has {}", file.display(), faults)]
    Faults {
        /// Which file.
        file: PathBuf,
        /// What is wrong, by line.
        faults: Faults,
    },
}

/// A file without faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Checked {
    /// Its customers.
    pub(crate) rows: u64,
    /// What its rows hash to, whatever its encoding and columns.
    pub(crate) hash: [u8; 32],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Column {
    Card,
    Phone,
    Qr,
    Customer,
    Until,
}

/// A file being read.
pub(crate) struct Rows {
    reader: csv::Reader<Box<dyn Read>>,
    record: ByteRecord,
    columns: Vec<Option<Column>>,
    meant: Meant,
}

/// What is wrong with a row: its line, its column, the problem.
type RowFault = (u64, &'static str, String);

/// Reads a file whole without keeping it.
///
/// # Errors
/// It cannot be read, names nobody, or has faults: all of them.
pub(crate) fn check(file: &Path, meant: &Meant, progress: &ProgressBar) -> Result<Checked, ListFileError> {
    let mut faults = Faults::default();
    let mut hasher = Hasher::new();
    let mut rows = 0_u64;
    match Rows::open(file, meant.clone(), progress)? {
        Err((line, column, problem)) => faults.add(line, column, problem),
        Ok(mut read) => {
            while let Some(row) = read.next(file)? {
                match row {
                    Ok(row) => {
                        rows = rows.saturating_add(1);
                        hash(&mut hasher, &row);
                    }
                    Err((line, column, problem)) => faults.add(line, column, problem),
                }
            }
        }
    }
    if !faults.is_empty() {
        return Err(ListFileError::Faults { file: file.to_owned(), faults });
    }
    if rows == 0 {
        return Err(ListFileError::Empty { file: file.to_owned() });
    }
    Ok(Checked { rows, hash: *hasher.finalize().as_bytes() })
}

/// The rows of a file that was checked, in pieces.
///
/// # Errors
/// It cannot be read any more, or was changed meanwhile.
pub(crate) struct Pieces {
    file: PathBuf,
    rows: Rows,
    size: usize,
}

impl Pieces {
    /// Opens a file that was checked; rows before `skip` are left out.
    ///
    /// # Errors
    /// It cannot be read, or is not what was checked.
    pub(crate) fn open(file: &Path, meant: &Meant, skip: u64, size: usize) -> Result<Self, ListFileError> {
        let rows = Rows::open(file, meant.clone(), &ProgressBar::hidden())?.map_err(|_| changed(file))?;
        let mut pieces = Self { file: file.to_owned(), rows, size };
        for _ in 0..skip {
            pieces.row()?.ok_or_else(|| changed(file))?;
        }
        Ok(pieces)
    }

    /// The next rows; empty: these were all.
    ///
    /// # Errors
    /// It cannot be read, or is not what was checked.
    pub(crate) fn next(&mut self) -> Result<Vec<ListRow>, ListFileError> {
        let mut piece = Vec::with_capacity(self.size);
        while piece.len() < self.size {
            match self.row()? {
                Some(row) => piece.push(row),
                None => break,
            }
        }
        Ok(piece)
    }

    fn row(&mut self) -> Result<Option<ListRow>, ListFileError> {
        self.rows.next(&self.file)?.transpose().map_err(|_| changed(&self.file))
    }
}

impl Rows {
    fn open(file: &Path, meant: Meant, progress: &ProgressBar) -> Result<Result<Self, RowFault>, ListFileError> {
        let failed = |source| ListFileError::Read { file: file.to_owned(), source };
        let handle = File::open(file).map_err(failed)?;
        progress.set_length(handle.metadata().map_err(failed)?.len());
        let mut content = BufReader::new(progress.wrap_read(handle));
        let mut start = Vec::with_capacity(LOOKED_AT_BYTES);
        let looked_at = u64::try_from(LOOKED_AT_BYTES).unwrap_or(u64::MAX);
        content.by_ref().take(looked_at).read_to_end(&mut start).map_err(failed)?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Ok(Err((1, "", "is UTF-16: save the file as CSV in UTF-8".to_owned())));
        }
        let start = encoding::without_mark(start);
        let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = [b'\t', b';', b','].into_iter().find(|delimiter| header.contains(delimiter)).unwrap_or(b',');
        let whole: Box<dyn Read> = Box::new(io::Cursor::new(start).chain(content));
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(whole);
        let mut rows = Self { reader, record: ByteRecord::new(), columns: Vec::new(), meant };
        Ok(match rows.header(file)? {
            Some(fault) => Err(fault),
            None => Ok(rows),
        })
    }

    /// Reads the header; some: what is wrong with it.
    fn header(&mut self, file: &Path) -> Result<Option<RowFault>, ListFileError> {
        if !self.record(file)? {
            return Ok(None);
        }
        let named = |cell: &[u8]| {
            let name = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
            COLUMNS.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
        };
        self.columns = self.record.iter().map(named).collect();
        let names_somebody = self.columns.iter().flatten().any(|column| *column != Column::Until);
        let problem =
            "the first row must name the columns, one of them `card`, `phone`, `qr` or `customer_id`; `until` may stand beside";
        Ok((!names_somebody).then(|| (1, "", problem.to_owned())))
    }

    fn record(&mut self, file: &Path) -> Result<bool, ListFileError> {
        let read = self.reader.read_byte_record(&mut self.record);
        read.map_err(|error| ListFileError::Read { file: file.to_owned(), source: io::Error::from(error) })
    }

    /// The next customer; none: these were all.
    fn next(&mut self, file: &Path) -> Result<Option<Result<ListRow, RowFault>>, ListFileError> {
        while self.record(file)? {
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                return Ok(Some(self.row()));
            }
        }
        Ok(None)
    }

    fn row(&self) -> Result<ListRow, RowFault> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let (mut identity, mut until) = (None, self.meant.until);
        for (cell, column) in self.record.iter().zip(&self.columns) {
            let Some(column) = column else { continue };
            let cell = self.meant.encoding.decode(cell.trim_ascii());
            let cell = cell.map_err(|problem| (line, column.name(), problem.to_owned()))?;
            if cell.is_empty() {
                continue;
            }
            if *column == Column::Until {
                until = Some(moment(&cell, &self.meant.zone).map_err(|problem| (line, column.name(), problem))?);
            } else if identity.is_none() {
                identity = Some(self.identity(*column, &cell).map_err(|problem| (line, column.name(), problem))?);
            }
        }
        let customer = v1::CustomerIdentity { identity, entry_method: 0 };
        let row = ListRow { customer: Some(customer), until: until.map(timestamp_to_wire) };
        match read_list_rows(std::slice::from_ref(&row), &ReadContext { now: Timestamp::UNIX_EPOCH }) {
            Ok(_) => Ok(row),
            Err(Refusal::Invalid(faults)) => {
                let problem = faults.first().map(|fault| fault.description.to_string()).unwrap_or_default();
                Err((line, "", problem))
            }
            Err(refusal) => Err((line, "", refusal.support_text().into_owned())),
        }
    }

    fn identity(&self, column: Column, cell: &str) -> Result<Identity, String> {
        Ok(match column {
            Column::Card => Identity::CardNumber(cell.to_owned()),
            Column::Qr => Identity::Qr(cell.to_owned()),
            Column::Customer | Column::Until => Identity::CustomerId(cell.to_owned()),
            Column::Phone => {
                let number = normalised(cell, self.meant.region).map_err(|fault| fault.to_string())?;
                Identity::Phone(number.expose().clone())
            }
        })
    }
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Phone => "phone",
            Self::Qr => "qr",
            Self::Customer => "customer_id",
            Self::Until => "until",
        }
    }
}

/// Reads when somebody is no longer on a list: a day is meant from its first moment, in the zone.
///
/// # Errors
/// It is no day and no time.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let wanted = || "must be a day such as 2027-01-31, or a time".to_owned();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Ok(zoned.timestamp());
    }
    let local = text.parse::<Date>().map(|day| day.to_datetime(jiff::civil::Time::midnight()));
    let local = local.or_else(|_| text.parse::<DateTime>()).map_err(|_| wanted())?;
    zone.to_timestamp(local).map_err(|_| wanted())
}

fn changed(file: &Path) -> ListFileError {
    let source = io::Error::other("it was changed while it was loaded; load it again");
    ListFileError::Read { file: file.to_owned(), source }
}

/// What a row says, without what only its file says.
fn hash(hasher: &mut Hasher, row: &ListRow) {
    let identity = row.customer.as_ref().and_then(|customer| customer.identity.as_ref());
    let (kind, value): (u8, &str) = match identity {
        Some(Identity::CardNumber(value)) => (1, value),
        Some(Identity::Qr(value)) => (2, value),
        Some(Identity::Phone(value)) => (3, value),
        Some(Identity::CustomerId(value)) => (4, value),
        None => (0, ""),
    };
    hasher.update(&[kind]);
    hasher.update(&u64::try_from(value.len()).unwrap_or(u64::MAX).to_le_bytes());
    hasher.update(value.as_bytes());
    let until = row.until.as_ref().map_or(i64::MIN, |until| until.seconds);
    hasher.update(&until.to_le_bytes());
}

#[cfg(test)]
mod tests;

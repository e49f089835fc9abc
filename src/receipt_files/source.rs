//! Opens a file of receipts, plain or compressed, and reads it row by row; every fault names the file, the row and the
//! column.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use csv::{ErrorKind, StringRecord};
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use rust_decimal::Decimal;

use super::Format;
use super::fault::SHOWN_CHARACTERS_MAX;
pub(crate) use super::fault::SourceError;

/// The first two bytes of every gzip file (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Bytes read from the disk at once.
const READ_BYTES: usize = 1 << 16;

/// Remembers whether what was read so far ends with a line end.
struct LineEndWatch<R> {
    inner: R,
    ended: Arc<AtomicBool>,
}

impl<R: Read> Read for LineEndWatch<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(last) = buffer.get(..count).and_then(<[u8]>::last) {
            self.ended.store(matches!(*last, b'\n' | b'\r'), Ordering::Relaxed);
        }
        Ok(count)
    }
}

/// Opens a file as it lies on the disk; `progress` moves by the bytes read.
fn open_raw(file: &Path, progress: &ProgressBar) -> io::Result<impl Read + Send + use<>> {
    let handle = File::open(file)?;
    let metadata = handle.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    progress.set_length(metadata.len());
    Ok(progress.wrap_read(handle))
}

/// What a file holds, taken out of gzip where it lies in that.
fn plain(raw: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut raw = BufReader::with_capacity(READ_BYTES, raw);
    let mut magic = Vec::with_capacity(GZIP_MAGIC.len());
    let wanted = u64::try_from(GZIP_MAGIC.len()).unwrap_or(u64::MAX);
    (&mut raw).take(wanted).read_to_end(&mut magic)?;
    let compressed = magic == GZIP_MAGIC;
    let whole = io::Cursor::new(magic).chain(raw);
    Ok(if compressed { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// Opens a file, plain or gzip, to be read line by line.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn open_lines(file: &Path, progress: &ProgressBar) -> Result<BufReader<Box<dyn Read + Send>>, SourceError> {
    let open = |source| SourceError::Open { file: file.to_owned(), source };
    Ok(BufReader::with_capacity(READ_BYTES, plain(open_raw(file, progress).map_err(open)?).map_err(open)?))
}

/// A CSV file with a header, read row by row.
pub(crate) struct Table {
    file: PathBuf,
    columns: &'static [&'static str],
    reader: csv::Reader<Box<dyn Read + Send>>,
    record: StringRecord,
    row_last: u64,
    line_ended: Arc<AtomicBool>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("file", &self.file).field("row_last", &self.row_last).finish_non_exhaustive()
    }
}

impl Table {
    /// Opens a file and checks its header; `progress` moves by the bytes read from the disk.
    ///
    /// # Errors
    /// The file cannot be opened or read, is empty, or has other columns.
    pub(crate) fn open(file: &Path, columns: &'static [&'static str], progress: &ProgressBar) -> Result<Self, SourceError> {
        let open = |source| SourceError::Open { file: file.to_owned(), source };
        Self::read_from(file, columns, open_raw(file, progress).map_err(open)?)
    }

    fn read_from(file: &Path, columns: &'static [&'static str], raw: impl Read + Send + 'static) -> Result<Self, SourceError> {
        let content = plain(raw).map_err(|source| SourceError::Open { file: file.to_owned(), source })?;
        let line_ended = Arc::new(AtomicBool::new(true));
        let content: Box<dyn Read + Send> = Box::new(LineEndWatch { inner: content, ended: Arc::clone(&line_ended) });
        let reader = csv::ReaderBuilder::new().has_headers(false).buffer_capacity(READ_BYTES).from_reader(content);
        let mut table = Self { file: file.to_owned(), columns, reader, record: StringRecord::new(), row_last: 0, line_ended };
        table.check_header()?;
        Ok(table)
    }

    fn check_header(&mut self) -> Result<(), SourceError> {
        if !self.advance()? {
            return Err(SourceError::Empty { file: self.file.clone() });
        }
        let found: Vec<String> = self.record.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        if found == self.columns {
            return Ok(());
        }
        let fits = Format::TABLES.into_iter().find(|format| found == format.columns());
        Err(SourceError::Header { file: self.file.clone(), expected: self.columns, found, fits })
    }

    /// The next row, or none at the end of the file.
    ///
    /// # Errors
    /// The file is cut or damaged here.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, SourceError> {
        if !self.advance()? {
            return Ok(None);
        }
        Ok(Some(Row { file: &self.file, columns: self.columns, record: &self.record, number: self.row_last }))
    }

    fn advance(&mut self) -> Result<bool, SourceError> {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {
                self.row_last = self.record.position().map_or(self.row_last, csv::Position::line);
                Ok(true)
            }
            Ok(false) if self.line_ended.load(Ordering::Relaxed) => Ok(false),
            // A last row without a line end may be a whole one, or a row cut inside its last column: nobody can tell.
            Ok(false) => Err(SourceError::Cut { file: self.file.clone(), row_last: self.row_last.saturating_sub(1) }),
            Err(error) => Err(self.fault_of(error)),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the reader may learn new kinds of faults; each of them is a file that cannot be read"
    )]
    fn fault_of(&self, error: csv::Error) -> SourceError {
        let file = self.file.clone();
        let row_last = self.row_last;
        let row_of = |position: Option<&csv::Position>| position.map_or_else(|| row_last.saturating_add(1), csv::Position::line);
        match error.into_kind() {
            ErrorKind::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => SourceError::Cut { file, row_last },
            ErrorKind::Io(source) => SourceError::Read { file, row_last, source },
            ErrorKind::Utf8 { pos, err } => {
                let column = self.columns.get(err.field()).copied().unwrap_or("beyond the last");
                SourceError::Value { file, row: row_of(pos.as_ref()), column, problem: "is not valid UTF-8".to_owned() }
            }
            ErrorKind::UnequalLengths { pos, expected_len, len } => {
                SourceError::Columns { file, row: row_of(pos.as_ref()), expected: expected_len, found: len }
            }
            other => SourceError::Read { file, row_last, source: io::Error::other(format!("{other:?}")) },
        }
    }
}

/// One row of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'t> {
    file: &'t Path,
    columns: &'static [&'static str],
    record: &'t StringRecord,
    number: u64,
}

impl<'t> Row<'t> {
    /// The text of a column, by its place in the header.
    pub(crate) fn text(&self, column: usize) -> &'t str {
        self.record.get(column).unwrap_or_default()
    }

    /// A fault of this row in a column.
    pub(crate) fn fault(&self, column: usize, problem: impl fmt::Display) -> SourceError {
        let column = self.columns.get(column).copied().unwrap_or("unknown");
        SourceError::Value { file: self.file.to_owned(), row: self.number, column, problem: problem.to_string() }
    }

    /// A fault of this row in a column that says what is there and what should be.
    pub(crate) fn unreadable(&self, column: usize, wanted: &str) -> SourceError {
        let shown: String = self.text(column).chars().take(SHOWN_CHARACTERS_MAX).flat_map(char::escape_default).collect();
        self.fault(column, format_args!("`{shown}` is not {wanted}"))
    }

    /// A whole number.
    ///
    /// # Errors
    /// The column holds something else.
    pub(crate) fn whole(&self, column: usize) -> Result<i64, SourceError> {
        self.text(column).parse().map_err(|_| self.unreadable(column, "a whole number"))
    }

    /// A decimal number times ten to the power of `digits`, exact.
    ///
    /// # Errors
    /// The column holds something else, or more decimal places than `digits`.
    pub(crate) fn scaled(&self, column: usize, digits: u32) -> Result<i64, SourceError> {
        let number: Decimal = self.text(column).parse().map_err(|_| self.unreadable(column, "a decimal number"))?;
        let mut number = number.normalize();
        if number.scale() > digits {
            return Err(self.unreadable(column, &format!("a number of at most {digits} decimal places")));
        }
        number.rescale(digits);
        let fits = number.scale() == digits;
        i64::try_from(number.mantissa()).ok().filter(|_| fits).ok_or_else(|| self.unreadable(column, "a number of this size"))
    }
}

#[cfg(test)]
mod tests;

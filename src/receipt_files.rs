//! Files of real receipts, in the formats that they come in: the one way in which `replay` and `program simulate` read
//! them. A file is read whole: when it is broken anywhere nothing of it is used.

use std::fmt;
use std::io::{BufRead as _, Read as _};
use std::path::Path;

use clap::ValueEnum;
use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use tessera_rules::catalogue::Product;
use tessera_rules::money::Currency;

pub(crate) mod complete_journey;
pub(crate) mod fault;
pub(crate) mod json_lines;
pub(crate) mod online_retail;
pub(crate) mod sale;
pub(crate) mod source;
#[cfg(test)]
pub(crate) mod tests;

use fault::SourceError;
use sale::Import;

/// What editors on Windows put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes of the first line that are looked at to tell the format.
const FIRST_LINE_BYTES_MAX: u64 = 4_096;

/// What a file of receipts looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Invoices of a web shop (UCI Online Retail II): one row a line, in pounds.
    OnlineRetailIi,
    /// Grocery baskets of households (The Complete Journey): one row a line, in dollars.
    CompleteJourney,
    /// One receipt a line, as JSON with the contract's names, as `tessera till quote` takes it; a return as `tessera till
    /// return` takes it.
    JsonLines,
}

impl Format {
    /// Those that are tables with a header.
    const TABLES: [Self; 2] = [Self::OnlineRetailIi, Self::CompleteJourney];

    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::OnlineRetailIi => &online_retail::COLUMNS,
            Self::CompleteJourney => &complete_journey::COLUMNS,
            Self::JsonLines => &[],
        }
    }

    /// The format of a file, by how it begins.
    ///
    /// # Errors
    /// It cannot be opened or read, begins like none of the formats, or can be read only once.
    pub(crate) fn of(file: &Path) -> Result<Self, SourceError> {
        if !file.is_dir() && std::fs::metadata(file).is_ok_and(|found| !found.is_file()) {
            return Err(SourceError::Pipe { file: file.to_owned() });
        }
        let mut first = Vec::new();
        source::open_lines(file, &ProgressBar::hidden())?
            .take(FIRST_LINE_BYTES_MAX)
            .read_until(b'\n', &mut first)
            .map_err(|source| SourceError::Read { file: file.to_owned(), row_last: 0, source })?;
        let first = String::from_utf8_lossy(first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&first)).into_owned();
        if first.trim().is_empty() {
            return Err(SourceError::Empty { file: file.to_owned() });
        }
        if first.trim_start().starts_with('{') {
            return Ok(Self::JsonLines);
        }
        let columns: Vec<&str> = first.trim().split(',').map(|name| name.trim().trim_matches('"')).collect();
        let fits = Self::TABLES.into_iter().find(|format| columns == format.columns());
        fits.ok_or_else(|| SourceError::UnknownFormat { file: file.to_owned(), first_line: first.trim().to_owned() })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnlineRetailIi => "online-retail-ii",
            Self::CompleteJourney => "complete-journey",
            Self::JsonLines => "json-lines",
        })
    }
}

/// Reads a file of receipts, and the products that lie beside it.
///
/// # Errors
/// The file, or one beside it, cannot be used, or no receipt is in it.
pub(crate) fn import_file(file: &Path, format: Format, progress: &ProgressBar) -> Result<(Import, Vec<Product>), SourceError> {
    let (import, catalogue) = match format {
        Format::OnlineRetailIi => (online_retail::import(file, progress)?, Vec::new()),
        Format::CompleteJourney => {
            (complete_journey::import(file, progress)?, complete_journey::products::catalogue_beside(file)?)
        }
        Format::JsonLines => (json_lines::import(file, progress)?, Vec::new()),
    };
    if import.sales.is_empty() {
        return Err(SourceError::NoReceipts { file: file.to_owned() });
    }
    Ok((import, catalogue))
}

#[expect(
    clippy::expect_used,
    reason = "the callers name currencies of ISO 4217 that are in use; the importers' tests read with each"
)]
pub(crate) fn currency(code: &'static str) -> Currency {
    Currency::from_code(code).expect("a currency in use")
}

#[expect(clippy::expect_used, reason = "the callers name zones of the bundled IANA data; the importers' tests read with each")]
fn time_zone(name: &'static str) -> TimeZone {
    jiff::tz::TimeZoneDatabase::bundled().get(name).expect("a zone of the bundled data")
}

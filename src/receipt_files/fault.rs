//! What can be wrong with a file of receipts: each fault names the file, the row or line, and what is wanted.

use std::io;
use std::path::{Path, PathBuf};

use super::Format;

/// Characters of a value that a fault shows.
pub(super) const SHOWN_CHARACTERS_MAX: usize = 40;

/// Why a file cannot be used. Rows count from 1, the header included, as an editor counts them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The file cannot be opened.
    #[error("cannot open the file {}", file.display())]
    Open {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Reading it failed, or its compressed content is damaged.
    #[error("cannot read the file {} after row {row_last}: it is damaged or its disk is", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// The last row that was read whole.
        row_last: u64,
        /// Why.
        source: io::Error,
    },
    /// It ends where a row or a compressed block goes on.
    #[error("the file {} ends in the middle, after row {row_last}: it was cut short; fetch it again", file.display())]
    Cut {
        /// Which file.
        file: PathBuf,
        /// The last row that was read whole.
        row_last: u64,
    },
    /// Nothing is in it.
    #[error("the file {} is empty: not even a header is there", file.display())]
    Empty {
        /// Which file.
        file: PathBuf,
    },
    /// The header is another one.
    #[error("{}", header_text(file, expected, found, *fits))]
    Header {
        /// Which file.
        file: PathBuf,
        /// The columns that were expected.
        expected: &'static [&'static str],
        /// The columns that are there.
        found: Vec<String>,
        /// The format that the header does fit.
        fits: Option<Format>,
    },
    /// A row has too few or too many columns.
    #[error("the file {}, row {row}: {found} columns where {expected} are expected; the row is damaged or the file was cut there", file.display())]
    Columns {
        /// Which file.
        file: PathBuf,
        /// Which row.
        row: u64,
        /// How many columns the header has.
        expected: u64,
        /// How many the row has.
        found: u64,
    },
    /// A value cannot be.
    #[error("the file {}, row {row}, column `{column}`: {problem}", file.display())]
    Value {
        /// Which file.
        file: PathBuf,
        /// Which row.
        row: u64,
        /// Which column.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A line of a file of JSON lines cannot be.
    #[error("the file {}, line {line}{}: {problem}", file.display(), at_place(*column, field))]
    Line {
        /// Which file.
        file: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// Where on it, from 1, where that is known.
        column: Option<usize>,
        /// Path of the field; empty: the whole line.
        field: String,
        /// What is wrong with it, and what is wanted.
        problem: String,
    },
    /// What was read to tell its format would be lost.
    #[error("{} is a pipe, which can be read only once: say what is in it by --format", file.display())]
    Pipe {
        /// Which file.
        file: PathBuf,
    },
    /// Nobody can tell what the file holds.
    #[error("{}", unknown_text(file, first_line))]
    UnknownFormat {
        /// Which file.
        file: PathBuf,
        /// How it begins.
        first_line: String,
    },
    /// There is a header and nothing to replay.
    #[error("the file {} holds no receipt that can be settled or returned", file.display())]
    NoReceipts {
        /// Which file.
        file: PathBuf,
    },
}

fn header_text(file: &Path, expected: &[&str], found: &[String], fits: Option<Format>) -> String {
    let found: String = found.join(",").chars().take(300).collect();
    let mut text = format!(
        "the file {} has another format: expected the columns\n  {}\nfound\n  {found}",
        file.display(),
        expected.join(",")
    );
    if let Some(format) = fits {
        text.push_str(&format!("\nit fits --format {format}"));
    }
    text
}

fn at_place(column: Option<usize>, field: &str) -> String {
    let column = column.map(|column| format!(", column {column}")).unwrap_or_default();
    let field = if field.is_empty() { String::new() } else { format!(" ({field})") };
    format!("{column}{field}")
}

fn unknown_text(file: &Path, first_line: &str) -> String {
    let shown: String = first_line.chars().take(SHOWN_CHARACTERS_MAX).flat_map(char::escape_default).collect();
    let headers: String = Format::TABLES.iter().map(|format| format!("\n  {format}: {}", format.columns().join(","))).collect();
    format!(
        "the file {} is no file of receipts: it begins with `{shown}`; it must begin with one of these headers, or hold one receipt a line as a JSON object (--format json-lines){headers}",
        file.display()
    )
}

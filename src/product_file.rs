//! Product files: CSV with a header or one JSON object a line, plain or gzip. Every fault is told at once, with
//! its line and column.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tessera_rules::catalogue::{Catalogue, CatalogueError, Product};
use tessera_rules::id::{IdError, Sku};
use tessera_rules::limits::CATALOGUE_PRODUCTS_MAX;

mod json_lines;
mod price;
mod table;

/// The first two bytes of every gzip file (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// What editors on Windows put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes that are looked at to tell JSON from a table.
const LOOKED_AT_BYTES: usize = 4_096;
/// Faults that are shown; the rest is counted.
const FAULTS_SHOWN_MAX: usize = 100;
/// Longest name of a product, characters: what a line of a receipt can carry.
const NAME_CHARACTERS_MAX: usize = 128;
/// Characters of a value that a fault shows.
const SHOWN_CHARACTERS_MAX: usize = 40;

/// Why a product file cannot be used. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProductFileError {
    /// It cannot be opened or read.
    #[error("the product file {} cannot be read", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing is in it.
    #[error("the product file {} holds no product", file.display())]
    Empty {
        /// Which file.
        file: PathBuf,
    },
    /// It has faults.
    #[error("the product file {} has {}", file.display(), faults)]
    Faults {
        /// Which file.
        file: PathBuf,
        /// What is wrong, by line.
        faults: Faults,
    },
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// Its line, from 1.
    pub(crate) line: u64,
    /// Its column: a name of the header, or a place in the line. Empty: the whole line.
    pub(crate) column: String,
    /// What is wrong and what is wanted.
    pub(crate) problem: String,
}

/// All faults of a file by line; those beyond a hundred are only counted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Faults {
    shown: Vec<Fault>,
    more: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, line: u64, column: impl Into<String>, problem: impl Into<String>) {
        if self.shown.len() < FAULTS_SHOWN_MAX {
            self.shown.push(Fault { line, column: column.into(), problem: problem.into() });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.more.saturating_add(u64::try_from(self.shown.len()).unwrap_or(u64::MAX));
        write!(f, "{count} fault{}; nothing was loaded", if count == 1 { "" } else { "s" })?;
        for fault in &self.shown {
            write!(f, "\n  line {}", fault.line)?;
            if !fault.column.is_empty() {
                write!(f, ", column {}", fault.column)?;
            }
            write!(f, ": {}", fault.problem)?;
        }
        if self.more > 0 {
            write!(f, "\n  and {} more", self.more)?;
        }
        Ok(())
    }
}

/// Products and the lines they stand on, as far as they could be read.
#[derive(Debug, Default)]
struct Found {
    products: Vec<(u64, Product)>,
    faults: Faults,
}

impl Found {
    /// A catalogue holds no more: reading on would only fill memory.
    fn is_full(&self) -> bool {
        self.products.len() > CATALOGUE_PRODUCTS_MAX
    }
}

/// Reads all products of a file.
///
/// # Errors
/// The file cannot be read, is empty, or has faults: all of them, those between products too.
pub(crate) fn read(file: &Path) -> Result<Vec<Product>, ProductFileError> {
    let failed = |source| ProductFileError::Read { file: file.to_owned(), source };
    let handle = File::open(file).map_err(failed)?;
    let mut found = parse(handle).map_err(failed)?;
    check_together(&mut found);
    if !found.faults.is_empty() {
        found.faults.shown.sort_by_key(|fault| fault.line);
        return Err(ProductFileError::Faults { file: file.to_owned(), faults: found.faults });
    }
    if found.products.is_empty() {
        return Err(ProductFileError::Empty { file: file.to_owned() });
    }
    Ok(found.products.into_iter().map(|(_, product)| product).collect())
}

/// Reads the products of a text that is built in.
///
/// # Errors
/// As [`read`]; `name` stands where a file's name would.
pub(crate) fn read_text(name: &str, text: &'static str) -> Result<Vec<Product>, ProductFileError> {
    let file = PathBuf::from(name);
    let mut found = parse(text.as_bytes()).map_err(|source| ProductFileError::Read { file: file.clone(), source })?;
    check_together(&mut found);
    if found.faults.is_empty() {
        return Ok(found.products.into_iter().map(|(_, product)| product).collect());
    }
    Err(ProductFileError::Faults { file, faults: found.faults })
}

fn parse(raw: impl Read) -> io::Result<Found> {
    let mut raw = BufReader::new(raw);
    let start = take_start(&mut raw, GZIP_MAGIC.len())?;
    if start == GZIP_MAGIC {
        return parse_plain(MultiGzDecoder::new(Cursor::new(start).chain(raw)));
    }
    parse_plain(Cursor::new(start).chain(raw))
}

/// A text whose first sign is a brace is JSON; anything else is a table.
fn parse_plain(content: impl Read) -> io::Result<Found> {
    let mut content = BufReader::new(content);
    let start = take_start(&mut content, LOOKED_AT_BYTES)?;
    let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&start);
    let is_json = start.trim_ascii_start().starts_with(b"{");
    let content = Cursor::new(start).chain(content);
    if is_json { json_lines::parse(content) } else { table::parse(content) }
}

/// The first bytes, fewer where the file is shorter.
fn take_start(content: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(count);
    content.by_ref().take(u64::try_from(count).unwrap_or(u64::MAX)).read_to_end(&mut start)?;
    Ok(start)
}

/// What only shows between products, such as a number that stands twice, gets its line here.
fn check_together(found: &mut Found) {
    let products: Vec<Product> = found.products.iter().map(|(_, product)| product.clone()).collect();
    let mut first_lines: HashMap<&str, u64> = HashMap::new();
    match Catalogue::new(0, products) {
        Ok(_) => {}
        Err(error @ CatalogueError::TooMany { .. }) => found.faults.add(1, "", error.to_string()),
        Err(CatalogueError::Faults(faults)) => {
            for (line, product) in &found.products {
                first_lines.entry(product.sku.as_str()).or_insert(*line);
            }
            for fault in faults {
                let line = found.products.get(fault.place).map_or(0, |(line, _)| *line);
                let first = first_lines.get(fault.sku.as_str()).filter(|first| **first != line);
                let also = first.map_or_else(String::new, |first| format!(" (line {first})"));
                found.faults.add(line, "", format!("`{}`: {}{also}", fault.sku, fault.message));
            }
        }
    }
}

/// A value as a fault shows it.
fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(SHOWN_CHARACTERS_MAX).collect();
    if value.chars().nth(SHOWN_CHARACTERS_MAX).is_some() {
        text.push('…');
    }
    format!("«{text}»")
}

/// Reads a product's number.
fn sku(text: &str) -> Result<Sku, String> {
    Sku::parse(text).map_err(|error| match error {
        IdError::Character { .. } => "holds a control character".to_owned(),
        IdError::Empty | IdError::TooLong { .. } => error.to_string(),
    })
}

/// What is wrong with a name; none: nothing.
fn name_problem(name: &str) -> Option<String> {
    let characters = name.chars().count();
    if name.trim().is_empty() {
        return Some("must not be empty".to_owned());
    }
    if characters > NAME_CHARACTERS_MAX {
        return Some(format!("has {characters} characters, at most {NAME_CHARACTERS_MAX} are possible"));
    }
    name.chars().any(char::is_control).then(|| "holds a control character".to_owned())
}

#[cfg(test)]
mod tests;

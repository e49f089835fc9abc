//! Reads files of one JSON object a line: a `Receipt` of the contract in its standard JSON form, as `tessera till quote`
//! takes it, or a `ReturnRequest` (known by its `returnedAt`), as `tessera till return` takes it.
//!
//! Nothing is filled in: ids, times and dates must stand in the file, since they decide what campaigns give.

use std::io::{self, BufRead as _, Read as _};
use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tessera_contract::refusal::Refusal;
use tessera_proto::billing::v1;
use tessera_rules::money::Currency;

use super::BYTE_ORDER_MARK;
use super::fault::SourceError;
use super::sale::{Import, Sale, SetAside, Texts};
use super::source::open_lines;

/// Longest line, bytes: what a message may have, with room for the longer names of JSON.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How a line looks that can be read, for faults.
const EXAMPLE: &str = r#"{"receiptId":"S1/T1/20261122/7/a1","soldAt":"2026-11-22T09:00:00Z","businessDate":"2026-11-22","storeId":"S1","tillId":"T1","currencyCode":"EUR","lines":[{"lineId":"1","sku":"4711","quantityMilli":"2000","quantityKind":"QUANTITY_KIND_COUNTED","unitPriceMicros":"1250000","amountMinor":"250"}]}"#;

/// Reads the whole file; nothing of it is used when any line of it is broken.
///
/// # Errors
/// The file cannot be read, or a line is no receipt: with line, column and field.
pub(crate) fn import(file: &Path, progress: &ProgressBar) -> Result<Import, SourceError> {
    let mut content = open_lines(file, progress)?;
    let mut reader = Reader { file, line: 0, texts: Texts::default(), sales: Vec::new(), currency: None, lines_read: 0 };
    let mut text = Vec::new();
    let longest = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    loop {
        text.clear();
        let read = content.by_ref().take(longest).read_until(b'\n', &mut text).map_err(|error| reader.broken(error))?;
        if read == 0 {
            return reader.finish();
        }
        reader.line = reader.line.saturating_add(1);
        if text.len() > LINE_BYTES_MAX {
            return Err(reader.fault(None, "", format!("is longer than {LINE_BYTES_MAX} bytes; write one receipt a line")));
        }
        let text = if reader.line == 1 { text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text) } else { &text };
        if !text.trim_ascii().is_empty() {
            reader.add(text)?;
        }
    }
}

/// What tells a return from a receipt.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "returnedAt", alias = "returned_at", default)]
    returned_at: Option<IgnoredAny>,
}

/// The lines read so far.
struct Reader<'f> {
    file: &'f Path,
    line: u64,
    texts: Texts,
    sales: Vec<Arc<Sale>>,
    currency: Option<Currency>,
    lines_read: u64,
}

impl Reader<'_> {
    fn add(&mut self, text: &[u8]) -> Result<(), SourceError> {
        // What is no JSON at all is told by the reading of the message.
        let is_return = serde_json::from_slice::<Kind>(text).is_ok_and(|kind| kind.returned_at.is_some());
        let sale = if is_return { self.return_of(text)? } else { self.sale_of(text)? };
        self.currency.get_or_insert(sale.currency);
        self.lines_read = self.lines_read.saturating_add(u64::try_from(sale.lines.len()).unwrap_or(u64::MAX));
        self.sales.push(Arc::new(sale));
        Ok(())
    }

    fn sale_of(&mut self, text: &[u8]) -> Result<Sale, SourceError> {
        let receipt: v1::Receipt = self.message(text)?;
        Sale::of_receipt(receipt, &mut self.texts).map_err(|refusal| self.refused(&refusal))
    }

    fn return_of(&mut self, text: &[u8]) -> Result<Sale, SourceError> {
        let request: v1::ReturnRequest = self.message(text)?;
        Sale::of_return(request, &mut self.texts).map_err(|refusal| self.refused(&refusal))
    }

    fn message<M: DeserializeOwned>(&self, text: &[u8]) -> Result<M, SourceError> {
        let mut json = serde_json::Deserializer::from_slice(text);
        let message = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let (path, cause) = (error.path().to_string(), error.inner());
            // A `?` stands for a field whose name was not read, a `.` for the whole object.
            let field = path.trim_end_matches('?').trim_end_matches('.');
            self.fault(Some(cause.column()), field, without_place(&cause.to_string()))
        })?;
        json.end().map_err(|error| {
            let problem = "something stands behind the object; write one receipt a line";
            self.fault(Some(error.column()), "", problem.to_owned())
        })?;
        Ok(message)
    }

    /// Every fault of the line, the first one's field in front.
    fn refused(&self, refusal: &Refusal) -> SourceError {
        let Refusal::Invalid(faults) = refusal else {
            return self.fault(None, "", refusal.to_string());
        };
        let field = |path: &str| path.trim_start_matches("receipt.").to_owned();
        let told: Vec<String> =
            faults.iter().map(|fault| format!("{} {}", field(&fault.field), fault.description).trim().to_owned()).collect();
        self.fault(None, "", format!("{}\na line that can be read looks like this: {EXAMPLE}", told.join("; ")))
    }

    fn fault(&self, column: Option<usize>, field: &str, problem: String) -> SourceError {
        SourceError::Line { file: self.file.to_owned(), line: self.line, column, field: field.to_owned(), problem }
    }

    fn broken(&self, source: io::Error) -> SourceError {
        let (file, row_last) = (self.file.to_owned(), self.line);
        if source.kind() == io::ErrorKind::UnexpectedEof {
            return SourceError::Cut { file, row_last };
        }
        SourceError::Read { file, row_last, source }
    }

    fn finish(self) -> Result<Import, SourceError> {
        let currency = self.currency.ok_or_else(|| SourceError::NoReceipts { file: self.file.to_owned() })?;
        Ok(Import {
            receipts_read: u64::try_from(self.sales.len()).unwrap_or(u64::MAX),
            sales: self.sales,
            currency,
            lines_read: self.lines_read,
            set_aside: SetAside::default(),
            remarks: Vec::new(),
        })
    }
}

/// Each line is read by itself, so the place that the reader knows says `line 1` always.
fn without_place(problem: &str) -> String {
    problem.split(" at line ").next().unwrap_or(problem).to_owned()
}

#[cfg(test)]
mod tests;

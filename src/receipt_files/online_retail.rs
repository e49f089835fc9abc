//! Reads the invoices of a web shop, one row a line: sales, cancellations (`C`) and book-keeping rows (`A`).
//!
//! The lines of an invoice need not stand together, and may carry two times: the invoice's place and time are those of
//! its first row. Amounts are quantity × price, rounded half up to the penny, line by line.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use tessera_contract::limits::{CARD_CHARACTERS_MAX, CARD_CHARACTERS_MIN, TEXT_CHARACTERS_MAX};
use tessera_rules::id::{ReceiptId, Sku};
use tessera_rules::limits::{LINE_QUANTITY_MAX, UNIT_PRICE_MAX};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice, extend};
use tessera_rules::receipt::Measure;

use super::currency;
use super::sale::{AsideReason, Import, Sale, SaleKind, SaleLine, SetAside, Texts, receipt_id};
use super::source::{Row, SourceError, Table};

/// The columns, in this order.
pub(crate) const COLUMNS: [&str; 8] =
    ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"];

const INVOICE: usize = 0;
const STOCK_CODE: usize = 1;
const DESCRIPTION: usize = 2;
const QUANTITY: usize = 3;
const INVOICE_DATE: usize = 4;
const PRICE: usize = 5;
const CUSTOMER: usize = 6;

/// The file has one shop and names it nowhere.
const STORE_ID: &str = "WEB";
/// Times are the shop's local time.
const TIME_ZONE: &str = "Europe/London";
const CURRENCY_CODE: &str = "GBP";
/// Decimal places of a unit price on the wire.
const PRICE_DIGITS: u32 = 6;

/// Reads the whole file; nothing of it is used when anything in it is broken.
///
/// # Errors
/// The file cannot be read, has another format, is cut, or holds a value that cannot be: with row and column.
pub(crate) fn import(file: &Path, progress: &ProgressBar) -> Result<Import, SourceError> {
    let mut table = Table::open(file, &COLUMNS, progress)?;
    let mut invoices = Invoices::new();
    while let Some(row) = table.next_row()? {
        invoices.add(&row)?;
    }
    Ok(invoices.finish())
}

/// What becomes of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Sold,
    Returned,
    Aside(AsideReason),
}

/// Sorts a row by what kind of invoice it stands on and the signs of its numbers.
fn verdict(invoice: &str, quantity: Quantity, price: UnitPrice) -> Verdict {
    if invoice.starts_with('A') {
        return Verdict::Aside(AsideReason::Adjustment);
    }
    if price.is_negative() {
        return Verdict::Aside(AsideReason::NegativePrice);
    }
    match (invoice.starts_with('C'), quantity.is_negative()) {
        (true, true) => Verdict::Returned,
        (true, false) => Verdict::Aside(AsideReason::CancellationNotNegative),
        (false, true) if price.is_zero() => Verdict::Aside(AsideReason::WriteOff),
        (false, true) => Verdict::Aside(AsideReason::NegativeQuantity),
        (false, false) if quantity.is_zero() => Verdict::Aside(AsideReason::ZeroQuantity),
        (false, false) => Verdict::Sold,
    }
}

/// The invoices seen so far, in the order of their first rows.
struct Invoices {
    sales: Vec<Sale>,
    places: HashMap<String, usize>,
    texts: Texts,
    store_id: Arc<str>,
    time_zone: TimeZone,
    currency: Currency,
    lines_read: u64,
    set_aside: SetAside,
}

impl Invoices {
    fn new() -> Self {
        Self {
            sales: Vec::new(),
            places: HashMap::new(),
            texts: Texts::default(),
            store_id: Arc::from(STORE_ID),
            time_zone: super::time_zone(TIME_ZONE),
            currency: currency(CURRENCY_CODE),
            lines_read: 0,
            set_aside: SetAside::default(),
        }
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), SourceError> {
        self.lines_read = self.lines_read.saturating_add(1);
        let (quantity, price) = (quantity_of(row)?, price_of(row)?);
        let amount = extend(quantity, price, self.currency)
            .ok_or_else(|| row.fault(QUANTITY, "times the price is too large an amount"))?;
        let (at, date) = self.time_of(row)?;
        let invoice = row.text(INVOICE);
        let place = match self.places.get(invoice) {
            Some(place) => *place,
            None => self.open(row, at, date)?,
        };
        match verdict(invoice, quantity, price) {
            Verdict::Sold => self.push(row, place, (quantity, price, amount)),
            Verdict::Returned => self.push(row, place, (-quantity, price, -amount)),
            Verdict::Aside(reason) => {
                self.set_aside.add(reason, amount);
                Ok(())
            }
        }
    }

    /// A row of an invoice that was not seen before.
    fn open(&mut self, row: &Row<'_>, at: Timestamp, business_date: Date) -> Result<usize, SourceError> {
        let invoice = row.text(INVOICE);
        if invoice.is_empty() {
            return Err(row.fault(INVOICE, "must not be empty"));
        }
        let receipt_id = receipt_id(STORE_ID, business_date, invoice);
        ReceiptId::parse(&receipt_id).map_err(|error| row.fault(INVOICE, format_args!("the receipt id made of it {error}")))?;
        let kind = if invoice.starts_with('C') { SaleKind::Return } else { SaleKind::Settle };
        let card_number = self.card_of(row)?;
        let place = self.sales.len();
        self.sales.push(Sale {
            kind,
            receipt_id,
            store_id: Arc::clone(&self.store_id),
            at,
            business_date,
            customer: card_number,
            currency: self.currency,
            lines: Vec::new(),
            codes: Vec::new(),
            original: None,
            message: None,
        });
        self.places.insert(invoice.to_owned(), place);
        Ok(place)
    }

    fn push(
        &mut self,
        row: &Row<'_>,
        place: usize,
        (quantity, unit_price, amount): (Quantity, UnitPrice, Amount),
    ) -> Result<(), SourceError> {
        let card_number = self.card_of(row)?;
        let code = row.text(STOCK_CODE);
        Sku::parse(code).map_err(|error| row.fault(STOCK_CODE, error))?;
        let line = SaleLine {
            sku: self.texts.keep(code),
            description: self.description_of(row),
            quantity,
            measure: Measure::Counted,
            unit_price,
            amount,
        };
        let Some(sale) = self.sales.get_mut(place) else {
            return Err(row.fault(INVOICE, "names an invoice that was not kept"));
        };
        if sale.customer != card_number {
            return Err(row.fault(CUSTOMER, "differs from the customer on an earlier row of the same invoice"));
        }
        sale.lines.push(line);
        Ok(())
    }

    fn card_of(&mut self, row: &Row<'_>) -> Result<Option<Arc<str>>, SourceError> {
        let text = row.text(CUSTOMER).trim();
        if text.is_empty() {
            return Ok(None);
        }
        if !(CARD_CHARACTERS_MIN..=CARD_CHARACTERS_MAX).contains(&text.len())
            || !text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(row.fault(CUSTOMER, "is no customer number of 4 to 32 letters and digits"));
        }
        Ok(Some(self.texts.keep(text)))
    }

    /// The text as a till would show it: blanks at the ends and control characters left out, cut at the contract's length.
    fn description_of(&mut self, row: &Row<'_>) -> Arc<str> {
        let text = row.text(DESCRIPTION).trim();
        let fits = text.len() <= TEXT_CHARACTERS_MAX && !text.contains(char::is_control);
        if fits {
            return self.texts.keep(text);
        }
        let fitted: String = text.chars().filter(|character| !character.is_control()).take(TEXT_CHARACTERS_MAX).collect();
        self.texts.keep(&fitted)
    }

    fn time_of(&self, row: &Row<'_>) -> Result<(Timestamp, Date), SourceError> {
        let unreadable = || row.unreadable(INVOICE_DATE, "a time written YYYY-MM-DD HH:MM:SS");
        let local: DateTime = row.text(INVOICE_DATE).parse().map_err(|_| unreadable())?;
        let at = self.time_zone.to_ambiguous_timestamp(local).compatible().map_err(|_| unreadable())?;
        Ok((at, local.date()))
    }

    /// Leaves out the invoices without a usable line, which no till would send.
    fn finish(self) -> Import {
        let receipts_read = u64::try_from(self.sales.len()).unwrap_or(u64::MAX);
        let sales = self.sales.into_iter().filter(|sale| !sale.lines.is_empty()).map(Arc::new).collect();
        Import {
            sales,
            currency: self.currency,
            receipts_read,
            lines_read: self.lines_read,
            set_aside: self.set_aside,
            remarks: Vec::new(),
        }
    }
}

fn quantity_of(row: &Row<'_>) -> Result<Quantity, SourceError> {
    let milli = row.whole(QUANTITY)?.checked_mul(Quantity::ONE.milli());
    let fits = milli.filter(|milli| milli.unsigned_abs() <= LINE_QUANTITY_MAX.milli().unsigned_abs());
    fits.map(Quantity::from_milli).ok_or_else(|| row.unreadable(QUANTITY, "a quantity of at most a thousand million pieces"))
}

fn price_of(row: &Row<'_>) -> Result<UnitPrice, SourceError> {
    let micros = row.scaled(PRICE, PRICE_DIGITS)?;
    if micros.unsigned_abs() > UNIT_PRICE_MAX.micros().unsigned_abs() {
        return Err(row.unreadable(PRICE, "a price of at most a thousand million"));
    }
    Ok(UnitPrice::from_micros(micros))
}

#[cfg(test)]
mod tests;

//! Reads the grocery baskets of households, one row a line, and what lies beside them: products, coupons and which
//! household redeemed what.
//!
//! A line's amount is what it cost before loyalty discounts and coupon matches, since campaigns are to give those again.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tessera_rules::id::{ReceiptId, Sku, StoreId};
use tessera_rules::limits::{LINE_AMOUNT_MAX, LINE_QUANTITY_MAX};
use tessera_rules::money::{Amount, Currency, Quantity, unit_price};
use tessera_rules::receipt::Measure;

use super::currency;
use super::sale::{AsideReason, Import, Sale, SaleKind, SaleLine, SetAside, Texts, receipt_id};
use super::source::{Row, SourceError, Table};

pub(crate) mod coupons;
pub(crate) mod products;
pub(crate) mod program;

/// The columns of the receipts, in this order.
pub(crate) const COLUMNS: [&str; 11] = [
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
    "week",
    "transaction_timestamp",
];

const HOUSEHOLD: usize = 0;
const STORE: usize = 1;
const BASKET: usize = 2;
const PRODUCT: usize = 3;
const QUANTITY: usize = 4;
const SALES_VALUE: usize = 5;
const RETAIL_DISC: usize = 6;
const COUPON_MATCH_DISC: usize = 8;
const TIME: usize = 10;

/// Times are UTC; days are those of New York.
const TIME_ZONE: &str = "America/New_York";
const CURRENCY_CODE: &str = "USD";
const MINOR_DIGITS: u32 = 2;
/// Above so many units a quantity is the volume of petrol: the dearest shopping trolley holds fewer pieces of one article.
const COUNTED_UNITS_MAX: i64 = 100;
/// Digits to which household numbers are filled up: a card number has at least four.
const CARD_DIGITS: usize = 8;

/// Reads the whole file of receipts and, where they lie in the same folder, the coupons and their redemptions.
///
/// # Errors
/// A file cannot be read, has another format, is cut, or holds a value that cannot be: with row and column.
pub(crate) fn import(file: &Path, progress: &ProgressBar) -> Result<Import, SourceError> {
    let mut table = Table::open(file, &COLUMNS, progress)?;
    let mut baskets = Baskets::new();
    while let Some(row) = table.next_row()? {
        baskets.add(&row)?;
    }
    baskets.finish(file)
}

/// A household's number as a card number.
pub(crate) fn card_number(household: &str) -> String {
    format!("{household:0>CARD_DIGITS$}")
}

/// The baskets seen so far, in the order of their first rows.
struct Baskets {
    sales: Vec<Sale>,
    places: HashMap<u64, usize>,
    texts: Texts,
    no_description: Arc<str>,
    time_zone: TimeZone,
    currency: Currency,
    lines_read: u64,
    set_aside: SetAside,
}

impl Baskets {
    fn new() -> Self {
        Self {
            sales: Vec::new(),
            places: HashMap::new(),
            texts: Texts::default(),
            no_description: Arc::from(""),
            time_zone: super::time_zone(TIME_ZONE),
            currency: currency(CURRENCY_CODE),
            lines_read: 0,
            set_aside: SetAside::default(),
        }
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), SourceError> {
        self.lines_read = self.lines_read.saturating_add(1);
        let amount = amount_of(row)?;
        let units = row.whole(QUANTITY)?;
        let at: Timestamp = row.text(TIME).parse().map_err(|_| row.unreadable(TIME, "a time written YYYY-MM-DDTHH:MM:SSZ"))?;
        let basket = row.text(BASKET).parse().map_err(|_| row.unreadable(BASKET, "a basket number"))?;
        let place = match self.places.get(&basket) {
            Some(place) => *place,
            None => self.open(row, basket, at)?,
        };
        match units {
            0 => self.set_aside.add(AsideReason::ZeroQuantity, amount),
            ..0 => self.set_aside.add(AsideReason::NegativeQuantity, amount),
            1.. => self.push(row, place, units, amount)?,
        }
        Ok(())
    }

    /// A row of a basket that was not seen before.
    fn open(&mut self, row: &Row<'_>, basket: u64, at: Timestamp) -> Result<usize, SourceError> {
        let store = row.text(STORE);
        StoreId::parse(store).map_err(|error| row.fault(STORE, error))?;
        let business_date = self.date_of(at);
        let receipt_id = receipt_id(store, business_date, &basket.to_string());
        ReceiptId::parse(&receipt_id).map_err(|error| row.fault(BASKET, format_args!("the receipt id made of it {error}")))?;
        let card_number = self.card_of(row)?;
        let place = self.sales.len();
        self.sales.push(Sale {
            kind: SaleKind::Settle,
            receipt_id,
            store_id: self.texts.keep(store),
            at,
            business_date,
            customer: Some(card_number),
            currency: self.currency,
            lines: Vec::new(),
            codes: Vec::new(),
            original: None,
            message: None,
        });
        self.places.insert(basket, place);
        Ok(place)
    }

    fn push(&mut self, row: &Row<'_>, place: usize, units: i64, amount: Amount) -> Result<(), SourceError> {
        if amount.is_negative() {
            return Err(row.fault(SALES_VALUE, "and the discounts sum to less than nothing"));
        }
        let product = row.text(PRODUCT);
        Sku::parse(product).map_err(|error| row.fault(PRODUCT, error))?;
        let too_large = || row.unreadable(QUANTITY, "a quantity of at most a thousand million pieces");
        let milli = units.checked_mul(Quantity::ONE.milli()).filter(|milli| *milli <= LINE_QUANTITY_MAX.milli());
        let quantity = milli.map(Quantity::from_milli).ok_or_else(too_large)?;
        let line = SaleLine {
            sku: self.texts.keep(product),
            description: Arc::clone(&self.no_description),
            quantity,
            measure: if units > COUNTED_UNITS_MAX { Measure::Measured } else { Measure::Counted },
            unit_price: unit_price(amount, quantity, self.currency).ok_or_else(too_large)?,
            amount,
        };
        let card_number = self.card_of(row)?;
        let Some(sale) = self.sales.get_mut(place) else {
            return Err(row.fault(BASKET, "names a basket that was not kept"));
        };
        if sale.customer.as_ref() != Some(&card_number) {
            return Err(row.fault(HOUSEHOLD, "differs from the household on an earlier row of the same basket"));
        }
        sale.lines.push(line);
        Ok(())
    }

    fn card_of(&mut self, row: &Row<'_>) -> Result<Arc<str>, SourceError> {
        let household = row.text(HOUSEHOLD);
        if !is_household(household) {
            return Err(row.unreadable(HOUSEHOLD, "a household number"));
        }
        Ok(self.texts.keep(&card_number(household)))
    }

    fn date_of(&self, at: Timestamp) -> Date {
        self.time_zone.to_datetime(at).date()
    }

    /// Leaves out the baskets without a usable line, which no till would send, and shows the coupons with the others.
    fn finish(self, receipts: &Path) -> Result<Import, SourceError> {
        let receipts_read = u64::try_from(self.sales.len()).unwrap_or(u64::MAX);
        let mut sales = self.sales;
        sales.retain(|sale| !sale.lines.is_empty());
        let remarks = coupons::present(receipts, &mut sales)?;
        let sales = sales.into_iter().map(Arc::new).collect();
        Ok(Import {
            sales,
            currency: self.currency,
            receipts_read,
            lines_read: self.lines_read,
            set_aside: self.set_aside,
            remarks,
        })
    }
}

/// Whether a text is a household's number, short enough for a card number of fixed length.
fn is_household(text: &str) -> bool {
    (1..=CARD_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the line cost before discounts: `sales_value` has them taken off already.
fn amount_of(row: &Row<'_>) -> Result<Amount, SourceError> {
    let mut sum = Amount::ZERO;
    for column in [SALES_VALUE, RETAIL_DISC, COUPON_MATCH_DISC] {
        let minor = row.scaled(column, MINOR_DIGITS)?;
        if minor.unsigned_abs() > LINE_AMOUNT_MAX.minor().unsigned_abs() {
            return Err(row.unreadable(column, "an amount of at most ten thousand million"));
        }
        sum += Amount::from_minor(minor);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests;

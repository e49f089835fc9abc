//! Product files as a table: CSV with a header.

use std::collections::BTreeMap;
use std::io::{self, Read};

use csv::{ErrorKind, StringRecord};
use tessera_rules::catalogue::{Product, ProductKind};
use tessera_rules::id::{Sku, TaxCode};
use tessera_rules::money::UnitPrice;
use tessera_rules::receipt::Attribute;

use super::{Faults, Found, name_problem, price, shown};

/// What the name of an attribute's column begins with.
const ATTRIBUTE_PREFIX: &str = "attribute:";
/// Between several values of one attribute.
const VALUE_SEPARATOR: char = '|';
/// Between the steps of a category path.
const PATH_SEPARATOR: char = '/';
/// Columns that a header may have, beside attributes.
const COLUMNS: [(&str, Column); 11] = [
    ("sku", Column::Sku),
    ("name", Column::Name),
    ("kind", Column::Kind),
    ("tax_code", Column::TaxCode),
    ("price", Column::Price),
    ("no_discount", Column::NoDiscount),
    ("no_earn", Column::NoEarn),
    ("no_redeem", Column::NoRedeem),
    ("unit_price_min", Column::UnitPriceMin),
    ("unit_price_max", Column::UnitPriceMax),
    ("categories", Column::Categories),
];
/// Kinds of products as a table names them.
const KINDS: [(&str, ProductKind); 7] = [
    ("goods", ProductKind::Goods),
    ("service", ProductKind::Service),
    ("deposit", ProductKind::Deposit),
    ("certificate_sale", ProductKind::CertificateSale),
    ("top_up", ProductKind::TopUp),
    ("bag", ProductKind::Bag),
    ("donation", ProductKind::Donation),
];

/// What a column holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Column {
    Sku,
    Name,
    Kind,
    TaxCode,
    Price,
    NoDiscount,
    NoEarn,
    NoRedeem,
    UnitPriceMin,
    UnitPriceMax,
    Categories,
    Attribute(String),
}

pub(super) fn parse(content: impl Read) -> io::Result<Found> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
    let mut found = Found::default();
    let mut record = StringRecord::new();
    let mut header: Option<Header> = None;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                keep_on(error, &mut found.faults)?;
                continue;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        match &header {
            None => match Header::read(line, &record, &mut found.faults) {
                Some(read) => header = Some(read),
                None => break,
            },
            Some(header) => header.read_row(line, &record, &mut found),
        }
        if found.is_full() {
            break;
        }
    }
    Ok(found)
}

/// A row whose text is no UTF-8 is a fault of that row; any other error ends the reading.
fn keep_on(error: csv::Error, faults: &mut Faults) -> io::Result<()> {
    let line = error.position().map_or(0, csv::Position::line);
    if let ErrorKind::Utf8 { err, .. } = error.kind() {
        faults.add(line, err.field().saturating_add(1).to_string(), "is no UTF-8 text; save the file as UTF-8");
        return Ok(());
    }
    Err(io::Error::from(error))
}

/// The columns of a file, in its sequence.
struct Header {
    columns: Vec<(String, Column)>,
}

impl Header {
    /// None where no row can be read under it.
    fn read(line: u64, record: &StringRecord, faults: &mut Faults) -> Option<Self> {
        let mut columns = Vec::new();
        let mut places: BTreeMap<Column, usize> = BTreeMap::new();
        let mut good = true;
        for (place, name) in (1_usize..).zip(record.iter().map(str::trim)) {
            let problem = match column(name) {
                Ok(column) => match places.insert(column.clone(), place) {
                    None => {
                        columns.push((name.to_owned(), column));
                        continue;
                    }
                    Some(first) => format!("`{name}` stands in column {first} already"),
                },
                Err(problem) => problem,
            };
            faults.add(line, place.to_string(), problem);
            good = false;
        }
        for (name, needed) in COLUMNS.iter().take(2) {
            if !places.contains_key(needed) {
                faults.add(line, "", format!("the header has no column `{name}`; it must have `sku` and `name`"));
                good = false;
            }
        }
        good.then_some(Self { columns })
    }

    fn read_row(&self, line: u64, record: &StringRecord, found: &mut Found) {
        if record.len() != self.columns.len() {
            let problem =
                format!("has {} columns where the header has {}; is a quote missing?", record.len(), self.columns.len());
            return found.faults.add(line, "", problem);
        }
        let mut row = Row::default();
        let mut good = true;
        for ((name, column), value) in self.columns.iter().zip(record.iter().map(str::trim)) {
            if let Err(problem) = row.take(column, value) {
                found.faults.add(line, name, problem);
                good = false;
            }
        }
        if good && let Some(product) = row.into_product() {
            found.products.push((line, product));
        }
    }
}

/// What a header's name stands for.
fn column(name: &str) -> Result<Column, String> {
    if let Some(attribute) = name.strip_prefix(ATTRIBUTE_PREFIX) {
        return Some(attribute.trim()).filter(|attribute| !attribute.is_empty()).map_or_else(
            || Err(format!("`{name}` names no attribute; write `{ATTRIBUTE_PREFIX}brand`")),
            |attribute| Ok(Column::Attribute(attribute.to_owned())),
        );
    }
    if let Some((_, column)) = COLUMNS.iter().find(|(known, _)| *known == name) {
        return Ok(column.clone());
    }
    let known = COLUMNS.map(|(known, _)| known).join(", ");
    Err(format!("`{name}` is no column; known are {known}; for an attribute write `{ATTRIBUTE_PREFIX}{name}`"))
}

/// A row as far as it was read.
#[derive(Default)]
struct Row {
    sku: Option<Sku>,
    name: String,
    kind: ProductKind,
    tax_code: Option<TaxCode>,
    price: Option<UnitPrice>,
    no_discount: bool,
    no_earn: bool,
    no_redeem: bool,
    unit_price_min: Option<UnitPrice>,
    unit_price_max: Option<UnitPrice>,
    categories: Vec<String>,
    attributes: Vec<Attribute>,
}

impl Row {
    /// Takes one value; an empty one says nothing, but for number and name.
    fn take(&mut self, column: &Column, value: &str) -> Result<(), String> {
        match column {
            Column::Sku => self.sku = Some(super::sku(value)?),
            Column::Name => {
                name_problem(value).map_or(Ok(()), Err)?;
                value.clone_into(&mut self.name);
            }
            Column::Kind => self.kind = optional(value, kind)?.unwrap_or_default(),
            Column::TaxCode => {
                self.tax_code = optional(value, |code| TaxCode::parse(code).map_err(|error| format!("{} {error}", shown(code))))?;
            }
            Column::Price => self.price = optional(value, price::parse)?,
            Column::NoDiscount => self.no_discount = yes_or_no(value)?,
            Column::NoEarn => self.no_earn = yes_or_no(value)?,
            Column::NoRedeem => self.no_redeem = yes_or_no(value)?,
            Column::UnitPriceMin => self.unit_price_min = optional(value, price::parse)?,
            Column::UnitPriceMax => self.unit_price_max = optional(value, price::parse)?,
            Column::Categories => self.categories = steps(value, PATH_SEPARATOR),
            Column::Attribute(name) => {
                let values = steps(value, VALUE_SEPARATOR);
                self.attributes.extend(values.iter().map(|value| Attribute { name: name.into(), value: value.into() }));
            }
        }
        Ok(())
    }

    /// None where there is no number.
    fn into_product(self) -> Option<Product> {
        Some(Product {
            sku: self.sku?,
            name: self.name.into(),
            kind: self.kind,
            tax_code: self.tax_code,
            price: self.price,
            no_discount: self.no_discount,
            no_earn: self.no_earn,
            no_redeem: self.no_redeem,
            unit_price_min: self.unit_price_min,
            unit_price_max: self.unit_price_max,
            categories: self.categories.into_iter().map(Into::into).collect(),
            attributes: self.attributes,
        })
    }
}

fn optional<T>(value: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if value.is_empty() { Ok(None) } else { parse(value).map(Some) }
}

fn steps(value: &str, separator: char) -> Vec<String> {
    if value.is_empty() { Vec::new() } else { value.split(separator).map(|step| step.trim().to_owned()).collect() }
}

fn kind(value: &str) -> Result<ProductKind, String> {
    let known = KINDS.iter().find(|(name, _)| *name == value);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        let known = KINDS.map(|(name, _)| name).join(", ");
        format!("{} must be one of {known}, or empty for goods", shown(value))
    })
}

fn yes_or_no(value: &str) -> Result<bool, String> {
    match value {
        "yes" | "true" | "1" => Ok(true),
        "" | "no" | "false" | "0" => Ok(false),
        other => Err(format!("{} must be yes or no", shown(other))),
    }
}

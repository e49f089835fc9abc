//! Reads the lines of a receipt, and what sold and returned goods have in common.

use compact_str::CompactString;
use tessera_proto::billing::v1;
use tessera_rules::id::{LineId, Sku, TaxCode};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice, amount_tolerance, extend};
use tessera_rules::receipt::{Attribute, Line, Measure, Stage};

use super::field::Reader;
use crate::convert::{measure_from_wire, price_reason_from_wire};
use crate::fault::At;
use crate::limits::{
    ATTRIBUTES_MAX, LINE_AMOUNT_MINOR_MAX, LINE_QUANTITY_MILLI_MAX, LINES_MAX, MARKS_MAX, SHORT_TEXT_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX, UNIT_PRICE_MICROS_MAX,
};

/// The lines at `lines` below `above`; sold parts are looked at elsewhere, and only in a settle.
pub(super) fn lines(
    reader: &mut Reader,
    above: &At<'_>,
    wire: &[v1::Line],
    currency: Option<Currency>,
    stage: Stage,
) -> Vec<Line> {
    reader.line_count(&above.field("lines"), wire.len());
    reader.distinct(above, "lines", "line_id", wire.iter().map(|line| line.line_id.as_str()));
    let mut read = Vec::with_capacity(wire.len().min(LINES_MAX));
    for (index, wire) in wire.iter().enumerate().take(LINES_MAX) {
        let at = above.item("lines", index);
        let line = line(reader, &at, wire);
        if let (Some(line), Some(currency)) = (&line, currency) {
            tolerable(reader, &at, (line.quantity, line.unit_price, line.amount), currency);
        }
        if stage != Stage::Paid && !wire.sold_parts.is_empty() {
            reader.fault(&at.field("sold_parts"), "must be empty but in a settle");
        }
        read.extend(line);
    }
    read
}

fn line(reader: &mut Reader, at: &At<'_>, wire: &v1::Line) -> Option<Line> {
    let id = reader.minted_id(&at.field("line_id"), &wire.line_id, LineId::parse);
    reader.text(&at.field("description"), &wire.description, TEXT_CHARACTERS_MAX);
    let goods = goods(
        reader,
        at,
        &Goods {
            sku: &wire.sku,
            quantity_milli: wire.quantity_milli,
            quantity_kind: wire.quantity_kind,
            unit_price_micros: wire.unit_price_micros,
            amount_minor: wire.amount_minor,
            tax_code: &wire.tax_code,
        },
    );
    let regular_at = at.field("regular_unit_price_micros");
    let regular_unit_price = wire
        .regular_unit_price_micros
        .and_then(|micros| reader.range(&regular_at, micros, 0, UNIT_PRICE_MICROS_MAX))
        .map(UnitPrice::from_micros);
    let price_reason = reader.known::<v1::PriceReason>(&at.field("price_reason"), wire.price_reason);
    let marks = marks(reader, at, &wire.marks);
    let attributes = attributes(reader, at, &wire.attributes);
    let goods = goods?;
    Some(Line {
        id: id?,
        sku: goods.sku,
        quantity: goods.quantity,
        measure: goods.measure,
        unit_price: goods.unit_price,
        amount: goods.amount,
        regular_unit_price,
        price_reason: price_reason_from_wire(price_reason?),
        tax_code: goods.tax_code,
        marks,
        no_discount: wire.no_discount,
        no_earn: wire.no_earn,
        attributes,
    })
}

/// What sold and returned goods have in common, as the wire has it.
pub(super) struct Goods<'a> {
    pub(super) sku: &'a str,
    pub(super) quantity_milli: i64,
    pub(super) quantity_kind: i32,
    pub(super) unit_price_micros: i64,
    pub(super) amount_minor: i64,
    pub(super) tax_code: &'a str,
}

/// The same, read.
pub(super) struct GoodsRead {
    pub(super) sku: Sku,
    pub(super) quantity: Quantity,
    pub(super) measure: Measure,
    pub(super) unit_price: UnitPrice,
    pub(super) amount: Amount,
    pub(super) tax_code: Option<TaxCode>,
}

/// Reads what sold and returned goods have in common.
pub(super) fn goods(reader: &mut Reader, at: &At<'_>, wire: &Goods<'_>) -> Option<GoodsRead> {
    let sku = reader.sku(&at.field("sku"), wire.sku);
    let quantity_at = at.field("quantity_milli");
    let quantity = reader.range(&quantity_at, wire.quantity_milli, 1, LINE_QUANTITY_MILLI_MAX).map(Quantity::from_milli);
    let measure = reader.known::<v1::QuantityKind>(&at.field("quantity_kind"), wire.quantity_kind).map(measure_from_wire);
    if let (Some(quantity), Some(measure)) = (quantity, measure) {
        whole_where_counted(reader, &quantity_at, quantity, measure);
    }
    let unit_price = reader.range(&at.field("unit_price_micros"), wire.unit_price_micros, 0, UNIT_PRICE_MICROS_MAX);
    let amount = reader.range(&at.field("amount_minor"), wire.amount_minor, 0, LINE_AMOUNT_MINOR_MAX);
    let tax_code = reader.optional_id(&at.field("tax_code"), wire.tax_code, TaxCode::parse);
    Some(GoodsRead {
        sku: sku?,
        quantity: quantity?,
        measure: measure?,
        unit_price: UnitPrice::from_micros(unit_price?),
        amount: Amount::from_minor(amount?),
        tax_code,
    })
}

/// Counted goods come in whole pieces.
pub(super) fn whole_where_counted(reader: &mut Reader, at: &At<'_>, quantity: Quantity, measure: Measure) {
    match measure {
        Measure::Counted if !quantity.is_whole() => {
            reader.fault(at, "must be a multiple of 1,000: counted goods come in whole pieces (measured ones say MEASURED)");
        }
        Measure::Counted | Measure::Measured => {}
    }
}

/// The amount agrees with quantity × unit price within the contract's tolerance (H17).
pub(super) fn tolerable(reader: &mut Reader, at: &At<'_>, line: (Quantity, UnitPrice, Amount), currency: Currency) {
    let (quantity, unit_price, amount) = line;
    let Some(extended) = extend(quantity, unit_price, currency) else {
        reader.fault(&at.field("unit_price_micros"), "times the quantity does not fit an amount");
        return;
    };
    let apart = amount.minor().abs_diff(extended.minor());
    if apart > amount_tolerance(quantity, currency).minor().unsigned_abs() {
        reader.fault(
            &at.field("amount_minor"),
            "differs from quantity times unit price by more than max(1, half a micro times quantity, rounded up)",
        );
    }
}

pub(super) fn marks(reader: &mut Reader, above: &At<'_>, wire: &[String]) -> Vec<CompactString> {
    if wire.is_empty() {
        return Vec::new();
    }
    reader.length(&above.field("marks"), wire.len(), MARKS_MAX);
    let mut marks = Vec::with_capacity(wire.len().min(MARKS_MAX));
    for (index, mark) in wire.iter().enumerate().take(MARKS_MAX) {
        marks.extend(reader.required_text(&above.item("marks", index), mark, TEXT_CHARACTERS_MAX));
    }
    marks
}

/// The attributes at `attributes` below `above`.
pub(super) fn attributes(reader: &mut Reader, above: &At<'_>, wire: &[v1::Attribute]) -> Vec<Attribute> {
    if wire.is_empty() {
        return Vec::new();
    }
    reader.length(&above.field("attributes"), wire.len(), ATTRIBUTES_MAX);
    reader.distinct(above, "attributes", "name", wire.iter().map(|attribute| attribute.name.as_str()));
    let mut attributes = Vec::with_capacity(wire.len().min(ATTRIBUTES_MAX));
    for (index, attribute) in wire.iter().enumerate().take(ATTRIBUTES_MAX) {
        let at = above.item("attributes", index);
        let name = reader.required_text(&at.field("name"), &attribute.name, SHORT_TEXT_CHARACTERS_MAX);
        let value = reader.text(&at.field("value"), &attribute.value, TEXT_CHARACTERS_MAX).unwrap_or_default();
        attributes.extend(name.map(|name| Attribute { name, value }));
    }
    attributes
}

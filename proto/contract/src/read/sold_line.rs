//! Reads what was in fact sold: the parts of each line, and the lines that the engine had added.
//!
//! INVARIANT: of every sold line, the parts' amounts sum to what was rung up plus all adjustments (P6).

use tessera_proto::billing::v1;
use tessera_rules::decision::{Adjustment, Part};
use tessera_rules::id::{CampaignId, LineId, Sku, TaxCode};
use tessera_rules::money::{Amount, Quantity, UnitPrice};
use tessera_rules::receipt::{AddedGoods, Given, Line, Measure, Receipt};

use super::field::Reader;
use super::line::{marks, whole_where_counted};
use crate::convert::measure_from_wire;
use crate::fault::At;
use crate::limits::{
    ADJUSTMENTS_MAX, LINE_AMOUNT_MINOR_MAX, LINE_QUANTITY_MILLI_MAX, LINES_MAX, PARTS_MAX, TEXT_CHARACTERS_MAX,
    UNIT_PRICE_MICROS_MAX,
};
use crate::sold::{is_own_change, own_change};

/// A line as it was sold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SoldLine {
    /// The till's id, or one of the engine's own that begins with `+`.
    pub id: LineId,
    /// The article.
    pub sku: Sku,
    /// The till's tax code.
    pub tax_code: Option<TaxCode>,
    /// Counted or measured.
    pub measure: Measure,
    /// The engine added the line.
    pub added: bool,
    /// Excise or serial marks that came with it.
    pub marks: usize,
    /// Of an added line, the campaign of its first adjustment.
    pub added_by: Option<CampaignId>,
    /// As rung up; zero for an added line.
    pub rung_up: Amount,
    /// The till sent parts: the line was not simply sold as rung up.
    pub parts_were_sent: bool,
    /// How it was sold; never empty: a line without sold parts is one part as rung up. A change that
    /// the till made itself stands under the campaign [`own_change`].
    pub parts: Vec<Part>,
}

impl SoldLine {
    /// How much was sold, added units included.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.parts.iter().map(|part| part.quantity).sum()
    }

    /// What was paid for it.
    #[must_use]
    pub fn paid(&self) -> Amount {
        self.parts.iter().map(|part| part.amount).sum()
    }

    fn adjustments(&self) -> impl Iterator<Item = &Adjustment> {
        self.parts.iter().flat_map(|part| &part.adjustments)
    }
}

/// One sold line for each line of the receipt, in its order.
pub(super) fn sold_lines(reader: &mut Reader, above: &At<'_>, wire: &v1::Receipt, receipt: &Receipt) -> Vec<SoldLine> {
    let mut sold = Vec::with_capacity(receipt.lines.len());
    if receipt.lines.len() != wire.lines.len() {
        return sold; // A line has a fault of its own, so lines and wire lines cannot be matched.
    }
    for (index, (line, wire)) in receipt.lines.iter().zip(&wire.lines).enumerate() {
        sold.push(sold_line(reader, &above.item("lines", index), line, wire));
    }
    sold
}

fn sold_line(reader: &mut Reader, at: &At<'_>, line: &Line, wire: &v1::Line) -> SoldLine {
    let parts = if wire.sold_parts.is_empty() {
        vec![Part { quantity: line.quantity, unit_price: line.unit_price, amount: line.amount, adjustments: Vec::new() }]
    } else {
        parts(reader, at, &wire.sold_parts, line.tax_code.as_ref())
    };
    let sold = SoldLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        tax_code: line.tax_code.clone(),
        measure: line.measure,
        added: false,
        marks: line.marks.len(),
        added_by: None,
        rung_up: line.amount,
        parts_were_sent: !wire.sold_parts.is_empty(),
        parts,
    };
    if sold.parts_were_sent {
        check_sums(reader, &at.field("sold_parts"), &sold, Some(line.quantity));
    }
    sold
}

/// The lines at `added_lines` below `above`.
pub(super) fn added_lines(reader: &mut Reader, above: &At<'_>, wire: &[v1::AddedLine]) -> Vec<SoldLine> {
    reader.length(&above.field("added_lines"), wire.len(), LINES_MAX);
    reader.distinct(above, "added_lines", "line_id", wire.iter().map(|line| line.line_id.as_str()));
    let mut added = Vec::with_capacity(wire.len().min(LINES_MAX));
    for (index, wire) in wire.iter().enumerate().take(LINES_MAX) {
        added.extend(added_line(reader, &above.item("added_lines", index), wire));
    }
    added
}

fn added_line(reader: &mut Reader, at: &At<'_>, wire: &v1::AddedLine) -> Option<SoldLine> {
    let id_at = at.field("line_id");
    let id = reader.id(&id_at, &wire.line_id, LineId::parse);
    if id.as_ref().is_some_and(|id| !id.as_str().starts_with('+') || id.as_str().len() < 2) {
        reader.fault(&id_at, "must be the id that the answer gave, beginning with `+`");
    }
    let sku = reader.sku(&at.field("sku"), &wire.sku);
    reader.text(&at.field("description"), &wire.description, TEXT_CHARACTERS_MAX);
    let measure = reader.known::<v1::QuantityKind>(&at.field("quantity_kind"), wire.quantity_kind).map(measure_from_wire);
    let tax_code = reader.optional_id(&at.field("tax_code"), &wire.tax_code, TaxCode::parse);
    let marks = marks(reader, at, &wire.marks).len();
    let parts_at = at.field("sold_parts");
    if wire.sold_parts.is_empty() {
        reader.fault(&parts_at, "must hold at least one part");
    }
    let parts = parts(reader, at, &wire.sold_parts, tax_code.as_ref());
    let added_by = parts.iter().flat_map(|part| &part.adjustments).map(|adjustment| &adjustment.campaign).next();
    let added_by = added_by.filter(|campaign| !is_own_change(campaign)).cloned();
    let sold = SoldLine {
        id: id?,
        sku: sku?,
        tax_code,
        measure: measure?,
        added: true,
        marks,
        added_by,
        rung_up: Amount::ZERO,
        parts_were_sent: true,
        parts,
    };
    check_sums(reader, &parts_at, &sold, None);
    Some(sold)
}

/// The parts at `sold_parts` below `above`.
fn parts(reader: &mut Reader, above: &At<'_>, wire: &[v1::SoldPart], tax_code: Option<&TaxCode>) -> Vec<Part> {
    reader.length(&above.field("sold_parts"), wire.len(), PARTS_MAX);
    let mut parts = Vec::with_capacity(wire.len().min(PARTS_MAX));
    for (index, part) in wire.iter().enumerate().take(PARTS_MAX) {
        let at = above.item("sold_parts", index);
        let quantity = reader.range(&at.field("quantity_milli"), part.quantity_milli, 1, LINE_QUANTITY_MILLI_MAX);
        let unit_price = reader.range(&at.field("unit_price_micros"), part.unit_price_micros, 0, UNIT_PRICE_MICROS_MAX);
        let amount = reader.range(&at.field("amount_minor"), part.amount_minor, 0, LINE_AMOUNT_MINOR_MAX);
        let adjustments = adjustments(reader, &at, &part.adjustments, tax_code);
        if let (Some(quantity), Some(unit_price), Some(amount)) = (quantity, unit_price, amount) {
            parts.push(Part {
                quantity: Quantity::from_milli(quantity),
                unit_price: UnitPrice::from_micros(unit_price),
                amount: Amount::from_minor(amount),
                adjustments,
            });
        }
    }
    parts
}

fn adjustments(reader: &mut Reader, above: &At<'_>, wire: &[v1::Adjustment], tax_code: Option<&TaxCode>) -> Vec<Adjustment> {
    reader.length(&above.field("adjustments"), wire.len(), ADJUSTMENTS_MAX);
    let mut adjustments = Vec::with_capacity(wire.len().min(ADJUSTMENTS_MAX));
    for (index, adjustment) in wire.iter().enumerate().take(ADJUSTMENTS_MAX) {
        let at = above.item("adjustments", index);
        let campaign = campaign(reader, &at.field("campaign_id"), &adjustment.campaign_id);
        let amount =
            reader.range(&at.field("amount_minor"), adjustment.amount_minor, -LINE_AMOUNT_MINOR_MAX, LINE_AMOUNT_MINOR_MAX);
        if tax_code.is_none_or(|code| code.as_str() != adjustment.tax_code) {
            let tax_at = at.field("tax_code");
            if reader.optional_id(&tax_at, &adjustment.tax_code, TaxCode::parse).is_some() {
                reader.fault(&tax_at, "must be empty or the line's");
            }
        }
        let text = reader.text(&at.field("text"), &adjustment.text, TEXT_CHARACTERS_MAX).unwrap_or_default();
        if let (Some(campaign), Some(amount)) = (campaign, amount) {
            adjustments.push(Adjustment { campaign, amount: Amount::from_minor(amount), text });
        }
    }
    adjustments
}

fn campaign(reader: &mut Reader, at: &At<'_>, id: &str) -> Option<CampaignId> {
    if id.is_empty() {
        return own_change();
    }
    if id.starts_with('+') {
        reader.fault(at, "must not begin with `+`; the till's own change names no campaign");
        return None;
    }
    reader.id(at, id, CampaignId::parse)
}

/// Parts sum to the line: in quantity, but for units that a campaign added, and in amount.
fn check_sums(reader: &mut Reader, at: &At<'_>, sold: &SoldLine, rung_up: Option<Quantity>) {
    if !reader.is_clean() {
        return; // A part that could not be read is missing in the sums.
    }
    let quantity = sold.quantity();
    whole_where_counted(reader, at, quantity, sold.measure);
    if let Some(rung_up) = rung_up {
        let by_campaign = sold.adjustments().any(|adjustment| !is_own_change(&adjustment.campaign));
        if quantity < rung_up {
            reader.fault(at, "sum to less than the line's quantity; what was not sold is not on the receipt");
        } else if quantity > rung_up && !by_campaign {
            reader.fault(at, "sum to more than the line's quantity, and no campaign added units");
        }
    }
    let changed: Amount = sold.adjustments().map(|adjustment| adjustment.amount).sum();
    if sold.paid() != sold.rung_up + changed {
        reader.fault(at, "must sum to the line's amount_minor plus all adjustments");
    }
}

/// What the sale shows of each campaign, line after line: how much cheaper it made the line, and the units that it
/// added. Units are a campaign's where a part names it with an amount of 0.
pub(super) fn given(sold: &[SoldLine], receipt: &Receipt) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    for (place, line) in sold.iter().enumerate() {
        let rung_up = receipt.lines.get(place).filter(|_| !line.added);
        let mut added = line.quantity() - rung_up.map_or(Quantity::ZERO, |line| line.quantity);
        let mut own: Vec<Given> = Vec::new();
        for part in &line.parts {
            for adjustment in part.adjustments.iter().filter(|adjustment| !is_own_change(&adjustment.campaign)) {
                let quantity = if adjustment.amount == Amount::ZERO { added.min(part.quantity) } else { Quantity::ZERO };
                // Units of marked goods stand as a line of their own, and are worth what they cost on the one that they were
                // added to.
                let scanned = || receipt.lines.iter().find(|rung_up| line.marks > 0 && rung_up.sku == line.sku);
                let unit_price = rung_up.or_else(scanned).map(|line| line.unit_price);
                let goods = (quantity > Quantity::ZERO).then(|| AddedGoods { sku: line.sku.clone(), quantity, unit_price });
                let (campaign, line) = (adjustment.campaign.clone(), rung_up.map(|line| line.id.clone()));
                merge(&mut own, Given { campaign, line, amount: -adjustment.amount, added: Vec::from_iter(goods) });
                added -= quantity;
            }
        }
        given.extend(own.into_iter().map(|own| Given { amount: own.amount.max(Amount::ZERO), ..own }));
    }
    given
}

/// Joins what a line shows of one campaign.
fn merge(given: &mut Vec<Given>, one: Given) {
    match given.iter_mut().find(|other| other.campaign == one.campaign) {
        Some(other) => {
            other.amount += one.amount;
            other.added.extend(one.added);
        }
        None => given.push(one),
    }
}

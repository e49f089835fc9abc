//! Reads a return's request.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::return_request::Original;
use tessera_rules::id::{LineId, ReceiptId, Sku, TaxCode};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice};
use tessera_rules::receipt::{Attribute, Measure, Place};

use super::ReadContext;
use super::customer::{Identity, identity};
use super::delivery::{DeliveryInput, delivery};
use super::field::{Reader, check_contract_minor};
use super::line::{Goods, attributes, goods, tolerable};
use super::receipt::{FiscalDocument, InputNotes, TillDisplay, display, fiscal};
use super::tender::{TenderInput, tenders};
use crate::canonical::{ContentHash, return_hash};
use crate::fault::At;
use crate::limits::{CASH_ROUNDING_MINOR_MAX, LINES_MAX, SHORT_TEXT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX};
use crate::refusal::Refusal;

/// A return's request, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReturnInput {
    /// The return's own id.
    pub id: ReceiptId,
    /// Asked about or told.
    pub mode: ReturnMode,
    /// The receipt that the goods were sold on.
    pub original: OriginalReceipt,
    /// When the goods came back, by the till's clock.
    pub returned_at: Timestamp,
    /// The till's trading day.
    pub business_date: Date,
    /// Where, and by whom.
    pub place: Place,
    /// The currency; with an original it must be the original's, which only the engine can check.
    pub currency: Currency,
    /// How the customer was identified; none: the original's customer, or anonymous.
    pub customer: Option<Identity>,
    /// What comes back.
    pub lines: Vec<ReturnedLine>,
    /// How it is paid back; empty: not yet known.
    pub tenders: Vec<TenderInput>,
    /// Rounding of cash, outside all sums.
    pub cash_rounding: Amount,
    /// The fiscal document of the return.
    pub fiscal: Option<FiscalDocument>,
    /// Answered, never written.
    pub training: bool,
    /// The cashier's decisions on this return so far.
    pub attempt: u32,
    /// How the message travelled.
    pub delivery: DeliveryInput,
    /// What the till can show.
    pub display: TillDisplay,
    /// Language of the customer's texts, BCP 47.
    pub language: Option<CompactString>,
    /// What the return's id stands for.
    pub content_hash: ContentHash,
    /// What is out of the ordinary and no fault.
    pub notes: InputNotes,
}

/// Whether a return is asked about or told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReturnMode {
    /// What would be given back; writes nothing.
    Preview,
    /// It has been given back.
    Done,
}

/// The receipt that returned goods were sold on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OriginalReceipt {
    /// Not named: priced from the return's lines.
    Unnamed,
    /// By its id.
    Receipt(ReceiptId),
    /// By its fiscal document.
    Fiscal(FiscalDocument),
}

/// A position that comes back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReturnedLine {
    /// Unique in the return.
    pub id: LineId,
    /// The line of the original, added ones too.
    pub original_line: Option<LineId>,
    /// The article.
    pub sku: Sku,
    /// How much comes back, above zero.
    pub quantity: Quantity,
    /// Counted or measured.
    pub measure: Measure,
    /// Price of one unit that is given back, not negative.
    pub unit_price: UnitPrice,
    /// What is given back, not negative.
    pub amount: Amount,
    /// The till's tax code; none: the original's.
    pub tax_code: Option<TaxCode>,
    /// Why, as the till says.
    pub reason: Option<CompactString>,
    /// What else is known of the goods.
    pub attributes: Vec<Attribute>,
    /// The till's text of the goods.
    pub description: Option<CompactString>,
}

/// Reads a return's request.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_return(request: &v1::ReturnRequest, context: &ReadContext) -> Result<ReturnInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = return_goods(&mut reader, request);
    reader.finish(read)
}

fn return_goods(reader: &mut Reader, request: &v1::ReturnRequest) -> Option<ReturnInput> {
    let root = At::Request;
    let id = reader.minted_id(&root.field("receipt_id"), &request.receipt_id, ReceiptId::parse);
    let mode = mode(reader, request.mode);
    let original = original(reader, &root, request);
    let returned_at = reader.time(&root.field("returned_at"), request.returned_at.as_ref());
    let business_date = reader.date(&root.field("business_date"), &request.business_date);
    let place = reader.place(&root, &request.store_id, &request.till_id, &request.cashier_id);
    let currency = reader.currency(&root.field("currency_code"), &request.currency_code);
    let customer = request.customer.as_ref().and_then(|wire| identity(reader, &root.field("customer"), wire));
    let without_original = matches!(original, Some(OriginalReceipt::Unnamed));
    let lines = lines(reader, &root, request, currency, without_original);
    let tenders = tenders(reader, &root, &request.tenders);
    let rounding_at = root.field("cash_rounding_minor");
    let cash_rounding =
        reader.range(&rounding_at, request.cash_rounding_minor, -CASH_ROUNDING_MINOR_MAX, CASH_ROUNDING_MINOR_MAX);
    let fiscal = request.fiscal.as_ref().and_then(|wire| fiscal(reader, &root.field("fiscal"), wire));
    let delivery = delivery(reader, &root, request.delivery.as_ref());
    let display = display(reader, &root, request.till_columns, request.till_charset);
    let language = reader.language(&root.field("language"), &request.language);
    if !reader.is_clean() {
        return None;
    }
    Some(ReturnInput {
        id: id?,
        mode: mode?,
        original: original?,
        returned_at: returned_at?,
        business_date: business_date?,
        place: place?,
        currency: currency?,
        customer,
        lines,
        tenders,
        cash_rounding: Amount::from_minor(cash_rounding?),
        fiscal,
        training: request.training,
        attempt: request.attempt,
        delivery,
        display,
        language,
        content_hash: return_hash(request),
        notes: InputNotes::of(reader.now(), returned_at?, business_date?),
    })
}

fn mode(reader: &mut Reader, number: i32) -> Option<ReturnMode> {
    match reader.required::<v1::ReturnMode>(&At::Request.field("mode"), number)? {
        v1::ReturnMode::Unspecified => None,
        v1::ReturnMode::Preview => Some(ReturnMode::Preview),
        v1::ReturnMode::Done => Some(ReturnMode::Done),
    }
}

fn original(reader: &mut Reader, above: &At<'_>, request: &v1::ReturnRequest) -> Option<OriginalReceipt> {
    match &request.original {
        None => Some(OriginalReceipt::Unnamed),
        Some(Original::OriginalReceiptId(id)) => {
            let at = above.field("original_receipt_id");
            if *id == request.receipt_id {
                reader.fault(&at, "must differ from the return's own id");
            }
            reader.minted_id(&at, id, ReceiptId::parse).map(OriginalReceipt::Receipt)
        }
        Some(Original::OriginalFiscal(wire)) => {
            fiscal(reader, &above.field("original_fiscal"), wire).map(OriginalReceipt::Fiscal)
        }
    }
}

fn lines(
    reader: &mut Reader,
    above: &At<'_>,
    request: &v1::ReturnRequest,
    currency: Option<Currency>,
    without_original: bool,
) -> Vec<ReturnedLine> {
    reader.line_count(&above.field("lines"), request.lines.len());
    reader.distinct(above, "lines", "line_id", request.lines.iter().map(|line| line.line_id.as_str()));
    let mut read = Vec::with_capacity(request.lines.len().min(LINES_MAX));
    for (index, wire) in request.lines.iter().enumerate().take(LINES_MAX) {
        let at = above.item("lines", index);
        let line = line(reader, &at, wire);
        if let (Some(line), Some(currency), true) = (&line, currency, without_original) {
            tolerable(reader, &at, (line.quantity, line.unit_price, line.amount), currency);
        }
        read.extend(line);
    }
    read
}

fn line(reader: &mut Reader, at: &At<'_>, wire: &v1::ReturnedLine) -> Option<ReturnedLine> {
    let id = reader.minted_id(&at.field("line_id"), &wire.line_id, LineId::parse);
    let original_line = reader.optional_id(&at.field("original_line_id"), &wire.original_line_id, LineId::parse);
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
    let reason = reader.text(&at.field("reason"), &wire.reason, SHORT_TEXT_CHARACTERS_MAX);
    let attributes = attributes(reader, at, &wire.attributes);
    let description = reader.text(&at.field("description"), &wire.description, TEXT_CHARACTERS_MAX);
    let goods = goods?;
    Some(ReturnedLine {
        id: id?,
        original_line,
        sku: goods.sku,
        quantity: goods.quantity,
        measure: goods.measure,
        unit_price: goods.unit_price,
        amount: goods.amount,
        tax_code: goods.tax_code,
        reason,
        attributes,
        description,
    })
}

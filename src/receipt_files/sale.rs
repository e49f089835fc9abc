//! A sale as a file of receipts tells it, and the requests that a till makes of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use prost::Message;
use tessera_contract::CONTRACT_MINOR;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{
    CustomerIdentity, EntryMethod, Line, PresentedCode, QuantityKind, QuoteRequest, QuoteStage, Receipt, ReturnMode,
    ReturnRequest, ReturnedLine,
};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice};
use tessera_rules::receipt::Measure;

mod read;

pub(crate) use read::customer_key;

/// The boot nonce of every receipt id of a replay: constant, so that a repeat sends the same ids.
const BOOT_NONCE: &str = "0";
/// The one till of every store of a file; none of the files names tills.
pub(crate) const TILL_ID: &str = "1";

/// Whether goods were bought or came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SaleKind {
    /// Bought: quoted, then settled.
    Settle,
    /// Came back: a return without a receipt.
    Return,
}

/// One receipt of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sale {
    pub(crate) kind: SaleKind,
    /// As a till would have minted it, from the file's own number.
    pub(crate) receipt_id: String,
    pub(crate) store_id: Arc<str>,
    /// The receipt's first time in the file: the time of all its calls.
    pub(crate) at: Timestamp,
    pub(crate) business_date: Date,
    /// What identifies the customer, of files of rows the card number; none: anonymous.
    pub(crate) customer: Option<Arc<str>>,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<SaleLine>,
    /// Coupons shown at the till, distinct.
    pub(crate) codes: Vec<Arc<str>>,
    /// Of a return: the receipt whose goods came back, where one is named by its id.
    pub(crate) original: Option<Arc<str>>,
    /// The whole `Receipt`, or `ReturnRequest`, encoded, where the file tells more than stands above.
    pub(crate) message: Option<Box<[u8]>>,
}

/// One usable line; quantity above zero, amount not negative, also where goods came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SaleLine {
    pub(crate) sku: Arc<str>,
    /// The file's own text; empty: none.
    pub(crate) description: Arc<str>,
    pub(crate) quantity: Quantity,
    pub(crate) measure: Measure,
    pub(crate) unit_price: UnitPrice,
    pub(crate) amount: Amount,
}

/// `STORE/TILL/YYYYMMDD/SEQUENCE/NONCE`.
pub(crate) fn receipt_id(store_id: &str, business_date: Date, sequence: &str) -> String {
    format!("{store_id}/{TILL_ID}/{}/{sequence}/{BOOT_NONCE}", business_date.strftime("%Y%m%d"))
}

/// Everything that a file holds.
#[derive(Debug)]
pub(crate) struct Import {
    /// In the file's order of first appearance.
    pub(crate) sales: Vec<Arc<Sale>>,
    pub(crate) currency: Currency,
    /// Receipts in the file, those without a usable line among them.
    pub(crate) receipts_read: u64,
    pub(crate) lines_read: u64,
    pub(crate) set_aside: SetAside,
    /// What else is to be told, for people.
    pub(crate) remarks: Vec<String>,
}

/// Why the importer leaves a line out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum AsideReason {
    /// A book-keeping adjustment, no sale.
    Adjustment,
    /// A cancellation whose quantity is not below zero.
    CancellationNotNegative,
    /// A price below zero outside adjustments.
    NegativePrice,
    /// A quantity below zero with a price, outside cancellations.
    NegativeQuantity,
    /// A quantity below zero at price 0: stock written off.
    WriteOff,
    /// Nothing was sold.
    ZeroQuantity,
}

impl AsideReason {
    /// As the summary names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Adjustment => "ADJUSTMENT",
            Self::CancellationNotNegative => "CANCELLATION_NOT_NEGATIVE",
            Self::NegativePrice => "NEGATIVE_PRICE",
            Self::NegativeQuantity => "NEGATIVE_QUANTITY",
            Self::WriteOff => "WRITE_OFF",
            Self::ZeroQuantity => "ZERO_QUANTITY",
        }
    }

    /// For people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Adjustment => "book-keeping adjustment, not a sale",
            Self::CancellationNotNegative => "cancellation with a positive quantity",
            Self::NegativePrice => "price below zero",
            Self::NegativeQuantity => "quantity below zero on a sale",
            Self::WriteOff => "stock written off at price 0",
            Self::ZeroQuantity => "quantity 0",
        }
    }
}

/// Lines left out for one reason.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Aside {
    pub(crate) lines: u64,
    /// With the file's sign.
    pub(crate) amount: Amount,
}

/// Lines left out, by reason.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct SetAside(BTreeMap<AsideReason, Aside>);

impl SetAside {
    /// Counts one more line.
    pub(crate) fn add(&mut self, reason: AsideReason, amount: Amount) {
        let aside = self.0.entry(reason).or_default();
        aside.lines = aside.lines.saturating_add(1);
        aside.amount += amount;
    }

    /// By reason, in a fixed order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (AsideReason, Aside)> + '_ {
        self.0.iter().map(|(reason, aside)| (*reason, *aside))
    }

    /// The sum over all reasons.
    pub(crate) fn amount(&self) -> Amount {
        self.0.values().map(|aside| aside.amount).sum()
    }
}

/// Keeps each text once: a file repeats its article numbers a hundred times.
#[derive(Default, Debug)]
pub(crate) struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// The one copy of a text.
    pub(crate) fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.0.get(text) {
            return Arc::clone(kept);
        }
        let kept: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&kept));
        kept
    }
}

impl Sale {
    /// The receipt as the till rings it up.
    pub(crate) fn receipt(&self) -> Receipt {
        if let Some(receipt) = self.message() {
            return receipt;
        }
        Receipt {
            receipt_id: self.receipt_id.clone(),
            sold_at: Some(wire_time(self.at)),
            business_date: self.business_date.to_string(),
            store_id: self.store_id.to_string(),
            till_id: TILL_ID.to_owned(),
            customer: self.identity(),
            currency_code: self.currency.code().to_owned(),
            lines: self.lines.iter().zip(1_usize..).map(|(line, number)| line.as_sold(number)).collect(),
            codes: self.codes.iter().map(|code| presented(code)).collect(),
            ..Receipt::default()
        }
    }

    /// The question what to do with it.
    pub(crate) fn quote_request(&self) -> QuoteRequest {
        quote_request(self.receipt())
    }

    /// The advice that the goods came back, without an original.
    pub(crate) fn return_request(&self) -> ReturnRequest {
        if let Some(request) = self.message() {
            return request;
        }
        ReturnRequest {
            contract_minor: CONTRACT_MINOR,
            receipt_id: self.receipt_id.clone(),
            mode: ReturnMode::Done.into(),
            returned_at: Some(wire_time(self.at)),
            business_date: self.business_date.to_string(),
            store_id: self.store_id.to_string(),
            till_id: TILL_ID.to_owned(),
            currency_code: self.currency.code().to_owned(),
            customer: self.identity(),
            lines: self.lines.iter().zip(1_usize..).map(|(line, number)| line.as_returned(number)).collect(),
            ..ReturnRequest::default()
        }
    }

    /// The message that the file held; it was encoded from one, so it can be decoded.
    fn message<M: Message + Default>(&self) -> Option<M> {
        self.message.as_deref().and_then(|bytes| M::decode(bytes).ok())
    }

    fn identity(&self) -> Option<CustomerIdentity> {
        self.customer.as_ref().map(|card_number| CustomerIdentity {
            identity: Some(Identity::CardNumber(card_number.to_string())),
            entry_method: EntryMethod::Scanned.into(),
        })
    }
}

/// The question what to do with a receipt whose goods are all there.
pub(crate) fn quote_request(receipt: Receipt) -> QuoteRequest {
    let stage = if receipt.tenders.is_empty() { QuoteStage::Total } else { QuoteStage::Tender };
    QuoteRequest {
        contract_minor: CONTRACT_MINOR,
        receipt: Some(receipt),
        stage: stage.into(),
        quote_no: 1,
        ..QuoteRequest::default()
    }
}

impl SaleLine {
    fn as_sold(&self, number: usize) -> Line {
        Line {
            line_id: number.to_string(),
            sku: self.sku.to_string(),
            description: self.description.to_string(),
            quantity_milli: self.quantity.milli(),
            quantity_kind: wire_kind(self.measure).into(),
            unit_price_micros: self.unit_price.micros(),
            amount_minor: self.amount.minor(),
            ..Line::default()
        }
    }

    fn as_returned(&self, number: usize) -> ReturnedLine {
        ReturnedLine {
            line_id: number.to_string(),
            sku: self.sku.to_string(),
            description: self.description.to_string(),
            quantity_milli: self.quantity.milli(),
            quantity_kind: wire_kind(self.measure).into(),
            unit_price_micros: self.unit_price.micros(),
            amount_minor: self.amount.minor(),
            ..ReturnedLine::default()
        }
    }
}

const fn wire_kind(measure: Measure) -> QuantityKind {
    match measure {
        Measure::Counted => QuantityKind::Counted,
        Measure::Measured => QuantityKind::Measured,
    }
}

fn presented(code: &str) -> PresentedCode {
    PresentedCode { code: code.to_owned(), entry_method: EntryMethod::Scanned.into() }
}

/// The same instant on the wire.
pub(crate) fn wire_time(at: Timestamp) -> tessera_proto::Timestamp {
    let seconds = at.as_second();
    let nanos = at.subsec_nanosecond();
    // The wire counts nanoseconds forward from the second, jiff away from zero.
    if nanos < 0 {
        tessera_proto::Timestamp { seconds: seconds.saturating_sub(1), nanos: nanos.saturating_add(1_000_000_000) }
    } else {
        tessera_proto::Timestamp { seconds, nanos }
    }
}

#[cfg(test)]
mod tests;

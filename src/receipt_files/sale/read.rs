//! A sale from a message of the contract, read as the engine reads it. Nothing is filled in: ids, times and dates must
//! stand in the message, since they decide what campaigns give.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use prost::Message;
use tessera_contract::read::{Identity, OriginalReceipt, ReadContext, read_quote, read_return};
use tessera_contract::refusal::Refusal;
use tessera_proto::billing::v1::{Receipt, ReturnMode, ReturnRequest};
use tessera_rules::money::{Amount, Quantity, UnitPrice};
use tessera_rules::receipt::Measure;

use super::{Sale, SaleKind, SaleLine, Texts, quote_request};

impl Sale {
    /// What was bought.
    ///
    /// # Errors
    /// A receipt that the contract does not take.
    pub(crate) fn of_receipt(receipt: Receipt, texts: &mut Texts) -> Result<Self, Refusal> {
        let message = receipt.encode_to_vec().into_boxed_slice();
        let context = ReadContext { now: time_of(receipt.sold_at.as_ref()) };
        let read = read_quote(&quote_request(receipt), &context)?;
        let lines = read.receipt.lines.iter();
        let lines =
            lines.map(|line| sale_line(texts, line.sku.as_str(), (line.quantity, line.measure), (line.unit_price, line.amount)));
        Ok(Self {
            kind: SaleKind::Settle,
            receipt_id: read.receipt.id.to_string(),
            lines: lines.collect(),
            store_id: texts.keep(read.receipt.place.store.as_str()),
            at: read.receipt.sold_at,
            business_date: read.receipt.business_date,
            customer: read.customer.as_ref().map(|identity| texts.keep(&customer_key(identity))),
            currency: read.receipt.currency,
            codes: read.receipt.codes.iter().map(|code| texts.keep(code)).collect(),
            original: None,
            message: Some(message),
        })
    }

    /// What came back, which has happened.
    ///
    /// # Errors
    /// A return that the contract does not take.
    pub(crate) fn of_return(mut request: ReturnRequest, texts: &mut Texts) -> Result<Self, Refusal> {
        request.mode = ReturnMode::Done.into();
        let context = ReadContext { now: time_of(request.returned_at.as_ref()) };
        let read = read_return(&request, &context)?;
        let lines = read.lines.iter();
        let lines =
            lines.map(|line| sale_line(texts, line.sku.as_str(), (line.quantity, line.measure), (line.unit_price, line.amount)));
        Ok(Self {
            kind: SaleKind::Return,
            receipt_id: read.id.to_string(),
            lines: lines.collect(),
            store_id: texts.keep(read.place.store.as_str()),
            at: read.returned_at,
            business_date: read.business_date,
            customer: read.customer.as_ref().map(|identity| texts.keep(&customer_key(identity))),
            currency: read.currency,
            codes: Vec::new(),
            original: match &read.original {
                OriginalReceipt::Receipt(id) => Some(Arc::from(id.as_str())),
                OriginalReceipt::Unnamed | OriginalReceipt::Fiscal(_) => None,
            },
            message: Some(request.encode_to_vec().into_boxed_slice()),
        })
    }
}

fn sale_line(
    texts: &mut Texts,
    sku: &str,
    (quantity, measure): (Quantity, Measure),
    (unit_price, amount): (UnitPrice, Amount),
) -> SaleLine {
    SaleLine { sku: texts.keep(sku), description: texts.keep(""), quantity, measure, unit_price, amount }
}

/// What keeps customers apart; a card's number as the files of rows have it.
pub(crate) fn customer_key(identity: &Identity) -> Cow<'_, str> {
    match identity {
        Identity::Card(number) | Identity::Phone(number) => Cow::Borrowed(number.expose()),
        Identity::Qr(content) => Cow::Owned(format!("qr:{}", content.expose())),
        Identity::Customer(id) => Cow::Owned(format!("customer:{id}")),
    }
}

/// The sale's own time is the time at which it is read; one that is no time is a fault of its own.
fn time_of(at: Option<&tessera_proto::Timestamp>) -> Timestamp {
    at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

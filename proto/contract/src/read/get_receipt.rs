//! Reads a question for what became of a receipt.

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::get_receipt_request::Receipt as Wanted;
use tessera_rules::id::ReceiptId;

use super::ReadContext;
use super::field::{Reader, check_contract_minor};
use super::receipt::{FiscalDocument, fiscal};
use crate::fault::At;
use crate::refusal::Refusal;

/// Which receipt is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GetReceiptInput {
    /// By its id.
    Receipt(ReceiptId),
    /// By its fiscal document.
    Fiscal(FiscalDocument),
}

/// Reads a question for a receipt.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_get_receipt(request: &v1::GetReceiptRequest, context: &ReadContext) -> Result<GetReceiptInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let root = At::Request;
    let read = match &request.receipt {
        None => {
            reader.fault(&root.field("receipt_id"), "must name a receipt, by its id or its fiscal document");
            None
        }
        Some(Wanted::ReceiptId(id)) => {
            reader.minted_id(&root.field("receipt_id"), id, ReceiptId::parse).map(GetReceiptInput::Receipt)
        }
        Some(Wanted::Fiscal(wire)) => fiscal(&mut reader, &root.field("fiscal"), wire).map(GetReceiptInput::Fiscal),
    };
    reader.finish(read)
}

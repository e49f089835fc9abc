//! Reads the ids of a claim, which is not yet served.

use tessera_proto::billing::v1;
use tessera_rules::id::ReceiptId;

use super::ReadContext;
use super::customer::required_identity;
use super::field::{Reader, check_contract_minor};
use crate::fault::At;
use crate::limits::SHORT_TEXT_CHARACTERS_MAX;
use crate::refusal::Refusal;

/// Checks a claim's request and gives the id of the request.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_claim(request: &v1::ClaimRequest, context: &ReadContext) -> Result<ReceiptId, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let root = At::Request;
    let id = reader.minted_id(&root.field("request_id"), &request.request_id, ReceiptId::parse);
    reader.minted_id(&root.field("receipt_id"), &request.receipt_id, ReceiptId::parse);
    reader.required_text(&root.field("claim_code"), &request.claim_code, SHORT_TEXT_CHARACTERS_MAX);
    required_identity(&mut reader, &root, request.customer.as_ref());
    reader.time(&root.field("claimed_at"), request.claimed_at.as_ref());
    reader.finish(id)
}

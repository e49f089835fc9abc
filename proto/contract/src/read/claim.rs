//! Reads a claim: a customer says that a receipt without one was theirs.

use compact_str::CompactString;
use jiff::Timestamp;
use tessera_proto::billing::v1;
use tessera_rules::id::{CashierId, ReceiptId, StoreId, TillId};

use super::ReadContext;
use super::customer::{Identity, required_identity};
use super::delivery::{DeliveryInput, delivery};
use super::field::{Reader, check_contract_minor};
use crate::canonical::{ContentHash, claim_code_as_printed, claim_hash};
use crate::fault::At;
use crate::limits::SHORT_TEXT_CHARACTERS_MAX;
use crate::refusal::Refusal;

/// A claim, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimInput {
    /// The minted id of the request.
    pub request: ReceiptId,
    /// The receipt that is claimed.
    pub receipt: ReceiptId,
    /// The code as it stands on paper: letters and digits alone, in capitals.
    pub code: CompactString,
    /// Who claims.
    pub customer: Identity,
    /// The shop where it is claimed; none: not in a shop.
    pub store: Option<StoreId>,
    /// The till; none: not at a till.
    pub till: Option<TillId>,
    /// The cashier; none: nobody.
    pub cashier: Option<CashierId>,
    /// When, by the till's clock.
    pub claimed_at: Timestamp,
    /// How the message travelled.
    pub delivery: DeliveryInput,
    /// What the request id stands for.
    pub content_hash: ContentHash,
}

/// Reads a claim.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_claim(request: &v1::ClaimRequest, context: &ReadContext) -> Result<ClaimInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = claim(&mut reader, request);
    reader.finish(read)
}

fn claim(reader: &mut Reader, request: &v1::ClaimRequest) -> Option<ClaimInput> {
    let root = At::Request;
    let id = reader.minted_id(&root.field("request_id"), &request.request_id, ReceiptId::parse);
    let receipt = reader.minted_id(&root.field("receipt_id"), &request.receipt_id, ReceiptId::parse);
    if request.request_id == request.receipt_id && !request.request_id.is_empty() {
        reader.fault(&root.field("request_id"), "must differ from the receipt's id");
    }
    let code = reader.required_text(&root.field("claim_code"), &request.claim_code, SHORT_TEXT_CHARACTERS_MAX);
    let customer = required_identity(reader, &root, request.customer.as_ref());
    let store = reader.optional_minted_id(&root.field("store_id"), &request.store_id, StoreId::parse);
    let till = reader.optional_minted_id(&root.field("till_id"), &request.till_id, TillId::parse);
    let cashier = reader.optional_minted_id(&root.field("cashier_id"), &request.cashier_id, CashierId::parse);
    let claimed_at = reader.time(&root.field("claimed_at"), request.claimed_at.as_ref());
    let delivery = delivery(reader, &root, request.delivery.as_ref());
    let code = claim_code_as_printed(&code?);
    Some(ClaimInput {
        request: id?,
        receipt: receipt?,
        content_hash: claim_hash(request),
        code,
        customer: customer?,
        store,
        till,
        cashier,
        claimed_at: claimed_at?,
        delivery,
    })
}

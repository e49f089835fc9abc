//! Reads the ids of a hand-over, which is not yet served.

use tessera_proto::billing::v1;
use tessera_rules::id::{ReceiptId, RewardId, StoreId};

use super::ReadContext;
use super::customer::required_identity;
use super::field::{Reader, check_contract_minor};
use crate::fault::At;
use crate::limits::SHORT_TEXT_CHARACTERS_MAX;
use crate::refusal::Refusal;

/// Checks a hand-over's request and gives the id of the request.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_hand_over(request: &v1::HandOverRequest, context: &ReadContext) -> Result<ReceiptId, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let root = At::Request;
    let id = reader.minted_id(&root.field("request_id"), &request.request_id, ReceiptId::parse);
    required_identity(&mut reader, &root, request.customer.as_ref());
    reader.minted_id(&root.field("receipt_id"), &request.receipt_id, ReceiptId::parse);
    reader.id(&root.field("reward_id"), &request.reward_id, RewardId::parse);
    reader.required::<v1::PrizeState>(&root.field("state"), request.state);
    reader.text(&root.field("serial"), &request.serial, SHORT_TEXT_CHARACTERS_MAX);
    reader.minted_id(&root.field("store_id"), &request.store_id, StoreId::parse);
    reader.time(&root.field("handed_over_at"), request.handed_over_at.as_ref());
    reader.finish(id)
}

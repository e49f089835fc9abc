//! Reads a void's request.

use bytes::Bytes;
use tessera_proto::billing::v1;
use tessera_rules::id::{ReceiptId, StoreId, TillId};

use super::ReadContext;
use super::customer::{Identity, identity};
use super::delivery::{DeliveryInput, delivery};
use super::field::{Reader, check_contract_minor};
use crate::fault::At;
use crate::refusal::Refusal;

/// A void's request, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoidInput {
    /// The receipt.
    pub receipt: ReceiptId,
    /// The shop.
    pub store: StoreId,
    /// The till.
    pub till: TillId,
    /// The cashier's decisions so far, this one included.
    pub attempt: u32,
    /// The token of the last quote; empty: none.
    pub quote_token: Bytes,
    /// How the customer was identified, in place of a token.
    pub customer: Option<Identity>,
    /// How the message travelled.
    pub delivery: DeliveryInput,
}

/// Reads a void's request.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_void(request: &v1::VoidRequest, context: &ReadContext) -> Result<VoidInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = void_receipt(&mut reader, request);
    reader.finish(read)
}

fn void_receipt(reader: &mut Reader, request: &v1::VoidRequest) -> Option<VoidInput> {
    let root = At::Request;
    let receipt = reader.minted_id(&root.field("receipt_id"), &request.receipt_id, ReceiptId::parse);
    let store = reader.minted_id(&root.field("store_id"), &request.store_id, StoreId::parse);
    let till = reader.minted_id(&root.field("till_id"), &request.till_id, TillId::parse);
    reader.token(&root.field("quote_token"), &request.quote_token);
    let customer = request.customer.as_ref().and_then(|wire| identity(reader, &root.field("customer"), wire));
    let delivery = delivery(reader, &root, request.delivery.as_ref());
    Some(VoidInput {
        receipt: receipt?,
        store: store?,
        till: till?,
        attempt: request.attempt,
        quote_token: request.quote_token.clone(),
        customer,
        delivery,
    })
}

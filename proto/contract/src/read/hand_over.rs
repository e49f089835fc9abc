//! Reads a hand-over: a prize was given or will not be.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_proto::billing::v1;
use tessera_rules::id::{CashierId, ReceiptId, RewardId, StoreId, TillId};

use super::ReadContext;
use super::customer::{Identity, required_identity};
use super::delivery::{DeliveryInput, delivery};
use super::field::{Reader, check_contract_minor};
use crate::canonical::{ContentHash, hand_over_hash};
use crate::fault::At;
use crate::limits::SHORT_TEXT_CHARACTERS_MAX;
use crate::refusal::Refusal;

/// A hand-over, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandOverInput {
    /// The minted id of the request.
    pub request: ReceiptId,
    /// Whose prize.
    pub customer: Identity,
    /// The receipt that won it.
    pub receipt: ReceiptId,
    /// The reward of that receipt.
    pub reward: RewardId,
    /// Given; else it was cancelled.
    pub given: bool,
    /// Serial of what was handed over; none: none.
    pub serial: Option<CompactString>,
    /// The shop.
    pub store: StoreId,
    /// The till; none: not at a till.
    pub till: Option<TillId>,
    /// The cashier; none: nobody.
    pub cashier: Option<CashierId>,
    /// When, by the till's clock.
    pub handed_over_at: Timestamp,
    /// The till's trading day.
    pub business_date: Date,
    /// How the message travelled.
    pub delivery: DeliveryInput,
    /// What the request id stands for.
    pub content_hash: ContentHash,
}

/// Reads a hand-over.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_hand_over(request: &v1::HandOverRequest, context: &ReadContext) -> Result<HandOverInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = hand_over(&mut reader, request);
    reader.finish(read)
}

fn hand_over(reader: &mut Reader, request: &v1::HandOverRequest) -> Option<HandOverInput> {
    let root = At::Request;
    let id = reader.minted_id(&root.field("request_id"), &request.request_id, ReceiptId::parse);
    let customer = required_identity(reader, &root, request.customer.as_ref());
    let receipt = reader.minted_id(&root.field("receipt_id"), &request.receipt_id, ReceiptId::parse);
    let reward = reader.id(&root.field("reward_id"), &request.reward_id, RewardId::parse);
    let state = reader.required::<v1::PrizeState>(&root.field("state"), request.state);
    let given = match state {
        Some(v1::PrizeState::HandedOver) => Some(true),
        Some(v1::PrizeState::Cancelled) => Some(false),
        Some(v1::PrizeState::Due | v1::PrizeState::Unspecified) => {
            reader.fault(&root.field("state"), "must be HANDED_OVER or CANCELLED");
            None
        }
        None => None,
    };
    let serial = reader.text(&root.field("serial"), &request.serial, SHORT_TEXT_CHARACTERS_MAX);
    let store = reader.minted_id(&root.field("store_id"), &request.store_id, StoreId::parse);
    let till = reader.optional_minted_id(&root.field("till_id"), &request.till_id, TillId::parse);
    let cashier = reader.optional_minted_id(&root.field("cashier_id"), &request.cashier_id, CashierId::parse);
    let handed_over_at = reader.time(&root.field("handed_over_at"), request.handed_over_at.as_ref());
    let business_date = reader.date_or(&root.field("business_date"), &request.business_date, handed_over_at);
    let delivery = delivery(reader, &root, request.delivery.as_ref());
    Some(HandOverInput {
        request: id?,
        customer: customer?,
        receipt: receipt?,
        reward: reward?,
        given: given?,
        serial,
        store: store?,
        till,
        cashier,
        handed_over_at: handed_over_at?,
        business_date: business_date?,
        delivery,
        content_hash: hand_over_hash(request),
    })
}

//! Reads a request to find a customer.

use compact_str::CompactString;
use tessera_proto::billing::v1;
use tessera_rules::id::{StoreId, TillId};

use super::ReadContext;
use super::customer::{Identity, required_identity};
use super::field::{Reader, check_contract_minor};
use crate::fault::At;
use crate::refusal::Refusal;

/// A request to find a customer, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentifyInput {
    /// What was shown or typed.
    pub customer: Identity,
    /// The shop.
    pub store: StoreId,
    /// The till; none: not at a till.
    pub till: Option<TillId>,
    /// Language of the texts, BCP 47.
    pub language: Option<CompactString>,
}

/// Reads a request to find a customer.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_identify(request: &v1::IdentifyRequest, context: &ReadContext) -> Result<IdentifyInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = identify(&mut reader, request);
    reader.finish(read)
}

fn identify(reader: &mut Reader, request: &v1::IdentifyRequest) -> Option<IdentifyInput> {
    let root = At::Request;
    let customer = required_identity(reader, &root, request.customer.as_ref());
    let store = reader.minted_id(&root.field("store_id"), &request.store_id, StoreId::parse);
    let till = reader.optional_minted_id(&root.field("till_id"), &request.till_id, TillId::parse);
    let language = reader.language(&root.field("language"), &request.language);
    Some(IdentifyInput { customer: customer?, store: store?, till, language })
}

//! An advice as the spool needs it: its id, what it is ordered by, when its customer must have been told. It is
//! read to be ordered and to tell its faults to the till at once, never to be judged.

use bytes::Bytes;
use jiff::Timestamp;
use prost::Message as _;
use prost::bytes::BufMut as _;
use tessera_contract::canonical::{ContentHash, answers_hash, claim_hash, return_hash, settle_hash};
use tessera_contract::convert::{timestamp_from_wire, timestamp_to_wire};
use tessera_contract::gateway_word::delivery_text;
use tessera_contract::limits::RECEIPT_ID_BYTES_MAX;
use tessera_contract::read::{ReadContext, read_answer_prompts, read_claim, read_return, read_settle, read_void};
use tessera_contract::{CONTRACT_MINOR, Refusal};
use tessera_identity::Identity;
use tessera_proto::billing::v1::customer_identity;
use tessera_proto::billing::v1::return_request::Original;
use tessera_proto::billing::v1::{
    Accepted, AnswerPromptsRequest, AnswerPromptsResponse, ClaimRequest, ClaimResponse, ClaimStatus, CustomerIdentity, Delivery,
    DeliveryRoute, ReturnMode, ReturnRequest, ReturnResponse, ReturnStatus, SettleRequest, SettleResponse, SettleStatus,
    VoidRequest, VoidResponse, VoidStatus,
};

use crate::call::Call;
use crate::limits::{MESSAGE_BYTES_MAX, TOLD_WITHIN};

/// What the spool needs of an advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advice {
    /// The receipt id or request id.
    pub(crate) id: String,
    /// The cashier's decisions so far.
    pub(crate) attempt: u32,
    /// Of what the id stands for. None: it was built with a contract that is not known here.
    pub(crate) content_hash: Option<ContentHash>,
    /// Hashes of its id, of the receipt that it is about, of the customer as identified; 0: none.
    pub(crate) keys: [u32; 3],
    /// When the customer must have been told, milliseconds since 1970; 0: nobody need be.
    pub(crate) due_ms: i64,
}

/// What an advice says of itself.
#[derive(Default)]
struct Said<'a> {
    id: &'a str,
    about: &'a str,
    customer: Option<&'a CustomerIdentity>,
    attempt: u32,
    sold_at: Option<&'a tessera_proto::Timestamp>,
    minor: u32,
}

impl Advice {
    /// Reads an advice. None: this call is not kept for later, as the preview of a return.
    ///
    /// # Errors
    /// Every fault of a request whose contract is known here, but for times: this gateway may have no clock.
    pub(crate) fn read(call: Call, request: &Bytes) -> Result<Option<Self>, Refusal> {
        let context = ReadContext { now: Timestamp::MAX };
        match call {
            Call::Settle => {
                let request: SettleRequest = decode(request)?;
                let receipt = request.receipt.as_ref();
                let said = Said {
                    id: receipt.map_or("", |receipt| &receipt.receipt_id),
                    customer: receipt.and_then(|receipt| receipt.customer.as_ref()),
                    attempt: request.attempt,
                    sold_at: receipt.and_then(|receipt| receipt.sold_at.as_ref()),
                    minor: request.contract_minor,
                    ..Said::default()
                };
                said.checked(settle_hash(&request), || read_settle(&request, &context).map(drop)).map(Some)
            }
            Call::Void => {
                let request: VoidRequest = decode(request)?;
                let said = Said {
                    id: &request.receipt_id,
                    customer: request.customer.as_ref(),
                    attempt: request.attempt,
                    minor: request.contract_minor,
                    ..Said::default()
                };
                // A void has no content beside its id.
                said.checked(ContentHash([1; 32]), || read_void(&request, &context).map(drop)).map(Some)
            }
            Call::Return => {
                let request: ReturnRequest = decode(request)?;
                if request.mode() == ReturnMode::Preview {
                    return Ok(None);
                }
                let about = match &request.original {
                    Some(Original::OriginalReceiptId(id)) => id,
                    Some(Original::OriginalFiscal(_)) | None => "",
                };
                let said = Said {
                    id: &request.receipt_id,
                    about,
                    customer: request.customer.as_ref(),
                    attempt: request.attempt,
                    minor: request.contract_minor,
                    sold_at: None,
                };
                said.checked(return_hash(&request), || read_return(&request, &context).map(drop)).map(Some)
            }
            Call::Claim => {
                let request: ClaimRequest = decode(request)?;
                let (id, about, customer) = (&request.request_id, &request.receipt_id, request.customer.as_ref());
                let said = Said { id, about, customer, minor: request.contract_minor, ..Said::default() };
                said.checked(claim_hash(&request), || read_claim(&request, &context).map(drop)).map(Some)
            }
            Call::AnswerPrompts => {
                let request: AnswerPromptsRequest = decode(request)?;
                let (id, customer) = (&request.request_id, request.customer.as_ref());
                let said = Said { id, customer, minor: request.contract_minor, ..Said::default() };
                said.checked(answers_hash(&request), || read_answer_prompts(&request, &context).map(drop)).map(Some)
            }
            Call::Quote | Call::Identify | Call::Enrol | Call::HandOver | Call::GetReceipt => Ok(None),
        }
    }
}

impl Said<'_> {
    fn checked(&self, content: ContentHash, read: impl FnOnce() -> Result<(), Refusal>) -> Result<Advice, Refusal> {
        let ours = CONTRACT_MINOR;
        let known = self.minor <= ours;
        if known {
            read()?;
        } else if self.id.is_empty() {
            return Err(Refusal::fault("id", "is required"));
        } else if self.id.len() > RECEIPT_ID_BYTES_MAX {
            // The spool's record has the id beside the request, and room for one of the contract's length.
            return Err(Refusal::fault("id", format!("has {} bytes, at most {RECEIPT_ID_BYTES_MAX}", self.id.len())));
        }
        let customer = self.customer.and_then(|customer| customer.identity.as_ref()).map(name_of);
        let due = self.sold_at.filter(|_| customer.is_some()).and_then(timestamp_from_wire);
        let due = due.and_then(|sold_at| sold_at.checked_add(TOLD_WITHIN).ok());
        Ok(Advice {
            id: self.id.to_owned(),
            attempt: self.attempt,
            content_hash: known.then_some(content),
            keys: [key("receipt", self.id), key("receipt", self.about), customer.map_or(0, |(kind, name)| key(kind, name))],
            due_ms: due.map_or(0, Timestamp::as_millisecond),
        })
    }
}

fn decode<M: prost::Message + Default>(request: &Bytes) -> Result<M, Refusal> {
    M::decode(request.clone()).map_err(|_| Refusal::fault("", "the request cannot be read"))
}

fn name_of(identity: &customer_identity::Identity) -> (&'static str, &str) {
    match identity {
        customer_identity::Identity::CardNumber(number) => ("card", number),
        customer_identity::Identity::Qr(code) => ("qr", code),
        customer_identity::Identity::Phone(number) => ("phone", number),
        customer_identity::Identity::CustomerId(id) => ("customer", id),
    }
}

impl Advice {
    /// The first eight bytes of its content's hash; 0: that is not known.
    pub(crate) fn content(&self) -> u64 {
        self.content_hash.map_or(0, |content| eight(&content.0))
    }
}

/// Hash of a call and an id.
pub(crate) fn id_hash(call: Call, id: &str) -> u64 {
    eight(blake3::hash(format!("{}\0{id}", call.name()).as_bytes()).as_bytes())
}

/// What advices are ordered by; two names with one hash only wait for each other without need. 0: no name.
fn key(kind: &str, name: &str) -> u32 {
    if name.is_empty() {
        return 0;
    }
    let hash = eight(blake3::hash(format!("{kind}\0{name}").as_bytes()).as_bytes());
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d]).max(1)
}

/// Never 0, which means that nothing is known.
fn eight(hash: &[u8; 32]) -> u64 {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(hash) {
        *to = *from;
    }
    u64::from_le_bytes(eight).max(1)
}

/// How an advice goes on from a spool.
#[derive(Clone, Copy)]
pub(crate) struct Route<'a> {
    pub(crate) by: DeliveryRoute,
    pub(crate) gateway_id: &'a str,
    /// What signs that it was taken. None: the gateway has no certificate, or somebody else has signed already.
    pub(crate) signer: Option<&'a Identity>,
}

/// The request as it is delivered: the till's bytes, and behind them one more `delivery`, which merges with the
/// till's own. Where that would make it too long for a message, the till's bytes alone.
pub(crate) fn with_route(call: Call, request: &Bytes, route: Route<'_>, accepted_ms: i64) -> Bytes {
    let Some(field) = delivery_field(call) else { return request.clone() };
    let spooled_at = Timestamp::from_millisecond(accepted_ms).ok();
    let signature = route.signer.and_then(|signer| signer.sign(&text_of(call, request, spooled_at)?));
    let delivery = Delivery {
        route: route.by.into(),
        gateway_id: route.gateway_id.to_owned(),
        gateway_signature: signature.unwrap_or_default(),
        spooled_at: spooled_at.map(timestamp_to_wire),
        ..Delivery::default()
    };
    let mut bytes = Vec::with_capacity(request.len() + 128);
    bytes.put_slice(request);
    prost::encoding::message::encode(field, &delivery, &mut bytes);
    if bytes.len() > MESSAGE_BYTES_MAX { request.clone() } else { bytes.into() }
}

/// What a gateway signs of it. None: it was built with a contract that is not known here, so that its content is not.
fn text_of(call: Call, request: &Bytes, spooled_at: Option<Timestamp>) -> Option<String> {
    let advice = Advice::read(call, request).ok()??;
    let path = call.path();
    let (_, method) = path.path().rsplit_once('/')?;
    Some(delivery_text(method, (&advice.id, advice.attempt), advice.content_hash?, spooled_at))
}

/// The number of `delivery` in a call's request. None: it is never kept for later.
fn delivery_field(call: Call) -> Option<u32> {
    match call {
        Call::Settle => Some(11),
        Call::Void => Some(8),
        Call::Return => Some(19),
        Call::Claim | Call::AnswerPrompts => Some(10),
        Call::Quote | Call::Identify | Call::Enrol | Call::HandOver | Call::GetReceipt => None,
    }
}

/// The answer that says that an advice lies in the spool. None: this call has no such answer.
pub(crate) fn accepted(call: Call, gateway_id: &str, at: Timestamp) -> Option<Bytes> {
    let accepted = Some(Accepted { gateway_id: gateway_id.to_owned(), accepted_at: Some(timestamp_to_wire(at)) });
    let bytes = match call {
        Call::Settle => {
            SettleResponse { status: SettleStatus::Accepted.into(), accepted, ..SettleResponse::default() }.encode_to_vec()
        }
        Call::Void => VoidResponse { status: VoidStatus::Accepted.into(), accepted, ..VoidResponse::default() }.encode_to_vec(),
        Call::Return => {
            ReturnResponse { status: ReturnStatus::Accepted.into(), accepted, ..ReturnResponse::default() }.encode_to_vec()
        }
        Call::Claim => {
            ClaimResponse { status: ClaimStatus::Accepted.into(), accepted, ..ClaimResponse::default() }.encode_to_vec()
        }
        Call::AnswerPrompts => AnswerPromptsResponse { accepted, ..AnswerPromptsResponse::default() }.encode_to_vec(),
        Call::Quote | Call::Identify | Call::Enrol | Call::HandOver | Call::GetReceipt => return None,
    };
    Some(bytes.into())
}

#[cfg(test)]
mod tests;

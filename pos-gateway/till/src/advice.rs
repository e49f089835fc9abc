//! The calls that tell a fact and must arrive: settle, void, and a return that is done.

use prost::Message as _;
use tessera_contract::till_day::{DayReceipt, ReceiptId, TillDay, of_return, of_settle};
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::{
    ReturnRequest, ReturnResponse, ReturnStatus, SettleRequest, SettleResponse, SettleStatus, VoidRequest, VoidResponse,
};

use crate::answered::Answered;
use crate::refusal::{CallName, TillError};

/// A fact that must arrive.
#[expect(clippy::large_enum_variant, reason = "one a call, and moved only from hand to hand")]
#[derive(Debug, Clone, PartialEq)]
pub enum Advice {
    /// This receipt has been paid.
    Settle(SettleRequest),
    /// This receipt will not be paid.
    Void(VoidRequest),
    /// Goods came back.
    Return(ReturnRequest),
}

/// The answer to an advice.
#[expect(clippy::large_enum_variant, reason = "one a call, and moved only from hand to hand")]
#[derive(Debug, Clone, PartialEq)]
pub enum AdviceAnswer {
    /// Of a settle.
    Settle(SettleResponse),
    /// Of a void.
    Void(VoidResponse),
    /// Of a return.
    Return(ReturnResponse),
}

/// What became of one advice that was sent again.
#[derive(Debug)]
pub struct Resent {
    /// The receipt or return.
    pub receipt_id: String,
    /// Which call it is.
    pub call: CallName,
    /// Answered or still unknown; or refused, and then it is no longer in the journal.
    pub result: Result<Answered<AdviceAnswer>, TillError>,
}

impl Advice {
    /// Which call it is.
    pub fn call_name(&self) -> CallName {
        match self {
            Self::Settle(_) => CallName::Settle,
            Self::Void(_) => CallName::Void,
            Self::Return(_) => CallName::Return,
        }
    }

    /// The receipt or return; empty where the request names none.
    pub fn receipt_id(&self) -> &str {
        match self {
            Self::Settle(request) => request.receipt.as_ref().map_or("", |receipt| receipt.receipt_id.as_str()),
            Self::Void(request) => &request.receipt_id,
            Self::Return(request) => &request.receipt_id,
        }
    }

    /// The cashier's decisions so far.
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Settle(request) => request.attempt,
            Self::Void(request) => request.attempt,
            Self::Return(request) => request.attempt,
        }
    }

    /// The till's day that it is in, and what it is there. None: a void or a training receipt is in none.
    pub(crate) fn of_day(&self) -> Option<(TillDay, ReceiptId, DayReceipt)> {
        match self {
            Self::Settle(request) => of_settle(request),
            Self::Void(_) => None,
            Self::Return(request) => of_return(request),
        }
    }

    /// The request as it is sent and kept.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Settle(request) => request.encode_to_vec(),
            Self::Void(request) => request.encode_to_vec(),
            Self::Return(request) => request.encode_to_vec(),
        }
    }

    /// Reads back what `encode` wrote. None: the bytes are no such request, or the call is no advice.
    pub(crate) fn decode(call: CallName, bytes: &[u8]) -> Option<Self> {
        match call {
            CallName::Settle => SettleRequest::decode(bytes).ok().map(Self::Settle),
            CallName::Void => VoidRequest::decode(bytes).ok().map(Self::Void),
            CallName::Return => ReturnRequest::decode(bytes).ok().map(Self::Return),
            CallName::Quote
            | CallName::Claim
            | CallName::Identify
            | CallName::Enrol
            | CallName::AnswerPrompts
            | CallName::HandOver
            | CallName::GetReceipt
            | CallName::CloseTillDay => None,
        }
    }

    pub(crate) fn into_call(self) -> Call {
        match self {
            Self::Settle(request) => Call::Settle(request),
            Self::Void(request) => Call::VoidReceipt(request),
            Self::Return(request) => Call::ReturnGoods(request),
        }
    }
}

impl AdviceAnswer {
    /// Which call it answers.
    pub fn call_name(&self) -> CallName {
        match self {
            Self::Settle(_) => CallName::Settle,
            Self::Void(_) => CallName::Void,
            Self::Return(_) => CallName::Return,
        }
    }

    /// Whether what it answers has happened, now or before: a voided or training receipt has not.
    pub(crate) fn has_happened(&self) -> bool {
        match self {
            Self::Settle(response) => match response.status() {
                SettleStatus::Committed | SettleStatus::Accepted => true,
                SettleStatus::Unspecified | SettleStatus::Voided | SettleStatus::Training => false,
            },
            Self::Void(_) => false,
            Self::Return(response) => match response.status() {
                ReturnStatus::Committed | ReturnStatus::Parked | ReturnStatus::Accepted => true,
                ReturnStatus::Unspecified | ReturnStatus::Previewed | ReturnStatus::Training => false,
            },
        }
    }

    pub(crate) fn into_settle(self) -> Option<SettleResponse> {
        if let Self::Settle(response) = self { Some(response) } else { None }
    }

    pub(crate) fn into_void(self) -> Option<VoidResponse> {
        if let Self::Void(response) = self { Some(response) } else { None }
    }

    pub(crate) fn into_return(self) -> Option<ReturnResponse> {
        if let Self::Return(response) = self { Some(response) } else { None }
    }

    /// The answer, where the reply is one to an advice.
    pub(crate) fn from_reply(reply: Reply) -> Option<Self> {
        match reply {
            Reply::Settle(response) => Some(Self::Settle(response)),
            Reply::VoidReceipt(response) => Some(Self::Void(response)),
            Reply::ReturnGoods(response) => Some(Self::Return(response)),
            Reply::Quote(_)
            | Reply::Claim(_)
            | Reply::Identify(_)
            | Reply::Enrol(_)
            | Reply::AnswerPrompts(_)
            | Reply::HandOver(_)
            | Reply::GetReceipt(_)
            | Reply::Error(_)
            | Reply::Closing(_) => None,
        }
    }
}

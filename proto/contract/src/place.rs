//! From which till a request says that it comes.

use tessera_proto::billing::v1;

/// A request of a till.
pub trait Placed {
    /// Store and till that it names; none: it names none, or it cannot be carried out without them.
    fn place(&self) -> Option<(&str, &str)>;
}

macro_rules! named {
    ($($request:ty),+ $(,)?) => {
        $(impl Placed for $request {
            fn place(&self) -> Option<(&str, &str)> {
                Some((&self.store_id, &self.till_id))
            }
        })+
    };
}

macro_rules! of_receipt {
    ($($request:ty),+ $(,)?) => {
        $(impl Placed for $request {
            fn place(&self) -> Option<(&str, &str)> {
                self.receipt.as_ref().map(|receipt| (receipt.store_id.as_str(), receipt.till_id.as_str()))
            }
        })+
    };
}

of_receipt!(v1::QuoteRequest, v1::SettleRequest);
named!(
    v1::VoidRequest,
    v1::ReturnRequest,
    v1::ClaimRequest,
    v1::IdentifyRequest,
    v1::EnrolRequest,
    v1::AnswerPromptsRequest,
    v1::HandOverRequest,
);

/// Receipts are looked up in every store: goods come back to another than sold them.
impl Placed for v1::GetReceiptRequest {
    fn place(&self) -> Option<(&str, &str)> {
        None
    }
}

impl Placed for v1::converse_request::Call {
    fn place(&self) -> Option<(&str, &str)> {
        match self {
            Self::Quote(request) => request.place(),
            Self::Settle(request) => request.place(),
            Self::VoidReceipt(request) => request.place(),
            Self::ReturnGoods(request) => request.place(),
            Self::Claim(request) => request.place(),
            Self::Identify(request) => request.place(),
            Self::Enrol(request) => request.place(),
            Self::AnswerPrompts(request) => request.place(),
            Self::HandOver(request) => request.place(),
            Self::GetReceipt(request) => request.place(),
        }
    }
}

//! The envelope of the stream's messages; the calls and answers inside stay the bytes that they are. A
//! message inside a message and bytes have the same form on the wire.

use bytes::Bytes;

use crate::call::Call;

/// A `ConverseRequest` whose call is unread.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RequestEnvelope {
    #[prost(uint64, tag = "1")]
    pub(crate) correlation_id: u64,
    #[prost(uint32, tag = "2")]
    pub(crate) budget_ms: u32,
    #[prost(oneof = "UnreadCall", tags = "3, 4, 5, 6, 7, 8, 9, 10, 11, 12")]
    pub(crate) call: Option<UnreadCall>,
}

/// The call of an envelope.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum UnreadCall {
    #[prost(bytes = "bytes", tag = "3")]
    Quote(Bytes),
    #[prost(bytes = "bytes", tag = "4")]
    Settle(Bytes),
    #[prost(bytes = "bytes", tag = "5")]
    Void(Bytes),
    #[prost(bytes = "bytes", tag = "6")]
    Return(Bytes),
    #[prost(bytes = "bytes", tag = "7")]
    Claim(Bytes),
    #[prost(bytes = "bytes", tag = "8")]
    Identify(Bytes),
    #[prost(bytes = "bytes", tag = "9")]
    Enrol(Bytes),
    #[prost(bytes = "bytes", tag = "10")]
    AnswerPrompts(Bytes),
    #[prost(bytes = "bytes", tag = "11")]
    HandOver(Bytes),
    #[prost(bytes = "bytes", tag = "12")]
    GetReceipt(Bytes),
}

/// A `ConverseResponse` whose result is unread.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ResponseEnvelope {
    #[prost(uint64, tag = "1")]
    pub(crate) correlation_id: u64,
    #[prost(oneof = "UnreadResult", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13")]
    pub(crate) result: Option<UnreadResult>,
}

/// The result of an envelope.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum UnreadResult {
    #[prost(bytes = "bytes", tag = "2")]
    Quote(Bytes),
    #[prost(bytes = "bytes", tag = "3")]
    Settle(Bytes),
    #[prost(bytes = "bytes", tag = "4")]
    Void(Bytes),
    #[prost(bytes = "bytes", tag = "5")]
    Return(Bytes),
    #[prost(bytes = "bytes", tag = "6")]
    Claim(Bytes),
    #[prost(bytes = "bytes", tag = "7")]
    Identify(Bytes),
    #[prost(bytes = "bytes", tag = "8")]
    Enrol(Bytes),
    #[prost(bytes = "bytes", tag = "9")]
    AnswerPrompts(Bytes),
    #[prost(bytes = "bytes", tag = "10")]
    HandOver(Bytes),
    #[prost(bytes = "bytes", tag = "11")]
    GetReceipt(Bytes),
    #[prost(message, tag = "12")]
    Error(tessera_proto::billing::v1::CallError),
    #[prost(message, tag = "13")]
    Closing(tessera_proto::billing::v1::Closing),
}

impl UnreadCall {
    /// Which call it is, and its bytes.
    pub(crate) fn into_parts(self) -> (Call, Bytes) {
        match self {
            Self::Quote(bytes) => (Call::Quote, bytes),
            Self::Settle(bytes) => (Call::Settle, bytes),
            Self::Void(bytes) => (Call::Void, bytes),
            Self::Return(bytes) => (Call::Return, bytes),
            Self::Claim(bytes) => (Call::Claim, bytes),
            Self::Identify(bytes) => (Call::Identify, bytes),
            Self::Enrol(bytes) => (Call::Enrol, bytes),
            Self::AnswerPrompts(bytes) => (Call::AnswerPrompts, bytes),
            Self::HandOver(bytes) => (Call::HandOver, bytes),
            Self::GetReceipt(bytes) => (Call::GetReceipt, bytes),
        }
    }
}

impl UnreadResult {
    /// The answer to this call.
    pub(crate) fn answer(call: Call, bytes: Bytes) -> Self {
        match call {
            Call::Quote => Self::Quote(bytes),
            Call::Settle => Self::Settle(bytes),
            Call::Void => Self::Void(bytes),
            Call::Return => Self::Return(bytes),
            Call::Claim => Self::Claim(bytes),
            Call::Identify => Self::Identify(bytes),
            Call::Enrol => Self::Enrol(bytes),
            Call::AnswerPrompts => Self::AnswerPrompts(bytes),
            Call::HandOver => Self::HandOver(bytes),
            Call::GetReceipt => Self::GetReceipt(bytes),
        }
    }
}

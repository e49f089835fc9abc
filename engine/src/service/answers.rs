//! Answers that carry an outcome as the bytes it is stored as: they are not taken apart and made once more.
//!
//! On the wire an embedded message and bytes are written alike, so each of these is, byte for byte but for the
//! order of its fields, the message of the contract that it is named after.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::converse_response::Result as Answered;

/// The number of `SettleResponse.outcome`.
const OUTCOME: u32 = 2;
/// The number of `ConverseResponse.settle`.
const SETTLE: u32 = 3;

/// A `SettleResponse`.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct SettleAnswer {
    /// All of it but the outcome.
    pub(crate) rest: v1::SettleResponse,
    /// The outcome as stored.
    pub(crate) outcome: Option<Bytes>,
}

impl SettleAnswer {
    /// The message with its outcome taken apart.
    ///
    /// # Errors
    /// The bytes are no outcome.
    pub(crate) fn into_response(self) -> Result<v1::SettleResponse, DecodeError> {
        let outcome = self.outcome.map(v1::Outcome::decode).transpose()?;
        Ok(v1::SettleResponse { outcome, ..self.rest })
    }
}

impl Message for SettleAnswer {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        if let Some(outcome) = &self.outcome {
            encoding::bytes::encode(OUTCOME, outcome, buffer);
        }
        self.rest.encode_raw(buffer);
    }

    fn encoded_len(&self) -> usize {
        let outcome = self.outcome.as_ref().map_or(0, |outcome| encoding::bytes::encoded_len(OUTCOME, outcome));
        outcome.saturating_add(self.rest.encoded_len())
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        if tag == OUTCOME {
            return encoding::bytes::merge(wire_type, self.outcome.get_or_insert_default(), buffer, context);
        }
        self.rest.merge_field(tag, wire_type, buffer, context)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What a call of a stream is answered with.
#[derive(Debug)]
pub(crate) enum Told {
    /// A settle.
    Settle(Box<SettleAnswer>),
    /// Anything else, errors included.
    Other(Box<Answered>),
}

/// A `ConverseResponse`.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct ConverseAnswer {
    /// The message; without a result where it is a settle's.
    rest: v1::ConverseResponse,
    settle: Option<Box<SettleAnswer>>,
}

impl ConverseAnswer {
    /// The answer to the call with this id.
    pub(crate) fn new(correlation_id: u64, told: Told) -> Self {
        let (settle, result) = match told {
            Told::Settle(answer) => (Some(answer), None),
            Told::Other(answered) => (None, Some(*answered)),
        };
        Self { rest: v1::ConverseResponse { correlation_id, result }, settle }
    }

    /// The message with its outcome taken apart.
    ///
    /// # Errors
    /// The bytes are no outcome.
    pub(crate) fn into_response(self) -> Result<v1::ConverseResponse, DecodeError> {
        match self.settle {
            None => Ok(self.rest),
            Some(settle) => Ok(v1::ConverseResponse { result: Some(Answered::Settle(settle.into_response()?)), ..self.rest }),
        }
    }
}

impl Message for ConverseAnswer {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        self.rest.encode_raw(buffer);
        if let Some(settle) = &self.settle {
            encoding::message::encode(SETTLE, settle.as_ref(), buffer);
        }
    }

    fn encoded_len(&self) -> usize {
        let settle = self.settle.as_ref().map_or(0, |settle| encoding::message::encoded_len(SETTLE, settle.as_ref()));
        self.rest.encoded_len().saturating_add(settle)
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        if tag == SETTLE {
            let settle = self.settle.get_or_insert_default();
            return encoding::message::merge(wire_type, settle.as_mut(), buffer, context);
        }
        self.rest.merge_field(tag, wire_type, buffer, context)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_stored_bytes_is_the_contracts_message() {
        let outcome = v1::Outcome { format: 1, outcome_id: "A".to_owned(), attempt: 3, ..Default::default() };
        let rest = v1::SettleResponse {
            status: i32::from(v1::SettleStatus::Committed),
            balances: vec![v1::Balance { asset_id: "points".to_owned(), available_units: 7, ..Default::default() }],
            ..Default::default()
        };
        for stored in [None, Some(outcome)] {
            let answer = SettleAnswer { rest: rest.clone(), outcome: stored.as_ref().map(|o| Bytes::from(o.encode_to_vec())) };
            let expected = v1::SettleResponse { outcome: stored, ..rest.clone() };
            let bytes = answer.encode_to_vec();
            assert_eq!(bytes.len(), answer.encoded_len());
            assert_eq!(v1::SettleResponse::decode(bytes.as_slice()).unwrap(), expected);
            assert_eq!(SettleAnswer::decode(bytes.as_slice()).unwrap(), answer);
            assert_eq!(answer.clone().into_response().unwrap(), expected);

            let told = ConverseAnswer::new(9, Told::Settle(Box::new(answer)));
            let expected = v1::ConverseResponse { correlation_id: 9, result: Some(Answered::Settle(expected)) };
            let bytes = told.encode_to_vec();
            assert_eq!(bytes.len(), told.encoded_len());
            assert_eq!(v1::ConverseResponse::decode(bytes.as_slice()).unwrap(), expected);
            assert_eq!(ConverseAnswer::decode(bytes.as_slice()).unwrap(), told);
            assert_eq!(told.into_response().unwrap(), expected);
        }
        let error = Told::Other(Box::new(Answered::Error(v1::CallError::default())));
        assert!(matches!(ConverseAnswer::new(1, error).into_response().unwrap().result, Some(Answered::Error(_))));
    }
}

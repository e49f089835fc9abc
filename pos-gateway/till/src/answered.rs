//! How a call ended when it was not refused: answered by the server, by the till itself, or unknown.

use crate::refusal::{CallName, Refusal, TillError};

/// The end of a call that was not refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered<T> {
    /// The server answered; a gateway's own last answer is one too, as its `basis` says.
    Server(T),
    /// Only of a quote: nobody answered in time, and the till says itself that the receipt stays as it
    /// was rung up.
    Unchanged(T),
    /// Only of an advice (settle, void, return): nobody said whether it took effect. It is resolved by
    /// repeating it: `TillClient::resend_open`, or the same call with the same content.
    Unknown(Unknown),
}

/// An advice whose outcome nobody told.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// The receipt or return.
    pub receipt_id: String,
    /// The last error; what it says of the server may be out of date.
    pub cause: Refusal,
    /// The advice stands in the journal and will be sent again. False: there is no journal, and the
    /// caller must repeat it.
    pub kept: bool,
}

impl<T> Answered<T> {
    /// The answer, whoever gave it. None: unknown.
    pub fn answer(&self) -> Option<&T> {
        match self {
            Self::Server(answer) | Self::Unchanged(answer) => Some(answer),
            Self::Unknown(_) => None,
        }
    }

    /// The answer by value, whoever gave it. None: unknown.
    pub fn into_answer(self) -> Option<T> {
        match self {
            Self::Server(answer) | Self::Unchanged(answer) => Some(answer),
            Self::Unknown(_) => None,
        }
    }

    /// Nobody said whether the call took effect.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// The same end of one call of several, which is known by its answer's type.
    pub(crate) fn narrow<U>(self, pick: impl FnOnce(T) -> Option<U>, call: CallName) -> Result<Answered<U>, TillError> {
        let other =
            || TillError::NotAnswered { call, refusal: Refusal::link(tonic::Code::Internal, "an answer to another call") };
        match self {
            Self::Server(answer) => pick(answer).map(Answered::Server).ok_or_else(other),
            Self::Unchanged(answer) => pick(answer).map(Answered::Unchanged).ok_or_else(other),
            Self::Unknown(unknown) => Ok(Answered::Unknown(unknown)),
        }
    }
}

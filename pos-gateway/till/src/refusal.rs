//! Errors of the wire as values, and what each of them means for what the till does next.

use std::fmt;
use std::time::Duration;

use tessera_contract::refusal;
use tessera_identity::ConnectError;
use tessera_proto::billing::v1::{CallError, ErrorReason, FieldViolation};
use thiserror::Error;
use tonic::{Code, Status};

use crate::journal::JournalError;

/// Why a call failed.
#[derive(Debug, Error)]
pub enum TillError {
    /// The server read the request and refused it: it changed nothing, and a repeat would be refused
    /// too.
    #[error("{call} was refused: {refusal}")]
    Refused {
        /// The call.
        call: CallName,
        /// Why.
        refusal: Refusal,
    },
    /// Nobody answered a call that has no last answer of its own. The caller may repeat it.
    #[error("{call} was not answered: {refusal}")]
    NotAnswered {
        /// The call.
        call: CallName,
        /// The last error.
        refusal: Refusal,
    },
    /// The advice could not be written to the journal, so it was not sent.
    #[error("the advice was not sent")]
    Journal(#[from] JournalError),
    /// The endpoint is no address.
    #[error("the endpoint {endpoint:?} is no address of the form http://HOST:PORT")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// There is no way to the endpoint.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl TillError {
    /// The error of the wire, where there is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } | Self::NotAnswered { refusal, .. } => Some(refusal),
            Self::Journal(_) | Self::Endpoint { .. } | Self::Connect(_) => None,
        }
    }
}

/// The calls of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallName {
    /// What if this receipt is paid now.
    Quote,
    /// This receipt has been paid.
    Settle,
    /// This receipt will not be paid.
    Void,
    /// Goods come back.
    Return,
    /// A customer for an anonymous receipt.
    Claim,
    /// Who is this.
    Identify,
    /// A new customer.
    Enrol,
    /// Answers to prompts.
    AnswerPrompts,
    /// A prize was given.
    HandOver,
    /// What became of a receipt.
    GetReceipt,
    /// The till's day is closed.
    CloseTillDay,
}

impl fmt::Display for CallName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// An error of the wire, the same whether it came as a status or on a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The gRPC code.
    pub code: Code,
    /// Name of an `ErrorReason` without its prefix (`CONFLICT`). Empty: none was told.
    pub reason: String,
    /// What happened and what to do, for the cashier.
    pub message: String,
    /// Faults of the input, with field paths.
    pub field_violations: Vec<FieldViolation>,
    /// When to repeat, as the server asks.
    pub retry_after: Option<Duration>,
    /// It was made on this side of the wire: no server answered.
    pub link: bool,
}

/// What an error means for what the till does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The request is at fault; a repeat would be refused too.
    Refused,
    /// The caller is not allowed; the request itself may be good.
    NotAllowed,
    /// No connection, or it broke: repeat at once.
    LinkBroken,
    /// The server asks for a repeat.
    Again,
    /// The time ran out.
    Overdue,
    /// The server cannot carry it out now; repeat later.
    Later,
}

impl Refusal {
    /// An error made on this side: nobody answered.
    pub(crate) fn link(code: Code, message: impl Into<String>) -> Self {
        Self { code, reason: String::new(), message: message.into(), field_violations: Vec::new(), retry_after: None, link: true }
    }

    /// The time ran out on this side.
    pub(crate) fn overdue() -> Self {
        Self::link(Code::DeadlineExceeded, "no answer within the budget")
    }

    /// Whether this reason was told.
    pub fn is(&self, reason: ErrorReason) -> bool {
        self.reason == refusal::reason_name(reason)
    }

    pub(crate) fn meaning(&self) -> Meaning {
        match self.code {
            Code::InvalidArgument | Code::AlreadyExists | Code::NotFound | Code::OutOfRange => Meaning::Refused,
            // Without the reason it is another service that listens there, which has read nothing.
            Code::Unimplemented if self.is(ErrorReason::NotYetServed) => Meaning::Refused,
            Code::Unimplemented => Meaning::Later,
            Code::FailedPrecondition if self.is(ErrorReason::UpgradeEngine) => Meaning::Later,
            Code::FailedPrecondition => Meaning::Refused,
            Code::ResourceExhausted if self.is(ErrorReason::LimitExceeded) => Meaning::Refused,
            Code::ResourceExhausted | Code::DataLoss => Meaning::Later,
            Code::PermissionDenied | Code::Unauthenticated => Meaning::NotAllowed,
            Code::DeadlineExceeded | Code::Cancelled => Meaning::Overdue,
            Code::Aborted => Meaning::Again,
            Code::Unavailable if self.link => Meaning::LinkBroken,
            Code::Unavailable => Meaning::Again,
            Code::Internal | Code::Unknown if self.link => Meaning::LinkBroken,
            Code::Internal | Code::Unknown | Code::Ok => Meaning::Later,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({:?}", self.message, self.code)?;
        if !self.reason.is_empty() {
            write!(formatter, ", {}", self.reason)?;
        }
        formatter.write_str(")")?;
        for fault in &self.field_violations {
            write!(formatter, "; {}: {}", fault.field, fault.description)?;
        }
        Ok(())
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let told = Self::from(refusal::call_error(&status));
        // A transport whose timer runs out says CANCELLED, and names no reason.
        let by_transport = status.code() == Code::Cancelled && told.reason.is_empty();
        Self {
            code: if by_transport { Code::DeadlineExceeded } else { told.code },
            // A status that was made on this side has the error that it was made from.
            link: std::error::Error::source(&status).is_some(),
            ..told
        }
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        Self {
            code: Code::from(error.code),
            reason: error.reason,
            message: error.message,
            field_violations: error.field_violations,
            retry_after: error.retry_after.and_then(|delay| Duration::try_from(delay).ok()),
            link: false,
        }
    }
}

/// A refusal that is found on this side, as a server would tell it.
impl From<tessera_contract::Refusal> for Refusal {
    fn from(refusal: tessera_contract::Refusal) -> Self {
        Self::from(refusal.into_call_error())
    }
}

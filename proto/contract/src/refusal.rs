//! Refusals: every error that a caller can get, each with two texts. The one place that makes a
//! `tonic::Status`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tessera_proto::billing::v1;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::fault::Fault;
use crate::limits::REPEAT_UNKNOWN_AFTER;

mod text;
mod told;

pub use told::{call_error, reason_name, retry_after};

/// Domain of every `google.rpc.ErrorInfo` of this system.
pub const DOMAIN: &str = "tessera";
/// Key of the support text in `google.rpc.ErrorInfo.metadata`.
pub const SUPPORT: &str = "support";

/// Why a call is refused; at least one value for each [`v1::ErrorReason`]. Holds no value that a till sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The input has faults. Nothing changed.
    Invalid(Vec<Fault>),
    /// A payment card's number where none may be; the number itself is nowhere kept.
    CardNumber {
        /// Path of the field.
        field: String,
    },
    /// The same id came with other content before.
    Conflict,
    /// The sale is older than ids are remembered.
    TooOld {
        /// For how many days ids are remembered.
        remembered_days: u32,
    },
    /// The request was built with a later contract.
    UpgradeEngine {
        /// The request's minor version.
        theirs: u32,
        /// Ours.
        ours: u32,
    },
    /// A queue is full. Not applied.
    TooManyWaiting {
        /// When to repeat.
        retry_after: Duration,
    },
    /// The account is set aside because what was read of it is broken.
    Quarantined,
    /// Preview of a return whose original is not known.
    UnknownOriginal,
    /// Preview of a return of more than was sold and not yet returned.
    MoreThanSold {
        /// Path of the first line at fault, as in `lines[0].quantity_milli`.
        field: String,
    },
    /// Another customer claimed the receipt first.
    AlreadyClaimed,
    /// The contract has it, this engine does not yet.
    NotYetServed {
        /// The call or field, as the contract names it.
        call: &'static str,
    },
    /// The time that is left is too short to begin. Not applied.
    DeadlineTooShort,
    /// The engine is going down. Not applied.
    ShuttingDown,
    /// The storage has stopped. Applied or not is unknown.
    StorageStopped,
    /// The time of a replay came to a storage that was not made for one.
    ReplayTimeRefused,
    /// The same request is being carried out.
    InProgress,
    /// The time ran out while the commit was under way. Applied or not is unknown.
    OutcomeUnknown,
    /// A gateway has no connection to an engine, or lost it. Applied or not is unknown.
    EngineUnreachable,
    /// The caller may not act for this store or till.
    ForeignStore,
    /// Too many requests of this till, store or customer.
    RateLimited {
        /// When to repeat.
        retry_after: Duration,
    },
    /// A fault of the engine.
    Internal {
        /// What support finds in the log.
        support_number: u64,
    },
    /// A message, list or stream is longer than its limit.
    LimitExceeded {
        /// What is limited, in words: `open calls on a stream`.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A cursor of the feed that this storage did not give out.
    UnknownCursor,
    /// The claim code does not fit the receipt.
    WrongClaimCode,
    /// The customer has no such prize.
    UnknownPrize,
    /// No program gives time to claim this receipt, or the time is over.
    ClaimClosed,
    /// The cashier who sold cannot claim alone.
    SellingCashier,
}

impl Refusal {
    /// An input with one fault.
    #[must_use]
    pub fn fault(field: impl Into<String>, description: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(vec![Fault { field: field.into(), description: description.into() }])
    }

    /// The stable reason.
    #[must_use]
    pub const fn reason(&self) -> v1::ErrorReason {
        match self {
            Self::Invalid(_) => v1::ErrorReason::InvalidReceipt,
            Self::CardNumber { .. } => v1::ErrorReason::CardNumberRefused,
            Self::Conflict => v1::ErrorReason::Conflict,
            Self::TooOld { .. } => v1::ErrorReason::TooOld,
            Self::UpgradeEngine { .. } => v1::ErrorReason::UpgradeEngine,
            Self::TooManyWaiting { .. } => v1::ErrorReason::TooManyWaiting,
            Self::Quarantined => v1::ErrorReason::AccountQuarantined,
            Self::UnknownOriginal => v1::ErrorReason::UnknownOriginal,
            Self::MoreThanSold { .. } => v1::ErrorReason::MoreThanSold,
            Self::AlreadyClaimed => v1::ErrorReason::AlreadyClaimed,
            Self::NotYetServed { .. } => v1::ErrorReason::NotYetServed,
            Self::DeadlineTooShort => v1::ErrorReason::DeadlineTooShort,
            Self::ShuttingDown => v1::ErrorReason::ShuttingDown,
            Self::StorageStopped => v1::ErrorReason::StorageStopped,
            Self::ReplayTimeRefused => v1::ErrorReason::ReplayTimeRefused,
            Self::InProgress => v1::ErrorReason::InProgress,
            Self::OutcomeUnknown | Self::EngineUnreachable => v1::ErrorReason::OutcomeUnknown,
            Self::ForeignStore => v1::ErrorReason::ForeignStore,
            Self::RateLimited { .. } => v1::ErrorReason::RateLimited,
            Self::Internal { .. } => v1::ErrorReason::InternalFault,
            Self::LimitExceeded { .. } => v1::ErrorReason::LimitExceeded,
            Self::UnknownCursor => v1::ErrorReason::UnknownCursor,
            Self::WrongClaimCode => v1::ErrorReason::WrongClaimCode,
            Self::UnknownPrize => v1::ErrorReason::UnknownPrize,
            Self::ClaimClosed => v1::ErrorReason::ClaimClosed,
            Self::SellingCashier => v1::ErrorReason::SellingCashier,
        }
    }

    /// The gRPC code that belongs to the reason.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::CardNumber { .. } | Self::WrongClaimCode => Code::InvalidArgument,
            Self::Conflict | Self::AlreadyClaimed => Code::AlreadyExists,
            Self::TooOld { .. }
            | Self::UpgradeEngine { .. }
            | Self::MoreThanSold { .. }
            | Self::ReplayTimeRefused
            | Self::ClaimClosed => Code::FailedPrecondition,
            Self::TooManyWaiting { .. } | Self::RateLimited { .. } | Self::LimitExceeded { .. } => Code::ResourceExhausted,
            Self::Quarantined => Code::DataLoss,
            Self::UnknownOriginal | Self::UnknownPrize => Code::NotFound,
            Self::NotYetServed { .. } => Code::Unimplemented,
            Self::DeadlineTooShort | Self::OutcomeUnknown => Code::DeadlineExceeded,
            Self::ShuttingDown | Self::StorageStopped | Self::EngineUnreachable => Code::Unavailable,
            Self::InProgress => Code::Aborted,
            Self::ForeignStore | Self::SellingCashier => Code::PermissionDenied,
            Self::Internal { .. } => Code::Internal,
            Self::UnknownCursor => Code::OutOfRange,
        }
    }

    /// The reason as it stands on the wire, without its prefix.
    #[must_use]
    pub fn reason_name(&self) -> &'static str {
        reason_name(self.reason())
    }

    /// When to repeat, where the refusal says so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        if let Self::TooManyWaiting { retry_after } | Self::RateLimited { retry_after } = self {
            Some(*retry_after)
        } else if let Self::OutcomeUnknown | Self::EngineUnreachable = self {
            Some(REPEAT_UNKNOWN_AFTER)
        } else {
            None
        }
    }

    /// The faults of the input, with field paths.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        if let Self::Invalid(faults) = self {
            return faults.clone();
        }
        let (field, description) = if let Self::CardNumber { field } = self {
            (field.as_str(), "holds a payment card's number; none may be sent")
        } else if let Self::MoreThanSold { field } = self {
            (field.as_str(), "is more than was sold and not yet returned")
        } else if let Self::UnknownOriginal = self {
            ("original_receipt_id", "is no receipt that has been settled")
        } else if let Self::WrongClaimCode = self {
            ("claim_code", "does not fit the receipt")
        } else if let Self::UpgradeEngine { .. } = self {
            ("contract_minor", "is later than this engine's contract")
        } else {
            return Vec::new();
        };
        vec![Fault { field: field.to_owned(), description: description.into() }]
    }

    /// The status of a single call, with `google.rpc` details.
    #[must_use]
    pub fn into_status(self) -> Status {
        let mut details = ErrorDetails::new();
        let metadata = HashMap::from([(SUPPORT.to_owned(), self.support_text().into_owned())]);
        details.set_error_info(self.reason_name(), DOMAIN, metadata);
        let faults = self.faults();
        if !faults.is_empty() {
            let violations: Vec<FieldViolation> =
                faults.into_iter().map(|fault| FieldViolation::new(fault.field, fault.description)).collect();
            details.set_bad_request(violations);
        }
        if let Some(delay) = self.retry_after() {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(self.code(), self.till_text(), details)
    }

    /// The same as an answer on the stream.
    #[must_use]
    pub fn into_call_error(self) -> v1::CallError {
        v1::CallError {
            code: i32::from(self.code()),
            message: self.till_text().into_owned(),
            reason: self.reason_name().to_owned(),
            field_violations: self
                .faults()
                .into_iter()
                .map(|fault| v1::FieldViolation { field: fault.field, description: fault.description.into_owned() })
                .collect(),
            retry_after: self.retry_after().map(crate::convert::duration_to_wire),
        }
    }
}

impl fmt::Display for Refusal {
    /// The text for the cashier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.till_text())
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.into_status()
    }
}

#[cfg(test)]
mod tests;

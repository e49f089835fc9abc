//! The errors that the gateway makes itself, and how an engine's error crosses it: unchanged.

use std::time::Duration;

use bytes::Bytes;
use tessera_proto::billing::v1::{CallError, ErrorReason, FieldViolation};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::limits::{MESSAGE_BYTES_MAX, REPEAT_AFTER};
use crate::metadata::crossing;

const DOMAIN: &str = "tessera";

/// Nobody knows whether a write took effect; the till repeats it with the same id.
pub(crate) fn outcome_unknown(code: Code) -> Status {
    let mut details = with_reason(ErrorReason::OutcomeUnknown);
    details.set_retry_info(Some(REPEAT_AFTER));
    let message = "it is not known whether this took effect; repeat it with the same id";
    Status::with_error_details(code, message, details)
}

/// A read that no engine answered.
pub(crate) fn no_engine(code: Code) -> Status {
    let details = ErrorDetails::with_retry_info(Some(REPEAT_AFTER));
    Status::with_error_details(code, "no engine answered; ask again", details)
}

/// A field is at fault.
pub(crate) fn invalid(field: &str, description: &str) -> Status {
    let mut details = with_reason(ErrorReason::InvalidReceipt);
    details.add_bad_request_violation(field, description);
    Status::with_error_details(Code::InvalidArgument, format!("{field}: {description}"), details)
}

/// A message is longer than the contract allows.
pub(crate) fn message_too_long(bytes: usize) -> Status {
    let message = format!("a message of {bytes} bytes is longer than the limit of {MESSAGE_BYTES_MAX}");
    let details = with_reason(ErrorReason::LimitExceeded);
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// The contract has the call, nothing serves it yet.
pub(crate) fn not_yet_served(call: &str) -> Status {
    let details = with_reason(ErrorReason::NotYetServed);
    Status::with_error_details(Code::Unimplemented, format!("{call} is not served yet"), details)
}

/// An engine's error as the till gets it: code, text and details unchanged.
pub(crate) fn passed_on(status: &Status) -> Status {
    Status::with_details_and_metadata(
        status.code(),
        status.message(),
        Bytes::copy_from_slice(status.details()),
        crossing(status.metadata()),
    )
}

/// The reason that a status names. Empty: none.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map_or_else(String::new, |info| info.reason)
}

/// Whether the status names this reason.
pub(crate) fn is(status: &Status, reason: ErrorReason) -> bool {
    self::reason(status) == name(reason)
}

/// When the engine asks for a repeat.
pub(crate) fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
}

/// The same error as a message of a stream.
pub(crate) fn call_error(status: &Status) -> CallError {
    let details = status.get_error_details();
    let violations = details.bad_request().map_or_else(Vec::new, |bad| {
        bad.field_violations
            .iter()
            .map(|fault| FieldViolation { field: fault.field.clone(), description: fault.description.clone() })
            .collect()
    });
    CallError {
        code: status.code().into(),
        message: status.message().to_owned(),
        reason: reason(status),
        field_violations: violations,
        retry_after: retry_after(status).map(wire_duration),
    }
}

/// A span as the wire writes it; one beyond its range is the longest.
pub(crate) fn wire_duration(span: Duration) -> tessera_proto::Duration {
    tessera_proto::Duration {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(span.subsec_nanos()).unwrap_or(0),
    }
}

fn with_reason(reason: ErrorReason) -> ErrorDetails {
    ErrorDetails::with_error_info(name(reason), DOMAIN, [])
}

fn name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

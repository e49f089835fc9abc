//! For those who are refused: what a status tells, whoever made it.

use std::time::Duration;

use tessera_proto::billing::v1;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::{DOMAIN, Refusal};

/// Prefix that the reasons' enum names carry and the wire's reasons do not.
const REASON_PREFIX: &str = "ERROR_REASON_";

impl Refusal {
    /// The reason that a status carries, where it is one of ours.
    #[must_use]
    pub fn from_status(status: &Status) -> Option<v1::ErrorReason> {
        reason_of_name(&reason_told(status)?)
    }

    /// The reason that a failed call of a stream carries.
    #[must_use]
    pub fn from_call_error(error: &v1::CallError) -> Option<v1::ErrorReason> {
        reason_of_name(&error.reason)
    }
}

/// A reason as it stands on the wire, without its prefix.
#[must_use]
pub fn reason_name(reason: v1::ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix(REASON_PREFIX).unwrap_or(name)
}

/// When a status asks for a repeat.
#[must_use]
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// A status as an answer on the stream, a reason of a later contract included. One of somebody else has an
/// empty reason.
#[must_use]
pub fn call_error(status: &Status) -> v1::CallError {
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    v1::CallError {
        code: i32::from(status.code()),
        message: status.message().to_owned(),
        reason: reason_told(status).unwrap_or_default(),
        field_violations: violations
            .into_iter()
            .map(|fault| v1::FieldViolation { field: fault.field, description: fault.description })
            .collect(),
        retry_after: retry_after(status).map(crate::convert::duration_to_wire),
    }
}

/// The name of the reason that a status carries in our domain.
fn reason_told(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN).then_some(info.reason)
}

fn reason_of_name(name: &str) -> Option<v1::ErrorReason> {
    v1::ErrorReason::from_str_name(&format!("{REASON_PREFIX}{name}")).filter(|reason| *reason != v1::ErrorReason::Unspecified)
}

//! What the admin service answers when something cannot be done: the one place that makes its statuses.

use std::collections::HashMap;

use tessera_contract::refusal::{DOMAIN, Refusal, SUPPORT};
use tessera_proto::admin::v1::RevisionErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::core::Core;
use crate::programs::{ProgramsError, RevisionRefusal};

/// Bytes that a message of mistakes may have: it travels in a header.
const MISTAKES_BYTES_MAX: usize = 6 * 1024;

/// The status of an error; `field` is where the request holds what may have mistakes.
pub(super) fn status(core: &Core, error: &ProgramsError, field: &str) -> Status {
    match error {
        ProgramsError::Mistakes(_) | ProgramsError::Products(_) => Refusal::fault(field, cut(&error.to_string())).into_status(),
        ProgramsError::Refused(RevisionRefusal::Note) => Refusal::fault("note", error.to_string()).into_status(),
        ProgramsError::Refused(refusal) => refused(refusal),
        ProgramsError::Shared(error) => status(core, error, field),
        ProgramsError::Storage(error) => core.storage_refusal(error).into_status(),
        ProgramsError::Blob(_) | ProgramsError::Commit(_) | ProgramsError::Randomness(_) | ProgramsError::Unreadable { .. } => {
            core.internal(&error.to_string()).into_status()
        }
    }
}

fn refused(refusal: &RevisionRefusal) -> Status {
    let (code, reason) = match refusal {
        RevisionRefusal::SignatureMissing => (Code::Unauthenticated, RevisionErrorReason::SignatureMissing),
        RevisionRefusal::UnknownPerson { .. } => (Code::PermissionDenied, RevisionErrorReason::UnknownPerson),
        RevisionRefusal::WrongRole { .. } => (Code::PermissionDenied, RevisionErrorReason::WrongRole),
        RevisionRefusal::BadSignature => (Code::PermissionDenied, RevisionErrorReason::BadSignature),
        RevisionRefusal::SamePerson { .. } => (Code::PermissionDenied, RevisionErrorReason::SamePerson),
        RevisionRefusal::RevisionMoved { .. } => (Code::Aborted, RevisionErrorReason::RevisionMoved),
        RevisionRefusal::UnknownRevision { .. } => (Code::NotFound, RevisionErrorReason::UnknownRevision),
        RevisionRefusal::NotAwaiting { .. } => (Code::FailedPrecondition, RevisionErrorReason::NotAwaiting),
        RevisionRefusal::HasStarted { .. } => (Code::FailedPrecondition, RevisionErrorReason::HasStarted),
        RevisionRefusal::NeverInForce { .. } => (Code::FailedPrecondition, RevisionErrorReason::NeverInForce),
        RevisionRefusal::NothingBefore => (Code::FailedPrecondition, RevisionErrorReason::NothingBefore),
        RevisionRefusal::StartInPast { .. } => (Code::InvalidArgument, RevisionErrorReason::StartInPast),
        RevisionRefusal::TooFewPeople => (Code::FailedPrecondition, RevisionErrorReason::TooFewPeople),
        // Told as a fault of its field.
        RevisionRefusal::Note => (Code::InvalidArgument, RevisionErrorReason::Unspecified),
    };
    with_reason(code, reason, &refusal.to_string())
}

fn with_reason(code: Code, reason: RevisionErrorReason, text: &str) -> Status {
    let name = reason.as_str_name();
    let name = name.strip_prefix("REVISION_ERROR_REASON_").unwrap_or(name);
    metrics::counter!("tessera_engine_revisions_refused_total", "reason" => name).increment(1);
    tracing::warn!(reason = name, text, "a change of the programs was refused");
    let mut details = ErrorDetails::new();
    details.set_error_info(name, DOMAIN, HashMap::from([(SUPPORT.to_owned(), text.to_owned())]));
    Status::with_error_details(code, text, details)
}

/// At most so much of a report as a header carries, cut at a line.
fn cut(report: &str) -> String {
    let mut kept = String::new();
    for line in report.lines() {
        if kept.len().saturating_add(line.len()) > MISTAKES_BYTES_MAX {
            kept.push_str("… and more");
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

//! Messages that cannot be read: what the transport says of them, as refusals.
//!
//! A message that is none of the contract's, or longer than its limit, ends before any of our code runs: the
//! transport answers `INTERNAL` or `OUT_OF_RANGE` without a reason, and a caller takes that for a fault of ours.
//! In front of a service, [`layer`] makes of it what the caller has to know (P11); a reader of a stream asks
//! [`refusal`] itself. Errors with details are somebody's own words and are left alone.

use std::borrow::Cow;

use tonic::body::Body;
use tonic::{Code, Status};
use tower::util::MapResponseLayer;

use crate::limits::MESSAGE_BYTES_MAX;
use crate::refusal::Refusal;

/// How the transport begins what it says of a message that is none of the contract's. After it come the
/// places, `MESSAGE.FIELD: ` each, innermost first, and what is wrong. Never a value.
const NOT_DECODED: &str = "failed to decode Protobuf message: ";
/// How it ends where a text is not UTF-8.
const NOT_UTF8: &str = "data is not UTF-8 encoded";
/// How it begins what it says of a message that is longer than its limit.
const TOO_LONG: &str = "Error, decoded message length too large";
/// The same of a message that is longer once it is decompressed.
const TOO_LONG_DECOMPRESSED: &str = "Error decompressing: size limit";
/// What it says of a call without a message.
const NO_MESSAGE: &str = "Missing request message.";

/// A layer that tells why a message could not be read, as this module does.
pub type Layer = MapResponseLayer<fn(http::Response<Body>) -> http::Response<Body>>;

/// The layer for a service of single calls. `tonic::service::LayerExt::named_layer` keeps the service's name:
/// `unreadable::layer().named_layer(service)`.
#[must_use]
pub fn layer() -> Layer {
    MapResponseLayer::new(response)
}

/// A service's answer; where it says that the message could not be read, the refusal that belongs there.
#[must_use]
pub fn response(answer: http::Response<Body>) -> http::Response<Body> {
    // An error that comes before any message stands in the headers; all else is passed on unread.
    let status = answer.headers().get(Status::GRPC_STATUS).and_then(|_| Status::from_header_map(answer.headers()));
    match status.as_ref().and_then(refusal) {
        Some(refusal) => refusal.into_status().into_http(),
        None => answer,
    }
}

/// The refusal that the transport's own words stand for. None: they are about something else, or somebody
/// else's.
#[must_use]
pub fn refusal(status: &Status) -> Option<Refusal> {
    if !status.details().is_empty() {
        return None;
    }
    let said = status.message();
    let too_long = said.starts_with(TOO_LONG) || said.starts_with(TOO_LONG_DECOMPRESSED);
    if too_long && matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted) {
        let limit = u64::try_from(MESSAGE_BYTES_MAX).unwrap_or(u64::MAX);
        return Some(Refusal::LimitExceeded { what: "bytes a message", limit });
    }
    if status.code() != Code::Internal {
        return None;
    }
    if said == NO_MESSAGE {
        return Some(Refusal::fault("", "is missing"));
    }
    let where_and_what = said.strip_prefix(NOT_DECODED)?;
    let description = if said.ends_with(NOT_UTF8) { "is not valid UTF-8" } else { "cannot be read; it is not of this contract" };
    Some(Refusal::fault(path(where_and_what), Cow::Borrowed(description)))
}

/// The field's path, from the request down. The transport does not tell places in lists.
fn path(where_and_what: &str) -> String {
    let places = where_and_what.split(": ").map_while(|part| part.split_once('.').filter(|_| !part.contains(' ')));
    let mut fields: Vec<&str> = places.map(|(_message, field)| field.trim_start_matches("r#")).collect();
    fields.reverse();
    fields.join(".")
}

#[cfg(test)]
mod tests;

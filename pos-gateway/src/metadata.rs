//! Which metadata cross the gateway: our own and those of tracing, in both directions, and nothing else.

use bytes::Bytes;
use tonic::Status;
use tonic::metadata::{KeyAndValueRef, MetadataMap};

/// Names the gateway to the engine; what a till says under this name is not believed.
pub(crate) const GATEWAY_ID_KEY: &str = "tessera-gateway-id";

/// Copies what may cross.
pub(crate) fn crossing(from: &MetadataMap) -> MetadataMap {
    let mut to = MetadataMap::new();
    for pair in from.iter() {
        match pair {
            KeyAndValueRef::Ascii(key, value) if may_cross(key.as_str()) => {
                to.append(key.clone(), value.clone());
            }
            KeyAndValueRef::Binary(key, value) if may_cross(key.as_str()) => {
                to.append_bin(key.clone(), value.clone());
            }
            KeyAndValueRef::Ascii(..) | KeyAndValueRef::Binary(..) => {}
        }
    }
    to
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

fn may_cross(key: &str) -> bool {
    key.starts_with("tessera-") || matches!(key, "traceparent" | "tracestate" | "baggage")
}

//! The envelope of delivery: how a message travelled. Never content.

use compact_str::CompactString;
use jiff::Timestamp;
use tessera_proto::billing::v1;

use super::field::Reader;
use crate::fault::At;
use crate::limits::{GATEWAY_SIGNATURE_BYTES_MAX, SHORT_TEXT_CHARACTERS_MAX};

/// How a message travelled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryInput {
    /// The way it came; never unspecified.
    pub route: v1::DeliveryRoute,
    /// The gateway that forwards it; none: straight from the till.
    pub gateway: Option<CompactString>,
    /// The customer was told that a reward follows.
    pub customer_told: bool,
    /// The till did not have its answer in time.
    pub deferred: bool,
    /// When the gateway took it into its spool.
    pub spooled_at: Option<Timestamp>,
    /// The gateway's proof of [`delivery_text`](crate::gateway_word::delivery_text); empty: none.
    pub gateway_signature: Vec<u8>,
}

impl Default for DeliveryInput {
    /// Straight from the till.
    fn default() -> Self {
        Self {
            route: v1::DeliveryRoute::Direct,
            gateway: None,
            customer_told: false,
            deferred: false,
            spooled_at: None,
            gateway_signature: Vec::new(),
        }
    }
}

/// The envelope at `delivery` below `above`.
pub(super) fn delivery(reader: &mut Reader, above: &At<'_>, wire: Option<&v1::Delivery>) -> DeliveryInput {
    let Some(wire) = wire else { return DeliveryInput::default() };
    let at = above.field("delivery");
    let route = match reader.known::<v1::DeliveryRoute>(&at.field("route"), wire.route) {
        None | Some(v1::DeliveryRoute::Unspecified | v1::DeliveryRoute::Direct) => v1::DeliveryRoute::Direct,
        Some(v1::DeliveryRoute::Spool) => v1::DeliveryRoute::Spool,
        Some(v1::DeliveryRoute::Export) => v1::DeliveryRoute::Export,
    };
    if wire.gateway_signature.len() > GATEWAY_SIGNATURE_BYTES_MAX {
        reader.fault(&at.field("gateway_signature"), "has more than 8,192 bytes");
    }
    DeliveryInput {
        route,
        gateway: reader.text(&at.field("gateway_id"), &wire.gateway_id, SHORT_TEXT_CHARACTERS_MAX),
        customer_told: wire.customer_told,
        deferred: wire.deferred,
        spooled_at: wire.spooled_at.as_ref().and_then(|at_time| reader.time(&at.field("spooled_at"), Some(at_time))),
        gateway_signature: wire.gateway_signature.clone(),
    }
}

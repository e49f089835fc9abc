//! Delivers an export of a spool to an engine: the second route of a store whose link stays down. What the store's
//! own gateway delivers later is a repeat and changes nothing.

use std::path::Path;
use std::time::Duration;

use http::Uri;
use tessera_identity::Identity;
use tessera_proto::billing::v1::DeliveryRoute;
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::metadata::{AsciiMetadataValue, MetadataMap};

use crate::advice::{Route, with_route};
use crate::config::GatewayError;
use crate::drain::{Verdict, verdict};
use crate::in_flight::Class;
use crate::limits::{DELIVERY_MAX, TRIES_MAX};
use crate::metadata::GATEWAY_ID_KEY;
use crate::routing;
use crate::spool::{ExportedEntry, SpoolError, read_export};
use crate::upstream::{Failed, Upstream};

/// What became of an import.
#[derive(Debug, Default)]
pub struct Imported {
    /// Entries of the file.
    pub entries: usize,
    /// The engine has them, now or before.
    pub delivered: usize,
    /// Those that it refused.
    pub refused: Vec<Refused>,
    /// Some of the file is damaged or missing: make another export.
    pub damaged: bool,
}

/// An entry that the engine refused.
#[derive(Debug)]
pub struct Refused {
    /// The receipt id or request id.
    pub id: String,
    /// Why, as the engine said.
    pub reason: String,
}

/// What keeps an import from its end. What was delivered so far stays, and a repeat changes nothing.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The address or the gateway's id cannot be used.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The engine does not take entries now.
    #[error("{delivered} of {entries} entries were delivered, then the engine took no more of them: run it once more")]
    Away {
        /// Delivered so far.
        delivered: usize,
        /// Entries of the file.
        entries: usize,
    },
}

/// Delivers all entries of a file to an engine, one after another in the order in which they were accepted.
///
/// # Errors
/// The file or the address cannot be used, or the engine takes no more.
pub async fn import(
    file: &Path,
    (engine, identity): (&Uri, Option<&Identity>),
    gateway_id: &str,
) -> Result<Imported, ImportError> {
    let (entries, whole) = read_export(file)?;
    let upstream = Upstream::new(std::slice::from_ref(engine), identity, None)?;
    let value = AsciiMetadataValue::try_from(gateway_id);
    let value = value.map_err(|_| GatewayError::GatewayId { gateway_id: gateway_id.to_owned() })?;
    let mut metadata = MetadataMap::new();
    metadata.insert(GATEWAY_ID_KEY, value);
    let mut imported = Imported { entries: entries.len(), damaged: !whole, ..Imported::default() };
    for entry in entries {
        let end = deliver(&upstream, &metadata, &entry, gateway_id).await;
        match end {
            Some(Verdict::Delivered) => imported.delivered += 1,
            Some(Verdict::Park(reason) | Verdict::TryAgain(reason)) => imported.refused.push(Refused { id: entry.id, reason }),
            Some(Verdict::Wait(_) | Verdict::Later(_)) | None => {
                return Err(ImportError::Away { delivered: imported.delivered, entries: imported.entries });
            }
        }
    }
    Ok(imported)
}

/// Tries an entry a few times. None: the engine does not take it now.
async fn deliver(upstream: &Upstream, metadata: &MetadataMap, entry: &ExportedEntry, gateway_id: &str) -> Option<Verdict> {
    let mut pause = Duration::ZERO;
    for _ in 0..TRIES_MAX {
        sleep(pause).await;
        // Signed where it was taken, and not by who carries it.
        let route = Route { by: DeliveryRoute::Export, gateway_id, signer: None };
        let request = with_route(entry.call, &entry.request, route, entry.accepted_ms);
        let engine = upstream.choose(routing::key(entry.call, &request), None);
        let until = Instant::now() + DELIVERY_MAX;
        let sent = upstream.send(engine, entry.call, (request, Class::Delivery), metadata.clone(), until);
        let end = timeout_at(until, sent).await.unwrap_or(Err(Failed::Overdue));
        match verdict(end.as_ref().err()) {
            Verdict::Wait(asked) | Verdict::Later(asked) => pause = asked,
            ended @ (Verdict::Delivered | Verdict::Park(_) | Verdict::TryAgain(_)) => return Some(ended),
        }
    }
    None
}

//! Between tills and engine: one clock for each call, the received bytes forwarded unchanged, and an
//! answer inside the budget whatever happens behind (P1); what must arrive and finds no engine is kept on disk
//! until one is back, and quotes are decided from the rule pack that engines have signed. It knows no account.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use tessera_gateway::{Gateway, GatewayConfig};
//! let gateway = Gateway::new(GatewayConfig::new("store-1", vec!["http://127.0.0.1:7301".parse()?]))?;
//! let listener = tessera_identity::Listener::bind("127.0.0.1:7302".parse()?, None).await?;
//! gateway.serve(listener, async { let _ = tokio::signal::ctrl_c().await; }).await?;
//! # Ok(()) }
//! ```

mod admit;
mod advice;
mod call;
mod clock;
mod codec;
mod config;
mod converse;
mod days;
mod drain;
mod forward;
mod import;
mod in_flight;
mod limits;
mod metadata;
mod observe;
mod operator;
mod pack;
mod routing;
mod server;
mod service;
#[cfg(test)]
mod size;
mod spool;
mod till_days;
mod upstream;

pub use codec::Unread;
pub use config::{Dialler, GatewayConfig, GatewayError, TimeOfDay};
pub use import::{ImportError, Imported, Refused, import};
pub use limits::{BUDGET_DEFAULT, MESSAGE_BYTES_MAX, PACK_AGE_MAX_DEFAULT, SHUTDOWN_MAX, SPOOL_BYTES_DEFAULT, SPOOL_ENTRIES_MAX};
pub use pack::PackConfig;
pub use server::{Gateway, LIVENESS_SERVICE, READINESS_SERVICE};
pub use spool::{Exported, ExportedEntry, SpoolConfig, SpoolError, export, read_export};

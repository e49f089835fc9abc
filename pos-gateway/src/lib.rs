//! Between tills and engine: one clock for each call, the received bytes forwarded unchanged, and an
//! answer inside the budget whatever happens behind (P1). It decides no reward and knows no account.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use tessera_gateway::{Gateway, GatewayConfig};
//! let gateway = Gateway::new(GatewayConfig::new("store-1", vec!["http://127.0.0.1:7301".parse()?]))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:7302").await?;
//! gateway.serve(listener, async { let _ = tokio::signal::ctrl_c().await; }).await?;
//! # Ok(()) }
//! ```

mod call;
mod clock;
mod codec;
mod config;
mod converse;
mod forward;
mod later;
mod limits;
mod metadata;
mod observe;
mod server;
mod service;
mod upstream;

pub use config::{GatewayConfig, GatewayError};
pub use limits::{BUDGET_DEFAULT, MESSAGE_BYTES_MAX, SHUTDOWN_MAX};
pub use server::{Gateway, LIVENESS_SERVICE, READINESS_SERVICE};

//! What a gateway is told once, and what keeps it from starting.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use jiff::Timestamp;
use tessera_contract::unchanged::{REWARD_FOLLOWS_TEXT, UNCHANGED_TEXT};
use tessera_identity::{ConnectError, Identity};
use tessera_proto::billing::v1::DeliveryRoute;
use thiserror::Error;
use tokio::io::DuplexStream;

use crate::advice::Route;
use crate::limits::{BUDGET_DEFAULT, SHUTDOWN_MAX, STREAM_AGE};
use crate::pack::PackConfig;
use crate::spool::{SpoolConfig, SpoolError};

type Dialling = Pin<Box<dyn Future<Output = io::Result<DuplexStream>> + Send>>;

/// Makes connections to engines in this process, over a link that a simulation has in its hands.
#[derive(Clone)]
pub struct Dialler(Arc<dyn Fn(Uri) -> Dialling + Send + Sync>);

impl Dialler {
    /// Of what makes a connection to an address.
    pub fn new<F>(dial: impl Fn(Uri) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<DuplexStream>> + Send + 'static,
    {
        Self(Arc::new(move |uri| Box::pin(dial(uri))))
    }

    pub(crate) fn dial(&self, uri: Uri) -> impl Future<Output = io::Result<DuplexStream>> + Send + use<> {
        (self.0)(uri)
    }
}

impl fmt::Debug for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialler")
    }
}

/// What a gateway takes for the time of day.
#[derive(Clone)]
pub struct TimeOfDay(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl TimeOfDay {
    /// A simulation's own.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for TimeOfDay {
    /// The machine's clock.
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeOfDay")
    }
}

/// What a gateway is told once.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Name of this gateway, 1 to 64 characters; the engines see it with every call.
    pub gateway_id: String,
    /// The engines: an account goes to the same one as long as that one answers.
    pub engines: Vec<Uri>,
    /// What connections to engines are made of. None: TCP.
    pub dialler: Option<Dialler>,
    /// What time of day it is; budgets do not go by it.
    pub time_of_day: TimeOfDay,
    /// What is shown to engines whose address is `https`. None: there are none.
    pub identity: Option<Identity>,
    /// Where advices are kept that no engine has yet. None: they stay unknown, and the tills' own journals keep them.
    pub spool: Option<SpoolConfig>,
    /// The rule pack by which quotes are decided without an engine. None: they stay unchanged.
    pub pack: Option<PackConfig>,
    /// How long a call may take; a till may ask for less, never for more.
    pub budget: Duration,
    /// Age at which a stream is told to close; up to a minute more by chance.
    pub stream_age: Duration,
    /// How long a shutdown may take.
    pub shutdown_max: Duration,
    /// What the screen says when no engine answered and the customer is named.
    pub reward_follows_text: String,
    /// What the screen says when no engine answered and nobody is named.
    pub unchanged_text: String,
}

impl GatewayConfig {
    /// A gateway with the contract's budget and English texts.
    pub fn new(gateway_id: impl Into<String>, engines: Vec<Uri>) -> Self {
        Self {
            gateway_id: gateway_id.into(),
            engines,
            dialler: None,
            time_of_day: TimeOfDay::default(),
            identity: None,
            spool: None,
            pack: None,
            budget: BUDGET_DEFAULT,
            stream_age: STREAM_AGE,
            shutdown_max: SHUTDOWN_MAX,
            reward_follows_text: REWARD_FOLLOWS_TEXT.to_owned(),
            unchanged_text: UNCHANGED_TEXT.to_owned(),
        }
    }
}

impl GatewayConfig {
    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        self.time_of_day.now()
    }

    /// How what lay in its spool goes on.
    pub(crate) fn spool_route(&self) -> Route<'_> {
        Route { by: DeliveryRoute::Spool, gateway_id: &self.gateway_id, signer: self.identity.as_ref() }
    }
}

/// What keeps a gateway from starting or serving.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// No engine is named.
    #[error("a gateway needs at least one engine")]
    NoEngine,
    /// An engine's address cannot be used.
    #[error("engines: {0}")]
    Engine(#[from] ConnectError),
    /// The name of the gateway cannot travel.
    #[error("the gateway id {gateway_id:?} must have 1 to 64 printable ASCII characters")]
    GatewayId {
        /// As it was given.
        gateway_id: String,
    },
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The descriptors of the contract cannot be served.
    #[error("reflection cannot be served")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The server stopped by itself.
    #[error("the gateway's server stopped")]
    Serve(#[from] tonic::transport::Error),
}

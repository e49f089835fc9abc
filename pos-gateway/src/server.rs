//! The gateway as a server: services, health, limits of the transport, and a shutdown that ends (H53).

use std::sync::Arc;
use std::time::Duration;

use tessera_identity::Listener;
use tessera_proto::FILE_DESCRIPTOR_SET;
use tessera_proto::gateway::v1::GetStatusResponse;
use tessera_proto::gateway::v1::gateway_service_server::GatewayServiceServer;
use tessera_proto::gateway::v1::operator_service_server::OperatorServiceServer;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::config::{GatewayConfig, GatewayError};
use crate::drain;
use crate::forward::Forwarder;
use crate::limits::{DAY_MESSAGE_BYTES_MAX, HEADER_BYTES_MAX, PROBE_EVERY, STREAM_AGE, STREAMS_PER_CONNECTION_MAX};
use crate::operator::{Link, Operator};
use crate::pack;
use crate::service::BillingRelay;
use crate::till_days::TillDays;

/// Name under which the health service tells whether an engine answers; the empty name says the same.
pub const READINESS_SERVICE: &str = "tessera.billing.v1.BillingService";

/// Name under which the health service tells that the gateway itself runs.
pub const LIVENESS_SERVICE: &str = "liveness";

/// A gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    forwarder: Arc<Forwarder>,
    going_down: Arc<watch::Sender<bool>>,
    link: Arc<Link>,
}

impl Gateway {
    /// Makes a gateway; it connects to an engine when it is first asked. Must be called within a tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// No engine is named, one has no usable address, the gateway's id cannot travel, or the spool cannot be opened.
    pub fn new(config: GatewayConfig) -> Result<Self, GatewayError> {
        let link = Arc::new(Link::new(config.now()));
        let forwarder = Arc::new(Forwarder::new(config)?);
        Ok(Self { forwarder, going_down: Arc::new(watch::Sender::new(false)), link })
    }

    /// How the gateway stands now.
    pub fn status(&self) -> GetStatusResponse {
        Operator::new(Arc::clone(&self.forwarder), Arc::clone(&self.link)).status()
    }

    /// The services of tills and operators, for a server of one's own: without health and reflection.
    pub fn routes(&self) -> Routes {
        Routes::new(BillingRelay { forwarder: Arc::clone(&self.forwarder), going_down: Arc::clone(&self.going_down) })
            .add_service(
                GatewayServiceServer::new(TillDays { forwarder: Arc::clone(&self.forwarder) })
                    .max_decoding_message_size(DAY_MESSAGE_BYTES_MAX),
            )
            .add_service(OperatorServiceServer::new(Operator::new(Arc::clone(&self.forwarder), Arc::clone(&self.link))))
    }

    /// Serves until `shutdown` is ready, then ends within the configured time: readiness off, no new
    /// connections, `Closing` on every stream, open calls to their end. A gateway serves once.
    ///
    /// # Errors
    ///
    /// The server stopped by itself.
    pub async fn serve(&self, listener: Listener, shutdown: impl Future<Output = ()> + Send) -> Result<(), GatewayError> {
        let (reporter, health) = tonic_health::server::health_reporter();
        let reflection = |builder: tonic_reflection::server::Builder<'static>| {
            builder.register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        };
        let mut routes = self.routes().add_service(health);
        if listener.is_loopback() {
            routes = routes
                .add_service(reflection(tonic_reflection::server::Builder::configure()).build_v1()?)
                .add_service(reflection(tonic_reflection::server::Builder::configure()).build_v1alpha()?);
        }
        reporter.set_service_status(LIVENESS_SERVICE, ServingStatus::Serving).await;
        set_readiness(&reporter, false).await; // Until an engine has been asked.
        let stopping = async {
            shutdown.await;
            set_readiness(&reporter, false).await;
            self.going_down.send_replace(true);
        };
        let mut going_down = self.going_down.subscribe();
        let limit = async {
            // The sender lives in `self`, so this ends with the signal only.
            let _ = going_down.wait_for(|down| *down).await;
            sleep(self.forwarder.config().shutdown_max).await;
        };
        let serving = transport().add_routes(routes).serve_with_incoming_shutdown(listener.incoming(), stopping);
        tokio::select! {
            ended = serving => Ok(ended?),
            () = limit => {
                tracing::warn!("calls were still open when the time for the shutdown was over");
                Ok(())
            }
            () = self.watch_engines(&reporter) => Ok(()),
            () = self.drain() => Ok(()),
            () = self.follow_pack() => Ok(()),
        }
    }

    /// Delivers what the spool holds; never ends, so that open calls do.
    async fn drain(&self) {
        if let Some(spool) = self.forwarder.spool() {
            drain::run(Arc::clone(&self.forwarder), Arc::clone(spool), self.going_down.subscribe()).await;
        }
        std::future::pending().await
    }

    /// Keeps the rule pack up to date; never ends.
    async fn follow_pack(&self) {
        if let Some(shelf) = self.forwarder.pack() {
            pack::follow(Arc::clone(shelf), self.forwarder.upstream(), &self.forwarder.config().gateway_id).await;
        }
        std::future::pending().await
    }

    /// Keeps readiness up to date; never ends.
    async fn watch_engines(&self, reporter: &HealthReporter) {
        let mut ticks = interval(PROBE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.report_readiness(reporter).await;
        }
    }

    async fn report_readiness(&self, reporter: &HealthReporter) {
        let ready = self.forwarder.upstream().probe().await;
        self.link.note(&self.forwarder);
        let down = *self.going_down.borrow();
        set_readiness(reporter, ready && !down).await;
    }
}

async fn set_readiness(reporter: &HealthReporter, ready: bool) {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    reporter.set_service_status("", status).await;
    reporter.set_service_status(READINESS_SERVICE, status).await;
}

/// Limits of the transport (H54). No timeout here: each call has its own clock.
fn transport() -> Server {
    Server::builder()
        .tcp_nodelay(true)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .http2_max_pending_accept_reset_streams(Some(20))
        .http2_max_local_error_reset_streams(Some(64))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(5)))
        .max_connection_age(STREAM_AGE)
}

//! Serves an engine: billing, feed, rule packs, admin, health, and reflection on loopback; each to those it is for.

use std::sync::Arc;
use std::time::Duration;

use tessera_contract::unreadable;
use tessera_identity::{Caller, Grant, ListenError, Listener};
use tessera_proto::admin::v1::admin_service_server::AdminServiceServer;
use tessera_proto::admin::v1::card_service_server::CardServiceServer;
use tessera_proto::admin::v1::contact_service_server::ContactServiceServer;
use tessera_proto::admin::v1::customer_service_server::CustomerServiceServer;
use tessera_proto::admin::v1::draw_service_server::DrawServiceServer;
use tessera_proto::admin::v1::ledger_service_server::LedgerServiceServer;
use tessera_proto::admin::v1::list_service_server::ListServiceServer;
use tessera_proto::admin::v1::profile_service_server::ProfileServiceServer;
use tessera_proto::admin::v1::series_service_server::SeriesServiceServer;
use tessera_proto::admin::v1::stock_service_server::StockServiceServer;
use tessera_proto::billing::v1::billing_service_server::BillingServiceServer;
use tessera_proto::feed::v1::feed_service_server::FeedServiceServer;
use tessera_proto::gateway::v1::gateway_service_server::GatewayServiceServer;
use tokio::sync::watch;
use tonic::service::Interceptor;
use tonic::service::LayerExt as _;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::{Request, Status};

use crate::admin::Admin;
use crate::cards::Cards;
use crate::contact::Contacts;
use crate::customers::Customers;
use crate::draws::Draws;
use crate::engine::Engine;
use crate::facts::Profiles;
use crate::feed::Feed;
use crate::follow_ups::keep_carrying_out;
use crate::ledger::{Ledger, keep_closing};
use crate::lists::{ListTable, Lists};
use crate::packs::GatewayCalls;
use crate::programs::Programs;
use crate::series::SeriesAccounts;
use crate::service::{Billing, ConverseLimits, ServedBilling};
use crate::stock::StockFlags;

/// Bytes of a feed message: an outcome of 1,000 lines with its postings.
const FEED_MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of an admin message: 64 program files.
const ADMIN_MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Streams of one connection; a caller with more at once uses Converse.
const STREAMS_MAX: u32 = 1_024;
/// Streams that were reset before they were served (H54).
const RESET_STREAMS_MAX: usize = 20;
/// Bytes of a header list (H54).
const HEADER_BYTES_MAX: u32 = 8 * 1024;
/// How often a silent connection is asked whether it lives, and how long it may take to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(5));
/// How long calls may take to end once the server is told to stop; tonic alone would wait for ever (H53).
const DRAIN: Duration = Duration::from_secs(5);

/// A server could not start or broke.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The server broke while serving.
    #[error("the server broke: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// Reflection could not be set up from the built-in descriptors.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves until `closing` becomes true, then ends open calls within five seconds.
///
/// # Errors
/// The server breaks.
pub async fn serve(engine: Engine, listener: Listener, mut closing: watch::Receiver<bool>) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<BillingServiceServer<Billing>>().await;
    health.set_serving::<FeedServiceServer<Feed>>().await;
    let billing = ServedBilling::new(Billing::new(engine.clone(), closing.clone(), ConverseLimits::default()));
    let feed = FeedServiceServer::new(Feed::new(&engine, closing.clone())).max_encoding_message_size(FEED_MESSAGE_BYTES_MAX);
    let gateway_calls = GatewayServiceServer::new(GatewayCalls::new(engine.clone(), closing.clone()));
    let admin = AdminServiceServer::new(Admin::new(engine.clone())).max_decoding_message_size(ADMIN_MESSAGE_BYTES_MAX);
    let contacts = ContactServiceServer::new(Contacts::new(engine.clone()));
    let ledger = LedgerServiceServer::new(Ledger::new(engine.clone()));
    let lists = ListServiceServer::new(Lists::new(engine.clone()));
    let profiles = ProfileServiceServer::new(Profiles::new(engine.clone()));
    let cards = CardServiceServer::new(Cards::new(engine.clone()));
    let customers = CustomerServiceServer::new(Customers::new(engine.clone()));
    let draws = DrawServiceServer::new(Draws::new(engine.clone()));
    let series = SeriesServiceServer::new(SeriesAccounts::new(engine.clone()));
    let stock = StockServiceServer::new(StockFlags::new(engine.clone()));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(tessera_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let keeping = Programs::keep_ready(Arc::downgrade(engine.programs()));
    let keeping_lists = ListTable::keep_fresh(Arc::downgrade(&engine.core));
    let closing_days = keep_closing(engine.clone());
    let carrying_out = keep_carrying_out(engine.clone());
    let mut stop = closing.clone();
    let serving = Server::builder()
        .tcp_nodelay(true)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_pending_accept_reset_streams(Some(RESET_STREAMS_MAX))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .add_service(health_service)
        .add_optional_service(listener.is_loopback().then_some(reflection))
        .add_service(unreadable::layer().named_layer(billing))
        .add_service(InterceptedService::new(admin, OPERATORS))
        .add_service(InterceptedService::new(cards, OPERATORS))
        .add_service(InterceptedService::new(contacts, MIRRORS))
        .add_service(InterceptedService::new(customers, OPERATORS))
        .add_service(InterceptedService::new(draws, OPERATORS))
        .add_service(InterceptedService::new(ledger, OPERATORS))
        .add_service(InterceptedService::new(lists, OPERATORS))
        .add_service(InterceptedService::new(profiles, OPERATORS))
        .add_service(InterceptedService::new(series, OPERATORS))
        .add_service(InterceptedService::new(stock, OPERATORS))
        .add_service(InterceptedService::new(unreadable::layer().named_layer(feed), MIRRORS))
        .add_service(unreadable::layer().named_layer(gateway_calls))
        .serve_with_incoming_shutdown(listener.incoming(), async move {
            let _ = stop.wait_for(|closing| *closing).await;
            health.set_not_serving::<BillingServiceServer<Billing>>().await;
            health.set_not_serving::<FeedServiceServer<Feed>>().await;
        });
    tokio::select! {
        served = serving => served?,
        () = keeping => {}
        () = keeping_lists => {}
        () = closing_days => {}
        () = carrying_out => {}
        () = drained(&mut closing) => tracing::warn!("calls were still open {DRAIN:?} after the stop; they are cut, their commits are not"),
    }
    Ok(())
}

/// Lets calls through of those whose certificate names one of these; without certificates: of this machine.
#[derive(Clone, Copy)]
struct Only(fn(&Grant) -> bool);

/// Programs, catalogue and ledger are changed by who runs the system.
const OPERATORS: Only = Only(|grant| matches!(grant, Grant::Operator));
/// Outcomes, and how customers are reached, are told to the mirror.
const MIRRORS: Only = Only(|grant| matches!(grant, Grant::Mirror | Grant::Operator));

impl Interceptor for Only {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let admitted = Caller::of(request.extensions()).is(self.0);
        admitted.map(|()| request).map_err(|why| Status::permission_denied(why.to_string()))
    }
}

/// Ends when the time for open calls is over.
async fn drained(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(DRAIN).await;
}

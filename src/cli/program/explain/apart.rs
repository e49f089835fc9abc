//! An engine for one receipt, in memory: a draft is evaluated by the very code that serves tills.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tessera_engine::clock::{Clock, ManualClock};
use tessera_engine::keys::Keys;
use tessera_engine::{Billing, ConverseLimits, Engine, Settings, layout};
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_proto::billing::v1::{QuoteRequest, QuoteResponse};
use tessera_rules::money::Currency;
use tessera_rules::revision::Source;
use tessera_storage::{MemoryStorage, Storage};
use tokio::sync::watch;
use tonic::Request;

use crate::cli::{Failure, admin};
use crate::product_file;

/// Quotes a receipt at the time of its sale.
pub(super) async fn quote(
    sources: Vec<Source>,
    catalogue: Option<&Path>,
    request: &QuoteRequest,
) -> Result<QuoteResponse, Failure> {
    let receipt = request.receipt.as_ref().ok_or("the request holds no receipt")?;
    let currency = Currency::from_code(&receipt.currency_code)
        .ok_or_else(|| format!("currencyCode: {:?} is no currency in use", receipt.currency_code))?;
    let sold_at = receipt.sold_at.as_ref().and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(sold_at.unwrap_or_else(Timestamp::now)));
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(&layout::SPACES));
    let engine = Engine::open(storage, clock, Keys::for_replay(), Settings::new(currency)).await?;
    engine.programs().publish(&sources, Timestamp::UNIX_EPOCH).await?;
    if let Some(file) = catalogue {
        engine.programs().load_catalogue(product_file::read(file)?, Timestamp::UNIX_EPOCH).await?;
    }
    let closing = watch::Sender::new(false);
    let billing = Billing::new(engine, closing.subscribe(), ConverseLimits::default());
    Ok(billing.quote(Request::new(request.clone())).await.map_err(admin::refused)?.into_inner())
}

//! Asks an engine which ledger days are closed.

use std::time::Duration;

use jiff::civil::Date;
use tessera_proto::admin::v1::ListLedgerDaysRequest;
use tessera_proto::admin::v1::ledger_service_client::LedgerServiceClient;
use tonic::transport::Channel;

use crate::engine_at::{AddressError, EngineAt};

/// How long the engine may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The closed days of one engine.
#[derive(Clone, Debug)]
pub struct ClosedDays {
    client: LedgerServiceClient<Channel>,
}

impl ClosedDays {
    /// Of this engine. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The endpoint is no address, or asks for a certificate that there is not.
    pub fn new(engine: impl Into<EngineAt>) -> Result<Self, AddressError> {
        let channel = engine.into().channel(|endpoint| endpoint.timeout(ANSWER_TIMEOUT))?;
        Ok(Self { client: LedgerServiceClient::new(channel) })
    }

    /// The last closed day; none: there is none, or the engine does not say.
    pub async fn last(&self) -> Option<Date> {
        let request = ListLedgerDaysRequest { limit: 1, ..ListLedgerDaysRequest::default() };
        match self.client.clone().list_ledger_days(request).await {
            Ok(days) => days.into_inner().days.first()?.date.parse().ok(),
            Err(status) => {
                tracing::warn!(error = status.message(), "the engine does not say which days are closed");
                None
            }
        }
    }
}

//! Asks an engine which ledger days are closed.

use std::time::Duration;

use jiff::civil::Date;
use tessera_proto::admin::v1::ListLedgerDaysRequest;
use tessera_proto::admin::v1::ledger_service_client::LedgerServiceClient;
use tonic::transport::{Channel, Endpoint};

/// How long the engine may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The closed days of one engine.
#[derive(Clone, Debug)]
pub struct ClosedDays {
    client: LedgerServiceClient<Channel>,
}

impl ClosedDays {
    /// Of the engine at `endpoint`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The endpoint is no address.
    pub fn new(endpoint: &str) -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::from_shared(endpoint.to_owned())?.timeout(ANSWER_TIMEOUT).connect_lazy();
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

//! How a customer is reached, asked of the engine when a notice is sent and kept nowhere (H80, H81).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tessera_contract::Pii;
use tessera_proto::admin::v1::contact_service_client::ContactServiceClient;
use tessera_proto::admin::v1::{CodeWanted, ContactStatus, GetContactRequest};
use tonic::transport::Channel;

use super::codes::CodeOf;
use crate::engine_at::{AddressError, EngineAt};

/// How long the engine may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How a customer is reached.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    /// The phone as it was stated; none: none was, or it was erased.
    pub phone: Option<Pii<String>>,
    /// The language of messages, BCP 47; none: not said.
    pub language: Option<String>,
    /// Values of the facts that were asked for and are known, by fact id.
    pub values: BTreeMap<String, Pii<String>>,
    /// The code that was asked for; none: it is not good any more, or none was asked for.
    pub code: Option<Pii<String>>,
}

/// The engine does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the engine does not say how customers are reached: {0}")]
pub struct Away(pub String);

/// Says how customers are reached.
#[async_trait]
pub trait Contacts: Send + Sync + fmt::Debug + 'static {
    /// How a customer is reached, with the values of these facts and this code; none: there is no such customer.
    ///
    /// # Errors
    /// Nobody answers.
    async fn contact(&self, customer: &str, facts: &BTreeSet<String>, code: Option<&CodeOf>) -> Result<Option<Contact>, Away>;
}

/// Asks an engine.
#[derive(Clone, Debug)]
pub struct EngineContacts {
    client: ContactServiceClient<Channel>,
}

impl EngineContacts {
    /// Of this engine. It connects when it is first asked. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The endpoint is no address, or asks for a certificate that there is not.
    pub fn new(engine: impl Into<EngineAt>) -> Result<Self, AddressError> {
        let channel = engine.into().channel(|endpoint| endpoint.timeout(ANSWER_TIMEOUT).tcp_nodelay(true))?;
        Ok(Self { client: ContactServiceClient::new(channel) })
    }
}

#[async_trait]
impl Contacts for EngineContacts {
    async fn contact(&self, customer: &str, facts: &BTreeSet<String>, code: Option<&CodeOf>) -> Result<Option<Contact>, Away> {
        let fact_ids = facts.iter().cloned().collect();
        let code = code.map(|code| CodeWanted { fact_id: code.fact.clone(), asked_by_id: code.asked_by.clone() });
        let request = GetContactRequest { customer_id: customer.to_owned(), fact_ids, code };
        let answer = self.client.clone().get_contact(request).await.map_err(|status| Away(status.message().to_owned()))?;
        let told = answer.into_inner();
        if told.status() != ContactStatus::Known {
            return Ok(None);
        }
        let stated = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Some(Contact {
            phone: stated(told.phone).map(Pii::new),
            language: stated(told.language),
            values: told.values.into_iter().map(|value| (value.fact_id, Pii::new(value.value))).collect(),
            code: stated(told.code).map(Pii::new),
        }))
    }
}

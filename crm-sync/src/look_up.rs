//! Looks a card up as a person asks for it: by account, customer, phone, or the number of a loyalty card.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_contract::Pii;
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{CustomerIdentity, IdentifyRequest, IdentifyResponse};
use tonic::transport::Channel;

use crate::engine_at::{AddressError, EngineAt};
use crate::fresh::{Fresh, Freshness};
use crate::mirror::MirrorError;
use crate::mirror::card::Card;
use crate::mirror::entry::Entry;
use crate::mirror::read::Reader;
use crate::notices::phone::normalised;

/// Entries of the history that are shown.
const ENTRIES_SHOWN: usize = 20;
/// How long a look-up waits for the mirror: a caller on the phone does not notice.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the engine may take to say who somebody is.
const IDENTIFY_TIMEOUT: Duration = Duration::from_secs(3);
/// The store that the engine is told: no till took part.
const STORE: &str = "crm";

/// Whose card is wanted: exactly one of these. Phone and card number go to the engine and stay nowhere here.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// The account's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The customer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// A phone number with its country's code, however it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The number of a loyalty card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// Says which kind is asked for and never the value (H81).
impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |is: bool| if is { "***" } else { "-" };
        let (account, customer) = (&self.account, &self.customer);
        f.debug_struct("Wanted")
            .field("account", account)
            .field("customer", customer)
            .field("phone", &shown(self.phone.is_some()))
            .field("card", &shown(self.card.is_some()))
            .finish()
    }
}

/// A card as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Shown {
    /// The account.
    pub account_id: String,
    /// How far the mirror was.
    pub freshness: Freshness,
    /// What can be used now, and what later, by asset.
    pub balances: Vec<BalanceShown>,
    /// The card.
    pub card: Card,
    /// What happened last, the newest first.
    pub history: Vec<Entry>,
}

/// What a card holds of an asset at the time of the question, smallest units.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BalanceShown {
    /// The asset.
    pub asset_id: String,
    /// What can be used; below zero: owed.
    pub usable_units: i64,
    /// What cannot be used yet.
    pub pending_units: i64,
    /// Until when the first of it can be used; none: without end.
    pub next_expires_at: Option<Timestamp>,
}

/// There is no card to show.
#[derive(Debug, thiserror::Error)]
pub enum LookUpError {
    /// Not exactly one thing to look up by.
    #[error("name exactly one of account, customer, phone and card")]
    NotOne,
    /// Nobody has it.
    #[error("nobody is known by that")]
    Unknown,
    /// The engine takes it for no phone or card number.
    #[error("{0}")]
    Refused(String),
    /// The engine does not answer.
    #[error("the engine does not say who that is: {0}")]
    Away(String),
    /// The mirror cannot be read.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

/// Looks cards up.
#[derive(Clone, Debug)]
pub struct LookUp {
    reader: Reader,
    fresh: Fresh,
    engine: BillingServiceClient<Channel>,
}

impl LookUp {
    /// In this mirror, with this engine to say who somebody is. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The endpoint is no address, or asks for a certificate that there is not.
    pub fn new(reader: Reader, fresh: Fresh, engine: impl Into<EngineAt>) -> Result<Self, AddressError> {
        let channel = engine.into().channel(|endpoint| endpoint.timeout(IDENTIFY_TIMEOUT).tcp_nodelay(true))?;
        Ok(Self { reader, fresh, engine: BillingServiceClient::new(channel) })
    }

    /// The card, as of everything that was committed when the question came.
    ///
    /// # Errors
    /// Nobody is known by what was asked for, or engine or mirror cannot be read.
    pub async fn show(&self, wanted: &Wanted, now: Timestamp) -> Result<Shown, LookUpError> {
        let account = self.account(wanted).await?;
        let freshness = self.fresh.wait(PATIENCE).await;
        let account_id = match account {
            Known::Account(account) => account,
            Known::Customer(customer) => self.reader.account_of(&customer).await?.ok_or(LookUpError::Unknown)?,
        };
        let card = self.reader.card(&account_id).await?.ok_or(LookUpError::Unknown)?;
        let history = self.reader.history(&account_id, ENTRIES_SHOWN).await?;
        Ok(Shown { account_id, freshness, balances: balances(&card, now), card, history })
    }

    async fn account(&self, wanted: &Wanted) -> Result<Known, LookUpError> {
        match (&wanted.account, &wanted.customer, &wanted.phone, &wanted.card) {
            (Some(account), None, None, None) => Ok(Known::Account(account.clone())),
            (None, Some(customer), None, None) => Ok(Known::Customer(customer.clone())),
            (None, None, Some(phone), None) => Ok(Known::Account(self.by_phone(phone).await?.account_id)),
            (None, None, None, Some(card)) => {
                Ok(Known::Account(self.identify(Identity::CardNumber(card.clone())).await?.account_id))
            }
            _ => Err(LookUpError::NotOne),
        }
    }

    /// The customer with this phone, however it is written.
    ///
    /// # Errors
    /// Nobody has it, or the engine does not say.
    pub async fn customer_of_phone(&self, phone: &str) -> Result<String, LookUpError> {
        Ok(self.by_phone(phone).await?.customer_id)
    }

    /// As it was written, then in the form in which numbers are sent to: whoever enrolled with a spelling of their own, such as one
    /// with the trunk's zero behind the country, is found by it.
    async fn by_phone(&self, written: &str) -> Result<IdentifyResponse, LookUpError> {
        let mut answer = Err(LookUpError::Unknown);
        for spelling in spellings(written) {
            answer = self.identify(Identity::Phone(spelling)).await;
            match answer {
                Ok(_) | Err(LookUpError::Away(_) | LookUpError::NotOne | LookUpError::Mirror(_)) => break,
                Err(LookUpError::Unknown | LookUpError::Refused(_)) => {}
            }
        }
        answer
    }

    async fn identify(&self, identity: Identity) -> Result<IdentifyResponse, LookUpError> {
        let customer = Some(CustomerIdentity { identity: Some(identity), ..CustomerIdentity::default() });
        let request = IdentifyRequest { customer, store_id: STORE.to_owned(), ..IdentifyRequest::default() };
        let answer = self.engine.clone().identify(request).await.map_err(|status| {
            if status.code() == tonic::Code::InvalidArgument {
                LookUpError::Refused(status.message().to_owned())
            } else {
                LookUpError::Away(status.message().to_owned())
            }
        })?;
        let found = answer.into_inner();
        if found.account_id.is_empty() { Err(LookUpError::Unknown) } else { Ok(found) }
    }
}

/// What a number is asked for by, in this sequence.
fn spellings(written: &str) -> Vec<String> {
    let mut spellings = vec![written.to_owned()];
    spellings.extend(normalised(written, None).map(Pii::into_exposed).ok().filter(|normalised| normalised != written));
    spellings
}

enum Known {
    Account(String),
    Customer(String),
}

fn balances(card: &Card, now: Timestamp) -> Vec<BalanceShown> {
    let of = |asset: &str| {
        let (usable_units, pending_units) = card.balance(asset, now);
        let live = card.lots.iter().filter(|lot| lot.origin.asset == asset && !lot.is_lapsed(now));
        let next_expires_at = live.filter_map(|lot| lot.expires_at).min();
        BalanceShown { asset_id: asset.to_owned(), usable_units, pending_units, next_expires_at }
    };
    card.assets().into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_asked_for_as_it_was_written_and_then_in_its_one_form() {
        for (written, asked) in [
            ("+49 (30) 123-456", &["+49 (30) 123-456", "+4930123456"][..]),
            ("+4930123456", &["+4930123456"]),
            ("+49030123456", &["+49030123456", "+4930123456"]),
            ("12 34", &["12 34"]),
        ] {
            assert_eq!(spellings(written), asked);
        }
    }
}

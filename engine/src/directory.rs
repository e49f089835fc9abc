//! Who a card, phone or QR code belongs to.
//!
//! A card that nobody enrolled belongs to the customer whose id is derived from it, so that a card given out
//! in the shop earns from its first use and nothing is looked up for it. What was enrolled or replaced stands
//! in the directory and goes first. The directory holds keyed hashes, never the numbers.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tessera_contract::read::Identity;
use tessera_contract::refusal::Refusal;
use tessera_rules::id::{AccountId, CustomerId};
use tessera_storage::{Claim, Version};

use crate::core::Core;
use crate::keys::letters;
use crate::layout;
use crate::recent::Recent;

/// What stands before the letters of a customer's id.
const CUSTOMER: &str = "c-";
/// What stands before the letters of an account's id.
const ACCOUNT: &str = "a-";

/// A customer and the account kept for them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) customer: CustomerId,
    pub(crate) account: AccountId,
}

/// Who stands at the till.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Recognised {
    /// The receipt names nobody.
    Anonymous,
    /// It names somebody whom nobody knows.
    Unknown,
    /// Somebody known, or a card at its first use.
    Known(Found),
}

impl Recognised {
    pub(crate) fn found(&self) -> Option<&Found> {
        match self {
            Self::Anonymous | Self::Unknown => None,
            Self::Known(found) => Some(found),
        }
    }
}

/// Entries of the directory in memory. Absence is never remembered: an enrolment must show at once.
#[derive(Debug)]
pub(crate) struct Directory {
    entries: Recent<[u8; 20], Found>,
}

impl Directory {
    pub(crate) fn new(entries_max: u64) -> Self {
        Self { entries: Recent::new(entries_max) }
    }

    /// Who an identity belongs to.
    ///
    /// # Errors
    /// The storage cannot read, or an entry in it is broken.
    pub(crate) async fn recognise(&self, core: &Core, identity: Option<&Identity>) -> Result<Recognised, Refusal> {
        let Some(identity) = identity else { return Ok(Recognised::Anonymous) };
        if let Identity::Customer(customer) = identity {
            return self.by_customer(core, customer).await;
        }
        let (kind, value) = kind_and_value(identity);
        let name = core.keys.directory_name(kind, value);
        if let Some(found) = self.look_up(core, &name).await? {
            return Ok(Recognised::Known(found));
        }
        match identity {
            Identity::Card(_) if core.settings.cards_open_accounts => Ok(Recognised::Known(derived(&name))),
            Identity::Card(_) | Identity::Qr(_) | Identity::Phone(_) | Identity::Customer(_) => Ok(Recognised::Unknown),
        }
    }

    async fn look_up(&self, core: &Core, name: &[u8; 20]) -> Result<Option<Found>, Refusal> {
        if let Some(found) = self.entries.get(name) {
            return Ok(Some(found));
        }
        let found = kept(core, name).await?;
        if let Some(found) = &found {
            self.entries.put(name, found.clone(), |_| false);
        }
        Ok(found)
    }

    /// Who an identity belongs to, without filling what is in memory: for those who name a great many.
    ///
    /// # Errors
    /// As [`Directory::recognise`].
    pub(crate) async fn find(&self, core: &Core, identity: &Identity) -> Result<Option<Found>, Refusal> {
        if let Identity::Customer(customer) = identity {
            let Some(account) = account_of(customer) else { return Ok(None) };
            let head = core.storage.head(&layout::account(&account)).await.map_err(|error| core.storage_refusal(&error))?;
            return Ok(head.map(|_| Found { customer: customer.clone(), account }));
        }
        let (kind, value) = kind_and_value(identity);
        let name = core.keys.directory_name(kind, value);
        let found = match self.entries.get(&name) {
            Some(found) => Some(found),
            None => kept(core, &name).await?,
        };
        let is_new_card = matches!(identity, Identity::Card(_)) && core.settings.cards_open_accounts;
        Ok(found.or_else(|| is_new_card.then(|| derived(&name))))
    }

    /// The engine's own id is good only for an account that is there.
    async fn by_customer(&self, core: &Core, customer: &CustomerId) -> Result<Recognised, Refusal> {
        let Some(account) = account_of(customer) else { return Ok(Recognised::Unknown) };
        let known = core.account(&account).await?;
        Ok(match known.account {
            Some(_) => Recognised::Known(Found { customer: customer.clone(), account }),
            None => Recognised::Unknown,
        })
    }

    /// The claim that puts an identity into the directory, where nobody has it yet.
    pub(crate) fn claim(core: &Core, kind: &str, value: &str, found: &Found) -> Result<Claim, Refusal> {
        let head = postcard::to_stdvec(found).map_err(|error| core.internal(&error.to_string()))?;
        Ok(Claim {
            partition: layout::directory(&core.keys.directory_name(kind, value)),
            expected: Version::NONE,
            head: Bytes::from(head),
        })
    }
}

async fn kept(core: &Core, name: &[u8; 20]) -> Result<Option<Found>, Refusal> {
    let head = core.storage.head(&layout::directory(name)).await.map_err(|error| core.storage_refusal(&error))?;
    let Some(head) = head else { return Ok(None) };
    postcard::from_bytes(&head.value).map(Some).map_err(|error| core.quarantined("directory", &error))
}

fn kind_and_value(identity: &Identity) -> (&'static str, &str) {
    match identity {
        Identity::Card(number) => ("card", number.expose()),
        Identity::Qr(content) => ("qr", content.expose()),
        Identity::Phone(number) => ("phone", number.expose()),
        Identity::Customer(id) => ("customer", id.as_str()),
    }
}

/// The customer whose id is derived from a name of the directory.
pub(crate) fn derived(name: &[u8; 20]) -> Found {
    let letters = letters(name);
    #[expect(clippy::expect_used, reason = "two characters and 32 letters of base 32 are an id of 34 characters")]
    let parsed = CustomerId::parse(&format!("{CUSTOMER}{letters}"))
        .and_then(|customer| Ok(Found { customer, account: AccountId::parse(&format!("{ACCOUNT}{letters}"))? }))
        .expect("a derived id is an id");
    parsed
}

/// The account that a customer's derived id belongs to.
pub(crate) fn account_of(customer: &CustomerId) -> Option<AccountId> {
    let letters = customer.as_str().strip_prefix(CUSTOMER)?;
    AccountId::parse(&format!("{ACCOUNT}{letters}")).ok()
}

/// The customer whom an account was opened for.
pub(crate) fn customer_of(account: &AccountId) -> CustomerId {
    let letters = account.as_str().strip_prefix(ACCOUNT).unwrap_or(account.as_str());
    #[expect(
        clippy::expect_used,
        reason = "account ids and customer ids have the same characters; a derived one has 34 of at most 40"
    )]
    CustomerId::parse(&format!("{CUSTOMER}{letters}"))
        .or_else(|_| CustomerId::parse(letters))
        .expect("an account id makes a customer id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_lead_to_each_other() {
        let found = derived(&[7; 20]);
        assert_eq!(account_of(&found.customer), Some(found.account.clone()));
        assert_eq!(customer_of(&found.account), found.customer);
        assert_eq!(account_of(&CustomerId::parse("somebody").unwrap()), None);
    }
}

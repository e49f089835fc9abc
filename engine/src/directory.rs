//! Who a card, phone or QR code belongs to.
//!
//! A card that nobody enrolled belongs to the customer whose id is derived from it, so that a card given out
//! in the shop earns from its first use and nothing is looked up for it. What was enrolled or replaced stands
//! in the directory and goes first. The directory holds keyed hashes, never the numbers. What is blocked or was replaced
//! stands there too, and counts for nothing.

use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_contract::read::Identity;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::MovedTo;
use tessera_rules::id::{AccountId, CustomerId, ReceiptId};
use tessera_storage::{Claim, StorageError, Version};

use crate::core::Core;
use crate::heads::{BACK_OFF, Written};
use crate::keys::letters;
use crate::layout;
use crate::recent::Recent;

/// How long what was read is believed: a block shows at every engine by then.
const FRESH: Duration = Duration::from_secs(5);
/// The version in which entries are written; those before it had none and were never released.
const FORMAT: u8 = 2;
/// What stands where a phone was that leads nowhere any more.
const NOBODY: &[u8] = &[0];
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

impl Found {
    /// Follows the account to where it was merged into.
    pub(crate) fn move_to(&mut self, to: &MovedTo) {
        self.account.clone_from(&to.account);
        if self.customer == to.gone {
            self.customer.clone_from(&to.survivor);
        }
    }
}

/// A card, phone or QR code as the directory names it: a keyed hash.
pub(crate) type CardName = [u8; 20];

/// What stands in the directory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) found: Found,
    pub(crate) state: CardState,
    /// The request that changed it last; none: it stands as it was enrolled.
    pub(crate) changed_by: Option<ReceiptId>,
}

/// What a card is good for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum CardState {
    /// It leads to its account.
    Good,
    /// People have blocked it.
    Blocked {
        /// Since when.
        #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
        since: Timestamp,
    },
    /// Another card has taken its place.
    Replaced {
        /// Since when it is good for nothing.
        #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
        since: Timestamp,
    },
}

impl Entry {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_extend(self, vec![FORMAT])
    }

    /// Reads an entry; none: these bytes are none.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, body) = bytes.split_first()?;
        let (read, rest) = postcard::take_from_bytes(body).ok().filter(|_| *format == FORMAT)?;
        rest.is_empty().then_some(read)
    }

    fn recognised(self) -> Recognised {
        match self.state {
            CardState::Good => Recognised::Known(self.found),
            CardState::Blocked { since } | CardState::Replaced { since } => Recognised::Blocked { of: self.found, since },
        }
    }
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
    /// It shows a card that is good for nothing: the sale goes on as one without a customer.
    Blocked {
        /// Whose it was, or is.
        of: Found,
        /// Since when.
        since: Timestamp,
    },
}

impl Recognised {
    pub(crate) fn found(&self) -> Option<&Found> {
        match self {
            Self::Anonymous | Self::Unknown | Self::Blocked { .. } => None,
            Self::Known(found) => Some(found),
        }
    }

    /// Whose a sale is that was paid at that time, and of which the account was promised something: a card that was blocked
    /// since, or while the customer paid, had been good. Both accounts are told as they are now.
    pub(crate) fn at_sale(&self, sold_at: Timestamp, promised: Option<&AccountId>) -> Option<&Found> {
        match self {
            Self::Blocked { of, since } if sold_at < *since || promised == Some(&of.account) => Some(of),
            Self::Blocked { .. } | Self::Anonymous | Self::Unknown | Self::Known(_) => self.found(),
        }
    }

    /// Whose the card is, whatever it is good for.
    pub(crate) fn owner(&self) -> Option<&Found> {
        match self {
            Self::Blocked { of, .. } => Some(of),
            Self::Anonymous | Self::Unknown | Self::Known(_) => self.found(),
        }
    }
}

/// Entries of the directory in memory. Absence is never remembered: an enrolment must show at once. What is remembered is
/// believed for some seconds only: another engine on the storage may have blocked it.
#[derive(Debug)]
pub(crate) struct Directory {
    entries: Recent<CardName, Read>,
}

/// An entry as it was read.
#[derive(Clone, Debug)]
struct Read {
    entry: Entry,
    at: Instant,
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
        if let Some(entry) = self.look_up(core, &name).await? {
            return Ok(entry.recognised());
        }
        match identity {
            Identity::Card(_) if core.settings.cards_open_accounts => Ok(Recognised::Known(derived(&name))),
            Identity::Card(_) | Identity::Qr(_) | Identity::Phone(_) | Identity::Customer(_) => Ok(Recognised::Unknown),
        }
    }

    async fn look_up(&self, core: &Core, name: &CardName) -> Result<Option<Entry>, Refusal> {
        if let Some(entry) = self.fresh(name) {
            return Ok(Some(entry));
        }
        let at = Instant::now();
        let (_, entry) = core.directory_entry(name).await?;
        if let Some(entry) = &entry {
            self.entries.put(name, Read { entry: entry.clone(), at }, |_| false);
        }
        Ok(entry)
    }

    fn fresh(&self, name: &CardName) -> Option<Entry> {
        self.entries.get(name).filter(|read| read.at.elapsed() < FRESH).map(|read| read.entry)
    }

    /// Forgets an entry that was changed here.
    pub(crate) fn forget(&self, name: &CardName) {
        self.entries.forget(name);
    }

    /// Who an identity belongs to, good or blocked, without filling what is in memory: for those who name a great many.
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
        let entry = match self.fresh(&name) {
            Some(entry) => Some(entry),
            None => core.directory_entry(&name).await?.1,
        };
        let found = entry.map(|entry| entry.found);
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

    /// The claim that puts an identity into the directory, where nobody has it yet: its place had this version.
    pub(crate) fn claim(core: &Core, name: &CardName, expected: Version, found: &Found) -> Result<Claim, Refusal> {
        let entry = Entry { found: found.clone(), state: CardState::Good, changed_by: None };
        let head = entry.encode().map_err(|error| core.internal(&error.to_string()))?;
        Ok(Claim { partition: layout::directory(name), expected, head: Bytes::from(head) })
    }

    /// Takes a phone out of the directory where it leads to one of these accounts.
    ///
    /// # Errors
    /// The storage cannot read or write, or somebody else writes the entry just now.
    pub(crate) async fn take_out(&self, core: &Core, phone: &str, of: &[AccountId]) -> Result<(), Refusal> {
        let name = core.keys.directory_name("phone", phone);
        let (version, entry) = core.directory_entry(&name).await?;
        if entry.is_some_and(|entry| of.contains(&entry.found.account))
            && core.write_head(layout::directory(&name), version, NOBODY.to_vec()).await? != Written::Done
        {
            return Err(Refusal::TooManyWaiting { retry_after: BACK_OFF });
        }
        self.entries.forget(&name);
        Ok(())
    }
}

impl Core {
    /// What stands in the directory, as the storage has it now.
    ///
    /// # Errors
    /// The storage cannot read it, or it is broken.
    pub(crate) async fn directory_entry(&self, name: &CardName) -> Result<(Version, Option<Entry>), Refusal> {
        let head = self.storage.head(&layout::directory(name)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok((Version::NONE, None)) };
        if head.value == NOBODY {
            return Ok((head.version, None));
        }
        let what = || StorageError::Damaged { place: "directory".to_owned(), what: "no entry of this program".to_owned() };
        let entry = Entry::decode(&head.value).ok_or_else(|| self.quarantined("directory", &what()))?;
        Ok((head.version, Some(entry)))
    }
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

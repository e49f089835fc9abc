//! A customer wants to be forgotten (H80): what leads to them is taken away first, then what is known of them, in one commit.

use std::collections::BTreeSet;

use compact_str::CompactString;
use tessera_contract::Pii;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::merge::most_units;
use tessera_proto::admin::v1;
use tessera_proto::billing::v1 as billing;
use tessera_rules::id::{AccountId, CustomerId, ReceiptId};
use tonic::Status;

use super::{Customers, EraseStatement};
use crate::desk::{Case, ERASED, EraseCase, names};
use crate::directory::{Found, account_of};
use crate::engine::account_key;
use crate::kept::{Forgotten, HEADS};
use crate::layout;
use crate::ledger::signers;
use crate::sealing::opened;

/// How often phones are taken out, where more are said meanwhile.
const ATTEMPTS_MAX: u32 = 3;

impl Customers {
    pub(super) async fn erase(&self, request: &v1::EraseCustomerRequest) -> Result<billing::Outcome, Status> {
        let core = &self.engine.core;
        let statement = EraseStatement::read(request).map_err(Refusal::into_status)?;
        let text = statement.text();
        let signers = signers(&self.engine, &text, &request.signatures)?;
        self.let_last_arrive().await.map_err(Refusal::into_status)?;
        let found = self.named(ERASED, &statement.customer).map_err(Refusal::into_status)?;
        let found = self.engine.follow(found).await.map_err(Refusal::into_status)?;
        let account = core.account(&found.account).await.map_err(Refusal::into_status)?.account;
        self.refuse_too_few(account.as_deref().map_or(0, most_units), signers.len())?;
        let content_hash = *blake3::hash(text.as_bytes()).as_bytes();
        self.refuse_used_id(&statement.id, &content_hash).await.map_err(Refusal::into_status)?;
        let mut attempt = 0_u32;
        let done = loop {
            attempt = attempt.saturating_add(1);
            // Who is at a till is told so before anything is taken away.
            let at_rest = account.as_deref().filter(|account| is_at_rest(account, core.clock.now()));
            let phones = match at_rest {
                Some(account) => self.take_away(account, &found).await.map_err(Refusal::into_status)?,
                None => Vec::new(),
            };
            let case = EraseCase {
                id: statement.id.clone(),
                found: found.clone(),
                reason: statement.reason.clone(),
                units_max: self.units_max(signers.len()),
                signers: signers.clone(),
                content_hash,
                now: core.clock.now(),
                phones,
            };
            match self.engine.at_desk(account_key(&found), Case::Erase(Box::new(case))).await {
                // They said another phone meanwhile.
                Err(Refusal::TooManyWaiting { .. }) if attempt < ATTEMPTS_MAX => {}
                done => break done,
            }
        };
        self.recorded(done.map_err(Refusal::into_status)?.answer)
    }

    /// An id that stands for something else changes nothing, and takes nothing away.
    async fn refuse_used_id(&self, id: &ReceiptId, content_hash: &[u8; 32]) -> Result<(), Refusal> {
        let (_, entry) = self.engine.core.receipt_entry(id).await?;
        if entry.is_some_and(|entry| entry.content_hash != *content_hash) { Err(Refusal::Conflict) } else { Ok(()) }
    }

    /// Takes away what the list of all that is kept says is taken away: phones out of the directory, the customer off all
    /// lists. It comes before the keys are deleted, since the phones can only be told with them; cut off behind it, the customer
    /// is still there and is asked for their phone anew.
    async fn take_away(&self, account: &Account, found: &Found) -> Result<Vec<Pii<CompactString>>, Refusal> {
        let mut phones = Vec::new();
        for (space, _) in HEADS.iter().filter(|(_, how)| *how == Forgotten::TakenOut) {
            match *space {
                layout::DIRECTORY => phones = self.take_phones_out(account, found).await?,
                layout::MEMBERSHIPS => {
                    for customer in names(&self.engine.core, account, &found.customer).await? {
                        self.engine.core.forget_memberships(&customer).await?;
                    }
                }
                other => return Err(self.engine.core.internal(&format!("nobody takes a customer out of {other:?}"))),
            }
        }
        Ok(phones)
    }

    async fn take_phones_out(&self, account: &Account, found: &Found) -> Result<Vec<Pii<CompactString>>, Refusal> {
        let core = &self.engine.core;
        let own: Vec<AccountId> = std::iter::once(&account.id).chain(&account.merged).cloned().collect();
        let mut phones = Vec::new();
        for customer in names(&self.engine.core, account, &found.customer).await? {
            // What was sealed before a merge lies where it was.
            for home in homes(&customer, account) {
                let (contact, _) = opened(core, &Found { customer: customer.clone(), account: home }, &[]).await?;
                phones.extend(contact.phone);
            }
        }
        for phone in &phones {
            core.directory.take_out(core, phone.expose(), &own).await?;
        }
        Ok(phones)
    }
}

/// Where what a customer said may lie.
fn homes(customer: &CustomerId, account: &Account) -> BTreeSet<AccountId> {
    account_of(customer).into_iter().chain([account.id.clone()]).collect()
}

fn is_at_rest(account: &Account, now: jiff::Timestamp) -> bool {
    account.erased_at.is_none() && !account.open_quotes.iter().any(|quote| quote.is_open(now))
}

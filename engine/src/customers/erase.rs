//! A customer wants to be forgotten (H80): what leads to them is taken away first, then what is known of them, in one commit.

use std::collections::BTreeSet;

use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::merge::most_units;
use tessera_proto::admin::v1;
use tessera_proto::billing::v1 as billing;
use tessera_rules::id::{AccountId, CustomerId};
use tonic::Status;

use super::{Customers, EraseStatement};
use crate::desk::{Case, ERASED, EraseCase, names};
use crate::directory::{Found, account_of};
use crate::engine::account_key;
use crate::ledger::signers;
use crate::sealing::opened;

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
        // Who is at a till is told so before anything is taken away.
        if let Some(account) = account.as_deref().filter(|account| is_at_rest(account, core.clock.now())) {
            self.take_away(account, &found).await.map_err(Refusal::into_status)?;
        }
        let case = EraseCase {
            id: statement.id,
            found: found.clone(),
            reason: statement.reason,
            units_max: self.units_max(signers.len()),
            signers,
            content_hash: *blake3::hash(text.as_bytes()).as_bytes(),
            now: core.clock.now(),
        };
        let done = self.engine.at_desk(account_key(&found), Case::Erase(Box::new(case))).await;
        self.recorded(done.map_err(Refusal::into_status)?.answer)
    }

    /// Takes the phones out of the directory and the customer off all lists. It comes before the keys are deleted, since the
    /// phones can only be told with them; cut off behind it, the customer is still there and is asked for their phone anew.
    async fn take_away(&self, account: &Account, found: &Found) -> Result<(), Refusal> {
        let core = &self.engine.core;
        let own: Vec<AccountId> = std::iter::once(&account.id).chain(&account.merged).cloned().collect();
        let mut phones: BTreeSet<String> = BTreeSet::new();
        for customer in names(account, &found.customer) {
            core.forget_memberships(&customer).await?;
            // What was sealed before a merge lies where it was.
            for home in homes(&customer, account) {
                let (contact, _) = opened(core, &Found { customer: customer.clone(), account: home }, &[]).await?;
                phones.extend(contact.phone.map(|phone| phone.expose().to_string()));
            }
        }
        for phone in phones {
            core.directory.take_out(core, &phone, &own).await?;
        }
        Ok(())
    }
}

/// Where what a customer said may lie.
fn homes(customer: &CustomerId, account: &Account) -> BTreeSet<AccountId> {
    account_of(customer).into_iter().chain([account.id.clone()]).collect()
}

fn is_at_rest(account: &Account, now: jiff::Timestamp) -> bool {
    account.erased_at.is_none() && !account.open_quotes.iter().any(|quote| quote.is_open(now))
}

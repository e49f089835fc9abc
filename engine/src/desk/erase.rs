//! Erase: a customer is forgotten. In one commit the account is emptied and the keys are deleted that sealed what they said.

use compact_str::CompactString;
use jiff::Timestamp;
use tessera_contract::Pii;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::erase::{Erasure, erase};
use tessera_ledger::limits::MERGED_MAX;
use tessera_rules::id::{AccountId, CustomerId, FactId, ReceiptId};

use super::day::keep_aside;
use super::enrol::{put_recorded, repeated};
use super::{CaseAnswer, Draft};
use crate::core::Core;
use crate::directory::{Found, customer_of};
use crate::heads::BACK_OFF;
use crate::layout;
use crate::record::Extras;
use crate::sealing;

/// An erasure that the people named may order.
#[derive(Debug)]
pub(crate) struct EraseCase {
    pub(crate) id: ReceiptId,
    pub(crate) found: Found,
    pub(crate) reason: String,
    /// The most units of one asset that may lapse by the word of those who signed.
    pub(crate) units_max: u64,
    /// The public keys of those who signed.
    pub(crate) signers: Vec<[u8; 32]>,
    /// BLAKE3 over what they signed.
    pub(crate) content_hash: [u8; 32],
    pub(crate) now: Timestamp,
    /// The phones that lead to them no more; one that was said since must be taken out first.
    pub(crate) phones: Vec<Pii<CompactString>>,
}

impl EraseCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let entry = draft.entry(&self.id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), &self.id).await? {
            return repeated(entry.as_ref(), self.content_hash, outcome);
        }
        let Some(account) = draft.account().cloned() else { return Err(Refusal::fault(CUSTOMER, "names no account")) };
        // It may have got more since the signatures were counted.
        if tessera_ledger::merge::most_units(&account) > self.units_max {
            return Err(Refusal::fault("signatures", "must be two: it has more units by now than one person may let lapse"));
        }
        let erased = erase(
            &account,
            &Erasure {
                id: &self.id,
                customer: &self.found.customer,
                content_hash: self.content_hash,
                booked_at: draft.booked_at(self.now),
                booking_date: draft.booking_date(self.now),
                currency: draft.core.settings.currency,
            },
        );
        let done = erased.map_err(|refusal| Refusal::fault(CUSTOMER, refusal.to_string()))?;
        self.refuse_other_phones(draft, &account).await?;
        for customer in names(draft.core, &account, &self.found.customer).await? {
            if let Some(deletion) = sealing::deletion(draft.core, &customer).await? {
                draft.put_claim(deletion)?;
            }
        }
        let members = account.members.iter().filter(|member| member.customer == self.found.customer);
        let facts: Vec<FactId> = members.flat_map(|member| &member.facts).map(|known| known.fact.clone()).collect();
        for row in sealing::emptied(&self.found.customer, &facts) {
            draft.put_row(row.key, row.value);
        }
        let extras = Extras {
            adjustment_reason: self.reason.clone(),
            adjusted_by: self.signers.clone(),
            proven: true,
            ..Extras::default()
        };
        keep_aside(draft, done.aside).await?;
        Ok(put_recorded(draft, done.account, &done.outcome, &extras, entry.as_ref()))
    }
}

impl EraseCase {
    /// A phone that was said after the others were taken out of the directory would lead to nobody for ever: with the key goes
    /// what tells it (H80).
    async fn refuse_other_phones(&self, draft: &Draft<'_>, account: &Account) -> Result<(), Refusal> {
        for customer in names(draft.core, account, &self.found.customer).await? {
            let own = Found { customer: customer.clone(), account: account.id.clone() };
            let (contact, _) = sealing::opened(draft.core, &own, &[]).await?;
            let is_other = contact.phone.is_some_and(|phone| !self.phones.contains(&phone));
            if is_other || draft.has_written(&layout::contact_row(&customer)) {
                return Err(Refusal::TooManyWaiting { retry_after: BACK_OFF });
            }
        }
        Ok(())
    }
}

/// The field of who is erased.
pub(crate) const CUSTOMER: &str = "customer_id";

/// Under which names a customer is known: their own, and that of everybody who was merged into them.
pub(crate) async fn names(core: &Core, account: &Account, customer: &CustomerId) -> Result<Vec<CustomerId>, Refusal> {
    let mut names = vec![customer.clone()];
    for merged in &account.merged {
        if account.members.len() == 1 || called(core, account, merged).await? == *customer {
            names.push(customer_of(merged));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Who the customer of an account that is part of a household's is there.
async fn called(core: &Core, household: &Account, merged: &AccountId) -> Result<CustomerId, Refusal> {
    let mut found = Found { customer: customer_of(merged), account: merged.clone() };
    for _ in 0..=MERGED_MAX {
        if found.account == household.id {
            break;
        }
        let Some(to) = core.account(&found.account).await?.account.and_then(|account| account.moved_to.clone()) else { break };
        found.move_to(&to);
    }
    Ok(found.customer)
}

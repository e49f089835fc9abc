//! Void: this receipt will not be paid. Leaves a tombstone, so that it holds also when it comes first.

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::entry::{ReceiptEntry, TillPlace};
use tessera_ledger::order::{VoidAdmission, admit_void};
use tessera_ledger::void::{is_held_by, void};
use tessera_rules::id::{CustomerId, ReceiptId};

use super::Draft;

/// A void.
#[derive(Debug)]
pub(crate) struct VoidCase {
    pub(crate) receipt: ReceiptId,
    pub(crate) till: TillPlace,
    pub(crate) attempt: u32,
    pub(crate) business_date: Date,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) now: Timestamp,
}

/// How a void was answered.
#[derive(Debug)]
pub(crate) enum Voided {
    /// Voided now.
    New,
    /// It had been voided before.
    Repeat,
    /// It was paid; nothing changed.
    AlreadySettled(Bytes),
}

impl VoidCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<Voided, Refusal> {
        let entry = draft.entry(&self.receipt).await?;
        // Another till's void of the id says nothing of what this one was promised: it is its own to let go (H73).
        if entry.as_ref().is_some_and(|entry| entry.is_voided_elsewhere(&self.till)) && !self.holds_something(draft) {
            return Err(self.foreign());
        }
        let entry = entry.map(|entry| entry.seen_from(&self.till));
        let outcome = draft.outcome(entry.as_ref(), &self.receipt).await?;
        match admit_void(entry.as_ref(), outcome.is_some(), self.attempt) {
            VoidAdmission::New => {
                self.release(draft)?;
                let aggregate = draft.aggregate(&self.receipt);
                let (attempt, day) = (self.attempt, self.business_date);
                let tombstone = ReceiptEntry::voided(entry.as_ref(), aggregate, attempt, day, self.till.clone());
                draft.put_entry(&self.receipt, tombstone);
                Ok(Voided::New)
            }
            VoidAdmission::Repeat => Ok(Voided::Repeat),
            VoidAdmission::AlreadySettled => Ok(Voided::AlreadySettled(outcome.unwrap_or_default())),
            VoidAdmission::Conflict => Err(Refusal::Conflict),
        }
    }

    /// Whether the receipt's quotes hold something for the till.
    fn holds_something(&self, draft: &Draft<'_>) -> bool {
        let (receipt, till) = (&self.receipt, &self.till);
        draft.account().is_some_and(|account| is_held_by(account, receipt, till, self.now))
            || draft.core.budgets.is_held_by(receipt, till, self.now)
    }

    /// Releases what the receipt's quotes hold. A tombstone of a customer's receipt is committed with the account, so there
    /// must be one.
    fn release(&self, draft: &mut Draft<'_>) -> Result<(), Refusal> {
        let released = match (draft.account_id(), draft.account(), &self.customer) {
            (_, Some(account), _) => void(account, &self.receipt, &self.till, self.now).map_err(|_| self.foreign())?,
            (Some(id), None, Some(customer)) => Some(Account::new(id.clone(), customer.clone(), self.now)),
            (Some(_), None, None) | (None, None, _) => None,
        };
        if !draft.core.budgets.release(&self.receipt, &self.till, self.now) {
            return Err(self.foreign());
        }
        if let Some(account) = released {
            draft.put_account(account);
        }
        Ok(())
    }

    /// The receipt is another till's.
    fn foreign(&self) -> Refusal {
        metrics::counter!("tessera_engine_foreign_calls_total").increment(1);
        tracing::warn!(receipt = %self.receipt, store = %self.till.store, till = %self.till.till, "a void of another till's receipt was refused");
        Refusal::ForeignStore
    }
}

//! Void: this receipt will not be paid. Leaves a tombstone, so that it holds also when it comes first.

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::entry::ReceiptEntry;
use tessera_ledger::order::{VoidAdmission, admit_void};
use tessera_ledger::void::void;
use tessera_rules::id::{CustomerId, ReceiptId};

use super::Draft;

/// A void.
#[derive(Debug)]
pub(crate) struct VoidCase {
    pub(crate) receipt: ReceiptId,
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
        let outcome = draft.outcome(entry.as_ref(), &self.receipt).await?;
        match admit_void(entry.as_ref(), outcome.is_some(), self.attempt) {
            VoidAdmission::New => {
                self.release(draft);
                draft.core.budgets.release(&self.receipt);
                let tombstone =
                    ReceiptEntry::voided(entry.as_ref(), draft.aggregate(&self.receipt), self.attempt, self.business_date, None);
                draft.put_entry(&self.receipt, tombstone);
                Ok(Voided::New)
            }
            VoidAdmission::Repeat => Ok(Voided::Repeat),
            VoidAdmission::AlreadySettled => Ok(Voided::AlreadySettled(outcome.unwrap_or_default())),
            VoidAdmission::Conflict => Err(Refusal::Conflict),
        }
    }

    /// A tombstone of a customer's receipt is committed with the account, so there must be one.
    fn release(&self, draft: &mut Draft<'_>) {
        let Some(id) = draft.account_id() else { return };
        let released = match (draft.account(), &self.customer) {
            (Some(account), _) => void(account, &self.receipt, self.now),
            (None, Some(customer)) => Some(Account::new(id.clone(), customer.clone(), self.now)),
            (None, None) => None,
        };
        if let Some(account) = released {
            draft.put_account(account);
        }
    }
}

//! Transfer: a customer gives another one points. They leave here, and a follow-up brings them.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::transfer::{Transfer, transfer};
use tessera_rules::id::{AccountId, AssetId, ReceiptId};
use tessera_rules::money::Units;

use super::day::keep_aside;
use super::enrol::{put_recorded, repeated};
use super::{CaseAnswer, Draft};
use crate::record::Extras;

/// A transfer that the people named may make, at the account that gives.
#[derive(Debug)]
pub(crate) struct TransferCase {
    pub(crate) id: ReceiptId,
    /// Who gets it.
    pub(crate) to: AccountId,
    pub(crate) asset: AssetId,
    pub(crate) units: Units,
    pub(crate) reason: String,
    /// The public keys of those who signed.
    pub(crate) signers: Vec<[u8; 32]>,
    /// BLAKE3 over what they signed.
    pub(crate) content_hash: [u8; 32],
    pub(crate) now: Timestamp,
}

impl TransferCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let entry = draft.entry(&self.id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), &self.id).await? {
            return repeated(entry.as_ref(), self.content_hash, outcome);
        }
        let Some(account) = draft.account().cloned() else { return Err(Refusal::fault("from_customer_id", "names no account")) };
        if draft.is_own(&self.to) {
            return Err(Refusal::fault("to_customer_id", "must be another customer"));
        }
        if account.blocked {
            return Err(Refusal::fault("from_customer_id", "is blocked"));
        }
        let sent = transfer(
            &account,
            &Transfer {
                id: &self.id,
                to: &self.to,
                asset: &self.asset,
                units: self.units,
                content_hash: self.content_hash,
                booked_at: draft.booked_at(self.now),
                booking_date: draft.booking_date(self.now),
                currency: draft.core.settings.currency,
            },
        );
        let done = sent.map_err(|too_few| Refusal::fault("units", too_few.to_string()))?;
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

//! Adjustment: people correct what an account holds.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::adjust::{Adjustment, adjust};
use tessera_rules::id::{AssetId, ProgramId, ReceiptId};
use tessera_rules::money::Units;

use super::day::keep_aside;
use super::enrol::{put_recorded, repeated};
use super::{CaseAnswer, Draft};
use crate::record::Extras;

/// A correction that the people named may make.
#[derive(Debug)]
pub(crate) struct AdjustCase {
    pub(crate) id: ReceiptId,
    pub(crate) asset: AssetId,
    pub(crate) program: ProgramId,
    pub(crate) units: Units,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) reason: String,
    /// The public keys of those who signed.
    pub(crate) signers: Vec<[u8; 32]>,
    /// BLAKE3 over what they signed.
    pub(crate) content_hash: [u8; 32],
    pub(crate) now: Timestamp,
}

impl AdjustCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let entry = draft.entry(&self.id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), &self.id).await? {
            return repeated(entry.as_ref(), self.content_hash, outcome);
        }
        let Some(account) = draft.account().cloned() else { return Err(Refusal::fault("account_id", "names no account")) };
        let booked_at = draft.booked_at(self.now);
        if self.expires_at.is_some_and(|expires_at| expires_at <= booked_at) {
            return Err(Refusal::fault("expires_at", "must be in the future: what is given could never be used"));
        }
        let done = adjust(
            &account,
            &Adjustment {
                id: &self.id,
                asset: &self.asset,
                program: &self.program,
                units: self.units,
                expires_at: self.expires_at,
                content_hash: self.content_hash,
                booked_at,
                booking_date: draft.booking_date(self.now),
                currency: draft.core.settings.currency,
            },
        );
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

//! Review: somebody has looked at a receipt whose rewards a brake holds.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::profile::{ProfileRequest, Release};
use tessera_ledger::review::{Finding, review};
use tessera_rules::id::ReceiptId;

use super::day::keep_aside;
use super::enrol::{put_recorded, refused, repeated};
use super::settle::printed_coupons;
use super::{CaseAnswer, Draft};
use crate::directory::Found;
use crate::programs::Rules;
use crate::record::Extras;

/// A finding that the people named may state.
#[derive(Debug)]
pub(crate) struct ReviewCase {
    pub(crate) id: ReceiptId,
    /// Whose receipt it is.
    pub(crate) found: Found,
    pub(crate) receipt: ReceiptId,
    pub(crate) finding: Finding,
    pub(crate) reason: String,
    /// The public keys of those who signed.
    pub(crate) signers: Vec<[u8; 32]>,
    /// How many units they may let go.
    pub(crate) units_max: u64,
    /// BLAKE3 over what they signed.
    pub(crate) content_hash: [u8; 32],
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

impl ReviewCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let entry = draft.entry(&self.id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), &self.id).await? {
            return repeated(entry.as_ref(), self.content_hash, outcome);
        }
        let nothing = || Refusal::fault("receipt_id", "names no receipt of which something of this customer is held");
        let Some(account) = draft.account().cloned() else { return Err(nothing()) };
        // More may be held by now than when the signatures were counted.
        let held = account.units_held_of(&self.receipt).units().unsigned_abs();
        if self.finding == Finding::Release && held > self.units_max {
            return Err(Refusal::fault("signatures", "must be two: more units are held by now than one person may let go"));
        }
        let booking_date = draft.booking_date(self.now);
        let request = ProfileRequest {
            id: self.id.clone(),
            customer: self.found.customer.clone(),
            place: None,
            told_at: self.now,
            business_date: booking_date,
            currency: draft.core.settings.currency,
            content_hash: self.content_hash,
            basis: self.rules.basis(),
            booked_at: draft.booked_at(self.now),
            booking_date,
        };
        let must_confirm = self.rules.revision.must_confirm();
        let release = Release { codes: draft.core.keys.codes(), must_confirm: &must_confirm };
        let reviewed = review(&account, &request, (&self.receipt, self.finding), release);
        let done = reviewed.map_err(|refusal| refused(&refusal))?.ok_or_else(nothing)?;
        let extras = Extras {
            adjustment_reason: self.reason.clone(),
            adjusted_by: self.signers.clone(),
            coupons: printed_coupons(&done.outcome, &self.rules.revision),
            proven: true,
            ..Extras::default()
        };
        keep_aside(draft, done.aside).await?;
        Ok(put_recorded(draft, done.account, &done.outcome, &extras, entry.as_ref()))
    }
}

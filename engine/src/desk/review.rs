//! Review: somebody has looked at a receipt whose rewards a brake holds.

use bytes::Bytes;
use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::claim::claimed_sale;
use tessera_ledger::profile::{ProfileRequest, Profiled, Release};
use tessera_ledger::return_goods::free_refused;
use tessera_ledger::review::{Finding, gave, review};
use tessera_rules::id::{CampaignId, ReceiptId};
use tessera_rules::usage::Usage;

use super::day::keep_aside;
use super::enrol::{put_recorded, refused, repeated};
use super::return_goods::read_stored;
use super::settle::printed_coupons;
use super::{CaseAnswer, Draft};
use crate::budgets::shares_of;
use crate::directory::Found;
use crate::layout;
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
    /// Those of the receipt's sale; none: it is not known where it was looked for.
    pub(crate) sale_rules: Option<Rules>,
    pub(crate) now: Timestamp,
}

impl ReviewCase {
    /// What refused rewards had used is free again: of the customer's limits and of those over all customers.
    async fn give_back(&self, draft: &mut Draft<'_>, before: &Account, done: &mut Profiled) -> Result<(), Refusal> {
        let Some(entry) = draft.entry(&self.receipt).await? else { return Ok(()) };
        let Some(stored) = draft.outcome(Some(&entry), &self.receipt).await? else { return Ok(()) };
        let sale = read_stored(draft, &self.receipt, &stored)?;
        let sale = match draft.claim_outcome(&self.receipt).await? {
            Some(claim) => claimed_sale(sale, read_stored(draft, &self.receipt, &claim)?),
            None => sale,
        };
        let meant = before.held_alone(&sale);
        if meant.is_empty() {
            return Ok(());
        }
        let mut so_far = draft.returned(&entry, &self.receipt).await?;
        done.outcome.uses = free_refused(&mut done.account, (&sale, &mut so_far), &meant);
        draft.put_row(layout::returned_row(&self.receipt), Bytes::from(so_far.encode()));
        let Some(rules) = &self.sale_rules else { return Ok(()) };
        let used: Vec<(CampaignId, Usage)> = meant.iter().map(|campaign| (campaign.clone(), gave(&sale, campaign))).collect();
        let shares = shares_of(&rules.revision, &used);
        let day = sale.business_date;
        let given_back = draft.core.budgets.shares_given_back(draft.core.storage.as_ref(), shares, day).await;
        draft.put_spent(&self.id, given_back.map_err(|error| draft.core.storage_refusal(&error))?, day);
        Ok(())
    }

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
        let mut done = reviewed.map_err(|refusal| refused(&refusal))?.ok_or_else(nothing)?;
        if self.finding == Finding::Refuse {
            self.give_back(draft, &account, &mut done).await?;
        }
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

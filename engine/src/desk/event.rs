//! Events: something has happened to a customer that rewards have waited for.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::profile::{ProfileRefusal, ProfileRequest, Release, report_event};
use tessera_rules::id::{EventId, ReceiptId};

use super::day::keep_aside;
use super::enrol::{finish, refused, repeated};
use super::{CaseAnswer, Draft};
use crate::directory::Found;
use crate::programs::Rules;

/// What has happened.
#[derive(Debug)]
pub(crate) struct EventCase {
    pub(crate) id: ReceiptId,
    pub(crate) found: Found,
    pub(crate) event: EventId,
    /// The receipt that it is about; none: all.
    pub(crate) receipt: Option<ReceiptId>,
    pub(crate) content_hash: [u8; 32],
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

impl EventCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let entry = draft.entry(&self.id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), &self.id).await? {
            return repeated(entry.as_ref(), self.content_hash, outcome);
        }
        let Some(account) = draft.account().cloned() else { return Err(refused(&ProfileRefusal::NotAMember)) };
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
        let told = report_event(&account, &request, (&self.event, self.receipt.as_ref()), release);
        let Some(told) = told.map_err(|refusal| refused(&refusal))? else { return Ok(CaseAnswer::NothingWaited) };
        keep_aside(draft, told.aside).await?;
        Ok(finish(draft, told.account, &told.outcome, Vec::new(), (entry.as_ref(), &self.rules.revision)))
    }
}

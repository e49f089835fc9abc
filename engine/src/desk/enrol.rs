//! Enrol: a customer is created, in the account of their card where one is in use already.

use bytes::Bytes;
use jiff::Timestamp;
use tessera_contract::read::{EnrolInput, StatedFact};
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Account, FactSource};
use tessera_ledger::entry::ReceiptEntry;
use tessera_ledger::lot::Lot;
use tessera_ledger::outcome::Outcome;
use tessera_ledger::profile::{self, Agreed, Answer, ProfileRefusal, ProfileRequest, Release};
use tessera_proto::billing::v1;
use tessera_rules::id::FactId;
use tessera_rules::receipt::Place;
use tessera_rules::revision::Revision;

use super::bonus::{Moment, Referrer};
use super::day::keep_lapsed;
use super::settle::printed_coupons;
use super::{CaseAnswer, Draft};
use crate::directory::{Directory, Found};
use crate::layout;
use crate::programs::Rules;
use crate::record::{Extras, encode_outcome};
use crate::sealing::{Contact, contact_row, customer_key, fact_row};

/// An enrolment.
#[derive(Debug)]
pub(crate) struct EnrolCase {
    pub(crate) input: EnrolInput,
    pub(crate) found: Found,
    pub(crate) referrer: Referrer,
    pub(crate) place: Place,
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

impl EnrolCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let id = &self.input.request;
        let entry = draft.entry(id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), id).await? {
            return repeated(entry.as_ref(), self.input.content_hash.0, outcome);
        }
        let enrolled = draft.account().is_some_and(|account| is_enrolled(account, &self.found));
        if enrolled || self.is_taken(draft).await? {
            return Ok(CaseAnswer::AlreadyKnown);
        }
        self.referrer.check()?;
        let request = self.request(draft);
        let agreed = Agreed { data: true, marketing: self.input.marketing_consent };
        let account = draft.account().cloned();
        let enrolled = profile::enrol(account.as_deref(), self.found.account.clone(), &request, agreed)
            .map_err(|refusal| refused(&refusal))?;
        let must_confirm = must_confirm(&self.rules.revision);
        let release = Release { codes: draft.core.keys.codes(), must_confirm: &must_confirm };
        let told = profile::record_answers(
            &enrolled.account,
            &request,
            &answers(&self.input.answers, FactSource::Enrolment, &self.rules.revision),
            release,
        )
        .map_err(|refusal| refused(&refusal))?;
        for (kind, value) in [("card", &self.input.card), ("phone", &self.input.phone)] {
            if let Some(value) = value {
                draft.put_claim(Directory::claim(draft.core, kind, value.expose(), &self.found)?);
            }
        }
        let (mut account, told_of) = (told.account, told.outcome);
        let mut outcome =
            Outcome { facts: told_of.facts, rewards: told_of.rewards, postings: told_of.postings, ..enrolled.outcome };
        let lapsed = self.bonuses(draft, &mut account, &mut outcome);
        let contact = Contact { phone: self.input.phone.clone(), language: self.input.language.clone() };
        keep_values(draft, &self.found, &self.input.answers, &contact).await?;
        keep_lapsed(draft, lapsed).await?;
        Ok(finish(draft, account, &outcome, recorded(&self.found, &self.input.answers), (entry.as_ref(), &self.rules.revision)))
    }

    fn bonuses(&self, draft: &Draft<'_>, account: &mut Account, outcome: &mut Outcome) -> Vec<Lot> {
        let moment = Moment { core: draft.core, rules: &self.rules, at: self.input.enrolled_at, store: &self.input.store };
        let facts = outcome.facts.clone();
        let mut lapsed = moment.answered(account, outcome, (&self.found.customer, &facts));
        lapsed.extend(moment.enrolled(account, outcome, &self.referrer));
        lapsed
    }

    /// Whether the card or phone stands in the directory already.
    async fn is_taken(&self, draft: &Draft<'_>) -> Result<bool, Refusal> {
        for (kind, value) in [("card", &self.input.card), ("phone", &self.input.phone)] {
            let Some(value) = value else { continue };
            let partition = layout::directory(&draft.core.keys.directory_name(kind, value.expose()));
            let head = draft.core.storage.head(&partition).await.map_err(|error| draft.core.storage_refusal(&error))?;
            if head.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn request<'a>(&'a self, draft: &Draft<'_>) -> ProfileRequest<'a> {
        ProfileRequest {
            id: self.input.request.clone(),
            customer: self.found.customer.clone(),
            place: &self.place,
            told_at: self.input.enrolled_at,
            business_date: self.input.business_date,
            currency: draft.core.settings.currency,
            content_hash: self.input.content_hash.0,
            basis: self.rules.basis(),
            booked_at: draft.booked_at(self.now),
            booking_date: draft.booking_date(self.now),
        }
    }
}

fn is_enrolled(account: &Account, found: &Found) -> bool {
    account.members.iter().any(|member| member.customer == found.customer && member.enrolled_at.is_some())
}

/// The facts that count only once somebody has checked them.
pub(super) fn must_confirm(revision: &Revision) -> Vec<FactId> {
    revision.facts().iter().filter(|rule| rule.confirm).map(|rule| rule.id.clone()).collect()
}

/// A request id that has been carried out: the stored outcome, or a conflict.
pub(super) fn repeated(entry: Option<&ReceiptEntry>, content_hash: [u8; 32], outcome: Bytes) -> Result<CaseAnswer, Refusal> {
    if entry.is_some_and(|entry| entry.content_hash == content_hash) {
        Ok(CaseAnswer::Recorded { outcome })
    } else {
        Err(Refusal::Conflict)
    }
}

/// Why a profile was not changed, as a fault of the input.
pub(super) fn refused(refusal: &ProfileRefusal) -> Refusal {
    Refusal::fault("answers", refusal.to_string())
}

/// Answers for the ledger, with that of their values which rules may read.
pub(super) fn answers(stated: &[StatedFact], source: FactSource, revision: &Revision) -> Vec<Answer> {
    let readable = |fact: &StatedFact| revision.fact(&fact.fact)?.readable(fact.value.as_ref()?.expose());
    stated
        .iter()
        .map(|fact| Answer {
            fact: fact.fact.clone(),
            source,
            confirmed: false,
            refused: fact.value.is_none(),
            readable: readable(fact),
        })
        .collect()
}

/// Answers without their values, for the outcome.
pub(super) fn recorded(found: &Found, stated: &[StatedFact]) -> Vec<v1::RecordedAnswer> {
    stated
        .iter()
        .map(|fact| v1::RecordedAnswer {
            fact_id: fact.fact.as_str().to_owned(),
            customer_id: found.customer.as_str().to_owned(),
            refused: fact.value.is_none(),
            trust: i32::from(v1::FactTrust::Stated),
        })
        .collect()
}

/// Seals the values, and how the customer is reached where that was said, into the account's partition.
pub(super) async fn keep_values(
    draft: &mut Draft<'_>,
    found: &Found,
    stated: &[StatedFact],
    contact: &Contact,
) -> Result<(), Refusal> {
    let says_contact = *contact != Contact::default();
    if stated.iter().all(|fact| fact.value.is_none()) && !says_contact {
        return Ok(());
    }
    let key = customer_key(draft.core, &found.customer).await?;
    if says_contact {
        let row = contact_row(draft.core, &key, &found.customer, contact)?;
        draft.put_row(row.key, row.value);
    }
    for fact in stated {
        let Some(value) = &fact.value else { continue };
        let row = fact_row(draft.core, &key, &found.customer, &fact.fact, value.expose())?;
        draft.put_row(row.key, row.value);
    }
    if let Some(claim) = key.claim {
        draft.put_claim(claim);
    }
    Ok(())
}

/// Puts account, outcome and entry into the draft.
pub(super) fn finish(
    draft: &mut Draft<'_>,
    account: Account,
    outcome: &Outcome,
    answers: Vec<v1::RecordedAnswer>,
    (before, revision): (Option<&ReceiptEntry>, &Revision),
) -> CaseAnswer {
    let coupons = printed_coupons(outcome, revision);
    let extras = Extras { answers, coupons, proven: true, ..Extras::default() };
    put_recorded(draft, account, outcome, &extras, before)
}

/// The same of any request that is no receipt.
pub(super) fn put_recorded(
    draft: &mut Draft<'_>,
    account: Account,
    outcome: &Outcome,
    extras: &Extras,
    before: Option<&ReceiptEntry>,
) -> CaseAnswer {
    let message = encode_outcome(outcome, extras);
    let entry = ReceiptEntry::settled(before, draft.aggregate(&outcome.receipt), outcome.content_hash, 0, outcome.business_date);
    draft.put_account(account);
    draft.put_entry(&outcome.receipt, entry);
    draft.put_row(layout::outcome_row(outcome.receipt.as_str()), message.clone());
    draft.put_follow_ups(&outcome.follow_ups);
    CaseAnswer::Recorded { outcome: message }
}

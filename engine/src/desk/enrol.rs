//! Enrol: a customer is created, in the account of their card where one is in use already.

mod code;

use bytes::Bytes;
use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::fault::Fault;
use tessera_contract::read::{DeliveryInput, EnrolInput, Said, StatedFact};
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Account, FactSource};
use tessera_ledger::aside::Aside;
use tessera_ledger::confirm::CODE_LASTS;
use tessera_ledger::entry::ReceiptEntry;
use tessera_ledger::outcome::Outcome;
use tessera_ledger::profile::{self, Agreed, Answer, ProfileRefusal, ProfileRequest, Release, Told};
use tessera_proto::billing::v1;
use tessera_rules::id::{CustomerId, FactId, ReceiptId};
use tessera_rules::program::AnswerForm;
use tessera_rules::receipt::Place;
use tessera_rules::revision::Revision;
use tessera_storage::Version;

use self::code::Phone;
use super::bonus::{Moment, Referrer};
use super::day::keep_aside;
use super::settle::printed_coupons;
use super::{CaseAnswer, Draft};
use crate::directory::{CardName, Directory, Found};
use crate::facts::answer_kind;
use crate::layout;
use crate::programs::Rules;
use crate::record::{Extras, encode_outcome};
use crate::sealing::{Contact, contact_row, fact_row};

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
        // The card of who was erased is blocked for good: whoever enrols takes another one.
        let is_taken = |account: &Account| account.erased_at.is_some() || is_enrolled(account, &self.found);
        let enrolled = draft.account().is_some_and(|account| is_taken(account));
        let Some(free) = self.free(draft).await?.filter(|_| !enrolled) else { return Ok(CaseAnswer::AlreadyKnown) };
        self.referrer.check()?;
        let (account, confirmed) = match self.phone(draft).await? {
            Phone::NotAsked => (draft.account().cloned(), None),
            Phone::Confirmed { account, fact } => (Some(account), Some(fact)),
            Phone::CodeSent => return Ok(CaseAnswer::CodeSent),
        };
        let stated = self.stated(confirmed.as_ref());
        let request = self.request(draft);
        let agreed = Agreed { data: true, marketing: self.input.marketing_consent };
        let enrolled = profile::enrol(account.as_deref(), self.found.account.clone(), &request, agreed)
            .map_err(|refusal| refused(&refusal))?;
        let must_confirm = self.rules.revision.must_confirm();
        let takes_codes = may_wait_for_code(&self.input.delivery, self.input.enrolled_at, self.now);
        let release = Release { codes: draft.core.keys.codes(), must_confirm: &must_confirm };
        understood(&stated, &self.rules.revision)?;
        // The code that came has been looked at.
        let said: Vec<StatedFact> = stated.iter().filter(|fact| Some(&fact.fact) != confirmed.as_ref()).cloned().collect();
        let answers = answers(&said, FactSource::Enrolment, (&self.rules.revision, takes_codes));
        let told =
            profile::record_answers(&enrolled.account, &request, &answers, release).map_err(|refusal| refused(&refusal))?;
        for (name, version) in free {
            draft.put_claim(Directory::claim(draft.core, &name, version, &self.found)?)?;
        }
        let (mut account, told_of) = (told.account, told.outcome);
        let mut facts = told_of.facts;
        facts.extend(confirmed);
        facts.sort();
        let mut outcome = Outcome { facts, rewards: told_of.rewards, postings: told_of.postings, ..enrolled.outcome };
        let aside = self.bonuses(draft, &mut account, &mut outcome);
        let contact = Contact { phone: self.input.phone.clone(), language: self.input.language.clone() };
        keep_values(draft, &self.found, &stated, &contact).await?;
        keep_aside(draft, aside).await?;
        let who = (&self.input.request, &self.found.customer);
        let answers = recorded(who, (&stated, &outcome.facts), (&account, &self.rules.revision));
        Ok(finish(draft, account, &outcome, answers, (entry.as_ref(), &self.rules.revision)))
    }

    fn bonuses(&self, draft: &Draft<'_>, account: &mut Account, outcome: &mut Outcome) -> Aside {
        let moment = Moment { core: draft.core, rules: &self.rules, at: self.input.enrolled_at, store: &self.input.store };
        let facts = outcome.facts.clone();
        let mut aside = moment.answered(account, outcome, (&self.found.customer, &facts));
        aside.append(moment.enrolled(account, outcome, &self.referrer));
        aside
    }

    /// The places of card and phone in the directory; none: one of them is somebody's already.
    async fn free(&self, draft: &Draft<'_>) -> Result<Option<Vec<(CardName, Version)>>, Refusal> {
        let mut free = Vec::new();
        for (kind, value) in [("card", &self.input.card), ("phone", &self.input.phone)] {
            let Some(value) = value else { continue };
            let name = draft.core.keys.directory_name(kind, value.expose());
            match draft.core.directory_entry(&name).await? {
                (version, None) => free.push((name, version)),
                // An enrolment that came to nothing beside an erasure may have left it: it leads to nobody.
                (version, Some(entry)) if kind == "phone" && is_nobodys(draft, &entry.found).await? => {
                    free.push((name, version));
                }
                (_, Some(_)) => return Ok(None),
            }
        }
        Ok(Some(free))
    }

    fn request<'a>(&'a self, draft: &Draft<'_>) -> ProfileRequest<'a> {
        ProfileRequest {
            id: self.input.request.clone(),
            customer: self.found.customer.clone(),
            place: Some(&self.place),
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

/// Whether whoever the account was kept for was forgotten.
async fn is_nobodys(draft: &Draft<'_>, found: &Found) -> Result<bool, Refusal> {
    let known = draft.core.account(&found.account).await?;
    Ok(known.account.is_some_and(|account| account.erased_at.is_some()))
}

fn is_enrolled(account: &Account, found: &Found) -> bool {
    account.members.iter().any(|member| member.customer == found.customer && member.enrolled_at.is_some())
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

/// Whether whoever answered may still stand at the till: the answer came while the till waited, and a code that is sent now is
/// none that comes days later or at night.
pub(super) fn may_wait_for_code(delivery: &DeliveryInput, answered_at: Timestamp, now: Timestamp) -> bool {
    delivery.route == v1::DeliveryRoute::Direct && now.duration_since(answered_at).abs() < CODE_LASTS
}

/// Answers for the ledger, with that of their values which rules may read, and whether codes may be sent to them now.
pub(super) fn answers(stated: &[StatedFact], source: FactSource, (revision, takes_codes): (&Revision, bool)) -> Vec<Answer> {
    let told = |fact: &StatedFact| match &fact.said {
        Said::Value(value) => {
            let rule = revision.fact(&fact.fact);
            Told::Value {
                readable: rule.and_then(|rule| rule.readable(value.expose())),
                takes_code: takes_codes && rule.is_some_and(|rule| rule.takes_code(value.expose())),
            }
        }
        Said::Refused => Told::Refused,
        Said::Code(code) => Told::Code(code.expose().clone()),
    };
    stated.iter().map(|fact| Answer { fact: fact.fact.clone(), source, told: told(fact) }).collect()
}

/// Whether an answer has the form that its fact asks for.
pub(super) fn is_understood(stated: &StatedFact, revision: &Revision) -> bool {
    let rule = revision.fact(&stated.fact);
    stated.value().is_none_or(|value| rule.is_none_or(|rule| rule.is_answer(value.expose())))
}

/// Answers of another form than asked for are a fault of the request.
///
/// # Errors
/// Names the answers, and never what they say.
pub(super) fn understood(stated: &[StatedFact], revision: &Revision) -> Result<(), Refusal> {
    let places = stated.iter().enumerate().filter(|(_, fact)| !is_understood(fact, revision));
    let fault = |(place, fact): (usize, &StatedFact)| {
        let form = revision.fact(&fact.fact).map(|rule| rule.form).unwrap_or_default();
        let description = match form {
            AnswerForm::Text => "must be an answer".to_owned(),
            AnswerForm::YesNo => "must be yes or no".to_owned(),
            AnswerForm::Number { least, most } => format!("must be a whole number from {least} to {most}"),
        };
        Fault { field: format!("answers[{place}].value"), description: description.into() }
    };
    let faults: Vec<Fault> = places.map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// Answers without their values, for the outcome of a request: how far each is trusted now, and whether a code is to be sent. A
/// code that changed nothing was wrong.
pub(super) fn recorded(
    (id, customer): (&ReceiptId, &CustomerId),
    (stated, changed): (&[StatedFact], &[FactId]),
    (account, revision): (&Account, &Revision),
) -> Vec<v1::RecordedAnswer> {
    let member = account.members.iter().find(|member| member.customer == *customer);
    let recorded = stated.iter().map(|fact| {
        let known = member.and_then(|member| member.facts.iter().find(|known| known.fact == fact.fact));
        let is_confirmed = known.is_some_and(|known| known.confirmed);
        let code = known.and_then(|known| known.code.as_ref()).filter(|code| code.asked_by == *id);
        let code_until = code.and_then(|code| code.open_until);
        let trust = if is_confirmed { v1::FactTrust::Confirmed } else { v1::FactTrust::Stated };
        let code_to = code_until.and_then(|_| revision.fact(&fact.fact)).map_or(v1::AnswerKind::Unspecified, answer_kind);
        v1::RecordedAnswer {
            fact_id: fact.fact.as_str().to_owned(),
            customer_id: customer.as_str().to_owned(),
            refused: fact.said == Said::Refused,
            trust: i32::from(trust),
            code_to: i32::from(code_to),
            code_until: code_until.map(timestamp_to_wire),
            code_wrong: matches!(fact.said, Said::Code(_)) && !changed.contains(&fact.fact),
        }
    });
    recorded.collect()
}

/// Seals the values, and how the customer is reached where that was said, into the account's partition.
pub(super) async fn keep_values(
    draft: &mut Draft<'_>,
    found: &Found,
    stated: &[StatedFact],
    contact: &Contact,
) -> Result<(), Refusal> {
    let says_contact = *contact != Contact::default();
    if stated.iter().all(|fact| fact.value().is_none()) && !says_contact {
        return Ok(());
    }
    let key = draft.customer_key(&found.customer).await?;
    if says_contact {
        let row = contact_row(draft.core, &key, &found.customer, contact)?;
        draft.put_row(row.key, row.value);
    }
    for fact in stated {
        let Some(value) = fact.value() else { continue };
        let row = fact_row(draft.core, &key, &found.customer, &fact.fact, value.expose())?;
        draft.put_row(row.key, row.value);
    }
    if let Some(claim) = key.claim {
        draft.put_claim(claim)?;
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

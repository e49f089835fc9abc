//! Enrolment and answers: what is known of a person, without the values.

use std::mem;

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::id::{AccountId, CustomerId, EventId, FactId, ReceiptId};
use tessera_rules::money::Currency;
use tessera_rules::receipt::Place;

use crate::account::{Account, Consents, FactKnown, FactSource, Member};
use crate::aside::Aside;
use crate::booking::Booking;
use crate::code::CodeKey;
use crate::confirm::{self, CodeAsked};
use crate::grant;
use crate::limits::{FACTS_MAX, FACTS_TOTAL_MAX, MEMBERS_MAX};
use crate::outcome::{Basis, Outcome, OutcomeKind};
use crate::posting::is_balanced;

/// What both commands have in common.
#[derive(Clone, Debug)]
pub struct ProfileRequest<'a> {
    /// The minted id of the request.
    pub id: ReceiptId,
    /// Who.
    pub customer: CustomerId,
    /// Where; none: not at a till.
    pub place: Option<&'a Place>,
    /// When, by the till.
    pub told_at: Timestamp,
    /// The till's trading day.
    pub business_date: Date,
    /// The store's currency, of the amounts of zero in the outcome.
    pub currency: Currency,
    /// BLAKE3 over the canonical encoding of the content.
    pub content_hash: [u8; 32],
    /// With what it was computed.
    pub basis: Basis,
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
}

/// How rewards are given that waited for answers.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// Makes the codes of coupons.
    pub codes: &'a CodeKey,
    /// The facts that count only once somebody has checked them.
    pub must_confirm: &'a [FactId],
}

/// What a customer agrees to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// To the keeping of data.
    pub data: bool,
    /// To marketing.
    pub marketing: bool,
}

/// An answer to a prompt, without its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The profile field.
    pub fact: FactId,
    /// Where it came from.
    pub source: FactSource,
    /// What was said.
    pub told: Told,
}

/// What was said to a prompt, without its value.
#[derive(Clone, PartialEq, Eq)]
pub enum Told {
    /// A value.
    Value {
        /// What rules may read of it, and the account keeps.
        readable: Option<CompactString>,
        /// A code is to be sent to it.
        takes_code: bool,
    },
    /// The customer would not say.
    Refused,
    /// The code that was sent to the value of before.
    Code(CompactString),
    /// People have checked the value of before.
    Checked {
        /// Since when what they have read was known: a later answer is not what they have checked.
        known_at: Timestamp,
        /// It was good for a time that is over.
        had_lapsed: bool,
    },
}

impl std::fmt::Debug for Told {
    /// Shows no code (H81).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value { readable, takes_code } => write!(f, "Value({readable:?}, {takes_code})"),
            Self::Refused => f.write_str("Refused"),
            Self::Code(_) => f.write_str("Code(***)"),
            Self::Checked { known_at, had_lapsed } => write!(f, "Checked({known_at}, {had_lapsed})"),
        }
    }
}

/// What a profile command made of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profiled {
    /// The account after it.
    pub account: Account,
    /// The record: no lines.
    pub outcome: Outcome,
    /// What the account does not remember any more and a return must know.
    pub aside: Aside,
}

/// Why a profile command is not carried out, in order of precedence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProfileRefusal {
    /// The customer is not of this account.
    #[error("the customer is not a member of this account")]
    NotAMember,
    /// The account has as many people as it can.
    #[error("the account has {MEMBERS_MAX} members already")]
    TooManyMembers,
    /// More facts than an account keeps.
    #[error("more facts than the account keeps: {FACTS_MAX} a member, {FACTS_TOTAL_MAX} in all")]
    TooManyFacts,
    /// What is to be confirmed was never answered.
    #[error("the customer has never answered {0}")]
    NeverAnswered(FactId),
    /// What is to be confirmed is not what was read.
    #[error("{0} is not what was checked any more: read it again, and its time with it")]
    AnsweredAnew(FactId),
}

/// Enrols a customer, in a new account or as a member of one. Once enrolled, a repeat keeps the first date.
///
/// # Errors
/// The account is full.
pub fn enrol(
    account: Option<&Account>,
    id: AccountId,
    request: &ProfileRequest<'_>,
    agreed: Agreed,
) -> Result<Profiled, ProfileRefusal> {
    let mut next = match account {
        Some(account) => account.clone(),
        None => Account::new(id, request.customer.clone(), request.booked_at),
    };
    let now = next.booked_at(request.booked_at);
    match next.members.binary_search_by(|member| member.customer.cmp(&request.customer)) {
        Ok(_) => {}
        Err(_) if next.members.len() >= MEMBERS_MAX => return Err(ProfileRefusal::TooManyMembers),
        Err(place) => next.members.insert(place, new_member(request.customer.clone())),
    }
    next.has_happened(&EventId::enrolment(), None);
    for member in next.members.iter_mut().filter(|member| member.customer == request.customer) {
        member.enrolled_at.get_or_insert(now);
        member.consents.data_since = agreed.data.then(|| member.consents.data_since.unwrap_or(now));
        member.consents.marketing_since = agreed.marketing.then(|| member.consents.marketing_since.unwrap_or(now));
    }
    Ok(finish(next, request, OutcomeKind::Enrolment, Vec::new()))
}

/// Records answers, the later ones of a fact over the earlier, and gives the rewards that have waited for them.
///
/// # Errors
/// No such member, or too many facts.
pub fn record_answers(
    account: &Account,
    request: &ProfileRequest<'_>,
    answers: &[Answer],
    release: Release<'_>,
) -> Result<Profiled, ProfileRefusal> {
    let recording = Recording { id: &request.id, customer: &request.customer, codes: release.codes, now: request.booked_at };
    let recorded = record_facts(account, answers, recording)?;
    Ok(released(recorded.account, request, (OutcomeKind::Answers, recorded.changed), release))
}

/// Gives the rewards that have waited for an event, with a receipt those of that one alone. None: none has.
///
/// # Errors
/// The customer is not of this account.
pub fn report_event(
    account: &Account,
    request: &ProfileRequest<'_>,
    (event, receipt): (&EventId, Option<&ReceiptId>),
    release: Release<'_>,
) -> Result<Option<Profiled>, ProfileRefusal> {
    if !account.members.iter().any(|member| member.customer == request.customer) {
        return Err(ProfileRefusal::NotAMember);
    }
    let mut next = account.clone();
    let waited = next.has_happened(event, receipt);
    Ok((waited > 0).then(|| released(next, request, (OutcomeKind::Event, Vec::new()), release)))
}

/// Gives what waits for nothing any more, and makes the record.
pub(crate) fn released(
    mut next: Account,
    request: &ProfileRequest<'_>,
    (kind, facts): (OutcomeKind, Vec<FactId>),
    release: Release<'_>,
) -> Profiled {
    let mut booking = Booking::new(mem::take(&mut next.lots), &request.id, next.booked_at(request.booked_at));
    let with = (release.codes, release.must_confirm);
    let rewards = grant::released(&mut next, Some(&request.customer), with, &mut booking);
    booking.store(&mut next);
    assert!(is_balanced(&booking.postings), "postings sum to zero per asset (P5)");
    let mut done = finish(next, request, kind, facts);
    done.outcome.rewards = rewards;
    (done.outcome.postings, done.aside) = (booking.postings, booking.aside);
    done
}

/// Who answers, in which request or receipt, and when.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// The request or receipt.
    pub id: &'a ReceiptId,
    /// The member.
    pub customer: &'a CustomerId,
    /// Makes codes.
    pub codes: &'a CodeKey,
    /// Now, by the engine's clock.
    pub now: Timestamp,
}

/// What answers made of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The account after them.
    pub account: Account,
    /// The facts of which more or something else is known than before, sorted: none by a code that was wrong, or by a check of
    /// what was confirmed and had not lapsed.
    pub changed: Vec<FactId>,
}

/// Records answers, the later ones of a fact over the earlier. A code that is wrong is one try less and no refusal: that must be
/// written.
///
/// # Errors
/// No such member, too many facts, nothing there to be checked, or something else than what was.
pub fn record_facts(account: &Account, answers: &[Answer], recording: Recording<'_>) -> Result<Recorded, ProfileRefusal> {
    let mut next = account.clone();
    let mut changed = Vec::new();
    let now = next.booked_at(recording.now);
    let recording = Recording { now, ..recording };
    let mut members = next.members.iter_mut();
    let member = members.find(|member| member.customer == *recording.customer).ok_or(ProfileRefusal::NotAMember)?;
    for answer in answers {
        if record(member, answer, recording)? {
            changed.push(answer.fact.clone());
        }
    }
    changed.sort();
    changed.dedup();
    let total: usize = next.members.iter().map(|member| member.facts.len()).sum();
    if total > FACTS_TOTAL_MAX
        || next.members.iter().any(|member| member.facts.len() > FACTS_MAX)
        || crate::booking::exceeds_bytes(&next)
    {
        return Err(ProfileRefusal::TooManyFacts);
    }
    assert!(next.check().is_ok(), "answers keep the account's invariants");
    Ok(Recorded { account: next, changed })
}

/// Whether more or something else is known of the fact than before.
fn record(member: &mut Member, answer: &Answer, recording: Recording<'_>) -> Result<bool, ProfileRefusal> {
    let place = member.facts.binary_search_by(|fact| fact.fact.cmp(&answer.fact));
    let before = place.ok().and_then(|place| member.facts.get_mut(place));
    let (refused, readable, takes_code) = match (&answer.told, before) {
        (Told::Value { readable, takes_code }, _) => (false, readable.clone(), *takes_code),
        (Told::Refused, _) => (true, None, false),
        (Told::Code(given), Some(known)) => {
            return Ok(confirm::try_code(known, given, (recording.customer, recording.codes), recording.now));
        }
        (Told::Code(_), None) => return Ok(false),
        (Told::Checked { known_at, had_lapsed }, Some(known)) if !known.refused => {
            if known.known_at != *known_at {
                return Err(ProfileRefusal::AnsweredAnew(answer.fact.clone()));
            }
            let is_news = !known.confirmed || *had_lapsed;
            check(known, recording.now);
            return Ok(is_news);
        }
        (Told::Checked { .. }, Some(_) | None) => return Err(ProfileRefusal::NeverAnswered(answer.fact.clone())),
    };
    let asked = place.ok().and_then(|place| member.facts.get(place)).and_then(|known| known.code.as_ref());
    let known = FactKnown {
        fact: answer.fact.clone(),
        known_at: recording.now,
        source: answer.source,
        confirmed: false,
        refused,
        readable,
        code: CodeAsked::next(asked, takes_code, recording.id, recording.now),
    };
    match place {
        Ok(place) => {
            #[expect(clippy::indexing_slicing, reason = "the search found this place")]
            let slot = &mut member.facts[place];
            *slot = known;
        }
        Err(place) => member.facts.insert(place, known),
    }
    Ok(true)
}

/// People have checked what is known: a code that is on its way has nothing left to confirm.
fn check(known: &mut FactKnown, now: Timestamp) {
    (known.confirmed, known.known_at) = (true, now);
    if let Some(code) = &mut known.code {
        code.open_until = None;
    }
}

fn new_member(customer: CustomerId) -> Member {
    Member { customer, enrolled_at: None, facts: Vec::new(), consents: Consents::default(), staff: None }
}

/// Books the account and makes a record without lines.
pub(crate) fn finish(mut account: Account, request: &ProfileRequest<'_>, kind: OutcomeKind, facts: Vec<FactId>) -> Profiled {
    let now = account.booked_at(request.booked_at);
    account.booked_at_last = now;
    account.outcomes = account.outcomes.saturating_add(1);
    assert!(account.check().is_ok(), "a profile command keeps the account's invariants");
    let outcome = Outcome {
        content_hash: request.content_hash,
        place: request.place.cloned(),
        sold_at: request.told_at,
        business_date: request.business_date,
        customer: Some(request.customer.clone()),
        account: Some(account.id.clone()),
        basis: request.basis.clone(),
        facts,
        ..Outcome::without_lines(kind, request.id.clone(), now, request.booking_date, request.currency)
    };
    Profiled { account, outcome, aside: Aside::default() }
}

#[cfg(test)]
mod tests;

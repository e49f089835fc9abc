//! Confirmation: people have checked what a customer stated; what has waited for it is given.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::FactSource;
use tessera_ledger::profile::{self, Answer, ProfileRefusal, ProfileRequest, Release, Told};
use tessera_proto::billing::v1;
use tessera_rules::id::{FactId, ReceiptId, StoreId};

use super::bonus::Moment;
use super::day::keep_aside;
use super::enrol::{finish, refused, repeated};
use super::{CaseAnswer, Draft};
use crate::directory::Found;
use crate::programs::Rules;

/// What people have checked.
#[derive(Debug)]
pub(crate) struct ConfirmCase {
    pub(crate) id: ReceiptId,
    pub(crate) found: Found,
    /// What, and since when it was known as it was read.
    pub(crate) facts: Vec<(FactId, Timestamp)>,
    pub(crate) content_hash: [u8; 32],
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

impl ConfirmCase {
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
        let answers: Vec<Answer> = self.facts.iter().map(|checked| self.answer(checked)).collect();
        let mut told = profile::record_answers(&account, &request, &answers, release).map_err(|refusal| match refusal {
            ProfileRefusal::NeverAnswered(_) | ProfileRefusal::AnsweredAnew(_) => Refusal::fault("facts", refusal.to_string()),
            ProfileRefusal::NotAMember | ProfileRefusal::TooManyMembers | ProfileRefusal::TooManyFacts => refused(&refusal),
        })?;
        let store = no_store();
        let moment = Moment { core: draft.core, rules: &self.rules, at: self.now, store: &store };
        let facts = told.outcome.facts.clone();
        told.aside.append(moment.answered(&mut told.account, &mut told.outcome, (&self.found.customer, &facts)));
        keep_aside(draft, told.aside).await?;
        let recorded = self.facts.iter().map(|(fact, _)| v1::RecordedAnswer {
            fact_id: fact.as_str().to_owned(),
            customer_id: self.found.customer.as_str().to_owned(),
            trust: i32::from(v1::FactTrust::Confirmed),
            ..v1::RecordedAnswer::default()
        });
        Ok(finish(draft, told.account, &told.outcome, recorded.collect(), (entry.as_ref(), &self.rules.revision)))
    }
}

impl ConfirmCase {
    /// For whom an answer lapses is not looked at: what has lapsed for some is news when it is checked again.
    fn answer(&self, (fact, known_at): &(FactId, Timestamp)) -> Answer {
        let rule = self.rules.revision.fact(fact);
        let had_lapsed = rule.is_some_and(|rule| rule.has_lapsed(*known_at, self.now));
        Answer { fact: fact.clone(), source: FactSource::Till, told: Told::Checked { known_at: *known_at, had_lapsed } }
    }
}

/// People check answers in no store: a bonus for some stores alone is not given here.
fn no_store() -> StoreId {
    #[expect(clippy::expect_used, reason = "one hyphen is an id")]
    StoreId::parse("-").expect("a hyphen is an id")
}

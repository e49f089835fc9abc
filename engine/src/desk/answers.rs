//! Answers: a customer answered prompts, in a call of its own.

use jiff::Timestamp;
use tessera_contract::read::AnswerPromptsInput;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Account, FactSource};
use tessera_ledger::profile::{self, ProfileRequest, Release};
use tessera_rules::receipt::Place;

use super::bonus::Moment;
use super::day::keep_aside;
use super::enrol::{answers, finish, keep_values, may_wait_for_code, recorded, refused, repeated, understood};
use super::{CaseAnswer, Draft};
use crate::directory::Found;
use crate::programs::Rules;
use crate::sealing::Contact;

/// Answers of a customer.
#[derive(Debug)]
pub(crate) struct AnswersCase {
    pub(crate) input: AnswerPromptsInput,
    pub(crate) found: Found,
    pub(crate) place: Place,
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

impl AnswersCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let id = &self.input.request;
        let entry = draft.entry(id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), id).await? {
            return repeated(entry.as_ref(), self.input.content_hash.0, outcome);
        }
        understood(&self.input.answers, &self.rules.revision)?;
        let account = match draft.account() {
            Some(account) => Account::clone(account),
            None => Account::new(self.found.account.clone(), self.found.customer.clone(), self.now),
        };
        let request = ProfileRequest {
            id: id.clone(),
            customer: self.found.customer.clone(),
            place: Some(&self.place),
            told_at: self.input.answered_at,
            business_date: self.input.business_date,
            currency: draft.core.settings.currency,
            content_hash: self.input.content_hash.0,
            basis: self.rules.basis(),
            booked_at: draft.booked_at(self.now),
            booking_date: draft.booking_date(self.now),
        };
        let must_confirm = self.rules.revision.must_confirm();
        let takes_codes = may_wait_for_code(&self.input.delivery, self.input.answered_at, self.now);
        let release = Release { codes: draft.core.keys.codes(), must_confirm: &must_confirm };
        let mut told = profile::record_answers(
            &account,
            &request,
            &answers(&self.input.answers, FactSource::Till, (&self.rules.revision, takes_codes)),
            release,
        )
        .map_err(|refusal| refused(&refusal))?;
        let moment = Moment { core: draft.core, rules: &self.rules, at: self.input.answered_at, store: &self.input.store };
        let facts = told.outcome.facts.clone();
        told.aside.append(moment.answered(&mut told.account, &mut told.outcome, (&self.found.customer, &facts)));
        keep_values(draft, &self.found, &self.input.answers, &Contact::default()).await?;
        keep_aside(draft, told.aside).await?;
        let who = (id, &self.found.customer);
        let answers = recorded(who, (&self.input.answers, &facts), (&told.account, &self.rules.revision));
        Ok(finish(draft, told.account, &told.outcome, answers, (entry.as_ref(), &self.rules.revision)))
    }
}

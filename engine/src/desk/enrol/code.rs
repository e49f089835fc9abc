//! The code that an enrolment waits for: sent to the phone of the request, and brought by the same request.

use std::sync::Arc;

use bytes::Bytes;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::{Said, StatedFact};
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::confirm::CodesSent;
use tessera_ledger::confirm::enrol::{Enrolling, bring, send};
use tessera_ledger::profile::{ProfileRequest, Profiled};
use tessera_proto::billing::v1;
use tessera_rules::id::FactId;
use tessera_storage::{Claim, Version};

use super::{EnrolCase, keep_values, may_wait_for_code, put_recorded};
use crate::desk::Draft;
use crate::layout;
use crate::record::Extras;
use crate::sealing::Contact;

/// Where the code stands.
pub(super) enum Phone {
    /// No program wants one.
    NotAsked,
    /// It came: what it was sent to is confirmed.
    Confirmed { account: Arc<Account>, fact: FactId },
    /// It is on its way.
    CodeSent,
}

impl EnrolCase {
    /// Looks at the code that came, or sends one. A try is counted before anything else is done (H76).
    pub(super) async fn phone(&self, draft: &mut Draft<'_>) -> Result<Phone, Refusal> {
        let Some(fact) = self.rules.revision.enrolment_code() else { return Ok(Phone::NotAsked) };
        let Some(phone) = &self.input.phone else {
            return Err(Refusal::fault("phone", "must be there: a code is sent to it before anybody is enrolled"));
        };
        let of = Enrolling { customer: &self.found.customer, fact, content_hash: self.input.content_hash.0 };
        let opened = || Account::new(self.found.account.clone(), self.found.customer.clone(), self.now);
        let mut account = draft.account().map_or_else(opened, |account| Account::clone(account));
        let mut is_wrong = false;
        if let Some(given) = &self.input.confirmation_code {
            let at = draft.booked_at(self.now);
            match bring(&account, given.expose(), of, (draft.core.keys.codes(), at)) {
                Some((account, true)) => return Ok(Phone::Confirmed { account: Arc::new(account), fact: fact.clone() }),
                Some((tried, false)) => {
                    draft.put_account(tried.clone());
                    account = tried;
                    is_wrong = true;
                }
                None => {}
            }
        }
        if !may_wait_for_code(&self.input.delivery, self.input.enrolled_at, self.now) {
            // A refusal would undo the count of the try, and who asks so could try all codes that there are.
            if is_wrong {
                return Ok(Phone::CodeSent);
            }
            return Err(Refusal::fault("enrolled_at", "is too long ago to wait for a code, without which nobody is enrolled"));
        }
        let asking = draft.core.keys.codes().asking(&self.input.request, self.now);
        let request = ProfileRequest { id: asking, ..self.request(draft) };
        let Some(counted) = self.counted(draft, phone.expose()).await? else { return Ok(Phone::CodeSent) };
        if let Some(sent) = send(&account, &request, of) {
            draft.put_claim(counted)?;
            let stated = StatedFact { prompt: None, fact: fact.clone(), said: Said::Value(phone.clone()) };
            keep_values(draft, &self.found, &[stated], &Contact::default()).await?;
            let extras = Extras { answers: vec![self.told(&sent, fact)], proven: true, ..Extras::default() };
            put_recorded(draft, sent.account, &sent.outcome, &extras, None);
        }
        Ok(Phone::CodeSent)
    }

    /// One code more of those that are sent to that phone in a day, whoever asks: a new card or request each time would be a new
    /// account, with tries of its own (H76). None: no more are sent.
    async fn counted(&self, draft: &Draft<'_>, phone: &str) -> Result<Option<Claim>, Refusal> {
        let core = draft.core;
        let partition = layout::directory(&core.keys.directory_name("codes sent", phone));
        let head = core.storage.head(&partition).await.map_err(|error| core.storage_refusal(&error))?;
        let expected = head.as_ref().map_or(Version::NONE, |head| head.version);
        let before = head.map(|head| postcard::from_bytes::<CodesSent>(&head.value)).transpose();
        let before = before.map_err(|error| core.internal(&format!("codes sent to a phone: {error}")))?;
        let Some(next) = CodesSent::one_more(before, draft.booked_at(self.now)) else { return Ok(None) };
        let head = postcard::to_stdvec(&next).map_err(|error| core.internal(&error.to_string()))?;
        Ok(Some(Claim { partition, expected, head: Bytes::from(head) }))
    }

    /// What the customer said beside that, and that the code came.
    pub(super) fn stated(&self, confirmed: Option<&FactId>) -> Vec<StatedFact> {
        let others = self.input.answers.iter().filter(|answer| Some(&answer.fact) != confirmed).cloned();
        let code = self.input.confirmation_code.clone().zip(confirmed);
        let came = code.map(|(code, fact)| StatedFact { prompt: None, fact: fact.clone(), said: Said::Code(code) });
        others.chain(came).collect()
    }

    /// What the worker of notices reads: to what the code goes, and until when it is good.
    fn told(&self, sent: &Profiled, fact: &FactId) -> v1::RecordedAnswer {
        let members = sent.account.members.iter().filter(|member| member.customer == self.found.customer);
        let known = members.flat_map(|member| &member.facts).find(|known| known.fact == *fact);
        let open_until = known.and_then(|known| known.code.as_ref()).and_then(|code| code.open_until);
        v1::RecordedAnswer {
            fact_id: fact.as_str().to_owned(),
            customer_id: self.found.customer.as_str().to_owned(),
            trust: i32::from(v1::FactTrust::Stated),
            code_to: i32::from(v1::AnswerKind::Phone),
            code_until: open_until.map(timestamp_to_wire),
            ..v1::RecordedAnswer::default()
        }
    }
}

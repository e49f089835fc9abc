//! The answers that came with a sale: what the account keeps of them.

use std::sync::Arc;

use tessera_contract::read::{Said, StatedFact};
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Account, FactSource};
use tessera_ledger::profile::{Recording, record_facts};
use tessera_rules::id::{AccountId, CustomerId, FactId};

use super::SettleCase;
use crate::desk::Draft;
use crate::desk::enrol::{answers, is_understood, keep_values, may_wait_for_code};
use crate::directory::Found;
use crate::sealing::Contact;

/// The account that a sale is settled with, and what it has kept of the sale's answers.
#[derive(Default)]
pub(super) struct Answered {
    /// At a card's first use a new one; none: there is no customer.
    pub(super) account: Option<Arc<Account>>,
    /// The answers that it has kept: all, or none where it has no room for them.
    pub(super) kept: Vec<StatedFact>,
    /// The facts that they changed, sorted.
    pub(super) changed: Vec<FactId>,
}

impl SettleCase {
    /// The account with the answers that came with the sale: a reward may wait for them. What an account has no room for is
    /// not kept, and the sale stands all the same.
    pub(super) fn answered(&self, draft: &Draft<'_>) -> Answered {
        let Some(id) = draft.account_id() else { return Answered::default() };
        let opened = draft.account().map_or_else(|| Arc::new(Account::new(id.clone(), self.member(id), self.now)), Arc::clone);
        let stated = self.stated();
        let (Some(customer), false) = (&self.customer, stated.is_empty()) else {
            return Answered { account: Some(opened), ..Answered::default() };
        };
        let recording =
            Recording { id: &self.input.receipt.id, customer, codes: draft.core.keys.codes(), now: draft.booked_at(self.now) };
        let receipt = &self.input.receipt;
        let takes_codes = !receipt.training && may_wait_for_code(&self.input.delivery, receipt.sold_at, self.now);
        let answers = answers(&stated, FactSource::Till, (&self.promise.rules().revision, takes_codes));
        match record_facts(&opened, &answers, recording) {
            Ok(recorded) => Answered { account: Some(Arc::new(recorded.account)), kept: stated, changed: recorded.changed },
            Err(refusal) => {
                tracing::warn!(account = %opened.id, %refusal, "answers that came with a sale were not kept");
                Answered { account: Some(opened), ..Answered::default() }
            }
        }
    }

    /// What the customer said, but for what has not the form that was asked for: a settle is a fact, so that is asked again. Of
    /// a sale in training nothing is written, so no try of a code could be counted there: codes are not looked at (H76).
    fn stated(&self) -> Vec<StatedFact> {
        let is_looked_at = |answer: &&StatedFact| !(self.input.receipt.training && matches!(answer.said, Said::Code(_)));
        let revision = &self.promise.rules().revision;
        let understood = self.input.answers.iter().filter(|answer| is_understood(answer, revision));
        understood.filter(is_looked_at).cloned().collect()
    }

    /// Seals the values of the answers that the account has kept.
    pub(super) async fn keep_values(&self, draft: &mut Draft<'_>, id: &AccountId, kept: &[StatedFact]) -> Result<(), Refusal> {
        let Some(customer) = &self.customer else { return Ok(()) };
        let found = Found { customer: customer.clone(), account: id.clone() };
        keep_values(draft, &found, kept, &Contact::default()).await
    }

    pub(super) fn member(&self, account: &AccountId) -> CustomerId {
        self.customer.clone().unwrap_or_else(|| crate::directory::customer_of(account))
    }
}

//! Codes that redemptions wait for: one that a quote brought is looked at, one that its decision wants is sent.

use std::sync::Arc;

use tessera_contract::convert::timestamp_to_wire;
use tessera_ledger::account::Account;
use tessera_ledger::confirm::redeem;
use tessera_ledger::profile::{ProfileRequest, Profiled};
use tessera_proto::billing::v1;
use tessera_rules::decision::{CodeWanted, Decision};
use tessera_rules::id::{CustomerId, FactId};

use super::{Asked, QuoteCase};
use crate::desk::Draft;
use crate::desk::enrol::put_recorded;
use crate::facts::answer_kind;
use crate::record::Extras;

impl Asked {
    /// Whether a code was brought that must be looked at, or one is wanted that is not on its way yet. A code that is on its way is
    /// not sent again by the next quote.
    pub(super) fn needs_code(&self, account: &Account, customer: &CustomerId, decision: &Decision) -> bool {
        let is_awaited = redeem::is_awaited(account, &self.view(Some(customer), Some(account)));
        if is_awaited { self.input.confirmation_code.is_some() } else { decision.code_wanted.is_some() }
    }
}

impl QuoteCase {
    /// The account after the code that the quote brought: a try is counted whatever becomes of the quote (H76).
    pub(super) fn with_code(&self, draft: &mut Draft<'_>, before: Arc<Account>) -> Arc<Account> {
        let view = self.asked.view(Some(&self.customer), Some(&before));
        let Some(given) = &self.asked.input.confirmation_code else { return before };
        let Some(after) = redeem::bring(&before, given.expose(), (&view, draft.core.keys.codes())) else { return before };
        draft.put_account(after.clone());
        Arc::new(after)
    }

    /// Sends the code that a decision wants, with the account as the quote leaves it. Whether the account was put.
    pub(super) fn send_code(&self, draft: &mut Draft<'_>, wanted: Option<&CodeWanted>, account: &Account) -> bool {
        let Some(wanted) = wanted else { return false };
        let (asked, receipt) = (&self.asked, &self.asked.input.receipt);
        let request = ProfileRequest {
            id: draft.core.keys.codes().asking(&receipt.id, asked.at),
            customer: self.customer.clone(),
            place: Some(&receipt.place),
            told_at: receipt.sold_at,
            business_date: receipt.business_date,
            currency: receipt.currency,
            content_hash: [0; 32],
            basis: asked.rules.basis(),
            booked_at: draft.booked_at(asked.at),
            booking_date: draft.booking_date(asked.at),
        };
        let view = asked.view(Some(&self.customer), Some(account));
        let Some(sent) = redeem::send(account, &request, (&wanted.to, &view)) else { return false };
        let extras = Extras { answers: vec![self.told(&sent, &wanted.to)], proven: true, ..Extras::default() };
        put_recorded(draft, sent.account, &sent.outcome, &extras, None);
        true
    }

    /// What the worker of notices reads: to what the code goes, and until when it is good.
    fn told(&self, sent: &Profiled, to: &FactId) -> v1::RecordedAnswer {
        let members = sent.account.members.iter().filter(|member| member.customer == self.customer);
        let known = members.flat_map(|member| &member.facts).find(|known| known.fact == *to);
        let open_until = known.and_then(|known| known.code.as_ref()).and_then(|code| code.open_until);
        let kind = self.asked.rules.revision.fact(to).map_or(v1::AnswerKind::Unspecified, answer_kind);
        v1::RecordedAnswer {
            fact_id: to.as_str().to_owned(),
            customer_id: self.customer.as_str().to_owned(),
            trust: i32::from(v1::FactTrust::Confirmed),
            code_to: i32::from(kind),
            code_until: open_until.map(timestamp_to_wire),
            ..v1::RecordedAnswer::default()
        }
    }
}

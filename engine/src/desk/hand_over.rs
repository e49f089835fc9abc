//! Hand-over: a prize that is due is given to the customer, or will not be.

use jiff::Timestamp;
use tessera_contract::read::HandOverInput;
use tessera_contract::refusal::Refusal;
use tessera_ledger::prize::hand_over;
use tessera_ledger::profile::ProfileRequest;
use tessera_ledger::right::PrizeState;
use tessera_proto::billing::v1;
use tessera_rules::decision::RewardKind;
use tessera_rules::receipt::Place;

use super::enrol::{put_recorded, repeated};
use super::{CaseAnswer, Draft};
use crate::directory::Found;
use crate::programs::Rules;
use crate::record::Extras;
use crate::series;

/// A hand-over.
#[derive(Debug)]
pub(crate) struct HandOverCase {
    pub(crate) input: HandOverInput,
    pub(crate) found: Found,
    pub(crate) place: Place,
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

impl HandOverCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let id = &self.input.request;
        let entry = draft.entry(id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), id).await? {
            return repeated(entry.as_ref(), self.input.content_hash.0, outcome);
        }
        let Some(account) = draft.account().cloned() else { return Err(Refusal::UnknownPrize) };
        let request = ProfileRequest {
            id: id.clone(),
            customer: self.found.customer.clone(),
            place: Some(&self.place),
            told_at: self.input.handed_over_at,
            business_date: self.input.business_date,
            currency: draft.core.settings.currency,
            content_hash: self.input.content_hash.0,
            basis: self.rules.basis(),
            booked_at: draft.booked_at(self.now),
            booking_date: draft.booking_date(self.now),
        };
        let wanted = if self.input.given { PrizeState::HandedOver } else { PrizeState::Cancelled };
        let done = hand_over(&account, &request, (&self.input.receipt, &self.input.reward), wanted);
        let done = done.map_err(|_| Refusal::UnknownPrize)?;
        Ok(match done.changed {
            None => CaseAnswer::Prize(done.state),
            Some(changed) => {
                let mut result = self.result();
                for reward in &changed.outcome.rewards {
                    if let RewardKind::Prize { count, .. } = &reward.kind {
                        series::tell(&mut result, self.rules.revision.series_of(&reward.campaign), *count);
                    }
                }
                let extras = Extras { instruction_results: vec![result], proven: true, ..Extras::default() };
                put_recorded(draft, changed.account, &changed.outcome, &extras, entry.as_ref())
            }
        })
    }

    /// How it went, with the serial of what was handed over.
    fn result(&self) -> v1::InstructionResult {
        let state = if self.input.given { v1::InstructionState::Done } else { v1::InstructionState::Refused };
        v1::InstructionResult {
            instruction_id: self.input.reward.as_str().to_owned(),
            state: i32::from(state),
            serial: self.input.serial.as_ref().map(ToString::to_string).unwrap_or_default(),
            series_id: String::new(),
            quantity: 0,
        }
    }
}

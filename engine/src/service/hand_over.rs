//! `HandOver`: a prize was given to the customer, or will not be.

use tessera_contract::read::{ReadContext, read_hand_over};
use tessera_contract::refusal::Refusal;
use tessera_proto::billing::v1;

use super::customer::place;
use super::shared::{position, stored_outcome};
use crate::desk::{Case, CaseAnswer, HandOverCase};
use crate::engine::{Call, Engine, account_key};
use crate::rights::prize_state_to_wire;

/// Closes a prize that is due.
pub(crate) async fn hand_over(
    engine: &Engine,
    request: v1::HandOverRequest,
    call: &Call,
) -> Result<v1::HandOverResponse, Refusal> {
    let input = read_hand_over(&request, &ReadContext { now: call.now })?;
    let recognised = engine.recognise(Some(&input.customer)).await?;
    let found = recognised.found().cloned().ok_or(Refusal::UnknownPrize)?;
    let rules = engine.core.rules_at(call.now, call).await?;
    let place = place(&input.store, input.till.as_ref(), input.cashier.as_ref());
    let key = account_key(&found);
    let case = HandOverCase { input, found, place, rules, now: call.now };
    let done = engine.at_desk(key, Case::HandOver(Box::new(case))).await?;
    match &done.answer {
        CaseAnswer::Prize(state) => {
            Ok(v1::HandOverResponse { state: i32::from(prize_state_to_wire(*state)), outcome: None, position: None })
        }
        CaseAnswer::Recorded { outcome } => {
            let outcome = stored_outcome(&engine.core, outcome)?;
            let stands = outcome.rewards.first().and_then(|reward| reward.prize.as_ref()).map_or(0, |prize| prize.state);
            Ok(v1::HandOverResponse { state: stands, outcome: Some(outcome), position: position(&done.carried) })
        }
        CaseAnswer::Quoted(_)
        | CaseAnswer::Settled(_)
        | CaseAnswer::Voided(_)
        | CaseAnswer::Returned(_)
        | CaseAnswer::AlreadyKnown
        | CaseAnswer::Taking(_)
        | CaseAnswer::NothingWaited
        | CaseAnswer::CodeSent
        | CaseAnswer::DayPosted
        | CaseAnswer::CarriedOut
        | CaseAnswer::Nobodys { .. }
        | CaseAnswer::Moved { .. } => Err(engine.core.internal("the desk answered a hand-over with something else")),
    }
}

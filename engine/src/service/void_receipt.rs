//! Void: reads, finds the account by token or identity, lets the desk leave the tombstone, renders.

use std::time::Instant;

use tessera_contract::read::{ReadContext, read_void};
use tessera_contract::refusal::Refusal;
use tessera_ledger::entry::TillPlace;
use tessera_proto::billing::v1;

use super::shared::{desk_times, stored_outcome};
use crate::desk::{Case, CaseAnswer, VoidCase, Voided};
use crate::directory::Found;
use crate::engine::{Call, Engine, account_key};
use crate::layout::AggregateKey;

/// Releases the holds of a receipt that will not be paid.
pub(crate) async fn void_receipt(engine: &Engine, request: v1::VoidRequest, call: &Call) -> Result<v1::VoidResponse, Refusal> {
    let input = read_void(&request, &ReadContext { now: call.now })?;
    let parsed = Instant::now();
    let found = match engine.core.opened(&input.receipt, &input.quote_token) {
        Some(body) => {
            let head = &body.head;
            head.customer.clone().zip(head.account.clone()).map(|(customer, account)| Found { customer, account })
        }
        None => engine.core.directory.recognise(&engine.core, input.customer.as_ref()).await?.owner().cloned(),
    };
    let key = found.as_ref().map_or_else(|| AggregateKey::Receipt(input.receipt.clone()), account_key);
    let case = VoidCase {
        receipt: input.receipt,
        till: TillPlace { store: input.store, till: input.till },
        attempt: input.attempt,
        business_date: engine.core.ledger_day(call.now),
        customer: found.map(|found| found.customer),
        now: call.now,
    };
    let done = engine.at_desk(key, Case::Void(Box::new(case))).await?;
    let CaseAnswer::Voided(voided) = &done.answer else {
        return Err(engine.core.internal("the desk answered a void with something else"));
    };
    let (status, outcome) = match voided {
        Voided::New => (v1::VoidStatus::Voided, None),
        Voided::Repeat => (v1::VoidStatus::AlreadyVoided, None),
        Voided::AlreadySettled(outcome) => (v1::VoidStatus::AlreadySettled, Some(stored_outcome(&engine.core, outcome)?)),
    };
    Ok(v1::VoidResponse {
        status: i32::from(status),
        outcome,
        accepted: None,
        phase_times: Some(desk_times(call, parsed, &done.carried)),
    })
}

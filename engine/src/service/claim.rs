//! `Claim`: a customer says that a receipt without one was theirs.

use bytes::Bytes;
use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::canonical::ContentHash;
use tessera_contract::read::{ClaimInput, Identity, ReadContext, read_claim};
use tessera_contract::refusal::Refusal;
use tessera_proto::billing::v1;
use tessera_rules::conventions::ReturnedRewards;
use tessera_rules::program::Program;

use super::shared::{balances, position, stored_outcome};
use crate::desk::{Case, CaseAnswer, ClaimCase, Done, TakeClaimCase, Taking};
use crate::directory::{Found, account_of};
use crate::engine::{Call, Engine, account_key};
use crate::layout::AggregateKey;
use crate::programs::Rules;

/// How often a claim looks again for a sale that comes at the same moment.
const LOOKED_MAX: usize = 3;

/// Gives a customer what a sale without one would have given them.
pub(crate) async fn claim(engine: &Engine, request: v1::ClaimRequest, call: &Call) -> Result<v1::ClaimResponse, Refusal> {
    let input = read_claim(&request, &ReadContext { now: call.now })?;
    let direct = input.delivery.route == v1::DeliveryRoute::Direct;
    // Whoever speaks now is late by our clock; what a gateway kept was in time when it was said.
    let at = if direct { call.now } else { input.claimed_at };
    let recognised = engine.recognise(Some(&input.customer)).await?;
    let unknown = || Refusal::fault("customer", "must be a customer who is known");
    let found = recognised.found().cloned().ok_or_else(unknown)?;
    let waiting = waiting_request(request, &found);
    carry_out(engine, (input, found), waiting, at, call).await
}

/// Starts claims that waited for a receipt which has come. Who claimed asks again, or sees it on the account.
pub(super) fn start_waiting(engine: &Engine, claims: Vec<Bytes>, call: Call) {
    for request in claims {
        let engine = engine.clone();
        tokio::spawn(async move {
            let call = Call { wait_until: None, ..call };
            let Ok(Some((input, found))) = read_waiting(&engine, &request, &call).await else {
                let _ = engine.core.internal("a claim that waited cannot be read");
                return;
            };
            let (receipt, at) = (input.receipt.clone(), input.claimed_at);
            match carry_out(&engine, (input, found), request, at, &call).await {
                Ok(_) => tracing::info!(%receipt, "a claim that waited was carried out"),
                Err(refusal) => tracing::warn!(%receipt, %refusal, "a claim that waited was not carried out"),
            }
        });
    }
}

/// The request as it waits: who claims is kept by the engine's own id, and not by what was shown or typed.
fn waiting_request(request: v1::ClaimRequest, found: &Found) -> Bytes {
    let identity = v1::customer_identity::Identity::CustomerId(found.customer.as_str().to_owned());
    let customer = Some(v1::CustomerIdentity { identity: Some(identity), entry_method: 0 });
    Bytes::from(v1::ClaimRequest { customer, ..request }.encode_to_vec())
}

/// A claim that waited, with who claims; none: it cannot be read.
async fn read_waiting(engine: &Engine, request: &Bytes, call: &Call) -> Result<Option<(ClaimInput, Found)>, Refusal> {
    let read = v1::ClaimRequest::decode(request.clone()).ok();
    let read = read.and_then(|request| read_claim(&request, &ReadContext { now: call.now }).ok());
    let Some(mut input) = read else { return Ok(None) };
    // Its id stands for what was sent, not for what was kept of it.
    let (_, own) = engine.core.receipt_entry(&input.request).await?;
    let Some(own) = own else { return Ok(None) };
    input.content_hash = ContentHash(own.content_hash);
    let found = match &input.customer {
        Identity::Customer(customer) => account_of(customer).map(|account| Found { customer: customer.clone(), account }),
        Identity::Card(_) | Identity::Qr(_) | Identity::Phone(_) => None,
    };
    Ok(found.map(|found| (input, found)))
}

async fn carry_out(
    engine: &Engine,
    (input, found): (ClaimInput, Found),
    request: Bytes,
    at: Timestamp,
    call: &Call,
) -> Result<v1::ClaimResponse, Refusal> {
    // What waited may have been claimed by an account that went elsewhere since, or by somebody who was forgotten.
    let found = engine.follow(found).await?;
    let account = engine.core.account(&found.account).await?.account;
    let is_erased = account.is_some_and(|account| account.erased_at.is_some());
    for _ in 0..LOOKED_MAX {
        let rules = rules_of_sale(engine, &input, call).await?;
        let key = AggregateKey::Receipt(input.receipt.clone());
        let case = TakeClaimCase {
            input: input.clone(),
            request: request.clone(),
            found: found.clone(),
            is_erased,
            rules: rules.clone(),
            at,
            now: call.now,
        };
        let done = engine.at_desk(key, Case::TakeClaim(Box::new(case))).await?;
        let CaseAnswer::Taking(taking) = done.answer else {
            return Err(engine.core.internal("the desk answered the first step of a claim with something else"));
        };
        match (taking, rules) {
            (Taking::Parked, _) => return Ok(with_status(v1::ClaimStatus::Parked)),
            (Taking::Taken { sale }, Some(rules)) => {
                let case = ClaimCase { input, found: found.clone(), sale, rules, now: call.now };
                let done = engine.at_desk(account_key(&found), Case::Claim(Box::new(case))).await?;
                return committed(engine, call, &done);
            }
            (Taking::Taken { .. } | Taking::Again, _) => {}
        }
    }
    Err(Refusal::InProgress)
}

/// The rules under which the receipt was sold; none: it was not, as far as is known.
async fn rules_of_sale(engine: &Engine, input: &ClaimInput, call: &Call) -> Result<Option<Rules>, Refusal> {
    let (_, entry) = engine.core.receipt_entry(&input.receipt).await?;
    let Some(entry) = entry else { return Ok(None) };
    let Some(stored) = engine.core.outcome(&entry, &input.receipt).await? else { return Ok(None) };
    let sale = stored_outcome(&engine.core, &stored)?;
    engine.core.rules(sale.revision, sale.catalogue, call).await.map(Some)
}

fn committed(engine: &Engine, call: &Call, done: &Done) -> Result<v1::ClaimResponse, Refusal> {
    let CaseAnswer::Recorded { outcome } = &done.answer else {
        return Err(engine.core.internal("the desk answered a claim with something else"));
    };
    let revision = engine.core.programs.in_force().revision;
    Ok(v1::ClaimResponse {
        outcome: Some(stored_outcome(&engine.core, outcome)?),
        position: position(&done.carried),
        balances: balances(done.carried.account.as_deref(), &revision, call.now),
        ..with_status(v1::ClaimStatus::Committed)
    })
}

fn with_status(status: v1::ClaimStatus) -> v1::ClaimResponse {
    v1::ClaimResponse { status: i32::from(status), ..v1::ClaimResponse::default() }
}

/// What a claim or a return will need of a sale: the request, where there is nobody whose it is and a program lets it be
/// claimed, or where a program prices anew what is kept when goods come back.
pub(super) fn kept(request: v1::SettleRequest, found: Option<&Found>, rules: &Rules) -> Option<Bytes> {
    let training = request.receipt.as_ref().is_some_and(|receipt| receipt.training);
    let claimable = rules.revision.programs().iter().any(|program| program.claim_within_hours.is_some());
    let anew = |program: &Program| program.conventions.returned_rewards == ReturnedRewards::RepricedKept;
    let repriced = rules.revision.programs().iter().any(anew);
    if training || !(repriced || claimable && found.is_none()) {
        return None;
    }
    // They read the receipt alone, and not who it was rung up for.
    let receipt = request.receipt.map(|receipt| v1::Receipt { customer: None, ..receipt });
    let kept = v1::SettleRequest {
        contract_minor: request.contract_minor,
        receipt,
        added_lines: request.added_lines,
        ..v1::SettleRequest::default()
    };
    Some(Bytes::from(kept.encode_to_vec()))
}

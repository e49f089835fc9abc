//! `Claim`: a customer says that a receipt without one was theirs.

use bytes::Bytes;
use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::read::{ClaimInput, ReadContext, read_claim};
use tessera_contract::refusal::Refusal;
use tessera_proto::billing::v1;

use super::shared::{balances, position, stored_outcome};
use crate::desk::{Case, CaseAnswer, ClaimCase, Done, TakeClaimCase, Taking};
use crate::directory::Found;
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
    carry_out(engine, input, Bytes::from(request.encode_to_vec()), at, call).await
}

/// Starts claims that waited for a receipt which has come. Who claimed asks again, or sees it on the account.
pub(super) fn start_waiting(engine: &Engine, claims: Vec<Bytes>, call: Call) {
    for request in claims {
        let engine = engine.clone();
        tokio::spawn(async move {
            let call = Call { wait_until: None, ..call };
            let read = v1::ClaimRequest::decode(request.clone()).ok();
            let Some(input) = read.and_then(|request| read_claim(&request, &ReadContext { now: call.now }).ok()) else {
                let _ = engine.core.internal("a claim that waited cannot be read");
                return;
            };
            let (receipt, at) = (input.receipt.clone(), input.claimed_at);
            match carry_out(&engine, input, request, at, &call).await {
                Ok(_) => tracing::info!(%receipt, "a claim that waited was carried out"),
                Err(refusal) => tracing::warn!(%receipt, %refusal, "a claim that waited was not carried out"),
            }
        });
    }
}

async fn carry_out(
    engine: &Engine,
    input: ClaimInput,
    request: Bytes,
    at: Timestamp,
    call: &Call,
) -> Result<v1::ClaimResponse, Refusal> {
    let recognised = engine.core.directory.recognise(&engine.core, Some(&input.customer)).await?;
    let unknown = || Refusal::fault("customer", "must be a customer who is known");
    let found = recognised.found().cloned().ok_or_else(unknown)?;
    for _ in 0..LOOKED_MAX {
        let rules = rules_of_sale(engine, &input, call).await?;
        let key = AggregateKey::Receipt(input.receipt.clone());
        let case = TakeClaimCase {
            input: input.clone(),
            request: request.clone(),
            found: found.clone(),
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

/// What a claim will need of a sale: the request, where there is nobody whose it is and a program lets it be claimed.
pub(super) fn kept(request: v1::SettleRequest, found: Option<&Found>, rules: &Rules) -> Option<Bytes> {
    let training = request.receipt.as_ref().is_some_and(|receipt| receipt.training);
    let claimable = rules.revision.programs().iter().any(|program| program.claim_within_hours.is_some());
    if found.is_some() || training || !claimable {
        return None;
    }
    let kept = v1::SettleRequest { quote_token: Bytes::new(), delivery: None, ..request };
    Some(Bytes::from(kept.encode_to_vec()))
}

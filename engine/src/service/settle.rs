//! Settle: reads, finds account and rules, lets the desk commit, renders.

use std::time::Instant;

use tessera_contract::canonical::basket_hash;
use tessera_contract::pack::PackToken;
use tessera_contract::read::{InstructionDone, OfferShown, ReadContext, SettleInput, TenderInput, read_settle};
use tessera_contract::refusal::Refusal;
use tessera_ledger::entry::is_too_old;
use tessera_ledger::limits::REMEMBERED_DAYS;
use tessera_ledger::outcome::Flag;
use tessera_proto::billing::v1;

use super::answers::SettleAnswer;
use super::claim;
use super::shared::{balances, desk_times, position, referrer};
use crate::desk::{ByPack, Case, CaseAnswer, Done, Issuer, Promised, SettleCase, Settled};
use crate::directory::Recognised;
use crate::engine::{Call, Engine, account_key};
use crate::layout::AggregateKey;
use crate::record::Extras;

/// Commits what was paid.
pub(crate) async fn settle(engine: &Engine, request: v1::SettleRequest, call: &Call) -> Result<SettleAnswer, Refusal> {
    let input = read_settle(&request, &ReadContext { now: call.now })?;
    refuse_too_old(engine, input.receipt.business_date, call)?;
    let basket_hash = basket_hash(&input.receipt, input.customer.as_ref());
    let parsed = Instant::now();
    let recognised = engine.core.directory.recognise(&engine.core, input.customer.as_ref()).await?;
    let promise = promise(engine, &input, call).await?;
    let promised = engine.promised_now(&recognised, promise.account()).await?;
    let found = recognised.at_sale(input.receipt.sold_at, promised.as_ref()).cloned();
    let key = found.as_ref().map_or_else(|| AggregateKey::Receipt(input.receipt.id.clone()), account_key);
    let referrer = referrer(engine, input.referred_by.as_ref(), found.as_ref().map(|found| &found.account)).await?;
    let no_customer = found.is_none().then(|| no_customer(&recognised)).flatten();
    let training = input.receipt.training;
    let case = SettleCase {
        extras: extras(&input),
        kept: claim::kept(request, found.as_ref(), promise.rules()),
        promise,
        basket_hash,
        customer: found.map(|found| found.customer),
        referrer,
        no_customer,
        now: call.now,
        delivery_unproven: !engine.core.has_signed_settle(&input, call.now),
        till_clock_off: input.notes.told_late && input.delivery.route == v1::DeliveryRoute::Direct,
        input,
    };
    let done = engine.at_desk(key, Case::Settle(Box::new(case))).await?;
    render(engine, call, parsed, done, training)
}

/// Why a sale has no customer, where the receipt names one.
fn no_customer(recognised: &Recognised) -> Option<Flag> {
    match recognised {
        Recognised::Anonymous | Recognised::Known(_) => None,
        Recognised::Unknown => Some(Flag::CustomerUnknown),
        Recognised::Blocked { .. } => Some(Flag::CustomerBlocked),
    }
}

/// An id older than ids are remembered is for people, never silently applied (H3).
pub(super) fn refuse_too_old(engine: &Engine, business_date: jiff::civil::Date, call: &Call) -> Result<(), Refusal> {
    if is_too_old(business_date, engine.core.ledger_day(call.now)) {
        return Err(Refusal::TooOld { remembered_days: u32::try_from(REMEMBERED_DAYS).unwrap_or(u32::MAX) });
    }
    Ok(())
}

/// What the token promises, under whose rules. A token of another receipt is as none.
async fn promise(engine: &Engine, input: &SettleInput, call: &Call) -> Result<Promised, Refusal> {
    let mut rejected = None;
    if PackToken::is_one(&input.quote_token) {
        let straight = (input.delivery.route == v1::DeliveryRoute::Direct).then_some(call.now);
        let by = engine.core.promised_by_pack(&input.quote_token, input.receipt.sold_at, straight).await?;
        let store = &input.receipt.place.store;
        let is_good = |by: &ByPack| by.token.receipt == input.receipt.id && engine.core.has_signed_token(&by.token, store);
        if let Some(by) = by.filter(is_good) {
            let rules = engine.core.rules_at(input.receipt.sold_at, call).await?;
            return Ok(Promised::Pack { by: Box::new(by), rules });
        }
        rejected = Some(Issuer::Gateway);
    } else if !input.quote_token.is_empty() {
        if let Some(body) = engine.core.opened(&input.receipt.id, &input.quote_token) {
            let revision = body.head.revision.as_ref().map_or(0, |revision| revision.number);
            let rules = engine.core.rules(revision, body.head.catalogue, call).await?;
            return Ok(Promised::Token { body, rules });
        }
        rejected = Some(Issuer::Engine);
    }
    if rejected.is_some() {
        metrics::counter!("tessera_engine_tokens_rejected_total").increment(1);
    }
    let rules = engine.core.rules_at(input.receipt.sold_at, call).await?;
    Ok(Promised::Nothing { rejected, rules })
}

fn extras(input: &SettleInput) -> Extras {
    Extras {
        tenders: input.tenders.iter().map(TenderInput::to_wire).collect(),
        fiscal: input
            .fiscal
            .as_ref()
            .map(|fiscal| v1::FiscalDocument { device_id: fiscal.device.to_string(), number: fiscal.number.to_string() }),
        declined_ids: input.receipt.declined.iter().map(|id| id.as_str().to_owned()).collect(),
        offer_results: input.offers.iter().map(offer).collect(),
        instruction_results: input.instructions.iter().map(instruction).collect(),
        ..Extras::default()
    }
}

fn offer(offer: &OfferShown) -> v1::OfferResult {
    v1::OfferResult { offer_id: offer.id.as_str().to_owned(), shown: offer.shown, taken: offer.taken }
}

fn instruction(done: &InstructionDone) -> v1::InstructionResult {
    v1::InstructionResult {
        instruction_id: done.id.as_str().to_owned(),
        state: i32::from(done.state),
        serial: done.serial.as_ref().map(ToString::to_string).unwrap_or_default(),
        // What it is of is known once the receipt is decided.
        series_id: String::new(),
        quantity: 0,
    }
}

fn render(engine: &Engine, call: &Call, parsed: Instant, done: Done, training: bool) -> Result<SettleAnswer, Refusal> {
    let Done { answer, carried } = done;
    let CaseAnswer::Settled(settled) = answer else {
        return Err(engine.core.internal("the desk answered a settle with something else"));
    };
    let (status, outcome, repeated) = match settled {
        Settled::Voided => (v1::SettleStatus::Voided, None, false),
        Settled::Outcome { outcome, repeated, skipped, claims } => {
            engine.core.skipped.count("settle", &skipped);
            claim::start_waiting(engine, claims, *call);
            let status = if training { v1::SettleStatus::Training } else { v1::SettleStatus::Committed };
            (status, Some(outcome), repeated && !training)
        }
    };
    let revision = engine.core.programs.in_force().revision;
    let rest = v1::SettleResponse {
        status: i32::from(status),
        outcome: None,
        repeated_before: repeated,
        accepted: None,
        position: if repeated { None } else { position(&carried) },
        balances: balances(carried.account.as_deref(), &revision, call.now),
        phase_times: Some(desk_times(call, parsed, &carried)),
    };
    Ok(SettleAnswer { rest, outcome })
}

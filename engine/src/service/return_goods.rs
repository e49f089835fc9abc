//! Return: finds the original's aggregate, lets the desk commit or only looks, renders.

use std::time::Instant;

use bytes::Bytes;
use prost::Message as _;
use tessera_contract::read::{OriginalReceipt, ReadContext, ReturnInput, ReturnMode, read_return};
use tessera_contract::refusal::Refusal;
use tessera_ledger::entry::{Aggregate, EntryState};
use tessera_ledger::return_goods as ledger;
use tessera_proto::billing::v1;
use tessera_rules::id::{CustomerId, ReceiptId};

use super::settle::refuse_too_old;
use super::shared::{balances, desk_times, position, stored_outcome};
use crate::desk::{Case, CaseAnswer, Done, Draft, ReturnCase, Returned, preview};
use crate::engine::{Call, Engine, account_key};
use crate::fiscal::Sought;
use crate::layout::AggregateKey;
use crate::programs::Rules;

/// The field of the original's document.
const ORIGINAL_FISCAL: &str = "original_fiscal";
/// How often a return follows its original from one aggregate to another.
const FOLLOWED_MAX: usize = 3;

/// Goods come back.
pub(crate) async fn return_goods(
    engine: &Engine,
    request: v1::ReturnRequest,
    call: &Call,
) -> Result<v1::ReturnResponse, Refusal> {
    let mut input = read_return(&request, &ReadContext { now: call.now })?;
    refuse_too_old(engine, input.business_date, call)?;
    input.original = named(engine, (&input.id, input.original)).await?;
    let request = Bytes::from(request.encode_to_vec());
    let parsed = Instant::now();
    for _ in 0..FOLLOWED_MAX {
        let (key, customer) = whereto(engine, &input).await?;
        let rules = engine.core.rules_at(input.returned_at, call).await?;
        let sale_rules = sale_rules(engine, &input, call).await?;
        let case = ReturnCase { input: input.clone(), request: request.clone(), customer, rules, sale_rules, now: call.now };
        match input.mode {
            ReturnMode::Preview => {
                let open_from = *engine.core.ledger.enter().await;
                let mut draft = Draft::open(&engine.core, &key, open_from).await?;
                if let Returned::Outcome { outcome, result: Some(result), .. } = preview(&case, &mut draft).await? {
                    return previewed(engine, &outcome, &result);
                }
            }
            ReturnMode::Done => {
                let done = engine.at_desk(key, Case::Return(Box::new(case))).await?;
                if let Some(response) = done_response(engine, &input, call, parsed, &done)? {
                    return Ok(response);
                }
            }
        }
    }
    Err(Refusal::InProgress)
}

/// The original by its id. A document that no receipt has is a fault, since nothing tells whether a receipt will come that
/// has it; one that is named by its id is waited for.
async fn named(engine: &Engine, (own, original): (&ReceiptId, OriginalReceipt)) -> Result<OriginalReceipt, Refusal> {
    let OriginalReceipt::Fiscal(document) = &original else { return Ok(original) };
    if let Some(before) = named_before(engine, own).await? {
        return Ok(OriginalReceipt::Receipt(before));
    }
    match engine.core.by_fiscal(document, Sought::Sale, ORIGINAL_FISCAL).await? {
        Some(id) => Ok(OriginalReceipt::Receipt(id)),
        None => Err(Refusal::fault(ORIGINAL_FISCAL, "is of no receipt that is known here: name it by its id")),
    }
}

/// What a return that was carried out named: a repeat is of the same receipt, whichever has got that document since.
async fn named_before(engine: &Engine, own: &ReceiptId) -> Result<Option<ReceiptId>, Refusal> {
    let (_, Some(entry)) = engine.core.receipt_entry(own).await? else { return Ok(None) };
    let stored = if entry.state == EntryState::Returned { engine.core.outcome(&entry, own).await? } else { None };
    let Some(stored) = stored else { return Ok(None) };
    let outcome = stored_outcome(&engine.core, &stored)?;
    Ok(ReceiptId::parse(&outcome.original_receipt_id).ok())
}

/// The queue of the aggregate in which the original lies; without one, the customer's or the return's own.
async fn whereto(engine: &Engine, input: &ReturnInput) -> Result<(AggregateKey, Option<CustomerId>), Refusal> {
    let found = engine.recognise(input.customer.as_ref()).await?.found().cloned();
    let customer = found.as_ref().map(|found| found.customer.clone());
    let own = || found.as_ref().map_or_else(|| AggregateKey::Receipt(input.id.clone()), account_key);
    let OriginalReceipt::Receipt(original) = &input.original else { return Ok((own(), customer)) };
    let (_, entry) = engine.core.receipt_entry(original).await?;
    Ok(match entry {
        Some(entry) if entry.state == EntryState::Settled => match entry.home() {
            Aggregate::Account(id) => (AggregateKey::Account(engine.account_now(id).await?), customer),
            Aggregate::Own => (AggregateKey::Receipt(original.clone()), customer),
            Aggregate::Sale(sale) => (AggregateKey::Receipt(sale), customer),
        },
        Some(_) | None => (AggregateKey::Receipt(original.clone()), customer),
    })
}

/// The rules of the sale, where it prices anew what is kept; none: it does not, or it is not there yet.
async fn sale_rules(engine: &Engine, input: &ReturnInput, call: &Call) -> Result<Option<Rules>, Refusal> {
    let OriginalReceipt::Receipt(original) = &input.original else { return Ok(None) };
    let (_, entry) = engine.core.receipt_entry(original).await?;
    let Some(entry) = entry.filter(|entry| entry.state == EntryState::Settled) else { return Ok(None) };
    let Some(stored) = engine.core.outcome(&entry, original).await? else { return Ok(None) };
    let sale = stored_outcome(&engine.core, &stored)?;
    if sale.return_terms.iter().all(|terms| terms.returned_rewards() != v1::ReturnedRewards::RepricedKept) {
        return Ok(None);
    }
    engine.core.rules(sale.revision, sale.catalogue, call).await.map(Some)
}

fn previewed(engine: &Engine, outcome: &Bytes, result: &ledger::Returned) -> Result<v1::ReturnResponse, Refusal> {
    let outcome = stored_outcome(&engine.core, outcome)?;
    Ok(v1::ReturnResponse {
        status: i32::from(v1::ReturnStatus::Previewed),
        answer: Some(answer(&outcome, Some(result))),
        ..v1::ReturnResponse::default()
    })
}

/// None where the original turned out to lie elsewhere.
fn done_response(
    engine: &Engine,
    input: &ReturnInput,
    call: &Call,
    parsed: Instant,
    done: &Done,
) -> Result<Option<v1::ReturnResponse>, Refusal> {
    let CaseAnswer::Returned(returned) = &done.answer else {
        return Err(engine.core.internal("the desk answered a return with something else"));
    };
    let times = Some(desk_times(call, parsed, &done.carried));
    let response = match returned.as_ref() {
        Returned::Elsewhere => return Ok(None),
        Returned::Parked { repeated } => v1::ReturnResponse {
            status: i32::from(v1::ReturnStatus::Parked),
            repeated_before: *repeated,
            phase_times: times,
            ..Default::default()
        },
        Returned::Outcome { outcome, repeated, result } => {
            let outcome = stored_outcome(&engine.core, outcome)?;
            let status = if input.training { v1::ReturnStatus::Training } else { v1::ReturnStatus::Committed };
            let revision = engine.core.programs.in_force().revision;
            v1::ReturnResponse {
                status: i32::from(status),
                answer: Some(answer(&outcome, result.as_deref())),
                outcome: Some(outcome),
                repeated_before: *repeated,
                accepted: None,
                position: if *repeated { None } else { position(&done.carried) },
                balances: balances(done.carried.account.as_deref(), &revision, call.now),
                phase_times: times,
            }
        }
    };
    Ok(Some(response))
}

/// What is to be given and taken back, as the outcome says it.
fn answer(outcome: &v1::Outcome, result: Option<&ledger::Returned>) -> v1::ReturnAnswer {
    let notes = result.map_or(&[][..], |result| &result.beyond);
    let totals = outcome.totals_after.clone();
    let refund: i64 = outcome.lines.iter().map(|line| line.paid_minor).sum();
    v1::ReturnAnswer {
        lines: outcome
            .lines
            .iter()
            .map(|line| v1::LineRefund {
                line_id: line.line_id.clone(),
                original_line_id: line.original_line_id.clone(),
                quantity_milli: line.quantity_milli,
                refund_minor: line.paid_minor,
                tax_code: line.tax_code.clone(),
            })
            .collect(),
        tenders: tenders(outcome),
        taken_back: outcome.rewards.clone(),
        restored: outcome.redemptions.clone(),
        // A return names only codes that can be used again.
        restored_codes: outcome.code_verdicts.iter().map(|verdict| verdict.code.clone()).collect(),
        deducted_minor: totals.as_ref().map_or(0, |totals| refund.saturating_sub(totals.due_minor).max(0)),
        totals,
        notes: notes
            .iter()
            .map(|beyond| v1::Note {
                code: i32::from(v1::NoteCode::ReturnedBeyondSale),
                line_id: beyond.line.as_str().to_owned(),
                text: "More came back than was sold.".to_owned(),
            })
            .collect(),
        screen_texts: Vec::new(),
        footer_texts: Vec::new(),
    }
}

/// The refund by tender. What assets paid comes back in their units: each of them stands for itself, and what is given back by
/// them beyond that names none.
fn tenders(outcome: &v1::Outcome) -> Vec<v1::TenderRefund> {
    let (by_assets, others): (Vec<_>, Vec<_>) =
        outcome.tenders.iter().partition(|tender| tender.kind == i32::from(v1::TenderKind::Asset));
    let mut left: i64 = by_assets.iter().map(|tender| tender.amount_minor).fold(0, i64::saturating_add);
    let mut refunds: Vec<v1::TenderRefund> = others.into_iter().map(refund_of).collect();
    if by_assets.is_empty() {
        return refunds;
    }
    let is_tender = |redemption: &&v1::Redemption| redemption.redeem_as == i32::from(v1::RedeemAs::Tender);
    for restored in outcome.redemptions.iter().filter(is_tender) {
        let amount_minor = restored.amount_minor.saturating_neg().clamp(0, left);
        left = left.saturating_sub(amount_minor);
        refunds.push(v1::TenderRefund {
            kind: i32::from(v1::TenderKind::Asset),
            amount_minor,
            asset_id: restored.asset_id.clone(),
            units: restored.units.saturating_neg(),
            ..Default::default()
        });
    }
    if left > 0 {
        let kind = i32::from(v1::TenderKind::Asset);
        refunds.push(v1::TenderRefund { kind, amount_minor: left, ..Default::default() });
    }
    refunds
}

fn refund_of(tender: &v1::Tender) -> v1::TenderRefund {
    v1::TenderRefund {
        kind: tender.kind,
        amount_minor: tender.amount_minor,
        reference: tender.reference.clone(),
        ..Default::default()
    }
}

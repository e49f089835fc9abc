//! Quote: reads, evaluates on the account as known, holds what is scarce at the desk, seals and renders.

use std::sync::Arc;
use std::time::Instant;

use tessera_contract::canonical::basket_hash;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::{ReadContext, read_quote};
use tessera_contract::refusal::Refusal;
use tessera_contract::render::AnswerContext;
use tessera_contract::token::{RevisionName, TokenHead};
use tessera_ledger::account::Account;
use tessera_proto::billing::v1;
use tessera_rules::decision::{Decision, Offer, RewardKind};
use tessera_rules::id::{AssetId, CampaignId, ProgramId, SeriesId, Sku};

use super::customer::status_of;
use super::shared::{balances, fact_shapes, plain_times, stored_outcome};
use crate::coupons;
use crate::desk::{
    Asked, Case, CaseAnswer, Decided, QuoteCase, Quoted, before_quote, evaluate_anonymous, evaluate_quote, needs_desk,
};
use crate::directory::Recognised;
use crate::engine::{Call, Engine, account_key};
use crate::programs::Rules;
use crate::skipped::skipped;

/// What a quote was made from, for its answer.
struct Made {
    asked: Asked,
    recognised: Recognised,
}

/// The four-part answer for the receipt as it stands.
pub(crate) async fn quote(engine: &Engine, request: v1::QuoteRequest, call: &Call) -> Result<v1::QuoteResponse, Refusal> {
    let input = Arc::new(read_quote(&request, &ReadContext { now: call.now })?);
    let parsed = Instant::now();
    super::settle::refuse_too_old(engine, input.receipt.business_date, call)?;
    if let Some(quoted) = before_quote(&engine.core, &input).await? {
        return without_answer(engine, &quoted);
    }
    let recognised = engine.recognise(input.customer.as_ref()).await?;
    let rules = engine.core.rules_at(call.now, call).await?;
    let effort = call.effort(engine.core.settings.replay);
    let made = Made { asked: Asked { input, rules, at: call.now, effort }, recognised };
    let account = account(engine, &made, call).await?;
    let read = Instant::now();
    let decided = match decide(engine, &made, account).await? {
        Quoted::Decided(decided) => decided,
        other @ (Quoted::AlreadySettled(_) | Quoted::Voided | Quoted::Superseded) => return without_answer(engine, &other),
    };
    engine.core.skipped.count("quote", skipped(&decided.decision));
    let evaluated = Instant::now();
    Ok(render(engine, &made, &decided, plain_times(call, parsed, read, evaluated)))
}

/// The customer's account, at a card's first use a new one; none for an anonymous receipt.
async fn account(engine: &Engine, made: &Made, call: &Call) -> Result<Option<Arc<Account>>, Refusal> {
    let Some(found) = made.recognised.found() else { return Ok(None) };
    let known = engine.core.account(&found.account).await?.account;
    Ok(Some(known.unwrap_or_else(|| Arc::new(Account::new(found.account.clone(), found.customer.clone(), call.now)))))
}

async fn decide(engine: &Engine, made: &Made, account: Option<Arc<Account>>) -> Result<Quoted, Refusal> {
    let found = made.recognised.found();
    let customer = found.map(|found| &found.customer);
    let (Some(account), Some(found)) = (account, found) else {
        return evaluate_anonymous(&engine.core, &made.asked).await;
    };
    let decision = evaluate_quote(&engine.core, &made.asked, Some(&account), customer).await?;
    if !needs_desk(&account, &found.customer, &made.asked, &decision) {
        return Ok(Quoted::Decided(Box::new(Decided { decision, held_until: None, account: Some(account) })));
    }
    let case = QuoteCase { asked: made.asked.clone(), customer: found.customer.clone(), account: found.account.clone() };
    let done = engine.at_desk(account_key(found), Case::Quote(Box::new(case))).await?;
    match done.answer {
        CaseAnswer::Quoted(quoted) => Ok(*quoted),
        CaseAnswer::Settled(_)
        | CaseAnswer::Voided(_)
        | CaseAnswer::Returned(_)
        | CaseAnswer::Recorded { .. }
        | CaseAnswer::AlreadyKnown
        | CaseAnswer::Prize(_)
        | CaseAnswer::Taking(_)
        | CaseAnswer::NothingWaited
        | CaseAnswer::CodeSent
        | CaseAnswer::DayPosted
        | CaseAnswer::CarriedOut
        | CaseAnswer::Nobodys { .. }
        | CaseAnswer::Moved { .. } => Err(engine.core.internal("the desk answered a quote with something else")),
    }
}

/// A receipt that is not open any more.
fn without_answer(engine: &Engine, quoted: &Quoted) -> Result<v1::QuoteResponse, Refusal> {
    let (status, outcome) = match quoted {
        Quoted::AlreadySettled(outcome) => (v1::QuoteStatus::AlreadySettled, Some(stored_outcome(&engine.core, outcome)?)),
        Quoted::Voided => (v1::QuoteStatus::Voided, None),
        Quoted::Superseded => (v1::QuoteStatus::Superseded, None),
        Quoted::Decided(_) => return Err(engine.core.internal("a decision was rendered as none")),
    };
    Ok(v1::QuoteResponse { status: i32::from(status), outcome, basis: i32::from(v1::AnswerBasis::Engine), ..Default::default() })
}

fn render(engine: &Engine, made: &Made, decided: &Decided, times: v1::PhaseTimes) -> v1::QuoteResponse {
    let token = engine.core.tokens.seal(&head(made, decided), &decided.decision, engine.core.nonces.next());
    let decision = &decided.decision;
    let revision = &made.asked.rules.revision;
    let descriptions = descriptions(decision, &made.asked.rules);
    let facts = if decision.prompts.is_empty() { Vec::new() } else { fact_shapes(revision) };
    let asset_programs = asset_programs(decision, &made.asked.rules);
    let series = series(decision, &made.asked.rules);
    let account = decided.account.as_deref();
    let context = AnswerContext {
        receipt: &made.asked.input.receipt,
        display: made.asked.input.display,
        customer: made.recognised.found().map(|found| &found.customer),
        revision: revision.number(),
        catalogue: made.asked.rules.catalogue.number(),
        balances: balances(account, revision, made.asked.at),
        customer_status: status_of(&made.recognised, account),
        limits_reached: if token.shortened { vec![v1::LimitReached::TokenSize] } else { Vec::new() },
        descriptions: &descriptions,
        facts: &facts,
        series: &series,
        asset_programs: &asset_programs,
        no_revision: revision.number() == 0,
        code_brought: made.asked.input.confirmation_code.is_some(),
        declined_unknown: declined_unknown(made),
        claim_code: engine.core.keys.claim_code(&made.asked.input.receipt.place.store, &made.asked.input.receipt.id).to_string(),
    };
    v1::QuoteResponse {
        status: i32::from(v1::QuoteStatus::Ok),
        answer: Some(with_coupons(engine, made, decision, tessera_contract::render::answer(decision, context))),
        quote_token: token.bytes,
        outcome: None,
        basis: i32::from(v1::AnswerBasis::Engine),
        basis_reason: i32::from(v1::BasisReason::Unspecified),
        quoted_at: Some(timestamp_to_wire(made.asked.at)),
        held_until: decided.held_until.map(timestamp_to_wire),
        phase_times: Some(times),
    }
}

/// The answer with what a printer needs for the coupons that the settle will issue.
fn with_coupons(engine: &Engine, made: &Made, decision: &Decision, mut answer: v1::Answer) -> v1::Answer {
    if made.recognised.found().is_none() {
        return answer;
    }
    for (reward, shown) in decision.rewards.iter().zip(&mut answer.rewards) {
        if let RewardKind::DiscountLater { coupon } = &reward.kind {
            let code = engine.core.keys.codes().coupon(&made.asked.input.receipt.id, &reward.id);
            let days = (reward.vests_at, reward.expires_at);
            shown.coupon = Some(coupons::printed(coupon, &code, days, &made.asked.rules.revision));
        }
    }
    answer
}

/// What the token says beside the decision.
fn head(made: &Made, decided: &Decided) -> TokenHead {
    let revision = &made.asked.rules.revision;
    let found = made.recognised.found();
    TokenHead {
        receipt: made.asked.input.receipt.id.clone(),
        basket_hash: basket_hash(&made.asked.input.receipt, made.asked.input.customer.as_ref()),
        revision: (revision.number() != 0).then(|| RevisionName { number: revision.number(), hash: revision.hash() }),
        catalogue: made.asked.rules.catalogue.number(),
        quoted_at: made.asked.at,
        steps_max: made.asked.effort.steps_max,
        quote_no: made.asked.input.quote_no,
        customer: found.map(|found| found.customer.clone()),
        account: found.map(|found| found.account.clone()),
        held_until: decided.held_until,
        choices: made.asked.input.receipt.choices.clone(),
    }
}

/// How many ids the till sent as declined that no campaign could have given: a till's mistake, told in the answer.
fn declined_unknown(made: &Made) -> usize {
    let receipt = &made.asked.input.receipt;
    let can_be = |id: &str| Offer::is_id(id) || made.asked.rules.revision.can_decline(id, receipt.lines.len());
    receipt.declined.iter().filter(|id| !can_be(id.as_str())).count()
}

/// Names of the products that are added, offered or to be chosen from.
fn descriptions<'a>(decision: &'a Decision, rules: &'a Rules) -> Vec<(&'a Sku, &'a str)> {
    let added = decision.lines.iter().filter(|line| line.added_by.is_some()).map(|line| &line.sku);
    let offered = decision.offers.iter().map(|offer| &offer.sku);
    let options = decision.choices.iter().flat_map(|choice| &choice.options);
    added.chain(offered).chain(options).filter_map(|sku| Some((sku, rules.catalogue.product(sku)?.name.as_str()))).collect()
}

/// The series that prizes are handed out from.
fn series<'a>(decision: &'a Decision, rules: &'a Rules) -> Vec<(&'a CampaignId, &'a SeriesId)> {
    let prizes = decision.rewards.iter().filter(|reward| matches!(reward.kind, RewardKind::Prize { .. }));
    prizes.filter_map(|reward| Some((&reward.campaign, rules.revision.series_of(&reward.campaign)?))).collect()
}

/// Whose the assets are that are used up or could be.
fn asset_programs<'a>(decision: &'a Decision, rules: &'a Rules) -> Vec<(&'a AssetId, &'a ProgramId)> {
    let used = decision.redemptions.iter().map(|redemption| &redemption.asset);
    let usable = decision.redeemable.iter().map(|redeemable| &redeemable.asset);
    used.chain(usable).filter_map(|asset| Some((asset, &rules.revision.asset(asset)?.program))).collect()
}

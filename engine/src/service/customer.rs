//! Identify, Enrol, `AnswerPrompts`: who a customer is and what they say of themselves.

use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::{Identity, ReadContext, TillDisplay, read_answer_prompts, read_enrol, read_identify};
use tessera_contract::refusal::Refusal;
use tessera_contract::render::AnswerContext;
use tessera_ledger::account::Account;
use tessera_ledger::standing::View;
use tessera_proto::billing::v1;
use tessera_rules::effort::Effort;
use tessera_rules::evaluate::{evaluate, tiers_now};
use tessera_rules::id::{CashierId, ChannelId, ReceiptId, SegmentId, StoreId, TillId};
use tessera_rules::receipt::{Explain, Place, Receipt, Stage};
use tessera_rules::standing::{CustomerStanding, Standing};

use super::shared::{balances, fact_shapes, position, referrer, stored_outcome};
use crate::desk::{AnswersCase, Case, CaseAnswer, Done, EnrolCase};
use crate::directory::{Found, Recognised, derived};
use crate::engine::{Call, Engine, account_key};
use crate::programs::Rules;
use crate::rights;

/// The till of what was not said at a till.
const NO_TILL: &str = "-";

/// Finds a customer. Writes nothing.
pub(crate) async fn identify(
    engine: &Engine,
    request: v1::IdentifyRequest,
    call: &Call,
) -> Result<v1::IdentifyResponse, Refusal> {
    let input = read_identify(&request, &ReadContext { now: call.now })?;
    let recognised = engine.recognise(Some(&input.customer)).await?;
    if matches!(recognised, Recognised::Blocked { .. }) {
        return Ok(v1::IdentifyResponse { customer_status: i32::from(v1::CustomerStatus::Blocked), ..Default::default() });
    }
    let account = match recognised.found() {
        Some(found) => engine.core.account(&found.account).await?.account,
        None => None,
    };
    let Some((found, account)) = recognised.found().zip(account.as_deref()) else {
        return Ok(v1::IdentifyResponse { customer_status: i32::from(v1::CustomerStatus::Unknown), ..Default::default() });
    };
    let rules = engine.core.rules_at(call.now, call).await?;
    let receipt = empty_receipt(engine, place(&input.store, input.till.as_ref(), None), call);
    let lists = engine.core.lists_of(&found.customer, call.now).await?;
    let standing = standing(&receipt, (account, &lists), found, call);
    let mut response = v1::IdentifyResponse {
        customer_status: i32::from(status(account)),
        customer_id: found.customer.as_str().to_owned(),
        account_id: found.account.as_str().to_owned(),
        tiers: tiers(&rules, &standing, call.now),
        balances: balances(Some(account), &rules.revision, call.now),
        prompts: prompts_due(&rules, standing, &receipt, call),
        ..Default::default()
    };
    rights::show(&mut response, account, &rules.revision, call.now);
    Ok(response)
}

/// What is known of a customer who buys nothing.
fn standing(receipt: &Receipt, (account, lists): (&Account, &[SegmentId]), found: &Found, call: &Call) -> CustomerStanding {
    account.standing(&View {
        customer: Some(&found.customer),
        receipt: &receipt.id,
        supersedes: None,
        now: call.now,
        business_date: receipt.business_date,
        lists,
    })
}

/// What would be asked on a receipt without goods.
fn prompts_due(rules: &Rules, customer: CustomerStanding, receipt: &Receipt, call: &Call) -> Vec<v1::Prompt> {
    let standing = Standing { customer: Some(customer), ..Standing::default() };
    let decision = evaluate(&rules.revision, &rules.catalogue, &standing, receipt, call.now, Effort::default());
    let context = AnswerContext {
        customer: standing.customer.as_ref().map(|known| &known.customer),
        facts: &fact_shapes(&rules.revision),
        ..AnswerContext::plain(receipt, TillDisplay::default())
    };
    tessera_contract::render::answer(&decision, context).prompts
}

fn empty_receipt(engine: &Engine, place: Place, call: &Call) -> Receipt {
    #[expect(clippy::expect_used, reason = "one hyphen is an id")]
    let id = ReceiptId::parse("-").expect("a hyphen is an id");
    Receipt {
        id,
        place,
        sold_at: call.now,
        business_date: engine.core.ledger_day(call.now),
        currency: engine.core.settings.currency,
        stage: Stage::Basket,
        lines: Vec::new(),
        codes: Vec::new(),
        redeem: Vec::new(),
        tenders: Vec::new(),
        declined: Vec::new(),
        choices: Vec::new(),
        given: Vec::new(),
        training: false,
        offers_max: Some(0),
        channel: ChannelId::till(),
        language: None,
        explain: Explain::Nothing,
    }
}

fn status(account: &Account) -> v1::CustomerStatus {
    if account.blocked { v1::CustomerStatus::Blocked } else { v1::CustomerStatus::Known }
}

/// The tiers that were given or reached.
fn tiers(rules: &Rules, standing: &CustomerStanding, now: Timestamp) -> Vec<v1::CustomerTier> {
    let tiers = tiers_now(&rules.revision, standing, now).into_iter();
    tiers
        .map(|tier| v1::CustomerTier {
            program_id: tier.program.as_str().to_owned(),
            tier_id: tier.tier.as_str().to_owned(),
            until: tier.until.map(timestamp_to_wire),
        })
        .collect()
}

pub(super) fn place(store: &StoreId, till: Option<&TillId>, cashier: Option<&CashierId>) -> Place {
    #[expect(clippy::expect_used, reason = "one hyphen is an id")]
    let till = till.cloned().unwrap_or_else(|| TillId::parse(NO_TILL).expect("a hyphen is an id"));
    Place { store: store.clone(), till, cashier: cashier.cloned() }
}

/// Creates a customer: in the account of their card, or in a new one named after the request.
pub(crate) async fn enrol(engine: &Engine, request: v1::EnrolRequest, call: &Call) -> Result<v1::EnrolResponse, Refusal> {
    let input = read_enrol(&request, &ReadContext { now: call.now })?;
    let found = match &input.card {
        Some(card) => derived(&engine.core.keys.directory_name("card", card.expose())),
        None => derived(&engine.core.keys.directory_name("enrolment", input.request.as_str())),
    };
    let referrer = referrer(engine, input.referred_by.as_ref(), Some(&found.account)).await?;
    let rules = engine.core.rules_at(call.now, call).await?;
    let place = place(&input.store, input.till.as_ref(), input.cashier.as_ref());
    let case = EnrolCase { input, found: found.clone(), referrer, place, rules: rules.clone(), now: call.now };
    let done = engine.at_desk(account_key(&found), Case::Enrol(Box::new(case))).await?;
    let Some(outcome) = recorded(engine, &done)? else {
        let is_sent = matches!(done.answer, CaseAnswer::CodeSent);
        let status = if is_sent { v1::EnrolStatus::CodeSent } else { v1::EnrolStatus::AlreadyKnown };
        return Ok(v1::EnrolResponse { status: i32::from(status), ..Default::default() });
    };
    Ok(v1::EnrolResponse {
        status: i32::from(v1::EnrolStatus::Enrolled),
        customer_id: found.customer.as_str().to_owned(),
        account_id: found.account.as_str().to_owned(),
        outcome: Some(outcome),
        position: position(&done.carried),
        balances: balances(done.carried.account.as_deref(), &rules.revision, call.now),
    })
}

fn recorded(engine: &Engine, done: &Done) -> Result<Option<v1::Outcome>, Refusal> {
    match &done.answer {
        CaseAnswer::Recorded { outcome } => stored_outcome(&engine.core, outcome).map(Some),
        CaseAnswer::AlreadyKnown | CaseAnswer::CodeSent => Ok(None),
        CaseAnswer::Quoted(_)
        | CaseAnswer::Settled(_)
        | CaseAnswer::Voided(_)
        | CaseAnswer::Returned(_)
        | CaseAnswer::NothingWaited
        | CaseAnswer::Prize(_)
        | CaseAnswer::Taking(_)
        | CaseAnswer::DayPosted
        | CaseAnswer::CarriedOut
        | CaseAnswer::Nobodys { .. }
        | CaseAnswer::Moved { .. } => Err(engine.core.internal("the desk answered an enrolment or answers with something else")),
    }
}

/// Stores a customer's answers.
pub(crate) async fn answer_prompts(
    engine: &Engine,
    request: v1::AnswerPromptsRequest,
    call: &Call,
) -> Result<v1::AnswerPromptsResponse, Refusal> {
    let input = read_answer_prompts(&request, &ReadContext { now: call.now })?;
    let recognised = engine.recognise(Some(&input.customer)).await?;
    let found = match recognised {
        Recognised::Known(found) => found,
        Recognised::Blocked { .. } => return Ok(nothing_stored(v1::CustomerStatus::Blocked)),
        Recognised::Anonymous | Recognised::Unknown => return Ok(nothing_stored(v1::CustomerStatus::Unknown)),
    };
    let known = engine.core.account(&found.account).await?.account;
    if known.as_ref().is_some_and(|account| account.blocked) {
        return Ok(nothing_stored(v1::CustomerStatus::Blocked));
    }
    if known.is_none() && matches!(input.customer, Identity::Customer(_)) {
        return Ok(nothing_stored(v1::CustomerStatus::Unknown));
    }
    let rules = engine.core.rules_at(call.now, call).await?;
    let place = place(&input.store, input.till.as_ref(), input.cashier.as_ref());
    let case = AnswersCase { input, found: found.clone(), place: place.clone(), rules: rules.clone(), now: call.now };
    let done = engine.at_desk(account_key(&found), Case::Answers(Box::new(case))).await?;
    let outcome = recorded(engine, &done)?;
    let receipt = empty_receipt(engine, place, call);
    let account = done.carried.account.as_deref();
    let lists = engine.core.lists_of(&found.customer, call.now).await?;
    let prompts = account.map(|account| {
        let standing = standing(&receipt, (account, &lists), &found, call);
        prompts_due(&rules, standing, &receipt, call)
    });
    Ok(v1::AnswerPromptsResponse {
        outcome,
        position: position(&done.carried),
        customer_status: i32::from(v1::CustomerStatus::Known),
        prompts: prompts.unwrap_or_default(),
        balances: balances(done.carried.account.as_deref(), &rules.revision, call.now),
        accepted: None,
    })
}

fn nothing_stored(status: v1::CustomerStatus) -> v1::AnswerPromptsResponse {
    v1::AnswerPromptsResponse { customer_status: i32::from(status), ..Default::default() }
}

/// The customer of a receipt, as far as it is known, for the answer.
pub(super) fn status_of(recognised: &Recognised, account: Option<&Account>) -> v1::CustomerStatus {
    match (recognised, account) {
        (Recognised::Anonymous, _) => v1::CustomerStatus::Anonymous,
        (Recognised::Unknown, _) => v1::CustomerStatus::Unknown,
        (Recognised::Blocked { .. }, _) => v1::CustomerStatus::Blocked,
        (Recognised::Known(_), Some(account)) => status(account),
        (Recognised::Known(_), None) => v1::CustomerStatus::Known,
    }
}

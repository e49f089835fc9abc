//! One receipt as a till sends it: quote, then settle as quoted; goods that came back as a return.

use std::time::{Duration, Instant};

use prost::Message as _;
use tessera_contract::CONTRACT_MINOR;
use tessera_contract::sold::sold_as_quoted;
use tessera_proto::billing::v1::{
    AnswerBasis, Outcome, QuoteResponse, QuoteStatus, ReturnResponse, ReturnStatus, SettleRequest, SettleResponse, SettleStatus,
    Totals,
};
use tessera_till::{Answered, CallOptions, Refusal, TillClient, TillError};

use super::ReplayError;
use crate::receipt_files::sale::{Sale, SaleKind};

/// How long a call may take: nobody stands at this till, and an answer of its own would not be the engine's.
const BUDGET: Duration = Duration::from_secs(20);
/// How often a call is sent before the engine counts as gone.
const TRIES_MAX: u32 = 5;
/// Pause before a call is repeated, times the tries so far.
const REPEAT_PAUSE: Duration = Duration::from_millis(200);

/// What one receipt came to.
#[derive(Debug)]
pub(crate) struct Sent {
    /// How long each call took, microseconds; none: it was not sent, or not answered by the engine.
    pub(crate) quote_us: Option<u64>,
    pub(crate) settle_us: Option<u64>,
    pub(crate) return_us: Option<u64>,
    pub(crate) end: End,
}

/// How one receipt ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It has an outcome, of now or of an earlier run.
    Done(Done),
    /// The service took it for nothing it could carry out.
    Refused {
        /// The contract's reason.
        reason: String,
        /// The same in words.
        text: String,
    },
}

/// What the summary needs of an outcome.
#[derive(Debug)]
pub(crate) struct Done {
    /// BLAKE3 of the outcome message.
    pub(crate) hash: [u8; 32],
    pub(crate) before_minor: i64,
    /// Of a sale what was paid, of a return what is given back after deductions.
    pub(crate) after_minor: i64,
    /// Asset and units of each reward in an asset.
    pub(crate) rewards: Vec<(String, i64)>,
}

impl Done {
    fn of(kind: SaleKind, outcome: &Outcome) -> Self {
        let amount = |totals: &Totals| totals.amount_minor;
        let after = |totals: &Totals| match kind {
            SaleKind::Settle => totals.amount_minor,
            SaleKind::Return => totals.due_minor,
        };
        let in_assets = outcome.rewards.iter().filter(|reward| !reward.asset_id.is_empty());
        Self {
            hash: *blake3::hash(&outcome.encode_to_vec()).as_bytes(),
            before_minor: outcome.totals_before.as_ref().map_or(0, amount),
            after_minor: outcome.totals_after.as_ref().map_or(0, after),
            rewards: in_assets.map(|reward| (reward.asset_id.clone(), reward.units)).collect(),
        }
    }
}

/// What became of a call that was repeated until the engine said something final.
enum Said<T> {
    Answer(T),
    Refused(Refusal),
}

/// Sends one receipt and waits for its outcome.
///
/// # Errors
/// The engine no longer answers, or answers something that the contract does not have.
pub(crate) async fn send(till: &TillClient, sale: &Sale) -> Result<Sent, ReplayError> {
    match sale.kind {
        SaleKind::Settle => quote_and_settle(till, sale).await,
        SaleKind::Return => give_back(till, sale).await,
    }
}

async fn quote_and_settle(till: &TillClient, sale: &Sale) -> Result<Sent, ReplayError> {
    let mut sent = Sent { quote_us: None, settle_us: None, return_us: None, end: refused("NO_ANSWER", "") };
    let request = sale.quote_request();
    let quoted = repeated(sale, &mut sent.quote_us, || till.quote(request.clone(), options(sale)), by_engine).await?;
    let quote = match quoted {
        Said::Answer(quote) => quote,
        Said::Refused(refusal) => return Ok(sent.ending(refused_by(&refusal))),
    };
    match quote.status() {
        QuoteStatus::Ok => {}
        // Paid in an earlier run: the stored outcome is how the file stands.
        QuoteStatus::AlreadySettled => return Ok(sent.ending(done(sale, quote.outcome.as_ref())?)),
        QuoteStatus::Voided => return Ok(sent.ending(refused("VOIDED", "the receipt was voided"))),
        QuoteStatus::Superseded => return Ok(sent.ending(refused("SUPERSEDED", "a later quote of the receipt was answered"))),
        QuoteStatus::Unspecified => return Err(outside(sale, "a quote without a status")),
    }
    let request = settle_request(sale, &quote)?;
    let settled =
        repeated(sale, &mut sent.settle_us, || till.settle(request.clone(), options(sale)), |_: &SettleResponse| true).await?;
    let end = match settled {
        Said::Refused(refusal) => refused_by(&refusal),
        Said::Answer(settled) => match settled.status() {
            SettleStatus::Committed => done(sale, settled.outcome.as_ref())?,
            SettleStatus::Voided => refused("VOIDED", "the receipt was voided"),
            SettleStatus::Accepted | SettleStatus::Training | SettleStatus::Unspecified => {
                return Err(outside(sale, "a settle that is neither committed nor voided"));
            }
        },
    };
    Ok(sent.ending(end))
}

async fn give_back(till: &TillClient, sale: &Sale) -> Result<Sent, ReplayError> {
    let mut sent = Sent { quote_us: None, settle_us: None, return_us: None, end: refused("NO_ANSWER", "") };
    let request = sale.return_request();
    let returned =
        repeated(sale, &mut sent.return_us, || till.return_goods(request.clone(), options(sale)), |_: &ReturnResponse| true)
            .await?;
    let end = match returned {
        Said::Refused(refusal) => refused_by(&refusal),
        Said::Answer(returned) => match returned.status() {
            ReturnStatus::Committed => done(sale, returned.outcome.as_ref())?,
            ReturnStatus::Previewed
            | ReturnStatus::Parked
            | ReturnStatus::Accepted
            | ReturnStatus::Training
            | ReturnStatus::Unspecified => {
                return Err(outside(sale, "a return without an original that is not committed"));
            }
        },
    };
    Ok(sent.ending(end))
}

impl Sent {
    fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}

fn options(sale: &Sale) -> CallOptions {
    CallOptions::replay(sale.at, BUDGET)
}

/// A quote that stands for the engine's decision; any other would make the settle depend on how busy the machine was.
fn by_engine(quote: &QuoteResponse) -> bool {
    match quote.basis() {
        AnswerBasis::Engine => true,
        AnswerBasis::Pack | AnswerBasis::Unchanged | AnswerBasis::Unspecified => quote.status() == QuoteStatus::AlreadySettled,
    }
}

/// Repeats a call with the same content until the engine answers or refuses; the time is that of the last try.
async fn repeated<T, F>(
    sale: &Sale,
    took_us: &mut Option<u64>,
    call: impl Fn() -> F,
    is_final: impl Fn(&T) -> bool,
) -> Result<Said<T>, ReplayError>
where
    F: Future<Output = Result<Answered<T>, TillError>>,
{
    let mut cause = String::new();
    for tried in 1..=TRIES_MAX {
        let began = Instant::now();
        let answered = call().await;
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        match answered {
            Ok(Answered::Server(answer)) if is_final(&answer) => {
                *took_us = Some(took);
                return Ok(Said::Answer(answer));
            }
            Ok(Answered::Server(_) | Answered::Unchanged(_)) => {
                cause = "nobody but the till itself or its gateway answered".to_owned()
            }
            Ok(Answered::Unknown(unknown)) => cause = unknown.cause.to_string(),
            Err(TillError::Refused { refusal, .. }) => return Ok(Said::Refused(refusal)),
            Err(TillError::NotAnswered { refusal, .. }) => cause = refusal.to_string(),
            Err(error @ (TillError::Journal(_) | TillError::Endpoint { .. } | TillError::Connect(_))) => {
                return Err(ReplayError::Till(error));
            }
        }
        tokio::time::sleep(REPEAT_PAUSE.saturating_mul(tried)).await;
    }
    Err(ReplayError::NoAnswer { receipt_id: sale.receipt_id.clone(), tries: TRIES_MAX, cause, done: 0 })
}

fn done(sale: &Sale, outcome: Option<&Outcome>) -> Result<End, ReplayError> {
    outcome.map(|outcome| End::Done(Done::of(sale.kind, outcome))).ok_or_else(|| outside(sale, "a commit without its outcome"))
}

fn refused(reason: &str, text: &str) -> End {
    End::Refused { reason: reason.to_owned(), text: text.to_owned() }
}

fn refused_by(refusal: &Refusal) -> End {
    let reason = if refusal.reason.is_empty() { format!("{:?}", refusal.code) } else { refusal.reason.clone() };
    End::Refused { reason, text: refusal.to_string() }
}

fn outside(sale: &Sale, what: &'static str) -> ReplayError {
    ReplayError::Contract { receipt_id: sale.receipt_id.clone(), what }
}

/// What is sold is what was quoted, nothing declined.
fn settle_request(sale: &Sale, quote: &QuoteResponse) -> Result<SettleRequest, ReplayError> {
    let answer = quote.answer.as_ref().ok_or_else(|| outside(sale, "a quote without an answer"))?;
    let (receipt, added_lines) = sold_as_quoted(&sale.receipt(), answer);
    Ok(SettleRequest {
        contract_minor: CONTRACT_MINOR,
        receipt: Some(receipt),
        added_lines,
        quote_token: quote.quote_token.clone(),
        ..SettleRequest::default()
    })
}

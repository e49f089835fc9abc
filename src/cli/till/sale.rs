//! `tessera till quote`, `settle` and `void`: a sale by hand.

use std::process::ExitCode;

use tessera_contract::CONTRACT_MINOR;
use tessera_contract::sold::sold_without;
use tessera_proto::billing::v1::{
    QuoteRequest, QuoteResponse, QuoteStage, QuoteStatus, Receipt, SettleRequest, Tender, TenderKind, VoidRequest,
};

use super::failure::TillFailure;
use super::input::Input;
use super::link::Link;
use super::money::Money;
use super::{QuoteArgs, SettleArgs, VoidArgs, fill, print_answer, show, tell};
use crate::cli::Failure;

/// Fields that only the request around a receipt has; a message with one of them is no bare receipt.
const QUOTE_FIELDS: [&str; 16] = [
    "receipt",
    "contractMinor",
    "contract_minor",
    "stage",
    "quoteNo",
    "quote_no",
    "attempt",
    "declinedIds",
    "declined_ids",
    "offersMax",
    "offers_max",
    "explain",
    "explainIds",
    "explain_ids",
    "supersedesReceiptId",
    "supersedes_receipt_id",
];
const SETTLE_FIELDS: [&str; 10] = [
    "receipt",
    "contractMinor",
    "contract_minor",
    "addedLines",
    "added_lines",
    "quoteToken",
    "quote_token",
    "attempt",
    "declinedIds",
    "declined_ids",
];

/// Asks, and shows the answer.
pub(super) async fn quote(link: &Link, args: &QuoteArgs, json: bool) -> Result<ExitCode, Failure> {
    let mut request = quote_request(&Input::read(&args.file)?)?;
    if let Some(receipt) = &mut request.receipt {
        take_id(receipt, args.receipt_id.as_deref())?;
    }
    say(&fill::quote(&mut request, &fill::now_here())?);
    request.explain |= args.explain;
    let response = link.quote(request.clone()).await?;
    let next = format!("tessera till settle {} --receipt-id {}", args.file.display(), receipt_id_of(&request));
    let next = Some(next).filter(|_| response.status() == QuoteStatus::Ok);
    print_answer(&response, json, |response| show::quote(&request, response, next.as_deref()))
}

fn receipt_id_of(request: &QuoteRequest) -> &str {
    request.receipt.as_ref().map_or("", |receipt| &receipt.receipt_id)
}

/// An id from the command line goes into a receipt that has none.
fn take_id(receipt: &mut Receipt, receipt_id: Option<&str>) -> Result<(), TillFailure> {
    match receipt_id {
        Some(id) if receipt.receipt_id.is_empty() => id.clone_into(&mut receipt.receipt_id),
        Some(id) if receipt.receipt_id != id => {
            let problem = format!("the file says {}, and --receipt-id another one", receipt.receipt_id);
            return Err(TillFailure::Field { field: "receipt_id", problem });
        }
        Some(_) | None => {}
    }
    Ok(())
}

/// A whole request, or one made around a bare receipt.
pub(in super::super) fn quote_request(input: &Input) -> Result<QuoteRequest, TillFailure> {
    if input.has_field(&QUOTE_FIELDS) { input.message() } else { Ok(quote_of(input.message()?)) }
}

fn quote_of(receipt: Receipt) -> QuoteRequest {
    let stage = if receipt.tenders.is_empty() { QuoteStage::Total } else { QuoteStage::Tender };
    QuoteRequest {
        contract_minor: CONTRACT_MINOR,
        receipt: Some(receipt),
        stage: stage.into(),
        quote_no: 1,
        ..QuoteRequest::default()
    }
}

/// Tells what was paid, and shows what it did.
pub(super) async fn settle(link: &Link, args: &SettleArgs, json: bool) -> Result<ExitCode, Failure> {
    let input = Input::read(&args.file)?;
    let request = if input.has_field(&SETTLE_FIELDS) {
        if !args.decline.is_empty() || args.without_quote || args.attempt.is_some() || args.receipt_id.is_some() {
            let problem = "the file is a whole SettleRequest, which says this itself; the options are for a bare receipt";
            return Err(TillFailure::State(problem.to_owned()).into());
        }
        let mut request: SettleRequest = input.message()?;
        say(&fill::settle(&mut request, &fill::now_here())?);
        request
    } else {
        let mut receipt: Receipt = input.message()?;
        take_id(&mut receipt, args.receipt_id.as_deref())?;
        say(&fill::receipt(&mut receipt, &fill::now_here())?);
        let attempt = args.attempt.unwrap_or_default();
        if args.without_quote {
            SettleRequest { contract_minor: CONTRACT_MINOR, receipt: Some(receipt), attempt, ..SettleRequest::default() }
        } else {
            // Behind a quote by hand, which has number 1.
            let asked = QuoteRequest { attempt, quote_no: 2, declined_ids: args.decline.clone(), ..quote_of(receipt.clone()) };
            let quoted = link.quote(asked.clone()).await?;
            if quoted.status() == QuoteStatus::AlreadySettled {
                tell("the receipt has been settled before; this is what is stored");
                return print_answer(&quoted, json, |quoted| show::quote(&asked, quoted, None));
            }
            settle_request(receipt, &quoted, attempt, &args.decline)?
        }
    };
    let response = link.settle(request.clone()).await?;
    print_answer(&response, json, |response| show::settle(&request, response))
}

/// What a till sends that sold as the quote says, but for what was declined.
fn settle_request(
    receipt: Receipt,
    quoted: &QuoteResponse,
    attempt: u32,
    declined: &[String],
) -> Result<SettleRequest, TillFailure> {
    match quoted.status() {
        QuoteStatus::Ok => {}
        QuoteStatus::Voided => {
            let text =
                "the receipt was voided; to resume it: --attempt with a higher number than the void's (2 after a void by hand)";
            return Err(TillFailure::State(text.to_owned()));
        }
        QuoteStatus::AlreadySettled | QuoteStatus::Superseded | QuoteStatus::Unspecified => {
            let text = format!("the quote was answered {}; nothing was settled", quoted.status().as_str_name());
            return Err(TillFailure::State(text));
        }
    }
    let answer = quoted.answer.clone().unwrap_or_default();
    let (mut sold, added_lines) = sold_without(&receipt, &answer, declined);
    if sold.tenders.is_empty()
        && let Some(totals) = &answer.totals_after
    {
        let due_minor = totals.due_minor.saturating_add(sold.cash_rounding_minor);
        tell(&format!("filled in: paid in cash, {}", Money::new(&sold.currency_code).of(due_minor)));
        sold.tenders = vec![Tender { kind: TenderKind::Cash.into(), amount_minor: due_minor, ..Tender::default() }];
    }
    Ok(SettleRequest {
        contract_minor: CONTRACT_MINOR,
        receipt: Some(sold),
        added_lines,
        quote_token: quoted.quote_token.clone(),
        attempt,
        declined_ids: declined.to_vec(),
        ..SettleRequest::default()
    })
}

/// Tells that a receipt will not be paid.
pub(super) async fn void(link: &Link, args: VoidArgs, json: bool) -> Result<ExitCode, Failure> {
    let request = void_request(args)?;
    let response = link.void(request.clone()).await?;
    print_answer(&response, json, |response| show::void(&request, response))
}

/// Store and till stand at the beginning of an id that a till minted.
fn void_request(args: VoidArgs) -> Result<VoidRequest, TillFailure> {
    let mut steps = args.receipt_id.split('/').map(str::to_owned);
    let missing = |field, option| TillFailure::Field {
        field,
        problem: format!("the receipt id does not begin with STORE/TILL/; say it by {option}"),
    };
    let store_id = steps.next().filter(|_| args.receipt_id.contains('/'));
    let till_id = steps.next();
    Ok(VoidRequest {
        contract_minor: CONTRACT_MINOR,
        store_id: args.store.or(store_id).ok_or_else(|| missing("store_id", "--store"))?,
        till_id: args.till.or(till_id).ok_or_else(|| missing("till_id", "--till"))?,
        receipt_id: args.receipt_id,
        attempt: args.attempt,
        ..VoidRequest::default()
    })
}

/// Says what was filled in.
pub(in super::super) fn say(filled: &fill::Filled) {
    if !filled.is_empty() {
        tell(&format!("filled in: {}", filled.join(", ")));
    }
}

#[cfg(test)]
mod tests;

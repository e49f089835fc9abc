//! `tessera till return` and `get`: goods that come back by hand, and what became of a receipt.

use std::process::ExitCode;

use tessera_contract::CONTRACT_MINOR;
use tessera_proto::billing::v1::get_receipt_request::Receipt as Which;
use tessera_proto::billing::v1::return_request::Original;
use tessera_proto::billing::v1::{
    GetReceiptRequest, GetReceiptResponse, Outcome, OutcomeKind, OutcomeLine, ReturnMode, ReturnRequest, ReturnedLine, Tender,
};

use super::failure::TillFailure;
use super::input::Input;
use super::link::Link;
use super::sale::say;
use super::{ReturnArgs, fill, print_answer, show, tell};
use crate::cli::Failure;

/// Goods come back.
pub(super) async fn run(link: &Link, args: &ReturnArgs, json: bool) -> Result<ExitCode, Failure> {
    let mut request = match (&args.of, &args.file) {
        (Some(original), _) => request_of(link, original, args).await?,
        (None, Some(file)) => Input::read(file)?.message()?,
        (None, None) => return Err(TillFailure::State("say a FILE, or --of RECEIPT_ID".to_owned()).into()),
    };
    if args.done {
        request.mode = ReturnMode::Done.into();
    }
    say(&fill::return_goods(&mut request, &fill::now_here())?);
    if args.done && args.of.is_some() {
        fill_refund(link, &mut request).await?;
    }
    let response = link.return_goods(request.clone()).await?;
    print_answer(&response, json, |response| show::returned(&request, response))
}

/// What became of a receipt.
pub(super) async fn get(link: &Link, receipt_id: String, json: bool) -> Result<ExitCode, Failure> {
    let response = get_receipt(link, receipt_id).await?;
    print_answer(&response, json, show::got)
}

async fn get_receipt(link: &Link, receipt_id: String) -> Result<GetReceiptResponse, TillFailure> {
    let request = GetReceiptRequest { contract_minor: CONTRACT_MINOR, receipt: Some(Which::ReceiptId(receipt_id)) };
    link.get_receipt(request).await
}

/// A request for goods of a receipt that is looked up.
async fn request_of(link: &Link, original: &str, args: &ReturnArgs) -> Result<ReturnRequest, TillFailure> {
    let got = get_receipt(link, original.to_owned()).await?;
    let Some(sale) = got.outcome.as_ref().filter(|outcome| outcome.kind() == OutcomeKind::Settle) else {
        let state = got.state().as_str_name();
        return Err(TillFailure::State(format!(
            "receipt {original} is no settled sale ({state}), so nothing of it can come back"
        )));
    };
    let mut returned_before = Vec::new();
    for id in &got.return_receipt_ids {
        returned_before.extend(get_receipt(link, id.clone()).await?.outcome);
    }
    let left = left_of(sale, &returned_before);
    let lines = if args.lines.is_empty() { all_lines(&left) } else { named_lines(&left, &args.lines)? };
    if lines.is_empty() {
        return Err(TillFailure::State(format!("everything of receipt {original} has come back already")));
    }
    Ok(ReturnRequest {
        contract_minor: CONTRACT_MINOR,
        mode: ReturnMode::Preview.into(),
        original: Some(Original::OriginalReceiptId(original.to_owned())),
        store_id: sale.store_id.clone(),
        till_id: sale.till_id.clone(),
        currency_code: sale.currency_code.clone(),
        lines,
        ..ReturnRequest::default()
    })
}

/// What a return that is done says beside a preview: what was given back of each line and by what means. A preview of
/// the same says it.
async fn fill_refund(link: &Link, request: &mut ReturnRequest) -> Result<(), TillFailure> {
    let preview = ReturnRequest { mode: ReturnMode::Preview.into(), ..request.clone() };
    let previewed = link.return_goods(preview).await?;
    let answer = previewed.answer.unwrap_or_default();
    for line in &mut request.lines {
        let refund = answer.lines.iter().find(|refund| refund.line_id == line.line_id);
        line.amount_minor = refund.map_or(0, |refund| refund.refund_minor);
    }
    let given = answer.tenders.iter().filter(|refund| refund.amount_minor > 0);
    request.tenders = given
        .map(|refund| Tender {
            kind: refund.kind,
            amount_minor: refund.amount_minor,
            reference: refund.reference.clone(),
            ..Tender::default()
        })
        .collect();
    if !request.tenders.is_empty() {
        tell("filled in: refund of each line and tender, as a preview says");
    }
    Ok(())
}

/// A line of the sale and how much of it has not come back, thousandths.
struct Left<'a> {
    line: &'a OutcomeLine,
    quantity_milli: i64,
}

fn left_of<'a>(sale: &'a Outcome, returned: &[Outcome]) -> Vec<Left<'a>> {
    let came_back = |line_id: &str| -> i64 {
        let lines = returned.iter().flat_map(|outcome| &outcome.lines);
        lines.filter(|line| line.original_line_id == line_id).map(|line| line.quantity_milli).sum()
    };
    let left =
        |line: &'a OutcomeLine| Left { line, quantity_milli: line.quantity_milli.saturating_sub(came_back(&line.line_id)) };
    sale.lines.iter().map(left).collect()
}

fn all_lines(left: &[Left<'_>]) -> Vec<ReturnedLine> {
    left.iter()
        .filter(|left| left.quantity_milli > 0)
        .zip(1_usize..)
        .map(|(left, place)| returned(left, place, left.quantity_milli))
        .collect()
}

/// Lines as `--line` names them: `ID`, or `ID=QUANTITY`.
fn named_lines(left: &[Left<'_>], named: &[String]) -> Result<Vec<ReturnedLine>, TillFailure> {
    let mut lines = Vec::new();
    for (text, place) in named.iter().zip(1_usize..) {
        let wrong = |problem: String| TillFailure::Field { field: "--line", problem: format!("`{text}`: {problem}") };
        let (line_id, quantity) = text.split_once('=').map_or((text.as_str(), None), |(id, quantity)| (id, Some(quantity)));
        let found = left.iter().find(|left| left.line.line_id == line_id).ok_or_else(|| {
            let known: Vec<&str> = left.iter().map(|left| left.line.line_id.as_str()).collect();
            wrong(format!("the receipt has no such line; it has {}", known.join(", ")))
        })?;
        let quantity_milli = match quantity {
            None => found.quantity_milli,
            Some(quantity) => super::money::parse_quantity_milli(quantity).ok_or_else(|| {
                wrong("the quantity must be above 0 with at most three digits after the point, as in `2=1.5`".to_owned())
            })?,
        };
        lines.push(returned(found, place, quantity_milli));
    }
    Ok(lines)
}

fn returned(left: &Left<'_>, place: usize, quantity_milli: i64) -> ReturnedLine {
    ReturnedLine {
        line_id: place.to_string(),
        original_line_id: left.line.line_id.clone(),
        sku: left.line.sku.clone(),
        quantity_milli,
        quantity_kind: left.line.quantity_kind,
        unit_price_micros: left.line.unit_price_micros,
        ..ReturnedLine::default()
    }
}

#[cfg(test)]
mod tests;

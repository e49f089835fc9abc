//! The last answer: no engine answered, the receipt stays as it was rung up, the reward follows by message.

use std::collections::BTreeMap;

use tessera_proto::billing::v1::{
    Answer, AnswerBasis, BasisReason, CustomerStatus, QuoteRequest, QuoteResponse, QuoteStatus, Receipt, TaxTotal, Totals,
};

use bytes::Bytes;
use prost::Message as _;
use tonic::Status;

use crate::config::GatewayConfig;
use crate::failure;

/// Makes the answer to an encoded quote; it is decoded here and nowhere else.
///
/// # Errors
///
/// The bytes are no quote, it has no receipt, or its lines do not add up to a number.
pub(crate) fn to_quote(bytes: &Bytes, reason: BasisReason, config: &GatewayConfig) -> Result<Bytes, Status> {
    let request =
        QuoteRequest::decode(bytes.clone()).map_err(|_| failure::invalid("receipt", "the request is no readable quote"))?;
    unchanged(&request, reason, config).map(|answer| answer.encode_to_vec().into())
}

fn unchanged(request: &QuoteRequest, reason: BasisReason, config: &GatewayConfig) -> Result<QuoteResponse, Status> {
    let receipt = request.receipt.as_ref().ok_or_else(|| failure::invalid("receipt", "is missing"))?;
    let totals = totals_as_rung_up(receipt).ok_or_else(|| failure::invalid("receipt.lines", "the amounts sum to too much"))?;
    // Of a customer who is named nothing is known here, and no status says so better than none.
    let (status, text) = match receipt.customer {
        None => (CustomerStatus::Anonymous, &config.unchanged_text),
        Some(_) => (CustomerStatus::Unspecified, &config.reward_follows_text),
    };
    Ok(QuoteResponse {
        status: QuoteStatus::Ok.into(),
        answer: Some(Answer {
            totals_before: Some(totals.clone()),
            totals_after: Some(totals),
            customer_status: status.into(),
            screen_texts: fit(text, receipt.till_columns),
            ..Answer::default()
        }),
        basis: AnswerBasis::Unchanged.into(),
        basis_reason: reason.into(),
        ..QuoteResponse::default()
    })
}

/// Sums of the lines as rung up, by tax code. None: they overflow.
fn totals_as_rung_up(receipt: &Receipt) -> Option<Totals> {
    let mut by_tax_code: BTreeMap<&str, i64> = BTreeMap::new();
    let mut sum = 0_i64;
    for line in &receipt.lines {
        sum = sum.checked_add(line.amount_minor)?;
        let total = by_tax_code.entry(&line.tax_code).or_default();
        *total = total.checked_add(line.amount_minor)?;
    }
    Some(Totals {
        amount_minor: sum,
        due_minor: sum,
        tax_totals: by_tax_code
            .into_iter()
            .map(|(tax_code, amount_minor)| TaxTotal { tax_code: tax_code.to_owned(), amount_minor })
            .collect(),
    })
}

/// Breaks a text between words so that each line fits the till's columns (0: 40).
fn fit(text: &str, columns: u32) -> Vec<String> {
    let columns = if columns == 0 { 40 } else { columns.clamp(16, 80) };
    let columns = usize::try_from(columns).unwrap_or(40);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.chars().take(columns).collect()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_proto::billing::v1::{CustomerIdentity, Line};

    fn line(tax_code: &str, amount_minor: i64) -> Line {
        Line { tax_code: tax_code.to_owned(), amount_minor, ..Line::default() }
    }

    fn answer(receipt: Option<Receipt>) -> Result<QuoteResponse, Status> {
        let request = QuoteRequest { receipt, ..QuoteRequest::default() };
        let config = GatewayConfig::new("g", Vec::new());
        let bytes = request.encode_to_vec().into();
        to_quote(&bytes, BasisReason::LinkDown, &config).map(|bytes| QuoteResponse::decode(bytes).unwrap())
    }

    #[test]
    fn p6_totals_are_the_sums_of_the_lines_as_rung_up_and_only_who_is_named_is_promised_a_reward() {
        for (customer, text) in [(None, "Unchanged"), (Some(CustomerIdentity::default()), "Unchanged, reward follows by SMS")] {
            let made = answer(Some(Receipt {
                lines: vec![line("B", 250), line("A", 100), line("B", 1)],
                customer,
                ..Receipt::default()
            }))
            .unwrap();
            assert_eq!(made.status(), QuoteStatus::Ok);
            assert_eq!(made.basis(), AnswerBasis::Unchanged);
            assert!(made.quote_token.is_empty());
            let answer = made.answer.unwrap();
            let totals = answer.totals_after.unwrap();
            assert_eq!((totals.amount_minor, totals.due_minor), (351, 351));
            assert_eq!(totals.tax_totals.len(), 2);
            assert_eq!(answer.totals_before.unwrap(), totals);
            assert_eq!(answer.screen_texts, [text]);
        }
    }

    #[test]
    fn p11_what_is_no_quote_is_a_named_error() {
        let config = GatewayConfig::new("g", Vec::new());
        let garbage = Bytes::from_static(b"\xff\xff");
        let unreadable = to_quote(&garbage, BasisReason::Deadline, &config).unwrap_err();
        let missing = answer(None).unwrap_err();
        let overflow = Receipt { lines: vec![line("", i64::MAX), line("", 1)], ..Receipt::default() };
        let overflow = answer(Some(overflow)).unwrap_err();
        for (status, field) in [(unreadable, "receipt"), (missing, "receipt"), (overflow, "receipt.lines")] {
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            assert_eq!(failure::call_error(&status).field_violations[0].field, field);
        }
    }
}

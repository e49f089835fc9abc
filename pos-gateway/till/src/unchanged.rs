//! The till's own last answer: the receipt stays as it was rung up, the reward follows by message.

use std::collections::BTreeMap;

use tessera_proto::billing::v1::{
    Answer, AnswerBasis, BasisReason, CustomerStatus, QuoteRequest, QuoteResponse, QuoteStatus, Receipt, TaxTotal, Totals,
};

use crate::config::TillConfig;
use crate::refusal::Refusal;

/// Makes the answer.
///
/// # Errors
///
/// The request has no receipt, or its lines do not add up to a number.
pub(crate) fn unchanged(request: &QuoteRequest, reason: BasisReason, config: &TillConfig) -> Result<QuoteResponse, Refusal> {
    let receipt = request.receipt.as_ref().ok_or_else(|| Refusal::invalid("receipt", "is missing"))?;
    let totals = totals_as_rung_up(receipt).ok_or_else(|| Refusal::invalid("receipt.lines", "the amounts sum to too much"))?;
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
    use crate::journal::Journal;
    use tessera_proto::billing::v1::Line;

    fn line(tax_code: &str, amount_minor: i64) -> Line {
        Line { tax_code: tax_code.to_owned(), amount_minor, ..Line::default() }
    }

    #[test]
    fn p6_totals_are_the_sums_of_the_lines_as_rung_up_and_texts_fit_the_screen() {
        let config = TillConfig::new("http://127.0.0.1:1", "s", "t", Journal::none());
        let request = QuoteRequest {
            receipt: Some(Receipt {
                lines: vec![line("B", 250), line("A", 100), line("B", 1)],
                customer: Some(tessera_proto::billing::v1::CustomerIdentity::default()),
                till_columns: 16,
                ..Receipt::default()
            }),
            ..QuoteRequest::default()
        };
        let made = unchanged(&request, BasisReason::GatewayDown, &config).unwrap();
        assert_eq!(made.basis(), AnswerBasis::Unchanged);
        assert_eq!(made.basis_reason(), BasisReason::GatewayDown);
        assert!(made.quote_token.is_empty());
        let answer = made.answer.unwrap();
        let totals = answer.totals_after.unwrap();
        assert_eq!(answer.totals_before.unwrap(), totals);
        assert_eq!((totals.amount_minor, totals.due_minor), (351, 351));
        let parts: Vec<_> = totals.tax_totals.iter().map(|total| (total.tax_code.as_str(), total.amount_minor)).collect();
        assert_eq!(parts, [("A", 100), ("B", 251)]);
        assert_eq!(answer.screen_texts, ["Unchanged,", "reward follows", "by SMS"]);
    }

    #[test]
    fn p11_a_receipt_that_cannot_be_summed_is_a_named_error() {
        let config = TillConfig::new("http://127.0.0.1:1", "s", "t", Journal::none());
        for (receipt, field) in [
            (None, "receipt"),
            (Some(Receipt { lines: vec![line("", i64::MAX), line("", 1)], ..Receipt::default() }), "receipt.lines"),
        ] {
            let request = QuoteRequest { receipt, ..QuoteRequest::default() };
            let refusal = unchanged(&request, BasisReason::Deadline, &config).unwrap_err();
            assert_eq!(refusal.code, tonic::Code::InvalidArgument);
            assert_eq!(refusal.field_violations[0].field, field);
        }
    }
}

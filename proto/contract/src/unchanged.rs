//! The last answer, of a gateway or a till that no engine answered: the receipt stays as it was rung up, the
//! reward follows by message.

use std::collections::BTreeMap;

use tessera_proto::billing::v1;

use crate::limits::{TILL_COLUMNS_DEFAULT, TILL_COLUMNS_MAX, TILL_COLUMNS_MIN};
use crate::read::TillDisplay;
use crate::refusal::Refusal;
use crate::render::fit;

/// What the screen says, where nothing else is configured, when the customer is named.
pub const REWARD_FOLLOWS_TEXT: &str = "Unchanged, reward follows by SMS";
/// What the screen says, where nothing else is configured, when nobody is named.
pub const UNCHANGED_TEXT: &str = "Unchanged";

/// What the screen says with the last answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastTexts<'a> {
    /// When the customer is named.
    pub reward_follows: &'a str,
    /// When nobody is named: there is nobody whom a reward could follow.
    pub unchanged: &'a str,
}

/// Makes the last answer. Only what it needs of the request is read, so that an input which the engine would
/// refuse is no reason to keep the customer waiting.
///
/// # Errors
///
/// The request has no receipt, or its lines do not add up to a number.
pub fn unchanged(
    request: &v1::QuoteRequest,
    reason: v1::BasisReason,
    texts: LastTexts<'_>,
) -> Result<v1::QuoteResponse, Refusal> {
    let receipt = request.receipt.as_ref().ok_or_else(|| Refusal::fault("receipt", "is required"))?;
    let totals = totals_as_rung_up(receipt).ok_or_else(|| Refusal::fault("receipt.lines", "the amounts sum to too much"))?;
    // Of a customer who is named nothing is known here, and no status says so better than none.
    let (status, text) = match receipt.customer {
        None => (v1::CustomerStatus::Anonymous, texts.unchanged),
        Some(_) => (v1::CustomerStatus::Unspecified, texts.reward_follows),
    };
    Ok(v1::QuoteResponse {
        status: i32::from(v1::QuoteStatus::Ok),
        answer: Some(v1::Answer {
            totals_before: Some(totals.clone()),
            totals_after: Some(totals),
            customer_status: i32::from(status),
            screen_texts: fit::rows(text, &display(receipt)),
            ..v1::Answer::default()
        }),
        basis: i32::from(v1::AnswerBasis::Unchanged),
        basis_reason: i32::from(reason),
        ..v1::QuoteResponse::default()
    })
}

/// Sums of the lines as rung up, by tax code. None: they overflow.
fn totals_as_rung_up(receipt: &v1::Receipt) -> Option<v1::Totals> {
    let mut by_tax_code: BTreeMap<&str, i64> = BTreeMap::new();
    let mut sum = 0_i64;
    for line in &receipt.lines {
        sum = sum.checked_add(line.amount_minor)?;
        let total = by_tax_code.entry(&line.tax_code).or_default();
        *total = total.checked_add(line.amount_minor)?;
    }
    let tax_total = |(tax_code, amount_minor): (&str, i64)| v1::TaxTotal { tax_code: tax_code.to_owned(), amount_minor };
    Some(v1::Totals { amount_minor: sum, due_minor: sum, tax_totals: by_tax_code.into_iter().map(tax_total).collect() })
}

/// What the till can show; what it says wrongly of itself becomes the nearest that there is.
fn display(receipt: &v1::Receipt) -> TillDisplay {
    let columns = match u16::try_from(receipt.till_columns) {
        Ok(0) => TILL_COLUMNS_DEFAULT,
        Ok(columns) => columns.clamp(TILL_COLUMNS_MIN, TILL_COLUMNS_MAX),
        Err(_) => TILL_COLUMNS_MAX,
    };
    TillDisplay { columns, charset: receipt.till_charset() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: LastTexts<'static> = LastTexts { reward_follows: REWARD_FOLLOWS_TEXT, unchanged: UNCHANGED_TEXT };

    fn line(tax_code: &str, amount_minor: i64) -> v1::Line {
        v1::Line { tax_code: tax_code.to_owned(), amount_minor, ..v1::Line::default() }
    }

    fn answer(receipt: Option<v1::Receipt>) -> Result<v1::QuoteResponse, Refusal> {
        let request = v1::QuoteRequest { receipt, ..v1::QuoteRequest::default() };
        unchanged(&request, v1::BasisReason::LinkDown, TEXTS)
    }

    #[test]
    fn p6_totals_are_the_sums_of_the_lines_as_rung_up_and_only_who_is_named_is_promised_a_reward() {
        let named = Some(v1::CustomerIdentity::default());
        let table = [
            (None, v1::CustomerStatus::Anonymous, "Unchanged"),
            (named, v1::CustomerStatus::Unspecified, "Unchanged, reward follows by SMS"),
        ];
        for (customer, customer_status, text) in table {
            let lines = vec![line("B", 250), line("A", 100), line("B", 1)];
            let made = answer(Some(v1::Receipt { lines, customer, ..v1::Receipt::default() })).expect("is answered");
            assert_eq!(made.status(), v1::QuoteStatus::Ok);
            assert_eq!((made.basis(), made.basis_reason()), (v1::AnswerBasis::Unchanged, v1::BasisReason::LinkDown));
            assert!(made.quote_token.is_empty());
            let answer = made.answer.expect("is there");
            assert_eq!(answer.customer_status(), customer_status);
            assert_eq!(answer.screen_texts, [text]);
            let totals = answer.totals_after.expect("is there");
            assert_eq!(answer.totals_before, Some(totals.clone()));
            assert_eq!((totals.amount_minor, totals.due_minor), (351, 351));
            let parts: Vec<_> = totals.tax_totals.iter().map(|total| (total.tax_code.as_str(), total.amount_minor)).collect();
            assert_eq!(parts, [("A", 100), ("B", 251)]);
        }
    }

    #[test]
    fn texts_fit_the_till_even_where_it_says_wrongly_what_it_can_show() {
        let ascii = i32::from(v1::TillCharset::Ascii);
        let table: [(u32, i32, &str, &[&str]); 5] = [
            (16, ascii, REWARD_FOLLOWS_TEXT, &["Unchanged,", "reward follows", "by SMS"]),
            (1, ascii, REWARD_FOLLOWS_TEXT, &["Unchanged,", "reward follows", "by SMS"]),
            (0, ascii, REWARD_FOLLOWS_TEXT, &[REWARD_FOLLOWS_TEXT]),
            (100_000, 99, "Ermäßigung später", &["Ermäßigung später"]),
            (40, ascii, "Ermäßigung später", &["Ermassigung spater"]),
        ];
        for (till_columns, till_charset, text, rows) in table {
            let customer = Some(v1::CustomerIdentity::default());
            let receipt = Some(v1::Receipt { till_columns, till_charset, customer, ..v1::Receipt::default() });
            let request = v1::QuoteRequest { receipt, ..v1::QuoteRequest::default() };
            let texts = LastTexts { reward_follows: text, ..TEXTS };
            let made = unchanged(&request, v1::BasisReason::Deadline, texts).expect("is answered");
            assert_eq!(made.answer.expect("is there").screen_texts, rows, "{till_columns}");
        }
    }

    #[test]
    fn p11_a_receipt_that_cannot_be_summed_is_a_named_error() {
        let overflow = v1::Receipt { lines: vec![line("", i64::MAX), line("", 1)], ..v1::Receipt::default() };
        for (receipt, field) in [(None, "receipt"), (Some(overflow), "receipt.lines")] {
            let refusal = answer(receipt).expect_err("is refused");
            assert_eq!(refusal.reason(), v1::ErrorReason::InvalidReceipt);
            assert_eq!(refusal.faults()[0].field, field);
        }
    }
}

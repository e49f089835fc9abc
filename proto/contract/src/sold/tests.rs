//! Tests of what was sold as quoted, and of what was declined.

use super::*;
use crate::read::{read_quote, read_settle};
use crate::render::{AnswerContext, answer};
use crate::sample;

fn quoted() -> (v1::Receipt, v1::Answer) {
    let input = read_quote(&sample::quote(), &sample::context()).expect("is good");
    (sample::receipt(2), answer(&sample::decision(2), AnswerContext::plain(&input.receipt, input.display)))
}

#[test]
fn p6_what_was_sold_as_quoted_reads_back_as_the_decisions_parts() {
    let decision = sample::decision(2);
    let (receipt, answer) = quoted();
    let (receipt, added_lines) = sold_as_quoted(&receipt, &answer);
    let request = v1::SettleRequest { receipt: Some(receipt), added_lines, ..v1::SettleRequest::default() };
    let input = read_settle(&request, &sample::context()).expect("is good");
    assert_eq!(input.sold.len(), decision.lines.len());
    for (place, (sold, decided)) in input.sold.iter().zip(&decision.lines).enumerate() {
        let expected = match input.receipt.lines.get(place) {
            Some(line) => decided.as_decided(line),
            None => decided.parts.clone(),
        };
        assert_eq!(sold.parts, expected, "{}", decided.id);
        assert_eq!(
            (&sold.id, &sold.sku, &sold.tax_code, sold.paid()),
            (&decided.id, &decided.sku, &decided.tax_code, decided.after)
        );
        assert_eq!(sold.added_by, decided.added_by);
    }
}

#[test]
fn what_was_declined_is_left_out() {
    let (receipt, answer) = quoted();
    let (sold, added) = sold_without(&receipt, &answer, &["+3.1".to_owned()]);
    assert!(added.is_empty());
    assert_eq!(sold.lines[0].sold_parts.len(), 2, "what was not declined stays");
}

#[test]
fn parts_of_an_earlier_answer_do_not_stay() {
    let (mut receipt, answer) = quoted();
    receipt.lines[1].sold_parts = sample::sold_parts();
    assert!(sold_as_quoted(&receipt, &answer).0.lines[1].sold_parts.is_empty());
}

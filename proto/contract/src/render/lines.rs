//! Changed lines and totals.

use tessera_proto::billing::v1;
use tessera_rules::decision::{DecidedLine, Decision};
use tessera_rules::id::TaxCode;
use tessera_rules::money::{Amount, Quantity};
use tessera_rules::receipt::{Receipt, RedeemMode};

use super::{AnswerContext, fit};
use crate::convert::{campaign_to_wire, part_with_texts};

/// Lines that change, in the receipt's order, then those that are added.
pub(super) fn changed_lines(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::ChangedLine> {
    let mut lines = Vec::with_capacity(decision.lines.len());
    for (place, line) in decision.lines.iter().enumerate().filter(|(_, line)| !line.parts.is_empty()) {
        let mut wire =
            v1::ChangedLine { line_id: line.id.as_str().to_owned(), parts: parts(line, context), ..v1::ChangedLine::default() };
        match context.receipt.lines.get(place).filter(|original| original.id == line.id) {
            Some(original) => name_added_units(&mut wire, line, place, original.quantity),
            None => name_added_line(&mut wire, line, context),
        }
        lines.push(wire);
    }
    lines
}

fn parts(line: &DecidedLine, context: &AnswerContext<'_>) -> Vec<v1::SoldPart> {
    let fitted = |text: &str| fit::row(text, &context.display);
    line.parts.iter().map(|part| part_with_texts(part, line.tax_code.as_ref(), fitted)).collect()
}

/// An added line is declined by its own id.
fn name_added_line(wire: &mut v1::ChangedLine, line: &DecidedLine, context: &AnswerContext<'_>) {
    wire.added = true;
    wire.sku = line.sku.as_str().to_owned();
    wire.description = context.description(&line.sku);
    wire.tax_code = tax_code(line.tax_code.as_ref()).to_owned();
    wire.campaign_id = campaign_to_wire(line.added_by.as_ref());
    wire.decline_id = line.id.as_str().to_owned();
}

/// Added units are declined by `<campaign>.<number of the line>`, as the evaluation names them. Their
/// campaign is the one whose adjustment is zero, since they are added at zero.
fn name_added_units(wire: &mut v1::ChangedLine, line: &DecidedLine, place: usize, rung_up: Quantity) {
    let added: Quantity = line.parts.iter().map(|part| part.quantity).sum::<Quantity>() - rung_up;
    if !added.is_positive() {
        return;
    }
    wire.added_quantity_milli = added.milli();
    let adjustments = || line.parts.iter().flat_map(|part| &part.adjustments);
    let adds = adjustments().find(|adjustment| adjustment.amount.is_zero()).or_else(|| adjustments().next());
    if let Some(adjustment) = adds {
        wire.campaign_id = adjustment.campaign.as_str().to_owned();
        wire.decline_id = format!("{}.{}", adjustment.campaign, place.saturating_add(1));
    }
}

fn tax_code(code: Option<&TaxCode>) -> &str {
    code.map_or("", |code| code.as_str())
}

/// Sums of the receipt as rung up.
pub(super) fn totals_before(receipt: &Receipt) -> v1::Totals {
    totals_of(receipt.lines.iter().map(|line| (line.tax_code.as_ref(), line.amount)), Amount::ZERO)
}

/// Sums of the receipt as decided.
pub(super) fn totals_after(decision: &Decision) -> v1::Totals {
    let as_tender = decision.redemptions.iter().filter(|redemption| redemption.mode == RedeemMode::Tender);
    let paid_by_assets = as_tender.map(|redemption| redemption.amount).sum();
    totals_of(decision.lines.iter().map(|line| (line.tax_code.as_ref(), line.after)), paid_by_assets)
}

/// Sums of lines given as (tax code, amount): per code ascending, in all, and what is left to pay after
/// what assets pay.
pub fn totals_of<'a>(lines: impl Iterator<Item = (Option<&'a TaxCode>, Amount)>, paid_by_assets: Amount) -> v1::Totals {
    let mut sums: Vec<(&str, Amount)> = Vec::new();
    let mut total = Amount::ZERO;
    for (code, amount) in lines {
        total += amount;
        let code = tax_code(code);
        match sums.iter_mut().find(|(other, _)| *other == code) {
            Some((_, sum)) => *sum += amount,
            None => sums.push((code, amount)),
        }
    }
    sums.sort_unstable_by_key(|(code, _)| *code);
    let tax_total = |(code, sum): (&str, Amount)| v1::TaxTotal { tax_code: code.to_owned(), amount_minor: sum.minor() };
    v1::Totals {
        amount_minor: total.minor(),
        due_minor: (total - paid_by_assets).minor().max(0),
        tax_totals: sums.into_iter().map(tax_total).collect(),
    }
}

//! The lines of a receipt before and after: one row as rung up, then one row for each part that differs from it.

use std::collections::BTreeMap;

use comfy_table::Table;
use tessera_proto::billing::v1::{Adjustment, Answer, ChangedLine, Outcome, Receipt, ReturnAnswer, ReturnRequest, SoldPart};

use super::super::money::{Money, quantity};
use super::super::table::table;

/// Columns that hold numbers, from 0.
const NUMBERS: [usize; 3] = [2, 3, 4];

/// The lines of a receipt with what an answer makes of them.
pub(super) fn of_quote(receipt: &Receipt, answer: &Answer, money: &Money) -> Table {
    let mut table = table(&["line", "goods", "quantity", "price", "amount", "what changed it"], &NUMBERS);
    let mut changed: BTreeMap<&str, &ChangedLine> = answer.lines.iter().map(|line| (line.line_id.as_str(), line)).collect();
    for line in &receipt.lines {
        let goods = goods(&line.sku, &line.description);
        let (price, amount) = (money.price(line.unit_price_micros), money.of(line.amount_minor));
        add_row(&mut table, [&line.line_id, &goods, &quantity(line.quantity_milli), &price, &amount], "");
        if let Some(change) = changed.remove(line.line_id.as_str()) {
            add_parts(&mut table, None, &change.parts, money);
        }
    }
    for line in answer.lines.iter().filter(|line| changed.contains_key(line.line_id.as_str())) {
        add_parts(&mut table, Some((&line.line_id, &goods(&line.sku, &line.description))), &line.parts, money);
    }
    table
}

/// The lines of an outcome, as rung up and as paid.
pub(super) fn of_outcome(outcome: &Outcome, money: &Money) -> Table {
    let mut table = table(&["line", "goods", "quantity", "price", "amount", "what changed it"], &NUMBERS);
    for line in &outcome.lines {
        if !line.added {
            let (price, rung_up) = (money.price(line.unit_price_micros), money.of(line.rung_up_minor));
            add_row(
                &mut table,
                [&line.line_id, &line.sku, &quantity(line.quantity_milli), &price, &rung_up],
                &line.return_reason,
            );
        }
        let added = line.added.then_some((line.line_id.as_str(), line.sku.as_str()));
        let as_rung_up = line.parts.iter().all(|part| part.adjustments.is_empty()) && line.paid_minor == line.rung_up_minor;
        if line.added || !as_rung_up {
            add_parts(&mut table, added, &line.parts, money);
        }
    }
    table
}

/// The refund of each line.
pub(super) fn of_refund(request: &ReturnRequest, answer: &ReturnAnswer, money: &Money) -> Table {
    let mut table = table(&["line", "goods", "quantity", "price", "given back", "of the original's line"], &NUMBERS);
    for refund in &answer.lines {
        let line = request.lines.iter().find(|line| line.line_id == refund.line_id);
        let goods = line.map_or_else(String::new, |line| goods(&line.sku, &line.description));
        let price = line.map_or(0, |line| line.unit_price_micros);
        let (price, refunded) = (money.price(price), money.of(refund.refund_minor));
        let cells = [&refund.line_id, &goods, &quantity(refund.quantity_milli), &price, &refunded];
        add_row(&mut table, cells.map(String::as_str), &refund.original_line_id);
    }
    table
}

/// What of an answer the customer may decline, with the id to say so.
pub(super) fn declinable(answer: &Answer) -> Vec<String> {
    let lines = answer.lines.iter().filter(|line| !line.decline_id.is_empty());
    lines
        .map(|line| {
            let units =
                if line.added { line.parts.iter().map(|part| part.quantity_milli).sum() } else { line.added_quantity_milli };
            let units = quantity(units);
            if line.added {
                return format!("{}: {units} × {}", line.decline_id, goods(&line.sku, &line.description));
            }
            format!("{}: {units} added to line {}", line.decline_id, line.line_id)
        })
        .collect()
}

fn goods(sku: &str, description: &str) -> String {
    if description.is_empty() { sku.to_owned() } else { format!("{description} ({sku})") }
}

/// The parts of a line; `added` is id and goods of a line that has no row of its own.
fn add_parts(table: &mut Table, added: Option<(&str, &str)>, parts: &[SoldPart], money: &Money) {
    for (part, place) in parts.iter().zip(0_usize..) {
        let (line_id, goods) = added.filter(|_| place == 0).unwrap_or(("", "→"));
        let why: Vec<String> = part.adjustments.iter().map(|adjustment| why(adjustment, money)).collect();
        let cells =
            [line_id, goods, &quantity(part.quantity_milli), &money.price(part.unit_price_micros), &money.of(part.amount_minor)];
        add_row(table, cells, &why.join("; "));
    }
}

fn why(adjustment: &Adjustment, money: &Money) -> String {
    let name = match (adjustment.campaign_id.as_str(), adjustment.text.as_str()) {
        ("", "") => "the till's own change".to_owned(),
        (campaign, "") => campaign.to_owned(),
        ("", text) => text.to_owned(),
        (campaign, text) => format!("{text} [{campaign}]"),
    };
    format!("{name} {}", money.of(adjustment.amount_minor))
}

fn add_row(table: &mut Table, cells: [&str; 5], last: &str) {
    table.add_row(cells.into_iter().chain([last]));
}

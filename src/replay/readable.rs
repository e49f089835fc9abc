//! The summary for people: tables, and what to do next.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};
use tessera_rules::money::{Amount, Currency};

use super::ReplayArgs;
use super::summary::{Quantiles, Summary, Tally};
use crate::receipt_files::sale::Import;

/// The whole text, without a line end at its end.
pub(crate) fn text(summary: &Summary, import: &Import, tally: &Tally, args: &ReplayArgs) -> String {
    let mut parts = vec![receipts(summary, import).to_string()];
    if import.set_aside.iter().next().is_some() {
        parts.push(format!("set aside by the importer\n{}", set_aside(import)));
    }
    if !summary.assets_issued.is_empty() {
        parts.push(format!("given by the program\n{}", assets(summary)));
    }
    if !summary.refused.is_empty() {
        parts.push(format!("refused by the engine\n{}", refused(tally)));
    }
    parts.push(format!(
        "latency in microseconds, at {} receipts a second\n{}",
        grouped(summary.receipts_per_second),
        latencies(summary, tally)
    ));
    parts.push(format!("outcomes {}", summary.outcomes_hash));
    // After Ctrl-C the way on is another one, and is told beside the summary.
    if u64::try_from(import.sales.len()).is_ok_and(|all| tally.answered() == all) {
        parts.push(next_step(args));
    }
    parts.join("\n\n")
}

fn receipts(summary: &Summary, import: &Import) -> Table {
    let money = |minor| money(Amount::from_minor(minor), import.currency);
    let mut table = table(&["", "receipts", "lines", "as rung up", "as paid"]);
    let read = [grouped(summary.receipts.read), grouped(summary.lines.read), String::new(), String::new()];
    let settled = [
        grouped(summary.receipts.settled),
        grouped(summary.lines.settled),
        money(summary.money_minor.settled_before),
        money(summary.money_minor.settled_after),
    ];
    let back = money(summary.money_minor.returned);
    let returned = [grouped(summary.receipts.returned), grouped(summary.lines.returned), back.clone(), back];
    let lines = import.set_aside.iter().map(|(_, aside)| aside.lines).fold(0_u64, u64::saturating_add);
    let aside = [String::new(), grouped(lines), money(summary.money_minor.set_aside), String::new()];
    for (name, cells) in [("read", read), ("settled", settled), ("returned", returned), ("set aside", aside)] {
        add(&mut table, name, cells);
    }
    table
}

fn set_aside(import: &Import) -> Table {
    let mut table = table(&["why", "lines", "amount"]);
    for (reason, aside) in import.set_aside.iter() {
        add(&mut table, reason.text(), [grouped(aside.lines), money(aside.amount, import.currency)]);
    }
    table
}

fn assets(summary: &Summary) -> Table {
    let mut table = table(&["asset", "smallest units"]);
    for (asset, units) in &summary.assets_issued {
        add(&mut table, asset, [signed(*units)]);
    }
    table
}

fn refused(tally: &Tally) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["reason", "receipts", "such as"]);
    for (reason, refusals) in tally.refused() {
        let (receipt_id, text) = &refusals.example;
        table.add_row([reason.to_owned(), grouped(refusals.receipts), format!("{receipt_id}: {text}")]);
    }
    table
}

fn latencies(summary: &Summary, tally: &Tally) -> Table {
    let mut table = table(&["call", "p50", "p99", "p99.9", "max"]);
    let row = |of: Quantiles| [of.p50, of.p99, of.p999, of.max].map(grouped);
    add(&mut table, "quote", row(summary.latency_us.quote));
    add(&mut table, "settle", row(summary.latency_us.settle));
    add(&mut table, "return", row(tally.return_latency()));
    table
}

fn next_step(args: &ReplayArgs) -> String {
    let mut steps = Vec::new();
    if args.storage.is_none() {
        steps.push("nothing was kept: add --storage DIR to keep accounts and outcomes");
    } else {
        steps.push("the same command again into the same storage changes nothing and gives the same outcomes hash");
    }
    if args.program.is_none() {
        steps.push("no campaigns were replayed: add --program FILE to see what a program would have given");
    }
    format!("next: {}", steps.join("\n      "))
}

/// A table whose columns stand right, but for the first.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn add<const N: usize>(table: &mut Table, name: &str, cells: [String; N]) {
    table.add_row(std::iter::once(Cell::new(name)).chain(cells.into_iter().map(Cell::new)));
}

/// `GBP 9,867,039.36`.
fn money(amount: Amount, currency: Currency) -> String {
    let sign = if amount.is_negative() { "-" } else { "" };
    let digits = currency.minor_digits();
    let minor = amount.minor().unsigned_abs();
    let base = 10_u64.saturating_pow(digits);
    let major = grouped(minor.checked_div(base).unwrap_or(minor));
    let rest = minor.checked_rem(base).unwrap_or(0);
    let width = usize::try_from(digits).unwrap_or(0);
    let code = currency.code();
    if width == 0 { format!("{code} {sign}{major}") } else { format!("{code} {sign}{major}.{rest:0>width$}") }
}

fn signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;

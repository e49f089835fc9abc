//! The end of a demo in a readable page.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use comfy_table::Table;
use hdrhistogram::Histogram;

use super::proof::Proof;
use super::screen::per_second;
use super::tally::Tally;
use crate::cli::till::money::{Money, units};
use crate::cli::till::table::table;

/// Wrong things that are named; the rest is counted.
const WRONG_SHOWN_MAX: usize = 10;

/// The whole page.
pub(super) fn text(tally: &Tally, proof: &Proof, elapsed: Duration, data: Option<&Path>) -> String {
    let money = Money::new("GBP");
    let mut text = String::from("\n");
    let visits = tally.visits();
    let _ = writeln!(
        text,
        "{} receipts settled, {} returns, {} voided in {} s, {}/s; {} were sent twice and counted once",
        tally.settled,
        tally.returned,
        tally.voided,
        elapsed.as_secs(),
        per_second(visits, elapsed),
        tally.sent_twice
    );
    let saved = tally.before_minor.saturating_sub(tally.after_minor);
    let _ = writeln!(
        text,
        "rung up {}, paid {}, saved {}; given back {}\n",
        money.named(tally.before_minor),
        money.of(tally.after_minor),
        money.of(saved),
        money.of(tally.given_back_minor)
    );
    let _ = writeln!(text, "{}\n", campaigns(tally, &money).trim_fmt());
    let _ = writeln!(text, "{}\n", latencies(tally).trim_fmt());
    add_proof(&mut text, proof);
    if tally.failed() > 0 {
        let first = tally.first_failure.as_deref().unwrap_or("a settle that was sent twice got two outcomes");
        let _ = writeln!(text, "{} visits failed; the first: {first}", tally.failed());
    }
    match data {
        Some(folder) => {
            let _ = writeln!(text, "What happened is kept in {}; the next demo with --data goes on with it.", folder.display());
        }
        None => text.push_str("Nothing is kept; --data DIR keeps what happens.\n"),
    }
    text
}

fn campaigns(tally: &Tally, money: &Money) -> Table {
    let mut table = table(&["campaign", "receipts", "taken off", "given"], &[1, 2, 3]);
    for (campaign, given) in &tally.by_campaign {
        let mut assets: Vec<String> = given.units.iter().map(|(asset, count)| format!("{} {asset}", units(*count, 0))).collect();
        if given.discount_minor == 0 && given.worth_minor != 0 {
            assets.push(format!("goods worth {}", money.of(given.worth_minor)));
        }
        let off = if given.discount_minor == 0 { String::new() } else { money.of(given.discount_minor) };
        let receipts = if given.receipts == 0 { String::new() } else { given.receipts.to_string() };
        table.add_row([campaign.clone(), receipts, off, assets.join(", ")]);
    }
    table
}

fn latencies(tally: &Tally) -> Table {
    let mut table = table(&["as the till sees it, ms", "p50", "p99", "max"], &[1, 2, 3]);
    for (name, times) in [("quote", &tally.quote_us), ("settle, on disk", &tally.settle_us)] {
        table.add_row([name.to_owned(), quantile(times, 0.5), quantile(times, 0.99), milliseconds(times.max())]);
    }
    table
}

fn quantile(times: &Histogram<u64>, share: f64) -> String {
    milliseconds(times.value_at_quantile(share))
}

fn milliseconds(microseconds: u64) -> String {
    let tenths = microseconds.saturating_add(50).checked_div(100).unwrap_or(0);
    units(i64::try_from(tenths).unwrap_or(i64::MAX), 1)
}

fn add_proof(text: &mut String, proof: &Proof) {
    if proof.holds() {
        let _ = writeln!(
            text,
            "The books agree: the {} postings of {} outcomes sum to zero, and the balances of {} accounts are what their lots hold.",
            proof.postings, proof.outcomes, proof.accounts
        );
        return;
    }
    let _ = writeln!(text, "THE BOOKS DO NOT AGREE, in {} places:", proof.wrong.len());
    for wrong in proof.wrong.iter().take(WRONG_SHOWN_MAX) {
        let _ = writeln!(text, "  {wrong}");
    }
}

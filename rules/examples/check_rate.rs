//! How long a revision of many campaigns takes to be checked and compiled, and how much memory it holds.
//!
//!     cargo run --release -p tessera-rules --example check_rate -- 100000
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement")]

use std::fmt::Write as _;
use std::time::Instant;

use jiff::Timestamp;
use tessera_rules::{Revision, Source};

/// Campaigns a file: a file holds a mebibyte.
const CAMPAIGNS_A_FILE: usize = 2_000;

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(100_000);
    let sources = sources(count);
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    let begun = Instant::now();
    match Revision::compile(1, Timestamp::UNIX_EPOCH, &sources) {
        Ok(compiled) => println!(
            "{count} campaigns in {} files of {} MiB: {:.2} s, {} warnings, {} MiB held at most",
            sources.len(),
            bytes >> 20,
            begun.elapsed().as_secs_f64(),
            compiled.warnings.0.len(),
            memory_peak_mib()
        ),
        Err(diagnostics) => println!("{diagnostics}"),
    }
}

fn sources(count: usize) -> Vec<Source> {
    let places: Vec<usize> = (0..count).collect();
    let files = places.chunks(CAMPAIGNS_A_FILE).enumerate();
    files
        .map(|(file, places)| {
            let mut text = format!(
                "program: p{file}\nlanguage: 1\nname: P\ncurrency: EUR\nassets: [{{id: points{file}, kind: points, worth_minor: 1}}]\ncampaigns:\n"
            );
            for place in places {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{}", campaign(*place, file));
            }
            Source { name: format!("p{file}.yaml"), text }
        })
        .collect()
}

/// Of every kind, on goods that several campaigns share.
fn campaign(place: usize, file: usize) -> String {
    let sku = place / 3;
    let head = format!("- {{id: c{place}, name: Campaign {place}, text: {{en: Offer {place}, de: Angebot {place}}}, ");
    let rest = match place % 8 {
        0 => format!("on: {{sku: [A{sku}, B{sku}]}}, percent_off: 10, priority: {}", place % 50),
        1 => format!("on: {{attribute: {{brand: [N{sku}]}}}}, amount_off: 0.50"),
        2 => format!("on: {{category: food/c{sku}}}, n_for_m: {{take: 3, pay: 2}}"),
        3 => format!("buy_get: {{buy: [{{on: {{sku: A{sku}}}}}], get: {{on: {{sku: C{sku}}}, percent_off: 50}}}}"),
        4 => format!("on: {{sku: A{sku}}}, points: {{per: 1.00, units: 1, asset: points{file}}}"),
        5 => format!("price_list: {{D{sku}: 1.99, E{sku}: 2.99}}, valid: {{from: 2026-01-01, until: 2027-01-01}}"),
        6 => format!(
            "on: {{category: food/c{sku}}}, spend: {{at_least: 20.00, give: {{points: {{units: 5, asset: points{file}}}}}}}"
        ),
        _ => format!("offer: {{to: {{sku: A{sku}}}, suggest: {{sku: B{sku}}}}}"),
    };
    format!("{head}{rest}}}")
}

/// The most memory that this process has held.
fn memory_peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

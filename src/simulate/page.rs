//! The answer as one page that opens without a network: headline figures, charts, and tables that can be sorted.
//!
//! Everything is in the file, and its policy forbids it to load anything. Without scripts it reads the same, unsorted.

use std::fmt::Write as _;
use std::path::Path;

use tessera_rules::money::Amount;

use super::csv_files::{WriteError, replace};
use super::report::{Dimension, Figures, Report};
use super::written::{amount, difference, grouped, percent};
use super::{Both, Which};

mod chart;
mod table;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/sort.js");

/// Writes the page.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write(report: &Report, file: &Path) -> Result<(), WriteError> {
    replace(file, content(report).as_bytes())
}

/// The whole page, the same for the same report.
pub(crate) fn content(report: &Report) -> String {
    let title = format!("What-if: {} against {}", report.rules.draft.name, report.rules.current.name);
    let mut body = head(report);
    body.push_str(&cards(report));
    body.push_str(&chart::costs_by_campaign(report));
    body.push_str(&chart::costs_by_month(report));
    for dimension in Dimension::ALL {
        body.push_str(&table::rows(report, dimension));
    }
    body.push_str(&table::assets(report));
    body.push_str(&table::receipts(report));
    body.push_str(&notes(report));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escaped(&title)
    )
}

/// Text that stands for itself, in an element or an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn head(report: &Report) -> String {
    let side = |which: Which, label: &str| {
        let rules = report.rules.of(which);
        format!(
            "<div><dt>{label}</dt><dd>{} <span class=\"quiet\">{} campaigns, {}</span></dd></div>\n",
            escaped(&rules.name),
            rules.campaigns,
            rules.hash
        )
    };
    let count = |number: i64| grouped(number, 0);
    format!(
        "<header>\n<h1>What would the draft have cost?</h1>\n<p>{} receipts and {} returns of {} customers, {} to {}, replayed under both. Amounts in {}.</p>\n<dl class=\"sides\">\n{}{}</dl>\n{}</header>\n",
        count(report.receipts),
        count(report.returns),
        count(i64::try_from(report.customers).unwrap_or(i64::MAX)),
        report.first_day,
        report.last_day,
        report.currency.code(),
        side(Which::Current, "<span class=\"mark current\"></span>Current"),
        side(Which::Draft, "<span class=\"mark draft\"></span>Draft"),
        if report.is_same() { "<p class=\"same\">The draft gives exactly what the current revision gives.</p>\n" } else { "" }
    )
}

/// Which amount of the figures.
type AmountOf = fn(&Figures) -> Amount;

/// The figures that matter most.
fn cards(report: &Report) -> String {
    let figures = &report.total.figures;
    let money: [(&str, AmountOf); 5] = [
        ("Cost", |figures| figures.cost),
        ("Discount", |figures| figures.discount),
        ("Worth of rewards", |figures| figures.worth),
        ("Liability in the end", |figures| figures.unspent),
        ("Turnover", |figures| figures.turnover),
    ];
    let mut cards = String::new();
    for (name, of) in money {
        let Both { current, draft } = figures.map(|figures| amount(of(figures), report.currency));
        let change = report.total.change(|figures| of(figures).minor());
        cards.push_str(&card(name, &draft, &current, &difference(change, report.currency.minor_digits())));
    }
    let share = figures.map(|figures| percent(figures.cost, figures.turnover));
    cards.push_str(&card("Cost, share of turnover", &share.draft, &share.current, ""));
    let touched = figures.map(|figures| grouped(figures.touched, 0));
    let change = report.total.change(|figures| figures.touched);
    cards.push_str(&card("Receipts touched", &touched.draft, &touched.current, &difference(change, 0)));
    format!("<section aria-label=\"Headline figures\" class=\"cards\">\n{cards}</section>\n")
}

fn card(name: &str, draft: &str, current: &str, change: &str) -> String {
    let change = if change.is_empty() { String::new() } else { format!("<p class=\"by\">{change}</p>") };
    format!(
        "<div class=\"card\"><h2>{name}</h2><p class=\"figure\">{draft}</p><p class=\"quiet\">now {current}</p>{change}</div>\n"
    )
}

fn notes(report: &Report) -> String {
    let mut items = String::new();
    for note in report.remarks.iter().chain(&report.reading) {
        let _ = writeln!(items, "<li>{}</li>", escaped(note));
    }
    format!("<section>\n<h2>How to read this</h2>\n<ul>\n{items}</ul>\n</section>\n")
}

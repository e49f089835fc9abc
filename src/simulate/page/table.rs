//! Tables of the page. Each cell of a number carries it in smallest units, by which the script sorts.

use std::fmt::Write as _;

use super::escaped;
use crate::simulate::report::{AssetFigures, ChangedFigures, Dimension, Figures, Report, Row};
use crate::simulate::written::{difference, grouped};
use crate::simulate::{Both, Which};

/// Rows of a table that a page shows: a browser stays quick.
const ROWS_MAX: usize = 500;

/// A group of columns: a figure on both sides, and where it matters their difference.
struct Group {
    name: String,
    digits: u32,
    with_difference: bool,
    of: Box<dyn Fn(&Figures) -> i64>,
}

fn group(name: &str, digits: u32, with_difference: bool, of: impl Fn(&Figures) -> i64 + 'static) -> Group {
    Group { name: name.to_owned(), digits, with_difference, of: Box::new(of) }
}

/// The figures that are worth a column: those that are nothing everywhere are left out.
fn groups(report: &Report, dimension: Dimension) -> Vec<Group> {
    let money = report.currency.minor_digits();
    let mut groups = vec![
        group("cost", money, true, |figures| figures.cost.minor()),
        group("discount", money, false, |figures| figures.discount.minor()),
        group("goods given", money, false, |figures| figures.goods.minor()),
        group("worth of rewards", money, false, |figures| figures.worth.minor()),
        group("liability", money, true, |figures| figures.unspent.minor()),
        group("receipts", 0, false, move |figures| if dimension.counts_touched() { figures.touched } else { figures.receipts }),
        group("turnover", money, false, |figures| figures.turnover.minor()),
    ];
    for (place, asset) in report.assets.iter().enumerate() {
        let of = move |figures: &Figures| figures.units.get(place).map_or(0, |units| units.units());
        groups.push(group(&format!("{} given", asset.id), asset.scale, false, of));
    }
    let rows = || report.rows(dimension).iter().chain([&report.total]);
    groups.retain(|group| {
        group.name == "cost" || rows().any(|row| Which::BOTH.iter().any(|which| (group.of)(row.figures.of(*which)) != 0))
    });
    groups
}

/// The rows by one dimension, with the totals.
pub(super) fn rows(report: &Report, dimension: Dimension) -> String {
    let rows = report.rows(dimension);
    // One row that every receipt is in says what the totals say.
    if rows.is_empty() || (rows.len() == 1 && dimension.splits_receipts()) {
        return String::new();
    }
    let groups = groups(report, dimension);
    let mut table = header(dimension.key(), &groups);
    table.push_str("<tbody>\n");
    for row in rows.iter().take(ROWS_MAX) {
        table.push_str(&body(row, &groups));
    }
    let _ = write!(
        table,
        "</tbody>\n<tfoot>\n{}</tfoot>\n",
        body(&Row { key: dimension.total_key().to_owned(), ..report.total.clone() }, &groups)
    );
    let beyond = rows.len().saturating_sub(ROWS_MAX);
    let more =
        if beyond > 0 { format!("<p>{beyond} more rows are in the files of --csv and --xlsx.</p>\n") } else { String::new() };
    section(dimension.title(), dimension.plural(), &table, &more)
}

fn section(title: &str, id: &str, table: &str, more: &str) -> String {
    format!(
        "<section>\n<h2 id=\"{id}\">{title}</h2>\n<div class=\"wide\" role=\"region\" aria-labelledby=\"{id}\" tabindex=\"0\">\n<table aria-labelledby=\"{id}\">\n{table}</table>\n</div>\n{more}</section>\n"
    )
}

fn header(key: &str, groups: &[Group]) -> String {
    let mut upper = format!("<th scope=\"col\" rowspan=\"2\">{key}</th>");
    let mut lower = String::new();
    for group in groups {
        let sides: &[&str] = if group.with_difference { &["current", "draft", "difference"] } else { &["current", "draft"] };
        let _ = write!(upper, "<th scope=\"colgroup\" colspan=\"{}\">{}</th>", sides.len(), escaped(&group.name));
        for side in sides {
            let _ = write!(lower, "<th scope=\"col\" class=\"number\">{side}</th>");
        }
    }
    format!("<thead>\n<tr>{upper}</tr>\n<tr>{lower}</tr>\n</thead>\n")
}

fn body(row: &Row, groups: &[Group]) -> String {
    let name = if row.name.is_empty() { String::new() } else { format!("<span class=\"quiet\">{}</span>", escaped(&row.name)) };
    let mut cells = format!("<th scope=\"row\">{}{name}</th>", escaped(&row.key));
    for group in groups {
        let Both { current, draft } = row.figures.map(|figures| (group.of)(figures));
        cells.push_str(&number(current, &grouped(current, group.digits), ""));
        cells.push_str(&number(draft, &grouped(draft, group.digits), ""));
        if group.with_difference {
            let change = draft.saturating_sub(current);
            cells.push_str(&number(change, &difference(change, group.digits), " change"));
        }
    }
    format!("<tr>{cells}</tr>\n")
}

fn number(value: i64, text: &str, class: &str) -> String {
    // Nothing stands back, so that the eye finds what is there.
    let (class, text) = if value == 0 { (" quiet", "0") } else { (class, text) };
    format!("<td class=\"number{class}\" data-value=\"{value}\">{text}</td>")
}

/// What became of each asset.
pub(super) fn assets(report: &Report) -> String {
    if report.assets.is_empty() {
        return String::new();
    }
    let names = ["given", "redeemed", "lapsed", "unspent", "liability"];
    let mut upper = "<th scope=\"col\" rowspan=\"2\">asset</th>".to_owned();
    let mut lower = String::new();
    for name in names {
        let _ = write!(upper, "<th scope=\"colgroup\" colspan=\"2\">{name}</th>");
        lower.push_str("<th scope=\"col\" class=\"number\">current</th><th scope=\"col\" class=\"number\">draft</th>");
    }
    let mut table = format!("<thead>\n<tr>{upper}</tr>\n<tr>{lower}</tr>\n</thead>\n<tbody>\n");
    for asset in &report.assets {
        let values = |figures: &AssetFigures| {
            let units = [figures.issued, figures.redeemed, figures.lapsed, figures.unspent];
            let money = (figures.unspent_worth.minor(), report.currency.minor_digits());
            units.map(|units| (units.units(), asset.scale)).into_iter().chain([money]).collect::<Vec<_>>()
        };
        let Both { current, draft } = asset.figures.map(values);
        let _ = write!(table, "<tr><th scope=\"row\">{}</th>", escaped(&asset.id));
        for (value, digits) in current.into_iter().zip(draft).flat_map(|(current, draft)| [current, draft]) {
            table.push_str(&number(value, &grouped(value, digits), ""));
        }
        table.push_str("</tr>\n");
    }
    table.push_str("</tbody>\n");
    section("What becomes of assets", "assets", &table, "")
}

/// The receipts that change most, with both outcomes.
pub(super) fn receipts(report: &Report) -> String {
    if report.changed.is_empty() {
        return String::new();
    }
    let head = "<thead>\n<tr><th scope=\"col\" rowspan=\"2\">receipt</th><th scope=\"col\" rowspan=\"2\">date</th><th scope=\"col\" rowspan=\"2\" class=\"number\">rung up</th><th scope=\"colgroup\" colspan=\"3\">paid</th><th scope=\"colgroup\" colspan=\"3\">cost</th><th scope=\"colgroup\" colspan=\"2\">campaigns</th></tr>\n<tr><th scope=\"col\" class=\"number\">current</th><th scope=\"col\" class=\"number\">draft</th><th scope=\"col\" class=\"number\">difference</th><th scope=\"col\" class=\"number\">current</th><th scope=\"col\" class=\"number\">draft</th><th scope=\"col\" class=\"number\">difference</th><th scope=\"col\">current</th><th scope=\"col\">draft</th></tr>\n</thead>\n<tbody>\n";
    let digits = report.currency.minor_digits();
    let mut table = head.to_owned();
    for receipt in &report.changed {
        let rung_up = receipt.rung_up.minor();
        let _ = write!(
            table,
            "<tr><th scope=\"row\">{}<span class=\"quiet\">store {}</span></th><td class=\"date\">{}</td>{}",
            escaped(&receipt.receipt_id),
            escaped(&receipt.store),
            receipt.business_date,
            number(rung_up, &grouped(rung_up, digits), "")
        );
        let of: [fn(&ChangedFigures) -> i64; 2] = [|figures| figures.paid.minor(), |figures| figures.cost.minor()];
        for of in of {
            let Both { current, draft } = receipt.figures.map(of);
            let change = draft.saturating_sub(current);
            table.push_str(&number(current, &grouped(current, digits), ""));
            table.push_str(&number(draft, &grouped(draft, digits), ""));
            table.push_str(&number(change, &difference(change, digits), " change"));
        }
        for which in Which::BOTH {
            let _ = write!(table, "<td class=\"list\">{}</td>", escaped(&receipt.figures.of(which).campaigns.join(", ")));
        }
        table.push_str("</tr>\n");
    }
    table.push_str("</tbody>\n");
    section("Receipts that change most", "receipts", &table, "")
}

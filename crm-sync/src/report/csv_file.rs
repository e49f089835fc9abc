//! A report as CSV: decimals with a point, every cell quoted, no text that a spreadsheet takes for a formula (H83).

use super::Report;
use super::written::{cells, foot, header, total_cells};

/// Beginnings of a text that a spreadsheet may take for a formula.
const FORMULA_BEGINNINGS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\0'];

/// The file: a header, the rows, the totals, and after an empty line what must be known of them.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    line(&mut text, header(report).iter().map(|name| (name.as_str(), false)));
    let rows = report.rows.iter().map(|row| cells(report, row));
    for row in rows.chain(report.totals.iter().map(|total| total_cells(report, total))) {
        let shown: Vec<(String, bool)> =
            row.iter().map(|cell| (cell.text(), matches!(cell, super::written::Cell::Number(..)))).collect();
        line(&mut text, shown.iter().map(|(cell, is_number)| (cell.as_str(), *is_number)));
    }
    text.push_str("\r\n");
    for (name, value) in foot(report) {
        line(&mut text, [(name, false), (value.as_str(), false)].into_iter());
    }
    text
}

fn line<'a>(text: &mut String, cells: impl Iterator<Item = (&'a str, bool)>) {
    for (place, (cell, is_number)) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push('"');
        // A number may begin with a minus: it is made of digits alone.
        if !is_number && cell.starts_with(FORMULA_BEGINNINGS) {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

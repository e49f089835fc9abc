//! A report as a table of texts: numbers as decimals with the digits of their asset, the same for every format.

use super::{Column, Report, Row, Unit, Written};

/// One cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// A key, an asset or a currency.
    Text(String),
    /// A number of smallest units and its digits.
    Number(i64, u32),
    /// Not known.
    Empty,
}

impl Cell {
    /// As a decimal with a point, or as it stands.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number, digits) => decimal(*number, *digits),
            Self::Empty => String::new(),
        }
    }
}

/// `-1234.50`: a whole number of smallest units as a decimal with so many digits.
#[must_use]
pub fn decimal(number: i64, digits: u32) -> String {
    let places = usize::try_from(digits).unwrap_or(0);
    let sign = if number < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", number.unsigned_abs(), width = places.saturating_add(1));
    match text.split_at_checked(text.len().saturating_sub(places)) {
        Some((whole, fraction)) if places > 0 => format!("{sign}{whole}.{fraction}"),
        Some(_) | None => format!("{sign}{text}"),
    }
}

/// The names of all columns: keys, asset, numbers, currency of the worth.
#[must_use]
pub fn header(report: &Report) -> Vec<String> {
    let keys = report.question.by.iter().map(|by| by.name().to_owned());
    let numbers = report.columns.iter().map(|column| column.name.clone());
    let has_worth = report.columns.iter().any(|column| column.unit == Unit::Worth);
    keys.chain(["asset".to_owned()]).chain(numbers).chain(has_worth.then(|| "currency".to_owned())).collect()
}

/// The cells of a row.
#[must_use]
pub fn cells(report: &Report, row: &Row) -> Vec<Cell> {
    let none = Written::default();
    let written = report.written.get(&row.asset).unwrap_or(&none);
    let mut cells: Vec<Cell> = row.keys.iter().cloned().map(Cell::Text).collect();
    cells.push(Cell::Text(row.asset.clone()));
    let number = |(column, number): (&Column, &Option<i64>)| {
        let digits = match column.unit {
            Unit::Units => written.digits,
            Unit::Worth => written.currency_digits,
            Unit::Count => 0,
            Unit::Share => 2,
        };
        number.map_or(Cell::Empty, |number| Cell::Number(number, digits))
    };
    cells.extend(report.columns.iter().zip(&row.numbers).map(number));
    if report.columns.iter().any(|column| column.unit == Unit::Worth) {
        cells.push(Cell::Text(written.currency.clone()));
    }
    cells
}

/// The cells of a total: its first key says so.
#[must_use]
pub fn total_cells(report: &Report, total: &Row) -> Vec<Cell> {
    let keys = report.question.by.iter().enumerate();
    let keys = keys.map(|(place, _)| if place == 0 { "TOTAL".to_owned() } else { String::new() });
    cells(report, &Row { keys: keys.collect(), ..total.clone() })
}

/// What stands under the totals: names and values.
#[must_use]
pub fn foot(report: &Report) -> Vec<(&'static str, String)> {
    let question = &report.question;
    let revisions: Vec<String> = report.revisions.iter().map(u64::to_string).collect();
    let agrees =
        if report.check.agrees { "agrees".to_owned() } else { format!("DOES NOT AGREE: {}", report.check.faults.join("; ")) };
    let mut foot = vec![
        ("report", question.kind.name().to_owned()),
        ("from", question.from.to_string()),
        ("to", question.to.to_string()),
        ("days", format!("{:?}", question.basis).to_lowercase()),
        ("time zone", report.time_zone.clone()),
        ("program revisions", revisions.join(" ")),
        ("closed through", report.closed_through.clone()),
        ("folded through commit", report.folded.sequence.to_string()),
        ("check", format!("{agrees} {}", report.check.hash)),
    ];
    foot.extend(report.notes.iter().map(|note| ("note", note.clone())));
    foot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_their_digits_and_signs() {
        for (number, digits, wanted) in [
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (12_345, 2, "123.45"),
            (-1_000, 0, "-1000"),
            (i64::MIN, 3, "-9223372036854775.808"),
        ] {
            assert_eq!(decimal(number, digits), wanted);
        }
    }
}

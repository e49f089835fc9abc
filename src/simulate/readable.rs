//! The answer on a terminal: short, the whole of it is in the files.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};
use tessera_rules::money::Amount;

use super::report::{Dimension, Figures, Report, Row};
use super::written::{amount, difference, grouped, percent, units};
use super::{Both, Which};

/// Campaigns that are shown.
const CAMPAIGNS_MAX: usize = 10;
/// Rows of other tables that are shown.
const ROWS_MAX: usize = 12;

/// The whole text, with a line end at its end.
pub(crate) fn text(report: &Report) -> String {
    let mut parts = vec![head(report), totals(report).to_string()];
    for dimension in Dimension::ALL {
        let rows = report.rows(dimension);
        // A dimension with one row says what the totals say.
        if rows.len() > 1 || dimension == Dimension::Campaign {
            parts.push(rows_text(report, dimension, rows));
        }
    }
    if report.is_same() {
        parts.push("the draft gives exactly what the current revision gives".to_owned());
    }
    parts.extend(report.remarks.iter().map(|note| format!("note: {note}")));
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

fn head(report: &Report) -> String {
    let side = |which: Which| {
        let rules = report.rules.of(which);
        format!("{} ({} campaigns, {})", rules.name, rules.campaigns, rules.hash)
    };
    format!(
        "{} receipts and {} returns of {} customers, {} to {}, in {}\ncurrent: {}\ndraft:   {}",
        grouped(report.receipts, 0),
        grouped(report.returns, 0),
        grouped(i64::try_from(report.customers).unwrap_or(i64::MAX), 0),
        report.first_day,
        report.last_day,
        report.currency.code(),
        side(Which::Current),
        side(Which::Draft)
    )
}

fn totals(report: &Report) -> Table {
    let mut table = table(&["", "current", "draft", "difference"]);
    let digits = report.currency.minor_digits();
    let mut add = |name: &str, of: fn(&Figures) -> i64, digits: u32| {
        let figures = &report.total.figures;
        let cells = [
            grouped(of(&figures.current), digits),
            grouped(of(&figures.draft), digits),
            difference(report.total.change(of), digits),
        ];
        table.add_row(std::iter::once(Cell::new(name)).chain(cells.into_iter().map(Cell::new)));
    };
    add("turnover", |figures| figures.turnover.minor(), digits);
    add("receipts touched", |figures| figures.touched, 0);
    add("discount", |figures| figures.discount.minor(), digits);
    add("goods given", |figures| figures.goods.minor(), digits);
    add("worth of rewards", |figures| figures.worth.minor(), digits);
    add("cost", |figures| figures.cost.minor(), digits);
    add("liability in the end", |figures| figures.unspent.minor(), digits);
    let share = report.total.figures.map(|figures| percent(figures.cost, figures.turnover));
    table.add_row(["cost, share of turnover", &share.current, &share.draft, ""]);
    for asset in &report.assets {
        let Both { current, draft } = asset.figures.map(|figures| figures.issued);
        let change = difference((draft - current).units(), asset.scale);
        let cells = [format!("{} given", asset.id), units(current, asset.scale), units(draft, asset.scale), change];
        table.add_row(cells);
    }
    table
}

fn rows_text(report: &Report, dimension: Dimension, rows: &[Row]) -> String {
    let most = if dimension == Dimension::Campaign { CAMPAIGNS_MAX } else { ROWS_MAX };
    let mut table = table(&[dimension.key(), "receipts", "discount, goods", "worth", "cost now", "cost draft", "difference"]);
    let money = |of: Amount| amount(of, report.currency);
    for row in rows.iter().take(most) {
        let Both { current, draft } = &row.figures;
        let change = row.change(|figures| figures.cost.minor());
        let cells = [
            grouped(if dimension.counts_touched() { draft.touched } else { draft.receipts }, 0),
            money(draft.discount + draft.goods),
            money(draft.worth),
            money(current.cost),
            money(draft.cost),
            difference(change, report.currency.minor_digits()),
        ];
        table.add_row(std::iter::once(Cell::new(&row.key)).chain(cells.into_iter().map(Cell::new)));
    }
    let beyond = rows.len().saturating_sub(most);
    let more =
        if beyond > 0 { format!("\n… and {beyond} more, in the files of --csv, --xlsx and --html") } else { String::new() };
    format!("{} (receipts, discount, goods and worth under the draft)\n{table}{more}", dimension.title().to_lowercase())
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

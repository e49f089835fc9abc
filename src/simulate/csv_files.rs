//! The answer as CSV files, one a table: amounts as decimals with a point, texts that no spreadsheet takes for a formula.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tessera_rules::money::Amount;

use super::Which;
use super::report::{AssetFigures, Dimension, Figures, Report, Row};
use super::written::plain;

/// Beginnings of a text that a spreadsheet may take for a formula.
const FORMULA_BEGINNINGS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", file.display())]
pub(crate) struct WriteError {
    /// Which file.
    pub(crate) file: PathBuf,
    /// Why.
    #[source]
    pub(crate) source: io::Error,
}

/// Writes every table into a folder, which is made where it is not there.
///
/// # Errors
/// A file cannot be written; those before it are.
pub(crate) fn write(report: &Report, folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).map_err(|source| WriteError { file: folder.to_owned(), source })?;
    for (name, table) in tables(report) {
        let file = folder.join(format!("{name}.csv"));
        let text = text(&table).map_err(|source| WriteError { file: file.clone(), source })?;
        replace(&file, &text)?;
    }
    Ok(())
}

/// Writes a file whole: a reader sees the old one or the new one.
pub(crate) fn replace(file: &Path, content: &[u8]) -> Result<(), WriteError> {
    let failed = |source| WriteError { file: file.to_owned(), source };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().permissions(ordinary_permissions()).tempfile_in(folder).map_err(failed)?;
    io::Write::write_all(&mut beside, content).map_err(failed)?;
    beside.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Files of this program may be read by whom the user lets read them, unlike temporary ones.
fn ordinary_permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

/// The rows of a file, its header first.
pub(crate) type Rows = Vec<Vec<String>>;

/// Every file by name.
pub(crate) fn tables(report: &Report) -> Vec<(&'static str, Rows)> {
    let mut tables: Vec<(&'static str, Rows)> =
        Dimension::ALL.into_iter().map(|dimension| (dimension.plural(), rows_of(report, dimension))).collect();
    tables.push(("assets", assets(report)));
    tables.push(("receipts", receipts(report)));
    tables
}

fn rows_of(report: &Report, dimension: Dimension) -> Rows {
    let mut header = vec![dimension.key().replace(' ', "_")];
    let is_named = dimension == Dimension::Campaign;
    header.extend(is_named.then(|| "name".to_owned()));
    for which in ["current", "draft", "difference"] {
        header.extend(figure_names(report).into_iter().map(|name| format!("{name}_{which}")));
    }
    let mut rows = vec![header];
    let total = Row { key: dimension.total_key().to_owned(), ..report.total.clone() };
    for row in report.rows(dimension).iter().chain([&total]) {
        let mut cells = vec![safe(&row.key)];
        cells.extend(is_named.then(|| safe(&row.name)));
        cells.extend(Which::BOTH.into_iter().flat_map(|which| figures(report, row.figures.of(which))));
        cells.extend(differences(report, row));
        rows.push(cells);
    }
    rows
}

fn figure_names(report: &Report) -> Vec<String> {
    let ahead = ["receipts", "touched", "turnover", "discount", "goods"].map(str::to_owned);
    let units = report.assets.iter().map(|asset| format!("units_{}", asset.id));
    let behind = ["worth", "cost", "liability"].map(str::to_owned);
    ahead.into_iter().chain(units).chain(behind).collect()
}

/// The figures in the order of their names, in smallest units, each with its digits.
pub(crate) fn numbers(report: &Report, figures: &Figures) -> Vec<(i64, u32)> {
    let money = |amount: Amount| (amount.minor(), report.currency.minor_digits());
    let ahead =
        [(figures.receipts, 0), (figures.touched, 0), money(figures.turnover), money(figures.discount), money(figures.goods)];
    let units = figures.units.iter().zip(&report.assets).map(|(units, asset)| (units.units(), asset.scale));
    let behind = [money(figures.worth), money(figures.cost), money(figures.unspent)];
    ahead.into_iter().chain(units).chain(behind).collect()
}

fn figures(report: &Report, figures: &Figures) -> Vec<String> {
    numbers(report, figures).into_iter().map(|(number, digits)| plain(number, digits)).collect()
}

fn differences(report: &Report, row: &Row) -> Vec<String> {
    let (current, draft) = (numbers(report, &row.figures.current), numbers(report, &row.figures.draft));
    let pairs = draft.into_iter().zip(current);
    pairs.map(|((draft, digits), (current, _))| plain(draft.saturating_sub(current), digits)).collect()
}

fn assets(report: &Report) -> Rows {
    let mut header = vec!["asset".to_owned()];
    for which in ["current", "draft"] {
        header.extend(["issued", "redeemed", "lapsed", "unspent", "liability"].map(|name| format!("{name}_{which}")));
    }
    let mut rows = vec![header];
    for asset in &report.assets {
        let mut cells = vec![safe(&asset.id)];
        for which in Which::BOTH {
            let AssetFigures { issued, redeemed, lapsed, unspent, unspent_worth } = asset.figures.of(which);
            cells.extend([issued, redeemed, lapsed, unspent].map(|units| plain(units.units(), asset.scale)));
            cells.push(plain(unspent_worth.minor(), report.currency.minor_digits()));
        }
        rows.push(cells);
    }
    rows
}

fn receipts(report: &Report) -> Rows {
    let mut header: Vec<String> = ["receipt", "store", "date", "rung_up"].map(str::to_owned).into();
    for which in ["current", "draft"] {
        header.extend(["paid", "discount", "goods"].map(|name| format!("{name}_{which}")));
        header.extend(report.assets.iter().map(|asset| format!("units_{}_{which}", asset.id)));
        header.extend(["worth", "cost", "campaigns"].map(|name| format!("{name}_{which}")));
    }
    let mut rows = vec![header];
    let money = |amount: Amount| plain(amount.minor(), report.currency.minor_digits());
    for receipt in &report.changed {
        let ahead = [safe(&receipt.receipt_id), safe(&receipt.store), receipt.business_date.to_string(), money(receipt.rung_up)];
        let mut cells: Vec<String> = ahead.into();
        for which in Which::BOTH {
            let figures = receipt.figures.of(which);
            cells.extend([figures.paid, figures.discount, figures.goods].map(money));
            cells.extend(figures.units.iter().zip(&report.assets).map(|(units, asset)| plain(units.units(), asset.scale)));
            cells.extend([figures.worth, figures.cost].map(money));
            cells.push(safe(&figures.campaigns.join(" ")));
        }
        rows.push(cells);
    }
    rows
}

/// A text that is no formula: one that begins like one gets an apostrophe in front, which spreadsheets do not show.
fn safe(text: &str) -> String {
    if text.starts_with(FORMULA_BEGINNINGS) { format!("'{text}") } else { text.to_owned() }
}

fn text(rows: &Rows) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

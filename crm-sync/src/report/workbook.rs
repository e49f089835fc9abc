//! A report as a workbook: numbers as numbers, a frozen header, totals, what must be known, and a chart of the roll.
//!
//! A cell of a workbook is a double: amounts go in as their decimal text reads, which is exact to 15 digits.

use rust_xlsxwriter::{Chart, ChartType, DocProperties, ExcelDateTime, Format, FormatBorder, Workbook, Worksheet, XlsxError};

use super::written::{Cell, cells, foot, header, total_cells};
use super::{Kind, Report};

/// Characters of a column.
const WIDTH: u8 = 18;
/// Rows that a sheet holds beside header, totals and foot.
pub const ROWS_MAX: usize = 1_000_000;
/// The two colours of a chart.
const COLOURS: [u32; 2] = [0x0025_63EB, 0x0094_A3B8];

/// The report does not become a workbook.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// More rows than a sheet has.
    #[error("{rows} rows are more than a sheet holds ({ROWS_MAX}): use CSV, or split by less")]
    Rows {
        /// How many.
        rows: usize,
    },
    /// It cannot be made.
    #[error("the workbook cannot be made")]
    Xlsx(#[from] XlsxError),
}

/// The bytes of the workbook, the same for the same report.
///
/// # Errors
/// There are too many rows.
pub fn content(report: &Report) -> Result<Vec<u8>, WorkbookError> {
    if report.rows.len() > ROWS_MAX {
        return Err(WorkbookError::Rows { rows: report.rows.len() });
    }
    let mut workbook = Workbook::new();
    // The report's last day, so that the same report has the same bytes.
    let day = report.question.to;
    let year = u16::try_from(day.year()).unwrap_or(1900);
    let made = ExcelDateTime::from_ymd(year, day.month().unsigned_abs(), day.day().unsigned_abs())?;
    workbook.set_properties(&DocProperties::new().set_title(report.question.kind.name()).set_creation_datetime(&made));
    let last = rows(report, workbook.add_worksheet())?;
    known(report, workbook.add_worksheet())?;
    if let Some([first, second]) = charted(report) {
        let sheet = workbook.add_worksheet();
        sheet.set_name("chart")?;
        let mut chart = Chart::new(ChartType::Column);
        chart.title().set_name(&format!("{} and {}", first.1, second.1));
        for ((column, name), colour) in [first, second].into_iter().zip(COLOURS) {
            let series = chart.add_series().set_name(&name);
            series.set_categories(("rows", 1, 0, last, 0)).set_values(("rows", 1, column, last, column));
            series.set_format(
                rust_xlsxwriter::ChartFormat::new().set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color(colour)),
            );
        }
        chart.set_width(960).set_height(480);
        sheet.insert_chart(0, 0, &chart)?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// The columns of issue and redemption, where the report has them and rows to show.
fn charted(report: &Report) -> Option<[(u16, String); 2]> {
    if report.question.kind != Kind::Accrual || report.rows.is_empty() {
        return None;
    }
    let names = header(report);
    let column = |wanted: &str| {
        let place = names.iter().position(|name| name == wanted)?;
        Some((u16::try_from(place).ok()?, wanted.to_owned()))
    };
    Some([column("issued")?, column("redeemed")?])
}

/// Writes header, rows and totals; returns the last row that is no total.
fn rows(report: &Report, sheet: &mut Worksheet) -> Result<u32, XlsxError> {
    sheet.set_name("rows")?;
    let names = header(report);
    let bold = Format::new().set_bold();
    let above = bold.clone().set_border_bottom(FormatBorder::Thin);
    for (column, name) in (0_u16..).zip(&names) {
        sheet.set_column_width(column, WIDTH)?.write_string_with_format(0, column, name, &above)?;
    }
    let keys = u16::try_from(report.question.by.len().saturating_add(1)).unwrap_or(1);
    sheet.set_freeze_panes(1, keys)?.set_repeat_rows(0, 0)?;
    let mut row = 0_u32;
    for one in &report.rows {
        row = row.saturating_add(1);
        write(sheet, row, &cells(report, one), &Format::new())?;
    }
    let last = row;
    if let Some(columns) = u16::try_from(names.len()).ok().and_then(|count| count.checked_sub(1)) {
        sheet.autofilter(0, 0, last.max(1), columns)?;
    }
    for total in &report.totals {
        row = row.saturating_add(1);
        write(sheet, row, &total_cells(report, total), &bold)?;
    }
    Ok(last)
}

fn write(sheet: &mut Worksheet, row: u32, cells: &[Cell], format: &Format) -> Result<(), XlsxError> {
    for (column, cell) in (0_u16..).zip(cells) {
        match cell {
            Cell::Text(text) => {
                let date = text.parse::<jiff::civil::Date>().ok().and_then(|_| ExcelDateTime::parse_from_str(text).ok());
                match date {
                    Some(date) => {
                        sheet.write_datetime_with_format(row, column, &date, &format.clone().set_num_format("yyyy-mm-dd"))?
                    }
                    None => sheet.write_string_with_format(row, column, text, format)?,
                };
            }
            Cell::Number(_, digits) => {
                let mut shown = "#,##0".to_owned();
                if *digits > 0 {
                    shown.push('.');
                    shown.extend((0..*digits).map(|_| '0'));
                }
                let number: f64 = cell.text().parse().unwrap_or(f64::NAN);
                sheet.write_number_with_format(row, column, number, &format.clone().set_num_format(shown))?;
            }
            Cell::Empty => {}
        }
    }
    Ok(())
}

/// What must be known of the figures.
fn known(report: &Report, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_name("about")?;
    sheet.set_column_width(0, WIDTH)?.set_column_width(1, 80)?;
    for (row, (name, value)) in (0_u32..).zip(foot(report)) {
        sheet.write_string(row, 0, name)?.write_string(row, 1, value)?;
    }
    Ok(())
}

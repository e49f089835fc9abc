//! The answer as a workbook: a sheet a table, numbers as numbers, totals, and charts of cost by campaign and month.
//!
//! A cell of a workbook is a double: amounts go in as their decimal text reads, which is exact to 15 digits.

use std::io;
use std::path::Path;

use jiff::civil::Date;
use rust_xlsxwriter::{
    Chart, ChartType, Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet,
    XlsxError,
};

use super::csv_files::{WriteError, numbers, replace};
use super::report::{AssetFigures, Dimension, Report, Row};
use super::written::plain;
use super::{Both, Which};

/// Campaigns that the chart shows.
const CHARTED_MAX: usize = 15;
/// Characters of a column of keys, and of names.
const KEY_WIDTH: u8 = 28;
/// Characters of a column of numbers.
const NUMBER_WIDTH: u8 = 15;
/// The colours of both sides, as on the page.
const COLOURS: Both<u32> = Both { current: 0x0094_A3B8, draft: 0x0025_63EB };
/// Figures of which a row counts some in other rows too, by their place: receipts, touched, turnover.
const SHARED_FIGURES: usize = 3;

/// Writes the workbook.
///
/// # Errors
/// It cannot be made or written.
pub(crate) fn write(report: &Report, file: &Path) -> Result<(), WriteError> {
    let failed = |error: XlsxError| WriteError { file: file.to_owned(), source: io::Error::other(error) };
    replace(file, &content(report).map_err(failed)?)
}

/// The bytes of the workbook, the same for the same report.
pub(crate) fn content(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let title = format!("What-if: {} against {}", report.rules.draft.name, report.rules.current.name);
    let properties = DocProperties::new().set_title(title).set_creation_datetime(&date(report.last_day)?);
    workbook.set_properties(&properties);
    let formats = Formats::new(report.currency.minor_digits());
    summary(report, &formats, workbook.add_worksheet())?;
    for dimension in Dimension::ALL {
        rows(report, dimension, &formats, workbook.add_worksheet())?;
    }
    assets(report, &formats, workbook.add_worksheet())?;
    receipts(report, &formats, workbook.add_worksheet())?;
    workbook.save_to_buffer()
}

struct Formats {
    money_digits: u32,
    title: Format,
    header: Format,
    date: Format,
}

impl Formats {
    fn new(money_digits: u32) -> Self {
        let header = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
        Self {
            money_digits,
            title: Format::new().set_bold().set_font_size(14),
            header: header.set_border_bottom(FormatBorder::Thin),
            date: Format::new().set_num_format("yyyy-mm-dd"),
        }
    }
}

/// How a number with so many digits is shown; a difference with its sign.
fn number_format(digits: u32, is_difference: bool, is_total: bool) -> Format {
    let mut shown = "#,##0".to_owned();
    if digits > 0 {
        shown.push('.');
        shown.extend((0..digits).map(|_| '0'));
    }
    let pattern = if is_difference { format!("+{shown};-{shown};0") } else { shown };
    let format = Format::new().set_num_format(pattern);
    if is_total { format.set_bold().set_border_top(FormatBorder::Thin) } else { format }
}

/// The double nearest to a number of smallest units.
fn number(smallest: i64, digits: u32) -> f64 {
    plain(smallest, digits).parse().unwrap_or(f64::NAN)
}

fn date(day: Date) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(day.year()).unwrap_or(1900);
    ExcelDateTime::from_ymd(year, day.month().unsigned_abs(), day.day().unsigned_abs())
}

fn place(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn column(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}

fn summary(report: &Report, formats: &Formats, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_name("summary")?;
    sheet.set_column_width(0, KEY_WIDTH)?.set_column_range_width(1, 3, NUMBER_WIDTH)?;
    sheet.write_string_with_format(0, 0, "What-if", &formats.title)?;
    for (row, (name, value)) in (1_u32..).zip(heads(report)) {
        sheet.write_string(row, 0, name)?.write_string(row, 1, value)?;
    }
    let first = place(heads(report).len()).saturating_add(2);
    for (place, name) in (0_u16..).zip(["figure", "current", "draft", "difference"]) {
        sheet.write_string_with_format(first, place, name, &formats.header)?;
    }
    let (current, draft) = (numbers(report, &report.total.figures.current), numbers(report, &report.total.figures.draft));
    let names = figure_names(report).into_iter().zip(current).zip(draft);
    let mut row = first;
    for ((name, (current, digits)), (draft, _)) in names {
        row = row.saturating_add(1);
        sheet.write_string(row, 0, name)?;
        triple(sheet, (row, 1), [current, draft], (digits, false))?;
    }
    for note in report.remarks.iter().chain(&report.reading) {
        row = row.saturating_add(1);
        sheet.write_string(row.saturating_add(1), 0, note)?;
    }
    Ok(())
}

fn heads(report: &Report) -> Vec<(&'static str, String)> {
    let side = |which: Which| format!("{} ({})", report.rules.of(which).name, report.rules.of(which).hash);
    vec![
        ("current", side(Which::Current)),
        ("draft", side(Which::Draft)),
        ("receipts", report.receipts.to_string()),
        ("returns", report.returns.to_string()),
        ("customers", report.customers.to_string()),
        ("business dates", format!("{} to {}", report.first_day, report.last_day)),
        ("currency", report.currency.code().to_owned()),
    ]
}

/// The names of the figures, in the order of their numbers.
pub(crate) fn figure_names(report: &Report) -> Vec<String> {
    let ahead = ["receipts", "receipts touched", "turnover", "discount", "goods given"].map(str::to_owned);
    let units = report.assets.iter().map(|asset| format!("{} given", asset.id));
    let behind = ["worth of rewards", "cost", "liability"].map(str::to_owned);
    ahead.into_iter().chain(units).chain(behind).collect()
}

/// Writes current, draft, and their difference.
fn triple(
    sheet: &mut Worksheet,
    (row, first): (u32, u16),
    [current, draft]: [i64; 2],
    (digits, is_total): (u32, bool),
) -> Result<(), XlsxError> {
    let change = draft.saturating_sub(current);
    for (place, (value, is_difference)) in (first..).zip([(current, false), (draft, false), (change, true)]) {
        sheet.write_number_with_format(row, place, number(value, digits), &number_format(digits, is_difference, is_total))?;
    }
    Ok(())
}

fn rows(report: &Report, dimension: Dimension, formats: &Formats, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_name(dimension.plural())?;
    let keys: usize = if dimension == Dimension::Campaign { 2 } else { 1 };
    let first = column(keys);
    for (place, name) in (0..first).zip([dimension.key(), "name"]) {
        sheet.write_string_with_format(0, place, name, &formats.header)?;
    }
    let names = figure_names(report);
    let headings = names.iter().flat_map(|name| ["current", "draft", "difference"].map(|side| format!("{name}, {side}")));
    for (place, heading) in (first..).zip(headings) {
        sheet.write_string_with_format(0, place, heading, &formats.header)?;
    }
    let last_column = first.saturating_add(column(names.len().saturating_mul(3))).saturating_sub(1);
    sheet.set_column_range_width(0, first.saturating_sub(1), KEY_WIDTH)?;
    sheet.set_column_range_width(first, last_column, NUMBER_WIDTH)?;
    sheet.set_freeze_panes(1, first)?.set_landscape().set_repeat_rows(0, 0)?;
    let table = report.rows(dimension);
    for (row, figures) in (1_u32..).zip(table) {
        keys_of(sheet, row, (figures, keys))?;
        let (current, draft) = (numbers(report, &figures.figures.current), numbers(report, &figures.figures.draft));
        for (place, ((current, digits), (draft, _))) in current.into_iter().zip(draft).enumerate() {
            triple(sheet, (row, at(first, place)), [current, draft], (digits, false))?;
        }
    }
    let last_row = place(table.len());
    if last_row > 0 {
        sheet.autofilter(0, 0, last_row, last_column)?;
    }
    total(report, dimension, sheet, (last_row.saturating_add(1), first))?;
    charts(report, dimension, sheet, (first, last_row))
}

/// The first column of the figure at a place.
fn at(first: u16, place: usize) -> u16 {
    first.saturating_add(column(place.saturating_mul(3)))
}

fn keys_of(sheet: &mut Worksheet, row: u32, (figures, keys): (&Row, usize)) -> Result<(), XlsxError> {
    for (place, text) in (0_u16..).zip([&figures.key, &figures.name].into_iter().take(keys)) {
        sheet.write_string(row, place, text)?;
    }
    Ok(())
}

/// The totals: sums of what is shown, so that a filter tells its own; what counts in
/// several rows as it is.
fn total(report: &Report, dimension: Dimension, sheet: &mut Worksheet, (row, first): (u32, u16)) -> Result<(), XlsxError> {
    sheet.write_string_with_format(row, 0, dimension.total_key(), &number_format(0, false, true))?;
    let (current, draft) = (numbers(report, &report.total.figures.current), numbers(report, &report.total.figures.draft));
    for (place, ((current, digits), (draft, _))) in current.into_iter().zip(draft).enumerate() {
        let columns = at(first, place)..;
        if row < 2 || !dimension.splits_cost() || (place < SHARED_FIGURES && !dimension.splits_receipts()) {
            triple(sheet, (row, columns.start), [current, draft], (digits, true))?;
            continue;
        }
        let values = [(current, false), (draft, false), (draft.saturating_sub(current), true)];
        for (column, (value, is_difference)) in columns.zip(values) {
            let (top, bottom) = (
                rust_xlsxwriter::utility::row_col_to_cell(1, column),
                rust_xlsxwriter::utility::row_col_to_cell(row - 1, column),
            );
            let formula = Formula::new(format!("=SUBTOTAL(109,{top}:{bottom})")).set_result(plain(value, digits));
            sheet.write_formula_with_format(row, column, formula, &number_format(digits, is_difference, true))?;
        }
    }
    Ok(())
}

/// Cost on both sides, by campaign or by month.
fn charts(report: &Report, dimension: Dimension, sheet: &mut Worksheet, (first, last_row): (u16, u32)) -> Result<(), XlsxError> {
    let (kind, most) = match dimension {
        Dimension::Campaign => (ChartType::Bar, place(CHARTED_MAX)),
        Dimension::Month => (ChartType::Line, u32::MAX),
        Dimension::Funder | Dimension::Segment | Dimension::Tier | Dimension::Store => return Ok(()),
    };
    let last_row = last_row.min(most);
    if last_row == 0 {
        return Ok(());
    }
    let cost = figure_names(report).iter().position(|name| name == "cost").unwrap_or(0);
    let mut chart = Chart::new(kind);
    chart.title().set_name(&format!("Cost {}, {}", dimension.title().to_lowercase(), report.currency.code()));
    for (place, (name, colour)) in (at(first, cost)..).zip([("current", COLOURS.current), ("draft", COLOURS.draft)]) {
        let series = chart.add_series();
        series.set_name(name).set_categories((dimension.plural(), 1, 0, last_row, 0)).set_values((
            dimension.plural(),
            1,
            place,
            last_row,
            place,
        ));
        let colour = Color::RGB(colour);
        if kind == ChartType::Bar {
            series.set_format(
                rust_xlsxwriter::ChartFormat::new().set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color(colour)),
            );
        } else {
            series.set_format(
                rust_xlsxwriter::ChartFormat::new().set_line(rust_xlsxwriter::ChartLine::new().set_color(colour).set_width(2)),
            );
        }
    }
    if kind == ChartType::Bar {
        // Rows from top to bottom, as in the table.
        chart.x_axis().set_reverse();
    }
    chart.set_width(960).set_height(480);
    let below = place(report.rows(dimension).len()).saturating_add(3);
    sheet.insert_chart(below, 0, &chart)?;
    Ok(())
}

fn assets(report: &Report, formats: &Formats, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_name("assets")?;
    sheet.set_column_width(0, KEY_WIDTH)?.set_column_range_width(1, 15, NUMBER_WIDTH)?.set_freeze_panes(1, 1)?;
    sheet.write_string_with_format(0, 0, "asset", &formats.header)?;
    let names = ["issued", "redeemed", "lapsed", "unspent", "liability"];
    let headings = names.iter().flat_map(|name| ["current", "draft", "difference"].map(|side| format!("{name}, {side}")));
    for (place, heading) in (1_u16..).zip(headings) {
        sheet.write_string_with_format(0, place, heading, &formats.header)?;
    }
    for (row, asset) in (1_u32..).zip(&report.assets) {
        sheet.write_string(row, 0, &asset.id)?;
        let values = |figures: &AssetFigures| {
            let units = [figures.issued, figures.redeemed, figures.lapsed, figures.unspent];
            let units = units.map(|units| (units.units(), asset.scale)).into_iter();
            units.chain([(figures.unspent_worth.minor(), formats.money_digits)]).collect::<Vec<_>>()
        };
        let Both { current, draft } = asset.figures.map(values);
        for (place, ((current, digits), (draft, _))) in current.into_iter().zip(draft).enumerate() {
            triple(sheet, (row, at(1, place)), [current, draft], (digits, false))?;
        }
    }
    Ok(())
}

fn receipts(report: &Report, formats: &Formats, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_name("receipts")?;
    sheet.set_column_width(0, KEY_WIDTH)?.set_column_range_width(1, 9, NUMBER_WIDTH)?;
    sheet.set_column_range_width(10, 11, 40)?.set_freeze_panes(1, 1)?;
    let headings = [
        "receipt",
        "store",
        "date",
        "rung up",
        "paid, current",
        "paid, draft",
        "paid, difference",
        "cost, current",
        "cost, draft",
        "cost, difference",
        "campaigns, current",
        "campaigns, draft",
    ];
    for (place, heading) in (0_u16..).zip(headings) {
        sheet.write_string_with_format(0, place, heading, &formats.header)?;
    }
    let digits = formats.money_digits;
    for (row, receipt) in (1_u32..).zip(&report.changed) {
        let Both { current, draft } = &receipt.figures;
        sheet.write_string(row, 0, &receipt.receipt_id)?.write_string(row, 1, receipt.store.as_ref())?;
        sheet.write_datetime_with_format(row, 2, &date(receipt.business_date)?, &formats.date)?;
        let rung_up = number(receipt.rung_up.minor(), digits);
        sheet.write_number_with_format(row, 3, rung_up, &number_format(digits, false, false))?;
        triple(sheet, (row, 4), [current.paid.minor(), draft.paid.minor()], (digits, false))?;
        triple(sheet, (row, 7), [current.cost.minor(), draft.cost.minor()], (digits, false))?;
        sheet.write_string(row, 10, current.campaigns.join(" "))?.write_string(row, 11, draft.campaigns.join(" "))?;
    }
    Ok(())
}

//! Charts drawn by ourselves: bars of both sides by campaign, lines of both sides by month. Each has a title, a text for
//! those who cannot see it, and its numbers in the table below.

use std::fmt::Write as _;

use super::escaped;
use crate::simulate::report::{Dimension, Report, Row};
use crate::simulate::written::{amount, grouped};
use crate::simulate::{Both, Which};
use tessera_rules::money::Amount;

/// Campaigns that the chart shows.
const BARS_MAX: usize = 15;
/// Width of a chart, in its own unit.
const WIDTH: i64 = 960;
/// Where bars begin, beside their names.
const BARS_LEFT: i64 = 240;
/// Longest bar.
const BARS_WIDTH: i64 = 560;
/// Height of the two bars of a campaign, and the room between campaigns.
const BAR_HEIGHT: i64 = 13;
const BAR_STEP: i64 = 42;
/// Characters of a name beside its bars.
const NAME_CHARACTERS_MAX: usize = 28;
/// The area of the lines.
const LINES_LEFT: i64 = 110;
const LINES_TOP: i64 = 16;
const LINES_WIDTH: i64 = 830;
const LINES_HEIGHT: i64 = 240;
/// Months that are named below the lines.
const MONTHS_NAMED_MAX: usize = 13;
/// Lines across.
const TICKS: i64 = 4;

/// What a campaign costs on both sides, those that change most.
pub(super) fn costs_by_campaign(report: &Report) -> String {
    let rows = report.rows(Dimension::Campaign);
    let mut shown: Vec<&Row> = rows.iter().filter(|row| greatest([*row]) > 0).take(BARS_MAX).collect();
    shown.sort_by_key(|row| (std::cmp::Reverse(greatest([*row])), row.key.clone()));
    if shown.is_empty() {
        return String::new();
    }
    let most = greatest(shown.iter().copied());
    let height = BAR_STEP.saturating_mul(length(&shown)).saturating_add(8);
    let mut marks = String::new();
    for (row, top) in shown.iter().zip((8..).step_by(usize::try_from(BAR_STEP).unwrap_or(1))) {
        bars(&mut marks, report, row, (top, most));
    }
    let more = rows.len().saturating_sub(shown.len());
    let more =
        if more > 0 { format!(" The {more} others change less or cost nothing; they are in the table.") } else { String::new() };
    let text = format!("Bars: cost of each campaign in {}, current and draft.{more}", report.currency.code());
    figure("campaigns", "Cost by campaign", &text, height, &marks)
}

fn bars(marks: &mut String, report: &Report, row: &Row, (top, most): (i64, i64)) {
    let name = if row.name.is_empty() { &row.key } else { &row.name };
    let middle = top.saturating_add(BAR_HEIGHT).saturating_add(4);
    let _ = writeln!(
        marks,
        "<text class=\"name\" x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
        BARS_LEFT.saturating_sub(12),
        escaped(&shortened(name))
    );
    for (which, top) in [(Which::Current, top), (Which::Draft, top.saturating_add(BAR_HEIGHT).saturating_add(2))] {
        let cost = row.figures.of(which).cost;
        let width = scaled(cost.minor().max(0), most, BARS_WIDTH);
        let class = class(which);
        let _ = writeln!(
            marks,
            "<rect class=\"{class}\" x=\"{BARS_LEFT}\" y=\"{top}\" width=\"{width}\" height=\"{BAR_HEIGHT}\" rx=\"2\"/>"
        );
        let _ = writeln!(
            marks,
            "<text class=\"value\" x=\"{}\" y=\"{}\">{}</text>",
            BARS_LEFT.saturating_add(width).saturating_add(8),
            top.saturating_add(BAR_HEIGHT).saturating_sub(2),
            amount(cost, report.currency)
        );
    }
}

/// What each month costs on both sides.
pub(super) fn costs_by_month(report: &Report) -> String {
    let rows = report.rows(Dimension::Month);
    if rows.len() < 2 {
        return String::new();
    }
    let most = greatest(rows).max(1);
    let step = tick_step(most);
    let top = step.saturating_mul(TICKS);
    let mut marks = String::new();
    ticks(&mut marks, report, (step, top));
    months(&mut marks, rows);
    for which in Which::BOTH {
        line(&mut marks, report, rows, (which, top));
    }
    let text = format!("Lines: cost of each month in {}, current and draft.", report.currency.code());
    figure("months", "Cost by month", &text, LINES_TOP.saturating_add(LINES_HEIGHT).saturating_add(32), &marks)
}

fn ticks(marks: &mut String, report: &Report, (step, top): (i64, i64)) {
    let digits = report.currency.minor_digits();
    let whole = 10_i64.saturating_pow(digits);
    for tick in 0..=TICKS {
        let value = step.saturating_mul(tick);
        let y = height_of(value, top);
        // Whole amounts are written without their digits, as all of them are but in small files.
        let major = value.checked_div(whole).unwrap_or(value);
        let text = if step.checked_rem(whole) == Some(0) { grouped(major, 0) } else { grouped(value, digits) };
        let (left, right) = (LINES_LEFT, LINES_LEFT.saturating_add(LINES_WIDTH));
        let _ = writeln!(marks, "<line class=\"rule\" x1=\"{left}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\"/>");
        let _ = writeln!(
            marks,
            "<text class=\"value\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{text}</text>",
            left.saturating_sub(8),
            y.saturating_add(4)
        );
    }
}

fn months(marks: &mut String, rows: &[Row]) {
    let every = rows.len().div_ceil(MONTHS_NAMED_MAX).max(1);
    for (place, row) in rows.iter().enumerate().step_by(every) {
        let (x, y) = (x_of(place, rows), LINES_TOP.saturating_add(LINES_HEIGHT).saturating_add(20));
        let _ = writeln!(marks, "<text class=\"value\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escaped(&row.key));
    }
}

fn line(marks: &mut String, report: &Report, rows: &[Row], (which, top): (Which, i64)) {
    let class = class(which);
    let mut points = String::new();
    let mut dots = String::new();
    for (place, row) in rows.iter().enumerate() {
        let cost = row.figures.of(which).cost;
        let (x, y) = (x_of(place, rows), height_of(cost.minor().max(0), top));
        let _ = write!(points, "{x},{y} ");
        let told = format!("{}, {class}: {}", row.key, amount(cost, report.currency));
        let _ =
            writeln!(dots, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"><title>{}</title></circle>", escaped(&told));
    }
    let _ = writeln!(marks, "<polyline class=\"line {class}\" points=\"{}\"/>\n{dots}", points.trim_end());
}

fn figure(id: &str, title: &str, text: &str, height: i64, marks: &str) -> String {
    format!(
        "<figure>\n<figcaption><h2>{title}</h2><p class=\"legend\"><span class=\"mark current\"></span>current <span class=\"mark draft\"></span>draft</p></figcaption>\n<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\">\n<title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-text\">{}</desc>\n{marks}</svg></div>\n</figure>\n",
        escaped(text)
    )
}

const fn class(which: Which) -> &'static str {
    match which {
        Which::Current => "current",
        Which::Draft => "draft",
    }
}

fn greatest<'r>(rows: impl IntoIterator<Item = &'r Row>) -> i64 {
    let costs = rows.into_iter().flat_map(|row| {
        let Both { current, draft } = row.figures.map(|figures| figures.cost);
        [current, draft]
    });
    costs.map(Amount::minor).max().unwrap_or(0)
}

fn length<T>(list: &[T]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

/// `value` of `most`, on a length.
fn scaled(value: i64, most: i64, length: i64) -> i64 {
    let scaled = i128::from(value).saturating_mul(i128::from(length)).checked_div(i128::from(most));
    i64::try_from(scaled.unwrap_or(0)).unwrap_or(length)
}

fn height_of(value: i64, top: i64) -> i64 {
    LINES_TOP.saturating_add(LINES_HEIGHT).saturating_sub(scaled(value, top, LINES_HEIGHT))
}

fn x_of(place: usize, rows: &[Row]) -> i64 {
    let last = length(rows).saturating_sub(1).max(1);
    LINES_LEFT.saturating_add(scaled(i64::try_from(place).unwrap_or(0), last, LINES_WIDTH.saturating_sub(30)))
}

/// The least round step of which [`TICKS`] reach `most`.
fn tick_step(most: i64) -> i64 {
    let powers = (0..=18).map(|digits| 10_i128.saturating_pow(digits));
    let steps = powers.flat_map(|power| [10, 15, 20, 25, 30, 40, 50, 75].map(|times| power.saturating_mul(times).div_euclid(10)));
    let reaches = |step: &i128| step.saturating_mul(i128::from(TICKS)) >= i128::from(most);
    steps.into_iter().find(reaches).and_then(|step| i64::try_from(step).ok()).unwrap_or(i64::MAX)
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARACTERS_MAX {
        return name.to_owned();
    }
    let kept: String = name.chars().take(NAME_CHARACTERS_MAX.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_greatest_value() {
        let huge = 2_500_000_000_000_000_000;
        for (most, step) in [(1, 1), (4, 1), (5, 2), (9, 3), (100, 25), (101, 30), (1_000_000, 250_000), (i64::MAX, huge)] {
            assert_eq!(tick_step(most), step, "{most}");
        }
    }

    #[test]
    fn long_names_are_cut_and_say_so() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&"ä".repeat(60));
        assert_eq!(long.chars().count(), NAME_CHARACTERS_MAX);
        assert!(long.ends_with('…'));
    }
}

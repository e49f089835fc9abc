//! The rows of a table: everything that was counted by one dimension, rounded so that it sums to the total where it can.

use super::super::history::Counted;
use super::super::names::Names;
use super::super::plan::Plan;
use super::super::sums::Sums;
use super::super::worth::Worth;
use super::super::{Both, Which};
use super::{Dimension, Figures, Row, Table};

pub(super) fn row(key: &str, name: String, sums: &Both<Sums>) -> Row {
    let figures = |sums: &Sums| Figures::of(sums, sums.worth.rounded(), sums.unspent.rounded());
    Row { key: key.to_owned(), name, figures: sums.map(figures) }
}

/// A row that is not rounded yet.
struct Exact {
    key: String,
    name: String,
    sums: Both<Sums>,
}

pub(super) fn table(dimension: Dimension, names: &Names, plan: &Plan, counted: &Counted) -> Table {
    let tally = &counted.tally;
    let mut exact = match dimension {
        Dimension::Campaign => {
            let keys = names.campaigns.iter().map(|campaign| (campaign.id.to_string(), campaign.name.clone()));
            let keys = keys.chain([("(no campaign)".to_owned(), String::new())]);
            placed(names, keys, &tally.map(|tally| tally.campaigns.clone()))
        }
        Dimension::Funder => {
            let keys = names.funders.iter().map(|funder| (funder.clone(), String::new()));
            let funded = |which: Which| tally.of(which).funded(names, which);
            let funded = Both { current: funded(Which::Current), draft: funded(Which::Draft) };
            placed(names, keys.chain([("(nobody)".to_owned(), String::new())]), &funded)
        }
        Dimension::Store => {
            let keys = plan.stores.iter().map(|store| (store.to_string(), String::new()));
            placed(names, keys, &tally.map(|tally| tally.stores.clone()))
        }
        Dimension::Month => {
            let keys = plan.months.iter().map(|month| (format!("{:04}-{:02}", month.year, month.month), String::new()));
            placed(names, keys, &tally.map(|tally| tally.months.clone()))
        }
        Dimension::Segment if names.segments.is_empty() => Vec::new(),
        Dimension::Segment => {
            let keys = names.segments.iter().map(|segment| (names.segment_key(segment), String::new()));
            let keys = keys.chain([("(in none)".to_owned(), String::new())]);
            placed(names, keys, &tally.map(|tally| tally.segments.clone()))
        }
        Dimension::Tier => tiers(names, counted),
    };
    if !dimension.splits_receipts() {
        // What belongs to no campaign, payer or segment is a row only where there is something.
        let last = exact.len().saturating_sub(1);
        let nothing = exact.last().is_some_and(|row| Which::BOTH.iter().all(|which| row.sums.of(*which).is_nothing()));
        exact.truncate(if nothing { last } else { exact.len() });
    }
    let mut rows: Vec<Row> = match dimension.splits_cost() {
        true => rounded(exact),
        false => exact.into_iter().map(|exact| row(&exact.key, exact.name, &exact.sums)).collect(),
    };
    if dimension == Dimension::Campaign {
        rows.sort_by_key(|row| {
            let cost = |figures: &Figures| figures.cost.minor();
            let greatest = cost(&row.figures.draft).max(cost(&row.figures.current));
            (std::cmp::Reverse(row.change(cost).unsigned_abs()), std::cmp::Reverse(greatest), row.key.clone())
        });
    }
    Table { dimension, rows }
}

fn placed(names: &Names, keys: impl Iterator<Item = (String, String)>, sums: &Both<Vec<Sums>>) -> Vec<Exact> {
    let at = |which: Which, place: usize| sums.of(which).get(place).cloned().unwrap_or_else(|| Sums::new(names));
    let rows = keys.enumerate().map(|(place, (key, name))| {
        let sums = Both { current: at(Which::Current, place), draft: at(Which::Draft, place) };
        Exact { key, name, sums }
    });
    rows.collect()
}

fn tiers(names: &Names, counted: &Counted) -> Vec<Exact> {
    let mut keys: Vec<&String> = Which::BOTH.iter().flat_map(|which| counted.tally.of(*which).tiers.keys()).collect();
    keys.sort();
    keys.dedup();
    let rows = keys.into_iter().map(|key| {
        let sums = counted.tally.map(|tally| tally.tiers.get(key).cloned().unwrap_or_else(|| Sums::new(names)));
        Exact { key: key.clone(), name: String::new(), sums }
    });
    rows.collect()
}

/// Rounds the rows of a table together, so that they sum to its total.
fn rounded(exact: Vec<Exact>) -> Vec<Row> {
    let together = |which: Which, of: fn(&Sums) -> Worth| {
        let all: Vec<Worth> = exact.iter().map(|row| of(row.sums.of(which))).collect();
        Worth::rounded_together(&all)
    };
    let figures = |which: Which| -> Vec<Figures> {
        let (worths, unspent) = (together(which, |sums| sums.worth), together(which, |sums| sums.unspent));
        let rows = exact.iter().zip(worths).zip(unspent);
        rows.map(|((row, worth), unspent)| Figures::of(row.sums.of(which), worth, unspent)).collect()
    };
    let sides = figures(Which::Current).into_iter().zip(figures(Which::Draft));
    let sides: Vec<_> = sides.map(|(current, draft)| Both { current, draft }).collect();
    exact.into_iter().zip(sides).map(|(row, figures)| Row { key: row.key, name: row.name, figures }).collect()
}

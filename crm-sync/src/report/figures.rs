//! Adds up what days count, by the keys that were asked for and without any, and makes rows of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use tessera_rules::money::{Rounding, divide};

use super::accrual::Rolls;
use super::counted::Counts;
use super::{Check, Column, Dimension, Kind, MONEY, Question, ReportError, Row, Unit, Written};
use crate::mirror::assets::AssetTold;
use crate::mirror::day::{Counted, Sum};
use crate::mirror::layout::DayOfStore;

/// Numbers of rows by keys and asset, before they are written.
pub(super) type Table = BTreeMap<(Vec<String>, String), Vec<i128>>;

/// What a sum is about, by dimension.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct About<'a> {
    pub(super) asset: &'a str,
    pub(super) program: &'a str,
    pub(super) campaign: &'a str,
    pub(super) entity: &'a str,
    pub(super) till: &'a str,
    pub(super) cashier: &'a str,
}

impl About<'_> {
    /// Its keys on a day of a store.
    pub(super) fn keys(&self, by: &[Dimension], day: &DayOfStore) -> Vec<String> {
        let key = |by: &Dimension| match by {
            Dimension::Day => day.day.to_string(),
            Dimension::Program => self.program.to_owned(),
            Dimension::Campaign => self.campaign.to_owned(),
            Dimension::Store => day.store.clone(),
            Dimension::Entity => self.entity.to_owned(),
            Dimension::Till => self.till.to_owned(),
            Dimension::Cashier => self.cashier.to_owned(),
        };
        by.iter().map(key).collect()
    }
}

/// What is added up: with the keys, and without any for the totals.
#[derive(Debug)]
pub(super) struct Figures {
    from: Date,
    split: Added,
    whole: Added,
    /// Every revision up to the last day, and those of the period.
    revisions: [BTreeSet<u64>; 2],
}

#[derive(Debug)]
enum Added {
    Rolls(Rolls),
    Counts(Counts),
}

impl Added {
    fn new(question: &Question, by: &[Dimension]) -> Self {
        match question.kind {
            Kind::Accrual | Kind::Expiry | Kind::Liability | Kind::Breakage => Self::Rolls(Rolls::new(question, by)),
            Kind::Redemption | Kind::Campaign | Kind::Coupon | Kind::Prize | Kind::Till => {
                Self::Counts(Counts::new(question, by))
            }
        }
    }

    fn take(&mut self, day: &DayOfStore, sum: &Sum) {
        match self {
            Self::Rolls(rolls) => rolls.take(day, sum),
            Self::Counts(counts) => counts.take(day, sum),
        }
    }

    fn finish(self) -> (Vec<Column>, Table) {
        match self {
            Self::Rolls(rolls) => rolls.finish(),
            Self::Counts(counts) => counts.finish(),
        }
    }
}

/// Rows and totals, written.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    pub(super) totals: Vec<Row>,
}

impl Figures {
    pub(super) fn new(question: &Question) -> Self {
        let (split, whole) = (Added::new(question, &question.by), Added::new(question, &[]));
        Self { from: question.from, split, whole, revisions: Default::default() }
    }

    /// Days come in their order.
    pub(super) fn take(&mut self, day: &DayOfStore, sums: Vec<Sum>) {
        for sum in sums {
            if let Counted::Revision { revision } = sum.counted {
                let [all, of_period] = &mut self.revisions;
                all.insert(revision);
                if day.day >= self.from {
                    of_period.insert(revision);
                }
                continue;
            }
            self.split.take(day, &sum);
            self.whole.take(day, &sum);
        }
    }

    /// Every revision up to the last day, since units that were issued before the first have their worth too; and those
    /// of the period alone. Ascending.
    pub(super) fn revisions(&self) -> [Vec<u64>; 2] {
        self.revisions.each_ref().map(|revisions| revisions.iter().copied().collect())
    }

    pub(super) fn finish(self, assets: &BTreeMap<String, AssetTold>) -> Result<Parts, ReportError> {
        let (columns, split) = self.split.finish();
        let (_, mut whole) = self.whole.finish();
        let rows = rows(split, &columns, assets, &BTreeSet::new())?;
        let told: BTreeSet<String> = rows.iter().map(|row| row.asset.clone()).collect();
        for asset in &told {
            whole.entry((Vec::new(), asset.clone())).or_insert_with(|| vec![0; columns.len()]);
        }
        Ok(Parts { totals: self::rows(whole, &columns, assets, &told)?, rows, columns })
    }
}

/// Rows of a table, without those of zeros alone that are of no asset of `kept`. Worth is the last column, of the one
/// before: rounded so that rows of an asset sum to their total.
fn rows(
    table: Table,
    columns: &[Column],
    assets: &BTreeMap<String, AssetTold>,
    kept: &BTreeSet<String>,
) -> Result<Vec<Row>, ReportError> {
    let mut valued: BTreeMap<String, (i128, i64)> = BTreeMap::new();
    let mut rows = Vec::with_capacity(table.len());
    for ((keys, asset), numbers) in table {
        if numbers.iter().all(|number| *number == 0) && !kept.contains(&asset) {
            continue;
        }
        let too_large = || ReportError::TooLarge { asset: asset.clone() };
        let mut written = Vec::with_capacity(columns.len());
        for (column, number) in columns.iter().zip(&numbers) {
            written.push(match column.unit {
                Unit::Worth => {
                    let told = assets.get(&asset);
                    worth(*number, told, valued.entry(asset.clone()).or_default())
                }
                Unit::Units | Unit::Count | Unit::Share => Some(i64::try_from(*number).map_err(|_| too_large())?),
            });
        }
        rows.push(Row { keys, asset, numbers: written });
    }
    Ok(rows)
}

/// The worth of units, as a part of the worth of all units so far; none: the asset has no price.
fn worth(units: i128, told: Option<&AssetTold>, so_far: &mut (i128, i64)) -> Option<i64> {
    let (numerator, denominator) = told?.worth?;
    let units = so_far.0.saturating_add(units);
    let all = divide(units.checked_mul(i128::from(numerator))?, i128::from(denominator), Rounding::HalfUp)?;
    let part = all.checked_sub(so_far.1)?;
    *so_far = (units, all);
    Some(part)
}

impl Parts {
    /// How the assets that appear are written.
    pub(super) fn written(&self, assets: &BTreeMap<String, AssetTold>) -> BTreeMap<String, Written> {
        let mut written = BTreeMap::new();
        for row in &self.totals {
            let how = match (row.asset.strip_prefix(MONEY), assets.get(&row.asset)) {
                (Some(code), _) => {
                    let digits = tessera_rules::money::Currency::from_code(code).map_or(2, |currency| currency.minor_digits());
                    Written { digits, currency: code.to_owned(), currency_digits: digits }
                }
                (None, Some(told)) => Written {
                    digits: told.digits,
                    currency: if told.worth.is_some() { told.currency.clone() } else { String::new() },
                    currency_digits: told.currency_digits,
                },
                (None, None) => Written::default(),
            };
            written.insert(row.asset.clone(), how);
        }
        written
    }

    /// Whether rows sum to totals, and openings and movements to closings.
    pub(super) fn check(&self, question: &Question) -> Check {
        let mut faults = Vec::new();
        for total in &self.totals {
            self.check_sums(question, total, &mut faults);
        }
        for row in self.rows.iter().chain(&self.totals) {
            faults.extend(self.check_roll(row));
        }
        let text = serde_json::to_vec(&(question, &self.columns, &self.rows, &self.totals)).unwrap_or_default();
        Check { agrees: faults.is_empty(), faults, hash: blake3::hash(&text).to_hex().to_string() }
    }

    fn check_sums(&self, question: &Question, total: &Row, faults: &mut Vec<String>) {
        let is_rolled = question.kind == Kind::Accrual && question.by.contains(&Dimension::Day);
        for (place, column) in self.columns.iter().enumerate() {
            // Balances of days are no parts of a balance of the period; a share is no sum.
            let is_balance = column.name.ends_with("opening") || column.name.ends_with("closing") || column.unit == Unit::Worth;
            if column.unit == Unit::Share || (is_rolled && is_balance) {
                continue;
            }
            let numbers = self.rows.iter().filter(|row| row.asset == total.asset);
            let sum: i128 = numbers.filter_map(|row| row.numbers.get(place).copied().flatten()).map(i128::from).sum();
            let wanted = total.numbers.get(place).copied().flatten().map_or(sum, i128::from);
            if sum != wanted {
                faults.push(format!("{} of {}: rows sum to {sum}, the total is {wanted}", column.name, total.asset));
            }
        }
    }

    fn check_roll(&self, row: &Row) -> Vec<String> {
        let number = |name: &str| {
            let place = self.columns.iter().position(|column| column.name == name)?;
            row.numbers.get(place).copied().flatten().map(i128::from)
        };
        let rolls = [
            ("opening", "closing", super::accrual::MOVEMENTS.as_slice()),
            ("pending_opening", "pending_closing", &super::accrual::PENDING),
        ];
        let fault = |(opening, closing, moved): (&str, &str, &[&str])| {
            let (opened, closed) = (number(opening)?, number(closing)?);
            let moved: i128 = moved.iter().filter_map(|name| number(name)).sum();
            let is_right = opened.saturating_add(moved) == closed;
            (!is_right).then(|| format!("{} {}: {opened} and {moved} are not {closed}", row.keys.join(" "), row.asset))
        };
        rolls.into_iter().filter_map(fault).collect()
    }
}

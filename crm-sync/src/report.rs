//! Reports for finance, from the postings that the mirror sums by day: asked for, computed, told with totals and a check.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::mirror::MirrorError;
use crate::mirror::assets::AssetTold;
use crate::mirror::layout::Basis;
use crate::mirror::place::Place;
use crate::mirror::read::Reader;

mod accrual;
mod counted;
pub mod csv_file;
mod figures;
pub mod workbook;
pub mod written;

use figures::Figures;

/// What stands before the code of a currency where plain money is posted.
const MONEY: &str = "money:";
/// Days of one report: ten years.
const DAYS_MAX: i32 = 3_653;
/// How often a mirror that goes on is read before its report says that it did.
const READINGS_MAX: u32 = 8;
/// A batch is written in about so long.
const BETWEEN_READINGS: Duration = Duration::from_millis(20);

/// What is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The roll-forward of units: opening, what moved, closing; those that cannot be used yet apart.
    Accrual,
    /// What was spent and given back, where it happened.
    Redemption,
    /// What lapsed, and what is going to within the period.
    Expiry,
    /// What is owed to customers at the end of the last day.
    Liability,
    /// Which part of what was issued lapsed.
    Breakage,
    /// What campaigns gave and what was taken back, in money and units.
    Campaign,
    /// Coupons: issued, used, withdrawn.
    Coupon,
    /// Prizes: due, handed over, cancelled.
    Prize,
    /// What tills sold and took back.
    Till,
}

/// By what a report is split, beside asset or currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// The day.
    Day,
    /// The program.
    Program,
    /// The campaign: of units on lots, the one that issued them.
    Campaign,
    /// The store: of units on lots, the one that issued them; else where it happened.
    Store,
    /// The legal entity that bears it.
    Entity,
    /// The till.
    Till,
    /// The cashier.
    Cashier,
}

impl Dimension {
    /// Its name as a column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Program => "program",
            Self::Campaign => "campaign",
            Self::Store => "store",
            Self::Entity => "entity",
            Self::Till => "till",
            Self::Cashier => "cashier",
        }
    }
}

impl Kind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accrual => "accrual",
            Self::Redemption => "redemption",
            Self::Expiry => "expiry",
            Self::Liability => "liability",
            Self::Breakage => "breakage",
            Self::Campaign => "campaign",
            Self::Coupon => "coupon",
            Self::Prize => "prize",
            Self::Till => "till",
        }
    }

    /// By what it can be split.
    #[must_use]
    pub const fn dimensions(self) -> &'static [Dimension] {
        use Dimension::{Campaign, Cashier, Day, Entity, Program, Store, Till};
        match self {
            Self::Accrual | Self::Expiry | Self::Breakage => &[Day, Program, Campaign, Store],
            Self::Liability => &[Program, Campaign, Store],
            Self::Redemption | Self::Campaign => &[Day, Program, Campaign, Store, Entity, Till, Cashier],
            Self::Coupon | Self::Prize => &[Day, Program, Campaign, Store],
            Self::Till => &[Day, Store, Till, Cashier],
        }
    }

    /// Whether till days can be asked for: lots belong to ledger days.
    const fn has_till_days(self) -> bool {
        matches!(self, Self::Redemption | Self::Campaign | Self::Coupon | Self::Prize | Self::Till)
    }
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is reported.
    pub kind: Kind,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// By what it is split, in this order.
    #[serde(default)]
    pub by: Vec<Dimension>,
    /// By which of its dates an outcome counts.
    #[serde(default = "ledger")]
    pub basis: Basis,
}

fn ledger() -> Basis {
    Basis::Ledger
}

/// What a column counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Unit {
    /// Of the row's asset or currency.
    Units,
    /// Money, by the worth of the row's asset.
    Worth,
    /// Things.
    Count,
    /// Hundredths of a percent.
    Share,
}

/// A column of numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
}

/// A row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// By what the report is split, in the question's order.
    pub keys: Vec<String>,
    /// The asset, `money:` and a currency, or empty where things are counted.
    pub asset: String,
    /// The numbers, smallest units; none: not known, as the worth of an asset without a price.
    pub numbers: Vec<Option<i64>>,
}

/// How an asset's numbers are written.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Written {
    /// Digits of its units.
    pub digits: u32,
    /// Currency of its worth. Empty: it has no price.
    pub currency: String,
    /// Digits of that currency.
    pub currency_digits: u32,
}

/// What was found wrong with a report before it is told; empty everywhere but where something is broken.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Check {
    /// Rows sum to the totals, and each opening and its movements to its closing.
    pub agrees: bool,
    /// What does not agree.
    pub faults: Vec<String>,
    /// BLAKE3 over question, rows and totals, in hex: the same report has the same.
    pub hash: String,
}

/// A report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// What was asked.
    pub question: Question,
    /// The columns of numbers.
    pub columns: Vec<Column>,
    /// The rows, ascending by keys.
    pub rows: Vec<Row>,
    /// A total for each asset or currency.
    pub totals: Vec<Row>,
    /// How each asset is written.
    pub written: BTreeMap<String, Written>,
    /// Revisions that outcomes of the period were computed with.
    pub revisions: Vec<u64>,
    /// The ledger's time zone, whose days these are.
    pub time_zone: String,
    /// How far the feed was folded.
    pub folded: Place,
    /// The last ledger day that is closed. Empty: none, or not known.
    pub closed_through: String,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// The check line.
    pub check: Check,
}

/// There is no such report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The days are in the wrong order, or too many.
    #[error("the days from {from} to {to} are not in order, or more than ten years")]
    Days {
        /// The first.
        from: Date,
        /// The last.
        to: Date,
    },
    /// It cannot be split so.
    #[error("{kind} cannot be split by {by}: only by {}", possible.join(", "))]
    By {
        /// Which report.
        kind: &'static str,
        /// By what.
        by: &'static str,
        /// What is possible.
        possible: Vec<&'static str>,
    },
    /// Named twice.
    #[error("{by} is named twice")]
    Twice {
        /// Which.
        by: &'static str,
    },
    /// Lots have no till days.
    #[error("{kind} is of ledger days alone: units lie on lots, which tills know nothing of")]
    TillDays {
        /// Which report.
        kind: &'static str,
    },
    /// A sum does not fit 64 bits.
    #[error("a sum of {asset} does not fit 64 bits")]
    TooLarge {
        /// Of which asset.
        asset: String,
    },
    /// The mirror cannot be read.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

impl Kind {
    /// Whether days before the period have a part in it: what rolls forward begins with the first there ever was, and
    /// units may have their worth from a revision of then.
    fn needs_days_before(self) -> bool {
        match self {
            Self::Accrual | Self::Expiry | Self::Liability | Self::Breakage | Self::Redemption | Self::Campaign => true,
            Self::Coupon | Self::Prize | Self::Till => false,
        }
    }
}

impl Question {
    /// Whether it can be answered.
    ///
    /// # Errors
    /// Says why not.
    pub fn check(&self) -> Result<(), ReportError> {
        let (from, to, kind) = (self.from, self.to, self.kind);
        let days = to.since(from).map(|span| span.get_days()).unwrap_or(-1);
        if !(0..=DAYS_MAX).contains(&days) {
            return Err(ReportError::Days { from, to });
        }
        if self.basis == Basis::Till && !kind.has_till_days() {
            return Err(ReportError::TillDays { kind: kind.name() });
        }
        for (place, by) in self.by.iter().enumerate() {
            if !kind.dimensions().contains(by) {
                let possible = kind.dimensions().iter().map(|by| by.name()).collect();
                return Err(ReportError::By { kind: kind.name(), by: by.name(), possible });
            }
            if self.by.iter().take(place).any(|earlier| earlier == by) {
                return Err(ReportError::Twice { by: by.name() });
            }
        }
        Ok(())
    }
}

/// Computes a report. A mirror that goes on while it is read is read again; where it never stands still, the report says
/// so.
///
/// # Errors
/// The question cannot be answered, a sum is too large, or the mirror cannot be read.
pub async fn compute(reader: &Reader, question: &Question, closed_through: Option<Date>) -> Result<Report, ReportError> {
    question.check()?;
    for _ in 1..READINGS_MAX {
        if let (report, true) = read(reader, question, closed_through).await? {
            return Ok(report);
        }
        tokio::time::sleep(BETWEEN_READINGS).await;
    }
    let (mut report, is_of_one_moment) = read(reader, question, closed_through).await?;
    if !is_of_one_moment {
        report.notes.push("the mirror went on while it was read: some sums have later outcomes in them than others".to_owned());
    }
    Ok(report)
}

/// A report as the mirror is now, and whether all of it is of the moment that it names: rows are written before the
/// position, so a sum with a later outcome than the position's is of another.
async fn read(reader: &Reader, question: &Question, closed_through: Option<Date>) -> Result<(Report, bool), ReportError> {
    let folded = reader.folded().await?.unwrap_or_default();
    let mut figures = Figures::new(question);
    let mut is_of_one_moment = true;
    let days = reader.days(question.basis, question.to).await?;
    for day in days.into_iter().filter(|day| question.kind.needs_days_before() || day.day >= question.from) {
        let sums = reader.sums(&day).await?;
        is_of_one_moment &= sums.iter().all(|sum| sum.folded <= folded.place);
        figures.take(&day, sums);
    }
    let [all_revisions, revisions] = figures.revisions();
    let assets = told(reader, &all_revisions).await?;
    let parts = figures.finish(&assets)?;
    let check = parts.check(question);
    let report = Report {
        written: parts.written(&assets),
        notes: notes(question, closed_through),
        question: question.clone(),
        columns: parts.columns,
        rows: parts.rows,
        totals: parts.totals,
        revisions,
        time_zone: folded.time_zone,
        folded: folded.place,
        closed_through: closed_through.map(|day| day.to_string()).unwrap_or_default(),
        check,
    };
    Ok((report, is_of_one_moment))
}

/// What the newest of these revisions that knows an asset says of it.
async fn told(reader: &Reader, revisions: &[u64]) -> Result<BTreeMap<String, AssetTold>, ReportError> {
    let mut told = BTreeMap::new();
    for revision in revisions {
        let assets = reader.assets(*revision).await?.unwrap_or_default();
        told.extend(assets.into_iter().map(|asset| (asset.asset.clone(), asset)));
    }
    Ok(told)
}

fn notes(question: &Question, closed_through: Option<Date>) -> Vec<String> {
    let mut notes = Vec::new();
    match closed_through {
        Some(closed) if closed >= question.to => {}
        Some(closed) => notes.push(format!("days after {closed} are not closed: what lapsed on them is not posted yet")),
        None => notes.push("no day is known to be closed: what lapsed may not be posted yet".to_owned()),
    }
    if question.basis == Basis::Till {
        notes.push("days are till days: what is found late still counts for them".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests;

//! The answer to a what-if: rows of figures on both sides, rounded so that each table sums to the total.

use std::sync::Arc;

use jiff::civil::Date;
use tessera_rules::money::{Amount, Currency, Units};

use super::changed::ChangedReceipt;
use super::history::Counted;
use super::names::{AssetName, Names};
use super::plan::Plan;
use super::sums::{AssetSums, Sums};
use super::worth::Worth;
use super::{Both, Question, Rules, Which};

mod dimension;
mod notes;
mod rows;

pub(crate) use dimension::Dimension;

/// Bytes of a revision's hash that are shown.
const HASH_BYTES_SHOWN: usize = 6;

/// What was found out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Report {
    pub(crate) rules: Both<RulesName>,
    pub(crate) currency: Currency,
    pub(crate) receipts: i64,
    pub(crate) returns: i64,
    pub(crate) customers: u64,
    pub(crate) first_day: Date,
    pub(crate) last_day: Date,
    /// The assets that rows have units of, in their order.
    pub(crate) assets: Vec<AssetRow>,
    pub(crate) total: Row,
    /// One for each [`Dimension`], in that order.
    pub(crate) tables: Vec<Table>,
    /// The receipts that change most, the greatest change first.
    pub(crate) changed: Vec<Changed>,
    /// What a reader of any answer must know to read its figures rightly.
    pub(crate) reading: Vec<String>,
    /// What is to be known of this answer alone.
    pub(crate) remarks: Vec<String>,
}

/// A side by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RulesName {
    pub(crate) name: String,
    /// The beginning of the revision's hash, hexadecimal.
    pub(crate) hash: String,
    pub(crate) campaigns: usize,
}

/// Rows by one dimension.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Table {
    pub(crate) dimension: Dimension,
    pub(crate) rows: Vec<Row>,
}

/// A row on both sides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    /// Of a campaign its name; else empty.
    pub(crate) name: String,
    pub(crate) figures: Both<Figures>,
}

impl Row {
    /// Draft less current.
    pub(crate) fn change(&self, of: impl Fn(&Figures) -> i64) -> i64 {
        of(&self.figures.draft).saturating_sub(of(&self.figures.current))
    }
}

/// The figures of a row on one side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Figures {
    pub(crate) receipts: i64,
    pub(crate) touched: i64,
    pub(crate) turnover: Amount,
    pub(crate) discount: Amount,
    pub(crate) goods: Amount,
    pub(crate) units: Vec<Units>,
    pub(crate) worth: Amount,
    /// Discount, goods and worth.
    pub(crate) cost: Amount,
    pub(crate) unspent: Amount,
}

impl Figures {
    fn of(sums: &Sums, worth: Amount, unspent: Amount) -> Self {
        Self {
            receipts: sums.receipts,
            touched: sums.touched,
            turnover: sums.turnover,
            discount: sums.discount,
            goods: sums.goods,
            units: sums.units.clone(),
            worth,
            cost: sums.discount + sums.goods + worth,
            unspent,
        }
    }
}

/// An asset on both sides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AssetRow {
    pub(crate) id: String,
    pub(crate) scale: u32,
    pub(crate) figures: Both<AssetFigures>,
}

/// What became of an asset on one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AssetFigures {
    pub(crate) issued: Units,
    pub(crate) redeemed: Units,
    pub(crate) lapsed: Units,
    pub(crate) unspent: Units,
    pub(crate) unspent_worth: Amount,
}

impl AssetFigures {
    fn of(sums: &AssetSums, unspent_worth: Amount) -> Self {
        let lapsed = sums.issued - sums.redeemed - sums.unspent;
        Self { issued: sums.issued, redeemed: sums.redeemed, lapsed, unspent: sums.unspent, unspent_worth }
    }
}

/// A receipt that changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Changed {
    pub(crate) receipt_id: String,
    pub(crate) store: Arc<str>,
    pub(crate) business_date: Date,
    pub(crate) rung_up: Amount,
    pub(crate) figures: Both<ChangedFigures>,
}

/// What a receipt came to on one side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ChangedFigures {
    pub(crate) paid: Amount,
    pub(crate) discount: Amount,
    pub(crate) goods: Amount,
    pub(crate) units: Vec<Units>,
    pub(crate) worth: Amount,
    pub(crate) cost: Amount,
    /// Ids of the campaigns that were applied.
    pub(crate) campaigns: Vec<String>,
}

impl Report {
    pub(super) fn of(question: &Question, names: &Names, plan: &Plan, counted: Counted) -> Self {
        let all = counted.tally.map(|tally| tally.all.clone());
        let returns = counted.tally.draft.returns;
        let mut report = Self {
            rules: question.rules.map(rules_name),
            currency: question.currency,
            receipts: all.draft.receipts,
            returns,
            customers: plan.customers,
            first_day: plan.first_day,
            last_day: plan.last_day,
            assets: assets(names, &counted),
            total: rows::row("total", String::new(), &all),
            tables: Vec::new(),
            changed: counted.changed.receipts.iter().map(|receipt| changed(names, receipt)).collect(),
            reading: Vec::new(),
            remarks: Vec::new(),
        };
        report.tables = Dimension::ALL.into_iter().map(|dimension| rows::table(dimension, names, plan, &counted)).collect();
        report.reading = notes::reading(&report);
        report.remarks = notes::remarks(question, &report, &counted);
        report
    }

    /// Whether no figure differs.
    pub(crate) fn is_same(&self) -> bool {
        let same = |row: &Row| row.figures.current == row.figures.draft;
        same(&self.total) && self.tables.iter().flat_map(|table| &table.rows).all(same) && self.changed.is_empty()
    }

    /// The rows by one dimension.
    pub(crate) fn rows(&self, dimension: Dimension) -> &[Row] {
        self.tables.iter().find(|table| table.dimension == dimension).map_or(&[], |table| &table.rows)
    }
}

fn rules_name(rules: &Rules) -> RulesName {
    let hash = rules.revision.hash();
    RulesName {
        name: rules.name.clone(),
        hash: data_encoding::HEXLOWER.encode(hash.get(..HASH_BYTES_SHOWN).unwrap_or_default()),
        campaigns: rules.revision.campaigns().len(),
    }
}

fn assets(names: &Names, counted: &Counted) -> Vec<AssetRow> {
    let figures = |which: Which| -> Vec<AssetFigures> {
        let sums = &counted.tally.of(which).assets;
        let worths: Vec<Worth> = sums.iter().map(|sums| sums.unspent_worth).collect();
        sums.iter().zip(Worth::rounded_together(&worths)).map(|(sums, worth)| AssetFigures::of(sums, worth)).collect()
    };
    let sides = figures(Which::Current).into_iter().zip(figures(Which::Draft));
    let row = |(asset, (current, draft)): (&AssetName, _)| AssetRow {
        id: asset.id.to_string(),
        scale: asset.scale,
        figures: Both { current, draft },
    };
    names.assets.iter().zip(sides).map(row).collect()
}

fn changed(names: &Names, receipt: &ChangedReceipt) -> Changed {
    let name = |place: &usize| names.campaigns.get(*place).map(|campaign| campaign.id.to_string());
    Changed {
        receipt_id: receipt.receipt_id.clone(),
        store: Arc::clone(&receipt.store),
        business_date: receipt.business_date,
        rung_up: receipt.rung_up,
        figures: receipt.seen.map(|seen| {
            let worth = seen.given.worth.rounded();
            ChangedFigures {
                paid: seen.paid,
                discount: seen.given.discount,
                goods: seen.given.goods,
                units: seen.given.units.clone(),
                worth,
                cost: seen.given.discount + seen.given.goods + worth,
                campaigns: seen.campaigns.iter().filter_map(name).collect(),
            }
        }),
    }
}

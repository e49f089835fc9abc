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

/// What rows are by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dimension {
    Campaign,
    Funder,
    Tier,
    Store,
    Month,
}

impl Dimension {
    pub(crate) const ALL: [Self; 5] = [Self::Campaign, Self::Funder, Self::Tier, Self::Store, Self::Month];

    /// As a heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Campaign => "By campaign",
            Self::Funder => "Who pays",
            Self::Tier => "By tier",
            Self::Store => "By store",
            Self::Month => "By month",
        }
    }

    /// As a column of keys.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Funder => "funded by",
            Self::Tier => "tier",
            Self::Store => "store",
            Self::Month => "month",
        }
    }

    /// As a file, and a sheet.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Campaign => "campaigns",
            Self::Funder => "funding",
            Self::Tier => "tiers",
            Self::Store => "stores",
            Self::Month => "months",
        }
    }

    /// Whether a receipt counts in one row only, so that receipts and turnover sum to the total too.
    pub(crate) const fn splits_receipts(self) -> bool {
        match self {
            Self::Campaign | Self::Funder => false,
            Self::Tier | Self::Store | Self::Month => true,
        }
    }
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
            total: row("total", String::new(), &all),
            tables: Vec::new(),
            changed: counted.changed.receipts.iter().map(|receipt| changed(names, receipt)).collect(),
            reading: reading(),
            remarks: Vec::new(),
        };
        report.tables = Dimension::ALL.into_iter().map(|dimension| table(dimension, names, plan, &counted)).collect();
        report.remarks = remarks(question, &report, &counted);
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

fn row(key: &str, name: String, sums: &Both<Sums>) -> Row {
    let figures = |sums: &Sums| Figures::of(sums, sums.worth.rounded(), sums.unspent.rounded());
    Row { key: key.to_owned(), name, figures: sums.map(figures) }
}

/// A row that is not rounded yet.
struct Exact {
    key: String,
    name: String,
    sums: Both<Sums>,
}

fn table(dimension: Dimension, names: &Names, plan: &Plan, counted: &Counted) -> Table {
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
        Dimension::Tier => tiers(names, counted),
    };
    if !dimension.splits_receipts() {
        // What belongs to no campaign is a row only where there is something.
        let last = exact.len().saturating_sub(1);
        let nothing = exact.last().is_some_and(|row| Which::BOTH.iter().all(|which| row.sums.of(*which).is_nothing()));
        exact.truncate(if nothing { last } else { exact.len() });
    }
    let mut rows = rounded(exact);
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

/// What a reader of any answer must know.
fn reading() -> Vec<String> {
    [
        "Cost is the discount, the ordinary price of goods added for nothing, and the worth of all units given; what customers will not spend of these is not taken off.",
        "A campaign's and a payer's receipts and turnover are those of the receipts on which they did something; one receipt may stand in several rows. All other columns sum to the total.",
        "A tier is the one that the customer had on that side when buying, so a row's receipts may differ between the sides.",
        "Every customer begins with an empty account on both sides: no points, tiers, counters, facts or lists from before the first receipt, so what depends on them is given later, or less often, than it will be.",
    ]
    .map(str::to_owned)
    .into()
}

/// What is to be known of this answer alone.
fn remarks(question: &Question, report: &Report, counted: &Counted) -> Vec<String> {
    let mut remarks = Vec::new();
    if question.weeks != 0 {
        remarks.push(format!("All receipts were moved by {} weeks, so that they fall into the draft's time. Weekdays stay, and so do times in UTC: where clocks were put forward or back in between, the hour on the wall differs by one.", question.weeks));
    }
    if report.total.figures.draft.touched == 0 {
        remarks.push("The draft did nothing on any receipt: look at the dates, stores and products of its campaigns. --as-of DATE moves the receipts into the time of a draft that begins later.".to_owned());
    }
    for which in Which::BOTH {
        let unproven = counted.tally.of(which).unproven;
        if unproven > 0 {
            let side = match which {
                Which::Current => "the current revision",
                Which::Draft => "the draft",
            };
            remarks
                .push(format!("On {unproven} receipts the best deal under {side} is the best found, not proven to be the best."));
        }
    }
    remarks
}

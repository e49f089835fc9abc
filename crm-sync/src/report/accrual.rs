//! Units on lots as they roll forward: opening, what moved, closing; those that cannot be used yet apart.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::figures::{About, Table};
use super::{Column, Dimension, Kind, Question, Unit};
use crate::mirror::day::{Counted, Sum};
use crate::mirror::layout::DayOfStore;
use crate::mirror::lots::{Coming, Movement};

/// The columns between opening and closing.
pub(super) const MOVEMENTS: [&str; 7] = ["issued", "restored", "redeemed", "expired", "clawed_back", "adjusted", "moved"];
/// The columns between the opening and closing of what cannot be used yet.
pub(super) const PENDING: [&str; 3] = ["pending_issued", "vested", "pending_taken"];

/// One key's units as they roll.
#[derive(Clone, Default, Debug)]
struct Roll {
    opening: i128,
    moved: [i128; 7],
    pending_opening: i128,
    pending: [i128; 3],
    /// Of what lapses within the period, or up to its end, what is not posted.
    lapsing: i128,
}

impl Roll {
    fn closing(&self) -> i128 {
        self.opening.saturating_add(self.moved.iter().sum())
    }

    fn pending_closing(&self) -> i128 {
        self.pending_opening.saturating_add(self.pending.iter().sum())
    }

    /// What comes next opens with what this closes with.
    fn next(&self) -> Self {
        Self { opening: self.closing(), pending_opening: self.pending_closing(), lapsing: self.lapsing, ..Self::default() }
    }

    fn is_nothing(&self) -> bool {
        let balances = [self.opening, self.pending_opening, self.lapsing];
        balances.into_iter().chain(self.moved).chain(self.pending).all(|number| number == 0)
    }

    fn add(&mut self, sum: &Sum) {
        let number = |place: usize| sum.numbers.get(place).copied().unwrap_or(0);
        let add = |to: Option<&mut i128>, units: i128| {
            if let Some(to) = to {
                *to = to.saturating_add(units);
            }
        };
        match &sum.counted {
            Counted::Lots { movement, .. } => {
                add(self.moved.get_mut(place(*movement)), number(0));
                add(self.pending.get_mut(if *movement == Movement::Issued { 0 } else { 2 }), number(1));
            }
            Counted::Coming { coming: Coming::Vests, .. } => add(self.pending.get_mut(1), number(0).saturating_neg()),
            Counted::Coming { coming: Coming::Lapses, .. } => add(Some(&mut self.lapsing), number(0)),
            Counted::Book { .. } | Counted::Sales { .. } | Counted::Right { .. } | Counted::Revision { .. } => {}
        }
    }
}

const fn place(movement: Movement) -> usize {
    match movement {
        Movement::Issued => 0,
        Movement::Restored => 1,
        Movement::Redeemed => 2,
        Movement::Expired => 3,
        Movement::ClawedBack => 4,
        Movement::Adjusted => 5,
        Movement::Moved => 6,
    }
}

/// Rolls by key and asset, from the first day there is to the last that was asked for.
#[derive(Debug)]
pub(super) struct Rolls {
    kind: Kind,
    from: Date,
    to: Date,
    by: Vec<Dimension>,
    /// The day that is being taken, and the first that was not written.
    today: Date,
    rolls: BTreeMap<(Vec<String>, String), Roll>,
    table: Table,
}

impl Rolls {
    pub(super) fn new(question: &Question, by: &[Dimension]) -> Self {
        Self {
            kind: question.kind,
            from: question.from,
            to: question.to,
            by: by.to_vec(),
            today: Date::MIN,
            rolls: BTreeMap::new(),
            table: Table::new(),
        }
    }

    fn is_by_day(&self) -> bool {
        self.by.contains(&Dimension::Day)
    }

    /// Sums of days come in the order of the days.
    pub(super) fn take(&mut self, day: &DayOfStore, sum: &Sum) {
        let (Counted::Lots { asset, program, campaign, .. } | Counted::Coming { asset, program, campaign, .. }) = &sum.counted
        else {
            return;
        };
        self.move_to(day.day);
        let about = About { asset, program, campaign, ..About::default() };
        // The day itself is a key only when a row is written.
        let by: Vec<Dimension> = self.by.iter().copied().filter(|by| *by != Dimension::Day).collect();
        self.rolls.entry((about.keys(&by, day), about.asset.to_owned())).or_default().add(sum);
    }

    /// Ends every day before this one.
    fn move_to(&mut self, day: Date) {
        if self.today < self.from && day >= self.from {
            self.forward();
            if self.kind != Kind::Liability {
                self.rolls.values_mut().for_each(|roll| roll.lapsing = 0);
            }
            self.today = self.from;
        }
        while self.is_by_day() && self.today >= self.from && self.today < day {
            self.write(Some(self.today));
            self.forward();
            self.rolls.values_mut().for_each(|roll| roll.lapsing = 0);
            self.today = self.today.saturating_add(1.day());
        }
        self.today = self.today.max(day);
    }

    fn forward(&mut self) {
        self.rolls.values_mut().for_each(|roll| *roll = roll.next());
    }

    fn write(&mut self, day: Option<Date>) {
        for ((keys, asset), roll) in &self.rolls {
            if roll.is_nothing() {
                continue;
            }
            let mut keys = keys.clone();
            if let (Some(day), Some(place)) = (day, self.by.iter().position(|by| *by == Dimension::Day)) {
                keys.insert(place.min(keys.len()), day.to_string());
            }
            self.table.insert((keys, asset.clone()), numbers(self.kind, roll));
        }
    }

    pub(super) fn finish(mut self) -> (Vec<Column>, Table) {
        self.move_to(self.to);
        let last = self.is_by_day().then_some(self.to);
        self.write(last);
        (columns(self.kind), self.table)
    }
}

fn columns(kind: Kind) -> Vec<Column> {
    let column = |name: &str, unit: Unit| Column { name: name.to_owned(), unit };
    let units = |names: &[&str]| names.iter().map(|name| column(name, Unit::Units)).collect::<Vec<_>>();
    let mut columns = match kind {
        Kind::Expiry => units(&["expired", "not_posted_yet"]),
        Kind::Liability => units(&["usable", "pending", "closing", "lapsed_not_posted"]),
        Kind::Breakage => {
            let mut columns = units(&["issued", "expired"]);
            columns.push(column("share_percent", Unit::Share));
            return columns;
        }
        Kind::Accrual | Kind::Redemption | Kind::Campaign | Kind::Coupon | Kind::Prize | Kind::Till => {
            let names = ["opening"].into_iter().chain(MOVEMENTS).chain(["closing", "pending_opening"]).chain(PENDING);
            units(&names.chain(["pending_closing"]).collect::<Vec<_>>())
        }
    };
    columns.push(column("worth", Unit::Worth));
    columns
}

/// The numbers of a row; what is worth something stands again where its worth is made of it.
fn numbers(kind: Kind, roll: &Roll) -> Vec<i128> {
    let [issued, _, _, expired, ..] = roll.moved;
    let closing = roll.closing();
    match kind {
        Kind::Expiry => vec![expired.saturating_neg(), roll.lapsing, expired.saturating_neg()],
        Kind::Liability => {
            let pending = roll.pending_closing();
            vec![closing.saturating_sub(pending), pending, closing, roll.lapsing, closing]
        }
        Kind::Breakage => {
            let share = expired.saturating_neg().saturating_mul(10_000).checked_div(issued).unwrap_or(0);
            vec![issued, expired.saturating_neg(), share]
        }
        Kind::Accrual | Kind::Redemption | Kind::Campaign | Kind::Coupon | Kind::Prize | Kind::Till => {
            let mut numbers = vec![roll.opening];
            numbers.extend(roll.moved);
            numbers.extend([closing, roll.pending_opening]);
            numbers.extend(roll.pending);
            numbers.extend([roll.pending_closing(), closing]);
            numbers
        }
    }
}

//! What is counted where it happened: books, rights and sales within the period.

use jiff::civil::Date;

use super::figures::{About, Table};
use super::{Column, Dimension, Kind, MONEY, Question, Unit};
use crate::mirror::day::{Counted, Right, SALES, Sum};
use crate::mirror::layout::DayOfStore;

/// Sums by key and asset.
#[derive(Debug)]
pub(super) struct Counts {
    kind: Kind,
    from: Date,
    by: Vec<Dimension>,
    table: Table,
}

impl Counts {
    pub(super) fn new(question: &Question, by: &[Dimension]) -> Self {
        Self { kind: question.kind, from: question.from, by: by.to_vec(), table: Table::new() }
    }

    pub(super) fn take(&mut self, day: &DayOfStore, sum: &Sum) {
        if day.day < self.from {
            return;
        }
        match &sum.counted {
            Counted::Book { asset, program, campaign, entity, till, cashier, book, reason } => {
                let about = About { asset, program, campaign, entity, till, cashier };
                if let Some(place) = place_of_book(self.kind, asset, (book, reason)) {
                    let units = sum.numbers.first().copied().unwrap_or(0);
                    // What was given and what came back are told above zero.
                    let units = if place == 0 && self.kind == Kind::Campaign || place == 1 && self.kind == Kind::Redemption {
                        units.saturating_neg()
                    } else {
                        units
                    };
                    self.add(day, &about, place, units);
                }
            }
            Counted::Sales { till, cashier, currency } if self.kind == Kind::Till => {
                let asset = format!("{MONEY}{currency}");
                let about = About { asset: &asset, till, cashier, ..About::default() };
                for (place, number) in sum.numbers.iter().enumerate() {
                    self.add(day, &about, place, *number);
                }
            }
            Counted::Right { program, campaign, right, state, .. } => {
                if let Some(place) = place_of_right(self.kind, *right, state) {
                    let about = About { program, campaign, ..About::default() };
                    self.add(day, &about, place, sum.numbers.first().copied().unwrap_or(0));
                }
            }
            Counted::Sales { .. } | Counted::Lots { .. } | Counted::Coming { .. } | Counted::Revision { .. } => {}
        }
    }

    fn add(&mut self, day: &DayOfStore, about: &About<'_>, place: usize, number: i128) {
        let width = columns(self.kind).len();
        let numbers = self.table.entry((about.keys(&self.by, day), about.asset.to_owned())).or_insert_with(|| vec![0; width]);
        if let Some(total) = numbers.get_mut(place) {
            *total = total.saturating_add(number);
        }
    }

    pub(super) fn finish(mut self) -> (Vec<Column>, Table) {
        for numbers in self.table.values_mut() {
            if let [first, second, net, rest @ ..] = numbers.as_mut_slice()
                && matches!(self.kind, Kind::Redemption | Kind::Campaign)
            {
                *net = first.saturating_sub(*second);
                rest.fill(*net);
            }
        }
        (columns(self.kind), self.table)
    }
}

fn place_of_book(kind: Kind, asset: &str, (book, reason): (&str, &str)) -> Option<usize> {
    match (kind, book) {
        // What people correct is neither given nor taken back by a campaign.
        (Kind::Campaign, _) if reason == "POSTING_REASON_ADJUSTED" => None,
        (Kind::Campaign, "BOOK_KIND_ISSUED") => Some(0),
        (Kind::Campaign, "BOOK_KIND_RETURNED") => Some(1),
        (Kind::Redemption, "BOOK_KIND_REDEEMED") if !asset.starts_with(MONEY) => {
            ["POSTING_REASON_REDEEMED", "POSTING_REASON_RESTORED"].iter().position(|known| *known == reason)
        }
        _ => None,
    }
}

fn place_of_right(kind: Kind, right: Right, state: &str) -> Option<usize> {
    let states: &[&str] = match (kind, right) {
        (Kind::Coupon, Right::Coupon) => &["issued", "used", "withdrawn"],
        (Kind::Prize, Right::Prize) => &["due", "handed_over", "cancelled"],
        _ => &[],
    };
    states.iter().position(|known| *known == state)
}

fn columns(kind: Kind) -> Vec<Column> {
    let of = |names: &[&str], unit: Unit| names.iter().map(|name| Column { name: (*name).to_owned(), unit }).collect::<Vec<_>>();
    let mut columns = match kind {
        Kind::Redemption => of(&["redeemed", "restored", "net"], Unit::Units),
        Kind::Campaign => of(&["given", "taken_back", "net"], Unit::Units),
        Kind::Coupon => return of(&["issued", "used", "withdrawn"], Unit::Count),
        Kind::Prize => return of(&["due", "handed_over", "cancelled"], Unit::Count),
        Kind::Till | Kind::Accrual | Kind::Expiry | Kind::Liability | Kind::Breakage => {
            let unit = |place: usize| if place < 3 { Unit::Count } else { Unit::Units };
            let named = SALES.iter().enumerate();
            return named.map(|(place, name)| Column { name: (*name).to_owned(), unit: unit(place) }).collect();
        }
    };
    columns.push(Column { name: "worth".to_owned(), unit: Unit::Worth });
    columns
}

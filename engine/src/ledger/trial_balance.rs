//! The trial balance: what lots and books held before the first day asked for, what moved and why, and what they hold at
//! the end of the last one.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tessera_ledger::day::{Held, LedgerDay, Movement, Place, roll_forward};
use tessera_ledger::posting::PostingReason;

use super::LedgerError;
use super::book::closed_days;
use crate::engine::Engine;

/// A trial balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialBalance {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub through: Date,
    /// What each place held, what moved, and what it holds; in order, without places that never held or moved anything.
    pub rows: Vec<TrialBalanceRow>,
    /// The hash of the last day, which fixes every figure. None: it is not closed, and figures may still grow.
    pub hash: Option<[u8; 32]>,
}

/// One place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialBalanceRow {
    /// Where.
    pub place: Place,
    /// Smallest units before the first day.
    pub opening: i128,
    /// What moved, by reason, in order; none of it zero.
    pub moved: Vec<(PostingReason, i128)>,
    /// Smallest units at the end of the last day: the opening and all that moved.
    pub closing: i128,
}

/// A day, closed or not.
struct Day {
    date: Date,
    movements: Vec<Movement>,
    hash: Option<[u8; 32]>,
}

impl Engine {
    /// The trial balance of the days asked for; none named: of everything that was ever booked.
    ///
    /// # Errors
    /// The storage fails, a closed day is not what it was, or there are no such days.
    pub async fn trial_balance(&self, from: Option<Date>, through: Option<Date>) -> Result<TrialBalance, LedgerError> {
        let mut book = self.core.ledger.book().await;
        book.read_feed(self.core.storage.as_ref()).await?;
        let closed = closed_days(self.core.storage.as_ref()).await?;
        let open = book.open_days().map(|(date, tally)| Day { date, movements: tally.movements(), hash: None });
        let days: Vec<Day> = closed.into_iter().map(Day::from).chain(open).collect();
        let first = days.first().map(|day| day.date).ok_or_else(|| LedgerError::Asked("nothing was ever booked".to_owned()))?;
        let last = days.last().map_or(first, |day| day.date);
        let (from, through) = (from.unwrap_or(first), through.unwrap_or(last));
        if from > through {
            return Err(LedgerError::Asked(format!("{from} is later than {through}")));
        }
        if through > last {
            return Err(LedgerError::Asked(format!("nothing was booked on {through} yet; the last day is {last}")));
        }
        Ok(balance(&days, from, through))
    }
}

impl From<LedgerDay> for Day {
    fn from(day: LedgerDay) -> Self {
        Self { date: day.date, hash: Some(day.hash()), movements: day.movements }
    }
}

fn balance(days: &[Day], from: Date, through: Date) -> TrialBalance {
    let mut opening: Vec<Held> = Vec::new();
    let mut moved: BTreeMap<&Place, BTreeMap<PostingReason, i128>> = BTreeMap::new();
    let mut hash = None;
    for day in days.iter().filter(|day| day.date <= through) {
        if day.date < from {
            opening = roll_forward(&opening, &day.movements);
            continue;
        }
        for movement in &day.movements {
            let sum = moved.entry(&movement.place).or_default().entry(movement.reason).or_default();
            *sum = sum.saturating_add(movement.units);
        }
        hash = day.hash.filter(|_| day.date == through);
    }
    let mut rows: BTreeMap<&Place, TrialBalanceRow> = BTreeMap::new();
    let row = |place: &Place| TrialBalanceRow { place: place.clone(), opening: 0, moved: Vec::new(), closing: 0 };
    for held in &opening {
        let row = rows.entry(&held.place).or_insert_with(|| row(&held.place));
        (row.opening, row.closing) = (held.units, held.units);
    }
    for (place, reasons) in moved {
        let row = rows.entry(place).or_insert_with(|| row(place));
        row.moved = reasons.into_iter().filter(|(_, units)| *units != 0).collect();
        row.closing = row.moved.iter().fold(row.opening, |sum, (_, units)| sum.saturating_add(*units));
    }
    TrialBalance { from, through, rows: rows.into_values().collect(), hash }
}

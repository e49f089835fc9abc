//! The ledger of all accounts: its days are closed one after another, each is fixed by a hash over it and the day
//! before, and everything can be proven from the feed.
//!
//! INVARIANT: nothing is booked on a day that is being closed or is closed. Every batch of the desk holds the gate while
//! it is worked through and committed; closing shuts the gate for a moment, moves it to the first moment of the next
//! day, and only then reads what the feed has.

mod adjust;
mod book;
mod close;
mod error;
mod service;
mod trial_balance;
mod verify;
mod wire;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tessera_ledger::account::Account;
use tessera_ledger::closing::DaySpan;
use tessera_ledger::lot::{Lot, LotKind};
use tokio::sync::{Mutex, RwLock, RwLockReadGuard};

pub use adjust::AdjustmentStatement;
pub(crate) use adjust::signers;
pub(crate) use book::Book;
pub(crate) use close::keep_closing;
pub use error::LedgerError;
pub use service::Ledger;
pub use trial_balance::{TrialBalance, TrialBalanceRow};
pub use verify::{Finding, Progress, Verified, verify};

/// What the engine knows of its ledger days.
#[derive(Debug)]
pub(crate) struct LedgerDays {
    /// From when on something may be booked.
    open_from: RwLock<Timestamp>,
    /// What the feed has of the days that are open; whoever closes a day holds it.
    book: Mutex<Book>,
}

impl LedgerDays {
    /// As the storage has them.
    pub(crate) fn new(book: Book, zone: &TimeZone) -> Self {
        let closed = book.latest().and_then(|day| span(zone, day.date));
        let open_from = closed.and_then(|day| following(&day)).unwrap_or(Timestamp::MIN);
        Self { open_from: RwLock::new(open_from), book: Mutex::new(book) }
    }

    /// Enters the gate: as long as the guard lives, no day from this moment on is closed.
    pub(crate) async fn enter(&self) -> RwLockReadGuard<'_, Timestamp> {
        self.open_from.read().await
    }

    /// Shuts a day: waits for who is inside, and whoever enters from now on books behind it.
    async fn shut(&self, day: &DaySpan) {
        let mut open_from = self.open_from.write().await;
        if let Some(next) = following(day) {
            *open_from = next.max(*open_from);
        }
    }
}

/// The first moment behind a day.
fn following(day: &DaySpan) -> Option<Timestamp> {
    day.last.checked_add(jiff::SignedDuration::from_nanos(1)).ok()
}

/// A ledger day as a stretch of time; none at the end of all time.
pub(crate) fn span(zone: &TimeZone, date: Date) -> Option<DaySpan> {
    // Where midnight does not exist or is twice, the day begins as early as it can.
    let begins = |date: Date| date.to_zoned(zone.clone()).ok().map(|begin| begin.timestamp());
    let next = begins(date.tomorrow().ok()?)?;
    Some(DaySpan { date, from: begins(date)?, last: next.checked_sub(jiff::SignedDuration::from_nanos(1)).ok()? })
}

/// The days on which something lapses or becomes usable in an account that did not do so before.
pub(crate) fn due_days(before: Option<&Account>, after: &Account, zone: &TimeZone) -> BTreeSet<Date> {
    let known = before.map_or(&[][..], |before| before.lots.as_slice());
    let times = |lot: &Lot| {
        let vests = (lot.kind == LotKind::Earned && lot.vests_at > lot.booked_at).then_some(lot.vests_at);
        vests.into_iter().chain(lot.expires_at)
    };
    let is_new = |time: &Timestamp| !known.iter().any(|lot| times(lot).any(|known| known == *time));
    after.lots.iter().flat_map(times).filter(is_new).map(|time| zone.to_datetime(time).date()).collect()
}

#[cfg(test)]
mod tests;

//! The close of a ledger day in one account: what lapsed and what became usable by its end is posted.
//!
//! Expiry and vesting act by time on every read; these postings only make the books say so. They name no campaign's
//! doing and no till takes part.

use std::mem;

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::id::ReceiptId;
use tessera_rules::money::Currency;

use crate::account::Account;
use crate::aside::Aside;
use crate::booking::Booking;
use crate::lot::{Lot, LotKind};
use crate::outcome::{Outcome, OutcomeKind};
use crate::posting::is_balanced;

/// A ledger day as a stretch of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DaySpan {
    /// The day.
    pub date: Date,
    /// Its first moment in the ledger's time zone.
    pub from: Timestamp,
    /// Its last moment: the first of the next day less one nanosecond.
    pub last: Timestamp,
}

/// What the close of a day made of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayPosted {
    /// The account after it.
    pub account: Account,
    /// The record: postings without lines.
    pub outcome: Outcome,
    /// The lots that lapsed: a return of the goods that earned one takes back what lapsed of it first.
    pub aside: Aside,
}

impl Account {
    /// Posts what lapsed by the end of the day and what became usable within it. None: there is nothing to post.
    ///
    /// A lot that became usable and was used up within one day is not there any more: its use says that it was usable.
    #[must_use]
    pub fn post_day(&self, id: &ReceiptId, day: &DaySpan, currency: Currency) -> Option<DayPosted> {
        assert!(day.from <= day.last, "a day has a beginning and an end");
        let vested = |lot: &Lot| {
            lot.kind == LotKind::Earned && lot.booked_at < lot.vests_at && (day.from..=day.last).contains(&lot.vests_at)
        };
        let mut next = self.clone();
        let mut booking = Booking::new(mem::take(&mut next.lots), id, day.last);
        booking.lapse();
        let vesting: Vec<Lot> = booking.lots.iter().filter(|lot| vested(lot)).cloned().collect();
        vesting.iter().for_each(|lot| booking.vest(lot));
        if booking.postings.is_empty() {
            return None;
        }
        next.lots = booking.lots;
        next.booked_at_last = next.booked_at(day.last);
        next.outcomes = next.outcomes.saturating_add(1);
        assert!(is_balanced(&booking.postings), "postings sum to zero per asset (P5)");
        assert!(next.check().is_ok(), "the close of a day keeps the account's invariants");
        let (postings, aside) = (booking.postings, booking.aside);
        let outcome = Outcome {
            account: Some(self.id.clone()),
            postings,
            ..Outcome::without_lines(OutcomeKind::Expiry, id.clone(), day.last, day.date, currency)
        };
        Some(DayPosted { account: next, outcome, aside })
    }
}

#[cfg(test)]
mod tests;

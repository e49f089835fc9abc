//! Adjustment: people correct what an account holds. Nothing is edited: a correction is a further outcome.

use std::mem;

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::id::{AssetId, ProgramId, ReceiptId};
use tessera_rules::money::{Currency, Units};

use crate::account::Account;
use crate::arithmetic::negated;
use crate::booking::{Booking, Credit, Debit};
use crate::outcome::{Outcome, OutcomeKind};
use crate::posting::{Book, PostingReason, is_balanced};
use crate::profile::Profiled;

/// A correction.
#[derive(Clone, Debug)]
pub struct Adjustment<'a> {
    /// Its minted id.
    pub id: &'a ReceiptId,
    /// What is corrected.
    pub asset: &'a AssetId,
    /// The program whose book bears it.
    pub program: &'a ProgramId,
    /// Above zero: given; below: taken, and what is not there is owed. Never zero.
    pub units: Units,
    /// Until when what is given can be used; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// BLAKE3 over what the people signed.
    pub content_hash: [u8; 32],
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// The store's currency, of the amounts of zero in the outcome.
    pub currency: Currency,
}

/// Carries a correction out: from the book of what was issued, and to it. What is promised to open quotes stays theirs.
#[must_use]
pub fn adjust(account: &Account, adjustment: &Adjustment<'_>) -> Profiled {
    assert!(!adjustment.units.is_zero(), "a correction of nothing is none");
    let mut next = account.clone();
    let now = next.booked_at(adjustment.booked_at);
    let mut booking = Booking::new(mem::take(&mut next.lots), adjustment.id, now);
    if adjustment.units.is_positive() {
        booking.credit(Credit {
            asset: adjustment.asset.clone(),
            program: adjustment.program.clone(),
            campaign: None,
            of: None,
            units: adjustment.units,
            vests_at: now,
            expires_at: adjustment.expires_at,
            book: Book::Issued,
            reason: PostingReason::Adjust,
        });
    } else {
        let holds: Vec<_> = next.open_quotes.iter().filter(|quote| quote.is_open(now)).flat_map(|quote| &quote.holds).collect();
        let free = booking.free(adjustment.asset, &holds);
        let debit = Debit {
            asset: adjustment.asset,
            program: adjustment.program,
            campaign: None,
            of: None,
            units: negated(adjustment.units),
            book: Book::Issued,
            reason: PostingReason::Adjust,
        };
        booking.spend(debit, free);
    }
    booking.store(&mut next);
    next.booked_at_last = now;
    next.outcomes = next.outcomes.saturating_add(1);
    assert!(is_balanced(&booking.postings), "postings sum to zero per asset (P5)");
    assert!(next.check().is_ok(), "a correction keeps the account's invariants");
    let outcome = Outcome {
        content_hash: adjustment.content_hash,
        account: Some(next.id.clone()),
        postings: booking.postings,
        ..Outcome::without_lines(
            OutcomeKind::Adjustment,
            adjustment.id.clone(),
            now,
            adjustment.booking_date,
            adjustment.currency,
        )
    };
    Profiled { account: next, outcome, aside: booking.aside }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold::OpenQuote;
    use crate::testing::*;

    fn adjusted(account: &Account, change: i64) -> Profiled {
        let adjustment = Adjustment {
            id: &receipt_id("adjust-1"),
            asset: &asset(POINTS),
            program: &program(),
            units: units(change),
            expires_at: Some(at(500)),
            content_hash: [4; 32],
            booked_at: at(20),
            booking_date: day(),
            currency: gbp(),
        };
        let done = adjust(account, &adjustment);
        assert_eq!((done.outcome.kind, done.outcome.place.is_none()), (OutcomeKind::Adjustment, true));
        done
    }

    fn left(account: &Account) -> Vec<i64> {
        account.lots.iter().map(|lot| lot.left.units()).collect()
    }

    #[test]
    fn what_is_given_pays_debts_first_and_ends_when_it_is_said() {
        let done = adjusted(&with_lots(vec![lot("owed", -30, 0, None)]), 100);
        assert_eq!(left(&done.account), [70]);
        assert_eq!(done.account.lots[0].expires_at, Some(at(500)));
    }

    #[test]
    fn p4_what_is_taken_leaves_what_is_promised_and_the_rest_is_owed() {
        let mut before = with_lots(vec![lot("first", 40, 0, Some(900)), lot("second", 40, 0, None)]);
        before.open_quotes = vec![OpenQuote {
            receipt: receipt_id("q"),
            till: till(),
            quote_no: 1,
            attempt: 0,
            holds: vec![hold(30)],
            until: at(35),
        }];
        assert_eq!(left(&adjusted(&before, -50).account), [30], "earliest end first");
        assert_eq!(left(&adjusted(&before, -60).account), [30, -10], "30 are promised");
        before.open_quotes.clear();
        assert_eq!(left(&adjusted(&before, -60).account), [20]);
    }
}

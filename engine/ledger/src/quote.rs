//! Quote: holds what is promised. Each quote replaces all holds of its receipt (H7).

use jiff::Timestamp;
use tessera_rules::decision::Promise;
use tessera_rules::id::ReceiptId;
use tessera_rules::receipt::Place;

use crate::account::Account;
use crate::entry::TillPlace;
use crate::hold::{OpenQuote, is_something};
use crate::limits::{HOLDS_MAX, HOLDS_TOTAL_MAX, OPEN_QUOTES_MAX};

/// A quote that was answered.
#[derive(Clone, Debug)]
pub struct OpenQuoteCommand<'a> {
    /// The receipt.
    pub receipt: &'a ReceiptId,
    /// Where the till stands that asks.
    pub place: &'a Place,
    /// Grows with each quote of a receipt.
    pub quote_no: u32,
    /// The cashier's decisions on the receipt so far.
    pub attempt: u32,
    /// Now, by the engine's clock.
    pub now: Timestamp,
    /// Until when what is promised is held, exclusive, by the engine's clock alone.
    pub until: Timestamp,
    /// What is promised; empty: nothing scarce.
    pub promises: &'a [Promise],
    /// The receipt whose holds it takes over.
    pub supersedes: Option<&'a ReceiptId>,
}

/// Why a quote is not answered, in order of precedence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuoteRefusal {
    /// What the receipt holds was promised to another till (H73): evaluate with `no_promises` and promise nothing.
    #[error("the receipt was quoted for another till")]
    QuotedElsewhere,
    /// A later quote of the receipt has been answered: this one is a late copy.
    #[error("quote {highest} of this receipt has been answered already")]
    Superseded {
        /// The greatest number answered.
        highest: u32,
    },
    /// There is no room for what it promises: evaluate with `no_promises` and promise nothing.
    #[error("too many quotes of this account are open, at most {OPEN_QUOTES_MAX}")]
    TooManyOpenQuotes,
    /// The account has reached its size: evaluate with `no_promises` and promise nothing.
    #[error("the account has no room for what is promised")]
    AccountFull,
}

/// Puts what a quote promised into the account.
///
/// # Errors
/// An open quote of the receipt is another till's, a later one was answered, or there is no room.
pub fn open_quote(account: &Account, command: &OpenQuoteCommand<'_>) -> Result<Account, QuoteRefusal> {
    check_number(account, command)?;
    let mut next = account.clone();
    let now = account.booked_at(command.now);
    next.open_quotes.retain(|quote| quote.is_open(now) && command.supersedes != Some(&quote.receipt));
    let holds = holds_of(command.promises);
    let place = next.open_quotes.binary_search_by(|quote| quote.receipt.cmp(command.receipt));
    if holds.is_empty() && place.is_err() {
        return Ok(next);
    }
    let entry = OpenQuote {
        receipt: command.receipt.clone(),
        till: TillPlace::from(command.place),
        quote_no: command.quote_no,
        attempt: command.attempt,
        holds,
        until: command.until,
    };
    match place {
        Ok(place) => {
            #[expect(clippy::indexing_slicing, reason = "the search found this place")]
            let known = &mut next.open_quotes[place];
            // An entry that holds nothing any more keeps its time: it only remembers the number.
            let until = if entry.holds.is_empty() { known.until } else { entry.until.max(known.until) };
            *known = OpenQuote { until, ..entry };
        }
        Err(place) => next.open_quotes.insert(place, entry),
    }
    if !has_room(&next) {
        return Err(QuoteRefusal::TooManyOpenQuotes);
    }
    if crate::booking::exceeds_bytes(&next) {
        return Err(QuoteRefusal::AccountFull);
    }
    assert!(next.check().is_ok(), "a quote keeps the account's invariants");
    Ok(next)
}

/// What a quote holds of what it promises: of each limit once, whichever campaigns use it.
fn holds_of(promises: &[Promise]) -> Vec<Promise> {
    let mut holds: Vec<Promise> = Vec::with_capacity(promises.len());
    for promise in promises.iter().filter(|promise| is_something(promise)) {
        let mut own = promise.clone();
        if let Promise::Uses { by, .. } | Promise::Budget { by, .. } = &mut own {
            *by = None;
        }
        if !holds.iter_mut().any(|held| joined(held, &own)) {
            holds.push(own);
        }
    }
    holds
}

/// Adds a hold to one of the same limit; whether it was.
fn joined(held: &mut Promise, more: &Promise) -> bool {
    match (held, more) {
        (
            Promise::Uses { campaign, member, usage, .. },
            Promise::Uses { campaign: other, member: other_member, usage: more, .. },
        ) if (&*campaign, &*member) == (other, other_member) => {
            *usage = usage.plus(*more);
            true
        }
        (Promise::Budget { campaign, usage, .. }, Promise::Budget { campaign: other, usage: more, .. }) if campaign == other => {
            *usage = usage.plus(*more);
            true
        }
        _ => false,
    }
}

/// Whether a quote must be written: it promises something, replaces something, or takes something over.
#[must_use]
pub fn must_write(account: &Account, command: &OpenQuoteCommand<'_>) -> bool {
    let now = account.booked_at(command.now);
    let concerned = |quote: &OpenQuote| quote.receipt == *command.receipt || command.supersedes == Some(&quote.receipt);
    command.promises.iter().any(is_something) || account.open_quotes.iter().any(|quote| quote.is_open(now) && concerned(quote))
}

fn check_number(account: &Account, command: &OpenQuoteCommand<'_>) -> Result<(), QuoteRefusal> {
    let now = account.booked_at(command.now);
    let known = account.open_quotes.iter().find(|quote| quote.is_open(now) && quote.receipt == *command.receipt);
    match known {
        Some(known) if known.till != TillPlace::from(command.place) => Err(QuoteRefusal::QuotedElsewhere),
        Some(known) if command.quote_no < known.quote_no => Err(QuoteRefusal::Superseded { highest: known.quote_no }),
        Some(_) | None => Ok(()),
    }
}

fn has_room(account: &Account) -> bool {
    let held: usize = account.open_quotes.iter().map(|quote| quote.holds.len()).sum();
    account.open_quotes.len() <= OPEN_QUOTES_MAX
        && held <= HOLDS_TOTAL_MAX
        && account.open_quotes.iter().all(|quote| quote.holds.len() <= HOLDS_MAX)
}

#[cfg(test)]
mod tests;

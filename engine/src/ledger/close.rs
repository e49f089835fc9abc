//! Closing: a ledger day is shut, what lapsed on it is posted, and what was booked on it is fixed for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tessera_contract::refusal::Refusal;
use tessera_ledger::closing::DaySpan;
use tessera_ledger::day::LedgerDay;
use tessera_rules::id::AccountId;
use tokio::sync::MutexGuard;

use super::book::Book;
use super::{LedgerError, span};
use crate::core::Core;
use crate::desk::{Case, DayCase};
use crate::engine::Engine;
use crate::layout::{self, ACCOUNTS, AggregateKey};

/// Accounts whose expiry is posted at the same time: some groups of the storage.
const ACCOUNTS_AT_ONCE: usize = 512;
/// Accounts found at once.
const PAGE: usize = 10_000;
/// Broken accounts that a day remembers.
const SET_ASIDE_MAX: usize = 1_000;
/// How often it is looked whether a day is over.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long after its end a day is closed by itself: calls that began before midnight mostly end on their day.
const CLOSE_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// What is waited before an account is asked again whose queue is full.
const CROWDED_WAIT: Duration = Duration::from_millis(20);

impl Engine {
    /// Closes the ledger day behind the last closed one, where it is over by `now`. None: none is.
    ///
    /// # Errors
    /// The storage fails, or what it holds cannot be trusted. Nothing is closed then, and the next try goes on.
    pub async fn close_day(&self, now: Timestamp) -> Result<Option<LedgerDay>, LedgerError> {
        let mut book = self.core.ledger.book().await;
        let storage = self.core.storage.as_ref();
        let span_of = |date| span(&self.core.settings.ledger_time_zone, date).ok_or(LedgerError::NoSuchDay(date));
        let found = book.next_to_close(storage).await?.filter(|date| *date < self.core.ledger_day(now));
        let Some(found) = found else { return Ok(None) };
        self.core.ledger.shut(&span_of(found)?).await;
        // At the first close an earlier day may have been under way to the feed until the gate was shut.
        let date = book.next_to_close(storage).await?.unwrap_or(found);
        let day = span_of(date)?;
        let set_aside = self.post_accounts(&book, day).await?;
        book.read_feed(storage).await?;
        let closed = LedgerDay::close(book.latest(), date, &book.tally(date), set_aside, now)?;
        if let Err(error) = book.seal(storage, closed.clone()).await {
            // Somebody else closed it, or whether it was written is unknown: what is there now says so.
            *book = Book::open(storage).await?;
            return Err(error);
        }
        drop(book);
        self.core.take_away_hints(date).await?;
        metrics::counter!("tessera_ledger_days_closed_total").increment(1);
        tracing::info!(%date, outcomes = closed.outcomes, postings = closed.postings, "a ledger day was closed");
        Ok(Some(closed))
    }

    /// The day that was closed last.
    pub async fn closed_through(&self) -> Option<Date> {
        self.core.ledger.book().await.latest().map(|day| day.date)
    }

    /// Posts what lapsed in every account that is due. Returns those that are broken.
    async fn post_accounts(&self, book: &Book, day: DaySpan) -> Result<Vec<AccountId>, LedgerError> {
        let is_first = book.latest().is_none();
        let mut due: BTreeSet<AccountId> = book.latest().map(|day| day.set_aside.iter().cloned().collect()).unwrap_or_default();
        let mut broken = Vec::new();
        let mut after: Option<bytes::Bytes> = None;
        loop {
            let keys = self.core.due_accounts(is_first, day.date, after.as_deref()).await?;
            due.extend(keys.iter().filter_map(|key| AccountId::parse(std::str::from_utf8(key).ok()?).ok()));
            broken.extend(self.post_all(&std::mem::take(&mut due), DayCaseOf { day, put_under_days: is_first }).await?);
            match keys.last() {
                Some(last) => after = Some(last.clone()),
                None => break,
            }
        }
        broken.truncate(SET_ASIDE_MAX);
        Ok(broken)
    }

    async fn post_all(&self, accounts: &BTreeSet<AccountId>, of: DayCaseOf) -> Result<Vec<AccountId>, LedgerError> {
        let mut broken = Vec::new();
        let mut running = FuturesUnordered::new();
        let mut left = accounts.iter();
        loop {
            while running.len() < ACCOUNTS_AT_ONCE
                && let Some(account) = left.next()
            {
                running.push(self.post_account(account, of));
            }
            match running.next().await {
                Some(Ok(None)) => {}
                Some(Ok(Some(account))) => broken.push(account),
                Some(Err(error)) => return Err(error),
                None => return Ok(broken),
            }
        }
    }

    /// Posts one account's; an account that is broken comes back, and the others go on.
    async fn post_account(&self, account: &AccountId, of: DayCaseOf) -> Result<Option<AccountId>, LedgerError> {
        loop {
            let case = Case::Day(DayCase { day: of.day, put_under_days: of.put_under_days });
            match self.at_desk(AggregateKey::Account(account.clone()), case).await {
                Ok(_) => return Ok(None),
                Err(Refusal::Quarantined) => return Ok(Some(account.clone())),
                Err(Refusal::TooManyWaiting { .. } | Refusal::OutcomeUnknown) => tokio::time::sleep(CROWDED_WAIT).await,
                Err(refusal) => {
                    return Err(LedgerError::Post { account: account.to_string(), refusal: Box::new(refusal) });
                }
            }
        }
    }
}

/// What is posted in each account.
#[derive(Clone, Copy)]
struct DayCaseOf {
    day: DaySpan,
    put_under_days: bool,
}

impl super::LedgerDays {
    /// What the feed has of the open days; whoever has it is alone with it.
    pub(super) async fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().await
    }
}

impl Core {
    /// Accounts in which something is due on a day; at the first close of a storage, all of them.
    async fn due_accounts(&self, all: bool, date: Date, after: Option<&[u8]>) -> Result<Vec<bytes::Bytes>, LedgerError> {
        if all {
            let heads = self.storage.heads(ACCOUNTS, after, PAGE).await?;
            return Ok(heads.into_iter().map(|(key, _)| key).collect());
        }
        let hints = self.storage.hints(layout::due_bucket(date), after, PAGE).await?;
        Ok(hints.into_iter().map(|hint| hint.key).collect())
    }

    /// The day's index has done its work.
    async fn take_away_hints(&self, date: Date) -> Result<(), LedgerError> {
        let bucket = layout::due_bucket(date);
        loop {
            let hints = self.storage.hints(bucket, None, PAGE).await?;
            if hints.is_empty() {
                return Ok(());
            }
            let mut closing: FuturesUnordered<_> = hints.iter().map(|hint| self.storage.close_hint(bucket, &hint.key)).collect();
            while let Some(closed) = closing.next().await {
                closed?;
            }
        }
    }
}

/// Closes each day a minute after it is over, until it is dropped. A storage made for replay has the times of its
/// receipts, and its days are closed by hand.
pub(crate) async fn keep_closing(engine: Engine) {
    if engine.core.settings.replay {
        return std::future::pending().await;
    }
    loop {
        let now = engine.core.clock.now();
        let closed = engine.close_day(now.checked_sub(CLOSE_AFTER).unwrap_or(now)).await;
        if let Err(error) = &closed {
            metrics::counter!("tessera_ledger_close_failed_total").increment(1);
            tracing::error!(%error, "a ledger day could not be closed");
        }
        if !matches!(closed, Ok(Some(_))) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

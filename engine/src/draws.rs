//! Draws: their tickets are read from the feed, closed once, drawn once (`tessera_ledger::draw`), and kept for ever.
//!
//! An account keeps how many tickets of a draw it has; which of their numbers a return took is told by outcomes alone.
//! So closing a draw reads all outcomes, as a proof of the ledger does, and keeps the list with the place in the feed up to
//! which it was read. Holding it reads from there on, and what was given back since is out.

mod record;
mod scan;
mod service;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use compact_str::CompactString;
use tessera_contract::fault::Fault;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::code::ticket_series;
use tessera_ledger::draw::{Spelling, SpellingError, Terms, TicketList, commitment, draw};
use tessera_rules::id::AccountId;
use tessera_storage::{CommitError, Cursor, StorageError, Version};

use crate::blob::{self, BlobError};
use crate::core::Core;
use crate::heads::{BACK_OFF, Written};
use crate::layout;

use record::{Closed, Held, Record, Tickets, Winner};
pub use service::Draws;

/// Tickets of one draw: in memory they take 8 bytes each, and their list some ten more while it is read.
pub(crate) const TICKETS_MAX: u64 = 20_000_000;

/// A draw could not be closed or held.
#[derive(Debug)]
enum Failed {
    /// The engine or the storage could not.
    Engine(Refusal),
    /// The draw is not in the state for it.
    Draw(DrawRefusal),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Engine(refusal)
    }
}

impl From<DrawRefusal> for Failed {
    fn from(refusal: DrawRefusal) -> Self {
        Self::Draw(refusal)
    }
}

/// Why a draw is neither closed nor held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DrawRefusal {
    NoTickets,
    AlreadyClosed,
    NotClosed,
    AlreadyHeld,
}

/// How a draw is to be closed.
#[derive(Clone, Debug)]
struct Closing {
    draw: String,
    winners: u32,
    one_each: bool,
    source: String,
    spelling: Option<Spelling>,
}

impl Core {
    /// Fixes a draw's list and secret.
    async fn close_draw(&self, closing: Closing) -> Result<Record, Failed> {
        if self.draw_record(&closing.draw).await?.1.is_some() {
            return Err(DrawRefusal::AlreadyClosed.into());
        }
        let (tickets, cursor) = self.scan_tickets(&closing.draw, &Cursor::default()).await?.good();
        if tickets.accounts.is_empty() {
            return Err(DrawRefusal::NoTickets.into());
        }
        let listed = move || {
            let list = tickets.list();
            (tickets, list.digest(), list.len(), list.series())
        };
        let (tickets, list, count, accounts) = self.aside(listed).await?;
        self.keep_tickets(&list, &tickets).await?;
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret).map_err(|error| self.internal(&error.to_string()))?;
        let record = Record {
            draw: closing.draw,
            closed: Closed {
                at: self.clock.now(),
                winners: closing.winners,
                one_each: closing.one_each,
                source: closing.source,
                numbers: closing.spelling.map(|spelling| spelling.to_string()).unwrap_or_default(),
                secret,
                list,
                tickets: u64::try_from(count).unwrap_or(u64::MAX),
                accounts: u64::try_from(accounts).unwrap_or(u64::MAX),
                cursor: cursor.0.to_vec(),
            },
            held: None,
        };
        self.keep_draw(&record, Version::NONE, DrawRefusal::AlreadyClosed).await?;
        Ok(record)
    }

    /// Keeps tickets under the digest of their list. The record alone closes a draw: tickets whose list no record names,
    /// left by an attempt that came to nothing, are nobody's.
    async fn keep_tickets(&self, list: &[u8; 32], tickets: &Tickets) -> Result<(), Refusal> {
        let bytes = tickets.encode().ok_or_else(|| self.internal("a list of tickets cannot be encoded"))?;
        let stored = blob::store(self.storage.as_ref(), &layout::draw_tickets(list), &bytes).await;
        stored.map_err(|error| match &error {
            // Another call keeps the same list at this moment, or is before us: a repeat finds it.
            BlobError::Commit { source: CommitError::Conflict { .. } | CommitError::Busy, .. } => {
                Refusal::TooManyWaiting { retry_after: BACK_OFF }
            }
            BlobError::Commit { source: CommitError::Unknown(_), .. } => Refusal::OutcomeUnknown,
            BlobError::Commit { source: CommitError::Storage(why), .. } | BlobError::Storage(why) => self.storage_refusal(why),
            BlobError::Commit { source: CommitError::ClaimTaken { .. } | CommitError::TooLarge { .. }, .. }
            | BlobError::Taken { .. }
            | BlobError::Damaged { .. } => self.internal(&error.to_string()),
        })
    }

    /// Finds and keeps the winners.
    async fn hold_draw(&self, draw_id: &str, value: String) -> Result<Record, Failed> {
        let (version, Some(mut record)) = self.draw_record(draw_id).await? else { return Err(DrawRefusal::NotClosed.into()) };
        if record.held.is_some() {
            return Err(DrawRefusal::AlreadyHeld.into());
        }
        let value = spelt(&record, value)?;
        let tickets = self.draw_tickets(&record).await?;
        let since = self.scan_tickets(draw_id, &Cursor(Bytes::from(record.closed.cursor.clone()))).await?;
        let closed = record.closed.clone();
        let (of_value, gone) = (value.clone(), since.taken_by_series());
        let found = self.aside(move || winners(&tickets, &closed, &of_value, &gone)).await?;
        let changed = || self.quarantined(draw_id, &damaged(draw_id, "the tickets are not those that the draw was closed with"));
        let mut held = found.ok_or_else(changed)?;
        (held.at, held.value) = (self.clock.now(), value);
        for winner in &mut held.winners {
            winner.customers = self.customers_of(&winner.account).await?;
        }
        record.held = Some(held);
        self.keep_draw(&record, version, DrawRefusal::AlreadyHeld).await?;
        Ok(record)
    }

    /// Does what takes long beside the threads that answer calls.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        tokio::task::spawn_blocking(work).await.map_err(|error| self.internal(&error.to_string()))
    }

    async fn customers_of(&self, account: &str) -> Result<Vec<String>, Refusal> {
        let id = AccountId::parse(account).map_err(|error| self.internal(&error.to_string()))?;
        let head = self.storage.head(&layout::account(&id)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok(Vec::new()) };
        let account = Account::decode(&head.value).map_err(|error| self.quarantined(account, &error))?;
        Ok(account.members.iter().map(|member| member.customer.as_str().to_owned()).collect())
    }

    async fn draw_record(&self, draw: &str) -> Result<(Version, Option<Record>), Refusal> {
        let head = self.storage.head(&layout::draw(draw)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok((Version::NONE, None)) };
        let broken = || self.quarantined(draw, &damaged(draw, "no record of a draw of this program"));
        Ok((head.version, Some(Record::decode(&head.value).ok_or_else(broken)?)))
    }

    /// The tickets that a draw was closed with.
    async fn draw_tickets(&self, record: &Record) -> Result<Tickets, Refusal> {
        let broken = |what| self.quarantined(&record.draw, &damaged(&record.draw, what));
        let read = blob::load(self.storage.as_ref(), &layout::draw_tickets(&record.closed.list)).await;
        let bytes = read.map_err(|error| self.internal(&error.to_string()))?;
        let bytes = bytes.ok_or_else(|| broken("the tickets of a closed draw are not there"))?;
        Tickets::decode(&bytes).ok_or_else(|| broken("no list of tickets of this program"))
    }

    /// Keeps a record where it has still this version; whoever was quicker has closed or held the draw.
    async fn keep_draw(&self, record: &Record, expected: Version, beaten: DrawRefusal) -> Result<(), Failed> {
        let head = record.encode().ok_or_else(|| self.internal("a record of a draw cannot be encoded"))?;
        match self.write_head(layout::draw(&record.draw), expected, head).await? {
            Written::Done => Ok(()),
            Written::Beaten => Err(beaten.into()),
            Written::Unknown => Err(Refusal::OutcomeUnknown.into()),
        }
    }
}

/// The value in the one way in which this draw has it written.
fn spelt(record: &Record, value: String) -> Result<String, Refusal> {
    let fault =
        |error: SpellingError| Refusal::Invalid(vec![Fault { field: "value".to_owned(), description: error.to_string().into() }]);
    let spelling = wire::spelling(&record.closed.numbers).map_err(fault)?;
    match spelling {
        None => Ok(value),
        Some(spelling) => spelling.spell(&value).map_err(fault),
    }
}

fn damaged(draw: &str, what: &str) -> StorageError {
    StorageError::Damaged { place: format!("draw {draw}"), what: what.to_owned() }
}

/// Draws. None: the tickets are not those that the draw was closed with.
fn winners(tickets: &Tickets, closed: &Closed, value: &str, gone: &BTreeSet<(CompactString, u32)>) -> Option<Held> {
    let list = tickets.list();
    if list.digest() != closed.list {
        return None;
    }
    let terms = Terms {
        draw: &tickets.draw,
        list: closed.list,
        secret: closed.secret,
        value,
        winners: usize::try_from(closed.winners).unwrap_or(usize::MAX),
        one_each: closed.one_each,
    };
    let drawn = draw(&list, &terms, |series, place| gone.contains(&(series.into(), place)));
    let number = |index: &usize| list.ticket(*index).map(|(series, place)| format!("{series}-{place}"));
    let won: BTreeSet<&str> = drawn.winners.iter().filter_map(|index| Some(list.ticket(*index)?.0)).collect();
    let whose = tickets.accounts_of(&won);
    let winner = |index: &usize| {
        let account = whose.get(list.ticket(*index)?.0)?.as_str().to_owned();
        Some(Winner { ticket: number(index)?, account, customers: Vec::new() })
    };
    Some(Held {
        at: closed.at,
        value: String::new(),
        seed: drawn.seed,
        winners: drawn.winners.iter().filter_map(winner).collect(),
        out: drawn.out.iter().filter_map(number).collect(),
        again: u64::try_from(drawn.again).unwrap_or(u64::MAX),
    })
}

impl Tickets {
    /// In the order in which they are drawn from.
    fn list(&self) -> TicketList {
        TicketList::new(self.accounts.iter().flat_map(|(account, stretches)| {
            let series = ticket_series(account, &self.draw);
            let places = stretches.iter().flat_map(|(first, last)| *first..=*last);
            places.map(move |place| (series.clone(), place))
        }))
    }

    /// Whose some series are.
    fn accounts_of(&self, series: &BTreeSet<&str>) -> BTreeMap<CompactString, &AccountId> {
        let named = self.accounts.iter().map(|(account, _)| (ticket_series(account, &self.draw), account));
        named.filter(|(name, _)| series.contains(name.as_str())).collect()
    }
}

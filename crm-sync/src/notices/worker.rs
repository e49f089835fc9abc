//! Works notices off: looks at what is due, carries out what `plan` says, and writes each attempt down before it is made (H62).
//!
//! A pass takes what is due at its time, the earliest deadline first, and says when the next one is worth it. Whoever calls it
//! waits until then, or until the book has moved; nothing here waits for time to pass.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tessera_storage::Version;

use super::book::{self, Book, BookError, Kept};
use super::codes::Sent;
use super::contact::Contacts;
use super::health::{Condition, Health};
use super::layout;
use super::notice::{Notice, Outage, State};
use super::progress;
use super::quiet::QuietHours;
use super::route::Route;
use super::scan::{Entry, Scan};
use super::wording::Wording;

mod send;

/// Notices that are worked on at once.
const PAGE_MAX: usize = 64;
/// Pages of one pass: then whoever waits for something else has its turn.
const PASS_PAGES_MAX: usize = 32;
/// A time without any route is an outage when it has lasted so long.
const OUTAGE_MIN: SignedDuration = SignedDuration::from_mins(1);
/// Outages that are remembered.
const OUTAGES_MAX: usize = 200;

/// What the time is.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// How notices are sent.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When customers are not to be woken; none: never mind.
    pub quiet: Option<QuietHours>,
    /// Where customers live who said nothing else.
    pub zone: TimeZone,
    /// The fact that says where they live, as a time zone; none: nobody is asked.
    pub zone_fact: Option<String>,
    /// How long a delivery receipt is waited for after an attempt of unknown fate.
    pub unknown_wait: SignedDuration,
    /// How long one is waited for otherwise.
    pub receipt_wait: SignedDuration,
    /// Codes that are sent in an hour, whatever they are for.
    pub codes_hour_max: usize,
}

/// What a worker works with.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The book.
    pub book: Arc<Book>,
    /// How customers are reached.
    pub contacts: Arc<dyn Contacts>,
    /// What notices say.
    pub wording: Wording,
    /// The routes.
    pub routes: Vec<Route>,
    /// How they are used.
    pub rules: Rules,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The one who works a book off.
#[derive(Debug)]
pub struct Worker {
    tools: Tools,
    scan: Scan,
    health: Vec<Mutex<Health>>,
    outages: Kept<Vec<Outage>>,
    codes: Mutex<Sent>,
}

/// What became of an entry.
#[derive(Debug)]
enum Handled {
    /// Nothing is to be done any more, or somebody else has put it elsewhere.
    Done,
    /// It is looked at again.
    Open(Entry),
    /// It cannot go on before this time, nor can what comes behind.
    Blocked(Entry, Timestamp),
}

impl Worker {
    /// Goes on where the book stands.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn open(tools: Tools) -> Result<Self, BookError> {
        let now = tools.clock.now();
        let scan = Scan::open(&tools.book, now).await?;
        let outages = tools.book.outages().await?;
        let health = tools
            .routes
            .iter()
            .map(|Route { settings, .. }| Mutex::new(Health::new(settings.per_second, settings.window, now)))
            .collect();
        let codes = Mutex::new(Sent::new(tools.rules.codes_hour_max));
        Ok(Self { tools, scan, health, outages, codes })
    }

    /// Works off what is due now; says when to come again, if nothing moves before.
    ///
    /// # Errors
    /// The storage failed: what the disk holds can only be told by opening anew.
    pub async fn pass(&mut self) -> Result<Timestamp, BookError> {
        for _ in 0..PASS_PAGES_MAX {
            self.scan.touched(&self.tools.book).await?;
            let now = self.tools.clock.now();
            let room = match self.room(now) {
                Ok(room) => room,
                Err(until) => {
                    self.note_outage(now).await?;
                    return Ok(until);
                }
            };
            let page = self.page(room, now).await?;
            if page.is_empty() {
                self.note_outage(now).await?;
                self.scan.advance(&self.tools.book, now).await?;
                return Ok(self.scan.wake(now));
            }
            let this = &*self;
            let handled = page.into_iter().map(|entry| this.handle(entry, now));
            let handled: Vec<Handled> = stream::iter(handled).buffer_unordered(PAGE_MAX).try_collect().await?;
            let now = self.tools.clock.now();
            let mut blocked: Option<Timestamp> = None;
            for handled in handled {
                match handled {
                    Handled::Done => {}
                    Handled::Open(entry) => self.scan.put_back(entry, now),
                    Handled::Blocked(entry, until) => {
                        self.scan.put_back(entry, now);
                        blocked = Some(blocked.map_or(until, |known| known.min(until)));
                    }
                }
            }
            if let Some(until) = blocked {
                self.note_outage(now).await?;
                return Ok(until.min(self.scan.wake(now)));
            }
        }
        Ok(self.tools.clock.now())
    }

    /// The book that it works off.
    #[must_use]
    pub fn book(&self) -> &Arc<Book> {
        &self.tools.book
    }

    /// Times in which no route worked, the oldest first.
    #[must_use]
    pub fn outages(&self) -> &[Outage] {
        &self.outages.value
    }

    async fn page(&mut self, count: usize, now: Timestamp) -> Result<Vec<Entry>, BookError> {
        let mut page = Vec::new();
        while page.len() < count
            && let Some(entry) = self.scan.next(&self.tools.book, now).await?
        {
            page.push(entry);
        }
        Ok(page)
    }

    async fn handle(&self, entry: Entry, now: Timestamp) -> Result<Handled, BookError> {
        let book = &*self.tools.book;
        let known = match layout::read_hint_key(&entry.key) {
            Some((mark, generation)) => book.notice(mark).await?.filter(|kept| kept.value.generation == generation),
            None => None,
        };
        let Some(kept) = known.filter(|kept| book::place(&kept.value) == Some(entry.bucket)) else {
            book.close(entry.bucket, &entry.key).await?;
            return Ok(Handled::Done);
        };
        if kept.value.look_at > now {
            return Ok(Handled::Open(Entry { look_at: book::seconds(kept.value.look_at), ..entry }));
        }
        match kept.value.state {
            // Whatever this process sends it waits for: this one was under way when an earlier process ended.
            State::Sending => self.change(&kept, |notice| progress::left_behind(notice, self.tools.rules.unknown_wait)).await,
            State::Sent => self.change(&kept, |notice| progress::said_no_more(notice, now)).await,
            State::Due | State::Unsure => self.go_on(entry, &kept, now).await,
            State::Unconfirmed | State::Delivered | State::Unknown | State::Undeliverable(_) | State::Ended(_) => {
                Ok(Handled::Done)
            }
        }
    }

    /// Writes a change of a notice as it was read. Where somebody else was quicker, it is looked at again: they have told.
    async fn change(&self, kept: &Kept<Notice>, change: impl FnOnce(&mut Notice)) -> Result<Handled, BookError> {
        let mut notice = kept.value.clone();
        change(&mut notice);
        let written = self.tools.book.put(Some(kept), notice).await?;
        Ok(written.map_or(Handled::Done, |notice| still_open(&notice)))
    }

    fn health(&self, route: usize) -> Option<MutexGuard<'_, Health>> {
        Some(self.health.get(route)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many notices may be worked on: as many as all routes take now, and at least one where any does. Where there is no
    /// route at all nothing can be sent, and each notice says so.
    ///
    /// # Errors
    /// No route takes anything before this time.
    fn room(&self, now: Timestamp) -> Result<usize, Timestamp> {
        let healths = || (0..self.health.len()).filter_map(|route| self.health(route));
        let room = healths().fold(0_usize, |sum, health| sum.saturating_add(health.room(now)));
        if room > 0 || self.health.is_empty() {
            return Ok(if self.health.is_empty() { PAGE_MAX } else { room.min(PAGE_MAX) });
        }
        Err(healths().filter_map(|health| health.clone().take(now).err()).min().unwrap_or(now))
    }

    /// Remembers when no route worked: a notice that was late for it is late by the providers.
    async fn note_outage(&mut self, now: Timestamp) -> Result<(), BookError> {
        let away: Option<Vec<Timestamp>> =
            (0..self.health.len()).map(|route| self.health(route).and_then(|health| health.away_since())).collect();
        let since = away.and_then(|away| away.into_iter().max());
        let outages = &mut self.outages.value;
        let open = outages.last_mut().filter(|outage| outage.until.is_none());
        match (since, open) {
            (Some(from), None) if now.duration_since(from) >= OUTAGE_MIN => outages.push(Outage { from, until: None }),
            (None, Some(outage)) => outage.until = Some(now),
            (Some(_) | None, _) => return Ok(()),
        }
        if outages.len() > OUTAGES_MAX {
            outages.remove(0);
        }
        let (book, version) = (&self.tools.book, self.outages.version);
        assert!(book.write(layout::single("outages"), version, &self.outages.value).await?, "one process works a book off");
        self.outages.version = Version(version.0.saturating_add(1));
        Ok(())
    }

    fn condition(&self, route: usize, now: Timestamp) -> (Condition, Option<Timestamp>) {
        self.health(route).map_or((Condition::Works, None), |health| (health.condition(now), health.away_since()))
    }
}

/// Where a notice is found again after it was written.
fn still_open(notice: &Notice) -> Handled {
    match book::place(notice).filter(|_| notice.is_open()) {
        Some(bucket) => Handled::Open(Entry { key: book::key(notice), bucket, look_at: book::seconds(notice.look_at) }),
        None => Handled::Done,
    }
}

#[cfg(test)]
mod tests;

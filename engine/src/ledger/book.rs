//! What the feed has of each day that is not closed yet, and the days that are.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_ledger::day::{LedgerDay, Tally};
use tessera_storage::{Commit, Cursor, FeedEntry, Row, Storage, Version, Wanted};

use super::LedgerError;
use crate::layout::{self, OUTCOME};
use crate::record::PostedOutcome;

/// Feed entries read at once.
const PAGE: usize = 1_000;

/// The version in which the head of the days is written.
const HEAD_VERSION: u8 = 1;

/// The days that are closed end with `latest`; of those behind it there is what the feed has so far.
#[derive(Debug, Default)]
pub(crate) struct Book {
    latest: Option<LedgerDay>,
    version: Version,
    /// The last commit that was in the feed when `latest` was closed.
    closed_sequence: u64,
    /// Read up to here.
    cursor: Cursor,
    sequence: u64,
    open: BTreeMap<Date, OpenDay>,
}

/// A day in the making.
#[derive(Debug)]
struct OpenDay {
    tally: Tally,
    /// Behind which its first outcome stands.
    begins: Cursor,
    /// The last commit before it.
    begins_sequence: u64,
}

/// The head of the days' partition.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(with = "date_text")]
    latest: Date,
    hash: [u8; 32],
    /// Everything before it was booked on closed days.
    resume: Vec<u8>,
    sequence: u64,
}

mod date_text {
    use jiff::civil::Date;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Book {
    /// As the storage has it.
    pub(crate) async fn open(storage: &dyn Storage) -> Result<Self, LedgerError> {
        let Some(stored) = storage.head(&layout::ledger_days()).await? else { return Ok(Self::default()) };
        let unreadable = |source| LedgerError::Damaged { date: "the latest day".to_owned(), source };
        let head: Head = match stored.value.split_first() {
            Some((&HEAD_VERSION, body)) => {
                postcard::from_bytes(body).map_err(|error| unreadable(tessera_ledger::encode::Damaged::Decode(error)))?
            }
            Some((&found, _)) => return Err(unreadable(tessera_ledger::encode::Damaged::UnknownVersion { found })),
            None => return Err(unreadable(tessera_ledger::encode::Damaged::Empty)),
        };
        let latest = closed_day(storage, head.latest).await?;
        let latest = latest.filter(|day| day.hash() == head.hash);
        let latest = latest.ok_or(tessera_ledger::day::BrokenDay::Chain { date: head.latest })?;
        Ok(Self {
            latest: Some(latest),
            version: stored.version,
            closed_sequence: head.sequence,
            cursor: Cursor(Bytes::from(head.resume)),
            sequence: 0,
            open: BTreeMap::new(),
        })
    }

    /// The day that was closed last.
    pub(crate) fn latest(&self) -> Option<&LedgerDay> {
        self.latest.as_ref()
    }

    /// The day behind the last closed one; before the first close the first day of which the feed has something by now.
    pub(super) async fn next_to_close(&mut self, storage: &dyn Storage) -> Result<Option<Date>, LedgerError> {
        if let Some(latest) = &self.latest {
            return Ok(latest.date.tomorrow().ok());
        }
        self.read_feed(storage).await?;
        Ok(self.open.first_key_value().map(|(date, _)| *date))
    }

    /// What the feed has of the days that are not closed, in order.
    pub(super) fn open_days(&self) -> impl Iterator<Item = (Date, &Tally)> {
        self.open.iter().map(|(date, open)| (*date, &open.tally))
    }

    /// Reads what the feed has by now.
    pub(super) async fn read_feed(&mut self, storage: &dyn Storage) -> Result<(), LedgerError> {
        loop {
            let page = storage.feed(&self.cursor, PAGE, Wanted::Kind(OUTCOME)).await?;
            if page.is_empty() {
                return Ok(());
            }
            for entry in page {
                self.take(&entry)?;
                self.cursor = entry.cursor;
            }
            tokio::task::yield_now().await;
        }
    }

    fn take(&mut self, entry: &FeedEntry) -> Result<(), LedgerError> {
        let sequence = entry.committed.sequence;
        // The feed may bring an entry again, never an earlier one behind a later.
        if sequence <= self.sequence {
            return Ok(());
        }
        // Nothing is taken of an entry that is refused, so that the next reading is refused as well.
        let mut taken = Vec::new();
        for row in &entry.rows {
            let posted =
                PostedOutcome::read(&row.value).map_err(|error| LedgerError::Unreadable { sequence, what: error.to_string() })?;
            let date = posted.booking_date;
            if self.latest.as_ref().is_some_and(|latest| date <= latest.date) {
                if sequence > self.closed_sequence {
                    return Err(LedgerError::Late { sequence, date });
                }
                continue;
            }
            taken.push((&row.value, posted));
        }
        for (bytes, posted) in taken {
            let begins = || OpenDay { tally: Tally::default(), begins: self.cursor.clone(), begins_sequence: self.sequence };
            self.open.entry(posted.booking_date).or_insert_with(begins).tally.add(bytes, &posted.postings);
        }
        self.sequence = sequence;
        Ok(())
    }

    /// The tally of a day, empty where nothing was booked on it.
    pub(super) fn tally(&self, date: Date) -> Tally {
        self.open.get(&date).map(|open| open.tally.clone()).unwrap_or_default()
    }

    /// Writes a day and everything that is known behind it.
    ///
    /// INVARIANT: no day before it is open any more.
    pub(super) async fn seal(&mut self, storage: &dyn Storage, day: LedgerDay) -> Result<(), LedgerError> {
        assert!(self.open.keys().all(|date| *date >= day.date), "days are closed in their order");
        // The feed is not in the order of days: a later one may begin before an earlier one.
        let behind = self.open.iter().filter(|(date, _)| **date > day.date).map(|(_, open)| open);
        let resume = behind.min_by_key(|open| open.begins_sequence).map_or(&self.cursor, |open| &open.begins);
        let head = Head {
            latest: day.date,
            hash: day.hash(),
            resume: resume.0.to_vec(),
            sequence: self.sequence.max(self.closed_sequence),
        };
        let (date, sequence) = (day.date, head.sequence);
        let commit = Commit {
            rows: vec![Row { key: layout::day_row(date), value: Bytes::from(day.encode()) }],
            ..Commit::of_head(layout::ledger_days(), self.version, encode(&head, date)?)
        };
        let committed = storage.commit(commit).await.map_err(|source| LedgerError::Commit { date, source })?;
        self.version = committed.version;
        self.closed_sequence = sequence;
        self.open.remove(&date);
        self.latest = Some(day);
        Ok(())
    }
}

fn encode(head: &Head, date: Date) -> Result<Vec<u8>, LedgerError> {
    postcard::to_extend(head, vec![HEAD_VERSION])
        .map_err(|error| LedgerError::Damaged { date: date.to_string(), source: tessera_ledger::encode::Damaged::Decode(error) })
}

/// A closed day; none where it was not closed.
pub(crate) async fn closed_day(storage: &dyn Storage, date: Date) -> Result<Option<LedgerDay>, LedgerError> {
    let Some(stored) = storage.row(&layout::ledger_days(), &layout::day_row(date)).await? else { return Ok(None) };
    LedgerDay::decode(&stored).map(Some).map_err(|source| LedgerError::Damaged { date: date.to_string(), source })
}

/// Every closed day from the first to the last, checked one against the other.
pub(crate) async fn closed_days(storage: &dyn Storage) -> Result<Vec<LedgerDay>, LedgerError> {
    let mut days: Vec<LedgerDay> = Vec::new();
    loop {
        let after = days.last().map(|day: &LedgerDay| layout::day_row(day.date).id);
        let page = storage.rows(&layout::ledger_days(), layout::DAY, after.as_deref(), PAGE).await?;
        if page.is_empty() {
            return Ok(days);
        }
        for row in page {
            let name = || String::from_utf8_lossy(&row.key.id).into_owned();
            let day = LedgerDay::decode(&row.value).map_err(|source| LedgerError::Damaged { date: name(), source })?;
            day.check(days.last())?;
            days.push(day);
        }
    }
}

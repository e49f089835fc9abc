//! Goes over what is due, the earliest deadline first: a page of each hour's bucket in memory, whatever lies in the storage.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use tessera_storage::Version;

use super::book::{Book, BookError};
use super::layout;

/// Notices of one bucket that are read at once.
const PAGE_MAX: usize = 256;

/// A notice that is to be looked at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Its key: by deadline.
    pub key: Bytes,
    /// Its bucket.
    pub bucket: u32,
    /// The second in which it is looked at.
    pub look_at: i64,
}

/// Where the reading stands.
#[derive(Debug)]
pub struct Scan {
    /// Before it nothing is open.
    first: u32,
    version: Version,
    buckets: BTreeMap<u32, Bucket>,
}

/// What is read of a bucket and not done yet.
#[derive(Debug, Default)]
struct Bucket {
    read_to: Bytes,
    is_read_out: bool,
    open: BTreeMap<Bytes, i64>,
    /// Of the hour that is now: what is looked at later in it.
    later: BTreeSet<(i64, Bytes)>,
}

impl Scan {
    /// From the first hour that may hold something; of a new book, from now on: nothing is ever put to be looked at in the past.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn open(book: &Book, now: Timestamp) -> Result<Self, BookError> {
        let kept = book.read::<u32>("the first hour", &layout::single("work")).await?;
        let is_new = kept.is_none();
        let (version, first) = kept.map_or((Version::NONE, layout::hour(now)), |kept| (kept.version, kept.value));
        let mut scan = Self { first, version, buckets: BTreeMap::new() };
        if is_new {
            scan.write_first(book, first).await?;
        }
        Ok(scan)
    }

    /// Takes note of what others have put since.
    ///
    /// # Errors
    /// The storage did not take the first hour, where that is an earlier one now.
    pub async fn touched(&mut self, book: &Book) -> Result<(), BookError> {
        for (hour, key) in book.touched() {
            if hour < self.first {
                self.write_first(book, hour).await?;
            }
            if let Some(bucket) = self.buckets.get_mut(&hour)
                && (bucket.is_read_out || key <= bucket.read_to)
            {
                bucket.is_read_out = false;
                drop(bucket.open.split_off(&key));
                bucket.later.retain(|(_, later)| *later < key);
                // Just before the key: a key without its last byte stands before it, and nothing stands between that is not behind.
                bucket.read_to = key.slice(..key.len().saturating_sub(1));
            }
        }
        Ok(())
    }

    /// The next one to look at; none: nothing is due now.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn next(&mut self, book: &Book, now: Timestamp) -> Result<Option<Entry>, BookError> {
        let hour = layout::hour(now);
        let second = now.as_second();
        let mut best: Option<(Bytes, u32)> = None;
        for number in self.first..=hour {
            let bucket = self.buckets.entry(number).or_default();
            bucket.fill(book, number, second).await?;
            if let Some((key, _)) = bucket.open.first_key_value()
                && best.as_ref().is_none_or(|(best, _)| key < best)
            {
                best = Some((key.clone(), number));
            }
        }
        let Some((key, bucket)) = best else { return Ok(None) };
        let look_at = self.buckets.get_mut(&bucket).and_then(|bucket| bucket.open.remove(&key)).unwrap_or(second);
        Ok(Some(Entry { key, bucket, look_at }))
    }

    /// Puts one back that is still open: it was not done, or is looked at again.
    pub fn put_back(&mut self, entry: Entry, now: Timestamp) {
        let Some(bucket) = self.buckets.get_mut(&entry.bucket) else { return };
        // What lies behind the place up to which was read will be met there.
        if bucket.is_read_out || entry.key <= bucket.read_to {
            bucket.keep(entry.key, entry.look_at, now.as_second());
        }
    }

    /// When something is due next, as far as was read; never later than the next hour begins.
    #[must_use]
    pub fn wake(&self, now: Timestamp) -> Timestamp {
        let later = self.buckets.values().filter_map(|bucket| bucket.later.first()).map(|(second, _)| *second).min();
        let next_hour = (now.as_second() / 3_600).saturating_add(1).saturating_mul(3_600);
        Timestamp::from_second(later.unwrap_or(next_hour).min(next_hour)).unwrap_or(Timestamp::MAX)
    }

    /// Forgets hours that are over and hold nothing any more.
    ///
    /// # Errors
    /// The storage did not take it.
    pub async fn advance(&mut self, book: &Book, now: Timestamp) -> Result<(), BookError> {
        let hour = layout::hour(now);
        let is_over = |number: &u32| self.buckets.get(number).is_some_and(Bucket::is_empty);
        let over = (self.first..hour).take_while(is_over).count();
        let first = self.first.saturating_add(u32::try_from(over).unwrap_or(0));
        if first > self.first {
            self.buckets.retain(|number, _| *number >= first);
            self.write_first(book, first).await?;
        }
        Ok(())
    }

    async fn write_first(&mut self, book: &Book, first: u32) -> Result<(), BookError> {
        assert!(book.write(layout::single("work"), self.version, &first).await?, "one process works a book off");
        self.version = Version(self.version.0.saturating_add(1));
        self.first = first;
        Ok(())
    }
}

impl Bucket {
    fn is_empty(&self) -> bool {
        self.is_read_out && self.open.is_empty() && self.later.is_empty()
    }

    /// Reads on where nothing is left to look at, and takes what has become due.
    async fn fill(&mut self, book: &Book, number: u32, second: i64) -> Result<(), BookError> {
        while let Some((due, key)) = self.later.first().cloned().filter(|(due, _)| *due <= second) {
            self.later.remove(&(due, key.clone()));
            self.open.insert(key, due);
        }
        while self.open.is_empty() && !self.is_read_out {
            let hints = book.hints(number, Some(&self.read_to), PAGE_MAX).await?;
            self.is_read_out = hints.len() < PAGE_MAX;
            for (key, look_at) in hints {
                self.read_to = key.clone();
                self.keep(key, look_at, second);
            }
        }
        Ok(())
    }

    fn keep(&mut self, key: Bytes, look_at: i64, second: i64) {
        if look_at > second {
            self.later.insert((look_at, key));
        } else {
            self.open.insert(key, look_at);
        }
    }
}

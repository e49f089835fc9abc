//! The thread that keeps the book: it notes each receipt once, marks closes, and lets go of what is old.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use metrics::counter;
use prost::Message as _;
use tessera_contract::limits::TILL_DAY_RECEIPTS_MAX;
use tessera_contract::till_day::{DayKind, TillDay, of_return, of_settle};
use tessera_proto::billing::v1::{ReturnRequest, ReturnStatus, SettleRequest, SettleStatus};

use super::file::{self, Noted};
use super::{Answered, DayState, Job, Shared};
use crate::call::Call;
use crate::limits::{DAY_KEPT, DAY_REQUESTS_KEPT, DAYS_BYTES_MAX, DAYS_KNOWN_MAX};

/// The thread's own part.
pub(super) struct Writer {
    folder: PathBuf,
    shared: Arc<Shared>,
    /// Bytes of all days with their requests.
    bytes: u64,
    /// When old days were looked for last.
    looked_on: Date,
    /// What was found then and not looked after yet.
    old: Vec<TillDay>,
    known: BTreeMap<TillDay, Known>,
}

/// What is in a day's file, so that a repeat is not noted again.
struct Known {
    first_noted: Option<Timestamp>,
    last_asked: Timestamp,
    /// The beginning of a hash over id, kind and content.
    seen: BTreeSet<u64>,
}

/// The answer of an advice, as far as the book reads it.
#[derive(Clone, PartialEq, prost::Message)]
struct OfStatus {
    #[prost(int32, tag = "1")]
    status: i32,
}

impl Writer {
    pub(super) fn new(folder: PathBuf, shared: Arc<Shared>) -> Self {
        let bytes = shared.days().values().map(|state| state.bytes).sum();
        Self { folder, shared, bytes, looked_on: Date::MIN, old: Vec::new(), known: BTreeMap::new() }
    }

    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Note(answered) => self.note(&answered),
                Job::Closed(day, bytes) => self.close(&day, bytes),
                Job::Tell(told) => {
                    // Whoever asked may have left.
                    let _ = told.send(());
                }
            }
        }
    }

    fn note(&mut self, answered: &Answered) {
        let Some((day, mut noted)) = read(answered) else { return };
        self.look_after_old(answered.at);
        if self.bytes >= DAYS_BYTES_MAX {
            noted.request = Bytes::new();
        }
        if let Err(error) = self.note_once(&day, &noted, answered.at) {
            tracing::error!(%error, folder = %self.folder.display(), "a receipt cannot be noted in its till's day");
            // It has a receipt that no close here knows.
            let first_noted = self.shared.days().get(&day).map_or(answered.at, |state| state.first_noted);
            if self.open(&day, first_noted, answered.at) {
                let _ = file::open_again(&self.folder, &day);
            }
            self.shared.not_noted();
        }
    }

    /// A till that was not answered, or lost power, sends the same again: that is no other receipt of the day.
    fn note_once(&mut self, day: &TillDay, noted: &Noted, at: Timestamp) -> io::Result<()> {
        let print = fingerprint(noted);
        let known = self.known(day, at)?;
        if known.seen.contains(&print) {
            return Ok(());
        }
        if known.seen.len() >= TILL_DAY_RECEIPTS_MAX {
            return Err(io::Error::other("the day has more than 10,000 receipts"));
        }
        let first_noted = *known.first_noted.get_or_insert(at);
        // First: a day that has got a receipt since is not closed, whatever becomes of the next write.
        if self.open(day, first_noted, at) {
            file::open_again(&self.folder, day)?;
        }
        let bytes = file::append(&self.folder, day, noted)?;
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(state) = self.shared.days().get_mut(day) {
            state.bytes = state.bytes.saturating_add(bytes);
        }
        if let Some(known) = self.known.get_mut(day) {
            known.seen.insert(print);
        }
        Ok(())
    }

    /// Says that the day is not closed; whether it was.
    fn open(&self, day: &TillDay, first_noted: Timestamp, at: Timestamp) -> bool {
        let mut days = self.shared.days();
        let bytes = days.get(day).map_or(0, |state| state.bytes);
        let state = DayState { is_open: true, first_noted, last_noted: at, is_short: false, bytes };
        days.insert(day.clone(), state).is_some_and(|before| !before.is_open)
    }

    /// What is in the file of a day; of the days that were asked for last it is remembered.
    fn known(&mut self, day: &TillDay, at: Timestamp) -> io::Result<&mut Known> {
        if !self.known.contains_key(day) {
            let (noted, _) = file::read(&self.folder, day)?;
            let first_noted = noted.first().and_then(Noted::at);
            let seen = noted.iter().map(fingerprint).collect();
            if self.known.len() >= DAYS_KNOWN_MAX {
                let longest_ago = self.known.iter().min_by_key(|(_, known)| known.last_asked);
                let longest_ago = longest_ago.map(|(day, _)| day.clone());
                longest_ago.map(|day| self.known.remove(&day));
            }
            self.known.insert(day.clone(), Known { first_noted, last_asked: at, seen });
        }
        let known = self.known.get_mut(day).ok_or_else(|| io::Error::other("a day is not known"))?;
        known.last_asked = at;
        Ok(known)
    }

    /// What was noted while an engine compared what was read is not in its word: then the day stays open.
    fn close(&self, day: &TillDay, read_bytes: u64) {
        let is_open = self.shared.days().get(day).is_some_and(|state| state.is_open);
        let closed = match file::bytes(&self.folder, day) {
            Ok(bytes) if bytes == read_bytes && is_open => file::close(&self.folder, day),
            Ok(_) => return,
            Err(error) => Err(error),
        };
        match closed {
            Ok(()) => drop(self.shared.days().get_mut(day).map(|state| state.is_open = false)),
            Err(error) => tracing::error!(%error, folder = %self.folder.display(), "the close of a till's day cannot be noted"),
        }
    }

    /// Old days are looked for once a day and looked after one a receipt, so that no receipt waits for all of them.
    fn look_after_old(&mut self, now: Timestamp) {
        let today = TimeZone::UTC.to_datetime(now).date();
        if self.looked_on != today {
            self.looked_on = today;
            let mut days = self.shared.days();
            for state in days.values_mut() {
                // This gateway's clock was ahead once; what it noted then is not kept for the years between.
                state.first_noted = state.first_noted.min(now);
                state.last_noted = state.last_noted.min(now);
            }
            self.old = days.iter().filter(|(_, state)| is_old(state, now)).map(|(day, _)| day.clone()).collect();
        }
        let Some(day) = self.old.pop() else { return };
        let Some(state) = self.shared.days().get(&day).copied().filter(|state| is_old(state, now)) else { return };
        let is_over = is_over(&state, now);
        let done = if is_over { file::remove(&self.folder, &day) } else { file::shorten(&self.folder, &day) };
        if let Err(error) = done {
            tracing::warn!(%error, "a till's day that is old cannot be removed or shortened");
            return;
        }
        self.bytes = self.bytes.saturating_sub(state.bytes);
        if !is_over {
            self.shared.days().insert(day, DayState { is_short: true, bytes: 0, ..state });
            return;
        }
        self.known.remove(&day);
        self.shared.days().remove(&day);
        if state.is_open {
            let (store, till, date) = (day.store.as_str(), day.till.as_str(), day.date);
            tracing::error!(store, till, %date, "a till's day was never closed, and its receipts are kept no longer");
            counter!("tessera_gateway_till_days_dropped_total").increment(1);
        }
    }
}

/// Of a closed day its requests are not needed any more after some days, its ids and hashes for weeks: a repeat that comes
/// so late is known for one, and what was never here is added to a whole day.
fn is_old(state: &DayState, now: Timestamp) -> bool {
    let has_requests = !state.is_open && !state.is_short;
    is_over(state, now) || has_requests && age(state, now) > DAY_REQUESTS_KEPT
}

fn is_over(state: &DayState, now: Timestamp) -> bool {
    age(state, now) > DAY_KEPT
}

fn age(state: &DayState, now: Timestamp) -> SignedDuration {
    now.duration_since(state.last_noted)
}

fn fingerprint(noted: &Noted) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[u8::from(noted.is_return)]).update(&noted.content).update(noted.receipt_id.as_bytes());
    let mut eight = [0; 8];
    hasher.finalize_xof().fill(&mut eight);
    u64::from_le_bytes(eight)
}

/// What is noted of an answer. None: it is of no day, as that of a training receipt or of one that was voided.
fn read(answered: &Answered) -> Option<(TillDay, Noted)> {
    let status = OfStatus::decode(answered.response.clone()).ok()?.status;
    let (is_accepted, of_day) = if answered.call == Call::Return {
        let counts = match ReturnStatus::try_from(status).ok()? {
            ReturnStatus::Committed | ReturnStatus::Parked => false,
            ReturnStatus::Accepted => true,
            ReturnStatus::Unspecified | ReturnStatus::Previewed | ReturnStatus::Training => return None,
        };
        (counts, of_return(&ReturnRequest::decode(answered.request.clone()).ok()?)?)
    } else {
        let counts = match SettleStatus::try_from(status).ok()? {
            SettleStatus::Committed => false,
            SettleStatus::Accepted => true,
            SettleStatus::Unspecified | SettleStatus::Voided | SettleStatus::Training => return None,
        };
        (counts, of_settle(&SettleRequest::decode(answered.request.clone()).ok()?)?)
    };
    let (day, id, receipt) = of_day;
    let noted = Noted {
        receipt_id: id.to_string(),
        is_return: receipt.kind == DayKind::Returned,
        content: receipt.content.0.to_vec(),
        request: answered.request.clone(),
        accepted_ms: is_accepted.then(|| answered.at.as_millisecond()),
        noted_ms: answered.at.as_millisecond(),
    };
    Some((day, noted))
}

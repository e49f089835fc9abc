//! Series: what was issued to cashiers is kept by store; what they handed out is read from the outcomes.
//!
//! Counting reads every outcome, as a proof of the ledger does: it is for operators and never on the way of a call.

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::Timestamp;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use tessera_contract::fault::Fault;
use tessera_contract::refusal::Refusal;
use tessera_ledger::series::{Account, Issue, IssueRefusal, QUANTITY_MAX, Run, Told, Went, account, may_issue};
use tessera_proto::billing::v1;
use tessera_rules::id::{CashierId, SeriesId, StoreId};
use tessera_storage::{Cursor, FeedEntry, StorageError, Version, Wanted};

use crate::core::Core;
use crate::heads::{BACK_OFF, Written};
use crate::layout::{self, OUTCOME};

mod service;

pub use service::SeriesAccounts;

/// Times that things went to cashiers of one store, or came back: beyond it the record would not fit a value.
const ISSUES_MAX: usize = 5_000;
/// What outcomes of one store may tell of a series.
const TOLD_MAX: usize = 2_000_000;
/// Feed entries read at once.
const PAGE: usize = 2_000;
/// How often a write is tried that meets another one.
const ATTEMPTS_MAX: u32 = 8;
/// The version in which records are written.
const FORMAT: u8 = 1;

/// What was issued of a series in a store.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Record {
    /// In the order of time.
    issues: Vec<Issue>,
}

/// Things that are to be issued or taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Asked {
    request: CompactString,
    series: SeriesId,
    store: StoreId,
    cashier: CashierId,
    run: Run,
    taken_back: bool,
}

/// What an outcome says of what was handed over: of which series it is, and how many things there were.
pub(crate) fn tell(result: &mut v1::InstructionResult, series: Option<&SeriesId>, count: u32) {
    if let Some(series) = series {
        result.series_id = series.as_str().to_owned();
        result.quantity = count;
    }
}

impl Record {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, body) = bytes.split_first()?;
        let (record, rest) = postcard::take_from_bytes(body).ok().filter(|_| *format == FORMAT)?;
        rest.is_empty().then_some(record)
    }
}

impl Core {
    async fn series_record(&self, store: &StoreId, series: &SeriesId) -> Result<(Version, Record), Refusal> {
        let head = self.storage.head(&layout::series(store, series)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok((Version::NONE, Record::default())) };
        let what = "no record of a series of this program".to_owned();
        let broken = || self.quarantined(store.as_str(), &StorageError::Damaged { place: format!("{store} {series}"), what });
        Ok((head.version, Record::decode(&head.value).ok_or_else(broken)?))
    }

    /// Notes that things went to a cashier or came back; whether that was noted before.
    async fn issue_series(&self, asked: &Asked) -> Result<bool, Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            let (expected, mut record) = self.series_record(&asked.store, &asked.series).await?;
            if let Some(before) = record.issues.iter().find(|issue| issue.request == asked.request) {
                let same = asked.issue(before.at) == *before;
                return same.then_some(true).ok_or(Refusal::Conflict);
            }
            if record.issues.len() >= ISSUES_MAX {
                return Err(Refusal::LimitExceeded {
                    what: "times that a store's cashiers were given of a series",
                    limit: 5_000,
                });
            }
            // Later than what was noted before, whatever the clock says.
            let last = record.issues.last().map_or(Timestamp::MIN, |issue| issue.at);
            let new = asked.issue(self.clock.now().max(last));
            let told = self.told_of_series(&asked.store, &asked.series).await?;
            may_issue(&record.issues, &told, &new).map_err(|why| Refusal::Invalid(vec![fault(why)]))?;
            record.issues.push(new);
            let head = postcard::to_extend(&record, vec![FORMAT]).map_err(|error| self.internal(&error.to_string()))?;
            if self.write_head(layout::series(&asked.store, &asked.series), expected, head).await? == Written::Done {
                return Ok(false);
            }
        }
        Err(Refusal::TooManyWaiting { retry_after: BACK_OFF })
    }

    /// How a series stands in a store.
    async fn count_series(&self, store: &StoreId, series: &SeriesId) -> Result<Account, Refusal> {
        let (_, record) = self.series_record(store, series).await?;
        let told = self.told_of_series(store, series).await?;
        let counted = tokio::task::spawn_blocking(move || account(&record.issues, &told)).await;
        counted.map_err(|error| self.internal(&error.to_string()))
    }

    /// What outcomes tell of a series. Pages are decoded away from live calls.
    async fn told_of_series(&self, store: &StoreId, series: &SeriesId) -> Result<Vec<Told>, Refusal> {
        let mut read = Read { store: store.clone(), series: series.clone(), told: BTreeMap::new(), cursor: Cursor::default() };
        loop {
            let page = self.storage.feed(&read.cursor, PAGE, Wanted::Kind(OUTCOME)).await;
            let page = page.map_err(|error| self.storage_refusal(&error))?;
            let Some(last) = page.last() else { return Ok(read.told.into_values().collect()) };
            read.cursor = last.cursor.clone();
            let decoded = tokio::task::spawn_blocking(move || read.take(&page).map(|()| read)).await;
            let decoded = decoded.map_err(|error| self.internal(&error.to_string()))?;
            read = decoded.map_err(|error| self.storage_refusal(&error))?;
            if read.told.len() > TOLD_MAX {
                return Err(Refusal::LimitExceeded { what: "things that a store handed out of a series", limit: 2_000_000 });
            }
        }
    }
}

impl Asked {
    fn issue(&self, at: Timestamp) -> Issue {
        let (request, cashier, run) = (self.request.clone(), self.cashier.clone(), self.run.clone());
        Issue { request, cashier, run, taken_back: self.taken_back, at }
    }
}

/// What is read of the feed. It may bring an outcome twice: that adds nothing.
#[derive(Debug)]
struct Read {
    store: StoreId,
    series: SeriesId,
    told: BTreeMap<(String, String), Told>,
    cursor: Cursor,
}

impl Read {
    fn take(&mut self, page: &[FeedEntry]) -> Result<(), StorageError> {
        for entry in page {
            for row in &entry.rows {
                let place = || String::from_utf8_lossy(&entry.partition.key).into_owned();
                let damaged = |error: prost::DecodeError| StorageError::Damaged { place: place(), what: error.to_string() };
                let outcome = v1::Outcome::decode(row.value.clone()).map_err(damaged)?;
                if outcome.store_id == self.store.as_str() {
                    self.note(&outcome);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, outcome: &v1::Outcome) {
        for result in outcome.instruction_results.iter().filter(|result| result.series_id == self.series.as_str()) {
            let went = match result.state() {
                v1::InstructionState::Done => Went::Done,
                v1::InstructionState::Unspecified | v1::InstructionState::Refused => Went::Refused,
                v1::InstructionState::NoneLeft => Went::NoneLeft,
            };
            let told = Told {
                receipt: outcome.receipt_id.as_str().into(),
                cashier: CashierId::parse(&outcome.cashier_id).ok(),
                went,
                serial: result.serial.as_str().into(),
                quantity: result.quantity.clamp(1, QUANTITY_MAX),
                at: booked_at(outcome),
            };
            self.told.insert((outcome.receipt_id.clone(), result.instruction_id.clone()), told);
        }
    }
}

fn booked_at(outcome: &v1::Outcome) -> Timestamp {
    let at = outcome.booked_at.as_ref().and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
    at.unwrap_or(Timestamp::MIN)
}

fn fault(why: IssueRefusal) -> Fault {
    let (field, description) = match why {
        IssueRefusal::NoSerial => ("first_serial", "must have digits at its end, at most 18 of them counted"),
        IssueRefusal::TooMany => ("quantity", "must leave the last serial number as many digits as the first one has"),
        IssueRefusal::AlreadyIssued => ("first_serial", "some of these are with a cashier or a customer already"),
        IssueRefusal::NotWithCashier => ("first_serial", "some of these are not with this cashier"),
    };
    Fault { field: field.to_owned(), description: description.into() }
}

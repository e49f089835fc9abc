//! What a till has sold and taken back, for the close of its day: the newest with their requests, so that a receipt that
//! was lost behind the till can be sent again (H56, H60). A close forgets nothing: what is sold late closes the same day
//! once more, and an engine may lose what it had agreed to.

use std::collections::BTreeMap;

use tessera_contract::canonical::ContentHash;
use tessera_contract::till_day::{DayKind, DayReceipt, ReceiptId, TillDay};

use super::{EntryNumber, Record, call_number};
use crate::advice::Advice;
use crate::limits::{DONE_ADVICES_MAX, DONE_BYTES_MAX, DONE_NOTES_MAX};
use crate::refusal::CallName;

/// What a record takes beside its request, about, bytes.
const NOTE_BYTES: usize = 160;

/// A settle or return that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// The day that it is in.
    pub(crate) day: TillDay,
    /// Its id.
    pub(crate) id: ReceiptId,
    /// What it is there.
    pub(crate) receipt: DayReceipt,
    /// The request as it was sent. None: too many have been sold since, or too long ones.
    pub(crate) request: Option<Vec<u8>>,
}

/// All of them, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct DoneList {
    by_entry: BTreeMap<EntryNumber, Done>,
    /// Those of them that have their request.
    whole: usize,
    /// Length of their requests.
    request_bytes: usize,
}

impl Done {
    /// What is kept of an advice. None: it is of no day.
    pub(super) fn of(advice: &Advice, request: Vec<u8>) -> Option<Self> {
        let (day, id, receipt) = advice.of_day()?;
        Some(Self { day, id, receipt, request: Some(request) })
    }

    /// Which call it was.
    pub(crate) fn call(&self) -> CallName {
        match self.receipt.kind {
            DayKind::Settled => CallName::Settle,
            DayKind::Returned => CallName::Return,
        }
    }
}

impl DoneList {
    /// Adds the newest one. Beyond the limits the oldest lose their requests, and then their place.
    pub(super) fn insert(&mut self, entry: EntryNumber, done: Done) {
        if let Some(request) = &done.request {
            self.whole += 1;
            self.request_bytes += request.len();
        }
        self.by_entry.insert(entry, done);
        if self.is_too_long() {
            // Past those that have lost theirs: they are the oldest.
            for done in self.by_entry.values_mut() {
                let Some(request) = done.request.take() else { continue };
                self.whole -= 1;
                self.request_bytes -= request.len();
                if self.whole <= DONE_ADVICES_MAX && self.request_bytes <= DONE_BYTES_MAX {
                    break;
                }
            }
        }
        if self.by_entry.len() > DONE_NOTES_MAX
            && let Some((_, dropped)) = self.by_entry.pop_first()
            && let Some(request) = dropped.request
        {
            self.whole -= 1;
            self.request_bytes -= request.len();
        }
    }

    fn is_too_long(&self) -> bool {
        self.whole > DONE_ADVICES_MAX || self.request_bytes > DONE_BYTES_MAX
    }

    /// Those of a day.
    pub(super) fn of_day(&self, day: &TillDay) -> Vec<Done> {
        self.by_entry.values().filter(|done| done.day == *day).cloned().collect()
    }

    pub(super) fn bytes(&self) -> usize {
        self.by_entry.len() * NOTE_BYTES + self.request_bytes
    }

    /// The records that say the same.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        self.by_entry.iter().map(|(entry, done)| Record {
            entry: entry.0,
            call: call_number(done.call()),
            receipt_id: done.id.to_string(),
            request: done.request.clone().unwrap_or_default(),
            done: Some(DoneRecord {
                store_id: done.day.store.to_string(),
                till_id: done.day.till.to_string(),
                business_date: done.day.date.to_string(),
                content: done.receipt.content.0.to_vec(),
            }),
            ..Record::default()
        })
    }
}

/// What a record says beside the advice, where its outcome is known.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DoneRecord {
    #[prost(string, tag = "1")]
    store_id: String,
    #[prost(string, tag = "2")]
    till_id: String,
    #[prost(string, tag = "3")]
    business_date: String,
    #[prost(bytes = "vec", tag = "4")]
    content: Vec<u8>,
}

impl DoneRecord {
    /// What it stands for. None: a record of a later version.
    pub(super) fn read(self, call: CallName, receipt_id: &str, request: Vec<u8>) -> Option<Done> {
        let kind = if call == CallName::Return { DayKind::Returned } else { DayKind::Settled };
        let day = TillDay::parse(&self.store_id, &self.till_id, &self.business_date)?;
        let content = ContentHash(self.content.as_slice().try_into().ok()?);
        Some(Done {
            day,
            id: ReceiptId::parse(receipt_id).ok()?,
            receipt: DayReceipt { kind, content },
            request: (!request.is_empty()).then_some(request),
        })
    }
}

//! Days of tills: which receipts the engine has of a day, what a till or gateway says of it, and the close where both
//! agree, so that a receipt that was lost anywhere is found (H60).

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_contract::canonical::ContentHash;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::limits::{TILL_DAY_DIFFERENCES_MAX, TILL_DAY_RECEIPTS_MAX};
use tessera_contract::refusal::Refusal;
use tessera_contract::till_day::{DayKind, DayReceipt, DayReceipts, DaySum, SaidDay, TillDay};
use tessera_ledger::entry::{EntryState, ReceiptEntry};
use tessera_proto::gateway::v1::{CloseTillDayResponse, TillDayDifference, TillDayDifferenceKind, TillDayStatus};
use tessera_rules::id::ReceiptId;
use tessera_storage::{Commit, CommitError, Hint, Row, StorageError, Version};

use crate::core::Core;
use crate::layout;

/// Hints that are read at once.
const HINTS_AT_ONCE: usize = 256;
/// Receipts that are looked for at once.
const RECEIPTS_AT_ONCE: usize = 16;
/// How often a close is tried that meets another one of its day.
const ATTEMPTS_MAX: u32 = 4;
/// What a caller waits before it comes back to a full queue.
const BACK_OFF: Duration = Duration::from_millis(50);
/// The version in which closes are written.
const FORMAT: u8 = 1;

/// A close, as it is kept: the last one is the head of its day, each of them a row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Close {
    number: u32,
    settled: u32,
    returned: u32,
    hash: [u8; 32],
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    at: Timestamp,
    /// The gateway that asked or forwarded; empty: the till itself.
    gateway: String,
}

impl Close {
    fn is_of(&self, sum: &DaySum) -> bool {
        (self.settled, self.returned, self.hash) == (sum.settled, sum.returned, sum.hash)
    }

    fn encode(&self) -> Result<Bytes, postcard::Error> {
        postcard::to_extend(self, vec![FORMAT]).map(Bytes::from)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, body) = bytes.split_first()?;
        let (close, rest) = postcard::take_from_bytes(body).ok().filter(|_| *format == FORMAT)?;
        rest.is_empty().then_some(close)
    }
}

/// Where a receipt is in its till's day.
pub(crate) fn hint(day: &TillDay, id: &ReceiptId, receipt: DayReceipt) -> Hint {
    let mut value = vec![match receipt.kind {
        DayKind::Settled => b'S',
        DayKind::Returned => b'R',
    }];
    value.extend_from_slice(&receipt.content.0);
    Hint {
        bucket: layout::till_day_bucket(day),
        key: Bytes::from(format!("{}{id}", layout::till_day_prefix(day))),
        value: Bytes::from(value),
    }
}

fn hinted(value: &[u8]) -> Option<DayReceipt> {
    let (kind, content) = value.split_first()?;
    let kind = match kind {
        b'S' => DayKind::Settled,
        b'R' => DayKind::Returned,
        _ => return None,
    };
    Some(DayReceipt { kind, content: ContentHash(content.try_into().ok()?) })
}

impl Core {
    /// Compares what is said of a day with what is known of it, and closes the day where both agree.
    ///
    /// # Errors
    /// The storage cannot do it now, or what it reads is broken; the day has more receipts than can be compared.
    pub(crate) async fn close_till_day(&self, said: &SaidDay, gateway: &str) -> Result<CloseTillDayResponse, Refusal> {
        let known = self.till_day(&said.day).await?;
        let sum = known.sum();
        let mut response = CloseTillDayResponse {
            status: TillDayStatus::Differs.into(),
            engine_settled_count: sum.settled,
            engine_returned_count: sum.returned,
            engine_receipts_hash: sum.hash.to_vec(),
            ..CloseTillDayResponse::default()
        };
        if sum == said.sum {
            let close = self.close(&said.day, &sum, gateway).await?;
            response.status = TillDayStatus::Agreed.into();
            response.close_number = close.number;
            response.closed_at = Some(timestamp_to_wire(close.at));
        } else if let Some(receipts) = &said.receipts {
            let differences = self.differences(receipts, &known).await?;
            response.difference_count = u32::try_from(differences.len()).unwrap_or(u32::MAX);
            response.differences = differences.into_iter().take(TILL_DAY_DIFFERENCES_MAX).collect();
            metrics::counter!("tessera_engine_till_days_differ_total").increment(1);
        }
        Ok(response)
    }

    /// The receipts and returns of a day. A hint may be there without its commit, so each is looked for.
    async fn till_day(&self, day: &TillDay) -> Result<DayReceipts, Refusal> {
        let (bucket, prefix) = (layout::till_day_bucket(day), layout::till_day_prefix(day));
        let mut receipts = DayReceipts::default();
        let mut after = Bytes::from(prefix.clone());
        loop {
            let hints = self.storage.hints(bucket, Some(&after), HINTS_AT_ONCE).await;
            let hints = hints.map_err(|error| self.storage_refusal(&error))?;
            let is_last = hints.len() < HINTS_AT_ONCE;
            let Some(last) = hints.last() else { return Ok(receipts) };
            after = last.key.clone();
            let of_day: Vec<_> = hints.iter().map_while(|hint| Some((hint.key.strip_prefix(prefix.as_bytes())?, hint))).collect();
            let is_last = is_last || of_day.len() < hints.len();
            let mut asked = Vec::with_capacity(of_day.len());
            for (id, hint) in of_day {
                let id = std::str::from_utf8(id).ok().and_then(|id| ReceiptId::parse(id).ok());
                asked.extend(id.zip(hinted(&hint.value)).map(|(id, receipt)| self.looked_for(id, receipt)));
            }
            let mut found = stream::iter(asked).buffered(RECEIPTS_AT_ONCE);
            while let Some(known) = found.next().await {
                if let Some((id, receipt)) = known? {
                    receipts.insert(id, receipt);
                }
            }
            if receipts.len() > TILL_DAY_RECEIPTS_MAX {
                let limit = u64::try_from(TILL_DAY_RECEIPTS_MAX).unwrap_or(u64::MAX);
                return Err(Refusal::LimitExceeded { what: "receipts of a till's day", limit });
            }
            if is_last {
                return Ok(receipts);
            }
        }
    }

    /// The receipt, where it was committed with this content.
    async fn looked_for(&self, id: ReceiptId, receipt: DayReceipt) -> Result<Option<(ReceiptId, DayReceipt)>, Refusal> {
        Ok(self.is_known(&id, &receipt).await?.then_some((id, receipt)))
    }

    /// Whether the receipt was committed with this content.
    async fn is_known(&self, id: &ReceiptId, receipt: &DayReceipt) -> Result<bool, Refusal> {
        let (_, Some(entry)) = self.receipt_entry(id).await? else { return Ok(false) };
        if entry.content_hash != receipt.content.0 {
            return Ok(false);
        }
        match &entry.state {
            EntryState::Settled | EntryState::Returned => self.has_outcome(&entry, id).await,
            EntryState::Parked { original } => self.waits_for(original, id).await,
            EntryState::Awaited | EntryState::Voided | EntryState::ParkedClaim { .. } | EntryState::Claimed { .. } => Ok(false),
        }
    }

    async fn has_outcome(&self, entry: &ReceiptEntry, id: &ReceiptId) -> Result<bool, Refusal> {
        let (partition, row) = (layout::aggregate(&entry.aggregate, id), layout::outcome_row(&entry.outcome_id(id)));
        self.storage.has_row(&partition, &row).await.map_err(|error| self.storage_refusal(&error))
    }

    async fn waits_for(&self, original: &ReceiptId, id: &ReceiptId) -> Result<bool, Refusal> {
        let (_, entry) = self.receipt_entry(original).await?;
        Ok(entry.is_some_and(|entry| entry.parked.iter().any(|waiting| waiting.id == *id)))
    }

    /// What differs, by receipt id ascending.
    async fn differences(&self, said: &DayReceipts, known: &DayReceipts) -> Result<Vec<TillDayDifference>, Refusal> {
        let mut differences = Vec::new();
        for (id, receipt) in said.iter().filter(|(id, receipt)| known.get(id) != Some(*receipt)) {
            let (_, entry) = self.receipt_entry(id).await?;
            let kind = match &entry {
                None => TillDayDifferenceKind::Missing,
                Some(entry) => self.how_it_differs(id, receipt, entry).await?,
            };
            differences.push(difference(id, kind));
        }
        let not_named = known.iter().filter(|(id, _)| said.get(id).is_none());
        differences.extend(not_named.map(|(id, _)| difference(id, TillDayDifferenceKind::NotNamed)));
        differences.sort_by(|a, b| a.receipt_id.cmp(&b.receipt_id));
        Ok(differences)
    }

    async fn how_it_differs(
        &self,
        id: &ReceiptId,
        receipt: &DayReceipt,
        entry: &ReceiptEntry,
    ) -> Result<TillDayDifferenceKind, Refusal> {
        Ok(match &entry.state {
            EntryState::Voided => TillDayDifferenceKind::Voided,
            // Only what waits for it was seen.
            EntryState::Awaited => TillDayDifferenceKind::Missing,
            EntryState::Settled | EntryState::Returned | EntryState::Parked { .. } if entry.content_hash == receipt.content.0 => {
                // The same content in its place is known, so here it is of a commit that was refused, or in another day.
                if self.is_known(id, receipt).await? {
                    TillDayDifferenceKind::OtherContent
                } else {
                    TillDayDifferenceKind::Missing
                }
            }
            EntryState::Settled
            | EntryState::Returned
            | EntryState::Parked { .. }
            | EntryState::ParkedClaim { .. }
            | EntryState::Claimed { .. } => TillDayDifferenceKind::OtherContent,
        })
    }

    /// The close of a day with these receipts: the last one where it says the same, else the next one.
    async fn close(&self, day: &TillDay, sum: &DaySum, gateway: &str) -> Result<Close, Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            let (expected, last) = self.last_close(day).await?;
            let number = match last {
                Some(last) if last.is_of(sum) => return Ok(last),
                Some(last) => last.number.saturating_add(1),
                None => 1,
            };
            let close = Close {
                number,
                settled: sum.settled,
                returned: sum.returned,
                hash: sum.hash,
                at: self.clock.now(),
                gateway: gateway.to_owned(),
            };
            let bytes = close.encode().map_err(|error| self.internal(&error.to_string()))?;
            match self.storage.commit(close_commit(day, expected, number, bytes)).await {
                Ok(_) => return Ok(close),
                Err(CommitError::Conflict { .. } | CommitError::Unknown(_)) => {}
                Err(CommitError::Busy) => break,
                Err(CommitError::Storage(error)) => return Err(self.storage_refusal(&error)),
                Err(error @ (CommitError::ClaimTaken { .. } | CommitError::TooLarge { .. })) => {
                    return Err(self.internal(&error.to_string()));
                }
            }
        }
        Err(Refusal::TooManyWaiting { retry_after: BACK_OFF })
    }

    async fn last_close(&self, day: &TillDay) -> Result<(Version, Option<Close>), Refusal> {
        let head = self.storage.head(&layout::till_day(day)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok((Version::NONE, None)) };
        let place = format!("{} {} {}", day.store, day.till, day.date);
        let damaged =
            || StorageError::Damaged { place: place.clone(), what: "no close of a till's day of this program".to_owned() };
        let close = Close::decode(&head.value).ok_or_else(|| self.quarantined(&place, &damaged()))?;
        Ok((head.version, Some(close)))
    }
}

fn close_commit(day: &TillDay, expected: Version, number: u32, close: Bytes) -> Commit {
    Commit {
        partition: layout::till_day(day),
        expected,
        head: close.clone(),
        rows: vec![Row { key: layout::close_row(number), value: close }],
        claims: Vec::new(),
        hints: Vec::new(),
        deltas: Vec::new(),
        feed_kinds: Vec::new(),
    }
}

fn difference(id: &ReceiptId, kind: TillDayDifferenceKind) -> TillDayDifference {
    TillDayDifference { receipt_id: id.to_string(), kind: kind.into() }
}

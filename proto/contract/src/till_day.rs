//! What was sold and what came back at one till on one of its trading days: a set of ids with their content hashes, the
//! same for till, gateway and engine.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tessera_proto::billing::v1::{ReturnMode, ReturnRequest, SettleRequest};
use tessera_proto::gateway::v1::{CloseTillDayRequest, TillReceipt, TillReceiptKind};
pub use tessera_rules::id::ReceiptId;
use tessera_rules::id::{StoreId, TillId};

use crate::canonical::{ContentHash, return_hash, settle_hash};
use crate::fault::Fault;
use crate::limits::TILL_DAY_RECEIPTS_MAX;
use crate::read::check_contract_minor;
use crate::refusal::Refusal;

/// The domain of the hash over a day.
const DOMAIN: &str = "tessera.till_day.1";

/// One trading day of one till.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TillDay {
    /// The shop.
    pub store: StoreId,
    /// The cash register in it.
    pub till: TillId,
    /// The day, as the till's receipts say it.
    pub date: Date,
}

/// What an id of a day stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// A receipt that was settled.
    Settled,
    /// A return that was done.
    Returned,
}

/// A receipt or return of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayReceipt {
    /// Which of the two it is.
    pub kind: DayKind,
    /// What makes a repeat of it a repeat.
    pub content: ContentHash,
}

/// The receipts and returns of one day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayReceipts {
    receipts: BTreeMap<ReceiptId, DayReceipt>,
}

/// Counts and hash of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySum {
    /// Receipts that were settled.
    pub settled: u32,
    /// Returns that were done.
    pub returned: u32,
    /// BLAKE3 over the sorted set, as `CloseTillDayRequest.receipts_hash` says.
    pub hash: [u8; 32],
}

/// What a caller says of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidDay {
    /// Which day.
    pub day: TillDay,
    /// Its counts and hash.
    pub sum: DaySum,
    /// The receipts. None: they are not named.
    pub receipts: Option<DayReceipts>,
}

impl TillDay {
    /// The day of these names. None: one of them is no id, or the date is none.
    #[must_use]
    pub fn parse(store: &str, till: &str, date: &str) -> Option<Self> {
        Some(Self { store: StoreId::parse(store).ok()?, till: TillId::parse(till).ok()?, date: date.parse().ok()? })
    }
}

impl DayKind {
    /// The kind on the wire.
    #[must_use]
    pub const fn to_wire(self) -> TillReceiptKind {
        match self {
            Self::Settled => TillReceiptKind::Settled,
            Self::Returned => TillReceiptKind::Returned,
        }
    }

    /// The kind of the wire. None: it names none.
    #[must_use]
    pub const fn from_wire(kind: TillReceiptKind) -> Option<Self> {
        match kind {
            TillReceiptKind::Unspecified => None,
            TillReceiptKind::Settled => Some(Self::Settled),
            TillReceiptKind::Returned => Some(Self::Returned),
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Settled => 'S',
            Self::Returned => 'R',
        }
    }
}

impl DayReceipts {
    /// Adds one; the same id again replaces it.
    pub fn insert(&mut self, id: ReceiptId, receipt: DayReceipt) {
        self.receipts.insert(id, receipt);
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &ReceiptId) {
        self.receipts.remove(id);
    }

    /// The receipt of this id.
    #[must_use]
    pub fn get(&self, id: &ReceiptId) -> Option<&DayReceipt> {
        self.receipts.get(id)
    }

    /// All of them, by id ascending.
    pub fn iter(&self) -> impl Iterator<Item = (&ReceiptId, &DayReceipt)> {
        self.receipts.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.receipts.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.receipts.is_empty()
    }

    /// Counts and hash.
    #[must_use]
    pub fn sum(&self) -> DaySum {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DOMAIN.as_bytes());
        for (id, receipt) in &self.receipts {
            let line = format!("\n{} {} {id}", receipt.kind.letter(), receipt.content);
            hasher.update(line.as_bytes());
        }
        let count = |kind| self.receipts.values().filter(|receipt| receipt.kind == kind).count();
        let count = |kind| u32::try_from(count(kind)).unwrap_or(u32::MAX);
        DaySum { settled: count(DayKind::Settled), returned: count(DayKind::Returned), hash: *hasher.finalize().as_bytes() }
    }

    /// What is said of the day with these receipts in it; `named`: each of them.
    #[must_use]
    pub fn to_request(&self, day: &TillDay, gateway_id: &str, named: bool) -> CloseTillDayRequest {
        let sum = self.sum();
        let receipts = self.receipts.iter().filter(|_| named).map(|(id, receipt)| TillReceipt {
            receipt_id: id.to_string(),
            kind: receipt.kind.to_wire().into(),
            content_hash: receipt.content.0.to_vec(),
        });
        CloseTillDayRequest {
            contract_minor: crate::CONTRACT_MINOR,
            gateway_id: gateway_id.to_owned(),
            store_id: day.store.to_string(),
            till_id: day.till.to_string(),
            business_date: day.date.to_string(),
            settled_count: sum.settled,
            returned_count: sum.returned,
            receipts_hash: sum.hash.to_vec(),
            receipts: receipts.collect(),
        }
    }
}

/// The day of a settle, and what it is there. None: it is a training receipt, or cannot be read.
#[must_use]
pub fn of_settle(request: &SettleRequest) -> Option<(TillDay, ReceiptId, DayReceipt)> {
    let receipt = request.receipt.as_ref().filter(|receipt| !receipt.training)?;
    let day = TillDay::parse(&receipt.store_id, &receipt.till_id, &receipt.business_date)?;
    let id = ReceiptId::parse(&receipt.receipt_id).ok()?;
    Some((day, id, DayReceipt { kind: DayKind::Settled, content: settle_hash(request) }))
}

/// The day of a return, and what it is there. None: it is a preview or training, or cannot be read.
#[must_use]
pub fn of_return(request: &ReturnRequest) -> Option<(TillDay, ReceiptId, DayReceipt)> {
    if request.training || request.mode() != ReturnMode::Done {
        return None;
    }
    let day = TillDay::parse(&request.store_id, &request.till_id, &request.business_date)?;
    let id = ReceiptId::parse(&request.receipt_id).ok()?;
    Some((day, id, DayReceipt { kind: DayKind::Returned, content: return_hash(request) }))
}

/// Reads what a caller says of a day.
///
/// # Errors
/// Every fault by its field; counts or hash that the named receipts do not have; a later contract.
pub fn read_close(request: &CloseTillDayRequest) -> Result<SaidDay, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut faults = Vec::new();
    let mut fault = |field: &str, description: &'static str| {
        faults.push(Fault { field: field.to_owned(), description: description.into() });
    };
    let store = StoreId::parse(&request.store_id).map_err(|_| fault("store_id", "is no store id")).ok();
    let till = TillId::parse(&request.till_id).map_err(|_| fault("till_id", "is no till id")).ok();
    let date: Option<Date> = request.business_date.parse().map_err(|_| fault("business_date", "must be a date")).ok();
    let hash: Option<[u8; 32]> = request.receipts_hash.as_slice().try_into().ok();
    if hash.is_none() {
        fault("receipts_hash", "must have 32 bytes");
    }
    let counted = request.settled_count.saturating_add(request.returned_count);
    if usize::try_from(counted).map_or(true, |counted| counted > TILL_DAY_RECEIPTS_MAX) {
        fault("settled_count", "must be at most 10,000 together with `returned_count`");
    }
    let receipts = named(&request.receipts, &mut faults);
    let (Some(store), Some(till), Some(date), Some(hash), true) = (store, till, date, hash, faults.is_empty()) else {
        return Err(Refusal::Invalid(faults));
    };
    let sum = DaySum { settled: request.settled_count, returned: request.returned_count, hash };
    let is_named = !receipts.is_empty() || counted == 0;
    if is_named && receipts.sum() != sum {
        return Err(Refusal::fault("receipts", "do not have the counts and the hash that are said"));
    }
    Ok(SaidDay { day: TillDay { store, till, date }, sum, receipts: is_named.then_some(receipts) })
}

fn named(receipts: &[TillReceipt], faults: &mut Vec<Fault>) -> DayReceipts {
    let mut named = DayReceipts::default();
    if receipts.len() > TILL_DAY_RECEIPTS_MAX {
        faults.push(Fault { field: "receipts".to_owned(), description: "must be at most 10,000".into() });
        return named;
    }
    for (place, receipt) in receipts.iter().enumerate() {
        let id = ReceiptId::parse(&receipt.receipt_id).ok();
        let content: Option<[u8; 32]> = receipt.content_hash.as_slice().try_into().ok();
        match (id, DayKind::from_wire(receipt.kind()), content) {
            (Some(id), Some(kind), Some(content)) => named.insert(id, DayReceipt { kind, content: ContentHash(content) }),
            (None, _, _) | (_, None, _) | (_, _, None) => {
                let field = format!("receipts[{place}]");
                faults.push(Fault { field, description: "needs an id, a kind and a hash of 32 bytes".into() });
            }
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(kind: DayKind, content: u8) -> DayReceipt {
        DayReceipt { kind, content: ContentHash([content; 32]) }
    }

    fn day() -> TillDay {
        TillDay::parse("S1", "T1", "2026-11-22").unwrap()
    }

    fn receipts(of: &[(&str, DayKind, u8)]) -> DayReceipts {
        let mut receipts = DayReceipts::default();
        for (id, kind, content) in of {
            receipts.insert(ReceiptId::parse(id).unwrap(), receipt(*kind, *content));
        }
        receipts
    }

    #[test]
    fn h60_a_days_hash_minds_every_id_kind_and_content_and_no_sequence() {
        use DayKind::{Returned, Settled};
        let sum = |of: &[(&str, DayKind, u8)]| receipts(of).sum().hash;
        let base = sum(&[("A", Settled, 1), ("B", Returned, 2)]);
        assert_eq!(base, sum(&[("B", Returned, 2), ("A", Settled, 1)]));
        let others = [
            sum(&[("A", Settled, 1)]),
            sum(&[("A", Settled, 1), ("C", Returned, 2)]),
            sum(&[("A", Settled, 1), ("B", Settled, 2)]),
            sum(&[("A", Settled, 1), ("B", Returned, 3)]),
            sum(&[("A", Settled, 2), ("B", Returned, 1)]),
            sum(&[]),
        ];
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn h60_what_is_said_of_a_day_is_read_as_it_was_said_and_must_fit_itself() {
        let said = receipts(&[("A", DayKind::Settled, 1), ("B", DayKind::Returned, 2)]);
        for named in [true, false] {
            let read = read_close(&said.to_request(&day(), "G", named)).unwrap();
            assert_eq!((&read.day, read.sum), (&day(), said.sum()));
            assert_eq!(read.receipts, named.then(|| said.clone()));
        }
        assert_eq!(
            read_close(&DayReceipts::default().to_request(&day(), "", false)).unwrap().receipts,
            Some(DayReceipts::default())
        );
        let good = said.to_request(&day(), "G", true);
        let wrong = [
            ("receipts", CloseTillDayRequest { settled_count: 2, ..good.clone() }),
            ("receipts", CloseTillDayRequest { receipts_hash: vec![7; 32], ..good.clone() }),
            ("receipts_hash", CloseTillDayRequest { receipts_hash: vec![7; 31], ..good.clone() }),
            ("store_id", CloseTillDayRequest { store_id: String::new(), ..good.clone() }),
            ("till_id", CloseTillDayRequest { till_id: "a b".repeat(40), ..good.clone() }),
            ("business_date", CloseTillDayRequest { business_date: "today".to_owned(), ..good.clone() }),
            ("settled_count", CloseTillDayRequest { settled_count: 10_001, ..good.clone() }),
            ("receipts[0]", CloseTillDayRequest { receipts: vec![TillReceipt::default()], ..good }),
        ];
        for (field, request) in wrong {
            let Err(Refusal::Invalid(faults)) = read_close(&request) else { panic!("{field} was read") };
            assert!(faults.iter().any(|fault| fault.field == field), "{field}: {faults:?}");
        }
    }
}

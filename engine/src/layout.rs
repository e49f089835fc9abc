//! Where the engine keeps what: the spaces, partitions and kinds of rows of its storage.

use bytes::Bytes;
use jiff::civil::Date;
use tessera_contract::till_day::TillDay;
use tessera_ledger::draw::hex;
use tessera_ledger::entry::Aggregate;
use tessera_rules::id::{AccountId, CustomerId, FactId, ReceiptId, SegmentId, SeriesId, StoreId};
use tessera_storage::{Partition, RowKey, Space};

/// Accounts by id.
pub const ACCOUNTS: Space = Space("accounts");
/// Receipt entries by receipt id; a receipt without a customer lies here whole.
pub const RECEIPTS: Space = Space("receipts");
/// Customers by the keyed hash of card, phone or QR.
pub const DIRECTORY: Space = Space("directory");
/// Sealing keys by customer id.
pub const KEYS: Space = Space("keys");
/// What revisions and catalogues were made from, and what the storage was made for.
pub const PROGRAMS: Space = Space("programs");

/// Closed ledger days.
pub const LEDGER: Space = Space("ledger");

/// Records of imported lists by name.
pub const LISTS: Space = Space("lists");
/// What loads of lists said of a customer, by customer id.
pub const MEMBERSHIPS: Space = Space("memberships");

/// What stores do not have in stock, by store id.
pub const STOCK: Space = Space("stock");

/// Draws that are closed or held, by id.
pub const DRAWS: Space = Space("draws");
/// The tickets that draws were closed with, in pieces, by the list's digest.
pub const DRAW_TICKETS: Space = Space("draw_tickets");

/// What was issued of series to the cashiers of a store, by store and series.
pub const SERIES: Space = Space("series");

/// Closed days of tills, by store, till and date.
pub const TILL_DAYS: Space = Space("till_days");

/// Every space of an engine: a storage is opened with these.
pub const SPACES: [Space; 13] =
    [ACCOUNTS, RECEIPTS, DIRECTORY, KEYS, PROGRAMS, LEDGER, LISTS, MEMBERSHIPS, STOCK, DRAWS, DRAW_TICKETS, SERIES, TILL_DAYS];

/// Outcome messages by receipt or request id.
pub const OUTCOME: u8 = 1;
/// What came back of a receipt so far, by its id.
pub const RETURNED: u8 = 2;
/// Sealed values of facts, by customer and fact.
pub const FACT: u8 = 3;
/// Pieces of a large value, by number.
pub const PIECE: u8 = 4;
/// The request of a sale without a customer, while it can be claimed.
pub const SALE: u8 = 5;

/// Closed ledger days by date.
pub const DAY: u8 = 6;
/// How a customer is reached, sealed, by customer.
pub const CONTACT: u8 = 7;
/// Codes that work once and that a sale or its claim used, by the sale's id.
pub const CODES: u8 = 8;
/// What a sale was decided with, where what is kept of it is priced anew, by its id.
pub const DECIDED: u8 = 9;
/// What is to be done to a second account, by its id, beside the outcome that caused it.
pub const FOLLOW_UP: u8 = 10;

/// Closes of a till's day, by number.
pub const CLOSE: u8 = 11;

/// Buckets of hints from here up to the next are fiscal documents: which one follows from a hash of device and number.
const FISCAL_BUCKETS: u32 = 1 << 28;
/// Buckets of hints from here up to the days of tills are ledger days: accounts that had rewards held on them.
const HELD_DAYS: u32 = 1 << 29;
/// Buckets of hints from here up to the due days are days of tills: which one follows from a hash of store, till and date.
const TILL_DAY_BUCKETS: u32 = 1 << 30;
/// Buckets of hints from here on are days, counted from 1 January 1970: accounts in which something lapses or becomes
/// usable then.
const DUE_DAYS: u32 = 1 << 31;
const DAY_ZERO: Date = Date::constant(1970, 1, 1);

/// What has a queue: an account, or a receipt that belongs to none.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum AggregateKey {
    /// An account.
    Account(AccountId),
    /// A receipt on its own.
    Receipt(ReceiptId),
}

/// The partition of an account.
#[must_use]
pub fn account(id: &AccountId) -> Partition {
    Partition { space: ACCOUNTS, key: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The partition of a receipt entry.
#[must_use]
pub fn receipt(id: &ReceiptId) -> Partition {
    Partition { space: RECEIPTS, key: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The partition in which the receipt's outcome lies.
#[must_use]
pub fn aggregate(aggregate: &Aggregate, receipt_id: &ReceiptId) -> Partition {
    match aggregate {
        Aggregate::Account(id) => account(id),
        Aggregate::Own => receipt(receipt_id),
        Aggregate::Sale(sale) => receipt(sale),
    }
}

/// The partition of a customer's sealing key.
#[must_use]
pub fn customer_key(id: &CustomerId) -> Partition {
    Partition { space: KEYS, key: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The partition of a directory entry.
#[must_use]
pub fn directory(hash: &[u8]) -> Partition {
    Partition { space: DIRECTORY, key: Bytes::copy_from_slice(hash) }
}

/// The partition of a program document.
#[must_use]
pub fn program(name: &str) -> Partition {
    Partition { space: PROGRAMS, key: Bytes::copy_from_slice(name.as_bytes()) }
}

/// The partition of what a store does not have in stock.
#[must_use]
pub fn stock(store: &StoreId) -> Partition {
    Partition { space: STOCK, key: Bytes::copy_from_slice(store.as_str().as_bytes()) }
}

/// The partition of what was issued of a series in a store. No id holds a line feed.
#[must_use]
pub fn series(store: &StoreId, series: &SeriesId) -> Partition {
    Partition { space: SERIES, key: Bytes::from(format!("{store}\n{series}")) }
}

/// The partition of a draw's record.
#[must_use]
pub fn draw(id: &str) -> Partition {
    Partition { space: DRAWS, key: Bytes::copy_from_slice(id.as_bytes()) }
}

/// The partition of the tickets that a draw was closed with: the digest of a list is that of one draw only.
#[must_use]
pub fn draw_tickets(list: &[u8; 32]) -> Partition {
    Partition { space: DRAW_TICKETS, key: Bytes::from(hex(list)) }
}

/// The partition of a list's record.
#[must_use]
pub fn list(id: &SegmentId) -> Partition {
    Partition { space: LISTS, key: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The partition of what loads of lists said of a customer.
#[must_use]
pub fn memberships(customer: &CustomerId) -> Partition {
    Partition { space: MEMBERSHIPS, key: Bytes::copy_from_slice(customer.as_str().as_bytes()) }
}

/// The row of a receipt's or request's outcome.
#[must_use]
pub fn outcome_row(id: &str) -> RowKey {
    RowKey { kind: OUTCOME, id: Bytes::copy_from_slice(id.as_bytes()) }
}

/// The row of a fact's sealed value.
#[must_use]
pub fn fact_row(customer: &CustomerId, fact: &FactId) -> RowKey {
    RowKey { kind: FACT, id: Bytes::from(format!("{customer}\n{fact}")) }
}

/// The row of how a customer is reached.
#[must_use]
pub fn contact_row(customer: &CustomerId) -> RowKey {
    RowKey { kind: CONTACT, id: Bytes::copy_from_slice(customer.as_str().as_bytes()) }
}

/// The row of a sale's request, beside its outcome.
#[must_use]
pub fn sale_row(id: &ReceiptId) -> RowKey {
    RowKey { kind: SALE, id: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The row of what a sale was decided with, beside its outcome.
#[must_use]
pub fn decided_row(id: &ReceiptId) -> RowKey {
    RowKey { kind: DECIDED, id: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The row of what came back of a receipt.
#[must_use]
pub fn returned_row(id: &ReceiptId) -> RowKey {
    RowKey { kind: RETURNED, id: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The row of the codes that work once and that a sale or its claim used.
#[must_use]
pub fn codes_row(id: &ReceiptId) -> RowKey {
    RowKey { kind: CODES, id: Bytes::copy_from_slice(id.as_str().as_bytes()) }
}

/// The partition of the closed ledger days.
#[must_use]
pub fn ledger_days() -> Partition {
    Partition { space: LEDGER, key: Bytes::from_static(b"days") }
}

/// The partition of what the carrier of follow-ups knows.
#[must_use]
pub fn follow_ups() -> Partition {
    Partition { space: LEDGER, key: Bytes::from_static(b"follow-ups") }
}

/// The partition of the last merge: one after the other, so that no two go round in a circle.
#[must_use]
pub fn merges() -> Partition {
    Partition { space: LEDGER, key: Bytes::from_static(b"merges") }
}

/// The row of a follow-up.
#[must_use]
pub fn follow_up_row(id: &str) -> RowKey {
    RowKey { kind: FOLLOW_UP, id: Bytes::copy_from_slice(id.as_bytes()) }
}

/// The partition of the closes of a till's day.
#[must_use]
pub fn till_day(day: &TillDay) -> Partition {
    Partition { space: TILL_DAYS, key: Bytes::from(till_day_name(day)) }
}

/// The row of one close.
#[must_use]
pub fn close_row(number: u32) -> RowKey {
    RowKey { kind: CLOSE, id: Bytes::copy_from_slice(&number.to_be_bytes()) }
}

/// The bucket of hints in which the receipts of a till's day are, perhaps beside those of another.
#[must_use]
pub fn till_day_bucket(day: &TillDay) -> u32 {
    let mut hash = [0; 4];
    let mut hasher = blake3::Hasher::new();
    hasher.update(till_day_name(day).as_bytes()).finalize_xof().fill(&mut hash);
    TILL_DAY_BUCKETS | (u32::from_le_bytes(hash) % TILL_DAY_BUCKETS)
}

/// What the keys of those hints begin with; the receipt's id follows.
#[must_use]
pub fn till_day_prefix(day: &TillDay) -> String {
    format!("{}\n", till_day_name(day))
}

/// The bucket of hints in which the receipts of a fiscal document are, perhaps beside those of others.
#[must_use]
pub fn fiscal_bucket(hash: &blake3::Hash) -> u32 {
    let bytes = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    FISCAL_BUCKETS | (u32::from_le_bytes(bytes) % FISCAL_BUCKETS)
}

/// No id has a control character, so no two days have one name.
fn till_day_name(day: &TillDay) -> String {
    format!("{}\n{}\n{}", day.store, day.till, day.date)
}

/// The row of a closed ledger day.
#[must_use]
pub fn day_row(date: Date) -> RowKey {
    RowKey { kind: DAY, id: Bytes::from(date.to_string()) }
}

/// The bucket of hints in which accounts are that had rewards held on a ledger day.
#[must_use]
pub fn held_bucket(date: Date) -> u32 {
    HELD_DAYS | (due_bucket(date) & (HELD_DAYS - 1))
}

/// The bucket of hints of a ledger day.
#[must_use]
pub fn due_bucket(date: Date) -> u32 {
    let days = DAY_ZERO.until(date).map_or(0, |span| span.get_days());
    DUE_DAYS.saturating_add(u32::try_from(days).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn no_two_kinds_of_rows_have_one_number() {
        let kinds: Vec<&str> =
            include_str!("layout.rs").lines().filter(|line| line.starts_with("pub const ") && line.contains(": u8 = ")).collect();
        let numbers: BTreeSet<&str> = kinds.iter().filter_map(|line| line.split(" = ").nth(1)).collect();
        assert!(kinds.len() > 8, "{kinds:?}");
        assert_eq!(numbers.len(), kinds.len(), "{kinds:?}");
    }
}

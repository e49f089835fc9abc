//! How fast the ledger of a storage is proven: `cargo run --release -p tessera-engine --example verify_rate -- FOLDER POSTINGS`.
//!
//! Makes a storage with so many postings where the folder is empty: receipts of six lines, each opening a lot and taking
//! from two others, with ten lots an account; then proves it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a measurement that meets what it does not expect ends there"
)]

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use tessera_engine::{layout, ledger};
use tessera_ledger::account::Account;
use tessera_ledger::lot::{Lot, LotId, LotKind, spending_order};
use tessera_proto::billing::v1;
use tessera_rules::id::{AccountId, AssetId, CustomerId, ProgramId, ReceiptId};
use tessera_rules::money::Units;
use tessera_storage::{Commit, EmbeddedStorage, Options, Row, Storage, Version};

/// Postings of one receipt.
const POSTINGS: u64 = 6;
/// Receipts of one account.
const RECEIPTS: u64 = 50;
/// Accounts whose receipts are committed at the same time.
const ACCOUNTS_AT_ONCE: u64 = 256;
/// Lots that an account keeps.
const LOTS: u64 = 10;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = Path::new(arguments.get(1).map_or("verify-rate", String::as_str));
    let postings: u64 = arguments.get(2).map_or(1_000_000, |text| text.parse().unwrap());
    let made = folder.exists();
    let storage = EmbeddedStorage::open(folder, Options::new(&layout::SPACES)).unwrap().storage;
    if !made {
        let begun = Instant::now();
        make(&storage, postings / (POSTINGS * RECEIPTS)).await;
        println!("made in {:.1} s", begun.elapsed().as_secs_f64());
    }
    for threads in [1, 2] {
        let begun = Instant::now();
        let verified = ledger::verify(&storage, threads, |_| {}).await.unwrap();
        assert_eq!(verified.findings, [], "everything agrees");
        let seconds = begun.elapsed().as_secs_f64();
        let rate = verified.postings as f64 / seconds;
        println!(
            "{threads} threads: {} postings of {} outcomes and {} lots of {} accounts in {seconds:.1} s, {rate:.0} postings/s",
            verified.postings, verified.outcomes, verified.lots, verified.accounts
        );
    }
    storage.close().await.unwrap();
}

async fn make(storage: &EmbeddedStorage, accounts: u64) {
    let mut running = FuturesUnordered::new();
    for number in 0..accounts {
        if number >= ACCOUNTS_AT_ONCE {
            running.next().await.unwrap();
        }
        running.push(fill(storage, number));
    }
    while running.next().await.is_some() {}
}

async fn fill(storage: &EmbeddedStorage, number: u64) {
    let begin: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    let id = AccountId::parse(&format!("a-{number:012}")).unwrap();
    let mut account = Account::new(id.clone(), CustomerId::parse(&format!("c-{number:012}")).unwrap(), begin);
    let mut left: HashMap<u64, i64> = HashMap::new();
    for receipt in 0..RECEIPTS {
        let now = begin + SignedDuration::from_hours(20 * i64::try_from(receipt).unwrap());
        let lot = |receipt: u64| LotId { receipt: receipt_id(number, receipt), place: 0 };
        let mut postings = vec![into_lot(&lot(receipt), 10), book(v1::BookKind::Issued, -10)];
        left.insert(receipt, 10);
        for (taken, units) in [(receipt.checked_sub(1), 5), (receipt.checked_sub(LOTS), 5)] {
            let Some(taken) = taken.filter(|taken| left.contains_key(taken)) else { continue };
            postings.extend([into_lot(&lot(taken), -units), book(v1::BookKind::Redeemed, units)]);
            *left.get_mut(&taken).unwrap() -= units;
        }
        left.retain(|_, units| *units > 0);
        account.lots = left.iter().map(|(receipt, units)| kept(lot(*receipt), *units, begin)).collect();
        account.lots.sort_by(spending_order);
        let outcome = outcome(&id, &receipt_id(number, receipt), now, postings);
        let commit = Commit {
            partition: layout::account(&id),
            expected: Version(receipt),
            head: Bytes::from(account.encode()),
            rows: vec![Row { key: layout::outcome_row(&outcome.outcome_id), value: Bytes::from(outcome.encode_to_vec()) }],
            claims: Vec::new(),
            hints: Vec::new(),
            deltas: Vec::new(),
            feed_kinds: vec![layout::OUTCOME],
        };
        storage.commit(commit).await.unwrap();
    }
}

fn receipt_id(account: u64, receipt: u64) -> ReceiptId {
    ReceiptId::parse(&format!("S1/T1/20260302/{account}/{receipt}/boot")).unwrap()
}

fn kept(id: LotId, left: i64, begin: Timestamp) -> Lot {
    Lot {
        id,
        asset: AssetId::parse("points").unwrap(),
        program: ProgramId::parse("club").unwrap(),
        campaign: None,
        kind: LotKind::Earned,
        begun: Units::from_units(10),
        left: Units::from_units(left),
        vests_at: begin,
        expires_at: None,
        booked_at: begin,
    }
}

fn posting(units: i64, side: v1::posting::Side) -> v1::Posting {
    let reason = if units > 0 { v1::PostingReason::Earned } else { v1::PostingReason::Redeemed };
    v1::Posting {
        asset_id: "points".to_owned(),
        units,
        reason: i32::from(reason),
        reward_id: "earn.0".to_owned(),
        side: Some(side),
        ..Default::default()
    }
}

fn into_lot(lot: &LotId, units: i64) -> v1::Posting {
    posting(units, v1::posting::Side::LotId(lot.to_string()))
}

fn book(kind: v1::BookKind, units: i64) -> v1::Posting {
    let book = v1::Book {
        kind: i32::from(kind),
        program_id: "club".to_owned(),
        campaign_id: "earn".to_owned(),
        entity_id: String::new(),
    };
    posting(units, v1::posting::Side::Book(book))
}

fn outcome(account: &AccountId, receipt: &ReceiptId, now: Timestamp, postings: Vec<v1::Posting>) -> v1::Outcome {
    let line = |number: i64| v1::OutcomeLine {
        line_id: number.to_string(),
        sku: format!("40000000000{number}"),
        tax_code: "A".to_owned(),
        quantity_milli: 1_000,
        unit_price_micros: 1_990_000,
        rung_up_minor: 199,
        paid_minor: 199,
        rewards: vec![v1::LineReward { reward_id: "earn.0".to_owned(), units: 2, amount_minor: 0 }],
        ..Default::default()
    };
    v1::Outcome {
        format: 1,
        outcome_id: receipt.to_string(),
        kind: i32::from(v1::OutcomeKind::Settle),
        receipt_id: receipt.to_string(),
        content_hash: vec![7; 32],
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        booking_date: jiff::tz::TimeZone::UTC.to_datetime(now).date().to_string(),
        account_id: account.to_string(),
        lines: (0..6).map(line).collect(),
        postings,
        ..Default::default()
    }
}

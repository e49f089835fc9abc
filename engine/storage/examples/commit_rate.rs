//! Prints how many durable commits a second the embedded storage makes on this machine.
//!
//! `cargo run --release -p tessera-storage --example commit_rate [COMMITS] [IN_FLIGHT] [ROW_BYTES]`
//!
//! Every commit has the shape of a settled receipt: a head of 1 KiB, one claim, one row in the feed
//! and one hint. Half of them go to partitions that are there already.
#![expect(clippy::print_stdout, reason = "its purpose is to print")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tessera_storage::{Claim, Commit, EmbeddedStorage, Hint, Options, Partition, Row, RowKey, Space, Storage, Version};

const THINGS: Space = Space("things");
const CODES: Space = Space("codes");

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let mut next = |default: u64| arguments.next().unwrap_or(Ok(default));
    let (commits, in_flight, row_bytes) = (next(20_000)?, next(256)?, next(2_048)?);

    let folder = tempfile::tempdir()?;
    let opened = EmbeddedStorage::open(folder.path(), Options::new(&[THINGS, CODES]))?;
    let storage = Arc::new(opened.storage);
    let value = Bytes::from(vec![0x5A; usize::try_from(row_bytes)?]);
    let number = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..in_flight {
        writers.spawn(write(Arc::clone(&storage), writer, Arc::clone(&number), commits, value.clone()));
    }
    let mut latencies = Vec::new();
    while let Some(done) = writers.join_next().await {
        latencies.extend(done??);
    }
    let took = started.elapsed();
    latencies.sort_unstable();
    let at = |share: usize| latencies.get(latencies.len().saturating_mul(share) / 1_000).copied().unwrap_or_default();
    let rate = u128::from(commits).saturating_mul(1_000_000) / took.as_micros().max(1);
    println!("{commits} commits, {in_flight} in flight, rows of {row_bytes} bytes: {took:?}, {rate} commits a second");
    println!("latency: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
    println!("processor: {:?} a commit, all threads, callers included", processor_time()? / u32::try_from(commits)?);
    storage.close().await?;
    Ok(())
}

async fn write(
    storage: Arc<EmbeddedStorage>,
    writer: u64,
    number: Arc<AtomicU64>,
    commits: u64,
    value: Bytes,
) -> Result<Vec<Duration>, Failure> {
    let mut latencies = Vec::new();
    let mut version = 0;
    let mut key = Bytes::new();
    loop {
        let mine = number.fetch_add(1, Ordering::Relaxed);
        if mine >= commits {
            return Ok(latencies);
        }
        let scattered = mine.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if version != 1 {
            key = Bytes::from(format!("account:customer-of-card:{scattered:016x}-{writer}"));
            version = 0;
        }
        let id = Bytes::from(format!("store-1/till-{writer:03}/2026-11-23/{mine:08}"));
        let commit = Commit {
            partition: Partition { space: THINGS, key: key.clone() },
            expected: Version(version),
            head: value.slice(..value.len().min(1_024)),
            rows: vec![Row { key: RowKey { kind: 1, id: id.clone() }, value: value.clone() }],
            claims: vec![Claim {
                partition: Partition { space: CODES, key: id.clone() },
                expected: Version::NONE,
                head: key.clone(),
            }],
            hints: vec![Hint { bucket: 1, key: id, value: Bytes::new() }],
            deltas: Vec::new(),
            feed_kinds: vec![1],
        };
        let asked = Instant::now();
        version = storage.commit(commit).await?.version.0;
        latencies.push(asked.elapsed());
    }
}

/// Processor time of this process so far, by the system's account in hundredths of a second.
fn processor_time() -> Result<Duration, Failure> {
    let account = std::fs::read_to_string("/proc/self/stat")?;
    let fields = account.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let mut hundredths = 0;
    for field in fields {
        hundredths += field.parse::<u64>()?;
    }
    Ok(Duration::from_millis(hundredths.saturating_mul(10)))
}

//! How fast a gateway starts and how much memory it takes with a full spool and a large rule pack; both small where nothing else
//! is said. As full and large as they may be:
//!
//! ```sh
//! TESSERA_SIZE_RECEIPTS=200000 TESSERA_SIZE_CAMPAIGNS=5000 cargo test --release -p tessera-gateway --lib size:: -- --nocapture
//! ```
//!
//! Folders are made by one process and measured by another, whose memory is then that of the gateway.

#![allow(clippy::print_stdout, reason = "it tells figures")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::pack::{PackContent, PackHead, stores_hash};
use tessera_contract::signing::PrivateKey;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{CustomerIdentity, Line, Receipt, SettleRequest};
use tessera_rules::revision::Source;

use crate::advice::Advice;
use crate::call::Call;
use crate::spool::Spool;
use crate::{Gateway, GatewayConfig, PackConfig, SpoolConfig};

const FOLDER: &str = "TESSERA_SIZE_FOLDER";
/// Receipts of a store that has been without a link, where nothing else is said; it is measured with half of them too.
const RECEIPTS: usize = 400;
/// Campaigns of the pack, where nothing else is said.
const CAMPAIGNS: usize = 50;
/// What a gateway may take of a cash server's memory.
const MEMORY_MAX_KIB: u64 = 64 * 1_000_000 / 1_024;
/// Accepted at once while the folder is made.
const AT_ONCE: usize = 1_024;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[3; 32])
}

fn config(folder: &Path) -> GatewayConfig {
    let pack =
        PackConfig { folder: folder.join("pack"), key: key().public(), stores: vec![], age_max: Duration::from_secs(7 * 86_400) };
    let nobody = "http://127.0.0.1:9".parse().unwrap();
    let spool = Some(SpoolConfig::new(folder.join("spool")));
    GatewayConfig { spool, pack: Some(pack), ..GatewayConfig::new("g1", vec![nobody]) }
}

/// A sale of twelve lines.
fn settle(number: usize) -> SettleRequest {
    let line = |line: usize| Line {
        line_id: line.to_string(),
        sku: format!("M{:06}", (number * 31 + line * 7_919) % 30_000),
        description: "Whole milk 3.5 %, 1 litre".to_owned(),
        quantity_milli: 1_000,
        unit_price_micros: 1_290_000,
        amount_minor: 129,
        tax_code: "B".to_owned(),
        ..Line::default()
    };
    let card = format!("2711{:08}", number * 7 % 60_000);
    SettleRequest {
        attempt: 1,
        receipt: Some(Receipt {
            receipt_id: format!("S1/T{}/20261120/{number:06}/9f3a", number % 40),
            sold_at: Some(timestamp_to_wire(
                Timestamp::from_second(1_795_000_000).unwrap() + Duration::from_secs(u64::try_from(number).unwrap()),
            )),
            business_date: "2026-11-20".to_owned(),
            store_id: "S1".to_owned(),
            till_id: format!("T{}", number % 40),
            currency_code: "EUR".to_owned(),
            customer: Some(CustomerIdentity { identity: Some(Identity::CardNumber(card)), entry_method: 0 }),
            lines: (0..12).map(line).collect(),
            ..Receipt::default()
        }),
        ..SettleRequest::default()
    }
}

async fn fill(folder: &Path, numbers: std::ops::Range<usize>) {
    let spool = Spool::open(SpoolConfig::new(folder.join("spool"))).unwrap();
    let mut accepting = Vec::new();
    for number in numbers {
        let request = settle(number).encode_to_vec().into();
        let advice = Advice::read(Call::Settle, &request).unwrap().unwrap();
        let spool = &spool;
        accepting.push(async move { spool.accept(Call::Settle, &advice, request, Timestamp::now()).await.unwrap() });
        if accepting.len() == AT_ONCE {
            futures_util::future::join_all(accepting.drain(..)).await;
        }
    }
    futures_util::future::join_all(accepting).await;
}

fn keep_pack(folder: &Path, campaigns: usize) -> usize {
    let mut text = "program: p\nlanguage: 1\nname: P\ncurrency: EUR\ncampaigns:\n".to_owned();
    for number in 0..campaigns {
        let sku = number * 6 % 30_000;
        writeln!(text, "- {{id: c{number}, name: \"A tenth off {number}\", on: {{sku: [\"M{sku:06}\"]}}, percent_off: 10}}")
            .unwrap();
    }
    let content = PackContent { sources: vec![Source { name: "p.yaml".into(), text }], products: vec![] }.encode();
    let now = Timestamp::now();
    let pack = PackContent::hash_of(&content);
    let valid_until = now + SignedDuration::from_hours(24);
    let head = PackHead { pack, revision: 1, catalogue: 1, stores: stores_hash(&[]), stated_at: now, valid_until };
    let folder = folder.join("pack");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{pack}.pack")), &content).unwrap();
    std::fs::write(folder.join("head"), head.signed(&key()).to_file()).unwrap();
    content.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_and_the_largest_pack_leave_a_gateway_quick_and_small() {
    let folder = tempfile::tempdir().unwrap();
    let campaigns = number("TESSERA_SIZE_CAMPAIGNS", CAMPAIGNS);
    let bytes = keep_pack(folder.path(), campaigns);
    println!("a pack of {campaigns} campaigns, {bytes} bytes");
    let all = number("TESSERA_SIZE_RECEIPTS", RECEIPTS);
    let mut from = 0;
    for receipts in [all / 2, all] {
        fill(folder.path(), from..receipts).await;
        from = receipts;
        let mut measuring = Command::new(std::env::current_exe().unwrap());
        measuring.args(["--exact", "size::a_gateway_of_a_folder", "--nocapture"]).env(FOLDER, folder.path());
        let measured = measuring.output().unwrap();
        let said = String::from_utf8_lossy(&measured.stdout);
        assert!(measured.status.success(), "{said}{}", String::from_utf8_lossy(&measured.stderr));
        let line = said.lines().find(|line| line.contains("receipts")).unwrap_or(&said);
        println!("{line}");
    }
}

/// What is measured: without a folder that the other test has made there is nothing to measure.
#[tokio::test]
async fn a_gateway_of_a_folder() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let before = memory("VmHWM");
    let began = Instant::now();
    let gateway = Gateway::new(config(&folder)).unwrap();
    let listener = tessera_identity::Listener::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let started = began.elapsed();
    let serving = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.serve(listener, std::future::pending()).await }
    });
    while !gateway.status().pack.is_some_and(|pack| pack.unusable_reason.is_empty()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let packed = began.elapsed();
    let waiting = gateway.status().spool.unwrap().waiting_count;
    let (most, anonymous) = (memory("VmHWM"), memory("RssAnon"));
    println!(
        "{waiting} receipts: serves after {} ms, its pack decides after {} ms; memory at most {most} KiB ({before} KiB before it \
         began), {anonymous} KiB of it its own now",
        started.as_millis(),
        packed.as_millis()
    );
    serving.abort();
    assert!(most < MEMORY_MAX_KIB, "{most} KiB");
}

/// What the system says of this process's memory, KiB.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or_default()
}

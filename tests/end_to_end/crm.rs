//! The mirror as its users meet it: a real engine, the real process beside it, cards, kills, and the mirror made again.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tessera_crm::mirror::layout;
use tessera_storage::{Commit, EmbeddedStorage, Options, Storage as _};

use super::server::{printed, refusal, said, tessera};
use super::sources::root;

/// A data folder, an engine over it, and where both answer.
pub(super) struct Shop {
    pub(super) folder: TempDir,
    engine: Process,
    engine_at: String,
    till_at: String,
}

/// A process that is killed when it is dropped.
pub(super) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a process and waits until it has printed a line that begins with each of these; gives what stands behind.
fn start(mut command: Command, wanted: &[&str]) -> (Process, Vec<String>) {
    let mut child = Process(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let find = |name: &&str| {
        let line = lines.by_ref().find_map(|line| line.strip_prefix(*name).map(|rest| rest.trim().to_owned()));
        let line = line.unwrap_or_else(|| panic!("{command:?} ended before it said where its {name} is"));
        line.split_whitespace().next().unwrap().trim_start_matches("http://").to_owned()
    };
    let found = wanted.iter().map(find).collect();
    (child, found)
}

impl Shop {
    pub(super) fn new(program: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = super::server::serve(&folder.path().join("data"));
        if let Some(program) = program {
            command.env("TESSERA_PROGRAMS", program);
        }
        let (engine, at) = start(command, &["engine", "gateway"]);
        Self { folder, engine, engine_at: at[0].clone(), till_at: at[1].clone() }
    }

    /// Over what a replay has stored.
    fn replayed(folder: TempDir, storage: &Path) -> Self {
        let mut command = super::server::serve(&folder.path().join("data"));
        command.arg("--replayed").arg(storage);
        let (engine, at) = start(command, &["engine"]);
        Self { folder, engine, engine_at: at[0].clone(), till_at: String::new() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `tessera crm` with this shop's engine and, where it is known, the running mirror.
    pub(super) fn crm(&self, mirror_at: &str, arguments: &[&str]) -> Command {
        self.asked(mirror_at, "crm", arguments)
    }

    pub(super) fn asked(&self, mirror_at: &str, what: &str, arguments: &[&str]) -> Command {
        let mut command = tessera();
        command.arg(what).args(arguments);
        command.env("TESSERA_DATA", self.data()).env("TESSERA_LISTEN_ENGINE", &self.engine_at);
        command.env("TESSERA_LISTEN_CRM", mirror_at);
        command
    }

    pub(super) fn mirror(&self) -> (Process, String) {
        let (process, at) = start(self.crm("127.0.0.1:0", &["serve"]), &["crm"]);
        (process, at[0].clone())
    }

    fn status(&self, mirror_at: &str) -> Value {
        serde_json::from_str(&printed(self.crm(mirror_at, &["status", "--json"]))).unwrap()
    }

    /// Settles the example's receipt under a new id.
    fn settle(&self, id: &str) {
        let text = fs::read_to_string(root().join("deploy/examples/receipt.json")).unwrap();
        let mut receipt: Value = serde_json::from_str(&text).unwrap();
        receipt["receiptId"] = id.into();
        let file = self.folder.path().join("receipt.json");
        fs::write(&file, receipt.to_string()).unwrap();
        let settled = self.till(&["settle", file.to_str().unwrap()]);
        assert!(settled.status.success(), "{}", said(&settled));
    }

    pub(super) fn till(&self, arguments: &[&str]) -> Output {
        tessera().args(["till", "--endpoint", &format!("http://{}", self.till_at), "--json"]).args(arguments).output().unwrap()
    }
}

pub(super) const NOBODY: &str = "127.0.0.1:9";

#[test]
fn a_card_looked_at_right_after_a_sale_has_it() {
    let shop = Shop::new(Some(&root().join("deploy/programs/sample.yaml")));
    let (_mirror, at) = shop.mirror();
    for visits in 1..=5 {
        shop.settle(&format!("S1/T9/20261122/{visits}/card"));
        let card: Value = serde_json::from_str(&printed(shop.crm(&at, &["card", "--card", "4000900", "--json"]))).unwrap();
        assert_eq!(card["card"]["visits"], visits, "{card:#}");
        assert_eq!(card["freshness"]["up_to_date"], true, "{card:#}");
        assert_eq!(card["history"][0]["receipt_id"], format!("S1/T9/20261122/{visits}/card"));
    }
    let text = printed(shop.crm(&at, &["card", "--card", "4000900"]));
    assert!(text.contains("5 visits") && text.contains("points"), "{text}");
}

#[test]
fn a_card_is_found_by_the_phone_that_calls_and_by_nothing_that_is_not_known() {
    let shop = Shop::new(Some(&root().join("deploy/programs/sample.yaml")));
    let (_mirror, at) = shop.mirror();
    let enrolment = shop.folder.path().join("enrol.json");
    // The second one with the zero that is dialled within the country.
    for (number, phone) in ["+441632960001", "+4401632960005"].into_iter().enumerate() {
        let id = format!("S1/T9/20261122/{number}/enrol");
        let request = json!({"phone": phone, "storeId": "S1", "dataConsent": true, "requestId": id});
        fs::write(&enrolment, request.to_string()).unwrap();
        let enrolled = shop.till(&["enrol", enrolment.to_str().unwrap()]);
        assert!(enrolled.status.success(), "{}", said(&enrolled));
        let found = printed(shop.crm(&at, &["card", "--phone", phone, "--json"]));
        assert!(found.contains("OUTCOME_KIND_ENROLMENT"), "{found}");
    }
    let card: Value = serde_json::from_str(&printed(shop.crm(&at, &["card", "--phone", "+441632960001", "--json"]))).unwrap();
    assert_eq!(card["history"][0]["kind"], "OUTCOME_KIND_ENROLMENT", "{card:#}");
    assert!(!card.to_string().contains("1632960001"), "h81: {card:#}");
    // Nothing that was said is in any file: the engine's is sealed, and the mirror never had it.
    let mut folders = vec![shop.data()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let bytes = fs::read(&entry).unwrap();
                assert!(!bytes.windows(10).any(|window| window == b"1632960001"), "h80: {}", entry.display());
                files += 1;
            }
        }
    }
    assert!(files > 5, "the engine's and the mirror's");
    for (by, what, wanted) in [
        ("--phone", "+441632960002", "nobody is known"),
        ("--phone", "12", "customer.phone"),
        ("--customer", "c-nobody", "nobody is known"),
    ] {
        let refused = refusal(shop.crm(&at, &["card", by, what]));
        assert!(refused.contains(wanted), "{refused}");
    }
    let refused = refusal(shop.crm(NOBODY, &["card", "--customer", "c-1"]));
    assert!(refused.contains("tessera crm serve"), "{refused}");
}

/// A storage with so many receipts of the samples, each under an id of its own.
fn replayed(receipts: usize) -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let sample = fs::read_to_string(root().join("tests/samples/receipts.jsonl")).unwrap();
    let sales: Vec<Value> = sample.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut text = String::new();
    for (number, sale) in sales.iter().filter(|sale| sale.get("soldAt").is_some()).cycle().take(receipts).enumerate() {
        let mut sale = sale.clone();
        sale["receiptId"] = format!("many-{number}").into();
        if number % 3 > 0 {
            sale["customer"] = json!({"cardNumber": format!("{}", 90_000_000 + number % 40)});
        }
        text.push_str(&format!("{sale}\n"));
    }
    let file = folder.path().join("receipts.jsonl");
    fs::write(&file, text).unwrap();
    let storage = folder.path().join("replayed");
    let mut command = tessera();
    command.args(["replay", "--format", "json-lines", "--json", "--receipts"]).arg(&file).arg("--storage").arg(&storage);
    let summary: Value = serde_json::from_str(&printed(command)).unwrap();
    assert_eq!(summary["receipts"]["settled"], receipts, "{summary}");
    Shop::replayed(folder, &storage)
}

#[test]
fn p9_a_mirror_that_is_killed_again_and_again_equals_the_one_made_anew() {
    let shop = replayed(1_500);
    let mut folded = 0;
    for wanted in [1, 300, 700, 1_100] {
        let (mirror, at) = shop.mirror();
        // Killed in the middle of its work: as soon as it is known to have got so far.
        while folded < wanted {
            folded = shop.status(&at)["outcomes"].as_u64().unwrap();
        }
        drop(mirror);
    }
    let (mirror, at) = shop.mirror();
    let status = loop {
        let status = shop.status(&at);
        if status["freshness"]["up_to_date"] == true {
            break status;
        }
    };
    assert_eq!(status["outcomes"], 1_500, "{status:#}");
    let refused = refusal(shop.crm(&at, &["rebuild"]));
    assert!(refused.contains("in use"), "{refused}");
    drop(mirror);
    let rebuilt = printed(shop.crm(NOBODY, &["rebuild"]));
    assert!(rebuilt.starts_with("1500 outcomes folded again") && rebuilt.contains("are equal"), "{rebuilt}");
    assert_eq!(shop.status(NOBODY)["outcomes"], 1_500);
    assert!(!shop.data().join("mirror-new").exists());
    drop(shop.engine);
}

/// The position that a mirror nobody has open says, and what is put in its place.
fn position(shop: &Shop, other: Option<Vec<u8>>) -> Vec<u8> {
    let facts = "mirror".into();
    let options = Options { facts, on_fatal: Box::new(|reason| panic!("{reason}")), ..Options::new(&layout::SPACES) };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let storage = EmbeddedStorage::open(&shop.data().join("mirror"), options).unwrap().storage;
        let head = storage.head(&layout::position()).await.unwrap().unwrap();
        if let Some(other) = other {
            let (partition, expected, head) = (layout::position(), head.version, other.into());
            let (rows, claims, hints, deltas, feed_kinds) = Default::default();
            storage.commit(Commit { partition, expected, head, rows, claims, hints, deltas, feed_kinds }).await.unwrap();
        }
        storage.close().await.unwrap();
        head.value.to_vec()
    })
}

#[test]
fn p9_a_mirror_stopped_within_a_batch_is_no_difference_and_one_that_cannot_be_read_is_replaced() {
    let shop = Shop::new(Some(&root().join("deploy/programs/sample.yaml")));
    let fold = |wanted: u64| {
        let (mirror, at) = shop.mirror();
        while shop.status(&at)["outcomes"] != wanted {}
        drop(mirror);
    };
    shop.settle("S1/T9/20261122/1/rebuild");
    fold(1);
    let earlier = position(&shop, None);
    shop.settle("S1/T9/20261122/2/rebuild");
    fold(2);
    // As if it had been stopped before the position was written: days and cards are further.
    let last = position(&shop, Some(earlier));
    let rebuilt = printed(shop.crm(NOBODY, &["rebuild"]));
    assert!(rebuilt.starts_with("2 outcomes folded again") && rebuilt.contains("are equal"), "{rebuilt}");
    // A format that nobody knows.
    position(&shop, Some([&[0xff], &last[1..]].concat()));
    let differs = shop.crm(NOBODY, &["rebuild"]).output().unwrap();
    let text = String::from_utf8(differs.stdout.clone()).unwrap();
    assert!(!differs.status.success() && text.contains("the position: cannot be read"), "{text} {}", said(&differs));
    let replaced = printed(shop.crm(NOBODY, &["rebuild", "--replace"]));
    assert!(replaced.contains("was replaced"), "{replaced}");
    assert_eq!(position(&shop, None), last);
    assert!(shop.data().join("mirror-before-1").exists());
}

/// A number of a report's only total, in smallest units.
pub(super) fn total(report: &Value, column: &str) -> i64 {
    assert_eq!(report["totals"].as_array().unwrap().len(), 1, "{report:#}");
    let columns = report["columns"].as_array().unwrap();
    let place = columns.iter().position(|known| known["name"] == column).unwrap();
    report["totals"][0]["numbers"][place].as_i64().unwrap()
}

#[test]
fn p5_reports_come_to_what_was_replayed_to_the_penny_and_to_the_trial_balance() {
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().join("replayed");
    let mut command = tessera();
    command.args(["replay", "--format", "online-retail-ii", "--json", "--receipts"]);
    command.arg(root().join("tests/samples/online-retail-ii.csv")).arg("--storage").arg(&storage);
    command.arg("--program").arg(root().join("deploy/programs/sample.yaml"));
    let summary: Value = serde_json::from_str(&printed(command)).unwrap();
    let money = &summary["money_minor"];
    let shop = Shop::replayed(folder, &storage);
    let (mirror, at) = shop.mirror();
    let report = |mirror_at: &str, arguments: &[&str]| -> Value {
        let mut command = shop.asked(mirror_at, "report", arguments);
        command.args(["--from", "2024-01-01", "--to", "2024-12-31", "--format", "json"]);
        serde_json::from_str(&printed(command)).unwrap()
    };
    let till = report(&at, &["till"]);
    assert_eq!(till["notes"].as_array().unwrap().len(), 1, "{:#}", till["notes"]);
    assert_eq!(total(&till, "rung_up"), money["settled_before"].as_i64().unwrap(), "{summary:#}");
    assert_eq!(total(&till, "paid"), money["settled_after"].as_i64().unwrap());
    assert_eq!(total(&till, "given_back"), -money["returned"].as_i64().unwrap());
    assert_eq!(total(&till, "receipts"), summary["receipts"]["settled"].as_i64().unwrap());
    assert_eq!(total(&till, "returns"), summary["receipts"]["returned"].as_i64().unwrap());
    let accrual = report(&at, &["accrual", "--by", "day,campaign"]);
    assert_eq!(accrual["check"]["agrees"], true, "{:#}", accrual["check"]);
    assert_eq!(total(&accrual, "issued"), summary["assets_issued"]["points"].as_i64().unwrap());
    assert_eq!(accrual["written"]["points"]["currency"], "GBP");
    // A mirror that was stopped tells the same.
    drop(mirror);
    let stopped = report(NOBODY, &["accrual", "--by", "day,campaign"]);
    assert_eq!((&stopped["rows"], &stopped["totals"]), (&accrual["rows"], &accrual["totals"]));
    let balance = printed(ledger_of(&shop));
    let balance: Value = serde_json::from_str(&balance).unwrap();
    let lots = balance["rows"].as_array().unwrap().iter().find(|row| row["assetId"] == "points" && row.get("book").is_none());
    let closing: i64 = lots.unwrap()["closingUnits"].as_str().unwrap().parse().unwrap();
    assert_eq!(total(&accrual, "closing"), closing, "{balance:#}");
}

/// The engine's own trial balance of everything.
pub(super) fn ledger_of(shop: &Shop) -> Command {
    let mut command = tessera();
    command.args(["ledger", "trial-balance", "--format", "json"]).env("TESSERA_LISTEN_ENGINE", &shop.engine_at);
    command
}

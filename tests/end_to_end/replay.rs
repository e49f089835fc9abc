//! `tessera replay` as a user runs it: the binary, the samples, one folder of storage.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::{Value, json};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

fn online_retail() -> PathBuf {
    samples().join("online-retail-ii.csv")
}

fn complete_journey() -> PathBuf {
    samples().join("complete-journey/transactions.csv")
}

fn command(receipts: &Path, format: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command.arg("replay").arg("--receipts").arg(receipts).args(["--format", format]).stdin(Stdio::null());
    command
}

fn with(mut command: Command, flag: &str, value: &Path) -> Command {
    command.arg(flag).arg(value);
    command
}

fn output(mut command: Command) -> Output {
    command.output().unwrap()
}

/// Runs to a good end and reads the JSON object.
fn replayed(mut command: Command) -> Value {
    command.arg("--json");
    let ended = output(command);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{:?}\n{said}", ended.status);
    serde_json::from_slice(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"))
}

/// The figures of the sample of the web shop, without campaigns.
fn expected_of_online_retail() -> Value {
    json!({
        "receipts": {"read": 31, "settled": 24, "returned": 3},
        "lines": {"read": 80, "settled": 72, "returned": 4, "set_aside": {"ADJUSTMENT": 1, "CANCELLATION_NOT_NEGATIVE": 1, "WRITE_OFF": 2}},
        "money_minor": {"settled_before": 282_089, "settled_after": 282_089, "returned": -3_355, "set_aside": -21_870},
        "assets_issued": {},
        "refused": {},
    })
}

/// Without what differs from run to run.
fn lasting(summary: &Value) -> Value {
    let mut lasting = summary.clone();
    let object = lasting.as_object_mut().unwrap();
    for key in ["latency_us", "receipts_per_second", "outcomes_hash"] {
        assert!(object.remove(key).is_some(), "{key} is missing");
    }
    lasting
}

#[test]
fn the_sample_goes_through_to_the_penny() {
    let summary = replayed(command(&online_retail(), "online-retail-ii"));
    assert_eq!(lasting(&summary), expected_of_online_retail());
    for call in ["quote", "settle"] {
        for quantile in ["p50", "p99", "p999", "max"] {
            assert!(summary["latency_us"][call][quantile].as_u64().unwrap() > 0, "{call} {quantile}");
        }
    }
}

#[test]
fn h19_the_outcomes_do_not_depend_on_how_many_are_in_flight() {
    let hash = |in_flight: &str| {
        let mut command = command(&online_retail(), "online-retail-ii");
        command.args(["--in-flight", in_flight]);
        replayed(command)["outcomes_hash"].clone()
    };
    assert_eq!(hash("1"), hash("64"));
}

#[test]
fn p2_the_same_file_twice_into_the_same_storage_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().join("storage");
    let run = || replayed(with(command(&online_retail(), "online-retail-ii"), "--storage", &storage));
    let (first, second) = (run(), run());
    assert_eq!(lasting(&first), lasting(&second));
    assert_eq!(first["outcomes_hash"], second["outcomes_hash"]);
    assert_eq!(lasting(&second), expected_of_online_retail());
}

/// Copies of the sample with other invoice numbers, so that a replay lasts long enough to be killed.
fn long_file(folder: &Path, copies: u32) -> PathBuf {
    let sample = fs::read_to_string(online_retail()).unwrap();
    let (header, rows) = sample.split_once('\n').unwrap();
    let mut text = format!("{header}\n");
    for copy in 0..copies {
        for row in rows.lines() {
            let (invoice, rest) = row.split_once(',').unwrap();
            text.push_str(&format!("{invoice}{copy:04},{rest}\n"));
        }
    }
    let file = folder.join("long.csv");
    fs::write(&file, text).unwrap();
    file
}

/// When anything in a folder was last written; none: nothing is there yet.
fn last_written(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    let times = entries.flatten().filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        if metadata.is_dir() { last_written(&entry.path()) } else { metadata.modified().ok() }
    });
    times.max()
}

#[cfg(unix)]
#[test]
fn p3_killed_in_the_middle_and_run_again_gives_the_undisturbed_outcomes() {
    let folder = tempfile::tempdir().unwrap();
    let file = long_file(folder.path(), 60);
    let storage = folder.path().join("storage");
    let undisturbed = replayed(command(&file, "online-retail-ii"));
    // Killed while the storage is made, early in the file, and again further on.
    for writes in [1, 10, 60] {
        let mut killed = with(command(&file, "online-retail-ii"), "--storage", &storage);
        let mut child = killed.args(["--in-flight", "2"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Waits until so many writes were seen, or for the end where the machine was faster than the look.
        let mut seen = BTreeSet::new();
        while seen.len() < writes && child.try_wait().unwrap().is_none() {
            seen.extend(last_written(&storage));
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let again = replayed(with(command(&file, "online-retail-ii"), "--storage", &storage));
    assert_eq!(again["outcomes_hash"], undisturbed["outcomes_hash"]);
    assert_eq!(lasting(&again), lasting(&undisturbed));
}

#[test]
fn coupons_and_points_are_given_under_the_program_that_the_command_writes() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("household.yaml");
    let written = output(with(command(&complete_journey(), "complete-journey"), "--write-program", &program));
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let summary = replayed(with(command(&complete_journey(), "complete-journey"), "--program", &program));
    assert_eq!(summary["receipts"], json!({"read": 27, "settled": 26, "returned": 0}));
    assert_eq!(summary["lines"], json!({"read": 82, "settled": 77, "returned": 0, "set_aside": {"ZERO_QUANTITY": 5}}));
    assert_eq!(summary["money_minor"]["settled_before"], 46_109);
    // Five coupons are shown, each takes one dollar off.
    assert_eq!(summary["money_minor"]["settled_after"], 46_109 - 5 * 100);
    assert!(summary["assets_issued"]["points"].as_i64().unwrap() > 400, "{summary}");
    assert_eq!(summary["refused"], json!({}));
}

/// Files of real receipts, the first rows of the receipts themselves; none: they are not here.
fn real_complete_journey(folder: &Path, rows: usize) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/complete-journey");
    for name in ["coupon_redemptions", "coupons", "products", "transactions"] {
        let Ok(compressed) = fs::File::open(shared.join(format!("{name}.csv.gz"))) else {
            eprintln!("SKIPPED: {name}.csv.gz is not in {}", shared.display());
            return None;
        };
        let lines = BufReader::new(flate2::read::GzDecoder::new(compressed)).lines().map(Result::unwrap);
        let most = if name == "transactions" { rows } else { usize::MAX };
        let text = lines.take(most).fold(String::new(), |text, line| text + &line + "\n");
        fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
    Some(folder.join("transactions.csv"))
}

#[test]
fn real_receipts_of_a_grocery_chain_go_through_a_program_of_all_their_coupons() {
    let folder = tempfile::tempdir().unwrap();
    let Some(receipts) = real_complete_journey(folder.path(), 6_000) else { return };
    let program = folder.path().join("household.yaml");
    let written = output(with(command(&receipts, "complete-journey"), "--write-program", &program));
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let campaigns = fs::read_to_string(&program).unwrap().matches("\n  - id: coupon-").count();
    assert!(campaigns > 900, "{campaigns}");
    let summary = replayed(with(command(&receipts, "complete-journey"), "--program", &program));
    assert!(summary["receipts"]["settled"].as_i64().unwrap() > 400, "{summary}");
    assert_eq!(summary["refused"], json!({}));
    assert!(summary["assets_issued"]["points"].as_i64().unwrap() > 1_000, "{summary}");
}

#[test]
fn the_summary_for_people_says_money_reasons_hash_and_what_to_do_next() {
    let ended = output(command(&online_retail(), "online-retail-ii"));
    let text = String::from_utf8(ended.stdout).unwrap();
    for wanted in ["GBP 2,820.89", "GBP -33.55", "book-keeping adjustment", "outcomes ", "next: "] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
}

#[test]
fn p11_a_broken_file_ends_with_an_error_and_leaves_no_storage() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(online_retail()).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&whole).unwrap();
    let compressed = encoder.finish().unwrap();
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("empty.csv", Vec::new(), "empty"),
        ("other.csv", fs::read(complete_journey()).unwrap(), "it fits --format complete-journey"),
        ("cut.csv", whole[..whole.len() / 2].to_vec(), "row "),
        ("cut.csv.gz", compressed[..compressed.len() / 2].to_vec(), "ends in the middle"),
        ("noise.csv", b"\x00\xff\x00\xff\n".to_vec(), "noise.csv"),
    ];
    for (name, content, message) in cases {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let storage = folder.path().join(format!("{name}.storage"));
        let ended = output(with(command(&file, "online-retail-ii"), "--storage", &storage));
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success(), "{name} was taken");
        assert!(said.contains(message) && said.contains(name), "{name}:\n{said}");
        assert!(ended.stdout.is_empty(), "{name}: something was reported");
        assert!(!storage.exists(), "{name}: a storage was made");
    }
}

//! `tessera program simulate` as a marketer runs it: the binary, drafts and samples.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::server::{Server, printed, refusal, tessera};

const HEAD: &str =
    "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nassets:\n- {id: points, kind: points, worth_minor: 1}\ncampaigns:\n";

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/receipts.jsonl")
}

fn program(folder: &Path, name: &str, campaigns: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, format!("{HEAD}{campaigns}")).unwrap();
    file
}

fn simulate(draft: &Path, receipts: &Path) -> Command {
    let mut command = tessera();
    command.args(["program", "simulate", "--revision"]).arg(draft).arg("--receipts").arg(receipts);
    command
}

fn drafts(folder: &Path) -> (PathBuf, PathBuf) {
    let current = program(folder, "current.yaml", "- {id: points, name: Points, points: {per: 1.00, units: 1}}\n");
    let draft = program(
        folder,
        "draft.yaml",
        "- {id: points, name: Points, points: {per: 1.00, units: 3}}\n- {id: a, name: A, on: {sku: [A1]}, percent_off: 10}\n",
    );
    (current, draft)
}

#[test]
fn a_draft_is_compared_and_every_file_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (current, draft) = drafts(folder.path());
    let mut command = simulate(&draft, &sample());
    command.arg("--against").arg(&current).args(["--threads", "2"]);
    let (csv, page, book) = (folder.path().join("tables"), folder.path().join("page.html"), folder.path().join("book.xlsx"));
    command.arg("--csv").arg(&csv).arg("--html").arg(&page).arg("--xlsx").arg(&book);
    let ended = command.output().unwrap();
    let (out, said) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8_lossy(&ended.stderr).into_owned());
    assert!(ended.status.success(), "{said}");
    assert!(out.contains("4 receipts and 1 returns of 2 customers"), "{out}");
    // A tenth of 18.00 worth of A1, and nothing else.
    assert!(out.lines().any(|line| line.contains("discount") && line.contains("1.80")), "{out}");
    assert!(said.contains("receipts through both") && !said.contains('\r'), "{said}");
    let mut files: Vec<String> =
        fs::read_dir(&csv).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let tables = ["assets", "campaigns", "funding", "months", "receipts", "segments", "stores", "tiers"];
    assert_eq!(files, tables.map(|table| format!("{table}.csv")));
    assert!(fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
    assert!(fs::read(&book).unwrap().starts_with(b"PK"));
}

/// Sells and takes back what a file holds, as a till would.
fn sell(server: &Server, folder: &Path, receipts: &Path) {
    for (place, line) in fs::read_to_string(receipts).unwrap().lines().enumerate() {
        let file = folder.join(format!("{place}.json"));
        fs::write(&file, line).unwrap();
        let file = file.to_str().unwrap();
        let call = if line.contains("returnedAt") { vec!["return", "--done", file] } else { vec!["settle", file] };
        let ended = server.till(&call);
        assert!(ended.status.success(), "{line}\n{}", String::from_utf8_lossy(&ended.stderr));
    }
}

/// The printed report without what names its sides and without its remarks.
fn figures(report: &str) -> String {
    let named = |line: &&str| !line.starts_with("current:") && !line.starts_with("draft:") && !line.starts_with("note:");
    report.lines().filter(named).map(|line| format!("{}\n", line.trim_end())).collect::<String>().trim_end().to_owned()
}

#[test]
fn what_a_running_engine_sold_comes_to_the_same_as_the_receipts_that_it_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let extra = "- {id: extra, name: One more, on: {sku: [B]}, extra_units: {every: 1, add: 1}}\n";
    let live = "- {id: points, name: Points, points: {per: 1.00, units: 1}}\n- {id: off, name: Off, on: {sku: [A1]}, n_for_m: {take: 3, pay: 2}}\n";
    let live = program(folder.path(), "live.yaml", &format!("{live}{extra}"));
    let draft =
        program(folder.path(), "draft.yaml", &format!("- {{id: points, name: P, points: {{per: 1.00, units: 3}}}}\n{extra}"));
    printed(server.program(&["publish", live.to_str().unwrap()]));
    let empty = refusal(server.program(&["simulate", "--revision", draft.to_str().unwrap(), "--feed"]));
    assert!(empty.contains("the feed holds no sale in GBP"), "{empty}");
    // A phone is known to an engine only where its customer was enrolled.
    let receipts = folder.path().join("receipts.jsonl");
    let known = fs::read_to_string(sample()).unwrap().replace("\"phone\":\"+447700900123\"", "\"cardNumber\":\"90000002\"");
    fs::write(&receipts, known).unwrap();
    sell(&server, folder.path(), &receipts);
    let from_feed = printed(server.program(&["simulate", "--revision", draft.to_str().unwrap(), "--feed"]));
    let from_file =
        printed(server.program(&["simulate", "--revision", draft.to_str().unwrap(), "--receipts", receipts.to_str().unwrap()]));
    assert_eq!(figures(&from_feed), figures(&from_file));
    assert!(from_feed.contains("current: revision 1 (3 campaigns"), "{from_feed}");
    assert!(from_feed.contains("no attributes of lines"), "{from_feed}");
    server.kill();
}

#[test]
fn p11_what_is_wrong_is_said_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (current, draft) = drafts(folder.path());
    let page = folder.path().join("page.html");
    let bad = program(folder.path(), "bad.yaml", "- {id: x, name: X, percent_of: 10}\n");
    let broken = folder.path().join("broken.jsonl");
    let good = fs::read_to_string(sample()).unwrap();
    fs::write(&broken, good.replace("\"450\"", "\"45O\"")).unwrap();
    let foreign = folder.path().join("foreign.jsonl");
    fs::write(&foreign, good.lines().next().unwrap().replace("GBP", "EUR").replace("20260302/1/a", "20260302/9/a")).unwrap();
    let other = folder.path().join("other.txt");
    fs::write(&other, "Dear Sir\n").unwrap();
    let none = folder.path().join("none.csv");
    let table: [(&Path, Vec<&Path>, &[&str]); 5] = [
        (&bad, vec![], &["bad.yaml:8", "percent_off"]),
        (&draft, vec![&broken], &["broken.jsonl, line 1, column", "amountMinor"]),
        (&draft, vec![&other], &["other.txt is no file of receipts", "begins with `Dear Sir`", "json-lines"]),
        (&draft, vec![&foreign], &["is in EUR, the ones before it in GBP"]),
        (&draft, vec![&none], &["none.csv"]),
    ];
    for (draft, more, told) in table {
        let mut command = simulate(draft, &sample());
        command.args(&more).arg("--against").arg(&current).arg("--html").arg(&page);
        let said = refusal(command);
        assert!(told.iter().all(|told| said.contains(told)), "{told:?}\n{said}");
        assert!(!page.exists());
    }
    let (nowhere, here) = (folder.path().join("none/page.html"), folder.path().to_owned());
    for (option, place, told) in
        [("--html", &nowhere, "there is no folder"), ("--xlsx", &here, "it is a folder"), ("--csv", &draft, "it is no folder")]
    {
        let mut command = simulate(&draft, &sample());
        command.arg("--against").arg(&current).arg(option).arg(place);
        let said = refusal(command);
        assert!(said.contains("cannot write") && said.contains(told), "{said}");
    }
    let mut twice = simulate(&draft, &sample());
    twice.arg(sample()).arg("--against").arg(&current);
    let twice = refusal(twice);
    assert!(twice.contains("leave one of them out"), "{twice}");
}

#[test]
fn without_anything_live_the_error_names_against_and_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (_, draft) = drafts(folder.path());
    let data = folder.path().join("data");
    let mut command = simulate(&draft, &sample());
    command.env("TESSERA_DATA", &data).env("TESSERA_LISTEN_ENGINE", "127.0.0.1:1");
    let said = refusal(command);
    assert!(said.contains("--against PATH"), "{said}");
    assert!(!data.exists());
}

#[test]
fn of_a_pipe_the_format_is_asked_for_and_then_every_receipt_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (current, draft) = drafts(folder.path());
    let pipe = folder.path().join("receipts.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut unnamed = simulate(&draft, &pipe);
    unnamed.arg("--against").arg(&current);
    let said = refusal(unnamed);
    assert!(said.contains("is a pipe") && said.contains("--format"), "{said}");
    let mut named = simulate(&draft, &pipe);
    named.arg("--against").arg(&current).args(["--format", "json-lines"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = named.spawn().unwrap();
    fs::write(&pipe, fs::read(sample()).unwrap()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let out = String::from_utf8_lossy(&ended.stdout);
    assert!(out.contains("4 receipts and 1 returns"), "{out}{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn ctrl_c_ends_with_a_message_while_receipts_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (current, draft) = drafts(folder.path());
    let pipe = folder.path().join("receipts.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = simulate(&draft, &pipe);
    command.args(["--format", "json-lines"]);
    let child = command.arg("--against").arg(&current).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Opens once the other end is being read, from where on there is nothing to read.
    let writer = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    drop(writer);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted: nothing was written"), "{said}");
    assert!(ended.stdout.is_empty());
}

/// What a table holds: its rows by the names of its columns.
fn table(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let names = reader.headers().unwrap().clone();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| names.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect()).collect()
}

/// An amount in pennies.
fn pennies(row: &BTreeMap<String, String>, column: &str) -> i64 {
    row[column].replace('.', "").parse().unwrap()
}

/// The first rows of a file of real receipts, without the last one, which may be cut; none: the file is not here.
fn real_receipts(folder: &Path, rows: usize) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/online-retail-ii/online_retail_ii_2009_2010.csv.gz");
    let Ok(compressed) = fs::File::open(&file) else {
        eprintln!("SKIPPED: {} is not here", file.display());
        return None;
    };
    let lines = BufReader::new(flate2::read::GzDecoder::new(compressed)).lines();
    let first: Vec<String> = lines.map(Result::unwrap).take(rows).collect();
    let last = first.last()?.split(',').next()?.to_owned();
    let whole: Vec<&str> = first.iter().map(String::as_str).filter(|line| !line.starts_with(&last)).collect();
    let receipts = folder.join("first.csv");
    fs::write(&receipts, whole.join("\n") + "\n").unwrap();
    Some(receipts)
}

/// Some days of a web shop under a program of more than forty campaigns.
#[test]
fn p6_real_receipts_go_through_a_rich_program_and_what_campaigns_did_adds_up_to_their_totals() {
    let folder = tempfile::tempdir().unwrap();
    let Some(receipts) = real_receipts(folder.path(), 12_000) else { return };
    let rich = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/examples/web-shop.yaml");
    let nothing = program(folder.path(), "nothing.yaml", "- {id: none, name: None, on: {sku: none}, percent_off: 1}\n");
    let tables = folder.path().join("tables");
    let mut command = simulate(&rich, &receipts);
    command.args(["--format", "online-retail-ii", "--against"]).arg(&nothing).arg("--csv").arg(&tables);
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let (campaigns, receipts) = (table(&tables.join("campaigns.csv")), table(&tables.join("receipts.csv")));
    let acted = campaigns.iter().filter(|row| row["receipts_draft"] != "0").count();
    assert!(campaigns.len() > 40 && acted >= 34, "{acted} of {} acted", campaigns.len());
    for row in &receipts {
        let paid = pennies(row, "rung_up") - pennies(row, "discount_draft");
        assert_eq!(paid, pennies(row, "paid_draft"), "{row:?}");
    }
    let sum = |rows: &[BTreeMap<String, String>], column: &str| rows.iter().map(|row| pennies(row, column)).sum::<i64>();
    let stores = table(&tables.join("stores.csv"));
    assert!(sum(&stores, "receipts_draft") > 400 && !receipts.is_empty());
    for column in ["discount_draft", "units_points_draft"] {
        assert_eq!(sum(&campaigns, column), sum(&stores, column), "{column}");
    }
    assert!(sum(&stores, "discount_draft") > 1_000_000);
    assert_eq!(sum(&stores, "turnover_current") - sum(&stores, "discount_draft"), sum(&stores, "turnover_draft"));
}

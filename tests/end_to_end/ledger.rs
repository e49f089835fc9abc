//! `tessera ledger` as finance runs it: over the storage of a replay, and against a running engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::server::{Server, printed, refusal, tessera};
use super::sources::root;

const PROGRAM: &str = "
program: shop
language: 1
name: Shop
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1, vests: {after_days: 1}, expires: {after_days: 30}}]
campaigns:
  - {id: earn, name: A point for each pound, points: {per: 1.00, units: 1, asset: points}}
  - {id: off, name: A tenth off, on: {sku: [P009, T020]}, percent_off: 10, fallback: {points: points}}
";

fn replay(folder: &Path) -> std::path::PathBuf {
    let (program, storage) = (folder.join("shop.yaml"), folder.join("storage"));
    fs::write(&program, PROGRAM).unwrap();
    let mut command = tessera();
    command.args(["replay", "--format", "online-retail-ii", "--receipts"]).arg(root().join("tests/samples/online-retail-ii.csv"));
    command.arg("--program").arg(&program).arg("--storage").arg(&storage);
    printed(command);
    storage
}

fn ledger(storage: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = tessera();
    command.arg("ledger").args(arguments).arg("--storage").arg(storage);
    command
}

/// What each place of an asset opens and closes with, and what moved in all, summed over the places.
fn sums(csv: &str) -> BTreeMap<String, (i64, i64, i64)> {
    let mut sums: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    let mut places = Vec::new();
    for line in csv.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |place: usize| fields[place].parse::<i64>().unwrap();
        let sum = sums.entry(fields[2].to_owned()).or_default();
        sum.1 += number(7);
        let place = fields[2..5].join(",");
        if !places.contains(&place) {
            (sum.0, sum.2) = (sum.0 + number(5), sum.2 + number(8));
            places.push(place);
        }
    }
    sums
}

#[test]
fn p5_a_replayed_year_is_closed_day_by_day_balances_to_the_last_unit_and_is_proven() {
    let folder = tempfile::tempdir().unwrap();
    let storage = replay(folder.path());
    let run = |arguments: &[&str]| printed(ledger(&storage, arguments));
    let open = run(&["trial-balance", "--format", "csv"]);
    assert!(run(&["trial-balance"]).contains("figures may grow"));
    assert!(run(&["close", "--through", "2024-12-31"]).ends_with("days closed\n"));
    assert_eq!(run(&["close", "--through", "2024-12-31"]), "0 days closed\n");
    let closed = run(&["trial-balance", "--through", "2024-12-31", "--format", "csv"]);
    assert_ne!(open, closed, "what lapsed by then is posted");
    for (asset, sums) in sums(&closed) {
        assert_eq!(sums, (0, 0, 0), "{asset}: every column sums to zero over its places");
    }
    let lots = closed.lines().find(|line| line.contains(",points,lots,") && line.contains(",expired,")).unwrap();
    assert!(lots.ends_with(",0"), "all points of spring have lapsed by winter: {lots}");
    // The second part of the year opens with what the first one closed with.
    let first = run(&["trial-balance", "--through", "2024-03-04", "--format", "csv"]);
    let second = run(&["trial-balance", "--from", "2024-03-05", "--through", "2024-12-31", "--format", "csv"]);
    let ends = |csv: &str, column: usize| -> BTreeMap<String, i64> {
        let fields = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let place = |fields: &Vec<String>| (fields[2..5].join(","), fields[column].parse::<i64>().unwrap());
        csv.lines().skip(1).map(|line| place(&fields(line))).filter(|(_, units)| *units != 0).collect()
    };
    assert_eq!(ends(&first, 8), ends(&second, 5));
    let days = run(&["days", "--limit", "1000"]);
    assert_eq!(
        days.lines().filter(|line| line.trim_start().starts_with("2024-")).count(),
        304,
        "every day from March to December"
    );
    assert!(run(&["verify"]).contains("everything agrees"));
    assert_eq!(run(&["days", "--limit", "1000"]), days, "nothing of it changes by looking");
}

/// Makes the key of a person of finance and puts the lines that the command prints into the configuration.
fn hire(folder: &Path, name: &str) -> String {
    let file = folder.join(format!("{name}.key"));
    let mut command = tessera();
    command.args(["person", "new", name, "--role", "finance", "--out"]).arg(&file);
    let said = printed(command);
    let lines = said.split_once("[[people]]").map(|(_, lines)| format!("[[people]]{lines}\n")).unwrap();
    let config = folder.join("data.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + &lines).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn h78_two_people_of_finance_correct_an_account_without_meeting() {
    let folder = tempfile::tempdir().unwrap();
    let (data, programs) = (folder.path().join("data"), folder.path().join("shop.yaml"));
    fs::write(&programs, PROGRAM).unwrap();
    fs::write(data.with_extension("toml"), format!("programs = {:?}\n", programs.to_str().unwrap())).unwrap();
    let server = Server::start(&data);
    let sale = root().join("deploy/examples/settle.json");
    let settled = server.till(&["settle", sale.to_str().unwrap()]);
    let settled: serde_json::Value = serde_json::from_slice(&settled.stdout).unwrap();
    let account = settled["outcome"]["accountId"].as_str().unwrap().to_owned();
    assert!(server.stop().success());
    let (anna, ben) = (hire(folder.path(), "Anna"), hire(folder.path(), "Ben"));
    let server = Server::start(&data);
    let correct = |more: &[&str]| {
        let of = ["adjust", "--id", "fix-1", "--account", &account, "--asset", "points", "--program", "shop"];
        server.ledger(&[&of[..], &["--units=-7", "--reason", "scanned twice"], more].concat())
    };
    assert!(refusal(correct(&["--as", &anna])).contains("2 people of finance must sign"));
    let signature = printed(correct(&["--as", &anna, "--sign-only"]));
    let signature = signature.trim();
    assert!(
        refusal(correct(&["--as", &ben, "--agreed", signature, "--expires", "2030-01-01T00:00:00Z"]))
            .contains("over something else")
    );
    assert!(printed(correct(&["--as", &ben, "--agreed", signature])).contains("-7 units"));
    assert!(printed(correct(&["--as", &ben, "--agreed", signature])).contains("-7 units"), "a repeat is answered alike");
    let balance = printed(server.ledger(&["trial-balance", "--format", "csv"]));
    assert!(balance.contains(",issued,shop,0,adjusted,7,"), "{balance}");
    assert!(printed(server.ledger(&["verify"])).contains("everything agrees"));
    assert!(server.stop().success());
}

#[test]
fn h47_two_cards_of_one_person_become_one_by_the_command_line_and_points_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let (data, programs) = (folder.path().join("data"), folder.path().join("shop.yaml"));
    fs::write(&programs, PROGRAM).unwrap();
    let limit = "[ledger]\nadjust_alone_units = 1000000\n";
    fs::write(data.with_extension("toml"), format!("programs = {:?}\n{limit}", programs.to_str().unwrap())).unwrap();
    // With people configured, programs would have to be signed.
    assert!(Server::start(&data).stop().success());
    let anna = hire(folder.path(), "Anna");
    let server = Server::start(&data);
    let sale = fs::read_to_string(root().join("deploy/examples/settle.json")).unwrap();
    let settled = |card: &str| {
        let file = folder.path().join(format!("{card}.json"));
        fs::write(&file, sale.replace("4000900", card).replace("20261122/1/hand", &format!("20261122/{card}/hand"))).unwrap();
        let settled: serde_json::Value =
            serde_json::from_slice(&server.till(&["settle", file.to_str().unwrap()]).stdout).unwrap();
        let outcome = &settled["outcome"];
        (outcome["customerId"].as_str().unwrap().to_owned(), outcome["accountId"].as_str().unwrap().to_owned())
    };
    let ((gone, account), (stays, other)) = (settled("4000901"), settled("4000902"));
    let give = ["adjust", "--id", "ten", "--account", &account, "--asset", "points", "--program", "shop", "--units=10"];
    printed(server.ledger(&[&give[..], &["--reason", "to begin with", "--as", &anna]].concat()));
    let customer = |arguments: &[&str]| server.customer(&[arguments, &["--reason", "one person", "--as", &anna]].concat());
    let gift = ["transfer", &gone, &stays, "--id", "gift", "--asset", "points", "--units", "1"];
    assert!(printed(customer(&gift)).contains(&format!("gift: account {account} to account {other}\n  +1 points")));
    let merge = ["merge", &gone, &stays, "--id", "merge"];
    assert!(refusal(customer(&merge)).contains("nothing undoes this"));
    let sure = [&merge[..], &["--yes"]].concat();
    let said = printed(customer(&sure));
    assert!(said.contains(&format!("merge: account {account} to account {other}")), "{said}");
    assert_eq!(printed(customer(&sure)), said, "a repeat is answered alike");
    assert_eq!(settled("4000901"), (gone, account), "a repeat of the sale too");
    let back = refusal(customer(&["merge", &stays, "c-nobody", "--id", "back", "--yes"]));
    assert!(back.contains("into_customer_id"), "{back}");
    assert!(printed(server.ledger(&["verify"])).contains("everything agrees"));
    assert!(server.stop().success());
}

#[test]
fn a_running_engine_is_asked_and_what_cannot_be_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let receipt = root().join("deploy/examples/settle.json");
    assert!(server.till(&["settle", receipt.to_str().unwrap()]).status.success());
    assert!(printed(server.ledger(&["verify"])).contains("1 outcomes"));
    assert_eq!(printed(server.ledger(&["days"])), "no day was closed yet\n");
    assert!(refusal(server.ledger(&["close", "--through", "9000-01-01"])).contains("is not over yet"));
    assert!(refusal(server.ledger(&["trial-balance", "--from", "2100-01-01"])).contains("is later than"));
    assert!(refusal(ledger(&folder.path().join("nothing"), &["verify"])).contains("is no folder"));
    assert!(server.stop().success());
}

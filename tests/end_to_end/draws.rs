//! A draw over the command line: closed, published, held, and drawn again by somebody who has nothing but what was published.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::server::{Server, printed, refusal, tessera};

const PROGRAM: &str = "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\ncampaigns:\n\
    - {id: car, name: Win a car, spend: {at_least: 1.00, repeating: true, give: {tickets: {draw: car, count: 1}}}}\n";

struct Shop {
    folder: TempDir,
    server: Server,
}

impl Shop {
    /// Three customers with five tickets each.
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("club.yaml");
        fs::write(&program, PROGRAM).unwrap();
        fs::write(folder.path().join("data.toml"), format!("programs = {program:?}\n")).unwrap();
        let server = Server::start(&folder.path().join("data"));
        let shop = Self { folder, server };
        for card in ["1001", "1002", "1003"] {
            let receipt = shop.folder.path().join(format!("{card}.json"));
            fs::write(&receipt, sale(card)).unwrap();
            let ended = shop.server.till(&["settle", receipt.to_str().unwrap()]);
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        }
        shop
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn sale(card: &str) -> String {
    format!(
        r#"{{"receipt": {{"storeId": "S1", "tillId": "T1", "cashierId": "anna", "currencyCode": "GBP", "customer": {{"cardNumber": "{card}"}},
            "lines": [{{"lineId": "1", "sku": "TEA", "quantityMilli": "1000", "unitPriceMicros": "5000000", "amountMinor": "500"}}]}}}}"#
    )
}

#[test]
fn prizes_are_listed_until_they_are_handed_over_and_by_the_day_on_which_they_were_won() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("club.yaml");
    let mugs = "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\ncampaigns:\n\
        - {id: mugs, name: A mug for tea, on: {sku: [TEA]}, count: {every: 1, give: {prize: mug}}}\n";
    fs::write(&program, mugs).unwrap();
    fs::write(folder.path().join("data.toml"), format!("programs = {program:?}\n")).unwrap();
    let shop = Shop { server: Server::start(&folder.path().join("data")), folder };
    assert_eq!(printed(shop.server.prize(&["list"])), "nothing is to be handed over\n");
    let receipt = shop.file("sale.json", &sale("1001"));
    assert!(shop.server.till(&["settle", receipt.to_str().unwrap()]).status.success());
    let due = printed(shop.server.prize(&["list"]));
    assert!(due.contains("mug") && due.contains("due") && due.contains("to be handed over: 1"), "{due}");
    let told: serde_json::Value = serde_json::from_str(&printed(shop.server.prize(&["list", "--json"]))).unwrap();
    let (day, store) = (told["won_on"].as_str().unwrap(), told["store_id"].as_str().unwrap());
    assert_eq!((store, told["state"].as_str().unwrap()), ("S1", "PRIZE_STATE_DUE"));
    assert!(printed(shop.server.prize(&["list", "--day", day, "--store", "S1"])).contains("mug"));
    for other in [["--day", "2001-01-01"], ["--store", "S2"]] {
        assert!(!printed(shop.server.prize(&["list", other[0], other[1]])).contains("mug"));
    }
}

/// What a page says behind a word.
fn row<'a>(page: &'a str, what: &str) -> &'a str {
    let found = page.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_else(|| panic!("no {what}\n{page}"));
    found.trim()
}

/// `tessera draw verify` with the value as somebody wrote it down.
fn verified(published: &str, held: &str, tickets: &Path, value: &str) -> Vec<String> {
    let mut command = tessera();
    command.args(["draw", "verify", "car", "--winners", "2", "--value", value, "--tickets"]).arg(tickets);
    command.args(["--list-sha256", row(published, "list (SHA-256)"), "--commitment", row(published, "commitment")]);
    command.args(["--secret", row(held, "secret"), "--numbers", row(published, "value to be").trim_end_matches(" numbers")]);
    let told = printed(command);
    let winners = told.lines().skip_while(|line| !line.trim_start().starts_with("1 "));
    winners.map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect()
}

#[test]
fn who_has_what_was_published_draws_the_same_winners() {
    let shop = Shop::open();
    let source = "the lottery of Christmas Day";
    let published = printed(shop.server.draw(&["close", "car", "--winners", "2", "--source", source, "--numbers", "5+2"]));
    assert_eq!(row(&published, "tickets"), "15 of 3 accounts");
    assert_eq!(row(&published, "source"), source);
    let tickets = shop.file("tickets.txt", &printed(shop.server.draw(&["tickets", "car"])));

    let wrong = refusal(shop.server.draw(&["hold", "car", "--value", "3 17 22 41 44"]));
    assert!(wrong.contains("must have 5+2 numbers, such as 1 2 3 4 5 + 1 2; it has 5"), "{wrong}");
    let held = printed(shop.server.draw(&["hold", "car", "--value", "44, 3, 17, 22, 41 + 9, 2"]));
    assert_eq!(row(&held, "value  "), "3 17 22 41 44 + 2 9");
    let again = refusal(shop.server.draw(&["hold", "car", "--value", "1 2 3 4 5 + 1 2"]));
    assert!(again.contains("who won stands for ever"), "{again}");

    let file = shop.folder.path().join("winners.csv");
    printed(shop.server.draw(&["show", "car", "--csv", file.to_str().unwrap()]));
    let winners = fs::read_to_string(file).unwrap();
    let winners: Vec<&str> = winners.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(winners.len(), 2);
    for value in ["3 17 22 41 44 + 2 9", "22 17 3 44 41+9;2"] {
        assert_eq!(verified(&published, &held, &tickets, value), winners);
    }
}

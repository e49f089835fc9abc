//! Lists of customers by the commands that people use, seen at the till, over kills and back.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::server::{Server, printed, refusal, said};

struct Shop {
    folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.path(name);
        fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What the till asks for a pair of boots at 100.00 of a card's holder.
fn price(shop: &Shop, server: &Server, card: &str) -> i64 {
    let receipt = format!(
        "{{\"storeId\":\"S1\",\"tillId\":\"T1\",\"cashierId\":\"C1\",\"currencyCode\":\"GBP\",\"customer\":{{\"cardNumber\":\"{card}\"}},\
         \"lines\":[{{\"lineId\":\"1\",\"sku\":\"BOOTS\",\"quantityMilli\":\"1000\",\"unitPriceMicros\":\"100000000\",\"amountMinor\":\"10000\"}}]}}"
    );
    let file = shop.file("receipt.json", receipt);
    let ended = server.till(&["quote", &file]);
    assert!(ended.status.success(), "{}", said(&ended));
    let answer: Value = serde_json::from_slice(&ended.stdout).unwrap();
    answer["answer"]["totalsAfter"]["amountMinor"].as_str().unwrap().parse().unwrap()
}

fn check(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "«{part}» is missing in:\n{text}");
    }
}

#[test]
fn p3_a_list_is_loaded_seen_at_the_till_kept_over_a_kill_and_taken_back() {
    let shop = Shop::new();
    let server = Server::start(&shop.path("data"));
    let program = "program: staff\nlanguage: 1\nname: Staff\ncurrency: GBP\nsegments: [{id: staff, list: staff-2026}]\n\
                   campaigns:\n  - {id: staff, name: Staff, segments: staff, on: {sku: BOOTS}, percent_off: 20}\n";
    printed(server.program(&["publish", &shop.file("staff.yaml", program)]));
    check(&printed(server.segment(&["list"])), &["staff-2026, which was never loaded"]);
    assert_eq!(price(&shop, &server, "1001"), 10_000);

    // A table as a spreadsheet of a Cyrillic Windows writes it, longer than one call.
    let mut table = b"card;\xe8\xec\xff\r\n".to_vec();
    (1_001..3_501).for_each(|card| table.extend(format!("{card};").bytes().chain([0xcf, 0xb8, b'\r', b'\n'])));
    table.extend(b"1001;\r\n");
    let staff = shop.file("staff.csv", &table);
    let told = printed(server.segment(&["load", "staff-2026", &staff, "--check"]));
    check(&told, &["nothing was loaded", "2501 would come to it"]);
    assert_eq!(price(&shop, &server, "1001"), 10_000);
    let told = printed(server.segment(&["load", "staff-2026", &staff, "--note", "spring"]));
    check(&told, &["version 1: 2500 customers are on it", "1 rows name a customer again"]);
    check(&printed(server.segment(&["load", "staff-2026", &staff])), &["nothing to load"]);
    assert_eq!((price(&shop, &server, "1001"), price(&shop, &server, "9001")), (8_000, 10_000));
    server.kill();

    let server = Server::start(&shop.path("data"));
    assert_eq!(price(&shop, &server, "3500"), 8_000, "what was loaded is there after a kill");
    let told = printed(server.segment(&["load", "staff-2026", &shop.file("left.csv", "card\n1001\n7777\n"), "--remove"]));
    check(&told, &["2499 customers are on it"]);
    assert_eq!(price(&shop, &server, "1001"), 10_000);
    let until = shop.file("until.csv", "card,until\n9001,2090-01-31\n9002,2020-01-31\n");
    printed(server.segment(&["load", "staff-2026", &until, "--add"]));
    assert_eq!((price(&shop, &server, "9001"), price(&shop, &server, "9002")), (8_000, 10_000));
    check(&printed(server.segment(&["show", "staff-2026", "--card", "9001"])), &["on it until 2090-01-31", "spring", "remove"]);
    check(&printed(server.segment(&["undo", "staff-2026"])), &["version 3", "2499 customers"]);
    check(&printed(server.segment(&["undo", "staff-2026"])), &["version 2", "2500 customers"]);
    assert_eq!((price(&shop, &server, "1001"), price(&shop, &server, "9001")), (8_000, 10_000));
    check(&printed(server.segment(&["clear", "staff-2026"])), &["0 customers"]);
    assert_eq!(price(&shop, &server, "1001"), 10_000);
    assert!(server.stop().success());
}

#[test]
fn p11_a_file_of_customers_with_faults_changes_nothing_and_says_where() {
    let shop = Shop::new();
    let server = Server::start(&shop.path("data"));
    let faulty = shop.file("faulty.csv", "card,until\n1001,\n4111111111111111,\n1002,soon\n");
    let text = refusal(server.segment(&["load", "staff", &faulty]));
    check(&text, &["2 faults", "line 3", "line 4, column until"]);
    assert!(!text.contains("4111"), "{text}");
    check(&refusal(server.segment(&["show", "staff"])), &["UNKNOWN_LIST"]);
    check(&refusal(server.segment(&["load", "staff", &shop.file("empty.csv", "card\n")])), &["segment clear"]);
    assert!(server.stop().success());
}

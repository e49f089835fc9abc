//! A revision's way by the commands that people use: keys, four eyes, a start, a kill, and the way back.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::server::{Server, printed, refusal, said, tessera};
use super::sources::root;

/// A shop with a server's folder, two people and a program file.
struct Shop {
    folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes somebody's key, and puts the lines that the command prints into the configuration.
    fn hire(&self, name: &str, role: &str) -> String {
        let file = self.path(&format!("{name}.key"));
        let mut command = tessera();
        command.args(["person", "new", name, "--role", role, "--out"]).arg(&file);
        let printed = printed(command);
        let lines = printed.split_once("[[people]]").map(|(_, lines)| format!("[[people]]{lines}")).unwrap();
        let config = self.path("data.toml");
        let before = fs::read_to_string(&config).unwrap_or_default();
        fs::write(config, format!("{before}{lines}\n")).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn program(&self, percent: u32, four_eyes: bool) -> String {
        let file = self.path("club.yaml");
        let text = format!(
            "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\ntime_zone: Europe/London\nfour_eyes: {four_eyes}\n\
             campaigns:\n  - id: off\n    name: Off\n    percent_off: {percent}\n"
        );
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

fn history(server: &Server) -> Value {
    serde_json::from_str(&printed(server.program(&["history", "--json"]))).unwrap()
}

fn states(server: &Server) -> Vec<String> {
    let history = history(server);
    let state = |revision: &Value| revision["state"].as_str().unwrap().trim_start_matches("REVISION_STATE_").to_owned();
    history["revisions"].as_array().unwrap().iter().map(state).collect()
}

fn quoted_revision(server: &Server) -> String {
    let receipt = root().join("deploy/examples/receipt.json");
    let ended = server.till(&["quote", receipt.to_str().unwrap()]);
    assert!(ended.status.success(), "{}", said(&ended));
    let answer: Value = serde_json::from_slice(&ended.stdout).unwrap();
    answer["answer"]["revision"].as_str().unwrap_or("0").to_owned()
}

fn check(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "«{part}» is missing in:\n{text}");
    }
}

#[test]
fn p12_h16_four_eyes_a_start_and_the_way_back_outlive_a_kill() {
    let shop = Shop::new();
    let (anna, ben) = (shop.hire("anna", "marketer"), shop.hire("ben", "approver"));
    let server = Server::start(&shop.path("data"));
    let program = shop.program(10, true);
    check(&refusal(server.program(&["publish", &program])), &["SIGNATURE_MISSING", "--as KEYFILE"]);
    check(&refusal(server.program(&["publish", &program, "--as", &ben])), &["WRONG_ROLE", "ben"]);
    let text = printed(server.program(&["publish", &program, "--as", &anna]));
    check(&text, &["revision 1 waits for a second person", "approve 1"]);
    assert_eq!(quoted_revision(&server), "0", "what nobody approved is not in force");
    check(&refusal(server.program(&["approve", "1", "--as", &anna])), &["WRONG_ROLE"]);
    check(&printed(server.program(&["approve", "1", "--as", &ben])), &["revision 1 is live"]);
    assert_eq!(quoted_revision(&server), "1");

    let later = shop.program(20, true);
    let text = printed(server.program(&["publish", &later, "--as", &anna, "--from", "2090-12-01T08:00", "--note", "Advent"]));
    check(&text, &["revision 2 waits"]);
    check(&printed(server.program(&["approve", "2", "--as", &ben])), &["revision 2 starts 2090-12-01"]);
    check(&printed(server.program(&["publish", &shop.program(30, true), "--as", &anna])), &["revision 3 waits", "replaces it"]);
    check(&printed(server.program(&["approve", "3", "--as", &ben])), &["revision 3 is live"]);
    server.kill();

    let server = Server::start(&shop.path("data"));
    assert_eq!(states(&server), ["LIVE", "SCHEDULED", "PAST"]);
    assert_eq!(quoted_revision(&server), "3");
    let back = printed(server.program(&["rollback", "--as", &ben, "--note", "too dear"]));
    check(&back, &["back to the programs of revision 1", "revision 4 is live", "revision 2 replaces it"]);
    assert_eq!(quoted_revision(&server), "4");
    check(&printed(server.program(&["withdraw", "2", "--as", &anna])), &["revision 2 is withdrawn"]);
    assert_eq!(states(&server), ["LIVE", "PAST", "WITHDRAWN", "PAST"]);
    let table = printed(server.program(&["history"]));
    check(&table, &["anna", "ben", "Advent", "back to 1: too dear", "withdrawn", "2090-12-01 08:00"]);
    check(&printed(server.program(&["show", "1"])), &["percent_off: 10"]);
    assert!(server.stop().success());
}

#[test]
fn without_people_a_program_goes_live_in_one_command_and_history_says_that_nobody_signed() {
    let shop = Shop::new();
    let server = Server::start(&shop.path("data"));
    let text = printed(server.program(&["publish", &shop.program(10, false)]));
    check(&text, &["revision 1 is live", "unsigned"]);
    check(&printed(server.program(&["publish", &shop.program(10, false)])), &["says exactly this already"]);
    check(&printed(server.program(&["history"])), &["unsigned", "live"]);
    check(&refusal(server.program(&["publish", &shop.program(10, true)])), &["TOO_FEW_PEOPLE"]);
    check(&refusal(server.program(&["rollback"])), &["NOTHING_BEFORE"]);
    printed(server.program(&["publish", &shop.program(20, false), "--from", "2090-12-01T08:00"]));
    check(&printed(server.program(&["withdraw", "2"])), &["revision 2 is withdrawn", "unsigned"]);
    check(&refusal(server.program(&["approve", "7", "--as", &shop.hire("cleo", "approver")])), &["UNKNOWN_REVISION"]);
}

#[test]
fn p6_a_receipt_is_explained_by_the_engine_a_draft_or_a_revision_and_adds_up() {
    let shop = Shop::new();
    let server = Server::start(&shop.path("data"));
    printed(server.program(&["publish", &shop.program(10, false)]));
    let receipt = root().join("deploy/examples/receipt.json");
    let receipt = receipt.to_str().unwrap();
    let draft = shop.program(50, false);
    let by_engine = printed(server.program(&["explain", receipt, "--endpoint", &server.gateway]));
    check(&by_engine, &["revision 1", "off", "yes", "-25.53", "255.30", "229.77"]);
    check(
        &printed(server.program(&["explain", receipt, "--program", &draft])),
        &["-127.65", "127.65", &draft, "without products"],
    );
    printed(server.program(&["publish", &draft]));
    for (number, parts) in [("1", ["-25.53", "229.77"]), ("2", ["-127.65", "127.65"])] {
        let page = printed(server.program(&["explain", receipt, "--revision", number]));
        check(&page, &parts);
        check(&page, &[&format!(": revision {number}, without products; ")]);
        let json: Value =
            serde_json::from_str(&printed(server.program(&["explain", receipt, "--revision", number, "--json"]))).unwrap();
        assert_eq!(json["answer"]["revision"], number);
    }
    let broken = shop.path("broken.json");
    fs::write(&broken, "{\"storeId\": 7}").unwrap();
    let refused = refusal(server.program(&["explain", broken.to_str().unwrap(), "--program", &draft]));
    check(&refused, &["broken.json", "line 1", "storeId"]);
    let nowhere = Path::new("nowhere.json").to_str().unwrap();
    check(&refusal(server.program(&["explain", nowhere, "--program", &draft])), &["nowhere.json cannot be read"]);
}

#[test]
fn campaigns_are_listed_with_the_reason_why_they_need_an_engine() {
    let shop = Shop::new();
    let file = shop.path("club.yaml");
    let campaigns = "- {id: off, name: Off, percent_off: 5}\n- {id: far, name: Far, percent_off: 5, stores: [S9]}\n\
        - {id: once, name: Once, percent_off: 5, code: C1}\n- {id: few, name: Few, percent_off: 5, budget: {uses: 9}}\n";
    fs::write(&file, format!("program: club\nlanguage: 1\nname: Club\ncurrency: GBP\ncampaigns:\n{campaigns}")).unwrap();
    let listed = |stores: &[&str]| {
        let mut command = tessera();
        command.args(["program", "pack"]).arg(&file).args(stores);
        printed(command)
    };
    let of_one = listed(&["--store", "S1"]);
    assert!(of_one.contains("without an engine: 1 campaign(s)\n  off\nby engines alone: 3 campaign(s)\n"), "{of_one}");
    for line in
        ["far: is for other stores", "once: needs a code to be checked", "few: has a limit or budget wider than the receipt"]
    {
        assert!(of_one.contains(&format!("  {line}\n")), "{of_one}");
    }
    assert!(listed(&[]).contains("without an engine: 2 campaign(s)\n"));
}

//! Mutual TLS with real processes: `tessera pki` makes the certificates, engine and gateway ask for them, each holder may
//! what his says, and what is revoked is out without a restart.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::server::{Server, printed, refusal, tessera};

/// How long a revocation may take until the test gives up; it takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

const RECEIPT: &str = r#"{"receipt": {"storeId": "S1", "tillId": "T1", "cashierId": "anna", "currencyCode": "GBP", "lines": [
    {"lineId": "1", "sku": "TEA", "quantityMilli": "1000", "unitPriceMicros": "2000000", "amountMinor": "200", "taxCode": "S"}
]}}"#;

/// An authority in a folder, and a server with a certificate of it.
struct Secured {
    folder: tempfile::TempDir,
    server: Server,
}

impl Secured {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority");
        printed(pki(&["init", authority.to_str().unwrap()]));
        let made = Self::issue(&authority, "node", &["--engine", "--gateway", "*", "--operator", "--host", "127.0.0.1"]);
        assert!(made.contains("[tls]"), "{made}");
        let tls =
            ["certificate = \"node.crt\"", "key = \"node.key\"", "authorities = \"authority.crt\"", "revoked = \"revoked.pem\""];
        let tls = tls.map(|line| line.replacen('"', &format!("\"{}/", authority.display()), 1)).join("\n");
        fs::write(folder.path().join("data.toml"), format!("[tls]\n{tls}\n")).unwrap();
        let server = Server::start(&folder.path().join("data"));
        assert!(server.gateway.starts_with("https://"), "{}", server.gateway);
        Self { folder, server }
    }

    fn issue(authority: &Path, name: &str, may: &[&str]) -> String {
        printed(pki(&[&["issue", authority.to_str().unwrap(), name], may].concat()))
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority")
    }

    /// The command with a certificate.
    fn shows(&self, mut command: Command, name: &str) -> Command {
        let file = |name: &str| self.authority().join(name);
        command.env("TESSERA_TLS_CERTIFICATE", file(&format!("{name}.crt")));
        command.env("TESSERA_TLS_KEY", file(&format!("{name}.key"))).env("TESSERA_TLS_AUTHORITIES", file("authority.crt"));
        command
    }

    /// A quote of a receipt of till T1 in store S1.
    fn quote(&self, endpoint: &str, name: &str) -> Command {
        let receipt = self.folder.path().join("receipt.json");
        fs::write(&receipt, RECEIPT).unwrap();
        let mut command = tessera();
        command.args(["till", "--endpoint", endpoint, "--json", "quote"]).arg(receipt);
        self.shows(command, name)
    }
}

fn pki(arguments: &[&str]) -> Command {
    let mut command = tessera();
    command.arg("pki").args(arguments);
    command
}

#[test]
fn p12_h72_h73_each_holder_may_what_his_certificate_says_until_it_is_revoked() {
    let secured = Secured::start();
    let authority = secured.authority();
    let may: [(&str, &[&str]); 4] = [
        ("till", &["--till", "S1", "T1"]),
        ("neighbour", &["--till", "S1", "T2"]),
        ("elsewhere", &["--gateway", "S2"]),
        ("mirror", &["--mirror"]),
    ];
    for (name, grants) in may {
        let host: &[&str] = if grants[0] == "--gateway" { &["--host", "127.0.0.1"] } else { &[] };
        Secured::issue(&authority, name, &[grants, host].concat());
    }
    let ends = [secured.server.gateway.clone(), secured.server.engine_endpoint()];
    for end in &ends {
        let quoted = printed(secured.quote(end, "till"));
        assert!(quoted.contains("\"quoteToken\""), "{quoted}");
        for name in ["neighbour", "elsewhere", "mirror"] {
            let refused = refusal(secured.quote(end, name));
            assert!(refused.contains("FOREIGN_STORE"), "{name} at {end}: {refused}");
        }
        refusal(secured.quote(&end.replacen("https", "http", 1), "till"));
    }
    let history = |name: &str| secured.shows(secured.server.program(&["history"]), name);
    printed(history("node"));
    assert!(refusal(history("till")).contains("does not let"), "a till changes no programs");
    let mut nameless = tessera();
    nameless.args(["till", "--endpoint", &ends[0], "get", "R1"]);
    assert!(refusal(nameless).contains("tls.certificate"), "what is missing is said");

    printed(pki(&["revoke", authority.to_str().unwrap(), "till"]));
    let listed = printed(pki(&["list", authority.to_str().unwrap()]));
    assert!(listed.contains("taken back") && listed.contains("tessera://till/S1/T1"), "{listed}");
    for end in &ends {
        let begun = Instant::now();
        while secured.quote(end, "till").output().unwrap().status.success() {
            assert!(begun.elapsed() < PATIENCE, "what is revoked is served");
        }
    }
    let own = secured.shows(secured.server.program(&["history"]), "node");
    printed(own);
    assert!(secured.server.stop().success());
}

#[test]
fn h72_mirror_and_what_if_read_the_feed_of_an_engine_that_asks_for_certificates_and_a_till_does_not() {
    let secured = Secured::start();
    let authority = secured.authority();
    Secured::issue(&authority, "crm", &["--mirror", "--operator"]);
    Secured::issue(&authority, "till", &["--till", "S1", "T1"]);
    let engine = secured.server.engine_endpoint();
    let (receipt, draft) = (secured.folder.path().join("sale.json"), secured.folder.path().join("draft.yaml"));
    fs::write(&receipt, RECEIPT).unwrap();
    fs::write(&draft, "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\ncampaigns: []\n").unwrap();
    let mut sale = tessera();
    sale.args(["till", "--endpoint", &engine, "--json", "settle"]).arg(&receipt);
    printed(secured.shows(sale, "till"));

    let feed = |name: &str| {
        let mut command = tessera();
        command.args(["feed", "--endpoint", &engine]);
        secured.shows(command, name)
    };
    assert_eq!(printed(feed("crm")).lines().count(), 1);
    let refused = refusal(feed("till"));
    assert!(refused.contains("does not let"), "{refused}");
    let rebuilt = |name: &str| {
        let mut command = tessera();
        command.args(["crm", "rebuild"]).env("TESSERA_LISTEN_ENGINE", engine.trim_start_matches("https://"));
        command.env("TESSERA_DATA", secured.folder.path().join("crm"));
        secured.shows(command, name)
    };
    assert!(refusal(rebuilt("till")).contains("does not let"));
    let folded = printed(rebuilt("crm"));
    assert!(folded.contains("1 outcomes folded"), "{folded}");
    let draft = draft.to_str().unwrap();
    let what_if = ["simulate", "--revision", draft, "--against", draft, "--feed"];
    // Where the feed held no sale it would refuse.
    printed(secured.shows(secured.server.program(&what_if), "crm"));
}

#[test]
fn p11_settings_of_certificates_are_told_all_at_once_and_files_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("data.toml");
    let start = |text: &str| {
        fs::write(&config, text).unwrap();
        Server::try_start(&folder.path().join("data")).expect_err("it starts without what it needs")
    };
    let said = start("[tls]\ncertificate = \"a.crt\"\n");
    assert!(said.contains("tls.key") && said.contains("tls.authorities"), "{said}");
    let said = start("[tls]\ncertificate = \"a.crt\"\nkey = \"a.key\"\nauthorities = \"ca.crt\"\n");
    assert!(said.contains("a.crt"), "{said}");
    fs::write(folder.path().join("no.pem"), "no certificate").unwrap();
    let no = folder.path().join("no.pem");
    let said = start(&format!("[tls]\ncertificate = {no:?}\nkey = {no:?}\nauthorities = {no:?}\n"));
    assert!(said.contains("no.pem"), "{said}");
}

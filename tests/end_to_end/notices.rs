//! Notices as customers and operators meet them: engine, gateway and CRM as processes, a provider of our own on loopback, sales
//! while the engine is away, kills in the middle.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{printed, refusal, said, tessera};

/// A point for each unit of money.
const PROGRAM: &str = "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\nassets: [{id: points, kind: points, worth_minor: 1}]\n\
    campaigns: [{id: earn, name: Points, points: {per: 1.00, units: 1}}]\n";
const PHONE: &str = "+441632960001";
const PASSWORD: &str = "Planted-Password";

/// A process that is killed when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A provider in the role of Kannel: what it was asked, by query, and whether it answers.
struct Provider {
    address: String,
    asked: Receiver<String>,
    all: Arc<Mutex<Vec<String>>>,
    answers: Arc<AtomicBool>,
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, asked) = sync_channel(1_024);
        let answers = Arc::new(AtomicBool::new(true));
        let all: Arc<Mutex<Vec<String>>> = Arc::default();
        let (does, log) = (Arc::clone(&answers), Arc::clone(&all));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let Some(first) = lines.next() else { continue };
                let query = first.split(' ').nth(1).and_then(|path| path.split_once('?')).map(|(_, query)| query.to_owned());
                // The rest of the head, so that the answer comes behind it.
                drop(lines.find(String::is_empty));
                log.lock().unwrap().push(query.clone().unwrap_or_default());
                if sender.send(query.unwrap_or_default()).is_err() {
                    return;
                }
                if does.load(Ordering::SeqCst) {
                    let _ = stream.write_all(
                        b"HTTP/1.1 202 x\r\ncontent-length: 25\r\nconnection: close\r\n\r\n0: Accepted for delivery\n",
                    );
                } else {
                    // Says nothing until the other side has gone.
                    let _ = stream.read(&mut [0; 64]);
                }
            }
        });
        Self { address, asked, all, answers }
    }

    /// The next message: a value of its query.
    fn next(&self) -> Message {
        Message(self.asked.recv().unwrap())
    }
}

struct Message(String);

impl Message {
    fn value(&self, name: &str) -> String {
        let value = self
            .0
            .split('&')
            .find_map(|pair| pair.strip_prefix(&format!("{name}=")))
            .unwrap_or_else(|| panic!("{name}: {}", self.0));
        let mut bytes = Vec::new();
        let mut rest = value.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// Engine, gateway and CRM of a shop, each to be started and killed by itself.
struct Shop {
    folder: TempDir,
    engine_at: String,
    gateway: Option<(Process, String)>,
}

/// A port that nobody listens at.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn start(mut command: Command, wanted: &str, log: &Path) -> (Process, String) {
    let log = fs::File::options().create(true).append(true).open(log).unwrap();
    let mut child = Process(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find_map(|line| line.strip_prefix(wanted).map(|rest| rest.trim().to_owned()));
    let line = line.unwrap_or_else(|| panic!("{command:?} did not start"));
    (child, line.split_whitespace().next().unwrap().trim_start_matches("http://").to_owned())
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("program.yaml"), PROGRAM).unwrap();
        Self { folder, engine_at: free_port(), gateway: None }
    }

    fn serve(&self, role: &str) -> Command {
        let mut command = tessera();
        command.args(["serve", "--role", role]).env("TESSERA_DATA", self.folder.path().join("data"));
        command.env("TESSERA_LISTEN_GATEWAY", "127.0.0.1:0").env("TESSERA_LISTEN_METRICS", "127.0.0.1:0");
        command
            .env("TESSERA_LISTEN_ENGINE", &self.engine_at)
            .env("TESSERA_GATEWAY_ENGINES", format!("http://{}", self.engine_at));
        command.env("TESSERA_PROGRAMS", self.folder.path().join("program.yaml"));
        command
    }

    fn engine(&self) -> Process {
        start(self.serve("engine"), "engine", &self.folder.path().join("engine.log")).0
    }

    fn open_gateway(&mut self) {
        self.gateway = Some(start(self.serve("gateway"), "gateway", &self.folder.path().join("gateway.log")));
    }

    fn crm_command(&self, at: &str, arguments: &[&str]) -> Command {
        let mut command = tessera();
        command.arg("crm").args(arguments).arg("--config").arg(self.folder.path().join("crm.toml"));
        command.env("TESSERA_DATA", self.folder.path().join("data")).env("TESSERA_LISTEN_ENGINE", &self.engine_at);
        command.env("TESSERA_LISTEN_CRM", at).env("PLANTED", PASSWORD);
        command
    }

    /// The CRM with a route to this provider.
    fn crm(&self, provider: &Provider) -> (Process, String) {
        let config = format!(
            "[notices]\nquiet = \"\"\nunknown_seconds = 1\n[[route]]\nname = \"main\"\nby = \"kannel\"\nurl = \"http://{}/cgi-bin/sendsms\"\n\
             user = \"tessera\"\nsecret = \"env:PLANTED\"\nsender = \"SHOP\"\nprice = \"0.045\"\nreceipts = true\n",
            provider.address
        );
        fs::write(self.folder.path().join("crm.toml"), config).unwrap();
        start(self.crm_command("127.0.0.1:0", &["serve"]), "crm", &self.folder.path().join("crm.log"))
    }

    fn notices(&self, at: &str, which: &str) -> Value {
        serde_json::from_str(&printed(self.crm_command(at, &["notices", which, "--json"]))).unwrap()
    }

    /// Asks until so many notices are in a state.
    fn wait_for(&self, at: &str, state: &str, count: i64) -> Value {
        loop {
            let told = self.notices(at, "--due");
            if told["counts"][state] == count {
                return told;
            }
        }
    }

    fn till(&self, what: &str, request: &Value) -> Value {
        let file = self.folder.path().join("request.json");
        fs::write(&file, request.to_string()).unwrap();
        let (_, gateway) = self.gateway.as_ref().unwrap();
        let mut command = tessera();
        let ended =
            command.args(["till", "--endpoint", &format!("http://{gateway}"), "--json", what]).arg(&file).output().unwrap();
        assert!(ended.status.success(), "{}", said(&ended));
        serde_json::from_slice(&ended.stdout).unwrap()
    }

    fn enrol(&self) {
        let request =
            json!({"phone": PHONE, "cardNumber": "4000900", "storeId": "S1", "dataConsent": true, "requestId": "S1/T9/1/enrol"});
        self.till("enrol", &request);
    }

    /// Sells for so much; gives the answer.
    fn sell(&self, id: &str, amount_minor: u32) -> Value {
        let line = json!({
            "lineId": "1", "sku": "GOODS", "quantityMilli": "1000", "unitPriceMicros": format!("{amount_minor}0000"),
            "amountMinor": amount_minor.to_string(), "taxCode": "S",
        });
        let customer = json!({"cardNumber": "4000900", "entryMethod": "ENTRY_METHOD_SCANNED"});
        let receipt = json!({
            "receiptId": id, "storeId": "S1", "tillId": "T9", "cashierId": "C1", "currencyCode": "GBP", "customer": customer, "lines": [line],
        });
        self.till("settle", &receipt)
    }
}

/// Calls what a provider calls back.
fn call(url: &str) -> String {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn p8_a_sale_without_the_engine_is_told_once_by_text_message_with_what_it_earned() {
    let (mut shop, provider) = (Shop::new(), Provider::start());
    let engine = shop.engine();
    shop.open_gateway();
    shop.enrol();
    drop(engine);
    let accepted = shop.sell("S1/T9/20261123/1/offline", 15_000);
    assert!(accepted.to_string().contains("ACCEPTED"), "{accepted:#}");
    let _engine = shop.engine();
    let (crm, at) = shop.crm(&provider);
    let message = provider.next();
    assert_eq!((message.value("to"), message.value("from")), (PHONE.to_owned(), "SHOP".to_owned()));
    assert_eq!(message.value("text"), "Your purchase earned 150 points. Thank you!");
    assert_eq!(message.value("password"), PASSWORD);
    shop.wait_for(&at, "sent", 1);
    let receipt_at = message.value("dlr-url").replace("%d", "1");
    assert!(call(&receipt_at).starts_with("HTTP/1.1 204"), "{receipt_at}");
    let told = shop.wait_for(&at, "delivered", 1);
    assert_eq!(told["counts"]["late_ours"], 0, "{told:#}");
    // The same receipt comes again, and the process starts anew: nobody is told twice.
    shop.sell("S1/T9/20261123/1/offline", 15_000);
    drop(crm);
    let (_crm, at) = shop.crm(&provider);
    shop.sell("S1/T9/20261123/2/online", 500);
    let status = loop {
        let status: Value = serde_json::from_str(&printed(shop.crm_command(&at, &["status", "--json"]))).unwrap();
        if status["freshness"]["up_to_date"] == true && status["outcomes"] == 3 {
            break status;
        }
    };
    assert_eq!((status["outcomes"].as_i64(), provider.all.lock().unwrap().len()), (Some(3), 1));
    let metrics = call(&format!("http://{at}/metrics"));
    assert!(metrics.contains("notices{state=\"delivered\"} 1"), "{metrics}");
    assert!(call(&format!("http://{at}/notices")).contains("<h1>Notices</h1>"));
    assert!(printed(shop.crm_command(&at, &["notices"])).starts_with("1 delivered"));
    h81_nothing_personal_lies_anywhere(&shop);
}

/// Neither the phone nor the password stands in a file of the CRM or in a log.
fn h81_nothing_personal_lies_anywhere(shop: &Shop) {
    let mut open = vec![shop.folder.path().join("data/notices"), shop.folder.path().join("data/mirror")];
    let mut files = vec![shop.folder.path().join("crm.log"), shop.folder.path().join("engine.log")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { open.push(entry) } else { files.push(entry) }
        }
    }
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for planted in [PHONE.trim_start_matches('+'), PASSWORD] {
            let found = bytes.windows(planted.len()).any(|window| window == planted.as_bytes());
            assert!(!found, "{planted} stands in {}", file.display());
        }
    }
}

#[test]
fn h62_a_crm_that_is_killed_while_the_provider_has_the_message_sends_it_once_more_with_the_same_mark() {
    let (mut shop, provider) = (Shop::new(), Provider::start());
    let engine = shop.engine();
    shop.open_gateway();
    shop.enrol();
    drop(engine);
    shop.sell("S1/T9/20261123/1/kill", 15_000);
    shop.sell("S1/T9/20261123/2/kill", 20_000);
    let _engine = shop.engine();
    provider.answers.store(false, Ordering::SeqCst);
    let (crm, _) = shop.crm(&provider);
    let first = provider.next();
    drop(crm);
    provider.answers.store(true, Ordering::SeqCst);
    let (_crm, at) = shop.crm(&provider);
    shop.wait_for(&at, "sent", 2);
    // The CRM answers elsewhere after its start: the mark alone is the same.
    let mark = |message: &Message| message.value("dlr-url").split("mark=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let asked: Vec<String> = provider.all.lock().unwrap().iter().map(|query| mark(&Message(query.clone()))).collect();
    let times = |mark: &String| asked.iter().filter(|other| *other == mark).count();
    assert_eq!(times(&mark(&first)), 2, "{asked:?}");
    assert!(asked.iter().all(|mark| times(mark) <= 2), "{asked:?}");
    let mut told = asked.clone();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 2, "two notices, each told");
}

#[test]
fn p11_faults_of_routes_and_texts_are_told_before_anything_is_sent() {
    let shop = Shop::new();
    let route = "[[route]]\nname = \"main\"\nby = \"telegram\"\n";
    for (config, wanted) in [
        (format!("{route}secret = \"Planted\""), "route[1].secret"),
        (format!("{route}secret = \"env:NOBODY_SET_THIS\""), "NOBODY_SET_THIS is not in the environment"),
        ("[notices]\ntexts = \"nowhere.toml\"".to_owned(), "nowhere.toml cannot be read"),
    ] {
        fs::write(shop.folder.path().join("crm.toml"), config).unwrap();
        let refused = refusal(shop.crm_command("127.0.0.1:0", &["serve"]));
        assert!(refused.contains(wanted) && !refused.contains("Planted"), "{refused}");
    }
    let refused = refusal({
        fs::write(shop.folder.path().join("crm.toml"), "").unwrap();
        shop.crm_command("127.0.0.1:9", &["notices"])
    });
    assert!(refused.contains("tessera crm serve"), "{refused}");
}

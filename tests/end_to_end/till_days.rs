//! A till's day is closed over real processes: what was lost anywhere behind the till is found and comes again (H60).

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use tempfile::TempDir;
use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1::{Line, Receipt, SettleRequest, SettleStatus, VoidRequest};
use tessera_proto::gateway::v1::TillDayStatus;
use tessera_till::{Answered, CallOptions, DayClose, Journal, TillClient, TillConfig};

use super::server::{Server, tessera};

const PROGRAM: &str = "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\nassets: [{id: points, kind: points, worth_minor: 1}]\n\
    campaigns:\n- {id: earn, name: Points, points: {per: 1.00, units: 1}}\n";

/// A store's server, and tills with journals of their own.
struct Store {
    folder: TempDir,
    server: Option<Server>,
    date: Date,
}

impl Store {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("club.yaml"), PROGRAM).unwrap();
        let config = format!("programs = {:?}\n", folder.path().join("club.yaml"));
        fs::write(folder.path().join("data.toml"), config).unwrap();
        let date = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut store = Self { folder, server: None, date };
        store.start();
        store
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn start(&mut self) {
        self.server = Some(Server::start(&self.data()));
    }

    fn stop(&mut self) {
        assert!(self.server.take().unwrap().stop().success());
    }

    /// The engine as it was, the gateway as it is, with its book of days or without.
    fn put_engine_back(&mut self, before: &Path, with_book: bool) {
        self.stop();
        let spool = self.folder.path().join("spool");
        fs::rename(self.data().join("spool"), &spool).unwrap();
        fs::remove_dir_all(self.data()).unwrap();
        copy(before, &self.data());
        let _ = fs::remove_dir_all(self.data().join("spool"));
        if !with_book {
            fs::remove_dir_all(spool.join("till-days")).unwrap();
        }
        fs::rename(spool, self.data().join("spool")).unwrap();
        self.start();
    }

    fn till(&self, id: &str) -> Till {
        let journal = Journal::open(&self.folder.path().join(id)).unwrap();
        let endpoint = self.server.as_ref().unwrap().gateway.clone();
        let client = TillClient::connect(TillConfig::new(endpoint, "S1", id, journal)).unwrap();
        Till { client, id: id.to_owned(), date: self.date }
    }

    /// `tessera gateway close`: its exit code and what it prints.
    fn close_all(&self) -> (bool, String) {
        let gateway = self.server.as_ref().unwrap().gateway.trim_start_matches("http://").to_owned();
        let ended = tessera().env("TESSERA_LISTEN_GATEWAY", gateway).args(["gateway", "close"]).output().unwrap();
        (ended.status.success(), format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr)))
    }
}

struct Till {
    client: TillClient,
    id: String,
    date: Date,
}

impl Till {
    fn request(&self, id: &str) -> SettleRequest {
        let line = Line {
            line_id: "1".to_owned(),
            sku: "TEA".to_owned(),
            quantity_milli: 1_000,
            unit_price_micros: 2_000_000,
            amount_minor: 200,
            ..Line::default()
        };
        let receipt = Receipt {
            receipt_id: format!("S1/{}/{id}", self.id),
            sold_at: Some(timestamp_to_wire(Timestamp::now())),
            business_date: self.date.to_string(),
            store_id: "S1".to_owned(),
            till_id: self.id.clone(),
            currency_code: "GBP".to_owned(),
            lines: vec![line],
            ..Receipt::default()
        };
        SettleRequest { receipt: Some(receipt), attempt: 1, ..SettleRequest::default() }
    }

    async fn settle(&self, request: SettleRequest) -> SettleStatus {
        match self.client.settle(request, CallOptions::default()).await.unwrap() {
            Answered::Server(answer) => answer.status(),
            other => panic!("{other:?}"),
        }
    }

    async fn sell(&self, id: &str) {
        assert_eq!(self.settle(self.request(id)).await, SettleStatus::Committed);
    }

    async fn close(&self) -> DayClose {
        self.client.close_day(self.date, CallOptions::default()).await.unwrap()
    }

    async fn must_agree(&self, settled: u32, number: u32, resent: &[&str]) {
        let closed = self.close().await;
        let response = &closed.response;
        let resent: Vec<String> = resent.iter().map(|id| format!("S1/{}/{id}", self.id)).collect();
        assert_eq!((response.status(), response.engine_settled_count), (TillDayStatus::Agreed, settled), "{closed:?}");
        assert_eq!((response.close_number, &closed.resent), (number, &resent));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h60_a_day_counts_each_sale_once_and_no_training_or_voided_one() {
    let store = Store::open();
    let (first, second) = (store.till("T1"), store.till("T2"));
    first.sell("1").await;
    first.sell("2").await;
    // The same once more, as after an answer that was lost.
    let again = first.request("3");
    assert_eq!(first.settle(again.clone()).await, SettleStatus::Committed);
    assert_eq!(first.settle(again).await, SettleStatus::Committed);
    let mut training = first.request("4");
    training.receipt.as_mut().unwrap().training = true;
    assert_eq!(first.settle(training).await, SettleStatus::Training);
    let void = VoidRequest {
        receipt_id: "S1/T1/5".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        attempt: 1,
        ..VoidRequest::default()
    };
    first.client.void(void, CallOptions::default()).await.unwrap();
    assert_eq!(first.settle(first.request("5")).await, SettleStatus::Voided);
    second.sell("1").await;
    let (agreed, text) = store.close_all();
    assert!(agreed, "{text}");
    assert!(text.contains("S1 T1") && text.contains("S1 T2"), "{text}");
    first.must_agree(3, 1, &[]).await;
    second.must_agree(1, 1, &[]).await;
    // One that comes after the close is in the next one.
    first.sell("6").await;
    first.must_agree(4, 2, &[]).await;
    let (agreed, text) = store.close_all();
    assert!(agreed && text.contains("no day is open"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h60_a_receipt_that_the_engine_has_lost_comes_again_from_the_gateway_or_from_the_till() {
    let mut store = Store::open();
    store.till("T1").sell("1").await;
    store.stop();
    let before = store.folder.path().join("before");
    copy(&store.data(), &before);
    store.start();
    let till = store.till("T1");
    till.sell("2").await;
    till.sell("3").await;
    drop(till);

    // A backup of the engine is put in place: it has the first sale alone.
    store.put_engine_back(&before, true);
    let (agreed, text) = store.close_all();
    assert!(agreed, "the gateway has them: {text}");
    store.till("T1").must_agree(3, 1, &[]).await;

    let till = store.till("T1");
    till.sell("4").await;
    drop(till);
    // Again, and the gateway has lost its book too: only the till has what the engine lacks.
    store.put_engine_back(&before, false);
    store.till("T1").must_agree(4, 1, &["2", "3", "4"]).await;
}

//! The part of the CRM that tells customers: it reads the engine's feed and has a provider that takes everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tessera_contract::Pii;
use tessera_crm::notices::book::Book;
use tessera_crm::notices::carrier::{Answer, Carrier, Message};
use tessera_crm::notices::codes::CodeOf;
use tessera_crm::notices::contact::{Away, Contact, Contacts};
use tessera_crm::notices::intake::{Digits, Intake, Known};
use tessera_crm::notices::layout;
use tessera_crm::notices::list::{LIST_MAX, Which, list};
use tessera_crm::notices::notice::{Fault, Notice, NoticeKind};
use tessera_crm::notices::plan::Channel;
use tessera_crm::notices::quiet::QuietHours;
use tessera_crm::notices::route::{AddressFrom, Route, RouteSettings};
use tessera_crm::notices::wording::Wording;
use tessera_crm::notices::worker::{Clock, Rules, Tools, Worker};
use tessera_storage::MemoryStorage;
use tokio::time::sleep;

use super::world::{Time, World};

impl Clock for Time {
    fn now(&self) -> Timestamp {
        tessera_engine::clock::Clock::now(self)
    }
}

/// What is due later than this is not due now.
const SOON: Duration = Duration::from_secs(1);

/// Everybody has a phone.
#[derive(Debug)]
struct People;

#[tonic::async_trait]
impl Contacts for People {
    async fn contact(&self, _: &str, _: &BTreeSet<String>, _: Option<&CodeOf>) -> Result<Option<Contact>, Away> {
        Ok(Some(Contact { phone: Some(Pii::new("+441632960001".to_owned())), ..Contact::default() }))
    }
}

/// Takes every message, and writes down when it came, by its mark.
#[derive(Debug)]
struct Provider {
    time: Arc<Time>,
    told: Mutex<BTreeMap<String, Vec<Timestamp>>>,
}

#[tonic::async_trait]
impl Carrier for Provider {
    async fn send(&self, message: &Message) -> Answer {
        self.told.lock().unwrap().entry(message.mark.clone()).or_default().push(self.time.now());
        Answer::Accepted { provider_id: String::new() }
    }
}

pub(super) struct Crm {
    time: Arc<Time>,
    book: Arc<Book>,
    intake: Intake,
    worker: Worker,
    provider: Arc<Provider>,
    cursor: Bytes,
}

impl Crm {
    pub(super) async fn open(time: Arc<Time>, quiet: &str) -> Self {
        let book = Arc::new(Book::new(Arc::new(MemoryStorage::new(&layout::SPACES))));
        let provider = Arc::new(Provider { time: Arc::clone(&time), told: Mutex::default() });
        let settings = RouteSettings {
            name: "sms".to_owned(),
            channel: Channel::Sms,
            address: AddressFrom::Phone,
            prefixes: Vec::new(),
            price_micros: 45_000,
            delivery_percent: 98,
            per_second: 10_000,
            window: 64,
            patience: SignedDuration::from_mins(5),
            gives_receipts: false,
        };
        let clock: Arc<Time> = Arc::clone(&time);
        let tools = Tools {
            book: Arc::clone(&book),
            contacts: Arc::new(People),
            wording: Wording::built_in(),
            routes: vec![Route { settings, carrier: Arc::<Provider>::clone(&provider) }],
            rules: Rules {
                quiet: QuietHours::parse(quiet),
                zone: TimeZone::UTC,
                zone_fact: None,
                unknown_wait: SignedDuration::from_mins(10),
                receipt_wait: SignedDuration::from_hours(2),
                codes_hour_max: 1_000,
            },
            clock,
        };
        let intake = Intake::open(Arc::clone(&book)).await.unwrap();
        let worker = Worker::open(tools).await.unwrap();
        Self { time, book, intake, worker, provider, cursor: Bytes::new() }
    }

    /// Takes in what the engine has committed since, and works off what is due now, as fast as the provider wants it.
    pub(super) async fn work(&mut self, world: &World) {
        let responses = world.feed_after(self.cursor.clone()).await;
        let digits: Digits = BTreeMap::from([(1, BTreeMap::from([("points".to_owned(), 0)]))]);
        for batch in responses.chunk_by(|before, _| before.cursor.is_empty()).collect::<Vec<_>>().chunks(1_000) {
            self.intake.take(&batch.concat(), Known { digits: &digits, now: self.time.now() }).await.unwrap();
        }
        if let Some(last) = responses.last() {
            self.cursor = last.cursor.clone();
        }
        loop {
            let wake = self.worker.pass().await.unwrap();
            let pause = Duration::try_from(wake.duration_since(self.time.now())).unwrap_or_default();
            if pause > SOON {
                return;
            }
            sleep(pause).await;
        }
    }

    pub(super) async fn notice(&self, receipt: &str) -> Notice {
        self.book.notice(&Notice::mark(NoticeKind::Deferred, receipt)).await.unwrap().expect("there is a notice").value
    }

    /// When each message was sent, by its mark.
    pub(super) fn told(&self) -> BTreeMap<String, Vec<Timestamp>> {
        self.provider.told.lock().unwrap().clone()
    }

    /// The list of the late ones has so many, all by the link, and nothing is left to be told.
    pub(super) async fn lists_as_late(&self, expected: i64) {
        let late = list(&self.book, Which::Late, LIST_MAX, self.time.now()).await.unwrap();
        let counts = ["late_link", "late_provider", "late_ours", "due"].map(|name| late.counts[name]);
        assert_eq!(counts, [expected, 0, 0, 0], "{:?}", late.counts);
        assert_eq!(late.notices.len(), LIST_MAX.min(usize::try_from(expected).unwrap()));
        assert!(late.notices.iter().all(|shown| shown.late == Some(Fault::Link)));
    }
}

//! Tills that quote and settle one receipt after another, whatever happens, and write down how long each answer took.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::sold::sold_as_quoted;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{
    AnswerBasis, CustomerIdentity, Delivery, Line, QuoteRequest, QuoteResponse, QuoteStage, Receipt, SettleRequest,
    SettleResponse, SettleStatus,
};
use tessera_till::{Answered, CallOptions, Conversation, Journal, TillClient, TillConfig, TillError};
use tokio::time::{Instant, sleep};

/// Customers of a thousand tills: two of them seldom have the same one at once.
const CUSTOMERS: usize = 49_999;

/// Every so many settles is sent twice at once.
const TWICE_EVERY: usize = 7;
/// Cards in use.
pub(super) const CARDS: usize = 97;

/// Who gave an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Who {
    Engine,
    /// The gateway, from its rule pack.
    Pack,
    /// The gateway's last answer.
    Gateway,
    Spool,
    Till,
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) scenario: usize,
    pub(super) till: usize,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) who: Who,
}

/// What all tills write down.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) told: Mutex<Vec<Told>>,
    /// Receipts that were paid: id, card, points that they earn.
    pub(super) paid: Mutex<Vec<(String, usize, i64)>>,
    /// Sales that are over, with the till of each.
    pub(super) sold: Mutex<Vec<(usize, usize)>>,
    pub(super) scenario: AtomicUsize,
    pub(super) closing: AtomicBool,
}

impl Book {
    /// How many tills had an answer to what they asked in a scenario.
    pub(super) fn tills_answered(&self, scenario: usize) -> usize {
        let told = self.told.lock().unwrap();
        let tills: BTreeSet<usize> = told.iter().filter(|told| told.scenario == scenario).map(|told| told.till).collect();
        tills.len()
    }
}

pub(super) fn card(number: usize) -> Option<CustomerIdentity> {
    Some(CustomerIdentity { identity: Some(Identity::CardNumber(format!("47110{number:02}"))), entry_method: 0 })
}

/// Sells without a pause over a stream that others share, until the book is closing.
pub(super) async fn sell_over(stream: Conversation, number: usize, book: Arc<Book>) {
    let journal = Journal::none();
    let client = TillClient::over(stream, TillConfig::new("", "S1", format!("T{number}"), journal.clone()));
    let till = Till { client, journal, number, cards: CUSTOMERS, book };
    let mut sale = 0;
    while !till.book.closing.load(Ordering::SeqCst) {
        sale += 1;
        till.one_sale(sale).await;
        till.book.sold.lock().unwrap().push((sale, number));
    }
}

/// One till.
struct Till {
    client: TillClient,
    journal: Journal,
    number: usize,
    /// How many customers there are.
    cards: usize,
    book: Arc<Book>,
}

/// Sells until the book is closing, then sends what is still open until nothing is.
pub(super) async fn sell(endpoint: String, folder: std::path::PathBuf, number: usize, pause: Duration, book: Arc<Book>) {
    let till = Till::open(&endpoint, &folder, number, book);
    let mut sale = 0;
    while !till.book.closing.load(Ordering::SeqCst) {
        sale += 1;
        till.one_sale(sale).await;
        sleep(pause).await;
    }
    while !till.journal.open_advices().is_empty() {
        till.send_open().await;
        sleep(Duration::from_millis(50)).await;
    }
}

impl Till {
    fn open(endpoint: &str, folder: &Path, number: usize, book: Arc<Book>) -> Self {
        let journal = Journal::open(&folder.join(format!("till-{number}"))).unwrap();
        let config = TillConfig::new(endpoint, "S1", format!("T{number}"), journal.clone());
        Self { client: TillClient::connect(config).unwrap(), journal, number, cards: CARDS, book }
    }

    async fn one_sale(&self, sale: usize) {
        let receipt = self.receipt(sale);
        let quote = QuoteRequest {
            receipt: Some(receipt.clone()),
            stage: QuoteStage::Tender.into(),
            quote_no: 1,
            ..QuoteRequest::default()
        };
        let (scenario, began) = self.begin();
        let quoted = self.client.quote(quote, CallOptions::default()).await.expect("a quote is always answered");
        let (who, answer) = answered(&quoted);
        self.write_down(scenario, began, who);
        let rung_up = receipt.lines[0].amount_minor;
        let (sold, token) = match answer {
            Some(answer) => (sold_as_quoted(&receipt, answer.answer.as_ref().unwrap()).0, answer.quote_token.clone()),
            None => (receipt, bytes::Bytes::new()),
        };
        let deferred = token.is_empty();
        let delivery = Delivery { deferred, customer_told: deferred, ..Delivery::default() };
        // Where nobody took the tenth off it follows as points, a minor unit each.
        let points = if deferred { rung_up / 100 + rung_up / 10 } else { (rung_up - rung_up / 10) / 100 };
        self.book.paid.lock().unwrap().push((sold.receipt_id.clone(), self.card(sale), points));
        let settle = SettleRequest {
            receipt: Some(sold),
            quote_token: token,
            attempt: 1,
            delivery: Some(delivery),
            ..SettleRequest::default()
        };
        if sale.is_multiple_of(TWICE_EVERY) {
            tokio::join!(self.settle(settle.clone()), self.settle(settle));
        } else {
            self.settle(settle).await;
        }
        self.send_open().await;
    }

    async fn settle(&self, settle: SettleRequest) {
        let (scenario, began) = self.begin();
        let settled = self.client.settle(settle, CallOptions::default()).await.expect("no settle is refused");
        self.write_down(scenario, began, settled_by(&settled));
    }

    /// What nobody answered is sent again when there is somebody.
    async fn send_open(&self) {
        let open = self.journal.open_advices().len();
        for resent in if open == 0 { Vec::new() } else { self.client.resend_open(CallOptions::default()).await.unwrap() } {
            match resent.result {
                Ok(_) | Err(TillError::NotAnswered { .. }) => {}
                Err(refused) => panic!("{}: {refused}", resent.receipt_id),
            }
        }
    }

    /// An answer belongs to what was wrong when it was asked for.
    fn begin(&self) -> (usize, Instant) {
        (self.book.scenario.load(Ordering::SeqCst), Instant::now())
    }

    fn write_down(&self, scenario: usize, began: Instant, who: Who) {
        self.book.told.lock().unwrap().push(Told { scenario, till: self.number, began, ended: Instant::now(), who });
    }

    fn card(&self, sale: usize) -> usize {
        (self.number * 31 + sale) % self.cards
    }

    fn receipt(&self, sale: usize) -> Receipt {
        let id = format!("S1/T{}/{sale}/faults", self.number);
        receipt((id, &format!("T{}", self.number)), self.card(sale), i64::try_from(1 + sale % 7).unwrap())
    }
}

/// A receipt that was paid without a quote, and the points that it earns.
pub(super) fn backlog_receipt(number: u64, holder: usize) -> (Receipt, i64) {
    let units = i64::try_from(1 + number % 7).unwrap();
    let receipt = receipt((format!("S1/B{}/{number}/faults", number % 40), &format!("B{}", number % 40)), holder, units);
    // A point of each unit of money, and the tenth off as points of a minor unit.
    (receipt, units + units * 10)
}

/// Some milk for the holder of a card, sold now.
fn receipt((receipt_id, till): (String, &str), holder: usize, units: i64) -> Receipt {
    let now = Timestamp::now();
    let line = Line {
        line_id: "1".to_owned(),
        sku: "MILK".to_owned(),
        quantity_milli: units * 1_000,
        unit_price_micros: 1_000_000,
        amount_minor: units * 100,
        ..Line::default()
    };
    Receipt {
        receipt_id,
        sold_at: Some(timestamp_to_wire(now)),
        business_date: now.to_zoned(TimeZone::UTC).date().to_string(),
        store_id: "S1".to_owned(),
        till_id: till.to_owned(),
        currency_code: "EUR".to_owned(),
        customer: card(holder),
        lines: vec![line],
        ..Receipt::default()
    }
}

/// Who answered, and what is sold by: with the last answer nothing.
fn answered(quoted: &Answered<QuoteResponse>) -> (Who, Option<&QuoteResponse>) {
    match quoted {
        Answered::Server(answer) => match answer.basis() {
            AnswerBasis::Engine => (Who::Engine, Some(answer)),
            AnswerBasis::Pack => (Who::Pack, Some(answer)),
            AnswerBasis::Unchanged | AnswerBasis::Unspecified => (Who::Gateway, None),
        },
        Answered::Unchanged(_) | Answered::Unknown(_) => (Who::Till, None),
    }
}

fn settled_by(settled: &Answered<SettleResponse>) -> Who {
    match settled {
        Answered::Server(answer) if answer.status() == SettleStatus::Accepted => Who::Spool,
        Answered::Server(_) => Who::Engine,
        Answered::Unchanged(_) | Answered::Unknown(_) => Who::Till,
    }
}

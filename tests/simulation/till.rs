//! A till: it quotes, is paid, and sends what was paid until somebody has it, whatever happens.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;
use tessera_engine::clock::Clock as _;
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::return_request::Original;
use tessera_proto::billing::v1::{
    CustomerIdentity, Line, QuoteRequest, QuoteStage, Receipt, ReturnMode, ReturnRequest, ReturnStatus, ReturnedLine,
    SettleRequest, SettleStatus,
};
use tokio::time::{Instant, sleep};
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};

use super::chance::Chance;
use super::world::{Counter, World};

/// Promise P1.
const BUDGET: Duration = Duration::from_millis(2_250);

/// What all tills write down.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// What was paid and acknowledged.
    pub(super) paid: Mutex<Vec<SettleRequest>>,
    /// Goods that were brought back, and acknowledged.
    pub(super) returned: Mutex<Vec<ReturnRequest>>,
    pub(super) slowest: Mutex<Duration>,
    pub(super) calls: Mutex<u64>,
}

pub(super) fn card(number: u64) -> CustomerIdentity {
    CustomerIdentity { identity: Some(Identity::CardNumber(format!("4711{number:04}"))), entry_method: 0 }
}

pub(super) struct Till {
    pub(super) world: Arc<World>,
    pub(super) number: u64,
    /// How many cards there are.
    pub(super) cards: u64,
    pub(super) chance: Chance,
    pub(super) book: Arc<Book>,
}

impl Till {
    pub(super) async fn sell(mut self, sales: u64) {
        let mut counter = self.world.counter();
        for sale in 0..sales {
            sleep(self.chance.millis(20, 1_500)).await;
            let receipt = self.receipt(sale);
            let quote = QuoteRequest {
                receipt: Some(receipt.clone()),
                stage: QuoteStage::Tender.into(),
                quote_no: 1,
                ..QuoteRequest::default()
            };
            let quoted = ask(&self.book, &mut counter, async |mut client| client.quote(limited(quote)).await).await;
            let token = match quoted {
                Some(Ok(answer)) => answer.quote_token,
                Some(Err(status)) => panic!("a quote is always answered: {status:?}"),
                None => bytes::Bytes::new(),
            };
            sleep(self.chance.millis(0, 400)).await;
            let settle = SettleRequest { receipt: Some(receipt), quote_token: token, attempt: 1, ..SettleRequest::default() };
            self.pay(&mut counter, &settle).await;
            self.book.paid.lock().unwrap().push(settle.clone());
            if self.chance.once_in(4) {
                self.take_back(&mut counter, &settle).await;
            }
            if self.chance.once_in(5) {
                // A copy that comes late.
                sleep(self.chance.millis(0, 3_000)).await;
                settled(&self.book, &mut counter, &settle).await;
            }
        }
    }

    /// Sends until it is acknowledged, now and then twice at once.
    async fn pay(&mut self, counter: &mut Counter, settle: &SettleRequest) {
        loop {
            let is_acknowledged = if self.chance.once_in(6) {
                let mut other = counter.clone();
                let (one, two) = tokio::join!(settled(&self.book, counter, settle), settled(&self.book, &mut other, settle));
                one || two
            } else {
                settled(&self.book, counter, settle).await
            };
            if is_acknowledged {
                return;
            }
            sleep(self.chance.millis(100, 2_000)).await;
        }
    }

    /// The goods come back, maybe before any engine has heard of their sale.
    async fn take_back(&mut self, counter: &mut Counter, settle: &SettleRequest) {
        let back = back(settle.receipt.as_ref().unwrap(), self.world.time.now());
        let request = &back;
        while !acknowledged(
            &self.book,
            counter,
            async |mut client| client.r#return(limited(request.clone())).await,
            |answer| matches!(answer.status(), ReturnStatus::Committed | ReturnStatus::Parked | ReturnStatus::Accepted),
        )
        .await
        {
            sleep(self.chance.millis(100, 2_000)).await;
        }
        self.book.returned.lock().unwrap().push(back);
    }

    fn receipt(&mut self, sale: u64) -> Receipt {
        let id = format!("S1/T{}/{sale}/s", self.number);
        let units = 1 + self.chance.below(9);
        receipt((id, self.number), self.world.time.now(), self.chance.below(self.cards), units)
    }
}

/// A receipt of some milk, sold then to the holder of a card.
pub(super) fn receipt((receipt_id, till): (String, u64), sold_at: Timestamp, holder: u64, units: u64) -> Receipt {
    let units = i64::try_from(units).unwrap();
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
        sold_at: Some(timestamp_to_wire(sold_at)),
        business_date: sold_at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string(),
        store_id: "S1".to_owned(),
        till_id: format!("T{till}"),
        currency_code: "EUR".to_owned(),
        customer: Some(card(holder)),
        lines: vec![line],
        ..Receipt::default()
    }
}

fn limited<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(BUDGET);
    request
}

/// All goods of a sale, brought back then.
fn back(sale: &Receipt, returned_at: Timestamp) -> ReturnRequest {
    let line = |line: &Line| ReturnedLine {
        line_id: line.line_id.clone(),
        sku: line.sku.clone(),
        quantity_milli: line.quantity_milli,
        unit_price_micros: line.unit_price_micros,
        amount_minor: line.amount_minor,
        ..ReturnedLine::default()
    };
    ReturnRequest {
        receipt_id: format!("{}/back", sale.receipt_id),
        mode: ReturnMode::Done.into(),
        original: Some(Original::OriginalReceiptId(sale.receipt_id.clone())),
        returned_at: Some(timestamp_to_wire(returned_at)),
        business_date: sale.business_date.clone(),
        store_id: sale.store_id.clone(),
        till_id: sale.till_id.clone(),
        currency_code: sale.currency_code.clone(),
        customer: sale.customer.clone(),
        lines: sale.lines.iter().map(line).collect(),
        ..ReturnRequest::default()
    }
}

/// Whether the gateway or an engine says that it has the settle.
pub(super) async fn settled(book: &Book, counter: &mut Counter, settle: &SettleRequest) -> bool {
    acknowledged(
        book,
        counter,
        async |mut client| client.settle(limited(settle.clone())).await,
        |answer| matches!(answer.status(), SettleStatus::Committed | SettleStatus::Accepted),
    )
    .await
}

/// Whether somebody says that he has an advice; nobody refuses one.
async fn acknowledged<T: Debug>(
    book: &Book,
    counter: &mut Counter,
    call: impl AsyncFnOnce(BillingServiceClient<Routes>) -> Result<Response<T>, Status>,
    has_it: impl Fn(&T) -> bool,
) -> bool {
    match ask(book, counter, call).await {
        Some(Ok(answer)) => {
            assert!(has_it(&answer), "{answer:?}");
            true
        }
        Some(Err(status)) => {
            let is_unknown =
                matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::ResourceExhausted);
            assert!(is_unknown, "no advice is refused: {status:?}");
            false
        }
        None => false,
    }
}

/// An answer of the gateway, within the budget (P1). None: it went down, or is.
async fn ask<T>(
    book: &Book,
    counter: &mut Counter,
    call: impl AsyncFnOnce(BillingServiceClient<Routes>) -> Result<Response<T>, Status>,
) -> Option<Result<T, Status>> {
    let routes = counter.borrow_and_update().clone()?;
    let began = Instant::now();
    let answer = tokio::select! {
        answer = call(BillingServiceClient::new(routes)) => Some(answer.map(Response::into_inner)),
        _ = counter.changed() => None,
    };
    let took = began.elapsed();
    assert!(took <= BUDGET, "p1: answered after {took:?} by the simulated clock");
    let mut slowest = book.slowest.lock().unwrap();
    *slowest = (*slowest).max(took);
    *book.calls.lock().unwrap() += 1;
    answer
}

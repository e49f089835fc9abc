//! What the engine's tests share: an engine in memory, receipts as a till would send them, and the
//! ledger's invariants checked over the feed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::sold::sold_as_quoted;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::money::Currency;
use tessera_rules::revision::Source;
use tessera_storage::{Cursor, MemoryStorage, Storage, Wanted};
use tokio::sync::watch;
use tonic::{Request, Status};

use crate::clock::{Clock, ManualClock};
use crate::keys::Keys;
use crate::{Billing, ConverseLimits, Engine, Settings, layout};

/// The moment at which every test begins.
pub(crate) const BEGIN: &str = "2026-11-22T10:00:00Z";

/// Points on everything, a counter of bottles whose crossing is scarce, units added, and redemption.
pub(crate) const PROGRAM: &str = "
program: club
language: 1
name: Club
currency: GBP
assets:
  - {id: points, kind: points, scale: 0, worth_minor: 1, redeem: {minimum_units: 1, step_units: 1, share_percent_max: 100}}
facts:
  - id: surname
    valid_for_days: 365
    ask: {when: always}
    text: Your surname?
campaigns:
  - id: earn
    name: A point for each pound
    points: {per: 1.00, units: 1, asset: points}
  - id: bottles
    name: Every third bottle earns fifty points
    on: {sku: [BOTTLE]}
    customers_only: true
    count: {every: 3, give: {points: {units: 50, asset: points}}}
  - id: packs
    name: Ten packs become eleven
    on: {sku: [PACK]}
    extra_units: {every: 10, add: 1}
    fallback: {points: points}
  - id: tenth
    name: A tenth off socks
    on: {sku: [SOCKS]}
    percent_off: 10
    fallback: {points: points}
";

/// An engine whose clock stands still, over a storage in memory where nothing else is said.
pub(crate) struct Rig<S: Storage = MemoryStorage> {
    pub(crate) engine: Engine,
    pub(crate) billing: Billing,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) storage: Arc<S>,
    pub(crate) closing: watch::Sender<bool>,
}

pub(crate) fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings::new(Currency::from_code("GBP").unwrap())
}

impl Rig {
    /// With the tests' program, over a new storage that behaves as a CQL cluster does with claims.
    pub(crate) async fn new() -> Self {
        Self::over(Arc::new(MemoryStorage::with_claims_first(&layout::SPACES)), settings()).await
    }

    /// With these campaigns in place of the tests' own.
    pub(crate) async fn with_campaigns(campaigns: &str) -> Self {
        let rig = Self::new().await;
        rig.publish(campaigns).await;
        rig
    }
}

impl<S: Storage> Rig<S> {
    pub(crate) async fn over(storage: Arc<S>, settings: Settings) -> Self {
        let rig = Self::reopened(storage, settings).await;
        let source = Source { name: "club.yaml".to_owned(), text: PROGRAM.to_owned() };
        rig.engine.programs().publish(&[source], begin()).await.unwrap();
        rig
    }

    /// Over a storage with what was published in it.
    pub(crate) async fn reopened(storage: Arc<S>, settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::at(begin()));
        let shared: Arc<dyn Storage> = Arc::<S>::clone(&storage);
        let time: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let engine = Engine::open(shared, time, Keys::for_replay(), settings).await.unwrap();
        let closing = watch::Sender::new(false);
        let billing = Billing::new(engine.clone(), closing.subscribe(), ConverseLimits::default());
        Self { engine, billing, clock, storage, closing }
    }

    /// Publishes these campaigns.
    pub(crate) async fn publish(&self, campaigns: &str) {
        let head = PROGRAM.split("campaigns:").next().unwrap();
        let source = Source { name: "club.yaml".to_owned(), text: format!("{head}campaigns:\n{campaigns}") };
        self.engine.programs().publish(&[source], begin()).await.unwrap();
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.set(self.clock.now().checked_add(time).unwrap());
    }

    pub(crate) async fn quote(&self, request: v1::QuoteRequest) -> Result<v1::QuoteResponse, Status> {
        self.billing.quote(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn settle(&self, request: v1::SettleRequest) -> Result<v1::SettleResponse, Status> {
        self.billing.settle(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn void(&self, request: v1::VoidRequest) -> Result<v1::VoidResponse, Status> {
        self.billing.void(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn give_back(&self, request: v1::ReturnRequest) -> Result<v1::ReturnResponse, Status> {
        self.billing.r#return(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn get(&self, id: &str) -> v1::GetReceiptResponse {
        let wanted = v1::get_receipt_request::Receipt::ReceiptId(id.to_owned());
        let request = v1::GetReceiptRequest { contract_minor: 0, receipt: Some(wanted) };
        self.billing.get_receipt(Request::new(request)).await.unwrap().into_inner()
    }

    /// Quotes and settles exactly as quoted.
    pub(crate) async fn sell(&self, receipt: v1::Receipt) -> v1::SettleResponse {
        let quoted = self.quote(quote(receipt.clone())).await.unwrap();
        self.settle(as_quoted(receipt, &quoted)).await.unwrap()
    }

    /// Every outcome in the feed, checked: postings sum to zero per asset (P5), lines to totals (P6), and
    /// no receipt twice (P2).
    pub(crate) async fn outcomes(&self) -> Vec<v1::Outcome> {
        let mut outcomes = Vec::new();
        let mut cursor = Cursor::default();
        loop {
            let page = self.storage.feed(&cursor, 100, Wanted::Kind(layout::OUTCOME)).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = last.cursor.clone();
            for row in page.iter().flat_map(|entry| &entry.rows) {
                outcomes.push(v1::Outcome::decode(row.value.clone()).unwrap());
            }
        }
        let mut ids: Vec<&str> = outcomes.iter().map(|outcome| outcome.outcome_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), outcomes.len(), "p2: one id, one outcome");
        outcomes.iter().for_each(check_outcome);
        outcomes
    }

    /// The points of a card now, as the engine answers them.
    pub(crate) async fn points(&self, card: &str) -> i64 {
        let request = v1::IdentifyRequest { customer: Some(customer(card)), store_id: "S1".to_owned(), ..Default::default() };
        let known = self.billing.identify(Request::new(request)).await.unwrap().into_inner();
        known.balances.iter().find(|balance| balance.asset_id == "points").map_or(0, |balance| balance.available_units)
    }
}

/// The sums that every outcome keeps.
pub(crate) fn check_outcome(outcome: &v1::Outcome) {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for posting in &outcome.postings {
        *sums.entry(&posting.asset_id).or_default() += posting.units;
    }
    assert!(sums.values().all(|sum| *sum == 0), "p5: postings sum to zero per asset: {sums:?}");
    for line in &outcome.lines {
        assert!(line.paid_minor >= 0 && line.rung_up_minor >= 0, "p6: nothing is negative");
        if !line.parts.is_empty() {
            assert_eq!(
                line.parts.iter().map(|part| part.amount_minor).sum::<i64>(),
                line.paid_minor,
                "p6: parts sum to the line"
            );
        }
    }
    if let Some(totals) = &outcome.totals_after {
        assert_eq!(
            outcome.lines.iter().map(|line| line.paid_minor).sum::<i64>(),
            totals.amount_minor,
            "p6: lines sum to the total"
        );
        assert_eq!(
            totals.tax_totals.iter().map(|total| total.amount_minor).sum::<i64>(),
            totals.amount_minor,
            "p6: codes sum to the total"
        );
    }
}

pub(crate) fn customer(card: &str) -> v1::CustomerIdentity {
    let identity = v1::customer_identity::Identity::CardNumber(card.to_owned());
    v1::CustomerIdentity { identity: Some(identity), entry_method: 0 }
}

/// A line of so many pieces at so many pence.
pub(crate) fn line(id: &str, sku: &str, pieces: i64, pence: i64) -> v1::Line {
    v1::Line {
        line_id: id.to_owned(),
        sku: sku.to_owned(),
        quantity_milli: pieces * 1_000,
        unit_price_micros: pence * 10_000,
        amount_minor: pieces * pence,
        tax_code: "A".to_owned(),
        ..Default::default()
    }
}

/// A receipt of the tests' store; no card: anonymous.
pub(crate) fn receipt(id: &str, card: Option<&str>, lines: Vec<v1::Line>) -> v1::Receipt {
    let at = begin();
    v1::Receipt {
        receipt_id: id.to_owned(),
        sold_at: Some(tessera_contract::convert::timestamp_to_wire(at)),
        business_date: "2026-11-22".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        cashier_id: "anna".to_owned(),
        customer: card.map(customer),
        currency_code: "GBP".to_owned(),
        lines,
        ..Default::default()
    }
}

pub(crate) fn quote(receipt: v1::Receipt) -> v1::QuoteRequest {
    v1::QuoteRequest { receipt: Some(receipt), quote_no: 1, ..Default::default() }
}

pub(crate) fn as_quoted(receipt: v1::Receipt, quoted: &v1::QuoteResponse) -> v1::SettleRequest {
    let (receipt, added_lines) = sold_as_quoted(&receipt, quoted.answer.as_ref().unwrap());
    v1::SettleRequest { receipt: Some(receipt), added_lines, quote_token: quoted.quote_token.clone(), ..Default::default() }
}

pub(crate) fn unquoted(receipt: v1::Receipt) -> v1::SettleRequest {
    v1::SettleRequest { receipt: Some(receipt), ..Default::default() }
}

pub(crate) fn void(id: &str, attempt: u32) -> v1::VoidRequest {
    v1::VoidRequest {
        receipt_id: id.to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        attempt,
        ..Default::default()
    }
}

/// A done return of whole lines of an original, or of goods without one.
pub(crate) fn give_back(id: &str, original: Option<&str>, lines: Vec<(&str, v1::Line)>) -> v1::ReturnRequest {
    v1::ReturnRequest {
        receipt_id: id.to_owned(),
        mode: i32::from(v1::ReturnMode::Done),
        original: original.map(|id| v1::return_request::Original::OriginalReceiptId(id.to_owned())),
        returned_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        business_date: "2026-11-22".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        currency_code: "GBP".to_owned(),
        lines: lines
            .into_iter()
            .map(|(original, line)| v1::ReturnedLine {
                line_id: line.line_id,
                original_line_id: original.to_owned(),
                sku: line.sku,
                quantity_milli: line.quantity_milli,
                unit_price_micros: line.unit_price_micros,
                amount_minor: line.amount_minor,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

/// The reason that a refused call carries.
pub(crate) fn reason(status: &Status) -> v1::ErrorReason {
    tessera_contract::Refusal::from_status(status).unwrap_or_else(|| panic!("no reason in {status:?}"))
}

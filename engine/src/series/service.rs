//! The series service over an engine.

use std::fmt;
use std::time::Instant;

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::fault::Fault;
use tessera_contract::read::{ENGINE_MARK_FAULT, holds_engine_mark};
use tessera_contract::refusal::Refusal;
use tessera_ledger::series::{Account, Count, Difference, Differs, QUANTITY_MAX, Run};
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::series_service_server::SeriesService;
use tessera_rules::id::{CashierId, ReceiptId, SeriesId, StoreId};
use tonic::{Request, Response, Status};

use super::{Asked, fault};
use crate::engine::{Call, Engine};

/// Characters of a serial number.
const SERIAL_CHARACTERS_MAX: usize = 64;
/// Differences that are told; the rest is counted.
const DIFFERENCES_TOLD_MAX: usize = 10_000;
/// Runs that are told of one cashier.
const RUNS_TOLD_MAX: usize = 1_000;

/// The series service.
#[derive(Clone, Debug)]
pub struct SeriesAccounts {
    engine: Engine,
}

/// Faults of a request, all of them at once.
#[derive(Debug, Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn of<T>(&mut self, field: &str, read: Result<T, impl fmt::Display>) -> Option<T> {
        read.map_err(|error| self.0.push(Fault { field: field.to_owned(), description: error.to_string().into() })).ok()
    }
}

impl SeriesAccounts {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn issue(&self, request: &v1::IssueSeriesRequest) -> Result<v1::IssueSeriesResponse, Refusal> {
        let core = &self.engine.core;
        let call = Call { now: core.clock.now(), arrived: Instant::now(), wait_until: None };
        let rules = core.rules_at(call.now, &call).await?;
        let mut faults = Faults::default();
        let id = ReceiptId::parse(&request.request_id).map_err(|error| error.to_string());
        let id = id.and_then(|id| if holds_engine_mark(id.as_str()) { Err(ENGINE_MARK_FAULT.to_owned()) } else { Ok(id) });
        let id = faults.of("request_id", id);
        let series = SeriesId::parse(&request.series_id).map_err(|error| error.to_string());
        let unknown = || "is no series of a program in force".to_owned();
        let series = series.and_then(|id| if rules.revision.has_series(&id) { Ok(id) } else { Err(unknown()) });
        let series = faults.of("series_id", series);
        let store = faults.of("store_id", StoreId::parse(&request.store_id));
        let cashier = faults.of("cashier_id", CashierId::parse(&request.cashier_id));
        let run = read_run(&request.first_serial, request.quantity).map_err(|fault| faults.0.push(fault)).ok();
        let (Some(id), Some(series), Some(store), Some(cashier), Some(run)) = (id, series, store, cashier, run) else {
            return Err(Refusal::Invalid(faults.0));
        };
        let last_serial = run.last().map(|last| last.text().into_string()).unwrap_or_default();
        let asked = Asked { request: id.as_str().into(), series, store, cashier, run, taken_back: request.taken_back };
        let repeated_before = core.issue_series(&asked).await?;
        Ok(v1::IssueSeriesResponse { last_serial, repeated_before })
    }

    async fn count(&self, request: &v1::CountSeriesRequest) -> Result<v1::CountSeriesResponse, Refusal> {
        let mut faults = Faults::default();
        let series = faults.of("series_id", SeriesId::parse(&request.series_id));
        let store = faults.of("store_id", StoreId::parse(&request.store_id));
        let (Some(series), Some(store)) = (series, store) else { return Err(Refusal::Invalid(faults.0)) };
        let counted_at = self.engine.core.clock.now();
        let Account { cashiers, differences } = self.engine.core.count_series(&store, &series).await?;
        Ok(v1::CountSeriesResponse {
            cashiers: cashiers.iter().map(|(cashier, count)| told(name(cashier.as_ref()), count)).collect(),
            differences_count: u64::try_from(differences.len()).unwrap_or(u64::MAX),
            differences: differences.iter().take(DIFFERENCES_TOLD_MAX).map(difference).collect(),
            counted_at: Some(timestamp_to_wire(counted_at)),
        })
    }
}

#[tonic::async_trait]
impl SeriesService for SeriesAccounts {
    async fn issue_series(&self, request: Request<v1::IssueSeriesRequest>) -> Result<Response<v1::IssueSeriesResponse>, Status> {
        self.issue(&request.into_inner()).await.map(Response::new).map_err(Refusal::into_status)
    }

    async fn count_series(&self, request: Request<v1::CountSeriesRequest>) -> Result<Response<v1::CountSeriesResponse>, Status> {
        self.count(&request.into_inner()).await.map(Response::new).map_err(Refusal::into_status)
    }
}

fn read_run(first: &str, quantity: u32) -> Result<Run, Fault> {
    let wrong = |field: &str, description: &'static str| Fault { field: field.to_owned(), description: description.into() };
    if first.chars().count() > SERIAL_CHARACTERS_MAX || first.chars().any(char::is_control) {
        return Err(wrong("first_serial", "must be at most 64 printable characters"));
    }
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(wrong("quantity", "must be 1 to 1,000,000"));
    }
    Run::parse(first, quantity).map_err(fault)
}

fn name(cashier: Option<&CashierId>) -> String {
    cashier.map(|cashier| cashier.as_str().to_owned()).unwrap_or_default()
}

fn told(cashier_id: String, count: &Count) -> v1::SeriesCount {
    let run = |run: &Run| v1::SeriesRun { first_serial: run.first.text().into_string(), quantity: run.count };
    v1::SeriesCount {
        cashier_id,
        issued: count.issued,
        taken_back: count.taken_back,
        handed_over: count.handed_over,
        refused: count.refused,
        none_left: count.none_left,
        left: count.left.iter().map(|run| u64::from(run.count)).fold(0, u64::saturating_add),
        left_runs: count.left.iter().take(RUNS_TOLD_MAX).map(run).collect(),
    }
}

fn difference(one: &Difference) -> v1::SeriesDifference {
    let differs = match one.differs {
        Differs::NoSerial => v1::SeriesDiffers::NoSerial,
        Differs::NotIssued => v1::SeriesDiffers::NotIssued,
        Differs::OtherCashier => v1::SeriesDiffers::OtherCashier,
        Differs::Twice => v1::SeriesDiffers::Twice,
        Differs::SomeWereLeft => v1::SeriesDiffers::SomeWereLeft,
    };
    v1::SeriesDifference {
        differs: i32::from(differs),
        cashier_id: name(one.cashier.as_ref()),
        first_serial: one.serial.to_string(),
        quantity: one.quantity,
        receipt_id: one.receipt.to_string(),
    }
}

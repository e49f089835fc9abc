//! The ledger service: closes, tells and proves.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::Stream;
use jiff::civil::Date;
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::ledger_service_server::LedgerService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::adjust::adjust;
use super::book::closed_days;
use super::{LedgerError, Progress, verify, wire};
use crate::engine::Engine;

/// Messages on their way to a caller who does not read.
const IN_FLIGHT: usize = 64;
/// Days of one answer, where the request does not say how many, and at most.
const LISTED: (u32, u32) = (100, 1_000);
/// Threads that a request may ask for.
const THREADS_MAX: u32 = 64;

/// The ledger service over an engine.
#[derive(Clone, Debug)]
pub struct Ledger {
    engine: Engine,
}

impl Ledger {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    fn status(&self, error: &LedgerError) -> Status {
        match error {
            LedgerError::Storage(error) => self.engine.core.storage_refusal(error).into_status(),
            LedgerError::NotOver(_) => Status::failed_precondition(error.to_string()),
            LedgerError::Asked(_) => Status::not_found(error.to_string()),
            LedgerError::Commit { .. }
            | LedgerError::Unreadable { .. }
            | LedgerError::Damaged { .. }
            | LedgerError::Broken(_)
            | LedgerError::Late { .. }
            | LedgerError::Post { .. }
            | LedgerError::NoSuchDay(_) => {
                tracing::error!(%error, "the ledger");
                Status::data_loss(error.to_string())
            }
        }
    }

    /// Closes days until the one asked for, and tells each. A caller who hangs up does not stop it.
    async fn close_through(self, through: Option<Date>, told: mpsc::Sender<Result<v1::CloseLedgerDaysResponse, Status>>) {
        let now = self.engine.core.clock.now();
        loop {
            if through.is_some() && through <= self.engine.closed_through().await {
                return;
            }
            match self.engine.close_day(now).await {
                Ok(Some(day)) => {
                    let _ = told.send(Ok(v1::CloseLedgerDaysResponse { day: Some(wire::day(&day)) })).await;
                }
                Ok(None) => return,
                Err(error) => {
                    let _ = told.send(Err(self.status(&error))).await;
                    return;
                }
            }
        }
    }
}

type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl LedgerService for Ledger {
    type CloseLedgerDaysStream = Responses<v1::CloseLedgerDaysResponse>;
    type VerifyLedgerStream = Responses<v1::VerifyLedgerResponse>;

    async fn close_ledger_days(
        &self,
        request: Request<v1::CloseLedgerDaysRequest>,
    ) -> Result<Response<Self::CloseLedgerDaysStream>, Status> {
        let through = date("through", &request.into_inner().through)?;
        let today = self.engine.core.ledger_day(self.engine.core.clock.now());
        if let Some(date) = through.filter(|through| *through >= today) {
            return Err(self.status(&LedgerError::NotOver(date)));
        }
        let (told, stream) = mpsc::channel(IN_FLIGHT);
        tokio::spawn(self.clone().close_through(through, told));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn list_ledger_days(
        &self,
        request: Request<v1::ListLedgerDaysRequest>,
    ) -> Result<Response<v1::ListLedgerDaysResponse>, Status> {
        let request = request.into_inner();
        let before = date("before", &request.before)?;
        let (default, most) = LISTED;
        let limit = if request.limit == 0 { default } else { request.limit.min(most) };
        let days = closed_days(self.engine.core.storage.as_ref()).await.map_err(|error| self.status(&error))?;
        let listed = days.iter().rev().filter(|day| before.is_none_or(|before| day.date < before));
        let days = listed.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(wire::day).collect();
        Ok(Response::new(v1::ListLedgerDaysResponse { days }))
    }

    async fn get_trial_balance(
        &self,
        request: Request<v1::GetTrialBalanceRequest>,
    ) -> Result<Response<v1::GetTrialBalanceResponse>, Status> {
        let request = request.into_inner();
        let (from, through) = (date("from", &request.from)?, date("through", &request.through)?);
        let balance = self.engine.trial_balance(from, through).await.map_err(|error| self.status(&error))?;
        let rows = balance.rows.iter().map(wire::row).collect::<Option<_>>().ok_or_else(too_large)?;
        Ok(Response::new(v1::GetTrialBalanceResponse {
            from: balance.from.to_string(),
            through: balance.through.to_string(),
            rows,
            hash: balance.hash.map(|hash| hash.to_vec()).unwrap_or_default(),
        }))
    }

    async fn adjust(&self, request: Request<v1::AdjustRequest>) -> Result<Response<v1::AdjustResponse>, Status> {
        adjust(&self.engine, request.get_ref()).await.map(Response::new)
    }

    async fn verify_ledger(
        &self,
        request: Request<v1::VerifyLedgerRequest>,
    ) -> Result<Response<Self::VerifyLedgerStream>, Status> {
        let threads = match request.into_inner().threads {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            threads => usize::try_from(threads.min(THREADS_MAX)).unwrap_or(1),
        };
        let (told, stream) = mpsc::channel(IN_FLIGHT);
        let this = self.clone();
        tokio::spawn(async move {
            let tell = |progress: Progress| {
                let message =
                    v1::VerifyLedgerResponse { sequence: progress.sequence, last_sequence: progress.last, result: None };
                // Whoever does not read misses a step of the bar.
                let _ = told.try_send(Ok(message));
            };
            let storage = Arc::clone(&this.engine.core.storage);
            let done = tokio::select! {
                done = verify(storage.as_ref(), threads, tell) => done,
                () = told.closed() => return,
            };
            let last =
                done.map_err(|error| this.status(&error)).and_then(|verified| wire::verified(&verified).ok_or_else(too_large));
            let last = last.map(|result| v1::VerifyLedgerResponse { result: Some(result), ..Default::default() });
            let _ = told.send(last).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

fn too_large() -> Status {
    Status::out_of_range("a sum does not fit 64 bits")
}

fn date(field: &'static str, text: &str) -> Result<Option<Date>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Refusal::fault(field, "must be a date such as 2026-11-22").into_status())
}

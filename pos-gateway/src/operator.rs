//! What operators ask of a running gateway: how it stands, what is parked, and to try that again.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use metrics::gauge;
use tessera_contract::Refusal;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::refusal::reason_name;
use tessera_contract::till_day::TillDay;
use tessera_identity::{Caller, Grant};
use tessera_proto::gateway::v1::operator_service_server::OperatorService;
use tessera_proto::gateway::v1::{
    AnswerCount, CloseTillDaysRequest, CloseTillDaysResponse, EngineStatus, GetStatusRequest, GetStatusResponse, LinkState,
    ListParkedRequest, ListParkedResponse, PackStatus, ParkedEntry, RetryParkedRequest, RetryParkedResponse, SpoolStatus,
    TillDayResult,
};
use tonic::{Code, Request, Response, Status};

use crate::days::Book;
use crate::forward::Forwarder;
use crate::limits::{DAYS_CLOSED_MAX, PARKED_LISTED_MAX};
use crate::spool::Spool;

/// Why a gateway that was told of no key follows no pack.
const NO_PACK_KEY: &str = "gateway.pack_key is not set";

/// How the link stands, and since when.
#[derive(Debug)]
pub(crate) struct Link {
    started: Timestamp,
    state: Mutex<(LinkState, Timestamp)>,
}

impl Link {
    pub(crate) fn new(started: Timestamp) -> Self {
        Self { started, state: Mutex::new((LinkState::Online, started)) }
    }

    /// Looks at engines and spool, and tells where the link has changed.
    pub(crate) fn note(&self, forwarder: &Forwarder) -> (LinkState, Timestamp) {
        let (is, now) = (state(forwarder), forwarder.config().now());
        let mut held = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != is {
            *held = (is, now);
            tracing::warn!(link = is.as_str_name(), "the link has changed");
        }
        gauge!("tessera_gateway_link_state").set(f64::from(i32::from(is)));
        forwarder.upstream().note_metrics();
        if let Some(spool) = forwarder.spool() {
            note_spool(spool, now);
        }
        if let Some(days) = forwarder.days() {
            days.note_metrics(now);
        }
        if let Some(shelf) = forwarder.pack() {
            shelf.note(now);
        }
        *held
    }
}

fn state(forwarder: &Forwarder) -> LinkState {
    if !forwarder.upstream().is_reachable() {
        LinkState::Offline
    } else if forwarder.spool().is_some_and(|spool| !spool.is_empty()) {
        LinkState::Draining
    } else {
        LinkState::Online
    }
}

fn note_spool(spool: &Spool, now: Timestamp) {
    let state = spool.state();
    let number = |count: usize| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    gauge!("tessera_gateway_spool_waiting").set(number(state.waiting));
    gauge!("tessera_gateway_spool_parked").set(number(state.parked));
    let age = state.oldest_ms.map_or(0, |oldest| now.as_millisecond().saturating_sub(oldest) / 1_000);
    gauge!("tessera_gateway_spool_oldest_seconds").set(u32::try_from(age).map_or(0.0, f64::from));
    gauge!("tessera_gateway_spool_disk_failed").set(if state.disk_error.is_some() { 1.0 } else { 0.0 });
}

/// Answers operators.
#[derive(Debug)]
pub(crate) struct Operator {
    forwarder: Arc<Forwarder>,
    link: Arc<Link>,
}

impl Operator {
    pub(crate) fn new(forwarder: Arc<Forwarder>, link: Arc<Link>) -> Self {
        Self { forwarder, link }
    }

    /// How the gateway stands now.
    pub(crate) fn status(&self) -> GetStatusResponse {
        let (link_state, since) = self.link.note(&self.forwarder);
        let engines = self.forwarder.upstream().engines().into_iter();
        let answers = self.forwarder.tally().answers().into_iter();
        let now = self.forwarder.config().now();
        let no_pack = || PackStatus { unusable_reason: NO_PACK_KEY.to_owned(), ..PackStatus::default() };
        GetStatusResponse {
            gateway_id: self.forwarder.config().gateway_id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: Some(timestamp_to_wire(self.link.started)),
            now: Some(timestamp_to_wire(now)),
            link_state: link_state.into(),
            link_since: Some(timestamp_to_wire(since)),
            engines: engines.map(|(address, up)| EngineStatus { address, up }).collect(),
            spool: self.forwarder.spool().map(|spool| spool_status(spool)),
            answers: answers
                .map(|((call, basis), (count, last))| AnswerCount {
                    call: call.to_owned(),
                    basis: basis.to_owned(),
                    count,
                    last_at: Some(timestamp_to_wire(last)),
                })
                .collect(),
            till_days: self.forwarder.days().map(|days| days.status(now)),
            pack: Some(self.forwarder.pack().map_or_else(no_pack, |shelf| shelf.status(now))),
        }
    }
}

fn spool_status(spool: &Spool) -> SpoolStatus {
    let state = spool.state();
    let config = spool.config();
    SpoolStatus {
        folder: config.folder.display().to_string(),
        waiting_count: count(state.waiting),
        parked_count: count(state.parked),
        oldest_accepted_at: state.oldest_ms.and_then(wire_time),
        file_bytes: state.file_bytes,
        file_bytes_max: config.bytes_max,
        entry_count_max: count(config.entries_max),
        lost_record_count: state.lost,
        disk_error: state.disk_error.unwrap_or_default(),
    }
}

#[tonic::async_trait]
impl OperatorService for Operator {
    async fn get_status(&self, request: Request<GetStatusRequest>) -> Result<Response<GetStatusResponse>, Status> {
        admit(&request)?;
        Ok(Response::new(self.status()))
    }

    async fn list_parked(&self, request: Request<ListParkedRequest>) -> Result<Response<ListParkedResponse>, Status> {
        admit(&request)?;
        let limit = usize::try_from(request.get_ref().limit).unwrap_or(usize::MAX);
        let limit = if limit == 0 { PARKED_LISTED_MAX } else { limit.min(PARKED_LISTED_MAX) };
        let Some(spool) = self.forwarder.spool().cloned() else { return Ok(Response::new(ListParkedResponse::default())) };
        let listed = tokio::task::spawn_blocking(move || spool.parked(limit)).await;
        let entries = listed.map_err(|_| Refusal::ShuttingDown.into_status())?.into_iter();
        let entries = entries.map(|parked| ParkedEntry {
            entry_number: parked.number,
            call: parked.call.name().to_owned(),
            id: parked.id,
            reason: parked.reason,
            accepted_at: wire_time(parked.accepted_ms),
            parked_at: wire_time(parked.parked_ms),
        });
        Ok(Response::new(ListParkedResponse { entries: entries.collect() }))
    }

    async fn retry_parked(&self, request: Request<RetryParkedRequest>) -> Result<Response<RetryParkedResponse>, Status> {
        admit(&request)?;
        let numbers = request.into_inner().entry_numbers;
        if numbers.len() > PARKED_LISTED_MAX {
            return Err(Refusal::fault("entry_numbers", "has more than 1,000 numbers").into_status());
        }
        let retried = self.forwarder.spool().map_or(0, |spool| spool.retry(&numbers, self.forwarder.config().now()));
        Ok(Response::new(RetryParkedResponse { retried_count: count(retried) }))
    }

    async fn close_till_days(&self, request: Request<CloseTillDaysRequest>) -> Result<Response<CloseTillDaysResponse>, Status> {
        admit(&request)?;
        let Some(book) = self.forwarder.days() else { return Ok(Response::new(CloseTillDaysResponse::default())) };
        let asked = request.into_inner();
        let date = (!asked.business_date.is_empty()).then(|| asked.business_date.parse::<Date>()).transpose();
        let date = date.map_err(|_| Refusal::fault("business_date", "must be a date").into_status())?;
        let is_meant = |day: &TillDay, is_open: bool| {
            (asked.store_id.is_empty() || asked.store_id == day.store.as_str())
                && (asked.till_id.is_empty() || asked.till_id == day.till.as_str())
                && date.map_or(is_open, |date| date == day.date)
        };
        let after = (!asked.page_token.is_empty()).then(|| day_of(&asked.page_token));
        let after = after.map(|day| day.ok_or_else(|| Refusal::fault("page_token", "is none of this service").into_status()));
        let after = after.transpose()?;
        let mut meant = book.days(is_meant);
        meant.retain(|day| after.as_ref().is_none_or(|after| day > after));
        let is_last = meant.len() <= DAYS_CLOSED_MAX;
        meant.truncate(DAYS_CLOSED_MAX);
        let is_one = !asked.store_id.is_empty() && !asked.till_id.is_empty() && date.is_some();
        let mut days = Vec::with_capacity(meant.len());
        for day in &meant {
            days.push(self.close_day(book, day, is_one).await?);
        }
        let next_page_token = meant.last().filter(|_| !is_last).map(token).unwrap_or_default();
        Ok(Response::new(CloseTillDaysResponse { days, next_page_token }))
    }
}

impl Operator {
    /// What an engine says against one day is told of that day: the others are closed all the same. Where no engine
    /// answers, none of them can be.
    async fn close_day(&self, book: &Book, day: &TillDay, is_one: bool) -> Result<TillDayResult, Status> {
        let mut result = match self.forwarder.close_own(book, day).await {
            Err(status) if status.code() == Code::Unavailable => return Err(status),
            Err(status) => TillDayResult {
                store_id: day.store.to_string(),
                till_id: day.till.to_string(),
                business_date: day.date.to_string(),
                fault: fault_of(&status),
                ..TillDayResult::default()
            },
            Ok(result) => result,
        };
        if let Some(engine) = result.engine.as_mut().filter(|_| !is_one) {
            engine.differences = Vec::new();
        }
        Ok(result)
    }
}

fn fault_of(status: &Status) -> String {
    let reason = Refusal::from_status(status).map_or_else(|| status.code().to_string(), |reason| reason_name(reason).to_owned());
    format!("{reason}: {}", status.message())
}

/// Ids have no line break.
fn token(day: &TillDay) -> String {
    format!("{}\n{}\n{}", day.store, day.till, day.date)
}

fn day_of(token: &str) -> Option<TillDay> {
    let (store, rest) = token.split_once('\n')?;
    let (till, date) = rest.split_once('\n')?;
    TillDay::parse(store, till, date)
}

/// Operators work on the gateway's own machine, or show a certificate that says so.
fn admit<T>(request: &Request<T>) -> Result<(), Status> {
    let admitted = Caller::of(request.extensions()).is(|grant| matches!(grant, Grant::Operator));
    admitted.map_err(|_| Refusal::ForeignStore.into_status())
}

fn wire_time(ms: i64) -> Option<tessera_proto::Timestamp> {
    Timestamp::from_millisecond(ms).ok().map(timestamp_to_wire)
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

//! The draw service over an engine.

use std::pin::Pin;

use futures_util::stream::Stream;
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::draw_service_server::DrawService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::record::Record;
use super::{DrawRefusal, Failed, wire};
use crate::engine::Engine;
use crate::layout::DRAWS;

/// Numbers of one answer.
const NUMBERS: usize = 10_000;
/// Answers on their way to a caller who does not read.
const IN_FLIGHT: usize = 4;
/// Records read at once.
const PAGE: usize = 200;

/// The draw service.
#[derive(Clone, Debug)]
pub struct Draws {
    engine: Engine,
}

impl Draws {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// A draw that is closed.
    async fn record(&self, draw: &str) -> Result<Record, Failed> {
        Ok(self.engine.core.draw_record(draw).await?.1.ok_or(DrawRefusal::NotClosed)?)
    }

    async fn all(&self) -> Result<Vec<Record>, Failed> {
        let core = &self.engine.core;
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let heads = core.storage.heads(DRAWS, after.as_deref(), PAGE).await;
            let heads = heads.map_err(|error| core.storage_refusal(&error))?;
            let Some((last, _)) = heads.last() else { break };
            after = Some(last.clone());
            for (key, head) in &heads {
                let name = String::from_utf8_lossy(key).into_owned();
                let damaged = || core.quarantined(&name, &super::damaged(&name, "no record of a draw of this program"));
                records.push(Record::decode(&head.value).ok_or_else(damaged)?);
            }
        }
        records.sort_by(|a: &Record, b| b.closed.at.cmp(&a.closed.at).then_with(|| a.draw.cmp(&b.draw)));
        Ok(records)
    }
}

#[tonic::async_trait]
impl DrawService for Draws {
    type ListDrawTicketsStream = Pin<Box<dyn Stream<Item = Result<v1::ListDrawTicketsResponse, Status>> + Send>>;

    async fn close_draw(&self, request: Request<v1::CloseDrawRequest>) -> Result<Response<v1::CloseDrawResponse>, Status> {
        let closing = wire::closing(request.into_inner()).map_err(Refusal::into_status)?;
        let record = self.engine.core.close_draw(closing).await.map_err(wire::status)?;
        tracing::info!(draw = %record.draw, tickets = record.closed.tickets, "a draw was closed");
        Ok(Response::new(v1::CloseDrawResponse { draw: Some(wire::told(&record)) }))
    }

    async fn hold_draw(&self, request: Request<v1::HoldDrawRequest>) -> Result<Response<v1::HoldDrawResponse>, Status> {
        let (draw, value) = wire::holding(request.into_inner()).map_err(Refusal::into_status)?;
        let record = self.engine.core.hold_draw(&draw, value).await.map_err(wire::status)?;
        tracing::info!(draw = %record.draw, "a draw was held");
        Ok(Response::new(v1::HoldDrawResponse { draw: Some(wire::told(&record)) }))
    }

    async fn get_draw(&self, request: Request<v1::GetDrawRequest>) -> Result<Response<v1::GetDrawResponse>, Status> {
        let draw = wire::draw_id(&request.into_inner().draw_id).map_err(Refusal::into_status)?;
        let record = self.record(&draw).await.map_err(wire::status)?;
        Ok(Response::new(v1::GetDrawResponse { draw: Some(wire::told(&record)) }))
    }

    async fn list_draws(&self, _: Request<v1::ListDrawsRequest>) -> Result<Response<v1::ListDrawsResponse>, Status> {
        let records = self.all().await.map_err(wire::status)?;
        let short = |record: &Record| v1::Draw { winners: Vec::new(), out_tickets: Vec::new(), ..wire::told(record) };
        Ok(Response::new(v1::ListDrawsResponse { draws: records.iter().map(short).collect() }))
    }

    async fn list_draw_tickets(
        &self,
        request: Request<v1::ListDrawTicketsRequest>,
    ) -> Result<Response<Self::ListDrawTicketsStream>, Status> {
        let draw = wire::draw_id(&request.into_inner().draw_id).map_err(Refusal::into_status)?;
        let record = self.record(&draw).await.map_err(wire::status)?;
        let core = &self.engine.core;
        let tickets = core.draw_tickets(&record).await.map_err(Refusal::into_status)?;
        let list = core.aside(move || tickets.list()).await.map_err(Refusal::into_status)?;
        let (told, stream) = mpsc::channel(IN_FLIGHT);
        tokio::spawn(async move {
            let mut numbers = list.numbers();
            loop {
                let some: Vec<String> = numbers.by_ref().take(NUMBERS).map(String::from).collect();
                if some.is_empty() || told.send(Ok(v1::ListDrawTicketsResponse { numbers: some })).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

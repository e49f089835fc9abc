//! The admin service: products and programs into a running engine.

mod refusal;
mod wire;

use std::sync::Arc;

use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::admin_service_server::AdminService;
use tessera_rules::catalogue::Product;
use tonic::{Request, Response, Status, Streaming};

use crate::engine::Engine;
use crate::programs::{Approval, Authority, Draft, Programs, ProgramsError, Published, RevisionRefusal, Told};

/// Bytes of all pieces of a file of products.
const CATALOGUE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Revisions of one answer, where the request does not say how many, and at most.
const LISTED: (u32, u32) = (100, 1_000);

/// The admin service over an engine.
#[derive(Clone, Debug)]
pub struct Admin {
    engine: Engine,
}

impl Admin {
    /// The service.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    fn now(&self) -> Timestamp {
        self.engine.core.clock.now()
    }

    fn programs(&self) -> &Arc<Programs> {
        self.engine.programs()
    }

    fn refused(&self, error: &ProgramsError) -> Status {
        refusal::status(&self.engine.core, error, "sources")
    }

    /// A revision that was just changed.
    fn told(&self, number: u64) -> Result<Told, Status> {
        let unknown = || self.refused(&RevisionRefusal::UnknownRevision { revision: number }.into());
        self.programs().revision(number).ok_or_else(unknown)
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn load_catalogue(
        &self,
        request: Request<Streaming<v1::LoadCatalogueRequest>>,
    ) -> Result<Response<v1::LoadCatalogueResponse>, Status> {
        let mut pieces = request.into_inner();
        let mut file = Vec::new();
        while let Some(piece) = pieces.message().await? {
            if file.len().saturating_add(piece.json_lines.len()) > CATALOGUE_BYTES_MAX {
                return Err(Refusal::LimitExceeded { what: "bytes of a catalogue", limit: 256 * 1024 * 1024 }.into_status());
            }
            file.extend_from_slice(&piece.json_lines);
        }
        let products = products(&file)?;
        let count = u64::try_from(products.len()).unwrap_or(u64::MAX);
        let loaded = self.programs().load_catalogue(products, self.now()).await;
        let loaded = loaded.map_err(|error| refusal::status(&self.engine.core, &error, "json_lines"))?;
        let unchanged = matches!(loaded, Published::Unchanged(_));
        Ok(Response::new(v1::LoadCatalogueResponse { catalogue: loaded.number(), unchanged, products: count }))
    }

    async fn publish_programs(
        &self,
        request: Request<v1::PublishProgramsRequest>,
    ) -> Result<Response<v1::PublishProgramsResponse>, Status> {
        let request = request.into_inner();
        let authority = wire::authority(request.signature.as_ref(), request.revision)?;
        let starts = wire::starts(request.valid_from.as_ref())?;
        let draft = Draft { sources: wire::sources(request.sources)?, starts, note: request.note };
        let published = self.programs().publish_draft(&draft, authority).await.map_err(|error| self.refused(&error))?;
        let told = self.told(published.number())?;
        Ok(Response::new(v1::PublishProgramsResponse {
            revision: published.number(),
            unchanged: matches!(published, Published::Unchanged(_)),
            state: i32::from(wire::state(told.state)),
            starts_at: told.entry.starts_at().map(timestamp_to_wire),
            replaced_by: self.programs().starting_after(published.number()),
        }))
    }

    async fn approve_revision(
        &self,
        request: Request<v1::ApproveRevisionRequest>,
    ) -> Result<Response<v1::ApproveRevisionResponse>, Status> {
        let request = request.into_inner();
        let authority = wire::authority(request.signature.as_ref(), request.revision)?;
        let approved = self.programs().approve(request.revision, authority).await.map_err(|error| self.refused(&error))?;
        Ok(Response::new(v1::ApproveRevisionResponse {
            revision: Some(wire::revision(&self.told(request.revision)?)),
            unchanged: approved == Approval::Unchanged,
        }))
    }

    async fn withdraw_revision(
        &self,
        request: Request<v1::WithdrawRevisionRequest>,
    ) -> Result<Response<v1::WithdrawRevisionResponse>, Status> {
        let request = request.into_inner();
        let authority = wire::authority(request.signature.as_ref(), request.revision)?;
        let withdrawn = self.programs().withdraw(request.revision, authority).await.map_err(|error| self.refused(&error))?;
        Ok(Response::new(v1::WithdrawRevisionResponse {
            revision: Some(wire::revision(&self.told(request.revision)?)),
            unchanged: withdrawn == Approval::Unchanged,
        }))
    }

    async fn roll_back_programs(
        &self,
        request: Request<v1::RollBackProgramsRequest>,
    ) -> Result<Response<v1::RollBackProgramsResponse>, Status> {
        let request = request.into_inner();
        let authority = wire::authority(request.signature.as_ref(), request.revision)?;
        let to = Some(request.to_revision).filter(|number| *number > 0);
        if to.is_none() && authority != Authority::Nobody {
            return Err(Refusal::fault("to_revision", "is required with a signature").into_status());
        }
        let made = self.programs().roll_back(to, &request.note, authority).await.map_err(|error| self.refused(&error))?;
        Ok(Response::new(v1::RollBackProgramsResponse {
            revision: Some(wire::revision(&self.told(made.number())?)),
            unchanged: matches!(made, Published::Unchanged(_)),
            replaced_by: self.programs().starting_after(made.number()),
        }))
    }

    async fn list_revisions(
        &self,
        request: Request<v1::ListRevisionsRequest>,
    ) -> Result<Response<v1::ListRevisionsResponse>, Status> {
        let request = request.into_inner();
        let (default, most) = LISTED;
        let limit = match request.limit {
            0 => default,
            limit => limit.min(most),
        };
        let before = Some(request.before).filter(|before| *before > 0);
        let listed = self.programs().history(before, usize::try_from(limit).unwrap_or(usize::MAX));
        let standing = self.programs().standing();
        Ok(Response::new(v1::ListRevisionsResponse {
            revisions: listed.iter().map(wire::revision).collect(),
            next_revision: standing.next_number,
            newest_act_hash: standing.newest_act.as_bytes().to_vec(),
            in_force: standing.in_force,
            signatures_required: !self.programs().people().is_empty(),
            rollback_target: standing.rollback_target.unwrap_or(0),
        }))
    }

    async fn get_revision(&self, request: Request<v1::GetRevisionRequest>) -> Result<Response<v1::GetRevisionResponse>, Status> {
        let number = match request.into_inner().revision {
            0 => self.programs().standing().in_force,
            number => number,
        };
        let told = self.told(number)?;
        let sources = self.programs().sources(number).await.map_err(|error| self.refused(&error))?;
        Ok(Response::new(v1::GetRevisionResponse {
            revision: Some(wire::revision(&told)),
            sources: wire::sources_to_wire(sources),
        }))
    }
}

fn products(file: &[u8]) -> Result<Vec<Product>, Status> {
    let mut products = Vec::new();
    let mut faults = Vec::new();
    for (number, line) in (1_u64..).zip(file.split(|byte| *byte == b'\n')).filter(|(_, line)| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(product) => products.push(product),
            Err(error) => faults.push(tessera_contract::Fault {
                field: format!("json_lines[line {number}]"),
                description: error.to_string().into(),
            }),
        }
    }
    if faults.is_empty() { Ok(products) } else { Err(Refusal::Invalid(faults).into_status()) }
}

#[cfg(test)]
mod tests;

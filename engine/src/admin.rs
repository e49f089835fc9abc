//! The admin service: products and programs into a running engine.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1::admin_service_server::AdminService;
use tessera_proto::admin::v1::{LoadCatalogueRequest, LoadCatalogueResponse, PublishProgramsRequest, PublishProgramsResponse};
use tessera_rules::catalogue::Product;
use tessera_rules::revision::Source;
use tonic::{Request, Response, Status, Streaming};

use crate::engine::Engine;
use crate::programs::{ProgramsError, Published};

/// Bytes of all pieces of a file of products.
const CATALOGUE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Files of one revision.
const SOURCES_MAX: usize = 64;
/// Bytes that a message of mistakes may have: it travels in a header.
const MISTAKES_BYTES_MAX: usize = 6 * 1024;

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
}

/// A number and whether it is an old one.
fn numbered(published: Published) -> (u64, bool) {
    match published {
        Published::New(number) => (number, false),
        Published::Unchanged(number) => (number, true),
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn load_catalogue(
        &self,
        request: Request<Streaming<LoadCatalogueRequest>>,
    ) -> Result<Response<LoadCatalogueResponse>, Status> {
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
        let published = self
            .engine
            .programs()
            .load_catalogue(products, self.now())
            .await
            .map_err(|error| self.status(&error, "json_lines"))?;
        let (catalogue, unchanged) = numbered(published);
        Ok(Response::new(LoadCatalogueResponse { catalogue, unchanged, products: count }))
    }

    async fn publish_programs(
        &self,
        request: Request<PublishProgramsRequest>,
    ) -> Result<Response<PublishProgramsResponse>, Status> {
        let sources: Vec<Source> =
            request.into_inner().sources.into_iter().map(|source| Source { name: source.name, text: source.text }).collect();
        if sources.is_empty() || sources.len() > SOURCES_MAX {
            return Err(Refusal::fault("sources", "must hold 1 to 64 files").into_status());
        }
        let published =
            self.engine.programs().publish(&sources, self.now()).await.map_err(|error| self.status(&error, "sources"))?;
        let (revision, unchanged) = numbered(published);
        Ok(Response::new(PublishProgramsResponse { revision, unchanged }))
    }
}

impl Admin {
    fn status(&self, error: &ProgramsError, field: &str) -> Status {
        match error {
            ProgramsError::Mistakes(_) | ProgramsError::Products(_) => {
                Refusal::fault(field, cut(&error.to_string())).into_status()
            }
            ProgramsError::Storage(error) => self.engine.core.storage_refusal(error).into_status(),
            ProgramsError::Blob(_) | ProgramsError::Unreadable { .. } => {
                self.engine.core.internal(&error.to_string()).into_status()
            }
        }
    }
}

/// At most so much of a report as a header carries, cut at a line.
fn cut(report: &str) -> String {
    let mut kept = String::new();
    for line in report.lines() {
        if kept.len().saturating_add(line.len()) > MISTAKES_BYTES_MAX {
            kept.push_str("… and more");
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
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

//! The list service: lists of customers into a running engine. Whom rows name is personal and nowhere logged (H81).

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::{ReadContext, read_asked_customer, read_list_rows};
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::list_service_server::ListService;
use tonic::{Request, Response, Status};

use super::load::{Failed, begin, change_record, count_rows, take_rows};
use super::record::{Begun, ListRecord, ListRefusal};
use super::{all, wire};
use crate::core::Core;
use crate::engine::Engine;

/// Rows of one call.
const ROWS_OF_CALL_MAX: usize = 5_000;

/// The list service over an engine.
#[derive(Clone, Debug)]
pub struct Lists {
    engine: Engine,
}

impl Lists {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    fn core(&self) -> &Core {
        &self.engine.core
    }

    /// Calls see what has changed.
    async fn show(&self) -> Result<(), Failed> {
        let core = self.core();
        Ok(core.lists.refresh(core.storage.as_ref()).await.map_err(|error| core.storage_refusal(&error))?)
    }

    async fn begun(&self, request: &v1::BeginListLoadRequest) -> Result<v1::BeginListLoadResponse, Failed> {
        let list = wire::list_id(&request.list_id)?;
        let load = wire::beginning(request)?;
        let (version, rows_taken, unchanged) = match begin(self.core(), &list, &load).await? {
            Begun::New { number } => (number, 0, false),
            Begun::GoesOn { number, rows_taken } => (number, rows_taken, false),
            Begun::Unchanged { number, rows } => (number, rows, true),
        };
        Ok(v1::BeginListLoadResponse { version, rows_taken, unchanged })
    }

    async fn taken(&self, request: &v1::LoadListRowsRequest) -> Result<v1::LoadListRowsResponse, Failed> {
        let list = wire::list_id(&request.list_id)?;
        if request.rows.is_empty() || request.rows.len() > ROWS_OF_CALL_MAX {
            return Err(Refusal::fault("rows", "must be 1 to 5,000").into());
        }
        let rows = read_list_rows(&request.rows, &ReadContext { now: self.core().clock.now() })?;
        let (change, rows_taken) = match request.version {
            0 => (count_rows(self.core(), &list, &rows).await?, 0),
            _ if request.first_row == 0 => return Err(Refusal::fault("first_row", "must be above 0").into()),
            version => take_rows(self.core(), (&list, version), request.first_row, &rows).await?,
        };
        Ok(v1::LoadListRowsResponse { change: Some(wire::change(change)), rows_taken })
    }

    async fn finished(&self, request: &v1::FinishListLoadRequest) -> Result<v1::FinishListLoadResponse, Failed> {
        let list = wire::list_id(&request.list_id)?;
        let now = self.core().clock.now();
        let finish = |record: &mut ListRecord| record.finish(request.version, now).map(|changed| ((), changed));
        let ((), record) = change_record(self.core(), &list, finish).await?;
        self.show().await?;
        tracing::info!(list = %list, version = request.version, members = record.members(), "a list was loaded");
        Ok(v1::FinishListLoadResponse { list: Some(wire::list(&list, &record)) })
    }

    async fn undone(&self, request: &v1::UndoListLoadRequest) -> Result<v1::UndoListLoadResponse, Failed> {
        let list = wire::list_id(&request.list_id)?;
        let undo = |record: &mut ListRecord| {
            if *record == ListRecord::default() {
                return Err(ListRefusal::UnknownList);
            }
            record.undo(request.version).map(|changed| ((), changed))
        };
        let ((), record) = change_record(self.core(), &list, undo).await?;
        self.show().await?;
        tracing::info!(list = %list, version = request.version, members = record.members(), "a load of a list was taken back");
        Ok(v1::UndoListLoadResponse { list: Some(wire::list(&list, &record)) })
    }

    async fn told(&self) -> Result<v1::ListListsResponse, Failed> {
        let core = self.core();
        let records = all(core.storage.as_ref()).await.map_err(|error| core.storage_refusal(&error))?;
        let rules = core.programs.at(core.clock.now()).await.map_err(|error| core.internal(&error.to_string()))?;
        let loaded = |list: &&_| records.get(*list).is_some_and(|record: &ListRecord| !record.versions.is_empty());
        let mut missing: Vec<String> =
            rules.revision.lists().filter(|list| !loaded(list)).map(|list| list.as_str().to_owned()).collect();
        missing.sort();
        missing.dedup();
        let lists = records.iter().map(|(list, record)| wire::list(list, record));
        Ok(v1::ListListsResponse { lists: lists.collect(), missing_list_ids: missing })
    }

    async fn one(&self, request: &v1::GetListRequest) -> Result<v1::GetListResponse, Failed> {
        let core = self.core();
        let list = wire::list_id(&request.list_id)?;
        let (_, record) = core.list_record(&list).await?;
        if record == ListRecord::default() {
            return Err(ListRefusal::UnknownList.into());
        }
        let mut response = v1::GetListResponse { list: Some(wire::list(&list, &record)), listed: false, until: None };
        let now = core.clock.now();
        if let Some(customer) = &request.customer {
            let identity = read_asked_customer(customer, &ReadContext { now })?;
            if let Some(found) = core.directory.find(core, &identity).await? {
                let (_, known) = core.memberships(&found.customer).await?;
                let on = known.on(&list, &record.in_force(), now);
                (response.listed, response.until) = (on.is_some(), on.flatten().map(timestamp_to_wire));
            }
        }
        Ok(response)
    }
}

#[tonic::async_trait]
impl ListService for Lists {
    async fn begin_list_load(
        &self,
        request: Request<v1::BeginListLoadRequest>,
    ) -> Result<Response<v1::BeginListLoadResponse>, Status> {
        let request = request.into_inner();
        self.begun(&request).await.map(Response::new).map_err(wire::status)
    }

    async fn load_list_rows(
        &self,
        request: Request<v1::LoadListRowsRequest>,
    ) -> Result<Response<v1::LoadListRowsResponse>, Status> {
        let request = request.into_inner();
        self.taken(&request).await.map(Response::new).map_err(wire::status)
    }

    async fn finish_list_load(
        &self,
        request: Request<v1::FinishListLoadRequest>,
    ) -> Result<Response<v1::FinishListLoadResponse>, Status> {
        let request = request.into_inner();
        self.finished(&request).await.map(Response::new).map_err(wire::status)
    }

    async fn undo_list_load(
        &self,
        request: Request<v1::UndoListLoadRequest>,
    ) -> Result<Response<v1::UndoListLoadResponse>, Status> {
        let request = request.into_inner();
        self.undone(&request).await.map(Response::new).map_err(wire::status)
    }

    async fn list_lists(&self, _request: Request<v1::ListListsRequest>) -> Result<Response<v1::ListListsResponse>, Status> {
        self.told().await.map(Response::new).map_err(wire::status)
    }

    async fn get_list(&self, request: Request<v1::GetListRequest>) -> Result<Response<v1::GetListResponse>, Status> {
        let request = request.into_inner();
        self.one(&request).await.map(Response::new).map_err(wire::status)
    }
}

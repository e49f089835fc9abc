//! What stores do not have in stock: kept in the storage by store, and for some seconds in memory, since every quote asks.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::fault::Fault;
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::stock_service_server::StockService;
use tessera_rules::id::{Sku, StoreId};
use tessera_storage::{StorageError, Version};
use tonic::{Request, Response, Status};

use crate::core::Core;
use crate::engine::Engine;
use crate::heads::{BACK_OFF, Written};
use crate::layout;

/// Articles that one store may lack.
const GONE_MAX: usize = 20_000;
/// Stores in memory. A till may name any store, so this is bounded: beyond it all are forgotten and read again.
const STORES_MAX: usize = 10_000;
/// How long what was read is believed: another engine on the storage may have been told.
const FRESH: Duration = Duration::from_secs(5);
/// How often a write is tried that meets another one.
const ATTEMPTS_MAX: u32 = 8;
/// The version in which records are written.
const FORMAT: u8 = 1;

/// What a store lacks.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Record {
    gone: BTreeSet<CompactString>,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    changed_at: Option<Timestamp>,
}

/// What is in memory.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    stores: Mutex<HashMap<StoreId, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    read_at: Instant,
    gone: Arc<[CompactString]>,
}

impl Stock {
    fn stores(&self) -> MutexGuard<'_, HashMap<StoreId, Known>> {
        // What is in memory is whole whoever panicked beside it.
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, store: &StoreId) -> Option<Arc<[CompactString]>> {
        let stores = self.stores();
        stores.get(store).filter(|known| known.read_at.elapsed() < FRESH).map(|known| Arc::clone(&known.gone))
    }

    fn keep(&self, store: &StoreId, record: &Record) -> Arc<[CompactString]> {
        let gone: Arc<[CompactString]> = record.gone.iter().cloned().collect();
        let mut stores = self.stores();
        if stores.len() >= STORES_MAX && !stores.contains_key(store) {
            stores.clear();
        }
        stores.insert(store.clone(), Known { read_at: Instant::now(), gone: Arc::clone(&gone) });
        gone
    }
}

impl Record {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, body) = bytes.split_first()?;
        let (record, rest) = postcard::take_from_bytes(body).ok().filter(|_| *format == FORMAT)?;
        rest.is_empty().then_some(record)
    }
}

impl Core {
    /// Articles that a store does not have in stock, sorted.
    ///
    /// # Errors
    /// The storage cannot read it, or what it reads is broken.
    pub(crate) async fn out_of_stock(&self, store: &StoreId) -> Result<Arc<[CompactString]>, Refusal> {
        if let Some(gone) = self.stock.fresh(store) {
            return Ok(gone);
        }
        let (_, record) = self.stock_record(store).await?;
        Ok(self.stock.keep(store, &record))
    }

    async fn stock_record(&self, store: &StoreId) -> Result<(Version, Record), Refusal> {
        let head = self.storage.head(&layout::stock(store)).await.map_err(|error| self.storage_refusal(&error))?;
        let Some(head) = head else { return Ok((Version::NONE, Record::default())) };
        let what = "no record of a stock of this program".to_owned();
        let broken = || self.quarantined(store.as_str(), &StorageError::Damaged { place: store.to_string(), what });
        Ok((head.version, Record::decode(&head.value).ok_or_else(broken)?))
    }

    /// Changes what a store lacks; whether there was anything to change.
    async fn change_stock(
        &self,
        store: &StoreId,
        change: impl Fn(&mut BTreeSet<CompactString>),
    ) -> Result<(Record, bool), Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            let (expected, before) = self.stock_record(store).await?;
            let mut record = before.clone();
            change(&mut record.gone);
            if record.gone.len() > GONE_MAX {
                return Err(Refusal::LimitExceeded { what: "articles that a store lacks", limit: 20_000 });
            }
            if record == before {
                return Ok((record, false));
            }
            record.changed_at = Some(self.clock.now());
            let head = postcard::to_extend(&record, vec![FORMAT]).map_err(|error| self.internal(&error.to_string()))?;
            if self.write_head(layout::stock(store), expected, head).await? == Written::Done {
                self.stock.keep(store, &record);
                return Ok((record, true));
            }
        }
        Err(Refusal::TooManyWaiting { retry_after: BACK_OFF })
    }
}

/// The stock service over an engine.
#[derive(Clone, Debug)]
pub struct StockFlags {
    engine: Engine,
}

impl StockFlags {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn set(&self, request: &v1::SetStockRequest) -> Result<v1::SetStockResponse, Refusal> {
        let mut faults = Vec::new();
        let store = store(&request.store_id);
        let gone = skus("gone_skus", &request.gone_skus, &mut faults);
        let back: BTreeSet<CompactString> = skus("back_skus", &request.back_skus, &mut faults).into_iter().collect();
        if request.whole && !back.is_empty() {
            faults.push(Fault { field: "back_skus".to_owned(), description: "must be empty with `whole`".into() });
        }
        let store = match store {
            Ok(store) if faults.is_empty() => store,
            Ok(_) => return Err(Refusal::Invalid(faults)),
            Err(fault) => {
                faults.insert(0, fault);
                return Err(Refusal::Invalid(faults));
            }
        };
        let change = |known: &mut BTreeSet<CompactString>| {
            if request.whole {
                known.clear();
            }
            known.extend(gone.iter().cloned());
            known.retain(|sku| !back.contains(sku));
        };
        let (record, changed) = self.engine.core.change_stock(&store, change).await?;
        Ok(v1::SetStockResponse { gone: u32::try_from(record.gone.len()).unwrap_or(u32::MAX), unchanged: !changed })
    }

    async fn get(&self, request: &v1::GetStockRequest) -> Result<v1::GetStockResponse, Refusal> {
        let store = store(&request.store_id).map_err(|fault| Refusal::Invalid(vec![fault]))?;
        let (_, record) = self.engine.core.stock_record(&store).await?;
        Ok(v1::GetStockResponse {
            gone_skus: record.gone.iter().map(ToString::to_string).collect(),
            changed_at: record.changed_at.map(timestamp_to_wire),
        })
    }
}

#[tonic::async_trait]
impl StockService for StockFlags {
    async fn set_stock(&self, request: Request<v1::SetStockRequest>) -> Result<Response<v1::SetStockResponse>, Status> {
        let request = request.into_inner();
        self.set(&request).await.map(Response::new).map_err(Refusal::into_status)
    }

    async fn get_stock(&self, request: Request<v1::GetStockRequest>) -> Result<Response<v1::GetStockResponse>, Status> {
        let request = request.into_inner();
        self.get(&request).await.map(Response::new).map_err(Refusal::into_status)
    }
}

fn store(text: &str) -> Result<StoreId, Fault> {
    StoreId::parse(text).map_err(|error| Fault { field: "store_id".to_owned(), description: error.to_string().into() })
}

fn skus(field: &str, texts: &[String], faults: &mut Vec<Fault>) -> Vec<CompactString> {
    if texts.len() > GONE_MAX {
        faults.push(Fault { field: field.to_owned(), description: "must be at most 20,000".into() });
        return Vec::new();
    }
    let mut read = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        match Sku::parse(text) {
            Ok(_) => read.push(CompactString::from(text.as_str())),
            Err(error) => {
                faults.push(Fault { field: format!("{field}[{place}]"), description: error.to_string().into() });
            }
        }
    }
    read
}

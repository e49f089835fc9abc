//! The rule pack of this gateway: by it a quote is decided when no engine answers in time.
//!
//! INVARIANT: what decides is what an engine's key has signed, for this gateway's stores, and not too long ago.

mod disk;
mod follow;

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use metrics::gauge;
use prost::Message as _;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::pack::{OpenedPack, PackTexts, SignedPackHead, answer_from_pack};
use tessera_contract::signing::PublicKey;
use tessera_identity::Identity;
use tessera_proto::billing::v1::{BasisReason, QuoteRequest, QuoteResponse};
use tessera_proto::gateway::v1::PackStatus;
use tessera_rules::effort::Effort;
use tessera_rules::id::StoreId;
use tokio::sync::Semaphore;

use crate::config::TimeOfDay;

pub(crate) use follow::follow;

/// How far an engine's clock may be ahead of this one; beyond, this one cannot say what day it is.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Which pack a gateway follows, and where it keeps it.
#[derive(Debug, Clone)]
pub struct PackConfig {
    /// Its folder; made where it is not there.
    pub folder: PathBuf,
    /// What engines sign packs with.
    pub key: PublicKey,
    /// The stores of this gateway; none: every store.
    pub stores: Vec<StoreId>,
    /// How long after an engine's last word a pack still decides.
    pub age_max: Duration,
}

/// A pack and the last word on it.
#[derive(Debug)]
pub(crate) struct Held {
    opened: Arc<OpenedPack>,
    signed: SignedPackHead,
}

/// Why no quote is decided by a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("no engine has sent one yet")]
    None,
    #[error("no engine has spoken of it for longer than gateway.pack_hours")]
    TooOld,
    #[error("it was good until the next revision started")]
    Ended,
    #[error("this machine's clock is behind that of the engine which sent it")]
    Clock,
}

/// The pack of a gateway.
#[derive(Debug)]
pub(crate) struct Shelf {
    config: PackConfig,
    /// What signs its tokens. None: this gateway has no certificate.
    signer: Option<Identity>,
    time_of_day: TimeOfDay,
    held: Mutex<Option<Arc<Held>>>,
    /// Decisions at once: they must not take the processors from what answers tills.
    deciding: Arc<Semaphore>,
}

impl Shelf {
    pub(crate) fn new(config: PackConfig, signer: Option<Identity>, time_of_day: TimeOfDay) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { config, signer, time_of_day, held: Mutex::default(), deciding: Arc::new(Semaphore::new(cores)) }
    }

    fn held(&self) -> Option<Arc<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Held) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(held));
    }

    /// The pack, where it may decide now.
    fn usable(&self, now: Timestamp) -> Result<Arc<Held>, Unusable> {
        let held = self.held().ok_or(Unusable::None)?;
        held.is_usable(now, self.config.age_max).map(|()| held)
    }

    /// The answer to an encoded quote; none where there is no pack that may decide, or the request has faults. The caller
    /// says how long it waits.
    pub(crate) async fn answer(&self, body: Bytes) -> Option<QuoteResponse> {
        let now = self.time_of_day.now();
        let held = self.usable(now).ok()?;
        let turn = Arc::clone(&self.deciding).acquire_owned().await.ok()?;
        let signer = self.signer.clone();
        let deciding = tokio::task::spawn_blocking(move || {
            let sign = |text: &str| signer.and_then(|signer| signer.sign(text)).unwrap_or_default();
            let request = QuoteRequest::decode(body).ok()?;
            let answered = answer_from_pack(
                &request,
                (&held.opened, &held.signed),
                (now, Effort::default()),
                BasisReason::Unspecified,
                PackTexts::default(),
                sign,
            );
            drop(turn);
            answered.ok()
        });
        deciding.await.ok()?
    }

    /// How it stands.
    pub(crate) fn status(&self, now: Timestamp) -> PackStatus {
        let why = self.usable(now).err().map(|why| why.to_string()).unwrap_or_default();
        let Some(held) = self.held() else { return PackStatus { unusable_reason: why, ..PackStatus::default() } };
        let head = &held.signed.head;
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        PackStatus {
            unusable_reason: why,
            pack_hash: head.pack.0.to_vec(),
            revision: head.revision,
            catalogue: head.catalogue,
            stated_at: Some(timestamp_to_wire(head.stated_at)),
            valid_until: Some(timestamp_to_wire(head.valid_until)),
            campaign_count: count(held.opened.revision().campaigns().len()),
            product_count: count(held.opened.catalogue().len()),
        }
    }

    /// Puts it into the metrics.
    pub(crate) fn note(&self, now: Timestamp) {
        gauge!("tessera_gateway_pack_usable").set(if self.usable(now).is_ok() { 1.0 } else { 0.0 });
        let Some(held) = self.held() else { return };
        let age = now.duration_since(held.signed.head.stated_at).as_secs();
        gauge!("tessera_gateway_pack_age_seconds").set(u32::try_from(age).map_or(0.0, f64::from));
        gauge!("tessera_gateway_pack_revision")
            .set(u32::try_from(held.signed.head.revision).map_or(f64::from(u32::MAX), f64::from));
    }
}

impl Held {
    fn is_usable(&self, now: Timestamp, age_max: Duration) -> Result<(), Unusable> {
        let head = &self.signed.head;
        let age = now.duration_since(head.stated_at);
        if age < -CLOCKS_APART_MAX {
            Err(Unusable::Clock)
        } else if now >= head.valid_until {
            Err(Unusable::Ended)
        } else if age > SignedDuration::try_from(age_max).unwrap_or(SignedDuration::MAX) {
            Err(Unusable::TooOld)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;

//! Asks an engine what its revisions say of assets, once a revision, before the first outcome of it is folded.

use std::collections::BTreeSet;
use std::time::Duration;

use tessera_proto::admin::v1::GetRevisionRequest;
use tessera_proto::admin::v1::admin_service_client::AdminServiceClient;
use tessera_proto::feed::v1::FollowResponse;
use tessera_rules::revision::{Revision, Source};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::engine_at::{AddressError, EngineAt};
use crate::mirror::assets::AssetTold;
use crate::mirror::{Mirror, MirrorError, assets};

/// Bytes of an answer: the sources of a revision.
const ANSWER_BYTES_MAX: usize = 65 * 1024 * 1024;
/// How long an answer may take; then it is asked for again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries while the engine is away.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What a revision says is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// The engine refuses to tell.
    #[error("the engine does not tell what revision {revision} says: {}", status.message())]
    Refused {
        /// Which.
        revision: u64,
        /// Its answer.
        status: Box<Status>,
    },
    /// The programs are none that this version reads.
    #[error("revision {revision} is not one that this version reads: install the version of the engine")]
    Unreadable {
        /// Which.
        revision: u64,
    },
    /// The mirror does not take it.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

/// Revisions of one engine.
#[derive(Debug)]
pub struct Revisions {
    client: AdminServiceClient<Channel>,
    told: BTreeSet<u64>,
}

impl Revisions {
    /// Of this engine. It connects when it is first asked. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The endpoint is no address, or asks for a certificate that there is not.
    pub fn new(engine: impl Into<EngineAt>) -> Result<Self, AddressError> {
        let channel = engine.into().channel(|endpoint| endpoint.timeout(ANSWER_TIMEOUT))?;
        let client = AdminServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
        Ok(Self { client, told: BTreeSet::new() })
    }

    /// Lets the mirror know what the revisions of these outcomes say, where it does not know yet. Waits for an
    /// engine that is away.
    ///
    /// # Errors
    /// The engine refuses, its programs cannot be read, or the mirror cannot be written.
    pub async fn tell(&mut self, mirror: &Mirror, outcomes: &[FollowResponse]) -> Result<(), RevisionError> {
        let named = outcomes.iter().filter_map(|response| Some(response.outcome.as_ref()?.revision));
        let wanted: BTreeSet<u64> = named.filter(|revision| *revision > 0 && !self.told.contains(revision)).collect();
        for revision in wanted {
            if mirror.reader().assets(revision).await?.is_none() {
                let told = self.assets(revision).await?;
                mirror.keep_assets(revision, &told).await?;
            }
            self.told.insert(revision);
        }
        Ok(())
    }

    /// What a revision says of assets. Waits for an engine that is away.
    ///
    /// # Errors
    /// The engine refuses, or its programs cannot be read.
    pub async fn assets(&mut self, revision: u64) -> Result<Vec<AssetTold>, RevisionError> {
        Ok(assets::of_revision(&self.ask(revision).await?))
    }

    async fn ask(&mut self, revision: u64) -> Result<Revision, RevisionError> {
        let answer = loop {
            match self.client.get_revision(GetRevisionRequest { revision }).await {
                Ok(answer) => break answer.into_inner(),
                Err(status) if is_away(status.code()) => {
                    tracing::warn!(revision, error = status.message(), "the engine does not answer; asking again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                Err(status) => return Err(RevisionError::Refused { revision, status: Box::new(status) }),
            }
        };
        let sources = answer.sources.into_iter().map(|source| Source { name: source.name, text: source.text });
        let sources: Vec<Source> = sources.collect();
        let compiled = Revision::compile(revision, jiff::Timestamp::UNIX_EPOCH, &sources);
        Ok(compiled.map_err(|_| RevisionError::Unreadable { revision })?.revision)
    }
}

fn is_away(code: Code) -> bool {
    match code {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unknown
        | Code::Aborted
        | Code::ResourceExhausted => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}

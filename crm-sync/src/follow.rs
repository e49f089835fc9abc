//! Follows the feed of an engine: every outcome once, in the feed's sequence, over as many connections as it takes.
//!
//! The feed sends each outcome at least once. A commit of several outcomes is several responses, of which only
//! the last carries a cursor; when the stream breaks between them, the whole commit comes again. The follower
//! remembers what it has handed out and leaves out what comes twice.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tessera_proto::feed::v1::feed_service_client::FeedServiceClient;
use tessera_proto::feed::v1::{FollowRequest, FollowResponse};
use tonic::transport::Channel;
use tonic::{Code, Response, Status, Streaming};

pub mod batch;
mod pause;
mod seen;

use crate::engine_at::{AddressError, EngineAt};

use pause::Pauses;
use seen::Seen;

/// Largest message of the feed, bytes: an outcome of 1,000 lines with its postings.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a silent connection is asked whether it lives, and how long it may take to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(5));

/// Why an engine cannot be followed any further.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The engine cannot be called at this address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The engine cannot be reached, or the stream broke. Only of a follower that does not stay: one that stays
    /// connects again.
    #[error("the feed at {endpoint} broke off: {}", status.message())]
    Broken {
        /// Where it was followed.
        endpoint: String,
        /// The error of the wire.
        status: Box<Status>,
    },
    /// The engine refuses to be followed from this position; a repeat would be refused too.
    #[error("the feed at {endpoint} refuses to be followed: {}", status.message())]
    Refused {
        /// Where it was followed.
        endpoint: String,
        /// The error of the wire.
        status: Box<Status>,
    },
}

/// A place in the feed, behind an outcome that was worked off.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Position {
    /// Empty: the beginning.
    cursor: Bytes,
}

impl Position {
    /// Behind the response that carried this cursor.
    #[must_use]
    pub fn after(cursor: Vec<u8>) -> Self {
        Self { cursor: Bytes::from(cursor) }
    }

    /// The cursor, opaque; empty at the beginning.
    #[must_use]
    pub fn cursor(&self) -> &[u8] {
        &self.cursor
    }
}

/// Follows one engine's feed.
#[derive(Debug)]
pub struct Follower {
    endpoint: String,
    client: FeedServiceClient<Channel>,
    position: Position,
    stay: bool,
    state: State,
    seen: Seen,
    pauses: Pauses,
}

/// Where a follower stands between two outcomes; kept outside of the waiting, so that `next` may be dropped at
/// any time and called again: a call under way goes on, however short each waiting for it is.
enum State {
    Idle,
    Connecting(BoxFuture<'static, Result<Response<Streaming<FollowResponse>>, Status>>),
    Reading(Box<Streaming<FollowResponse>>),
    /// The stream broke: connect after this pause, however often the waiting for it is begun anew.
    Resting {
        until: tokio::time::Instant,
    },
    Ended,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::Connecting(_) => "Connecting",
            Self::Reading(_) => "Reading",
            Self::Resting { .. } => "Resting",
            Self::Ended => "Ended",
        })
    }
}

impl Follower {
    /// A follower from `position` on. It connects when it is first asked for an outcome. With `stay` it waits for
    /// what will be committed and connects again whenever the stream breaks; without, it ends when it has caught
    /// up. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The endpoint is no address, or asks for a certificate that there is not.
    pub fn new(engine: impl Into<EngineAt>, position: Position, stay: bool) -> Result<Self, FollowError> {
        let engine = engine.into();
        let channel = engine.channel(|endpoint| {
            endpoint
                .connect_timeout(CONNECT_TIMEOUT)
                .http2_keep_alive_interval(KEEPALIVE.0)
                .keep_alive_timeout(KEEPALIVE.1)
                .keep_alive_while_idle(true)
                .tcp_nodelay(true)
        })?;
        Ok(Self {
            endpoint: engine.endpoint().to_owned(),
            client: FeedServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX),
            position,
            stay,
            state: State::Idle,
            seen: Seen::default(),
            pauses: Pauses::default(),
        })
    }

    /// The next outcome; none where the follower has caught up and does not stay. Each outcome comes once, but for
    /// those of a commit in whose middle an earlier follower stopped: they come again as a whole. May be dropped
    /// while it waits: nothing is lost.
    ///
    /// # Errors
    /// The engine refuses this position, or (without `stay`) cannot be reached or went away.
    pub async fn next(&mut self) -> Result<Option<FollowResponse>, FollowError> {
        loop {
            match &mut self.state {
                State::Ended => return Ok(None),
                State::Resting { until } => {
                    tokio::time::sleep_until(*until).await;
                    self.state = State::Idle;
                }
                State::Idle => self.state = State::Connecting(self.call()),
                State::Connecting(call) => match call.await {
                    Ok(stream) => self.state = State::Reading(Box::new(stream.into_inner())),
                    Err(status) => self.broke(status)?,
                },
                State::Reading(stream) => match stream.message().await {
                    Ok(Some(response)) => {
                        if let Some(response) = self.take(response) {
                            return Ok(Some(response));
                        }
                    }
                    Ok(None) if self.stay => self.broke(Status::unavailable("the engine ended the stream"))?,
                    Ok(None) => self.state = State::Ended,
                    Err(status) => self.broke(status)?,
                },
            }
        }
    }

    /// Behind the last whole commit that was handed out: where a later follower begins.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    fn call(&self) -> BoxFuture<'static, Result<Response<Streaming<FollowResponse>>, Status>> {
        let request = FollowRequest { cursor: self.position.cursor.clone(), until_caught_up: !self.stay, batch_limit: 0 };
        let mut client = self.client.clone();
        async move { client.follow(request).await }.boxed()
    }

    /// Moves behind a response; none where it was handed out before.
    fn take(&mut self, response: FollowResponse) -> Option<FollowResponse> {
        self.pauses.worked();
        let outcome_id = response.outcome.as_ref().map_or("", |outcome| outcome.outcome_id.as_str());
        let first = self.seen.first(response.sequence, outcome_id);
        if !response.cursor.is_empty() {
            self.position = Position { cursor: response.cursor.clone() };
        }
        first.then_some(response)
    }

    /// Decides what a broken stream means: rest and connect again, or an end.
    fn broke(&mut self, status: Status) -> Result<(), FollowError> {
        self.state = State::Idle;
        let endpoint = self.endpoint.clone();
        if is_final(status.code()) {
            return Err(FollowError::Refused { endpoint, status: Box::new(status) });
        }
        if !self.stay {
            return Err(FollowError::Broken { endpoint, status: Box::new(status) });
        }
        let pause = self.pauses.next();
        tracing::warn!(endpoint, error = status.message(), ?pause, "the feed broke off; connecting again");
        self.state = State::Resting { until: tokio::time::Instant::now() + pause };
        Ok(())
    }
}

/// Whether a repeat of the same request would end the same.
fn is_final(code: Code) -> bool {
    match code {
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss => true,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable => false,
    }
}

#[cfg(test)]
mod tests;

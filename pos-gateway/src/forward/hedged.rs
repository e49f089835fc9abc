//! Reads are hedged: where an engine is slow to answer, another one is asked too, and the first answer is taken. Nothing is held
//! or written by a read, so nobody has to take back what the slower one did; quotes may hold something and are never hedged.

use std::pin::pin;

use bytes::Bytes;
use futures_util::future::{Either, select};
use tokio::time::{Instant, timeout};
use tonic::Response;
use tower::retry::budget::Budget as _;

use super::{Forwarder, Sent, count};
use crate::in_flight::Class;
use crate::limits::{ATTEMPT_MIN, HEDGE_AFTER};
use crate::observe;
use crate::upstream::{EngineIndex, Failed};

impl Forwarder {
    /// The first answer of two engines. The second is asked only where the share of repeats has room for it, so that engines
    /// which are slow because there is too much to do get no more of it.
    pub(super) async fn hedged(&self, sent: Sent<'_>, until: Instant) -> Result<Response<Bytes>, Failed> {
        self.repeats.deposit();
        let key = self.key(sent.call, sent.body);
        let first = self.upstream.choose(key, None);
        let mut asked = pin!(self.attempt(sent, first, until));
        if let Ok(ended) = timeout(HEDGE_AFTER, &mut asked).await {
            return ended;
        }
        if sent.clock.left() < ATTEMPT_MIN || !self.repeats.withdraw() {
            return asked.await;
        }
        observe::hedged(sent.call);
        let also = pin!(self.attempt(sent, self.upstream.choose(key, Some(first)), until));
        match select(asked, also).await {
            Either::Left((Ok(response), _)) | Either::Right((Ok(response), _)) => Ok(response),
            // Of one that failed nothing is known but that: the other may still answer.
            Either::Left((Err(_), other)) => other.await,
            Either::Right((Err(_), other)) => other.await,
        }
    }

    async fn attempt(&self, sent: Sent<'_>, engine: EngineIndex, until: Instant) -> Result<Response<Bytes>, Failed> {
        let Sent { call, body, metadata, .. } = sent;
        let ended = self.upstream.send(engine, call, (body.clone(), Class::of(call)), metadata.clone(), until).await;
        ended.inspect_err(|failed| count(call, failed))
    }
}

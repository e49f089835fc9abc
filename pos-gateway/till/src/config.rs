//! What a till library is told once, and what it may be told with each call.

use std::time::Duration;

use jiff::Timestamp;
use tessera_contract::unchanged::{REWARD_FOLLOWS_TEXT, UNCHANGED_TEXT};
use tessera_identity::{Callee, Identity};
use tonic::transport::{Channel, Endpoint};

use crate::journal::Journal;
use crate::limits::{BUDGET_DEFAULT, RESERVE_MAX};
use crate::refusal::TillError;

/// What a till library is told once.
#[derive(Debug, Clone)]
pub struct TillConfig {
    /// Where the gateway (or engine) listens, as in `http://127.0.0.1:7302`.
    pub endpoint: String,
    /// What is shown to an endpoint that is `https`. None: it is not.
    pub identity: Option<Identity>,
    /// The shop; stands in log lines and names the days that are closed.
    pub store_id: String,
    /// The till; stands in log lines and names the days that are closed.
    pub till_id: String,
    /// How long a call may take.
    pub budget: Duration,
    /// Where advices wait for their outcome.
    pub journal: Journal,
    /// What the screen says when nobody answered and the customer is named.
    pub reward_follows_text: String,
    /// What the screen says when nobody answered and nobody is named.
    pub unchanged_text: String,
}

impl TillConfig {
    /// A till with the contract's budget and English texts.
    pub fn new(endpoint: impl Into<String>, store_id: impl Into<String>, till_id: impl Into<String>, journal: Journal) -> Self {
        Self {
            endpoint: endpoint.into(),
            identity: None,
            store_id: store_id.into(),
            till_id: till_id.into(),
            budget: BUDGET_DEFAULT,
            journal,
            reward_follows_text: REWARD_FOLLOWS_TEXT.to_owned(),
            unchanged_text: UNCHANGED_TEXT.to_owned(),
        }
    }
}

/// What may be said with one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// How long this call may take. None: the till's budget.
    pub budget: Option<Duration>,
    /// The time under which a replay carries the call out; any storage but a replay's refuses it.
    pub replay_time: Option<Timestamp>,
}

impl CallOptions {
    /// A call of a replay at its receipt's own time, with a budget of its own.
    pub fn replay(time: Timestamp, budget: Duration) -> Self {
        Self { budget: Some(budget), replay_time: Some(time) }
    }
}

/// The till's own part of a budget, at its end.
pub(crate) fn reserve(budget: Duration) -> Duration {
    RESERVE_MAX.min(budget / 20)
}

/// A channel that connects when it is first used, notices a dead peer within 2.5 s (H52) and never
/// waits for more bytes before it sends.
pub(crate) fn channel(endpoint: &str, identity: Option<&Identity>) -> Result<Channel, TillError> {
    let parsed = Endpoint::from_shared(endpoint.to_owned())
        .map_err(|source| TillError::Endpoint { endpoint: endpoint.to_owned(), source })?
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_millis(500))
        .http2_keep_alive_interval(Duration::from_secs(1))
        .keep_alive_timeout(Duration::from_millis(1_500))
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(8 * 1024);
    Ok(tessera_identity::channel(&parsed, identity, Callee::EngineOrGateway)?)
}

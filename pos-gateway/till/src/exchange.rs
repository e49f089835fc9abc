//! One call within its budget: sent once, and once more where the link broke or the server asks for a
//! repeat, with the same content, after a pause that differs from till to till (H49).

use std::fmt;
use std::time::Duration;

use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::Code;
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::config::{CallOptions, reserve};
use crate::limits::{ATTEMPT_MIN, RETRY_JITTER_MS_MAX, RETRY_PAUSE_MS_MIN, RETRY_SHARE, RETRY_WINDOW};
use crate::refusal::{Meaning, Refusal};
use crate::route::Route;

/// Sends calls of one till.
pub(crate) struct Exchange {
    route: Route,
    budget: Duration,
    retries: TpsBudget,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("budget", &self.budget).finish_non_exhaustive()
    }
}

impl Exchange {
    pub(crate) fn new(route: Route, budget: Duration) -> Self {
        Self { route, budget, retries: TpsBudget::new(RETRY_WINDOW, 1, RETRY_SHARE) }
    }

    /// How long a call may take.
    pub(crate) fn budget(&self, options: CallOptions) -> Duration {
        options.budget.unwrap_or(self.budget)
    }

    /// The server's answer within the budget, or why there is none.
    pub(crate) async fn call(&self, call: &Call, options: CallOptions) -> Result<Reply, Refusal> {
        let budget = self.budget(options);
        let ends_at = Instant::now() + budget.saturating_sub(reserve(budget));
        timeout_at(ends_at, self.attempts(call, ends_at, options)).await.unwrap_or_else(|_| Err(Refusal::overdue()))
    }

    async fn attempts(&self, call: &Call, ends_at: Instant, options: CallOptions) -> Result<Reply, Refusal> {
        self.retries.deposit();
        let first = self.attempt(call, ends_at, options).await;
        let Err(refusal) = first else {
            return first;
        };
        let again = matches!(refusal.meaning(), Meaning::LinkBroken | Meaning::Again);
        let pause = refusal.retry_after.unwrap_or_default().max(jitter());
        let left = ends_at.saturating_duration_since(Instant::now());
        if !again || left < pause + ATTEMPT_MIN || !self.retries.withdraw() {
            return Err(refusal);
        }
        sleep(pause).await;
        self.attempt(call, ends_at, options).await
    }

    async fn attempt(&self, call: &Call, ends_at: Instant, options: CallOptions) -> Result<Reply, Refusal> {
        let left = ends_at.saturating_duration_since(Instant::now());
        self.route.send(call.clone(), left, options.replay_time).await
    }
}

/// A pause by chance; without a source of chance the shortest.
fn jitter() -> Duration {
    let chance = getrandom::u32().map_or(0, u64::from);
    Duration::from_millis(RETRY_PAUSE_MS_MIN + chance % (RETRY_JITTER_MS_MAX + 1))
}

/// The server answered another call than was asked: its fault, and no answer.
pub(crate) fn wrong_reply() -> Refusal {
    Refusal::link(Code::Internal, "the server answered another call")
}

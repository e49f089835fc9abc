//! What a reward waits for beside answers.

use serde::{Deserialize, Serialize};

use super::Reward;
use crate::id::EventId;

impl Reward {
    /// Whether it is given later, if ever.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waits_for.is_empty() || self.awaits.is_some() || self.held.is_some()
    }
}

/// What a reward may wait for beside answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Awaited {
    /// A receipt of the account on a later trading day.
    NextVisit,
    /// An event of the account: [`EventId::enrolment`], or one that a program names and people report.
    Event(EventId),
}

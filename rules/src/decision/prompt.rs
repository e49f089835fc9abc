//! Why the customer is asked.

use serde::{Deserialize, Serialize};

/// Why a fact is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PromptReason {
    /// It was never told.
    Missing,
    /// It was told too long ago.
    Expired,
    /// It was told but never checked.
    Unconfirmed,
    /// A code was sent to what was told: that is asked for.
    CodeSent,
}

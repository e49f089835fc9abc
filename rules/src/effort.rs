//! How much the evaluation may search: counted in steps, never in time, so that it repeats anywhere.

use serde::{Deserialize, Serialize};

/// The most steps that one evaluation may take; the steps used stand in the decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Effort {
    /// One step is one campaign tried on one line or class of equal units.
    pub steps_max: u64,
}

impl Default for Effort {
    /// Enough for the largest receipt with a hundred campaigns on each of its lines.
    fn default() -> Self {
        Self { steps_max: 200_000 }
    }
}

//! How much the evaluation may search: counted in steps, never in time, so that it repeats anywhere.

use serde::{Deserialize, Serialize};

/// The most steps that one evaluation may take; the steps used stand in the decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Effort {
    /// One step is one campaign tried on one line or class of equal units.
    pub steps_max: u64,
    /// Whether what there are no steps for behind the lines is left out, from the end. Where it is not, the steps bound
    /// the search for the best deal alone.
    pub leaves_out: bool,
}

impl Effort {
    /// What an answer that is waited for gets: what does not fit into so many steps is left out.
    #[must_use]
    pub const fn within(steps_max: u64) -> Self {
        Self { steps_max, leaves_out: true }
    }

    /// The same search with nothing left out, as for a sale that has been paid: its customer loses no reward because there
    /// are many.
    #[must_use]
    pub const fn whole(self) -> Self {
        Self { leaves_out: false, ..self }
    }
}

impl Default for Effort {
    /// Enough for the largest receipt with a hundred campaigns on each of its lines.
    fn default() -> Self {
        Self::within(200_000)
    }
}

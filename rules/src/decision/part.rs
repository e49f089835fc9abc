//! The parts of an answer, as far as they can be left out.

use serde::{Deserialize, Serialize};

/// A part of the answer. Work is done in this order; what there are no steps for is left out from the end. Lines come
/// first and are never left out: where steps run out there, the best deal that was found is not proven.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerPart {
    /// Assets that are used up, and the most that may be.
    Redemption,
    /// What the customer gets beside changed lines.
    Rewards,
    /// Questions to the customer, and choices.
    Prompts,
    /// Things that the cashier must do.
    Instructions,
    /// Goods to offer, and what little is missing to a reward.
    Offers,
}

impl AnswerPart {
    /// All of them, in the order of the work.
    pub const ALL: [Self; 5] = [Self::Redemption, Self::Rewards, Self::Prompts, Self::Instructions, Self::Offers];
}

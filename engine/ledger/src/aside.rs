//! What an account forgets and a return of the goods must know: it is kept beside the sale that earned it, see
//! [`crate::return_goods::ReturnedSoFar`].

use serde::{Deserialize, Serialize};
use tessera_rules::id::RewardId;

use crate::lot::{Lot, LotId};
use crate::outcome::Right;
use crate::right::WaitingReward;

/// What a change of an account made it forget.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Aside {
    /// Lots whose lapse was posted, as they were.
    pub lapsed: Vec<Lot>,
    /// Rewards that had waited and were given.
    pub given: Vec<WaitingReward>,
}

/// What a reward of a sale was given as, when what it waited for had come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GivenLater {
    /// The sale's reward.
    pub reward: RewardId,
    /// What it was given as.
    pub right: Right,
    /// The lot that it was given as; none: it is no asset.
    pub lot: Option<LotId>,
}

impl Aside {
    /// What another change made it forget besides.
    pub fn append(&mut self, mut other: Self) {
        self.lapsed.append(&mut other.lapsed);
        self.given.append(&mut other.given);
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lapsed.is_empty() && self.given.is_empty()
    }
}

impl GivenLater {
    /// None: it waits still, and with it goes what would have been given.
    #[must_use]
    pub fn of(waiting: WaitingReward) -> Option<Self> {
        Some(Self { reward: waiting.reward, right: waiting.given?, lot: waiting.lot })
    }
}

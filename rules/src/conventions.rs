//! The conventions of a program: where trades and countries do the same thing differently.
//!
//! Each has a default; a program says otherwise under `conventions:`. Two programs of one revision may differ, but
//! not in those that order campaigns of all programs among each other ([`Conventions::order`]).

use crate::money::Rounding;

/// Where the minor units go that a split in proportion leaves over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Leftover {
    /// One each to the largest remainders, the earlier line first among equals.
    #[default]
    LargestRemainder,
    /// One each to the first lines.
    FirstLines,
    /// One each to the last lines.
    LastLines,
}

/// What a percentage is rounded over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum RoundedPer {
    /// Once for what a campaign takes off one line.
    #[default]
    Adjustment,
    /// Once for each unit.
    Unit,
    /// Once for each line.
    Line,
    /// Once for all that a campaign takes off the receipt.
    Receipt,
}

/// What a percentage is taken of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum PercentOf {
    /// What earlier offers left.
    #[default]
    Remainder,
    /// The price as rung up, at most what is left.
    Original,
}

/// In which order campaigns act.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Order {
    /// Line offers before basket offers, each by priority.
    #[default]
    LineBeforeBasket,
    /// By priority alone; line offers first within one.
    ByPriority,
}

/// What thresholds look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Thresholds {
    /// Amounts after line offers.
    #[default]
    AfterLineOffers,
    /// Amounts as rung up.
    AsRungUp,
}

/// Whether an offer uses units up for its stacking group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum UnitsAre {
    /// Another offer of the group cannot use them.
    #[default]
    UsedUp,
    /// Every offer may use them.
    Shared,
}

/// Where free units come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum FreeUnits {
    /// Out of what was rung up.
    #[default]
    FromBasket,
    /// They are added: paid units stay paid.
    Added,
}

/// Which units a limited offer takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum LimitedUnits {
    /// Those of which the customer has most.
    #[default]
    Dearest,
    /// Those that cost the shop least.
    Cheapest,
}

/// What happens where a minimum price leaves part of a discount without a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Unplaced {
    /// The other lines bear it.
    #[default]
    Redistributed,
    /// It lapses.
    Dropped,
}

/// What a return of part of a receipt takes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReturnedRewards {
    /// The share that the returned goods earned, rounded cumulatively.
    #[default]
    InProportion,
    /// The same for each unit of the receipt.
    EqualShares,
    /// What the goods kept would not have earned by themselves; and refunded is what was paid less what they would have
    /// cost.
    RepricedKept,
}

/// What becomes of assets that paid for returned goods.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReturnedPayment {
    /// They come back in proportion.
    #[default]
    InProportion,
    /// They come back only when everything is returned.
    WholeReturnOnly,
    /// They do not come back.
    Never,
}

/// The conventions of one program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Conventions {
    pub(crate) leftover: Leftover,
    pub(crate) rounding: Rounding,
    pub(crate) rounded_per: RoundedPer,
    pub(crate) percent_of: PercentOf,
    pub(crate) order: Order,
    pub(crate) thresholds: Thresholds,
    pub(crate) units: UnitsAre,
    pub(crate) free_units: FreeUnits,
    pub(crate) limited_units: LimitedUnits,
    /// Whether what an asset paid for earns all the same; by default it does not.
    pub(crate) redeemed_earns: bool,
    pub(crate) unplaced: Unplaced,
    /// What a return of part of a receipt takes back.
    pub returned_rewards: ReturnedRewards,
    /// What becomes of assets that paid for returned goods.
    pub returned_payment: ReturnedPayment,
}

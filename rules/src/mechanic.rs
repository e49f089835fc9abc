//! What a campaign gives: exactly one mechanic each.

use crate::id::{AssetId, Sku};
use crate::money::{Amount, Quantity, Units};
use crate::ratio::Ratio;
use crate::selector::Selector;

/// Whether prices change line by line or the basket as a whole; lines come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    Line,
    Basket,
}

/// What an amount is taken off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Per {
    Unit,
    Line,
    Basket,
}

/// Which units of a set cost nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Free {
    Cheapest,
    Dearest,
}

/// What a threshold gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Give {
    Percent(Ratio),
    Amount(Amount),
    Points { asset: AssetId, units: Units },
    Gift { sku: Sku, quantity: Quantity },
}

/// What a campaign does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Mechanic {
    /// A share of the amount.
    PercentOff { percent: Ratio, level: Level },
    /// A fixed amount.
    AmountOff { amount: Amount, per: Per },
    /// Take so many, pay for fewer.
    NForM { take: i64, pay: i64, free: Free },
    /// For every so many units of a line, more units at zero.
    ExtraUnits { every: i64, add: i64 },
    /// Something from an amount on.
    Spend { at_least: Amount, give: Give, repeating: bool },
    /// Units of an asset per money.
    Points { per: Amount, units: Units, asset: AssetId },
    /// Something for every so many units over receipts.
    Count { every: i64, give: Give },
    /// Products suggested for products bought.
    Offer { suggest: Selector, limit: usize },
}

/// At which point of the evaluation a mechanic acts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Act {
    Lines,
    Basket,
    Rewards,
    Offers,
}

impl Mechanic {
    pub(crate) fn act(&self) -> Act {
        match self {
            Self::PercentOff { level: Level::Line, .. }
            | Self::AmountOff { per: Per::Unit | Per::Line, .. }
            | Self::NForM { .. }
            | Self::ExtraUnits { .. } => Act::Lines,
            Self::PercentOff { level: Level::Basket, .. }
            | Self::AmountOff { per: Per::Basket, .. }
            | Self::Spend { give: Give::Percent(_) | Give::Amount(_), .. } => Act::Basket,
            Self::Spend { give: Give::Points { .. } | Give::Gift { .. }, .. } | Self::Points { .. } | Self::Count { .. } => {
                Act::Rewards
            }
            Self::Offer { .. } => Act::Offers,
        }
    }

    /// Whether nobody can have it who is not known: it needs an account.
    pub(crate) fn needs_customer(&self) -> bool {
        match self {
            Self::Points { .. } | Self::Count { .. } | Self::Spend { give: Give::Points { .. }, .. } => true,
            Self::Spend { give: Give::Percent(_) | Give::Amount(_) | Give::Gift { .. }, .. }
            | Self::PercentOff { .. }
            | Self::AmountOff { .. }
            | Self::NForM { .. }
            | Self::ExtraUnits { .. }
            | Self::Offer { .. } => false,
        }
    }

    /// Whether it changes the lines of a receipt, so that it comes too late for one that is paid.
    pub(crate) fn changes_lines(&self) -> bool {
        match self {
            Self::Spend { give, .. } | Self::Count { give, .. } => !matches!(give, Give::Points { .. }),
            Self::PercentOff { .. } | Self::AmountOff { .. } | Self::NForM { .. } | Self::ExtraUnits { .. } => true,
            Self::Points { .. } | Self::Offer { .. } => false,
        }
    }
}

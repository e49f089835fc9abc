//! What a campaign does.
//!
//! Line offers are of four shapes: something off each unit or line, a ladder over all units, a set of units that
//! belong together, and units added. The best deal is sought among them; basket offers, rewards and offers follow.

use compact_str::CompactString;

use crate::condition::FreeCondition;
use crate::conventions::FreeUnits;
use crate::counting::Counting;
use crate::id::{AssetId, CampaignId, SeriesId, Sku, TierId};
use crate::money::{Amount, Quantity, UnitPrice, Units};
use crate::ratio::Ratio;
use crate::selector::Selector;

/// What is taken off, or what goods cost instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Off {
    Percent(Ratio),
    /// Off each unit, each line, or the basket: what `Per` says.
    Amount(Amount),
    /// One unit costs this; what costs less already stays as it is.
    Price(UnitPrice),
}

/// What something is taken off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Per {
    Unit,
    Line,
    Basket,
}

/// Which units of a set are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Cheapest,
    Dearest,
}

/// Units that a set needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Group {
    /// Of these products; none: of all of the campaign's.
    pub(crate) on: Option<Selector>,
    /// In CEL, about each line of these.
    pub(crate) lines_where: Option<Box<FreeCondition>>,
    /// So many, at least 1.
    pub(crate) units: i64,
}

/// What a complete set gains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gain {
    /// So many units of the group at this place are cheaper, each by the same.
    Units { group: usize, units: i64, which: Which, off: Off },
    /// The whole set is cheaper by a share.
    Percent(Ratio),
    /// The whole set is cheaper by an amount.
    Amount(Amount),
    /// The whole set costs this; one that costs less already is none.
    Price(Amount),
}

/// What the steps of a ladder are counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Measured {
    /// Units; measured goods by their measure.
    Quantity,
    /// Money as rung up, or as left by earlier offers where the program says so.
    Amount,
}

/// A step of a ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    /// From so much on: thousandths of a unit, or minor units of money.
    pub(crate) from: i64,
    pub(crate) off: Off,
}

/// What points are given for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EarnPer {
    Money(Amount),
    /// Units; measured goods count as one.
    Units(i64),
    /// A measure such as litres; counted goods by their pieces.
    Measure(Quantity),
    /// The receipt.
    Visit,
}

/// What a threshold, a counter or a coupon gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Give {
    Percent(Ratio),
    Amount(Amount),
    Points {
        asset: AssetId,
        units: Units,
    },
    Gift {
        sku: Sku,
        quantity: Quantity,
    },
    /// The customer takes one of these.
    Choice {
        skus: Vec<Sku>,
        quantity: Quantity,
    },
    Prize {
        prize: CompactString,
        count: u32,
        /// Each has a serial number of this series; none: they have none.
        series: Option<SeriesId>,
    },
    /// A personal coupon that opens another campaign.
    Coupon {
        campaign: CampaignId,
        /// It lasts so many days; none: for ever.
        days: Option<u32>,
    },
    Status {
        tier: TierId,
        /// It lasts so many days; none: until something else is given.
        days: Option<u32>,
        /// Who has it already keeps it so many days longer.
        extends: bool,
    },
    Tickets {
        draw: CompactString,
        count: u32,
    },
}

/// What a campaign does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Mechanic {
    /// Something off each unit, each line or the basket, or another price for each unit.
    Off { off: Off, per: Per },
    /// A price of its own for each of some products, sorted by product.
    PriceList { prices: Vec<(Sku, UnitPrice)> },
    /// The more, the cheaper. Ascending steps; marginal: each step only for what lies above it.
    Ladder { measured: Measured, marginal: bool, steps: Vec<Step> },
    /// Units that belong together.
    Set { groups: Vec<Group>, gain: Gain },
    /// For every so many units of a line, more units at zero.
    ExtraUnits { every: i64, add: i64 },
    /// Something from an amount on.
    Spend { at_least: Amount, give: Give, repeating: bool },
    /// Units of an asset.
    Points { per: EarnPer, units: Units, asset: AssetId },
    /// What other campaigns give of an asset on the campaign's goods, times this.
    Multiply { asset: AssetId, by: Ratio },
    /// Counts over receipts, and gives something for every so many.
    Count(Counting),
    /// Something for coming with the right goods, code or moment.
    Grant { give: Give },
    /// Products suggested for products bought; in CEL, what each of them must meet.
    Offer { suggest: Selector, suggest_where: Option<Box<FreeCondition>>, limit: usize },
}

/// At which point of the evaluation a mechanic acts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Act {
    Lines,
    Basket,
    Rewards,
    Offers,
}

impl Gain {
    /// The free units that are added instead of taken out of the basket: of which group, how many, and which.
    pub(crate) fn added(self, groups: &[Group], free_units: FreeUnits) -> Option<(usize, i64, Which)> {
        match self {
            Self::Units { group, units, which, off: Off::Percent(Ratio::ONE) }
                if free_units == FreeUnits::Added && groups.get(group).is_some_and(|group| group.units > units) =>
            {
                Some((group, units, which))
            }
            Self::Units { .. } | Self::Percent(_) | Self::Amount(_) | Self::Price(_) => None,
        }
    }
}

impl Give {
    /// Whether it lowers prices, so that it acts on the basket.
    fn lowers_prices(&self) -> bool {
        match self {
            Self::Percent(_) | Self::Amount(_) => true,
            Self::Points { .. }
            | Self::Gift { .. }
            | Self::Choice { .. }
            | Self::Prize { .. }
            | Self::Coupon { .. }
            | Self::Status { .. }
            | Self::Tickets { .. } => false,
        }
    }

    /// Whether it needs an account to be kept in.
    fn needs_customer(&self) -> bool {
        match self {
            Self::Points { .. } | Self::Coupon { .. } | Self::Status { .. } | Self::Tickets { .. } | Self::Prize { .. } => true,
            Self::Percent(_) | Self::Amount(_) | Self::Gift { .. } | Self::Choice { .. } => false,
        }
    }

    /// The articles that it adds.
    fn gifts(&self) -> &[Sku] {
        match self {
            Self::Gift { sku, .. } => std::slice::from_ref(sku),
            Self::Choice { skus, .. } => skus,
            Self::Percent(_)
            | Self::Amount(_)
            | Self::Points { .. }
            | Self::Prize { .. }
            | Self::Coupon { .. }
            | Self::Status { .. }
            | Self::Tickets { .. } => &[],
        }
    }

    /// Whether it changes the lines of the receipt.
    fn changes_lines(&self) -> bool {
        match self {
            Self::Percent(_) | Self::Amount(_) | Self::Gift { .. } | Self::Choice { .. } => true,
            Self::Points { .. } | Self::Prize { .. } | Self::Coupon { .. } | Self::Status { .. } | Self::Tickets { .. } => false,
        }
    }
}

impl Mechanic {
    /// The groups of a set; empty: it is no set.
    pub(crate) fn groups(&self) -> &[Group] {
        match self {
            Self::Set { groups, .. } => groups,
            Self::Off { .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::ExtraUnits { .. }
            | Self::Spend { .. }
            | Self::Points { .. }
            | Self::Multiply { .. }
            | Self::Count { .. }
            | Self::Grant { .. }
            | Self::Offer { .. } => &[],
        }
    }

    /// The condition that a product must meet to be offered.
    pub(crate) fn suggest_where(&self) -> Option<&FreeCondition> {
        match self {
            Self::Offer { suggest_where, .. } => suggest_where.as_deref(),
            Self::Off { .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::Set { .. }
            | Self::ExtraUnits { .. }
            | Self::Spend { .. }
            | Self::Points { .. }
            | Self::Multiply { .. }
            | Self::Count { .. }
            | Self::Grant { .. } => None,
        }
    }

    pub(crate) fn act(&self) -> Act {
        match self {
            Self::Off { per: Per::Unit | Per::Line, .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::Set { .. }
            | Self::ExtraUnits { .. } => Act::Lines,
            Self::Off { per: Per::Basket, .. } => Act::Basket,
            Self::Spend { give, .. } | Self::Grant { give } if give.lowers_prices() => Act::Basket,
            Self::Spend { .. } | Self::Grant { .. } | Self::Points { .. } | Self::Multiply { .. } | Self::Count { .. } => {
                Act::Rewards
            }
            Self::Offer { .. } => Act::Offers,
        }
    }

    /// Whether it makes goods cheaper; units that are added at zero leave the price of all others as it is.
    pub(crate) fn takes_money_off(&self, free_units: FreeUnits) -> bool {
        let adds = match self {
            Self::ExtraUnits { .. } => true,
            Self::Set { groups, gain } => gain.added(groups, free_units).is_some(),
            Self::Off { .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::Spend { .. }
            | Self::Points { .. }
            | Self::Multiply { .. }
            | Self::Count { .. }
            | Self::Grant { .. }
            | Self::Offer { .. } => false,
        };
        self.act() <= Act::Basket && !adds
    }

    /// The articles that it adds to a receipt as gifts, all of them or the one that is chosen.
    pub(crate) fn gifts(&self) -> &[Sku] {
        match self {
            Self::Spend { give, .. } | Self::Grant { give } | Self::Count(Counting { give: Some((_, give)), .. }) => give.gifts(),
            Self::Off { .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::Set { .. }
            | Self::ExtraUnits { .. }
            | Self::Points { .. }
            | Self::Multiply { .. }
            | Self::Count { .. }
            | Self::Offer { .. } => &[],
        }
    }

    /// The series that what it gives is handed out from; none: it gives nothing with serial numbers.
    pub(crate) fn series(&self) -> Option<&SeriesId> {
        let give = match self {
            Self::Spend { give, .. } | Self::Grant { give } | Self::Count(Counting { give: Some((_, give)), .. }) => give,
            Self::Off { .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::Set { .. }
            | Self::ExtraUnits { .. }
            | Self::Points { .. }
            | Self::Multiply { .. }
            | Self::Count { .. }
            | Self::Offer { .. } => return None,
        };
        if let Give::Prize { series, .. } = give { series.as_ref() } else { None }
    }

    /// The asset of which it gives units.
    pub(crate) fn gives(&self) -> Option<&AssetId> {
        match self {
            Self::Points { asset, .. }
            | Self::Spend { give: Give::Points { asset, .. }, .. }
            | Self::Count(Counting { give: Some((_, Give::Points { asset, .. })), .. })
            | Self::Grant { give: Give::Points { asset, .. } } => Some(asset),
            Self::Off { .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::Set { .. }
            | Self::ExtraUnits { .. }
            | Self::Spend { .. }
            | Self::Multiply { .. }
            | Self::Count { .. }
            | Self::Grant { .. }
            | Self::Offer { .. } => None,
        }
    }

    /// Whether nobody can have it who is not known: it needs an account.
    pub(crate) fn needs_customer(&self) -> bool {
        match self {
            Self::Points { .. } | Self::Multiply { .. } | Self::Count { .. } => true,
            Self::Spend { give, .. } | Self::Grant { give } => give.needs_customer(),
            Self::Off { .. }
            | Self::PriceList { .. }
            | Self::Ladder { .. }
            | Self::Set { .. }
            | Self::ExtraUnits { .. }
            | Self::Offer { .. } => false,
        }
    }

    /// Whether it changes the lines of a receipt, so that it comes too late for one that is paid.
    pub(crate) fn changes_lines(&self) -> bool {
        match self {
            Self::Spend { give, .. } | Self::Grant { give } | Self::Count(Counting { give: Some((_, give)), .. }) => {
                give.changes_lines()
            }
            Self::Off { .. } | Self::PriceList { .. } | Self::Ladder { .. } | Self::Set { .. } | Self::ExtraUnits { .. } => true,
            Self::Points { .. } | Self::Multiply { .. } | Self::Count { .. } | Self::Offer { .. } => false,
        }
    }
}

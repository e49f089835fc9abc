//! One rule of a program: when, for whom, where, on what, gives what.

use compact_str::CompactString;

use crate::decision::Shortfall;
use crate::id::{AssetId, CampaignId, FactId, ProgramId, StoreId, TierId};
use crate::mechanic::Mechanic;
use crate::money::{Amount, Currency};
use crate::selector::Selector;
use crate::text::Text;
use crate::validity::Validity;

/// What an id begins with that stands for a redemption where otherwise a campaign stands.
pub const REDEEM_PREFIX: &str = "redeem:";

/// How free units stand on the receipt; some fiscal devices refuse a price of zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum ShowAs {
    /// A part of its own at zero.
    #[default]
    FreeUnit,
    /// The discount lies on all units of the set.
    Spread,
    /// A part of its own at one minor unit each, which the paid units of the set cost less.
    MinimumUnit,
}

/// How often a campaign may be used; none: as often as it fits.
///
/// A use is one application of the mechanic: one set of n for m, one group of extra units, one unit or line of an
/// amount off, one multiple of a threshold, and for everything else the campaign's one effect on the receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) per_receipt: Option<u32>,
    pub(crate) per_customer: Option<u32>,
    pub(crate) per_customer_day: Option<u32>,
}

impl Limits {
    pub(crate) fn of_customer(&self) -> bool {
        self.per_customer.is_some() || self.per_customer_day.is_some()
    }
}

/// A code that opens a campaign.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Code {
    pub(crate) code: CompactString,
    pub(crate) single_use: bool,
    pub(crate) until: Option<jiff::Timestamp>,
}

/// One rule of a program, compiled.
#[derive(Clone, Debug)]
pub struct Campaign {
    pub(crate) id: CampaignId,
    pub(crate) program: ProgramId,
    /// Its program's place in the revision.
    pub(crate) program_place: usize,
    pub(crate) currency: Currency,
    pub(crate) name: Text,
    pub(crate) text: Text,
    /// With `{missing}` where the number goes.
    pub(crate) near_text: Option<Text>,
    pub(crate) priority: i64,
    pub(crate) group: CompactString,
    /// The group's bit in a unit's mark of use.
    pub(crate) group_bit: u64,
    pub(crate) validity: Validity,
    /// Sorted; none: every store.
    pub(crate) stores: Option<Vec<StoreId>>,
    /// Places in the program's list; the customer must be in one of them.
    pub(crate) segments: Vec<usize>,
    pub(crate) tiers: Vec<TierId>,
    pub(crate) codes: Vec<Code>,
    pub(crate) customers_only: bool,
    pub(crate) spend_at_least: Option<Amount>,
    pub(crate) on: Selector,
    pub(crate) mechanic: Mechanic,
    pub(crate) show_as: ShowAs,
    pub(crate) fallback: Option<AssetId>,
    pub(crate) limits: Limits,
    pub(crate) on_return: Shortfall,
    pub(crate) funded_by: CompactString,
    pub(crate) requires_answers: Vec<FactId>,
}

impl Campaign {
    /// Unique over all programs of the revision.
    #[must_use]
    pub fn id(&self) -> &CampaignId {
        &self.id
    }

    /// Whose it is.
    #[must_use]
    pub fn program(&self) -> &ProgramId {
        &self.program
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// What is told to the customer.
    #[must_use]
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// What is to happen on return when its reward has been used up.
    #[must_use]
    pub fn on_return(&self) -> Shortfall {
        self.on_return
    }

    /// Who pays for it: `own`, or a supplier's name.
    #[must_use]
    pub fn funded_by(&self) -> &str {
        &self.funded_by
    }

    /// The codes that open it; none: it needs no code.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(|code| code.code.as_str())
    }

    /// How many units the counter of this campaign needs for a reward; none: it counts nothing over receipts.
    #[must_use]
    pub fn counts_every(&self) -> Option<i64> {
        match &self.mechanic {
            Mechanic::Count { every, .. } => Some(*every),
            Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::Set { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Spend { .. }
            | Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Grant { .. }
            | Mechanic::Offer { .. } => None,
        }
    }

    /// The most uses per customer ever and per customer and day.
    #[must_use]
    pub fn uses_max(&self) -> (Option<u32>, Option<u32>) {
        (self.limits.per_customer, self.limits.per_customer_day)
    }
}

//! One rule of a program: when, for whom, where, on what, gives what.

use compact_str::{CompactString, ToCompactString};

use crate::attribute::Property;
use crate::cashier::Duty;
use crate::condition::FreeCondition;
use crate::counting::{Calendar, Counting};
use crate::decision::{Awaited, Shortfall};
use crate::id::{AssetId, CampaignId, ChannelId, CustomerId, FactId, ProgramId, RewardId, StoreId, TierId};
use crate::mechanic::Mechanic;
use crate::money::{Amount, Currency, Units};
use crate::occasion::Occasion;
use crate::ratio::Ratio;
use crate::receipt::{Measure, TenderKind};
use crate::selector::Selector;
use crate::standing::{CustomerStanding, Uses};
use crate::text::Text;
use crate::usage::{Usage, UsageLimits};
use crate::validity::Validity;

/// What an id begins with that stands for a redemption where otherwise a campaign stands.
pub const REDEEM_PREFIX: &str = "redeem:";
/// What the name of a redemption begins with that pays what a campaign costs; the campaign's id follows.
pub const COST_PREFIX: &str = "cost:";

/// The id that stands where otherwise a campaign stands where a line cost more than the law allows (`unit_price_max`).
pub const PRICE_MAX: &str = "price:max";
/// What no id of a campaign begins with, so that such names are nothing else's.
pub(crate) const PRICE_PREFIX: &str = "price:";

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

/// What a change of lines becomes where it comes too late.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fallback {
    /// Units of an asset, worth the same.
    Points(AssetId),
    /// A personal coupon that opens another campaign.
    Coupon {
        campaign: CampaignId,
        /// It lasts so many days; none: for ever.
        days: Option<u32>,
    },
}

/// How much of a campaign may be used; where nothing is said, as much as fits.
///
/// A use is one application of the mechanic: one set of n for m, one group of extra units, one unit or line of an
/// amount off, one multiple of a threshold, and for everything else the campaign's one effect on the receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    /// On one receipt; which units it may make cheaper the program's conventions say. Its value is a cap.
    pub(crate) per_receipt: Usage,
    /// By one customer.
    pub(crate) per_customer: Option<Box<UsageLimits>>,
    /// Of a household each member has their own, not all together.
    pub(crate) per_member: bool,
    /// By all customers together: the budget, and the limits per day.
    pub(crate) shared: Option<Box<UsageLimits>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_receipt: Usage::UNLIMITED, per_customer: None, per_member: false, shared: None }
    }
}

/// How much a campaign may give on one receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Caps {
    /// Off one line.
    pub(crate) per_line: Option<Amount>,
    /// Off all lines.
    pub(crate) per_receipt: Option<Amount>,
    /// Off all lines: a share of the goods as rung up.
    pub(crate) basket_share: Option<Ratio>,
    /// Units of an asset.
    pub(crate) units: Option<Units>,
}

/// How the receipt must be paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TenderShare {
    /// Any of these, sorted.
    pub(crate) kinds: Vec<TenderKind>,
    /// They pay at least this share; none: any, and points and percentages count only the share paid so.
    pub(crate) at_least: Option<Ratio>,
}

/// What each use of a campaign takes out of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cost {
    pub(crate) asset: AssetId,
    /// Above zero.
    pub(crate) units: Units,
}

/// When a customer's birthday is near.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Birthday {
    /// Whose value is `YYYY-MM-DD` or `MM-DD`.
    pub(crate) fact: FactId,
    pub(crate) days_before: i32,
    pub(crate) days_after: i32,
}

/// Conditions beside time, place, customer, code and goods; all that are given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Conditions {
    /// Units of the campaign's goods.
    pub(crate) units_at_least: Option<i64>,
    pub(crate) tender: Option<TenderShare>,
    pub(crate) birthday: Option<Birthday>,
    /// Receipts before this one, from and to.
    pub(crate) visits: Option<(u32, u32)>,
    /// Days since the customer enrolled, at most.
    pub(crate) enrolled_days_max: Option<u32>,
    /// Thousandths that another campaign has counted.
    pub(crate) counted: Option<(CampaignId, i64)>,
    /// So many receipts win.
    pub(crate) chance: Option<Ratio>,
    /// In CEL, about the receipt.
    pub(crate) free: Option<Box<FreeCondition>>,
}

impl Conditions {
    pub(crate) fn of_customer(&self) -> bool {
        self.birthday.is_some() || self.visits.is_some() || self.enrolled_days_max.is_some() || self.counted.is_some()
    }
}

impl Limits {
    pub(crate) fn of(per_receipt: Usage, customer: UsageLimits, shared: UsageLimits) -> Self {
        let boxed = |limits: UsageLimits| (limits != UsageLimits::NONE).then(|| Box::new(limits));
        Self { per_receipt, per_customer: boxed(customer), per_member: false, shared: boxed(shared) }
    }

    /// How much who stands at the till has used of what is limited so under that name.
    pub(crate) fn used<'u>(&self, customer: &'u CustomerStanding, name: &CampaignId) -> Option<&'u Uses> {
        let all = if self.per_member { &customer.uses_by_member } else { &customer.uses };
        all.get(all.binary_search_by(|uses| uses.campaign.cmp(name)).ok()?)
    }

    /// For whom a use counts that is limited per customer; none: for the account.
    pub(crate) fn member(&self, customer: Option<&CustomerStanding>) -> Option<CustomerId> {
        customer.filter(|_| self.per_member).map(|known| known.customer.clone())
    }

    /// Whether one of them counts units of goods.
    pub(crate) fn in_units(&self) -> bool {
        let wide = self.per_customer.iter().chain(&self.shared).flat_map(|limits| [limits.ever, limits.day, limits.month]);
        wide.chain([self.per_receipt]).any(|limit| limit.units < i64::MAX)
    }

    /// Whether one of them counts money off, or units of an asset.
    pub(crate) fn in_value(&self) -> bool {
        let wide = self.per_customer.iter().chain(&self.shared).flat_map(|limits| [limits.ever, limits.day, limits.month]);
        wide.chain([self.per_receipt]).any(|limit| limit.value < i64::MAX)
    }

    /// Whether what is used of it is scarce beyond the receipt.
    pub(crate) fn is_scarce(&self) -> bool {
        self.per_customer.is_some() || self.shared.is_some()
    }
}

/// A code that opens a campaign.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Code {
    pub(crate) code: CompactString,
    pub(crate) single_use: bool,
    pub(crate) from: Option<jiff::Timestamp>,
    pub(crate) until: Option<jiff::Timestamp>,
}

/// How a coupon's code is printed for scanners.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Barcode {
    /// The code as it is.
    #[default]
    Code128,
    /// A number that stands for the code.
    Ean13,
    /// The code as it is.
    Qr,
    /// Nothing: the code alone is printed.
    Nothing,
}

/// One rule of a program, compiled.
#[derive(Clone, Debug)]
pub struct Campaign {
    pub(crate) id: CampaignId,
    /// Of the reward that nearly all of its rewards are.
    pub(crate) first_reward: RewardId,
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
    /// Sorted; empty: every channel.
    pub(crate) channels: Vec<ChannelId>,
    /// Places in the program's list; the customer must be in one of them.
    pub(crate) segments: Vec<usize>,
    pub(crate) tiers: Vec<TierId>,
    pub(crate) codes: Vec<Code>,
    /// Only a personal coupon opens it.
    pub(crate) coupon_only: bool,
    /// How that coupon is printed.
    pub(crate) barcode: Barcode,
    pub(crate) customers_only: bool,
    /// Each use costs this.
    pub(crate) cost: Option<Cost>,
    pub(crate) spend_at_least: Option<Amount>,
    pub(crate) conditions: Conditions,
    /// The share of the customers who never get it.
    pub(crate) control_group: Option<Ratio>,
    pub(crate) on: Selector,
    /// In CEL, about each line of its goods.
    pub(crate) lines_where: Option<Box<FreeCondition>>,
    pub(crate) mechanic: Mechanic,
    pub(crate) show_as: ShowAs,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) limits: Limits,
    /// Places of the limits in its program's list that it uses up together with others.
    pub(crate) common_limits: Vec<usize>,
    pub(crate) caps: Caps,
    pub(crate) on_return: Shortfall,
    pub(crate) funded_by: Vec<(CompactString, Ratio)>,
    pub(crate) requires_answers: Vec<FactId>,
    /// What the cashier must do where it acts, each task once.
    pub(crate) cashier: Vec<Duty>,
    /// What must come about before its reward is given.
    pub(crate) awaits: Option<Awaited>,
    /// What it is for; none: receipts.
    pub(crate) occasion: Option<Occasion>,
}

/// `<campaign>.<number>`; none where the campaign's id leaves no room for it.
pub(crate) fn reward_id(campaign: &CampaignId, number: usize) -> Option<RewardId> {
    let mut id = CompactString::from(campaign.as_str());
    id.push('.');
    id.push_str(&number.to_compact_string());
    RewardId::parse(&id).ok()
}

impl Campaign {
    /// Of its rewards the one with this number.
    pub(crate) fn reward_id(&self, number: usize) -> Option<RewardId> {
        if number == 0 { Some(self.first_reward.clone()) } else { reward_id(&self.id, number) }
    }

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

    /// How the coupons that open it are printed.
    #[must_use]
    pub fn barcode(&self) -> Barcode {
        self.barcode
    }

    /// Who pays which share of it: `own`, or a supplier's name. The shares sum to one.
    #[must_use]
    pub fn funded_by(&self) -> &[(CompactString, Ratio)] {
        &self.funded_by
    }

    /// Whether it is for known customers only, whatever its mechanic.
    pub(crate) fn personal(&self) -> bool {
        self.customers_only
            || self.coupon_only
            || self.cost.is_some()
            || self.limits.per_customer.is_some()
            || self.conditions.of_customer()
            || !self.segments.is_empty()
            || !self.tiers.is_empty()
    }

    /// Whether its goods are named by the groups of a set.
    pub(crate) fn has_groups(&self) -> bool {
        self.mechanic.groups().iter().any(|group| group.on.is_some())
    }

    /// Whether goods with these properties are among those that it is about.
    pub(crate) fn is_about(&self, item: &[Property], measure: Measure) -> bool {
        if !self.on.matches(item, measure) {
            return false;
        }
        let groups = self.mechanic.groups();
        let mut own = groups.iter().map(|group| group.on.as_ref().is_none_or(|on| on.matches(item, measure)));
        groups.is_empty() || own.any(|is| is)
    }

    /// All its conditions in CEL: on the receipt, on lines, on lines of groups, on products that it suggests.
    pub(crate) fn free_conditions(&self) -> impl Iterator<Item = &FreeCondition> {
        self.conditions_of_use().chain(self.mechanic.suggest_where())
    }

    /// Those that decide whether it acts, and on which goods.
    fn conditions_of_use(&self) -> impl Iterator<Item = &FreeCondition> {
        let of_groups = self.mechanic.groups().iter().filter_map(|group| group.lines_where.as_ref());
        self.conditions.free.iter().chain(&self.lines_where).chain(of_groups).map(Box::as_ref)
    }

    /// Whether one of its conditions looks at how the receipt is paid. Offers are not committed: what they suggest does
    /// not count.
    pub(crate) fn reads_tenders(&self) -> bool {
        self.conditions_of_use().any(|free| free.reads_tenders)
    }

    /// The codes that open it; none: it needs no code.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(|code| code.code.as_str())
    }

    /// How many units, minor units of money or receipts the counter of this campaign needs for a reward; none: it
    /// counts nothing over receipts, or gives nothing for it.
    #[must_use]
    pub fn counts_every(&self) -> Option<i64> {
        self.counting()?.give.as_ref().map(|(every, _)| *every)
    }

    /// Whether it counts over receipts.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.counting().is_some()
    }

    /// How the calendar is divided for its counter; none: it counts for ever, or nothing.
    #[must_use]
    pub fn calendar(&self) -> Option<Calendar> {
        self.counting()?.calendar()
    }

    /// How it counts over receipts; none: it does not.
    pub(crate) fn counting(&self) -> Option<&Counting> {
        match &self.mechanic {
            Mechanic::Count(counting) => Some(counting),
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

    /// The asset of which it gives units; none: it gives none, or takes money off.
    #[must_use]
    pub fn gives(&self) -> Option<&AssetId> {
        self.mechanic.gives()
    }
}

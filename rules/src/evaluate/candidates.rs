//! Which campaigns could act on this receipt, and the first reason why another cannot.

use smallvec::SmallVec;

use super::basket::Basket;
use super::case::Case;
use super::costs::options;
use super::free::Asked;
use super::limits_shared::{self, Common};
use super::scope::Facts;
use crate::campaign::Campaign;
use crate::cel::EvalError;
use crate::id::{CampaignId, Sku};
use crate::index::Brought;
use crate::mechanic::{Act, Group};
use crate::standing::{CodeState, NoPromises, Uses};
use crate::usage::{Usage, UsageLimits};
use crate::validity::{OutOfTime, hour_of_week};

/// The first reason why a campaign was not applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reason {
    Currency,
    Time(OutOfTime),
    Store,
    Channel,
    NoCustomer,
    Blocked,
    Tier,
    Segment,
    NoCode,
    CodeNotUsable,
    LimitReached(Span),
    /// A limit that it shares with others.
    CommonLimit,
    NotPromised(NoPromises),
    NoLine,
    SpendMore,
    TooFewUnits,
    NothingToTakeOff,
    /// The account has less of an asset than it costs.
    TooFewHeld,
    /// Another combination leaves less to pay.
    Outdone,
    Declined,
    OutOfStock,
    MinimumPrice,
    TooLate,
    NothingToOffer,
    StepsUsedUp,
    ControlGroup,
    TenderUnknown,
    Tender,
    Birthday,
    Visits,
    Enrolled,
    Counter,
    /// Its chance was drawn, and the receipt does not win.
    NotDrawn,
    /// It counts over receipts and gives nothing itself.
    OnlyCounts,
    NoCoupon,
    BudgetUsedUp,
    /// A brake took hold: its program gives nothing here.
    Braked,
    ChoiceOpen,
    NothingToMultiply,
    TooLarge,
    /// Its free condition does not hold.
    Condition,
    /// A free condition could not be worked out.
    Failed(Asked, EvalError),
    /// It is for something else than receipts.
    OtherOccasion,
}

/// Places of lines, ascending.
pub(super) type Places = SmallVec<[usize; 4]>;

/// In which span of time a campaign was used as often as its limits allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Span {
    /// By this customer, ever.
    Ever,
    /// By this customer, today.
    Day,
    /// By this customer, this month.
    Month,
    /// By all customers, today.
    SharedDay,
}

/// A campaign that may act.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) campaign: &'a Campaign,
    /// Its place in the revision.
    pub(super) place: usize,
    pub(super) act: Act,
    /// The lines that it is about.
    pub(super) lines: Places,
    /// How often it may still be used on this receipt.
    pub(super) uses_left: i64,
    /// How many units of goods it may make cheaper.
    pub(super) units_left: i64,
    /// How much money it may take off, in minor units, or how many units of its asset it may give.
    pub(super) value_left: i64,
    /// Why it counts and gives nothing, where what it gives is used up.
    pub(super) withheld: Option<Reason>,
    /// By group of a set with a condition of its own, the lines that meet it.
    pub(super) group_lines: Vec<Option<Places>>,
    /// Where the customer's choice opens it: the goods to choose from.
    pub(super) options: Vec<Sku>,
    /// And what was chosen.
    pub(super) chosen: Option<Sku>,
}

/// How much of a campaign may be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted {
    left: Usage,
    pub(super) withheld: Option<Reason>,
}

/// The candidates in the order of application, and the campaigns about these goods that are none.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) candidates: Vec<Candidate<'a>>,
    pub(super) refused: Vec<(usize, Reason)>,
    pub(super) steps: u64,
    /// Whether another tender could change the decision.
    pub(super) depends_on_tenders: bool,
    /// Limits that several campaigns share, as far as they apply here.
    pub(super) common: Vec<Common<'a>>,
}

/// Stands for all lines where a campaign was found by what the receipt brings.
const ALL_LINES: u32 = u32::MAX;

/// What a campaign is looked at with.
#[derive(Clone, Copy, Debug)]
struct Look<'l, 'a> {
    case: &'l Case<'a>,
    basket: &'l Basket<'a>,
    facts: &'l Facts<'l, 'a>,
}

/// Finds them by the index of the revision. What conditions took is left to `facts` to tell.
pub(super) fn find<'a>(case: &Case<'a>, basket: &Basket<'a>, facts: &Facts<'_, 'a>) -> Found<'a> {
    found_by_index(Look { case, basket, facts })
}

/// The same by looking at every campaign.
#[cfg(any(test, feature = "naive"))]
pub(super) fn find_naively<'a>(case: &Case<'a>, basket: &Basket<'a>, facts: &Facts<'_, 'a>) -> Found<'a> {
    let mut found = Found { common: limits_shared::open(case, facts), ..Found::default() };
    let lines = || 0..u32::try_from(basket.lines.len()).unwrap_or(u32::MAX);
    for place in (0_u32..).take(case.revision.campaigns().len()) {
        found.look_at(Look { case, basket, facts }, place, lines());
    }
    found
}

/// Campaigns found by goods with the places of the lines, the others with all lines, ascending.
fn pairs(case: &Case<'_>, basket: &Basket<'_>) -> Vec<(u32, u32)> {
    let index = case.revision.index();
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(64);
    for (place, line) in (0_u32..).zip(&basket.lines) {
        pairs.extend(index.candidates(&line.properties).map(|campaign| (campaign, place)));
    }
    if index.looks_at_receipts() {
        let mut open = |brought: Brought<'_>| pairs.extend(index.opened_by(brought).map(|campaign| (campaign, ALL_LINES)));
        open(Brought::Store(case.receipt.place.store.as_str()));
        open(Brought::Channel(case.receipt.channel.as_str()));
        for (place, program) in index.by_hours().iter().filter_map(|place| Some((*place, case.revision.programs().get(*place)?)))
        {
            open(Brought::Hour(&program.id, hour_of_week(case.local_in(place))));
        }
        case.receipt.codes.iter().for_each(|code| open(Brought::Code(code)));
        let coupons = case.standing.codes.iter().filter_map(|code| code.campaign.as_ref());
        coupons.for_each(|campaign| open(Brought::Coupon(campaign.as_str())));
        if let Some(customer) = case.customer {
            customer.lists.iter().for_each(|list| open(Brought::List(list.as_str())));
            case.tiers.iter().for_each(|(program, tier)| open(Brought::Tier(program, tier.as_str())));
            customer.facts.iter().for_each(|fact| open(Brought::Fact(fact.fact.as_str())));
        }
    }
    pairs.extend(index.on_at(case.at).map(|campaign| (campaign, ALL_LINES)));
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn found_by_index<'a>(look: Look<'_, 'a>) -> Found<'a> {
    let Look { case, basket, .. } = look;
    let lines = || 0..u32::try_from(basket.lines.len()).unwrap_or(u32::MAX);
    let index = case.revision.index();
    let pairs = pairs(case, basket);
    // Seldom more are candidates than this.
    let mut found = Found { candidates: Vec::with_capacity(basket.lines.len().saturating_mul(2)), ..Found::default() };
    found.common = limits_shared::open(case, look.facts);
    let mut rest = pairs.as_slice();
    let mut always = index.always().iter().copied().peekable();
    loop {
        let by_goods = rest.first().map(|(campaign, _)| *campaign);
        let place = match (by_goods, always.peek()) {
            (Some(campaign), Some(next)) => campaign.min(*next),
            (Some(campaign), None) => campaign,
            (None, Some(next)) => *next,
            (None, None) => return found,
        };
        // A campaign is either in the index or asks for nothing that is in it.
        if always.next_if_eq(&place).is_some() {
            found.look_at(look, place, lines());
        } else {
            let own = rest.partition_point(|(campaign, _)| *campaign == place);
            let (mine, others) = rest.split_at_checked(own).unwrap_or((rest, &[]));
            let of_groups =
                usize::try_from(place).is_ok_and(|place| case.revision.campaigns().get(place).is_some_and(Campaign::has_groups));
            if of_groups || mine.first().is_some_and(|(_, line)| *line == ALL_LINES) {
                // Of a set it was found by goods of one group, and is about those of the others too.
                found.look_at(look, place, lines());
            } else {
                found.look_at(look, place, mine.iter().map(|(_, line)| *line));
            }
            rest = others;
        }
    }
}

impl<'a> Found<'a> {
    fn look_at(&mut self, look: Look<'_, 'a>, place: u32, lines: impl Iterator<Item = u32>) {
        let Look { case, basket, facts } = look;
        let mut lines = lines.filter_map(|line| usize::try_from(line).ok());
        let Ok(place) = usize::try_from(place) else { return };
        let Some(campaign) = case.revision.campaigns().get(place) else { return };
        self.steps = self.steps.saturating_add(1);
        let is_about =
            |line: usize| basket.lines.get(line).is_some_and(|item| campaign.is_about(&item.properties, item.line.measure));
        let Admitted { left, withheld } = match admit(case, facts, campaign) {
            Ok(admitted) => admitted,
            Err(reason) => {
                let of_tenders = matches!(reason, Reason::Tender | Reason::TenderUnknown) || campaign.reads_tenders();
                let failed = matches!(reason, Reason::Failed(..));
                let by_condition = failed || matches!(reason, Reason::Condition | Reason::Tender | Reason::TenderUnknown);
                let has_goods = by_condition && (of_tenders || failed) && lines.any(is_about);
                self.depends_on_tenders |= of_tenders && has_goods;
                // What fails is worth a remark only where its goods are there.
                if failed && !has_goods {
                    return;
                }
                return self.refused.push((place, reason));
            }
        };
        let mut matching = Places::with_capacity(lines.size_hint().1.unwrap_or(0));
        for line in lines {
            self.steps = self.steps.saturating_add(1);
            if is_about(line) {
                matching.push(line);
            }
        }
        self.depends_on_tenders |= !matching.is_empty() && campaign.reads_tenders();
        if let Err(reason) = facts.keep_lines(campaign, &mut matching) {
            return self.refused.push((place, reason));
        }
        if matching.is_empty() {
            return;
        }
        let group_lines = match facts.group_lines(campaign, basket, &matching) {
            Ok(lines) => lines,
            Err(reason) => return self.refused.push((place, reason)),
        };
        let units = matching.iter().filter_map(|line| basket.lines.get(*line)).map(super::basket::BasketLine::units_rung);
        if campaign.conditions.units_at_least.is_some_and(|least| units.fold(0, i64::saturating_add) < least) {
            return self.refused.push((place, Reason::TooFewUnits));
        }
        self.depends_on_tenders |= campaign.conditions.tender.is_some();
        if let Err(reason) = limits_shared::admits(case, &self.common, campaign)
            && campaign.counting().is_none()
        {
            return self.refused.push((place, reason));
        }
        let (act, Usage { uses, units, value }) = (campaign.mechanic.act(), left);
        self.candidates.push(Candidate {
            campaign,
            place,
            act,
            lines: matching,
            uses_left: uses,
            units_left: units,
            value_left: value,
            withheld,
            group_lines,
            options: Vec::new(),
            chosen: None,
        });
        if let Some(candidate) = self.candidates.last_mut().filter(|_| campaign.opens_by_choice()) {
            candidate.choose(case, basket);
        }
    }
}

impl Candidate<'_> {
    /// Whether a line is among the goods of the group at this place of its set.
    pub(super) fn in_group(&self, (place, group): (usize, &Group), line: usize, basket: &Basket<'_>) -> bool {
        let own = self.group_lines.get(place).and_then(Option::as_ref).unwrap_or(&self.lines);
        own.binary_search(&line).is_ok() && basket.lines.get(line).is_some_and(|line| group.is_about(line))
    }

    /// Keeps the goods that the customer has chosen.
    fn choose(&mut self, case: &Case<'_>, basket: &Basket<'_>) {
        let sku = |line: &usize| basket.lines.get(*line).map(|line| &line.line.sku);
        self.options = options(self.lines.iter().filter_map(sku));
        let id = self.campaign.reward_id(0);
        let asked = case.receipt.choices.iter().find(|chosen| Some(&chosen.choice) == id.as_ref());
        self.chosen = asked.map(|chosen| chosen.sku.clone()).filter(|sku| self.options.contains(sku));
        if let Some(chosen) = &self.chosen {
            self.lines.retain(|line| sku(line) == Some(chosen));
        }
    }
}

/// How much of a campaign may be used here and now, whatever the goods; else the first reason why not at all. What counts
/// over receipts goes on counting where nothing is left to give: others must not keep a customer from a tier.
pub(super) fn admit(case: &Case<'_>, facts: &Facts<'_, '_>, campaign: &Campaign) -> Result<Admitted, Reason> {
    if campaign.occasion.is_some() {
        return Err(Reason::OtherOccasion);
    }
    if campaign.is_undone(&case.receipt.declined) {
        return Err(Reason::Declined);
    }
    // Nobody was told to look or to take anything.
    if case.paid() && campaign.needs_cashier() {
        return Err(Reason::TooLate);
    }
    if campaign.currency != case.receipt.currency {
        return Err(Reason::Currency);
    }
    if case.is_past_claiming(campaign) {
        return Err(Reason::TooLate);
    }
    campaign.validity.check(case.at, || case.local(campaign)).map_err(Reason::Time)?;
    if campaign.stores.as_ref().is_some_and(|stores| stores.binary_search(&case.receipt.place.store).is_err()) {
        return Err(Reason::Store);
    }
    if !campaign.channels.is_empty() && campaign.channels.binary_search(&case.receipt.channel).is_err() {
        return Err(Reason::Channel);
    }
    let personal = campaign.personal();
    if case.customer.is_none() && (personal || campaign.mechanic.needs_customer()) {
        return Err(if case.standing.customer.is_some() { Reason::Blocked } else { Reason::NoCustomer });
    }
    if !campaign.tiers.is_empty() && !case.tier(campaign).is_some_and(|tier| campaign.tiers.contains(tier)) {
        return Err(Reason::Tier);
    }
    if !campaign.segments.is_empty() {
        facts.in_a_segment(campaign)?;
    }
    let scarce = code(case, campaign)?;
    case.conditions_hold(campaign)?;
    facts.condition_holds(campaign)?;
    let left = match case.standing.no_promises {
        Some(why) if scarce => return Err(Reason::NotPromised(why)),
        Some(why) if campaign.limits.is_scarce() => Err(Reason::NotPromised(why)),
        Some(_) | None => left(case, campaign),
    };
    match left {
        Ok(left) => Ok(Admitted { left, withheld: None }),
        Err(reason) if campaign.counting().is_some() => Ok(Admitted { left: Usage::NONE, withheld: Some(reason) }),
        Err(reason) => Err(reason),
    }
}

/// Whether a presented code opens the campaign, and whether that code is scarce.
fn code(case: &Case<'_>, campaign: &Campaign) -> Result<bool, Reason> {
    if campaign.coupon_only {
        return case.coupon(campaign);
    }
    if campaign.codes.is_empty() {
        return Ok(false);
    }
    let mut reason = Reason::NoCode;
    for code in campaign.codes.iter().filter(|code| case.receipt.codes.contains(&code.code)) {
        let is_on = code.from.is_none_or(|from| from <= case.at) && code.until.is_none_or(|until| case.at < until);
        if is_on && code_state(case, &code.code) == CodeState::Open {
            return Ok(code.single_use);
        }
        reason = Reason::CodeNotUsable;
    }
    Err(reason)
}

/// What is known of a presented code; one that only the revision knows is open.
pub(super) fn code_state(case: &Case<'_>, code: &str) -> CodeState {
    case.standing.codes.iter().find(|known| known.code == code).map_or(CodeState::Open, |known| known.state)
}

fn left(case: &Case<'_>, campaign: &Campaign) -> Result<Usage, Reason> {
    let limits = &campaign.limits;
    let mut left = limits.per_receipt;
    if let Some(limits) = &limits.per_customer {
        let used = case.customer.and_then(|customer| campaign.limits.used(customer, &campaign.id));
        let reasons = [Span::Ever, Span::Day, Span::Month].map(Reason::LimitReached);
        left = left.least(left_of(limits, used, reasons)?);
    }
    if let Some(limits) = &limits.shared {
        let used = used(&case.standing.shared, &campaign.id).ok_or(Reason::BudgetUsedUp)?;
        let today = Reason::LimitReached(Span::SharedDay);
        left = left.least(left_of(limits, Some(used), [Reason::BudgetUsedUp, today, Reason::BudgetUsedUp])?);
    }
    Ok(left)
}

pub(super) fn used<'u>(all: &'u [Uses], campaign: &CampaignId) -> Option<&'u Uses> {
    all.get(all.binary_search_by(|uses| uses.campaign.cmp(campaign)).ok()?)
}

/// What is left in every span of time; else the reason of the first in which it is used up: ever, day, month.
pub(super) fn left_of(limits: &UsageLimits, used: Option<&Uses>, reasons: [Reason; 3]) -> Result<Usage, Reason> {
    let (ever, day, month) =
        used.map_or((Usage::NONE, Usage::NONE, Usage::NONE), |used| (used.ever, used.today, used.this_month));
    let spans = [(ever, limits.ever), (day, limits.day), (month, limits.month)];
    let mut least = Usage::UNLIMITED;
    for ((used, limit), reason) in spans.into_iter().zip(reasons) {
        let left = used.left_of(limit);
        if left.is_used_up() {
            return Err(reason);
        }
        least = least.least(left);
    }
    Ok(least)
}

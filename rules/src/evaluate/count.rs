//! Counters over receipts: what they have come to, what a receipt adds, and the thresholds that it crosses.

use rust_decimal::Decimal;

use super::candidates::{Candidate, Reason};
use super::case::Case;
use super::draft::{Draft, Effect};
use crate::campaign::Campaign;
use crate::counting::{Counted, Counting, Within};
use crate::decision::{CounterMove, CounterTime, LineShare, Missing, Promise, RewardKind};
use crate::id::CampaignId;
use crate::limits::{ADDED_UNITS_MAX, COUPONS_AT_ONCE_MAX, NEAR_MISS_PERCENT_MIN};
use crate::mechanic::Give;
use crate::money::{Amount, Quantity, Units};
use crate::standing::{CounterStanding, CustomerStanding};
use crate::usage::Usage;

/// What a counter has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Come {
    pub(super) counted_milli: i64,
    rewarded: i64,
}

impl<'a> Case<'a> {
    /// What the customer's counter of a campaign has come to before this receipt, in thousandths.
    pub(super) fn counted(&self, campaign: &CampaignId) -> i64 {
        let Some(known) = self.customer.and_then(|customer| counter(customer, campaign)) else { return 0 };
        if known.stretches.is_empty() {
            return known.counted_milli;
        }
        match self.revision.campaign(campaign) {
            Some(campaign) => self.come(campaign, known).counted_milli,
            None => known.counted_milli,
        }
    }

    /// The same as people write it: money in major units, points as the program counts them.
    pub(super) fn counted_in_words(&self, campaign: &CampaignId) -> Decimal {
        let known = self.revision.campaign(campaign);
        let digits = match known.and_then(|campaign| Some((campaign.counting()?, campaign.currency))) {
            Some((counting, currency)) => match counting.counted {
                Counted::Money => currency.minor_digits(),
                Counted::Points => {
                    let asset = counting.asset.as_ref().and_then(|asset| self.revision.asset(asset));
                    asset.map_or(0, |asset| u32::from(asset.scale))
                }
                Counted::Units | Counted::Visits | Counted::Stretches(_) => 0,
            },
            None => 0,
        };
        Decimal::new(self.counted(campaign), digits.saturating_add(3))
    }

    /// What of it still counts now.
    fn come(&self, campaign: &Campaign, known: &CounterStanding) -> Come {
        let all = Come { counted_milli: known.counted_milli, rewarded: known.rewarded };
        let Some(counting) = campaign.counting() else { return all };
        if let Counted::Stretches(calendar) = counting.counted {
            let now = calendar.number(self.local(campaign).date());
            let broken = known.stretches.last().is_some_and(|last| last.stretch < now.saturating_sub(1));
            // Weeks are no months: what counted other stretches begins anew.
            let others = known.calendar.is_some_and(|known| known != calendar);
            return if others || counting.in_a_row && broken { Come::default() } else { all };
        }
        let Some(within) = counting.within else { return all };
        let now = within.calendar.number(self.local(campaign).date());
        // A receipt that is late counts where it belongs. What a later stretch was rewarded for may have been counted here.
        let stretches = within.calendar.restretched(&known.stretches, known.calendar);
        let near = stretches.iter().filter(|known| known.stretch.abs_diff(now) < within.stretches.unsigned_abs());
        near.fold(all, |come, known| Come {
            counted_milli: come.counted_milli.saturating_add(if known.stretch <= now { known.counted_milli } else { 0 }),
            rewarded: come.rewarded.saturating_add(known.rewarded),
        })
    }

    /// In what time a receipt counts for a counter.
    fn counter_time(&self, campaign: &Campaign, counting: &Counting) -> CounterTime {
        let number = |calendar: crate::counting::Calendar| calendar.number(self.local(campaign).date());
        match (counting.counted, counting.within) {
            (Counted::Stretches(calendar), _) => {
                CounterTime::Stretches { calendar, stretch: number(calendar), in_a_row: counting.in_a_row }
            }
            (_, Some(Within { calendar, remembered, .. })) => {
                CounterTime::Within { calendar, stretch: number(calendar), remembered }
            }
            (_, None) => CounterTime::Ever,
        }
    }
}

/// The customer's counter of a campaign.
pub(super) fn counter<'c>(customer: &'c CustomerStanding, campaign: &CampaignId) -> Option<&'c CounterStanding> {
    let place = customer.counters.binary_search_by(|counter| counter.campaign.cmp(campaign)).ok()?;
    customer.counters.get(place)
}

/// The same with what is promised to other open quotes.
fn promised_counter<'c>(customer: &'c CustomerStanding, campaign: &CampaignId) -> Option<&'c CounterStanding> {
    let place = customer.counters_promised.binary_search_by(|counter| counter.campaign.cmp(campaign));
    place.ok().and_then(|place| customer.counters_promised.get(place)).or_else(|| counter(customer, campaign))
}

/// How many thresholds can be rewarded on one receipt, at least one; of the last one a limit may leave a part.
fn times_at_once(campaign: &Campaign, give: &Give, left: Usage) -> i64 {
    let within = |most: i64, each: i64| most.checked_div(each).unwrap_or(i64::MAX).max(1);
    match give {
        Give::Points { units, .. } => {
            let most = campaign.caps.units.map_or(i64::MAX, Units::units).min(left.value);
            within(most, units.units())
        }
        Give::Gift { quantity, .. } | Give::Choice { quantity, .. } => {
            within(ADDED_UNITS_MAX.saturating_mul(Quantity::ONE.milli()), quantity.milli())
        }
        Give::Coupon { .. } => i64::try_from(COUPONS_AT_ONCE_MAX).unwrap_or(i64::MAX),
        Give::Percent(_) | Give::Amount(_) | Give::Prize { .. } | Give::Status { .. } | Give::Tickets { .. } => i64::MAX,
    }
}

impl Draft<'_, '_> {
    /// What a receipt adds to a counter, in thousandths: units, minor units of money paid, one visit, units of an asset,
    /// one stretch. And how it lies on lines, where it does.
    fn counts(&self, candidate: &Candidate<'_>, counting: &Counting, known: Option<&CounterStanding>) -> (i64, Vec<LineShare>) {
        let one = |counts: bool| (if counts { Quantity::ONE.milli() } else { 0 }, Vec::new());
        match counting.counted {
            Counted::Units => {
                let units = |place: usize| self.basket.lines.get(place).map_or(0, super::basket::BasketLine::units_rung);
                self.counted_on(candidate, units)
            }
            Counted::Money => self.counted_on(candidate, |place| self.earning(candidate, place)),
            Counted::Visits => one(self.is_visit(candidate)),
            Counted::Points => self.points_given(counting),
            Counted::Stretches(calendar) => {
                let now = calendar.number(self.case.local(candidate.campaign).date());
                let of_calendar = known.filter(|known| known.calendar == Some(calendar));
                let last = of_calendar.and_then(|known| known.stretches.last());
                one(last.is_none_or(|last| last.stretch < now) && self.is_visit(candidate))
            }
        }
    }

    fn counted_on(&self, candidate: &Candidate<'_>, count: impl Fn(usize) -> i64) -> (i64, Vec<LineShare>) {
        let mut shares = Vec::with_capacity(candidate.lines.len());
        let mut sum = 0_i64;
        for place in &candidate.lines {
            let units = count(*place).saturating_mul(Quantity::ONE.milli());
            if let Some(line) = self.basket.lines.get(*place).filter(|_| units != 0) {
                shares.push(LineShare { line: line.line.id.clone(), units });
                sum = sum.saturating_add(units);
            }
        }
        (sum, shares)
    }

    /// The units of an asset that the receipt was given so far.
    fn points_given(&self, counting: &Counting) -> (i64, Vec<LineShare>) {
        let (mut sum, mut shares) = (0_i64, Vec::new());
        let milli = |units: i64| units.saturating_mul(Quantity::ONE.milli());
        for reward in &self.rewards {
            let (RewardKind::Points { asset, units } | RewardKind::BonusMoney { asset, units }) = &reward.kind else { continue };
            if counting.asset.as_ref() == Some(asset) {
                sum = sum.saturating_add(milli(units.units()));
                shares.extend(reward.earned_on.iter().map(|share| LineShare { units: milli(share.units), ..share.clone() }));
            }
        }
        (sum, shares)
    }

    /// Counts over receipts. Every threshold is rewarded once: those due are what all counted so far have crossed,
    /// less those rewarded; what cannot be given now stays due.
    pub(super) fn count(&mut self, candidate: &Candidate<'_>, counting: &Counting) -> Result<Effect, Reason> {
        let campaign = candidate.campaign;
        let customer = self.case.customer.ok_or(Reason::NoCustomer)?;
        // What others are promised is counted as if they had been sold.
        let known = promised_counter(customer, &campaign.id);
        let (counted_milli, counted_on) = self.counts(candidate, counting, known);
        let come = known.map(|known| self.case.come(campaign, known)).unwrap_or_default();
        let so_far = come.counted_milli.saturating_add(counted_milli);
        let time = self.case.counter_time(campaign, counting);
        let (due, given) = match &counting.give {
            None => (0, Err(Reason::OnlyCounts)),
            Some((every, give)) => {
                let crossed = so_far.checked_div(every.saturating_mul(Quantity::ONE.milli())).unwrap_or(0);
                let owed = crossed.saturating_sub(come.rewarded).max(0);
                let left = self.left(candidate);
                let due = owed.min(left.uses).min(times_at_once(candidate.campaign, give, left));
                let withheld = candidate.withheld.or_else(|| self.within_common(candidate).err());
                if withheld.is_none() {
                    self.nearly_counted(candidate, (counting, *every), so_far);
                }
                let given = withheld.map_or_else(|| self.give_counted(candidate, give, due), Err);
                if let Err(Reason::NotPromised(why)) = given
                    && owed > 0
                {
                    self.notes.push(why.of(campaign.id.clone()));
                }
                (due, given)
            }
        };
        let rewarded = if given.is_ok() { due } else { 0 };
        self.counters.push(CounterMove { campaign: campaign.id.clone(), counted_milli, rewarded, time, counted_on });
        let effect = given?;
        self.promises.push(Promise::Threshold { campaign: campaign.id.clone(), counted_milli, rewarded, time });
        Ok(effect)
    }

    fn give_counted(&mut self, candidate: &Candidate<'_>, give: &Give, due: i64) -> Result<Effect, Reason> {
        if due == 0 {
            Err(Reason::TooFewUnits)
        } else if let Some(why) = self.case.standing.no_promises {
            Err(Reason::NotPromised(why))
        } else if self.comes_too_late(candidate) && !self.case.may_fall_back(candidate.campaign) {
            Err(Reason::TooLate)
        } else {
            self.give(candidate, give, due).and_then(|added_worth| {
                let effect = Effect { place: candidate.place, times: due, discount: 0, added_worth };
                self.or_fall_back(candidate, effect)
            })
        }
    }

    /// How little is missing to the next threshold of a counter.
    fn nearly_counted(&mut self, candidate: &Candidate<'_>, (counting, every): (&Counting, i64), so_far_milli: i64) {
        let threshold = every.saturating_mul(Quantity::ONE.milli());
        let rest = so_far_milli.checked_rem(threshold).unwrap_or(0);
        let near =
            i128::from(rest).saturating_mul(100) >= i128::from(threshold).saturating_mul(i128::from(NEAR_MISS_PERCENT_MIN));
        // Only where the program has words for it: most counters are no news.
        if candidate.campaign.near_text.is_none() || !near {
            return;
        }
        let missing = Quantity::from_milli(threshold.saturating_sub(rest)).pieces();
        let missing = match counting.counted {
            Counted::Money => Missing::Spend(Amount::from_minor(missing)),
            Counted::Points => {
                let scale = counting.asset.as_ref().and_then(|asset| self.asset(asset)).map_or(0, |asset| asset.scale);
                Missing::Points { units: Units::from_units(missing), scale }
            }
            Counted::Units | Counted::Visits | Counted::Stretches(_) => {
                Missing::Units(u32::try_from(missing).unwrap_or(u32::MAX))
            }
        };
        self.near_miss(candidate, missing, &candidate.campaign.on);
    }
}

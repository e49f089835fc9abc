//! Percentages and amounts off lines and baskets.

use super::basket::By;
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::decision::Missing;
use crate::limits::NEAR_MISS_PERCENT_MIN;
use crate::mechanic::{Give, Off, Per};
use crate::money::{Amount, Quantity, Rounding};
use crate::ratio::Ratio;

impl Draft<'_, '_> {
    /// Something off each unit, each line or the basket.
    pub(super) fn off(&mut self, candidate: &Candidate<'_>, off: Off, per: Per) -> Result<Effect, Reason> {
        match (off, per) {
            (Off::Percent(percent), Per::Unit | Per::Line) => self.percent_off_lines(candidate, percent),
            (Off::Percent(percent), Per::Basket) => self.percent_off_basket(candidate, percent),
            (Off::Amount(amount), Per::Unit) => self.amount_off_units(candidate, amount),
            (Off::Amount(amount), Per::Line) => self.amount_off_lines(candidate, amount),
            (Off::Amount(amount), Per::Basket) => self.amount_off_basket(candidate, amount, 1),
            (Off::Price(_), _) => Err(Reason::NothingToTakeOff),
        }
    }

    /// A percentage of each line: rounded half up once for a line, on what earlier offers have left of it.
    pub(super) fn percent_off_lines(&mut self, candidate: &Candidate<'_>, percent: Ratio) -> Result<Effect, Reason> {
        let mut discount = 0_i64;
        let by = By::Campaign(candidate.place);
        let mut spots = std::mem::take(&mut self.spots);
        for line in &candidate.lines {
            self.basket.open_spots(std::slice::from_ref(line), candidate.campaign.group_bit, &mut spots);
            let wanted = percent.of(self.basket.amount_of(&spots), Rounding::HalfUp).unwrap_or(0);
            let taken = self.basket.spread(&spots, by, wanted);
            if taken > 0 {
                self.basket.mark(&spots, candidate.campaign.group_bit);
                discount = discount.saturating_add(taken);
            }
        }
        self.spots = spots;
        effect(candidate, 1, discount)
    }

    /// An amount off each line.
    pub(super) fn amount_off_lines(&mut self, candidate: &Candidate<'_>, amount: Amount) -> Result<Effect, Reason> {
        let (mut discount, mut times) = (0_i64, 0_i64);
        let by = By::Campaign(candidate.place);
        let mut spots = std::mem::take(&mut self.spots);
        for line in &candidate.lines {
            if times >= candidate.uses_left {
                break;
            }
            self.basket.open_spots(std::slice::from_ref(line), candidate.campaign.group_bit, &mut spots);
            let taken = self.basket.spread(&spots, by, amount.minor());
            if taken > 0 {
                self.basket.mark(&spots, candidate.campaign.group_bit);
                discount = discount.saturating_add(taken);
                times = times.saturating_add(1);
            }
        }
        self.spots = spots;
        effect(candidate, times, discount)
    }

    /// An amount off each unit, in the order of the receipt; no unit goes below its minimum price.
    pub(super) fn amount_off_units(&mut self, candidate: &Candidate<'_>, amount: Amount) -> Result<Effect, Reason> {
        let (mut discount, mut times) = (0_i64, 0_i64);
        let by = By::Campaign(candidate.place);
        let mut spots = std::mem::take(&mut self.spots);
        for line in &candidate.lines {
            self.basket.open_spots(std::slice::from_ref(line), candidate.campaign.group_bit, &mut spots);
            // A split puts its rest behind the run that is being looked at, and only the last one is ever split.
            for spot in &spots {
                let left = candidate.uses_left.saturating_sub(times);
                let units = self.basket.run(*spot).map_or(0, |(line, run)| line.units(run));
                if left <= 0 || self.basket.room(*spot) <= 0 {
                    continue;
                }
                if units > left {
                    self.basket.split(*spot, left);
                }
                let units = units.min(left);
                let minor = amount.minor().saturating_mul(units).min(self.basket.room(*spot));
                self.basket.lower(*spot, by, minor);
                self.basket.mark(&[*spot], candidate.campaign.group_bit);
                discount = discount.saturating_add(minor);
                times = times.saturating_add(units);
            }
        }
        self.spots = spots;
        effect(candidate, times, discount)
    }

    /// A percentage of all lines together, rounded once and split over them.
    pub(super) fn percent_off_basket(&mut self, candidate: &Candidate<'_>, percent: Ratio) -> Result<Effect, Reason> {
        self.off_basket(candidate, 1, |sum| percent.of(sum, Rounding::HalfUp).unwrap_or(0))
    }

    /// An amount off all lines together, split over them.
    pub(super) fn amount_off_basket(&mut self, candidate: &Candidate<'_>, amount: Amount, times: i64) -> Result<Effect, Reason> {
        self.off_basket(candidate, times, |_| amount.minor().saturating_mul(times))
    }

    fn off_basket(&mut self, candidate: &Candidate<'_>, times: i64, wanted: impl FnOnce(i64) -> i64) -> Result<Effect, Reason> {
        let mut spots = std::mem::take(&mut self.spots);
        self.basket.open_spots(&candidate.lines, candidate.campaign.group_bit, &mut spots);
        let wanted = wanted(self.basket.amount_of(&spots));
        let discount = self.basket.spread(&spots, By::Campaign(candidate.place), wanted);
        if discount > 0 {
            self.basket.mark(&spots, candidate.campaign.group_bit);
        }
        self.spots = spots;
        effect(candidate, times, discount)
    }

    /// How often a spend threshold is reached by the candidate's goods after line offers.
    pub(super) fn times_spent(&mut self, candidate: &Candidate<'_>, at_least: Amount, repeating: bool) -> Result<i64, Reason> {
        let merchandise =
            candidate.lines.iter().filter(|line| self.basket.lines.get(**line).is_some_and(|line| line.merchandise));
        let spent = merchandise.filter_map(|line| self.after_lines.get(*line)).copied().fold(0, i64::saturating_add);
        let times = spent.checked_div(at_least.minor()).unwrap_or(0);
        if times == 0 || repeating {
            let rest = spent.checked_rem(at_least.minor()).unwrap_or(0);
            let near = i128::from(rest).saturating_mul(100)
                >= i128::from(at_least.minor()).saturating_mul(i128::from(NEAR_MISS_PERCENT_MIN));
            if near && times < candidate.uses_left {
                self.near_miss(candidate, Missing::Spend(Amount::from_minor(at_least.minor().saturating_sub(rest))));
            }
        }
        let most = if repeating { candidate.uses_left } else { 1 };
        if times == 0 { Err(Reason::SpendMore) } else { Ok(times.min(most)) }
    }

    /// A threshold that lowers prices.
    pub(super) fn spend_prices(
        &mut self,
        candidate: &Candidate<'_>,
        at_least: Amount,
        give: &Give,
        repeating: bool,
    ) -> Result<Effect, Reason> {
        let times = self.times_spent(candidate, at_least, repeating)?;
        match give {
            Give::Percent(percent) => self.percent_off_basket(candidate, *percent),
            Give::Amount(amount) => self.amount_off_basket(candidate, *amount, times),
            // These act among the rewards.
            Give::Points { .. }
            | Give::Gift { .. }
            | Give::Choice { .. }
            | Give::Prize { .. }
            | Give::Coupon { .. }
            | Give::Status { .. }
            | Give::Tickets { .. } => Err(Reason::NothingToTakeOff),
        }
    }

    /// For every so many units of a line more units at zero, on the same line. Marked goods cannot be multiplied:
    /// the cashier is told to scan one more.
    pub(super) fn extra_units(&mut self, candidate: &Candidate<'_>, every: i64, add: i64) -> Result<Effect, Reason> {
        let mut effect = Effect { place: candidate.place, times: 0, discount: 0, added_worth: 0 };
        let mut reason = Reason::TooFewUnits;
        for line in &candidate.lines {
            let left = candidate.uses_left.saturating_sub(effect.times);
            match self.extra_units_of_line(candidate, *line, (every, add), left) {
                Ok((times, worth)) => {
                    effect.times = effect.times.saturating_add(times);
                    effect.added_worth = effect.added_worth.saturating_add(worth);
                }
                Err(other) => reason = if reason == Reason::TooFewUnits { other } else { reason },
            }
        }
        if effect.times > 0 { Ok(effect) } else { Err(reason) }
    }

    fn extra_units_of_line(
        &mut self,
        candidate: &Candidate<'_>,
        place: usize,
        (every, add): (i64, i64),
        left: i64,
    ) -> Result<(i64, i64), Reason> {
        let mut spots = Vec::new();
        self.basket.open_spots(&[place], candidate.campaign.group_bit, &mut spots);
        let Some(line) = self.basket.lines.get(place).filter(|line| line.counted()) else { return Err(Reason::TooFewUnits) };
        let units = spots
            .iter()
            .filter_map(|spot| self.basket.run(*spot))
            .map(|(line, run)| line.units(run))
            .fold(0, i64::saturating_add);
        let room = crate::limits::ADDED_UNITS_MAX.checked_div(add).unwrap_or(0);
        let times = units.checked_div(every).unwrap_or(0).min(left).min(room);
        if times <= 0 {
            return Err(if left <= 0 { Reason::LimitReached } else { Reason::TooFewUnits });
        }
        if line.product.and_then(|product| product.unit_price_min).is_some_and(|least| least.micros() > 0) {
            return Err(Reason::MinimumPrice);
        }
        let marked = !line.line.marks.is_empty();
        let worth = self.worth_of_units(place, times.saturating_mul(add));
        self.extra_added(candidate, place, times.saturating_mul(add), (marked, worth))?;
        // The units that earned the extra ones are used up for this stacking group, the others are not.
        let mut wanted = times.saturating_mul(every);
        for spot in spots {
            let units = self.basket.run(spot).map_or(0, |(line, run)| line.units(run));
            if wanted > 0 {
                self.basket.split(spot, wanted);
                self.basket.mark(&[spot], candidate.campaign.group_bit);
                wanted = wanted.saturating_sub(units);
            }
        }
        Ok((times, if marked && !self.case.paid() { 0 } else { worth }))
    }

    /// What so many units of a line are worth at the price rung up.
    fn worth_of_units(&self, place: usize, units: i64) -> i64 {
        let Some(line) = self.basket.lines.get(place) else { return 0 };
        let quantity = Quantity::from_milli(units.saturating_mul(Quantity::ONE.milli()));
        crate::money::extend(quantity, line.line.unit_price, self.basket.currency).map_or(0, Amount::minor)
    }
}

fn effect(candidate: &Candidate<'_>, times: i64, discount: i64) -> Result<Effect, Reason> {
    if discount > 0 {
        Ok(Effect { place: candidate.place, times, discount, added_worth: 0 })
    } else {
        Err(Reason::NothingToTakeOff)
    }
}

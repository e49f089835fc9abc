//! Basket offers of one level: each takes something off all units of its goods that are still open, so that the order
//! decides where two meet. Every order worth trying is tried.

use crate::conventions::{PercentOf, RoundedPer, UnitsAre};
use crate::evaluate::basket::{By, Manner, Spot};
use crate::evaluate::candidates::{Candidate, Reason};
use crate::evaluate::draft::{Draft, Effect};
use crate::mechanic::{Give, Mechanic, Off};
use crate::money::{Amount, Parts, Quantity, extend_rounded};
use crate::ratio::Ratio;

use super::offs::Part;
use super::solution::{Score, bit};
use super::units::unit_at;

/// What a basket offer takes off.
#[derive(Clone, Copy, Debug)]
struct Basketwide<'k> {
    candidate: &'k Candidate<'k>,
    off: Off,
    times: i64,
}

/// Orders being tried.
#[derive(Debug)]
struct Orders<'o, 'k> {
    offers: &'o [Basketwide<'k>],
    /// The most that each may take off, whoever was before it.
    most: Vec<i64>,
    best: Option<(Score, Vec<usize>)>,
    steps: u64,
    steps_max: u64,
}

impl Draft<'_, '_> {
    /// The basket offers of one level.
    pub(in crate::evaluate) fn basket_level<'k>(
        &mut self,
        level: &[&'k Candidate<'k>],
        effects: &mut Vec<(&'k Candidate<'k>, Effect)>,
    ) {
        let mut offers: Vec<Basketwide<'k>> = Vec::with_capacity(level.len());
        for candidate in level {
            match self.basketwide(candidate) {
                Ok((off, times)) => offers.push(Basketwide { candidate, off, times }),
                Err(reason) => self.refuse(candidate.place, reason),
            }
        }
        let (shared, competing): (Vec<Basketwide<'k>>, Vec<Basketwide<'k>>) =
            offers.iter().partition(|offer| self.conventions(offer.candidate).units == UnitsAre::Shared);
        let candidates: Vec<&'k Candidate<'k>> = competing.iter().map(|offer| offer.candidate).collect();
        let mut sole = Vec::new();
        let components = self.components(&candidates, &mut sole);
        let of = |candidate: &Candidate<'_>| competing.iter().find(|offer| offer.candidate.place == candidate.place).copied();
        for component in components {
            let own: Vec<Basketwide<'k>> = component.iter().filter_map(|candidate| of(candidate)).collect();
            let order = self.best_order(&own);
            for (number, offer) in own.iter().enumerate().filter(|(number, _)| !order.contains(number)) {
                let reason = if self.taken_off(offer, &[]) > 0 { Reason::Outdone } else { Reason::NothingToTakeOff };
                assert!(number < own.len(), "the order names offers of its own");
                self.refuse(offer.candidate.place, reason);
            }
            for offer in order.iter().filter_map(|number| own.get(*number)) {
                self.take_off(offer, effects);
            }
        }
        for offer in sole.into_iter().filter_map(of).chain(shared) {
            self.take_off(&offer, effects);
        }
    }

    /// What a candidate takes off the basket, and how often it counts as used.
    fn basketwide(&mut self, candidate: &Candidate<'_>) -> Result<(Off, i64), Reason> {
        let given = |give: &Give, times: i64| match give {
            Give::Percent(percent) => Ok((self.case.tendered(candidate.campaign, Off::Percent(*percent)), times)),
            Give::Amount(amount) => Ok((Off::Amount(Amount::from_minor(amount.minor().saturating_mul(times))), times)),
            // These act among the rewards.
            Give::Points { .. }
            | Give::Gift { .. }
            | Give::Choice { .. }
            | Give::Prize { .. }
            | Give::Coupon { .. }
            | Give::Status { .. }
            | Give::Tickets { .. } => Err(Reason::NothingToTakeOff),
        };
        match &candidate.campaign.mechanic {
            Mechanic::Off { off, .. } => Ok((self.case.tendered(candidate.campaign, *off), 1)),
            Mechanic::Spend { at_least, give, repeating } => given(give, self.times_spent(candidate, *at_least, *repeating)?),
            Mechanic::Grant { give } => given(give, 1),
            // These act on lines or among the rewards.
            Mechanic::Set { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Count { .. }
            | Mechanic::Offer { .. } => Err(Reason::NothingToTakeOff),
        }
    }

    /// How much an offer would take off, where some lines are used by others.
    fn taken_off(&self, offer: &Basketwide<'_>, used: &[usize]) -> i64 {
        let lines: Vec<usize> = offer.candidate.lines.iter().filter(|line| !used.contains(line)).copied().collect();
        let mut spots = Vec::new();
        self.basket.open_spots(&lines, self.used_bit(offer.candidate), &mut spots);
        let wanted = self.wanted(offer, &spots);
        let manner = self.manner(offer.candidate);
        let rooms: Parts = spots.iter().map(|spot| self.basket.room(*spot)).collect();
        let shares = self.basket.shares_of(&spots, wanted, &rooms, manner);
        let most_off = self.most_off(offer.candidate);
        let lines: Vec<(usize, i64)> = spots.iter().map(|spot| spot.0).zip(shares).collect();
        let sums = lines.chunk_by(|a, b| a.0 == b.0).map(|own| own.iter().map(|(_, minor)| *minor).fold(0, i64::saturating_add));
        sums.map(|sum| sum.min(most_off.per_line)).fold(0, i64::saturating_add).min(most_off.in_all)
    }

    /// The most that an offer may take off, whichever of its lines are used by others: of fewer lines less may lapse at
    /// minimum prices and caps than of all of them.
    fn most_taken_off(&self, offer: &Basketwide<'_>) -> i64 {
        let mut spots = Vec::new();
        self.basket.open_spots(&offer.candidate.lines, self.used_bit(offer.candidate), &mut spots);
        let most_off = self.most_off(offer.candidate);
        let of_line = |own: &[Spot]| own.iter().map(|spot| self.basket.room(*spot)).fold(0, i64::saturating_add);
        let rooms = spots.chunk_by(|a, b| a.0 == b.0).map(|own| of_line(own).min(most_off.per_line));
        self.wanted(offer, &spots).min(rooms.fold(0, i64::saturating_add)).min(most_off.in_all)
    }

    /// What an offer wants to take off some runs, whether they can bear it or not.
    fn wanted(&self, offer: &Basketwide<'_>, spots: &[Spot]) -> i64 {
        match offer.off {
            Off::Percent(percent) => self.percent_of_basket(offer.candidate, percent, spots),
            Off::Amount(amount) => amount.minor(),
            Off::Price(price) => {
                let rounding = self.conventions(offer.candidate).rounding;
                let price = extend_rounded(Quantity::ONE, price, self.basket.currency, rounding);
                self.basket.amount_of(spots).saturating_sub(price.map_or(i64::MAX, Amount::minor)).max(0)
            }
        }
    }

    /// A percentage of some runs together, rounded over what the program says.
    fn percent_of_basket(&self, candidate: &Candidate<'_>, percent: Ratio, spots: &[Spot]) -> i64 {
        let conventions = self.conventions(candidate);
        let base = |spot: &Spot| match conventions.percent_of {
            PercentOf::Remainder => self.basket.run(*spot).map_or(0, |(_, run)| run.amount),
            PercentOf::Original => self.basket.run(*spot).map_or(0, |(_, run)| run.original()),
        };
        let of = |minor: i64| {
            let numerator = i128::from(minor).saturating_mul(i128::from(percent.numerator()));
            Part { numerator, denominator: percent.denominator() }.rounded(conventions.rounding)
        };
        match conventions.rounded_per {
            RoundedPer::Adjustment | RoundedPer::Receipt => of(spots.iter().map(base).fold(0, i64::saturating_add)),
            RoundedPer::Line => {
                let lines = spots.chunk_by(|a, b| a.0 == b.0);
                lines.map(|own| of(own.iter().map(base).fold(0, i64::saturating_add))).fold(0, i64::saturating_add)
            }
            RoundedPer::Unit => {
                let of_run = |spot: &Spot| {
                    let units = self.basket.run(*spot).map_or(1, |(line, run)| line.units(run));
                    let total = base(spot);
                    let dearer = total.checked_rem(units).unwrap_or(0);
                    let (dear, cheap) = (of(unit_at(total, units, 0)), of(unit_at(total, units, dearer)));
                    dear.saturating_mul(dearer).saturating_add(cheap.saturating_mul(units.saturating_sub(dearer)))
                };
                spots.iter().map(of_run).fold(0, i64::saturating_add)
            }
        }
    }

    fn manner(&self, candidate: &Candidate<'_>) -> Manner {
        let conventions = self.conventions(candidate);
        Manner { leftover: conventions.leftover, unplaced: conventions.unplaced }
    }

    fn take_off<'k>(&mut self, offer: &Basketwide<'k>, effects: &mut Vec<(&'k Candidate<'k>, Effect)>) {
        if offer.times > self.left(offer.candidate).uses {
            self.proven = false;
            self.bound = self.bound.saturating_add(self.taken_off(offer, &[]));
            return self.refuse(offer.candidate.place, Reason::CommonLimit);
        }
        let mut spots = std::mem::take(&mut self.spots);
        self.basket.open_spots(&offer.candidate.lines, self.used_bit(offer.candidate), &mut spots);
        let wanted = self.wanted(offer, &spots);
        let by = By::Campaign(offer.candidate.place);
        let discount = self.basket.spread_as(&spots, by, wanted, self.manner(offer.candidate));
        if discount <= 0 {
            self.spots = spots;
            return self.refuse(offer.candidate.place, Reason::NothingToTakeOff);
        }
        self.basket.mark(&spots, self.used_bit(offer.candidate));
        self.spots = spots;
        let effect = Effect { place: offer.candidate.place, times: offer.times, discount, added_worth: 0 };
        self.keep(offer.candidate, effect, true, effects);
    }

    /// The order in which offers that meet leave the least to pay; offers that it does not name do nothing.
    fn best_order(&mut self, offers: &[Basketwide<'_>]) -> Vec<usize> {
        let most: Vec<i64> = offers.iter().map(|offer| self.most_taken_off(offer)).collect();
        let steps_max = self.steps_max.saturating_sub(self.steps);
        let mut orders = Orders { offers, most, best: None, steps: 0, steps_max };
        orders.go_on(self, &mut Vec::new(), (0, 0));
        self.steps = self.steps.saturating_add(orders.steps);
        let (best, order) = orders.best.unwrap_or((Score::NOTHING, Vec::new()));
        if orders.steps >= steps_max {
            let most = orders.most.iter().copied().fold(0, i64::saturating_add);
            self.proven = false;
            self.bound = self.bound.saturating_add(most.saturating_sub(best.gain).max(0));
        }
        order
    }
}

impl Orders<'_, '_> {
    /// Tries every offer next that still takes something off and may lead to the best.
    fn go_on(&mut self, draft: &Draft<'_, '_>, order: &mut Vec<usize>, (gain, mark): (i64, u128)) {
        let score = Score::of(gain, 0, mark);
        if self.best.as_ref().is_none_or(|(best, _)| score > *best) {
            self.best = Some((score, order.clone()));
        }
        let rest = self.most.iter().enumerate().filter(|(number, _)| !order.contains(number));
        let most = rest.map(|(_, most)| *most).fold(gain, i64::saturating_add);
        if self.best.as_ref().is_some_and(|(best, _)| most < best.gain) {
            return;
        }
        let of = |number: usize| self.offers.get(number).map(|offer| offer.candidate.lines.as_slice()).unwrap_or_default();
        let used: Vec<usize> = order.iter().flat_map(|number| of(*number).iter().copied()).collect();
        for number in 0..self.offers.len() {
            let Some(offer) = self.offers.get(number).filter(|_| !order.contains(&number)) else { continue };
            if self.steps >= self.steps_max {
                return;
            }
            self.steps = self.steps.saturating_add(u64::try_from(offer.candidate.lines.len().max(1)).unwrap_or(u64::MAX));
            let taken = draft.taken_off(offer, &used);
            if taken > 0 {
                order.push(number);
                self.go_on(draft, order, (gain.saturating_add(taken), mark | bit(number)));
                order.pop();
            }
        }
    }
}

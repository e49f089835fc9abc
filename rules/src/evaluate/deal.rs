//! The best deal: within one level the combination of applications at which the least is due.
//!
//! A level is an act, a priority and a stacking group; levels follow one another without looking ahead. Campaigns
//! that no unit connects do not compete: each such component is solved by itself, one campaign alone by taking its
//! best ([`fill`]), several by search ([`search`]).

mod baskets;
mod compile;
mod contender;
mod fill;
mod ladder;
mod offs;
mod place;
mod search;
mod solution;
mod units;

use smallvec::{SmallVec, smallvec};

use crate::campaign::Campaign;
use crate::conventions::{LimitedUnits, PercentOf, RoundedPer, UnitsAre};
use crate::decision::Missing;
use crate::mechanic::{Gain, Mechanic, Off};
use crate::money::UnitPrice;
use crate::program::BestBy;
use crate::selector::Selector;

use super::basket::{By, Manner, Spot};
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};

use contender::{Contender, Kind, Open};
use fill::{Left, fill};
use place::uses_of;
use solution::Solution;
use units::{Class, classes};

/// What was found for a component.
struct Attempt<'k> {
    classes: Vec<Class>,
    contenders: Vec<Contender<'k>>,
    solution: Solution,
    /// Places of campaigns that cannot act, and why.
    idle: Vec<(usize, Reason)>,
}

impl Attempt<'_> {
    /// How much less is due.
    fn gain(&self) -> i64 {
        self.solution.score(&self.contenders, &self.classes, false).gain
    }
}

impl<'a> Draft<'a, '_> {
    /// The stacking group for which a campaign uses units up; none where its program shares them.
    pub(super) fn used_bit(&self, candidate: &Candidate<'_>) -> u64 {
        self.used_bit_of(candidate.campaign)
    }

    /// [`Self::used_bit`] of any campaign, candidate or not.
    pub(super) fn used_bit_of(&self, campaign: &Campaign) -> u64 {
        let program = self.case.revision.programs().get(campaign.program_place);
        match program.map(|program| program.conventions.units).unwrap_or_default() {
            UnitsAre::UsedUp => campaign.group_bit,
            UnitsAre::Shared => 0,
        }
    }

    /// The line offers of one level. Campaigns that share units act one after another by id, after those that compete.
    pub(super) fn line_level<'k>(&mut self, level: &[&'k Candidate<'k>], effects: &mut Vec<(&'k Candidate<'k>, Effect)>) {
        if let [only] = level {
            return self.solve(&[only], effects);
        }
        let mut sole: Vec<&'k Candidate<'k>> = Vec::with_capacity(level.len());
        let (shared, competing): (Vec<&Candidate<'_>>, Vec<&Candidate<'_>>) =
            level.iter().partition(|candidate| self.used_bit(candidate) == 0);
        for component in self.components(&competing, &mut sole) {
            self.solve(&component, effects);
        }
        for candidate in sole.into_iter().chain(shared) {
            self.solve(&[candidate], effects);
        }
    }

    /// Campaigns of which one can reach the other over lines that both may use; those that share none are `sole`.
    fn components<'k>(&self, level: &[&'k Candidate<'k>], sole: &mut Vec<&'k Candidate<'k>>) -> Vec<Vec<&'k Candidate<'k>>> {
        if let [only] = level {
            sole.push(only);
            return Vec::new();
        }
        // By candidate the number of its component, which two that meet on a line take from the lesser.
        let mut numbers: SmallVec<[usize; 16]> = (0..level.len()).collect();
        let mut owners: SmallVec<[Option<usize>; 16]> = smallvec![None; self.basket.lines.len()];
        let mut meet = false;
        for (place, candidate) in level.iter().enumerate() {
            for line in &candidate.lines {
                if !self.basket.lines.get(*line).is_some_and(|line| line.takes_discount) {
                    continue;
                }
                let Some(owner) = owners.get_mut(*line) else { continue };
                let other = *owner.get_or_insert(place);
                let (a, b) = (numbers.get(other).copied().unwrap_or(place), numbers.get(place).copied().unwrap_or(place));
                if a != b {
                    meet = true;
                    let (least, most) = (a.min(b), a.max(b));
                    numbers.iter_mut().filter(|number| **number == most).for_each(|number| *number = least);
                }
            }
        }
        meet |= self.join_by_limits(level, &mut numbers);
        if !meet {
            sole.extend(level);
            return Vec::new();
        }
        let mut components: Vec<Vec<&'k Candidate<'k>>> = Vec::new();
        for number in 0..level.len() {
            let own = level.iter().zip(&numbers).filter(|(_, own)| **own == number).map(|(candidate, _)| *candidate);
            let own: Vec<&'k Candidate<'k>> = own.collect();
            match own.as_slice() {
                [] => {}
                [only] => sole.push(only),
                _ => components.push(own),
            }
        }
        components
    }

    /// A percentage that nothing competes with, limits or keeps from a price, the commonest offer by far: rounded once
    /// for each line, it needs no look at single units. False where it needs one.
    fn percent_alone<'k>(&mut self, candidate: &'k Candidate<'k>, effects: &mut Vec<(&'k Candidate<'k>, Effect)>) -> bool {
        let Mechanic::Off { off: off @ Off::Percent(_), .. } = candidate.campaign.mechanic else { return false };
        let Off::Percent(percent) = self.case.tendered(candidate.campaign, off) else { return false };
        let conventions = self.conventions(candidate);
        let by_line = matches!(conventions.rounded_per, RoundedPer::Adjustment | RoundedPer::Line);
        let free = |line: &usize| self.basket.lines.get(*line).is_none_or(|line| line.unit_floor(self.basket.currency) == 0);
        if !by_line
            || conventions.percent_of != PercentOf::Remainder
            || self.left(candidate).units < i64::MAX
            || self.left(candidate).uses <= 0
            || !candidate.lines.iter().all(free)
        {
            return false;
        }
        let (by, bit) = (By::Campaign(candidate.place), self.used_bit(candidate));
        let manner = Manner { leftover: conventions.leftover, unplaced: conventions.unplaced };
        let mut discount = 0_i64;
        let mut spots = std::mem::take(&mut self.spots);
        for line in &candidate.lines {
            self.basket.open_spots(std::slice::from_ref(line), bit, &mut spots);
            let minor = percent.of(self.basket.amount_of(&spots), conventions.rounding).unwrap_or(0);
            if minor > 0 {
                discount = discount.saturating_add(self.basket.spread_as(&spots, by, minor, manner));
                self.basket.mark(&spots, bit);
            }
        }
        self.spots = spots;
        if discount > 0 {
            let effect = Effect { place: candidate.place, times: 1, discount, added_worth: 0 };
            self.keep(candidate, effect, true, effects);
        } else {
            self.refuse(candidate.place, Reason::NothingToTakeOff);
        }
        true
    }

    /// Solves one component and puts what was found in place.
    fn solve<'k>(&mut self, component: &[&'k Candidate<'k>], effects: &mut Vec<(&'k Candidate<'k>, Effect)>) {
        if let [only] = component
            && self.percent_alone(only, effects)
        {
            return;
        }
        let mut found = self.attempt(component, &[]);
        for candidate in component {
            self.missing_units(candidate, &found.classes);
        }
        if let Some(uses) = self.beyond_common(component, &found) {
            let first = found.gain();
            found = self.attempt(component, &uses);
            self.proven = false;
            self.bound = self.bound.saturating_add(first.saturating_sub(found.gain()).max(0));
        }
        let Attempt { classes, contenders, solution, idle } = found;
        for (place, reason) in idle {
            self.refuse(place, reason);
        }
        let placed = self.place(&contenders, &classes, &solution);
        for contender in &contenders {
            let place = contender.candidate.place;
            match placed.iter().find(|effect| effect.place == place) {
                Some(effect) => self.keep(contender.candidate, *effect, contender.caps_are_known(), effects),
                None if contenders.len() > 1 => self.refuse(place, Reason::Outdone),
                None => self.refuse(place, Reason::NothingToTakeOff),
            }
        }
    }

    /// Keeps an effect as far as its caps allow. What goes beyond caps that the search did not know, or beyond a limit
    /// that others have used up since, might have been placed better.
    fn keep<'k>(
        &mut self,
        candidate: &'k Candidate<'k>,
        effect: Effect,
        caps_known: bool,
        effects: &mut Vec<(&'k Candidate<'k>, Effect)>,
    ) {
        let caps_known = caps_known && !self.others_used(candidate);
        let kept = self.within_caps(candidate, effect);
        let lost = effect.discount.saturating_sub(kept.map_or(0, |kept| kept.discount));
        if !caps_known && lost > 0 {
            self.proven = false;
            self.bound = self.bound.saturating_add(lost);
        }
        match kept {
            Ok(kept) => {
                self.use_common(candidate, &kept);
                effects.push((candidate, kept));
            }
            Err(reason) => self.refuse(candidate.place, reason),
        }
    }

    fn best(&mut self, contenders: &[Contender<'_>], classes: &[Class]) -> Solution {
        match contenders {
            [] => Solution::default(),
            [only] if only.fills_best(classes) => {
                self.step(classes.len());
                let mut solution = Solution::default();
                fill(0, only, classes, &mut Left::all(classes), &mut solution);
                solution
            }
            _ => {
                let by_worth = self.by_worth(contenders);
                let steps_left = self.steps_max.saturating_sub(self.steps);
                let found = search::search(contenders, classes, by_worth, steps_left);
                self.steps = self.steps.saturating_add(found.steps);
                if let Some(bound) = found.missing {
                    self.proven = false;
                    self.bound = self.bound.saturating_add(bound);
                }
                found.solution.without_idle(contenders, classes)
            }
        }
    }

    fn by_worth(&self, contenders: &[Contender<'_>]) -> bool {
        contenders.iter().any(|contender| {
            let campaign = contender.candidate.campaign;
            let program = self.case.revision.programs().get(campaign.program_place);
            program.is_some_and(|program| {
                program.groups.iter().any(|group| group.id == campaign.group && group.best_by == BestBy::MoneyAndWorth)
            })
        })
    }

    /// The best combination of a component, each of which may be used so often at most; nothing said: as its limits say.
    fn attempt<'k>(&mut self, component: &[&'k Candidate<'k>], uses_max: &[i64]) -> Attempt<'k> {
        let classes = self.classes_of(component, uses_max);
        let mut contenders: Vec<Contender<'k>> = Vec::with_capacity(component.len());
        let mut idle = Vec::new();
        for (place, candidate) in component.iter().enumerate() {
            match self.contender(candidate, &classes, uses_max.get(place).copied().unwrap_or(i64::MAX)) {
                Ok(contender) => contenders.push(contender),
                Err(reason) => idle.push((candidate.place, reason)),
            }
        }
        let solution = self.best(&contenders, &classes);
        Attempt { classes, contenders, solution, idle }
    }

    /// Where a combination uses more of a limit than several campaigns share: how often each may be used at most.
    fn beyond_common(&self, component: &[&Candidate<'_>], found: &Attempt<'_>) -> Option<Vec<i64>> {
        if found.contenders.len() < 2 || !self.shares_anything(component) {
            return None;
        }
        let brings = found.solution.brings(&found.contenders, &found.classes);
        let mut wanted: Vec<(&Candidate<'_>, i64, i64)> = found
            .contenders
            .iter()
            .zip(&brings)
            .map(|(contender, own)| (contender.candidate, uses_of(contender, *own), own.minor))
            .collect();
        // Who takes most off with each use comes first.
        let per_use = |minor: i64, uses: i64| i128::from(minor).saturating_mul(i128::from(uses.max(1)));
        wanted.sort_by(|(_, uses, minor), (_, other_uses, other)| per_use(*other, *uses).cmp(&per_use(*minor, *other_uses)));
        let wanted: Vec<(&Candidate<'_>, i64)> = wanted.into_iter().map(|(candidate, uses, _)| (candidate, uses)).collect();
        let given = self.shared_out(&wanted)?;
        let most = |candidate: &&Candidate<'_>| {
            let own = wanted.iter().zip(&given).find(|((known, _), _)| known.place == candidate.place);
            own.map_or(i64::MAX, |(_, uses)| *uses)
        };
        Some(component.iter().map(most).collect())
    }

    /// Puts campaigns that share a limit of uses into one component; whether there are any.
    fn join_by_limits(&self, level: &[&Candidate<'_>], numbers: &mut [usize]) -> bool {
        let mut joined = false;
        if !self.shares_anything(level) {
            return joined;
        }
        for (place, candidate) in level.iter().enumerate() {
            let before = level.iter().take(place).position(|other| self.share_uses(candidate, other));
            let Some(other) = before else { continue };
            let (a, b) = (numbers.get(other).copied().unwrap_or(place), numbers.get(place).copied().unwrap_or(place));
            let (least, most) = (a.min(b), a.max(b));
            numbers.iter_mut().filter(|number| **number == most).for_each(|number| *number = least);
            joined = true;
        }
        joined
    }

    /// The classes of the units that are open to some campaigns.
    fn classes_of(&mut self, component: &[&Candidate<'_>], uses_max: &[i64]) -> Vec<Class> {
        let bit = component.first().map_or(0, |candidate| self.used_bit(candidate));
        let mut spots = std::mem::take(&mut self.spots);
        let cuts = match component {
            [only] => {
                self.basket.open_spots(&only.lines, bit, &mut spots);
                self.cuts(only, &spots)
            }
            _ => {
                let mut lines: Vec<usize> = component.iter().flat_map(|candidate| candidate.lines.iter().copied()).collect();
                lines.sort_unstable();
                lines.dedup();
                self.basket.open_spots(&lines, bit, &mut spots);
                component.iter().flat_map(|candidate| self.cuts(candidate, &spots)).collect()
            }
        };
        let mut classes = classes(&self.basket, &spots, &cuts);
        for (place, candidate) in component.iter().enumerate() {
            self.cut_at_limits(candidate, &mut classes, uses_max.get(place).copied().unwrap_or(i64::MAX));
        }
        self.spots = spots;
        classes
    }

    /// What a set lacks of its next one.
    fn missing_units(&mut self, candidate: &Candidate<'_>, classes: &[Class]) {
        let Mechanic::Set { groups, gain } = &candidate.campaign.mechanic else { return };
        let needs = compile::needs(&self.conventions(candidate), groups, *gain);
        let mut counts: SmallVec<[i64; 4]> = SmallVec::new();
        for group in groups.iter().enumerate() {
            let meant = classes.iter().filter(|class| candidate.in_group(group, class.line, &self.basket));
            counts.push(meant.map(|class| class.units).fold(0, i64::saturating_add));
        }
        let complete = counts.iter().zip(&needs).filter_map(|(count, need)| count.checked_div(*need)).min().unwrap_or(0);
        let rests = || counts.iter().zip(&needs).map(|(count, need)| count.saturating_sub(complete.saturating_mul(*need)));
        if complete < self.left(candidate).uses && rests().any(|rest| rest > 0) {
            let lacking = rests().zip(&needs).map(|(rest, need)| need.saturating_sub(rest).max(0)).fold(0, i64::saturating_add);
            // Where one group alone lacks something, that is what is missing.
            let mut short =
                groups.iter().zip(rests().zip(&needs)).filter(|(_, (rest, need))| rest < *need).map(|(group, _)| group);
            let several = Selector::default();
            let of = match (short.next(), short.next()) {
                (Some(only), None) => only.on.as_ref().unwrap_or(&candidate.campaign.on),
                (Some(_), Some(_)) | (None, _) => &several,
            };
            self.near_miss(candidate, Missing::Units(u32::try_from(lacking).unwrap_or(u32::MAX)), of);
        }
    }

    /// Further ranks at which units of a run differ to a campaign.
    fn cuts(&self, candidate: &Candidate<'_>, spots: &[Spot]) -> Vec<(Spot, i64)> {
        let conventions = self.conventions(candidate);
        let own = || spots.iter().copied().filter(|(line, _)| candidate.lines.binary_search(line).is_ok());
        let price_cut = |price: UnitPrice, spot: Spot| ladder::price_cut(price, &self.basket, spot, &conventions);
        let mut cuts: Vec<(Spot, i64)> = Vec::new();
        if conventions.percent_of == PercentOf::Original {
            cuts.extend(own().filter_map(|spot| {
                let (line, run) = self.basket.run(spot)?;
                Some((spot, run.original().checked_rem(line.units(run))?))
            }));
        }
        match &candidate.campaign.mechanic {
            Mechanic::Off { off: Off::Price(price), .. }
            | Mechanic::Set { gain: Gain::Units { off: Off::Price(price), .. }, .. } => {
                cuts.extend(own().filter_map(|spot| price_cut(*price, spot)));
            }
            Mechanic::PriceList { prices } => cuts.extend(own().filter_map(|spot| {
                let sku = &self.basket.lines.get(spot.0)?.line.sku;
                let place = prices.binary_search_by(|(known, _)| known.cmp(sku)).ok()?;
                price_cut(prices.get(place)?.1, spot)
            })),
            Mechanic::Ladder { measured, marginal, steps } => {
                for step in steps {
                    if let Off::Price(price) = step.off {
                        cuts.extend(own().filter_map(|spot| price_cut(price, spot)));
                    }
                }
                if *marginal {
                    let spots: Vec<Spot> = own().collect();
                    cuts.extend(ladder::ladder_cuts(&self.basket, &spots, (*measured, steps), &conventions));
                }
            }
            Mechanic::Off { .. }
            | Mechanic::Set { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Spend { .. }
            | Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Count { .. }
            | Mechanic::Grant { .. }
            | Mechanic::Offer { .. } => {}
        }
        cuts
    }

    /// Where only the cheapest units are meant, the class at which the limit ends is divided there.
    fn cut_at_limits(&self, candidate: &Candidate<'_>, classes: &mut Vec<Class>, uses_max: i64) {
        let conventions = self.conventions(candidate);
        if conventions.limited_units != LimitedUnits::Cheapest {
            return;
        }
        // A seat takes so many units of a set; everything else takes one.
        let seats: SmallVec<[i64; 4]> = match &candidate.campaign.mechanic {
            Mechanic::Set { groups, gain } => compile::needs(&conventions, groups, *gain),
            Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Spend { .. }
            | Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Count { .. }
            | Mechanic::Grant { .. }
            | Mechanic::Offer { .. } => smallvec![1],
        };
        for (place, units) in seats.into_iter().enumerate() {
            let Ok(contender) = self.contender(candidate, classes, uses_max) else { return };
            let meant: Open = match &contender.kind {
                Kind::Each(parts) => parts.iter().map(|part| part.is_positive()).collect(),
                Kind::Sets(forms) => {
                    forms.first().and_then(|form| form.seats.get(place)).map(|seats| seats.open.clone()).unwrap_or_default()
                }
            };
            let mut left = contender.uses_left.saturating_mul(units);
            for class in (0..classes.len()).rev().filter(|class| meant.get(*class).copied().unwrap_or(false)).collect::<Vec<_>>()
            {
                let Some(own) = classes.get_mut(class).filter(|_| left > 0) else { break };
                if own.units > left {
                    let rest = Class { units: left, rank: own.rank.saturating_add(own.units.saturating_sub(left)), ..*own };
                    own.units = own.units.saturating_sub(left);
                    classes.insert(class.saturating_add(1), rest);
                    break;
                }
                left = left.saturating_sub(own.units);
            }
        }
    }
}

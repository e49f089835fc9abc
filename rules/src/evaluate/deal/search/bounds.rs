//! The most that a state may still reach.

use super::super::contender::Form;
use super::super::offs::Part;
use super::model::{Model, SCALE, Step};
use super::state::Entry;
use crate::money::Rounding;

impl Model<'_, '_> {
    /// Works out for each class the most that it and those after it may bring, roundings included: what is unlimited
    /// on every unit, and what limited contenders may bring beyond that on as many as they may use.
    pub(super) fn bound_all(&mut self) {
        let count = self.classes.len().saturating_add(1);
        let (mut suffix, mut units_left) = (vec![0_i64; count], vec![0_i64; count]);
        let mut more = vec![vec![0_i64; count]; self.contenders.len()];
        let (mut sum, mut units) = (0_i64, 0_i64);
        for (place, class) in self.classes.iter().enumerate().rev() {
            let best = self.steps(place).iter().filter(|step| !self.is_limited(step)).map(|step| self.share_of(step));
            let best = best.max().unwrap_or(0).max(0);
            sum = sum.saturating_add(best.saturating_mul(class.units));
            units = units.saturating_add(class.units);
            if let (Some(own), Some(left)) = (suffix.get_mut(place), units_left.get_mut(place)) {
                (*own, *left) = (sum.saturating_add(self.roundings(place)), units);
            }
            for own in &mut more {
                let after = own.get(place.saturating_add(1)).copied().unwrap_or(0);
                own.get_mut(place).into_iter().for_each(|own| *own = after);
            }
            for step in self.steps(place).iter().filter(|step| self.is_limited(step) && class.units > 0) {
                let own = more.get_mut(self.contender_of(step)).and_then(|own| own.get_mut(place));
                own.into_iter().for_each(|own| *own = (*own).max(self.share_of(step).saturating_sub(best)));
            }
        }
        (self.suffix, self.units_left, self.more) = (suffix, units_left, more);
    }

    fn share_of(&self, step: &Step) -> i64 {
        match step {
            Step::Each { share, .. } | Step::Seat { share, .. } => *share,
        }
    }

    fn contender_of(&self, step: &Step) -> usize {
        match step {
            Step::Each { contender, .. } => *contender,
            Step::Seat { flat, .. } => self.flats.get(*flat).map_or(usize::MAX, |flat| flat.contender),
        }
    }

    fn is_limited(&self, step: &Step) -> bool {
        self.contenders.get(self.contender_of(step)).is_some_and(|contender| contender.uses_left < i64::MAX)
    }

    /// The most that limited contenders may bring from a class on beyond what is unlimited.
    fn limited(&self, key: &[i64], class: usize) -> i64 {
        let units_left = self.units_left.get(class).copied().unwrap_or(0);
        let own = self.uses.iter().zip(self.contenders).zip(&self.more).filter_map(|((slot, contender), more)| {
            let used = key.get((*slot)?).copied().unwrap_or(0);
            let size = contender.forms().iter().map(Form::size).max().unwrap_or(1);
            let units = contender.uses_left.saturating_sub(used).saturating_mul(size).min(units_left);
            Some(units.saturating_mul(more.get(class).copied().unwrap_or(0)))
        });
        own.fold(0, i64::saturating_add)
    }

    /// The most that rounding may add from a class on: half a minor unit for each line and campaign, and for no more
    /// of them than the line has units.
    fn roundings(&self, place: usize) -> i64 {
        let mut halves = 0_i64;
        let mut of_lines: Vec<(usize, i64)> = Vec::new();
        for scope in self.scopes.iter().filter(|scope| scope.last >= place) {
            let down = self.contenders.get(scope.contender).is_some_and(|contender| contender.rounding() == Rounding::Down);
            match scope.line {
                _ if down => {}
                None => halves = halves.saturating_add(1),
                Some(line) => match of_lines.iter_mut().find(|(known, _)| *known == line) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => of_lines.push((line, 1)),
                },
            }
        }
        for (line, count) in of_lines {
            let units =
                self.classes.iter().filter(|class| class.line == line).map(|class| class.units).fold(0, i64::saturating_add);
            halves = halves.saturating_add(count.min(units));
        }
        halves.saturating_mul(SCALE.div_euclid(2))
    }

    /// The most that units from a class on may bring to a state, in parts of a minor unit.
    pub(super) fn bound(&self, key: &[i64], class: usize) -> i64 {
        self.suffix.get(class).copied().unwrap_or(0).saturating_add(self.limited(key, class))
    }

    /// The most that an entry may still reach, in parts of a minor unit.
    pub(super) fn most(&self, entry: &Entry, key: &[i64], class: usize) -> i64 {
        let reckoned = key.iter().skip(self.slots).copied().fold(0, i64::saturating_add);
        let mut held = 0_i64;
        for scope in self.scopes.iter().filter(|scope| scope.first <= class && class <= scope.last) {
            let minor = key.get(scope.slot).copied().unwrap_or(0).max(0);
            let part = Part { numerator: i128::from(minor), denominator: scope.denominator };
            held = held.saturating_add(part.scaled_up(SCALE));
        }
        let banked = entry.gain.saturating_mul(SCALE);
        banked.saturating_add(reckoned).saturating_add(held).saturating_add(self.bound(key, class))
    }

    /// Whether an entry may reach what is known, and every set begun may be completed by units from a class on.
    pub(super) fn can_reach(&self, entry: &Entry, key: &[i64], class: usize, least: i64) -> bool {
        if self.most(entry, key, class) < least.saturating_mul(SCALE) {
            return false;
        }
        self.flats.iter().zip(&self.seats_left).filter(|(flat, _)| !flat.paired && flat.first <= class && class <= flat.last).all(
            |(flat, left)| {
                let form = self.contenders.get(flat.contender).and_then(|contender| contender.forms().get(flat.form));
                let seats = form.map_or(&[][..], |form| form.seats.as_slice());
                let count = |seat: usize| key.get(flat.slot.saturating_add(seat)).copied().unwrap_or(0);
                let begun = seats.iter().enumerate().map(|(seat, seats)| {
                    count(seat).saturating_add(seats.units.saturating_sub(1)).checked_div(seats.units).unwrap_or(0)
                });
                let begun = begun.max().unwrap_or(0);
                seats.iter().enumerate().all(|(seat, seats)| {
                    let open = left.get(seat).and_then(|left| left.get(class)).copied().unwrap_or(0);
                    begun.saturating_mul(seats.units).saturating_sub(count(seat)) <= open
                })
            },
        )
    }
}

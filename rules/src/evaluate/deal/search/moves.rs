//! What a step does to a state.

use super::super::contender::{Contender, Paired, Sets, gained, paired_gain};
use super::super::offs::Part;
use super::super::solution::bit;
use super::model::{Flat, Model, SCALE, Step};
use super::replay::members_of;
use super::state::{Begun, Change, Entry, Partials};
use crate::money::{Rounding, divide};

/// A unit joined a set begun, or began one.
#[derive(Debug)]
pub(super) struct Joined {
    /// All sets begun now.
    pub(super) number: i64,
    pub(super) set: Begun,
    pub(super) complete: bool,
}

impl Model<'_, '_> {
    fn worth_in(&self, worth: i64) -> i64 {
        if self.by_worth { worth } else { 0 }
    }

    /// Adds a fraction to what is rounded together; whole pairs of minor units are banked, which leaves the fraction's
    /// rounding to the even neighbour as it is. Returns what was banked.
    fn bank(&self, key: &mut [i64], scope: usize, part: Part) -> i64 {
        let Some(scope) = self.scopes.get(scope) else { return 0 };
        let Some(held) = key.get_mut(scope.slot) else { return 0 };
        let pair = i128::from(scope.denominator).saturating_mul(2);
        let sum = i128::from(*held).saturating_add(part.numerator);
        *held = i64::try_from(sum.rem_euclid(pair)).unwrap_or(i64::MAX);
        i64::try_from(sum.div_euclid(pair)).unwrap_or(i64::MAX).saturating_mul(2)
    }

    /// As much of what a campaign gains as its caps leave, counted in the state. What it gained never shrinks.
    fn within_caps(&self, key: &mut [i64], (contender, line): (usize, Option<usize>), minor: i64) -> i64 {
        let mut gain = minor;
        for cap in self.caps.iter().filter(|cap| cap.contender == contender && (cap.line.is_none() || cap.line == line)) {
            let Some(held) = key.get_mut(cap.slot) else { continue };
            let now = held.saturating_add(gain).min(cap.most);
            gain = now.saturating_sub(*held);
            *held = now;
        }
        gain
    }

    /// Takes a step; false where it cannot be taken.
    pub(super) fn apply(&self, change: Option<Change<'_>>, step: &Step, class: usize, first: bool) -> bool {
        let Some(Change { key, entry }) = change else { return false };
        entry.units = entry.units.saturating_add(1);
        match *step {
            Step::Each { contender, part, scope, .. } => {
                entry.used |= bit(contender);
                let banked = match scope {
                    Some(scope) => self.bank(key, scope, part),
                    None => part.rounded(Rounding::Down),
                };
                let line = self.classes.get(class).map(|class| class.line);
                entry.gain = entry.gain.saturating_add(self.within_caps(key, (contender, line), banked));
                self.count_use(key, contender, 0)
            }
            Step::Seat { flat, seat, share } => self.sit(key, entry, (flat, seat, share), (class, first)),
        }
    }

    /// Counts one more use of a limited campaign; false beyond its limit. `begun` sets will be uses too.
    fn count_use(&self, key: &mut [i64], contender: usize, begun: i64) -> bool {
        let (Some(Some(slot)), Some(own)) = (self.uses.get(contender), self.contenders.get(contender)) else { return true };
        let Some(uses) = key.get_mut(*slot) else { return false };
        *uses = uses.saturating_add(1);
        uses.saturating_add(begun) <= own.uses_left
    }

    fn sit(
        &self,
        key: &mut [i64],
        entry: &mut Entry,
        (flat, seat, share): (usize, usize, i64),
        (class, first): (usize, bool),
    ) -> bool {
        let Some((flat, contender, form)) = self.form(flat) else { return false };
        let Some(seats) = form.seats.get(seat) else { return false };
        let slot = flat.slot.saturating_add(seat);
        let count = key.get(slot).copied().unwrap_or(0);
        if form.whole && count == 0 && !(first && class == flat.first) {
            return false;
        }
        entry.used |= bit(flat.contender);
        let position = count.rem_euclid(seats.units.max(1));
        let (mut gain, mut worth) = (0_i64, 0_i64);
        if seats.gained.contains(&position) {
            let part = form.each.get(class).copied().unwrap_or(Part::whole(0));
            worth = form.worth_each.get(class).copied().unwrap_or(0);
            let scope = self.scope_of(flat.contender, contender, class, part);
            gain = scope.map_or_else(|| part.rounded(Rounding::Down), |scope| self.bank(key, scope, part));
        }
        if let Some(count) = key.get_mut(slot) {
            *count = count.saturating_add(1);
        }
        let counts = flat.slot..flat.slot.saturating_add(form.seats.len());
        let full = |key: &[i64]| {
            let own = key.get(counts.clone()).unwrap_or(&[]);
            own.iter().zip(&form.seats).all(|(count, seats)| *count >= seats.units)
        };
        let complete = full(key);
        if complete {
            for (count, seats) in key.get_mut(counts.clone()).into_iter().flatten().zip(&form.seats) {
                *count = count.saturating_sub(seats.units);
            }
            gain = gain.saturating_add(form.complete);
            worth = worth.saturating_add(form.worth);
        }
        entry.worth = entry.worth.saturating_add(worth);
        let banked = gain.saturating_add(self.worth_in(worth));
        let gain = self.within_caps(key, (flat.contender, None), gain);
        entry.gain = entry.gain.saturating_add(gain).saturating_add(self.worth_in(worth));
        let own = key.get(counts.clone()).unwrap_or(&[]);
        let begun = own
            .iter()
            .zip(&form.seats)
            .map(|(count, seats)| count.saturating_add(seats.units.saturating_sub(1)).checked_div(seats.units).unwrap_or(0));
        let begun = begun.max().unwrap_or(0);
        if let Some(reckoned) = key.get_mut(self.slots.saturating_add(flat.slot)) {
            *reckoned = reckoned.saturating_add(share).saturating_sub(banked.saturating_mul(SCALE));
            if begun == 0 {
                *reckoned = 0;
            }
        }
        if complete { self.count_use(key, flat.contender, begun) } else { self.within_limit(key, flat.contender, begun) }
    }

    fn within_limit(&self, key: &[i64], contender: usize, begun: i64) -> bool {
        let (Some(Some(slot)), Some(own)) = (self.uses.get(contender), self.contenders.get(contender)) else { return true };
        key.get(*slot).is_some_and(|uses| uses.saturating_add(begun) <= own.uses_left)
    }

    fn scope_of(&self, number: usize, contender: &Contender<'_>, class: usize, part: Part) -> Option<usize> {
        if part.denominator == 1 {
            return None;
        }
        let line = contender.scope(self.classes.get(class)?);
        self.scopes.iter().position(|scope| (scope.contender, scope.line, scope.denominator) == (number, line, part.denominator))
    }

    /// The sets begun when a unit joins one of them, or begins one.
    pub(super) fn join_paired(
        &self,
        partials: &mut Partials,
        key: &[i64],
        (step, class): (&Step, usize),
        partial: Option<usize>,
    ) -> Option<Joined> {
        let Step::Seat { flat: number, seat, .. } = *step else { return None };
        let (_, _, form) = self.form(number)?;
        let mut sets: Vec<Begun> = partials.get(self.partials_of(key)).to_vec();
        let mut set = match partial {
            Some(place) => {
                // Equal sets begun are one choice.
                let same = place.checked_sub(1).and_then(|before| sets.get(before)) == sets.get(place);
                if same || sets.get(place)?.0 != number {
                    return None;
                }
                sets.remove(place)
            }
            None => (number, Vec::new()),
        };
        let seated = set.1.iter().filter(|(own, _)| *own == seat).count();
        let seats = form.seats.get(seat)?;
        if i64::try_from(seated).unwrap_or(i64::MAX) >= seats.units {
            return None;
        }
        // Where only gained units count it does not matter who sits on the other seats.
        let who = if form.paired == Some(Paired::Units) && seats.gained.is_empty() { usize::MAX } else { class };
        set.1.push((seat, who));
        set.1.sort_unstable();
        let complete = i64::try_from(set.1.len()).unwrap_or(i64::MAX) == form.size();
        if !complete {
            sets.push(set.clone());
        }
        Some(Joined { number: partials.number(sets), set, complete })
    }

    /// [`Self::apply`] for a unit that joined a set begun.
    pub(super) fn apply_paired(&self, change: Option<Change<'_>>, step: &Step, joined: &Joined) -> bool {
        let (Some(Change { key, entry }), Step::Seat { flat, share, .. }) = (change, *step) else { return false };
        let Some((flat, contender, form)) = self.form(flat) else { return false };
        entry.units = entry.units.saturating_add(1);
        entry.used |= bit(flat.contender);
        if let Some(held) = key.get_mut(self.partials) {
            *held = joined.number;
        }
        let mut banked = 0_i64;
        if joined.complete {
            let members = members_of(&joined.set.1);
            let mut minor = paired_gain(form, self.classes, &members, contender.manner());
            for (class, units) in gained(form, self.classes, &members) {
                let Some(part) = form.each.get(class) else { continue };
                let all = Part { numerator: part.times(units), ..*part };
                let scope = self.scope_of(flat.contender, contender, class, all);
                minor =
                    minor.saturating_add(scope.map_or_else(|| all.rounded(Rounding::Down), |scope| self.bank(key, scope, all)));
            }
            let sets = Sets { contender: flat.contender, form: flat.form, times: 1, members };
            let worth = super::super::solution::set_worth(&sets, form, self.classes);
            entry.worth = entry.worth.saturating_add(worth);
            banked = minor.saturating_add(self.worth_in(worth));
            let gain = self.within_caps(key, (flat.contender, None), minor);
            entry.gain = entry.gain.saturating_add(gain).saturating_add(self.worth_in(worth));
        }
        if let Some(reckoned) = key.get_mut(self.slots.saturating_add(self.partials)) {
            *reckoned = reckoned.saturating_add(share).saturating_sub(banked.saturating_mul(SCALE));
            if joined.number == 0 {
                *reckoned = 0;
            }
        }
        if joined.complete { self.count_use(key, flat.contender, 0) } else { true }
    }

    /// After a class: rounds what ends with it; false where a set stays incomplete.
    pub(super) fn close(&self, change: &mut Change<'_>, class: usize, last: bool) -> bool {
        if !last {
            return true;
        }
        for scope in self.scopes.iter().filter(|scope| scope.last == class) {
            let Some(held) = change.key.get_mut(scope.slot) else { continue };
            let rounding = self.contenders.get(scope.contender).map_or(Rounding::HalfUp, Contender::rounding);
            let minor = divide(i128::from(*held), i128::from(scope.denominator), rounding).unwrap_or(0);
            *held = 0;
            let gain = self.within_caps(change.key, (scope.contender, scope.line), minor);
            change.entry.gain = change.entry.gain.saturating_add(gain);
        }
        // A kind of set without a class left to sit in has no place in the state.
        let ends = |flat: &&Flat| flat.first <= class && flat.last == class && !flat.paired;
        for flat in self.flats.iter().filter(ends) {
            let seats = self.contenders.get(flat.contender).and_then(|contender| contender.forms().get(flat.form));
            let width = seats.map_or(0, |form| form.seats.len());
            let counts = change.key.get(flat.slot..flat.slot.saturating_add(width)).unwrap_or(&[]);
            if counts.iter().any(|count| *count != 0) {
                return false;
            }
        }
        let over = class.saturating_add(1) == self.classes.len();
        !over || self.partials_of(change.key) == 0
    }
}

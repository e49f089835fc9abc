//! Puts a combination in place: runs are divided where it treats units differently, and prices are lowered.

use std::collections::BTreeMap;

use crate::campaign::ShowAs;
use crate::conventions::Unplaced;
use crate::evaluate::basket::{By, Manner, Piece, Role, Spot};
use crate::evaluate::draft::{Draft, Effect};
use crate::mechanic::{Gain, Mechanic};
use crate::money::divide;

use super::contender::{Contender, Form, Kind, gained};
use super::solution::{Brings, Solution, set_worth};
use super::units::Class;

impl Draft<'_, '_> {
    /// Applies a combination; returns the effect of each contender that does something.
    pub(super) fn place(&mut self, contenders: &[Contender<'_>], classes: &[Class], solution: &Solution) -> Vec<Effect> {
        let brings = solution.brings(contenders, classes);
        let lines = self.cut(contenders, classes, solution);
        let mut effects = Vec::with_capacity(contenders.len());
        for (number, (contender, own)) in contenders.iter().zip(&brings).enumerate() {
            if own.minor <= 0 && own.worth <= 0 {
                continue;
            }
            let discount = match &contender.kind {
                Kind::Each(_) => self.place_each((number, contender), classes, solution, &lines),
                Kind::Sets(_) => self.place_sets((number, contender), classes, solution, (&lines, *own)),
            };
            assert!(discount == own.minor, "what is taken off is what the search found");
            effects.push(self.place_added((number, contender), classes, solution, *own));
            let own = self.basket.spots_of(&lines, number, &[Role::Each, Role::InSet, Role::Gained]);
            self.basket.mark(&own, self.used_bit(contender.candidate));
        }
        self.basket.settle(&lines);
        effects
    }

    /// Divides the runs of which only a part is used, or parts differently; returns the lines touched.
    fn cut(&mut self, contenders: &[Contender<'_>], classes: &[Class], solution: &Solution) -> Vec<usize> {
        // By class: how many units become whose, and what they are to them.
        let mut shares: BTreeMap<(usize, Role, usize), i64> = BTreeMap::new();
        let mut add = |class: usize, role: Role, owner: usize, units: i64| {
            let share = shares.entry((class, role, owner)).or_default();
            *share = share.saturating_add(units);
        };
        for taken in &solution.singles {
            add(taken.class, Role::Each, taken.contender, taken.units);
        }
        for sets in &solution.sets {
            let Some((contender, form)) = form_of(contenders, sets.contender, sets.form) else { continue };
            let mut cheaper = if stands_apart(contender) { gained(form, classes, &sets.members) } else { Vec::new() };
            cheaper.retain(|(class, _)| form.each.get(*class).is_some_and(|part| part.is_positive()));
            let earns = form.whole || matches!(contender.candidate.campaign.mechanic, Mechanic::ExtraUnits { .. });
            for member in &sets.members {
                add(
                    member.class,
                    if earns { Role::Each } else { Role::InSet },
                    sets.contender,
                    member.units.saturating_mul(sets.times),
                );
            }
            for (class, units) in cheaper {
                let units = units.saturating_mul(sets.times);
                add(class, Role::Gained, sets.contender, units);
                add(class, Role::InSet, sets.contender, units.saturating_neg());
            }
        }
        let mut pieces: BTreeMap<usize, Vec<Piece>> = BTreeMap::new();
        let mut rank: Option<(usize, i64)> = None;
        for ((number, role, owner), units) in shares.into_iter().filter(|(_, units)| *units > 0) {
            let Some(class) = classes.get(number) else { continue };
            let from = rank.filter(|(before, _)| *before == number).map_or(class.rank, |(_, next)| next);
            rank = Some((number, from.saturating_add(units)));
            assert!(from.saturating_add(units) <= class.rank.saturating_add(class.units), "no unit is used twice");
            pieces.entry(class.line).or_default().push(Piece { run: class.run, rank: from, units, role, owner });
        }
        for (line, pieces) in &pieces {
            self.basket.divide(*line, &joined(pieces));
        }
        pieces.into_keys().collect()
    }

    fn place_each(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        classes: &[Class],
        solution: &Solution,
        lines: &[usize],
    ) -> i64 {
        let by = By::Campaign(contender.candidate.place);
        let own = Solution {
            singles: solution.singles.iter().filter(|taken| taken.contender == number).copied().collect(),
            sets: Vec::new(),
        };
        let mut discount = 0_i64;
        // By line and run: the amount that its units bear by themselves, nothing where they bear a share.
        let mut sums: BTreeMap<Spot, i64> = BTreeMap::new();
        for taken in &own.singles {
            let (Some(class), Some(part)) = (classes.get(taken.class), contender.part(taken.class)) else { continue };
            let minor = if part.denominator == 1 { part.rounded(contender.rounding()) } else { 0 };
            let sum = sums.entry(class.spot()).or_default();
            *sum = sum.saturating_add(minor.saturating_mul(taken.units));
        }
        for line in lines {
            let spots = self.basket.spots_of(&[*line], number, &[Role::Each]);
            // Runs keep their order where a line is divided, and each has one piece of an owner.
            for (spot, (_, minor)) in spots.iter().zip(sums.range((*line, 0)..=(*line, usize::MAX))) {
                self.basket.lower(*spot, by, *minor);
                discount = discount.saturating_add(*minor);
            }
        }
        for ((_, scope, denominator), sum) in own.fractions_of(number, contender, classes) {
            if denominator == 1 {
                continue;
            }
            let minor = divide(sum, i128::from(denominator), contender.rounding()).unwrap_or(0);
            let of_line;
            let scope_lines = match scope {
                Some(line) => {
                    of_line = [line];
                    of_line.as_slice()
                }
                None => lines,
            };
            let spots: Vec<Spot> = self.basket.spots_of(scope_lines, number, &[Role::Each]);
            let manner = Manner { unplaced: Unplaced::Redistributed, ..contender.manner() };
            discount = discount.saturating_add(self.basket.spread_as(&spots, by, minor, manner));
        }
        discount
    }

    fn place_sets(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        classes: &[Class],
        solution: &Solution,
        (lines, own): (&[usize], Brings),
    ) -> i64 {
        let by = By::Campaign(contender.candidate.place);
        let manner = Manner { unplaced: Unplaced::Redistributed, ..contender.manner() };
        let sets = || solution.sets.iter().filter(|sets| sets.contender == number);
        if contender.forms().iter().any(|form| form.whole) {
            let mut discount = 0_i64;
            for (line, form) in sets().filter_map(|sets| {
                let line = classes.get(sets.members.first()?.class)?.line;
                Some((line, contender.forms().get(sets.form)?))
            }) {
                let spots = self.basket.spots_of(&[line], number, &[Role::Each]);
                discount = discount.saturating_add(self.basket.spread_as(&spots, by, form.complete, manner));
            }
            return discount;
        }
        if !stands_apart(contender) {
            let spots = self.basket.spots_of(lines, number, &[Role::Each, Role::InSet]);
            return self.basket.spread_as(&spots, by, own.minor, manner);
        }
        let mut sums: BTreeMap<Spot, i64> = BTreeMap::new();
        let mut kept = 0_i64;
        let keeps = contender.candidate.campaign.show_as == ShowAs::MinimumUnit;
        for sets in sets() {
            let Some(form) = contender.forms().get(sets.form) else { continue };
            for (number, units) in gained(form, classes, &sets.members) {
                let (Some(class), Some(part)) = (classes.get(number), form.each.get(number)) else { continue };
                if !part.is_positive() {
                    continue;
                }
                let units = units.saturating_mul(sets.times);
                let each = part.rounded(contender.rounding());
                let keep = i64::from(keeps && each == class.amount);
                let sum = sums.entry(class.spot()).or_default();
                *sum = sum.saturating_add(each.saturating_sub(keep).saturating_mul(units));
                kept = kept.saturating_add(keep.saturating_mul(units));
            }
        }
        let mut discount = 0_i64;
        for line in lines {
            let spots = self.basket.spots_of(&[*line], number, &[Role::Gained]);
            for (spot, (_, minor)) in spots.iter().zip(sums.range((*line, 0)..=(*line, usize::MAX))) {
                self.basket.lower(*spot, by, *minor);
                discount = discount.saturating_add(*minor);
            }
        }
        let paid = self.basket.spots_of(lines, number, &[Role::InSet]);
        discount.saturating_add(self.basket.spread_as(&paid, by, kept, manner))
    }

    /// Adds the units that a campaign adds and says what it did.
    fn place_added(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        classes: &[Class],
        solution: &Solution,
        own: Brings,
    ) -> Effect {
        let mut added: BTreeMap<usize, i64> = BTreeMap::new();
        for sets in solution.sets.iter().filter(|sets| sets.contender == number) {
            let Some(form) = contender.forms().get(sets.form).filter(|form| set_worth(sets, form, classes) > 0) else { continue };
            let units = added_units(contender, form, classes, sets);
            for (line, units) in units {
                let sum = added.entry(line).or_default();
                *sum = sum.saturating_add(units.saturating_mul(sets.times));
            }
        }
        let mut worth = 0_i64;
        for (line, units) in added {
            worth = worth.saturating_add(self.add_units(contender.candidate, line, units));
        }
        let once = matches!(contender.kind, Kind::Each(_)) && !counts_units(contender);
        let times = if once { 1 } else { own.times };
        Effect { place: contender.candidate.place, times, discount: own.minor, added_worth: worth }
    }
}

impl Solution {
    fn fractions_of(
        &self,
        number: usize,
        contender: &Contender<'_>,
        classes: &[Class],
    ) -> BTreeMap<(usize, Option<usize>, i64), i128> {
        let mut sums: BTreeMap<(usize, Option<usize>, i64), i128> = BTreeMap::new();
        for taken in &self.singles {
            let (Some(class), Some(part)) = (classes.get(taken.class), contender.part(taken.class)) else { continue };
            let sum = sums.entry((number, contender.scope(class), part.denominator)).or_default();
            *sum = sum.saturating_add(part.times(taken.units));
        }
        sums
    }
}

/// Whether a use of the campaign is one unit.
fn counts_units(contender: &Contender<'_>) -> bool {
    match &contender.candidate.campaign.mechanic {
        Mechanic::Off { off, .. } => !matches!(off, crate::mechanic::Off::Percent(_)),
        Mechanic::PriceList { .. } => true,
        Mechanic::Ladder { .. }
        | Mechanic::Set { .. }
        | Mechanic::ExtraUnits { .. }
        | Mechanic::Spend { .. }
        | Mechanic::Points { .. }
        | Mechanic::Multiply { .. }
        | Mechanic::Count { .. }
        | Mechanic::Grant { .. }
        | Mechanic::Offer { .. } => false,
    }
}

fn form_of<'k, 'c>(contenders: &'k [Contender<'c>], contender: usize, form: usize) -> Option<(&'k Contender<'c>, &'k Form)> {
    let contender = contenders.get(contender)?;
    Some((contender, contender.forms().get(form)?))
}

/// Whether what a set gains stands on its gained units alone; else it lies on all of its units in proportion.
fn stands_apart(contender: &Contender<'_>) -> bool {
    let campaign = contender.candidate.campaign;
    matches!(campaign.mechanic, Mechanic::Set { gain: Gain::Units { .. }, .. }) && campaign.show_as != ShowAs::Spread
}

/// The units that one set adds, by line.
fn added_units(contender: &Contender<'_>, form: &Form, classes: &[Class], sets: &super::contender::Sets) -> Vec<(usize, i64)> {
    let line = |class: usize| classes.get(class).map_or(0, |class| class.line);
    match &contender.candidate.campaign.mechanic {
        Mechanic::ExtraUnits { add, .. } => sets.members.first().map(|member| (line(member.class), *add)).into_iter().collect(),
        Mechanic::Set { gain: Gain::Units { units, .. }, .. } => gained(form, classes, &sets.members)
            .into_iter()
            .map(|(class, times)| (line(class), times.saturating_mul(*units)))
            .collect(),
        Mechanic::Set { .. }
        | Mechanic::Off { .. }
        | Mechanic::PriceList { .. }
        | Mechanic::Ladder { .. }
        | Mechanic::Spend { .. }
        | Mechanic::Points { .. }
        | Mechanic::Multiply { .. }
        | Mechanic::Count { .. }
        | Mechanic::Grant { .. }
        | Mechanic::Offer { .. } => Vec::new(),
    }
}

/// Pieces of one run, role and owner that follow one another, as one.
fn joined(pieces: &[Piece]) -> Vec<Piece> {
    let mut sorted = pieces.to_vec();
    sorted.sort_by_key(|piece| (piece.run, piece.role, piece.owner, piece.rank));
    let mut joined: Vec<Piece> = Vec::with_capacity(sorted.len());
    for piece in sorted {
        let follows = joined.last_mut().filter(|last| {
            (last.run, last.role, last.owner) == (piece.run, piece.role, piece.owner)
                && last.rank.saturating_add(last.units) == piece.rank
        });
        match follows {
            Some(last) => last.units = last.units.saturating_add(piece.units),
            None => joined.push(piece),
        }
    }
    joined
}

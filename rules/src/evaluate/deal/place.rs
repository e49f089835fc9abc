//! Puts a combination in place: runs are divided where it treats units differently, and prices are lowered.

use smallvec::SmallVec;

use crate::campaign::ShowAs;
use crate::conventions::Unplaced;
use crate::evaluate::basket::{Basket, By, Manner, Piece, Role, Spot};
use crate::evaluate::draft::{Draft, Effect};
use crate::mechanic::{Gain, Mechanic};

use super::contender::{Contender, Form, Kind, gained};
use super::solution::{Brings, Fraction, Solution, set_worth};
use super::units::Class;

/// A class, what its units become, and whose.
type Share = (usize, Role, usize);

/// Minor units by run.
type Sums = SmallVec<[(Spot, i64); 4]>;

impl<'a> Draft<'a, '_> {
    /// Applies a combination; returns the effect of each contender that does something.
    pub(super) fn place(&mut self, contenders: &[Contender<'_>], classes: &[Class], solution: &Solution) -> Vec<Effect> {
        let fractions = solution.fractions(contenders, classes);
        let brings = solution.brings_with(&fractions, contenders, classes);
        let mut lines: SmallVec<[usize; 4]> = SmallVec::new();
        self.cut(contenders, classes, solution, &mut lines);
        let mut effects = Vec::with_capacity(contenders.len());
        for (number, (contender, own)) in contenders.iter().zip(&brings).enumerate() {
            if own.minor <= 0 && own.worth <= 0 {
                continue;
            }
            let discount = match &contender.kind {
                Kind::Each(_) => self.place_each((number, contender), (classes, solution, &fractions), &lines),
                Kind::Sets(_) => self.place_sets((number, contender), (classes, solution, &fractions), (&lines, *own)),
            };
            assert!(discount == own.minor, "what is taken off is what the search found");
            effects.push(self.place_added((number, contender), classes, solution, *own));
            let used = self.used_bit(contender.candidate);
            self.with_spots(&lines, number, &[Role::Each, Role::InSet, Role::Gained], |basket, own| basket.mark(own, used));
        }
        self.basket.settle(&lines);
        effects
    }

    /// Divides the runs of which only a part is used, or parts differently; `lines` are those touched.
    fn cut(&mut self, contenders: &[Contender<'_>], classes: &[Class], solution: &Solution, lines: &mut SmallVec<[usize; 4]>) {
        // How many units of a class become whose, and what they are to them.
        let mut shares: SmallVec<[(Share, i64); 8]> = SmallVec::new();
        for taken in &solution.singles {
            shares.push(((taken.class, Role::Each, taken.contender), taken.units));
        }
        for sets in &solution.sets {
            let Some((contender, form)) = form_of(contenders, sets.contender, sets.form) else { continue };
            let earns = form.whole || matches!(contender.candidate.campaign.mechanic, Mechanic::ExtraUnits { .. });
            let role = if earns { Role::Each } else { Role::InSet };
            for member in &sets.members {
                shares.push(((member.class, role, sets.contender), member.units.saturating_mul(sets.times)));
            }
            if !stands_apart(contender) {
                continue;
            }
            for (class, units) in gained(form, classes, &sets.members) {
                if !form.each.get(class).is_some_and(|part| part.is_positive()) {
                    continue;
                }
                let units = units.saturating_mul(sets.times);
                shares.push(((class, Role::Gained, sets.contender), units));
                shares.push(((class, Role::InSet, sets.contender), units.saturating_neg()));
            }
        }
        shares.sort_unstable();
        let mut pieces: SmallVec<[(usize, Piece); 4]> = SmallVec::new();
        let mut taken = (usize::MAX, 0_i64);
        for same in shares.chunk_by(|a, b| a.0 == b.0) {
            let units = same.iter().map(|(_, units)| *units).fold(0, i64::saturating_add);
            let Some((number, role, owner)) = same.first().map(|share| share.0).filter(|_| units > 0) else { continue };
            let Some(class) = classes.get(number) else { continue };
            let before = if taken.0 == number { taken.1 } else { 0 };
            taken = (number, before.saturating_add(units));
            assert!(taken.1 <= class.units, "no unit is used twice");
            let rank = class.rank.saturating_add(before);
            pieces.push((class.line, Piece { run: class.run, rank, units, role, owner }));
        }
        pieces.sort_unstable_by_key(|(line, piece)| (*line, piece.run, piece.role, piece.owner, piece.rank));
        for own in pieces.chunk_by(|a, b| a.0 == b.0) {
            if let Some((line, _)) = own.first() {
                self.basket.divide(*line, &joined(own));
                lines.push(*line);
            }
        }
    }

    /// The runs of some lines that became an owner's in one of some roles, and the basket to change them in.
    fn with_spots<T>(
        &mut self,
        lines: &[usize],
        owner: usize,
        roles: &[Role],
        act: impl FnOnce(&mut Basket<'a>, &[Spot]) -> T,
    ) -> T {
        let mut spots = std::mem::take(&mut self.spots);
        self.basket.spots_of(lines, owner, roles, &mut spots);
        let done = act(&mut self.basket, &spots);
        self.spots = spots;
        done
    }

    /// Takes amounts off runs, given by where they were before their lines were divided: runs keep their order, and each
    /// has one piece of an owner.
    fn lower_runs(&mut self, by: By, owner: usize, (role, lines): (Role, &[usize]), mut sums: Sums) -> i64 {
        sums.sort_unstable();
        self.with_spots(lines, owner, &[role], |basket, spots| {
            let mut discount = 0_i64;
            let mut runs = sums.chunk_by(|a, b| a.0 == b.0);
            for spot in spots {
                let minor = runs.next().unwrap_or(&[]).iter().map(|(_, minor)| *minor).fold(0, i64::saturating_add);
                basket.lower(*spot, by, minor);
                discount = discount.saturating_add(minor);
            }
            discount
        })
    }

    fn place_each(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        (classes, solution, fractions): (&[Class], &Solution, &[Fraction]),
        lines: &[usize],
    ) -> i64 {
        let by = By::Campaign(contender.candidate.place);
        let own = || solution.singles.iter().filter(|taken| taken.contender == number);
        let mut discount = 0_i64;
        // By line and run: the amount that its units bear by themselves, nothing where they bear a share.
        let mut sums = Sums::new();
        for taken in own() {
            let (Some(class), Some(part)) = (classes.get(taken.class), contender.part(taken.class)) else { continue };
            let minor = if part.denominator == 1 { part.rounded(contender.rounding()) } else { 0 };
            sums.push((class.spot(), minor.saturating_mul(taken.units)));
        }
        discount = discount.saturating_add(self.lower_runs(by, number, (Role::Each, lines), sums));
        discount.saturating_add(self.place_fractions((number, contender), fractions, (Role::Each, lines)))
    }

    /// Takes off what is rounded together, over the runs on which it lies.
    fn place_fractions(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        fractions: &[Fraction],
        (role, lines): (Role, &[usize]),
    ) -> i64 {
        let by = By::Campaign(contender.candidate.place);
        let mut discount = 0_i64;
        for fraction in fractions.iter().filter(|fraction| fraction.contender == number && fraction.denominator > 1) {
            let minor = fraction.rounded(contender.rounding());
            let of_line;
            let scope_lines = match fraction.scope {
                Some(line) => {
                    of_line = [line];
                    of_line.as_slice()
                }
                None => lines,
            };
            let manner = Manner { unplaced: Unplaced::Redistributed, ..contender.manner() };
            let spread =
                self.with_spots(scope_lines, number, &[role], |basket, spots| basket.spread_as(spots, by, minor, manner));
            discount = discount.saturating_add(spread);
        }
        discount
    }

    fn place_sets(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        (classes, solution, fractions): (&[Class], &Solution, &[Fraction]),
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
                let minor = form.complete;
                let spread =
                    self.with_spots(&[line], number, &[Role::Each], |basket, spots| basket.spread_as(spots, by, minor, manner));
                discount = discount.saturating_add(spread);
            }
            return discount;
        }
        if !stands_apart(contender) {
            let roles = [Role::Each, Role::InSet];
            return self.with_spots(lines, number, &roles, |basket, spots| basket.spread_as(spots, by, own.minor, manner));
        }
        let mut sums = Sums::new();
        let mut kept = 0_i64;
        let keeps = contender.candidate.campaign.show_as == ShowAs::MinimumUnit;
        for sets in sets() {
            let Some(form) = contender.forms().get(sets.form) else { continue };
            for (place, units) in gained(form, classes, &sets.members) {
                let (Some(class), Some(part)) = (classes.get(place), form.each.get(place)) else { continue };
                if !part.is_positive() {
                    continue;
                }
                let units = units.saturating_mul(sets.times);
                let each = if part.denominator == 1 { part.rounded(contender.rounding()) } else { 0 };
                let keep = i64::from(keeps && each == class.amount);
                sums.push((class.spot(), each.saturating_sub(keep).saturating_mul(units)));
                kept = kept.saturating_add(keep.saturating_mul(units));
            }
        }
        let mut discount = self.lower_runs(by, number, (Role::Gained, lines), sums);
        discount = discount.saturating_add(self.place_fractions((number, contender), fractions, (Role::Gained, lines)));
        if kept == 0 {
            return discount;
        }
        let spread = self.with_spots(lines, number, &[Role::InSet], |basket, paid| basket.spread_as(paid, by, kept, manner));
        discount.saturating_add(spread)
    }

    /// Adds the units that a campaign adds and says what it did.
    fn place_added(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        classes: &[Class],
        solution: &Solution,
        own: Brings,
    ) -> Effect {
        let mut added: SmallVec<[(usize, i64); 4]> = SmallVec::new();
        for sets in solution.sets.iter().filter(|sets| sets.contender == number) {
            let Some(form) = contender.forms().get(sets.form).filter(|form| set_worth(sets, form, classes) > 0) else { continue };
            let units = added_units(contender, form, classes, sets);
            added.extend(units.into_iter().map(|(line, units)| (line, units.saturating_mul(sets.times))));
        }
        added.sort_unstable();
        let mut worth = 0_i64;
        for own in added.chunk_by(|a, b| a.0 == b.0) {
            let units = own.iter().map(|(_, units)| *units).fold(0, i64::saturating_add);
            let Some((line, _)) = own.first() else { continue };
            worth = worth.saturating_add(self.add_units(contender.candidate, *line, units));
        }
        let times = uses_of(contender, own);
        Effect { place: contender.candidate.place, times, discount: own.minor, added_worth: worth }
    }
}

/// How often a campaign counts as used by what it brings.
pub(super) fn uses_of(contender: &Contender<'_>, own: Brings) -> i64 {
    let once = matches!(contender.kind, Kind::Each(_)) && !counts_units(contender);
    if once { i64::from(own.times > 0) } else { own.times }
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
fn added_units(
    contender: &Contender<'_>,
    form: &Form,
    classes: &[Class],
    sets: &super::contender::Sets,
) -> SmallVec<[(usize, i64); 4]> {
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
        | Mechanic::Offer { .. } => SmallVec::new(),
    }
}

/// Pieces in order, those of one run, role and owner that follow one another as one.
fn joined(pieces: &[(usize, Piece)]) -> SmallVec<[Piece; 4]> {
    let mut joined: SmallVec<[Piece; 4]> = SmallVec::new();
    for (_, piece) in pieces {
        let follows = joined.last_mut().filter(|last| {
            (last.run, last.role, last.owner) == (piece.run, piece.role, piece.owner)
                && last.rank.saturating_add(last.units) == piece.rank
        });
        match follows {
            Some(last) => last.units = last.units.saturating_add(piece.units),
            None => joined.push(*piece),
        }
    }
    joined
}

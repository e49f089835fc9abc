//! A combination of applications and what it is worth, by the definition alone.

use std::cmp::Reverse;

use smallvec::SmallVec;

use crate::money::{Rounding, divide};

use super::contender::{Contender, Kind, Sets, gained, paired_gain};
use super::units::Class;

/// Units that a campaign takes one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Singles {
    pub(super) contender: usize,
    pub(super) class: usize,
    pub(super) units: i64,
}

/// How good a combination is; the greater the better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Score {
    /// How much less is due, with the worth of what is added where the group says so.
    pub(super) gain: i64,
    /// What is added.
    pub(super) worth: i64,
    pub(super) fewer: Reverse<u32>,
    /// The campaigns by id, first first.
    pub(super) first: u128,
}

impl Score {
    pub(super) const NOTHING: Self = Self { gain: 0, worth: 0, fewer: Reverse(0), first: 0 };

    pub(super) fn of(gain: i64, worth: i64, used: u128) -> Self {
        Self { gain, worth, fewer: Reverse(used.count_ones()), first: used.reverse_bits() }
    }
}

/// The mark of a campaign among those used.
pub(super) fn bit(contender: usize) -> u128 {
    1_u128.rotate_left(u32::try_from(contender.min(127)).unwrap_or(127))
}

/// A combination: no unit is in it twice.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Solution {
    pub(super) singles: Vec<Singles>,
    pub(super) sets: Vec<Sets>,
}

/// What one campaign brings in a combination.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Brings {
    pub(super) times: i64,
    pub(super) minor: i64,
    pub(super) worth: i64,
}

/// A sum of fractions that are rounded together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fraction {
    pub(super) contender: usize,
    /// The line that they lie on; none: all that the campaign takes.
    pub(super) scope: Option<usize>,
    pub(super) denominator: i64,
    pub(super) numerator: i128,
}

impl Fraction {
    fn is_with(&self, other: &Self) -> bool {
        (self.contender, self.scope, self.denominator) == (other.contender, other.scope, other.denominator)
    }

    pub(super) fn rounded(&self, rounding: Rounding) -> i64 {
        divide(self.numerator, i128::from(self.denominator), rounding).unwrap_or(0)
    }
}

impl Solution {
    /// Fractions that campaigns' units bring, summed over what is rounded together.
    pub(super) fn fractions(&self, contenders: &[Contender<'_>], classes: &[Class]) -> SmallVec<[Fraction; 4]> {
        let mut sums: SmallVec<[Fraction; 4]> = SmallVec::new();
        let mut add = |number: usize, contender: &Contender<'_>, class: &Class, part: super::offs::Part, units: i64| {
            if !part.is_positive() {
                return;
            }
            let numerator = part.times(units);
            let own = Fraction { contender: number, scope: contender.scope(class), denominator: part.denominator, numerator };
            match sums.iter_mut().rev().find(|sum| sum.is_with(&own)) {
                Some(sum) => sum.numerator = sum.numerator.saturating_add(numerator),
                None => sums.push(own),
            }
        };
        for taken in &self.singles {
            let (Some(contender), Some(class)) = (contenders.get(taken.contender), classes.get(taken.class)) else { continue };
            if let Some(part) = contender.part(taken.class) {
                add(taken.contender, contender, class, part, taken.units);
            }
        }
        for sets in &self.sets {
            let Some(contender) = contenders.get(sets.contender) else { continue };
            let Some(form) = contender.forms().get(sets.form) else { continue };
            for (place, units) in gained(form, classes, &sets.members) {
                let (Some(class), Some(part)) = (classes.get(place), form.each.get(place)) else { continue };
                add(sets.contender, contender, class, *part, units.saturating_mul(sets.times));
            }
        }
        sums
    }

    /// The marks of the campaigns in it.
    pub(super) fn used(&self) -> u128 {
        let singles = self.singles.iter().map(|taken| taken.contender);
        singles.chain(self.sets.iter().map(|sets| sets.contender)).fold(0, |used, contender| used | bit(contender))
    }

    /// What each campaign brings.
    pub(super) fn brings(&self, contenders: &[Contender<'_>], classes: &[Class]) -> SmallVec<[Brings; 4]> {
        self.brings_with(&self.fractions(contenders, classes), contenders, classes)
    }

    /// [`Self::brings`], its fractions known.
    pub(super) fn brings_with(
        &self,
        fractions: &[Fraction],
        contenders: &[Contender<'_>],
        classes: &[Class],
    ) -> SmallVec<[Brings; 4]> {
        let mut brings: SmallVec<[Brings; 4]> = SmallVec::new();
        brings.resize(contenders.len(), Brings::default());
        for fraction in fractions {
            let number = fraction.contender;
            let (Some(own), Some(contender)) = (brings.get_mut(number), contenders.get(number)) else { continue };
            own.minor = own.minor.saturating_add(fraction.rounded(contender.rounding()));
        }
        for taken in &self.singles {
            if let Some(own) = brings.get_mut(taken.contender) {
                own.times = own.times.saturating_add(taken.units);
            }
        }
        for sets in &self.sets {
            let (Some(own), Some(contender)) = (brings.get_mut(sets.contender), contenders.get(sets.contender)) else { continue };
            let Some(form) = contender.forms().get(sets.form) else { continue };
            own.times = own.times.saturating_add(sets.times);
            let minor = paired_gain(form, classes, &sets.members, contender.manner()).saturating_mul(sets.times);
            own.minor = own.minor.saturating_add(minor);
            own.worth = own.worth.saturating_add(set_worth(sets, form, classes).saturating_mul(sets.times));
        }
        brings
    }

    /// What a campaign brings less what is beyond its caps.
    fn within_caps(&self, (number, minor): (usize, i64), contenders: &[Contender<'_>], classes: &[Class]) -> i64 {
        let Some(contender) = contenders.get(number).filter(|contender| !contender.most_off.is_unlimited()) else {
            return minor;
        };
        if !contender.counts_lines() {
            return minor.min(contender.most_off.in_all);
        }
        let mut lines: Vec<(Option<usize>, i64)> = Vec::new();
        for fraction in self.fractions(contenders, classes).iter().filter(|fraction| fraction.contender == number) {
            lines.push((fraction.scope, fraction.rounded(contender.rounding())));
        }
        lines.sort_unstable();
        let sums = lines.chunk_by(|a, b| a.0 == b.0).map(|own| own.iter().map(|(_, minor)| *minor).fold(0, i64::saturating_add));
        sums.map(|sum| sum.min(contender.most_off.per_line)).fold(0, i64::saturating_add).min(contender.most_off.in_all)
    }

    pub(super) fn score(&self, contenders: &[Contender<'_>], classes: &[Class], by_worth: bool) -> Score {
        let (mut minor, mut worth, mut used) = (0_i64, 0_i64, 0_u128);
        for (number, own) in self.brings(contenders, classes).iter().enumerate() {
            let own = Brings { minor: self.within_caps((number, own.minor), contenders, classes), ..*own };
            minor = minor.saturating_add(own.minor);
            worth = worth.saturating_add(own.worth);
            if own.minor > 0 || own.worth > 0 {
                used |= bit(number);
            }
        }
        Score::of(if by_worth { minor.saturating_add(worth) } else { minor }, worth, used)
    }

    /// Without what brings nothing: sets that lower nothing and add nothing, and campaigns that do so in all.
    pub(super) fn without_idle(mut self, contenders: &[Contender<'_>], classes: &[Class]) -> Self {
        self.sets.retain(|sets| {
            let Some(contender) = contenders.get(sets.contender) else { return false };
            let Some(form) = contender.forms().get(sets.form) else { return false };
            let fraction = gained(form, classes, &sets.members)
                .iter()
                .any(|(class, _)| form.each.get(*class).is_some_and(|part| part.is_positive() && !part.is_whole()));
            fraction || set_minor(sets, contender, classes) > 0 || set_worth(sets, form, classes) > 0
        });
        let brings = self.brings(contenders, classes);
        let idle = |number: usize| brings.get(number).is_none_or(|own| own.minor <= 0 && own.worth <= 0);
        self.sets.retain(|sets| !idle(sets.contender));
        self.singles.retain(|taken| !idle(taken.contender));
        self
    }
}

/// What one of some equal sets takes off, its fractions rounded down.
fn set_minor(sets: &Sets, contender: &Contender<'_>, classes: &[Class]) -> i64 {
    let Kind::Sets(forms) = &contender.kind else { return 0 };
    let Some(form) = forms.get(sets.form) else { return 0 };
    let base = paired_gain(form, classes, &sets.members, contender.manner());
    let parts = gained(form, classes, &sets.members).into_iter().filter_map(|(class, units)| {
        let part = form.each.get(class)?;
        divide(part.times(units), i128::from(part.denominator), Rounding::Down)
    });
    parts.fold(base, i64::saturating_add)
}

/// What one of some equal sets adds.
pub(super) fn set_worth(sets: &Sets, form: &super::contender::Form, classes: &[Class]) -> i64 {
    if form.worth_each.is_empty() {
        return form.worth;
    }
    let each = gained(form, classes, &sets.members)
        .into_iter()
        .filter_map(|(class, units)| Some(form.worth_each.get(class)?.saturating_mul(units)));
    each.fold(form.worth, i64::saturating_add)
}

//! Many equal units: all but a core of them go to what brings most on them alone.
//!
//! Let `best` be what brings most a unit of a class by itself, sets of `take` units, without a limit. Sets of another use
//! that lie within the class can be replaced by as many units in `best` sets. Of fractions that are rounded together at
//! least the whole minor units are gained by which the one sum grows, and at most as many are lost as the other shrinks by,
//! rounded up; where rounding goes half up or down, that is so whatever else is in the sums. So there is a number of sets
//! from which on the exchange brings more whatever rounding does, and every best combination has fewer than that of every
//! other use, and fewer such units that nobody uses; besides them only sets that need units of other classes, of which there
//! are no more than such units. What is beyond that core is in `best` sets. Where `best` is hardly ahead of another, the
//! core is large.
//!
//! Where `best` is ahead by more than rounding can make up for, a smaller core does: count a set of any other use, and a
//! unit that nobody uses, as one thing. Of `take` things some have a multiple of `take` units together (their sums from
//! the first on leave a rest twice), and those units bring at least as much in `best` sets. So some best combination
//! has fewer than `take` things. Nor is there one that gains as much with fewer campaigns, without `best`.

use std::cmp::Ordering;

use super::super::contender::{Contender, Form, Kind, Member, Members, Sets, gained, paired_gain};
use super::super::offs::Part;
use super::super::solution::{Singles, Solution, set_worth};
use super::super::units::Class;
use crate::money::Rounding;

/// So many sizes of an exchange are looked at one by one.
const EXCHANGES_MAX: i64 = 64;

/// One way to use units of a class by themselves.
#[derive(Clone, Debug)]
struct Use {
    contender: usize,
    /// None: units one by one.
    form: Option<usize>,
    take: i64,
    /// What a set brings, and what it adds.
    brings: Part,
    worth: i64,
    uses_left: i64,
    /// What is rounded to even neighbours may lose by growing.
    even: bool,
}

impl Use {
    /// Compares what both bring a unit.
    fn per_unit(&self, other: &Self) -> Ordering {
        let minor = |own: &Self, than: &Self| {
            let factor = i128::from(than.brings.denominator).saturating_mul(i128::from(than.take));
            own.brings.numerator.saturating_mul(factor)
        };
        let worth = |own: &Self, than: &Self| own.worth.saturating_mul(than.take);
        minor(self, other).cmp(&minor(other, self)).then_with(|| worth(self, other).cmp(&worth(other, self)))
    }

    /// How much more it brings on so many units than `other` does, in parts of a minor unit; and the parts.
    fn lead(&self, other: &Self, units: i64) -> (i128, i128) {
        let own = i128::from(self.brings.denominator).saturating_mul(i128::from(self.take));
        let than = i128::from(other.brings.denominator).saturating_mul(i128::from(other.take));
        let lead = self.brings.numerator.saturating_mul(than).saturating_sub(other.brings.numerator.saturating_mul(own));
        (lead.saturating_mul(i128::from(units)), own.saturating_mul(than))
    }

    /// Whether on the units of one of the other's sets it brings more by what rounding both may change, and on `units`
    /// units of the class by more than all `uses` of it, each rounded by itself, and its own last set can make up for.
    fn is_ahead(&self, other: &Self, units: i64, uses: usize) -> bool {
        let (on_a_set, minor) = self.lead(other, other.take);
        let (on_all, _) = self.lead(other, units);
        let last_set = self.brings.scaled_up(1);
        let slack = i128::from(last_set).saturating_add(i128::try_from(uses).unwrap_or(i128::MAX)).saturating_add(2);
        on_a_set >= minor.saturating_mul(2) && on_all > minor.saturating_mul(slack)
    }

    /// A unit that nobody uses.
    fn nothing(&self) -> Self {
        Self { take: 1, brings: Part::whole(0), worth: 0, ..self.clone() }
    }

    /// How many sets of a use that brings less are too many: as many units in sets of this one bring more, whatever
    /// rounding does to both.
    fn outdoes(&self, other: &Self) -> i64 {
        let common = gcd(i128::from(self.take), i128::from(other.take));
        let of = |take: i64| i64::try_from(i128::from(take).checked_div(common).unwrap_or(1)).unwrap_or(i64::MAX);
        // So many of this one have as many units as so many of the other.
        let (own_sets, other_sets) = (of(other.take), of(self.take));
        let gains = |times: &i64| {
            let own = Part { numerator: self.brings.times(own_sets.saturating_mul(*times)), ..self.brings };
            let than = Part { numerator: other.brings.times(other_sets.saturating_mul(*times)), ..other.brings };
            let (gained, lost) = (own.rounded(Rounding::Down), than.scaled_up(1));
            // What brings less and not less money adds less.
            gained > lost || (gained == lost && self.lead(other, 1).0 == 0)
        };
        let (lead, minor) = self.lead(other, own_sets.saturating_mul(self.take));
        let times = (1..=EXCHANGES_MAX).find(gains).unwrap_or_else(|| {
            // Two whole minor units more before rounding are at least one after it.
            let sure = minor.saturating_mul(2).saturating_add(lead).saturating_sub(1).checked_div(lead);
            sure.map_or_else(|| self.step(), |times| i64::try_from(times).unwrap_or(i64::MAX))
        });
        other_sets.saturating_mul(times)
    }

    /// So many sets, the fewest of which bring whole minor units.
    fn step(&self) -> i64 {
        let denominator = i128::from(self.brings.denominator);
        let common = gcd(self.brings.numerator, denominator);
        i64::try_from(denominator.checked_div(common).unwrap_or(1)).unwrap_or(i64::MAX).max(1)
    }
}

/// Above zero where one of both is.
fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

/// What can be fixed without loss, and the classes that are left to decide.
pub(super) fn reduce(contenders: &[Contender<'_>], classes: &[Class], by_worth: bool) -> (Solution, Vec<Class>) {
    let mut fixed = Solution::default();
    let mut core = classes.to_vec();
    for (place, class) in core.iter_mut().enumerate() {
        let Some((best, units)) = beyond_core(contenders, classes, place, by_worth) else { continue };
        let sets = units.checked_div(best.take).unwrap_or(0);
        let sets = sets.saturating_sub(sets.checked_rem(best.step()).unwrap_or(0));
        if sets <= 0 {
            continue;
        }
        class.units = class.units.saturating_sub(sets.saturating_mul(best.take));
        match best.form {
            None => fixed.singles.push(Singles { contender: best.contender, class: place, units: sets }),
            Some(form) => {
                let seats = contenders.get(best.contender).and_then(|contender| contender.forms().get(form));
                let members = seats.map_or_else(Members::new, |form| alone(form, place));
                fixed.sets.push(Sets { contender: best.contender, form, times: sets, members });
            }
        }
    }
    (fixed, core)
}

/// What brings most on a class, and how many of its units are beyond the core.
fn beyond_core(contenders: &[Contender<'_>], classes: &[Class], place: usize, by_worth: bool) -> Option<(Use, i64)> {
    let class = classes.get(place)?;
    let uses = uses(contenders, classes, place, by_worth)?;
    let best =
        uses.iter().filter(|own| own.uses_left == i64::MAX).max_by(|a, b| a.per_unit(b).then(b.contender.cmp(&a.contender)))?;
    let others = || uses.iter().filter(|own| (own.contender, own.form) != (best.contender, best.form));
    // Among equals fewer campaigns may do, which is for the search to find.
    if uses.iter().any(|own| own.even) || others().any(|own| own.per_unit(best) == Ordering::Equal) {
        return None;
    }
    let rest = best.take.saturating_sub(1);
    let limited = others().filter(|own| own.per_unit(best) == Ordering::Greater);
    let limited = limited.map(|own| own.uses_left.saturating_mul(own.take)).fold(0, i64::saturating_add);
    let forms = || contenders.iter().flat_map(Contender::forms).filter(|form| sits(form, place));
    let mixes = |other: usize| forms().any(|form| sits(form, other));
    let mixed = classes.iter().enumerate().filter(|(other, _)| *other != place && mixes(*other));
    let mixed = mixed.map(|(_, other)| other.units).fold(0, i64::saturating_add);
    let largest = forms().map(Form::size).max().unwrap_or(1);
    let elsewhere = limited.saturating_add(mixed.saturating_mul(largest.saturating_sub(1)));
    let lesser = || others().filter(|own| own.per_unit(best) == Ordering::Less);
    let things = rest.saturating_mul(lesser().map(|own| own.take).max().unwrap_or(1)).saturating_add(elsewhere);
    let free = class.units.saturating_sub(things);
    let nothing = best.nothing();
    let core = if lesser().chain([&nothing]).all(|own| best.is_ahead(own, free, uses.len())) {
        things
    } else {
        let too_many = |own: &Use| best.outdoes(own).saturating_sub(1).saturating_mul(own.take);
        lesser().chain([&nothing]).map(too_many).fold(elsewhere, i64::saturating_add)
    };
    (class.units > core).then(|| (best.clone(), class.units.saturating_sub(core)))
}

/// In which order units of a class may be decided, since they are alike: those that others take one by one, though what
/// is best would bring more, come first, and unused ones last.
#[derive(Clone, Debug)]
pub(super) struct Habit {
    /// By contender, whether it takes units one by one and brings less than what is best.
    pub(super) lesser: Vec<bool>,
    /// Only so many of the first units go to the lesser.
    pub(super) lesser_units: i64,
    /// Only so many of the last units stay unused.
    pub(super) unused_units: i64,
}

/// The habit of a class; none where nothing unlimited uses its units alone.
pub(super) fn habit(contenders: &[Contender<'_>], classes: &[Class], place: usize, by_worth: bool) -> Option<Habit> {
    let uses = uses(contenders, classes, place, by_worth)?;
    let unlimited = uses.iter().filter(|own| own.uses_left == i64::MAX);
    let best = unlimited.max_by(|a, b| a.per_unit(b).then(b.contender.cmp(&a.contender)))?;
    if uses.iter().any(|own| own.even) || best.brings.numerator <= 0 {
        return None;
    }
    let mut lesser = vec![false; contenders.len()];
    let mut lesser_units = 0_i64;
    for own in uses.iter().filter(|own| own.form.is_none() && own.per_unit(best) == Ordering::Less) {
        lesser.get_mut(own.contender).into_iter().for_each(|lesser| *lesser = true);
        lesser_units = lesser_units.saturating_add(best.outdoes(own).saturating_sub(1));
    }
    Some(Habit { lesser, lesser_units, unused_units: best.outdoes(&best.nothing()).saturating_sub(1) })
}

fn sits(form: &Form, class: usize) -> bool {
    form.seats.iter().any(|seats| seats.takes(class))
}

/// One set of units of one class.
fn alone(form: &Form, class: usize) -> Members {
    form.seats.iter().enumerate().map(|(seat, seats)| Member { seat, class, units: seats.units }).collect()
}

/// The ways to use units of a class by themselves; none where its line may be taken as a whole, which is no such way, or
/// where a cap makes one unit bring less than another.
fn uses(contenders: &[Contender<'_>], classes: &[Class], place: usize, by_worth: bool) -> Option<Vec<Use>> {
    let mut uses = Vec::new();
    for (number, contender) in contenders.iter().enumerate() {
        let even = |part: Part| contender.rounding() == Rounding::HalfEven && !part.is_whole();
        let uses_left = contender.uses_left;
        let meant = contender.part(place).is_some() || contender.forms().iter().any(|form| sits(form, place));
        if meant && !contender.most_off.is_unlimited() {
            return None;
        }
        if let Some(brings) = contender.part(place) {
            uses.push(Use { contender: number, form: None, take: 1, brings, worth: 0, uses_left, even: even(brings) });
        }
        let Kind::Sets(forms) = &contender.kind else { continue };
        for (form_place, form) in forms.iter().enumerate().filter(|(_, form)| sits(form, place)) {
            if form.whole {
                return None;
            }
            if !form.seats.iter().all(|seats| seats.takes(place)) {
                continue;
            }
            let members = alone(form, place);
            let mut brings = Part::whole(paired_gain(form, classes, &members, contender.manner()));
            let units = gained(form, classes, &members).into_iter().map(|(_, units)| units).fold(0, i64::saturating_add);
            let part = form.each.get(place).copied().unwrap_or(Part::whole(0));
            let whole = brings.times(1).saturating_mul(i128::from(part.denominator));
            brings = Part { numerator: part.times(units).saturating_add(whole), denominator: part.denominator };
            let sets = Sets { contender: number, form: form_place, times: 1, members };
            let worth = set_worth(&sets, form, classes);
            if by_worth {
                let more = i128::from(worth).saturating_mul(i128::from(brings.denominator));
                brings.numerator = brings.numerator.saturating_add(more);
            }
            if brings.numerator > 0 || worth > 0 {
                let take = form.size();
                uses.push(Use { contender: number, form: Some(form_place), take, brings, worth, uses_left, even: even(brings) });
            }
        }
    }
    Some(uses)
}

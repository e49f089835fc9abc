//! One campaign after another, each taking its best of what is left: the whole answer where a campaign is alone, and
//! where the search begins from otherwise.
//!
//! Sets are formed dearest first. For a campaign alone that is optimal: what sets gain together is greatest where
//! equals sit with equals (the sum of the cheapest of each set, or of what is above a price, is convex in what the
//! sets cost), and what is left over is the cheap end.

use super::contender::{Contender, Form, Kind, Member, Members, Sets, gained, paired_gain};
use super::search::SCALE;
use super::solution::{Singles, Solution, set_worth};
use super::units::Class;

/// What is left of each class while campaigns take theirs.
#[derive(Clone, Debug)]
pub(super) struct Left {
    pub(super) units: Vec<i64>,
}

impl Left {
    pub(super) fn all(classes: &[Class]) -> Self {
        Self { units: classes.iter().map(|class| class.units).collect() }
    }

    fn of(&self, class: usize) -> i64 {
        self.units.get(class).copied().unwrap_or(0)
    }

    pub(super) fn take(&mut self, class: usize, units: i64) {
        if let Some(left) = self.units.get_mut(class) {
            *left = left.saturating_sub(units);
            assert!(*left >= 0, "no unit is used twice");
        }
    }
}

/// Lets one campaign take what it can.
pub(super) fn fill(number: usize, contender: &Contender<'_>, classes: &[Class], left: &mut Left, into: &mut Solution) {
    match &contender.kind {
        Kind::Each(_) => {
            let mut order: Vec<usize> =
                (0..classes.len()).filter(|class| contender.part(*class).is_some() && left.of(*class) > 0).collect();
            if contender.uses_left < i64::MAX {
                let brings = |class: usize| contender.part(class).map_or(0, |part| part.scaled_up(SCALE));
                order.sort_by_key(|class| (brings(*class).saturating_neg(), *class));
            }
            let mut uses = contender.uses_left;
            for class in order {
                let units = left.of(class).min(uses);
                if units > 0 {
                    left.take(class, units);
                    uses = uses.saturating_sub(units);
                    into.singles.push(Singles { contender: number, class, units });
                }
            }
        }
        Kind::Sets(forms) => {
            let mut uses = contender.uses_left;
            let mut order: Vec<usize> = (0..forms.len()).collect();
            let brings = |form: usize| forms.get(form).map_or((0, 0), |form| (form.complete, form.worth));
            order.sort_by_key(|form| (std::cmp::Reverse(brings(*form)), *form));
            for form in order {
                fill_form((number, form), contender, classes, left, (&mut uses, into));
            }
        }
    }
}

fn fill_form(
    (number, place): (usize, usize),
    contender: &Contender<'_>,
    classes: &[Class],
    left: &mut Left,
    (uses, into): (&mut i64, &mut Solution),
) {
    let Some(form) = contender.forms().get(place) else { return };
    while *uses > 0 {
        let Some(members) = seat(form, left) else { return };
        let mut times = *uses;
        for class in members.iter().map(|member| member.class) {
            let own =
                members.iter().filter(|member| member.class == class).map(|member| member.units).fold(0, i64::saturating_add);
            times = times.min(left.of(class).checked_div(own).unwrap_or(0));
        }
        let sets = Sets { contender: number, form: place, times, members };
        let minor = paired_gain(form, classes, &sets.members, contender.manner());
        let fractions = || {
            let own = gained(form, classes, &sets.members).into_iter();
            own.filter_map(|(class, units)| Some(form.each.get(class)?.scaled_up(1).saturating_mul(units)))
        };
        let brings = fractions().fold(minor, i64::saturating_add);
        if brings <= 0 && set_worth(&sets, form, classes) <= 0 {
            return;
        }
        for member in &sets.members {
            left.take(member.class, member.units.saturating_mul(times));
        }
        *uses = uses.saturating_sub(times);
        into.sets.push(sets);
    }
}

/// One set out of what is left; none where some seat stays empty.
fn seat(form: &Form, left: &Left) -> Option<Members> {
    let mut members = Members::new();
    for (number, seats) in form.seats.iter().enumerate() {
        let mut wanted = seats.units;
        let count = left.units.len();
        for step in 0..count {
            let class = if seats.from_cheap { count.saturating_sub(step).saturating_sub(1) } else { step };
            if wanted == 0 {
                break;
            }
            if !seats.takes(class) || left.of(class) == 0 {
                continue;
            }
            let seated = members.iter().filter(|member| member.class == class).map(|member| member.units).sum::<i64>();
            let units = left.of(class).saturating_sub(seated).min(wanted);
            if units > 0 {
                members.push(Member { seat: number, class, units });
                wanted = wanted.saturating_sub(units);
            }
        }
        if wanted > 0 {
            return None;
        }
    }
    members.sort_unstable();
    Some(members)
}

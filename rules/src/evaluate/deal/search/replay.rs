//! From the steps that led to a state back to the combination that they stand for.

use super::super::contender::{Member, Members, Sets};
use super::super::solution::{Singles, Solution};
use super::super::units::Class;
use super::model::{Model, Step};
use super::state::{Begun, Origin, Partials};

impl Model<'_, '_> {
    /// The combination that some steps lead to.
    pub(super) fn replay(&self, partials: &mut Partials, classes: &[Class], origins: &[Origin]) -> Solution {
        let units = classes.iter().enumerate().flat_map(|(place, class)| (0..class.units).map(move |_| place));
        let mut solution = Solution::default();
        let mut seated: Vec<Vec<Vec<usize>>> = vec![Vec::new(); self.flats.len()];
        let mut key = vec![0_i64; self.stride()];
        // The sets begun as states know them, and who really sits in them.
        let mut begun: Vec<(Begun, Vec<(usize, usize)>)> = Vec::new();
        for (class, origin) in units.zip(origins).filter(|(_, origin)| origin.step != u16::MAX) {
            let Some(step) = self.steps(class).get(usize::from(origin.step)) else { continue };
            match *step {
                Step::Each { contender, .. } => match solution.singles.last_mut() {
                    Some(last) if (last.contender, last.class) == (contender, class) => last.units = last.units.saturating_add(1),
                    _ => solution.singles.push(Singles { contender, class, units: 1 }),
                },
                Step::Seat { flat, seat, .. } if self.is_paired(step) => {
                    let partial = (origin.partial != u16::MAX).then_some(usize::from(origin.partial));
                    let joins = partial.and_then(|place| partials.get(self.partials_of(&key)).get(place).cloned());
                    let Some(joined) = self.join_paired(partials, &key, (step, class), partial) else { continue };
                    if let Some(held) = key.get_mut(self.partials) {
                        *held = joined.number;
                    }
                    let place = joins.and_then(|set| begun.iter().position(|(known, _)| *known == set));
                    let mut real = place.map_or_else(Vec::new, |place| begun.swap_remove(place).1);
                    real.push((seat, class));
                    match self.form(flat) {
                        Some((flat, _, _)) if joined.complete => {
                            let members = members_of(&real);
                            solution.sets.push(Sets { contender: flat.contender, form: flat.form, times: 1, members });
                        }
                        _ => begun.push((joined.set, real)),
                    }
                }
                Step::Seat { flat, seat, .. } => {
                    let Some(seats) = seated.get_mut(flat) else { continue };
                    if seats.len() <= seat {
                        seats.resize(seat.saturating_add(1), Vec::new());
                    }
                    seats.get_mut(seat).into_iter().for_each(|own| own.push(class));
                }
            }
        }
        for (number, seats) in seated.iter().enumerate() {
            self.sets_of(number, seats, &mut solution);
        }
        solution
    }

    /// Sets out of those seated, in their order: the dearest sit together.
    fn sets_of(&self, number: usize, seated: &[Vec<usize>], solution: &mut Solution) {
        let Some((flat, _, form)) = self.form(number) else { return };
        for set in 0.. {
            let mut members = Vec::new();
            for (seat, seats) in form.seats.iter().enumerate() {
                let width = usize::try_from(seats.units).unwrap_or(usize::MAX);
                let from = width.saturating_mul(set);
                let own = seated.get(seat).and_then(|own| own.get(from..from.saturating_add(width)));
                let Some(own) = own else { return };
                members.extend(own.iter().map(|class| (seat, *class)));
            }
            let members = members_of(&members);
            match solution.sets.last_mut() {
                Some(last) if (last.contender, last.form) == (flat.contender, flat.form) && last.members == members => {
                    last.times = last.times.saturating_add(1);
                }
                _ => solution.sets.push(Sets { contender: flat.contender, form: flat.form, times: 1, members }),
            }
        }
    }
}

/// Units by seat and class as members.
pub(super) fn members_of(units: &[(usize, usize)]) -> Members {
    let mut sorted = units.to_vec();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a == b)
        .filter_map(|same| {
            let (seat, class) = *same.first()?;
            Some(Member { seat, class, units: i64::try_from(same.len()).unwrap_or(i64::MAX) })
        })
        .collect()
}

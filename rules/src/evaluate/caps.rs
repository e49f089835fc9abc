//! Limits of what one campaign may take off a receipt: units, money off a line, money off all lines.
//!
//! A campaign has been applied as if it had none; what is beyond them is given back at once, so that campaigns after
//! it see the prices that stand.

use super::basket::By;
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::conventions::LimitedUnits;
use crate::money::{Amount, Rounding, split};

/// The most that a campaign may take off, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MostOff {
    pub(super) per_line: i64,
    pub(super) in_all: i64,
}

impl MostOff {
    pub(super) fn is_unlimited(self) -> bool {
        self.per_line == i64::MAX && self.in_all == i64::MAX
    }
}

/// Units of a run whose price the campaign changed.
#[derive(Clone, Copy, Debug)]
struct Changed {
    spot: (usize, usize),
    units: i64,
    rung: i64,
}

impl Draft<'_, '_> {
    /// The most that a campaign may take off by its caps and by what is left of its limits.
    pub(super) fn most_off(&self, candidate: &Candidate<'_>) -> MostOff {
        let caps = &candidate.campaign.caps;
        let share = caps.basket_share.and_then(|share| {
            let rung = self.basket.lines.iter().filter(|line| line.merchandise).map(|line| line.line.amount.minor());
            share.of(rung.fold(0, i64::saturating_add), Rounding::Down)
        });
        let off = |cap: Option<Amount>| cap.map_or(i64::MAX, Amount::minor);
        let in_all = off(caps.per_receipt).min(share.unwrap_or(i64::MAX)).min(self.left(candidate).value);
        MostOff { per_line: off(caps.per_line), in_all }
    }

    /// What stays of an effect on prices.
    pub(super) fn within_caps(&mut self, candidate: &Candidate<'_>, effect: Effect) -> Result<Effect, Reason> {
        let units_left = self.left(candidate).units;
        let most_off = self.most_off(candidate);
        // What adds units takes no money off, and the checker lets nothing but uses limit it.
        if effect.discount == 0 || (units_left == i64::MAX && most_off.is_unlimited()) {
            return Ok(effect);
        }
        let mut times = effect.times;
        if units_left < i64::MAX {
            times = times.min(self.keep_units(candidate, units_left));
        }
        let all: Vec<usize> = (0..self.basket.lines.len()).collect();
        if most_off.per_line < i64::MAX {
            for line in &all {
                self.give_back(candidate, &[*line], self.taken(candidate, *line).saturating_sub(most_off.per_line));
            }
        }
        let taken = all.iter().map(|line| self.taken(candidate, *line)).fold(0, i64::saturating_add);
        self.give_back(candidate, &all, taken.saturating_sub(most_off.in_all));
        let discount = taken.min(most_off.in_all);
        if discount <= 0 {
            return Err(Reason::NothingToTakeOff);
        }
        Ok(Effect { times, discount, ..effect })
    }

    /// How much cheaper the campaign made a line.
    fn taken(&self, candidate: &Candidate<'_>, line: usize) -> i64 {
        let changes = self.basket.lines.get(line).into_iter().flat_map(|line| &line.runs).flat_map(|run| &run.changes);
        let own = changes.filter(|change| change.by == By::Campaign(candidate.place));
        own.map(|change| change.minor).fold(0, i64::saturating_add).saturating_neg()
    }

    /// Makes lines dearer again by `minor` in all, in proportion to what was taken off each run.
    fn give_back(&mut self, candidate: &Candidate<'_>, lines: &[usize], minor: i64) {
        if minor <= 0 {
            return;
        }
        let by = By::Campaign(candidate.place);
        let mut taken = Vec::new();
        for line in lines.iter().filter_map(|line| self.basket.lines.get(*line)) {
            let own = |change: &&super::basket::Change| change.by == by;
            taken.extend(
                line.runs
                    .iter()
                    .map(|run| run.changes.iter().filter(own).map(|change| change.minor.saturating_neg()).sum::<i64>()),
            );
        }
        let mut back = split(minor, &taken).into_iter();
        for line in lines {
            let Some(line) = self.basket.lines.get_mut(*line) else { continue };
            for run in &mut line.runs {
                let mut rest = back.next().unwrap_or(0);
                for change in run.changes.iter_mut().filter(|change| change.by == by) {
                    let now = rest.min(change.minor.saturating_neg());
                    change.minor = change.minor.saturating_add(now);
                    run.amount = run.amount.saturating_add(now);
                    rest = rest.saturating_sub(now);
                }
            }
        }
    }

    /// Keeps the change of so many units and undoes the rest; returns how many it kept.
    fn keep_units(&mut self, candidate: &Candidate<'_>, most: i64) -> i64 {
        let by = By::Campaign(candidate.place);
        let mut changed: Vec<Changed> = Vec::new();
        for (place, line) in self.basket.lines.iter().enumerate() {
            let own = line.runs.iter().enumerate().filter(|(_, run)| run.changes.iter().any(|change| change.by == by));
            changed.extend(own.map(|(run, of)| Changed { spot: (place, run), units: line.units(of), rung: of.original() }));
        }
        let per_unit = |a: &Changed, b: &Changed| i128::from(a.rung).saturating_mul(i128::from(b.units));
        let limited = self.conventions(candidate).limited_units;
        changed.sort_by(|a, b| {
            let dearest_first = per_unit(b, a).cmp(&per_unit(a, b));
            match limited {
                LimitedUnits::Dearest => dearest_first,
                LimitedUnits::Cheapest => dearest_first.reverse(),
            }
            .then(a.spot.cmp(&b.spot))
        });
        let mut left = most;
        let mut undone: Vec<(usize, usize, i64)> = Vec::new();
        for of in &changed {
            let kept = of.units.min(left);
            left = left.saturating_sub(kept);
            if kept < of.units {
                undone.push((of.spot.0, of.spot.1, kept));
            }
        }
        // From the back, since a split moves the runs behind it.
        undone.sort_unstable_by(|a, b| b.cmp(a));
        for (line, run, kept) in undone {
            let spot = if kept > 0 {
                self.basket.split((line, run), kept);
                (line, run.saturating_add(1))
            } else {
                (line, run)
            };
            self.undo(candidate, spot);
        }
        most.saturating_sub(left)
    }

    /// How many units a campaign made cheaper.
    pub(super) fn units_changed(&self, place: usize) -> i64 {
        let own =
            |run: &&super::basket::Run| run.changes.iter().any(|change| change.by == By::Campaign(place) && change.minor != 0);
        let of_line = |line: &super::basket::BasketLine<'_>| {
            line.runs.iter().filter(|run| !run.added).filter(own).map(|run| line.units(run)).fold(0, i64::saturating_add)
        };
        self.basket.lines.iter().map(of_line).fold(0, i64::saturating_add)
    }

    /// Takes back what the campaign did to a run, so that others of its group may use it.
    fn undo(&mut self, candidate: &Candidate<'_>, (line, run): (usize, usize)) {
        let by = By::Campaign(candidate.place);
        let Some(run) = self.basket.lines.get_mut(line).and_then(|line| line.runs.get_mut(run)) else { return };
        let own = run.changes.iter().filter(|change| change.by == by).map(|change| change.minor);
        run.amount = run.amount.saturating_sub(own.fold(0, i64::saturating_add));
        run.changes.retain(|change| change.by != by);
        run.used &= !candidate.campaign.group_bit;
    }
}

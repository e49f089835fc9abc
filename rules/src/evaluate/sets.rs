//! n for m: take so many units, pay for fewer.
//!
//! All units of the campaign's goods are put in order, dearest first (the earlier line among equals), and cut into
//! sets of `take`; what is left over at the cheap end is in no set. Of each set the cheapest `take - pay` units are
//! free, or the dearest where the campaign says so. A limit on uses keeps the first, dearest sets. The work is done
//! on runs of equal units: its cost does not grow with quantities.

use super::basket::{By, Role, Spot};
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::campaign::ShowAs;
use crate::decision::Missing;
use crate::mechanic::{Gain, Group, Off, Which};
use crate::money::{Rounding, proportion};

/// Units of one price.
#[derive(Clone, Copy, Debug)]
struct Class {
    spot: Spot,
    units: i64,
    amount: i64,
}

/// How many units of a run are free, paid within a set, or in no set.
#[derive(Clone, Copy, Debug)]
struct Share {
    spot: Spot,
    units: i64,
    free: i64,
    paid: i64,
}

/// The sets of one campaign.
#[derive(Clone, Copy, Debug)]
struct Sets {
    count: i64,
    take: i64,
    pay: i64,
    free: Which,
}

impl Sets {
    /// How many of the first `units` units in order are free.
    fn free_before(self, units: i64) -> i64 {
        let units = units.min(self.count.saturating_mul(self.take));
        let free = self.take.saturating_sub(self.pay);
        let whole = units.checked_div(self.take).unwrap_or(0).saturating_mul(free);
        let rest = units.checked_rem(self.take).unwrap_or(0);
        whole.saturating_add(match self.free {
            Which::Cheapest => rest.saturating_sub(self.pay).max(0),
            Which::Dearest => rest.min(free),
        })
    }
}

impl Draft<'_, '_> {
    /// Sets of one group whose units are free.
    pub(super) fn set(&mut self, candidate: &Candidate<'_>, groups: &[Group], gain: Gain) -> Result<Effect, Reason> {
        match (groups, gain) {
            ([group], Gain::Units { units, which, off: Off::Percent(_), .. }) => {
                self.n_for_m(candidate, (group.units, group.units.saturating_sub(units), which))
            }
            _ => Err(Reason::NothingToTakeOff),
        }
    }

    fn n_for_m(&mut self, candidate: &Candidate<'_>, (take, pay, free): (i64, i64, Which)) -> Result<Effect, Reason> {
        let classes = self.classes(candidate);
        if !self.step(classes.len()) {
            return Err(Reason::StepsUsedUp);
        }
        let units = classes.iter().map(|class| class.units).fold(0, i64::saturating_add);
        let complete = units.checked_div(take).unwrap_or(0);
        let rest = units.checked_rem(take).unwrap_or(0);
        if rest > 0 && complete < candidate.uses_left {
            let missing = u32::try_from(take.saturating_sub(rest)).unwrap_or(u32::MAX);
            self.near_miss(candidate, Missing::Units(missing));
        }
        let sets = Sets { count: complete.min(candidate.uses_left), take, pay, free };
        if sets.count == 0 {
            return Err(Reason::TooFewUnits);
        }
        let (lines, worth) = self.cut(&classes, sets, candidate.campaign.show_as);
        let discount = match candidate.campaign.show_as {
            ShowAs::FreeUnit => self.free_units(candidate, &lines, 0),
            ShowAs::MinimumUnit => self.free_units(candidate, &lines, 1),
            ShowAs::Spread => self.spread_sets(candidate, &lines, worth),
        };
        let used = self.spots_with(&lines, &[Role::Paid, Role::Free]);
        if discount > 0 {
            self.basket.mark(&used, candidate.campaign.group_bit);
        }
        for spot in used {
            self.basket.set_role(spot, Role::None);
        }
        if discount > 0 {
            Ok(Effect { place: candidate.place, times: sets.count, discount, added_worth: 0 })
        } else {
            Err(Reason::NothingToTakeOff)
        }
    }

    /// The open runs, dearest unit first, then in the order of the receipt.
    fn classes(&self, candidate: &Candidate<'_>) -> Vec<Class> {
        let mut spots = Vec::new();
        self.basket.open_spots(&candidate.lines, candidate.campaign.group_bit, &mut spots);
        let class =
            |spot: Spot| self.basket.run(spot).map(|(line, run)| Class { spot, units: line.units(run), amount: run.amount });
        let mut classes: Vec<Class> = spots.into_iter().filter_map(class).filter(|class| class.units > 0).collect();
        let unit_price = |class: &Class, other: &Class| i128::from(class.amount).saturating_mul(i128::from(other.units));
        classes.sort_by(|a, b| unit_price(b, a).cmp(&unit_price(a, b)).then(a.spot.cmp(&b.spot)));
        classes
    }

    /// Cuts the runs into paid, free and other units and gives them their roles. Where the discount is spread, paid and
    /// free units stay together as paid ones. Returns the lines touched and what the free units among them are worth.
    fn cut(&mut self, classes: &[Class], sets: Sets, show_as: ShowAs) -> (Vec<usize>, i64) {
        let mut worth = 0_i64;
        let mut shares: Vec<Share> = Vec::with_capacity(classes.len());
        let in_sets = sets.count.saturating_mul(sets.take);
        let mut before = 0_i64;
        for class in classes {
            let after = before.saturating_add(class.units);
            let free = sets.free_before(after).saturating_sub(sets.free_before(before));
            let inside = after.min(in_sets).saturating_sub(before.min(in_sets));
            shares.push(Share { spot: class.spot, units: class.units, free, paid: inside.saturating_sub(free) });
            before = after;
        }
        // From the back, since a split moves the runs behind it.
        shares.sort_by_key(|share| std::cmp::Reverse(share.spot));
        for share in shares.iter().filter(|share| share.free.saturating_add(share.paid) > 0) {
            // Other units first, then paid, then free, so that equal neighbours become one part again.
            let others = share.units.saturating_sub(share.free).saturating_sub(share.paid);
            let (line, mut run) = share.spot;
            if others > 0 {
                self.basket.split(share.spot, others);
                run = run.saturating_add(1);
            }
            if show_as == ShowAs::Spread {
                let (amount, inside) = self.basket.run((line, run)).map_or((0, 1), |(line, run)| (run.amount, line.units(run)));
                let free = proportion(amount, share.free, inside, Rounding::HalfUp).unwrap_or(0);
                worth = worth.saturating_add(free.min(self.basket.room((line, run))));
                self.basket.set_role((line, run), Role::Paid);
                continue;
            }
            if share.free > 0 && share.paid > 0 {
                self.basket.split((line, run), share.paid);
                self.basket.set_role((line, run.saturating_add(1)), Role::Free);
            }
            self.basket.set_role((line, run), if share.paid > 0 { Role::Paid } else { Role::Free });
        }
        let mut lines: Vec<usize> = shares.iter().map(|share| share.spot.0).collect();
        lines.sort_unstable();
        lines.dedup();
        (lines, worth)
    }

    fn spots_with(&self, lines: &[usize], roles: &[Role]) -> Vec<Spot> {
        let runs = lines.iter().filter_map(|place| self.basket.lines.get(*place).map(|line| (*place, line)));
        runs.flat_map(|(place, line)| {
            line.runs.iter().enumerate().filter(|(_, run)| roles.contains(&run.role)).map(move |(run, _)| (place, run))
        })
        .collect()
    }

    /// Free units as parts of their own, at zero or at so many minor units each; what they keep the paid units bear.
    fn free_units(&mut self, candidate: &Candidate<'_>, lines: &[usize], kept_each: i64) -> i64 {
        let by = By::Campaign(candidate.place);
        let (mut discount, mut kept) = (0_i64, 0_i64);
        for spot in self.spots_with(lines, &[Role::Free]) {
            let units = self.basket.run(spot).map_or(0, |(line, run)| line.units(run));
            let room = self.basket.room(spot);
            let keep = kept_each.saturating_mul(units).min(room);
            self.basket.lower(spot, by, room.saturating_sub(keep));
            discount = discount.saturating_add(room.saturating_sub(keep));
            kept = kept.saturating_add(keep);
        }
        let paid = self.spots_with(lines, &[Role::Paid]);
        discount.saturating_add(self.basket.spread(&paid, by, kept))
    }

    /// The worth of the free units taken off all units of the sets in proportion.
    fn spread_sets(&mut self, candidate: &Candidate<'_>, lines: &[usize], worth: i64) -> i64 {
        let all = self.spots_with(lines, &[Role::Paid]);
        self.basket.spread(&all, By::Campaign(candidate.place), worth)
    }
}

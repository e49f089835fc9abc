//! A campaign as the search knows it: what it takes off units one by one, or the sets that it forms.

use std::ops::Range;

use smallvec::SmallVec;

use crate::conventions::{Conventions, RoundedPer, Unplaced};
use crate::evaluate::basket::{Manner, shares};
use crate::evaluate::candidates::Candidate;
use crate::evaluate::caps::MostOff;
use crate::mechanic::{Gain, Mechanic};
use crate::money::Rounding;

use super::compile::falls;
use super::offs::Part;
use super::units::Class;

/// By class, whether it is meant.
pub(super) type Open = SmallVec<[bool; 24]>;

/// The units that one place of a set takes.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    pub(super) units: i64,
    /// By class, whether its units may sit here.
    pub(super) open: Open,
    /// Which of them are made cheaper, counted from the dearest.
    pub(super) gained: Range<i64>,
    /// A greedy choice takes the cheapest units here, since they gain nothing.
    pub(super) from_cheap: bool,
}

/// What a set gains that depends on which units sit together, so that pairing them by price alone may miss the best.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Paired {
    /// So much less, as far as the units can bear it.
    Amount(i64),
    /// It costs so much, as far as the units can bear it.
    Price(i64),
    /// The gained units of the first seats, where dearer units do not always gain more.
    Units,
}

/// A kind of set.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) seats: Vec<Seats>,
    /// By class: what a gained unit brings; empty where it is nothing.
    pub(super) each: Vec<Part>,
    /// What a complete set brings beside that; below zero for a price.
    pub(super) complete: i64,
    /// By class: what is added for a gained unit; empty where it is nothing.
    pub(super) worth_each: Vec<i64>,
    /// What is added for a complete set.
    pub(super) worth: i64,
    /// The line that must be taken as a whole.
    pub(super) whole: bool,
    pub(super) paired: Option<Paired>,
}

/// How a campaign uses units.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// One by one: by class, what is taken off one.
    Each(Vec<Part>),
    Sets(Vec<Form>),
}

/// A campaign that competes.
#[derive(Clone, Debug)]
pub(super) struct Contender<'a> {
    pub(super) candidate: &'a Candidate<'a>,
    pub(super) conventions: Conventions,
    /// How many units or sets it may use.
    pub(super) uses_left: i64,
    pub(super) most_off: MostOff,
    pub(super) kind: Kind,
}

impl Contender<'_> {
    pub(super) fn rounding(&self) -> Rounding {
        self.conventions.rounding
    }

    pub(super) fn manner(&self) -> Manner {
        Manner { leftover: self.conventions.leftover, unplaced: self.conventions.unplaced }
    }

    /// What a percentage of this unit is rounded together with: a line, or all that the campaign takes. Where a set as
    /// a whole becomes cheaper, its adjustments are shares of one amount.
    pub(super) fn scope(&self, class: &Class) -> Option<usize> {
        let by_line = match self.conventions.rounded_per {
            RoundedPer::Adjustment => !self.lowers_whole_sets(),
            RoundedPer::Unit | RoundedPer::Line => true,
            RoundedPer::Receipt => false,
        };
        by_line.then_some(class.line)
    }

    fn lowers_whole_sets(&self) -> bool {
        let Mechanic::Set { gain, .. } = &self.candidate.campaign.mechanic else { return false };
        match gain {
            Gain::Percent(_) | Gain::Amount(_) | Gain::Price(_) => true,
            Gain::Units { .. } => false,
        }
    }

    /// Whether what it takes off each line is counted while it is sought, so that no line goes beyond its cap.
    pub(super) fn counts_lines(&self) -> bool {
        let by_line = matches!(self.kind, Kind::Each(_)) && self.conventions.rounded_per != RoundedPer::Receipt;
        by_line && self.most_off.per_line < i64::MAX
    }

    /// Whether the search knows all of its caps: where sets or one rounding over the receipt lie on several lines, what
    /// a line bears is only known once they are in place.
    pub(super) fn caps_are_known(&self) -> bool {
        self.most_off.per_line == i64::MAX || self.counts_lines() || self.forms().iter().any(|form| form.whole)
    }

    /// Whether taking the dearest first is the best that it can do alone.
    pub(super) fn fills_best(&self, classes: &[Class]) -> bool {
        match &self.kind {
            Kind::Each(parts) => self.uses_left == i64::MAX || (parts.iter().all(|part| part.is_whole()) && !self.counts_lines()),
            Kind::Sets(forms) => forms.iter().all(|form| {
                let meet = |a: &Seats, b: &Seats| a.open.iter().zip(&b.open).any(|(a, b)| *a && *b);
                let rest = |place: usize| form.seats.iter().skip(place.saturating_add(1));
                let apart = !form.seats.iter().enumerate().any(|(place, a)| rest(place).any(|b| meet(a, b)));
                // Seats of one group meet where the dearest units gain, and the others take from the cheap end.
                let one_group = matches!(&self.candidate.campaign.mechanic, Mechanic::Set { groups, .. } if groups.len() == 1);
                let falling = form
                    .seats
                    .iter()
                    .all(|seats| seats.gained.is_empty() || form.each.is_empty() || falls(classes, &form.each, &seats.open));
                // Rounded line by line, the dearest units are not always those that bring most.
                let mut fractions = classes.iter().zip(&form.each).filter(|(_, part)| !part.is_whole());
                let first = fractions.next().map(|(class, _)| self.scope(class));
                let rounds = fractions.any(|(class, _)| Some(self.scope(class)) != first);
                form.paired.is_none() && falling && !rounds && (apart || one_group)
            }),
        }
    }

    pub(super) fn forms(&self) -> &[Form] {
        match &self.kind {
            Kind::Each(_) => &[],
            Kind::Sets(forms) => forms,
        }
    }

    pub(super) fn part(&self, class: usize) -> Option<Part> {
        match &self.kind {
            Kind::Each(parts) => parts.get(class).copied().filter(|part| part.is_positive()),
            Kind::Sets(_) => None,
        }
    }
}

/// Units of one class on one seat of a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Member {
    pub(super) seat: usize,
    pub(super) class: usize,
    pub(super) units: i64,
}

/// Who sits in one set.
pub(super) type Members = SmallVec<[Member; 4]>;

/// Equal sets of one form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sets {
    pub(super) contender: usize,
    pub(super) form: usize,
    pub(super) times: i64,
    /// Of one set; sorted by seat, then dearest first.
    pub(super) members: Members,
}

/// The gained units of one set: class and number.
pub(super) fn gained(form: &Form, classes: &[Class], members: &[Member]) -> SmallVec<[(usize, i64); 4]> {
    let mut found = SmallVec::new();
    for (number, seats) in form.seats.iter().enumerate().filter(|(_, seats)| !seats.gained.is_empty()) {
        let own = members.iter().filter(|member| member.seat == number);
        if form.paired == Some(Paired::Units) {
            let mut own: Members = own.copied().collect();
            // Of units that cost the same those are meant that gain most.
            let at_the_end = seats.gained.end == seats.units;
            own.sort_by_key(|member| {
                let amount = classes.get(member.class).map_or(0, |class| class.amount);
                // Within a form fractions are of one denominator, or whole.
                let gain = form.each.get(member.class).map_or(0, |part| part.numerator);
                (std::cmp::Reverse(amount), if at_the_end { gain } else { gain.saturating_neg() }, member.class)
            });
            gained_of(seats, own.iter(), &mut found);
        } else {
            gained_of(seats, own, &mut found);
        }
    }
    found
}

fn gained_of<'m>(seats: &Seats, members: impl Iterator<Item = &'m Member>, found: &mut SmallVec<[(usize, i64); 4]>) {
    let mut before = 0_i64;
    for member in members {
        let after = before.saturating_add(member.units);
        let units = after.min(seats.gained.end).saturating_sub(before.max(seats.gained.start));
        if units > 0 {
            found.push((member.class, units));
        }
        before = after;
    }
}

/// What one set brings beside the fractions of its gained units: whole minor units.
pub(super) fn paired_gain(form: &Form, classes: &[Class], members: &[Member], manner: Manner) -> i64 {
    let bears = |wanted: i64| {
        let units = members.iter().filter_map(|member| Some((classes.get(member.class)?, member.units)));
        let mut units: Vec<(&Class, i64)> = units.collect();
        let room = units.iter().map(|(class, units)| class.room.saturating_mul(*units)).fold(0, i64::saturating_add);
        match manner.unplaced {
            Unplaced::Redistributed => wanted.min(room),
            Unplaced::Dropped => {
                units.sort_by_key(|(class, _)| (class.line, class.run, class.rank));
                let single = || units.iter().flat_map(|(class, units)| (0..*units).map(move |_| *class));
                let weights = single().map(|class| class.amount).collect();
                let rooms: Vec<i64> = single().map(|class| class.room).collect();
                shares(wanted, weights, &rooms, manner).into_iter().fold(0, i64::saturating_add)
            }
        }
    };
    let cost = || {
        let amounts = members.iter().filter_map(|member| Some(classes.get(member.class)?.amount.saturating_mul(member.units)));
        amounts.fold(0, i64::saturating_add)
    };
    match form.paired {
        Some(Paired::Amount(amount)) => bears(amount),
        Some(Paired::Price(price)) => bears(cost().saturating_sub(price).max(0)),
        Some(Paired::Units) | None => form.complete,
    }
}

//! From a candidate to a contender: which units it may use and what each of them brings.

use smallvec::SmallVec;

use crate::campaign::ShowAs;
use crate::conventions::{Conventions, LimitedUnits, Unplaced};
use crate::evaluate::candidates::{Candidate, Reason};
use crate::evaluate::caps::MostOff;
use crate::evaluate::draft::Draft;
use crate::limits::ADDED_UNITS_MAX;
use crate::mechanic::{Gain, Group, Mechanic, Off, Per, Which};
use crate::money::Amount;

use super::contender::{Contender, Form, Kind, Open, Paired, Seats};
use super::offs::{Part, off_unit, percent_of_unit};
use super::units::Class;

/// How many units each group of a set needs.
pub(super) fn needs(conventions: &Conventions, groups: &[Group], gain: Gain) -> SmallVec<[i64; 4]> {
    let added = gain.added(groups, conventions.free_units);
    let less = |place: usize| added.filter(|(group, _, _)| *group == place).map_or(0, |(_, units, _)| units);
    groups.iter().enumerate().map(|(place, group)| group.units.saturating_sub(less(place))).collect()
}

impl Draft<'_, '_> {
    /// What a candidate may do with units of these classes; none of the classes need be its own.
    ///
    /// It may be used at most so often, and no more than its limits leave.
    pub(super) fn contender<'c>(
        &self,
        candidate: &'c Candidate<'c>,
        classes: &[Class],
        uses_max: i64,
    ) -> Result<Contender<'c>, Reason> {
        let conventions = self.conventions(candidate);
        let own = |class: &Class| candidate.lines.binary_search(&class.line).is_ok();
        let left = self.left(candidate);
        let mut uses_left = left.uses.min(uses_max);
        if uses_left <= 0 {
            return Err(Reason::CommonLimit);
        }
        let most_off = self.most_off(candidate);
        let kind = match &candidate.campaign.mechanic {
            Mechanic::Off { off: off @ (Off::Amount(_) | Off::Percent(_)), per: Per::Line } if !is_percent(*off) => {
                Kind::Sets(self.lines_whole((candidate, uses_left), (*off, most_off), classes))
            }
            Mechanic::Off { off, .. } => {
                let uses = if is_percent(*off) { i64::MAX } else { uses_left };
                uses_left = uses.min(left.units);
                let off = self.case.tendered(candidate.campaign, *off);
                let part =
                    |class: &Class| if own(class) { off_unit(off, class, &conventions, &self.basket) } else { Part::whole(0) };
                let parts: Vec<Part> = classes.iter().map(part).collect();
                Kind::Each(eligible(&conventions, uses_left, classes, parts))
            }
            Mechanic::PriceList { prices } => {
                uses_left = uses_left.min(left.units);
                let part =
                    |class: &Class| self.listed(class, prices, &conventions).filter(|_| own(class)).unwrap_or(Part::whole(0));
                let parts: Vec<Part> = classes.iter().map(part).collect();
                Kind::Each(eligible(&conventions, uses_left, classes, parts))
            }
            Mechanic::Ladder { measured, marginal, steps } => {
                uses_left = left.units;
                Kind::Each(self.ladder(candidate, (*measured, *marginal), steps, classes)?)
            }
            Mechanic::Set { groups, gain } => {
                Kind::Sets(vec![self.set_form((candidate, uses_left, most_off), groups, *gain, classes)?])
            }
            Mechanic::ExtraUnits { every, add } => Kind::Sets(self.extra_forms(candidate, (*every, *add), classes)?),
            // These take nothing off lines.
            Mechanic::Spend { .. }
            | Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Count { .. }
            | Mechanic::Grant { .. }
            | Mechanic::Offer { .. } => return Err(Reason::NothingToTakeOff),
        };
        let contender = Contender { candidate, conventions, uses_left, most_off, kind };
        if contender.could_act(classes) { Ok(contender) } else { Err(contender.idle_reason()) }
    }

    /// A price of its own for each of some products.
    fn listed(
        &self,
        class: &Class,
        prices: &[(crate::id::Sku, crate::money::UnitPrice)],
        conventions: &Conventions,
    ) -> Option<Part> {
        let sku = &self.basket.lines.get(class.line)?.line.sku;
        let place = prices.binary_search_by(|(known, _)| known.cmp(sku)).ok()?;
        let (_, price) = prices.get(place)?;
        Some(off_unit(Off::Price(*price), class, conventions, &self.basket))
    }

    /// An amount off each line: all of its open units together are one application.
    fn lines_whole(
        &self,
        (candidate, uses_left): (&Candidate<'_>, i64),
        (off, most_off): (Off, MostOff),
        classes: &[Class],
    ) -> Vec<Form> {
        let Off::Amount(amount) = off else { return Vec::new() };
        let conventions = self.conventions(candidate);
        let mut lines: Vec<(i64, usize)> = Vec::new();
        let mut forms = Vec::new();
        for line in &candidate.lines {
            let own: Vec<&Class> = classes.iter().filter(|class| class.line == *line).collect();
            let sum = |value: fn(&Class) -> i64| {
                own.iter().map(|class| value(class).saturating_mul(class.units)).fold(0, i64::saturating_add)
            };
            let minor = amount.minor().min(sum(|class| class.room)).min(most_off.per_line);
            if minor > 0 {
                let units = own.iter().map(|class| class.units).fold(0, i64::saturating_add);
                let open = classes.iter().map(|class| class.line == *line).collect();
                let seats = vec![Seats { units, open, gained: 0..0, from_cheap: false }];
                lines.push((sum(|class| class.amount), forms.len()));
                forms.push(Form { complete: minor, whole: true, ..Form::empty(seats) });
            }
        }
        if conventions.limited_units == LimitedUnits::Cheapest {
            lines.sort_unstable();
            let most = usize::try_from(uses_left).unwrap_or(usize::MAX);
            let keep: Vec<usize> = lines.into_iter().take(most).map(|(_, form)| form).collect();
            let mut number = 0_usize;
            forms.retain(|_| {
                number = number.saturating_add(1);
                keep.contains(&number.saturating_sub(1))
            });
        }
        forms
    }

    /// Units for which more of the same line are added.
    fn extra_forms(&self, candidate: &Candidate<'_>, (every, add): (i64, i64), classes: &[Class]) -> Result<Vec<Form>, Reason> {
        let mut forms = Vec::new();
        let mut reason = Reason::TooFewUnits;
        for line in &candidate.lines {
            let units = classes.iter().filter(|class| class.line == *line).map(|class| class.units).fold(0, i64::saturating_add);
            let counted = self.basket.lines.get(*line).is_some_and(super::super::basket::BasketLine::counted);
            if !counted || units < every || ADDED_UNITS_MAX < add {
                continue;
            }
            if let Err(other) = self.can_add(candidate, *line) {
                reason = if reason == Reason::TooFewUnits { other } else { reason };
                continue;
            }
            let open = classes.iter().map(|class| class.line == *line).collect();
            let seats = vec![Seats { units: every, open, gained: 0..0, from_cheap: false }];
            let worth = self.worth_of_units(*line, add).max(1);
            forms.push(Form { worth, ..Form::empty(seats) });
        }
        if forms.is_empty() { Err(reason) } else { Ok(forms) }
    }

    /// A set over groups of goods.
    fn set_form(
        &self,
        (candidate, uses_left, most_off): (&Candidate<'_>, i64, MostOff),
        groups: &[Group],
        gain: Gain,
        classes: &[Class],
    ) -> Result<Form, Reason> {
        let conventions = self.conventions(candidate);
        let added = gain.added(groups, conventions.free_units);
        let mut seats: Vec<Seats> = Vec::with_capacity(groups.len().saturating_add(1));
        for (place, (group, units)) in groups.iter().zip(needs(&conventions, groups, gain)).enumerate() {
            let template = added.is_some_and(|(target, _, _)| target == place);
            let meant = |class: &Class| {
                candidate.in_group((place, group), class.line, &self.basket)
                    && self
                        .basket
                        .lines
                        .get(class.line)
                        .is_some_and(|line| !template || (line.counted() && self.can_add(candidate, class.line).is_ok()))
            };
            let open = classes.iter().map(meant).collect();
            let open = cheapest(&conventions, uses_left.saturating_mul(units), classes, open);
            seats.push(Seats { units, open, gained: 0..0, from_cheap: false });
        }
        if seats.iter().any(|seats| seats.units > seats.available(classes)) {
            return Err(Reason::TooFewUnits);
        }
        let mut form = Form::empty(seats);
        match gain {
            Gain::Units { group, units, which, off } => match added {
                Some((group, units, which)) => {
                    form.added(group, which, |class| self.worth_of_units(class.line, units).max(1), classes)
                }
                None => {
                    form.each = classes.iter().map(|class| off_unit(off, class, &conventions, &self.basket)).collect();
                    if candidate.campaign.show_as == ShowAs::MinimumUnit {
                        form.keep_one(classes, units);
                    }
                    form.cheaper_units(group, units, which, classes);
                }
            },
            Gain::Percent(ratio) => {
                form.each = classes.iter().map(|class| percent_of_unit(ratio, class, &conventions)).collect();
                form.all_gained();
            }
            Gain::Amount(amount) => form.off_set(amount, classes, conventions.unplaced),
            Gain::Price(price) => form.price_of_set(price, classes, (conventions.unplaced, most_off)),
        }
        Ok(form)
    }
}

/// Whether dearer units bring at least as much, and equal ones the same.
pub(super) fn falls(classes: &[Class], parts: &[Part], open: &[bool]) -> bool {
    let mut before: Option<(i64, Part)> = None;
    classes.iter().zip(parts).zip(open).filter(|(_, open)| **open).all(|((class, part), _)| {
        let falls = before.is_none_or(
            |(amount, than)| {
                if amount == class.amount { than == *part } else { than.numerator >= part.numerator }
            },
        );
        before = Some((class.amount, *part));
        falls
    })
}

fn is_percent(off: Off) -> bool {
    match off {
        Off::Percent(_) => true,
        Off::Amount(_) | Off::Price(_) => false,
    }
}

/// Where the program wants limited offers on the cheapest units: only those that the limit allows.
fn cheapest(conventions: &Conventions, most: i64, classes: &[Class], mut open: Open) -> Open {
    if conventions.limited_units == LimitedUnits::Cheapest {
        let mut left = most;
        for (class, open) in classes.iter().zip(&mut open).rev() {
            if *open {
                *open = left > 0;
                left = left.saturating_sub(class.units);
            }
        }
    }
    open
}

fn eligible(conventions: &Conventions, most: i64, classes: &[Class], parts: Vec<Part>) -> Vec<Part> {
    let open = cheapest(conventions, most, classes, parts.iter().map(|part| part.is_positive()).collect());
    parts.into_iter().zip(open).map(|(part, open)| if open { part } else { Part::whole(0) }).collect()
}

impl Seats {
    /// How many units could sit here.
    pub(super) fn available(&self, classes: &[Class]) -> i64 {
        let open = classes.iter().zip(&self.open).filter(|(_, open)| **open);
        open.map(|(class, _)| class.units).fold(0, i64::saturating_add)
    }

    pub(super) fn takes(&self, class: usize) -> bool {
        self.open.get(class).copied().unwrap_or(false)
    }
}

impl Form {
    fn empty(seats: Vec<Seats>) -> Self {
        Self { seats, each: Vec::new(), complete: 0, worth_each: Vec::new(), worth: 0, whole: false, paired: None }
    }

    pub(super) fn size(&self) -> i64 {
        self.seats.iter().map(|seats| seats.units).fold(0, i64::saturating_add)
    }

    fn all_gained(&mut self) {
        for seats in &mut self.seats {
            seats.gained = 0..seats.units;
        }
    }

    /// The open classes of a form and how many units a set takes at such seats.
    fn open_classes<'k>(&'k self, classes: &'k [Class]) -> impl Iterator<Item = (&'k Class, &'k Seats)> {
        self.seats.iter().flat_map(move |seats| {
            classes.iter().zip(&seats.open).filter(|(_, open)| **open).map(move |(class, _)| (class, seats))
        })
    }

    fn added(&mut self, group: usize, which: Which, worth: impl Fn(&Class) -> i64, classes: &[Class]) {
        self.worth_each = classes.iter().map(worth).collect();
        let Some(seats) = self.seats.get_mut(group) else { return };
        seats.gained = match which {
            Which::Cheapest => seats.units.saturating_sub(1)..seats.units,
            Which::Dearest => 0..1,
        };
        let worths = self.worth_each.iter().map(|worth| Part::whole(*worth)).collect::<Vec<_>>();
        if !falls(classes, &worths, &seats.open) {
            self.paired = Some(Paired::Units);
        } else if which == Which::Dearest {
            self.gained_apart(group);
        }
    }

    /// Where the dearest units of a group gain, they and the others have seats of their own: the dearest gain most, so
    /// the best has them gain.
    fn gained_apart(&mut self, group: usize) {
        let Some(seats) = self.seats.get_mut(group).filter(|seats| seats.gained.end < seats.units) else { return };
        let rest = seats.units.saturating_sub(seats.gained.end);
        seats.units = seats.gained.end;
        let open = seats.open.clone();
        self.seats.push(Seats { units: rest, open, gained: 0..0, from_cheap: true });
    }

    /// Free units shown at one minor unit: the paid units of the set bear it where all of them can, else nobody does.
    fn keep_one(&mut self, classes: &[Class], units: i64) {
        let bears = self.size() > units && self.open_classes(classes).all(|(class, _)| class.room >= units);
        if !bears {
            for (part, class) in self.each.iter_mut().zip(classes).filter(|(part, class)| **part == Part::whole(class.amount)) {
                *part = Part::whole(class.amount.saturating_sub(1).max(0));
            }
        }
    }

    fn cheaper_units(&mut self, group: usize, units: i64, which: Which, classes: &[Class]) {
        let Some(seats) = self.seats.get_mut(group) else { return };
        seats.gained = match which {
            Which::Cheapest => seats.units.saturating_sub(units).max(0)..seats.units,
            Which::Dearest => 0..units.min(seats.units),
        };
        let falling = falls(classes, &self.each, &seats.open);
        let single = self.seats.len() == 1;
        if !falling {
            self.paired = Some(Paired::Units);
        } else if which == Which::Dearest {
            self.gained_apart(group);
        } else if !single {
            for (place, seats) in self.seats.iter_mut().enumerate() {
                seats.from_cheap = place != group;
            }
        }
    }

    /// Whether a minimum price may make part of a discount lapse.
    fn drops(&self, classes: &[Class], unplaced: Unplaced) -> bool {
        unplaced == Unplaced::Dropped && self.open_classes(classes).any(|(class, _)| class.room < class.amount)
    }

    fn off_set(&mut self, amount: Amount, classes: &[Class], unplaced: Unplaced) {
        self.complete = amount.minor();
        let least = |seats: &Seats| {
            let rooms = classes.iter().zip(&seats.open).filter(|(_, open)| **open).map(|(class, _)| class.room);
            rooms.min().unwrap_or(0).saturating_mul(seats.units)
        };
        if self.seats.iter().map(least).fold(0, i64::saturating_add) < amount.minor() || self.drops(classes, unplaced) {
            self.complete = 0;
            self.paired = Some(Paired::Amount(amount.minor()));
        }
    }

    fn price_of_set(&mut self, price: Amount, classes: &[Class], (unplaced, most_off): (Unplaced, MostOff)) {
        let most = |seats: &Seats| {
            let floors = classes
                .iter()
                .zip(&seats.open)
                .filter(|(_, open)| **open)
                .map(|(class, _)| class.amount.saturating_sub(class.room));
            floors.max().unwrap_or(0).saturating_mul(seats.units)
        };
        if self.seats.iter().map(most).fold(0, i64::saturating_add) > price.minor()
            || self.drops(classes, unplaced)
            || !most_off.is_unlimited()
        {
            // What is gained towards a cap must never shrink again, so a price is not paid after the goods are given.
            self.paired = Some(Paired::Price(price.minor()));
        } else {
            self.each = classes.iter().map(|class| Part::whole(class.amount)).collect();
            self.complete = price.minor().saturating_neg();
            self.all_gained();
        }
    }
}

impl Contender<'_> {
    /// Whether it could do anything at all with these units.
    fn could_act(&self, classes: &[Class]) -> bool {
        match &self.kind {
            Kind::Each(parts) => parts.iter().any(|part| part.is_positive()),
            Kind::Sets(forms) => {
                forms.iter().any(|form| form.seats.iter().all(|seats| seats.units > 0 && seats.units <= seats.available(classes)))
            }
        }
    }

    fn idle_reason(&self) -> Reason {
        match &self.kind {
            Kind::Each(_) => Reason::NothingToTakeOff,
            Kind::Sets(forms) if forms.iter().all(|form| form.whole) => Reason::NothingToTakeOff,
            Kind::Sets(_) => Reason::TooFewUnits,
        }
    }
}

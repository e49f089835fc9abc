//! What the search needs to know of the contenders, laid out by class: the steps that a unit may take, where each
//! state keeps its counts, and the most that units may still bring.

use super::super::contender::{Contender, Form, Kind, Member, Paired, Sets, paired_gain};
use super::super::offs::Part;
use super::super::solution::{Singles, Solution, bit};
use super::super::units::Class;
use super::bulk::{Habit, habit};
use super::state::{Begun, Change, Entry, Origin, Partials};
use crate::money::{Rounding, divide};

/// Bounds are kept in parts of a minor unit, rounded up.
pub(in crate::evaluate::deal) const SCALE: i64 = 1_024;

/// One way to use a unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Each { contender: usize, part: Part, scope: Option<usize>, share: i64 },
    Seat { flat: usize, seat: usize, share: i64 },
}

/// A kind of set and where a state counts it.
#[derive(Clone, Copy, Debug)]
struct Flat {
    contender: usize,
    form: usize,
    /// One count a seat; for sets begun one by one, unused.
    slot: usize,
    first: usize,
    last: usize,
    paired: bool,
}

/// Fractions that are rounded together.
#[derive(Clone, Copy, Debug)]
struct Scope {
    contender: usize,
    line: Option<usize>,
    denominator: i64,
    slot: usize,
    first: usize,
    last: usize,
}

/// A unit joined a set begun, or began one.
#[derive(Debug)]
pub(super) struct Joined {
    /// All sets begun now.
    number: i64,
    set: Begun,
    complete: bool,
}

/// The whole.
#[derive(Debug)]
pub(super) struct Model<'m, 'c> {
    contenders: &'m [Contender<'c>],
    classes: &'m [Class],
    by_worth: bool,
    flats: Vec<Flat>,
    scopes: Vec<Scope>,
    /// By contender: where its uses are counted, if they are limited.
    uses: Vec<Option<usize>>,
    partials: usize,
    slots: usize,
    steps: Vec<Vec<Step>>,
    suffix: Vec<i64>,
    /// By class: units from it on.
    units_left: Vec<i64>,
    /// By limited contender and class: how much more than what is unlimited a unit from the class on may bring it.
    more: Vec<Vec<i64>>,
    habits: Vec<Option<Habit>>,
    /// By kind of set and seat: how many units may still sit there from a class on.
    seats_left: Vec<Vec<Vec<i64>>>,
}

impl<'m, 'c> Model<'m, 'c> {
    pub(super) fn new(contenders: &'m [Contender<'c>], classes: &'m [Class], by_worth: bool) -> Self {
        let mut model = Self {
            contenders,
            classes,
            by_worth,
            flats: Vec::new(),
            scopes: Vec::new(),
            uses: Vec::new(),
            partials: 0,
            slots: 1,
            steps: vec![Vec::new(); classes.len()],
            suffix: Vec::new(),
            units_left: Vec::new(),
            more: Vec::new(),
            habits: (0..classes.len()).map(|place| habit(contenders, classes, place, by_worth)).collect(),
            seats_left: Vec::new(),
        };
        for (number, contender) in contenders.iter().enumerate() {
            let limited = contender.uses_left < i64::MAX;
            model.uses.push(limited.then_some(model.slots));
            model.slots = model.slots.saturating_add(usize::from(limited));
            match &contender.kind {
                Kind::Each(_) => model.add_each(number, contender),
                Kind::Sets(forms) => {
                    for (place, form) in forms.iter().enumerate() {
                        model.add_form((number, contender), (place, form));
                    }
                }
            }
        }
        model.lay_out();
        model.bound_all();
        model
    }

    fn add_each(&mut self, number: usize, contender: &Contender<'_>) {
        for (place, class) in self.classes.iter().enumerate() {
            let Some(part) = contender.part(place).filter(|_| class.units > 0) else { continue };
            let scope = self.scope((number, contender), (place, class), part);
            let share = part.scaled_up(SCALE);
            if let Some(steps) = self.steps.get_mut(place) {
                steps.push(Step::Each { contender: number, part, scope, share });
            }
        }
    }

    /// The scope of a fraction; none where nothing is to be rounded.
    fn scope(
        &mut self,
        (number, contender): (usize, &Contender<'_>),
        (place, class): (usize, &Class),
        part: Part,
    ) -> Option<usize> {
        if part.denominator == 1 {
            return None;
        }
        let line = contender.scope(class);
        let same = |scope: &Scope| (scope.contender, scope.line, scope.denominator) == (number, line, part.denominator);
        if let Some(known) = self.scopes.iter().position(same) {
            if let Some(scope) = self.scopes.get_mut(known) {
                scope.last = place;
            }
            return Some(known);
        }
        self.scopes.push(Scope { contender: number, line, denominator: part.denominator, slot: 0, first: place, last: place });
        Some(self.scopes.len().saturating_sub(1))
    }

    fn add_form(&mut self, (number, contender): (usize, &Contender<'_>), (place, form): (usize, &Form)) {
        let flat = self.flats.len();
        let (mut first, mut last) = (usize::MAX, 0_usize);
        for (class_place, class) in self.classes.iter().enumerate().filter(|(_, class)| class.units > 0) {
            for (seat, _) in form.seats.iter().enumerate().filter(|(_, seats)| seats.takes(class_place)) {
                (first, last) = (first.min(class_place), last.max(class_place));
                let share = self.share(form, class_place, seat);
                if let Some(part) =
                    form.each.get(class_place).copied().filter(|part| form.paired.is_none() && part.denominator > 1)
                {
                    self.scope((number, contender), (class_place, class), part);
                }
                if let Some(steps) = self.steps.get_mut(class_place) {
                    steps.push(Step::Seat { flat, seat, share });
                }
            }
        }
        self.flats.push(Flat { contender: number, form: place, slot: 0, first, last, paired: form.paired.is_some() });
        let left = |seats: &super::super::contender::Seats| {
            let mut left = vec![0_i64; self.classes.len().saturating_add(1)];
            let mut sum = 0_i64;
            for (class, units) in self.classes.iter().enumerate().rev() {
                sum = sum.saturating_add(if seats.takes(class) { units.units } else { 0 });
                if let Some(left) = left.get_mut(class) {
                    *left = sum;
                }
            }
            left
        };
        let seats_left = form.seats.iter().map(left).collect();
        self.seats_left.push(seats_left);
    }

    /// The most that a unit on a seat may bring of what its set gains, so that the shares of a set never fall short.
    fn share(&self, form: &Form, class: usize, seat: usize) -> i64 {
        let Some(seats) = form.seats.get(seat) else { return 0 };
        let size = form.size().max(1);
        let of_set = |minor: i64| {
            let scaled = minor.saturating_mul(SCALE);
            scaled.div_euclid(size).saturating_add(i64::from(scaled.rem_euclid(size) > 0))
        };
        let places = seats.gained.end.saturating_sub(seats.gained.start);
        // Counted from the cheapest, the gained units bring at most their part of the whole.
        let (of, all) =
            if seats.gained.start > 0 && form.paired.is_none() { (places, seats.units) } else { (i64::from(places > 0), 1) };
        let of_unit = |scaled: i64| {
            let part = scaled.saturating_mul(of);
            part.div_euclid(all).saturating_add(i64::from(part.rem_euclid(all) > 0))
        };
        let each = form.each.get(class).map_or(0, |part| part.scaled_up(SCALE));
        let amount = self.classes.get(class).map_or(0, |class| class.amount);
        let worth = if self.by_worth {
            let each = form.worth_each.get(class).copied().unwrap_or(0).saturating_mul(SCALE);
            of_unit(each).saturating_add(of_set(form.worth))
        } else {
            0
        };
        let minor = match form.paired {
            Some(Paired::Amount(wanted)) => of_set(wanted),
            Some(Paired::Price(price)) => amount.saturating_mul(SCALE).saturating_add(of_set(price.saturating_neg())),
            Some(Paired::Units) => of_unit(each),
            None => of_unit(each).saturating_add(of_set(form.complete)),
        };
        minor.saturating_add(worth)
    }

    /// Gives counts and fractions their places in a state; places are used again after their last class.
    fn lay_out(&mut self) {
        self.partials = 0;
        let mut spans: Vec<(usize, usize, bool, usize, usize)> = Vec::new();
        for (number, scope) in self.scopes.iter().enumerate() {
            spans.push((scope.first, scope.last, true, number, 1));
        }
        for (number, flat) in self.flats.iter().enumerate().filter(|(_, flat)| !flat.paired && flat.first <= flat.last) {
            let seats = self.contenders.get(flat.contender).and_then(|contender| contender.forms().get(flat.form));
            spans.push((flat.first, flat.last, false, number, seats.map_or(0, |form| form.seats.len())));
        }
        spans.sort_unstable();
        // Free runs of places: width, first place, from which class on.
        let mut free: Vec<(usize, usize, usize)> = Vec::new();
        for (first, last, is_scope, number, width) in spans {
            let found = free.iter().position(|(own, _, from)| *own == width && *from <= first);
            let slot = match found {
                Some(place) => free.swap_remove(place).1,
                None => {
                    let slot = self.slots;
                    self.slots = self.slots.saturating_add(width);
                    slot
                }
            };
            free.push((width, slot, last.saturating_add(1)));
            if is_scope {
                if let Some(scope) = self.scopes.get_mut(number) {
                    scope.slot = slot;
                }
            } else if let Some(flat) = self.flats.get_mut(number) {
                flat.slot = slot;
            }
        }
    }

    /// Works out for each class the most that it and those after it may bring, roundings included: what is unlimited
    /// on every unit, and what limited contenders may bring beyond that on as many as they may use.
    fn bound_all(&mut self) {
        let count = self.classes.len().saturating_add(1);
        let (mut suffix, mut units_left) = (vec![0_i64; count], vec![0_i64; count]);
        let mut more = vec![vec![0_i64; count]; self.contenders.len()];
        let (mut sum, mut units) = (0_i64, 0_i64);
        for (place, class) in self.classes.iter().enumerate().rev() {
            let best = self.steps(place).iter().filter(|step| !self.is_limited(step)).map(|step| self.share_of(step));
            let best = best.max().unwrap_or(0).max(0);
            sum = sum.saturating_add(best.saturating_mul(class.units));
            units = units.saturating_add(class.units);
            if let (Some(own), Some(left)) = (suffix.get_mut(place), units_left.get_mut(place)) {
                (*own, *left) = (sum.saturating_add(self.roundings(place)), units);
            }
            for own in &mut more {
                let after = own.get(place.saturating_add(1)).copied().unwrap_or(0);
                own.get_mut(place).into_iter().for_each(|own| *own = after);
            }
            for step in self.steps(place).iter().filter(|step| self.is_limited(step) && class.units > 0) {
                let own = more.get_mut(self.contender_of(step)).and_then(|own| own.get_mut(place));
                own.into_iter().for_each(|own| *own = (*own).max(self.share_of(step).saturating_sub(best)));
            }
        }
        (self.suffix, self.units_left, self.more) = (suffix, units_left, more);
    }

    fn share_of(&self, step: &Step) -> i64 {
        match step {
            Step::Each { share, .. } | Step::Seat { share, .. } => *share,
        }
    }

    fn contender_of(&self, step: &Step) -> usize {
        match step {
            Step::Each { contender, .. } => *contender,
            Step::Seat { flat, .. } => self.flats.get(*flat).map_or(usize::MAX, |flat| flat.contender),
        }
    }

    fn is_limited(&self, step: &Step) -> bool {
        self.contenders.get(self.contender_of(step)).is_some_and(|contender| contender.uses_left < i64::MAX)
    }

    /// The most that limited contenders may bring from a class on beyond what is unlimited.
    fn limited(&self, key: &[i64], class: usize) -> i64 {
        let units_left = self.units_left.get(class).copied().unwrap_or(0);
        let own = self.uses.iter().zip(self.contenders).zip(&self.more).filter_map(|((slot, contender), more)| {
            let used = key.get((*slot)?).copied().unwrap_or(0);
            let size = contender.forms().iter().map(Form::size).max().unwrap_or(1);
            let units = contender.uses_left.saturating_sub(used).saturating_mul(size).min(units_left);
            Some(units.saturating_mul(more.get(class).copied().unwrap_or(0)))
        });
        own.fold(0, i64::saturating_add)
    }

    /// The most that rounding may add from a class on: half a minor unit for each line and campaign, and for no more
    /// of them than the line has units.
    fn roundings(&self, place: usize) -> i64 {
        let mut halves = 0_i64;
        let mut of_lines: Vec<(usize, i64)> = Vec::new();
        for scope in self.scopes.iter().filter(|scope| scope.last >= place) {
            let down = self.contenders.get(scope.contender).is_some_and(|contender| contender.rounding() == Rounding::Down);
            match scope.line {
                _ if down => {}
                None => halves = halves.saturating_add(1),
                Some(line) => match of_lines.iter_mut().find(|(known, _)| *known == line) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => of_lines.push((line, 1)),
                },
            }
        }
        for (line, count) in of_lines {
            let units =
                self.classes.iter().filter(|class| class.line == line).map(|class| class.units).fold(0, i64::saturating_add);
            halves = halves.saturating_add(count.min(units));
        }
        halves.saturating_mul(SCALE.div_euclid(2))
    }

    /// Counts that tell states apart.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The counts, and for each what its units are reckoned to bring beyond what is banked.
    pub(super) fn stride(&self) -> usize {
        self.slots.saturating_add(self.slots)
    }

    pub(super) fn steps(&self, class: usize) -> &[Step] {
        self.steps.get(class).map_or(&[], Vec::as_slice)
    }

    /// The most that units from a class on may bring to a state, in parts of a minor unit.
    pub(super) fn bound(&self, key: &[i64], class: usize) -> i64 {
        self.suffix.get(class).copied().unwrap_or(0).saturating_add(self.limited(key, class))
    }

    pub(super) fn partials_of(&self, key: &[i64]) -> i64 {
        key.get(self.partials).copied().unwrap_or(0)
    }

    fn form(&self, flat: usize) -> Option<(&Flat, &'m Contender<'c>, &'m Form)> {
        let flat = self.flats.get(flat)?;
        let contender = self.contenders.get(flat.contender)?;
        Some((flat, contender, contender.forms().get(flat.form)?))
    }

    pub(super) fn is_paired(&self, step: &Step) -> bool {
        match step {
            Step::Each { .. } => false,
            Step::Seat { flat, .. } => self.flats.get(*flat).is_some_and(|flat| flat.paired),
        }
    }

    /// Whether a unit of a class may take a step, by how many come before it in the class.
    pub(super) fn in_habit(&self, class: usize, step: &Step, before: i64) -> bool {
        let Some(Some(habit)) = self.habits.get(class) else { return true };
        match step {
            Step::Each { contender, .. } => {
                before < habit.lesser_units || !habit.lesser.get(*contender).copied().unwrap_or(false)
            }
            Step::Seat { .. } => true,
        }
    }

    /// Whether a unit of a class may stay unused, by how many come after it in the class.
    pub(super) fn may_skip(&self, class: usize, after: i64) -> bool {
        self.habits.get(class).and_then(Option::as_ref).is_none_or(|habit| after < habit.unused_units)
    }

    /// The step that must be taken where a line has been begun that is taken as a whole.
    pub(super) fn forced(&self, key: &[i64], class: usize) -> Option<usize> {
        self.steps(class).iter().position(|step| match step {
            Step::Each { .. } => false,
            Step::Seat { flat, .. } => {
                self.form(*flat).is_some_and(|(flat, _, form)| form.whole && key.get(flat.slot).is_some_and(|count| *count > 0))
            }
        })
    }

    fn worth_in(&self, worth: i64) -> i64 {
        if self.by_worth { worth } else { 0 }
    }

    /// Adds a fraction to what is rounded together; whole pairs of minor units are banked, which leaves the fraction's
    /// rounding to the even neighbour as it is. Returns what was banked.
    fn bank(&self, key: &mut [i64], scope: usize, part: Part) -> i64 {
        let Some(scope) = self.scopes.get(scope) else { return 0 };
        let Some(held) = key.get_mut(scope.slot) else { return 0 };
        let pair = i128::from(scope.denominator).saturating_mul(2);
        let sum = i128::from(*held).saturating_add(part.numerator);
        *held = i64::try_from(sum.rem_euclid(pair)).unwrap_or(i64::MAX);
        i64::try_from(sum.div_euclid(pair)).unwrap_or(i64::MAX).saturating_mul(2)
    }

    /// Takes a step; false where it cannot be taken.
    pub(super) fn apply(&self, change: Option<Change<'_>>, step: &Step, class: usize, first: bool) -> bool {
        let Some(Change { key, entry }) = change else { return false };
        entry.units = entry.units.saturating_add(1);
        match *step {
            Step::Each { contender, part, scope, .. } => {
                entry.used |= bit(contender);
                let banked = match scope {
                    Some(scope) => self.bank(key, scope, part),
                    None => part.rounded(Rounding::Down),
                };
                entry.gain = entry.gain.saturating_add(banked);
                self.count_use(key, contender, 0)
            }
            Step::Seat { flat, seat, share } => self.sit(key, entry, (flat, seat, share), (class, first)),
        }
    }

    /// Counts one more use of a limited campaign; false beyond its limit. `begun` sets will be uses too.
    fn count_use(&self, key: &mut [i64], contender: usize, begun: i64) -> bool {
        let (Some(Some(slot)), Some(own)) = (self.uses.get(contender), self.contenders.get(contender)) else { return true };
        let Some(uses) = key.get_mut(*slot) else { return false };
        *uses = uses.saturating_add(1);
        uses.saturating_add(begun) <= own.uses_left
    }

    fn sit(
        &self,
        key: &mut [i64],
        entry: &mut Entry,
        (flat, seat, share): (usize, usize, i64),
        (class, first): (usize, bool),
    ) -> bool {
        let Some((flat, contender, form)) = self.form(flat) else { return false };
        let Some(seats) = form.seats.get(seat) else { return false };
        let slot = flat.slot.saturating_add(seat);
        let count = key.get(slot).copied().unwrap_or(0);
        if form.whole && count == 0 && !(first && class == flat.first) {
            return false;
        }
        entry.used |= bit(flat.contender);
        let position = count.rem_euclid(seats.units.max(1));
        let (mut gain, mut worth) = (0_i64, 0_i64);
        if seats.gained.contains(&position) {
            let part = form.each.get(class).copied().unwrap_or(Part::whole(0));
            worth = form.worth_each.get(class).copied().unwrap_or(0);
            let scope = self.scope_of(flat.contender, contender, class, part);
            gain = scope.map_or_else(|| part.rounded(Rounding::Down), |scope| self.bank(key, scope, part));
        }
        if let Some(count) = key.get_mut(slot) {
            *count = count.saturating_add(1);
        }
        let counts = flat.slot..flat.slot.saturating_add(form.seats.len());
        let full = |key: &[i64]| {
            let own = key.get(counts.clone()).unwrap_or(&[]);
            own.iter().zip(&form.seats).all(|(count, seats)| *count >= seats.units)
        };
        let complete = full(key);
        if complete {
            for (count, seats) in key.get_mut(counts.clone()).into_iter().flatten().zip(&form.seats) {
                *count = count.saturating_sub(seats.units);
            }
            gain = gain.saturating_add(form.complete);
            worth = worth.saturating_add(form.worth);
        }
        entry.worth = entry.worth.saturating_add(worth);
        let banked = gain.saturating_add(self.worth_in(worth));
        entry.gain = entry.gain.saturating_add(banked);
        let own = key.get(counts.clone()).unwrap_or(&[]);
        let begun = own
            .iter()
            .zip(&form.seats)
            .map(|(count, seats)| count.saturating_add(seats.units.saturating_sub(1)).checked_div(seats.units).unwrap_or(0));
        let begun = begun.max().unwrap_or(0);
        if let Some(reckoned) = key.get_mut(self.slots.saturating_add(flat.slot)) {
            *reckoned = reckoned.saturating_add(share).saturating_sub(banked.saturating_mul(SCALE));
            if begun == 0 {
                *reckoned = 0;
            }
        }
        if complete { self.count_use(key, flat.contender, begun) } else { self.within_limit(key, flat.contender, begun) }
    }

    fn within_limit(&self, key: &[i64], contender: usize, begun: i64) -> bool {
        let (Some(Some(slot)), Some(own)) = (self.uses.get(contender), self.contenders.get(contender)) else { return true };
        key.get(*slot).is_some_and(|uses| uses.saturating_add(begun) <= own.uses_left)
    }

    fn scope_of(&self, number: usize, contender: &Contender<'_>, class: usize, part: Part) -> Option<usize> {
        if part.denominator == 1 {
            return None;
        }
        let line = contender.scope(self.classes.get(class)?);
        self.scopes.iter().position(|scope| (scope.contender, scope.line, scope.denominator) == (number, line, part.denominator))
    }

    /// The sets begun when a unit joins one of them, or begins one.
    pub(super) fn join_paired(
        &self,
        partials: &mut Partials,
        key: &[i64],
        (step, class): (&Step, usize),
        partial: Option<usize>,
    ) -> Option<Joined> {
        let Step::Seat { flat: number, seat, .. } = *step else { return None };
        let (_, _, form) = self.form(number)?;
        let mut sets: Vec<Begun> = partials.get(self.partials_of(key)).to_vec();
        let mut set = match partial {
            Some(place) => {
                // Equal sets begun are one choice.
                let same = place.checked_sub(1).and_then(|before| sets.get(before)) == sets.get(place);
                if same || sets.get(place)?.0 != number {
                    return None;
                }
                sets.remove(place)
            }
            None => (number, Vec::new()),
        };
        let seated = set.1.iter().filter(|(own, _)| *own == seat).count();
        let seats = form.seats.get(seat)?;
        if i64::try_from(seated).unwrap_or(i64::MAX) >= seats.units {
            return None;
        }
        // Where only gained units count it does not matter who sits on the other seats.
        let who = if form.paired == Some(Paired::Units) && seats.gained.is_empty() { usize::MAX } else { class };
        set.1.push((seat, who));
        set.1.sort_unstable();
        let complete = i64::try_from(set.1.len()).unwrap_or(i64::MAX) == form.size();
        if !complete {
            sets.push(set.clone());
        }
        Some(Joined { number: partials.number(sets), set, complete })
    }

    /// [`Self::apply`] for a unit that joined a set begun.
    pub(super) fn apply_paired(&self, change: Option<Change<'_>>, step: &Step, joined: &Joined) -> bool {
        let (Some(Change { key, entry }), Step::Seat { flat, share, .. }) = (change, *step) else { return false };
        let Some((flat, contender, form)) = self.form(flat) else { return false };
        entry.units = entry.units.saturating_add(1);
        entry.used |= bit(flat.contender);
        if let Some(held) = key.get_mut(self.partials) {
            *held = joined.number;
        }
        let mut banked = 0_i64;
        if joined.complete {
            let members = members_of(&joined.set.1);
            let minor = paired_gain(form, self.classes, &members, contender.manner());
            let sets = Sets { contender: flat.contender, form: flat.form, times: 1, members };
            let worth = super::super::solution::set_worth(&sets, form, self.classes);
            entry.worth = entry.worth.saturating_add(worth);
            banked = minor.saturating_add(self.worth_in(worth));
            entry.gain = entry.gain.saturating_add(banked);
        }
        if let Some(reckoned) = key.get_mut(self.slots.saturating_add(self.partials)) {
            *reckoned = reckoned.saturating_add(share).saturating_sub(banked.saturating_mul(SCALE));
            if joined.number == 0 {
                *reckoned = 0;
            }
        }
        if joined.complete { self.count_use(key, flat.contender, 0) } else { true }
    }

    /// After a class: rounds what ends with it; false where a set stays incomplete.
    pub(super) fn close(&self, change: &mut Change<'_>, class: usize, last: bool) -> bool {
        if !last {
            return true;
        }
        for scope in self.scopes.iter().filter(|scope| scope.last == class) {
            let Some(held) = change.key.get_mut(scope.slot) else { continue };
            let rounding = self.contenders.get(scope.contender).map_or(Rounding::HalfUp, Contender::rounding);
            let minor = divide(i128::from(*held), i128::from(scope.denominator), rounding).unwrap_or(0);
            change.entry.gain = change.entry.gain.saturating_add(minor);
            *held = 0;
        }
        for flat in self.flats.iter().filter(|flat| flat.last == class && !flat.paired) {
            let seats = self.contenders.get(flat.contender).and_then(|contender| contender.forms().get(flat.form));
            let width = seats.map_or(0, |form| form.seats.len());
            let counts = change.key.get(flat.slot..flat.slot.saturating_add(width)).unwrap_or(&[]);
            if counts.iter().any(|count| *count != 0) {
                return false;
            }
        }
        let over = class.saturating_add(1) == self.classes.len();
        !over || self.partials_of(change.key) == 0
    }

    /// The most that an entry may still reach, in parts of a minor unit.
    pub(super) fn most(&self, entry: &Entry, key: &[i64], class: usize) -> i64 {
        let reckoned = key.iter().skip(self.slots).copied().fold(0, i64::saturating_add);
        let mut held = 0_i64;
        for scope in self.scopes.iter().filter(|scope| scope.first <= class && class <= scope.last) {
            let minor = key.get(scope.slot).copied().unwrap_or(0).max(0);
            let part = Part { numerator: i128::from(minor), denominator: scope.denominator };
            held = held.saturating_add(part.scaled_up(SCALE));
        }
        let banked = entry.gain.saturating_mul(SCALE);
        banked.saturating_add(reckoned).saturating_add(held).saturating_add(self.bound(key, class))
    }

    /// Whether an entry may reach what is known, and every set begun may be completed by units from a class on.
    pub(super) fn can_reach(&self, entry: &Entry, key: &[i64], class: usize, least: i64) -> bool {
        if self.most(entry, key, class) < least.saturating_mul(SCALE) {
            return false;
        }
        self.flats.iter().zip(&self.seats_left).filter(|(flat, _)| !flat.paired && flat.first <= class && class <= flat.last).all(
            |(flat, left)| {
                let form = self.contenders.get(flat.contender).and_then(|contender| contender.forms().get(flat.form));
                let seats = form.map_or(&[][..], |form| form.seats.as_slice());
                let count = |seat: usize| key.get(flat.slot.saturating_add(seat)).copied().unwrap_or(0);
                let begun = seats.iter().enumerate().map(|(seat, seats)| {
                    count(seat).saturating_add(seats.units.saturating_sub(1)).checked_div(seats.units).unwrap_or(0)
                });
                let begun = begun.max().unwrap_or(0);
                seats.iter().enumerate().all(|(seat, seats)| {
                    let open = left.get(seat).and_then(|left| left.get(class)).copied().unwrap_or(0);
                    begun.saturating_mul(seats.units).saturating_sub(count(seat)) <= open
                })
            },
        )
    }

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
fn members_of(units: &[(usize, usize)]) -> Vec<Member> {
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

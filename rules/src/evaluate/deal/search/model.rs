//! What the search needs to know of the contenders, laid out by class: the steps that a unit may take, where each
//! state keeps its counts, and the most that units may still bring.

use super::super::contender::{Contender, Form, Kind, Paired};
use super::super::offs::Part;
use super::super::units::Class;
use super::bulk::{Habit, habit};

/// Bounds are kept in parts of a minor unit, rounded up.
pub(in crate::evaluate::deal) const SCALE: i64 = 1_024;

/// So many counts of a state cost as much as one step.
const SLOTS_A_STEP: usize = 12;

/// One way to use a unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Each { contender: usize, part: Part, scope: Option<usize>, share: i64 },
    Seat { flat: usize, seat: usize, share: i64 },
}

/// A kind of set and where a state counts it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flat {
    pub(super) contender: usize,
    pub(super) form: usize,
    /// One count a seat; for sets begun one by one, unused.
    pub(super) slot: usize,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) paired: bool,
}

/// Fractions that are rounded together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) contender: usize,
    pub(super) line: Option<usize>,
    pub(super) denominator: i64,
    pub(super) slot: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// What a campaign may take off at most, and where a state counts it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cap {
    pub(super) contender: usize,
    /// Off this line; none: off all.
    pub(super) line: Option<usize>,
    pub(super) most: i64,
    pub(super) slot: usize,
}

/// The whole.
#[derive(Debug)]
pub(super) struct Model<'m, 'c> {
    pub(super) contenders: &'m [Contender<'c>],
    pub(super) classes: &'m [Class],
    pub(super) by_worth: bool,
    pub(super) flats: Vec<Flat>,
    pub(super) scopes: Vec<Scope>,
    /// Those of one campaign stand together, lines first.
    pub(super) caps: Vec<Cap>,
    /// By contender: where its uses are counted, if they are limited.
    pub(super) uses: Vec<Option<usize>>,
    pub(super) partials: usize,
    pub(super) slots: usize,
    pub(super) steps: Vec<Vec<Step>>,
    pub(super) suffix: Vec<i64>,
    /// By class: units from it on.
    pub(super) units_left: Vec<i64>,
    /// By limited contender and class: how much more than what is unlimited a unit from the class on may bring it.
    pub(super) more: Vec<Vec<i64>>,
    pub(super) habits: Vec<Option<Habit>>,
    /// By kind of set and seat: how many units may still sit there from a class on.
    pub(super) seats_left: Vec<Vec<Vec<i64>>>,
}

impl<'m, 'c> Model<'m, 'c> {
    pub(super) fn new(contenders: &'m [Contender<'c>], classes: &'m [Class], by_worth: bool) -> Self {
        let mut model = Self {
            contenders,
            classes,
            by_worth,
            flats: Vec::new(),
            scopes: Vec::new(),
            caps: Vec::new(),
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
            model.add_caps(number, contender);
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

    fn add_caps(&mut self, number: usize, contender: &Contender<'_>) {
        let mut lines: Vec<usize> = Vec::new();
        if contender.counts_lines() {
            let own = self.classes.iter().enumerate().filter(|(place, _)| contender.part(*place).is_some());
            lines.extend(own.map(|(_, class)| class.line));
            lines.sort_unstable();
            lines.dedup();
        }
        let most_off = contender.most_off;
        let of_lines = lines.into_iter().map(|line| (Some(line), most_off.per_line));
        let in_all = (most_off.in_all < i64::MAX).then_some((None, most_off.in_all));
        for (line, most) in of_lines.chain(in_all) {
            self.caps.push(Cap { contender: number, line, most, slot: self.slots });
            self.slots = self.slots.saturating_add(1);
        }
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
                scope.last = scope.last.max(place);
            }
            return Some(known);
        }
        self.scopes.push(Scope { contender: number, line, denominator: part.denominator, slot: 0, first: place, last: place });
        Some(self.scopes.len().saturating_sub(1))
    }

    fn add_form(&mut self, (number, contender): (usize, &Contender<'_>), (place, form): (usize, &Form)) {
        let flat = self.flats.len();
        let (mut first, mut last) = (usize::MAX, 0_usize);
        let mut scopes = Vec::new();
        for (class_place, class) in self.classes.iter().enumerate().filter(|(_, class)| class.units > 0) {
            for (seat, _) in form.seats.iter().enumerate().filter(|(_, seats)| seats.takes(class_place)) {
                (first, last) = (first.min(class_place), last.max(class_place));
                let share = self.share(form, class_place, seat);
                if let Some(part) = form.each.get(class_place).copied().filter(|part| part.denominator > 1) {
                    scopes.extend(self.scope((number, contender), (class_place, class), part));
                }
                if let Some(steps) = self.steps.get_mut(class_place) {
                    steps.push(Step::Seat { flat, seat, share });
                }
            }
        }
        // What a set begun gains is banked when it is complete.
        for scope in scopes.into_iter().filter(|_| form.paired.is_some()) {
            self.scopes.get_mut(scope).into_iter().for_each(|scope| scope.last = scope.last.max(last));
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

    /// Counts that tell states apart.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The counts, and for each what its units are reckoned to bring beyond what is banked.
    pub(super) fn stride(&self) -> usize {
        self.slots.saturating_add(self.slots)
    }

    /// What a way to decide one unit costs, in steps: the more a state holds, the longer it takes to copy and compare.
    pub(super) fn weight(&self) -> u64 {
        u64::try_from(self.slots.div_euclid(SLOTS_A_STEP)).unwrap_or(u64::MAX).saturating_add(1)
    }

    pub(super) fn steps(&self, class: usize) -> &[Step] {
        self.steps.get(class).map_or(&[], Vec::as_slice)
    }

    pub(super) fn partials_of(&self, key: &[i64]) -> i64 {
        key.get(self.partials).copied().unwrap_or(0)
    }

    pub(super) fn form(&self, flat: usize) -> Option<(&Flat, &'m Contender<'c>, &'m Form)> {
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
}

//! The search for the best combination where campaigns compete.
//!
//! Units are decided one by one, dearest first. What is decided is kept as a *state*: how far each kind of set is
//! filled, how often a limited campaign was used, and which fraction of a minor unit is still to be rounded. Of two ways to
//! the same state only the better one goes on, since both have the same future; so the cost follows the states
//! and not the combinations. A state that cannot reach the best known is left out. Where a layer would cost more than
//! the steps left allow, the least promising states are dropped, and the most that one of them could have reached is
//! the bound of what may be missing.

mod bounds;
mod bulk;
mod model;
mod moves;
mod replay;
mod start;
mod state;

use super::contender::Contender;
use super::solution::Solution;
use super::units::Class;

use model::Model;
pub(super) use model::SCALE;
use state::{Layer, Partials};

/// What a search found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) solution: Solution,
    pub(super) steps: u64,
    /// Where it is not proven to be the best: the most that is missing.
    pub(super) missing: Option<i64>,
}

/// More units than this are not decided one by one.
const LAYERS_MAX: i64 = 20_000;

/// Searches the best combination in at most about so many steps.
pub(super) fn search(contenders: &[Contender<'_>], classes: &[Class], by_worth: bool, steps_left: u64) -> Found {
    let (known, mut steps) = start::start(contenders, classes, by_worth);
    let score = known.score(contenders, classes, by_worth);
    let (fixed, core) = bulk::reduce(contenders, classes, by_worth);
    let model = Model::new(contenders, &core, by_worth);
    let bulk_gain = fixed.score(contenders, classes, by_worth).gain;
    let units = core.iter().map(|class| class.units).fold(0, i64::saturating_add);
    let steps_each = steps_left.saturating_sub(steps).checked_div(u64::try_from(units.max(1)).unwrap_or(1)).unwrap_or(0);
    if units > LAYERS_MAX || steps_each < 4 {
        let most = model.bound(&[], 0).checked_div(SCALE).unwrap_or(i64::MAX).saturating_add(bulk_gain);
        let missing = most.saturating_sub(score.gain);
        return Found { solution: known, steps, missing: (missing > 0).then_some(missing) };
    }
    let mut run = Run {
        model: &model,
        classes: &core,
        least: score.gain.saturating_sub(bulk_gain),
        used: fixed.used(),
        steps: 0,
        steps_max: steps_left.saturating_sub(steps),
        dropped: None,
        history: Vec::new(),
        partials: Partials::new(),
    };
    let best = run.decide_all();
    steps = steps.saturating_add(run.steps);
    let dropped = run.dropped;
    let mut solution = known;
    let mut found = score;
    if let Some(best) = best {
        let mut other = run.solution(best);
        other.add(&fixed);
        let other_score = other.score(contenders, classes, by_worth);
        if other_score > found {
            (solution, found) = (other, other_score);
        }
    }
    let missing = dropped.map(|most| most.saturating_add(bulk_gain).saturating_sub(found.gain)).filter(|missing| *missing >= 0);
    Found { solution, steps, missing }
}

/// A search under way.
#[derive(Debug)]
struct Run<'m, 'c> {
    model: &'m Model<'m, 'c>,
    classes: &'m [Class],
    /// What is known to be reached: nothing below it goes on.
    least: i64,
    /// The campaigns of what is fixed before.
    used: u128,
    steps: u64,
    steps_max: u64,
    /// The most that a dropped state could have reached.
    dropped: Option<i64>,
    /// By layer and entry: where it came from and by what.
    history: Vec<Vec<state::Origin>>,
    partials: Partials,
}

impl Run<'_, '_> {
    /// Decides every unit; returns the place of the best entry of the last layer.
    fn decide_all(&mut self) -> Option<usize> {
        let mut layer = Layer::first(self.model.stride(), self.used);
        // What an entry cost in the layer before: sets begun make more choices than there are steps.
        let mut tried = 0_u64;
        let mut units_left = self.classes.iter().map(|class| class.units).fold(0, i64::saturating_add);
        for (number, class) in self.classes.iter().enumerate() {
            for unit in 0..class.units {
                let steps_left = self.steps_max.saturating_sub(self.steps);
                let allowed = steps_left.checked_div(u64::try_from(units_left.max(1)).unwrap_or(1)).unwrap_or(0);
                let choices = u64::try_from(self.model.steps(number).len().saturating_add(1)).unwrap_or(u64::MAX);
                let choices = choices.saturating_mul(self.model.weight()).max(tried);
                let most = usize::try_from(allowed.checked_div(choices).unwrap_or(0)).unwrap_or(usize::MAX).max(1);
                self.keep_most(&mut layer, number, most);
                let (before, entries) = (self.steps, u64::try_from(layer.entries.len().max(1)).unwrap_or(u64::MAX));
                layer = self.decide(&layer, number, (unit, class.units));
                tried = self.steps.saturating_sub(before).div_ceil(entries);
                units_left = units_left.saturating_sub(1);
            }
        }
        let best = layer.entries.iter().enumerate().max_by(|(place, entry), (other, than)| {
            entry.score().cmp(&than.score()).then(entry.units.cmp(&than.units)).then(other.cmp(place))
        });
        best.map(|(place, _)| place)
    }

    /// Drops the least promising states beyond `most` and remembers what they might have reached.
    fn keep_most(&mut self, layer: &mut Layer, class: usize, most: usize) {
        if layer.entries.len() <= most {
            return;
        }
        let stride = self.model.stride();
        let mut order: Vec<(i64, usize)> = layer
            .entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (self.model.most(entry, layer.key(entry, stride), class), place))
            .collect();
        order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        if let Some((most, _)) = order.get(most) {
            let most = most.div_euclid(SCALE);
            self.dropped = Some(self.dropped.map_or(most, |before| before.max(most)));
        }
        order.truncate(most);
        let mut keep: Vec<usize> = order.into_iter().map(|(_, place)| place).collect();
        keep.sort_unstable();
        layer.entries = keep.iter().filter_map(|place| layer.entries.get(*place).copied()).collect();
        if let Some(origins) = self.history.last_mut() {
            *origins = keep.iter().filter_map(|place| origins.get(*place).copied()).collect();
        }
    }

    /// All ways to decide one more unit of a class.
    fn decide(&mut self, layer: &Layer, class: usize, (unit, units): (i64, i64)) -> Layer {
        let after = units.saturating_sub(unit).saturating_sub(1);
        let stride = self.model.stride();
        let mut next = Layer::default();
        for (parent, entry) in layer.entries.iter().enumerate() {
            let from = layer.key(entry, stride);
            let parent = u32::try_from(parent).unwrap_or(u32::MAX);
            let forced = self.model.forced(from, class);
            for (number, step) in self.model.steps(class).iter().enumerate() {
                if forced.is_some_and(|forced| forced != number) || !self.model.in_habit(class, step, unit) {
                    continue;
                }
                let number = u16::try_from(number).unwrap_or(u16::MAX);
                self.steps = self.steps.saturating_add(self.model.weight());
                if self.model.is_paired(step) {
                    self.steps = self.steps.saturating_add(self.decide_paired(&mut next, from, entry, (class, parent, number)));
                } else {
                    let at = next.push(from, entry, state::Origin { parent, step: number, partial: u16::MAX });
                    if !self.model.apply(next.last(at, stride), step, class, unit == 0) {
                        next.pop(at);
                    }
                }
            }
            if forced.is_none() && self.model.may_skip(class, after) {
                next.push(from, entry, state::Origin { parent, step: u16::MAX, partial: u16::MAX });
            }
        }
        next.finish(self.model, class, after == 0, self.least);
        self.history.push(std::mem::take(&mut next.origins));
        next
    }

    /// A unit joins each different set begun, or begins one.
    fn decide_paired(&mut self, next: &mut Layer, from: &[i64], entry: &state::Entry, at: (usize, u32, u16)) -> u64 {
        let (class, parent, number) = at;
        let Some(step) = self.model.steps(class).get(usize::from(number)) else { return 0 };
        let begun = self.partials.get(self.model.partials_of(from)).len();
        let mut tried = 0_u64;
        for partial in (0..begun).map(Some).chain([None]) {
            tried = tried.saturating_add(self.model.weight());
            let Some(joined) = self.model.join_paired(&mut self.partials, from, (step, class), partial) else { continue };
            let partial = partial.and_then(|partial| u16::try_from(partial).ok()).unwrap_or(u16::MAX);
            let stride = self.model.stride();
            let at = next.push(from, entry, state::Origin { parent, step: number, partial });
            if !self.model.apply_paired(next.last(at, stride), step, &joined) {
                next.pop(at);
            }
        }
        tried
    }

    /// The combination that leads to an entry of the last layer.
    fn solution(&mut self, best: usize) -> Solution {
        let mut origins = Vec::with_capacity(self.history.len());
        let mut place = best;
        for layer in self.history.iter().rev() {
            let Some(origin) = layer.get(place) else { break };
            origins.push(*origin);
            place = usize::try_from(origin.parent).unwrap_or(usize::MAX);
        }
        origins.reverse();
        self.model.replay(&mut self.partials, self.classes, &origins)
    }
}

impl Solution {
    /// Both together.
    pub(super) fn add(&mut self, other: &Self) {
        self.singles.extend(other.singles.iter().copied());
        self.sets.extend(other.sets.iter().cloned());
    }
}

//! Which serial numbers are with whom.

use std::collections::BTreeMap;

use compact_str::CompactString;
use tessera_rules::id::CashierId;

use super::{Run, Serial};

/// A roll: what its numbers begin with, and how many digits follow.
type Roll = (CompactString, u8);
/// Stretches of numbers by their first one: the last one, and whose they are.
type Stretches<T> = BTreeMap<u64, (u64, T)>;

/// Serial numbers with cashiers, and with customers. Stretches of one roll never overlap.
#[derive(Clone, Default, Debug)]
pub(super) struct Held {
    cashiers: BTreeMap<Roll, Stretches<CashierId>>,
    customers: BTreeMap<Roll, Stretches<()>>,
}

impl Held {
    /// Gives a run to a cashier, whoever had it.
    pub(super) fn put(&mut self, cashier: &CashierId, run: &Run) {
        let _others = self.take(run);
        put(self.cashiers.entry(roll(run)).or_default(), span(run), cashier.clone());
    }

    /// Takes a run from whoever has it; what was with whom.
    pub(super) fn take(&mut self, run: &Run) -> Vec<(CashierId, Run)> {
        let pieces = self.of(run);
        if let Some(stretches) = self.cashiers.get_mut(&roll(run)) {
            for (_, piece) in &pieces {
                cut(stretches, span(piece));
            }
        }
        pieces
    }

    /// What of a run is with whom.
    pub(super) fn of(&self, run: &Run) -> Vec<(CashierId, Run)> {
        let stretches = self.cashiers.get(&roll(run));
        let within = stretches.map(|stretches| within(stretches, span(run))).unwrap_or_default();
        within.into_iter().map(|(span, cashier)| (cashier.clone(), of_span(run, span))).collect()
    }

    /// Every run that a cashier has.
    pub(super) fn all(&self) -> impl Iterator<Item = (&CashierId, Run)> {
        self.cashiers.iter().flat_map(|((prefix, digits), stretches)| {
            stretches.iter().map(move |(from, (to, cashier))| {
                let first = Serial { prefix: prefix.clone(), digits: *digits, number: *from };
                (cashier, Run { first, count: count(*from, *to) })
            })
        })
    }

    /// What of a run customers have.
    pub(super) fn handed_over_of(&self, run: &Run) -> Vec<Run> {
        let stretches = self.customers.get(&roll(run));
        let within = stretches.map(|stretches| within(stretches, span(run))).unwrap_or_default();
        within.into_iter().map(|(span, ())| of_span(run, span)).collect()
    }

    /// Whether a customer has one of these.
    pub(super) fn was_handed_over(&self, run: &Run) -> bool {
        !self.handed_over_of(run).is_empty()
    }

    /// A customer has these now.
    pub(super) fn note_handed_over(&mut self, run: &Run) {
        let stretches = self.customers.entry(roll(run)).or_default();
        let (mut from, mut to) = span(run);
        cut(stretches, (from, to));
        // What is handed out one after another stays one stretch.
        if let Some((before, (end, ()))) = stretches.range(..from).next_back().map(|(before, end)| (*before, *end))
            && end.checked_add(1) == Some(from)
        {
            from = before;
        }
        if let Some((behind, end)) = to.checked_add(1).and_then(|behind| Some((behind, stretches.get(&behind)?.0))) {
            stretches.remove(&behind);
            to = end;
        }
        stretches.insert(from, (to, ()));
    }
}

fn roll(run: &Run) -> Roll {
    (run.first.prefix.clone(), run.first.digits)
}

fn span(run: &Run) -> (u64, u64) {
    let more = u64::from(run.count).saturating_sub(1);
    (run.first.number, run.first.number.saturating_add(more))
}

fn of_span(run: &Run, (from, to): (u64, u64)) -> Run {
    Run { first: Serial { number: from, ..run.first.clone() }, count: count(from, to) }
}

fn count(from: u64, to: u64) -> u32 {
    u32::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(u32::MAX)
}

/// The parts of stretches that lie in a span.
fn within<T: Clone>(stretches: &Stretches<T>, (from, to): (u64, u64)) -> Vec<((u64, u64), T)> {
    let first = stretches.range(..from).next_back().filter(|(_, (end, _))| *end >= from);
    let rest = stretches.range(from..=to);
    first.into_iter().chain(rest).map(|(start, (end, whose))| (((*start).max(from), (*end).min(to)), whose.clone())).collect()
}

/// Takes a span out.
fn cut<T: Clone>(stretches: &mut Stretches<T>, (from, to): (u64, u64)) {
    let mut hit: Vec<(u64, (u64, T))> = Vec::new();
    hit.extend(stretches.range(..from).next_back().filter(|(_, (end, _))| *end >= from).map(|(at, end)| (*at, end.clone())));
    hit.extend(stretches.range(from..=to).map(|(at, end)| (*at, end.clone())));
    for (start, (end, whose)) in hit {
        stretches.remove(&start);
        if let Some(before) = from.checked_sub(1).filter(|before| *before >= start) {
            stretches.insert(start, (before, whose.clone()));
        }
        if let Some(behind) = to.checked_add(1).filter(|behind| *behind <= end) {
            stretches.insert(behind, (end, whose));
        }
    }
}

/// Puts a span where nothing lies.
fn put<T>(stretches: &mut Stretches<T>, (from, to): (u64, u64), whose: T) {
    stretches.insert(from, (to, whose));
}

//! Layers of states: each entry is the best way known to what its key says.

use std::collections::BTreeMap;

use super::super::solution::Score;
use super::model::Model;

/// One way to a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// Where its key begins.
    at: usize,
    /// What is banked so far, in minor units.
    pub(super) gain: i64,
    pub(super) worth: i64,
    /// The campaigns used.
    pub(super) used: u128,
    /// How many units are used.
    pub(super) units: u32,
}

/// How an entry came about: from which of the layer before, by which step, and which begun set it joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    pub(super) parent: u32,
    pub(super) step: u16,
    pub(super) partial: u16,
}

impl Entry {
    pub(super) fn score(&self) -> Score {
        Score::of(self.gain, self.worth, self.used)
    }
}

/// Ways with one key that differ in nothing but the campaigns used; more are not kept apart.
const WAYS_MAX: usize = 16;

/// All states after so many units.
#[derive(Debug, Default)]
pub(super) struct Layer {
    keys: Vec<i64>,
    pub(super) entries: Vec<Entry>,
    pub(super) origins: Vec<Origin>,
}

/// What a step changes: the key of an entry and its sums.
#[derive(Debug)]
pub(super) struct Change<'l> {
    pub(super) key: &'l mut [i64],
    pub(super) entry: &'l mut Entry,
}

impl Layer {
    /// Before the first unit, where some campaigns are used already.
    pub(super) fn first(stride: usize, used: u128) -> Self {
        let entry = Entry { at: 0, gain: 0, worth: 0, used, units: 0 };
        Self { keys: vec![0; stride], entries: vec![entry], origins: Vec::new() }
    }

    pub(super) fn key(&self, entry: &Entry, stride: usize) -> &[i64] {
        self.keys.get(entry.at..entry.at.saturating_add(stride)).unwrap_or(&[])
    }

    /// Adds a copy; returns where its key begins.
    pub(super) fn push(&mut self, key: &[i64], entry: &Entry, origin: Origin) -> usize {
        let at = self.keys.len();
        self.keys.extend_from_slice(key);
        self.entries.push(Entry { at, ..*entry });
        self.origins.push(origin);
        at
    }

    /// Takes the last one away again.
    pub(super) fn pop(&mut self, at: usize) {
        self.keys.truncate(at);
        self.entries.pop();
        self.origins.pop();
    }

    pub(super) fn last(&mut self, at: usize, stride: usize) -> Option<Change<'_>> {
        let key = self.keys.get_mut(at..at.saturating_add(stride))?;
        Some(Change { key, entry: self.entries.last_mut()? })
    }

    /// Rounds what is complete, leaves out what cannot go on, and keeps the best way to each state.
    pub(super) fn finish(&mut self, model: &Model<'_, '_>, class: usize, last: bool, least: i64) {
        let (stride, slots) = (model.stride(), model.slots());
        let mut alive: Vec<usize> = Vec::with_capacity(self.entries.len());
        for place in 0..self.entries.len() {
            let Some(entry) = self.entries.get_mut(place) else { continue };
            let Some(key) = self.keys.get_mut(entry.at..entry.at.saturating_add(stride)) else { continue };
            if model.close(&mut Change { key, entry }, class, last)
                && model.can_reach(entry, key, class.saturating_add(usize::from(last)), least)
            {
                alive.push(place);
            }
        }
        let keys = &self.keys;
        let entries = &self.entries;
        let key = |place: usize| {
            let at = entries.get(place).map_or(0, |entry| entry.at);
            keys.get(at..at.saturating_add(slots)).unwrap_or(&[])
        };
        let rank = |place: usize| entries.get(place).map(|entry| (entry.score(), entry.units));
        alive.sort_unstable_by(|a, b| key(*a).cmp(key(*b)).then_with(|| rank(*b).cmp(&rank(*a))).then(a.cmp(b)));
        let mut kept: Vec<usize> = Vec::with_capacity(alive.len());
        for same in alive.chunk_by(|a, b| key(*a) == key(*b)) {
            let from = kept.len();
            for place in same {
                let Some(entry) = entries.get(*place) else { continue };
                let before = || kept.iter().skip(from).filter_map(|place| entries.get(*place));
                let worse = before()
                    .any(|known| (known.gain, known.worth) != (entry.gain, entry.worth) || known.used & entry.used == known.used);
                if !worse && kept.len().saturating_sub(from) < WAYS_MAX {
                    kept.push(*place);
                }
            }
        }
        let entries = kept.iter().filter_map(|place| self.entries.get(*place).copied()).collect();
        self.origins = kept.iter().filter_map(|place| self.origins.get(*place).copied()).collect();
        self.entries = entries;
    }
}

/// A set begun whose gain depends on who sits in it: its form and its members, seat and class of each unit.
pub(super) type Begun = (usize, Vec<(usize, usize)>);

/// Collections of sets begun, each by a number; 0 is none.
#[derive(Debug)]
pub(super) struct Partials {
    known: Vec<Vec<Begun>>,
    numbers: BTreeMap<Vec<Begun>, i64>,
}

impl Partials {
    pub(super) fn new() -> Self {
        Self { known: vec![Vec::new()], numbers: BTreeMap::from([(Vec::new(), 0)]) }
    }

    pub(super) fn get(&self, number: i64) -> &[Begun] {
        usize::try_from(number).ok().and_then(|number| self.known.get(number)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn number(&mut self, mut sets: Vec<Begun>) -> i64 {
        sets.sort_unstable();
        if let Some(number) = self.numbers.get(&sets) {
            return *number;
        }
        let number = i64::try_from(self.known.len()).unwrap_or(i64::MAX);
        self.known.push(sets.clone());
        self.numbers.insert(sets, number);
        number
    }
}

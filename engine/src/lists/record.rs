//! The record of an imported list: its versions, the load that is under way, and which loads count.
//!
//! Pure. Who is on the list stands beside each customer ([`super::membership`]) by the numbers of versions, so that a
//! version is put in force, and taken back, by one write of this record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Versions that a record keeps: the one in force, and eight to go back to.
const VERSIONS_KEPT: usize = 9;
/// Stretches of numbers that do not count and may still stand beside a customer.
const DEAD_MAX: usize = 1_000;
/// The version in which records are written; those before it were never released.
const FORMAT: u8 = 2;

/// What a load does with the customers of its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Mode {
    /// They are the list.
    Replace,
    /// They come to it.
    Add,
    /// They are taken off it.
    Remove,
}

/// What rows did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(super) struct Change {
    /// Customers who were not on the list.
    pub(super) others: u64,
    /// Customers who were.
    pub(super) listed: u64,
    /// Rows that name nobody.
    pub(super) unknown: u64,
    /// Rows whose customer an earlier row names.
    pub(super) repeated: u64,
    /// Customers of whom as many lists say something as may: they are left out.
    pub(super) beyond: u64,
}

/// One load.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Load {
    /// The version that it makes, from 1.
    pub(super) number: u32,
    pub(super) mode: Mode,
    /// What the file's rows hash to.
    pub(super) content: [u8; 32],
    /// Rows of the file.
    pub(super) rows: u64,
    pub(super) rows_taken: u64,
    pub(super) change: Change,
    /// When it began; once it is in force, since when.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) at: Timestamp,
    pub(super) note: String,
    /// Customers on the list with it; 0 while it is not finished.
    pub(super) members: u64,
}

/// A list.
///
/// INVARIANT: versions are in ascending sequence and at most [`VERSIONS_KEPT`]; no number is ever given twice.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(super) struct ListRecord {
    /// The last of them is in force.
    pub(super) versions: Vec<Load>,
    pub(super) loading: Option<Load>,
    /// The newest of the versions that are not kept any more which replaced the list; 0: none did.
    base_before: u32,
    /// Whether a version that is not kept any more was ever in force.
    has_older: bool,
    /// Loads that were taken back or given up, those apart that nobody looks at any more.
    dead: Dead,
    /// The last number that was given.
    last_number: u32,
}

/// Numbers of loads that do not count, as stretches from the first to the last, ascending: one after another that is given
/// up makes a stretch longer.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(super) struct Dead(Vec<(u32, u32)>);

/// Which loads count: what a look at a customer needs of the record.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct InForce {
    /// The version in force; 0: none.
    pub(super) newest: u32,
    /// The last one that replaced the list; what was before it says nothing.
    pub(super) base: u32,
    /// Those between that do not count.
    pub(super) dead: Dead,
}

/// What is asked of a list and cannot be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ListRefusal {
    UnknownList,
    OtherLoad,
    RowsMissing,
    NothingBefore,
    TooManyLists,
    ReplaceWanted,
}

/// How a load begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Begun {
    /// The version in force has this content already.
    Unchanged { number: u32, rows: u64 },
    /// The record has changed: a new load.
    New { number: u32 },
    /// A load that goes on behind these rows.
    GoesOn { number: u32, rows_taken: u64 },
}

impl Dead {
    fn has(&self, number: u32) -> bool {
        let place = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(place).is_some_and(|(first, _)| *first <= number)
    }

    fn bury(&mut self, number: u32) {
        if self.has(number) {
            return;
        }
        let place = self.0.partition_point(|(_, last)| last.saturating_add(1) < number);
        match self.0.get_mut(place) {
            Some((_, last)) if last.saturating_add(1) == number => *last = number,
            Some((first, _)) if number.saturating_add(1) == *first => *first = number,
            Some(_) | None => self.0.insert(place, (number, number)),
        }
    }
}

impl InForce {
    /// Whether a load counts.
    pub(super) fn counts(&self, number: u32) -> bool {
        number <= self.newest && number >= self.base && !self.dead.has(number)
    }
}

impl ListRecord {
    pub(super) fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_extend(self, vec![FORMAT])
    }

    /// Reads a record; none: these bytes are none.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, body) = bytes.split_first()?;
        let (record, rest) = postcard::take_from_bytes(body).ok().filter(|_| *format == FORMAT)?;
        rest.is_empty().then_some(record)
    }

    /// Customers on the list.
    pub(super) fn members(&self) -> u64 {
        self.versions.last().map_or(0, |load| load.members)
    }

    pub(super) fn in_force(&self) -> InForce {
        let Some(newest) = self.versions.last() else { return InForce::default() };
        let replaced = self.versions.iter().rev().find(|load| load.mode == Mode::Replace);
        let base = replaced.map_or(self.base_before, |load| load.number);
        InForce { newest: newest.number, base, dead: self.dead.clone() }
    }

    /// Loads that no version to go back to looks at any more: what a customer's record need not keep, but for the newest
    /// of them that counted.
    pub(super) fn oldest_kept(&self) -> u32 {
        self.versions.first().map_or(0, |load| load.number)
    }

    /// Whether a load was taken back or given up.
    pub(super) fn is_dead(&self, number: u32) -> bool {
        self.dead.has(number)
    }

    /// Begins a load of this content, or goes on with it.
    pub(super) fn begin(
        &mut self,
        mode: Mode,
        (content, rows): ([u8; 32], u64),
        at: Timestamp,
        note: &str,
    ) -> Result<Begun, ListRefusal> {
        if let Some(load) = self.loading.as_ref().filter(|load| load.mode == mode && load.content == content) {
            return Ok(Begun::GoesOn { number: load.number, rows_taken: load.rows_taken });
        }
        if let Some(load) = self.versions.last().filter(|load| load.mode == mode && load.content == content) {
            return Ok(Begun::Unchanged { number: load.number, rows: load.rows });
        }
        if self.dead.0.len() >= DEAD_MAX && mode != Mode::Replace {
            return Err(ListRefusal::ReplaceWanted);
        }
        if let Some(given_up) = self.loading.take() {
            self.dead.bury(given_up.number);
        }
        let number = self.last_number.saturating_add(1);
        self.last_number = number;
        let (change, note) = (Change::default(), note.to_owned());
        self.loading = Some(Load { number, mode, content, rows, rows_taken: 0, change, at, note, members: 0 });
        Ok(Begun::New { number })
    }

    /// The load that is under way, where it is this one.
    pub(super) fn loading(&self, number: u32) -> Result<&Load, ListRefusal> {
        self.loading.as_ref().filter(|load| load.number == number).ok_or(ListRefusal::OtherLoad)
    }

    /// Notes rows that were taken.
    pub(super) fn took(&mut self, number: u32, rows_taken: u64, change: Change) -> Result<(), ListRefusal> {
        let load = self.loading.as_mut().filter(|load| load.number == number).ok_or(ListRefusal::OtherLoad)?;
        (load.rows_taken, load.change) = (rows_taken, change);
        Ok(())
    }

    /// Puts a load in force whose rows are all there; whether anything changed.
    pub(super) fn finish(&mut self, number: u32, at: Timestamp) -> Result<bool, ListRefusal> {
        if self.loading.is_none() && self.versions.last().is_some_and(|load| load.number == number) {
            return Ok(false);
        }
        let load = self.loading(number)?;
        if load.rows_taken != load.rows {
            return Err(ListRefusal::RowsMissing);
        }
        let before = self.members();
        let Change { others, listed, .. } = load.change;
        let members = match load.mode {
            Mode::Replace => others.saturating_add(listed),
            Mode::Add => before.saturating_add(others),
            Mode::Remove => before.saturating_sub(listed),
        };
        self.versions.extend(self.loading.take().map(|load| Load { members, at, ..load }));
        if self.versions.len() > VERSIONS_KEPT {
            let old = self.versions.remove(0);
            self.has_older = true;
            if old.mode == Mode::Replace {
                self.base_before = old.number;
            }
        }
        self.forget_dead();
        Ok(true)
    }

    /// Takes the newest version back; whether anything changed.
    pub(super) fn undo(&mut self, number: u32) -> Result<bool, ListRefusal> {
        if self.is_dead(number) {
            return Ok(false);
        }
        match self.versions.last() {
            Some(load) if load.number != number => return Err(ListRefusal::OtherLoad),
            None => return Err(ListRefusal::NothingBefore),
            Some(_) if self.versions.len() == 1 && self.has_older => return Err(ListRefusal::NothingBefore),
            Some(_) => {}
        }
        self.versions.pop();
        // What is being loaded counted its changes from the version that is gone.
        if let Some(given_up) = self.loading.take() {
            self.dead.bury(given_up.number);
        }
        self.dead.bury(number);
        Ok(true)
    }

    /// Below the replacement that the oldest version rests on nobody looks, once there is no way back to nobody at all.
    fn forget_dead(&mut self) {
        if !self.has_older {
            return;
        }
        let oldest = self.versions.first();
        let base = oldest.filter(|load| load.mode == Mode::Replace).map_or(self.base_before, |load| load.number);
        self.dead.0.retain(|(_, last)| *last >= base);
    }
}

#[cfg(test)]
mod tests;

//! What the spool knows in memory of each entry: where it lies, what it is ordered by, what may go next. The
//! requests themselves stay on disk.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::pages::Pages;
use super::record::Place;
use crate::call::Call;

/// Of so many deliveries one goes to what has no deadline that can still be met: an overdue entry may hold back a
/// later one of the same customer, and nothing may wait for ever.
const REST_EVERY: u32 = 4;

/// An entry without its request.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) call: Call,
    /// Hash of its call and id.
    pub(super) id: u64,
    pub(super) attempt: u32,
    /// Of what its id stands for; 0: not known.
    pub(super) content: u64,
    /// What it is ordered by; 0: nothing.
    pub(super) keys: [u32; 3],
    /// When the customer must have been told, milliseconds since 1970; 0: nobody need be.
    pub(super) due_ms: i64,
    pub(super) accepted_ms: i64,
}

/// An entry that waits, and how.
#[derive(Debug)]
struct Waiting {
    entry: Entry,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In its place.
    Queued,
    /// On its way to an engine.
    Taken,
    /// Not to be tried yet.
    Later,
}

/// An entry that was refused for good.
#[derive(Debug, Clone)]
pub(super) struct Parked {
    pub(super) entry: Entry,
    pub(super) reason: String,
    pub(super) parked_ms: i64,
}

/// What an id was found to be in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    No,
    /// The same decision with the same content, accepted then.
    Same { accepted_ms: i64 },
    /// The same id stands for something else.
    Other,
}

/// What the id of an entry stands for among others. Content that is not known on either side is no conflict.
pub(super) fn known_among<'a>(entries: impl Iterator<Item = &'a Entry>, new: &Entry) -> Known {
    let mut known = Known::No;
    for entry in entries.filter(|entry| entry.id == new.id) {
        if entry.content != new.content && entry.content != 0 && new.content != 0 {
            return Known::Other;
        }
        if entry.content == new.content && new.content != 0 && entry.attempt == new.attempt {
            known = Known::Same { accepted_ms: entry.accepted_ms };
        }
    }
    known
}

/// What is in one segment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    /// Bytes of the file.
    pub(super) file_bytes: u64,
    /// Entries that wait or are parked.
    pub(super) entries: u32,
    /// Their bytes.
    pub(super) bytes: u64,
}

/// All entries. Numbers are those of entries. Of 200,000 it must leave room in 64 MB for everything else, so what few entries have
/// lies apart from what all have.
#[derive(Debug, Default)]
pub(super) struct Index {
    waiting: Pages<u64, Waiting>,
    parked: BTreeMap<u64, Parked>,
    /// By hash of call and id.
    ids: Pages<(u64, u64), ()>,
    /// By key, those that wait.
    queues: Pages<(u32, u64), ()>,
    /// Queued, and the oldest under each of its keys.
    ready: Pages<u64, ()>,
    /// Those of them whose customer must be told, by when.
    ready_due: Pages<(i64, u64), ()>,
    /// Those that are not to be tried yet, by when they may be.
    later: BTreeSet<(Instant, u64)>,
    later_until: BTreeMap<u64, Instant>,
    /// Faults so far, of those that had any, that were their own and may pass.
    faults: BTreeMap<u64, u32>,
    pub(super) segments: BTreeMap<u64, Held>,
    turn: u32,
}

impl Index {
    pub(super) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn parked(&self) -> &BTreeMap<u64, Parked> {
        &self.parked
    }

    /// Entries that wait or are parked.
    pub(super) fn count(&self) -> usize {
        self.waiting.len() + self.parked.len()
    }

    /// Bytes of all segments.
    pub(super) fn file_bytes(&self) -> u64 {
        self.segments.values().map(|held| held.file_bytes).sum()
    }

    /// When the oldest that waits was accepted.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        self.waiting.first().map(|(_, waiting)| waiting.entry.accepted_ms)
    }

    /// What the id of an entry stands for here.
    pub(super) fn known(&self, new: &Entry) -> Known {
        known_among(self.of_id(new.id).filter_map(|number| self.entry(number)), new)
    }

    /// When anything under this id was accepted last.
    pub(super) fn accepted_ms(&self, id: u64) -> Option<i64> {
        self.entry(self.of_id(id).last()?).map(|entry| entry.accepted_ms)
    }

    /// Whether the newest under this id is parked. None: there is none.
    pub(super) fn is_parked(&self, id: u64) -> Option<bool> {
        Some(self.parked.contains_key(&self.of_id(id).last()?))
    }

    /// The entries under an id, oldest first.
    fn of_id(&self, id: u64) -> impl Iterator<Item = u64> {
        let from = move |number| self.ids.from((id, number)).filter(|((of, _), ())| *of == id).map(|((_, number), ())| *number);
        std::iter::successors(from(0), move |number| from(number.checked_add(1)?))
    }

    /// Whether something waits under one of these keys.
    pub(super) fn holds_back(&self, keys: &[u32; 3]) -> bool {
        keys.iter().any(|key| *key != 0 && self.front(*key).is_some())
    }

    pub(super) fn entry(&self, number: u64) -> Option<&Entry> {
        let waiting = self.waiting.get(&number).map(|waiting| &waiting.entry);
        waiting.or_else(|| self.parked.get(&number).map(|parked| &parked.entry))
    }

    /// Puts an entry in its place; one that is there already has moved to another.
    pub(super) fn insert(&mut self, number: u64, entry: Entry) {
        if self.entry(number).is_some() {
            return self.relocate(number, entry.place);
        }
        self.hold(entry.place);
        self.ids.insert((entry.id, number), ());
        self.enqueue(number, entry);
    }

    fn enqueue(&mut self, number: u64, entry: Entry) {
        let keys: Vec<u32> = entry.keys.into_iter().filter(|key| *key != 0).collect();
        // One that comes back goes before younger ones, which were first so far.
        let first_so_far: Vec<u64> = keys.iter().filter_map(|key| self.front(*key)).filter(|first| *first > number).collect();
        for key in keys {
            self.queues.insert((key, number), ());
        }
        self.waiting.insert(number, Waiting { entry, state: State::Queued });
        self.look_at(number);
        for younger in first_so_far {
            self.look_at(younger);
        }
    }

    /// The entry lies elsewhere now.
    pub(super) fn relocate(&mut self, number: u64, place: Place) {
        let entry = match (self.waiting.get_mut(&number), self.parked.get_mut(&number)) {
            (Some(waiting), _) => &mut waiting.entry,
            (None, Some(parked)) => &mut parked.entry,
            (None, None) => return,
        };
        let before = std::mem::replace(&mut entry.place, place);
        self.release(before);
        self.hold(place);
    }

    /// An engine has it.
    pub(super) fn remove(&mut self, number: u64) {
        if let Some(entry) = self.dequeue(number).or_else(|| self.parked.remove(&number).map(|parked| parked.entry)) {
            self.ids.remove(&(entry.id, number));
            self.release(entry.place);
        }
    }

    /// Lays it aside and lets those behind it go.
    pub(super) fn park(&mut self, number: u64, reason: String, parked_ms: i64) {
        if let Some(entry) = self.dequeue(number) {
            self.parked.insert(number, Parked { entry, reason, parked_ms });
        }
    }

    /// Puts a parked one back in its place; whether it was parked.
    pub(super) fn unpark(&mut self, number: u64) -> bool {
        let parked = self.parked.remove(&number);
        let was_parked = parked.is_some();
        if let Some(parked) = parked {
            self.enqueue(number, parked.entry);
        }
        was_parked
    }

    /// The next to deliver, which is then on its way.
    pub(super) fn take(&mut self, now_ms: i64, now: Instant) -> Option<(u64, Entry)> {
        self.ripen(now);
        self.turn = (self.turn + 1) % REST_EVERY;
        let due = self.ready_due.from((now_ms, 0)).map(|((_, number), ())| *number);
        let oldest = self.ready.first().map(|(number, ())| *number);
        let number = if self.turn == 0 { oldest } else { due.or(oldest) }?;
        let waiting = self.waiting.get_mut(&number)?;
        waiting.state = State::Taken;
        let entry = waiting.entry.clone();
        self.unready(number, entry.due_ms);
        Some((number, entry))
    }

    /// Puts one that was taken back, not to be tried before then.
    pub(super) fn put_back(&mut self, number: u64, until: Instant) {
        let Some(waiting) = self.waiting.get_mut(&number).filter(|waiting| waiting.state == State::Taken) else { return };
        waiting.state = State::Later;
        self.later.insert((until, number));
        self.later_until.insert(number, until);
    }

    /// One that was not to be tried yet may be.
    pub(super) fn hasten(&mut self, number: u64) {
        if let Some(until) = self.later_until.remove(&number) {
            self.later.remove(&(until, number));
            if let Some(waiting) = self.waiting.get_mut(&number) {
                waiting.state = State::Queued;
            }
            self.look_at(number);
        }
    }

    /// Counts a fault that was an entry's own, and says how many it has had.
    pub(super) fn count_fault(&mut self, number: u64) -> u32 {
        if self.waiting.get(&number).is_none() {
            return 0;
        }
        let faults = self.faults.entry(number).or_default();
        *faults += 1;
        *faults
    }

    /// When the next one that is not to be tried yet may be.
    pub(super) fn next_ripe(&self) -> Option<Instant> {
        self.later.first().map(|(until, _)| *until)
    }

    /// Where all entries lie, by their numbers, oldest first.
    pub(super) fn places(&self) -> BTreeMap<u64, Place> {
        let waiting = self.waiting.iter().map(|(number, waiting)| (*number, waiting.entry.place));
        let parked = self.parked.iter().map(|(number, parked)| (*number, parked.entry.place));
        waiting.chain(parked).collect()
    }

    /// The entries of a segment.
    pub(super) fn of_segment(&self, segment: u64) -> Vec<u64> {
        let waiting = self.waiting.iter().map(|(number, waiting)| (number, &waiting.entry));
        let parked = self.parked.iter().map(|(number, parked)| (number, &parked.entry));
        waiting.chain(parked).filter(|(_, entry)| entry.place.segment == segment).map(|(number, _)| *number).collect()
    }

    fn ripen(&mut self, now: Instant) {
        while let Some((until, number)) = self.later.first().copied().filter(|(until, _)| *until <= now) {
            self.later.remove(&(until, number));
            self.hasten(number);
        }
    }

    fn dequeue(&mut self, number: u64) -> Option<Entry> {
        let Waiting { entry, .. } = self.waiting.remove(&number)?;
        if let Some(until) = self.later_until.remove(&number) {
            self.later.remove(&(until, number));
        }
        self.faults.remove(&number);
        self.unready(number, entry.due_ms);
        let keys: Vec<u32> = entry.keys.into_iter().filter(|key| *key != 0).collect();
        for key in &keys {
            self.queues.remove(&(*key, number));
        }
        for key in keys {
            if let Some(next) = self.front(key) {
                self.look_at(next);
            }
        }
        Some(entry)
    }

    /// An entry is ready where nothing is before it.
    fn look_at(&mut self, number: u64) {
        let Some(waiting) = self.waiting.get(&number).filter(|waiting| waiting.state == State::Queued) else { return };
        let entry = &waiting.entry;
        if entry.keys.iter().any(|key| *key != 0 && self.front(*key) != Some(number)) {
            let due_ms = entry.due_ms;
            self.unready(number, due_ms);
            return;
        }
        self.ready.insert(number, ());
        if entry.due_ms != 0 {
            self.ready_due.insert((entry.due_ms, number), ());
        }
    }

    fn unready(&mut self, number: u64, due_ms: i64) {
        self.ready.remove(&number);
        self.ready_due.remove(&(due_ms, number));
    }

    fn front(&self, key: u32) -> Option<u64> {
        self.queues.from((key, 0)).filter(|((of, _), ())| *of == key).map(|((_, number), ())| *number)
    }

    fn hold(&mut self, place: Place) {
        let held = self.segments.entry(place.segment).or_default();
        held.entries += 1;
        held.bytes += u64::from(place.bytes);
    }

    fn release(&mut self, place: Place) {
        if let Some(held) = self.segments.get_mut(&place.segment) {
            held.entries = held.entries.saturating_sub(1);
            held.bytes = held.bytes.saturating_sub(u64::from(place.bytes));
        }
    }
}

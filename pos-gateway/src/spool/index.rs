//! What the spool knows in memory of each entry: where it lies, what it is ordered by, what may go next. The
//! requests themselves stay on disk.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

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
    /// Faults so far that were its own and may pass.
    faults: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In its place.
    Queued,
    /// On its way to an engine.
    Taken,
    /// Not to be tried before then.
    Later(Instant),
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

/// All entries. Numbers are those of entries.
#[derive(Debug, Default)]
pub(super) struct Index {
    waiting: BTreeMap<u64, Waiting>,
    parked: BTreeMap<u64, Parked>,
    /// By hash of call and id.
    ids: BTreeSet<(u64, u64)>,
    /// By key, those that wait.
    queues: BTreeSet<(u32, u64)>,
    /// Queued, and the oldest under each of its keys.
    ready: BTreeSet<u64>,
    /// Those of them whose customer must be told, by when.
    ready_due: BTreeSet<(i64, u64)>,
    later: BTreeSet<(Instant, u64)>,
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
        self.waiting.first_key_value().map(|(_, waiting)| waiting.entry.accepted_ms)
    }

    /// What the id of an entry stands for here.
    pub(super) fn known(&self, new: &Entry) -> Known {
        let of_id = self.ids.range((new.id, 0)..=(new.id, u64::MAX));
        known_among(of_id.filter_map(|(_, number)| self.entry(*number)), new)
    }

    /// When anything under this id was accepted last.
    pub(super) fn accepted_ms(&self, id: u64) -> Option<i64> {
        let newest = self.ids.range((id, 0)..=(id, u64::MAX)).next_back()?;
        self.entry(newest.1).map(|entry| entry.accepted_ms)
    }

    /// Whether the newest under this id is parked. None: there is none.
    pub(super) fn is_parked(&self, id: u64) -> Option<bool> {
        let newest = self.ids.range((id, 0)..=(id, u64::MAX)).next_back()?;
        Some(self.parked.contains_key(&newest.1))
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
        self.ids.insert((entry.id, number));
        self.enqueue(number, entry);
    }

    fn enqueue(&mut self, number: u64, entry: Entry) {
        let keys: Vec<u32> = entry.keys.into_iter().filter(|key| *key != 0).collect();
        // One that comes back goes before younger ones, which were first so far.
        let first_so_far: Vec<u64> = keys.iter().filter_map(|key| self.front(*key)).filter(|first| *first > number).collect();
        self.queues.extend(keys.into_iter().map(|key| (key, number)));
        self.waiting.insert(number, Waiting { entry, state: State::Queued, faults: 0 });
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
        let due = self.ready_due.range((now_ms, 0)..).next().map(|(_, number)| *number);
        let oldest = self.ready.first().copied();
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
        waiting.state = State::Later(until);
        self.later.insert((until, number));
    }

    /// One that was not to be tried yet may be.
    pub(super) fn hasten(&mut self, number: u64) {
        let Some(waiting) = self.waiting.get_mut(&number) else { return };
        if let State::Later(until) = waiting.state {
            waiting.state = State::Queued;
            self.later.remove(&(until, number));
            self.look_at(number);
        }
    }

    /// Counts a fault that was an entry's own, and says how many it has had.
    pub(super) fn count_fault(&mut self, number: u64) -> u32 {
        let Some(waiting) = self.waiting.get_mut(&number) else { return 0 };
        waiting.faults += 1;
        waiting.faults
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
            if let Some(waiting) = self.waiting.get_mut(&number) {
                waiting.state = State::Queued;
            }
            self.look_at(number);
        }
    }

    fn dequeue(&mut self, number: u64) -> Option<Entry> {
        let Waiting { entry, state, .. } = self.waiting.remove(&number)?;
        if let State::Later(until) = state {
            self.later.remove(&(until, number));
        }
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
        self.ready.insert(number);
        if entry.due_ms != 0 {
            self.ready_due.insert((entry.due_ms, number));
        }
    }

    fn unready(&mut self, number: u64, due_ms: i64) {
        self.ready.remove(&number);
        self.ready_due.remove(&(due_ms, number));
    }

    fn front(&self, key: u32) -> Option<u64> {
        self.queues.range((key, 0)..=(key, u64::MAX)).next().map(|(_, number)| *number)
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

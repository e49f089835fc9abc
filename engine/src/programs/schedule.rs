//! The schedule: which revision is in force when, as it follows from the acts. Pure; a new one is made for
//! each act and swapped in whole, so that a reader sees one history.

use blake3::Hash;
use jiff::Timestamp;

use super::act::{Act, By, Done, Publication};
use super::entry::Entry;

/// Everything that was done to the programs.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    /// Stands for the act before the first one: what is signed for the first revision of one storage fits no other.
    origin: Hash,
    /// By number, from 1 without gaps.
    revisions: Vec<Entry>,
    /// What is in force from when, by time. Withdrawn and waiting revisions are not in it.
    line: Vec<Since>,
    acts: u64,
    last_act: Hash,
    last_at: Timestamp,
}

/// From when a revision is in force.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Since {
    at: Timestamp,
    revision: u64,
}

/// Where a revision stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// A second person has not approved it yet.
    Awaiting,
    /// It starts later.
    Scheduled,
    /// It is in force.
    Live,
    /// It was in force before.
    Past,
    /// It was taken back before its start.
    Withdrawn,
    /// Another one with the same start was published after it.
    Replaced,
}

/// An act that cannot follow those before it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("it does not follow the act before it")]
    Chain,
    #[error("it gives revision {given} a number that is not the next one, {next}")]
    Number { given: u64, next: u64 },
    #[error("it is about revision {0}, which there is not")]
    Unknown(u64),
    #[error("the signature does not fit what it says")]
    Signature,
    #[error("it approves revision {0}, which does not wait for it")]
    NotAwaiting(u64),
    #[error("it takes back revision {0}, which had started or was taken back before")]
    Started(u64),
}

impl Schedule {
    /// Before the first act of the history with this origin.
    pub(super) fn empty(origin: Hash) -> Self {
        Self { origin, revisions: Vec::new(), line: Vec::new(), acts: 0, last_act: origin, last_at: Timestamp::MIN }
    }

    /// The schedule after these acts too.
    ///
    /// # Errors
    /// One of them cannot follow: what is stored was changed by somebody else than an engine.
    pub(super) fn after(&self, acts: Vec<(Act, Hash)>) -> Result<Self, Broken> {
        let mut next = self.clone();
        for (act, hash) in acts {
            next.add(act, hash)?;
        }
        next.draw_line();
        Ok(next)
    }

    fn add(&mut self, act: Act, hash: Hash) -> Result<(), Broken> {
        if act.previous != self.last_act || act.at < self.last_at {
            return Err(Broken::Chain);
        }
        match act.done {
            Done::Published(made) => self.publish(made, act.at, act.by, hash)?,
            Done::Approved { revision } => {
                let entry = self.signed(revision, &act.by, true)?;
                if !entry.is_awaiting() {
                    return Err(Broken::NotAwaiting(revision));
                }
                entry.approved = Some((act.at, act.by));
            }
            Done::Withdrawn { revision } => {
                let entry = self.signed(revision, &act.by, false)?;
                // What was in force at a time that has passed stays so.
                if !entry.is_awaiting() && entry.starts_at().is_none_or(|starts_at| starts_at <= act.at) {
                    return Err(Broken::Started(revision));
                }
                entry.withdrawn = Some((act.at, act.by));
            }
        }
        self.acts = self.acts.saturating_add(1);
        self.last_act = hash;
        self.last_at = act.at;
        Ok(())
    }

    fn publish(&mut self, made: Publication, at: Timestamp, by: By, act: Hash) -> Result<(), Broken> {
        let next = self.next_number();
        if made.revision != next {
            return Err(Broken::Number { given: made.revision, next });
        }
        if !by.stands_for(&made.statement(self.newest_act())) {
            return Err(Broken::Signature);
        }
        self.revisions.push(Entry { made, act, published: (at, by), approved: None, withdrawn: None });
        Ok(())
    }

    fn signed(&mut self, revision: u64, by: &By, approve: bool) -> Result<&mut Entry, Broken> {
        let entry = place(revision).and_then(|place| self.revisions.get_mut(place)).ok_or(Broken::Unknown(revision))?;
        if by.stands_for(&entry.agreed(approve)) { Ok(entry) } else { Err(Broken::Signature) }
    }

    fn draw_line(&mut self) {
        let mut line: Vec<Since> =
            self.revisions.iter().filter_map(|entry| Some(Since { at: entry.starts_at()?, revision: entry.number() })).collect();
        line.sort_unstable();
        // Of several with one start the one published last counts.
        line.dedup_by(|later, earlier| {
            let same = later.at == earlier.at;
            if same {
                earlier.revision = later.revision;
            }
            same
        });
        self.line = line;
    }

    /// How many acts there were.
    pub(super) fn acts(&self) -> u64 {
        self.acts
    }

    /// The hash of the last act.
    pub(super) fn last_act(&self) -> Hash {
        self.last_act
    }

    /// The time of the last act; later ones are not earlier.
    pub(super) fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// The number that the next revision gets.
    pub(super) fn next_number(&self) -> u64 {
        self.revisions.last().map_or(1, |entry| entry.number().saturating_add(1))
    }

    /// The hash of the act that made the newest revision; the origin where there is none.
    pub(super) fn newest_act(&self) -> Hash {
        self.revisions.last().map_or(self.origin, |entry| entry.act)
    }

    /// The hash of the act that made the revision numbered one lower; the origin for revision 1.
    pub(super) fn act_before(&self, number: u64) -> Hash {
        number.checked_sub(1).and_then(|before| self.entry(before)).map_or(self.origin, |entry| entry.act)
    }

    /// By number.
    pub(super) fn revisions(&self) -> &[Entry] {
        &self.revisions
    }

    /// The revision with this number.
    pub(super) fn entry(&self, number: u64) -> Option<&Entry> {
        self.revisions.get(place(number)?)
    }

    /// The number in force at a time; 0: none was.
    pub(super) fn at(&self, at: Timestamp) -> u64 {
        let started = self.line.partition_point(|since| since.at <= at);
        started.checked_sub(1).and_then(|place| self.line.get(place)).map_or(0, |since| since.revision)
    }

    /// The next start after a time.
    pub(super) fn next_after(&self, at: Timestamp) -> Option<(Timestamp, u64)> {
        self.starting_after(at).next()
    }

    /// The starts after a time, by time.
    pub(super) fn starting_after(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, u64)> + '_ {
        let started = self.line.partition_point(|since| since.at <= at);
        self.line.iter().skip(started).map(|since| (since.at, since.revision))
    }

    /// The number in force before the one of that time; none: nothing was.
    pub(super) fn before(&self, at: Timestamp) -> Option<u64> {
        let started = self.line.partition_point(|since| since.at <= at);
        self.line.get(started.checked_sub(2)?).map(|since| since.revision)
    }

    /// Where a revision stands at a time.
    pub(super) fn state(&self, entry: &Entry, now: Timestamp) -> State {
        if entry.withdrawn.is_some() {
            return State::Withdrawn;
        }
        let Some(since) = self.line.iter().find(|since| since.revision == entry.number()) else {
            return if entry.is_awaiting() { State::Awaiting } else { State::Replaced };
        };
        if since.at > now {
            State::Scheduled
        } else if self.at(now) == entry.number() {
            State::Live
        } else {
            State::Past
        }
    }

    /// Until when a revision is in force; none: no other start is known.
    pub(super) fn ends_at(&self, number: u64) -> Option<Timestamp> {
        let place = self.line.iter().position(|since| since.revision == number)?;
        self.line.get(place.saturating_add(1)).map(|since| since.at)
    }

    /// Whether a revision is or was in force.
    pub(super) fn was_in_force(&self, number: u64, now: Timestamp) -> bool {
        self.line.iter().any(|since| since.revision == number && since.at <= now)
    }

    /// What to go back to: the revision in force before the sources of now were first in force. Going back
    /// again so goes further back, not forth.
    pub(super) fn rollback_target(&self, now: Timestamp) -> Option<u64> {
        let live = self.entry(self.at(now))?;
        let origin = self.origin(live);
        let first = self.line.iter().position(|since| since.revision == origin)?;
        let mut before = self.line.iter().take(first).rev().filter_map(|since| self.entry(since.revision));
        before.find(|entry| entry.content() != live.content()).map(|entry| self.origin(entry))
    }

    /// The revision for which its sources were written: itself, or what it restores in the end.
    fn origin(&self, entry: &Entry) -> u64 {
        let mut origin = entry;
        // Each restores one with a lower number, so this ends.
        while let Some(restored) = origin.made.restores.filter(|number| *number < origin.number()) {
            let Some(below) = self.entry(restored) else { break };
            origin = below;
        }
        origin.number()
    }
}

fn place(number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests;

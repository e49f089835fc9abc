//! What is told of the programs: history, and what a change of them begins from.

use blake3::Hash;
use jiff::Timestamp;

use super::schedule::Schedule;
use super::{Entry, Programs, State};

/// A revision as history tells it.
#[derive(Clone, Debug)]
pub struct Told {
    /// What was done.
    pub entry: Entry,
    /// Where it stands now.
    pub state: State,
    /// Until when it is in force, where another start is known.
    pub ends_at: Option<Timestamp>,
    /// Whether it is compiled in memory.
    pub in_memory: bool,
}

/// What a change of the programs begins from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The revision in force; 0: none.
    pub in_force: u64,
    /// The number that the next revision gets.
    pub next_number: u64,
    /// The hash of the act that made the newest revision.
    pub newest_act: Hash,
    /// What a rollback would go back to.
    pub rollback_target: Option<u64>,
}

impl Programs {
    /// The newest revisions first, at most `limit`, only those numbered below `before` where that is given.
    #[must_use]
    pub fn history(&self, before: Option<u64>, limit: usize) -> Vec<Told> {
        let schedule = self.schedule.load();
        let now = self.now();
        let below = schedule.revisions().iter().rev().filter(|entry| before.is_none_or(|before| entry.number() < before));
        below.take(limit).map(|entry| self.told(&schedule, entry, now)).collect()
    }

    /// One revision as history tells it.
    #[must_use]
    pub fn revision(&self, number: u64) -> Option<Told> {
        let schedule = self.schedule.load();
        Some(self.told(&schedule, schedule.entry(number)?, self.now()))
    }

    fn told(&self, schedule: &Schedule, entry: &Entry, now: Timestamp) -> Told {
        Told {
            entry: entry.clone(),
            state: schedule.state(entry, now),
            ends_at: schedule.ends_at(entry.number()),
            in_memory: self.revisions_made.numbers().contains(&entry.number()),
        }
    }

    /// The number in force now, the number that the next revision gets, the hash of the act that made the
    /// newest one, and what a rollback would go back to.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (schedule, now) = (self.schedule.load(), self.now());
        Standing {
            in_force: schedule.at(now),
            next_number: schedule.next_number(),
            newest_act: schedule.newest_act(),
            rollback_target: schedule.rollback_target(now),
        }
    }

    /// Numbers of the revisions that start after another does, or would if it were approved now; by their starts.
    #[must_use]
    pub fn starting_after(&self, number: u64) -> Vec<u64> {
        let (schedule, now) = (self.schedule.load(), self.now());
        let Some(entry) = schedule.entry(number) else { return Vec::new() };
        let starts_at = entry.starts_at().or(entry.asked_start()).map_or(now, |starts_at| starts_at.max(now));
        schedule.starting_after(starts_at).map(|(_, number)| number).collect()
    }
}

//! A revision as its acts left it: what was made, approved, taken back.

use blake3::Hash;
use jiff::Timestamp;

use super::act::{By, Publication};
use super::statement::{StatedAct, Statement};

/// A revision and what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub(super) made: Publication,
    /// The hash of the act that made it.
    pub(super) act: Hash,
    pub(super) published: (Timestamp, By),
    pub(super) approved: Option<(Timestamp, By)>,
    pub(super) withdrawn: Option<(Timestamp, By)>,
}

impl Entry {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.made.revision
    }

    /// BLAKE3 over its sources.
    #[must_use]
    pub fn content(&self) -> Hash {
        self.made.content
    }

    /// From when it is in force; none while it waits for approval, or when it was withdrawn.
    #[must_use]
    pub fn starts_at(&self) -> Option<Timestamp> {
        if self.withdrawn.is_some() {
            return None;
        }
        let asked = self.made.starts.unwrap_or(self.published.0);
        if !self.made.needs_approval {
            return Some(asked);
        }
        // Never earlier than it was approved: what was in force at a time that has passed stays so.
        self.approved.as_ref().map(|(at, _)| asked.max(*at))
    }

    /// The hash of the act that made it, which covers all acts before.
    #[must_use]
    pub fn act(&self) -> Hash {
        self.act
    }

    /// When it was published, and by whom.
    #[must_use]
    pub fn published(&self) -> &(Timestamp, By) {
        &self.published
    }

    /// The start that was asked for; none: at once.
    #[must_use]
    pub fn asked_start(&self) -> Option<Timestamp> {
        self.made.starts
    }

    /// Whether it takes effect only once a second person has agreed.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.made.needs_approval
    }

    /// When a second person agreed, and who.
    #[must_use]
    pub fn approved(&self) -> Option<&(Timestamp, By)> {
        self.approved.as_ref()
    }

    /// When it was taken back, and by whom.
    #[must_use]
    pub fn withdrawn(&self) -> Option<&(Timestamp, By)> {
        self.withdrawn.as_ref()
    }

    /// The revision whose sources it restores.
    #[must_use]
    pub fn restores(&self) -> Option<u64> {
        self.made.restores
    }

    /// How many campaigns it has.
    #[must_use]
    pub fn campaigns(&self) -> u64 {
        self.made.campaigns
    }

    /// What it was published for; empty: nothing was said.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.made.note
    }

    /// Whether it waits for a second person.
    pub(super) fn is_awaiting(&self) -> bool {
        self.made.needs_approval && self.approved.is_none() && self.withdrawn.is_none()
    }

    /// What a second person signs, or who takes it back.
    pub(super) fn agreed(&self, approve: bool) -> Statement<'static> {
        let agrees_to = self.act;
        let act = if approve { StatedAct::Approve { agrees_to } } else { StatedAct::Withdraw { agrees_to } };
        Statement { revision: self.made.revision, content: self.made.content, act }
    }
}

//! What does not agree.

use std::fmt;

use tessera_ledger::day::BrokenDay;

/// Findings that are kept.
const KEPT: usize = 1_000;

/// One thing that does not agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// An outcome.
    Outcome {
        /// The commit.
        sequence: u64,
        /// The outcome's id; empty where it cannot be read.
        outcome: String,
        /// What is wrong.
        what: String,
    },
    /// An account and what the feed left of it.
    Account {
        /// The account.
        account: String,
        /// What is wrong.
        what: String,
    },
    /// A closed day.
    Day(BrokenDay),
    /// What goes from one account to another.
    Transfer {
        /// The follow-up.
        follow_up: String,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome { sequence, outcome, what } => write!(f, "outcome {outcome} (commit {sequence}): {what}"),
            Self::Account { account, what } => write!(f, "account {account}: {what}"),
            Self::Day(broken) => write!(f, "closed day {broken}"),
            Self::Transfer { follow_up, what } => write!(f, "follow-up {follow_up}: {what}"),
        }
    }
}

/// The first findings, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    total: u64,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.total = self.total.saturating_add(1);
        if self.list.len() < KEPT {
            self.list.push(finding);
        }
    }

    pub(super) fn append(&mut self, others: &mut Self) {
        self.total = self.total.saturating_add(others.total);
        let room = KEPT.saturating_sub(self.list.len());
        self.list.extend(others.list.drain(..).take(room));
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

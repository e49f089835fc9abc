//! What the cashier must do where a campaign acts.

use compact_str::CompactString;

use crate::campaign::Campaign;
use crate::decision::Task;
use crate::id::{CampaignId, RewardId};
use crate::text::Text;

/// Duties of one campaign: each task once.
pub(crate) const DUTIES_MAX: usize = TASKS.len();

/// The tasks that a program can name, by their words.
pub(crate) const TASKS: [(&str, Task); 3] =
    [("collect", Task::Collect), ("check_document", Task::CheckDocument), ("show_text", Task::ShowText)];

/// A thing that the cashier must do where a campaign acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Duty {
    pub(crate) task: Task,
    pub(crate) text: Text,
}

impl Task {
    /// What the ids of its instructions begin with; the campaign's id follows. None: its instructions have other ids.
    pub(crate) const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Collect => Some("collect:"),
            Self::CheckDocument => Some("check:"),
            Self::ShowText => Some("show:"),
            Self::ScanOneMore => None,
        }
    }

    /// Whether the campaign gives nothing where it cannot be done.
    pub(crate) const fn is_needed(self) -> bool {
        match self {
            Self::Collect | Self::CheckDocument => true,
            Self::ShowText | Self::ScanOneMore => false,
        }
    }
}

impl Duty {
    /// The id of its instruction: the same on every evaluation.
    pub(crate) fn id(&self, campaign: &CampaignId) -> Option<RewardId> {
        let prefix = self.task.prefix()?;
        let id: CompactString = prefix.chars().chain(campaign.as_str().chars()).collect();
        RewardId::parse(&id).ok()
    }
}

impl Campaign {
    /// Whether a cashier must have done something before it gives anything.
    pub(crate) fn needs_cashier(&self) -> bool {
        self.cashier.iter().any(|duty| duty.task.is_needed())
    }

    /// Whether one of these says that something could not be done which it needs.
    pub(crate) fn is_undone(&self, declined: &[RewardId]) -> bool {
        let needed = || self.cashier.iter().filter(|duty| duty.task.is_needed());
        !declined.is_empty() && needed().any(|duty| duty.id(&self.id).is_some_and(|id| declined.contains(&id)))
    }
}

/// The campaign whose instruction an id names that can be declined, where it has the form of one.
pub(crate) fn needed_by(id: &str) -> Option<(Task, CampaignId)> {
    let tasks = TASKS.iter().map(|(_, task)| *task).filter(|task| task.is_needed());
    let named = |task: Task| Some((task, CampaignId::parse(id.strip_prefix(task.prefix()?)?).ok()?));
    tasks.into_iter().find_map(named)
}

/// Whether an id names an instruction without which its campaign gives nothing.
#[must_use]
pub fn is_needed(id: &RewardId) -> bool {
    needed_by(id.as_str()).is_some()
}

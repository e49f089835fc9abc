//! Things that the cashier must do.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::id::{CampaignId, LineId, RewardId};

/// A thing that the cashier must do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Instruction {
    /// Settle reports on it by this id.
    pub id: RewardId,
    /// Whose doing.
    pub campaign: CampaignId,
    /// What is to be done.
    pub task: Task,
    /// The line that it is about; none: the whole receipt.
    pub line: Option<LineId>,
    /// How many, above zero.
    pub quantity: u32,
    /// What to do.
    pub text: CompactString,
}

/// What a cashier can be told to do beside handing over what was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Show or say the text.
    ShowText,
    /// Take something from the customer, such as a paper coupon. Where there is none, the campaign gives nothing.
    Collect,
    /// Scan the units of an added line, since each has a mark of its own.
    ScanOneMore,
    /// Look at a document of the customer. Where there is none, the campaign gives nothing.
    CheckDocument,
}

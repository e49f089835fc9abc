//! What a receipt adds to counters over receipts.

use serde::{Deserialize, Serialize};

use super::LineShare;
use crate::counting::Calendar;
use crate::id::CampaignId;

/// The movement of a counter over receipts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CounterMove {
    /// The campaign that counts.
    pub campaign: CampaignId,
    /// What this receipt adds, in thousandths.
    pub counted_milli: i64,
    /// Thresholds that this receipt is rewarded for.
    pub rewarded: i64,
    /// In what time it counts.
    pub time: CounterTime,
    /// How the count lies on lines, in thousandths, so that a return lowers it by what it counted; empty: on the whole
    /// receipt.
    pub counted_on: Vec<LineShare>,
}

/// In what time a count counts. Stretches of the calendar are numbered one after another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum CounterTime {
    /// For ever.
    #[default]
    Ever,
    /// In its stretch, of which the newest are remembered.
    Within {
        /// How the calendar is divided.
        calendar: Calendar,
        /// The stretch's number.
        stretch: i32,
        /// So many are remembered, this one among them; above zero.
        remembered: u16,
    },
    /// The stretch itself is counted, once.
    Stretches {
        /// How the calendar is divided.
        calendar: Calendar,
        /// The stretch's number.
        stretch: i32,
        /// Where the one before was not counted, counting begins anew.
        in_a_row: bool,
    },
}

impl CounterTime {
    /// How the calendar is divided for it; none: it counts for ever.
    #[must_use]
    pub fn calendar(self) -> Option<Calendar> {
        match self {
            Self::Ever => None,
            Self::Within { calendar, .. } | Self::Stretches { calendar, .. } => Some(calendar),
        }
    }
}

//! What-if: real receipts through a draft and through the current revision, and what differs.
//!
//! Each customer has a simulated account on either side, carried from receipt to receipt in the order of sale by the
//! ledger itself: points, counters and limits are what they would have been. Nothing is redeemed that a receipt does
//! not ask for. Every figure is read from the ledger's postings, and every sum is of whole numbers, so the result does
//! not depend on how the work is split.

use std::sync::Arc;

use indicatif::ProgressBar;
use jiff::SignedDuration;
use tessera_contract::refusal::Refusal;
use tessera_rules::catalogue::Catalogue;
use tessera_rules::money::Currency;
use tessera_rules::revision::Revision;

use crate::receipt_files::sale::Sale;

mod changed;
pub(crate) mod csv_files;
mod effect;
mod history;
pub(crate) mod lists;
mod names;
pub(crate) mod page;
mod plan;
pub(crate) mod readable;
pub(crate) mod report;
mod side;
mod sums;
mod work;
pub(crate) mod workbook;
mod worth;
mod written;

use lists::CustomerLists;
use report::Report;

/// Hours of a week, by which receipts are moved.
const WEEK_HOURS: i64 = 7 * 24;

/// What a receipt is computed with, and its name for people.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// As in `revision 12` or `drafts/spring.yaml`.
    pub(crate) name: String,
    pub(crate) revision: Arc<Revision>,
    pub(crate) catalogue: Arc<Catalogue>,
}

/// The draft or what is live today.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Current,
    Draft,
}

impl Which {
    pub(crate) const BOTH: [Self; 2] = [Self::Current, Self::Draft];
}

/// Something of either side.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Both<T> {
    pub(crate) current: T,
    pub(crate) draft: T,
}

impl<T> Both<T> {
    pub(crate) const fn of(&self, which: Which) -> &T {
        match which {
            Which::Current => &self.current,
            Which::Draft => &self.draft,
        }
    }

    pub(crate) const fn of_mut(&mut self, which: Which) -> &mut T {
        match which {
            Which::Current => &mut self.current,
            Which::Draft => &mut self.draft,
        }
    }

    pub(crate) fn map<U>(&self, mut of: impl FnMut(&T) -> U) -> Both<U> {
        Both { current: of(&self.current), draft: of(&self.draft) }
    }
}

/// What is to be found out.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) rules: Both<Rules>,
    /// All in one currency, each id once.
    pub(crate) sales: Vec<Arc<Sale>>,
    pub(crate) currency: Currency,
    /// Who is on which imported list, as far as it was told.
    pub(crate) lists: CustomerLists,
    /// What is to be known of where the receipts come from.
    pub(crate) remarks: Vec<String>,
    /// By how many weeks receipts are moved, so that they fall into the draft's time.
    pub(crate) weeks: i64,
    /// At least 1.
    pub(crate) threads: usize,
}

impl Question {
    fn moved_by(&self) -> SignedDuration {
        SignedDuration::from_hours(self.weeks.saturating_mul(WEEK_HOURS))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimulateError {
    /// A receipt that the contract does not take.
    #[error("receipt {receipt_id} cannot be sold: {refusal}")]
    Receipt {
        /// Which.
        receipt_id: String,
        /// Why.
        refusal: Refusal,
    },
    /// Receipts beyond the calendar.
    #[error("receipt {receipt_id} cannot be moved by {weeks} weeks: that is beyond the calendar")]
    Moved {
        /// Which.
        receipt_id: String,
        /// By how much.
        weeks: i64,
    },
    /// A thread ended by a panic, whose message stands above.
    #[error("a thread of the simulation broke off; this is a fault of this program")]
    Thread,
}

/// Replays everything on both sides.
///
/// # Errors
/// A receipt that cannot be.
pub(crate) fn simulate(question: &Question, bar: &ProgressBar) -> Result<Report, SimulateError> {
    let names = names::Names::of(&question.rules);
    let plan = plan::Plan::of(question)?;
    let counted = work::run(question, &names, &plan, bar)?;
    Ok(Report::of(question, &names, &plan, counted))
}

#[cfg(test)]
mod tests;

//! Which parts of the answer there are steps for: lines first, what follows is left out from the end.

use super::candidates::{Candidate, Reason};
use super::draft::Draft;
use crate::decision::AnswerPart;
use crate::mechanic::{Act, Mechanic};

impl Draft<'_, '_> {
    /// Steps that are kept for what comes behind the lines: as many as it takes, at most half of all. The search for the
    /// best deal would leave none.
    pub(super) fn kept_steps(&self, candidates: &[Candidate<'_>]) -> u64 {
        let all = AnswerPart::ALL.iter().map(|part| self.steps_of(*part, candidates));
        all.fold(0, u64::saturating_add).min(self.steps_max / 2)
    }

    /// Whether there are steps for a part, and for all before it; else it is left out.
    pub(super) fn has_steps_for(&mut self, part: AnswerPart, candidates: &[Candidate<'_>]) -> bool {
        let steps = self.steps.saturating_add(self.steps_of(part, candidates));
        if self.dropped_from.is_none() && steps > self.steps_max {
            self.dropped_from = Some(part);
        }
        if self.dropped_from.is_none() {
            return true;
        }
        for candidate in candidates.iter().filter(|candidate| belongs_to(candidate, part)) {
            self.refuse(candidate.place, Reason::StepsUsedUp);
        }
        false
    }

    /// What earlier work has found for parts that are left out goes with them.
    pub(super) fn leave_out(&mut self) {
        let Some(from) = self.dropped_from else { return };
        if from <= AnswerPart::Prompts {
            self.choices.clear();
        }
        if from <= AnswerPart::Instructions {
            self.instructions.clear();
        }
        self.near_misses.clear();
    }

    /// What a part takes at least.
    fn steps_of(&self, part: AnswerPart, candidates: &[Candidate<'_>]) -> u64 {
        let revision = self.case.revision;
        let known = |count: usize| if self.case.customer.is_some() { count } else { 0 };
        let campaigns = || candidates.iter().filter(|candidate| belongs_to(candidate, part));
        let steps = match part {
            AnswerPart::Redemption => known(revision.assets().len()),
            AnswerPart::Rewards => campaigns().map(|candidate| candidate.lines.len()).fold(0, usize::saturating_add),
            AnswerPart::Prompts => known(revision.facts().len()),
            AnswerPart::Instructions => 0,
            AnswerPart::Offers => campaigns().count(),
        };
        u64::try_from(steps).unwrap_or(u64::MAX)
    }
}

/// Whether a campaign gives what stands in a part.
fn belongs_to(candidate: &Candidate<'_>, part: AnswerPart) -> bool {
    match candidate.act {
        Act::Lines | Act::Basket => false,
        Act::Rewards => part == AnswerPart::Rewards && !matches!(candidate.campaign.mechanic, Mechanic::Multiply { .. }),
        Act::Offers => part == AnswerPart::Offers,
    }
}

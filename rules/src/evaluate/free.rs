//! Free conditions of campaigns: whether they hold here, and in words what kept one from being worked out.

use compact_str::{CompactString, format_compact};

use super::basket::Basket;
use super::candidates::{Places, Reason};
use super::case::Case;
use super::scope::Facts;
use crate::campaign::Campaign;
use crate::catalogue::Entry;
use crate::cel::EvalError;
use crate::limits::CONDITION_STEPS_MAX;
use crate::program::Condition;

/// Which condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// `condition` under `when`.
    When,
    /// `where` under `on`.
    Where,
    /// `where` under `on` of the group at this place.
    Group(usize),
    /// `where` under `suggest`.
    Suggest,
    /// That of the program's segment at this place.
    Segment(usize),
}

impl<'a> Facts<'_, 'a> {
    /// Whether the customer is in one of a campaign's segments. One that cannot be worked out matters only where no
    /// other has the customer.
    pub(super) fn in_a_segment(&self, campaign: &Campaign) -> Result<(), Reason> {
        let scope = self.scope(campaign.program_place, None);
        let mut reason = Reason::Segment;
        for place in &campaign.segments {
            match scope.in_segment(*place) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => reason = Reason::Failed(Asked::Segment(*place), error),
            }
        }
        Err(reason)
    }

    /// Whether the campaign's condition on the receipt holds.
    pub(super) fn condition_holds(&self, campaign: &Campaign) -> Result<(), Reason> {
        let Some(condition) = &campaign.conditions.free else { return Ok(()) };
        let scope = self.scope(campaign.program_place, None);
        if condition.reads_segments {
            self.segments_known(campaign)?;
        }
        let mut steps = CONDITION_STEPS_MAX;
        match self.holds(condition, scope, &mut steps) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Reason::Condition),
            Err(error) => Err(Reason::Failed(Asked::When, error)),
        }
    }

    /// Keeps those of a campaign's lines for which its condition on lines holds.
    pub(super) fn keep_lines(&self, campaign: &Campaign, lines: &mut Places) -> Result<(), Reason> {
        let Some(condition) = &campaign.lines_where else { return Ok(()) };
        if condition.reads_segments && !lines.is_empty() {
            self.segments_known(campaign)?;
        }
        let (mut steps, mut failed) = (CONDITION_STEPS_MAX, None);
        lines.retain(|line| {
            let scope = self.scope(campaign.program_place, Some(*line));
            failed.is_none()
                && self.holds(condition, scope, &mut steps).unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
        });
        failed.map_or(Ok(()), |error| Err(Reason::Failed(Asked::Where, error)))
    }

    /// By group of a set with a condition of its own, those of the lines that meet it; empty: no group has one.
    pub(super) fn group_lines(
        &self,
        campaign: &Campaign,
        basket: &Basket<'_>,
        lines: &Places,
    ) -> Result<Vec<Option<Places>>, Reason> {
        let groups = campaign.mechanic.groups();
        let mut all = Vec::new();
        if groups.iter().all(|group| group.lines_where.is_none()) {
            return Ok(all);
        }
        let mut steps = CONDITION_STEPS_MAX;
        for (place, group) in groups.iter().enumerate() {
            let Some(condition) = &group.lines_where else {
                all.push(None);
                continue;
            };
            if condition.reads_segments {
                self.segments_known(campaign)?;
            }
            let mut own = Places::new();
            for line in lines.iter().filter(|line| basket.lines.get(**line).is_some_and(|line| group.is_about(line))) {
                let scope = self.scope(campaign.program_place, Some(*line));
                match self.holds(condition, scope, &mut steps) {
                    Ok(true) => own.push(*line),
                    Ok(false) => {}
                    Err(error) => return Err(Reason::Failed(Asked::Group(place), error)),
                }
            }
            all.push(Some(own));
        }
        Ok(all)
    }

    /// Whether a product meets what the campaign asks of products that it offers, out of the steps that are left for all.
    pub(super) fn may_suggest(&self, campaign: &Campaign, product: &'a Entry, steps: &mut u64) -> Result<bool, Reason> {
        let Some(condition) = campaign.mechanic.suggest_where() else { return Ok(true) };
        if condition.reads_segments {
            self.segments_known(campaign)?;
        }
        let scope = self.product_scope(campaign.program_place, product);
        self.holds(condition, scope, steps).map_err(|error| Reason::Failed(Asked::Suggest, error))
    }

    /// What asks for the customer's segments needs all of them: one that is left out could turn the answer round.
    fn segments_known(&self, campaign: &Campaign) -> Result<(), Reason> {
        let failed = self.scope(campaign.program_place, None).failed_segment();
        failed.map_or(Ok(()), |(place, error)| Err(Reason::Failed(Asked::Segment(place), error)))
    }
}

impl Case<'_> {
    /// Why a campaign was skipped, with the part of its condition that could not be worked out.
    pub(super) fn failure_words(&self, campaign: &Campaign, asked: Asked, error: EvalError) -> CompactString {
        let (what, condition) = match asked {
            Asked::When => ("its condition", campaign.conditions.free.as_deref()),
            Asked::Where => ("its condition on lines", campaign.lines_where.as_deref()),
            Asked::Group(place) => {
                let group = campaign.mechanic.groups().get(place);
                ("its condition on lines", group.and_then(|group| group.lines_where.as_deref()))
            }
            Asked::Suggest => ("its condition on products", campaign.mechanic.suggest_where()),
            Asked::Segment(place) => {
                let program = self.revision.programs().get(campaign.program_place);
                let segment = program.and_then(|program| program.segments.get(place));
                let condition = match segment.map(|segment| &segment.condition) {
                    Some(Condition::Free(condition)) => Some(condition.as_ref()),
                    Some(Condition::List(_) | Condition::Tier(_) | Condition::Fact { .. }) | None => None,
                };
                ("the condition of a segment", condition)
            }
        };
        let why = condition.map_or_else(|| error.to_string(), |condition| condition.expression.explain(error));
        format_compact!("skipped, since {what} cannot be worked out: {why}")
    }
}

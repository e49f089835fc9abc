//! Questions to the customer: facts that were never told, are too old, or were never checked.

use super::draft::Draft;
use crate::decision::{Prompt, PromptReason};
use crate::program::{Ask, FactRule};

impl Draft<'_, '_> {
    /// Asks for each fact whose time has come, and for those that a reward of this receipt waits for.
    pub(super) fn prompt(&mut self) {
        if self.case.customer.is_none() {
            return;
        }
        for rule in self.case.revision.facts() {
            if !self.is_time(rule) {
                continue;
            }
            if let Some(reason) = self.unanswered(rule) {
                let place = self.case.place_of(&rule.program);
                let text = self.case.cashier_words(place, &rule.text).clone();
                let customer_text = Some(self.case.words(place, &rule.text)).filter(|own| **own != text).cloned();
                self.prompts.push(Prompt { fact: rule.id.clone(), reason, text, customer_text });
            }
        }
    }

    /// Why a fact must be asked for; none: it is known well enough, or the customer does not have it.
    pub(super) fn unanswered(&self, rule: &FactRule) -> Option<PromptReason> {
        if !rule.segments.is_empty() && !self.is_in_any(rule, &rule.segments) {
            return None;
        }
        let lapses = rule.lapses_for.is_empty() || self.is_in_any(rule, &rule.lapses_for);
        self.case.unanswered(rule, lapses)
    }

    /// Who cannot be told to be in a segment is in none.
    fn is_in_any(&self, rule: &FactRule, segments: &[usize]) -> bool {
        let programs = self.case.revision.programs();
        let Ok(place) = programs.binary_search_by(|program| program.id.cmp(&rule.program)) else { return false };
        let scope = self.facts.scope(place, None);
        segments.iter().any(|segment| scope.in_segment(*segment) == Ok(true))
    }

    fn is_time(&self, rule: &FactRule) -> bool {
        let waited_for = self.rewards.iter().any(|reward| reward.waits_for.contains(&rule.id));
        waited_for
            || self.code_asks_for == Some(&rule.id)
            || match rule.ask {
                Ask::Always => true,
                Ask::Enrolment => self.case.customer.is_some_and(|customer| customer.visits == 0),
                Ask::RewardWorthAtLeast(amount) => self.worth >= amount.minor(),
            }
    }
}

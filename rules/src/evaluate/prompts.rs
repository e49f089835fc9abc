//! Questions to the customer: facts that were never told, are too old, or were never checked.

use super::draft::Draft;
use crate::decision::Prompt;
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
            if let Some(reason) = self.case.unanswered(rule) {
                self.prompts.push(Prompt { fact: rule.id.clone(), reason, text: self.case.words(&rule.text).clone() });
            }
        }
    }

    fn is_time(&self, rule: &FactRule) -> bool {
        let waited_for = self.rewards.iter().any(|reward| reward.waits_for.contains(&rule.id));
        waited_for
            || match rule.ask {
                Ask::Always => true,
                Ask::Enrolment => self.case.customer.is_some_and(|customer| customer.visits == 0),
                Ask::RewardWorthAtLeast(amount) => self.worth >= amount.minor(),
            }
    }
}

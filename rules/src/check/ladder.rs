//! Ladders: the more, the cheaper.

use super::Checker;
use super::keys::mechanic::{LADDER, STEP};
use super::program::Scope;
use crate::limits::{LADDER_STEPS_MAX, LINE_QUANTITY_MAX};
use crate::mechanic::{Measured, Mechanic, Off, Step};
use crate::tree::Node;

pub(super) const MEASURED: [(&str, Measured); 2] = [("quantity", Measured::Quantity), ("amount", Measured::Amount)];
pub(super) const MODES: [(&str, bool); 2] = [("whole", false), ("marginal", true)];

impl Checker<'_> {
    pub(super) fn ladder(&mut self, node: &Node, scope: &Scope) -> Option<Mechanic> {
        let fields = self.fields(node, &LADDER)?;
        let measured = fields.get("by").and_then(|node| self.choice(node, &MEASURED));
        let marginal = fields.get("mode").map_or(Some(false), |node| self.choice(node, &MODES));
        let nodes = fields.get("steps").map_or_else(Vec::new, |node| self.list(node));
        if nodes.len() > LADDER_STEPS_MAX {
            self.error(fields.place_of("steps"), format!("a ladder has at most {LADDER_STEPS_MAX} steps"));
        }
        let (measured, marginal) = (measured?, marginal?);
        let mut steps: Vec<Step> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(step) = self.step(node, measured, scope) else { continue };
            self.after_the_last(node, steps.last(), &step);
            steps.push(step);
        }
        if steps.is_empty() {
            self.error_with_help(fields.at, "the ladder has no step", "write `steps: [{from: 5, percent_off: 5}]`");
            return None;
        }
        Some(Mechanic::Ladder { measured, marginal, steps })
    }

    fn step(&mut self, node: &Node, measured: Measured, scope: &Scope) -> Option<Step> {
        let fields = self.fields(node, &STEP)?;
        let from = fields.get("from").and_then(|node| match measured {
            Measured::Amount => self.money(node, scope.program.currency).map(crate::money::Amount::minor),
            Measured::Quantity => {
                let milli = self.scaled(node, 3, "a quantity has at most 3 digits after the point");
                milli.filter(|milli| *milli <= LINE_QUANTITY_MAX.milli())
            }
        });
        let off = self.only(&fields).and_then(|field| self.off(field, scope));
        Some(Step { from: from?, off: off? })
    }

    /// Steps ascend, and a later one should not be dearer.
    fn after_the_last(&mut self, node: &Node, last: Option<&Step>, step: &Step) {
        let Some(last) = last else { return };
        if step.from <= last.from {
            self.error_with_help(node.at, "the steps do not ascend", "write the lowest `from` first, each once");
        }
        let less = match (last.off, step.off) {
            (Off::Percent(before), Off::Percent(now)) => {
                i128::from(now.numerator()).saturating_mul(i128::from(before.denominator()))
                    < i128::from(before.numerator()).saturating_mul(i128::from(now.denominator()))
            }
            (Off::Amount(before), Off::Amount(now)) => now < before,
            (Off::Price(before), Off::Price(now)) => now > before,
            (Off::Percent(_) | Off::Amount(_) | Off::Price(_), _) => false,
        };
        if less {
            self.warn(node.at, "who buys more pays more for each than on the step before", "put the steps in order");
        }
    }
}

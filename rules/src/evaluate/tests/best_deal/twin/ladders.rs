//! Price lists and ladders of the twin: what each takes off a unit by itself.

use super::{Campaign, Kind, Ladder, Measure, Off, Step, Twin, Unit, rounded};

impl Twin<'_> {
    /// How much less a unit costs by a list.
    pub(super) fn listed(&self, prices: &[(usize, i64)], unit: usize) -> i64 {
        let price = prices.iter().find(|(sku, _)| *sku == self.units[unit].sku);
        price.map_or(0, |(_, price)| self.case.gain_of_unit(Off::Price(*price), &self.units, unit))
    }

    /// What a ladder takes off each unit: units are counted in the order of the receipt.
    pub(super) fn steps(&self, campaign: &Campaign) -> Vec<Step> {
        let Kind::Ladder(ladder) = &campaign.kind else { return Vec::new() };
        let counted = |unit: &Unit| self.receipt.lines[unit.line].measure == Measure::Counted;
        let length = |unit: &Unit| if ladder.by_amount { unit.amount } else { unit.milli };
        let own = |unit: &Unit| campaign.on.contains(&unit.sku);
        let total: i64 = self.units.iter().filter(|unit| own(unit)).map(length).sum();
        let mut position = 0;
        let mut steps = Vec::new();
        for (place, unit) in self.units.iter().enumerate() {
            if !own(unit) {
                steps.push(Step::Nothing);
                continue;
            }
            let (from, until) = (position, position + length(unit));
            position = until;
            let divides = ladder.marginal && (ladder.by_amount || !counted(unit));
            let inside = ladder.steps.iter().any(|(step, _)| from < *step && *step < until);
            let reached = match (ladder.marginal, divides) {
                (false, _) => total,
                (true, true) => from,
                (true, false) => until,
            };
            steps.push(if divides && inside {
                Step::Minor(self.divided(ladder, (from, until), place))
            } else {
                let step = ladder.steps.iter().rev().find(|(step, _)| *step <= reached);
                step.map_or(Step::Nothing, |(_, off)| self.step(*off, ladder.by_amount, place))
            });
        }
        steps
    }

    fn step(&self, off: Off, by_amount: bool, unit: usize) -> Step {
        let Unit { room, milli, .. } = self.units[unit];
        match off {
            Off::Percent(percent) => Step::Percent(percent),
            // Of what is weighed an amount is off each unit of the measure.
            Off::Amount(minor) if !by_amount => Step::Minor(rounded(minor * milli, 1_000, self.case.rounding).min(room)),
            Off::Amount(minor) => Step::Minor(minor.min(room)),
            Off::Price(_) => Step::Minor(self.case.gain_of_unit(off, &self.units, unit)),
        }
    }

    /// A unit over which steps begin: each for its share of it, all rounded once.
    fn divided(&self, ladder: &Ladder, (from, until): (i64, i64), unit: usize) -> i64 {
        let Unit { amount, room, milli, .. } = self.units[unit];
        let length = until - from;
        let ends = ladder.steps.iter().skip(1).map(|(from, _)| *from).chain([i64::MAX]);
        let mut sum = 0;
        for ((step, off), end) in ladder.steps.iter().zip(ends) {
            let own = (until.min(end) - from.max(*step)).max(0);
            // In parts of a penny of which there are 100,000 times the length.
            sum += own
                * match off {
                    Off::Percent(percent) => (percent * amount).min(100 * room) * 1_000,
                    Off::Amount(minor) if !ladder.by_amount => minor * milli * 100,
                    Off::Amount(minor) => minor.min(&room) * 100_000,
                    Off::Price(_) => self.case.gain_of_unit(*off, &self.units, unit) * 100_000,
                };
        }
        rounded(sum, length * 100_000, self.case.rounding).min(room)
    }
}

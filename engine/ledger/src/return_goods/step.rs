//! A return's step through its original: which share of a value falls to it.

use tessera_rules::decision::LineShare;
use tessera_rules::money::split;

use crate::arithmetic::{share, share_step};
use crate::outcome::{Outcome, OutcomeLine};
use crate::return_goods::ReturnedSoFar;
use crate::terms::AssetTerms;

/// A return's step through its original: what had come back before and what has now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) original: &'a Outcome,
    pub(super) before: &'a ReturnedSoFar,
    pub(super) after: &'a ReturnedSoFar,
    pub(super) assets: &'a [AssetTerms],
}

/// A part of a whole, both not negative, the whole above zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fraction {
    pub(super) part: i64,
    pub(super) whole: i64,
}

impl Fraction {
    pub(super) fn of(self, value: i64) -> i64 {
        if self.part == 0 { 0 } else { share(value, self.part, self.whole) }
    }
}

impl Step<'_> {
    /// How much of what lies on those lines has come back; without lines, of the whole receipt by value.
    pub(super) fn fraction(&self, so_far: &ReturnedSoFar, shares: &[LineShare]) -> Fraction {
        if so_far.is_whole(self.original) {
            return Fraction { part: 1, whole: 1 };
        }
        let lines = &self.original.lines;
        let returned = |line: &OutcomeLine, value: i64| {
            let quantity = so_far.quantity(&line.id);
            if quantity.is_zero() { 0 } else { share(value, quantity.milli(), line.quantity.milli()) }
        };
        let sum = |values: &mut dyn Iterator<Item = i64>| values.fold(0_i64, i64::saturating_add);
        let on_lines = sum(&mut shares.iter().map(|share| share.units.max(0)));
        if on_lines > 0 {
            let part = sum(&mut shares.iter().map(|share| {
                let line = lines.iter().find(|line| line.id == share.line);
                line.map_or(0, |line| returned(line, share.units.max(0)))
            }));
            return Fraction { part, whole: on_lines };
        }
        let paid = sum(&mut lines.iter().map(|line| line.paid.minor()));
        if paid > 0 {
            return Fraction { part: sum(&mut lines.iter().map(|line| returned(line, line.paid.minor()))), whole: paid };
        }
        let sold = sum(&mut lines.iter().map(|line| line.quantity.milli()));
        Fraction { part: sum(&mut lines.iter().map(|line| so_far.quantity(&line.id).milli())), whole: sold.max(1) }
    }

    /// What of `value` falls to this step.
    pub(super) fn of(&self, value: i64, shares: &[LineShare]) -> i64 {
        self.fraction(self.after, shares).of(value).saturating_sub(self.fraction(self.before, shares).of(value))
    }

    /// How `taken` of a reward lies on the lines that came back in this step, by the original's line ids.
    pub(super) fn shares_of(&self, taken: i64, shares: &[LineShare]) -> Vec<LineShare> {
        let came_back = |share_of: &LineShare| {
            let line = self.original.lines.iter().find(|line| line.id == share_of.line)?;
            let quantity = |so_far: &ReturnedSoFar| so_far.quantity(&line.id).milli();
            Some(share_step(share_of.units.max(0), quantity(self.before), quantity(self.after), line.quantity.milli()))
        };
        let weights: Vec<i64> = shares.iter().map(|share| came_back(share).unwrap_or(0).max(0)).collect();
        let parts = split(taken, &weights);
        let lines = shares.iter().zip(parts).map(|(share, units)| LineShare { line: share.line.clone(), units });
        lines.filter(|share| share.units != 0).collect()
    }

    /// Whether the last of the goods came back with this step.
    pub(super) fn completes(&self) -> bool {
        self.after.is_whole(self.original) && !self.before.is_whole(self.original)
    }
}

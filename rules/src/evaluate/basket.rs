//! The goods while prices are being worked out: each line as runs of equal units, split only where an offer
//! treats some of them differently, so that cost depends on kinds of units and not on their number.

use std::borrow::Cow;

use super::case::Case;
use crate::attribute::Property;
use crate::catalogue::{Entry, Product};
use crate::money::{self, Currency, Quantity, Rounding, UnitPrice};
use crate::receipt::{Line, Measure};
use crate::selector::properties_of;

/// Whose doing a change of price is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    /// The campaign at this place of the revision.
    Campaign(usize),
    /// The redemption of the asset at this place of the revision.
    Redeem(usize),
}

/// One change of a run's amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Change {
    pub(super) by: By,
    /// In minor units, below zero where it became cheaper.
    pub(super) minor: i64,
}

/// What a set of n for m made of a run, while it is being worked on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Role {
    #[default]
    None,
    Paid,
    Free,
}

/// A run of equal units of one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Run {
    pub(super) milli: i64,
    /// Its share of what was rung up, in minor units.
    pub(super) rung: i64,
    /// What it costs now.
    pub(super) amount: i64,
    /// The stacking groups by whose offers it was used.
    pub(super) used: u64,
    /// Added by a campaign.
    pub(super) added: bool,
    pub(super) role: Role,
    /// They sum to `amount - rung`.
    pub(super) changes: Vec<Change>,
}

/// One line of the receipt while prices are being worked out.
#[derive(Debug)]
pub(super) struct BasketLine<'a> {
    pub(super) line: &'a Line,
    pub(super) product: Option<&'a Product>,
    pub(super) properties: Cow<'a, [Property]>,
    /// Neither deposit nor certificate nor money in another shape.
    pub(super) merchandise: bool,
    pub(super) takes_discount: bool,
    pub(super) earns: bool,
    pub(super) redeems: bool,
    /// Minor units of it that were paid by an asset or taken off before: they earn nothing.
    pub(super) not_earning: i64,
    pub(super) runs: Vec<Run>,
}

/// A run by line and place.
pub(super) type Spot = (usize, usize);

/// The goods of a receipt.
#[derive(Debug)]
pub(super) struct Basket<'a> {
    pub(super) currency: Currency,
    pub(super) lines: Vec<BasketLine<'a>>,
}

impl<'a> Basket<'a> {
    pub(super) fn open(case: &Case<'a>) -> Self {
        let lines = case.receipt.lines.iter().map(|line| BasketLine::open(line, case.catalogue.entry(&line.sku))).collect();
        Self { currency: case.receipt.currency, lines }
    }

    /// As rung up again.
    pub(super) fn reset(&mut self) {
        for line in &mut self.lines {
            line.runs = vec![Run::whole(line.line)];
        }
    }

    pub(super) fn run(&self, (line, run): Spot) -> Option<(&BasketLine<'a>, &Run)> {
        let line = self.lines.get(line)?;
        Some((line, line.runs.get(run)?))
    }

    fn run_mut(&mut self, (line, run): Spot) -> Option<&mut Run> {
        self.lines.get_mut(line)?.runs.get_mut(run)
    }

    /// How much a run can still become cheaper: to its minimum price.
    pub(super) fn room(&self, spot: Spot) -> i64 {
        self.run(spot).map_or(0, |(line, run)| run.amount.saturating_sub(line.floor(run.milli, self.currency)).max(0))
    }

    /// The runs of some lines that an offer of a stacking group may still lower.
    pub(super) fn open_spots(&self, lines: &[usize], group_bit: u64, spots: &mut Vec<Spot>) {
        spots.clear();
        for place in lines {
            let Some(line) = self.lines.get(*place).filter(|line| line.takes_discount) else { continue };
            let open = line.runs.iter().enumerate().filter(|(_, run)| !run.added && run.amount > 0 && run.used & group_bit == 0);
            spots.extend(open.map(|(run, _)| (*place, run)));
        }
    }

    pub(super) fn amount_of(&self, spots: &[Spot]) -> i64 {
        spots.iter().filter_map(|spot| self.run(*spot)).map(|(_, run)| run.amount).fold(0, i64::saturating_add)
    }

    pub(super) fn mark(&mut self, spots: &[Spot], group_bit: u64) {
        for spot in spots {
            if let Some(run) = self.run_mut(*spot) {
                run.used |= group_bit;
            }
        }
    }

    pub(super) fn set_role(&mut self, spot: Spot, role: Role) {
        if let Some(run) = self.run_mut(spot) {
            run.role = role;
        }
    }

    /// Splits a counted run so that it keeps `units` and the rest follows it.
    pub(super) fn split(&mut self, (line, place): Spot, units: i64) {
        let milli = units.saturating_mul(Quantity::ONE.milli());
        let Some(runs) = self.lines.get_mut(line).map(|line| &mut line.runs) else { return };
        let Some(run) = runs.get_mut(place).filter(|run| 0 < milli && milli < run.milli) else { return };
        let rest = run.split_off(milli);
        runs.insert(place.saturating_add(1), rest);
    }

    /// Makes a run cheaper by `minor`, which must be within its room.
    pub(super) fn lower(&mut self, spot: Spot, by: By, minor: i64) {
        assert!((0..=self.room(spot)).contains(&minor), "no price goes below its minimum");
        if let Some(run) = self.run_mut(spot).filter(|_| minor > 0) {
            run.amount = run.amount.saturating_sub(minor);
            match run.changes.last_mut().filter(|change| change.by == by) {
                Some(change) => change.minor = change.minor.saturating_sub(minor),
                None => run.changes.push(Change { by, minor: minor.saturating_neg() }),
            }
        }
    }

    /// Takes `total` off runs in proportion to their amounts, by largest remainder, the earlier first, never below
    /// a minimum price; what one cannot bear the others do. Returns what was taken.
    pub(super) fn spread(&mut self, spots: &[Spot], by: By, total: i64) -> i64 {
        // One run alone is the common case and needs no division.
        if let [spot] = spots {
            let taken = total.min(self.room(*spot)).max(0);
            self.lower(*spot, by, taken);
            return taken;
        }
        let rooms: Vec<i64> = spots.iter().map(|spot| self.room(*spot)).collect();
        let total = total.min(rooms.iter().copied().fold(0, i64::saturating_add));
        if total <= 0 {
            return 0;
        }
        let amounts: Vec<i64> = spots.iter().map(|spot| self.run(*spot).map_or(0, |(_, run)| run.amount)).collect();
        let shares = capped_split(total, amounts, &rooms);
        for (spot, share) in spots.iter().zip(&shares) {
            self.lower(*spot, by, *share);
        }
        assert!(shares.iter().sum::<i64>() == total, "the shares sum to the total");
        total
    }

    /// What each line costs now.
    pub(super) fn amounts(&self) -> Vec<i64> {
        self.lines.iter().map(BasketLine::amount).collect()
    }
}

/// Splits `total`, at most the sum of `rooms`, by weights, with no part above its room: parts that would be are
/// set to it, and what is left is split over the others anew.
fn capped_split(total: i64, mut weights: Vec<i64>, rooms: &[i64]) -> Vec<i64> {
    let mut fixed: Vec<Option<i64>> = rooms.iter().map(|room| (*room <= 0).then_some(0)).collect();
    loop {
        let given = fixed.iter().flatten().copied().fold(0, i64::saturating_add);
        for (weight, fixed) in weights.iter_mut().zip(&fixed) {
            *weight = if fixed.is_some() { 0 } else { *weight };
        }
        let shares = money::split(total.saturating_sub(given), &weights);
        let mut again = false;
        for ((fixed, share), room) in fixed.iter_mut().zip(&shares).zip(rooms) {
            if fixed.is_none() && share > room {
                *fixed = Some(*room);
                again = true;
            }
        }
        if !again {
            return fixed.into_iter().zip(shares).map(|(fixed, share)| fixed.unwrap_or(share)).collect();
        }
    }
}

impl<'a> BasketLine<'a> {
    fn open(line: &'a Line, entry: Option<&'a Entry>) -> Self {
        let product = entry.map(|entry| &entry.product);
        let merchandise = product.is_none_or(|product| product.kind.is_merchandise());
        Self {
            line,
            product,
            properties: properties_of(line, entry),
            merchandise,
            takes_discount: merchandise && !line.no_discount && product.is_none_or(|product| !product.no_discount),
            earns: merchandise && !line.no_earn && product.is_none_or(|product| !product.no_earn),
            redeems: merchandise && product.is_none_or(|product| !product.no_redeem),
            not_earning: 0,
            runs: vec![Run::whole(line)],
        }
    }

    pub(super) fn counted(&self) -> bool {
        matches!(self.line.measure, Measure::Counted)
    }

    /// Units in a run; measured goods are one.
    pub(super) fn units(&self, run: &Run) -> i64 {
        if self.counted() { Quantity::from_milli(run.milli).pieces() } else { 1 }
    }

    /// The units rung up.
    pub(super) fn units_rung(&self) -> i64 {
        if self.counted() { self.line.quantity.pieces() } else { 1 }
    }

    /// What the line costs now.
    pub(super) fn amount(&self) -> i64 {
        self.runs.iter().map(|run| run.amount).fold(0, i64::saturating_add)
    }

    /// The least that so much of it may cost.
    fn floor(&self, milli: i64, currency: Currency) -> i64 {
        let Some(least) = self.product.and_then(|product| product.unit_price_min).filter(|least| *least > UnitPrice::ZERO) else {
            return 0;
        };
        let quantity = Quantity::from_milli(milli);
        // What does not fit is more than any line costs: no room then.
        let Some(floor) = money::extend(quantity, least, currency) else { return i64::MAX };
        let short = money::unit_price(floor, quantity, currency).is_some_and(|price| price < least);
        floor.minor().saturating_add(i64::from(short))
    }
}

impl Run {
    fn whole(line: &Line) -> Self {
        let (milli, amount) = (line.quantity.milli(), line.amount.minor());
        Self { milli, rung: amount, amount, used: 0, added: false, role: Role::None, changes: Vec::new() }
    }

    /// Keeps `milli` and returns the rest. The amount after each change is divided by itself, so that no run ever
    /// passes below zero and all sums stay exact (P6).
    fn split_off(&mut self, milli: i64) -> Self {
        let whole = self.milli;
        let share = |minor: i64| money::proportion(minor, milli, whole, Rounding::HalfUp).unwrap_or(0);
        let mut rest =
            Self { milli: whole.saturating_sub(milli), changes: Vec::with_capacity(self.changes.len()), ..self.clone() };
        let mut all = self.rung;
        let mut kept = share(all);
        rest.rung = all.saturating_sub(kept);
        self.rung = kept;
        for change in &mut self.changes {
            let (all_before, kept_before) = (all, kept);
            all = all_before.saturating_add(change.minor);
            kept = share(all);
            let kept_minor = kept.saturating_sub(kept_before);
            rest.changes.push(Change { by: change.by, minor: change.minor.saturating_sub(kept_minor) });
            change.minor = kept_minor;
        }
        assert!(all == self.amount, "the changes sum to the amount");
        self.amount = kept;
        self.milli = milli;
        rest.amount = all.saturating_sub(kept);
        rest
    }
}

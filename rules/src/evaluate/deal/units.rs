//! Classes: units of one run that cost the same. The search knows units only as so many of a class, so that its cost
//! depends on kinds of units and not on their number.

use smallvec::SmallVec;

use crate::evaluate::basket::{Basket, Spot};

/// Units of one run that are alike in all that the offers of a level look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::evaluate) struct Class {
    pub(super) line: usize,
    pub(super) run: usize,
    /// The rank of its first unit in the run: the unit at rank 0 costs most.
    pub(super) rank: i64,
    pub(super) units: i64,
    /// What one costs now, in minor units.
    pub(super) amount: i64,
    /// What one was rung up at.
    pub(super) rung: i64,
    /// How much cheaper one can become.
    pub(super) room: i64,
}

impl Class {
    pub(super) fn spot(&self) -> Spot {
        (self.line, self.run)
    }
}

/// What the unit at a rank costs of a run of `all` units together.
pub(super) fn unit_at(total: i64, all: i64, rank: i64) -> i64 {
    let each = total.checked_div(all).unwrap_or(0);
    each.saturating_add(i64::from(rank < total.checked_rem(all).unwrap_or(0)))
}

/// The classes of some runs, dearest first, then in the order of the receipt; `cuts` are further ranks at which a
/// class ends.
pub(super) fn classes(basket: &Basket<'_>, spots: &[Spot], cuts: &[(Spot, i64)]) -> Vec<Class> {
    let mut classes = Vec::with_capacity(spots.len().saturating_add(spots.len()));
    let mut ranks: SmallVec<[i64; 8]> = SmallVec::new();
    for spot in spots {
        let Some((line, run)) = basket.run(*spot) else { continue };
        let all = line.units(run);
        let floor = line.unit_floor(basket.currency);
        ranks.clear();
        ranks.extend([0, run.amount.checked_rem(all).unwrap_or(0), all]);
        ranks.extend(cuts.iter().filter(|(cut, rank)| cut == spot && (0..all).contains(rank)).map(|(_, rank)| *rank));
        ranks.sort_unstable();
        ranks.dedup();
        for (rank, next) in ranks.iter().zip(ranks.iter().skip(1)) {
            let amount = unit_at(run.amount, all, *rank);
            classes.push(Class {
                line: spot.0,
                run: spot.1,
                rank: *rank,
                units: next.saturating_sub(*rank),
                amount,
                rung: unit_at(run.original(), all, *rank),
                room: amount.saturating_sub(floor).max(0),
            });
        }
    }
    classes.sort_unstable_by(|a, b| b.amount.cmp(&a.amount).then_with(|| (a.line, a.run, a.rank).cmp(&(b.line, b.run, b.rank))));
    classes
}

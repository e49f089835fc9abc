//! Where a search begins: campaigns one after another in several orders, each taking its best of what is left.

use super::super::contender::{Contender, Kind};
use super::super::fill::{Left, fill};
use super::super::solution::Solution;
use super::super::units::Class;
use super::model::SCALE;

/// The best of some orders, and the steps that it took.
pub(super) fn start(contenders: &[Contender<'_>], classes: &[Class], by_worth: bool) -> (Solution, u64) {
    let mut orders: Vec<Vec<usize>> = Vec::new();
    let ids: Vec<usize> = (0..contenders.len()).collect();
    let alone: Vec<i64> = ids.iter().map(|number| gain_of(&[*number], contenders, classes, by_worth)).collect();
    let units: Vec<i64> = contenders.iter().map(|contender| reach(contender, classes)).collect();
    let of = |values: &[i64], number: &usize| values.get(*number).copied().unwrap_or(0);
    let mut by_gain = ids.clone();
    by_gain.sort_by_key(|number| (of(&alone, number).saturating_neg(), *number));
    let mut by_density = ids.clone();
    let density = |number: &usize| of(&alone, number).saturating_mul(SCALE).checked_div(of(&units, number).max(1)).unwrap_or(0);
    by_density.sort_by_key(|number| (density(number).saturating_neg(), *number));
    let is_set = |number: &usize| contenders.get(*number).is_some_and(|contender| matches!(contender.kind, Kind::Sets(_)));
    let mut sets_first = by_density.clone();
    sets_first.sort_by_key(|number| !is_set(number));
    orders.extend([by_gain, by_density, sets_first, ids]);
    let mut best: Option<(super::super::solution::Score, Solution)> = None;
    for order in orders {
        let solution = in_order(&order, contenders, classes);
        let score = solution.score(contenders, classes, by_worth);
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, solution));
        }
    }
    let tried = contenders.len().saturating_mul(classes.len());
    (best.map(|(_, solution)| solution).unwrap_or_default(), u64::try_from(tried).unwrap_or(u64::MAX))
}

fn in_order(order: &[usize], contenders: &[Contender<'_>], classes: &[Class]) -> Solution {
    let mut left = Left::all(classes);
    let mut solution = Solution::default();
    for number in order {
        if let Some(contender) = contenders.get(*number) {
            fill(*number, contender, classes, &mut left, &mut solution);
        }
    }
    solution
}

fn gain_of(order: &[usize], contenders: &[Contender<'_>], classes: &[Class], by_worth: bool) -> i64 {
    in_order(order, contenders, classes).score(contenders, classes, by_worth).gain
}

/// How many units a campaign may use.
fn reach(contender: &Contender<'_>, classes: &[Class]) -> i64 {
    let may = |class: usize| {
        contender.part(class).is_some() || contender.forms().iter().any(|form| form.seats.iter().any(|seats| seats.takes(class)))
    };
    let own = classes.iter().enumerate().filter(|(class, _)| may(*class));
    own.map(|(_, class)| class.units).fold(0, i64::saturating_add)
}

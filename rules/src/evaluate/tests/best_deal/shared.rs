//! Campaigns that share units, against their twin: one after another by id, each on what the ones before it have left,
//! and the last of them the best that it can do alone.

use super::super::fixture::{catalogue, customer, hold, noon, receipt};
use super::cases::{Campaign, Case, Kind, Off, Random, SKUS};
use super::twin::{best_of, rounded, units};
use super::{CASES, brings, number};
use crate::Effort;
use crate::conventions::{RoundedPer, Unplaced};
use crate::evaluate;
use crate::revision::{Revision, Source};

/// A percentage or an amount off each unit of some goods, none of which has a minimum price.
fn first(random: &mut Random, place: usize) -> Campaign {
    let on: Vec<usize> = random.skus().into_iter().filter(|sku| SKUS[*sku] != "BEER").collect();
    let on = if on.is_empty() { vec![0] } else { on };
    let off = if random.below(2) == 0 { Off::Percent(random.of(&[3, 7, 10, 25])) } else { Off::Amount(random.of(&[1, 5, 20])) };
    assert!(place < 8, "a few");
    Campaign::each(on, off)
}

/// In proportion by largest remainders, the earlier first.
fn split(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum = weights.iter().sum::<i64>().max(1);
    let mut parts: Vec<i64> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|place| (-(total * weights[*place] % sum), *place));
    let left = usize::try_from(total - parts.iter().sum::<i64>()).unwrap();
    order.iter().take(left).for_each(|place| parts[*place] += 1);
    parts
}

/// What a campaign takes off each of some lines, given by what their units cost.
fn taken(case: &Case, off: Off, lines: &[Vec<i64>]) -> Vec<i64> {
    let of = |percent: i64, amount: i64| rounded(percent * amount, 100, case.rounding);
    let sums: Vec<i64> = lines.iter().map(|units| units.iter().sum()).collect();
    match (off, case.rounded_per) {
        (Off::Amount(minor), _) => lines.iter().map(|units| units.iter().map(|unit| minor.min(*unit)).sum()).collect(),
        (Off::Percent(percent), RoundedPer::Unit) => {
            lines.iter().map(|units| units.iter().map(|unit| of(percent, *unit)).sum()).collect()
        }
        (Off::Percent(percent), RoundedPer::Adjustment | RoundedPer::Line) => sums.iter().map(|sum| of(percent, *sum)).collect(),
        (Off::Percent(percent), RoundedPer::Receipt) => split(of(percent, sums.iter().sum()), &sums),
        (Off::Price(_), _) => panic!("no price is among the first"),
    }
}

#[test]
fn p10_campaigns_that_share_units_act_one_after_another_and_each_at_its_best() {
    let (cases, begin) = (number("TESSERA_CASES", CASES), number("TESSERA_SEED", 1));
    let catalogue = catalogue();
    let mut unproven = 0;
    for seed in begin..begin + cases {
        let mut case = Case::random(seed);
        let mut random = Random(seed.wrapping_mul(13));
        let last = case.campaigns.swap_remove(0);
        case.campaigns = (0..random.size(1, 3)).map(|place| first(&mut random, place)).collect();
        case.campaigns.push(last);
        case.unplaced = Unplaced::Redistributed;
        let text = case.program().replace("conventions: {", "conventions: {units: shared, ");
        let receipt = receipt(&case.basket);
        let mut all = units(&receipt);
        let (mut money, mut used) = (0, Vec::new());
        for (place, campaign) in case.campaigns.iter().enumerate().rev().skip(1).rev() {
            let Kind::Each(off) = campaign.kind else { panic!("those before the last take off each unit") };
            let open = |unit: &super::twin::Unit| campaign.on.contains(&unit.sku) && unit.amount > 0;
            let mut numbers: Vec<usize> = all.iter().filter(|unit| open(unit)).map(|unit| unit.line).collect();
            numbers.dedup();
            let of_line = |line: usize| all.iter().filter(|unit| unit.line == line).map(|unit| unit.amount).collect::<Vec<_>>();
            let lines: Vec<Vec<i64>> = numbers.iter().map(|line| of_line(*line)).collect();
            let off = taken(&case, off, &lines);
            for ((line, minor), before) in numbers.into_iter().zip(&off).zip(&lines) {
                let (left, count) = (before.iter().sum::<i64>() - minor, i64::try_from(before.len()).unwrap());
                let own = all.iter_mut().filter(|unit| unit.line == line);
                for (rank, unit) in (0_i64..).zip(own) {
                    unit.amount = left / count + i64::from(rank < left % count);
                    unit.room = unit.amount;
                }
            }
            let sum = off.iter().sum::<i64>();
            money += sum;
            used.extend((sum > 0).then_some(place));
        }
        // A line of which some units cost nothing any more is divided there, which is not what this is about.
        if all.iter().any(|unit| unit.amount == 0) {
            continue;
        }
        let alone = Case { campaigns: vec![case.campaigns.last().unwrap().clone()], ..case.clone() };
        let (more, worth, others) = best_of(&alone, &receipt, all);
        used.extend(others.iter().map(|_| case.campaigns.len() - 1));
        let source = Source { name: "p".into(), text: text.clone() };
        let revision = Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[source]);
        let revision = revision.unwrap_or_else(|error| panic!("{error}\n{text}")).revision;
        let decision = evaluate(&revision, &catalogue, &customer(), &receipt, noon(), Effort::default());
        hold(&receipt, &decision);
        if decision.proven {
            let found = brings(&case, &receipt, &decision);
            assert_eq!(found, (money + more, worth, used), "seed {seed}:\n{text}{}", case.basket);
        } else {
            unproven += 1;
        }
    }
    assert!(unproven * 1_000 <= cases, "{unproven} of {cases} are not proven");
}

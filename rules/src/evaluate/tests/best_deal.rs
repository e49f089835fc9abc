//! The best deal against its twin: every combination of applications on single units, tried by plain recursion and
//! priced from the definition, on random small receipts with competing campaigns of mixed kinds.
//!
//! `TESSERA_CASES=100000 cargo test --release -p tessera-rules p10_a_best_deal` runs more cases; `TESSERA_SEED` begins
//! elsewhere, and a failure names the seed of its case.

mod baskets;
mod cases;
mod shared;
mod twin;

use super::fixture::{catalogue, customer, hold, noon};
use crate::decision::Decision;
use crate::id::CampaignId;
use crate::receipt::Receipt;
use crate::revision::{Revision, Source};
use crate::{Effort, evaluate};
use cases::{Case, Kind};

const CASES: u64 = 2_500;

fn number(name: &str, otherwise: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test may be asked for more cases")]
    let told = std::env::var(name);
    told.ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn revision(case: &Case) -> Revision {
    let text = case.program();
    Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[Source { name: "p".into(), text: text.clone() }])
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .revision
}

/// The number in `c7`.
fn place_of(campaign: &CampaignId) -> usize {
    campaign.as_str().trim_start_matches('c').parse().unwrap()
}

/// What a decision brings: money off, worth added, and the campaigns used.
fn brings(case: &Case, receipt: &Receipt, decision: &Decision) -> (i64, i64, Vec<usize>) {
    let used: Vec<usize> = decision.applied.iter().map(|applied| place_of(&applied.campaign)).collect();
    let mut worth = 0;
    for (place, line) in decision.lines.iter().enumerate().take(receipt.lines.len()) {
        for part in line.parts.iter().filter(|part| part.adjustments.iter().any(|change| change.amount.is_zero())) {
            let number = place_of(&part.adjustments[0].campaign);
            let Kind::Extra { add, .. } = case.campaigns[number].kind else { panic!("only extra units are added") };
            worth += part.quantity.pieces() / add * twin::worth(&receipt.lines[place], add);
        }
    }
    ((decision.before - decision.after).minor(), worth, used)
}

/// Many units of one price: what the best use of so many units is for one campaign after another. `gain` tells what a
/// campaign brings on so many units by itself.
fn best_of_many(units: usize, gains: &[Box<dyn Fn(usize) -> i64>]) -> i64 {
    let mut best = vec![0_i64; units + 1];
    for gain in gains {
        let own: Vec<i64> = (0..=units).map(gain).collect();
        best = (0..=units).map(|all| (0..=all).map(|mine| best[all - mine] + own[mine]).max().unwrap()).collect();
    }
    best[units]
}

#[test]
fn p10_of_many_equal_units_all_but_a_core_are_decided_at_once_without_loss() {
    let mut unproven = 0;
    for seed in 1..=60_usize {
        let of = |place: usize, choices: &[i64]| choices[(seed * 7 + place * 13 + seed / (place + 2)) % choices.len()];
        let (price, units) = (of(0, &[5, 99, 100, 199, 333, 1_000]), 20 + (seed * 37) % 180);
        let mut text = format!("{}campaigns:\n", super::fixture::HEAD);
        let mut gains: Vec<Box<dyn Fn(usize) -> i64>> = Vec::new();
        for place in 0..2 + seed % 3 {
            let limit = usize::try_from(of(place, &[0, 0, 3, 7])).unwrap();
            let within = move |times: usize| i64::try_from(if limit == 0 { times } else { times.min(limit) }).unwrap();
            let limits = if limit == 0 { String::new() } else { format!("limits: {{per_receipt: {limit}}}, ") };
            let what = match (seed + place) % 5 {
                0 => {
                    let percent = of(place + 1, &[5, 10, 33, 50]);
                    gains.push(Box::new(move |units| (i64::try_from(units).unwrap() * price * percent + 50) / 100));
                    format!("percent_off: {percent}")
                }
                1 => {
                    let take = usize::try_from(of(place + 2, &[2, 3, 5])).unwrap();
                    gains.push(Box::new(move |units| within(units / take) * price));
                    format!("{limits}n_for_m: {{take: {take}, pay: {}}}", take - 1)
                }
                2 => {
                    let minor = of(place + 3, &[1, 20, 70]);
                    gains.push(Box::new(move |units| within(units) * minor.min(price)));
                    format!("{limits}amount_off: {}.{:02}", minor / 100, minor % 100)
                }
                3 => {
                    let (size, of_three) = (4, price * 3);
                    gains.push(Box::new(move |units| within(units / size) * (4 * price - of_three)));
                    format!("{limits}mix_and_match: {{groups: [{{units: 4}}], price: {}.{:02}}}", of_three / 100, of_three % 100)
                }
                _ => {
                    let percent = of(place + 4, &[20, 50, 90]);
                    gains.push(Box::new(move |units| (within(units / 2) * price * percent + 50) / 100));
                    format!("{limits}nth_unit: {{nth: 2, percent_off: {percent}}}")
                }
            };
            text += &format!("- {{id: c{place}, name: C, {what}}}\n");
        }
        let revision = Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[Source { name: "p".into(), text: text.clone() }]);
        let revision = revision.unwrap_or_else(|error| panic!("{error}")).revision;
        let receipt = super::fixture::receipt(&format!("MILK {units}x{}.{:02}", price / 100, price % 100));
        let decision = evaluate(&revision, &catalogue(), &customer(), &receipt, noon(), Effort::default());
        hold(&receipt, &decision);
        let (found, best) = ((decision.before - decision.after).minor(), best_of_many(units, &gains));
        assert!(found <= best && best <= found + decision.bound.minor(), "{units} at {price}\n{text}");
        assert!(!decision.proven || found == best, "{units} at {price}\n{text}");
        unproven += u32::from(!decision.proven);
    }
    assert!(unproven <= 12, "{unproven} of 60 are not proven");
}

#[test]
fn p10_percentages_that_hardly_differ_are_combined_for_their_roundings() {
    let percents = [("10.31", 1_031), ("10.30", 1_030), ("12.34", 1_234), ("12.33", 1_233), ("7.5", 750)];
    let pairs = [[0, 1], [2, 3], [1, 2], [0, 4]];
    let mut unproven = 0;
    for (price, pair) in (5_i64..=20).flat_map(|price| pairs.map(|pair| (price, pair))) {
        for units in [17_usize, 40, 53] {
            let mut text = format!("{}campaigns:\n", super::fixture::HEAD);
            let mut gains: Vec<Box<dyn Fn(usize) -> i64>> = Vec::new();
            for (place, (written, hundredths)) in pair.map(|percent| percents[percent]).into_iter().enumerate() {
                gains.push(Box::new(move |units| (i64::try_from(units).unwrap() * price * hundredths + 5_000) / 10_000));
                text += &format!("- {{id: c{place}, name: C, percent_off: {written}}}\n");
            }
            let revision = Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[Source { name: "p".into(), text: text.clone() }]);
            let revision = revision.unwrap_or_else(|error| panic!("{error}")).revision;
            let receipt = super::fixture::receipt(&format!("MILK {units}x0.{price:02}"));
            let decision = evaluate(&revision, &catalogue(), &customer(), &receipt, noon(), Effort::default());
            hold(&receipt, &decision);
            let (found, best) = ((decision.before - decision.after).minor(), best_of_many(units, &gains));
            assert!(found <= best && best <= found + decision.bound.minor(), "{units} at {price}\n{text}");
            assert!(!decision.proven || found == best, "{found} of {best}: {units} at {price}\n{text}");
            unproven += u32::from(!decision.proven);
        }
    }
    assert_eq!(unproven, 0);
}

#[test]
fn p10_a_best_deal_marked_proven_is_optimal() {
    let (cases, first) = (number("TESSERA_CASES", CASES), number("TESSERA_SEED", 1));
    let catalogue = catalogue();
    let mut unproven = 0;
    for seed in first..first + cases {
        let case = Case::random(seed);
        let receipt = super::fixture::receipt(&case.basket);
        let decision = evaluate(&revision(&case), &catalogue, &customer(), &receipt, noon(), Effort::default());
        hold(&receipt, &decision);
        let expected = twin::best(&case, &receipt);
        let found = brings(&case, &receipt, &decision);
        if decision.proven {
            assert_eq!(found, expected, "seed {seed}:\n{}{}", case.program(), case.basket);
        } else {
            unproven += 1;
            let of = |(money, worth, _): &(i64, i64, Vec<usize>)| if case.by_worth { money + worth } else { *money };
            let (least, most) = (of(&found), of(&found) + decision.bound.minor());
            assert!((least..=most).contains(&of(&expected)), "seed {seed}:\n{}{}", case.program(), case.basket);
        }
    }
    assert!(unproven * 1_000 <= cases, "{unproven} of {cases} small receipts are not proven");
}

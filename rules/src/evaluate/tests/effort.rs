//! What there are no steps for is left out from the end, and named.

use super::fixture::{catalogue, decide, hold, known, noon, points, receipt, revision};
use crate::decision::{AnswerPart, Decision};
use crate::receipt::Receipt;
use crate::standing::Standing;
use crate::{Effort, evaluate};

/// Something of every part: prices, what may be redeemed, points, a question, an instruction, goods to offer, a near miss.
const BODY: &str = "facts:
- {id: surname, text: Your surname?, ask: {when: always}}
campaigns:
- {id: off, name: A tenth off milk, on: {sku: [MILK]}, percent_off: 10}
- {id: eleven, name: Two become three, on: {sku: [BLUE]}, extra_units: {every: 2, add: 1}}
- {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}
- {id: near, name: Spend 50, spend: {at_least: 50.00, give: {points: {units: 5, asset: points}}}}
- {id: other, name: Butter too, offer: {to: {sku: [MILK]}, suggest: {sku: [BUTTER]}, limit: 2}}";

/// Blue goods carry an excise mark, so that the cashier must scan what is added.
fn basket() -> Receipt {
    let mut basket = receipt("MILK 3x1.00 BLUE 4x5.00 RED 2x3.00");
    basket.lines[1].marks.push("mark".into());
    basket
}

/// With points to redeem.
fn customer() -> Standing {
    known(|customer| customer.available.push(points(100)))
}

fn with(steps_max: u64, receipt: &Receipt, body: &str) -> Decision {
    let once = || evaluate(&revision(body), &catalogue(), &customer(), receipt, noon(), Effort::within(steps_max));
    let decision = once();
    hold(receipt, &decision);
    assert_eq!(decision, once(), "p7: the same effort, the same decision");
    decision
}

/// How much of each part a decision has, in the order of the work.
fn sizes(decision: &Decision) -> [(AnswerPart, usize); 5] {
    [
        (AnswerPart::Redemption, decision.redeemable.len()),
        (AnswerPart::Rewards, decision.rewards.iter().filter(|reward| reward.campaign.as_str() == "earn").count()),
        (AnswerPart::Prompts, decision.prompts.len()),
        (AnswerPart::Instructions, decision.instructions.len()),
        (AnswerPart::Offers, decision.offers.len() + decision.near_misses.len()),
    ]
}

#[test]
fn p7_less_effort_leaves_out_from_the_end_and_names_it() {
    let whole = decide(BODY, &customer(), &basket());
    assert_eq!(whole.dropped_from, None);
    assert!(sizes(&whole).iter().all(|(_, size)| *size > 0), "{:?}", sizes(&whole));
    let mut seen = Vec::new();
    for steps_max in 0..=whole.steps + 40 {
        let decision = with(steps_max, &basket(), BODY);
        for ((part, size), (_, most)) in sizes(&decision).into_iter().zip(sizes(&whole)) {
            // What lines bring with them is there as far as lines were worked out.
            if part == AnswerPart::Instructions && !decision.proven {
                continue;
            }
            let expected = if decision.has(part) { most } else { 0 };
            assert_eq!(size, expected, "{steps_max} steps, {:?}: {part:?}", decision.dropped_from);
        }
        if seen.last() != Some(&decision.dropped_from) {
            seen.push(decision.dropped_from);
        }
    }
    let order = |from: &Option<AnswerPart>| from.map_or(5, |part| AnswerPart::ALL.iter().position(|one| *one == part).unwrap());
    let order: Vec<usize> = seen.iter().map(order).collect();
    assert_eq!(with(2 * whole.steps, &basket(), BODY), whole);
    assert!(order.is_sorted() && order.first() == Some(&0) && order.last() == Some(&5), "{seen:?}");
}

#[test]
fn what_has_been_paid_gets_all_that_is_behind_the_lines_however_little_is_searched() {
    let whole = decide(BODY, &customer(), &basket());
    for steps_max in 0..=whole.steps {
        let effort = Effort::within(steps_max).whole();
        let decision = evaluate(&revision(BODY), &catalogue(), &customer(), &basket(), noon(), effort);
        assert_eq!(decision.dropped_from, None);
        for ((part, size), (_, all)) in sizes(&decision).into_iter().zip(sizes(&whole)) {
            assert!(size == all || part == AnswerPart::Instructions && !decision.proven, "{steps_max} steps: {part:?}");
        }
        let quoted = with(steps_max, &basket(), BODY);
        assert_eq!((&decision.lines, decision.proven), (&quoted.lines, quoted.proven), "lines are searched alike");
    }
}

#[test]
fn a_search_that_takes_all_its_steps_leaves_enough_for_what_comes_behind_the_lines() {
    let many: String =
        (0..30).map(|number| format!("- {{id: c{number}, name: C, n_for_m: {{take: {}, pay: 1}}}}\n", 2 + number % 5)).collect();
    let body = format!("{BODY}\n{many}");
    let steps_max = 2_000;
    let decision = with(steps_max, &basket(), &body);
    assert!(!decision.proven, "the search is cut");
    assert_eq!(decision.dropped_from, None, "{} of {steps_max} steps", decision.steps);
    assert!(!decision.prompts.is_empty() && !decision.offers.is_empty());
}

//! Rewards of every kind: what earns, what multiplies, what is given, counted, chosen and left out.

use super::fixture::{catalogue, customer, decide, hold, known, lines, near_misses, noon, points, receipt, revision, rewards};
use crate::decision::{Decision, Promise, RewardKind, Verdict};
use crate::id::{CampaignId, FactId, ProgramId, RewardId, Sku, TierId};
use crate::receipt::{Chosen, Explain, RedeemMode, RedeemRequest, Stage, Tender, TenderKind};
use crate::standing::{CodeStanding, CodeState, CounterStanding, CustomerStanding, FactStanding, Standing, Uses};
use crate::usage::Usage;
use crate::{Effort, evaluate};

const GOLD: &str = "tiers:\n- {id: gold, multiplier: 1.5}\n";

fn gold() -> Standing {
    known(|customer| customer.tiers = vec![(ProgramId::parse("p").unwrap(), TierId::parse("gold").unwrap())])
}

/// Campaigns, goods, and the rewards that a known customer without a tier gets.
fn check(table: &[(&str, &str, &str)]) {
    for (campaigns, basket, expected) in table {
        let decision = decide(&format!("{GOLD}campaigns:\n{campaigns}"), &customer(), &receipt(basket));
        assert_eq!(rewards(&decision), *expected, "{campaigns} on {basket}");
    }
}

#[test]
fn points_are_earned_for_money_units_measures_and_visits() {
    check(&[
        ("- {id: a, name: A, points: {per: 1.00, units: 2, asset: points}}", "MILK 1x2.99", "a.0 5 points"),
        ("- {id: a, name: A, points: {per: {money: 1.00}, units: 2, asset: points}}", "MILK 1x2.99", "a.0 5 points"),
        ("- {id: a, name: A, points: {per: {units: 2}, units: 5, asset: points}}", "MILK 5x1.00", "a.0 12 points"),
        ("- {id: a, name: A, points: {per: {measure: 10}, units: 4, asset: points}}", "MILK 25.5kgx1.459", "a.0 10 points"),
        ("- {id: a, name: A, points: {per: {visit: true}, units: 7, asset: points}}", "MILK 2x1.00 BEER 1x2.00", "a.0 7 points"),
        ("- {id: a, name: A, points: {per: {visit: true}, units: 7, asset: points}}", "DEPOSIT 2x1.00 MILK 1x0.00", ""),
        // Weighed goods are one unit, deposits earn nothing, goods at zero neither.
        (
            "- {id: a, name: A, points: {per: {units: 1}, units: 5, asset: points}}",
            "MILK 2.5kgx1.00 DEPOSIT 9x1.00",
            "a.0 5 points",
        ),
        ("- {id: a, name: A, points: {per: {units: 1}, units: 5, asset: points}}", "MILK 3x0.00", ""),
        (
            "- {id: f, name: F, on: {sku: BEER}, n_for_m: {take: 3, pay: 2}}\n- {id: a, name: A, points: {per: {units: 1}, units: 5, asset: points}}",
            "BLUE 0.5kgx1.00 MILK 3x1.00",
            "a.0 20 points",
        ),
        (
            "- {id: a, name: A, caps: {points_per_receipt: 10}, points: {per: 1.00, units: 2, asset: points}}",
            "MILK 99x1.00",
            "a.0 10 points",
        ),
    ]);
}

#[test]
fn points_are_multiplied_by_the_tier_and_by_campaigns_and_rounded_down_once() {
    let earn = "- {id: a, name: A, points: {per: 1.00, units: 1, asset: points}}\n";
    let table = [
        // 9.99 × 1.5 = 14.985; × 2 = 29.97.
        ("", "MILK 1x9.99", "a.0 14 points", 1),
        ("- {id: m, name: M, multiply_points: {by: 2, asset: points}}", "MILK 1x9.99", "a.0 29 points", 2),
        // Only on milk: (9.99 × 2 + 5.00) × 1.5 = 37.47.
        (
            "- {id: m, name: M, on: {sku: MILK}, multiply_points: {by: 2, asset: points}}",
            "MILK 1x9.99 BLUE 1x5.00",
            "a.0 37 points",
            2,
        ),
        // Two multiply each other: 10 × 1.5 × 2 × 2.5.
        (
            "- {id: m, name: M, multiply_points: {by: 2, asset: points}}\n- {id: n, name: N, multiply_points: {by: 2.5, asset: points}}",
            "MILK 1x10.00",
            "a.0 75 points",
            3,
        ),
        // Another asset, and nothing to multiply.
        ("- {id: m, name: M, multiply_points: {by: 2, asset: fine}}", "MILK 1x10.00", "a.0 15 points", 1),
        (
            "- {id: m, name: M, when: {spend_at_least: 50.00}, multiply_points: {by: 2, asset: points}}",
            "MILK 1x10.00",
            "a.0 15 points",
            1,
        ),
    ];
    for (more, basket, expected, applied) in table {
        let decision = decide(&format!("{GOLD}campaigns:\n{earn}{more}"), &gold(), &receipt(basket));
        assert_eq!((rewards(&decision).as_str(), decision.applied.len()), (expected, applied), "{more} on {basket}");
    }
}

#[test]
fn what_each_line_earned_follows_its_multiplier() {
    let body = "campaigns:\n- {id: a, name: A, points: {per: 1.00, units: 1, asset: points}}\n- {id: m, name: M, on: {sku: MILK}, multiply_points: {by: 3, asset: points}}\n";
    let decision = decide(body, &customer(), &receipt("MILK 1x10.00 BLUE 1x10.00"));
    let shares: Vec<i64> = decision.rewards[0].earned_on.iter().map(|share| share.units).collect();
    assert_eq!(shares, [30, 10]);
}

#[test]
fn everything_that_can_be_given_is_given() {
    let give = |give: &str| {
        format!(
            "tiers:\n- {{id: gold}}\ncampaigns:\n- {{id: x, name: X, coupon_only: true, percent_off: 5}}\n- {{id: a, name: A, grant: {{give: {give}}}}}\n"
        )
    };
    type Row = (&'static str, fn(&RewardKind) -> bool, Option<&'static str>);
    let table: [Row; 7] = [
        (
            "{points: {units: 5, asset: points}}",
            |kind| matches!(kind, RewardKind::Points { units, .. } if units.units() == 5),
            None,
        ),
        (
            "{prize: {id: umbrella, count: 2}}",
            |kind| matches!(kind, RewardKind::Prize { prize, count: 2 } if prize == "umbrella"),
            None,
        ),
        ("{prize: umbrella}", |kind| matches!(kind, RewardKind::Prize { count: 1, .. }), None),
        ("{tickets: {draw: car, count: 3}}", |kind| matches!(kind, RewardKind::Ticket { draw, count: 3 } if draw == "car"), None),
        ("{status: gold}", |kind| matches!(kind, RewardKind::Status { tier, reached: false } if tier.as_str() == "gold"), None),
        ("{status: {tier: gold, days: 30}}", |kind| matches!(kind, RewardKind::Status { .. }), Some("2026-12-23T00:00:00Z")),
        (
            "{coupon: {campaign: x, days: 7}}",
            |kind| matches!(kind, RewardKind::DiscountLater { coupon } if coupon.as_str() == "x"),
            Some("2026-11-30T00:00:00Z"),
        ),
    ];
    for (what, is, until) in table {
        let decision = decide(&give(what), &customer(), &receipt("MILK 1x1.00"));
        assert_eq!(decision.rewards.len(), 1, "{what}");
        assert!(is(&decision.rewards[0].kind), "{what}: {:?}", decision.rewards[0].kind);
        assert_eq!(decision.rewards[0].expires_at.map(|at| at.to_string()).as_deref(), until, "{what}");
        assert!(decide(&give(what), &Standing::default(), &receipt("MILK 1x1.00")).rewards.is_empty(), "{what} needs a customer");
    }
}

#[test]
fn thresholds_give_as_often_as_they_are_reached() {
    let spend = |give: &str, repeating: bool| {
        format!(
            "campaigns:\n- {{id: x, name: X, coupon_only: true, percent_off: 5}}\n- {{id: a, name: A, spend: {{at_least: 10.00, repeating: {repeating}, give: {give}}}}}\n"
        )
    };
    let count = |decision: &Decision| match &decision.rewards[0].kind {
        RewardKind::Ticket { count, .. } | RewardKind::Prize { count, .. } => (decision.rewards.len(), *count),
        other @ (RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Status { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. }) => panic!("{other:?}"),
    };
    let basket = receipt("MILK 35x1.00");
    assert_eq!(count(&decide(&spend("{tickets: car}", true), &customer(), &basket)), (1, 3));
    assert_eq!(count(&decide(&spend("{tickets: {draw: car, count: 2}}", true), &customer(), &basket)), (1, 6));
    assert_eq!(count(&decide(&spend("{prize: mug}", false), &customer(), &basket)), (1, 1));
    let coupons = decide(&spend("{coupon: x}", true), &customer(), &basket);
    assert_eq!(coupons.rewards.iter().map(|reward| reward.id.as_str()).collect::<Vec<_>>(), ["a.0", "a.1", "a.2"]);
}

#[test]
fn a_choice_is_asked_for_and_given_once_it_is_made() {
    let body = "campaigns:\n- {id: a, name: A, text: Choose, spend: {at_least: 10.00, give: {choice: {skus: [CRISPS, PENNE, BEER], quantity: 2}}}}\n";
    let mut basket = receipt("MILK 10x1.00");
    basket.explain = Explain::Candidates(Vec::new());
    let asked = decide(body, &customer(), &basket);
    let choice = &asked.choices[0];
    // Beer has a minimum price and cannot be free.
    assert_eq!(choice.options.iter().map(Sku::as_str).collect::<Vec<_>>(), ["CRISPS", "PENNE"]);
    assert_eq!((choice.id.as_str(), choice.quantity.pieces(), choice.chosen.as_ref()), ("a.0", 2, None));
    assert!(asked.applied.is_empty() && asked.lines.len() == 1);
    assert_eq!(asked.explained[0].why, "the customer has not chosen yet");
    let chosen = |sku: &str| {
        let mut basket = basket.clone();
        basket.choices = vec![Chosen { choice: RewardId::parse("a.0").unwrap(), sku: Sku::parse(sku).unwrap() }];
        decide(body, &customer(), &basket)
    };
    assert_eq!(lines(&chosen("PENNE")), "+0.1 PENNE: 2=0.00(a 0.00)");
    assert_eq!(chosen("PENNE").choices[0].chosen.as_ref().map(Sku::as_str), Some("PENNE"));
    assert_eq!(lines(&chosen("BEER")), "", "what is no option is not given");
    basket.declined = vec![RewardId::parse("a.0").unwrap()];
    assert!(decide(body, &customer(), &basket).choices.is_empty());
}

#[test]
fn p4_a_counter_whose_gift_is_not_chosen_yet_stays_due() {
    let body = "campaigns:\n- {id: a, name: A, count: {every: 2, give: {choice: {skus: [CRISPS, PENNE]}}}}\n";
    let decision = decide(body, &customer(), &receipt("MILK 2x1.00"));
    assert_eq!((decision.counters[0].counted_milli, decision.counters[0].rewarded), (2_000, 0));
    assert!(decision.promises.is_empty());
}

#[test]
fn counters_count_units_money_and_visits() {
    let count = |counted: &str, every: &str| {
        format!(
            "campaigns:\n- {{id: a, name: A, near_text: \"{{missing}} to go\", count: {{counted: {counted}, every: {every}, give: {{points: {{units: 9, asset: points}}}}}}}}\n"
        )
    };
    let so_far = |counted_milli: i64, rewarded: i64| {
        known(|customer| {
            customer.counters = vec![CounterStanding {
                campaign: CampaignId::parse("a").unwrap(),
                counted_milli,
                rewarded,
                calendar: None,
                stretches: Vec::new(),
            }];
        })
    };
    let table = [
        ("units", "10", 0, 0, "MILK 7x1.00", "", 7_000, ""),
        ("units", "10", 8_000, 0, "MILK 2x1.00", "a.0 9 points", 2_000, ""),
        ("units", "10", 5_000, 0, "MILK 3x1.00", "", 3_000, "a: 2 units «2 to go»"),
        ("visits", "3", 2_000, 0, "MILK 7x1.00", "a.0 9 points", 1_000, ""),
        ("visits", "4", 2_000, 0, "MILK 7x1.00", "", 1_000, "a: 1 units «1 to go»"),
        ("money", "100.00", 9_500_000, 0, "MILK 10x1.00", "a.0 9 points", 1_000_000, ""),
        ("money", "100.00", 8_500_000, 0, "MILK 10x1.00", "", 1_000_000, "a: 5.00 «5.00 to go»"),
    ];
    for (counted, every, before, rewarded, basket, expected, adds, near) in table {
        let decision = decide(&count(counted, every), &so_far(before, rewarded), &receipt(basket));
        assert_eq!((rewards(&decision).as_str(), decision.counters[0].counted_milli), (expected, adds), "{counted} {basket}");
        assert_eq!(near_misses(&decision).join(""), near, "{counted} {basket}");
    }
}

#[test]
fn conditions_on_the_customer_let_in_who_meets_them() {
    let birthday = |value: &str| {
        let fact = FactStanding {
            fact: FactId::parse("born").unwrap(),
            known_at: noon(),
            confirmed: true,
            code_sent: false,
            redeem_code: crate::standing::CodeForRedeem::CanBeSent,
            value: Some(value.into()),
        };
        known(|customer| customer.facts = vec![fact])
    };
    let visits = |visits: u32| known(|customer: &mut CustomerStanding| customer.visits = visits);
    let enrolled = |at: &str| known(|customer| customer.enrolled_at = Some(at.parse().unwrap()));
    let counted = |counted_milli: i64| {
        known(|customer| {
            customer.counters = vec![CounterStanding {
                campaign: CampaignId::parse("c").unwrap(),
                counted_milli,
                rewarded: 0,
                calendar: None,
                stretches: Vec::new(),
            }];
        })
    };
    let table = [
        ("birthday: {fact: born, days_before: 3, days_after: 2}", birthday("1990-11-25"), true),
        ("birthday: {fact: born, days_before: 3, days_after: 2}", birthday("11-20"), true),
        ("birthday: {fact: born, days_before: 3, days_after: 2}", birthday("11-26"), false),
        ("birthday: {fact: born, days_before: 3, days_after: 2}", birthday("11-19"), false),
        ("birthday: {fact: born, days_before: 60}", birthday("01-20"), true),
        ("birthday: {fact: born}", birthday("yes"), false),
        ("birthday: {fact: born}", customer(), false),
        ("visits: {at_most: 0}", visits(0), true),
        ("visits: {at_most: 0}", visits(1), false),
        ("visits: {at_least: 3, at_most: 5}", visits(5), true),
        ("visits: {at_least: 3}", visits(2), false),
        ("enrolled_days_max: 30", enrolled("2026-10-24T12:00:00Z"), true),
        ("enrolled_days_max: 30", enrolled("2026-10-23T12:00:00Z"), true),
        ("enrolled_days_max: 30", enrolled("2026-10-23T11:59:59Z"), false),
        ("enrolled_days_max: 30", customer(), false),
        ("counted: {campaign: c, at_least: 5}", counted(5_000), true),
        ("counted: {campaign: c, at_least: 5}", counted(4_999), false),
        ("units_at_least: 2", customer(), true),
        ("units_at_least: 3", customer(), false),
    ];
    for (when, standing, applied) in table {
        let body = format!(
            "facts:\n- {{id: born, text: Born?}}\ncampaigns:\n- {{id: a, name: A, when: {{{when}}}, percent_off: 10, on: {{sku: MILK}}}}\n- {{id: c, name: C, count: {{every: 10, give: {{gift: {{sku: PENNE}}}}}}}}\n"
        );
        let decision = decide(&body, &standing, &receipt("MILK 2x1.00 BEER 9x2.00"));
        assert_eq!(decision.applied.iter().any(|applied| applied.campaign.as_str() == "a"), applied, "{when} {standing:?}");
    }
}

#[test]
fn tenders_let_in_and_points_count_the_share_that_they_pay() {
    let by_card = "campaigns:\n- {id: a, name: A, when: {tender: {kind: card}}, points: {per: 1.00, units: 1, asset: points}}\n";
    let whole =
        "campaigns:\n- {id: a, name: A, when: {tender: {kind: [card, transfer], share_percent_at_least: 50}}, percent_off: 10}\n";
    let paid = |stage: Stage, tenders: &[(TenderKind, i64)]| {
        let mut basket = receipt("MILK 10x1.00");
        basket.stage = stage;
        let tender = |(kind, minor): &(TenderKind, i64)| Tender { kind: *kind, amount: crate::money::Amount::from_minor(*minor) };
        basket.tenders = tenders.iter().map(tender).collect();
        basket.explain = Explain::Candidates(Vec::new());
        basket
    };
    let table = [
        (by_card, paid(Stage::Tender, &[(TenderKind::Card, 1_000)]), "a.0 10 points", true),
        (by_card, paid(Stage::Tender, &[(TenderKind::Card, 350), (TenderKind::Cash, 650)]), "a.0 3 points", true),
        (by_card, paid(Stage::Tender, &[(TenderKind::Cash, 1_000)]), "", false),
        (by_card, paid(Stage::Total, &[]), "", false),
        (whole, paid(Stage::Tender, &[(TenderKind::Card, 300), (TenderKind::Transfer, 200), (TenderKind::Cash, 500)]), "", true),
        (whole, paid(Stage::Tender, &[(TenderKind::Card, 499), (TenderKind::Cash, 501)]), "", false),
    ];
    for (body, basket, expected, applied) in table {
        let decision = decide(body, &customer(), &basket);
        assert_eq!((rewards(&decision).as_str(), !decision.applied.is_empty()), (expected, applied), "{:?}", basket.tenders);
        assert!(decision.depends_on_tenders);
    }
    let unknown = decide(by_card, &customer(), &paid(Stage::Total, &[]));
    assert_eq!(unknown.explained[0].why, "it depends on how the receipt is paid, which is not known yet");
    assert!(
        !decide("campaigns:\n- {id: a, name: A, percent_off: 10}\n", &customer(), &receipt("MILK 1x1.00")).depends_on_tenders
    );
}

#[test]
fn a_control_group_is_the_same_in_every_sale_and_as_large_as_it_says() {
    let revision = revision("campaigns:\n- {id: a, name: A, control_group: 20, percent_off: 10}\n");
    let catalogue = catalogue();
    let basket = receipt("MILK 1x1.00");
    let applied = |number: u32| {
        let standing = known(|customer| customer.customer = crate::id::CustomerId::parse(&format!("c{number}")).unwrap());
        !evaluate(&revision, &catalogue, &standing, &basket, noon(), Effort::default()).applied.is_empty()
    };
    let in_control = (0..2_000).filter(|number| !applied(*number)).count();
    assert!((330..470).contains(&in_control), "{in_control} of 2,000");
    assert!((0..50).all(|number| applied(number) == applied(number)));
    assert!(!evaluate(&revision, &catalogue, &Standing::default(), &basket, noon(), Effort::default()).applied.is_empty());
}

#[test]
fn p4_a_personal_coupon_opens_its_campaign_once() {
    let body = "campaigns:\n- {id: a, name: A, coupon_only: true, percent_off: 10}\n- {id: b, name: B, priority: -1, grant: {give: {coupon: a}}}\n";
    let with = |state: CodeState, code: &str| {
        let campaign = Some(CampaignId::parse("a").unwrap());
        let standing = Standing { codes: vec![CodeStanding { code: "XYZ".into(), state, campaign }], ..customer() };
        let mut basket = receipt("MILK 10x1.00");
        basket.codes = vec![code.into()];
        decide(body, &standing, &basket)
    };
    let used = with(CodeState::Open, "XYZ");
    assert_eq!(lines(&used), "1: 10=9.00(a -1.00)");
    assert_eq!(used.code_verdicts[0].verdict, Verdict::Applied);
    assert!(used.promises.contains(&Promise::Code { code: "XYZ".into() }));
    assert_eq!(with(CodeState::Used, "XYZ").code_verdicts[0].verdict, Verdict::Used);
    assert_eq!(lines(&with(CodeState::Used, "XYZ")), "");
    assert_eq!(with(CodeState::Open, "OTHER").code_verdicts[0].verdict, Verdict::Unknown);
    assert_eq!(lines(&with(CodeState::Open, "OTHER")), "");
}

#[test]
fn conventions_say_what_thresholds_see_and_whether_redeemed_amounts_earn() {
    let spend = "campaigns:\n- {id: o, name: O, percent_off: 50}\n- {id: s, name: S, spend: {at_least: 10.00, give: {points: {units: 5, asset: points}}}}\n";
    let as_rung = format!("conventions: {{thresholds: as_rung_up}}\n{spend}");
    let basket = receipt("MILK 10x1.00");
    assert_eq!(rewards(&decide(spend, &customer(), &basket)), "");
    assert_eq!(rewards(&decide(&as_rung, &customer(), &basket)), "s.0 5 points");
    let earn = "campaigns:\n- {id: a, name: A, points: {per: 1.00, units: 1, asset: points}}\n";
    for mode in [RedeemMode::Discount, RedeemMode::Tender] {
        for (head, expected) in [("", "a.0 6 points"), ("conventions: {redeemed_earns: true}\n", "a.0 10 points")] {
            let standing = known(|customer| customer.available = vec![points(400)]);
            let mut basket = basket.clone();
            basket.redeem = vec![RedeemRequest { asset: points(0).0, units: None, mode }];
            // The asset of the fixture has no rule for redeeming, so it gets one here.
            let text = super::fixture::HEAD.replace("worth_minor: 1}\n- {id: fine", "worth_minor: 1, redeem: {}}\n- {id: fine");
            let source = crate::revision::Source { name: "p".into(), text: format!("{text}{head}{earn}") };
            let revision = crate::Revision::compile(1, noon(), &[source]).unwrap().revision;
            let decision = evaluate(&revision, &catalogue(), &standing, &basket, noon(), Effort::default());
            hold(&basket, &decision);
            assert_eq!(rewards(&decision), expected, "{mode:?} {head}");
        }
    }
}

#[test]
fn p4_a_budget_is_promised_and_nothing_is_given_beyond_it() {
    let body = |budget: &str, mechanic: &str| {
        let text = format!("{}campaigns:\n- {{id: a, name: A, budget: {{{budget}}}, {mechanic}}}\n", super::fixture::HEAD);
        let source = crate::revision::Source { name: "p".into(), text };
        crate::Revision::compile(1, noon(), &[source]).unwrap().revision
    };
    let points = "points: {per: 1.00, units: 2, asset: points}";
    let table = [
        ("points: 1000", points, Some(0), "a.0 20 points", Some((1, 20))),
        ("points: 1000", points, Some(993), "a.0 7 points", Some((1, 7))),
        ("points: 1000", points, Some(1_000), "", None),
        ("points: 1000", points, None, "", None),
        (
            "uses: 10",
            "spend: {at_least: 2.00, repeating: true, give: {points: {units: 1, asset: points}}}",
            Some(7),
            "a.0 3 points",
            Some((3, 3)),
        ),
    ];
    for (budget, mechanic, used, expected, promised) in table {
        let campaign = CampaignId::parse("a").unwrap();
        let shared = used.map(|used| {
            let ever = if budget.starts_with("uses") {
                Usage { uses: used, ..Usage::NONE }
            } else {
                Usage { value: used, ..Usage::NONE }
            };
            Uses { campaign: campaign.clone(), ever, today: ever, this_month: ever }
        });
        let standing = Standing { shared: shared.into_iter().collect(), ..customer() };
        let decision =
            evaluate(&body(budget, mechanic), &catalogue(), &standing, &receipt("MILK 10x1.00"), noon(), Effort::default());
        assert_eq!(rewards(&decision), expected, "{budget} {used:?}");
        let found = decision.promises.iter().find_map(|promise| match promise {
            Promise::Budget { usage, .. } => Some((usage.uses, usage.value)),
            Promise::Units { .. } | Promise::Threshold { .. } | Promise::Uses { .. } | Promise::Code { .. } => None,
        });
        assert_eq!(found, promised, "{budget} {used:?}");
    }
}

//! Each mechanic: a campaign, a basket, and the lines and rewards that come of it.

use super::fixture::{customer, decide, known, lines, near_misses, receipt, rewards};
use crate::decision::Task;
use crate::id::{CampaignId, LineId, ProgramId, RewardId, TierId};
use crate::receipt::Stage;
use crate::standing::CounterStanding;

/// A table row: what it shows, the campaigns, the basket, the lines, the rewards.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn check(table: &[Row]) {
    for (title, campaigns, basket, expected_lines, expected_rewards) in table {
        let decision = decide(&format!("campaigns:\n{campaigns}"), &customer(), &receipt(basket));
        assert_eq!((lines(&decision).as_str(), rewards(&decision).as_str()), (*expected_lines, *expected_rewards), "{title}");
    }
}

#[test]
fn p6_percent_and_amount_off_lines() {
    check(&[
        (
            "half up, once a line",
            "- {id: a, name: A, percent_off: 10}",
            "MILK 3x0.99 BUTTER 1x0.25",
            "1: 3=2.67(a -0.30)\n2: 1=0.22(a -0.03)",
            "",
        ),
        (
            "only on its products",
            "- {id: a, name: A, percent_off: 50, on: {category: food/dairy}}",
            "MILK 1x1.00 PENNE 1x2.00",
            "1: 1=0.50(a -0.50)",
            "",
        ),
        (
            "any depth, but an exception",
            "- {id: a, name: A, percent_off: 50, on: {category: food, except: {attribute: {brand: Best}}}}",
            "MILK 1x1.00 PENNE 1x2.00 BLUE 1x9.00",
            "1: 1=0.50(a -0.50)",
            "",
        ),
        (
            "one after another on what is left",
            "- {id: a, name: A, percent_off: 50}\n- {id: b, name: B, percent_off: 50, group: other}",
            "MILK 1x1.00",
            "1: 1=0.25(a -0.50)(b -0.25)",
            "",
        ),
        (
            "once in a stacking group, the higher priority first",
            "- {id: a, name: A, percent_off: 50}\n- {id: b, name: B, percent_off: 10, priority: 1}",
            "MILK 1x1.00",
            "1: 1=0.90(b -0.10)",
            "",
        ),
        (
            "not on a deposit, not where it is forbidden",
            "- {id: a, name: A, percent_off: 50}",
            "DEPOSIT 1x0.25 BOOK 1x5.00 MILK 1x1.00",
            "3: 1=0.50(a -0.50)",
            "",
        ),
        ("an amount off each unit", "- {id: a, name: A, amount_off: 0.30}", "MILK 3x0.99", "1: 3=2.07(a -0.90)", ""),
        ("never below nothing", "- {id: a, name: A, amount_off: 5.00}", "MILK 3x0.99", "1: 3=0.00(a -2.97)", ""),
        ("never below the minimum price", "- {id: a, name: A, percent_off: 50}", "BEER 2x2.00", "1: 2=3.00(a -1.00)", ""),
        (
            "an amount off a line",
            "- {id: a, name: A, amount_off: 0.30, per: line}",
            "MILK 3x0.99 MILK 1x0.99",
            "1: 3=2.67(a -0.30)\n2: 1=0.69(a -0.30)",
            "",
        ),
        (
            "a limit in units",
            "- {id: a, name: A, amount_off: 0.30, limits: {per_receipt: 2}}",
            "MILK 3x1.00",
            "1: 2=1.40(a -0.60) 1=1.00",
            "",
        ),
        (
            "measured goods",
            "- {id: a, name: A, percent_off: 10, on: {measured: true}}",
            "PENNE 0.251kgx9.98 MILK 1x1.00",
            "1: 0.251=2.25(a -0.25)",
            "",
        ),
        ("an unknown article", "- {id: a, name: A, percent_off: 10, on: {sku: NEW}}", "NEW 1x1.00", "1: 1=0.90(a -0.10)", ""),
    ]);
}

#[test]
fn p6_n_for_m_frees_units_of_sets_formed_dearest_first() {
    let three = "- {id: a, name: A, on: {category: shoes}, n_for_m: {take: 3, pay: 2}}";
    check(&[
        ("three pairs are paid as two", three, "BLUE 3x49.99", "1: 2=99.98 1=0.00(a -49.99)", ""),
        ("the cheapest of the set, over lines", three, "BLUE 1x30.00 RED 1x10.00 BLUE 1x20.00", "2: 1=0.00(a -10.00)", ""),
        ("what is over at the cheap end is in no set", three, "RED 1x1.00 BLUE 3x30.00", "2: 2=60.00 1=0.00(a -30.00)", ""),
        ("two sets", three, "BLUE 4x30.00 RED 3x10.00", "1: 3=90.00 1=0.00(a -30.00)\n2: 2=20.00 1=0.00(a -10.00)", ""),
        (
            "the dearest",
            "- {id: a, name: A, on: {category: shoes}, n_for_m: {take: 3, pay: 2, free: dearest}}",
            "BLUE 1x30.00 RED 2x10.00",
            "1: 1=0.00(a -30.00)",
            "",
        ),
        (
            "a limit keeps the dearest sets",
            "- {id: a, name: A, n_for_m: {take: 2, pay: 1}, limits: {per_receipt: 1}}",
            "MILK 2x1.00 BLUE 2x5.00",
            "2: 1=5.00 1=0.00(a -5.00)",
            "",
        ),
    ]);
}

#[test]
fn p6_sets_show_as_the_campaign_says_and_share_units_with_no_offer_of_their_group() {
    let three = "- {id: a, name: A, on: {category: shoes}, n_for_m: {take: 3, pay: 2}}";
    check(&[
        (
            "spread over the set",
            "- {id: a, name: A, n_for_m: {take: 3, pay: 2}, show_as: spread}",
            "BLUE 3x10.00",
            "1: 3=20.00(a -10.00)",
            "",
        ),
        (
            "spread over unequal units",
            "- {id: a, name: A, n_for_m: {take: 3, pay: 2}, show_as: spread}",
            "BLUE 2x20.00 RED 2x10.00",
            "1: 2=32.00(a -8.00)\n2: 1=10.00 1=8.00(a -2.00)",
            "",
        ),
        (
            "a free unit costs a penny that the others bear",
            "- {id: a, name: A, n_for_m: {take: 3, pay: 2}, show_as: minimum_unit}",
            "BLUE 3x10.00",
            "1: 2=19.99(a -0.01) 1=0.01(a -9.99)",
            "",
        ),
        (
            "no unit below its minimum price",
            "- {id: a, name: A, n_for_m: {take: 2, pay: 1}}",
            "BEER 2x2.00",
            "1: 1=2.00 1=1.50(a -0.50)",
            "",
        ),
        (
            "measured goods are one unit",
            "- {id: a, name: A, n_for_m: {take: 2, pay: 1}}",
            "PENNE 0.500kgx2.00 PENNE 3.000kgx1.00",
            "1: 0.5=0.00(a -1.00)",
            "",
        ),
        (
            "of a rounded line amount the first units cost the pennies left over, the cheapest unit is free",
            "- {id: a, name: A, n_for_m: {take: 3, pay: 2}}",
            "BLUE 3x0.335",
            "1: 2=0.68 1=0.00(a -0.33)",
            "",
        ),
        ("too few", three, "BLUE 2x30.00", "", ""),
        (
            "units of one offer are not used by another of the group",
            "- {id: a, name: A, n_for_m: {take: 2, pay: 1}, priority: 1}\n- {id: b, name: B, percent_off: 10}",
            "BLUE 3x10.00",
            "1: 1=9.00(b -1.00) 1=10.00 1=0.00(a -10.00)",
            "",
        ),
    ]);
}

#[test]
fn n_for_m_is_worked_out_by_kinds_of_units_and_not_by_units() {
    let decision = decide(
        "campaigns:\n- {id: a, name: A, n_for_m: {take: 3, pay: 2}}",
        &customer(),
        &receipt("MILK 300000000x0.01 PENNE 1x1.00"),
    );
    assert_eq!(lines(&decision), "1: 200000000=2000000.00 100000000=0.00(a -1000000.00)");
    assert!(decision.steps < 20, "{}", decision.steps);
}

#[test]
fn p6_extra_units_are_added_to_their_line() {
    let ten = "- {id: a, name: A, on: {sku: CRISPS}, extra_units: {every: 10, add: 1}}";
    check(&[
        ("ten packs become eleven, the eleventh at zero", ten, "CRISPS 10x1.00", "1: 10=10.00 1=0.00(a 0.00)", ""),
        ("twenty-five become twenty-seven", ten, "CRISPS 25x1.00", "1: 25=25.00 2=0.00(a 0.00)", ""),
        ("nine do not", ten, "CRISPS 9x1.00", "", ""),
        ("nor do ten on two lines", ten, "CRISPS 5x1.00 CRISPS 5x1.00", "", ""),
        (
            "the rest stays free for others",
            "- {id: a, name: A, extra_units: {every: 2, add: 1}, priority: 1}\n- {id: b, name: B, percent_off: 10}",
            "CRISPS 3x1.00",
            "1: 2=2.00 1=0.90(b -0.10) 1=0.00(a 0.00)",
            "",
        ),
    ]);
}

#[test]
fn extra_units_can_be_declined_and_marked_goods_are_scanned() {
    let ten = "campaigns:\n- {id: a, name: One more, extra_units: {every: 10, add: 1}}";
    let mut basket = receipt("CRISPS 10x1.00 MILK 10x1.00");
    basket.declined = vec![RewardId::parse("a.1").unwrap()];
    assert_eq!(lines(&decide(ten, &customer(), &basket)), "2: 10=10.00 1=0.00(a 0.00)");
    basket.declined.clear();
    basket.lines[0].marks = vec!["0104".into()];
    let decision = decide(ten, &customer(), &basket);
    assert_eq!(lines(&decision), "2: 10=10.00 1=0.00(a 0.00)\n+0.2 CRISPS: 1=0.00(a 0.00)");
    let told = &decision.instructions[0];
    assert_eq!((told.id.as_str(), told.text.as_str(), told.task), ("a.1", "+1: One more", Task::ScanOneMore));
    assert_eq!((told.line.as_ref().map(LineId::as_str), told.quantity), (Some("+0.2"), 1));
    basket.declined = vec![RewardId::parse("+0.2").unwrap()];
    assert_eq!(lines(&decide(ten, &customer(), &basket)), "2: 10=10.00 1=0.00(a 0.00)");
}

#[test]
fn p6_basket_offers_are_split_over_lines_exactly() {
    check(&[
        (
            "by largest remainder, the earlier first",
            "- {id: a, name: A, amount_off: 1.00, level: basket}",
            "MILK 1x1.00 MILK 1x1.00 MILK 1x1.00",
            "1: 1=0.66(a -0.34)\n2: 1=0.67(a -0.33)\n3: 1=0.67(a -0.33)",
            "",
        ),
        (
            "a percentage is rounded once",
            "- {id: a, name: A, percent_off: 5, level: basket}",
            "MILK 1x0.50 MILK 1x0.50",
            "1: 1=0.47(a -0.03)\n2: 1=0.48(a -0.02)",
            "",
        ),
        (
            "what the minimum price cannot bear the others do",
            "- {id: a, name: A, amount_off: 2.00, level: basket}",
            "BEER 1x1.60 MILK 1x1.60 MILK 1x1.60",
            "1: 1=1.50(a -0.10)\n2: 1=0.65(a -0.95)\n3: 1=0.65(a -0.95)",
            "",
        ),
        (
            "no deposit",
            "- {id: a, name: A, amount_off: 1.00, level: basket}",
            "DEPOSIT 1x5.00 MILK 1x0.60",
            "2: 1=0.00(a -0.60)",
            "",
        ),
        (
            "line offers first, whatever the priority",
            "- {id: a, name: A, percent_off: 50, level: basket, priority: 9, group: b}\n- {id: l, name: L, amount_off: 1.00}",
            "MILK 1x3.00",
            "1: 1=1.00(l -1.00)(a -1.00)",
            "",
        ),
    ]);
}

#[test]
fn spend_thresholds_look_at_amounts_after_line_offers() {
    let off = "- {id: s, name: S, spend: {at_least: 10.00, give: {amount: 2.00}}}";
    check(&[
        ("reached", off, "BLUE 1x10.00", "1: 1=8.00(s -2.00)", ""),
        ("not reached", off, "BLUE 1x9.99", "", ""),
        ("a deposit does not count", off, "BLUE 1x9.99 DEPOSIT 1x1.00", "", ""),
        (
            "after line offers",
            "- {id: s, name: S, group: t, spend: {at_least: 10.00, give: {percent: 10}}}\n- {id: a, name: A, percent_off: 10}",
            "BLUE 1x11.00",
            "1: 1=9.90(a -1.10)",
            "",
        ),
        ("once", "- {id: s, name: S, spend: {at_least: 10.00, give: {amount: 2.00}}}", "BLUE 1x35.00", "1: 1=33.00(s -2.00)", ""),
        (
            "again and again",
            "- {id: s, name: S, spend: {at_least: 10.00, repeating: true, give: {amount: 2.00}}}",
            "BLUE 1x35.00",
            "1: 1=29.00(s -6.00)",
            "",
        ),
        (
            "points",
            "- {id: s, name: S, spend: {at_least: 10.00, repeating: true, give: {points: {units: 5, asset: points}}}}",
            "BLUE 1x35.00",
            "",
            "s.0 15 points",
        ),
        (
            "a gift",
            "- {id: s, name: S, spend: {at_least: 10.00, give: {gift: {sku: CRISPS, quantity: 2}}}}",
            "BLUE 1x35.00",
            "+0.1 CRISPS: 2=0.00(s 0.00)",
            "",
        ),
        (
            "a condition on the basket",
            "- {id: a, name: A, percent_off: 10, when: {spend_at_least: 10.00}}",
            "BLUE 1x9.00",
            "",
            "",
        ),
    ]);
}

#[test]
fn points_round_down_once_after_multipliers() {
    let per_pound = "- {id: a, name: A, points: {per: 1.00, units: 1, asset: points}}";
    check(&[
        ("per money", per_pound, "BLUE 1x10.99", "", "a.0 10 points"),
        ("once for the receipt", per_pound, "MILK 1x0.50 MILK 1x0.50", "", "a.0 1 points"),
        (
            "on what is paid",
            "- {id: a, name: A, points: {per: 1.00, units: 1, asset: points}}\n- {id: b, name: B, percent_off: 50}",
            "BLUE 1x10.00",
            "1: 1=5.00(b -5.00)",
            "a.0 5 points",
        ),
        ("not on deposits", per_pound, "DEPOSIT 1x10.00", "", ""),
        ("in hundredths", "- {id: a, name: A, points: {per: 1.00, units: 0.05, asset: fine}}", "BLUE 1x10.50", "", "a.0 52 fine"),
    ]);
    let standing = known(|customer| customer.tiers = vec![(ProgramId::parse("p").unwrap(), TierId::parse("gold").unwrap())]);
    let decision = decide(
        &format!("tiers:\n- {{id: gold, multiplier: 1.5}}\ncampaigns:\n{per_pound}"),
        &standing,
        &receipt("BLUE 1x1.99 MILK 1x1.00"),
    );
    assert_eq!(rewards(&decision), "a.0 4 points", "2.99 × 1.5 is 4.485");
    let shares: Vec<(&str, i64)> = decision.rewards[0].earned_on.iter().map(|share| (share.line.as_str(), share.units)).collect();
    assert_eq!(shares, [("1", 3), ("2", 1)]);
}

#[test]
fn p4_every_tenth_bottle_over_receipts_earns_two_packs_once() {
    let tenth = "campaigns:\n- {id: t, name: T, on: {attribute: {kind: bottle}}, count: {every: 10, give: {gift: {sku: CRISPS, quantity: 2}}}}";
    // counted before, rewarded before, bottles now, rewarded now
    let table = [
        (0, 0, 9, 0),
        (0, 0, 10, 1),
        (9, 0, 1, 1),
        (9, 0, 2, 1),
        (10, 1, 9, 0),
        (10, 1, 10, 1),
        (0, 0, 25, 2),
        (15, 0, 5, 2),
        (15, 2, 4, 0),
        (5, 1, 5, 0),
    ];
    for (counted, rewarded, bottles, expected) in table {
        let counter = CounterStanding {
            campaign: CampaignId::parse("t").unwrap(),
            counted_milli: counted * 1_000,
            rewarded,
            calendar: None,
            stretches: Vec::new(),
        };
        let decision = decide(
            tenth,
            &known(|customer| customer.counters = vec![counter]),
            &receipt(&format!("MILK {bottles}x1.00 BLUE 5x1.00")),
        );
        let movement = &decision.counters[0];
        assert_eq!((movement.counted_milli, movement.rewarded), (bottles * 1_000, expected), "{counted} {rewarded} {bottles}");
        let gifts = decision.lines.iter().find(|line| line.added_by.is_some()).map_or(0, |line| line.parts[0].quantity.pieces());
        assert_eq!(gifts, 2 * expected);
        assert_eq!(decision.promises.len(), usize::from(expected > 0));
    }
}

#[test]
fn a_declined_gift_stays_due_and_other_ids_stay_as_they_are() {
    let body = "campaigns:\n- {id: t, name: T, on: {sku: MILK}, count: {every: 10, give: {gift: {sku: CRISPS}}}}\n- {id: u, name: U, on: {sku: BLUE}, count: {every: 1, give: {gift: {sku: PENNE}}}}";
    let mut basket = receipt("MILK 10x1.00 BLUE 1x1.00");
    assert_eq!(lines(&decide(body, &customer(), &basket)), "+0.1 CRISPS: 1=0.00(t 0.00)\n+1.1 PENNE: 1=0.00(u 0.00)");
    basket.declined = vec![RewardId::parse("+0.1").unwrap()];
    let decision = decide(body, &customer(), &basket);
    assert_eq!(lines(&decision), "+1.1 PENNE: 1=0.00(u 0.00)");
    assert_eq!(decision.counters.iter().map(|counter| counter.rewarded).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(decision.lines[2].id, LineId::parse("+1.1").unwrap());
}

#[test]
fn near_misses_say_what_is_missing() {
    let body = "campaigns:\n- {id: n, name: N, on: {category: shoes}, n_for_m: {take: 3, pay: 2}, near_text: \"{missing} more\"}\n- {id: s, name: S, group: t, spend: {at_least: 50.00, give: {amount: 5.00}}, near_text: \"{missing} to go\"}";
    let table: [(&str, &[&str]); 5] = [
        ("BLUE 2x20.00", &["n: 1 units «1 more»", "s: 10.00 «10.00 to go»"]),
        ("BLUE 1x10.00", &["n: 2 units «2 more»"]),
        ("BLUE 3x10.00", &[]),
        ("MILK 1x37.49", &[]),
        ("MILK 1x37.50", &["s: 12.50 «12.50 to go»"]),
    ];
    for (basket, expected) in table {
        assert_eq!(near_misses(&decide(body, &customer(), &receipt(basket))), expected, "{basket}");
    }
}

#[test]
fn what_comes_too_late_to_change_lines_becomes_points_worth_the_same() {
    let body = "campaigns:\n- {id: a, name: A, percent_off: 10, fallback: {points: points}}\n- {id: e, name: E, group: e, on: {sku: CRISPS}, extra_units: {every: 10, add: 1}, fallback: {points: points}}\n- {id: n, name: N, group: n, amount_off: 1.00}\n- {id: p, name: P, points: {per: 1.00, units: 1, asset: points}}\n- {id: t, name: T, on: {sku: CRISPS}, count: {every: 10, give: {gift: {sku: CRISPS}}}}";
    let mut basket = receipt("CRISPS 10x1.00 MILK 1x5.00");
    basket.stage = Stage::Paid;
    let decision = decide(body, &customer(), &basket);
    assert_eq!(lines(&decision), "");
    assert_eq!(rewards(&decision), "a.0 150 points instead\ne.0 100 points instead\np.0 15 points");
    assert_eq!((decision.counters[0].counted_milli, decision.counters[0].rewarded), (10_000, 0), "the gift stays due");
    basket.given = vec![crate::receipt::Given {
        campaign: CampaignId::parse("a").unwrap(),
        line: None,
        amount: crate::money::Amount::from_minor(100),
        added: vec![],
    }];
    assert_eq!(rewards(&decide(body, &customer(), &basket)), "a.0 50 points instead\ne.0 100 points instead\np.0 14 points");
    let nobody = decide(body, &crate::standing::Standing::default(), &basket);
    assert_eq!((lines(&nobody), rewards(&nobody)), (String::new(), String::new()));
}

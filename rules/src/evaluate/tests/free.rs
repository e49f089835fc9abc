//! Free conditions of campaigns, lines and segments, and what becomes of a campaign whose condition fails.

use super::fixture::{catalogue, decide, known, lines, noon, receipt, revision};
use crate::decision::{Decision, Note};
use crate::evaluate::segments;
use crate::id::{CampaignId, FactId, SegmentId, StoreId};
use crate::limits::{CONDITION_STEPS_PER_STEP, CONDITIONS_STEPS_MAX};
use crate::money::Amount;
use crate::receipt::{Explain, Receipt, Tender, TenderKind};
use crate::standing::{FactStanding, Standing};

const HEAD: &str = "facts:\n- {id: club, text: Club?}\nsegments:\n- {id: regulars, condition: account.visits >= 3}\n- {id: club, condition: \"customer.fact['club'] == 'yes'\"}\n- {id: listed, list: l1}\nzones:\n- {id: city, stores: [S1]}\n";

fn basket() -> Receipt {
    receipt("MILK 3x1.00 PENNE 1x2.00 BUTTER 1x4.00")
}

fn decided(campaigns: &str, standing: &Standing, receipt: &Receipt) -> Decision {
    let campaigns: String = campaigns.lines().map(|line| format!("- {{name: N, {line}}}\n")).collect();
    let mut receipt = receipt.clone();
    if receipt.explain == Explain::Nothing {
        receipt.explain = Explain::Named(["a", "b"].map(|id| CampaignId::parse(id).unwrap()).to_vec());
    }
    decide(&format!("{HEAD}campaigns:\n{campaigns}"), standing, &receipt)
}

fn why(decision: &Decision, campaign: &str) -> String {
    let own = decision.explained.iter().find(|explained| explained.campaign.as_str() == campaign);
    own.map(|explained| explained.why.to_string()).unwrap()
}

#[test]
fn a_condition_decides_whether_a_campaign_acts() {
    let regular = known(|customer| customer.visits = 3);
    let table = [
        ("when: receipt.amount >= 9", true),
        ("when: {condition: receipt.amount > 9}", false),
        ("when: {spend_at_least: 5.00, condition: receipt.amount >= 9}", true),
        ("when: {spend_at_least: 50.00, condition: receipt.amount >= 9}", false),
        ("when: \"'city' in store.zones && time.weekday == 'sunday'\"", true),
        ("when: \"lines.exists(l, l.sku == 'PENNE') && customer.known\"", true),
        ("when: account.visits > 3", false),
        ("segments: [regulars]", true),
        ("segments: [club, regulars]", true),
        ("when: \"'regulars' in customer.segments\"", false),
    ];
    for (manner, acts) in table {
        let decision = decided(&format!("id: a, {manner}, percent_off: 50"), &regular, &basket());
        assert_eq!(decision.applied.len(), usize::from(acts), "{manner}: {}", why(&decision, "a"));
    }
    let decision = decided("id: a, when: account.visits > 3, percent_off: 50", &regular, &basket());
    assert_eq!(why(&decision, "a"), "its condition does not hold");
    let anonymous = decided("id: a, when: \"!customer.known\", percent_off: 50", &Standing::default(), &basket());
    assert_eq!(anonymous.after, Amount::from_minor(450));
}

#[test]
fn a_condition_on_lines_chooses_among_the_goods() {
    let table = [
        ("on: {where: line.quantity >= 2}", "1: 3=1.50(a -1.50)"),
        ("on: {category: food, where: \"line.unit_price >= 2 && line.sku != 'PENNE'\"}", "3: 1=2.00(a -2.00)"),
        (
            "on: {sku: [MILK, PENNE], where: \"receipt.lines.exists(l, l.sku == 'BUTTER')\"}",
            "1: 3=1.50(a -1.50)\n2: 1=1.00(a -1.00)",
        ),
        ("on: {where: \"line.sku == 'NONE'\"}", ""),
    ];
    for (on, expected) in table {
        let decision = decided(&format!("id: a, {on}, percent_off: 50"), &Standing::default(), &basket());
        assert_eq!(lines(&decision), expected, "{on}");
        if expected.is_empty() {
            assert_eq!(why(&decision, "a"), "none of its products is on the receipt");
        }
    }
}

#[test]
fn a_condition_that_fails_skips_only_its_campaign_and_says_why() {
    let value = |value: &str| FactStanding {
        fact: FactId::parse("club").unwrap(),
        known_at: super::fixture::noon(),
        confirmed: true,
        code_sent: false,
        redeem_code: crate::standing::CodeForRedeem::CanBeSent,
        value: Some(value.into()),
    };
    let unknown = known(|customer| customer.facts = Vec::new());
    let table = [
        (
            "when: 10 / (receipt.lines.size() - 3) > 1",
            "its condition cannot be worked out: `10 / (receipt.lines.size() - 3)`: division by zero",
        ),
        (
            "when: account.visits * 9000000000000000000 > 1",
            "its condition cannot be worked out: `account.visits * 9000000000000000000`: the result is too large",
        ),
        (
            "on: {where: \"line.attribute['brand'] == 'Best'\"}",
            "its condition on lines cannot be worked out: `line.attribute['brand']`: the value is not there",
        ),
        ("segments: [club]", "the condition of a segment cannot be worked out: `customer.fact['club']`: the value is not there"),
        (
            "when: \"!('club' in customer.segments)\"",
            "the condition of a segment cannot be worked out: `customer.fact['club']`: the value is not there",
        ),
    ];
    for (manner, expected) in table {
        let campaigns = format!("id: a, {manner}, percent_off: 50\nid: b, amount_off: 1.00, level: basket");
        let decision = decided(&campaigns, &unknown, &basket());
        assert_eq!(why(&decision, "a"), format!("skipped, since {expected}"));
        assert_eq!(decision.after, Amount::from_minor(800), "the other goes on");
        assert_eq!(decision.notes, [Note::ConditionFailed { campaign: CampaignId::parse("a").unwrap() }]);
    }
    let member = known(|customer| customer.facts = vec![value("yes")]);
    for (manner, off) in [("segments: [club]", 450), ("when: \"!('club' in customer.segments)\"", 900)] {
        let decision = decided(&format!("id: a, {manner}, percent_off: 50"), &member, &basket());
        assert_eq!((decision.after, decision.notes), (Amount::from_minor(off), Vec::new()), "{manner}");
    }
}

#[test]
fn the_segments_of_a_customer_are_those_that_campaigns_see() {
    let revision = revision(&format!("{HEAD}campaigns:\n- {{id: a, name: N, percent_off: 5}}\n"));
    let club = FactStanding {
        fact: FactId::parse("club").unwrap(),
        known_at: noon(),
        confirmed: false,
        code_sent: false,
        redeem_code: crate::standing::CodeForRedeem::CanBeSent,
        value: Some("yes".into()),
    };
    let table: [(Standing, &[&str]); 6] = [
        (Standing::default(), &[]),
        (known(|customer| customer.visits = 2), &[]),
        (known(|customer| customer.visits = 3), &["regulars"]),
        (known(|customer| customer.facts = vec![club.clone()]), &["regulars", "club"]),
        (known(|customer| customer.lists = vec![SegmentId::parse("l1").unwrap()]), &["regulars", "listed"]),
        (known(|customer| customer.blocked = true), &[]),
    ];
    for (standing, expected) in table {
        let found = segments(&revision, &catalogue(), &standing, &basket(), noon());
        let ids: Vec<&str> = found.iter().map(|(_, segment)| segment.as_str()).collect();
        assert_eq!(ids, expected, "{standing:?}");
        assert!(found.iter().all(|(program, _)| *program == &revision.programs()[0].id));
    }
}

#[test]
fn p11_a_condition_that_takes_too_many_steps_skips_only_its_campaign() {
    let many: String = (0..600).map(|_| "MILK 1x1.00 ").collect();
    let campaigns = "id: a, when: \"lines.all(x, lines.all(y, x.amount == y.amount))\", percent_off: 50\nid: b, amount_off: 1.00, level: basket";
    let decision = decided(campaigns, &Standing::default(), &receipt(&many));
    assert!(why(&decision, "a").ends_with("the evaluation takes too many steps"), "{}", why(&decision, "a"));
    assert_eq!(decision.after, Amount::from_minor(59_900));
    let few: String = (0..60).map(|_| "MILK 1x1.00 ").collect();
    assert_eq!(decided(campaigns, &Standing::default(), &receipt(&few)).after, Amount::from_minor(3_000));
}

#[test]
fn p11_what_is_explained_by_name_takes_of_the_steps_that_conditions_have_left() {
    let mut receipt = receipt(&"MILK 1x1.00 ".repeat(400));
    let ids = || (0..60).map(|number| format!("c{number}"));
    let heavy = "on: {sku: NONE}, when: \"lines.all(x, lines.all(y, x.amount == y.amount))\", percent_off: 50";
    let campaigns: String = ids().map(|id| format!("id: {id}, {heavy}\n")).collect();
    receipt.explain = Explain::Candidates(Vec::new());
    let decision = decided(&campaigns, &Standing::default(), &receipt);
    assert!(decision.steps < 1_000, "what nobody asks for is not looked at");
    receipt.explain = Explain::Named(ids().map(|id| CampaignId::parse(&id).unwrap()).collect());
    let decision = decided(&campaigns, &Standing::default(), &receipt);
    let all = CONDITIONS_STEPS_MAX / CONDITION_STEPS_PER_STEP;
    assert!((all..all + 1_000).contains(&decision.steps), "all together take what there is: {}", decision.steps);
    assert!(why(&decision, "c59").ends_with("the evaluation takes too many steps"), "{}", why(&decision, "c59"));
}

#[test]
fn what_looks_at_tenders_says_so() {
    let by_card = "\"receipt.tenders.exists(t, t.kind == 'card')\"";
    let mut paid = basket();
    paid.stage = crate::receipt::Stage::Tender;
    paid.tenders = vec![Tender { kind: TenderKind::Card, amount: Amount::from_minor(900) }];
    let table = [
        (format!("when: {by_card}"), true),
        (format!("on: {{where: {by_card}}}"), true),
        (format!("on: {{sku: NONE, where: {by_card}}}"), false),
        (format!("stores: [S2], when: {by_card}"), false),
        ("when: receipt.amount > 1".to_owned(), false),
    ];
    for (manner, depends) in table {
        for receipt in [&basket(), &paid] {
            let decision = decided(&format!("id: a, {manner}, percent_off: 50"), &Standing::default(), receipt);
            assert_eq!(decision.depends_on_tenders, depends, "{manner}");
        }
    }
    assert_eq!(decided(&format!("id: a, when: {by_card}, percent_off: 50"), &Standing::default(), &paid).applied.len(), 1);
}

#[test]
fn what_the_index_leaves_out_is_explained_when_asked_for_by_name() {
    let mut elsewhere = basket();
    elsewhere.place.store = StoreId::parse("S7").unwrap();
    let stranger = known(|customer| customer.lists = Vec::new());
    let table = [
        ("zones: [city]", "it is not for this store"),
        ("code: X", "its code was not presented"),
        ("coupon_only: true", "the personal coupon that opens it was not presented"),
        ("segments: [listed]", "the customer is in none of its segments"),
    ];
    for (manner, expected) in table {
        let decision = decided(&format!("id: a, {manner}, percent_off: 50"), &stranger, &elsewhere);
        assert_eq!(why(&decision, "a"), expected);
        elsewhere.explain = Explain::Candidates(Vec::new());
        let decision = decided(&format!("id: a, {manner}, percent_off: 50"), &stranger, &elsewhere);
        assert_eq!(decision.explained, [], "{manner}: it need not be looked at");
        elsewhere.explain = Explain::Nothing;
    }
    assert!(catalogue().entry(&basket().lines[0].sku).is_some());
}

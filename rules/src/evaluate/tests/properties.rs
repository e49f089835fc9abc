//! What holds for every program and receipt: P6, P7, the index against a naive scan, and the extremes of H17.

use proptest::prelude::*;

use super::fixture::{HEAD, catalogue, hold, known, noon, points, receipt};
use crate::catalogue::Catalogue;
use crate::decision::{DecidedLine, Decision};
use crate::evaluate::basket::Basket;
use crate::evaluate::candidates::{Found, find, find_naively};
use crate::evaluate::case::Case;
use crate::evaluate::draft::Draft;
use crate::evaluate::scope::Facts;
use crate::id::{CampaignId, FactId, LineId, ProgramId, SegmentId, TaxCode, TierId};
use crate::limits::{LINE_AMOUNT_MAX, LINE_QUANTITY_MAX, RECEIPT_LINES_MAX, UNIT_PRICE_MAX};
use crate::money::{Amount, Currency};
use crate::pack::pack;
use crate::receipt::{Explain, Given, Receipt, RedeemMode, RedeemRequest, Stage};
use crate::revision::{Revision, Source};
use crate::standing::{CodeStanding, CodeState, CounterStanding, FactStanding, Standing};
use crate::{Effort, evaluate};

/// Without a worth, so that any number may be given for any amount.
const STAMPS: &str = "- {id: stamps, kind: points}\n";
const TIERS: &str = "tiers:\n- {id: gold, multiplier: 1.5}\nfacts:\n- {id: born, text: Born?}\nsegments:\n- {id: listed, list: l1}\n- {id: golden, tier: gold}\n- {id: known, fact: {id: born}}\n- {id: regulars, condition: account.visits > 2}\n- {id: fallible, condition: \"customer.fact['born'] == 'x'\"}\nzones:\n- {id: city, stores: [S1, S2]}\n";

fn text_of(campaigns: &[String]) -> String {
    let head = HEAD.replace(
        "worth_minor: 1}\n- {id: fine",
        "worth_minor: 1, redeem: {minimum_units: 3, step_units: 2, share_percent_max: 70}}\n- {id: fine",
    );
    let none = if campaigns.is_empty() { "[]" } else { "" };
    format!("{head}{STAMPS}{TIERS}campaigns: {none}\n{}", campaigns.join("\n"))
}

fn compile(campaigns: &[String]) -> Revision {
    Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[Source { name: "p".into(), text: text_of(campaigns) }])
        .unwrap_or_else(|error| panic!("{error}"))
        .revision
}

fn mechanic() -> impl Strategy<Value = String> {
    let money = (1_u32..2_000).prop_map(|minor| format!("{}.{:02}", minor / 100, minor % 100));
    prop_oneof![
        (1_u32..=100, prop_oneof![Just("line"), Just("basket")])
            .prop_map(|(percent, level)| format!("percent_off: {percent}, level: {level}")),
        (money.clone(), prop_oneof![Just("unit"), Just("line"), Just("basket")])
            .prop_map(|(money, per)| format!("amount_off: {money}, per: {per}")),
        (
            2_u32..6,
            1_u32..5,
            prop_oneof![Just("cheapest"), Just("dearest")],
            prop_oneof![Just("free_unit"), Just("spread"), Just("minimum_unit")]
        )
            .prop_map(|(take, pay, free, show)| format!(
                "n_for_m: {{take: {take}, pay: {}, free: {free}}}, show_as: {show}",
                pay.min(take - 1)
            )),
        (1_u32..6, 1_u32..3).prop_map(|(every, add)| format!("extra_units: {{every: {every}, add: {add}}}")),
        (2_u32..2_000, 1_u32..2_000, any::<bool>()).prop_map(|(least, off, again)| {
            let money = |minor: u32| format!("{}.{:02}", minor / 100, minor % 100);
            let (least, off) = (money(least), money(off.min(least - 1)));
            format!("spend: {{at_least: {least}, repeating: {again}, give: {{amount: {off}}}}}")
        }),
        money.clone().prop_map(|least| format!("spend: {{at_least: {least}, give: {{gift: {{sku: CRISPS, quantity: 2}}}}}}")),
        (money, 1_u32..9).prop_map(|(per, units)| format!("points: {{per: {per}, units: {units}, asset: stamps}}")),
        (1_u32..9).prop_map(|every| format!("count: {{every: {every}, give: {{gift: {{sku: PENNE}}}}}}")),
        Just("offer: {to: {category: shoes}, suggest: {category: accessories}}".to_owned()),
        rewarding(),
    ]
}

/// Mechanics that change no price.
fn rewarding() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u32..4, prop_oneof![Just("units"), Just("measure")])
            .prop_map(|(per, what)| format!("points: {{per: {{{what}: {per}}}, units: 3, asset: stamps}}")),
        Just("points: {per: {visit: true}, units: 3, asset: stamps}".to_owned()),
        (1_u32..5, prop_oneof![Just("points"), Just("stamps")])
            .prop_map(|(by, asset)| format!("multiply_points: {{by: {by}.5, asset: {asset}}}")),
        (1_u32..3).prop_map(|every| format!("count: {{counted: visits, every: {every}, give: {{tickets: car}}}}")),
        (1_u32..9).prop_map(|every| format!(
            "count: {{counted: money, every: {every}.00, give: {{choice: {{skus: [PENNE, CRISPS]}}}}}}"
        )),
        prop_oneof![
            Just("{prize: mug}"),
            Just("{status: gold}"),
            Just("{choice: {skus: [PENNE, CRISPS, BEER]}}"),
            Just("{gift: {sku: PENNE}}"),
            Just("{points: {units: 7, asset: points}}")
        ]
        .prop_map(|give| format!("grant: {{give: {give}}}")),
    ]
}

fn campaign() -> impl Strategy<Value = (String, String)> {
    let on = prop_oneof![
        Just(""),
        Just("on: {category: food}, "),
        Just("on: {category: [food/dairy, shoes]}, "),
        Just("on: {attribute: {kind: bottle}}, "),
        Just("on: {sku: [BLUE, MILK, BEER], except: {attribute: {colour: blue}}}, "),
        Just("on: {category: food, attribute: {brand: [Best, Other]}}, "),
        Just("on: {measured: true}, "),
        Just("on: {where: line.quantity >= 2}, "),
        Just("on: {category: food, where: \"line.attribute['brand'] == 'Best'\"}, "),
        Just("on: {where: \"receipt.tenders.exists(t, t.kind == 'card') || line.amount > 5\"}, "),
    ];
    let group = prop_oneof![Just(""), Just("group: x, "), Just("group: y, ")];
    let limit = prop_oneof![
        Just(""),
        Just("limits: {per_receipt: 2}, "),
        Just("limits: {per_customer: 3}, "),
        Just("caps: {per_receipt: 1.50}, "),
        Just("caps: {per_line: 0.40, percent_of_basket: 20}, "),
    ];
    let fallback = prop_oneof![Just(""), Just("fallback: {points: points}, ")];
    let whom = prop_oneof![6 => Just(""), 4 => audience()];
    (on, group, limit, fallback, whom, -2_i32..3, mechanic()).prop_map(
        |(on, group, limit, fallback, whom, priority, mechanic)| {
            let on = if mechanic.starts_with("offer") { "" } else { on };
            let of_units = limit.is_empty() && priority == 0 && mechanic.starts_with("percent_off") && mechanic.ends_with("line");
            let limit = if of_units { "limits: {per_receipt: {units: 2}}, " } else { limit };
            // What adds units is limited in uses alone.
            let limit =
                if limit.starts_with("caps") && mechanic.starts_with("extra_units") { "budget: {uses: 9}, " } else { limit };
            (format!("priority: {priority}, {whom}{group}{limit}{fallback}"), format!("{on}{mechanic}"))
        },
    )
}

/// For whom and where: what the index looks up for a receipt.
fn audience() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "stores: [S1, S3], ",
        "stores: [S3], ",
        "zones: [city], ",
        "stores: [S1], tiers: gold, ",
        "valid: {from: 2026-11-22, until: 2026-11-23}, ",
        "valid: {from: 2026-11-22T12:00, until: 2026-11-22T12:01}, ",
        "valid: {until: 2026-11-22T12:00}, ",
        "control_group: 30, ",
        "valid: {from: 2026-12-01, weekdays: sun}, ",
        "valid: {weekdays: sun}, ",
        "valid: {weekdays: [mon, sat]}, ",
        "valid: {hours: [\"12:00-12:01\"]}, ",
        "valid: {weekdays: sat, hours: [\"13:00-12:00\", \"23:00-12:01\"]}, ",
        "stores: [S1], valid: {from: 2026-11-01}, ",
        "code: X1, valid: {from: 2026-11-01, until: 2026-11-30}, ",
        "code: X1, ",
        "codes: [X2, X3], ",
        "coupon_only: true, ",
        "segments: [listed], ",
        "segments: [golden, known], zones: [city], ",
        "segments: [listed, regulars], ",
        "segments: [fallible], ",
        "when: account.visits > 2, ",
        "when: {condition: \"'fallible' in customer.segments\"}, ",
        "when: \"receipt.tenders.exists(t, t.amount > 3)\", ",
    ])
}

fn campaigns() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(campaign(), 0..12).prop_map(|campaigns| {
        campaigns
            .into_iter()
            .enumerate()
            .map(|(place, (manner, what))| format!("- {{id: c{place}, name: C, {manner}{what}}}"))
            .collect()
    })
}

fn basket() -> impl Strategy<Value = Receipt> {
    let sku =
        prop::sample::select(vec!["MILK", "BUTTER", "PENNE", "CRISPS", "BEER", "DEPOSIT", "BOOK", "BLUE", "RED", "LACE", "NEW"]);
    let quantity = prop_oneof![4 => (1_u32..30).prop_map(|pieces| pieces.to_string()), 1 => (1_u32..5_000).prop_map(|grams| format!("{}.{:03}kg", grams / 1_000, grams % 1_000))];
    let line = (sku, quantity, 0_u32..9_999)
        .prop_map(|(sku, quantity, price)| format!("{sku} {quantity}x{}.{:03}", price / 1_000, price % 1_000));
    let stage = prop_oneof![3 => Just(Stage::Total), 1 => Just(Stage::Paid)];
    let redeem = prop_oneof![Just(None), Just(Some(RedeemMode::Tender)), Just(Some(RedeemMode::Discount))];
    (prop::collection::vec(line, 1..14), stage, redeem, 0_i64..500).prop_map(|(lines, stage, redeem, given)| {
        let mut receipt = receipt(&lines.join(" "));
        receipt.stage = stage;
        receipt.redeem = redeem.map(|mode| RedeemRequest { asset: points(0).0, units: None, mode }).into_iter().collect();
        if stage == Stage::Paid {
            receipt.given = vec![Given {
                campaign: CampaignId::parse("c0").unwrap(),
                line: None,
                amount: Amount::from_minor(given),
                added: vec![],
            }];
        }
        receipt.codes = if given % 3 == 0 { vec!["X1".into(), "X3".into(), "PERSONAL".into()] } else { Vec::new() };
        receipt.place.store = crate::id::StoreId::parse(if given % 2 == 0 { "S1" } else { "S3" }).unwrap();
        receipt.explain = Explain::Candidates(Vec::new());
        receipt
    })
}

fn standing() -> impl Strategy<Value = Standing> {
    (any::<bool>(), 0_i64..2_000, any::<bool>(), 0_i64..40).prop_map(|(is_known, held, gold, counted)| {
        if !is_known {
            return Standing::default();
        }
        let mut standing = known(|customer| {
            customer.lists = if held % 2 == 0 { vec![SegmentId::parse("l1").unwrap()] } else { Vec::new() };
            customer.visits = u32::try_from(counted % 5).unwrap();
            let (fact, known_at, value) = (FactId::parse("born").unwrap(), noon(), (held % 4 > 1).then(|| "x".into()));
            customer.facts = if held % 3 == 0 {
                Vec::new()
            } else {
                vec![FactStanding {
                    fact,
                    known_at,
                    confirmed: true,
                    code_sent: false,
                    redeem_code: crate::standing::CodeForRedeem::CanBeSent,
                    value,
                }]
            };
            customer.available = vec![points(held)];
            customer.tiers =
                if gold { vec![(ProgramId::parse("p").unwrap(), TierId::parse("gold").unwrap())] } else { Vec::new() };
            customer.counters = vec![CounterStanding {
                campaign: CampaignId::parse("c1").unwrap(),
                counted_milli: counted * 1_000,
                rewarded: counted / 9,
                calendar: None,
                stretches: Vec::new(),
            }];
        });
        let coupon = CampaignId::parse(&format!("c{}", counted % 4)).unwrap();
        standing.codes = vec![CodeStanding { code: "PERSONAL".into(), state: CodeState::Open, campaign: Some(coupon) }];
        standing
    })
}

fn decide(revision: &Revision, catalogue: &Catalogue, standing: &Standing, receipt: &Receipt) -> Decision {
    // Few steps, so that deals that are cut short are among them.
    evaluate(revision, catalogue, standing, receipt, noon(), Effort::within(4_000))
}

/// Lines without the ids of what was added: those count campaigns.
fn sold(decision: &Decision) -> Vec<DecidedLine> {
    let unnamed = |line: &DecidedLine| match &line.added_by {
        Some(_) => DecidedLine { id: LineId::parse("+").unwrap(), ..line.clone() },
        None => line.clone(),
    };
    decision.lines.iter().map(unnamed).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn p6_parts_sum_to_the_lines_change_and_nothing_is_negative(campaigns in campaigns(), receipt in basket(), standing in standing()) {
        let decision = decide(&compile(&campaigns), &catalogue(), &standing, &receipt);
        hold(&receipt, &decision);
        if receipt.stage == Stage::Paid {
            prop_assert_eq!(decision.before, decision.after, "what is paid does not change");
            prop_assert!(decision.lines.iter().all(|line| line.parts.is_empty()));
        }
        for (line, decided) in receipt.lines.iter().zip(&decision.lines).filter(|(line, _)| line.sku.as_str() == "BEER" && line.unit_price.micros() >= 1_500_000) {
            prop_assert!(decided.parts.iter().filter(|part| part.amount.is_positive()).all(|part| part.unit_price.micros() >= 1_500_000), "the minimum price holds: {:?}", line);
        }
    }

    #[test]
    fn p7_the_same_arguments_give_the_same_decision_in_whatever_order_campaigns_were_written(campaigns in campaigns(), receipt in basket(), standing in standing()) {
        let revision = compile(&campaigns);
        let first = decide(&revision, &catalogue(), &standing, &receipt);
        prop_assert_eq!(&first, &decide(&revision, &catalogue(), &standing, &receipt));
        let turned: Vec<String> = campaigns.iter().rev().cloned().collect();
        prop_assert_eq!(&first, &decide(&compile(&turned), &catalogue(), &standing, &receipt));
    }

    #[test]
    fn p7_a_pack_changes_lines_as_its_whole_revision_does_for_nobody_known(campaigns in campaigns(), receipt in basket()) {
        let text = text_of(&campaigns);
        let sources = [Source { name: "p".into(), text }];
        let (revision, catalogue) = (compile(&campaigns), catalogue());
        let made = pack(&revision, &sources, &catalogue, &[]).unwrap();
        // Nobody known gets what has a control group, but who is not known to the gateway may be in it.
        let campaigns: Vec<String> = campaigns.into_iter().filter(|campaign| !campaign.contains("control_group")).collect();
        let revision = compile(&campaigns);
        let packed = Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &made.sources).unwrap().revision;
        let products = Catalogue::new(1, made.products).unwrap();
        let mut receipt = Receipt { codes: Vec::new(), ..receipt };
        // A till knows its tax codes; one that it does not send is the catalogue's, where the pack has the product.
        receipt.lines.iter_mut().for_each(|line| line.tax_code = TaxCode::parse("T1").ok());
        let standing = Standing::default();
        let (whole, own) = (decide(&revision, &catalogue, &standing, &receipt), decide(&packed, &products, &standing, &receipt));
        // Where steps run out, the best found depends on how many the rest has taken.
        prop_assume!(whole.proven && own.proven);
        prop_assert_eq!(sold(&whole), sold(&own));
    }

    #[test]
    fn the_index_decides_as_a_naive_scan_does(campaigns in campaigns(), receipt in basket(), standing in standing(), many in any::<bool>()) {
        // Others that are for the same goods make goods the dearer way to find a campaign.
        let others = (0..30).map(|number| format!("- {{id: o{number}, name: O, stores: [S9], on: {{category: [food, food/dairy, shoes]}}, percent_off: 1}}"));
        let campaigns: Vec<String> = campaigns.into_iter().chain(others.filter(|_| many)).collect();
        let (revision, catalogue) = (compile(&campaigns), catalogue());
        let case = Case::new(&revision, &catalogue, &standing, &receipt, noon());
        let (basket, facts) = (Basket::open(&case), || Facts::new(&case));
        prop_assert_eq!(seen(&find(&case, &basket, &facts())), seen(&find_naively(&case, &basket, &facts())));
        let draft = || Draft::new(&case, Effort::within(5_000));
        let (one, two) = (draft(), draft());
        let (found, naive) = (find(&case, &one.basket, &one.facts), find_naively(&case, &two.basket, &facts()));
        // Both decide with as many steps of conditions gone.
        prop_assert_eq!(seen(&found), seen(&find(&case, &two.basket, &two.facts)));
        // What the index leaves out costs nothing and is not explained unless it is asked for by name.
        let naive = Found { steps: found.steps, ..naive };
        let plain = |decision: Decision| Decision { explained: Vec::new(), steps: 0, ..decision };
        prop_assert_eq!(plain(crate::evaluate::decide(one, found)), plain(crate::evaluate::decide(two, naive)));
    }
}

/// Candidates with their lines, and what else must not depend on how they were found.
fn seen(found: &Found<'_>) -> (Vec<(usize, Vec<usize>, i64)>, bool) {
    let candidates = found.candidates.iter().map(|candidate| (candidate.place, candidate.lines.to_vec(), candidate.uses_left));
    (candidates.collect(), found.depends_on_tenders)
}

#[test]
fn h17_the_largest_receipt_does_not_overflow() {
    let mechanics = [
        "percent_off: 33.33",
        "amount_off: 0.01",
        "amount_off: 9999999999.99, per: line, group: b",
        "n_for_m: {take: 3, pay: 2}, group: c, show_as: spread",
        "n_for_m: {take: 7, pay: 1}, group: d, show_as: minimum_unit",
        "extra_units: {every: 1, add: 1000000}, group: e",
        "percent_off: 1, level: basket, group: f",
        "spend: {at_least: 0.01, repeating: true, give: {amount: 0.01}}, group: g",
        "spend: {at_least: 0.01, repeating: true, give: {points: {units: 1000, asset: stamps}}}",
        "points: {per: 0.01, units: 500, asset: stamps}",
        "count: {every: 1, give: {gift: {sku: CRISPS, quantity: 1000000}}}",
        "count: {every: 1, give: {points: {units: 1000000, asset: points}}}",
    ];
    let campaigns: Vec<String> = mechanics
        .iter()
        .enumerate()
        .map(|(place, mechanic)| format!("- {{id: c{place}, name: C, fallback: {{points: points}}, {mechanic}}}"))
        .collect();
    let revision = compile(&campaigns);
    let mut largest = receipt("MILK 1x1.00");
    let line = largest.lines[0].clone();
    largest.lines = (1..=RECEIPT_LINES_MAX)
        .map(|place| {
            let mut line = line.clone();
            line.id = crate::id::LineId::parse(&place.to_string()).unwrap();
            (line.quantity, line.unit_price, line.amount) = (LINE_QUANTITY_MAX, UNIT_PRICE_MAX, LINE_AMOUNT_MAX);
            line
        })
        .collect();
    let standing = known(|customer| {
        customer.tiers = vec![(ProgramId::parse("p").unwrap(), TierId::parse("gold").unwrap())];
        customer.available = vec![points(i64::MAX)];
    });
    let asset = points(0).0;
    for (stage, mode) in
        [(Stage::Total, RedeemMode::Discount), (Stage::Total, RedeemMode::Tender), (Stage::Paid, RedeemMode::Tender)]
    {
        largest.stage = stage;
        largest.redeem = vec![RedeemRequest { asset: asset.clone(), units: None, mode }];
        let decision = evaluate(&revision, &catalogue(), &standing, &largest, noon(), Effort::default());
        hold(&largest, &decision);
        assert!(decision.rewards.len() >= 3 && !decision.applied.is_empty());
    }
    largest.currency = Currency::from_code("KWD").unwrap();
    assert_eq!(evaluate(&revision, &catalogue(), &standing, &largest, noon(), Effort::default()).applied, []);
}

//! Who, where, when, codes, limits, redemption, prompts, offers, explanations.

use jiff::{Timestamp, ToSpan};

use super::fixture::{catalogue, customer, decide, known, lines, points, receipt, revision, rewards};
use crate::decision::{Note, Offer, Promise, PromptReason, RedeemCap, Verdict};
use crate::id::{AssetId, CampaignId, FactId, ProgramId, RewardId, SegmentId, Sku, StoreId, TierId};
use crate::money::{Amount, Currency, Units};
use crate::receipt::{Attribute, Explain, RedeemMode, RedeemRequest};
use crate::standing::{CodeStanding, CodeState, CustomerStanding, FactStanding, NoPromises, Standing, Uses};
use crate::{Effort, evaluate};

fn why(campaigns: &str, standing: &Standing, basket: &crate::receipt::Receipt) -> String {
    let mut basket = basket.clone();
    basket.explain = Explain::Named(vec![CampaignId::parse("a").unwrap()]);
    decide(campaigns, standing, &basket).explained[0].why.to_string()
}

#[test]
fn the_first_reason_why_not_is_told_in_a_marketers_words() {
    let head = "zones:\n- {id: north, stores: [N1]}\ntiers:\n- {id: gold}\nfacts:\n- {id: runner, text: Do you run?}\nsegments:\n- {id: run, fact: {id: runner, values: [\"yes\"]}}\ncampaigns:\n";
    let table = [
        ("percent_off: 10", "applied, times: 1, cheaper by 1.00 GBP"),
        ("percent_off: 10, valid: {from: 2026-12-01}", "it has not begun yet"),
        ("percent_off: 10, valid: {until: 2026-11-22T12:00}", "it is over"),
        (
            "percent_off: 10, valid: {from: 2026-11-22T12:00, weekdays: [sun], hours: [\"12:00-12:01\"]}",
            "applied, times: 1, cheaper by 1.00 GBP",
        ),
        ("percent_off: 10, valid: {weekdays: [mon]}", "it is not on this weekday"),
        ("percent_off: 10, valid: {hours: [\"08:00-12:00\"]}", "it is not on at this hour"),
        ("percent_off: 10, zones: [north]", "it is not for this store"),
        ("percent_off: 10, zones: [north], stores: [S1]", "applied, times: 1, cheaper by 1.00 GBP"),
        ("percent_off: 10, tiers: [gold]", "the customer does not have the tier"),
        ("percent_off: 10, segments: [run]", "the customer is in none of its segments"),
        ("percent_off: 10, code: X", "its code was not presented"),
        ("percent_off: 10, on: {sku: NONE}", "none of its products is on the receipt"),
        ("percent_off: 10, when: {spend_at_least: 11.00}", "too little is spent"),
        ("n_for_m: {take: 2, pay: 1}", "too few units of its products are on the receipt"),
        ("percent_off: 10, on: {sku: BOOK}", "none of its products is on the receipt"),
    ];
    for (campaign, expected) in table {
        let body = format!("{head}- {{id: a, name: A, {campaign}}}");
        assert_eq!(why(&body, &customer(), &receipt("BLUE 1x10.00")), expected, "{campaign}");
    }
    let plain = format!("{head}- {{id: a, name: A, customers_only: true, percent_off: 10}}");
    assert_eq!(
        why(&plain, &Standing::default(), &receipt("BLUE 1x10.00")),
        "it is for known customers, and this one is not known"
    );
    assert_eq!(
        why(&plain, &known(|customer| customer.blocked = true), &receipt("BLUE 1x10.00")),
        "the customer's card is blocked"
    );
    let mut euros = receipt("BLUE 1x10.00");
    euros.currency = Currency::from_code("EUR").unwrap();
    assert_eq!(why(&plain, &customer(), &euros), "the receipt is in another currency than the program");
    assert_eq!(why("campaigns: []", &customer(), &euros), "this revision has no such campaign");
    let mut book = receipt("BOOK 1x10.00");
    book.explain = Explain::Candidates(Vec::new());
    let decision = decide(&format!("{head}- {{id: a, name: A, percent_off: 10}}"), &customer(), &book);
    assert!(decision.explained[0].why.starts_with("there is nothing left to take off"), "{:?}", decision.explained);
}

#[test]
fn segments_tiers_and_lists_let_in_who_is_in_them() {
    let head = "tiers:\n- {id: gold}\nfacts:\n- {id: runner, text: Do you run?}\nsegments:\n- {id: run, fact: {id: runner, values: [\"yes\"]}}\n- {id: near, list: near-26}\n- {id: top, tier: [gold]}\ncampaigns:\n- {id: a, name: A, percent_off: 10, segments: [run, near, top]}";
    let fact = |value: &str| FactStanding {
        fact: FactId::parse("runner").unwrap(),
        known_at: Timestamp::UNIX_EPOCH,
        confirmed: false,
        code_sent: false,
        redeem_code: crate::standing::CodeForRedeem::CanBeSent,
        value: Some(value.into()),
    };
    let table: [(&str, bool, Standing); 5] = [
        ("nobody", false, customer()),
        ("a runner", true, known(|customer| customer.facts = vec![fact("yes")])),
        ("no runner", false, known(|customer| customer.facts = vec![fact("no")])),
        ("a neighbour", true, known(|customer| customer.lists = vec![SegmentId::parse("near-26").unwrap()])),
        ("gold", true, known(|customer| customer.tiers = vec![(ProgramId::parse("p").unwrap(), TierId::parse("gold").unwrap())])),
    ];
    for (title, inside, standing) in table {
        assert_eq!(!decide(head, &standing, &receipt("MILK 1x1.00")).applied.is_empty(), inside, "{title}");
    }
}

#[test]
fn h71_hours_and_days_are_half_open_in_the_programs_zone_also_where_clocks_change() {
    let body = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\ntime_zone: Europe/London\ncampaigns:\n- {id: a, name: A, percent_off: 10, valid: {weekdays: [sun], hours: [\"00:00-03:00\", \"22:00-02:00\"]}}\n- {id: b, name: B, percent_off: 10, group: b, valid: {from: 2026-03-29, until: 2026-03-30}}\n";
    let source = crate::Source { name: "p".into(), text: body.into() };
    let revision = crate::Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap().revision;
    let table = [
        ("2026-03-28T23:59:59.999Z", ""),
        ("2026-03-29T00:00:00Z", "a b"),
        ("2026-03-29T00:59:59Z", "a b"),
        ("2026-03-29T01:59:59Z", "a b"), // 02:59:59 after clocks went forward
        ("2026-03-29T02:00:00Z", "b"),
        ("2026-03-29T20:59:59Z", "b"),
        ("2026-03-29T21:00:00Z", "a b"), // 22:00 in summer time
        ("2026-03-29T23:00:00Z", "a"),   // Monday 00:00, and Sunday's hours go on until 02:00
        ("2026-03-30T01:00:00Z", ""),
        ("2026-10-25T00:30:00Z", "a"), // 01:30 for the first time
        ("2026-10-25T01:30:00Z", "a"), // 01:30 once more
        ("2026-10-25T03:00:00Z", ""),
    ];
    for (at, expected) in table {
        let decision =
            evaluate(&revision, &catalogue(), &customer(), &receipt("MILK 1x1.00"), at.parse().unwrap(), Effort::default());
        let applied: Vec<&str> = decision.applied.iter().map(|applied| applied.campaign.as_str()).collect();
        assert_eq!(applied.join(" "), expected, "{at}");
    }
}

#[test]
fn every_presented_code_has_its_verdict() {
    let body = "codes:\n- {code: ONCE, single_use: true}\n- {code: PAST, until: 2026-01-01}\ncampaigns:\n- {id: a, name: A, percent_off: 10, codes: [ONCE, GOOD, BAD]}\n- {id: b, name: B, percent_off: 10, code: PAST}\n- {id: c, name: C, percent_off: 10, code: FAR, stores: [N1]}\n- {id: d, name: D, percent_off: 10, priority: -1, code: WEAK}\n- {id: e, name: E, percent_off: 10, code: OVER, valid: {until: 2026-01-01}}";
    let mut basket = receipt("MILK 1x1.00");
    basket.codes = ["ONCE", "PAST", "FAR", "WEAK", "OVER", "WHAT", "BAD", "ONCE"].map(Into::into).to_vec();
    let standing =
        Standing { codes: vec![CodeStanding { code: "BAD".into(), state: CodeState::Used, campaign: None }], ..customer() };
    let decision = decide(body, &standing, &basket);
    let verdicts: Vec<Verdict> = decision.code_verdicts.iter().map(|verdict| verdict.verdict).collect();
    let expected = [
        Verdict::Applied,
        Verdict::Expired,
        Verdict::ConditionMissing,
        Verdict::NotNeeded,
        Verdict::Expired,
        Verdict::Unknown,
        Verdict::Used,
        Verdict::NotNeeded,
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(decision.promises, [Promise::Code { code: "ONCE".into() }]);
    basket.codes = vec!["BAD".into()];
    assert_eq!(lines(&decide(body, &standing, &basket)), "", "a used code opens nothing");
}

#[test]
fn p4_limits_per_customer_are_promised_and_kept() {
    let body = "campaigns:\n- {id: a, name: A, amount_off: 0.10, limits: {per_customer: 5, per_customer_day: 3}}";
    // used today, used ever, expected uses
    for (today, ever, expected) in [(0, 0, 3), (1, 1, 2), (3, 3, 0), (0, 4, 1), (0, 5, 0)] {
        let of = |uses: i64| crate::usage::Usage { uses, ..crate::usage::Usage::NONE };
        let uses = Uses { campaign: CampaignId::parse("a").unwrap(), ever: of(ever), today: of(today), this_month: of(today) };
        let decision = decide(body, &known(|customer| customer.uses = vec![uses]), &receipt("MILK 9x1.00"));
        assert_eq!(decision.applied.first().map_or(0, |applied| applied.times), expected, "{today} {ever}");
        assert_eq!(decision.promises.len(), usize::from(expected > 0));
    }
    assert_eq!(lines(&decide(body, &Standing::default(), &receipt("MILK 9x1.00"))), "", "nobody's uses cannot be counted");
}

#[test]
fn scarce_things_are_left_out_when_too_many_quotes_are_open_or_the_account_is_full() {
    let body = "campaigns:\n- {id: a, name: A, percent_off: 10, limits: {per_customer: 5}}\n- {id: b, name: B, percent_off: 20, priority: -1}\n- {id: t, name: T, count: {every: 1, give: {gift: {sku: CRISPS}}}}";
    for why in [NoPromises::TooManyOpenQuotes, NoPromises::AccountFull] {
        let standing = Standing { no_promises: Some(why), ..customer() };
        let decision = decide(body, &standing, &receipt("MILK 1x1.00"));
        assert_eq!(lines(&decision), "1: 1=0.80(b -0.20)");
        assert!(decision.promises.is_empty());
        let left_out = |id: &str| {
            let campaign = CampaignId::parse(id).unwrap();
            match why {
                NoPromises::TooManyOpenQuotes => Note::TooManyOpenQuotes { campaign },
                NoPromises::AccountFull => Note::AccountFull { campaign },
            }
        };
        assert_eq!(decision.notes, [left_out("a"), left_out("t")]);
        assert_eq!((decision.counters[0].counted_milli, decision.counters[0].rewarded), (1_000, 0));
    }
}

const REDEEM: &str = "campaigns:\n- {id: e, name: E, points: {per: 1.00, units: 1, asset: pay}}\n";

fn redeem(held: i64, wanted: Option<i64>, mode: RedeemMode, basket: &str) -> crate::decision::Decision {
    let source = format!(
        "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nassets:\n- {{id: pay, kind: points, worth_minor: 0.5, redeem: {{minimum_units: 100, step_units: 10, share_percent_max: 50}}}}\n{REDEEM}"
    );
    let source = crate::Source { name: "p".into(), text: source };
    let revision =
        crate::Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap_or_else(|error| panic!("{error}")).revision;
    let asset = AssetId::parse("pay").unwrap();
    let standing = known(|customer| customer.available = vec![(asset.clone(), Units::from_units(held))]);
    let mut basket = receipt(basket);
    basket.redeem = vec![RedeemRequest { asset, units: wanted.map(Units::from_units), mode }];
    let decision = evaluate(&revision, &catalogue(), &standing, &basket, super::fixture::noon(), Effort::default());
    super::fixture::hold(&basket, &decision);
    decision
}

#[test]
fn p4_redemption_keeps_to_balance_share_minimum_and_step() {
    // held, wanted, redeemed, money, what may be at most, why not more
    let table = [
        (5_000, Some(500), 500, 250, 2_000, RedeemCap::Share),
        (5_000, None, 2_000, 1_000, 2_000, RedeemCap::Share),
        (333, None, 330, 165, 330, RedeemCap::Balance),
        (99, None, 0, 0, 0, RedeemCap::BelowMinimum),
        (5_000, Some(99), 0, 0, 2_000, RedeemCap::Share),
    ];
    for (held, wanted, units, money, most, cap) in table {
        for mode in [RedeemMode::Tender, RedeemMode::Discount] {
            let decision = redeem(held, wanted, mode, "MILK 1x20.00 DEPOSIT 1x9.00");
            let redeemed =
                decision.redemptions.first().map_or((0, 0), |redemption| (redemption.units.units(), redemption.amount.minor()));
            assert_eq!(redeemed, (units, money), "{held} {wanted:?} {mode:?}");
            assert_eq!((decision.redeemable[0].units.units(), decision.redeemable[0].cap), (most, cap));
            assert_eq!(decision.after.minor(), 2_900 - if mode == RedeemMode::Discount { money } else { 0 });
            assert_eq!(rewards(&decision), format!("e.0 {} pay", (2_000 - money) / 100), "what is redeemed earns nothing");
            assert_eq!(decision.promises.len(), usize::from(units > 0));
        }
    }
    let beer = redeem(5_000, None, RedeemMode::Discount, "BEER 10x1.60");
    assert_eq!(lines(&beer), "1: 10=15.00(redeem:pay -1.00)", "points as a discount keep to the minimum price");
}

#[test]
fn nothing_is_redeemed_unasked_or_when_declined() {
    let body = "campaigns: []";
    let standing = known(|customer| customer.available = vec![points(500)]);
    let decision = decide(body, &standing, &receipt("MILK 1x9.00"));
    assert!(decision.redemptions.is_empty());
    assert_eq!(decision.redeemable[0].cap, RedeemCap::NotAllowed);
    assert!(decide(body, &Standing::default(), &receipt("MILK 1x9.00")).redeemable.is_empty());
}

/// What it shows, who buys what, and what is asked.
type Asked = (&'static str, Standing, &'static str, &'static [(&'static str, PromptReason)]);

#[test]
fn a_fact_is_asked_of_who_has_it_and_lapses_for_whom_it_changes() {
    let body = "facts:\n- {id: sex, values: [f, m], ask: {when: enrolment}, text: Sex?}\n- {id: surname, valid_for_days: 30, lapses_for: women, text: Your surname?}\n- {id: maiden, segments: [women], text: Your maiden name?}\nsegments:\n- {id: women, fact: {id: sex, values: [f]}}\ncampaigns:\n- {id: a, name: A, requires_answers: maiden, points: {per: 1.00, units: 1, asset: points}}";
    let at = super::fixture::noon();
    let fact = |id: &str, days: i64, value: Option<&str>| FactStanding {
        fact: FactId::parse(id).unwrap(),
        known_at: at - (days * 24).hours(),
        confirmed: false,
        code_sent: false,
        redeem_code: crate::standing::CodeForRedeem::CanBeSent,
        value: value.map(Into::into),
    };
    for (sex, asked) in [("f", &["maiden", "surname"][..]), ("m", &[])] {
        let standing = known(|customer| {
            customer.visits = 3;
            customer.facts = vec![fact("sex", 90, Some(sex)), fact("surname", 90, None)];
        });
        let decision = decide(body, &standing, &receipt("MILK 1x9.00"));
        let prompts: Vec<&str> = decision.prompts.iter().map(|prompt| prompt.fact.as_str()).collect();
        assert_eq!(prompts, asked, "{sex}");
        assert_eq!(decision.rewards[0].waits_for.is_empty(), sex == "m", "who has no such fact waits for none: {sex}");
    }
    let unknown = known(|customer| customer.visits = 3);
    let decision = decide(body, &unknown, &receipt("MILK 1x9.00"));
    assert_eq!(decision.prompts.len(), 1, "the surname of everybody");
}

#[test]
fn facts_are_asked_for_when_missing_too_old_or_unchecked() {
    let body = "facts:\n- {id: phone, valid_for_days: 30, confirm: true, text: Your phone?}\n- {id: town, ask: {when: enrolment}, text: Your town?}\n- {id: run, ask: {when: reward_worth_at_least, amount: 2.00}, text: Do you run?}\ncampaigns:\n- {id: a, name: A, percent_off: 10}";
    let at = super::fixture::noon();
    let fact = |days: i64, confirmed: bool| FactStanding {
        fact: FactId::parse("phone").unwrap(),
        known_at: at - (days * 24).hours(),
        confirmed,
        code_sent: false,
        redeem_code: crate::standing::CodeForRedeem::CanBeSent,
        value: None,
    };
    let first = |customer: &mut CustomerStanding| customer.visits = 0;
    let table: [Asked; 6] = [
        ("missing", customer(), "MILK 1x1.00", &[("phone", PromptReason::Missing)]),
        ("good", known(|customer| customer.facts = vec![fact(29, true)]), "MILK 1x1.00", &[]),
        ("too old", known(|customer| customer.facts = vec![fact(30, true)]), "MILK 1x1.00", &[("phone", PromptReason::Expired)]),
        (
            "unchecked",
            known(|customer| customer.facts = vec![fact(1, false)]),
            "MILK 1x1.00",
            &[("phone", PromptReason::Unconfirmed)],
        ),
        (
            "the first receipt",
            known(|customer| {
                first(customer);
                customer.facts = vec![fact(1, true)]
            }),
            "MILK 1x1.00",
            &[("town", PromptReason::Missing)],
        ),
        (
            "something to win",
            known(|customer| customer.facts = vec![fact(1, true)]),
            "MILK 1x20.00",
            &[("run", PromptReason::Missing)],
        ),
    ];
    for (title, standing, basket, expected) in table {
        let prompts = decide(body, &standing, &receipt(basket)).prompts;
        let prompts: Vec<(&str, PromptReason)> = prompts.iter().map(|prompt| (prompt.fact.as_str(), prompt.reason)).collect();
        assert_eq!(prompts, expected, "{title}");
    }
    assert!(decide(body, &Standing::default(), &receipt("MILK 1x1.00")).prompts.is_empty());
}

#[test]
fn a_reward_may_wait_for_an_answer() {
    let body = "facts:\n- {id: run, ask: {when: enrolment}, text: Do you run?}\ncampaigns:\n- {id: a, name: A, points: {per: 1.00, units: 1, asset: points}, requires_answers: [run]}";
    let decision = decide(body, &customer(), &receipt("MILK 5x1.00"));
    assert_eq!(decision.rewards[0].waits_for, [FactId::parse("run").unwrap()]);
    assert_eq!(decision.prompts[0].fact.as_str(), "run");
}

#[test]
fn a_percentage_counts_the_share_that_a_tender_paid_however_long_the_fraction_is() {
    let off = |percent: &str, card: i64, cash: i64| {
        let body = format!("campaigns:\n- {{id: a, name: A, when: {{tender: {{kind: card}}}}, percent_off: {percent}}}");
        let mut basket = receipt("MILK 100x100.00");
        basket.stage = crate::receipt::Stage::Tender;
        let tender = |kind, minor| crate::receipt::Tender { kind, amount: Amount::from_minor(minor) };
        basket.tenders = vec![tender(crate::receipt::TenderKind::Card, card), tender(crate::receipt::TenderKind::Cash, cash)];
        let decision = decide(&body, &customer(), &basket);
        (decision.before - decision.after).minor()
    };
    // 10,000.00, of it the percentage of the share.
    let table = [
        ("10", 1, 2, 33_333),
        ("10", 2, 1, 66_667),
        ("10", 5, -4, 100_000),
        ("33.333333", 1_000_003, 2_000_003, 111_111),
        // Beyond 64 bits: the share in billionths.
        ("33.333333", 700_000_000_007, 300_000_000_001, 233_333),
        ("0.000001", 999_999_999_989, 999_999_999_937, 0),
    ];
    for (percent, card, cash, minor) in table {
        assert_eq!(off(percent, card, cash), minor, "{percent} of {card} beside {cash}");
    }
}

#[test]
fn offers_link_properties_and_leave_out_what_is_bought_or_gone() {
    let body =
        "campaigns:\n- {id: a, name: Goes with it, offer: {to: {category: shoes}, suggest: {category: accessories}, limit: 2}}";
    let offered = |standing: &Standing, basket: &crate::receipt::Receipt| {
        decide(body, standing, basket).offers.iter().map(|offer| offer.sku.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(offered(&customer(), &receipt("BLUE 1x9.00")), "LACE SPRAY");
    assert_eq!(offered(&customer(), &receipt("BLUE 1x9.00 LACE 1x1.00")), "SPRAY");
    assert_eq!(offered(&customer(), &receipt("MILK 1x9.00")), "");
    let gone = Standing { out_of_stock: ["LACE".into()].into(), ..customer() };
    assert_eq!(offered(&gone, &receipt("BLUE 1x9.00")), "SPRAY");
    let mut one = receipt("BLUE 1x9.00");
    one.offers_max = Some(1);
    assert_eq!(offered(&customer(), &one), "LACE");
    let id = |sku: &str| RewardId::parse(&Offer::id(&CampaignId::parse("a").unwrap(), &Sku::parse(sku).unwrap())).unwrap();
    one.declined = vec![id("LACE")];
    assert_eq!(offered(&customer(), &one), "SPRAY", "what is declined makes room for the next");
    one.declined.push(id("SPRAY"));
    assert_eq!(offered(&customer(), &one), "");
    one.declined.clear();
    one.offers_max = Some(0);
    assert_eq!(offered(&customer(), &one), "");
}

#[test]
fn offers_may_ask_of_each_product_what_no_key_says() {
    let offered = |condition: &str| {
        let body = format!(
            "campaigns:\n- {{id: a, name: Goes with it, offer: {{to: {{category: shoes}}, suggest: {{category: [accessories, food], where: \"{condition}\"}}, limit: 9}}}}"
        );
        let decision = decide(&body, &customer(), &receipt("BLUE 1x9.00"));
        let skus = decision.offers.iter().map(|offer| offer.sku.to_string()).collect::<Vec<_>>().join(" ");
        (skus, decision.notes)
    };
    let table = [
        ("product.attribute[?'colour'].orValue('') == 'orange'", "LACE"),
        ("product.?price.orValue(99) < 1.50 && lines.exists(l, l.unit_price > product.?price.orValue(99))", "CRISPS"),
        ("product.categories.size() == 1 && product.category == 'accessories'", "LACE SPRAY"),
        ("'Best' in product.values['brand'] && product.kind == 'goods' && product.sku != 'PENNE'", "BUTTER"),
        ("product.categories[0] == 'food' && product.name.startsWith('MILK')", "MILK"),
    ];
    for (condition, skus) in table {
        assert_eq!(offered(condition), (skus.to_owned(), Vec::new()), "{condition}");
    }
    let failed = vec![crate::decision::Note::ConditionFailed { campaign: CampaignId::parse("a").unwrap() }];
    assert_eq!(offered("product.price < 1.50"), (String::new(), failed), "where it cannot be worked out, nothing is offered");
}

#[test]
fn an_unknown_article_is_sold_and_noted_and_a_lines_own_attributes_win() {
    let body = "campaigns:\n- {id: a, name: A, percent_off: 10, on: {attribute: {brand: Best}}}";
    let mut basket = receipt("NEW 1x1.00 BUTTER 1x1.00 MILK 1x1.00");
    let decision = decide(body, &customer(), &basket);
    assert_eq!(lines(&decision), "2: 1=0.90(a -0.10)");
    assert_eq!(decision.notes, [Note::UnknownSku { line: basket.lines[0].id.clone() }]);
    assert_eq!(decision.lines[1].tax_code.as_ref().map(|code| code.as_str()), Some("T1"));
    let brand = |value: &str| vec![Attribute { name: "brand".into(), value: value.into() }];
    basket.lines[0].attributes = brand("Best");
    basket.lines[1].attributes = brand("Other");
    assert_eq!(lines(&decide(body, &customer(), &basket)), "1: 1=0.90(a -0.10)");
}

#[test]
fn p10_where_steps_run_out_the_deal_is_not_proven_and_the_bound_is_honest() {
    let competing = "campaigns:\n- {id: a, name: A, percent_off: 10}\n- {id: b, name: B, n_for_m: {take: 2, pay: 1}}";
    let basket = receipt("MILK 3x1.00 BLUE 4x5.00 RED 2x3.00");
    let best = decide(competing, &customer(), &basket);
    assert!(best.proven && best.bound.is_zero() && !best.notes.contains(&Note::NotProven));
    for steps_max in 0..best.steps {
        let effort = Effort::within(steps_max);
        let found = evaluate(&revision(competing), &catalogue(), &customer(), &basket, super::fixture::noon(), effort);
        let least = found.after - found.bound;
        assert!(found.after >= best.after && least <= best.after, "{steps_max}: {:?} {:?}", found.after, found.bound);
        assert!(!found.proven || found.after == best.after, "{steps_max}");
    }
    let effort = Effort::within(0);
    let none = evaluate(&revision(competing), &catalogue(), &customer(), &basket, super::fixture::noon(), effort);
    assert!(!none.proven && none.applied.is_empty() && none.notes.contains(&Note::NotProven));
}

#[test]
fn texts_come_in_the_customers_language_and_rewards_have_their_times() {
    let body = "campaigns:\n- {id: a, name: A, text: {en: Yours, fr: À vous}, points: {per: 1.00, units: 1, asset: lot}}";
    let source = format!(
        "program: p\nlanguage: 1\nname: P\ncurrency: GBP\ntime_zone: Europe/London\nassets:\n- {{id: lot, kind: points, vests: {{after_days: 1}}, expires: {{after_days: 30}}}}\n{body}"
    );
    let revision = crate::Revision::compile(1, Timestamp::UNIX_EPOCH, &[crate::Source { name: "p".into(), text: source }])
        .unwrap_or_else(|error| panic!("{error}"))
        .revision;
    let mut basket = receipt("MILK 1x5.00");
    basket.language = Some("fr-CA".into());
    let at: Timestamp = "2026-03-10T18:00:00Z".parse().unwrap();
    let decision = evaluate(&revision, &catalogue(), &customer(), &basket, at, Effort::default());
    assert_eq!(decision.cashier_texts, [(RewardId::parse("a.0").unwrap(), "Yours".into())]);
    let reward = &decision.rewards[0];
    assert_eq!((reward.id.clone(), reward.text.as_str()), (RewardId::parse("a.0").unwrap(), "À vous"));
    assert_eq!(reward.vests_at, "2026-03-11T00:00:00Z".parse().unwrap());
    assert_eq!(reward.expires_at, Some("2026-04-09T23:00:00Z".parse().unwrap()), "midnight in summer time");
    assert_eq!(basket.place.store, StoreId::parse("S1").unwrap());
}

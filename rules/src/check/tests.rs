//! What the checker finds beside wrong words: campaigns that cannot act, contradict themselves or give too much, and
//! what the engine does not serve yet. Each mistake is one row.

use jiff::Timestamp;

use crate::diagnostic::{Diagnostic, Severity};
use crate::limits::DIAGNOSTICS_MAX;
use crate::revision::{Revision, Source};

mod common_limits;
mod counting;
mod free;
mod hostile;
mod limits;
mod occasion;
mod shapes;

const HEAD: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\ntime_zone: Europe/London\nassets:\n- {id: points, kind: points, worth_minor: 1}\n- {id: stamps, kind: points}\ntiers:\n- {id: silver, multiplier: 2}\n- {id: gold}\nfacts:\n- {id: born, text: Born?}\nsegments:\n- {id: silvers, tier: silver}\n- {id: golds, tier: gold}\nzones:\n- {id: city, stores: [S1, S2]}\ncodes:\n- {code: OLD, until: 2026-01-01}\n- {code: ONCE1, single_use: true}\n- {code: ONCE2, single_use: true}\ncampaigns:\n";

/// What is said of a text, as `error: …` or `warning: …`.
fn found(texts: &[String]) -> Vec<Diagnostic> {
    let sources: Vec<Source> =
        texts.iter().enumerate().map(|(number, text)| Source { name: format!("p{number}.yaml"), text: text.clone() }).collect();
    match Revision::compile(1, Timestamp::UNIX_EPOCH, &sources) {
        Ok(compiled) => compiled.warnings.0,
        Err(diagnostics) => diagnostics.0,
    }
}

fn said(diagnostic: &Diagnostic) -> String {
    let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
    format!("{severity}: {}", diagnostic.message)
}

fn check(table: &[(&str, &[&str])]) {
    for (campaigns, expected) in table {
        let campaigns: Vec<String> = campaigns.lines().map(|line| format!("- {{name: N, {line}}}\n")).collect();
        let all = found(&[format!("{HEAD}{}", campaigns.concat())]);
        let all: Vec<String> = all.iter().map(said).collect();
        assert_eq!(all, *expected, "{campaigns:?}");
    }
}

#[test]
fn a_campaign_that_can_never_act_is_warned_of() {
    check(&[
        ("id: a, percent_off: 5, stores: []", &["warning: no store is left: the campaign is unreachable"]),
        ("id: a, percent_off: 5, zones: [city], pilot_stores: [S9]", &["warning: no store is left: the campaign is unreachable"]),
        ("id: a, percent_off: 5, zones: [city], pilot_stores: [S2, S9]", &[]),
        (
            "id: a, percent_off: 5, valid: {from: 2026-11-23, until: 2026-11-28, weekdays: [sat, sun]}",
            &["warning: none of these weekdays lies between `from` and `until`: the campaign would never be on"],
        ),
        ("id: a, percent_off: 5, valid: {from: 2026-11-23, until: 2026-11-29, weekdays: [sat, sun]}", &[]),
        // From Saturday 22:00 over midnight into Sunday.
        ("id: a, percent_off: 5, valid: {from: 2026-11-29, until: 2026-11-30, weekdays: sat, hours: [\"22:00-02:00\"]}", &[]),
        (
            "id: a, percent_off: 5, segments: [golds], tiers: [silver]",
            &["warning: no one with its tiers is in its segments: the campaign is unreachable"],
        ),
        ("id: a, percent_off: 5, segments: [golds, silvers], tiers: [silver]", &[]),
        (
            "id: a, percent_off: 5, code: OLD, valid: {from: 2026-06-01}",
            &["warning: its codes are over before it begins: the campaign is unreachable"],
        ),
        (
            "id: a, percent_off: 5, on: {category: food/pasta, except: {category: food}}",
            &["warning: these goods contradict each other: `except` takes all of them away"],
        ),
        ("id: a, percent_off: 5, on: {category: food, except: {category: food/pasta}}", &[]),
        ("id: a, percent_off: 5, on: {attribute: {size: {at_least: 35, at_most: 37.5}, brand: Fleet}}", &[]),
        ("id: a, percent_off: 5, on: {attribute: {size: {at_least: 38, at_most: 35}}}", &["error: no number is between these"]),
        ("id: a, percent_off: 5, on: {attribute: {size: {at_least: 0}}}", &["error: a number above zero must stand here"]),
        (
            "id: a, percent_off: 5, when: {visits: {at_least: 3, at_most: 2}}",
            &["error: `at_least` is above `at_most`: it would never hold"],
        ),
        ("id: a, percent_off: 5, coupon_only: true, code: X", &["error: `coupon_only` and codes contradict each other"]),
    ]);
}

#[test]
fn an_asset_lasts_in_exactly_one_way() {
    let table: [(&str, &[&str]); 8] = [
        ("never", &[]),
        ("{after_days: 30}", &[]),
        ("{on: 2027-03-31}", &[]),
        ("{end_of_month: 0}", &[]),
        ("{after_idle_days: 180}", &[]),
        ("{on: 2027-02-30}", &["error: `2027-02-30` is no date that exists"]),
        ("{after_days: 1, end_of_month: 1}", &["error: `expires` has only one of these, not 2: after_days, end_of_month"]),
        ("{}", &["error: `expires` needs one of `after_days`, `on`, `end_of_month`, `after_idle_days`"]),
    ];
    for (expires, expected) in table {
        let text =
            format!("program: p\nlanguage: 1\nname: P\ncurrency: GBP\nassets: [{{id: a, kind: points, expires: {expires}}}]\n");
        let all: Vec<String> = found(&[text]).iter().map(said).collect();
        assert_eq!(all, *expected, "{expires}");
    }
}

#[test]
fn campaigns_that_compete_with_nothing_to_order_them_are_warned_of_once() {
    let compete = |a: &str, b: &str| format!("warning: `{a}` and `{b}` compete for the same goods: the best deal decides");
    let table: [(&str, &[String]); 16] = [
        ("id: a, percent_off: 5\nid: b, percent_off: 6", &[compete("b", "a")]),
        ("id: a, percent_off: 5, priority: 1\nid: b, percent_off: 6", &[]),
        ("id: a, percent_off: 5, group: x\nid: b, percent_off: 6", &[]),
        ("id: a, percent_off: 5, level: basket\nid: b, percent_off: 6", &[]),
        ("id: a, percent_off: 5, on: {sku: A}\nid: b, percent_off: 6, on: {sku: B}", &[]),
        ("id: a, percent_off: 5, on: {sku: [A, B]}\nid: b, percent_off: 6, on: {sku: [B, C]}", &[compete("b", "a")]),
        ("id: a, percent_off: 5, on: {category: food}\nid: b, percent_off: 6, on: {category: food/pasta}", &[compete("b", "a")]),
        (
            "id: a, percent_off: 5, on: {attribute: {size: {at_most: 37.5}}}\nid: b, percent_off: 6, on: {attribute: {size: {at_least: 38}}}",
            &[],
        ),
        (
            "id: a, percent_off: 5, on: {attribute: {size: {at_most: 38}}}\nid: b, percent_off: 6, on: {attribute: {size: {at_least: 38}}}",
            &[compete("b", "a")],
        ),
        ("id: a, percent_off: 5, on: {category: food/pasta}\nid: b, percent_off: 6, on: {category: food}", &[compete("b", "a")]),
        ("id: a, percent_off: 5, on: {sku: A}\nid: b, percent_off: 6", &[compete("b", "a")]),
        (
            "id: a, percent_off: 5, on: {sku: A}\nid: b, n_for_m: {take: 3, pay: 2}, on: {sku: A, except: {sku: A}}",
            &["warning: these goods contradict each other: `except` takes all of them away".to_owned()],
        ),
        ("id: a, percent_off: 5, valid: {until: 2026-02-01}\nid: b, percent_off: 6, valid: {from: 2026-02-01}", &[]),
        ("id: a, percent_off: 5, stores: [S1]\nid: b, percent_off: 6, stores: [S2]", &[]),
        ("id: a, percent_off: 5, valid: {weekdays: mon}\nid: b, percent_off: 6, valid: {weekdays: tue}", &[]),
        (
            "id: a, percent_off: 5, on: {sku: A}\nid: b, buy_get: {buy: {on: {sku: B}}, get: {on: {sku: A}, free: true}}",
            &[compete("b", "a")],
        ),
    ];
    for (campaigns, expected) in table {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[(campaigns, &expected)]);
    }
}

#[test]
fn many_competing_campaigns_are_summed_up_and_errors_are_never_cut_away() {
    let many: String = (0..300).map(|number| format!("- {{id: c{number}, name: N, percent_off: 5}}\n")).collect();
    let warned = found(&[format!("{HEAD}{many}")]);
    assert_eq!(warned.len(), 21);
    assert_eq!(warned[0].message, "279 more campaigns of this file compete with others");
    let unreachable: String = (0..300)
        .map(|number| format!("- {{id: c{number}, name: N, percent_off: 5, priority: {number}, stores: []}}\n"))
        .collect();
    let all = found(&[format!("{HEAD}{unreachable}- {{id: x, name: N}}\n")]);
    assert_eq!(all.len(), DIAGNOSTICS_MAX);
    assert!(all.iter().any(|diagnostic| diagnostic.severity == Severity::Error));
}

/// Silver doubles 25 points a pound, and another campaign multiplies them by what follows.
const MULTIPLIED: &str = "points: {per: 1.00, units: 25, asset: points}\nid: b, multiply_points: {asset: points, by:";

#[test]
fn what_gives_more_than_the_goods_are_worth_is_an_error_and_as_much_a_warning() {
    let more = |what: &str| format!("error: {what} would be worth more than the goods that they are given for");
    let same = |what: &str| format!("warning: {what} would be worth as much as the goods that they are given for");
    let table = [
        // Silver doubles, so fifty points a pound are a pound.
        ("points: {per: 1.00, units: 49, asset: points}", None),
        ("points: {per: 1.00, units: 50, asset: points}", Some(same("the points"))),
        ("points: {per: 1.00, units: 51, asset: points}", Some(more("the points"))),
        ("points: {per: 1.00, units: 51, asset: stamps}", None),
        ("spend: {at_least: 5.00, give: {amount: 4.99}}", None),
        ("spend: {at_least: 5.00, give: {amount: 5.00}}", Some(same("the discount"))),
        ("spend: {at_least: 5.00, give: {amount: 5.01}}", Some(more("the discount"))),
        ("spend: {at_least: 5.00, give: {points: {units: 501, asset: points}}}", Some(more("the points"))),
        ("count: {counted: money, every: 5.00, give: {points: {units: 501, asset: points}}}", Some(more("the points"))),
        (&format!("{MULTIPLIED} 1.9}}"), None),
        (&format!("{MULTIPLIED} 2}}"), Some(same("the multiplied points"))),
        (&format!("{MULTIPLIED} 2.1}}"), Some(more("the multiplied points"))),
    ];
    for (mechanic, expected) in table {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[(&format!("id: a, {mechanic}"), &expected)]);
    }
}

#[test]
fn limits_caps_and_shares_must_make_sense() {
    check(&[
        (
            "id: a, amount_off: 1.00, limits: {per_receipt: 5, per_customer_day: 3}",
            &["warning: `per_receipt: 5` is never reached: `per_customer_day` allows 3"],
        ),
        (
            "id: a, amount_off: 1.00, limits: {per_customer_day: 5, per_customer: 3}",
            &["warning: `per_customer_day: 5` is never reached: `per_customer` allows 3"],
        ),
        ("id: a, amount_off: 1.00, limits: {per_receipt: 2, per_customer_day: 3, per_customer: 4}", &[]),
        (
            "id: a, percent_off: 5, limits: {per_customer_day: {value: 30.00}, per_customer_month: {value: 20.50}}",
            &["warning: `per_customer_day: {value: 30.00}` is never reached: `per_customer_month` allows 20.50"],
        ),
        (
            "id: a, points: {per: 1.00, units: 1, asset: points}, limits: {per_receipt: {points: 9}, per_customer: {points: 8}}",
            &["warning: `per_receipt: {points: 9}` is never reached: `per_customer` allows 8"],
        ),
        (
            "id: a, points: {per: 1.00, units: 1, asset: points}, limits: {per_customer_month: {value: 5.00}}",
            &["error: nothing here takes money off"],
        ),
        ("id: a, percent_off: 5, limits: {per_customer_month: {points: 5}}", &["error: nothing here gives points"]),
        (
            "id: a, n_for_m: {take: 3, pay: 2}, limits: {per_customer_month: {units: 5}}",
            &["error: a limit in units has no meaning here"],
        ),
        ("id: a, percent_off: 5, limits: {per_customer_month: {units: 5, value: 1.00}}", &[]),
        (
            "id: a, n_for_m: {take: 3, pay: 2}, limits: {per_receipt: {units: 3}}",
            &["error: a limit in units has no meaning here"],
        ),
        (
            "id: a, points: {per: 1.00, units: 1, asset: points}, caps: {per_receipt: 1.00}",
            &["warning: this campaign takes no money off, so the cap says nothing"],
        ),
        ("id: a, percent_off: 5, caps: {points_per_receipt: 5}", &["error: nothing here gives points"]),
        (
            "id: a, percent_off: 5, caps: {per_line: 5.00, per_receipt: 4.00}",
            &["warning: `per_line` is never reached: `per_receipt` is less"],
        ),
        ("id: a, percent_off: 5, funded_by: {own: 50, Crisps: 49.5}", &["error: the shares sum to 99.5 and not to 100"]),
        ("id: a, percent_off: 5, funded_by: {own: 33.3, Crisps: 66.7}", &[]),
        ("id: a, amount_off: 5, when: {tender: {kind: card}}", &["error: only points and percentages count a tender's share"]),
        (
            "id: a, ladder: {by: quantity, steps: [{from: 5, percent_off: 5}, {from: 3, percent_off: 9}]}",
            &["error: the steps do not ascend"],
        ),
        (
            "id: a, ladder: {by: quantity, steps: [{from: 5, percent_off: 5}, {from: 9, percent_off: 3}]}",
            &["warning: who buys more pays more for each than on the step before"],
        ),
        ("id: a, fixed_price: 2.00, per: line", &["error: a fixed price is always that of one unit"]),
        ("id: a, nth_unit: {nth: 2, free: false}", &["error: `free: false` says nothing"]),
        ("id: a, nth_unit: {nth: 2}", &["error: `nth_unit` needs one of `free`, `percent_off`, `amount_off`, `fixed_price`"]),
        (
            "id: a, nth_unit: {nth: 2, free: true, percent_off: 5}",
            &["error: `nth_unit` has only one of these, not 2: free, percent_off"],
        ),
        ("id: a, grant: {give: {coupon: b}}", &["error: there is no campaign `b`"]),
        (
            "id: a, grant: {give: {coupon: b}}, code: X\nid: b, percent_off: 5",
            &["error: the campaign `b` can be had without a coupon"],
        ),
        ("id: a, percent_off: 5, when: {counted: {campaign: a, at_least: 3}}", &["error: the campaign `a` counts nothing"]),
        ("id: a, grant: {give: {choice: {skus: [A, A]}}}", &["error: a choice has 2 to 32 different products"]),
        ("id: a, points: {per: 1.00, units: 1}", &["error: it does not say of which asset"]),
        ("id: a, count: {every: 5, give: {amount: 1.00}}", &["error: a counter cannot lower prices"]),
    ]);
}

#[test]
fn nothing_costs_units_unasked() {
    let costs = "costs: {units: 5, asset: points}";
    check(&[
        (&format!("id: a, percent_off: 5, {costs}"), &[]),
        (&format!("id: a, grant: {{give: {{prize: mug}}}}, code: X, {costs}"), &[]),
        (
            &format!("id: a, grant: {{give: {{prize: mug}}}}, {costs}"),
            &["error: nothing says that the customer wants it, and nothing is spent unasked"],
        ),
        (&format!("id: a, points: {{per: 1.00, units: 1, asset: points}}, {costs}"), &["error: `costs` says nothing here"]),
        (
            &format!("id: a, spend: {{at_least: 9.00, give: {{prize: mug}}}}, code: X, {costs}"),
            &["error: `costs` says nothing here"],
        ),
        (
            &format!("id: a, percent_off: 5, fallback: {{points: points}}, {costs}"),
            &["error: `costs` and `fallback` contradict each other"],
        ),
        ("id: a, percent_off: 5, costs: {units: 5}", &["error: it does not say of which asset"]),
        ("id: a, percent_off: 5, costs: {units: 5, asset: stamp}", &["error: there is no asset `stamp`"]),
        ("id: a, percent_off: 5, costs: {units: 0.5, asset: points}", &["error: `0.5` has too many digits"]),
    ]);
}

#[test]
fn a_fact_names_segments_that_tell_who_has_it() {
    let head = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nsegments:\n- {id: w, fact: {id: sex, values: [f]}}\nfacts:\n- {id: sex, text: Sex?}\n";
    let table = [
        ("- {id: maiden, text: T, segments: w}\n", &[][..]),
        ("- {id: surname, text: T, valid_for_days: 9, lapses_for: [w]}\n", &[]),
        ("- {id: maiden, text: T, segments: [x]}\n", &["error: there is no segment `x`"]),
        ("- {id: surname, text: T, lapses_for: [w]}\n", &["error: answers to it never lapse, for nobody"]),
        (
            "- {id: b, text: T, valid_for_days: 9, lapses_for: [w]}\ncampaigns:\n- {id: a, name: A, percent_off: 5, when: {birthday: {fact: b}}}\n",
            &["error: a birthday that lapses for some only cannot be kept"],
        ),
    ];
    for (facts, expected) in table {
        let all = found(&[format!("{head}{facts}")]);
        assert_eq!(all.iter().map(said).collect::<Vec<_>>(), expected, "{facts}");
    }
    let own = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nsegments:\n- {id: w, fact: {id: sex}}\nfacts:\n- {id: sex, text: Sex?, segments: w}\n";
    let all = found(&[own.to_owned()]);
    assert_eq!(
        all.iter().map(said).collect::<Vec<_>>(),
        ["error: `sex` is asked only of those who have answered it: nobody ever is"]
    );
}

#[test]
fn a_code_goes_to_a_fact_that_a_code_confirms() {
    let head = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nfacts:\n- {id: sex, text: Sex?}\n- {id: mobile, text: M?, confirm: phone}\n- {id: mail, text: E?, confirm: email}\n";
    let asset = |code: &str| format!("assets:\n- {{id: points, kind: points, worth_minor: 1, redeem: {{code: {code}}}}}\n");
    let table = [
        ("enrolment_code: mobile\n".to_owned(), &[][..]),
        ("enrolment_code: mail\n".to_owned(), &["error: the code goes to the phone of the enrolment, and this fact is none"]),
        ("enrolment_code: mobil\n".to_owned(), &["error: there is no fact `mobil`"]),
        (asset("{above: 5.00, to: mail, text: The code?}"), &[]),
        (asset("{above: 5.00, to: sex}"), &["error: no code can be sent to this fact"]),
        (asset("{above: 5.00, to: phone}"), &["error: there is no fact `phone`"]),
        (asset("{above: 5.001, to: mail}"), &["error: `5.001` has too many digits"]),
        (asset("{to: mail}"), &["error: `code` needs `above`"]),
    ];
    for (text, expected) in table {
        let all = found(&[format!("{head}{text}")]);
        assert_eq!(all.iter().map(said).collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn one_language_is_spoken_in_a_store() {
    let head = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\n";
    let table = [
        (
            "zones:\n- {id: a, stores: [S1, S2], language: fr}\n- {id: b, stores: [S2], language: fr}\n- {id: c, stores: S1}\n",
            &[][..],
        ),
        (
            "zones:\n- {id: a, stores: [S1, S2], language: fr}\n- {id: b, stores: [S3, S2], language: de}\n",
            &["error: cashiers of `S2` speak `fr` by the zone `a` and `de` by this one"],
        ),
        ("zones:\n- {id: a, stores: S1, language: \"Français\"}\n", &["error: `Français` is no language"]),
    ];
    for (body, expected) in table {
        let all = found(&[format!("{head}{body}")]);
        assert_eq!(all.iter().map(said).collect::<Vec<_>>(), expected, "{body}");
    }
}

#[test]
fn a_channel_is_the_till_or_one_that_the_program_names() {
    let head = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\n";
    let table = [
        ("channels: [web, app]\ncampaigns:\n- {id: a, name: A, channels: [till, app], percent_off: 5}\n", &[][..]),
        (
            "channels: [web]\ncampaigns:\n- {id: a, name: A, channels: wed, percent_off: 5}\n",
            &["error: there is no channel `wed`"][..],
        ),
        ("campaigns:\n- {id: a, name: A, channels: web, percent_off: 5}\n", &["error: there is no channel `web`"]),
        ("campaigns:\n- {id: a, name: A, channels: [], percent_off: 5}\n", &["error: `channels` lists nothing"]),
        ("channels: [web, web]\n", &["error: the channel `web` is defined already in this file"]),
        (
            "channels: [web]\ncampaigns:\n- {id: a, name: A, channels: web, percent_off: 5}\n\
             - {id: b, name: B, channels: till, percent_off: 6}\n",
            &[],
        ),
    ];
    for (body, expected) in table {
        let all = found(&[format!("{head}{body}")]);
        assert_eq!(all.iter().map(said).collect::<Vec<_>>(), expected, "{body}");
    }
}

#[test]
fn a_worst_case_above_the_budget_is_warned_of() {
    let table = [
        (
            "codes: [ONCE1, ONCE2], amount_off: 3.00, level: basket, budget: {amount: 5.00}",
            Some("its 2 codes alone can cost 600 minor units, and the budget is 500"),
        ),
        ("codes: [ONCE1, ONCE2], amount_off: 3.00, level: basket, budget: {amount: 6.00}", None),
        (
            "amount_off: 3.00, limits: {per_receipt: 2}, budget: {amount: 5.00}",
            Some("one receipt alone can cost 600 minor units, and the budget is 500"),
        ),
        ("percent_off: 50, caps: {per_receipt: 5.00}, budget: {amount: 5.00}", None),
    ];
    for (campaign, expected) in table {
        let all = found(&[format!("{HEAD}- {{id: a, name: N, {campaign}}}\n")]);
        assert_eq!(all.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), Vec::from_iter(expected), "{campaign}");
    }
}

#[test]
fn texts_must_fit_and_be_there_in_every_language() {
    let program = |campaign: &str| {
        format!(
            "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nlanguages: [en, fr]\ncolumns: 20\ncampaigns:\n- {{id: a, name: A long name for people, {campaign}}}\n"
        )
    };
    let table: [(&str, &[&str]); 8] = [
        ("text: {en: Pasta, fr: Pâtes}, percent_off: 5", &[]),
        ("text: Pasta, percent_off: 5", &["warning: the text is missing in `en`, `fr`"]),
        ("text: {en: Pasta}, percent_off: 5", &["warning: the text is missing in `fr`"]),
        (
            "text: {en: Pasta is ten percent off, fr: Pâtes}, percent_off: 5",
            &["warning: the text is 24 characters long, and a line of the tills has 20: `Pasta is ten percent off`"],
        ),
        (
            "near_text: {en: \"{missing} to go and more\", fr: \"Encore {missing}\"}, spend: {at_least: 100.00, give: {percent: 5}}",
            &["warning: the text is 21 characters long, and a line of the tills has 20: `100.00 to go and more`"],
        ),
        (
            "near_text: {en: \"{missing} to go and more\", fr: \"Encore {missing}\"}, count: {counted: money, every: 100.00, give: {prize: mug}}",
            &["warning: the text is 21 characters long, and a line of the tills has 20: `100.00 to go and more`"],
        ),
        ("text: {en: \"{name}\", fr: A}, percent_off: 5", &["warning: `{name}` is no placeholder and will be shown as it is"]),
        (
            "near_text: {en: \"{mising}\", fr: A}, percent_off: 5",
            &["warning: `{mising}` is no placeholder and will be shown as it is"],
        ),
    ];
    for (campaign, expected) in table {
        let all = found(&[program(campaign)]);
        let all: Vec<String> = all.iter().map(said).collect();
        assert_eq!(all, expected, "{campaign}");
    }
    let all = found(&["program: p\nlanguage: 1\nname: P\ncurrency: GBP\nlanguages: [fr]\n".to_owned()]);
    assert_eq!(all[0].message, "the default language `en` is not among the languages");
}

#[test]
fn programs_of_one_revision_agree_on_the_order() {
    let program =
        |id: &str, order: &str| format!("program: {id}\nlanguage: 1\nname: P\ncurrency: GBP\nconventions: {{order: {order}}}\n");
    let all = found(&[program("p", "by_priority"), program("q", "line_before_basket")]);
    assert_eq!(all[0].message, "all programs of a revision must agree on `order` under `conventions`");
    assert!(found(&[program("p", "by_priority"), program("q", "by_priority")]).is_empty());
}

//! Tests of compilation: the sample compiles, mistakes are shown where they are, files may come in any order.

use super::*;

const HEAD: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\ntime_zone: Europe/London\n";

fn compile(text: &str) -> Result<Compiled, Diagnostics> {
    Revision::compile(1, Timestamp::UNIX_EPOCH, &[Source { name: "p.yaml".into(), text: text.into() }])
}

fn check(title: &str, body: &str, expected: &[(u32, &str, Option<&str>)]) {
    let found = compile(&format!("{HEAD}{body}")).expect_err(title).0;
    let found: Vec<(u32, &str, Option<&str>)> = found.iter().map(|d| (d.line, d.message.as_str(), d.help.as_deref())).collect();
    assert_eq!(found, expected, "{title}");
}

#[test]
fn the_sample_program_compiles_without_a_warning() {
    let compiled = compile(include_str!("../../../deploy/programs/sample.yaml")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(compiled.warnings, Diagnostics::default());
    assert_eq!(compiled.revision.campaigns().len(), 11);
    assert!(compiled.revision.asset(&AssetId::parse("points").unwrap()).unwrap().redeem.is_some());
}

#[test]
fn a_revision_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Revision>();
    shared::<crate::catalogue::Catalogue>();
}

#[test]
fn p11_each_mistake_is_shown_at_its_line_with_what_to_write_instead() {
    let points = "assets:\n- {id: points, kind: points, worth_minor: 1}\ncampaigns:\n";
    check(
        "an unknown key",
        "campaigns:\n- id: a\n  name: A\n  precent_off: 10\n",
        &[
            (
                7,
                "a campaign needs a mechanic",
                Some(
                    "write exactly one of percent_off, amount_off, fixed_price, price_list, ladder, n_for_m, nth_unit, buy_get, mix_and_match, bundle, extra_units, spend, points, multiply_points, count, grant, offer",
                ),
            ),
            (9, "a campaign has no key `precent_off`", Some("did you mean `percent_off`?")),
        ],
    );
    check(
        "a wrong type",
        "campaigns:\n- id: a\n  name: A\n  percent_off: ten\n",
        &[(9, "`ten` is no number", Some("write digits with a point, such as `1.50`"))],
    );
    check(
        "a comma",
        "campaigns:\n- id: a\n  name: A\n  amount_off: 1,50\n",
        &[(9, "`1,50` is no number", Some("write the decimal point as `.`, and no thousands separators"))],
    );
    check(
        "too many digits",
        "campaigns:\n- id: a\n  name: A\n  amount_off: 1.505\n",
        &[(9, "`1.505` has too many digits", Some("GBP has 2 digits after the point"))],
    );
    check(
        "more than all",
        "campaigns:\n- id: a\n  name: A\n  percent_off: 101\n",
        &[(9, "a percentage must be above 0 and at most 100", None)],
    );
    check(
        "an unknown asset",
        &format!("{points}- id: a\n  name: A\n  points: {{per: 1.00, units: 1, asset: pionts}}\n"),
        &[(11, "there is no asset `pionts`", Some("did you mean `points`?"))],
    );
}

#[test]
fn p11_what_contradicts_itself_or_names_what_is_not_there_is_shown_at_its_line() {
    check(
        "a day that is not",
        "campaigns:\n- id: a\n  name: A\n  percent_off: 5\n  valid: {from: 2026-02-30}\n",
        &[(10, "`2026-02-30` is no date that exists", Some("write `2026-11-30`, or `2026-11-30T18:00` for a time of day"))],
    );
    check(
        "an end before its beginning",
        "campaigns:\n- id: a\n  name: A\n  percent_off: 5\n  valid: {from: 2026-02-02, until: 2026-02-02}\n",
        &[(
            10,
            "`until` is not after `from`: the campaign would never be on",
            Some("`until` is the first moment when it is over"),
        )],
    );
    check(
        "an id twice",
        "campaigns:\n- {id: a, name: A, percent_off: 5}\n- {id: a, name: B, percent_off: 6}\n",
        &[(8, "the campaign `a` is defined already, on line 7", Some("give each campaign an id of its own"))],
    );
    check(
        "a text without its default language",
        "campaigns:\n- id: a\n  name: {fr: Pâtes}\n  percent_off: 5\n",
        &[(8, "the text is missing in the default language `en`", Some("add a line `en: …`"))],
    );
    check("a missing text", "facts:\n- {id: phone}\n", &[(7, "a fact needs `text`", Some("add a line `text: …`"))]);
    check(
        "two mechanics",
        "campaigns:\n- {id: a, name: A, percent_off: 5, amount_off: 1.00}\n",
        &[(
            7,
            "a campaign has one mechanic, not 2: percent_off, amount_off",
            Some(
                "write exactly one of percent_off, amount_off, fixed_price, price_list, ladder, n_for_m, nth_unit, buy_get, mix_and_match, bundle, extra_units, spend, points, multiply_points, count, grant, offer",
            ),
        )],
    );
    check(
        "nothing would be free",
        "campaigns:\n- id: a\n  name: A\n  n_for_m: {take: 3, pay: 3}\n",
        &[(9, "`pay` is not less than `take`: nothing would be free", Some("three for two is `take: 3, pay: 2`"))],
    );
    check(
        "an unknown zone, segment and tier at once",
        "campaigns:\n- id: a\n  name: A\n  percent_off: 5\n  zones: [x]\n  segments: [y]\n  tiers: [z]\n",
        &[
            (10, "there is no zone `x`", Some("this file defines no zone")),
            (11, "there is no segment `y`", Some("this file defines no segment")),
            (12, "there is no tier `z`", Some("this file defines no tier")),
        ],
    );
    check(
        "the reserved asset",
        "assets:\n- {id: money, kind: points}\n",
        &[(7, "the id `money` is taken by the currency itself", Some("choose another id, such as `cashback`"))],
    );
    check(
        "an alias",
        "campaigns:\n- &a {id: a, name: A, percent_off: 5}\n- *a\n",
        &[(7, "anchors are not part of the program language", Some("remove the word that begins with `&`"))],
    );
}

#[test]
fn p11_a_wrong_head_is_reported_whole() {
    let found =
        compile("program: p\nlanguage: 2\nname: P\ncurrency: QQQ\ntime_zone: Europe/Lodnon\n").expect_err("a wrong head").0;
    let lines: Vec<(u32, &str)> = found.iter().map(|d| (d.line, d.message.as_str())).collect();
    assert_eq!(
        lines,
        [(2, "2 is out of range: 1 to 1"), (4, "`QQQ` is no currency in use"), (5, "`Europe/Lodnon` is no time zone")]
    );
}

#[test]
fn p11_what_is_no_program_file_is_refused_before_it_costs_anything() {
    let bomb = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n";
    let huge = format!("{HEAD}# {}", "x".repeat(crate::limits::PROGRAM_BYTES_MAX));
    let table = [
        ("a: [1, 2\nb: 3\n", "not YAML"),
        (bomb, "anchors are not part of the program language"),
        (&huge, "the file has "),
        ("", "the file is empty"),
        ("- 1\n- 2\n", "a program file must be a map"),
    ];
    for (text, message) in table {
        let found = compile(text).expect_err(message).0;
        assert_eq!(found.len(), 1, "{message}: {found:?}");
        assert!(found[0].message.starts_with(message), "{found:?}");
    }
}

#[test]
fn a_mistake_is_drawn_with_a_caret_under_its_text() {
    let error = compile(&format!("{HEAD}campaigns:\n- id: a\n  name: A\n  percent_off: 5\n  prioritty: 3\n"))
        .expect_err("an unknown key");
    insta::assert_snapshot!(error, @r"
    error: a campaign has no key `prioritty`
      --> p.yaml:10:3
       |
    10 |   prioritty: 3
       |   ^^^^^^^^^
       = help: did you mean `priority`?
    ");
}

#[test]
fn a_warning_does_not_stop_a_revision() {
    let compiled = compile(&format!("{HEAD}campaigns:\n- {{id: a, name: A, percent_off: 5, show_as: spread}}\n")).unwrap();
    assert_eq!(compiled.warnings.0.len(), 1);
    assert_eq!(compiled.warnings.0[0].severity, Severity::Warning);
}

#[test]
fn p7_order_and_names_of_files_do_not_matter_but_ids_are_unique_over_all() {
    let file = |name: &str, program: &str, campaign: &str| Source {
        name: name.into(),
        text: format!(
            "program: {program}\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n- {{id: {campaign}, name: A, percent_off: 5}}\n"
        ),
    };
    let one = Revision::compile(1, Timestamp::UNIX_EPOCH, &[file("a", "p", "x"), file("b", "q", "y")]).unwrap().revision;
    let two = Revision::compile(1, Timestamp::UNIX_EPOCH, &[file("c", "q", "y"), file("d", "p", "x")]).unwrap().revision;
    assert_eq!(one.hash(), two.hash());
    assert_ne!(one.hash(), Revision::empty(1, Timestamp::UNIX_EPOCH).hash());
    let ids = |revision: &Revision| revision.campaigns().iter().map(|campaign| campaign.id().to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&two));
    let clash = Revision::compile(1, Timestamp::UNIX_EPOCH, &[file("a", "p", "x"), file("b", "q", "x")])
        .expect_err("one id in two files");
    assert_eq!(clash.0[0].message, "the campaign `x` is defined already, in a on line 6");
}

#[test]
fn campaigns_and_codes_are_found_by_name() {
    let revision = compile(&format!("{HEAD}campaigns:\n- {{id: b, name: B, percent_off: 5, code: X}}\n- {{id: a, name: A, percent_off: 5, priority: -1, codes: [X, Y]}}\n")).unwrap().revision;
    assert_eq!(revision.campaign(&CampaignId::parse("a").unwrap()).unwrap().codes().collect::<Vec<_>>(), ["X", "Y"]);
    assert!(revision.campaign(&CampaignId::parse("c").unwrap()).is_none());
    let opened = |code: &'static str| revision.opened_by(code).collect::<Vec<_>>();
    assert_eq!((opened("X"), opened("Y"), opened("Z")), (vec![0, 1], vec![1], vec![]));
}

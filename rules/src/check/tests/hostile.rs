//! Files that no marketer writes: every one gets a clear answer, in bounded time, and never ends the process (P11).

use std::fmt::Write as _;

use super::{HEAD, found};
use crate::check::keys::campaign::{CAMPAIGN, MECHANICS};
use crate::check::keys::program::PROGRAM;
use crate::diagnostic::Severity;
use crate::limits::{DIAGNOSTICS_MAX, PROGRAM_BYTES_MAX, PROGRAM_DEPTH_MAX};

/// What nobody means: nothing, other types, numbers that are none or beyond all ranges, characters that hide.
const VALUES: &[&str] = &[
    "",
    "~",
    "null",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "{a: b}",
    "{'': ''}",
    "[1, [2, {a: 3}]]",
    "true",
    "yes",
    "NaN",
    ".nan",
    ".inf",
    "-.inf",
    "1e999",
    "1e-999",
    "-1",
    "-0",
    "0",
    "0.0000001",
    "0x10",
    "0b1",
    "1_000",
    "1,5",
    "١",
    "99999999999999999999",
    "79228162514264337593543950336",
    "9223372036854775807",
    "0.0000000000000000000000000000001",
    "1/3",
    "2026-13-45",
    "9999-12-31",
    "-9999-01-01",
    "2026-11-30T99:99",
    "\"\\u0000\"",
    "\"\\u202e\"",
    "🦀",
    "{percent_off: 5}",
    "[{on: {}, units: 1}]",
    "{give: {percent: 5}}",
];
const START: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\n";

fn first(text: &str) -> String {
    let all = found(&[text.to_owned()]);
    all.first().map(|diagnostic| diagnostic.message.clone()).unwrap_or_default()
}

#[test]
fn p11_hostile_yaml_is_refused_with_a_clear_text() {
    let mut laughs = "a0: &a0 [lol, lol]\n".to_owned();
    for level in 1..30 {
        writeln!(laughs, "a{level}: &a{level} [*a{0}, *a{0}, *a{0}, *a{0}]", level - 1).unwrap();
    }
    let deep = |open: &str, close: &str| format!("{START}campaigns: {}{}\n", open.repeat(5_000), close.repeat(5_000));
    let nested: String = (0..500).fold(String::new(), |mut text, level| {
        writeln!(text, "{}k{level}:", " ".repeat(level)).unwrap();
        text
    });
    let table = [
        (laughs.as_str(), "anchors are not part of the program language"),
        (&deep("[", "]"), "not YAML: recursion limit exceeded"),
        (&deep("{a: ", "}"), "nested deeper than 32 levels"),
        (&format!("{START}campaigns: {}{}\n", "[".repeat(60), "]".repeat(60)), "nested deeper than 32 levels"),
        (&nested, "nested deeper than 32 levels"),
        (&format!("{START}# {}", "x".repeat(PROGRAM_BYTES_MAX)), "the file has "),
        (&format!("{START}program: q\n"), "`program` stands here twice, first on line 1"),
        ("program: p\n? [a, b]\n: c\n", "a key must be a plain word"),
        ("%YAML 9.9\n---\nprogram: p\n", ""),
        ("\u{feff}\u{feff}program: p\n", ""),
        ("program: \"\\ud800\"\n", "not YAML"),
        ("program: p\u{0}\n", ""),
        ("program: 'p\n", "not YAML"),
        ("<<: {program: p}\n", ""),
        ("program: !!python/object:os.system p\n", "tags are not part of the program language"),
        ("---\n...\n---\nprogram: p\n", ""),
    ];
    for (text, message) in table {
        let said = first(text);
        assert!(!said.is_empty() && said.starts_with(message), "{:?}: {said}", text.get(..40));
    }
    assert_eq!(PROGRAM_DEPTH_MAX, 32, "as the messages say");
}

#[test]
fn p11_wrong_values_under_every_key_are_refused_or_read_and_never_end_the_process() {
    let long = "9".repeat(400);
    let values = VALUES.iter().copied().chain([long.as_str()]);
    let mut refused = 0_usize;
    let mut try_out = |text: String| {
        for diagnostic in found(&[text]) {
            assert!(diagnostic.line >= 1 && diagnostic.column >= 1 && diagnostic.length >= 1 && !diagnostic.message.is_empty());
            refused += usize::from(diagnostic.severity == Severity::Error);
        }
    };
    for value in values {
        for key in PROGRAM.names() {
            let rest: String = START
                .lines()
                .filter(|line| !line.starts_with(&format!("{key}:")))
                .fold(String::new(), |text, line| text + line + "\n");
            try_out(format!("{rest}{key}: {value}\n"));
        }
        for key in CAMPAIGN.names() {
            let mechanic = if MECHANICS.contains(&key) { "" } else { "  percent_off: 5\n" };
            let own = |name: &str| if key == name { String::new() } else { format!("  {name}: a\n") };
            try_out(
                format!("{HEAD}- priority: 1\n{}{}{mechanic}  {key}: {value}\n", own("id"), own("name"))
                    .replace("- priority: 1\n", if key == "priority" { "- " } else { "- priority: 1\n" }),
            );
        }
    }
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn p11_numbers_beyond_their_range_are_refused_in_every_mechanic() {
    let table = [
        "percent_off: 100.000000000000000000000000001",
        "percent_off: 0.00000000000000000000000000001",
        "amount_off: 10000000000.01",
        "fixed_price: 1000000000.000001",
        "price_list: {A: 99999999999999999999}",
        "n_for_m: {take: 1000001, pay: 1}",
        "nth_unit: {nth: 9223372036854775808, free: true}",
        "extra_units: {every: 1, add: 99999999999}",
        "ladder: {by: quantity, steps: [{from: 99999999999999, percent_off: 5}]}",
        "spend: {at_least: 0.01, give: {points: {units: 1001, asset: stamps}}}",
        "points: {per: 0.01, units: 1000000000000, asset: stamps}",
        "points: {per: {units: 1}, units: 1000001, asset: stamps}",
        "points: {per: {measure: 99999999999}, units: 1, asset: stamps}",
        "multiply_points: {asset: points, by: 101}",
        "multiply_points: {asset: points, by: 1.00000001}",
        "count: {every: 0, give: {prize: mug}}",
        "grant: {give: {prize: {id: mug, count: 1001}}}",
        "grant: {give: {status: {tier: gold, days: 36501}}}",
        "mix_and_match: {groups: [{}, {}, {}, {}, {}, {}, {}, {}, {}], price: 1.00}",
    ];
    for mechanic in table {
        let all = found(&[format!("{HEAD}- {{id: a, name: A, {mechanic}}}\n")]);
        assert!(all.iter().any(|diagnostic| diagnostic.severity == Severity::Error), "{mechanic}");
    }
}

#[test]
fn p11_large_files_cost_in_proportion_to_their_size() {
    // A price list of as many products as a file can hold, and one key in it twice.
    let mut prices = format!("{HEAD}- id: a\n  name: A\n  price_list:\n");
    let mut products = 0;
    while prices.len() < PROGRAM_BYTES_MAX - 64 {
        writeln!(prices, "    S{products}: 1.99").unwrap();
        products += 1;
    }
    assert!(found(std::slice::from_ref(&prices)).is_empty() && products > 60_000);
    prices.push_str("    S0: 1.99\n");
    assert!(first(&prices).starts_with("`S0` stands here twice"));
    let mut wrong = HEAD.to_owned();
    while wrong.len() < PROGRAM_BYTES_MAX - 64 {
        wrong.push_str("- {id: a, nam: A, precent_off: 5}\n");
    }
    assert_eq!(found(&[wrong]).len(), DIAGNOSTICS_MAX);
}

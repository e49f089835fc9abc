//! Mistakes in case files: each with its line and what to write instead, all at once; whatever the text, it is read
//! to an end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it does not expect ends there"
)]

use proptest::prelude::*;
use tessera_cases::{Files, read, read_file, read_products};
use tessera_rules::catalogue::Product;
use tessera_rules::diagnostic::Diagnostics;
use tessera_rules::revision::Source;

/// No file is there.
struct Nothing;

impl Files for Nothing {
    fn programs(&mut self, path: &str) -> Result<Vec<Source>, String> {
        Err(format!("there is no program file {path}"))
    }

    fn products(&mut self, path: &str) -> Result<Vec<Product>, String> {
        Err(format!("there is no product file {path}"))
    }
}

const PROGRAM: &str = "program:\n  program: p\n  language: 1\n  name: P\n  currency: EUR\n  assets: [{id: points, kind: points}]\n  campaigns:\n    - {id: a, name: A, percent_off: 10}\n";

fn mistakes(text: &str) -> Diagnostics {
    match read(text) {
        Err(mistakes) => mistakes,
        Ok(file) => file.unwrap().run(&mut Nothing, None).unwrap_err(),
    }
}

type Told<'t> = (u32, &'t str, &'t str);

/// The mistakes of one case behind the program: its first line is the tenth.
fn told(case: &str) -> String {
    let found = mistakes(&format!("{PROGRAM}cases:\n{case}"));
    let told = |(line, message, help): Told<'_>| format!("{line}: {message} | {help}\n");
    found.0.iter().map(|mistake| told((mistake.line, &mistake.message, mistake.help.as_deref().unwrap_or("")))).collect()
}

/// A case, the line of its mistake, what is said and what to write instead.
const TABLE: &[(&str, u32, &str, &str)] = &[
    ("- {name: n, reciept: [X]}", 10, "a case has no key `reciept`", "did you mean `receipt`?"),
    (
        "- {name: n, receipt: [{sku: X, price: ten}]}",
        10,
        "`ten` is not possible here",
        "write digits with a point, such as `1.50`",
    ),
    (
        "- {name: n, receipt: [{sku: X, price: \"1,50\"}]}",
        10,
        "`1,50` is not possible here",
        "write the decimal point as `.`, and no thousands separators",
    ),
    (
        "- {name: n, receipt: [{sku: X, price: 1e3}]}",
        10,
        "`1e3` is not possible here",
        "write digits with a point, such as `1.50`",
    ),
    (
        "- {name: n, receipt: [{sku: X, price: .nan}]}",
        10,
        "`.nan` is not possible here",
        "write digits with a point, such as `1.50`",
    ),
    ("- name: n\n  receipt:\n  - sku: X\n    price: -1.00", 13, "`-1.00` is out of range", ""),
    (
        "- name: n\n  receipt:\n  - sku: X\n    price: 99999999999999999999",
        13,
        "`99999999999999999999` has too many digits",
        "at most 6 digits after the point are possible here",
    ),
    ("- {name: n, receipt: [{sku: X, price: 1.00, quantity: 0}]}", 10, "`0` is out of range", ""),
    (
        "- {name: n, receipt: [{sku: X, price: 1.00, quantity: 0.5}]}",
        10,
        "counted goods come in whole pieces",
        "write `measured: true` where goods are weighed or measured",
    ),
    ("- {name: n, receipt: [{sku: X}]}", 10, "`X` has no price here and none in the catalogue", "add `price: 1.50`"),
    ("- {name: n, receipt: [{sku: X, price: 1.00, amount: 1.05}]}", 10, "the amount is not quantity times price", ""),
    (
        "- {name: n, receipt: [{sku: X, price: 1.00, id: \"+1\"}]}",
        10,
        "`+1` is no name: it has a character at place 0 that is not one of A-Z a-z 0-9 . _ : / - + # @",
        "",
    ),
    (
        "- {name: n, receipt: [{sku: X, price: 1.00, id: a}, {sku: X, price: 1.00, id: a}]}",
        10,
        "the line `a` is there twice",
        "give each line an id of its own",
    ),
    (
        "- {name: n, at: 2026-02-30, receipt: []}",
        10,
        "`2026-02-30` is not possible here",
        "write `2026-11-30`, `2026-11-30T18:00`, or `2026-11-30T18:00Z` for an exact instant",
    ),
    ("- {name: n, at: never, receipt: []}", 10, "a sale needs a time", "write `2026-11-30T18:00`"),
    ("- {name: n, currency: XYZ, receipt: []}", 10, "this is no currency in use", "write its three letters, such as `EUR`"),
    (
        "- {name: n, account: {balance: {point: 5}}, receipt: []}",
        10,
        "the program has no asset `point`",
        "did you mean `points`?",
    ),
    (
        "- {name: n, account: {balance: {points: 0.5}}, receipt: []}",
        10,
        "`0.5` has too many digits",
        "at most 0 digits after the point are possible here",
    ),
    (
        "- {name: n, account: {tier: gold}, receipt: []}",
        10,
        "no program has the tier `gold` here",
        "write `tiers: {program: tier}`",
    ),
    ("- {name: n, account: {uses: [{campaign: b}]}, receipt: []}", 10, "the program has no campaign `b`", "did you mean `a`?"),
    (
        "- {name: n, account: {uses: [{campaign: a, ever: 1, today: 2}]}, receipt: []}",
        10,
        "this cannot be an account: use count 0 has more uses in a shorter span of time than in a longer one",
        "",
    ),
    ("- {name: n, program: none.yaml, receipt: []}", 10, "there is no program file none.yaml", ""),
    ("- {name: n, catalogue: none.csv, receipt: []}", 10, "there is no product file none.csv", ""),
    (
        "- {name: n, catalogue: [{sku: X}, {sku: X}], receipt: []}",
        10,
        "product `X`: its number stands in the catalogue already",
        "",
    ),
    ("- {name: n, receipt: [], expect: {lines: }}", 10, "a value is missing here", "write `[]` for none"),
    (
        "- {name: n, receipt: [], expect: {codes: [{code: X, verdict: aplied}]}}",
        10,
        "`aplied` is not possible here",
        "did you mean `applied`?",
    ),
    (
        "- {name: n, receipt: [], then: [{do: return, lines: [{quantity: 1}]}]}",
        10,
        "a returned line needs `line` or `sku`",
        "add `line: 1`",
    ),
    ("- {name: n, receipt: [], then: [quote]}", 10, "a quote needs `receipt`", "add a line `receipt: …`"),
    ("- {receipt: []}", 10, "a case needs `name`", "add a line `name: …`"),
    (
        "- name: n\n  program:\n    program: q\n    language: 1\n    name: Q\n    currency: EUR\n    campaigns:\n      - {id: b, name: B, percent_off: ten}\n  receipt: []",
        17,
        "`ten` is no number",
        "write digits with a point, such as `1.50`",
    ),
];

#[test]
fn p11_a_mistake_is_shown_where_it_stands_with_what_to_write_instead() {
    let wrong: Vec<String> = TABLE
        .iter()
        .map(|(case, line, message, help)| (told(case), format!("{line}: {message} | {help}\n")))
        .filter(|(found, expected)| found != expected)
        .map(|(found, expected)| format!("expected {expected}     got {found}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn p11_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_lines() {
    let text = format!(
        "{PROGRAM}cases:\n- {{name: a, receipt: [{{sku: X}}]}}\n- {{name: b, receipt: [{{sku: Y}}]}}\n- {{name: c, receipt: [], account: {{balance: {{x: 1}}}}}}\n"
    );
    let lines: Vec<u32> = mistakes(&text).0.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [10, 11, 12]);
}

#[test]
fn a_case_without_a_program_says_how_to_name_one() {
    let file = read("cases:\n- {name: n, receipt: []}\n").unwrap().unwrap();
    let found = file.run(&mut Nothing, None).unwrap_err();
    assert_eq!(found.0[0].message, "no program is named for this case");
    let source = Source { name: "p.yaml".into(), text: "program: p\nlanguage: 1\nname: P\ncurrency: EUR\n".into() };
    assert!(file.run(&mut Nothing, Some(&[source])).unwrap()[0].is_ok(), "a program from outside is enough");
}

#[test]
fn a_program_from_outside_replaces_those_that_cases_name() {
    let case = "cases:\n- {name: n, receipt: [{sku: X, price: 10.00}], expect: {total: 9.00}}\n";
    let file = read(&format!("{PROGRAM}{case}")).unwrap().unwrap();
    assert!(file.run(&mut Nothing, None).unwrap()[0].is_ok());
    let text = PROGRAM.lines().skip(1).map(|line| format!("{}\n", line.trim_start_matches("  "))).collect::<String>();
    let draft =
        Source { name: "draft.yaml".into(), text: text.replace("percent_off: 10", "percent_off: 20").replace("- {", "  - {") };
    let reports = file.run(&mut Nothing, Some(&[draft])).unwrap();
    assert_eq!(reports[0].differences[0].got, "8.00");
}

#[test]
fn programs_and_products_are_no_cases_and_anything_else_is_a_mistake() {
    assert_eq!(read_file("p.yaml", "program: p\nlanguage: 1\n"), Ok(None));
    assert_eq!(read_file("g.yaml", "products: []\n"), Ok(None));
    assert_eq!(read_file("x.yaml", "hello: 1\n").unwrap_err().0.len(), 2, "an unknown key, and no cases");
    assert_eq!(read_products("g.yaml", "products: [{sku: A, price: 1.50}, B]\n").unwrap().len(), 2);
    assert!(read_products("g.yaml", "products: [{sku: A, price: x}]\n").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn p11_any_text_is_read_to_an_end(text in "[\\[\\]{}:,\\- \n a-z0-9.'\"|>&*!#]{0,200}") {
        if let Ok(Some(file)) = read(&text) {
            let _ = file.run(&mut Nothing, None);
        }
    }

    /// One character of a sound file is replaced: the cases are run, or a mistake is told.
    #[test]
    fn p11_a_damaged_file_is_read_to_an_end(place in 0_usize..700, letter in "[\\[\\]{}:,\\- \n a-z0-9.'\"]") {
        let case = "cases:\n- name: n\n  account: {balance: {points: 10}, visits: 1}\n  receipt: {lines: [{sku: X, price: 10.00, quantity: 3}], codes: [A], stage: total}\n  expect: {total: 27.00, rewards: []}\n  then:\n  - settle\n  - {do: return, lines: [{line: 1, quantity: 2}], after: {refund: 18.00}}\n";
        let mut text: Vec<char> = format!("{PROGRAM}{case}").chars().collect();
        let place = place % text.len();
        text[place] = letter.chars().next().unwrap();
        if let Ok(Some(file)) = read(&text.into_iter().collect::<String>()) {
            let _ = file.run(&mut Nothing, None);
        }
    }
}

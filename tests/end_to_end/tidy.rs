//! Tidy is a test: the shape of files, and the number of a promise or hazard in the name of what holds it.

use std::collections::BTreeSet;

use super::sources::{files, function_names};

/// The wall of a file; 300 lines are wanted.
const LINES_MAX: usize = 500;
/// Names under which anything could be found, so that nothing is.
const NAMES_NEVER: [&str; 9] = ["mod", "util", "utils", "helper", "helpers", "common", "misc", "manager", "shared_util"];
/// The tables of promises and hazards with the tests that hold them.
const TABLES: &str = include_str!("../README.md");

/// What is wrong with a Rust file's shape.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        faults.push(format!("{path}: {lines} lines, at most {LINES_MAX}: split it where it has two jobs"));
    }
    if !text.starts_with("//! ") {
        faults.push(format!("{path}: begins without a header that says its job"));
    }
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
    if NAMES_NEVER.contains(&name) {
        faults.push(format!("{path}: a name that says nothing: name the job"));
    }
    if !text.ends_with('\n') || text.ends_with("\n\n") {
        faults.push(format!("{path}: ends with exactly one newline"));
    }
    faults
}

/// The numbers that stand in a test's name behind a letter: `h7_h8_p4_a_hold…` has hazards 7 and 8.
fn numbers(name: &str, letter: char) -> BTreeSet<u32> {
    name.split('_').filter_map(|word| word.strip_prefix(letter)?.parse().ok()).collect()
}

#[test]
fn every_rust_file_says_its_job_and_fits_a_mind() {
    let found: Vec<String> = files("rs").iter().flat_map(|file| faults(&file.path, &file.text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_shapeless_file_is_noticed() {
    let long = format!("//! A job.\n{}", "\n".repeat(LINES_MAX - 1)) + "x\n";
    for (path, text, fault) in [
        ("src/a.rs", long.as_str(), "501 lines"),
        ("src/a.rs", "use std::io;\n", "without a header"),
        ("src/a/mod.rs", "//! A job.\n", "says nothing"),
        ("src/utils.rs", "//! A job.\n", "says nothing"),
        ("src/a.rs", "//! A job.", "one newline"),
    ] {
        let found = faults(path, text);
        assert!(found.len() == 1 && found[0].contains(fault), "{path}: {found:?}");
    }
    assert!(faults("src/a.rs", "//! A job.\n").is_empty());
}

/// The rows of a table whose first cell holds numbers behind this letter: the numbers, and the rest of the row.
fn rows(letter: char) -> Vec<(BTreeSet<u32>, &'static str)> {
    let rows = TABLES.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let numbered = rows.map(|(first, rest)| (numbers(&first.to_lowercase().replace(", ", "_"), letter), rest));
    numbered.filter(|(numbers, _)| !numbers.is_empty()).collect()
}

#[test]
fn every_promise_and_hazard_in_the_tables_is_in_the_names_of_its_tests_and_none_is_missing_there() {
    let names = function_names();
    for (letter, least) in [('p', 10), ('h', 35)] {
        let rows = rows(letter);
        let told: BTreeSet<u32> = rows.iter().flat_map(|(numbers, _)| numbers).copied().collect();
        assert!(told.len() >= least, "only {told:?} of {letter} are in the tables");
        for (row, tests) in &rows {
            let held: BTreeSet<u32> = tests.split('`').flat_map(|name| numbers(name, letter)).collect();
            assert!(row.is_subset(&held), "{letter}{row:?}: no test in the row has the number");
        }
        let tested: BTreeSet<u32> = names.iter().flat_map(|name| numbers(name, letter)).collect();
        let untold: Vec<u32> = tested.difference(&told).copied().collect();
        assert!(untold.is_empty(), "tests have the numbers {untold:?} of {letter}, tests/README.md does not");
    }
}

#[test]
fn a_number_is_read_from_a_name_and_nothing_else() {
    assert_eq!(numbers("p4_p5_h6_h10_hold", 'h'), BTreeSet::from([6, 10]));
    assert_eq!(numbers("the_h100th_line_of_p", 'h'), BTreeSet::new());
    assert!(function_names().contains("a_number_is_read_from_a_name_and_nothing_else"));
}

#[test]
fn no_test_is_ignored_and_none_sleeps() {
    let ignored = concat!("#[", "ignore");
    let sleeping = concat!("thread::", "sleep(");
    for file in files("rs") {
        assert!(!file.text.contains(ignored), "{}: a test that does not run proves nothing", file.path);
        let sleeps = file.path.contains("tests") && file.text.contains(sleeping);
        assert!(!sleeps, "{}: wait for what is to happen, not for time to pass", file.path);
    }
}

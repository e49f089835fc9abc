//! Tidy is a test: the shape of files, and the number of a promise or hazard in the name of what holds it.

use std::collections::BTreeSet;

use super::sources::{files, function_names};

/// The wall of a file; 300 lines are wanted.
const LINES_MAX: usize = 500;
/// Names under which anything could be found, so that nothing is.
const NAMES_NEVER: [&str; 9] = ["mod", "util", "utils", "helper", "helpers", "common", "misc", "manager", "shared_util"];
/// Hazards whose answers are built: each has at least one test with its number.
const HAZARDS: [u32; 30] =
    [1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 28, 30, 31, 39, 49, 52, 53, 56, 57, 58, 79, 81];
/// Those about the repository itself.
const HAZARDS_HERE: [u32; 1] = [85];
/// Promises that are kept and tested so far.
const PROMISES: [u32; 8] = [2, 3, 5, 6, 7, 10, 11, 12];

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

#[test]
fn every_promise_and_hazard_that_is_answered_has_a_test_with_its_number() {
    let names = function_names();
    let all = |letter| names.iter().flat_map(|name| numbers(name, letter)).collect::<BTreeSet<u32>>();
    let (hazards, promises) = (all('h'), all('p'));
    let missing = |wanted: &[u32], there: &BTreeSet<u32>, letter: char| -> Vec<String> {
        wanted.iter().filter(|number| !there.contains(number)).map(|number| format!("{letter}{number}")).collect()
    };
    let mut open = missing(&HAZARDS, &hazards, 'h');
    open.extend(missing(&HAZARDS_HERE, &hazards, 'h'));
    open.extend(missing(&PROMISES, &promises, 'p'));
    assert!(open.is_empty(), "no test has the number of: {}", open.join(", "));
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

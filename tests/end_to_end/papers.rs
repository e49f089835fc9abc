//! What the papers say holds: commands, names of tests, paths, links, and the list of what is not served yet.

use std::fmt::Write as _;
use std::fs;

use super::sources::{Source, files, function_names, root, text_of};

/// Between these lines `ARCHITECTURE.md` holds the list that is made from the proto files.
const LIST_BEGINS: &str = "<!-- not yet served: begin -->";
const LIST_ENDS: &str = "<!-- not yet served: end -->";
/// Set to write that list anew in place of comparing it.
const WRITE_LIST: &str = "TESSERA_WRITE_PAPERS";
/// What a proto comment says of what the engine does not fill or read yet.
const MARK: &str = "Not yet served";
/// A README of more than this is not one screen with its examples.
const README_LINES_MAX: usize = 70;

#[test]
fn the_readmes_test_command_is_the_one_that_ci_runs() {
    let ci = text_of(".ci/run");
    let command =
        ci.lines().find_map(|line| line.strip_prefix("TEST_COMMAND=\"")?.strip_suffix('"')).expect("TEST_COMMAND in .ci/run");
    assert_eq!(command, "cargo test --workspace");
    assert!(ci.contains("$TEST_COMMAND;"), ".ci/run does not call it");
    let readme = text_of("README.md");
    for command in [command, "cargo run --release -- demo"] {
        assert!(readme.lines().any(|line| line.trim() == command), "README.md does not show: {command}");
    }
    assert!(ci.contains("-- demo --seconds"), ".ci/run does not run the demo");
    assert!(readme.lines().count() <= README_LINES_MAX, "README.md has {} lines", readme.lines().count());
}

/// The words in backticks, code blocks left out.
fn quoted(text: &str) -> Vec<String> {
    let mut in_block = false;
    let prose = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !fence && !in_block
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Whether a quoted word is the name of a test: a sentence in snake case.
fn is_test_name(word: &str) -> bool {
    let name = word.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_');
    name && word.matches('_').count() >= 4
}

/// Whether a quoted word is a path of this repository.
fn is_path(word: &str) -> bool {
    let plain = word.chars().all(|char| char.is_ascii_alphanumeric() || "/._-".contains(char));
    let folders = ["proto", "engine", "pos-gateway", "crm-sync", "rules", "benches", "tests", "deploy", "src", ".ci"];
    plain && word.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder)) && !word.contains("v1.")
}

fn papers() -> Vec<Source> {
    files("md")
}

#[test]
fn every_test_that_a_paper_names_is_there() {
    let names = function_names();
    let mut named = 0;
    for paper in papers() {
        for word in quoted(&paper.text).into_iter().filter(|word| is_test_name(word)) {
            assert!(names.contains(&word), "{} names the test `{word}`, which is not there", paper.path);
            named += 1;
        }
    }
    assert!(named > 40, "the papers name only {named} tests");
}

#[test]
fn every_path_and_link_in_a_paper_is_there() {
    for paper in papers() {
        for path in quoted(&paper.text).into_iter().filter(|word| is_path(word)) {
            assert!(root().join(&path).exists(), "{} names `{path}`, which is not there", paper.path);
        }
        let folder = root().join(&paper.path).parent().unwrap().to_owned();
        for link in paper.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let elsewhere = link.is_empty() || link.contains("://");
            assert!(elsewhere || folder.join(link).exists(), "{} links to {link}, which is not there", paper.path);
        }
    }
}

#[test]
fn what_looks_like_a_name_a_path_or_prose_is_told_apart() {
    assert!(
        is_test_name("p2_the_same_file_twice_changes_nothing")
            && !is_test_name("postings_sum_to_zero")
            && !is_test_name("a b_c_d_e_f")
    );
    assert!(is_path("tests/samples") && is_path("proto/contract/src/token.rs"));
    assert!(
        !is_path("tessera.billing.v1.BillingService/Quote") && !is_path("S1/T9") && !is_path("tests") && !is_path("rules/*.rs")
    );
    assert_eq!(quoted("a `b` c `d`\n```\n`not`\n```\n`e`"), ["b", "d", "e"]);
}

/// Everything that a proto file marks, as `Message.field`, in the order of the file.
fn not_yet_served(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut scopes: Vec<String> = Vec::new();
    let mut comment = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("//") {
            comment.push_str(words);
            continue;
        }
        let item = item_of(line);
        if let (true, Some(item)) = (comment.contains(MARK), &item) {
            let path: Vec<&str> =
                scopes.iter().filter(|scope| !scope.is_empty()).map(String::as_str).chain([item.name.as_str()]).collect();
            found.push(path.join("."));
        }
        if line.ends_with('{') {
            // A `oneof` is no part of its fields' names.
            scopes.push(item.filter(|item| item.scope).map(|item| item.name).unwrap_or_default());
        }
        if line.starts_with('}') {
            scopes.pop();
        }
        comment.clear();
    }
    found
}

struct Item {
    name: String,
    scope: bool,
}

/// What a line of a proto file declares.
fn item_of(line: &str) -> Option<Item> {
    let words: Vec<&str> = line.split([' ', '(', ';']).filter(|word| !word.is_empty()).collect();
    let item = |name: &str, scope| Some(Item { name: name.to_owned(), scope });
    match words.as_slice() {
        ["message" | "enum" | "service", name, ..] => item(name, true),
        ["rpc" | "oneof", name, ..] => item(name, false),
        ["package" | "import" | "option" | "syntax" | "reserved" | "}", ..] => None,
        [.., name, "=", _number] => item(name, false),
        _ => None,
    }
}

/// The list as it stands in `ARCHITECTURE.md`.
fn expected_list() -> String {
    let mut list = String::from("| file | not yet served |\n| --- | --- |\n");
    let mut count = 0;
    for file in files("proto") {
        let items = not_yet_served(&file.text);
        count += items.len();
        if !items.is_empty() {
            let name = file.path.trim_start_matches("proto/tessera/");
            writeln!(list, "| `{name}` | {} |", items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", "))
                .unwrap();
        }
    }
    assert!(count > 0, "no marks were found: the comments are not read, or the list can go");
    list
}

#[test]
fn the_list_of_what_is_not_yet_served_is_what_the_proto_files_say() {
    let paper = text_of("ARCHITECTURE.md");
    let (before, rest) = paper.split_once(LIST_BEGINS).unwrap_or_else(|| panic!("{LIST_BEGINS} is missing"));
    let (list, after) = rest.split_once(LIST_ENDS).unwrap_or_else(|| panic!("{LIST_ENDS} is missing"));
    let expected = expected_list();
    if std::env::var_os(WRITE_LIST).is_some() {
        let text = format!("{before}{LIST_BEGINS}\n\n{expected}\n{LIST_ENDS}{after}");
        fs::write(root().join("ARCHITECTURE.md"), text).unwrap();
        return;
    }
    assert_eq!(list.trim(), expected.trim(), "write it anew: {WRITE_LIST}=1 cargo test not_yet_served");
}

#[test]
fn a_mark_is_found_at_messages_fields_calls_and_values() {
    let text = "
        // A file. Not yet served.
        package a.v1;
        // A service.
        service S {
          // A call. Not yet
          // served, with a line's end between the words.
          rpc Cut(A) returns (B);
          // Not yet served.
          rpc Call(A) returns (stream B);
        }
        // Whole. Not yet served.
        message M {
          // Kept.
          string kept = 1;
          // One of. Required.
          oneof which {
            // Not yet served.
            int64 units = 2;
          }
          // Two lines.
          // Not yet served.
          repeated M inner = 3;
        }
        // Kinds.
        enum K {
          // Not yet served.
          K_ONE = 1;
        }
    ";
    assert_eq!(not_yet_served(text), ["S.Cut", "S.Call", "M", "M.units", "M.inner", "K.K_ONE"]);
}

#[test]
fn every_mark_in_the_proto_files_is_at_something() {
    for file in files("proto") {
        // The header of a file stands at no item.
        let (_, body) = file.text.split_once("\npackage ").expect("a package");
        let words: String = body.lines().map(str::trim).map(|line| line.strip_prefix("//").unwrap_or(line)).collect();
        assert_eq!(not_yet_served(&file.text).len(), words.matches(MARK).count(), "{}", file.path);
    }
}

#[test]
fn papers_and_sources_name_no_place_of_one_machine() {
    let places = [concat!("/", "work/"), concat!("/", "home/"), concat!("/", "root/"), concat!("..", "/shared")];
    let papers = ["md", "toml", "proto", "yaml", "json", "service"].into_iter().flat_map(files);
    let sources = files("rs").into_iter().filter(|file| !file.path.contains("tests") && !file.path.starts_with("benches/"));
    for file in papers.chain(sources) {
        // Tests may look for data sets that lie beside the checkout.
        let shipped = file.text.split("#[cfg(test)]").next().unwrap_or_default();
        for place in places {
            assert!(!shipped.contains(place), "{} names {place}", file.path);
        }
    }
}

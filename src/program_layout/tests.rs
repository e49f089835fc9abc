//! Tests of the one layout, on all programs of this repository and on texts that are none.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tessera_rules::revision::{Revision, Source};

use super::*;

const PROGRAMS: [&str; 2] = ["rules/examples", "deploy/programs"];
const CORPUS: &str = "rules/corpus";

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

/// The program files that come with us, and the cases, whose files hold a program each.
fn texts(folders: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    found.sort();
    found.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

/// A revision in every detail but the hash of its texts; nothing where it has mistakes.
fn compiled(text: &str) -> Option<String> {
    let source = Source { name: "a.yaml".to_owned(), text: text.to_owned() };
    let revision = Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).ok()?.revision;
    let hash = format!("{:?}", revision.hash());
    Some(format!("{revision:?}").replace(&hash, "its hash"))
}

/// The comments of a text; no text of ours has `#` within quotes after a blank.
fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("# ").or_else(|| Some(line.split_once(" # ")?.1))).map(str::trim).collect()
}

#[test]
fn a_laid_out_program_says_the_same_keeps_its_comments_and_is_laid_out_once_for_all() {
    let mut programs = 0;
    for (file, text) in texts(&[PROGRAMS[0], PROGRAMS[1], CORPUS]) {
        let laid = laid_out(&file, &text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(laid_out(&file, &laid).unwrap(), laid, "{file}: a second time");
        assert_eq!(comments(&laid), comments(&text), "{file}");
        let (before, after) = (compiled(&text), compiled(&laid));
        assert!(before == after, "{file}: another revision");
        programs += usize::from(before.is_some());
    }
    assert!(programs >= 5, "{programs}");
}

#[test]
fn the_programs_that_come_with_us_are_laid_out_so() {
    for (file, text) in texts(&PROGRAMS) {
        assert_eq!(laid_out(&file, &text).unwrap(), text, "`tessera program format {file}`");
    }
}

#[test]
fn however_a_program_was_written_it_is_laid_out_in_one_way() {
    let laid = "# Why.\nprogram: club # its id\n\nassets:\n  - id: points\n    # between\n    redeem: {minimum_units: 200, step_units: 100}\n";
    let table = [
        laid.to_owned(),
        laid.replace('\n', "\r\n"),
        format!("\u{feff}{laid}"),
        laid.replace(": ", ":    ").replace("# its", "#    its").replace("#    its", "# its"),
        laid.replace("\n\n", "\n\n\n\n"),
        laid.replace("  - id", "- id").replace("    redeem", "  redeem").replace("    # b", "  # b"),
        laid.replace("{minimum_units: 200, ", "{ minimum_units: 200,\n       "),
        laid.replace("{m", "{\n      m").replace("100}", "100\n    }"),
        laid.trim_end().to_owned(),
    ];
    for text in table {
        assert_eq!(laid_out("a.yaml", &text).unwrap(), laid, "{text:?}");
    }
}

#[test]
fn p11_what_is_no_program_keeps_its_layout_and_is_told_with_its_place() {
    let table = [
        ("a: 1\na:  2\n", "`a` stands here twice"),
        ("a: [1\n", "--> bad.yaml:"),
        ("a: &x 1\nb: *x\n", "anchors are no"),
        ("", "the file is empty"),
        (&format!("a: {}{}", "[".repeat(40), "]".repeat(40)), "nested deeper"),
        (&format!("a: {}", "[".repeat(200_000)), "recursion limit"),
        (&format!("# {}", "x".repeat(PROGRAM_BYTES_MAX)), "larger than"),
    ];
    for (text, told) in table {
        let error = laid_out("bad.yaml", text).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
}

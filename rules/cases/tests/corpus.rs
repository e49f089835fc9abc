//! The conformance corpus: every case of `rules/corpus` comes out as it states, and so does what its README shows.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it does not expect ends there"
)]
#[path = "corpus/golden.rs"]
mod golden;
#[path = "corpus/pairs.rs"]
mod pairs;

use std::fs;
use std::path::{Path, PathBuf};

use tessera_cases::{Files, Report, read_file, read_products};
use tessera_rules::catalogue::Product;
use tessera_rules::revision::Source;

/// Cases of our own: fewer were lost.
const CASES_MIN: usize = 700;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

/// Paths are relative to a folder.
struct Folder(PathBuf);

impl Files for Folder {
    fn programs(&mut self, path: &str) -> Result<Vec<Source>, String> {
        let file = self.0.join(path);
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(vec![Source { name: path.to_owned(), text }])
    }

    fn products(&mut self, path: &str) -> Result<Vec<Product>, String> {
        let file = self.0.join(path);
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        read_products(path, &text).map_err(|mistakes| mistakes.to_string())
    }
}

fn yaml_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn run(name: &str, text: &str, folder: &Path) -> Vec<Report> {
    let file = read_file(name, text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let Some(file) = file else { return Vec::new() };
    file.run(&mut Folder(folder.to_owned()), None).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn failures(reports: &[Report]) -> String {
    reports.iter().filter(|report| !report.is_ok()).map(|report| format!("{report}\n")).collect()
}

/// All reports below a folder.
fn reports_below(folder: &Path) -> Vec<Report> {
    let root = corpus();
    let run = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        run(&name, &fs::read_to_string(path).unwrap(), path.parent().unwrap())
    };
    yaml_below(folder).iter().flat_map(run).collect()
}

#[test]
fn p5_p6_p7_every_case_of_the_corpus_comes_out_as_it_states() {
    let reports = reports_below(&corpus());
    let failed = failures(&reports);
    assert!(failed.is_empty(), "\n{failed}");
    assert!(reports.len() >= CASES_MIN, "{} cases", reports.len());
}

#[test]
fn every_case_says_why_it_expects_what_it_expects() {
    for report in reports_below(&corpus()) {
        let place = format!("{}:{} {}", report.file, report.line, report.name);
        assert!(report.why.is_some(), "{place}: write the arithmetic under `why`");
    }
}

/// The blocks of a paper between ```` ```yaml ```` and ```` ``` ````.
fn blocks(paper: &str) -> Vec<String> {
    let parts = paper.split("```yaml\n").skip(1);
    parts.filter_map(|part| Some(part.split_once("```")?.0.to_owned())).collect()
}

#[test]
fn the_examples_of_the_readme_come_out_as_they_state() {
    let paper = fs::read_to_string(corpus().join("README.md")).unwrap();
    let mut count = 0;
    for block in blocks(&paper).iter().filter(|block| block.contains("cases:")) {
        let reports = run("README.md", block, &corpus());
        assert_eq!(failures(&reports), "");
        count += reports.len();
    }
    assert!(count >= 2, "{count} cases in the README");
}

#[test]
fn a_case_that_states_something_else_fails_with_the_field() {
    let paper = fs::read_to_string(corpus().join("README.md")).unwrap();
    let block = blocks(&paper).into_iter().find(|block| block.contains("total: 99.98")).unwrap();
    let wrong = block.replacen("total: 99.98", "total: 99.97", 1);
    let reports = run("README.md", &wrong, &corpus());
    let differences: Vec<_> = reports.iter().flat_map(|report| &report.differences).collect();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(
        (differences[0].field.as_str(), differences[0].expected.as_str(), differences[0].got.as_str()),
        ("total", "99.97", "99.98")
    );
}

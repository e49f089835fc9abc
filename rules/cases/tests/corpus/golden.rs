//! The golden corpus of each version of the language: what the cases of the corpus decide, in every detail, is kept as
//! hashes, so that an upgrade of the binary never changes what an old revision means.
//!
//! `TESSERA_WRITE_GOLDEN=1 cargo test -p tessera-cases --test corpus golden` writes the file anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tessera_cases::read_file;

use super::{Folder, corpus, yaml_below};

/// The versions that this binary reads.
const LANGUAGES: [u32; 1] = [1];
/// So many changed cases are named.
const NAMED_MAX: usize = 30;

fn golden(language: u32) -> PathBuf {
    corpus().join(format!("golden/language_{language}.txt"))
}

/// A decision as it is hashed: fields by name, without those that say nothing, so that a further field of the decision
/// changes no hash until it says something; and without the steps that the search took, which mean nothing.
fn canonical(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) if items.is_empty() => None,
        // A place in a list has a meaning, so nothing is left out of one.
        Value::Array(items) => Some(items.into_iter().map(|item| canonical(item).unwrap_or(Value::Null)).collect()),
        Value::Object(fields) => {
            let said = fields.into_iter().filter(|(key, _)| key != "steps");
            // In the order of their names, whatever order a map keeps.
            let sorted: BTreeMap<String, Value> = said.filter_map(|(key, value)| Some((key, canonical(value)?))).collect();
            Some(Value::Object(sorted.into_iter().collect()))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
    }
}

/// By file and name of each case, the hash of all that it decides.
fn hashes() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in yaml_below(&corpus()) {
        let name = path.strip_prefix(corpus()).unwrap().display().to_string();
        let Some(file) = read_file(&name, &fs::read_to_string(&path).unwrap()).unwrap() else { continue };
        let mut folder = Folder(path.parent().map(Path::to_owned).unwrap());
        let reports = file.run(&mut folder, None).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let decisions = file.decisions(&mut folder).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        for (report, decisions) in reports.into_iter().zip(decisions) {
            let value = canonical(serde_json::to_value(decisions).unwrap()).unwrap_or(Value::Null);
            let hash: String = blake3::hash(value.to_string().as_bytes()).to_hex().chars().take(16).collect();
            let before = found.insert(format!("{name}: {}", report.name), hash);
            assert!(before.is_none(), "{name} has two cases named {:?}", report.name);
        }
    }
    found
}

fn written(hashes: &BTreeMap<String, String>) -> String {
    hashes.iter().map(|(case, hash)| format!("{hash} {case}\n")).collect()
}

#[test]
fn a_program_of_an_old_language_means_what_it_meant() {
    // One version is all there is: every case of the corpus is of it.
    let [language] = LANGUAGES;
    let (path, now) = (golden(language), hashes());
    #[expect(clippy::disallowed_methods, reason = "a test may be asked to write the file that it compares with")]
    if std::env::var("TESSERA_WRITE_GOLDEN").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, written(&now)).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let kept: BTreeMap<&str, &str> =
        text.lines().map(|line| line.split_once(' ').unwrap()).map(|(hash, case)| (case, hash)).collect();
    let changed = |(case, hash): &(&String, &String)| kept.get(case.as_str()).is_some_and(|kept| kept != &hash.as_str());
    let changed: Vec<&String> = now.iter().filter(changed).map(|(case, _)| case).collect();
    let named: Vec<_> = changed.iter().take(NAMED_MAX).collect();
    assert!(
        changed.is_empty(),
        "{} cases decide otherwise than language {language} did: {named:#?}\nA program that is published keeps its meaning for \
         ever. Put what is new under a further version of the language; or, if it meant a mistake and no revision may live \
         on it, say so with a star in CHANGELOG.md and run this test with TESSERA_WRITE_GOLDEN=1.",
        changed.len()
    );
    let new: Vec<&String> = now.keys().filter(|case| !kept.contains_key(case.as_str())).collect();
    let gone: Vec<&&str> = kept.keys().filter(|case| !now.contains_key(**case)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new cases: {new:#?}\ncases that are gone: {gone:#?}\nRun this test with TESSERA_WRITE_GOLDEN=1 to keep what is new."
    );
}

//! The programs that come with the language: they compile, say nothing that needs a warning, and show every mechanic.
#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "programs/trial.rs"]
mod trial;

use std::path::Path;

use jiff::Timestamp;
use tessera_rules::cel::{Environment, Subject};
use tessera_rules::{Compiled, Revision, Source};
use trial::Trial;

const PROGRAMS: [&str; 4] = ["grocery", "shoes-and-sport", "petrol-station", "water-delivery"];

fn text(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the file is there")
}

fn compile(sources: &[Source]) -> Compiled {
    Revision::compile(1, Timestamp::UNIX_EPOCH, sources).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn four_trades_compile_without_a_warning_and_each_of_their_campaigns_can_be_had() {
    let mut campaigns = 0;
    for name in PROGRAMS {
        let text = text(&format!("examples/{name}.yaml"));
        let compiled = compile(&[Source { name: format!("{name}.yaml"), text: text.clone() }]);
        assert!(compiled.warnings.0.is_empty(), "{}", compiled.warnings);
        assert_eq!(Trial::of(&text).never_applied(&compiled.revision), Vec::<String>::new(), "{name}");
        let own = compiled.revision.campaigns().len();
        assert!(own >= 10, "{name} has {own} campaigns");
        campaigns += own;
    }
    assert!(campaigns > 40, "{campaigns}");
}

#[test]
fn the_program_that_real_receipts_go_through_compiles_without_a_warning() {
    let compiled = compile(&[Source { name: "web-shop.yaml".to_owned(), text: text("examples/web-shop.yaml") }]);
    assert!(compiled.warnings.0.is_empty(), "{}", compiled.warnings);
    assert!(compiled.revision.campaigns().len() > 40);
}

#[test]
fn every_example_of_the_reference_compiles_without_a_warning_and_can_be_had() {
    let reference = text("LANGUAGE.md");
    let head =
        reference.split("```yaml\n").nth(1).and_then(|part| part.split("```").next()).expect("the first block is the head");
    let mut blocks = 0;
    let mut line = 0;
    for (number, part) in reference.split("```yaml\n").enumerate() {
        let at = line;
        line += part.lines().count() + 1;
        let Some(block) = part.split("```").next().filter(|_| number > 0) else { continue };
        let source = if block.contains("program:") { block.to_owned() } else { format!("{head}campaigns:\n{block}") };
        let trial = Trial::of(&source);
        let source = Source { name: "block.yaml".to_owned(), text: source };
        let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]);
        let compiled = compiled.unwrap_or_else(|error| panic!("LANGUAGE.md, example at line {at}:\n{error}"));
        assert!(compiled.warnings.0.is_empty(), "LANGUAGE.md, example at line {at}:\n{}", compiled.warnings);
        assert_eq!(trial.never_applied(&compiled.revision), Vec::<String>::new(), "LANGUAGE.md, example at line {at}");
        blocks += 1;
    }
    assert!(blocks >= 30, "{blocks} examples");
}

#[test]
fn the_reference_names_every_variable_of_conditions() {
    let reference = text("LANGUAGE.md");
    let environment = Environment::of_program(Subject::Line);
    let mut named = 0;
    for (record, field) in environment.records().iter().flat_map(|record| record.fields.iter().map(move |field| (record, field)))
    {
        let mark = if field.optional { " ?" } else { "" };
        let name = format!("| `{}.{}`{mark} | ", record.name, field.name);
        let row = reference.lines().find(|row| row.starts_with(&name));
        assert!(
            row.is_some_and(|row| row.ends_with(&format!(" | {} |", field.text))),
            "LANGUAGE.md lacks {name}… | {} |",
            field.text
        );
        named += 1;
    }
    assert!(named > 40, "{named}");
    assert_eq!(
        reference
            .lines()
            .filter(|row| row.starts_with("| `")
                && row.contains(".")
                && row.split('`').nth(1).is_some_and(|name| name.contains('.')))
            .count(),
        named
    );
}

#[test]
fn the_reference_names_every_key_of_the_language() {
    let reference = text("LANGUAGE.md");
    let schema: serde_json::Value = serde_json::from_str(&tessera_rules::schema::program_schema()).expect("JSON");
    let maps = schema["$defs"].as_object().expect("maps");
    let keys = maps.values().flat_map(|map| map["properties"].as_object().expect("keys").keys());
    let missing: Vec<&String> = keys.filter(|key| !reference.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "LANGUAGE.md says nothing of {missing:?}");
}

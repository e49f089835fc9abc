//! The published schema: it is what the code says, every program of this repository keeps to it, and it refuses
//! what the checker refuses.
#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use tessera_rules::schema::program_schema;
use tessera_rules::tree::{self, Kind, Node};
use tessera_rules::{Revision, Source};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A program file as JSON, scalars as YAML 1.2 reads them.
fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar { text, plain: true } => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "" | "~" | "null" => Value::Null,
            word if word.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
                serde_json::from_str(word).ok().filter(Value::is_number).unwrap_or_else(|| Value::String(word.to_owned()))
            }
            word => Value::String(word.to_owned()),
        },
        Kind::Scalar { text, plain: false } => Value::String(text.clone()),
        Kind::List(nodes) => nodes.iter().map(json).collect(),
        Kind::Map(fields) => fields.iter().map(|field| (field.key.clone(), json(&field.value))).collect(),
    }
}

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&program_schema()).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is one")
}

fn faults(validator: &jsonschema::Validator, text: &str) -> Vec<String> {
    let tree = tree::parse(text).unwrap_or_else(|error| panic!("{error:?}"));
    validator.iter_errors(&json(&tree)).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

#[test]
fn the_published_schema_is_what_the_code_says() {
    let published = std::fs::read_to_string(folder("schema/program.schema.json")).unwrap_or_default();
    let command = "cargo run -p tessera-rules --example program_schema > rules/schema/program.schema.json";
    assert!(published == program_schema(), "run `{command}`");
}

#[test]
fn every_program_of_this_repository_keeps_to_the_schema() {
    let validator = validator();
    let mut files = 0;
    for place in ["examples", "../deploy/programs"] {
        for entry in std::fs::read_dir(folder(place)).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(&path).expect("a text");
                assert_eq!(faults(&validator, &text), Vec::<String>::new(), "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files >= 5, "{files} files");
}

#[test]
fn p11_what_the_schema_refuses_the_checker_refuses_too() {
    let head = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nassets: [{id: points, kind: points}]\ncampaigns:\n";
    let table = [
        "- {id: a, name: A, percent_off: 101}",
        "- {id: a, name: A, percent_off: ten}",
        "- {id: a, name: A, percent_off: 5, amount_off: 1.00}",
        "- {id: a, name: A}",
        "- {name: A, percent_off: 5}",
        "- {id: a, name: A, percent_off: 5, prioritty: 3}",
        "- {id: a, name: A, percent_off: 5, limits: {per_receipt: 0}}",
        "- {id: a, name: A, percent_off: 5, limits: {per_receipt: {use: 1}}}",
        "- {id: a, name: A, percent_off: 5, show_as: nothing}",
        "- {id: a, name: A, percent_off: 5, valid: {hours: noon}}",
        "- {id: a, name: A, n_for_m: {take: 3}}",
        "- {id: a, name: A, grant: {give: {points: {units: 1}, prize: mug}}}",
        "- {id: a, name: A, grant: {give: {choice: {quantity: 1}}}}",
        "- {id: a, name: A, ladder: {by: weight, steps: [{from: 1, percent_off: 5}]}}",
        "- {id: a, name: {en-: A}, percent_off: 5}",
        "- {id: a, name: A, percent_off: [5]}",
    ];
    let validator = validator();
    for campaign in table {
        let text = format!("{head}{campaign}\n");
        assert!(!faults(&validator, &text).is_empty(), "the schema lets in {campaign}");
        let source = Source { name: "p.yaml".to_owned(), text };
        assert!(Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).is_err(), "the checker lets in {campaign}");
    }
}

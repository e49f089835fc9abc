//! Coverage by pairs: which two of the language's mechanics and conventions meet in a case of the corpus.
//!
//! A mechanic counts where the case states something of a campaign that has it; an option of a convention where the
//! case's program has it, said or by default. What exists is read from the published schema, so that whatever is added
//! to the language is missed here until a case shows it beside everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tessera_rules::tree::{Kind, Node, parse};

use super::{corpus, yaml_below};

/// Pairs that no case need show, each with the reason.
const SENSELESS: [(&str, &str, &str); 0] = [];

/// Options of one convention, the default first.
struct Convention {
    key: String,
    words: Vec<String>,
}

/// What the schema says that there is: mechanics, and conventions.
fn language() -> (Vec<String>, Vec<Convention>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/program.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let one_of = schema["$defs"]["campaign"]["oneOf"].as_array().unwrap();
    let mut mechanics: Vec<String> = one_of.iter().map(|one| one["required"][0].as_str().unwrap().to_owned()).collect();
    // These two act on lines or on the basket.
    mechanics.extend(["percent_off, level: basket".to_owned(), "amount_off, level: basket".to_owned()]);
    let properties = schema["$defs"]["conventions"]["properties"].as_object().unwrap();
    let words = |value: &serde_json::Value| match value["enum"].as_array() {
        Some(words) => words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
        None => vec!["false".to_owned(), "true".to_owned()],
    };
    let conventions = properties.iter().map(|(key, value)| Convention { key: key.clone(), words: words(value) });
    (mechanics, conventions.collect())
}

fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Kind::Map(fields) = &node.kind else { return None };
    fields.iter().find(|field| field.key == key).map(|field| &field.value)
}

fn text(node: &Node) -> Option<&str> {
    if let Kind::Scalar { text, .. } = &node.kind { Some(text) } else { None }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(Kind::List(items)) => items,
        _ => node.map_or(&[], std::slice::from_ref),
    }
}

/// Every word below a node, keys and values.
fn words<'n>(node: &'n Node, found: &mut BTreeSet<&'n str>) {
    match &node.kind {
        Kind::Scalar { text, .. } => drop(found.insert(text)),
        Kind::List(items) => items.iter().for_each(|item| words(item, found)),
        Kind::Map(fields) => fields.iter().for_each(|field| {
            found.insert(&field.key);
            words(&field.value, found);
        }),
    }
}

/// The program files that a case names, or the program that is written out.
fn programs(node: &Node, folder: &Path) -> Vec<Node> {
    if let Kind::Map(_) = node.kind {
        return vec![node.clone()];
    }
    let read = |path: &Node| parse(&fs::read_to_string(folder.join(text(path).unwrap())).unwrap()).unwrap();
    items(Some(node)).iter().map(read).collect()
}

/// The mechanic of a campaign.
fn mechanic(campaign: &Node, mechanics: &[String]) -> String {
    let own = mechanics.iter().find(|name| get(campaign, name).is_some()).unwrap();
    let on_basket = |key: &str| get(campaign, key).and_then(text) == Some("basket");
    if on_basket("level") || on_basket("per") { format!("{own}, level: basket") } else { own.clone() }
}

/// The mechanics and options that a case shows.
fn shown(case: &Node, programs: &[Node], (mechanics, conventions): &(Vec<String>, Vec<Convention>)) -> BTreeSet<String> {
    let mut stated = BTreeSet::new();
    for key in ["expect", "then"] {
        get(case, key).into_iter().for_each(|node| words(node, &mut stated));
    }
    let mut shown = BTreeSet::new();
    for program in programs {
        for campaign in items(get(program, "campaigns")) {
            if stated.contains(get(campaign, "id").and_then(text).unwrap()) {
                shown.insert(mechanic(campaign, mechanics));
            }
        }
        for convention in conventions {
            let said = get(program, "conventions").and_then(|node| get(node, &convention.key)).and_then(text);
            shown.insert(format!("{}: {}", convention.key, said.unwrap_or(&convention.words[0])));
        }
    }
    shown
}

/// What each case of the corpus shows, by file and name.
fn cases(language: &(Vec<String>, Vec<Convention>)) -> Vec<BTreeSet<String>> {
    let mut found = Vec::new();
    for path in yaml_below(&corpus()) {
        let file = parse(&fs::read_to_string(&path).unwrap()).unwrap();
        let folder: PathBuf = path.parent().unwrap().to_owned();
        for case in items(get(&file, "cases")) {
            let program = get(case, "program").or_else(|| get(&file, "program")).unwrap();
            found.push(shown(case, &programs(program, &folder), language));
        }
    }
    found
}

/// All pairs that the corpus is to show.
fn wanted((mechanics, conventions): &(Vec<String>, Vec<Convention>)) -> BTreeSet<(String, String)> {
    let mut factors: Vec<Vec<String>> = mechanics.iter().map(|name| vec![name.clone()]).collect();
    let options = |one: &Convention| one.words.iter().map(|word| format!("{}: {word}", one.key)).collect();
    factors.extend(conventions.iter().map(options));
    let mut wanted = BTreeSet::new();
    for (place, factor) in factors.iter().enumerate() {
        for other in factors.iter().skip(place + 1) {
            wanted.extend(factor.iter().flat_map(|one| other.iter().map(move |two| pair(one, two))));
        }
    }
    wanted
}

fn pair(one: &str, two: &str) -> (String, String) {
    if one <= two { (one.to_owned(), two.to_owned()) } else { (two.to_owned(), one.to_owned()) }
}

#[test]
fn every_two_of_mechanics_and_conventions_meet_in_a_case() {
    let language = language();
    let mut met: BTreeMap<(String, String), usize> = BTreeMap::new();
    for shown in cases(&language) {
        for one in &shown {
            for two in shown.range::<String, _>((std::ops::Bound::Excluded(one), std::ops::Bound::Unbounded)) {
                *met.entry(pair(one, two)).or_default() += 1;
            }
        }
    }
    let senseless: BTreeSet<_> = SENSELESS.iter().map(|(one, two, _)| pair(one, two)).collect();
    let wanted = wanted(&language);
    let missing: Vec<_> = wanted.iter().filter(|pair| !met.contains_key(pair) && !senseless.contains(pair)).collect();
    let list: String = missing.iter().map(|(one, two)| format!("\n  {one}  x  {two}")).collect();
    assert!(missing.is_empty(), "{} of {} pairs meet in no case:{list}", missing.len(), wanted.len());
    for (one, two, reason) in SENSELESS {
        assert!(wanted.contains(&pair(one, two)), "{one} x {two} is no pair of the language");
        assert!(!met.contains_key(&pair(one, two)), "a case shows {one} x {two}, which is said to make no sense: {reason}");
    }
}

/// Words of the language that change nothing in a case.
const ELSEWHERE: [(&str, &str); 8] = [
    ("columns", "the checker alone looks at it"),
    ("four_eyes", "it is about publishing"),
    ("claim_within_hours", "a case has no step that claims"),
    ("enrolment_code", "a case has no step that enrols"),
    ("for", "a case is about receipts"),
    ("answers", "a case is about receipts"),
    ("referral", "a case is about receipts"),
    ("first_receipt", "a case is about receipts"),
];

/// Every key and word that the schema names.
fn named(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    let below = |key: &str| value[key].as_object().into_iter().flat_map(|object| object.iter());
    for (key, property) in below("properties") {
        found.insert(key.clone());
        named(property, found);
    }
    found.extend(value["enum"].as_array().into_iter().flatten().filter_map(|word| word.as_str()).map(str::to_owned));
    below("$defs").for_each(|(_, definition)| named(definition, found));
    let lists = ["anyOf", "oneOf"].into_iter().filter_map(|key| value[key].as_array()).flatten();
    lists.chain(value.get("items")).for_each(|inner| named(inner, found));
}

#[test]
fn every_key_and_word_of_the_language_stands_in_a_program_of_the_corpus() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/program.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut wanted = BTreeSet::new();
    named(&schema, &mut wanted);
    assert!(wanted.len() > 200, "{} words", wanted.len());
    let files: Vec<(PathBuf, Node)> = yaml_below(&corpus())
        .into_iter()
        .map(|path| (path.clone(), parse(&fs::read_to_string(path).unwrap()).unwrap()))
        .collect();
    let mut stand = BTreeSet::new();
    // A program may be a file of its own.
    for (path, file) in files.iter().filter(|(_, file)| get(file, "cases").is_some()) {
        let cases = items(get(file, "cases")).iter().chain([file]);
        for program in cases.filter_map(|place| get(place, "program")).flat_map(|node| programs(node, path.parent().unwrap())) {
            let mut own = BTreeSet::new();
            words(&program, &mut own);
            stand.extend(own.into_iter().map(str::to_owned));
        }
    }
    let missing: Vec<_> = wanted.difference(&stand).filter(|word| ELSEWHERE.iter().all(|(known, _)| known != word)).collect();
    assert!(missing.is_empty(), "no program of the corpus says {missing:?}");
    for (word, reason) in ELSEWHERE {
        assert!(!stand.contains(word), "a program of the corpus says {word}, of which is said: {reason}");
    }
}

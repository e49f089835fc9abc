//! Dependencies point one way: the arrows between our crates, and what must be nowhere below a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, PackageId};

/// Who depends on whom, by name of package.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Which crates of ours each crate of ours may name in its manifest. The root may name all.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("tessera-proto", &[]),
    ("tessera-contract", &["tessera-proto", "tessera-rules"]),
    ("tessera-rules", &[]),
    ("tessera-ledger", &["tessera-rules"]),
    ("tessera-storage", &[]),
    ("tessera-engine", &["tessera-proto", "tessera-contract", "tessera-rules", "tessera-ledger", "tessera-storage"]),
    ("tessera-till", &["tessera-proto", "tessera-contract"]),
    ("tessera-gateway", &["tessera-proto", "tessera-contract", "tessera-rules"]),
    ("tessera-crm", &["tessera-proto", "tessera-contract", "tessera-rules", "tessera-storage", "tessera-ledger"]),
];

/// The one crate that may use every other.
const ROOT: &str = "tessera";

/// What must be nowhere below a crate, however indirectly, in what it ships.
const NEVER_BELOW: [(&str, &[&str]); 8] = [
    // Pure: no runtime, no wire, no storage, no source of randomness.
    ("tessera-rules", &["tokio", "tonic", "prost", "fjall", "moka", "rand", "getrandom", "tessera-storage"]),
    ("tessera-ledger", &["tokio", "tonic", "prost", "fjall", "moka", "rand", "getrandom", "tessera-storage"]),
    // No I/O of its own; tonic is below it for the shape of an error.
    ("tessera-contract", &["fjall", "moka", "axum", "tessera-storage", "tessera-ledger"]),
    // A table layer without domain words.
    ("tessera-storage", &["tonic", "prost", "jiff", "rust_decimal", "tessera-rules", "tessera-proto"]),
    // A till's library is small: it brings no storage and no rules into a till.
    ("tessera-till", &["fjall", "moka", "tessera-engine", "tessera-storage", "tessera-ledger"]),
    ("tessera-gateway", &["fjall", "moka", "tessera-engine", "tessera-storage", "tessera-ledger"]),
    ("tessera-crm", &["tessera-engine", "tessera-gateway"]),
    // The engine answers gRPC and nothing else: no pages, no command line.
    ("tessera-engine", &["clap", "reqwest", "tessera-gateway", "tessera-till", "tessera-crm"]),
];

/// The arrows of our crates that no row of `MAY_USE` allows.
fn forbidden_arrows(manifests: &Graph) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let ours = |name: &&String| name.as_str() == ROOT || allowed.contains_key(name.as_str());
    let mut found = Vec::new();
    for (from, uses) in manifests.iter().filter(|(from, _)| from.as_str() != ROOT) {
        let Some(may) = allowed.get(from.as_str()) else {
            found.push(format!("{from} has no row in the table of arrows"));
            continue;
        };
        let wrong = uses.iter().filter(ours).filter(|to| !may.contains(&to.as_str()));
        found.extend(wrong.map(|to| format!("{from} -> {to}")));
    }
    found
}

/// What stands below a crate and may not, each with one way down to it.
fn forbidden_below(closure: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (from, never) in NEVER_BELOW {
        let ways = ways_down(closure, from);
        for to in never {
            if let Some(way) = ways.get(*to) {
                found.push(way.join(" -> "));
            }
        }
    }
    found
}

/// Everything below a package, with the first way to it.
fn ways_down(closure: &Graph, from: &str) -> BTreeMap<String, Vec<String>> {
    let mut ways = BTreeMap::from([(from.to_owned(), vec![from.to_owned()])]);
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        let way = ways[&name].clone();
        for next in closure.get(&name).into_iter().flatten() {
            if !ways.contains_key(next) {
                ways.insert(next.clone(), [way.as_slice(), std::slice::from_ref(next)].concat());
                open.push(next.clone());
            }
        }
    }
    ways
}

/// The packages as cargo resolves them for this machine, from what a build has already fetched.
pub(super) fn metadata() -> Metadata {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(version.stdout).unwrap();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let options = ["--locked", "--offline", "--filter-platform", host].map(str::to_owned);
    MetadataCommand::new().features(CargoOpt::AllFeatures).other_options(options).exec().unwrap()
}

/// What the manifests of our crates name, for every kind of use.
fn manifests(metadata: &Metadata) -> Graph {
    let packages = metadata.workspace_packages();
    packages
        .into_iter()
        .map(|package| (package.name.to_string(), package.dependencies.iter().map(|used| used.name.clone()).collect()))
        .collect()
}

/// What is built into what, without what only tests and build scripts use.
fn shipped(metadata: &Metadata) -> Graph {
    let name = |id: &PackageId| metadata[id].name.to_string();
    let mut graph = Graph::new();
    for node in &metadata.resolve.as_ref().expect("cargo resolves").nodes {
        let used = node.deps.iter().filter(|used| used.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        graph.entry(name(&node.id)).or_default().extend(used.map(|used| name(&used.pkg)));
    }
    graph
}

#[test]
fn dependencies_between_our_crates_point_one_way() {
    let found = forbidden_arrows(&manifests(&metadata()));
    assert!(found.is_empty(), "forbidden: {found:#?}\nsee the table of crates in ARCHITECTURE.md");
}

#[test]
fn pure_crates_have_no_runtime_wire_or_storage_anywhere_below_them() {
    let closure = shipped(&metadata());
    assert!(ways_down(&closure, "tessera-engine").contains_key("tokio"), "the graph is not what cargo resolved");
    let found = forbidden_below(&closure);
    assert!(found.is_empty(), "forbidden: {found:#?}");
}

#[test]
fn every_crate_of_the_workspace_has_its_row() {
    let named: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).chain([ROOT]).collect();
    let manifests = manifests(&metadata());
    assert_eq!(manifests.keys().map(String::as_str).collect::<BTreeSet<_>>(), named);
}

fn graph(arrows: &[(&str, &[&str])]) -> Graph {
    arrows.iter().map(|(from, to)| ((*from).to_owned(), to.iter().map(|to| (*to).to_owned()).collect())).collect()
}

#[test]
fn an_invented_arrow_is_noticed() {
    let good: &[&str] = &["tessera-proto", "tonic"];
    for (from, to) in [
        ("tessera-gateway", "tessera-engine"),
        ("tessera-till", "tessera-engine"),
        ("tessera-crm", "tessera-engine"),
        ("tessera-rules", "tessera-storage"),
        ("tessera-storage", "tessera-rules"),
        ("tessera-ledger", "tessera-storage"),
        ("tessera-engine", "tessera"),
    ] {
        let invented = graph(&[("tessera", &["tessera-engine"]), ("tessera-contract", good), (from, &[to, "serde"])]);
        assert_eq!(forbidden_arrows(&invented), [format!("{from} -> {to}")]);
    }
    assert_eq!(forbidden_arrows(&graph(&[("tessera-mail", &[])])), ["tessera-mail has no row in the table of arrows"]);
}

#[test]
fn a_runtime_that_comes_in_by_another_crate_is_noticed_with_its_way() {
    let invented = graph(&[("tessera-rules", &["harmless"]), ("harmless", &["tokio", "harmless"]), ("tokio", &[])]);
    assert_eq!(forbidden_below(&invented), ["tessera-rules -> harmless -> tokio"]);
    assert!(forbidden_below(&graph(&[("tessera-rules", &["jiff"]), ("jiff", &[])])).is_empty());
}

//! Dependencies point one way: the arrows between our crates, and what must be nowhere below a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// Who depends on whom, by name of package.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Which crates of ours each crate of ours may name in its manifest. The root may name all.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("tessera-proto", &[]),
    ("tessera-contract", &["tessera-proto", "tessera-rules"]),
    ("tessera-identity", &[]),
    ("tessera-rules", &[]),
    ("tessera-cases", &["tessera-rules", "tessera-ledger"]),
    ("tessera-ledger", &["tessera-rules"]),
    ("tessera-storage", &[]),
    (
        "tessera-engine",
        &["tessera-proto", "tessera-contract", "tessera-identity", "tessera-rules", "tessera-ledger", "tessera-storage"],
    ),
    ("tessera-till", &["tessera-proto", "tessera-contract", "tessera-identity"]),
    ("tessera-gateway", &["tessera-proto", "tessera-contract", "tessera-identity", "tessera-rules"]),
    (
        "tessera-crm",
        &["tessera-proto", "tessera-contract", "tessera-identity", "tessera-rules", "tessera-storage", "tessera-ledger"],
    ),
    ("tessera-carriers", &["tessera-contract", "tessera-crm"]),
];

/// The one crate that may use every other.
const ROOT: &str = "tessera";

/// What must be nowhere below a crate, however indirectly, in what it ships.
const NEVER_BELOW: [(&str, &[&str]); 10] = [
    // Pure: no runtime, no wire, no storage, no source of randomness.
    ("tessera-rules", &["tokio", "tonic", "prost", "fjall", "moka", "rand", "getrandom", "tessera-storage"]),
    ("tessera-ledger", &["tokio", "tonic", "prost", "fjall", "moka", "rand", "getrandom", "tessera-storage"]),
    ("tessera-cases", &["tokio", "tonic", "prost", "fjall", "moka", "rand", "getrandom", "tessera-storage"]),
    // No I/O of its own; tonic is below it for the shape of an error.
    ("tessera-contract", &["fjall", "moka", "tessera-storage", "tessera-ledger"]),
    // A table layer without domain words.
    ("tessera-storage", &["tonic", "prost", "jiff", "rust_decimal", "tessera-rules", "tessera-proto"]),
    // A till's library is small: it brings no storage and no rules into a till.
    ("tessera-till", &["fjall", "moka", "tessera-engine", "tessera-storage", "tessera-ledger"]),
    ("tessera-gateway", &["fjall", "moka", "tessera-engine", "tessera-storage", "tessera-ledger"]),
    // It sends by what it is given: the libraries of providers stand in a crate of their own.
    ("tessera-crm", &["tessera-engine", "tessera-gateway", "lettre", "hyper-rustls"]),
    ("tessera-carriers", &["tessera-engine", "tessera-gateway"]),
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
fn forbidden_below(package: &str, never: &[&str], closure: &Graph) -> Vec<String> {
    let ways = ways_down(closure, package);
    never.iter().filter_map(|to| ways.get(*to)).map(|way| way.join(" -> ")).collect()
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

/// Our own packages, from what a build has already fetched.
pub(super) fn metadata() -> Metadata {
    let options = ["--locked", "--offline"].map(str::to_owned);
    MetadataCommand::new().no_deps().other_options(options).exec().unwrap()
}

/// What the manifests of our crates name, for every kind of use.
fn manifests(metadata: &Metadata) -> Graph {
    let packages = metadata.workspace_packages();
    packages
        .into_iter()
        .map(|package| (package.name.to_string(), package.dependencies.iter().map(|used| used.name.clone()).collect()))
        .collect()
}

/// What is built into a crate on this machine, without what only tests and build scripts use. `cargo tree` resolves
/// each crate by itself; `cargo metadata` would add what other crates switch on.
fn shipped(package: &str) -> Graph {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments =
        ["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "depth", "--no-dedupe", "--package", package];
    let printed = Command::new(cargo).args(arguments).output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    tree(&String::from_utf8(printed.stdout).unwrap())
}

/// Reads lines such as `2cfg-if v1.0.5`: the depth, a name, a version.
fn tree(printed: &str) -> Graph {
    let mut graph = Graph::new();
    let mut above: Vec<String> = Vec::new();
    for line in printed.lines().filter(|line| !line.is_empty()) {
        let digits = line.find(|char: char| !char.is_ascii_digit()).expect("a name behind the depth");
        let depth: usize = line[..digits].parse().expect("a depth");
        let name = line[digits..].split(' ').next().unwrap_or_default().to_owned();
        above.truncate(depth);
        if let Some(user) = above.last() {
            graph.entry(user.clone()).or_default().insert(name.clone());
        }
        above.push(name);
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
    for (package, never) in NEVER_BELOW {
        let found = forbidden_below(package, never, &shipped(package));
        assert!(found.is_empty(), "forbidden: {found:#?}");
    }
    // The graph is what cargo resolved, and not an empty one.
    assert_eq!(forbidden_below("tessera-engine", &["bytes"], &shipped("tessera-engine")).len(), 1);
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
    let invented = tree("0tessera-rules v0.1.0 (here)\n1serde v1.0.0\n1harmless v1.0.0\n2tokio v1.0.0 (*)\n1jiff v0.2.0\n");
    assert_eq!(forbidden_below("tessera-rules", &["tokio", "fjall"], &invented), ["tessera-rules -> harmless -> tokio"]);
    assert!(forbidden_below("tessera-rules", &["fjall", "tonic"], &invented).is_empty());
}

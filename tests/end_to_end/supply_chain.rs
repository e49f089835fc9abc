//! Where everything that we build comes from, and what our own crates forbid themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::architecture::metadata;
use super::sources::{files, text_of};

/// The packages of a lock file that come neither from the workspace nor from one registry with a checksum.
fn strays(lock: &toml::Table) -> Vec<String> {
    let packages = lock["package"].as_array().unwrap();
    let text = |package: &toml::Value, key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let mut registries: BTreeMap<String, usize> = BTreeMap::new();
    for source in packages.iter().filter_map(|package| text(package, "source")).filter(|source| source.starts_with("registry+")) {
        *registries.entry(source).or_default() += 1;
    }
    let registry = registries.into_iter().max_by_key(|(_, count)| *count).map(|(source, _)| source);
    let mut strays = Vec::new();
    for package in packages {
        let name = text(package, "name").unwrap();
        match text(package, "source") {
            None if name == "tessera" || name.starts_with("tessera-") => {}
            None => strays.push(format!("{name}: from a path")),
            source if source == registry && text(package, "checksum").is_some() => {}
            Some(source) => strays.push(format!("{name}: {source}")),
        }
    }
    strays
}

#[test]
fn h85_every_package_is_ours_or_comes_from_the_one_registry_with_its_checksum() {
    let lock: toml::Table = text_of("Cargo.lock").parse().unwrap();
    assert_eq!(strays(&lock), Vec::<String>::new());
}

#[test]
fn h85_a_package_from_elsewhere_is_noticed() {
    let lock = r#"
        package = [
            { name = "tessera-rules" },
            { name = "good", source = "registry+one", checksum = "00" },
            { name = "good-too", source = "registry+one", checksum = "00" },
            { name = "unsummed", source = "registry+one" },
            { name = "mirror", source = "registry+two", checksum = "00" },
            { name = "fork", source = "git+elsewhere#1" },
            { name = "copied" },
        ]
    "#;
    let wanted = ["unsummed: registry+one", "mirror: registry+two", "fork: git+elsewhere#1", "copied: from a path"];
    assert_eq!(strays(&lock.parse().unwrap()), wanted);
}

#[test]
fn h85_unsafe_code_is_forbidden_in_every_crate_and_none_loosens_the_lints() {
    let root: toml::Table = text_of("Cargo.toml").parse().unwrap();
    assert_eq!(root["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let packages = metadata().workspace_packages().into_iter().cloned().collect::<Vec<_>>();
    assert!(packages.len() >= 10, "only {} crates", packages.len());
    for package in packages {
        let manifest: toml::Table = std::fs::read_to_string(&package.manifest_path).unwrap().parse().unwrap();
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{}: [lints] workspace = true", package.name);
        assert!(package.publish.as_ref().is_some_and(Vec::is_empty), "{}: publish = false", package.name);
    }
}

#[test]
fn h85_the_rules_for_dependencies_are_checked_by_ci() {
    let rules: toml::Table = text_of("deny.toml").parse().unwrap();
    for key in ["unknown-registry", "unknown-git"] {
        assert_eq!(rules["sources"][key].as_str(), Some("deny"), "{key}");
    }
    let ci = text_of(".ci/run");
    assert!(ci.contains("check bans licenses sources"), ".ci/run does not ask cargo-deny");
    assert!(ci.contains("--locked"), ".ci/run does not hold the build to Cargo.lock");
}

#[test]
fn a_crate_with_bans_of_its_own_keeps_the_thresholds_of_all() {
    let read = |path: &str| text_of(path).parse::<toml::Table>().unwrap();
    let thresholds = |page: &toml::Table| -> BTreeMap<String, toml::Value> {
        let own = page.iter().filter(|(key, _)| !key.starts_with("disallowed"));
        own.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let paths = |page: &toml::Table, key: &str| -> BTreeSet<String> {
        let bans = page[key].as_array().unwrap();
        bans.iter()
            .map(|ban| {
                assert!(ban["reason"].as_str().is_some_and(|reason| reason.len() > 10), "{ban}: no reason");
                ban["path"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    let all = read("clippy.toml");
    let own: Vec<_> = files("toml").into_iter().filter(|file| file.path.ends_with("/clippy.toml")).collect();
    assert_eq!(own.len(), 4, "{own:?}");
    for file in own {
        let page = read(&file.path);
        assert_eq!(thresholds(&page), thresholds(&all), "{}", file.path);
        let banned = paths(&page, "disallowed-methods");
        for clock in
            ["std::time::SystemTime::now", "std::time::Instant::now", "jiff::Timestamp::now", "std::collections::HashMap::iter"]
        {
            assert!(banned.contains(clock), "{} does not ban {clock}", file.path);
        }
        assert!(!paths(&page, "disallowed-types").is_empty());
    }
    assert!(!paths(&all, "disallowed-methods").is_empty());
}

//! Tests of the configuration.

use super::*;

pub(super) fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigFaults> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tessera.toml");
    std::fs::write(&path, file).unwrap();
    Config::read(Some(&path), environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())))
}

#[test]
fn the_reference_page_in_deploy_is_the_one_that_the_program_prints_and_it_reads_as_the_defaults() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/tessera.toml");
    let stored = std::fs::read_to_string(&page).unwrap();
    assert_eq!(stored, reference(), "write it anew: tessera config > deploy/tessera.toml");
    let config = read(&stored, &[]).unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::defaults().unwrap()));
}

#[test]
fn the_environment_overrides_the_file() {
    let config =
        read("data = \"here\"\n[listen]\nengine = \"127.0.0.1:1\"", &[("TESSERA_LISTEN_ENGINE", "127.0.0.1:2"), ("HOME", "/x")])
            .unwrap();
    assert_eq!(config.data, PathBuf::from("here"));
    assert_eq!(config.listen_engine.port(), 2);
}

#[test]
fn p11_all_faults_are_told_at_once_with_their_origin() {
    let file = "nonsense = 1\n[listen]\nengin = \"x\"\ngateway = \"nowhere\"\n[store]\ncurrency = \"XXY\"\n[log]\nformat = 1.5";
    let faults = read(file, &[("TESSERA_QUOTE_HOLD_SECONDS", "soon")]).unwrap_err().to_string();
    for part in [
        "6 faults",
        "nonsense",
        "listen.engin",
        "«nowhere»",
        "«XXY»",
        "environment TESSERA_QUOTE_HOLD_SECONDS",
        "log.format",
        "whole number",
    ] {
        assert!(faults.contains(part), "{part} is missing in:\n{faults}");
    }
    let missing = Config::read(Some(Path::new("/nowhere/at/all")), std::iter::empty()).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/at/all"), "{missing}");
}

const KEY: &str = "ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

#[test]
fn people_are_read_with_their_keys_and_roles() {
    let file = format!("[[people]]\nname = \"Anna\"\nkey = \"{KEY}\"\nroles = [\"marketer\", \"approver\"]");
    let config = read(&file, &[]).unwrap();
    let key = tessera_contract::signing::PublicKey::parse(KEY).unwrap();
    assert_eq!(config.people.find(&key).unwrap().name, "Anna");
    assert!(read("", &[]).unwrap().people.is_empty());
}

#[test]
fn p11_each_fault_of_a_person_is_told_with_its_place() {
    let person = |rest: &str| format!("[[people]]\nname = \"Anna\"\nkey = \"{KEY}\"\nroles = [\"marketer\"]\n{rest}");
    let table = [
        ("people = \"Anna\"".to_owned(), "must be a list"),
        ("[[people]]\nname = 7\nkey = \"x\"\nroles = [\"boss\"]".to_owned(), "people[1].name"),
        ("[[people]]\nname = 7\nkey = \"x\"\nroles = [\"boss\"]".to_owned(), "people[1].key"),
        ("[[people]]\nname = 7\nkey = \"x\"\nroles = [\"boss\"]".to_owned(), "people[1].roles"),
        (person("colour = \"red\""), "people[1].colour"),
        (person(&person("")), "stands twice"),
    ];
    for (file, expected) in table {
        let faults = read(&file, &[]).unwrap_err().to_string();
        assert!(faults.contains(expected), "{expected} is missing in:\n{faults}");
    }
}

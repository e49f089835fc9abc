//! When a pack decides, and what of it is believed from a disk.

use std::fs;

use tempfile::TempDir;
use tessera_contract::pack::{PackContent, PackHash, PackHead, stores_hash};
use tessera_contract::signing::PrivateKey;
use tessera_rules::revision::Source;

use super::*;

const PROGRAM: &str = "program: p\nlanguage: 1\nname: P\ncurrency: EUR\ncampaigns: [{id: ten, name: Ten, percent_off: 10}]\n";

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[3; 32])
}

fn config(folder: &TempDir) -> PackConfig {
    let stores = vec![StoreId::parse("S1").unwrap()];
    PackConfig { folder: folder.path().join("pack"), key: key().public(), stores, age_max: Duration::from_secs(3_600) }
}

fn content(percent: u32) -> Bytes {
    let text = PROGRAM.replace("10", &percent.to_string());
    PackContent { sources: vec![Source { name: "p.yaml".into(), text }], products: Vec::new() }.encode()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn head(pack: PackHash) -> PackHead {
    let stores = stores_hash(&[StoreId::parse("S1").unwrap()]);
    PackHead { pack, revision: 7, catalogue: 2, stores, stated_at: at(0), valid_until: at(7_200) }
}

fn kept(config: &PackConfig, percent: u32) -> SignedPackHead {
    let content = content(percent);
    let signed = head(PackContent::hash_of(&content)).signed(&key());
    disk::keep_content(config, signed.head.pack, &content).unwrap();
    disk::keep_head(config, &signed).unwrap();
    signed
}

#[test]
fn a_pack_decides_while_it_is_young_and_good_and_the_clock_can_be_believed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    kept(&config, 10);
    let shelf = Shelf::new(config.clone(), None, TimeOfDay::default());
    assert_eq!(shelf.usable(at(1)).unwrap_err(), Unusable::None);
    shelf.hold(disk::load(&config).unwrap().unwrap());
    let table = [
        (-3_601, Err(Unusable::Clock)),
        (-3_600, Ok(())),
        (0, Ok(())),
        (3_600, Ok(())),
        (3_601, Err(Unusable::TooOld)),
        (7_200, Err(Unusable::Ended)),
    ];
    for (seconds, expected) in table {
        assert_eq!(shelf.usable(at(seconds)).map(drop), expected, "{seconds}");
        let status = shelf.status(at(seconds));
        assert_eq!(status.unusable_reason.is_empty(), expected.is_ok(), "{seconds}");
        assert_eq!((status.revision, status.catalogue, status.campaign_count), (7, 2, 1));
    }
}

#[test]
fn what_is_kept_is_there_after_a_restart_and_only_the_last_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    assert!(disk::load(&config).unwrap().is_none());
    kept(&config, 10);
    let second = kept(&config, 20);
    let held = disk::load(&config).unwrap().unwrap();
    assert_eq!(held.signed, second);
    let mut names: Vec<_> = fs::read_dir(&config.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    // A word on the same pack takes the place of the one before.
    let later = PackHead { stated_at: at(60), ..second.head }.signed(&key());
    disk::keep_head(&config, &later).unwrap();
    assert_eq!(disk::load(&config).unwrap().unwrap().signed, later);
}

#[test]
fn h72_what_no_engine_signed_for_these_stores_is_not_believed_from_a_disk_either() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let signed = kept(&config, 10);
    let elsewhere = PackConfig { stores: vec![StoreId::parse("S2").unwrap()], ..config.clone() };
    assert!(disk::load(&elsewhere).is_err(), "of other stores");
    let others = PackConfig { key: PrivateKey::from_seed(&[4; 32]).public(), ..config.clone() };
    assert!(disk::load(&others).is_err(), "of another key");

    let file = config.folder.join(format!("{}.pack", signed.head.pack));
    let whole = fs::read(&file).unwrap();
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&file, damaged).unwrap();
        assert!(disk::load(&config).is_err(), "byte {place}");
    }
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert!(disk::load(&config).is_err(), "cut");
    fs::write(&file, whole).unwrap();
    assert!(disk::load(&config).unwrap().is_some());
    let head = config.folder.join("head");
    fs::write(&head, fs::read_to_string(&head).unwrap().replace("revision: 7", "revision: 8")).unwrap();
    assert!(disk::load(&config).is_err(), "a head that was changed");
    fs::write(&head, vec![b'x'; 1 << 20]).unwrap();
    assert!(disk::load(&config).is_err(), "no head");
}

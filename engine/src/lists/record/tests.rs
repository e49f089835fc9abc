//! Who is on a list after loads in any sequence, against a slow twin that keeps a set for each version.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tessera_rules::id::SegmentId;

use super::super::membership::{Memberships, Said};
use super::*;

const CUSTOMERS: usize = 5;

/// What somebody does with the list.
#[derive(Clone, Debug)]
enum Act {
    /// Loads customers, and puts the load in force where it says so; else it is left.
    Load {
        mode: Mode,
        who: BTreeSet<usize>,
        finished: bool,
    },
    Undo,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let mode = prop_oneof![2 => Just(Mode::Replace), 4 => Just(Mode::Add), 3 => Just(Mode::Remove)];
    let who = prop::collection::btree_set(0..CUSTOMERS, 0..=CUSTOMERS);
    let load = (mode, who, prop::bool::weighted(0.8)).prop_map(|(mode, who, finished)| Act::Load { mode, who, finished });
    prop::collection::vec(prop_oneof![3 => load, 1 => Just(Act::Undo)], 1..40)
}

fn content(place: usize) -> [u8; 32] {
    *blake3::hash(&place.to_le_bytes()).as_bytes()
}

/// Carries a load out as the engine does: row after row, then the record.
fn load(
    record: &mut ListRecord,
    people: &mut [Memberships],
    place: usize,
    (mode, who, finished): (Mode, &BTreeSet<usize>, bool),
) {
    let list = SegmentId::parse("l").unwrap();
    let rows = u64::try_from(who.len()).unwrap();
    let Begun::New { number } = record.begin(mode, (content(place), rows), Timestamp::UNIX_EPOCH, "").unwrap() else {
        panic!("each load has a content of its own")
    };
    let mut change = Change::default();
    for customer in who {
        let known = &mut people[*customer];
        let was = known.on(&list, &record.in_force(), Timestamp::UNIX_EPOCH).is_some();
        *if was { &mut change.listed } else { &mut change.others } += 1;
        known.say(&list, record, Said { number, row: 1, on: mode != Mode::Remove, until: None });
    }
    record.took(number, rows, change).unwrap();
    if finished {
        assert!(record.finish(number, Timestamp::UNIX_EPOCH).unwrap());
        assert!(!record.finish(number, Timestamp::UNIX_EPOCH).unwrap(), "a repeat changes nothing");
    }
}

proptest! {
    #[test]
    fn whoever_is_on_a_list_is_on_it_after_loads_and_undoing_in_any_sequence(acts in acts()) {
        let list = SegmentId::parse("l").unwrap();
        let (mut record, mut people) = (ListRecord::default(), vec![Memberships::default(); CUSTOMERS]);
        // The twin: who is on it with each version that can be gone back to.
        let mut sets: Vec<BTreeSet<usize>> = vec![BTreeSet::new()];
        for (place, act) in acts.iter().enumerate() {
            match act {
                Act::Load { mode, who, finished } => {
                    load(&mut record, &mut people, place, (*mode, who, *finished));
                    let now = sets.last().unwrap();
                    let next = match mode {
                        Mode::Replace => who.clone(),
                        Mode::Add => now | who,
                        Mode::Remove => now - who,
                    };
                    if *finished {
                        sets.push(next);
                        if sets.len() > VERSIONS_KEPT + usize::from(!record.has_older) {
                            sets.remove(0);
                        }
                    }
                }
                Act::Undo => {
                    let newest = record.versions.last().map_or(1, |load| load.number);
                    match record.undo(newest) {
                        Ok(true) => {
                            sets.pop();
                        }
                        refused => prop_assert!(refused != Ok(true) && sets.len() == 1, "{refused:?}"),
                    }
                }
            }
            let encoded = record.encode().unwrap();
            prop_assert_eq!(ListRecord::decode(&encoded), Some(record.clone()));
            let on: BTreeSet<usize> = (0..CUSTOMERS)
                .filter(|who| people[*who].on(&list, &record.in_force(), Timestamp::UNIX_EPOCH).is_some())
                .collect();
            prop_assert_eq!(&on, sets.last().unwrap());
            prop_assert_eq!(record.members(), u64::try_from(on.len()).unwrap());
        }
    }
}

#[test]
fn numbers_that_do_not_count_are_kept_as_stretches() {
    let mut dead = Dead::default();
    for number in [5, 3, 9, 4, 10, 5, 1] {
        dead.bury(number);
    }
    assert_eq!((1..=10).filter(|number| dead.has(*number)).collect::<Vec<_>>(), [1, 3, 4, 5, 9, 10]);
    assert!(dead.0.len() <= 4, "{dead:?}");
}

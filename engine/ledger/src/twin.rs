//! Random histories of one account against a slow reference of its lots, holds, coupons, prizes and tickets: quotes,
//! settles, voids, returns, prizes, closed days, and time, which ends holds, lots and coupons. Each message comes twice,
//! and any earlier one may come again.
//!
//! An episode is one account and some receipts; it ends before the account must forget anything.

mod plan;
mod reference;
mod world;

use std::collections::BTreeSet;

use plan::{Message, Plan, Random};
use world::{Corner, World};

/// Receipts of an episode.
const RECEIPTS: usize = 24;
/// Operations of an episode at most.
const EPISODE: u64 = 250;
/// One time in so many an earlier message comes again.
const AGAIN: i64 = 6;

/// Runs at least so many operations and says which corners they reached. A failure prints the seed of its episode,
/// with which it comes again.
#[expect(clippy::print_stdout, reason = "shown only where the run fails: the seed by which it comes again")]
fn run(seed: u64, operations: u64) -> BTreeSet<Corner> {
    let (mut done, mut episode) = (0, seed);
    let mut reached = BTreeSet::new();
    while done < operations {
        println!("seed {episode}");
        done += play(episode, &mut reached);
        episode += 1;
    }
    reached
}

/// One episode; returns how many operations it had.
fn play(seed: u64, reached: &mut BTreeSet<Corner>) -> u64 {
    let random = &mut Random(seed);
    let mut world = World::new((0..RECEIPTS).map(|_| Plan::random(random)).collect());
    let mut sent: Vec<Message> = Vec::new();
    for operation in 0..EPISODE {
        if world.is_nearly_full() {
            reached.append(&mut world.reached);
            return operation;
        }
        let again = !sent.is_empty() && random.one_in(AGAIN);
        let message = if again {
            let count = i64::try_from(sent.len()).unwrap();
            sent[usize::try_from(random.below(count)).unwrap()].clone()
        } else {
            Message::random(random, RECEIPTS, sent.len())
        };
        world.deliver(&message);
        world.check();
        if !matches!(message, Message::Pass { .. }) {
            let before: Vec<_> = world.outcomes().into_iter().cloned().collect();
            world.deliver(&message);
            world.check();
            assert!(world.outcomes().into_iter().eq(&before), "p2: {message:?} twice is once");
        }
        sent.push(message);
    }
    reached.append(&mut world.reached);
    let bytes = world.account.encode();
    assert_eq!(crate::account::Account::decode(&bytes), Ok(world.account));
    EPISODE
}

/// `TESSERA_OPERATIONS=10000000 TESSERA_SEED=1 cargo test --release -p tessera-ledger slow_reference` runs longer.
#[test]
fn p2_p4_p5_p6_hold_in_random_histories_against_a_slow_reference_of_the_whole_account() {
    #[expect(clippy::disallowed_methods, reason = "how long a run by hand lasts is an argument of the run")]
    let number = |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let operations = number("TESSERA_OPERATIONS", 20_000);
    let reached = run(number("TESSERA_SEED", 1), operations);
    assert!(operations < 20_000 || reached.len() == 19, "the histories reach their corners, not only {reached:?}");
}

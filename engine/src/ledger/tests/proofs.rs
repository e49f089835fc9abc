//! Whatever is changed in a storage by hand is found by the proof.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use tessera_ledger::account::Account;
use tessera_ledger::day::LedgerDay;
use tessera_proto::billing::v1;
use tessera_rules::money::Units;
use tessera_storage::{Commit, MemoryStorage, Partition, Row, Storage as _};

use super::super::LedgerError;
use super::super::verify::verify;
use super::{DAY, FIRST, close_all, rig, sale};
use crate::clock::Clock as _;
use crate::layout;
use crate::testing::*;

async fn commit(storage: &MemoryStorage, partition: Partition, head: Option<&[u8]>, rows: Vec<Row>) {
    let known = storage.head(&partition).await.unwrap().unwrap();
    let feed_kinds = if rows.iter().any(|row| row.key.kind == layout::OUTCOME) { vec![layout::OUTCOME] } else { Vec::new() };
    let commit = Commit {
        partition,
        expected: known.version,
        head: head.map_or(known.value, Bytes::copy_from_slice),
        rows,
        claims: Vec::new(),
        hints: Vec::new(),
        deltas: Vec::new(),
        feed_kinds,
    };
    storage.commit(commit).await.unwrap();
}

/// Puts another account under a key.
pub(super) async fn overwrite(rig: &Rig, key: &[u8], head: &[u8]) {
    let partition = Partition { space: layout::ACCOUNTS, key: Bytes::copy_from_slice(key) };
    commit(&rig.storage, partition, Some(head), Vec::new()).await;
}

async fn sold() -> Rig {
    let rig = rig().await;
    rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
    rig.pass(DAY);
    rig.settle(unquoted(sale(&rig, "B", Some("1001"), 20))).await.unwrap();
    close_all(&rig).await;
    rig
}

async fn findings(rig: &Rig) -> Vec<String> {
    let verified = verify(rig.storage.as_ref(), 2, |_| {}).await.unwrap();
    assert_eq!(verified.findings_total, u64::try_from(verified.findings.len()).unwrap());
    verified.findings.iter().map(ToString::to_string).collect()
}

async fn account(rig: &Rig) -> (Bytes, Account) {
    let (key, head) = rig.storage.heads(layout::ACCOUNTS, None, 1).await.unwrap().remove(0);
    (key, Account::decode(&head.value).unwrap())
}

#[tokio::test]
async fn p5_an_account_that_is_not_what_its_postings_left_is_named_with_the_lot() {
    type Change = fn(&mut Account);
    let cases: [(Change, &str); 4] = [
        (|account| account.lots[0].left = Units::from_units(49), "has 49 left, its postings leave 50"),
        (|account| drop(account.lots.remove(0)), "1 more lots than the account has"),
        (|account| account.lots[0].id.place = 9, "is in no posting"),
        (|account| account.lots[0].expires_at = account.lots[1].expires_at, "ends at another time"),
    ];
    for (change, text) in cases {
        let rig = sold().await;
        assert_eq!(findings(&rig).await, Vec::<String>::new());
        let (key, mut changed) = account(&rig).await;
        change(&mut changed);
        changed.lots.sort_by(tessera_ledger::lot::spending_order);
        overwrite(&rig, &key, &changed.encode()).await;
        let found = findings(&rig).await;
        assert!(found.iter().any(|finding| finding.contains(text)), "{text}: {found:?}");
        assert!(found.iter().all(|finding| finding.starts_with("account ")), "{found:?}");
    }
}

#[tokio::test]
async fn p5_an_account_that_is_gone_or_cannot_be_read_is_named() {
    let rig = sold().await;
    let (key, _) = account(&rig).await;
    overwrite(&rig, &key, b"\x01rotten").await;
    let found = findings(&rig).await;
    assert!(found.len() == 1 && found[0].starts_with("account "), "{found:?}");
}

#[tokio::test]
async fn p5_outcomes_that_do_not_balance_or_overdraw_a_lot_are_named() {
    type Change = fn(&mut v1::Outcome);
    let cases: [(Change, &str); 3] = [
        (|outcome| outcome.postings[0].units += 1, "do not sum to zero"),
        (|outcome| outcome.postings.iter_mut().for_each(|posting| posting.units *= -1), "overdrawn"),
        (|outcome| outcome.format = 2, "format"),
    ];
    for (change, text) in cases {
        let rig = sold().await;
        let (key, _) = account(&rig).await;
        let partition = Partition { space: layout::ACCOUNTS, key };
        let row = layout::outcome_row("B");
        let stored = rig.storage.row(&partition, &row).await.unwrap().unwrap();
        let mut outcome = v1::Outcome::decode(stored).unwrap();
        change(&mut outcome);
        outcome.postings.iter_mut().for_each(|posting| posting.units *= 2);
        commit(&rig.storage, partition, None, vec![Row { key: row, value: Bytes::from(outcome.encode_to_vec()) }]).await;
        let found = findings(&rig).await;
        assert!(found.iter().any(|finding| finding.starts_with("outcome B") && finding.contains(text)), "{text}: {found:?}");
    }
}

#[tokio::test]
async fn h31_a_day_whose_outcomes_cannot_be_trusted_is_not_closed_however_often_it_is_tried() {
    type Change = fn(&mut v1::Outcome);
    type Wanted = fn(&LedgerError) -> bool;
    let cases: [(Change, Wanted); 2] = [
        (
            |outcome| outcome.postings[0].units += 1,
            |error| matches!(error, LedgerError::Broken(tessera_ledger::day::BrokenDay::Balance { date: FIRST, .. })),
        ),
        (|outcome| outcome.format = 2, |error| matches!(error, LedgerError::Unreadable { .. })),
    ];
    for (change, wanted) in cases {
        let rig = rig().await;
        rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
        let (key, _) = account(&rig).await;
        let partition = Partition { space: layout::ACCOUNTS, key };
        let row = layout::outcome_row("A");
        let stored = rig.storage.row(&partition, &row).await.unwrap().unwrap();
        let mut outcome = v1::Outcome::decode(stored).unwrap();
        change(&mut outcome);
        commit(&rig.storage, partition, None, vec![Row { key: row, value: Bytes::from(outcome.encode_to_vec()) }]).await;
        rig.pass(DAY);
        for _ in 0..2 {
            let refused = rig.engine.close_day(rig.clock.now()).await.unwrap_err();
            assert!(wanted(&refused), "{refused}");
        }
        assert_eq!(rig.engine.closed_through().await, None);
    }
}

#[tokio::test]
async fn a_closed_day_that_was_changed_is_named_and_stops_the_next_start() {
    type Change = fn(&mut LedgerDay);
    let cases: [(Change, &str); 3] = [
        (|day| day.outcomes += 1, "the day says 2 outcomes"),
        (|day| day.content[0] ^= 1, "other bytes"),
        (|day| day.held[0].units += 1, "not what was held before"),
    ];
    for (change, text) in cases {
        let rig = sold().await;
        let mut day = super::super::book::closed_day(rig.storage.as_ref(), FIRST).await.unwrap().unwrap();
        change(&mut day);
        let row = Row { key: layout::day_row(FIRST), value: Bytes::from(day.encode()) };
        commit(&rig.storage, layout::ledger_days(), None, vec![row]).await;
        let found = findings(&rig).await;
        assert!(found.iter().any(|finding| finding.contains(text)), "{text}: {found:?}");
        let shared: Arc<dyn tessera_storage::Storage> = Arc::<MemoryStorage>::clone(&rig.storage);
        let clock: Arc<dyn crate::clock::Clock> = Arc::<crate::clock::ManualClock>::clone(&rig.clock);
        let opened = crate::Engine::open(shared, clock, crate::keys::Keys::for_replay(), settings()).await;
        assert!(matches!(opened, Err(crate::OpenError::Ledger(_))), "the newest day is not the one that was closed");
    }
}

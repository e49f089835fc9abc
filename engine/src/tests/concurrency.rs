//! Many at once: one account, one receipt, two engines on one storage.

use std::sync::Arc;

use super::super::testing::*;
use crate::layout;
use tessera_proto::billing::v1;
use tessera_storage::{MemoryStorage, Storage as _};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_p2_copies_of_one_settle_at_once_are_one_outcome() {
    let rig = Arc::new(Rig::new().await);
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let rig = Arc::clone(&rig);
        tasks.spawn(async move {
            rig.settle(unquoted(receipt("A", Some("1001"), vec![line("1", "SOCKS", 1, 500)]))).await.unwrap().outcome.unwrap()
        });
    }
    let outcomes: Vec<v1::Outcome> = tasks.join_all().await;
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
    assert_eq!(rig.outcomes().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_two_engines_on_one_storage_give_each_receipt_one_outcome_and_lose_no_point() {
    let storage = Arc::new(MemoryStorage::with_claims_first(&layout::SPACES));
    let rigs = [
        Arc::new(Rig::over(Arc::clone(&storage), settings()).await),
        Arc::new(Rig::over(Arc::clone(&storage), settings()).await),
    ];
    let mut tasks = JoinSet::new();
    for number in 0..60 {
        for rig in &rigs {
            let rig = Arc::clone(rig);
            tasks.spawn(async move {
                let goods = receipt(&format!("R{number}"), Some("1001"), vec![line("1", "OTHER", 1, 500)]);
                // An unknown outcome is resolved by repeating the same id.
                for _ in 0..20 {
                    match rig.settle(unquoted(goods.clone())).await {
                        Ok(settled) => return settled.outcome.unwrap(),
                        Err(status) => assert_eq!(reason(&status), v1::ErrorReason::OutcomeUnknown),
                    }
                }
                panic!("never settled");
            });
        }
    }
    let mut outcomes: Vec<v1::Outcome> = tasks.join_all().await;
    outcomes.sort_by(|a, b| a.receipt_id.cmp(&b.receipt_id));
    assert!(outcomes.chunks(2).all(|pair| pair[0] == pair[1]), "both engines answer the same bytes");
    assert_eq!(rigs[0].outcomes().await.len(), 60);
    // The account of the storage, not of a cache.
    let fresh = Rig::over(storage, settings()).await;
    assert_eq!(fresh.points("1001").await, 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h39_receipts_without_a_customer_never_share_an_aggregate() {
    let rig = Arc::new(Rig::new().await);
    let mut tasks = JoinSet::new();
    for number in 0..300 {
        let rig = Arc::clone(&rig);
        tasks.spawn(async move { rig.sell(receipt(&format!("R{number}"), None, vec![line("1", "SOCKS", 1, 500)])).await });
    }
    tasks.join_all().await;
    assert_eq!(rig.outcomes().await.len(), 300);
    assert!(rig.storage.heads(layout::ACCOUNTS, None, 10).await.unwrap().is_empty(), "no account was made for them");
    let receipts = rig.storage.heads(layout::RECEIPTS, None, 1_000).await.unwrap();
    assert!(receipts.iter().all(|(_, head)| head.version.0 == 1), "each was written once, by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h39_a_crowded_account_is_refused_early_and_every_receipt_that_was_taken_is_there() {
    let mut crowded = settings();
    crowded.queues.waiting_max = 4;
    crowded.queues.batch_max = 2;
    let rig = Arc::new(Rig::over(Arc::new(MemoryStorage::new(&layout::SPACES)), crowded).await);
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let rig = Arc::clone(&rig);
        tasks.spawn(async move {
            rig.settle(unquoted(receipt(&format!("R{number}"), Some("1001"), vec![line("1", "OTHER", 1, 100)]))).await
        });
    }
    let answers = tasks.join_all().await;
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(reason(refused), v1::ErrorReason::TooManyWaiting);
    }
    assert_eq!(rig.outcomes().await.len(), taken);
    assert_eq!(rig.points("1001").await, i64::try_from(taken).unwrap());
}

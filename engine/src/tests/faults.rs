//! Faults behind the engine: a storage that says nothing, says no, or has rotten bytes.

use std::future::{Future as _, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use super::super::testing::*;
use crate::layout;
use bytes::Bytes;
use tessera_proto::billing::v1;
use tessera_storage::{Commit, Fault, Head, MemoryStorage, Storage as _};

async fn plain() -> Rig {
    Rig::over(Arc::new(MemoryStorage::new(&layout::SPACES)), settings()).await
}

fn goods(id: &str) -> v1::SettleRequest {
    unquoted(receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 500)]))
}

#[tokio::test]
async fn h13_a_commit_of_unknown_fate_is_resolved_by_looking_for_the_receipt() {
    for fault in [Fault::UnknownAfterApplying, Fault::UnknownBeforeApplying] {
        let rig = plain().await;
        rig.storage.inject(1, fault);
        let settled = rig.settle(goods("A")).await.unwrap();
        assert_eq!(settled.status(), v1::SettleStatus::Committed, "{fault:?}");
        assert_eq!(rig.outcomes().await.len(), 1, "{fault:?}");
        assert_eq!(rig.points("1001").await, 5, "{fault:?}");
    }
}

#[tokio::test]
async fn h4_a_storage_that_is_busy_or_away_is_an_error_once_and_the_same_id_goes_through_later() {
    for (fault, expected) in
        [(Fault::Busy, v1::ErrorReason::TooManyWaiting), (Fault::Unavailable, v1::ErrorReason::StorageStopped)]
    {
        let rig = plain().await;
        rig.storage.inject(1, fault);
        assert_eq!(reason(&rig.settle(goods("A")).await.unwrap_err()), expected);
        assert!(!rig.settle(goods("A")).await.unwrap().repeated_before);
        assert_eq!(rig.outcomes().await.len(), 1);
    }
}

#[tokio::test]
async fn h31_a_broken_account_is_set_aside_and_every_other_goes_on() {
    let rig = plain().await;
    rig.settle(goods("A")).await.unwrap();
    let (key, Head { version, .. }) = rig.storage.heads(layout::ACCOUNTS, None, 1).await.unwrap().remove(0);
    let rotten =
        Commit::of_head(tessera_storage::Partition { space: layout::ACCOUNTS, key }, version, Bytes::from_static(b"\x01rotten"));
    rig.storage.commit(rotten).await.unwrap();
    // Another engine, which has not seen the account yet.
    let rig = Rig::over(Arc::clone(&rig.storage), settings()).await;
    assert_eq!(reason(&rig.settle(goods("B")).await.unwrap_err()), v1::ErrorReason::AccountQuarantined);
    assert_eq!(
        reason(&rig.quote(quote(receipt("C", Some("1001"), vec![line("1", "OTHER", 1, 500)]))).await.unwrap_err()),
        v1::ErrorReason::AccountQuarantined
    );
    let other = receipt("D", Some("2002"), vec![line("1", "OTHER", 1, 500)]);
    assert_eq!(rig.sell(other).await.status(), v1::SettleStatus::Committed);
}

#[tokio::test]
async fn h14_a_caller_who_hangs_up_at_any_await_does_not_cut_a_commit_in_half() {
    for polls in 0..12 {
        let rig = plain().await;
        {
            let mut call = Box::pin(rig.settle(goods("A")));
            for _ in 0..polls {
                if poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready())).await {
                    break;
                }
                tokio::task::yield_now().await;
            }
            // Dropped here, as tonic drops a handler at the deadline.
        }
        let settled = rig.settle(goods("A")).await.unwrap();
        assert_eq!(settled.status(), v1::SettleStatus::Committed, "after {polls} polls");
        assert_eq!(rig.outcomes().await.len(), 1, "after {polls} polls");
        assert_eq!(rig.points("1001").await, 5, "after {polls} polls");
    }
}

#[tokio::test]
async fn a_stopped_storage_is_said_to_be_one() {
    let rig = plain().await;
    rig.storage.close().await.unwrap();
    assert_eq!(reason(&rig.settle(goods("A")).await.unwrap_err()), v1::ErrorReason::StorageStopped);
}

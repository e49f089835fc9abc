//! What the mirror keeps of whoever was merged into another customer, or was forgotten: searched in every head and row.

use tessera_proto::billing::v1::{FollowUp, FollowUpKind};
use tessera_storage::Partition;

use super::super::layout::KINDS;
use super::*;

/// A sale of an account that says something of a customer by every means that a card has.
fn telling(id: &str, customer: &str) -> Outcome {
    Outcome {
        customer_id: customer.to_owned(),
        rewards: vec![coupon(&format!("planted-{id}")), prize(PrizeState::Due)],
        recorded_answers: vec![RecordedAnswer {
            fact_id: "pet".to_owned(),
            customer_id: customer.to_owned(),
            ..RecordedAnswer::default()
        }],
        ..outcome(id, "2026-03-01", "S1", Vec::new())
    }
}

fn of_kind(id: &str, kind: OutcomeKind, customer: &str) -> Outcome {
    Outcome { kind: i32::from(kind), customer_id: customer.to_owned(), ..outcome(id, "2026-03-02", "S1", Vec::new()) }
}

/// Two accounts of one person: the one is merged into the other, goods of the one come back there, both are forgotten.
fn life_of_two() -> Vec<FollowResponse> {
    let merge = FollowUp {
        follow_up_id: "m#0".to_owned(),
        kind: i32::from(FollowUpKind::Merge),
        target_account_id: "a-2".to_owned(),
        ..FollowUp::default()
    };
    let merged = Outcome { follow_ups: vec![merge], ..of_kind("m", OutcomeKind::Adjustment, "c-1") };
    let arrived = Outcome { outcome_id: "m#0".to_owned(), ..of_kind("m", OutcomeKind::FollowUp, "") };
    let steps = [
        ("a-1", telling("r1", "c-1")),
        ("a-2", telling("r2", "c-2")),
        ("a-1", merged),
        ("a-2", arrived),
        ("a-2", of_kind("back", OutcomeKind::Return, "c-1")),
        ("a-2", of_kind("x", OutcomeKind::Erasure, "c-2")),
    ];
    let mut feed = Vec::new();
    for (sequence, (account, outcome)) in (1_u64..).zip(steps) {
        let response = made::responses(account, [outcome]).remove(0);
        let cursor = bytes::Bytes::from(sequence.to_be_bytes().to_vec());
        feed.push(FollowResponse { sequence, account_version: sequence, cursor, ..response });
    }
    feed
}

/// Heads and rows that hold these letters, by their space.
async fn places(storage: &MemoryStorage, planted: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let holds = |value: &[u8]| value.windows(planted.len()).any(|window| window == planted.as_bytes());
    for space in SPACES {
        for (key, head) in storage.heads(space, None, 1_000).await.unwrap() {
            let mut values = vec![head.value];
            for kind in KINDS {
                let rows = storage.rows(&Partition { space, key: key.clone() }, kind, None, 1_000).await.unwrap();
                values.extend(rows.into_iter().map(|row| row.value));
            }
            found.extend(values.iter().filter(|value| holds(value)).map(|_| space.0));
        }
    }
    found
}

#[tokio::test]
async fn h80_a_card_tells_nothing_of_who_was_forgotten_and_nothing_of_who_was_merged_into_another() {
    let feed = life_of_two();
    let before = folded(&feed[..5], 1).await;
    let reader = Reader::new(before.clone());
    let gone = reader.card("a-1").await.unwrap().unwrap();
    assert_eq!((gone.visits, gone.coupons.len(), gone.facts.len(), gone.prizes.len()), (0, 0, 0, 0));
    assert_eq!((gone.spent_minor.len(), gone.first_sold_at, gone.customers), (0, None, vec!["c-1".to_owned()]));
    let stayed = reader.card("a-2").await.unwrap().unwrap();
    assert_eq!((stayed.visits, stayed.returns, stayed.coupons.len()), (1, 1, 1));
    assert_eq!(stayed.customers, ["c-2"], "goods of the one who is gone came back to them");
    assert!(places(&before, "planted-r2").await.contains(&"mirror_cards"));
    let after = folded(&feed, 1).await;
    let forgotten = Reader::new(after.clone()).card("a-2").await.unwrap().unwrap();
    assert_eq!(
        forgotten,
        Card { folded: forgotten.folded, account_version: 6, customers: vec!["c-2".to_owned()], ..Card::default() }
    );
    for planted in ["planted-r1", "planted-r2", "pet"] {
        let found = places(&after, planted).await;
        assert!(!found.contains(&"mirror_cards") && !found.contains(&"mirror_customers"), "{planted}: {found:?}");
    }
    let again = folded(&feed, 2).await;
    assert_eq!(compare(&*after, &*again).await.unwrap().difference, None, "p9");
}

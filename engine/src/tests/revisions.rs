//! Revisions change while tills call: no call fails, and each is answered under what was in force for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tessera_contract::convert::{timestamp_from_wire, timestamp_to_wire};
use tessera_proto::billing::v1;
use tessera_rules::revision::Source;
use tessera_storage::MemoryStorage;
use tokio::task::JoinSet;

use super::super::testing::*;
use crate::clock::Clock as _;
use crate::engine::Call;
use crate::layout;
use crate::programs::{Authority, Draft, IN_MEMORY_MAX};
use tessera_contract::refusal::Refusal;

/// Revisions that are published while the tills call.
const ROUNDS: u64 = 20;
/// Tills that quote and settle all the while.
const TILLS: u64 = 4;

fn draft(round: u64, starts: Option<Timestamp>) -> Draft {
    let text = PROGRAM.replace("percent_off: 10", &format!("percent_off: {}", round + 10));
    Draft { sources: vec![Source { name: "club.yaml".to_owned(), text }], starts, note: String::new() }
}

/// What a call was answered under, and at what time.
struct Answered {
    at: Timestamp,
    revision: u64,
}

/// Publishes in turn at once and with a start, and lets the clock come to it.
async fn publish_all(rig: &Rig, calls: &AtomicU64) {
    for round in 1..=ROUNDS {
        called_upon(calls).await;
        let next = rig.clock.now().checked_add(Duration::from_secs(60)).unwrap();
        if round % 2 == 0 {
            rig.clock.set(next);
            rig.engine.programs().publish_draft(&draft(round, None), Authority::Nobody).await.unwrap();
        } else {
            rig.engine.programs().publish_draft(&draft(round, Some(next)), Authority::Nobody).await.unwrap();
            rig.clock.set(next);
        }
        assert!(rig.engine.programs().compiled().len() <= IN_MEMORY_MAX);
    }
    called_upon(calls).await;
}

/// Waits until every till has begun and ended a round of calls: what is in force was called upon.
async fn called_upon(calls: &AtomicU64) {
    let called = calls.load(Ordering::Relaxed);
    while calls.load(Ordering::Relaxed) < called + 3 * TILLS {
        tokio::task::yield_now().await;
    }
}

/// Keeps one quote open for as long as others come and go, and settles every other one without a quote.
async fn trade(rig: Arc<Rig>, till: u64, calls: Arc<AtomicU64>, done: Arc<AtomicBool>) -> Vec<Answered> {
    let mut answered = Vec::new();
    let mut open: Vec<(v1::Receipt, v1::QuoteResponse)> = Vec::new();
    for number in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let card = format!("{}", 1_000 + till);
        let goods = |id: String| {
            let mut goods = receipt(&id, Some(&card), vec![line("1", "SOCKS", 1, 500)]);
            goods.sold_at = Some(timestamp_to_wire(rig.clock.now()));
            goods
        };
        let quoted = goods(format!("Q{till}/{number}"));
        let answer = rig.quote(quote(quoted.clone())).await.expect("no quote fails");
        let at = timestamp_from_wire(answer.quoted_at.as_ref().unwrap()).unwrap();
        answered.push(Answered { at, revision: answer.answer.as_ref().unwrap().revision });
        open.push((quoted, answer));
        let paid = goods(format!("P{till}/{number}"));
        let at = timestamp_from_wire(paid.sold_at.as_ref().unwrap()).unwrap();
        let settled = rig.settle(unquoted(paid)).await.expect("no settle fails").outcome.unwrap();
        answered.push(Answered { at, revision: settled.revision });
        if open.len() > 2 {
            settle_as_quoted(&rig, open.remove(0)).await;
        }
        calls.fetch_add(1, Ordering::Relaxed);
    }
    for quoted in open {
        settle_as_quoted(&rig, quoted).await;
    }
    answered
}

async fn settle_as_quoted(rig: &Rig, (goods, quoted): (v1::Receipt, v1::QuoteResponse)) {
    let outcome = rig.settle(as_quoted(goods, &quoted)).await.expect("no settle fails").outcome.unwrap();
    let answer = quoted.answer.unwrap();
    assert_eq!(outcome.revision, answer.revision, "an open quote stays on its revision");
    assert_eq!(outcome.totals_after.unwrap().amount_minor, answer.totals_after.unwrap().amount_minor);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h16_p2_twenty_revisions_in_a_row_drop_no_call_and_each_is_answered_under_what_was_in_force() {
    let rig = Arc::new(Rig::new().await);
    let (calls, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tills = JoinSet::new();
    for till in 0..TILLS {
        tills.spawn(trade(Arc::clone(&rig), till, Arc::clone(&calls), Arc::clone(&done)));
    }
    publish_all(&rig, &calls).await;
    done.store(true, Ordering::Relaxed);
    let answered: Vec<Answered> = tills.join_all().await.into_iter().flatten().collect();
    let mut history = rig.engine.programs().history(None, 100);
    history.reverse();
    let seen: std::collections::BTreeSet<u64> = answered.iter().map(|answered| answered.revision).collect();
    assert_eq!(seen, (1..=ROUNDS + 1).collect(), "every revision was called upon");
    for answered in &answered {
        let entry = |number: u64| &history.iter().find(|told| told.entry.number() == number).unwrap().entry;
        let live = history.iter().filter(|told| told.entry.starts_at().unwrap() <= answered.at).map(|told| told.entry.number());
        let live = live.max().unwrap();
        // The clock stands still while a revision is published at once: who was answered just before it
        // was in force has the same time.
        let just_before = Some(answered.at) == entry(live).starts_at() && entry(live).asked_start().is_none();
        assert!(
            answered.revision == live || (just_before && answered.revision + 1 == live),
            "at {} revision {} was in force, {} answered",
            answered.at,
            live,
            answered.revision
        );
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn h16_an_open_quote_is_settled_under_its_revision_after_a_restart_and_many_revisions() {
    let storage = Arc::new(MemoryStorage::new(&layout::SPACES));
    let rig = Rig::over(Arc::clone(&storage), settings()).await;
    let goods = receipt("A", Some("1001"), vec![line("1", "SOCKS", 1, 500)]);
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    for round in 1..=5 {
        rig.pass(Duration::from_secs(1));
        rig.engine.programs().publish_draft(&draft(round, None), Authority::Nobody).await.unwrap();
    }
    let soon = rig.clock.now().checked_add(Duration::from_secs(1)).unwrap();
    rig.engine.programs().publish_draft(&draft(40, Some(soon)), Authority::Nobody).await.unwrap();
    // Killed: nothing is closed, nothing is told.
    let again = Rig::over(storage, settings()).await;
    again.clock.set(rig.clock.now());
    drop(rig);
    let settled = again.settle(as_quoted(goods, &quoted)).await.unwrap().outcome.unwrap();
    assert_eq!((settled.revision, settled.totals_after.unwrap().amount_minor), (1, 450));
    let open = |id: &str| quote(receipt(id, Some("1001"), vec![line("1", "SOCKS", 1, 500)]));
    assert_eq!(again.quote(open("B")).await.unwrap().answer.unwrap().revision, 6);
    again.clock.set(soon);
    let answer = again.quote(open("C")).await.unwrap().answer.unwrap();
    assert_eq!((answer.revision, answer.totals_after.unwrap().amount_minor), (7, 250), "the start outlived the restart");
}

#[tokio::test]
async fn p1_who_has_no_time_for_an_old_revision_to_be_compiled_is_told_so_and_gets_it_the_next_time() {
    let rig = Rig::new().await;
    for round in 1..=5 {
        rig.pass(Duration::from_secs(1));
        rig.engine.programs().publish_draft(&draft(round, None), Authority::Nobody).await.unwrap();
    }
    assert!(!rig.engine.programs().compiled().contains(&1));
    let arrived = Instant::now();
    let over = arrived.checked_sub(Duration::from_secs(1)).unwrap();
    let late = Call { now: begin(), arrived, wait_until: Some(over) };
    let refused = rig.engine.core.rules(1, 0, &late).await.unwrap_err();
    assert_eq!(refused, Refusal::DeadlineTooShort);
    let patient = Call { wait_until: None, ..late };
    assert_eq!(rig.engine.core.rules(1, 0, &patient).await.unwrap().revision.number(), 1);
    // What is in memory needs no time.
    assert_eq!(rig.engine.core.rules(1, 0, &late).await.unwrap().revision.number(), 1);
}

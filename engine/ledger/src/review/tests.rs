//! Tests of `review`.

use tessera_rules::decision::{Brake, Promise, Reward, RewardKind};
use tessera_rules::usage::Usage;

use super::*;
use crate::outcome::{Flag, Outcome};
use crate::return_goods::ReturnedSoFar;
use crate::testing::*;

fn request(id: &str) -> ProfileRequest<'static> {
    ProfileRequest {
        id: receipt_id(id),
        customer: account().members[0].customer.clone(),
        place: None,
        told_at: at(20),
        business_date: day(),
        currency: gbp(),
        content_hash: [3; 32],
        basis: basis(),
        booked_at: at(20),
        booking_date: day(),
    }
}

fn held(id: &str, kind: RewardKind) -> Reward {
    Reward { held: Some(Brake::Velocity), ..reward(id, kind) }
}

fn of_points(id: &str, count: i64) -> Reward {
    held(id, RewardKind::Points { asset: asset(POINTS), units: units(count) })
}

/// A sale of ten pieces whose rewards are held.
fn sale(rewards: Vec<Reward>) -> (Account, Outcome) {
    let receipt = receipt("sale", vec![line("1", 10, 1_000)]);
    let mut decision = unchanged(&receipt);
    (decision.rewards, decision.brakes) = (rewards, vec![Brake::Velocity]);
    let done = settled(Some(&account()), &settle_of(&receipt, &decision, at(1)));
    (done.account.unwrap(), done.outcome)
}

fn reviewed(account: &Account, id: &str, finding: Finding) -> (Account, Outcome) {
    let release = Release { codes: &CODES, must_confirm: &[] };
    let done = review(account, &request(id), (&receipt_id("sale"), finding), release).unwrap().unwrap();
    assert!(crate::posting::is_balanced(&done.outcome.postings));
    assert_eq!(Account::decode(&done.account.encode()).as_ref(), Ok(&done.account));
    (done.account, done.outcome)
}

fn vested(account: &Account) -> i64 {
    account.balances(at(30)).iter().find(|balance| balance.asset == asset(POINTS)).map_or(0, |balance| balance.vested.units())
}

/// So many pieces come back.
fn back(account: &Account, sale: &Outcome, so_far: &ReturnedSoFar, pieces: i64) -> (Account, Outcome, ReturnedSoFar) {
    let lines = [return_line("1", Some("1"), pieces, 0)];
    let done = returned(Some(account), &format!("back-{}", so_far.returns.len()), &lines, Some((sale, so_far)), at(25));
    (done.account.unwrap(), done.outcome, done.so_far)
}

#[test]
fn h75_what_is_held_is_in_no_book_and_is_seen_in_the_account_and_the_outcome() {
    let (account, sale) = sale(vec![of_points("p", 40), held("c", RewardKind::DiscountLater { coupon: campaign("later") })]);
    assert!(sale.postings.is_empty() && account.lots.is_empty() && account.coupons.is_empty());
    assert_eq!(sale.flags, [Flag::CardUsedOften]);
    assert!(sale.rewards.iter().all(|reward| reward.held == Some(Brake::Velocity) && reward.is_waiting()));
    assert_eq!(account.held().count(), 2);
    assert_eq!(account.units_held_of(&receipt_id("sale")), units(40));
}

#[test]
fn p5_h75_what_is_released_is_given_once_as_its_sale_would_have_given_it() {
    let (account, _) = sale(vec![of_points("p", 40), held("c", RewardKind::DiscountLater { coupon: campaign("later") })]);
    let (account, outcome) = reviewed(&account, "review", Finding::Release);
    assert_eq!(outcome.kind, OutcomeKind::Review);
    assert_eq!((vested(&account), account.coupons.len(), account.held().count()), (40, 1, 0));
    assert!(outcome.rewards.iter().all(|reward| !reward.is_waiting() && reward.earned_by == Some(receipt_id("sale"))));
    let release = Release { codes: &CODES, must_confirm: &[] };
    let again = review(&account, &request("again"), (&receipt_id("sale"), Finding::Release), release);
    assert_eq!(again, Ok(None), "there is nothing left to look at");
}

#[test]
fn h75_what_is_refused_is_gone_and_nothing_was_posted_for_it() {
    let (account, _) = sale(vec![of_points("p", 40)]);
    let (account, outcome) = reviewed(&account, "review", Finding::Refuse);
    assert!(outcome.postings.is_empty() && account.waiting.is_empty() && account.lots.is_empty());
    assert!(outcome.rewards.iter().all(|reward| reward.taken_back && reward.held.is_some()));
}

#[test]
fn h75_what_waits_for_a_visit_too_waits_on_after_its_release() {
    let waits = Reward { awaits: Some(tessera_rules::decision::Awaited::NextVisit), ..of_points("p", 40) };
    let (account, _) = sale(vec![waits]);
    let (account, outcome) = reviewed(&account, "review", Finding::Release);
    assert!(outcome.rewards.is_empty() && account.lots.is_empty());
    assert_eq!((account.held().count(), account.waiting.len()), (0, 1));
}

/// Goods come back before somebody has looked, after that, or both; in all orders the customer ends with the share of what
/// they kept, and with nothing where the rewards were refused.
#[test]
fn p4_p5_h75_goods_of_a_held_receipt_come_back_before_and_after_somebody_has_looked() {
    let table: [(i64, Option<Finding>, i64, i64); 8] = [
        (0, Some(Finding::Release), 4, 24),
        (4, Some(Finding::Release), 0, 24),
        (3, Some(Finding::Release), 1, 24),
        (10, None, 0, 0),
        (4, Some(Finding::Release), 6, 0),
        (0, Some(Finding::Refuse), 10, 0),
        (4, Some(Finding::Refuse), 6, 0),
        (4, None, 6, 0),
    ];
    for (before, finding, after, left) in table {
        let (mut account, sale) = sale(vec![of_points("p", 40)]);
        let (mut so_far, mut postings) = (ReturnedSoFar::default(), Vec::new());
        for (pieces, finding) in [(before, finding), (after, None)] {
            if pieces > 0 {
                let done = back(&account, &sale, &so_far, pieces);
                (account, so_far) = (done.0, done.2);
                postings.extend(done.1.postings);
            }
            if let Some(finding) = finding {
                let done = reviewed(&account, "review", finding);
                account = done.0;
                postings.extend(done.1.postings);
            }
        }
        assert_eq!(vested(&account), left, "{before} {finding:?} {after}");
        assert!(crate::posting::is_balanced(&postings) && account.check().is_ok());
        let lots: i64 = account.lots.iter().map(|lot| lot.left.units()).sum();
        let in_lots = postings.iter().filter(|posting| matches!(posting.place, crate::posting::PostingPlace::Lot(_)));
        assert_eq!(lots, in_lots.map(|posting| posting.units.units()).sum::<i64>(), "lots = postings (P5)");
        let is_over = finding.is_some() || before + after == 10;
        assert_eq!(account.held().count() == 0, is_over, "{before} {finding:?} {after}");
    }
}

#[test]
fn p4_h75_what_refused_rewards_had_used_is_free_once_whether_goods_come_back_before_or_after() {
    for (before, after) in [(0, 0), (0, 10), (4, 0), (4, 6), (10, 0)] {
        let receipt = receipt("sale", vec![line("1", 10, 1_000)]);
        let mut decision = unchanged(&receipt);
        (decision.rewards, decision.brakes) = (vec![of_points("p", 40)], vec![Brake::Velocity]);
        let usage = Usage { uses: 1, units: 0, value: 40 };
        let campaign = decision.rewards[0].campaign.clone();
        decision.promises = vec![Promise::Uses { campaign: campaign.clone(), by: None, member: None, usage }];
        let done = settled(Some(&account()), &settle_of(&receipt, &decision, at(1)));
        let (mut account, sale, mut so_far) = (done.account.unwrap(), done.outcome, ReturnedSoFar::default());
        let used = |account: &Account| account.uses.first().map_or((0, 0), |count| (count.ever.uses, count.ever.value));
        assert_eq!(used(&account), (1, 40));
        if before > 0 {
            let done = back(&account, &sale, &so_far, before);
            (account, so_far) = (done.0, done.2);
        }
        let meant = account.held_alone(&sale);
        assert_eq!(meant.len(), usize::from(before < 10));
        if before < 10 {
            account = reviewed(&account, "review", Finding::Refuse).0;
            let moves = crate::return_goods::free_refused(&mut account, (&sale, &mut so_far), &meant);
            assert_eq!(moves[0].usage, Usage { uses: -1, units: 0, value: before * 4 - 40 });
            assert_eq!(crate::return_goods::free_refused(&mut account, (&sale, &mut so_far), &meant), [], "once");
        }
        assert_eq!(used(&account), (0, 0), "{before}");
        // As much is used by another sale; goods of this one free nothing of it.
        crate::uses::count(&mut account.uses, (&campaign, None), usage, day());
        if after > 0 {
            account = back(&account, &sale, &so_far, after).0;
        }
        assert_eq!(used(&account), (1, 40), "{before} {after}");
    }
}

#[test]
fn what_is_held_makes_room_last() {
    let mut waiting = Vec::new();
    let (account, _) = sale(vec![of_points("p", 40)]);
    let held = account.waiting[0].clone();
    crate::right::keep_waiting(&mut waiting, held.clone());
    for number in 0..crate::limits::WAITING_MAX {
        let receipt = receipt_id(&format!("r-{number}"));
        crate::right::keep_waiting(&mut waiting, WaitingReward { receipt, held: None, ..held.clone() });
    }
    assert!(waiting.contains(&held) && waiting.len() == crate::limits::WAITING_MAX);
    // Whoever misuses a card pushes out what is held of it, and nothing that its owner waits for.
    let mut last = held.receipt.clone();
    for number in 0..3 {
        let new = WaitingReward { receipt: receipt_id(&format!("held-{number}")), ..held.clone() };
        let went = crate::right::keep_waiting(&mut waiting, new.clone());
        assert_eq!(went.map(|went| went.receipt), Some(std::mem::replace(&mut last, new.receipt)));
    }
    assert_eq!(waiting.iter().filter(|known| known.held.is_none()).count(), crate::limits::WAITING_MAX - 1);
    waiting.retain(|known| known.held.is_none());
    waiting.push(WaitingReward { held: None, ..held.clone() });
    assert_eq!(crate::right::keep_waiting(&mut waiting, held.clone()), Some(held), "there is no room for it");
}

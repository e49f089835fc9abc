//! Rewards that wait, where more wait than an account remembers.

use tessera_rules::decision::Awaited;

use super::*;
use crate::aside::{Aside, GivenLater};
use crate::limits::WAITING_MAX;

/// Settles a receipt of a day with as many rewards that wait for the next visit.
fn visit(account: &Account, id: &str, days: i32, kinds: &[RewardKind]) -> (Account, Outcome, Aside) {
    let mut sale = receipt(id, vec![line("1", 4, 400)]);
    sale.business_date = sale.business_date.saturating_add(jiff::Span::new().days(days));
    let mut decision = unchanged(&sale);
    decision.rewards = (0..).zip(kinds).map(|(number, kind)| awaiting(number, kind)).collect();
    let mut command = settle_of(&sale, &decision, at(10 + i64::from(days)));
    command.must_confirm = Some(&[]);
    let done = settled(Some(account), &command);
    (done.account.unwrap(), done.outcome, done.aside)
}

fn awaiting(number: usize, kind: &RewardKind) -> Reward {
    Reward { awaits: Some(Awaited::NextVisit), ..reward(&format!("c.{number}"), kind.clone()) }
}

fn points(value: i64) -> RewardKind {
    RewardKind::Points { asset: asset(POINTS), units: units(value) }
}

/// What a sale's returns know of it, with what the account forgot since.
fn with(aside: &[Aside], sale: &Outcome) -> ReturnedSoFar {
    let of_sale = aside.iter().flat_map(|aside| &aside.given).filter(|waiting| waiting.receipt == sale.receipt);
    ReturnedSoFar { given: of_sale.cloned().filter_map(GivenLater::of).collect(), ..ReturnedSoFar::default() }
}

fn held(account: &Account) -> i64 {
    account.lots.iter().map(|lot| lot.left.units()).sum()
}

#[test]
fn a_visit_gives_what_waited_for_it_before_more_begins_to_wait() {
    let all = vec![points(10); WAITING_MAX];
    let (account, _, _) = visit(&account(), "r-1", 0, &all);
    let mut account = account;
    let each = i64::try_from(WAITING_MAX).unwrap() * 10;
    for day in 1..4 {
        let (next, outcome, _) = visit(&account, &format!("r-{}", day + 1), day, &all);
        let given = outcome.rewards.iter().filter(|reward| reward.earned_by.is_some()).count();
        assert_eq!((given, held(&next)), (WAITING_MAX, i64::from(day) * each), "day {day}");
        account = next;
    }
}

#[test]
fn p5_what_was_given_later_comes_back_though_the_account_has_forgotten_that_it_waited() {
    let (account, sale, _) = visit(&account(), "r-1", 0, &[points(500), tickets(4)]);
    let (mut account, _, first) = visit(&account, "r-2", 1, &[]);
    assert_eq!((held(&account), account.tickets[0].good), (500, 4));
    let mut aside = vec![first];
    for day in 2..5 {
        let (next, _, forgotten) = visit(&account, &format!("r-{}", day + 1), day, &vec![points(1); WAITING_MAX]);
        aside.push(forgotten);
        account = next;
    }
    assert!(account.waiting.iter().all(|waiting| waiting.receipt != sale.receipt), "it is forgotten");
    let before = held(&account);
    let so_far = with(&aside, &sale);
    assert_eq!(so_far.given.len(), 2);
    let (half, back, so_far) = give_back(&account, "b-1", 2, (&sale, &so_far));
    assert_eq!((held(&half), half.tickets[0].good), (before - 250, 2));
    let ticket = back.rewards.iter().find(|reward| matches!(reward.kind, RewardKind::Ticket { .. })).unwrap();
    assert_eq!(ticket.right, Right::Tickets { first: 3, of: None });
    let lots: Vec<_> = half.lots.iter().filter(|lot| lot.left == units(250)).collect();
    assert_eq!(lots.len(), 1, "its own lot pays, though others are older or younger");
    let (none, _, _) = give_back(&half, "b-2", 2, (&sale, &so_far));
    assert_eq!((held(&none), none.tickets[0].good), (before - 500, 0));
}

#[test]
fn tickets_that_were_answered_for_in_another_account_are_of_that_ones_series() {
    let (account, sale) = sell(&account(), "r-1", vec![waits(tickets(2), &["name"])]);
    // The account goes into another one before the answer comes.
    let other = Account { id: tessera_rules::id::AccountId::parse("a-other").unwrap(), ..account };
    let (given, _) = answer(&other, "q-1", &[("name", false)], &[]);
    assert_eq!(given.tickets[0].good, 2);
    let (after, back, _) = give_back(&given, "b-1", 4, (&sale, &ReturnedSoFar::default()));
    assert_eq!(back.rewards[0].right, Right::Tickets { first: 1, of: None }, "its own series");
    assert_eq!(after.tickets[0].good, 0);
    // Given before the merge they are of the first one's.
    let direct = Account { id: tessera_rules::id::AccountId::parse("a-other").unwrap(), ..after };
    let (_, sold) = sell(&super::account(), "r-2", vec![reward("c", tickets(2))]);
    let (_, back, _) = give_back(&direct, "b-2", 4, (&sold, &ReturnedSoFar::default()));
    assert_eq!(back.rewards[0].right, Right::Tickets { first: 1, of: sold.account.clone() });
}

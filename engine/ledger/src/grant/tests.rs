//! Tests of the life of rewards that are no asset, and of those that wait for answers.

mod later;

use tessera_rules::decision::{Reward, RewardKind};
use tessera_rules::id::{FactId, ReceiptId, RewardId, TierId};

use crate::account::{Account, FactSource};
use crate::outcome::{Outcome, Right};
use crate::posting::{Book, PostingPlace};
use crate::profile::{Answer, ProfileRequest, Release, Told, record_answers};
use crate::return_goods::ReturnedSoFar;
use crate::right::PrizeState;
use crate::testing::*;

fn tier(id: &str) -> RewardKind {
    RewardKind::Status { tier: TierId::parse(id).unwrap(), reached: false }
}

fn prize() -> RewardKind {
    RewardKind::Prize { prize: "mug".into(), count: 2 }
}

fn tickets(count: u32) -> RewardKind {
    RewardKind::Ticket { draw: "car".into(), count }
}

fn coupon() -> RewardKind {
    RewardKind::DiscountLater { coupon: campaign("spring") }
}

/// Settles a receipt of four pieces with these rewards of one campaign.
fn sell(account: &Account, id: &str, rewards: Vec<Reward>) -> (Account, Outcome) {
    let sale = receipt(id, vec![line("1", 4, 400)]);
    let mut decision = unchanged(&sale);
    decision.rewards = rewards;
    let done = settled(Some(account), &settle_of(&sale, &decision, at(1)));
    (done.account.unwrap(), done.outcome)
}

/// Returns pieces of a sale.
fn give_back(
    account: &Account,
    id: &str,
    pieces: i64,
    (sale, so_far): (&Outcome, &ReturnedSoFar),
) -> (Account, Outcome, ReturnedSoFar) {
    let done = returned(Some(account), id, &[return_line("1", Some("1"), pieces, 0)], Some((sale, so_far)), at(2));
    (done.account.unwrap(), done.outcome, done.so_far)
}

#[test]
fn a_right_is_issued_once_stands_in_the_account_and_goes_with_its_goods() {
    let kinds = [coupon(), prize(), tier("gold"), tickets(3)];
    for kind in kinds {
        let (account, sale) = sell(&account(), "r-1", vec![reward("c", kind.clone())]);
        let held = |account: &Account| {
            let prizes = account.prizes.iter().filter(|prize| prize.state == PrizeState::Due).count();
            let good: u32 = account.tickets.iter().map(|held| held.good).sum();
            account.coupons.len() + prizes + account.tiers.len() + usize::try_from(good).unwrap().min(1)
        };
        assert_eq!(held(&account), 1, "{kind:?} stands in the account");
        assert!(sale.postings.is_empty(), "{kind:?} is no asset");
        let none = ReturnedSoFar::default();
        let (part, _, so_far) = give_back(&account, "b-1", 3, (&sale, &none));
        assert_eq!(held(&part), 1, "{kind:?} stays while goods are kept");
        let (whole, back, _) = give_back(&part, "b-2", 1, (&sale, &so_far));
        assert_eq!(held(&whole), 0, "{kind:?} goes with the last of its goods");
        assert!(back.rewards.iter().any(|reward| reward.taken_back), "{kind:?}");
    }
}

#[test]
fn tickets_are_numbered_without_gaps_and_the_last_numbers_of_a_receipt_go_first() {
    let (first, _) = sell(&account(), "r-1", vec![reward("c", tickets(4))]);
    let (second, sale) = sell(&first, "r-2", vec![reward("c", tickets(4))]);
    assert_eq!(sale.rewards[0].right, Right::Tickets { first: 5, of: None });
    let none = ReturnedSoFar::default();
    let (account, back, so_far) = give_back(&second, "b-1", 1, (&sale, &none));
    assert_eq!((&back.rewards[0].kind, &back.rewards[0].right), (&tickets(1), &Right::Tickets { first: 8, of: None }));
    let (account, back, _) = give_back(&account, "b-2", 3, (&sale, &so_far));
    assert_eq!((&back.rewards[0].kind, &back.rewards[0].right), (&tickets(3), &Right::Tickets { first: 5, of: None }));
    let (account, third) = sell(&account, "r-3", vec![reward("c", tickets(1))]);
    assert_eq!(third.rewards[0].right, Right::Tickets { first: 9, of: None }, "a number never comes twice");
    assert_eq!((account.tickets[0].numbered, account.tickets[0].good), (9, 5));
}

#[test]
fn the_tier_before_comes_back_unless_another_has_taken_its_place() {
    let (silver, _) = sell(&account(), "r-1", vec![reward("c", tier("silver"))]);
    let (gold, sale) = sell(&silver, "r-2", vec![reward("c", tier("gold"))]);
    let none = ReturnedSoFar::default();
    let (account, _, _) = give_back(&gold, "b-1", 4, (&sale, &none));
    assert_eq!(account.tiers[0].now.tier.as_str(), "silver");
    assert_eq!(account.tiers[0].now.since, silver.tiers[0].now.since);
    let (platinum, _) = sell(&gold, "r-3", vec![reward("c", tier("platinum"))]);
    let (account, back, _) = give_back(&platinum, "b-2", 4, (&sale, &none));
    assert_eq!(account.tiers[0].now.tier.as_str(), "platinum");
    assert!(back.rewards.is_empty(), "nothing was taken");
}

#[test]
fn one_tier_given_twice_is_never_cut_short_and_extensions_worked_out_beside_each_other_both_count() {
    /// From when and until when a gift says that the tier lasts, in minutes.
    type Gift = (i64, Option<i64>);
    // And when it ends.
    let table: [(&[Gift], Option<i64>); 6] = [
        (&[(1, Some(500)), (1, Some(30))], Some(500)),
        (&[(1, Some(30)), (1, Some(500))], Some(500)),
        (&[(1, None), (1, Some(30))], None),
        (&[(1, Some(100)), (100, Some(200))], Some(200)),
        (&[(1, Some(100)), (100, Some(200)), (100, Some(200))], Some(300)),
        (&[(1, Some(100)), (100, Some(200)), (1, Some(150))], Some(200)),
    ];
    for (gifts, ends) in table {
        let mut account = account();
        for (place, (from, until)) in gifts.iter().enumerate() {
            let gift = Reward { vests_at: at(*from), expires_at: until.map(at), ..reward("c", tier("member")) };
            account = sell(&account, &format!("r-{place}"), vec![gift]).0;
        }
        assert_eq!(account.tiers[0].now.until, ends.map(at), "{gifts:?}");
    }
}

#[test]
fn tiers_of_receipts_that_all_came_back_are_gone_in_whatever_order_they_came() {
    let none = ReturnedSoFar::default();
    let (account, silver) = sell(&account(), "r-1", vec![reward("c", tier("silver"))]);
    let (account, gold) = sell(&account, "r-2", vec![reward("c", tier("gold"))]);
    for order in [[&silver, &gold], [&gold, &silver]] {
        let left = order
            .iter()
            .fold(account.clone(), |account, sale| give_back(&account, &format!("b-{}", sale.receipt), 4, (sale, &none)).0);
        assert!(left.tiers.is_empty(), "{}, then {}: {:?}", order[0].receipt, order[1].receipt, left.tiers);
    }
}

#[test]
fn of_memberships_bought_ahead_each_gives_its_own_time_back_in_whatever_order_they_come_back() {
    let none = ReturnedSoFar::default();
    let (mut account, mut sales) = (account(), Vec::new());
    for (place, (from, until)) in [(1, 10_000), (10_000, 20_000), (20_000, 30_000)].into_iter().enumerate() {
        let gift = Reward { vests_at: at(from), expires_at: Some(at(until)), ..reward("c", tier("member")) };
        let (next, sale) = sell(&account, &format!("r-{place}"), vec![gift]);
        account = next;
        sales.push(sale);
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (mut left, mut ends) = (account.clone(), 30_000);
        for sale in order {
            let (next, back, _) = give_back(&left, &format!("b-{sale}"), 4, (&sales[sale], &none));
            assert_eq!(back.rewards.len(), 1, "{order:?}, {sale}");
            (left, ends) = (next, ends - 10_000);
            let Some(held) = left.tiers.first() else { break };
            // Some minutes of the first had passed when it came back.
            let until = held.now.until.unwrap();
            assert!((at(ends)..at(ends + 10)).contains(&until), "{order:?}, {sale}: {until}");
        }
        assert!(left.tiers.is_empty() && ends == 0, "{order:?}: {:?}", left.tiers);
    }
}

#[test]
fn tickets_that_wait_shrink_with_their_goods_and_the_given_rest_goes_with_the_last() {
    let (account, sale) = sell(&account(), "r-1", vec![waits(tickets(10), &["name"])]);
    let (account, back, so_far) = give_back(&account, "b-1", 2, (&sale, &ReturnedSoFar::default()));
    assert_eq!((&back.rewards[0].kind, back.rewards[0].waits_for.len()), (&tickets(5), 1));
    let (given, outcome) = answer(&account, "q-1", &[("name", false)], &[]);
    assert_eq!(outcome.rewards[0].kind, tickets(5));
    let (rest, back, _) = give_back(&given, "b-2", 2, (&sale, &so_far));
    assert!(back.rewards[0].waits_for.is_empty(), "what had been given waits for nothing");
    assert_eq!(back.rewards[0].right, Right::Tickets { first: 1, of: None }, "the numbers that the answer gave");
    assert_eq!((rest.tickets[0].numbered, rest.tickets[0].good), (5, 0));
    let (none, _, _) = give_back(&account, "b-2", 2, (&sale, &so_far));
    assert!(none.waiting.is_empty() && none.tickets.is_empty());
}

#[test]
fn a_used_coupon_is_free_again_when_all_it_was_used_on_came_back() {
    let (account, _) = sell(&account(), "r-1", vec![reward("c", coupon())]);
    let code = account.coupons[0].code.clone();
    let sale = receipt("r-2", vec![line("1", 4, 400)]);
    let mut decision = unchanged(&sale);
    decision.promises = vec![tessera_rules::decision::Promise::Code { code: code.clone() }];
    let used = settled(Some(&account), &settle_of(&sale, &decision, at(1)));
    let account = used.account.unwrap();
    assert_eq!(account.coupons[0].used_by, Some(sale.id.clone()));
    let lines = [return_line("1", Some("1"), 2, 0)];
    let part = returned(Some(&account), "b-1", &lines, Some((&used.outcome, &ReturnedSoFar::default())), at(2));
    assert!(part.restored.is_empty());
    let whole = returned(part.account.as_ref(), "b-2", &lines, Some((&used.outcome, &part.so_far)), at(3));
    assert_eq!(whole.restored, [code]);
    assert_eq!(whole.account.unwrap().coupons[0].used_by, None);
}

#[test]
fn a_prize_given_at_the_sale_is_not_due_any_more() {
    for state in [PrizeState::HandedOver, PrizeState::Cancelled] {
        let sale = receipt("r-1", vec![line("1", 4, 400)]);
        let mut decision = unchanged(&sale);
        decision.rewards = vec![reward("c", prize())];
        let mut command = settle_of(&sale, &decision, at(1));
        let given = [(decision.rewards[0].id.clone(), state)];
        command.handed_over = &given;
        for known in [Some(account()), None] {
            let done = settled(known.as_ref(), &command);
            assert_eq!(done.outcome.rewards[0].right, Right::Prize { state });
            let held: Vec<PrizeState> =
                done.account.iter().flat_map(|account| &account.prizes).map(|prize| prize.state).collect();
            assert_eq!(held, known.map(|_| state).into_iter().collect::<Vec<_>>());
        }
    }
}

fn fact(id: &str) -> FactId {
    FactId::parse(id).unwrap()
}

fn waits(kind: RewardKind, facts: &[&str]) -> Reward {
    Reward { waits_for: facts.iter().map(|id| fact(id)).collect(), ..reward("c", kind) }
}

fn answer(account: &Account, id: &str, facts: &[(&str, bool)], must_confirm: &[FactId]) -> (Account, Outcome) {
    let place = place();
    let request = ProfileRequest {
        id: receipt_id(id),
        customer: account.members[0].customer.clone(),
        place: Some(&place),
        told_at: at(5),
        business_date: day(),
        currency: gbp(),
        content_hash: [3; 32],
        basis: basis(),
        booked_at: at(5),
        booking_date: day(),
    };
    let answers: Vec<Answer> = facts
        .iter()
        .map(|(id, refused)| Answer {
            fact: fact(id),
            source: FactSource::Till,
            told: if *refused { Told::Refused } else { Told::Value { readable: None, takes_code: false } },
        })
        .collect();
    let done = record_answers(account, &request, &answers, Release { codes: &CODES, must_confirm }).unwrap();
    assert!(crate::posting::is_balanced(&done.outcome.postings));
    (done.account, done.outcome)
}

#[test]
fn a_reward_waits_for_all_its_answers_and_is_given_once() {
    let (account, sale) =
        sell(&account(), "r-1", vec![waits(RewardKind::Points { asset: asset(POINTS), units: units(40) }, &["name", "phone"])]);
    assert!(sale.postings.is_empty() && account.lots.is_empty());
    assert_eq!(sale.rewards[0].waits_for.len(), 2);
    let (account, first) = answer(&account, "q-1", &[("name", false)], &[]);
    assert!(first.rewards.is_empty() && account.lots.is_empty(), "one answer is missing");
    let (account, refused) = answer(&account, "q-2", &[("phone", true)], &[]);
    assert!(refused.rewards.is_empty(), "a refusal is no answer");
    let (account, unchecked) = answer(&account, "q-3", &[("phone", false)], &[fact("phone")]);
    assert!(unchecked.rewards.is_empty(), "nobody has checked it");
    let (account, given) = answer(&account, "q-4", &[("phone", false)], &[]);
    assert_eq!(given.rewards[0].id, sale.rewards[0].id);
    assert_eq!(account.balances(at(6))[0].vested, units(40));
    assert!(given.postings.iter().any(|posting| posting.place == PostingPlace::Book(Book::Issued)));
    let (account, again) = answer(&account, "q-5", &[("phone", false)], &[]);
    assert!(again.rewards.is_empty() && again.postings.is_empty(), "p4: it is given once");
    let (account, back, _) = give_back(&account, "b-1", 4, (&sale, &ReturnedSoFar::default()));
    assert_eq!(back.rewards.len(), 1, "given later, taken back all the same");
    assert!(back.rewards[0].waits_for.is_empty(), "what had been given waits for nothing");
    assert!(account.lots.is_empty());
}

#[test]
fn what_still_waits_shrinks_with_its_goods_and_is_never_taken_from_other_lots() {
    let kind = RewardKind::Points { asset: asset(POINTS), units: units(40) };
    let rich = with_lots(vec![lot("old", 500, 0, None)]);
    let (account, sale) = sell(&rich, "r-1", vec![waits(kind, &["name"])]);
    let (account, back, so_far) = give_back(&account, "b-1", 1, (&sale, &ReturnedSoFar::default()));
    assert_eq!(back.rewards[0].waits_for, [fact("name")], "nobody had been given it");
    assert_eq!(account.balances(at(3))[0].vested, units(500));
    let (part, given) = answer(&account, "q-1", &[("name", false)], &[]);
    assert_eq!(given.rewards[0].kind, RewardKind::Points { asset: asset(POINTS), units: units(30) });
    let (part, _, _) = give_back(&part, "b-2", 3, (&sale, &so_far));
    assert_eq!(part.balances(at(6))[0].vested, units(500));
    let (none, _, _) = give_back(&account, "b-2", 3, (&sale, &so_far));
    assert!(none.waiting.is_empty());
    assert_eq!(none.balances(at(6))[0].vested, units(500));
}

#[test]
fn answers_that_came_with_the_sale_give_its_reward_at_once() {
    let (known, _) = answer(&account(), "q-1", &[("name", false)], &[]);
    let sale = receipt("r-1", vec![line("1", 4, 400)]);
    let mut decision = unchanged(&sale);
    decision.rewards = vec![waits(coupon(), &["name"])];
    for (booked_at, given) in [(at(5), true), (at(9), false)] {
        let mut command = settle_of(&sale, &decision, booked_at);
        command.must_confirm = Some(&[]);
        let done = settled(Some(&known), &command);
        assert_eq!(done.outcome.rewards.len(), 1);
        assert_eq!(done.outcome.rewards[0].waits_for.is_empty(), given, "an answer of before does not count");
        assert_eq!(done.account.unwrap().coupons.len(), usize::from(given));
    }
}

#[test]
fn lists_of_rights_are_bounded_and_what_is_closed_goes_first() {
    let mut account = account();
    for number in 0..40 {
        let id = format!("r-{number}");
        let rewards = vec![reward("c", prize()), waits(tickets(1), &["name"]), reward("d", coupon())];
        account = sell(&account, &id, rewards).0;
        if number == 5 {
            account.prizes[3].state = PrizeState::HandedOver;
        }
    }
    let receipt = |number: u32| -> ReceiptId { receipt_id(&format!("r-{number}")) };
    assert!(account.prize(&receipt(3), &RewardId::parse("c.0").unwrap()).is_none());
    assert_eq!(account.prizes.len(), crate::limits::PRIZES_MAX);
    assert_eq!(account.waiting.len(), crate::limits::WAITING_MAX);
    assert_eq!(account.waiting[0].receipt, receipt(30), "the oldest went");
    assert_eq!(crate::limits::WAITING_MAX, 10, "the last ten of forty");
    account.check().unwrap();
}

#[test]
fn what_waited_for_another_receipt_is_not_taken_back_with_this_one() {
    let points = |value: i64| RewardKind::Points { asset: asset(POINTS), units: units(value) };
    let (account, first) = sell(&account(), "r-1", vec![waits(points(40), &["name"])]);
    let (account, _) = answer(&account, "q-0", &[("other", false)], &[]);
    // The answer comes with a second sale, whose own reward has the same id.
    let sale = receipt("r-2", vec![line("1", 4, 400)]);
    let mut decision = unchanged(&sale);
    decision.rewards = vec![reward("c", points(7))];
    let mut told = account.clone();
    let known = crate::account::FactKnown {
        fact: fact("name"),
        known_at: at(9),
        source: FactSource::Till,
        confirmed: false,
        refused: false,
        readable: None,
        code: None,
    };
    told.members[0].facts.insert(0, known);
    let mut command = settle_of(&sale, &decision, at(9));
    command.must_confirm = Some(&[]);
    let second = settled(Some(&told), &command);
    let given: Vec<_> = second.outcome.rewards.iter().map(|reward| reward.earned_by.clone()).collect();
    assert_eq!(given, [None, Some(first.receipt.clone())]);
    let account = second.account.unwrap();
    assert_eq!(account.balances(at(9))[0].vested, units(47));
    let (account, back, _) = give_back(&account, "b-2", 4, (&second.outcome, &ReturnedSoFar::default()));
    assert_eq!((back.rewards.len(), account.balances(at(9))[0].vested), (1, units(40)));
    let (account, _, _) = give_back(&account, "b-1", 4, (&first, &ReturnedSoFar::default()));
    assert!(account.lots.is_empty());
}

#[test]
fn what_was_given_after_waiting_is_its_receipts_own_lot_when_goods_come_back() {
    let kind = RewardKind::Points { asset: asset(POINTS), units: units(40) };
    let rich = with_lots(vec![lot("old", 500, 0, None)]);
    let (account, sale) = sell(&rich, "r-1", vec![waits(kind, &["name"])]);
    let (account, _) = answer(&account, "q-1", &[("name", false)], &[]);
    let left = |account: &Account| account.lots.iter().map(|lot| (lot.id.to_string(), lot.left.units())).collect::<Vec<_>>();
    assert_eq!(left(&account), [("old~0".to_owned(), 500), ("q-1~0".to_owned(), 40)]);
    let (account, _, so_far) = give_back(&account, "b-1", 1, (&sale, &ReturnedSoFar::default()));
    assert_eq!(left(&account), [("old~0".to_owned(), 500), ("q-1~0".to_owned(), 30)]);
    let (account, _, _) = give_back(&account, "b-2", 3, (&sale, &so_far));
    assert_eq!(left(&account), [("old~0".to_owned(), 500)]);
}

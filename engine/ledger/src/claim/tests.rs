//! Tests of `claim`.

use tessera_rules::decision::{LineShare, Reward, RewardKind};

use super::*;
use crate::settle::Settled;
use crate::testing::*;

/// A sale without a customer: two lines, the second with a tenth off that the till showed.
fn sale() -> Outcome {
    let receipt = receipt("r-1", vec![line("1", 2, 600), line("2", 1, 400)]);
    let decision = Decision { rewards: vec![discount()], ..unchanged(&receipt) };
    settled(None, &settle_of(&receipt, &decision, at(0))).outcome
}

fn discount() -> Reward {
    Reward { campaign: campaign("tenth"), ..reward("tenth.1", RewardKind::DiscountNow { amount: money(40) }) }
}

fn earned(id: &str, value: i64, earned_on: Vec<LineShare>) -> Reward {
    Reward { earned_on, ..points(id, value) }
}

/// Claims the sale for an account with these rewards decided.
fn claimed(account: &Account, sale: &Outcome, so_far: &ReturnedSoFar, rewards: Vec<Reward>) -> Settled {
    let mut receipt = receipt("r-1", vec![line("1", 2, 600), line("2", 1, 400)]);
    receipt.lines.retain(|line| is_left(&line.id, so_far));
    let fresh = Decision { rewards, counters: vec![counted("bottles", 2_000, 0)], ..unchanged(&receipt) };
    let decision = claimable(fresh, sale, so_far);
    let settle = Settle { content_hash: [9; 32], ..settle_of(&receipt, &decision, at(60)) };
    let (request, place) = (receipt_id("claim-1"), place());
    let command =
        Claim { settle: &settle, sale, so_far, request: &request, place: &place, claimed_at: at(60), business_date: day() };
    let done = claim(account, &command);
    assert_eq!(done, claim(account, &command), "the same twice (H19)");
    done
}

fn balance(account: &Account) -> i64 {
    account.balances(at(120)).first().map_or(0, |balance| balance.vested.units())
}

#[test]
fn h74_a_claim_gives_rewards_only_and_nothing_that_the_sale_gave() {
    let rewards = vec![earned("earn.0", 100, vec![share("1", 60), share("2", 40)]), discount()];
    let sale = sale();
    let done = claimed(&account(), &sale, &ReturnedSoFar::default(), rewards);
    let given: Vec<&str> = done.outcome.rewards.iter().map(|reward| reward.id.as_str()).collect();
    assert_eq!(given, ["earn.0"]);
    let account = done.account.unwrap();
    assert_eq!((balance(&account), account.statistics.visits), (100, 1));
    assert_eq!(account.statistics.spent_minor, [("GBP".into(), sale.after.minor())]);
    assert_eq!((done.outcome.id.as_str(), done.outcome.original.as_ref().unwrap().as_str()), ("r-1#claim", "r-1"));
    assert_eq!((done.outcome.before, done.outcome.after), (Amount::ZERO, Amount::ZERO), "nothing is sold a second time");
    assert!(done.outcome.lines.iter().all(|line| line.paid.is_zero() && line.rung_up.is_zero()));
}

#[test]
fn h74_a_return_of_a_claimed_sale_takes_back_all_that_the_claim_gave() {
    let sale = sale();
    let rewards = || vec![earned("earn.0", 100, vec![share("1", 60), share("2", 40)]), points("visit.0", 10)];
    let goods = |id: &str, line: &str, pieces: i64| return_line(id, Some(line), pieces, 0);
    // Whole; line by line; one line before the claim.
    for order in [vec![vec![("1", 2), ("2", 1)]], vec![vec![("1", 1)], vec![("2", 1)], vec![("1", 1)]]] {
        let done = claimed(&account(), &sale, &ReturnedSoFar::default(), rewards());
        let both = claimed_sale(sale.clone(), done.outcome);
        let (mut account, mut so_far) = (done.account.unwrap(), ReturnedSoFar::default());
        assert_eq!(balance(&account), 110);
        for (step, lines) in order.iter().enumerate() {
            let lines: Vec<_> = lines.iter().map(|(line, pieces)| goods(&format!("{step}{line}"), line, *pieces)).collect();
            let back = returned(Some(&account), &format!("back-{step}"), &lines, Some((&both, &so_far)), at(90));
            (account, so_far) = (back.account.unwrap(), back.so_far);
        }
        assert_eq!(balance(&account), 0, "{order:?}");
    }
}

#[test]
fn h74_what_came_back_before_the_claim_earns_nothing_and_the_rest_takes_all_back() {
    let sale = sale();
    let first =
        returned(None, "back-1", &[return_line("1", Some("2"), 1, 400)], Some((&sale, &ReturnedSoFar::default())), at(30));
    let rewards = vec![earned("earn.0", 60, vec![share("1", 60)]), points("visit.0", 10)];
    let done = claimed(&account(), &sale, &first.so_far, rewards);
    let account = done.account.unwrap();
    assert_eq!(balance(&account), 70);
    assert_eq!(account.statistics.spent_minor, [("GBP".into(), 600)], "what is left of the sale");
    assert_eq!(done.outcome.lines.len(), 1);
    let both = claimed_sale(sale, done.outcome);
    let last = returned(Some(&account), "back-2", &[return_line("1", Some("1"), 2, 600)], Some((&both, &first.so_far)), at(90));
    assert_eq!(balance(&last.account.unwrap()), 0);
}

#[test]
fn h74_tickets_and_visits_of_a_claim_after_a_return_go_with_the_rest_of_the_goods() {
    let sale = sale();
    let first =
        returned(None, "back-1", &[return_line("1", Some("2"), 1, 400)], Some((&sale, &ReturnedSoFar::default())), at(30));
    let draw = reward("ticket.0", RewardKind::Ticket { draw: "car".into(), count: 10 });
    let done = claimed(&account(), &sale, &first.so_far, vec![draw]);
    let account = done.account.unwrap();
    assert_eq!((account.tickets[0].good, account.counters[0].counted_milli), (10, 2_000));
    let both = claimed_sale(sale, done.outcome);
    let half = returned(Some(&account), "back-2", &[return_line("1", Some("1"), 1, 300)], Some((&both, &first.so_far)), at(90));
    let (account, so_far) = (half.account.unwrap(), half.so_far);
    assert_eq!((account.tickets[0].good, account.counters[0].counted_milli), (5, 1_000));
    let last = returned(Some(&account), "back-3", &[return_line("1", Some("1"), 1, 300)], Some((&both, &so_far)), at(95));
    let account = last.account.unwrap();
    assert_eq!((account.tickets[0].good, account.counters[0].counted_milli), (0, 0));
}

#[test]
fn h74_what_a_customer_has_spent_is_what_is_left_of_a_claimed_sale_whenever_goods_come_back() {
    let back = |id: &str, line: &str, account: Option<&Account>, (sale, so_far): (&Outcome, &ReturnedSoFar)| {
        returned(account, id, &[return_line("1", Some(line), 1, 0)], Some((sale, so_far)), at(30))
    };
    let spent = |account: &Account| account.statistics.spent_minor.first().map_or(0, |(_, sum)| *sum);
    // Before anything is known of a customer, or between the two commits of a claim: at the account already.
    for between in [false, true] {
        let (sale, known) = (sale(), account());
        let first = back("b-1", "1", between.then_some(&known), (&sale, &ReturnedSoFar::default()));
        let known = first.account.unwrap_or(known);
        assert_eq!(spent(&known), 0, "nothing was counted yet, between: {between}");
        let done = claimed(&known, &sale, &first.so_far, vec![]);
        let (known, left) = (done.account.unwrap(), sale.after.minor() - 300);
        assert_eq!(spent(&known), left, "between: {between}");
        let both = claimed_sale(sale, done.outcome);
        let second = back("b-2", "1", Some(&known), (&both, &first.so_far));
        let third = back("b-3", "2", second.account.as_ref(), (&both, &second.so_far));
        assert_eq!(spent(&third.account.unwrap()), 0, "between: {between}");
    }
}

#[test]
fn h74_what_a_limit_of_several_campaigns_counts_for_a_claim_is_not_what_its_sale_gave() {
    let used = |by: &str| Promise::Uses {
        campaign: campaign("limit:members"),
        member: None,
        by: Some(campaign(by)),
        usage: tessera_rules::usage::Usage { uses: 1, units: 0, value: 7 },
    };
    let sale = sale();
    let receipt = receipt("r-1", vec![line("1", 2, 600), line("2", 1, 400)]);
    let rewards = vec![discount(), points("earn.0", 7)];
    let fresh = Decision { rewards, promises: vec![used("tenth"), used("earn")], ..unchanged(&receipt) };
    assert_eq!(claimable(fresh, &sale, &ReturnedSoFar::default()).promises, [used("earn")]);
}

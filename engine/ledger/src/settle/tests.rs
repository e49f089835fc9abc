//! Tests of `settle`.

use jiff::Timestamp;
use tessera_rules::decision::{CodeVerdict, Decision, Promise, RewardKind, Verdict};
use tessera_rules::id::{FactId, RewardId};
use tessera_rules::usage::{Usage, UsageLimits};

use crate::account::Account;
use crate::outcome::Flag;
use crate::posting::{PostingPlace, PostingReason};
use crate::quote::{OpenQuoteCommand, open_quote};
use crate::settle::Relation;
use crate::terms::LimitTerms;
use crate::testing::*;

fn balance(account: &Account, minute: i64) -> i64 {
    account.balances(at(minute)).first().map_or(0, |balance| balance.vested.units())
}

fn quoted(account: &Account, id: &str, promises: &[Promise], now: i64) -> Account {
    let receipt = receipt_id(id);
    let command = OpenQuoteCommand {
        receipt: &receipt,
        place: here(),
        quote_no: 1,
        attempt: 0,
        now: at(now),
        until: at(now + 15),
        promises,
        supersedes: None,
    };
    open_quote(account, &command).unwrap()
}

fn redeeming(value: i64) -> (tessera_rules::receipt::Receipt, Decision) {
    let receipt = receipt("r-1", vec![line("1", 1, 1_000)]);
    let decision = Decision { redemptions: vec![redemption(value, value)], promises: vec![hold(value)], ..unchanged(&receipt) };
    (receipt, decision)
}

#[test]
fn a_plain_sale_has_no_postings() {
    let receipt = receipt("r-1", vec![line("1", 3, 597), line("2", 1, 0)]);
    let decision = unchanged(&receipt);
    let done = settled(None, &settle_of(&receipt, &decision, at(0)));
    assert_eq!((done.outcome.before, done.outcome.after), (money(597), money(597)));
    assert_eq!(done.outcome.lines.len(), 2);
    assert!(done.outcome.postings.is_empty() && done.account.is_none() && done.outcome.flags.is_empty());
}

#[test]
fn lots_are_spent_earliest_expiry_first_and_each_debit_names_its_lot() {
    let account = with_lots(vec![
        lot("a", 50, 0, None),
        lot("b", 50, 1, Some(900)),
        lot("c", 50, 2, Some(500)),
        lot("late", 9, 3, Some(5)),
    ]);
    let (receipt, decision) = redeeming(120);
    let done = settled(Some(&account), &settle_of(&receipt, &decision, at(10)));
    let debits: Vec<(String, i64)> = done
        .outcome
        .postings
        .iter()
        .filter_map(|posting| match &posting.place {
            PostingPlace::Lot(id) => Some((id.receipt.to_string(), posting.units.units())),
            PostingPlace::Book(_) => None,
        })
        .collect();
    assert_eq!(debits, [("c".into(), -50), ("b".into(), -50), ("a".into(), -20)]);
    assert_eq!(balance(&done.account.unwrap(), 10), 30);
}

#[test]
fn h6_what_is_not_there_is_recorded_as_shortfall_and_paid_by_the_next_earning() {
    let account = with_lots(vec![lot("a", 30, 0, None)]);
    let (receipt, decision) = redeeming(100);
    let mut command = settle_of(&receipt, &decision, at(1));
    command.relation = Relation::WithoutQuote;
    let done = settled(Some(&account), &command);
    assert!(done.outcome.flags.contains(&Flag::SettledWithShortfall));
    assert_eq!(done.outcome.redemptions[0].shortfall, units(70));
    let account = done.account.unwrap();
    assert_eq!(balance(&account, 1), -70);

    let receipt = crate::testing::receipt("r-2", vec![line("1", 1, 100)]);
    let decision = Decision { rewards: vec![points("p", 100)], ..unchanged(&receipt) };
    let done = settled(Some(&account), &settle_of(&receipt, &decision, at(2)));
    let account = done.account.unwrap();
    assert_eq!(balance(&account, 2), 30);
    assert_eq!(account.lots.len(), 1, "the debt is gone");
    assert_eq!(done.outcome.postings.iter().filter(|posting| posting.reason == PostingReason::PayDebt).count(), 2);
}

#[test]
fn h9_a_hold_that_ran_out_is_taken_if_it_is_still_there() {
    // (minute of settle, spent elsewhere in between, flags, balance)
    let cases: [(i64, i64, &[Flag], i64); 4] = [
        (14, 0, &[], 0),
        (15, 0, &[Flag::HoldExpired], 0),
        (15, 60, &[Flag::SettledWithShortfall, Flag::HoldExpired], -60),
        (16, 100, &[Flag::SettledWithShortfall, Flag::HoldExpired], -100),
    ];
    for (minute, elsewhere, flags, left) in cases {
        let mut account = quoted(&with_lots(vec![lot("a", 100, 0, None)]), "r-1", &[hold(100)], 0);
        if elsewhere > 0 {
            let receipt = receipt("r-2", vec![line("1", 1, 100)]);
            let decision = Decision { redemptions: vec![redemption(elsewhere, 1)], ..unchanged(&receipt) };
            account = settled(Some(&account), &settle_of(&receipt, &decision, at(15))).account.unwrap();
        }
        let (receipt, decision) = redeeming(100);
        let done = settled(Some(&account), &settle_of(&receipt, &decision, at(minute)));
        assert_eq!(done.outcome.flags, flags, "minute {minute}");
        assert_eq!(balance(&done.account.unwrap(), minute), left, "minute {minute}");
    }
}

#[test]
fn h10_less_is_posted_than_held_and_the_rest_is_free_in_the_same_commit() {
    let account = quoted(&with_lots(vec![lot("a", 100, 0, None)]), "r-1", &[hold(80)], 0);
    let (receipt, mut decision) = redeeming(30);
    decision.promises = vec![hold(80)];
    let account = settled(Some(&account), &settle_of(&receipt, &decision, at(1))).account.unwrap();
    let balances = account.balances(at(1));
    assert_eq!((balances[0].vested, balances[0].held), (units(70), units(0)));
}

#[test]
fn p4_what_is_held_for_another_quote_is_not_taken() {
    let account = quoted(&with_lots(vec![lot("a", 100, 0, None)]), "other", &[hold(80)], 0);
    let (receipt, decision) = redeeming(50);
    let mut command = settle_of(&receipt, &decision, at(1));
    command.relation = Relation::WithoutQuote;
    let done = settled(Some(&account), &command);
    assert_eq!(done.outcome.redemptions[0].shortfall, units(30));
    // The other one still gets all that it was promised, although the account owes by now.
    let mut other = crate::testing::receipt("other", vec![line("1", 1, 100)]);
    other.id = receipt_id("other");
    let decision = Decision { redemptions: vec![redemption(80, 80)], promises: vec![hold(80)], ..unchanged(&other) };
    let done = settled(done.account.as_ref(), &settle_of(&other, &decision, at(2)));
    assert_eq!(done.outcome.redemptions[0].shortfall, units(0));
    assert_eq!(balance(&done.account.unwrap(), 2), -30);
}

#[test]
fn a_reward_that_waits_for_answers_is_recorded_without_postings() {
    let receipt = receipt("r-1", vec![line("1", 1, 100)]);
    let mut waiting = points("p", 100);
    waiting.waits_for = vec![FactId::parse("phone").unwrap()];
    let decision = Decision { rewards: vec![waiting], ..unchanged(&receipt) };
    let done = settled(Some(&account()), &settle_of(&receipt, &decision, at(0)));
    assert_eq!((done.outcome.rewards.len(), done.outcome.postings.len()), (1, 0));
}

#[test]
fn a_sale_without_an_account_records_no_reward_that_needs_one() {
    let receipt = receipt("r-1", vec![line("1", 1, 100)]);
    let draw = reward("t", RewardKind::Prize { prize: "mug".into(), count: 2 });
    let decision = Decision { rewards: vec![points("p", 100), draw], ..unchanged(&receipt) };
    let outcome = settled(None, &settle_of(&receipt, &decision, at(0))).outcome;
    assert_eq!(outcome.rewards.iter().map(|reward| reward.id.as_str().to_owned()).collect::<Vec<_>>(), ["t"]);
    assert!(outcome.postings.is_empty());
}

#[test]
fn counters_uses_and_statistics_move() {
    let mut receipt = receipt("r-1", vec![line("1", 4, 400)]);
    let mut decision = unchanged(&receipt);
    decision.counters = vec![counted("tenth", 4_000, 0)];
    decision.promises = vec![Promise::Uses { campaign: campaign("daily"), by: None, member: None, usage: uses(2) }];
    let first = settled(Some(&account()), &settle_of(&receipt, &decision, at(0))).account.unwrap();
    receipt.id = receipt_id("r-2");
    receipt.sold_at = at(60 * 26);
    receipt.business_date = day().tomorrow().unwrap();
    let second = settled(Some(&first), &settle_of(&receipt, &decision, at(60 * 26))).account.unwrap();
    assert_eq!((second.counters[0].counted_milli, second.counters[0].rewarded), (8_000, 0));
    assert_eq!((second.uses[0].ever, second.uses[0].on_day), (uses(4), uses(2)));
    let habits = &second.statistics.habits;
    assert_eq!((second.statistics.visits, &habits.gap_days[..]), (2, &[1][..]));
    let within = habits.within(receipt.business_date, (0, 30));
    assert_eq!((within.receipts, within.spent_minor), (2, 800));
    assert_eq!(second.statistics.spent_minor, [("GBP".into(), 800)]);
    assert_eq!(second.outcomes, 2);
}

#[test]
fn a_coupon_is_issued_with_one_code_and_used_once() {
    let first = receipt("r-1", vec![line("1", 1, 100)]);
    let later = reward("c", RewardKind::DiscountLater { coupon: campaign("spring") });
    let decision = Decision { rewards: vec![later], ..unchanged(&first) };
    let account = settled(Some(&account()), &settle_of(&first, &decision, at(0))).account.unwrap();
    let code = account.coupons[0].code.clone();
    assert_eq!(code, CODES.coupon(&first.id, &decision.rewards[0].id));
    assert_eq!(code.len(), 17);
    let used = |id: &str, account: &Account| {
        let mut receipt = first.clone();
        receipt.id = receipt_id(id);
        let verdict = CodeVerdict { code: code.clone(), verdict: Verdict::Applied, campaign: None };
        let decision = Decision { code_verdicts: vec![verdict], ..unchanged(&receipt) };
        settled(Some(account), &settle_of(&receipt, &decision, at(1)))
    };
    let second = used("r-2", &account);
    assert!(second.outcome.flags.is_empty());
    let account = second.account.unwrap();
    assert_eq!(account.coupons[0].used_by, Some(receipt_id("r-2")));
    assert_eq!(used("r-3", &account).outcome.flags, [Flag::SettledWithShortfall]);
}

#[test]
fn h70_booked_time_does_not_run_back() {
    let receipt = receipt("r-1", vec![line("1", 1, 100)]);
    let decision = unchanged(&receipt);
    let first = settled(Some(&account()), &settle_of(&receipt, &decision, at(60))).account.unwrap();
    let second = settled(Some(&first), &settle_of(&receipt, &decision, at(0)));
    assert_eq!((second.outcome.booked_at, second.account.unwrap().booked_at_last), (at(60), at(60)));
}

#[test]
fn h19_run_twice_gives_equal_bytes() {
    let account = quoted(&with_lots(vec![lot("a", 100, 0, None), lot("b", 7, 0, Some(90))]), "r-1", &[hold(50)], 0);
    let (receipt, decision) = redeeming(50);
    let run = || {
        let done = settled(Some(&account), &settle_of(&receipt, &decision, at(3)));
        (done.account.unwrap().encode(), format!("{:?}", done.outcome))
    };
    assert_eq!(run(), run());
}

#[test]
fn h17_the_greatest_units_neither_wrap_nor_panic() {
    let account = with_lots(vec![lot("a", 1_000_000_000_000_000, 0, None)]);
    let (receipt, mut decision) = redeeming(1_000_000_000_000_000);
    decision.rewards = vec![points("p", 1_000_000_000_000_000)];
    let done = settled(Some(&account), &settle_of(&receipt, &decision, Timestamp::MAX));
    assert_eq!(done.account.unwrap().lots.len(), 1);
}

#[test]
fn p4_a_limit_that_is_exceeded_all_the_same_is_recorded_as_shortfall() {
    let limits = [LimitTerms {
        campaign: campaign("daily"),
        limits: UsageLimits { day: Usage { uses: 3, ..Usage::UNLIMITED }, ..UsageLimits::NONE },
    }];
    let mut account = account();
    for (id, expected) in [("r-1", false), ("r-2", true)] {
        let receipt = receipt(id, vec![line("1", 1, 100)]);
        let promises = vec![Promise::Uses { campaign: campaign("daily"), by: None, member: None, usage: uses(2) }];
        let decision = Decision { promises, ..unchanged(&receipt) };
        let mut command = settle_of(&receipt, &decision, at(0));
        command.limits = &limits;
        // The quote's hold has run out, and another sale used what was left.
        let done = settled(Some(&account), &command);
        assert_eq!(done.outcome.flags.contains(&Flag::SettledWithShortfall), expected, "{id}");
        account = done.account.unwrap();
    }
}

#[test]
fn a_sale_renews_what_has_not_lapsed_and_every_step_is_posted() {
    let account = with_lots(vec![
        lot("gone", 10, 0, Some(50)),
        lot("short", 20, 0, Some(120)),
        lot("long", 30, 0, Some(900)),
        lot("ever", 40, 0, None),
        lot("owed", -5, 0, None),
    ]);
    let sale = receipt("r-1", vec![line("1", 1, 100)]);
    let decision = unchanged(&sale);
    let renewals = [(asset(POINTS), at(500)), (asset("stamps"), at(700))];
    let mut command = settle_of(&sale, &decision, at(100));
    command.renewals = &renewals;
    let done = settled(Some(&account), &command);
    let renewed: Vec<_> = done.outcome.postings.iter().map(|posting| (posting.units.units(), posting.reason)).collect();
    assert_eq!(renewed, [(-20, PostingReason::Renew), (20, PostingReason::Renew)]);
    assert_eq!(done.outcome.postings[1].expires_at, Some(at(500)));
    let after = done.account.unwrap();
    let until = |name: &str| after.lots.iter().find(|lot| lot.id.receipt == receipt_id(name)).unwrap().expires_at;
    assert_eq!((until("gone"), until("short"), until("long"), until("ever")), (Some(at(50)), Some(at(500)), Some(at(900)), None));
    assert_eq!(after.balances(at(400))[0].vested, units(20 + 30 + 40 - 5));
}

#[test]
fn p5_each_debit_names_its_lots_and_the_redemption_that_it_belongs_to() {
    let account = with_lots(vec![lot("a", 30, 0, Some(500)), lot("b", 30, 0, None)]);
    let sale = receipt("r-1", vec![line("1", 1, 100)]);
    let (first, second) = (
        redemption(20, 20),
        tessera_rules::decision::Redemption { id: RewardId::parse("second").unwrap(), ..redemption(25, 25) },
    );
    let decision = Decision { redemptions: vec![first.clone(), second.clone()], ..unchanged(&sale) };
    let outcome = settled(Some(&account), &settle_of(&sale, &decision, at(1))).outcome;
    let debits = |id: &RewardId| -> Vec<(String, i64)> {
        let of = outcome.postings.iter().filter(|posting| posting.of.as_ref() == Some(id));
        of.filter_map(|posting| match &posting.place {
            PostingPlace::Lot(lot) => Some((lot.to_string(), posting.units.units())),
            PostingPlace::Book(_) => None,
        })
        .collect()
    };
    assert_eq!(debits(&first.id), [("a~0".to_owned(), -20)]);
    assert_eq!(debits(&second.id), [("a~0".to_owned(), -10), ("b~0".to_owned(), -15)]);
}

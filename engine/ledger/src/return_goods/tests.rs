//! Tests of `return_goods`.

use jiff::Timestamp;
use proptest::prelude::*;
use tessera_rules::conventions::{ReturnedPayment, ReturnedRewards};
use tessera_rules::decision::{Decision, Promise, Redemption, RewardKind, Shortfall};
use tessera_rules::money::{Amount, Quantity};
use tessera_rules::receipt::{RedeemMode, Tender, TenderKind};
use tessera_rules::usage::Usage;

use crate::account::Account;
use crate::outcome::{Flag, Outcome, UseMove};
use crate::posting::{Book, PostingPlace};
use crate::return_goods::{ReturnLine, ReturnedSoFar};
use crate::settle::gain::units_of;
use crate::terms::ReturnTerms;
use crate::testing::*;

fn balance(account: &Account, now: Timestamp) -> i64 {
    account.balances(now).iter().find(|balance| balance.asset == asset(POINTS)).map_or(0, |balance| balance.vested.units())
}

/// Two lines of 3 pieces for 1,000 less 100, and 7 for 555; 11 points on the first line, 5 on all, 30 used.
fn sale(on_return: Shortfall) -> (Account, Outcome) {
    let receipt = receipt("r-1", vec![line("1", 3, 1_000), line("2", 7, 555)]);
    let mut on_line = points("p1", 11);
    on_line.earned_on = vec![share("1", 11)];
    on_line.on_return = on_return;
    let mut on_all = points("p2", 5);
    on_all.on_return = on_return;
    let mut decision = Decision { rewards: vec![on_line, on_all], redemptions: vec![redemption(30, 30)], ..unchanged(&receipt) };
    decision.lines[0].parts = vec![part(3, 900, "off", -100)];
    decision.counters = vec![counted("earn", 3_000, 0)];
    let lines = [sold("1", vec![part(3, 900, "off", -100)])];
    let mut command = settle_of(&receipt, &decision, at(10));
    command.sold = &lines;
    let done = settled(Some(&with_lots(vec![lot("old-a", 20, 0, Some(20)), lot("old-b", 20, 0, None)])), &command);
    (done.account.unwrap(), done.outcome)
}

fn book(outcomes: &[Outcome], asset_name: &str, book: Book) -> i64 {
    let postings = outcomes.iter().flat_map(|outcome| &outcome.postings);
    let of_book = postings.filter(|posting| posting.asset == asset(asset_name) && posting.place == PostingPlace::Book(book));
    of_book.map(|posting| posting.units.units()).sum()
}

/// Returns the steps (line, pieces) one after another; all of them together are the whole receipt.
fn return_all(steps: &[(&str, i64)]) -> (Account, Vec<Outcome>, ReturnedSoFar) {
    let (mut account, original) = sale(Shortfall::Negative);
    let mut so_far = ReturnedSoFar::default();
    let mut outcomes = Vec::new();
    for (place, (id, pieces)) in steps.iter().enumerate() {
        let lines = [return_line(id, Some(id), *pieces, 0)];
        let done = returned(Some(&account), &format!("b-{place}"), &lines, Some((&original, &so_far)), at(11));
        assert!(done.beyond.is_empty());
        assert_eq!(done.so_far.returns.len(), place + 1, "each return is listed");
        (account, so_far) = (done.account.unwrap(), done.so_far);
        outcomes.push(done.outcome);
    }
    outcomes.push(original);
    (account, outcomes, so_far)
}

proptest! {
    #[test]
    fn partial_returns_in_any_order_sum_to_the_whole(order in Just((0..10).collect::<Vec<i64>>()).prop_shuffle(), step in 1_i64..4) {
        // Pieces 0..3 are of line 1, the others of line 2; they come back in runs of up to `step` pieces.
        let mut steps: Vec<(&str, i64)> = Vec::new();
        for piece in order {
            let id = if piece < 3 { "1" } else { "2" };
            match steps.last_mut() {
                Some((last, pieces)) if *last == id && *pieces < step => *pieces += 1,
                _ => steps.push((id, 1)),
            }
        }
        let (account, outcomes, so_far) = return_all(&steps);
        let refunds: i64 = outcomes.iter().filter(|outcome| outcome.original.is_some()).map(|outcome| outcome.after.minor()).sum();
        prop_assert_eq!(refunds, -1_455);
        prop_assert_eq!(balance(&account, at(11)), 40, "rewards are gone and used units are back");
        prop_assert_eq!(book(&outcomes, "money:GBP", Book::Returned), 100);
        prop_assert_eq!(book(&outcomes, "money:GBP", Book::Redeemed), 0);
        prop_assert_eq!(book(&outcomes, POINTS, Book::Returned), 16);
        prop_assert_eq!(book(&outcomes, POINTS, Book::Redeemed), 0);
        prop_assert_eq!(account.counters[0].counted_milli, 0);
        prop_assert_eq!(account.statistics.spent_minor[0].1, 0);
        prop_assert_eq!(so_far.lines.len(), 2);
    }
}

#[test]
fn a_reward_on_a_line_goes_with_that_line_alone() {
    let (account, original) = sale(Shortfall::Negative);
    let so_far = ReturnedSoFar::default();
    let taken = |line: ReturnLine| {
        let done = returned(Some(&account), "b", &[line], Some((&original, &so_far)), at(11));
        let units = |reward: &crate::outcome::OutcomeReward| {
            crate::settle::gain::units_of(&reward.kind).map_or(0, |(_, units)| units.units())
        };
        done.outcome.rewards.iter().map(|reward| (reward.id.to_string(), units(reward))).collect::<Vec<_>>()
    };
    // 900 of 1,455 is three fifths of the receipt; 300 of it a fifth.
    assert_eq!(taken(return_line("1", Some("1"), 3, 0)), [("p1".into(), -11), ("p2".into(), -3)]);
    assert_eq!(taken(return_line("1", Some("1"), 1, 0)), [("p1".into(), -4), ("p2".into(), -1)]);
    assert_eq!(taken(return_line("2", Some("2"), 7, 0)), [("p2".into(), -2)]);
}

#[test]
fn h12_more_than_was_sold_is_recorded_and_refunded_as_the_till_says() {
    let (account, original) = sale(Shortfall::Negative);
    // (name, line, so far, refund, beyond in pieces)
    let cases = [
        ("a piece too many", return_line("1", Some("1"), 4, 1_200), 0, 900 + 300, Some(1)),
        ("all came back before", return_line("1", Some("1"), 2, 600), 3, 600, Some(2)),
        ("a line that was not sold", return_line("9", Some("9"), 1, 50), 0, 50, Some(1)),
        ("what was sold", return_line("1", Some("1"), 3, 5_000), 0, 900, None),
    ];
    for (name, line, before, refund, beyond) in cases {
        let quantity = Quantity::from_milli(before * 1_000);
        let so_far = ReturnedSoFar {
            lines: vec![crate::return_goods::ReturnedLine { line: line_id("1"), quantity }],
            ..ReturnedSoFar::default()
        };
        let done = returned(Some(&account), "b", &[line], Some((&original, &so_far)), at(11));
        assert_eq!(done.outcome.after, money(-refund), "{name}");
        assert_eq!(done.beyond.first().map(|beyond| beyond.by.pieces()), beyond, "{name}");
        assert_eq!(done.outcome.flags.contains(&Flag::ReturnedBeyondSale), beyond.is_some(), "{name}");
    }
}

#[test]
fn a_line_without_its_originals_id_is_found_by_its_article() {
    let lines = vec![line("1", 1, 100), line("2", 2, 300)];
    let mut receipt = receipt("r-1", lines);
    receipt.lines[1].sku = receipt.lines[0].sku.clone();
    let decision = unchanged(&receipt);
    let original = settled(None, &settle_of(&receipt, &decision, at(0))).outcome;
    let back = return_line("1", None, 3, 0);
    let done = returned(None, "b", &[back], Some((&original, &ReturnedSoFar::default())), at(1));
    assert_eq!((done.outcome.after, done.beyond.len(), done.so_far.lines.len()), (money(-400), 0, 2));
}

#[test]
fn a_return_without_a_receipt_is_priced_from_its_lines_and_takes_nothing_back() {
    let account = with_lots(vec![lot("a", 20, 0, None)]);
    let done = returned(Some(&account), "b", &[return_line("1", None, 2, 250)], None, at(1));
    assert_eq!((done.outcome.before, done.outcome.after), (money(-250), money(-250)));
    assert_eq!(done.outcome.lines[0].paid, money(250));
    assert_eq!(done.outcome.flags, [Flag::ReturnWithoutReceipt]);
    assert!(done.outcome.postings.is_empty());
    assert_eq!(done.account.unwrap().lots, account.lots);
}

#[test]
fn what_was_used_up_goes_by_the_rewards_own_rule() {
    // All points are spent before the goods come back: (rule, refund, balance).
    let cases = [(Shortfall::Negative, 1_455, -16), (Shortfall::Zero, 1_455, 0), (Shortfall::DeductFromRefund, 1_455 - 32, 0)];
    for (rule, refund, left) in cases {
        let (account, mut original) = sale(rule);
        original.redemptions.clear();
        let spend = receipt("r-2", vec![line("1", 1, 100)]);
        let decision = Decision { redemptions: vec![redemption(26, 26)], ..unchanged(&spend) };
        let account = settled(Some(&account), &settle_of(&spend, &decision, at(11))).account.unwrap();
        let lines = [return_line("1", Some("1"), 3, 0), return_line("2", Some("2"), 7, 0)];
        let done = returned(Some(&account), "b", &lines, Some((&original, &ReturnedSoFar::default())), at(12));
        assert_eq!((done.outcome.before, done.outcome.after), (money(-1_455), money(-refund)), "{rule:?}");
        assert_eq!(done.deducted, money(1_455 - refund), "{rule:?}");
        assert_eq!(balance(&done.account.unwrap(), at(12)), left, "{rule:?}");
    }
}

#[test]
fn the_receipts_own_lot_goes_first_then_the_oldest_and_never_what_is_promised() {
    let (mut account, mut original) = sale(Shortfall::Negative);
    original.redemptions.clear();
    // The receipt's own 16 points and 10 older ones are there; 15 of them are held for a quote.
    assert_eq!(balance(&account, at(11)), 26);
    account.open_quotes = vec![crate::hold::OpenQuote {
        receipt: receipt_id("q"),
        till: till(),
        quote_no: 1,
        attempt: 0,
        holds: vec![hold(15)],
        until: at(60),
    }];
    let lines = [return_line("1", Some("1"), 3, 0), return_line("2", Some("2"), 7, 0)];
    let done = returned(Some(&account), "b", &lines, Some((&original, &ReturnedSoFar::default())), at(11));
    let account = done.account.unwrap();
    let first = &done.outcome.postings.iter().find(|posting| matches!(posting.place, PostingPlace::Lot(_))).unwrap().place;
    assert!(matches!(first, PostingPlace::Lot(id) if id.receipt == original.receipt));
    let usable: i64 = account.lots.iter().filter(|lot| lot.is_usable(at(11))).map(|lot| lot.left.units()).sum();
    assert_eq!((usable, balance(&account, at(11))), (15, 10), "what is held stays, the rest is owed");
}

#[test]
fn used_units_come_back_with_their_expiry_but_fourteen_days_at_least() {
    let (account, original) = sale(Shortfall::Zero);
    let lines = [return_line("1", Some("1"), 3, 0), return_line("2", Some("2"), 7, 0)];
    let done = returned(Some(&account), "b", &lines, Some((&original, &ReturnedSoFar::default())), at(11));
    let account = done.account.unwrap();
    let restored: Vec<_> =
        account.lots.iter().filter(|lot| lot.id.receipt == receipt_id("b")).map(|lot| (lot.left, lot.expires_at)).collect();
    assert_eq!(restored, [(units(20), Some(at(11 + 14 * 24 * 60))), (units(10), None)]);
    assert_eq!((done.outcome.redemptions[0].units, done.outcome.redemptions[0].amount), (units(-30), money(-30)));
}

#[test]
fn an_unused_coupon_of_the_receipt_is_withdrawn_when_all_has_come_back() {
    let receipt = receipt("r-1", vec![line("1", 2, 100)]);
    let later = reward("c", RewardKind::DiscountLater { coupon: campaign("spring") });
    let decision = Decision { rewards: vec![later], ..unchanged(&receipt) };
    let done = settled(Some(&account()), &settle_of(&receipt, &decision, at(0)));
    let (account, original) = (done.account.unwrap(), done.outcome);
    let one = [return_line("1", Some("1"), 1, 0)];
    let half = returned(Some(&account), "b-1", &one, Some((&original, &ReturnedSoFar::default())), at(1));
    let account = half.account.unwrap();
    assert_eq!(account.coupons.len(), 1);
    let whole = returned(Some(&account), "b-2", &one, Some((&original, &half.so_far)), at(1));
    assert!(whole.account.unwrap().coupons.is_empty());
    assert!(whole.outcome.rewards[0].taken_back);
}

#[test]
fn a_refund_is_spread_over_the_tenders_of_the_sale() {
    let (account, original) = sale(Shortfall::Negative);
    let done =
        returned(Some(&account), "b", &[return_line("2", Some("2"), 7, 0)], Some((&original, &ReturnedSoFar::default())), at(11));
    assert_eq!(done.outcome.tenders.iter().map(|tender| tender.amount.minor()).sum::<i64>(), 555);
}

#[test]
fn p4_what_redemptions_used_of_a_limit_is_free_again_with_the_last_of_the_goods_and_not_before() {
    let receipt = receipt("r-1", vec![line("1", 3, 1_000), line("2", 7, 555)]);
    let mut decision = unchanged(&receipt);
    let usage = Usage { uses: 1, units: 3, value: 100 };
    decision.promises = vec![Promise::Uses { campaign: campaign("limit:month"), by: None, member: None, usage }];
    // The first line alone has a discount; the other one has nothing to do with the limit.
    let lines = [sold("1", vec![part(3, 900, "off", -100)]), sold("2", Vec::new())];
    let mut command = settle_of(&receipt, &decision, at(10));
    command.sold = &lines;
    let done = settled(Some(&account()), &command);
    for steps in [[("2", 7), ("1", 3)], [("1", 3), ("2", 7)]] {
        let (mut account, mut so_far) = (done.account.clone().unwrap(), ReturnedSoFar::default());
        for (place, (id, pieces)) in steps.into_iter().enumerate() {
            assert_eq!(account.uses[0].ever, usage, "{steps:?}: before step {place}");
            let goods = [return_line(id, Some(id), pieces, 0)];
            let step = returned(Some(&account), &format!("b-{place}"), &goods, Some((&done.outcome, &so_far)), at(11));
            (account, so_far) = (step.account.unwrap(), step.so_far);
        }
        assert_eq!(account.uses[0].ever, Usage::NONE, "{steps:?}");
    }
}

#[test]
fn p4_what_each_campaign_used_of_a_limit_is_free_again_with_the_goods_that_it_made_cheaper() {
    let receipt = receipt("r-1", vec![line("1", 2, 1_000), line("2", 4, 800), line("3", 1, 100)]);
    let mut decision = unchanged(&receipt);
    let used = |by: &str, value: i64| Promise::Uses {
        campaign: campaign("limit:month"),
        member: None,
        by: Some(campaign(by)),
        usage: Usage { uses: 1, units: 0, value },
    };
    decision.promises = vec![used("shoes", 100), used("socks", 80)];
    let parts = [vec![part(2, 900, "shoes", -100)], vec![part(4, 720, "socks", -80)]];
    let lines = [sold("1", parts[0].clone()), sold("2", parts[1].clone()), sold("3", Vec::new())];
    let mut command = settle_of(&receipt, &decision, at(10));
    command.sold = &lines;
    let done = settled(Some(&account()), &command);
    assert_eq!(done.outcome.uses.len(), 2);
    let (mut account, mut so_far) = (done.account.clone().unwrap(), ReturnedSoFar::default());
    let table = [(("3", 1), (2, 180)), (("1", 1), (2, 130)), (("2", 4), (2, 50)), (("1", 1), (0, 0))];
    for (place, ((id, pieces), (uses, value))) in table.into_iter().enumerate() {
        let goods = [return_line(id, Some(id), pieces, 0)];
        let step = returned(Some(&account), &format!("b-{place}"), &goods, Some((&done.outcome, &so_far)), at(11));
        (account, so_far) = (step.account.unwrap(), step.so_far);
        assert_eq!(account.uses[0].ever, Usage { uses, units: 0, value }, "after step {place}");
    }
}

#[test]
fn p4_what_a_limit_counted_is_free_again_in_proportion_and_in_any_order() {
    let receipt = receipt("r-1", vec![line("1", 3, 1_000), line("2", 7, 555)]);
    let mut decision = unchanged(&receipt);
    let usage = Usage { uses: 2, units: 10, value: 155 };
    decision.promises = vec![Promise::Uses { campaign: campaign("off"), by: None, member: None, usage }];
    let parts = [vec![part(3, 900, "off", -100)], vec![part(7, 500, "off", -55)]];
    let lines = [sold("1", parts[0].clone()), sold("2", parts[1].clone())];
    let mut command = settle_of(&receipt, &decision, at(10));
    command.sold = &lines;
    let done = settled(Some(&account()), &command);
    assert_eq!(done.outcome.uses, [UseMove { per_member: false, campaign: campaign("off"), by: None, usage }]);
    for steps in [[("1", 1), ("2", 7), ("1", 2)], [("2", 3), ("2", 4), ("1", 3)], [("1", 3), ("2", 1), ("2", 6)]] {
        let (mut account, mut so_far) = (done.account.clone().unwrap(), ReturnedSoFar::default());
        let mut freed = Usage::NONE;
        for (place, (id, pieces)) in steps.into_iter().enumerate() {
            assert_eq!(account.uses[0].ever.uses, 2, "a use is free with the last of the goods");
            let goods = [return_line(id, Some(id), pieces, 0)];
            let step = returned(Some(&account), &format!("b-{place}"), &goods, Some((&done.outcome, &so_far)), at(11));
            (account, so_far) = (step.account.unwrap(), step.so_far);
            freed = step.outcome.uses.iter().fold(freed, |sum, change| sum.plus(change.usage));
            assert_eq!(account.uses[0].ever, usage.plus(freed), "{steps:?}");
            assert_eq!((account.uses[0].on_day, account.uses[0].in_month), (account.uses[0].ever, account.uses[0].ever));
        }
        assert_eq!(freed, usage.negated(), "{steps:?}");
    }
}

/// 3 pieces for 9.00 and 1 for 1.00; 100 points on both lines in proportion; 4.00 of it was paid by 40 points, 6.00 in cash.
fn paid_in_part_by_points(terms: &[ReturnTerms]) -> (Account, Outcome) {
    let mut receipt = receipt("r-1", vec![line("1", 3, 900), line("2", 1, 100)]);
    receipt.tenders = [(TenderKind::Asset, 400), (TenderKind::Cash, 600)]
        .map(|(kind, minor)| Tender { kind, amount: Amount::from_minor(minor) })
        .to_vec();
    let mut earned = points("p", 100);
    earned.earned_on = vec![share("1", 90), share("2", 10)];
    let used = Redemption { mode: RedeemMode::Tender, ..redemption(40, 400) };
    let decision = Decision { rewards: vec![earned], redemptions: vec![used], ..unchanged(&receipt) };
    let mut command = settle_of(&receipt, &decision, at(10));
    command.return_terms = terms;
    let done = settled(Some(&with_lots(vec![lot("old", 40, 0, None)])), &command);
    (done.account.unwrap(), done.outcome)
}

/// What each step takes back, gives back, deducts, and refunds by points and in cash.
fn steps_of((mut account, original): (Account, Outcome), steps: &[(&str, i64)]) -> Vec<[i64; 5]> {
    let mut so_far = ReturnedSoFar::default();
    let mut all = Vec::new();
    for (place, (id, pieces)) in steps.iter().enumerate() {
        let lines = [return_line(id, Some(id), *pieces, 0)];
        let done = returned(Some(&account), &format!("b-{place}"), &lines, Some((&original, &so_far)), at(11));
        let units = |units: i64| units.saturating_neg();
        let taken = done.outcome.rewards.iter().filter_map(|reward| units_of(&reward.kind)).map(|(_, sum)| units(sum.units()));
        let given = done.outcome.redemptions.iter().map(|redemption| units(redemption.units.units()));
        let tender = |kind| {
            let own = done.outcome.tenders.iter().filter(|tender| tender.kind == kind);
            own.map(|tender| tender.amount.minor()).sum::<i64>()
        };
        let step = [taken.sum(), given.sum(), done.deducted.minor(), tender(TenderKind::Asset), tender(TenderKind::Cash)];
        all.push(step);
        (account, so_far) = (done.account.unwrap(), done.so_far);
    }
    all
}

#[test]
fn rewards_and_payment_come_back_by_the_terms_under_which_was_sold() {
    use ReturnedPayment::{InProportion, Never, WholeReturnOnly};
    use ReturnedRewards::EqualShares;
    let of = |rewards, payment| vec![ReturnTerms { program: program(), rewards, payment }];
    let proportion = ReturnedRewards::InProportion;
    let table: [(Vec<ReturnTerms>, [[i64; 5]; 3]); 4] = [
        (Vec::new(), [[10, 4, 0, 40, 60], [30, 12, 0, 120, 180], [60, 24, 0, 240, 360]]),
        (of(EqualShares, InProportion), [[25, 4, 0, 40, 60], [25, 12, 0, 120, 180], [50, 24, 0, 240, 360]]),
        (of(proportion, WholeReturnOnly), [[10, 0, 40, 0, 60], [30, 0, 120, 0, 180], [60, 40, 0, 400, 360]]),
        (of(EqualShares, Never), [[25, 0, 40, 0, 60], [25, 0, 120, 0, 180], [50, 0, 240, 0, 360]]),
    ];
    for (terms, expected) in table {
        assert_eq!(steps_of(paid_in_part_by_points(&terms), &[("2", 1), ("1", 1), ("1", 2)]), expected, "{terms:?}");
    }
}

#[test]
fn by_whatever_terms_partial_returns_in_any_order_sum_to_the_whole() {
    use ReturnedPayment::{InProportion, Never, WholeReturnOnly};
    let orders: [&[(&str, i64)]; 4] = [
        &[("1", 3), ("2", 1)],
        &[("2", 1), ("1", 1), ("1", 2)],
        &[("1", 1), ("2", 1), ("1", 1), ("1", 1)],
        &[("1", 2), ("1", 1), ("2", 1)],
    ];
    for payment in [InProportion, WholeReturnOnly, Never] {
        for rewards in [ReturnedRewards::InProportion, ReturnedRewards::EqualShares] {
            let terms = [ReturnTerms { program: program(), rewards, payment }];
            let points = if payment == Never { 0 } else { 40 };
            for order in orders {
                let sum =
                    |column: usize| steps_of(paid_in_part_by_points(&terms), order).iter().map(|step| step[column]).sum::<i64>();
                let sums = [sum(0), sum(1), sum(3), sum(4)];
                assert_eq!(sums, [100, points, points * 10, 600], "{terms:?} in {order:?}");
            }
        }
    }
}

#[test]
fn what_a_tender_paid_comes_back_with_the_goods_that_it_paid() {
    use ReturnedPayment::{InProportion, Never, WholeReturnOnly};
    /// A line, how many pieces of it come back, and the sums of that step.
    type Step = (&'static str, i64, [i64; 5]);
    let table: [(ReturnedPayment, &[Step]); 4] = [
        (InProportion, &[("1", 1, [0, 2_500, 0, 2_500, 0]), ("2", 2, [0, 0, 0, 0, 5_000]), ("1", 1, [0, 2_500, 0, 2_500, 0])]),
        (WholeReturnOnly, &[("1", 2, [0, 0, 5_000, 0, 0]), ("2", 2, [0, 5_000, 0, 5_000, 5_000])]),
        (WholeReturnOnly, &[("2", 2, [0, 0, 0, 0, 5_000]), ("1", 2, [0, 5_000, 0, 5_000, 0])]),
        (Never, &[("2", 1, [0, 0, 0, 0, 2_500]), ("1", 2, [0, 0, 5_000, 0, 0]), ("2", 1, [0, 0, 0, 0, 2_500])]),
    ];
    for (payment, steps) in table {
        let terms = [ReturnTerms { program: program(), rewards: ReturnedRewards::InProportion, payment }];
        let asked: Vec<(&str, i64)> = steps.iter().map(|(line, pieces, _)| (*line, *pieces)).collect();
        let wanted: Vec<[i64; 5]> = steps.iter().map(|(_, _, step)| *step).collect();
        assert_eq!(steps_of(food_paid_by_points(&terms), &asked), wanted, "{payment:?} {asked:?}");
    }
}

/// Food for 50.00, which 5,000 points paid, and tobacco for 50.00, which they may not pay.
fn food_paid_by_points(terms: &[ReturnTerms]) -> (Account, Outcome) {
    let mut receipt = receipt("r-1", vec![line("1", 2, 5_000), line("2", 2, 5_000)]);
    receipt.tenders =
        [TenderKind::Asset, TenderKind::Cash].map(|kind| Tender { kind, amount: Amount::from_minor(5_000) }).to_vec();
    let used = Redemption { paid_on: vec![share("1", 5_000)], ..redemption(5_000, 5_000) };
    let decision = Decision { redemptions: vec![used], ..unchanged(&receipt) };
    let mut command = settle_of(&receipt, &decision, at(10));
    command.return_terms = terms;
    let done = settled(Some(&with_lots(vec![lot("old", 5_000, 0, None)])), &command);
    (done.account.unwrap(), done.outcome)
}

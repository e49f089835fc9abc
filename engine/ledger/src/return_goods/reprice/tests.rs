//! Tests of returns that price anew what is kept.

use proptest::prelude::*;
use tessera_rules::conventions::{ReturnedPayment, ReturnedRewards};
use tessera_rules::decision::{Adjustment, Decision, LineShare, Part, Redemption, RewardKind};
use tessera_rules::effort::Effort;
use tessera_rules::money::{Amount, Quantity, UnitPrice, split};
use tessera_rules::receipt::{Receipt, Tender, TenderKind};

use crate::account::Account;
use crate::outcome::{Flag, Outcome};
use crate::posting::{Book, PostingPlace};
use crate::return_goods::{DecidedWith, OriginalSale, Repricing, Return, Returned, ReturnedSoFar, kept, return_goods};
use crate::settle::SoldLine;
use crate::terms::{ReturnTerms, money_asset};
use crate::testing::*;

/// Pieces sold on each line, at a pound, two pounds and five.
const PRICES: [i64; 3] = [100, 200, 500];

fn sale(pieces: &[i64]) -> Receipt {
    let lines = pieces.iter().zip(PRICES).enumerate().filter(|(_, (pieces, _))| **pieces > 0);
    receipt("r-1", lines.map(|(place, (pieces, price))| line(&(place + 1).to_string(), *pieces, pieces * price)).collect())
}

/// Five pounds off from twenty on, else one from ten on; a point a pound of what is paid, and a mug from thirty on.
fn decide(receipt: &Receipt) -> Decision {
    let mut decision = unchanged(receipt);
    let total = receipt.total().minor();
    let off = if total >= 2_000 { 500 } else { i64::from(total >= 1_000) * 100 };
    let campaign = if total >= 2_000 { "five" } else { "one" };
    let weights: Vec<i64> = receipt.lines.iter().map(|line| line.amount.minor()).collect();
    let shares = split(off, &weights);
    for ((decided, line), share) in decision.lines.iter_mut().zip(&receipt.lines).zip(&shares).filter(|(_, share)| **share > 0) {
        let amount = Amount::from_minor(line.amount.minor() - share);
        let adjustment =
            Adjustment { campaign: crate::testing::campaign(campaign), amount: Amount::from_minor(-share), text: "off".into() };
        let unit_price = UnitPrice::from_micros(0);
        decided.parts = vec![Part { quantity: line.quantity, unit_price, amount, adjustments: vec![adjustment] }];
        decided.after = amount;
    }
    let paid = total - off;
    if off > 0 {
        let told = reward(campaign, RewardKind::DiscountNow { amount: Amount::from_minor(off) });
        decision.rewards.push(tessera_rules::decision::Reward { campaign: crate::testing::campaign(campaign), ..told });
    }
    let earned_on = receipt.lines.iter().zip(split(paid / 100, &weights));
    let earned_on: Vec<LineShare> = earned_on.map(|(line, units)| LineShare { line: line.id.clone(), units }).collect();
    if paid >= 100 {
        decision.rewards.push(tessera_rules::decision::Reward { earned_on, ..points("p", paid / 100) });
    }
    if total >= 3_000 {
        decision.rewards.push(reward("mug", RewardKind::Prize { prize: "mug".into(), count: 1 }));
    }
    decision
}

fn sold(account: &Account, receipt: &Receipt) -> (Account, Outcome) {
    sold_for(account, receipt, ReturnedPayment::InProportion, Vec::new())
}

/// Sold under such terms, paid in part by assets.
fn sold_for(account: &Account, receipt: &Receipt, payment: ReturnedPayment, used: Vec<Redemption>) -> (Account, Outcome) {
    let decision = Decision { redemptions: used, ..decide(receipt) };
    let lines: Vec<SoldLine<'_>> =
        decision.lines.iter().map(|line| crate::testing::sold(line.id.as_str(), line.parts.clone())).collect();
    let mut command = settle_of(receipt, &decision, at(1));
    command.sold = &lines;
    let terms = [ReturnTerms { program: program(), rewards: ReturnedRewards::RepricedKept, payment }];
    command.return_terms = &terms;
    let done = settled(Some(account), &command);
    (done.account.unwrap(), done.outcome)
}

/// Carries a return out as the engine does.
fn give_back(account: &Account, sale: (&Receipt, &Outcome, &ReturnedSoFar), goods: &[(usize, i64)], step: usize) -> Returned {
    let lines: Vec<_> =
        goods.iter().map(|(line, pieces)| return_line(&format!("b{line}"), Some(&(line + 1).to_string()), *pieces, 0)).collect();
    let (place, assets) = (place(), worth());
    let mut command = Return {
        id: receipt_id(&format!("b-{step}")),
        place: &place,
        returned_at: at(9),
        business_date: day(),
        currency: gbp(),
        lines: &lines,
        original: Some(OriginalSale { outcome: sale.1, so_far: sale.2 }),
        tenders: &[],
        cash_rounding: Amount::ZERO,
        content_hash: [2; 32],
        attempt: 1,
        basis: basis(),
        booked_at: at(9),
        booking_date: day(),
        customer: None,
        assets: &assets,
        repricing: None,
    };
    let decided = DecidedWith::of((at(1), Effort::default()), None, Vec::new());
    let kept = kept(Some(account), &command, (sale.0, &decided));
    let decision = kept.as_ref().map(|kept| decide(&kept.receipt));
    command.repricing =
        kept.as_ref().zip(decision.as_ref()).map(|(kept, decision)| Repricing { kept: &kept.receipt, decision, rewards: true });
    return_goods(Some(account), &command)
}

fn left(pieces: &[i64], back: &[i64]) -> Vec<i64> {
    pieces.iter().zip(back).map(|(sold, back)| sold - back).collect()
}

#[test]
fn p5_what_a_gateway_decided_alone_comes_back_in_proportion() {
    let receipt = sale(&[2, 0, 4]);
    let (account, outcome) = sold(&account(), &receipt);
    let alone = Outcome { flags: vec![Flag::DecidedByPack], ..outcome.clone() };
    for (outcome, is_anew) in [(&outcome, true), (&alone, false)] {
        let back = give_back(&account, (&receipt, outcome, &ReturnedSoFar::default()), &[(0, 1)], 0);
        assert_eq!(back.so_far.repriced.is_some(), is_anew);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// In whatever steps: no step pays less than nothing or takes more than there was; where no step was held at nothing,
    /// what was refunded is what was paid less what is kept costs; and all of them sum to the whole.
    #[test]
    fn p5_p6_returns_that_price_anew_what_is_kept_sum_to_the_whole_in_any_order(
        pieces in [0..12_i64, 0..8_i64, 1..6_i64],
        steps in proptest::collection::vec((0..3_usize, 1..6_i64), 0..8),
    ) {
        let receipt = sale(&pieces);
        let (mut account, outcome) = sold(&account(), &receipt);
        let (mut so_far, mut back, mut refunded) = (ReturnedSoFar::default(), vec![0; 3], 0_i64);
        let balance = |account: &Account| account.balances(at(9)).first().map_or(0, |balance| balance.vested.units());
        let last = (0..3).map(|line| (line, i64::MAX));
        let mut books = outcome.postings.clone();
        let mut held = false;
        for (step, (line, wanted)) in steps.iter().copied().chain(last).enumerate() {
            let count = wanted.min(pieces[line] - back[line]);
            if count <= 0 {
                continue;
            }
            let done = give_back(&account, (&receipt, &outcome, &so_far), &[(line, count)], step);
            back[line] += count;
            let paid_back: i64 = done.outcome.lines.iter().map(|line| line.paid.minor()).sum();
            prop_assert!(paid_back >= 0 && done.beyond.is_empty());
            refunded += paid_back;
            prop_assert!(refunded <= outcome.after.minor(), "never more than was paid");
            let rest = sale(&left(&pieces, &back));
            let kept = decide(&rest);
            let costs = rest.total().minor() - kept.lines.iter().map(|line| line.before.minor() - line.after.minor()).sum::<i64>();
            held |= paid_back == 0;
            prop_assert!(refunded >= outcome.after.minor() - costs);
            prop_assert!(held || refunded == outcome.after.minor() - costs, "{refunded} of {:?} with {costs} kept", outcome.after);
            (account, so_far) = (done.account.unwrap(), done.so_far);
            let earned = kept.rewards.iter().filter_map(|reward| crate::settle::gain::units_of(&reward.kind));
            let earned: i64 = earned.map(|(_, units)| units.units()).sum();
            prop_assert!(balance(&account) <= earned, "what the goods kept would not earn is gone");
            books.extend(done.outcome.postings);
        }
        prop_assert_eq!(refunded, outcome.after.minor());
        prop_assert!(account.lots.is_empty() && account.prizes.iter().all(|prize| prize.state == crate::right::PrizeState::Cancelled));
        let redeemed: i64 = books
            .iter()
            .filter(|posting| posting.asset == money_asset(gbp()) && posting.place == PostingPlace::Book(Book::Redeemed))
            .map(|posting| posting.units.units())
            .sum();
        prop_assert_eq!(redeemed, 0, "no discount is left in the books");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Whatever comes back of what points paid: a step deducts no more than it refunds, money and points together are the
    /// refund, and the whole gives all points back or none.
    #[test]
    fn p6_points_that_paid_come_back_also_where_goods_are_priced_anew(
        pieces in [0..12_i64, 0..8_i64, 1..6_i64],
        steps in proptest::collection::vec((0..3_usize, 1..6_i64), 0..8),
        payment in prop::sample::select(vec![ReturnedPayment::InProportion, ReturnedPayment::WholeReturnOnly, ReturnedPayment::Never]),
        percent in 1..=100_i64,
    ) {
        let mut receipt = sale(&pieces);
        let priced = decide(&receipt);
        let due = receipt.total().minor() - priced.lines.iter().map(|line| line.before.minor() - line.after.minor()).sum::<i64>();
        let minor = (due * percent / 100).max(1);
        receipt.tenders = vec![
            Tender { kind: TenderKind::Asset, amount: Amount::from_minor(minor) },
            Tender { kind: TenderKind::Cash, amount: Amount::from_minor(due - minor) },
        ];
        let before = with_lots(vec![lot("old", 1_000, 0, None)]);
        let (mut account, outcome) = sold_for(&before, &receipt, payment, vec![redemption(1_000, minor)]);
        let (mut so_far, mut back) = (ReturnedSoFar::default(), vec![0; 3]);
        let (mut refunded, mut deducted, mut points) = (0_i64, 0_i64, 0_i64);
        let last = (0..3).map(|line| (line, i64::MAX));
        for (step, (line, wanted)) in steps.iter().copied().chain(last).enumerate() {
            let count = wanted.min(pieces[line] - back[line]);
            if count <= 0 {
                continue;
            }
            let done = give_back(&account, (&receipt, &outcome, &so_far), &[(line, count)], step);
            back[line] += count;
            let own: i64 = done.outcome.lines.iter().map(|line| line.paid.minor()).sum();
            let paid_out: i64 = done.outcome.tenders.iter().map(|tender| tender.amount.minor()).sum();
            prop_assert!(paid_out >= 0 && done.deducted.minor() <= own);
            refunded += own;
            deducted += own - paid_out;
            points -= done.outcome.redemptions.iter().map(|redemption| redemption.units.units()).sum::<i64>();
            prop_assert!((0..=1_000).contains(&points));
            (account, so_far) = (done.account.unwrap(), done.so_far);
        }
        prop_assert_eq!(refunded, due);
        let (kept, all) = if payment == ReturnedPayment::Never { (minor, 0) } else { (0, 1_000) };
        prop_assert_eq!((deducted, points), (kept, all));
    }
}

#[test]
fn p6_what_is_kept_is_the_receipt_without_what_came_back() {
    let receipt = sale(&[3, 0, 2]);
    let (account, outcome) = sold(&account(), &receipt);
    let done = give_back(&account, (&receipt, &outcome, &ReturnedSoFar::default()), &[(0, 1)], 0);
    let repriced = done.so_far.repriced.unwrap();
    assert_eq!(done.outcome.lines[0].quantity, Quantity::ONE);
    // 13.00 less 1.00 were 12.00; 12.00 are kept for 11.00.
    assert_eq!((repriced.refunded, done.outcome.after), (money(100), money(-100)));
    assert_eq!(repriced.rewards.iter().map(|(_, value)| *value).collect::<Vec<_>>(), [11]);
}

//! Tests of `transfer`.

use super::*;
use crate::account::Account;
use crate::follow_up::{CarryOut, carry_out};
use crate::hold::OpenQuote;
use crate::lot::Lot;
use crate::testing::*;
use tessera_rules::id::CustomerId;

fn sent(account: &Account, value: i64) -> Result<Profiled, TooFew> {
    let command = Transfer {
        id: &receipt_id("gift"),
        to: &AccountId::parse("a-2").unwrap(),
        asset: &asset(POINTS),
        units: units(value),
        content_hash: [6; 32],
        booked_at: at(20),
        booking_date: day(),
        currency: gbp(),
    };
    transfer(account, &command)
}

fn two() -> Account {
    Account::new(AccountId::parse("a-2").unwrap(), CustomerId::parse("c-2").unwrap(), at(0))
}

#[test]
fn p5_what_is_given_arrives_with_its_end_and_its_campaign_and_both_together_hold_the_same() {
    let soon = Lot { campaign: Some(campaign("spring")), ..lot("first", 40, 0, Some(900)) };
    let before = with_lots(vec![soon, lot("second", 40, 1, None)]);
    let done = sent(&before, 50).unwrap();
    assert_eq!(done.account.lots.iter().map(|lot| lot.left.units()).collect::<Vec<_>>(), [30], "earliest end first");
    let follow_up = &done.outcome.follow_ups[0];
    let work = CarryOut { follow_up, booked_at: at(25), booking_date: day(), currency: gbp(), programs: &[] };
    let arrived = carry_out(&two(), &work);
    let lots: Vec<_> = arrived.account.lots.iter().map(|lot| (lot.left.units(), lot.expires_at, lot.campaign.clone())).collect();
    assert_eq!(lots, [(40, Some(at(900)), Some(campaign("spring"))), (10, None, None)]);
    assert!(arrived.account.lots.iter().all(|lot| lot.id.receipt == receipt_id("gift") && lot.begun == lot.left));
    assert!(is_balanced(&arrived.outcome.postings) && arrived.outcome.follow_ups.is_empty());
}

#[test]
fn p4_what_is_promised_owed_pending_or_lapsed_is_not_given() {
    let pending = Lot { vests_at: at(100), ..lot("pending", 70, 0, None) };
    let mut before = with_lots(vec![lot("own", 100, 0, None), lot("owed", -20, 1, None), pending, lot("old", 9, 0, Some(10))]);
    before.open_quotes =
        vec![OpenQuote { receipt: receipt_id("q"), till: till(), quote_no: 1, attempt: 0, holds: vec![hold(30)], until: at(35) }];
    assert_eq!(sent(&before, 51).unwrap_err(), TooFew { free: units(50) });
    let done = sent(&before, 50).unwrap();
    assert_eq!(done.account.balances(at(20))[0].vested, units(30), "what is promised, and the debt");
    before.open_quotes.clear();
    assert_eq!(sent(&before, 81).unwrap_err(), TooFew { free: units(80) });
}

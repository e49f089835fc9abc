//! Tests of `prize`.

use tessera_rules::decision::RewardKind;
use tessera_rules::id::RewardId;

use super::{UnknownPrize, hand_over};
use crate::outcome::{OutcomeKind, Right};
use crate::profile::ProfileRequest;
use crate::right::PrizeState;
use crate::testing::*;

#[test]
fn a_prize_is_handed_over_once_and_stays_what_it_is() {
    let sale = receipt("r-1", vec![line("1", 1, 100)]);
    let mut decision = unchanged(&sale);
    decision.rewards = vec![reward("c", RewardKind::Prize { prize: "mug".into(), count: 2 })];
    let account = settled(Some(&account()), &settle_of(&sale, &decision, at(1))).account.unwrap();
    let place = place();
    let request = ProfileRequest {
        id: receipt_id("h-1"),
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
    let won = (&sale.id, &decision.rewards[0].id);
    let none = RewardId::parse("c.9").unwrap();
    assert_eq!(hand_over(&account, &request, (&sale.id, &none), PrizeState::HandedOver), Err(UnknownPrize));
    let still = hand_over(&account, &request, won, PrizeState::Due).unwrap();
    assert_eq!((still.state, still.changed), (PrizeState::Due, None));
    let done = hand_over(&account, &request, won, PrizeState::HandedOver).unwrap().changed.unwrap();
    assert_eq!((done.outcome.kind, &done.outcome.original), (OutcomeKind::HandOver, &Some(sale.id.clone())));
    assert_eq!(done.outcome.rewards[0].right, Right::Prize { state: PrizeState::HandedOver });
    assert_eq!(done.account.outcomes, account.outcomes + 1);
    let late = hand_over(&done.account, &request, won, PrizeState::Cancelled).unwrap();
    assert_eq!((late.state, late.changed), (PrizeState::HandedOver, None), "p4: it is given once");
}

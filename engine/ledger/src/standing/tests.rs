//! Tests of `standing`.

use crate::lot::Lot;
use crate::standing::View;
use crate::testing::*;

/// (name, lots, minute, available, vested, pending)
type Case = (&'static str, Vec<Lot>, i64, i64, i64, i64);

fn cases() -> [Case; 7] {
    let pending = |lot: Lot, minute: i64| Lot { vests_at: at(minute), ..lot };
    [
        ("plain", vec![lot("a", 100, 0, None)], 1, 100, 100, 0),
        ("before expiry", vec![lot("a", 100, 0, Some(10))], 9, 100, 100, 0),
        ("at expiry", vec![lot("a", 100, 0, Some(10))], 10, 0, 0, 0),
        ("not vested", vec![pending(lot("a", 100, 0, None), 10)], 9, 0, 0, 100),
        ("vested", vec![pending(lot("a", 100, 0, None), 10)], 10, 100, 100, 0),
        ("less debt", vec![lot("a", 100, 0, None), lot("d", -30, 0, None)], 1, 70, 70, 0),
        ("never below zero", vec![lot("a", 100, 0, None), lot("d", -130, 0, None)], 1, 0, -30, 0),
    ]
}

#[test]
fn only_vested_unexpired_lots_less_debts_are_available() {
    for (name, lots, minute, available, vested, pending) in cases() {
        let account = with_lots(lots);
        let receipt = receipt_id("r-1");
        let view =
            View { customer: None, receipt: &receipt, supersedes: None, now: at(minute), business_date: day(), lists: &[] };
        let standing = account.standing(&view);
        assert_eq!(standing.available.first().map_or(0, |(_, units)| units.units()), available, "{name}");
        let balances = account.balances(at(minute));
        let sums = balances.first().map_or((0, 0), |balance| (balance.vested.units(), balance.pending.units()));
        assert_eq!(sums, (vested, pending), "{name}");
    }
}

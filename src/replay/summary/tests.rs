//! Tests of counts, hash and JSON form.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use tessera_rules::money::{Amount, Quantity, UnitPrice};
use tessera_rules::receipt::Measure;

use super::*;
use crate::receipt_files::currency;
use crate::receipt_files::sale::{AsideReason, SaleLine, SetAside};

fn sale(number: u8, kind: SaleKind) -> Sale {
    let line = SaleLine {
        sku: Arc::from("X"),
        description: Arc::from(""),
        quantity: Quantity::ONE,
        measure: Measure::Counted,
        unit_price: UnitPrice::from_micros(1_000_000),
        amount: Amount::from_minor(100),
    };
    Sale {
        kind,
        receipt_id: format!("S/1/20240301/{number}/0"),
        store_id: Arc::from("S"),
        at: Timestamp::UNIX_EPOCH,
        business_date: date(2024, 3, 1),
        customer: None,
        currency: currency("GBP"),
        lines: vec![line; 2],
        codes: Vec::new(),
        original: None,
        message: None,
    }
}

fn done(hash: u8, before_minor: i64, after_minor: i64, points: i64) -> Sent {
    let rewards = if points == 0 { Vec::new() } else { vec![("points".to_owned(), points)] };
    Sent {
        quote_us: Some(100),
        settle_us: Some(200),
        return_us: None,
        end: End::Done(Done { hash: [hash; 32], before_minor, after_minor, rewards }),
    }
}

fn refused(reason: &str, text: &str) -> Sent {
    Sent {
        quote_us: None,
        settle_us: None,
        return_us: None,
        end: End::Refused { reason: reason.to_owned(), text: text.to_owned() },
    }
}

fn nothing_read() -> Import {
    Import {
        sales: Vec::new(),
        currency: currency("GBP"),
        receipts_read: 9,
        lines_read: 20,
        set_aside: SetAside::default(),
        remarks: Vec::new(),
    }
}

fn hash_of(sent: impl IntoIterator<Item = (u8, u8)>) -> String {
    let mut tally = Tally::new().unwrap();
    for (number, hash) in sent {
        tally.add(&sale(number, SaleKind::Settle), done(hash, 0, 0, 0));
    }
    tally.outcomes_hash()
}

#[test]
fn the_json_form_has_the_keys_that_readers_rely_on() {
    let mut import = nothing_read();
    import.set_aside.add(AsideReason::WriteOff, Amount::ZERO);
    import.set_aside.add(AsideReason::Adjustment, Amount::from_minor(-700));
    let mut tally = Tally::new().unwrap();
    tally.add(&sale(1, SaleKind::Settle), done(1, 200, 150, 7));
    tally.add(&sale(2, SaleKind::Settle), done(2, 200, 200, 5));
    tally.add(&sale(3, SaleKind::Return), done(3, 80, 80, -3));
    tally.add(&sale(5, SaleKind::Settle), refused("CONFLICT", "b"));
    tally.add(&sale(4, SaleKind::Settle), refused("CONFLICT", "a"));
    let json: serde_json::Value =
        serde_json::from_str(&Summary::new(&import, &tally, Duration::from_millis(500)).to_json()).unwrap();
    let expected = serde_json::json!({
        "receipts": {"read": 9, "settled": 2, "returned": 1},
        "lines": {"read": 20, "settled": 4, "returned": 2, "set_aside": {"ADJUSTMENT": 1, "WRITE_OFF": 1}},
        "money_minor": {"settled_before": 400, "settled_after": 350, "returned": -80, "set_aside": -700},
        "assets_issued": {"points": 12},
        "refused": {"CONFLICT": 2},
        "latency_us": {
            "quote": {"p50": 100, "p99": 100, "p999": 100, "max": 100},
            "settle": {"p50": 200, "p99": 200, "p999": 200, "max": 200},
        },
        "receipts_per_second": 10,
        "outcomes_hash": tally.outcomes_hash(),
    });
    assert_eq!(json, expected);
    let example = tally.refused().next().map(|(_, refusals)| refusals.example.clone());
    assert_eq!(example, Some(("S/1/20240301/4/0".to_owned(), "a".to_owned())));
}

#[test]
fn a_run_without_calls_has_zeros_and_no_division_by_nothing() {
    let summary = Summary::new(&nothing_read(), &Tally::new().unwrap(), Duration::ZERO);
    assert_eq!(summary.receipts_per_second, 0);
    assert_eq!(summary.latency_us.quote, Quantiles { p50: 0, p99: 0, p999: 0, max: 0 });
    assert_eq!(summary.outcomes_hash.len(), 64);
}

#[test]
fn the_hash_tells_other_outcomes_and_other_receipts_apart() {
    let base = hash_of([(1, 1), (2, 2)]);
    for other in [hash_of([(1, 1), (2, 3)]), hash_of([(1, 1), (3, 2)]), hash_of([(1, 1)]), hash_of([(1, 2), (2, 1)]), hash_of([])]
    {
        assert_ne!(base, other);
    }
}

#[test]
fn latencies_are_told_to_three_digits_from_microseconds_to_minutes() {
    let mut tally = Tally::new().unwrap();
    for (number, took_us) in [(1, 90_000_000), (2, 250), (3, 1_500), (4, 120)] {
        let sent = Sent { quote_us: Some(took_us), settle_us: None, return_us: None, ..refused("CONFLICT", "") };
        tally.add(&sale(number, SaleKind::Settle), sent);
    }
    let quantiles = Quantiles::of(&tally.quote_us);
    let near = |value: u64, wanted: u64| value.abs_diff(wanted) <= wanted / 500;
    assert!(near(quantiles.p50, 250) && near(quantiles.p99, 90_000_000) && near(quantiles.max, 90_000_000), "{quantiles:?}");
}

proptest! {
    #[test]
    fn h19_the_hash_does_not_depend_on_the_order_of_answers(numbers in Just((0_u8..40).collect::<Vec<_>>()).prop_shuffle()) {
        let in_order = hash_of((0_u8..40).map(|number| (number, number.wrapping_mul(7))));
        let shuffled = hash_of(numbers.into_iter().map(|number| (number, number.wrapping_mul(7))));
        prop_assert_eq!(in_order, shuffled);
    }
}

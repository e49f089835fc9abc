//! Receipts made up by a counter: three stores, four months, forty customers and nobody known, goods that come back.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tessera_rules::money::{Quantity, UnitPrice, extend};
use tessera_rules::receipt::Measure;

use crate::receipt_files::currency;
use crate::receipt_files::sale::{Sale, SaleKind, SaleLine};

/// Numbers that look drawn and are the same for ever.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// So many receipts, not in the order of their times.
pub(super) fn sales(count: u64) -> Vec<Arc<Sale>> {
    let mut drawn = Drawn(20_261_123);
    (0..count).map(|number| Arc::new(sale(&mut drawn, number))).collect()
}

fn sale(drawn: &mut Drawn, number: u64) -> Sale {
    let first: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    let at = first + SignedDuration::from_mins(i64::try_from(drawn.below(110 * 24 * 60)).unwrap());
    let customer = drawn.below(50);
    let kind = if drawn.below(15) == 0 { SaleKind::Return } else { SaleKind::Settle };
    let lines = (0..=drawn.below(8)).map(|_| line(drawn)).collect();
    let business_date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    Sale {
        kind,
        receipt_id: format!("S{}/1/{}/{number}/0", drawn.below(3), business_date.strftime("%Y%m%d")),
        store_id: Arc::from(format!("S{}", drawn.below(3))),
        at,
        business_date,
        customer: (customer < 40).then(|| Arc::from(format!("9000{customer:04}"))),
        currency: currency("GBP"),
        lines,
        codes: Vec::new(),
        original: None,
        message: None,
    }
}

fn line(drawn: &mut Drawn) -> SaleLine {
    let quantity = Quantity::from_milli(i64::try_from(drawn.below(6) + 1).unwrap() * 1_000);
    let unit_price = UnitPrice::from_micros(i64::try_from(drawn.below(2_000) + 1).unwrap() * 10_000);
    SaleLine {
        sku: Arc::from(format!("A{}", drawn.below(12))),
        description: Arc::from(""),
        quantity,
        measure: Measure::Counted,
        unit_price,
        amount: extend(quantity, unit_price, currency("GBP")).unwrap(),
    }
}

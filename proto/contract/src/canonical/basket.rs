//! Hash of the basket: what a decision depends on but tenders and stage.

use tessera_rules::receipt::{Attribute, Line, Measure, PriceReason, Receipt, RedeemMode};

use super::BasketHash;
use super::encoder::Encoder;
use crate::read::Identity;

/// Of a receipt as quoted or as settled: place, business date, currency, lines as rung up, codes, wishes to
/// redeem, declined ids (sorted, each once), training, language, and how the customer was identified.
///
/// Not the tenders and the stage, which the token's user compares by itself; not the time, which the token
/// carries; not choices, which a settle cannot name: those of the quote stand.
#[must_use]
pub fn basket_hash(receipt: &Receipt, customer: Option<&Identity>) -> BasketHash {
    let mut encoder = Encoder::new("tessera.basket.1");
    encoder.text(receipt.id.as_str());
    encoder.text(receipt.place.store.as_str());
    encoder.text(receipt.place.till.as_str());
    encoder.text(receipt.place.cashier.as_ref().map_or("", |cashier| cashier.as_str()));
    let date = receipt.business_date;
    for number in [i64::from(date.year()), i64::from(date.month()), i64::from(date.day())] {
        encoder.integer(number);
    }
    encoder.text(receipt.currency.code());
    identity(&mut encoder, customer);
    encoder.list(&receipt.lines, line);
    encoder.list(&receipt.codes, |encoder, code| encoder.text(code));
    encoder.list(&receipt.redeem, |encoder, wish| {
        encoder.text(wish.asset.as_str());
        encoder.optional(wish.units.as_ref(), |encoder, units| encoder.integer(units.units()));
        encoder.case(match wish.mode {
            RedeemMode::Discount => 1,
            RedeemMode::Tender => 2,
        });
    });
    let mut declined: Vec<&str> = receipt.declined.iter().map(|id| id.as_str()).collect();
    declined.sort_unstable();
    declined.dedup();
    encoder.list(&declined, |encoder, id| encoder.text(id));
    encoder.flag(receipt.training);
    encoder.text(receipt.language.as_deref().unwrap_or_default());
    BasketHash(encoder.finish())
}

fn identity(encoder: &mut Encoder, identity: Option<&Identity>) {
    let (place, text) = match identity {
        None => (0, ""),
        Some(Identity::Card(number)) => (1, number.expose().as_str()),
        Some(Identity::Qr(content)) => (2, content.expose().as_str()),
        Some(Identity::Phone(number)) => (3, number.expose().as_str()),
        Some(Identity::Customer(id)) => (4, id.as_str()),
    };
    encoder.case(place);
    encoder.text(text);
}

fn line(encoder: &mut Encoder, line: &Line) {
    encoder.text(line.id.as_str());
    encoder.text(line.sku.as_str());
    encoder.integer(line.quantity.milli());
    encoder.case(match line.measure {
        Measure::Counted => 1,
        Measure::Measured => 2,
    });
    encoder.integer(line.unit_price.micros());
    encoder.integer(line.amount.minor());
    encoder.optional(line.regular_unit_price.as_ref(), |encoder, price| encoder.integer(price.micros()));
    encoder.case(match line.price_reason {
        PriceReason::Regular => 0,
        PriceReason::Markdown => 1,
        PriceReason::Override => 2,
        PriceReason::Staff => 3,
    });
    encoder.text(line.tax_code.as_ref().map_or("", |code| code.as_str()));
    encoder.list(&line.marks, |encoder, mark| encoder.text(mark));
    encoder.flag(line.no_discount);
    encoder.flag(line.no_earn);
    encoder.list(&line.attributes, |encoder, Attribute { name, value }| {
        encoder.text(name);
        encoder.text(value);
    });
}

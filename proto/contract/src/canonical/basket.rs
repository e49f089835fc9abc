//! Hash of the basket: what a decision depends on but tenders and stage. It stands in tokens alone, so its bytes
//! are [`crate::compact`] ones, and another form of them only makes tokens be as none that are under way.

use tessera_rules::money::{UnitPrice, Units};
use tessera_rules::receipt::{Attribute, Line, Measure, PriceReason, Receipt, RedeemMode};

use super::BasketHash;
use crate::compact::{push_length, push_signed, push_text};
use crate::read::Identity;

/// What is hashed and in which form, before all else.
const DOMAIN: &str = "tessera.basket.3";
/// Bytes reserved at first: three dozen lines fit.
const FIRST_BYTES: usize = 1 << 10;

/// Of a receipt as quoted or as settled: place, channel, business date, currency, lines as rung up, codes, wishes to
/// redeem, declined ids (sorted, each once), training, language, and how the customer was identified.
///
/// Not the tenders and the stage, which the token's user compares by itself; not the time, which the token
/// carries; not choices, which a settle cannot name: those of the quote stand.
#[must_use]
pub fn basket_hash(receipt: &Receipt, customer: Option<&Identity>) -> BasketHash {
    let mut bytes = Vec::with_capacity(FIRST_BYTES);
    for text in [DOMAIN, receipt.id.as_str(), receipt.place.store.as_str(), receipt.place.till.as_str()] {
        push_text(&mut bytes, text);
    }
    push_text(&mut bytes, receipt.place.cashier.as_ref().map_or("", |cashier| cashier.as_str()));
    push_text(&mut bytes, receipt.channel.as_str());
    let date = receipt.business_date;
    for number in [i64::from(date.year()), i64::from(date.month()), i64::from(date.day())] {
        push_signed(&mut bytes, number);
    }
    push_text(&mut bytes, receipt.currency.code());
    push_identity(&mut bytes, customer);
    push_list(&mut bytes, &receipt.lines, push_line);
    push_list(&mut bytes, &receipt.codes, |bytes, code| push_text(bytes, code));
    push_list(&mut bytes, &receipt.redeem, |bytes, wish| {
        push_text(bytes, wish.asset.as_str());
        push_optional(bytes, wish.units.map(Units::units));
        bytes.push(match wish.mode {
            RedeemMode::Discount => 1,
            RedeemMode::Tender => 2,
        });
    });
    let mut declined: Vec<&str> = receipt.declined.iter().map(|id| id.as_str()).collect();
    declined.sort_unstable();
    declined.dedup();
    push_list(&mut bytes, &declined, |bytes, id| push_text(bytes, id));
    bytes.push(u8::from(receipt.training));
    push_text(&mut bytes, receipt.language.as_deref().unwrap_or_default());
    BasketHash(blake3::hash(&bytes).into())
}

fn push_list<T>(bytes: &mut Vec<u8>, items: &[T], each: impl Fn(&mut Vec<u8>, &T)) {
    push_length(bytes, items.len());
    for item in items {
        each(bytes, item);
    }
}

fn push_optional(bytes: &mut Vec<u8>, number: Option<i64>) {
    bytes.push(u8::from(number.is_some()));
    if let Some(number) = number {
        push_signed(bytes, number);
    }
}

fn push_identity(bytes: &mut Vec<u8>, identity: Option<&Identity>) {
    let (place, text) = match identity {
        None => (0, ""),
        Some(Identity::Card(number)) => (1, number.expose().as_str()),
        Some(Identity::Qr(content)) => (2, content.expose().as_str()),
        Some(Identity::Phone(number)) => (3, number.expose().as_str()),
        Some(Identity::Customer(id)) => (4, id.as_str()),
    };
    bytes.push(place);
    push_text(bytes, text);
}

fn push_line(bytes: &mut Vec<u8>, line: &Line) {
    push_text(bytes, line.id.as_str());
    push_text(bytes, line.sku.as_str());
    push_signed(bytes, line.quantity.milli());
    bytes.push(match line.measure {
        Measure::Counted => 1,
        Measure::Measured => 2,
    });
    push_signed(bytes, line.unit_price.micros());
    push_signed(bytes, line.amount.minor());
    push_optional(bytes, line.regular_unit_price.map(UnitPrice::micros));
    bytes.push(match line.price_reason {
        PriceReason::Regular => 0,
        PriceReason::Markdown => 1,
        PriceReason::Override => 2,
        PriceReason::Staff => 3,
    });
    push_text(bytes, line.tax_code.as_ref().map_or("", |code| code.as_str()));
    push_list(bytes, &line.marks, |bytes, mark| push_text(bytes, mark));
    bytes.extend_from_slice(&[u8::from(line.no_discount), u8::from(line.no_earn)]);
    push_list(bytes, &line.attributes, |bytes, Attribute { name, value }| {
        push_text(bytes, name);
        push_text(bytes, value);
    });
}

//! A program that fits the household data: points for every dollar, and one campaign for each coupon of the list.

use std::fmt::Write as _;

use super::coupons::Coupons;
use super::products::COUPON_ATTRIBUTE;
use super::{CURRENCY_CODE, TIME_ZONE};

/// What a coupon takes off, dollars: the list names no worth, and most redemptions of the data lie around this one.
const COUPON_OFF: &str = "1.00";

/// The program file. Each coupon takes its amount off one line that it is good for, once a receipt.
pub(crate) fn text(coupons: &Coupons) -> String {
    let mut text = format!(
        "# Written by `tessera replay --write-program`: points for every dollar, and the coupons of the data set.
# The coupons' worth is not in the data: each takes {COUPON_OFF} off.
program: household
language: 1
name: Household card
currency: {CURRENCY_CODE}
time_zone: {TIME_ZONE}
default_language: en

assets:
  - id: points
    kind: points
    worth_minor: 1
    expires:
      after_days: 365

campaigns:
  - id: points-per-dollar
    name: A point for every dollar
    points:
      per: 1.00
      units: 1
      asset: points
"
    );
    for code in coupons.codes() {
        campaign(&mut text, code);
    }
    text
}

fn campaign(text: &mut String, code: &str) {
    // Quoted: YAML would read the digits of a code as a number.
    let written = write!(
        text,
        "
  - id: coupon-{code}
    name: Coupon {code}
    code: \"{code}\"
    on:
      attribute:
        {COUPON_ATTRIBUTE}: [\"{code}\"]
    amount_off: {COUPON_OFF}
    per: line
    limits:
      per_receipt: 1
"
    );
    assert!(written.is_ok(), "a text takes whatever is written to it");
}

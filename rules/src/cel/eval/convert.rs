//! From one kind to another: at publication for what is written out, else while evaluating.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::cel::code::Convert;
use crate::cel::error::EvalFault;
use crate::cel::number;
use crate::cel::value::Value;

/// The same as another kind.
pub(in crate::cel) fn convert(to: Convert, value: &Value<'_>) -> Result<Value<'static>, EvalFault> {
    let unreadable = EvalFault::NotReadable;
    match (to, value) {
        (Convert::Int, Value::Decimal(value)) => number::whole(*value).map(Value::Int).ok_or(EvalFault::Overflow),
        (Convert::Int, Value::Text(text)) => text.parse().map(Value::Int).map_err(|_| unreadable),
        (Convert::Decimal, Value::Int(value)) => Ok(Value::Decimal((*value).into())),
        (Convert::Decimal, Value::Text(text)) => decimal(text).map(Value::Decimal).ok_or(unreadable),
        (Convert::Text, Value::Int(value)) => Ok(Value::owned(value.to_string())),
        (Convert::Text, Value::Decimal(value)) => Ok(Value::owned(value.normalize().to_string())),
        (Convert::Text, Value::Bool(value)) => Ok(Value::owned(value.to_string())),
        (Convert::Text, Value::Date(value)) => Ok(Value::owned(value.to_string())),
        (Convert::Timestamp, Value::Text(text)) => text.parse::<Timestamp>().map(Value::Timestamp).map_err(|_| unreadable),
        (Convert::Date, Value::Text(text)) => day(text).map(Value::Date).ok_or(unreadable),
        (Convert::Duration, Value::Text(text)) => duration(text).map(Value::Duration).ok_or(unreadable),
        _ => Err(EvalFault::WrongKind),
    }
}

/// Digits with at most one point between them, and a sign before them.
fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

/// `2026-12-24`, and nothing else.
fn day(text: &str) -> Option<Date> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if plain { text.parse().ok() } else { None }
}

/// As CEL writes them, with units from hours to nanoseconds: `1h30m`, `1.5h`, `-90s`. Days are ours: `30d`.
fn duration(text: &str) -> Option<SignedDuration> {
    const UNITS: [(&str, i128); 8] = [
        ("ms", 1_000_000),
        ("us", 1_000),
        ("\u{b5}s", 1_000),
        ("ns", 1),
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
    ];
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut nanoseconds = 0_i128;
    while !rest.is_empty() || nanoseconds == 0 && text.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (count, tail) = rest.split_at_checked(end)?;
        let (unit, factor) = UNITS.into_iter().find(|(unit, _)| tail.starts_with(unit))?;
        let product = number::multiply(decimal(count)?, Decimal::from_i128_with_scale(factor, 0))?;
        nanoseconds = nanoseconds.checked_add(product.trunc().mantissa())?;
        rest = tail.strip_prefix(unit)?;
    }
    let nanoseconds = if negative { nanoseconds.checked_neg()? } else { nanoseconds };
    let (seconds, part) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
    SignedDuration::from_secs(i64::try_from(seconds).ok()?).checked_add(SignedDuration::from_nanos(i64::try_from(part).ok()?))
}

//! Numbers and texts as they are written: exact decimals, both kinds of quotes, escapes, raw and long texts.

use rust_decimal::Decimal;

use super::error::{CelError, Span};
use super::lexer::{Cursor, TokenKind};
use super::number;
use super::value::Value;

/// Reads a number; the cursor stands before a digit, or before a point and a digit.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<TokenKind, CelError> {
    let from = cursor.place;
    let kind = if cursor.take("0x") || cursor.take("0X") { hexadecimal(cursor, from)? } else { decimal(cursor, from)? };
    let rest = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
    if rest.is_empty() {
        return Ok(kind);
    }
    let error = CelError::new(cursor.since(from), format!("a number cannot end in `{rest}`"));
    Err(if rest.eq_ignore_ascii_case("u") {
        error.with_help("leave out the `u`: there is one kind of whole numbers")
    } else {
        error
    })
}

fn hexadecimal(cursor: &mut Cursor<'_>, from: usize) -> Result<TokenKind, CelError> {
    let digits = cursor.take_while(|c| c.is_ascii_hexdigit());
    i64::from_str_radix(digits, 16)
        .map(|value| TokenKind::Literal(Value::Int(value)))
        .map_err(|_| CelError::new(cursor.since(from), "this hexadecimal number is empty or too large"))
}

fn decimal(cursor: &mut Cursor<'_>, from: usize) -> Result<TokenKind, CelError> {
    let whole = cursor.take_while(|c| c.is_ascii_digit());
    let digit_follows = |cursor: &Cursor<'_>, skip: usize| cursor.rest().chars().nth(skip).is_some_and(|c| c.is_ascii_digit());
    let mut fraction = "";
    let point = cursor.peek() == Some('.') && digit_follows(cursor, 1);
    if point {
        cursor.next();
        fraction = cursor.take_while(|c| c.is_ascii_digit());
    }
    let exponent = exponent(cursor, from)?;
    if !point && exponent.is_none() {
        return int(whole, cursor.since(from));
    }
    let digits = [whole, fraction].concat();
    let shift = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(exponent.unwrap_or(0));
    let value = digits.parse::<i128>().ok().and_then(|mantissa| scaled(mantissa, shift));
    value
        .map(|value| TokenKind::Literal(Value::Decimal(value)))
        .ok_or_else(|| CelError::new(cursor.since(from), "this number has too many digits; 28 are possible"))
}

/// `e` and a whole number, where they follow.
fn exponent(cursor: &mut Cursor<'_>, from: usize) -> Result<Option<i64>, CelError> {
    if !(cursor.take("e") || cursor.take("E")) {
        return Ok(None);
    }
    let negative = cursor.take("-");
    if !negative {
        cursor.take("+");
    }
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    let wrong = || CelError::new(cursor.since(from), "the exponent of this number is missing or too large");
    let exponent = digits.parse::<i16>().map_err(|_| wrong())?;
    Ok(Some(if negative { i64::from(exponent).saturating_neg() } else { i64::from(exponent) }))
}

/// `mantissa ÷ 10^shift`.
fn scaled(mantissa: i128, shift: i64) -> Option<Decimal> {
    if mantissa == 0 {
        return Some(Decimal::ZERO);
    }
    match u32::try_from(shift) {
        Ok(scale) => number::exact(mantissa, scale),
        Err(_) => number::exact(mantissa.checked_mul(10_i128.checked_pow(u32::try_from(shift.checked_neg()?).ok()?)?)?, 0),
    }
}

fn int(digits: &str, span: Span) -> Result<TokenKind, CelError> {
    match digits.parse::<u64>() {
        Ok(value) if value == i64::MIN.unsigned_abs() => Ok(TokenKind::LeastInt),
        Ok(value) if i64::try_from(value).is_ok() => Ok(TokenKind::Literal(Value::Int(i64::try_from(value).unwrap_or(i64::MAX)))),
        Ok(_) | Err(_) => Err(CelError::new(span, "this whole number is too large; the largest is 9223372036854775807")),
    }
}

/// Reads a text in quotes, where one begins here.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Result<Option<String>, CelError> {
    let from = cursor.place;
    let prefix = cursor.rest().chars().take_while(|c| matches!(c, 'r' | 'R' | 'b' | 'B')).count();
    let quoted = matches!(cursor.rest().chars().nth(prefix), Some('"' | '\''));
    if !quoted || prefix > 2 {
        return Ok(None);
    }
    let prefix = cursor.take_while(|c| c.is_ascii_alphabetic());
    let raw = prefix.eq_ignore_ascii_case("r");
    let Some(delimiter) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| cursor.take(quotes)) else {
        return Ok(None);
    };
    let mut text = String::new();
    loop {
        if cursor.take(delimiter) {
            break;
        }
        let place = cursor.place;
        match cursor.next() {
            Some('\\') if !raw => text.push(escape(cursor, place)?),
            Some('\n' | '\r') if delimiter.len() == 1 => return Err(unclosed(from, delimiter)),
            Some(character) => text.push(character),
            None => return Err(unclosed(from, delimiter)),
        }
    }
    if prefix.is_empty() || raw {
        return Ok(Some(text));
    }
    let error = CelError::new(cursor.since(from), format!("`{prefix}` before quotes: bytes are no part of this language"));
    Err(error.with_help("leave out the letter before the quotes"))
}

fn unclosed(from: usize, delimiter: &str) -> CelError {
    let span = Span::between(from, from.saturating_add(delimiter.len()));
    CelError::new(span, "this text does not end").with_help(format!("write {delimiter} at its end"))
}

fn escape(cursor: &mut Cursor<'_>, from: usize) -> Result<char, CelError> {
    let letter = cursor.next();
    let simple = match letter {
        Some('a') => Some('\u{7}'),
        Some('b') => Some('\u{8}'),
        Some('f') => Some('\u{c}'),
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('t') => Some('\t'),
        Some('v') => Some('\u{b}'),
        Some(same @ ('\\' | '?' | '"' | '\'' | '`')) => Some(same),
        _ => None,
    };
    if let Some(character) = simple {
        return Ok(character);
    }
    let code = match letter {
        Some('x' | 'X') => digits(cursor, 2, 16, 0),
        Some('u') => digits(cursor, 4, 16, 0),
        Some('U') => digits(cursor, 8, 16, 0),
        Some(first @ '0'..='3') => digits(cursor, 2, 8, first.to_digit(8).unwrap_or(0)),
        _ => None,
    };
    code.and_then(char::from_u32).ok_or_else(|| {
        let error = CelError::new(cursor.since(from), "this escape is not known or stands for no character");
        error.with_help("write `\\\\` for a backslash; known are \\n \\t \\\" \\' \\xHH \\uHHHH")
    })
}

/// Exactly so many digits, after what was read before.
fn digits(cursor: &mut Cursor<'_>, count: u32, radix: u32, before: u32) -> Option<u32> {
    (0..count).try_fold(before, |value, _| {
        let digit = cursor.peek()?.to_digit(radix)?;
        cursor.next();
        value.checked_mul(radix)?.checked_add(digit)
    })
}

//! Payment cards' numbers in fields where none may be (H79): a till scans or types one by mistake, and it
//! must be stopped before anything stores or logs it.
//!
//! A number is found where digits, alone or in groups parted by blanks or dashes, make 13 to 19 digits
//! that pass the Luhn check (ISO/IEC 7812-1, annex B) and begin as a payment scheme's numbers do, in the
//! length that the scheme uses. Groups are taken whole, so that a number followed by its expiry is found
//! and a longer serial number is not cut into cards. Track data are found since `;`, `=` and `^` part
//! digits.

/// Digits of the shortest card number.
const DIGITS_MIN: usize = 13;
/// Digits of the longest.
const DIGITS_MAX: usize = 19;

/// Whether the text holds a payment card's number.
#[must_use]
pub fn holds_card_number(text: &str) -> bool {
    if text.len() < DIGITS_MIN {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= DIGITS_MIN && runs_hold_card_number(text)
}

/// Whether the text is a barcode's number: 13 or 14 digits with a valid GTIN check digit (GS1 General
/// Specifications, 7.9).
#[must_use]
pub fn is_gtin(text: &str) -> bool {
    if !matches!(text.len(), 13 | 14) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = text
        .bytes()
        .rev()
        .zip([1_u32, 3].into_iter().cycle())
        .map(|(byte, weight)| u32::from(byte.saturating_sub(b'0')).saturating_mul(weight))
        .fold(0, u32::saturating_add);
    sum.is_multiple_of(10)
}

/// A run of digits and what may part their groups.
#[derive(Default)]
struct Run {
    digits: Vec<u8>,
    /// Places in `digits` where a group begins.
    starts: Vec<usize>,
    /// Separators since the last digit; more than this many end the run.
    gap: usize,
}

/// Blanks or dashes that may stand between two groups.
const GAP_MAX: usize = 3;

impl Run {
    fn push(&mut self, digit: u8) {
        if self.gap > 0 || self.digits.is_empty() {
            self.starts.push(self.digits.len());
        }
        self.gap = 0;
        self.digits.push(digit);
    }

    fn end(&mut self) -> bool {
        let found = self.holds_card_number();
        self.digits.clear();
        self.starts.clear();
        self.gap = 0;
        found
    }

    /// Whether some whole groups in a row are a card's number.
    fn holds_card_number(&self) -> bool {
        if self.digits.len() < DIGITS_MIN {
            return false;
        }
        let ends = || self.starts.iter().skip(1).copied().chain([self.digits.len()]);
        self.starts.iter().any(|start| {
            ends()
                .filter(|end| end.checked_sub(*start).is_some_and(|length| (DIGITS_MIN..=DIGITS_MAX).contains(&length)))
                .any(|end| self.digits.get(*start..end).is_some_and(is_card_number))
        })
    }
}

fn runs_hold_card_number(text: &str) -> bool {
    let mut run = Run::default();
    for character in text.chars() {
        match character {
            '0'..='9' => run.push(u8::try_from(character.to_digit(10).unwrap_or(0)).unwrap_or(0)),
            ' ' | '-' | '\u{a0}' | '\u{2010}'..='\u{2015}' | '\u{202f}' if !run.digits.is_empty() && run.gap < GAP_MAX => {
                run.gap = run.gap.saturating_add(1);
            }
            _ => {
                if run.end() {
                    return true;
                }
            }
        }
    }
    run.end()
}

/// Whether digits (0 to 9 each) are a card's number.
fn is_card_number(digits: &[u8]) -> bool {
    let leading = digits.iter().take(6).fold(0_u32, |number, digit| number.saturating_mul(10).saturating_add(u32::from(*digit)));
    is_of_a_scheme(leading, digits.len()) && passes_luhn(digits)
}

/// Whether a number with these six leading digits and this length is of a payment scheme.
fn is_of_a_scheme(leading: u32, length: usize) -> bool {
    let (two, three, four) = (leading / 10_000, leading / 1_000, leading / 100);
    match length {
        13 => two / 10 == 4 || is_maestro(two),
        14 => matches!(three, 300..=309) || matches!(two, 36 | 38 | 39) || is_maestro(two),
        15 => matches!(two, 34 | 37) || is_maestro(two),
        16..=19 => {
            let visa = two / 10 == 4 && matches!(length, 16 | 19);
            let mastercard = length == 16 && (matches!(two, 51..=55) || matches!(four, 2221..=2720));
            let jcb = matches!(four, 3528..=3589);
            let diners = matches!(two, 30 | 36 | 38 | 39);
            let mir = matches!(four, 2200..=2204);
            visa || mastercard || jcb || diners || mir || is_maestro(two)
        }
        _ => false,
    }
}

/// Maestro, and with it Discover (6011, 644-649, 65) and `UnionPay` (62), which lie in its range.
const fn is_maestro(two: u32) -> bool {
    matches!(two, 50 | 56..=58 | 60..=69)
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, doubled)| {
            let digit = u32::from(*digit);
            match (doubled, digit) {
                (false, digit) => digit,
                (true, 0..=4) => digit.saturating_mul(2),
                (true, _) => digit.saturating_mul(2).saturating_sub(9),
            }
        })
        .fold(0, u32::saturating_add);
    sum.is_multiple_of(10)
}

#[cfg(test)]
pub(crate) mod tests;

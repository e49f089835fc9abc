//! Codes of coupons and numbers of tickets: the same on every computation, and nobody can guess a code.

use std::fmt;

use compact_str::{CompactString, format_compact};
use tessera_rules::id::{AccountId, ReceiptId, RewardId};

/// Crockford's base 32: no letter that a person takes for another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a code before its check character: 80 bits (H76).
const CODE_CHARACTERS: usize = 16;

/// Characters of the name of an account's series in a draw: 65 bits, so that no two accounts share one.
const SERIES_CHARACTERS: usize = 13;

/// The key that makes codes; `Debug` does not show it (H81).
#[derive(Clone)]
pub struct CodeKey([u8; 32]);

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(***)")
    }
}

impl CodeKey {
    /// A key of 32 bytes, which all engines of a storage share.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The code of the coupon that a reward of a receipt issues: 16 characters and a check character.
    #[must_use]
    pub fn coupon(&self, receipt: &ReceiptId, reward: &RewardId) -> CompactString {
        let bytes = self.hash(&["coupon", receipt.as_str(), reward.as_str()]);
        let digits = bytes.as_bytes().iter().take(CODE_CHARACTERS).map(|byte| byte & 31);
        let mut code: CompactString = digits.clone().map(letter).collect();
        code.push(letter(check_digit(digits)));
        code
    }

    /// A keyed hash of some texts; the first says what for.
    pub(crate) fn hash(&self, parts: &[&str]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        hasher.finalize()
    }
}

/// What the number of a coupon's EAN-13 begins with: GS1 keeps 99 for coupons (GS1 General Specifications, section 1.4.2).
const EAN13_COUPON: &str = "99";
/// Digits of the number behind that, before the check digit.
const EAN13_DIGITS: usize = 10;
/// How many numbers those digits make.
const EAN13_NUMBERS: u64 = 10_000_000_000;
/// Digits of an EAN-13.
const EAN13_LENGTH: usize = 13;

/// The EAN-13 that is printed for a coupon's code. It names the coupon among those of one account and nowhere else, so ten digits of
/// a hash are enough.
#[must_use]
pub fn ean13(code: &str) -> CompactString {
    let hash = blake3::derive_key("tessera 2026 numbers of coupons", code.as_bytes());
    let (first, _) = hash.split_first_chunk::<8>().map_or(([0; 8], &[][..]), |(first, rest)| (*first, rest));
    let number = u64::from_be_bytes(first).checked_rem(EAN13_NUMBERS).unwrap_or(0);
    let mut text = format_compact!("{EAN13_COUPON}{number:0width$}", width = EAN13_DIGITS);
    text.push(char::from(b'0'.saturating_add(ean13_check_digit(&text))));
    text
}

/// Whether a text has the form of an EAN-13 of a coupon.
#[must_use]
pub(crate) fn is_ean13(text: &str) -> bool {
    text.len() == EAN13_LENGTH && text.starts_with(EAN13_COUPON) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The check digit behind twelve digits: from the right they weigh 3 and 1 by turns, and all sum to a multiple of ten (GS1 General
/// Specifications, section 7.9).
fn ean13_check_digit(digits: &str) -> u8 {
    let sum = digits.bytes().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let weight = if place % 2 == 0 { 3 } else { 1 };
        sum.saturating_add(u32::from(digit.saturating_sub(b'0')).saturating_mul(weight))
    });
    u8::try_from(10_u32.saturating_sub(sum % 10) % 10).unwrap_or(0)
}

/// Luhn's sum to base 32: every wrong character is found, and nearly every swap of two neighbours.
fn check_digit(digits: impl DoubleEndedIterator<Item = u8>) -> u8 {
    let sum = digits.rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let doubled = u32::from(digit) << u32::from(place % 2 == 0);
        sum.saturating_add(doubled / 32).saturating_add(doubled % 32)
    });
    u8::try_from(32_u32.saturating_sub(sum % 32) % 32).unwrap_or(0)
}

fn letter(digit: u8) -> char {
    LETTERS.get(usize::from(digit)).map_or('0', |letter| char::from(*letter))
}

/// The number of an account's ticket in a draw: the account's series, a hyphen and the ticket's place in it, from 1.
#[must_use]
pub fn ticket_number(account: &AccountId, draw: &str, place: u32) -> CompactString {
    format_compact!("{}-{place}", ticket_series(account, draw))
}

/// The series of an account's tickets in a draw; it tells nobody whose it is.
#[must_use]
pub fn ticket_series(account: &AccountId, draw: &str) -> CompactString {
    let mut hasher = blake3::Hasher::new_derive_key("tessera series of draw tickets v1");
    hasher.update(account.as_str().as_bytes());
    hasher.update(&[0]);
    hasher.update(draw.as_bytes());
    hasher.finalize().as_bytes().iter().take(SERIES_CHARACTERS).map(|byte| letter(byte & 31)).collect()
}

/// The series of a ticket, and its place in it; none: no number of a ticket.
#[must_use]
pub fn ticket_place(number: &str) -> Option<(&str, u32)> {
    let (series, place) = number.rsplit_once('-')?;
    Some((series, place.parse().ok().filter(|place| *place > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::receipt_id;

    fn code(receipt: &str, reward: &str) -> CompactString {
        CodeKey::new([7; 32]).coupon(&receipt_id(receipt), &RewardId::parse(reward).unwrap())
    }

    #[test]
    fn a_coupons_ean13_is_a_number_of_gs1_with_its_check_digit() {
        for (digits, check) in [("629104150021", 3), ("400638133393", 1), ("590123412345", 7), ("978020137962", 4)] {
            assert_eq!(ean13_check_digit(digits), check, "{digits}");
        }
        let (one, two) = (ean13("0123456789ABCDEFG"), ean13("0123456789ABCDEFH"));
        assert!(is_ean13(&one) && is_ean13(&two) && one != two && one == ean13("0123456789ABCDEFG"), "{one} {two}");
        let (body, check) = one.split_at(12);
        assert_eq!(check, ean13_check_digit(body).to_string());
        assert!(!is_ean13("4006381333931") && !is_ean13("99"));
    }

    #[test]
    fn h76_a_code_has_eighty_bits_and_a_check_character_that_finds_every_wrong_one() {
        let digits = |text: &str| -> Vec<u8> {
            text.bytes().map(|byte| u8::try_from(LETTERS.iter().position(|known| *known == byte).unwrap()).unwrap()).collect()
        };
        let good = code("r-1", "c.0");
        assert_eq!(good.len(), CODE_CHARACTERS + 1);
        let known = digits(&good);
        for place in 0..CODE_CHARACTERS {
            for other in 0..32 {
                let mut wrong = known[..CODE_CHARACTERS].to_vec();
                wrong[place] = other;
                let found = check_digit(wrong.iter().copied()) != known[CODE_CHARACTERS];
                assert_eq!(found, other != known[place], "place {place}, digit {other}");
            }
        }
    }

    #[test]
    fn a_code_is_the_same_again_and_another_for_another_reward_receipt_or_key() {
        assert_eq!(code("r-1", "c.0"), code("r-1", "c.0"));
        assert_ne!(code("r-1", "c.0"), code("r-1", "c.1"));
        assert_ne!(code("r-1", "c.0"), code("r-2", "c.0"));
        let other = CodeKey::new([8; 32]).coupon(&receipt_id("r-1"), &RewardId::parse("c.0").unwrap());
        assert_ne!(code("r-1", "c.0"), other);
    }

    #[test]
    fn a_ticket_is_named_after_its_accounts_series_and_its_place() {
        let account = AccountId::parse("a-1").unwrap();
        let number = ticket_number(&account, "car", 17);
        assert_eq!(ticket_place(&number), Some((ticket_series(&account, "car").as_str(), 17)));
        assert_ne!(number, ticket_number(&account, "boat", 17));
        assert_eq!((ticket_place("ABC-0"), ticket_place("17"), ticket_place("A-x")), (None, None, None));
    }
}

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

//! Tests of tokens: what was sealed opens, and nothing else does.

use proptest::prelude::*;
use tessera_rules::decision::Note;
use tessera_rules::id::{AccountId, CustomerId, ReceiptId, RewardId, Sku};
use tessera_rules::receipt::Chosen;

use super::*;
use crate::canonical::BasketHash;
use crate::sample;

const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
const NONCE: [u8; NONCE_BYTES] = [9; NONCE_BYTES];

fn keys() -> TokenKeys {
    TokenKeys::new((2, KEY), &[(1, [6; KEY_BYTES])])
}

fn head() -> TokenHead {
    TokenHead {
        receipt: ReceiptId::parse("S1/T4/20261122/000123/9f3a").expect("is an id"),
        basket_hash: BasketHash([3; 32]),
        revision: Some(RevisionName { number: 17, hash: [4; 32] }),
        catalogue: 5,
        quoted_at: sample::now(),
        steps_max: 200_000,
        quote_no: 3,
        customer: Some(CustomerId::parse("c-1").expect("is an id")),
        account: Some(AccountId::parse("a-1").expect("is an id")),
        held_until: Some(sample::now()),
        choices: vec![Chosen {
            choice: RewardId::parse("thanks.0").expect("is an id"),
            sku: Sku::parse("TOWEL").expect("is an id"),
        }],
    }
}

#[test]
fn h15_a_token_opens_to_what_was_sealed_without_what_a_settle_does_not_need() {
    let decision = sample::decision(2);
    let sealed = keys().seal(&head(), &decision, NONCE);
    assert!(!sealed.shortened);
    let body = keys().open(&sealed.bytes).expect("opens");
    assert_eq!(body.head, head());
    let mut expected = decision;
    expected.near_misses.clear();
    expected.choices.clear();
    expected.notes.retain(|note| matches!(note, Note::UnknownSku { .. }));
    assert_eq!(expected.notes.len(), 1, "an unknown article flags the outcome whether quoted or not");
    expected.explained.clear();
    expected.prompts.clear();
    expected.offers.clear();
    expected.redeemable.clear();
    expected.instructions[0].text.clear();
    for adjustment in expected.lines.iter_mut().flat_map(|line| &mut line.parts).flat_map(|part| &mut part.adjustments) {
        adjustment.text.clear();
    }
    assert_eq!(body.promised, Promised::Decision(Box::new(expected)));
}

#[test]
fn h15_every_single_byte_changed_is_rejected() {
    let token = keys().seal(&head(), &sample::decision(2), NONCE).bytes;
    for place in 0..token.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut tampered = token.to_vec();
            tampered[place] ^= flip;
            assert!(keys().open(&tampered).is_err(), "{place} {flip}");
        }
    }
}

#[test]
fn h15_a_token_that_was_cut_or_lengthened_is_rejected() {
    let token = keys().seal(&head(), &sample::decision(1), NONCE).bytes;
    for length in 0..token.len() {
        assert!(keys().open(&token[..length]).is_err(), "{length}");
    }
    let mut longer = token.to_vec();
    longer.push(0);
    assert_eq!(keys().open(&longer), Err(TokenError::Seal));
    assert_eq!(keys().open(&vec![1; TOKEN_BYTES_MAX + 1]), Err(TokenError::Length));
}

#[test]
fn h15_what_is_wrong_with_a_token_is_told() {
    let token = keys().seal(&head(), &sample::decision(1), NONCE).bytes;
    let foreign = TokenKeys::new((2, [8; KEY_BYTES]), &[]).seal(&head(), &sample::decision(1), NONCE).bytes;
    let unknown = TokenKeys::new((3, KEY), &[]).seal(&head(), &sample::decision(1), NONCE).bytes;
    let mut other_version = token.to_vec();
    other_version[0] = 1;
    let table: [(&[u8], TokenError); 5] = [
        (b"", TokenError::Length),
        (b"not a token", TokenError::Length),
        (&foreign, TokenError::Seal),
        (&unknown, TokenError::UnknownKey(3)),
        (&other_version, TokenError::Version(1)),
    ];
    for (token, expected) in table {
        assert_eq!(keys().open(token), Err(expected));
    }
}

#[test]
fn h15_a_token_of_the_key_before_still_opens() {
    let before = TokenKeys::new((1, [6; KEY_BYTES]), &[]);
    let token = before.seal(&head(), &sample::decision(1), NONCE).bytes;
    assert_eq!(keys().open(&token).expect("opens").head, head());
}

#[test]
fn h15_a_decision_that_is_too_large_leaves_its_hash() {
    let decision = sample::decision(5_000);
    let sealed = keys().seal(&head(), &decision, NONCE);
    assert!(sealed.shortened && sealed.bytes.len() < 1_000);
    let body = keys().open(&sealed.bytes).expect("opens");
    assert_eq!(body.promised, Promised::Hash(decision_hash(&decision)));
    let mut other = decision;
    other.lines[999].after += tessera_rules::money::Amount::from_minor(1);
    assert_ne!(body.promised, Promised::Hash(decision_hash(&other)));
}

#[test]
fn h81_keys_are_not_printed() {
    assert_eq!(format!("{:?}", keys()), "TokenKeys { current: 2, previous: [1], .. }");
}

proptest! {
    #[test]
    fn h15_random_bytes_are_no_token(bytes in proptest::collection::vec(any::<u8>(), 0..300), with_header in any::<bool>()) {
        let mut token = if with_header { vec![VERSION, 0, 0, 0, 2] } else { Vec::new() };
        token.extend_from_slice(&bytes);
        prop_assert!(keys().open(&token).is_err());
    }
}

//! Tests of packs: what was written is read, every other bytes are refused, and a head is its engine's word alone.

use proptest::prelude::*;
use tessera_rules::catalogue::{Product, ProductKind};
use tessera_rules::id::{ReceiptId, RewardId, Sku, StoreId, TaxCode};
use tessera_rules::money::UnitPrice;
use tessera_rules::receipt::{Attribute, Chosen};
use tessera_rules::revision::Source;

use super::*;
use crate::canonical::BasketHash;
use crate::read::read_quote;
use crate::sample;
use crate::signing::PrivateKey;
use crate::token::{TokenError, TokenKeys, decision_hash};

const PROGRAM: &str =
    "program: p\nlanguage: 1\nname: P\ncurrency: EUR\ncampaigns:\n- {id: ten, name: Ten, percent_off: 10, on: {category: a}}\n";

fn product(number: usize, kind: ProductKind) -> Product {
    let mut product = Product::new(Sku::parse(&format!("A{number}")).unwrap(), "Äpfel, 1 kg");
    product.kind = kind;
    product.tax_code = TaxCode::parse("V").ok();
    product.no_earn = number.is_multiple_of(2);
    product.price = Some(UnitPrice::from_micros(1_990_000));
    product.unit_price_min = number.is_multiple_of(3).then(|| UnitPrice::from_micros(0));
    product.categories = vec!["a".into(), "b".into()];
    product.attributes = vec![Attribute { name: "colour".into(), value: format!("c{number}").into() }];
    product
}

fn content() -> PackContent {
    let kinds = [ProductKind::Goods, ProductKind::Deposit, ProductKind::Donation, ProductKind::TopUp, ProductKind::Bag];
    let products = kinds.into_iter().enumerate().map(|(number, kind)| product(number, kind)).collect();
    PackContent { sources: vec![Source { name: "p.yaml".into(), text: PROGRAM.into() }], products }
}

fn head(pack: PackHash) -> PackHead {
    let stores = stores_hash(&[StoreId::parse("S1").unwrap()]);
    let valid_until = sample::now() + jiff::SignedDuration::from_hours(168);
    PackHead { pack, revision: 17, catalogue: 5, stores, stated_at: sample::now(), valid_until }
}

fn token() -> PackToken {
    let key = PrivateKey::from_seed(&[3; 32]);
    PackToken {
        signed: head(PackHash([9; 32])).signed(&key),
        receipt: ReceiptId::parse("S1/T4/20261122/000123/9f3a").unwrap(),
        basket_hash: BasketHash([4; 32]),
        decided_at: sample::now(),
        steps_max: 200_000,
        choices: vec![Chosen { choice: RewardId::parse("thanks.0").unwrap(), sku: Sku::parse("TOWEL").unwrap() }],
        decision: [5; 32],
        proof: vec![6; 72],
    }
}

#[test]
fn a_content_is_read_as_it_was_written_and_decides_the_same_wherever_it_lies() {
    let bytes = content().encode();
    assert_eq!(PackContent::decode(&bytes), Some(content()));
    let hash = PackContent::hash_of(&bytes);
    let (here, there) = (OpenedPack::open(hash, &bytes).unwrap(), OpenedPack::open(hash, &bytes).unwrap());
    assert_eq!(here.hash(), hash);
    let input = read_quote(&sample::quote(), &sample::context()).unwrap();
    let decide = |pack: &OpenedPack| pack.decide(&input.receipt, sample::now(), Effort::default());
    assert_eq!(decision_hash(&decide(&here)), decision_hash(&decide(&there)));
    assert!(decide(&here).code_verdicts.is_empty() && decide(&here).redemptions.is_empty());
}

#[test]
fn p11_content_that_is_another_too_long_or_no_pack_is_refused_with_its_reason() {
    let bytes = content().encode();
    let hash = PackContent::hash_of(&bytes);
    let of = |bytes: &[u8]| OpenedPack::open(PackContent::hash_of(bytes), bytes).unwrap_err();
    let with = |change: fn(&mut PackContent)| {
        let mut content = content();
        change(&mut content);
        content.encode()
    };
    let long = vec![0; PACK_CONTENT_BYTES_MAX + 1];
    assert_eq!(of(&long), PackError::TooLong(long.len()));
    assert_eq!(OpenedPack::open(hash, &bytes[..bytes.len() - 1]).unwrap_err(), PackError::Hash);
    assert_eq!(of(&bytes[..bytes.len() - 1]), PackError::Form);
    assert_eq!(of(b"TESSPK\0\x02"), PackError::Form);
    assert!(matches!(of(&with(|content| content.sources[0].text.push_str("- {id: x}"))), PackError::Programs(_)));
    assert!(matches!(of(&with(|content| content.products[1].sku = content.products[0].sku.clone())), PackError::Products(_)));
}

#[test]
fn a_list_that_names_more_products_than_there_may_be_makes_no_room_for_them() {
    let mut bytes = PackContent { sources: vec![], products: vec![] }.encode().to_vec();
    bytes.pop();
    bytes.extend_from_slice(&[0xff; 9]);
    bytes.push(1);
    assert_eq!(PackContent::decode(&bytes), None);
}

#[test]
fn a_head_is_its_engines_word_on_one_pack_for_one_set_of_stores() {
    let (key, other) = (PrivateKey::from_seed(&[3; 32]), PrivateKey::from_seed(&[4; 32]));
    let signed = head(PackHash([9; 32])).signed(&key);
    assert!(signed.is_of(&key.public()) && !signed.is_of(&other.public()));
    assert_eq!(SignedPackHead::from_file(&signed.to_file()), Some(signed.clone()));
    let changes: [fn(&mut PackHead); 6] = [
        |head| head.pack.0[0] ^= 1,
        |head| head.revision += 1,
        |head| head.catalogue += 1,
        |head| head.stores[31] ^= 1,
        |head| head.stated_at += jiff::SignedDuration::from_nanos(1),
        |head| head.valid_until += jiff::SignedDuration::from_hours(1),
    ];
    for change in changes {
        let mut forged = signed.clone();
        change(&mut forged.head);
        assert!(!forged.is_of(&key.public()), "{}", forged.head.text());
    }
    let store = |id: &str| StoreId::parse(id).unwrap();
    assert_eq!(stores_hash(&[store("S1"), store("S2")]), stores_hash(&[store("S2"), store("S1"), store("S2")]));
    assert_ne!(stores_hash(&[store("S1")]), stores_hash(&[]));
    assert_ne!(stores_hash(&[store("S1"), store("S2")]), stores_hash(&[store("S1S2")]));
}

#[test]
fn h15_a_token_of_a_pack_is_read_as_it_was_written_and_no_sealed_one_is_taken_for_it() {
    let bytes = token().encode();
    assert_eq!(PackToken::decode(&bytes), Some(token()));
    assert!(bytes.len() < 512, "{} bytes", bytes.len());
    let keys = TokenKeys::new((1, [7; 32]), &[]);
    assert_eq!(keys.open(&bytes), Err(TokenError::Version(PACK_TOKEN_VERSION)));
    for end in 0..bytes.len() {
        assert_eq!(PackToken::decode(&bytes[..end]), None, "{end}");
    }
}

#[test]
fn h73_the_text_of_a_token_is_of_all_of_it_but_the_proof() {
    let text = token().text();
    assert_eq!(PackToken { proof: vec![], ..token() }.text(), text);
    let changes: [fn(&mut PackToken); 7] = [
        |token| token.signed.head.pack.0[0] ^= 1,
        |token| token.receipt = ReceiptId::parse("S1/T4/20261122/000124/9f3a").unwrap(),
        |token| token.basket_hash.0[0] ^= 1,
        |token| token.decided_at += jiff::SignedDuration::from_nanos(1),
        |token| token.steps_max += 1,
        |token| token.choices.clear(),
        |token| token.decision[0] ^= 1,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut changed = token();
        change(&mut changed);
        assert_ne!(changed.text(), text, "{number}");
    }
}

proptest! {
    #[test]
    fn p11_no_bytes_end_the_process(bytes in prop::collection::vec(any::<u8>(), 0..400), place in 0_usize..200, byte in any::<u8>()) {
        let _ = PackContent::decode(&bytes);
        let _ = PackToken::decode(&bytes);
        let _ = SignedPackHead::from_file(&String::from_utf8_lossy(&bytes));
        let mut content = content().encode().to_vec();
        let place = place % content.len();
        content[place] = byte;
        if let Some(read) = PackContent::decode(&content) {
            prop_assert_eq!(PackContent::decode(&read.encode()), Some(read));
        }
    }

    #[test]
    fn h15_a_changed_byte_of_a_token_is_another_token_or_none(place in 0_usize..300, bit in 0_u32..8) {
        let mut bytes = token().encode().to_vec();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        prop_assert_ne!(PackToken::decode(&bytes), Some(token()));
    }
}

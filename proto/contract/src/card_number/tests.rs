//! Tests of the search for payment cards' numbers.

use super::*;

/// Leading digits of each scheme and the length of its numbers.
const SCHEMES: [(&str, usize); 21] = [
    ("4", 16),
    ("4", 13),
    ("4", 19),
    ("51", 16),
    ("55", 16),
    ("2221", 16),
    ("2720", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("644", 16),
    ("65", 19),
    ("305", 14),
    ("36", 14),
    ("38", 16),
    ("3528", 16),
    ("3589", 19),
    ("62", 17),
    ("50", 13),
    ("58", 18),
    ("2204", 16),
];

/// A synthetic number of a scheme, with a valid check digit; the same for the same seed.
pub(crate) fn synthetic(seed: u64) -> String {
    let (leading, length) = SCHEMES[usize::try_from(seed).expect("fits") % SCHEMES.len()];
    let mut number = leading.to_owned();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    while number.len() < length - 1 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        number.push(char::from(b'0' + u8::try_from(state % 10).expect("is a digit")));
    }
    let check = (0..10)
        .find(|digit| {
            let digits: Vec<u8> = number.bytes().map(|byte| byte - b'0').chain([*digit]).collect();
            passes_luhn(&digits)
        })
        .expect("one of ten passes");
    number.push(char::from(b'0' + check));
    number
}

#[test]
fn h79_a_hundred_thousand_synthetic_numbers_are_found_in_every_form() {
    for seed in 0..100_000 {
        let number = synthetic(seed);
        let grouped: Vec<&str> = number.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).expect("is ASCII")).collect();
        let form = match seed % 8 {
            0 => number.clone(),
            1 => grouped.join(" "),
            2 => grouped.join("-"),
            3 => format!(";{number}=25121010000012300000?"),
            4 => format!("%B{number}^DOE/J^2512"),
            5 => format!("card {number} thanks"),
            6 => format!("{} 12/28", grouped.join(" ")),
            _ => grouped.join("\u{a0}"),
        };
        assert!(holds_card_number(&form), "seed {seed}");
    }
}

#[test]
fn h79_what_is_no_card_number_passes() {
    let table = [
        "",
        "S1/T4/20261122/000123/9f3a",
        "GB-001/T4/20261122/4111/1111/1111/1111",
        "536365",
        "4111111111111112",     // wrong check digit
        "411111111111",         // twelve digits
        "00004111111111111111", // twenty digits in a row
        "9999078900003063",     // a fiscal device: no scheme begins so
        "1234567812345670",     // passes Luhn, no scheme
        "+4930123456",
        "550e8400-e29b-41d4-a716-446655440000",
        "4111 x 1111 1111 1111",
    ];
    for text in table {
        assert!(!holds_card_number(text), "{text}");
    }
}

#[test]
fn h79_well_known_test_numbers_of_each_scheme_are_found() {
    let table = [
        "4111111111111111",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "6011111111111117",
        "30569309025904",
        "3530111333300000",
        "6200000000000005",
        "2200123456789019",
        "6759649826438453",
        "4222222222222",
    ];
    for text in table {
        assert!(holds_card_number(text), "{text}");
    }
}

#[test]
fn h79_a_barcode_is_known_by_its_own_check_digit() {
    let table = [
        ("4006381333931", true),
        ("5901234123457", true),
        ("10614141000415", true),
        ("4006381333932", false),
        ("400638133393", false),
        ("4222222222222", false),
        ("40063813339 1", false),
    ];
    for (text, expected) in table {
        assert_eq!(is_gtin(text), expected, "{text}");
    }
}

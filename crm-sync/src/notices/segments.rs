//! How many parts a text message has and what bytes go into each: the alphabet of GSM 03.38 (table 1.1, as ETSI has it), else
//! UCS-2 (3GPP TS 23.038, 23.040).

use deunicode::deunicode_char;

/// Seven-bit units, or sixteen-bit units, of a message of one part.
const SINGLE_UNITS_MAX: (usize, usize) = (160, 70);
/// The same of each part of several: six bytes say which part it is.
const PART_UNITS_MAX: (usize, usize) = (153, 67);
/// What stands before a character of the second table.
const ESCAPE: u8 = 0x1B;
/// The first table, by code; the escape itself is no character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The second table: two units each.
const EXTENDED: [(char, u8); 10] = [
    ('\u{c}', 0x0A),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2F),
    ('[', 0x3C),
    ('~', 0x3D),
    (']', 0x3E),
    ('|', 0x40),
    ('€', 0x65),
];

/// How a message is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Seven-bit characters of GSM 03.38, a byte each.
    Gsm7,
    /// UTF-16, the high byte first.
    Ucs2,
}

/// A message as it is sent: at least one part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// How all parts are written: one character outside the tables makes it UCS-2 for all.
    pub encoding: Encoding,
    /// Bytes of each part, without the header that numbers it.
    pub parts: Vec<Vec<u8>>,
}

impl Split {
    /// How many parts are paid for.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }
}

/// Splits a text into the fewest parts; neither an escaped character nor a surrogate pair is cut in two.
#[must_use]
pub fn split(text: &str) -> Split {
    let gsm: Option<Vec<Vec<u8>>> = text.chars().map(gsm_units).collect();
    match gsm {
        Some(characters) => Split { encoding: Encoding::Gsm7, parts: fill(characters, 1, SINGLE_UNITS_MAX.0, PART_UNITS_MAX.0) },
        None => {
            let characters = text.chars().map(utf16_bytes).collect();
            Split { encoding: Encoding::Ucs2, parts: fill(characters, 2, SINGLE_UNITS_MAX.1, PART_UNITS_MAX.1) }
        }
    }
}

/// The text in characters of GSM 03.38: what the tables do not have is written with Latin letters, else with a question mark.
#[must_use]
pub fn transliterated(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if gsm_units(character).is_some() {
            written.push(character);
        } else {
            let latin = deunicode_char(character).unwrap_or("?");
            written.extend(latin.chars().map(|letter| if gsm_units(letter).is_some() { letter } else { '?' }));
        }
    }
    written
}

/// A character in the tables of GSM 03.38; none: it is not there.
fn gsm_units(character: char) -> Option<Vec<u8>> {
    if let Some(code) = BASIC.chars().position(|known| known == character && character != char::from(ESCAPE)) {
        return Some(vec![u8::try_from(code).ok()?]);
    }
    EXTENDED.iter().find(|(known, _)| *known == character).map(|(_, code)| vec![ESCAPE, *code])
}

fn utf16_bytes(character: char) -> Vec<u8> {
    character.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect()
}

/// Fills parts with characters: one where all fit, else as many as it takes.
fn fill(characters: Vec<Vec<u8>>, unit_bytes: usize, single_max: usize, part_max: usize) -> Vec<Vec<u8>> {
    let bytes: usize = characters.iter().map(Vec::len).sum();
    if bytes <= single_max.saturating_mul(unit_bytes) {
        return vec![characters.concat()];
    }
    let part_bytes_max = part_max.saturating_mul(unit_bytes);
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    for character in characters {
        match parts.last_mut() {
            Some(part) if part.len().saturating_add(character.len()) <= part_bytes_max => part.extend(character),
            Some(_) | None => parts.push(character),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::tests::shared_data;

    fn check(text: &str, encoding: Encoding, parts: usize) {
        let split = split(text);
        assert_eq!((split.encoding, split.parts.len()), (encoding, parts), "{text}");
    }

    #[test]
    fn parts_are_counted_at_their_edges() {
        let table = [
            ("", 0, "", Encoding::Gsm7, 1),
            ("a", 160, "", Encoding::Gsm7, 1),
            ("a", 161, "", Encoding::Gsm7, 2),
            ("a", 306, "", Encoding::Gsm7, 2),
            ("a", 307, "", Encoding::Gsm7, 3),
            ("€", 80, "", Encoding::Gsm7, 1),
            ("€", 81, "", Encoding::Gsm7, 2),
            // Of 153 units an escaped character fills 152: the last one stays empty.
            ("€", 152, "", Encoding::Gsm7, 2),
            ("€", 153, "", Encoding::Gsm7, 3),
            ("я", 70, "", Encoding::Ucs2, 1),
            ("я", 71, "", Encoding::Ucs2, 2),
            ("я", 134, "", Encoding::Ucs2, 2),
            ("я", 135, "", Encoding::Ucs2, 3),
            ("😜", 35, "", Encoding::Ucs2, 1),
            ("😜", 66, "", Encoding::Ucs2, 2),
            ("😜", 67, "", Encoding::Ucs2, 3),
            ("a", 100, "ç", Encoding::Ucs2, 2),
            ("Ç", 160, "", Encoding::Gsm7, 1),
        ];
        for (text, times, rest, encoding, parts) in table {
            check(&format!("{}{rest}", text.repeat(times)), encoding, parts);
        }
    }

    #[test]
    fn bytes_are_the_codes_of_the_tables() {
        assert_eq!(split("@a€").parts, [vec![0x00, 0x61, 0x1B, 0x65]]);
        assert_eq!(split("яa").parts, [vec![0x04, 0x4F, 0x00, 0x61]]);
        assert_eq!(BASIC.chars().count(), 128);
    }

    #[test]
    fn what_the_alphabet_lacks_is_written_with_latin_letters() {
        assert_eq!(transliterated("Вам начислено 100 €, ü"), "Vam nachisleno 100 €, ü");
        check(&transliterated(&"Скидка ждёт вас \u{e000} ".repeat(5)), Encoding::Gsm7, 1);
    }

    /// The tables and messages of others, where they are at hand.
    #[test]
    fn messages_of_others_have_the_parts_that_they_say() {
        let Some(folder) = shared_data("sms-gsm0338") else { return };
        let vectors = std::fs::read_to_string(folder.join("sms_segment_vectors.jsonl")).unwrap();
        let mut counted = 0;
        for line in vectors.lines() {
            let vector: serde_json::Value = serde_json::from_str(line).unwrap();
            let split = split(vector["body"].as_str().unwrap());
            if let Some(encoding) = vector["encoding"].as_str() {
                assert_eq!(split.encoding == Encoding::Gsm7, encoding == "GSM-7", "{}", vector["name"]);
            }
            if let Some(segments) = vector["segments"].as_u64() {
                assert_eq!(u64::from(split.count()), segments, "{}", vector["name"]);
                counted += 1;
            }
        }
        assert!(counted > 20, "{counted} messages say how many parts they have");
        let table = std::fs::read_to_string(folder.join("GSM0338-1.1.TXT")).unwrap();
        for row in table.lines().filter(|row| row.starts_with("0x")) {
            let mut columns = row.split('\t');
            let code = columns.next().unwrap().trim().trim_start_matches("0x");
            let character = u32::from_str_radix(columns.next().unwrap().trim().trim_start_matches("0x"), 16).unwrap();
            let character = char::from_u32(character).unwrap();
            // The table lists other readings of some codes, which are never written.
            if code == "1B" || gsm_units(character).is_none() {
                continue;
            }
            let written: String = gsm_units(character).unwrap().iter().map(|byte| format!("{byte:02X}")).collect();
            assert_eq!(written, code, "{row}");
        }
    }
}

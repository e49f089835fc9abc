//! Phone numbers as people write them, in the one form in which they are kept and sent to (E.164).

use phonenumber::country::Id;
use phonenumber::{Mode, ParseError};
use tessera_contract::Pii;

/// Characters of a number as written: the longest one has 15 digits, with whatever stands between them.
const WRITTEN_CHARACTERS_MAX: usize = 64;

/// A country's region, by which a number without `+` is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region(Id);

impl Region {
    /// By its two letters, ISO 3166-1, such as `DE`; none: no such region has numbers.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok().map(Self)
    }
}

/// Why a text is no number to send to. Never holds the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PhoneFault {
    /// Longer than any number is written.
    #[error("more than {WRITTEN_CHARACTERS_MAX} characters are no phone number")]
    TooLong,
    /// There is no number in it.
    #[error("this is no phone number: write + and the country's code, as in +4930123456")]
    NotANumber,
    /// It says no country, and none is configured.
    #[error("the number says no country: write + and the country's code, as in +4930123456")]
    NoCountry,
    /// No such number was given out in its country.
    #[error("no such number is given out in its country")]
    NotGivenOut,
    /// It goes to an extension, which no message reaches.
    #[error("a number with an extension takes no messages")]
    Extension,
}

/// The number in E.164 form; one without `+` is read as in `region`.
///
/// # Errors
/// It is no number that a country gives out.
pub fn normalised(written: &str, region: Option<Region>) -> Result<Pii<String>, PhoneFault> {
    if written.chars().count() > WRITTEN_CHARACTERS_MAX {
        return Err(PhoneFault::TooLong);
    }
    let number = phonenumber::parse(region.map(|region| region.0), written.trim()).map_err(fault)?;
    if number.extension().is_some() {
        return Err(PhoneFault::Extension);
    }
    if !phonenumber::is_valid(&number) {
        return Err(PhoneFault::NotGivenOut);
    }
    Ok(Pii::new(number.format().mode(Mode::E164).to_string()))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may learn to tell more: a number that it refuses is none")]
fn fault(error: ParseError) -> PhoneFault {
    match error {
        ParseError::InvalidCountryCode => PhoneFault::NoCountry,
        _ => PhoneFault::NotANumber,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::tests::shared_data;

    fn read(written: &str, region: &str) -> Result<String, PhoneFault> {
        normalised(written, Region::from_code(region)).map(Pii::into_exposed)
    }

    #[test]
    fn one_number_in_many_spellings_is_one_number() {
        let spellings = [
            "+49 30 123456",
            "+4930123456",
            "0049 30 123456",
            "030 123456",
            "030/123456",
            "(030) 123456",
            "030-123456",
            "030.123.456",
            "  +49 (30) 123 456  ",
            "tel:+49-30-123456",
        ];
        for written in spellings {
            assert_eq!(read(written, "DE").as_deref(), Ok("+4930123456"), "{written}");
        }
    }

    #[test]
    fn p11_h81_what_is_no_number_is_refused_with_a_reason_and_never_repeated() {
        let table = [
            ("", "DE", PhoneFault::NotANumber),
            ("Planted-Name", "DE", PhoneFault::NotANumber),
            ("030 123456", "", PhoneFault::NoCountry),
            ("+", "", PhoneFault::NotANumber),
            ("+247 6288", "", PhoneFault::NotGivenOut),
            ("+49 30 123456 ext. 12", "DE", PhoneFault::Extension),
            (&"1".repeat(65), "DE", PhoneFault::TooLong),
        ];
        for (written, region, expected) in table {
            let fault = read(written, region).unwrap_err();
            assert_eq!(fault, expected, "{written}");
            assert!(written.len() < 4 || !fault.to_string().contains(written), "{fault}");
        }
        assert_eq!(Region::from_code("XX"), None);
    }

    /// Spellings of others and how another library reads them: what this one takes is the same number, and it takes nearly all.
    #[test]
    fn spellings_of_others_come_to_the_same_numbers() {
        use std::io::Read as _;
        let Some(folder) = shared_data("phone-numbers") else { return };
        let mut rows = String::new();
        let file = std::fs::File::open(folder.join("parse_vectors.csv.gz")).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut rows).unwrap();
        let (mut valid, mut other, mut refused) = (0, Vec::new(), Vec::new());
        for row in rows.lines().skip(1).filter(|row| !row.contains('"')) {
            let [written, region, e164, is_valid, _] = row.split(',').collect::<Vec<_>>()[..] else { continue };
            match (read(written, region), is_valid == "1") {
                (Ok(number), true) if number == e164 => valid += 1,
                (Ok(_), _) => other.push(row),
                (Err(PhoneFault::Extension), _) | (Err(_), false) => {}
                (Err(_), true) => refused.push(row),
            }
        }
        eprintln!("{valid} the same, {} others, {} refused", other.len(), refused.len());
        assert!(valid > 3_000, "{valid}; others {other:?}");
        assert!(other.len() * 100 < valid && refused.len() * 100 < valid, "{other:?} {refused:?}");
    }
}

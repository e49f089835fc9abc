//! How the characters of a file are written: UTF-8, or the one byte a character of Cyrillic Windows.

use std::borrow::Cow;

/// What editors on Windows put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The characters of Windows-1251 from 0x80 to 0xBF; behind them lies the alphabet from А to я.
const UPPER: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕї";

/// How characters are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Encoding {
    /// UTF-8, and what is none as Windows-1251.
    Auto,
    /// UTF-8.
    #[value(name = "utf-8")]
    Utf8,
    /// Windows-1251: Cyrillic.
    #[value(name = "windows-1251")]
    Windows1251,
}

impl Encoding {
    /// The text of some bytes.
    ///
    /// # Errors
    /// What they are not.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, &'static str> {
        match (self, std::str::from_utf8(bytes)) {
            (Self::Auto | Self::Utf8, Ok(text)) => Ok(Cow::Borrowed(text)),
            (Self::Utf8, Err(_)) => Err("is not UTF-8: say `--encoding windows-1251`, or save the file as UTF-8"),
            (Self::Auto | Self::Windows1251, _) => Ok(Cow::Owned(bytes.iter().copied().map(cyrillic).collect())),
        }
    }
}

/// A text without the mark before it.
pub(super) fn without_mark(start: Vec<u8>) -> Vec<u8> {
    match start.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => text.to_vec(),
        None => start,
    }
}

fn cyrillic(byte: u8) -> char {
    match byte {
        0x00..=0x7f => char::from(byte),
        0x80..=0xbf => UPPER.chars().nth(usize::from(byte & 0x3f)).unwrap_or(char::REPLACEMENT_CHARACTER),
        0xc0..=0xff => char::from_u32(0x0410_u32.saturating_add(u32::from(byte & 0x3f))).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_of_windows_1251_is_its_character() {
        assert_eq!(UPPER.chars().count(), 64);
        let encoding = Encoding::Windows1251;
        // Bytes and characters as the code page's own table pairs them.
        for (byte, character) in [
            (0x41, 'A'),
            (0x80, 'Ђ'),
            (0x88, '€'),
            (0x99, '™'),
            (0xa8, 'Ё'),
            (0xb8, 'ё'),
            (0xb9, '№'),
            (0xbf, 'ї'),
            (0xc0, 'А'),
            (0xdf, 'Я'),
            (0xe0, 'а'),
            (0xff, 'я'),
        ] {
            assert_eq!(encoding.decode(&[byte]).unwrap(), character.to_string(), "{byte:#x}");
        }
        assert_eq!(Encoding::Auto.decode("карта".as_bytes()).unwrap(), "карта");
        assert_eq!(Encoding::Auto.decode(b"\xea\xe0\xf0\xf2\xe0").unwrap(), "карта");
        assert!(Encoding::Utf8.decode(b"\xea\xe0").is_err());
    }
}

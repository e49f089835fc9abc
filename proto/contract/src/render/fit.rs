//! Fits texts to what a till can show: its characters, then its columns.

use deunicode::deunicode_char;
use tessera_proto::billing::v1::TillCharset;
use unicode_width::UnicodeWidthChar as _;

use crate::read::TillDisplay;

/// The upper half of code page 866.
const CP866: &str = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√№¤■\u{a0}";
/// The upper half of Windows code page 1251, without its one unassigned place.
const CP1251: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя";
/// What ends a text that is cut.
const CUT: &str = "...";

/// A text in as many rows as it needs, with a line feed between rows.
#[must_use]
pub fn text(text: &str, display: &TillDisplay) -> String {
    if is_short_ascii(text, display) {
        return text.to_owned();
    }
    rows(text, display).join("\n")
}

/// A text in rows that are each as wide as the till at most. Words are kept whole where they fit a row.
#[must_use]
pub fn rows(text: &str, display: &TillDisplay) -> Vec<String> {
    let mut rows = Vec::new();
    push_rows(&mut rows, text, display);
    rows
}

/// The same behind other rows.
pub(super) fn push_rows(rows: &mut Vec<String>, text: &str, display: &TillDisplay) {
    if is_short_ascii(text, display) {
        if text.bytes().any(|byte| byte != b' ') {
            rows.push(text.to_owned());
        }
        return;
    }
    let columns = usize::from(display.columns);
    let shown = shown(text, display.charset);
    let (mut row, mut row_width) = (String::new(), 0_usize);
    for word in shown.split_whitespace() {
        let word_width = width(word);
        if row_width > 0 && row_width.saturating_add(1).saturating_add(word_width) <= columns {
            row.push(' ');
            row.push_str(word);
            row_width = row_width.saturating_add(1).saturating_add(word_width);
            continue;
        }
        if row_width > 0 {
            rows.push(std::mem::take(&mut row));
        }
        row_width = 0;
        if word_width <= columns {
            row.push_str(word);
            row_width = word_width;
            continue;
        }
        for character in word.chars() {
            let character_width = character.width().unwrap_or(0);
            if row_width.saturating_add(character_width) > columns {
                rows.push(std::mem::take(&mut row));
                row_width = 0;
            }
            row.push(character);
            row_width = row_width.saturating_add(character_width);
        }
    }
    if !row.is_empty() {
        rows.push(row);
    }
}

/// A text in one row, cut with `...` where it is too long.
#[must_use]
pub fn row(text: &str, display: &TillDisplay) -> String {
    if is_short_ascii(text, display) {
        return text.to_owned();
    }
    let columns = usize::from(display.columns);
    let shown = shown(text, display.charset);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line = words.join(" ");
    if width(&line) <= columns {
        return line;
    }
    let room = columns.saturating_sub(CUT.len());
    let mut cut = String::new();
    let mut cut_width = 0_usize;
    for character in line.chars() {
        cut_width = cut_width.saturating_add(character.width().unwrap_or(0));
        if cut_width > room {
            break;
        }
        cut.push(character);
    }
    cut.truncate(cut.trim_end().len());
    cut.push_str(CUT);
    cut
}

/// Whether every till shows the text as it is: most texts are so.
fn is_short_ascii(text: &str, display: &TillDisplay) -> bool {
    text.len() <= usize::from(display.columns) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn width(text: &str) -> usize {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.len();
    }
    text.chars().map(|character| character.width().unwrap_or(0)).fold(0, usize::saturating_add)
}

/// The text in the till's characters; what it does not have is transliterated.
fn shown(text: &str, charset: TillCharset) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.push(' ');
        } else if has(charset, character) {
            shown.push(character);
        } else {
            shown.push_str(deunicode_char(character).unwrap_or("?"));
        }
    }
    shown
}

fn has(charset: TillCharset, character: char) -> bool {
    if character.is_ascii() {
        return true;
    }
    match charset {
        TillCharset::Ascii => false,
        TillCharset::Latin1 => ('\u{a0}'..='\u{ff}').contains(&character),
        TillCharset::Cp866 => CP866.contains(character),
        TillCharset::Cp1251 => CP1251.contains(character),
        TillCharset::Unspecified | TillCharset::Unicode => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display(columns: u16, charset: TillCharset) -> TillDisplay {
        TillDisplay { columns, charset }
    }

    #[test]
    fn texts_are_wrapped_at_words_and_long_words_are_cut() {
        let table = [
            ("", vec![]),
            ("Short", vec!["Short"]),
            ("Three pairs are paid as two", vec!["Three pairs are", "paid as two"]),
            ("Donaudampfschifffahrtsgesellschaft ist da", vec!["Donaudampfschiff", "fahrtsgesellscha", "ft ist da"]),
            ("exactly sixteen!", vec!["exactly sixteen!"]),
            ("a\nb\tc", vec!["a b c"]),
        ];
        for (text, expected) in table {
            assert_eq!(rows(text, &display(16, TillCharset::Unicode)), expected, "{text}");
        }
    }

    #[test]
    fn characters_that_the_till_lacks_are_transliterated() {
        let table = [
            (TillCharset::Ascii, "Grüße für 5 €", "Grusse fur 5 EUR"),
            (TillCharset::Latin1, "Grüße für 5 €", "Grüße für 5 EUR"),
            (TillCharset::Cp866, "Скидка «Лето»", "Скидка <<Лето>>"),
            (TillCharset::Cp1251, "Скидка «Лето»", "Скидка «Лето»"),
            (TillCharset::Ascii, "Скидка", "Skidka"),
            (TillCharset::Unicode, "Скидка 割引", "Скидка 割引"),
        ];
        for (charset, text, expected) in table {
            assert_eq!(row(text, &display(40, charset)), expected, "{charset:?}");
        }
    }

    #[test]
    fn a_row_is_never_wider_than_the_till_wide_characters_count_twice() {
        for columns in 16..=80 {
            for text in [
                "割引割引割引割引割引割引割引割引割引割引割引割引",
                "a b c d e f g h i j k l m n o p q r s t u v w x y z",
                "naïve café e\u{301}e\u{301}e\u{301} long long long text",
            ] {
                let display = display(columns, TillCharset::Unicode);
                assert!(width(&row(text, &display)) <= usize::from(columns));
                for row in rows(text, &display) {
                    assert!(width(&row) <= usize::from(columns) && !row.is_empty(), "{columns}: {row}");
                }
            }
        }
    }

    #[test]
    fn code_pages_have_their_full_upper_half() {
        assert_eq!(CP866.chars().count(), 128);
        assert_eq!(CP1251.chars().count(), 127);
    }

    #[test]
    fn a_text_that_is_cut_says_so() {
        assert_eq!(row("Three pairs of shoes are paid as two", &display(20, TillCharset::Ascii)), "Three pairs of sh...");
    }
}

//! A text for people in the languages of its program.

use compact_str::CompactString;

/// One text, in the program's default language and others; rendered once, at compilation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    default: CompactString,
    /// Sorted by language.
    translations: Vec<(CompactString, CompactString)>,
}

impl Text {
    /// A text that is the same in every language.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self { default: CompactString::from(text), translations: Vec::new() }
    }

    /// A text in the default language and others.
    pub(crate) fn with(default: &str, mut translations: Vec<(CompactString, CompactString)>) -> Self {
        translations.sort();
        Self { default: CompactString::from(default), translations }
    }

    /// The text in `language` (BCP 47), else in its first part (`de` for `de-AT`), else in the default language.
    #[must_use]
    pub fn in_language(&self, language: Option<&str>) -> &CompactString {
        let Some(language) = language else { return &self.default };
        self.exactly(language)
            .or_else(|| language.split_once('-').and_then(|(first, _)| self.exactly(first)))
            .unwrap_or(&self.default)
    }

    fn exactly(&self, language: &str) -> Option<&CompactString> {
        let place = self.translations.binary_search_by(|(known, _)| known.as_str().cmp(language)).ok()?;
        self.translations.get(place).map(|(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_language_then_by_its_first_part_then_in_the_default() {
        let text = Text::with("Hello", vec![("fr".into(), "Bonjour".into()), ("de".into(), "Hallo".into())]);
        let table =
            [(None, "Hello"), (Some("de"), "Hallo"), (Some("de-AT"), "Hallo"), (Some("fr-CA"), "Bonjour"), (Some("it"), "Hello")];
        for (language, expected) in table {
            assert_eq!(text.in_language(language), expected, "{language:?}");
        }
    }
}

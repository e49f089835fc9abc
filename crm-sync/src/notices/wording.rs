//! What notices say, by language: texts with places, and names of what is given. The texts that are built in are for those who
//! have written none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tessera_contract::Pii;

use super::notice::{Notice, NoticeKind};
use super::segments::transliterated;
use super::tells::{Given, Told};
use super::template::Template;

/// The texts that are built in; the first language is that of customers who said none.
const BUILT_IN: &str = include_str!("wording/built_in.toml");
/// What a text may name, beside facts.
const KNOWN: [&str; 2] = ["rewards", "store"];
/// What the text of a code may name, beside facts.
const KNOWN_OF_CODE: [&str; 2] = ["code", "store"];
/// The text of a code in a language that has none of its own.
const CODE_TEXT: &str = "{code}";
/// Where the number stands in the name of what is given.
const NUMBER: &str = "{n}";

/// The texts of all languages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wording {
    default_language: String,
    languages: BTreeMap<String, Language>,
    facts: BTreeSet<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Language {
    deferred: Template,
    code: Template,
    names: BTreeMap<String, String>,
    is_transliterated: bool,
}

/// A file of texts, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    default_language: String,
    #[serde(default)]
    facts: BTreeSet<String>,
    language: BTreeMap<String, WrittenLanguage>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLanguage {
    deferred: String,
    code: Option<String>,
    #[serde(default)]
    transliterate: bool,
    #[serde(default)]
    names: BTreeMap<String, String>,
}

/// Every fault of a file of texts, each a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct WordingFaults(pub Vec<String>);

impl Wording {
    /// The texts that are built in: English, German and Russian.
    #[must_use]
    pub fn built_in() -> Self {
        #[expect(clippy::expect_used, reason = "the built-in texts are read by a test")]
        Self::read(BUILT_IN).expect("the built-in texts are right")
    }

    /// Reads a file of texts.
    ///
    /// # Errors
    /// Every fault with its place.
    pub fn read(text: &str) -> Result<Self, WordingFaults> {
        let written: Written = toml::from_str(text).map_err(|fault| WordingFaults(vec![fault.to_string().trim().to_owned()]))?;
        let (mut faults, mut languages, mut named) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        if !written.language.contains_key(&written.default_language) {
            faults.push(format!("default_language: there are no texts in {:?}", written.default_language));
        }
        for (code, language) in written.language {
            let place = format!("language.{code}");
            let mut parse =
                |name: &str, text: &str, known: &[&str]| match Template::parse(text, known, &written.facts) {
                    Ok(template) => {
                        named.extend(template.facts());
                        Some(template)
                    }
                    Err(found) => {
                        faults.extend(found.into_iter().map(|fault| {
                            format!("{place}.{name}, character {}: {}", fault.offset.saturating_add(1), fault.message)
                        }));
                        None
                    }
                };
            let deferred = parse("deferred", &language.deferred, &KNOWN);
            let text_of_code = parse("code", language.code.as_deref().unwrap_or(CODE_TEXT), &KNOWN_OF_CODE);
            if let (Some(deferred), Some(text_of_code)) = (deferred, text_of_code) {
                let (names, is_transliterated) = (language.names, language.transliterate);
                let language = Language { deferred, code: text_of_code, names, is_transliterated };
                languages.insert(code.to_ascii_lowercase(), language);
            }
        }
        if !faults.is_empty() {
            return Err(WordingFaults(faults));
        }
        Ok(Self { default_language: written.default_language.to_ascii_lowercase(), languages, facts: named })
    }

    /// The facts that any text names.
    #[must_use]
    pub fn facts(&self) -> &BTreeSet<String> {
        &self.facts
    }

    /// What a notice says to a customer of this language, with what they stated of themselves. A language that has no texts
    /// of its own is read by its first part, and else is the default one.
    #[must_use]
    pub fn text(&self, notice: &Notice, language: Option<&str>, stated: &BTreeMap<String, String>) -> String {
        self.rendered(notice, language, stated, BTreeMap::new())
    }

    /// What a notice of a code says.
    #[must_use]
    pub fn text_of_code(
        &self,
        notice: &Notice,
        language: Option<&str>,
        stated: &BTreeMap<String, String>,
        code: &Pii<String>,
    ) -> String {
        self.rendered(notice, language, stated, BTreeMap::from([("code".to_owned(), code.expose().clone())]))
    }

    fn rendered(
        &self,
        notice: &Notice,
        language: Option<&str>,
        stated: &BTreeMap<String, String>,
        mut values: BTreeMap<String, String>,
    ) -> String {
        let Some(language) = self.language(language) else { return String::new() };
        let rewards: Vec<String> = notice.tells.iter().filter(|told| told.count > 0).map(|told| language.told(told)).collect();
        values.extend([("rewards".to_owned(), rewards.join(", ")), ("store".to_owned(), notice.store.clone())]);
        values.extend(stated.iter().map(|(fact, value)| (format!("fact:{fact}"), value.clone())));
        let template = match notice.kind {
            NoticeKind::Deferred => &language.deferred,
            NoticeKind::Code => &language.code,
        };
        let text = template.render(&values);
        if language.is_transliterated { transliterated(&text) } else { text }
    }

    fn language(&self, wanted: Option<&str>) -> Option<&Language> {
        let wanted = wanted.unwrap_or_default().to_ascii_lowercase();
        let first = wanted.split(['-', '_']).next().unwrap_or_default();
        let found = [wanted.as_str(), first, self.default_language.as_str()];
        found.into_iter().find_map(|code| self.languages.get(code))
    }
}

impl Language {
    /// `150 points`, `coupons: 2`, by the name that the texts have, else by the id.
    fn told(&self, told: &Told) -> String {
        let (id, digits) = match &told.given {
            Given::Asset { id, digits } => (id.as_str(), *digits),
            Given::Coupon => ("coupon", 0),
            Given::Prize(id) | Given::Tier(id) => (id.as_str(), 0),
            Given::Tickets => ("ticket", 0),
        };
        let name = self.names.get(id).map_or(id, String::as_str);
        let number = decimal(told.count, digits);
        if name.contains(NUMBER) {
            return name.replace(NUMBER, &number);
        }
        match &told.given {
            Given::Tier(_) => name.to_owned(),
            Given::Asset { .. } | Given::Coupon | Given::Prize(_) | Given::Tickets => format!("{number} {name}"),
        }
    }
}

/// Units with their digits behind a point; a whole number has none.
fn decimal(units: i64, digits: u32) -> String {
    let one = 10_u64.checked_pow(digits).unwrap_or(1).max(1);
    let units = units.unsigned_abs();
    let (whole, part) = (units.checked_div(one).unwrap_or(0), units.checked_rem(one).unwrap_or(0));
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:0width$}", width = usize::try_from(digits).unwrap_or(0)) }
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::notice;
    use super::super::segments::{Encoding, split};
    use super::*;

    fn telling(tells: &[(Given, i64)]) -> Notice {
        let tells = tells.iter().map(|(given, count)| Told { given: given.clone(), count: *count }).collect();
        Notice { tells, ..notice("A") }
    }

    fn points(count: i64) -> (Given, i64) {
        (Given::Asset { id: "points".to_owned(), digits: 0 }, count)
    }

    #[test]
    fn a_notice_says_what_it_tells_in_the_customers_language() {
        let wording = Wording::built_in();
        let all = telling(&[
            (Given::Asset { id: "bonus".to_owned(), digits: 2 }, 1_205),
            (Given::Coupon, 2),
            (Given::Tier("gold".to_owned()), 1),
            points(-5),
        ]);
        for (notice, language, expected) in [
            (telling(&[points(150)]), None, "Your purchase earned 150 points. Thank you!"),
            (telling(&[points(150)]), Some("de-AT"), "Ihr Einkauf brachte 150 Punkte. Danke!"),
            (telling(&[points(150)]), Some("RU"), "За покупку начислено: 150 баллов. Спасибо!"),
            (telling(&[points(150)]), Some("zz"), "Your purchase earned 150 points. Thank you!"),
            (all, Some("en"), "Your purchase earned 12.05 bonus, coupons: 2, gold. Thank you!"),
        ] {
            assert_eq!(wording.text(&notice, language, &BTreeMap::new()), expected);
        }
    }

    #[test]
    fn the_text_that_is_built_in_is_one_part_in_cyrillic() {
        let text = Wording::built_in().text(&telling(&[points(1_234_567_890)]), Some("ru"), &BTreeMap::new());
        assert!(text.chars().count() <= 70, "{text}");
        assert_eq!((split(&text).encoding, split(&text).count()), (Encoding::Ucs2, 1));
    }

    #[test]
    fn texts_of_ones_own_name_facts_and_may_be_written_with_latin_letters() {
        let file = r#"
            default_language = "ru"
            facts = ["first_name", "city"]
            [language.ru]
            deferred = "{fact:first_name}, вам {rewards}"
            transliterate = true
        "#;
        let wording = Wording::read(file).unwrap();
        assert_eq!(wording.facts(), &BTreeSet::from(["first_name".to_owned()]), "no more is asked for than is said");
        let stated = BTreeMap::from([("first_name".to_owned(), "Анна".to_owned())]);
        assert_eq!(wording.text(&telling(&[points(5)]), None, &stated), "Anna, vam 5 points");
    }

    #[test]
    fn p11_every_fault_of_a_file_of_texts_is_told_with_its_place() {
        let file =
            "default_language = \"fr\"\n[language.en]\ndeferred = \"{reward}\"\n[language.de]\ndeferred = \"a } {fact:x}\"";
        let faults = Wording::read(file).unwrap_err().to_string();
        for part in [
            "no texts in \"fr\"",
            "language.en.deferred, character 1",
            "{rewards}",
            "language.de.deferred, character 3",
            "character 5",
        ] {
            assert!(faults.contains(part), "{part} is missing in:\n{faults}");
        }
        for (file, part) in [("a", "TOML"), ("default_language = \"en\"\nlanguages = 1", "languages")] {
            let faults = Wording::read(file).unwrap_err().to_string();
            assert!(faults.contains(part) || faults.contains("line 1"), "{faults}");
        }
    }
}

//! Texts of notices: words with placeholders in braces, checked before anything is sent.
//!
//! `{rewards}` stands for what the notice knows under that name, `{fact:first_name}` for what the customer stated of
//! themselves; `{{` and `}}` are braces.

use std::collections::{BTreeMap, BTreeSet};

/// Characters of a template.
const TEMPLATE_CHARACTERS_MAX: usize = 2_000;
/// Characters of one value in a text: what a customer typed as their name does not fill ten parts.
const VALUE_CHARACTERS_MAX: usize = 128;
/// What stands before the id of a fact.
const FACT: &str = "fact:";

/// A text with placeholders, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Words(String),
    Placeholder(String),
}

/// What is wrong with a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateFault {
    /// Characters of the template before it.
    pub offset: usize,
    /// Characters that it has, at least 1.
    pub length: usize,
    /// What is wrong, with what may stand there.
    pub message: String,
}

impl Template {
    /// Reads a template in which these placeholders may stand.
    ///
    /// # Errors
    /// Every fault: an unknown placeholder, a brace without its other half, a text that is too long.
    pub fn parse(text: &str, known: &[&str], facts: &BTreeSet<String>) -> Result<Self, Vec<TemplateFault>> {
        let characters: Vec<char> = text.chars().collect();
        let mut faults = Vec::new();
        if characters.len() > TEMPLATE_CHARACTERS_MAX {
            let message = format!("the text has {} characters, at most {TEMPLATE_CHARACTERS_MAX}", characters.len());
            faults.push(TemplateFault { offset: 0, length: 1, message });
        }
        let (mut pieces, mut words, mut at) = (Vec::new(), String::new(), 0_usize);
        while let Some(character) = characters.get(at).copied() {
            let next = characters.get(at.saturating_add(1)).copied();
            match (character, next) {
                ('{', Some('{')) | ('}', Some('}')) => {
                    words.push(character);
                    at = at.saturating_add(2);
                }
                ('}', _) => {
                    faults.push(TemplateFault { offset: at, length: 1, message: "a `}` without its `{`: write `}}`".to_owned() });
                    at = at.saturating_add(1);
                }
                ('{', _) => {
                    let name: String = characters.iter().skip(at.saturating_add(1)).take_while(|c| **c != '}').collect();
                    let length = name.chars().count().saturating_add(2);
                    if characters.get(at.saturating_add(length).saturating_sub(1)) != Some(&'}') {
                        let message = "a `{` without its `}`: write `{{`".to_owned();
                        faults.push(TemplateFault { offset: at, length: 1, message });
                        break;
                    }
                    faults.extend(fault(&name, known, facts).map(|message| TemplateFault { offset: at, length, message }));
                    pieces.push(Piece::Words(std::mem::take(&mut words)));
                    pieces.push(Piece::Placeholder(name));
                    at = at.saturating_add(length);
                }
                (other, _) => {
                    words.push(other);
                    at = at.saturating_add(1);
                }
            }
        }
        pieces.push(Piece::Words(words));
        if faults.is_empty() { Ok(Self { pieces }) } else { Err(faults) }
    }

    /// The facts that it names: no other value of a profile is asked for.
    #[must_use]
    pub fn facts(&self) -> BTreeSet<String> {
        let named = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder(name) => name.strip_prefix(FACT).map(str::to_owned),
            Piece::Words(_) => None,
        });
        named.collect()
    }

    /// The text with what is known; a fact that is not known leaves nothing behind, nor the blank before it.
    #[must_use]
    pub fn render(&self, values: &BTreeMap<String, String>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => text.push_str(words),
                Piece::Placeholder(name) => {
                    let value = values.get(name).map(|value| one_line(value)).unwrap_or_default();
                    if value.is_empty() && text.ends_with(' ') {
                        text.pop();
                    }
                    text.push_str(&value);
                }
            }
        }
        text
    }
}

/// A value in one line and bounded: what a customer stated must not become lines of its own.
fn one_line(value: &str) -> String {
    let shown = value.chars().map(|character| if character.is_control() { ' ' } else { character });
    shown.take(VALUE_CHARACTERS_MAX).collect::<String>().trim().to_owned()
}

fn fault(name: &str, known: &[&str], facts: &BTreeSet<String>) -> Option<String> {
    if let Some(fact) = name.strip_prefix(FACT) {
        let is_declared = facts.contains(fact);
        return (!is_declared)
            .then(|| format!("the fact `{fact}` is not among `facts` of this file: add it there, or leave it out"));
    }
    if known.contains(&name) {
        return None;
    }
    let nearest = tessera_rules::diagnostic::nearest(name, known.iter().copied());
    let meant = nearest.map(|nearest| format!(": did you mean `{{{nearest}}}`?")).unwrap_or_default();
    let all: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
    Some(format!("unknown placeholder `{{{name}}}`{meant} This notice knows {}, and {{fact:…}}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["rewards", "store"];

    fn read(text: &str) -> Result<Template, Vec<TemplateFault>> {
        Template::parse(text, &KNOWN, &BTreeSet::from(["first_name".to_owned()]))
    }

    #[test]
    fn placeholders_are_filled_and_unknown_facts_leave_no_gap() {
        /// A template, what is known, and the text.
        type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);
        let table: [Case; 6] = [
            ("{rewards} at {store}!", &[("rewards", "5 points"), ("store", "S1")], "5 points at S1!"),
            ("Dear {fact:first_name}, hello", &[("fact:first_name", "Ann\na")], "Dear Ann a, hello"),
            ("Dear {fact:first_name}, hello", &[], "Dear, hello"),
            ("{{x}} {store}", &[("store", "{rewards}"), ("rewards", "no")], "{x} {rewards}"),
            ("", &[], ""),
            ("Ёж {store}", &[("store", "É")], "Ёж É"),
        ];
        for (text, values, expected) in table {
            let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(read(text).unwrap().render(&values), expected, "{text}");
        }
        assert_eq!(read("{fact:first_name} {store}").unwrap().facts(), BTreeSet::from(["first_name".to_owned()]));
    }

    #[test]
    fn p11_every_fault_of_a_template_is_told_with_its_place() {
        let faults = read("Ä {reward} and {fact:salary} } {store").unwrap_err();
        let told: Vec<(usize, usize)> = faults.iter().map(|fault| (fault.offset, fault.length)).collect();
        assert_eq!(told, [(2, 8), (15, 13), (29, 1), (31, 1)]);
        assert!(faults[0].message.contains("did you mean `{rewards}`?"), "{}", faults[0].message);
        assert!(read(&"a".repeat(TEMPLATE_CHARACTERS_MAX + 1)).is_err());
    }
}

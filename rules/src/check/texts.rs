//! Texts for people: languages, length, placeholders.

use compact_str::CompactString;

use super::Checker;
use super::program::Scope;
use super::read::is_language;
use crate::counting::Counted;
use crate::decision::Missing;
use crate::limits::TEXT_CHARACTERS_MAX;
use crate::mechanic::Mechanic;
use crate::money::{Amount, Units};
use crate::text::Text;
use crate::tree::{Kind, Node, Span};

/// What stands for how much is missing.
const MISSING: &str = "{missing}";

impl Checker<'_> {
    /// A text that customers or cashiers see: in every language of the program, and no longer than a till's line.
    /// `missing` is the longest that `{missing}` can become; none: it has no placeholder.
    pub(super) fn shown(&mut self, node: &Node, scope: &Scope, missing: Option<&str>) -> Option<Text> {
        let text = self.text(node, &scope.program.language_default)?;
        let written: Vec<(Option<&str>, &str, Span)> = match &node.kind {
            Kind::Map(fields) => fields
                .iter()
                .filter_map(|field| match &field.value.kind {
                    Kind::Scalar { text, .. } => Some((Some(field.key.as_str()), text.as_str(), field.value.at)),
                    Kind::List(_) | Kind::Map(_) => None,
                })
                .collect(),
            Kind::Scalar { text, .. } => vec![(None, text.as_str(), node.at)],
            Kind::List(_) => Vec::new(),
        };
        if scope.program.languages.len() > 1 {
            let lacks = |language: &&CompactString| written.iter().all(|(known, ..)| *known != Some(language.as_str()));
            let lacking: Vec<&str> = scope.program.languages.iter().filter(lacks).map(CompactString::as_str).collect();
            if !lacking.is_empty() {
                let (list, first) = (lacking.join("`, `"), lacking.first().copied().unwrap_or_default());
                self.warn(node.at, format!("the text is missing in `{list}`"), format!("add a line `{first}: …`"));
            }
        }
        for (_, text, at) in written {
            self.fits(text, at, scope.columns, missing);
        }
        Some(text)
    }

    fn fits(&mut self, text: &str, at: Span, columns: Option<usize>, missing: Option<&str>) {
        let longest = missing.map_or_else(|| text.to_owned(), |missing| text.replace(MISSING, missing));
        if let Some(open) = longest.find('{')
            && let Some((word, _)) = longest.split_at_checked(open).and_then(|(_, rest)| rest.split_once('}'))
        {
            let help = if missing.is_some() { "write `{missing}`" } else { "only `near_text` has a placeholder: `{missing}`" };
            self.warn(at, format!("`{word}}}` is no placeholder and will be shown as it is"), help);
        }
        let length = longest.chars().count();
        if let Some(columns) = columns.filter(|columns| length > *columns) {
            self.warn(
                at,
                format!("the text is {length} characters long, and a line of the tills has {columns}: `{longest}`"),
                "shorten it, or it will be broken into lines",
            );
        }
    }

    /// A text for people: plain, or a map of languages that has the default one.
    pub(super) fn text(&mut self, node: &Node, language_default: &str) -> Option<Text> {
        let Kind::Map(fields) = &node.kind else {
            return self.line(node).map(Text::plain);
        };
        let mut default = None;
        let mut translations = Vec::new();
        for field in fields {
            if !is_language(&field.key) {
                let help = if field.key.contains(' ') {
                    "put a text with a comma into quotes"
                } else {
                    "write a language tag such as `en` or `de-AT`"
                };
                self.error_with_help(field.at, format!("`{}` is no language", field.key), help);
            }
            let Some(line) = self.line(&field.value) else { continue };
            if field.key == language_default {
                default = Some(line);
            }
            translations.push((CompactString::from(field.key.as_str()), CompactString::from(line)));
        }
        if default.is_none() {
            self.error_with_help(
                node.at,
                format!("the text is missing in the default language `{language_default}`"),
                format!("add a line `{language_default}: …`"),
            );
        }
        default.map(|default| Text::with(default, translations))
    }

    /// A text of printable characters that a screen or footer can hold.
    fn line<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let word = self.word(node)?;
        if word.trim().is_empty() {
            self.error(node.at, "the text is empty");
            return None;
        }
        if word.chars().count() > TEXT_CHARACTERS_MAX {
            self.error(node.at, format!("the text is longer than {TEXT_CHARACTERS_MAX} characters"));
            return None;
        }
        if word.chars().any(char::is_control) {
            self.error_with_help(node.at, "the text has a line break or another control character", "write it on one line");
            return None;
        }
        Some(word)
    }
}

/// The longest that `{missing}` can become in the near miss of a campaign.
pub(super) fn longest_missing(mechanic: Option<&Mechanic>, scope: &Scope) -> String {
    let currency = scope.program.currency;
    let units = |number: i64| Missing::Units(u32::try_from(number).unwrap_or(u32::MAX));
    let missing = match mechanic {
        Some(Mechanic::Spend { at_least, .. }) => Missing::Spend(*at_least),
        Some(Mechanic::Set { groups, .. }) => units(groups.iter().map(|group| group.units).max().unwrap_or(1)),
        Some(Mechanic::Count(counting)) => {
            let every = counting.give.as_ref().map_or(1, |(every, _)| *every);
            match counting.counted {
                Counted::Money => Missing::Spend(Amount::from_minor(every)),
                Counted::Points => {
                    let asset = scope.assets.iter().find(|asset| Some(&asset.id) == counting.asset.as_ref());
                    Missing::Points { units: Units::from_units(every), scale: asset.map_or(0, |asset| asset.scale) }
                }
                Counted::Units | Counted::Visits | Counted::Stretches(_) => units(every),
            }
        }
        Some(
            Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Grant { .. }
            | Mechanic::Offer { .. },
        )
        | None => units(1),
    };
    missing.in_words(currency).into_string()
}

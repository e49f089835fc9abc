//! From the text of a program file to a tree whose every node knows its place. Scalars stay texts, so that no
//! amount ever passes through a float; anchors and aliases are no part of the language.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as Place};

use crate::diagnostic::{Diagnostic, Severity};
use crate::limits::PROGRAM_DEPTH_MAX;

/// Where something stands in its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// Characters on that line, at least 1.
    pub length: u32,
}

/// A part of a program file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it begins.
    pub at: Span,
}

/// What a part is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A text; `plain` where it stands without quotes and may be a number, a date or nothing.
    Scalar {
        /// The text itself.
        text: String,
        /// Whether it stands without quotes.
        plain: bool,
    },
    /// Items in their order.
    List(Vec<Node>),
    /// Keys in their order, each once.
    Map(Vec<Field>),
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Span,
    /// Its value.
    pub value: Node,
}

/// Why a text is no tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeError {
    /// Where.
    pub at: Span,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<&'static str>,
}

impl TreeError {
    fn new(at: Span, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    fn with_help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    /// As a mistake of its file.
    #[must_use]
    pub fn in_file(self, file: &str, text: &str) -> Diagnostic {
        let above = usize::try_from(self.at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        Diagnostic {
            severity: Severity::Error,
            file: file.to_owned(),
            line: self.at.line,
            column: self.at.column,
            length: self.at.length,
            snippet: text.lines().nth(above).unwrap_or_default().to_owned(),
            message: self.message,
            help: self.help.map(str::to_owned),
        }
    }
}

impl Node {
    /// Whether nothing stands there: `key:` without a value, `~` or `null`.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// Whether another tree says the same, wherever it stands in its file and however it is quoted: what is compiled of
    /// the two is the same.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Scalar { text: one, .. }, Kind::Scalar { text: two, .. }) => {
                one == two && self.is_nothing() == other.is_nothing()
            }
            (Kind::List(one), Kind::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.says_the_same_as(two))
            }
            (Kind::Map(one), Kind::Map(two)) => {
                let same = |(one, two): (&Field, &Field)| one.key == two.key && one.value.says_the_same_as(&two.value);
                one.len() == two.len() && one.iter().zip(two).all(same)
            }
            (Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_), _) => false,
        }
    }
}

/// Reads one document.
///
/// # Errors
/// The first thing that is not YAML, or is not of the language.
pub fn parse(text: &str) -> Result<Node, TreeError> {
    let mut reader = Reader { events: Parser::new_from_str(text), last: Span { line: 1, column: 1, length: 1 } };
    let root = loop {
        match reader.next()? {
            Some((Event::StreamStart | Event::DocumentStart(..), _)) => {}
            Some((Event::StreamEnd | Event::DocumentEnd, at)) => return Err(TreeError::new(at, "the file is empty")),
            Some((event, at)) => break reader.node(event, at, 0)?,
            None => return Err(TreeError::new(reader.last, "the file is empty")),
        }
    };
    loop {
        match reader.next()? {
            Some((Event::DocumentEnd, _)) => {}
            Some((Event::StreamEnd, _)) | None => return Ok(root),
            Some((_, at)) => {
                return Err(TreeError::new(at, "a second document begins here").with_help("write one program a file"));
            }
        }
    }
}

struct Reader<'t> {
    events: Parser<'t, granit_parser::StrInput<'t>>,
    last: Span,
}

impl<'t> Reader<'t> {
    /// The next event that is not a comment.
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, TreeError> {
        match self.events.next() {
            None => Ok(None),
            Some(Ok((event, place))) => {
                self.last = span(&place);
                Ok(Some((event, self.last)))
            }
            Some(Err(fault)) => Err(not_yaml(&fault)),
        }
    }

    /// One more event inside a list or map.
    fn inside(&mut self) -> Result<(Event<'t>, Span), TreeError> {
        self.next()?.ok_or_else(|| TreeError::new(self.last, "the file ends too early"))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser's events are not exhaustive: new ones are refused")]
    fn node(&mut self, event: Event<'t>, at: Span, depth: usize) -> Result<Node, TreeError> {
        if depth > PROGRAM_DEPTH_MAX {
            return Err(TreeError::new(at, format!("nested deeper than {PROGRAM_DEPTH_MAX} levels")));
        }
        match event {
            Event::Scalar(text, style, 0, None) => {
                Ok(Node { kind: Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }, at })
            }
            Event::SequenceStart(_, 0, None) => self.list(at, depth),
            Event::MappingStart(_, 0, None) => self.map(at, depth),
            Event::Alias(_) => {
                Err(TreeError::new(at, "aliases are not part of the program language").with_help("write the value out again"))
            }
            Event::Scalar(_, _, 0, Some(_)) | Event::SequenceStart(_, 0, Some(_)) | Event::MappingStart(_, 0, Some(_)) => {
                Err(TreeError::new(at, "tags are not part of the program language")
                    .with_help("remove the word that begins with `!`"))
            }
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                Err(TreeError::new(at, "anchors are not part of the program language")
                    .with_help("remove the word that begins with `&`"))
            }
            _ => Err(TreeError::new(at, "this cannot stand here")),
        }
    }

    fn list(&mut self, at: Span, depth: usize) -> Result<Node, TreeError> {
        let mut nodes = Vec::new();
        loop {
            match self.inside()? {
                (Event::SequenceEnd, _) => return Ok(Node { kind: Kind::List(nodes), at }),
                (event, place) => nodes.push(self.node(event, place, depth.saturating_add(1))?),
            }
        }
    }

    fn map(&mut self, at: Span, depth: usize) -> Result<Node, TreeError> {
        let mut fields: Vec<Field> = Vec::new();
        let mut lines = KeyLines::default();
        loop {
            let (key, place) = match self.inside()? {
                (Event::MappingEnd, _) => return Ok(Node { kind: Kind::Map(fields), at }),
                (event, place) => (self.node(event, place, depth.saturating_add(1))?, place),
            };
            let Kind::Scalar { text: key, .. } = key.kind else {
                return Err(TreeError::new(place, "a key must be a plain word"));
            };
            if let Some(line) = lines.of(&fields, &key) {
                return Err(TreeError::new(place, format!("`{key}` stands here twice, first on line {line}")));
            }
            let (event, value_at) = self.inside()?;
            let value = self.node(event, value_at, depth.saturating_add(1))?;
            fields.push(Field { key, at: place, value });
        }
    }
}

/// Keys of a map that are looked through one by one; more have an index, so that a hostile map of many thousand keys
/// costs no more than its length (P11).
const KEYS_LOOKED_THROUGH_MAX: usize = 32;

/// Where the keys of a large map stand.
#[derive(Default)]
struct KeyLines(BTreeMap<String, u32>);

impl KeyLines {
    /// The line on which a key stands already.
    fn of(&mut self, fields: &[Field], key: &str) -> Option<u32> {
        if fields.len() <= KEYS_LOOKED_THROUGH_MAX {
            return fields.iter().find(|field| field.key == key).map(|field| field.at.line);
        }
        // Called once for each key: what is not in the index yet came last.
        let new = fields.get(self.0.len()..).unwrap_or_default();
        self.0.extend(new.iter().map(|field| (field.key.clone(), field.at.line)));
        self.0.get(key).copied()
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn span(place: &Place) -> Span {
    let (start, end) = (&place.start, &place.end);
    let length = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
    Span { line: number(start.line()).max(1), column: number(start.col()).saturating_add(1), length: number(length).max(1) }
}

fn not_yaml(fault: &ScanError) -> TreeError {
    let marker = fault.marker();
    let at = Span { line: number(marker.line()).max(1), column: number(marker.col()).saturating_add(1), length: 1 };
    TreeError::new(at, format!("not YAML: {}", fault.info()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_stay_texts_and_know_their_places() {
        let tree = parse("# a comment\nname: Café\nprice: 1.50\nlist: [a, 'b']\n").unwrap();
        let Kind::Map(fields) = tree.kind else { panic!("a map") };
        assert_eq!(fields.iter().map(|field| field.key.as_str()).collect::<Vec<_>>(), ["name", "price", "list"]);
        assert_eq!(
            fields[1].value,
            Node { kind: Kind::Scalar { text: "1.50".into(), plain: true }, at: Span { line: 3, column: 8, length: 4 } }
        );
        let Kind::List(list) = &fields[2].value.kind else { panic!("a list") };
        assert_eq!(list[1].at, Span { line: 4, column: 11, length: 3 });
    }

    #[test]
    fn trees_say_the_same_wherever_their_parts_stand_and_however_they_are_quoted() {
        let table = [
            ("a: [1, x]\n", "# why\na:\n  - \"1\"\n  - 'x'\n", true),
            ("a: {b: 1}\n", "a:\n    b:   1   # one\n", true),
            ("a: ~\n", "a:\n", true),
            ("a: ~\n", "a: '~'\n", false),
            ("a: {b: 1, c: 2}\n", "a: {c: 2, b: 1}\n", false),
            ("a: [1]\n", "a: 1\n", false),
            ("a: [1, 2]\n", "a: [1]\n", false),
            ("a: 1.50\n", "a: 1.5\n", false),
        ];
        for (one, two, same) in table {
            assert_eq!(parse(one).unwrap().says_the_same_as(&parse(two).unwrap()), same, "{one:?} {two:?}");
        }
    }

    #[test]
    fn p11_a_key_of_a_large_map_is_found_twice_like_one_of_a_small_map() {
        let keys = |count: usize| (0..count).map(|number| format!("k{number}: 1\n")).collect::<String>();
        for count in [1, KEYS_LOOKED_THROUGH_MAX, KEYS_LOOKED_THROUGH_MAX + 1, KEYS_LOOKED_THROUGH_MAX + 2, 20_000] {
            let Kind::Map(fields) = parse(&keys(count)).unwrap().kind else { panic!("a map") };
            assert_eq!(fields.len(), count);
            for twice in [0, count - 1] {
                let error = parse(&format!("{}k{twice}: 2\n", keys(count))).unwrap_err();
                assert_eq!(error.message, format!("`k{twice}` stands here twice, first on line {}", twice + 1));
            }
        }
    }

    #[test]
    fn p11_what_is_not_of_the_language_is_refused_with_its_place() {
        let deep = "[".repeat(40) + &"]".repeat(40);
        let table = [
            ("", 1, "the file is empty"),
            ("# nothing\n", 2, "the file is empty"),
            ("a: 1\na: 2\n", 2, "`a` stands here twice, first on line 1"),
            ("a: &x [1]\nb: *x\n", 1, "anchors are not part of the program language"),
            ("a: !!str 1\n", 1, "tags are not part of the program language"),
            ("a: 1\n---\nb: 2\n", 2, "a second document begins here"),
            ("a: [1, 2\nb: 3\n", 2, "not YAML"),
            (deep.as_str(), 1, "nested deeper than 32 levels"),
        ];
        for (text, line, message) in table {
            let error = parse(text).unwrap_err();
            assert!(error.message.starts_with(message), "{text:?}: {error:?}");
            assert_eq!(error.at.line, line, "{text:?}: {error:?}");
        }
    }
}

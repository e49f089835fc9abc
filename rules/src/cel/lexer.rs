//! From text to tokens, each with its place.

use compact_str::CompactString;

use super::error::{CelError, Span};
use super::literal;
use super::value::Value;

/// A word, literal or sign.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum TokenKind {
    Literal(Value<'static>),
    /// A number that has a meaning only behind a minus: 9223372036854775808.
    LeastInt,
    Name(CompactString),
    Sign(&'static str),
    End,
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 22] =
    ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]"];

/// What people write by habit, and what it is here.
const STRANGERS: [(&str, &str); 11] = [
    ("<>", "write `!=` for `is not`"),
    ("=", "write `==` to compare"),
    ("&", "write `&&` for `and`"),
    ("|", "write `||` for `or`"),
    ("\u{201c}", "use straight quotes: \"…\""),
    ("\u{201d}", "use straight quotes: \"…\""),
    ("\u{201e}", "use straight quotes: \"…\""),
    ("\u{2018}", "use straight quotes: '…'"),
    ("\u{2019}", "use straight quotes: '…'"),
    ("{", "tables in braces are no part of this language"),
    ("}", "tables in braces are no part of this language"),
];

/// The rest of a text and where it begins.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    pub(crate) place: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, place: 0 }
    }

    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.place..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.place = self.place.saturating_add(next.len_utf8());
        Some(next)
    }

    /// Goes past a text that stands here.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let here = self.rest().starts_with(text);
        if here {
            self.place = self.place.saturating_add(text.len());
        }
        here
    }

    /// Goes past all characters of a kind.
    pub(crate) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let from = self.place;
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
        self.text.get(from..self.place).unwrap_or_default()
    }

    pub(crate) fn since(&self, from: usize) -> Span {
        Span::between(from, self.place)
    }
}

/// All tokens of a text, an [`TokenKind::End`] last.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, CelError> {
    let mut cursor = Cursor::new(text);
    let mut tokens = Vec::new();
    loop {
        skip_blanks(&mut cursor);
        let from = cursor.place;
        let kind = token(&mut cursor)?;
        let last = kind == TokenKind::End;
        tokens.push(Token { kind, span: cursor.since(from) });
        if last {
            return Ok(tokens);
        }
    }
}

fn skip_blanks(cursor: &mut Cursor<'_>) {
    loop {
        cursor.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
        if !cursor.take("//") {
            return;
        }
        cursor.take_while(|c| c != '\n');
    }
}

fn token(cursor: &mut Cursor<'_>) -> Result<TokenKind, CelError> {
    let from = cursor.place;
    let Some(first) = cursor.peek() else { return Ok(TokenKind::End) };
    let fraction = first == '.' && cursor.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    if first.is_ascii_digit() || fraction {
        return literal::number(cursor);
    }
    if let Some(text) = literal::text(cursor)? {
        return Ok(TokenKind::Literal(Value::owned(text)));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        return word_token(word, cursor.since(from));
    }
    if let Some(sign) = SIGNS.into_iter().find(|sign| cursor.take(sign)) {
        // `<>` begins with a sign, but is none.
        if sign != "<" || !cursor.take(">") {
            return Ok(TokenKind::Sign(sign));
        }
        return Err(CelError::new(cursor.since(from), "`<>` is not known here").with_help("write `!=` for `is not`"));
    }
    if let Some((stranger, help)) = STRANGERS.into_iter().find(|(stranger, _)| cursor.take(stranger)) {
        return Err(CelError::new(cursor.since(from), format!("`{stranger}` is not known here")).with_help(help));
    }
    cursor.next();
    let shown = first.escape_debug();
    let error = CelError::new(cursor.since(from), format!("`{shown}` is not known here"));
    Err(if first.is_alphabetic() { error.with_help("names have the letters a to z only; texts stand in quotes") } else { error })
}

fn word_token(word: &str, span: Span) -> Result<TokenKind, CelError> {
    let wrong = |message: String, help: &str| Err(CelError::new(span, message).with_help(help));
    match word {
        "true" => Ok(TokenKind::Literal(Value::Bool(true))),
        "false" => Ok(TokenKind::Literal(Value::Bool(false))),
        "in" => Ok(TokenKind::Sign("in")),
        "null" => wrong("`null` is no part of this language".into(), "ask with `has(…)` whether something is there"),
        "and" | "AND" => wrong(format!("`{word}` is not known here"), "write `&&`"),
        "or" | "OR" => wrong(format!("`{word}` is not known here"), "write `||`"),
        "not" | "NOT" => wrong(format!("`{word}` is not known here"), "write `!` before what must not be so"),
        "if" | "else" => wrong(format!("`{word}` is a reserved word"), "write `condition ? this : that`"),
        "as" | "break" | "const" | "continue" | "for" | "function" | "import" | "let" | "loop" | "package" | "namespace"
        | "return" | "var" | "void" | "while" => wrong(format!("`{word}` is a reserved word"), "choose another name"),
        _ => Ok(TokenKind::Name(CompactString::from(word))),
    }
}

//! Mistakes in program files: file, line, column, the text under a caret, and what to write instead.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The revision cannot be compiled.
    Error,
    /// It can, but it may not be what was meant.
    Warning,
}

/// One mistake at one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The source's name.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// How many characters the caret underlines, at least 1.
    pub length: u32,
    /// The line of the file.
    pub snippet: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// Everything that is wrong with a set of program files, in the order of files and lines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, diagnostic) in self.0.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        // A tab would set the caret at another place than the text above it.
        let snippet = self.snippet.replace('\t', " ");
        let indent = " ".repeat(usize::try_from(self.column.saturating_sub(1)).unwrap_or(0));
        let carets = "^".repeat(usize::try_from(self.length.max(1)).unwrap_or(1));
        writeln!(f, "{severity}: {}", self.message)?;
        writeln!(f, "{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", snippet.trim_end())?;
        writeln!(f, "{gutter} | {indent}{carets}")?;
        if let Some(help) = &self.help {
            writeln!(f, "{gutter} = help: {help}")?;
        }
        Ok(())
    }
}

/// The known word that is meant by a mistyped one: at most a third of its letters differ.
#[must_use]
pub fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let limit = word.chars().count().div_euclid(3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(steps, _)| *steps <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove, replace or swap with their neighbour to make one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(64).collect();
    let to: Vec<char> = to.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, b) in to.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, j).saturating_add(usize::from(a != b));
            let removed = at(&above, j.saturating_add(1)).saturating_add(1);
            let inserted = at(&row, j).saturating_add(1);
            let swapped = match (i.checked_sub(1), j.checked_sub(1)) {
                (Some(i), Some(j)) if from.get(i) == Some(b) && to.get(j) == Some(a) => at(&before, j).saturating_add(1),
                _ => usize::MAX,
            };
            row.push(replaced.min(removed).min(inserted).min(swapped));
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_stranger_is_not() {
        let known = ["percent_off", "amount_off", "points", "priority"];
        let table =
            [("precent_off", Some("percent_off")), ("point", Some("points")), ("prioritty", Some("priority")), ("colour", None)];
        for (word, expected) in table {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn the_caret_stands_under_the_text() {
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            file: "a.yaml".into(),
            line: 12,
            column: 5,
            length: 4,
            snippet: "    zone: x".into(),
            message: "unknown key `zone`".into(),
            help: Some("did you mean `zones`?".into()),
        };
        let expected = "error: unknown key `zone`\n  --> a.yaml:12:5\n   |\n12 |     zone: x\n   |     ^^^^\n   = help: did you mean `zones`?\n";
        assert_eq!(diagnostic.to_string(), expected);
    }
}

//! Mistakes in case files, collected until all are found.

use tessera_rules::diagnostic::{Diagnostic, Diagnostics, Severity};
use tessera_rules::limits::DIAGNOSTICS_MAX;
use tessera_rules::tree::Span;

/// The mistakes of one file.
#[derive(Debug)]
pub(crate) struct Marks<'t> {
    file: &'t str,
    lines: Vec<&'t str>,
    found: Vec<Diagnostic>,
}

impl<'t> Marks<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, lines: text.lines().collect(), found: Vec::new() }
    }

    /// Notes a mistake; those beyond what anybody reads are dropped.
    pub(crate) fn error(&mut self, at: Span, message: impl Into<String>, help: Option<String>) {
        if self.is_full() {
            return;
        }
        let place = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        self.found.push(Diagnostic {
            severity: Severity::Error,
            file: self.file.to_owned(),
            line: at.line,
            column: at.column,
            length: at.length,
            snippet: self.lines.get(place).copied().unwrap_or_default().to_owned(),
            message: message.into(),
            help,
        });
    }

    /// Whether no more is kept: then nothing need be worked out for another.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= DIAGNOSTICS_MAX
    }

    /// Takes over what was found elsewhere, each mistake once.
    pub(crate) fn append(&mut self, other: Diagnostics) {
        for diagnostic in other.0 {
            if self.found.len() < DIAGNOSTICS_MAX && !self.found.contains(&diagnostic) {
                self.found.push(diagnostic);
            }
        }
    }

    /// What was found, in the order of places within this file, mistakes of other files last.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Diagnostics> {
        if self.found.is_empty() {
            return Ok(value);
        }
        let file = self.file;
        self.found.sort_by_key(|diagnostic| (diagnostic.file != file, diagnostic.line, diagnostic.column));
        Err(Diagnostics(self.found))
    }
}

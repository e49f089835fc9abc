//! From trees to checked programs: every mistake of every file is found before anything is given up.

mod asset;
mod audience;
mod campaign;
mod mechanic;
mod program;
mod read;
mod selector;
mod validity;

use std::collections::BTreeMap;

use crate::asset::Asset;
use crate::campaign::Campaign;
use crate::diagnostic::{Diagnostic, Severity};
use crate::limits::{DIAGNOSTICS_MAX, PROGRAM_BYTES_MAX, REVISION_CAMPAIGNS_MAX, STACKING_GROUPS_MAX};
use crate::program::{FactRule, Program};
use crate::revision::Source;
use crate::tree::{self, Span};

/// What the files of a revision define, checked and with every reference resolved.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) programs: Vec<Program>,
    pub(crate) assets: Vec<Asset>,
    pub(crate) facts: Vec<FactRule>,
    pub(crate) campaigns: Vec<Campaign>,
}

/// Where each id was defined, over all files.
#[derive(Debug, Default)]
struct Defined(BTreeMap<(&'static str, String), (String, u32)>);

/// Checks all files; what it returns is whole only where no diagnostic is an error.
pub(crate) fn check(sources: &[Source]) -> (Checked, Vec<Diagnostic>) {
    let mut checked = Checked::default();
    let mut defined = Defined::default();
    let mut diagnostics = Vec::new();
    for source in sources {
        let mut checker =
            Checker { file: &source.name, lines: source.text.lines().collect(), defined: &mut defined, found: Vec::new() };
        checker.source(&source.text, &mut checked);
        diagnostics.append(&mut checker.found);
    }
    diagnostics.extend(sources.first().and_then(|source| too_much(&checked, source)));
    diagnostics.truncate(DIAGNOSTICS_MAX);
    (checked, diagnostics)
}

/// Limits that no single file breaks.
fn too_much(checked: &Checked, first: &Source) -> Option<Diagnostic> {
    let mut groups: Vec<&str> = checked.campaigns.iter().map(|campaign| campaign.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let message = if checked.campaigns.len() > REVISION_CAMPAIGNS_MAX {
        format!("all files together have {} campaigns, at most {REVISION_CAMPAIGNS_MAX} are possible", checked.campaigns.len())
    } else if groups.len() > STACKING_GROUPS_MAX {
        format!("all files together have {} stacking groups, at most {STACKING_GROUPS_MAX} are possible", groups.len())
    } else {
        return None;
    };
    let snippet = first.text.lines().next().unwrap_or_default().to_owned();
    Some(Diagnostic {
        severity: Severity::Error,
        file: first.name.clone(),
        line: 1,
        column: 1,
        length: 1,
        snippet,
        message,
        help: None,
    })
}

/// One file being checked.
pub(crate) struct Checker<'s> {
    file: &'s str,
    lines: Vec<&'s str>,
    defined: &'s mut Defined,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn source(&mut self, text: &str, checked: &mut Checked) {
        let start = Span { line: 1, column: 1, length: 1 };
        if text.len() > PROGRAM_BYTES_MAX {
            self.error(start, format!("the file has {} bytes, at most {PROGRAM_BYTES_MAX} are possible", text.len()));
            return;
        }
        match tree::parse(text) {
            Ok(root) => self.program(&root, checked),
            Err(error) => self.say(Severity::Error, error.at, error.message, error.help.map(str::to_owned)),
        }
    }

    fn say(&mut self, severity: Severity, at: Span, message: String, help: Option<String>) {
        let place = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let snippet = self.lines.get(place).copied().unwrap_or_default().to_owned();
        let file = self.file.to_owned();
        self.found.push(Diagnostic {
            severity,
            file,
            line: at.line,
            column: at.column,
            length: at.length,
            snippet,
            message,
            help,
        });
    }

    fn error(&mut self, at: Span, message: impl Into<String>) {
        self.say(Severity::Error, at, message.into(), None);
    }

    fn error_with_help(&mut self, at: Span, message: impl Into<String>, help: impl Into<String>) {
        self.say(Severity::Error, at, message.into(), Some(help.into()));
    }

    fn warn(&mut self, at: Span, message: impl Into<String>, help: impl Into<String>) {
        self.say(Severity::Warning, at, message.into(), Some(help.into()));
    }

    /// Takes an id as defined here; it may be defined once.
    fn define(&mut self, what: &'static str, id: &str, at: Span) {
        let key = (what, id.to_owned());
        if let Some((file, line)) = self.defined.0.get(&key) {
            let place = if file == self.file { format!("on line {line}") } else { format!("in {file} on line {line}") };
            self.error_with_help(
                at,
                format!("the {what} `{id}` is defined already, {place}"),
                format!("give each {what} an id of its own"),
            );
            return;
        }
        self.defined.0.insert(key, (self.file.to_owned(), at.line));
    }
}

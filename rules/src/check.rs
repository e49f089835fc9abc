//! From trees to checked programs: every mistake of every file is found before anything is given up.

mod asset;
mod audience;
mod brakes;
mod campaign;
mod cashier;
mod common_limits;
mod conditions;
mod conventions;
mod counting;
mod free;
pub(crate) mod keys;
mod ladder;
mod limits;
mod mechanic;
pub(crate) mod occasion;
mod overlap;
mod program;
mod read;
mod rewards;
mod selector;
mod sets;
mod texts;
mod validity;
mod whole;
mod worth;

use std::collections::BTreeMap;

use crate::asset::Asset;
use crate::campaign::Campaign;
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::id::CampaignId;
use crate::limits::{DIAGNOSTICS_MAX, PROGRAM_BYTES_MAX, REVISION_CAMPAIGNS_MAX, STACKING_GROUPS_MAX};
use crate::mechanic::Mechanic;
use crate::program::{FactRule, Program};
use crate::revision::Source;
use crate::tree::{self, Kind, Node, Span};

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

/// What a campaign names that may stand further down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Later {
    /// A campaign that a coupon opens.
    Coupon,
    /// A campaign that counts.
    Counter,
}

/// Where a campaign stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// Its id.
    id: Span,
}

impl Site {
    fn of(node: &Node) -> Self {
        let id = match &node.kind {
            Kind::Map(fields) => fields.iter().find(|field| field.key == "id").map(|field| field.value.at),
            Kind::List(_) | Kind::Scalar { .. } => None,
        };
        Self { id: id.unwrap_or(node.at) }
    }
}

/// Checks all files; what it returns is whole only where no diagnostic is an error.
pub(crate) fn check(sources: &[Source]) -> (Checked, Vec<Diagnostic>) {
    let mut checked = Checked::default();
    let mut defined = Defined::default();
    let mut diagnostics = Vec::new();
    for source in sources {
        let mut checker = Checker {
            file: &source.name,
            lines: source.text.lines().collect(),
            defined: &mut defined,
            later: Vec::new(),
            errors: 0,
            found: Vec::new(),
        };
        checker.source(&source.text, &mut checked);
        diagnostics.append(&mut checker.found);
    }
    diagnostics.extend(sources.first().and_then(|source| too_much(&checked, source)));
    // Where there are too many to read, errors are what must be read.
    if diagnostics.len() > DIAGNOSTICS_MAX {
        diagnostics.sort_by_key(|diagnostic| diagnostic.severity);
        diagnostics.truncate(DIAGNOSTICS_MAX);
    }
    (checked, diagnostics)
}

/// Limits that no single file breaks.
fn too_much(checked: &Checked, first: &Source) -> Option<Diagnostic> {
    let mut groups: Vec<&str> = checked.campaigns.iter().map(|campaign| campaign.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let orders = checked.programs.iter().map(|program| program.conventions.order);
    let message = if orders.clone().any(|order| checked.programs.first().is_some_and(|first| first.conventions.order != order)) {
        String::from("all programs of a revision must agree on `order` under `conventions`")
    } else if checked.campaigns.len() > REVISION_CAMPAIGNS_MAX {
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
    /// Campaigns named before they were all known.
    later: Vec<(Later, CampaignId, Span)>,
    /// How many of those found are errors.
    errors: usize,
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
        self.errors = self.errors.saturating_add(usize::from(severity == Severity::Error));
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

    /// Campaigns that others name must exist and be of the right kind.
    fn resolve_later(&mut self, campaigns: &[Campaign]) {
        let mut later = std::mem::take(&mut self.later);
        if later.is_empty() {
            return;
        }
        let mut known: Vec<&Campaign> = campaigns.iter().collect();
        known.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        later.sort_by_key(|(_, _, at)| (at.line, at.column));
        for (kind, id, at) in later {
            let found = known.binary_search_by(|campaign| campaign.id.cmp(&id)).ok().and_then(|place| known.get(place));
            let right = found.is_some_and(|campaign| match kind {
                Later::Coupon => campaign.coupon_only,
                Later::Counter => matches!(campaign.mechanic, Mechanic::Count { .. }),
            });
            if right {
                continue;
            }
            let (message, help) = match (found, kind) {
                (None, _) => {
                    let near = nearest(id.as_str(), known.iter().map(|campaign| campaign.id.as_str()));
                    let help =
                        near.map_or_else(|| "name a campaign of this file".to_owned(), |near| format!("did you mean `{near}`?"));
                    (format!("there is no campaign `{id}`"), help)
                }
                (Some(_), Later::Coupon) => {
                    (format!("the campaign `{id}` can be had without a coupon"), "add `coupon_only: true` to it".to_owned())
                }
                (Some(_), Later::Counter) => {
                    (format!("the campaign `{id}` counts nothing"), "name a campaign with `count`".to_owned())
                }
            };
            self.error_with_help(at, message, help);
        }
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

#[cfg(test)]
mod tests;

//! Free conditions in CEL: what they may speak of in this file, and where in it their mistakes stand.

use std::cell::OnceCell;

use super::Checker;
use super::program::Scope;
use crate::cel::{
    self, AccountField, CelError, CustomerField, Environment, ReceiptField, Span as Part, StoreField, Subject, Variable,
};
use crate::condition::FreeCondition;
use crate::program::AnswerForm;
use crate::tree::{Kind, Node, Span};

/// What conditions may speak of, put together when the first of a kind is met.
#[derive(Debug, Default)]
pub(super) struct Environments {
    line: OnceCell<Environment>,
    receipt: OnceCell<Environment>,
    product: OnceCell<Environment>,
    customer: OnceCell<Environment>,
    /// Ids of the file's campaigns, and of those that count.
    pub(super) campaigns: Vec<String>,
    pub(super) counters: Vec<String>,
}

impl Environments {
    /// Campaigns may be named before they stand, so their ids are gathered first.
    pub(super) fn before(campaigns: Option<&Node>) -> Self {
        let mut own = Self::default();
        let Some(Kind::List(nodes)) = campaigns.map(|node| &node.kind) else { return own };
        for node in nodes {
            let Kind::Map(fields) = &node.kind else { continue };
            let id = fields.iter().find(|field| field.key == "id").map(|field| &field.value.kind);
            let Some(Kind::Scalar { text, .. }) = id else { continue };
            own.campaigns.push(text.clone());
            if fields.iter().any(|field| field.key == "count") {
                own.counters.push(text.clone());
            }
        }
        own
    }
}

impl Scope {
    /// What a condition of this file may speak of. Called first when all that it can name is defined.
    fn environment(&self, subject: Subject) -> &Environment {
        let known = match subject {
            Subject::Line => &self.environments.line,
            Subject::Receipt => &self.environments.receipt,
            Subject::Product => &self.environments.product,
            Subject::Customer => &self.environments.customer,
        };
        known.get_or_init(|| {
            let mut environment = Environment::of_program(subject);
            let program = &self.program;
            let mut know = |variable: Variable, names: &mut dyn Iterator<Item = &str>| environment.know(variable.slot(), names);
            know(Variable::Account(AccountField::Balance), &mut self.assets.iter().map(|asset| asset.id.as_str()));
            know(Variable::Customer(CustomerField::Tier), &mut program.tiers.iter().map(|tier| tier.id.as_str()));
            // A segment may not ask for segments, whichever are defined so far.
            if subject != Subject::Customer {
                know(Variable::Customer(CustomerField::Segments), &mut program.segments.iter().map(|one| one.id.as_str()));
            }
            know(Variable::Store(StoreField::Zones), &mut program.zones.iter().map(|zone| zone.id.as_str()));
            know(Variable::Receipt(ReceiptField::Currency), &mut std::iter::once(program.currency.code()));
            for field in [CustomerField::Fact, CustomerField::Confirmed] {
                know(Variable::Customer(field), &mut self.facts.iter().map(|fact| fact.id.as_str()));
            }
            let numbers = self.facts.iter().filter(|fact| matches!(fact.form, AnswerForm::Number { .. }));
            know(Variable::Customer(CustomerField::Number), &mut numbers.map(|fact| fact.id.as_str()));
            let asked = self.facts.iter().filter(|fact| fact.form == AnswerForm::YesNo);
            know(Variable::Customer(CustomerField::Yes), &mut asked.map(|fact| fact.id.as_str()));
            let environments = &self.environments;
            know(Variable::Account(AccountField::Counter), &mut environments.counters.iter().map(String::as_str));
            for field in [AccountField::Uses, AccountField::UsesToday] {
                know(Variable::Account(field), &mut environments.campaigns.iter().map(String::as_str));
            }
            environment
        })
    }
}

impl Checker<'_> {
    /// A condition in CEL.
    pub(super) fn free_condition(&mut self, node: &Node, subject: Subject, scope: &Scope) -> Option<Box<FreeCondition>> {
        let text = self.word(node)?;
        match cel::condition(text, scope.environment(subject)) {
            Ok(expression) => {
                let condition = FreeCondition::new(expression);
                if subject == Subject::Customer && condition.reads_segments {
                    let at = text.find("segments").unwrap_or(0);
                    let span = Part::between(at, at.saturating_add("segments".len()));
                    let error = CelError::new(span, "a segment's condition cannot ask for segments");
                    self.in_condition(node, text, error.with_help("write out what the other segment asks for"));
                    return None;
                }
                Some(Box::new(condition))
            }
            Err(errors) => {
                for error in errors {
                    self.in_condition(node, text, error);
                }
                None
            }
        }
    }

    fn in_condition(&mut self, node: &Node, text: &str, error: CelError) {
        let at = place_in(&self.lines, node, text, error.span);
        match error.help {
            Some(help) => self.error_with_help(at, error.message, help),
            None => self.error(at, error.message),
        }
    }
}

/// Where a part of a text stands in the file.
///
/// YAML folds and unfolds blanks only, so the characters that are none stand in the file in the same order and number
/// as in the text, escapes counted as what they stand for.
fn place_in(lines: &[&str], node: &Node, text: &str, part: Part) -> Span {
    let solid = |text: &str| text.chars().filter(|character| !character.is_whitespace()).count();
    let from = usize::from(part.offset);
    let before = solid(text.get(..from).unwrap_or(text));
    let within = solid(part.of(text));
    let marks = Marks::of(lines, node);
    let (Some(first), last) =
        (marks.clone().nth(before), marks.clone().nth(before.saturating_add(within.max(1)).saturating_sub(1)))
    else {
        // At the end of the text: behind its last character.
        let last = marks.last().unwrap_or(node.at);
        return Span { column: last.column.saturating_add(last.length), length: 1, ..last };
    };
    let last = last.filter(|last| last.line == first.line);
    let rest = || number(lines.get(place(first.line)).map_or(1, |line| line.trim_end().chars().count()));
    let end = last.map_or_else(|| rest().saturating_add(1), |last| last.column.saturating_add(last.length));
    Span { length: end.saturating_sub(first.column).max(1), ..first }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn place(line: u32) -> usize {
    usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX)
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Style {
    Plain,
    Single,
    Double,
}

/// The characters of a scalar that are no blanks, where they stand in the file.
#[derive(Clone, Debug)]
struct Marks<'l> {
    lines: &'l [&'l str],
    style: Style,
    /// The next character.
    line: u32,
    column: u32,
    rest: std::str::Chars<'l>,
}

impl<'l> Marks<'l> {
    fn of(lines: &'l [&'l str], node: &Node) -> Self {
        let mut own = Self { lines, style: Style::Plain, line: node.at.line, column: 1, rest: "".chars() };
        own.open(node.at.line);
        for _ in 1..node.at.column {
            own.step();
        }
        let plain = matches!(node.kind, Kind::Scalar { plain: true, .. });
        match own.rest.clone().next() {
            Some('\'') if !plain => own.style = Style::Single,
            Some('"') if !plain => own.style = Style::Double,
            // A block begins on the next line.
            Some('|' | '>') if !plain => own.open(node.at.line.saturating_add(1)),
            Some(_) | None => {}
        }
        if own.style != Style::Plain {
            own.step();
        }
        own
    }

    fn open(&mut self, line: u32) {
        self.line = line;
        self.column = 1;
        self.rest = self.lines.get(place(line)).copied().unwrap_or_default().chars();
    }

    fn step(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        self.column = self.column.saturating_add(1);
        Some(character)
    }

    /// What an escape stands for, as far as it matters whether that is a blank.
    fn escaped(&mut self) -> Option<char> {
        let digits = match self.step() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            Some('n' | 't' | 'r' | 'v' | 'f' | 'N' | '_' | 'L' | 'P' | ' ') | None => return None,
            Some(other) => return Some(other),
        };
        let code =
            (0..digits).filter_map(|_| self.step()).try_fold(0_u32, |code, digit| Some(code << 4 | digit.to_digit(16)?))?;
        char::from_u32(code).filter(|character| !character.is_whitespace())
    }
}

impl Iterator for Marks<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        loop {
            let (line, column) = (self.line, self.column);
            let is_mark = match (self.step(), self.style) {
                (None, _) => {
                    self.lines.get(place(line.saturating_add(1)))?;
                    self.open(line.saturating_add(1));
                    false
                }
                (Some('\\'), Style::Double) => self.escaped().is_some(),
                (Some('"'), Style::Double) => return None,
                (Some('\''), Style::Single) => match self.rest.clone().next() {
                    Some('\'') => self.step().is_some(),
                    Some(_) | None => return None,
                },
                (Some(character), Style::Plain | Style::Single | Style::Double) => !character.is_whitespace(),
            };
            if is_mark {
                return Some(Span { line, column, length: self.column.saturating_sub(column) });
            }
        }
    }
}

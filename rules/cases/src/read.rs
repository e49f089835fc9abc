//! From the text of a file to its cases: every mistake of shape at once, each with its place.

use tessera_rules::catalogue::Product;
use tessera_rules::decision::Decision;
use tessera_rules::diagnostic::Diagnostics;
use tessera_rules::limits::PROGRAM_BYTES_MAX;
use tessera_rules::revision::Source;
use tessera_rules::tree::{self, Field, Kind, Node, Span};

use crate::format::{FILE, PRODUCT_FILE};
use crate::item::{Item, Value};
use crate::marks::Marks;
use crate::prepare::products;
use crate::report::Report;
use crate::run;
use crate::shape::{Shape, Shaper};

/// Cases in one file: more would be better off in several.
const CASES_MAX: usize = 1_000;
/// Where a mistake stands that belongs to no line.
const START: Span = Span { line: 1, column: 1, length: 1 };

/// Reads the files that cases name. Paths are as written: relative to the folder of the case file.
pub trait Files {
    /// The program files below a path.
    ///
    /// # Errors
    /// What is wrong, for people.
    fn programs(&mut self, path: &str) -> Result<Vec<Source>, String>;

    /// The products of a file.
    ///
    /// # Errors
    /// What is wrong, for people.
    fn products(&mut self, path: &str) -> Result<Vec<Product>, String>;
}

/// A file of cases whose shape is right. What its numbers count is known once its program is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseFile {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) root: Item,
}

impl CaseFile {
    /// How many cases it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.root.items("cases").len()
    }

    /// Runs every case, by `program` where it is given, whatever programs the cases name.
    ///
    /// # Errors
    /// All mistakes in the programs, catalogues, accounts and receipts of the file; no case is run then.
    pub fn run(&self, files: &mut dyn Files, program: Option<&[Source]>) -> Result<Vec<Report>, Diagnostics> {
        Ok(run::all(self, files, program)?.into_iter().map(|(report, _)| report).collect())
    }

    /// What is decided on the receipts of every case, one after another, by the programs that the cases name.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn decisions(&self, files: &mut dyn Files) -> Result<Vec<Vec<Decision>>, Diagnostics> {
        Ok(run::all(self, files, None)?.into_iter().map(|(_, decisions)| decisions).collect())
    }
}

/// Reads cases; the text may be anything.
///
/// # Errors
/// Every mistake with line, column, the text under a caret, and what to write instead.
pub fn read(text: &str) -> Result<Option<CaseFile>, Diagnostics> {
    read_file("case.yaml", text)
}

/// Reads the cases of a file that is called so. None: it is a program or a product file, which cases may name.
///
/// # Errors
/// As [`read`].
pub fn read_file(name: &str, text: &str) -> Result<Option<CaseFile>, Diagnostics> {
    let mut marks = Marks::new(name, text);
    let Some(root) = parse(text, &mut marks) else { return marks.finish(None) };
    if !has_key(&root, "cases") && (has_key(&root, "language") || has_key(&root, "products")) {
        return Ok(None);
    }
    let root = Shaper::new(&mut marks).item(&root, &Shape::Map(&FILE), u32::MAX);
    if let Some(case) = root.items("cases").get(CASES_MAX) {
        marks.error(case.at, format!("a file has at most {CASES_MAX} cases"), Some("write more files".to_owned()));
    }
    marks.finish(Some(CaseFile { name: name.to_owned(), text: text.to_owned(), root }))
}

/// Reads a YAML file of products, as they may stand under `catalogue` too.
///
/// # Errors
/// As [`read`].
pub fn read_products(name: &str, text: &str) -> Result<Vec<Product>, Diagnostics> {
    let mut marks = Marks::new(name, text);
    let Some(root) = parse(text, &mut marks) else { return marks.finish(Vec::new()) };
    let root = Shaper::new(&mut marks).item(&root, &Shape::Map(&PRODUCT_FILE), u32::MAX);
    let found = products(root.items("products"), &mut marks);
    marks.finish(found)
}

fn parse(text: &str, marks: &mut Marks<'_>) -> Option<Node> {
    if text.len() > PROGRAM_BYTES_MAX {
        marks.error(START, format!("the file has {} bytes, at most {PROGRAM_BYTES_MAX} are possible", text.len()), None);
        return None;
    }
    match tree::parse(text) {
        Ok(root) => Some(root),
        Err(error) => {
            marks.error(error.at, error.message, error.help.map(str::to_owned));
            None
        }
    }
}

fn has_key(root: &Node, key: &str) -> bool {
    matches!(&root.kind, Kind::Map(fields) if fields.iter().any(|field: &Field| field.key == key))
}

/// The text of a program that is written out in a case file: the same lines at the same places, all else blank, so
/// that mistakes in it are shown where they stand. None: it has no lines of its own.
pub(crate) fn inline_source(file: &CaseFile, item: &Item) -> Option<Source> {
    let Value::Inline { lines_end } = item.value else { return None };
    let mut text = String::new();
    for (number, line) in (1_u32..).zip(file.text.lines()).take_while(|(number, _)| *number < lines_end) {
        if number == item.at.line {
            let column = usize::try_from(item.at.column.saturating_sub(1)).unwrap_or(usize::MAX);
            text.extend(line.chars().enumerate().map(|(place, character)| if place < column { ' ' } else { character }));
        } else if item.at.line < number {
            text.push_str(line);
        }
        text.push('\n');
    }
    (item.at.line < lines_end).then(|| Source { name: file.name.clone(), text })
}

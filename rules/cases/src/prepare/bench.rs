//! What cases are run with: a compiled revision, a catalogue, a currency. Cases that say the same share one.

use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tessera_rules::catalogue::{Catalogue, CatalogueError, Product};
use tessera_rules::diagnostic::Diagnostics;
use tessera_rules::money::Currency;
use tessera_rules::revision::{Revision, Source};
use tessera_rules::tree::Span;

use super::products;
use crate::item::{Item, Value};
use crate::marks::Marks;
use crate::read::{CaseFile, Files, inline_source};

/// The number of the one revision and catalogue of a case.
const NUMBER: u64 = 1;

/// What a case is run with.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) revision: Rc<Revision>,
    pub(crate) catalogue: Rc<Catalogue>,
    /// Of the amounts of the case.
    pub(crate) currency: Currency,
    /// Of its times: the program's.
    pub(crate) zone: TimeZone,
}

/// The benches of one file.
pub(crate) struct Benches<'f> {
    file: &'f CaseFile,
    files: &'f mut dyn Files,
    program: Option<&'f [Source]>,
    revisions: Vec<(Option<Span>, Option<Rc<Revision>>)>,
    catalogues: Vec<(Option<Span>, Option<Rc<Catalogue>>)>,
}

impl<'f> Benches<'f> {
    pub(crate) fn new(file: &'f CaseFile, files: &'f mut dyn Files, program: Option<&'f [Source]>) -> Self {
        Self { file, files, program, revisions: Vec::new(), catalogues: Vec::new() }
    }

    /// The bench of a case; none where it has mistakes.
    pub(crate) fn of(&mut self, case: &Item, marks: &mut Marks<'_>) -> Option<Bench> {
        let own = |key: &str| case.get(key).or_else(|| self.file.root.get(key));
        let (program, catalogue, code) = (own("program"), own("catalogue"), own("currency"));
        let revision = self.revision(case, program, marks);
        let catalogue = self.catalogue(catalogue, marks);
        let (revision, catalogue) = (revision?, catalogue?);
        let first = revision.programs().first();
        let currency = match code {
            Some(item) => currency(item, marks)?,
            None => first.map(|program| program.currency)?,
        };
        let zone = first.map_or(TimeZone::UTC, |program| program.time_zone.clone());
        Some(Bench { revision, catalogue, currency, zone })
    }

    fn revision(&mut self, case: &Item, program: Option<&Item>, marks: &mut Marks<'_>) -> Option<Rc<Revision>> {
        // A program that is given from outside is one for all.
        let place = program.filter(|_| self.program.is_none()).map(|item| item.at);
        if let Some((_, known)) = self.revisions.iter().find(|(known, _)| *known == place) {
            return known.clone();
        }
        let compiled = self.sources(case, program, marks).and_then(|sources| match compile(&sources) {
            Ok(revision) => Some(Rc::new(revision)),
            Err(mistakes) => {
                marks.append(mistakes);
                None
            }
        });
        self.revisions.push((place, compiled.clone()));
        compiled
    }

    fn sources(&mut self, case: &Item, program: Option<&Item>, marks: &mut Marks<'_>) -> Option<Vec<Source>> {
        if let Some(program) = self.program {
            return Some(program.to_vec());
        }
        let Some(item) = program else {
            let help = "write `program:` with the path of a program file, or the program itself, or name one to the command";
            marks.error(case.at, "no program is named for this case", Some(help.to_owned()));
            return None;
        };
        if let Value::Inline { .. } = item.value {
            let source = inline_source(self.file, item);
            if source.is_none() {
                let help = "write it as an indented block that ends before the next key".to_owned();
                marks.error(item.at, "the program has no lines of its own", Some(help));
            }
            return source.map(|source| vec![source]);
        }
        let mut sources = Vec::new();
        for path in item.list() {
            match self.files.programs(path.text()?) {
                Ok(found) => sources.extend(found),
                Err(message) => marks.error(path.at, message, None),
            }
        }
        Some(sources).filter(|sources| !sources.is_empty())
    }

    fn catalogue(&mut self, item: Option<&Item>, marks: &mut Marks<'_>) -> Option<Rc<Catalogue>> {
        let place = item.map(|item| item.at);
        if let Some((_, known)) = self.catalogues.iter().find(|(known, _)| *known == place) {
            return known.clone();
        }
        let built = match item {
            None => Some(Catalogue::empty(NUMBER)),
            Some(item) => self.products_of(item, marks).and_then(|products| build(item, products, marks)),
        };
        let built = built.map(Rc::new);
        self.catalogues.push((place, built.clone()));
        built
    }

    fn products_of(&mut self, item: &Item, marks: &mut Marks<'_>) -> Option<Vec<Product>> {
        let Some(path) = item.text() else {
            let found = products(item.list(), marks);
            return Some(found).filter(|found| found.len() == item.list().len());
        };
        match self.files.products(path) {
            Ok(found) => Some(found),
            Err(message) => {
                marks.error(item.at, message, None);
                None
            }
        }
    }
}

fn compile(sources: &[Source]) -> Result<Revision, Diagnostics> {
    Revision::compile(NUMBER, Timestamp::UNIX_EPOCH, sources).map(|compiled| compiled.revision)
}

fn build(item: &Item, products: Vec<Product>, marks: &mut Marks<'_>) -> Option<Catalogue> {
    match Catalogue::new(NUMBER, products) {
        Ok(catalogue) => Some(catalogue),
        Err(CatalogueError::Faults(faults)) => {
            for fault in faults {
                let at = item.list().get(fault.place).map_or(item.at, |product| product.at);
                marks.error(at, format!("product `{}`: {}", fault.sku, fault.message), None);
            }
            None
        }
        Err(error @ CatalogueError::TooMany { .. }) => {
            marks.error(item.at, error.to_string(), None);
            None
        }
    }
}

fn currency(item: &Item, marks: &mut Marks<'_>) -> Option<Currency> {
    let found = Currency::from_code(item.text()?);
    if found.is_none() {
        marks.error(item.at, "this is no currency in use", Some("write its three letters, such as `EUR`".to_owned()));
    }
    found
}

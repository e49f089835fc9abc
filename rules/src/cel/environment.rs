//! What an expression may speak of: variables and records of fields, each with its kind and what it means.

use compact_str::CompactString;

use super::kind::{Kind, RecordId};

pub(crate) mod tessera;

/// Which variable or field a scope is asked for; the environment's author gives the numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub u16);

/// A variable, or a field of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declared {
    /// As it is written in an expression.
    pub name: CompactString,
    /// What it holds.
    pub kind: Kind,
    /// It may not be there; `has(…)` asks.
    pub optional: bool,
    /// What the scope is asked for.
    pub slot: Slot,
    /// What it means, for people.
    pub text: CompactString,
    /// The only names of a table, or the only values of a text, where they are known: others are mistakes.
    pub known: Option<Vec<CompactString>>,
}

impl Declared {
    /// One that is always there.
    #[must_use]
    pub fn new(name: &str, kind: Kind, slot: Slot, text: &str) -> Self {
        Self { name: name.into(), kind, optional: false, slot, text: text.into(), known: None }
    }

    /// The same, but it may not be there.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// The same with the only names or values that it can have.
    #[must_use]
    pub fn known<'k>(self, known: impl IntoIterator<Item = &'k str>) -> Self {
        Self { known: Some(known.into_iter().map(CompactString::from).collect()), ..self }
    }
}

/// A kind of record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// What one of it is called: `line`.
    pub name: CompactString,
    /// Its fields.
    pub fields: Vec<Declared>,
}

/// Everything that an expression may speak of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    variables: Vec<Declared>,
    records: Vec<Record>,
    /// Names that other environments have, and what to do here.
    elsewhere: Vec<(CompactString, CompactString)>,
}

impl Environment {
    /// One without variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind of record. There may be 65,535 of them.
    pub fn record(&mut self, name: &str, fields: Vec<Declared>) -> RecordId {
        let id = RecordId(u16::try_from(self.records.len()).unwrap_or(u16::MAX));
        self.records.push(Record { name: name.into(), fields });
        id
    }

    /// Adds a variable.
    pub fn variable(&mut self, variable: Declared) {
        self.variables.push(variable);
    }

    /// Adds a name that stands for nothing here, and what to write instead.
    pub fn elsewhere(&mut self, name: &str, help: &str) {
        self.elsewhere.push((name.into(), help.into()));
    }

    /// Says which names a table, or which values a text or list, can have; everywhere where the slot is declared.
    pub fn know<'k>(&mut self, slot: Slot, known: impl IntoIterator<Item = &'k str>) {
        let known: Vec<CompactString> = known.into_iter().map(CompactString::from).collect();
        let fields = self.records.iter_mut().flat_map(|record| &mut record.fields);
        for declared in self.variables.iter_mut().chain(fields).filter(|declared| declared.slot == slot) {
            declared.known = Some(known.clone());
        }
    }

    /// What a scope is asked for, for a field of a kind of record.
    #[must_use]
    pub fn slot_of(&self, record: &str, field: &str) -> Option<Slot> {
        let record = self.records.iter().find(|known| known.name == record)?;
        record.fields.iter().find(|known| known.name == field).map(|known| known.slot)
    }

    /// Its variables in the order in which they were added.
    #[must_use]
    pub fn variables(&self) -> &[Declared] {
        &self.variables
    }

    /// Its kinds of records in the order in which they were added.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// One of its kinds of records.
    #[must_use]
    pub fn record_of(&self, id: RecordId) -> Option<&Record> {
        self.records.get(usize::from(id.0))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Declared> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    pub(crate) fn find_elsewhere(&self, name: &str) -> Option<&str> {
        self.elsewhere.iter().find(|(known, _)| known == name).map(|(_, help)| help.as_str())
    }
}

//! How the checker speaks: kinds by name, and the nearest word to a mistyped one.

use super::{Checker, Scalar};
use crate::cel::environment::Declared;
use crate::cel::error::Span;
use crate::cel::kind::Kind;
use crate::diagnostic::nearest;

impl Checker<'_> {
    /// A kind with its article; records by their names.
    pub(super) fn words(&self, kind: Scalar) -> String {
        match self.record_name(kind) {
            Some(name) => format!("a {name}"),
            None => kind.words().to_owned(),
        }
    }

    /// Several of a kind.
    pub(super) fn plural(&self, kind: Scalar) -> String {
        match self.record_name(kind) {
            Some(name) => format!("{name}s"),
            None => kind.plural().to_owned(),
        }
    }

    fn record_name(&self, kind: Scalar) -> Option<&str> {
        let Scalar::Record(id) = kind else { return None };
        self.environment.record_of(id).map(|record| record.name.as_str())
    }

    /// Tells of a name that stands for nothing here, and of what may be meant.
    pub(super) fn unknown_name(&mut self, name: &str, span: Span) {
        let message = format!("`{name}` is not known here");
        if let Some(help) = self.environment.find_elsewhere(name) {
            let help = help.to_owned();
            return self.error_help(span, message, help);
        }
        let field = self.fields_of_variables().find(|(_, field)| field.name == name);
        let help = match field {
            Some((variable, _)) => format!("did you mean `{variable}.{name}`?"),
            None => match self.nearest_name(name) {
                Some(near) => format!("did you mean `{near}`? A text stands in quotes: \"{name}\""),
                None => format!("known are {}; a text stands in quotes: \"{name}\"", self.all_names()),
            },
        };
        self.error_help(span, message, help);
    }

    fn nearest_name(&self, name: &str) -> Option<String> {
        let locals = self.locals.iter().map(|(local, _)| local.as_str());
        let variables = self.environment.variables().iter().map(|variable| variable.name.as_str());
        if let Some(near) = nearest(name, locals.chain(variables)) {
            return Some(near.to_owned());
        }
        let near = nearest(name, self.fields_of_variables().map(|(_, field)| field.name.as_str()))?;
        let (variable, field) = self.fields_of_variables().find(|(_, field)| field.name == near)?;
        Some(format!("{variable}.{}", field.name))
    }

    fn all_names(&self) -> String {
        let names: Vec<String> = self.environment.variables().iter().map(|variable| format!("`{}`", variable.name)).collect();
        if names.is_empty() { "no variables".to_owned() } else { names.join(", ") }
    }

    /// The fields of the variables that are records.
    fn fields_of_variables(&self) -> impl Iterator<Item = (&str, &Declared)> {
        self.environment.variables().iter().flat_map(|variable| {
            let fields = match variable.kind {
                Kind::One(Scalar::Record(id)) => self.environment.record_of(id).map(|record| record.fields.as_slice()),
                Kind::One(_) | Kind::List(_) | Kind::Named(_) | Kind::NamedList(_) => None,
            };
            fields.unwrap_or_default().iter().map(|field| (variable.name.as_str(), field))
        })
    }

    /// Tells of a field that a record does not have, and of what may be meant.
    pub(super) fn unknown_field(&mut self, record: Scalar, shown: &str, name: &str, span: Span) {
        let Scalar::Record(id) = record else { return };
        let fields = self.environment.record_of(id).map(|record| record.fields.as_slice()).unwrap_or_default();
        let table = fields.iter().find(|field| matches!(field.kind, Kind::Named(Scalar::Text)));
        let help = match (nearest(name, fields.iter().map(|field| field.name.as_str())), table) {
            (Some(near), _) => format!("did you mean `{shown}.{near}`?"),
            (None, Some(table)) => format!("did you mean `{shown}.{}[\"{name}\"]`?", table.name),
            (None, None) => {
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                format!("it has {}", names.join(", "))
            }
        };
        self.error_help(span, format!("{} has no field `{name}`", self.words(record)), help);
    }
}

//! Names, fields, entries of tables and elements of lists.

use compact_str::CompactString;

use super::{Checker, Lowered, Table, place_of};
use crate::cel::code::{Code, Entry, List, Place, Read};
use crate::cel::environment::{Declared, Slot};
use crate::cel::error::Span;
use crate::cel::expr::{Expr, Name, Node};
use crate::cel::kind::{Kind, Scalar};
use crate::cel::value::{Handle, Value};
use crate::diagnostic::nearest;

impl<'e> Checker<'e> {
    pub(super) fn name(&mut self, name: &CompactString, span: Span) -> Lowered {
        let up = self.locals.iter().rev().position(|(local, _)| local == name);
        if let Some(up) = up {
            let kind = self.locals.iter().rev().nth(up).map_or(Scalar::Unknown, |(_, kind)| *kind);
            return Lowered::One(Code::Local(u8::try_from(up).unwrap_or(u8::MAX)), kind);
        }
        match self.environment.find(name) {
            Some(variable) => self.declared(variable, Place::Root, span),
            None => {
                self.unknown_name(name, span);
                self.failed()
            }
        }
    }

    fn declared(&mut self, declared: &Declared, of: Place, span: Span) -> Lowered {
        let read = Read { slot: declared.slot, of, entry: Entry::None, span };
        let root = matches!(read.of, Place::Root) && self.environment.variables().iter().any(|known| known == declared);
        match declared.kind {
            Kind::One(kind @ Scalar::Record(_)) if root => Lowered::One(Code::Constant(Value::Record(Handle::ROOT)), kind),
            Kind::One(kind) => {
                self.slots.insert(declared.slot);
                Lowered::One(Code::Read(read), kind)
            }
            Kind::List(kind) => {
                self.slots.insert(declared.slot);
                Lowered::Many(List::Read(read), kind)
            }
            Kind::Named(item) => Lowered::Table(Table { read, item, many: false }),
            Kind::NamedList(item) => Lowered::Table(Table { read, item, many: true }),
        }
    }

    pub(super) fn member(&mut self, expr: &Expr, target: &Expr, name: &Name) -> Lowered {
        match self.lower(target) {
            Lowered::One(_, Scalar::Unknown) => self.failed(),
            Lowered::One(code, kind @ Scalar::Record(id)) => {
                let record = self.environment.record_of(id);
                match record.and_then(|record| record.fields.iter().find(|field| field.name == name.text)) {
                    Some(field) => self.declared(field, place_of(code), expr.span),
                    None => {
                        self.unknown_field(kind, target.span.of(self.text), &name.text, name.span);
                        self.failed()
                    }
                }
            }
            Lowered::Table(table) => {
                let entry = Code::Constant(Value::owned(name.text.to_string()));
                self.entry(table, entry, name.span, expr.span)
            }
            Lowered::One(_, kind) => {
                let message = format!("{} has no field `{}`", self.words(kind), name.text);
                self.error(name.span, message);
                self.failed()
            }
            Lowered::Many(_, kind) => {
                let shown = target.span.of(self.text);
                let message = format!("`{shown}` is a list of {}; it has no field `{}`", self.plural(kind), name.text);
                let help = format!("write `{shown}.exists(x, x.{} …)`", name.text);
                self.error_help(name.span, message, help);
                self.failed()
            }
        }
    }

    pub(super) fn index(&mut self, expr: &Expr, target: &Expr, index: &Expr) -> Lowered {
        match self.lower(target) {
            Lowered::Table(table) => {
                let name = self.wanted(index, Scalar::Text);
                self.entry(table, name, index.span, expr.span)
            }
            Lowered::Many(list, kind) => {
                let place = self.wanted(index, Scalar::Int);
                Lowered::One(Code::Item(Box::new((list, place)), expr.span), kind)
            }
            Lowered::One(_, Scalar::Unknown) => self.failed(),
            Lowered::One(_, kind) => {
                let message = format!("{} has no entries in brackets", self.words(kind));
                self.error(target.span, message);
                self.failed()
            }
        }
    }

    /// One entry of a table.
    pub(super) fn entry(&mut self, table: Table, name: Code, name_span: Span, span: Span) -> Lowered {
        self.check_known(table.read.slot, &name, name_span);
        self.slots.insert(table.read.slot);
        let entry = match Self::constant_text(&name) {
            Some(name) => Entry::Named(name.into()),
            None => Entry::Of(Box::new(name)),
        };
        let read = Read { entry, span, ..table.read };
        if table.many { Lowered::Many(List::Read(read), table.item) } else { Lowered::One(Code::Read(read), table.item) }
    }

    /// A text that is written out where only some texts can be.
    pub(super) fn check_known(&mut self, slot: Slot, code: &Code, span: Span) {
        let Code::Constant(Value::Text(text)) = code else { return };
        let Some(known) = self.known_of(slot) else { return };
        if known.iter().any(|known| known == text) {
            return;
        }
        let help = match nearest(text, known.iter().map(CompactString::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if known.is_empty() => "nothing of this kind is defined yet".to_owned(),
            None => {
                let shown: Vec<String> = known.iter().take(12).map(|known| format!("\"{known}\"")).collect();
                format!("there is {}{}", shown.join(", "), if known.len() > shown.len() { ", …" } else { "" })
            }
        };
        self.error_help(span, format!("\"{text}\" never stands here"), help);
    }

    fn known_of(&self, slot: Slot) -> Option<&'e [CompactString]> {
        let environment = self.environment;
        let fields = environment.records().iter().flat_map(|record| &record.fields);
        let mut declared = environment.variables().iter().chain(fields).filter(|declared| declared.slot == slot);
        declared.find_map(|declared| declared.known.as_deref())
    }

    /// A place that may be empty: a field or entry.
    pub(super) fn place(&mut self, expr: &Expr) -> Option<(Read, Scalar)> {
        let lowered = match &expr.node {
            Node::Member { target, name, .. } => self.member(expr, target, name),
            Node::Index { target, index, .. } => self.index(expr, target, index),
            Node::Name(name) => self.name(name, expr.span),
            Node::Literal(_)
            | Node::List(_)
            | Node::Call { .. }
            | Node::Not(_)
            | Node::Negate(_)
            | Node::Binary { .. }
            | Node::Every(_)
            | Node::Any(_)
            | Node::Choose(_) => self.lower(expr),
        };
        match lowered {
            Lowered::One(Code::Read(read), kind) => Some((read, kind)),
            Lowered::One(_, Scalar::Unknown) => None,
            Lowered::Many(..) => {
                self.error_help(expr.span, "a list is always there, but it may be empty", "ask with `.size() > 0`");
                None
            }
            Lowered::One(..) | Lowered::Table(_) => {
                let help = "write it as `line.attribute[\"brand\"]` or `customer.tier`";
                self.error_help(expr.span, "only a field or an entry can be missing", help);
                None
            }
        }
    }
}

//! Lists and loops over them. A list that stands somewhere already is not copied.

use std::borrow::Cow;

use super::{Frame, ListPlace, Loops, Machine, Scope, keep};
use crate::cel::code::{Code, Entry, Fold, FoldKind, List, Read};
use crate::cel::error::{EvalError, EvalFault, Span};
use crate::cel::number;
use crate::cel::value::{Handle, Value, wrong_kind};

/// A list while it is being looked at.
pub(super) enum Items<'a> {
    Constant(&'a [Value<'static>]),
    Built(Vec<Value<'a>>),
    Scope { read: &'a Read, record: Handle, name: Option<Cow<'a, str>>, length: usize },
}

impl<'a> Items<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Constant(values) => values.len(),
            Self::Built(values) => values.len(),
            Self::Scope { length, .. } => *length,
        }
    }
}

impl<'a, S: Scope + ?Sized> Machine<'a, S> {
    fn items(&mut self, list: &'a List, loops: Loops<'_, 'a>) -> Result<Items<'a>, EvalError> {
        self.spend(1)?;
        match list {
            List::Constant(values) => Ok(Items::Constant(values)),
            List::Built(parts) => {
                let values: Result<Vec<Value<'a>>, EvalError> = parts.iter().map(|part| self.value(part, loops)).collect();
                Ok(Items::Built(values?))
            }
            List::Read(read) => {
                let record = self.record(&read.of, loops)?;
                let name = match &read.entry {
                    Entry::None => None,
                    Entry::Named(name) => Some(Cow::Borrowed(name.as_str())),
                    Entry::Of(name) => Some(self.value(name, loops)?.into_text()?),
                };
                let length = self.scope.length(ListPlace { slot: read.slot, record, name: name.as_deref() });
                Ok(Items::Scope { read, record, name, length })
            }
            List::Filter(parts) => {
                let (list, condition) = &**parts;
                let mut kept = Vec::new();
                self.each(list, loops, |machine, frame| {
                    if machine.truth(condition, Some(frame))? {
                        kept.push(frame.value.clone());
                    }
                    Ok(true)
                })?;
                Ok(Items::Built(kept))
            }
            List::Map(parts) => {
                let (list, body) = &**parts;
                let mut values = Vec::new();
                self.each(list, loops, |machine, frame| {
                    values.push(machine.value(body, Some(frame))?);
                    Ok(true)
                })?;
                Ok(Items::Built(values))
            }
            List::Choose(parts) => {
                let (condition, then, otherwise) = &**parts;
                let chosen = if self.truth(condition, loops)? { then } else { otherwise };
                self.items(chosen, loops)
            }
            List::Join(sides) => {
                let [first, second] = &**sides;
                let mut values = Vec::new();
                for side in [first, second] {
                    self.each(side, loops, |_, frame| {
                        values.push(frame.value.clone());
                        Ok(true)
                    })?;
                }
                Ok(Items::Built(values))
            }
        }
    }

    fn at(&self, items: &Items<'a>, place: usize) -> Option<Value<'a>> {
        match items {
            Items::Constant(values) => values.get(place).map(Value::borrowed),
            Items::Built(values) => values.get(place).cloned(),
            Items::Scope { read, record, name, .. } => {
                self.scope.item(ListPlace { slot: read.slot, record: *record, name: name.as_deref() }, place)
            }
        }
    }

    /// Does something with each element until it says that it has seen enough; each costs a step.
    fn each<'f>(
        &mut self,
        list: &'a List,
        loops: Loops<'f, 'a>,
        mut act: impl FnMut(&mut Self, &Frame<'f, 'a>) -> Result<bool, EvalError>,
    ) -> Result<(), EvalError> {
        let items = self.items(list, loops)?;
        for place in 0..items.len() {
            self.spend(1)?;
            let Some(value) = self.at(&items, place) else { return wrong_kind() };
            if !act(self, &Frame { value, outer: loops })? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn item(
        &mut self,
        (list, place): &'a (List, Code),
        span: Span,
        loops: Loops<'_, 'a>,
    ) -> Result<Value<'a>, EvalError> {
        let items = self.items(list, loops)?;
        let place = self.value(place, loops)?.into_int()?;
        let found = usize::try_from(place).ok().and_then(|place| self.at(&items, place));
        found.ok_or(EvalError { fault: EvalFault::Missing, span })
    }

    pub(super) fn length(&mut self, list: &'a List, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        let length = self.items(list, loops)?.len();
        Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
    }

    pub(super) fn contained(&mut self, (value, list): &'a (Code, List), loops: Loops<'_, 'a>) -> Result<bool, EvalError> {
        let value = self.value(value, loops)?;
        let mut found = false;
        self.each(list, loops, |_, frame| {
            found = value.same(&frame.value) == Some(true);
            Ok(!found)
        })?;
        Ok(found)
    }

    pub(super) fn same_list(&mut self, sides: &'a [List; 2], loops: Loops<'_, 'a>) -> Result<bool, EvalError> {
        let [left, right] = sides;
        let (left, right) = (self.items(left, loops)?, self.items(right, loops)?);
        if left.len() != right.len() {
            return Ok(false);
        }
        for place in 0..left.len() {
            self.spend(1)?;
            match (self.at(&left, place), self.at(&right, place)) {
                (Some(a), Some(b)) if a.same(&b) == Some(true) => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    pub(super) fn fold(&mut self, fold: &'a Fold, span: Span, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        match fold.kind {
            FoldKind::Exists => self.search(fold, true, loops),
            FoldKind::All => self.search(fold, false, loops),
            FoldKind::ExistsOne => {
                let mut count = 0_u64;
                self.each(&fold.list, loops, |machine, frame| {
                    count = count.saturating_add(u64::from(machine.truth(&fold.body, Some(frame))?));
                    Ok(true)
                })?;
                Ok(Value::Bool(count == 1))
            }
            FoldKind::SumInt | FoldKind::SumDecimal => {
                let mut sum = fold.kind.zero();
                self.each(&fold.list, loops, |machine, frame| {
                    let value = machine.value(&fold.body, Some(frame))?;
                    let next = match (&sum, value) {
                        (Value::Int(sum), Value::Int(value)) => sum.checked_add(value).map(Value::Int),
                        (Value::Decimal(sum), Value::Decimal(value)) => number::add(*sum, value).map(Value::Decimal),
                        _ => return wrong_kind(),
                    };
                    sum = next.ok_or(EvalError { fault: EvalFault::Overflow, span })?;
                    Ok(true)
                })?;
                Ok(sum)
            }
        }
    }

    /// Whether one element is `decisive`; else the opposite. It absorbs the errors of the others.
    fn search(&mut self, fold: &'a Fold, decisive: bool, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        let (mut found, mut error) = (false, None);
        self.each(&fold.list, loops, |machine, frame| {
            match machine.truth(&fold.body, Some(frame)) {
                Ok(truth) => found = truth == decisive,
                Err(fault) => keep(&mut error, fault)?,
            }
            Ok(!found)
        })?;
        match error {
            Some(error) if !found => Err(error),
            _ => Ok(Value::Bool(found == decisive)),
        }
    }
}

//! Faults of an input: where and what, never the value.

use std::borrow::Cow;
use std::fmt;

use crate::limits::{FAULT_BYTES_MAX, FAULTS_MAX};
use crate::refusal::Refusal;

/// One fault of an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Path of the field in the request, as in `receipt.lines[3].amount_minor`.
    pub field: String,
    /// What is wrong and what is allowed; never the value itself.
    pub description: Cow<'static, str>,
}

/// A place in a request, as a chain of steps on the stack: a text is made only where there is a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At<'a> {
    /// The request itself.
    Request,
    /// A field of what lies above.
    Field(&'a At<'a>, &'static str),
    /// An item of a list, from 0.
    Item(&'a At<'a>, &'static str, usize),
}

impl At<'_> {
    /// A field below this place.
    pub(crate) const fn field<'a>(&'a self, name: &'static str) -> At<'a> {
        At::Field(self, name)
    }

    /// An item of a list below this place.
    pub(crate) const fn item<'a>(&'a self, name: &'static str, index: usize) -> At<'a> {
        At::Item(self, name, index)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let above = match self {
            At::Request => return Ok(()),
            At::Field(above, _) | At::Item(above, _, _) => above,
        };
        if !matches!(above, At::Request) {
            write!(f, "{above}.")?;
        }
        match self {
            At::Request => Ok(()),
            At::Field(_, name) => f.write_str(name),
            At::Item(_, name, index) => write!(f, "{name}[{index}]"),
        }
    }
}

/// All faults of one input, as many as an error can carry.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    told: Vec<Fault>,
    told_bytes: usize,
    untold: usize,
    card_number: Option<String>,
}

impl Faults {
    /// Notes a fault.
    pub(crate) fn add(&mut self, at: &At<'_>, description: impl Into<Cow<'static, str>>) {
        let fault = Fault { field: at.to_string(), description: description.into() };
        let bytes = fault.field.len().saturating_add(fault.description.len());
        if self.told.len() >= FAULTS_MAX || self.told_bytes.saturating_add(bytes) > FAULT_BYTES_MAX {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        self.told_bytes = self.told_bytes.saturating_add(bytes);
        self.told.push(fault);
    }

    /// Notes that a field holds a payment card's number; the first one names the error.
    pub(crate) fn add_card_number(&mut self, at: &At<'_>) {
        if self.card_number.is_none() {
            self.card_number = Some(at.to_string());
        }
    }

    /// What was read, unless there are faults.
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, Refusal> {
        if let Some(field) = self.card_number {
            return Err(Refusal::CardNumber { field });
        }
        if self.untold > 0 {
            let description = format!("and {} more faults that are not listed", self.untold);
            self.told.push(Fault { field: String::new(), description: description.into() });
        }
        match read {
            Some(read) if self.told.is_empty() => Ok(read),
            _ => Err(Refusal::Invalid(self.told)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_fields_and_items_from_the_request_down() {
        let receipt = At::Request.field("receipt");
        let line = receipt.item("lines", 3);
        assert_eq!(line.field("amount_minor").to_string(), "receipt.lines[3].amount_minor");
        assert_eq!(At::Request.field("quote_no").to_string(), "quote_no");
        assert_eq!(At::Request.item("added_lines", 0).field("sku").to_string(), "added_lines[0].sku");
    }

    #[test]
    fn faults_beyond_what_an_error_can_carry_are_counted() {
        let mut faults = Faults::default();
        for index in 0..1_000 {
            faults.add(&At::Request.item("lines", index), "must be above 0");
        }
        let Err(Refusal::Invalid(told)) = faults.finish(Some(())) else { panic!("there are faults") };
        assert_eq!(told.len(), FAULTS_MAX + 1);
        assert_eq!(told[FAULTS_MAX].description, "and 968 more faults that are not listed");
    }
}

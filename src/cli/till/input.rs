//! Reads a request from a file or standard input: proto3 JSON; a fault names line, column and field.

use std::io::Read as _;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::TillFailure;

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// The text of a request and where it came from.
#[derive(Clone, Debug)]
pub(in super::super) struct Input {
    name: String,
    text: String,
}

impl Input {
    /// Reads a file, or for `-` standard input.
    ///
    /// # Errors
    /// It cannot be read, or is no UTF-8 text.
    pub(in super::super) fn read(file: &Path) -> Result<Self, TillFailure> {
        if file.as_os_str() == STANDARD_INPUT {
            let name = "standard input".to_owned();
            let mut text = String::new();
            return match std::io::stdin().lock().read_to_string(&mut text) {
                Ok(_) => Ok(Self { name, text }),
                Err(source) => Err(TillFailure::Read { name, source }),
            };
        }
        let name = file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(text) => Ok(Self { name, text }),
            Err(source) => Err(TillFailure::Read { name, source }),
        }
    }

    /// Whether the message has one of these fields, by either of its JSON names. A text that is no JSON has none.
    pub(super) fn has_field(&self, names: &[&str]) -> bool {
        match serde_json::from_str::<Value>(&self.text) {
            Ok(Value::Object(fields)) => names.iter().any(|name| fields.contains_key(*name)),
            Ok(_) | Err(_) => false,
        }
    }

    /// The message.
    ///
    /// # Errors
    /// The text is no JSON, or not this message; with line, column and field.
    pub(super) fn message<T: DeserializeOwned>(&self) -> Result<T, TillFailure> {
        let mut json = serde_json::Deserializer::from_str(&self.text);
        let fault = |field: String, error: &serde_json::Error| TillFailure::Json {
            name: self.name.clone(),
            line: error.line(),
            column: error.column(),
            field,
            problem: without_place(&error.to_string()),
        };
        let message = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| fault(known_path(&error.path().to_string()), error.inner()))?;
        json.end().map_err(|error| fault(String::new(), &error))?;
        Ok(message)
    }

    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self { name: "test.json".to_owned(), text: text.to_owned() }
    }
}

/// A path as far as it is known: a `?` stands for a field whose name was not read, a `.` for the whole message.
fn known_path(path: &str) -> String {
    path.trim_end_matches('?').trim_end_matches('.').to_owned()
}

/// The place is told in front already.
fn without_place(problem: &str) -> String {
    problem.split(" at line ").next().unwrap_or(problem).to_owned()
}

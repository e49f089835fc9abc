//! A tree written as a program file again: flow style, texts quoted, one campaign a line.

use std::fmt::Write as _;

use crate::tree::{Field, Kind, Node};

/// The key whose items stand each on a line of its own, so that a mistake would be found.
const CAMPAIGNS: &str = "campaigns";

/// Writes the fields of a program.
pub(super) fn program(fields: &[Field]) -> String {
    let mut text = String::from("{\n");
    for (place, field) in fields.iter().enumerate() {
        text.push_str(if place == 0 { "" } else { ",\n" });
        quoted(&field.key, &mut text);
        text.push_str(": ");
        match &field.value.kind {
            Kind::List(items) if field.key == CAMPAIGNS => list(items, ",\n", &mut text),
            Kind::List(_) | Kind::Map(_) | Kind::Scalar { .. } => node(&field.value, &mut text),
        }
    }
    text.push_str("\n}\n");
    text
}

fn node(from: &Node, text: &mut String) {
    match &from.kind {
        Kind::Scalar { .. } if from.is_nothing() => text.push('~'),
        Kind::Scalar { text: scalar, .. } => quoted(scalar, text),
        Kind::List(items) => list(items, ", ", text),
        Kind::Map(fields) => {
            text.push('{');
            for (place, field) in fields.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { ", " });
                quoted(&field.key, text);
                text.push_str(": ");
                node(&field.value, text);
            }
            text.push('}');
        }
    }
}

fn list(items: &[Node], between: &str, text: &mut String) {
    text.push('[');
    for (place, item) in items.iter().enumerate() {
        text.push_str(if place == 0 { "" } else { between });
        node(item, text);
    }
    text.push(']');
}

/// In double quotes; what could end or break the text is escaped.
fn quoted(scalar: &str, text: &mut String) {
    text.push('"');
    for character in scalar.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            // Beside control characters: what YAML takes as the end of a line, or as a mark at the start of a file.
            '\u{2028}' | '\u{2029}' | '\u{feff}' => escaped(character, text),
            character if character.is_control() => escaped(character, text),
            character => text.push(character),
        }
    }
    text.push('"');
}

fn escaped(character: char, text: &mut String) {
    // Writing to a text cannot fail.
    let _ = write!(text, "\\u{:04x}", u32::from(character));
}

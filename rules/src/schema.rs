//! The JSON Schema of a program file, written from the same table by which the checker reads one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::check::keys::program::PROGRAM;
use crate::check::keys::{Keys, Shape};
use crate::limits::TEXT_CHARACTERS_MAX;

const DECIMAL: &str = r#""type": ["number", "string"], "exclusiveMinimum": 0, "pattern": "^[0-9]+(\\.[0-9]+)?$""#;
const MOMENT: &str = r#""type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$""#;
const HOURS: &str = r#""type": "string", "pattern": "^ *[0-9]{2}:[0-9]{2}(:[0-9]{2})? *- *[0-9]{2}:[0-9]{2}(:[0-9]{2})? *$""#;
const LANGUAGE: &str = "^[A-Za-z][A-Za-z0-9]{0,7}(-[A-Za-z0-9]{1,8})*$";

/// The schema (draft 2020-12) of one program file, as it lies in `rules/schema/`.
///
/// What it refuses the checker refuses too; the checker finds more, since it knows what names stand for.
#[must_use]
pub fn program_schema() -> String {
    let mut maps: BTreeMap<&'static str, &'static Keys> = BTreeMap::new();
    collect(&PROGRAM, &mut maps);
    let definitions: Vec<String> =
        maps.values().map(|keys| format!("    {}: {}", quoted(keys.name), indented(&object(keys), 4))).collect();
    format!(
        "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"Tessera program\",\n  \
         \"$ref\": \"#/$defs/{}\",\n  \"$defs\": {{\n{}\n  }}\n}}\n",
        PROGRAM.name,
        definitions.join(",\n")
    )
}

/// All maps that can stand below this one.
fn collect(keys: &'static Keys, maps: &mut BTreeMap<&'static str, &'static Keys>) {
    if maps.insert(keys.name, keys).is_none() {
        for key in keys.keys {
            collect_shape(&key.shape, maps);
        }
    }
}

fn collect_shape(shape: &'static Shape, maps: &mut BTreeMap<&'static str, &'static Keys>) {
    match shape {
        Shape::Map(keys) => collect(keys, maps),
        Shape::Many(inner) | Shape::MapOf(inner) => collect_shape(inner, maps),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| collect_shape(shape, maps)),
        Shape::Word
        | Shape::Id
        | Shape::Text
        | Shape::Decimal
        | Shape::Percent
        | Shape::Whole(..)
        | Shape::Boolean
        | Shape::Moment
        | Shape::Hours
        | Shape::Choice(_) => {}
    }
}

fn object(keys: &Keys) -> String {
    let properties: Vec<String> = keys
        .keys
        .iter()
        .map(|key| format!("    {}: {{\"description\": {}, {}}}", quoted(key.name), quoted(key.about), shape(&key.shape)))
        .collect();
    let required: Vec<&str> = keys.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut text = format!(
        "{{\n  \"type\": \"object\",\n  \"additionalProperties\": false,\n  \"properties\": {{\n{}\n  }}",
        properties.join(",\n")
    );
    if !required.is_empty() {
        text.push_str(&format!(",\n  \"required\": {}", list(required)));
    }
    if !keys.one_of.is_empty() {
        let each: Vec<String> = keys.one_of.iter().map(|key| format!("{{\"required\": [{}]}}", quoted(key))).collect();
        text.push_str(&format!(",\n  \"oneOf\": [{}]", each.join(", ")));
    }
    text.push_str("\n}");
    text
}

/// The keywords of a shape, without the braces around them.
fn shape(shape: &Shape) -> String {
    let any_of = |inner: Vec<String>| format!("\"anyOf\": [{}]", inner.join(", "));
    match shape {
        Shape::Word => r#""type": ["string", "number", "boolean"]"#.to_owned(),
        Shape::Id => r#""type": ["string", "number"]"#.to_owned(),
        Shape::Text => {
            let line = format!("{{\"type\": [\"string\", \"number\"], \"minLength\": 1, \"maxLength\": {TEXT_CHARACTERS_MAX}}}");
            let names = format!("{{\"pattern\": {}}}", quoted(LANGUAGE));
            let map = format!("{{\"type\": \"object\", \"propertyNames\": {names}, \"additionalProperties\": {line}}}");
            any_of(vec![line, map])
        }
        Shape::Decimal => DECIMAL.to_owned(),
        Shape::Percent => format!("{DECIMAL}, \"maximum\": 100"),
        Shape::Whole(least, most) => format!("\"type\": \"integer\", \"minimum\": {least}, \"maximum\": {most}"),
        Shape::Boolean => "\"type\": \"boolean\"".to_owned(),
        Shape::Moment => MOMENT.to_owned(),
        Shape::Hours => HOURS.to_owned(),
        Shape::Choice(words) => format!("\"enum\": {}", list(words())),
        Shape::Map(keys) => format!("\"$ref\": \"#/$defs/{}\"", keys.name),
        Shape::Many(inner) => {
            let one = self::shape(inner);
            any_of(vec![format!("{{{one}}}"), format!("{{\"type\": \"array\", \"items\": {{{one}}}}}")])
        }
        Shape::MapOf(inner) => format!("\"type\": \"object\", \"additionalProperties\": {{{}}}", self::shape(inner)),
        Shape::Either(shapes) => any_of(shapes.iter().map(|shape| format!("{{{}}}", self::shape(shape))).collect()),
    }
}

fn list(words: Vec<&str>) -> String {
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    format!("[{}]", words.join(", "))
}

fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{ASSET_SCALE_MAX, OFFERS_MAX};

    #[test]
    fn one_name_stands_for_one_map_and_no_key_stands_twice() {
        let mut maps = BTreeMap::new();
        collect(&PROGRAM, &mut maps);
        let mut all: Vec<(&str, &Keys)> = Vec::new();
        every(&PROGRAM, &mut all);
        for (name, keys) in all {
            assert_eq!(maps[name].names().collect::<Vec<_>>(), keys.names().collect::<Vec<_>>(), "{name}");
            let mut names: Vec<&str> = keys.names().collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), keys.keys.len(), "{name} has a key twice");
            assert!(keys.one_of.iter().all(|one| keys.keys.iter().any(|key| key.name == *one && !key.required)), "{name}");
        }
    }

    fn every(keys: &'static Keys, all: &mut Vec<(&'static str, &'static Keys)>) {
        all.push((keys.name, keys));
        for key in keys.keys {
            let mut shapes = vec![&key.shape];
            while let Some(shape) = shapes.pop() {
                match shape {
                    Shape::Map(keys) => every(keys, all),
                    Shape::Many(inner) | Shape::MapOf(inner) => shapes.push(inner),
                    Shape::Either(inner) => shapes.extend(inner.iter()),
                    Shape::Word
                    | Shape::Id
                    | Shape::Text
                    | Shape::Decimal
                    | Shape::Percent
                    | Shape::Whole(..)
                    | Shape::Boolean
                    | Shape::Moment
                    | Shape::Hours
                    | Shape::Choice(_) => {}
                }
            }
        }
    }

    #[test]
    fn bounds_written_out_in_the_table_are_the_limits() {
        let schema = program_schema();
        assert!(schema.contains(&format!(
            "\"Digits after the point.\", \"type\": \"integer\", \"minimum\": 0, \"maximum\": {ASSET_SCALE_MAX}"
        )));
        assert!(schema.contains(&format!(
            "\"At most so many; else 1.\", \"type\": \"integer\", \"minimum\": 1, \"maximum\": {OFFERS_MAX}"
        )));
    }
}

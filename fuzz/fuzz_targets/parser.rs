//! Any text as a program file: read into a tree whose places lie in it, then compiled, or refused at such a place.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use tessera_rules::tree::{Kind, Node, Span, parse};
use tessera_rules::{Revision, Source};

/// Characters of each line; a place one behind the last line is where something is missing.
struct Lines(Vec<usize>);

impl Lines {
    fn hold(&self, at: Span) {
        let (line, column) = (usize::try_from(at.line).unwrap(), usize::try_from(at.column).unwrap());
        assert!(line >= 1 && column >= 1 && at.length >= 1, "{at:?}");
        assert!(line <= self.0.len() + 1, "{at:?} of {} lines", self.0.len());
        let characters = self.0.get(line - 1).copied().unwrap_or(0);
        assert!(column <= characters + 1, "{at:?} on a line of {characters} characters");
    }

    fn hold_all(&self, node: &Node) {
        self.hold(node.at);
        match &node.kind {
            Kind::Scalar { .. } => {}
            Kind::List(items) => items.iter().for_each(|item| self.hold_all(item)),
            Kind::Map(fields) => fields.iter().for_each(|field| {
                self.hold(field.at);
                self.hold_all(&field.value);
            }),
        }
    }
}

fuzz_target!(|text: &str| {
    // As YAML breaks lines.
    let lines = Lines(text.replace("\r\n", "\n").split(['\n', '\r']).map(|line| line.chars().count()).collect());
    match parse(text) {
        Ok(tree) => lines.hold_all(&tree),
        Err(error) => {
            lines.hold(error.at);
            assert!(!error.message.is_empty(), "a refusal says why");
        }
    }
    let source = Source { name: "program.yaml".into(), text: text.to_owned() };
    if let Err(diagnostics) = Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]) {
        assert!(!diagnostics.0.is_empty(), "a refusal says why");
        assert!(!diagnostics.to_string().is_empty());
    }
});

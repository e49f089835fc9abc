//! Any text as a program file: compiled or refused with places that lie in it.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use tessera_rules::{Revision, Source};

fuzz_target!(|text: &str| {
    let source = Source { name: "program.yaml".into(), text: text.to_owned() };
    if let Err(diagnostics) = Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]) {
        assert!(!diagnostics.0.is_empty(), "a refusal says why");
        assert!(!diagnostics.to_string().is_empty());
    }
});

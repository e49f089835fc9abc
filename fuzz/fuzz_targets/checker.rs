//! Programs drawn from the published schema: words, shapes and bounds are right, what they say together need not be.
//! Refused with places in the file; or compiled, and then a few receipts are sold, paid and returned under them with
//! every promise kept.
#![no_main]

mod draw;

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use tessera_cases::{CaseFile, Files, read};
use tessera_rules::catalogue::Product;
use tessera_rules::{Revision, Source};

/// A drawn program in the place of whatever a case names.
struct Drawn(Source);

impl Files for Drawn {
    fn programs(&mut self, _: &str) -> Result<Vec<Source>, String> {
        Ok(vec![self.0.clone()])
    }

    fn products(&mut self, _: &str) -> Result<Vec<Product>, String> {
        Ok(Vec::new())
    }
}

/// What is sold under a program that compiles.
static CASES: LazyLock<CaseFile> = LazyLock::new(|| match read(include_str!("checker/cases.yaml")) {
    Ok(Some(file)) => file,
    Ok(None) => panic!("no cases in the file"),
    Err(mistakes) => panic!("{mistakes}"),
});

fuzz_target!(|bytes: &[u8]| {
    let source = Source { name: "program.yaml".into(), text: draw::program(bytes) };
    let lines = source.text.lines().count();
    match Revision::compile(1, Timestamp::UNIX_EPOCH, std::slice::from_ref(&source)) {
        Err(diagnostics) => {
            assert!(!diagnostics.0.is_empty(), "a refusal says why");
            for one in &diagnostics.0 {
                assert!(!one.message.is_empty() && (1..=lines).contains(&usize::try_from(one.line).unwrap()), "{one}");
            }
        }
        Ok(compiled) => {
            assert!(!compiled.warnings.to_string().contains("error:"), "{}", compiled.warnings);
            let reports = CASES.run(&mut Drawn(source.clone()), None).unwrap_or_else(|mistakes| panic!("{mistakes}"));
            for report in reports {
                for difference in &report.differences {
                    let promise = ["P5", "P6", "P7"].iter().any(|promise| difference.field.starts_with(promise));
                    assert!(!promise, "{}: {difference:?}\n{}", report.name, source.text);
                }
            }
        }
    }
});

//! Any text as a file of conformance cases: refused with places that lie in it, or run to an end with every promise
//! kept. Whatever path a case names, there is a small program and no product.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_cases::{Files, read};
use tessera_rules::catalogue::Product;
use tessera_rules::revision::Source;

const PROGRAM: &str = "\
program: p
language: 1
name: P
currency: EUR
assets:
  - {id: points, kind: points, worth_minor: 1, redeem: {minimum_units: 1}, expires: {after_days: 30}}
campaigns:
  - {id: tenth, name: A tenth, percent_off: 10}
  - {id: three, name: Three for two, n_for_m: {take: 3, pay: 2}, priority: 1}
  - {id: five, name: Five off, spend: {at_least: 20.00, give: {amount: 5.00}}, group: b, fallback: {points: points}}
  - {id: tenth-unit, name: Every tenth, count: {every: 10, give: {points: {units: 50}}}}
  - {id: earn, name: Points, points: {per: 1.00, units: 1}}
";

struct Small;

impl Files for Small {
    fn programs(&mut self, path: &str) -> Result<Vec<Source>, String> {
        Ok(vec![Source { name: path.to_owned(), text: PROGRAM.to_owned() }])
    }

    fn products(&mut self, _path: &str) -> Result<Vec<Product>, String> {
        Ok(Vec::new())
    }
}

fuzz_target!(|text: &str| {
    let ran = match read(text) {
        Ok(Some(file)) => file.run(&mut Small, None),
        Ok(None) => return,
        Err(mistakes) => Err(mistakes),
    };
    match ran {
        Ok(reports) => {
            let differences = reports.iter().flat_map(|report| &report.differences);
            for difference in differences {
                let promise = ["P5", "P6", "P7"].iter().any(|promise| difference.field.starts_with(promise));
                assert!(!promise, "{difference:?}");
            }
        }
        Err(mistakes) => {
            assert!(!mistakes.0.is_empty(), "a refusal says why");
            assert!(!mistakes.to_string().is_empty());
        }
    }
});

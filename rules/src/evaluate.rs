//! The one pure call.
use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::decision::{DecidedLine, Decision};
use crate::effort::Effort;
use crate::money::Amount;
use crate::receipt::Receipt;
use crate::revision::Revision;
use crate::standing::Standing;

/// Decides what to do with a receipt.
#[must_use]
pub fn evaluate(_revision: &Revision, _catalogue: &Catalogue, _standing: &Standing, receipt: &Receipt, _at: Timestamp, _effort: Effort) -> Decision {
    let lines = receipt.lines.iter().map(|line| DecidedLine { id: line.id.clone(), sku: line.sku.clone(), tax_code: line.tax_code.clone(), measure: line.measure, added_by: None, parts: Vec::new(), before: line.amount, after: line.amount }).collect();
    Decision { lines, redemptions: vec![], rewards: vec![], prompts: vec![], instructions: vec![], offers: vec![], near_misses: vec![], code_verdicts: vec![], redeemable: vec![], counters: vec![], promises: vec![], applied: vec![], before: receipt.total(), after: receipt.total(), depends_on_tenders: false, notes: vec![], steps: 0, proven: true, bound: Amount::ZERO, explained: vec![] }
}

//! A pack's own decision: what a receipt comes to for nobody known, without codes and without assets used up.

use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::decision::Decision;
use crate::effort::Effort;
use crate::evaluate::evaluate;
use crate::receipt::Receipt;
use crate::revision::Revision;
use crate::standing::Standing;

/// Evaluates a receipt by a pack's revision and products, wherever the pack lies: the same arguments, the same decision.
///
/// Codes are looked at by engines alone, and nothing is redeemed: neither is part of the decision.
#[must_use]
pub fn decide(revision: &Revision, catalogue: &Catalogue, receipt: &Receipt, at: Timestamp, effort: Effort) -> Decision {
    let receipt = Receipt { codes: Vec::new(), redeem: Vec::new(), ..receipt.clone() };
    evaluate(revision, catalogue, &Standing::default(), &receipt, at, effort)
}

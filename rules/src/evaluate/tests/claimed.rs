//! A sale that is claimed afterwards: what it gives, counts and uses, and what it leaves for later.

use super::fixture::{decide, known, receipt, rewards};
use crate::decision::Decision;
use crate::id::ProgramId;
use crate::receipt::{Receipt, Stage};
use crate::standing::Standing;

const CAMPAIGNS: &str = "campaigns:
- {id: e, name: E, points: {per: 1.00, units: 1, asset: points}}
- {id: t, name: T, on: {sku: CRISPS}, count: {every: 3, give: {gift: {sku: CRISPS}}}, fallback: {points: points}}
- {id: o, name: O, on: {sku: MILK}, percent_off: 50, limits: {per_customer: 1}, fallback: {points: points}}
";

/// Rewards, uses promised, and what is counted with the thresholds rewarded.
type Given = (&'static str, usize, &'static [(i64, i64)]);

/// Decided for a paid receipt that is claimed from these programs; none: it is no claim.
fn paid(programs: Option<&[&str]>) -> Decision {
    let claimed_from = programs.map(|programs| programs.iter().map(|id| ProgramId::parse(id).unwrap()).collect());
    let standing = Standing { claimed_from, ..known(|_| {}) };
    let receipt = Receipt { stage: Stage::Paid, ..receipt("CRISPS 3x1.00 MILK 2x1.00") };
    decide(CAMPAIGNS, &standing, &receipt)
}

#[test]
fn p4_h74_a_claim_makes_good_for_no_lines_and_what_it_cannot_give_stays_due_and_unused() {
    let table: [(Option<&[&str]>, Given); 4] = [
        (None, ("o.0 100 points instead\ne.0 5 points\nt.0 100 points instead", 1, &[(3_000, 1)])),
        (Some(&["p"]), ("e.0 5 points", 0, &[(3_000, 0)])),
        (Some(&["a", "p", "z"]), ("e.0 5 points", 0, &[(3_000, 0)])),
        (Some(&["other"]), ("", 0, &[])),
    ];
    for (programs, (given, uses, counted)) in table {
        let decision = paid(programs);
        let counters: Vec<(i64, i64)> = decision.counters.iter().map(|step| (step.counted_milli, step.rewarded)).collect();
        let uses_of = |promise: &&crate::decision::Promise| matches!(promise, crate::decision::Promise::Uses { .. });
        assert_eq!(rewards(&decision), given, "claimed from {programs:?}");
        assert_eq!(decision.promises.iter().filter(uses_of).count(), uses, "claimed from {programs:?}");
        assert_eq!(counters, counted, "claimed from {programs:?}");
    }
}

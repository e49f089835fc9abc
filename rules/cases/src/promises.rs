//! What holds of every case without being stated: promises P5, P6 and P7.

use tessera_ledger::account::Account;
use tessera_ledger::lot::LotId;
use tessera_ledger::outcome::Outcome;
use tessera_ledger::posting::{PostingPlace, is_balanced};
use tessera_rules::catalogue::Catalogue;
use tessera_rules::decision::{DecidedLine, Decision};
use tessera_rules::money::{Amount, Quantity, UnitPrice, extend, unit_price};
use tessera_rules::receipt::{Line, Receipt};

use crate::compare::Comparison;

/// P6: parts and adjustments of a line sum to its change, lines sum to totals, no line, price or total is negative,
/// order is kept.
pub(crate) fn sums(catalogue: &Catalogue, receipt: &Receipt, decision: &Decision, found: &mut Comparison<'_>) {
    let wanted: Vec<&str> = receipt.lines.iter().map(|line| line.id.as_str()).collect();
    let own: Vec<&str> = decision.lines.iter().take(wanted.len()).map(|line| line.id.as_str()).collect();
    if wanted != own {
        found.differ("P6: order is kept", wanted.join(", "), own.join(", "));
    }
    for line in decision.lines.iter().skip(wanted.len()).filter(|line| !line.id.as_str().starts_with('+')) {
        found.differ("P6: added lines are the engine's own", "an id that begins with `+`", &line.id);
    }
    let before: Amount = decision.lines.iter().map(|line| line.before).sum();
    let after: Amount = decision.lines.iter().map(|line| line.after).sum();
    if before != decision.before || before != receipt.total() {
        found.differ("P6: lines sum to the total before", before.minor(), decision.before.minor());
    }
    if after != decision.after || after.is_negative() {
        found.differ("P6: lines sum to the total", after.minor(), decision.after.minor());
    }
    for line in &decision.lines {
        let rung = receipt.lines.iter().find(|rung| rung.id == line.id);
        line_sums(catalogue, receipt, (rung, line), found);
    }
}

fn line_sums(catalogue: &Catalogue, receipt: &Receipt, (rung, line): (Option<&Line>, &DecidedLine), found: &mut Comparison<'_>) {
    let field = |what: &str| format!("P6: line {}: {what}", line.id);
    let rung_up = rung.map_or(Amount::ZERO, |rung| rung.amount);
    if line.before != rung_up {
        found.differ(field("it was rung up so"), rung_up.minor(), line.before.minor());
    }
    if line.parts.is_empty() {
        if line.after != rung_up {
            found.differ(field("without parts it stands as rung up"), rung_up.minor(), line.after.minor());
        }
        return;
    }
    let parts: Amount = line.parts.iter().map(|part| part.amount).sum();
    let adjusted: Amount = line.parts.iter().flat_map(|part| &part.adjustments).map(|adjustment| adjustment.amount).sum();
    if parts != line.after || line.before.checked_add(adjusted) != Some(line.after) {
        let sums = format!("parts {}, before {} with adjustments {}", parts.minor(), line.before.minor(), adjusted.minor());
        found.differ(field("parts and adjustments sum to it"), line.after.minor(), sums);
    }
    let sold: Quantity = line.parts.iter().map(|part| part.quantity).sum();
    if rung.is_some_and(|rung| sold < rung.quantity) || line.parts.iter().any(|part| !part.quantity.is_positive()) {
        found.differ(field("no unit is lost"), rung.map_or(0, |rung| rung.quantity.milli()), sold.milli());
    }
    if line.parts.iter().any(|part| part.amount.is_negative() || part.unit_price.is_negative()) {
        found.differ(field("no price is negative"), "0 or more", "less");
    }
    let least = catalogue.product(&line.sku).and_then(|product| product.unit_price_min).unwrap_or(UnitPrice::ZERO);
    for part in line.parts.iter().filter(|part| part.adjustments.iter().any(|adjustment| adjustment.amount.is_negative())) {
        let paid = unit_price(part.amount, part.quantity, receipt.currency).unwrap_or(UnitPrice::ZERO);
        let floor = extend(part.quantity, least, receipt.currency).unwrap_or(Amount::ZERO);
        if part.amount < floor {
            found.differ(field("no unit goes below its minimum price"), least.micros(), paid.micros());
        }
    }
}

/// P7: the same arguments give the same decision.
pub(crate) fn same(first: &Decision, second: &Decision, found: &mut Comparison<'_>) {
    if first != second {
        found.differ("P7: the same arguments give the same decision", "the same twice", "two decisions");
    }
}

/// P5: postings sum to zero per asset, and each lot changed by what was posted to it.
pub(crate) fn balance(before: Option<&Account>, after: Option<&Account>, outcome: &Outcome, found: &mut Comparison<'_>) {
    if !is_balanced(&outcome.postings) {
        found.differ("P5: postings sum to zero", "0", "another sum");
    }
    if let Some(broken) = after.and_then(|account| account.check().err()) {
        found.differ("P5: the account keeps its invariants", "it does", broken);
    }
    let left = |account: Option<&Account>, id: &LotId| -> i64 {
        let lots = account.map_or(&[][..], |account| account.lots.as_slice());
        lots.iter().filter(|lot| lot.id == *id).map(|lot| lot.left.units()).sum()
    };
    let posted = |id: &LotId| -> i64 {
        let mine = outcome.postings.iter().filter(|posting| posting.place == PostingPlace::Lot(id.clone()));
        mine.map(|posting| posting.units.units()).sum()
    };
    let held = before.into_iter().chain(after).flat_map(|account| &account.lots).map(|lot| lot.id.clone());
    let opened = outcome.postings.iter().filter_map(|posting| match &posting.place {
        PostingPlace::Lot(id) => Some(id.clone()),
        PostingPlace::Book(_) => None,
    });
    let mut ids: Vec<LotId> = held.chain(opened).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        let change = left(after, &id).saturating_sub(left(before, &id));
        if change != posted(&id) {
            found.differ(format!("P5: lot {id} changed by what was posted to it"), posted(&id), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use tessera_rules::decision::{DecidedLine, Decision, Part};
    use tessera_rules::evaluate;
    use tessera_rules::money::{Amount, Quantity};
    use tessera_rules::receipt::Receipt;
    use tessera_rules::revision::Source;
    use tessera_rules::standing::Standing;

    use super::*;
    use crate::marks::Marks;
    use crate::prepare::{Bench, Benches, Binder, asked};
    use crate::read::{Files, read_file};

    const CASE: &str = "\
program:
  program: p
  language: 1
  name: P
  currency: EUR
  campaigns:
    - {id: a, name: A, percent_off: 10, on: {sku: A}}
    - {id: g, name: G, spend: {at_least: 1.00, give: {gift: {sku: G}}}}
catalogue: [{sku: A, price: 5.00, unit_price_min: 4.00}, {sku: B, price: 1.00}]
cases: [{name: n, receipt: [{sku: A, quantity: 2}, B]}]
";

    type Tamper = fn(&mut Decision);

    struct Nothing;

    impl Files for Nothing {
        fn programs(&mut self, _path: &str) -> Result<Vec<Source>, String> {
            Ok(Vec::new())
        }

        fn products(&mut self, _path: &str) -> Result<Vec<tessera_rules::catalogue::Product>, String> {
            Ok(Vec::new())
        }
    }

    fn sound() -> (Bench, Receipt, Decision) {
        let file = read_file("case.yaml", CASE).unwrap().unwrap();
        let mut marks = Marks::new("case.yaml", CASE);
        let case = &file.root.items("cases")[0];
        let bench = Benches::new(&file, &mut Nothing, None).of(case, &mut marks).unwrap();
        let asked = asked(&mut Binder { bench: &bench, marks: &mut marks }, 1, case, (&file.root, case)).unwrap();
        let decision = evaluate(&bench.revision, &bench.catalogue, &Standing::default(), &asked.receipt, asked.at, asked.effort);
        (bench, asked.receipt, decision)
    }

    fn part(decision: &mut Decision) -> &mut Part {
        &mut decision.lines[0].parts[0]
    }

    fn lower(decision: &mut Decision, minor: i64) {
        let step = Amount::from_minor(minor);
        part(decision).amount -= step;
        part(decision).adjustments[0].amount -= step;
        decision.lines[0].after -= step;
        decision.after -= step;
    }

    #[test]
    fn p6_a_decision_that_does_not_sum_is_noticed() {
        let (bench, receipt, decision) = sound();
        let mut found = Comparison::new(&bench.zone);
        sums(&bench.catalogue, &receipt, &decision, &mut found);
        assert_eq!(found.differences, [], "a sound decision");
        let table: [(&str, Tamper); 9] = [
            ("order is kept", |decision| decision.lines.swap(0, 1)),
            ("added lines", |decision| decision.lines[2].id = decision.lines[0].id.clone()),
            ("total before", |decision| decision.before += Amount::from_minor(1)),
            ("sum to the total", |decision| decision.after += Amount::from_minor(1)),
            ("without parts", |decision| decision.lines[1].after += Amount::from_minor(1)),
            ("parts and adjustments", |decision| part(decision).adjustments[0].amount += Amount::from_minor(1)),
            ("no unit is lost", |decision| part(decision).quantity = Quantity::ONE),
            ("no price is negative", |decision| lower(decision, 1_000)),
            ("below its minimum price", |decision| lower(decision, 150)),
        ];
        for (what, tamper) in table {
            let mut broken: Decision = decision.clone();
            tamper(&mut broken);
            let mut found = Comparison::new(&bench.zone);
            sums(&bench.catalogue, &receipt, &broken, &mut found);
            assert!(found.differences.iter().any(|difference| difference.field.contains(what)), "{what}: {found:?}");
        }
        let gift: &DecidedLine = &decision.lines[2];
        assert!(gift.id.as_str().starts_with('+'), "{gift:?}");
    }

    #[test]
    fn p7_two_decisions_that_differ_are_noticed() {
        let (bench, _, decision) = sound();
        let mut found = Comparison::new(&bench.zone);
        same(&decision, &decision, &mut found);
        assert_eq!(found.differences, []);
        same(&decision, &Decision { steps: decision.steps + 1, ..decision.clone() }, &mut found);
        assert_eq!(found.differences.len(), 1);
    }
}

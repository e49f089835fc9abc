//! Tests of `change`.

use tessera_rules::decision::Part;
use tessera_rules::money::Amount;

use crate::arithmetic::amount_minus;
use crate::outcome::Flag;
use crate::posting::{Book, PostingPlace};
use crate::settle::Relation;
use crate::settle::change::by_campaign;
use crate::testing::*;

/// (name, decided parts, sold parts, explained, unexplained)
type Case = (&'static str, Vec<Part>, Vec<Part>, i64, i64);

fn cases() -> [Case; 7] {
    [
        ("as decided", vec![part(3, 800, "off", -200)], vec![part(3, 800, "off", -200)], -200, 0),
        ("the till gave more than decided", vec![part(3, 800, "off", -200)], vec![part(3, 700, "off", -300)], -200, -100),
        ("the till gave less than decided", vec![part(3, 800, "off", -200)], vec![part(3, 900, "off", -100)], -100, 0),
        ("nobody decided it", vec![], vec![part(3, 900, "off", -100)], 0, -100),
        ("a change without an adjustment", vec![], vec![part(3, 900, "off", 0)], 0, -100),
        ("dearer for no reason", vec![], vec![part(3, 1_100, "off", 100)], 0, 100),
        ("free unit", vec![part(2, 1_000, "n", 0), part(1, 0, "n", 0)], vec![part(2, 1_000, "n", 0), part(1, 0, "n", 0)], 0, 0),
    ]
}

#[test]
fn p6_parts_and_adjustments_sum_to_the_lines_change() {
    for (name, decided, parts, explained, unexplained) in cases() {
        let receipt = receipt("r-1", vec![line("1", 3, 1_000)]);
        let mut decision = unchanged(&receipt);
        decision.lines[0].parts = decided;
        let lines = [sold("1", parts.clone())];
        let mut command = settle_of(&receipt, &decision, at(0));
        command.sold = &lines;
        let outcome = settled(None, &command).outcome;
        let line = &outcome.lines[0];
        assert_eq!(line.unexplained, money(unexplained), "{name}");
        assert_eq!(line.paid, parts.iter().map(|part| part.amount).sum::<Amount>(), "{name}");
        assert_eq!(amount_minus(line.paid, line.rung_up), money(explained + unexplained), "{name}");
        assert_eq!(outcome.after, line.paid, "{name}");
        assert_eq!(outcome.flags.contains(&Flag::Unexplained), unexplained != 0, "{name}");
        let book = |book: Book| -> i64 {
            outcome
                .postings
                .iter()
                .filter(|posting| posting.place == PostingPlace::Book(book))
                .map(|posting| posting.units.units())
                .sum()
        };
        assert_eq!((book(Book::Issued), book(Book::Unexplained)), (explained, unexplained), "{name}");
        assert_eq!(book(Book::Redeemed), -(explained + unexplained), "{name}");
        assert!(by_campaign(&line.parts).len() <= 1, "{name}");
    }
}

#[test]
fn an_added_unit_is_sold_as_decided_and_price_changes_of_the_promise_stand() {
    let receipt = receipt("r-1", vec![line("1", 10, 1_000)]);
    let mut promised = unchanged(&receipt);
    promised.lines[0].parts = vec![part(10, 900, "ten", -100)];
    let decision = unchanged(&receipt);
    let mut added = sold("+1", vec![part(1, 0, "gift", 0)]);
    added.added_by = Some(campaign("gift"));
    let lines = [sold("1", vec![part(10, 900, "ten", -100)]), added];
    let mut command = settle_of(&receipt, &decision, at(0));
    command.sold = &lines;
    command.promised = Some(&promised);
    command.relation = Relation::Differs;
    let outcome = settled(None, &command).outcome;
    assert_eq!(outcome.lines.iter().map(|line| line.id.as_str().to_owned()).collect::<Vec<_>>(), ["1", "+1"]);
    assert_eq!((outcome.lines[1].paid, outcome.lines[1].added_by.clone()), (money(0), Some(campaign("gift"))));
    assert_eq!((outcome.before, outcome.after, outcome.lines[0].unexplained), (money(1_000), money(900), money(0)));
    assert_eq!(outcome.flags, [Flag::DiffersFromQuote]);
}

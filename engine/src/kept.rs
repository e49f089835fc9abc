//! What is kept of customers, and how each of it goes when one of them is forgotten (H80): one list. The erasure empties what
//! it names, and the erasure's test looks into every space and every kind of row that the layout has; what is new there and not
//! listed here fails it.

use tessera_rules::id::{CustomerId, FactId};
use tessera_storage::{RowKey, Space};

use crate::layout;

/// How what is kept of a customer goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Forgotten {
    /// It is of nobody: programs, goods, days.
    IsNobodys,
    /// Books: amounts and goods under names that the engine made and that lead to nobody any more.
    Stays,
    /// The account's own commit writes it without them.
    WrittenAnew,
    /// It is taken away before, since what tells it goes with the key.
    TakenOut,
    /// It is the key, in whose place one byte stands.
    Deleted,
    /// The commit puts one byte in its place; what was there the key had sealed.
    Emptied,
    /// It lies where nobody can find it again: the key had sealed it, and nobody opens it any more.
    WithTheKey,
}

/// Heads, by space.
pub(crate) const HEADS: [(Space, Forgotten); layout::SPACES.len()] = [
    (layout::ACCOUNTS, Forgotten::WrittenAnew),
    (layout::RECEIPTS, Forgotten::Stays),
    // Keyed hashes; those of phones go, a card is good for nothing from then on.
    (layout::DIRECTORY, Forgotten::TakenOut),
    (layout::KEYS, Forgotten::Deleted),
    (layout::PROGRAMS, Forgotten::IsNobodys),
    (layout::LEDGER, Forgotten::IsNobodys),
    (layout::LISTS, Forgotten::IsNobodys),
    (layout::MEMBERSHIPS, Forgotten::TakenOut),
    (layout::STOCK, Forgotten::IsNobodys),
    // Winners and tickets by account.
    (layout::DRAWS, Forgotten::Stays),
    (layout::DRAW_TICKETS, Forgotten::Stays),
    (layout::SERIES, Forgotten::IsNobodys),
    (layout::TILL_DAYS, Forgotten::IsNobodys),
];

/// Rows, by kind.
pub(crate) const ROWS: [(u8, Forgotten); 11] = [
    (layout::OUTCOME, Forgotten::Stays),
    (layout::RETURNED, Forgotten::Stays),
    (layout::FACT, Forgotten::Emptied),
    (layout::PIECE, Forgotten::IsNobodys),
    // The receipt alone: who it was rung up for is left out.
    (layout::SALE, Forgotten::Stays),
    (layout::DAY, Forgotten::IsNobodys),
    (layout::CONTACT, Forgotten::Emptied),
    (layout::CODES, Forgotten::Stays),
    (layout::DECIDED, Forgotten::WithTheKey),
    // Of a merge all but lots and names is sealed.
    (layout::FOLLOW_UP, Forgotten::WithTheKey),
    (layout::CLOSE, Forgotten::IsNobodys),
];

/// Rows of the account's partition that are emptied when a customer of whom these facts are known is forgotten.
pub(crate) fn emptied(customer: &CustomerId, facts: &[FactId]) -> Vec<RowKey> {
    let kinds = ROWS.iter().filter(|(_, how)| *how == Forgotten::Emptied).map(|(kind, _)| *kind);
    let mut rows = Vec::new();
    for kind in kinds {
        match kind {
            layout::FACT => rows.extend(facts.iter().map(|fact| layout::fact_row(customer, fact))),
            layout::CONTACT => rows.push(layout::contact_row(customer)),
            // A kind that is said to be emptied and has no rows of its own here is found by the test below.
            _ => {}
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h80_everything_that_the_layout_has_is_listed_with_how_it_is_forgotten() {
        let spaces: Vec<Space> = HEADS.iter().map(|(space, _)| *space).collect();
        assert_eq!(spaces, layout::SPACES, "in the layout's order, each once");
        let kinds = include_str!("layout.rs").lines().filter(|line| line.starts_with("pub const ") && line.contains(": u8 = "));
        let mut kinds: Vec<u8> =
            kinds.map(|line| line.split(" = ").nth(1).unwrap().trim_end_matches(';').parse().unwrap()).collect();
        kinds.sort_unstable();
        let mut listed: Vec<u8> = ROWS.iter().map(|(kind, _)| *kind).collect();
        listed.sort_unstable();
        assert_eq!(listed, kinds, "a kind of row that is not listed is not forgotten");
        let emptied = emptied(&CustomerId::parse("c-1").unwrap(), &[FactId::parse("pet").unwrap()]);
        let mut emptied: Vec<u8> = emptied.iter().map(|row| row.kind).collect();
        emptied.sort_unstable();
        let said = ROWS.iter().filter(|(_, how)| *how == Forgotten::Emptied);
        assert_eq!(emptied, said.map(|(kind, _)| *kind).collect::<Vec<_>>());
    }
}

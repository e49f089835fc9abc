//! The case format as one table: every key there is and what stands there. `rules/corpus/README.md` explains it,
//! and a test compares the two.

mod expect;

use crate::shape::{Shape, Table};

use Shape::{Boolean, List, Map, Moment, Named, Number, PathOr, Program, Text, Word};
use expect::{AFTER, EXPECT};

/// A file of cases.
pub(crate) const FILE: Table = Table {
    what: "a case file",
    short: None,
    keys: &[
        ("program", Program),
        ("catalogue", CATALOGUE),
        ("currency", Text),
        ("at", Moment),
        ("store", Text),
        ("account", Map(&ACCOUNT)),
        ("cases", List(&Map(&CASE))),
    ],
    required: &["cases"],
};

/// A file of products, or what stands under `catalogue`.
pub(crate) const PRODUCT_FILE: Table =
    Table { what: "a product file", short: None, keys: &[("products", List(&Map(&PRODUCT)))], required: &["products"] };

const CATALOGUE: Shape = PathOr(&List(&Map(&PRODUCT)));

/// One case. What it shares with its file it may leave out.
const CASE: Table = Table {
    what: "a case",
    short: None,
    keys: &[
        ("name", Text),
        ("why", Text),
        ("program", Program),
        ("catalogue", CATALOGUE),
        ("currency", Text),
        ("at", Moment),
        ("store", Text),
        ("account", Map(&ACCOUNT)),
        ("receipt", Map(&RECEIPT)),
        ("out_of_stock", List(&Text)),
        ("code_states", Named(&Word(&["open", "used", "expired", "not_this_customer", "not_yet_valid"]))),
        ("too_many_open_quotes", Boolean),
        ("account_full", Boolean),
        ("steps_max", Number),
        ("expect", Map(&EXPECT)),
        ("then", List(&Map(&STEP))),
    ],
    required: &["name", "receipt"],
};

const PRODUCT: Table = Table {
    what: "a product",
    short: Some("sku"),
    keys: &[
        ("sku", Text),
        ("name", Text),
        ("kind", Word(&["goods", "service", "deposit", "certificate_sale", "top_up", "bag", "donation"])),
        ("tax_code", Text),
        ("price", Number),
        ("no_discount", Boolean),
        ("no_earn", Boolean),
        ("no_redeem", Boolean),
        ("unit_price_min", Number),
        ("unit_price_max", Number),
        ("category", Text),
        ("attributes", Named(&List(&Text))),
    ],
    required: &["sku"],
};

const ACCOUNT: Table = Table {
    what: "an account",
    short: None,
    keys: &[
        ("customer", Text),
        ("balance", Named(&Number)),
        ("lots", List(&Map(&LOT))),
        ("held", Named(&Number)),
        ("counters", List(&Map(&COUNTER))),
        ("uses", List(&Map(&USES))),
        ("coupons", List(&Map(&COUPON))),
        ("tier", Text),
        ("tiers", Named(&Text)),
        ("facts", List(&Map(&FACT))),
        ("lists", List(&Text)),
        ("visits", Number),
        ("enrolled", Moment),
        ("blocked", Boolean),
        ("staff", Text),
        ("bought", List(&Map(&BOUGHT))),
    ],
    required: &[],
};

const BOUGHT: Table =
    Table { what: "an earlier receipt", short: Some("on"), keys: &[("on", Moment), ("paid", Number)], required: &["on"] };

const LOT: Table = Table {
    what: "a lot",
    short: None,
    keys: &[
        ("asset", Text),
        ("units", Number),
        ("campaign", Text),
        ("earned", Moment),
        ("vests", Moment),
        ("expires", Moment),
        ("debt", Boolean),
    ],
    required: &["units"],
};

const COUNTER: Table = Table {
    what: "a counter",
    short: None,
    keys: &[
        ("campaign", Text),
        ("counted", Number),
        ("rewarded", Number),
        ("by", Word(&["days", "weeks", "months", "quarters", "years"])),
        ("stretches", List(&Map(&STRETCH))),
    ],
    required: &["campaign"],
};

const STRETCH: Table = Table {
    what: "a stretch of the calendar",
    short: None,
    keys: &[("on", Moment), ("counted", Number), ("rewarded", Number)],
    required: &["on"],
};

const USES: Table = Table {
    what: "a use",
    short: None,
    keys: &[
        ("campaign", Text),
        ("member", Text),
        ("day", Moment),
        ("ever", Number),
        ("units_ever", Number),
        ("value_ever", Number),
        ("this_month", Number),
        ("units_this_month", Number),
        ("value_this_month", Number),
        ("today", Number),
        ("units_today", Number),
        ("value_today", Number),
    ],
    required: &["campaign"],
};

/// The keys of a use for what was used ever: uses, units and value.
pub(crate) const EVER: [&str; 3] = ["ever", "units_ever", "value_ever"];
/// In the month of its last day.
pub(crate) const MONTH: [&str; 3] = ["this_month", "units_this_month", "value_this_month"];
/// On its last day.
pub(crate) const TODAY: [&str; 3] = ["today", "units_today", "value_today"];

const COUPON: Table = Table {
    what: "a coupon",
    short: None,
    keys: &[("campaign", Text), ("code", Text), ("valid_from", Moment), ("valid_until", Moment), ("used", Boolean)],
    required: &["campaign"],
};

const FACT: Table = Table {
    what: "a fact",
    short: Some("fact"),
    keys: &[
        ("fact", Text),
        ("known", Moment),
        ("confirmed", Boolean),
        ("code_until", Moment),
        ("code_came_with", Text),
        ("value", Text),
    ],
    required: &["fact"],
};

const RECEIPT: Table = Table {
    what: "a receipt",
    short: Some("lines"),
    keys: &[
        ("lines", List(&Map(&LINE))),
        ("stage", Word(&["basket", "total", "tender", "paid"])),
        ("codes", List(&Text)),
        ("redeem", List(&Map(&REDEEM))),
        ("tenders", List(&Map(&TENDER))),
        ("declined", List(&Text)),
        ("choices", List(&Map(&CHOICE))),
        ("given", Named(&Number)),
        ("offers_max", Number),
        ("language", Text),
        ("channel", Text),
        ("till", Text),
        ("cashier", Text),
        ("training", Boolean),
        ("business_date", Moment),
    ],
    required: &["lines"],
};

const LINE: Table = Table {
    what: "a line",
    short: Some("sku"),
    keys: &[
        ("id", Text),
        ("sku", Text),
        ("quantity", Number),
        ("measured", Boolean),
        ("price", Number),
        ("amount", Number),
        ("regular_price", Number),
        ("price_reason", Word(&["regular", "markdown", "override", "staff"])),
        ("tax_code", Text),
        ("marks", List(&Text)),
        ("no_discount", Boolean),
        ("no_earn", Boolean),
        ("attributes", Named(&List(&Text))),
    ],
    required: &["sku"],
};

const AS: Shape = Word(&["discount", "tender"]);

const REDEEM: Table = Table {
    what: "a wish to redeem",
    short: Some("asset"),
    keys: &[("asset", Text), ("units", Number), ("as", AS)],
    required: &["asset"],
};

const TENDER_KINDS: Shape = Word(&["cash", "card", "certificate", "asset", "transfer", "other"]);

const TENDER: Table =
    Table { what: "a tender", short: None, keys: &[("kind", TENDER_KINDS), ("amount", Number)], required: &["kind"] };

const CHOICE: Table =
    Table { what: "a choice", short: None, keys: &[("choice", Text), ("sku", Text)], required: &["choice", "sku"] };

/// What happens after the case's own receipt was quoted.
const STEP: Table = Table {
    what: "a step",
    short: Some("do"),
    keys: &[
        ("do", Word(&["settle", "return", "quote"])),
        ("at", Moment),
        ("receipt", Map(&RECEIPT)),
        ("of", Number),
        ("lines", List(&Map(&RETURNED))),
        ("tenders", List(&Map(&TENDER))),
        ("expect", Map(&EXPECT)),
        ("after", Map(&AFTER)),
    ],
    required: &["do"],
};

const RETURNED: Table = Table {
    what: "a returned line",
    short: Some("line"),
    keys: &[("line", Text), ("sku", Text), ("quantity", Number), ("amount", Number)],
    required: &[],
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every key of a table and of those below it.
    fn keys(table: &Table, found: &mut BTreeSet<&'static str>) {
        for (key, shape) in table.keys {
            found.insert(key);
            words(shape, found);
        }
    }

    fn words(shape: &Shape, found: &mut BTreeSet<&'static str>) {
        match shape {
            Shape::Map(table) => keys(table, found),
            Shape::List(inner) | Shape::Named(inner) | Shape::PathOr(inner) => words(inner, found),
            Shape::Word(words) => found.extend(*words),
            Shape::Text | Shape::Number | Shape::Boolean | Shape::Moment | Shape::Program => {}
        }
    }

    #[test]
    fn the_readme_names_every_key_and_word_of_the_format() {
        let paper = include_str!("../../corpus/README.md");
        let mut found = BTreeSet::new();
        keys(&FILE, &mut found);
        keys(&PRODUCT_FILE, &mut found);
        // Between two letters that are none of a word, so that `at` is not found in `that`.
        let told: BTreeSet<&str> = paper.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
        let missing: Vec<_> = found.iter().filter(|word| !told.contains(**word)).collect();
        assert!(missing.is_empty(), "rules/corpus/README.md does not say: {missing:?}");
        assert!(found.len() > 100, "{} words", found.len());
    }
}

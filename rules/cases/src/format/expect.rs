//! What a case may state: of the decision, and of the ledger after a step.

use super::{AS, COUNTER, COUPON, LOT, TENDER, USES};
use crate::shape::{Shape, Table};

use Shape::{Boolean, List, Map, Moment, Named, Number, Text, Word};

/// What must come of a receipt.
pub(super) const EXPECT: Table = Table {
    what: "`expect`",
    short: None,
    keys: &[
        ("before", Number),
        ("discount", Number),
        ("total", Number),
        ("lines", List(&Map(&DECIDED_LINE))),
        ("applied", List(&Map(&APPLIED))),
        ("discounts", Named(&Number)),
        ("rewards", List(&Map(&REWARD))),
        ("redemptions", List(&Map(&REDEMPTION))),
        ("redeemable", List(&Map(&REDEEMABLE))),
        ("code_wanted", Text),
        ("prompts", List(&Map(&PROMPT))),
        ("instructions", List(&Map(&INSTRUCTION))),
        ("choices", List(&Map(&CHOICES))),
        ("offers", List(&Map(&OFFER))),
        ("near_misses", List(&Map(&NEAR_MISS))),
        ("codes", List(&Map(&VERDICT))),
        ("counters", List(&Map(&COUNTER))),
        ("promises", List(&Map(&PROMISE))),
        ("notes", List(&Map(&NOTE))),
        ("brakes", List(&Text)),
        ("proven", Boolean),
        ("bound", Number),
        ("explained", Named(&Text)),
    ],
    required: &[],
};

const DECIDED_LINE: Table = Table {
    what: "an expected line",
    short: None,
    keys: &[
        ("line", Text),
        ("sku", Text),
        ("before", Number),
        ("amount", Number),
        ("quantity", Number),
        ("adjustments", Named(&Number)),
        ("parts", List(&Map(&PART))),
        ("added_by", Text),
        ("tax_code", Text),
    ],
    required: &[],
};

const PART: Table = Table {
    what: "a part",
    short: None,
    keys: &[("quantity", Number), ("price", Number), ("amount", Number), ("adjustments", Named(&Number)), ("text", Text)],
    required: &[],
};

const APPLIED: Table = Table {
    what: "an applied campaign",
    short: Some("campaign"),
    keys: &[("campaign", Text), ("times", Number), ("discount", Number)],
    required: &["campaign"],
};

const REWARD: Table = Table {
    what: "a reward",
    short: None,
    keys: &[
        ("campaign", Text),
        ("points", Number),
        ("bonus_money", Number),
        ("certificate", Number),
        ("money", Number),
        ("asset", Text),
        ("coupon", Text),
        ("prize", Text),
        ("ticket", Text),
        ("count", Number),
        ("tier", Text),
        ("vests", Moment),
        ("expires", Moment),
        ("waits_for", List(&Text)),
        ("earned_on", Named(&Number)),
        ("on_return", Word(&["negative", "zero", "deduct_from_refund"])),
        ("fallback", Boolean),
        ("text", Text),
        ("cashier_text", Text),
    ],
    required: &[],
};

const REDEMPTION: Table = Table {
    what: "a redemption",
    short: None,
    keys: &[("asset", Text), ("units", Number), ("amount", Number), ("as", AS), ("paid_on", Named(&Number))],
    required: &[],
};

const REDEEMABLE: Table = Table {
    what: "what may be redeemed",
    short: None,
    keys: &[
        ("asset", Text),
        ("units", Number),
        ("amount", Number),
        ("cap", Word(&["balance", "share", "below_minimum", "not_allowed", "limit", "code", "price_min"])),
    ],
    required: &[],
};

const PROMPT: Table = Table {
    what: "a prompt",
    short: Some("fact"),
    keys: &[
        ("fact", Text),
        ("reason", Word(&["missing", "expired", "unconfirmed", "code_sent"])),
        ("text", Text),
        ("customer_text", Text),
    ],
    required: &["fact"],
};

const INSTRUCTION: Table = Table {
    what: "an instruction",
    short: Some("campaign"),
    keys: &[("campaign", Text), ("id", Text), ("do", Text), ("line", Text), ("quantity", Number), ("text", Text)],
    required: &[],
};

const CHOICES: Table = Table {
    what: "a choice to be made",
    short: Some("campaign"),
    keys: &[("campaign", Text), ("id", Text), ("options", List(&Text)), ("quantity", Number), ("chosen", Text), ("text", Text)],
    required: &["campaign"],
};

const OFFER: Table = Table {
    what: "an offer",
    short: Some("sku"),
    keys: &[("sku", Text), ("campaign", Text), ("line", Text), ("text", Text)],
    required: &["sku"],
};

const VERDICTS: &[&str] =
    &["applied", "not_needed", "unknown", "expired", "used", "not_this_customer", "condition_missing", "not_yet_valid"];

const NEAR_MISS: Table = Table {
    what: "a near miss",
    short: Some("campaign"),
    keys: &[("campaign", Text), ("units", Number), ("spend", Number), ("sku", Text), ("text", Text)],
    required: &["campaign"],
};

const VERDICT: Table = Table {
    what: "a verdict on a code",
    short: None,
    keys: &[("code", Text), ("verdict", Word(VERDICTS)), ("campaign", Text)],
    required: &["code"],
};

const PROMISE: Table = Table {
    what: "a promise",
    short: None,
    keys: &[
        ("asset", Text),
        ("units", Number),
        ("campaign", Text),
        ("counted", Number),
        ("rewarded", Number),
        ("member", Text),
        ("uses", Number),
        ("value", Number),
        ("budget_uses", Number),
        ("budget_units", Number),
        ("budget_value", Number),
        ("by", Text),
        ("code", Text),
    ],
    required: &[],
};

const NOTE: Table = Table {
    what: "a note",
    short: Some("note"),
    keys: &[("note", Text), ("line", Text), ("campaign", Text)],
    required: &["note"],
};

/// What the ledger must have done in a step, and the account after it.
pub(super) const AFTER: Table = Table {
    what: "`after`",
    short: None,
    keys: &[
        ("refund", Number),
        ("refunds", List(&Map(&REFUND))),
        ("deducted", Number),
        ("taken_back", List(&Map(&REWARD))),
        ("given_back", List(&Map(&REDEMPTION))),
        ("beyond", Named(&Number)),
        ("tenders", List(&Map(&TENDER))),
        ("shortfall", Named(&Number)),
        ("flags", List(&Text)),
        ("balance", Named(&Number)),
        ("pending", Named(&Number)),
        ("held", Named(&Number)),
        ("lots", List(&Map(&LOT))),
        ("counters", List(&Map(&COUNTER))),
        ("uses", List(&Map(&USES))),
        ("coupons", List(&Map(&COUPON))),
        ("tiers", Named(&Text)),
        ("visits", Number),
        ("spent", Number),
    ],
    required: &[],
};

const REFUND: Table = Table {
    what: "a refunded line",
    short: None,
    keys: &[("line", Text), ("quantity", Number), ("amount", Number)],
    required: &["line"],
};

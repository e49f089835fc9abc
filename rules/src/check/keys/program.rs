//! Keys of everything in a program file but its campaigns.

use super::Shape::{Boolean, Choice, Decimal, Either, Id, Many, Map, Moment, Percent, Text, Whole, Word};
use super::campaign::{BUDGET, CAMPAIGN, LIMIT, REDEEM_ON};
use super::{Key, Keys, keys, may, must, one_of, words};
use crate::check::asset::{AT_ONCE, KINDS, NEVER};
use crate::check::audience::{ANSWER_MAX, ASK, FORMS};
use crate::check::campaign::USES_MAX;
use crate::check::limits::WHOSE;
use crate::check::{brakes, conventions};
use crate::limits::{BRAKE_DAYS_MAX, BRAKE_RECEIPTS_MAX, CLAIM_HOURS_MAX, COLUMNS_MAX, COLUMNS_MIN, DAYS_MAX, MONTHS_MAX};

pub(crate) const PROGRAM: Keys = keys("program", "a program file", PROGRAM_KEYS);
const PROGRAM_KEYS: &[Key] = &[
    must("program", Id, "The program's id, unique in the business."),
    must("language", Whole(1, 1), "The version of this language; its meaning never changes."),
    must("name", Text, "The program's name for people."),
    must("currency", Word, "The currency of its amounts, three letters."),
    may("time_zone", Word, "The time zone of its dates and hours, a name of the IANA list; else UTC."),
    may("default_language", Word, "The language of texts that say none; else `en`."),
    may("languages", Many(&Word), "The languages that every text for customers should have."),
    may("columns", Whole(COLUMNS_MIN, COLUMNS_MAX), "Characters on a line of the tills; longer texts are warned of."),
    may("four_eyes", Boolean, "Whether a second person must approve before it takes effect."),
    may(
        "claim_within_hours",
        Whole(1, CLAIM_HOURS_MAX),
        "For how many hours after a sale without a customer somebody can claim its rewards; else never.",
    ),
    may(
        "enrolment_code",
        Id,
        "Nobody is enrolled before a code has come back that is sent to their phone: the fact with `confirm: phone` that it confirms.",
    ),
    may("brakes", Map(&BRAKES), "What is done about cards that are used in odd ways; no sale is refused for it."),
    may("conventions", Map(&CONVENTIONS), "Where trades and countries do the same thing differently."),
    may("stacking", Many(&Map(&STACKING)), "Stacking groups that say more than their name."),
    may("assets", Many(&Map(&ASSET)), "What an account can hold."),
    may("tiers", Many(&Map(&TIER)), "Steps of status."),
    may("facts", Many(&Map(&FACT)), "What the program asks its customers."),
    may("segments", Many(&Map(&SEGMENT)), "Groups of customers."),
    may("zones", Many(&Map(&ZONE)), "Groups of stores."),
    may("channels", Many(&Id), "The ways to sell beside `till`, such as `web`."),
    may("events", Many(&Id), "What can happen to a customer beside sales; rewards may wait for it."),
    may("codes", Many(&Map(&CODE)), "What is special about a code."),
    may("series", Many(&Map(&SERIES)), "Things with serial numbers that cashiers hand out and account for."),
    may("limits", Many(&Map(&COMMON_LIMIT)), "Limits that several campaigns, or redemptions, use up together."),
    may("campaigns", Many(&Map(&CAMPAIGN)), "The rules: when, for whom, where, on what, gives what."),
];

pub(crate) const CONVENTIONS: Keys = keys(
    "conventions",
    "`conventions`",
    &[
        may("leftover", Choice(|| words(&conventions::LEFTOVER)), "Where the minor units go that a split leaves over."),
        may("rounding", Choice(|| words(&conventions::ROUNDING)), "How half a minor unit is rounded."),
        may("rounded_per", Choice(|| words(&conventions::ROUNDED_PER)), "What a percentage is rounded over."),
        may("percent_of", Choice(|| words(&conventions::PERCENT_OF)), "What a percentage is taken of."),
        may("order", Choice(|| words(&conventions::ORDER)), "In which order campaigns act; the same in all programs."),
        may("thresholds", Choice(|| words(&conventions::THRESHOLDS)), "Which amounts thresholds look at."),
        may("units", Choice(|| words(&conventions::UNITS)), "Whether an offer uses units up for its stacking group."),
        may("free_units", Choice(|| words(&conventions::FREE_UNITS)), "Where free units come from."),
        may("limited_units", Choice(|| words(&conventions::LIMITED_UNITS)), "Which units a limited offer takes."),
        may("redeemed_earns", Boolean, "Whether what an asset paid for earns all the same."),
        may("unplaced", Choice(|| words(&conventions::UNPLACED)), "What a minimum price leaves of a discount without a place."),
        may(
            "returned_rewards",
            Choice(|| words(&conventions::RETURNED_REWARDS)),
            "What a return of part of a receipt takes back.",
        ),
        may(
            "returned_payment",
            Choice(|| words(&conventions::RETURNED_PAYMENT)),
            "What becomes of assets that paid for returned goods.",
        ),
    ],
);

pub(crate) const BRAKES: Keys = keys(
    "brakes",
    "`brakes`",
    &[
        may("velocity", Many(&Map(&VELOCITY)), "How many receipts one card may have."),
        may(
            "own_till",
            Choice(|| words(&brakes::THEN)),
            "What becomes of rewards of a cashier's own card where that cashier sells.",
        ),
        may("review_above", Many(&Map(&REVIEW_ABOVE)), "What somebody must look at before it is given."),
    ],
);

pub(crate) const VELOCITY: Keys = keys(
    "velocity",
    "a velocity",
    &[
        must("receipts_max", Whole(1, BRAKE_RECEIPTS_MAX), "So many receipts are usual."),
        may("at", Choice(|| words(&brakes::AT)), "Counted `anywhere`, at one `cashier` or at one `till`; else anywhere."),
        may("days", Whole(1, BRAKE_DAYS_MAX), "Within so many trading days, today's among them; else 1."),
        may(
            "then",
            Choice(|| words(&brakes::THEN)),
            "What becomes of rewards beyond it: `review`, they wait for somebody to look, or `nothing`; else `review`.",
        ),
    ],
);

pub(crate) const REVIEW_ABOVE: Keys = keys(
    "review_above",
    "`review_above`",
    &[must("asset", Id, "An asset of this file."), must("units", Decimal, "Up to so many on one receipt nobody need look.")],
);

pub(crate) const COMMON_LIMIT: Keys = keys(
    "common_limit",
    "a limit of its own",
    &[
        must("id", Id, "Unique over all programs."),
        may("campaigns", Many(&Id), "The campaigns that use it up; else all that take money off, or that give the asset."),
        may("asset", Id, "It counts units of this asset that campaigns give."),
        may("redeemed", Id, "It counts units of this asset that are redeemed."),
        may("stores", Many(&Id), "Only for sales in these stores."),
        may("zones", Many(&Word), "Only for sales in the stores of these zones."),
        may("segments", Many(&Id), "Only for customers who are in one of these."),
        may("per_receipt", Either(&[Whole(1, USES_MAX), Map(&LIMIT)]), "On one receipt."),
        may("per_customer", Either(&[Whole(1, USES_MAX), Map(&LIMIT)]), "By one customer, ever."),
        may("per_customer_day", Either(&[Whole(1, USES_MAX), Map(&LIMIT)]), "By one customer on one trading day."),
        may("per_customer_month", Either(&[Whole(1, USES_MAX), Map(&LIMIT)]), "By one customer in one month of trading days."),
        may("per_day", Either(&[Whole(1, USES_MAX), Map(&LIMIT)]), "By all customers together on one trading day."),
        may(
            "per",
            Choice(|| words(&WHOSE)),
            "Whose uses `per_customer` counts: the account's, or each member's of a household; else `account`.",
        ),
        may("budget", Map(&BUDGET), "What it may cost over all sales."),
    ],
);

pub(crate) const STACKING: Keys = keys(
    "stacking_group",
    "a stacking group",
    &[
        must("id", Word, "The name that campaigns give under `group`."),
        may("best_by", Choice(|| words(&conventions::BEST_BY)), "What its best deal is best by."),
    ],
);

pub(crate) const ASSET: Keys = keys(
    "asset",
    "an asset",
    &[
        must("id", Id, "Unique over all programs."),
        must("kind", Choice(|| words(&KINDS)), "What kind of thing it is."),
        may("scale", Whole(0, 6), "Digits after the point."),
        may("expires", Either(&[Choice(|| vec![NEVER]), Map(&EXPIRES)]), "How long it lasts."),
        may("vests", Either(&[Choice(|| vec![AT_ONCE]), Map(&AFTER_DAYS)]), "From when it can be used."),
        may("worth_minor", Decimal, "What one unit is worth in minor units of money, such as pence."),
        may("redeem", Map(&REDEEM), "How it pays; else it does not."),
    ],
);

pub(crate) const EXPIRES: Keys = one_of(
    "expires",
    "`expires`",
    &[
        may("after_days", Whole(1, DAYS_MAX), "To the end of the day so many days after the sale."),
        may("on", Word, "To the end of this day, such as `2027-03-31`; after it none is given."),
        may("end_of_month", Whole(0, MONTHS_MAX), "To the end of the month so many months after the sale's; 0 is its own."),
        may("after_idle_days", Whole(1, DAYS_MAX), "To the end of the day so many days after the last sale."),
    ],
    &EXPIRIES,
);

/// The keys of which `expires` has exactly one.
pub(crate) const EXPIRIES: [&str; 4] = ["after_days", "on", "end_of_month", "after_idle_days"];

pub(crate) const AFTER_DAYS: Keys =
    keys("after_days", "the time", &[must("after_days", Whole(1, DAYS_MAX), "So many days after the sale.")]);

pub(crate) const REDEEM: Keys = keys(
    "redeem",
    "`redeem`",
    &[
        may("minimum_units", Decimal, "The fewest units at once."),
        may("step_units", Decimal, "Only multiples of so many."),
        may("share_percent_max", Percent, "At most this share of the goods that it may pay."),
        may("on", Map(&REDEEM_ON), "It pays only these goods; else all."),
        may("code", Map(&REDEEM_CODE), "A code that is sent to the customer, and wanted before much is paid."),
    ],
);

pub(crate) const REDEEM_CODE: Keys = keys(
    "redeem_code",
    "`code`",
    &[
        must("above", Decimal, "Up to this worth on one receipt none is wanted."),
        must("to", Id, "The fact that it is sent to: one with `confirm: phone` or `confirm: email`."),
        may("text", Text, "What the cashier asks for it."),
    ],
);

pub(crate) const TIER: Keys = keys(
    "tier",
    "a tier",
    &[
        must("id", Id, "Unique in the program."),
        may("name", Text, "For people."),
        may("multiplier", Decimal, "What its members' points are multiplied by."),
        may("reached", Map(&REACHED), "What must have been counted to reach it; else it can only be given."),
    ],
);

pub(crate) const REACHED: Keys = keys(
    "reached",
    "`reached`",
    &[
        must("counter", Id, "A campaign with `count`."),
        must("at_least", Decimal, "So much must have been counted, within the counter's time."),
        may(
            "keeps",
            Whole(0, 60),
            "It is kept so many of the counter's stretches after the last in which it was reached; else 0.",
        ),
        may("grace_days", Whole(0, 366), "And so many days more; else 0."),
    ],
);

pub(crate) const FACT: Keys = keys(
    "fact",
    "a fact",
    &[
        must("id", Id, "Unique over all programs."),
        may("valid_for_days", Whole(1, DAYS_MAX), "How long an answer is good for; else for ever."),
        may("ask", Map(&ASK_KEYS), "When the cashier asks; else whenever it is not known."),
        must("text", Text, "What the cashier asks."),
        may(
            "confirm",
            Either(&[Boolean, Choice(|| vec!["phone", "email"])]),
            "Whether it counts only once it is confirmed: `true`, people check it; `phone` or `email`, a code is sent to it.",
        ),
        may("answer", Choice(|| words(&FORMS)), "What an answer looks like: `yes_no`, or `number`, a whole one; else a text."),
        may("at_least", Whole(0, ANSWER_MAX), "With `answer: number`: the least; else 0."),
        may("at_most", Whole(0, ANSWER_MAX), "With `answer: number`: the greatest; else 1000000000."),
        may("values", Many(&Word), "Answers to choose from; conditions in CEL tell them apart, as those of segments."),
        may("segments", Many(&Id), "Who has it: nobody else is asked, and no reward waits for it."),
        may("lapses_for", Many(&Id), "Whose answer `valid_for_days` is about; else everybody's."),
    ],
);

pub(crate) const ASK_KEYS: Keys = keys(
    "ask",
    "`ask`",
    &[
        must("when", Choice(|| words(&ASK)), "At which moment."),
        may("amount", Decimal, "For `reward_worth_at_least`: from which worth on."),
    ],
);

pub(crate) const SEGMENT: Keys = one_of(
    "segment",
    "a segment",
    &[
        must("id", Id, "Unique in the program."),
        may("list", Id, "Who is on this imported list."),
        may("tier", Many(&Id), "Who has one of these tiers."),
        may("fact", Map(&SEGMENT_FACT), "Of whom this fact is known."),
        may("condition", Word, "For whom this condition in CEL holds."),
    ],
    &["list", "tier", "fact", "condition"],
);

pub(crate) const SEGMENT_FACT: Keys = keys(
    "segment_fact",
    "`fact`",
    &[must("id", Id, "A fact of this file."), may("values", Many(&Word), "Only with one of these values.")],
);

pub(crate) const ZONE: Keys = keys(
    "zone",
    "a zone",
    &[
        must("id", Word, "Unique in the program."),
        must("stores", Many(&Id), "Its stores."),
        may("language", Word, "What their cashiers speak; else `default_language`."),
    ],
);

pub(crate) const SERIES: Keys = keys(
    "series",
    "a series",
    &[must("id", Id, "Unique over all programs."), must("name", Text, "What is handed out, for people.")],
);

pub(crate) const CODE: Keys = keys(
    "code",
    "a code",
    &[
        must("code", Word, "The code as the till reads it."),
        may("single_use", Boolean, "Whether it works once only."),
        may("from", Moment, "The first moment when it works."),
        may("until", Moment, "The first moment when it is over."),
    ],
);

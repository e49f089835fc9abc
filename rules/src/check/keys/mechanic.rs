//! Keys of the mechanics and of what they give.

use super::Shape::{Boolean, Choice, Decimal, Either, Id, Many, Map, Percent, Whole, Word};
use super::campaign::{GROUP_ON, SUGGEST, TO};
use super::{Key, Keys, Shape, keys, may, must, one_of, words};
use crate::check::counting::COUNTED_WORDS;
use crate::check::ladder::{MEASURED, MODES};
use crate::check::mechanic::UNITS_MAX;
use crate::check::rewards::PIECES_MAX;
use crate::check::sets::WHICH;
use crate::limits::{ADDED_UNITS_MAX, DAYS_MAX};

/// The ways in which something becomes cheaper.
pub(crate) const OFF: [&str; 3] = ["percent_off", "amount_off", "fixed_price"];
/// The same for units that may also be free.
pub(crate) const OFF_OR_FREE: [&str; 4] = ["free", "percent_off", "amount_off", "fixed_price"];

pub(crate) const LADDER: Keys = keys(
    "ladder",
    "`ladder`",
    &[
        must("by", Choice(|| words(&MEASURED)), "What the steps are counted in."),
        may("mode", Choice(|| words(&MODES)), "Whether a step holds for all units or only for those above it."),
        must("steps", Many(&Map(&STEP)), "In ascending order."),
    ],
);

pub(crate) const STEP: Keys = one_of(
    "step",
    "a step",
    &[
        must("from", Decimal, "From so many units, or so much money, on."),
        may("percent_off", Percent, "So many percent off."),
        may("amount_off", Decimal, "So much off each unit."),
        may("fixed_price", Decimal, "One unit costs this."),
    ],
    &OFF,
);

pub(crate) const N_FOR_M: Keys = keys(
    "n_for_m",
    "`n_for_m`",
    &[
        must("take", Whole(2, UNITS_MAX), "Units of a set."),
        must("pay", Whole(1, UNITS_MAX), "Units of it that are paid."),
        may("free", Choice(|| words(&WHICH)), "Which units are free; else the cheapest."),
    ],
);

pub(crate) const NTH_UNIT: Keys = one_of(
    "nth_unit",
    "`nth_unit`",
    &[
        must("nth", Whole(2, UNITS_MAX), "2: every second unit."),
        may("free", Boolean, "It is free."),
        may("percent_off", Percent, "So many percent off it."),
        may("amount_off", Decimal, "So much off it."),
        may("fixed_price", Decimal, "It costs this."),
        may("which", Choice(|| words(&WHICH)), "Which unit of a set it is; else the cheapest."),
    ],
    &OFF_OR_FREE,
);

pub(crate) const BUY_GET: Keys = keys(
    "buy_get",
    "`buy_get`",
    &[must("buy", Many(&Map(&GROUP)), "What must be bought."), must("get", Map(&GET), "What becomes cheaper.")],
);

pub(crate) const GROUP: Keys = keys(
    "group",
    "a group",
    &[
        may("on", Map(&GROUP_ON), "Of these goods; else of the campaign's."),
        may("units", Whole(1, UNITS_MAX), "So many units; else 1."),
    ],
);

pub(crate) const GET: Keys = one_of(
    "get",
    "`get`",
    &[
        may("on", Map(&GROUP_ON), "Of these goods; else of the campaign's."),
        may("units", Whole(1, UNITS_MAX), "So many units; else 1."),
        may("free", Boolean, "They are free."),
        may("percent_off", Percent, "So many percent off them."),
        may("amount_off", Decimal, "So much off each."),
        may("fixed_price", Decimal, "Each costs this."),
        may("which", Choice(|| words(&WHICH)), "Which units they are; else the cheapest."),
    ],
    &OFF_OR_FREE,
);

pub(crate) const SETS: Keys = one_of(
    "sets",
    "a set",
    &[
        must("groups", Many(&Map(&GROUP)), "What a set consists of."),
        may("price", Decimal, "The set costs this."),
        may("percent_off", Percent, "So many percent off the set."),
        may("amount_off", Decimal, "So much off the set."),
    ],
    &["price", "percent_off", "amount_off"],
);

pub(crate) const EXTRA_UNITS: Keys = keys(
    "extra_units",
    "`extra_units`",
    &[
        must("every", Whole(1, UNITS_MAX), "For every so many units of a line."),
        must("add", Whole(1, UNITS_MAX), "So many more at zero."),
    ],
);

pub(crate) const SPEND: Keys = keys(
    "spend",
    "`spend`",
    &[
        must("at_least", Decimal, "From so much on, spent on the campaign's goods."),
        must("give", Map(&GIVE), "What it gives."),
        may("repeating", Boolean, "Again for every further such amount."),
    ],
);

pub(crate) const POINTS: Keys = keys(
    "points",
    "`points`",
    &[
        must("per", Either(&[Decimal, Map(&EARN_PER)]), "For each such amount, or for what the map says."),
        must("units", Decimal, "So many units of the asset."),
        may("asset", Id, "Which; may be left out where there is only one."),
    ],
);

pub(crate) const EARN_PER: Keys = one_of(
    "earn_per",
    "`per`",
    &[
        may("money", Decimal, "For each such amount."),
        may("units", Whole(1, UNITS_MAX), "For each so many units."),
        may("measure", Decimal, "For each so much of a measure, such as litres."),
        may("visit", Boolean, "For the receipt."),
    ],
    &["money", "units", "measure", "visit"],
);

pub(crate) const MULTIPLY_POINTS: Keys = keys(
    "multiply_points",
    "`multiply_points`",
    &[must("by", Decimal, "2: double points."), may("asset", Id, "Which; may be left out where there is only one.")],
);

pub(crate) const COUNT: Keys = keys(
    "count",
    "`count`",
    &[
        may(
            "counted",
            Choice(|| words(&COUNTED_WORDS)),
            "Units, money, visits, points, or days, weeks or months with a visit; else units.",
        ),
        may("asset", Id, "Of what points, where they are counted; may be left out where there is only one."),
        may(
            "within",
            Map(&WITHIN),
            "Only what was counted in these stretches of the calendar, the present one among them; else ever.",
        ),
        may("in_a_row", Boolean, "Days, weeks or months one after another: it begins anew where one is left out."),
        may("every", Decimal, "For every so many, or so much; without it and `give` it only counts, for tiers and conditions."),
        may("give", Map(&GIVE), "What it gives."),
    ],
);

pub(crate) const WITHIN: Keys = one_of(
    "within",
    "`within`",
    &[
        may("days", STRETCHES, "Today and the days before it, so many in all."),
        may("weeks", STRETCHES, "This week, from Monday on, and those before it, so many in all."),
        may("months", STRETCHES, "This month and those before it, so many in all."),
        may("quarters", STRETCHES, "This quarter and those before it, so many in all."),
        may("years", STRETCHES, "This year and those before it, so many in all."),
    ],
    &["days", "weeks", "months", "quarters", "years"],
);
const STRETCHES: Shape = Whole(1, 60);

pub(crate) const GRANT: Keys = keys("grant", "`grant`", &[must("give", Map(&GIVE), "What it gives.")]);

pub(crate) const OFFER: Keys = keys(
    "offer",
    "`offer`",
    &[
        may("to", Map(&TO), "To who buys these; else to everybody."),
        must("suggest", Map(&SUGGEST), "What is suggested."),
        may("limit", Whole(1, 10), "At most so many; else 1."),
    ],
);

/// What a threshold, a counter or a moment can give.
pub(crate) const GIVES: [&str; 9] = ["percent", "amount", "points", "gift", "choice", "prize", "coupon", "status", "tickets"];
const GIVE_KEYS: &[Key] = &[
    may("percent", Percent, "So many percent off the campaign's goods."),
    may("amount", Decimal, "So much off the campaign's goods."),
    may("points", Map(&GIVE_POINTS), "Units of an asset."),
    may("gift", Map(&GIFT), "A product at zero."),
    may("choice", Map(&CHOICE), "One of several products at zero; the customer chooses."),
    may("prize", Either(&[Word, Map(&PRIZE)]), "A thing that the cashier hands over."),
    may("coupon", Either(&[Id, Map(&COUPON)]), "A personal coupon that opens another campaign."),
    may("status", Either(&[Id, Map(&STATUS)]), "A tier."),
    may("tickets", Either(&[Word, Map(&TICKETS)]), "Entries of a draw."),
];
pub(crate) const GIVE: Keys = one_of("give", "`give`", GIVE_KEYS, &GIVES);

pub(crate) const GIVE_POINTS: Keys = keys(
    "give_points",
    "`points`",
    &[must("units", Decimal, "So many."), may("asset", Id, "Which; may be left out where there is only one.")],
);

pub(crate) const GIFT: Keys = keys(
    "gift",
    "`gift`",
    &[must("sku", Id, "The article."), may("quantity", Whole(1, ADDED_UNITS_MAX), "So many pieces; else 1.")],
);

pub(crate) const CHOICE: Keys = keys(
    "choice",
    "`choice`",
    &[
        must("skus", Many(&Id), "The articles to choose from."),
        may("quantity", Whole(1, ADDED_UNITS_MAX), "So many pieces; else 1."),
    ],
);

pub(crate) const PRIZE: Keys = keys(
    "prize",
    "`prize`",
    &[
        must("id", Word, "The thing."),
        may("count", Whole(1, PIECES_MAX), "So many; else 1."),
        may("series", Id, "Each has a serial number of this series, which the cashier tells."),
    ],
);

pub(crate) const COUPON: Keys = keys(
    "coupon",
    "`coupon`",
    &[
        must("campaign", Id, "The campaign that it opens, with `coupon_only: true`."),
        may("days", Whole(1, DAYS_MAX), "For so many days; else for ever."),
    ],
);

pub(crate) const STATUS: Keys = keys(
    "status",
    "`status`",
    &[
        must("tier", Id, "The tier."),
        may("days", Whole(1, DAYS_MAX), "For so many days; else for ever."),
        may(
            "extends",
            Boolean,
            "Whether who has it already keeps it so many days longer; else it lasts so many days from now, or as it did.",
        ),
    ],
);

pub(crate) const TICKETS: Keys =
    keys("tickets", "`tickets`", &[must("draw", Word, "The draw."), may("count", Whole(1, PIECES_MAX), "So many; else 1.")]);

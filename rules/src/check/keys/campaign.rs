//! Keys of a campaign beside its mechanic.

use super::Shape::{Boolean, Choice, Decimal, Either, Hours, Id, Many, Map, MapOf, Moment, Percent, Text, Whole, Word};
use super::mechanic::{
    BUY_GET, COUNT, COUPON, EXTRA_UNITS, GRANT, LADDER, MULTIPLY_POINTS, N_FOR_M, NTH_UNIT, OFFER, POINTS, SETS, SPEND,
};
use super::{Key, Keys, keys, may, must, words};
use crate::cashier::TASKS;
use crate::check::campaign::{BARCODES, ON_RETURN, PRIORITY_MAX, SHOW_AS, USES_MAX, WAITS_FOR};
use crate::check::conditions::TENDERS;
use crate::check::limits::WHOSE;
use crate::check::mechanic::{LEVELS, PER};
use crate::check::occasion::BROUGHT;
use crate::check::validity::WEEKDAYS;
use crate::limits::DAYS_MAX;

/// The keys of which a campaign has exactly one.
pub(crate) const MECHANICS: [&str; 17] = [
    "percent_off",
    "amount_off",
    "fixed_price",
    "price_list",
    "ladder",
    "n_for_m",
    "nth_unit",
    "buy_get",
    "mix_and_match",
    "bundle",
    "extra_units",
    "spend",
    "points",
    "multiply_points",
    "count",
    "grant",
    "offer",
];

pub(crate) const CAMPAIGN: Keys = Keys { name: "campaign", what: "a campaign", keys: CAMPAIGN_KEYS, one_of: &MECHANICS };
const CAMPAIGN_KEYS: &[Key] = &[
    must("id", Id, "Unique over all programs."),
    must("name", Text, "For people."),
    may("text", Text, "What the customer is told; else the name."),
    may("near_text", Text, "What is said where little is missing; `{missing}` stands for how much."),
    may("valid", Map(&VALID), "When it is on; else always."),
    may("stores", Many(&Id), "Only in these stores."),
    may("zones", Many(&Word), "Only in the stores of these zones."),
    may("pilot_stores", Many(&Id), "For now only in these of its stores."),
    may("channels", Many(&Id), "Only for sales through these channels: `till`, or one of the program's `channels`."),
    may("segments", Many(&Id), "Only for customers who are in one of these."),
    may("tiers", Many(&Id), "Only for customers with one of these tiers."),
    may("code", Word, "The code that opens it."),
    may("codes", Many(&Word), "Codes of which one opens it."),
    may("coupon_only", Boolean, "Whether only a personal coupon opens it."),
    may("barcode", Choice(|| words(&BARCODES)), "How the coupons that open it are printed; else `code128`."),
    may("customers_only", Boolean, "Whether it is for known customers only."),
    may("for", Either(&[Choice(|| vec!["enrolment"]), Map(&FOR)]), "What it is given for, where that is no receipt."),
    may("when", Either(&[Word, Map(&WHEN)]), "What else must hold; a condition in CEL may stand alone."),
    may("on", Map(&ON), "The goods that it is about; else all."),
    may("level", Choice(|| words(&LEVELS)), "Off lines or off the basket."),
    may("per", Choice(|| words(&PER)), "What an amount is taken off."),
    may("priority", Whole(-PRIORITY_MAX, PRIORITY_MAX), "The higher acts first; else 0."),
    may("group", Word, "Its stacking group; else `default`."),
    may("show_as", Choice(|| words(&SHOW_AS)), "How free units stand on the receipt."),
    may("fallback", Either(&[Choice(|| vec!["none"]), Map(&FALLBACK)]), "What it becomes when the sale could not ask in time."),
    may("costs", Map(&COSTS), "Units of an asset that each use takes out of the account."),
    may("limits", Map(&LIMITS), "How often it may be used."),
    may("caps", Map(&CAPS), "How much it may give at most."),
    may("budget", Map(&BUDGET), "What it may cost over all sales."),
    may("control_group", Percent, "So many percent of the customers never get it."),
    may("on_return", Choice(|| words(&ON_RETURN)), "What a return does when its reward is used up."),
    may("funded_by", Either(&[Word, MapOf(&Percent)]), "Who pays for it: `own`, a supplier, or shares that sum to 100."),
    may(
        "waits_for",
        Either(&[Choice(|| words(&WAITS_FOR)), Map(&AWAITED)]),
        "What must come about before its reward is given: the customer's `next_visit`, their `enrolment`, or an event.",
    ),
    may("requires_answers", Many(&Id), "Facts that must be answered before its reward is given."),
    may("cashier", Many(&Map(&DUTY)), "What the cashier must do where it acts."),
    may("percent_off", Percent, "So many percent off."),
    may("amount_off", Decimal, "So much off."),
    may("fixed_price", Decimal, "One unit costs this."),
    may("price_list", MapOf(&Decimal), "A price of its own for each product."),
    may("ladder", Map(&LADDER), "The more, the cheaper."),
    may("n_for_m", Map(&N_FOR_M), "Take so many, pay for fewer."),
    may("nth_unit", Map(&NTH_UNIT), "Every so many-th unit is cheaper."),
    may("buy_get", Map(&BUY_GET), "Buy these, get those cheaper."),
    may("mix_and_match", Map(&SETS), "Units out of groups, together cheaper."),
    may("bundle", Map(&SETS), "Certain goods, together cheaper."),
    may("extra_units", Map(&EXTRA_UNITS), "For every so many units more at zero."),
    may("spend", Map(&SPEND), "Something from an amount on."),
    may("points", Map(&POINTS), "Units of an asset for money, units, a measure or the visit."),
    may("multiply_points", Map(&MULTIPLY_POINTS), "What `points` campaigns give on these goods, times this."),
    may("count", Map(&COUNT), "Something for every so many over receipts."),
    may("grant", Map(&GRANT), "Something for coming with the right goods, code or moment."),
    may("offer", Map(&OFFER), "Products suggested for products bought."),
];

pub(crate) const VALID: Keys = keys(
    "valid",
    "`valid`",
    &[
        may("from", Moment, "The first moment when it is on."),
        may("until", Moment, "The first moment when it is over."),
        may("weekdays", Many(&Choice(|| words(&WEEKDAYS))), "Only on these days."),
        may("hours", Many(&Hours), "Only at these hours, such as `\"09:00-11:00\"`."),
    ],
);

pub(crate) const DUTY: Keys = keys(
    "duty",
    "a duty of the cashier",
    &[
        must("do", Choice(|| words(&TASKS)), "What is to be done; without what is collected or checked it gives nothing."),
        must("text", Text, "What the cashier is told."),
    ],
);

pub(crate) const FOR: Keys = Keys {
    name: "for",
    what: "`for`",
    keys: &[
        may("answers", Many(&Id), "The customer has answered all of these facts."),
        may("referral", Choice(|| words(&BROUGHT)), "To who brings a customer, once that one has come so far."),
    ],
    one_of: &["answers", "referral"],
};

pub(crate) const WHEN: Keys = keys(
    "when",
    "`when`",
    &[
        may("spend_at_least", Decimal, "The goods of the receipt cost at least so much."),
        may("units_at_least", Whole(1, USES_MAX), "So many units of the campaign's goods are on the receipt."),
        may("tender", Map(&TENDER), "How it is paid."),
        may("birthday", Map(&BIRTHDAY), "The customer's birthday is near."),
        may("visits", Map(&VISITS), "How many receipts the customer has had before this one."),
        may("enrolled_days_max", Whole(1, DAYS_MAX), "The customer enrolled at most so many days ago."),
        may("counted", Map(&COUNTED), "A counter over receipts has come so far."),
        may("chance_percent", Percent, "So many percent of the receipts win it, drawn at the till."),
        may("condition", Word, "A condition in CEL over receipt, customer, account, store and time."),
    ],
);

pub(crate) const TENDER: Keys = keys(
    "tender",
    "`tender`",
    &[
        must("kind", Many(&Choice(|| words(&TENDERS))), "Any of these means of payment."),
        may("share_percent_at_least", Percent, "They pay at least this share; points without it count the share paid so."),
    ],
);

pub(crate) const BIRTHDAY: Keys = keys(
    "birthday",
    "`birthday`",
    &[
        must("fact", Id, "The fact that holds the day, as `1990-02-28` or `02-28`."),
        may("days_before", Whole(0, 180), "So many days before it already."),
        may("days_after", Whole(0, 180), "So many days after it still."),
    ],
);

pub(crate) const VISITS: Keys = keys(
    "visits",
    "`visits`",
    &[
        may("at_least", Whole(0, USES_MAX), "At least so many."),
        may("at_most", Whole(0, USES_MAX), "At most so many; 0 is the first receipt."),
    ],
);

pub(crate) const COUNTED: Keys = keys(
    "counted",
    "`counted`",
    &[
        must("campaign", Id, "A campaign with `count`."),
        must("at_least", Whole(1, USES_MAX), "It has counted so many before this receipt; money in major units."),
    ],
);

const VALUES: super::Shape = Either(&[Many(&Word), Map(&BETWEEN)]);
pub(crate) const BETWEEN: Keys = keys(
    "between",
    "the numbers of an attribute",
    &[may("at_least", Decimal, "The least that is meant."), may("at_most", Decimal, "The greatest that is meant.")],
);
pub(crate) const GROUP_ON: Keys = keys("group_on", "`on` of a group", LINE_SELECTOR_KEYS);
pub(crate) const ON: Keys = keys("on", "`on`", LINE_SELECTOR_KEYS);
pub(crate) const TO: Keys = keys("to", "`to`", LINE_SELECTOR_KEYS);
const LINE_SELECTOR_KEYS: &[Key] = &[
    may("sku", Many(&Id), "One of these articles."),
    may("category", Many(&Word), "In one of these categories, at any depth, such as `food/pasta`."),
    may("attribute", MapOf(&VALUES), "Each of these attributes has one of these values, or is such a number."),
    may("measured", Boolean, "Only weighed and measured goods, or only counted ones."),
    may("except", Map(&EXCEPT), "But none of these."),
    may("where", Word, "A condition in CEL that each of its lines must meet."),
];
pub(crate) const SUGGEST: Keys = keys("suggest", "`suggest`", SELECTOR_KEYS);
const SELECTOR_KEYS: &[Key] = &[
    may("sku", Many(&Id), "One of these articles."),
    may("category", Many(&Word), "In one of these categories, at any depth, such as `food/pasta`."),
    may("attribute", MapOf(&VALUES), "Each of these attributes has one of these values, or is such a number."),
    may("measured", Boolean, "Only weighed and measured goods, or only counted ones."),
    may("except", Map(&EXCEPT), "But none of these."),
    may("where", Word, "A condition in CEL that each `product` must meet."),
];

pub(crate) const REDEEM_ON: Keys = keys("redeem_on", "`on` of `redeem`", PAID_SELECTOR_KEYS);
const PAID_SELECTOR_KEYS: &[Key] = &[
    may("sku", Many(&Id), "One of these articles."),
    may("category", Many(&Word), "In one of these categories, at any depth, such as `food/pasta`."),
    may("attribute", MapOf(&VALUES), "Each of these attributes has one of these values, or is such a number."),
    may("measured", Boolean, "Only weighed and measured goods, or only counted ones."),
    may("except", Map(&EXCEPT), "But none of these."),
];

pub(crate) const EXCEPT: Keys = keys(
    "except",
    "`except`",
    &[
        may("sku", Many(&Id), "None of these articles."),
        may("category", Many(&Word), "In none of these categories."),
        may("attribute", MapOf(&VALUES), "With none of these values, and no such number."),
    ],
);

pub(crate) const COSTS: Keys = keys(
    "costs",
    "`costs`",
    &[
        must("units", Decimal, "So many units for each use."),
        may("asset", Id, "Of this asset; else of the only one of the file."),
    ],
);

pub(crate) const FALLBACK: Keys = Keys {
    name: "fallback",
    what: "`fallback`",
    keys: &[
        may("points", Id, "Points of this asset, worth the same."),
        may("coupon", Either(&[Id, Map(&COUPON)]), "A personal coupon that opens another campaign."),
    ],
    one_of: &["points", "coupon"],
};

pub(crate) const LIMITS: Keys = keys(
    "limits",
    "`limits`",
    &[
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
    ],
);

pub(crate) const LIMIT: Keys = keys(
    "limit",
    "a limit",
    &[
        may("uses", Whole(1, USES_MAX), "So many uses."),
        may("units", Whole(1, USES_MAX), "So many units of goods."),
        may("value", Decimal, "So much money off."),
        may("points", Decimal, "So many points given."),
    ],
);

pub(crate) const CAPS: Keys = keys(
    "caps",
    "`caps`",
    &[
        may("per_line", Decimal, "At most so much off one line."),
        may("per_receipt", Decimal, "At most so much off the receipt."),
        may("percent_of_basket", Percent, "At most this share of the goods as rung up."),
        may("points_per_receipt", Decimal, "At most so many points."),
    ],
);

pub(crate) const BUDGET: Keys = Keys {
    name: "budget",
    what: "`budget`",
    keys: &[
        may("uses", Whole(1, 1_000_000_000), "So many uses."),
        may("amount", Decimal, "So much money off."),
        may("points", Decimal, "So many points."),
    ],
    one_of: &["uses", "amount", "points"],
};

pub(crate) const AWAITED: Keys =
    keys("waits_for", "`waits_for`", &[must("event", Id, "One of the program's `events`, which people report.")]);

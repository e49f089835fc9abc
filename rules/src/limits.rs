//! The limits of the program language and of what it is evaluated on, each with its unit and reason.
//!
//! Whoever takes a receipt in checks it against these; the assertions at the end prove that no sum or
//! product of the evaluation leaves 64 bits then.

use crate::money::{Amount, Quantity, UnitPrice};

/// Lines a receipt: a cash server's largest known receipt has 600.
pub const RECEIPT_LINES_MAX: usize = 1_000;
/// Codes presented with one receipt.
pub const RECEIPT_CODES_MAX: usize = 20;
/// The largest amount of one line: ten thousand million major units of a currency with two digits.
pub const LINE_AMOUNT_MAX: Amount = Amount::from_minor(1_000_000_000_000);
/// The largest quantity of one line: a thousand million pieces.
pub const LINE_QUANTITY_MAX: Quantity = Quantity::from_milli(1_000_000_000_000);
/// The largest price of one unit: a thousand million major units.
pub const UNIT_PRICE_MAX: UnitPrice = UnitPrice::from_micros(1_000_000_000_000_000);
/// Points that one minor unit may earn, in the asset's smallest unit, multipliers included.
pub const EARN_UNITS_PER_MINOR_MAX: i64 = 1_000;
/// The largest multiplier of a tier.
pub const TIER_MULTIPLIER_MAX: i64 = 100;

/// Bytes of one program file: a thousand campaigns with their texts fit twice.
pub const PROGRAM_BYTES_MAX: usize = 1 << 20;
/// Depth of nesting in a program file; the language itself needs eight.
pub const PROGRAM_DEPTH_MAX: usize = 32;
/// Bytes of one expression: a list of a few hundred article numbers fits.
pub const EXPRESSION_BYTES_MAX: usize = 4_096;
/// Levels of one expression; `&&` and `||` in a row are one level.
pub const EXPRESSION_DEPTH_MAX: usize = 32;
/// Parts of one expression: a list of as many article numbers as its bytes can hold.
pub const EXPRESSION_NODES_MAX: usize = 1_024;
/// Bytes of a text that an expression makes: longer than every text that a receipt can hold.
pub const EXPRESSION_TEXT_BYTES_MAX: usize = 65_536;
/// Bytes of a compiled pattern of `matches`.
pub const EXPRESSION_PATTERN_BYTES_MAX: usize = 65_536;
/// Steps that the free conditions of one campaign may take on one receipt; as [`crate::cel::Expression::eval`] counts
/// them.
pub const CONDITION_STEPS_MAX: u64 = 100_000;
/// Steps that all free conditions of one evaluation may take together.
pub const CONDITIONS_STEPS_MAX: u64 = 2_000_000;
/// Steps of conditions that count as one step of the evaluation: each is so much smaller.
pub const CONDITION_STEPS_PER_STEP: u64 = 16;
/// Steps of one ladder.
pub const LADDER_STEPS_MAX: usize = 32;
/// Groups of one set: the search for the best deal branches over them.
pub const SET_GROUPS_MAX: usize = 8;
/// Products of one choice, as the till's contract has it.
pub const CHOICE_OPTIONS_MAX: usize = 32;
/// Limits of its own of a program: each is worked out for every receipt.
pub const COMMON_LIMITS_MAX: usize = 32;
/// Competing campaigns warned of in one file; more would not be read.
pub const OVERLAPS_REPORTED_MAX: usize = 20;
/// Hours after which a sale can no longer be claimed, at most: thirty days.
pub const CLAIM_HOURS_MAX: i64 = 720;
/// The narrowest and the widest line of a till, in characters.
pub const COLUMNS_MIN: i64 = 10;
/// See [`COLUMNS_MIN`].
pub const COLUMNS_MAX: i64 = 200;
/// Mistakes reported per compilation; more would not be read.
pub const DIAGNOSTICS_MAX: usize = 200;
/// Campaigns a revision.
pub const REVISION_CAMPAIGNS_MAX: usize = 100_000;
/// Stacking groups a revision: one bit each in a unit's mark of use.
pub const STACKING_GROUPS_MAX: usize = 64;
/// Products a catalogue.
pub const CATALOGUE_PRODUCTS_MAX: usize = 10_000_000;
/// Depth of the catalogue's tree.
pub const CATEGORY_DEPTH_MAX: usize = 16;
/// Characters of one text for a screen, footer or message.
pub const TEXT_CHARACTERS_MAX: usize = 500;
/// Digits after the point of an asset.
pub const ASSET_SCALE_MAX: u8 = 6;
/// Days that an expiry, a vesting or a fact's validity may last: a hundred years.
pub const DAYS_MAX: i64 = 36_500;

/// Receipts that a velocity of `brakes` may allow.
pub const BRAKE_RECEIPTS_MAX: i64 = 10_000;
/// Trading days over which receipts are counted for brakes: an account remembers no more.
pub const BRAKE_DAYS_MAX: i64 = 7;
/// Velocities a program: each is worked out for every receipt.
pub const VELOCITIES_MAX: usize = 8;

/// Stretches of the calendar that a counter remembers: five years of months.
pub const STRETCHES_MAX: u16 = 60;

/// Months that a program can name: a hundred years.
pub const MONTHS_MAX: i64 = 1_200;

/// Coupons that one campaign may give with one receipt.
pub const COUPONS_AT_ONCE_MAX: usize = 10;
/// Offers in one decision.
pub const OFFERS_MAX: usize = 10;
/// Products looked at for the offers of one campaign.
pub const OFFER_PRODUCTS_LOOKED_AT_MAX: usize = 512;
/// Campaigns explained without being asked for by name.
pub const EXPLAINED_MAX: usize = 200;
/// A spend threshold is nearly missed from so many percent of it on.
pub const NEAR_MISS_PERCENT_MIN: i64 = 75;
/// Units that one campaign may add to or give with one receipt.
pub const ADDED_UNITS_MAX: i64 = 1_000_000;

/// Campaigns of a rule pack: what a gateway of 64 MB can keep beside its spool.
pub const PACK_CAMPAIGNS_MAX: usize = 5_000;
/// Bytes of a rule pack: its program files and products.
pub const PACK_BYTES_MAX: usize = 16 << 20;

/// The sum of the amounts of the largest receipt.
const RECEIPT_AMOUNT_MAX: i128 = 1_000 * 1_000_000_000_000;

const _: () = assert!(RECEIPT_LINES_MAX == 1_000, "the sum below is written out for so many lines");
const _: () = assert!(LINE_AMOUNT_MAX.minor() == 1_000_000_000_000, "the sum below is written out for this amount");
const _: () = assert!(RECEIPT_AMOUNT_MAX * 1_000 <= 9_223_372_036_854_775_807, "points of the largest receipt fit 64 bits");
const _: () = assert!(EARN_UNITS_PER_MINOR_MAX == 1_000, "the product above is written out for this rate");
const _: () = assert!(LINE_QUANTITY_MAX.milli() < i64::MAX / 1_000_000, "a thousand lines and their counters fit 64 bits");
const _: () = assert!(EXPRESSION_BYTES_MAX <= 65_535, "places in an expression fit 16 bits");

//! Every bound of the ledger in one place, proven against each other at compile time.

/// Bytes of an encoded account, version byte included: one value of the storage, read and written whole
/// at each commit, so it must stay small.
pub const ACCOUNT_BYTES_MAX: usize = 64 * 1024;

/// Lots of an account, debts included. Beyond it the earliest lots are consolidated.
pub const LOTS_MAX: usize = 128;

/// Open quotes of an account that stay until their time is over. Beyond it quotes promise nothing scarce.
pub const OPEN_QUOTES_MAX: usize = 64;

/// Scarce things that one quote holds.
pub const HOLDS_MAX: usize = 64;

/// Scarce things that all open quotes of an account hold together.
pub const HOLDS_TOTAL_MAX: usize = 128;

/// People of an account: a large household.
pub const MEMBERS_MAX: usize = 16;

/// Accounts that were merged into one: somebody who lost a card each year.
pub const MERGED_MAX: usize = 16;

/// Facts known of one person: twice what a long questionnaire asks.
pub const FACTS_MAX: usize = 64;

/// Wrong codes until one is not good any more: with [`CODE_WINDOW_CODES_MAX`] a day, one guess in forty thousand is right.
pub const CODE_TRIES_MAX: u8 = 5;

/// Codes that are sent for one fact of one customer within a day.
pub const CODE_WINDOW_CODES_MAX: u8 = 5;

/// Facts known of all people of an account.
pub const FACTS_TOTAL_MAX: usize = 192;

/// Counters over receipts: campaigns that count for one account in a year or so.
pub const COUNTERS_MAX: usize = 128;

/// Stretches of the calendar that all counters of an account remember: tiers of four programs over two years, by months.
pub const STRETCHES_TOTAL_MAX: usize = 128;

/// Campaigns limited per customer whose uses are counted.
pub const USES_MAX: usize = 96;

/// Personal coupons.
pub const COUPONS_MAX: usize = 48;

/// Tiers: programs of one business.
pub const TIERS_MAX: usize = 16;

/// Gifts of one tier that are remembered beside the last: memberships bought ahead.
pub const TIERS_BEFORE_MAX: usize = 4;

/// Prizes that are remembered, due ones first.
pub const PRIZES_MAX: usize = 16;

/// Draws that an account takes part in.
pub const TICKETS_MAX: usize = 32;

/// Rewards that wait for answers, visits, events, or for somebody to look at their receipt.
pub const WAITING_MAX: usize = 10;

/// Days and places of which receipts are counted for brakes: a week of a household, and other cashiers and tills each time.
pub const SEEN_MAX: usize = 32;

/// Of a sale's rewards that waited and were given, those that are remembered beside it.
pub const GIVEN_LATER_MAX: usize = 64;

/// Facts that one reward waits for: a long questionnaire.
pub const WAITING_FACTS_MAX: usize = 32;

/// Currencies in the statistics.
pub const CURRENCIES_MAX: usize = 8;

/// Gaps between visits that are kept: enough to tell a habit.
pub const GAPS_MAX: usize = 16;

/// Days for which a receipt's id is remembered: the longest that a gateway may hold one, and a year of returns (H3).
pub const REMEMBERED_DAYS: i32 = 400;

/// Minutes for which a quote at a till holds what it promised: a long queue and a lost purse (H8).
pub const HOLD_MINUTES: i64 = 15;

/// Days for which units that come back with goods can be used at least.
pub const RESTORED_DAYS_MIN: i64 = 14;

/// Returns that wait for one original: more is a fault of the till.
pub const PARKED_MAX: usize = 8;

/// Claims among them: who guesses codes keeps no return from waiting.
pub const PARKED_CLAIMS_MAX: usize = 4;

/// Bytes of one parked request: a message.
pub const PARKED_BYTES_MAX: usize = 1024 * 1024;

/// Lines whose returned quantity is remembered with an original: those of a receipt and its added ones.
pub const RETURNED_LINES_MAX: usize = 4_000;

/// Returns of one receipt that are listed with it; more than one a line of a long receipt is not a sale any more.
pub const RETURNS_MAX: usize = 1_000;

/// Usual greatest lengths in bytes, length byte included; longer ids are allowed, and an account of very
/// long ones is kept within its bound by [`crate::booking`] when it is written.
mod usual {
    pub(super) const RECEIPT: usize = 41;
    pub(super) const CAMPAIGN: usize = 29;
    pub(super) const ID: usize = 17;
    pub(super) const TIME: usize = 10;
    pub(super) const COUNT: usize = 5;
    pub(super) const UNITS: usize = 6;
    pub(super) const DAY: usize = 4;
}

const LOT_BYTES: usize =
    usual::RECEIPT + 1 + 2 * usual::ID + 1 + usual::CAMPAIGN + 1 + 2 * usual::UNITS + 2 * usual::TIME + 1 + usual::TIME;
const QUOTE_BYTES: usize = usual::RECEIPT + usual::COUNT + 1 + usual::TIME;
const HOLD_BYTES: usize = 1 + usual::CAMPAIGN + 2 * usual::UNITS;
/// Of most facts rules may read nothing.
const FACT_BYTES: usize = usual::ID + usual::TIME + 3 + 1;
const MEMBER_BYTES: usize = usual::RECEIPT + 3 * (1 + usual::TIME) + 2;
const COUNTER_BYTES: usize = usual::CAMPAIGN + usual::UNITS + 3;
const STRETCH_BYTES: usize = 3 + usual::UNITS + 1;
/// Uses and units of three spans of time in a byte or two each, and their values.
const USE_BYTES: usize = usual::CAMPAIGN + usual::DAY + 3 * (2 * 2 + 3);
const COUPON_BYTES: usize = 20 + 2 * usual::CAMPAIGN + 2 * usual::RECEIPT + 1 + 2 * usual::TIME + 1;
/// Every tier with the gifts that it goes on from would be a strange customer: half of them have one.
const TIER_BYTES: usize = usual::ID + GIFT_BYTES + 1 + GIFT_BYTES / 2;
const GIFT_BYTES: usize = usual::ID + 3 * usual::TIME + 1 + usual::RECEIPT + 1;
const PRIZE_BYTES: usize = usual::RECEIPT + 2 * usual::CAMPAIGN + 2 * usual::ID + usual::COUNT + 1;
const TICKETS_BYTES: usize = usual::ID + 2 * usual::COUNT;
const WAITING_BYTES: usize = usual::RECEIPT + 2 * usual::CAMPAIGN + 5 * usual::ID + usual::UNITS + 3 * usual::TIME + 5;
/// Day and count in a few bytes, and the name of a place.
const SEEN_BYTES: usize = 3 + 10 + 1;
/// Day, receipts and an amount below ten thousand.
const DAY_BYTES: usize = 3 + 1 + 3;
const REST_BYTES: usize = 384;

/// What a full account of usual ids takes, roughly.
pub(crate) const ACCOUNT_BYTES_USUAL: usize = LOTS_MAX * LOT_BYTES
    + OPEN_QUOTES_MAX * QUOTE_BYTES
    + HOLDS_TOTAL_MAX * HOLD_BYTES
    + FACTS_TOTAL_MAX * FACT_BYTES
    + MEMBERS_MAX * MEMBER_BYTES
    + COUNTERS_MAX * COUNTER_BYTES
    + STRETCHES_TOTAL_MAX * STRETCH_BYTES
    + USES_MAX * USE_BYTES
    + COUPONS_MAX * COUPON_BYTES
    + TIERS_MAX * TIER_BYTES
    + PRIZES_MAX * PRIZE_BYTES
    + TICKETS_MAX * TICKETS_BYTES
    + WAITING_MAX * WAITING_BYTES
    + SEEN_MAX * SEEN_BYTES
    + tessera_rules::habits::STRETCHES_MAX * DAY_BYTES
    + MERGED_MAX * usual::RECEIPT
    + REST_BYTES;

const _: () = assert!(ACCOUNT_BYTES_USUAL <= ACCOUNT_BYTES_MAX, "a full account of usual ids fits");
const _: () = assert!(HOLDS_MAX <= HOLDS_TOTAL_MAX, "one quote's holds fit into all quotes' holds");
const _: () = assert!(FACTS_MAX <= FACTS_TOTAL_MAX, "one person's facts fit into the account's");
const _: () = assert!(REMEMBERED_DAYS >= 366, "a receipt can be returned for a year");
const _: () = assert!(HOLD_MINUTES < 24 * 60, "a hold at a till does not outlive its trading day");
const _: () =
    assert!(GAPS_MAX * 3 + CURRENCIES_MAX * 14 + usual::RECEIPT * 2 + usual::TIME * 4 <= REST_BYTES, "statistics and head fit");

const _: () = assert!(PARKED_CLAIMS_MAX < PARKED_MAX, "returns can wait beside claims");

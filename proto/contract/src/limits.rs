//! The limits of the wire, each with its unit and reason. Amounts are bounded so that no sum over a
//! receipt leaves 64 bits.

use std::time::Duration;

use tessera_rules::limits as rules;

/// How long a till may have to wait for an answer: promise P1.
pub const BUDGET: Duration = Duration::from_millis(2_250);
/// The largest budget that a message on a stream may name, milliseconds.
pub const STREAM_BUDGET_MS_MAX: u32 = 60_000;
/// What a caller is told to wait before it repeats a call whose outcome is unknown.
pub const REPEAT_UNKNOWN_AFTER: Duration = Duration::from_secs(1);

/// Bytes of one message: a thousand lines at 640 bytes both ways fit.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Longest id of a receipt or request, bytes: what keeps a message by its id has room for it.
pub const RECEIPT_ID_BYTES_MAX: usize = tessera_rules::id::ReceiptId::LENGTH_MAX;
/// Lines a receipt or return: a cash server's largest known receipt has 600.
pub const LINES_MAX: usize = 1_000;
/// Codes presented with one receipt.
pub const CODES_MAX: usize = 20;
/// Means of payment of one receipt.
pub const TENDERS_MAX: usize = 32;
/// Assets that one receipt may ask to spend.
pub const REDEEM_REQUESTS_MAX: usize = 8;
/// Ids declined by one customer on one receipt.
pub const DECLINED_MAX: usize = 100;
/// Choices of one quote.
pub const CHOICES_MAX: usize = 32;
/// Options chosen in one choice.
pub const CHOSEN_OPTIONS_MAX: usize = 32;
/// Campaigns explained in one answer, by name or as candidates.
pub const EXPLAINED_MAX: usize = 200;
/// Offers in one answer.
pub const OFFERS_MAX: usize = 10;
/// Attributes of one line.
pub const ATTRIBUTES_MAX: usize = 32;
/// Excise or serial marks of one line.
pub const MARKS_MAX: usize = 100;
/// Parts of one line.
pub const PARTS_MAX: usize = 64;
/// Adjustments of one part: campaigns that touched the same unit.
pub const ADJUSTMENTS_MAX: usize = 64;
/// Answers to prompts in one request.
pub const ANSWERS_MAX: usize = 32;
/// Results of instructions in one settle.
pub const INSTRUCTION_RESULTS_MAX: usize = 100;

/// Characters of a description, an attribute's value, an answer or an adjustment's text.
pub const TEXT_CHARACTERS_MAX: usize = 128;
/// Characters of a code, a reference, a reason, a serial, an attribute's name, a gateway's id.
pub const SHORT_TEXT_CHARACTERS_MAX: usize = 64;
/// Characters of a tender's brand.
pub const BRAND_CHARACTERS_MAX: usize = 32;
/// Characters of a language tag.
pub const LANGUAGE_CHARACTERS_MAX: usize = 16;
/// Characters of a scanned QR code.
pub const QR_CHARACTERS_MAX: usize = 256;
/// Characters of a loyalty card's number, at least: shorter ones are guessed.
pub const CARD_CHARACTERS_MIN: usize = 4;
/// Characters of a loyalty card's number, at most.
pub const CARD_CHARACTERS_MAX: usize = 32;
/// Characters of a phone number with its `+`, at least.
pub const PHONE_CHARACTERS_MIN: usize = 8;
/// Characters of a phone number with its `+`, at most (E.164: 15 digits).
pub const PHONE_CHARACTERS_MAX: usize = 16;
/// Bytes of a gateway's signature with the certificates by which it is checked: four of the largest keys in use.
pub const GATEWAY_SIGNATURE_BYTES_MAX: usize = 8 << 10;

/// Bytes of a quote token; a larger one carries its decision's hash in place of the decision.
pub const TOKEN_BYTES_MAX: usize = 64 << 10;
/// Bytes of a rule pack's content: what its programs and products may have, and a half more for how they are written.
pub const PACK_CONTENT_BYTES_MAX: usize = rules::PACK_BYTES_MAX / 2 * 3;
/// Products of a rule pack: each is counted with 64 bytes beside its texts.
pub const PACK_PRODUCTS_MAX: usize = rules::PACK_BYTES_MAX / 64;
/// Bytes of one chunk of a rule pack.
pub const PACK_CHUNK_BYTES_MAX: usize = 512 << 10;
/// Stores of one gateway.
pub const PACK_STORES_MAX: usize = 10_000;
/// Receipts and returns of one till on one day: a busy one has a tenth of that, and a message holds them by name.
pub const TILL_DAY_RECEIPTS_MAX: usize = 10_000;
/// Differences of a day that are named in one answer.
pub const TILL_DAY_DIFFERENCES_MAX: usize = 1_000;

/// Bytes of an explanation; beyond it is cut and says so.
pub const EXPLANATION_BYTES_MAX: usize = 64 << 10;
/// Bytes of all faults in one error: trailers must fit the 16 KiB of header list that HTTP/2 clients
/// take, and details travel in base64.
pub const FAULT_BYTES_MAX: usize = 4 << 10;
/// Faults told in one error; the rest is counted.
pub const FAULTS_MAX: usize = 32;

/// The largest amount of one line, minor units: ten thousand million major units of two digits.
pub const LINE_AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// The largest quantity of one line, thousandths: a thousand million pieces.
pub const LINE_QUANTITY_MILLI_MAX: i64 = 1_000_000_000_000;
/// The largest price of one unit, micros: a thousand million major units.
pub const UNIT_PRICE_MICROS_MAX: i64 = 1_000_000_000_000_000;
/// The largest amount of one tender, minor units: the sum of the largest receipt.
pub const TENDER_AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;
/// The largest wish to spend an asset, smallest units.
pub const REDEEM_UNITS_MAX: i64 = 1_000_000_000_000_000;
/// The largest cash rounding either way, minor units: no country's smallest coin is worth more.
pub const CASH_ROUNDING_MINOR_MAX: i64 = 1_000_000;

/// Columns of the narrowest till.
pub const TILL_COLUMNS_MIN: u16 = 16;
/// Columns of the widest till.
pub const TILL_COLUMNS_MAX: u16 = 80;
/// Columns of a till that does not say.
pub const TILL_COLUMNS_DEFAULT: u16 = 40;

/// How far a till's clock may be ahead: a wrong time zone passes, a wrong day does not (H69).
pub const AHEAD_MAX: Duration = Duration::from_secs(24 * 3_600);
/// From what age on a sale is flagged as told late (H69).
pub const LATE_FROM: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Days that a business date may lie from the sale's date in UTC without being flagged: a night shift
/// and a time zone.
pub const BUSINESS_DATE_DAYS_APART_MAX: i32 = 2;

/// Adjustments of the largest settle: its lines, and as many added ones.
const SOLD_ADJUSTMENTS_MAX: i64 = 2 * 1_000 * 64 * 64;

const _: () =
    assert!(LINES_MAX == 1_000 && PARTS_MAX == 64 && ADJUSTMENTS_MAX == 64, "the product above is written out for these");
const _: () = assert!(PACK_CHUNK_BYTES_MAX * 2 <= MESSAGE_BYTES_MAX, "a chunk and its head fit a message");
const _: () = assert!(LINES_MAX * 640 <= MESSAGE_BYTES_MAX, "the largest receipt fits a message at 640 bytes a line");
const _: () = assert!(TOKEN_BYTES_MAX + LINES_MAX * 640 <= MESSAGE_BYTES_MAX, "a settle carries its token too");
const _: () = assert!(
    EXPLANATION_BYTES_MAX + TOKEN_BYTES_MAX + LINES_MAX * 640 <= MESSAGE_BYTES_MAX,
    "so does an answer with its explanation"
);
const _: () = assert!(FAULT_BYTES_MAX * 4 / 3 * 2 <= 16 << 10, "details and message of an error fit a header list");
const _: () = assert!(TENDER_AMOUNT_MINOR_MAX / LINE_AMOUNT_MINOR_MAX == 1_000, "one tender can pay the largest receipt");
const _: () = assert!(LINE_AMOUNT_MINOR_MAX <= i64::MAX / 1_000_000, "a thousand lines of a thousand amounts each fit 64 bits");
const _: () = assert!(
    LINES_MAX == rules::RECEIPT_LINES_MAX && CODES_MAX == rules::RECEIPT_CODES_MAX,
    "the rules take what the wire lets in"
);
const _: () = assert!(LINE_AMOUNT_MINOR_MAX == rules::LINE_AMOUNT_MAX.minor(), "so for amounts");
const _: () = assert!(LINE_QUANTITY_MILLI_MAX == rules::LINE_QUANTITY_MAX.milli(), "so for quantities");
const _: () = assert!(UNIT_PRICE_MICROS_MAX == rules::UNIT_PRICE_MAX.micros(), "so for prices");
const _: () =
    assert!(OFFERS_MAX == rules::OFFERS_MAX && EXPLAINED_MAX == rules::EXPLAINED_MAX, "the wire takes what the rules give");
const _: () = assert!(SOLD_ADJUSTMENTS_MAX <= i64::MAX / LINE_AMOUNT_MINOR_MAX, "what one campaign gave fits 64 bits");
const _: () = assert!(
    TILL_COLUMNS_MIN <= TILL_COLUMNS_DEFAULT && TILL_COLUMNS_DEFAULT <= TILL_COLUMNS_MAX,
    "the default lies in the range"
);

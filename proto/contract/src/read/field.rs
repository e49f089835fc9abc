//! Reads single values: ids, texts, numbers, times, enum values. Every text passes the check for payment
//! cards' numbers on its way (H79), every enum number must be known (H18).

use std::borrow::Cow;

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tessera_rules::id::{CashierId, IdError, Sku, StoreId, TillId};
use tessera_rules::money::Currency;
use tessera_rules::receipt::Place;

use crate::card_number::{holds_card_number, is_gtin};
use crate::convert::timestamp_from_wire;
use crate::fault::{At, Faults};
use crate::limits::{AHEAD_MAX, LANGUAGE_CHARACTERS_MAX, LINES_MAX, TOKEN_BYTES_MAX};
use crate::refusal::Refusal;

/// Lists up to this length are compared pair by pair, which is quicker than sorting.
const PAIRWISE_MAX: usize = 12;

/// A request built with a later contract is refused before anything of it is looked at.
pub fn check_contract_minor(theirs: u32) -> Result<(), Refusal> {
    let ours = crate::CONTRACT_MINOR;
    if theirs > ours { Err(Refusal::UpgradeEngine { theirs, ours }) } else { Ok(()) }
}

/// What is wrong with an id that holds a mark of the engine.
pub const ENGINE_MARK_FAULT: &str = "must not hold `+`, `#` or `@`, which are the engine's";

/// Whether an id holds a character that is kept for what the engine itself names: `+` marks its lines, `#` its follow-ups,
/// `@` its closes of days. Nobody else may mint such an id.
#[must_use]
pub fn holds_engine_mark(id: &str) -> bool {
    id.bytes().any(|byte| matches!(byte, b'+' | b'#' | b'@'))
}

/// Reads values and gathers faults. A method that finds a fault notes it and gives none.
pub(super) struct Reader {
    now: Timestamp,
    faults: Faults,
    clean: bool,
}

impl Reader {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, faults: Faults::default(), clean: true }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// No fault so far.
    pub(super) fn is_clean(&self) -> bool {
        self.clean
    }

    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Refusal> {
        self.faults.finish(read)
    }

    pub(super) fn fault(&mut self, at: &At<'_>, description: impl Into<Cow<'static, str>>) {
        self.clean = false;
        self.faults.add(at, description);
    }

    pub(super) fn card_number(&mut self, at: &At<'_>) {
        self.clean = false;
        self.faults.add_card_number(at);
    }

    /// Whether the text holds no payment card's number; notes it if it does.
    fn is_no_card(&mut self, at: &At<'_>, text: &str) -> bool {
        let holds = holds_card_number(text);
        if holds {
            self.card_number(at);
        }
        !holds
    }

    /// An id as the engine gives or the program names it.
    pub(super) fn id<T>(&mut self, at: &At<'_>, text: &str, parse: fn(&str) -> Result<T, IdError>) -> Option<T> {
        if !self.is_no_card(at, text) {
            return None;
        }
        match parse(text) {
            Ok(id) => Some(id),
            Err(error) => {
                self.fault(at, error.to_string());
                None
            }
        }
    }

    /// The same, where empty means absent.
    pub(super) fn optional_id<T>(&mut self, at: &At<'_>, text: &str, parse: fn(&str) -> Result<T, IdError>) -> Option<T> {
        if text.is_empty() { None } else { self.id(at, text, parse) }
    }

    /// An id that the till mints, see [`holds_engine_mark`].
    pub(super) fn minted_id<T>(&mut self, at: &At<'_>, text: &str, parse: fn(&str) -> Result<T, IdError>) -> Option<T> {
        if holds_engine_mark(text) {
            self.fault(at, ENGINE_MARK_FAULT);
            return None;
        }
        self.id(at, text, parse)
    }

    /// The same, where empty means absent.
    pub(super) fn optional_minted_id<T>(&mut self, at: &At<'_>, text: &str, parse: fn(&str) -> Result<T, IdError>) -> Option<T> {
        if text.is_empty() { None } else { self.minted_id(at, text, parse) }
    }

    /// A list of ids at `name` below `above`.
    pub(super) fn ids<T>(
        &mut self,
        above: &At<'_>,
        name: &'static str,
        texts: &[String],
        limit: usize,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Vec<T> {
        self.length(&above.field(name), texts.len(), limit);
        let mut ids = Vec::with_capacity(texts.len().min(limit));
        for (index, text) in texts.iter().enumerate().take(limit) {
            ids.extend(self.id(&above.item(name, index), text, parse));
        }
        ids
    }

    /// An article number. One of 13 or 14 digits with a valid GTIN check digit is a barcode and no card.
    pub(super) fn sku(&mut self, at: &At<'_>, text: &str) -> Option<Sku> {
        if !is_gtin(text) && !self.is_no_card(at, text) {
            return None;
        }
        match Sku::parse(text) {
            Ok(sku) => Some(sku),
            Err(error) => {
                self.fault(at, sku_fault(&error));
                None
            }
        }
    }

    /// A text; empty means absent.
    pub(super) fn text(&mut self, at: &At<'_>, text: &str, characters_max: usize) -> Option<CompactString> {
        if text.is_empty() {
            return None;
        }
        if text.len() > characters_max && text.chars().count() > characters_max {
            self.fault(at, format!("has more than {characters_max} characters"));
            return None;
        }
        if text.chars().any(char::is_control) {
            self.fault(at, "must not hold control characters");
            return None;
        }
        if self.is_no_card(at, text) { Some(CompactString::from(text)) } else { None }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, at: &At<'_>, text: &str, characters_max: usize) -> Option<CompactString> {
        if text.is_empty() {
            self.fault(at, "must not be empty");
        }
        self.text(at, text, characters_max)
    }

    /// A language tag; empty means absent.
    pub(super) fn language(&mut self, at: &At<'_>, text: &str) -> Option<CompactString> {
        if text.len() > LANGUAGE_CHARACTERS_MAX || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            self.fault(at, "must be a BCP 47 tag of up to 16 letters, digits and `-`");
            return None;
        }
        self.text(at, text, LANGUAGE_CHARACTERS_MAX)
    }

    /// A number within its range, both ends included.
    pub(super) fn range(&mut self, at: &At<'_>, number: i64, min: i64, max: i64) -> Option<i64> {
        if (min..=max).contains(&number) {
            return Some(number);
        }
        self.fault(at, format!("must be {min} to {max}"));
        None
    }

    /// A list's length.
    pub(super) fn length(&mut self, at: &At<'_>, length: usize, limit: usize) {
        if length > limit {
            self.fault(at, format!("has {length} entries, at most {limit}"));
        }
    }

    /// The number of lines of a receipt or return.
    pub(super) fn line_count(&mut self, at: &At<'_>, count: usize) {
        if count == 0 {
            self.fault(at, "must hold at least one line");
        }
        self.length(at, count, LINES_MAX);
    }

    /// A quote token's size; what is in it is never a fault.
    pub(super) fn token(&mut self, at: &At<'_>, token: &[u8]) {
        if token.len() > TOKEN_BYTES_MAX {
            self.fault(at, "has more than 65536 bytes");
        }
    }

    /// An enum's value that this build knows.
    pub(super) fn known<E: TryFrom<i32>>(&mut self, at: &At<'_>, number: i32) -> Option<E> {
        let known = E::try_from(number).ok();
        if known.is_none() {
            self.fault(at, "is an enum value that this engine does not know");
        }
        known
    }

    /// An enum's value that is known and not unspecified.
    pub(super) fn required<E: TryFrom<i32>>(&mut self, at: &At<'_>, number: i32) -> Option<E> {
        if number == 0 {
            self.fault(at, "is required");
            return None;
        }
        self.known(at, number)
    }

    /// A time that must be there and not lie more than a day ahead (H69).
    pub(super) fn time(&mut self, at: &At<'_>, wire: Option<&tessera_proto::Timestamp>) -> Option<Timestamp> {
        let Some(wire) = wire else {
            self.fault(at, "is required");
            return None;
        };
        let Some(time) = timestamp_from_wire(wire) else {
            self.fault(at, "must be a time of the years 1 to 9999 with 0 to 999,999,999 nanoseconds");
            return None;
        };
        let ahead = u64::try_from(time.as_second().saturating_sub(self.now.as_second())).unwrap_or(0);
        if ahead > AHEAD_MAX.as_secs() {
            self.fault(at, "lies more than one day ahead of the engine's clock");
            return None;
        }
        Some(time)
    }

    /// A date that must be there.
    pub(super) fn date(&mut self, at: &At<'_>, text: &str) -> Option<Date> {
        let date = iso_date(text);
        if date.is_none() {
            self.fault(at, "must be a date in the form 2026-11-22");
        }
        date
    }

    /// A date, or where it is empty that of a time in UTC.
    pub(super) fn date_or(&mut self, at: &At<'_>, text: &str, time: Option<Timestamp>) -> Option<Date> {
        if text.is_empty() { time.map(|time| time.to_zoned(TimeZone::UTC).date()) } else { self.date(at, text) }
    }

    /// A currency in use.
    pub(super) fn currency(&mut self, at: &At<'_>, code: &str) -> Option<Currency> {
        let currency = Currency::from_code(code).filter(|currency| currency.code() == code);
        if currency.is_none() {
            self.fault(at, "must be a currency code of ISO 4217 in capital letters");
        }
        currency
    }

    /// Store, till and cashier below `above`.
    pub(super) fn place(&mut self, above: &At<'_>, store: &str, till: &str, cashier: &str) -> Option<Place> {
        let store = self.minted_id(&above.field("store_id"), store, StoreId::parse);
        let till = self.minted_id(&above.field("till_id"), till, TillId::parse);
        let cashier = self.optional_minted_id(&above.field("cashier_id"), cashier, CashierId::parse);
        Some(Place { store: store?, till: till?, cashier })
    }

    /// The keys of a list differ; a repeated one is a fault of the later item.
    pub(super) fn distinct<'k>(
        &mut self,
        above: &At<'_>,
        list: &'static str,
        key: &'static str,
        keys: impl Iterator<Item = &'k str>,
    ) {
        let mut keys: Vec<(&str, usize)> = keys.zip(0..).take(LINES_MAX).collect();
        let pairwise = keys.len() <= PAIRWISE_MAX;
        if pairwise && !keys.iter().any(|(text, index)| keys.iter().take(*index).any(|(other, _)| other == text)) {
            return;
        }
        keys.sort_unstable();
        for pair in keys.windows(2) {
            if let [(first, _), (second, index)] = pair
                && first == second
                && !first.is_empty()
            {
                self.fault(&above.item(list, *index).field(key), "stands there twice; each may stand once");
            }
        }
    }
}

fn sku_fault(error: &IdError) -> String {
    match error {
        IdError::Character { place } => format!("has a control character at place {place}"),
        IdError::Empty | IdError::TooLong { .. } => error.to_string(),
    }
}

/// A date in the one form of the wire.
fn iso_date(text: &str) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_i16, |sum, digit| if digit.is_ascii_digit() { Some(sum * 10 + i16::from(digit - b'0')) } else { None })
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

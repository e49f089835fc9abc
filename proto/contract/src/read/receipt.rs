//! Reads a receipt: its identity, place and times, and what calls share of it.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::redeem_request::Amount as Wanted;
use tessera_rules::id::{AssetId, ChannelId, ReceiptId};
use tessera_rules::money::{Amount, Units};
use tessera_rules::receipt::{Explain, Receipt, RedeemRequest, Stage};

use super::customer::{Identity, identity};
use super::field::Reader;
use super::line::lines;
use super::tender::{TenderInput, tenders};
use crate::convert::redeem_mode_from_wire;
use crate::fault::At;
use crate::limits::{
    BUSINESS_DATE_DAYS_APART_MAX, CASH_ROUNDING_MINOR_MAX, CODES_MAX, LATE_FROM, REDEEM_REQUESTS_MAX, REDEEM_UNITS_MAX,
    SHORT_TEXT_CHARACTERS_MAX, TILL_COLUMNS_DEFAULT, TILL_COLUMNS_MAX, TILL_COLUMNS_MIN,
};

/// What a till can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TillDisplay {
    /// Columns of screen and footer, 16 to 80.
    pub columns: u16,
    /// Characters; never unspecified.
    pub charset: v1::TillCharset,
}

impl Default for TillDisplay {
    fn default() -> Self {
        Self { columns: TILL_COLUMNS_DEFAULT, charset: v1::TillCharset::Unicode }
    }
}

/// Where a sale stands in the fiscal record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FiscalDocument {
    /// The fiscal device.
    pub device: CompactString,
    /// The document's number on it.
    pub number: CompactString,
}

/// What is out of the ordinary about an input and no fault of it (H69).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InputNotes {
    /// The business date lies more than 2 days from the date of the sale in UTC: a till whose day was not
    /// closed, or whose clock is wrong.
    pub business_date_is_off: bool,
    /// The sale is told more than 7 days late.
    pub told_late: bool,
}

impl InputNotes {
    /// What the times of an input tell.
    pub(super) fn of(now: Timestamp, sold_at: Timestamp, business_date: Date) -> Self {
        let sold_on = sold_at.to_zoned(TimeZone::UTC).date();
        let days_apart = sold_on.until(business_date).map_or(i32::MAX, |span| span.get_days().abs());
        let late = now.as_second().saturating_sub(sold_at.as_second());
        Self {
            business_date_is_off: days_apart > BUSINESS_DATE_DAYS_APART_MAX,
            told_late: u64::try_from(late).is_ok_and(|late| late > LATE_FROM.as_secs()),
        }
    }
}

/// A receipt as read, with what the rules' receipt does not hold.
pub(super) struct ReceiptRead {
    pub(super) receipt: Receipt,
    pub(super) customer: Option<Identity>,
    pub(super) display: TillDisplay,
    pub(super) cash_rounding: Amount,
    pub(super) fiscal: Option<FiscalDocument>,
    pub(super) tenders: Vec<TenderInput>,
    pub(super) notes: InputNotes,
}

impl ReceiptRead {
    /// Reads the receipt at `receipt` below `above`.
    pub(super) fn of(reader: &mut Reader, above: &At<'_>, wire: Option<&v1::Receipt>, stage: Stage) -> Option<Self> {
        let at = above.field("receipt");
        let Some(wire) = wire else {
            reader.fault(&at, "is required");
            return None;
        };
        let id = reader.minted_id(&at.field("receipt_id"), &wire.receipt_id, ReceiptId::parse);
        let sold_at = reader.time(&at.field("sold_at"), wire.sold_at.as_ref());
        let business_date = reader.date(&at.field("business_date"), &wire.business_date);
        let place = reader.place(&at, &wire.store_id, &wire.till_id, &wire.cashier_id);
        let channel = match wire.channel_id.as_str() {
            "" => Some(ChannelId::till()),
            text => reader.minted_id(&at.field("channel_id"), text, ChannelId::parse),
        };
        let customer = wire.customer.as_ref().and_then(|wire| identity(reader, &at.field("customer"), wire));
        let currency = reader.currency(&at.field("currency_code"), &wire.currency_code);
        let lines = lines(reader, &at, &wire.lines, currency, stage);
        let codes = codes(reader, &at, &wire.codes);
        let redeem = redeem(reader, &at, &wire.redeem_requested);
        let tenders = tenders(reader, &at, &wire.tenders);
        let rounding_at = at.field("cash_rounding_minor");
        let cash_rounding =
            reader.range(&rounding_at, wire.cash_rounding_minor, -CASH_ROUNDING_MINOR_MAX, CASH_ROUNDING_MINOR_MAX);
        let fiscal = wire.fiscal.as_ref().and_then(|wire| fiscal(reader, &at.field("fiscal"), wire));
        let display = display(reader, &at, wire.till_columns, wire.till_charset);
        let language = reader.language(&at.field("language"), &wire.language);
        let (sold_at, business_date) = (sold_at?, business_date?);
        Some(Self {
            receipt: Receipt {
                id: id?,
                place: place?,
                channel: channel?,
                sold_at,
                business_date,
                currency: currency?,
                stage,
                lines,
                codes,
                redeem,
                tenders: tenders.iter().map(|tender| tender.tender.clone()).collect(),
                declined: Vec::new(),
                choices: Vec::new(),
                given: Vec::new(),
                training: wire.training,
                offers_max: None,
                language,
                explain: Explain::Nothing,
            },
            customer,
            display,
            cash_rounding: Amount::from_minor(cash_rounding?),
            fiscal,
            tenders,
            notes: InputNotes::of(reader.now(), sold_at, business_date),
        })
    }
}

fn codes(reader: &mut Reader, above: &At<'_>, wire: &[v1::PresentedCode]) -> Vec<CompactString> {
    reader.length(&above.field("codes"), wire.len(), CODES_MAX);
    reader.distinct(above, "codes", "code", wire.iter().map(|code| code.code.as_str()));
    let mut codes = Vec::with_capacity(wire.len().min(CODES_MAX));
    for (index, presented) in wire.iter().enumerate().take(CODES_MAX) {
        let at = above.item("codes", index);
        codes.extend(reader.required_text(&at.field("code"), &presented.code, SHORT_TEXT_CHARACTERS_MAX));
        reader.known::<v1::EntryMethod>(&at.field("entry_method"), presented.entry_method);
    }
    codes
}

fn redeem(reader: &mut Reader, above: &At<'_>, wire: &[v1::RedeemRequest]) -> Vec<RedeemRequest> {
    reader.length(&above.field("redeem_requested"), wire.len(), REDEEM_REQUESTS_MAX);
    reader.distinct(above, "redeem_requested", "asset_id", wire.iter().map(|wish| wish.asset_id.as_str()));
    let mut wishes = Vec::with_capacity(wire.len().min(REDEEM_REQUESTS_MAX));
    for (index, wish) in wire.iter().enumerate().take(REDEEM_REQUESTS_MAX) {
        let at = above.item("redeem_requested", index);
        let asset = reader.id(&at.field("asset_id"), &wish.asset_id, AssetId::parse);
        let units = match wish.amount {
            Some(Wanted::Units(units)) => reader.range(&at.field("units"), units, 1, REDEEM_UNITS_MAX).map(Units::from_units),
            Some(Wanted::Max(true)) => None,
            Some(Wanted::Max(false)) => {
                reader.fault(&at.field("max"), "must be true where it is there");
                None
            }
            None => {
                reader.fault(&at.field("units"), "is required, or `max`");
                None
            }
        };
        let mode = reader.known::<v1::RedeemAs>(&at.field("redeem_as"), wish.redeem_as);
        if let (Some(asset), Some(mode)) = (asset, mode) {
            wishes.push(RedeemRequest { asset, units, mode: redeem_mode_from_wire(mode) });
        }
    }
    wishes
}

/// A fiscal document.
pub(super) fn fiscal(reader: &mut Reader, at: &At<'_>, wire: &v1::FiscalDocument) -> Option<FiscalDocument> {
    let device = reader.required_text(&at.field("device_id"), &wire.device_id, SHORT_TEXT_CHARACTERS_MAX);
    let number = reader.required_text(&at.field("number"), &wire.number, SHORT_TEXT_CHARACTERS_MAX);
    Some(FiscalDocument { device: device?, number: number? })
}

/// What the till can show, of the fields below `above`.
pub(super) fn display(reader: &mut Reader, above: &At<'_>, columns: u32, charset: i32) -> TillDisplay {
    let columns = match u16::try_from(columns) {
        Ok(0) => TILL_COLUMNS_DEFAULT,
        Ok(columns) if (TILL_COLUMNS_MIN..=TILL_COLUMNS_MAX).contains(&columns) => columns,
        Ok(_) | Err(_) => {
            reader.fault(&above.field("till_columns"), "must be 16 to 80, or 0 for 40");
            TILL_COLUMNS_DEFAULT
        }
    };
    let charset = match reader.known::<v1::TillCharset>(&above.field("till_charset"), charset) {
        None | Some(v1::TillCharset::Unspecified) => v1::TillCharset::Unicode,
        Some(charset) => charset,
    };
    TillDisplay { columns, charset }
}

//! Fills in what a till would have minted where a request by hand lacks it, and says what it filled in.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use tessera_proto::billing::v1::{
    AnswerPromptsRequest, ClaimRequest, EnrolRequest, QuoteRequest, Receipt, ReturnMode, ReturnRequest, SettleRequest,
};
use tessera_till::{BootNonce, ReceiptIdMinter};

use super::failure::TillFailure;

/// What was filled in, for the person at the terminal.
pub(in super::super) type Filled = Vec<String>;

/// Where the person sits who sends requests by hand: their trading day is this machine's.
#[expect(clippy::disallowed_methods, reason = "what a person at this machine calls today, and nothing that a decision hangs on")]
pub(in super::super) fn time_zone_here() -> TimeZone {
    TimeZone::system()
}

/// Now, for a person or a simulated till at this machine.
pub(in super::super) fn now_here() -> Zoned {
    Timestamp::now().to_zoned(time_zone_here())
}

/// A receipt without id or times gets them.
///
/// # Errors
/// No id can be minted from its store and till.
pub(super) fn receipt(receipt: &mut Receipt, now: &Zoned) -> Result<Filled, TillFailure> {
    let mut filled = Filled::new();
    let at = time(&mut receipt.sold_at, "soldAt", now, &mut filled);
    date(&mut receipt.business_date, &at, &mut filled);
    id(&mut receipt.receipt_id, "receiptId", (&receipt.store_id, &receipt.till_id), &at, &mut filled)?;
    Ok(filled)
}

/// A quote's number is 1 where it is missing; the rest as [`receipt`].
///
/// # Errors
/// As [`receipt`]; a request without a receipt is left for the server to refuse.
pub(in super::super) fn quote(request: &mut QuoteRequest, now: &Zoned) -> Result<Filled, TillFailure> {
    let mut filled = request.receipt.as_mut().map_or_else(|| Ok(Filled::new()), |sale| receipt(sale, now))?;
    if request.quote_no == 0 {
        request.quote_no = 1;
        filled.push("quoteNo 1".to_owned());
    }
    Ok(filled)
}

/// As [`receipt`].
///
/// # Errors
/// As [`receipt`].
pub(super) fn settle(request: &mut SettleRequest, now: &Zoned) -> Result<Filled, TillFailure> {
    request.receipt.as_mut().map_or_else(|| Ok(Filled::new()), |sale| receipt(sale, now))
}

/// A return without id or times gets them; one without a mode is a preview.
///
/// # Errors
/// No id can be minted from its store and till.
pub(super) fn return_goods(request: &mut ReturnRequest, now: &Zoned) -> Result<Filled, TillFailure> {
    let mut filled = Filled::new();
    let at = time(&mut request.returned_at, "returnedAt", now, &mut filled);
    date(&mut request.business_date, &at, &mut filled);
    id(&mut request.receipt_id, "receiptId", (&request.store_id, &request.till_id), &at, &mut filled)?;
    if request.mode == i32::from(ReturnMode::Unspecified) {
        request.mode = ReturnMode::Preview.into();
        filled.push("mode RETURN_MODE_PREVIEW (--done: it came back)".to_owned());
    }
    Ok(filled)
}

/// An enrolment without a request id or time gets them.
///
/// # Errors
/// No id can be minted from its store and till.
pub(super) fn enrol(request: &mut EnrolRequest, now: &Zoned) -> Result<Filled, TillFailure> {
    let mut filled = Filled::new();
    let at = time(&mut request.enrolled_at, "enrolledAt", now, &mut filled);
    id(&mut request.request_id, "requestId", (&request.store_id, &request.till_id), &at, &mut filled)?;
    Ok(filled)
}

/// Answers without a request id or time get them.
///
/// # Errors
/// No id can be minted from their store and till.
pub(super) fn answers(request: &mut AnswerPromptsRequest, now: &Zoned) -> Result<Filled, TillFailure> {
    let mut filled = Filled::new();
    let at = time(&mut request.answered_at, "answeredAt", now, &mut filled);
    id(&mut request.request_id, "requestId", (&request.store_id, &request.till_id), &at, &mut filled)?;
    Ok(filled)
}

/// A claim without a request id or time gets them.
///
/// # Errors
/// No id can be minted from its store and till.
pub(super) fn claim(request: &mut ClaimRequest, now: &Zoned) -> Result<Filled, TillFailure> {
    let mut filled = Filled::new();
    let at = time(&mut request.claimed_at, "claimedAt", now, &mut filled);
    let store = if request.store_id.is_empty() { "hand" } else { &request.store_id };
    id(&mut request.request_id, "requestId", (store, &request.till_id), &at, &mut filled)?;
    Ok(filled)
}

/// The time that stands in the request afterwards, in the time zone of this machine.
fn time(field: &mut Option<tessera_proto::Timestamp>, name: &str, now: &Zoned, filled: &mut Filled) -> Zoned {
    if let Some(given) = field {
        // A time outside of all calendars is the server's to refuse.
        let given = Timestamp::new(given.seconds, given.nanos).unwrap_or_else(|_| now.timestamp());
        return given.to_zoned(now.time_zone().clone());
    }
    *field = Some(wire_time(now.timestamp()));
    filled.push(format!("{name} {}", now.strftime("%Y-%m-%dT%H:%M:%S%:z")));
    now.clone()
}

/// As the contract writes a time.
pub(in super::super) fn wire_time(at: Timestamp) -> tessera_proto::Timestamp {
    tessera_proto::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

fn date(field: &mut String, at: &Zoned, filled: &mut Filled) {
    if field.is_empty() {
        *field = at.date().to_string();
        filled.push(format!("businessDate {field}"));
    }
}

/// Mints an id where there is none; a request that comes from no till has `hand` in that place.
fn id(field: &mut String, name: &str, place: (&str, &str), at: &Zoned, filled: &mut Filled) -> Result<(), TillFailure> {
    if field.is_empty() {
        let (store, till) = place;
        let till = if till.is_empty() { "hand" } else { till };
        *field = ReceiptIdMinter::in_memory(store, till, BootNonce::random()?)?.mint(at.date())?;
        filled.push(format!("{name} {field}"));
    }
    Ok(())
}

//! How a customer was identified. Every value but the engine's own id is personal (H81).

use compact_str::CompactString;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::customer_identity::Identity as Shown;
use tessera_rules::id::CustomerId;

use super::field::Reader;
use crate::fault::At;
use crate::limits::{CARD_CHARACTERS_MAX, CARD_CHARACTERS_MIN, PHONE_CHARACTERS_MAX, PHONE_CHARACTERS_MIN, QR_CHARACTERS_MAX};
use crate::pii::Pii;

/// How a customer was identified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    /// Number of a loyalty card.
    Card(Pii<CompactString>),
    /// Content of a QR code.
    Qr(Pii<CompactString>),
    /// Phone number in E.164 form.
    Phone(Pii<CompactString>),
    /// The engine's own opaque id.
    Customer(CustomerId),
}

/// An identity that must be there, at `customer` below `above`.
pub(super) fn required_identity(reader: &mut Reader, above: &At<'_>, wire: Option<&v1::CustomerIdentity>) -> Option<Identity> {
    let at = above.field("customer");
    match wire {
        Some(wire) => identity(reader, &at, wire),
        None => {
            reader.fault(&at, "is required");
            None
        }
    }
}

/// An identity that is there.
pub(super) fn identity(reader: &mut Reader, at: &At<'_>, wire: &v1::CustomerIdentity) -> Option<Identity> {
    reader.known::<v1::EntryMethod>(&at.field("entry_method"), wire.entry_method);
    match &wire.identity {
        None => {
            reader.fault(at, "must hold a card number, QR code, phone number or customer id");
            None
        }
        Some(Shown::CardNumber(number)) => card(reader, &at.field("card_number"), number).map(Identity::Card),
        Some(Shown::Qr(content)) => {
            reader.required_text(&at.field("qr"), content, QR_CHARACTERS_MAX).map(Pii::new).map(Identity::Qr)
        }
        Some(Shown::Phone(number)) => phone(reader, &at.field("phone"), number).map(Identity::Phone),
        Some(Shown::CustomerId(id)) => reader.id(&at.field("customer_id"), id, CustomerId::parse).map(Identity::Customer),
    }
}

/// Number of a loyalty card; a payment card's is refused.
pub(super) fn card(reader: &mut Reader, at: &At<'_>, number: &str) -> Option<Pii<CompactString>> {
    let read = reader.required_text(at, number, CARD_CHARACTERS_MAX)?;
    if read.chars().count() < CARD_CHARACTERS_MIN {
        reader.fault(at, "must have at least 4 characters");
        return None;
    }
    Some(Pii::new(read))
}

/// A phone number in E.164 form. It is not looked at for cards' numbers: the `+` says what it is, and
/// numbers of some countries begin as cards do.
pub(super) fn phone(reader: &mut Reader, at: &At<'_>, number: &str) -> Option<Pii<CompactString>> {
    if is_phone(number) {
        return Some(Pii::new(CompactString::from(number)));
    }
    if crate::card_number::holds_card_number(number) {
        reader.card_number(at);
    } else {
        reader.fault(at, "must be `+` and 7 to 15 digits (E.164)");
    }
    None
}

/// Whether a text is a phone number in E.164 form.
pub(super) fn is_phone(text: &str) -> bool {
    let length_fits = (PHONE_CHARACTERS_MIN..=PHONE_CHARACTERS_MAX).contains(&text.len());
    match text.strip_prefix('+') {
        Some(digits) => length_fits && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => false,
    }
}

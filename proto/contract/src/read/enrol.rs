//! Reads a request to create a customer.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_proto::billing::v1;
use tessera_rules::id::{CashierId, ReceiptId, StoreId, TillId};

use super::ReadContext;
use super::answer_prompts::{StatedFact, sent_code, stated_facts};
use super::customer::{Identity, card, identity, phone};
use super::delivery::{DeliveryInput, delivery};
use super::field::{Reader, check_contract_minor};
use crate::canonical::{ContentHash, enrol_hash};
use crate::fault::At;
use crate::pii::Pii;
use crate::refusal::Refusal;

/// A request to create a customer, read. Consent to keep the data was given, else it is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnrolInput {
    /// The minted id of the request.
    pub request: ReceiptId,
    /// The new card; card or phone is there.
    pub card: Option<Pii<CompactString>>,
    /// The phone in E.164 form.
    pub phone: Option<Pii<CompactString>>,
    /// Facts that the customer stated.
    pub answers: Vec<StatedFact>,
    /// The customer agrees to marketing messages.
    pub marketing_consent: bool,
    /// Language of messages, BCP 47.
    pub language: Option<CompactString>,
    /// The shop.
    pub store: StoreId,
    /// The till; none: not at a till.
    pub till: Option<TillId>,
    /// The cashier; none: nobody.
    pub cashier: Option<CashierId>,
    /// When, by the till's clock.
    pub enrolled_at: Timestamp,
    /// The till's trading day.
    pub business_date: Date,
    /// The code that was sent to the phone.
    pub confirmation_code: Option<Pii<CompactString>>,
    /// Who brought the customer.
    pub referred_by: Option<Identity>,
    /// How the message travelled.
    pub delivery: DeliveryInput,
    /// What the request id stands for.
    pub content_hash: ContentHash,
}

/// Reads a request to create a customer.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_enrol(request: &v1::EnrolRequest, context: &ReadContext) -> Result<EnrolInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = enrol(&mut reader, request);
    reader.finish(read)
}

fn enrol(reader: &mut Reader, request: &v1::EnrolRequest) -> Option<EnrolInput> {
    let root = At::Request;
    let id = reader.minted_id(&root.field("request_id"), &request.request_id, ReceiptId::parse);
    let card_at = root.field("card_number");
    let card = if request.card_number.is_empty() { None } else { card(reader, &card_at, &request.card_number) };
    let phone = if request.phone.is_empty() { None } else { phone(reader, &root.field("phone"), &request.phone) };
    if request.card_number.is_empty() && request.phone.is_empty() {
        reader.fault(&card_at, "must be there where no phone is");
    }
    if !request.data_consent {
        reader.fault(&root.field("data_consent"), "must be true: without consent nothing is enrolled");
    }
    let answers = stated_facts(reader, &root, &request.answers);
    let language = reader.language(&root.field("language"), &request.language);
    let store = reader.minted_id(&root.field("store_id"), &request.store_id, StoreId::parse);
    let till = reader.optional_minted_id(&root.field("till_id"), &request.till_id, TillId::parse);
    let cashier = reader.optional_minted_id(&root.field("cashier_id"), &request.cashier_id, CashierId::parse);
    let enrolled_at = reader.time(&root.field("enrolled_at"), request.enrolled_at.as_ref());
    let business_date = reader.date_or(&root.field("business_date"), &request.business_date, enrolled_at);
    let confirmation_code = sent_code(reader, &root.field("confirmation_code"), &request.confirmation_code);
    let referred_by = request.referred_by.as_ref().and_then(|who| identity(reader, &root.field("referred_by"), who));
    let delivery = delivery(reader, &root, request.delivery.as_ref());
    Some(EnrolInput {
        request: id?,
        card,
        phone,
        answers,
        marketing_consent: request.marketing_consent,
        language,
        store: store?,
        till,
        cashier,
        enrolled_at: enrolled_at?,
        business_date: business_date?,
        confirmation_code,
        referred_by,
        delivery,
        content_hash: enrol_hash(request),
    })
}

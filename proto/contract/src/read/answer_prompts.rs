//! Reads answers to prompts, in a request of their own or with a settle.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_proto::billing::v1;
use tessera_rules::id::{CashierId, FactId, ReceiptId, RewardId, StoreId, TillId};

use super::ReadContext;
use super::customer::{Identity, is_phone, required_identity};
use super::delivery::{DeliveryInput, delivery};
use super::field::{Reader, check_contract_minor};
use crate::canonical::{ContentHash, answers_hash};
use crate::fault::At;
use crate::limits::{ANSWERS_MAX, SHORT_TEXT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX};
use crate::pii::Pii;
use crate::refusal::Refusal;

/// Answers to prompts, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnswerPromptsInput {
    /// The minted id of the request.
    pub request: ReceiptId,
    /// Who answered.
    pub customer: Identity,
    /// The answers, one a fact.
    pub answers: Vec<StatedFact>,
    /// The shop.
    pub store: StoreId,
    /// The till; none: not at a till.
    pub till: Option<TillId>,
    /// The cashier; none: nobody.
    pub cashier: Option<CashierId>,
    /// When, by the till's clock.
    pub answered_at: Timestamp,
    /// The till's trading day.
    pub business_date: Date,
    /// How the message travelled.
    pub delivery: DeliveryInput,
    /// What the request id stands for.
    pub content_hash: ContentHash,
}

/// A fact that a customer stated, or refused to state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatedFact {
    /// The prompt that is answered; none: said unasked.
    pub prompt: Option<RewardId>,
    /// The fact.
    pub fact: FactId,
    /// What they said.
    pub said: Said,
}

/// What a customer said to a prompt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// This.
    Value(Pii<CompactString>),
    /// Nothing: they would not answer.
    Refused,
    /// The code that was sent to what they had said before, its digits alone.
    Code(Pii<CompactString>),
}

impl StatedFact {
    /// The value; none: the customer refused to answer, or confirms what they had said before.
    #[must_use]
    pub const fn value(&self) -> Option<&Pii<CompactString>> {
        match &self.said {
            Said::Value(value) => Some(value),
            Said::Refused | Said::Code(_) => None,
        }
    }
}

/// Reads answers to prompts.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_answer_prompts(request: &v1::AnswerPromptsRequest, context: &ReadContext) -> Result<AnswerPromptsInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = answer_prompts(&mut reader, request);
    reader.finish(read)
}

fn answer_prompts(reader: &mut Reader, request: &v1::AnswerPromptsRequest) -> Option<AnswerPromptsInput> {
    let root = At::Request;
    let id = reader.minted_id(&root.field("request_id"), &request.request_id, ReceiptId::parse);
    let customer = required_identity(reader, &root, request.customer.as_ref());
    if request.answers.is_empty() {
        reader.fault(&root.field("answers"), "must hold at least one answer");
    }
    let answers = stated_facts(reader, &root, &request.answers);
    let store = reader.minted_id(&root.field("store_id"), &request.store_id, StoreId::parse);
    let till = reader.optional_minted_id(&root.field("till_id"), &request.till_id, TillId::parse);
    let cashier = reader.optional_minted_id(&root.field("cashier_id"), &request.cashier_id, CashierId::parse);
    let answered_at = reader.time(&root.field("answered_at"), request.answered_at.as_ref());
    let business_date = reader.date_or(&root.field("business_date"), &request.business_date, answered_at);
    let delivery = delivery(reader, &root, request.delivery.as_ref());
    Some(AnswerPromptsInput {
        request: id?,
        customer: customer?,
        answers,
        store: store?,
        till,
        cashier,
        answered_at: answered_at?,
        business_date: business_date?,
        delivery,
        content_hash: answers_hash(request),
    })
}

/// Answers, one a fact, at `answers` below `above`.
pub(super) fn stated_facts(reader: &mut Reader, above: &At<'_>, wire: &[v1::PromptAnswer]) -> Vec<StatedFact> {
    reader.length(&above.field("answers"), wire.len(), ANSWERS_MAX);
    let mut stated: Vec<StatedFact> = Vec::new();
    for (index, answer) in wire.iter().enumerate().take(ANSWERS_MAX) {
        let at = above.item("answers", index);
        let prompt = reader.optional_id(&at.field("prompt_id"), &answer.prompt_id, RewardId::parse);
        let fact = reader.id(&at.field("fact_id"), &answer.fact_id, FactId::parse);
        let said = said(reader, &at, answer);
        let Some(fact) = fact else { continue };
        if stated.iter().any(|other| other.fact == fact) {
            reader.fault(&at.field("fact_id"), "is answered twice; one answer a fact");
        }
        stated.extend(said.map(|said| StatedFact { prompt, fact, said }));
    }
    stated
}

/// What was said. A phone number is one of the kinds of answers, so it is not taken for a card.
fn said(reader: &mut Reader, above: &At<'_>, answer: &v1::PromptAnswer) -> Option<Said> {
    let at = above.field("value");
    if !answer.confirmation_code.is_empty() {
        return code(reader, above, answer);
    }
    match (answer.refused, answer.value.is_empty()) {
        (true, true) => Some(Said::Refused),
        (true, false) => {
            reader.fault(&at, "must be empty where the customer refused to answer");
            None
        }
        (false, true) => {
            reader.fault(&at, "must not be empty");
            None
        }
        (false, false) if is_phone(&answer.value) => Some(Said::Value(Pii::new(CompactString::from(&answer.value)))),
        (false, false) => reader.text(&at, &answer.value, TEXT_CHARACTERS_MAX).map(|value| Said::Value(Pii::new(value))),
    }
}

/// A code that was sent, as somebody typed it: blanks and hyphens between its digits say nothing.
fn code(reader: &mut Reader, above: &At<'_>, answer: &v1::PromptAnswer) -> Option<Said> {
    let at = above.field("confirmation_code");
    if answer.refused || !answer.value.is_empty() {
        reader.fault(&at, "must stand alone: it confirms what was answered before");
        return None;
    }
    sent_code(reader, &at, &answer.confirmation_code).map(Said::Code)
}

/// The digits of a code that was sent; none: it is empty, or is none.
pub(super) fn sent_code(reader: &mut Reader, at: &At<'_>, typed: &str) -> Option<Pii<CompactString>> {
    let typed = reader.text(at, typed, SHORT_TEXT_CHARACTERS_MAX)?;
    let digits: CompactString = typed.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    if !(4..=16).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        reader.fault(at, "must be 4 to 16 digits");
        return None;
    }
    Some(Pii::new(digits))
}

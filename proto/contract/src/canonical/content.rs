//! What ids stand for, field by field in the order in which they are hashed. The order is the format:
//! changing it needs a new domain.

use compact_str::CompactString;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::redeem_request::Amount;
use tessera_proto::billing::v1::return_request::Original;
use tessera_rules::id::ChannelId;

use super::ContentHash;
use super::encoder::Encoder;

/// Of a settle: the receipt with its sold parts, customer, codes and tenders, then the added lines. Not the
/// token, `attempt`, declined ids, results, answers, redemptions or delivery.
///
/// What came into the contract later stands at the end, each under a number of its own and only where it says
/// something, so that the hash of what says nothing there stays what it was.
#[must_use]
pub fn settle_hash(request: &v1::SettleRequest) -> ContentHash {
    let mut encoder = Encoder::new("tessera.settle.1");
    encoder.optional(request.receipt.as_ref(), receipt);
    encoder.list(&request.added_lines, added_line);
    let channel = request.receipt.as_ref().map_or("", |receipt| receipt.channel_id.as_str());
    if !channel.is_empty() && channel != ChannelId::till().as_str() {
        encoder.case(1);
        encoder.text(channel);
    }
    referrer(&mut encoder, request.referred_by.as_ref());
    ContentHash(encoder.finish())
}

/// Of a return: everything but `contract_minor`, `mode`, `attempt` and `delivery`.
#[must_use]
pub fn return_hash(request: &v1::ReturnRequest) -> ContentHash {
    let mut encoder = Encoder::new("tessera.return.1");
    encoder.text(&request.receipt_id);
    match &request.original {
        None => encoder.case(0),
        Some(Original::OriginalReceiptId(id)) => {
            encoder.case(1);
            encoder.text(id);
        }
        Some(Original::OriginalFiscal(document)) => {
            encoder.case(2);
            fiscal(&mut encoder, document);
        }
    }
    encoder.time(request.returned_at.as_ref());
    for text in [&request.business_date, &request.store_id, &request.till_id, &request.cashier_id, &request.currency_code] {
        encoder.text(text);
    }
    encoder.optional(request.customer.as_ref(), customer);
    encoder.list(&request.lines, returned_line);
    encoder.list(&request.tenders, tender);
    encoder.integer(request.cash_rounding_minor);
    encoder.optional(request.fiscal.as_ref(), fiscal);
    encoder.flag(request.training);
    encoder.natural(u64::from(request.till_columns));
    encoder.number(request.till_charset, v1::TillCharset::Unicode);
    encoder.text(&request.language);
    ContentHash(encoder.finish())
}

/// Of an enrolment: everything but `contract_minor`, `confirmation_code` and `delivery`.
#[must_use]
pub fn enrol_hash(request: &v1::EnrolRequest) -> ContentHash {
    let mut encoder = Encoder::new("tessera.enrol.1");
    encoder.text(&request.request_id);
    encoder.text(&request.card_number);
    encoder.text(&request.phone);
    encoder.list(&request.answers, answer);
    encoder.flag(request.data_consent);
    encoder.flag(request.marketing_consent);
    for text in [&request.language, &request.store_id, &request.till_id, &request.cashier_id] {
        encoder.text(text);
    }
    encoder.time(request.enrolled_at.as_ref());
    encoder.text(&request.business_date);
    referrer(&mut encoder, request.referred_by.as_ref());
    codes(&mut encoder, &request.answers);
    ContentHash(encoder.finish())
}

/// Who brought the customer, where somebody did: behind everything that version 1 has.
fn referrer(encoder: &mut Encoder, who: Option<&v1::CustomerIdentity>) {
    if let Some(who) = who {
        encoder.case(2);
        customer(encoder, who);
    }
}

/// Of answers to prompts: everything but `contract_minor` and `delivery`.
#[must_use]
pub fn answers_hash(request: &v1::AnswerPromptsRequest) -> ContentHash {
    let mut encoder = Encoder::new("tessera.answers.1");
    encoder.text(&request.request_id);
    encoder.optional(request.customer.as_ref(), customer);
    encoder.list(&request.answers, answer);
    for text in [&request.store_id, &request.till_id, &request.cashier_id] {
        encoder.text(text);
    }
    encoder.time(request.answered_at.as_ref());
    encoder.text(&request.business_date);
    codes(&mut encoder, &request.answers);
    ContentHash(encoder.finish())
}

/// Of a hand-over: everything but `contract_minor` and `delivery`.
#[must_use]
pub fn hand_over_hash(request: &v1::HandOverRequest) -> ContentHash {
    let mut encoder = Encoder::new("tessera.hand_over.1");
    encoder.text(&request.request_id);
    encoder.optional(request.customer.as_ref(), customer);
    encoder.text(&request.receipt_id);
    encoder.text(&request.reward_id);
    encoder.number(request.state, 0);
    for text in [&request.serial, &request.store_id, &request.till_id, &request.cashier_id] {
        encoder.text(text);
    }
    encoder.time(request.handed_over_at.as_ref());
    encoder.text(&request.business_date);
    ContentHash(encoder.finish())
}

/// Of a claim: everything but `contract_minor` and `delivery`; the code however it is spelled.
#[must_use]
pub fn claim_hash(request: &v1::ClaimRequest) -> ContentHash {
    let mut encoder = Encoder::new("tessera.claim.1");
    encoder.text(&request.request_id);
    encoder.text(&request.receipt_id);
    encoder.text(&claim_code_as_printed(&request.claim_code));
    encoder.optional(request.customer.as_ref(), customer);
    for text in [&request.store_id, &request.till_id, &request.cashier_id] {
        encoder.text(text);
    }
    encoder.time(request.claimed_at.as_ref());
    ContentHash(encoder.finish())
}

/// A claim code without what people put between letters; small letters are as good, and letters that look like digits are those.
pub(crate) fn claim_code_as_printed(code: &str) -> CompactString {
    let as_meant = |letter: char| match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    code.chars().filter(char::is_ascii_alphanumeric).map(as_meant).collect()
}

fn receipt(encoder: &mut Encoder, receipt: &v1::Receipt) {
    encoder.text(&receipt.receipt_id);
    encoder.time(receipt.sold_at.as_ref());
    for text in [&receipt.business_date, &receipt.store_id, &receipt.till_id, &receipt.cashier_id] {
        encoder.text(text);
    }
    encoder.optional(receipt.customer.as_ref(), customer);
    encoder.text(&receipt.currency_code);
    encoder.list(&receipt.lines, line);
    encoder.list(&receipt.codes, |encoder, code| {
        encoder.text(&code.code);
        encoder.number(code.entry_method, 0);
    });
    encoder.list(&receipt.redeem_requested, redeem);
    encoder.list(&receipt.tenders, tender);
    encoder.integer(receipt.cash_rounding_minor);
    encoder.optional(receipt.fiscal.as_ref(), fiscal);
    encoder.flag(receipt.training);
    encoder.natural(u64::from(receipt.till_columns));
    encoder.number(receipt.till_charset, v1::TillCharset::Unicode);
    encoder.text(&receipt.language);
}

fn customer(encoder: &mut Encoder, customer: &v1::CustomerIdentity) {
    let (place, text) = match &customer.identity {
        None => (0, ""),
        Some(Identity::CardNumber(text)) => (1, text.as_str()),
        Some(Identity::Qr(text)) => (2, text.as_str()),
        Some(Identity::Phone(text)) => (3, text.as_str()),
        Some(Identity::CustomerId(text)) => (4, text.as_str()),
    };
    encoder.case(place);
    encoder.text(text);
    encoder.number(customer.entry_method, 0);
}

fn line(encoder: &mut Encoder, line: &v1::Line) {
    encoder.text(&line.line_id);
    encoder.text(&line.sku);
    encoder.text(&line.description);
    encoder.integer(line.quantity_milli);
    encoder.number(line.quantity_kind, v1::QuantityKind::Counted);
    encoder.integer(line.unit_price_micros);
    encoder.integer(line.amount_minor);
    encoder.optional(line.regular_unit_price_micros.as_ref(), |encoder, micros| encoder.integer(*micros));
    encoder.number(line.price_reason, 0);
    encoder.text(&line.tax_code);
    encoder.list(&line.marks, |encoder, mark| encoder.text(mark));
    encoder.flag(line.no_discount);
    encoder.flag(line.no_earn);
    encoder.list(&line.attributes, attribute);
    encoder.list(&line.sold_parts, sold_part);
}

fn attribute(encoder: &mut Encoder, attribute: &v1::Attribute) {
    encoder.text(&attribute.name);
    encoder.text(&attribute.value);
}

fn sold_part(encoder: &mut Encoder, part: &v1::SoldPart) {
    encoder.integer(part.quantity_milli);
    encoder.integer(part.unit_price_micros);
    encoder.integer(part.amount_minor);
    encoder.list(&part.adjustments, |encoder, adjustment| {
        encoder.text(&adjustment.campaign_id);
        encoder.integer(adjustment.amount_minor);
        encoder.text(&adjustment.tax_code);
        encoder.text(&adjustment.text);
    });
}

fn added_line(encoder: &mut Encoder, line: &v1::AddedLine) {
    encoder.text(&line.line_id);
    encoder.text(&line.sku);
    encoder.text(&line.description);
    encoder.number(line.quantity_kind, v1::QuantityKind::Counted);
    encoder.text(&line.tax_code);
    encoder.list(&line.marks, |encoder, mark| encoder.text(mark));
    encoder.list(&line.sold_parts, sold_part);
}

fn redeem(encoder: &mut Encoder, wish: &v1::RedeemRequest) {
    encoder.text(&wish.asset_id);
    match wish.amount {
        None => encoder.case(0),
        Some(Amount::Units(units)) => {
            encoder.case(1);
            encoder.integer(units);
        }
        Some(Amount::Max(max)) => {
            encoder.case(2);
            encoder.flag(max);
        }
    }
    encoder.number(wish.redeem_as, 0);
}

fn tender(encoder: &mut Encoder, tender: &v1::Tender) {
    encoder.number(tender.kind, 0);
    encoder.integer(tender.amount_minor);
    encoder.text(&tender.reference);
    encoder.text(&tender.brand);
    encoder.text(&tender.asset_id);
}

fn fiscal(encoder: &mut Encoder, document: &v1::FiscalDocument) {
    encoder.text(&document.device_id);
    encoder.text(&document.number);
}

fn returned_line(encoder: &mut Encoder, line: &v1::ReturnedLine) {
    encoder.text(&line.line_id);
    encoder.text(&line.original_line_id);
    encoder.text(&line.sku);
    encoder.integer(line.quantity_milli);
    encoder.number(line.quantity_kind, v1::QuantityKind::Counted);
    encoder.integer(line.unit_price_micros);
    encoder.integer(line.amount_minor);
    encoder.text(&line.tax_code);
    encoder.text(&line.reason);
    encoder.list(&line.attributes, attribute);
    encoder.text(&line.description);
}

/// The codes that confirm answers, where any came: behind everything that version 1 has.
fn codes(encoder: &mut Encoder, answers: &[v1::PromptAnswer]) {
    let confirming: Vec<_> = answers.iter().filter(|answer| !answer.confirmation_code.is_empty()).cloned().collect();
    if !confirming.is_empty() {
        encoder.case(3);
        encoder.list(&confirming, |encoder, answer| {
            encoder.text(&answer.fact_id);
            encoder.text(&answer.confirmation_code);
        });
    }
}

fn answer(encoder: &mut Encoder, answer: &v1::PromptAnswer) {
    encoder.text(&answer.prompt_id);
    encoder.text(&answer.fact_id);
    encoder.text(&answer.value);
    encoder.flag(answer.refused);
}

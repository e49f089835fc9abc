//! The answer of a gateway that has a pack and no engine: what the pack gives, and word of what follows or cannot be had.

use jiff::Timestamp;
use tessera_proto::billing::v1;
use tessera_rules::decision::{Decision, Offer};
use tessera_rules::effort::Effort;
use tessera_rules::id::Sku;

use super::{OpenedPack, PackToken, SignedPackHead};
use crate::canonical::basket_hash;
use crate::convert::timestamp_to_wire;
use crate::read::{QuoteInput, ReadContext, read_quote};
use crate::refusal::Refusal;
use crate::render::{AnswerContext, answer, fit};
use crate::token::decision_hash;

/// What the screen says, where nothing else is configured, when the customer is named.
pub const MORE_FOLLOWS_TEXT: &str = "Your other rewards follow by SMS";
/// What the screen says, where nothing else is configured, when something was to be redeemed.
pub const NOT_REDEEMED_TEXT: &str = "No link: nothing can be redeemed now";
/// What the screen says, where nothing else is configured, of a code that was presented.
pub const NOT_CHECKED_TEXT: &str = "No link: codes cannot be checked now";

/// What the screen says beside what the pack gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PackTexts<'a> {
    /// When the customer is named: what the whole revision gives beyond the pack.
    pub more_follows: &'a str,
    /// When something was to be redeemed.
    pub not_redeemed: &'a str,
    /// When a code was presented.
    pub not_checked: &'a str,
}

impl Default for PackTexts<'_> {
    fn default() -> Self {
        Self { more_follows: MORE_FOLLOWS_TEXT, not_redeemed: NOT_REDEEMED_TEXT, not_checked: NOT_CHECKED_TEXT }
    }
}

/// Answers a quote from a pack that an engine said is in force. Its token lets an engine decide the same again; `sign` gives
/// the gateway's proof of a text, or nothing.
///
/// # Errors
/// The request has faults, as [`read_quote`] tells them.
pub fn answer_from_pack(
    request: &v1::QuoteRequest,
    (pack, signed): (&OpenedPack, &SignedPackHead),
    (now, effort): (Timestamp, Effort),
    reason: v1::BasisReason,
    texts: PackTexts<'_>,
    sign: impl FnOnce(&str) -> Vec<u8>,
) -> Result<v1::QuoteResponse, Refusal> {
    let input = read_quote(request, &ReadContext { now })?;
    let decision = pack.decide(&input.receipt, now, effort);
    let mut token = PackToken {
        signed: signed.clone(),
        receipt: input.receipt.id.clone(),
        basket_hash: basket_hash(&input.receipt, input.customer.as_ref()),
        decided_at: now,
        steps_max: effort.steps_max,
        choices: input.receipt.choices.clone(),
        decision: decision_hash(&decision),
        proof: Vec::new(),
    };
    token.proof = sign(&token.text());
    Ok(v1::QuoteResponse {
        status: i32::from(v1::QuoteStatus::Ok),
        answer: Some(rendered(&input, &decision, (pack, signed), texts)),
        quote_token: token.encode(),
        basis: i32::from(v1::AnswerBasis::Pack),
        basis_reason: i32::from(reason),
        quoted_at: Some(timestamp_to_wire(now)),
        ..v1::QuoteResponse::default()
    })
}

fn rendered(
    input: &QuoteInput,
    decision: &Decision,
    (pack, signed): (&OpenedPack, &SignedPackHead),
    texts: PackTexts<'_>,
) -> v1::Answer {
    let receipt = &input.receipt;
    let is_named = input.customer.is_some();
    let can_be = |id: &str| Offer::is_id(id) || pack.revision().can_decline(id, receipt.lines.len());
    let context = AnswerContext {
        revision: signed.head.revision,
        catalogue: signed.head.catalogue,
        customer_status: if is_named { v1::CustomerStatus::Unspecified } else { v1::CustomerStatus::Anonymous },
        descriptions: &descriptions(decision, pack),
        declined_unknown: receipt.declined.iter().filter(|id| !can_be(id.as_str())).count(),
        ..AnswerContext::plain(receipt, input.display)
    };
    let mut answer = answer(decision, context);
    let told = [
        (is_named, texts.more_follows),
        (!receipt.redeem.is_empty(), texts.not_redeemed),
        (!receipt.codes.is_empty(), texts.not_checked),
    ];
    for (_, text) in told.into_iter().filter(|(holds, _)| *holds) {
        answer.screen_texts.extend(fit::rows(text, &input.display));
    }
    let not_checked = |code: &compact_str::CompactString| v1::CodeVerdict {
        code: code.to_string(),
        state: i32::from(v1::CodeState::NotChecked),
        campaign_id: String::new(),
        text: fit::text(texts.not_checked, &input.display),
    };
    answer.code_verdicts = receipt.codes.iter().map(not_checked).collect();
    answer.redeemable_max =
        receipt.redeem.iter().map(|wish| not_redeemed(wish, pack, &fit::text(texts.not_redeemed, &input.display))).collect();
    answer
}

fn not_redeemed(wish: &tessera_rules::receipt::RedeemRequest, pack: &OpenedPack, text: &str) -> v1::RedeemableMax {
    let program = pack.revision().asset(&wish.asset).map(|asset| asset.program.as_str().to_owned());
    v1::RedeemableMax {
        program_id: program.unwrap_or_default(),
        asset_id: wish.asset.as_str().to_owned(),
        units: 0,
        amount_minor: 0,
        cap: i32::from(v1::RedeemCap::Offline),
        text: text.to_owned(),
    }
}

/// Names of the products that are added or to be chosen from.
fn descriptions<'a>(decision: &'a Decision, pack: &'a OpenedPack) -> Vec<(&'a Sku, &'a str)> {
    let added = decision.lines.iter().filter(|line| line.added_by.is_some()).map(|line| &line.sku);
    let options = decision.choices.iter().flat_map(|choice| &choice.options);
    added.chain(options).filter_map(|sku| Some((sku, pack.catalogue().product(sku)?.name.as_str()))).collect()
}

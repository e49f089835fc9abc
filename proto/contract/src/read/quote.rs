//! Reads a quote's request.

use compact_str::CompactString;
use tessera_proto::billing::v1;
use tessera_rules::id::{CampaignId, ReceiptId, RewardId, Sku};
use tessera_rules::money::Amount;
use tessera_rules::receipt::{Chosen, Explain, Receipt, Stage};

use super::ReadContext;
use super::answer_prompts::sent_code;
use super::customer::Identity;
use super::field::{Reader, check_contract_minor};
use super::receipt::{FiscalDocument, InputNotes, ReceiptRead, TillDisplay};
use crate::fault::At;
use crate::limits::{CHOICES_MAX, CHOSEN_OPTIONS_MAX, DECLINED_MAX, EXPLAINED_MAX, OFFERS_MAX};
use crate::pii::Pii;
use crate::refusal::Refusal;

/// A quote's request, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuoteInput {
    /// The receipt as the evaluation sees it.
    pub receipt: Receipt,
    /// How the customer was identified; none: anonymous.
    pub customer: Option<Identity>,
    /// What the till can show.
    pub display: TillDisplay,
    /// Rounding of cash, outside all sums.
    pub cash_rounding: Amount,
    /// The fiscal document, where it is known already.
    pub fiscal: Option<FiscalDocument>,
    /// Grows with each quote of a receipt, from 1.
    pub quote_no: u64,
    /// The cashier's decisions so far.
    pub attempt: u32,
    /// The code that was sent to the customer.
    pub confirmation_code: Option<Pii<CompactString>>,
    /// The parked receipt that is resumed here.
    pub supersedes: Option<ReceiptId>,
    /// What is out of the ordinary and no fault.
    pub notes: InputNotes,
}

/// Reads a quote's request.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_quote(request: &v1::QuoteRequest, context: &ReadContext) -> Result<QuoteInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = quote(&mut reader, request);
    reader.finish(read)
}

fn quote(reader: &mut Reader, request: &v1::QuoteRequest) -> Option<QuoteInput> {
    let root = At::Request;
    let stage = stage(reader, request.stage);
    if request.quote_no == 0 {
        reader.fault(&root.field("quote_no"), "must be 1 or more");
    }
    let declined = reader.ids(&root, "declined_ids", &request.declined_ids, DECLINED_MAX, RewardId::parse);
    let choices = choices(reader, &root, &request.choices);
    let explain = explain(reader, &root, request);
    let offers_max = offers_max(reader, &root, request.offers_max);
    let confirmation_code = sent_code(reader, &root.field("confirmation_code"), &request.confirmation_code);
    let supersedes =
        reader.optional_minted_id(&root.field("supersedes_receipt_id"), &request.supersedes_receipt_id, ReceiptId::parse);
    let read = ReceiptRead::of(reader, &root, request.receipt.as_ref(), stage)?;
    let mut receipt = read.receipt;
    receipt.declined = declined;
    receipt.choices = choices;
    receipt.explain = explain;
    receipt.offers_max = offers_max;
    Some(QuoteInput {
        receipt,
        customer: read.customer,
        display: read.display,
        cash_rounding: read.cash_rounding,
        fiscal: read.fiscal,
        quote_no: request.quote_no,
        attempt: request.attempt,
        confirmation_code,
        supersedes,
        notes: read.notes,
    })
}

fn stage(reader: &mut Reader, number: i32) -> Stage {
    match reader.known::<v1::QuoteStage>(&At::Request.field("stage"), number) {
        Some(v1::QuoteStage::Basket) => Stage::Basket,
        Some(v1::QuoteStage::Unspecified | v1::QuoteStage::Total) | None => Stage::Total,
        Some(v1::QuoteStage::Tender) => Stage::Tender,
    }
}

fn choices(reader: &mut Reader, above: &At<'_>, wire: &[v1::ChosenOption]) -> Vec<Chosen> {
    reader.length(&above.field("choices"), wire.len(), CHOICES_MAX);
    let mut chosen = Vec::new();
    for (index, choice) in wire.iter().enumerate().take(CHOICES_MAX) {
        let at = above.item("choices", index);
        let id = reader.id(&at.field("choice_id"), &choice.choice_id, RewardId::parse);
        if choice.option_ids.is_empty() {
            reader.fault(&at.field("option_ids"), "must name at least one option");
        }
        let skus = reader.ids(&at, "option_ids", &choice.option_ids, CHOSEN_OPTIONS_MAX, Sku::parse);
        if let Some(id) = id {
            chosen.extend(skus.into_iter().map(|sku| Chosen { choice: id.clone(), sku }));
        }
    }
    chosen
}

fn explain(reader: &mut Reader, above: &At<'_>, request: &v1::QuoteRequest) -> Explain {
    let named = reader.ids(above, "explain_ids", &request.explain_ids, EXPLAINED_MAX, CampaignId::parse);
    match (request.explain, named.is_empty()) {
        (true, _) => Explain::Candidates(named),
        (false, true) => Explain::Nothing,
        (false, false) => Explain::Named(named),
    }
}

fn offers_max(reader: &mut Reader, above: &At<'_>, wire: Option<u32>) -> Option<u8> {
    let wanted = wire?;
    let fits = u8::try_from(wanted).ok().filter(|wanted| usize::from(*wanted) <= OFFERS_MAX);
    if fits.is_none() {
        reader.fault(&above.field("offers_max"), "must be 0 to 10");
    }
    fits
}

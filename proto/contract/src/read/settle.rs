//! Reads a settle's request: the receipt as rung up, and what was in fact sold.

use bytes::Bytes;
use compact_str::CompactString;
use tessera_proto::billing::v1;
use tessera_rules::cashier::is_needed;
use tessera_rules::decision::Redemption;
use tessera_rules::id::{AssetId, RewardId};
use tessera_rules::money::{Amount, Units};
use tessera_rules::receipt::{Receipt, Stage};

use super::ReadContext;
use super::answer_prompts::{StatedFact, stated_facts};
use super::customer::{Identity, identity};
use super::delivery::{DeliveryInput, delivery};
use super::field::{Reader, check_contract_minor};
use super::receipt::{FiscalDocument, InputNotes, ReceiptRead, TillDisplay};
use super::sold_line::{SoldLine, added_lines, given, sold_lines};
use super::tender::TenderInput;
use crate::canonical::{ContentHash, settle_hash};
use crate::convert::redeem_mode_from_wire;
use crate::fault::At;
use crate::limits::{
    DECLINED_MAX, INSTRUCTION_RESULTS_MAX, OFFERS_MAX, REDEEM_REQUESTS_MAX, REDEEM_UNITS_MAX, SHORT_TEXT_CHARACTERS_MAX,
    TENDER_AMOUNT_MINOR_MAX,
};
use crate::refusal::Refusal;

/// A settle's request, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettleInput {
    /// The receipt as rung up, stage [`Stage::Paid`], with `given` as the sold parts show it. For an
    /// evaluation against a token that was sold otherwise the engine sets another stage.
    pub receipt: Receipt,
    /// How the customer was identified; none: anonymous.
    pub customer: Option<Identity>,
    /// What the till can show.
    pub display: TillDisplay,
    /// Rounding of cash, outside all sums.
    pub cash_rounding: Amount,
    /// The fiscal document.
    pub fiscal: Option<FiscalDocument>,
    /// How it was paid, as in the receipt, with what only the outcome keeps.
    pub tenders: Vec<TenderInput>,
    /// What was sold: one for each line of the receipt in its order, then the added lines.
    pub sold: Vec<SoldLine>,
    /// The token of the last quote; empty: without a quote.
    pub quote_token: Bytes,
    /// The cashier's decisions so far.
    pub attempt: u32,
    /// How instructions went.
    pub instructions: Vec<InstructionDone>,
    /// Offers that were shown.
    pub offers: Vec<OfferShown>,
    /// Answers to prompts.
    pub answers: Vec<StatedFact>,
    /// Redemptions that were taken, as quoted.
    pub redemptions: Vec<Redemption>,
    /// Who brought the customer.
    pub referred_by: Option<Identity>,
    /// How the message travelled.
    pub delivery: DeliveryInput,
    /// What the receipt id stands for.
    pub content_hash: ContentHash,
    /// What is out of the ordinary and no fault.
    pub notes: InputNotes,
}

/// How an instruction went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstructionDone {
    /// The instruction.
    pub id: RewardId,
    /// Done, refused or none left; never unspecified.
    pub state: v1::InstructionState,
    /// Serial of what was handed over.
    pub serial: Option<CompactString>,
}

/// What became of an offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferShown {
    /// The offer's id as answered.
    pub id: RewardId,
    /// The customer saw it.
    pub shown: bool,
    /// The customer took it.
    pub taken: bool,
}

/// Reads a settle's request.
///
/// # Errors
/// [`Refusal::UpgradeEngine`], [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault.
pub fn read_settle(request: &v1::SettleRequest, context: &ReadContext) -> Result<SettleInput, Refusal> {
    check_contract_minor(request.contract_minor)?;
    let mut reader = Reader::new(context.now);
    let read = settle(&mut reader, request);
    reader.finish(read)
}

fn settle(reader: &mut Reader, request: &v1::SettleRequest) -> Option<SettleInput> {
    let root = At::Request;
    let mut declined = reader.ids(&root, "declined_ids", &request.declined_ids, DECLINED_MAX, RewardId::parse);
    let instructions = instructions(reader, &root, &request.instruction_results);
    declined.extend(undone(&instructions).filter(|id| !declined.contains(id)).cloned().collect::<Vec<_>>());
    let offers = offers(reader, &root, &request.offer_results);
    let answers = stated_facts(reader, &root, &request.answers);
    let redemptions = redemptions(reader, &root, &request.redemptions);
    let referred_by = request.referred_by.as_ref().and_then(|who| identity(reader, &root.field("referred_by"), who));
    let delivery = delivery(reader, &root, request.delivery.as_ref());
    reader.token(&root.field("quote_token"), &request.quote_token);
    let added = added_lines(reader, &root, &request.added_lines);
    let read = ReceiptRead::of(reader, &root, request.receipt.as_ref(), Stage::Paid)?;
    let mut receipt = read.receipt;
    let mut sold = sold_lines(reader, &root.field("receipt"), request.receipt.as_ref()?, &receipt);
    sold.extend(added);
    if !reader.is_clean() {
        return None;
    }
    receipt.declined = declined;
    receipt.given = given(&sold, &receipt);
    Some(SettleInput {
        receipt,
        customer: read.customer,
        display: read.display,
        cash_rounding: read.cash_rounding,
        fiscal: read.fiscal,
        tenders: read.tenders,
        sold,
        quote_token: request.quote_token.clone(),
        attempt: request.attempt,
        instructions,
        offers,
        answers,
        redemptions,
        referred_by,
        delivery,
        content_hash: settle_hash(request),
        notes: read.notes,
    })
}

fn instructions(reader: &mut Reader, above: &At<'_>, wire: &[v1::InstructionResult]) -> Vec<InstructionDone> {
    reader.length(&above.field("instruction_results"), wire.len(), INSTRUCTION_RESULTS_MAX);
    let mut done = Vec::new();
    for (index, result) in wire.iter().enumerate().take(INSTRUCTION_RESULTS_MAX) {
        let at = above.item("instruction_results", index);
        let id = reader.id(&at.field("instruction_id"), &result.instruction_id, RewardId::parse);
        let state = reader.required::<v1::InstructionState>(&at.field("state"), result.state);
        let serial = reader.text(&at.field("serial"), &result.serial, SHORT_TEXT_CHARACTERS_MAX);
        // Of which series it was the engine knows; what a till says there is not read, and no card's number all the same (H79).
        reader.text(&at.field("series_id"), &result.series_id, SHORT_TEXT_CHARACTERS_MAX);
        if let (Some(id), Some(state)) = (id, state) {
            done.push(InstructionDone { id, state, serial });
        }
    }
    done
}

/// What could not be done without which campaigns give nothing: as if the customer had declined it.
fn undone(instructions: &[InstructionDone]) -> impl Iterator<Item = &RewardId> {
    let undone = instructions.iter().filter(|done| done.state != v1::InstructionState::Done);
    undone.map(|done| &done.id).filter(|id| is_needed(id))
}

fn offers(reader: &mut Reader, above: &At<'_>, wire: &[v1::OfferResult]) -> Vec<OfferShown> {
    reader.length(&above.field("offer_results"), wire.len(), OFFERS_MAX);
    let mut shown = Vec::new();
    for (index, result) in wire.iter().enumerate().take(OFFERS_MAX) {
        let at = above.item("offer_results", index);
        if let Some(id) = reader.id(&at.field("offer_id"), &result.offer_id, RewardId::parse) {
            shown.push(OfferShown { id, shown: result.shown, taken: result.taken });
        }
    }
    shown
}

fn redemptions(reader: &mut Reader, above: &At<'_>, wire: &[v1::Redemption]) -> Vec<Redemption> {
    reader.length(&above.field("redemptions"), wire.len(), REDEEM_REQUESTS_MAX);
    let mut taken = Vec::new();
    for (index, redemption) in wire.iter().enumerate().take(REDEEM_REQUESTS_MAX) {
        let at = above.item("redemptions", index);
        let id = reader.id(&at.field("redemption_id"), &redemption.redemption_id, RewardId::parse);
        let asset = reader.id(&at.field("asset_id"), &redemption.asset_id, AssetId::parse);
        reader.text(&at.field("program_id"), &redemption.program_id, SHORT_TEXT_CHARACTERS_MAX);
        reader.text(&at.field("code"), &redemption.code, SHORT_TEXT_CHARACTERS_MAX);
        let units = reader.range(&at.field("units"), redemption.units, 1, REDEEM_UNITS_MAX);
        let amount = reader.range(&at.field("amount_minor"), redemption.amount_minor, 1, TENDER_AMOUNT_MINOR_MAX);
        let mode = reader.known::<v1::RedeemAs>(&at.field("redeem_as"), redemption.redeem_as);
        if let (Some(id), Some(asset), Some(units), Some(amount), Some(mode)) = (id, asset, units, amount, mode) {
            let (units, amount) = (Units::from_units(units), Amount::from_minor(amount));
            taken.push(Redemption { id, asset, units, amount, mode: redeem_mode_from_wire(mode), paid_on: Vec::new() });
        }
    }
    taken
}

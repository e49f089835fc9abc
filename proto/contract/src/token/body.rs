//! What a token holds. It is written from references and read into values; both sides must agree on the
//! order of fields, which a test holds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::decision::{
    Adjustment, Applied, CodeVerdict, CounterMove, DecidedLine, Decision, Explained, Instruction, NearMiss, Note, Part, Promise,
    PromptReason, Redeemable, Redemption, Reward,
};
use tessera_rules::id::{AccountId, CampaignId, CustomerId, FactId, LineId, ReceiptId, Sku, TaxCode};
use tessera_rules::money::{Amount, Quantity, UnitPrice};
use tessera_rules::receipt::Measure;

use crate::canonical::BasketHash;

/// A revision by number and hash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RevisionName {
    /// Its number.
    pub number: u64,
    /// BLAKE3 over its content.
    pub hash: [u8; 32],
}

/// What a token holds beside the decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenHead {
    /// The receipt that was quoted.
    pub receipt: ReceiptId,
    /// What was quoted but tenders and stage.
    pub basket_hash: BasketHash,
    /// The revision that was evaluated; none: no campaigns.
    pub revision: Option<RevisionName>,
    /// The catalogue that was used; 0: none.
    pub catalogue: u64,
    /// The time under which campaigns were evaluated.
    pub quoted_at: Timestamp,
    /// The most search steps that the evaluation was given.
    pub steps_max: u64,
    /// Which quote of the receipt it was.
    pub quote_no: u64,
    /// The customer, where known.
    pub customer: Option<CustomerId>,
    /// The account, where there is one.
    pub account: Option<AccountId>,
    /// Until when what was promised is held; none: nothing is.
    pub held_until: Option<Timestamp>,
}

/// What a token holds.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct TokenBody {
    /// Everything beside the decision.
    pub head: TokenHead,
    /// What was decided.
    pub promised: Promised,
}

/// What was decided, as a token holds it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub enum Promised {
    /// The decision, without explanations, notes, near misses and the texts of prompts, offers and adjustments.
    Decision(Box<Decision>),
    /// It was too large: [`decision_hash`] of it, so that an evaluation under the same arguments can be
    /// known to have come to the same.
    Hash([u8; 32]),
}

/// Hash of a decision as a token holds it.
#[must_use]
pub fn decision_hash(decision: &Decision) -> [u8; 32] {
    let written = postcard::to_allocvec(&WrittenDecision::of(decision)).unwrap_or_default();
    blake3::hash(&written).into()
}

/// [`TokenBody`] as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    head: &'a TokenHead,
    promised: WrittenPromise<'a>,
}

#[derive(Serialize)]
enum WrittenPromise<'a> {
    Decision(Box<WrittenDecision<'a>>),
    Hash([u8; 32]),
}

impl<'a> Written<'a> {
    pub(super) fn whole(head: &'a TokenHead, decision: &'a Decision) -> Self {
        Self { head, promised: WrittenPromise::Decision(Box::new(WrittenDecision::of(decision))) }
    }

    pub(super) fn hash(head: &'a TokenHead, decision: &'a Decision) -> Self {
        Self { head, promised: WrittenPromise::Hash(decision_hash(decision)) }
    }
}

/// [`Decision`] as it is written, field by field in its order.
#[derive(Serialize)]
struct WrittenDecision<'a> {
    lines: Vec<WrittenLine<'a>>,
    redemptions: &'a [Redemption],
    rewards: &'a [Reward],
    prompts: Vec<WrittenPrompt<'a>>,
    instructions: &'a [Instruction],
    offers: Vec<WrittenOffer<'a>>,
    near_misses: &'static [NearMiss],
    code_verdicts: &'a [CodeVerdict],
    redeemable: &'a [Redeemable],
    counters: &'a [CounterMove],
    promises: &'a [Promise],
    applied: &'a [Applied],
    before: Amount,
    after: Amount,
    depends_on_tenders: bool,
    notes: &'static [Note],
    steps: u64,
    proven: bool,
    bound: Amount,
    explained: &'static [Explained],
}

#[derive(Serialize)]
struct WrittenPrompt<'a> {
    fact: &'a FactId,
    reason: PromptReason,
    text: &'static str,
}

#[derive(Serialize)]
struct WrittenOffer<'a> {
    campaign: &'a CampaignId,
    sku: &'a Sku,
    text: &'static str,
}

/// [`DecidedLine`] as it is written: the texts of adjustments are the till's to print and no part of the promise.
#[derive(Serialize)]
struct WrittenLine<'a> {
    id: &'a LineId,
    sku: &'a Sku,
    tax_code: &'a Option<TaxCode>,
    measure: Measure,
    added_by: &'a Option<CampaignId>,
    parts: Vec<WrittenPart<'a>>,
    before: Amount,
    after: Amount,
}

#[derive(Serialize)]
struct WrittenPart<'a> {
    quantity: Quantity,
    unit_price: UnitPrice,
    amount: Amount,
    adjustments: Vec<WrittenAdjustment<'a>>,
}

#[derive(Serialize)]
struct WrittenAdjustment<'a> {
    campaign: &'a CampaignId,
    amount: Amount,
    text: &'static str,
}

impl<'a> WrittenLine<'a> {
    fn of(line: &'a DecidedLine) -> Self {
        Self {
            id: &line.id,
            sku: &line.sku,
            tax_code: &line.tax_code,
            measure: line.measure,
            added_by: &line.added_by,
            parts: line.parts.iter().map(WrittenPart::of).collect(),
            before: line.before,
            after: line.after,
        }
    }
}

impl<'a> WrittenPart<'a> {
    fn of(part: &'a Part) -> Self {
        let written = |adjustment: &'a Adjustment| WrittenAdjustment {
            campaign: &adjustment.campaign,
            amount: adjustment.amount,
            text: "",
        };
        Self {
            quantity: part.quantity,
            unit_price: part.unit_price,
            amount: part.amount,
            adjustments: part.adjustments.iter().map(written).collect(),
        }
    }
}

impl<'a> WrittenDecision<'a> {
    fn of(decision: &'a Decision) -> Self {
        Self {
            lines: decision.lines.iter().map(WrittenLine::of).collect(),
            redemptions: &decision.redemptions,
            rewards: &decision.rewards,
            prompts: decision
                .prompts
                .iter()
                .map(|prompt| WrittenPrompt { fact: &prompt.fact, reason: prompt.reason, text: "" })
                .collect(),
            instructions: &decision.instructions,
            offers: decision
                .offers
                .iter()
                .map(|offer| WrittenOffer { campaign: &offer.campaign, sku: &offer.sku, text: "" })
                .collect(),
            near_misses: &[],
            code_verdicts: &decision.code_verdicts,
            redeemable: &decision.redeemable,
            counters: &decision.counters,
            promises: &decision.promises,
            applied: &decision.applied,
            before: decision.before,
            after: decision.after,
            depends_on_tenders: decision.depends_on_tenders,
            notes: &[],
            steps: decision.steps,
            proven: decision.proven,
            bound: decision.bound,
            explained: &[],
        }
    }
}

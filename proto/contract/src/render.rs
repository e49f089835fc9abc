//! Rules to wire: a decision as the four-part answer that a till shows.
//!
//! What a decision does not know (balances, product texts, the shape of an answer to a prompt) the engine
//! hands over in [`AnswerContext`]. Texts are fitted to the till; those of more than one row have a line
//! feed between rows.

mod explanation;
pub mod fit;
mod lines;
mod remarks;
mod rewards;

use tessera_proto::billing::v1;
use tessera_rules::decision::{AnswerPart, Choice, Decision, Prompt, PromptReason};
use tessera_rules::id::{AssetId, CampaignId, CustomerId, FactId, ProgramId, SeriesId, Sku};
use tessera_rules::receipt::Receipt;

use crate::read::TillDisplay;

pub use lines::totals_of;

/// What an answer needs beside the decision.
#[derive(Clone, Debug)]
pub struct AnswerContext<'a> {
    /// The receipt that was decided on.
    pub receipt: &'a Receipt,
    /// What the till can show.
    pub display: TillDisplay,
    /// Who stands at the till; none: nobody is known.
    pub customer: Option<&'a CustomerId>,
    /// Number of the revision; 0: none.
    pub revision: u64,
    /// Number of the catalogue; 0: none.
    pub catalogue: u64,
    /// The customer's balances before this receipt.
    pub balances: Vec<v1::Balance>,
    /// What is known of the customer.
    pub customer_status: v1::CustomerStatus,
    /// Limits that the engine met; those that the decision tells are added.
    pub limits_reached: Vec<v1::LimitReached>,
    /// Texts of the products that are added, offered or to be chosen from, in any order.
    pub descriptions: &'a [(&'a Sku, &'a str)],
    /// What answers to facts look like, in any order; others are texts.
    pub facts: &'a [FactShape],
    /// The series that campaigns hand out from, in any order.
    pub series: &'a [(&'a CampaignId, &'a SeriesId)],
    /// The programs of assets, in any order.
    pub asset_programs: &'a [(&'a AssetId, &'a ProgramId)],
    /// No revision is in force at the time of the sale.
    pub no_revision: bool,
    /// The quote brought a code for a redemption.
    pub code_brought: bool,
    /// How many of the declined ids name nothing that there could be.
    pub declined_unknown: usize,
    /// Code to print for a later claim; empty: none.
    pub claim_code: String,
}

/// What an answer to a prompt looks like.
#[derive(Clone, PartialEq, Debug)]
pub struct FactShape {
    /// The fact.
    pub fact: FactId,
    /// The form of the answer.
    pub kind: v1::AnswerKind,
    /// What to choose from, with `ONE_OF`.
    pub options: Vec<v1::PromptOption>,
    /// For how many days an answer is good; 0: for ever.
    pub valid_days: u32,
}

impl<'a> AnswerContext<'a> {
    /// The context of an anonymous receipt without revision, catalogue and balances.
    #[must_use]
    pub fn plain(receipt: &'a Receipt, display: TillDisplay) -> Self {
        Self {
            receipt,
            display,
            customer: None,
            revision: 0,
            catalogue: 0,
            balances: Vec::new(),
            customer_status: v1::CustomerStatus::Anonymous,
            limits_reached: Vec::new(),
            descriptions: &[],
            facts: &[],
            series: &[],
            asset_programs: &[],
            no_revision: false,
            code_brought: false,
            declined_unknown: 0,
            claim_code: String::new(),
        }
    }

    pub(crate) fn description(&self, sku: &Sku) -> String {
        let found = self.descriptions.iter().find(|(other, _)| *other == sku);
        found.map(|(_, text)| fit::row(text, &self.display)).unwrap_or_default()
    }

    /// The series that what a campaign gives is handed out from; empty: none.
    pub(crate) fn series(&self, campaign: &CampaignId) -> String {
        let found = self.series.iter().find(|(known, _)| *known == campaign);
        found.map(|(_, series)| series.as_str().to_owned()).unwrap_or_default()
    }

    pub(crate) fn program(&self, asset: &AssetId) -> Option<&ProgramId> {
        self.asset_programs.iter().find(|(other, _)| *other == asset).map(|(_, program)| *program)
    }
}

/// The answer to a quote.
#[must_use]
pub fn answer(decision: &Decision, context: AnswerContext<'_>) -> v1::Answer {
    let (explanation, explanation_cut) = explanation::explanation(decision, &context);
    let footer_texts = remarks::footer_texts(decision, &context);
    let mut answer = v1::Answer {
        totals_before: Some(lines::totals_before(context.receipt)),
        totals_after: Some(lines::totals_after(decision)),
        screen_texts: remarks::screen_texts(decision, &context),
        footer_texts,
        code_verdicts: remarks::code_verdicts(decision),
        notes: remarks::notes(decision, &context),
        limits_reached: remarks::limits_reached(decision, &context),
        explanation,
        explanation_cut,
        proven: decision.proven,
        bound_minor: decision.bound.minor().max(0),
        steps: decision.steps,
        lines: lines::changed_lines(decision, &context),
        redemptions: rewards::redemptions(decision, &context),
        redeemable_max: rewards::redeemable_max(decision, &context),
        rewards: rewards::rewards(decision, &context),
        prompts: decision.prompts.iter().map(|prompt| prompt_to_wire(prompt, decision, &context)).collect(),
        choices: decision.choices.iter().map(|choice| choice_to_wire(choice, &context)).collect(),
        instructions: remarks::instructions(decision, &context),
        offers: remarks::offers(decision, &context),
        near_misses: remarks::near_misses(decision, &context),
        dropped_parts: dropped_parts(decision).map(i32::from).collect(),
        revision: context.revision,
        catalogue: context.catalogue,
        customer_status: i32::from(context.customer_status),
        ..v1::Answer::default()
    };
    answer.balances = context.balances;
    answer.claim_code = context.claim_code;
    answer
}

/// The parts that there were no steps for, in the order of the work.
fn dropped_parts(decision: &Decision) -> impl Iterator<Item = v1::AnswerPart> {
    AnswerPart::ALL.into_iter().filter(|part| !decision.has(*part)).map(|part| match part {
        AnswerPart::Redemption => v1::AnswerPart::Redemption,
        AnswerPart::Rewards => v1::AnswerPart::Rewards,
        AnswerPart::Prompts => v1::AnswerPart::Prompts,
        AnswerPart::Instructions => v1::AnswerPart::Instructions,
        AnswerPart::Offers => v1::AnswerPart::Offers,
    })
}

/// The wire's id of a prompt for a fact: one prompt a fact and receipt.
#[must_use]
pub fn prompt_id(fact: &FactId) -> String {
    ["prompt:", fact.as_str()].concat()
}

fn prompt_to_wire(prompt: &Prompt, decision: &Decision, context: &AnswerContext<'_>) -> v1::Prompt {
    let reason = match prompt.reason {
        PromptReason::Missing => v1::PromptReason::Missing,
        PromptReason::Expired => v1::PromptReason::Expired,
        PromptReason::Unconfirmed => v1::PromptReason::Unconfirmed,
        PromptReason::CodeSent => v1::PromptReason::CodeSent,
    };
    let shape = context.facts.iter().find(|shape| shape.fact == prompt.fact);
    let waiting = decision.rewards.iter().filter(|reward| reward.waits_for.contains(&prompt.fact));
    let customer_text = prompt.customer_text.as_deref();
    v1::Prompt {
        prompt_id: prompt_id(&prompt.fact),
        fact_id: prompt.fact.as_str().to_owned(),
        customer_id: context.customer.map_or_else(String::new, |customer| customer.as_str().to_owned()),
        reason: i32::from(reason),
        answer_kind: i32::from(shape.map_or(v1::AnswerKind::Text, |shape| shape.kind)),
        options: shape.map(|shape| shape.options.clone()).unwrap_or_default(),
        text: fit::text(&prompt.text, &context.display),
        customer_text: customer_text.map(|text| fit::text(text, &context.display)).unwrap_or_default(),
        reward_ids: waiting.map(|reward| reward.id.as_str().to_owned()).collect(),
        valid_days: shape.map_or(0, |shape| shape.valid_days),
    }
}

/// One of the options may be chosen; an option is called by its product.
fn choice_to_wire(choice: &Choice, context: &AnswerContext<'_>) -> v1::Choice {
    let option = |sku: &Sku| v1::ChoiceOption {
        option_id: sku.as_str().to_owned(),
        sku: sku.as_str().to_owned(),
        text: context.description(sku),
    };
    v1::Choice {
        choice_id: choice.id.as_str().to_owned(),
        campaign_id: choice.campaign.as_str().to_owned(),
        pick_max: 1,
        options: choice.options.iter().map(option).collect(),
        text: fit::text(&choice.text, &context.display),
    }
}

#[cfg(test)]
mod tests;

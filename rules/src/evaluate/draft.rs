//! The decision in the making.

use compact_str::CompactString;

use super::basket::{Basket, Spot};
use super::candidates::{Candidate, Reason};
use super::case::Case;
use super::late::Shown;
use super::limits_shared::Common;
use super::scope::Facts;
use crate::asset::Asset;
use crate::brakes::Tripped;
use crate::conventions::Leftover;
use crate::decision::{
    AnswerPart, Awaited, Choice, CodeWanted, CounterMove, DecidedLine, Instruction, LineShare, Missing, NearMiss, Note, Offer,
    Promise, Prompt, Redeemable, Redemption, Reward, RewardKind,
};
use crate::effort::Effort;
use crate::id::{AssetId, EventId, FactId, Sku};
use crate::money::{Amount, Units, split_by};
use crate::selector::Selector;
use crate::usage::Usage;

/// What a campaign did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Effect {
    /// The campaign's place in the revision.
    pub(super) place: usize,
    pub(super) times: i64,
    /// How much cheaper it made lines, in minor units.
    pub(super) discount: i64,
    /// What it is worth beside that, in minor units: units and gifts added.
    pub(super) added_worth: i64,
}

/// The decision in the making, and the goods it is about.
#[derive(Debug)]
pub(super) struct Draft<'a, 'c> {
    pub(super) case: &'c Case<'a>,
    pub(super) facts: Facts<'c, 'a>,
    pub(super) basket: Basket<'a>,
    /// What each line costs after line offers: what thresholds look at.
    pub(super) after_lines: Vec<i64>,
    /// In the order of application.
    pub(super) effects: Vec<Effect>,
    pub(super) refused: Vec<(usize, Reason)>,
    pub(super) added: Vec<DecidedLine>,
    pub(super) redemptions: Vec<Redemption>,
    pub(super) redeemable: Vec<Redeemable>,
    pub(super) code_wanted: Option<CodeWanted>,
    /// A code would be wanted, but what it is sent to is not known well enough.
    pub(super) code_asks_for: Option<&'a FactId>,
    pub(super) rewards: Vec<Reward>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) instructions: Vec<Instruction>,
    pub(super) offers: Vec<Offer>,
    pub(super) near_misses: Vec<NearMiss>,
    pub(super) choices: Vec<Choice>,
    pub(super) counters: Vec<CounterMove>,
    pub(super) promises: Vec<Promise>,
    /// Brakes that took hold of programs' rewards.
    pub(super) tripped: Vec<Tripped>,
    pub(super) notes: Vec<Note>,
    /// What campaigns have cost so far.
    pub(super) spent: Vec<(AssetId, i64)>,
    /// Limits that several campaigns share, as far as they apply here.
    pub(super) common: Vec<Common<'a>>,
    /// What limited campaigns would have used of a receipt that is paid, by their places.
    pub(super) late: Vec<(usize, Usage)>,
    /// What a receipt that is paid shows of campaigns, and no fallback has been lessened by yet.
    pub(super) shown: Vec<Shown>,
    /// Whether another tender could change the decision.
    pub(super) depends_on_tenders: bool,
    /// What all rewards are worth, in minor units.
    pub(super) worth: i64,
    pub(super) steps: u64,
    pub(super) steps_max: u64,
    /// Whether what there are no steps for behind the lines is left out.
    pub(super) leaves_out: bool,
    /// The first part that there were no steps for.
    pub(super) dropped_from: Option<AnswerPart>,
    pub(super) proven: bool,
    pub(super) bound: i64,
    /// Kept between campaigns, so that it need not be allocated for each.
    pub(super) spots: Vec<Spot>,
}

impl<'a, 'c> Draft<'a, 'c> {
    pub(super) fn new(case: &'c Case<'a>, effort: Effort) -> Self {
        Self {
            case,
            facts: Facts::new(case),
            basket: Basket::open(case),
            after_lines: Vec::new(),
            effects: Vec::new(),
            refused: Vec::new(),
            added: Vec::new(),
            redemptions: Vec::new(),
            redeemable: Vec::new(),
            code_wanted: None,
            code_asks_for: None,
            rewards: Vec::new(),
            prompts: Vec::new(),
            instructions: Vec::new(),
            offers: Vec::new(),
            near_misses: Vec::new(),
            choices: Vec::new(),
            depends_on_tenders: false,
            counters: Vec::new(),
            promises: Vec::new(),
            tripped: case.tripped(),
            notes: Vec::new(),
            spent: Vec::new(),
            common: Vec::new(),
            late: Vec::new(),
            shown: Vec::new(),
            worth: 0,
            steps: 0,
            steps_max: effort.steps_max,
            leaves_out: effort.leaves_out,
            dropped_from: None,
            proven: true,
            bound: 0,
            spots: Vec::new(),
        }
    }

    /// Counts steps; false where there are no more.
    pub(super) fn step(&mut self, count: usize) -> bool {
        self.steps = self.steps.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.steps <= self.steps_max
    }

    pub(super) fn refuse(&mut self, place: usize, reason: Reason) {
        self.refused.push((place, reason));
    }

    /// Whether the customer has declined what this id names.
    pub(super) fn declined(&self, id: &str) -> bool {
        self.case.receipt.declined.iter().any(|declined| declined.as_str() == id)
    }

    /// Adds a reward of a campaign, unless its id would not fit.
    pub(super) fn reward(
        &mut self,
        candidate: &Candidate<'_>,
        number: usize,
        kind: RewardKind,
        asset: Option<&Asset>,
    ) -> Option<&mut Reward> {
        let campaign = candidate.campaign;
        let waits_for = campaign
            .requires_answers
            .iter()
            .filter(|fact| self.case.revision.fact(fact).is_some_and(|rule| self.unanswered(rule).is_some()));
        let reward = Reward {
            id: campaign.reward_id(number)?,
            campaign: campaign.id.clone(),
            program: campaign.program.clone(),
            kind,
            vests_at: asset.map_or(self.case.at, |asset| asset.vests_at(self.case.at)),
            expires_at: asset.and_then(|asset| asset.expires_at(self.case.at)),
            waits_for: waits_for.cloned().collect(),
            awaits: campaign.awaits.clone().filter(|awaited| !self.has_come_about(awaited)),
            held: None,
            earned_on: Vec::new(),
            on_return: campaign.on_return,
            fallback: false,
            text: self.case.words(campaign.program_place, &campaign.text).clone(),
        };
        self.rewards.push(reward);
        self.rewards.last_mut()
    }

    /// Who is enrolled need not wait for that; everything else is yet to come.
    fn has_come_about(&self, awaited: &Awaited) -> bool {
        let is_enrolled = self.case.customer.is_some_and(|customer| customer.enrolled_at.is_some());
        is_enrolled && *awaited == Awaited::Event(EventId::enrolment())
    }

    /// Adds units of an asset as a reward and counts their worth. Nothing is added for no units, or when the asset's
    /// last day is over.
    pub(super) fn reward_units(
        &mut self,
        candidate: &Candidate<'_>,
        number: usize,
        asset: &Asset,
        units: i64,
    ) -> Option<&mut Reward> {
        if units <= 0 || asset.is_over(self.case.at) {
            return None;
        }
        let worth = asset.worth_of(Units::from_units(units)).map_or(0, Amount::minor);
        self.worth = self.worth.saturating_add(worth);
        self.reward(candidate, number, asset.reward_of(Units::from_units(units)), Some(asset))
    }

    /// How `units` lie on lines, in proportion to what each line earned.
    pub(super) fn shares(&self, lines: &[usize], weights: &[i64], units: i64) -> Vec<LineShare> {
        let shares = split_by(units, weights, Leftover::LargestRemainder);
        let earned = lines.iter().zip(shares).filter(|(_, units)| *units != 0);
        let mut own = Vec::with_capacity(lines.len());
        own.extend(
            earned.filter_map(|(line, units)| Some(LineShare { line: self.basket.lines.get(*line)?.line.id.clone(), units })),
        );
        own
    }

    /// `of`: the goods of which something is missing.
    pub(super) fn near_miss(&mut self, candidate: &Candidate<'_>, missing: Missing, of: &Selector) {
        if self.case.paid() {
            return;
        }
        let campaign = candidate.campaign;
        let text = match &campaign.near_text {
            Some(text) => {
                let missing = missing.in_words(self.case.receipt.currency);
                CompactString::from(self.case.cashier_words(campaign.program_place, text).replace("{missing}", &missing))
            }
            None => self.case.cashier_words(campaign.program_place, &campaign.text).clone(),
        };
        let sku = of.only_sku().and_then(|sku| Sku::parse(sku).ok());
        self.near_misses.push(NearMiss { campaign: campaign.id.clone(), missing, sku, text });
    }
}

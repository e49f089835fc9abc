//! What an evaluation is about: its arguments, and what is derived from them once.

use std::borrow::Cow;
use std::cell::OnceCell;

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::brakes::{CardSeen, Tripped};
use crate::campaign::Campaign;
use crate::catalogue::Catalogue;
use crate::decision::{AnswerPart, PromptReason};
use crate::id::{FactId, ProgramId, TierId};
use crate::mechanic::Act;
use crate::program::FactRule;
use crate::receipt::{Receipt, Stage};
use crate::revision::Revision;
use crate::standing::{CustomerStanding, FactStanding, Standing};
use crate::text::Text;

/// The arguments of one evaluation.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) revision: &'a Revision,
    pub(super) catalogue: &'a Catalogue,
    pub(super) standing: &'a Standing,
    pub(super) receipt: &'a Receipt,
    pub(super) at: Timestamp,
    /// The customer, but for one who is blocked.
    pub(super) customer: Option<&'a CustomerStanding>,
    /// The customer's tier in each program.
    pub(super) tiers: Cow<'a, [(ProgramId, TierId)]>,
    /// Local time in each program's zone, worked out where a campaign asks for it.
    local: Vec<OnceCell<DateTime>>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        revision: &'a Revision,
        catalogue: &'a Catalogue,
        standing: &'a Standing,
        receipt: &'a Receipt,
        at: Timestamp,
    ) -> Self {
        let customer = standing.customer.as_ref().filter(|customer| !customer.blocked);
        let local = vec![OnceCell::new(); revision.programs().len()];
        let tiers = super::tiers::tiers_of(revision, customer, at);
        Self { revision, catalogue, standing, receipt, at, customer, tiers, local }
    }

    /// Brakes that take hold of programs' rewards, whatever they are.
    pub(super) fn tripped(&self) -> Vec<Tripped> {
        let seen = |customer: &'a CustomerStanding| CardSeen { seen: &customer.seen, staff: &customer.staff };
        self.customer.map(|customer| self.revision.tripped(seen(customer), self.receipt)).unwrap_or_default()
    }

    /// Whether lines and prices cannot change any more.
    pub(super) fn paid(&self) -> bool {
        self.receipt.stage == Stage::Paid
    }

    /// Whether nobody was told of a part before the receipt was paid.
    pub(super) fn is_untold(&self, part: AnswerPart) -> bool {
        self.standing.untold_from.is_some_and(|from| from <= part)
    }

    /// Whether what a campaign adds comes too late, and what it costs: nobody could take or decline it any more.
    pub(super) fn is_too_late(&self, act: Act) -> bool {
        let is_untold = match act {
            Act::Lines | Act::Basket => false,
            Act::Rewards => self.is_untold(AnswerPart::Rewards),
            Act::Offers => self.is_untold(AnswerPart::Offers),
        };
        self.paid() || is_untold
    }

    /// Whether a campaign comes too late for a sale that is claimed: its program's time is over, or lines are all that it
    /// changes. A counter counts on all the same.
    pub(super) fn is_past_claiming(&self, campaign: &Campaign) -> bool {
        let Some(open) = &self.standing.claimed_from else { return false };
        open.binary_search(&campaign.program).is_err() || (campaign.mechanic.changes_lines() && campaign.counting().is_none())
    }

    /// Whether a campaign that changes lines can be made good for: the receipt is paid, and nobody claims it.
    pub(super) fn may_fall_back(&self, campaign: &Campaign) -> bool {
        campaign.fallback.is_some() && self.standing.claimed_from.is_none()
    }

    /// A text of a program for the customer: in their language where the till knows it, else in the store's.
    pub(super) fn words<'t>(&self, program_place: usize, text: &'t Text) -> &'t CompactString {
        text.in_language(self.receipt.language.as_deref().or_else(|| self.store_language(program_place)))
    }

    /// A text of a program for the cashier: in the store's language.
    pub(super) fn cashier_words<'t>(&self, program_place: usize, text: &'t Text) -> &'t CompactString {
        text.in_language(self.store_language(program_place))
    }

    /// A text of a program that is known by its id, for the cashier.
    pub(super) fn cashier_words_of<'t>(&self, program: &ProgramId, text: &'t Text) -> &'t CompactString {
        self.cashier_words(self.place_of(program), text)
    }

    /// Where a program is in the revision.
    pub(super) fn place_of(&self, program: &ProgramId) -> usize {
        self.revision.programs().binary_search_by(|known| known.id.cmp(program)).unwrap_or(usize::MAX)
    }

    fn store_language(&self, program_place: usize) -> Option<&'a str> {
        self.revision.programs().get(program_place)?.language_of(&self.receipt.place.store)
    }

    /// Local time in the zone of a campaign's program.
    pub(super) fn local(&self, campaign: &Campaign) -> DateTime {
        self.local_in(campaign.program_place)
    }

    /// Local time in the zone of the program at this place of the revision.
    pub(super) fn local_in(&self, program_place: usize) -> DateTime {
        let zone = self.revision.programs().get(program_place).map(|program| &program.time_zone);
        match (self.local.get(program_place), zone) {
            (Some(cell), Some(zone)) => *cell.get_or_init(|| zone.to_datetime(self.at)),
            _ => jiff::tz::TimeZone::UTC.to_datetime(self.at),
        }
    }

    /// The customer's tier in a campaign's program.
    pub(super) fn tier(&self, campaign: &Campaign) -> Option<&TierId> {
        self.tiers.iter().find(|(program, _)| *program == campaign.program).map(|(_, tier)| tier)
    }

    pub(super) fn fact(&self, id: &FactId) -> Option<&'a FactStanding> {
        let facts = &self.customer?.facts;
        facts.get(facts.binary_search_by(|fact| fact.fact.cmp(id)).ok()?)
    }

    /// Why a fact must be asked for of somebody who has it; none: it is known well enough. `lapses`: whether the answer is
    /// good for a time only.
    pub(super) fn unanswered(&self, rule: &FactRule, lapses: bool) -> Option<PromptReason> {
        let Some(known) = self.fact(&rule.id) else { return Some(PromptReason::Missing) };
        if lapses && rule.has_lapsed(known.known_at, self.at) {
            return Some(PromptReason::Expired);
        }
        let asked = if known.code_sent { PromptReason::CodeSent } else { PromptReason::Unconfirmed };
        (rule.confirm.is_some() && !known.confirmed).then_some(asked)
    }
}

//! Rights that are no asset: prizes, numbered tickets, and rewards that wait for answers, visits and events.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::decision::{Awaited, Brake, RewardKind, Shortfall};
use tessera_rules::id::{CampaignId, EventId, FactId, ProgramId, ReceiptId, RewardId};

use crate::account::{Account, Member};
use crate::limits::{PRIZES_MAX, TICKETS_MAX, WAITING_MAX};
use crate::lot::LotId;
use crate::outcome::{OutcomeReward, Right};

/// A thing that the customer has won.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PrizeHeld {
    /// The receipt that won it.
    pub receipt: ReceiptId,
    /// The reward of that receipt.
    pub reward: RewardId,
    /// The program.
    pub program: ProgramId,
    /// Whose doing.
    pub campaign: CampaignId,
    /// The thing's name in the program.
    pub prize: CompactString,
    /// How many, above zero.
    pub count: u32,
    /// Where it stands.
    pub state: PrizeState,
}

/// Where a prize stands. Once it is no longer due it stays what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum PrizeState {
    /// To be handed over.
    #[default]
    Due,
    /// The customer has it.
    HandedOver,
    /// It will not be handed over.
    Cancelled,
}

/// The tickets of an account in one draw, numbered from 1 in the order in which they were given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TicketsHeld {
    /// The draw's name in the program.
    pub draw: CompactString,
    /// How many were numbered so far.
    pub numbered: u32,
    /// How many of them are good: those taken back are not.
    pub good: u32,
}

/// A reward that is given later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WaitingReward {
    /// The receipt that earned it.
    pub receipt: ReceiptId,
    /// The reward of that receipt.
    pub reward: RewardId,
    /// The program.
    pub program: ProgramId,
    /// Whose doing.
    pub campaign: CampaignId,
    /// What is left of it after returns.
    pub kind: RewardKind,
    /// From when it can be used.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub vests_at: Timestamp,
    /// Until when; none: for ever.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub expires_at: Option<Timestamp>,
    /// What a return does when it has been used up.
    pub on_return: Shortfall,
    /// It stands for a change of lines that came too late.
    pub fallback: bool,
    /// The facts that it waits for.
    pub facts: Vec<FactId>,
    /// What must come about before it is given; none: nothing, or it has.
    pub awaits: Option<Awaited>,
    /// The brake by which it waits until somebody has looked at the receipt; none: no brake does, or somebody has.
    pub held: Option<Brake>,
    /// The trading day of the sale: another one's is a visit.
    #[serde(with = "crate::encode::day")]
    pub sold_on: Date,
    /// Since when it waits: an answer given before does not count.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub since: Timestamp,
    /// What it was given as, so that a return knows it; none: it waits.
    pub given: Option<Right>,
    /// The lot that it was given as; none: it waits, or it is no asset.
    pub lot: Option<LotId>,
}

impl WaitingReward {
    /// Whether the member has answered all that it waits for. Facts in `must_confirm` count only once somebody has
    /// checked them.
    #[must_use]
    pub fn is_answered(&self, member: &Member, must_confirm: &[FactId]) -> bool {
        let answered = |fact: &FactId| {
            let known = member.facts.iter().find(|known| known.fact == *fact);
            known.is_some_and(|known| {
                !known.refused && known.known_at >= self.since && (known.confirmed || !must_confirm.contains(fact))
            })
        };
        self.facts.iter().all(answered)
    }
}

/// Numbers `count` more tickets of a draw. Returns the first number's place; none: the account takes part in as many
/// draws as it can.
pub(crate) fn number_tickets(tickets: &mut Vec<TicketsHeld>, draw: &str, count: u32) -> Option<u32> {
    let place = match tickets.binary_search_by(|known| known.draw.as_str().cmp(draw)) {
        Ok(place) => place,
        Err(_) if tickets.len() >= TICKETS_MAX => return None,
        Err(place) => {
            tickets.insert(place, TicketsHeld { draw: draw.into(), numbered: 0, good: 0 });
            place
        }
    };
    let held = tickets.get_mut(place)?;
    let first = held.numbered.checked_add(1)?;
    held.numbered = held.numbered.saturating_add(count);
    held.good = held.good.saturating_add(count);
    Some(first)
}

/// Takes good tickets of a draw back; at most those that there are.
pub(crate) fn void_tickets(tickets: &mut [TicketsHeld], draw: &str, count: u32) {
    if let Some(held) = tickets.iter_mut().find(|held| held.draw == draw) {
        held.good = held.good.saturating_sub(count);
    }
}

/// Keeps a prize. Where there is no room, the oldest that is not due any more goes first, then the oldest: outcomes
/// keep it.
pub(crate) fn keep_prize(prizes: &mut Vec<PrizeHeld>, prize: PrizeHeld) {
    if prizes.len() >= PRIZES_MAX {
        let closed = prizes.iter().position(|known| known.state != PrizeState::Due);
        prizes.remove(closed.unwrap_or(0));
    }
    prizes.push(prize);
}

/// Keeps a reward that waits. Where there is no room, the oldest that was given goes first; then what a brake holds pushes out
/// the oldest of its kind, or finds no room, so that who misuses a card takes nothing from its owner; and what waits for
/// answers the oldest that does, since it was not answered for longest, or else the oldest. Returns the one that went, which
/// may be the new one.
pub(crate) fn keep_waiting(waiting: &mut Vec<WaitingReward>, reward: WaitingReward) -> Option<WaitingReward> {
    let mut gone = None;
    if waiting.len() >= WAITING_MAX {
        let is_held = reward.held.is_some();
        let given = waiting.iter().position(|known| known.given.is_some());
        match given.or_else(|| waiting.iter().position(|known| known.held.is_some() == is_held)) {
            None if is_held => return Some(reward),
            place => gone = Some(waiting.remove(place.unwrap_or(0))),
        }
    }
    waiting.push(reward);
    gone
}

impl WaitingReward {
    /// The record of a reward that nobody will be given. It was never in a book, so nothing is posted.
    pub(crate) fn taken_away(self) -> OutcomeReward {
        let waiting = self;
        OutcomeReward {
            id: waiting.reward,
            campaign: waiting.campaign,
            program: waiting.program,
            kind: waiting.kind,
            taken_back: true,
            vests_at: waiting.vests_at,
            expires_at: waiting.expires_at,
            // Its shares stand with the sale.
            earned_on: Vec::new(),
            on_return: waiting.on_return,
            fallback: waiting.fallback,
            text: compact_str::CompactString::default(),
            waits_for: waiting.facts,
            awaits: waiting.awaits,
            held: waiting.held,
            right: Right::None,
            earned_by: Some(waiting.receipt),
        }
    }
}

impl Account {
    /// A receipt of a trading day: what waits for the next visit, from a sale of an earlier day, waits for it no more.
    pub(crate) fn has_visited(&mut self, on: Date) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.awaits == Some(Awaited::NextVisit)) {
            if waiting.sold_on < on {
                waiting.awaits = None;
            }
        }
    }

    /// Something has happened: what waits for it waits for it no more; with a receipt, of that one alone. How many there were.
    pub(crate) fn has_happened(&mut self, event: &EventId, receipt: Option<&ReceiptId>) -> usize {
        let awaited = Awaited::Event(event.clone());
        let is_meant = |waiting: &&mut WaitingReward| {
            waiting.awaits.as_ref() == Some(&awaited) && receipt.is_none_or(|receipt| waiting.receipt == *receipt)
        };
        self.waiting.iter_mut().filter(is_meant).map(|waiting| waiting.awaits = None).count()
    }

    /// The prize that a reward of a receipt won, as far as the account remembers it.
    #[must_use]
    pub fn prize(&self, receipt: &ReceiptId, reward: &RewardId) -> Option<&PrizeHeld> {
        self.prizes.iter().find(|prize| prize.receipt == *receipt && prize.reward == *reward)
    }

    /// What waits for answers, as far as the account remembers it.
    #[must_use]
    pub fn waiting_for(&self, receipt: &ReceiptId, reward: &RewardId) -> Option<&WaitingReward> {
        self.waiting.iter().find(|waiting| waiting.receipt == *receipt && waiting.reward == *reward)
    }

    /// The receipt that earned a lot: what waited is given by the answer, and is the first sale's all the same.
    #[must_use]
    pub fn earned_by<'a>(&'a self, lot: &'a LotId) -> &'a ReceiptId {
        self.waiting.iter().find(|waiting| waiting.lot.as_ref() == Some(lot)).map_or(&lot.receipt, |waiting| &waiting.receipt)
    }
}

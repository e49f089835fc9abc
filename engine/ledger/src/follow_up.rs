//! Follow-ups: what an outcome does to a second account.
//!
//! Two accounts are never written in one commit. The first outcome posts what leaves into the transfer book and says
//! what is to be done; that is carried out on the second account by an outcome of its own, which takes the same out of
//! the transfer book. Both sum to zero by themselves (P5), and the book holds at any time what is under way.

use std::mem;

use compact_str::{CompactString, format_compact};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::id::{AccountId, AssetId, CampaignId, ProgramId, ReceiptId};
use tessera_rules::money::{Currency, Units};
use tessera_rules::occasion::Bonus;
use tessera_rules::program::Program;

use crate::account::Account;
use crate::bonus::{as_reward, is_within_limits};
use crate::booking::{BookSides, Booking, Credit};
use crate::erase::emptied;
use crate::lot::Lot;
use crate::merge::{Everything, absorb};
use crate::outcome::{Flag, Outcome, OutcomeKind};
use crate::posting::{Book, PostingReason, is_balanced};
use crate::profile::Profiled;
use crate::settle::gain::units_of;

/// Something to be done to a second account, once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FollowUp {
    /// The id of the outcome that caused it, `#` and an index: the id of the outcome that carries it out.
    pub id: CompactString,
    /// The receipt or request that caused it.
    pub cause: ReceiptId,
    /// The account that it is done to.
    pub account: AccountId,
    /// What is to be done.
    pub kind: FollowUpKind,
    /// The place of the first lot that it opens: no two lots of one cause have one name, also where an earlier one is
    /// used up already.
    pub place: u16,
    /// When what caused it was booked.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub at: Timestamp,
    /// The trading day of what caused it: limits count on it.
    #[serde(with = "crate::encode::day")]
    pub day: Date,
}

/// What is to be done to the second account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FollowUpKind {
    /// The one who brought a customer gets a bonus.
    Referral {
        /// Units of an asset, within the limits of its campaign.
        bonus: Box<Bonus>,
    },
    /// Points that another customer gives.
    Transfer {
        /// As they were there, by the name of what sends them.
        lots: Vec<Lot>,
    },
    /// Another account becomes part of it.
    Merge {
        /// All that it had.
        everything: Box<Everything>,
    },
}

/// Units on their way from one account to another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MovedUnits {
    /// The asset.
    pub asset: AssetId,
    /// The program that issued them.
    pub program: ProgramId,
    /// The campaign that issued them, where one did.
    pub campaign: Option<CampaignId>,
    /// How many; below zero: owed.
    pub units: Units,
    /// From when they can be used.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub vests_at: Timestamp,
    /// Until when; none: for ever.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub expires_at: Option<Timestamp>,
}

impl FollowUp {
    /// What is under way in the transfer book until it is carried out.
    #[must_use]
    pub fn moved(&self) -> Vec<MovedUnits> {
        match &self.kind {
            FollowUpKind::Referral { bonus } => moved_by(bonus).into_iter().collect(),
            FollowUpKind::Transfer { lots } => lots.iter().map(moved_lot).collect(),
            FollowUpKind::Merge { everything } => everything.account.lots.iter().map(moved_lot).collect(),
        }
    }

    /// The campaign whose doing it is; none: people's.
    #[must_use]
    pub fn campaign(&self) -> Option<&CampaignId> {
        match &self.kind {
            FollowUpKind::Referral { bonus } => Some(&bonus.reward.campaign),
            FollowUpKind::Transfer { .. } | FollowUpKind::Merge { .. } => None,
        }
    }
}

fn moved_by(bonus: &Bonus) -> Option<MovedUnits> {
    let reward = &bonus.reward;
    let (asset, units) = units_of(&reward.kind).filter(|(_, units)| units.is_positive())?;
    Some(MovedUnits {
        asset: asset.clone(),
        program: reward.program.clone(),
        campaign: Some(reward.campaign.clone()),
        units,
        vests_at: reward.vests_at,
        expires_at: reward.expires_at,
    })
}

fn moved_lot(lot: &Lot) -> MovedUnits {
    MovedUnits {
        asset: lot.asset.clone(),
        program: lot.program.clone(),
        campaign: lot.campaign.clone(),
        units: lot.left,
        vests_at: lot.vests_at,
        expires_at: lot.expires_at,
    }
}

/// Adds a follow-up to the outcome that causes it.
pub(crate) fn cause(outcome: &mut Outcome, account: &AccountId, kind: FollowUpKind) {
    let id = format_compact!("{}#{}", outcome.id, outcome.follow_ups.len());
    let lots: usize = outcome.follow_ups.iter().map(|before| before.moved().len()).sum();
    let place = u16::try_from(lots).unwrap_or(u16::MAX);
    let (cause, at, day) = (outcome.receipt.clone(), outcome.booked_at, outcome.business_date);
    outcome.follow_ups.push(FollowUp { id, cause, account: account.clone(), kind, place, at, day });
}

/// Sends bonuses to the one who brought a customer on their way: issued by this outcome, into the transfer book.
pub fn refer(outcome: &mut Outcome, referrer: &AccountId, bonuses: Vec<Bonus>) {
    let mut booking = Booking::new(Vec::new(), &outcome.receipt, outcome.booked_at);
    for bonus in bonuses {
        let Some(moved) = moved_by(&bonus) else { continue };
        let sides = BookSides { from: Book::Issued, to: Book::Transfer, reason: PostingReason::Issue };
        booking.post_books(&moved.asset, moved.campaign.as_ref(), Some(&moved.program), moved.units, sides);
        cause(outcome, referrer, FollowUpKind::Referral { bonus: Box::new(bonus) });
    }
    outcome.postings.append(&mut booking.postings);
    assert!(is_balanced(&outcome.postings), "postings sum to zero per asset (P5)");
}

/// A follow-up that is carried out now.
#[derive(Clone, Copy, Debug)]
pub struct CarryOut<'a> {
    /// What is to be done.
    pub follow_up: &'a FollowUp,
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// The store's currency, of the amounts of zero in the outcome.
    pub currency: Currency,
    /// The programs in force, which know the higher of two tiers.
    pub programs: &'a [Program],
}

/// Carries a follow-up out on its account. Whoever calls has made sure that it was not carried out before.
#[must_use]
pub fn carry_out(account: &Account, work: &CarryOut<'_>) -> Profiled {
    let follow_up = work.follow_up;
    let mut next = account.clone();
    let now = next.booked_at(work.booked_at);
    let mut outcome = Outcome {
        id: follow_up.id.clone(),
        original: Some(follow_up.cause.clone()),
        account: Some(next.id.clone()),
        ..Outcome::without_lines(OutcomeKind::FollowUp, follow_up.cause.clone(), now, work.booking_date, work.currency)
    };
    let mut booking = Booking::new(mem::take(&mut next.lots), &follow_up.cause, now).places_from(follow_up.place);
    match &follow_up.kind {
        FollowUpKind::Referral { bonus } => give(&mut next, &mut outcome, (bonus, follow_up.day), &mut booking),
        FollowUpKind::Transfer { lots } => lots.iter().for_each(|lot| booking.receive(lot.clone())),
        FollowUpKind::Merge { everything } => {
            everything.account.lots.iter().for_each(|lot| booking.receive(lot.clone()));
            // Whoever merged has seen that there is room; what came in between may have taken it, and outcomes keep the rest.
            booking.aside.given = absorb(&mut next, everything, work.programs, now).given;
        }
    }
    if let Some(since) = account.erased_at {
        // Nobody is there whom it could come to: it lapses, and nothing of it is kept.
        booking.forfeit_all();
        next = emptied(next, since);
    }
    booking.store(&mut next);
    next.booked_at_last = now;
    next.outcomes = next.outcomes.saturating_add(1);
    outcome.postings = booking.postings;
    assert!(is_balanced(&outcome.postings), "postings sum to zero per asset (P5)");
    assert!(next.check().is_ok(), "a follow-up keeps the account's invariants");
    Profiled { account: next, outcome, aside: booking.aside }
}

/// A bonus arrives, or goes back to where it came from: to who is blocked and beyond the limits nothing is given.
fn give(account: &mut Account, outcome: &mut Outcome, (bonus, day): (&Bonus, Date), booking: &mut Booking) {
    let Some(moved) = moved_by(bonus) else { return };
    if !account.blocked && is_within_limits(account, (bonus, None), day) {
        booking.credit(Credit {
            asset: moved.asset,
            program: moved.program,
            campaign: moved.campaign,
            of: Some(bonus.reward.id.clone()),
            units: moved.units,
            vests_at: moved.vests_at,
            expires_at: moved.expires_at,
            book: Book::Transfer,
            reason: PostingReason::Issue,
        });
        outcome.rewards.push(as_reward(bonus, crate::outcome::Right::None, &outcome.receipt));
        return;
    }
    outcome.flags.push(if account.blocked { Flag::CustomerBlocked } else { Flag::BeyondLimit });
    let sides = BookSides { from: Book::Transfer, to: Book::Issued, reason: PostingReason::Issue };
    booking.post_books(&moved.asset, moved.campaign.as_ref(), Some(&moved.program), moved.units, sides);
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

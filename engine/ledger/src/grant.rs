//! Giving one reward to an account: at its sale, or later when the answers have come that it waited for.

use jiff::Timestamp;
use tessera_rules::decision::RewardKind;
use tessera_rules::id::{CampaignId, CustomerId, FactId, ProgramId, ReceiptId, RewardId, TierId};

use crate::account::{Account, PersonalCoupon};
use crate::booking::{Booking, Credit};
use crate::code::CodeKey;
use crate::limits::{COUPONS_MAX, TIERS_MAX};
use crate::outcome::{OutcomeReward, Right};
use crate::posting::{Book, PostingReason};
use crate::right::{PrizeHeld, PrizeState, WaitingReward, keep_prize, number_tickets};
use crate::settle::gain::units_of;
use crate::tier::{TierGiven, TierHeld};

/// What is given, for which receipt, from when and until when it can be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant<'a> {
    pub(crate) receipt: &'a ReceiptId,
    pub(crate) reward: &'a RewardId,
    pub(crate) program: &'a ProgramId,
    pub(crate) campaign: &'a CampaignId,
    pub(crate) kind: &'a RewardKind,
    pub(crate) vests_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// Where a prize stands from the beginning.
    pub(crate) prize: PrizeState,
}

impl Grant<'_> {
    /// Puts the reward into the account and says what it is there.
    pub(crate) fn give(&self, account: &mut Account, codes: &CodeKey, booking: &mut Booking) -> Right {
        match self.kind {
            RewardKind::BonusMoney { .. }
            | RewardKind::Points { .. }
            | RewardKind::Certificate { .. }
            | RewardKind::Money { .. } => self.open_lot(booking),
            RewardKind::DiscountLater { coupon } => return self.issue_coupon(account, coupon, codes, booking.now),
            RewardKind::Status { tier, reached: false } => self.set_tier(account, tier, booking.now),
            RewardKind::Prize { prize, count } => {
                keep_prize(
                    &mut account.prizes,
                    PrizeHeld {
                        receipt: self.receipt.clone(),
                        reward: self.reward.clone(),
                        program: self.program.clone(),
                        campaign: self.campaign.clone(),
                        prize: prize.clone(),
                        count: *count,
                        state: self.prize,
                    },
                );
                return Right::Prize { state: self.prize };
            }
            RewardKind::Ticket { draw, count } => {
                let first = number_tickets(&mut account.tickets, draw, *count);
                return first.map_or(Right::None, |first| Right::Tickets { first, of: None });
            }
            // What was counted says at any time what is reached.
            RewardKind::DiscountNow { .. } | RewardKind::Status { reached: true, .. } => {}
        }
        Right::None
    }

    fn open_lot(&self, booking: &mut Booking) {
        if let Some((asset, units)) = units_of(self.kind).filter(|(_, units)| units.is_positive()) {
            booking.credit(Credit {
                asset: asset.clone(),
                program: self.program.clone(),
                campaign: Some(self.campaign.clone()),
                of: Some(self.reward.clone()),
                units,
                vests_at: self.vests_at,
                expires_at: self.expires_at,
                book: Book::Issued,
                reason: PostingReason::Issue,
            });
        }
    }

    /// Adds a coupon. Where there is no room, a used or lapsed one goes first, then the one that lapses first.
    fn issue_coupon(&self, account: &mut Account, opens: &CampaignId, codes: &CodeKey, now: Timestamp) -> Right {
        let coupons = &mut account.coupons;
        if coupons.len() >= COUPONS_MAX {
            coupons.retain(|coupon| coupon.used_by.is_none() && coupon.valid_until.is_none_or(|until| now < until));
        }
        if coupons.len() >= COUPONS_MAX {
            let first = coupons.iter().enumerate().min_by_key(|(_, coupon)| coupon.valid_until.unwrap_or(Timestamp::MAX));
            if let Some(place) = first.map(|(place, _)| place) {
                coupons.remove(place);
            }
        }
        let code = codes.coupon(self.receipt, self.reward);
        coupons.push(PersonalCoupon {
            code: code.clone(),
            campaign: opens.clone(),
            issued_by: self.receipt.clone(),
            reward: self.reward.clone(),
            valid_from: self.vests_at,
            valid_until: self.expires_at,
            used_by: None,
        });
        Right::Coupon { code }
    }

    /// Until when a tier lasts that is held until `known` and is given once more: never shorter than before. What extends
    /// it was worked out from an end that others may have moved since, and moves it by as much.
    fn ends(&self, known: Option<Timestamp>, goes_on: bool) -> Option<Timestamp> {
        let (known, own) = (known?, self.expires_at?);
        let moved = known.duration_since(self.vests_at);
        if goes_on && moved.is_positive() { own.checked_add(moved).ok() } else { Some(known.max(own)) }
    }

    /// The tier of the program, with the one before it where that is still held.
    fn set_tier(&self, account: &mut Account, tier: &TierId, now: Timestamp) {
        let given = |since: Timestamp, begins: Timestamp, until: Option<Timestamp>| TierGiven {
            tier: tier.clone(),
            since,
            begins,
            until,
            given_by: Some(self.receipt.clone()),
        };
        let has_room = account.tiers.len() < TIERS_MAX;
        match account.tiers.binary_search_by(|known| known.program.cmp(self.program)) {
            Ok(place) => {
                if let Some(held) = account.tiers.get_mut(place) {
                    let known = &held.now;
                    // What goes on where the one before would have ended has been held since that one.
                    let same = known.lasts(now) && known.tier == *tier;
                    let goes_on = same && self.vests_at > now;
                    let since = if goes_on { known.since } else { now };
                    let begins = known.until.filter(|_| goes_on).unwrap_or(now);
                    let until = if same { self.ends(known.until, goes_on) } else { self.expires_at };
                    held.replace(given(since, begins, until), now);
                }
            }
            Err(place) if has_room => {
                account.tiers.insert(place, TierHeld::new(self.program.clone(), given(now, now, self.expires_at)));
            }
            Err(_) => {}
        }
    }
}

/// Gives what waits for nothing any more.
pub(crate) fn released(
    account: &mut Account,
    customer: Option<&CustomerId>,
    (codes, must_confirm): (&CodeKey, &[FactId]),
    booking: &mut Booking,
) -> Vec<OutcomeReward> {
    let answered: Vec<WaitingReward> = {
        let Some(member) = account.member(customer) else { return Vec::new() };
        let ready = |waiting: &&WaitingReward| {
            let is_ready = waiting.given.is_none() && waiting.awaits.is_none() && waiting.held.is_none();
            is_ready && waiting.is_answered(member, must_confirm)
        };
        account.waiting.iter().filter(ready).cloned().collect()
    };
    answered.into_iter().map(|waiting| release(account, waiting, codes, booking)).collect()
}

fn release(account: &mut Account, waiting: WaitingReward, codes: &CodeKey, booking: &mut Booking) -> OutcomeReward {
    let grant = Grant {
        receipt: &waiting.receipt,
        reward: &waiting.reward,
        program: &waiting.program,
        campaign: &waiting.campaign,
        kind: &waiting.kind,
        vests_at: waiting.vests_at.max(booking.now),
        expires_at: waiting.expires_at,
        prize: PrizeState::Due,
    };
    let lot = units_of(&waiting.kind).filter(|(_, units)| units.is_positive()).map(|_| booking.lot_next());
    let right = grant.give(account, codes, booking);
    let mut kept = account.waiting.iter_mut().filter(|known| known.receipt == waiting.receipt && known.reward == waiting.reward);
    if let Some(known) = kept.next() {
        known.given = Some(right.clone().named(&account.id));
        known.lot = lot;
    }
    OutcomeReward {
        id: waiting.reward,
        campaign: waiting.campaign,
        program: waiting.program,
        kind: waiting.kind,
        taken_back: false,
        vests_at: waiting.vests_at.max(booking.now),
        expires_at: waiting.expires_at,
        // Its shares stand with the sale.
        earned_on: Vec::new(),
        on_return: waiting.on_return,
        fallback: waiting.fallback,
        text: compact_str::CompactString::default(),
        waits_for: Vec::new(),
        awaits: None,
        held: None,
        right,
        earned_by: Some(waiting.receipt),
    }
}

#[cfg(test)]
mod tests;

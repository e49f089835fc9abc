//! Keeps an account within its limits: lots that are nearly alike become one.

use std::mem;

use crate::account::Account;
use crate::arithmetic::{negated, plus};
use crate::booking::{Booking, Debit, Of, exceeds_bytes};
use crate::limits::LOTS_MAX;
use crate::lot::{Lot, LotId, LotKind, spending_order};
use crate::posting::{Book, PostingPlace, PostingReason};
use crate::right::PrizeState;

/// How unlike two lots may be that become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Likeness {
    /// Equal expiry, both vested.
    Same,
    /// Both vested: the later expiry holds for both, in the customer's favour.
    Vested,
    /// Only asset, program and kind: the earlier vesting and the later expiry hold for both.
    Any,
}

impl Booking {
    /// Moves the lots into the account and makes room where there is too little.
    pub(crate) fn store(&mut self, account: &mut Account) {
        if self.lots.len() > LOTS_MAX {
            self.lapse();
        }
        while self.lots.len() > LOTS_MAX && self.consolidate() {}
        account.lots = mem::take(&mut self.lots);
        while exceeds_bytes(account) {
            self.lots = mem::take(&mut account.lots);
            let is_shorter = self.consolidate();
            account.lots = mem::take(&mut self.lots);
            if !is_shorter && !drop_least(account) {
                break;
            }
        }
    }

    /// Posts what has lapsed, so that it takes no room, and keeps the lots as they were.
    pub(crate) fn lapse(&mut self) {
        let lapsed: Vec<Lot> =
            self.lots.iter().filter(|lot| lot.kind == LotKind::Earned && lot.is_lapsed(self.now)).cloned().collect();
        for lot in &lapsed {
            let debit = Debit {
                asset: &lot.asset,
                program: &lot.program,
                campaign: lot.campaign.as_ref(),
                of: None,
                units: lot.left,
                book: Book::Expired,
                reason: PostingReason::Expire,
            };
            self.take(&debit, std::slice::from_ref(&lot.id), lot.left);
        }
        self.aside.lapsed.extend(lapsed);
    }

    /// Makes one lot of the two earliest booked that are alike. False: no two are.
    fn consolidate(&mut self) -> bool {
        let found =
            [Likeness::Same, Likeness::Vested, Likeness::Any].into_iter().find_map(|likeness| self.earliest_alike(likeness));
        let Some((kept, gone)) = found else {
            return false;
        };
        let Some(place) = self.lots.iter().position(|lot| lot.id == gone) else {
            return false;
        };
        let moved = self.lots.remove(place);
        let Some(place) = self.lots.iter().position(|lot| lot.id == kept) else {
            return false;
        };
        let mut lot = self.lots.remove(place);
        for (about, units) in [(&moved, negated(moved.left)), (&lot, moved.left)] {
            let of = Of { asset: &about.asset, program: Some(&about.program), campaign: about.campaign.as_ref(), reward: None };
            self.post(of, PostingPlace::Lot(about.id.clone()), units, PostingReason::Consolidate);
        }
        merge(&mut lot, &moved);
        if let Some(posting) = self.postings.last_mut() {
            posting.expires_at = lot.expires_at;
            posting.vests_at = Some(lot.vests_at);
        }
        self.insert(lot);
        true
    }

    fn earliest_alike(&self, likeness: Likeness) -> Option<(LotId, LotId)> {
        let mut lots: Vec<&Lot> = self.lots.iter().collect();
        lots.sort_by(|a, b| a.booked_at.cmp(&b.booked_at).then_with(|| spending_order(a, b)));
        lots.iter().enumerate().find_map(|(place, first)| {
            let alike = |second: &&&Lot| is_alike(first, second, likeness, self.now);
            lots.iter().skip(place.saturating_add(1)).find(alike).map(|second| (first.id.clone(), second.id.clone()))
        })
    }
}

fn is_alike(a: &Lot, b: &Lot, likeness: Likeness, now: jiff::Timestamp) -> bool {
    let vested = a.vests_at <= now && b.vests_at <= now;
    let alike = match likeness {
        Likeness::Same => a.expires_at == b.expires_at && vested,
        Likeness::Vested => vested,
        Likeness::Any => true,
    };
    // What has lapsed stays lapsed: it never comes back to life in a younger lot.
    alike && a.asset == b.asset && a.program == b.program && a.kind == b.kind && a.is_lapsed(now) == b.is_lapsed(now)
}

fn merge(kept: &mut Lot, moved: &Lot) {
    kept.begun = plus(kept.begun, moved.left);
    kept.left = plus(kept.left, moved.left);
    kept.vests_at = kept.vests_at.min(moved.vests_at);
    kept.expires_at = match (kept.expires_at, moved.expires_at) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (_, None) | (None, _) => None,
    };
    if kept.campaign != moved.campaign {
        kept.campaign = None;
    }
}

/// Drops what is needed least. False: nothing can go.
fn drop_least(account: &mut Account) -> bool {
    if let Some(place) = account.coupons.iter().position(|coupon| coupon.used_by.is_some()) {
        account.coupons.remove(place);
        return true;
    }
    let closed = account.prizes.iter().position(|prize| prize.state != PrizeState::Due);
    if let Some(place) = closed {
        account.prizes.remove(place);
        return true;
    }
    let given = account.waiting.iter().position(|waiting| waiting.given.is_some());
    if let Some(place) = given {
        account.waiting.remove(place);
        return true;
    }
    let oldest = account.uses.iter().enumerate().min_by_key(|(_, uses)| uses.day).map(|(place, _)| place);
    if let Some(place) = oldest {
        account.uses.remove(place);
        return true;
    }
    account.coupons.pop().is_some()
        || account.counters.pop().is_some()
        || account.waiting.pop().is_some()
        || account.tickets.pop().is_some()
        || account.prizes.pop().is_some()
}

//! Lots that leave an account all at once: for another one, through the transfer book, with their times and campaigns; or
//! for good.

use std::mem;

use tessera_rules::id::{AssetId, ReceiptId};
use tessera_rules::money::Units;

use super::{Booking, Of};
use crate::arithmetic::{minus, negated, plus};
use crate::lot::{Lot, LotId};
use crate::posting::{Book, PostingPlace, PostingReason};

impl Booking {
    /// Sends everything away, what is owed too. What has lapsed lapses here. Returns the lots as they were.
    pub(crate) fn send_all(&mut self) -> Vec<Lot> {
        self.lapse();
        let lots = mem::take(&mut self.lots);
        for lot in &lots {
            self.post_moved(lot, negated(lot.left));
        }
        lots
    }

    /// Nobody has a claim to any of it any more: all of it lapses, what cannot be used yet too, and what is owed with it.
    pub(crate) fn forfeit_all(&mut self) {
        self.lapse();
        for lot in mem::take(&mut self.lots) {
            let of = Of { asset: &lot.asset, program: Some(&lot.program), campaign: lot.campaign.as_ref(), reward: None };
            self.post(of, PostingPlace::Lot(lot.id.clone()), negated(lot.left), PostingReason::Expire);
            if let Some(posting) = self.postings.last_mut() {
                posting.expires_at = lot.expires_at;
            }
            self.post(of, PostingPlace::Book(Book::Expired), lot.left, PostingReason::Expire);
        }
    }

    /// Sends usable units away in spending order, as lots of their own that `cause` names. At most what is usable goes.
    pub(crate) fn send(&mut self, asset: &AssetId, units: Units, cause: &ReceiptId) -> Vec<Lot> {
        let now = self.now;
        let mut sent: Vec<Lot> = Vec::new();
        let mut taken = Units::ZERO;
        for lot in self.lots.iter_mut().filter(|lot| lot.asset == *asset && lot.is_usable(now)) {
            let step = minus(units, taken).min(lot.left);
            if !step.is_positive() {
                break;
            }
            lot.left = minus(lot.left, step);
            taken = plus(taken, step);
            sent.push(Lot { begun: step, left: step, ..lot.clone() });
        }
        for lot in &sent {
            self.post_moved(lot, negated(lot.left));
        }
        self.lots.retain(|lot| !lot.left.is_zero());
        assert!(taken <= units, "no more is sent than was asked");
        let named = |(place, lot): (u16, Lot)| Lot { id: LotId { receipt: cause.clone(), place }, ..lot };
        (0_u16..).zip(sent).map(named).collect()
    }

    /// A lot arrives as it was sent, under its name where nothing here is called so.
    pub(crate) fn receive(&mut self, lot: Lot) {
        let lot = Lot { id: self.free_name(lot.id), ..lot };
        self.post_moved(&lot, lot.left);
        if let Some(opened) = self.postings.iter_mut().rev().find(|posting| posting.place == PostingPlace::Lot(lot.id.clone())) {
            opened.expires_at = lot.expires_at;
            opened.vests_at = Some(lot.vests_at);
        }
        self.insert(lot);
    }

    /// Two accounts may both have a lot of one receipt: who bought, and who brought them.
    fn free_name(&self, wanted: LotId) -> LotId {
        let of_receipt = || self.lots.iter().filter(|lot| lot.id.receipt == wanted.receipt).map(|lot| lot.id.place);
        if of_receipt().all(|place| place != wanted.place) {
            return wanted;
        }
        let place = of_receipt().max().unwrap_or(0).saturating_add(1);
        LotId { place, ..wanted }
    }

    fn post_moved(&mut self, lot: &Lot, units: Units) {
        let of = Of { asset: &lot.asset, program: Some(&lot.program), campaign: lot.campaign.as_ref(), reward: None };
        self.post(of, PostingPlace::Lot(lot.id.clone()), units, PostingReason::Transfer);
        if let Some(posting) = self.postings.last_mut() {
            posting.expires_at = lot.expires_at;
        }
        self.post(of, PostingPlace::Book(Book::Transfer), negated(units), PostingReason::Transfer);
    }
}

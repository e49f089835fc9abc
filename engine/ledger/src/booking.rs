//! A booking in the making: lots change and each change leaves its two postings.

use std::mem;

use jiff::Timestamp;
use tessera_rules::decision::Promise;
use tessera_rules::id::{AssetId, CampaignId, ProgramId, ReceiptId, RewardId};
use tessera_rules::money::Units;

use crate::account::Account;
use crate::arithmetic::{minus, negated, plus};
use crate::aside::Aside;
use crate::limits::ACCOUNT_BYTES_MAX;
use crate::lot::{Lot, LotId, LotKind, spending_order};
use crate::posting::{Book, Posting, PostingPlace, PostingReason};
use crate::standing::units_held;

mod moved;
mod room;

/// Lots as they change, and the postings of the changes. Every method keeps both sides equal.
#[derive(Debug)]
pub(crate) struct Booking {
    pub(crate) lots: Vec<Lot>,
    pub(crate) postings: Vec<Posting>,
    pub(crate) now: Timestamp,
    /// What the account does not remember any more.
    pub(crate) aside: Aside,
    receipt: ReceiptId,
    place_next: u16,
}

/// Units that come into the account as a lot.
#[derive(Clone, Debug)]
pub(crate) struct Credit {
    pub(crate) asset: AssetId,
    pub(crate) program: ProgramId,
    pub(crate) campaign: Option<CampaignId>,
    pub(crate) of: Option<RewardId>,
    pub(crate) units: Units,
    pub(crate) vests_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) book: Book,
    pub(crate) reason: PostingReason,
}

/// Units that leave the account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Debit<'a> {
    pub(crate) asset: &'a AssetId,
    pub(crate) program: &'a ProgramId,
    pub(crate) campaign: Option<&'a CampaignId>,
    pub(crate) of: Option<&'a RewardId>,
    pub(crate) units: Units,
    pub(crate) book: Book,
    pub(crate) reason: PostingReason,
}

impl Credit {
    fn of(&self) -> Of<'_> {
        Of { asset: &self.asset, program: Some(&self.program), campaign: self.campaign.as_ref(), reward: self.of.as_ref() }
    }
}

impl<'a> Debit<'a> {
    fn of(&self) -> Of<'a> {
        Of { asset: self.asset, program: Some(self.program), campaign: self.campaign, reward: self.of }
    }
}

impl Booking {
    /// Over these lots, which [`Booking::store`] puts back.
    pub(crate) fn new(lots: Vec<Lot>, receipt: &ReceiptId, now: Timestamp) -> Self {
        Self { lots, postings: Vec::new(), now, aside: Aside::default(), receipt: receipt.clone(), place_next: 0 }
    }

    /// Lots that it opens have this place or a later one.
    pub(crate) fn places_from(self, place: u16) -> Self {
        Self { place_next: place, ..self }
    }

    /// Opens a lot; what is owed of the asset is paid from it first, pending or not.
    pub(crate) fn credit(&mut self, credit: Credit) {
        assert!(credit.units.is_positive(), "a credit is above zero");
        let id = self.next_lot();
        let of = credit.of();
        self.post(of, PostingPlace::Lot(id.clone()), credit.units, credit.reason);
        if let Some(opened) = self.postings.last_mut() {
            opened.expires_at = credit.expires_at;
            opened.vests_at = Some(credit.vests_at);
        }
        self.post(of, PostingPlace::Book(credit.book), negated(credit.units), credit.reason);
        let left = self.pay_debts(&credit, &id);
        if left.is_positive() {
            self.insert(Lot {
                id,
                asset: credit.asset,
                program: credit.program,
                campaign: credit.campaign,
                kind: LotKind::Earned,
                begun: credit.units,
                left,
                vests_at: credit.vests_at,
                expires_at: credit.expires_at,
                booked_at: self.now,
            });
        }
    }

    /// Takes units from usable lots in spending order, at most `available`; the rest becomes a debt.
    /// Returns the rest.
    pub(crate) fn spend(&mut self, debit: Debit<'_>, available: Units) -> Units {
        let now = self.now;
        let asset = debit.asset;
        let most = debit.units.min(available).max(Units::ZERO);
        let ids: Vec<LotId> =
            self.lots.iter().filter(|lot| lot.asset == *asset && lot.is_usable(now)).map(|lot| lot.id.clone()).collect();
        let taken = self.take(&debit, &ids, most);
        let short = minus(debit.units, taken);
        if short.is_positive() {
            self.owe(&debit, short);
        }
        short
    }

    /// Takes at most `units` from the named lots in their order. Returns what was taken.
    pub(crate) fn take(&mut self, debit: &Debit<'_>, ids: &[LotId], units: Units) -> Units {
        let mut taken = Units::ZERO;
        for id in ids {
            let Some(lot) = self.lots.iter_mut().find(|lot| lot.id == *id) else {
                continue;
            };
            let step = minus(units, taken).min(lot.left);
            if !step.is_positive() {
                continue;
            }
            lot.left = minus(lot.left, step);
            let (expires_at, program) = (lot.expires_at, lot.program.clone());
            taken = plus(taken, step);
            let of = Of { program: Some(&program), ..debit.of() };
            self.post(of, PostingPlace::Lot(id.clone()), negated(step), debit.reason);
            if let Some(posting) = self.postings.last_mut() {
                posting.expires_at = expires_at;
            }
        }
        self.lots.retain(|lot| !lot.left.is_zero());
        if taken.is_positive() {
            self.post(debit.of(), PostingPlace::Book(debit.book), taken, debit.reason);
        }
        assert!(taken <= units.max(Units::ZERO), "no more is taken than asked");
        taken
    }

    /// Records units that the account does not have: a debt lot, paid first by later earnings.
    pub(crate) fn owe(&mut self, debit: &Debit<'_>, units: Units) {
        assert!(units.is_positive(), "a debt is above zero");
        let id = self.next_lot();
        self.post(debit.of(), PostingPlace::Lot(id.clone()), negated(units), debit.reason);
        self.post(debit.of(), PostingPlace::Book(debit.book), units, debit.reason);
        self.insert(Lot {
            id,
            asset: debit.asset.clone(),
            program: debit.program.clone(),
            campaign: None,
            kind: LotKind::Debt,
            begun: negated(units),
            left: negated(units),
            vests_at: self.now,
            expires_at: None,
            booked_at: self.now,
        });
    }

    /// Lengthens the life of an asset's lots that have not lapsed: out of each lot and into it again, with its new
    /// expiry. Lots without an end keep none.
    pub(crate) fn renew(&mut self, asset: &AssetId, until: Timestamp) {
        let now = self.now;
        let shorter =
            |lot: &Lot| lot.asset == *asset && !lot.is_lapsed(now) && lot.expires_at.is_some_and(|expires_at| expires_at < until);
        if !self.lots.iter().any(shorter) {
            return;
        }
        let (renewed, kept): (Vec<Lot>, Vec<Lot>) = mem::take(&mut self.lots).into_iter().partition(shorter);
        self.lots = kept;
        for mut lot in renewed {
            let of = Of { asset: &lot.asset, program: Some(&lot.program), campaign: lot.campaign.as_ref(), reward: None };
            self.post(of, PostingPlace::Lot(lot.id.clone()), negated(lot.left), PostingReason::Renew);
            self.post(of, PostingPlace::Lot(lot.id.clone()), lot.left, PostingReason::Renew);
            if let Some(posting) = self.postings.last_mut() {
                posting.expires_at = Some(until);
                posting.vests_at = Some(lot.vests_at);
            }
            lot.expires_at = Some(until);
            self.insert(lot);
        }
    }

    /// Marks a lot that has become usable: out of it and into it again.
    pub(crate) fn vest(&mut self, lot: &Lot) {
        let of = Of { asset: &lot.asset, program: Some(&lot.program), campaign: lot.campaign.as_ref(), reward: None };
        self.post(of, PostingPlace::Lot(lot.id.clone()), negated(lot.left), PostingReason::Vest);
        self.post(of, PostingPlace::Lot(lot.id.clone()), lot.left, PostingReason::Vest);
        if let Some(posting) = self.postings.last_mut() {
            posting.expires_at = lot.expires_at;
            posting.vests_at = Some(lot.vests_at);
        }
    }

    /// What may be spent for a receipt: its own open hold is sure of what lots have beyond the holds of
    /// others, anything more must be there after debts too.
    pub(crate) fn spendable(&self, asset: &AssetId, own: Units, others: &[&Promise]) -> Units {
        let held = units_held(others, asset);
        let usable = self.sum(asset, |lot| lot.is_usable(self.now));
        let owed = self.sum(asset, |lot| lot.kind == LotKind::Debt);
        let sure = minus(usable, held).min(own);
        minus(plus(usable, owed), held).max(sure).max(Units::ZERO)
    }

    /// What of the usable lots is not promised to any open quote.
    pub(crate) fn free(&self, asset: &AssetId, all_holds: &[&Promise]) -> Units {
        minus(self.sum(asset, |lot| lot.is_usable(self.now)), units_held(all_holds, asset)).max(Units::ZERO)
    }

    /// Posts between two books, for what never lies on an account.
    pub(crate) fn post_books(
        &mut self,
        asset: &AssetId,
        campaign: Option<&CampaignId>,
        program: Option<&ProgramId>,
        units: Units,
        sides: BookSides,
    ) {
        if units.is_zero() {
            return;
        }
        let of = Of { asset, program, campaign, reward: None };
        self.post(of, PostingPlace::Book(sides.from), negated(units), sides.reason);
        self.post(of, PostingPlace::Book(sides.to), units, sides.reason);
    }

    fn sum(&self, asset: &AssetId, which: impl Fn(&Lot) -> bool) -> Units {
        self.lots.iter().filter(|lot| lot.asset == *asset && which(lot)).map(|lot| lot.left).fold(Units::ZERO, plus)
    }

    fn pay_debts(&mut self, credit: &Credit, id: &LotId) -> Units {
        let mut left = credit.units;
        let debts: Vec<LotId> = self
            .lots
            .iter()
            .filter(|lot| lot.asset == credit.asset && lot.kind == LotKind::Debt)
            .map(|lot| lot.id.clone())
            .collect();
        for debt in debts {
            let Some(lot) = self.lots.iter_mut().find(|lot| lot.id == debt) else {
                continue;
            };
            let step = left.min(negated(lot.left));
            if !step.is_positive() {
                break;
            }
            lot.left = plus(lot.left, step);
            left = minus(left, step);
            let program = lot.program.clone();
            let of = credit.of();
            self.post(of, PostingPlace::Lot(id.clone()), negated(step), PostingReason::PayDebt);
            self.post(Of { program: Some(&program), ..of }, PostingPlace::Lot(debt), step, PostingReason::PayDebt);
        }
        self.lots.retain(|lot| !lot.left.is_zero());
        left
    }

    /// What the next lot will be called; places that lots of this receipt have already are left out.
    pub(crate) fn lot_next(&self) -> LotId {
        let taken = self.lots.iter().filter(|lot| lot.id.receipt == self.receipt).map(|lot| lot.id.place.saturating_add(1)).max();
        LotId { receipt: self.receipt.clone(), place: self.place_next.max(taken.unwrap_or(0)) }
    }

    fn next_lot(&mut self) -> LotId {
        let id = self.lot_next();
        self.place_next = id.place.saturating_add(1);
        id
    }

    fn insert(&mut self, lot: Lot) {
        let place = self.lots.partition_point(|known| spending_order(known, &lot).is_lt());
        self.lots.insert(place, lot);
    }

    fn post(&mut self, of: Of<'_>, place: PostingPlace, units: Units, reason: PostingReason) {
        self.postings.push(Posting {
            asset: of.asset.clone(),
            units,
            place,
            program: of.program.cloned(),
            campaign: of.campaign.cloned(),
            of: of.reward.cloned(),
            reason,
            expires_at: None,
            vests_at: None,
        });
    }
}

/// What a posting is about.
#[derive(Clone, Copy, Debug)]
struct Of<'a> {
    asset: &'a AssetId,
    program: Option<&'a ProgramId>,
    campaign: Option<&'a CampaignId>,
    reward: Option<&'a RewardId>,
}

/// The two books of an entry that concerns no lot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BookSides {
    pub(crate) from: Book,
    pub(crate) to: Book,
    pub(crate) reason: PostingReason,
}

/// Whether the account is longer than it may be when encoded.
pub(crate) fn exceeds_bytes(account: &Account) -> bool {
    /// No record of any list is longer, whatever its ids.
    const RECORD_BYTES_MAX: usize = 320;
    let facts: usize = account.members.iter().map(|member| member.facts.len()).sum();
    let held: usize = account.open_quotes.iter().map(|quote| quote.holds.len()).sum();
    let lists = [
        account.lots.len(),
        account.open_quotes.len(),
        account.counters.len(),
        account.uses.len(),
        account.coupons.len(),
        account.tiers.len(),
        account.prizes.len(),
        account.tickets.len(),
        account.waiting.iter().map(|waiting| waiting.facts.len().saturating_add(1)).sum(),
        account.members.len(),
        account.seen.len().div_ceil(16),
        account.statistics.habits.days.len().div_ceil(16),
        facts,
        held,
    ];
    let records: usize = lists.iter().sum();
    // A small account is not measured: three records stand for its head and statistics.
    if records.saturating_add(3).saturating_mul(RECORD_BYTES_MAX) <= ACCOUNT_BYTES_MAX {
        return false;
    }
    postcard::experimental::serialized_size(account).map_or(true, |bytes| bytes >= ACCOUNT_BYTES_MAX)
}

#[cfg(test)]
mod tests;

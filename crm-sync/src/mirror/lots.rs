//! Lots as the postings of outcomes move them, and what each step means for the days that count it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tessera_contract::convert::timestamp_from_wire;
use tessera_proto::billing::v1::posting::Side;
use tessera_proto::billing::v1::{Book, Outcome, Posting, PostingReason};

use crate::limits::LOTS_MAX;

/// What issued a lot: everything that happens to it counts there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The asset.
    pub asset: String,
    /// The program. Empty: not known.
    pub program: String,
    /// The campaign. Empty: none; a debt has none.
    pub campaign: String,
    /// The store. Empty: none took part.
    pub store: String,
}

/// A lot of a card.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LotHeld {
    /// Its name.
    pub id: String,
    /// What issued it.
    pub origin: Origin,
    /// What is left, smallest units of the asset; below zero: owed.
    pub left: i64,
    /// From when it can be used; none: at once.
    pub vests_at: Option<Timestamp>,
    /// Until when, exclusive; none: for ever.
    pub expires_at: Option<Timestamp>,
}

impl LotHeld {
    /// Whether it cannot be used yet.
    #[must_use]
    pub fn is_pending(&self, at: Timestamp) -> bool {
        self.vests_at.is_some_and(|vests_at| vests_at > at)
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_lapsed(&self, at: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= at)
    }
}

/// What happened to units of lots.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Movement {
    /// Given.
    Issued,
    /// Given back with returned goods.
    Restored,
    /// Spent.
    Redeemed,
    /// Posted as lapsed.
    Expired,
    /// Taken back with returned goods.
    ClawedBack,
    /// Corrected by people.
    Adjusted,
    /// From lot to lot: a debt paid, lots made one, a longer life, usable from now on, which sum to zero over an account;
    /// and from one account to another, which sum to zero over all but for what is under way.
    Moved,
}

/// What will happen to units on a day if nothing happens to them before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Coming {
    /// They can be used from then on.
    Vests,
    /// They cannot be used any more.
    Lapses,
}

/// One step of a lot, as days count it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Units that moved, and how many of them could not be used yet.
    Moved { origin: Origin, movement: Movement, units: i64, pending: i64 },
    /// Units of which something will happen on that day; below zero: no more.
    Coming { origin: Origin, coming: Coming, day: Date, units: i64 },
}

/// What a posting means for a lot; none: nothing to a lot.
fn movement(reason: PostingReason) -> Movement {
    match reason {
        PostingReason::Earned | PostingReason::Fallback | PostingReason::Answered | PostingReason::Enrolled => Movement::Issued,
        PostingReason::Redeemed => Movement::Redeemed,
        PostingReason::TakenBack => Movement::ClawedBack,
        PostingReason::Restored => Movement::Restored,
        PostingReason::Expired => Movement::Expired,
        PostingReason::DebtPaid
        | PostingReason::Consolidated
        | PostingReason::Renewed
        | PostingReason::Vested
        | PostingReason::Transferred => Movement::Moved,
        PostingReason::Unspecified | PostingReason::Adjusted | PostingReason::Unexplained | PostingReason::Discounted => {
            Movement::Adjusted
        }
    }
}

/// Carries out an outcome's postings on the lots of its account, and says what days count.
pub(super) fn carry_out(lots: &mut Vec<LotHeld>, outcome: &Outcome, zone: &TimeZone) -> Vec<Step> {
    let at = outcome.booked_at.as_ref().and_then(timestamp_from_wire).unwrap_or(Timestamp::MIN);
    let mut steps = Vec::new();
    let mut debited: Option<Origin> = None;
    for (place, posting) in outcome.postings.iter().enumerate() {
        let Some(Side::LotId(id)) = &posting.side else { continue };
        let known = lots.iter().position(|lot| lot.id == *id);
        let at_place = known.unwrap_or(lots.len());
        if known.is_none() {
            let book = book_behind(posting, outcome.postings.get(place.saturating_add(1)));
            let origin = origin(outcome, posting, book, debited.as_ref());
            lots.push(LotHeld { id: id.clone(), origin, left: 0, vests_at: vests_at(posting), expires_at: expires_at(posting) });
        }
        let Some(lot) = lots.get_mut(at_place) else { continue };
        if known.is_some() && posting.units > 0 && posting.vests_at.is_some() {
            // A lot that was renewed or took another one in has new times as a whole.
            let left = lot.left;
            step(lot, left.saturating_neg(), Movement::Moved, (at, zone), &mut steps);
            (lot.vests_at, lot.expires_at) = (vests_at(posting), expires_at(posting));
            step(lot, left, Movement::Moved, (at, zone), &mut steps);
        }
        let reason = PostingReason::try_from(posting.reason).unwrap_or_default();
        step(lot, posting.units, movement(reason), (at, zone), &mut steps);
        if posting.units < 0 {
            debited = Some(lot.origin.clone());
        }
    }
    lots.retain(|lot| lot.left != 0);
    forget_lapsed(lots, at);
    steps
}

fn step(lot: &mut LotHeld, units: i64, movement: Movement, (at, zone): (Timestamp, &TimeZone), steps: &mut Vec<Step>) {
    if units == 0 {
        return;
    }
    lot.left = lot.left.saturating_add(units);
    let pending = lot.is_pending(at);
    let origin = || lot.origin.clone();
    steps.push(Step::Moved { origin: origin(), movement, units, pending: if pending { units } else { 0 } });
    let day = |time: Timestamp| zone.to_datetime(time).date();
    if let Some(vests_at) = lot.vests_at.filter(|_| pending) {
        steps.push(Step::Coming { origin: origin(), coming: Coming::Vests, day: day(vests_at), units });
    }
    if let Some(expires_at) = lot.expires_at {
        steps.push(Step::Coming { origin: origin(), coming: Coming::Lapses, day: day(expires_at), units });
    }
}

/// The book on the other side of a posting: a lot is opened by two postings, one behind the other.
fn book_behind<'o>(posting: &Posting, next: Option<&'o Posting>) -> Option<&'o Book> {
    let next = next.filter(|next| next.asset_id == posting.asset_id && next.units == posting.units.saturating_neg())?;
    match &next.side {
        Some(Side::Book(book)) => Some(book),
        Some(Side::LotId(_)) | None => None,
    }
}

/// A lot that another lot is moved to comes from where that one did.
fn origin(outcome: &Outcome, posting: &Posting, book: Option<&Book>, debited: Option<&Origin>) -> Origin {
    if let (None, Some(from)) = (book, debited.filter(|from| from.asset == posting.asset_id)) {
        return from.clone();
    }
    Origin {
        asset: posting.asset_id.clone(),
        program: book.map(|book| book.program_id.clone()).unwrap_or_default(),
        campaign: book.map(|book| book.campaign_id.clone()).unwrap_or_default(),
        store: outcome.store_id.clone(),
    }
}

fn vests_at(posting: &Posting) -> Option<Timestamp> {
    posting.vests_at.as_ref().and_then(timestamp_from_wire)
}

fn expires_at(posting: &Posting) -> Option<Timestamp> {
    posting.expires_at.as_ref().and_then(timestamp_from_wire)
}

/// A card stays bounded: what lapsed first goes first, and nothing that has not.
fn forget_lapsed(lots: &mut Vec<LotHeld>, at: Timestamp) {
    while lots.len() > LOTS_MAX {
        let lapsed = lots.iter().enumerate().filter(|(_, lot)| lot.is_lapsed(at));
        let Some((place, _)) = lapsed.min_by_key(|(_, lot)| lot.expires_at) else { return };
        lots.remove(place);
    }
}

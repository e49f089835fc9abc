//! Fraud brakes: what a program does about a card that is used too often, at its owner's own till, or for too much.
//!
//! They hold rewards back, or give none; a sale goes on and its prices stay.

use serde::{Deserialize, Serialize};

use crate::counting::Calendar;
use crate::decision::{Brake, Decision, RewardKind};
use crate::id::{AssetId, CashierId, StoreId};
use crate::money::Units;
use crate::receipt::{Place, Receipt};
use crate::revision::Revision;

/// The brakes of one program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Brakes {
    pub(crate) velocity: Vec<Velocity>,
    /// What becomes of rewards of a cashier's card at that cashier's till.
    pub(crate) own_till: Option<Then>,
    /// Units of an asset that one receipt gives at most before somebody has looked at it.
    pub(crate) review_above: Vec<(AssetId, Units)>,
}

/// How many receipts one card may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Velocity {
    pub(crate) at: SeenAt,
    pub(crate) receipts_max: u32,
    /// Trading days, the receipt's own among them.
    pub(crate) days: i32,
    pub(crate) then: Then,
}

/// What becomes of rewards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Then {
    /// They wait until somebody has looked at the receipt.
    Review,
    /// None are given.
    Nothing,
}

/// Where receipts of one card are counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SeenAt {
    /// Wherever it is shown.
    Anywhere,
    /// At one cashier of a store.
    Cashier,
    /// At one till of a store.
    Till,
}

/// Receipts of an account on one trading day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ReceiptsSeen {
    /// The day's number in the calendar.
    pub day: i32,
    /// Where, see [`SeenAt::name`].
    pub place: u64,
    /// How many, above zero.
    pub count: u32,
}

/// A cashier whose own card it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct StaffOf {
    /// The store whose cashiers have that id; none: all stores have one list of cashiers.
    pub store: Option<StoreId>,
    /// The id that tills send.
    pub cashier: CashierId,
}

impl StaffOf {
    /// Whether this cashier sells there.
    #[must_use]
    pub fn sells_at(&self, place: &Place) -> bool {
        place.cashier.as_ref() == Some(&self.cashier) && self.store.as_ref().is_none_or(|store| *store == place.store)
    }
}

/// What an account must count of its receipts for the brakes of a revision.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SeenTerms {
    /// For so many trading days; 0: nothing is counted.
    pub days: i32,
    /// Where, sorted, each once.
    pub at: Vec<SeenAt>,
}

/// What brakes know of a card.
#[derive(Clone, Copy, Debug)]
pub struct CardSeen<'a> {
    /// Receipts of late, without the one at hand.
    pub seen: &'a [ReceiptsSeen],
    /// Cashiers who are of its account.
    pub staff: &'a [StaffOf],
}

/// A brake that took hold of a program's rewards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Tripped {
    /// The program's place in the revision.
    pub(crate) program_place: usize,
    pub(crate) brake: Brake,
    pub(crate) then: Then,
}

impl ReceiptsSeen {
    /// The place under which all receipts of an account are counted.
    pub const ANYWHERE: u64 = 0;

    /// The number of a trading day.
    #[must_use]
    pub fn day_of(date: jiff::civil::Date) -> i32 {
        Calendar::Days.number(date)
    }
}

impl SeenAt {
    /// Under which name receipts of a place are counted; none: the till does not say who sells.
    #[must_use]
    pub fn name(self, place: &Place) -> Option<u64> {
        let (kind, id) = match self {
            Self::Anywhere => return Some(ReceiptsSeen::ANYWHERE),
            Self::Cashier => ("cashier", place.cashier.as_ref()?.as_str()),
            Self::Till => ("till", place.till.as_str()),
        };
        let mut hasher = blake3::Hasher::new();
        for part in [kind, place.store.as_str(), id] {
            // No id has a zero byte.
            hasher.update(part.as_bytes()).update(&[0]);
        }
        let hash = hasher.finalize();
        hash.as_bytes().first_chunk().map(|bytes| u64::from_le_bytes(*bytes).max(1))
    }
}

impl Revision {
    /// What an account must count of its receipts for the brakes of all programs.
    #[must_use]
    pub fn receipts_seen(&self) -> SeenTerms {
        let mut terms = SeenTerms::default();
        for velocity in self.programs().iter().flat_map(|program| &program.brakes.velocity) {
            terms.days = terms.days.max(velocity.days);
            terms.at.push(velocity.at);
        }
        terms.at.sort_unstable();
        terms.at.dedup();
        terms
    }

    /// Whether brakes that take hold of a receipt now would leave less of what was decided for it, or hold more of that.
    #[must_use]
    pub fn brakes_more(&self, card: CardSeen<'_>, receipt: &Receipt, decided: &Decision) -> bool {
        let programs = self.programs();
        self.tripped(card, receipt).into_iter().any(|tripped| {
            let of = programs.get(tripped.program_place).map(|program| &program.id);
            let mut own = decided.rewards.iter().filter(|reward| Some(&reward.program) == of && can_wait(&reward.kind));
            own.any(|reward| tripped.then == Then::Nothing || reward.held.is_none())
        })
    }

    /// The brakes that take hold of a receipt whatever it is given, by program.
    pub(crate) fn tripped(&self, card: CardSeen<'_>, receipt: &Receipt) -> Vec<Tripped> {
        let mut tripped = Vec::new();
        for (program_place, program) in self.programs().iter().enumerate() {
            let brakes = &program.brakes;
            let too_often = brakes.velocity.iter().filter(|velocity| velocity.is_exceeded(card.seen, receipt));
            tripped.extend(too_often.map(|velocity| Tripped { program_place, brake: Brake::Velocity, then: velocity.then }));
            let own = brakes.own_till.filter(|_| card.staff.iter().any(|staff| staff.sells_at(&receipt.place)));
            tripped.extend(own.map(|then| Tripped { program_place, brake: Brake::OwnTill, then }));
        }
        tripped
    }
}

impl Velocity {
    /// Whether this receipt is one more than there may be.
    fn is_exceeded(&self, seen: &[ReceiptsSeen], receipt: &Receipt) -> bool {
        let Some(place) = self.at.name(&receipt.place) else { return false };
        let today = ReceiptsSeen::day_of(receipt.counted_on());
        let first = today.saturating_sub(self.days).saturating_add(1);
        let within = seen.iter().filter(|seen| seen.place == place && (first..=today).contains(&seen.day));
        within.map(|seen| seen.count).fold(1, u32::saturating_add) > self.receipts_max
    }
}

/// Whether it is something that can be given later: a changed line is sold, and what was counted says what is reached.
pub(crate) fn can_wait(kind: &RewardKind) -> bool {
    match kind {
        RewardKind::DiscountNow { .. } | RewardKind::Status { reached: true, .. } => false,
        RewardKind::DiscountLater { .. }
        | RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Prize { .. }
        | RewardKind::Status { reached: false, .. }
        | RewardKind::Ticket { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. } => true,
    }
}

//! What an account holds, as a program defines it: scale, worth, vesting, expiry, and how it may be used up.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::id::{AssetId, ProgramId};
use crate::money::{Amount, Currency, Rounding, Units};
use crate::ratio::Ratio;

/// What kind of thing it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AssetKind {
    /// Points.
    Points,
    /// Money that only this business takes.
    BonusMoney,
    /// The value of gift certificates.
    Certificate,
    /// Money to be paid out.
    Money,
}

/// How long a lot lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiry {
    /// For ever.
    Never,
    /// To the end of the day so many days after the sale, in the program's time zone.
    AfterDays(u32),
}

/// When a lot can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vesting {
    /// From the sale on.
    AtOnce,
    /// From the beginning of the day so many days after the sale, in the program's time zone.
    AfterDays(u32),
}

/// How an asset may be used up on a receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedeemRule {
    /// The fewest units at once.
    pub units_min: Units,
    /// Only multiples of this, at least 1.
    pub units_step: Units,
    /// The greatest share of what is to be paid, at most 1.
    pub share_max: Ratio,
}

/// An asset of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asset {
    /// Unique over all programs of a revision.
    pub id: AssetId,
    /// Whose it is.
    pub program: ProgramId,
    /// What kind of thing it is.
    pub kind: AssetKind,
    /// Digits after the point; amounts are in the smallest unit.
    pub scale: u8,
    /// The currency of its worth.
    pub currency: Currency,
    /// Minor units of money that one smallest unit is worth; none: it has no price.
    pub worth: Option<Ratio>,
    /// How long a lot lasts.
    pub expiry: Expiry,
    /// When a lot can be used.
    pub vesting: Vesting,
    /// How it may be used up; none: not on a receipt.
    pub redeem: Option<RedeemRule>,
    pub(crate) time_zone: TimeZone,
}

impl Asset {
    /// What so many units are worth, half up; none where the asset has no worth or it does not fit.
    #[must_use]
    pub fn worth_of(&self, units: Units) -> Option<Amount> {
        self.worth?.of(units.units(), Rounding::HalfUp).map(Amount::from_minor)
    }

    /// The units that are worth at most so much; none where the asset has no worth or it does not fit.
    #[must_use]
    pub fn units_for(&self, amount: Amount) -> Option<Units> {
        self.worth?.divide(amount.minor(), Rounding::Down).map(Units::from_units)
    }

    /// From when a lot of a sale at `at` can be used.
    #[must_use]
    pub fn vests_at(&self, at: Timestamp) -> Timestamp {
        match self.vesting {
            Vesting::AtOnce | Vesting::AfterDays(0) => at,
            Vesting::AfterDays(days) => self.midnight_after(at, i64::from(days)).unwrap_or(at),
        }
    }

    /// Until when a lot of a sale at `at` can be used, exclusive; none: for ever.
    #[must_use]
    pub fn expires_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self.expiry {
            Expiry::Never => None,
            Expiry::AfterDays(days) => self.midnight_after(at, i64::from(days).saturating_add(1)),
        }
    }

    /// The beginning of the day `days` after the day of `at`; none beyond the calendar.
    fn midnight_after(&self, at: Timestamp, days: i64) -> Option<Timestamp> {
        let day = self.time_zone.to_datetime(at).date();
        let later = day.checked_add(days.days()).ok()?;
        self.time_zone.to_timestamp(later.at(0, 0, 0, 0)).ok()
    }
}

//! What an account holds, as a program defines it: scale, worth, vesting, expiry, and how it may be used up.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

use crate::decision::RewardKind;
use crate::id::{AssetId, FactId, ProgramId};
use crate::money::{Amount, Currency, Rounding, Units};
use crate::ratio::Ratio;
use crate::selector::Selector;
use crate::text::Text;

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
    /// To the end of this day, whenever it was earned.
    On(Date),
    /// To the end of the month so many months after the sale's.
    EndOfMonth(u32),
    /// To the end of the day so many days after the account's last sale: each sale renews it.
    AfterIdleDays(u32),
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
    /// The goods that it may pay.
    pub(crate) on: Selector,
    /// The code that is wanted first; none: none is.
    pub code: Option<RedeemCode>,
}

/// A code that is sent to the customer, and wanted before much of an asset is used up on one receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedeemCode {
    /// Up to this worth none is wanted, above zero.
    pub above: Amount,
    /// What it is sent to: a fact that is confirmed by a code itself.
    pub to: FactId,
    /// What the cashier asks.
    pub text: Text,
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

    /// So many units of it as a reward.
    pub(crate) fn reward_of(&self, units: Units) -> RewardKind {
        let asset = self.id.clone();
        match self.kind {
            AssetKind::Points => RewardKind::Points { asset, units },
            AssetKind::BonusMoney => RewardKind::BonusMoney { asset, units },
            AssetKind::Certificate => RewardKind::Certificate { asset, units },
            AssetKind::Money => RewardKind::Money { asset, units },
        }
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
            Expiry::AfterDays(days) | Expiry::AfterIdleDays(days) => self.midnight_after(at, i64::from(days).saturating_add(1)),
            Expiry::On(day) => self.midnight(day.checked_add(1.day()).ok()?),
            Expiry::EndOfMonth(months) => {
                let first = self.time_zone.to_datetime(at).date().first_of_month();
                let later = Span::new().try_months(i64::from(months).saturating_add(1)).ok()?;
                self.midnight(first.checked_add(later).ok()?)
            }
        }
    }

    /// Until when a sale at `at` renews what the account has of it; none: a sale renews nothing.
    #[must_use]
    pub fn renewed_until(&self, at: Timestamp) -> Option<Timestamp> {
        match self.expiry {
            Expiry::AfterIdleDays(_) => self.expires_at(at),
            Expiry::Never | Expiry::AfterDays(_) | Expiry::On(_) | Expiry::EndOfMonth(_) => None,
        }
    }

    /// Whether the last day of all of it is over: none is given any more.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        match self.expiry {
            Expiry::On(_) => self.expires_at(at).is_some_and(|until| until <= at),
            Expiry::Never | Expiry::AfterDays(_) | Expiry::EndOfMonth(_) | Expiry::AfterIdleDays(_) => false,
        }
    }

    /// The beginning of the day `days` after the day of `at`; none beyond the calendar.
    fn midnight_after(&self, at: Timestamp, days: i64) -> Option<Timestamp> {
        let day = self.time_zone.to_datetime(at).date();
        self.midnight(day.checked_add(Span::new().try_days(days).ok()?).ok()?)
    }

    /// The beginning of a day.
    fn midnight(&self, day: Date) -> Option<Timestamp> {
        self.time_zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(expiry: Expiry) -> Asset {
        Asset {
            id: AssetId::parse("points").unwrap(),
            program: ProgramId::parse("club").unwrap(),
            kind: AssetKind::Points,
            scale: 0,
            currency: Currency::from_code("GBP").unwrap(),
            worth: None,
            expiry,
            vesting: Vesting::AtOnce,
            redeem: None,
            time_zone: TimeZone::get("Europe/London").unwrap(),
        }
    }

    #[test]
    fn h71_a_lot_lasts_to_the_end_of_its_last_day_in_the_programs_time_zone() {
        let table = [
            (Expiry::Never, "2026-03-28T12:00:00Z", None),
            // Clocks go forward on the 29th.
            (Expiry::AfterDays(1), "2026-03-28T12:00:00Z", Some("2026-03-29T23:00:00Z")),
            (Expiry::AfterIdleDays(1), "2026-03-28T12:00:00Z", Some("2026-03-29T23:00:00Z")),
            (Expiry::On(jiff::civil::date(2026, 12, 31)), "2026-03-28T12:00:00Z", Some("2027-01-01T00:00:00Z")),
            (Expiry::EndOfMonth(0), "2026-02-28T12:00:00Z", Some("2026-03-01T00:00:00Z")),
            (Expiry::EndOfMonth(1), "2024-01-31T12:00:00Z", Some("2024-03-01T00:00:00Z")),
            (Expiry::EndOfMonth(12), "2026-06-30T23:30:00Z", Some("2027-07-31T23:00:00Z")),
            (Expiry::EndOfMonth(u32::MAX), "2026-06-30T23:30:00Z", None),
        ];
        for (expiry, at, until) in table {
            let (at, until): (Timestamp, Option<Timestamp>) = (at.parse().unwrap(), until.map(|text| text.parse().unwrap()));
            assert_eq!(asset(expiry).expires_at(at), until, "{expiry:?} at {at}");
        }
    }

    #[test]
    fn only_what_lapses_by_idleness_is_renewed_and_only_a_fixed_day_is_over() {
        let at: Timestamp = "2026-03-28T12:00:00Z".parse().unwrap();
        let last = Expiry::On(jiff::civil::date(2026, 3, 27));
        assert!(asset(Expiry::AfterIdleDays(3)).renewed_until(at).is_some() && !asset(Expiry::AfterIdleDays(3)).is_over(at));
        assert!(asset(Expiry::AfterDays(3)).renewed_until(at).is_none() && asset(last).renewed_until(at).is_none());
        assert!(asset(last).is_over(at) && !asset(Expiry::On(jiff::civil::date(2026, 3, 28))).is_over(at));
    }
}

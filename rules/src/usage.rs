//! How much of a campaign was used, and how much may be: uses, units of goods and value.

use serde::{Deserialize, Serialize};

/// What limits and budgets count of a campaign. As a limit it is the most of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Applications of its mechanic.
    pub uses: i64,
    /// Units of goods that it made cheaper; measured goods count one a line.
    pub units: i64,
    /// Minor units of money that it took off, or units of the asset that it gave.
    pub value: i64,
}

impl Usage {
    /// Nothing was used.
    pub const NONE: Self = Self { uses: 0, units: 0, value: 0 };
    /// As a limit: there is none.
    pub const UNLIMITED: Self = Self { uses: i64::MAX, units: i64::MAX, value: i64::MAX };

    /// Each by itself with one function.
    fn each(self, other: Self, of: impl Fn(i64, i64) -> i64) -> Self {
        Self { uses: of(self.uses, other.uses), units: of(self.units, other.units), value: of(self.value, other.value) }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, i64::saturating_add)
    }

    /// What is left of it, none of the three below zero.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        self.each(other, |a, b| a.saturating_sub(b).max(0))
    }

    /// What a limit leaves after this was used of it; where there is no limit, there is none afterwards.
    #[must_use]
    pub fn left_of(self, limit: Self) -> Self {
        limit.each(self, |limit, used| if limit == i64::MAX { limit } else { limit.saturating_sub(used).max(0) })
    }

    /// Each below zero instead of above, and the other way round.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::NONE.each(self, i64::saturating_sub)
    }

    /// The lesser of each.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        self.each(other, i64::min)
    }

    /// The greater of each.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        self.each(other, i64::max)
    }

    /// As a limit: whether nothing may be used, since one of the three is used up.
    #[must_use]
    pub fn is_used_up(self) -> bool {
        self.uses <= 0 || self.units <= 0 || self.value <= 0
    }

    /// Whether something was used, and nothing less than nothing.
    #[must_use]
    pub fn is_something(self) -> bool {
        let all = [self.uses, self.units, self.value];
        all.iter().all(|number| *number >= 0) && all.iter().any(|number| *number > 0)
    }

    /// Whether none of the three is above the limit's.
    #[must_use]
    pub fn is_within(self, limit: Self) -> bool {
        self.uses <= limit.uses && self.units <= limit.units && self.value <= limit.value
    }
}

/// What may be used of a campaign in each span of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UsageLimits {
    /// Ever.
    pub ever: Usage,
    /// On one trading day.
    pub day: Usage,
    /// In one month of trading days.
    pub month: Usage,
}

impl UsageLimits {
    /// No limit at all.
    pub const NONE: Self = Self { ever: Usage::UNLIMITED, day: Usage::UNLIMITED, month: Usage::UNLIMITED };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(uses: i64, units: i64, value: i64) -> Usage {
        Usage { uses, units, value }
    }

    #[test]
    fn what_is_left_of_a_limit_is_not_below_zero_and_no_limit_stays_none() {
        let table = [
            (usage(2, 0, 0), usage(3, i64::MAX, i64::MAX), usage(1, i64::MAX, i64::MAX), false),
            (usage(4, 7, 500), usage(3, i64::MAX, 800), usage(0, i64::MAX, 300), true),
            (usage(i64::MAX, i64::MAX, i64::MAX), Usage::UNLIMITED, Usage::UNLIMITED, false),
        ];
        for (used, limit, left, used_up) in table {
            assert_eq!(used.left_of(limit), left, "{used:?} of {limit:?}");
            assert_eq!(left.is_used_up(), used_up, "{left:?}");
        }
    }
}

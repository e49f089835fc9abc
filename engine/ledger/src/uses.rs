//! What an account used of campaigns that are limited per customer: ever, on a trading day and in its month.

use std::cmp::Ordering;

use jiff::civil::Date;
use tessera_rules::decision::Promise;
use tessera_rules::id::{CampaignId, CustomerId};
use tessera_rules::standing::Uses;
use tessera_rules::usage::{Usage, UsageLimits};

use crate::account::UseCount;
use crate::limits::USES_MAX;

impl UseCount {
    /// Whether it counts what that member used of it; nobody: what the account did.
    fn is_of(&self, campaign: &CampaignId, member: Option<&CustomerId>) -> bool {
        self.campaign == *campaign && self.member.as_ref() == member
    }

    /// Whether no less was used in each longer span of time.
    pub(crate) fn is_sound(&self) -> bool {
        let none = self.on_day.uses >= 0 && self.on_day.units >= 0 && self.on_day.value >= 0;
        none && self.on_day.is_within(self.in_month) && self.in_month.is_within(self.ever)
    }

    /// What counts for a sale of that trading day. Of days and months before the last ones no more is known than what was
    /// used beside those: as much of it as there is may have been used then.
    fn at(&self, day: Date) -> Uses {
        let same_month = is_same_month(self.day, day);
        let (today, this_month) = match (day.cmp(&self.day), same_month) {
            (Ordering::Equal, _) => (self.on_day, self.in_month),
            (Ordering::Greater, true) => (Usage::NONE, self.in_month),
            (Ordering::Greater, false) => (Usage::NONE, Usage::NONE),
            (Ordering::Less, true) => (self.in_month.less(self.on_day), self.in_month),
            (Ordering::Less, false) => (self.ever.less(self.in_month), self.ever.less(self.in_month)),
        };
        Uses { campaign: self.campaign.clone(), ever: self.ever, today, this_month }
    }

    fn add(&mut self, usage: Usage, day: Date) {
        self.ever = self.ever.plus(usage);
        let same_month = is_same_month(self.day, day);
        if day < self.day {
            // It came late: later days have been counted already.
            self.in_month = if same_month { self.in_month.plus(usage) } else { self.in_month };
            return;
        }
        self.in_month = if same_month { self.in_month.plus(usage) } else { usage };
        self.on_day = if day == self.day { self.on_day.plus(usage) } else { usage };
        self.day = day;
    }

    /// Frees what was used on that day again, as far as it is still known.
    fn free(&mut self, usage: Usage, day: Date) {
        if self.day == day {
            self.on_day = self.on_day.less(usage);
        }
        if is_same_month(self.day, day) {
            self.in_month = self.in_month.less(usage).most(self.on_day);
        }
        self.ever = self.ever.less(usage).most(self.in_month);
    }
}

fn is_same_month(a: Date, b: Date) -> bool {
    (a.year(), a.month()) == (b.year(), b.month())
}

/// What was used and what is promised to others, for a sale of that trading day; sorted by campaign. By a member of the
/// account: of limits that each has for themselves; by nobody: of those of the account.
pub(crate) fn standing(counts: &[UseCount], others: &[&Promise], (day, by): (Date, Option<&CustomerId>)) -> Vec<Uses> {
    let own = counts.iter().filter(|count| count.member.as_ref() == by);
    let mut all: Vec<Uses> = own.map(|count| count.at(day)).collect();
    for hold in others {
        let Promise::Uses { campaign, member, usage, .. } = hold else { continue };
        if member.as_ref() != by {
            continue;
        }
        match all.iter_mut().find(|uses| uses.campaign == *campaign) {
            Some(uses) => {
                uses.today = uses.today.plus(*usage);
                uses.this_month = uses.this_month.plus(*usage);
                uses.ever = uses.ever.plus(*usage);
            }
            None => all.push(Uses { campaign: campaign.clone(), ever: *usage, today: *usage, this_month: *usage }),
        }
    }
    all.sort_by(|a, b| a.campaign.cmp(&b.campaign));
    all
}

/// Whether all of it is within the limits.
pub(crate) fn is_within(used: &Uses, limits: &UsageLimits) -> bool {
    used.today.is_within(limits.day) && used.this_month.is_within(limits.month) && used.ever.is_within(limits.ever)
}

/// Counts what was used; returns what counts for a sale of that trading day now. Where there is no room, the campaign
/// that was not used for longest goes.
pub(crate) fn count(
    counts: &mut Vec<UseCount>,
    (campaign, member): (&CampaignId, Option<&CustomerId>),
    usage: Usage,
    day: Date,
) -> Uses {
    if let Some(known) = counts.iter_mut().find(|known| known.is_of(campaign, member)) {
        known.add(usage, day);
        return known.at(day);
    }
    if counts.len() >= USES_MAX {
        let oldest = counts.iter().enumerate().min_by_key(|(_, known)| known.day).map(|(place, _)| place);
        if let Some(place) = oldest {
            counts.remove(place);
        }
    }
    let place = counts.partition_point(|known| (&known.campaign, known.member.as_ref()) < (campaign, member));
    let (campaign, member) = (campaign.clone(), member.cloned());
    let fresh = UseCount { campaign, member, ever: usage, day, on_day: usage, in_month: usage };
    let used = fresh.at(day);
    counts.insert(place, fresh);
    used
}

/// Frees what a sale of that trading day had used. False: nothing of the campaign is known any more.
pub(crate) fn free(
    counts: &mut [UseCount],
    (campaign, member): (&CampaignId, Option<&CustomerId>),
    usage: Usage,
    day: Date,
) -> bool {
    let found = counts.iter_mut().find(|known| known.is_of(campaign, member));
    found.map(|known| known.free(usage, day)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::campaign;

    fn usage(value: i64) -> Usage {
        Usage { uses: 1, units: 2, value }
    }

    fn values(count: &UseCount) -> (i64, i64, i64) {
        (count.ever.value, count.in_month.value, count.on_day.value)
    }

    #[test]
    fn p4_days_and_months_are_the_tills_trading_days_in_any_order() {
        let day = |month: i8, day: i8| jiff::civil::date(2026, month, day);
        let mut counts = Vec::new();
        let table = [
            (day(3, 2), 10, (10, 10, 10)),
            (day(3, 2), 5, (15, 15, 15)),
            (day(3, 5), 1, (16, 16, 1)),
            // A sale of an earlier day that came late.
            (day(3, 4), 2, (18, 18, 1)),
            (day(2, 27), 4, (22, 18, 1)),
            (day(4, 1), 7, (29, 7, 7)),
        ];
        for (day, value, expected) in table {
            count(&mut counts, (&campaign("a"), None), usage(value), day);
            assert_eq!((values(&counts[0]), counts[0].is_sound()), (expected, true), "{value} on {day}");
        }
        let freed = [(day(3, 5), 1, (28, 7, 7)), (day(4, 1), 3, (25, 4, 4)), (day(3, 2), 90, (4, 4, 4))];
        for (day, value, expected) in freed {
            assert!(free(&mut counts, (&campaign("a"), None), Usage { value, ..Usage::NONE }, day));
            assert_eq!((values(&counts[0]), counts[0].is_sound()), (expected, true), "{value} of {day} is free");
        }
        assert!(!free(&mut counts, (&campaign("b"), None), usage(1), day(4, 1)));
    }

    #[test]
    fn p4_limits_hold_in_every_span() {
        let mut counts = Vec::new();
        let used = count(&mut counts, (&campaign("a"), None), usage(10), crate::testing::day());
        let value = |value: i64| Usage { value, ..Usage::UNLIMITED };
        for (limits, within) in [
            (UsageLimits { ever: value(10), ..UsageLimits::NONE }, true),
            (UsageLimits { ever: value(9), ..UsageLimits::NONE }, false),
            (UsageLimits { day: value(9), ..UsageLimits::NONE }, false),
            (UsageLimits { month: value(9), ..UsageLimits::NONE }, false),
            (UsageLimits::NONE, true),
        ] {
            assert_eq!(is_within(&used, &limits), within, "{limits:?}");
        }
    }

    #[test]
    fn p4_what_comes_late_finds_as_much_used_on_its_day_as_may_have_been() {
        let day = |month: i8, day: i8| jiff::civil::date(2026, month, day);
        let mut counts = Vec::new();
        count(&mut counts, (&campaign("a"), None), usage(1), day(3, 5));
        // Of a trading day before: today, this month and ever as the next sale finds it, before it is counted.
        let table = [
            (day(3, 4), (0, 1, 1)),
            (day(3, 4), (1, 2, 2)),
            (day(3, 3), (2, 3, 3)),
            (day(2, 9), (0, 0, 4)),
            (day(2, 9), (1, 1, 5)),
            (day(3, 5), (1, 4, 6)),
            (day(3, 6), (0, 5, 7)),
        ];
        for (day, expected) in table {
            let found = standing(&counts, &[], (day, None)).remove(0);
            assert_eq!((found.today.value, found.this_month.value, found.ever.value), expected, "{day}");
            let used = count(&mut counts, (&campaign("a"), None), usage(1), day);
            assert_eq!(used.today.value, expected.0 + 1, "{day}");
        }
    }
}

//! Limits that several campaigns, or redemptions, use up together: what is left of them while a receipt is decided.

use super::candidates::{Candidate, Reason, left_of, used};
use super::case::Case;
use super::draft::{Draft, Effect};
use super::scope::Facts;
use crate::campaign::Campaign;
use crate::common_limit::CommonLimit;
use crate::decision::Promise;
use crate::id::AssetId;
use crate::usage::Usage;

/// A limit that applies to this receipt.
#[derive(Debug)]
pub(super) struct Common<'a> {
    limit: &'a CommonLimit,
    program_place: usize,
    /// Its place in the program's list.
    place: usize,
    /// What could be used of it before this receipt.
    before: Usage,
    /// What may still be used of it.
    left: Usage,
    /// What is used of it on this receipt.
    used: Usage,
    /// The same by campaigns, by their places in the revision, in the order of their acts; of none: by a redemption.
    used_by: Vec<(Option<usize>, Usage)>,
    /// The same before the level that is being decided.
    used_before_level: Usage,
}

impl Common<'_> {
    fn is_of(&self, campaign: &Campaign) -> bool {
        self.program_place == campaign.program_place && campaign.common_limits.contains(&self.place)
    }

    fn take(&mut self, by: Option<usize>, usage: Usage) {
        if usage.is_something() {
            self.used_by.push((by, usage));
        }
        self.used = self.used.plus(usage);
        self.left = usage.left_of(self.left);
    }
}

/// The limits of all programs that apply here, with what is left of them.
pub(super) fn open<'a>(case: &Case<'a>, facts: &Facts<'_, 'a>) -> Vec<Common<'a>> {
    let mut all = Vec::new();
    for (program_place, program) in case.revision.programs().iter().enumerate() {
        for (place, limit) in program.limits.iter().enumerate() {
            let scope = facts.scope(program_place, None);
            // Who may be in the segment is limited.
            let is_in = |segment: &usize| scope.in_segment(*segment).unwrap_or(true);
            let elsewhere = limit.stores.as_ref().is_some_and(|stores| stores.binary_search(&case.receipt.place.store).is_err());
            if elsewhere || (!limit.segments.is_empty() && !limit.segments.iter().any(is_in)) {
                continue;
            }
            let left = left(case, limit);
            let none = Usage::NONE;
            let used_by = Vec::new();
            all.push(Common { limit, program_place, place, before: left, left, used: none, used_by, used_before_level: none });
        }
    }
    all
}

/// What is left of a limit; nothing where one of its spans is used up, or where nobody knows what was used.
fn left(case: &Case<'_>, limit: &CommonLimit) -> Usage {
    let mut left = limit.limits.per_receipt;
    if let Some(limits) = &limit.limits.per_customer {
        let own = case.customer.and_then(|customer| limit.limits.used(customer, &limit.name));
        left = left.least(left_of(limits, own, [Reason::CommonLimit; 3]).unwrap_or(Usage::NONE));
    }
    if let Some(limits) = &limit.limits.shared {
        let all = used(&case.standing.shared, &limit.name);
        let shared = all.and_then(|used| left_of(limits, Some(used), [Reason::CommonLimit; 3]).ok());
        left = left.least(shared.unwrap_or(Usage::NONE));
    }
    if case.standing.no_promises.is_some() && limit.limits.is_scarce() { Usage::NONE } else { left }
}

/// Whether a campaign may act within the limits that it shares.
pub(super) fn admits(case: &Case<'_>, common: &[Common<'_>], campaign: &Campaign) -> Result<(), Reason> {
    match common.iter().find(|one| one.is_of(campaign) && one.left.is_used_up()) {
        None => Ok(()),
        Some(one) => match case.standing.no_promises {
            Some(why) if one.limit.limits.is_scarce() => Err(Reason::NotPromised(why)),
            Some(_) | None => Err(Reason::CommonLimit),
        },
    }
}

impl Draft<'_, '_> {
    /// How much a candidate may still use: of its own limits and of those that it shares.
    pub(super) fn left(&self, candidate: &Candidate<'_>) -> Usage {
        let own = Usage { uses: candidate.uses_left, units: candidate.units_left, value: candidate.value_left };
        let common = self.common.iter().filter(|one| one.is_of(candidate.campaign));
        let left = common.fold(own, |left, one| left.least(one.left));
        Usage { uses: left.uses.min(self.times_paid(candidate)), ..left }
    }

    /// Takes what a candidate did off the limits that it shares, and what it cost off the account.
    pub(super) fn use_common(&mut self, candidate: &Candidate<'_>, effect: &Effect) {
        self.pay_cost(candidate, effect);
        if candidate.campaign.common_limits.is_empty() {
            return;
        }
        let usage = self.usage(candidate.campaign, effect);
        let own = self.common.iter_mut().filter(|one| one.is_of(candidate.campaign));
        own.for_each(|one| one.take(Some(candidate.place), usage));
    }

    /// Whether some campaigns may use up what others need.
    pub(super) fn shares_anything(&self, candidates: &[&Candidate<'_>]) -> bool {
        !self.common.is_empty() || candidates.iter().any(|candidate| candidate.campaign.cost.is_some())
    }

    /// A level of offers begins.
    pub(super) fn begin_level(&mut self) {
        self.common.iter_mut().for_each(|one| one.used_before_level = one.used);
    }

    /// Whether others of the same level have used something of a limit that a candidate shares.
    pub(super) fn others_used(&self, candidate: &Candidate<'_>) -> bool {
        self.common.iter().any(|one| one.is_of(candidate.campaign) && one.used != one.used_before_level)
    }

    /// What offers used is free again: they came too late.
    pub(super) fn forget_common(&mut self) {
        for one in &mut self.common {
            (one.left, one.used) = (one.before, Usage::NONE);
            one.used_by.clear();
        }
    }

    /// Whether limits that it shares let a candidate act.
    pub(super) fn within_common(&self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        admits(self.case, &self.common, candidate.campaign)
    }

    /// Whether both share a limit that counts uses, or cost units of the same asset.
    pub(super) fn share_uses(&self, a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
        let asset = |candidate: &Candidate<'_>| candidate.campaign.cost.as_ref().map(|cost| cost.asset.clone());
        if asset(a).is_some() && asset(a) == asset(b) {
            return true;
        }
        self.common.iter().any(|one| one.left.uses < i64::MAX && one.is_of(a.campaign) && one.is_of(b.campaign))
    }

    /// How many uses each of some campaigns may have where the first take what they want and the limits that they share
    /// leave the rest; none: all can have what they want.
    pub(super) fn shared_out(&self, wanted: &[(&Candidate<'_>, i64)]) -> Option<Vec<i64>> {
        let mut left: Vec<i64> = self.common.iter().map(|one| one.left.uses).collect();
        let mut spent: Vec<(&AssetId, i64)> = Vec::new();
        let mut all = Vec::with_capacity(wanted.len());
        for (candidate, uses) in wanted {
            let own = || self.common.iter().map(|one| one.is_of(candidate.campaign));
            let most = left.iter().zip(own()).filter(|(_, own)| *own).map(|(left, _)| *left).min().unwrap_or(i64::MAX);
            let mut uses = (*uses).min(most);
            if let Some(cost) = &candidate.campaign.cost {
                let before = spent.iter().filter(|(asset, _)| *asset == &cost.asset).map(|(_, units)| *units);
                let held = self.spendable(&cost.asset).saturating_sub(before.fold(0, i64::saturating_add));
                uses = uses.min(held.checked_div(cost.units.units()).unwrap_or(0));
                spent.push((&cost.asset, cost.units.units().saturating_mul(uses)));
            }
            for (left, _) in left.iter_mut().zip(own()).filter(|(left, own)| *own && **left < i64::MAX) {
                *left = left.saturating_sub(uses);
            }
            all.push(uses);
        }
        let fits = wanted.iter().zip(&all).all(|((_, wanted), given)| wanted == given);
        (!fits).then_some(all)
    }

    /// How many units of an asset may be redeemed, and whether any redemption is allowed.
    pub(super) fn redemption_left(&self, asset: &AssetId) -> i64 {
        let own = self.common.iter().filter(|one| one.limit.redeemed.as_ref() == Some(asset));
        own.map(|one| if one.left.is_used_up() { 0 } else { one.left.value }).min().unwrap_or(i64::MAX)
    }

    /// Takes a redemption off the limits of its asset.
    pub(super) fn use_redeemed(&mut self, asset: &AssetId, units: i64) {
        let own = self.common.iter_mut().filter(|one| one.limit.redeemed.as_ref() == Some(asset));
        own.for_each(|one| one.take(None, Usage { uses: 1, units: 0, value: units }));
    }

    /// Promises what is used of limits beyond the receipt.
    pub(super) fn promise_common(&mut self) {
        for (limit, by, usage) in self.common.iter().flat_map(|one| one.used_by.iter().map(|(by, usage)| (one.limit, by, *usage)))
        {
            let by = by.and_then(|place| self.case.revision.campaigns().get(place)).map(|campaign| campaign.id.clone());
            let campaign = limit.name.clone();
            if limit.limits.per_customer.is_some() {
                let member = limit.limits.member(self.case.customer);
                self.promises.push(Promise::Uses { campaign: campaign.clone(), by: by.clone(), member, usage });
            }
            if limit.limits.shared.is_some() {
                self.promises.push(Promise::Budget { campaign, by, usage });
            }
        }
    }
}

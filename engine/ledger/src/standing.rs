//! What the evaluation may know of an account: net of what is promised to other open quotes.

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::decision::{CounterMove, Promise};
use tessera_rules::id::{AssetId, CampaignId, CustomerId, ReceiptId, SegmentId};
use tessera_rules::money::Units;
use tessera_rules::standing::{CodeState, CounterStanding, CustomerStanding, FactStanding};

use crate::account::{Account, Balance, Counter, FactKnown, Member};
use crate::arithmetic::{minus, plus};
use crate::confirm::{Purpose, redeem};
use crate::counter::count;
use crate::limits::{HOLDS_TOTAL_MAX, OPEN_QUOTES_MAX};
use crate::lot::{Lot, LotKind};
use crate::uses;

/// Who looks at an account.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Who stands at the till; none: the account's first member.
    pub customer: Option<&'a CustomerId>,
    /// The receipt, whose own holds are available to it.
    pub receipt: &'a ReceiptId,
    /// The receipt that it takes over from, whose holds are available to it too.
    pub supersedes: Option<&'a ReceiptId>,
    /// Now, by the engine's clock.
    pub now: Timestamp,
    /// The till's trading day, for limits a day.
    pub business_date: Date,
    /// The imported lists that the customer is on now, sorted: they lie beside the account.
    pub lists: &'a [SegmentId],
}

impl View<'_> {
    /// Whether it is the receipt, or the one that it takes over from.
    pub(crate) fn is_own(&self, receipt: &ReceiptId) -> bool {
        receipt == self.receipt || self.supersedes == Some(receipt)
    }
}

impl Lot {
    /// Whether it can be spent at that time.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.kind == LotKind::Earned && self.vests_at <= now && !self.is_lapsed(now)
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_lapsed(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

impl Account {
    /// What the evaluation may know of the account.
    #[must_use]
    pub fn standing(&self, view: &View<'_>) -> CustomerStanding {
        let now = self.booked_at(view.now);
        let others: Vec<&Promise> = self.held_by_others(view).collect();
        let member = self.member(view.customer);
        let mut tiers: Vec<_> = self.tiers.iter().filter(|held| held.now.lasts(now)).collect();
        tiers.sort_by(|a, b| a.program.cmp(&b.program));
        let by = |member| uses::standing(&self.uses, &others, (view.business_date, Some(member)));
        CustomerStanding {
            customer: view.customer.or(member.map(|member| &member.customer)).cloned().unwrap_or_else(|| nobody(self)),
            blocked: self.blocked,
            tiers: tiers.iter().map(|held| (held.program.clone(), held.now.tier.clone())).collect(),
            tiers_until: tiers.iter().filter_map(|held| Some((held.program.clone(), held.now.until?))).collect(),
            available: self.available(&others, now),
            counters: self.counters.iter().map(booked).collect(),
            counters_promised: self.counters_promised(&others),
            uses: uses::standing(&self.uses, &others, (view.business_date, None)),
            uses_by_member: member.map(|member| by(&member.customer)).unwrap_or_default(),
            facts: member.map(|member| facts_known(&member.facts, view)).unwrap_or_default(),
            lists: view.lists.to_vec(),
            enrolled_at: member.and_then(|member| member.enrolled_at),
            visits: self.statistics.visits,
            habits: self.statistics.habits.clone(),
            seen: self.seen.clone(),
            staff: self.members.iter().filter_map(|member| member.staff.clone()).collect(),
        }
    }

    /// Whether quotes of this account may promise nothing scarce any more, unless this receipt has an
    /// entry already that its next quote replaces.
    #[must_use]
    pub fn promises_exhausted(&self, view: &View<'_>) -> bool {
        let now = self.booked_at(view.now);
        let others = || self.open_quotes.iter().filter(|quote| quote.is_open(now) && !view.is_own(&quote.receipt));
        let held: usize = others().map(|quote| quote.holds.len()).sum();
        others().count() >= OPEN_QUOTES_MAX || held >= HOLDS_TOTAL_MAX
    }

    /// What the account holds of each asset now, sorted by asset.
    #[must_use]
    pub fn balances(&self, now: Timestamp) -> Vec<Balance> {
        let now = self.booked_at(now);
        let mut balances: Vec<Balance> = Vec::new();
        for lot in self.lots.iter().filter(|lot| !lot.is_lapsed(now)) {
            let balance = balance_of(&mut balances, &lot.asset);
            if lot.vests_at > now && lot.kind == LotKind::Earned {
                balance.pending = plus(balance.pending, lot.left);
            } else {
                balance.vested = plus(balance.vested, lot.left);
            }
        }
        for hold in self.open_quotes.iter().filter(|quote| quote.is_open(now)).flat_map(|quote| &quote.holds) {
            if let Promise::Units { asset, units } = hold {
                let balance = balance_of(&mut balances, asset);
                balance.held = plus(balance.held, *units);
            }
        }
        balances.sort_by(|a, b| a.asset.cmp(&b.asset));
        balances
    }

    /// The state of a presented personal coupon; none: the account has no coupon of that code.
    #[must_use]
    pub fn coupon_state(&self, code: &str, view: &View<'_>) -> Option<CodeState> {
        let now = self.booked_at(view.now);
        let coupon = self.coupons.iter().find(|coupon| coupon.is(code))?;
        let held = self.held_by_others(view).any(|hold| matches!(hold, Promise::Code { code: held } if coupon.is(held)));
        let used = coupon.used_by.as_ref().is_some_and(|receipt| receipt != view.receipt);
        Some(if used || held {
            CodeState::Used
        } else if coupon.valid_until.is_some_and(|until| until <= now) {
            CodeState::Expired
        } else if now < coupon.valid_from {
            CodeState::NotYetValid
        } else {
            CodeState::Open
        })
    }

    /// The campaign that a personal coupon of this account opens; none: the account has no coupon of that code.
    #[must_use]
    pub fn coupon_campaign(&self, code: &str) -> Option<&CampaignId> {
        self.coupons.iter().find(|coupon| coupon.is(code)).map(|coupon| &coupon.campaign)
    }

    /// What is promised to the open quotes of other receipts.
    pub(crate) fn held_by_others<'s>(&'s self, view: &'s View<'_>) -> impl Iterator<Item = &'s Promise> {
        let now = self.booked_at(view.now);
        self.open_quotes
            .iter()
            .filter(move |quote| quote.is_open(now) && !view.is_own(&quote.receipt))
            .flat_map(|quote| &quote.holds)
    }

    /// The named member, else the first.
    pub(crate) fn member(&self, customer: Option<&CustomerId>) -> Option<&Member> {
        match customer {
            Some(customer) => self.members.iter().find(|member| member.customer == *customer),
            None => self.members.first(),
        }
    }

    fn available(&self, others: &[&Promise], now: Timestamp) -> Vec<(AssetId, Units)> {
        let mut sums: Vec<(AssetId, Units)> = Vec::new();
        for lot in self.lots.iter().filter(|lot| lot.is_usable(now) || lot.kind == LotKind::Debt) {
            match sums.iter_mut().find(|(asset, _)| *asset == lot.asset) {
                Some((_, sum)) => *sum = plus(*sum, lot.left),
                None => sums.push((lot.asset.clone(), lot.left)),
            }
        }
        for (asset, sum) in &mut sums {
            *sum = minus(*sum, units_held(others, asset)).max(Units::ZERO);
        }
        sums.retain(|(_, sum)| sum.is_positive());
        sums.sort();
        sums
    }

    /// Counters as they will be when what others are promised has been sold, of which there is any.
    fn counters_promised(&self, others: &[&Promise]) -> Vec<CounterStanding> {
        let mut counters: Vec<Counter> = Vec::new();
        for hold in others {
            let Promise::Threshold { campaign, counted_milli, rewarded, time } = hold else { continue };
            if counters.iter().all(|counter| counter.campaign != *campaign) {
                counters.extend(self.counters.iter().find(|counter| counter.campaign == *campaign).cloned());
                counters.sort_by(|a, b| a.campaign.cmp(&b.campaign));
            }
            let (counted_milli, rewarded, time) = (*counted_milli, *rewarded, *time);
            let step = CounterMove { campaign: campaign.clone(), counted_milli, rewarded, time, counted_on: Vec::new() };
            // Where there is no room for it, the settle has none either.
            let _ = count(&mut counters, &step);
        }
        counters.iter().map(booked).collect()
    }
}

fn booked(counter: &Counter) -> CounterStanding {
    CounterStanding {
        campaign: counter.campaign.clone(),
        counted_milli: counter.counted_milli,
        rewarded: counter.rewarded,
        calendar: counter.calendar,
        stretches: counter.stretches.clone(),
    }
}

/// Units of an asset among promises.
pub(crate) fn units_held(promises: &[&Promise], asset: &AssetId) -> Units {
    promises
        .iter()
        .filter_map(|promise| match promise {
            Promise::Units { asset: held, units } if held == asset => Some(*units),
            Promise::Units { .. }
            | Promise::Threshold { .. }
            | Promise::Uses { .. }
            | Promise::Code { .. }
            | Promise::Budget { .. } => None,
        })
        .fold(Units::ZERO, plus)
}

fn balance_of<'b>(balances: &'b mut Vec<Balance>, asset: &AssetId) -> &'b mut Balance {
    let place = balances.iter().position(|balance| balance.asset == *asset).unwrap_or_else(|| {
        balances.push(Balance { asset: asset.clone(), vested: Units::ZERO, pending: Units::ZERO, held: Units::ZERO });
        balances.len().saturating_sub(1)
    });
    #[expect(clippy::indexing_slicing, reason = "the place was found or is the one just pushed")]
    &mut balances[place]
}

fn facts_known(facts: &[FactKnown], view: &View<'_>) -> Vec<FactStanding> {
    let told = facts.iter().filter(|known| !known.refused);
    told.map(|known| FactStanding {
        fact: known.fact.clone(),
        known_at: known.known_at,
        confirmed: known.confirmed,
        code_sent: known.code.as_ref().is_some_and(|code| code.purpose == Purpose::Answer && code.is_open(view.now)),
        redeem_code: redeem::stands(known, view, view.now),
        value: known.readable.clone(),
    })
    .collect()
}

/// The name of an account that has no member, which its check forbids.
fn nobody(account: &Account) -> CustomerId {
    #[expect(clippy::expect_used, reason = "account ids and customer ids have the same characters and the same greatest length")]
    CustomerId::parse(account.id.as_str()).expect("an account id is a customer id")
}

const _: () = assert!(tessera_rules::id::AccountId::LENGTH_MAX <= CustomerId::LENGTH_MAX, "an account id is a customer id");

#[cfg(test)]
mod tests;

//! The budget keeper: what all customers together have used of campaigns that are limited over all of them, and what
//! is promised to open quotes.
//!
//! INVARIANT: nothing is promised or committed that does not fit what is left, but a settle that must stand, which is
//! flagged; what is used and what is held are looked at and changed under one lock. Used is what the storage has
//! counted in the batches of the settles; holds live in memory alone, as long as quotes hold anything.

mod holds;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::decision::{Decision, Promise};
use tessera_rules::id::{AccountId, CampaignId, ReceiptId};
use tessera_rules::receipt::Receipt;
use tessera_rules::revision::Revision;
use tessera_rules::standing::Uses;
use tessera_rules::usage::{Usage, UsageLimits};
use tessera_storage::{Delta, Storage, StorageError};

use holds::Holds;

/// How often a decision is made whose shares of budgets are gone when they are to be held.
pub(crate) const BUDGET_ATTEMPTS_MAX: u32 = 3;

/// The keeper.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    known: Mutex<Known>,
    /// How many receipts hold something: where none does, nobody need wait for the lock to let go of nothing.
    holding: AtomicUsize,
}

#[derive(Debug, Default)]
struct Known {
    used: HashMap<CampaignId, Used>,
    holds: Holds,
}

/// What was used of a campaign.
#[derive(Clone, Debug, Default)]
struct Used {
    ever: Usage,
    /// Of the trading days that were asked for.
    days: BTreeMap<Date, Usage>,
}

/// What a receipt uses of a campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Share {
    pub(crate) campaign: CampaignId,
    pub(crate) usage: Usage,
    limits: UsageLimits,
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) receipt: &'a ReceiptId,
    /// The number of its quote; none: it is settled.
    pub(crate) quote_no: Option<u32>,
    /// Whose it is; none: nobody is known.
    pub(crate) account: Option<&'a AccountId>,
    /// The receipt whose holds it takes over.
    pub(crate) supersedes: Option<&'a ReceiptId>,
    /// The till's trading day.
    pub(crate) day: Date,
    /// Now, by the engine's clock.
    pub(crate) now: Timestamp,
    /// Until when what fits is held.
    pub(crate) until: Timestamp,
}

/// What became of a wish to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Held {
    /// It is held.
    Fits,
    /// It does not fit any more, and nothing changed.
    Beyond,
    /// A later quote of the receipt has been answered, and nothing changed.
    Superseded,
}

/// What a settle uses of campaigns that are limited over all customers.
#[derive(Clone, Debug)]
pub(crate) struct Spent {
    pub(crate) receipt: ReceiptId,
    pub(crate) shares: Vec<Share>,
    /// The trading day of the sale.
    pub(crate) day: Date,
}

/// What a decision uses of campaigns that are limited over all customers; mostly nothing.
pub(crate) fn shares(revision: &Revision, decision: &Decision) -> Vec<Share> {
    let mut all: Vec<Share> = Vec::new();
    for promise in &decision.promises {
        let Promise::Budget { campaign, usage, .. } = promise else { continue };
        match all.iter_mut().find(|share| share.campaign == *campaign) {
            // Several campaigns use up one limit.
            Some(share) => share.usage = share.usage.plus(*usage),
            None => {
                let limits = revision.limits_shared(campaign);
                all.extend(limits.map(|limits| Share { campaign: campaign.clone(), usage: *usage, limits: *limits }));
            }
        }
    }
    all
}

/// The changes of the storage's counters that go with the settles of a commit, one a counter.
pub(crate) fn deltas(spent: &[Spent]) -> Vec<Delta> {
    let mut sums: BTreeMap<Bytes, i64> = BTreeMap::new();
    for (share, day) in spent.iter().flat_map(|spent| spent.shares.iter().map(|share| (share, spent.day))) {
        let daily = (share.limits.day != Usage::UNLIMITED).then_some(Some(day));
        for span in std::iter::once(None).chain(daily) {
            for (measure, amount) in measures(share.usage) {
                let sum = sums.entry(counter(&share.campaign, span, measure)).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
    }
    sums.into_iter().filter(|(_, amount)| *amount != 0).map(|(key, amount)| Delta { key, amount }).collect()
}

const fn measures(usage: Usage) -> [(&'static str, i64); 3] {
    [("uses", usage.uses), ("units", usage.units), ("value", usage.value)]
}

fn counter(campaign: &CampaignId, day: Option<Date>, measure: &str) -> Bytes {
    let span = day.map_or_else(|| String::from("ever"), |day| day.to_string());
    Bytes::from(format!("budget/{campaign}/{span}/{measure}"))
}

async fn counted(storage: &dyn Storage, campaign: &CampaignId, day: Option<Date>) -> Result<Usage, StorageError> {
    Ok(Usage {
        uses: storage.counter(&counter(campaign, day, "uses")).await?,
        units: storage.counter(&counter(campaign, day, "units")).await?,
        value: storage.counter(&counter(campaign, day, "value")).await?,
    })
}

impl Budgets {
    /// What the evaluation may know for a receipt sold at that time; nothing and no lock where no campaign is limited
    /// over all customers.
    ///
    /// # Errors
    /// The storage cannot read what was used.
    pub(crate) async fn standing(
        &self,
        storage: &dyn Storage,
        (revision, receipt, at): (&Revision, &Receipt, Timestamp),
        asker: Asker<'_>,
    ) -> Result<Vec<Uses>, StorageError> {
        let mut all = Vec::new();
        for (campaign, limits) in revision.shared_at(at, &receipt.place.store) {
            self.load(storage, campaign, limits, asker.day).await?;
            let mut known = self.lock();
            known.holds.lapse(asker.now);
            let (ever, today) = known.taken(campaign, asker);
            all.push(Uses { campaign: campaign.clone(), ever, today, this_month: Usage::NONE });
        }
        all.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        Ok(all)
    }

    /// Reads what the storage has counted, once. No commit of this engine changes a counter before it is known here,
    /// so whoever reads at the same time reads the same.
    async fn load(
        &self,
        storage: &dyn Storage,
        campaign: &CampaignId,
        limits: &UsageLimits,
        day: Date,
    ) -> Result<(), StorageError> {
        let daily = limits.day != Usage::UNLIMITED;
        let (ever_known, day_known) = {
            let known = self.lock();
            let used = known.used.get(campaign);
            (used.is_some(), !daily || used.is_some_and(|used| used.days.contains_key(&day)))
        };
        if !ever_known {
            let ever = counted(storage, campaign, None).await?;
            self.lock().used.entry(campaign.clone()).or_insert(Used { ever, days: BTreeMap::new() });
        }
        if !day_known {
            let on_day = counted(storage, campaign, Some(day)).await?;
            if let Some(used) = self.lock().used.get_mut(campaign) {
                used.days.entry(day).or_insert(on_day);
            }
        }
        Ok(())
    }

    /// Holds what a receipt uses in place of what it held before.
    pub(crate) fn hold(&self, shares: &[Share], asker: Asker<'_>) -> Held {
        if shares.is_empty() && self.holding.load(Ordering::Relaxed) == 0 {
            return Held::Fits;
        }
        let mut known = self.lock();
        known.holds.lapse(asker.now);
        if known.holds.is_late(asker) {
            return Held::Superseded;
        }
        if !known.fits(shares, asker) {
            return Held::Beyond;
        }
        known.holds.replace(shares, asker);
        self.count(&known);
        Held::Fits
    }

    /// Holds what a settle uses although it may not fit, since it was paid so.
    pub(crate) fn hold_all_the_same(&self, shares: &[Share], asker: Asker<'_>) {
        let mut known = self.lock();
        known.holds.replace(shares, asker);
        self.count(&known);
    }

    /// A settle was committed: what it held is used.
    pub(crate) fn settled(&self, spent: &Spent) {
        let mut known = self.lock();
        known.holds.release(&spent.receipt);
        known.use_up(&spent.shares, spent.day);
        self.count(&known);
    }

    /// Whether a settle was committed is not known: what it uses is held until that is.
    pub(crate) fn doubt(&self, spent: &Spent) {
        let mut known = self.lock();
        known.holds.doubt(&spent.receipt, &spent.shares, spent.day);
        self.count(&known);
    }

    /// The outcome of a settle was found: where it was in doubt, what it held is used.
    pub(crate) fn found(&self, receipt: &ReceiptId) {
        if self.holding.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut known = self.lock();
        if let Some((shares, day)) = known.holds.cleared(receipt) {
            known.use_up(&shares, day);
            self.count(&known);
        }
    }

    /// A receipt will not be paid.
    pub(crate) fn release(&self, receipt: &ReceiptId) {
        if self.holding.load(Ordering::Relaxed) > 0 {
            let mut known = self.lock();
            known.holds.release(receipt);
            self.count(&known);
        }
    }

    fn count(&self, known: &Known) {
        self.holding.store(known.holds.len(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What is used, and held by others, ever and on the asker's day.
    fn taken(&self, campaign: &CampaignId, asker: Asker<'_>) -> (Usage, Usage) {
        let used = self.used.get(campaign);
        let ever = used.map_or(Usage::NONE, |used| used.ever);
        let today = used.and_then(|used| used.days.get(&asker.day)).copied().unwrap_or(Usage::NONE);
        let held = self.holds.of_others(campaign, asker);
        (ever.plus(held), today.plus(held))
    }

    fn fits(&self, shares: &[Share], asker: Asker<'_>) -> bool {
        shares.iter().all(|share| {
            let (ever, today) = self.taken(&share.campaign, asker);
            ever.plus(share.usage).is_within(share.limits.ever) && today.plus(share.usage).is_within(share.limits.day)
        })
    }

    fn use_up(&mut self, shares: &[Share], day: Date) {
        for share in shares {
            let used = self.used.entry(share.campaign.clone()).or_default();
            used.ever = used.ever.plus(share.usage);
            if let Some(on_day) = used.days.get_mut(&day) {
                *on_day = on_day.plus(share.usage);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_storage::limits::COMMIT_DELTAS_MAX;

    #[test]
    fn a_batch_of_settles_changes_each_counter_once_and_fits_a_commit() {
        let usage = Usage { uses: 1, units: 2, value: 300 };
        let limits = UsageLimits { day: usage, ..UsageLimits::NONE };
        let share = |campaign: usize| Share { campaign: CampaignId::parse(&format!("c{campaign}")).unwrap(), usage, limits };
        let settle = |number: usize| Spent {
            receipt: ReceiptId::parse(&format!("r{number}")).unwrap(),
            shares: (0..6).map(share).collect(),
            day: jiff::civil::date(2026, 3, 2),
        };
        let spent: Vec<Spent> = (0..32).map(settle).collect();
        let deltas = deltas(&spent);
        assert_eq!(deltas.len(), 6 * 2 * 3, "a campaign, ever and today, in three measures");
        assert!(deltas.len() <= COMMIT_DELTAS_MAX);
        let sum = |measure: &str| {
            let of = deltas.iter().find(|delta| delta.key == format!("budget/c3/2026-03-02/{measure}").as_bytes());
            of.map(|delta| delta.amount)
        };
        assert_eq!(["uses", "units", "value"].map(sum), [Some(32), Some(64), Some(9_600)]);
    }
}

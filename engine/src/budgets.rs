//! The budget keeper: what all customers together have used of campaigns that are limited over all of them, and what
//! is promised to open quotes.
//!
//! INVARIANT: nothing is promised or committed that does not fit what is left, but a settle that must stand, which is
//! flagged; what is used and what is held are looked at and changed under one lock. Used is what the storage has
//! counted in the batches of the settles; holds live in memory alone, as long as quotes hold anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::decision::{Decision, Promise};
use tessera_rules::id::{CampaignId, ReceiptId};
use tessera_rules::receipt::Receipt;
use tessera_rules::revision::Revision;
use tessera_rules::standing::Uses;
use tessera_rules::usage::{Usage, UsageLimits};
use tessera_storage::{Delta, Storage, StorageError};

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
    holds: HashMap<ReceiptId, Hold>,
}

/// What was used of a campaign.
#[derive(Clone, Debug, Default)]
struct Used {
    ever: Usage,
    /// Of the trading days that were asked for.
    days: BTreeMap<Date, Usage>,
}

#[derive(Debug)]
struct Hold {
    until: Timestamp,
    shares: Vec<Share>,
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
    /// The receipt whose holds it takes over.
    pub(crate) supersedes: Option<&'a ReceiptId>,
    /// The till's trading day.
    pub(crate) day: Date,
    /// Now, by the engine's clock.
    pub(crate) now: Timestamp,
    /// Until when what fits is held.
    pub(crate) until: Timestamp,
}

/// What a decision uses of campaigns that are limited over all customers; mostly nothing.
pub(crate) fn shares(revision: &Revision, decision: &Decision) -> Vec<Share> {
    let share = |promise: &Promise| match promise {
        Promise::Budget { campaign, usage } => {
            let limits = *revision.limits_shared(campaign)?;
            Some(Share { campaign: campaign.clone(), usage: *usage, limits })
        }
        Promise::Units { .. } | Promise::Threshold { .. } | Promise::Uses { .. } | Promise::Code { .. } => None,
    };
    decision.promises.iter().filter_map(share).collect()
}

/// The changes of the storage's counters that go with a settle of that trading day.
pub(crate) fn deltas(shares: &[Share], day: Date) -> Vec<Delta> {
    let mut deltas = Vec::new();
    for share in shares {
        let daily = (share.limits.day != Usage::UNLIMITED).then_some(Some(day));
        for span in std::iter::once(None).chain(daily) {
            for (measure, amount) in measures(share.usage) {
                if amount != 0 {
                    deltas.push(Delta { key: counter(&share.campaign, span, measure), amount });
                }
            }
        }
    }
    deltas
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
            let known = self.lock();
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

    /// Holds what a receipt uses in place of what it held before. False: it does not fit any more, and nothing changed.
    pub(crate) fn hold(&self, shares: &[Share], asker: Asker<'_>) -> bool {
        if shares.is_empty() && self.holding.load(Ordering::Relaxed) == 0 {
            return true;
        }
        let mut known = self.lock();
        if !known.fits(shares, asker) {
            return false;
        }
        known.replace(shares, asker);
        self.holding.store(known.holds.len(), Ordering::Relaxed);
        true
    }

    /// Holds what a settle uses although it may not fit, since it was paid so.
    pub(crate) fn hold_all_the_same(&self, shares: &[Share], asker: Asker<'_>) {
        let mut known = self.lock();
        known.replace(shares, asker);
        self.holding.store(known.holds.len(), Ordering::Relaxed);
    }

    /// A settle was committed: what it held is used.
    pub(crate) fn settled(&self, receipt: &ReceiptId, shares: &[Share], day: Date) {
        let mut known = self.lock();
        known.holds.remove(receipt);
        self.holding.store(known.holds.len(), Ordering::Relaxed);
        for share in shares {
            let used = known.used.entry(share.campaign.clone()).or_default();
            used.ever = used.ever.plus(share.usage);
            if let Some(on_day) = used.days.get_mut(&day) {
                *on_day = on_day.plus(share.usage);
            }
        }
    }

    /// A receipt will not be paid.
    pub(crate) fn release(&self, receipt: &ReceiptId) {
        if self.holding.load(Ordering::Relaxed) > 0 {
            self.lock().holds.remove(receipt);
        }
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
        let others = self
            .holds
            .iter()
            .filter(|(receipt, hold)| *receipt != asker.receipt && asker.supersedes != Some(receipt) && asker.now < hold.until);
        let shares = others.flat_map(|(_, hold)| &hold.shares).filter(|share| share.campaign == *campaign);
        let held = shares.fold(Usage::NONE, |sum, share| sum.plus(share.usage));
        (ever.plus(held), today.plus(held))
    }

    fn fits(&self, shares: &[Share], asker: Asker<'_>) -> bool {
        shares.iter().all(|share| {
            let (ever, today) = self.taken(&share.campaign, asker);
            ever.plus(share.usage).is_within(share.limits.ever) && today.plus(share.usage).is_within(share.limits.day)
        })
    }

    fn replace(&mut self, shares: &[Share], asker: Asker<'_>) {
        self.holds.retain(|receipt, hold| asker.now < hold.until && asker.supersedes != Some(receipt));
        if shares.is_empty() {
            self.holds.remove(asker.receipt);
        } else {
            self.holds.insert(asker.receipt.clone(), Hold { until: asker.until, shares: shares.to_vec() });
        }
    }
}

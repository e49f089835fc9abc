//! The budget keeper: what all customers together have used of campaigns that are limited over all of them and of codes
//! that work once, and what is promised to open quotes.
//!
//! INVARIANT: nothing is promised or committed that does not fit what is left, but a settle that must stand, which is
//! flagged; what is used and what is held are looked at and changed under one lock. Used is what the storage has
//! counted in the batches of the settles; holds live in memory alone, as long as quotes hold anything.

mod holds;
mod share;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_ledger::entry::TillPlace;
use tessera_rules::id::{AccountId, ReceiptId};
use tessera_rules::receipt::{Place, Receipt};
use tessera_rules::revision::Revision;
use tessera_rules::standing::Uses;
use tessera_rules::usage::{Usage, UsageLimits};
use tessera_storage::{Storage, StorageError};

use holds::Holds;
use share::{Limited, counted};
pub(crate) use share::{Share, Spent, deltas, shares, shares_of};

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
    used: HashMap<Limited, Used>,
    holds: Holds,
}

/// What was used of something that is limited.
#[derive(Clone, Debug, Default)]
struct Used {
    ever: Usage,
    /// Of the trading days that were asked for.
    days: BTreeMap<Date, Usage>,
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) receipt: &'a ReceiptId,
    /// The number of its quote; none: it is settled.
    pub(crate) quote_no: Option<u32>,
    /// Where the till stands that asks.
    pub(crate) place: &'a Place,
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
    /// What the receipt holds was promised to another till, and nothing changed (H73).
    Elsewhere,
}

/// What all customers together have used, or hold, of what a receipt may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedUse {
    /// Of campaigns and limits, sorted by name.
    pub(crate) uses: Vec<Uses>,
    /// Codes of the receipt that work once and are used up.
    pub(crate) codes: Vec<CompactString>,
}

impl SharedUse {
    /// Nothing is left of anything.
    pub(crate) fn everything(revision: &Revision, receipt: &Receipt) -> Self {
        Self { uses: Vec::new(), codes: single_use(revision, receipt).cloned().collect() }
    }
}

/// The codes of a receipt that work once.
fn single_use<'r>(revision: &'r Revision, receipt: &'r Receipt) -> impl Iterator<Item = &'r CompactString> {
    receipt.codes.iter().filter(|code| revision.is_single_use(code))
}

impl Budgets {
    /// What the evaluation may know for a receipt sold at that time; nothing and no lock where no campaign is limited
    /// over all customers, and no code works once.
    ///
    /// # Errors
    /// The storage cannot read what was used.
    pub(crate) async fn standing(
        &self,
        storage: &dyn Storage,
        (revision, receipt, at): (&Revision, &Receipt, Timestamp),
        asker: Asker<'_>,
    ) -> Result<SharedUse, StorageError> {
        let mut taken = SharedUse::default();
        for (campaign, limits) in revision.shared_at(at, &receipt.place.store) {
            let (ever, today) = self.taken(storage, &Limited::Campaign(campaign.clone()), limits, asker).await?;
            taken.uses.push(Uses { campaign: campaign.clone(), ever, today, this_month: Usage::NONE });
        }
        taken.uses.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        for code in single_use(revision, receipt) {
            let (ever, _) = self.taken(storage, &Limited::Code(code.clone()), &share::ONCE, asker).await?;
            if ever.uses > 0 {
                taken.codes.push(code.clone());
            }
        }
        Ok(taken)
    }

    /// What is used, and held by others, ever and on the asker's day.
    async fn taken(
        &self,
        storage: &dyn Storage,
        limited: &Limited,
        limits: &UsageLimits,
        asker: Asker<'_>,
    ) -> Result<(Usage, Usage), StorageError> {
        self.load(storage, limited, limits, asker.day).await?;
        let mut known = self.lock();
        known.holds.lapse(asker.now);
        Ok(known.taken(limited, asker))
    }

    /// How often a code that works once is used by sales that are committed.
    ///
    /// # Errors
    /// The storage cannot read it.
    pub(crate) async fn uses_of_code(&self, storage: &dyn Storage, code: &CompactString, day: Date) -> Result<i64, StorageError> {
        let limited = Limited::Code(code.clone());
        self.load(storage, &limited, &share::ONCE, day).await?;
        Ok(self.lock().used.get(&limited).map_or(0, |used| used.ever.uses))
    }

    /// What gives back the one use of each of these codes.
    ///
    /// # Errors
    /// The storage cannot read what was used.
    pub(crate) async fn given_back(
        &self,
        storage: &dyn Storage,
        codes: &[CompactString],
        day: Date,
    ) -> Result<Vec<Share>, StorageError> {
        let mut shares = Vec::with_capacity(codes.len());
        for code in codes {
            let share = Share::of_code(code).given_back();
            self.load(storage, &share.limited, &share::ONCE, day).await?;
            shares.push(share);
        }
        Ok(shares)
    }

    /// What gives these shares back.
    ///
    /// # Errors
    /// The storage cannot read what was used.
    pub(crate) async fn shares_given_back(
        &self,
        storage: &dyn Storage,
        shares: Vec<Share>,
        day: Date,
    ) -> Result<Vec<Share>, StorageError> {
        for share in &shares {
            self.load(storage, &share.limited, &share.limits, day).await?;
        }
        Ok(shares.into_iter().map(Share::given_back).collect())
    }

    /// Reads what the storage has counted, once. No commit of this engine changes a counter before it is known here,
    /// so whoever reads at the same time reads the same.
    async fn load(&self, storage: &dyn Storage, limited: &Limited, limits: &UsageLimits, day: Date) -> Result<(), StorageError> {
        let daily = limits.day != Usage::UNLIMITED;
        let (ever_known, day_known) = {
            let known = self.lock();
            let used = known.used.get(limited);
            (used.is_some(), !daily || used.is_some_and(|used| used.days.contains_key(&day)))
        };
        if !ever_known {
            let ever = counted(storage, limited, None).await?;
            self.lock().used.entry(limited.clone()).or_insert(Used { ever, days: BTreeMap::new() });
        }
        if !day_known {
            let on_day = counted(storage, limited, Some(day)).await?;
            if let Some(used) = self.lock().used.get_mut(limited) {
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
        // A settle stands, wherever it was quoted.
        if asker.quote_no.is_some() && known.holds.is_of_another(asker.receipt, &TillPlace::from(asker.place)) {
            return Held::Elsewhere;
        }
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

    /// A receipt will not be paid, says a till; whether it is that till's.
    pub(crate) fn release(&self, receipt: &ReceiptId, till: &TillPlace, now: Timestamp) -> bool {
        if self.holding.load(Ordering::Relaxed) == 0 {
            return true;
        }
        let mut known = self.lock();
        known.holds.lapse(now);
        let is_own = !known.holds.is_of_another(receipt, till);
        if is_own {
            known.holds.release(receipt);
        }
        self.count(&known);
        is_own
    }

    /// Whether the receipt holds something for a till.
    pub(crate) fn is_held_by(&self, receipt: &ReceiptId, till: &TillPlace, now: Timestamp) -> bool {
        if self.holding.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut known = self.lock();
        known.holds.lapse(now);
        self.count(&known);
        known.holds.is_held_by(receipt, till)
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
    fn taken(&self, limited: &Limited, asker: Asker<'_>) -> (Usage, Usage) {
        let used = self.used.get(limited);
        let ever = used.map_or(Usage::NONE, |used| used.ever);
        let today = used.and_then(|used| used.days.get(&asker.day)).copied().unwrap_or(Usage::NONE);
        let held = self.holds.of_others(limited, asker);
        (ever.plus(held), today.plus(held))
    }

    fn fits(&self, shares: &[Share], asker: Asker<'_>) -> bool {
        shares.iter().all(|share| {
            let (ever, today) = self.taken(&share.limited, asker);
            ever.plus(share.usage).is_within(share.limits.ever) && today.plus(share.usage).is_within(share.limits.day)
        })
    }

    fn use_up(&mut self, shares: &[Share], day: Date) {
        for share in shares {
            let used = self.used.entry(share.limited.clone()).or_default();
            used.ever = used.ever.plus(share.usage);
            if let Some(on_day) = used.days.get_mut(&day) {
                *on_day = on_day.plus(share.usage);
            }
        }
    }
}

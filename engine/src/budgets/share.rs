//! What receipts use of what is limited over all customers, and the counters of the storage that know it.

use std::collections::BTreeMap;

use bytes::Bytes;
use compact_str::CompactString;
use jiff::civil::Date;
use tessera_rules::decision::{Decision, Promise};
use tessera_rules::id::{CampaignId, ReceiptId};
use tessera_rules::revision::Revision;
use tessera_rules::usage::{Usage, UsageLimits};
use tessera_storage::{Delta, Storage, StorageError};

/// One use, as it is counted.
const ONE_USE: Usage = Usage { uses: 1, ..Usage::NONE };
/// The limits of a code that works once.
pub(super) const ONCE: UsageLimits = UsageLimits { ever: Usage { uses: 1, ..Usage::UNLIMITED }, ..UsageLimits::NONE };

/// What is limited over all customers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Limited {
    /// A campaign, or the name under which a limit of its own is counted.
    Campaign(CampaignId),
    /// A code that works once.
    Code(CompactString),
}

/// What a receipt uses of something that is limited; less than nothing where a return gives it back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Share {
    pub(crate) limited: Limited,
    pub(crate) usage: Usage,
    pub(super) limits: UsageLimits,
}

/// What a settle or a claim uses of what is limited over all customers, or a return gives back of it.
#[derive(Clone, Debug)]
pub(crate) struct Spent {
    pub(crate) receipt: ReceiptId,
    pub(crate) shares: Vec<Share>,
    /// The trading day of the sale.
    pub(crate) day: Date,
}

impl Share {
    /// The one use of a code.
    pub(super) fn of_code(code: &CompactString) -> Self {
        Self { limited: Limited::Code(code.clone()), usage: ONE_USE, limits: ONCE }
    }

    /// The same, given back.
    pub(super) fn given_back(self) -> Self {
        Self { usage: self.usage.negated(), ..self }
    }

    /// What is held of it; nothing where it is given back, since that is free when it is known to be, and not before.
    pub(super) fn held(&self) -> Usage {
        self.usage.most(Usage::NONE)
    }

    /// The code that it uses; none: it is of a campaign.
    pub(crate) fn code(&self) -> Option<&CompactString> {
        match &self.limited {
            Limited::Code(code) => Some(code),
            Limited::Campaign(_) => None,
        }
    }
}

/// What a decision uses of what is limited over all customers; mostly nothing.
pub(crate) fn shares(revision: &Revision, decision: &Decision) -> Vec<Share> {
    let mut all: Vec<Share> = Vec::new();
    for promise in &decision.promises {
        let share = match promise {
            Promise::Budget { campaign, usage, .. } => revision.limits_shared(campaign).map(|limits| Share {
                limited: Limited::Campaign(campaign.clone()),
                usage: *usage,
                limits: *limits,
            }),
            // A personal coupon is used up in its account.
            Promise::Code { code } => revision.is_single_use(code).then(|| Share::of_code(code)),
            Promise::Units { .. } | Promise::Threshold { .. } | Promise::Uses { .. } => None,
        };
        let Some(share) = share else { continue };
        match all.iter_mut().find(|known| known.limited == share.limited) {
            // Several campaigns use up one limit.
            Some(known) => known.usage = known.usage.plus(share.usage),
            None => all.push(share),
        }
    }
    all
}

/// What campaigns used of what is limited over all customers that gave so many rewards of a sale, and nothing else.
pub(crate) fn shares_of(revision: &Revision, used: &[(CampaignId, Usage)]) -> Vec<Share> {
    let mut all: Vec<Share> = Vec::new();
    for (campaign, usage) in used {
        let common = revision.common_limits_of(std::slice::from_ref(campaign), |_| false);
        for name in std::iter::once(campaign).chain(common) {
            let Some(limits) = revision.limits_shared(name) else { continue };
            let share = Share { limited: Limited::Campaign(name.clone()), usage: *usage, limits: *limits };
            match all.iter_mut().find(|known| known.limited == share.limited) {
                Some(known) => known.usage = known.usage.plus(share.usage),
                None => all.push(share),
            }
        }
    }
    all
}

/// The changes of the storage's counters that go with what a commit spends, one a counter.
pub(crate) fn deltas(spent: &[Spent]) -> Vec<Delta> {
    let mut sums: BTreeMap<Bytes, i64> = BTreeMap::new();
    for (share, day) in spent.iter().flat_map(|spent| spent.shares.iter().map(|share| (share, spent.day))) {
        let daily = (share.limits.day != Usage::UNLIMITED).then_some(Some(day));
        for span in std::iter::once(None).chain(daily) {
            for (measure, amount) in measures(share.usage) {
                let sum = sums.entry(counter(&share.limited, span, measure)).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
    }
    sums.into_iter().filter(|(_, amount)| *amount != 0).map(|(key, amount)| Delta { key, amount }).collect()
}

const fn measures(usage: Usage) -> [(&'static str, i64); 3] {
    [("uses", usage.uses), ("units", usage.units), ("value", usage.value)]
}

fn counter(limited: &Limited, day: Option<Date>, measure: &str) -> Bytes {
    let span = day.map_or_else(|| String::from("ever"), |day| day.to_string());
    match limited {
        Limited::Campaign(campaign) => Bytes::from(format!("budget/{campaign}/{span}/{measure}")),
        // A code may be longer than a key of the storage.
        Limited::Code(code) => Bytes::from(format!("code/{}/{span}/{measure}", blake3::hash(code.as_bytes()).to_hex())),
    }
}

/// What the storage has counted.
pub(super) async fn counted(storage: &dyn Storage, limited: &Limited, day: Option<Date>) -> Result<Usage, StorageError> {
    Ok(Usage {
        uses: storage.counter(&counter(limited, day, "uses")).await?,
        units: storage.counter(&counter(limited, day, "units")).await?,
        value: storage.counter(&counter(limited, day, "value")).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_storage::limits::COMMIT_DELTAS_MAX;

    #[test]
    fn a_batch_of_settles_changes_each_counter_once_and_fits_a_commit() {
        let usage = Usage { uses: 1, units: 2, value: 300 };
        let limits = UsageLimits { day: usage, ..UsageLimits::NONE };
        let share = |campaign: usize| Share {
            limited: Limited::Campaign(CampaignId::parse(&format!("c{campaign}")).unwrap()),
            usage,
            limits,
        };
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

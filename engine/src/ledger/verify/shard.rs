//! One thread's share of the accounts: what all postings have left of their lots.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_ledger::account::Account;
use tessera_ledger::day::Tally;
use tessera_ledger::posting::{Posting, PostingPlace, PostingReason, is_balanced};
use tessera_rules::money::Units;
use tessera_storage::FeedEntry;

use super::account::{LotKey, differences};
use super::finding::{Finding, Findings};
use super::transfers::Transfers;
use crate::layout::{ACCOUNTS, OUTCOME};
use crate::record::PostedOutcome;

/// Drawn anew for each verification, so that nobody can make two lots look like one.
#[derive(Debug, Default)]
pub(super) struct Hashers {
    pub(super) shard: RandomState,
    one: RandomState,
    other: RandomState,
}

impl Hashers {
    /// A lot's name in the whole storage, in 16 bytes.
    pub(super) fn lot(&self, account: &str, lot: &LotKey<'_>) -> u128 {
        let half = |hasher: &RandomState| u128::from(hasher.hash_one((account, lot)));
        (half(&self.one) << 64) | half(&self.other)
    }
}

/// What is left of a lot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LotLeft {
    pub(super) left: Units,
    pub(super) expires_at: Option<Timestamp>,
}

/// How many lots the feed has left of an account, and whether the account was compared with them.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    lots: usize,
    seen: bool,
}

/// The shard.
#[derive(Debug)]
pub(super) struct Shard {
    hashers: Arc<Hashers>,
    lots: HashMap<u128, LotLeft>,
    accounts: HashMap<String, Known>,
    tallies: BTreeMap<Date, Tally>,
    findings: Findings,
    transfers: Transfers,
}

impl Shard {
    pub(super) fn new(hashers: Arc<Hashers>) -> Self {
        Self {
            hashers,
            lots: HashMap::new(),
            accounts: HashMap::new(),
            tallies: BTreeMap::new(),
            findings: Findings::default(),
            transfers: Transfers::default(),
        }
    }

    /// Takes one commit.
    pub(super) fn take(&mut self, entry: &FeedEntry) {
        let sequence = entry.committed.sequence;
        let account = (entry.partition.space == ACCOUNTS).then(|| String::from_utf8_lossy(&entry.partition.key));
        for row in entry.rows.iter().filter(|row| row.key.kind == OUTCOME) {
            let posted = match PostedOutcome::read(&row.value) {
                Ok(posted) => posted,
                Err(error) => {
                    let outcome = String::from_utf8_lossy(&row.key.id).into_owned();
                    self.findings.add(Finding::Outcome { sequence, outcome, what: error.to_string() });
                    continue;
                }
            };
            self.tallies.entry(posted.booking_date).or_default().add(&row.value, &posted.postings);
            let mut wrong = Vec::new();
            wrong.extend(self.transfers.take(&posted));
            if !is_balanced(&posted.postings) {
                wrong.push("its postings do not sum to zero for each asset".to_owned());
            }
            for posting in &posted.postings {
                wrong.extend(self.post(account.as_deref(), posting));
            }
            for what in wrong {
                self.findings.add(Finding::Outcome { sequence, outcome: posted.id.clone(), what });
            }
        }
    }

    /// Carries a posting out. Returns what is wrong with it.
    fn post(&mut self, account: Option<&str>, posting: &Posting) -> Option<String> {
        let PostingPlace::Lot(id) = &posting.place else { return None };
        let Some(account) = account else { return Some(format!("lot {id} belongs to no account")) };
        let key = self.hashers.lot(account, &LotKey { asset: posting.asset.as_str(), lot: id });
        let Some(known) = self.lots.get_mut(&key) else {
            self.lots.insert(key, LotLeft { left: posting.units, expires_at: posting.expires_at });
            self.count(account, true);
            return posting.units.is_zero().then(|| format!("lot {id} is opened with nothing"));
        };
        let left = known.left.units().checked_add(posting.units.units()).map(Units::from_units);
        let overdrawn = left.is_none_or(|left| left.is_positive() != known.left.is_positive() && !left.is_zero());
        known.left = left.unwrap_or(known.left);
        if posting.units.is_positive() && sets_expiry(posting.reason) {
            known.expires_at = posting.expires_at;
        }
        if known.left.is_zero() {
            self.lots.remove(&key);
            self.count(account, false);
        }
        overdrawn.then(|| format!("lot {id} is overdrawn"))
    }

    fn count(&mut self, account: &str, opened: bool) {
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.to_owned(), Known::default());
        }
        if let Some(known) = self.accounts.get_mut(account) {
            known.lots = if opened { known.lots.saturating_add(1) } else { known.lots.saturating_sub(1) };
        }
    }

    /// What differs between an account as it is stored and as the feed left it.
    pub(super) fn differences(&self, name: &str, account: Option<&Account>) -> Vec<String> {
        let left = self.accounts.get(name).map_or(0, |known| known.lots);
        differences(account, left, |lot| self.lots.get(&self.hashers.lot(name, lot)).copied())
    }

    /// Notes that an account was compared.
    pub(super) fn seen(&mut self, name: &str) {
        if let Some(known) = self.accounts.get_mut(name) {
            known.seen = true;
        }
    }

    /// Accounts of which the feed left something and which were not compared.
    pub(super) fn unseen(&self) -> impl Iterator<Item = String> {
        self.accounts.iter().filter(|(_, known)| known.lots > 0 && !known.seen).map(|(name, _)| name.clone())
    }

    pub(super) const fn tallies(&self) -> &BTreeMap<Date, Tally> {
        &self.tallies
    }

    /// What it sent through the transfer book, and what it took out.
    pub(super) const fn transfers(&mut self) -> &mut Transfers {
        &mut self.transfers
    }

    pub(super) const fn findings(&mut self) -> &mut Findings {
        &mut self.findings
    }
}

/// Whether a posting into a lot that is there says anew until when it can be used.
const fn sets_expiry(reason: PostingReason) -> bool {
    match reason {
        PostingReason::Consolidate | PostingReason::Renew | PostingReason::Vest => true,
        PostingReason::Issue
        | PostingReason::Redeem
        | PostingReason::Expire
        | PostingReason::Clawback
        | PostingReason::Restore
        | PostingReason::PayDebt
        | PostingReason::Unexplained
        | PostingReason::Adjust
        | PostingReason::Transfer => false,
    }
}

//! Proves the ledger of a whole storage from the feed (P5): postings of each outcome sum to zero, the lots of each
//! account are what all postings left of them, and each closed day is what the feed has for it.
//!
//! It may run while the engine serves: an account that is not what the feed said is looked at again once the feed has
//! been read on.

mod account;
mod finding;
mod shard;
mod transfers;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use jiff::civil::Date;
use tessera_ledger::account::Account;
use tessera_ledger::day::{BrokenDay, Held, LedgerDay, Tally, roll_forward};
use tessera_storage::{Cursor, FeedEntry, Storage, Wanted};
use tokio::sync::mpsc;

use super::LedgerError;
use super::book::closed_days;
use crate::layout::{self, ACCOUNTS};

pub use finding::Finding;
use finding::Findings;
use shard::{Hashers, Shard};
use transfers::Transfers;

/// Feed entries read at once.
const PAGE: usize = 2_000;
/// Pages that wait for a shard.
const PAGES_WAITING: usize = 4;
/// How often an account is looked at that changes all the while.
const LOOKS_MAX: u32 = 20;

/// How far a verification is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The commit that was read last.
    pub sequence: u64,
    /// The last commit when it began, roughly; 0: not known.
    pub last: u64,
}

/// What was verified, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Outcomes read.
    pub outcomes: u64,
    /// Their postings.
    pub postings: u64,
    /// Accounts compared.
    pub accounts: u64,
    /// Their lots.
    pub lots: u64,
    /// Closed days compared.
    pub days: u64,
    /// What lots and books hold now.
    pub held: Vec<Held>,
    /// What does not agree, the first thousand.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub findings_total: u64,
}

/// Verifies a storage with so many threads.
///
/// # Errors
/// The storage cannot be read. What can be read and does not agree is a finding.
pub async fn verify(storage: &dyn Storage, threads: usize, tell: impl Fn(Progress)) -> Result<Verified, LedgerError> {
    let mut run = Run::new(storage, threads);
    run.prove_accounts(&tell).await?;
    run.prove_days(&tell).await?;
    Ok(run.finish())
}

struct Run<'a> {
    storage: &'a dyn Storage,
    hashers: Arc<Hashers>,
    shards: Vec<Shard>,
    cursor: Cursor,
    sequence: u64,
    last: u64,
    findings: Findings,
    verified: Verified,
}

impl<'a> Run<'a> {
    fn new(storage: &'a dyn Storage, threads: usize) -> Self {
        let hashers = Arc::new(Hashers::default());
        let shards = (0..threads.max(1)).map(|_| Shard::new(Arc::clone(&hashers))).collect();
        let last = *storage.feed_moved().borrow();
        Self {
            storage,
            hashers,
            shards,
            cursor: Cursor::default(),
            sequence: 0,
            last,
            findings: Findings::default(),
            verified: Verified::default(),
        }
    }

    /// Reads what the feed has by now; each shard takes its accounts' entries on a thread of its own.
    async fn read_feed(&mut self, tell: &impl Fn(Progress)) -> Result<(), LedgerError> {
        let (mut senders, mut working) = (Vec::new(), Vec::new());
        for mut shard in std::mem::take(&mut self.shards) {
            let (sender, mut pages) = mpsc::channel::<Vec<FeedEntry>>(PAGES_WAITING);
            senders.push(sender);
            working.push(tokio::task::spawn_blocking(move || {
                while let Some(page) = pages.blocking_recv() {
                    page.iter().for_each(|entry| shard.take(entry));
                }
                shard
            }));
        }
        let read = self.deal_out(&senders, tell).await;
        drop(senders);
        for worker in working {
            let shard =
                worker.await.map_err(|error| LedgerError::Asked(format!("a thread of the verification broke: {error}")))?;
            self.shards.push(shard);
        }
        read
    }

    async fn deal_out(&mut self, senders: &[mpsc::Sender<Vec<FeedEntry>>], tell: &impl Fn(Progress)) -> Result<(), LedgerError> {
        loop {
            let page = self.storage.feed(&self.cursor, PAGE, Wanted::All).await?;
            let Some(last) = page.last() else { return Ok(()) };
            self.cursor = last.cursor.clone();
            let mut parts: Vec<Vec<FeedEntry>> = senders.iter().map(|_| Vec::new()).collect();
            for entry in page {
                // The feed may bring an entry again, never an earlier one behind a later.
                if entry.committed.sequence <= self.sequence {
                    continue;
                }
                self.sequence = entry.committed.sequence;
                let place = place(&self.hashers.shard, &entry.partition.key, parts.len());
                if let Some(part) = parts.get_mut(place) {
                    part.push(entry);
                }
            }
            for (sender, part) in senders.iter().zip(parts) {
                // A shard that has left has panicked, and says so where it is waited for.
                let _ = sender.send(part).await;
            }
            tell(Progress { sequence: self.sequence, last: self.last });
        }
    }

    /// Compares every account with what the feed left of it. Returns those that differ.
    async fn compare_accounts(&mut self) -> Result<Vec<String>, LedgerError> {
        let mut doubtful = Vec::new();
        let mut after = None;
        loop {
            let heads = self.storage.heads(ACCOUNTS, after.as_deref(), PAGE).await?;
            let Some((last, _)) = heads.last() else { break };
            after = Some(last.clone());
            for (key, head) in heads {
                self.verified.accounts = self.verified.accounts.saturating_add(1);
                let name = String::from_utf8_lossy(&key).into_owned();
                let Some(shard) = self.shard(&key) else { continue };
                shard.seen(&name);
                match Account::decode(&head.value) {
                    Ok(account) => {
                        let differs = !shard.differences(&name, Some(&account)).is_empty();
                        self.verified.lots = self.verified.lots.saturating_add(u64::try_from(account.lots.len()).unwrap_or(0));
                        if differs {
                            doubtful.push(name);
                        }
                    }
                    Err(_) => doubtful.push(name),
                }
            }
        }
        doubtful.extend(self.shards.iter().flat_map(Shard::unseen));
        Ok(doubtful)
    }

    fn shard(&mut self, key: &[u8]) -> Option<&mut Shard> {
        let place = place(&self.hashers.shard, key, self.shards.len());
        self.shards.get_mut(place)
    }

    /// Looks at an account until it is what the feed says, or until it has not changed while it was not.
    async fn look_again(&mut self, name: &str, tell: &impl Fn(Progress)) -> Result<(), LedgerError> {
        let Ok(id) = tessera_rules::id::AccountId::parse(name) else {
            self.findings.add(Finding::Account { account: name.to_owned(), what: "its name is none".to_owned() });
            return Ok(());
        };
        let mut before = None;
        for _ in 0..LOOKS_MAX {
            let head = self.storage.head(&layout::account(&id)).await?;
            let version = head.as_ref().map(|head| head.version);
            // What was committed before the head was read is in the feed by now.
            self.read_feed(tell).await?;
            let account = head.map(|head| Account::decode(&head.value)).transpose();
            let found = match (&account, self.shard(name.as_bytes())) {
                (Ok(account), Some(shard)) => shard.differences(name, account.as_ref()),
                (Err(damaged), _) => vec![damaged.to_string()],
                (Ok(_), None) => Vec::new(),
            };
            if found.is_empty() {
                return Ok(());
            }
            if before == Some(version) {
                found.into_iter().for_each(|what| self.findings.add(Finding::Account { account: name.to_owned(), what }));
                return Ok(());
            }
            before = Some(version);
        }
        self.findings.add(Finding::Account { account: name.to_owned(), what: "it changes too fast to be compared".to_owned() });
        Ok(())
    }

    async fn prove_accounts(&mut self, tell: &impl Fn(Progress)) -> Result<(), LedgerError> {
        self.read_feed(tell).await?;
        for account in self.compare_accounts().await? {
            self.look_again(&account, tell).await?;
        }
        Ok(())
    }

    async fn prove_days(&mut self, tell: &impl Fn(Progress)) -> Result<(), LedgerError> {
        let days = self.closed_days().await?;
        // A day may have been closed since the feed was read: what was booked on it is in the feed by now.
        self.read_feed(tell).await?;
        self.compare_days(&days);
        Ok(())
    }

    /// The days that are closed by now; none where their chain is broken, which is a finding.
    async fn closed_days(&mut self) -> Result<Vec<LedgerDay>, LedgerError> {
        match closed_days(self.storage).await {
            Err(LedgerError::Broken(broken)) => {
                self.findings.add(Finding::Day(broken));
                Ok(Vec::new())
            }
            other => other,
        }
    }

    /// Compares every closed day with what the feed has for it. The days are read before the feed was read last.
    fn compare_days(&mut self, days: &[LedgerDay]) {
        let mut tallies = self.tallies();
        for day in days {
            let found = tallies.remove(&day.date).unwrap_or_default();
            if let Err(broken) = day.check_content(&found) {
                self.findings.add(Finding::Day(broken));
            }
        }
        self.verified.days = u64::try_from(days.len()).unwrap_or(u64::MAX);
        let Some(latest) = days.last() else { return };
        for (date, tally) in tallies.range(..latest.date) {
            let found = format!("{} outcomes", tally.outcomes());
            self.findings.add(Finding::Day(BrokenDay::Content { date: *date, said: "nothing at all".to_owned(), found }));
        }
    }

    fn tallies(&self) -> std::collections::BTreeMap<Date, Tally> {
        let mut all: std::collections::BTreeMap<Date, Tally> = std::collections::BTreeMap::new();
        for (date, tally) in self.shards.iter().flat_map(Shard::tallies) {
            all.entry(*date).or_default().merge(tally);
        }
        all
    }

    fn finish(mut self) -> Verified {
        let mut held = Vec::new();
        for tally in self.tallies().values() {
            held = roll_forward(&held, &tally.movements());
            self.verified.outcomes = self.verified.outcomes.saturating_add(tally.outcomes());
            self.verified.postings = self.verified.postings.saturating_add(tally.postings());
        }
        self.shards.iter_mut().for_each(|shard| self.findings.append(shard.findings()));
        let mut transfers = Transfers::default();
        self.shards.iter_mut().for_each(|shard| transfers.merge(std::mem::take(shard.transfers())));
        transfers.findings().for_each(|finding| self.findings.add(finding));
        Verified { held, findings_total: self.findings.total(), findings: self.findings.into_list(), ..self.verified }
    }
}

fn place(hasher: &RandomState, key: &[u8], shards: usize) -> usize {
    let shards = u64::try_from(shards.max(1)).unwrap_or(1);
    usize::try_from(hasher.hash_one(key) % shards).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{DAY, close_all, rig, sale};
    use super::*;
    use crate::testing::*;

    #[tokio::test]
    async fn p5_a_day_that_is_closed_while_the_proof_runs_is_proven_with_what_was_booked_on_it_since() {
        let rig = rig().await;
        rig.settle(unquoted(sale(&rig, "A", Some("1001"), 50))).await.unwrap();
        let mut run = Run::new(rig.storage.as_ref(), 2);
        run.prove_accounts(&|_| {}).await.unwrap();
        rig.settle(unquoted(sale(&rig, "B", Some("1001"), 20))).await.unwrap();
        rig.pass(2 * DAY);
        assert_eq!(close_all(&rig).await.len(), 2);
        run.prove_days(&|_| {}).await.unwrap();
        let verified = run.finish();
        assert_eq!((verified.findings, verified.days, verified.outcomes), (Vec::new(), 2, 3));
    }
}

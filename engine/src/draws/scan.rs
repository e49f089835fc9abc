//! The tickets that outcomes gave and took back, read from the feed.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use prost::Message as _;
use tessera_contract::refusal::Refusal;
use tessera_ledger::code::ticket_place;
use tessera_proto::billing::v1;
use tessera_rules::id::AccountId;
use tessera_storage::{Cursor, FeedEntry, StorageError, Wanted};

use super::TICKETS_MAX;
use super::record::Tickets;
use crate::core::Core;
use crate::layout::{ACCOUNTS, OUTCOME};

/// Feed entries read at once.
const PAGE: usize = 2_000;

/// What happened to the tickets of a draw between two places of the feed.
#[derive(Debug)]
pub(super) struct Read {
    draw: String,
    /// By series.
    moved: BTreeMap<CompactString, Moved>,
    given: u64,
    cursor: Cursor,
}

/// Places of a series, each first one with the last. The feed may bring an outcome twice: that adds nothing.
#[derive(Debug, Default)]
struct Moved {
    /// Whose they are; none: only what came back was read.
    account: Option<AccountId>,
    given: BTreeSet<(u32, u32)>,
    taken: BTreeSet<(u32, u32)>,
}

impl Core {
    /// Reads outcomes from a place of the feed to where it ends now. Pages are decoded away from live calls.
    pub(super) async fn scan_tickets(&self, draw: &str, from: &Cursor) -> Result<Read, Refusal> {
        let mut read = Read { draw: draw.to_owned(), moved: BTreeMap::new(), given: 0, cursor: from.clone() };
        loop {
            let page = self
                .storage
                .feed(&read.cursor, PAGE, Wanted::Kind(OUTCOME))
                .await
                .map_err(|error| self.storage_refusal(&error))?;
            let Some(last) = page.last() else { return Ok(read) };
            read.cursor = last.cursor.clone();
            let decoded = tokio::task::spawn_blocking(move || read.take(&page).map(|()| read)).await;
            let decoded = decoded.map_err(|error| self.internal(&error.to_string()))?;
            read = decoded.map_err(|error| self.storage_refusal(&error))?;
            if read.given > TICKETS_MAX {
                return Err(Refusal::LimitExceeded { what: "tickets of a draw", limit: TICKETS_MAX });
            }
        }
    }
}

impl Read {
    fn take(&mut self, page: &[FeedEntry]) -> Result<(), StorageError> {
        for entry in page.iter().filter(|entry| entry.partition.space == ACCOUNTS) {
            let name = String::from_utf8_lossy(&entry.partition.key);
            let damaged = |what: String| StorageError::Damaged { place: name.to_string(), what };
            for row in &entry.rows {
                let outcome = v1::Outcome::decode(row.value.clone()).map_err(|error| damaged(error.to_string()))?;
                for reward in outcome.rewards.iter().filter(|reward| reward.draw_tickets != 0) {
                    if reward.draw_id != self.draw {
                        continue;
                    }
                    let Some((series, first)) = ticket_place(&reward.first_ticket) else {
                        // What waits has no numbers yet. What has been given and comes back must have them.
                        if reward.draw_tickets < 0 && reward.waits_for() == v1::RewardWait::Unspecified {
                            return Err(damaged(format!("{}: tickets came back that nobody can name", outcome.receipt_id)));
                        }
                        continue;
                    };
                    // A ticket comes back of the series that it was given in, also where its account is another one's by now.
                    let given_to = (reward.draw_tickets > 0).then(|| AccountId::parse(&name)).transpose();
                    let given_to = given_to.map_err(|error| damaged(error.to_string()))?;
                    self.note(series, given_to, first, reward.draw_tickets);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, series: &str, given_to: Option<AccountId>, first: u32, count: i64) {
        let Some(more) = u32::try_from(count.unsigned_abs()).ok().and_then(|count| count.checked_sub(1)) else { return };
        let stretch = (first, first.saturating_add(more));
        let moved = self.moved.entry(CompactString::from(series)).or_default();
        if count < 0 {
            moved.taken.insert(stretch);
            return;
        }
        moved.account = given_to;
        if moved.given.insert(stretch) {
            self.given = self.given.saturating_add(count.unsigned_abs());
        }
    }

    /// What was given and not taken back, and up to where the feed was read.
    pub(super) fn good(self) -> (Tickets, Cursor) {
        let good = |moved: Moved| {
            let stretches = moved.given.into_iter().flat_map(|stretch| without(stretch, &moved.taken));
            Some((moved.account?, stretches.collect::<Vec<_>>()))
        };
        let accounts = self.moved.into_values().filter_map(good);
        let mut accounts: Vec<_> = accounts.filter(|(_, stretches)| !stretches.is_empty()).collect();
        accounts.sort();
        (Tickets { draw: self.draw, accounts }, self.cursor)
    }

    /// What was taken back, by series and place.
    pub(super) fn taken_by_series(&self) -> BTreeSet<(CompactString, u32)> {
        let mut gone = BTreeSet::new();
        for (series, moved) in &self.moved {
            gone.extend(moved.taken.iter().flat_map(|(first, last)| *first..=*last).map(|place| (series.clone(), place)));
        }
        gone
    }
}

/// A stretch without others, ascending.
fn without((first, last): (u32, u32), taken: &BTreeSet<(u32, u32)>) -> Vec<(u32, u32)> {
    let mut left = Vec::new();
    let mut next = first;
    for (from, to) in taken.iter().filter(|(from, to)| *from <= last && *to >= first) {
        if let Some(before) = from.checked_sub(1).filter(|before| *before >= next) {
            left.push((next, before));
        }
        next = next.max(to.saturating_add(1));
    }
    if next <= last {
        left.push((next, last));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_tickets_loses_what_was_taken_back() {
        type Stretches = &'static [(u32, u32)];
        let table: [(Stretches, Stretches); 7] = [
            (&[], &[(3, 9)]),
            (&[(1, 2), (10, 12)], &[(3, 9)]),
            (&[(9, 9)], &[(3, 8)]),
            (&[(3, 3)], &[(4, 9)]),
            (&[(5, 6), (8, 8)], &[(3, 4), (7, 7), (9, 9)]),
            (&[(1, 20)], &[]),
            (&[(3, 5), (6, 9)], &[]),
        ];
        for (taken, left) in table {
            assert_eq!(without((3, 9), &taken.iter().copied().collect()), left, "{taken:?}");
        }
    }
}

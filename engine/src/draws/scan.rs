//! The tickets that outcomes gave and took back, read from the feed.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use prost::Message as _;
use tessera_contract::refusal::Refusal;
use tessera_ledger::code::{ticket_place, ticket_series};
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
    /// Places given and taken back, each first one with the last. The feed may bring an outcome twice: that adds nothing.
    moved: BTreeMap<AccountId, [BTreeSet<(u32, u32)>; 2]>,
    given: u64,
    cursor: Cursor,
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
                    let Some(first) = ticket_place(&reward.first_ticket) else {
                        // What waits for answers has no numbers yet. What has been given and comes back must have them.
                        if reward.draw_tickets < 0 && reward.requires_answers.is_empty() {
                            return Err(damaged(format!("{}: tickets came back that nobody can name", outcome.receipt_id)));
                        }
                        continue;
                    };
                    // A ticket is of the series that it was given in, also where its account is another one's by now.
                    let sold_to = Some(outcome.sold_to_account_id.as_str()).filter(|sold_to| !sold_to.is_empty());
                    let account = AccountId::parse(sold_to.unwrap_or(&name)).map_err(|error| damaged(error.to_string()))?;
                    self.note(account, first, reward.draw_tickets);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, account: AccountId, first: u32, count: i64) {
        let Some(more) = u32::try_from(count.unsigned_abs()).ok().and_then(|count| count.checked_sub(1)) else { return };
        let stretch = (first, first.saturating_add(more));
        let [given, taken] = self.moved.entry(account).or_default();
        if count < 0 {
            taken.insert(stretch);
        } else if given.insert(stretch) {
            self.given = self.given.saturating_add(count.unsigned_abs());
        }
    }

    /// What was given and not taken back, and up to where the feed was read.
    pub(super) fn good(self) -> (Tickets, Cursor) {
        let good = |[given, taken]: [BTreeSet<(u32, u32)>; 2]| {
            let all: Vec<(u32, u32)> = given.into_iter().flat_map(|stretch| without(stretch, &taken)).collect();
            all
        };
        let accounts = self.moved.into_iter().map(|(account, moved)| (account, good(moved)));
        let accounts = accounts.filter(|(_, stretches)| !stretches.is_empty()).collect();
        (Tickets { draw: self.draw, accounts }, self.cursor)
    }

    /// What was taken back, by series and place.
    pub(super) fn taken_by_series(&self) -> BTreeSet<(CompactString, u32)> {
        let mut gone = BTreeSet::new();
        for (account, [_, taken]) in &self.moved {
            let series = ticket_series(account, &self.draw);
            gone.extend(taken.iter().flat_map(|(first, last)| *first..=*last).map(|place| (series.clone(), place)));
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

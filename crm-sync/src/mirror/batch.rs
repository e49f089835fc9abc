//! Takes outcomes in, in memory: what they change of cards and add to days, to be written together.

use std::collections::{BTreeMap, HashMap};

use tessera_proto::feed::v1::FollowResponse;
use tessera_storage::{Row, Version};

use super::day::{Counted, added, added_by_lots, till_day};
use super::entry::Entry;
use super::layout::{DayOfStore, entry_row};
use super::place::Place;
use super::write::CardKept;
use super::{Mirror, MirrorError, decode, encode, layout, lots};

/// What outcomes add to one sum, in their order.
pub(super) type Additions = Vec<(Place, Vec<i128>)>;

/// What a batch of outcomes changes.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) days: BTreeMap<DayOfStore, DayChange>,
    pub(super) cards: HashMap<String, CardChange>,
    /// Accounts of customers that their cards did not name before.
    pub(super) customers: BTreeMap<String, String>,
}

/// What is added to a day. Entries are put as they are: putting them again changes nothing.
#[derive(Debug, Default)]
pub(super) struct DayChange {
    pub(super) sums: BTreeMap<Counted, Additions>,
    pub(super) entries: Vec<Row>,
}

/// A card after the batch, and what is new in its history.
#[derive(Debug, Default)]
pub(super) struct CardChange {
    pub(super) kept: CardKept,
    pub(super) entries: Vec<Row>,
}

impl Mirror {
    /// Takes one outcome in. Where its card has it already, all that it added to rows was written before the card was.
    pub(super) async fn take(&mut self, batch: &mut Batch, response: &FollowResponse, place: Place) -> Result<(), MirrorError> {
        let Some(outcome) = &response.outcome else { return Ok(()) };
        let account = response.account_id.as_str();
        let entry = Row { key: entry_row(place), value: encode(&Entry::of(outcome, account)) };
        let steps = if account.is_empty() {
            lots::carry_out(&mut Vec::new(), outcome, &self.zone)
        } else {
            let mut change = self.change(batch, account).await?;
            if change.kept.card.folded >= place {
                batch.cards.insert(account.to_owned(), change);
                return Ok(());
            }
            let customers = change.kept.card.customers.len();
            let steps = change.kept.card.take(outcome, (place, response.account_version), &self.zone);
            if change.kept.card.customers.len() > customers {
                batch.customers.insert(outcome.customer_id.clone(), account.to_owned());
            }
            change.entries.push(entry.clone());
            batch.cards.insert(account.to_owned(), change);
            steps
        };
        for addition in added(outcome).into_iter().chain(added_by_lots(outcome, steps)) {
            let day = batch.days.entry(addition.day).or_default();
            day.sums.entry(addition.counted).or_default().push((place, addition.numbers));
        }
        if let Some(day) = till_day(outcome).filter(|_| !outcome.receipt_id.is_empty()) {
            batch.days.entry(day).or_default().entries.push(entry);
        }
        Ok(())
    }

    /// The card as it is after the outcomes before.
    async fn change(&mut self, batch: &mut Batch, account: &str) -> Result<CardChange, MirrorError> {
        if let Some(known) = batch.cards.remove(account) {
            return Ok(known);
        }
        let kept = match self.cards.take(&account.to_owned()) {
            Some(kept) => kept,
            None => self.read_card(account).await?,
        };
        Ok(CardChange { kept, entries: Vec::new() })
    }

    async fn read_card(&self, account: &str) -> Result<CardKept, MirrorError> {
        let history = self.storage.head(&layout::history(account)).await?.map_or(Version::NONE, |head| head.version);
        match self.storage.head(&layout::card(account)).await? {
            Some(head) => Ok(CardKept { version: head.version, history, card: decode("a card", &head.value)? }),
            None => Ok(CardKept { history, ..CardKept::default() }),
        }
    }
}

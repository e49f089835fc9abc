//! Who is on which imported list in a what-if: told by files, since lists lie with the engine and receipts do not name them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use tessera_rules::id::SegmentId;
use tessera_rules::revision::Revision;

/// The lists that were told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct CustomerLists {
    told: BTreeSet<SegmentId>,
    /// By what keeps customers of receipts apart: lists, and until when, exclusive; none: for ever.
    by_customer: HashMap<Arc<str>, Vec<(SegmentId, Option<Timestamp>)>>,
}

/// The lists of one customer, sorted.
pub(crate) type OwnLists = [(SegmentId, Option<Timestamp>)];

impl CustomerLists {
    /// A list was told, even if nobody is on it.
    pub(crate) fn tell(&mut self, list: &SegmentId) {
        self.told.insert(list.clone());
    }

    /// A customer is on a list; who is named twice is on it for as long as said last.
    pub(crate) fn add(&mut self, list: &SegmentId, customer: &str, until: Option<Timestamp>) {
        if let Some(own) = self.by_customer.get_mut(customer) {
            match own.binary_search_by(|(known, _)| known.cmp(list)) {
                Ok(place) => own.get_mut(place).into_iter().for_each(|known| known.1 = until),
                Err(place) => own.insert(place, (list.clone(), until)),
            }
        } else {
            self.by_customer.insert(Arc::from(customer), vec![(list.clone(), until)]);
        }
    }

    /// What was told of a customer.
    pub(crate) fn of(&self, customer: Option<&str>) -> &OwnLists {
        customer.and_then(|customer| self.by_customer.get(customer)).map_or(&[], Vec::as_slice)
    }

    /// Lists that a revision names and nobody told, sorted.
    pub(crate) fn missing<'r>(&self, revision: &'r Revision) -> BTreeSet<&'r SegmentId> {
        revision.lists().filter(|list| !self.told.contains(*list)).collect()
    }
}

/// The lists on which a customer is at a time, sorted.
pub(crate) fn on_at(own: &OwnLists, at: Timestamp) -> Vec<SegmentId> {
    own.iter().filter(|(_, until)| until.is_none_or(|until| at < until)).map(|(list, _)| list.clone()).collect()
}

//! What loads said of one customer, list by list. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::id::SegmentId;

use super::record::{InForce, ListRecord};

/// Lists that may say something of one customer.
const LISTS_OF_CUSTOMER_MAX: usize = 256;
/// The version in which memberships are written; those before it were never released.
const FORMAT: u8 = 2;

/// A load's word on a customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Said {
    /// The load, by the version that it makes.
    pub(super) number: u32,
    /// The row of the file in which it came: a repeat of that row finds its own word and counts it as before, however the
    /// rows are divided over calls then.
    pub(super) row: u64,
    /// On the list, or off it.
    pub(super) on: bool,
    /// Until when.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub(super) until: Option<Timestamp>,
}

/// All that loads said of one customer.
///
/// INVARIANT: lists are in ascending sequence, and so are the numbers of a list.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(super) struct Memberships {
    lists: Vec<(SegmentId, Vec<Said>)>,
}

impl Memberships {
    pub(super) fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_extend(self, vec![FORMAT])
    }

    /// Reads memberships; none: these bytes are none.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, body) = bytes.split_first()?;
        let (read, rest) = postcard::take_from_bytes(body).ok().filter(|_| *format == FORMAT)?;
        rest.is_empty().then_some(read)
    }

    /// The lists of which anything is said.
    pub(super) fn lists(&self) -> impl Iterator<Item = &SegmentId> {
        self.lists.iter().map(|(list, _)| list)
    }

    /// Whether one more list may say something of the customer, or this one does already.
    pub(super) fn has_room_for(&self, list: &SegmentId) -> bool {
        self.lists().filter(|known| *known != list).count() < LISTS_OF_CUSTOMER_MAX
    }

    /// Who counts as being on the list at a time, and until when.
    pub(super) fn on(&self, list: &SegmentId, in_force: &InForce, now: Timestamp) -> Option<Option<Timestamp>> {
        let said = self.of(list).iter().rev().find(|said| in_force.counts(said.number))?;
        (said.on && said.until.is_none_or(|until| now < until)).then_some(said.until)
    }

    /// What a load said.
    pub(super) fn said(&self, list: &SegmentId, number: u32) -> Option<&Said> {
        self.of(list).iter().find(|said| said.number == number)
    }

    /// Notes what a load says, in place of what it said before, and drops what no version to go back to looks at.
    pub(super) fn say(&mut self, list: &SegmentId, record: &ListRecord, said: Said) {
        let place = match self.lists.binary_search_by(|(known, _)| known.cmp(list)) {
            Ok(place) => place,
            Err(place) => {
                self.lists.insert(place, (list.clone(), Vec::new()));
                place
            }
        };
        let Some((_, all)) = self.lists.get_mut(place) else { return };
        let oldest = record.oldest_kept();
        all.retain(|known| !record.is_dead(known.number) && known.number != said.number);
        let below = all.iter().rposition(|known| known.number <= oldest).unwrap_or(0);
        all.drain(..below);
        let place = all.partition_point(|known| known.number < said.number);
        all.insert(place, said);
    }

    fn of(&self, list: &SegmentId) -> &[Said] {
        let place = self.lists.binary_search_by(|(known, _)| known.cmp(list));
        place.ok().and_then(|place| self.lists.get(place)).map(|(_, said)| said.as_slice()).unwrap_or_default()
    }
}

//! Loads: what a file says of its customers, written one customer at a time, and the record that puts it in force.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tessera_contract::read::ListedCustomer;
use tessera_contract::refusal::Refusal;
use tessera_rules::id::{CustomerId, SegmentId};

use super::membership::Said;
use super::record::{Begun, Change, ListRecord, ListRefusal, Mode};
use super::{LISTS_MAX, all};
use crate::core::Core;
use crate::heads::{BACK_OFF, Written};
use crate::layout;

/// Customers that are looked up or written at once: few, since tills are served beside it.
const AT_ONCE: usize = 64;
/// How often a write is tried that meets another one.
const ATTEMPTS_MAX: u32 = 8;

/// Why a call about a list came to nothing.
#[derive(Debug)]
pub(super) enum Failed {
    /// It cannot be done.
    List(ListRefusal),
    /// The engine cannot do it, or the request has faults.
    Engine(Refusal),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Engine(refusal)
    }
}

impl From<ListRefusal> for Failed {
    fn from(refusal: ListRefusal) -> Self {
        Self::List(refusal)
    }
}

/// Changes the record of a list; `change` says whether there is anything to write.
pub(super) async fn change_record<T>(
    core: &Core,
    list: &SegmentId,
    change: impl Fn(&mut ListRecord) -> Result<(T, bool), ListRefusal>,
) -> Result<(T, ListRecord), Failed> {
    for _ in 0..ATTEMPTS_MAX {
        let (version, mut record) = core.list_record(list).await?;
        let (answer, changed) = change(&mut record)?;
        if !changed {
            return Ok((answer, record));
        }
        let head = record.encode().map_err(|error| core.internal(&error.to_string()))?;
        if core.write_head(layout::list(list), version, head).await? == Written::Done {
            return Ok((answer, record));
        }
    }
    Err(Refusal::TooManyWaiting { retry_after: BACK_OFF }.into())
}

/// What a load is to begin with.
pub(super) struct Beginning<'a> {
    pub(super) mode: Mode,
    pub(super) content: [u8; 32],
    pub(super) rows: u64,
    pub(super) note: &'a str,
}

/// Begins a load, or goes on with it.
pub(super) async fn begin(core: &Core, list: &SegmentId, load: &Beginning<'_>) -> Result<Begun, Failed> {
    let (_, record) = core.list_record(list).await?;
    if record == ListRecord::default() {
        let lists = all(core.storage.as_ref()).await.map_err(|error| core.storage_refusal(&error))?;
        if lists.len() >= LISTS_MAX {
            return Err(ListRefusal::TooManyLists.into());
        }
    }
    let now = core.clock.now();
    let (begun, _) = change_record(core, list, |record| {
        let begun = record.begin(load.mode, (load.content, load.rows), now, load.note)?;
        Ok((begun, matches!(begun, Begun::New { .. })))
    })
    .await?;
    Ok(begun)
}

/// Takes rows of a load; what all rows so far have changed, and how many there were.
pub(super) async fn take_rows(
    core: &Core,
    (list, number): (&SegmentId, u32),
    first_row: u64,
    rows: &[ListedCustomer],
) -> Result<(Change, u64), Failed> {
    let (_, record) = core.list_record(list).await?;
    let load = record.loading(number)?;
    let last = first_row.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX)).saturating_sub(1);
    if last <= load.rows_taken {
        return Ok((load.change, load.rows_taken));
    }
    if first_row != load.rows_taken.saturating_add(1) || last > load.rows {
        return Err(ListRefusal::RowsMissing.into());
    }
    let on = load.mode != Mode::Remove;
    let (customers, mut change) = once_each(core, rows).await?;
    let word = |named: &Named| Said { number, row: first_row.saturating_add(named.rows_before), on, until: named.until };
    let written: Vec<_> = customers.iter().map(|named| say(core, (list, &record), &named.customer, word(named))).collect();
    let found: Vec<Was> = stream::iter(written).buffer_unordered(AT_ONCE).try_collect().await?;
    found.iter().for_each(|was| was.count(&mut change));
    let change = change.plus(load.change);
    change_record(core, list, |record| {
        // Whoever repeated this call meanwhile may have noted the same.
        let is_new = record.loading(number)?.rows_taken < last;
        if is_new {
            record.took(number, last, change)?;
        }
        Ok(((), is_new))
    })
    .await?;
    Ok((change, last))
}

/// Counts what rows would change. Nothing is written.
pub(super) async fn count_rows(core: &Core, list: &SegmentId, rows: &[ListedCustomer]) -> Result<Change, Failed> {
    let (_, record) = core.list_record(list).await?;
    let (in_force, now) = (record.in_force(), core.clock.now());
    let (customers, mut change) = once_each(core, rows).await?;
    let looked: Vec<_> = customers.iter().map(|named| core.memberships(&named.customer)).collect();
    let known: Vec<_> = stream::iter(looked).buffer_unordered(AT_ONCE).try_collect().await?;
    for (_, known) in known {
        let was = if known.on(list, &in_force, now).is_some() { Was::Listed } else { Was::Other };
        if known.has_room_for(list) { was } else { Was::Beyond }.count(&mut change);
    }
    Ok(change)
}

/// What a customer of the file was before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Was {
    Other,
    Listed,
    /// An earlier row of the file named them.
    Repeated,
    /// On as many lists as a customer may be.
    Beyond,
}

impl Was {
    fn count(self, change: &mut Change) {
        let count = match self {
            Self::Other => &mut change.others,
            Self::Listed => &mut change.listed,
            Self::Repeated => &mut change.repeated,
            Self::Beyond => &mut change.beyond,
        };
        *count = count.saturating_add(1);
    }
}

impl Change {
    fn plus(self, other: Self) -> Self {
        Self {
            others: self.others.saturating_add(other.others),
            listed: self.listed.saturating_add(other.listed),
            unknown: self.unknown.saturating_add(other.unknown),
            repeated: self.repeated.saturating_add(other.repeated),
            beyond: self.beyond.saturating_add(other.beyond),
        }
    }
}

/// A customer whom a row names.
struct Named {
    customer: CustomerId,
    until: Option<Timestamp>,
    /// Rows of the same call before it.
    rows_before: u64,
}

/// The customers of some rows, each once, with what is known of the others.
async fn once_each(core: &Core, rows: &[ListedCustomer]) -> Result<(Vec<Named>, Change), Refusal> {
    let found: Vec<_> = rows.iter().map(|row| core.directory.find(core, &row.customer)).collect();
    let found: Vec<_> = stream::iter(found).buffered(AT_ONCE).try_collect().await?;
    let (mut seen, mut change, mut customers) = (HashSet::new(), Change::default(), Vec::with_capacity(rows.len()));
    for ((rows_before, row), found) in (0..).zip(rows).zip(found) {
        match found.map(|found| found.customer) {
            None => change.unknown = change.unknown.saturating_add(1),
            Some(customer) if !seen.insert(customer.clone()) => change.repeated = change.repeated.saturating_add(1),
            Some(customer) => customers.push(Named { customer, until: row.until, rows_before }),
        }
    }
    Ok((customers, change))
}

/// Writes what a load says of a customer, and tells what they were before.
async fn say(core: &Core, (list, record): (&SegmentId, &ListRecord), customer: &CustomerId, said: Said) -> Result<Was, Refusal> {
    let in_force = record.in_force();
    for _ in 0..ATTEMPTS_MAX {
        let (version, mut known) = core.memberships(customer).await?;
        let was = if known.on(list, &in_force, core.clock.now()).is_some() { Was::Listed } else { Was::Other };
        match known.said(list, said.number) {
            // It was written for this very row before, by a call whose answer got lost.
            Some(before) if before.row == said.row => return Ok(was),
            Some(before) if before.row < said.row => return Ok(Was::Repeated),
            Some(_) | None => {}
        }
        if !known.has_room_for(list) {
            // Whom a list says nothing of is not on it and need not be taken off.
            return Ok(if said.on { Was::Beyond } else { Was::Other });
        }
        known.say(list, record, said);
        let head = known.encode().map_err(|error| core.internal(&error.to_string()))?;
        if core.write_head(layout::memberships(customer), version, head).await? == Written::Done {
            return Ok(was);
        }
    }
    Err(Refusal::TooManyWaiting { retry_after: BACK_OFF })
}
